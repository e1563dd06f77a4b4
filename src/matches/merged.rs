//! What a person's primary record takes over from the records that were merged into it: the organizations that they keep the
//! person apart from, and what was counted here of them.
//!
//! Only the primary record is ranked. `reach` asks the database for the same separations.

use crate::db::{Db, Id};
use crate::error::Result;
use crate::workers::store::separations::{self, MergedSeparation};
use crate::workers::{self, CountedHere, Worker};
use std::collections::{BTreeSet, HashMap};

/// The merged records.
#[derive(Debug, Clone, Default)]
pub struct MergedRecords {
    /// The primary record of each.
    primaries: HashMap<Id, Id>,
    /// The separations by them, by the primary record.
    separations: HashMap<Id, Vec<MergedSeparation>>,
}

impl MergedRecords {
    pub fn load(db: &mut Db) -> Result<MergedRecords> {
        let mut all = MergedRecords {
            primaries: workers::store::merges(db)?,
            ..MergedRecords::default()
        };
        all.insert(separations::load_merged(db)?);
        Ok(all)
    }

    fn insert(&mut self, found: Vec<MergedSeparation>) {
        for one in found {
            self.separations.entry(one.primary).or_default().push(one);
        }
    }

    /// Returns the merged records after changes of these records, and the primary records that the changes affect.
    pub fn next(&self, db: &mut Db, changed: &BTreeSet<Id>) -> Result<(MergedRecords, BTreeSet<Id>)> {
        let mut next = self.clone();
        let mut primaries: BTreeSet<Id> = changed
            .iter()
            .filter_map(|id| next.primaries.remove(id))
            .collect();
        let is_changed = |one: &mut MergedSeparation| changed.contains(&one.merged);
        for merged in next.separations.values_mut() {
            merged.extract_if(.., is_changed).for_each(drop);
        }
        let changed: Vec<Id> = changed.iter().copied().collect();
        let now = workers::store::represented_by(db, &changed)?.into_iter();
        for (record, primary) in now.filter(|(record, primary)| record != primary) {
            next.primaries.insert(record, primary);
            primaries.insert(primary);
        }
        next.insert(separations::load_some_merged(db, &changed)?);
        next.separations.retain(|_, merged| !merged.is_empty());
        Ok((next, primaries))
    }

    /// Adds what a primary record takes over; `counted` has what was counted of each person.
    pub fn complete(&self, worker: &mut Worker, counted: &HashMap<Id, CountedHere>) {
        let merged = self.separations.get(&worker.id).into_iter().flatten();
        let blocked = &mut worker.profile.blocked_organization_ids;
        blocked.extend(merged.map(|one| one.organization));
        worker.here = counted.get(&worker.id).cloned().unwrap_or_default();
    }
}
