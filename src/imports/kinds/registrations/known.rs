//! Whom a row means among the registrations for its event.
//!
//! A row may say no more than a name, so all of the event are compared. They are read once for all rows of a run, and again only
//! if they have changed: a row for itself would read the whole list.

use super::fields::Draft;
use crate::auth::Viewer;
use crate::db::{Db, Id};
use crate::duplicates::people::{plain_email, without_title};
use crate::error::Result;
use crate::events::registering;
use crate::events::registrants::plain_office;
use crate::events::registration::Registration;
use crate::events::store::registrations as store;
use crate::imports::jobs::store::writes::row_hashes;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use tables::Remark;

/// The most registrations of an event among which a name is looked for: of those that were cancelled, and of the others.
const MOST_NAMES: i64 = 3_000;
/// The most registrations that are kept for the rows that follow.
const MOST_KEPT: usize = 20_000;

/// What is compared of a row and of a registration.
struct Person {
    worker_id: Option<Id>,
    name: Option<String>,
    affiliation: Option<String>,
    email: Option<String>,
    address: Option<String>,
    phone: Option<String>,
}

impl Person {
    fn new(worker_id: Option<Id>, [name, affiliation, email, phone]: [&Option<String>; 4]) -> Person {
        let plain = |text: &Option<String>| text.as_deref().map(plain);
        Person {
            worker_id,
            // Somebody may have registered here as 佐藤花子様.
            name: name.as_deref().map(|name| self::plain(&without_title(name))),
            affiliation: plain(affiliation),
            email: plain(email),
            address: email.as_deref().map(plain_email),
            phone: plain(phone),
        }
    }
}

/// Whom a row means.
pub struct Sought(Person);

impl Sought {
    pub fn of(draft: &Draft) -> Sought {
        let texts = [&draft.name, &draft.affiliation, &draft.email, &draft.phone];
        Sought(Person::new(draft.worker_id, texts))
    }
}

/// A registration, without its note.
pub struct Candidate {
    one: Registration,
    person: Person,
}

impl Candidate {
    fn of(mut one: Registration) -> Candidate {
        one.new.note = None;
        let new = &one.new;
        let name = match &new.name {
            None => &one.worker_name,
            own => own,
        };
        let texts = [name, &new.affiliation, &new.email, &new.phone];
        let person = Person::new(new.worker_id, texts);
        Candidate { one, person }
    }

    /// Returns whether it has the name of a row. None: one of them has no name.
    fn has_name_of(&self, sought: &Sought) -> Option<bool> {
        Some(self.person.name.as_ref()? == sought.0.name.as_ref()?)
    }

    /// Returns whether it has the name of a row, and nothing in it says that it is somebody else's.
    fn is_named(&self, sought: &Sought) -> bool {
        let agrees = |of: fn(&Person) -> &Option<String>| match (of(&self.person), of(&sought.0)) {
            (Some(own), Some(other)) => own == other,
            _ => true,
        };
        self.has_name_of(sought) == Some(true)
            && agrees(|one| &one.affiliation)
            && agrees(|one| &one.email)
            && agrees(|one| &one.phone)
    }
}

/// The registrations that the rows of a run have met, by their events.
#[derive(Default)]
pub struct Known {
    by_event: HashMap<Id, HashMap<Id, Candidate>>,
    /// Those that were cancelled after a list had brought them, of events with too many that were cancelled, and whether these are all.
    since: HashMap<Id, (Vec<Candidate>, bool)>,
}

impl Known {
    /// Returns the first registrations for an event that the caller sees, those that were cancelled or the others, and whether these
    /// are all.
    pub fn of_event(
        &mut self,
        db: &mut Db,
        viewer: &Viewer,
        event: Id,
        cancelled: bool,
    ) -> Result<(Vec<&Candidate>, bool)> {
        let states = store::states(db, &viewer.reach, event, cancelled, MOST_NAMES)?;
        let kept = self.by_event.get(&event);
        let is_kept = |(id, state): &&(Id, store::State)| {
            let kept = kept.and_then(|kept| kept.get(id));
            kept.is_some_and(|kept| (kept.one.version, kept.one.updated_at) == *state)
        };
        let missing = states.iter().filter(|state| !is_kept(state)).map(|(id, _)| *id);
        let missing: Vec<Id> = missing.collect();
        self.make_room(event, missing.len());
        let read = registering::load_some(db, viewer, &missing)?.into_iter();
        let kept = self.by_event.entry(event).or_default();
        kept.extend(read.map(|one| (one.id, Candidate::of(one))));
        let (kept, is_whole) = (&*kept, (states.len() as i64) < MOST_NAMES);
        let found = states.iter().filter_map(|(id, _)| kept.get(id));
        Ok((found.collect(), is_whole))
    }

