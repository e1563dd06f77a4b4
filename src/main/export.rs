//! Exporting lists, and backing up and restoring the whole database.

use super::arguments::{ExportArguments, OneOrAll};
use super::files::{self, write_whole};
use musubi::audit::personal_data_was_read;
use musubi::auth::{Beside, Reach, Viewer};
use musubi::config::Config;
use musubi::error::{Error, Result};
use musubi::exports::{ExportKind, NewExport, actions::create};
use musubi::server::AppState;
use musubi::{backup, changes, db};
use std::io::{BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use validator::Validate;

const ACTOR: &str = "cli:export";

pub fn export(config: &Config, export: ExportArguments) -> Result<()> {
    config.check_database()?;
    match export.kind {
        OneOrAll::All => back_up(config, export.output.as_deref()),
        OneOrAll::One(kind) => list(config, kind, export),
    }
}

fn list(config: &Config, kind: ExportKind, export: ExportArguments) -> Result<()> {
    let AppState { pool, catalogues, .. } = AppState::open(config)?;
    let filter = export
        .filter
        .into_iter()
        .map(|(name, value)| (name, value.into()));
    let new = NewExport {
        kind,
        format: export.format,
        filter: filter.collect(),
        headings: export.headings,
    };
    new.validate()
        .map_err(|e| Error::Internal(e.to_string().replace('\n', "; ")))?;
    let everything = Viewer {
        actor: ACTOR.to_owned(),
        reach: Reach::Everything,
        personal_data: true,
        sees_all: true,
        beside: Beside::EVERYTHING,
    };
    let (mut sheet, disclosure) = create(&pool, &catalogues, &everything, &new)?;
    personal_data_was_read(&pool, ACTOR, None, &disclosure.0)?;
    let failed = |e: std::io::Error| Error::Internal(format!("cannot write the export: {e}"));
    sheet.seek(SeekFrom::Start(0)).map_err(failed)?;
    let mut copy = |out: &mut dyn Write| std::io::copy(&mut sheet, out).map(drop).map_err(failed);
    match &export.output {
        Some(file) => write_whole(file, copy),
        None => copy(&mut std::io::stdout().lock()),
    }
}

fn back_up(config: &Config, output: Option<&Path>) -> Result<()> {
    let url = config.database()?;
    db::migrate(&url, &config.database_options)?;
    let pool = db::Pool::open(&url, &config.database_options)?;
    let rows = match output {
        Some(file) => {
            let mut rows = 0;
            write_whole(file, |out| {
                rows = backup::create(&pool, out)?;
                Ok(())
            })?;
            rows
        }
        None => backup::create(&pool, &mut BufWriter::new(std::io::stdout().lock()))?,
    };
    eprintln!("{rows} rows. The backup does not contain the key that signs tokens.");
    Ok(())
}

/// Restores a backup.
pub fn restore(config: &Config, files: &[PathBuf]) -> Result<()> {
    let [file] = files else {
        return Err(Error::Internal("a backup is exactly one file".into()));
    };
    let url = config.database()?;
    db::migrate(&url, &config.database_options)?;
    let pool = db::Pool::open(&url, &config.database_options)?;
    let rows = if file.as_os_str() == "-" {
        backup::restore(&pool, &mut std::io::stdin().lock())?
    } else {
        backup::restore(&pool, &mut BufReader::with_capacity(1 << 20, files::open(file)?))?
    };
    // Positions of apps are of the log as it went on after the backup.
    pool.write_blocking(changes::store::renew_log)?;
    eprintln!("{rows} rows restored.");
    Ok(())
}
