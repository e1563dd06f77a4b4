//! The use cases of registrations: who comes, who waits, who came.

use super::registration::{NewRegistration, Registration, RegistrationStatus, Through};
use super::rules::{
    MOST_TIMES, check_begun, event_full, has_begun, last_moment, registration_closed, share_of_organization,
    share_taken, too_many_places, too_many_registrations,
};
use super::store::registrations::{self as store, Keys, Sender};
use super::store::{find, held, lock_event};
use super::{Event, EventStatus, departures, registrants};
use crate::auth::secret::KeyedDigest;
use crate::auth::{Reach, Viewer, access_denied, not_permitted, within_reach};
use crate::changes::{self, Change};
use crate::db::{Db, Id, Instant};
use crate::deliverables::rules::unknown_organization;
use crate::duplicates::people::{plain_email, plain_name};
use crate::error::{Error, FieldError, Result, Text};
use crate::http::{IfMatch, Page, Paging, idempotency};
use crate::reach::store as reach;
use crate::values::{AreaCode, Lifecycle};
use crate::{auth, workers};
use RegistrationStatus::{Absent, Attended, Cancelled, Registered, Waiting};
use std::collections::HashMap;
use text::fold;

/// How many people move up at once when places become free.
const PROMOTED: i64 = 200;
/// How many registrations an event has at most, apart from those that were cancelled.
pub const MOST: i64 = 100_000;
/// How many registrations of an event are kept at most, those that were cancelled included.
const MOST_KEPT: i64 = 3 * MOST;

pub fn list(db: &mut Db, viewer: &Viewer, event: Id, paging: &Paging) -> Result<Page<Registration>> {
    let event = find(db, &viewer.reach, event)?.as_public();
    let mut page = store::list(db, &viewer.reach, event.id, paging)?;
    name_workers(db, viewer, &mut page.items)?;
    Ok(page.map(|one| one.shown(viewer.personal_data, event.plan.online_url.as_ref())))
}

/// Adds the names of workers, as far as the viewer reads them in lists of workers.
fn name_workers(db: &mut Db, viewer: &Viewer, found: &mut [Registration]) -> Result<()> {
    let ids: Vec<Id> = found.iter().filter_map(|one| one.new.worker_id).collect();
    if ids.is_empty() || !viewer.personal_data || !viewer.beside.workers {
        return Ok(());
    }
    let seen = Vec::from_iter(reach::some_workers(db, &viewer.reach, &ids)?);
    let sight = workers::listing::sight(viewer);
    let seen = workers::store::load_some(db, &seen)?.into_iter();
    let names = seen.map(|worker| worker.shown(sight));
    let names = names.filter_map(|worker| Some((worker.id, worker.profile.personal?.name?)));
    let names: HashMap<Id, String> = names.collect();
    for one in found {
        one.worker_name = one.new.worker_id.and_then(|id| names.get(&id)).cloned();
    }
    Ok(())
}

/// Returns those of the registrations that exist, with the names of workers whom the viewer reads in lists.
pub fn load_some(db: &mut Db, viewer: &Viewer, ids: &[Id]) -> Result<Vec<Registration>> {
    let mut found = store::load_some(db, ids)?;
    name_workers(db, viewer, &mut found)?;
    Ok(found)
}

/// Returns a registration for an event as the viewer sees it.
fn seen(db: &mut Db, viewer: &Viewer, event: &Event, one: Registration) -> Result<Registration> {
    let mut found = [one];
    name_workers(db, viewer, &mut found)?;
    let [one] = found;
    Ok(one.shown(viewer.personal_data, event.plan.online_url.as_ref()))
}

pub fn show(db: &mut Db, viewer: &Viewer, event: Id, id: Id) -> Result<Registration> {
    let event = find(db, &viewer.reach, event)?.as_public();
    let (one, _) = store::find(db, &viewer.reach, event.id, id)?;
    seen(db, viewer, &event, one)
}

/// Checks that an event takes registrations now.
pub fn check_open(event: &Event, now: Instant) -> Result<()> {
    let plan = &event.plan;
    let is_over = last_moment(plan).is_some_and(|last| last <= now);
    let is_closed = plan.registration_closes_at.is_some_and(|closes| closes <= now);
    let is_open = plan.status == EventStatus::Published && plan.takes_registrations;
    match is_open && !is_over && !is_closed {
        true => Ok(()),
        false => Err(registration_closed()),
    }
}

