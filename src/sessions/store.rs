//! SQL of sessions, their refresh tokens, and failed attempts.

use super::throttle::{CLEARED_AFTER_S, Throttle};
use super::{Client, Session, SessionRecord};
use crate::auth::secret;
use crate::config::SessionLimits;
use crate::db::schema::{refresh_tokens, sessions, throttles};
use crate::db::{Db, Id, Instant, lock, on};
use crate::error::{Error, Result};
use chrono::Duration;
use diesel::prelude::*;

/// Inserts a session with its first refresh token.
pub fn insert(
    db: &mut Db,
    user: Id,
    client: &Client,
    refresh_token: &str,
    now: Instant,
    limits: &SessionLimits,
) -> Result<Id> {
    use sessions::dsl as s;
    let id = Id::new();
    let row = (
        s::id.eq(id),
        s::user_id.eq(user),
        s::address.eq(&client.address),
        s::user_agent.eq(&client.user_agent),
        s::created_at.eq(now),
        s::last_used_at.eq(now),
        s::expires_at.eq(Instant::from(now.utc() + limits.longest)),
    );
    diesel::insert_into(sessions::table).values(row).execute(db)?;
    insert_token(db, id, refresh_token, now)?;
    Ok(id)
}

fn insert_token(db: &mut Db, session: Id, token: &str, now: Instant) -> Result<()> {
    use refresh_tokens::dsl as t;
    let row = (
        t::digest.eq(secret::digest(token)),
        t::session_id.eq(session),
        t::created_at.eq(now),
    );
    diesel::insert_into(refresh_tokens::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// What a refresh did.
pub enum RefreshOutcome {
    /// The session continues with the new token.
    Replaced(Id),
    /// The token is unknown or too old, or its session has ended.
    Rejected,
    /// The token was used before, so its session has been revoked.
    Reused(Id),
}

/// Replaces an unused refresh token with a new one.
pub fn refresh(
    db: &mut Db,
    old: &str,
    new: &str,
    now: Instant,
    limits: &SessionLimits,
) -> Result<RefreshOutcome> {
    use refresh_tokens::dsl as t;
    type Row = (Id, Instant, Option<Instant>, Instant, Option<Instant>);
    let digest = secret::digest(old);
    let found = refresh_tokens::table
        .inner_join(sessions::table.on(sessions::id.eq(t::session_id)))
        .filter(t::digest.eq(&digest))
        .select((
            t::session_id,
            t::created_at,
            t::used_at,
            sessions::expires_at,
            sessions::ended_at,
        ))
        .first::<Row>(db)
        .optional()?;
    let Some((session, created_at, used_at, expires_at, ended_at)) = found else {
        return Ok(RefreshOutcome::Rejected);
    };
    if ended_at.is_some() || expires_at <= now {
        return Ok(RefreshOutcome::Rejected);
    }
    if used_at.is_some() {
        revoke(db, session, now)?;
        return Ok(RefreshOutcome::Reused(session));
    }
    if created_at.utc() + limits.idle <= now.utc() {
        return Ok(RefreshOutcome::Rejected);
    }
    let used = diesel::update(t::refresh_tokens.find(&digest).filter(t::used_at.is_null()))
        .set(t::used_at.eq(now))
        .execute(db)?;
    if used == 0 {
        revoke(db, session, now)?;
        return Ok(RefreshOutcome::Reused(session));
    }
    insert_token(db, session, new, now)?;
    diesel::update(sessions::table.find(session))
        .set(sessions::last_used_at.eq(now))
        .execute(db)?;
    Ok(RefreshOutcome::Replaced(session))
}

/// Finds the session and the user of a refresh token, whether it has been used or not.
pub fn find_by_token(db: &mut Db, token: &str) -> Result<Option<(Id, Id)>> {
    let found = refresh_tokens::table
        .inner_join(sessions::table.on(sessions::id.eq(refresh_tokens::session_id)))
        .filter(refresh_tokens::digest.eq(secret::digest(token)))
        .select((sessions::id, sessions::user_id));
    Ok(found.first::<(Id, Id)>(db).optional()?)
}

pub fn revoke(db: &mut Db, session: Id, now: Instant) -> Result<()> {
    diesel::update(sessions::table.find(session).filter(sessions::ended_at.is_null()))
        .set(sessions::ended_at.eq(now))
        .execute(db)?;
    Ok(())
}

/// Revokes one of a user's active sessions.
pub fn revoke_own(db: &mut Db, user: Id, session: Id, now: Instant) -> Result<()> {
    let revoked = diesel::update(sessions::table.find(session))
        .filter(sessions::user_id.eq(user))
        .filter(sessions::ended_at.is_null())
        .set(sessions::ended_at.eq(now))
        .execute(db)?;
    if revoked == 0 {
        return Err(Error::not_found("セッション", "session"));
    }
    Ok(())
}

/// Revokes all sessions of a user except one.
pub fn revoke_all(db: &mut Db, user: Id, except: Option<Id>, now: Instant) -> Result<()> {
    let mut own = diesel::update(sessions::table)
        .filter(sessions::user_id.eq(user).and(sessions::ended_at.is_null()))
        .into_boxed();
    if let Some(except) = except {
        own = own.filter(sessions::id.ne(except));
    }
    own.set(sessions::ended_at.eq(now)).execute(db)?;
    Ok(())
}

/// The most sessions that a list returns; a person has a handful.
const MAX_LISTED: i64 = 200;

/// Lists a user's active sessions, newest first.
pub fn list(db: &mut Db, user: Id, current: Option<Id>, now: Instant) -> Result<Vec<Session>> {
    use sessions::dsl as s;
    type Row = (Id, Option<String>, Option<String>, Instant, Instant, Instant);
    let own = s::sessions
        .filter(s::user_id.eq(user))
        .filter(s::ended_at.is_null())
        .filter(s::expires_at.gt(now))
        .order(s::id.desc())
        .limit(MAX_LISTED);
    let columns = (
        s::id,
        s::address,
        s::user_agent,
        s::created_at,
        s::last_used_at,
        s::expires_at,
    );
    let rows = own.select(columns).load::<Row>(db)?;
    let session = |(id, address, user_agent, created_at, last_used_at, expires_at)| Session {
        id,
        current: current == Some(id),
        address,
        user_agent,
        created_at,
        last_used_at,
        expires_at,
    };
    Ok(rows.into_iter().map(session).collect())
}

/// Returns an account's sessions for the person's export, oldest first.
pub fn held_on(db: &mut Db, user: Id) -> Result<Vec<SessionRecord>> {
    use sessions::dsl as s;
    let rows = s::sessions
        .filter(s::user_id.eq(user))
        .order(s::id)
        .select((s::address, s::user_agent, s::created_at, s::last_used_at))
        .load::<(Option<String>, Option<String>, Instant, Instant)>(db)?;
    let record = |(address, user_agent, created_at, last_used_at)| SessionRecord {
        address,
        user_agent,
        created_at,
        last_used_at,
    };
    Ok(rows.into_iter().map(record).collect())
}

/// Counts an attempt as failed until [`succeed`] takes it back. Refuses it if too many have just failed.
pub fn attempt(db: &mut Db, throttle: &Throttle, now: Instant) -> Result<()> {
    use throttles::dsl as t;
    lock(db, &format!("throttle/{}", throttle.key))?;
    let before = t::throttles
        .find(&throttle.key)
        .select((t::failures, t::last_at))
        .first::<(i32, Instant)>(db)
        .optional()?;
    let failures = throttle.attempt(before, now)?;
    let row = (
        t::key.eq(&throttle.key),
        t::failures.eq(failures),
        t::last_at.eq(now),
    );
    let insert = diesel::insert_into(throttles::table).values(row);
    let upsert = insert
        .on_conflict(t::key)
        .do_update()
        .set((t::failures.eq(failures), t::last_at.eq(now)));
    on!(db, |c| upsert.execute(c))?;
    Ok(())
}

/// Takes back an attempt that succeeded: clears the failures of the account, and one failure of the address.
pub fn succeed(db: &mut Db, account: &Throttle, address: Option<&Throttle>) -> Result<()> {
    use throttles::dsl as t;
    diesel::delete(t::throttles.find(&account.key)).execute(db)?;
    if let Some(address) = address {
        diesel::update(t::throttles.find(&address.key))
            .set(t::failures.eq(t::failures - 1))
            .execute(db)?;
    }
    Ok(())
}

/// How long expired sessions are kept, so that their owner's export still has them.
const KEPT_DAYS: i64 = 30;

/// Deletes sessions that expired long ago and failures older than a day.
pub fn purge(db: &mut Db, now: Instant) -> Result<()> {
    let before = |duration| Instant::from(now.utc() - duration);
    let expired_before = before(Duration::days(KEPT_DAYS));
    diesel::delete(sessions::table.filter(sessions::expires_at.lt(expired_before))).execute(db)?;
    let failed_before = before(Duration::seconds(CLEARED_AFTER_S));
    diesel::delete(throttles::table.filter(throttles::last_at.lt(failed_before))).execute(db)?;
    Ok(())
}
