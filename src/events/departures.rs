//! Who was taken off the list of an event by those who hold it: an old list that still has them doesn't bring them back.
//!
//! Nothing is kept that anybody could read: only keyed digests, until retention forgets them, or until the person is registered
//! again by hand.
//!
//! Who holds the lock of the event orders this: taking off, registering, and a row of a list that looks here.
//!
//! Deliberately absent: who withdrew or cancelled themselves. They may come back in any way, and their registration is kept as
//! cancelled.

use super::registrants::{self, plain_office};
use super::registration::{NewRegistration, Registration};
use super::signs::{Likeness, Sign, Signs, likeness};
use super::store::departures as store;
use crate::auth;
use crate::db::{Db, Id, Instant};
use crate::duplicates::people::{plain_name, without_title};
use crate::error::Result;

/// Returns by what the person of a registration is known. A worker's name counts only if it is given: who can't read it learns
/// nothing of it here.
fn signs(db: &mut Db, new: &NewRegistration, worker_name: Option<&str>) -> Result<Signs> {
    let digests = auth::store::digests(db)?;
    let texts = registrants::texts(db, new)?;
    let contacts = texts.digests(&digests).into_iter();
    let mut signs: Signs = contacts.map(|key| (Sign::Contact, key)).collect();
    let mut add = |sign: Sign, text: &str| {
        if !text.is_empty() {
            signs.insert((
                sign,
                digests.short(&format!("departed {}", sign.code()), text) as i64,
            ));
        }
    };
    if let Some(worker) = new.worker_id {
        add(Sign::Worker, &worker.to_string());
    }
    for name in [new.name.as_deref(), worker_name].into_iter().flatten() {
        add(Sign::Name, &plain_name(name));
        add(Sign::Name, &plain_name(&without_title(name)));
    }
    for email in &texts.emails {
        add(Sign::Email, email);
    }
    for phone in &texts.phones {
        add(Sign::Phone, phone);
    }
    if let Some(affiliation) = &new.affiliation {
        add(Sign::Affiliation, &plain_office(affiliation));
    }
    Ok(signs)
}

/// Notes that those who hold an event have taken somebody off its list. Of one person, the last time alone is kept.
pub fn note(db: &mut Db, gone: &Registration, now: Instant) -> Result<()> {
    let before = alike(db, gone.event_id, &gone.new)?.into_iter();
    let known = before.filter(|(_, likeness)| *likeness == Likeness::Known);
    store::delete(db, &known.map(|(person, _)| person).collect::<Vec<_>>())?;
    let signs = signs(db, &gone.new, gone.worker_name.as_deref())?;
    store::insert(db, gone.event_id, &signs, now)
}

/// Returns how surely somebody was taken off the list of an event.
pub fn find(db: &mut Db, event: Id, new: &NewRegistration) -> Result<Option<Likeness>> {
    let found = alike(db, event, new)?;
    Ok(found.into_iter().map(|(_, likeness)| likeness).max())
}

fn alike(db: &mut Db, event: Id, new: &NewRegistration) -> Result<Vec<(Id, Likeness)>> {
    if !store::has_any(db, event)? {
        return Ok(Vec::new());
    }
    let own = signs(db, new, None)?;
    let all = store::alike(db, event, &own)?.into_iter();
    let like = |(person, signs): (Id, Signs)| Some((person, likeness(&signs, &own)?));
    Ok(all.filter_map(like).collect())
}

/// Returns whether two are surely one person.
pub fn is_known(db: &mut Db, one: &NewRegistration, other: &NewRegistration) -> Result<bool> {
    let (one, other) = (signs(db, one, None)?, signs(db, other, None)?);
    Ok(likeness(&one, &other) == Some(Likeness::Known))
}

/// Forgets that somebody was taken off who is registered again. Of several with the name alone it isn't clear who it is.
pub fn forget(db: &mut Db, event: Id, new: &NewRegistration) -> Result<()> {
    let found = alike(db, event, new)?;
    let known = found.iter().filter(|(_, likeness)| *likeness == Likeness::Known);
    let known: Vec<Id> = known.map(|(person, _)| *person).collect();
    match (known.as_slice(), found.as_slice()) {
        ([], [(only, _)]) => store::delete(db, &[*only]),
        ([], _) => Ok(()),
        _ => store::delete(db, &known),
    }
}
