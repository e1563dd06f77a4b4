//! A row of a list of who comes, or came: it registers somebody for an event, or says what became of their registration.
//!
//! The event is that of the row (its id, or its title and day), or else that of the import (`event_id`). Only those who hold it
//! send its list. Of the people, the id of a registration names one; else the e-mail address does together with the name, since
//! an office shares one address, and else the name, if only one of the event has it. An own export brings registrations back that
//! were never here, under their ids.

pub mod fields;
mod known;

use super::acting::{Acting, ActingRecord, Acts, Done, Written};
use super::reading::Reading;
use crate::auth::{Beside, Reach, Viewer};
use crate::catalogue::Catalogues;
use crate::changes;
use crate::db::{Db, Id, Instant};
use crate::duplicates::people::plain_email;
use crate::error::{Error, Result};
use crate::events::registration::{NewRegistration, Registration, RegistrationStatus};
use crate::events::rules::{first_day, is_on, is_without_day, last_moment};
use crate::events::signs::Likeness;
use crate::events::store::{lock_event, registrations as store};
use crate::events::{self, Event, departures, registering, registrants};
use crate::http::IfMatch;
use crate::http::body::check_change;
use crate::imports::columns::Target;
use crate::imports::fields::{Context, set};
use crate::imports::jobs::store::writes::{RecordWriteRow, row_hashes};
use crate::organizations::names::name_key;
use chrono::NaiveDate;
use fields::{Draft, FIELDS};
use known::{Candidate, Known, Sought, any_named, meant, person, plain};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use tables::Remark;

/// What is kept of a row, to take it back: nothing about the person.
#[derive(Serialize, Deserialize)]
struct Kept {
    event: Id,
    /// Null for a new registration.
    before: Option<Counted>,
}

/// What a registration counts as.
#[derive(Serialize, Deserialize)]
struct Counted {
    status: RegistrationStatus,
    places: i32,
    wants_consultation: bool,
}

impl ActingRecord for Registration {
    type Known = Known;

    fn act(db: &mut Db, acting: &Acting, row: Acts, known: &mut Known) -> Result<Done> {
        act(db, acting, row, known)
    }
    fn field_of(pointer: &str) -> Option<&'static str> {
        field_of(pointer)
    }
    fn versions(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, i64>> {
        store::versions(db, ids)
    }
    fn used(db: &mut Db, ids: &[Id]) -> Result<HashSet<Id>> {
        store::answered(db, ids)
    }
    fn take_back(
        db: &mut Db,
        actor: &str,
        _: &Catalogues,
        write: &RecordWriteRow,
        now: Instant,
    ) -> Result<Vec<(Id, i64)>> {
        let id = write.record_id;
        let kept: Option<Kept> = write.kept()?;
        let kept = kept.ok_or_else(|| Error::Internal(format!("nothing was kept of {id}")))?;
        let viewer = viewer(actor.to_owned(), Reach::Everything, true);
        match kept.before {
            None => {
                registering::delete(db, &viewer, (kept.event, id), &IfMatch::Absent)?;
            }
            Some(before) => {
                let back = |now: &NewRegistration| {
                    Ok(NewRegistration {
                        status: before.status,
                        places: before.places,
                        wants_consultation: before.wants_consultation,
                        ..now.clone()
                    })
                };
                registering::update(db, &viewer, (kept.event, id), &IfMatch::Absent, back)?;
            }
        }
        // Places that are free go to those who wait.
        store::touched(db, kept.event, now)
    }
}

fn viewer(actor: String, reach: Reach, personal_data: bool) -> Viewer {
    Viewer {
        actor,
        reach,
        personal_data,
        sees_all: false,
        beside: Beside::EVERYTHING,
    }
}

