//! SQL of events. `registrations`: who comes, and what they answered. `listed`: what everybody sees.

pub mod departures;
pub mod listed;
pub mod registrations;

use super::rules::{days_of_times, first_day, last_moment};
use super::{Event, EventFilter, EventSort, EventStatus, NewEvent, Schedule, TimeNumbers};
use crate::auth::Reach;
use crate::catalogue::calendar::{day_number, fiscal_year, midnight_in_tokyo};
use crate::changes::{Action, Change, Subject};
use crate::db::schema::{event_areas, event_days, event_follows, event_hosts, events};
use crate::db::search::Condition;
use crate::db::{BATCH, Db, Doc, Id, Instant, insert_all, keyset, lock, update_version};
use crate::error::{Error, Result};
use crate::http::query::{Several, with_codes};
use crate::http::{Cursor, Page, page};
use crate::reach::store as reach;
use crate::values::with_wards;
use chrono::{Datelike, Months, NaiveDate};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use event_areas::dsl as a;
use event_days::dsl as d;
use event_follows::dsl as f;
use event_hosts::dsl as h;
use events::dsl;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};
use text::Sought;

/// An event as it is stored: its plan, and what follows from earlier changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    plan: NewEvent,
    moved_at: Option<Instant>,
    /// Earlier releases moved nothing but times, and don't write this.
    #[serde(default)]
    is_rescheduled: Option<bool>,
    #[serde(default)]
    earlier: Vec<Schedule>,
    #[serde(default)]
    numbers: TimeNumbers,
    published_at: Option<Instant>,
    /// What is public while a change waits.
    #[serde(default)]
    released: Option<NewEvent>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = events, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct EventRow {
    id: Id,
    kind: String,
    status: String,
    is_public: bool,
    fiscal_year: i32,
    first_day: i32,
    ends_at: Instant,
    programme_id: Option<Id>,
    series: Option<String>,
    tags: String,
    grams: String,
    record: Doc<Stored>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

/// The tags by which lists of events are filtered.
pub const FREE: &str = " free ";
pub const ONLINE: &str = " online ";
pub const WHEELCHAIR: &str = " wheelchair ";

/// Returns what a word is searched in: the event's texts, folded.
fn grams(plan: &NewEvent) -> String {
    let texts = [
        Some(&plan.title),
        plan.kana.as_ref(),
        plan.series.as_ref(),
        plan.description.as_ref(),
        plan.audience.as_ref(),
        plan.place.as_ref().map(|place| &place.name),
        plan.place.as_ref().and_then(|place| place.address.as_ref()),
    ];
    searched(texts.into_iter().flatten().map(String::as_str))
}

/// Folds texts into what is searched: the letters of each in their spellings, and then the marks of all, each between spaces.
pub fn searched<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let (mut parts, mut marks): (Vec<String>, _) = (Vec::new(), BTreeSet::new());
    for text in texts {
        parts.extend(text::spellings(text).into_iter().map(String::from_iter));
        marks.append(&mut text::marks(text));
    }
    parts.extend(marks);
    format!(" {} ", parts.join(" "))
}

/// The patterns of LIKE by which a word is found: as it is written, or with its legal form in full. No letter is a wildcard, and
/// signs are wide.
pub struct Patterns {
    pub own: String,
    pub in_full: String,
}

/// Returns the patterns by which a search finds its words.
pub fn patterns(q: Option<&str>) -> Vec<Patterns> {
    let of_word = |sought: Sought| {
        let patterns: Vec<String> = match sought {
            Sought::Mark(mark) => vec![format!("% {mark} %")],
            Sought::Letters(spellings) => {
                let spellings = spellings.into_iter().map(String::from_iter);
                spellings.map(|letters| format!("%{letters}%")).collect()
            }
        };
        let own = patterns.first().cloned().unwrap_or_default();
        Patterns {
            in_full: patterns.last().unwrap_or(&own).clone(),
            own,
        }
    };
    text::sought(q.unwrap_or_default())
        .into_iter()
        .map(of_word)
        .collect()
}

