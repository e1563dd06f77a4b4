//! Registering, changing and replacing workers. Each function runs inside the caller's transaction. Erasing a
//! worker is the business of `erasure`.

use super::rules::check_privileged;
use super::{NewWorker, Worker, store};
use crate::auth::{Writer, within_reach};
use crate::catalogue::{Catalogue, calendar};
use crate::db::{Db, Id, Instant};
use crate::error::Result;
use crate::reach::store::has_own_worker;

/// Registers a worker within the reach.
pub fn register(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    mut profile: NewWorker,
) -> Result<Worker> {
    check_privileged(writer, None, &mut profile)?;
    profile.resolve(catalogue, None, calendar::today())?;
    let worker = Worker::register(Id::new(), profile, Instant::now()).through(&writer.reach);
    store::insert(db, &writer.actor, &worker)?;
    within_reach(has_own_worker(db, &writer.reach, worker.id)?)?;
    Ok(worker)
}

/// Changes a worker, who has to stay within the reach. `edit` returns the new profile.
pub fn change(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    id: Id,
    edit: impl FnOnce(&Worker) -> Result<NewWorker>,
) -> Result<Worker> {
    let before = store::find_to_change(db, &writer.reach, id)?;
    let profile = edit(&before)?;
    write(db, catalogue, writer, before, profile)
}

/// Registers a worker with an id of another system, or replaces the profile of the worker who has it. `check`
/// may refuse, given the worker that is replaced. Returns whether the worker is new.
pub fn replace(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    (source, external_id): (&str, &str),
    profile: NewWorker,
    check: impl FnOnce(Option<&Worker>) -> Result<()>,
) -> Result<(Worker, bool)> {
    let before = store::find_external_to_change(db, &writer.reach, source, external_id)?;
    check(before.as_ref())?;
    match before {
        Some(before) => Ok((write(db, catalogue, writer, before, profile)?, false)),
        None => Ok((register(db, catalogue, writer, profile)?, true)),
    }
}

fn write(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    before: Worker,
    mut profile: NewWorker,
) -> Result<Worker> {
    check_privileged(writer, Some(&before.profile), &mut profile)?;
    profile.resolve(catalogue, Some(&before.profile), calendar::today())?;
    if profile == before.profile {
        return Ok(before);
    }
    let after = before.changed(profile, Instant::now());
    store::update(db, &writer.actor, &after)?;
    within_reach(has_own_worker(db, &writer.reach, after.id)?)?;
    Ok(after)
}
