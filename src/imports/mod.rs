//! Imports: files of any quality in, with a report of every row.
//!
//! ```text
//! bytes -> rows (crate `tables`) -> columns (what they mean) -> kinds (records) -> jobs (into the database)
//! ```
//!
//! * `fields`, `columns`, `mappings`: what headings mean. `vocabulary`: what the words of the catalogue mean in cells.
//! * `kinds`: rows as workers, organizations, deliverables. `finding`: what was found about a row.
//! * `jobs`: running, resuming, undoing, annotated copies. `upload`: files that arrive by HTTP.
//! * `engagements`, `plan`, `totals`: a published archive: its rows,
//!   what is to be written, and what the publication declares against what it lists. `archive`: such a file as a job.
//!
//! Of a published archive nothing is written before the whole file is understood, and then all in one transaction.
//! Rows with a fault are reported and left out; the rest goes in. The same file again changes nothing.

pub mod archive;
pub mod columns;
pub mod engagements;
pub mod fields;
pub mod finding;
pub mod http;
pub mod jobs;
pub mod kinds;
pub mod mappings;
pub mod plan;
pub mod tasks;
pub mod totals;
pub mod upload;
pub mod vocabulary;

use crate::catalogue::Catalogues;
use crate::changes;
use crate::db::{Db, Instant, Pool};
use crate::duplicates::spellings::Doubtful;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// What a file's rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum ImportKind {
    Workers,
    Organizations,
    Deliverables,
    /// A published archive: organizations and what was done for them.
    Engagements,
}

impl ImportKind {
    pub const ALL: [ImportKind; 4] = [
        ImportKind::Workers,
        ImportKind::Organizations,
        ImportKind::Deliverables,
        ImportKind::Engagements,
    ];

    pub fn code(self) -> &'static str {
        match self {
            ImportKind::Workers => "workers",
            ImportKind::Organizations => "organizations",
            ImportKind::Deliverables => "deliverables",
            ImportKind::Engagements => "engagements",
        }
    }

    pub fn of_code(code: &str) -> Option<ImportKind> {
        ImportKind::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// The archive's name as a source.
pub const SOURCE: &str = "hometown";

/// A cell that can't be taken as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Of the file, the header being 1.
    pub line: u64,
    pub column: String,
    pub value: String,
    pub code: &'static str,
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Fault {
            line,
            column,
            value,
            code,
            message,
        } = self;
        write!(f, "line {line}, {column} {value:?}: {message} [{code}]")
    }
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    pub rows: usize,
    pub created_organizations: usize,
    pub updated_organizations: usize,
    pub created_deliverables: usize,
    pub unchanged_deliverables: usize,
    pub rejected: Vec<Fault>,
    /// Cells that no type is known for, kept as `other`.
    pub unknown_types: Vec<Fault>,
    /// Spellings recognised as one organization.
    pub recognised: Vec<Vec<String>>,
    pub doubtful: Vec<Doubtful>,
    pub reconciliation: Option<totals::Reconciliation>,
}

/// A file with its name.
pub struct File<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
}

/// Imports an archive; with `dry_run` only tells what that would do. `progress` hears of every row.
pub fn import_engagements(
    pool: &Pool,
    catalogues: &Catalogues,
    actor: &str,
    file: &File,
    totals: Option<&File>,
    dry_run: bool,
    progress: &dyn Fn(usize, usize),
) -> Result<Report> {
    let planned = |db: &mut Db| {
        let catalogue = catalogues.current(db)?;
        let read = engagements::read(file.bytes, &catalogue)?;
        let declared = totals.map(|totals| totals::read(totals.bytes)).transpose()?;
        let mut plan = plan::plan(db, &catalogue, file.name, read, Instant::now())?;
        plan.report.reconciliation = declared.map(|declared| totals::reconcile(&declared, &plan.listed));
        Ok((changes::store::latest(db)?, plan))
    };
    let (planned_at, plan) = pool.read_blocking(planned)?;
    if dry_run {
        return Ok(plan.report);
    }
    pool.write_blocking(|db| {
        // Others may write while the plan is made; only if somebody did, it is made again where nobody can.
        let plan = if changes::store::latest(db)? == planned_at {
            plan
        } else {
            planned(db)?.1
        };
        plan.write(db, actor, progress)?;
        if let Some(reconciliation) = &plan.report.reconciliation {
            crate::statistics::store::replace_declared(
                db,
                actor,
                SOURCE,
                &reconciliation.declared_totals(SOURCE),
            )?;
        }
        Ok(plan.report)
    })
}

/// A file without its byte order mark. Text of another encoding, or no text at all, shows in the header already.
fn headed(bytes: &[u8]) -> Result<&[u8]> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let header = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let refuse = |why: &str| Err(Error::Internal(format!("this is no CSV file in UTF-8: {why}")));
    match std::str::from_utf8(header) {
        Ok(header) if header.chars().any(|c| c.is_control() && c != '\r' && c != '\t') => {
            refuse("its first line holds control characters (a binary file?)")
        }
        Ok(_) => Ok(bytes),
        Err(e) => refuse(&format!(
            "byte {} of its first line is none of UTF-8 (Shift_JIS? save it as \"CSV UTF-8\")",
            e.valid_up_to()
        )),
    }
}

/// Where each expected column stands in the header, which may have them in any order.
fn columns<const N: usize>(header: &csv::StringRecord, expected: [&str; N]) -> Result<[usize; N]> {
    let found = expected.map(|name| header.iter().position(|cell| cell.trim() == name));
    let missing: Vec<&str> = expected
        .iter()
        .zip(&found)
        .filter(|(_, at)| at.is_none())
        .map(|(name, _)| *name)
        .collect();
    if missing.is_empty() {
        return Ok(found.map(Option::unwrap_or_default));
    }
    let (expected, found) = (expected.join(","), header.iter().collect::<Vec<_>>().join(","));
    let found: String = found.chars().take(200).collect();
    Err(Error::Internal(format!(
        "the header lacks {}: expected {expected}, found {found}",
        missing.join(", ")
    )))
}
