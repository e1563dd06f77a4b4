//! A set of positions.

#[derive(Debug, Clone)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// None of so many positions.
    pub fn new(positions: usize) -> Bits {
        Bits(vec![0; positions.div_ceil(64)])
    }

    pub fn set(&mut self, position: usize) {
        if let Some(word) = self.0.get_mut(position / 64) {
            *word |= 1 << (position % 64);
        }
    }

    pub fn has(&self, position: usize) -> bool {
        let word = self.0.get(position / 64);
        word.is_some_and(|word| word >> (position % 64) & 1 == 1)
    }

    pub fn bytes(&self) -> usize {
        size_of_val(&self.0[..])
    }
}
