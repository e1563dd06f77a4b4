//! The candidates that have changed since the trees were built.
//!
//! One state shares its chunks with the next: a change copies one chunk of each kind, and pointers to the
//! others.

use super::traits::Traits;
use crate::Candidate;
use std::sync::Arc;

/// How many positions a chunk of marks covers.
const MARKS: usize = 64 * WORDS;
const WORDS: usize = 128;
/// A chunk of candidates with this many is split in two.
const MOST: usize = 128;

#[derive(Clone)]
pub struct ChangedCandidate {
    pub candidate: Arc<Candidate>,
    pub traits: Traits,
}

#[derive(Clone)]
pub struct Delta {
    /// A bit for each position whose candidate has changed.
    stale: Vec<Arc<[u64; WORDS]>>,
    /// The changed and the new candidates, by id.
    chunks: Vec<Arc<Vec<ChangedCandidate>>>,
    len: usize,
}

impl Delta {
    /// Creates an empty delta over this many positions.
    pub fn new(positions: usize) -> Delta {
        Delta {
            stale: std::iter::repeat_n(Arc::new([0; WORDS]), positions.div_ceil(MARKS)).collect(),
            chunks: Vec::new(),
            len: 0,
        }
    }

    pub fn is_stale(&self, position: usize) -> bool {
        let word = self
            .stale
            .get(position / MARKS)
            .and_then(|marks| marks.get(position % MARKS / 64));
        word.is_some_and(|word| word >> (position % 64) & 1 == 1)
    }

    pub fn mark_stale(&mut self, position: usize) {
        if let Some(marks) = self.stale.get_mut(position / MARKS)
            && let Some(word) = Arc::make_mut(marks).get_mut(position % MARKS / 64)
        {
            *word |= 1 << (position % 64);
        }
    }

    /// Returns the chunk that an id belongs to, and its position there: where it is, or where to insert it.
    fn find(&self, id: u128) -> (usize, Result<usize, usize>) {
        let starts_later =
            |chunk: &Arc<Vec<ChangedCandidate>>| chunk.first().is_some_and(|first| first.candidate.id > id);
        let chunk = self
            .chunks
            .partition_point(|chunk| !starts_later(chunk))
            .saturating_sub(1);
        let found = self.chunks.get(chunk).map_or(Err(0), |chunk| {
            chunk.binary_search_by_key(&id, |changed| changed.candidate.id)
        });
        (chunk, found)
    }

    pub fn get(&self, id: u128) -> Option<&ChangedCandidate> {
        let (chunk, found) = self.find(id);
        self.chunks.get(chunk)?.get(found.ok()?)
    }

    /// Records the candidate as it is now, or `None` if it is gone.
    pub fn set(&mut self, id: u128, now: Option<ChangedCandidate>) {
        let (at, found) = self.find(id);
        if self.chunks.is_empty() {
            self.chunks.push(Arc::default());
        }
        let Some(shared) = self.chunks.get_mut(at) else {
            return;
        };
        match (found, now) {
            (Err(_), None) => return,
            (Ok(place), Some(changed)) => {
                if let Some(old) = Arc::make_mut(shared).get_mut(place) {
                    *old = changed;
                }
            }
            (Ok(place), None) => {
                Arc::make_mut(shared).remove(place);
                self.len -= 1;
            }
            (Err(place), Some(changed)) => {
                Arc::make_mut(shared).insert(place, changed);
                self.len += 1;
            }
        }
        match shared.len() {
            0 => drop(self.chunks.remove(at)),
            MOST.. => {
                let upper = Arc::make_mut(shared).split_off(MOST / 2);
                self.chunks.insert(at + 1, Arc::new(upper));
            }
            _ => {}
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Iterates by id.
    pub fn iter(&self) -> impl Iterator<Item = &ChangedCandidate> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// Returns the candidate at a position of [`Delta::iter`].
    pub fn at(&self, mut position: usize) -> Option<&ChangedCandidate> {
        for chunk in &self.chunks {
            match chunk.get(position) {
                Some(changed) => return Some(changed),
                None => position -= chunk.len(),
            }
        }
        None
    }

    pub fn bytes(&self) -> usize {
        self.stale.len() * size_of::<[u64; WORDS]>() + self.len * size_of::<ChangedCandidate>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Population;
    use crate::ppm::mix;
    use std::collections::BTreeMap;

    #[test]
    fn equals_a_map_and_leaves_earlier_states_unchanged() {
        let population = Population::of(&[], 0, Arc::default(), Arc::default(), 0);
        let changed = |id: u128, hours: u16| ChangedCandidate {
            candidate: Arc::new(Candidate {
                id,
                hours_per_week: Some(hours),
                ..Candidate::default()
            }),
            traits: Traits::of(&Candidate::default(), &population),
        };
        let (mut delta, mut map) = (Delta::new(20_000), BTreeMap::new());
        let mut earlier: Vec<(Delta, BTreeMap<u128, u16>)> = Vec::new();
        for i in 0..5_000u64 {
            let (id, hours) = (u128::from(mix(i) % 700), (mix(i + 7) % 60) as u16);
            if !mix(i * 3).is_multiple_of(3) {
                delta.set(id, Some(changed(id, hours)));
                map.insert(id, hours);
            } else {
                delta.set(id, None);
                map.remove(&id);
            }
            if i % 500 == 0 {
                earlier.push((delta.clone(), map.clone()));
            }
        }
        earlier.push((delta, map));
        for (delta, map) in earlier {
            let all: Vec<(u128, u16)> = delta
                .iter()
                .map(|c| (c.candidate.id, c.candidate.hours_per_week.unwrap()))
                .collect();
            assert_eq!(all, map.clone().into_iter().collect::<Vec<_>>());
            assert_eq!(delta.len(), map.len());
            for (position, id) in map.keys().enumerate() {
                assert_eq!(delta.at(position).map(|c| c.candidate.id), Some(*id));
                assert_eq!(delta.get(*id).map(|c| c.candidate.id), Some(*id));
            }
            assert!(delta.at(map.len()).is_none() && delta.get(701).is_none());
        }
    }

    #[test]
    fn marks_single_positions() {
        let mut delta = Delta::new(20_000);
        let before = delta.clone();
        for position in [0, 63, 64, 8_191, 8_192, 19_999] {
            delta.mark_stale(position);
        }
        let stale: Vec<usize> = (0..30_000).filter(|position| delta.is_stale(*position)).collect();
        assert_eq!(stale, [0, 63, 64, 8_191, 8_192, 19_999]);
        assert!((0..20_000).all(|position| !before.is_stale(position)));
    }
}