/// Returns what tells who it is, so that nobody registers twice.
pub fn person_key(db: &mut Db, new: &NewRegistration) -> Result<Option<String>> {
    if let Some(worker) = new.worker_id {
        return Ok(Some(registrants::of_worker(worker)));
    }
    let digests = auth::store::digests(db)?;
    let key = |kind: &str, text: &str| Some(keyed(&digests, kind, text));
    if let Some(email) = &new.email {
        // An office or a family shares one address.
        let name = new.name.as_deref().map(plain_name).unwrap_or_default();
        return Ok(key("person", &format!("{name}\n{}", plain_email(email))));
    }
    let Some(name) = &new.name else { return Ok(None) };
    let from = new.affiliation.as_deref().unwrap_or_default();
    let of = new.organization_id.map(|id| id.to_string()).unwrap_or_default();
    let name: String = fold(name).split_whitespace().collect();
    Ok(key("name", &format!("{name}\n{}\n{of}", fold(from))))
}

fn keyed(digests: &KeyedDigest, kind: &str, text: &str) -> String {
    format!("{kind}:{}", hex::encode(digests.of(kind, text)))
}

/// Gives a registration that asks for places the status that it gets: registered, or waiting if there are too few.
pub fn placed(
    db: &mut Db,
    event: &Event,
    asked: RegistrationStatus,
    places: i32,
) -> Result<RegistrationStatus> {
    let Some(capacity) = event.plan.capacity.filter(|_| asked == Registered) else {
        return Ok(asked);
    };
    let counts = store::counts(db, &[event.id])?;
    let counts = counts.get(&event.id).copied().unwrap_or_default();
    // Who waits goes first, except who needs more places than are free.
    let free = i64::from(capacity) - counts.taken();
    let has_room = i64::from(places) <= free && store::waiting(db, event.id, free, 1)?.is_empty();
    match (has_room, event.plan.waiting_list) {
        (true, _) => Ok(Registered),
        (false, true) => Ok(Waiting),
        (false, false) => Err(event_full()),
    }
}

/// Checks whom a caller registers. Returns on whose behalf: the partner's whose volunteer it is, or the office's whose staff.
/// `may_be_nobody`: of whom was forgotten, only the count is left.
fn check_person(
    db: &mut Db,
    viewer: &Viewer,
    holds: bool,
    may_be_nobody: bool,
    new: &mut NewRegistration,
) -> Result<Through> {
    let reach = &viewer.reach;
    let office_area = if holds { None } else { office(reach) };
    // Of no area they would see it no more.
    if !holds && matches!(reach, Reach::Areas(_)) && office_area.is_none() {
        return Err(access_denied());
    }
    match reach {
        Reach::Worker(own) if new.worker_id.is_none() => new.worker_id = Some(*own),
        Reach::Organization(own) if new.organization_id.is_none() && !holds => {
            new.organization_id = Some(*own);
        }
        _ => {}
    }
    // An erasure finds the registration, or the registration finds nobody.
    if let Some(worker) = new.worker_id {
        workers::store::lock_one(db, worker)?;
    }
    let mut faults: Vec<FieldError> = Vec::new();
    let is_worker = match (reach, new.worker_id) {
        (Reach::Worker(own), worker) => worker == Some(*own),
        (Reach::Partner(_), Some(worker)) => reach::has_own_worker(db, reach, worker)?,
        (Reach::Partner(_), None) => false,
        (_, Some(worker)) => !reach::some_workers(db, reach, &[worker])?.is_empty(),
        (_, None) => true,
    };
    if !is_worker {
        let rule = Text::new("このIDのワーカーは見つかりません。", "There is no such worker.");
        faults.push(FieldError::at("/worker_id", "unknown_worker", rule));
    }
    let is_organization = match (reach, new.organization_id) {
        (_, None) => true,
        (Reach::Worker(_) | Reach::Partner(_), Some(_)) => false,
        (Reach::Organization(own), Some(id)) => id == *own || holds,
        (_, Some(id)) => !reach::some_organizations(db, reach, &[id])?.is_empty(),
    };
    if !is_organization {
        faults.push(unknown_organization("/organization_id"));
    }
    if !holds && new.status != Registered {
        faults.push(not_permitted("/status"));
    }
    // An office names its staff: workers and organizations come by themselves, and have places of their own.
    if office_area.is_some() && new.worker_id.is_some() {
        faults.push(not_permitted("/worker_id"));
    }
    if office_area.is_some() && new.organization_id.is_some() {
        faults.push(not_permitted("/organization_id"));
    }
    if new.name.is_none() && new.worker_id.is_none() && !may_be_nobody {
        let rule = Text::new(
            "氏名を入力するか、ワーカー（worker_id）を指定してください。",
            "Give the name, or the worker (worker_id).",
        );
        faults.push(FieldError::at("/name", "missing_name", rule));
    }
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    let Some(worker) = new.worker_id else {
        return Ok(Through {
            office_area,
            ..Through::default()
        });
    };
    let found = workers::store::load_some(db, &[worker])?;
    let worker = found.first();
    // Who is made up to try out an app takes nobody's place.
    within_reach(worker.is_none_or(|worker| !worker.sandbox))?;
    Ok(Through {
        partner_id: worker.and_then(|worker| worker.partner_id),
        office_area,
    })
}

