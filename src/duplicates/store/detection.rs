//! SQL of the detector: its position in the change log, the keys of workers, and the pairs it proposes.

use crate::changes;
use crate::db::schema::{duplicates, worker_keys};
use crate::db::{BATCH, Db, Doc, Id, Instant, insert_all, on};
use crate::duplicates::DuplicateStatus;
use crate::duplicates::evidence::Reason;
use crate::duplicates::pair::{Detection, Pair};
use crate::error::Result;
use diesel::prelude::*;
use matcher::ppm;
use std::collections::HashMap;

const NAME: &str = "duplicates";

/// Returns the position of the last change that was handled.
pub fn position(db: &mut Db) -> Result<i64> {
    changes::store::position(db, NAME)
}

/// Moves the position forward.
pub fn advance(db: &mut Db, to: i64) -> Result<()> {
    changes::store::advance(db, NAME, to)
}

/// Lists the workers that have any of these keys, each with the key that it has.
pub fn sharing(db: &mut Db, keys: Vec<i64>) -> Result<Vec<(i64, Id)>> {
    let mut found = Vec::new();
    for keys in keys.chunks(BATCH) {
        let having = worker_keys::table.filter(worker_keys::key.eq_any(keys));
        found.extend(
            having
                .select((worker_keys::key, worker_keys::worker_id))
                .load::<(i64, Id)>(db)?,
        );
    }
    Ok(found)
}

/// Replaces the keys of all records that changed.
pub fn replace_keys(db: &mut Db, found: &Detection) -> Result<()> {
    let ids: Vec<Id> = found.changed.iter().copied().collect();
    let old = worker_keys::table.filter(worker_keys::worker_id.eq_any(&ids));
    diesel::delete(old).execute(db)?;
    // A worker may have been erased since it was compared.
    let there = crate::workers::store::existing(db, &ids)?;
    let own = found.keys.iter().filter(|(id, _)| there.contains(id));
    let rows = own.flat_map(|(id, keys)| {
        keys.iter()
            .map(|key| (worker_keys::key.eq(*key), worker_keys::worker_id.eq(*id)))
    });
    for batch in rows.collect::<Vec<_>>().chunks(BATCH) {
        insert_all!(db, worker_keys::table, batch)?;
    }
    Ok(())
}

fn ppm(score: f64) -> i32 {
    ppm::from_unit(score) as i32
}

/// Replaces the proposals about the changed records, but no pair that was decided. Returns the new proposals.
pub fn replace_pairs<'f>(db: &mut Db, found: &'f Detection, now: Instant) -> Result<Vec<(Id, &'f Pair)>> {
    use duplicates::dsl as d;
    type Known = (Id, Id, Id, String, i32, Doc<Vec<Reason>>);
    let changed: Vec<Id> = found.changed.iter().copied().collect();
    let about = d::one_id.eq_any(&changed).or(d::other_id.eq_any(&changed));
    let known = d::duplicates.filter(about);
    let known: Vec<Known> = known
        .select((d::id, d::one_id, d::other_id, d::status, d::score_ppm, d::reasons))
        .load(db)?;
    let mut now_found: HashMap<(Id, Id), &Pair> = found.pairs.iter().map(|p| ((p.one, p.other), p)).collect();
    let mut gone = Vec::new();
    for (id, one, other, status, score, Doc(reasons)) in known {
        let pair = now_found.remove(&(one, other));
        match pair {
            _ if status != DuplicateStatus::Proposed.code() => {}
            None => gone.push(id),
            Some(pair) if score == ppm(pair.score) && reasons == pair.reasons => {}
            Some(pair) => {
                let renewed = (
                    d::score_ppm.eq(ppm(pair.score)),
                    d::reasons.eq(Doc(pair.reasons.clone())),
                    d::version.eq(d::version + 1),
                    d::updated_at.eq(now),
                );
                diesel::update(d::duplicates.find(id)).set(renewed).execute(db)?;
            }
        }
    }
    diesel::delete(d::duplicates.filter(d::id.eq_any(&gone))).execute(db)?;
    let mut new: Vec<(Id, &Pair)> = now_found.into_values().map(|pair| (Id::new(), pair)).collect();
    new.sort_by_key(|(_, pair)| (pair.one, pair.other));
    let row = |(id, pair): &(Id, &Pair)| {
        (
            d::id.eq(*id),
            d::kind.eq(pair.kind.code()),
            d::one_id.eq(pair.one),
            d::other_id.eq(pair.other),
            d::reasons.eq(Doc(pair.reasons.clone())),
            d::score_ppm.eq(ppm(pair.score)),
            d::status.eq(DuplicateStatus::Proposed.code()),
            d::version.eq(1),
            d::created_at.eq(now),
            d::updated_at.eq(now),
        )
    };
    for batch in new.chunks(BATCH) {
        let rows: Vec<_> = batch.iter().map(row).collect();
        on!(db, |c| diesel::insert_into(duplicates::table)
            .values(&rows)
            .execute(c))?;
    }
    Ok(new)
}
