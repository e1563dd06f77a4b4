//! SQL of what imports wrote, so that it can be undone, and of the rows that records were made from.

use crate::db::schema::{import_jobs, import_writes, imported_records};
use crate::db::{BATCH, Db, Doc, Id, insert_all};
use crate::error::{Error, Result};
use crate::imports::ImportKind;
use diesel::prelude::*;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use {import_jobs::dsl as j, import_writes::dsl as w, imported_records::dsl as r};

/// What an import did to a record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordWrite {
    pub record: Id,
    /// `created`, `updated` or `archived`
    pub action: &'static str,
    /// The record's version after the write.
    pub version: i64,
    /// The record before the write; `None` if it was created.
    pub before: Option<serde_json::Value>,
    /// Its version before the write, if what follows from a row may have written it once more; otherwise `None`.
    pub version_before: Option<i64>,
    /// Hash of the row; `None` if no row led to the write.
    pub row_hash: Option<i64>,
}

/// Inserts what an import wrote, and remembers the row that each record was made from.
pub fn insert(db: &mut Db, import: Id, writes: &[RecordWrite]) -> Result<()> {
    for batch in writes.chunks(BATCH) {
        let row = |write: &RecordWrite| {
            (
                w::job_id.eq(import),
                w::record_id.eq(write.record),
                w::action.eq(write.action),
                w::version.eq(write.version),
                w::before.eq(write.before.clone().map(Doc)),
                w::version_before.eq(write.version_before),
            )
        };
        let rows: Vec<_> = batch.iter().map(row).collect();
        insert_all!(db, import_writes::table, &rows)?;
        // The project of a deliverable has its id: the last row counts.
        let written: Vec<Id> = batch.iter().map(|write| write.record).collect();
        diesel::delete(imported_records::table.filter(r::record_id.eq_any(written))).execute(db)?;
        let row = |write: &RecordWrite| {
            let digest = r::digest.eq(write.row_hash?);
            Some((
                r::record_id.eq(write.record),
                digest,
                r::version.eq(write.version),
            ))
        };
        let rows: Vec<_> = batch.iter().filter_map(row).collect();
        insert_all!(db, imported_records::table, &rows)?;
    }
    Ok(())
}

/// Returns, for each record that an import made, the hash of its row and the version that the row made.
pub fn row_hashes(db: &mut Db, records: &[Id]) -> Result<HashMap<Id, (i64, i64)>> {
    let mut hashes = HashMap::new();
    for records in records.chunks(BATCH) {
        let rows = r::imported_records
            .filter(r::record_id.eq_any(records))
            .select((r::record_id, r::digest, r::version))
            .load::<(Id, i64, i64)>(db)?;
        hashes.extend(rows.into_iter().map(|(id, hash, version)| (id, (hash, version))));
    }
    Ok(hashes)
}

/// A write, as stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = import_writes)]
pub struct RecordWriteRow {
    pub record_id: Id,
    pub action: String,
    pub version: i64,
    pub before: Option<Doc<serde_json::Value>>,
    version_before: Option<i64>,
}

impl RecordWriteRow {
    /// Returns the version that the record had before the import. It isn't stored if the import wrote the record once, as far
    /// as earlier releases knew.
    pub fn version_before(&self) -> i64 {
        self.version_before.unwrap_or(self.version - 1)
    }

    /// Returns what was kept to take the write back, if anything was.
    pub fn kept<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        let kept = self
            .before
            .as_ref()
            .map(|kept| serde_json::from_value(kept.0.clone()));
        let unreadable = |e| Error::Internal(format!("{} can't be restored: {e}", self.record_id));
        kept.transpose().map_err(unreadable)
    }
}

/// Lists an import's writes by record id, after the id `after`.
pub fn list(db: &mut Db, import: Id, after: Option<Id>, limit: i64) -> Result<Vec<RecordWriteRow>> {
    let mut query = w::import_writes
        .filter(w::job_id.eq(import))
        .select(RecordWriteRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(w::record_id.gt(after));
    }
    Ok(query.order(w::record_id).limit(limit).load(db)?)
}

