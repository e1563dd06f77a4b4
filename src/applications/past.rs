//! What lists of offices say about applications: who was in a team that was formed elsewhere; what own exports bring back; and
//! taking back what such a list has written.
//!
//! As in `actions`, the deliverable is locked first, then the worker, then the applications, then the change log.

use super::actions::{LockedApplication, find_for_update, find_worker, is_kept_apart};
use super::rules::{check_capacity, delivered_team, free_place, role_filled, unavailable};
use super::{
    Application, ApplicationReason, ApplicationStatus, NewApplication, Outcome, store, team, twice, waitlist,
};
use crate::auth::{Reach, Writer, within_reach};
use crate::catalogue::calendar::day_in_tokyo;
use crate::changes::{self, Action};
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, Deliverable, DeliverableStatus, ProjectReason};
use crate::error::{Error, Result, Text};
use crate::projects::work::{Entry, NewMeeting};
use crate::projects::{self, Member, Project, ProjectStatus};
use crate::reach::store::has_deliverable;
use crate::values::{Code, Lifecycle};
use crate::workers::Counts;
use ApplicationStatus::{Agreed, Withdrawn};
use serde::{Deserialize, Serialize};

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

/// What an own export tells of an application, beside what every list may say.
#[derive(Default)]
pub struct Told {
    pub place: Option<u16>,
    pub request_reason: Option<ProjectReason>,
    pub warned_at: Option<Instant>,
    pub moved_up_at: Option<Instant>,
    /// When it ended.
    pub closed_at: Option<Instant>,
    /// When it moved last.
    pub updated_at: Option<Instant>,
}

/// An application that has come back.
pub struct PutBack {
    pub application: Application,
    /// Whether its worker is in the team of a project that is here.
    pub has_joined: bool,
}

/// Puts an application that comes back from an export where it was, with what counts of it. That is no step that anybody takes: it
/// moves nobody else, and neither the request nor its project, which come back with their own lists. If the request is over here,
/// so is the application.
pub fn put_back(
    db: &mut Db,
    writer: &Writer,
    (id, sent_at): (Id, Instant),
    new: NewApplication,
    outcome: Outcome,
    told: Told,
    now: Instant,
) -> Result<PutBack> {
    // The project is locked before the change log.
    deliverables::store::find_archived_too_for_update(db, new.deliverable_id)?;
    let project = match projects::store::find_for_update(db, &Reach::Everything, new.deliverable_id) {
        Err(Error::NotFound { .. }) => None,
        found => Some(found?),
    };
    let application = bring_back(db, writer, (id, sent_at), new, outcome, told, now)?;
    let is_member = application.outcome.status == Agreed && application.place.is_some();
    let project = project.filter(|_| is_member);
    if let Some(project) = &project {
        let member = membership(&application, application.updated_at, None);
        projects::past::enter(db, &writer.actor, project, &member)?;
    }
    Ok(PutBack {
        application,
        has_joined: project.is_some(),
    })
}

/// Does the same for the application alone.
fn bring_back(
    db: &mut Db,
    writer: &Writer,
    (id, sent_at): (Id, Instant),
    new: NewApplication,
    outcome: Outcome,
    told: Told,
    now: Instant,
) -> Result<Application> {
    let Writer { actor, reach, .. } = writer;
    let deliverable = deliverables::store::find_archived_too_for_update(db, new.deliverable_id)?;
    within_reach(has_deliverable(db, reach, deliverable.id)?)?;
    let worker = find_worker(db, reach, new.worker_id)?.ok_or_else(unavailable)?;
    let is_delivered = deliverable.request.status == DeliverableStatus::Delivered;
    let is_closed =
        deliverable.is_over() && !outcome.status.is_end() && !(outcome.status == Agreed && is_delivered);
    let (outcome, told) = match is_closed {
        true => (closed(outcome), closed_by(&deliverable, now)),
        false => (outcome, told),
    };
    let place = match outcome.status.holds_place() && !worker.sandbox {
        true => Some(place_like(db, &deliverable, &new.role, told.place)?),
        false => None,
    };
    let closed_at = told.closed_at.filter(|_| outcome.status.is_end());
    let application = Application {
        place,
        outcome,
        closed_at: closed_at.map(|at| at.min(now)),
        closed_by: is_closed.then(|| actor.clone()),
        moved_up_at: told.moved_up_at,
        request_reason: told.request_reason,
        created_at: sent_at,
        updated_at: told.updated_at.map_or(now, |at| at.min(now)),
        ..Application::submit(id, new, ApplicationStatus::default(), &worker, actor, now)
    };
    let application = application.waiting_still(told.warned_at, now);
    team::lock_worker(db, worker.id)?;
    store::lock_active(db, deliverable.id)?;
    store::insert(db, actor, &application)?;
    store::responses::ask(db, &application)?;
    let counts = counted(&application, &deliverable);
    let mut changes = Vec::new();
    changes.extend(team::count(db, &application, &deliverable.family, counts, now)?);
    if place.is_some() {
        changes.push(team::recount(db, &deliverable, now)?);
    }
    changes::store::append(db, actor, &changes)?;
    Ok(application)
}

