//! A row of a list of events: it finds the event, or makes one, as the API does.
//!
//! The id of a record names an event, else its title and first day do, or series, number and title: so a list corrects the day of a
//! session. Another event of the same day has another title.

mod beside;
pub mod fields;

use super::acting::{Acting, ActingRecord, Acts, Done, Written};
use super::reading::Reading;
use crate::auth::{Reach, Writer};
use crate::catalogue::calendar::fiscal_year;
use crate::catalogue::{Catalogue, Catalogues};
use crate::changes;
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Result, Text};
use crate::events::rules::{self, first_day, to_the_minute};
use crate::events::{self, Event, EventKind, EventStatus, EventTime, NewEvent};
use crate::http::body::check_change;
use crate::http::{IfMatch, Language};
use crate::imports::columns::Target;
use crate::imports::fields::{Context, set};
use crate::imports::finding::{access_denied, not_among_yours};
use crate::imports::jobs::store::writes::{RecordWriteRow, row_hashes};
use crate::organizations::names::name_key;
use crate::programmes;
use crate::reach::store::{has_deliverable, some_events, some_organizations};
use chrono::{Days, NaiveDate};
use fields::{Draft, FIELDS};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use tables::Remark;

/// What is kept of a row, to take it back: the plan before. Null for a new event.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    plan: Option<NewEvent>,
}

impl ActingRecord for Event {
    type Known = ();

    fn act(db: &mut Db, acting: &Acting, row: Acts, (): &mut ()) -> Result<Done> {
        act(db, acting, row)
    }
    fn field_of(pointer: &str) -> Option<&'static str> {
        field_of(pointer)
    }
    fn versions(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, i64>> {
        events::store::versions(db, ids)
    }
    fn used(db: &mut Db, ids: &[Id]) -> Result<HashSet<Id>> {
        events::store::used(db, ids)
    }
    fn take_back(
        db: &mut Db,
        actor: &str,
        _: &Catalogues,
        write: &RecordWriteRow,
        now: Instant,
    ) -> Result<Vec<(Id, i64)>> {
        let id = write.record_id;
        let Kept { plan } = write.kept()?.unwrap_or_default();
        let event = events::store::find(db, &Reach::Everything, id)?;
        let Some(plan) = plan else {
            let change = events::store::delete_unlogged(db, &event)?;
            changes::store::append(db, actor, &[change])?;
            return Ok(Vec::new());
        };
        events::actions::restore(db, actor, event, plan, now)?;
        Ok(Vec::new())
    }
}

