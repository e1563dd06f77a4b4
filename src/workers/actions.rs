//! Registering, changing and replacing workers. Each function runs inside the caller's transaction. Erasing a
//! worker is the business of `erasure`.

use super::batch::{BatchItemStatus, Kept, Upsert, WorkerBatch, repeated};
use super::rules::check_privileged;
use super::{NewWorker, Worker, store};
use crate::audit;
use crate::auth::{Reach, Writer, within_reach};
use crate::catalogue::{Catalogue, calendar};
use crate::changes;
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Fault, Result};
use crate::http::idempotency;
use crate::reach::{WorkerOwner, is_own_worker, named_source, newly_named};
use std::collections::{BTreeSet, HashMap};

/// Registers a worker within the reach.
pub fn register(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    mut profile: NewWorker,
) -> Result<Worker> {
    check(catalogue, writer, None, &mut profile)?;
    name(db, &writer.reach, None, &mut profile)?;
    let worker = registered(writer, profile, Instant::now())?;
    store::insert(db, &writer.actor, &worker)?;
    Ok(worker)
}

/// Changes a worker, who has to stay within the reach. `edit` returns the new profile. A `blind` change states what the
/// caller may not read: it makes a new version even of the same profile, or else a guess would show whether it is right.
pub fn change(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    (id, blind): (Id, bool),
    edit: impl FnOnce(&Worker) -> Result<NewWorker>,
) -> Result<Worker> {
    let before = store::find_to_change(db, &writer.reach, id)?;
    let profile = edit(&before)?;
    write(db, catalogue, writer, (before, blind), profile)
}

/// Registers a worker with an id of another system, or replaces the profile of the worker who has it. `check`
/// may refuse, given the worker that is replaced. Returns whether the worker is new.
pub fn replace(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    (source, external_id): (&str, &str),
    (profile, kept): (NewWorker, Kept),
    check: impl FnOnce(Option<&Worker>) -> Result<()>,
) -> Result<(Worker, bool)> {
    let area = area_code(catalogue, &profile);
    let before = store::find_external_to_change(db, &writer.reach, source, external_id, area.as_deref())?;
    check(before.as_ref())?;
    match before {
        Some(before) => {
            let profile = replacement(&before, profile, kept);
            let blind = kept.is_blind();
            Ok((write(db, catalogue, writer, (before, blind), profile)?, false))
        }
        None => Ok((register(db, catalogue, writer, profile)?, true)),
    }
}

/// Replaces many workers. The number of statements doesn't depend on how many. An item with an error changes nothing,
/// and the others are written.
pub fn replace_all(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    batch: &WorkerBatch,
    reads_personal: bool,
) -> Result<Vec<Result<(BatchItemStatus, Worker)>>> {
    let (reach, now) = (&writer.reach, Instant::now());
    let read = Upsert::read_all(batch, reach, reads_personal);
    let valid = || read.iter().flatten();
    let stated: BTreeSet<&str> = valid().map(|one| one.source.as_str()).collect();
    let sources: Vec<String> = stated.iter().flat_map(|source| reach.sources(source)).collect();
    let external_ids: Vec<&str> = valid().map(|one| one.external_id.as_str()).collect();
    let found = store::find_some_external_to_change(db, reach, &sources, &external_ids)?;
    let mut known: HashMap<&str, Vec<&Worker>> = HashMap::new();
    for worker in &found {
        let external_id = worker.profile.external_id.as_deref().unwrap_or_default();
        known.entry(external_id).or_default().push(worker);
    }
    let before = |one: &Upsert| {
        let sources = reach.sources(&one.source);
        let called = known.get(one.external_id.as_str()).into_iter().flatten().copied();
        let called = called.filter(|worker| {
            worker
                .profile
                .source
                .as_ref()
                .is_some_and(|s| sources.contains(s))
        });
        store::preferred(
            reach,
            &one.source,
            area_code(catalogue, &one.profile).as_deref(),
            called,
        )
    };
    let mut first: HashMap<Id, usize> = HashMap::new();
    let decide = |(index, one): (usize, &Result<Upsert>)| {
        let one = one.as_ref().map_err(Error::clone)?;
        let before = before(one);
        if let Some(trial) = &one.broken {
            let tried = decided(catalogue, writer, before, one, now);
            return Err(Error::Invalid(trial.after(tried)));
        }
        if let Some(before) = before {
            let first = *first.entry(before.id).or_insert(index);
            if first != index {
                return Err(repeated(first));
            }
        }
        decided(catalogue, writer, before, one, now)
    };
    let mut done: Vec<Result<(BatchItemStatus, Worker)>> = read.iter().enumerate().map(decide).collect();
    refuse_taken(db, &mut done)?;
    write_all(db, writer, &done)?;
    Ok(done)
}

/// Decides what becomes of one worker of a batch.
fn decided(
    catalogue: &Catalogue,
    writer: &Writer,
    before: Option<&Worker>,
    one: &Upsert,
    now: Instant,
) -> Result<(BatchItemStatus, Worker)> {
    let mut profile = match before {
        Some(before) => replacement(before, one.profile.clone(), one.kept),
        None => one.profile.clone(),
    };
    check(
        catalogue,
        writer,
        before.map(|before| &before.profile),
        &mut profile,
    )?;
    let Some(before) = before else {
        if let Reach::Areas(_) = writer.reach {
            let area = profile.area.as_deref().unwrap_or_default();
            profile.source = Some(named_source(&writer.reach, &one.source, area)?);
        }
        return Ok((BatchItemStatus::Created, registered(writer, profile, now)?));
    };
    Ok(
        match changed(writer, (before, one.kept.is_blind()), profile, now)? {
            Some(after) => (BatchItemStatus::Updated, after),
            None => (BatchItemStatus::Unchanged, before.clone()),
        },
    )
}