fn act(db: &mut Db, acting: &Acting, row: Acts, known: &mut Known) -> Result<Done> {
    let Acts { reading, hash, .. } = row;
    let (context, began) = (acting.context, Instant::now());
    let Some(mut draft) = understand(reading, context) else {
        return Ok(Done::Rejected);
    };
    let event = match event(db, reading, &draft, context)? {
        Ok(event) => event,
        Err((field, remark)) => {
            reading.reject(field, remark);
            return Ok(Done::Rejected);
        }
    };
    // Who takes somebody off, or registers somebody, waits for this row, or this row waits for them.
    lock_event(db, event.id)?;
    let viewer = viewer(acting.principal.actor(), context.reach.clone(), true);
    let (before, free_id) = match registration(db, &viewer, reading, &draft, &event, known)? {
        Ok(Found::Known(before)) => (Some(*before), None),
        Ok(Found::Nobody(free_id)) => (None, free_id),
        Err((field, remark)) => {
            reading.reject(field, remark);
            return Ok(Done::Rejected);
        }
    };
    if is_taken_off(db, reading, &draft, &event, before.as_ref())? {
        reading.skip(registration_removed());
        return Ok(Done::Rejected);
    }
    let Some(before) = before else {
        let field = reading.text("name").map_or("worker_id", |_| "name");
        match cancelled_since(db, &viewer, &draft, (&event, acting.seen), known)? {
            Ok(Some(gone)) => {
                reading.warn(field, registration_cancelled(event.id, gone));
                return Ok(Done::Unchanged(gone));
            }
            Ok(None) => {}
            Err(remark) => {
                reading.reject(field, remark);
                return Ok(Done::Rejected);
            }
        }
        let is_over = last_moment(&event.plan).is_some_and(|last| last <= began);
        if draft.status.is_none() && is_over {
            reading.reject("status", missing_status());
            return Ok(Done::Rejected);
        }
        let new = draft.registration(None);
        let made = match free_id {
            Some(id) => {
                let office = draft.office_area;
                registering::put_back(db, &viewer, (event.id, id), new, office, began)?
            }
            None => registering::record(db, &viewer, event.id, new, began)?,
        };
        let kept = Kept {
            event: event.id,
            before: None,
        };
        return Ok(Done::Created(Written::new(made.id, made.version).keeping(&kept)?));
    };
    let hashes = row_hashes(db, &[before.id])?;
    if hashes.get(&before.id).is_some_and(|(own, _)| *own == hash) {
        reading.findings.clear();
        return Ok(Done::Unchanged(before.id));
    }
    if !acting.updates {
        return Ok(Done::Existing(before.id));
    }
    if reading.text("record_id").is_none() {
        keep_spelling(&mut draft, &before);
        // Who registered without an account stays on the list as such.
        draft.worker_id.take_if(|_| before.new.worker_id.is_none());
    }
    let kept = Kept {
        event: event.id,
        before: Some(Counted {
            status: before.new.status,
            places: before.new.places,
            wants_consultation: before.new.wants_consultation,
        }),
    };
    let change = |now: &NewRegistration| {
        let after = draft.registration(Some(now));
        check_change(Some(now), &after)?;
        Ok(after)
    };
    let after = registering::update(db, &viewer, (event.id, before.id), &IfMatch::Absent, change)?;
    if after.version == before.version {
        return Ok(Done::Unchanged(before.id));
    }
    let mut followed = store::touched(db, event.id, began)?;
    // The place that a change makes free may be for the one that waits itself.
    let own = followed.iter().find(|(id, _)| *id == after.id);
    let version = own.map_or(after.version, |(_, version)| *version);
    followed.retain(|(id, _)| *id != after.id);
    Ok(Done::Updated(Written {
        followed,
        ..Written::new(after.id, version)
            .after(before.version)
            .keeping(&kept)?
    }))
}

