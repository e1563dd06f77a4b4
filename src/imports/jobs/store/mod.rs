//! SQL of imports and their files. `findings` has what imports found, `writes` what they wrote, `seen` which records the rows of one
//! that runs were about, `people` whom they are about.

pub mod findings;
pub mod people;
pub mod seen;
pub mod writes;

use super::{
    Import, ImportFailure, ImportFilter, ImportKind, ImportMode, ImportStatus, MOST_CLAIMS, OptionsDocument,
    ProgressDocument, lost_server, repeated_crashes,
};
use crate::auth::Viewer;
use crate::db::schema::{import_chunks, import_jobs};
use crate::db::{self, Db, Doc, Id, Instant, MicrosecondTime, keyset};
use crate::error::{self, Error, Result};
use crate::http::query::{Several, with_codes};
use crate::http::{Cursor, Page, page};
use crate::metrics::Figure;
use diesel::dsl::{max, sql};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use import_jobs::dsl;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;
use strum::VariantArray;
use tables::DetectedFormat;

/// How many imports of one sender are looked through for those to repair.
const MOST_REMEMBERED: i64 = 1000;

/// Whether a server still has the lease on an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseState {
    Held,
    /// Held, and someone asked to cancel the import.
    Cancelling,
    Lost,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = import_jobs)]
struct ImportRow {
    id: Id,
    status: String,
    created_by: String,
    options: Doc<OptionsDocument>,
    sha256: String,
    size_bytes: i64,
    detected: Option<Doc<DetectedFormat>>,
    progress: Doc<ProgressDocument>,
    error: Option<Doc<ImportFailure>>,
    lease: Option<Id>,
    lease_until: Option<Instant>,
    cancelling: bool,
    created_at: Instant,
    updated_at: Instant,
    finished_at: Option<Instant>,
}

impl ImportRow {
    fn import(self) -> Result<Import> {
        let unknown = |_| {
            Error::Internal(format!(
                "import {} has the unknown status {}",
                self.id, self.status
            ))
        };
        let Doc(OptionsDocument {
            options,
            areas,
            role,
            reads_personal,
        }) = self.options;
        let (progress, attempts) = self.progress.0.parts();
        Ok(Import {
            id: self.id,
            status: self.status.parse().map_err(unknown)?,
            options,
            sha256: self.sha256,
            // Until then it is what is reserved.
            size_bytes: match self.status == ImportStatus::Receiving.code() {
                true => 0,
                false => self.size_bytes,
            },
            detected: self.detected.map(|Doc(detected)| detected),
            progress,
            attempts,
            error: self.error.map(|Doc(error)| error),
            next_attempt_at: self.lease_until.filter(|_| self.lease.is_none()),
            created_by: self.created_by,
            areas,
            role,
            reads_personal,
            cancelling: self.cancelling,
            created_at: self.created_at,
            updated_at: self.updated_at,
            finished_at: self.finished_at,
        })
    }
}

fn missing() -> Error {
    Error::not_found("取り込み", "import")
}

/// Finds an import, only among those that the viewer may see if there is one.
pub fn find(db: &mut Db, viewer: Option<&Viewer>, id: Id) -> Result<Import> {
    let found = dsl::import_jobs.find(id).select(ImportRow::as_select());
    let found = found
        .get_result::<ImportRow>(db)
        .optional()?
        .ok_or_else(missing)?;
    let import = found.import()?;
    match viewer {
        Some(viewer) if !import.is_shown_to(viewer) => Err(missing()),
        _ => Ok(import),
    }
}

/// Lists imports, the newest first, only those that the viewer may see if there is one.
pub fn list(db: &mut Db, viewer: Option<&Viewer>, filter: &ImportFilter) -> Result<Page<Import>> {
    let limit = page::limit(filter.limit)?;
    let cursor = Cursor::decode(filter.cursor.as_deref(), "-created_at")?;
    let mut imports: Vec<Import> = Vec::new();
    each(
        db,
        (viewer, filter.kind.as_ref()),
        (cursor.map(|c| c.id), limit),
        |import| {
            imports.push(import);
            imports.len() as i64 <= limit
        },
    )?;
    let page = Page::of(imports, limit, |last: &Import| Cursor {
        sort: "-created_at".to_owned(),
        value: String::new(),
        id: last.id,
    });
    page.counted(filter.count, || {
        let mut counted = 0;
        let step = page::MAX_LIMIT.into();
        each(db, (viewer, filter.kind.as_ref()), (None, step), |_| {
            counted += 1;
            (counted as i64) < page::COUNTED
        })?;
        Ok(counted)
    })
}

