//! The part of a ranking to search for, and the best results so far.

use crate::{Assessment, Candidate, Query, RankKey};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// The part of a ranking that a search returns.
#[derive(Debug, Clone, Copy)]
pub struct RankRange {
    pub limit: usize,
    /// Only what ranks below this key.
    pub after: Option<RankKey>,
    pub min_fit_ppm: u64,
}

impl RankRange {
    /// The first `limit` of the ranking.
    pub fn best(limit: usize) -> RankRange {
        RankRange {
            limit,
            after: None,
            min_fit_ppm: 0,
        }
    }
}

/// A candidate in a ranking.
#[derive(Debug, Clone)]
pub struct Hit {
    pub key: RankKey,
    pub role: usize,
    pub candidate: Arc<Candidate>,
}

/// What a search cost. The counts repeat exactly, unlike times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// Groups whose bound was computed.
    pub nodes: usize,
    /// Leaves that were opened.
    pub leaves: usize,
    /// Candidates whose fit was computed, in one role each.
    pub scored: usize,
    /// Candidates looked up beyond their traits.
    pub looked_up: usize,
}

impl Hit {
    /// Assesses every gate and component, for the explanation.
    pub fn assess(&self, query: &Query) -> Option<Assessment> {
        query.assess(&self.candidate, self.role)
    }
}

/// The best results so far.
pub(super) struct Top {
    pub range: RankRange,
    min_fit_ppm: u32,
    pub effort: Effort,
    heap: BinaryHeap<(RankKey, usize, Location)>,
    /// Fits that as many different candidates as the limit are certain to reach.
    sure: BinaryHeap<Reverse<u32>>,
}

/// Where a candidate is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Location {
    Base(u32),
    Delta(u32),
}

impl Top {
    pub fn new(range: RankRange) -> Top {
        Top {
            range,
            min_fit_ppm: u32::try_from(range.min_fit_ppm).unwrap_or(u32::MAX),
            effort: Effort::default(),
            heap: BinaryHeap::new(),
            sure: BinaryHeap::new(),
        }
    }

    /// Returns the fit below which nothing can enter. An equal fit still may: the hash decides ties.
    pub fn floor(&self) -> u32 {
        let is_full = self.heap.len() >= self.range.limit;
        let last = self.heap.peek().filter(|_| is_full);
        let found = last.map_or(0, |(key, ..)| key.fit_ppm.0 as u32);
        found.max(self.sure_floor()).max(self.min_fit_ppm)
    }

    /// Returns a fit that is certain to be reached, without knowing by which candidates.
    pub fn sure_floor(&self) -> u32 {
        let is_full = self.sure.len() >= self.range.limit;
        let least = self.sure.peek().filter(|_| is_full);
        least.map_or(0, |Reverse(least)| *least)
    }

    /// Counts one more candidate, different from all before, who is certain to have at least this fit.
    pub fn count_on(&mut self, least: u32) {
        self.sure.push(Reverse(least));
        if self.sure.len() > self.range.limit {
            self.sure.pop();
        }
    }

    pub fn offer(&mut self, key: RankKey, role: usize, who: Location) {
        let range = &self.range;
        let is_after = range.after.is_none_or(|after| key > after);
        if is_after && key.fit_ppm.0 >= range.min_fit_ppm {
            self.heap.push((key, role, who));
            if self.heap.len() > range.limit {
                self.heap.pop();
            }
        }
    }

    pub fn into_sorted(self) -> Vec<(RankKey, usize, Location)> {
        self.heap.into_sorted_vec()
    }
}