    /// Returns the registrations for an event that were cancelled after a list had brought them, also beyond the first that were
    /// cancelled, and whether these are all. They are read once for all rows of a run.
    pub fn cancelled_since(
        &mut self,
        db: &mut Db,
        viewer: &Viewer,
        event: Id,
    ) -> Result<(Vec<&Candidate>, bool)> {
        let (found, are_all) = match self.since.entry(event) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let (most, most_names) = (MOST_KEPT as i64, MOST_NAMES as usize);
                let states = store::states(db, &viewer.reach, event, true, most)?;
                let ids: Vec<Id> = states.iter().map(|(id, _)| *id).collect();
                let made = row_hashes(db, &ids)?;
                let is_later = |(id, (version, _)): &&(Id, store::State)| {
                    made.get(id).is_some_and(|(_, of_list)| of_list != version)
                };
                let later = states.iter().filter(is_later).map(|(id, _)| *id);
                let mut later: Vec<Id> = later.collect();
                let are_all = states.len() < MOST_KEPT && later.len() <= most_names;
                later.truncate(most_names);
                let read = registering::load_some(db, viewer, &later)?.into_iter();
                place.insert((read.map(Candidate::of).collect(), are_all))
            }
        };
        Ok((found.iter().collect(), *are_all))
    }

    /// Forgets the registrations for one event after the other, but for this one, until there is room for more. Where the rows of
    /// many events take turns, those of most are still there.
    fn make_room(&mut self, event: Id, more: usize) {
        let mut all = more + self.by_event.values().map(HashMap::len).sum::<usize>();
        while all > MOST_KEPT {
            let Some(other) = self.by_event.keys().copied().find(|other| *other != event) else {
                break;
            };
            all -= self.by_event.remove(&other).map_or(0, |gone| gone.len());
        }
    }
}

/// Finds whom a row means among registrations.
pub fn person(
    known: &[&Candidate],
    sought: &Sought,
) -> std::result::Result<Option<Registration>, (&'static str, Remark)> {
    let Sought(own) = sought;
    let all = || known.iter().copied();
    if own.worker_id.is_some()
        && let Some(found) = all().find(|one| one.person.worker_id == own.worker_id)
    {
        return Ok(Some(found.one.clone()));
    }
    // A worker may have registered without their account.
    let free = || all().filter(|one| own.worker_id.is_none() || one.person.worker_id.is_none());
    if own.address.is_some() {
        let of_address = free().filter(|one| one.person.address == own.address);
        let mut found: Vec<&Candidate> = of_address
            .filter(|one| one.has_name_of(sought) != Some(false))
            .collect();
        found.sort_by_key(|one| one.has_name_of(sought).is_none());
        match found.as_slice() {
            [] => {}
            [_, _, ..] if own.name.is_none() => return Err(("name", ambiguous_person())),
            [first, ..] => return Ok(Some(first.one.clone())),
        }
    }
    let mut found = free().filter(|one| one.is_named(sought));
    let first = found.next().map(|found| found.one.clone());
    match found.next() {
        None => Ok(first),
        Some(_) => Err(("name", ambiguous_person())),
    }
}

/// Returns the first of several registrations that a row may mean, where it doesn't matter which.
pub fn any_named(known: &[&Candidate], sought: &Sought) -> Option<Registration> {
    let mut named = known.iter().filter(|one| one.is_named(sought));
    named.next().map(|found| found.one.clone())
}

/// Returns all registrations that a row may mean.
pub fn meant<'k>(known: &[&'k Candidate], sought: &Sought) -> Vec<&'k Registration> {
    let Sought(own) = sought;
    let is_meant = |one: &&'k Candidate| {
        let is_worker = own.worker_id.is_some() && one.person.worker_id == own.worker_id;
        // A worker may have registered without their account.
        let is_free = own.worker_id.is_none() || one.person.worker_id.is_none();
        let has_address = own.address.is_some() && one.person.address == own.address;
        is_worker
            || is_free && (has_address && one.has_name_of(sought) != Some(false) || one.is_named(sought))
    };
    known
        .iter()
        .copied()
        .filter(is_meant)
        .map(|found| &found.one)
        .collect()
}

/// Returns a text as it is compared.
pub fn plain(text: &str) -> String {
    plain_office(text)
}

fn ambiguous_person() -> Remark {
    Remark::new(
        "ambiguous_person",
        "同じ氏名の申込みが複数あります。メールアドレスか、申込みの記録IDを入力してください。",
        "Several registrations have this name. Give the e-mail address, or the id of the registration.",
    )
}
