//! Jobs: a file, what is to be done with it, and what became of that.
//!
//! * `store`: jobs and their files; `file`: reading one. `report`: what they found and wrote. `run`: one job from its file to its report. `rows`: many rows at once.
//! * `undo`: taking back what a job wrote. `copy`: the file again, with its faults in a column.
//!
//! The file lies in the database, so that any server can go on where another one died: whoever runs a job holds a lease,
//! renewed with each step. `best_effort` commits step by step and goes on behind the last one; `all_or_nothing` is one
//! transaction, so what a dying server began was never there; a `dry_run` writes nothing but findings.

pub mod annotate;
pub mod file;
pub mod report;
pub mod rows;
pub mod run;
pub mod store;
pub mod undo;

use super::ImportKind;
use super::columns::Mapping;
use super::finding::{Finding, Severity};
use crate::db::{Id, Instant};
use crate::error::{Error, Result, Text};
use serde::{Deserialize, Serialize};
use tables::{DetectedFormat, Hints};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// The most rows that one transaction writes.
pub const MOST_AT_ONCE: u64 = 200_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum ImportMode {
    /// Tells what would be done.
    DryRun,
    /// Nothing is written unless every row can be.
    AllOrNothing,
    /// Rows that can't be taken are rejected, the others go in.
    #[default]
    BestEffort,
}

/// What happens to a record that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum ConflictPolicy {
    /// The row's columns count.
    #[default]
    Update,
    /// It stays as it is.
    Skip,
    /// The row is rejected.
    Fail,
}

/// What happens to the source's records that a full roster does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum AbsentPolicy {
    #[default]
    Keep,
    /// Organizations and deliverables are archived, workers paused; only if no row was rejected. What is under way stays.
    Archive,
}

/// How a file is to be imported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "workers", "source": "roster", "mode": "best_effort", "on_conflict": "update",
    "on_absent": "keep", "mapping": {"得意なこと": "skills"}, "encoding": null, "sheet": null, "file_name": "名簿.xlsx"}))]
pub struct ImportOptions {
    pub kind: ImportKind,
    /// Where the records come from; with `external_id` it tells each record.
    #[serde(default = "roster")]
    #[validate(length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, default = "roster")]
    pub source: String,
    #[serde(default)]
    #[schema(default = "best_effort")]
    pub mode: ImportMode,
    #[serde(default)]
    #[schema(default = "update")]
    pub on_conflict: ConflictPolicy,
    #[serde(default)]
    #[schema(default = "keep")]
    pub on_absent: AbsentPolicy,
    /// Headings and the fields they mean, besides those that are known and saved; an empty field leaves a column out.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub mapping: Mapping,
    /// Of text; detected where it isn't given.
    #[serde(default)]
    #[validate(length(max = 40))]
    #[schema(max_length = 40, example = json!(null))]
    pub encoding: Option<String>,
    /// Of a workbook; the first that holds anything where it isn't given.
    #[serde(default)]
    #[validate(length(max = 100))]
    #[schema(max_length = 100, example = json!(null))]
    pub sheet: Option<String>,
    #[serde(default)]
    #[validate(length(max = 255))]
    #[schema(max_length = 255)]
    pub file_name: Option<String>,
}

fn roster() -> String {
    "roster".to_owned()
}

impl ImportOptions {
    pub fn of(kind: ImportKind) -> ImportOptions {
        ImportOptions {
            kind,
            source: roster(),
            mode: ImportMode::default(),
            on_conflict: ConflictPolicy::default(),
            on_absent: AbsentPolicy::default(),
            mapping: Mapping::default(),
            encoding: None,
            sheet: None,
            file_name: None,
        }
    }

    pub fn hints(&self) -> Hints {
        Hints {
            encoding: self.encoding.clone(),
            sheet: self.sheet.clone(),
        }
    }

    /// Sources of partner apps are theirs.
    pub fn check(&self) -> Result<()> {
        self.validate()
            .map_err(|errors| crate::http::body::invalid(&errors))?;
        if self.source.starts_with("partner:") {
            let rule = Text::new(
                "partner: で始まる source は連携アプリのものです。",
                "A source that begins with partner: is an app's.",
            );
            return Err(Error::invalid("/source", "reserved_source", rule));
        }
        if self.kind != ImportKind::Engagements {
            super::columns::Columns::new(self.kind, &self.mapping)?;
        }
        Ok(())
    }
}

/// The options as they are kept, with what the sender reaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptionsDocument {
    pub options: ImportOptions,
    /// Only records of these areas; of all where there is none.
    pub areas: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// The file is arriving.
    Receiving,
    Queued,
    Running,
    /// Every row was taken, or could be.
    Succeeded,
    /// Some rows were rejected.
    Partial,
    /// The file could not be read, or `all_or_nothing` met a row that can't be taken: nothing more was written.
    Failed,
    Cancelled,
    Undoing,
    Undone,
}

impl ImportStatus {
    pub const ALL: [ImportStatus; 9] = [
        ImportStatus::Receiving,
        ImportStatus::Queued,
        ImportStatus::Running,
        ImportStatus::Succeeded,
        ImportStatus::Partial,
        ImportStatus::Failed,
        ImportStatus::Cancelled,
        ImportStatus::Undoing,
        ImportStatus::Undone,
    ];

