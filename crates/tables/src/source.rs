//! Where the bytes of a file come from.

use std::io::{self, Read};

/// The bytes of a file, which may be read more than once.
pub trait Source: Sync {
    /// Begins to read from the first byte.
    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>>;
    fn size_bytes(&self) -> u64;
}

impl Source for &[u8] {
    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(*self))
    }

    fn size_bytes(&self) -> u64 {
        self.len() as u64
    }
}

/// Reads until the buffer is full or the source has ended, and returns the number of bytes read.
pub fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match source.read(rest)? {
            0 => break,
            n => length += n,
        }
    }
    Ok(length)
}
