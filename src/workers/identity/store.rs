//! SQL of what people are recognised by.

use super::super::Worker;
use super::identifiers;
use crate::db::schema::{duplicates, worker_identifiers, workers};
use crate::db::{Db, Doc, Id, on};
use crate::error::Result;
use diesel::prelude::*;
use std::collections::BTreeMap;

/// Keeps what new or changed workers are recognised by, and proposes those who share it. What was decided stays.
pub fn recognise(db: &mut Db, changed: &[Worker]) -> Result<()> {
    for worker in changed {
        let own = identifiers(worker);
        let is_new = worker.version == 1;
        if own.is_empty() && is_new {
            continue;
        }
        if !is_new && !renew(db, worker, &own)? {
            continue;
        }
        insert(db, worker, &own)?;
        propose(db, worker, &own)?;
    }
    Ok(())
}

/// Forgets what is not so any more; whether anything changed.
fn renew(db: &mut Db, worker: &Worker, own: &[(&'static str, String)]) -> Result<bool> {
    use worker_identifiers::dsl as i;
    let kept = i::worker_identifiers.filter(i::worker_id.eq(worker.id));
    let mut before: Vec<String> = kept.select(i::digest).load(db)?;
    let mut now: Vec<String> = own.iter().map(|(_, digest)| digest.clone()).collect();
    before.sort_unstable();
    now.sort_unstable();
    if before == now {
        return Ok(false);
    }
    diesel::delete(kept).execute(db)?;
    use duplicates::dsl as d;
    let about = d::one_id.eq(worker.id).or(d::other_id.eq(worker.id));
    diesel::delete(d::duplicates.filter(d::status.eq("proposed").and(about))).execute(db)?;
    Ok(true)
}

fn insert(db: &mut Db, worker: &Worker, own: &[(&'static str, String)]) -> Result<()> {
    use worker_identifiers::dsl as i;
    let row = |(kind, digest): &(&'static str, String)| {
        (
            i::digest.eq(digest.clone()),
            i::worker_id.eq(worker.id),
            i::kind.eq(*kind),
        )
    };
    let rows: Vec<_> = own.iter().map(row).collect();
    on!(db, |c| diesel::insert_into(worker_identifiers::table)
        .values(&rows)
        .execute(c))?;
    Ok(())
}

fn propose(db: &mut Db, worker: &Worker, own: &[(&'static str, String)]) -> Result<()> {
    use worker_identifiers::dsl as i;
    let digests: Vec<&String> = own.iter().map(|(_, digest)| digest).collect();
    let same = i::worker_identifiers
        .filter(i::digest.eq_any(digests))
        .filter(i::worker_id.ne(worker.id))
        .order((i::worker_id, i::kind))
        .select((i::worker_id, i::kind));
    let mut pairs: BTreeMap<Id, Vec<String>> = BTreeMap::new();
    for (other, kind) in same.load::<(Id, String)>(db)? {
        pairs.entry(other).or_default().push(kind);
    }
    use duplicates::dsl as d;
    for (other, reasons) in pairs {
        let (one, other) = (worker.id.min(other), worker.id.max(other));
        let row = (
            d::id.eq(Id::new()),
            d::one_id.eq(one),
            d::other_id.eq(other),
            d::reasons.eq(Doc(reasons)),
            d::status.eq("proposed"),
            d::version.eq(1),
            d::created_at.eq(worker.updated_at),
            d::updated_at.eq(worker.updated_at),
        );
        let insert = diesel::insert_into(duplicates::table).values(row);
        on!(db, |c| insert.on_conflict_do_nothing().execute(c))?;
    }
    Ok(())
}

/// Everyone whose record stands for the same person, the worker included.
pub fn same_person(db: &mut Db, worker: &Worker) -> Result<Vec<Id>> {
    let kept = worker.merged_into.unwrap_or(worker.id);
    let merged = workers::table
        .filter(workers::merged_into.eq(kept))
        .select(workers::id);
    let mut all: Vec<Id> = merged.load(db)?;
    all.extend([kept, worker.id]);
    all.sort_unstable();
    all.dedup();
    Ok(all)
}
