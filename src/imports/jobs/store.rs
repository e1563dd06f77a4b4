//! SQL of jobs: their states, files, findings and writes.

use super::{Import, ImportFailure, ImportFilter, ImportProgress, ImportStatus, OptionsDocument};
use crate::db::schema::{
    import_chunks, import_findings, import_jobs as jobs, import_writes, imported_records,
};
use crate::db::{Db, Doc, Id, Instant, keyset};
use crate::error::{Error, Result, Text};
use crate::http::page;
use crate::http::{Cursor, Page};
use diesel::prelude::*;
use jobs::dsl;
use tables::DetectedFormat;

type Columns = (
    (Id, String, String, Doc<OptionsDocument>, String, i64),
    (
        Option<Doc<DetectedFormat>>,
        Doc<ImportProgress>,
        Option<Doc<ImportFailure>>,
        bool,
        Instant,
        Instant,
        Option<Instant>,
    ),
);
type Selected = (
    (
        dsl::id,
        dsl::status,
        dsl::created_by,
        dsl::options,
        dsl::sha256,
        dsl::size_bytes,
    ),
    (
        dsl::detected,
        dsl::progress,
        dsl::error,
        dsl::cancelling,
        dsl::created_at,
        dsl::updated_at,
        dsl::finished_at,
    ),
);
const COLUMNS: Selected = (
    (
        dsl::id,
        dsl::status,
        dsl::created_by,
        dsl::options,
        dsl::sha256,
        dsl::size_bytes,
    ),
    (
        dsl::detected,
        dsl::progress,
        dsl::error,
        dsl::cancelling,
        dsl::created_at,
        dsl::updated_at,
        dsl::finished_at,
    ),
);

fn job(columns: Columns) -> Result<Import> {
    let (head, tail) = columns;
    let (id, status, created_by, Doc(OptionsDocument { options, areas }), sha256, size_bytes) = head;
    let (detected, Doc(progress), error, cancelling, created_at, updated_at, finished_at) = tail;
    let strange = || Error::Internal(format!("import job {id} has an unknown status"));
    Ok(Import {
        id,
        status: ImportStatus::of_code(&status).ok_or_else(strange)?,
        options,
        sha256,
        size_bytes,
        detected: detected.map(|Doc(detected)| detected),
        progress,
        error: error.map(|Doc(error)| error),
        created_by,
        areas,
        cancelling,
        created_at,
        updated_at,
        finished_at,
    })
}

pub fn missing() -> Error {
    Error::not_found("取り込み", "import")
}

/// Only of `creator`, if one is given.
pub fn find(db: &mut Db, creator: Option<&str>, id: Id) -> Result<Import> {
    let mut query = dsl::import_jobs.find(id).select(COLUMNS).into_boxed();
    if let Some(creator) = creator {
        query = query.filter(dsl::created_by.eq(creator));
    }
    query
        .first::<Columns>(db)
        .optional()?
        .map_or_else(|| Err(missing()), job)
}

/// Newest first; only of `creator`, if one is given.
pub fn list(db: &mut Db, creator: Option<&str>, filter: &ImportFilter) -> Result<Page<Import>> {
    let limit = page::limit(filter.limit)?;
    let cursor = Cursor::decode(filter.cursor.as_deref(), "-created_at")?;
    let mut query = dsl::import_jobs.select(COLUMNS).into_boxed();
    if let Some(creator) = creator {
        query = query.filter(dsl::created_by.eq(creator));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(dsl::kind.eq(kind.code()));
    }
    let rows = keyset!(query, cursor.map(|c| c.id), dsl::id, descending)
        .limit(limit + 1)
        .load::<Columns>(db)?;
    let found: Result<Vec<Import>> = rows.into_iter().map(job).collect();
    Ok(Page::of(found?, limit, |last: &Import| Cursor {
        sort: "-created_at".to_owned(),
        value: String::new(),
        id: last.id,
    }))
}

/// A job whose file is about to arrive.
pub fn begin(db: &mut Db, id: Id, actor: &str, kept: &OptionsDocument, now: Instant) -> Result<()> {
    let row = (
        dsl::id.eq(id),
        dsl::kind.eq(kept.options.kind.code()),
        dsl::status.eq(ImportStatus::Receiving.code()),
        dsl::created_by.eq(actor),
        dsl::options.eq(Doc(kept.clone())),
        dsl::sha256.eq(""),
        dsl::size_bytes.eq(0),
        dsl::progress.eq(Doc(ImportProgress::default())),
        dsl::cancelling.eq(false),
        dsl::created_at.eq(now),
        dsl::updated_at.eq(now),
    );
    diesel::insert_into(jobs::table).values(row).execute(db)?;
    Ok(())
}

