//! SQL of the detector: its position in the change log, and the pairs it proposes.

use super::keys;
use crate::changes;
use crate::db::schema::duplicates;
use crate::db::{BATCH, Db, Doc, Id, Instant, on};
use crate::duplicates::candidates::MAX_HELD;
use crate::duplicates::evidence::Reason;
use crate::duplicates::pair::{Detection, Pair};
use crate::duplicates::{DuplicateKind, DuplicateStatus};
use crate::error::Result;
use diesel::prelude::*;
use matcher::ppm;
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub const FOLLOWER: &str = "duplicates";

/// Returns the position of the last change that was handled.
pub fn position(db: &mut Db) -> Result<i64> {
    changes::store::position(db, FOLLOWER)
}

/// Moves the position forward.
pub fn advance(db: &mut Db, to: i64) -> Result<()> {
    changes::store::advance(db, FOLLOWER, to)
}

/// Returns the other record of each proposed pair that contains one of these records.
pub fn partners(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, BTreeSet<Id>>> {
    use duplicates::dsl as d;
    let about = d::one_id.eq_any(ids).or(d::other_id.eq_any(ids));
    let proposed = d::duplicates.filter(d::status.eq(DuplicateStatus::Proposed.code()));
    let pairs = proposed.filter(about).select((d::one_id, d::other_id));
    let mut partners: HashMap<Id, BTreeSet<Id>> = HashMap::new();
    for (one, other) in pairs.load::<(Id, Id)>(db)? {
        partners.entry(one).or_default().insert(other);
        partners.entry(other).or_default().insert(one);
    }
    Ok(partners)
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
    let mut now_found: BTreeMap<(Id, Id), &Pair> = found.pairs.iter().map(|(ids, p)| (*ids, p)).collect();
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
    let dropped = drop_beyond(db, &new)?;
    new.retain(|(id, _)| !dropped.contains(id));
    Ok(new)
}

/// Drops the unlikeliest proposals about records that have too many of them since `new` was proposed. Returns
/// the pairs that were dropped.
fn drop_beyond(db: &mut Db, new: &[(Id, &Pair)]) -> Result<BTreeSet<Id>> {
    use diesel::dsl::count_star;
    use duplicates::dsl as d;
    let kinds: BTreeMap<Id, DuplicateKind> = new
        .iter()
        .flat_map(|(_, pair)| [(pair.one, pair.kind), (pair.other, pair.kind)])
        .collect();
    let proposed = || d::duplicates.filter(d::status.eq(DuplicateStatus::Proposed.code()));
    let mut held: BTreeMap<Id, i64> = BTreeMap::new();
    let ids: Vec<Id> = kinds.keys().copied().collect();
    for ids in ids.chunks(BATCH) {
        let first = proposed().filter(d::one_id.eq_any(ids)).group_by(d::one_id);
        let second = proposed().filter(d::other_id.eq_any(ids)).group_by(d::other_id);
        let first = first.select((d::one_id, count_star())).load::<(Id, i64)>(db)?;
        let second = second.select((d::other_id, count_star())).load::<(Id, i64)>(db)?;
        for (id, count) in first.into_iter().chain(second) {
            *held.entry(id).or_default() += count;
        }
    }
    let most = MAX_HELD as i64;
    let (mut dropped, mut marked) = (BTreeSet::new(), BTreeMap::new());
    for (record, _) in held.into_iter().filter(|(_, count)| *count > most) {
        let about = proposed().filter(d::one_id.eq(record).or(d::other_id.eq(record)));
        let beyond = about
            .order((d::score_ppm.desc(), d::id))
            .offset(most)
            .limit(i64::MAX);
        let beyond = beyond
            .select((d::id, d::one_id, d::other_id))
            .load::<(Id, Id, Id)>(db)?;
        let Some(kind) = kinds.get(&record) else { continue };
        marked.extend(
            beyond
                .iter()
                .flat_map(|(_, one, other)| [(*one, *kind), (*other, *kind)]),
        );
        let ids: Vec<Id> = beyond.into_iter().map(|(id, ..)| id).collect();
        diesel::delete(d::duplicates.filter(d::id.eq_any(&ids))).execute(db)?;
        dropped.extend(ids);
    }
    keys::mark_partly_compared(db, marked)?;
    Ok(dropped)
}
