//! The use cases of events.

use super::rules::{self, missing_notice, next_status};
use super::store::{self, registrations};
use super::{Event, EventFilter, EventStatus, NewEvent};
use crate::auth::{Reach, RecordKind, Writer, access_denied, check_properties, within_reach};
use crate::catalogue::lookup::resolve_area;
use crate::catalogue::{Catalogue, Filters};
use crate::changes;
use crate::db::{Db, Id, Instant};
use crate::deliverables::rules::unknown_organization;
use crate::error::{Error, FieldError, Result, Text};
use crate::http::query::check_span;
use crate::http::{IfMatch, Language, Page};
use crate::reach::store as reach;
use crate::{organizations, programmes};

/// Lists the events that a caller sees.
pub fn list(
    db: &mut Db,
    reach: &Reach,
    catalogue: &Catalogue,
    mut filter: EventFilter,
    language: Language,
) -> Result<Page<Event>> {
    Filters::of(catalogue)
        .area(&mut filter.area)
        .fiscal_year(filter.fiscal_year)
        .text("series", &filter.series)
        .check()?;
    check_span(filter.from, ("until", filter.until))?;
    let mut page = store::list(db, reach, &filter)?;
    complete(db, reach, &mut page.items, language)?;
    Ok(page)
}

pub fn show(db: &mut Db, reach: &Reach, id: Id, language: Language) -> Result<Event> {
    let mut found = [store::find(db, reach, id)?];
    complete(db, reach, &mut found, language)?;
    let [event] = found;
    Ok(event)
}

/// Adds to events how many came, and, for those who hold them, the rest of the figures and what to look at.
fn complete(db: &mut Db, reach: &Reach, events: &mut [Event], language: Language) -> Result<()> {
    let ids: Vec<Id> = events.iter().map(|event| event.id).collect();
    let (counts, held) = (registrations::counts(db, &ids)?, store::held(db, reach, &ids)?);
    for event in events {
        let holds = held.contains(&event.id);
        if !holds {
            *event = event.clone().as_public();
        }
        let of_event = counts.get(&event.id).copied().unwrap_or_default();
        let listed = (of_event.attended > 0).then_some(of_event.attended);
        event.attendance = event.attendance.or(listed);
        if holds {
            event.counts = Some(of_event);
            event.notices = rules::notices(&event.plan, event.attendance, of_event.taken(), language);
        } else {
            event.plan.online_url = None;
        }
    }
    Ok(())
}

/// Finds an event that the caller holds. One that they only see is refused.
pub fn find_held(db: &mut Db, reach: &Reach, id: Id) -> Result<Event> {
    let event = store::find(db, reach, id)?;
    match store::held(db, reach, &[id])?.is_empty() {
        true => Err(access_denied()),
        false => Ok(event),
    }
}

