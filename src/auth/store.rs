//! SQL of whom a token stands for.

use super::PartnerReach;
use super::{Belonging, UserRole};
use crate::db::schema::{partners, sessions, users};
use crate::db::{Db, Doc, Id, Instant, UniqueId, on};
use crate::error::{Error, Result};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};
use serde::Deserialize;

/// The user of a session that goes on: who it is, as the database has them now.
pub fn user_of_session(db: &mut Db, session: Id, now: Instant) -> Result<Option<(Id, UserRole, Belonging)>> {
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
    let role = role.parse().map_err(|_| strange())?;
    let belonging = Belonging {
        areas,
        organization_id,
        worker_id,
    };
    Ok(Some((id, role, belonging)))
}

/// What counts here of what is kept of a partner.
#[derive(Debug, Clone, Deserialize)]
struct Terms {
    code: String,
    scopes: Vec<String>,
    areas: Vec<String>,
    families: Vec<String>,
    sandbox: bool,
    quota_per_minute: i32,
    quota_per_day: i32,
}

/// How many of its requests a partner has used, with this one.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub struct Usage {
    #[diesel(sql_type = Integer)]
    pub in_minute: i32,
    #[diesel(sql_type = Integer)]
    pub in_day: i32,
}

/// A partner's request: whom it is from, and how many there may be and have been.
pub struct Counted {
    pub reach: PartnerReach,
    /// What it may do now; everything that its role may where it is empty.
    pub scopes: Vec<String>,
    pub quota: Usage,
    pub used: Usage,
}

/// An active partner, one request of whose is counted in its minute and day.
pub fn count_request(db: &mut Db, partner: Id, minute: i64, day: i64) -> Result<Option<Counted>> {
    let active = partners::table
        .find(partner)
        .filter(partners::status.eq("active"))
        .select(partners::details);
    let Some(Doc(terms)) = active.first::<Doc<Terms>>(db).optional()? else {
        return Ok(None);
    };
    let count = diesel::sql_query(
        "INSERT INTO partner_usage (partner_id, minute, in_minute, day, in_day) VALUES ($1, $2, 1, $3, 1)
         ON CONFLICT (partner_id) DO UPDATE SET
           in_minute = CASE WHEN partner_usage.minute = excluded.minute THEN partner_usage.in_minute + 1 ELSE 1 END,
           in_day = CASE WHEN partner_usage.day = excluded.day THEN partner_usage.in_day + 1 ELSE 1 END,
           minute = excluded.minute, day = excluded.day
         RETURNING in_minute, in_day",
    );
    let count = count
        .bind::<UniqueId, _>(partner)
        .bind::<BigInt, _>(minute)
        .bind::<BigInt, _>(day);
    let used = on!(db, |c| count.get_result::<Usage>(c))?;
    let quota = Usage {
        in_minute: terms.quota_per_minute,
        in_day: terms.quota_per_day,
    };
    let reach = PartnerReach {
        id: partner,
        source: format!("partner:{}", terms.code),
        areas: terms.areas,
        families: terms.families,
        sandbox: terms.sandbox,
    };
    Ok(Some(Counted {
        reach,
        scopes: terms.scopes,
        quota,
        used,
    }))
}
