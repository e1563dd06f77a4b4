//! The use cases of events.

use super::rules::{self, next_status};
use super::store::{self, registrations};
use super::{Event, EventFilter, EventKind, EventStatus, NewEvent, TimeNumbers};
use crate::auth::{Reach, RecordKind, Writer, access_denied, check_properties, not_permitted, within_reach};
use crate::catalogue::lookup::resolve_area;
use crate::catalogue::{Catalogue, Filters};
use crate::changes::{self, Subject};
use crate::db::{Db, Id, Instant};
use crate::deliverables::actions::check_waiting;
use crate::deliverables::rules::unknown_organization;
use crate::error::{Error, FieldError, Result, Text};
use crate::http::query::check_span;
use crate::http::{IfMatch, Language, Page};
use crate::reach::store as reach;
use crate::values::AreaCode;
use crate::{organizations, programmes};
use std::collections::BTreeSet;

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
    let sessions = sessions(db, reach, events, &held)?;
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
            event.notices = rules::notices(
                &event.plan,
                event.attendance,
                of_event.taken(),
                Instant::now(),
                language,
            );
            event
                .notices
                .extend(rules::same_number(event, &sessions, language));
        } else {
            event.plan.online_url = None;
        }
    }
    Ok(())
}

/// Returns the sessions of the series to which events belong that the caller holds.
fn sessions(db: &mut Db, reach: &Reach, events: &[Event], held: &[Id]) -> Result<Vec<Event>> {
    let is_numbered = |event: &&Event| held.contains(&event.id) && event.plan.number.is_some();
    let numbered = || events.iter().filter(is_numbered);
    let series: BTreeSet<&String> = numbered()
        .filter_map(|event| event.plan.series.as_ref())
        .collect();
    let years = numbered().map(|event| event.fiscal_year);
    let Some(years) = years
        .clone()
        .min()
        .zip(years.max())
        .filter(|_| !series.is_empty())
    else {
        return Ok(Vec::new());
    };
    let series: Vec<String> = series.into_iter().cloned().collect();
    store::of_series(db, reach, &series, years)
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
    let (own, own_id) = (before.map(|before| &before.plan), before.map(|before| before.id));
    let permitted = check_properties(writer.role, RecordKind::Events, own, plan);
    let mut faults = Vec::new();
    for (i, area) in plan.areas.iter_mut().enumerate() {
        resolve_area(&catalogue.fixed, area, &format!("/areas/{i}"), &mut faults);
    }
    let unknown = |at: String, code: &'static str, ja: &'static str, en: &'static str| {
        FieldError::at(at, code, Text::new(ja, en))
    };
    let stated: Vec<&NewEvent> = before.map(Event::plans).into_iter().flatten().collect();
    let is_known = |ids: fn(&NewEvent) -> &Vec<Id>, id: &Id| stated.iter().any(|plan| ids(plan).contains(id));
    let before = before.map(|before| &before.plan);
    let hosts = reach::some_organizations(db, &writer.reach, &plan.host_ids)?;
    for (i, id) in plan.host_ids.iter().enumerate() {
        if !hosts.contains(id) && !is_known(|plan| &plan.host_ids, id) {
            faults.push(unknown_organization(format!("/host_ids/{i}")));
        }
    }
    // What was stored before goes on.
    let follows = (plan.kind, &plan.follows_event_ids);
    let stays = stated
        .iter()
        .any(|one| follows == (one.kind, &one.follows_event_ids));
    let followed = reach::some_events(db, &writer.reach, &plan.follows_event_ids)?;
    for (i, id) in plan.follows_event_ids.iter().enumerate() {
        if !followed.contains(id) && !is_known(|plan| &plan.follows_event_ids, id) {
            let at = format!("/follows_event_ids/{i}");
            let (ja, en) = ("このIDのイベントは見つかりません。", "There is no such event.");
            faults.push(unknown(at, "unknown_event", ja, en));
        }
        if own_id == Some(*id) && !stays {
            let at = format!("/follows_event_ids/{i}");
            let (ja, en) = (
                "イベント自身を指定することはできません。",
                "An event doesn't follow up itself.",
            );
            faults.push(unknown(at, "follows_itself", ja, en));
        }
    }
    if !plan.follows_event_ids.is_empty() && plan.kind != EventKind::Consultation && !stays {
        let at = "/follows_event_ids".to_owned();
        let (ja, en) = (
            "フォローするイベントは、種別が個別相談（consultation）のときだけ指定できます。",
            "Only a consultation follows up other events.",
        );
        faults.push(unknown(at, "not_a_consultation", ja, en));
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
            Ok(programme) => {
                let areas = &programme.plan.areas;
                let is_theirs = areas.is_empty() || areas.iter().any(|area| writer.reach.covers_area(area));
                let is_new = before.and_then(|before| before.programme_id) != Some(id);
                // Offices see the programmes of other areas, and put nothing into them.
                if is_new && !is_theirs && matches!(writer.reach, Reach::Areas(_)) {
                    faults.push(not_permitted("/programme_id"));
                }
                Some(programme.plan.fiscal_year)
            }
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
    let named = if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    };
    // What was stored before goes on, until its dates are written.
    let is_dated_anew =
        before.is_none_or(|before| (&before.times, &before.month) != (&plan.times, &plan.month));
    let month = match is_dated_anew {
        // A month or a day that the times have left behind says nothing any more.
        true if before.is_some_and(|before| before.month == plan.month) => {
            plan.month = plan.month.take().filter(|known| rules::is_of_times(plan, known));
            Ok(())
        }
        true => rules::check_month(plan),
        false => Ok(()),
    };
    Error::together([permitted, named, rules::check(plan, year), month])?;
    plan.host_ids.sort_unstable();
    plan.host_ids.dedup();
    plan.follows_event_ids.sort_unstable();
    plan.follows_event_ids.dedup();
    Ok(())
}