/// Returns the outcome of an application whose request is over.
fn closed(outcome: Outcome) -> Outcome {
    Outcome {
        status: ApplicationStatus::Declined,
        reason: Some(ApplicationReason::RequestClosed),
        ..outcome
    }
}

fn closed_by(deliverable: &Deliverable, now: Instant) -> Told {
    Told {
        closed_at: Some(now),
        request_reason: deliverable.end_reason(),
        ..Told::default()
    }
}

/// Returns the place of a role that a list tells of, or the first free one if somebody else has it here.
fn place_like(db: &mut Db, deliverable: &Deliverable, role: &Code, told: Option<u16>) -> Result<u16> {
    let taken = store::taken(db, deliverable.id)?;
    let is_free = |place: &u16| !taken.contains(&(role.to_string(), *place));
    let own = told.filter(|place| (1..=MOST_PLACES).contains(place) && is_free(place));
    let found = own.or_else(|| (1..=MOST_PLACES).find(is_free));
    found.ok_or_else(|| role_filled(role))
}

fn membership(
    application: &Application,
    joined_at: Instant,
    left: Option<(Instant, Option<String>)>,
) -> Member {
    let (left_at, reason) = left.unzip();
    Member {
        application_id: application.id,
        project_id: application.deliverable_id,
        worker_id: application.worker_id,
        alias: None,
        role: application.role.clone(),
        joined_at,
        left_at,
        reason: reason.flatten(),
    }
}

/// Takes away an application that an own export has brought back, with what was counted of it. That moves nobody else either.
pub fn take_away(db: &mut Db, actor: &str, id: Id, has_joined: bool, now: Instant) -> Result<()> {
    let unlocked = store::find(db, &Reach::Everything, id)?;
    let deliverable = deliverables::store::find_archived_too_for_update(db, unlocked.deliverable_id)?;
    if let Some(worker) = unlocked.worker_id {
        team::lock_worker(db, worker)?;
    }
    store::lock_active(db, deliverable.id)?;
    let application = store::find(db, &Reach::Everything, id)?;
    if has_joined {
        check_idle(db, &application)?;
        projects::store::delete_member(db, id)?;
    } else if projects::store::has_joined(db, id)? {
        return Err(in_team());
    }
    let gone = Counts::default().minus(counted(&application, &deliverable));
    let mut changes = Vec::new();
    changes.extend(team::count(db, &application, &deliverable.family, gone, now)?);
    store::responses::delete(db, id)?;
    changes.push(store::delete(db, &application)?);
    changes.push(team::recount(db, &deliverable, now)?);
    changes::store::append(db, actor, &changes)
}

/// Somebody who is or was in a team, as an own export tells.
#[derive(Clone)]
pub struct Teammate {
    /// Absent in older exports.
    pub application: Option<Id>,
    pub worker: Id,
    pub role: Code,
    pub joined_at: Instant,
    /// When they left, and why.
    pub left: Option<(Instant, Option<String>)>,
}

/// How somebody has come back into a team, to take it back.
#[derive(Serialize, Deserialize)]
pub struct Rejoined {
    application: Id,
    /// Whether their application came with them, because no list had brought it.
    is_new: bool,
    /// Whether somebody who has left counts as having dropped out. Null for who is there.
    dropped: Option<bool>,
}

/// Puts somebody back into the team of a project that comes back. Returns `None` if what is here contradicts it: the application is
/// another one's, was listed before, or is in another state. Lock the deliverable and all workers of the team before.
pub fn rejoin(
    db: &mut Db,
    writer: &Writer,
    (project, deliverable): (&Project, &Deliverable),
    mate: Teammate,
    now: Instant,
) -> Result<Option<Rejoined>> {
    let has_left = mate.left.is_some();
    let mut own = Vec::new();
    for one in store::of_workers(db, Some(&[project.id]), &[mate.worker])? {
        let is_it = match has_left {
            true => one.outcome.status.is_end(),
            false => one.outcome.status == Agreed,
        };
        if one.role == mate.role && is_it && !projects::store::has_joined(db, one.id)? {
            own.push(one);
        }
    }
    let is_known = match mate.application {
        Some(id) => !store::versions(db, &[id])?.is_empty(),
        None => false,
    };
    let found = match is_known {
        true => own.into_iter().find(|one| Some(one.id) == mate.application),
        false => own.into_iter().next_back(),
    };
    if is_known && found.is_none() {
        return Ok(None);
    }
    let is_new = found.is_none();
    let application = match found {
        Some(found) => found,
        None => {
            let id = mate.application.unwrap_or_default();
            applied(db, writer, id, project, &mate, now)?
        }
    };
    let left = match mate.left {
        None if application.outcome.status != Agreed => Some((now, None)),
        left => left,
    };
    let dropped = left.as_ref().map(|(at, _)| {
        let had_begun = match project.plan.status {
            ProjectStatus::Planned => false,
            ProjectStatus::InProgress => *at >= project.status_since,
            _ => day_in_tokyo(at.utc()) >= project.first_day(),
        };
        let reason = application.outcome.reason;
        application.outcome.status == Withdrawn
            && had_begun
            && reason.is_some_and(ApplicationReason::counts_as_dropped)
    });
    projects::past::enter(
        db,
        &writer.actor,
        project,
        &membership(&application, mate.joined_at, left),
    )?;
    let rejoined = Rejoined {
        application: application.id,
        is_new,
        dropped,
    };
    let counts = rejoined.counts(&application, deliverable);
    let change = team::count(db, &application, &deliverable.family, counts, now)?;
    changes::store::append(db, &writer.actor, change.as_slice())?;
    Ok(Some(rejoined))
}

