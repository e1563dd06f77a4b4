//! SQL of workers. `bulk` reads all of them, `consents` keeps the history of their consents, `records` what was counted
//! here, `separations` the organizations that they are kept apart from.

mod bulk;
pub mod consents;
pub mod records;
pub mod separations;

pub use bulk::{UnparsedWorker, list_unparsed};

use super::alias::{letters_gram, letters_in, own_letters};
use super::{CountedHere, NewWorker, Personal, Worker, WorkerFilter, WorkerSort, WorkerStatus, is_demo};
use crate::audit::{self, Act};
use crate::auth::{Reach, access_denied};
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{worker_roles, worker_skills, workers};
use crate::db::search::Condition;
use crate::db::{
    BATCH, Db, Doc, Id, Instant, KnownRecord, insert_all, keyset, lock, on, on_duplicate, search,
    update_version,
};
use crate::error::{Error, Result, Text};
use crate::http::query::{Several, with_codes};
use crate::http::{Cursor, Page};
use crate::http::{idempotency, page};
use crate::reach::store as reach;
use crate::values::with_wards;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text as SqlText};
use diesel::upsert::excluded;
use std::collections::{BTreeSet, HashMap, HashSet};
use workers::dsl;

type Columns = (
    Id,
    Doc<NewWorker>,
    Doc<Option<Personal>>,
    Option<Id>,
    bool,
    Option<Id>,
    i64,
    Instant,
    Instant,
);
type Selected = (
    dsl::id,
    dsl::profile,
    dsl::personal,
    dsl::partner_id,
    dsl::sandbox,
    dsl::merged_into,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);
const COLUMNS: Selected = (
    dsl::id,
    dsl::profile,
    dsl::personal,
    dsl::partner_id,
    dsl::sandbox,
    dsl::merged_into,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

fn to_worker(columns: Columns) -> Worker {
    let (id, Doc(profile), Doc(personal), partner_id, sandbox, merged_into, version, created_at, updated_at) =
        columns;
    let demo = is_demo(profile.source.as_deref());
    Worker {
        id,
        profile: NewWorker { personal, ..profile },
        here: CountedHere::default(),
        demo,
        partner_id,
        sandbox,
        merged_into,
        version,
        created_at,
        updated_at,
    }
}

fn read(db: &mut Db, rows: Vec<Columns>) -> Result<Vec<Worker>> {
    let mut workers: Vec<Worker> = rows.into_iter().map(to_worker).collect();
    records::fill(db, &mut workers)?;
    Ok(workers)
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = workers, treat_none_as_default_value = false, treat_none_as_null = true)]
struct WorkerRow<'a> {
    id: Id,
    source: Option<&'a str>,
    external_id: Option<&'a str>,
    status: &'static str,
    area: Option<&'a str>,
    alias: &'a str,
    profile: Doc<NewWorker>,
    personal: Doc<Option<Personal>>,
    grams: String,
    personal_grams: String,
    partner_id: Option<Id>,
    sandbox: bool,
    merged_into: Option<Id>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

