//! The command line.

use chrono::Utc;
use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use musubi::api::{Listening, State, document::Document};
use musubi::auth::{Keys, Role, SCOPES};
use musubi::catalogue::calendar;
use musubi::config::{Config, Listen, LogFormat};
use musubi::error::{Error, Result};
use musubi::{db, demo, imports};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Matches pro bono workers with the deliverables that community organisations ask for
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
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
        /// Who it is for; appears in the change log
        #[arg(long, default_value = "cli")]
        subject: String,
        /// Only these scopes of the role, parted by spaces
        #[arg(long)]
        scope: Option<String>,
    },
    /// Load files
    Import {
        #[command(subcommand)]
        kind: Import,
    },
}

#[derive(Subcommand)]
enum Import {
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

fn main() -> ExitCode {
    let cli = Cli::parse();
    match start_logging(&cli.config).and_then(|()| run(cli)) {
        Ok(code) => code,
        Err(error) => {
            // What is internal to a server's client is the very thing that its operator needs.
            match error {
                Error::Internal(reason) => eprintln!("error: {reason}"),
                other => eprintln!("error: {other}"),
            }
            ExitCode::FAILURE
        }
    }
}

/// To standard output. Whoever stops reading, like `head`, has read enough.
fn say(text: &str) -> Result<()> {
    match std::io::stdout()
        .write_all(text.as_bytes())
        .and_then(|()| std::io::stdout().flush())
    {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::Internal(format!("cannot print: {e}")))
        }
        _ => Ok(()),
    }
}

fn start_logging(config: &Config) -> Result<()> {
    let targets: Targets = config
        .log
        .parse()
        .map_err(|e| Error::Internal(format!("--log {:?}: {e}", config.log)))?;
    let registry = tracing_subscriber::registry().with(targets);
    // To standard error: what the program prints stays clean.
    match config.log_format {
        LogFormat::Json => registry
            .with(
                tracing_subscriber::fmt::layer()
                    .json()
                    .with_writer(std::io::stderr),
            )
            .init(),
        LogFormat::Human => {
            let colours = std::io::stderr().is_terminal();
            registry
                .with(
                    tracing_subscriber::fmt::layer()
                        .with_ansi(colours)
                        .with_writer(std::io::stderr),
                )
                .init();
        }
    }
    Ok(())
}

