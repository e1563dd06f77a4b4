//! Who has a place in a team already, and who has applied. A person can have several records: any of them counts.

use super::explainer::Explainer;
use super::view::{MatchApplication, TeamMember};
use crate::applications::{self, Application, ApplicationStatus};
use crate::auth::Reach;
use crate::db::{Db, Id};
use crate::error::Result;
use crate::reach::store::some_workers;
use crate::workers::{self, Worker};
use matcher::Query;
use matcher::index::CandidateIndex;
use std::collections::{HashMap, HashSet};

/// The team of a deliverable: who holds a place, offered or agreed.
#[derive(Default)]
pub struct Team {
    /// Those whom the caller may see.
    members: Vec<(Option<Id>, MatchApplication)>,
    /// The records that represent the members in rankings.
    ranked: HashSet<u128>,
    /// Those of them whom the caller may not see.
    hidden: HashSet<u128>,
}

impl Team {
    /// Finds the team. It counts for every caller, but an organization isn't shown members who are kept apart from it.
    pub fn of(db: &mut Db, reach: &Reach, deliverable: Id) -> Result<Team> {
        let holding = [ApplicationStatus::Offered, ApplicationStatus::Agreed];
        let holding = applications::store::of_deliverable(db, deliverable, &holding)?;
        let mut members: Vec<(Option<Id>, MatchApplication)> =
            holding.iter().map(|one| (one.worker_id, one.into())).collect();
        let workers: Vec<Id> = members.iter().filter_map(|(worker, _)| *worker).collect();
        let mut hidden: HashSet<Id> = HashSet::new();
        if matches!(reach, Reach::Organization(_)) {
            let seen = some_workers(db, reach, &workers)?;
            hidden.extend(workers.iter().filter(|worker| !seen.contains(*worker)));
            members.retain(|(worker, _)| worker.is_none_or(|worker| !hidden.contains(&worker)));
        }
        let ranked = workers::store::represented_by(db, &workers)?;
        let is_hidden = |(worker, _): &(&Id, &Id)| hidden.contains(*worker);
        let key = |id: &Id| id.0.as_u128();
        Ok(Team {
            members,
            hidden: ranked.iter().filter(is_hidden).map(|(_, id)| key(id)).collect(),
            ranked: ranked.values().map(key).collect(),
        })
    }

    /// Returns the records that represent the members in rankings.
    pub fn ranked(&self) -> &HashSet<u128> {
        &self.ranked
    }

    pub fn has(&self, candidate: u128) -> bool {
        self.ranked.contains(&candidate)
    }

    /// Returns whether this is a member whom the caller may not see.
    pub fn hides(&self, candidate: u128) -> bool {
        self.hidden.contains(&candidate)
    }

    /// Counts the members who pass every gate.
    pub fn passing(&self, index: &CandidateIndex, query: &Query, role: Option<usize>) -> usize {
        let passes = |id: &&u128| {
            let assessed = index.get(**id).and_then(|candidate| query.best(candidate, role));
            assessed.is_some_and(|assessment| assessment.failed.is_empty())
        };
        self.ranked.iter().filter(passes).count()
    }

    pub fn shown(&self, db: &mut Db, explainer: &Explainer) -> Result<Vec<TeamMember>> {
        let workers: Vec<Id> = self.members.iter().filter_map(|(worker, _)| *worker).collect();
        let labels = workers::store::labels(db, &workers)?;
        let roles = &explainer.catalogue.roles;
        let brief = |id: Id, role: &str| Some(explainer.brief(id, labels.get(&id)?, roles.position(role)));
        let member = |(worker, application): &(Option<Id>, MatchApplication)| TeamMember {
            worker: worker.and_then(|worker| brief(worker, &application.role)),
            application: application.clone(),
        };
        Ok(self.members.iter().map(member).collect())
    }
}

/// Returns the latest application of each of these candidates for a deliverable.
pub fn applied_of(
    db: &mut Db,
    deliverable: Id,
    candidates: &[Id],
) -> Result<HashMap<u128, MatchApplication>> {
    let records = workers::store::records_of(db, candidates)?;
    let ids: Vec<Id> = records.keys().copied().collect();
    let found = applications::store::of_workers(db, Some(&[deliverable]), &ids)?;
    let of_candidate = |one: &Application| {
        let candidate = records.get(&one.worker_id?)?;
        Some((candidate.0.as_u128(), one.into()))
    };
    // The oldest first: the latest stays.
    Ok(found.iter().filter_map(of_candidate).collect())
}

/// What a worker has applied for.
pub struct Applied(HashMap<Id, MatchApplication>);

impl Applied {
    pub fn of(db: &mut Db, worker: &Worker) -> Result<Applied> {
        let records = workers::store::same_person(db, worker)?;
        let found = applications::store::of_workers(db, None, &records)?;
        Ok(Applied(
            found.iter().map(|one| (one.deliverable_id, one.into())).collect(),
        ))
    }

    pub fn get(&self, deliverable: Id) -> Option<&MatchApplication> {
        self.0.get(&deliverable)
    }

    /// Returns whether the worker holds a place in the team of a need.
    pub fn is_member(&self, need: u128) -> bool {
        let application = self.get(Id(uuid::Uuid::from_u128(need)));
        application.is_some_and(|one| one.status.holds_place())
    }
}
