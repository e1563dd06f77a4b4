//! The configuration: flags and environment variables. `main` reads them once and passes them on; there are no globals.

use crate::error::{Error, Result};
use chrono::Duration;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The database, the token key and the log: for every subcommand.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// PostgreSQL database to use instead of SQLite: postgres://user:password@host/database
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    pub database_url: Option<String>,
    #[command(flatten)]
    pub database_options: DatabaseConfig,
    /// Folder of the SQLite database and the token key
    #[arg(long, env = "MUSUBI_DATA_DIR", default_value = "./data", global = true)]
    pub data_dir: PathBuf,
    /// Comma-separated secrets for signing tokens, newest first, each at least 32 bytes long [default: a secret that is
    /// generated once and stored in the data folder]
    #[arg(long, env = "MUSUBI_TOKEN_KEY", hide_env_values = true, global = true)]
    pub token_key: Option<String>,
    /// Public address of the server, used in links: https://musubi.example.jp [default: the address it listens on]
    #[arg(long, env = "MUSUBI_PUBLIC_URL", global = true)]
    pub public_url: Option<String>,
    /// Areas whose organizations, deliverables and users are served, comma-separated: prefectures (13), municipalities
    /// (131041; a designated city with its wards), or "all"
    #[arg(
        long = "served-areas",
        env = "MUSUBI_AREAS",
        default_value = "13",
        global = true
    )]
    pub served_areas: ServedAreas,
    /// Executable of Musubi that reads workbooks [default: this one]
    #[arg(long, env = "MUSUBI_WORKBOOK_READER", global = true, hide = true)]
    pub workbook_reader: Option<PathBuf>,
    /// Log level, for everything or by module: "info", "warn,musubi=debug"
    #[arg(long, env = "MUSUBI_LOG", default_value = "info", global = true)]
    pub log: String,
    /// Format of log lines
    #[arg(long, env = "MUSUBI_LOG_FORMAT", value_enum, default_value_t = LogFormat::Human, global = true)]
    pub log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Human,
    Json,
}

/// The areas that are served. The catalogue knows them all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServedAreas {
    All,
    /// The first two digits of a prefecture's codes, or the code of a municipality.
    Only(Vec<String>),
}

impl Default for ServedAreas {
    /// Tokyo
    fn default() -> ServedAreas {
        ServedAreas::Only(vec!["13".into()])
    }
}

impl FromStr for ServedAreas {
    type Err = String;

    fn from_str(text: &str) -> Result<ServedAreas, String> {
        if text.trim() == "all" {
            return Ok(ServedAreas::All);
        }
        let code = |code: &str| match code.len() {
            2 | 5 | 6 if code.bytes().all(|b| b.is_ascii_digit()) => Ok(code.to_owned()),
            _ => Err(format!(
                "{code:?} is neither a prefecture such as 13 nor the code of a municipality such as 131041"
            )),
        };
        text.split(',')
            .map(|part| code(part.trim()))
            .collect::<Result<_, _>>()
            .map(ServedAreas::Only)
    }
}

/// How the database is used.
#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// PostgreSQL standby for reading, while it has all that a reader must see: postgres://user:password@host/database
    #[arg(long, env = "DATABASE_READ_URL", hide_env_values = true, global = true)]
    pub database_read_url: Option<String>,
    /// Most connections to PostgreSQL of one server; on SQLite, connections for reading
    #[arg(long, env = "MUSUBI_DATABASE_CONNECTIONS", default_value_t = 8, global = true, value_parser = clap::value_parser!(u32).range(2..=1_000))]
    pub database_connections: u32,
    /// Seconds that a request waits for the database at a time; then it is answered with 503
    #[arg(long, env = "MUSUBI_DATABASE_TIMEOUT_SECONDS", default_value_t = 4, global = true, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub database_timeout_seconds: u64,
    /// Seconds that a background task or a command waits for the database at a time
    #[arg(long, env = "MUSUBI_DATABASE_TASK_TIMEOUT_SECONDS", default_value_t = 120, global = true, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub database_task_timeout_seconds: u64,
    /// Seconds to connect to one host of PostgreSQL
    #[arg(long, env = "MUSUBI_DATABASE_CONNECT_TIMEOUT_SECONDS", default_value_t = 2, global = true, value_parser = clap::value_parser!(u64).range(2..=60))]
    pub database_connect_timeout_seconds: u64,
    /// Whether PostgreSQL prepares statements; false for a PgBouncer in transaction mode that doesn't support them
    #[arg(long, env = "MUSUBI_DATABASE_PREPARES_STATEMENTS", default_value_t = true, action = clap::ArgAction::Set, global = true)]
    pub database_prepares_statements: bool,
    /// What SQLite waits for at each commit: with full, a power cut loses no acknowledged write
    #[arg(long, env = "MUSUBI_SQLITE_SYNCHRONOUS", value_enum, default_value_t = Synchronous::Normal, global = true)]
    pub sqlite_synchronous: Synchronous,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Synchronous {
    Normal,
    Full,
}

