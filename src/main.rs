//! The command line. `arguments` defines it. `load` imports files, here or through a `client` of a server;
//! `archive` imports published archives; `export` exports lists and backs up the database; `report` writes yearly reports. The
//! other commands are here.

#[path = "main/archive.rs"]
mod archive;
#[path = "main/arguments.rs"]
mod arguments;
#[path = "main/client.rs"]
mod client;
#[path = "main/export.rs"]
mod export;
#[path = "main/files.rs"]
mod files;
#[path = "main/load.rs"]
mod load;
#[path = "main/report.rs"]
mod report;
#[path = "main/terminal.rs"]
mod terminal;

use arguments::{AuditAction, Cli, Command, KeyAction, OneOrAll, RoundAction, UserAction, WeightsAction};
use chrono::Utc;
use clap::Parser;
use matcher::round::audit::Judgement;
use musubi::auth::{self, Belonging, Claims, Keys, PERMISSIONS, UserRole, Writer};
use musubi::catalogue::{Catalogues, calendar, lookup};
use musubi::config::{Config, LogFormat, PublicUrl, ServedAreas, ServerConfig};
use musubi::db::Id;
use musubi::error::{Error, Result};
use musubi::rounds::instance::RoundInstance;
use musubi::server::{AppState, Listener, document::Document};
use musubi::users::{self, Invitation, NewUser};
use musubi::{audit, db, demo, tuning, workbooks};
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use terminal::say;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use validator::Validate;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match start_logging(&cli.config).and_then(|()| run(cli)) {
        Ok(code) => code,
        Err(error) => {
            // Clients of a server never see an internal error, but its operator needs it.
            match error {
                Error::Internal(reason) => eprintln!("error: {reason}"),
                other => eprintln!("error: {other}"),
            }
            ExitCode::FAILURE
        }
    }
}

fn start_logging(config: &Config) -> Result<()> {
    let targets: Targets = config
        .log
        .parse()
        .map_err(|e| Error::Internal(format!("--log {:?}: {e}", config.log)))?;
    let registry = tracing_subscriber::registry().with(targets);
    // Logs go to standard error, so that standard output has only what a command prints.
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
        Command::Serve { listen } => {
            let state = AppState::open(config)?;
            greet_first(&state, &listen)?;
            serve(Listener::bind(state, &listen)?)?;
        }
        Command::Demo {
            listen,
            load_only,
            roster,
        } => run_demo(config, &listen, load_only, roster)?,
        Command::Migrate { to } => {
            let steps = db::migrate_to(&config.database()?, &config.database_options, to.as_deref())?;
            for step in &steps {
                let done = if step.is_reversed { "reversed" } else { "ran" };
                say(&format!("{done} {}\n", step.name))?;
            }
            if steps.is_empty() {
                say("There is nothing to migrate.\n")?;
            }
        }
        Command::Openapi => say(Document::shared().text())?,
        Command::Token {
            role,
            ttl,
            subject,
            scope,
            areas,
            organization,
            worker,
        } => {
            let keys = Keys::open(config.token_key.as_deref(), &config.data_dir()?)?;
            let scopes = scope.iter().flat_map(|scopes| scopes.split(' '));
            check_scopes(scopes)?;
            let subject = subject.unwrap_or_else(|| format!("cli:{}", Id::new()));
            let catalogues = Catalogues::new(&config.served_areas)?;
            let mut areas = areas;
            let faults = lookup::resolve_served_areas(catalogues.fixed(), &mut areas, &[]);
            if !faults.is_empty() {
                return Err(Error::Invalid(faults));
            }
            let mut claims = Claims::new(role, subject, Utc::now().timestamp(), ttl);
            claims.scope = scope;
            claims.belonging = Belonging {
                areas,
                organization_id: organization.map(Id),
                worker_id: worker.map(Id),
            };
            say(&format!("{}\n", keys.sign(&claims)?))?;
        }
        Command::User {
            action: UserAction::Create { email, name, .. },
        } => invite(config, email.zip(name))?,
        Command::User {
            action: UserAction::ResetPassword { email },
        } => reset_password(config, &email)?,
        Command::Key {
            action: KeyAction::Rotate { drop_old },
        } => {
            if config.token_key.is_some() {
                return Err(Error::Internal(
                    "the keys come from MUSUBI_TOKEN_KEY: put a new secret in front of the others, separated by a comma"
                        .into(),
                ));
            }
            say(&format!("{}\n", auth::rotate(&config.data_dir()?, drop_old)?))?;
        }
        Command::Audit {
            action: AuditAction::Verify { expect },
        } => return verify(config, expect.as_deref()),
        Command::Weights {
            action: WeightsAction::Report { json },
        } => report_weights(config, json)?,
        Command::Round {
            action: RoundAction::Verify { file },
        } => return judge(&file),
        Command::Permissions => say(&format!(
            "{}\n{}",
            auth::table(),
            auth::properties::property_table()
        ))?,
        Command::Import(import) => match import.kind {
            OneOrAll::All => export::restore(config, &import.files)?,
            OneOrAll::One(kind) => return load::import(config, kind, &import),
        },
        Command::Export(what) => export::export(config, what)?,
        Command::Report(what) => report::report(config, &what)?,
        Command::ReadWorkbook => workbooks::answer()?,
    }
    Ok(ExitCode::SUCCESS)
}

