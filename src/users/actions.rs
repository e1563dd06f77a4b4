//! Inviting, changing and removing users.

use super::{Invitation, NewUser, User, UserStatus, UserWithInvitation, last_admin, store};
use crate::auth::{RecordKind, Writer, check_properties};
use crate::catalogue::Catalogue;
use crate::db::{Db, Id, Instant};
use crate::error::{Error, FieldError, Result, Text};
use crate::http::{IfMatch, Patch, idempotency};
use crate::{organizations, sessions, workers};

/// Invites a user: registers them and returns the link at which they choose their password.
pub fn invite(
    db: &mut Db,
    catalogue: &Catalogue,
    public_url: &str,
    writer: &Writer,
    mut details: NewUser,
) -> Result<UserWithInvitation> {
    Error::together([
        check_properties(writer.role, RecordKind::Users, None, &details),
        details.resolve(catalogue, None),
        check_references(db, &details),
    ])?;
    let now = Instant::now();
    let user = User::invite(Id::new(), details, now);
    store::insert(db, &writer.actor, &user)?;
    let invitation = Invitation::new(public_url, now)?;
    store::invite(db, &writer.actor, &user, &invitation, now)?;
    Ok(UserWithInvitation { user, invitation })
}

/// Gives a user a new link: if they have a password already, to choose another one.
pub fn invite_again(db: &mut Db, public_url: &str, actor: &str, id: Id) -> Result<UserWithInvitation> {
    let user = store::find_to_change(db, id)?;
    let now = Instant::now();
    let invitation = Invitation::new(public_url, now)?;
    store::invite(db, actor, &user, &invitation, now)?;
    Ok(UserWithInvitation { user, invitation })
}

/// Returns a link for the first administrator, as long as there are no users.
pub fn invite_first_administrator(db: &mut Db, public_url: &str) -> Result<Option<Invitation>> {
    if !store::is_empty(db)? {
        return Ok(None);
    }
    let now = Instant::now();
    let invitation = Invitation::new(public_url, now)?;
    store::insert_invitation(db, "", None, &invitation, now)?;
    Ok(Some(invitation))
}

/// Ends what leads into an account without its password. Feeds and webhooks are of slices that use this one.
#[derive(Clone, Copy)]
pub struct EndAccess(pub fn(&mut Db, Id, Instant) -> Result<()>);

/// Changes a user. Suspending one revokes the sessions. Another address may be that of somebody else: all access ends with the
/// former one, and a new password is chosen at a new link, unless users change their own. A link that waits leads to the account that
/// it was made for: it ends with the address, the role or the place of the user.
pub fn change(
    db: &mut Db,
    catalogue: &Catalogue,
    end_access: EndAccess,
    writer: &Writer,
    id: Id,
    if_match: &IfMatch,
    patch: &Patch<NewUser>,
) -> Result<User> {
    let before = store::find_to_change(db, id)?;
    if_match.check(before.version)?;
    let mut details = patch.apply(&before.details)?;
    let own = Some(&before.details);
    Error::together([
        check_properties(writer.role, RecordKind::Users, own, &details),
        details.resolve(catalogue, own),
        check_references(db, &details),
    ])?;
    if details == before.details {
        return Ok(before);
    }
    let mut after = before.changed(details, Instant::now());
    store::update(db, &writer.actor, &after)?;
    let (old, new) = (&before.details, &after.details);
    if (&new.email, &new.name) != (&old.email, &old.name) {
        idempotency::forget(db, &id.to_string())?;
    }
    let is_suspended = new.status == UserStatus::Suspended;
    let is_own = writer.actor == format!("{}:{id}", old.role.code());
    if new.email != old.email && !is_own {
        end_access.0(db, id, after.updated_at)?;
        store::forget_password(db, id)?;
        after.has_password = false;
    } else if is_suspended || new.email != old.email {
        sessions::store::revoke_all(db, id, None, after.updated_at)?;
    }
    let (old, new) = (&before.details, &after.details);
    let rights = |of: &NewUser| (of.role, of.areas.clone(), of.organization_id, of.worker_id);
    if is_suspended || new.email != old.email || rights(new) != rights(old) {
        store::end_invitations(db, after.id)?;
    }
    // One who gets another address stays, and gets in by a new link.
    if !after.is_active_admin() {
        check_admin_remains(db, &before)?;
    }
    Ok(after)
}

/// Removes a user and their sessions.
pub fn remove(db: &mut Db, actor: &str, id: Id, if_match: &IfMatch) -> Result<()> {
    let user = store::find_to_change(db, id)?;
    if_match.check(user.version)?;
    store::delete(db, actor, &user)?;
    check_admin_remains(db, &user)
}

fn check_admin_remains(db: &mut Db, before: &User) -> Result<()> {
    if before.is_active_admin() && !store::has_admin(db, before.has_password)? {
        return Err(last_admin());
    }
    Ok(())
}

fn check_references(db: &mut Db, details: &NewUser) -> Result<()> {
    let mut faults = Vec::new();
    if let Some(id) = details.organization_id
        && organizations::store::existing(db, &[id])?.is_empty()
    {
        let rule = Text::new("この団体は登録されていません。", "There is no such organization.");
        faults.push(FieldError::at("/organization_id", "unknown_organization", rule));
    }
    if let Some(id) = details.worker_id
        && workers::store::labels(db, &[id])?.is_empty()
    {
        let rule = Text::new("このワーカーは登録されていません。", "There is no such worker.");
        faults.push(FieldError::at("/worker_id", "unknown_worker", rule));
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(faults)),
    }
}