/// The next part of a file; the job has to be there still.
pub fn add_chunk(db: &mut Db, id: Id, position: i64, bytes: &[u8]) -> Result<()> {
    use import_chunks::dsl as c;
    let row = (c::job_id.eq(id), c::position.eq(position), c::bytes.eq(bytes));
    diesel::insert_into(import_chunks::table)
        .values(row)
        .execute(db)?;
    diesel::update(dsl::import_jobs.find(id))
        .set(dsl::updated_at.eq(Instant::now()))
        .execute(db)?;
    Ok(())
}

pub fn chunk(db: &mut Db, id: Id, position: i64) -> Result<Option<Vec<u8>>> {
    let part = import_chunks::table
        .find((id, position))
        .select(import_chunks::bytes);
    Ok(part.first(db).optional()?)
}

/// The file is there. If the same one is waiting or running for the same sender with the same options, this job is
/// dropped for that one.
pub fn enqueue(db: &mut Db, id: Id, sha256: &str, size_bytes: i64) -> Result<Import> {
    let new = find(db, None, id)?;
    let twins = dsl::import_jobs
        .filter(dsl::status.eq_any([ImportStatus::Queued.code(), ImportStatus::Running.code()]))
        .filter(dsl::sha256.eq(sha256))
        .filter(dsl::created_by.eq(&new.created_by))
        .select(COLUMNS)
        .order(dsl::id)
        .load::<Columns>(db)?;
    for twin in twins {
        let twin = job(twin)?;
        if twin.options == new.options && !twin.cancelling {
            forget(db, id)?;
            return Ok(twin);
        }
    }
    let arrived = (
        dsl::status.eq(ImportStatus::Queued.code()),
        dsl::sha256.eq(sha256),
        dsl::size_bytes.eq(size_bytes),
        dsl::updated_at.eq(Instant::now()),
    );
    diesel::update(dsl::import_jobs.find(id))
        .set(arrived)
        .execute(db)?;
    find(db, None, id)
}

/// Takes a job that nobody runs: the oldest, or the one that is named.
pub fn claim(db: &mut Db, lease: Id, until: Instant, named: Option<Id>) -> Result<Option<Import>> {
    crate::db::lock(db, "imports")?;
    let idle = dsl::lease_until
        .is_null()
        .or(dsl::lease_until.assume_not_null().lt(Instant::now()));
    let states = [
        ImportStatus::Queued.code(),
        ImportStatus::Running.code(),
        ImportStatus::Undoing.code(),
    ];
    let mut query = dsl::import_jobs
        .filter(dsl::status.eq_any(states))
        .filter(idle)
        .select(COLUMNS)
        .order(dsl::id)
        .into_boxed();
    if let Some(id) = named {
        query = query.filter(dsl::id.eq(id));
    }
    let Some(found) = query.first::<Columns>(db).optional()? else {
        return Ok(None);
    };
    let mut found = job(found)?;
    if found.status == ImportStatus::Queued {
        found.status = ImportStatus::Running;
    }
    let taken = (
        dsl::status.eq(found.status.code()),
        dsl::lease.eq(Some(lease)),
        dsl::lease_until.eq(Some(until)),
        dsl::updated_at.eq(Instant::now()),
    );
    diesel::update(dsl::import_jobs.find(found.id))
        .set(taken)
        .execute(db)?;
    Ok(Some(found))
}

/// Keeps how far a job is, if the lease is still held; gives whether it is to be cancelled.
pub fn keep(db: &mut Db, job: &Import, lease: Id, until: Instant) -> Result<bool> {
    let held = dsl::import_jobs.find(job.id).filter(dsl::lease.eq(Some(lease)));
    let kept = (
        dsl::detected.eq(job.detected.clone().map(Doc)),
        dsl::progress.eq(Doc(job.progress.clone())),
        dsl::lease_until.eq(Some(until)),
        dsl::updated_at.eq(Instant::now()),
    );
    if diesel::update(held).set(kept).execute(db)? == 0 {
        return Err(lost());
    }
    Ok(dsl::import_jobs.find(job.id).select(dsl::cancelling).first(db)?)
}

/// Somebody else runs the job by now.
fn lost() -> Error {
    Error::Conflict {
        code: "lease_lost",
        detail: Text::new("別のサーバーが続けています。", "Another server goes on with it."),
    }
}

