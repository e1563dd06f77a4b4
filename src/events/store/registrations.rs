//! SQL of registrations, and of answers to questionnaires.

use crate::auth::Reach;
use crate::changes::{Action, Change, Subject};
use crate::db::schema::{
    event_answers, event_guests, event_registrants, event_registrations, events, marked_registrations as d,
};
use crate::db::{BATCH, Backend, Db, Doc, Id, Instant, keyset, on, on_duplicate, update_version};
use crate::error::{Error, Result};
use crate::events::registration::{NewRegistration, Registrant, Registration, RegistrationStatus};
use crate::events::rules::already_registered;
use crate::events::{EventCounts, Reply};
use crate::http::page::{self, Part};
use crate::http::{Cursor, Page, Paging, idempotency};
use crate::reach::store as reach;
use crate::values::AreaCode;
use diesel::dsl::{AsSelect, not, sql, sum};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use event_answers::dsl as w;
use event_guests::dsl as g;
use event_registrants::dsl as r;
use event_registrations::dsl;
use events::dsl as e;
use std::collections::{BTreeSet, HashMap, HashSet};

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
    /// Digests of whom it is of. None: those that are stored.
    pub people: Option<BTreeSet<i64>>,
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
}

/// A row with the area of the office that made it, which diesel doesn't know as a column of this table.
type WholeRow = (RegistrationRow, Option<String>);

fn whole() -> (AsSelect<RegistrationRow, Backend>, SqlLiteral<Nullable<Text>>) {
    (
        RegistrationRow::as_select(),
        sql("event_registrations.office_area"),
    )
}

fn read((row, office_area): WholeRow) -> Result<(Registration, Keys)> {
    let unknown = |_| Error::Internal(format!("registration {} has an unknown status", row.id));
    let personal = row.personal.0;
    let registration = Registration {
        id: row.id,
        event_id: row.event_id,
        new: NewRegistration {
            name: personal.name,
            email: personal.email,
            phone: personal.phone,
            affiliation: personal.affiliation,
            worker_id: row.worker_id,
            organization_id: row.organization_id,
            places: row.places,
            wants_consultation: row.wants_consultation,
            note: personal.note,
            status: row.status.parse().map_err(unknown)?,
        },
        worker_name: None,
        answered: row.answered,
        online_url: None,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        office_area: office_area.map(AreaCode::from),
        partner_id: row.partner_id,
    };
    let keys = Keys {
        person_key: row.person_key,
        secret_digest: row.secret_digest,
        people: None,
    };
    Ok((registration, keys))
}

fn missing() -> Error {
    Error::not_found("申込み", "registration")
}

/// Finds a registration for an event that the caller sees.
pub fn find(db: &mut Db, reach: &Reach, event: Id, id: Id) -> Result<(Registration, Keys)> {
    let mut query = dsl::event_registrations
        .find(id)
        .filter(dsl::event_id.eq(event))
        .select(whole())
        .into_boxed();
    if let Some(condition) = reach::registrations(reach) {
        query = query.filter(condition);
    }
    let found = query.get_result(db).optional()?;
    read(found.ok_or_else(missing)?)
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
    let all = || {
        let mut query = dsl::event_registrations
            .filter(dsl::event_id.eq(event))
            .select(whole())
            .into_boxed();
        if let Some(condition) = reach::registrations(reach) {
            query = query.filter(condition);
        }
        query
    };
    let rows: Vec<WholeRow> = keyset!(all(), first, dsl::id, ascending)
        .limit(limit + 1)
        .load(db)?;
    let rows: Result<Vec<Registration>> = rows.into_iter().map(|row| Ok(read(row)?.0)).collect();
    let page = Page::of(rows?, limit, |last: &Registration| Cursor {
        sort: ORDER.to_owned(),
        value: String::new(),
        id: last.id,
    });
    page.counted(paging.count, || {
        let all = all().select(dsl::id).limit(page::COUNTED);
        Ok(all.load::<Id>(db)?.len())
    })
}

/// The version of a registration, and when it was written.
pub type State = (i64, Instant);

