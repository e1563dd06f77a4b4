//! SQL of the organizations that workers are kept apart from. `reach` turns them into conditions.

use crate::db::schema::worker_separations::{self, dsl};
use crate::db::schema::workers::dsl as w;
use crate::db::{BATCH, Db, Id, insert_all};
use crate::error::Result;
use crate::workers::Worker;
use diesel::prelude::*;

/// Records which organizations new workers are kept apart from.
pub fn insert(db: &mut Db, workers: &[Worker]) -> Result<()> {
    let rows = workers.iter().flat_map(|worker| {
        let organizations = worker.profile.separated_from().into_iter();
        organizations.map(|id| (dsl::worker_id.eq(worker.id), dsl::organization_id.eq(id)))
    });
    for batch in rows.collect::<Vec<_>>().chunks(BATCH) {
        insert_all!(db, worker_separations::table, batch)?;
    }
    Ok(())
}

/// Replaces the organizations that workers are kept apart from.
pub fn update(db: &mut Db, workers: &[Worker]) -> Result<()> {
    let ids = workers.iter().map(|worker| worker.id);
    diesel::delete(dsl::worker_separations.filter(dsl::worker_id.eq_any(ids))).execute(db)?;
    insert(db, workers)
}

/// A record that was merged into another one, and an organization that it keeps the person apart from.
#[derive(Debug, Clone, Queryable)]
pub struct MergedSeparation {
    pub merged: Id,
    pub primary: Id,
    pub organization: Id,
}

/// Selects the separations by merged records.
macro_rules! merged {
    () => {
        w::workers
            .inner_join(dsl::worker_separations.on(dsl::worker_id.eq(w::id)))
            .filter(w::merged_into.is_not_null())
            .select((w::id, w::merged_into.assume_not_null(), dsl::organization_id))
    };
}

/// Lists the separations by all merged records.
pub fn load_merged(db: &mut Db) -> Result<Vec<MergedSeparation>> {
    Ok(merged!().load(db)?)
}

/// Lists the separations by those of these records that are merged.
pub fn load_some_merged(db: &mut Db, ids: &[Id]) -> Result<Vec<MergedSeparation>> {
    let mut found = Vec::new();
    for ids in ids.chunks(BATCH) {
        found.append(&mut merged!().filter(w::id.eq_any(ids)).load(db)?);
    }
    Ok(found)
}

/// Lists the organizations that any of these records keeps its person apart from.
pub fn of_records(db: &mut Db, ids: &[Id]) -> Result<Vec<Id>> {
    let separations = dsl::worker_separations.filter(dsl::worker_id.eq_any(ids));
    Ok(separations.select(dsl::organization_id).distinct().load(db)?)
}
