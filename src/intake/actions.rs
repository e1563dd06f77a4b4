//! The use cases of the intake: recording what was learned about a request, and deciding about it.

use super::{Intake, IntakeDecision, NewDecision, NewIntake, store};
use crate::applications::requests;
use crate::auth::Reach;
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Instant};
use crate::deliverables::actions::Editor;
use crate::deliverables::{self, DeliverableStatus, NewDeliverable};
use crate::error::Result;
use crate::http::IfMatch;
use crate::values::Lifecycle;

/// Changes what is recorded about a request to what `change` returns. Writes nothing if that is the same.
pub fn update(
    db: &mut Db,
    actor: &str,
    reach: &Reach,
    deliverable: Id,
    if_match: &IfMatch,
    change: impl FnOnce(&NewIntake) -> Result<NewIntake>,
) -> Result<Intake> {
    let deliverable = deliverables::store::find_for_update(db, reach, deliverable)?;
    let before = store::find(db, &deliverable)?;
    if_match.check(before.version)?;
    let record = change(&before.record)?;
    if record == before.record {
        return Ok(before);
    }
    let now = Instant::now();
    let after = Intake {
        due_on: record.due_on(deliverable.request.status, deliverable.status_since),
        record,
        version: before.version + 1,
        updated_at: Some(now),
        ..before
    };
    store::upsert(db, actor, &after, now)?;
    Ok(after)
}

/// Opens or declines a request that is under review, and records why. The version in `if_match` is the request's.
pub fn decide(
    db: &mut Db,
    editor: &Editor,
    catalogues: &Catalogues,
    deliverable: Id,
    if_match: &IfMatch,
    decision: NewDecision,
) -> Result<IntakeDecision> {
    decision.check()?;
    let before = deliverables::store::find_for_update(db, &editor.reach, deliverable)?;
    let status = DeliverableStatus::from(decision.status);
    if !before.request.status.is_under_review() {
        return Err(before.request.status.illegal_move(status));
    }
    requests::update(db, editor, catalogues, deliverable, if_match, |request| {
        Ok(NewDeliverable {
            status,
            ..request.clone()
        })
    })?;
    let made = IntakeDecision {
        id: Id::new(),
        decision,
        decided_by: Some(editor.actor.clone()),
        decided_at: Instant::now(),
    };
    store::insert_decision(db, &editor.actor, deliverable, &made)?;
    Ok(made)
}