/// Returns the area whose office a caller is, for what they send to others. Of several, the first.
fn office(reach: &Reach) -> Option<AreaCode> {
    match reach {
        Reach::Areas(areas) => areas.first().map(|area| area.as_str().into()),
        _ => None,
    }
}

/// Returns for whom a registration counts that the caller makes for an event that they don't hold.
fn sender<'a>(reach: &Reach, office_area: Option<&'a AreaCode>) -> Option<Sender<'a>> {
    match reach {
        Reach::Organization(own) => Some(Sender::Organization(*own)),
        Reach::Areas(_) => office_area.map(Sender::Office),
        Reach::Everything | Reach::Worker(_) | Reach::Partner(_) => None,
    }
}

/// Registers somebody for an event.
pub fn create(
    db: &mut Db,
    viewer: &Viewer,
    event: Id,
    mut new: NewRegistration,
    now: Instant,
) -> Result<Registration> {
    lock_event(db, event)?;
    let event = find(db, &viewer.reach, event)?.as_public();
    let holds = !held(db, &viewer.reach, &[event.id])?.is_empty();
    if new.status == Cancelled || new.status == Waiting {
        return Err(Error::Invalid(vec![not_permitted("/status")]));
    }
    // Who holds the event writes down afterwards who came.
    match holds && matches!(new.status, Attended | Absent) {
        true => check_begun(&event.plan, now)?,
        false => check_open(&event, now)?,
    }
    let through = check_person(db, viewer, holds, false, &mut new)?;
    if !holds {
        let sender = sender(&viewer.reach, through.office_area.as_ref());
        check_share(db, sender, &event, &new, None)?;
        check_repeats(db, sender, &event, &new)?;
    }
    let one = insert(db, &viewer.actor, &event, (new, through), None, now)?;
    if holds {
        store::set_given(db, one.id, true)?;
    }
    seen(db, viewer, &event, one)
}

/// Checks that an event has as many places as somebody asks for. Who came, came.
fn check_places(event: &Event, new: &NewRegistration) -> Result<()> {
    let asks = matches!(new.status, Registered | Waiting);
    match event
        .plan
        .capacity
        .filter(|capacity| asks && new.places > *capacity)
    {
        Some(capacity) => Err(Error::Invalid(vec![too_many_places(capacity)])),
        None => Ok(()),
    }
}

/// Checks that the people whom an organization or an office registers leave places for others. What those who hold the event give
/// to its people doesn't count.
fn check_share(
    db: &mut Db,
    sender: Option<Sender>,
    event: &Event,
    new: &NewRegistration,
    except: Option<Id>,
) -> Result<()> {
    let (Some(sender), Registered | Waiting) = (sender, new.status) else {
        return Ok(());
    };
    let places = store::places_of_sender(db, event.id, sender, except)? + i64::from(new.places);
    match places > share_of_organization(&event.plan) {
        true => Err(share_taken()),
        false => Ok(()),
    }
}

