//! Registering, changing and archiving organizations. Each function runs inside the caller's transaction.

use super::{NewOrganization, Organization, store};
use crate::auth::{Reach, RecordKind, Writer, check_properties, within_reach};
use crate::catalogue::Catalogue;
use crate::changes::Action;
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Result, Text};
use crate::http::idempotency;
use crate::reach::store::has_organization;
use crate::reach::{named_source, newly_named};

/// Registers an organization within the reach.
pub fn register(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    mut details: NewOrganization,
) -> Result<Organization> {
    Error::together([
        check_properties(writer.role, RecordKind::Organizations, None, &details),
        details.resolve(catalogue, None),
    ])?;
    name(db, &writer.reach, None, &mut details)?;
    let organization = Organization::register(Id::new(), details, Instant::now());
    store::insert(db, &writer.actor, &organization)?;
    within_reach(has_organization(db, &writer.reach, organization.id)?)?;
    Ok(organization)
}

/// Changes an organization, which has to stay within the reach; of one that is archived, only the contact. `edit` returns the new
/// details. A `blind` change states the contact, which the caller may not read: it makes a new version even of the same details, or
/// else a guess would show whether it is right.
pub fn change(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    (id, blind): (Id, bool),
    edit: impl FnOnce(&Organization) -> Result<NewOrganization>,
) -> Result<Organization> {
    let before = store::find_to_change(db, &writer.reach, id, true)?;
    let mut details = edit(&before)?;
    let own = Some(&before.details);
    let is_archived = before.archived_at.is_some();
    let contact = before.details.contact.clone();
    let is_contact_alone = before.details
        == NewOrganization {
            contact,
            ..details.clone()
        };
    if is_archived && !is_contact_alone {
        return Err(store::missing());
    }
    Error::together([
        check_properties(writer.role, RecordKind::Organizations, own, &details),
        details.resolve(catalogue, own),
    ])?;
    name(db, &writer.reach, Some(&before), &mut details)?;
    if details == before.details && !blind {
        return Ok(before);
    }
    let after = before.changed(details, Instant::now());
    let action = match is_archived {
        true => Action::Archived,
        false => Action::Updated,
    };
    store::update(db, &writer.actor, &after, action)?;
    if after.details.contact != before.details.contact {
        // The stored answer has the contact as it was.
        idempotency::forget(db, &id.to_string())?;
    }
    within_reach(has_organization(db, &writer.reach, id)?)?;
    Ok(after)
}

/// Archives an organization without open deliverables. `check` may refuse.
pub fn archive(
    db: &mut Db,
    actor: &str,
    reach: &Reach,
    id: Id,
    check: impl FnOnce(&Organization) -> Result<()>,
) -> Result<()> {
    let before = store::find_to_change(db, reach, id, false)?;
    check(&before)?;
    if store::has_open_deliverables(db, id)? {
        let detail = Text::new(
            "進行中の支援内容があるため、アーカイブできません。",
            "The organization has open deliverables. Close them first.",
        );
        return Err(Error::Conflict {
            code: "has_open_deliverables",
            detail,
        });
    }
    idempotency::forget(db, &id.to_string())?;
    store::update(db, actor, &before.archived(Instant::now()), Action::Archived)
}

/// Names an organization within the caller's reach: the external id may be known elsewhere.
fn name(
    db: &mut Db,
    reach: &Reach,
    before: Option<&Organization>,
    details: &mut NewOrganization,
) -> Result<()> {
    let origin_before = before.map(|before| (&before.details.source, &before.details.external_id));
    let Some((source, external_id)) =
        newly_named(reach, origin_before, (&details.source, &details.external_id))
    else {
        return Ok(());
    };
    let found = store::find_external(db, reach, source, external_id, &details.area)?;
    if found.is_some_and(|found| Some(found.id) != before.map(|before| before.id)) {
        return Err(store::duplicate());
    }
    details.source = Some(named_source(reach, source, &details.area)?);
    Ok(())
}