impl<'a> WorkerRow<'a> {
    fn of(worker: &'a Worker) -> WorkerRow<'a> {
        let profile = &worker.profile;
        let personal = profile.personal.as_ref();
        let names = personal.into_iter().flat_map(|p| [&p.name, &p.kana]).flatten();
        WorkerRow {
            id: worker.id,
            source: profile.source.as_deref(),
            external_id: profile.external_id.as_deref(),
            status: profile.status.code(),
            area: profile.area.as_deref(),
            alias: profile.alias.as_deref().unwrap_or_default(),
            profile: Doc(NewWorker {
                personal: None,
                ..profile.clone()
            }),
            personal: Doc(personal.cloned()),
            // Two spaces separate texts.
            grams: format!(
                "{}  {}",
                text::grams(profile.alias.as_deref()),
                letters_gram(&own_letters(worker.id))
            ),
            personal_grams: text::grams(names.map(String::as_str)),
            partner_id: worker.partner_id,
            sandbox: worker.sandbox,
            merged_into: worker.merged_into,
            version: worker.version,
            created_at: worker.created_at,
            updated_at: worker.updated_at,
        }
    }
}

pub fn missing() -> Error {
    Error::not_found("ワーカー", "worker")
}

/// Finds a worker within the reach.
pub fn find(db: &mut Db, reach: &Reach, id: Id) -> Result<Worker> {
    find_where(db, reach::workers(reach), id)
}

fn find_where(db: &mut Db, condition: Option<Condition<workers::table>>, id: Id) -> Result<Worker> {
    let mut query = dsl::workers.find(id).select(COLUMNS).into_boxed();
    if let Some(condition) = condition {
        query = query.filter(condition);
    }
    let found = query.get_result::<Columns>(db).optional()?;
    let mut worker = found.map(to_worker).ok_or_else(missing)?;
    worker.here = records::of_record(db, id)?;
    Ok(worker)
}

/// Finds a worker that the caller may change. One that they only see is refused.
pub fn find_own(db: &mut Db, reach: &Reach, id: Id) -> Result<Worker> {
    match find_where(db, reach::own_workers(reach), id) {
        Err(Error::NotFound { .. }) => find(db, reach, id).and(Err(access_denied())),
        found => found,
    }
}

/// Finds a worker that the caller may change, and locks it until the transaction ends.
pub fn find_to_change(db: &mut Db, reach: &Reach, id: Id) -> Result<Worker> {
    lock_one(db, id)?;
    find_own(db, reach, id)
}

/// Locks a worker until the transaction ends: nobody changes or erases it meanwhile.
pub fn lock_one(db: &mut Db, id: Id) -> Result<()> {
    lock(db, &format!("worker/{id}"))
}

/// Finds a worker by its id in another system, and locks that id until the transaction ends.
pub fn find_external_to_change(
    db: &mut Db,
    reach: &Reach,
    source: &str,
    external_id: &str,
    area: Option<&str>,
) -> Result<Option<Worker>> {
    lock_names(db, &[external_id])?;
    let found = find_external(db, reach, source, external_id, area)?;
    found.map(|found| find_to_change(db, reach, found.id)).transpose()
}

/// Finds a worker that the caller may change by its id in another system: under the source of this area, else under
/// the source itself, else under that of another area of the caller's.
pub fn find_external(
    db: &mut Db,
    reach: &Reach,
    source: &str,
    external_id: &str,
    area: Option<&str>,
) -> Result<Option<Worker>> {
    let (sources, external_ids) = (reach.sources(source), [external_id]);
    let query = named(reach, &sources, &external_ids);
    let found = query.order(dsl::id).load::<Columns>(db)?;
    let found = read(db, found)?;
    Ok(preferred(reach, source, area, found.iter()).cloned())
}

/// Finds workers by their ids in another system, as [`find_external`] does, all with one statement.
pub fn find_external_each(
    db: &mut Db,
    reach: &Reach,
    source: &str,
    external_ids: &[&str],
) -> Result<HashMap<String, Worker>> {
    let sources = reach.sources(source);
    let query = named(reach, &sources, external_ids);
    let found = query.order(dsl::id).load::<Columns>(db)?;
    let mut by_id: HashMap<String, Vec<Worker>> = HashMap::new();
    for one in read(db, found)? {
        let external_id = one.profile.external_id.clone().unwrap_or_default();
        by_id.entry(external_id).or_default().push(one);
    }
    let preferred = |(id, found): (String, Vec<Worker>)| {
        let one = preferred(reach, source, None, found.iter()).cloned();
        one.map(|one| (id, one))
    };
    Ok(by_id.into_iter().filter_map(preferred).collect())
}

/// Lists workers within the reach whom one of these texts finds, also by their names, with one statement.
pub fn list_any(db: &mut Db, reach: &Reach, texts: &[&str], limit: i64) -> Result<Vec<Worker>> {
    let found_by = |text: &&str| {
        let words = search::conditions::<workers::table>(db, "workers", &["grams", "personal_grams"], text);
        words
            .into_iter()
            .reduce(|one, other| -> search::Condition<workers::table> { Box::new(one.and(other)) })
    };
    let any = texts.iter().filter_map(found_by);
    let any = any.reduce(|one, other| -> search::Condition<workers::table> { Box::new(one.or(other)) });
    let Some(any) = any else {
        return Ok(Vec::new());
    };
    let mut query = dsl::workers.select(COLUMNS).into_boxed().filter(any);
    if let Some(condition) = reach::workers(reach) {
        query = query.filter(condition);
    }
    let rows = query.order(dsl::id).limit(limit).load::<Columns>(db)?;
    read(db, rows)
}

/// Returns the query of the workers that a caller may change by their ids in other systems.
fn named<'a>(reach: &Reach, sources: &'a [String], external_ids: &'a [&'a str]) -> Query<'a> {
    let query = dsl::workers
        .filter(dsl::source.eq_any(sources))
        .filter(dsl::external_id.eq_any(external_ids))
        .select(COLUMNS)
        .into_boxed();
    match reach::own_workers(reach) {
        Some(condition) => query.filter(condition),
        None => query,
    }
}