/// Checks that nobody registers and cancels for an event again and again: each time is kept.
fn check_repeats(db: &mut Db, sender: Option<Sender>, event: &Event, new: &NewRegistration) -> Result<()> {
    let times = match (new.worker_id, sender) {
        // What an organization does with a worker's name takes nothing from the worker.
        (Some(worker), _) => store::count_of_worker(db, event.id, worker, new.organization_id)?,
        (None, Some(sender)) => store::count_of_sender(db, event.id, sender)?,
        (None, None) => 0,
    };
    // Several people are registered together, of whom only the names may be known.
    let people = match new.worker_id {
        Some(_) => 1,
        None => share_of_organization(&event.plan),
    };
    match times < MOST_TIMES * people {
        true => Ok(()),
        false => Err(too_many_registrations()),
    }
}

/// Records what a list of those who hold an event says of somebody: that they come, came or cancelled.
pub fn record(
    db: &mut Db,
    viewer: &Viewer,
    event: Id,
    mut new: NewRegistration,
    now: Instant,
) -> Result<Registration> {
    lock_event(db, event)?;
    let event = find(db, &viewer.reach, event)?.as_public();
    if held(db, &viewer.reach, &[event.id])?.is_empty() {
        return Err(access_denied());
    }
    match new.status {
        Attended | Absent => check_begun(&event.plan, now)?,
        Registered | Waiting => {
            check_open(&event, now)?;
            // A place that is free goes to who waits.
            new.status = Registered;
        }
        Cancelled => {}
    }
    let through = check_person(db, viewer, true, false, &mut new)?;
    let has_cancelled = new.status == Cancelled;
    let one = insert(db, &viewer.actor, &event, (new, through), None, now)?;
    store::set_given(db, one.id, true)?;
    if has_cancelled {
        // They may register again.
        store::forget_key(db, one.id)?;
    }
    Ok(one)
}

/// Puts a registration back under its id, as an own export tells of it: who had a place has it also where the event is full or over.
pub fn put_back(
    db: &mut Db,
    viewer: &Viewer,
    (event, id): (Id, Id),
    mut new: NewRegistration,
    office_area: Option<AreaCode>,
    now: Instant,
) -> Result<Registration> {
    lock_event(db, event)?;
    let event = find(db, &viewer.reach, event)?.as_public();
    if held(db, &viewer.reach, &[event.id])?.is_empty() {
        return Err(access_denied());
    }
    check_room(db, event.id)?;
    let through = Through {
        office_area,
        ..check_person(db, viewer, true, true, &mut new)?
    };
    let people = registrants::of(db, &new)?;
    // Who has cancelled may have registered again.
    let person_key = match new.status {
        Cancelled => None,
        _ => {
            registrants::check_is_new(db, event.id, &new, &people, None)?;
            person_key(db, &new)?
        }
    };
    let keys = Keys {
        person_key,
        secret_digest: None,
        people: Some(people),
    };
    add(db, &viewer.actor, (event.id, id), (new, through), keys, now)
}

/// Checks that the list of an event takes another registration.
fn check_room(db: &mut Db, event: Id) -> Result<()> {
    let (present, kept) = store::count(db, event)?;
    match present >= MOST || kept >= MOST_KEPT {
        true => Err(event_full()),
        false => Ok(()),
    }
}

/// Stores a new registration.
pub fn insert(
    db: &mut Db,
    actor: &str,
    event: &Event,
    (mut new, through): (NewRegistration, Through),
    secret_digest: Option<String>,
    now: Instant,
) -> Result<Registration> {
    check_room(db, event.id)?;
    check_places(event, &new)?;
    let person_key = person_key(db, &new)?;
    let people = registrants::of(db, &new)?;
    registrants::check_is_new(db, event.id, &new, &people, None)?;
    new.status = placed(db, event, new.status, new.places)?;
    departures::forget(db, event.id, &new)?;
    let keys = Keys {
        person_key,
        secret_digest,
        people: Some(people),
    };
    add(db, actor, (event.id, Id::new()), (new, through), keys, now)
}

