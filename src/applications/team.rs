//! What follows for a team when a request or its applications change: places, loads, records, and the request's status.
//!
//! A request whose last place is taken is matched, and opens again when somebody leaves. When it ends, its applications
//! are closed with a reason and everybody's load is free again. What was delivered or dropped counts in the members' records,
//! beside what rosters say.
//!
//! Every function returns what to log, so that an import logs it together with its own writes.

use super::rules::{Taken, is_complete};
use super::{Application, ApplicationReason, ApplicationStatus, Outcome, store, waitlist};
use crate::auth::{Reach, UserRole};
use crate::catalogue::calendar;
use crate::changes::{Action, Change};
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, Deliverable, DeliverableStatus, ProjectReason};
use crate::error::{Error, Result, Text};
use crate::projects;
use crate::projects::team::Placed;
use crate::workers::{self, Counts};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// Finds the applications for a deliverable that haven't ended, and locks them and their workers. Call it
/// before the first write to the change log, with the deliverable locked, so that nobody else agrees or withdraws.
pub fn lock(db: &mut Db, deliverable: Id) -> Result<Vec<Application>> {
    let active = store::active(db, deliverable)?;
    let workers: Vec<Id> = active.iter().filter_map(|one| one.worker_id).collect();
    let records = workers::store::represented_by(db, &workers)?;
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
    store::active(db, deliverable)
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

/// Checks that a request isn't matched, begun or delivered without a team, neither by its status nor by saying that its team
/// wasn't formed elsewhere after all. A matched one just opens again then.
pub fn check(before: &Deliverable, after: &Deliverable, active: &[Application]) -> Result<()> {
    let status = after.request.status;
    let is_same = status == before.request.status
        && (!before.request.external_team || status == DeliverableStatus::Matched);
    if after.request.external_team || is_same || !status.has_team() {
        return Ok(());
    }
    let taken = agreed(active);
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
            "チームがまだそろっていません。応募を成立させるか、募集人数を変更してください。チームを別の方法で組んだ場合は external_team を true にしてください。",
            "The team isn't complete. Agree to applications, or change the places. If the team was formed elsewhere, set external_team to true.",
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
    let is_under_review = |one: &Deliverable| one.request.status.is_under_review();
    let (was_over, is_over) = (before.is_over(), after.is_over());
    let has_moved = before.request.status != after.request.status;
    // Each step of a review by itself: `status_since` is when it began.
    if is_under_review(before) && !was_over && (has_moved || is_over) {
        store::responses::leave_out(db, after.id, before.status_since, now)?;
    }
    for application in &active {
        let is_member = is_member(application);
        let is_asked = application.is_unanswered();
        // What an organization changes may still come back while a coordinator reads it.
        let is_needless = !is_over
            && !is_under_review(&after)
            && application.place.is_none()
            && !asks_for(&after, &application.role);
        let counted = |one: &Deliverable, is_over: bool| Counts {
            open: i16::from(application.place.is_some() && !is_over),
            delivered: i16::from(is_member && is_delivered(one)),
            ..Counts::default()
        };
        let had = counted(before, was_over);
        let has = Counts {
            ended: i16::from(!is_member && !is_asked && !was_over && (is_over || is_needless)),
            ..counted(&after, is_over)
        };
        if before.family == after.family {
            changes.extend(count(db, application, &after.family, has.minus(had), now)?);
        } else {
            // The request has another type now, of another family.
            let gone = Counts::default().minus(had);
            changes.extend(count(db, application, &before.family, gone, now)?);
            changes.extend(count(db, application, &after.family, has, now)?);
        }
        let (was_reviewed, is_reviewed) = (is_under_review(before), is_under_review(&after));
        if is_needless {
            let gone = declined(application, actor, ApplicationReason::NoLongerNeeded, now);
            changes.push(store::update_unlogged(db, &gone)?);
            // Who takes the role out of the request answers those who wait for it.
            store::responses::end(db, Some(actor), &gone)?;
        } else if was_reviewed && !is_reviewed && !is_over {
            let resumed = application.resumed(now);
            changes.extend(
                resumed
                    .map(|next| store::update_unlogged(db, &next))
                    .transpose()?,
            );
        }
        // What an import closed stays closed when it is undone.
        if !was_over && is_over && !(is_member && is_delivered(&after)) {
            changes.push(store::update_unlogged(
                db,
                &closed(application, actor, after.end_reason(), now),
            )?);
        }
    }
    changes.extend(projects::schedule::follow(db, actor, before, &after, now)?);
    let asks_for_more = before.request.roles != after.request.roles
        || before.request.external_team != after.request.external_team
        || has_moved;
    let (after, settled) = settle_for(db, actor, after, asks_for_more, now)?;
    changes.extend(settled);
    changes.extend(waitlist::balance(db, &after, now)?);
    Ok((after, changes))
}

/// Returns whether an application takes part in the team.
fn is_member(application: &Application) -> bool {
    application.outcome.status == ApplicationStatus::Agreed && application.place.is_some()
}

/// Returns the places of those who take part.
fn agreed(active: &[Application]) -> Taken {
    let members = active.iter().filter(|one| is_member(one));
    members
        .filter_map(|one| Some((one.role.to_string(), one.place?)))
        .collect()
}

/// Returns whether a request has places of a role, as far as its team is known.
fn asks_for(deliverable: &Deliverable, role: &str) -> bool {
    let roles = deliverable.request.roles.as_ref();
    roles.is_none_or(|roles| roles.iter().any(|wish| wish.role == *role))
}

fn closed(application: &Application, actor: &str, why: Option<ProjectReason>, now: Instant) -> Application {
    Application {
        request_reason: why,
        ..declined(application, actor, ApplicationReason::RequestClosed, now)
    }
}

/// Returns an application that the request itself ends.
fn declined(application: &Application, actor: &str, reason: ApplicationReason, now: Instant) -> Application {
    let outcome = Outcome {
        status: ApplicationStatus::Declined,
        reason: Some(reason),
        note: None,
        ..application.outcome.clone()
    };
    application.moved(actor, outcome, None, now)
}

/// Counts the held places of a request again, and sets an open one to matched if its team is complete and a matched one
/// to open if somebody has left it. A place that is only offered is held, but completes no team. The project follows.
pub fn settle(
    db: &mut Db,
    actor: &str,
    deliverable: Deliverable,
    now: Instant,
) -> Result<(Deliverable, Vec<Change>)> {
    settle_for(db, actor, deliverable, false, now)
}

/// Does the same for a request of which it is known whether it `asks_for_more` than before: a matched one opens then, too,
/// if its team isn't complete.
fn settle_for(
    db: &mut Db,
    actor: &str,
    deliverable: Deliverable,
    asks_for_more: bool,
    now: Instant,
) -> Result<(Deliverable, Vec<Change>)> {
    let (settled, holding, mut changes) = fill(db, deliverable, asks_for_more, now)?;
    let is_listed = settled.request.external_team;
    let placed = |one: Application| Placed {
        application_id: one.id,
        worker_id: one.worker_id,
        role: one.role,
        since: is_listed.then_some(one.created_at),
    };
    let team: Vec<Placed> = holding.into_iter().filter(is_member).map(placed).collect();
    changes.extend(projects::team::follow(
        db, actor, &settled, &team, reason_of, now,
    )?);
    Ok((settled, changes))
}

/// Does the same without the project. Returns the applications that hold a place, too. A matched request whose team isn't here
/// yet, since it comes with a list of its own, stays matched: nobody left it, and no place is offered again.
fn fill(
    db: &mut Db,
    deliverable: Deliverable,
    asks_for_more: bool,
    now: Instant,
) -> Result<(Deliverable, Vec<Application>, Vec<Change>)> {
    use DeliverableStatus::{Matched, Open};
    let (holding, filled) = held(db, deliverable.id)?;
    let is_complete = is_complete(&deliverable, &agreed(&holding));
    let is_offered = holding
        .iter()
        .any(|one| one.outcome.status == ApplicationStatus::Offered);
    let has_lost = |(role, before): (&String, &u16)| filled.get(role).is_none_or(|now| now < before);
    let opens = !deliverable.request.external_team
        && !is_complete
        && (asks_for_more || is_offered || deliverable.filled.iter().any(has_lost));
    let status = match deliverable.request.status {
        Open if is_complete => Matched,
        Matched if opens => Open,
        status => status,
    };
    let mut changes = Vec::new();
    let mut settled = deliverable;
    if filled != settled.filled || status != settled.request.status {
        settled = settled.settled(status, filled, now);
        changes.push(deliverables::store::update_unlogged(
            db,
            &settled,
            Action::Updated,
        )?);
    }
    Ok((settled, holding, changes))
}

/// Returns the applications that hold a place of a request, and how many there are in each role.
fn held(db: &mut Db, deliverable: Id) -> Result<(Vec<Application>, BTreeMap<String, u16>)> {
    use ApplicationStatus::{Agreed, Offered};
    let holding = store::of_deliverable(db, deliverable, &[Offered, Agreed])?;
    let mut filled: BTreeMap<String, u16> = BTreeMap::new();
    for one in &holding {
        *filled.entry(one.role.to_string()).or_default() += 1;
    }
    Ok((holding, filled))
}

/// Writes the next version of a request, with its held places counted again and nothing that would follow from that.
pub fn recount(db: &mut Db, deliverable: &Deliverable, now: Instant) -> Result<Change> {
    let (_, filled) = held(db, deliverable.id)?;
    let counted = deliverable.settled(deliverable.request.status, filled, now);
    deliverables::store::update_unlogged(db, &counted, Action::Updated)
}

/// Returns why an application ended.
fn reason_of(db: &mut Db, application: Id) -> Result<Option<String>> {
    let ended = store::find(db, &Reach::Everything, application)?;
    Ok(ended.outcome.reason.map(|reason| reason.code().to_owned()))
}

/// Adds to what was counted of the worker of an application. Lock the worker before.
pub fn count(
    db: &mut Db,
    application: &Application,
    family: &str,
    counts: Counts,
    now: Instant,
) -> Result<Option<Change>> {
    let Some(worker) = application.worker_id.filter(|_| counts != Counts::default()) else {
        return Ok(None);
    };
    workers::store::records::count(db, worker, (family, &application.role), counts, now)
}

/// Returns what a move of an application counts as, given whether the work has begun. A place that is held counts as open
/// from the offer on. What became of an invitation counts only once the worker has said yes; silence counts for nobody.
pub fn counts(before: &Application, after: &Application, has_begun: bool) -> Counts {
    use ApplicationStatus::{Agreed, Declined, Withdrawn};
    let (from, to) = (before.outcome.status, after.outcome.status);
    let open = i16::from(after.place.is_some()) - i16::from(before.place.is_some());
    let reason = after.outcome.reason;
    // Of one person, one application counts.
    let is_joined = reason == Some(ApplicationReason::SamePerson);
    let is_ended = from != Agreed && from != to && matches!(to, Agreed | Declined | Withdrawn) && !is_joined;
    Counts {
        open,
        ended: i16::from(is_ended && !before.is_unanswered()),
        placed: i16::from(is_ended && to == Agreed),
        withdrawn: i16::from(is_ended && to == Withdrawn && !before.is_unanswered()),
        dropped: i16::from(
            (from, to) == (Agreed, Withdrawn)
                && has_begun
                && reason.is_some_and(ApplicationReason::counts_as_dropped),
        ),
        ..Counts::default()
    }
}

/// Returns today if the caller speaks for the worker: what they do here is an answer.
pub fn answered_on(role: UserRole) -> Option<NaiveDate> {
    matches!(role, UserRole::Worker | UserRole::Partner).then(calendar::today)
}
