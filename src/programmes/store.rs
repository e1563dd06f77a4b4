//! SQL of programmes.

use super::{DatedStep, NewProgramme, Programme, ProgrammeFilter, ProgrammeRecordKind, ProgrammeStep};
use crate::auth::{Reach, access_denied};
use crate::catalogue::calendar::{day_number, day_of_number};
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{programme_areas, programme_records, programme_steps, programmes};
use crate::db::{Db, Doc, Id, Instant, insert_all, keyset, lock, update_version};
use crate::error::{Error, Result};
use crate::http::query::with_codes;
use crate::http::{Cursor, Page, Paging, page};
use crate::reach::store as reach;
use crate::values::with_wards;
use diesel::prelude::*;
use programme_areas::dsl as a;
use programme_records::dsl as r;
use programme_steps::dsl as s;
use programmes::dsl;
use std::collections::HashMap;

/// The name of the order in cursors.
const ORDER: &str = "-created_at";

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = programmes, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct ProgrammeRow {
    id: Id,
    kind: String,
    fiscal_year: i32,
    record: Doc<NewProgramme>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

impl ProgrammeRow {
    fn of(programme: &Programme) -> ProgrammeRow {
        ProgrammeRow {
            id: programme.id,
            kind: programme.plan.kind.code().to_owned(),
            fiscal_year: programme.plan.fiscal_year,
            record: Doc(programme.plan.clone()),
            version: programme.version,
            created_at: programme.created_at,
            updated_at: programme.updated_at,
        }
    }

    fn read(self) -> Programme {
        Programme {
            id: self.id,
            plan: self.record.0,
            notices: Vec::new(),
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = programme_areas, treat_none_as_default_value = false)]
struct AreaRow {
    programme_id: Id,
    area: String,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = programme_steps, treat_none_as_default_value = false)]
struct StepRow {
    id: Id,
    programme_id: Id,
    kind: String,
    day: i32,
    title: Option<String>,
    waits: bool,
    created_at: Instant,
}

pub fn missing() -> Error {
    Error::not_found("プログラム", "programme")
}

pub fn find(db: &mut Db, id: Id) -> Result<Programme> {
    let found = dsl::programmes.find(id).select(ProgrammeRow::as_select());
    let found = found.get_result(db).optional()?;
    found.map(ProgrammeRow::read).ok_or_else(missing)
}

/// Finds a programme that the caller may change, and locks it until the transaction ends. Everybody sees the others, so those
/// are refused.
pub fn find_for_update(db: &mut Db, reach: &Reach, id: Id) -> Result<Programme> {
    lock(db, &format!("programme/{id}"))?;
    let mut query = dsl::programmes
        .find(id)
        .select(ProgrammeRow::as_select())
        .into_boxed();
    if let Some(condition) = reach::own_programmes(reach) {
        query = query.filter(condition);
    }
    match query.get_result(db).optional()? {
        Some(found) => Ok(found.read()),
        None => find(db, id).and(Err(access_denied())),
    }
}

/// Lists programmes, newest first.
pub fn list(db: &mut Db, filter: &ProgrammeFilter) -> Result<Page<Programme>> {
    let limit = page::limit(filter.limit)?;
    let first = Cursor::decode(filter.cursor.as_deref(), ORDER)?.map(|cursor| cursor.id);
    let all = || {
        let mut query = dsl::programmes.select(ProgrammeRow::as_select()).into_boxed();
        if let Some(year) = filter.fiscal_year {
            query = query.filter(dsl::fiscal_year.eq(year));
        }
        if let Some(kinds) = &filter.kind {
            query = with_codes!(query, dsl::kind, kinds);
        }
        if let Some(area) = &filter.area {
            let there = a::programme_areas.filter(a::area.eq_any(with_wards(area)));
            query = query.filter(dsl::id.eq_any(there.select(a::programme_id)));
        }
        query
    };
    let query = keyset!(all(), first, dsl::id, descending);
    let rows: Vec<ProgrammeRow> = query.limit(limit + 1).load(db)?;
    let found = rows.into_iter().map(ProgrammeRow::read).collect();
    let page = Page::of(found, limit, |last: &Programme| Cursor {
        sort: ORDER.to_owned(),
        value: String::new(),
        id: last.id,
    });
    page.counted(filter.count, || {
        let all = all().select(dsl::id).limit(page::COUNTED);
        Ok(all.load::<Id>(db)?.len())
    })
}

/// Lists the programmes of some fiscal years: all, or those for some areas and those for all areas.
pub fn of_years(
    db: &mut Db,
    areas: Option<&[String]>,
    (from, to): (i32, i32),
    with_demo: bool,
    limit: i64,
) -> Result<Vec<Programme>> {
    let mut query = dsl::programmes
        .filter(dsl::fiscal_year.between(from, to))
        .order((dsl::fiscal_year, dsl::id))
        .limit(limit)
        .select(ProgrammeRow::as_select())
        .into_boxed();
    if !with_demo {
        query = query.filter(dsl::demo.eq(false));
    }
    if let Some(areas) = areas {
        let there = a::programme_areas.filter(a::area.eq_any(areas));
        let there = dsl::id.eq_any(there.select(a::programme_id));
        let of_some = a::programme_areas.select(a::programme_id);
        query = query.filter(there.or(dsl::id.ne_all(of_some)));
    }
    Ok(query.load(db)?.into_iter().map(ProgrammeRow::read).collect())
}

/// Marks a programme as made up for the demonstration.
pub fn mark_demo(db: &mut Db, id: Id) -> Result<()> {
    diesel::update(dsl::programmes.find(id))
        .set(dsl::demo.eq(true))
        .execute(db)?;
    Ok(())
}

pub fn insert(db: &mut Db, actor: &str, programme: &Programme) -> Result<()> {
    diesel::insert_into(programmes::table)
        .values(ProgrammeRow::of(programme))
        .execute(db)?;
    insert_areas(db, programme)?;
    insert_steps(db, programme, HashMap::new())?;
    log(db, actor, programme, Action::Created)
}

/// Writes the next version of a programme. A step keeps its id as long as there are as many of its kind.
pub fn update(db: &mut Db, actor: &str, programme: &Programme) -> Result<()> {
    let (id, before, row) = (programme.id, programme.version - 1, ProgrammeRow::of(programme));
    update_version!(db, programmes, key: id, before: before, set: row, missing: missing())?;
    diesel::delete(a::programme_areas.filter(a::programme_id.eq(id))).execute(db)?;
    insert_areas(db, programme)?;
    let steps = s::programme_steps.filter(s::programme_id.eq(id));
    let known = steps.order(s::id).select((s::kind, s::id, s::created_at));
    let mut ids: HashMap<String, Vec<(Id, Instant)>> = HashMap::new();
    for (kind, id, created_at) in known.load::<(String, Id, Instant)>(db)?.into_iter().rev() {
        ids.entry(kind).or_default().push((id, created_at));
    }
    diesel::delete(s::programme_steps.filter(s::programme_id.eq(id))).execute(db)?;
    insert_steps(db, programme, ids)?;
    log(db, actor, programme, Action::Updated)
}

fn insert_areas(db: &mut Db, programme: &Programme) -> Result<()> {
    let row = |area: &crate::values::AreaCode| AreaRow {
        programme_id: programme.id,
        area: area.to_string(),
    };
    let rows: Vec<AreaRow> = programme.plan.areas.iter().map(row).collect();
    insert_all!(db, programme_areas::table, &rows)?;
    Ok(())
}

/// Inserts the steps, with the ids that steps of their kind had, the first of which is the last of the list.
fn insert_steps(
    db: &mut Db,
    programme: &Programme,
    mut ids: HashMap<String, Vec<(Id, Instant)>>,
) -> Result<()> {
    let row = |step: &ProgrammeStep| {
        let kind = step.kind.code();
        let known = ids.get_mut(kind).and_then(Vec::pop);
        let (id, created_at) = known.unwrap_or_else(|| (Id::new(), programme.updated_at));
        StepRow {
            id,
            programme_id: programme.id,
            kind: kind.to_owned(),
            day: day_number(step.on),
            title: step.title.clone(),
            waits: !step.done,
            created_at,
        }
    };
    let rows: Vec<StepRow> = programme.plan.calendar.iter().map(row).collect();
    insert_all!(db, programme_steps::table, &rows)?;
    Ok(())
}

fn log(db: &mut Db, actor: &str, programme: &Programme, action: Action) -> Result<()> {
    let change = Change::new(Subject::Programme, programme.id, action, programme.version);
    changes::store::append(db, actor, &[change])
}

/// Lists the steps of programmes that the caller may change which aren't done and whose day is at most `until`, oldest
/// first.
pub fn waiting(
    db: &mut Db,
    reach: &Reach,
    until: i32,
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<DatedStep>> {
    let mut query = s::programme_steps
        .filter(s::waits.eq(true))
        .filter(s::day.le(until))
        .order(s::id)
        .limit(limit)
        .into_boxed();
    if let Some(condition) = reach::own_programme_steps(reach) {
        query = query.filter(condition);
    }
    if let Some(after) = after {
        query = query.filter(s::id.gt(after));
    }
    let rows = query.load(db)?;
    dated_steps(db, rows)
}

/// Lists the steps from a day on of the programmes that concern a caller, by day.
pub fn dated(db: &mut Db, reach: &Reach, from: i32, limit: i64) -> Result<Vec<DatedStep>> {
    let mut query = s::programme_steps
        .filter(s::day.ge(from))
        .order((s::day, s::id))
        .limit(limit)
        .into_boxed();
    if let Some(condition) = reach::programme_steps_nearby(reach) {
        query = query.filter(condition);
    }
    let rows = query.load(db)?;
    dated_steps(db, rows)
}

fn dated_steps(db: &mut Db, rows: Vec<StepRow>) -> Result<Vec<DatedStep>> {
    let ids: Vec<Id> = rows.iter().map(|row| row.programme_id).collect();
    let of = dsl::programmes
        .filter(dsl::id.eq_any(ids))
        .select(ProgrammeRow::as_select());
    let of: HashMap<Id, Programme> = of.load(db)?.into_iter().map(|row| (row.id, row.read())).collect();
    let step = |row: StepRow| {
        let programme = of.get(&row.programme_id)?;
        let day = day_of_number(row.day);
        let is_stored =
            |step: &&ProgrammeStep| step.kind.code() == row.kind && step.on == day && step.title == row.title;
        let last_day = programme
            .plan
            .calendar
            .iter()
            .find(is_stored)
            .and_then(|step| step.until);
        Some(DatedStep {
            id: row.id,
            programme_id: row.programme_id,
            kind: row.kind.parse().ok()?,
            day,
            last_day: last_day.unwrap_or(day),
            title: row.title,
            programme: programme.plan.title.clone(),
            since: row.created_at,
            version: programme.version,
            changed_at: programme.updated_at,
        })
    };
    Ok(rows.into_iter().filter_map(step).collect())
}

/// A record of a programme: its id, its kind, and since when it belongs there.
pub type Member = (Id, ProgrammeRecordKind, Instant);

/// Lets one decide at a time to which programme a record belongs, and to which fiscal year. Lock it before you read either.
pub fn lock_record(db: &mut Db, id: Id) -> Result<()> {
    lock(db, &format!("programme_record/{id}"))
}

/// Adds a record, which is locked, to a programme. Returns false if it belongs to one already.
pub fn insert_record(
    db: &mut Db,
    programme: Id,
    kind: ProgrammeRecordKind,
    id: Id,
    now: Instant,
) -> Result<bool> {
    let known = r::programme_records.find(id).select(r::record_id);
    if known.get_result::<Id>(db).optional()?.is_some() {
        return Ok(false);
    }
    let row = (
        r::record_id.eq(id),
        r::programme_id.eq(programme),
        r::kind.eq(kind.code()),
        r::added_at.eq(now),
    );
    diesel::insert_into(programme_records::table)
        .values(row)
        .execute(db)?;
    Ok(true)
}

/// Returns the fiscal year of the programme that a record belongs to.
pub fn year_of_record(db: &mut Db, id: Id) -> Result<Option<i32>> {
    let own = r::programme_records.find(id).select(r::programme_id);
    let programme = dsl::programmes.filter(dsl::id.eq_any(own));
    Ok(programme.select(dsl::fiscal_year).first(db).optional()?)
}

/// Takes a record out of a programme. Returns whether it was there.
pub fn delete_record(db: &mut Db, programme: Id, id: Id) -> Result<bool> {
    let there = r::programme_records
        .find(id)
        .filter(r::programme_id.eq(programme));
    Ok(diesel::delete(there).execute(db)? == 1)
}

/// Returns up to `limit` records of a programme.
pub fn members(db: &mut Db, programme: Id, limit: i64) -> Result<Vec<Member>> {
    let of_programme = r::programme_records.filter(r::programme_id.eq(programme));
    let rows = of_programme
        .select((r::record_id, r::kind, r::added_at))
        .limit(limit);
    read_members(programme, rows.load(db)?)
}

fn read_members(programme: Id, rows: Vec<(Id, String, Instant)>) -> Result<Vec<Member>> {
    let unknown = || Error::Internal(format!("a record of programme {programme} is of an unknown kind"));
    let read = |(id, kind, at): (Id, String, Instant)| Ok((id, kind.parse().map_err(|_| unknown())?, at));
    rows.into_iter().map(read).collect()
}

/// Lists the records of a programme in the order of their ids.
pub fn records(db: &mut Db, programme: Id, paging: &Paging) -> Result<Page<Member>> {
    const ORDER: &str = "record_id";
    let limit = page::limit(paging.limit)?;
    let first = Cursor::decode(paging.cursor.as_deref(), ORDER)?.map(|cursor| cursor.id);
    let query = r::programme_records
        .filter(r::programme_id.eq(programme))
        .select((r::record_id, r::kind, r::added_at))
        .into_boxed();
    let query = keyset!(query, first, r::record_id, ascending).limit(limit + 1);
    let rows = read_members(programme, query.load(db)?)?;
    Ok(Page::of(rows, limit, |last: &Member| Cursor {
        sort: ORDER.to_owned(),
        value: String::new(),
        id: last.0,
    }))
}
