//! SQL of applications.

use super::rules::{Taken, already_applied, role_filled};
use super::{
    Application, ApplicationFilter, ApplicationRecord, ApplicationSort, ApplicationStatus, Outcome, Tally,
};
use crate::auth::Reach;
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::applications;
use crate::db::{BATCH, Db, Id, Instant, keyset, on_duplicate, update_version};
use crate::error::{Error, Result};
use crate::http::page;
use crate::http::{Cursor, Page};
use crate::reach::store as reach;
use applications::dsl;
use diesel::dsl::count_star;
use diesel::prelude::*;
use std::collections::{HashMap, HashSet};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = applications, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct ApplicationRow {
    id: Id,
    deliverable_id: Id,
    worker_id: Option<Id>,
    role: String,
    place: Option<i32>,
    message: Option<String>,
    status: String,
    reason: Option<String>,
    note: Option<String>,
    created_by: String,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
    partner_id: Option<Id>,
    sandbox: bool,
}

impl ApplicationRow {
    fn of(application: &Application) -> ApplicationRow {
        let application = application.clone();
        let outcome = application.outcome;
        ApplicationRow {
            id: application.id,
            deliverable_id: application.deliverable_id,
            worker_id: application.worker_id,
            role: application.role.into(),
            place: application.place.map(i32::from),
            message: application.message,
            status: outcome.status.code().to_owned(),
            reason: outcome.reason.map(|reason| reason.code().to_owned()),
            note: outcome.note,
            created_by: application.created_by,
            version: application.version,
            created_at: application.created_at,
            updated_at: application.updated_at,
            partner_id: application.partner_id,
            sandbox: application.sandbox,
        }
    }

