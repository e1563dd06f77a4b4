//! What lists of offices say about projects: those whose work has begun or ended elsewhere.
//!
//! As in `team`, call it with the deliverable locked. It returns what to log.

use super::store;
use super::team::{Event, begun, lay_out, record};
use super::{Member, NewProject, Project, ProjectAction, ProjectStatus};
use crate::auth::Reach;
use crate::catalogue::calendar::{fiscal_year, midnight_in_tokyo};
use crate::changes::Change;
use crate::db::{Db, Id, Instant};
use crate::deliverables::{Deliverable, DeliverableStatus};
use crate::error::{Error, Result, Text};
use chrono::NaiveDate;

/// Returns since when something that a list says to be over on a day has been so.
pub fn ended_at(day: Option<NaiveDate>, now: Instant) -> Instant {
    day.map_or(now, |day| Instant::from(midnight_in_tokyo(day)).min(now))
}

/// What a list tells of a project beside its plan.
#[derive(Clone, Copy)]
pub struct Told {
    pub delivered_on: Option<NaiveDate>,
    pub status_since: Option<Instant>,
    pub vacant_since: Option<Instant>,
    /// Whether it comes back from an own export. Of what is new here, the deliverable must have a team, and milestones are laid
    /// out.
    pub is_back: bool,
}

/// Begins the project of a deliverable whose team was formed elsewhere or whose work is over. Its status is the one that
/// belongs to the deliverable's; what was delivered may be closed already.
pub fn begin(
    db: &mut Db,
    actor: &str,
    deliverable: &Deliverable,
    (plan, told): (&NewProject, Told),
    now: Instant,
) -> Result<(Project, Vec<Change>)> {
    let status = deliverable.request.status;
    if !told.is_back && !status.has_team() {
        return Err(no_team());
    }
    let status = match plan.status {
        // Only this one is the project's own.
        ProjectStatus::Closed => ProjectStatus::Closed.following(deliverable),
        _ => ProjectStatus::Planned.following(deliverable),
    };
    let is_delivered = deliverable.request.status == DeliverableStatus::Delivered;
    let new = begun(deliverable, status, now);
    let project = Project {
        plan: NewProject {
            starts_on: plan.starts_on,
            ends_on: plan.ends_on,
            reason: plan.reason.filter(|_| status == ProjectStatus::Cancelled),
            message: plan.message.clone(),
            ..new.plan
        },
        status_since: match told.status_since {
            Some(at) => at.min(now),
            None if is_delivered => deliverable.status_since,
            None => new.status_since,
        },
        delivered_on: told.delivered_on.filter(|_| is_delivered),
        vacant_since: told.vacant_since.filter(|_| status == ProjectStatus::InProgress),
        ..new
    };
    let mut changes = vec![store::insert_unlogged(db, &project)?];
    let created = Event::of_project(ProjectAction::Created, Some(status.code()));
    record(db, actor, &project, created, now)?;
    // What comes back brings its own milestones.
    if !told.is_back && matches!(status, ProjectStatus::Planned | ProjectStatus::InProgress) {
        changes.extend(lay_out(db, actor, deliverable, &project, now)?);
    }
    Ok((project, changes))
}

/// Returns an accompaniment with the day on which its work ended, as a list says, and with where it comes from.
pub fn dated(
    project: Project,
    origin: (Option<String>, Option<String>),
    ended_on: Option<NaiveDate>,
    now: Instant,
) -> Project {
    let is_over = !matches!(
        project.plan.status,
        ProjectStatus::Planned | ProjectStatus::InProgress
    );
    let is_delivered = matches!(
        project.plan.status,
        ProjectStatus::Delivered | ProjectStatus::Closed
    );
    let day = ended_on.filter(|_| is_over);
    Project {
        source: origin.0,
        external_id: origin.1,
        status_since: day.map_or(project.status_since, |day| ended_at(Some(day), now)),
        delivered_on: day.filter(|_| is_delivered),
        // Without a first day, the year of its end tells more than that of the import.
        fiscal_year: match (project.plan.starts_on, day) {
            (None, Some(day)) => fiscal_year(day),
            _ => project.fiscal_year,
        },
        version: project.version + 1,
        updated_at: now,
        ..project
    }
}

/// Enters somebody who is or was in the team, as an own export tells.
pub fn enter(db: &mut Db, actor: &str, project: &Project, member: &Member) -> Result<()> {
    store::insert_member(db, member)?;
    let event = |action| Event::of_member(action, member.application_id, &member.role);
    record(db, actor, project, event(ProjectAction::Joined), member.joined_at)?;
    match member.left_at {
        Some(left_at) => record(db, actor, project, event(ProjectAction::Left), left_at),
        None => Ok(()),
    }
}

/// Removes a project that a list has begun. Returns what to log.
pub fn remove(db: &mut Db, id: Id) -> Result<Vec<Change>> {
    let project = store::find_for_update(db, &Reach::Everything, id)?;
    let mut changes = store::work::entries_deleted(db, id)?;
    changes.push(store::delete(db, &project)?);
    Ok(changes)
}

fn no_team() -> Error {
    Error::Conflict {
        code: "incomplete_team",
        detail: Text::new(
            "この支援内容にはまだチームがありません。チームを外部で組んだ場合は、支援内容の external_team を true にして、状態を matched 以降にしてください。",
            "This deliverable has no team yet. If it was formed elsewhere, set external_team to true, and the status to matched or later.",
        ),
    }
}
