//! SQL of what was counted here of workers. A person can have several records; rankings add up what all of them have.

use crate::catalogue::calendar::{day_number, day_of_number};
use crate::changes::{Action, Change, Subject};
use crate::db::schema::{worker_records, workers::dsl as w};
use crate::db::{BATCH, Db, Id, Instant, on};
use crate::error::Result;
use crate::workers::{CountedHere, Counts, RoleRecord, Worker};
use diesel::prelude::*;
use std::collections::HashMap;
use worker_records::dsl as r;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = worker_records, treat_none_as_default_value = false, treat_none_as_null = true)]
struct Row {
    worker_id: Id,
    family: String,
    role: String,
    open: i32,
    delivered: i32,
    dropped: i32,
    ended: i32,
    placed: i32,
    last_day: Option<i32>,
    minutes: i32,
    reviews: i32,
    praise: i32,
    criticism: i32,
    withdrawn: i32,
}

impl Row {
    fn of(worker_id: Id, record: RoleRecord) -> Row {
        Row {
            worker_id,
            family: record.family,
            role: record.role,
            open: record.open.into(),
            delivered: record.delivered.into(),
            dropped: record.dropped.into(),
            ended: record.ended.into(),
            placed: record.placed.into(),
            last_day: record.last_active_on.map(day_number),
            minutes: i32::try_from(record.minutes).unwrap_or(i32::MAX),
            reviews: record.reviews.into(),
            praise: record.praise.into(),
            criticism: record.criticism.into(),
            withdrawn: record.withdrawn.into(),
        }
    }

    fn read(self) -> RoleRecord {
        let count = |n: i32| u16::try_from(n).unwrap_or(u16::MAX);
        RoleRecord {
            family: self.family,
            role: self.role,
            open: count(self.open),
            delivered: count(self.delivered),
            dropped: count(self.dropped),
            ended: count(self.ended),
            placed: count(self.placed),
            last_active_on: self.last_day.map(day_of_number),
            minutes: u32::try_from(self.minutes).unwrap_or_default(),
            reviews: count(self.reviews),
            praise: count(self.praise),
            criticism: count(self.criticism),
            withdrawn: count(self.withdrawn),
        }
    }
}

/// Adds to what was counted of a worker in a family and role. Lock the worker before. Returns what to log, or `None` if
/// nothing changes.
pub fn count(
    db: &mut Db,
    worker: Id,
    (family, role): (&str, &str),
    counts: Counts,
    now: Instant,
) -> Result<Option<Change>> {
    let found = r::worker_records.find((worker, family, role));
    let found = found.select(Row::as_select()).first(db).optional()?;
    let before = found.map(Row::read).unwrap_or_else(|| RoleRecord {
        family: family.to_owned(),
        role: role.to_owned(),
        ..RoleRecord::default()
    });
    let after = before.clone().with(counts);
    if after == before {
        return Ok(None);
    }
    let version = (w::version.eq(w::version + 1), w::updated_at.eq(now));
    if diesel::update(w::workers.find(worker)).set(version).execute(db)? == 0 {
        return Ok(None);
    }
    let row = Row::of(worker, after);
    on!(db, |c| diesel::insert_into(worker_records::table)
        .values(&row)
        .on_conflict((r::worker_id, r::family, r::role))
        .do_update()
        .set(&row)
        .execute(c))?;
    let version = w::workers.find(worker).select(w::version).get_result(db)?;
    Ok(Some(Change::new(
        Subject::Worker,
        worker,
        Action::Updated,
        version,
    )))
}

/// Returns what was counted of one record.
pub fn of_record(db: &mut Db, worker: Id) -> Result<CountedHere> {
    let rows = r::worker_records.filter(r::worker_id.eq(worker));
    let rows = rows.order((r::family, r::role)).select(Row::as_select());
    let mut counted = CountedHere::default();
    for row in rows.load(db)? {
        counted.add(row.read());
    }
    Ok(counted)
}

/// Adds to each worker what was counted of this record.
pub fn fill(db: &mut Db, workers: &mut [Worker]) -> Result<()> {
    for batch in workers.chunks_mut(BATCH) {
        let ids: Vec<Id> = batch.iter().map(|worker| worker.id).collect();
        let of_some = r::worker_records.filter(r::worker_id.eq_any(&ids));
        let rows = of_some.order((r::worker_id, r::family, r::role));
        let mut found: HashMap<Id, CountedHere> = HashMap::new();
        for row in rows.select(Row::as_select()).load(db)? {
            found.entry(row.worker_id).or_default().add(row.read());
        }
        for worker in batch {
            worker.here = found.remove(&worker.id).unwrap_or_default();
        }
    }
    Ok(())
}

/// Adds to a worker what was counted of the other records of the same person.
pub fn complete(db: &mut Db, worker: &mut Worker) -> Result<()> {
    let person = worker.merged_into.unwrap_or(worker.id);
    worker.here = of_people(db, &[person])?.remove(&person).unwrap_or_default();
    Ok(())
}

/// Selects the records with the person whose they are.
macro_rules! of_people {
    () => {
        w::workers
            .inner_join(r::worker_records.on(r::worker_id.eq(w::id)))
            .order((r::worker_id, r::family, r::role))
            .select((w::merged_into, Row::as_select()))
    };
}

/// Returns what was counted of these people, by the record that represents them.
pub fn of_people(db: &mut Db, people: &[Id]) -> Result<HashMap<Id, CountedHere>> {
    let mut found = HashMap::new();
    for ids in people.chunks(BATCH) {
        let own = w::id.eq_any(ids).nullable();
        let rows = of_people!().filter(own.or(w::merged_into.eq_any(ids)));
        add_up(&mut found, rows.load(db)?);
    }
    Ok(found)
}

/// Returns what was counted of everyone, by the record that represents them.
pub fn of_everyone(db: &mut Db) -> Result<HashMap<Id, CountedHere>> {
    let mut found = HashMap::new();
    add_up(&mut found, of_people!().load(db)?);
    Ok(found)
}

fn add_up(people: &mut HashMap<Id, CountedHere>, rows: Vec<(Option<Id>, Row)>) {
    for (merged_into, row) in rows {
        let person = merged_into.unwrap_or(row.worker_id);
        people.entry(person).or_default().add(row.read());
    }
}
