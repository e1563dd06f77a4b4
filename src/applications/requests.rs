//! Changing and archiving requests, with everything that follows for their applications and teams. The changes themselves
//! are use cases of deliverables, which come before applications.

use super::team;
use crate::audit::{self, Act, AuditAction};
use crate::catalogue::Catalogues;
use crate::changes;
use crate::db::{Db, Id, Instant};
use crate::deliverables::actions::{self, Editor};
use crate::deliverables::{self, Deliverable, DeliverableStatus, NewDeliverable, ProjectReason};
use crate::error::Result;
use crate::http::IfMatch;
use crate::programmes;
use crate::projects;
use DeliverableStatus::{Cancelled, Declined};

/// Changes a request to what `change` makes of it.
pub fn update(
    db: &mut Db,
    editor: &Editor,
    catalogues: &Catalogues,
    id: Id,
    if_match: &IfMatch,
    change: impl Fn(&NewDeliverable) -> Result<NewDeliverable>,
) -> Result<Deliverable> {
    let before = deliverables::store::find_for_update(db, &editor.reach, id)?;
    let active = team::lock(db, id)?;
    let after = actions::update(db, editor, catalogues, id, if_match, change)?;
    if after.version == before.version {
        return Ok(after);
    }
    if after.fiscal_year != before.fiscal_year {
        programmes::actions::check_year(db, id, after.fiscal_year)?;
    }
    team::check(&before, &after, &active)?;
    projects::schedule::check(db, &before, &after)?;
    let is_closed = |one: &Deliverable| matches!(one.request.status, Declined | Cancelled);
    let closes = is_closed(&after) && !is_closed(&before);
    let (after, changes) = team::follow(db, &editor.actor, &before, after, active, Instant::now())?;
    changes::store::append(db, &editor.actor, &changes)?;
    if closes {
        audit::store::append(db, &Act::new(&editor.actor, AuditAction::RequestClosed, id))?;
    }
    Ok(after)
}

/// Archives a request.
pub fn archive(
    db: &mut Db,
    editor: &Editor,
    id: Id,
    if_match: &IfMatch,
    reason: Option<ProjectReason>,
) -> Result<()> {
    let before = deliverables::store::find_for_update(db, &editor.reach, id)?;
    let active = team::lock(db, id)?;
    let after = actions::archive(db, editor, id, if_match, reason)?;
    let (_, changes) = team::follow(db, &editor.actor, &before, after, active, Instant::now())?;
    changes::store::append(db, &editor.actor, &changes)?;
    audit::store::append(db, &Act::new(&editor.actor, AuditAction::RequestArchived, id))
}
