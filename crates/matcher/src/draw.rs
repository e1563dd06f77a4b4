//! Repeatable random numbers, for made-up data in demonstrations, benches and tests. Nothing in the matcher draws.

use crate::ppm::mix;

/// SplitMix64 (Steele, Lea and Flood 2014) as a stream. The same seed gives the same numbers on every machine.
pub struct Draw(pub u64);

impl Draw {
    /// Returns a number below `bound`, or 0 if `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0) % bound.max(1)
    }

    /// Returns true in `percent` of 100 cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Returns one of the items, each equally likely.
    pub fn pick<'t, T>(&mut self, items: &'t [T]) -> Option<&'t T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// Returns the value, or `None` in a fifth of the cases.
    pub fn maybe<T>(&mut self, value: T) -> Option<T> {
        (!self.chance(20)).then_some(value)
    }
}
