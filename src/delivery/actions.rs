//! Changing a project, with its deliverable.

use crate::applications::requests;
use crate::auth::{Reach, RecordKind, check_properties, not_permitted};
use crate::catalogue::Catalogues;
use crate::changes;
use crate::db::{Db, Id, Instant};
use crate::deliverables::actions::Editor;
use crate::deliverables::{self, DeliverableStatus, NewDeliverable};
use crate::error::{Error, FieldError, Result, Text};
use crate::http::IfMatch;
use crate::projects::actions::check_reason;
use crate::projects::team::{Event, record};
use crate::projects::{NewProject, Project, ProjectAction, ProjectKind, entries, rules, store};
use crate::values::Lifecycle;

/// Changes a project to what `change` makes of its plan. Writes nothing if that is the same.
pub fn update(
    db: &mut Db,
    editor: &Editor,
    catalogues: &Catalogues,
    id: Id,
    if_match: &IfMatch,
    change: impl FnOnce(&NewProject) -> Result<NewProject>,
) -> Result<Project> {
    // Locks the deliverable before the project, as everything does that changes both.
    let unlocked = store::find(db, &editor.reach, id)?;
    if unlocked.kind == ProjectKind::Deliverable {
        deliverables::store::find_archived_too_for_update(db, id)?;
    }
    let before = store::find_for_update(db, &editor.reach, id)?;
    if_match.check(before.version)?;
    let plan = change(&before.plan)?;
    check_properties(editor.role, RecordKind::Projects, Some(&before.plan), &plan)?;
    if plan == before.plan {
        return Ok(before);
    }
    before.plan.status.check_move(plan.status)?;
    if before.is_over() {
        return Err(rules::project_ended());
    }
    check_fixed(&before, &plan)?;
    check_reason(&plan, Some(before.plan.status))?;
    let moved = match before.kind {
        ProjectKind::Deliverable => move_deliverable(db, editor, catalogues, &before, &plan)?,
        ProjectKind::Accompaniment => before.clone(),
    };
    let now = Instant::now();
    let mut changes = Vec::new();
    let after = moved.changed(plan, now);
    // Without a first day, milestones were laid out from the day on which the project was made.
    let days = after
        .first_day()
        .signed_duration_since(before.first_day())
        .num_days();
    if days != 0 {
        changes.extend(entries::shift(db, id, days, now)?);
    }
    if after.plan == moved.plan {
        changes::store::append(db, &editor.actor, &changes)?;
        return Ok(moved);
    }
    changes.push(store::update_unlogged(db, &after)?);
    let event = match after.plan.status == moved.plan.status {
        true => Event::of_project(ProjectAction::Updated, None),
        false => Event::of_project(ProjectAction::Moved, Some(after.plan.status.code())),
    };
    record(db, &editor.actor, &after, event, now)?;
    changes::store::append(db, &editor.actor, &changes)?;
    Ok(after)
}

/// Checks that nothing changes that a deliverable's project takes from its deliverable, or that makes an accompaniment
/// another one.
fn check_fixed(before: &Project, plan: &NewProject) -> Result<()> {
    let is_deliverable = before.kind == ProjectKind::Deliverable;
    let mut faults: Vec<FieldError> = Vec::new();
    if plan.organization_id != before.plan.organization_id {
        faults.push(not_permitted("/organization_id"));
    }
    if is_deliverable && plan.title != before.plan.title {
        faults.push(not_permitted("/title"));
    }
    if is_deliverable && plan.accompaniment.is_some() {
        faults.push(not_permitted("/accompaniment"));
    }
    if !is_deliverable && plan.accompaniment.is_none() {
        let rule = Text::new("この項目は必須です。", "This field is required.");
        faults.push(FieldError::at("/accompaniment", "missing_field", rule));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}

/// Gives the deliverable of a project the status that belongs to the project's. Returns the project that has followed.
fn move_deliverable(
    db: &mut Db,
    editor: &Editor,
    catalogues: &Catalogues,
    before: &Project,
    plan: &NewProject,
) -> Result<Project> {
    let status: DeliverableStatus = plan.status.of_deliverable();
    if plan.status == before.plan.status || status == before.plan.status.of_deliverable() {
        return Ok(before.clone());
    }
    requests::update(db, editor, catalogues, before.id, &IfMatch::Absent, |request| {
        Ok(NewDeliverable {
            status,
            cancellation_reason: plan.reason,
            ..request.clone()
        })
    })?;
    store::find(db, &Reach::Everything, before.id)
}
