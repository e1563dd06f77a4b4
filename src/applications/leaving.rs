//! What ends when a person is erased, or turns out to be somebody who is there under another record: applications, and with
//! them the places that they hold. Somebody else can have the place of an erased person only if it is free, so this comes
//! before the applications forget whose they are.

use super::actions::{self, LockedApplication};
use super::{Application, ApplicationReason, ApplicationStatus, Outcome, store, team};
use crate::auth::Reach;
use crate::db::{self, Db, Id, Instant};
use crate::deliverables;
use crate::error::Result;
use crate::values::Lifecycle;
use std::collections::BTreeSet;

/// Locks out new applications of a worker until the transaction ends. It comes before every other lock of who applies.
pub fn lock_applicant(db: &mut Db, worker: Id) -> Result<()> {
    db::lock(db, &format!("applicant/{worker}"))
}

/// Locks the deliverables that these workers have applied for, as far as their applications haven't ended. Call it before
/// you lock the workers, since everything locks a deliverable first. Nobody applies meanwhile: the deliverable would be
/// locked after the worker.
pub fn lock(db: &mut Db, workers: &[Id]) -> Result<()> {
    for worker in workers.iter().collect::<BTreeSet<_>>() {
        lock_applicant(db, *worker)?;
    }
    lock_deliverables(db, workers)
}

fn lock_deliverables(db: &mut Db, workers: &[Id]) -> Result<()> {
    for deliverable in deliverables_of(&active(db, workers)?) {
        deliverables::store::lock_one(db, deliverable)?;
    }
    Ok(())
}

/// Ends the applications of these workers as a withdrawal does: places become free, and those who wait move up. A team whose
/// work is over stays as it was. Returns whether anything ended.
pub fn leave(db: &mut Db, actor: &str, workers: &[Id], now: Instant) -> Result<bool> {
    lock_deliverables(db, workers)?;
    let active = lock_active(db, workers)?;
    end(db, actor, active, left, now)
}

/// Locks the workers and their applications, and returns those that haven't ended. All of them are locked before the first
/// write to the change log.
fn lock_active(db: &mut Db, workers: &[Id]) -> Result<Vec<Application>> {
    for worker in workers.iter().collect::<BTreeSet<_>>() {
        team::lock_worker(db, *worker)?;
    }
    let active = active(db, workers)?;
    for deliverable in deliverables_of(&active) {
        store::lock_active(db, deliverable)?;
    }
    Ok(active)
}

/// Ends applications with what `outcome` returns. Returns whether anything ended.
fn end(
    db: &mut Db,
    actor: &str,
    applications: Vec<Application>,
    outcome: fn(&LockedApplication) -> Outcome,
    now: Instant,
) -> Result<bool> {
    let mut has_ended = false;
    for application in applications {
        let locked = actions::find_for_update(db, &Reach::Everything, application.id)?;
        let is_over = locked.deliverable.as_ref().is_none_or(|one| one.is_over());
        if is_over || locked.application.outcome.status.is_end() {
            continue;
        }
        let outcome = outcome(&locked);
        actions::set_outcome(db, actor, locked, outcome, None, now)?;
        has_ended = true;
    }
    Ok(has_ended)
}

/// Locks what [`join`] may change, before the first write to the change log. It locks out new applications, too.
pub fn lock_to_join(db: &mut Db, records: &[Id]) -> Result<()> {
    lock(db, records)?;
    lock_active(db, records)?;
    Ok(())
}

/// Leaves one application for each deliverable to a person whose records were merged, and with it at most one place: the one
/// that got furthest, of equal ones that of the record to use from now on, then the oldest. The others end. A team whose work
/// is over stays as it was.
pub fn join(db: &mut Db, actor: &str, primary: Id, records: &[Id], now: Instant) -> Result<()> {
    let mut active = lock_active(db, records)?;
    active.retain(|one| !one.sandbox);
    active.sort_by_key(|one| {
        let is_other = one.worker_id != Some(primary);
        (one.deliverable_id, to_go(one), is_other, one.id)
    });
    let mut kept = BTreeSet::new();
    active.retain(|one| !kept.insert(one.deliverable_id));
    end(db, actor, active, joined, now).map(drop)
}

/// Returns how far an application is from a place in the team.
fn to_go(one: &Application) -> u8 {
    match one.outcome.status {
        ApplicationStatus::Agreed => 0,
        ApplicationStatus::Offered => 1,
        ApplicationStatus::Shortlisted => 2,
        ApplicationStatus::Submitted if !one.is_unanswered() => 3,
        ApplicationStatus::Waitlisted => 4,
        _ => 5,
    }
}

/// Returns the outcome of an application in whose place another one of the same person stays.
fn joined(locked: &LockedApplication) -> Outcome {
    Outcome {
        status: ApplicationStatus::Declined,
        reason: Some(ApplicationReason::SamePerson),
        respond_by: None,
        ..locked.application.outcome.clone()
    }
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