fn check_scopes<'a>(mut scopes: impl Iterator<Item = &'a str>) -> Result<()> {
    let known = || PERMISSIONS.iter().map(|row| row.scope);
    match scopes.find(|name| !known().any(|scope| scope == *name)) {
        None => Ok(()),
        Some(name) => Err(Error::Internal(format!(
            "unknown scope {name:?}; the scopes are {}",
            known().collect::<Vec<_>>().join(", ")
        ))),
    }
}

/// Invites an administrator and prints the link. The first administrator may enter email and name at the
/// link.
fn invite(config: &Config, who: Option<(String, String)>) -> Result<()> {
    let PublicUrl(url) = config.public_url();
    let details = who.map(|(email, name)| NewUser::administrator(&email, &name));
    if let Some(details) = &details {
        let checked = details.validate();
        checked.map_err(|e| Error::Internal(e.to_string().replace('\n', "; ")))?;
    }
    let state = AppState::open(config)?;
    let invitation = state.pool.write_blocking(|db| {
        let Some(details) = details else {
            let first = users::actions::invite_first_administrator(db, &url)?;
            let missing = "there are users already: use --email and --name";
            return first.ok_or_else(|| Error::Internal(missing.into()));
        };
        let catalogue = state.catalogues.current(db)?;
        let invited = users::actions::invite(db, &catalogue, &url, &Writer::operator("cli:user"), details)?;
        Ok(invited.invitation)
    })?;
    say(&link_text("the", &invitation))
}

/// Prints the link at which a user chooses a new password.
fn reset_password(config: &Config, email: &str) -> Result<()> {
    let PublicUrl(url) = config.public_url();
    let state = AppState::open(config)?;
    let invited = state.pool.write_blocking(|db| {
        let user = users::store::find_by_email(db, email)?;
        users::actions::invite_again(db, &url, "cli:user", user.id)
    })?;
    say(&link_text("a new", &invited.invitation))
}