impl DatabaseConfig {
    /// How long a request waits for the database at a time.
    pub fn request_timeout(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.database_timeout_seconds)
    }

    /// How long a background task waits for the database at a time.
    pub fn task_timeout(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.database_task_timeout_seconds)
    }

    pub fn connect_timeout(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.database_connect_timeout_seconds)
    }
}

impl Default for DatabaseConfig {
    fn default() -> DatabaseConfig {
        DatabaseConfig {
            database_read_url: None,
            database_connections: 8,
            database_timeout_seconds: 4,
            database_task_timeout_seconds: 120,
            database_connect_timeout_seconds: 2,
            database_prepares_statements: true,
            sqlite_synchronous: Synchronous::Normal,
        }
    }
}

/// Options of a server.
#[derive(Debug, Clone, Args)]
pub struct ServerConfig {
    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, env = "MUSUBI_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Address and port at which GET /metrics answers, for Prometheus; keep it away from the public [default: none]
    #[arg(long, env = "MUSUBI_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
    /// Milliseconds after which a request is logged as slow; 0 means never
    #[arg(long, env = "MUSUBI_SLOW_REQUEST_MS", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(0..=3_600_000))]
    pub slow_request_ms: u64,
    /// Threads that answer requests; 0 means one per core
    #[arg(long, env = "MUSUBI_WORKERS", default_value_t = 0)]
    pub workers: usize,
    /// Comma-separated addresses and networks of proxies whose X-Forwarded-For is trusted
    #[arg(long, env = "TRUSTED_PROXIES", default_value = "")]
    pub trusted_proxies: TrustedProxies,
    /// Comma-separated origins whose pages may call the API from a browser: https://app.example.jp
    #[arg(long, env = "MUSUBI_CORS_ORIGINS", value_delimiter = ',', value_parser = origin)]
    pub cors_origins: Vec<String>,
    /// Address of the frontend, to which users go on after they have chosen a password
    #[arg(long, env = "MUSUBI_FRONTEND_URL", value_parser = address)]
    pub frontend_url: Option<String>,
    /// Connections that clients may have open at once
    #[arg(long, env = "MUSUBI_MAX_CONNECTIONS", default_value_t = 4096, value_parser = at_least_one)]
    pub max_connections: usize,
    /// Connections from one address (IPv6: one /64 network) at once; trusted proxies may have all of them
    #[arg(long, env = "MUSUBI_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 256, value_parser = at_least_one)]
    pub max_connections_per_address: usize,
    /// Downloads of exports and annotated files that one caller may have unfinished at once
    #[arg(long, env = "MUSUBI_MAX_DOWNLOADS", default_value_t = 4, value_parser = at_least_one)]
    pub max_downloads: usize,
    /// Files of artifacts that one caller may be sending at once
    #[arg(long, env = "MUSUBI_MAX_UPLOADS", default_value_t = 4, value_parser = at_least_one)]
    pub max_uploads: usize,
    /// MiB that the files of one project may take
    #[arg(long, env = "MUSUBI_PROJECT_FILES_MIB", default_value_t = 1_024, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub project_files_mib: u64,
    /// MiB that the files of all projects of one organization may take
    #[arg(long, env = "MUSUBI_PROJECT_FILES_ORGANIZATION_MIB", default_value_t = 4_096, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub project_files_organization_mib: u64,
    /// MiB that the files of all projects may take
    #[arg(long, env = "MUSUBI_PROJECT_FILES_TOTAL_MIB", default_value_t = 65_536, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub project_files_total_mib: u64,
    /// Times per minute that one address (IPv6: one /64 network) may read what needs no token, on each server
    #[arg(long, env = "MUSUBI_PUBLIC_READS_PER_MINUTE", default_value_t = 300, value_parser = at_least_one)]
    pub public_reads_per_minute: usize,
    /// Clients that may follow changes at once, by long polls and streams of events
    #[arg(long, env = "MUSUBI_MAX_FOLLOWERS", default_value_t = 3072, value_parser = at_least_one)]
    pub max_followers: usize,
    /// Clients with the same caller that may follow changes at once
    #[arg(long, env = "MUSUBI_MAX_FOLLOWERS_PER_CALLER", default_value_t = 16, value_parser = at_least_one)]
    pub max_followers_per_caller: usize,
    /// Comma-separated private addresses and networks to which webhooks may be sent, also without TLS: 10.1.2.0/24
    #[arg(long, env = "MUSUBI_WEBHOOK_NETWORKS", value_delimiter = ',', value_parser = network)]
    pub webhook_networks: Vec<IpNet>,
    /// Seconds after which a connection ends whose client reads nothing of its answer (Linux)
    #[arg(long, env = "MUSUBI_WRITE_TIMEOUT_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub write_timeout_seconds: u64,
    /// Certificate chain (PEM) for TLS; without it, put a proxy with TLS in front of the server
    #[arg(long, env = "MUSUBI_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key (PEM) of the certificate
    #[arg(long, env = "MUSUBI_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Seconds for which a server still takes requests after SIGTERM, while /readyz says that it is stopping
    #[arg(long, env = "MUSUBI_DRAIN_SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub drain_seconds: u64,
    /// Seconds after which a server has ended at last, counted from the signal
    #[arg(long, env = "MUSUBI_SHUTDOWN_SECONDS", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub shutdown_seconds: u64,
    #[command(flatten)]
    pub oidc: OidcConfig,
    /// Minutes until an unused session expires
    #[arg(long, env = "MUSUBI_SESSION_IDLE_MINUTES", default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=525_600))]
    pub session_idle_minutes: i64,
    /// Whether neighbours in rankings who fit nearly equally change places at random, so that the log tells what a place is worth
    #[arg(long, env = "MUSUBI_RANDOM_SWAPS", default_value_t = true, action = clap::ArgAction::Set)]
    pub random_swaps: bool,
    /// Days after which a worker who is in no project, and whose record did not change, is erased; 0 means never
    #[arg(long, env = "MUSUBI_RETENTION_WORKERS_DAYS", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=36_500))]
    pub retention_workers_days: i64,
    /// Days after which the texts of a finished application are deleted, and who was registered for an event that is over; 0 means never
    #[arg(long, env = "MUSUBI_RETENTION_MESSAGES_DAYS", default_value_t = 730, value_parser = clap::value_parser!(i64).range(0..=36_500))]
    pub retention_messages_days: i64,
    /// Days after which a finished import is deleted, with its file and its report
    #[arg(long, env = "MUSUBI_RETENTION_IMPORTS_DAYS", default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..=365))]
    pub retention_imports_days: i64,
    /// MiB that the files of one caller's imports may take, those kept after their end included
    #[arg(long, env = "MUSUBI_IMPORTS_CALLER_MIB", default_value_t = 4_096, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub imports_caller_mib: u64,
    /// MiB that the files of all imports may take
    #[arg(long, env = "MUSUBI_IMPORTS_TOTAL_MIB", default_value_t = 16_384, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub imports_total_mib: u64,
    /// Imports of one caller that may arrive, wait or run at once
    #[arg(long, env = "MUSUBI_IMPORTS_CALLER_UNFINISHED", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub imports_caller_unfinished: u64,
    /// Imports of all callers that may arrive, wait or run at once
    #[arg(long, env = "MUSUBI_IMPORTS_TOTAL_UNFINISHED", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub imports_total_unfinished: u64,
    /// Days for which the change log is kept, so that apps which were away can go on following
    #[arg(long, env = "MUSUBI_RETENTION_CHANGES_DAYS", default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=3_650))]
    pub retention_changes_days: i64,
    /// URL of the licence of the open data
    #[arg(long, env = "MUSUBI_OPEN_DATA_LICENSE", default_value = "https://creativecommons.org/licenses/by/4.0/deed.ja", value_parser = address)]
    pub open_data_license: String,
    /// Hours until a session expires, even if it is used
    #[arg(long, env = "MUSUBI_SESSION_HOURS", default_value_t = 12, value_parser = clap::value_parser!(i64).range(1..=8_760))]
    pub session_hours: i64,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("{text:?} is not a number from 1"))
}

