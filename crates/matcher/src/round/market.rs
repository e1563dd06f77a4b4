//! Where a round gets its ranked lists from.

use super::past::Past;
use super::problem::Slot;
use crate::index::{CandidateIndex, RankRange};
use crate::{Candidate, Counted, Gate, Need, Query, RankKey, Weights};

/// By what a list is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Fit,
    /// The organization's side alone. The keys hold its value in the place of the fit.
    Organization,
}

/// How well a worker and a slot suit each other. The worker passes every gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    pub fit_ppm: u64,
    /// The key in the order of the organization.
    pub organization: RankKey,
    /// The worker's side alone.
    pub worker_ppm: u64,
}

/// Ranked lists of workers for the slots of a round, which are known by their positions.
pub trait Market: Sync {
    /// Returns a part of a slot's list, best first.
    fn ranked(&self, slot: usize, order: Order, range: RankRange) -> Vec<RankKey>;
    /// Returns a pair, or the gates that the worker fails. Without gates, the worker is unknown.
    fn pair(&self, slot: usize, worker: u128) -> Result<Pair, Vec<Gate>>;
    /// Returns how many places a worker may have.
    fn capacity(&self, worker: u128) -> u32;
    /// Returns how often a worker was placed and passed over.
    fn past(&self, worker: u128) -> Past;
}

/// The index of candidates as a market: each open role of each need is a slot.
pub struct IndexMarket<'a> {
    index: &'a CandidateIndex,
    by_fit: Vec<Query<'a>>,
    by_organization: Vec<Query<'a>>,
    /// For each slot the positions of its need and its role.
    slots: Vec<(usize, usize)>,
}

impl<'a> IndexMarket<'a> {
    /// Takes the needs of a round. Slots are their roles with open places, in order.
    pub fn new(index: &'a CandidateIndex, needs: &'a [Need], weights: Weights) -> IndexMarket<'a> {
        let queries = || needs.iter().map(|need| index.query(need, weights));
        let open = |(i, need): (usize, &'a Need)| {
            let roles = need.roles.iter().enumerate().filter(|(_, role)| role.places > 0);
            roles.map(move |(role, _)| (i, role))
        };
        IndexMarket {
            index,
            by_fit: queries().collect(),
            by_organization: queries().map(Query::of_organization).collect(),
            slots: needs.iter().enumerate().flat_map(open).collect(),
        }
    }

    /// Returns the slots to ask for in a round.
    pub fn slots(&self) -> Vec<Slot> {
        let slot = |(need, role): &(usize, usize)| {
            let need = self.by_fit.get(*need)?.need;
            let role = need.roles.get(*role)?;
            Some(Slot {
                deliverable: need.id,
                role: role.role,
                places: role.places,
            })
        };
        self.slots.iter().filter_map(slot).collect()
    }

    fn query(&self, slot: usize, order: Order) -> Option<(&Query<'a>, usize)> {
        let (need, role) = *self.slots.get(slot)?;
        let queries = match order {
            Order::Fit => &self.by_fit,
            Order::Organization => &self.by_organization,
        };
        Some((queries.get(need)?, role))
    }

    /// Assesses a pair by the plain scan.
    pub fn assess(&self, slot: usize, candidate: &Candidate) -> Result<Pair, Vec<Gate>> {
        let assess = |order| {
            let (query, role) = self.query(slot, order)?;
            Some((query, query.assess(candidate, role)?))
        };
        let (_, both) = assess(Order::Fit).ok_or(Vec::new())?;
        if !both.failed.is_empty() {
            return Err(both.failed);
        }
        let (query, one) = assess(Order::Organization).ok_or(Vec::new())?;
        Ok(Pair {
            fit_ppm: both.fit.fit_ppm,
            organization: query.key(candidate, &one.fit),
            worker_ppm: both.fit.worker_side_ppm.unwrap_or(0),
        })
    }
}

/// Returns the past by what was counted. Work in teams that were formed elsewhere was delivered without an application. Who
/// withdrew an application wasn't passed over.
fn past(counted: &Counted) -> Past {
    let sum = |of: fn(&(u16, u16)) -> u16| {
        counted
            .outcomes
            .iter()
            .map(|(_, one)| u32::from(of(one)))
            .sum::<u32>()
    };
    Past {
        placed: sum(|one| one.0).max(counted.record.0.into()),
        passed_over: sum(|one| one.1).saturating_sub(counted.withdrawn.into()),
    }
}

impl Market for IndexMarket<'_> {
    fn ranked(&self, slot: usize, order: Order, range: RankRange) -> Vec<RankKey> {
        let found = self.query(slot, order);
        let hits = found.map(|(query, role)| self.index.search(query, role, range).0);
        hits.into_iter().flatten().map(|hit| hit.key).collect()
    }

    fn pair(&self, slot: usize, worker: u128) -> Result<Pair, Vec<Gate>> {
        let candidate = self.index.get(worker).ok_or(Vec::new())?;
        self.assess(slot, candidate)
    }

    fn capacity(&self, worker: u128) -> u32 {
        let candidate = self.index.get(worker);
        candidate.map_or(0, |c| u32::from(c.capacity.saturating_sub(c.open_load)))
    }

    fn past(&self, worker: u128) -> Past {
        let candidate = self.index.get(worker);
        candidate.map_or(Past::default(), |candidate| past(&candidate.counted))
    }
}
