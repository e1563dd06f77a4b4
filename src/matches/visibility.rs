//! What a caller may learn about workers: from their evidence, and about those who are separated from the organization
//! that asks.
//!
//! The component `text` compares a request's words with workers' evidence. A caller who chooses the words could find
//! out, word by word, what evidence says; even how rare a word is tells something. So it only counts for callers who may read
//! everyone's evidence.
//!
//! An organization or a partner never learns that such a worker exists, not even as a number in the counts.

use super::codes::{self, ON_TEAM, ROLE_FILLED};
use super::view::{GateCount, GateImpact, RankingSummary, RelaxationList};
use crate::auth::{Reach, Viewer};
use crate::db::{Db, Id};
use crate::error::Result;
use crate::reach::store::{has_own_worker, some_workers};
use crate::weights::WeightsVersion;
use crate::workers;
use matcher::index::CandidateIndex;
use matcher::{Component, Gate, Weights};
use std::collections::BTreeSet;

/// The gates that separate a worker from the organization that asks.
const SEPARATING: [Gate; 2] = [Gate::Blocked, Gate::ConflictOfInterest];

pub(super) fn is_separating(code: codes::Gate) -> bool {
    SEPARATING.iter().any(|gate| gate.code() == code.0)
}

/// Returns whether the caller may read the evidence of every worker.
pub fn reads_all_evidence(viewer: &Viewer) -> bool {
    viewer.personal_data && viewer.reach == Reach::Everything
}

/// Returns the weights in use for this caller, and the name of their version.
pub fn weights(viewer: &Viewer, current: &WeightsVersion) -> (Weights, String) {
    let (weights, version) = (current.of_matcher(), current.version.clone());
    if reads_all_evidence(viewer) {
        (weights, version)
    } else {
        (
            weights.without(Component::Text),
            format!("{version}-without-text"),
        )
    }
}

/// Returns whether separated workers are left out of the counts for this caller.
fn hides_separated(reach: &Reach) -> bool {
    !matches!(reach, Reach::Everything | Reach::Areas(_))
}

/// Returns 404 for a worker who can't be ranked at all, or who is separated from the organization that asks.
///
/// Administrators see every worker. Coordinators see separated workers, and among those who can't be ranked
/// their own.
pub fn check_visible(db: &mut Db, reach: &Reach, worker: Id, failed: &[Gate]) -> Result<()> {
    let is_no_candidate = failed
        .iter()
        .any(|gate| matches!(gate, Gate::Inactive | Gate::ConsentMissing));
    let is_separated = failed.iter().any(|gate| SEPARATING.contains(gate));
    let is_own = |db: &mut Db| match reach {
        Reach::Areas(_) => has_own_worker(db, reach, worker),
        _ => Ok(false),
    };
    if is_hidden(reach, is_no_candidate, is_separated) && !is_own(db)? {
        return Err(workers::store::missing());
    }
    Ok(())
}

/// Returns whether the caller sees nothing of a worker in rankings, unless the worker is their own.
fn is_hidden(reach: &Reach, is_no_candidate: bool, is_separated: bool) -> bool {
    match reach {
        Reach::Everything => false,
        Reach::Areas(_) => is_no_candidate,
        _ => is_no_candidate || is_separated,
    }
}

/// Returns those of the workers whom a request names that don't exist for the caller. `organizations`: who asks.
pub fn unknown_workers(
    db: &mut Db,
    index: &CandidateIndex,
    reach: &Reach,
    named: &BTreeSet<Id>,
    organizations: &[u128],
) -> Result<BTreeSet<Id>> {
    let seen = some_workers(db, reach, &named.iter().copied().collect::<Vec<_>>())?;
    let is_unknown = |worker: &&Id| match index.get(worker.0.as_u128()) {
        None => true,
        Some(candidate) => {
            let asks = |ids: &[u128]| ids.iter().any(|id| organizations.contains(id));
            let is_separated = asks(&candidate.blocked) || asks(&candidate.conflicts);
            let is_candidate = candidate.active && candidate.consented;
            is_hidden(reach, !is_candidate, is_separated) && !seen.contains(*worker)
        }
    };
    Ok(named.iter().filter(is_unknown).copied().collect())
}

impl RankingSummary {
    /// Counts the members of the team who would pass as removed.
    pub fn without_members(mut self, members: usize) -> RankingSummary {
        if let Some(removed) = self.removed.as_mut().filter(|_| members > 0) {
            let (gate, count) = (ON_TEAM, members);
            removed.push(GateCount { gate, count });
            self.passed = self.passed.map(|passed| passed.saturating_sub(members));
        }
        self
    }

    /// Counts everybody who would pass as removed, since no place is left.
    pub fn without_places(mut self) -> RankingSummary {
        if let Some(removed) = self.removed.as_mut()
            && let Some(count) = self.passed.replace(0).filter(|passed| *passed > 0)
        {
            let gate = ROLE_FILLED;
            removed.push(GateCount { gate, count });
        }
        self
    }

    /// Removes the counts that the caller may not see.
    pub fn shown_to(mut self, reach: &Reach) -> RankingSummary {
        if let Some(removed) = self.removed.as_mut().filter(|_| hides_separated(reach)) {
            let is_hidden = |one: &mut GateCount| is_separating(one.gate);
            let hidden: usize = removed.extract_if(.., is_hidden).map(|one| one.count).sum();
            self.considered = self.considered.map(|all| all.saturating_sub(hidden));
        }
        self
    }
}

impl RelaxationList {
    /// Removes the gates that the caller may not see.
    pub fn shown_to(mut self, reach: &Reach) -> RelaxationList {
        if hides_separated(reach) {
            let is_hidden = |one: &mut GateImpact| is_separating(one.gate);
            let hidden: usize = self.gates.extract_if(.., is_hidden).map(|one| one.removed).sum();
            self.considered = self.considered.saturating_sub(hidden);
        }
        self
    }
}
