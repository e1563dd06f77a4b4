//! What is wanted of a ranking, and the best so far.

use crate::{Assessment, Candidate, Query, RankKey};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// Which part of a ranking.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The position of the one role asked for; `None` has each candidate in the role where they fit best.
    pub role: Option<usize>,
    /// How many.
    pub most: usize,
    /// Only those who stand behind this key.
    pub after: Option<RankKey>,
    /// Nobody with a lower fit.
    pub least_fit_ppm: u32,
}

impl Wanted {
    pub fn best(most: usize) -> Wanted {
        Wanted {
            role: None,
            most,
            after: None,
            least_fit_ppm: 0,
        }
    }
}

/// Somebody found.
#[derive(Debug, Clone)]
pub struct Hit {
    pub key: RankKey,
    pub role: usize,
    pub candidate: Arc<Candidate>,
}

/// What a search cost: figures that repeat exactly, unlike times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// Groups whose bound was computed.
    pub nodes: usize,
    /// Leaves that were opened.
    pub leaves: usize,
    /// Candidates whose fit was computed, in one role each.
    pub scored: usize,
    /// Candidates of whom more than the traits was looked up.
    pub looked_up: usize,
}

impl Hit {
    /// Every gate and component, as the explanation wants them.
    pub fn assess(&self, query: &Query) -> Option<Assessment> {
        query.assess(&self.candidate, self.role)
    }
}

/// The best so far.
pub(super) struct Top {
    pub wanted: Wanted,
    pub effort: Effort,
    heap: BinaryHeap<(RankKey, usize, Ranked)>,
    /// What as many candidates as are wanted, each another, have at least.
    sure: BinaryHeap<Reverse<u32>>,
}

/// Where the candidate is to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ranked {
    InMain(u32),
    InDelta(u32),
}

impl Top {
    pub fn new(wanted: Wanted) -> Top {
        Top {
            wanted,
            effort: Effort::default(),
            heap: BinaryHeap::new(),
            sure: BinaryHeap::new(),
        }
    }

    /// Nothing below this fit can enter. An equal one still may: the hash decides ties.
    pub fn floor(&self) -> u32 {
        let is_full = self.heap.len() >= self.wanted.most;
        let last = self.heap.peek().filter(|_| is_full);
        let found = last.map_or(0, |(key, ..)| key.fit_ppm.0 as u32);
        found.max(self.sure_floor()).max(self.wanted.least_fit_ppm)
    }

    /// What is known to be reached without knowing by whom exactly.
    pub fn sure_floor(&self) -> u32 {
        let is_full = self.sure.len() >= self.wanted.most;
        let least = self.sure.peek().filter(|_| is_full);
        least.map_or(0, |Reverse(least)| *least)
    }

    /// One more, another than all before, who is certain to have this fit or a better one.
    pub fn count_on(&mut self, least: u32) {
        self.sure.push(Reverse(least));
        if self.sure.len() > self.wanted.most {
            self.sure.pop();
        }
    }

    pub fn offer(&mut self, key: RankKey, role: usize, who: Ranked) {
        let wanted = &self.wanted;
        let behind = wanted.after.is_none_or(|after| key > after);
        if behind && key.fit_ppm.0 >= u64::from(wanted.least_fit_ppm) {
            self.heap.push((key, role, who));
            if self.heap.len() > wanted.most {
                self.heap.pop();
            }
        }
    }

    pub fn into_sorted(self) -> Vec<(RankKey, usize, Ranked)> {
        self.heap.into_sorted_vec()
    }
}