impl EventRow {
    fn of(event: &Event) -> EventRow {
        // Lists find what everybody sees. Only the status is that of a change that waits.
        let plan = event.released.as_ref().unwrap_or(&event.plan);
        let mut tags = String::new();
        for (tag, has) in [
            (FREE, plan.fee_yen == Some(0)),
            (ONLINE, plan.online),
            (
                WHEELCHAIR,
                plan.place.as_ref().and_then(|place| place.wheelchair) == Some(true),
            ),
        ] {
            tags += if has { tag } else { "" };
        }
        EventRow {
            id: event.id,
            kind: plan.kind.code().to_owned(),
            status: event.plan.status.code().to_owned(),
            is_public: event.is_public(),
            fiscal_year: year_of(plan),
            first_day: first_day(plan).map(day_number).unwrap_or_default(),
            ends_at: last_moment(plan).unwrap_or(event.created_at),
            programme_id: plan.programme_id,
            series: plan.series.clone(),
            tags,
            grams: grams(plan),
            record: Doc(Stored {
                plan: event.plan.clone(),
                moved_at: event.moved_at,
                is_rescheduled: Some(event.is_rescheduled),
                earlier: event.earlier.clone(),
                numbers: event.numbers.clone(),
                published_at: event.published_at,
                released: event.released.clone(),
            }),
            version: event.version,
            created_at: event.created_at,
            updated_at: event.updated_at,
        }
    }

    fn read_public(self) -> Event {
        self.read().as_public()
    }

