//! Which records are worth comparing? Comparing all with all would grow with the square of their number.
//!
//! Every record has keys: hashes of what two records of the same person or organization probably share, even
//! if one of them has a typing error. Keys are stored. A record is compared with those that share keys with
//! it, and first with those that share many rare ones; record linkage calls this blocking. All work and all
//! memory is bounded per record, so it grows only with the number of records.
//!
//! If a bound may have hidden a pair, the record is marked as partly compared, and the API says so.

use super::DuplicateKind;
use super::evidence::{Agreement, Field};
use sha2::{Digest, Sha256};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

/// How many of the records that share a key are looked at: the oldest ones.
pub const MAX_SHARING: usize = 200;
/// With how many records one is compared: the likeliest ones.
pub const MAX_COMPARED: usize = 100;
/// How many pairs are proposed when a record was compared.
pub const MAX_PAIRS: usize = 20;
/// How many proposed pairs may contain the same record, because others resemble it.
pub const MAX_HELD: usize = 100;
/// How many keys a record has.
pub const MAX_KEYS: usize = 150;
/// How many names of an organization are compared.
pub const MAX_NAMES: usize = 16;

/// The fields of a record that are compared, normalised so that two spellings of the same value are equal.
pub trait Record {
    const KIND: DuplicateKind;

    fn area(&self) -> Option<&str>;
    /// At most [`MAX_KEYS`].
    fn keys(&self) -> BTreeSet<i64>;
    /// Whether it has more names or keys than are compared.
    fn is_cut(&self) -> bool;
    /// Compares the fields that both records have.
    fn compare(&self, other: &Self) -> Vec<(Field, Agreement)>;
}

/// Orders the members of blocks by how much they share with `own`, likeliest first. Rare keys count more.
pub fn rank<'b, T: Copy + Ord + Hash + 'b>(own: T, blocks: impl Iterator<Item = &'b [T]>) -> Vec<T> {
    let mut weights: HashMap<T, u64> = HashMap::new();
    for block in blocks {
        let weight = 1_000_000 / (block.len() as u64).max(1);
        for other in block.iter().take(MAX_SHARING).filter(|other| **other != own) {
            *weights.entry(*other).or_default() += weight;
        }
    }
    let mut ranked: Vec<(Reverse<u64>, T)> = weights
        .into_iter()
        .map(|(other, weight)| (Reverse(weight), other))
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, other)| other).collect()
}

/// Returns whether a bound may have hidden a pair of a record. `matching` are the positions of its matches
/// among all `ranked` candidates.
pub fn may_have_more(ranked: usize, matching: &[usize]) -> bool {
    matching.len() > MAX_PAIRS
        || ranked > MAX_COMPARED && matching.iter().any(|position| *position >= MAX_COMPARED / 2)
}

/// Returns a key.
pub fn key(kind: &str, text: &str) -> i64 {
    let digest = Sha256::new()
        .chain_update(kind)
        .chain_update("\n")
        .chain_update(text)
        .finalize();
    digest.iter().take(8).fold(0, |n, byte| n << 8 | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_by_what_is_rare_and_looks_at_a_part_of_each_block() {
        let common: Vec<u32> = (0..1000).collect();
        let ranked = rank(7, [common.as_slice(), &[7, 300], &[7, 5, 6]].into_iter());
        assert_eq!(ranked[..4], [300, 5, 6, 0]);
        assert_eq!(ranked.len(), MAX_SHARING);
    }

    #[test]
    fn says_that_there_may_be_more_only_if_the_last_ones_still_matched() {
        let first: Vec<usize> = (0..5).collect();
        assert!(!may_have_more(5000, &first));
        assert!(may_have_more(5000, &[0, MAX_COMPARED - 1]));
        assert!(!may_have_more(MAX_COMPARED, &[MAX_COMPARED - 1]));
        assert!(may_have_more(30, &Vec::from_iter(0..=MAX_PAIRS)));
    }
}
