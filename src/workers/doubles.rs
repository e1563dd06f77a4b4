//! Workers who may be one person under two records: neither merged, nor told apart. Until somebody decides, they count as one
//! where places are given.

use super::person::Person;
use super::store;
use crate::db::{Db, Id};
use crate::error::Result;
use crate::reach::store::told_apart;
use std::collections::{BTreeSet, HashMap};

/// Returns the pairs among these workers who may be one person, by the records that represent them.
pub fn among(db: &mut Db, workers: &[Id]) -> Result<BTreeSet<[Id; 2]>> {
    let people: BTreeSet<Id> = store::represented_by(db, workers)?.into_values().collect();
    if people.len() < 2 {
        return Ok(BTreeSet::new());
    }
    let people_of = store::records_of(db, &Vec::from_iter(people))?;
    let records: Vec<Id> = people_of.keys().copied().collect();
    let person_of = |record: &Id| people_of.get(record).copied().unwrap_or(*record);
    let mut marked: HashMap<String, BTreeSet<Id>> = HashMap::new();
    for worker in store::load_some(db, &records)? {
        for mark in Person::of(&worker).iter().flat_map(Person::marks) {
            marked.entry(mark).or_default().insert(person_of(&worker.id));
        }
    }
    let mut found = BTreeSet::new();
    for people in marked.into_values() {
        let mut rest = people.iter();
        while let Some(one) = rest.next() {
            found.extend(rest.clone().map(|other| [*one, *other]));
        }
    }
    if !found.is_empty() {
        for (one, other) in told_apart(db, &records)? {
            let mut apart = [person_of(&one), person_of(&other)];
            apart.sort_unstable();
            found.remove(&apart);
        }
    }
    Ok(found)
}
