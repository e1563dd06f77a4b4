//! Who has a place in a team already, and who has applied. A person can have several records: any of them counts.

use super::explainer::Explainer;
use super::view::{MatchApplication, TeamMember};
use crate::applications::{self, Application, ApplicationStatus};
use crate::db::{Db, Id};
use crate::error::Result;
use crate::workers::{self, Worker};
use matcher::Query;
use matcher::index::CandidateIndex;
use std::collections::{HashMap, HashSet};

/// The team of a deliverable: who holds a place, offered or agreed.
#[derive(Default)]
pub struct Team {
    members: Vec<(Option<Id>, MatchApplication)>,
    /// The records that represent the members in rankings.
    ranked: HashSet<u128>,
}

impl Team {
    pub fn of(db: &mut Db, deliverable: Id) -> Result<Team> {
        let holding = [ApplicationStatus::Offered, ApplicationStatus::Agreed];
        let holding = applications::store::of_deliverable(db, deliverable, &holding)?;
        let members: Vec<_> = holding.iter().map(|one| (one.worker_id, one.into())).collect();
        let workers: Vec<Id> = members.iter().filter_map(|(worker, _)| *worker).collect();
        let ranked = workers::store::represented_by(db, &workers)?;
        Ok(Team {
            members,
            ranked: ranked.into_values().map(|id| id.0.as_u128()).collect(),
        })
    }

    /// Returns the records that represent the members in rankings.
    pub fn ranked(&self) -> &HashSet<u128> {
        &self.ranked
    }

    pub fn has(&self, candidate: u128) -> bool {
        self.ranked.contains(&candidate)
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
