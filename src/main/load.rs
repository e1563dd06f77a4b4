//! Importing files: into the database at hand, or through a server.

use super::archive;
use super::arguments::{ImportArguments, OneOrAll};
use super::export;
use super::say;
use super::server::Server;
use indicatif::{ProgressBar, ProgressStyle};
use musubi::config::Config;
use musubi::db::Id;
use musubi::error::{Error, Result};
use musubi::http::Language;
use musubi::imports::jobs::run::{LEASE, Runner};
use musubi::imports::jobs::{ImportFinding, ImportMode, ImportOptions, annotate, report as found, store};
use musubi::imports::{ImportKind, upload};
use musubi::server::AppState;
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

/// Findings that are printed; the rest is in the annotated copy.
pub const SHOWN: i64 = 50;
/// How often a server is asked, and a folder looked at.
pub const LOOK: Duration = Duration::from_millis(500);
pub const ACTOR: &str = "cli:import";

/// How much of a file was taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Taken {
    All,
    Some,
    None,
}

impl Taken {
    pub fn of(taken: u64, rejected: u64) -> Taken {
        match (taken, rejected) {
            (_, 0) => Taken::All,
            (0, _) => Taken::None,
            _ => Taken::Some,
        }
    }

    /// Of several files together.
    fn and(self, other: Taken) -> Taken {
        if self == other { self } else { Taken::Some }
    }
}

pub fn import(config: &Config, import: ImportArguments) -> Result<ExitCode> {
    let kind = match import.kind {
        OneOrAll::One(kind) => kind,
        OneOrAll::All => return export::restore(config, &import.files).map(|()| ExitCode::SUCCESS),
    };
    let loader = match &import.server {
        Some(url) => Loader::Server(Server::new(url, import.token.as_deref())?),
        None => Loader::Here(Box::new(AppState::open(config)?)),
    };
    if let Some(folder) = &import.watch {
        return watch(&loader, kind, &import, folder);
    }
    let mut all = None;
    for file in &import.files {
        if import.files.len() > 1 {
            say(&format!("{}\n", file.display()))?;
        }
        let (taken, _) = loader.load(kind, &import, file)?;
        all = Some(all.map_or(taken, |all: Taken| all.and(taken)));
    }
    Ok(match all {
        None | Some(Taken::All) => ExitCode::SUCCESS,
        Some(Taken::Some) => ExitCode::from(2),
        Some(Taken::None) => ExitCode::FAILURE,
    })
}

fn options(kind: ImportKind, import: &ImportArguments, file: &Path) -> ImportOptions {
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().chars().take(255).collect());
    ImportOptions {
        source: import.source.clone(),
        mode: if import.dry_run {
            ImportMode::DryRun
        } else {
            import.mode
        },
        on_conflict: import.on_conflict,
        on_absent: import.on_absent,
        mapping: import.mapping.iter().cloned().collect(),
        encoding: import.encoding.clone(),
        sheet: import.sheet.clone(),
        file_name: name,
        ..ImportOptions::of(kind)
    }
}

pub fn open(file: &Path) -> Result<std::fs::File> {
    std::fs::File::open(file).map_err(|e| Error::Internal(format!("cannot read {}: {e}", file.display())))
}

pub fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// There is no server here whose threads could be needed.
#[allow(clippy::disallowed_methods)]
pub fn wait(time: Duration) {
    std::thread::sleep(time);
}

/// A member of an answer, or null.
pub fn at(value: &Value, pointer: &str) -> Value {
    value.pointer(pointer).cloned().unwrap_or_default()
}

/// Where files go.
enum Loader {
    Here(Box<AppState>),
    Server(Server),
}

