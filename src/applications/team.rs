//! What follows for a team when a request or its applications change: places, loads, records, and the request's status.
//!
//! A request whose last place is taken is matched, and opens again when somebody leaves. When it ends, its applications
//! are closed with a reason and everybody's load is free again. Delivered work counts in its members' records.
//!
//! Every function returns what to log, so that an import logs it together with its own writes.

use super::rules::is_complete;
use super::{Application, ApplicationReason, ApplicationStatus, Outcome, store};
use crate::auth::Reach;
use crate::changes::{Action, Change};
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, Deliverable, DeliverableStatus};
use crate::error::{Error, Result, Text};
use crate::workers::{self, Experience, NewWorker, TrackRecord};
use std::collections::{BTreeMap, BTreeSet};

/// The largest count in a worker's record.
const MOST: u16 = 1000;
/// The most families and roles in it.
const MOST_KINDS: usize = 100;

/// Finds the applications for a deliverable that haven't ended, and locks them and the workers of its team. Call it
/// before the first write to the change log, with the deliverable locked, so that nobody else accepts or withdraws.
pub fn lock(db: &mut Db, deliverable: Id) -> Result<Vec<Application>> {
    use ApplicationStatus::{Accepted, Submitted};
    let accepted = store::of_deliverable(db, deliverable, &[Accepted])?;
    let members: Vec<Id> = accepted.iter().filter_map(|one| one.worker_id).collect();
    let records = workers::store::represented_by(db, &members)?;
    // Merged records before those that represent them, like everywhere, so that nobody waits in a circle.
    let merged: BTreeSet<Id> = records
        .iter()
        .filter(|(id, by)| id != by)
        .map(|(id, _)| *id)
        .collect();
    let representing: BTreeSet<Id> = records.into_values().collect();
    for record in merged.into_iter().chain(representing) {
        lock_worker(db, record)?;
    }
    store::lock_active(db, deliverable)?;
    store::of_deliverable(db, deliverable, &[Submitted, Accepted])
}

/// Locks a worker's record and the one that it is merged into, since that is ranked. Returns those that exist.
pub fn lock_worker(db: &mut Db, worker: Id) -> Result<Vec<workers::Worker>> {
    let mut found = Vec::new();
    let mut next = Some(worker);
    while let Some(id) = next.take() {
        match workers::store::find_to_change(db, &Reach::Everything, id) {
            Err(Error::NotFound { .. }) => {}
            worker => {
                let worker = worker?;
                next = worker.merged_into.filter(|into| *into != id);
                found.push(worker);
            }
        }
    }
    Ok(found)
}

/// Checks that a request isn't matched, begun or delivered without a team.
pub fn check(before: &Deliverable, after: &Deliverable, active: &[Application]) -> Result<()> {
    let status = after.request.status;
    if after.request.external_team || status == before.request.status || !status.has_team() {
        return Ok(());
    }
    let taken = active
        .iter()
        .filter_map(|one| Some((one.role.to_string(), one.place?)))
        .collect();
    let is_formed = match status {
        DeliverableStatus::Matched => is_complete(after, &taken),
        _ => !taken.is_empty(),
    };
    if is_formed {
        return Ok(());
    }
    Err(Error::Conflict {
        code: "incomplete_team",
        detail: Text::new(
            "チームがまだそろっていません。応募を承諾するか、募集人数を変更してください。チームを別の方法で組んだ場合は external_team を true にしてください。",
            "The team isn't complete. Accept applications, or change the places. If the team was formed elsewhere, set external_team to true.",
        ),
    })
}

