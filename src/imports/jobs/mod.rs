//! Imports as jobs: a file, its options, and what became of them.
//!
//! * `runner` runs the imports that wait; `lease` is the right to run one. `run` imports a roster, `rows` a
//!   batch of its rows, `batches` the rows of its file, `lines` those that are about one organization, `acts` rows that do what
//!   the API does, `archive` a published archive; `undo` takes an import back.
//! * `look` looks through a file for whom it names, `people` tells how people are found again, `forgetting` forgets who was erased.
//! * `file` reads an import's file, `annotate` writes it again with its findings. `store` has the SQL.
//!
//! The file lies in the database, so that any server can continue where another one died: the server that
//! runs an import holds a lease and renews it with each step. `best_effort` commits step by step and
//! continues after the last one. `all_or_nothing` is one transaction, so a server that dies writes nothing.
//! `dry_run` writes findings only.

pub mod acts;
pub mod annotate;
pub mod archive;
pub mod batches;
pub mod file;
pub mod forgetting;
pub mod lease;
pub mod lines;
pub mod look;
pub mod names;
pub mod people;
pub mod rows;
pub mod run;
pub mod runner;
pub mod store;
pub mod undo;

use super::ImportKind;
use super::columns::{ColumnReading, Columns, Mapping};
use super::finding::{Finding, Severity};
use crate::auth::{Reach, UserRole, Viewer};
use crate::db::{Id, Instant};
use crate::error::{Error, Result, Text};
use crate::http::query::Several;
use crate::http::{Discloses, Language};
use crate::values::not_blank;
use crate::values::words::ErrorCode;
use crate::workers::is_partners;
use serde::{Deserialize, Serialize};
use tables::{DetectedFormat, Hints};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// The most rows of a file. Their ids are held in memory, to find those that are there twice.
pub const MOST_ROWS: u64 = 5_000_000;
/// The most findings that a report lists.
pub const MOST_FINDINGS: u64 = 100_000;
/// The most rows that one transaction writes on PostgreSQL.
pub const MOST_AT_ONCE: u64 = 200_000;
/// The same on SQLite, which has one writer: the others wait for about three seconds.
pub const MOST_AT_ONCE_ON_SQLITE: u64 = 20_000;
/// The most bytes of text that they have.
pub const MOST_BYTES_AT_ONCE: usize = 64 * 1024 * 1024;

/// How many servers may die in a row while they run an import, without getting further.
pub const MOST_CLAIMS: u32 = 3;
/// The interruptions that an import remembers.
const MOST_INTERRUPTIONS: usize = 20;

/// What an import may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum ImportMode {
    /// Check every row and write nothing.
    DryRun,
    /// Write every row, or nothing if any row is rejected.
    AllOrNothing,
    /// Reject the rows that break a rule and write the others.
    #[default]
    BestEffort,
}

/// What happens to a record that already exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum ConflictPolicy {
    /// Update it from the row's columns.
    #[default]
    Update,
    /// Leave it unchanged.
    Skip,
    /// Reject the row.
    Fail,
}

/// What happens to records of the source that the file doesn't have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum AbsentPolicy {
    /// Leave them unchanged.
    #[default]
    Keep,
    /// Archive organizations and deliverables, pause workers; only if no row was rejected. Work in progress
    /// stays. Not for applications.
    Archive,
}

/// How to import a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "workers", "source": "roster", "mode": "best_effort", "on_conflict": "update",
    "on_absent": "keep", "strict": false, "mapping": {"得意なこと": "skills"}, "encoding": null, "sheet": null,
    "file_name": "名簿.xlsx"}))]
pub struct ImportOptions {
    pub kind: ImportKind,
    /// Where the records come from. Together with `external_id` it identifies a record.
    #[serde(default = "roster")]
    #[validate(length(min = 1, max = 100), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 100, pattern = r"\S", default = "roster")]
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
    /// Whether a row is rejected if any of its cells can't be used. By default such a cell is left out.
    #[serde(default)]
    #[schema(default = false)]
    pub strict: bool,
    /// The field that each heading means, in addition to the known headings and the saved mapping. An empty
    /// field leaves the column out.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub mapping: Mapping,
    /// The municipality of rows that name none, by its code or name. A section line or the name of a sheet counts
    /// more.
    #[serde(default)]
    #[validate(length(max = 100))]
    #[schema(max_length = 100, example = json!(null))]
    pub area: Option<String>,
    /// The event of a list of registrations whose rows name none.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub event_id: Option<Id>,
    /// The encoding of a text file; detected if null.
    #[serde(default)]
    #[validate(length(max = 40))]
    #[schema(max_length = 40, example = json!(null))]
    pub encoding: Option<String>,
    /// The sheet of a workbook. If null, the one with the most known headings is read, and those with the same
    /// headings with it.
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
            strict: false,
            mapping: Mapping::default(),
            area: None,
            event_id: None,
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

