//! What follows for a project and its milestones when its days change.
//!
//! The days of a deliverable's project are those of its request, whichever of the two is changed. What isn't done yet is laid
//! out anew, in proportion to the time that the work has now; what is done, and meetings, stay on their days.

use super::store::{self, work};
use super::team::{Event, record};
use super::work::{Entry, NewMilestone, Work};
use super::{NewProject, Project, ProjectAction, rules};
use crate::auth::Reach;
use crate::catalogue::Format;
use crate::changes::Change;
use crate::db::{Db, Instant};
use crate::deliverables::Deliverable;
use crate::error::{Error, Result};
use chrono::NaiveDate;

/// Checks that the days that somebody gives a request leave its project, if there is one, a last day that isn't before the
/// first.
pub fn check(db: &mut Db, before: &Deliverable, after: &Deliverable) -> Result<()> {
    if days(before) == days(after) {
        return Ok(());
    }
    let project = match store::find(db, &Reach::Everything, after.id) {
        Err(Error::NotFound { .. }) => return Ok(()),
        found => found?,
    };
    let (starts_on, ends_on) = days(after);
    rules::check_last_day(&Project {
        plan: NewProject {
            starts_on,
            ends_on,
            ..project.plan.clone()
        },
        ..project
    })
}

fn days(request: &Deliverable) -> (Option<NaiveDate>, Option<NaiveDate>) {
    (request.request.starts_on, request.request.ends_on)
}

/// Gives the project of a deliverable, if there is one, the days that the deliverable has got. Call it with the deliverable
/// locked. Returns what to log.
pub fn follow(
    db: &mut Db,
    actor: &str,
    before: &Deliverable,
    after: &Deliverable,
    now: Instant,
) -> Result<Vec<Change>> {
    // A list of past work may tell other days of the project; they stay until somebody changes the request's.
    if days(before) == days(after) {
        return Ok(Vec::new());
    }
    let project = match store::find_for_update(db, &Reach::Everything, after.id) {
        Err(Error::NotFound { .. }) => return Ok(Vec::new()),
        found => found?,
    };
    let plan = NewProject {
        starts_on: after.request.starts_on,
        ends_on: after.request.ends_on,
        ..project.plan.clone()
    };
    if plan == project.plan {
        return Ok(Vec::new());
    }
    let next = project.changed(plan, now);
    let mut changes = lay_out_anew(db, &project, &next, after.request.format, now)?;
    changes.push(store::update_unlogged(db, &next)?);
    let event = Event::of_project(ProjectAction::Updated, None);
    record(db, actor, &next, event, now)?;
    Ok(changes)
}

/// Moves the due days of milestones that aren't done from the days of a project to those that it has next. Returns what to
/// log.
pub fn lay_out_anew(
    db: &mut Db,
    before: &Project,
    after: &Project,
    format: Option<Format>,
    now: Instant,
) -> Result<Vec<Change>> {
    let days = |one: &Project| (one.plan.starts_on, one.plan.ends_on);
    if days(before) == days(after) || !after.is_under_way() {
        return Ok(Vec::new());
    }
    let milestones = work::all::<NewMilestone>(db, before.id)?;
    let (first, next_first) = (before.first_day(), after.first_day());
    // Without a last day, the work ends with its last milestone, and takes as long as before.
    let latest = milestones.iter().map(|one| one.work.due_on).max();
    // A last day before the first one, from a request of before, laid nothing out.
    let last = rules::last_day(&before.plan, format).filter(|last| *last >= first);
    let last = last.or(latest);
    let last = last.map_or(first, |last| last.max(first));
    let as_long = rules::in_proportion(last, (first, first), (next_first, next_first));
    let next_last = rules::last_day(&after.plan, format).filter(|last| *last >= next_first);
    let next_last = next_last.unwrap_or(as_long);
    let mut changes = Vec::new();
    for milestone in milestones.into_iter().filter(|one| one.work.waits()) {
        let due_on = milestone.work.due_on;
        let next = rules::in_proportion(due_on, (first, last), (next_first, next_last));
        if next == due_on {
            continue;
        }
        let next = Entry {
            work: NewMilestone {
                due_on: next,
                ..milestone.work
            },
            version: milestone.version + 1,
            updated_at: now,
            ..milestone
        };
        changes.push(work::update_unlogged(db, &next)?);
    }
    Ok(changes)
}
