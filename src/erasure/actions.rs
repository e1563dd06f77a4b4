//! Exporting and erasing a person, and applying the retention periods.

use super::{MOST, PersonalData, Reached, keep, store};
use crate::audit::{self, Act, AuditAction};
use crate::auth::Reach;
use crate::db::{Db, Id, Instant};
use crate::error::Result;
use crate::http::page::{self, Part};
use crate::imports::jobs::people;
use crate::workers::Worker;
use crate::{
    applications, auth, changes, duplicates, events, imports, press, projects, reviews, rounds, sessions,
    users, workers,
};

/// The actor of erasures that nobody requested.
const RETENTION: &str = "retention";

/// How many records one transaction erases or clears.
const BATCH: i64 = 100;

/// Exports what is held on a person, after the entries that earlier answers had, and records it in the audit.
pub fn export(db: &mut Db, reach: &Reach, actor: &str, id: Id, mut reached: Reached) -> Result<PersonalData> {
    // One more tells whether there are more.
    const LIMIT: i64 = MOST as i64 + 1;
    let part = |last| Part::after(last, LIMIT);
    let worker = workers::store::find_to_change(db, reach, id)?;
    let account = users::store::held_on(db, id)?;
    let mut consents = workers::store::consents::held_on(db, id, part(reached.consents))?;
    let mut has_more = keep(&mut consents, &mut reached.consents, |(id, _)| *id);
    let mut applications = applications::store::held_on(db, reach, id, part(reached.applications))?;
    has_more |= keep(&mut applications, &mut reached.applications, |one| one.id);
    let mut projects = projects::store::memberships(db, id, part(reached.projects))?;
    has_more |= keep(&mut projects, &mut reached.projects, |(application, _)| {
        *application
    });
    let mut project_work = projects::store::work::held_on(db, id, part(reached.project_work))?;
    has_more |= keep(&mut project_work, &mut reached.project_work, |one| one.id);
    let mut registrations = events::registrants::shown(db, reach, &worker, part(reached.registrations))?;
    has_more |= keep(&mut registrations, &mut reached.registrations, |one| one.id);
    // A partner doesn't learn who else viewed the person's data.
    let only = matches!(reach, Reach::Partner(_)).then_some(actor);
    let mut audit = audit::store::summarize(db, id, only, reached.audit.as_ref(), LIMIT)?;
    has_more |= keep(&mut audit, &mut reached.audit, |one| {
        (one.actor.clone(), one.action.clone())
    });
    let members: Vec<Id> = applications.iter().map(|one| one.id).collect();
    let data = PersonalData {
        next: has_more.then(|| page::encode(&reached)),
        consents: consents.into_iter().map(|(_, consent)| consent).collect(),
        reviews: reviews::actions::held_on(db, id, &members)?,
        applications,
        projects: projects.into_iter().map(|(_, member)| member).collect(),
        project_work,
        registrations,
        sessions: match &account {
            Some(account) => sessions::store::held_on(db, account.id)?,
            None => Vec::new(),
        },
        account,
        audit,
        worker,
    };
    let act = Act::new(actor, AuditAction::PersonalDataExported, id);
    audit::store::append(db, &act)?;
    Ok(data.shown_to(reach))
}

/// Finds a worker within the reach and erases them, if `check` allows it.
pub fn erase_one(
    db: &mut Db,
    reach: &Reach,
    actor: &str,
    id: Id,
    check: impl FnOnce(&Worker) -> Result<()>,
) -> Result<()> {
    duplicates::store::lock_all(db)?;
    applications::leaving::lock(db, &[id])?;
    let worker = workers::store::find_to_change(db, reach, id)?;
    check(&worker)?;
    remove(db, Some(reach), actor, &[worker])
}

