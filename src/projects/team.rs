//! What follows for a project when its deliverable or its team changes.
//!
//! Call it in the same transaction, with the deliverable locked. It compares what should be with what is, so that it doesn't
//! matter what has changed, and in which order. It returns what to log.

use super::durations;
use super::store::{self, history, work};
use super::work::{Entry, Visibility, Work};
use super::{
    Member, NewProject, Progress, Project, ProjectAction, ProjectKind, ProjectStatus, ProjectSubject, rules,
};
use crate::auth::Reach;
use crate::catalogue;
use crate::catalogue::entries::DeliverableType;
use crate::changes::Change;
use crate::db::{Db, Id, Instant};
use crate::deliverables::Deliverable;
use crate::error::{Error, Result};
use crate::values::Code;

/// Somebody who has a place in a team.
pub struct Placed {
    pub application_id: Id,
    pub worker_id: Option<Id>,
    pub role: Code,
    /// Since when, if a list of the office says so.
    pub since: Option<Instant>,
}

/// Brings the project of a deliverable in line with it and with its team. `reason` tells why an application ended.
pub fn follow(
    db: &mut Db,
    actor: &str,
    deliverable: &Deliverable,
    team: &[Placed],
    reason: fn(&mut Db, Id) -> Result<Option<String>>,
    now: Instant,
) -> Result<Vec<Change>> {
    let found = match store::find_for_update(db, &Reach::Everything, deliverable.id) {
        Err(Error::NotFound { .. }) => None,
        found => Some(found?),
    };
    let is_new = found.is_none();
    let status = found
        .as_ref()
        .map_or(ProjectStatus::Planned, |project| project.plan.status);
    let status = status.following(deliverable);
    if is_new && !begins(deliverable, team) {
        return Ok(Vec::new());
    }
    let mut changes = Vec::new();
    let before = match found {
        Some(found) => found,
        None => {
            let project = begun(deliverable, status, now);
            changes.push(store::insert_unlogged(db, &project)?);
            record(
                db,
                actor,
                &project,
                Event::of_project(ProjectAction::Created, Some(status.code())),
                now,
            )?;
            changes.extend(lay_out(db, actor, deliverable, &project, now)?);
            project
        }
    };
    let has_moved = move_members(db, actor, &before, team, reason, now)?;
    let is_vacant =
        status == ProjectStatus::InProgress && deliverable.open_places.iter().any(|one| one.left > 0);
    let plan = NewProject {
        title: deliverable.request.title.clone(),
        organization_id: deliverable.request.organization_id,
        status,
        reason: match status {
            ProjectStatus::Cancelled if status != before.plan.status => deliverable.end_reason(),
            _ => before.plan.reason,
        },
        ..before.plan.clone()
    };
    let after = Project {
        vacant_since: is_vacant.then(|| before.vacant_since.unwrap_or(now)),
        area: deliverable.request.area.clone().unwrap_or_default(),
        fiscal_year: deliverable.fiscal_year,
        ..before.changed(plan, now)
    };
    let is_same = after.plan == before.plan
        && (after.vacant_since, &after.area, after.fiscal_year)
            == (before.vacant_since, &before.area, before.fiscal_year);
    // The members of a new project joined in the same moment.
    if is_same && (is_new || !has_moved) {
        return Ok(changes);
    }
    if status != before.plan.status {
        record(
            db,
            actor,
            &after,
            Event::of_project(ProjectAction::Moved, Some(status.code())),
            now,
        )?;
    }
    changes.push(store::update_unlogged(db, &after)?);
    Ok(changes)
}

/// Returns whether a deliverable without a project gets one: its team is complete and here, or its work begins.
fn begins(deliverable: &Deliverable, team: &[Placed]) -> bool {
    use crate::deliverables::DeliverableStatus::{InProgress, Matched};
    let status = deliverable.request.status;
    let is_formed =
        status == InProgress || status == Matched && !deliverable.request.external_team && !team.is_empty();
    is_formed && deliverable.archived_at.is_none()
}

