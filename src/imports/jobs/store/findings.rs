//! SQL of what imports found in the rows of their files.

use crate::auth;
use crate::db::schema::import_findings;
use crate::db::{BATCH, Db, Doc, Id, insert_all};
use crate::error::{Error, Result, Text};
use crate::http::page::COUNTED;
use crate::imports::finding::Finding;
use crate::imports::jobs::{Import, MOST_FINDINGS, people};
use diesel::prelude::*;
use import_findings::dsl;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct MessageDocument {
    ja: String,
    en: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = import_findings)]
struct FindingRow {
    position: i64,
    line: i64,
    heading: Option<String>,
    value: String,
    severity: String,
    code: String,
    message: Doc<MessageDocument>,
    suggestion: Option<String>,
    sheet: Option<String>,
}

impl FindingRow {
    fn finding(self) -> Result<(i64, Finding)> {
        let unknown = |_| Error::Internal(format!("a finding has the unknown severity {}", self.severity));
        let Doc(message) = self.message;
        let finding = Finding {
            sheet: self.sheet,
            line: self.line as u64,
            column: self.heading,
            value: self.value,
            severity: self.severity.parse().map_err(unknown)?,
            code: self.code,
            message: Text::new(message.ja, message.en),
            suggestion: self.suggestion,
        };
        Ok((self.position, finding))
    }
}

/// Adds what was found to an import's report, as far as there is room in it, and counts all of it.
pub fn report(db: &mut Db, import: &mut Import, found: &[Finding]) -> Result<()> {
    let progress = &mut import.progress;
    let room = usize::try_from(MOST_FINDINGS.saturating_sub(progress.findings)).unwrap_or(usize::MAX);
    let (listed, more) = found.split_at(found.len().min(room));
    insert(db, import.id, progress.findings, listed)?;
    insert_named(db, import.id, progress.findings, listed)?;
    progress.findings += listed.len() as u64;
    progress.unlisted_findings += more.len() as u64;
    Ok(())
}

/// Notes whom findings name by the id of a record: a row that may mean several people is answered with theirs.
fn insert_named(db: &mut Db, import: Id, first: u64, findings: &[Finding]) -> Result<()> {
    let texts = findings
        .iter()
        .map(|one| (one.line, format!("{}\n{}", one.value, one.message.en)));
    let texts: Vec<(u64, String)> = texts.filter(|(_, text)| people::has_record(text)).collect();
    if texts.is_empty() {
        return Ok(());
    }
    let digests = auth::store::digests(db)?;
    let of_text = |(line, text): &(u64, String)| people::of_records(&digests, *line, text);
    let named: Vec<_> = texts.iter().flat_map(of_text).collect();
    super::people::insert_said(db, import, first, &named)
}

/// Inserts findings; the first one gets the position `first`.
fn insert(db: &mut Db, import: Id, first: u64, findings: &[Finding]) -> Result<()> {
    let row = |(i, finding): (usize, &Finding)| {
        let message = MessageDocument {
            ja: finding.message.ja.clone().into_owned(),
            en: finding.message.en.clone().into_owned(),
        };
        (
            dsl::job_id.eq(import),
            dsl::position.eq(first as i64 + i as i64),
            dsl::line.eq(finding.line as i64),
            dsl::heading.eq(finding.column.clone()),
            dsl::value.eq(finding.value.clone()),
            dsl::severity.eq(finding.severity.code()),
            dsl::code.eq(finding.code.clone()),
            dsl::message.eq(Doc(message)),
            dsl::suggestion.eq(finding.suggestion.clone()),
            dsl::sheet.eq(finding.sheet.clone()),
        )
    };
    let rows: Vec<_> = findings.iter().enumerate().map(row).collect();
    for batch in rows.chunks(BATCH) {
        insert_all!(db, import_findings::table, batch)?;
    }
    Ok(())
}

/// Counts an import's findings, up to [`COUNTED`].
pub fn count(db: &mut Db, import: Id) -> Result<usize> {
    let all = dsl::import_findings.filter(dsl::job_id.eq(import));
    Ok(all.select(dsl::position).limit(COUNTED).load::<i64>(db)?.len())
}

/// Lists an import's findings with their positions, in the order of the file, after the position `after`.
pub fn list(db: &mut Db, import: Id, after: Option<i64>, limit: i64) -> Result<Vec<(i64, Finding)>> {
    let rows = dsl::import_findings
        .filter(dsl::job_id.eq(import))
        .filter(dsl::position.gt(after.unwrap_or(-1)))
        .order(dsl::position)
        .limit(limit)
        .select(FindingRow::as_select())
        .load::<FindingRow>(db)?;
    rows.into_iter().map(FindingRow::finding).collect()
}