/// Parses an origin as browsers send it. `*` is refused: pages anywhere could then use their visitors' sessions.
fn origin(text: &str) -> Result<String, String> {
    let text = text.trim();
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:[]".contains(&b);
    if host.is_some_and(|host| !host.is_empty() && host.bytes().all(plain)) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{text:?} is not an origin: use a scheme and a host in lower case, such as https://app.example.jp"
    ))
}

/// Parses a URL that can be sent in a header.
fn address(text: &str) -> Result<String, String> {
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    let plain = text.chars().all(|c| c.is_ascii_graphic() && !"<>\"".contains(c));
    if is_web && plain {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} is not a URL such as https://creativecommons.org/licenses/by/4.0/"
        ))
    }
}

/// An identity provider whose tokens are accepted.
#[derive(Debug, Clone, Default, Args)]
pub struct OidcConfig {
    /// Issuer of the identity provider: https://id.example.jp/realms/tokyo
    #[arg(long, env = "OIDC_ISSUER", requires = "oidc_audience")]
    pub oidc_issuer: Option<String>,
    /// Audience that its tokens must have
    #[arg(long, env = "OIDC_AUDIENCE")]
    pub oidc_audience: Option<String>,
    /// Comma-separated algorithms that its tokens may be signed with
    #[arg(long, env = "OIDC_ALGORITHMS", default_value = "RS256,ES256,EdDSA")]
    pub oidc_algorithms: String,
    /// Claim with one role or a list of roles; use dots for nested claims: realm_access.roles
    #[arg(long, env = "OIDC_ROLES_CLAIM", default_value = "roles")]
    pub oidc_roles_claim: String,
    /// Comma-separated pairs theirs=ours that map its roles to roles of this server; without any, the names are the same
    #[arg(long, env = "OIDC_ROLES", default_value = "")]
    pub oidc_roles: String,
    /// Claim with the areas of a coordinator
    #[arg(long, env = "OIDC_AREAS_CLAIM", default_value = "areas")]
    pub oidc_areas_claim: String,
    /// Claim with the id of a member's organization
    #[arg(long, env = "OIDC_ORGANIZATION_CLAIM", default_value = "organization_id")]
    pub oidc_organization_claim: String,
    /// Claim with the id of a worker
    #[arg(long, env = "OIDC_WORKER_CLAIM", default_value = "worker_id")]
    pub oidc_worker_claim: String,
}

