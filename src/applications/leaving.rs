//! What ends when a person is erased: their applications, and with them the places that they hold. Somebody else can have
//! the place only if it is free, so this comes before the applications forget whose they are.

use super::actions::{self, LockedApplication};
use super::{Application, ApplicationReason, ApplicationStatus, Outcome, store, team};
use crate::auth::Reach;
use crate::db::{Db, Id, Instant};
use crate::deliverables;
use crate::error::Result;
use crate::values::Lifecycle;
use std::collections::BTreeSet;

/// Locks the deliverables that these workers have applied for, as far as their applications haven't ended. Call it before
/// you lock the workers, since everything locks a deliverable first.
pub fn lock(db: &mut Db, workers: &[Id]) -> Result<()> {
    for deliverable in deliverables_of(&active(db, workers)?) {
        deliverables::store::lock_one(db, deliverable)?;
    }
    Ok(())
}

/// Ends the applications of these workers as a withdrawal does: places become free, and those who wait move up. A team whose
/// work is over stays as it was. Returns whether anything ended.
pub fn leave(db: &mut Db, actor: &str, workers: &[Id], now: Instant) -> Result<bool> {
    lock(db, workers)?;
    for worker in workers.iter().collect::<BTreeSet<_>>() {
        team::lock_worker(db, *worker)?;
    }
    let active = active(db, workers)?;
    // All of them are locked before the first write to the change log.
    for deliverable in deliverables_of(&active) {
        store::lock_active(db, deliverable)?;
    }
    let mut has_left = false;
    for application in active {
        let locked = actions::find_for_update(db, &Reach::Everything, application.id)?;
        let is_over = locked.deliverable.as_ref().is_none_or(|one| one.is_over());
        if is_over || locked.application.outcome.status.is_end() {
            continue;
        }
        let outcome = left(&locked);
        actions::set_outcome(db, actor, locked, outcome, None, now)?;
        has_left = true;
    }
    Ok(has_left)
}

fn active(db: &mut Db, workers: &[Id]) -> Result<Vec<Application>> {
    let mut all = store::of_workers(db, None, workers)?;
    all.retain(|one| !one.outcome.status.is_end());
    Ok(all)
}

fn deliverables_of(applications: &[Application]) -> BTreeSet<Id> {
    applications.iter().map(|one| one.deliverable_id).collect()
}

/// Returns the outcome of somebody who is gone. Who hasn't said yes to an invitation declines it.
fn left(locked: &LockedApplication) -> Outcome {
    let application = &locked.application;
    Outcome {
        status: match application.is_unanswered() {
            true => ApplicationStatus::Declined,
            false => ApplicationStatus::Withdrawn,
        },
        reason: Some(ApplicationReason::Other),
        respond_by: None,
        ..application.outcome.clone()
    }
}
