//! SQL of what everybody sees without a token: published events, and those that were cancelled after that.

use super::{EventRow, FREE, ONLINE, Query, WHEELCHAIR, on_a_day_of, patterns};
use crate::catalogue::calendar::{day_in_tokyo, day_number, midnight_in_tokyo};
use crate::db::schema::{event_areas, events};
use crate::db::{Db, Id, Instant, keyset};
use crate::error::Result;
use crate::events::rules::last_moment;
use crate::events::{Event, ListingFilter};
use crate::http::query::with_codes;
use crate::http::{Cursor, Page, page};
use crate::values::with_wards;
use diesel::dsl::not;
use diesel::prelude::*;
use event_areas::dsl as a;
use events::dsl;

/// The name of the order in cursors.
const ORDER: &str = "ends_at";

fn filtered<'a>(filter: &'a ListingFilter, now: Instant) -> Query<'a> {
    let from = filter.from.map(|day| Instant::from(midnight_in_tokyo(day)));
    let mut query = dsl::events
        .filter(dsl::is_public.eq(true))
        .filter(dsl::ends_at.gt(from.map_or(now, |from| from.max(now))))
        .select(EventRow::as_select())
        .into_boxed();
    if let Some(kinds) = &filter.kind {
        query = with_codes!(query, dsl::kind, kinds);
    }
    if let Some(area) = &filter.area {
        let there = a::event_areas.filter(a::area.eq_any(with_wards(area)));
        let anywhere = not(dsl::id.eq_any(a::event_areas.select(a::event_id)));
        query = query.filter(dsl::id.eq_any(there.select(a::event_id)).or(anywhere));
    }
    if let Some(to) = filter.to {
        let today = day_in_tokyo(now.utc());
        let from = filter.from.map_or(today, |from| from.max(today));
        query = query
            .filter(dsl::first_day.le(day_number(to)))
            .filter(on_a_day_of(from, to));
    }
    for (tag, is_asked) in [
        (WHEELCHAIR, filter.wheelchair),
        (FREE, filter.free),
        (ONLINE, filter.online),
    ] {
        if is_asked {
            query = query.filter(dsl::tags.like(format!("%{tag}%")));
        }
    }
    for word in patterns(filter.q.as_deref()) {
        query = query.filter(dsl::grams.like(word.own).or(dsl::grams.like(word.in_full)));
    }
    query
}

/// Lists events that aren't over, what ends first first.
pub fn page(db: &mut Db, filter: &ListingFilter, limit: i64, now: Instant) -> Result<Page<Event>> {
    let cursor = Cursor::decode(filter.cursor.as_deref(), ORDER)?;
    let first = page::after(&cursor, Instant::parse)?;
    let query = keyset!(filtered(filter, now), first, dsl::ends_at, dsl::id, ascending);
    let rows: Vec<EventRow> = query.limit(limit + 1).load(db)?;
    let found = rows.into_iter().map(EventRow::read_public).collect();
    let page = Page::of(found, limit, |last: &Event| Cursor {
        sort: ORDER.to_owned(),
        value: last_moment(&last.plan).unwrap_or(last.created_at).to_string(),
        id: last.id,
    });
    page.of_whole(filter.count, &None, || {
        let all = filtered(filter, now).select(dsl::id).limit(page::COUNTED);
        Ok(all.load(db)?)
    })
}

/// Lists the other events of a series that aren't over, by their days.
pub fn of_series(db: &mut Db, series: &str, except: Id, now: Instant, limit: i64) -> Result<Vec<Event>> {
    let others = dsl::events
        .filter(dsl::series.assume_not_null().eq(series))
        .filter(dsl::series.is_not_null())
        .filter(dsl::is_public.eq(true))
        .filter(dsl::ends_at.gt(now))
        .filter(dsl::id.ne(except))
        .order((dsl::first_day, dsl::id))
        .limit(limit)
        .select(EventRow::as_select());
    let rows: Vec<EventRow> = others.load(db)?;
    Ok(rows.into_iter().map(EventRow::read_public).collect())
}

/// Lists events that aren't over, what changed last first.
pub fn newest(db: &mut Db, filter: &ListingFilter, limit: i64, now: Instant) -> Result<Vec<Event>> {
    let query = filtered(filter, now).order((dsl::updated_at.desc(), dsl::id.desc()));
    let rows: Vec<EventRow> = query.limit(limit).load(db)?;
    Ok(rows.into_iter().map(EventRow::read_public).collect())
}