/// Returns which of the workers with an external id a caller means by the source.
pub fn preferred<'a>(
    reach: &Reach,
    source: &str,
    area: Option<&str>,
    found: impl Iterator<Item = &'a Worker>,
) -> Option<&'a Worker> {
    let preferred = reach.own_source(source, area.unwrap_or_default());
    found.min_by_key(|worker| {
        let own = worker.profile.source.as_deref();
        (own != Some(&preferred), own != Some(source))
    })
}

/// Locks external ids until the transaction ends, whatever their source, so that what it reads about them doesn't change before it
/// commits. Call it before anything of the workers is locked. SQLite has one writer.
///
/// A batch would fill PostgreSQL's table of locks, so the ids share a few, which everybody takes in the same order.
pub fn lock_names(db: &mut Db, external_ids: &[&str]) -> Result<()> {
    const SHARED: u32 = 64;
    let Db::Pg(c) = db else { return Ok(()) };
    let of = |id: &&str| {
        let mixed = id.bytes().fold(0_u32, |mixed, byte| {
            mixed.wrapping_mul(31).wrapping_add(byte.into())
        });
        mixed % SHARED
    };
    let locks: BTreeSet<u32> = external_ids.iter().map(of).collect();
    let locks: Vec<String> = locks.iter().map(u32::to_string).collect();
    // The two numbers are a space of their own: no other lock has two.
    Ok(c.batch_execute(&format!(
        "SELECT pg_advisory_xact_lock(6385440, name) FROM unnest(ARRAY[{}]::integer[]) AS name",
        locks.join(", ")
    ))?)
}

/// Finds the workers that the caller may change by their ids in other systems, and locks them and the names until the
/// transaction ends.
pub fn find_some_external_to_change(
    db: &mut Db,
    reach: &Reach,
    sources: &[String],
    external_ids: &[&str],
) -> Result<Vec<Worker>> {
    lock_names(db, external_ids)?;
    let mut found = Vec::new();
    for sources in sources.chunks(BATCH) {
        let ids = named(reach, sources, external_ids).select(dsl::id).order(dsl::id);
        found.append(&mut ids.load::<Id>(db)?);
    }
    lock_rows(db, &found)?;
    let mut workers = load_some(db, &found)?;
    workers.sort_unstable_by_key(|worker| worker.id);
    Ok(workers)
}

/// Locks the rows of workers until the transaction ends. SQLite has one writer.
fn lock_rows(db: &mut Db, ids: &[Id]) -> Result<()> {
    if let Db::Pg(c) = db {
        let locked = dsl::workers.filter(dsl::id.eq_any(ids)).order(dsl::id);
        locked.select(dsl::id).for_update().load::<Id>(c)?;
    }
    Ok(())
}

/// Returns which of these sources and external ids are taken, within the caller's reach or not.
pub fn taken_names(
    db: &mut Db,
    sources: &[&str],
    external_ids: &[&str],
) -> Result<HashSet<(String, String)>> {
    let taken = dsl::workers
        .filter(dsl::source.eq_any(sources))
        .filter(dsl::external_id.eq_any(external_ids))
        .select((dsl::source.assume_not_null(), dsl::external_id.assume_not_null()));
    Ok(taken.load(db)?.into_iter().collect())
}

/// Looks up external ids of a source. Returns external id, id, version and area of those that exist, merged records
/// included.
pub fn known(db: &mut Db, source: &str, external_ids: &[&str]) -> Result<Vec<KnownRecord>> {
    let mut found = Vec::new();
    for external_ids in external_ids.chunks(BATCH) {
        let of_source = dsl::workers
            .filter(dsl::source.eq(source))
            .filter(dsl::external_id.eq_any(external_ids));
        found.extend(
            of_source
                .select((
                    dsl::external_id.assume_not_null(),
                    dsl::id,
                    dsl::version,
                    dsl::area,
                ))
                .load(db)?,
        );
    }
    Ok(found)
}