fn act(db: &mut Db, acting: &Acting, row: Acts) -> Result<Done> {
    let Acts { reading, hash, .. } = row;
    let context = acting.context;
    let Some(mut draft) = understand(reading, context) else {
        return Ok(Done::Rejected);
    };
    if !reading.is_stored() && is_page_here(db, &context.reach, draft.url.as_deref())? {
        draft.url = None;
    }
    let Some(title) = draft.title.clone() else {
        reading.reject("title", missing_title());
        return Ok(Done::Rejected);
    };
    let found = match find(db, reading, &draft, &title, acting)? {
        Search::Known(event, is_held) => Ok((*event, is_held)),
        Search::New(near) => Err(near),
        Search::Wrong(field, remark) => {
            reading.reject(field, remark);
            return Ok(Done::Rejected);
        }
    };
    let writer = Writer {
        actor: acting.principal.actor(),
        role: acting.principal.role,
        reach: context.reach.clone(),
    };
    let catalogue = acting.catalogues.current(db)?;
    let (mut before, is_held) = match found {
        Ok(known) => known,
        Err(near) => return begin(db, acting, reading, (&writer, &catalogue), (draft, title), near),
    };
    if !is_held {
        // Who only reads an event doesn't see this.
        before.plan.online_url = None;
        if draft.plan(Some(&before.plan)) == before.plan {
            return Ok(Done::Unchanged(before.id));
        }
        reading.reject("record_id", access_denied(None));
        return Ok(Done::Rejected);
    }
    let hashes = row_hashes(db, &[before.id])?;
    if hashes.get(&before.id).is_some_and(|(own, _)| *own == hash) {
        return Ok(Done::Unchanged(before.id));
    }
    if !acting.updates {
        return Ok(Done::Existing(before.id));
    }
    leave_unknown(db, reading, &context.reach, &mut draft, Some(&before.plan))?;
    let mut plan = draft.plan(Some(&before.plan));
    let is_published = before.plan.status != plan.status && plan.status == EventStatus::Published;
    if draft.lacks_day && is_published && is_yet_without_day(&plan) {
        plan.status = before.plan.status;
        reading.warn("starts_on", no_day());
    }
    if plan == before.plan {
        return Ok(Done::Unchanged(before.id));
    }
    for remark in lost(&draft) {
        reading.warn("starts_on", remark);
    }
    let is_named = reading.text("record_id").is_some() || rules::is_without_day(&before.plan);
    let known_day = first_day(&before.plan).filter(|day| !is_named && first_day(&plan) != Some(*day));
    check_change(Some(&before.plan), &plan)?;
    events::actions::update(db, &writer, &catalogue, before.id, &IfMatch::Absent, |_| Ok(plan))?;
    let after = events::store::find(db, &Reach::Everything, before.id)?;
    if after.version == before.version {
        return Ok(Done::Unchanged(before.id));
    }
    if let Some(day) = known_day {
        reading.warn("starts_on", moved_from(day));
    }
    let kept = Kept {
        plan: Some(before.plan),
    };
    Ok(Done::Updated(
        Written::new(after.id, after.version).keeping(&kept)?,
    ))
}

/// Makes the event of a row. `near`: one that may be the same on another day.
fn begin(
    db: &mut Db,
    acting: &Acting,
    reading: &mut Reading,
    (writer, catalogue): (&Writer, &Catalogue),
    (mut draft, title): (Draft, String),
    near: Option<NaiveDate>,
) -> Result<Done> {
    let context = acting.context;
    leave_unknown(db, reading, &context.reach, &mut draft, None)?;
    draft.series = series_of(reading, &draft);
    let mut plan = draft.plan(None);
    if let (Some(only), true) = (context.only_area(), plan.areas.is_empty()) {
        // Who looks after one area holds the events that they list.
        plan.areas = vec![only.into()];
    }
    if draft.lacks_day && plan.status == EventStatus::Published && is_yet_without_day(&plan) {
        plan.status = EventStatus::Draft;
        reading.warn("starts_on", no_day());
    }
    for remark in lost(&draft) {
        reading.warn("starts_on", remark);
    }
    if draft.kind.is_none() {
        reading.warn("kind", assumed_kind(reading.text("kind").is_some()));
    }
    if reading.text("title").is_none() {
        reading.warn("title", assumed_title(&title));
    }
    let is_over = rules::last_moment(&plan).is_some_and(|last| last <= Instant::now());
    let is_held = is_over || plan.declared_attendance.is_some();
    if draft.status.is_none() && plan.status == EventStatus::Draft && is_held {
        reading.warn("status", drafted());
    }
    if let Some(day) = near {
        reading.warn("title", maybe_moved(day));
    }
    let id = free_id(db, reading)?;
    let made = make(db, writer, catalogue, id, plan)?;
    let written = Written::new(made.id, made.version);
    Ok(Done::Created(written.keeping(&Kept::default())?))
}

/// Returns the series of a row: as it is stated, or else a kind that is more than one: 地域づくりゼミ.
fn series_of(reading: &Reading, draft: &Draft) -> Option<String> {
    let word = reading.text("kind").filter(|word| !fields::is_kind_alone(word));
    let word = word.filter(|word| word.chars().count() <= 100).map(str::to_owned);
    draft.series.clone().or(word)
}

