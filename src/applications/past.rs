//! What lists of offices say about applications: who was in a team that was formed elsewhere; and taking back what such a
//! list has written.
//!
//! As in `actions`, the deliverable is locked first, then the worker, then the applications, then the change log.

use super::actions::{LockedApplication, find_for_update, find_worker, is_kept_apart};
use super::rules::{check_capacity, delivered_team, free_place, role_filled, unavailable};
use super::{
    Application, ApplicationReason, ApplicationStatus, NewApplication, Outcome, store, team, twice, waitlist,
};
use crate::auth::{Reach, Writer, within_reach};
use crate::changes::{self, Action};
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, Deliverable, DeliverableStatus};
use crate::error::{Error, Result, Text};
use crate::projects;
use crate::reach::store::has_deliverable;
use crate::values::Lifecycle;
use crate::workers::Counts;
use ApplicationStatus::{Agreed, Withdrawn};

/// Returns whether the team of a request was formed elsewhere, so that a list says who is in it.
pub fn is_listed(deliverable: &Deliverable) -> bool {
    deliverable.request.external_team && deliverable.request.status.has_team()
}

/// Records a member of a team that was formed elsewhere. Nobody applied, so the rates of acceptance don't count it; a
/// delivery does, and a place in a team that still works is part of the open load.
pub fn record(
    db: &mut Db,
    writer: &Writer,
    (id, sent_at): (Id, Instant),
    new: NewApplication,
    outcome: Outcome,
    now: Instant,
) -> Result<Application> {
    let Writer { actor, reach, .. } = writer;
    let deliverable = deliverables::store::find_for_update(db, reach, new.deliverable_id)?;
    within_reach(has_deliverable(db, reach, deliverable.id)?)?;
    if !is_listed(&deliverable) || outcome.status != Agreed {
        return Err(only_members());
    }
    let worker = find_worker(db, reach, new.worker_id)?;
    let is_apart = is_kept_apart(db, Some(&deliverable), worker.as_ref())?;
    if deliverable.request.roles.is_some() {
        new.check(Some(&deliverable), worker.as_ref())?;
    }
    let is_delivered = deliverable.request.status == DeliverableStatus::Delivered;
    let known = worker.filter(|one| one.profile.consent.is_some() && !one.sandbox && !is_apart);
    let known = known.ok_or_else(unavailable)?;
    if !is_delivered {
        check_capacity(&known)?;
    }
    twice::check(db, (deliverable.id, id), &known, twice::HOLDERS)?;
    let taken = store::taken(db, deliverable.id)?;
    let place = match &deliverable.request.roles {
        Some(_) => free_place(&deliverable, &new.role, &taken),
        // What was published about past work names no team.
        None => (1..=MOST_PLACES).find(|place| !taken.contains(&(new.role.to_string(), *place))),
    };
    let place = place.ok_or_else(|| role_filled(&new.role))?;
    let application = Application {
        place: Some(place),
        outcome: Outcome {
            worker_agrees: true,
            organization_agrees: true,
            respond_by: None,
            ..outcome
        },
        created_at: sent_at,
        ..Application::submit(id, new, Agreed, &known, actor, now)
    };
    team::lock_worker(db, known.id)?;
    store::lock_active(db, deliverable.id)?;
    store::insert(db, actor, &application)?;
    let counts = Counts {
        open: i16::from(!is_delivered),
        delivered: i16::from(is_delivered),
        ..Counts::default()
    };
    let mut changes = Vec::new();
    changes.extend(team::count(db, &application, &deliverable.family, counts, now)?);
    let (_, settling) = team::settle(db, actor, deliverable, now)?;
    changes.extend(settling);
    changes::store::append(db, actor, &changes)?;
    Ok(application)
}

/// Returns whether an application that comes back from an export can only be put where it was: it has ended, or its request
/// takes no applications any more.
pub fn is_put_back(deliverable: &Deliverable, status: ApplicationStatus) -> bool {
    let has_team = deliverable.request.status.has_team();
    match status {
        ApplicationStatus::Submitted | ApplicationStatus::Waitlisted => has_team,
        Agreed => is_listed(deliverable),
        status => status.is_end(),
    }
}

/// Puts an application that comes back from an export where it was, with what counts of it. It begins no project, since that
/// comes back with its own list.
pub fn put_back(
    db: &mut Db,
    writer: &Writer,
    (id, sent_at): (Id, Instant),
    new: NewApplication,
    outcome: Outcome,
    now: Instant,
) -> Result<Application> {
    let Writer { actor, reach, .. } = writer;
    let deliverable = deliverables::store::find_archived_too_for_update(db, new.deliverable_id)?;
    within_reach(has_deliverable(db, reach, deliverable.id)?)?;
    let worker = find_worker(db, reach, new.worker_id)?.ok_or_else(unavailable)?;
    let is_member = outcome.status == Agreed;
    let place = match is_member {
        true => {
            let taken = store::taken(db, deliverable.id)?;
            let mut places = 1..=MOST_PLACES;
            let free = places.find(|place| !taken.contains(&(new.role.to_string(), *place)));
            Some(free.ok_or_else(|| role_filled(&new.role))?)
        }
        false => None,
    };
    let application = Application {
        place,
        outcome: Outcome {
            worker_agrees: is_member,
            organization_agrees: is_member,
            ..outcome.clone()
        },
        created_at: sent_at,
        ..Application::submit(id, new, outcome.status, &worker, actor, now)
    };
    team::lock_worker(db, worker.id)?;
    store::lock_active(db, deliverable.id)?;
    store::insert(db, actor, &application)?;
    let counts = counted(&application, &deliverable);
    let mut changes = Vec::new();
    changes.extend(team::count(db, &application, &deliverable.family, counts, now)?);
    if is_member {
        let is_under_way = match projects::store::find(db, &Reach::Everything, deliverable.id) {
            Err(Error::NotFound { .. }) => false,
            found => found.map(|_| true)?,
        };
        changes.extend(match is_under_way {
            true => team::settle(db, actor, deliverable, now)?.1,
            false => team::fill(db, deliverable, now)?.2,
        });
    }
    changes::store::append(db, actor, &changes)?;
    Ok(application)
}

