//! The use cases of applications, and everything else that changes in the same transaction.
//!
//! Accepting an application takes a place of the role and raises the worker's open load. If it was the last
//! free place, the deliverable moves from open to matched. Withdrawing an accepted application undoes both:
//! the load goes down, and a matched deliverable opens again. A deliverable that is in progress keeps its
//! status. What follows for the team is in `team`.
//!
//! Every use case locks the deliverable first, then the worker, then the change log. So two use cases never
//! each wait for a lock that the other one holds.

use super::rules::{Taken, check_repeats, delivered_team, place_for, same_person, sandbox, worker_elsewhere};
use super::team::{self, Counts};
use super::{Application, ApplicationStatus, NewApplication, Outcome, store};
use crate::auth::{Principal, Reach, RecordKind, Writer, check_properties, within_reach};
use crate::changes;
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, Deliverable};
use crate::error::{Error, Result};
use crate::http::IfMatch;
use crate::reach::store::{has_deliverable, is_separated};
use crate::workers::{self, Worker};

/// Submits an application for a worker within the reach. Refuses if the worker couldn't get a place now.
pub fn submit(db: &mut Db, writer: &Writer, new: NewApplication, now: Instant) -> Result<Application> {
    check_properties(writer.role, RecordKind::Applications, None, &new)?;
    let Writer { actor, reach, .. } = writer;
    let (deliverable, worker) = lock(db, reach, new.deliverable_id, Some(new.worker_id))?;
    if worker.is_none() && is_ranked_elsewhere(db, reach, new.worker_id)? {
        return Err(worker_elsewhere());
    }
    let worker = new.check(deliverable.as_ref(), worker.as_ref())?;
    check_place(db, deliverable.as_ref(), Some(worker), &new.role)?;
    let records = workers::store::same_person(db, worker)?;
    check_repeats(store::count(db, new.deliverable_id, &records)?)?;
    let application = Application::submit(Id::new(), new, worker, actor, now);
    store::insert(db, actor, &application)?;
    Ok(application)
}

/// Returns whether a coordinator sees this worker in rankings only, and so can't apply for them.
fn is_ranked_elsewhere(db: &mut Db, reach: &Reach, worker: Id) -> Result<bool> {
    if !matches!(reach, Reach::Areas(_)) {
        return Ok(false);
    }
    let worker = if_found(workers::store::find(db, &Reach::Everything, worker))?;
    Ok(worker.is_some_and(|worker| worker.is_candidate()))
}

/// Changes the outcome of an application to what `change` returns. Writes nothing if that is the old outcome.
pub fn update(
    db: &mut Db,
    principal: &Principal,
    reach: &Reach,
    id: Id,
    if_match: &IfMatch,
    change: impl FnOnce(&Outcome) -> Result<Outcome>,
) -> Result<Application> {
    let locked = find_for_update(db, reach, id)?;
    let before = &locked.application;
    if_match.check(before.version)?;
    let outcome = change(&before.outcome)?;
    check_properties(
        principal.role,
        RecordKind::Applications,
        Some(&before.outcome),
        &outcome,
    )?;
    if outcome == before.outcome {
        return Ok(locked.application);
    }
    let scope = outcome.status.scope();
    if principal.extent(scope).is_none() {
        return Err(Error::InsufficientScope { scope });
    }
    if outcome.status != ApplicationStatus::Withdrawn {
        within_reach(has_deliverable(db, reach, before.deliverable_id)?)?;
    }
    set_outcome(db, &principal.actor(), locked, outcome, Instant::now())
}

/// An application with its deliverable and worker, locked until the transaction ends. `None` stands for an
/// archived deliverable or an erased worker.
struct LockedApplication {
    application: Application,
    deliverable: Option<Deliverable>,
    worker: Option<Worker>,
}

fn find_for_update(db: &mut Db, reach: &Reach, id: Id) -> Result<LockedApplication> {
    let unlocked = store::find(db, reach, id)?;
    let (deliverable, worker) = (unlocked.deliverable_id, unlocked.worker_id);
    let (deliverable, worker) = lock(db, &Reach::Everything, deliverable, worker)?;
    // Read the application again: it may have changed before the locks.
    let application = store::find(db, reach, id)?;
    Ok(LockedApplication {
        application,
        deliverable,
        worker,
    })
}

fn lock(
    db: &mut Db,
    reach: &Reach,
    deliverable: Id,
    worker: Option<Id>,
) -> Result<(Option<Deliverable>, Option<Worker>)> {
    let deliverable = if_found(deliverables::store::find_for_update(db, reach, deliverable))?;
    let worker = worker.map(|id| if_found(workers::store::find_to_change(db, reach, id)));
    Ok((deliverable, worker.transpose()?.flatten()))
}

/// Returns the place that a worker would get in a role now, if any.
fn check_place(
    db: &mut Db,
    deliverable: Option<&Deliverable>,
    worker: Option<&Worker>,
    role: &str,
) -> Result<u16> {
    let mut taken = Taken::new();
    let mut is_apart = false;
    if let Some(deliverable) = deliverable {
        taken = store::taken(db, deliverable.id)?;
        let requesters: Vec<Id> = deliverable.requesters().collect();
        is_apart = match worker {
            Some(worker) => is_separated(db, worker.id, &requesters)?,
            None => false,
        };
    }
    place_for(deliverable, worker, is_apart, role, &taken)
}

fn if_found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(record) => Ok(Some(record)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Sets the outcome of an application. Also changes the worker's load and the deliverable's status where
/// needed.
fn set_outcome(
    db: &mut Db,
    actor: &str,
    locked: LockedApplication,
    outcome: Outcome,
    now: Instant,
) -> Result<Application> {
    use ApplicationStatus::{Accepted, Withdrawn};
    let LockedApplication {
        application: before,
        deliverable,
        worker,
    } = locked;
    let (from, to) = (before.outcome.status, outcome.status);
    from.check_move(to)?;
    to.check_reason(outcome.reason)?;
    if to == Accepted && before.sandbox {
        return Err(sandbox());
    }
    let (mut place, mut load) = (before.place, 0);
    if to == Accepted && from != Accepted {
        let free = check_place(db, deliverable.as_ref(), worker.as_ref(), &before.role)?;
        if let Some(worker) = &worker {
            let records = workers::store::same_person(db, worker)?;
            if store::has_place(db, before.deliverable_id, &records)? {
                return Err(same_person());
            }
        }
        (place, load) = (Some(free), 1);
    } else if to == Withdrawn && from == Accepted {
        if deliverable.as_ref().is_none_or(Deliverable::is_over) {
            return Err(delivered_team());
        }
        (place, load) = (None, -1);
    }
    let role = before.role.clone();
    let member = worker.map(|worker| worker.id).filter(|_| load != 0);
    // Locked before the change log.
    if let Some(member) = member {
        team::lock_worker(db, member)?;
    }
    let after = Application {
        place,
        outcome,
        version: before.version + 1,
        updated_at: now,
        ..before
    };
    store::update(db, actor, &after)?;
    let mut changes = Vec::new();
    if let Some(member) = member {
        let counts = Counts { load, delivered: 0 };
        changes.extend(team::count(db, actor, member, counts, "", &role, now)?);
    }
    if let Some(deliverable) = deliverable.filter(|_| load != 0) {
        changes.extend(team::settle(db, deliverable, now)?.1);
    }
    changes::store::append(db, actor, &changes)?;
    Ok(after)
}
