//! Changing a project, with its deliverable.

use crate::applications::requests;
use crate::auth::{Reach, RecordKind, check_properties, not_permitted};
use crate::catalogue::Catalogues;
use crate::catalogue::calendar::fiscal_year;
use crate::changes;
use crate::db::{Db, Id, Instant};
use crate::deliverables::actions::Editor;
use crate::deliverables::{self, Deliverable, DeliverableStatus};
use crate::error::{Error, FieldError, Result, Text};
use crate::http::{Edited, IfMatch};
use crate::programmes;
use crate::projects::actions::check_reason;
use crate::projects::team::{Event, record};
use crate::projects::{NewProject, Project, ProjectAction, ProjectKind, rules, schedule, store};
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
    let edit = |before: &NewProject| Ok(Edited::read(before, change(before)?));
    self::edit(db, editor, catalogues, id, if_match, edit)
}

/// Changes a project, as [`update`] does, for somebody who may not read all of it.
pub fn edit(
    db: &mut Db,
    editor: &Editor,
    catalogues: &Catalogues,
    id: Id,
    if_match: &IfMatch,
    edit: impl FnOnce(&NewProject) -> Result<Edited<NewProject>>,
) -> Result<Project> {
    // Locks the deliverable before the project, as everything does that changes both.
    let unlocked = store::find(db, &editor.reach, id)?;
    let deliverable = match unlocked.kind {
        ProjectKind::Deliverable => Some(deliverables::store::find_archived_too_for_update(db, id)?),
        ProjectKind::Accompaniment => None,
    };
    let before = store::find_for_update(db, &editor.reach, id)?;
    if_match.check(before.version)?;
    let Edited {
        before: compared,
        after: plan,
    } = edit(&before.plan)?;
    check_properties(editor.role, RecordKind::Projects, Some(&compared), &plan)?;
    if plan == compared {
        return Ok(before);
    }
    let is_blind = compared != before.plan;
    before.plan.status.check_move(plan.status)?;
    if before.is_over() {
        return Err(rules::project_ended());
    }
    check_fixed(&before, &plan)?;
    check_reason(&plan, Some(before.plan.status))?;
    let moved = match &deliverable {
        Some(deliverable) => move_deliverable(db, editor, catalogues, (&before, deliverable), &plan)?,
        None => before.clone(),
    };
    let now = Instant::now();
    let after = moved.changed(plan, now);
    if after.plan == moved.plan && !is_blind {
        return Ok(moved);
    }
    let is_redated = after.plan.starts_on != moved.plan.starts_on;
    let after = Project {
        fiscal_year: match after
            .plan
            .starts_on
            .filter(|_| deliverable.is_none() && is_redated)
        {
            Some(first) => fiscal_year(first),
            None => after.fiscal_year,
        },
        ..after
    };
    if deliverable.is_none() && after.fiscal_year != before.fiscal_year {
        programmes::actions::check_year(db, id, after.fiscal_year)?;
    }
    if is_redated || after.plan.ends_on != moved.plan.ends_on {
        rules::check_last_day(&after)?;
    }
    let format = deliverable.and_then(|one| one.request.format);
    let mut changes = schedule::lay_out_anew(db, &moved, &after, format, now)?;
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

/// Gives the deliverable of a project the status that belongs to the project's, and its days. Returns the project that has
/// followed.
fn move_deliverable(
    db: &mut Db,
    editor: &Editor,
    catalogues: &Catalogues,
    (before, deliverable): (&Project, &Deliverable),
    plan: &NewProject,
) -> Result<Project> {
    let status: DeliverableStatus = plan.status.of_deliverable();
    let is_moved = status != before.plan.status.of_deliverable();
    let days = |one: &NewProject| (one.starts_on, one.ends_on);
    // Of what is archived, only the project is left to change.
    let is_redated = days(plan) != days(&before.plan) && deliverable.archived_at.is_none();
    if !is_moved && !is_redated {
        return Ok(before.clone());
    }
    requests::update(db, editor, catalogues, before.id, &IfMatch::Absent, |request| {
        let mut request = request.clone();
        if is_moved {
            (request.status, request.cancellation_reason) = (status, plan.reason);
        }
        if is_redated {
            (request.starts_on, request.ends_on) = days(plan);
        }
        Ok(request)
    })?;
    store::find(db, &Reach::Everything, before.id)
}