    /// Checks the options. The sources of partner apps are reserved.
    pub fn check(&self) -> Result<()> {
        self.validate()
            .map_err(|errors| crate::http::body::invalid(&errors))?;
        if is_partners(&self.source) {
            let rule = Text::new(
                "partner: で始まる source は連携アプリ専用です。別の名前にしてください。",
                "Sources that begin with partner: are reserved for partner apps. Use another name.",
            );
            return Err(Error::invalid("/source", "reserved_source", rule));
        }
        if self.kind != ImportKind::Engagements {
            Columns::new(self.kind, &self.mapping)?;
        }
        if self.kind.acts() && self.on_absent == AbsentPolicy::Archive {
            let rule = Text::new(
                "応募、プロジェクト、イベントの一覧では使えません。一覧にないものは、そのまま残ります。",
                "Lists of applications, projects and events have no such option: what the file doesn't have stays.",
            );
            return Err(Error::invalid("/on_absent", "unexpected_option", rule));
        }
        Ok(())
    }
}

/// The options as stored, with the sender's areas and role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptionsDocument {
    pub options: ImportOptions,
    /// Only records of these areas may be written; records of every area if `None`.
    pub areas: Option<Vec<String>>,
    /// The sender's role, which decides what properties the file may write.
    #[serde(default = "administrator")]
    pub role: UserRole,
    /// Whether the sender may read personal data.
    #[serde(default = "yes")]
    pub reads_personal: bool,
}

fn yes() -> bool {
    true
}

fn administrator() -> UserRole {
    UserRole::Admin
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ImportStatus {
    /// The file is arriving.
    Receiving,
    Queued,
    Running,
    /// Every row was imported; in a dry run, every row could be.
    Succeeded,
    /// Some rows were rejected.
    Partial,
    /// The file couldn't be read, or `all_or_nothing` met a row that breaks a rule. Nothing more was written.
    Failed,
    Cancelled,
    Undoing,
    Undone,
}

impl ImportStatus {
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Returns whether the import stays in this status until someone undoes it.
    pub fn is_final(self) -> bool {
        !matches!(
            self,
            ImportStatus::Receiving | ImportStatus::Queued | ImportStatus::Running | ImportStatus::Undoing
        )
    }
}

/// Counts of rows so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportProgress {
    /// Rows of the file; null until it has been surveyed.
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
    /// Rows that are no records (blank rows of a form, section lines, totals, notes), and rows of existing records
    /// skipped because of `on_conflict=skip`.
    #[schema(minimum = 0, example = 0)]
    pub skipped: u64,
    #[schema(minimum = 0, example = 10)]
    pub rejected: u64,
    /// Records that were archived or paused because the file doesn't have them.
    #[schema(minimum = 0, example = 0)]
    pub archived: u64,
    /// Findings in the report.
    #[schema(minimum = 0, example = 14)]
    pub findings: u64,
    /// Findings that the report doesn't list, because it has 100,000 already.
    #[serde(default)]
    #[schema(minimum = 0, example = 0)]
    pub unlisted_findings: u64,
    /// Rows per second since the import started or resumed.
    #[schema(minimum = 0, example = 20_000)]
    pub rows_per_second: Option<u64>,
    /// The field that each heading was taken for; empty for a column that was left out.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>, example = json!({"氏名": "name", "得意なこと": "skills", "血液型": ""}))]
    pub columns: Mapping,
    /// How each column was understood, in the order of the file.
    #[serde(default)]
    pub headings: Vec<ColumnReading>,
    /// The published layout that the headings are of, if they are known to be of one.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub layout: Option<String>,
}

impl ImportProgress {
    /// Adds the rows of a batch.
    pub fn add(&mut self, batch: &ImportProgress) {
        self.rows_read += batch.rows_read;
        self.created += batch.created;
        self.updated += batch.updated;
        self.unchanged += batch.unchanged;
        self.skipped += batch.skipped;
        self.rejected += batch.rejected;
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportFilter {
    /// One kind, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<ImportKind>>)]
    pub kind: Option<Several<ImportKind>>,
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the previous page.
    pub cursor: Option<String>,
}

/// Why an import failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportFailure {
    #[schema(example = "unclosed_quote", value_type = ErrorCode)]
    pub code: String,
    pub ja: String,
    pub en: String,
}

impl ImportFailure {
    fn new(code: &str, ja: impl Into<String>, en: impl Into<String>) -> ImportFailure {
        let (code, ja, en) = (code.to_owned(), ja.into(), en.into());
        ImportFailure { code, ja, en }
    }

