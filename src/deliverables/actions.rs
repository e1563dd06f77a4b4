//! The use cases of deliverables. Each runs in its caller's transaction: it loads, checks, writes and logs.

use super::{Deliverable, NewDeliverable, default_area, release, rules, store};
use crate::audit::{self, Act, AuditAction};
use crate::auth::{Reach, RecordKind, UserRole, check_properties, within_reach};
use crate::catalogue::{Catalogue, Catalogues};
use crate::changes::Action;
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Result};
use crate::http::IfMatch;
use crate::organizations;
use crate::reach::store::{has_deliverable, has_organization};
use crate::reach::{named_source, newly_named};

/// Who writes, and what they may do.
pub struct Editor {
    /// The name in the change log.
    pub actor: String,
    pub role: UserRole,
    pub reach: Reach,
    /// Has the scope `deliverables:decide`.
    pub may_decide: bool,
}

/// Registers a deliverable.
pub fn create(
    db: &mut Db,
    editor: &Editor,
    catalogues: &Catalogues,
    mut request: NewDeliverable,
) -> Result<Deliverable> {
    check_properties(editor.role, RecordKind::Deliverables, None, &request)?;
    let catalogue = catalogues.current(db)?;
    resolve(db, &editor.reach, &catalogue, &mut request, None)?;
    name(db, &editor.reach, None, &mut request)?;
    request.status.check_first()?;
    rules::check_decision(editor.may_decide, request.status, None)?;
    let deliverable = Deliverable::register(Id::new(), request, &catalogue, Instant::now());
    store::insert(db, &editor.actor, &deliverable)?;
    within_reach(has_deliverable(db, &editor.reach, deliverable.id)?)?;
    Ok(deliverable)
}

/// Changes a deliverable to what `change` makes of its request. Writes nothing if that is the same.
pub fn update(
    db: &mut Db,
    editor: &Editor,
    catalogues: &Catalogues,
    id: Id,
    if_match: &IfMatch,
    change: impl FnOnce(&NewDeliverable) -> Result<NewDeliverable>,
) -> Result<Deliverable> {
    let before = store::find_for_update(db, &editor.reach, id)?;
    if_match.check(before.version)?;
    let catalogue = catalogues.current(db)?;
    let mut request = change(&before.request)?;
    check_properties(
        editor.role,
        RecordKind::Deliverables,
        Some(&before.request),
        &request,
    )?;
    resolve(db, &editor.reach, &catalogue, &mut request, Some(&before.request))?;
    name(db, &editor.reach, Some(&before), &mut request)?;
    rules::check_decision(editor.may_decide, request.status, Some(before.request.status))?;
    if request == before.request {
        return Ok(before);
    }
    rules::check_requesters(&editor.reach, &before.request, Some(&request))?;
    let reviewed = if editor.may_decide {
        None
    } else {
        let since = &before.changed_since_release;
        Some(release::review(&before.request, since, &mut request)?)
    };
    let mut after = before.changed(request, &catalogue, Instant::now())?;
    if let Some(since) = reviewed {
        after.changed_since_release = since;
    }
    store::update(db, &editor.actor, &after, Action::Updated)?;
    if release::is_return(&before, &after) {
        let returned = Act::new(&editor.actor, AuditAction::RequestReturned, after.id);
        audit::store::append(db, &returned)?;
    }
    within_reach(has_deliverable(db, &editor.reach, after.id)?)?;
    Ok(after)
}

/// Archives a deliverable.
pub fn archive(db: &mut Db, editor: &Editor, id: Id, if_match: &IfMatch) -> Result<()> {
    let before = store::find_for_update(db, &editor.reach, id)?;
    if_match.check(before.version)?;
    rules::check_requesters(&editor.reach, &before.request, None)?;
    store::update(
        db,
        &editor.actor,
        &before.archived(Instant::now()),
        Action::Archived,
    )
}

/// Checks what a request refers to, and fills in what it leaves out. A new lead organization must be within the reach.
fn resolve(
    db: &mut Db,
    reach: &Reach,
    catalogue: &Catalogue,
    request: &mut NewDeliverable,
    before: Option<&NewDeliverable>,
) -> Result<()> {
    let ids: Vec<Id> = request.organization_ids().collect();
    rules::check_organizations(request, &organizations::store::existing(db, &ids)?)?;
    let has_new_lead = before.is_none_or(|before| before.organization_id != request.organization_id);
    if has_new_lead && !has_organization(db, reach, request.organization_id)? {
        return Err(Error::Invalid(vec![rules::unknown_organization(
            "/organization_id",
        )]));
    }
    let lead = organizations::store::find(db, &Reach::Everything, request.organization_id, false)?;
    request.resolve(catalogue, default_area(&lead), before)
}

/// Names a request within the caller's reach: the external id may be known elsewhere.
fn name(
    db: &mut Db,
    reach: &Reach,
    before: Option<&Deliverable>,
    request: &mut NewDeliverable,
) -> Result<()> {
    let origin_before = before.map(|before| (&before.request.source, &before.request.external_id));
    let Some((source, external_id)) =
        newly_named(reach, origin_before, (&request.source, &request.external_id))
    else {
        return Ok(());
    };
    if store::is_named(db, reach, source, external_id, before.map(|before| before.id))? {
        return Err(store::duplicate_external_id());
    }
    request.source = Some(named_source(
        reach,
        source,
        request.area.as_deref().unwrap_or_default(),
    )?);
    Ok(())
}
