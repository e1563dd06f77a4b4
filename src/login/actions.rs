//! Logging in, refreshing, accepting an invitation and changing the password.
//!
//! Hashing a password takes long and happens between two transactions: the first counts the attempt, the
//! second writes what follows from success.

use super::{InvitationAcceptance, Login, NewPassword, wrong_invitation, wrong_login, wrong_refresh_token};
use crate::audit::{self, Act, AuditAction};
use crate::auth::{ACCESS_SECONDS, Claims, Keys, UserRole};
use crate::config::SessionLimits;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, FieldError, Result, Text};
use crate::sessions::store::{self as sessions, RefreshOutcome};
use crate::sessions::{Client, fresh_refresh_token, throttle::Throttle};
use crate::users::password::{self, Passwords};
use crate::users::{self, NewUser, User, UserStatus};

/// An access token and the refresh token that follows it.
pub struct TokenPair {
    pub access_token: String,
    pub refresh_token: String,
}

/// Accepts an invitation and sets the password. The first administrator's link creates the user as well.
pub async fn accept_invitation(
    pool: &Pool,
    passwords: &Passwords,
    address: Option<Throttle>,
    acceptance: InvitationAcceptance,
) -> Result<()> {
    // Checked before hashing, which is slow: only holders of a link may cause it.
    let token = acceptance.token.clone();
    let is_known = pool.write(move |db| {
        let now = Instant::now();
        if users::store::has_invitation(db, &token, now)? {
            return Ok(true);
        }
        address.map_or(Ok(()), |address| sessions::attempt(db, &address, now))?;
        Ok(false)
    });
    if !is_known.await? {
        return Err(wrong_invitation());
    }
    let about = [acceptance.email.as_deref(), acceptance.name.as_deref()];
    let about: Vec<&str> = about.into_iter().flatten().collect();
    password::check(&acceptance.password, "/password", &about)?;
    let hash = passwords.hash(acceptance.password.clone()).await?;
    let accepted = pool.write(move |db| {
        let now = Instant::now();
        let user = users::store::take_invitation(db, &acceptance.token, now)?;
        let id = match user.ok_or_else(wrong_invitation)? {
            Some(id) => id,
            None => insert_first_administrator(db, &acceptance, now)?,
        };
        users::store::set_password(db, id, &hash)?;
        sessions::revoke_all(db, id, None, now)
    });
    accepted.await
}

fn insert_first_administrator(db: &mut Db, acceptance: &InvitationAcceptance, now: Instant) -> Result<Id> {
    if !users::store::is_empty(db)? {
        return Err(wrong_invitation());
    }
    let missing = |pointer: &str| {
        let rule = Text::new(
            "最初の管理者の登録では入力必須です。",
            "Required for the first administrator.",
        );
        FieldError::at(pointer, "missing_field", rule)
    };
    let mut faults = Vec::new();
    if acceptance.email.is_none() {
        faults.push(missing("/email"));
    }
    if acceptance.name.is_none() {
        faults.push(missing("/name"));
    }
    let (Some(email), Some(name)) = (&acceptance.email, &acceptance.name) else {
        return Err(Error::Invalid(faults));
    };
    let user = User::invite(Id::new(), NewUser::administrator(email, name), now);
    users::store::insert(db, &format!("{}:{}", UserRole::Admin.code(), user.id), &user)?;
    Ok(user.id)
}

/// Checks address and password, and opens a session.
pub async fn log_in(
    pool: &Pool,
    passwords: &Passwords,
    keys: &Keys,
    limits: SessionLimits,
    client: Client,
    login: Login,
) -> Result<TokenPair> {
    let (account, address) = (Throttle::account(&login.email), client.throttle());
    let (attempted, email) = ((account.clone(), address.clone()), login.email.to_lowercase());
    let found = pool.write(move |db| {
        let now = Instant::now();
        if let Some(address) = &attempted.1 {
            sessions::attempt(db, address, now)?;
        }
        sessions::attempt(db, &attempted.0, now)?;
        users::store::find_login(db, &email)
    });
    let (user, hash) = found.await?.unzip();
    let is_right = passwords.verify(login.password, hash).await?;
    let user = user.filter(|_| is_right).ok_or_else(wrong_login)?;
    let (id, role, refresh_token) = (user.id, user.details.role, fresh_refresh_token()?);
    let (first, actor) = (refresh_token.clone(), format!("{}:{id}", role.code()));
    let session = pool.write(move |db| {
        let now = Instant::now();
        sessions::succeed(db, &account, address.as_ref())?;
        users::store::record_login(db, id, now)?;
        let session = sessions::insert(db, id, &client, &first, now, &limits)?;
        audit::store::append(db, &Act::new(&actor, AuditAction::SessionOpened, id))?;
        Ok(session)
    });
    let access_token = sign(keys, id, role, session.await?)?;
    Ok(TokenPair {
        access_token,
        refresh_token,
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

/// Changes the password of a user and revokes their sessions except `current`. A wrong current password
/// counts as a failed login.
pub async fn change_password(
    pool: &Pool,
    passwords: &Passwords,
    id: Id,
    current: Option<Id>,
    new: NewPassword,
) -> Result<()> {
    let found = pool.write(move |db| {
        let user = users::store::find(db, id)?;
        sessions::attempt(db, &Throttle::account(&user.details.email), Instant::now())?;
        Ok((user, users::store::password_hash(db, id)?))
    });
    let (user, hash) = found.await?;
    if !passwords.verify(new.current_password, hash).await? {
        return Err(wrong_login());
    }
    let details = user.details;
    let about = [details.email.as_str(), details.name.as_str()];
    password::check(&new.new_password, "/new_password", &about)?;
    let hash = passwords.hash(new.new_password).await?;
    let changed = pool.write(move |db| {
        sessions::succeed(db, &Throttle::account(&details.email), None)?;
        users::store::set_password(db, id, &hash)?;
        sessions::revoke_all(db, id, current, Instant::now())
    });
    changed.await
}
