//! SQL of registrations, and of answers to questionnaires.

use crate::auth::Reach;
use crate::changes::{Action, Change, Subject};
use crate::db::schema::{event_answers, event_guests, event_registrations, events};
use crate::db::{BATCH, Db, Doc, Id, Instant, keyset, on_duplicate, update_version};
use crate::error::{Error, Result};
use crate::events::registration::{NewRegistration, Registrant, Registration, RegistrationStatus};
use crate::events::rules::already_registered;
use crate::events::{EventCounts, Reply};
use crate::http::{Cursor, Page, Paging, idempotency, page};
use crate::reach::store as reach;
use diesel::dsl::{sql, sum};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use event_answers::dsl as w;
use event_guests::dsl as g;
use event_registrations::dsl;
use events::dsl as e;
use std::collections::{HashMap, HashSet};

/// The name of the order in cursors.
const ORDER: &str = "id";

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = event_registrations, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct RegistrationRow {
    id: Id,
    event_id: Id,
    status: String,
    worker_id: Option<Id>,
    organization_id: Option<Id>,
    partner_id: Option<Id>,
    person_key: Option<String>,
    places: i32,
    wants_consultation: bool,
    personal: Doc<Registrant>,
    is_personal: bool,
    secret_digest: Option<String>,
    answered: bool,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

/// What is stored with a registration and never shown: who it is, so that nobody registers twice, and its secret.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    pub person_key: Option<String>,
    pub secret_digest: Option<String>,
}

