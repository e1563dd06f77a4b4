//! Inviting, changing and removing users.

use super::{Invitation, NewUser, User, UserStatus, UserWithInvitation, last_admin, store};
use crate::auth::{RecordKind, Writer, check_properties};
use crate::catalogue::Catalogue;
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Result, Text};
use crate::http::{IfMatch, Patch};
use crate::{organizations, sessions, workers};

/// Invites a user: registers them and returns the link at which they choose their password.
pub fn invite(
    db: &mut Db,
    catalogue: &Catalogue,
    public_url: &str,
    writer: &Writer,
    mut details: NewUser,
) -> Result<UserWithInvitation> {
    check_properties(writer.role, RecordKind::Users, None, &details)?;
    details.resolve(catalogue, None)?;
    check_references(db, &details)?;
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

/// Changes a user. Suspending one revokes their sessions.
pub fn change(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    id: Id,
    if_match: &IfMatch,
    patch: &Patch<NewUser>,
) -> Result<User> {
    let before = store::find_to_change(db, id)?;
    if_match.check(before.version)?;
    let mut details = patch.apply(&before.details)?;
    check_properties(writer.role, RecordKind::Users, Some(&before.details), &details)?;
    details.resolve(catalogue, Some(&before.details))?;
    check_references(db, &details)?;
    if details == before.details {
        return Ok(before);
    }
    let after = before.changed(details, Instant::now());
    store::update(db, &writer.actor, &after)?;
    if after.details.status == UserStatus::Suspended {
        sessions::store::revoke_all(db, after.id, None, after.updated_at)?;
    }
    check_admin_remains(db, &before)?;
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
    if before.is_active_admin() && !store::has_admin(db)? {
        return Err(last_admin());
    }
    Ok(())
}

fn check_references(db: &mut Db, details: &NewUser) -> Result<()> {
    if let Some(id) = details.organization_id
        && organizations::store::existing(db, &[id])?.is_empty()
    {
        let rule = Text::new("この団体は登録されていません。", "There is no such organization.");
        return Err(Error::invalid("/organization_id", "unknown_organization", rule));
    }
    if let Some(id) = details.worker_id
        && workers::store::labels(db, &[id])?.is_empty()
    {
        let rule = Text::new("このワーカーは登録されていません。", "There is no such worker.");
        return Err(Error::invalid("/worker_id", "unknown_worker", rule));
    }
    Ok(())
}
