//! Logging in, refreshing, accepting an invitation and changing the password.
//!
//! Hashing a password takes long and happens between two transactions: the first counts the attempt, the
//! second writes what follows from success.

use super::{
    CurrentSession, InvitationAcceptance, InvitationPurpose, InvitationView, Login, NewPassword,
    wrong_invitation, wrong_login, wrong_refresh_token,
};
use crate::audit::{self, Act, AuditAction};
use crate::auth::{ACCESS_SECONDS, Claims, Keys, UserRole};
use crate::catalogue::Catalogue;
use crate::config::SessionLimits;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, FieldError, Result, Text};
use crate::feeds;
use crate::http::body::invalid;
use crate::organizations;
use crate::sessions::actions::open_with_secret;
use crate::sessions::store::{self as sessions, RefreshOutcome};
use crate::sessions::throttle::{self, too_many_attempts};
use crate::sessions::{Client, Devices, fresh_refresh_token};
use crate::users::actions::EndAccess;
use crate::users::password::{self, Passwords};
use crate::users::store::OpenInvitation;
use crate::users::{self, NewUser, User, UserStatus};
use crate::webhooks::{self, WebhookOffReason};
use validator::Validate;

/// An access token and the refresh token that follows it.
pub struct TokenPair {
    pub access_token: String,
    pub refresh_token: String,
}

/// Finds an invitation by its secret. A wrong secret counts for the address.
async fn find_invitation<T: Send + 'static>(
    pool: &Pool,
    client: Client,
    token: String,
    read: impl FnOnce(&mut Db, OpenInvitation) -> Result<T> + Send + 'static,
) -> Result<T> {
    let find = move |db: &mut Db, now: Instant| {
        let found = users::store::find_invitation(db, &token, now)?;
        found.map(|invitation| read(db, invitation)).transpose()
    };
    open_with_secret(pool, throttle::of_address(&client), wrong_invitation, find).await
}

/// Returns what an invitation is for, so that its page can say so.
pub async fn show_invitation(
    pool: &Pool,
    catalogue: impl FnOnce(&mut Db) -> Result<std::sync::Arc<Catalogue>> + Send + 'static,
    login_url: Option<String>,
    client: Client,
    token: String,
) -> Result<InvitationView> {
    let view = move |db: &mut Db, invitation: OpenInvitation| {
        let catalogue = catalogue(db)?;
        let user = invitation.user.map(|id| users::store::find(db, id)).transpose()?;
        let place = user
            .as_ref()
            .map(|user| place(db, &catalogue, user))
            .transpose()?
            .flatten();
        let inviter = invitation
            .invited_by
            .split_once(':')
            .and_then(|(_, id)| id.parse().ok());
        let inviter = inviter.map(|id| users::store::find(db, Id(id)));
        Ok(InvitationView {
            purpose: match &user {
                None => InvitationPurpose::FirstAdministrator,
                Some(user) if user.has_password => InvitationPurpose::PasswordReset,
                Some(_) => InvitationPurpose::Invitation,
            },
            // The inviter may have been removed since.
            invited_by: inviter.and_then(|found| found.ok()).map(|user| user.details.name),
            email: user.as_ref().map(|user| user.details.email.clone()),
            name: user.as_ref().map(|user| user.details.name.clone()),
            role: user.as_ref().map(|user| user.details.role),
            place,
            expires_at: invitation.expires_at,
            login_url,
        })
    };
    find_invitation(pool, client, token, view).await
}

/// Returns the name of where a user belongs.
fn place(db: &mut Db, catalogue: &Catalogue, user: &User) -> Result<Option<String>> {
    if let Some(id) = user.details.organization_id {
        let labels = organizations::store::labels(db, &[id])?;
        return Ok(labels.get(&id).map(|label| label.name.clone()));
    }
    let areas = user.details.areas.iter().filter_map(|code| catalogue.area(code));
    let names: Vec<String> = areas.map(|area| catalogue.fixed.name_here(area)).collect();
    Ok((!names.is_empty()).then(|| names.join("、")))
}