/// Lists the workers of these sources after an id, up to [`BATCH`].
pub fn of_source(db: &mut Db, sources: &[String], after: Option<Id>) -> Result<Vec<Worker>> {
    let mut query = dsl::workers
        .filter(dsl::source.eq_any(sources))
        .select(COLUMNS)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows = query.order(dsl::id).limit(BATCH as i64).load::<Columns>(db)?;
    read(db, rows)
}

/// Returns the oldest worker of these sources whose external id begins like this.
pub fn oldest_like(db: &mut Db, sources: &[String], beginning: &str) -> Result<Option<Id>> {
    let of_sources = dsl::workers.filter(dsl::source.eq_any(sources));
    let such = of_sources.filter(dsl::external_id.like(format!("{beginning}%")));
    Ok(such.select(dsl::id).order(dsl::id).first::<Id>(db).optional()?)
}

/// Lists the workers of these sources whose external ids begin like this and whose names end like any of these, without what
/// was counted of them. Of more than `MOST_NAMED` for `NAMES_AT_ONCE` names, only the oldest.
pub fn with_names_like(
    db: &mut Db,
    sources: &[String],
    beginning: &str,
    names: &[&str],
) -> Result<Vec<Worker>> {
    const NAMES_AT_ONCE: usize = 100;
    const MOST_NAMED: i64 = 2_000;
    let of_source = |source: &String| -> Condition<workers::table> {
        // Not by the index of sources: one source may have everybody. Few have these names.
        Box::new(sql::<Bool>("workers.source || '' = ").bind::<SqlText, _>(source.clone()))
    };
    let mut found = Vec::new();
    for names in names.chunks(NAMES_AT_ONCE) {
        let named = search::ends_with_any::<workers::table>(db, "workers", "personal_grams", names);
        let of_sources = sources.iter().map(of_source);
        let of_sources = of_sources.reduce(|one, other| Box::new(one.or(other)));
        let (Some(named), Some(of_sources)) = (named, of_sources) else {
            continue;
        };
        let rows = dsl::workers
            .select(COLUMNS)
            .into_boxed()
            .filter(named)
            .filter(of_sources)
            .filter(dsl::external_id.like(format!("{beginning}%")))
            .order(dsl::id)
            .limit(MOST_NAMED)
            .load::<Columns>(db)?;
        found.extend(rows.into_iter().map(to_worker));
    }
    Ok(found)
}

/// Lists the workers with these ids.
pub fn load_some(db: &mut Db, ids: &[Id]) -> Result<Vec<Worker>> {
    let mut found = Vec::new();
    for ids in ids.chunks(BATCH) {
        let rows = dsl::workers
            .filter(dsl::id.eq_any(ids))
            .select(COLUMNS)
            .load::<Columns>(db)?;
        found.append(&mut read(db, rows)?);
    }
    Ok(found)
}

/// Lists the external ids of a source.
pub fn external_ids(db: &mut Db, source: &str) -> Result<Vec<String>> {
    let of_source = dsl::workers
        .filter(dsl::source.eq(source))
        .select(dsl::external_id);
    Ok(of_source
        .load::<Option<String>>(db)?
        .into_iter()
        .flatten()
        .collect())
}

/// What identifies a worker in a list, without personal data.
pub struct WorkerLabel {
    pub alias: String,
    pub area: Option<String>,
    pub source: Option<String>,
}

impl WorkerLabel {
    pub fn of(worker: &Worker) -> WorkerLabel {
        WorkerLabel {
            alias: worker.profile.alias.clone().unwrap_or_default(),
            area: worker.profile.area.clone(),
            source: worker.profile.source.clone(),
        }
    }
}

