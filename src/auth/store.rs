//! SQL that finds the user or partner of a token, and counts a partner's requests; and the installation's keys.

use super::reach::sorted;
use super::secret::{KeyedDigest, fresh};
use super::{Belonging, PartnerReach, Principal, Reach, UserRole};
use crate::db::schema::{installation_keys, partners, sessions, users};
use crate::db::{Db, Doc, Id, Instant, UniqueId, on};
use crate::error::{Error, Result};
use crate::values::with_wards;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};

/// Finds the user of an active session, with their current role and belonging.
pub fn user_of_session(db: &mut Db, session: Id, now: Instant) -> Result<Option<(Id, UserRole, Belonging)>> {
    let active = sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .filter(sessions::id.eq(session))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(users::status.eq("active"));
    let found = active.select(MEMBER).get_result::<MemberRow>(db).optional()?;
    found.map(member).transpose()
}

/// Finds the current role and belonging of a user, if active.
pub fn active_user(db: &mut Db, user: Id) -> Result<Option<(UserRole, Belonging)>> {
    let active = users::table.find(user).filter(users::status.eq("active"));
    let found = active.select(MEMBER).get_result::<MemberRow>(db).optional()?;
    let found = found.map(member).transpose()?;
    Ok(found.map(|(_, role, belonging)| (role, belonging)))
}

type MemberRow = (Id, String, Doc<Vec<String>>, Option<Id>, Option<Id>);

/// Who a user is, and where they belong.
const MEMBER: (
    users::id,
    users::role,
    users::areas,
    users::organization_id,
    users::worker_id,
) = (
    users::id,
    users::role,
    users::areas,
    users::organization_id,
    users::worker_id,
);

fn member(row: MemberRow) -> Result<(Id, UserRole, Belonging)> {
    let (id, role, Doc(areas), organization_id, worker_id) = row;
    let strange = || Error::Internal(format!("user {id} has an unknown role"));
    let role = role.parse().map_err(|_| strange())?;
    let belonging = Belonging {
        areas,
        organization_id,
        worker_id,
    };
    Ok((id, role, belonging))
}

/// Returns the digests of personal data. Their key is made at its first use, so call it where writing is possible.
pub fn digests(db: &mut Db) -> Result<KeyedDigest> {
    use installation_keys::dsl as k;
    const NAME: &str = "personal_digests";
    let find = |db: &mut Db| {
        k::installation_keys
            .find(NAME)
            .select(k::secret)
            .get_result::<String>(db)
            .optional()
    };
    if let Some(secret) = find(db)? {
        return Ok(KeyedDigest::new(&secret));
    }
    let row = (
        k::name.eq(NAME),
        k::secret.eq(fresh("mik_")?),
        k::created_at.eq(Instant::now()),
    );
    let insert = diesel::insert_into(installation_keys::table).values(row);
    on!(db, |c| insert.on_conflict_do_nothing().execute(c))?;
    let secret = find(db)?.ok_or_else(|| Error::Internal("the key of digests is missing".to_owned()))?;
    Ok(KeyedDigest::new(&secret))
}

/// Returns whether the caller of an earlier request could still make it.
pub fn is_active(db: &mut Db, principal: &Principal, now: Instant) -> Result<bool> {
    if principal.expires_at <= now.utc().timestamp() {
        return Ok(false);
    }
    if let Some(session) = principal.session {
        let user = user_of_session(db, session, now)?;
        return Ok(user.is_some_and(|(_, role, belonging)| {
            role == principal.role && role.reach(belonging).as_ref() == Some(&principal.reach)
        }));
    }
    let Reach::Partner(partner) = &principal.reach else {
        return Ok(true);
    };
    let Some(terms) = active_terms(db, partner.id)? else {
        return Ok(false);
    };
    let may = |scope: &str| terms.scopes.is_empty() || terms.scopes.iter().any(|one| one == scope);
    let limit = principal.scope_limit.as_deref();
    let may_the_same = limit.map_or(terms.scopes.is_empty(), |limit| limit.split(' ').all(may));
    Ok(may_the_same && terms.reach(partner.id) == *partner)
}

/// Finds what active partners reach, and their scopes; an empty list means all scopes of the role.
pub fn active_partners(db: &mut Db, partners: &[Id]) -> Result<HashMap<Id, (PartnerReach, Vec<String>)>> {
    let active = partners::table
        .filter(partners::id.eq_any(partners))
        .filter(partners::status.eq("active"))
        .select((partners::id, partners::details));
    let terms = active.load::<(Id, Doc<Terms>)>(db)?.into_iter();
    Ok(terms
        .map(|(id, Doc(terms))| (id, (terms.reach(id), terms.scopes)))
        .collect())
}

/// Finds those users who are active administrators.
pub fn active_administrators(db: &mut Db, users: &[Id]) -> Result<HashSet<Id>> {
    let active = users::table
        .filter(users::id.eq_any(users))
        .filter(users::status.eq("active"))
        .filter(users::role.eq(UserRole::Admin.code()))
        .select(users::id);
    Ok(active.load::<Id>(db)?.into_iter().collect())
}

/// Finds the terms of an active partner.
fn active_terms(db: &mut Db, partner: Id) -> Result<Option<Terms>> {
    let active = partners::table
        .find(partner)
        .filter(partners::status.eq("active"))
        .select(partners::details);
    let terms = active.get_result::<Doc<Terms>>(db).optional()?;
    Ok(terms.map(|Doc(terms)| terms))
}

/// The part of a partner's details that applies to its requests.
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

impl Terms {
    fn reach(&self, id: Id) -> PartnerReach {
        PartnerReach {
            id,
            source: format!("partner:{}", self.code),
            areas: sorted(self.areas.iter().flat_map(|area| with_wards(area))),
            families: sorted(self.families.iter().cloned()),
            sandbox: self.sandbox,
        }
    }
}

/// Numbers of requests in a minute and in a day.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub struct Usage {
    #[diesel(sql_type = Integer)]
    pub in_minute: i32,
    #[diesel(sql_type = Integer)]
    pub in_day: i32,
}

/// A partner that makes a request, with its quota and the requests used, including this one.
pub struct PartnerUsage {
    pub reach: PartnerReach,
    /// The scopes that it has now; empty means all scopes of its role.
    pub scopes: Vec<String>,
    pub quota: Usage,
    pub used: Usage,
}

/// Counts a request of an active partner in its minute and its day. Returns `None` if no such partner is
/// active.
pub fn count_request(db: &mut Db, partner: Id, minute: i64, day: i64) -> Result<Option<PartnerUsage>> {
    let Some(terms) = active_terms(db, partner)? else {
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
    let reach = terms.reach(partner);
    Ok(Some(PartnerUsage {
        reach,
        scopes: terms.scopes,
        quota,
        used,
    }))
}
