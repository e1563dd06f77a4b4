//! Writing lists as files, and the whole database as a backup and back.

use super::arguments::{ExportArguments, OneOrAll};
use super::load;
use musubi::auth::{Reach, Viewer};
use musubi::config::Config;
use musubi::error::{Error, Result};
use musubi::exports::{ExportKind, NewExport, make::make};
use musubi::server::AppState;
use musubi::{backup, db};
use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use validator::Validate;

const ACTOR: &str = "cli:export";

pub fn export(config: &Config, export: ExportArguments) -> Result<()> {
    match export.kind {
        OneOrAll::All => back_up(config, export.output.as_deref()),
        OneOrAll::One(kind) => list(config, kind, export),
    }
}

fn unwritable(file: &Path) -> impl Fn(std::io::Error) -> Error {
    move |e| Error::Internal(format!("cannot write {}: {e}", file.display()))
}

/// A file that a person names is there whole or not at all.
fn whole(file: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let part: PathBuf = file.with_extension("part");
    let mut out = BufWriter::new(private(&part).map_err(unwritable(&part))?);
    write(&mut out)?;
    out.flush().map_err(unwritable(&part))?;
    std::fs::rename(&part, file).map_err(unwritable(file))
}

/// What is in it is for its owner.
fn private(file: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

fn list(config: &Config, kind: ExportKind, export: ExportArguments) -> Result<()> {
    let AppState { pool, catalogues, .. } = AppState::open(config)?;
    let filter = export
        .filter
        .into_iter()
        .map(|(name, value)| (name, value.into()));
    let asked = NewExport {
        kind,
        format: export.format,
        filter: filter.collect(),
        headings: export.headings,
    };
    let checked = asked.validate();
    checked.map_err(|e| Error::Internal(e.to_string().replace('\n', "; ")))?;
    let everything = Viewer {
        actor: ACTOR.to_owned(),
        reach: Reach::Everything,
        personal_data: true,
        sees_all: true,
    };
    let mut made = make(&pool, &catalogues, &everything, &asked)?;
    let failed = |e: std::io::Error| Error::Internal(format!("cannot read what was written: {e}"));
    made.seek(SeekFrom::Start(0)).map_err(failed)?;
    let mut copy = |out: &mut dyn Write| std::io::copy(&mut made, out).map(drop).map_err(failed);
    match &export.output {
        Some(file) => whole(file, copy),
        None => copy(&mut std::io::stdout().lock()),
    }
}

fn back_up(config: &Config, output: Option<&Path>) -> Result<()> {
    let url = config.database()?;
    db::migrate(&url)?;
    let pool = db::Pool::open(&url)?;
    let rows = match output {
        Some(file) => {
            let mut rows = 0;
            whole(file, |out| {
                rows = backup::write(&pool, out)?;
                Ok(())
            })?;
            rows
        }
        None => backup::write(&pool, &mut BufWriter::new(std::io::stdout().lock()))?,
    };
    eprintln!("{rows} rows. The key that signs tokens is not among them.");
    Ok(())
}

/// Restores a backup.
pub fn restore(config: &Config, files: &[PathBuf]) -> Result<()> {
    let [file] = files else {
        return Err(Error::Internal("a backup is one file".into()));
    };
    let url = config.database()?;
    db::migrate(&url)?;
    let pool = db::Pool::open(&url)?;
    let rows = if file.as_os_str() == "-" {
        backup::read(&pool, &mut std::io::stdin().lock())?
    } else {
        backup::read(&pool, &mut BufReader::with_capacity(1 << 20, load::open(file)?))?
    };
    eprintln!("{rows} rows restored.");
    Ok(())
}
