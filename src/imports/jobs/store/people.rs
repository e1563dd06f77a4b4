//! SQL of who the rows of imports are about, and of forgetting a person.

use super::{ImportStatus, OptionsDocument, findings};
use crate::changes::Change;
use crate::db::schema::{
    erased_people, import_chunks, import_findings, import_jobs, import_people, import_writes,
    imported_records,
};
use crate::db::{BATCH, Db, Doc, Id, Instant, insert_all};
use crate::error::Result;
use crate::imports::jobs::people::{RowPerson, Traces, decode, encode};
use crate::imports::jobs::{ImportFailure, ImportProgress};
use diesel::prelude::*;
use import_people::dsl;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A text in both languages, as stored.
#[derive(Debug, Clone, Copy, Serialize)]
struct Words {
    ja: &'static str,
    en: &'static str,
}

/// What remains of a text that may name an erased person.
const ERASED: Words = Words {
    ja: "（消去されました）",
    en: "(erased)",
};

/// Parts that are read at once.
const PART: i64 = 100;

/// Inserts the people of some rows; `position` counts the rows before them.
pub fn insert(db: &mut Db, import: Id, position: u64, people: &[RowPerson]) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let row = (
        dsl::job_id.eq(import),
        dsl::position.eq(position as i64),
        dsl::keys.eq(encode(people)),
    );
    diesel::insert_into(import_people::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Deletes the digests of rows of records that have forgotten a person: from a guess, they would tell whether it is right.
pub fn forget_digests(db: &mut Db, changes: &[Change]) -> Result<()> {
    let ids = changes
        .iter()
        .filter_map(|change| change.subject_id.parse().ok().map(Id));
    for ids in ids.collect::<Vec<_>>().chunks(BATCH) {
        let of_them = imported_records::record_id.eq_any(ids);
        diesel::delete(imported_records::table.filter(of_them)).execute(db)?;
    }
    Ok(())
}

/// Deletes what imports hold of people: the rows that were imported, the records as they were before, every file that
/// one of them is in, and what was found in their rows, or names them. A file that was not read to its end may have anyone
/// in it, so it is deleted too. Reads the digests and findings of all imports, so call it once for many people.
pub fn forget(db: &mut Db, workers: &[Id], keys: &BTreeSet<u64>, traces: &Traces) -> Result<()> {
    if workers.is_empty() {
        return Ok(());
    }
    let records = imported_records::record_id.eq_any(workers);
    diesel::delete(imported_records::table.filter(records)).execute(db)?;
    // By import first: the table's key begins with it.
    let is_own = import_writes::record_id
        .eq_any(workers)
        .and(import_writes::job_id.eq_any(import_jobs::table.select(import_jobs::id)));
    let wrote = import_writes::table
        .filter(is_own.clone())
        .select(import_writes::job_id);
    remember(db, keys, Instant::now())?;
    let mut lines: BTreeMap<Id, BTreeSet<i64>> = lines_of(db, keys)?;
    for import in wrote.load::<Id>(db)? {
        lines.entry(import).or_default();
    }
    diesel::delete(import_writes::table.filter(is_own)).execute(db)?;
    for (import, line) in findings::lines_that(db, |text| traces.are_in(text))? {
        let of_import = lines.entry(import);
        // Without lines, all of them are forgotten.
        of_import
            .and_modify(|lines| {
                if !lines.is_empty() {
                    lines.insert(line);
                }
            })
            .or_insert_with(|| BTreeSet::from([line]));
    }
    for (import, lines) in lines {
        forget_rows(db, import, lines)?;
    }
    for import in unread(db)? {
        delete_file(db, import)?;
        forget_failure(db, import)?;
    }
    Ok(())
}

/// Deletes the texts of why an import failed: they may quote its first row.
fn forget_failure(db: &mut Db, import: Id) -> Result<()> {
    let of_import = import_jobs::table.find(import);
    let failure: Option<Doc<ImportFailure>> = of_import.select(import_jobs::error).get_result(db)?;
    let failure = failure.map(|Doc(failure)| Doc(ImportFailure::new(&failure.code, ERASED.ja, ERASED.en)));
    diesel::update(of_import)
        .set(import_jobs::error.eq(failure))
        .execute(db)?;
    Ok(())
}

/// Deletes the file of an import, and the texts that were found in these lines of it.
fn forget_rows(db: &mut Db, import: Id, lines: BTreeSet<i64>) -> Result<()> {
    delete_file(db, import)?;
    let of_import = import_findings::table.filter(import_findings::job_id.eq(import));
    let blank = (
        import_findings::value.eq(""),
        import_findings::suggestion.eq(None::<String>),
        import_findings::message.eq(Doc(ERASED)),
    );
    // An import from before rows had people: any of them may be about the person.
    if lines.is_empty() {
        diesel::update(of_import).set(blank.clone()).execute(db)?;
    }
    let lines: Vec<i64> = lines.into_iter().collect();
    for lines in lines.chunks(BATCH) {
        let of_lines = of_import.filter(import_findings::line.eq_any(lines));
        diesel::update(of_lines).set(blank.clone()).execute(db)?;
    }
    Ok(())
}

/// Remembers the digests of erased people, until the imports that were sent before have ended.
fn remember(db: &mut Db, keys: &BTreeSet<u64>, now: Instant) -> Result<()> {
    let keys: Vec<i64> = keys.iter().map(|key| *key as i64).collect();
    for keys in keys.chunks(BATCH) {
        diesel::delete(erased_people::table.filter(erased_people::key.eq_any(keys))).execute(db)?;
        let row = |key: &i64| (erased_people::key.eq(*key), erased_people::erased_at.eq(now));
        let rows: Vec<_> = keys.iter().map(row).collect();
        insert_all!(db, erased_people::table, &rows)?;
    }
    Ok(())
}

/// Returns whether anyone was erased after an import was sent.
pub fn is_anyone_erased_since(db: &mut Db, sent: Instant) -> Result<bool> {
    let since = erased_people::table.filter(erased_people::erased_at.ge(sent));
    Ok(since
        .select(erased_people::key)
        .first::<i64>(db)
        .optional()?
        .is_some())
}

/// Returns those of the digests whose people were erased after an import was sent.
pub fn erased_since(db: &mut Db, sent: Instant, keys: impl Iterator<Item = u64>) -> Result<BTreeSet<u64>> {
    use erased_people::dsl as e;
    let since = e::erased_people.filter(e::erased_at.ge(sent));
    let mut found = BTreeSet::new();
    let keys: Vec<i64> = keys.map(|key| key as i64).collect();
    for keys in keys.chunks(BATCH) {
        let erased = since.filter(e::key.eq_any(keys)).select(e::key).load::<i64>(db)?;
        found.extend(erased.into_iter().map(|key| key as u64));
    }
    Ok(found)
}

/// Forgets the people of an import that has ended who were erased while it waited or ran.
pub fn forget_erased(db: &mut Db, import: Id, sent: Instant) -> Result<()> {
    if !is_anyone_erased_since(db, sent)? {
        return Ok(());
    }
    let parts = dsl::import_people
        .filter(dsl::job_id.eq(import))
        .select(dsl::keys);
    let mut lines = BTreeSet::new();
    for part in parts.load::<Vec<u8>>(db)? {
        let erased = erased_since(db, sent, decode(&part).map(|person| person.key))?;
        let own = decode(&part).filter(|person| erased.contains(&person.key));
        lines.extend(own.map(|person| i64::from(person.line)));
    }
    if lines.is_empty() {
        Ok(())
    } else {
        forget_rows(db, import, lines)
    }
}

/// Deletes digests of people who were erased before.
pub fn purge(db: &mut Db, before: Instant) -> Result<()> {
    let old = erased_people::erased_at.lt(before);
    diesel::delete(erased_people::table.filter(old)).execute(db)?;
    Ok(())
}

/// Finds the lines of each import that have one of these digests.
fn lines_of(db: &mut Db, keys: &BTreeSet<u64>) -> Result<BTreeMap<Id, BTreeSet<i64>>> {
    let mut found: BTreeMap<Id, BTreeSet<i64>> = BTreeMap::new();
    let mut after: Option<(Id, i64)> = None;
    loop {
        let mut query = dsl::import_people
            .select((dsl::job_id, dsl::position, dsl::keys))
            .order((dsl::job_id, dsl::position))
            .limit(PART)
            .into_boxed();
        if let Some((import, position)) = after {
            let is_later = dsl::job_id.eq(import).and(dsl::position.gt(position));
            query = query.filter(dsl::job_id.gt(import).or(is_later));
        }
        let parts = query.load::<(Id, i64, Vec<u8>)>(db)?;
        for (import, _, part) in &parts {
            let own = decode(part).filter(|person| keys.contains(&person.key));
            for person in own {
                found.entry(*import).or_default().insert(i64::from(person.line));
            }
        }
        match parts.last() {
            Some((import, position, _)) => after = Some((*import, *position)),
            None => return Ok(found),
        }
    }
}

/// Finds imports that ended before they had read their file to its end, and still have it.
fn unread(db: &mut Db) -> Result<Vec<Id>> {
    let ended = [
        ImportStatus::Failed.code(),
        ImportStatus::Cancelled.code(),
        ImportStatus::Undone.code(),
    ];
    let with_file = import_chunks::table
        .filter(import_chunks::position.eq(0))
        .select(import_chunks::job_id);
    let ended = import_jobs::table
        .filter(import_jobs::status.eq_any(ended))
        .filter(import_jobs::id.eq_any(with_file))
        .select((import_jobs::id, import_jobs::progress));
    let found = ended.load::<(Id, Doc<ImportProgress>)>(db)?.into_iter();
    // What was taken for the header may be somebody's row.
    let is_unread = |progress: &ImportProgress| {
        let read = progress.rows_read;
        read == 0 || progress.total.is_none_or(|total| read < total)
    };
    Ok(found
        .filter(|(_, Doc(progress))| is_unread(progress))
        .map(|(id, _)| id)
        .collect())
}

/// Deletes the file of an import, and its name.
fn delete_file(db: &mut Db, import: Id) -> Result<()> {
    diesel::delete(import_chunks::table.filter(import_chunks::job_id.eq(import))).execute(db)?;
    let of_import = import_jobs::table.find(import);
    let Doc(mut options) = of_import
        .select(import_jobs::options)
        .get_result::<Doc<OptionsDocument>>(db)?;
    options.options.file_name = None;
    diesel::update(of_import)
        .set(import_jobs::options.eq(Doc(options)))
        .execute(db)?;
    Ok(())
}
