//! The sets of a leaf's entries, transposed: a word for each element, a bit for each entry.

use super::traits::{FORMAT_UNKNOWN, PARTS_UNKNOWN, Traits};
use crate::Need;

/// Themes beyond this number share words.
const THEMES: u32 = 24;

#[derive(Debug, Default)]
pub struct Sets {
    accepted: [u64; 8],
    preferred: [u64; 8],
    day_parts: [u64; 21],
    /// By theme modulo [`THEMES`].
    themes: [u64; THEMES as usize],
    format_unknown: u64,
    parts_unknown: u64,
}

impl Sets {
    /// Takes at most 64 members.
    pub fn new<'t>(members: impl Iterator<Item = &'t Traits>) -> Sets {
        let mut sets = Sets::default();
        for (i, traits) in members.enumerate() {
            let bit = 1u64.checked_shl(i as u32).unwrap_or(0);
            let mark = |words: &mut [u64], mut set: u64| {
                while set != 0 {
                    if let Some(word) = words.get_mut(set.trailing_zeros() as usize) {
                        *word |= bit;
                    }
                    set &= set - 1;
                }
            };
            let folded = (0..64u32.div_ceil(THEMES)).fold(0, |set, i| {
                set | traits.themes >> (i * THEMES) & ((1 << THEMES) - 1)
            });
            mark(&mut sets.accepted, traits.accepted.into());
            mark(&mut sets.preferred, traits.preferred.into());
            mark(&mut sets.day_parts, traits.day_parts.into());
            mark(&mut sets.themes, folded);
            let flag = |flag: u16| if traits.has(flag) { bit } else { 0 };
            sets.format_unknown |= flag(FORMAT_UNKNOWN);
            sets.parts_unknown |= flag(PARTS_UNKNOWN);
        }
        sets
    }

    /// Returns a bit for each entry that passes the gates and doesn't lack too much of the group's best.
    pub fn promising(&self, need: &Need, losses: Option<&Losses>) -> u64 {
        let word = |words: &[u64], i: usize| words.get(i).copied().unwrap_or(0);
        let format = usize::from(need.format);
        let (accepted, preferred) = (word(&self.accepted, format), word(&self.preferred, format));
        let mut open = accepted | preferred | self.format_unknown;
        let mut any_part = self.parts_unknown;
        let mut lacking = LossSum::default();
        let losses_of = |of: fn(&Losses) -> u64| losses.map_or(0, of);
        lacking.add(accepted & !preferred, losses_of(|l| l.format_accepted));
        lacking.add(self.format_unknown, losses_of(|l| l.format_unknown));
        lacking.add(self.parts_unknown, losses_of(|l| l.parts_unknown));
        let mut left = need.day_parts;
        while left != 0 {
            let having = word(&self.day_parts, left.trailing_zeros() as usize);
            left &= left - 1;
            any_part |= having;
            // What no entry has, the group's best lacks too, so it costs nothing.
            if having != 0 {
                lacking.add(!having & !self.parts_unknown, losses_of(|l| l.part));
            }
        }
        if need.day_parts != 0 {
            open &= any_part;
        }
        for (theme, loss) in need.themes.iter().zip(losses.iter().flat_map(|l| l.themes)) {
            let having = word(&self.themes, usize::from(theme % 64) % THEMES as usize);
            lacking.add(!having, loss);
        }
        open & !lacking.too_much
    }
}

/// The least that an entry loses of the group's best fit, in [`WHOLE`]ths of what may be lost.
#[derive(Debug, Default)]
pub struct Losses {
    /// Accepting the format without preferring it.
    pub format_accepted: u64,
    pub format_unknown: u64,
    /// Each requested day-part that is missing.
    pub part: u64,
    pub parts_unknown: u64,
    /// Each of the need's first themes that is missing.
    pub themes: [u64; 8],
}

/// An entry that loses this much is out.
pub const WHOLE: u64 = 1 << PLANES;
const PLANES: usize = 5;

/// Adds up losses for 64 entries at once: one word for each binary digit.
#[derive(Default)]
struct LossSum {
    planes: [u64; PLANES],
    too_much: u64,
}

impl LossSum {
    fn add(&mut self, who: u64, loss: u64) {
        if loss == 0 {
            return;
        }
        if loss >= WHOLE {
            self.too_much |= who;
            return;
        }
        let mut carry = 0;
        for (i, plane) in self.planes.iter_mut().enumerate() {
            let digit = if loss >> i & 1 == 1 { who } else { 0 };
            let sum = *plane ^ digit ^ carry;
            carry = *plane & digit | carry & (*plane ^ digit);
            *plane = sum;
        }
        self.too_much |= carry;
    }
}