/// Looks up the labels of workers.
pub fn labels(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, WorkerLabel>> {
    type Row = (Id, String, Option<String>, Option<String>);
    let rows = dsl::workers
        .filter(dsl::id.eq_any(ids))
        .select((dsl::id, dsl::alias, dsl::area, dsl::source))
        .load::<Row>(db)?;
    let label = |(id, alias, area, source)| (id, WorkerLabel { alias, area, source });
    Ok(rows.into_iter().map(label).collect())
}

/// Lists all records of the same person, this one included.
pub fn same_person(db: &mut Db, worker: &Worker) -> Result<Vec<Id>> {
    let main = worker.merged_into.unwrap_or(worker.id);
    let merged = dsl::workers.filter(dsl::merged_into.eq(main)).select(dsl::id);
    let mut all: Vec<Id> = merged.load(db)?;
    all.extend([main, worker.id]);
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Returns the record that represents each of these workers in rankings.
pub fn represented_by(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, Id>> {
    let mut found = HashMap::new();
    for ids in ids.chunks(BATCH) {
        let some = dsl::workers.filter(dsl::id.eq_any(ids));
        let some = some
            .select((dsl::id, dsl::merged_into))
            .load::<(Id, Option<Id>)>(db)?;
        found.extend(some.into_iter().map(|(id, into)| (id, into.unwrap_or(id))));
    }
    Ok(found)
}

/// Returns the record that each merged record is merged into.
pub fn merges(db: &mut Db) -> Result<HashMap<Id, Id>> {
    let merged = dsl::workers.filter(dsl::merged_into.is_not_null());
    let merged = merged.select((dsl::id, dsl::merged_into.assume_not_null()));
    Ok(merged.load(db)?.into_iter().collect())
}

/// Returns the records of each of these people, with the record that represents them.
pub fn records_of(db: &mut Db, people: &[Id]) -> Result<HashMap<Id, Id>> {
    let merged = dsl::workers.filter(dsl::merged_into.eq_any(people));
    let merged = merged.select((dsl::id, dsl::merged_into.assume_not_null()));
    let mut records: HashMap<Id, Id> = merged.load(db)?.into_iter().collect();
    records.extend(people.iter().map(|id| (*id, *id)));
    Ok(records)
}

/// Returns those of the ids that exist.
pub fn existing(db: &mut Db, ids: &[Id]) -> Result<BTreeSet<Id>> {
    let found = dsl::workers.filter(dsl::id.eq_any(ids)).select(dsl::id);
    Ok(found.load::<Id>(db)?.into_iter().collect())
}

/// Counts the active workers.
pub fn count_active(db: &mut Db) -> Result<i64> {
    Ok(active_ids().count().get_result(db)?)
}

/// Counts the active workers of each area, without those of sandbox partners and of a source.
pub fn count_active_by_area(db: &mut Db, without: Option<&str>) -> Result<Vec<(String, i64)>> {
    let mut query = dsl::workers
        .group_by(dsl::area)
        .select((dsl::area, diesel::dsl::count_star()))
        .filter(dsl::status.eq(WorkerStatus::Active.code()))
        .filter(dsl::area.is_not_null())
        .filter(dsl::sandbox.eq(false))
        .filter(dsl::merged_into.is_null())
        .into_boxed();
    if let Some(source) = without {
        query = query.filter(dsl::source.is_null().or(dsl::source.ne(source)));
    }
    let rows: Vec<(Option<String>, i64)> = query.load(db)?;
    let known = |(area, count): (Option<String>, i64)| Some((area?, count));
    Ok(rows.into_iter().filter_map(known).collect())
}

/// Returns the subquery of all active workers' ids.
#[diesel::dsl::auto_type]
pub fn active_ids() -> _ {
    let status: &'static str = WorkerStatus::Active.code();
    workers::table
        .filter(workers::status.eq(status))
        .select(workers::id)
}

type Query<'a> = workers::BoxedQuery<'a, crate::db::Backend, diesel::dsl::SqlTypeOf<Selected>>;
/// Lists workers within the reach. With `personal_data`, the search text also matches names.
pub fn list(db: &mut Db, reach: &Reach, filter: &WorkerFilter, personal_data: bool) -> Result<Page<Worker>> {
    let (limit, sort) = (page::limit_of_ids(filter.limit, &filter.ids)?, filter.sort);
    let rows = query(db, reach, filter, personal_data)?
        .limit(limit + 1)
        .load::<Columns>(db)?;
    let page = Page::of(read(db, rows)?, limit, |last: &Worker| {
        let value = match sort {
            WorkerSort::Created | WorkerSort::CreatedDescending => String::new(),
            WorkerSort::Alias | WorkerSort::AliasDescending => last.profile.alias.clone().unwrap_or_default(),
            WorkerSort::Updated | WorkerSort::UpdatedDescending => last.updated_at.to_string(),
        };
        Cursor {
            sort: sort.code().to_owned(),
            value,
            id: last.id,
        }
    });
    page.of_whole(filter.count, &filter.ids, || {
        let all = filtered(db, reach, filter, personal_data)
            .select(dsl::id)
            .limit(page::COUNTED);
        Ok(all.load(db)?)
    })
}

/// Makes the grams of workers after an id again. Returns the last id, or `None` at the end.
pub fn refresh_grams(db: &mut Db, after: Option<Id>) -> Result<Option<Id>> {
    let mut query = dsl::workers.select(COLUMNS).into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows = query.order(dsl::id).limit(BATCH as i64).load::<Columns>(db)?;
    let workers: Vec<Worker> = rows.into_iter().map(to_worker).collect();
    for one in &workers {
        let WorkerRow {
            grams,
            personal_grams,
            ..
        } = WorkerRow::of(one);
        let grams = (dsl::grams.eq(grams), dsl::personal_grams.eq(personal_grams));
        // What somebody writes meanwhile has its grams already.
        let unchanged = dsl::workers.find(one.id).filter(dsl::version.eq(one.version));
        diesel::update(unchanged).set(grams).execute(db)?;
    }
    Ok(workers.last().map(|one| one.id))
}

/// Returns the query of everything that passes a filter.
fn filtered<'a>(db: &Db, reach: &Reach, filter: &'a WorkerFilter, personal_data: bool) -> Query<'a> {
    let mut query = dsl::workers.select(COLUMNS).into_boxed();
    if let Some(condition) = reach::workers(reach) {
        query = query.filter(condition);
    }
    if let Some(Several(ids)) = &filter.ids {
        query = query.filter(dsl::id.eq_any(ids));
    }
    if let Some(area) = &filter.area {
        query = query.filter(dsl::area.eq_any(with_wards(area)));
    }
    if let Some(statuses) = &filter.status {
        query = with_codes!(query, dsl::status, statuses);
    }
    if let Some(skill) = &filter.skill {
        let having = worker_skills::table
            .filter(worker_skills::skill.eq(skill))
            .select(worker_skills::worker_id);
        query = query.filter(dsl::id.eq_any(having));
    }
    if let Some(role) = &filter.role {
        let having = worker_roles::table
            .filter(worker_roles::role.eq(role))
            .select(worker_roles::worker_id);
        query = query.filter(dsl::id.eq_any(having));
    }
    let columns: &[&str] = if personal_data {
        &["grams", "personal_grams"]
    } else {
        &["grams"]
    };
    let q = filter.q.as_deref().unwrap_or_default();
    let words: Vec<search::Word> = match letters_in(q) {
        Some(letters) => search::words(&letters)
            .into_iter()
            .map(|word| word.or_gram(letters_gram(&letters)))
            .collect(),
        None => search::words(q),
    };
    for word in &words {
        query = query.filter(search::condition(db, "workers", columns, word));
    }
    query
}

/// Returns the list's query, before its limit.
pub fn query<'a>(db: &Db, reach: &Reach, filter: &'a WorkerFilter, personal_data: bool) -> Result<Query<'a>> {
    use WorkerSort::*;
    let cursor = Cursor::decode(filter.cursor.as_deref(), filter.sort.code())?;
    let query = filtered(db, reach, filter, personal_data);
    let first = cursor.as_ref().map(|c| c.id);
    Ok(match filter.sort {
        Created => keyset!(query, first, dsl::id, ascending),
        CreatedDescending => keyset!(query, first, dsl::id, descending),
        Alias => keyset!(
            query,
            page::after(&cursor, |v| Some(v.to_owned()))?,
            dsl::alias,
            dsl::id,
            ascending
        ),
        AliasDescending => keyset!(
            query,
            page::after(&cursor, |v| Some(v.to_owned()))?,
            dsl::alias,
            dsl::id,
            descending
        ),
        Updated => keyset!(
            query,
            page::after(&cursor, Instant::parse)?,
            dsl::updated_at,
            dsl::id,
            ascending
        ),
        UpdatedDescending => keyset!(
            query,
            page::after(&cursor, Instant::parse)?,
            dsl::updated_at,
            dsl::id,
            descending
        ),
    })
}