fn verify(config: &Config, expect: Option<&str>) -> Result<ExitCode> {
    let read = |text: &str| {
        let (number, hash) = text.split_once(':')?;
        Some((number.parse().ok()?, hash.to_owned()))
    };
    let wrong = || Error::Internal("--expect takes NUMBER:HASH, as this command prints it".into());
    let expect: Option<(i64, String)> = expect.map(|text| read(text).ok_or_else(wrong)).transpose()?;
    let pool = db::Pool::open(&config.database()?, &config.database_options)?;
    let expected = expect.as_ref().map(|(number, hash)| (*number, hash.as_str()));
    match pool.read_blocking(|db| audit::store::verify(db, expected))? {
        Ok(audit::store::ChainSummary { entries, hash }) => {
            say(&format!(
                "The audit is complete. Keep this line somewhere else:\n{entries}:{hash}\n"
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => {
            say(&format!("The audit was tampered with: {fault}\n"))?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Judges a round that was exported in full.
fn judge(file: &Path) -> Result<ExitCode> {
    let unread = |e: &dyn std::fmt::Display| Error::Internal(format!("{}: {e}", file.display()));
    let bytes = std::fs::read(file).map_err(|e| unread(&e))?;
    let instance: RoundInstance = serde_json::from_slice(&bytes).map_err(|e| unread(&e))?;
    let (text, code) = match instance.judge() {
        Judgement::Proven { pairs } => (
            format!("The round keeps the rules, and no answer is better. {pairs} pairs were looked at."),
            ExitCode::SUCCESS,
        ),
        Judgement::Allowed { .. } => (
            "The round keeps the rules. Nothing proves that it is the best.".to_owned(),
            ExitCode::SUCCESS,
        ),
        Judgement::Refused(why) => (format!("Refused: {why}."), ExitCode::FAILURE),
    };
    say(&format!("{text}\n"))?;
    Ok(code)
}

/// Prints how the weights stand against what was chosen.
fn report_weights(config: &Config, json: bool) -> Result<()> {
    let pool = db::Pool::open(&config.database()?, &config.database_options)?;
    let report = pool.read_blocking(tuning::actions::weigh)?;
    if !json {
        return say(&report.to_string());
    }
    let text = serde_json::to_string_pretty(&report).map_err(|e| Error::Internal(e.to_string()))?;
    say(&format!("{text}\n"))
}

fn link_text(whose: &str, invitation: &Invitation) -> String {
    format!(
        "Choose {whose} password at this one-time link before {}:\n\n{}\n\n",
        invitation.expires_at,
        invitation.link.as_deref().unwrap_or_default()
    )
}

/// Prints the first administrator's link if the database has no user yet.
fn greet_first(state: &AppState, listen: &ServerConfig) -> Result<()> {
    let PublicUrl(url) = listen.public_url(state.public_url.as_deref());
    let invitation = state
        .pool
        .write_blocking(|db| users::actions::invite_first_administrator(db, &url))?;
    match invitation {
        Some(invitation) => {
            let link = link_text("the first administrator's", &invitation);
            say(&format!("There is no user yet. {link}"))
        }
        None => Ok(()),
    }
}

fn serve(listener: Listener) -> Result<()> {
    tracing::info!(address = %listener.address, "listening");
    if let Some(address) = listener.metrics_address {
        tracing::info!(%address, "listening for metrics");
    }
    actix_web::rt::System::new().block_on(listener.run())
}

fn run_demo(config: &Config, listen: &ServerConfig, load_only: bool, roster: u64) -> Result<()> {
    // Its archive is of Tokyo, whatever the server will serve.
    let state = AppState::open(&Config {
        served_areas: ServedAreas::default(),
        ..config.clone()
    })?;
    let today = calendar::today();
    let loaded = demo::load(&state, today, roster)?;
    let is_nothing_new = loaded == demo::DemoCounts::default();
    let demo::DemoCounts {
        organizations,
        engagements,
        workers,
        requests,
        projects,
        figures,
        events,
        pages,
    } = loaded;
    let added = match is_nothing_new {
        true => "Everything was already there.\n".to_owned(),
        false => format!(
            "Loaded: {engagements} engagements of {organizations} organizations, {workers} workers, {requests} open requests, {projects} projects, {figures} figures of population, {events} events, {pages} pages to read.\n"
        ),
    };
    say(&added)?;
    let (flyer, top) = demo::top_five(&state, today)?;
    say(&format!("\n{top}\n"))?;
    if load_only {
        return Ok(());
    }
    let claims = Claims::new(UserRole::Admin, "demo", Utc::now().timestamp(), 8 * 3600);
    let token = state.keys.sign(&claims)?;
    let login = demo::login(&state)?;
    let listener = Listener::bind(state, listen)?;
    let base = format!("http://{}", listener.address);
    say(&format!(
        "Open the console; this link logs you in, once:\n\n{base}/#/login?once={login}\n\n"
    ))?;
    say(&format!(
        "An administrator's token, valid for 8 hours:\n\nexport TOKEN={token}\n\nTry:\n\n\
         curl -H \"Authorization: Bearer $TOKEN\" '{base}/v1/deliverables/{flyer}/matches?limit=5'\n\n\
         Explore the API: {base}/docs/\n"
    ))?;
    serve(listener)
}