/// Brings applications, workers and the request itself in line with a request that was changed from `before` to `after`.
/// Returns the request as it is then.
pub fn follow(
    db: &mut Db,
    actor: &str,
    before: &Deliverable,
    after: Deliverable,
    active: Vec<Application>,
    now: Instant,
) -> Result<(Deliverable, Vec<Change>)> {
    let mut changes = Vec::new();
    let is_delivered = |one: &Deliverable| one.request.status == DeliverableStatus::Delivered;
    let (was_over, is_over) = (before.is_over(), after.is_over());
    for application in &active {
        let is_member = application.outcome.status == ApplicationStatus::Accepted;
        let worker = application.worker_id.filter(|_| is_member);
        let role = application.role.as_str();
        match (was_over, is_over) {
            (false, true) => {
                if let Some(worker) = worker {
                    let delivered = i16::from(is_delivered(&after));
                    let counts = Counts { load: -1, delivered };
                    changes.extend(count(db, actor, worker, counts, &after.family, role, now)?);
                }
                if !(is_member && is_delivered(&after)) {
                    changes.push(store::update_unlogged(db, &closed(application, now))?);
                }
            }
            // An import that ended the request was undone. What it closed stays closed.
            (true, false) => {
                if let Some(worker) = worker {
                    let delivered = -i16::from(is_delivered(before));
                    let counts = Counts { load: 1, delivered };
                    changes.extend(count(db, actor, worker, counts, &before.family, role, now)?);
                }
            }
            _ => {}
        }
    }
    let (after, change) = settle(db, after, now)?;
    changes.extend(change);
    Ok((after, changes))
}

fn closed(application: &Application, now: Instant) -> Application {
    Application {
        place: None,
        outcome: Outcome {
            status: ApplicationStatus::Declined,
            reason: Some(ApplicationReason::RequestClosed),
            note: None,
        },
        version: application.version + 1,
        updated_at: now,
        ..application.clone()
    }
}

/// Counts the taken places of a request again, and sets an open one to matched if its team is complete and a matched one
/// to open if its team isn't.
pub fn settle(db: &mut Db, deliverable: Deliverable, now: Instant) -> Result<(Deliverable, Option<Change>)> {
    use DeliverableStatus::{Matched, Open};
    let taken = store::taken(db, deliverable.id)?;
    let mut filled: BTreeMap<String, u16> = BTreeMap::new();
    for (role, _) in &taken {
        *filled.entry(role.clone()).or_default() += 1;
    }
    let is_complete = is_complete(&deliverable, &taken);
    let status = match deliverable.request.status {
        Open if is_complete => Matched,
        Matched if !is_complete && !deliverable.request.external_team => Open,
        status => status,
    };
    if filled == deliverable.filled && status == deliverable.request.status {
        return Ok((deliverable, None));
    }
    let settled = deliverable.settled(status, filled, now);
    let change = deliverables::store::update_unlogged(db, &settled, Action::Updated)?;
    Ok((settled, Some(change)))
}

/// What to add to a worker's open load, and to the number of projects delivered.
pub struct Counts {
    pub load: i16,
    pub delivered: i16,
}

/// Adds to a worker's open load and record.
pub fn count(
    db: &mut Db,
    actor: &str,
    worker: Id,
    counts: Counts,
    family: &str,
    role: &str,
    now: Instant,
) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for record in lock_worker(db, worker)? {
        let mut profile = record.profile.clone();
        profile.open_load = profile.open_load.saturating_add_signed(counts.load);
        if counts.delivered != 0 {
            count_delivered(&mut profile, counts.delivered, family, role);
        }
        if profile != record.profile {
            let (change, _) = workers::store::update_unlogged(db, actor, &record.changed(profile, now))?;
            changes.push(change);
        }
    }
    Ok(changes)
}

fn count_delivered(profile: &mut NewWorker, by: i16, family: &str, role: &str) {
    let add = |to: u16| to.saturating_add_signed(by).min(MOST);
    let record = profile.track_record.get_or_insert(TrackRecord {
        completed: 0,
        dropped: 0,
    });
    record.completed = add(record.completed);
    let experience = profile.experience.get_or_insert_default();
    let is_same = |past: &&mut Experience| past.family == family && past.role == role;
    let has_room = experience.len() < MOST_KINDS;
    match experience.iter_mut().find(is_same) {
        Some(past) => past.delivered = add(past.delivered),
        None if by > 0 && has_room => experience.push(Experience {
            family: family.to_owned(),
            role: role.to_owned(),
            delivered: 1,
        }),
        None => {}
    }
    experience.retain(|past| past.delivered > 0);
}