pub fn insert(db: &mut Db, actor: &str, worker: &Worker) -> Result<()> {
    insert_all(db, actor, std::slice::from_ref(worker))
}

/// Inserts workers with their skills, roles and consents, and logs them.
pub fn insert_all(db: &mut Db, actor: &str, all: &[Worker]) -> Result<()> {
    let changes = insert_unlogged(db, actor, all)?;
    changes::store::append(db, actor, &changes)
}

/// Inserts workers with their skills, roles and consents. Returns what to log.
pub fn insert_unlogged(db: &mut Db, actor: &str, all: &[Worker]) -> Result<Vec<Change>> {
    for batch in all.chunks(BATCH) {
        let rows: Vec<WorkerRow> = batch.iter().map(WorkerRow::of).collect();
        insert_all!(db, workers::table, &rows).map_err(|e| on_duplicate(e, taken))?;
        write_offers(db, batch)?;
        separations::insert(db, batch)?;
        consents::insert(db, actor, batch)?;
    }
    let created = |w: &Worker| Change::new(Subject::Worker, w.id, Action::Created, w.version);
    Ok(all.iter().map(created).collect())
}

/// Writes the next version of a worker, and logs it.
pub fn update(db: &mut Db, actor: &str, worker: &Worker) -> Result<()> {
    let (change, act) = update_unlogged(db, actor, worker)?;
    changes::store::append(db, actor, &[change])?;
    act.map_or(Ok(()), |act| audit::store::append(db, &act))
}

