//! The use cases of deliverables. Each runs in its caller's transaction: it loads, checks, writes and logs.

use super::{
    Deliverable, JointDeliverable, JointFilter, JointOrganization, JointStatus, NewDeliverable,
    ProjectReason, default_area, release, rules, store,
};
use crate::audit::{self, Act, AuditAction};
use crate::auth::{Reach, RecordKind, UserRole, Writer, check_properties, within_reach};
use crate::catalogue::{Catalogue, Catalogues};
use crate::changes::{self, Action, Subject};
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Result};
use crate::http::{IfMatch, Page};
use crate::organizations;
use crate::reach::store::{has_deliverable, has_organization, has_own_organization, some_own_organizations};
use crate::reach::{named_source, newly_named};
use crate::values::Lifecycle;

/// Who writes, and what they may do.
pub struct Editor {
    /// The name in the change log.
    pub actor: String,
    pub role: UserRole,
    pub reach: Reach,
    /// Has the scope `deliverables:decide`.
    pub may_decide: bool,
}

impl Editor {
    pub fn of(writer: Writer, may_decide: bool) -> Editor {
        Editor {
            actor: writer.actor,
            role: writer.role,
            reach: writer.reach,
            may_decide,
        }
    }
}

/// Checks that an organization may make one more request, or event: how many of its own wait, and how many its user has made within
/// a day, whatever became of them. What an office enters for it doesn't count as made.
pub fn check_waiting(db: &mut Db, waiting: i64, of: Subject, actor: &str, now: Instant) -> Result<()> {
    let since = Instant::from(now.utc() - rules::MADE_LATELY);
    rules::check_waiting(waiting.max(changes::store::count_made(db, of, actor, since)?))
}

/// Registers a deliverable.
pub fn create(
    db: &mut Db,
    editor: &Editor,
    catalogues: &Catalogues,
    mut request: NewDeliverable,
) -> Result<Deliverable> {
    let catalogue = catalogues.current(db)?;
    Error::together([
        check_properties(editor.role, RecordKind::Deliverables, None, &request),
        resolve(db, &editor.reach, &catalogue, &mut request, None),
    ])?;
    name(db, &editor.reach, None, &mut request)?;
    request.status.check_first()?;
    rules::check_decision(editor.may_decide, request.status, None)?;
    let now = Instant::now();
    if matches!(editor.reach, Reach::Organization(_)) {
        let waiting = store::count_waiting(db, request.organization_id)?;
        check_waiting(db, waiting, Subject::Deliverable, &editor.actor, now)?;
    }
    let mut deliverable = Deliverable::register(Id::new(), request, &catalogue, now);
    let accepted = accept_joint(db, editor, &mut deliverable, &[])?;
    store::insert(db, &editor.actor, &deliverable)?;
    audit::store::append_all(db, &accepted)?;
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
    change: impl Fn(&NewDeliverable) -> Result<NewDeliverable>,
) -> Result<Deliverable> {
    let before = store::find_for_update(db, &editor.reach, id)?;
    if_match.check(before.version)?;
    let catalogue = catalogues.current(db)?;
    let mut request = change(&before.request)?;
    let permitted = check_properties(
        editor.role,
        RecordKind::Deliverables,
        Some(&before.request),
        &request,
    );
    if request.type_ != before.request.type_ {
        // What was taken from the old type goes. What is stated stays, even if it says the same.
        request = change(&before.request.clone().without_type_values())?;
    }
    Error::together([
        permitted,
        resolve(db, &editor.reach, &catalogue, &mut request, Some(&before.request)),
    ])?;
    name(db, &editor.reach, Some(&before), &mut request)?;
    before.request.status.check_move(request.status)?;
    rules::check_decision(editor.may_decide, request.status, Some(before.request.status))?;
    release::check_was_read(before.request.status, request.status, if_match)?;
    if request == before.request {
        return Ok(before);
    }
    rules::check_requesters(&editor.reach, &before.request, Some(&request))?;
    rules::check_reason(&before.request, &request)?;
    let reviewed = if editor.may_decide {
        None
    } else {
        let since = &before.changed_since_release;
        Some(release::review(&before.request, since, &mut request)?)
    };
    let mut after = before.changed(request, &catalogue, Instant::now())?;
    if let Some(since) = reviewed {
        after.released &= since.is_empty();
        after.changed_since_release = since;
    }
    let mut acts = accept_joint(db, editor, &mut after, &before.joint_organizations)?;
    rules::check_invitations(&before, &after)?;
    store::update(db, &editor.actor, &after, Action::Updated)?;
    if release::is_return(&before, &after) {
        acts.push(Act::new(&editor.actor, AuditAction::RequestReturned, after.id));
    }
    audit::store::append_all(db, &acts)?;
    within_reach(has_deliverable(db, &editor.reach, after.id)?)?;
    Ok(after)
}

