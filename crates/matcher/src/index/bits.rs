//! A set of positions.

#[derive(Debug, Clone)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// Creates an empty set over this many positions.
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

    /// Returns the positions in either set, in order.
    pub fn or<'b>(&'b self, other: Option<&'b Bits>) -> impl Iterator<Item = usize> + 'b {
        let word = move |i| {
            other
                .and_then(|other: &Bits| other.0.get(i))
                .copied()
                .unwrap_or(0)
        };
        self.0.iter().enumerate().flat_map(move |(i, own)| {
            let mut left = own | word(i);
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(i * 64 + bit as usize)
            })
        })
    }

    pub fn bytes(&self) -> usize {
        size_of_val(&self.0[..])
    }
}