/// Writes the next version of a worker. Returns what to log, and what to enter into the audit.
pub fn update_unlogged(db: &mut Db, actor: &str, worker: &Worker) -> Result<(Change, Option<Act>)> {
    update_version!(db, workers, key: worker.id, before: worker.version - 1,
        set: WorkerRow::of(worker), missing: missing())
    .map_err(|e| on_duplicate(e, taken))?;
    let act = update_offers(db, actor, std::slice::from_ref(worker))?.pop();
    Ok((updated(worker), act))
}

/// Writes the next versions of workers that [`find_some_external_to_change`] has locked. Returns what to log, and what to
/// enter into the audit.
pub fn update_all_unlogged(db: &mut Db, actor: &str, all: &[Worker]) -> Result<(Vec<Change>, Vec<Act>)> {
    let mut acts = Vec::new();
    for batch in all.chunks(BATCH) {
        let rows: Vec<WorkerRow> = batch.iter().map(WorkerRow::of).collect();
        // All of them exist: the conflict is how one statement updates many rows.
        on!(db, |c| diesel::insert_into(workers::table)
            .values(&rows)
            .on_conflict(dsl::id)
            .do_update()
            .set((
                dsl::status.eq(excluded(dsl::status)),
                dsl::area.eq(excluded(dsl::area)),
                dsl::alias.eq(excluded(dsl::alias)),
                dsl::profile.eq(excluded(dsl::profile)),
                dsl::personal.eq(excluded(dsl::personal)),
                dsl::grams.eq(excluded(dsl::grams)),
                dsl::personal_grams.eq(excluded(dsl::personal_grams)),
                dsl::version.eq(excluded(dsl::version)),
                dsl::updated_at.eq(excluded(dsl::updated_at)),
            ))
            .execute(c))?;
        acts.append(&mut update_offers(db, actor, batch)?);
    }
    Ok((all.iter().map(updated).collect(), acts))
}

fn updated(worker: &Worker) -> Change {
    Change::new(Subject::Worker, worker.id, Action::Updated, worker.version)
}

/// Replaces what is stored beside the records of workers. Returns what to enter into the audit.
fn update_offers(db: &mut Db, actor: &str, workers: &[Worker]) -> Result<Vec<Act>> {
    let ids: Vec<Id> = workers.iter().map(|worker| worker.id).collect();
    diesel::delete(worker_skills::table.filter(worker_skills::worker_id.eq_any(&ids))).execute(db)?;
    diesel::delete(worker_roles::table.filter(worker_roles::worker_id.eq_any(&ids))).execute(db)?;
    write_offers(db, workers)?;
    separations::update(db, workers)?;
    consents::update(db, actor, workers)
}