/// Completes and checks what an event names.
fn resolve(
    db: &mut Db,
    writer: &Writer,
    catalogue: &Catalogue,
    before: Option<&Event>,
    plan: &mut NewEvent,
) -> Result<()> {
    check_properties(
        writer.role,
        RecordKind::Events,
        before.map(|before| &before.plan),
        plan,
    )?;
    let mut faults = Vec::new();
    for (i, area) in plan.areas.iter_mut().enumerate() {
        resolve_area(catalogue, area, &format!("/areas/{i}"), &mut faults);
    }
    let unknown = |at: String, code: &'static str, ja: &'static str, en: &'static str| {
        FieldError::at(at, code, Text::new(ja, en))
    };
    let before = before.map(|before| &before.plan);
    let is_known = |known: Option<&Vec<Id>>, id: &Id| known.is_some_and(|known| known.contains(id));
    let hosts = reach::some_organizations(db, &writer.reach, &plan.host_ids)?;
    for (i, id) in plan.host_ids.iter().enumerate() {
        if !hosts.contains(id) && !is_known(before.map(|before| &before.host_ids), id) {
            faults.push(unknown_organization(format!("/host_ids/{i}")));
        }
    }
    let followed = reach::some_events(db, &writer.reach, &plan.follows_event_ids)?;
    for (i, id) in plan.follows_event_ids.iter().enumerate() {
        if !followed.contains(id) && !is_known(before.map(|before| &before.follows_event_ids), id) {
            let at = format!("/follows_event_ids/{i}");
            let (ja, en) = ("このIDのイベントは見つかりません。", "There is no such event.");
            faults.push(unknown(at, "unknown_event", ja, en));
        }
    }
    let deliverable = plan
        .deliverable_id
        .filter(|id| before.and_then(|before| before.deliverable_id) != Some(*id));
    if let Some(id) = deliverable
        && !reach::has_deliverable(db, &writer.reach, id)?
    {
        let (ja, en) = (
            "このIDの支援内容は見つかりません。",
            "There is no such deliverable.",
        );
        faults.push(unknown("/deliverable_id".into(), "unknown_record", ja, en));
    }
    let year = match plan.programme_id {
        None => None,
        Some(id) => match programmes::store::find(db, id) {
            Ok(programme) => Some(programme.plan.fiscal_year),
            Err(Error::NotFound { .. }) => {
                let (ja, en) = (
                    "このIDのプログラムは見つかりません。",
                    "There is no such programme.",
                );
                faults.push(unknown("/programme_id".into(), "unknown_programme", ja, en));
                None
            }
            Err(error) => return Err(error),
        },
    };
    match rules::check(plan, year) {
        Err(Error::Invalid(more)) => faults.extend(more),
        other => other?,
    }
    plan.host_ids.sort_unstable();
    plan.host_ids.dedup();
    plan.follows_event_ids.sort_unstable();
    plan.follows_event_ids.dedup();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}

/// Checks that the caller may hold an event with these areas and hosts. An organization holds events of its own area.
fn check_holders(db: &mut Db, writer: &Writer, before: Option<&Event>, plan: &mut NewEvent) -> Result<()> {
    let known = before
        .map(|before| before.plan.areas.as_slice())
        .unwrap_or_default();
    match &writer.reach {
        Reach::Everything => Ok(()),
        Reach::Areas(_) => {
            let mut added = plan.areas.iter().filter(|area| !known.contains(area));
            let is_own = added.all(|area| writer.reach.covers_area(area));
            let holds = plan.areas.iter().any(|area| writer.reach.covers_area(area));
            within_reach(is_own && holds)
        }
        Reach::Organization(own) => {
            let organization = organizations::store::find(db, &writer.reach, *own, false)?;
            if plan.areas.is_empty() {
                plan.areas = vec![organization.details.area.as_str().into()];
            }
            let mut added = plan.areas.iter().filter(|area| !known.contains(area));
            let is_own = added.all(|area| *area == organization.details.area);
            let kept = before
                .map(|before| before.plan.host_ids.as_slice())
                .unwrap_or_default();
            let mut hosts = plan.host_ids.iter();
            let are_own = hosts.all(|host| host == own || kept.contains(host));
            within_reach(is_own && are_own && plan.host_ids.contains(own))
        }
        Reach::Worker(_) | Reach::Partner(_) => Err(access_denied()),
    }
}

pub fn create(
    db: &mut Db,
    writer: &Writer,
    catalogue: &Catalogue,
    plan: NewEvent,
    now: Instant,
) -> Result<Event> {
    create_as(db, writer, catalogue, Id::new(), plan, now)
}