/// Reads the cells of a row. What breaks a rule of the API is left out, if the row can do without it.
fn understand(reading: &mut Reading, context: &Context) -> Option<Draft> {
    reading.make(field_of, |reading| {
        let mut draft = Draft::default();
        reading.apply(context, |target, cell| match target {
            Target::Field { position, .. } => set(FIELDS, *position, &mut draft, cell),
            _ => Ok(()),
        });
        if draft.settle() {
            reading.reject("starts_on", fields::no_moment());
        }
        if let Some(day) = draft.weekday_disagrees() {
            reading.warn("weekdays", fields::weekday_disagrees(day));
        }
        if let Some(count) = draft.days_by_column() {
            reading.warn("weekdays", fields::days_by_weekday(count));
        }
        if let Some(said) = draft.cancelled.take().filter(|_| !reading.is_rejected()) {
            let at = match reading.text("starts_on") {
                Some(_) => "starts_on",
                None => "times",
            };
            let is_published = draft.status == Some(EventStatus::Published);
            if draft.days.len() > 1 && !beside::is_of_all(&said) {
                reading.reject(at, fields::some_day_cancelled());
            } else {
                reading.warn(at, fields::said_cancelled(is_published));
                if is_published {
                    draft.status = Some(EventStatus::Cancelled);
                    draft.notice.get_or_insert(said);
                }
            }
        }
        if draft.ends_next_day && draft.ends_on.is_none() && draft.weekdays.is_empty() {
            draft.ends_on = draft.starts_on.and_then(|day| day.succ_opt());
        }
        if draft.title.is_none() && reading.text("record_id").is_none() {
            draft.title = draft.name_of_session(reading.text("kind"));
        }
        if draft.title.is_some() {
            let plan = draft.plan(None);
            check_change(None, &plan)?;
            // An end that can't be is left out, too.
            let is_reversed = |time: &EventTime| time.ends_at.is_some_and(|end| end <= time.starts_at);
            // An hour of the end says that by itself. Without it, the first day alone would be less than the row says.
            if draft.is_reversed() && !plan.times.iter().any(is_reversed) {
                let at = reading.text("ends_on").map_or("/starts_on", |_| "/ends_on");
                return Err(Error::invalid(at, "ends_before_start", last_before_first()));
            }
            if draft.times.is_none() && plan.times.iter().any(is_reversed) {
                rules::check(&plan, None)?;
            }
        }
        Ok(draft)
    })
}