/// Accepts an invitation and sets the password. The first administrator's link creates the user as well. The
/// device is known from now on; its secrets are returned.
pub async fn accept_invitation(
    pool: &Pool,
    passwords: &Passwords,
    client: Client,
    mut devices: Devices,
    acceptance: InvitationAcceptance,
) -> Result<Devices> {
    // Found before hashing, which is slow: only holders of a link may cause it.
    let user = move |db: &mut Db, invitation: OpenInvitation| match invitation.user {
        Some(id) => Ok(Some(users::store::find(db, id)?.details)),
        // It is of no use once somebody else is registered.
        None if !users::store::is_empty(db)? => Err(wrong_invitation()),
        None => Ok(None),
    };
    let known = find_invitation(pool, client, acceptance.token.clone(), user).await?;
    let mut faults = Vec::new();
    let details = known
        .clone()
        .unwrap_or_else(|| first_administrator(&acceptance, &mut faults));
    let about = [details.email.as_str(), details.name.as_str()];
    faults.extend(password::fault(&acceptance.password, "/password", &about));
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    let hash = passwords.hash(acceptance.password).await?;
    let (token, device) = (acceptance.token, devices.add()?);
    let accepted = pool.write(move |db| {
        let now = Instant::now();
        let invitation = users::store::find_invitation(db, &token, now)?.ok_or_else(wrong_invitation)?;
        if !users::store::take_invitation(db, &token)? {
            return Err(wrong_invitation());
        }
        let id = match invitation.user {
            Some(id) => id,
            None => insert_first_administrator(db, details, now)?,
        };
        users::store::set_password(db, id, &hash)?;
        sessions::insert_device(db, id, &device, now)?;
        end_access(db, id, None, WebhookOffReason::PasswordChanged, now)
    });
    accepted.await?;
    Ok(devices)
}

/// Ends what somebody who knew the password may have left behind: sessions except one, feeds, whose addresses need no session,
/// and webhooks.
fn end_access(db: &mut Db, id: Id, except: Option<Id>, reason: WebhookOffReason, now: Instant) -> Result<()> {
    feeds::store::delete_all(db, id)?;
    webhooks::store::switch_off_all(db, id, reason, now)?;
    sessions::revoke_all(db, id, except, now)
}

/// Ends all access to an account that gets another address.
pub const END_FORMER_ACCESS: EndAccess =
    EndAccess(|db, id, now| end_access(db, id, None, WebhookOffReason::EmailChanged, now));

/// Returns the details of the first administrator, and adds what is wrong with them.
fn first_administrator(acceptance: &InvitationAcceptance, faults: &mut Vec<FieldError>) -> NewUser {
    let given = [("/email", &acceptance.email), ("/name", &acceptance.name)];
    for (pointer, _) in given.iter().filter(|(_, given)| given.is_none()) {
        let rule = Text::new(
            "最初の管理者の登録では入力必須です。",
            "Required for the first administrator.",
        );
        faults.push(FieldError::at(*pointer, "missing_field", rule));
    }
    let text = |given: &Option<String>| given.clone().unwrap_or_default();
    let details = NewUser::administrator(&text(&acceptance.email), &text(&acceptance.name));
    let broken = details.validate().map_err(|errors| invalid(&errors));
    let is_given = |fault: &FieldError| !faults.iter().any(|missing| missing.place == fault.place);
    let broken: Vec<FieldError> = broken
        .err()
        .iter()
        .flat_map(|error| error.fields().iter().cloned())
        .filter(is_given)
        .collect();
    faults.extend(broken);
    details
}

fn insert_first_administrator(db: &mut Db, details: NewUser, now: Instant) -> Result<Id> {
    if !users::store::is_empty(db)? {
        return Err(wrong_invitation());
    }
    let user = User::invite(Id::new(), details, now);
    users::store::insert(db, &format!("{}:{}", UserRole::Admin.code(), user.id), &user)?;
    Ok(user.id)
}

/// Checks address and password, and opens a session. Returns the secrets of the device too, which is known
/// from now on.
pub async fn log_in(
    pool: &Pool,
    passwords: &Passwords,
    keys: &Keys,
    limits: SessionLimits,
    client: Client,
    mut devices: Devices,
    login: Login,
) -> Result<(TokenPair, Devices)> {
    let (email, from, own) = (login.email.to_lowercase(), client.clone(), devices.clone());
    let found = pool.write(move |db| {
        let found = users::store::find_login(db, &email)?;
        // Looked up for unknown accounts too, so that this takes the same time.
        let known = sessions::known_devices(db, &own)?.into_iter();
        let user = found.as_ref().map(|(user, _)| user.id);
        let device = known
            .filter(|(_, of)| Some(*of) == user)
            .map(|(digest, _)| digest)
            .next();
        let throttles = throttle::of_login(&email, device.as_deref(), &from);
        let wait_s = sessions::attempt(db, &throttles, Instant::now())?;
        Ok((found, device, throttles, wait_s))
    });
    let (found, device, throttles, wait_s) = found.await?;
    if let Some(wait_s) = wait_s {
        return Err(too_many_attempts(wait_s));
    }
    let (user, hash) = found.unzip();
    let is_right = passwords.verify(login.password, hash.clone()).await?;
    let verified = user.zip(hash).filter(|_| is_right);
    let (user, verified) = verified.ok_or_else(wrong_login)?;
    let (id, role, refresh_token) = (user.id, user.details.role, fresh_refresh_token()?);
    let (first, actor) = (refresh_token.clone(), format!("{}:{id}", role.code()));
    let new_device = match device {
        Some(_) => None,
        None => Some(devices.add()?),
    };
    let session = pool.write(move |db| {
        let now = Instant::now();
        // This waits for who changes the user, and makes others wait.
        users::store::record_login(db, id, now)?;
        check_still(db, id, &verified)?;
        sessions::succeed(db, &throttles)?;
        if let Some(known) = device {
            sessions::use_device(db, &known, now)?;
        }
        if let Some(new) = new_device {
            sessions::insert_device(db, id, &new, now)?;
        }
        let session = sessions::insert(db, id, &client, &first, now, &limits)?;
        audit::store::append(db, &Act::new(&actor, AuditAction::SessionOpened, id))?;
        Ok(session)
    });
    let access_token = sign(keys, id, role, session.await?)?;
    let pair = TokenPair {
        access_token,
        refresh_token,
    };
    Ok((pair, devices))
}