/// Makes an event that comes back with the id that it had.
pub fn create_as(
    db: &mut Db,
    writer: &Writer,
    catalogue: &Catalogue,
    id: Id,
    mut plan: NewEvent,
    now: Instant,
) -> Result<Event> {
    resolve(db, writer, catalogue, None, &mut plan)?;
    check_holders(db, writer, None, &mut plan)?;
    plan.status = next_status(&writer.reach, None, plan.status)?;
    let event = Event {
        id,
        fiscal_year: store::year_of(&plan),
        attendance: plan.declared_attendance.map(i64::from),
        counts: None,
        notices: Vec::new(),
        released: None,
        moved_at: None,
        published_at: (plan.status == EventStatus::Published).then_some(now),
        plan,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let change = store::insert_unlogged(db, &event)?;
    changes::store::append(db, &writer.actor, &[change])?;
    Ok(event)
}

/// Returns whether a plan waits to be released.
fn waits(plan: &NewEvent) -> bool {
    matches!(plan.status, EventStatus::Draft | EventStatus::Submitted)
}

/// Gives an event the plan that it had before, as an import that is undone does. Nothing is moved or announced by that.
pub fn restore(db: &mut Db, actor: &str, event: Event, plan: NewEvent, now: Instant) -> Result<()> {
    store::lock_event(db, event.id)?;
    let is_published = plan.status == EventStatus::Published;
    let after = Event {
        fiscal_year: store::year_of(&plan),
        published_at: event.published_at.or(is_published.then_some(now)),
        released: event.released.clone().filter(|_| waits(&plan)),
        plan,
        version: event.version + 1,
        updated_at: now,
        ..event
    };
    let mut changes = vec![store::update_unlogged(db, &after)?];
    changes.extend(super::registering::promote(db, &after, now)?);
    changes::store::append(db, actor, &changes)
}

/// Changes an event to what `change` returns. Writes nothing if that is the same. Places that become free go to those who
/// wait.
pub fn update(
    db: &mut Db,
    writer: &Writer,
    catalogue: &Catalogue,
    id: Id,
    if_match: &IfMatch,
    change: impl FnOnce(&NewEvent) -> Result<NewEvent>,
) -> Result<()> {
    store::lock_event(db, id)?;
    let before = find_held(db, &writer.reach, id)?;
    if_match.check(before.version)?;
    let mut plan = change(&before.plan)?;
    resolve(db, writer, catalogue, Some(&before), &mut plan)?;
    if plan == before.plan {
        return Ok(());
    }
    check_holders(db, writer, Some(&before), &mut plan)?;
    plan.status = next_status(&writer.reach, Some(&before), plan.status)?;
    rules::check_cancelled(&writer.reach, &before, &plan)?;
    let was_submitted = before.plan.status == EventStatus::Submitted;
    if_match.check_was_read(was_submitted && plan.status == EventStatus::Published)?;
    let now = Instant::now();
    let was_public = before.is_public();
    let public = before.clone().as_public().plan;
    let has_other_times = |plan: &NewEvent| {
        let differs = plan.times != public.times || plan.month != public.month;
        was_public && differs && !rules::says_the_day(&public, plan)
    };
    if has_other_times(&plan) && plan.notice.is_none() {
        return Err(Error::Invalid(vec![missing_notice()]));
    }
    let cancels_only = plan.status == EventStatus::Cancelled && {
        let (status, notice) = (before.plan.status, before.plan.notice.clone());
        before.plan
            == NewEvent {
                status,
                notice,
                ..plan.clone()
            }
    };
    if cancels_only && before.released.is_some() {
        // What nobody released doesn't become public by being cancelled.
        plan = NewEvent {
            status: plan.status,
            notice: plan.notice,
            ..public.clone()
        };
    }
    // What is public stays so until a coordinator releases the change, or cancels the event.
    let is_moved = has_other_times(&plan) && !waits(&plan);
    let released = (was_public && waits(&plan)).then_some(public);
    let is_published = plan.status == EventStatus::Published;
    let after = Event {
        fiscal_year: store::year_of(&plan),
        released,
        moved_at: if is_moved { Some(now) } else { before.moved_at },
        published_at: before.published_at.or(is_published.then_some(now)),
        plan,
        version: before.version + 1,
        updated_at: now,
        ..before
    };
    let mut changes = vec![store::update_unlogged(db, &after)?];
    changes.extend(super::registering::promote(db, &after, now)?);
    changes::store::append(db, &writer.actor, &changes)
}
