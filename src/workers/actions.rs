//! Registering, changing and replacing workers. Each function runs inside the caller's transaction. Erasing a
//! worker is the business of `erasure`.

use super::rules::check_privileged;
use super::{NewWorker, Worker, store};
use crate::auth::{Reach, Writer, within_reach};
use crate::catalogue::{Catalogue, calendar};
use crate::db::{Db, Id, Instant};
use crate::error::Result;
use crate::reach::store::has_own_worker;
use crate::reach::{named_source, newly_named};

/// Registers a worker within the reach.
pub fn register(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    mut profile: NewWorker,
) -> Result<Worker> {
    check_privileged(writer, None, &mut profile)?;
    profile.resolve(catalogue, None, calendar::today())?;
    name(db, &writer.reach, None, &mut profile)?;
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

/// What a replacement leaves out and the worker keeps: neither personal data nor a consent goes by omission.
pub struct Kept {
    pub personal: bool,
    pub consent: bool,
}

/// Registers a worker with an id of another system, or replaces the profile of the worker who has it. `check`
/// may refuse, given the worker that is replaced. Returns whether the worker is new.
pub fn replace(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    (source, external_id): (&str, &str),
    (mut profile, kept): (NewWorker, Kept),
    check: impl FnOnce(Option<&Worker>) -> Result<()>,
) -> Result<(Worker, bool)> {
    let area = profile.area.as_deref().and_then(|area| catalogue.area(area));
    let area = area.map(|area| area.code.to_string());
    let before = store::find_external_to_change(db, &writer.reach, source, external_id, area.as_deref())?;
    check(before.as_ref())?;
    match before {
        Some(before) => {
            profile.source = before.profile.source.clone();
            if kept.personal {
                profile.personal = before.profile.personal.clone();
            }
            if kept.consent {
                profile.consent = before.profile.consent.clone();
            }
            Ok((write(db, catalogue, writer, before, profile)?, false))
        }
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
    name(db, &writer.reach, Some(&before), &mut profile)?;
    if profile == before.profile {
        return Ok(before);
    }
    let after = before.changed(profile, Instant::now());
    store::update(db, &writer.actor, &after)?;
    within_reach(has_own_worker(db, &writer.reach, after.id)?)?;
    Ok(after)
}

/// Names a worker within the caller's reach: the external id may be known elsewhere.
fn name(db: &mut Db, reach: &Reach, before: Option<&Worker>, profile: &mut NewWorker) -> Result<()> {
    let origin_before = before.map(|before| (&before.profile.source, &before.profile.external_id));
    let Some((source, external_id)) =
        newly_named(reach, origin_before, (&profile.source, &profile.external_id))
    else {
        return Ok(());
    };
    let area = profile.area.as_deref().unwrap_or_default();
    let found = store::find_external(db, reach, source, external_id, Some(area))?;
    if found.is_some_and(|found| Some(found.id) != before.map(|before| before.id)) {
        return Err(store::taken());
    }
    profile.source = Some(named_source(reach, source, area)?);
    Ok(())
}