impl RegistrationRow {
    fn of(one: &Registration, keys: Keys) -> RegistrationRow {
        let is_over = one.new.status == RegistrationStatus::Cancelled;
        RegistrationRow {
            id: one.id,
            event_id: one.event_id,
            status: one.new.status.code().to_owned(),
            worker_id: one.new.worker_id,
            organization_id: one.new.organization_id,
            partner_id: one.partner_id,
            // Who has cancelled may register again, unless they answered the questionnaire.
            person_key: keys.person_key.filter(|_| !is_over || one.answered),
            places: one.new.places,
            wants_consultation: one.new.wants_consultation,
            personal: Doc(one.new.registrant()),
            is_personal: !one.new.registrant().is_empty(),
            secret_digest: keys.secret_digest,
            answered: one.answered,
            version: one.version,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }

    fn read(self) -> Result<(Registration, Keys)> {
        let unknown = |_| Error::Internal(format!("registration {} has an unknown status", self.id));
        let personal = self.personal.0;
        let registration = Registration {
            id: self.id,
            event_id: self.event_id,
            new: NewRegistration {
                name: personal.name,
                email: personal.email,
                phone: personal.phone,
                affiliation: personal.affiliation,
                worker_id: self.worker_id,
                organization_id: self.organization_id,
                places: self.places,
                wants_consultation: self.wants_consultation,
                note: personal.note,
                status: self.status.parse().map_err(unknown)?,
            },
            worker_name: None,
            answered: self.answered,
            online_url: None,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            partner_id: self.partner_id,
        };
        let keys = Keys {
            person_key: self.person_key,
            secret_digest: self.secret_digest,
        };
        Ok((registration, keys))
    }
}

fn missing() -> Error {
    Error::not_found("申込み", "registration")
}

/// Finds a registration for an event that the caller sees.
pub fn find(db: &mut Db, reach: &Reach, event: Id, id: Id) -> Result<(Registration, Keys)> {
    let mut query = dsl::event_registrations
        .find(id)
        .filter(dsl::event_id.eq(event))
        .select(RegistrationRow::as_select())
        .into_boxed();
    if let Some(condition) = reach::registrations(reach) {
        query = query.filter(condition);
    }
    let found = query.get_result(db).optional()?;
    found.ok_or_else(missing)?.read()
}

/// Finds the event and the id of the registration with a secret.
pub fn find_by_secret(db: &mut Db, digest: &str) -> Result<Option<(Id, Id)>> {
    let found = dsl::event_registrations.filter(dsl::secret_digest.assume_not_null().eq(digest));
    let found = found.select((dsl::event_id, dsl::id));
    Ok(found.get_result(db).optional()?)
}

/// Lists the registrations for an event that the caller sees, in the order in which they came.
pub fn list(db: &mut Db, reach: &Reach, event: Id, paging: &Paging) -> Result<Page<Registration>> {
    let limit = page::limit(paging.limit)?;
    let first = Cursor::decode(paging.cursor.as_deref(), ORDER)?.map(|cursor| cursor.id);
    let mut query = dsl::event_registrations
        .filter(dsl::event_id.eq(event))
        .select(RegistrationRow::as_select())
        .into_boxed();
    if let Some(condition) = reach::registrations(reach) {
        query = query.filter(condition);
    }
    let rows: Vec<RegistrationRow> = keyset!(query, first, dsl::id, ascending)
        .limit(limit + 1)
        .load(db)?;
    let rows: Result<Vec<Registration>> = rows.into_iter().map(|row| Ok(row.read()?.0)).collect();
    Ok(Page::of(rows?, limit, |last: &Registration| Cursor {
        sort: ORDER.to_owned(),
        value: String::new(),
        id: last.id,
    }))
}

/// Lists the first registrations for an event that the caller sees.
pub fn of_event(db: &mut Db, reach: &Reach, event: Id, limit: i64) -> Result<Vec<Registration>> {
    let mut query = dsl::event_registrations
        .filter(dsl::event_id.eq(event))
        .order(dsl::id)
        .limit(limit)
        .select(RegistrationRow::as_select())
        .into_boxed();
    if let Some(condition) = reach::registrations(reach) {
        query = query.filter(condition);
    }
    let rows = query.load::<RegistrationRow>(db)?.into_iter();
    rows.map(|row| Ok(row.read()?.0)).collect()
}

/// Returns the versions of those of the registrations that exist.
pub fn versions(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, i64>> {
    let mut found = HashMap::new();
    for ids in ids.chunks(BATCH) {
        let some = dsl::event_registrations.filter(dsl::id.eq_any(ids));
        found.extend(some.select((dsl::id, dsl::version)).load::<(Id, i64)>(db)?);
    }
    Ok(found)
}

/// Returns the versions of the registrations for an event that have changed since.
pub fn touched(db: &mut Db, event: Id, since: Instant) -> Result<Vec<(Id, i64)>> {
    let of_event = dsl::event_registrations
        .filter(dsl::event_id.eq(event))
        .filter(dsl::updated_at.ge(since));
    Ok(of_event.select((dsl::id, dsl::version)).load(db)?)
}

/// Returns those of the registrations whose questionnaire was answered.
pub fn answered(db: &mut Db, ids: &[Id]) -> Result<HashSet<Id>> {
    let mut found = HashSet::new();
    for ids in ids.chunks(BATCH) {
        let some = dsl::event_registrations.filter(dsl::id.eq_any(ids));
        let some = some.filter(dsl::answered.eq(true)).select(dsl::id);
        found.extend(some.load::<Id>(db)?);
    }
    Ok(found)
}

/// Removes what keeps the person of a registration from registering again.
pub fn forget_key(db: &mut Db, id: Id) -> Result<()> {
    diesel::update(dsl::event_registrations.find(id))
        .set(dsl::person_key.eq(None::<String>))
        .execute(db)?;
    Ok(())
}

/// Inserts a registration. Returns what to log. Somebody who is registered already is refused.
pub fn insert_unlogged(db: &mut Db, one: &Registration, keys: Keys) -> Result<Change> {
    if let Some(key) = &keys.person_key {
        let same = dsl::event_registrations
            .filter(dsl::event_id.eq(one.event_id))
            .filter(dsl::person_key.assume_not_null().eq(key))
            .select(dsl::id);
        if same.get_result::<Id>(db).optional()?.is_some() {
            return Err(already_registered());
        }
    }
    diesel::insert_into(event_registrations::table)
        .values(RegistrationRow::of(one, keys))
        .execute(db)
        .map_err(|e| on_duplicate(e, already_registered))?;
    Ok(change(one, Action::Created))
}

/// Writes the next version of a registration. Returns what to log.
pub fn update_unlogged(db: &mut Db, one: &Registration, keys: Keys) -> Result<Change> {
    let (id, before, row) = (one.id, one.version - 1, RegistrationRow::of(one, keys));
    update_version!(db, event_registrations, key: id, before: before, set: row, missing: missing())?;
    Ok(change(one, Action::Updated))
}

/// Deletes a registration. Returns what to log.
pub fn delete_unlogged(db: &mut Db, one: &Registration) -> Result<Change> {
    diesel::delete(dsl::event_registrations.find(one.id)).execute(db)?;
    let deleted = Registration {
        version: one.version + 1,
        ..one.clone()
    };
    Ok(change(&deleted, Action::Deleted))
}

fn change(one: &Registration, action: Action) -> Change {
    Change::new(Subject::Registration, one.id, action, one.version)
}

/// Counts the registrations of an event.
pub fn count(db: &mut Db, event: Id) -> Result<i64> {
    let all = dsl::event_registrations.filter(dsl::event_id.eq(event));
    Ok(all.count().get_result(db)?)
}

/// Notes from which site a guest registered.
pub fn insert_guest(db: &mut Db, one: &Registration, site: &str) -> Result<()> {
    let row = (
        g::registration_id.eq(one.id),
        g::event_id.eq(one.event_id),
        g::site.eq(site),
    );
    diesel::insert_into(event_guests::table).values(row).execute(db)?;
    Ok(())
}

/// Forgets from which site guests registered.
pub fn forget_guests(db: &mut Db, registrations: &[Id]) -> Result<()> {
    diesel::delete(g::event_guests.filter(g::registration_id.eq_any(registrations))).execute(db)?;
    Ok(())
}

/// Counts the places that the guests of one site have or wait for.
pub fn places_of_site(db: &mut Db, event: Id, site: &str) -> Result<i64> {
    let own = g::event_guests
        .filter(g::event_id.eq(event))
        .filter(g::site.eq(site))
        .select(g::registration_id);
    let places = dsl::event_registrations
        .filter(dsl::id.eq_any(own))
        .filter(dsl::status.ne(RegistrationStatus::Cancelled.code()))
        .select(sum(dsl::places));
    Ok(places.get_result::<Option<i64>>(db)?.unwrap_or_default())
}

/// Counts the places that an organization's people have or wait for, without one registration.
pub fn places_of_organization(db: &mut Db, event: Id, organization: Id, except: Option<Id>) -> Result<i64> {
    let mut places = dsl::event_registrations
        .filter(dsl::event_id.eq(event))
        .filter(dsl::organization_id.assume_not_null().eq(organization))
        .filter(dsl::status.ne(RegistrationStatus::Cancelled.code()))
        .select(sum(dsl::places))
        .into_boxed();
    if let Some(except) = except {
        places = places.filter(dsl::id.ne(except));
    }
    Ok(places.get_result::<Option<i64>>(db)?.unwrap_or_default())
}

/// Lists the first registrations that wait for places, and need no more than are free.
pub fn waiting(db: &mut Db, event: Id, free: i64, limit: i64) -> Result<Vec<(Registration, Keys)>> {
    let free = i32::try_from(free).unwrap_or(if free < 0 { 0 } else { i32::MAX });
    let waiting = dsl::event_registrations
        .filter(dsl::event_id.eq(event))
        .filter(dsl::status.eq(RegistrationStatus::Waiting.code()))
        .filter(dsl::places.le(free))
        .order(dsl::id)
        .limit(limit)
        .select(RegistrationRow::as_select());
    waiting.load(db)?.into_iter().map(RegistrationRow::read).collect()
}

/// Counts the places of events, by status.
pub fn counts(db: &mut Db, events: &[Id]) -> Result<HashMap<Id, EventCounts>> {
    let counted = dsl::event_registrations
        .filter(dsl::event_id.eq_any(events))
        .group_by((dsl::event_id, dsl::status))
        .select((
            dsl::event_id,
            dsl::status,
            sql::<BigInt>("CAST(sum(places) AS bigint)"),
        ));
    let mut counts: HashMap<Id, EventCounts> = HashMap::new();
    for (event, status, places) in counted.load::<(Id, String, i64)>(db)? {
        let of_event = counts.entry(event).or_default();
        match status.parse() {
            Ok(RegistrationStatus::Registered) => of_event.registered = places,
            Ok(RegistrationStatus::Waiting) => of_event.waiting = places,
            Ok(RegistrationStatus::Attended) => of_event.attended = places,
            Ok(RegistrationStatus::Absent) => of_event.absent = places,
            Ok(RegistrationStatus::Cancelled) => of_event.cancelled = places,
            Err(_) => {
                return Err(Error::Internal(format!(
                    "event {event} has an unknown registration"
                )));
            }
        }
    }
    Ok(counts)
}

/// Who came to events: the places of those who asked for consultation, and the workers and organizations that are known.
#[derive(Debug, Default)]
pub struct Visitors {
    pub listed: bool,
    pub asked: i64,
    pub workers: Vec<Id>,
    pub organizations: Vec<Id>,
}

/// Finds who came to events, up to a number of registrations.
pub fn visitors(db: &mut Db, events: &[Id], limit: i64) -> Result<Visitors> {
    let came = dsl::event_registrations
        .filter(dsl::event_id.eq_any(events))
        .filter(dsl::status.eq_any([
            RegistrationStatus::Registered.code(),
            RegistrationStatus::Attended.code(),
        ]))
        .order(dsl::id)
        .limit(limit)
        .select((
            dsl::worker_id,
            dsl::organization_id,
            dsl::places,
            dsl::wants_consultation,
        ));
    let mut visitors = Visitors::default();
    for (worker, organization, places, asks) in came.load::<(Option<Id>, Option<Id>, i32, bool)>(db)? {
        visitors.listed = true;
        visitors.asked += if asks { i64::from(places) } else { 0 };
        visitors.workers.extend(worker);
        visitors.organizations.extend(organization);
    }
    for ids in [&mut visitors.workers, &mut visitors.organizations] {
        ids.sort_unstable();
        ids.dedup();
    }
    Ok(visitors)
}

/// Somebody on the list of an event.
#[derive(Debug, Clone)]
pub struct Visit {
    pub event: Id,
    pub worker: Option<Id>,
    pub organization: Option<Id>,
    pub places: i64,
    pub wants_consultation: bool,
}

/// Lists who came to events, up to a number of registrations.
pub fn visits(db: &mut Db, events: &[Id], limit: i64) -> Result<Vec<Visit>> {
    type Row = (Id, Option<Id>, Option<Id>, i32, bool);
    let came = dsl::event_registrations
        .filter(dsl::event_id.eq_any(events))
        .filter(dsl::status.eq_any([
            RegistrationStatus::Registered.code(),
            RegistrationStatus::Attended.code(),
        ]))
        .order(dsl::id)
        .limit(limit)
        .select((
            dsl::event_id,
            dsl::worker_id,
            dsl::organization_id,
            dsl::places,
            dsl::wants_consultation,
        ));
    let visit = |(event, worker, organization, places, wants_consultation): Row| Visit {
        event,
        worker,
        organization,
        places: places.into(),
        wants_consultation,
    };
    Ok(came.load(db)?.into_iter().map(visit).collect())
}

/// Stores answers to a questionnaire, without who gave them.
pub fn insert_answers(db: &mut Db, event: Id, reply: &[Option<Reply>], now: Instant) -> Result<()> {
    let row = (
        w::id.eq(Id::new()),
        w::event_id.eq(event),
        w::answers.eq(Doc(reply.to_vec())),
        w::created_at.eq(now),
    );
    diesel::insert_into(event_answers::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Counts the answers that an event has.
pub fn count_answers(db: &mut Db, event: Id) -> Result<i64> {
    Ok(w::event_answers
        .filter(w::event_id.eq(event))
        .count()
        .get_result(db)?)
}

/// Lists the answers to the questionnaire of an event.
pub fn answers(db: &mut Db, event: Id, limit: i64) -> Result<Vec<Vec<Option<Reply>>>> {
    let all = w::event_answers
        .filter(w::event_id.eq(event))
        .order(w::id)
        .limit(limit)
        .select(w::answers);
    let rows = all.load::<Doc<Vec<Option<Reply>>>>(db)?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Returns the registrations of a person, for their export.
pub fn held_on(db: &mut Db, worker: Id) -> Result<Vec<Registration>> {
    let own = dsl::event_registrations
        .filter(dsl::worker_id.assume_not_null().eq(worker))
        .order(dsl::id)
        .select(RegistrationRow::as_select());
    let rows = own.load(db)?.into_iter();
    rows.map(|row: RegistrationRow| Ok(row.read()?.0)).collect()
}

/// Lists registrations that were cancelled and still say who it was.
pub fn cancelled(db: &mut Db, after: Option<Id>, limit: i64) -> Result<Vec<Registration>> {
    let mut query = dsl::event_registrations
        .filter(dsl::status.eq(RegistrationStatus::Cancelled.code()))
        // Written out, as the condition of the index is.
        .filter(dsl::is_personal)
        .order(dsl::id)
        .limit(limit)
        .select(RegistrationRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows = query.load::<RegistrationRow>(db)?.into_iter();
    rows.map(|row| Ok(row.read()?.0)).collect()
}

/// Forgets a worker, and everybody who has one of these keys. That somebody was registered stays. Returns what to log.
pub fn forget(db: &mut Db, worker: Id, keys: &[String]) -> Result<Vec<Change>> {
    let own = dsl::event_registrations.filter(dsl::worker_id.assume_not_null().eq(worker));
    let mut found = own.select((dsl::id, dsl::version)).load::<(Id, i64)>(db)?;
    // Of a registration that was cancelled after the questionnaire was answered, only the key is left.
    let keyed = dsl::event_registrations
        .filter(dsl::person_key.assume_not_null().eq_any(keys))
        .select((dsl::id, dsl::version));
    found.extend(keyed.load::<(Id, i64)>(db)?);
    found.sort_unstable();
    found.dedup();
    empty(db, found)
}

/// Forgets up to `limit` people who were registered for events that were over before. Returns what to log.
pub fn forget_old(db: &mut Db, before: Instant, limit: i64) -> Result<Vec<Change>> {
    let over = e::events.filter(e::ends_at.lt(before)).select(e::id);
    let old = dsl::event_registrations
        .filter(dsl::is_personal.eq(true))
        .filter(dsl::event_id.eq_any(over))
        .limit(limit);
    let found = old.select((dsl::id, dsl::version)).load::<(Id, i64)>(db)?;
    empty(db, found)
}

/// Empties registrations, given with their versions, and forgets what was answered about them. Returns what to log.
pub fn empty(db: &mut Db, found: Vec<(Id, i64)>) -> Result<Vec<Change>> {
    let ids: Vec<Id> = found.iter().map(|(id, _)| *id).collect();
    for id in &ids {
        idempotency::forget(db, &id.to_string())?;
    }
    forget_guests(db, &ids)?;
    diesel::update(dsl::event_registrations.filter(dsl::id.eq_any(ids)))
        .set((
            dsl::worker_id.eq(None::<Id>),
            dsl::partner_id.eq(None::<Id>),
            dsl::person_key.eq(None::<String>),
            dsl::secret_digest.eq(None::<String>),
            dsl::personal.eq(Doc(Registrant::default())),
            dsl::is_personal.eq(false),
            dsl::version.eq(dsl::version + 1),
            dsl::updated_at.eq(Instant::now()),
        ))
        .execute(db)?;
    let change = |(id, version)| Change::new(Subject::Registration, id, Action::Updated, version + 1);
    Ok(found.into_iter().map(change).collect())
}
