//! SQL of sessions, their refresh tokens, and failed attempts.

use super::throttle::{FORGOTTEN_AFTER_S, Throttle};
use super::{Session, SessionRecord};
use crate::auth::secret;
use crate::config::SessionLimits;
use crate::db::schema::{refresh_tokens, sessions, throttles, users};
use crate::db::{Db, Id, Instant, lock, on};
use crate::error::{Error, Result};
use chrono::Duration;
use diesel::prelude::*;

/// Where a session was opened from.
pub struct Opened {
    pub address: Option<String>,
    pub user_agent: Option<String>,
}

/// Opens a session with its first refresh token.
pub fn insert(
    db: &mut Db,
    user: Id,
    opened: &Opened,
    refresh_token: &str,
    now: Instant,
    limits: &SessionLimits,
) -> Result<Id> {
    use sessions::dsl as s;
    let id = Id::new();
    let row = (
        s::id.eq(id),
        s::user_id.eq(user),
        s::address.eq(&opened.address),
        s::user_agent.eq(&opened.user_agent),
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

/// What became of a refresh token.
pub enum Refreshed {
    /// The session and its user.
    Yes { session: Id, user: Id },
    /// Unknown, too old, or of a session that is over.
    No,
    /// It came a second time: the session has been ended.
    Reused { session: Id, user: Id },
}

/// Puts a new refresh token in the place of one that hasn't been used.
pub fn refresh(db: &mut Db, old: &str, new: &str, now: Instant, limits: &SessionLimits) -> Result<Refreshed> {
    use refresh_tokens::dsl as t;
    type Row = (Id, Instant, Option<Instant>, Id, Instant, Option<Instant>, String);
    let digest = secret::digest(old);
    let found = refresh_tokens::table
        .inner_join(sessions::table.on(sessions::id.eq(t::session_id)))
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .filter(t::digest.eq(&digest))
        .select((
            t::session_id,
            t::created_at,
            t::used_at,
            users::id,
            sessions::expires_at,
            sessions::ended_at,
            users::status,
        ))
        .first::<Row>(db)
        .optional()?;
    let Some((session, created_at, used_at, user, expires_at, ended_at, status)) = found else {
        return Ok(Refreshed::No);
    };
    if ended_at.is_some() || expires_at <= now || status != "active" {
        return Ok(Refreshed::No);
    }
    if used_at.is_some() {
        end(db, session, now)?;
        return Ok(Refreshed::Reused { session, user });
    }
    if created_at.utc() + limits.idle <= now.utc() {
        return Ok(Refreshed::No);
    }
    let unused = t::refresh_tokens.find(&digest).filter(t::used_at.is_null());
    if diesel::update(unused).set(t::used_at.eq(now)).execute(db)? == 0 {
        end(db, session, now)?;
        return Ok(Refreshed::Reused { session, user });
    }
    insert_token(db, session, new, now)?;
    diesel::update(sessions::table.find(session))
        .set(sessions::last_used_at.eq(now))
        .execute(db)?;
    Ok(Refreshed::Yes { session, user })
}

/// The session that a refresh token belongs to, used or not.
pub fn session_of(db: &mut Db, token: &str) -> Result<Option<(Id, Id)>> {
    let found = refresh_tokens::table
        .inner_join(sessions::table.on(sessions::id.eq(refresh_tokens::session_id)))
        .filter(refresh_tokens::digest.eq(secret::digest(token)))
        .select((sessions::id, sessions::user_id));
    Ok(found.first::<(Id, Id)>(db).optional()?)
}

pub fn end(db: &mut Db, session: Id, now: Instant) -> Result<()> {
    let one = sessions::table.find(session).filter(sessions::ended_at.is_null());
    diesel::update(one).set(sessions::ended_at.eq(now)).execute(db)?;
    Ok(())
}

/// Ends one of a user's sessions, if it is theirs and goes on.
pub fn end_own(db: &mut Db, user: Id, session: Id, now: Instant) -> Result<()> {
    let own = sessions::table
        .find(session)
        .filter(sessions::user_id.eq(user))
        .filter(sessions::ended_at.is_null());
    if diesel::update(own).set(sessions::ended_at.eq(now)).execute(db)? == 0 {
        return Err(Error::not_found("セッション", "session"));
    }
    Ok(())
}

/// Ends all of a user's sessions but one.
pub fn end_others(db: &mut Db, user: Id, but: Option<Id>, now: Instant) -> Result<()> {
    let mut own = diesel::update(sessions::table)
        .filter(sessions::user_id.eq(user).and(sessions::ended_at.is_null()))
        .into_boxed();
    if let Some(but) = but {
        own = own.filter(sessions::id.ne(but));
    }
    own.set(sessions::ended_at.eq(now)).execute(db)?;
    Ok(())
}

/// The most that are listed; a person has a handful.
const LISTED: i64 = 200;

/// A user's sessions that go on, newest first.
pub fn list(db: &mut Db, user: Id, current: Option<Id>, now: Instant) -> Result<Vec<Session>> {
    use sessions::dsl as s;
    type Row = (Id, Option<String>, Option<String>, Instant, Instant, Instant);
    let own = s::sessions
        .filter(s::user_id.eq(user))
        .filter(s::ended_at.is_null())
        .filter(s::expires_at.gt(now))
        .order(s::id.desc())
        .limit(LISTED);
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

/// Counts an attempt as failed until it is known to have succeeded; refuses it where too many failed just before.
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

/// The attempt succeeded: an account's failures are forgotten, an address has one fewer.
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

/// How long a session that is over is kept, for its owner's sake.
const KEPT_DAYS: i64 = 30;

/// Forgets sessions that were over long ago, and failures of yesterday.
pub fn purge(db: &mut Db, now: Instant) -> Result<()> {
    let before = |duration| Instant::from(now.utc() - duration);
    let old = sessions::table.filter(sessions::expires_at.lt(before(Duration::days(KEPT_DAYS))));
    diesel::delete(old).execute(db)?;
    let forgotten =
        throttles::table.filter(throttles::last_at.lt(before(Duration::seconds(FORGOTTEN_AFTER_S))));
    diesel::delete(forgotten).execute(db)?;
    Ok(())
}
