//! The organizations that ask: their themes, and which records are merged into one organization.

use crate::db::Id;
use crate::organizations::Organization;
use std::collections::{BTreeSet, HashMap};

/// Every organization. An archived record still belongs to the organization that it was merged into.
#[derive(Debug, Clone, Default)]
pub struct Requesters {
    known: HashMap<Id, Requester>,
    /// For each surviving record, the records merged into it.
    merged: HashMap<Id, BTreeSet<Id>>,
}

#[derive(Debug, Clone)]
struct Requester {
    /// `None` if it is archived.
    themes: Option<Vec<String>>,
    merged_into: Option<Id>,
}

impl Requesters {
    pub fn insert(&mut self, organization: Organization) {
        if let Some(kept) = organization.merged_into {
            self.merged.entry(kept).or_default().insert(organization.id);
        }
        let requester = Requester {
            themes: organization
                .archived_at
                .is_none()
                .then_some(organization.details.themes),
            merged_into: organization.merged_into,
        };
        self.known.insert(organization.id, requester);
    }

    pub fn remove(&mut self, id: Id) {
        let kept = self.known.remove(&id).and_then(|requester| requester.merged_into);
        if let Some(merged) = kept.and_then(|kept| self.merged.get_mut(&kept)) {
            merged.remove(&id);
        }
    }

    /// Returns the themes of an organization, or `None` if it is unknown or archived.
    pub fn themes(&self, id: Id) -> Option<&[String]> {
        self.known.get(&id)?.themes.as_deref()
    }

    /// Returns all records of the same organization, including this one. A worker separated from one is
    /// separated from all.
    pub fn records(&self, id: Id) -> BTreeSet<Id> {
        let kept = self
            .known
            .get(&id)
            .and_then(|requester| requester.merged_into)
            .unwrap_or(id);
        let merged = self.merged.get(&kept).into_iter().flatten().copied();
        merged.chain([kept, id]).collect()
    }
}