fn of_status(done: &[Result<(BatchItemStatus, Worker)>], status: BatchItemStatus) -> Vec<Worker> {
    let with_status = done.iter().flatten().filter(|(own, _)| *own == status);
    with_status.map(|(_, worker)| worker.clone()).collect()
}

/// Turns new workers whose name somebody else has, or an earlier one of the batch got, into errors.
fn refuse_taken(db: &mut Db, done: &mut [Result<(BatchItemStatus, Worker)>]) -> Result<()> {
    let created = of_status(done, BatchItemStatus::Created);
    let names = created.iter().filter_map(named);
    let (sources, external_ids): (Vec<&str>, Vec<&str>) = names.unzip();
    let mut taken = store::taken_names(db, &sources, &external_ids)?;
    for one in done {
        if let Ok((BatchItemStatus::Created, worker)) = one
            && let Some((source, external_id)) = named(worker)
            && !taken.insert((source.to_owned(), external_id.to_owned()))
        {
            *one = Err(store::taken());
        }
    }
    Ok(())
}

fn named(worker: &Worker) -> Option<(&str, &str)> {
    let profile = &worker.profile;
    profile.source.as_deref().zip(profile.external_id.as_deref())
}

fn write_all(db: &mut Db, writer: &Writer, done: &[Result<(BatchItemStatus, Worker)>]) -> Result<()> {
    let created = of_status(done, BatchItemStatus::Created);
    let mut log = store::insert_unlogged(db, &writer.actor, &created).map_err(|error| match error {
        // An import or a change of a worker took the name at this moment: neither locks it.
        Error::Conflict { .. } => {
            Error::fault(Fault::Busy, "an external id of a batch was registered meanwhile")
        }
        error => error,
    })?;
    let updated = of_status(done, BatchItemStatus::Updated);
    let (mut changes, acts) = store::update_all_unlogged(db, &writer.actor, &updated)?;
    log.append(&mut changes);
    changes::store::append(db, &writer.actor, &log)?;
    audit::store::append_all(db, &acts)
}

/// Returns the profile that replaces a worker's.
fn replacement(before: &Worker, mut profile: NewWorker, kept: Kept) -> NewWorker {
    profile.source = before.profile.source.clone();
    if kept.personal {
        profile.personal = before.profile.personal.clone();
    }
    if kept.consent {
        profile.consent = before.profile.consent.clone();
    }
    profile
}

fn area_code(catalogue: &Catalogue, profile: &NewWorker) -> Option<String> {
    let area = profile.area.as_deref().and_then(|area| catalogue.area(area));
    area.map(|area| area.code.to_string())
}

fn write(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    (before, blind): (Worker, bool),
    mut profile: NewWorker,
) -> Result<Worker> {
    check(catalogue, writer, Some(&before.profile), &mut profile)?;
    name(db, &writer.reach, Some(&before), &mut profile)?;
    let Some(after) = changed(writer, (&before, blind), profile, Instant::now())? else {
        return Ok(before);
    };
    store::update(db, &writer.actor, &after)?;
    if after.profile.personal != before.profile.personal {
        // The stored answer has the data as they were.
        idempotency::forget(db, &after.id.to_string())?;
    }
    Ok(after)
}

/// Checks what the caller writes, and completes it.
fn check(
    catalogue: &Catalogue,
    writer: &Writer,
    before: Option<&NewWorker>,
    profile: &mut NewWorker,
) -> Result<()> {
    Error::together([
        check_privileged(writer, before, profile),
        profile.resolve(catalogue, before, calendar::today()),
    ])
}

/// Returns a new worker, who has to be within the reach.
fn registered(writer: &Writer, profile: NewWorker, now: Instant) -> Result<Worker> {
    let worker = Worker::register(Id::new(), profile, now).through(&writer.reach);
    stays_within_reach(writer, &worker)?;
    Ok(worker)
}

/// Returns the next version of a worker, who has to stay within the reach, or `None` if nothing changes and the caller may
/// know that.
fn changed(
    writer: &Writer,
    (before, blind): (&Worker, bool),
    profile: NewWorker,
    now: Instant,
) -> Result<Option<Worker>> {
    if profile == before.profile && !blind {
        return Ok(None);
    }
    let after = before.changed(profile, now);
    stays_within_reach(writer, &after)?;
    Ok(Some(after))
}

fn stays_within_reach(writer: &Writer, worker: &Worker) -> Result<()> {
    let owner = WorkerOwner {
        id: worker.id,
        area: worker.profile.area.as_deref(),
        partner: worker.partner_id,
        sandbox: worker.sandbox,
    };
    within_reach(is_own_worker(&writer.reach, &owner))
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
    if before.is_none() {
        store::lock_names(db, &[external_id])?;
    }
    let found = store::find_external(db, reach, source, external_id, Some(area))?;
    if found.is_some_and(|found| Some(found.id) != before.map(|before| before.id)) {
        return Err(store::taken());
    }
    profile.source = Some(named_source(reach, source, area)?);
    Ok(())
}