fn check_still(db: &mut Db, id: Id, verified: &str) -> Result<()> {
    match users::store::has_still(db, id, verified)? {
        true => Ok(()),
        false => Err(wrong_login()),
    }
}

/// Returns the session that a cookie's refresh token can continue.
pub async fn show_session(
    pool: &Pool,
    limits: SessionLimits,
    token: String,
    csrf_token: String,
) -> Result<CurrentSession> {
    let live = pool.read(move |db| sessions::live_until(db, &token, Instant::now(), &limits));
    let expires_at = live.await?.ok_or_else(wrong_refresh_token)?;
    Ok(CurrentSession {
        csrf_token,
        expires_at,
    })
}

fn sign(keys: &Keys, user: Id, role: UserRole, session: Id) -> Result<String> {
    let mut claims = Claims::new(role, user, chrono::Utc::now().timestamp(), ACCESS_SECONDS);
    claims.sid = Some(session);
    keys.sign(&claims)
}

/// Replaces a refresh token and returns a new pair. A token that was used before revokes its session.
pub async fn refresh(pool: &Pool, keys: &Keys, limits: SessionLimits, old: String) -> Result<TokenPair> {
    let refresh_token = fresh_refresh_token()?;
    let next = refresh_token.clone();
    let refreshed = pool.write(move |db| {
        let Some((_, user)) = sessions::find_by_token(db, &old)? else {
            return Ok(None);
        };
        let user = users::store::find(db, user)?;
        if user.details.status != UserStatus::Active {
            return Ok(None);
        }
        let outcome = sessions::refresh(db, &old, &next, Instant::now(), &limits)?;
        if let RefreshOutcome::Reused(_) = outcome {
            let reused = Act::new("anonymous", AuditAction::RefreshTokenReused, user.id);
            audit::store::append(db, &reused)?;
        }
        Ok(Some((outcome, user)))
    });
    match refreshed.await? {
        Some((RefreshOutcome::Replaced(session), user)) => Ok(TokenPair {
            access_token: sign(keys, user.id, user.details.role, session)?,
            refresh_token,
        }),
        Some((RefreshOutcome::Reused(session), user)) => {
            tracing::warn!(%session, user = %user.id, "a refresh token was used twice: the session is revoked");
            Err(wrong_refresh_token())
        }
        _ => Err(wrong_refresh_token()),
    }
}

/// Revokes the session of a refresh token, whether the token has been used or not.
pub fn log_out(db: &mut Db, token: &str) -> Result<()> {
    match sessions::find_by_token(db, token)? {
        Some((session, _)) => sessions::revoke(db, session, Instant::now()),
        None => Ok(()),
    }
}

/// Changes the password of a user and ends all access but that of the session `current`. Wrong current passwords slow
/// down only this session.
pub async fn change_password(
    pool: &Pool,
    passwords: &Passwords,
    id: Id,
    current: Option<Id>,
    new: NewPassword,
) -> Result<()> {
    let throttles = throttle::of_session(current.unwrap_or(id));
    let counted = throttles.clone();
    let found = pool.write(move |db| {
        let user = users::store::find(db, id)?;
        let wait_s = sessions::attempt(db, &counted, Instant::now())?;
        Ok((user, users::store::password_hash(db, id)?, wait_s))
    });
    let (user, hash, wait_s) = found.await?;
    if let Some(wait_s) = wait_s {
        return Err(too_many_attempts(wait_s));
    }
    let is_right = passwords.verify(new.current_password, hash.clone()).await?;
    let verified = hash.filter(|_| is_right).ok_or_else(wrong_login)?;
    let details = user.details;
    let about = [details.email.as_str(), details.name.as_str()];
    if let Some(fault) = password::fault(&new.new_password, "/new_password", &about) {
        return Err(Error::Invalid(vec![fault]));
    }
    let hash = passwords.hash(new.new_password).await?;
    let changed = pool.write(move |db| {
        users::store::find_to_change(db, id)?;
        check_still(db, id, &verified)?;
        sessions::succeed(db, &throttles)?;
        users::store::set_password(db, id, &hash)?;
        let now = Instant::now();
        end_access(db, id, current, WebhookOffReason::PasswordChanged, now)
    });
    changed.await
}