/// The most places of a role.
const MOST_PLACES: u16 = 20;

fn only_members() -> Error {
    Error::Conflict {
        code: "deliverable_not_open",
        detail: Text::new(
            "この支援内容は募集していません。チームを外部で組んだ依頼（external_team）には、成立（agreed）の行だけを取り込めます。",
            "This deliverable doesn't take applications. If its team was formed elsewhere (external_team), only members can be imported: rows with the status agreed.",
        ),
    }
}

/// Puts an application back to the outcome that it had, or removes it if it is new (`before` is none), with what was counted
/// of it. Texts stay as they are. A team whose work was delivered here stays. Returns the deliverable.
pub fn take_back(db: &mut Db, actor: &str, id: Id, before: Option<Outcome>, now: Instant) -> Result<Id> {
    let locked = find_for_update(db, &Reach::Everything, id)?;
    let LockedApplication {
        application,
        deliverable,
        worker,
    } = locked;
    let is_over = deliverable.as_ref().is_none_or(Deliverable::is_over);
    let is_listed = deliverable.as_ref().is_some_and(is_listed);
    if application.place.is_some() && is_over && !is_listed {
        return Err(delivered_team());
    }
    let is_new = before.is_none();
    let target = before.unwrap_or(Outcome {
        status: Withdrawn,
        reason: Some(ApplicationReason::Other),
        ..Outcome::default()
    });
    let outcome = Outcome {
        note: application.outcome.note.clone(),
        agreement: application.outcome.agreement.clone(),
        ..target
    };
    let place = match (outcome.status.holds_place(), application.place, &deliverable) {
        (false, ..) => None,
        (true, Some(place), _) => Some(place),
        (true, None, Some(deliverable)) => {
            // Another record of the same person may have got a place meanwhile.
            if let Some(worker) = &worker {
                twice::check_move(db, &application, worker)?;
            }
            let taken = store::taken(db, deliverable.id)?;
            let free = free_place(deliverable, &application.role, &taken);
            Some(free.ok_or_else(|| role_filled(&application.role))?)
        }
        (true, None, None) => return Err(delivered_team()),
    };
    if let Some(member) = &worker {
        team::lock_worker(db, member.id)?;
    }
    store::lock_active(db, application.deliverable_id)?;
    let after = application.moved(actor, outcome, place, now);
    let mut changes = vec![store::update_unlogged(db, &after)?];
    if let Some(deliverable) = deliverable {
        let had = counted(&application, &deliverable);
        let has = if is_new {
            Counts::default()
        } else {
            counted(&after, &deliverable)
        };
        changes.extend(team::count(db, &after, &deliverable.family, has.minus(had), now)?);
        let (settled, settling) = team::settle(db, actor, deliverable, now)?;
        changes.extend(settling);
        changes.extend(waitlist::balance(db, &settled, now)?);
        if is_new {
            changes.push(store::delete(db, &after)?);
            // Rankings count the answers of a request again when it changes.
            let (status, filled) = (settled.request.status, settled.filled.clone());
            let counted = settled.settled(status, filled, now);
            changes.push(deliverables::store::update_unlogged(
                db,
                &counted,
                Action::Updated,
            )?);
        }
    } else if is_new {
        changes.push(store::delete(db, &after)?);
    }
    changes::store::append(db, actor, &changes)?;
    Ok(after.deliverable_id)
}

/// Returns what is counted of an application as it is.
fn counted(one: &Application, deliverable: &Deliverable) -> Counts {
    let is_member = one.outcome.status == Agreed && one.place.is_some();
    let is_delivered = deliverable.request.status == DeliverableStatus::Delivered;
    let submitted = Application {
        outcome: Outcome::default(),
        place: None,
        ..one.clone()
    };
    // Nobody applied to a team that was formed elsewhere, also if it was dissolved.
    let is_closed = one.outcome.reason == Some(ApplicationReason::RequestClosed);
    let ended = match deliverable.request.external_team && (is_member || is_closed) {
        true => Counts::default(),
        false => team::counts(&submitted, one, false),
    };
    Counts {
        open: i16::from(one.place.is_some() && !deliverable.is_over()),
        delivered: i16::from(is_member && is_delivered),
        ..ended
    }
}