/// The end of a job, or its way back to being undone.
pub fn finish(db: &mut Db, job: &Import, lease: Id) -> Result<()> {
    let now = Instant::now();
    let held = dsl::import_jobs.find(job.id).filter(dsl::lease.eq(Some(lease)));
    let ended = (
        dsl::status.eq(job.status.code()),
        dsl::detected.eq(job.detected.clone().map(Doc)),
        dsl::progress.eq(Doc(job.progress.clone())),
        dsl::error.eq(job.error.clone().map(Doc)),
        dsl::lease.eq(None::<Id>),
        dsl::lease_until.eq(None::<Instant>),
        dsl::updated_at.eq(now),
        dsl::finished_at.eq(Some(now)),
    );
    if diesel::update(held).set(ended).execute(db)? == 0 {
        return Err(lost());
    }
    Ok(())
}

/// Leaves a job to whoever takes it next.
pub fn release(db: &mut Db, id: Id, lease: Id) -> Result<()> {
    let held = dsl::import_jobs.find(id).filter(dsl::lease.eq(Some(lease)));
    let left = (dsl::lease.eq(None::<Id>), dsl::lease_until.eq(None::<Instant>));
    diesel::update(held).set(left).execute(db)?;
    Ok(())
}

/// Asks that a job ends soon; one that nobody runs ends at once.
pub fn cancel(db: &mut Db, job: &Import) -> Result<()> {
    let now = Instant::now();
    let waiting = dsl::import_jobs
        .find(job.id)
        .filter(dsl::status.eq_any([ImportStatus::Receiving.code(), ImportStatus::Queued.code()]));
    let ended = (
        dsl::status.eq(ImportStatus::Cancelled.code()),
        dsl::updated_at.eq(now),
        dsl::finished_at.eq(Some(now)),
    );
    if diesel::update(waiting).set(ended).execute(db)? == 0 {
        let asked = (dsl::cancelling.eq(true), dsl::updated_at.eq(now));
        diesel::update(dsl::import_jobs.find(job.id))
            .set(asked)
            .execute(db)?;
    }
    Ok(())
}

pub fn set_status(db: &mut Db, id: Id, status: ImportStatus) -> Result<()> {
    let moved = (
        dsl::status.eq(status.code()),
        dsl::cancelling.eq(false),
        dsl::updated_at.eq(Instant::now()),
    );
    diesel::update(dsl::import_jobs.find(id)).set(moved).execute(db)?;
    Ok(())
}

pub fn forget(db: &mut Db, id: Id) -> Result<()> {
    diesel::delete(import_chunks::table.filter(import_chunks::job_id.eq(id))).execute(db)?;
    diesel::delete(dsl::import_jobs.find(id)).execute(db)?;
    Ok(())
}

/// Forgets jobs that ended before, with their files and reports, and files that never arrived whole. Gives how many;
/// there may be more.
pub fn purge(db: &mut Db, ended_before: Instant, stalled_before: Instant) -> Result<usize> {
    let ended = dsl::finished_at
        .is_not_null()
        .and(dsl::finished_at.assume_not_null().lt(ended_before));
    let stalled = dsl::status
        .eq(ImportStatus::Receiving.code())
        .and(dsl::updated_at.lt(stalled_before));
    let old = dsl::import_jobs
        .filter(ended.or(stalled))
        .select(dsl::id)
        .limit(10)
        .load::<Id>(db)?;
    for id in &old {
        forget(db, *id)?;
    }
    Ok(old.len())
}

/// Deletes what imports hold of a person: the row that was imported and the record as it was before. A file that held
/// them is deleted whole, together with the values quoted from it, because its rows don't say whom they are about.
pub fn forget_person(db: &mut Db, worker: Id) -> Result<()> {
    diesel::delete(imported_records::table.find(worker)).execute(db)?;
    let is_own = import_writes::record_id
        .eq(worker)
        .and(import_writes::job_id.eq_any(dsl::import_jobs.select(dsl::id)));
    let files: Vec<Id> = import_writes::table
        .filter(is_own)
        .select(import_writes::job_id)
        .load(db)?;
    diesel::delete(import_writes::table.filter(is_own)).execute(db)?;
    diesel::delete(import_chunks::table.filter(import_chunks::job_id.eq_any(&files))).execute(db)?;
    diesel::update(import_findings::table.filter(import_findings::job_id.eq_any(&files)))
        .set(import_findings::value.eq(""))
        .execute(db)?;
    Ok(())
}
