//! What else changes when an application is made or moves, in the same transaction.
//!
//! Accepting takes a place of the role and raises the worker's open load; the last place moves the deliverable from
//! open to matched. Withdrawing what was accepted undoes this: the load goes down, and a matched deliverable whose
//! team has a gap again is open again. One that is in progress or beyond stays where it is: its table has no way back.
//!
//! Everybody takes the same locks in the same order, deliverable, worker, then the log; so nobody waits in a circle.

use super::{
    Application, ApplicationStatus, NewApplication, Outcome, Taken, is_complete, place_for, same_person,
    sandbox, store,
};
use crate::auth::Reach;
use crate::catalogue::Catalogue;
use crate::changes::Action;
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, Deliverable, DeliverableStatus, NewDeliverable};
use crate::error::{Error, Result};
use crate::workers::{self, NewWorker, Worker};

/// An application with what it is about, locked until the transaction ends. What was archived or erased is none.
pub struct Locked {
    pub application: Application,
    deliverable: Option<Deliverable>,
    worker: Option<Worker>,
}

fn if_there<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

fn lock(
    db: &mut Db,
    reach: &Reach,
    deliverable: Id,
    worker: Option<Id>,
) -> Result<(Option<Deliverable>, Option<Worker>)> {
    let deliverable = if_there(deliverables::store::find_to_change(db, reach, deliverable))?;
    let worker = worker.map(|id| if_there(workers::store::find_to_change(db, reach, id)));
    Ok((deliverable, worker.transpose()?.flatten()))
}

/// Makes an application for a worker of the caller's, if they could have the place.
pub fn submit(
    db: &mut Db,
    reach: &Reach,
    actor: &str,
    new: NewApplication,
    now: Instant,
) -> Result<Application> {
    let (deliverable, worker) = lock(db, reach, new.deliverable_id, Some(new.worker_id))?;
    let worker = new.check(deliverable.as_ref(), worker.as_ref())?;
    let taken = store::taken(db, new.deliverable_id)?;
    place_for(deliverable.as_ref(), Some(worker), &new.role, &taken)?;
    let application = Application::submit(Id::new(), new, worker, actor, now);
    store::insert(db, actor, &application)?;
    Ok(application)
}

pub fn find_to_change(db: &mut Db, reach: &Reach, id: Id) -> Result<Locked> {
    let unlocked = store::find(db, reach, id)?;
    let (about, whose) = (unlocked.deliverable_id, unlocked.worker_id);
    let (deliverable, worker) = lock(db, &Reach::Everything, about, whose)?;
    // As it is now that nobody else changes it.
    let application = store::find(db, reach, id)?;
    Ok(Locked {
        application,
        deliverable,
        worker,
    })
}

/// Moves an application, with everything that follows from it.
pub fn change(
    db: &mut Db,
    actor: &str,
    catalogue: &Catalogue,
    locked: Locked,
    outcome: Outcome,
    now: Instant,
) -> Result<Application> {
    use ApplicationStatus::{Accepted, Withdrawn};
    let Locked {
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
        let taken = store::taken(db, before.deliverable_id)?;
        let free = place_for(deliverable.as_ref(), worker.as_ref(), &before.role, &taken)?;
        if let Some(worker) = &worker {
            let records = workers::everyone::store::same_person(db, worker)?;
            if store::has_place(db, before.deliverable_id, &records)? {
                return Err(same_person());
            }
        }
        (place, load) = (Some(free), 1);
    } else if to == Withdrawn && from == Accepted {
        (place, load) = (None, -1);
    }
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
            carry(db, actor, &worker, load, now)?;
            // The record that is ranked for the same person carries it too.
            if let Some(kept) = worker.merged_into {
                let kept = workers::store::find_to_change(db, &Reach::Everything, kept)?;
                carry(db, actor, &kept, load, now)?;
            }
        }
        if let Some(deliverable) = deliverable {
            let taken = store::taken(db, deliverable.id)?;
            follow(db, actor, catalogue, &deliverable, &taken, now)?;
        }
    }
    Ok(after)
}

/// The worker is in one project more, or less.
fn carry(db: &mut Db, actor: &str, worker: &Worker, load: i16, now: Instant) -> Result<()> {
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

/// A deliverable is matched while its team is complete, and open while it isn't.
fn follow(
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
