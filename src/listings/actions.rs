//! Lists listings, and finds one.

use super::{Listing, Surroundings};
use crate::catalogue::{Catalogue, Filters};
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, DeliverableStatus};
use crate::error::Result;
use crate::events::store::{listed, registrations};
use crate::events::{self, Event, ListingFilter};
use crate::http::query::check_span;
use crate::http::{Page, page};
use crate::organizations;

/// How many listings a file has unless it is asked for fewer.
const IN_FILE: i64 = 500;
/// How many other sessions of its series the page of an event shows.
const IN_SERIES: i64 = 20;
/// How many a feed reader gets.
const IN_FEED: i64 = 100;

/// Lists those that aren't over, what ends first first. `is_file`: as many as a file has.
pub fn list(
    db: &mut Db,
    catalogue: &Catalogue,
    mut filter: ListingFilter,
    base: &str,
    is_file: bool,
) -> Result<Page<Listing>> {
    check(catalogue, &mut filter)?;
    let limit = match (filter.limit, is_file) {
        (None, true) => IN_FILE,
        (limit, _) => page::limit(limit)?,
    };
    let now = Instant::now();
    let found = listed::page(db, &filter, limit, now)?;
    let around = surroundings(db, &found.items, base)?;
    Ok(found.map(|event| Listing::of(event, &around, now)))
}

/// Lists those that aren't over, what changed last first.
pub fn newest(
    db: &mut Db,
    catalogue: &Catalogue,
    mut filter: ListingFilter,
    base: &str,
) -> Result<Vec<Listing>> {
    check(catalogue, &mut filter)?;
    let limit = filter
        .limit
        .map_or(Ok(IN_FEED), |limit| page::limit(Some(limit)))?;
    let now = Instant::now();
    let found = listed::newest(db, &filter, limit, now)?;
    let around = surroundings(db, &found, base)?;
    let listing = |event| Listing::of(event, &around, now);
    Ok(found.into_iter().map(listing).collect())
}

/// Finds a listing, also of an event that is over.
pub fn show(db: &mut Db, id: Id, base: &str) -> Result<Listing> {
    let found = [events::store::find_public(db, id)?];
    let around = surroundings(db, &found, base)?;
    let [event] = found;
    Ok(Listing::of(event, &around, Instant::now()))
}

/// Lists the other sessions of a listing's series that aren't over.
pub fn siblings(db: &mut Db, of: &Listing, base: &str) -> Result<Vec<Listing>> {
    let Some(series) = &of.series else {
        return Ok(Vec::new());
    };
    let now = Instant::now();
    let found = listed::of_series(db, series, of.id, now, IN_SERIES)?;
    let around = surroundings(db, &found, base)?;
    let listing = |event| Listing::of(event, &around, now);
    Ok(found.into_iter().map(listing).collect())
}

fn check(catalogue: &Catalogue, filter: &mut ListingFilter) -> Result<()> {
    check_span(filter.from, ("to", filter.to))?;
    let filters = Filters::of(catalogue);
    filters.area(&mut filter.area).text("q", &filter.q).check()
}

/// Reads what the listings of these events say about other records.
fn surroundings(db: &mut Db, events: &[Event], base: &str) -> Result<Surroundings> {
    let mut hosts: Vec<Id> = events
        .iter()
        .flat_map(|event| event.plan.host_ids.clone())
        .collect();
    hosts.sort_unstable();
    hosts.dedup();
    let asked: Vec<Id> = events
        .iter()
        .filter_map(|event| event.plan.deliverable_id)
        .collect();
    let asked = deliverables::store::load_some(db, &asked)?.into_iter();
    let open = asked.filter(|one| one.archived_at.is_none() && one.request.status == DeliverableStatus::Open);
    let limited = events.iter().filter(|event| event.plan.capacity.is_some());
    let limited: Vec<Id> = limited.map(|event| event.id).collect();
    let counts = registrations::counts(db, &limited)?.into_iter();
    let all: Vec<Id> = events.iter().map(|event| event.id).collect();
    Ok(Surroundings {
        taken: counts.map(|(id, counts)| (id, counts.taken())).collect(),
        demo: events::store::made_up(db, &all)?,
        open: open.map(|one| one.id).collect(),
        hosts: organizations::store::published_names(db, &hosts)?,
        base: base.trim_end_matches('/').to_owned(),
    })
}