    fn read(self) -> Result<Application> {
        let invalid = |_| Error::Internal(format!("application {} has an unknown status or reason", self.id));
        let reason = self
            .reason
            .map(|code| code.parse().map_err(invalid))
            .transpose()?;
        let status = self.status.parse().map_err(invalid)?;
        Ok(Application {
            id: self.id,
            deliverable_id: self.deliverable_id,
            worker_id: self.worker_id,
            role: self.role.into(),
            place: self.place.map(number),
            message: self.message,
            outcome: Outcome {
                status,
                reason,
                note: self.note,
            },
            partner_id: self.partner_id,
            sandbox: self.sandbox,
            created_by: self.created_by,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Reads the number of a place, 1 to 20.
fn number(place: i32) -> u16 {
    u16::try_from(place).unwrap_or(0)
}

fn missing() -> Error {
    Error::not_found("応募", "application")
}

/// Finds an application within the reach.
pub fn find(db: &mut Db, reach: &Reach, id: Id) -> Result<Application> {
    let mut query = dsl::applications
        .find(id)
        .select(ApplicationRow::as_select())
        .into_boxed();
    if let Some(condition) = reach::applications(reach) {
        query = query.filter(condition);
    }
    let found = query.first(db).optional()?;
    found.ok_or_else(missing)?.read()
}

/// Lists the taken places of a deliverable.
pub fn taken(db: &mut Db, deliverable: Id) -> Result<Taken> {
    let taken = taken_of(db, &[deliverable])?;
    Ok(taken.into_values().next().unwrap_or_default())
}

/// Lists the taken places of each deliverable. Leaves out deliverables without taken places.
pub fn taken_of(db: &mut Db, deliverables: &[Id]) -> Result<HashMap<Id, Taken>> {
    let accepted = dsl::applications
        .filter(dsl::deliverable_id.eq_any(deliverables))
        .filter(dsl::status.eq(ApplicationStatus::Accepted.code()))
        .select((dsl::deliverable_id, dsl::role, dsl::place.assume_not_null()));
    let mut taken: HashMap<Id, Taken> = HashMap::new();
    for (id, role, place) in accepted.load::<(Id, String, i32)>(db)? {
        taken.entry(id).or_default().push((role, number(place)));
    }
    Ok(taken)
}

/// Returns whether any of these workers has a place in the deliverable's team.
pub fn has_place(db: &mut Db, deliverable: Id, workers: &[Id]) -> Result<bool> {
    let accepted = dsl::applications
        .filter(dsl::deliverable_id.eq(deliverable))
        .filter(dsl::worker_id.eq_any(workers))
        .filter(dsl::status.eq(ApplicationStatus::Accepted.code()))
        .select(dsl::id);
    Ok(accepted.first::<Id>(db).optional()?.is_some())
}

/// Counts the applications of these workers for a deliverable, ended ones included.
pub fn count(db: &mut Db, deliverable: Id, workers: &[Id]) -> Result<i64> {
    let own = dsl::applications
        .filter(dsl::deliverable_id.eq(deliverable))
        .filter(dsl::worker_id.eq_any(workers));
    Ok(own.count().get_result(db)?)
}

/// Lists the ids of the deliverables that these applications are for.
pub fn deliverables_of(db: &mut Db, ids: &[Id]) -> Result<Vec<Id>> {
    let mut found = Vec::new();
    for ids in ids.chunks(BATCH) {
        let some = dsl::applications
            .filter(dsl::id.eq_any(ids))
            .select(dsl::deliverable_id);
        found.append(&mut some.load(db)?);
    }
    Ok(found)
}

/// Counts the applications for each deliverable, without those of sandbox partners. Leaves out deliverables
/// without applications.
pub fn tallies(db: &mut Db, deliverables: &[Id]) -> Result<HashMap<Id, Tally>> {
    let mut tallies = HashMap::new();
    for ids in deliverables.chunks(BATCH) {
        // Only accepted applications have a place, so this counts the taken places.
        let counts = dsl::applications
            .filter(dsl::sandbox.eq(false))
            .filter(dsl::deliverable_id.eq_any(ids))
            .group_by(dsl::deliverable_id)
            .select((dsl::deliverable_id, count_star(), diesel::dsl::count(dsl::place)));
        let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        for (id, answers, filled) in counts.load::<(Id, i64, i64)>(db)? {
            let (answers, filled) = (number(answers), number(filled));
            tallies.insert(id, Tally { answers, filled });
        }
    }
    Ok(tallies)
}

pub fn list(db: &mut Db, reach: &Reach, filter: &ApplicationFilter) -> Result<Page<Application>> {
    let (limit, sort) = (page::limit(filter.limit)?, filter.sort);
    let rows = query(reach, filter)?.limit(limit + 1).load(db)?;
    let found: Result<Vec<Application>> = rows.into_iter().map(ApplicationRow::read).collect();
    Ok(Page::of(found?, limit, |last: &Application| {
        use ApplicationSort::*;
        let value = match sort {
            Created | CreatedDescending => String::new(),
            Updated | UpdatedDescending => last.updated_at.to_string(),
        };
        Cursor {
            sort: sort.code().to_owned(),
            value,
            id: last.id,
        }
    }))
}

type Query<'a> = applications::BoxedQuery<
    'a,
    crate::db::Backend,
    diesel::dsl::SqlTypeOf<diesel::dsl::AsSelect<ApplicationRow, crate::db::Backend>>,
>;

/// Returns the query of a list, still without a limit.
pub fn query<'a>(reach: &Reach, filter: &'a ApplicationFilter) -> Result<Query<'a>> {
    use ApplicationSort::*;
    let cursor = Cursor::decode(filter.cursor.as_deref(), filter.sort.code())?;
    let mut query = dsl::applications.select(ApplicationRow::as_select()).into_boxed();
    if let Some(condition) = reach::applications(reach) {
        query = query.filter(condition);
    }
    if let Some(id) = filter.deliverable_id {
        query = query.filter(dsl::deliverable_id.eq(id));
    }
    if let Some(id) = filter.worker_id {
        query = query.filter(dsl::worker_id.eq(id));
    }
    if let Some(statuses) = &filter.status {
        query = query.filter(dsl::status.eq_any(statuses.codes()));
    }
    if let Some(role) = &filter.role {
        query = query.filter(dsl::role.eq(role.as_str()));
    }
    let first = cursor.as_ref().map(|c| c.id);
    Ok(match filter.sort {
        Created => keyset!(query, first, dsl::id, ascending),
        CreatedDescending => keyset!(query, first, dsl::id, descending),
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

pub fn insert(db: &mut Db, actor: &str, application: &Application) -> Result<()> {
    diesel::insert_into(applications::table)
        .values(ApplicationRow::of(application))
        .execute(db)
        .map_err(|error| on_duplicate(error, already_applied))?;
    let change = Change::new(
        Subject::Application,
        application.id,
        Action::Created,
        application.version,
    );
    changes::store::append(db, actor, &[change])
}

/// Lists the applications for a deliverable in any of these statuses.
pub fn of_deliverable(
    db: &mut Db,
    deliverable: Id,
    statuses: &[ApplicationStatus],
) -> Result<Vec<Application>> {
    let statuses = statuses.iter().map(|status| status.code());
    let rows = dsl::applications
        .filter(dsl::deliverable_id.eq(deliverable))
        .filter(dsl::status.eq_any(statuses))
        .order(dsl::id)
        .select(ApplicationRow::as_select())
        .load(db)?;
    rows.into_iter().map(ApplicationRow::read).collect()
}

/// Locks the applications for a deliverable that haven't ended, until the transaction ends: erasing a worker changes them
/// without the deliverable.
pub fn lock_active(db: &mut Db, deliverable: Id) -> Result<()> {
    if let Db::Pg(c) = db {
        let lock = diesel::sql_query(
            "SELECT 1 FROM applications WHERE deliverable_id = $1 AND status IN ('submitted', 'accepted')
             ORDER BY id FOR UPDATE",
        );
        lock.bind::<diesel::sql_types::Uuid, _>(deliverable.0)
            .execute(c)?;
    }
    Ok(())
}

/// Lists the applications of these workers for these deliverables, oldest first, ended ones included.
pub fn of_workers(db: &mut Db, deliverables: Option<&[Id]>, workers: &[Id]) -> Result<Vec<Application>> {
    let mut found = Vec::new();
    for workers in workers.chunks(BATCH) {
        let mut query = dsl::applications
            .filter(dsl::worker_id.assume_not_null().eq_any(workers))
            .order(dsl::id)
            .select(ApplicationRow::as_select())
            .into_boxed();
        if let Some(deliverables) = deliverables {
            query = query.filter(dsl::deliverable_id.eq_any(deliverables));
        }
        found.extend(query.load(db)?);
    }
    found.into_iter().map(ApplicationRow::read).collect()
}

/// Writes the next version of an application, and logs it.
pub fn update(db: &mut Db, actor: &str, application: &Application) -> Result<()> {
    let change = update_unlogged(db, application)?;
    changes::store::append(db, actor, &[change])
}

/// Writes the next version of an application. Returns what to log.
pub fn update_unlogged(db: &mut Db, application: &Application) -> Result<Change> {
    let (id, before, row) = (
        application.id,
        application.version - 1,
        ApplicationRow::of(application),
    );
    update_version!(db, applications, key: id, before: before, set: row, missing: missing())
        .map_err(|error| on_duplicate(error, || role_filled(&application.role)))?;
    Ok(Change::new(
        Subject::Application,
        id,
        Action::Updated,
        application.version,
    ))
}

/// Returns those of these workers who have applied for something.
pub fn workers_who_applied(db: &mut Db, workers: &[Id]) -> Result<HashSet<Id>> {
    let mut found = HashSet::new();
    for workers in workers.chunks(BATCH) {
        let worker = dsl::worker_id.assume_not_null();
        let applied = dsl::applications.filter(worker.eq_any(workers)).select(worker);
        found.extend(applied.load::<Id>(db)?);
    }
    Ok(found)
}

/// Returns those of these deliverables that have an application.
pub fn deliverables_applied_for(db: &mut Db, deliverables: &[Id]) -> Result<HashSet<Id>> {
    let mut found = HashSet::new();
    for deliverables in deliverables.chunks(BATCH) {
        let applied = dsl::applications
            .filter(dsl::deliverable_id.eq_any(deliverables))
            .select(dsl::deliverable_id);
        found.extend(applied.load::<Id>(db)?);
    }
    Ok(found)
}

/// Clears the worker and the texts in a person's applications. The applications stay, and are still counted.
/// Returns the changes for the caller to log.
pub fn forget(db: &mut Db, worker: Id) -> Result<Vec<Change>> {
    let own = dsl::applications.filter(dsl::worker_id.eq(worker));
    let found = own.select((dsl::id, dsl::version)).load::<(Id, i64)>(db)?;
    let forgotten = (
        dsl::worker_id.eq(None::<Id>),
        dsl::message.eq(None::<String>),
        dsl::note.eq(None::<String>),
        dsl::version.eq(dsl::version + 1),
        dsl::updated_at.eq(Instant::now()),
    );
    diesel::update(dsl::applications.filter(dsl::worker_id.eq(worker)))
        .set(forgotten)
        .execute(db)?;
    Ok(found.into_iter().map(next_version).collect())
}

fn next_version((id, version): (Id, i64)) -> Change {
    Change::new(Subject::Application, id, Action::Updated, version + 1)
}

/// Clears the messages and notes of up to `limit` applications that ended before the moment `before`.
/// Returns the changes for the caller to log.
pub fn forget_messages(db: &mut Db, before: Instant, limit: i64) -> Result<Vec<Change>> {
    let ended = dsl::applications
        .filter(dsl::updated_at.lt(before))
        .filter(dsl::status.eq_any(["declined", "withdrawn"]))
        .filter(dsl::message.is_not_null().or(dsl::note.is_not_null()))
        .order(dsl::updated_at)
        .limit(limit)
        .select((dsl::id, dsl::version));
    let ended = ended.load::<(Id, i64)>(db)?;
    let ids: Vec<Id> = ended.iter().map(|(id, _)| *id).collect();
    let forgotten = (
        dsl::message.eq(None::<String>),
        dsl::note.eq(None::<String>),
        dsl::version.eq(dsl::version + 1),
        dsl::updated_at.eq(Instant::now()),
    );
    diesel::update(dsl::applications.filter(dsl::id.eq_any(ids)))
        .set(forgotten)
        .execute(db)?;
    Ok(ended.into_iter().map(next_version).collect())
}

/// Returns a person's applications for their export, oldest first.
pub fn held_on(db: &mut Db, worker: Id) -> Result<Vec<ApplicationRecord>> {
    let own = dsl::applications.filter(dsl::worker_id.eq(worker));
    let rows = own.order(dsl::id).select(ApplicationRow::as_select());
    let record = |row: ApplicationRow| ApplicationRecord {
        id: row.id,
        deliverable_id: row.deliverable_id,
        role: row.role,
        status: row.status,
        reason: row.reason,
        message: row.message,
        note: row.note,
        created_by: row.created_by,
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    Ok(rows.load(db)?.into_iter().map(record).collect())
}
