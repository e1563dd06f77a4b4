//! SQL of what jobs found and wrote.

use crate::db::schema::{applications, deliverables, import_findings, import_writes, imported_records};
use crate::db::{BATCH, Db, Doc, Id, insert_all};
use crate::error::{Result, Text};
use crate::imports::ImportKind;
use crate::imports::finding::{Finding, Severity};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Message {
    ja: String,
    en: String,
}

pub fn add_findings(db: &mut Db, id: Id, first: u64, findings: &[Finding]) -> Result<()> {
    use import_findings::dsl as f;
    let row = |(i, finding): (usize, &Finding)| {
        let message = Message {
            ja: finding.message.ja.clone().into_owned(),
            en: finding.message.en.clone().into_owned(),
        };
        (
            f::job_id.eq(id),
            f::position.eq(first as i64 + i as i64),
            f::line.eq(finding.line as i64),
            f::heading.eq(finding.column.clone()),
            f::value.eq(finding.value.clone()),
            f::severity.eq(finding.severity.code()),
            f::code.eq(finding.code.clone()),
            f::message.eq(Doc(message)),
            f::suggestion.eq(finding.suggestion.clone()),
        )
    };
    let rows: Vec<_> = findings.iter().enumerate().map(row).collect();
    for batch in rows.chunks(BATCH) {
        insert_all!(db, import_findings::table, batch)?;
    }
    Ok(())
}

/// Those behind a position, in their order.
pub fn findings(db: &mut Db, id: Id, after: Option<i64>, limit: i64) -> Result<Vec<(i64, Finding)>> {
    use import_findings::dsl as f;
    type Row = (
        i64,
        i64,
        Option<String>,
        String,
        String,
        String,
        Doc<Message>,
        Option<String>,
    );
    let rows = f::import_findings
        .filter(f::job_id.eq(id))
        .filter(f::position.gt(after.unwrap_or(-1)))
        .order(f::position)
        .limit(limit)
        .select((
            f::position,
            f::line,
            f::heading,
            f::value,
            f::severity,
            f::code,
            f::message,
            f::suggestion,
        ))
        .load::<Row>(db)?;
    let finding = |(position, line, column, value, severity, code, Doc(message), suggestion): Row| {
        let finding = Finding {
            line: line as u64,
            column,
            value,
            severity: Severity::of_code(&severity).unwrap_or(Severity::Error),
            code,
            message: Text::new(message.ja, message.en),
            suggestion,
        };
        (position, finding)
    };
    Ok(rows.into_iter().map(finding).collect())
}

/// What a job did to a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    pub record: Id,
    /// created, updated or archived
    pub action: &'static str,
    /// The record's version behind it.
    pub version: i64,
    /// What was there before, unless it was created.
    pub before: Option<serde_json::Value>,
    /// Of the row.
    pub digest: Option<i64>,
}

pub fn add_writes(db: &mut Db, id: Id, writes: &[Write]) -> Result<()> {
    use {import_writes::dsl as w, imported_records::dsl as r};
    for batch in writes.chunks(BATCH) {
        let row = |write: &Write| {
            (
                w::job_id.eq(id),
                w::record_id.eq(write.record),
                w::action.eq(write.action),
                w::version.eq(write.version),
                w::before.eq(write.before.clone().map(Doc)),
            )
        };
        let rows: Vec<_> = batch.iter().map(row).collect();
        insert_all!(db, import_writes::table, &rows)?;
        let known: Vec<Id> = batch
            .iter()
            .filter(|w| w.action != "created")
            .map(|w| w.record)
            .collect();
        if !known.is_empty() {
            diesel::delete(r::imported_records.filter(r::record_id.eq_any(known))).execute(db)?;
        }
        let row = |write: &Write| {
            let digest = r::digest.eq(write.digest?);
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

/// Of these records, the digest of the row they were made of, and the version it made.
pub fn digests(db: &mut Db, records: &[Id]) -> Result<HashMap<Id, (i64, i64)>> {
    use imported_records::dsl as r;
    let mut found = HashMap::new();
    for records in records.chunks(BATCH) {
        let rows = r::imported_records
            .filter(r::record_id.eq_any(records))
            .select((r::record_id, r::digest, r::version))
            .load::<(Id, i64, i64)>(db)?;
        found.extend(
            rows.into_iter()
                .map(|(id, digest, version)| (id, (digest, version))),
        );
    }
    Ok(found)
}

/// A write as it was kept.
pub type Written = (Id, String, i64, Option<Doc<serde_json::Value>>);

/// Those of a job, some at a time.
pub fn writes(db: &mut Db, id: Id, after: Option<Id>, limit: i64) -> Result<Vec<Written>> {
    use import_writes::dsl as w;
    let mut query = w::import_writes
        .filter(w::job_id.eq(id))
        .select((w::record_id, w::action, w::version, w::before))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(w::record_id.gt(after));
    }
    Ok(query.order(w::record_id).limit(limit).load(db)?)
}

/// They are taken back.
pub fn drop_writes(db: &mut Db, id: Id, records: &[Id]) -> Result<()> {
    use {import_writes::dsl as w, imported_records::dsl as r};
    for records in records.chunks(BATCH) {
        let taken = w::import_writes
            .filter(w::job_id.eq(id))
            .filter(w::record_id.eq_any(records));
        diesel::delete(taken).execute(db)?;
        diesel::delete(r::imported_records.filter(r::record_id.eq_any(records))).execute(db)?;
    }
    Ok(())
}

/// Those of the records that something else refers to by now: applications, or an organization's deliverables.
pub fn referred(db: &mut Db, kind: ImportKind, records: &[Id]) -> Result<HashSet<Id>> {
    let mut found = HashSet::new();
    for records in records.chunks(BATCH) {
        let referred: Vec<Id> = match kind {
            ImportKind::Workers => applications::table
                .filter(applications::worker_id.assume_not_null().eq_any(records))
                .select(applications::worker_id.assume_not_null())
                .load(db)?,
            ImportKind::Deliverables => applications::table
                .filter(applications::deliverable_id.eq_any(records))
                .select(applications::deliverable_id)
                .load(db)?,
            ImportKind::Organizations | ImportKind::Engagements => deliverables::table
                .filter(deliverables::organization_id.eq_any(records))
                .filter(deliverables::archived_at.is_null())
                .select(deliverables::organization_id)
                .load(db)?,
        };
        found.extend(referred);
    }
    Ok(found)
}