/// Lists the states of the first registrations for an event that the caller sees: of those that were cancelled, or of the others.
pub fn states(
    db: &mut Db,
    reach: &Reach,
    event: Id,
    cancelled: bool,
    limit: i64,
) -> Result<Vec<(Id, State)>> {
    let mut query = dsl::event_registrations
        .filter(dsl::event_id.eq(event))
        .order(dsl::id)
        .limit(limit)
        .select((dsl::id, (dsl::version, dsl::updated_at)))
        .into_boxed();
    let code = RegistrationStatus::Cancelled.code();
    query = match cancelled {
        true => query.filter(dsl::status.eq(code)),
        false => query.filter(dsl::status.ne(code)),
    };
    if let Some(condition) = reach::registrations(reach) {
        query = query.filter(condition);
    }
    Ok(query.load(db)?)
}

/// Returns those of the registrations that exist.
pub fn load_some(db: &mut Db, ids: &[Id]) -> Result<Vec<Registration>> {
    let mut found = Vec::new();
    for ids in ids.chunks(BATCH) {
        let some = dsl::event_registrations.filter(dsl::id.eq_any(ids));
        for row in some.select(whole()).load::<WholeRow>(db)? {
            found.push(read(row)?.0);
        }
    }
    Ok(found)
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

/// Returns those of the registrations of whose person nothing is known: they were deleted, or their person was forgotten.
pub fn forgotten(db: &mut Db, ids: &[Id]) -> Result<Vec<Id>> {
    let mut left: BTreeSet<Id> = ids.iter().copied().collect();
    for ids in ids.chunks(BATCH) {
        let known = dsl::event_registrations
            .filter(dsl::id.eq_any(ids))
            .filter(dsl::is_personal.eq(true).or(dsl::worker_id.is_not_null()))
            .select(dsl::id);
        for id in known.load::<Id>(db)? {
            left.remove(&id);
        }
    }
    Ok(left.into_iter().collect())
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
    let people = keys.people.clone();
    diesel::insert_into(event_registrations::table)
        .values(RegistrationRow::of(one, keys))
        .execute(db)
        .map_err(|e| on_duplicate(e, already_registered))?;
    if let Some(office) = &one.office_area {
        diesel::update(d::table.find(one.id))
            .set(d::office_area.eq(office.as_str()))
            .execute(db)?;
    }
    if let Some(people) = people {
        write_people(db, one, &people)?;
    }
    Ok(change(one, Action::Created))
}

/// Writes the next version of a registration. Returns what to log.
pub fn update_unlogged(db: &mut Db, one: &Registration, keys: Keys) -> Result<Change> {
    let people = keys.people.clone();
    let (id, before, row) = (one.id, one.version - 1, RegistrationRow::of(one, keys));
    let is_forgotten = !row.is_personal && row.worker_id.is_none() && row.person_key.is_none();
    update_version!(db, event_registrations, key: id, before: before, set: row, missing: missing())
        .map_err(|e| on_duplicate(e, already_registered))?;
    match people {
        _ if is_forgotten => forget_people(db, &[id])?,
        Some(people) => write_people(db, one, &people)?,
        None => {}
    }
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

/// Counts the registrations of an event that were not cancelled, and all of them.
pub fn count(db: &mut Db, event: Id) -> Result<(i64, i64)> {
    let of_event = || dsl::event_registrations.filter(dsl::event_id.eq(event));
    let present = of_event().filter(dsl::status.ne(RegistrationStatus::Cancelled.code()));
    Ok((
        present.count().get_result(db)?,
        of_event().count().get_result(db)?,
    ))
}

/// What those who hold an event write into its list takes nothing of what others may register. diesel doesn't know the column as
/// one of this table.
fn is_by_others() -> SqlLiteral<Bool> {
    sql("NOT event_registrations.by_host")
}

/// Notes whether those who hold an event have given the places of a registration away.
pub fn set_given(db: &mut Db, id: Id, is_given: bool) -> Result<()> {
    diesel::update(d::table.find(id))
        .set(d::by_host.eq(is_given))
        .execute(db)?;
    Ok(())
}

/// Counts how often a worker registered for an event, or was registered by an organization.
pub fn count_of_worker(db: &mut Db, event: Id, worker: Id, by: Option<Id>) -> Result<i64> {
    let of_worker = dsl::event_registrations
        .filter(is_by_others())
        .filter(dsl::event_id.eq(event))
        .filter(dsl::worker_id.assume_not_null().eq(worker));
    Ok(match by {
        Some(by) => {
            let by_it = of_worker.filter(dsl::organization_id.assume_not_null().eq(by));
            by_it.count().get_result(db)?
        }
        None => {
            let by_nobody = of_worker.filter(dsl::organization_id.is_null());
            by_nobody.count().get_result(db)?
        }
    })
}

/// Who registers people of their own for an event that they don't hold.
#[derive(Debug, Clone, Copy)]
pub enum Sender<'a> {
    Organization(Id),
    /// The office of an area.
    Office(&'a AreaCode),
}

/// What a sender has registered for an event, apart from what those who hold it gave.
fn sent_by(event: Id, sender: Sender) -> event_registrations::BoxedQuery<'static, Backend> {
    let sent = dsl::event_registrations
        .filter(is_by_others())
        .filter(dsl::event_id.eq(event))
        .into_boxed();
    match sender {
        Sender::Organization(id) => sent.filter(dsl::organization_id.assume_not_null().eq(id)),
        Sender::Office(area) => {
            let of_office = d::office_area.assume_not_null().eq(area.to_string());
            sent.filter(dsl::id.eq_any(d::table.filter(of_office).select(d::id)))
        }
    }
}

/// Counts how often a sender registered people for an event.
pub fn count_of_sender(db: &mut Db, event: Id, sender: Sender) -> Result<i64> {
    Ok(sent_by(event, sender).count().get_result(db)?)
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
        .filter(is_by_others())
        .filter(dsl::id.eq_any(own))
        .filter(dsl::status.ne(RegistrationStatus::Cancelled.code()))
        .select(sum(dsl::places));
    Ok(places.get_result::<Option<i64>>(db)?.unwrap_or_default())
}

/// Counts the places that the people whom a sender registered have or wait for, without one registration.
pub fn places_of_sender(db: &mut Db, event: Id, sender: Sender, except: Option<Id>) -> Result<i64> {
    let mut places = sent_by(event, sender).filter(dsl::status.ne(RegistrationStatus::Cancelled.code()));
    if let Some(except) = except {
        places = places.filter(dsl::id.ne(except));
    }
    let places = places.select(sum(dsl::places));
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
        .select(whole());
    waiting.load(db)?.into_iter().map(read).collect()
}

/// What the registrations of a worker for an event amount to.
#[derive(Debug, Clone, Copy)]
pub struct OwnPlace {
    pub has_place: bool,
    /// Grows with each change.
    pub version: i64,
    pub updated_at: Instant,
}

/// Returns what a worker's registrations for some events amount to.
pub fn places_of_worker(db: &mut Db, worker: Id, events: &[Id]) -> Result<HashMap<Id, OwnPlace>> {
    let own = dsl::event_registrations
        .filter(dsl::worker_id.assume_not_null().eq(worker))
        .filter(dsl::event_id.eq_any(events))
        .select((dsl::event_id, dsl::status, dsl::version, dsl::updated_at));
    let mut found: HashMap<Id, OwnPlace> = HashMap::new();
    for (event, status, version, updated_at) in own.load::<(Id, String, i64, Instant)>(db)? {
        let has_place = status
            .parse::<RegistrationStatus>()
            .is_ok_and(|status| status.takes_place());
        found
            .entry(event)
            .and_modify(|known| {
                known.has_place |= has_place;
                known.version += version;
                known.updated_at = known.updated_at.max(updated_at);
            })
            .or_insert(OwnPlace {
                has_place,
                version,
                updated_at,
            });
    }
    Ok(found)
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

/// Returns the registrations of a worker, oldest first: those that name the worker, those that have this key, and those without a
/// worker of somebody with one of these digests.
pub fn own(
    db: &mut Db,
    record: (Id, &str),
    guests: &Reach,
    people: &BTreeSet<i64>,
    part: Part,
) -> Result<Vec<Registration>> {
    let of_people = r::event_registrants
        .filter(r::key.eq_any(people))
        .select(r::registration_id);
    let mut without = dsl::event_registrations
        .filter(dsl::id.eq_any(of_people))
        .filter(dsl::worker_id.is_null())
        .filter(dsl::id.gt(part.after))
        .order(dsl::id)
        .limit(part.limit)
        .select(whole())
        .into_boxed();
    if let Some(condition) = reach::registrations(guests) {
        without = without.filter(condition);
    }
    let without: Vec<WholeRow> = without.load(db)?;
    let mut all = of_record(db, record, part)?;
    for row in without {
        all.push(read(row)?.0);
    }
    Ok(first_of(all, |one| one.id, part))
}

/// Returns the registrations that were made with the record of a worker, oldest first. `key` is the one that their registrations have.
pub fn of_record(db: &mut Db, (worker, key): (Id, &str), part: Part) -> Result<Vec<Registration>> {
    let later = || {
        let later = dsl::event_registrations.filter(dsl::id.gt(part.after));
        later.order(dsl::id).limit(part.limit)
    };
    let named = later().filter(dsl::worker_id.assume_not_null().eq(worker));
    // Of a registration that was cancelled after the questionnaire was answered, only the key is left.
    let keyed = later().filter(dsl::person_key.assume_not_null().eq(key));
    let mut rows: Vec<WholeRow> = named.select(whole()).load(db)?;
    rows.extend(keyed.select(whole()).load(db)?);
    let rows = first_of(rows, |(row, _)| row.id, part).into_iter();
    rows.map(|row| Ok(read(row)?.0)).collect()
}

/// Returns the first of several parts together, each once.
fn first_of<T>(mut all: Vec<T>, id: impl Fn(&T) -> Id, part: Part) -> Vec<T> {
    all.sort_unstable_by_key(&id);
    all.dedup_by_key(|one| id(one));
    all.truncate(usize::try_from(part.limit).unwrap_or(usize::MAX));
    all
}

/// Finds a registration for an event that was not cancelled, of somebody with one of these digests, apart from one. `guests`:
/// without a worker.
pub fn of_people(
    db: &mut Db,
    event: Id,
    people: &BTreeSet<i64>,
    guests: bool,
    except: Option<Id>,
) -> Result<Option<Id>> {
    if people.is_empty() {
        return Ok(None);
    }
    let of_people = r::event_registrants
        .filter(r::event_id.eq(event))
        .filter(r::key.eq_any(people))
        .select(r::registration_id);
    let mut found = dsl::event_registrations
        .filter(dsl::id.eq_any(of_people))
        .filter(dsl::status.ne(RegistrationStatus::Cancelled.code()))
        .order(dsl::id)
        .limit(1)
        .select(dsl::id)
        .into_boxed();
    if guests {
        found = found.filter(dsl::worker_id.is_null());
    }
    if let Some(except) = except {
        found = found.filter(dsl::id.ne(except));
    }
    Ok(found.get_result(db).optional()?)
}

/// Lists registrations whose digests are yet to be made, also those that a server of an earlier release adds meanwhile.
pub fn without_digests(db: &mut Db, limit: i64) -> Result<Vec<Registration>> {
    let undigested = d::table.filter(not(d::digested)).select(d::id);
    let rows = dsl::event_registrations
        .filter(dsl::is_personal.eq(true).or(dsl::worker_id.is_not_null()))
        .filter(dsl::id.eq_any(undigested))
        .order(dsl::id)
        .limit(limit)
        .select(whole());
    let rows = rows.load::<WholeRow>(db)?.into_iter();
    rows.map(|row| Ok(read(row)?.0)).collect()
}

/// Replaces the digests of whom a registration is of.
pub fn write_people(db: &mut Db, one: &Registration, people: &BTreeSet<i64>) -> Result<()> {
    forget_people(db, &[one.id])?;
    for key in people {
        let row = (
            r::registration_id.eq(one.id),
            r::event_id.eq(one.event_id),
            r::key.eq(*key),
        );
        // Two erasures may make them at once.
        let insert = diesel::insert_into(event_registrants::table).values(row);
        on!(db, |c| insert.on_conflict_do_nothing().execute(c))?;
    }
    diesel::update(d::table.find(one.id))
        .set(d::digested.eq(true))
        .execute(db)?;
    Ok(())
}

fn forget_people(db: &mut Db, registrations: &[Id]) -> Result<()> {
    let of_them = r::event_registrants.filter(r::registration_id.eq_any(registrations));
    diesel::delete(of_them).execute(db)?;
    Ok(())
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
    forget_people(db, &ids)?;
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