impl Loader {
    /// How much of a file was taken, and the job.
    fn load(&self, kind: ImportKind, import: &ImportArguments, file: &Path) -> Result<(Taken, Option<Id>)> {
        let options = options(kind, import, file);
        let (job, findings) = match self {
            Loader::Here(state) if kind == ImportKind::Engagements && import.watch.is_none() => {
                let dry_run = options.mode == ImportMode::DryRun;
                return Ok((
                    archive::import(state, file, import.totals.as_deref(), dry_run)?,
                    None,
                ));
            }
            Loader::Here(state) => here(state, options, file)?,
            Loader::Server(server) => server.load(&options, file)?,
        };
        say(&report(&job, &findings))?;
        let count = |name: &str| {
            at(&job, &format!("/progress/{name}"))
                .as_u64()
                .unwrap_or_default()
        };
        let done = count("created") + count("updated") + count("unchanged") + count("skipped");
        let taken = match at(&job, "/status").as_str() {
            Some("succeeded") => Taken::All,
            Some("partial") => Taken::of(done, count("rejected")),
            _ => Taken::None,
        };
        let id = at(&job, "/id").as_str().and_then(|id| id.parse().ok()).map(Id);
        Ok((taken, id))
    }

    /// Writes the file with what was found in a column.
    fn annotate(&self, id: Id, beside: &Path) -> Result<()> {
        let failed =
            |e: std::io::Error| Error::Internal(format!("cannot write beside {}: {e}", beside.display()));
        let name = |extension: &str| {
            let stem = beside
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            beside.with_file_name(format!("{stem}.checked.{extension}"))
        };
        match self {
            Loader::Here(state) => {
                let job = state.pool.read_blocking(|db| store::find(db, None, id))?;
                if job.detected.is_none() {
                    return Ok(());
                }
                let (full, _) = annotate::name_and_type(&job);
                let path = name(full.rsplit('.').next().unwrap_or_default());
                let mut file = std::io::BufWriter::new(std::fs::File::create(path).map_err(failed)?);
                annotate::write(&state.pool, &job, Language::Ja, &mut file)
            }
            Loader::Server(server) => match server.annotated(id)? {
                Some((extension, bytes)) => std::fs::write(name(&extension), bytes).map_err(failed),
                None => Ok(()),
            },
        }
    }
}

/// Runs a job in this process. One that an earlier process began with the same file goes on.
fn here(state: &AppState, options: ImportOptions, file: &Path) -> Result<(Value, Vec<Value>)> {
    let job = upload::local(&state.pool, ACTOR, options, &mut open(file)?)?;
    let bar = bar();
    let runner = Runner {
        pool: &state.pool,
        catalogues: &state.catalogues,
        stopping: &AtomicBool::new(false),
        lease: LEASE,
        erase: musubi::erasure::actions::erase,
        observer: &|job| {
            bar.set_length(job.progress.total.unwrap_or_default());
            bar.set_position(job.progress.rows_read);
        },
    };
    let job = loop {
        runner.run_next(Some(job.id))?;
        let now = state.pool.read_blocking(|db| store::find(db, None, job.id))?;
        if now.status.is_final() {
            break now;
        }
        // Another server runs it, or whoever ran it died a moment ago.
        bar.set_length(now.progress.total.unwrap_or_default());
        bar.set_position(now.progress.rows_read);
        wait(LOOK);
    };
    bar.finish_and_clear();
    let found = state
        .pool
        .read_blocking(|db| found::store::findings(db, job.id, None, SHOWN))?;
    let shown = found.into_iter().map(|(position, finding)| {
        serde_json::to_value(ImportFinding::of(position, finding, Language::Ja)).unwrap_or_default()
    });
    let shown = shown.collect();
    let job = serde_json::to_value(&job).map_err(|e| Error::Internal(e.to_string()))?;
    Ok((job, shown))
}