/// Erases people: their records, what they wrote to us and what we answered. The change log and the audit keep ids. First
/// they leave their teams, so that the places are free for others. The files of imports that name them are searched for afterwards.
///
/// Lock all pairs of duplicates before the first worker: their detector writes about the workers whose records go.
pub fn erase(db: &mut Db, actor: &str, workers: &[Worker]) -> Result<()> {
    remove(db, Some(&Reach::Everything), actor, workers)
}

/// Takes back the registration of workers, whose import is undone: their records go with what hangs on them. What else is known of
/// the people, and the files that name them, stay: they don't ask to be forgotten.
pub fn take_back(db: &mut Db, actor: &str, workers: &[Worker]) -> Result<()> {
    remove(db, None, actor, workers)
}

/// Removes the records of people, and what else the reach, if there is one, has of them.
fn remove(db: &mut Db, reach: Option<&Reach>, actor: &str, workers: &[Worker]) -> Result<()> {
    let digests = auth::store::digests(db)?;
    let mut named = Vec::new();
    let ids: Vec<Id> = workers.iter().map(|worker| worker.id).collect();
    let counted: Vec<Worker>;
    let workers: &[Worker] = if applications::leaving::leave(db, actor, &ids, Instant::now())? {
        // Leaving has changed what is counted of them.
        let find = |id: &Id| workers::store::find_to_change(db, &Reach::Everything, *id);
        counted = ids.iter().map(find).collect::<Result<_>>()?;
        &counted
    } else {
        workers
    };
    for worker in workers {
        let mut changes = reviews::actions::forget(db, worker.id)?;
        changes.append(&mut applications::store::forget(db, worker.id)?);
        changes.append(&mut events::registrants::forget(db, reach, worker)?);
        rounds::store::forget(db, worker.id)?;
        changes.append(&mut projects::store::work::forget(db, worker.id)?);
        projects::store::forget_memberships(db, worker.id)?;
        let account = users::store::held_on(db, worker.id)?;
        changes.extend(users::store::forget(db, worker.id)?);
        imports::jobs::store::people::forget_digests(db, &changes)?;
        changes.append(&mut workers::store::forget(db, worker)?);
        duplicates::store::forget(db, worker.id)?;
        changes::store::append(db, actor, &changes)?;
        audit::store::append(db, &Act::new(actor, AuditAction::WorkerErased, worker.id))?;
        if reach.is_some() {
            named.push(people::of_worker(&digests, worker, account.as_ref()));
        }
    }
    imports::jobs::store::people::forget(db, &ids, &named)
}

/// Erases workers whose records nobody has changed since, unless they have an active application. Returns how
/// many; call it again until it returns 0.
pub fn erase_idle(db: &mut Db, since: Instant) -> Result<usize> {
    duplicates::store::lock_all(db)?;
    let idle = store::idle(db, since, BATCH)?;
    applications::leaving::lock(db, &idle)?;
    let find = |id: &Id| workers::store::find_to_change(db, &Reach::Everything, *id);
    let workers: Vec<Worker> = idle.iter().map(find).collect::<Result<_>>()?;
    erase(db, RETENTION, &workers)?;
    Ok(idle.len())
}

/// Clears messages and notes of applications that ended before, the words of reviews that were last changed before, and who
/// was registered for events that were over before, or taken off their lists.
/// Returns how many; call it again until it returns 0.
pub fn forget_messages(db: &mut Db, before: Instant) -> Result<usize> {
    let mut changes = applications::store::forget_messages(db, before, BATCH)?;
    changes.append(&mut reviews::store::forget_words(db, before, BATCH)?);
    changes.append(&mut events::store::registrations::forget_old(db, before, BATCH)?);
    imports::jobs::store::people::forget_digests(db, &changes)?;
    changes::store::append(db, RETENTION, &changes)?;
    let departed = events::store::departures::forget_old(db, before, BATCH)?;
    let forgotten = press::store::feedback::forget_words(db, before, BATCH)?;
    Ok(changes.len() + departed + forgotten)
}
