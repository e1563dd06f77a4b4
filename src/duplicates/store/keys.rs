//! SQL of the keys by which records worth comparing are found.

use crate::db::schema::{organization_keys, worker_keys};
use crate::db::{BATCH, Db, Id, UniqueId, insert_all, on};
use crate::duplicates::DuplicateKind;
use crate::duplicates::pair::Detection;
use crate::error::Result;
use crate::{organizations, workers};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt};
use std::collections::{BTreeMap, BTreeSet};

/// The key of records that were only compared in part. No hash is zero.
const PARTLY_COMPARED: i64 = 0;

#[derive(QueryableByName)]
struct Sharing {
    #[diesel(sql_type = BigInt)]
    key: i64,
    #[diesel(sql_type = UniqueId)]
    id: Id,
}

/// The functions for one kind of record, which differ only in their table.
macro_rules! keys_of {
    ($module:ident, $table:ident, $record:ident) => {
        mod $module {
            use super::*;
            use $table::dsl;

            pub fn sharing(db: &mut Db, keys: &[i64], most: usize) -> Result<Vec<(i64, Id)>> {
                let mut found = Vec::new();
                match db {
                    Db::Pg(c) => {
                        let table = stringify!($table);
                        let record = stringify!($record);
                        let query = diesel::sql_query(format!(
                            "SELECT k.key, s.id FROM unnest($1) AS k (key) CROSS JOIN LATERAL
                             (SELECT {record} AS id FROM {table} t WHERE t.key = k.key ORDER BY {record} LIMIT $2) s"
                        ));
                        for keys in keys.chunks(BATCH) {
                            let query = query.clone().bind::<Array<BigInt>, _>(keys);
                            let rows: Vec<Sharing> = query.bind::<BigInt, _>(most as i64).load(c)?;
                            found.extend(rows.into_iter().map(|row| (row.key, row.id)));
                        }
                    }
                    Db::Sqlite(c) => {
                        for key in keys {
                            let having = dsl::$table.filter(dsl::key.eq(key)).order(dsl::$record);
                            let having = having.limit(most as i64).select((dsl::key, dsl::$record));
                            found.extend(having.load::<(i64, Id)>(c)?);
                        }
                    }
                }
                Ok(found)
            }

            pub fn replace(db: &mut Db, changed: &[Id], rows: &[(i64, Id)]) -> Result<()> {
                diesel::delete(dsl::$table.filter(dsl::$record.eq_any(changed))).execute(db)?;
                let row = |(key, id): &(i64, Id)| (dsl::key.eq(*key), dsl::$record.eq(*id));
                for rows in rows.chunks(BATCH) {
                    let rows: Vec<_> = rows.iter().map(row).collect();
                    insert_all!(db, $table::table, &rows)?;
                }
                Ok(())
            }

            pub fn mark(db: &mut Db, ids: BTreeSet<Id>) -> Result<()> {
                let row = |id: Id| (dsl::key.eq(PARTLY_COMPARED), dsl::$record.eq(id));
                let rows: Vec<_> = ids.into_iter().map(row).collect();
                on!(db, |c| diesel::insert_into($table::table)
                    .values(&rows)
                    .on_conflict_do_nothing()
                    .execute(c))?;
                Ok(())
            }

            pub fn marked(db: &mut Db, ids: &[Id]) -> Result<Vec<Id>> {
                let marked = dsl::$table
                    .filter(dsl::key.eq(PARTLY_COMPARED))
                    .filter(dsl::$record.eq_any(ids));
                Ok(marked.select(dsl::$record).load(db)?)
            }
        }
    };
}
keys_of!(of_workers, worker_keys, worker_id);
keys_of!(of_organizations, organization_keys, organization_id);

/// Lists the records that have any of these keys, each with the key that it has, and at most `most` for each
/// key: the oldest ones.
pub fn sharing(db: &mut Db, kind: DuplicateKind, keys: &[i64], most: usize) -> Result<Vec<(i64, Id)>> {
    match kind {
        DuplicateKind::Worker => of_workers::sharing(db, keys, most),
        DuplicateKind::Organization => of_organizations::sharing(db, keys, most),
    }
}

/// A record may have been erased since it was compared.
fn existing(db: &mut Db, kind: DuplicateKind, ids: &[Id]) -> Result<BTreeSet<Id>> {
    match kind {
        DuplicateKind::Worker => workers::store::existing(db, ids),
        DuplicateKind::Organization => organizations::store::existing(db, ids),
    }
}

/// Replaces the keys of all records that changed, and the mark of those that were only compared in part.
pub fn replace(db: &mut Db, found: &Detection) -> Result<()> {
    let changed: Vec<Id> = found.changed.iter().copied().collect();
    for (kind, keys) in &found.keys {
        let there = existing(db, *kind, &changed)?;
        let marks = found.partly_compared.iter().map(|id| (PARTLY_COMPARED, *id));
        let own = keys
            .iter()
            .flat_map(|(id, keys)| keys.iter().map(|key| (*key, *id)));
        let is_own = |id: &Id| there.contains(id) && keys.contains_key(id);
        let rows: Vec<(i64, Id)> = marks.chain(own).filter(|(_, id)| is_own(id)).collect();
        match kind {
            DuplicateKind::Worker => of_workers::replace(db, &changed, &rows)?,
            DuplicateKind::Organization => of_organizations::replace(db, &changed, &rows)?,
        }
    }
    Ok(())
}

/// Marks records whose pairs were dropped because they had too many.
pub fn mark_partly_compared(db: &mut Db, dropped: BTreeMap<Id, DuplicateKind>) -> Result<()> {
    for kind in [DuplicateKind::Worker, DuplicateKind::Organization] {
        let of_kind = dropped.iter().filter(|(_, of)| **of == kind);
        let ids: Vec<Id> = of_kind.map(|(id, _)| *id).collect();
        let there = existing(db, kind, &ids)?;
        if there.is_empty() {
            continue;
        }
        match kind {
            DuplicateKind::Worker => of_workers::mark(db, there)?,
            DuplicateKind::Organization => of_organizations::mark(db, there)?,
        }
    }
    Ok(())
}

/// Returns those of the records that were only compared in part.
pub fn partly_compared(db: &mut Db, ids: &[Id]) -> Result<BTreeSet<Id>> {
    let mut marked = of_workers::marked(db, ids)?;
    marked.append(&mut of_organizations::marked(db, ids)?);
    Ok(marked.into_iter().collect())
}