/// Returns whether a URL is the page that this server shows of an event: a list of listings names that one where an event names no
/// other.
fn is_page_here(db: &mut Db, reach: &Reach, url: Option<&str>) -> Result<bool> {
    let page = url.and_then(|url| url.trim_end_matches('/').rsplit_once('/'));
    let Some((_, id)) = page.filter(|(folder, _)| folder.ends_with("/events")) else {
        return Ok(false);
    };
    let Ok(id) = id.parse().map(Id) else {
        return Ok(false);
    };
    match events::store::find(db, reach, id) {
        Ok(_) => Ok(true),
        Err(Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Leaves out what a row names that isn't here, as the records of another server aren't. What the event names already stays.
fn leave_unknown(
    db: &mut Db,
    reading: &mut Reading,
    reach: &Reach,
    draft: &mut Draft,
    before: Option<&NewEvent>,
) -> Result<()> {
    let mut unknown = Vec::new();
    let mut keep = |field: &'static str, ids: &mut Option<Vec<Id>>, own: Option<&Vec<Id>>, known: &[Id]| {
        let Some(ids) = ids else { return };
        let all = ids.len();
        ids.retain(|id| known.contains(id) || own.is_some_and(|own| own.contains(id)));
        if ids.len() < all {
            unknown.push(field);
        }
    };
    let hosts = some_organizations(db, reach, draft.host_ids.as_deref().unwrap_or_default())?;
    keep(
        "host_ids",
        &mut draft.host_ids,
        before.map(|own| &own.host_ids),
        &Vec::from_iter(hosts),
    );
    let followed = some_events(db, reach, draft.follows_event_ids.as_deref().unwrap_or_default())?;
    keep(
        "follows_event_ids",
        &mut draft.follows_event_ids,
        before.map(|own| &own.follows_event_ids),
        &Vec::from_iter(followed),
    );
    let kind = draft.kind.or(before.map(|own| own.kind));
    let stays = before.is_some_and(|own| {
        kind == Some(own.kind) && draft.follows_event_ids.as_ref() == Some(&own.follows_event_ids)
    });
    if kind != Some(EventKind::Consultation)
        && !stays
        && draft
            .follows_event_ids
            .as_ref()
            .is_some_and(|ids| !ids.is_empty())
    {
        draft.follows_event_ids = None;
        reading.warn("follows_event_ids", not_a_consultation());
    }
    if let Some(id) = draft.deliverable_id
        && before.and_then(|own| own.deliverable_id) != Some(id)
        && !has_deliverable(db, reach, id)?
    {
        draft.deliverable_id = None;
        unknown.push("deliverable_record_id");
    }
    if let Some(id) = draft.programme_id {
        match programmes::store::find(db, id) {
            Err(Error::NotFound { .. }) => {
                draft.programme_id = None;
                unknown.push("programme_id");
            }
            found => drop(found?),
        }
    }
    for field in unknown {
        reading.warn(field, unknown_reference());
    }
    Ok(())
}

/// What the search for the event of a row came to.
enum Search {
    /// The event, and whether the sender holds it.
    Known(Box<Event>, bool),
    /// None; and the day of one with the same name, which may be the same on another day.
    New(Option<NaiveDate>),
    /// A field, and what is wrong with it.
    Wrong(&'static str, Remark),
}

/// Finds the event of a row: by its id among those that the sender sees, else among those that they hold.
fn find(db: &mut Db, reading: &Reading, draft: &Draft, title: &str, acting: &Acting) -> Result<Search> {
    let reach = &acting.context.reach;
    if let Some(id) = reading.text("record_id").and_then(|id| id.parse().ok().map(Id)) {
        match events::store::find(db, reach, id) {
            Ok(event) => {
                let is_held = !events::store::held(db, reach, &[id])?.is_empty();
                return Ok(Search::Known(Box::new(event), is_held));
            }
            Err(Error::NotFound { .. }) if *reach != Reach::Everything => {
                return Ok(Search::Wrong("record_id", not_among_yours()));
            }
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let plan = draft.plan(None);
    let Some(day) = first_day(&plan) else {
        return Ok(Search::New(None));
    };
    let key = name_key(title);
    let number = draft.number.as_deref();
    // The sessions of a series may have one title.
    let is_it = |one: &Event| {
        let own = one.plan.number.as_deref();
        let is_of_number = |(own, number)| rules::session(own) == rules::session(number);
        name_key(&one.plan.title) == key && own.zip(number).is_none_or(is_of_number)
    };
    let month = events::store::held_in_month(db, reach, day)?;
    let mut found: Vec<Event> = month.into_iter().filter(is_it).collect();
    found.retain(|one| is_of_its_area(one, &plan));
    let is_other = |one: &&Event| !acting.seen.contains_key(&one.id);
    let only_other = |found: &[Event]| {
        let mut others = found.iter().filter(is_other);
        let only = others.next().filter(|_| others.next().is_none());
        let only = only.filter(|one| one.plan.status != EventStatus::Cancelled);
        only.and_then(|one| first_day(&one.plan))
    };
    let near = match found.iter().any(|one| is_other(&one)) || rules::is_without_day(&plan) {
        true => only_other(&found),
        // A day is corrected over the end of a month, too.
        false => {
            let mut beside = events::store::held_between(db, reach, days_around(day))?;
            beside
                .retain(|one| is_it(one) && is_of_its_area(one, &plan) && !rules::is_without_day(&one.plan));
            only_other(&beside)
        }
    };
    // An id that is of no event yet says that the row is about none of the rows before it.
    let is_known = reading.text("record_id").is_none();
    if !is_known {
        found.retain(|one| !acting.seen.contains_key(&one.id));
    }
    // Of an event that is known by its month, a list may say the day, and of one that is known by its day only the month.
    let is_vague = |one: &Event| rules::is_without_day(&one.plan);
    let is_of_day = |one: &Event| !is_vague(one) && first_day(&one.plan) == Some(day);
    let has_days = |one: &Event| one.plan.times.iter().all(|time| time.whole_days().is_some());
    let is_a_day = |one: &Event| has_days(one) && !is_vague(one) && !acting.seen.contains_key(&one.id);
    let is_one_day = || found.iter().filter(|one| is_a_day(one)).count() == 1 && !found.iter().any(is_vague);
    match rules::is_without_day(&plan) {
        false if found.iter().any(is_of_day) => found.retain(is_of_day),
        true if is_one_day() => found.retain(is_a_day),
        _ => found.retain(is_vague),
    }
    // One title may have several sessions on a day, at other hours or places. What an earlier row was about is none of them.
    match found.iter().any(|one| is_same_session(one, &plan)) {
        true => found.retain(|one| is_same_session(one, &plan)),
        false => found.retain(|one| !acting.seen.contains_key(&one.id)),
    }
    if found.len() > 1 {
        return Ok(Search::Wrong("title", ambiguous()));
    }
    Ok(match found.pop() {
        Some(event) => Search::Known(Box::new(event), true),
        None if is_known => match find_moved(db, series_of(reading, draft), &plan, acting)? {
            Search::New(over) => Search::New(near.or(over)),
            moved => moved,
        },
        None => Search::New(None),
    })
}

/// How many days from its own an event of one name may be the same one, whose day was corrected.
const NEAR: Days = Days::new(14);

fn days_around(day: NaiveDate) -> (NaiveDate, NaiveDate) {
    let (first, last) = (day.checked_sub_days(NEAR), day.checked_add_days(NEAR));
    (first.unwrap_or(day), last.unwrap_or(day))
}

/// Finds the session of a series whose day a row corrects: the only one of the fiscal year with its name and number, at no other
/// place, that no row before was about. Without a number, two days of one title are two events. One that is over took place: it
/// isn't moved to a day to come.
fn find_moved(db: &mut Db, series: Option<String>, plan: &NewEvent, acting: &Acting) -> Result<Search> {
    let day = first_day(plan).filter(|_| !rules::is_without_day(plan));
    let (Some(series), Some(number), Some(day)) = (series, &plan.number, day) else {
        return Ok(Search::New(None));
    };
    let number = rules::session(number);
    let year = fiscal_year(day);
    let key = name_key(&plan.title);
    let is_it = |one: &Event| {
        let places = plan.place.as_ref().zip(one.plan.place.as_ref());
        one.plan.number.as_deref().map(rules::session).as_ref() == Some(&number)
            && name_key(&one.plan.title) == key
            && one.plan.status != EventStatus::Cancelled
            && !acting.seen.contains_key(&one.id)
            && is_of_its_area(one, plan)
            && places.is_none_or(|(stated, own)| name_key(&stated.name) == name_key(&own.name))
    };
    let all = events::store::of_series(db, &acting.context.reach, &[series], (year, year))?;
    let now = Instant::now();
    let is_over = |plan: &NewEvent| rules::last_moment(plan).is_some_and(|last| last <= now);
    let is_to_come = !is_over(plan);
    let (over, mut found): (Vec<Event>, Vec<Event>) = all
        .into_iter()
        .filter(is_it)
        .partition(|one| is_to_come && is_over(&one.plan));
    Ok(match found.pop().filter(|_| found.is_empty()) {
        Some(event) => Search::Known(Box::new(event), true),
        None => Search::New(over.last().and_then(|one| first_day(&one.plan))),
    })
}

/// Returns whether an event may be the row's by its areas: two wards hold events of one name. At one place, a list may correct them.
fn is_of_its_area(one: &Event, plan: &NewEvent) -> bool {
    let places = plan.place.as_ref().zip(one.plan.place.as_ref());
    let is_at_its_place = places.is_some_and(|(stated, own)| name_key(&stated.name) == name_key(&own.name));
    let (own, stated) = (&one.plan.areas, &plan.areas);
    let is_shared = own.iter().any(|area| stated.contains(area));
    own.is_empty() || stated.is_empty() || is_shared || is_at_its_place
}

/// Returns whether an event begins when the row's does, and is at its place, as far as both say it.
fn is_same_session(one: &Event, plan: &NewEvent) -> bool {
    let begin = plan.times.first().map(|time| to_the_minute(time.starts_at));
    let mut own = one.plan.times.iter().map(|time| to_the_minute(time.starts_at));
    let begins = begin.is_none_or(|begin| own.any(|own| own == begin));
    let places = plan.place.as_ref().zip(one.plan.place.as_ref());
    begins && places.is_none_or(|(stated, own)| name_key(&stated.name) == name_key(&own.name))
}

/// Makes an event. What was cancelled had been published.
fn make(db: &mut Db, writer: &Writer, catalogue: &Catalogue, id: Id, plan: NewEvent) -> Result<Event> {
    let now = Instant::now();
    if plan.status != EventStatus::Cancelled {
        return events::actions::create_as(db, writer, catalogue, id, plan, now);
    }
    let published = NewEvent {
        status: EventStatus::Published,
        notice: None,
        ..plan.clone()
    };
    events::actions::create_as(db, writer, catalogue, id, published, now)?;
    events::actions::update(db, writer, catalogue, id, &IfMatch::Absent, |_| Ok(plan))?;
    events::store::find(db, &Reach::Everything, id)
}

/// Returns the id that the row states, if it is of no record, or a new one.
fn free_id(db: &mut Db, reading: &Reading) -> Result<Id> {
    let stated = reading.text("record_id").and_then(|id| id.parse().ok().map(Id));
    let Some(id) = stated else { return Ok(Id::new()) };
    let is_taken =
        !events::store::versions(db, &[id])?.is_empty() || !changes::store::deleted(db, &[id])?.is_empty();
    Ok(if is_taken { Id::new() } else { id })
}

fn last_before_first() -> Text {
    Text::new(
        "最後の日が最初の日より前です。年や月が変わるときは「2026/12/28〜2027/1/3」のように入力してください。",
        "The last day is before the first. Over a year or a month, write 2026/12/28〜2027/1/3.",
    )
}

fn unknown_reference() -> Remark {
    Remark::new(
        "unknown_record",
        "この記録IDは見つからないため、取り込んでいません。",
        "There is no such record here, so this wasn't imported.",
    )
}

fn missing_title() -> Remark {
    Remark::new(
        "missing_field",
        "イベント名を入力してください。",
        "Give the name of the event.",
    )
}

fn ambiguous() -> Remark {
    Remark::new(
        "ambiguous_event",
        "同じ日に同じ名前のイベントが複数あります。記録IDを入力してください。",
        "Several events of this day have this name. Give the id of the record.",
    )
}

/// Says that an event isn't published: readers would see a month where the list has a day.
/// Returns whether only the month of an event is known, and the day can still be told. Of many past ones, it never will.
fn is_yet_without_day(plan: &NewEvent) -> bool {
    rules::is_without_day(plan) && rules::last_moment(plan).is_none_or(|end| end > Instant::now())
}

fn no_day() -> Remark {
    Remark::new(
        "no_day",
        "日がないため、公開していません。開催日を入力してください。",
        "The row has no day, so the event wasn't published. Give the day.",
    )
}

/// Says what of the days and hours of a row isn't kept.
fn lost(draft: &Draft) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if draft.loses_hours() {
        remarks.push(Remark::new(
            "uneven_hours",
            "時刻の数が開催日の数と合わないため、日だけを取り込みました。",
            "There are more or fewer hours than days, so only the days were imported.",
        ));
    }
    if draft.loses_weeks() {
        remarks.push(Remark::new(
            "no_last_day",
            "毎週の予定ですが、最初と最後の日がそろっていないため、すべての日は取り込んでいません。「2026/10/6〜12/15 毎週火曜」のように入力してください。",
            "This is on a day of each week, and the first or the last day is missing, so not all days were imported. Write 2026/10/6〜12/15 毎週火曜.",
        ));
    }
    remarks
}

/// Says that a row changed the day of a known session.
fn moved_from(day: NaiveDate) -> Remark {
    Remark::new(
        "moved_event",
        format!("同じシリーズで同じ回の「{day}」のイベントの日を、この行の日に変更しました。"),
        format!("The session of {day} with this series and number was moved to the day of this row."),
    )
}

/// Says that a new event may be a known one whose day was corrected.
fn maybe_moved(day: NaiveDate) -> Remark {
    Remark::new(
        "possible_move",
        format!(
            "{day}に同じ名前のイベントがあるため、別のイベントとして登録しました。日の訂正であれば、この取り込みを取り消し、そのイベントの記録IDを入力してください。"
        ),
        format!(
            "There is an event of this name on {day}, so this is another one. If only the day was corrected, undo the import and give the id of that event."
        ),
    )
}

fn not_a_consultation() -> Remark {
    Remark::new(
        "not_a_consultation",
        "フォローするイベントは、種別が個別相談のときだけ取り込みます。",
        "Only a consultation follows up other events, so this wasn't imported.",
    )
}

fn assumed_title(title: &str) -> Remark {
    Remark::new(
        "assumed_title",
        format!("イベント名がないため、種別から「{title}」としました。"),
        format!("The row gives no name, so it is called “{title}” by its kind."),
    )
}

/// Says that what took place isn't published, and so isn't counted in reports.
fn drafted() -> Remark {
    Remark::new(
        "drafted",
        "状態の記載がないため、下書きとして取り込みました。公開するまで、報告書の件数に入りません。",
        "The row gives no status, so this is a draft. Reports count it once it is published.",
    )
}

fn assumed_kind(is_unread: bool) -> Remark {
    let word = crate::values::words::text("EventKind", "community_event");
    let (ja, en) = (Language::Ja.choose(&word), Language::En.choose(&word));
    match is_unread {
        true => Remark::new(
            "assumed_kind",
            format!("種別を読み取れないため、{ja}として取り込み、書かれていた種別をシリーズにしました。"),
            format!("The kind can't be read, so {en} was used, and the word is kept as the series."),
        ),
        false => Remark::new(
            "assumed_kind",
            format!("種別がないため、{ja}として取り込みました。"),
            format!("The row gives no kind, so {en} was used."),
        ),
    }
}

/// Returns the field that a JSON pointer into an event means.
fn field_of(pointer: &str) -> Option<&'static str> {
    let mut parts = pointer.split('/').skip(1);
    let member = match (parts.next().unwrap_or_default(), parts.last()) {
        ("times", Some("ends_at")) => "ends_at",
        ("times", _) => "starts_on",
        ("place", Some("name") | None) => "place_name",
        ("place", Some(part)) => part,
        ("contact", Some("phone")) => "contact_phone",
        ("contact", _) => "contact_office",
        (member, _) => member,
    };
    let mut names = FIELDS.iter().map(|setter| setter.field.name);
    names.find(|name| *name == member)
}
