//! Whose registrations they are.
//!
//! A registration is a worker's if it was made with their account, or if somebody without an account gave the worker's name
//! with their address or number. Others share an address, and many share a name, so neither is enough alone. Names, addresses
//! and numbers are compared as everywhere: see [`crate::duplicates::people`].
//!
//! Anybody can write a name, an address and a number into a profile, so these show and erase nothing that the caller doesn't
//! see anyway. Only administrators say which address an account has.

use super::registration::{NewRegistration, Registration};
use super::rules::already_registered;
use super::store::registrations as store;
use crate::auth::Reach;
use crate::auth::secret::KeyedDigest;
use crate::changes::Change;
use crate::db::{Db, Id};
use crate::duplicates::people::{plain_email, plain_name, plain_phone, without_title};
use crate::error::Result;
use crate::http::page::Part;
use crate::workers::Worker;
use crate::{auth, users, workers};
use std::collections::BTreeSet;
use text::fold;

/// How many earlier registrations get their digests at once.
const PART: i64 = 500;

/// The names, addresses and numbers of a person, as they are compared.
pub struct Texts {
    names: BTreeSet<String>,
    pub emails: BTreeSet<String>,
    pub phones: BTreeSet<String>,
}

impl Texts {
    fn new(names: &[Option<&str>], emails: &[Option<&str>], phones: &[Option<&str>]) -> Texts {
        let plain = |texts: &[Option<&str>], plain: fn(&str) -> String| -> BTreeSet<String> {
            let texts = texts.iter().flatten().map(|text| plain(text));
            texts.filter(|text| !text.is_empty()).collect()
        };
        // 佐藤花子様 is 佐藤花子.
        let mut named = plain(names, plain_name);
        named.extend(plain(names, |name| plain_name(&without_title(name))));
        Texts {
            names: named,
            emails: plain(emails, plain_email),
            phones: plain(phones, plain_phone),
        }
    }

    /// By what the person may be known: each name with each address and each number, as digests.
    pub fn digests(&self, digests: &KeyedDigest) -> BTreeSet<i64> {
        let emails = self.emails.iter().map(|email| ("email", email));
        let contacts: Vec<_> = emails
            .chain(self.phones.iter().map(|phone| ("phone", phone)))
            .collect();
        let of_name = |name: &String| -> Vec<i64> {
            let contacts = contacts.iter();
            let texts = contacts.map(|(kind, contact)| format!("{name}\n{kind}\n{contact}"));
            texts
                .map(|text| digests.short("registrant", &text) as i64)
                .collect()
        };
        self.names.iter().flat_map(of_name).collect()
    }
}

/// What is taken from a profile to tell who registered, besides the account.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    All,
    Names,
}

/// A worker may have registered as their profile says, or as their account does.
fn of_profile(db: &mut Db, worker: &Worker, taken: Taken) -> Result<Texts> {
    let account = users::store::held_on(db, worker.id)?;
    let personal = worker.profile.personal.as_ref();
    let own = |of: fn(&workers::Personal) -> &Option<String>| personal.and_then(|one| of(one).as_deref());
    let contact = |of: fn(&workers::Personal) -> &Option<String>| own(of).filter(|_| taken == Taken::All);
    let (name, email) = account
        .as_ref()
        .map(|account| (account.name.as_str(), account.email.as_str()))
        .unzip();
    Ok(Texts::new(
        &[own(|one| &one.name), name],
        &[contact(|one| &one.email), email],
        &[contact(|one| &one.phone)],
    ))
}

/// Returns what tells that a worker registered.
pub fn of_worker(id: Id) -> String {
    format!("worker:{id}")
}

/// Returns the digests of who registers.
pub fn of(db: &mut Db, new: &NewRegistration) -> Result<BTreeSet<i64>> {
    let digests = auth::store::digests(db)?;
    Ok(texts(db, new)?.digests(&digests))
}

/// Returns what is known of who registers.
pub fn texts(db: &mut Db, new: &NewRegistration) -> Result<Texts> {
    let Some(id) = new.worker_id else {
        let (name, email, phone) = (new.name.as_deref(), new.email.as_deref(), new.phone.as_deref());
        return Ok(Texts::new(&[name], &[email], &[phone]));
    };
    match workers::store::load_some(db, &[id])?.first() {
        Some(worker) => of_profile(db, worker, Taken::All),
        None => Ok(Texts::new(&[], &[], &[])),
    }
}

