//! SQL of sessions, their refresh tokens, known devices, and failed attempts.

use super::throttle::{Attempt, CLEARED_AFTER_S, Throttle};
use super::{Client, Devices, Session, SessionRecord};
use crate::auth::{self, secret};
use crate::config::SessionLimits;
use crate::db::schema::{devices, refresh_tokens, sessions, throttles};
use crate::db::{Db, Id, Instant, lock, on};
use crate::error::{Error, Result};
use chrono::Duration;
use diesel::prelude::*;

/// Inserts a session with its first refresh token. Only the newest [`MAX_SESSIONS`] of the user stay; tokens of the
/// others stop working.
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
    let own = s::sessions.filter(s::user_id.eq(user));
    let oldest = own.order(s::id.desc()).offset(MAX_SESSIONS).limit(i64::MAX);
    let oldest: Vec<Id> = oldest.select(s::id).load(db)?;
    diesel::delete(s::sessions.filter(s::id.eq_any(oldest))).execute(db)?;
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
        .get_result::<Row>(db)
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

/// Returns until when an unused refresh token can continue its session, if it can.
pub fn live_until(db: &mut Db, token: &str, now: Instant, limits: &SessionLimits) -> Result<Option<Instant>> {
    let found = refresh_tokens::table
        .inner_join(sessions::table.on(sessions::id.eq(refresh_tokens::session_id)))
        .filter(refresh_tokens::digest.eq(secret::digest(token)))
        .filter(refresh_tokens::used_at.is_null())
        .filter(sessions::ended_at.is_null())
        .select((refresh_tokens::created_at, sessions::expires_at));
    let found = found.get_result::<(Instant, Instant)>(db).optional()?;
    let until = found.map(|(created_at, expires_at)| {
        let idle = Instant::from(created_at.utc() + limits.idle);
        if idle.utc() < expires_at.utc() {
            idle
        } else {
            expires_at
        }
    });
    Ok(until.filter(|until| until.utc() > now.utc()))
}