    fn read(self) -> Event {
        let Stored {
            plan,
            moved_at,
            is_rescheduled,
            earlier,
            numbers,
            published_at,
            released,
        } = self.record.0;
        Event {
            id: self.id,
            attendance: plan.declared_attendance.map(i64::from),
            plan,
            fiscal_year: self.fiscal_year,
            counts: None,
            notices: Vec::new(),
            released,
            moved_at,
            is_rescheduled: is_rescheduled.unwrap_or(moved_at.is_some()),
            earlier,
            numbers,
            published_at,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// Returns the fiscal year of an event's first day.
pub fn year_of(plan: &NewEvent) -> i32 {
    first_day(plan).map(fiscal_year).unwrap_or_default()
}

#[derive(Insertable)]
#[diesel(table_name = event_areas, treat_none_as_default_value = false)]
struct AreaRow {
    event_id: Id,
    area: String,
}

#[derive(Insertable)]
#[diesel(table_name = event_days, treat_none_as_default_value = false)]
struct DaysRow {
    event_id: Id,
    first_day: i32,
    last_day: i32,
}

#[derive(Insertable)]
#[diesel(table_name = event_hosts, treat_none_as_default_value = false)]
struct HostRow {
    event_id: Id,
    organization_id: Id,
}

#[derive(Insertable)]
#[diesel(table_name = event_follows, treat_none_as_default_value = false)]
struct FollowRow {
    event_id: Id,
    followed_id: Id,
}

pub fn missing() -> Error {
    Error::not_found("イベント", "event")
}

/// Finds an event that the caller sees.
pub fn find(db: &mut Db, reach: &Reach, id: Id) -> Result<Event> {
    let mut query = dsl::events.find(id).select(EventRow::as_select()).into_boxed();
    if let Some(condition) = reach::events(reach) {
        query = query.filter(condition);
    }
    let found = query.get_result(db).optional()?;
    found.map(EventRow::read).ok_or_else(missing)
}

/// Finds an event that everybody sees.
pub fn find_public(db: &mut Db, id: Id) -> Result<Event> {
    let query = dsl::events.find(id).filter(dsl::is_public.eq(true));
    let found = query.select(EventRow::as_select()).get_result(db).optional()?;
    found.map(EventRow::read_public).ok_or_else(missing)
}

/// Locks an event until the transaction ends.
pub fn lock_event(db: &mut Db, id: Id) -> Result<()> {
    lock(db, &format!("event/{id}"))
}

/// Counts the events of an organization to come that are drafts or wait for an office. Nobody can delete those that are over.
pub fn count_waiting(db: &mut Db, host: Id, now: Instant) -> Result<i64> {
    lock(db, &format!("events of {host}"))?;
    let hosted = h::event_hosts
        .filter(h::organization_id.eq(host))
        .select(h::event_id);
    let waiting = [EventStatus::Draft.code(), EventStatus::Submitted.code()];
    let counted = dsl::events
        .filter(dsl::id.eq_any(hosted))
        .filter(dsl::status.eq_any(waiting))
        .filter(dsl::ends_at.gt(now));
    Ok(counted.count().get_result(db)?)
}

type Query<'a> = events::BoxedQuery<
    'a,
    crate::db::Backend,
    diesel::dsl::SqlTypeOf<diesel::dsl::AsSelect<EventRow, crate::db::Backend>>,
>;

fn filtered<'a>(reach: &Reach, filter: &'a EventFilter) -> Query<'a> {
    let mut query = dsl::events.select(EventRow::as_select()).into_boxed();
    if let Some(condition) = reach::events(reach) {
        query = query.filter(condition);
    }
    if let Some(Several(ids)) = &filter.ids {
        query = query.filter(dsl::id.eq_any(ids));
    }
    if let Some(kinds) = &filter.kind {
        query = with_codes!(query, dsl::kind, kinds);
    }
    if let Some(statuses) = &filter.status {
        let codes = statuses.codes();
        // While a change waits, everybody sees what was published, and those who hold the event see the change, too.
        let waits = || {
            let unreleased = [EventStatus::Draft, EventStatus::Submitted].map(EventStatus::code);
            dsl::is_public.eq(true).and(dsl::status.eq_any(unreleased))
        };
        let is_published = waits().and(codes.contains(&EventStatus::Published.code()).into_sql::<Bool>());
        let has_status = dsl::status.eq_any(codes);
        query = match reach::own_events(reach) {
            None => query.filter(has_status.or(is_published)),
            Some(own) => query.filter(has_status.and(own.or(not(waits()))).or(is_published)),
        };
    }
    if let Some(year) = filter.fiscal_year {
        query = query.filter(dsl::fiscal_year.eq(year));
    }
    if let Some(area) = &filter.area {
        let there = a::event_areas.filter(a::area.eq_any(with_wards(area)));
        query = query.filter(dsl::id.eq_any(there.select(a::event_id)));
    }
    if let Some(host) = filter.host_id {
        let by = h::event_hosts.filter(h::organization_id.eq(host));
        query = query.filter(dsl::id.eq_any(by.select(h::event_id)));
    }
    if let Some(programme) = filter.programme_id {
        query = query.filter(dsl::programme_id.assume_not_null().eq(programme));
    }
    if let Some(series) = &filter.series {
        query = query.filter(dsl::series.assume_not_null().eq(series));
    }
    if let Some(from) = filter.from {
        query = query.filter(dsl::ends_at.gt(Instant::from(midnight_in_tokyo(from))));
    }
    if let Some(until) = filter.until {
        query = query.filter(dsl::first_day.le(day_number(until)));
    }
    if let (Some(from), Some(until)) = (filter.from, filter.until) {
        query = query.filter(on_a_day_of(from, until));
    }
    query
}

/// Returns the condition that an event has a time on one of these days, and doesn't only go on after them.
fn on_a_day_of(from: NaiveDate, until: NaiveDate) -> Condition<events::table> {
    let then = d::event_days
        .filter(d::event_id.eq(dsl::id))
        .filter(d::first_day.le(day_number(until)))
        .filter(d::last_day.ge(day_number(from)));
    // A server of an earlier release writes no days: then the first and the last one count, which are asked for, too.
    let known = d::event_days.filter(d::event_id.eq(dsl::id));
    Box::new(exists(then).or(not(exists(known))))
}

pub fn list(db: &mut Db, reach: &Reach, filter: &EventFilter) -> Result<Page<Event>> {
    let limit = page::limit_of_ids(filter.limit, &filter.ids)?;
    let cursor = Cursor::decode(filter.cursor.as_deref(), filter.sort.code())?;
    let first = page::after(&cursor, |value| value.parse::<i32>().ok())?;
    let query = filtered(reach, filter);
    let query = match filter.sort {
        EventSort::Starts => keyset!(query, first, dsl::first_day, dsl::id, ascending),
        EventSort::StartsDescending => keyset!(query, first, dsl::first_day, dsl::id, descending),
    };
    let rows: Vec<EventRow> = query.limit(limit + 1).load(db)?;
    let page = page_of(rows, limit, filter.sort.code());
    page.of_whole(filter.count, &filter.ids, || {
        let all = filtered(reach, filter).select(dsl::id).limit(page::COUNTED);
        Ok(all.load(db)?)
    })
}

fn page_of(rows: Vec<EventRow>, limit: i64, sort: &'static str) -> Page<Event> {
    let found = rows.into_iter().map(EventRow::read).collect();
    Page::of(found, limit, |last: &Event| Cursor {
        sort: sort.to_owned(),
        value: first_day(last.released.as_ref().unwrap_or(&last.plan))
            .map(day_number)
            .unwrap_or_default()
            .to_string(),
        id: last.id,
    })
}

/// Returns those of the events that the caller sees.
pub fn some(db: &mut Db, reach: &Reach, ids: &[Id]) -> Result<Vec<Event>> {
    let mut query = dsl::events
        .filter(dsl::id.eq_any(ids))
        .select(EventRow::as_select())
        .order((dsl::first_day, dsl::id))
        .into_boxed();
    if let Some(condition) = reach::events(reach) {
        query = query.filter(condition);
    }
    Ok(query.load(db)?.into_iter().map(EventRow::read).collect())
}

/// Lists the events of these series in some fiscal years that the caller holds, by series and day.
pub fn of_series(
    db: &mut Db,
    reach: &Reach,
    series: &[String],
    (from, to): (i32, i32),
) -> Result<Vec<Event>> {
    /// More than a page of events has to do with.
    const MOST: i64 = 2_000;
    let mut query = dsl::events
        .filter(dsl::series.assume_not_null().eq_any(series))
        .filter(dsl::fiscal_year.between(from, to))
        .order((dsl::series, dsl::first_day, dsl::id))
        .limit(MOST)
        .select(EventRow::as_select())
        .into_boxed();
    if let Some(condition) = reach::own_events(reach) {
        query = query.filter(condition);
    }
    Ok(query.load(db)?.into_iter().map(EventRow::read).collect())
}

/// Derives again what lists of events look for, of the events after an id. Returns the last id, or `None` at the end.
pub fn refresh(db: &mut Db, after: Option<Id>) -> Result<Option<Id>> {
    let mut query = dsl::events.select(EventRow::as_select()).into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows: Vec<EventRow> = query.order(dsl::id).limit(BATCH as i64).load(db)?;
    let last = rows.last().map(|row| row.id);
    for event in rows.into_iter().map(EventRow::read) {
        let row = EventRow::of(&event);
        let derived = (
            dsl::fiscal_year.eq(row.fiscal_year),
            dsl::first_day.eq(row.first_day),
            dsl::ends_at.eq(row.ends_at),
            dsl::tags.eq(row.tags),
            dsl::grams.eq(row.grams),
        );
        // What somebody writes meanwhile is derived already.
        let unchanged = dsl::events.find(row.id).filter(dsl::version.eq(row.version));
        let is_derived = diesel::update(unchanged).set(derived).execute(db)? == 1;
        if is_derived {
            delete_parts(db, event.id)?;
            insert_parts(db, &event)?;
        }
    }
    Ok(last)
}

/// Marks events as made up for the demonstration.
pub fn mark_demo(db: &mut Db, ids: &[Id]) -> Result<()> {
    let made_up = diesel::update(dsl::events.filter(dsl::id.eq_any(ids)));
    made_up.set(dsl::demo.eq(true)).execute(db)?;
    Ok(())
}

/// Returns those of the events that the demonstration made up.
pub fn made_up(db: &mut Db, ids: &[Id]) -> Result<BTreeSet<Id>> {
    let made_up = dsl::events.filter(dsl::id.eq_any(ids)).filter(dsl::demo.eq(true));
    Ok(made_up.select(dsl::id).load(db)?.into_iter().collect())
}

/// Counts the published events of some fiscal years in each area that holds them.
pub fn count_by_area(db: &mut Db, (from, to): (i32, i32), with_demo: bool) -> Result<Vec<(String, i64)>> {
    let counted = a::event_areas
        .inner_join(dsl::events.on(dsl::id.eq(a::event_id)))
        .filter(dsl::is_public.eq(true))
        .filter(dsl::status.ne(EventStatus::Cancelled.code()))
        .filter(dsl::fiscal_year.between(from, to))
        .filter(dsl::demo.eq(false).or(with_demo.into_sql::<Bool>()))
        .group_by(a::area)
        .select((a::area, diesel::dsl::count_star()));
    Ok(counted.load(db)?)
}

/// Counts the published events of some fiscal years that no area holds, but all.
pub fn count_of_all_areas(db: &mut Db, (from, to): (i32, i32), with_demo: bool) -> Result<i64> {
    let counted = dsl::events
        .filter(dsl::is_public.eq(true))
        .filter(dsl::status.ne(EventStatus::Cancelled.code()))
        .filter(dsl::fiscal_year.between(from, to))
        .filter(dsl::demo.eq(false).or(with_demo.into_sql::<Bool>()))
        .filter(not(dsl::id.eq_any(a::event_areas.select(a::event_id))));
    Ok(counted.count().get_result(db)?)
}

/// Lists the public events of some fiscal years, by day: all, or those that some areas hold and those of all areas.
pub fn of_years(
    db: &mut Db,
    areas: Option<&[String]>,
    (from, to): (i32, i32),
    with_demo: bool,
    limit: i64,
) -> Result<Vec<Event>> {
    let mut query = dsl::events
        .filter(dsl::is_public.eq(true))
        .filter(dsl::fiscal_year.between(from, to))
        .order((dsl::fiscal_year, dsl::first_day, dsl::id))
        .limit(limit)
        .select(EventRow::as_select())
        .into_boxed();
    if !with_demo {
        query = query.filter(dsl::demo.eq(false));
    }
    if let Some(areas) = areas {
        let there = a::event_areas.filter(a::area.eq_any(areas));
        let there = dsl::id.eq_any(there.select(a::event_id));
        let of_some = a::event_areas.select(a::event_id);
        query = query.filter(there.or(dsl::id.ne_all(of_some)));
    }
    Ok(query.load(db)?.into_iter().map(EventRow::read_public).collect())
}

/// Returns those of the events that the caller holds.
pub fn held(db: &mut Db, reach: &Reach, ids: &[Id]) -> Result<Vec<Id>> {
    let mut query = dsl::events
        .filter(dsl::id.eq_any(ids))
        .select(dsl::id)
        .into_boxed();
    if let Some(condition) = reach::own_events(reach) {
        query = query.filter(condition);
    }
    Ok(query.load(db)?)
}

/// Returns the public events that follow up this one. Anybody may draft such ones, as many as they like.
pub fn following(db: &mut Db, id: Id) -> Result<Vec<Id>> {
    const MOST: i64 = 1_000;
    let public = dsl::events.filter(dsl::is_public.eq(true)).select(dsl::id);
    let following = f::event_follows
        .filter(f::followed_id.eq(id))
        .filter(f::event_id.eq_any(public))
        .select(f::event_id)
        .distinct()
        .order(f::event_id)
        .limit(MOST);
    Ok(following.load(db)?)
}

/// Lists the events that wait to be released and aren't over, the oldest first.
pub fn waiting(
    db: &mut Db,
    reach: &Reach,
    now: Instant,
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<Event>> {
    let mut query = dsl::events
        .filter(dsl::status.eq(EventStatus::Submitted.code()))
        .filter(dsl::ends_at.gt(now))
        .order(dsl::id)
        .limit(limit)
        .select(EventRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    if let Some(condition) = reach::own_events(reach) {
        query = query.filter(condition);
    }
    Ok(query.load(db)?.into_iter().map(EventRow::read).collect())
}

/// Lists the events of a caller that aren't over on a day, published or cancelled: those that they hold, or for which they
/// are registered.
pub fn dated(db: &mut Db, reach: &Reach, from: Instant, limit: i64) -> Result<Vec<Event>> {
    let mut query = dsl::events
        .filter(dsl::is_public.eq(true))
        .filter(dsl::ends_at.gt(from))
        .order((dsl::first_day, dsl::id))
        .limit(limit)
        .select(EventRow::as_select())
        .into_boxed();
    if let Some(condition) = reach::attended_events(reach) {
        query = query.filter(condition);
    }
    Ok(query.load(db)?.into_iter().map(EventRow::read_public).collect())
}

/// Inserts who holds an event, where and on which days. A change that waits gives it to nobody and takes it from nobody; what it follows up
/// stays, too.
fn insert_parts(db: &mut Db, event: &Event) -> Result<()> {
    let event_id = event.id;
    let plan = event.released.as_ref().unwrap_or(&event.plan);
    let areas = plan.areas.iter().map(|area| AreaRow {
        event_id,
        area: area.to_string(),
    });
    insert_all!(db, event_areas::table, &areas.collect::<Vec<_>>())?;
    let days = days_of_times(plan).into_iter().map(|(first, last)| DaysRow {
        event_id,
        first_day: day_number(first),
        last_day: day_number(last),
    });
    insert_all!(db, event_days::table, &days.collect::<Vec<_>>())?;
    let hosts = plan.host_ids.iter().map(|host| HostRow {
        event_id,
        organization_id: *host,
    });
    insert_all!(db, event_hosts::table, &hosts.collect::<Vec<_>>())?;
    let followed: BTreeSet<Id> = [plan, &event.plan]
        .into_iter()
        .flat_map(|plan| plan.follows_event_ids.iter().copied())
        .collect();
    let followed = followed.into_iter().map(|followed_id| FollowRow {
        event_id,
        followed_id,
    });
    insert_all!(db, event_follows::table, &followed.collect::<Vec<_>>())?;
    Ok(())
}

fn delete_parts(db: &mut Db, event: Id) -> Result<()> {
    diesel::delete(a::event_areas.filter(a::event_id.eq(event))).execute(db)?;
    diesel::delete(d::event_days.filter(d::event_id.eq(event))).execute(db)?;
    diesel::delete(h::event_hosts.filter(h::event_id.eq(event))).execute(db)?;
    diesel::delete(f::event_follows.filter(f::event_id.eq(event))).execute(db)?;
    Ok(())
}

/// Lists the events of a month that a caller holds.
pub fn held_in_month(db: &mut Db, reach: &Reach, day: NaiveDate) -> Result<Vec<Event>> {
    let first = day.with_day(1).unwrap_or(day);
    let last = first
        .checked_add_months(Months::new(1))
        .and_then(|next| next.pred_opt())
        .unwrap_or(day);
    held_between(db, reach, (first, last))
}

/// Lists the events of about a month that a caller holds.
pub fn held_between(db: &mut Db, reach: &Reach, (first, last): (NaiveDate, NaiveDate)) -> Result<Vec<Event>> {
    /// More than any office has in a month.
    const MOST: i64 = 2_000;
    let mut query = dsl::events
        .filter(dsl::first_day.between(day_number(first), day_number(last)))
        .order((dsl::first_day, dsl::id))
        .limit(MOST)
        .select(EventRow::as_select())
        .into_boxed();
    if let Some(condition) = reach::own_events(reach) {
        query = query.filter(condition);
    }
    Ok(query.load(db)?.into_iter().map(EventRow::read).collect())
}

/// Returns the versions of those of the events that exist.
pub fn versions(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, i64>> {
    let mut found = HashMap::new();
    for ids in ids.chunks(BATCH) {
        let some = dsl::events.filter(dsl::id.eq_any(ids));
        found.extend(some.select((dsl::id, dsl::version)).load::<(Id, i64)>(db)?);
    }
    Ok(found)
}

/// Returns those of the events for which somebody registered, or which others follow up.
pub fn used(db: &mut Db, ids: &[Id]) -> Result<HashSet<Id>> {
    let mut found = HashSet::new();
    for ids in ids.chunks(BATCH) {
        let counts = registrations::counts(db, ids)?;
        found.extend(counts.into_keys());
        let followed = f::event_follows.filter(f::followed_id.eq_any(ids));
        found.extend(followed.select(f::followed_id).load::<Id>(db)?);
    }
    Ok(found)
}

/// Deletes an event that nobody has registered for. Returns what to log.
pub fn delete_unlogged(db: &mut Db, event: &Event) -> Result<Change> {
    let id = event.id;
    delete_parts(db, id)?;
    diesel::delete(dsl::events.find(id)).execute(db)?;
    Ok(Change::new(
        Subject::Event,
        id,
        Action::Deleted,
        event.version + 1,
    ))
}

/// Inserts an event. Returns what to log.
pub fn insert_unlogged(db: &mut Db, event: &Event) -> Result<Change> {
    diesel::insert_into(events::table)
        .values(EventRow::of(event))
        .execute(db)?;
    insert_parts(db, event)?;
    Ok(change(event, Action::Created))
}

/// Writes the next version of an event. Returns what to log.
pub fn update_unlogged(db: &mut Db, event: &Event) -> Result<Change> {
    let (id, before, row) = (event.id, event.version - 1, EventRow::of(event));
    update_version!(db, events, key: id, before: before, set: row, missing: missing())?;
    delete_parts(db, id)?;
    insert_parts(db, event)?;
    Ok(change(event, Action::Updated))
}

fn change(event: &Event, action: Action) -> Change {
    Change::new(Subject::Event, event.id, action, event.version)
}
