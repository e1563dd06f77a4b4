//! Warns those who have to answer, once, and ends what nobody answers. A server repeats it; see `tasks`.

use super::actions::{self, LockedApplication};
use super::answers::Step;
use super::terms::waiting_since;
use super::{ApplicationStatus, Outcome, store};
use crate::auth::Reach;
use crate::db::{Db, Id, Instant, Pool};
use crate::deliverables::Deliverable;
use crate::error::{Error, Result};

/// The actor in the change log.
const DEADLINES: &str = "deadlines";

/// How many applications one round looks up.
const BATCH: i64 = 100;

/// Does what is due at a moment. Every application has a transaction for itself, since it locks its deliverable.
pub fn run(pool: &Pool, now: Instant) -> Result<()> {
    each(
        pool,
        |db| store::to_check(db, now, BATCH),
        |db, id| advance(db, id, now),
    )?;
    let since = waiting_since(now);
    each(
        pool,
        |db| store::long_waiting(db, since, BATCH),
        |db, id| end_waiting(db, id, now),
    )
}

/// Does something with all that is listed, until there is nothing left.
fn each(
    pool: &Pool,
    list: impl Fn(&mut Db) -> Result<Vec<Id>>,
    act: impl Fn(&mut Db, Id) -> Result<bool>,
) -> Result<()> {
    loop {
        let due = pool.read_blocking(&list)?;
        let mut done = 0;
        for id in &due {
            done += usize::from(pool.write_blocking(|db| act(db, *id))?);
        }
        // What another server did in the meantime isn't listed again.
        if done == 0 {
            return Ok(());
        }
    }
}

/// Does what is due about one application. Returns whether anything was.
fn advance(db: &mut Db, id: Id, now: Instant) -> Result<bool> {
    let locked = match actions::find_for_update(db, &Reach::Everything, id) {
        Err(Error::NotFound { .. }) => return Ok(false),
        found => found?,
    };
    let LockedApplication { application, .. } = &locked;
    match application.step(now) {
        None => return Ok(false),
        Some(Step::Warn) => store::update(db, DEADLINES, &application.warned(now))?,
        Some(Step::Expire) => expire(db, locked, now)?,
    }
    Ok(true)
}

/// Ends an application that has been on the waiting list for long. Returns whether it still was.
fn end_waiting(db: &mut Db, id: Id, now: Instant) -> Result<bool> {
    let locked = match actions::find_for_update(db, &Reach::Everything, id) {
        Err(Error::NotFound { .. }) => return Ok(false),
        found => found?,
    };
    let (application, since) = (&locked.application, waiting_since(now));
    let is_waiting = application.outcome.status == ApplicationStatus::Waitlisted;
    let has_moved = |one: &Deliverable| one.status_since > since;
    if !is_waiting || application.updated_at > since || locked.deliverable.as_ref().is_none_or(has_moved) {
        return Ok(false);
    }
    expire(db, locked, now)?;
    Ok(true)
}

fn expire(db: &mut Db, locked: LockedApplication, now: Instant) -> Result<()> {
    let outcome = Outcome {
        status: ApplicationStatus::Expired,
        ..locked.application.outcome.clone()
    };
    actions::set_outcome(db, DEADLINES, locked, outcome, None, now).map(drop)
}
