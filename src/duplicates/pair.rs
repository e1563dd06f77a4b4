//! A pair of records that may be duplicates, and everything that one step of the detector found.

use super::DuplicateKind;
use super::evidence::{self, PROPOSED, Reason};
use crate::db::Id;
use std::collections::{BTreeMap, BTreeSet};

/// Two records that may be the same person or organization. The older one comes first.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    pub kind: DuplicateKind,
    pub one: Id,
    pub other: Id,
    pub score: f64,
    pub reasons: Vec<Reason>,
    /// The areas of the two records, without those that are unknown. The rules of both have to allow a merge.
    pub areas: Vec<String>,
}

impl Pair {
    /// Returns the pair if its score is high enough to be proposed.
    pub fn new(
        kind: DuplicateKind,
        ids: (Id, Id),
        reasons: Vec<Reason>,
        areas: [Option<&str>; 2],
    ) -> Option<Pair> {
        let score = evidence::score(kind.compared(), &reasons);
        (score >= PROPOSED).then(|| Pair {
            kind,
            one: ids.0.min(ids.1),
            other: ids.0.max(ids.1),
            score,
            reasons,
            areas: areas.into_iter().flatten().map(str::to_owned).collect(),
        })
    }
}

/// What the detector found in one step through the change log.
#[derive(Default)]
pub struct Detection {
    /// All records that changed. A proposal about one of them is removed if it was not found again.
    pub changed: BTreeSet<Id>,
    /// The keys of the records that changed, by kind.
    pub keys: Vec<(DuplicateKind, BTreeMap<Id, BTreeSet<i64>>)>,
    pub pairs: BTreeMap<(Id, Id), Pair>,
    /// Changed records that resemble more records than were compared or proposed.
    pub partly_compared: BTreeSet<Id>,
    /// How many pairs of records were compared.
    pub compared: usize,
}
