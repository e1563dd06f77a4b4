//! Importing files, into the local database or through a server.

use super::archive;
use super::arguments::ImportArguments;
use super::client::Client;
use super::files;
use super::terminal::{progress_bar, say, wait};
use musubi::config::Config;
use musubi::db::Id;
use musubi::error::{Error, Result};
use musubi::http::Language;
use musubi::imports::jobs::runner::{LEASE, Runner, TURN, Untold};
use musubi::imports::jobs::store::{self, findings};
use musubi::imports::jobs::{Import, ImportFinding, ImportMode, ImportOptions, ImportStatus, annotate};
use musubi::imports::{ImportKind, actions};
use musubi::server::AppState;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

/// Findings that are printed; the annotated file has the others.
const MAX_PRINTED: i64 = 50;
/// How often an import's progress is read.
const INTERVAL: Duration = Duration::from_millis(500);
const ACTOR: &str = "cli:import";

/// How much of a file was imported.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Coverage {
    Full,
    Partial,
    Nothing,
}

impl Coverage {
    fn of_rows(imported: u64, rejected: u64) -> Coverage {
        match (imported, rejected) {
            (_, 0) => Coverage::Full,
            (0, _) => Coverage::Nothing,
            _ => Coverage::Partial,
        }
    }

    fn of_import(import: &Import) -> Coverage {
        let progress = &import.progress;
        let imported = progress.created + progress.updated + progress.unchanged + progress.skipped;
        match import.status {
            ImportStatus::Succeeded => Coverage::Full,
            ImportStatus::Partial => Coverage::of_rows(imported, progress.rejected),
            _ => Coverage::Nothing,
        }
    }

    fn and(self, other: Coverage) -> Coverage {
        if self == other { self } else { Coverage::Partial }
    }
}

pub fn import(config: &Config, kind: ImportKind, arguments: &ImportArguments) -> Result<ExitCode> {
    let target = match &arguments.server {
        Some(url) => Target::Server(Client::new(url, arguments.token.as_deref())?),
        None => Target::Database(Box::new(AppState::open(config)?)),
    };
    if let Some(folder) = &arguments.watch {
        return watch(&target, kind, arguments, folder);
    }
    let mut total: Option<Coverage> = None;
    for file in &arguments.files {
        if arguments.files.len() > 1 {
            say(&format!("{}\n", file.display()))?;
        }
        let (coverage, _) = target.import(kind, arguments, file)?;
        total = Some(total.map_or(coverage, |total| total.and(coverage)));
    }
    Ok(match total {
        None | Some(Coverage::Full) => ExitCode::SUCCESS,
        Some(Coverage::Partial) => ExitCode::from(2),
        Some(Coverage::Nothing) => ExitCode::FAILURE,
    })
}

fn options(kind: ImportKind, arguments: &ImportArguments, file: &Path) -> ImportOptions {
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().chars().take(255).collect());
    ImportOptions {
        source: arguments.source.clone(),
        mode: match arguments.dry_run {
            true => ImportMode::DryRun,
            false => arguments.mode,
        },
        on_conflict: arguments.on_conflict,
        on_absent: arguments.on_absent,
        strict: arguments.strict,
        mapping: arguments.mapping.iter().cloned().collect(),
        area: arguments.area.clone(),
        event_id: arguments.event,
        encoding: arguments.encoding.clone(),
        sheet: arguments.sheet.clone(),
        file_name: name,
        ..ImportOptions::of(kind)
    }
}

/// Where files are imported.
enum Target {
    Database(Box<AppState>),
    Server(Client),
}

