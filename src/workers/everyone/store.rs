//! SQL of everyone at once, and of all records of one person.

use super::super::Worker;
use super::super::store::{COLUMNS, Columns, worker};
use crate::db::schema::workers::dsl;
use crate::db::{BATCH, Db, Doc, Id, Instant};
use crate::error::{Error, Result};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text as SqlText;
use std::collections::BTreeSet;

/// A worker who counts in rankings, as kept, not yet read: reading takes longer than fetching, and can be done by
/// others.
pub struct Kept(Id, String, String, Option<Id>, i64, Instant, Instant);

impl Kept {
    pub fn id(&self) -> Id {
        self.0
    }

    pub fn read(&self) -> Result<Worker> {
        let Kept(id, profile, personal, partner_id, version, created_at, updated_at) = self;
        let unreadable = |e| Error::Internal(format!("worker {id} can't be read: {e}"));
        let profile = serde_json::from_str(profile).map_err(unreadable)?;
        let personal = serde_json::from_str(personal).map_err(unreadable)?;
        let (profile, personal) = (Doc(profile), Doc(personal));
        Ok(worker((
            *id,
            profile,
            personal,
            *partner_id,
            false,
            None,
            *version,
            *created_at,
            *updated_at,
        )))
    }
}

/// The first ones after an id, for the match index, which can't hold them at once.
pub fn load_after(db: &mut Db, after: Option<Id>, most: i64) -> Result<Vec<Kept>> {
    let (profile, personal) = (
        sql::<SqlText>("CAST(profile AS TEXT)"),
        sql::<SqlText>("CAST(personal AS TEXT)"),
    );
    let (version, created_at, updated_at) = (dsl::version, dsl::created_at, dsl::updated_at);
    let mut later = dsl::workers
        .filter(dsl::sandbox.eq(false))
        .filter(dsl::merged_into.is_null())
        .select((
            dsl::id,
            profile,
            personal,
            dsl::partner_id,
            version,
            created_at,
            updated_at,
        ))
        .order(dsl::id)
        .limit(most)
        .into_boxed();
    if let Some(after) = after {
        later = later.filter(dsl::id.gt(after));
    }
    let rows = later
        .load::<(Id, String, String, Option<Id>, i64, Instant, Instant)>(db)?
        .into_iter();
    Ok(rows
        .map(|(id, a, b, c, d, e, f)| Kept(id, a, b, c, d, e, f))
        .collect())
}

/// Those of the ids that are there, for the match index.
pub fn load_some(db: &mut Db, ids: &[Id]) -> Result<Vec<Worker>> {
    let mut found = Vec::new();
    for ids in ids.chunks(BATCH) {
        let rows = dsl::workers
            .filter(dsl::id.eq_any(ids))
            .select(COLUMNS)
            .load::<Columns>(db)?;
        found.extend(rows.into_iter().map(worker));
    }
    Ok(found)
}

/// Everyone whose record stands for the same person, the worker included.
pub fn same_person(db: &mut Db, worker: &Worker) -> Result<Vec<Id>> {
    let kept = worker.merged_into.unwrap_or(worker.id);
    let merged = dsl::workers.filter(dsl::merged_into.eq(kept)).select(dsl::id);
    let mut all: Vec<Id> = merged.load(db)?;
    all.extend([kept, worker.id]);
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Which of the ids are there.
pub fn existing(db: &mut Db, ids: &[Id]) -> Result<BTreeSet<Id>> {
    let found = dsl::workers.filter(dsl::id.eq_any(ids)).select(dsl::id);
    Ok(found.load::<Id>(db)?.into_iter().collect())
}