/// Returns whether an import has written a record.
pub fn has_written(db: &mut Db, import: Id, record: Id) -> Result<bool> {
    let written = w::import_writes.filter(w::job_id.eq(import).and(w::record_id.eq(record)));
    Ok(diesel::select(diesel::dsl::exists(written)).get_result(db)?)
}

/// Returns the write of the newest record.
pub fn last(db: &mut Db, import: Id) -> Result<Option<RecordWriteRow>> {
    let of_import = w::import_writes.filter(w::job_id.eq(import));
    let newest = of_import.order(w::record_id.desc());
    Ok(newest.select(RecordWriteRow::as_select()).first(db).optional()?)
}

/// Sets the versions of records that the import has changed once more, by what followed from another row.
pub fn refresh(db: &mut Db, import: Id, versions: &[(Id, i64)]) -> Result<()> {
    for (record, version) in versions {
        let write = w::import_writes.find((import, record));
        diesel::update(write).set(w::version.eq(version)).execute(db)?;
    }
    Ok(())
}

/// Returns the newest import after this one that wrote any of these records.
pub fn later(db: &mut Db, import: Id, records: &[Id]) -> Result<Option<Id>> {
    let mut newest = None;
    for records in records.chunks(BATCH) {
        // By import first: the table's key begins with it.
        let jobs = j::import_jobs.filter(j::id.gt(import)).select(j::id);
        let wrote = w::import_writes
            .filter(w::job_id.eq_any(jobs))
            .filter(w::record_id.eq_any(records))
            .order(w::job_id.desc())
            .select(w::job_id);
        newest = newest.max(wrote.first(db).optional()?);
    }
    Ok(newest)
}

/// Returns which imports wrote any of these records, and which records those are.
pub fn of_records(db: &mut Db, kind: ImportKind, records: &[Id]) -> Result<Vec<(Id, Id)>> {
    let mut found = Vec::new();
    for records in records.chunks(BATCH) {
        // By import first: the table's key begins with it.
        let jobs = j::import_jobs.filter(j::kind.eq(kind.code())).select(j::id);
        let wrote = w::import_writes
            .filter(w::job_id.eq_any(jobs))
            .filter(w::record_id.eq_any(records))
            .select((w::job_id, w::record_id));
        found.extend(wrote.load::<(Id, Id)>(db)?);
    }
    Ok(found)
}

/// Lets earlier imports undo records that this one has taken back: each record's version before this import wrote it, and its
/// version now. What somebody else has changed between two imports stays a gap between their versions.
pub fn hand_back(db: &mut Db, import: Id, versions: &[(Id, i64, i64)]) -> Result<()> {
    for (record, before, now) in versions {
        let jobs = j::import_jobs.filter(j::id.lt(import)).select(j::id);
        let earlier = w::import_writes
            .filter(w::job_id.eq_any(jobs))
            .filter(w::record_id.eq(record));
        let newer = now - before;
        let moved = (
            w::version.eq(w::version + newer),
            w::version_before.eq(w::version_before + newer),
        );
        diesel::update(earlier).set(moved).execute(db)?;
    }
    Ok(())
}

/// Deletes writes that were undone.
pub fn delete(db: &mut Db, import: Id, records: &[Id]) -> Result<()> {
    for records in records.chunks(BATCH) {
        let is_undone = w::job_id.eq(import).and(w::record_id.eq_any(records));
        diesel::delete(import_writes::table.filter(is_undone)).execute(db)?;
        diesel::delete(imported_records::table.filter(r::record_id.eq_any(records))).execute(db)?;
    }
    Ok(())
}

/// Lists the records that an import wrote.
pub fn records(db: &mut Db, import: Id) -> Result<Vec<Id>> {
    let written = w::import_writes.filter(w::job_id.eq(import));
    Ok(written.select(w::record_id).load(db)?)
}
