//! The use cases of applications, and everything else that changes in the same transaction.
//!
//! Accepting an application takes a place of the role and raises the worker's open load. If it was the last
//! free place, the deliverable moves from open to matched. Withdrawing an accepted application undoes both:
//! the load goes down, and a matched deliverable opens again. A deliverable that is in progress or further
//! keeps its status.
//!
//! Every use case locks the deliverable first, then the worker, then the change log. So two use cases never
//! each wait for a lock that the other one holds.

use super::rules::{Taken, check_repeats, is_complete, place_for, same_person, sandbox};
use super::{Application, ApplicationStatus, NewApplication, Outcome, store};
use crate::auth::{Principal, Reach, RecordKind, Writer, check_properties, within_reach};
use crate::catalogue::{Catalogue, Catalogues};
use crate::changes::Action;
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, Deliverable, DeliverableStatus, NewDeliverable};
use crate::error::{Error, Result};
use crate::http::IfMatch;
use crate::reach::store::{has_deliverable, is_separated};
use crate::workers::{self, NewWorker, Worker};

/// Submits an application for a worker within the reach. Refuses if the worker couldn't get a place now.
pub fn submit(db: &mut Db, writer: &Writer, new: NewApplication, now: Instant) -> Result<Application> {
    check_properties(writer.role, RecordKind::Applications, None, &new)?;
    let Writer { actor, reach, .. } = writer;
    let (deliverable, worker) = lock(db, reach, new.deliverable_id, Some(new.worker_id))?;
    let worker = new.check(deliverable.as_ref(), worker.as_ref())?;
    check_place(db, deliverable.as_ref(), Some(worker), &new.role)?;
    let records = workers::store::same_person(db, worker)?;
    check_repeats(store::count(db, new.deliverable_id, &records)?)?;
    let application = Application::submit(Id::new(), new, worker, actor, now);
    store::insert(db, actor, &application)?;
    Ok(application)
}

/// Changes the outcome of an application to what `change` returns. Writes nothing if that is the old outcome.
pub fn update(
    db: &mut Db,
    principal: &Principal,
    reach: &Reach,
    catalogues: &Catalogues,
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
    let catalogue = catalogues.current(db)?;
    set_outcome(
        db,
        &principal.actor(),
        &catalogue,
        locked,
        outcome,
        Instant::now(),
    )
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
    catalogue: &Catalogue,
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
        (place, load) = (None, -1);
    }
    // A merged worker is ranked through the primary record, which has to show the same load. Locked before the change log.
    let ranked = worker
        .as_ref()
        .filter(|_| load != 0)
        .and_then(|worker| worker.merged_into);
    let ranked = ranked
        .map(|id| workers::store::find_to_change(db, &Reach::Everything, id))
        .transpose()?;
    let after = Application {
        place,
        outcome,
        version: before.version + 1,
        updated_at: now,
        ..before
    };
    store::update(db, actor, &after)?;
    if load != 0 {
        if let Some(worker) = worker {
            change_load(db, actor, &worker, load, now)?;
        }
        if let Some(ranked) = ranked {
            change_load(db, actor, &ranked, load, now)?;
        }
        if let Some(deliverable) = deliverable {
            let taken = store::taken(db, deliverable.id)?;
            match_or_open(db, actor, catalogue, &deliverable, &taken, now)?;
        }
    }
    Ok(after)
}

/// Adds `load` to a worker's open load.
fn change_load(db: &mut Db, actor: &str, worker: &Worker, load: i16, now: Instant) -> Result<()> {
    let open_load = worker.profile.open_load.saturating_add_signed(load);
    if open_load == worker.profile.open_load {
        return Ok(());
    }
    let profile = NewWorker {
        open_load,
        ..worker.profile.clone()
    };
    workers::store::update(db, actor, &worker.changed(profile, now))
}

/// Sets an open deliverable to matched if its team is complete, and a matched one to open if its team isn't.
fn match_or_open(
    db: &mut Db,
    actor: &str,
    catalogue: &Catalogue,
    deliverable: &Deliverable,
    taken: &Taken,
    now: Instant,
) -> Result<()> {
    use DeliverableStatus::{Matched, Open};
    let status = match (deliverable.request.status, is_complete(deliverable, taken)) {
        (Open, true) => Matched,
        (Matched, false) => Open,
        _ => return Ok(()),
    };
    let request = NewDeliverable {
        status,
        ..deliverable.request.clone()
    };
    let after = deliverable.changed(request, catalogue, now)?;
    deliverables::store::update(db, actor, &after, Action::Updated)
}