fn add(
    db: &mut Db,
    actor: &str,
    (event_id, id): (Id, Id),
    (new, through): (NewRegistration, Through),
    keys: Keys,
    now: Instant,
) -> Result<Registration> {
    let one = Registration {
        id,
        event_id,
        new,
        worker_name: None,
        answered: false,
        online_url: None,
        version: 1,
        created_at: now,
        updated_at: now,
        office_area: through.office_area,
        partner_id: through.partner_id,
    };
    let change = store::insert_unlogged(db, &one, keys)?;
    changes::store::append(db, actor, &[change])?;
    Ok(one)
}

/// Gives free places to those who wait, in their order. Who needs more places than are free holds up nobody. Returns what to
/// log.
pub fn promote(db: &mut Db, event: &Event, now: Instant) -> Result<Vec<Change>> {
    let event = &event.clone().as_public();
    let is_over = last_moment(&event.plan).is_some_and(|last| last <= now);
    if event.plan.status != EventStatus::Published || is_over {
        return Ok(Vec::new());
    }
    let counts = store::counts(db, &[event.id])?;
    let counts = counts.get(&event.id).copied().unwrap_or_default();
    if counts.waiting == 0 {
        return Ok(Vec::new());
    }
    let capacity = event.plan.capacity.map_or(i64::MAX, i64::from);
    let mut free = capacity - counts.taken();
    let mut changes = Vec::new();
    for (mut one, keys) in store::waiting(db, event.id, free, PROMOTED)? {
        if i64::from(one.new.places) > free {
            continue;
        }
        free -= i64::from(one.new.places);
        one.new.status = Registered;
        one.version += 1;
        one.updated_at = now;
        changes.push(store::update_unlogged(db, &one, keys)?);
    }
    Ok(changes)
}

/// Changes a registration to what `change` returns. Who registered may correct it while the event takes registrations, and
/// cancel it until it is known whether they came; those who hold the event also say who attended.
pub fn update(
    db: &mut Db,
    viewer: &Viewer,
    (event, id): (Id, Id),
    if_match: &IfMatch,
    change: impl FnOnce(&NewRegistration) -> Result<NewRegistration>,
) -> Result<Registration> {
    lock_event(db, event)?;
    let event = find(db, &viewer.reach, event)?.as_public();
    let (before, mut keys) = store::find(db, &viewer.reach, event.id, id)?;
    if_match.check(before.version)?;
    let known = before.clone().shown(viewer.personal_data, None);
    let mut new = change(&known.new)?;
    if !viewer.personal_data {
        // What the caller can't see stays as it is.
        let hidden = before.new.clone();
        (new.name, new.email, new.phone) = (hidden.name, hidden.email, hidden.phone);
        (new.affiliation, new.note) = (hidden.affiliation, hidden.note);
    }
    if new == before.new {
        return seen(db, viewer, &event, before);
    }
    let holds = !held(db, &viewer.reach, &[event.id])?.is_empty();
    let mut fixed = Vec::new();
    if new.worker_id != before.new.worker_id {
        fixed.push(not_permitted("/worker_id"));
    }
    if new.organization_id != before.new.organization_id {
        fixed.push(not_permitted("/organization_id"));
    }
    let moves = new.status != before.new.status;
    if moves && !holds && new.status != Cancelled {
        fixed.push(not_permitted("/status"));
    }
    if !fixed.is_empty() {
        return Err(Error::Invalid(fixed));
    }
    before.new.status.check_move(new.status)?;
    let now = Instant::now();
    if !holds {
        let cancelled = NewRegistration {
            status: Cancelled,
            ..before.new.clone()
        };
        match before.new.status {
            Attended | Absent | Cancelled => return Err(registration_closed()),
            Registered | Waiting if new != cancelled => check_open(&event, now)?,
            // What was counted stays, without the person.
            Registered | Waiting if has_begun(&event.plan, now) => {
                let one = withdraw(db, &viewer.actor, &event, (before, keys), now)?;
                return seen(db, viewer, &event, one);
            }
            Registered | Waiting => {}
        }
    }
    if moves && matches!(new.status, Attended | Absent) {
        check_begun(&event.plan, now)?;
    }
    if new.places > before.new.places {
        check_places(&event, &new)?;
        if !holds {
            let sender = sender(&viewer.reach, before.office_area.as_ref());
            check_share(db, sender, &event, &new, Some(before.id))?;
            // What somebody takes more of is theirs as a whole.
            store::set_given(db, before.id, false)?;
        }
    }
    if new.places > before.new.places && before.new.status == Registered && new.status == Registered {
        let counts = store::counts(db, &[event.id])?;
        let taken = counts.get(&event.id).copied().unwrap_or_default().taken();
        let more = i64::from(new.places - before.new.places);
        let capacity = event.plan.capacity.map_or(i64::MAX, i64::from);
        if taken + more > capacity {
            return Err(event_full());
        }
    }
    if new.registrant() != before.new.registrant() {
        // The stored answer has the person as they were.
        idempotency::forget(db, &id.to_string())?;
        if keys.person_key.is_some() {
            keys.person_key = person_key(db, &new)?;
        }
        let people = registrants::of(db, &new)?;
        if new.status != Cancelled {
            registrants::check_is_new(db, event.id, &new, &people, Some(before.id))?;
        }
        keys.people = Some(people);
    }
    let after = Registration {
        new,
        version: before.version + 1,
        updated_at: now,
        ..before
    };
    let mut changes = vec![store::update_unlogged(db, &after, keys)?];
    changes.extend(promote(db, &event, now)?);
    changes::store::append(db, &viewer.actor, &changes)?;
    seen(db, viewer, &event, after)
}