/// Passes imports that the viewer may see, the newest first, to `take`, until it returns false. They are read in steps:
/// their areas aren't a column.
fn each(
    db: &mut Db,
    (viewer, kinds): (Option<&Viewer>, Option<&Several<ImportKind>>),
    (mut after, step): (Option<Id>, i64),
    mut take: impl FnMut(Import) -> bool,
) -> Result<()> {
    loop {
        let mut query = dsl::import_jobs.select(ImportRow::as_select()).into_boxed();
        if let Some(creator) = viewer.and_then(Viewer::creator) {
            query = query.filter(dsl::created_by.eq(creator));
        }
        if let Some(kinds) = kinds {
            query = with_codes!(query, dsl::kind, kinds);
        }
        let rows = keyset!(query, after, dsl::id, descending)
            .limit(step + 1)
            .load::<ImportRow>(db)?;
        let is_last = rows.len() as i64 <= step;
        after = rows.last().map(|row| row.id);
        for row in rows {
            let import = row.import()?;
            if viewer.is_none_or(|viewer| import.is_shown_to(viewer)) && !take(import) {
                return Ok(());
            }
        }
        if is_last {
            return Ok(());
        }
    }
}

/// Returns the imports of the viewer that ended since a moment with rejected rows or a failure, the oldest first, each
/// with the name of its file: of each kind and source, the last import that wrote or would have, if it is one of them.
pub fn unrepaired(
    db: &mut Db,
    viewer: &Viewer,
    since: Instant,
) -> Result<Vec<(Id, Option<String>, Instant)>> {
    let ended = [
        ImportStatus::Succeeded,
        ImportStatus::Partial,
        ImportStatus::Failed,
    ]
    .map(ImportStatus::code);
    let rows = dsl::import_jobs
        .filter(dsl::created_by.eq(&viewer.actor))
        .filter(dsl::status.eq_any(ended))
        .filter(dsl::finished_at.ge(since))
        .order(dsl::id.desc())
        .limit(MOST_REMEMBERED)
        .select(ImportRow::as_select())
        .load::<ImportRow>(db)?;
    let (mut lists, mut found) = (HashSet::new(), Vec::new());
    for row in rows {
        let import = row.import()?;
        let is_last = import.options.mode != ImportMode::DryRun
            && lists.insert((import.options.kind.code(), import.options.source.clone()));
        if !is_last || import.status == ImportStatus::Succeeded || !import.is_shown_to(viewer) {
            continue;
        }
        let finished_at = import.finished_at.unwrap_or(import.updated_at);
        found.push((import.id, import.options.file_name, finished_at));
    }
    found.reverse();
    Ok(found)
}

/// What imports take up.
#[derive(Debug, QueryableByName)]
pub struct Usage {
    #[diesel(sql_type = BigInt)]
    pub imports: i64,
    /// Those that arrive, wait or run.
    #[diesel(sql_type = BigInt)]
    pub unfinished: i64,
    /// The bytes of their files, stored or reserved, and of their reports, at 512 for each finding.
    #[diesel(sql_type = BigInt)]
    pub bytes: i64,
}

/// Returns what all imports take up, or those of `creator`.
pub fn usage(db: &mut Db, creator: Option<&str>) -> Result<Usage> {
    const TAKEN: &str =
        "SELECT count(*) AS imports, count(*) FILTER (WHERE finished_at IS NULL) AS unfinished,
        CAST(coalesce(sum(size_bytes + 512 * CAST(progress ->> 'findings' AS bigint)), 0) AS bigint) AS bytes
        FROM import_jobs";
    match (db, creator) {
        (Db::Pg(c), None) => Ok(sql_query(TAKEN).get_result(c)?),
        (Db::Sqlite(c), None) => Ok(sql_query(TAKEN).get_result(c)?),
        (Db::Pg(c), Some(creator)) => {
            let own = sql_query(format!("{TAKEN} WHERE created_by = $1"));
            Ok(own.bind::<Text, _>(creator).get_result(c)?)
        }
        (Db::Sqlite(c), Some(creator)) => {
            let own = sql_query(format!("{TAKEN} WHERE created_by = ?"));
            Ok(own.bind::<Text, _>(creator).get_result(c)?)
        }
    }
}

