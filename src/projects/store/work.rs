//! SQL of the work in projects, and of the files of artifacts.

use crate::auth::Reach;
use crate::catalogue::calendar::{day_in_tokyo, day_number};
use crate::changes::{Action, Change, Subject};
use crate::db::schema::{project_entries, project_events, project_files, project_members as m, projects};
use crate::db::{BATCH, Db, Doc, Id, Instant, keyset, lock, update_version};
use crate::error::{Error, Result};
use crate::http::page::{self, Part};
use crate::http::{Cursor, Page, Paging};
use crate::projects::files::Room;
use crate::projects::rules::BY_ORGANIZATION;
use crate::projects::work::{Document, Entry, Visibility, Work, WorkKind};
use crate::projects::{ArtifactStatus, Seat, WorkRecord};
use crate::reach::store as reach;
use diesel::connection::SimpleConnection;
use diesel::dsl::{not, sum};
use diesel::prelude::*;
use project_entries::dsl;
use project_files::dsl as f;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// The name of the order in cursors.
const ORDER: &str = "day";

type Columns<T> = (
    Id,
    Id,
    Option<Id>,
    Doc<Document<T>>,
    String,
    i64,
    Instant,
    Instant,
);

type Selected = (
    dsl::id,
    dsl::project_id,
    dsl::worker_id,
    dsl::document,
    dsl::created_by,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

const SELECTED: Selected = (
    dsl::id,
    dsl::project_id,
    dsl::worker_id,
    dsl::document,
    dsl::created_by,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

fn entry<T: Work>(columns: Columns<T>, organization_id: Id) -> Entry<T> {
    let (id, project_id, worker_id, document, created_by, version, created_at, updated_at) = columns;
    let Document {
        work,
        file,
        revision,
        answers,
        counted_as,
    } = document.0;
    Entry {
        id,
        project_id,
        organization_id,
        worker_id,
        work,
        file,
        revision,
        answers,
        counted_as,
        created_by,
        version,
        created_at,
        updated_at,
    }
}

/// Returns the day by which entries are ordered: that of the work, or that of its creation.
fn day<T: Work>(entry: &Entry<T>) -> i32 {
    let created = || day_in_tokyo(entry.created_at.utc());
    day_number(entry.work.day().unwrap_or_else(created))
}

/// Returns the entries of a kind that somebody in this seat reads.
macro_rules! readable {
    ($kind:expr, $project:expr, $seat:expr) => {{
        let mut query = dsl::project_entries
            .filter(dsl::project_id.eq($project))
            .filter(dsl::kind.eq($kind.code()))
            .select(SELECTED)
            .into_boxed();
        if $seat != Seat::Office {
            query = query.filter(dsl::visibility.eq(Visibility::Team.code()));
        }
        match $seat {
            Seat::Former(worker) => query = query.filter(dsl::worker_id.eq(worker)),
            Seat::Organization(id) => query = query.filter(reach::known_work(id)).filter(not(dsl::is_draft)),
            _ => {}
        }
        query
    }};
}

fn missing() -> Error {
    Error::not_found("項目", "entry")
}

/// Finds an entry of a project.
pub fn find<T: Work>(db: &mut Db, (project, organization): (Id, Id), id: Id, seat: Seat) -> Result<Entry<T>> {
    let query = readable!(T::KIND, project, seat).filter(dsl::id.eq(id));
    let found = query.get_result::<Columns<T>>(db).optional()?;
    Ok(entry(found.ok_or_else(missing)?, organization))
}

/// Lists the entries of a kind by day, the earliest first.
pub fn list<T: Work>(
    db: &mut Db,
    (project, organization): (Id, Id),
    seat: Seat,
    paging: &Paging,
) -> Result<Page<Entry<T>>> {
    let limit = page::limit(paging.limit)?;
    let cursor = Cursor::decode(paging.cursor.as_deref(), ORDER)?;
    let after = page::after(&cursor, |value| value.parse::<i32>().ok())?;
    let all = || readable!(T::KIND, project, seat);
    let query = keyset!(all(), after, dsl::day, dsl::id, ascending);
    let rows = query.limit(limit + 1).load::<Columns<T>>(db)?;
    let found = rows.into_iter().map(|row| entry(row, organization)).collect();
    let page = Page::of(found, limit, |last: &Entry<T>| Cursor {
        sort: ORDER.to_owned(),
        value: day(last).to_string(),
        id: last.id,
    });
    page.counted(paging.count, || {
        let all = all().select(dsl::id).limit(page::COUNTED);
        Ok(all.load::<Id>(db)?.len())
    })
}

/// Lists all entries of a kind, by day.
pub fn all<T: Work>(db: &mut Db, project: Id) -> Result<Vec<Entry<T>>> {
    let query = readable!(T::KIND, project, Seat::Office).order((dsl::day, dsl::id));
    let rows = query.load::<Columns<T>>(db)?;
    Ok(rows.into_iter().map(|row| entry(row, project)).collect())
}

/// Lists the entries of a kind of a project from a day on, by day.
pub fn from_day<T: Work>(db: &mut Db, project: Id, day: i32, limit: i64) -> Result<Vec<Entry<T>>> {
    let later = readable!(T::KIND, project, Seat::Office).filter(dsl::day.ge(day));
    let rows = later
        .order((dsl::day, dsl::id))
        .limit(limit)
        .load::<Columns<T>>(db)?;
    Ok(rows.into_iter().map(|row| entry(row, project)).collect())
}

/// Returns the entries of a project by, or about the hours of, these workers.
pub fn by_workers(db: &mut Db, project: Id, workers: &[Id]) -> Result<Vec<Id>> {
    let theirs = dsl::project_entries
        .filter(dsl::project_id.eq(project))
        .filter(dsl::worker_id.assume_not_null().eq_any(workers));
    Ok(theirs.select(dsl::id).load(db)?)
}

/// Returns those of the projects in which anything but the first milestones was written. Whatever somebody writes is in the
/// history; laying milestones out, and moving them with the days of the project, isn't.
pub fn used(db: &mut Db, projects: &[Id]) -> Result<HashSet<Id>> {
    let mut found = HashSet::new();
    for projects in projects.chunks(BATCH) {
        let written = project_events::table
            .filter(project_events::project_id.eq_any(projects))
            .filter(project_events::subject.eq(WorkKind::Milestone.code()))
            .select(project_events::subject_id);
        let is_plan = dsl::kind
            .eq(WorkKind::Milestone.code())
            .and(dsl::id.ne_all(written));
        let others = dsl::project_entries
            .filter(dsl::project_id.eq_any(projects))
            .filter(not(is_plan))
            .select(dsl::project_id)
            .distinct();
        found.extend(others.load::<Id>(db)?);
    }
    Ok(found)
}

/// Returns what to log of the entries of a project that is deleted with them.
pub fn entries_deleted(db: &mut Db, project: Id) -> Result<Vec<Change>> {
    let own = dsl::project_entries.filter(dsl::project_id.eq(project));
    let found = own.select((dsl::id, dsl::version)).load::<(Id, i64)>(db)?;
    let deleted = |(id, version)| change(id, Action::Deleted, version + 1);
    Ok(found.into_iter().map(deleted).collect())
}

/// Returns the versions of those of the entries that exist.
pub fn versions(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, i64>> {
    let mut found = HashMap::new();
    for ids in ids.chunks(BATCH) {
        let some = dsl::project_entries.filter(dsl::id.eq_any(ids));
        found.extend(some.select((dsl::id, dsl::version)).load::<(Id, i64)>(db)?);
    }
    Ok(found)
}

/// Returns which kinds of work there are in each of the projects.
pub fn kinds(db: &mut Db, projects: &[Id]) -> Result<HashSet<(Id, String)>> {
    let mut found = HashSet::new();
    for projects in projects.chunks(BATCH) {
        let some = dsl::project_entries.filter(dsl::project_id.eq_any(projects));
        let some = some.select((dsl::project_id, dsl::kind)).distinct();
        found.extend(some.load::<(Id, String)>(db)?);
    }
    Ok(found)
}

pub fn count(db: &mut Db, project: Id, kind: WorkKind) -> Result<i64> {
    let of_kind = dsl::project_entries
        .filter(dsl::project_id.eq(project))
        .filter(dsl::kind.eq(kind.code()));
    Ok(of_kind.count().get_result(db)?)
}

/// Adds up the minutes that a worker has on a day in all projects, without one entry.
pub fn minutes_on(db: &mut Db, worker: Id, day: i32, except: Id) -> Result<i64> {
    let own = dsl::project_entries
        .filter(dsl::worker_id.eq(worker))
        .filter(dsl::kind.eq(WorkKind::Hours.code()))
        .filter(dsl::day.eq(day))
        .filter(dsl::id.ne(except));
    Ok(own
        .select(sum(dsl::minutes))
        .get_result::<Option<i64>>(db)?
        .unwrap_or(0))
}

macro_rules! values {
    ($entry:expr) => {{
        let entry = $entry;
        let document = Document {
            work: entry.work.clone(),
            file: entry.file.clone(),
            revision: entry.revision,
            answers: entry.answers.clone(),
            counted_as: entry.counted_as.clone(),
        };
        (
            dsl::day.eq(day(entry)),
            dsl::waits.eq(entry.work.waits()),
            dsl::returned.eq(entry.work.is_returned()),
            dsl::is_draft.eq(entry.work.is_draft() && !entry.created_by.starts_with(BY_ORGANIZATION)),
            dsl::file_bytes.eq(entry.file.as_ref().map(|file| file.size_bytes as i32)),
            dsl::visibility.eq(entry.work.visibility().code()),
            dsl::worker_id.eq(entry.worker_id),
            dsl::minutes.eq(entry.work.minutes().map(i32::from)),
            dsl::document.eq(Doc(document)),
            dsl::version.eq(entry.version),
            dsl::updated_at.eq(entry.updated_at),
        )
    }};
}

/// Inserts an entry. Returns what to log.
pub fn insert_unlogged<T: Work>(db: &mut Db, entry: &Entry<T>) -> Result<Change> {
    diesel::insert_into(project_entries::table)
        .values((
            dsl::id.eq(entry.id),
            dsl::project_id.eq(entry.project_id),
            dsl::kind.eq(T::KIND.code()),
            dsl::created_by.eq(&entry.created_by),
            dsl::created_at.eq(entry.created_at),
            values!(entry),
        ))
        .execute(db)?;
    Ok(change(entry.id, Action::Created, entry.version))
}

/// Writes the next version of an entry. Returns what to log.
pub fn update_unlogged<T: Work>(db: &mut Db, entry: &Entry<T>) -> Result<Change> {
    let (id, before) = (entry.id, entry.version - 1);
    update_version!(db, project_entries, key: id, before: before, set: values!(entry), missing: missing())?;
    Ok(change(id, Action::Updated, entry.version))
}

/// Deletes an entry with its file. Returns what to log.
pub fn delete_unlogged(db: &mut Db, id: Id, version: i64) -> Result<Change> {
    diesel::delete(dsl::project_entries.find(id)).execute(db)?;
    Ok(change(id, Action::Deleted, version + 1))
}

fn change(id: Id, action: Action, version: i64) -> Change {
    Change::new(Subject::ProjectEntry, id, action, version)
}

/// Derives again which artifacts are drafts and how large their files are, where a server of an earlier release, which
/// derives neither, has written them meanwhile. Two servers share a database only on PostgreSQL.
pub fn refresh_artifacts(db: &mut Db) -> Result<()> {
    if let Db::Pg(c) = db {
        let is_draft = format!(
            "(document -> 'work' ->> 'status' IS NOT DISTINCT FROM '{}' AND created_by NOT LIKE '{BY_ORGANIZATION}%')",
            ArtifactStatus::Draft.code()
        );
        let bytes = "CAST(document -> 'file' ->> 'size_bytes' AS integer)";
        let kind = WorkKind::Artifact.code();
        c.batch_execute(&format!(
            "UPDATE project_entries SET is_draft = {is_draft}, file_bytes = {bytes}
             WHERE kind = '{kind}' AND (is_draft <> {is_draft} OR file_bytes IS DISTINCT FROM {bytes})"
        ))?;
    }
    Ok(())
}

/// Deletes the file of an artifact.
pub fn delete_file(db: &mut Db, entry: Id) -> Result<()> {
    diesel::delete(f::project_files.filter(f::entry_id.eq(entry))).execute(db)?;
    Ok(())
}

/// Adds up the bytes of the files that take room together, without that of one artifact.
pub fn other_file_bytes(db: &mut Db, room: Room, except: Id) -> Result<u64> {
    let mut files = dsl::project_entries
        // Written out, as the condition of the index is.
        .filter(dsl::file_bytes.is_not_null())
        .filter(dsl::id.ne(except))
        .select(sum(dsl::file_bytes))
        .into_boxed();
    match room {
        Room::Project(id) => files = files.filter(dsl::project_id.eq(id)),
        Room::Organization(id) => {
            let led = projects::table.filter(projects::organization_id.eq(id));
            files = files.filter(dsl::project_id.eq_any(led.select(projects::id)));
        }
        Room::All => {}
    }
    let bytes = files.get_result::<Option<i64>>(db)?;
    Ok(bytes.unwrap_or_default().unsigned_abs())
}

/// Locks the room of all files until the transaction ends, so that two files don't take the same.
pub fn lock_room(db: &mut Db) -> Result<()> {
    lock(db, "project_files")
}

pub fn insert_piece(db: &mut Db, entry: Id, position: i64, bytes: &[u8]) -> Result<()> {
    let row = (
        f::entry_id.eq(entry),
        f::position.eq(position),
        f::bytes.eq(bytes),
    );
    diesel::insert_into(project_files::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

pub fn find_piece(db: &mut Db, entry: Id, position: i64) -> Result<Option<Vec<u8>>> {
    let piece = f::project_files.find((entry, position)).select(f::bytes);
    Ok(piece.get_result(db).optional()?)
}

/// Lists the entries of a kind from a day on, of the projects on which a caller works, by day.
pub fn dated<T: Work>(db: &mut Db, reach: &Reach, from: i32, limit: i64) -> Result<Vec<Entry<T>>> {
    let mut query = dsl::project_entries
        .filter(dsl::kind.eq(T::KIND.code()))
        .filter(dsl::day.ge(from))
        .filter(dsl::visibility.eq(Visibility::Team.code()))
        .order((dsl::day, dsl::id))
        .limit(limit)
        .select(SELECTED)
        .into_boxed();
    if let Some(condition) = reach::project_work(reach) {
        query = query.filter(condition);
    }
    let rows = query.load::<Columns<T>>(db)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let project = row.1;
            entry(row, project)
        })
        .collect())
}

/// Matches what isn't of an organization: what it gives to the team waits for nobody's answer.
macro_rules! not_material {
    () => {
        dsl::created_by.not_like(format!("{BY_ORGANIZATION}%"))
    };
}

/// An entry that waits: its id, its project, since when it is as it is, and its day.
pub type WaitingEntry = (Id, Id, Instant, i32);

/// Lists the entries of a kind that wait in projects under way, oldest first. With `before`, those whose day is over.
pub fn waiting(
    db: &mut Db,
    reach: &Reach,
    kind: WorkKind,
    before: Option<i32>,
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<WaitingEntry>> {
    let under_way = projects::table
        .filter(projects::status.eq("in_progress"))
        .select(projects::id);
    let mut query = dsl::project_entries
        .filter(dsl::kind.eq(kind.code()))
        .filter(dsl::project_id.eq_any(under_way))
        // Written out, as the condition of the index is.
        .filter(dsl::waits)
        .filter(not_material!())
        .order(dsl::id)
        .limit(limit)
        .select((dsl::id, dsl::project_id, dsl::updated_at, dsl::day))
        .into_boxed();
    if let Some(day) = before {
        query = query.filter(dsl::day.lt(day));
    }
    if let Some(condition) = reach::project_work(reach) {
        query = query.filter(condition);
    }
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    Ok(query.load(db)?)
}

/// Lists the returned artifacts in projects under way that a worker has to change, oldest first: those that they wrote, and
/// of the projects in whose team they are, those of nobody who still is in it.
pub fn returned(db: &mut Db, worker: Id, after: Option<Id>, limit: i64) -> Result<Vec<WaitingEntry>> {
    let under_way = projects::table
        .filter(projects::status.eq("in_progress"))
        .select(projects::id);
    let of_member = |worker: Id| {
        m::table
            .filter(m::worker_id.eq(worker))
            .filter(m::left_at.is_null())
            .select(m::project_id)
    };
    let has_author = m::table
        .filter(m::project_id.eq(dsl::project_id))
        .filter(m::worker_id.eq(dsl::worker_id))
        .filter(m::left_at.is_null());
    let mut query = dsl::project_entries
        // Written out, as the condition of the index is.
        .filter(dsl::returned)
        .filter(not_material!())
        .filter(dsl::project_id.eq_any(under_way))
        .filter(dsl::project_id.eq_any(of_member(worker)))
        .filter(
            // Unknown for what nobody wrote, which has no author either.
            dsl::worker_id.eq(worker).or(not(diesel::dsl::exists(has_author))),
        )
        .order(dsl::id)
        .limit(limit)
        .select((dsl::id, dsl::project_id, dsl::updated_at, dsl::day))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    Ok(query.load(db)?)
}

/// What stands for the title of what an erased person wrote. A title can't be missing.
const ERASED: &str = "（消去されました）";

/// The words of an entry, which may name or reach who wrote it. The titles of milestones stay with the project, and
/// artifacts with the organization.
fn words_of(kind: &str) -> &'static [&'static str] {
    match kind.parse::<WorkKind>() {
        Ok(WorkKind::Meeting) => &["title", "location", "link", "minutes"],
        Ok(WorkKind::Risk) => &["title", "measure"],
        Ok(WorkKind::Hours | WorkKind::Artifact) => &["note"],
        Ok(WorkKind::Note) => &["text"],
        Ok(WorkKind::Milestone) | Err(_) => &[],
    }
}

/// Clears the worker and their words in a person's work, and that they took part in meetings. Hours are still counted, and
/// artifacts stay with the organization. Call it while the worker is a member of their projects. Returns
/// the changes for the caller to log.
pub fn forget(db: &mut Db, worker: Id) -> Result<Vec<Change>> {
    type Row = (Id, String, Option<Id>, Doc<Value>, i64);
    let teams = m::table.filter(m::worker_id.eq(worker));
    let meetings = dsl::kind
        .eq(WorkKind::Meeting.code())
        .and(dsl::project_id.eq_any(teams.select(m::project_id)));
    // Not `OR`, which would read every entry there is.
    let columns = (dsl::id, dsl::kind, dsl::worker_id, dsl::document, dsl::version);
    let own = dsl::project_entries.filter(dsl::worker_id.eq(worker));
    let mut found: Vec<Row> = own.select(columns).load(db)?;
    let others = dsl::project_entries.filter(meetings);
    let is_other = dsl::worker_id.assume_not_null().ne(worker);
    let others = others.filter(dsl::worker_id.is_null().or(is_other));
    found.extend(others.select(columns).load::<Row>(db)?);
    let mut changes = Vec::new();
    for (id, kind, author, Doc(mut document), version) in found {
        let (is_own, words) = (author == Some(worker), words_of(&kind));
        let mut has_attended = false;
        if let Some(work) = document.get_mut("work").and_then(Value::as_object_mut) {
            for (name, value) in work.iter_mut() {
                let is_word = words.contains(&name.as_str());
                if is_own && is_word && name == "title" {
                    *value = ERASED.into();
                } else if is_own && (is_word || name == "worker_id") {
                    *value = Value::Null;
                }
                if let ("attendee_ids", Value::Array(ids)) = (name.as_str(), value) {
                    let count = ids.len();
                    ids.retain(|id| id.as_str() != Some(&worker.to_string()));
                    has_attended = ids.len() < count;
                }
            }
        }
        if !is_own && !has_attended {
            continue;
        }
        diesel::update(dsl::project_entries.find(id))
            .set((
                dsl::worker_id.eq(author.filter(|_| !is_own)),
                dsl::document.eq(Doc(document)),
                dsl::version.eq(version + 1),
                dsl::updated_at.eq(Instant::now()),
            ))
            .execute(db)?;
        changes.push(change(id, Action::Updated, version + 1));
    }
    Ok(changes)
}

/// Returns a person's work for their export, oldest first.
pub fn held_on(db: &mut Db, worker: Id, part: Part) -> Result<Vec<WorkRecord>> {
    let own = dsl::project_entries
        .filter(dsl::worker_id.eq(worker))
        .filter(dsl::id.gt(part.after))
        .order(dsl::id)
        .limit(part.limit);
    type Row = (Id, Id, String, Doc<Value>, Instant, Instant);
    let rows = own
        .select((
            dsl::id,
            dsl::project_id,
            dsl::kind,
            dsl::document,
            dsl::created_at,
            dsl::updated_at,
        ))
        .load::<Row>(db)?;
    let record = |(id, project_id, kind, document, created_at, updated_at): Row| WorkRecord {
        id,
        project_id,
        kind,
        document: document.0.get("work").unwrap_or(&Value::Null).to_string(),
        created_at,
        updated_at,
    };
    Ok(rows.into_iter().map(record).collect())
}
