//! The command line's arguments.

use clap::{Args, Parser, Subcommand};
use musubi::auth::UserRole;
use musubi::config::{Config, ServerConfig};
use musubi::demo;
use musubi::exports::{ExportFormat, ExportKind};
use musubi::http::Language;
use musubi::imports::ImportKind;
use musubi::imports::jobs::{AbsentPolicy, ConflictPolicy, ImportMode};
use std::path::PathBuf;
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
    /// Load the published archive and a made-up roster, show a ranking, and serve
    Demo {
        #[command(flatten)]
        listen: ServerConfig,
        /// Stop after loading
        #[arg(long)]
        load_only: bool,
        /// How many made-up workers
        #[arg(long, default_value_t = demo::roster::SIZE, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
        roster: u64,
    },
    /// Bring the database up to date
    Migrate,
    /// Print the OpenAPI document
    Openapi,
    /// Print a token
    Token {
        /// Whose permissions it has
        #[arg(long, value_enum)]
        role: UserRole,
        /// How long it is valid: a number with s, m, h or d
        #[arg(long, default_value = "8h", value_parser = seconds)]
        ttl: i64,
        /// Who it is for; appears in the change log. The role partner has its partner's id here
        #[arg(long, default_value = "cli")]
        subject: String,
        /// Only these scopes of the role, parted by spaces
        #[arg(long)]
        scope: Option<String>,
        /// A coordinator's areas: six digits each, parted by commas
        #[arg(long, value_delimiter = ',', required_if_eq("role", "coordinator"))]
        areas: Vec<String>,
        /// The id of the organization that the role organization belongs to
        #[arg(long, required_if_eq("role", "organization"))]
        organization: Option<Uuid>,
        /// The id of the worker that the role worker is
        #[arg(long, required_if_eq("role", "worker"))]
        worker: Option<Uuid>,
    },
    /// Invite people
    User {
        #[command(subcommand)]
        action: UserAction,
    },
    /// Change the keys that sign tokens
    Key {
        #[command(subcommand)]
        action: KeyAction,
    },
    /// Look at the audit
    Audit {
        #[command(subcommand)]
        action: AuditAction,
    },
    /// Print which role may do what
    Permissions,
    /// Load files: rosters, lists of organizations or requests, published archives; or a backup
    Import(ImportArguments),
    /// Write a list as a file, or the whole database as a backup
    Export(ExportArguments),
}

#[derive(Subcommand)]
pub enum UserAction {
    /// Invite somebody: prints the one-time link at which they choose their password
    Create {
        /// With which they log in; the first administrator may say it at the link instead
        #[arg(long, requires = "name")]
        email: Option<String>,
        #[arg(long, requires = "email")]
        name: Option<String>,
        /// An administrator; other roles are invited over HTTP
        #[arg(long, required = true)]
        admin: bool,
    },
}

#[derive(Subcommand)]
pub enum AuditAction {
    /// Check the whole chain of hashes: prints the number of entries and the last hash, or the first that doesn't fit
    Verify {
        /// A hash that was noted earlier, as NUMBER:HASH; shows that nothing was cut off since
        #[arg(long)]
        expect: Option<String>,
    },
}

#[derive(Subcommand)]
pub enum KeyAction {
    /// Make a new key that signs from now on; a running server notices. Older keys go on verifying
    Rotate {
        /// Forget the older keys at once, so that no access token signed with them is valid; sessions go on by refresh
        #[arg(long)]
        drop_old: bool,
    },
}