/// A job and some of what it found, in words.
fn report(job: &Value, findings: &[Value]) -> String {
    let count = |name: &str| at(job, &format!("/progress/{name}")).as_u64().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = Vec::new();
    if at(job, "/mode") == "dry_run" {
        lines.push("Dry run: nothing was written.".to_owned());
    }
    let of_file = ["format", "encoding", "sheet"].map(|name| text(&at(job, &format!("/detected/{name}"))));
    let of_file: Vec<String> = of_file.into_iter().filter(|told| !told.is_empty()).collect();
    lines.push(format!(
        "{}: {} ({})",
        text(&at(job, "/id")),
        text(&at(job, "/status")),
        of_file.join(", ")
    ));
    if let Some(why) = at(job, "/error/en").as_str() {
        lines.push(format!("{why} [{}]", text(&at(job, "/error/code"))));
    }
    lines.push(format!(
        "Rows: {}. Created {}, updated {}, unchanged {}, skipped {}, rejected {}, archived {}.",
        count("rows_read"),
        count("created"),
        count("updated"),
        count("unchanged"),
        count("skipped"),
        count("rejected"),
        count("archived"),
    ));
    let columns = at(job, "/progress/columns");
    let unknown = columns
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, field)| *field == "");
    let unknown: Vec<String> = unknown.map(|(heading, _)| heading.clone()).collect();
    if !unknown.is_empty() {
        lines.push(format!("Columns left out: {}", unknown.join(", ")));
    }
    for finding in findings {
        let suggestion = at(finding, "/suggestion")
            .as_str()
            .map(|s| format!(" → {s}"))
            .unwrap_or_default();
        lines.push(format!(
            "  {} line {}, {} {:?}: {} [{}]{suggestion}",
            text(&at(finding, "/severity")),
            at(finding, "/line"),
            text(&at(finding, "/column")),
            text(&at(finding, "/value")),
            text(&at(finding, "/message")),
            text(&at(finding, "/code")),
        ));
    }
    let more = count("findings").saturating_sub(findings.len() as u64);
    if more > 0 {
        lines.push(format!("  … and {more} more."));
    }
    lines.join("\n") + "\n"
}

/// Imports what comes into a folder, for good. A file is taken when it has stopped growing.
fn watch(loader: &Loader, kind: ImportKind, import: &ImportArguments, folder: &Path) -> Result<ExitCode> {
    let failed = |e: std::io::Error| Error::Internal(format!("{}: {e}", folder.display()));
    let (imported, rejected) = (folder.join("imported"), folder.join("rejected"));
    for made in [&imported, &rejected] {
        std::fs::create_dir_all(made).map_err(failed)?;
    }
    say(&format!("Watching {}\n", folder.display()))?;
    let mut known: HashMap<PathBuf, (u64, Option<SystemTime>)> = HashMap::new();
    loop {
        for entry in std::fs::read_dir(folder).map_err(failed)?.flatten() {
            let (path, Ok(about)) = (entry.path(), entry.metadata()) else {
                continue;
            };
            let is_hidden = entry.file_name().to_string_lossy().starts_with(['.', '~']);
            if !about.is_file() || is_hidden {
                continue;
            }
            let now = (about.len(), about.modified().ok());
            if known.insert(path.clone(), now) != Some(now) {
                continue;
            }
            known.remove(&path);
            say(&format!("{}\n", path.display()))?;
            let (taken, job) = match loader.load(kind, import, &path) {
                Ok(done) => done,
                Err(error) => {
                    say(&format!("error: {error}\n"))?;
                    (Taken::None, None)
                }
            };
            let into = if taken == Taken::All { &imported } else { &rejected };
            let to = unused(&into.join(entry.file_name()));
            std::fs::rename(&path, &to).map_err(failed)?;
            if let Some(job) = job.filter(|_| taken != Taken::All) {
                loader.annotate(job, &to)?;
            }
        }
        wait(LOOK * 2);
    }
}

/// The path, or with a number if it is taken.
fn unused(path: &Path) -> PathBuf {
    let stem = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let extension = path
        .extension()
        .map(|e| format!(".{}", e.to_string_lossy()))
        .unwrap_or_default();
    let numbered = (2..).map(|n| path.with_file_name(format!("{stem}-{n}{extension}")));
    let mut all = std::iter::once(path.to_owned()).chain(numbered);
    all.find(|path| !path.exists()).unwrap_or_else(|| path.to_owned())
}