    /// Leaves out the headings that the error names.
    fn without_headings(self) -> ImportFailure {
        match self.code.as_str() {
            "no_known_column" => ImportFailure::new(
                "no_known_column",
                "項目名に対応する見出しがありません。mapping で指定してください。",
                "None of the headings is known. Map them to fields with mapping.",
            ),
            _ => self,
        }
    }

    /// Describes the error to the sender. An internal error shows no details.
    pub fn of(error: &Error) -> ImportFailure {
        let (code, text) = match error.fields().first() {
            Some(fault) => (fault.code.to_string(), fault.message.clone()),
            None => (error.code().to_owned(), error.detail()),
        };
        ImportFailure {
            code,
            ja: text.ja.into_owned(),
            en: text.en.into_owned(),
        }
    }
}

/// A fault that interrupted an import, which went on later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"at": "2026-04-01T09:00:00.000000Z", "code": "database_unreachable",
    "ja": "データベースに接続できません。しばらくしてからもう一度お試しください。",
    "en": "The database can't be reached. Try again later."}))]
pub struct ImportInterruption {
    pub at: Instant,
    #[serde(flatten)]
    pub fault: ImportFailure,
}

/// The attempts to run an import.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Attempts {
    /// What interrupted the import, the newest last; at most 20. It went on from its last step.
    #[serde(default)]
    pub interruptions: Vec<ImportInterruption>,
    /// How often servers began to run it since its last progress, without giving it back.
    #[serde(skip)]
    pub claims: u32,
    /// How often faults interrupted it since its last progress.
    #[serde(skip)]
    pub faults: u32,
}

impl Attempts {
    /// The import got further.
    pub fn reset(&mut self) {
        (self.claims, self.faults) = (0, 0);
    }

    /// The server that ran it goes on, and doesn't run it any more.
    fn given_back(&mut self) {
        self.claims = self.claims.saturating_sub(1);
    }

    /// A fault interrupted it, and the server goes on.
    fn faulted(&mut self, fault: ImportFailure) {
        self.given_back();
        self.faults += 1;
        self.interrupted(fault);
    }

    fn interrupted(&mut self, fault: ImportFailure) {
        let at = Instant::now();
        self.interruptions.push(ImportInterruption { at, fault });
        let more = self.interruptions.len().saturating_sub(MOST_INTERRUPTIONS);
        self.interruptions.drain(..more);
    }
}

/// The progress as stored, with the attempts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ProgressDocument {
    #[serde(flatten)]
    pub progress: ImportProgress,
    #[serde(default)]
    pub interruptions: Vec<ImportInterruption>,
    #[serde(default)]
    pub claims: u32,
    #[serde(default)]
    pub faults: u32,
}

impl ProgressDocument {
    pub fn of(import: &Import) -> ProgressDocument {
        let Attempts {
            interruptions,
            claims,
            faults,
        } = import.attempts.clone();
        ProgressDocument {
            progress: import.progress.clone(),
            interruptions,
            claims,
            faults,
        }
    }

    /// Separates the progress from the attempts.
    pub fn parts(self) -> (ImportProgress, Attempts) {
        let attempts = Attempts {
            interruptions: self.interruptions,
            claims: self.claims,
            faults: self.faults,
        };
        (self.progress, attempts)
    }
}

/// The server that ran an import died, or can't say why it ran no further.
fn lost_server() -> ImportFailure {
    ImportFailure::new(
        "lost_server",
        "取り込みを実行していたサーバーが停止したか、データベースに書き込めなくなりました。",
        "The server that ran the import stopped without notice, or could no longer write to the database.",
    )
}

/// Server after server died while it ran an import.
fn repeated_crashes() -> ImportFailure {
    ImportFailure::new(
        "repeated_crashes",
        format!(
            "取り込みの途中でサーバーが{MOST_CLAIMS}回続けて停止し、先に進めませんでした。ファイルを確認するか、分割してください。"
        ),
        format!(
            "The server stopped {MOST_CLAIMS} times in a row while it ran this import, without getting further. Check the file, or split it."
        ),
    )
}

/// An `all_or_nothing` import failed because of these rows.
pub fn rejected_rows(n: u64) -> Error {
    Error::Conflict {
        code: "rejected_rows",
        detail: Text::new(
            format!("{n}行を取り込めないため、何も書き込んでいません。"),
            format!("{n} rows were rejected, so nothing was written."),
        ),
    }
}