/// Checks that the caller may hold an event with these areas and hosts. An organization holds events of its own area.
fn check_holders(db: &mut Db, writer: &Writer, before: Option<&Event>, plan: &mut NewEvent) -> Result<()> {
    // Who holds the event may take a change back that waits: whom it leaves out, too.
    let stated: Vec<&NewEvent> = before.map(Event::plans).into_iter().flatten().collect();
    let is_known = |area: &AreaCode| stated.iter().any(|plan| plan.areas.contains(area));
    match &writer.reach {
        Reach::Everything => Ok(()),
        Reach::Areas(_) if plan.areas.is_empty() => {
            let rule = Text::new("あなたの地域を指定してください。", "Give your area.");
            Err(Error::invalid("/areas", "missing_field", rule))
        }
        Reach::Areas(_) => {
            let mut added = plan.areas.iter().filter(|area| !is_known(area));
            let is_own = added.all(|area| writer.reach.covers_area(area));
            let holds = plan.areas.iter().any(|area| writer.reach.covers_area(area));
            within_reach(is_own && holds)
        }
        Reach::Organization(own) => {
            let organization = organizations::store::find(db, &writer.reach, *own, false)?;
            if plan.areas.is_empty() {
                plan.areas = vec![organization.details.area.as_str().into()];
            }
            let mut added = plan.areas.iter().filter(|area| !is_known(area));
            let is_own = added.all(|area| *area == organization.details.area);
            let is_kept = |host: &Id| stated.iter().any(|plan| plan.host_ids.contains(host));
            let mut hosts = plan.host_ids.iter();
            let are_own = hosts.all(|host| host == own || is_kept(host));
            within_reach(is_own && are_own && plan.host_ids.contains(own))
        }
        Reach::Worker(_) | Reach::Partner(_) => Err(access_denied()),
    }
}