/// The URL of the licence of the open data.
#[derive(Debug, Clone)]
pub struct OpenDataLicense(pub String);

/// The address at which browsers reach the server.
#[derive(Debug, Clone)]
pub struct PublicUrl(pub String);

/// Where users log in: the address of the frontend, or else of the console.
#[derive(Debug, Clone)]
pub struct FrontendUrl(pub Option<String>);

/// How a server stops after a signal.
#[derive(Debug, Clone, Copy)]
pub struct Shutdown {
    /// How long it still takes requests.
    pub drain: std::time::Duration,
    /// How long running requests may go on after that.
    pub running: std::time::Duration,
    /// When the process ends in any case.
    pub longest: std::time::Duration,
}

/// How long sessions last.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    pub idle: Duration,
    pub longest: Duration,
}

/// How long data is kept; none means forever.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    pub workers: Option<Duration>,
    pub messages: Option<Duration>,
    pub imports: Duration,
    pub changes: Duration,
}

/// How many clients may follow changes at once.
#[derive(Debug, Clone, Copy)]
pub struct FollowerLimits {
    pub of_caller: usize,
    pub of_all: usize,
}

/// What imports may take up.
#[derive(Debug, Clone, Copy)]
pub struct ImportQuotas {
    pub of_caller: ImportQuota,
    pub of_all: ImportQuota,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportQuota {
    pub bytes: u64,
    pub unfinished: u64,
}

/// How many bytes the files of projects may take.
#[derive(Debug, Clone, Copy)]
pub struct ProjectFileQuotas {
    pub of_project: u64,
    pub of_organization: u64,
    pub of_all: u64,
}

/// Proxies whose X-Forwarded-For is trusted.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&address))
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    fn from_str(text: &str) -> Result<TrustedProxies, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(network).collect::<Result<_, _>>().map(TrustedProxies)
    }
}

/// Parses an address or a network.
fn network(text: &str) -> Result<IpNet, String> {
    let one = text.trim().parse::<IpAddr>().map(IpNet::from);
    one.or_else(|_| text.trim().parse::<IpNet>())
        .map_err(|_| format!("{text:?} is neither an IP address nor a network such as 10.0.0.0/8"))
}

impl ServerConfig {
    /// Returns the address for links: the configured one, or the one that the server listens on. Never one from a request.
    pub fn public_url(&self, given: Option<&str>) -> PublicUrl {
        let scheme = if self.tls_cert.is_some() { "https" } else { "http" };
        let mut address = self.listen;
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        PublicUrl(given.map_or_else(|| format!("{scheme}://{address}"), str::to_owned))
    }

    /// Returns after which time a request is slow.
    pub fn slow_request(&self) -> Option<std::time::Duration> {
        (self.slow_request_ms > 0).then(|| std::time::Duration::from_millis(self.slow_request_ms))
    }