    pub fn code(self) -> &'static str {
        match self {
            ImportStatus::Receiving => "receiving",
            ImportStatus::Queued => "queued",
            ImportStatus::Running => "running",
            ImportStatus::Succeeded => "succeeded",
            ImportStatus::Partial => "partial",
            ImportStatus::Failed => "failed",
            ImportStatus::Cancelled => "cancelled",
            ImportStatus::Undoing => "undoing",
            ImportStatus::Undone => "undone",
        }
    }

    pub fn of_code(code: &str) -> Option<ImportStatus> {
        ImportStatus::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Whether nothing more happens by itself.
    pub fn is_final(self) -> bool {
        !matches!(
            self,
            ImportStatus::Receiving | ImportStatus::Queued | ImportStatus::Running | ImportStatus::Undoing
        )
    }
}

/// How far a job is: numbers of rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportProgress {
    /// Of the file; null until it has been looked at.
    #[schema(minimum = 0, example = 1200)]
    pub total: Option<u64>,
    #[schema(minimum = 0, example = 800)]
    pub rows_read: u64,
    #[schema(minimum = 0, example = 640)]
    pub created: u64,
    #[schema(minimum = 0, example = 120)]
    pub updated: u64,
    #[schema(minimum = 0, example = 30)]
    pub unchanged: u64,
    /// Left as they are because of `on_conflict=skip`.
    #[schema(minimum = 0, example = 0)]
    pub skipped: u64,
    #[schema(minimum = 0, example = 10)]
    pub rejected: u64,
    /// Records that the file does not have, archived or paused.
    #[schema(minimum = 0, example = 0)]
    pub archived: u64,
    /// Findings in the report.
    #[schema(minimum = 0, example = 14)]
    pub findings: u64,
    /// Rows by the second, since the job began or went on.
    #[schema(minimum = 0, example = 20_000)]
    pub rows_per_second: Option<u64>,
    /// What headings were taken for: the field, or nothing.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>, example = json!({"氏名": "name", "得意なこと": "skills", "血液型": ""}))]
    pub columns: Mapping,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportFilter {
    #[param(inline)]
    pub kind: Option<ImportKind>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportFailure {
    #[schema(example = "unclosed_quote")]
    pub code: String,
    pub ja: String,
    pub en: String,
}

impl ImportFailure {
    pub fn of(error: &Error) -> ImportFailure {
        let (code, text) = match error {
            Error::Invalid(faults) => faults
                .first()
                .map_or((error.code().to_owned(), error.detail()), |f| {
                    (f.code.to_string(), f.message.clone())
                }),
            other => (other.code().to_owned(), other.detail()),
        };
        ImportFailure {
            code,
            ja: text.ja.into_owned(),
            en: text.en.into_owned(),
        }
    }

    pub fn new(code: &str, ja: impl Into<String>, en: impl Into<String>) -> ImportFailure {
        ImportFailure {
            code: code.to_owned(),
            ja: ja.into(),
            en: en.into(),
        }
    }
}

/// A job as it is kept.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Import {
    pub id: Id,
    pub status: ImportStatus,
    #[serde(flatten)]
    pub options: ImportOptions,
    /// Of the file, SHA-256.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
    /// Bytes of the file.
    #[schema(minimum = 0, example = 48_213)]
    pub size_bytes: i64,
    pub detected: Option<DetectedFormat>,
    pub progress: ImportProgress,
    pub error: Option<ImportFailure>,
    /// Role and id of whoever sent it.
    #[schema(example = "importer:nightly")]
    pub created_by: String,
    #[serde(skip)]
    pub areas: Option<Vec<String>>,
    #[serde(skip)]
    pub cancelling: bool,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub finished_at: Option<Instant>,
}

/// A finding as it is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportFinding {
    /// Counts the findings of a job.
    #[schema(minimum = 0, example = 3)]
    pub position: i64,
    /// Where the row begins in the file; the first line is 1. Of a workbook or JSON document: its row.
    #[schema(minimum = 0, example = 17)]
    pub line: u64,
    /// The column's heading, or the place in the record.
    #[schema(example = "区市町村")]
    pub column: Option<String>,
    #[schema(example = "新縮区")]
    pub value: String,
    pub severity: Severity,
    #[schema(example = "unknown_area")]
    pub code: String,
    /// By Accept-Language.
    #[schema(example = "この地域はありません。新宿区 のことですか。")]
    pub message: String,
    #[schema(example = "新宿区")]
    pub suggestion: Option<String>,
}

impl ImportFinding {
    pub fn of(position: i64, finding: Finding, language: crate::http::Language) -> ImportFinding {
        let Finding {
            line,
            column,
            value,
            severity,
            code,
            message,
            suggestion,
        } = finding;
        ImportFinding {
            position,
            line,
            column,
            value,
            severity,
            code,
            message: match language {
                crate::http::Language::Ja => message.ja.into_owned(),
                crate::http::Language::En => message.en.into_owned(),
            },
            suggestion,
        }
    }
}
