//! The arguments of the command line.

use clap::{Args, Parser, Subcommand};
use musubi::auth::UserRole;
use musubi::config::{Config, ServerConfig};
use musubi::db::Id;
use musubi::demo;
use musubi::exports::{ExportFormat, ExportKind};
use musubi::http::Language;
use musubi::imports::ImportKind;
use musubi::imports::jobs::{AbsentPolicy, ConflictPolicy, ImportMode};
use musubi::reports::ReportFormat;
use musubi::workbooks;
use std::path::PathBuf;
use std::str::FromStr;
use strum::VariantArray;
use uuid::Uuid;

/// Matches pro bono workers with the deliverables that community organisations ask for
#[derive(Parser)]
#[command(version, about)]
pub struct Cli {
    #[command(flatten)]
    pub config: Config,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serve the API
    Serve {
        #[command(flatten)]
        listen: ServerConfig,
    },
    /// Load the published archive and a generated roster, print a ranking, and serve the API
    Demo {
        #[command(flatten)]
        listen: ServerConfig,
        /// Exit after loading
        #[arg(long)]
        load_only: bool,
        /// Number of generated workers, from 100: fewer don't fill the teams
        #[arg(long, default_value_t = demo::roster::SIZE, value_parser = clap::value_parser!(u64).range(demo::roster::SMALLEST..=10_000_000))]
        roster: u64,
    },
    /// Migrate the database to this version
    Migrate {
        /// Run or reverse migrations until this one is the last, like 2026-12-02-034000; reversing deletes what only the
        /// reversed ones can store
        #[arg(long, value_name = "MIGRATION")]
        to: Option<String>,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Print an access token
    Token {
        /// The role of the caller
        #[arg(long, value_enum)]
        role: UserRole,
        /// How long the token is valid: a number with s, m, h or d
        #[arg(long, default_value = "8h", value_parser = seconds)]
        ttl: i64,
        /// Name of the caller, for the change log; for the role partner, the partner's id. Tokens with the same role
        /// and name share their imports and idempotency keys. By default, each token gets a name of its own
        #[arg(long, required_if_eq("role", "partner"))]
        subject: Option<String>,
        /// Limit the token to these scopes of the role, separated by spaces
        #[arg(long)]
        scope: Option<String>,
        /// The areas of a coordinator: codes of six or five digits, comma-separated
        #[arg(long, value_delimiter = ',', required_if_eq("role", "coordinator"))]
        areas: Vec<String>,
        /// The organization of a caller with the role organization, by id
        #[arg(long, required_if_eq("role", "organization"))]
        organization: Option<Uuid>,
        /// The worker that a caller with the role worker is, by id
        #[arg(long, required_if_eq("role", "worker"))]
        worker: Option<Uuid>,
    },
    /// Manage users
    User {
        #[command(subcommand)]
        action: UserAction,
    },
    /// Manage the keys that sign tokens
    Key {
        #[command(subcommand)]
        action: KeyAction,
    },
    /// Check the audit
    Audit {
        #[command(subcommand)]
        action: AuditAction,
    },
    /// Look into the weights of rankings
    Weights {
        #[command(subcommand)]
        action: WeightsAction,
    },
    /// Check the answer of a round
    Round {
        #[command(subcommand)]
        action: RoundAction,
    },
    /// Print the permissions of each role
    Permissions,
    /// Import rosters, lists of organizations or deliverables, published archives; or restore a backup
    Import(ImportArguments),
    /// Read a workbook from standard input: the server starts it as a process of its own
    #[command(name = workbooks::COMMAND, hide = true)]
    ReadWorkbook,
    /// Export a list, or back up the whole database
    Export(ExportArguments),
    /// Write the report of a fiscal year, or of several: all its figures as tables
    Report(ReportArguments),
}

#[derive(Subcommand)]
pub enum WeightsAction {
    /// Hold the weights against what was chosen: how much higher the agreed would have stood under others. Changes nothing
    Report {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub enum RoundAction {
    /// Judge a round that was exported in full, by a full scan and without a database: fails unless it keeps the rules
    Verify {
        /// The answer of `GET /v1/rounds/{id}/instance`
        file: PathBuf,
    },
}

#[derive(Subcommand)]
pub enum UserAction {
    /// Invite a user: prints a one-time link at which they choose their password
    Create {
        /// The address that they log in with; the first administrator may enter it at the link instead
        #[arg(long, requires = "name")]
        email: Option<String>,
        /// The user's name
        #[arg(long, requires = "email")]
        name: Option<String>,
        /// Invite an administrator; other roles are invited over HTTP
        #[arg(long, required = true)]
        admin: bool,
    },
    /// Reset a password: prints a one-time link at which the user chooses a new one, which ends their sessions
    ResetPassword {
        /// The address that the user logs in with
        #[arg(long)]
        email: String,
    },
}

#[derive(Subcommand)]
pub enum AuditAction {
    /// Verify the chain of hashes: prints the number of entries and the last hash, or the first entry that
    /// doesn't match
    Verify {
        /// An earlier output of this command, NUMBER:HASH: verifies that nothing was cut off since
        #[arg(long)]
        expect: Option<String>,
    },
}

#[derive(Subcommand)]
pub enum KeyAction {
    /// Create a new signing key, which running servers pick up. Tokens signed with older keys stay valid
    Rotate {
        /// Delete the older keys: access tokens signed with them become invalid at once; sessions continue by
        /// refresh
        #[arg(long)]
        drop_old: bool,
    },
}

/// Exits with 0 if every row was imported, with 2 if some rows were rejected, with 1 if nothing was imported.
#[derive(Args)]
pub struct ImportArguments {
    /// What the rows are; `all` restores a backup into an empty database
    #[arg(value_parser = kind_or_all::<ImportKind>)]
    pub kind: OneOrAll<ImportKind>,
    /// CSV, TSV, XLSX, XLS, ODS, NDJSON or JSON files; for a backup one file, or - for standard input
    #[arg(required_unless_present = "watch")]
    pub files: Vec<PathBuf>,
    /// Where the records come from; together with their external ids it identifies them
    #[arg(long, default_value = "roster")]
    pub source: String,
    /// What the import may write
    #[arg(long, value_enum, default_value = "best_effort")]
    pub mode: ImportMode,
    /// Check every row and write nothing; the same as --mode dry_run
    #[arg(long, conflicts_with = "mode")]
    pub dry_run: bool,
    /// What happens to records that already exist
    #[arg(long, value_enum, default_value = "update")]
    pub on_conflict: ConflictPolicy,
    /// What happens to records of the source that the file doesn't have
    #[arg(long, value_enum, default_value = "keep")]
    pub on_absent: AbsentPolicy,
    /// Reject every row with a cell that can't be used, instead of leaving the cell out
    #[arg(long)]
    pub strict: bool,
    /// The field that a heading means, like 得意なこと=skills; 血液型= leaves the column out
    #[arg(long = "map", value_name = "HEADING=FIELD", value_parser = heading_and_field)]
    pub mapping: Vec<(String, String)>,
    /// The municipality of rows that name none
    #[arg(long)]
    pub area: Option<String>,
    /// The event of a list of registrations whose rows name none
    #[arg(long, value_name = "ID", value_parser = record_id)]
    pub event: Option<Id>,
    /// The encoding of a text file; detected by default
    #[arg(long)]
    pub encoding: Option<String>,
    /// The sheet of a workbook; by default the one with the most known headings, and those with the same headings
    #[arg(long)]
    pub sheet: Option<String>,
    /// For published archives: a CSV with the declared totals (年度, 区分, 団体数) to reconcile
    #[arg(long)]
    pub totals: Option<PathBuf>,
    /// Send the files to this server, like https://musubi.example.jp, instead of using the database
    #[arg(long)]
    pub server: Option<String>,
    /// The access token for the server
    #[arg(long, env = "MUSUBI_TOKEN", hide_env_values = true, requires = "server")]
    pub token: Option<String>,
    /// Import each file that appears in this folder, and move it into its subfolder imported or rejected
    #[arg(long, conflicts_with = "files")]
    pub watch: Option<PathBuf>,
}

/// One kind, or everything.
#[derive(Debug, Clone, Copy)]
pub enum OneOrAll<K> {
    All,
    One(K),
}

/// Parses the code of a kind, or `all`.
fn kind_or_all<K>(text: &str) -> Result<OneOrAll<K>, String>
where
    K: Copy + FromStr + Into<&'static str> + VariantArray,
{
    if text == "all" {
        return Ok(OneOrAll::All);
    }
    let codes = || K::VARIANTS.iter().map(|kind| (*kind).into()).collect::<Vec<_>>();
    text.parse()
        .map(OneOrAll::One)
        .map_err(|_| format!("possible values: {}, all", codes().join(", ")))
}

#[derive(Args)]
pub struct ExportArguments {
    /// The list to export; `all` backs up every table, for `musubi import all`
    #[arg(value_parser = kind_or_all::<ExportKind>)]
    pub kind: OneOrAll<ExportKind>,
    /// csv, xlsx or ndjson; a backup is always NDJSON
    #[arg(long, default_value = "csv", value_parser = format)]
    pub format: ExportFormat,
    /// A parameter of the list, like area=131041
    #[arg(long = "filter", value_name = "NAME=VALUE", value_parser = heading_and_field)]
    pub filter: Vec<(String, String)>,
    /// The language of the headings: ja or en
    #[arg(long, default_value = "ja", value_parser = language)]
    pub headings: Language,
    /// The file to write; standard output by default
    #[arg(long, short)]
    pub output: Option<PathBuf>,
}

#[derive(Args)]
pub struct ReportArguments {
    /// The fiscal year: April to March, named by the year in which it begins
    #[arg(required_unless_present = "from", conflicts_with = "from")]
    pub year: Option<i32>,
    /// The first of several fiscal years
    #[arg(long, requires = "to")]
    pub from: Option<i32>,
    /// The last of several fiscal years
    #[arg(long, requires = "from")]
    pub to: Option<i32>,
    /// json, html for reading and printing, or xlsx with a sheet for each table
    #[arg(long, default_value = "html", value_parser = report_format)]
    pub format: ReportFormat,
    /// The language of titles and words: ja or en
    #[arg(long, default_value = "ja", value_parser = language)]
    pub lang: Language,
    /// Count demo data too
    #[arg(long)]
    pub include_demo: bool,
    /// The file to write; standard output by default
    #[arg(long, short)]
    pub output: Option<PathBuf>,
}

fn report_format(text: &str) -> Result<ReportFormat, String> {
    serde_json::from_value(text.into()).map_err(|_| "possible values: json, html, xlsx".to_owned())
}

fn format(text: &str) -> Result<ExportFormat, String> {
    serde_json::from_value(text.into()).map_err(|_| "possible values: csv, xlsx, ndjson".to_owned())
}

fn language(text: &str) -> Result<Language, String> {
    serde_json::from_value(text.into()).map_err(|_| "possible values: ja, en".to_owned())
}

fn heading_and_field(text: &str) -> Result<(String, String), String> {
    let (heading, field) = text
        .rsplit_once('=')
        .ok_or_else(|| format!("{text:?} has no =; expected HEADING=FIELD"))?;
    Ok((heading.to_owned(), field.to_owned()))
}

fn record_id(text: &str) -> Result<Id, String> {
    let id = text.parse().map(Id);
    id.map_err(|_| format!("{text:?} is no id of a record"))
}

/// Parses a duration like 90s, 15m, 8h or 30d.
fn seconds(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is not a duration; expected a number with s, m, h or d, like 8h");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let factor = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: i64 = text.trim_end_matches(unit).parse().map_err(|_| wrong())?;
    number
        .checked_mul(factor)
        .filter(|s| (1..=3650 * 86_400).contains(s))
        .ok_or_else(wrong)
}