/// Records the application of somebody in a team, of which the team's list says only what became of it.
fn applied(
    db: &mut Db,
    writer: &Writer,
    id: Id,
    project: &Project,
    mate: &Teammate,
    now: Instant,
) -> Result<Application> {
    use ApplicationReason::{AnotherChosen, NoLongerNeeded, Other, RequestClosed, SamePerson, Skills};
    let new = NewApplication {
        direction: Default::default(),
        deliverable_id: project.id,
        worker_id: mate.worker,
        role: mate.role.clone(),
        message: None,
    };
    let (status, reason) = match &mate.left {
        None => (Agreed, None),
        Some((_, reason)) => {
            let reason = reason
                .as_deref()
                .and_then(|code| code.parse().ok())
                .unwrap_or(Other);
            let status = match reason {
                AnotherChosen | NoLongerNeeded | RequestClosed | SamePerson | Skills => {
                    ApplicationStatus::Declined
                }
                _ => Withdrawn,
            };
            (status, Some(reason))
        }
    };
    let outcome = Outcome {
        status,
        reason,
        worker_agrees: true,
        organization_agrees: true,
        ..Outcome::default()
    };
    let left_at = mate.left.as_ref().map(|(at, _)| *at);
    let told = Told {
        closed_at: left_at,
        updated_at: Some(left_at.unwrap_or(mate.joined_at)),
        ..Told::default()
    };
    bring_back(db, writer, (id, mate.joined_at), new, outcome, told, now)
}

impl Rejoined {
    /// Returns what is counted of a member beyond what is counted of the application alone: who has left was in the team.
    fn counts(&self, application: &Application, deliverable: &Deliverable) -> Counts {
        let Some(dropped) = self.dropped else {
            return Counts::default();
        };
        // Nobody applied to a team that was formed elsewhere.
        let applied = i16::from(!deliverable.request.external_team);
        let of_member = Counts {
            ended: applied,
            placed: applied,
            dropped: i16::from(dropped),
            ..Counts::default()
        };
        of_member.minus(counted(application, deliverable))
    }
}

/// Takes back that somebody has come back into a team, once its project is gone.
pub fn take_back_rejoined(db: &mut Db, actor: &str, rejoined: &Rejoined, now: Instant) -> Result<()> {
    let application = match store::find(db, &Reach::Everything, rejoined.application) {
        Err(Error::NotFound { .. }) => return Ok(()),
        found => found?,
    };
    let deliverable = deliverables::store::find_archived_too_for_update(db, application.deliverable_id)?;
    let gone = Counts::default().minus(rejoined.counts(&application, &deliverable));
    if let Some(worker) = application.worker_id {
        team::lock_worker(db, worker)?;
    }
    let change = team::count(db, &application, &deliverable.family, gone, now)?;
    changes::store::append(db, actor, change.as_slice())?;
    match rejoined.is_new {
        true => take_away(db, actor, application.id, false, now),
        false => Ok(()),
    }
}

/// The most places of a role.
const MOST_PLACES: u16 = 20;

/// Checks that a member whose application goes has done nothing in the project: it would be nobody's.
fn check_idle(db: &mut Db, application: &Application) -> Result<()> {
    let (project, worker) = (application.deliverable_id, application.worker_id);
    let Some(worker) = worker.filter(|_| application.place.is_some()) else {
        return Ok(());
    };
    let meetings = projects::store::work::all::<NewMeeting>(db, project)?;
    let is_in = |one: &Entry<NewMeeting>| one.work.attendee_ids.contains(&worker);
    if meetings.iter().any(is_in) || !projects::store::work::by_workers(db, project, &[worker])?.is_empty() {
        return Err(Error::Conflict {
            code: "not_undoable",
            detail: Text::new(
                "この人はプロジェクトですでに活動しているため、応募を元に戻せません。",
                "This worker has worked in the project, so the application can't be taken back.",
            ),
        });
    }
    Ok(())
}

fn in_team() -> Error {
    Error::Conflict {
        code: "not_undoable",
        detail: Text::new(
            "この人はプロジェクトのメンバーです。先にプロジェクトの取り込みを元に戻してください。",
            "This worker is a member of the project. Undo the import of projects first.",
        ),
    }
}

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
    if is_new {
        check_idle(db, &application)?;
    }
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