/// How many imports are in each status before the final ones, and since when the oldest waits.
pub fn figures(db: &mut Db) -> Result<Vec<Figure>> {
    let unfinished = ImportStatus::VARIANTS.iter().filter(|status| !status.is_final());
    let mut figures = Vec::new();
    for status in unfinished {
        // One after the other, because each is a range of the index `import_jobs_status`.
        let those = dsl::import_jobs.filter(dsl::status.eq(status.code()));
        let imports: i64 = those.count().get_result(db)?;
        let help = "Imports that have not ended.";
        figures.push(Figure::new("musubi_imports", help, imports as f64).with("status", status.code()));
    }
    let queued = dsl::import_jobs.filter(dsl::status.eq(ImportStatus::Queued.code()));
    let oldest = queued
        .select(dsl::created_at)
        .order(dsl::id)
        .first::<Instant>(db)
        .optional()?;
    let now = db::now(db)?;
    let waited = oldest.map_or(0, |at| (now.utc() - at.utc()).num_milliseconds().max(0));
    let help = "How long the oldest import in the queue has been waiting.";
    figures.push(Figure::new(
        "musubi_imports_oldest_queued_seconds",
        help,
        waited as f64 / 1000.0,
    ));
    Ok(figures)
}

/// Inserts an import whose file is about to arrive, with the bytes that are reserved for it.
pub fn insert(
    db: &mut Db,
    id: Id,
    actor: &str,
    options: &OptionsDocument,
    reserved: i64,
    now: Instant,
) -> Result<()> {
    let row = (
        dsl::id.eq(id),
        dsl::kind.eq(options.options.kind.code()),
        dsl::status.eq(ImportStatus::Receiving.code()),
        dsl::created_by.eq(actor),
        dsl::options.eq(Doc(options.clone())),
        dsl::sha256.eq(""),
        dsl::size_bytes.eq(reserved),
        dsl::progress.eq(Doc(ProgressDocument::default())),
        dsl::cancelling.eq(false),
        dsl::created_at.eq(now),
        dsl::updated_at.eq(now),
    );
    diesel::insert_into(import_jobs::table).values(row).execute(db)?;
    Ok(())
}

/// Replaces the options of a file that arrives.
pub fn set_options(db: &mut Db, id: Id, options: &OptionsDocument) -> Result<()> {
    let row = import_jobs::table.filter(is_arriving(id));
    let columns = (
        dsl::kind.eq(options.options.kind.code()),
        dsl::options.eq(Doc(options.clone())),
    );
    diesel::update(row).set(columns).execute(db)?;
    Ok(())
}

/// Sets the bytes that are reserved for a file that arrives.
pub fn reserve(db: &mut Db, id: Id, bytes: i64) -> Result<()> {
    let row = dsl::import_jobs.find(id);
    diesel::update(row).set(dsl::size_bytes.eq(bytes)).execute(db)?;
    Ok(())
}

fn is_arriving(
    id: Id,
) -> diesel::dsl::And<diesel::dsl::Eq<dsl::id, Id>, diesel::dsl::Eq<dsl::status, &'static str>> {
    dsl::id.eq(id).and(dsl::status.eq(ImportStatus::Receiving.code()))
}

/// The import was cancelled or deleted while its file arrived.
fn cancelled() -> Error {
    Error::Conflict {
        code: "cancelled",
        detail: error::Text::new(
            "ファイルを受信している間に取り込みが中止されました。",
            "The import was cancelled while its file arrived.",
        ),
    }
}