/// Exits with 0 if every row was taken, with 2 if some were rejected, with 1 if nothing was.
#[derive(Args)]
pub struct ImportArguments {
    /// What the rows are; all is a backup, into an empty database
    #[arg(value_parser = kind_or_all)]
    pub kind: OneOrAll<ImportKind>,
    /// CSV, TSV, XLSX, XLS, ODS, NDJSON or JSON; of a backup one file, or - for standard input
    #[arg(required_unless_present = "watch")]
    pub files: Vec<PathBuf>,
    /// Where the records come from; with their ids it tells each
    #[arg(long, default_value = "roster")]
    pub source: String,
    #[arg(long, value_enum, default_value = "best_effort")]
    pub mode: ImportMode,
    /// Tell what would be done and write nothing: the mode dry_run
    #[arg(long, conflicts_with = "mode")]
    pub dry_run: bool,
    /// What happens to records that are there already
    #[arg(long, value_enum, default_value = "update")]
    pub on_conflict: ConflictPolicy,
    /// What happens to the source's records that a full roster does not have
    #[arg(long, value_enum, default_value = "keep")]
    pub on_absent: AbsentPolicy,
    /// What a heading means: 得意なこと=skills; nothing behind = leaves the column out
    #[arg(long = "map", value_name = "HEADING=FIELD", value_parser = heading_and_field)]
    pub mapping: Vec<(String, String)>,
    /// Of text; detected where it isn't given
    #[arg(long)]
    pub encoding: Option<String>,
    /// Of a workbook; the first that holds anything where it isn't given
    #[arg(long)]
    pub sheet: Option<String>,
    /// Of archives: the totals that the publication declares (CSV: 年度, 区分, 団体数), to be reconciled
    #[arg(long)]
    pub totals: Option<PathBuf>,
    /// A running server, instead of the database itself: https://musubi.example.jp
    #[arg(long)]
    pub server: Option<String>,
    /// The token for the server
    #[arg(long, env = "MUSUBI_TOKEN", hide_env_values = true, requires = "server")]
    pub token: Option<String>,
    /// Import each file that comes into this folder, and move it to its folder imported or rejected
    #[arg(long, conflicts_with = "files")]
    pub watch: Option<PathBuf>,
}

/// A kind, or everything there is.
#[derive(Debug, Clone, Copy)]
pub enum OneOrAll<K> {
    All,
    One(K),
}

fn kind_or_all(text: &str) -> Result<OneOrAll<ImportKind>, String> {
    one_or_all(text, ImportKind::of_code, &ImportKind::ALL.map(ImportKind::code))
}

fn list_or_all(text: &str) -> Result<OneOrAll<ExportKind>, String> {
    one_or_all(text, ExportKind::of_code, &ExportKind::ALL.map(ExportKind::code))
}

fn one_or_all<K>(text: &str, of_code: fn(&str) -> Option<K>, codes: &[&str]) -> Result<OneOrAll<K>, String> {
    if text == "all" {
        return Ok(OneOrAll::All);
    }
    let wrong = || format!("possible values: {}, all", codes.join(", "));
    of_code(text).map(OneOrAll::One).ok_or_else(wrong)
}

#[derive(Args)]
pub struct ExportArguments {
    /// Which list; all is a backup: every table of the database, to be restored by `musubi import all`
    #[arg(value_parser = list_or_all)]
    pub kind: OneOrAll<ExportKind>,
    /// csv, xlsx or ndjson; a backup is lines of JSON whatever this says
    #[arg(long, default_value = "csv", value_parser = format)]
    pub format: ExportFormat,
    /// A parameter of the list: area=131041
    #[arg(long = "filter", value_name = "NAME=VALUE", value_parser = heading_and_field)]
    pub filter: Vec<(String, String)>,
    /// The language of the headings: ja or en
    #[arg(long, default_value = "ja", value_parser = language)]
    pub headings: Language,
    /// The file; standard output where it isn't given
    #[arg(long, short)]
    pub output: Option<PathBuf>,
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
        .ok_or_else(|| format!("{text:?} has no =: expected HEADING=FIELD"))?;
    Ok((heading.to_owned(), field.to_owned()))
}

/// "90s", "15m", "8h", "30d"
fn seconds(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is no time: expected a number with s, m, h or d, like 8h");
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