/// Reads the cells of a row. What breaks a rule of the API is left out, if the row can do without it.
fn understand(reading: &mut Reading, context: &Context) -> Option<Draft> {
    reading.make(field_of, |reading| {
        let mut draft = Draft::default();
        reading.apply(context, |target, cell| match target {
            Target::Field { position, .. } => set(FIELDS, *position, &mut draft, cell),
            _ => Ok(()),
        });
        check_change(None, &draft.registration(None))?;
        Ok(draft)
    })
}

/// What is looked for, or the field with what is wrong with it.
type Search<T> = Result<std::result::Result<T, (&'static str, Remark)>>;

/// Finds the event of a row among those that the sender holds.
fn event(db: &mut Db, reading: &Reading, draft: &Draft, context: &Context) -> Search<Event> {
    let reach = &context.reach;
    let stated = reading.text("event_id").and_then(|id| id.parse().ok().map(Id));
    if stated.is_none()
        && let Some(title) = reading.text("event_title")
    {
        let Some(day) = draft.event_day else {
            return Ok(Err(("event_day", missing_day())));
        };
        return Ok(only_event(
            events::store::held_in_month(db, reach, day)?,
            title,
            day,
        ));
    }
    let Some(id) = stated.or(context.event) else {
        return Ok(Err(("event_id", missing_event())));
    };
    let is_held = !events::store::held(db, reach, &[id])?.is_empty();
    match events::store::find(db, reach, id) {
        Ok(event) if is_held => Ok(Ok(event.as_public())),
        Ok(_) | Err(Error::NotFound { .. }) => Ok(Err(("event_id", unknown_event()))),
        Err(error) => Err(error),
    }
}

/// Finds the event with a title that takes place on a day.
fn only_event(
    held: Vec<Event>,
    title: &str,
    day: NaiveDate,
) -> std::result::Result<Event, (&'static str, Remark)> {
    let key = name_key(title);
    let public = held.into_iter().map(Event::as_public);
    let mut found: Vec<Event> = public
        .filter(|one| name_key(&one.plan.title) == key)
        .filter(|one| begins_on(one, day) || is_on(&one.plan, day))
        .collect();
    // A further day of one event may be the first of another.
    if found.iter().any(|one| begins_on(one, day)) {
        found.retain(|one| begins_on(one, day));
    }
    match found.len() {
        1 => found.pop().ok_or_else(|| ("event_title", unknown_event())),
        0 => Err(("event_title", unknown_event())),
        _ => Err(("event_title", ambiguous_event())),
    }
}

/// Returns whether an event begins on a day, or in its month if nothing more exact is known of it.
fn begins_on(event: &Event, day: NaiveDate) -> bool {
    is_without_day(&event.plan) || first_day(&event.plan) == Some(day)
}

/// The registration that a row is about.
enum Found {
    Known(Box<Registration>),
    /// None of those here. The id under which an own export brings it back.
    Nobody(Option<Id>),
}

impl Found {
    fn of(one: Option<Registration>) -> Found {
        one.map_or(Found::Nobody(None), |one| Found::Known(Box::new(one)))
    }
}

/// Returns whether an own export may bring a registration back under its id: it was never here, or the sender has undone the import
/// that brought it.
fn comes_back(db: &mut Db, viewer: &Viewer, reading: &Reading, id: Id) -> Result<bool> {
    Ok(reading.is_stored()
        && viewer.reach == Reach::Everything
        && store::versions(db, &[id])?.is_empty()
        && !changes::store::is_deleted_by_others(db, id, &viewer.actor)?)
}

/// Finds the registration that a row is about.
fn registration(
    db: &mut Db,
    viewer: &Viewer,
    reading: &Reading,
    draft: &Draft,
    event: &Event,
    known: &mut Known,
) -> Search<Found> {
    if let Some(id) = reading.text("record_id").and_then(|id| id.parse().ok().map(Id)) {
        return match store::find(db, &viewer.reach, event.id, id) {
            Ok((found, _)) => Ok(Ok(Found::of(Some(found)))),
            Err(Error::NotFound { .. }) => Ok(match comes_back(db, viewer, reading, id)? {
                true => Ok(Found::Nobody(Some(id))),
                false => Err(("record_id", unknown_registration())),
            }),
            Err(error) => Err(error),
        };
    }
    if draft.name.is_none() && draft.worker_id.is_none() {
        return Ok(Err(("name", missing_name())));
    }
    let sought = Sought::of(draft);
    let (present, is_whole) = known.of_event(db, viewer, event.id, false)?;
    let found = match person(&present, &sought) {
        // A cancellation that is known already says nothing new.
        Ok(None) if draft.status == Some(RegistrationStatus::Cancelled) => {
            let (gone, are_all) = known.of_event(db, viewer, event.id, true)?;
            match person(&gone, &sought).unwrap_or_else(|_| any_named(&gone, &sought)) {
                None if !is_whole || !are_all => Err(("name", too_many_to_know())),
                found => Ok(found),
            }
        }
        // Somebody may have registered with an account, of which the list shows no address.
        Ok(None) => match registrants::find(db, event.id, &draft.registration(None))? {
            Some(id) => Ok(Some(store::find(db, &viewer.reach, event.id, id)?.0)),
            None if !is_whole => Err(("name", too_many_to_know())),
            None => Ok(None),
        },
        found => found,
    };
    Ok(found.map(Found::of))
}

/// Returns whether a row is about somebody whom those who hold the event took off its list. `before`: the registration that the row
/// may mean, perhaps only by its name.
fn is_taken_off(
    db: &mut Db,
    reading: &Reading,
    draft: &Draft,
    event: &Event,
    before: Option<&Registration>,
) -> Result<bool> {
    if reading.text("record_id").is_some() && before.is_some() {
        return Ok(false);
    }
    let row = draft.registration(None);
    Ok(match (departures::find(db, event.id, &row)?, before) {
        (None, _) | (Some(Likeness::Named), Some(_)) => false,
        (Some(_), None) => true,
        (Some(Likeness::Known), Some(before)) => !departures::is_known(db, &before.new, &row)?,
    })
}

/// Finds the registration of a row that was cancelled after a list had brought it: the list may know nothing of that, so it doesn't
/// register the person again. What a list itself has cancelled, a list brings back. If there are too many to know, it returns that.
fn cancelled_since(
    db: &mut Db,
    viewer: &Viewer,
    draft: &Draft,
    (event, seen): (&Event, &HashMap<Id, Option<u64>>),
    known: &mut Known,
) -> Result<std::result::Result<Option<Id>, Remark>> {
    use RegistrationStatus::{Registered, Waiting};
    // Who came, came.
    if !matches!(draft.status, None | Some(Registered | Waiting)) {
        return Ok(Ok(None));
    }
    let sought = Sought::of(draft);
    let versions = |known: &[&Candidate]| -> Vec<(Id, i64)> {
        let meant = meant(known, &sought).into_iter();
        meant.map(|one| (one.id, one.version)).collect()
    };
    let (first, is_whole) = known.of_event(db, viewer, event.id, true)?;
    let gone = versions(&first);
    let mut since = later(db, &gone)?;
    if since.is_empty() && !is_whole {
        let (more, are_all) = known.cancelled_since(db, viewer, event.id)?;
        since = later(db, &versions(&more))?;
        if since.is_empty() && gone.is_empty() && !are_all {
            return Ok(Err(too_many_to_know()));
        }
    }
    // Of two with one name, each row means one.
    let other = since.iter().find(|id| !seen.contains_key(*id));
    Ok(Ok(other.or(since.first()).copied()))
}

/// Lists those of some registrations that were changed since a list wrote them.
fn later(db: &mut Db, some: &[(Id, i64)]) -> Result<Vec<Id>> {
    if some.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Id> = some.iter().map(|(id, _)| *id).collect();
    let made = row_hashes(db, &ids)?;
    let is_later = |(id, version): &&(Id, i64)| made.get(id).is_some_and(|(_, of_list)| of_list != version);
    Ok(some.iter().filter(is_later).map(|(id, _)| *id).collect())
}

/// Leaves the name and the address of somebody whom a row was recognised by as they registered.
fn keep_spelling(draft: &mut Draft, before: &Registration) {
    let name = before.new.name.as_ref().or(before.worker_name.as_ref());
    draft
        .name
        .take_if(|own| name.is_some_and(|name| plain(name) == plain(own)));
    let email = before.new.email.as_deref().map(plain_email);
    draft
        .email
        .take_if(|own| email.is_some() && email == Some(plain_email(own)));
}

fn missing_event() -> Remark {
    Remark::new(
        "missing_field",
        "どのイベントの一覧か分かりません。取り込みのときにイベント（event_id）を指定するか、イベント名と開催日の列を加えてください。",
        "It isn't clear for which event this is. Give event_id with the import, or add columns with its name and day.",
    )
}

fn missing_day() -> Remark {
    Remark::new(
        "missing_field",
        "イベントの開催日を入力してください。",
        "Give the day of the event.",
    )
}

fn unknown_event() -> Remark {
    Remark::new(
        "unknown_event",
        "主催しているイベントの中に見つかりません。イベント名と開催日、または記録IDを確認してください。",
        "You hold no such event. Check its name and day, or the id of its record.",
    )
}

fn ambiguous_event() -> Remark {
    Remark::new(
        "ambiguous_event",
        "同じ日に同じ名前のイベントが複数あります。イベントの記録IDを入力してください。",
        "Several events of this day have this name. Give the id of the event.",
    )
}

fn unknown_registration() -> Remark {
    Remark::new(
        "unknown_record",
        "このイベントの申込みの中に見つかりません。新しい申込みは、記録IDを空欄にしてください。",
        "The event has no such registration. Leave the id of a new one empty.",
    )
}

fn missing_name() -> Remark {
    Remark::new("missing_field", "氏名を入力してください。", "Give the name.")
}

fn registration_cancelled(event: Id, id: Id) -> Remark {
    let remark = Remark::new(
        "registration_cancelled",
        "一覧から登録したこの方の申込みは、そのあとで取り消されています。取り消しを元に戻さないよう、登録していません。あらためて参加される場合は、イベントの申込みとして登録してください。",
        "A list brought this person's registration, and it was cancelled since. So that the list doesn't undo this, nobody was registered. If they come after all, register them for the event.",
    );
    remark.suggesting(Some(format!("/v1/events/{event}/registrations/{id}")))
}

fn registration_removed() -> Remark {
    Remark::new(
        "registration_removed",
        "主催者がこのイベントの一覧から外した方の行のため、読み飛ばしました。あらためて参加される場合は、イベントの申込みとして登録してください。間違えて取り込んだ一覧は、1件ずつ外さずに、取り込みを取り消してから直してください。",
        "Those who hold the event took this person off its list, so the row was skipped. If they come after all, register them for the event. If a wrong list was imported, undo that import instead of taking its people off one by one.",
    )
}

fn too_many_to_know() -> Remark {
    Remark::new(
        "ambiguous_person",
        "申込みが多いため、申込み済みの方かどうか分かりません。申込みの記録IDを入力してください。",
        "There are too many registrations to know whether this is one of them. Give the id of the registration.",
    )
}

fn missing_status() -> Remark {
    Remark::new(
        "missing_field",
        "終わったイベントです。出席か欠席かを入力してください。",
        "The event is over. Say whether they came.",
    )
}

/// Returns the field that a JSON pointer into a registration means.
fn field_of(pointer: &str) -> Option<&'static str> {
    let member = pointer.split('/').nth(1).unwrap_or_default();
    let mut names = FIELDS.iter().map(|setter| setter.field.name);
    names.find(|name| *name == member)
}
