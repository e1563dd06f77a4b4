//! SQL of who was taken off the lists of events.

use crate::db::schema::event_departures::{self, dsl};
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Result};
use crate::events::signs::Signs;
use diesel::prelude::*;
use std::collections::BTreeMap;

/// How many signs are compared with those of one person. Only namesakes have several.
const MOST_SIGNS: i64 = 1_000;

/// Returns whether anybody was taken off the list of an event.
pub fn has_any(db: &mut Db, event: Id) -> Result<bool> {
    let of_event = dsl::event_departures.filter(dsl::event_id.eq(event));
    let first = of_event.select(dsl::person).limit(1).get_result::<Id>(db);
    Ok(first.optional()?.is_some())
}

/// Notes who was taken off the list of an event.
pub fn insert(db: &mut Db, event: Id, signs: &Signs, now: Instant) -> Result<()> {
    let person = Id::new();
    for (sign, key) in signs {
        let row = (
            dsl::person.eq(person),
            dsl::sign.eq(sign.code()),
            dsl::key.eq(*key),
            dsl::event_id.eq(event),
            dsl::left_at.eq(now),
        );
        diesel::insert_into(event_departures::table)
            .values(row)
            .execute(db)?;
    }
    Ok(())
}

/// Lists those who were taken off the list of an event and share a sign with somebody that tells who they are, with all their signs.
pub fn alike(db: &mut Db, event: Id, signs: &Signs) -> Result<BTreeMap<Id, Signs>> {
    let telling = signs.iter().filter(|(sign, _)| sign.tells_who());
    let keys: Vec<i64> = telling.map(|(_, key)| *key).collect();
    let alike = dsl::event_departures
        .filter(dsl::event_id.eq(event))
        .filter(dsl::key.eq_any(keys))
        .limit(MOST_SIGNS)
        .select(dsl::person);
    let people = alike.load::<Id>(db)?;
    if people.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = dsl::event_departures
        .filter(dsl::person.eq_any(people))
        .order((dsl::person, dsl::sign, dsl::key))
        .limit(MOST_SIGNS)
        .select((dsl::person, dsl::sign, dsl::key));
    let mut found: BTreeMap<Id, Signs> = BTreeMap::new();
    for (person, sign, key) in rows.load::<(Id, String, i64)>(db)? {
        let unknown = |_| Error::Internal(format!("departure {person} has an unknown sign"));
        let sign = sign.parse().map_err(unknown)?;
        found.entry(person).or_default().insert((sign, key));
    }
    Ok(found)
}

/// Forgets that some were taken off.
pub fn delete(db: &mut Db, people: &[Id]) -> Result<()> {
    diesel::delete(dsl::event_departures.filter(dsl::person.eq_any(people))).execute(db)?;
    Ok(())
}

/// Forgets up to a number of signs of those who were taken off before. Returns of how many.
pub fn forget_old(db: &mut Db, before: Instant, limit: i64) -> Result<usize> {
    let old = dsl::event_departures
        .filter(dsl::left_at.lt(before))
        .limit(limit)
        .select(dsl::person);
    let old = old.load::<Id>(db)?;
    delete(db, &old)?;
    Ok(old.len())
}