/// Inserts the next part of a file. Fails if the import was cancelled or deleted meanwhile.
pub fn insert_part(db: &mut Db, id: Id, position: i64, bytes: &[u8]) -> Result<()> {
    use import_chunks::dsl as c;
    let arriving = diesel::update(import_jobs::table.filter(is_arriving(id)))
        .set(dsl::updated_at.eq(Instant::now()))
        .execute(db)?;
    if arriving == 0 {
        return Err(cancelled());
    }
    let row = (c::job_id.eq(id), c::position.eq(position), c::bytes.eq(bytes));
    diesel::insert_into(import_chunks::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

pub fn find_part(db: &mut Db, id: Id, position: i64) -> Result<Option<Vec<u8>>> {
    let part = import_chunks::table
        .find((id, position))
        .select(import_chunks::bytes);
    Ok(part.get_result(db).optional()?)
}

/// Queues an import whose file has arrived. If the sender's same file already waits or runs with the same
/// options, deletes this import and returns that one.
pub fn enqueue(db: &mut Db, id: Id, sha256: &str, size_bytes: i64) -> Result<Import> {
    let new = find(db, None, id)?;
    if new.status != ImportStatus::Receiving {
        return Err(cancelled());
    }
    let twins = dsl::import_jobs
        .filter(dsl::status.eq_any([ImportStatus::Queued.code(), ImportStatus::Running.code()]))
        .filter(dsl::sha256.eq(sha256))
        .filter(dsl::created_by.eq(&new.created_by))
        .select(ImportRow::as_select())
        .order(dsl::id)
        .load::<ImportRow>(db)?;
    for twin in twins {
        let twin = twin.import()?;
        if twin.options == new.options && twin.areas == new.areas && !twin.cancelling {
            delete(db, id)?;
            return Ok(twin);
        }
    }
    let queued = (
        dsl::status.eq(ImportStatus::Queued.code()),
        dsl::sha256.eq(sha256),
        dsl::size_bytes.eq(size_bytes),
        dsl::updated_at.eq(Instant::now()),
    );
    diesel::update(dsl::import_jobs.find(id))
        .set(queued)
        .execute(db)?;
    find(db, None, id)
}

/// Returns when `after` has passed. On PostgreSQL the database's clock counts, because those of servers differ.
fn in_future(db: &mut Db, after: Duration) -> Result<Instant> {
    let now = match db {
        Db::Pg(c) => diesel::select(sql::<MicrosecondTime>("clock_timestamp()")).get_result::<Instant>(c)?,
        Db::Sqlite(_) => Instant::now(),
    };
    let after = chrono::Duration::from_std(after).unwrap_or_default();
    Ok(Instant::from(now.utc() + after))
}

type Query<'a> = import_jobs::BoxedQuery<'a, crate::db::Backend>;

/// The imports that no server runs and that needn't wait any longer.
fn waiting<'a>(db: &mut Db) -> Result<Query<'a>> {
    // No lease or pause lasts that long: the clock was set back.
    const IMPOSSIBLE: Duration = Duration::from_secs(900);
    let until = dsl::lease_until.assume_not_null();
    let is_idle = dsl::lease_until
        .is_null()
        .or(until.lt(in_future(db, Duration::ZERO)?))
        .or(until.gt(in_future(db, IMPOSSIBLE)?));
    let runnable = [
        ImportStatus::Queued.code(),
        ImportStatus::Running.code(),
        ImportStatus::Undoing.code(),
    ];
    let waiting = dsl::import_jobs.filter(dsl::status.eq_any(runnable));
    Ok(waiting.filter(is_idle).into_boxed())
}

/// Returns whether an import of somebody else waits for its turn.
pub fn do_others_wait(db: &mut Db, creator: &str) -> Result<bool> {
    let others = waiting(db)?.filter(dsl::created_by.ne(creator.to_owned()));
    let first = others.select(dsl::id).first::<Id>(db).optional()?;
    Ok(first.is_some())
}

/// Returns the import whose turn it is: the oldest of the sender none of whose imports has run for the longest time.
fn next(db: &mut Db) -> Result<Option<Id>> {
    let waiting = waiting(db)?.order(dsl::id).select((dsl::created_by, dsl::id));
    let mut oldest: BTreeMap<String, Id> = BTreeMap::new();
    for (creator, id) in waiting.load::<(String, Id)>(db)? {
        oldest.entry(creator).or_insert(id);
    }
    if oldest.len() < 2 {
        return Ok(oldest.into_values().next());
    }
    let unbegun = [ImportStatus::Receiving.code(), ImportStatus::Queued.code()];
    let ran = dsl::import_jobs
        .filter(dsl::created_by.eq_any(oldest.keys()))
        .filter(dsl::status.ne_all(unbegun))
        .group_by(dsl::created_by)
        .select((dsl::created_by, max(dsl::updated_at).assume_not_null()));
    let ran: HashMap<String, Instant> = ran.load::<(String, Instant)>(db)?.into_iter().collect();
    let turns = oldest
        .into_iter()
        .map(|(creator, id)| (ran.get(&creator).copied(), id));
    Ok(turns.min().map(|(_, id)| id))
}

/// Takes the lease on an import that no server runs: the next one, or the one with this id. An import that
/// server after server died of fails instead. `untold`: a lease that this server could not give back, and why its run ended.
pub fn claim(
    db: &mut Db,
    lease: Id,
    duration: Duration,
    id: Option<Id>,
    untold: Option<&(Id, ImportFailure)>,
) -> Result<Option<Import>> {
    crate::db::lock(db, "imports")?;
    let id = match id {
        None => next(db)?,
        id => id,
    };
    let Some(id) = id else {
        return Ok(None);
    };
    let found = waiting(db)?.filter(dsl::id.eq(id)).select(ImportRow::as_select());
    let Some(row) = found.first::<ImportRow>(db).optional()? else {
        return Ok(None);
    };
    // Its server may be slow, not dead, and save a step right now.
    let is_same = dsl::id.eq(row.id).and(dsl::updated_at.eq(row.updated_at));
    let left = row.lease;
    let mut import = row.import()?;
    import.next_attempt_at = None;
    match (left, untold) {
        (Some(left), Some((own, fault))) if left == *own => import.attempts.faulted(fault.clone()),
        (Some(_), _) => import.attempts.interrupted(lost_server()),
        (None, _) => {}
    }
    let now = Instant::now();
    let (mut lease, mut expiry) = (Some(lease), Some(in_future(db, duration)?));
    if import.attempts.claims >= MOST_CLAIMS {
        (import.status, import.error) = (ImportStatus::Failed, Some(repeated_crashes()));
        import.finished_at = Some(now);
        (lease, expiry) = (None, None);
    } else if import.status == ImportStatus::Queued {
        import.status = ImportStatus::Running;
    }
    import.attempts.claims += 1;
    let claimed = (
        dsl::status.eq(import.status.code()),
        dsl::progress.eq(Doc(ProgressDocument::of(&import))),
        dsl::error.eq(import.error.clone().map(Doc)),
        dsl::lease.eq(lease),
        dsl::lease_until.eq(expiry),
        dsl::updated_at.eq(now),
        dsl::finished_at.eq(import.finished_at),
    );
    let claimed = diesel::update(import_jobs::table.filter(is_same))
        .set(claimed)
        .execute(db)?;
    if claimed > 0 && import.status == ImportStatus::Failed {
        people::cut_short(db, import.id)?;
        forget_at_end(db, import.id, import.created_at)?;
    }
    Ok((claimed > 0).then_some(import))
}

/// Renews the lease on a running import. Changes nothing if it is lost.
pub fn renew(db: &mut Db, id: Id, lease: Id, duration: Duration) -> Result<LeaseState> {
    let is_leased = dsl::id.eq(id).and(dsl::lease.eq(Some(lease)));
    let expiry = in_future(db, duration)?;
    let renewed = diesel::update(import_jobs::table.filter(is_leased))
        .set(dsl::lease_until.eq(Some(expiry)))
        .execute(db)?;
    lease_state(db, id, renewed)
}

fn lease_state(db: &mut Db, id: Id, leased: usize) -> Result<LeaseState> {
    if leased == 0 {
        return Ok(LeaseState::Lost);
    }
    let cancelling: bool = dsl::import_jobs.find(id).select(dsl::cancelling).get_result(db)?;
    Ok(match cancelling {
        true => LeaseState::Cancelling,
        false => LeaseState::Held,
    })
}

/// Saves the progress of a running import and renews its lease. Changes nothing if the lease is lost.
pub fn save(db: &mut Db, import: &Import, lease: Id, duration: Duration) -> Result<LeaseState> {
    let is_leased = dsl::id.eq(import.id).and(dsl::lease.eq(Some(lease)));
    let saved = (
        dsl::detected.eq(import.detected.clone().map(Doc)),
        dsl::progress.eq(Doc(ProgressDocument::of(import))),
        dsl::lease_until.eq(Some(in_future(db, duration)?)),
        dsl::updated_at.eq(Instant::now()),
    );
    let saved = diesel::update(import_jobs::table.filter(is_leased))
        .set(saved)
        .execute(db)?;
    lease_state(db, import.id, saved)
}

/// Saves how an import ended and gives its lease back. Changes nothing if the lease is lost.
pub fn finish(db: &mut Db, import: &Import, lease: Id) -> Result<LeaseState> {
    let now = Instant::now();
    let is_leased = dsl::id.eq(import.id).and(dsl::lease.eq(Some(lease)));
    let ended = (
        dsl::status.eq(import.status.code()),
        dsl::detected.eq(import.detected.clone().map(Doc)),
        dsl::progress.eq(Doc(ProgressDocument::of(import))),
        dsl::error.eq(import.error.clone().map(Doc)),
        dsl::lease.eq(None::<Id>),
        dsl::lease_until.eq(None::<Instant>),
        dsl::updated_at.eq(now),
        dsl::finished_at.eq(Some(now)),
    );
    let updated = diesel::update(import_jobs::table.filter(is_leased))
        .set(ended)
        .execute(db)?;
    if updated == 0 {
        return Ok(LeaseState::Lost);
    }
    if import.status == ImportStatus::Cancelled {
        people::cut_short(db, import.id)?;
    }
    forget_at_end(db, import.id, import.created_at)?;
    Ok(LeaseState::Held)
}

/// Forgets, as an import ends, what only a run that goes on needs, and whom it must not name any more.
fn forget_at_end(db: &mut Db, id: Id, sent: Instant) -> Result<()> {
    seen::forget(db, id)?;
    people::forget_at_end(db, id, sent)
}

/// Gives the lease back, so that a server continues at once, or after the pause that a fault demands. The
/// import continues after the last step that was saved, whatever this server knows of it.
pub fn release(
    db: &mut Db,
    id: Id,
    lease: Id,
    interruption: Option<(ImportFailure, Duration)>,
) -> Result<()> {
    let is_leased = dsl::id.eq(id).and(dsl::lease.eq(Some(lease)));
    let row = dsl::import_jobs.filter(is_leased).select(ImportRow::as_select());
    let Some(row) = row.get_result::<ImportRow>(db).optional()? else {
        return Ok(());
    };
    let mut import = row.import()?;
    let next = match interruption {
        None => {
            import.attempts.given_back();
            None
        }
        Some((fault, pause)) => {
            import.attempts.faulted(fault);
            Some(in_future(db, pause)?)
        }
    };
    let released = (
        dsl::progress.eq(Doc(ProgressDocument::of(&import))),
        dsl::lease.eq(None::<Id>),
        dsl::lease_until.eq(next),
        dsl::updated_at.eq(Instant::now()),
    );
    diesel::update(import_jobs::table.filter(is_leased))
        .set(released)
        .execute(db)?;
    Ok(())
}

/// Cancels an import that waits; asks the server that runs it to cancel it otherwise. It must not have ended.
pub fn cancel(db: &mut Db, id: Id) -> Result<()> {
    let now = Instant::now();
    let is_waiting = dsl::id.eq(id).and(dsl::lease.is_null());
    let cancelled = (
        dsl::status.eq(ImportStatus::Cancelled.code()),
        dsl::lease_until.eq(None::<Instant>),
        dsl::updated_at.eq(now),
        dsl::finished_at.eq(Some(now)),
    );
    let waited = diesel::update(import_jobs::table.filter(is_waiting))
        .set(cancelled)
        .execute(db)?;
    if waited == 0 {
        diesel::update(dsl::import_jobs.find(id))
            .set((dsl::cancelling.eq(true), dsl::updated_at.eq(now)))
            .execute(db)?;
        return Ok(());
    }
    people::cut_short(db, id)?;
    let sent = dsl::import_jobs.find(id).select(dsl::created_at);
    let sent = sent.get_result::<Instant>(db)?;
    forget_at_end(db, id, sent)
}

/// Queues an import that has ended to be undone.
pub fn enqueue_undo(db: &mut Db, id: Id) -> Result<()> {
    let mut import = find(db, None, id)?;
    import.attempts.reset();
    let undoing = (
        dsl::status.eq(ImportStatus::Undoing.code()),
        dsl::progress.eq(Doc(ProgressDocument::of(&import))),
        dsl::cancelling.eq(false),
        dsl::updated_at.eq(Instant::now()),
        dsl::finished_at.eq(None::<Instant>),
    );
    diesel::update(dsl::import_jobs.find(id))
        .set(undoing)
        .execute(db)?;
    Ok(())
}

/// Deletes an import with its file, findings and writes.
pub fn delete(db: &mut Db, id: Id) -> Result<()> {
    diesel::delete(import_chunks::table.filter(import_chunks::job_id.eq(id))).execute(db)?;
    diesel::delete(dsl::import_jobs.find(id)).execute(db)?;
    Ok(())
}

/// Deletes an import whose file didn't arrive whole.
pub fn delete_incomplete(db: &mut Db, id: Id) -> Result<()> {
    diesel::delete(import_jobs::table.filter(is_arriving(id))).execute(db)?;
    Ok(())
}

/// Deletes imports that ended before, and files that stopped arriving. Returns how many; call it again until
/// it returns 0.
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
        delete(db, *id)?;
    }
    Ok(old.len())
}
