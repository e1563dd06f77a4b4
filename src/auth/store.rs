//! SQL of whom a token stands for.

use super::{Belonging, Role};
use crate::db::schema::{sessions, users};
use crate::db::{Db, Doc, Id, Instant};
use crate::error::{Error, Result};
use diesel::prelude::*;

/// The user of a session that goes on: who it is, as the database has them now.
pub fn user_of_session(db: &mut Db, session: Id, now: Instant) -> Result<Option<(Id, Role, Belonging)>> {
    type Row = (Id, String, Doc<Vec<String>>, Option<Id>, Option<Id>);
    let going_on = sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .filter(sessions::id.eq(session))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(users::status.eq("active"));
    let columns = (
        users::id,
        users::role,
        users::areas,
        users::organization_id,
        users::worker_id,
    );
    let Some((id, role, Doc(areas), organization_id, worker_id)) =
        going_on.select(columns).first::<Row>(db).optional()?
    else {
        return Ok(None);
    };
    let strange = || Error::Internal(format!("user {id} has a strange role"));
    let role = Role::of_code(&role).ok_or_else(strange)?;
    let belonging = Belonging {
        areas,
        organization_id,
        worker_id,
    };
    Ok(Some((id, role, belonging)))
}