/// Archives a deliverable.
pub fn archive(
    db: &mut Db,
    editor: &Editor,
    id: Id,
    if_match: &IfMatch,
    reason: Option<ProjectReason>,
) -> Result<Deliverable> {
    let before = store::find_for_update(db, &editor.reach, id)?;
    if_match.check(before.version)?;
    rules::check_requesters(&editor.reach, &before.request, None)?;
    rules::check_archive_reason(&before, reason)?;
    let archived = before.archived(reason, Instant::now());
    store::update(db, &editor.actor, &archived, Action::Archived)?;
    Ok(archived)
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
    let existing = organizations::store::existing(db, &ids)?;
    let mut named = rules::check_organizations(request, &existing);
    let has_new_lead = before.is_none_or(|before| before.organization_id != request.organization_id);
    if named.is_ok() && has_new_lead && !has_organization(db, reach, request.organization_id)? {
        named = Err(Error::Invalid(vec![rules::unknown_organization(
            "/organization_id",
        )]));
    }
    if named.is_err() {
        // Without a lead there is no area to take over, and the request is refused in any case.
        let some_area = catalogue.fixed.served_areas().next();
        let area = some_area.map(|area| area.code.to_string()).unwrap_or_default();
        return Error::together([named, request.resolve(catalogue, &area, before)]);
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

/// Accepts for the newly named organizations that the editor acts for. Returns what to enter into the audit.
fn accept_joint(
    db: &mut Db,
    editor: &Editor,
    deliverable: &mut Deliverable,
    before: &[JointOrganization],
) -> Result<Vec<Act>> {
    let acted_for = some_own_organizations(db, &editor.reach, &deliverable.request.joint_organization_ids)?;
    let all = &mut deliverable.joint_organizations;
    let accepted = JointOrganization::accept_new(all, before, &acted_for).into_iter();
    let act = |organization| {
        answered(
            editor,
            deliverable.id,
            organization,
            AuditAction::JointRequestAccepted,
        )
    };
    Ok(accepted.map(act).collect())
}

/// Answers for a joint organization that the editor acts for: it accepts or declines an invitation, or leaves. Nobody
/// joins what is archived, but who has joined may leave it.
pub fn answer(
    db: &mut Db,
    editor: &Editor,
    (id, organization): (Id, Id),
    if_match: &IfMatch,
    status: JointStatus,
) -> Result<(i64, JointOrganization)> {
    let missing = || Error::not_found("共同の団体", "joint organization");
    if !has_own_organization(db, &editor.reach, organization)? {
        return Err(missing());
    }
    let before = match store::find_archived_too_for_update(db, id) {
        Err(Error::NotFound { .. }) => return Err(missing()),
        found => found?,
    };
    if before.archived_at.is_some() && status == JointStatus::Accepted {
        return Err(missing());
    }
    before.joint_organization(organization).ok_or_else(missing)?;
    if_match.check(before.version)?;
    let after = before.answered(organization, status, Instant::now())?;
    if let Some(after) = &after {
        store::update(db, &editor.actor, after, Action::Updated)?;
        let action = match status {
            JointStatus::Accepted | JointStatus::Invited => AuditAction::JointRequestAccepted,
            JointStatus::Declined => AuditAction::JointRequestDeclined,
            JointStatus::Left => AuditAction::JointRequestLeft,
        };
        audit::store::append(db, &answered(editor, id, organization, action))?;
    }
    let now = after.unwrap_or(before);
    let one = now.joint_organization(organization).ok_or_else(missing)?;
    Ok((now.version, one.clone()))
}

fn answered(editor: &Editor, id: Id, organization: Id, action: AuditAction) -> Act {
    let mut act = Act::new(&editor.actor, action, organization);
    act.subjects.push(id);
    act
}

/// Lists the deliverables that name an organization which the caller acts for.
pub fn list_joint(
    db: &mut Db,
    reach: &Reach,
    organization: Id,
    filter: &JointFilter,
) -> Result<Page<JointDeliverable>> {
    if !has_own_organization(db, reach, organization)? {
        return Err(Error::not_found("団体", "organization"));
    }
    store::list_joint(db, organization, filter)
}
