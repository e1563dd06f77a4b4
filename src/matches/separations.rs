//! The organizations that people are kept apart from by records that were merged into theirs.
//!
//! Only a person's primary record is ranked; it takes over what the others say. `reach` asks the same of the database.

use crate::db::{Db, Id};
use crate::error::Result;
use crate::workers::Worker;
use crate::workers::store::separations::{self, MergedSeparation};
use std::collections::{BTreeSet, HashMap};

/// The separations by merged records, by the primary record.
#[derive(Debug, Clone, Default)]
pub struct Separations(HashMap<Id, Vec<MergedSeparation>>);

impl Separations {
    pub fn load(db: &mut Db) -> Result<Separations> {
        let mut all = Separations::default();
        all.insert(separations::load_merged(db)?);
        Ok(all)
    }

    fn insert(&mut self, found: Vec<MergedSeparation>) {
        for one in found {
            self.0.entry(one.primary).or_default().push(one);
        }
    }

    /// Returns the separations after changes of these records, and the primary records that the changes affect.
    pub fn next(&self, db: &mut Db, changed: &BTreeSet<Id>) -> Result<(Separations, BTreeSet<Id>)> {
        let mut next = self.clone();
        let mut primaries = BTreeSet::new();
        for (primary, merged) in &mut next.0 {
            if merged.extract_if(.., |one| changed.contains(&one.merged)).count() > 0 {
                primaries.insert(*primary);
            }
        }
        let changed: Vec<Id> = changed.iter().copied().collect();
        let found = separations::load_some_merged(db, &changed)?;
        primaries.extend(found.iter().map(|one| one.primary));
        next.insert(found);
        next.0.retain(|_, merged| !merged.is_empty());
        Ok((next, primaries))
    }

    /// Adds what a primary record takes over.
    pub fn complete(&self, worker: &mut Worker) {
        let merged = self.0.get(&worker.id).into_iter().flatten();
        let blocked = &mut worker.profile.blocked_organization_ids;
        blocked.extend(merged.map(|one| one.organization));
    }
}
