//! What HTTP, the command line and the demonstration do with imports.

use super::archive::{ArchiveFile, SOURCE};
use super::jobs::{Import, ImportOptions, OptionsDocument, file, store, undo};
use super::log::Log;
use super::plan::{self, ArchiveReport};
use super::spool::PART;
use super::{engagements, totals};
use crate::auth::{UserRole, Viewer, Writer};
use crate::catalogue::Catalogues;
use crate::changes;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, Result, Text};
use crate::statistics;
use sha2::{Digest, Sha256};
use std::io::Read;

/// Queues a local file to be imported.
pub fn create(pool: &Pool, actor: &str, options: ImportOptions, file: &mut impl Read) -> Result<Import> {
    options.check()?;
    let id = Id::new();
    let options = OptionsDocument {
        options,
        areas: None,
        role: UserRole::Admin,
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

/// Deletes an import that has ended, with its file and its report.
pub fn delete(db: &mut Db, viewer: Option<&Viewer>, id: Id) -> Result<()> {
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
    store::delete(db, id)
}

/// Queues an import to be undone, and returns it.
pub fn undo(pool: &Pool, viewer: Option<&Viewer>, id: Id) -> Result<Import> {
    let import = pool.read_blocking(|db| store::find(db, viewer, id))?;
    undo::begin(pool, &import)?;
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

/// Imports a published archive; rows outside the writer's areas are rejected. With `dry_run` it writes nothing and reports what it would do. `progress` is
/// called with the rows that are done, and with all of them.
///
/// Nothing is written before the whole file is understood, and then all of it in one transaction.
pub fn import_archive(
    pool: &Pool,
    catalogues: &Catalogues,
    writer: &Writer,
    file: &ArchiveFile,
    declared: Option<&ArchiveFile>,
    dry_run: bool,
    progress: &dyn Fn(usize, usize),
) -> Result<ArchiveReport> {
    let plan = |db: &mut Db| {
        let catalogue = catalogues.current(db)?;
        let engagements = engagements::read(file.bytes, &catalogue)?;
        let declared = declared.map(|totals| totals::read(totals.bytes)).transpose()?;
        let mut plan = plan::plan(db, &catalogue, file.name, writer, engagements, Instant::now())?;
        plan.report.reconciliation = declared.map(|declared| totals::reconcile(&declared, &plan.listed));
        Ok((changes::store::latest(db)?, plan))
    };
    let (planned_at, planned) = pool.read_blocking(plan)?;
    if dry_run {
        return Ok(planned.report);
    }
    pool.write_blocking(|db| {
        // The plan is made while others may write. If they did, it is made again in this transaction.
        let planned = match changes::store::latest(db)? == planned_at {
            true => planned,
            false => plan(db)?.1,
        };
        let mut log = Log::new(&writer.actor);
        planned.write(db, &mut log, progress)?;
        log.append(db)?;
        if let Some(reconciliation) = &planned.report.reconciliation {
            let totals = reconciliation.declared_totals(SOURCE);
            statistics::store::replace_declared(db, &writer.actor, SOURCE, &totals)?;
        }
        Ok(planned.report)
    })
}