/// An import, from the arrival of its file to its end.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Import {
    pub id: Id,
    pub status: ImportStatus,
    #[serde(flatten)]
    pub options: ImportOptions,
    /// SHA-256 of the file, in hexadecimal; empty while the file arrives.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
    /// Size of the file; 0 while it arrives.
    #[schema(minimum = 0, example = 48_213)]
    pub size_bytes: i64,
    pub detected: Option<DetectedFormat>,
    pub progress: ImportProgress,
    pub error: Option<ImportFailure>,
    #[serde(flatten)]
    pub attempts: Attempts,
    /// When the import goes on after a fault; null unless it waits for that.
    #[serde(default)]
    pub next_attempt_at: Option<Instant>,
    /// Role and id of the sender.
    #[schema(example = "importer:nightly")]
    pub created_by: String,
    #[serde(skip)]
    pub areas: Option<Vec<String>>,
    #[serde(skip, default = "administrator")]
    pub role: UserRole,
    #[serde(skip, default = "yes")]
    pub reads_personal: bool,
    #[serde(skip)]
    pub cancelling: bool,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub finished_at: Option<Instant>,
}

impl Import {
    /// Returns whether the viewer may see the import: their own, unless their token reaches fewer areas.
    pub fn is_shown_to(&self, viewer: &Viewer) -> bool {
        let reaches = match (&viewer.reach, &self.areas) {
            (Reach::Everything, _) => true,
            (Reach::Areas(own), Some(areas)) => areas.iter().all(|area| own.contains(area)),
            _ => false,
        };
        viewer.sees_all || (self.created_by == viewer.actor && reaches)
    }

    /// Checks that a caller who may see the import reads the rows of its file, and what was found in them. They name people,
    /// so a token has to see as much as the one that sent the file; if that one saw no personal data either, it has to be
    /// one that sends files (`may_send`).
    pub fn check_rows_shown_to(&self, viewer: &Viewer, may_send: bool) -> Result<()> {
        match viewer.personal_data || !self.reads_personal && may_send {
            true => Ok(()),
            false => Err(narrower_token()),
        }
    }

    /// Returns the import as the viewer may see it. The first row of a file without headings has somebody's data, which
    /// stands where headings would.
    pub fn shown_to(mut self, viewer: &Viewer, may_send: bool) -> Import {
        if self.check_rows_shown_to(viewer, may_send).is_err() {
            self.progress.columns.clear();
            self.progress.headings.clear();
            self.error = self.error.map(ImportFailure::without_headings);
        }
        self
    }

    /// Returns whether the import may write records of this area.
    pub fn may_write(&self, area: Option<&str>) -> bool {
        let is_own = |areas: &Vec<String>| area.is_some_and(|area| areas.iter().any(|own| own == area));
        self.areas.as_ref().is_none_or(is_own)
    }

    /// Returns which records the import may read and write.
    pub fn reach(&self) -> Reach {
        self.areas.clone().map_or(Reach::Everything, Reach::Areas)
    }
}

fn narrower_token() -> Error {
    Error::AccessDenied {
        code: "narrower_token",
        detail: Text::new(
            "ファイルを送信したトークンより権限の少ないトークンです。ファイルの行には個人の情報があるため、表示できません。",
            "This token may see less than the one that sent the file. Its rows name people, so they aren't shown.",
        ),
    }
}

/// Something that an import found in a row.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ImportFinding {
    #[serde(skip)]
    pub import_id: Option<Id>,
    /// Number of the finding within the import, from 0.
    #[schema(minimum = 0, example = 3)]
    pub position: i64,
    /// The sheet of the row, if several sheets of a workbook are read.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub sheet: Option<String>,
    /// Line of the file where the row begins, from 1; in a workbook or a JSON document, the number of the
    /// row.
    #[schema(minimum = 0, example = 17)]
    pub line: u64,
    /// The column's heading, or the JSON Pointer of the member.
    #[schema(example = "区市町村")]
    pub column: Option<String>,
    #[schema(example = "新縮区")]
    pub value: String,
    pub severity: Severity,
    #[schema(example = "unknown_area", value_type = ErrorCode)]
    pub code: String,
    /// In the language of `Accept-Language`.
    #[schema(example = "この地域は登録されていません。新宿区のことですか。")]
    pub message: String,
    #[schema(example = "新宿区")]
    pub suggestion: Option<String>,
}

impl ImportFinding {
    pub fn of(position: i64, finding: Finding, language: Language) -> ImportFinding {
        ImportFinding {
            import_id: None,
            position,
            sheet: finding.sheet,
            line: finding.line,
            column: finding.column,
            value: finding.value,
            severity: finding.severity,
            code: finding.code,
            message: language.choose(&finding.message).to_owned(),
            suggestion: finding.suggestion,
        }
    }
}

/// A finding quotes a cell, and doesn't say whose row it is in.
impl Discloses for ImportFinding {
    fn people(&self) -> Vec<Id> {
        self.import_id.into_iter().collect()
    }
}