/// Finds the session and the user of a refresh token, whether it has been used or not.
pub fn find_by_token(db: &mut Db, token: &str) -> Result<Option<(Id, Id)>> {
    let found = refresh_tokens::table
        .inner_join(sessions::table.on(sessions::id.eq(refresh_tokens::session_id)))
        .filter(refresh_tokens::digest.eq(secret::digest(token)))
        .select((sessions::id, sessions::user_id));
    Ok(found.get_result::<(Id, Id)>(db).optional()?)
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

/// The most sessions that are stored for a user, ended ones included. A person has a handful.
const MAX_SESSIONS: i64 = 200;

/// Lists a user's active sessions, newest first.
pub fn list(db: &mut Db, user: Id, current: Option<Id>, now: Instant) -> Result<Vec<Session>> {
    use sessions::dsl as s;
    type Row = (Id, Option<String>, Option<String>, Instant, Instant, Instant);
    let own = s::sessions
        .filter(s::user_id.eq(user))
        .filter(s::ended_at.is_null())
        .filter(s::expires_at.gt(now))
        .order(s::id.desc());
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

/// Returns the digest and the user of each of these devices that an account knows.
pub fn known_devices(db: &mut Db, devices: &Devices) -> Result<Vec<(String, Id)>> {
    let digests = devices.0.iter().map(|device| secret::digest(device));
    let known = devices::table.filter(devices::digest.eq_any(digests));
    Ok(known.select((devices::digest, devices::user_id)).load(db)?)
}

/// Notes that a known device was used.
pub fn use_device(db: &mut Db, digest: &str, now: Instant) -> Result<()> {
    diesel::update(devices::table.find(digest))
        .set(devices::last_used_at.eq(now))
        .execute(db)?;
    Ok(())
}

/// Lets an account know a new device. It knows the [`MAX_DEVICES`] that were used last.
pub fn insert_device(db: &mut Db, user: Id, device: &str, now: Instant) -> Result<()> {
    use devices::dsl as d;
    let row = (
        d::digest.eq(secret::digest(device)),
        d::user_id.eq(user),
        d::last_used_at.eq(now),
    );
    diesel::insert_into(devices::table).values(row).execute(db)?;
    let own = d::devices.filter(d::user_id.eq(user));
    let oldest = own
        .order((d::last_used_at.desc(), d::digest))
        .offset(MAX_DEVICES)
        .limit(i64::MAX);
    let oldest: Vec<String> = oldest.select(d::digest).load(db)?;
    diesel::delete(d::devices.filter(d::digest.eq_any(oldest))).execute(db)?;
    Ok(())
}

/// Counts an attempt as failed, until [`succeed`] takes it back. Returns how many seconds to wait if too many
/// have failed. Commit either way, so that a refused attempt counts too. A refusal by one throttle doesn't
/// count in those after it.
pub fn attempt(db: &mut Db, throttles: &[Throttle], now: Instant) -> Result<Option<u64>> {
    use throttles::dsl as t;
    let digests = auth::store::digests(db)?;
    for throttle in throttles {
        let key = throttle.key(&digests);
        lock(db, &format!("throttle/{key}"))?;
        let before = t::throttles
            .find(&key)
            .select((t::failures, t::last_at))
            .get_result::<(i32, Instant)>(db)
            .optional()?;
        let Attempt {
            failures,
            last_at,
            wait_s,
        } = throttle.attempt(before, now);
        let row = (t::key.eq(&key), t::failures.eq(failures), t::last_at.eq(last_at));
        let insert = diesel::insert_into(throttles::table).values(row);
        let upsert = insert
            .on_conflict(t::key)
            .do_update()
            .set((t::failures.eq(failures), t::last_at.eq(last_at)));
        on!(db, |c| upsert.execute(c))?;
        if wait_s.is_some() {
            return Ok(wait_s);
        }
    }
    Ok(None)
}

/// Takes back an attempt that succeeded: one failure in each place.
pub fn succeed(db: &mut Db, throttles: &[Throttle]) -> Result<()> {
    use throttles::dsl as t;
    let digests = auth::store::digests(db)?;
    let keys = throttles.iter().map(|throttle| throttle.key(&digests));
    diesel::update(t::throttles.filter(t::key.eq_any(keys)))
        .set(t::failures.eq(t::failures - 1))
        .execute(db)?;
    Ok(())
}

/// How long expired sessions are kept, so that their owner's export still has them.
const KEPT_DAYS: i64 = 30;
/// How long an account knows a device that isn't used.
pub const DEVICE_DAYS: i64 = 180;
/// How many devices an account knows.
const MAX_DEVICES: i64 = 20;
/// How many counters of failures are stored. Beyond it, those with the fewest failures are forgotten.
const MAX_THROTTLES: i64 = 100_000;

/// Deletes sessions that expired long ago, and devices that were not used for long.
pub fn purge(db: &mut Db, now: Instant) -> Result<()> {
    let before = |days| Instant::from(now.utc() - Duration::days(days));
    diesel::delete(sessions::table.filter(sessions::expires_at.lt(before(KEPT_DAYS)))).execute(db)?;
    diesel::delete(devices::table.filter(devices::last_used_at.lt(before(DEVICE_DAYS)))).execute(db)?;
    Ok(())
}

/// Deletes failures older than a day, and the least of them beyond [`MAX_THROTTLES`].
pub fn purge_throttles(db: &mut Db, now: Instant) -> Result<()> {
    use throttles::dsl as t;
    let failed_before = Instant::from(now.utc() - Duration::seconds(CLEARED_AFTER_S));
    diesel::delete(t::throttles.filter(t::last_at.lt(failed_before))).execute(db)?;
    let kept = t::throttles.order((t::failures.desc(), t::last_at.desc(), t::key));
    let beyond = kept
        .offset(MAX_THROTTLES)
        .limit(1)
        .select((t::failures, t::last_at));
    let Some((failures, last_at)) = beyond.first::<(i32, Instant)>(db).optional()? else {
        return Ok(());
    };
    let fewer = t::failures.lt(failures);
    let older = t::failures.eq(failures).and(t::last_at.le(last_at));
    diesel::delete(t::throttles.filter(fewer.or(older))).execute(db)?;
    Ok(())
}