impl Target {
    /// Imports a file and prints its report. Returns the import, if it runs as one.
    fn import(
        &self,
        kind: ImportKind,
        arguments: &ImportArguments,
        file: &Path,
    ) -> Result<(Coverage, Option<Id>)> {
        let options = options(kind, arguments, file);
        let (import, findings) = match self {
            Target::Database(state) if kind == ImportKind::Engagements && arguments.watch.is_none() => {
                let dry_run = options.mode == ImportMode::DryRun;
                let report = archive::import(state, ACTOR, file, arguments.totals.as_deref(), dry_run)?;
                let imported = report.created_deliverables + report.unchanged_deliverables;
                let coverage = Coverage::of_rows(imported as u64, report.rejected.len() as u64);
                return Ok((coverage, None));
            }
            Target::Database(state) => import_here(state, options, file)?,
            Target::Server(client) => import_through(client, &options, file)?,
        };
        say(&report(&import, &findings))?;
        Ok((Coverage::of_import(&import), Some(import.id)))
    }

    /// Writes the annotated file next to `file`.
    fn annotate(&self, id: Id, file: &Path) -> Result<()> {
        let failed = |e: std::io::Error| Error::Internal(format!("cannot annotate {}: {e}", file.display()));
        let path = |extension: &str| {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            file.with_file_name(format!("{stem}.checked.{extension}"))
        };
        match self {
            Target::Database(state) => {
                let import = state.pool.read_blocking(|db| store::find(db, None, id))?;
                if import.detected.is_none() {
                    return Ok(());
                }
                let path = path(annotate::download(&import, false).extension);
                let mut file = std::io::BufWriter::new(std::fs::File::create(path).map_err(failed)?);
                annotate::write(
                    &state.pool,
                    &state.workbooks,
                    &import,
                    Language::Ja,
                    false,
                    &mut file,
                )
            }
            Target::Server(client) => match client.annotated(id)? {
                Some((extension, bytes)) => std::fs::write(path(&extension), bytes).map_err(failed),
                None => Ok(()),
            },
        }
    }
}

/// Runs an import in this process. If an earlier process began to import the same file, continues that
/// import.
fn import_here(
    state: &AppState,
    options: ImportOptions,
    file: &Path,
) -> Result<(Import, Vec<ImportFinding>)> {
    let import = actions::create(&state.pool, ACTOR, options, &mut files::open(file)?)?;
    let bar = progress_bar();
    let show = |import: &Import| {
        bar.set_length(import.progress.total.unwrap_or_default());
        bar.set_position(import.progress.rows_read);
    };
    let runner = Runner {
        pool: &state.pool,
        catalogues: &state.catalogues,
        workbooks: &state.workbooks,
        stopping: &AtomicBool::new(false),
        lease: LEASE,
        turn: TURN,
        untold: &Untold::default(),
        erase: musubi::erasure::actions::take_back,
        observer: &show,
    };
    let import = loop {
        runner.run_next(Some(import.id))?;
        let now = state.pool.read_blocking(|db| store::find(db, None, import.id))?;
        if now.status.is_final() {
            break now;
        }
        // Another server runs it, or the process that ran it died and its lease is not over yet.
        show(&now);
        wait(INTERVAL);
    };
    bar.finish_and_clear();
    let found = state
        .pool
        .read_blocking(|db| findings::list(db, import.id, None, MAX_PRINTED))?;
    let findings = found
        .into_iter()
        .map(|(position, finding)| ImportFinding::of(position, finding, Language::Ja));
    Ok((import, findings.collect()))
}

/// Sends a file to a server and waits until it is imported.
fn import_through(
    client: &Client,
    options: &ImportOptions,
    file: &Path,
) -> Result<(Import, Vec<ImportFinding>)> {
    let mut import = client.create(options, file)?;
    let bar = progress_bar();
    while !import.status.is_final() {
        wait(INTERVAL);
        import = client.find(import.id)?;
        bar.set_length(import.progress.total.unwrap_or_default());
        bar.set_position(import.progress.rows_read);
    }
    bar.finish_and_clear();
    let findings = client.findings(import.id, MAX_PRINTED)?;
    Ok((import, findings))
}

