//! Warns those who have to answer, once, and ends what nobody answers. A server repeats it; see `tasks`.

use super::actions::{self, LockedApplication};
use super::answers::Step;
use super::{ApplicationStatus, Outcome, store};
use crate::auth::Reach;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, Result};

/// The actor in the change log.
const DEADLINES: &str = "deadlines";

/// How many applications one round looks up.
const BATCH: i64 = 100;

/// Does what is due at a moment. Every application has a transaction for itself, since it locks its deliverable.
pub fn run(pool: &Pool, now: Instant) -> Result<()> {
    loop {
        let due = pool.read_blocking(|db| store::to_check(db, now, BATCH))?;
        let mut done = 0;
        for id in &due {
            done += usize::from(pool.write_blocking(|db| advance(db, *id, now))?);
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
        Some(Step::Expire) => {
            let outcome = Outcome {
                status: ApplicationStatus::Expired,
                ..application.outcome.clone()
            };
            actions::set_outcome(db, DEADLINES, locked, outcome, None, now)?;
        }
    }
    Ok(true)
}