    pub fn retention(&self) -> Retention {
        let days = |days: i64| (days > 0).then(|| Duration::days(days));
        Retention {
            workers: days(self.retention_workers_days),
            messages: days(self.retention_messages_days),
            imports: Duration::days(self.retention_imports_days),
            changes: Duration::days(self.retention_changes_days),
        }
    }

    pub fn follower_limits(&self) -> FollowerLimits {
        FollowerLimits {
            of_caller: self.max_followers_per_caller,
            of_all: self.max_followers,
        }
    }

    pub fn import_quotas(&self) -> ImportQuotas {
        let quota = |mib: u64, unfinished| ImportQuota {
            bytes: mib * 1024 * 1024,
            unfinished,
        };
        ImportQuotas {
            of_caller: quota(self.imports_caller_mib, self.imports_caller_unfinished),
            of_all: quota(self.imports_total_mib, self.imports_total_unfinished),
        }
    }

    pub fn project_file_quotas(&self) -> ProjectFileQuotas {
        let bytes = |mib: u64| mib * 1024 * 1024;
        ProjectFileQuotas {
            of_project: bytes(self.project_files_mib),
            of_organization: bytes(self.project_files_organization_mib),
            of_all: bytes(self.project_files_total_mib),
        }
    }

    pub fn shutdown(&self) -> Shutdown {
        let seconds = std::time::Duration::from_secs;
        let (drain, longest) = (seconds(self.drain_seconds), seconds(self.shutdown_seconds));
        // Leaves a moment for what follows the last request.
        let running = longest.saturating_sub(drain + seconds(2)).max(seconds(1));
        Shutdown {
            drain,
            running,
            longest,
        }
    }

    pub fn session_limits(&self) -> SessionLimits {
        SessionLimits {
            idle: Duration::minutes(self.session_idle_minutes),
            longest: Duration::hours(self.session_hours),
        }
    }
}

/// The database in the data folder.
const DATABASE_FILE: &str = "musubi.sqlite3";
/// The address of a server with default options.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

impl Config {
    /// Returns the address for links that are made by the command line.
    pub fn public_url(&self) -> PublicUrl {
        PublicUrl(self.public_url.clone().unwrap_or_else(|| DEFAULT_URL.to_owned()))
    }

    /// Returns PostgreSQL's URL, or the path of the SQLite file, after creating its folder.
    pub fn database(&self) -> Result<String> {
        match &self.database_url {
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                self.warn_without_tls(url);
                Ok(url.clone())
            }
            // A mistyped URL must not become the name of a new SQLite file.
            Some(_) => Err(Error::Internal("DATABASE_URL must start with postgres://".into())),
            None if self.database_options.database_read_url.is_some() => {
                Err(Error::Internal("DATABASE_READ_URL needs DATABASE_URL".into()))
            }
            None => {
                let file = self.data_dir()?.join(DATABASE_FILE);
                create_private(&file)?;
                Ok(file.to_string_lossy().into_owned())
            }
        }
    }

    /// Checks that there is a database to read from. Whoever mistyped the folder must not be told that it is empty.
    pub fn check_database(&self) -> Result<()> {
        if self.database_url.is_some() || self.data_dir.join(DATABASE_FILE).is_file() {
            return Ok(());
        }
        Err(Error::Internal(format!(
            "there is no database in the folder {}; check MUSUBI_DATA_DIR or --data-dir",
            self.data_dir.display()
        )))
    }

    /// Returns the data folder, and creates it if needed.
    pub fn data_dir(&self) -> Result<PathBuf> {
        let created = self.make_folder();
        created.map_err(|e| {
            Error::Internal(format!(
                "cannot create the folder {}: {e}",
                self.data_dir.display()
            ))
        })?;
        Ok(self.data_dir.clone())
    }

    #[cfg(unix)]
    fn make_folder(&self) -> std::io::Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.data_dir)
    }

    #[cfg(not(unix))]
    fn make_folder(&self) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.data_dir)
    }

    fn warn_without_tls(&self, url: &str) {
        let after_user = url.rsplit_once('@').map_or(url, |(_, rest)| rest);
        let host = after_user.split("//").last().unwrap_or_default();
        let local = ["127.", "localhost", "[::1]", "/", "%2F"]
            .iter()
            .any(|prefix| host.starts_with(prefix));
        if !local && !host.is_empty() && !cfg!(feature = "pg-tls") {
            tracing::warn!(
                "this build connects to PostgreSQL without TLS, and the database is on another machine"
            );
        }
    }
}

/// Creates the database file so that only its owner can read it. SQLite gives its other files the same permissions.
fn create_private(file: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(file)
        .map(drop)
        .map_err(|e| Error::Internal(format!("cannot open {}: {e}", file.display())))
}