/// Deletes a person's record, and separates the records that were merged into it. Returns what to log.
pub fn forget(db: &mut Db, worker: &Worker) -> Result<Vec<Change>> {
    let mut changes = separate(db, worker.id)?;
    let deleted = diesel::delete(dsl::workers.find(worker.id))
        .filter(dsl::version.eq(worker.version))
        .execute(db)?;
    if deleted == 0 {
        return Err(Error::PreconditionFailed {
            current: find(db, &Reach::Everything, worker.id)?.version,
        });
    }
    idempotency::forget(db, &worker.id.to_string())?;
    let deleted = Change::new(Subject::Worker, worker.id, Action::Deleted, worker.version + 1);
    changes.push(deleted);
    Ok(changes)
}

/// Finds the record that a worker is merged into, and locks the worker until the transaction ends.
pub fn merged_into(db: &mut Db, id: Id) -> Result<Option<Id>> {
    lock_one(db, id)?;
    let into = dsl::workers.find(id).select(dsl::merged_into);
    into.get_result(db).optional()?.ok_or_else(missing)
}

/// Returns whether any other record than these is merged into this worker.
pub fn has_merged(db: &mut Db, id: Id, except: &[Id]) -> Result<bool> {
    let merged = dsl::workers
        .filter(dsl::merged_into.eq(id))
        .filter(dsl::id.ne_all(except));
    Ok(merged.select(dsl::id).first::<Id>(db).optional()?.is_some())
}

/// Merges a worker into another record, or undoes that. Returns the change to log.
pub fn merge(db: &mut Db, id: Id, into: Option<Id>, now: Instant) -> Result<Change> {
    let merged = (
        dsl::merged_into.eq(into),
        dsl::version.eq(dsl::version + 1),
        dsl::updated_at.eq(now),
    );
    diesel::update(dsl::workers.find(id)).set(merged).execute(db)?;
    let version = dsl::workers.find(id).select(dsl::version).get_result(db)?;
    Ok(Change::new(Subject::Worker, id, Action::Updated, version))
}

/// Separates the records that were merged into this one, so that they are ranked again.
fn separate(db: &mut Db, worker: Id) -> Result<Vec<Change>> {
    let merged = dsl::workers.filter(dsl::merged_into.eq(worker));
    let found = merged.select((dsl::id, dsl::version)).load::<(Id, i64)>(db)?;
    let separated = (
        dsl::merged_into.eq(None::<Id>),
        dsl::version.eq(dsl::version + 1),
        dsl::updated_at.eq(Instant::now()),
    );
    diesel::update(dsl::workers.filter(dsl::merged_into.eq(worker)))
        .set(separated)
        .execute(db)?;
    let change = |(id, version)| Change::new(Subject::Worker, id, Action::Updated, version + 1);
    Ok(found.into_iter().map(change).collect())
}

fn write_offers(db: &mut Db, workers: &[Worker]) -> Result<()> {
    let skills = workers.iter().flat_map(|w| {
        let own = w.profile.skills.iter().flatten();
        own.map(|s| {
            let level = worker_skills::level.eq(i32::from(s.level));
            (
                worker_skills::worker_id.eq(w.id),
                worker_skills::skill.eq(&s.skill),
                level,
            )
        })
    });
    for batch in skills.collect::<Vec<_>>().chunks(BATCH) {
        insert_all!(db, worker_skills::table, batch)?;
    }
    let roles = workers.iter().flat_map(|w| {
        let own: BTreeSet<&String> = w.profile.roles.iter().flatten().collect();
        own.into_iter()
            .map(|role| (worker_roles::worker_id.eq(w.id), worker_roles::role.eq(role)))
    });
    for batch in roles.collect::<Vec<_>>().chunks(BATCH) {
        insert_all!(db, worker_roles::table, batch)?;
    }
    Ok(())
}

pub fn taken() -> Error {
    Error::Conflict {
        code: "duplicate_external_id",
        detail: Text::new(
            "同じ source と external_id のワーカーがすでに登録されています。",
            "Another worker already has this source and external id.",
        ),
    }
}
