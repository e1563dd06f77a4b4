//! What HTTP, the command line and the demonstration do with imports.

use super::archive::{ArchiveFile, SOURCE};
use super::engagements::Engagements;
use super::jobs::{Import, ImportOptions, OptionsDocument, annotate, file, store, undo};
use super::log::Log;
use super::plan::{self, ArchiveReport, Registered};
use super::spool::PART;
use super::{engagements, totals};
use crate::auth::{UserRole, Viewer, Writer};
use crate::catalogue::{Catalogue, Catalogues};
use crate::changes;
use crate::db::{Db, Id, Instant, Pool};
use crate::duplicates::similar::{Similarities, similar_names};
use crate::duplicates::spellings::Spelling;
use crate::error::{Error, Result, Text};
use crate::http::Language;
use crate::statistics;
use crate::workbooks::Workbooks;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufWriter, Read};
use std::sync::Arc;

/// Queues a local file to be imported.
pub fn create(pool: &Pool, actor: &str, options: ImportOptions, file: &mut impl Read) -> Result<Import> {
    options.check()?;
    let id = Id::new();
    let options = OptionsDocument {
        options,
        areas: None,
        role: UserRole::Admin,
        reads_personal: true,
    };
    pool.write_blocking(|db| store::insert(db, id, actor, &options, 0, Instant::now()))?;
    let (mut sha256, mut part, mut size_bytes) = (Sha256::new(), vec![0; PART], 0);
    for position in 0.. {
        let read = tables::fill(file, &mut part).map_err(tables::Error::from)?;
        let bytes = part.get(..read).unwrap_or_default();
        if read == 0 {
            break;
        }
        sha256.update(bytes);
        size_bytes += read as i64;
        pool.write_blocking(|db| store::insert_part(db, id, position, bytes))?;
    }
    let sha256 = hex::encode(sha256.finalize());
    pool.write_blocking(|db| store::enqueue(db, id, &sha256, size_bytes))
}

/// Cancels an import that has not ended, and returns it.
pub fn cancel(db: &mut Db, viewer: Option<&Viewer>, id: Id) -> Result<Import> {
    let import = store::find(db, viewer, id)?;
    if !import.status.is_final() {
        store::cancel(db, id)?;
    }
    store::find(db, None, id)
}

/// Finds an import that has ended.
pub fn find_ended(db: &mut Db, viewer: Option<&Viewer>, id: Id) -> Result<Import> {
    let import = store::find(db, viewer, id)?;
    if !import.status.is_final() {
        return Err(Error::Conflict {
            code: "not_ended",
            detail: Text::new(
                "取り込みがまだ終わっていません。先に中止してください。",
                "The import has not ended. Cancel it first.",
            ),
        });
    }
    Ok(import)
}

/// Deletes an import that has ended, with its file and its report.
pub fn delete(db: &mut Db, viewer: Option<&Viewer>, id: Id) -> Result<()> {
    find_ended(db, viewer, id)?;
    store::delete(db, id)
}

/// Queues an import to be undone, and returns it.
pub fn undo(pool: &Pool, viewer: Option<&Viewer>, id: Id) -> Result<Import> {
    let import = pool.read_blocking(|db| store::find(db, viewer, id))?;
    undo::begin(pool, viewer, &import)?;
    pool.read_blocking(|db| store::find(db, None, id))
}

/// Returns an import whose file can be annotated: it has ended, the file could be read, and nobody was erased
/// with it.
pub fn find_annotatable(db: &mut Db, viewer: Option<&Viewer>, id: Id) -> Result<Import> {
    let import = store::find(db, viewer, id)?;
    if !import.status.is_final() || import.detected.is_none() {
        return Err(Error::Conflict {
            code: "no_findings",
            detail: Text::new(
                "取り込みが終わっていないか、ファイルを読み取れませんでした。",
                "The import has not ended, or its file could not be read.",
            ),
        });
    }
    match store::find_part(db, id, 0)? {
        Some(_) => Ok(import),
        None => Err(file::gone()),
    }
}

/// What an import of an archive tells, and asks, while it runs.
pub struct ArchiveProgress<'p> {
    /// Called with what is written, and with all that will be.
    pub wrote: &'p dyn Fn(usize, usize),
    /// Called now and then while the import is planned; an error ends it.
    pub go_on: &'p dyn Fn() -> Result<()>,
}

impl ArchiveProgress<'_> {
    pub const NONE: ArchiveProgress<'static> = ArchiveProgress {
        wrote: &|_, _| {},
        go_on: &|| Ok(()),
    };
}

/// Writes the annotated file of an import, or only its first rows, into a temporary file without a name.
pub fn write_annotated(
    pool: &Pool,
    workbooks: &Workbooks,
    import: &Import,
    language: Language,
    only_rows: bool,
) -> Result<File> {
    let failed = |e: std::io::Error| Error::file("no annotated file", e);
    let mut out = BufWriter::new(tempfile::tempfile().map_err(failed)?);
    annotate::write(pool, workbooks, import, language, only_rows, &mut out)?;
    out.into_inner().map_err(|e| failed(e.into_error()))
}

/// Imports a published archive; rows outside the writer's areas are rejected. With `dry_run` it writes nothing and
/// reports what it would do.
///
/// Nothing is written before the whole file is understood, and then all of it in one transaction.
pub fn import_archive(
    pool: &Pool,
    catalogues: &Catalogues,
    writer: &Writer,
    file: &ArchiveFile,
    declared: Option<&ArchiveFile>,
    dry_run: bool,
    progress: &ArchiveProgress,
) -> Result<ArchiveReport> {
    let load = |db: &mut Db| {
        let catalogue = catalogues.current(db)?;
        let engagements = engagements::read(file.bytes, &catalogue)?;
        let registered = plan::load(db, writer, &engagements.accepted)?;
        Ok((changes::store::latest(db)?, (catalogue, engagements, registered)))
    };
    // Comparing names takes longest. It is done once, and never while other writers wait.
    let mut doubtful: Option<Similarities> = None;
    let mut plan = |loaded: (Arc<Catalogue>, Engagements, Registered)| {
        let (catalogue, engagements, registered) = loaded;
        let declared = declared.map(|totals| totals::read(totals.bytes)).transpose()?;
        let similar = |groups: &[Vec<usize>], spellings: &[Spelling], new: usize| match &doubtful {
            Some(found) => Ok(found.clone()),
            None => similar_names(groups, spellings, new, progress.go_on),
        };
        let mut plan = plan::plan(
            &catalogue,
            registered,
            file.name,
            writer,
            engagements,
            Instant::now(),
            similar,
        )?;
        doubtful = Some(plan.report.doubtful.clone());
        plan.report.reconciliation = declared.map(|declared| totals::reconcile(&declared, &plan.listed));
        Ok::<_, Error>(plan)
    };
    let (loaded_at, loaded) = pool.read_blocking(load)?;
    let planned = plan(loaded)?;
    if dry_run {
        return Ok(planned.report);
    }
    pool.write_blocking(|db| {
        // The plan is made while others may write. If they did, it is made again in this transaction.
        let planned = match changes::store::latest(db)? == loaded_at {
            true => planned,
            false => plan(load(db)?.1)?,
        };
        let mut log = Log::new(&writer.actor);
        planned.write(db, &mut log, progress.wrote)?;
        log.append(db)?;
        if let Some(reconciliation) = &planned.report.reconciliation {
            let totals = reconciliation.declared_totals(SOURCE);
            statistics::store::replace_declared(db, &writer.actor, SOURCE, &totals)?;
        }
        Ok(planned.report)
    })
}