/// Checks that a coordinator takes an event from no other office that holds it, and from no organization in the area of one. They
/// may release or take back what an organization asks for, though.
fn check_kept(db: &mut Db, reach: &Reach, before: &Event, plan: &NewEvent) -> Result<()> {
    if !matches!(reach, Reach::Areas(_)) {
        return Ok(());
    }
    let public = before.clone().as_public().plan;
    let areas = public
        .areas
        .iter()
        .filter(|area| before.plan.areas.contains(area));
    let others: Vec<&AreaCode> = areas.filter(|area| !reach.covers_area(area)).collect();
    if others.is_empty() {
        return Ok(());
    }
    let mut faults = Vec::new();
    if others.iter().any(|area| !plan.areas.contains(area)) {
        faults.push(not_permitted("/areas"));
    }
    let hosts = public
        .host_ids
        .iter()
        .filter(|host| before.plan.host_ids.contains(host));
    let gone = hosts.filter(|host| !plan.host_ids.contains(host));
    let gone = organizations::store::load_some(db, &gone.copied().collect::<Vec<Id>>())?;
    let is_elsewhere = |area: &AreaCode| gone.iter().any(|one| *area == one.details.area);
    if others.into_iter().any(is_elsewhere) {
        faults.push(not_permitted("/host_ids"));
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(faults)),
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
    if let Reach::Organization(own) = &writer.reach {
        let waiting = store::count_waiting(db, *own, now)?;
        check_waiting(db, waiting, Subject::Event, &writer.actor, now)?;
    }
    let event = Event {
        id,
        fiscal_year: store::year_of(&plan),
        attendance: plan.declared_attendance.map(i64::from),
        counts: None,
        notices: Vec::new(),
        released: None,
        moved_at: None,
        is_rescheduled: false,
        earlier: Vec::new(),
        numbers: TimeNumbers::default(),
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

/// Checks that the answers that were given to the questions of an event stay with them.
fn check_answered(db: &mut Db, id: Id, public: &NewEvent, plan: &NewEvent) -> Result<()> {
    if public.questions == plan.questions || registrations::count_answers(db, id)? == 0 {
        return Ok(());
    }
    rules::check_answered(&public.questions, &plan.questions)
}

/// Returns whether a plan waits to be released.
fn waits(plan: &NewEvent) -> bool {
    matches!(plan.status, EventStatus::Draft | EventStatus::Submitted)
}

/// Returns by which numbers calendars know the times of an event once it has others.
fn numbers(before: &Event, after: &NewEvent) -> TimeNumbers {
    let shown = before.released.as_ref().unwrap_or(&before.plan);
    before.numbers.after(&shown.times, &after.times)
}

/// Gives an event the plan that it had before, as an import that is undone does. Nothing is moved or announced by that.
pub fn restore(db: &mut Db, actor: &str, event: Event, plan: NewEvent, now: Instant) -> Result<()> {
    store::lock_event(db, event.id)?;
    check_answered(db, event.id, &event.clone().as_public().plan, &plan)?;
    let is_published = plan.status == EventStatus::Published;
    let released = event.released.clone().filter(|_| waits(&plan));
    let public = released.as_ref().unwrap_or(&plan);
    let back = rules::back_to_earlier(&event.earlier, public);
    let after = Event {
        fiscal_year: store::year_of(&plan),
        published_at: event.published_at.or(is_published.then_some(now)),
        numbers: numbers(&event, public),
        is_rescheduled: event.is_rescheduled && back.as_ref().is_none_or(|left| !left.is_empty()),
        earlier: back.unwrap_or_else(|| event.earlier.clone()),
        released,
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
    check_kept(db, &writer.reach, &before, &plan)?;
    plan.status = next_status(&writer.reach, Some(&before), plan.status)?;
    rules::check_cancelled(&writer.reach, &before, &plan)?;
    let was_submitted = before.plan.status == EventStatus::Submitted;
    if_match.check_was_read(was_submitted && plan.status == EventStatus::Published)?;
    let now = Instant::now();
    let was_public = before.is_public();
    let public = before.clone().as_public().plan;
    if was_public {
        rules::check_notice(&public, &plan, before.moved_at.is_some(), now)?;
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
    // To give back a change that waits takes nothing away from who has answered.
    if !waits(&plan) || plan.questions != before.plan.questions {
        check_answered(db, id, &public, &plan)?;
    }
    // What is public stays so until a coordinator releases the change, or cancels the event.
    let is_moved = was_public && rules::is_moved(&public, &plan, now) && !waits(&plan);
    let is_rescheduled = is_moved && rules::is_at_other_times(&public, &plan);
    let earlier = match is_rescheduled {
        true => rules::earlier(&before.earlier, &public, &plan),
        false => before.earlier.clone(),
    };
    let released = (was_public && waits(&plan)).then_some(public);
    let is_published = plan.status == EventStatus::Published;
    let after = Event {
        fiscal_year: store::year_of(&plan),
        moved_at: if is_moved { Some(now) } else { before.moved_at },
        is_rescheduled: match is_rescheduled {
            // Of a move by an earlier release nothing is known but that it was one.
            true => !earlier.is_empty() || (before.is_rescheduled && before.earlier.is_empty()),
            false => before.is_rescheduled,
        },
        earlier,
        numbers: numbers(&before, released.as_ref().unwrap_or(&plan)),
        published_at: before.published_at.or(is_published.then_some(now)),
        released,
        plan,
        version: before.version + 1,
        updated_at: now,
        ..before
    };
    let mut changes = vec![store::update_unlogged(db, &after)?];
    changes.extend(super::registering::promote(db, &after, now)?);
    changes::store::append(db, &writer.actor, &changes)
}

/// Takes an organization out of those that hold an event, also in what is public while a change waits. Nobody asks organizations
/// before they are named, so each may take itself out, and no other.
pub fn remove_host(db: &mut Db, writer: &Writer, (id, host): (Id, Id), if_match: &IfMatch) -> Result<()> {
    store::lock_event(db, id)?;
    let before = find_held(db, &writer.reach, id)?;
    if_match.check(before.version)?;
    if let Reach::Organization(own) = &writer.reach {
        within_reach(*own == host)?;
    }
    if !before.plans().any(|plan| plan.host_ids.contains(&host)) {
        return Err(Error::not_found("主催団体", "host"));
    }
    let without = |plan: &NewEvent| {
        let mut plan = plan.clone();
        plan.host_ids.retain(|one| *one != host);
        plan
    };
    check_kept(db, &writer.reach, &before, &without(&before.plan))?;
    let after = Event {
        plan: without(&before.plan),
        released: before.released.as_ref().map(without),
        version: before.version + 1,
        updated_at: Instant::now(),
        ..before
    };
    let change = store::update_unlogged(db, &after)?;
    changes::store::append(db, &writer.actor, &[change])
}