/// Writes an import and its first findings as text.
fn report(import: &Import, findings: &[ImportFinding]) -> String {
    let mut lines = Vec::new();
    if import.options.mode == ImportMode::DryRun {
        lines.push("Dry run: nothing was written.".to_owned());
    }
    let mut format = Vec::new();
    if let Some(detected) = &import.detected {
        format.extend(serde_json::json!(detected.format).as_str().map(str::to_owned));
        format.extend(detected.encoding.clone());
        format.extend(detected.sheet.clone());
    }
    lines.push(format!(
        "{}: {} ({})",
        import.id,
        import.status.code(),
        format.join(", ")
    ));
    if let Some(failure) = &import.error {
        lines.push(format!("{} [{}]", failure.en, failure.code));
    }
    let progress = &import.progress;
    lines.push(format!(
        "Rows: {}. Created {}, updated {}, unchanged {}, skipped {}, rejected {}, archived {}.",
        progress.rows_read,
        progress.created,
        progress.updated,
        progress.unchanged,
        progress.skipped,
        progress.rejected,
        progress.archived,
    ));
    let unused = progress.columns.iter().filter(|(_, field)| field.is_empty());
    let unused: Vec<&str> = unused.map(|(heading, _)| heading.as_str()).collect();
    if !unused.is_empty() {
        lines.push(format!("Columns left out: {}", unused.join(", ")));
    }
    for finding in findings {
        let suggestion = finding.suggestion.as_ref().map(|s| format!(" → {s}"));
        lines.push(format!(
            "  {} line {}, {} {:?}: {} [{}]{}",
            finding.severity.code(),
            finding.line,
            finding.column.as_deref().unwrap_or_default(),
            finding.value,
            finding.message,
            finding.code,
            suggestion.unwrap_or_default(),
        ));
    }
    let more = progress.findings.saturating_sub(findings.len() as u64);
    if more > 0 {
        lines.push(format!("  … and {more} more."));
    }
    lines.join("\n") + "\n"
}

/// Imports the files that appear in a folder, until the process is stopped. A file is imported once it has
/// stopped growing.
fn watch(target: &Target, kind: ImportKind, arguments: &ImportArguments, folder: &Path) -> Result<ExitCode> {
    let failed = |e: std::io::Error| Error::Internal(format!("{}: {e}", folder.display()));
    let (imported, rejected) = (folder.join("imported"), folder.join("rejected"));
    for folder in [&imported, &rejected] {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    say(&format!("Watching {}\n", folder.display()))?;
    let mut known: HashMap<PathBuf, (u64, Option<SystemTime>)> = HashMap::new();
    loop {
        for entry in std::fs::read_dir(folder).map_err(failed)?.flatten() {
            let (path, Ok(metadata)) = (entry.path(), entry.metadata()) else {
                continue;
            };
            let is_hidden = entry.file_name().to_string_lossy().starts_with(['.', '~']);
            if !metadata.is_file() || is_hidden {
                continue;
            }
            let now = (metadata.len(), metadata.modified().ok());
            if known.insert(path.clone(), now) != Some(now) {
                continue;
            }
            known.remove(&path);
            say(&format!("{}\n", path.display()))?;
            let (coverage, import) = match target.import(kind, arguments, &path) {
                Ok(done) => done,
                Err(error) => {
                    say(&format!("error: {error}\n"))?;
                    (Coverage::Nothing, None)
                }
            };
            let is_complete = coverage == Coverage::Full;
            let into = if is_complete { &imported } else { &rejected };
            let to = unused_path(&into.join(entry.file_name()));
            std::fs::rename(&path, &to).map_err(failed)?;
            if let Some(import) = import.filter(|_| !is_complete) {
                target.annotate(import, &to)?;
            }
        }
        wait(INTERVAL * 2);
    }
}

/// Returns the path, with a number if it is taken.
fn unused_path(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path
        .extension()
        .map(|e| format!(".{}", e.to_string_lossy()))
        .unwrap_or_default();
    let numbered = (2..).map(|n| path.with_file_name(format!("{stem}-{n}{extension}")));
    let mut all = std::iter::once(path.to_owned()).chain(numbered);
    all.find(|path| !path.exists()).unwrap_or_else(|| path.to_owned())
}