/// Deletes a registration as [`delete`] does. Whom those who hold the event take off, no old list brings back.
pub fn take_off(db: &mut Db, viewer: &Viewer, ids: (Id, Id), if_match: &IfMatch) -> Result<()> {
    match delete(db, viewer, ids, if_match)? {
        Some(gone) => {
            let mut gone = [gone];
            name_workers(db, viewer, &mut gone)?;
            let [gone] = gone;
            departures::note(db, &gone, Instant::now())
        }
        None => Ok(()),
    }
}

/// Deletes a registration with what is known of the person. The place goes to who waits. After the begin, only those who hold
/// the event delete what was counted; for others the person is forgotten. Returns what those who hold the event deleted.
pub fn delete(
    db: &mut Db,
    viewer: &Viewer,
    (event, id): (Id, Id),
    if_match: &IfMatch,
) -> Result<Option<Registration>> {
    lock_event(db, event)?;
    let event = find(db, &viewer.reach, event)?.as_public();
    let (before, keys) = store::find(db, &viewer.reach, event.id, id)?;
    if_match.check(before.version)?;
    let now = Instant::now();
    let holds = !held(db, &viewer.reach, &[event.id])?.is_empty();
    let is_counted = has_begun(&event.plan, now) || matches!(before.new.status, Attended | Absent);
    if !holds && is_counted {
        return withdraw(db, &viewer.actor, &event, (before, keys), now).map(|_| None);
    }
    let mut changes = vec![store::delete_unlogged(db, &before)?];
    idempotency::forget(db, &before.id.to_string())?;
    changes.extend(promote(db, &event, now)?);
    changes::store::append(db, &viewer.actor, &changes)?;
    Ok(holds.then_some(before))
}

/// Cancels a registration of an event that is locked, and forgets the person. What is known of whether they came stays.
pub fn withdraw(
    db: &mut Db,
    actor: &str,
    event: &Event,
    (before, mut keys): (Registration, Keys),
    now: Instant,
) -> Result<Registration> {
    let id = before.id;
    let mut after = Registration {
        version: before.version + 1,
        updated_at: now,
        ..before
    };
    if matches!(after.new.status, Registered | Waiting) {
        after.new.status = Cancelled;
    }
    after.forget();
    after.new.worker_id = None;
    after.partner_id = None;
    // Who has answered the questionnaire doesn't register and answer again.
    keys.person_key = keys.person_key.filter(|_| after.answered);
    let mut changes = vec![store::update_unlogged(db, &after, keys)?];
    store::forget_guests(db, &[id])?;
    idempotency::forget(db, &id.to_string())?;
    changes.extend(promote(db, event, now)?);
    changes::store::append(db, actor, &changes)?;
    Ok(after)
}
