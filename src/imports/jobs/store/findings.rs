//! SQL of what imports found in the rows of their files.

use crate::db::schema::import_findings;
use crate::db::{BATCH, Db, Doc, Id, insert_all};
use crate::error::{Error, Result, Text};
use crate::imports::finding::Finding;
use crate::imports::jobs::{Import, MOST_FINDINGS};
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
    progress.findings += listed.len() as u64;
    progress.unlisted_findings += more.len() as u64;
    Ok(())
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

/// Finds the lines of all imports about which something was found whose texts fulfil a condition.
pub fn lines_that(db: &mut Db, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<(Id, i64)>> {
    const PART: i64 = 1000;
    type Texts = (Id, i64, i64, String, Doc<MessageDocument>, Option<String>);
    let (mut found, mut after) = (Vec::new(), None::<(Id, i64)>);
    loop {
        let mut query = dsl::import_findings
            .order((dsl::job_id, dsl::position))
            .limit(PART)
            .select((
                dsl::job_id,
                dsl::position,
                dsl::line,
                dsl::value,
                dsl::message,
                dsl::suggestion,
            ))
            .into_boxed();
        if let Some((import, position)) = after {
            let is_later = dsl::job_id.eq(import).and(dsl::position.gt(position));
            query = query.filter(dsl::job_id.gt(import).or(is_later));
        }
        let part = query.load::<Texts>(db)?;
        for (import, _, line, value, Doc(message), suggestion) in &part {
            let suggestion = suggestion.as_deref().unwrap_or_default();
            // Each message quotes the same words in both languages.
            if is_wanted(&format!("{value}\n{}\n{suggestion}", message.ja)) {
                found.push((*import, *line));
            }
        }
        after = match part.last() {
            Some((import, position, ..)) => Some((*import, *position)),
            None => return Ok(found),
        };
    }
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
