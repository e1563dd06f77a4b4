//! The command line's arguments.

use clap::{Parser, Subcommand};
use musubi::auth::Role;
use musubi::config::{Config, Listen};
use musubi::demo;
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
        listen: Listen,
    },
    /// Load the published archive and a made-up roster, show a ranking, and serve
    Demo {
        #[command(flatten)]
        listen: Listen,
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
        role: Role,
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
    /// Load files
    Import {
        #[command(subcommand)]
        kind: Import,
    },
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

#[derive(Subcommand)]
pub enum Import {
    /// An archive of engagements as it was published (CSV: 年度, 区分, 期間, 地域名, 団体名, 支援内容)
    Engagements {
        file: PathBuf,
        /// The totals that the publication declares (CSV: 年度, 区分, 団体数), to be reconciled
        #[arg(long)]
        totals: Option<PathBuf>,
        /// Tell what would be done and write nothing
        #[arg(long)]
        dry_run: bool,
    },
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