fn run(cli: Cli) -> Result<ExitCode> {
    let config = &cli.config;
    match cli.command {
        Command::Serve { listen } => serve(Listening::bind(State::open(config)?, &listen)?)?,
        Command::Demo {
            listen,
            load_only,
            roster,
        } => run_demo(config, &listen, load_only, roster)?,
        Command::Migrate => match db::migrate(&config.database()?)? {
            0 => say("The database is up to date.\n")?,
            n => say(&format!("{n} migration(s) ran.\n"))?,
        },
        Command::Openapi => say(Document::new().text())?,
        Command::Token {
            role,
            ttl,
            subject,
            scope,
        } => {
            let keys = Keys::open(config.token_key.as_deref(), &config.data_dir()?)?;
            let unknown = scope
                .iter()
                .flat_map(|scopes| scopes.split(' '))
                .find(|name| !SCOPES.iter().any(|(known, _)| known == name));
            if let Some(name) = unknown {
                let known: Vec<&str> = SCOPES.iter().map(|(name, _)| *name).collect();
                return Err(Error::Internal(format!(
                    "there is no scope {name:?}, only {}",
                    known.join(", ")
                )));
            }
            say(&format!(
                "{}\n",
                keys.sign(role, &subject, scope, Utc::now().timestamp(), ttl)?
            ))?;
        }
        Command::Import {
            kind:
                Import::Engagements {
                    file,
                    totals,
                    dry_run,
                },
        } => {
            return import(config, &file, totals.as_deref(), dry_run);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn serve(listening: Listening) -> Result<()> {
    tracing::info!(address = %listening.address, "listening");
    actix_web::rt::System::new().block_on(listening.run())
}

fn run_demo(config: &Config, listen: &Listen, load_only: bool, roster: u64) -> Result<()> {
    let state = State::open(config)?;
    let today = calendar::today();
    let loaded = demo::load(&state, today, roster)?;
    let demo::Loaded {
        organizations,
        engagements,
        workers,
        requests,
    } = loaded;
    say(&format!(
        "Loaded: {engagements} engagements of {organizations} organizations, {workers} workers, {requests} open requests.\n"
    ))?;
    let (flyer, top) = demo::top_five(&state, today)?;
    say(&format!("\n{top}\n"))?;
    if load_only {
        return Ok(());
    }
    let token = state
        .keys
        .sign(Role::Admin, "demo", None, Utc::now().timestamp(), 8 * 3600)?;
    let listening = Listening::bind(state, listen)?;
    let base = format!("http://{}", listening.address);
    say(&format!(
        "An administrator's token, valid for 8 hours:\n\nexport TOKEN={token}\n\nTry:\n\n\
         curl -H \"Authorization: Bearer $TOKEN\" '{base}/v1/deliverables/{flyer}/matches?limit=5'\n\n\
         The API to click through: {base}/docs/\n"
    ))?;
    serve(listening)
}

fn import(config: &Config, file: &Path, totals: Option<&Path>, dry_run: bool) -> Result<ExitCode> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|e| Error::Internal(format!("cannot read {}: {e}", path.display())))
    };
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let (bytes, totals) = (read(file)?, totals.map(read).transpose()?);
    let state = State::open(config)?;
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    let progress = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let file = imports::File {
        name: &name,
        bytes: &bytes,
    };
    let totals = totals.as_deref().map(|bytes| imports::File {
        name: "totals",
        bytes,
    });
    let (pool, catalogues) = (&state.pool, &state.catalogues);
    let report = imports::import_engagements(
        pool,
        catalogues,
        "cli:import",
        &file,
        totals.as_ref(),
        dry_run,
        &progress,
    )?;
    bar.finish_and_clear();
    say(&told(&report, dry_run))?;
    Ok(
        match (
            report.rejected.is_empty(),
            report.created_deliverables + report.unchanged_deliverables,
        ) {
            (true, _) => ExitCode::SUCCESS,
            (false, 1..) => ExitCode::from(2),
            (false, 0) => ExitCode::FAILURE,
        },
    )
}

/// The report in words.
fn told(report: &imports::Report, dry_run: bool) -> String {
    let mut lines = Vec::new();
    if dry_run {
        lines.push("Dry run: nothing was written.".to_owned());
    }
    lines.push(format!("Rows: {}", report.rows));
    lines.push(format!(
        "Deliverables: {} created, {} unchanged. Organizations: {} created, {} updated.",
        report.created_deliverables,
        report.unchanged_deliverables,
        report.created_organizations,
        report.updated_organizations
    ));
    let mut section = |title: &str, rows: Vec<String>| {
        if !rows.is_empty() {
            lines.push(format!("\n{title} ({}):", rows.len()));
            lines.extend(rows.into_iter().map(|row| format!("  {row}")));
        }
    };
    section(
        "Rejected",
        report.rejected.iter().map(ToString::to_string).collect(),
    );
    section(
        "Unknown 支援内容, kept as other",
        report.unknown_types.iter().map(ToString::to_string).collect(),
    );
    section(
        "Recognised as one organization",
        report.recognised.iter().map(|names| names.join(" = ")).collect(),
    );
    let doubtful = |d: &imports::identity::Doubtful| format!("{} ? {} ({:.2})", d.one, d.other, d.similarity);
    section(
        "Doubtful, not merged: please look",
        report.doubtful.iter().map(doubtful).collect(),
    );
    let mut text = lines.join("\n") + "\n";
    if let Some(reconciliation) = &report.reconciliation {
        text += &format!("\n{reconciliation}");
    }
    text
}