/// Returns the name of an office or a group as it is compared.
pub fn plain_office(text: &str) -> String {
    fold(text).split_whitespace().collect()
}

/// Checks that nobody takes two places of an event, one with an account and one without. Records of workers that may be one
/// person are not compared: nobody learns here who is known elsewhere.
pub fn check_is_new(
    db: &mut Db,
    event: Id,
    new: &NewRegistration,
    people: &BTreeSet<i64>,
    except: Option<Id>,
) -> Result<()> {
    match store::of_people(db, event, people, new.worker_id.is_some(), except)? {
        Some(_) => Err(already_registered()),
        None => Ok(()),
    }
}

/// Returns the registration that somebody has for an event already, with an account or without.
pub fn find(db: &mut Db, event: Id, new: &NewRegistration) -> Result<Option<Id>> {
    let people = of(db, new)?;
    store::of_people(db, event, &people, new.worker_id.is_some(), None)
}

/// Returns the registrations of a worker, oldest first, that are erased with them. Of those without an account, workers and partners
/// reach what was made with the address of the worker's account; others, what they see at the events.
fn own(db: &mut Db, reach: &Reach, worker: &Worker, part: Part) -> Result<Vec<Registration>> {
    while add_digests(db)? > 0 {}
    let digests = auth::store::digests(db)?;
    let (taken, guests) = match reach {
        Reach::Worker(_) | Reach::Partner(_) => (Taken::Names, &Reach::Everything),
        Reach::Everything | Reach::Areas(_) | Reach::Organization(_) => (Taken::All, reach),
    };
    let people = of_profile(db, worker, taken)?.digests(&digests);
    store::own(db, (worker.id, &of_worker(worker.id)), guests, &people, part)
}

/// Returns the registrations of a worker that a caller is shown, oldest first. Those without an account are known by the account's
/// address, which a partner app doesn't see.
pub fn shown(db: &mut Db, reach: &Reach, worker: &Worker, part: Part) -> Result<Vec<Registration>> {
    match reach {
        Reach::Partner(_) => store::of_record(db, (worker.id, &of_worker(worker.id)), part),
        _ => own(db, reach, worker, part),
    }
}

/// Forgets the registrations of a worker as far as a caller reaches them, or only those of the record. That somebody was
/// registered stays. Returns what to log.
pub fn forget(db: &mut Db, reach: Option<&Reach>, worker: &Worker) -> Result<Vec<Change>> {
    let own = match reach {
        Some(reach) => own(db, reach, worker, Part::ALL)?,
        None => store::of_record(db, (worker.id, &of_worker(worker.id)), Part::ALL)?,
    };
    store::empty(db, own.iter().map(|one| (one.id, one.version)).collect())
}

/// Makes the digests of registrations from before there were any. Returns of how many; call it again until it returns 0.
pub fn add_digests(db: &mut Db) -> Result<usize> {
    let without = store::without_digests(db, PART)?;
    let digests = auth::store::digests(db)?;
    for one in &without {
        let people = texts(db, &one.new)?.digests(&digests);
        store::write_people(db, one, &people)?;
    }
    Ok(without.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_is_nobody_and_spellings_don_t_matter() {
        let digests = KeyedDigest::new("one");
        let of = |name, email, phone| Texts::new(&[name], &[email], &[phone]).digests(&digests);
        let (name, email, phone) = (
            Some("髙橋　花子"),
            Some("Hanako@Example.jp"),
            Some("+81 90-1234-5678"),
        );
        assert!(of(name, None, None).is_empty() && of(None, email, phone).is_empty());
        let both = of(name, email, phone);
        assert_eq!(both.len(), 2);
        let spelt = of(
            Some("高橋花子"),
            Some(" hanako@example.jp"),
            Some("０９０-1234-5678"),
        );
        assert_eq!(spelt, both);
        assert!(of(Some("高橋花子"), None, phone).is_subset(&both));
        assert!(of(Some("高橋 葉子"), email, phone).is_disjoint(&both));
    }
}