pub(super) fn begun(deliverable: &Deliverable, status: ProjectStatus, now: Instant) -> Project {
    Project {
        id: deliverable.id,
        kind: ProjectKind::Deliverable,
        plan: NewProject {
            organization_id: deliverable.request.organization_id,
            title: deliverable.request.title.clone(),
            starts_on: deliverable.request.starts_on,
            ends_on: deliverable.request.ends_on,
            status,
            reason: None,
            message: None,
            accompaniment: None,
        },
        area: deliverable.request.area.clone().unwrap_or_default(),
        fiscal_year: deliverable.fiscal_year,
        source: None,
        external_id: None,
        progress: Progress {
            percent: 0,
            words: String::new(),
        },
        members: Vec::new(),
        status_since: now,
        delivered_on: None,
        vacant_since: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Writes the milestones with which a project begins.
pub(super) fn lay_out(
    db: &mut Db,
    actor: &str,
    deliverable: &Deliverable,
    project: &Project,
    now: Instant,
) -> Result<Vec<Change>> {
    let kind = catalogue::store::find::<DeliverableType>(db, &deliverable.request.type_)?.definition;
    let usual_days = usual_days(db, deliverable, &kind)?;
    let mut changes = Vec::new();
    for milestone in rules::milestones(project, deliverable, &kind, usual_days) {
        let entry = Entry {
            id: Id::new(),
            project_id: project.id,
            organization_id: project.plan.organization_id,
            worker_id: None,
            work: milestone,
            file: None,
            revision: 0,
            answers: Vec::new(),
            counted_as: None,
            created_by: actor.to_owned(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        changes.push(work::insert_unlogged(db, &entry)?);
    }
    Ok(changes)
}

/// Returns how many days such a project usually takes: as many as those of its type and format really took, if there are
/// enough of them, or else as the catalogue says. The weeks of a type are those of its usual format.
fn usual_days(db: &mut Db, deliverable: &Deliverable, kind: &DeliverableType) -> Result<u32> {
    let format = deliverable.request.format.unwrap_or(kind.format);
    let real = rules::usual_days(durations::of_type(db, &kind.code, format)?);
    if let Some(days) = real {
        return Ok(days);
    }
    let formats = catalogue::store::formats()?;
    let defaults = formats.iter().find(|one| one.code == format);
    let other = defaults.filter(|_| format != kind.format);
    Ok(u32::from(other.map_or(kind.weeks, |one| one.weeks)) * 7)
}

/// Writes who has joined and who has left. Returns whether anybody has.
fn move_members(
    db: &mut Db,
    actor: &str,
    project: &Project,
    team: &[Placed],
    reason: fn(&mut Db, Id) -> Result<Option<String>>,
    now: Instant,
) -> Result<bool> {
    let present = store::members(db, &Reach::Everything, &[project.id], true)?;
    let is_in = |id: Id| team.iter().any(|one| one.application_id == id);
    let was_in = |id: Id| present.iter().any(|one| one.application_id == id);
    let mut has_moved = false;
    for gone in present.iter().filter(|one| !is_in(one.application_id)) {
        let why = reason(db, gone.application_id)?;
        store::end_membership(db, gone.application_id, now, why.as_deref())?;
        record(
            db,
            actor,
            project,
            Event::of_member(ProjectAction::Left, gone.application_id, &gone.role),
            now,
        )?;
        has_moved = true;
    }
    for new in team.iter().filter(|one| !was_in(one.application_id)) {
        let member = Member {
            application_id: new.application_id,
            project_id: project.id,
            worker_id: new.worker_id,
            alias: None,
            role: new.role.clone(),
            joined_at: new.since.unwrap_or(now),
            left_at: None,
            reason: None,
        };
        store::insert_member(db, &member)?;
        record(
            db,
            actor,
            project,
            Event::of_member(ProjectAction::Joined, new.application_id, &new.role),
            now,
        )?;
        has_moved = true;
    }
    Ok(has_moved)
}

/// Something to enter in the history of a project.
pub struct Event<'a> {
    pub subject: ProjectSubject,
    pub subject_id: Option<Id>,
    pub action: ProjectAction,
    pub detail: Option<&'a str>,
    pub visibility: Visibility,
}

impl<'a> Event<'a> {
    pub fn of_project(action: ProjectAction, detail: Option<&'a str>) -> Event<'a> {
        Event {
            subject: ProjectSubject::Project,
            subject_id: None,
            action,
            detail,
            visibility: Visibility::Team,
        }
    }

    pub(super) fn of_member(action: ProjectAction, application: Id, role: &'a str) -> Event<'a> {
        Event {
            subject: ProjectSubject::Member,
            subject_id: Some(application),
            action,
            detail: Some(role),
            visibility: Visibility::Team,
        }
    }

    pub fn of_work<T: Work>(action: ProjectAction, entry: &Entry<T>) -> Event<'static> {
        Event {
            subject: T::KIND.into(),
            subject_id: Some(entry.id),
            action,
            detail: match action {
                ProjectAction::Created | ProjectAction::Moved => entry.work.status(),
                _ => None,
            },
            visibility: entry.work.visibility(),
        }
    }
}

/// Enters something in the history of a project.
pub fn record(db: &mut Db, actor: &str, project: &Project, event: Event, now: Instant) -> Result<()> {
    let row = history::EventRow {
        id: Id::new(),
        project_id: project.id,
        subject: <&str>::from(event.subject).to_owned(),
        subject_id: event.subject_id.unwrap_or(project.id),
        action: <&str>::from(event.action).to_owned(),
        detail: event.detail.map(str::to_owned),
        visibility: event.visibility.code().to_owned(),
        actor: actor.to_owned(),
        occurred_at: now,
    };
    history::insert(db, &row)
}
