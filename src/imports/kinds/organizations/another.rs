//! Whether a row that states the id of an organization is of another one: a list that is numbered anew gives ids to others. What
//! hangs on a record, as its requests and its contact, goes to no other group.

use crate::duplicates::people::{plain_email, plain_kana, plain_name, plain_phone};
use crate::imports::kinds::reading::Reading;
use crate::organizations::NewOrganization;
use crate::organizations::names::name_key;
use std::collections::{BTreeSet, HashMap};
use strsim::osa_distance;

/// How much the names of a record and a row are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    Same,
    /// One of them with more or less of the name, or perhaps with a mistake.
    Close,
    Different,
}

/// What rows that stand close to each other say of more than one group.
#[derive(Default)]
pub struct Neighbours {
    /// The keys of their names.
    names: BTreeSet<String>,
    /// The addresses, numbers and people that several groups have: an office looks after all of them.
    shared: BTreeSet<String>,
}

impl Neighbours {
    pub fn of(readings: &[Reading]) -> Neighbours {
        let (mut names, mut shared) = (BTreeSet::new(), BTreeSet::new());
        let mut first: HashMap<String, String> = HashMap::new();
        for reading in readings {
            let Some(name) = reading.text("name").map(name_key) else {
                continue;
            };
            for contact in CONTACTS
                .iter()
                .filter_map(|(field, plain)| Some(plain(reading.text(field)?)))
            {
                if *first.entry(contact.clone()).or_insert_with(|| name.clone()) != name {
                    shared.insert(contact);
                }
            }
            names.insert(name);
        }
        Neighbours { names, shared }
    }
}

type Plain = fn(&str) -> String;

/// The fields of a contact, and how each is compared.
const CONTACTS: [(&str, Plain); 3] = [
    ("contact_phone", plain_phone),
    ("contact_email", plain_email),
    ("contact_person", plain_name),
];

/// Returns whether a row that states the id of a record is of another organization. Who may not read contacts learns nothing of
/// them by guesses.
pub fn has_anothers_id(
    known: &NewOrganization,
    row: &NewOrganization,
    reading: &Reading,
    neighbours: &Neighbours,
    reads_personal: bool,
) -> bool {
    // What stays from before, as no column has it, says nothing of whom the row means.
    let says = |field: &str| reading.text(field).is_some();
    let names = compare(known, row, says);
    if names != Names::Same && neighbours.names.contains(&name_key(&known.name)) {
        return true;
    }
    let stated = row.corporate_number.as_ref().filter(|_| says("corporate_number"));
    let numbers = known.corporate_number.as_ref().zip(stated);
    let is_of_number = numbers.map(|(own, stated)| own == stated);
    let contact = match reads_personal {
        true => share_contact(known, row, reading, &neighbours.shared),
        false => None,
    };
    if is_of_number == Some(true) || (is_of_number.is_none() && contact == Some(true)) {
        return false;
    }
    let is_contradicted = is_of_number == Some(false) || contact == Some(false);
    match names {
        // Groups of two places may have one name.
        Names::Same => known.area != row.area && is_contradicted,
        Names::Close => is_contradicted,
        Names::Different => true,
    }
}

/// Returns whether a row has the address, the number or the person of a record. None: nothing of this can be compared.
fn share_contact(
    known: &NewOrganization,
    row: &NewOrganization,
    reading: &Reading,
    shared: &BTreeSet<String>,
) -> Option<bool> {
    let (known, row) = (known.contact.as_ref()?, row.contact.as_ref()?);
    let says = |field: &str| reading.text(field).is_some();
    // An address may stand in the column of numbers.
    let is_address = |text: &str| text.contains('@');
    let has_address = says("contact_email") || reading.text("contact_phone").is_some_and(is_address);
    let is_same = |own: &Option<String>, stated: &Option<String>, plain: fn(&str) -> String| {
        let plain = |text: &Option<String>| text.as_deref().map(plain).filter(|text| !text.is_empty());
        let stated = plain(stated).filter(|text| !shared.contains(text))?;
        Some(plain(own)? == stated)
    };
    let is_person = row.person.as_deref().is_some_and(is_name) && says("contact_person");
    if is_person && is_same(&known.person, &row.person, plain_name) == Some(true) {
        return Some(true);
    }
    // Another person may act for the same group by now.
    let phone = is_same(&known.phone, &row.phone, plain_phone).filter(|_| says("contact_phone"));
    let email = is_same(&known.email, &row.email, plain_email).filter(|_| has_address);
    phone.into_iter().chain(email).reduce(|one, other| one || other)
}

/// Returns whether a text names one person, and no office or post as many groups have it.
fn is_name(person: &str) -> bool {
    const POSTS: [&str; 8] = ["事務", "担当", "窓口", "係", "課", "会長", "代表", "理事"];
    plain_name(person).chars().count() > 2 && !POSTS.iter().any(|post| person.contains(post))
}

fn compare(known: &NewOrganization, row: &NewOrganization, says: impl Fn(&str) -> bool) -> Names {
    let (own, stated) = (name_key(&known.name), name_key(&row.name));
    let has_name = |one: &NewOrganization, key: &str| one.aliases.iter().any(|alias| name_key(alias) == key);
    let kana = |one: &NewOrganization| {
        let kana = one.kana.as_deref().map(plain_kana);
        kana.filter(|kana| !kana.is_empty() && says("kana"))
    };
    let is_read_alike = kana(known)
        .zip(kana(row))
        .is_some_and(|(one, other)| one == other);
    if own == stated || is_read_alike || has_name(known, &stated) || (says("aliases") && has_name(row, &own))
    {
        return Names::Same;
    }
    match are_close(&own, &stated) {
        true => Names::Close,
        false => Names::Different,
    }
}

/// Returns whether one name is within the other, or differs by a mistake.
fn are_close(one: &str, other: &str) -> bool {
    /// Groups beside each other differ by these: 一丁目町会 and 二丁目町会, 北町会 and 南町会, 月曜の会 and 火曜の会.
    const TELLING: &str = "一二三四五六七八九十東西南北中央上下大小新本元左右前後男女月火水木金土日";
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let (shorter, longer) = match one.len() < other.len() {
        true => (&one, &other),
        false => (&other, &one),
    };
    if shorter.len() > 2
        && longer
            .windows(shorter.len())
            .any(|part| part == shorter.as_slice())
    {
        return true;
    }
    let begin = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let ends = one.iter().rev().zip(other.iter().rev());
    let end = ends
        .take_while(|(a, b)| a == b)
        .count()
        .min(shorter.len() - begin);
    let between = |name: &[char]| -> Vec<char> {
        let end = name.len() - end;
        name.iter().copied().take(end).skip(begin).collect()
    };
    let tells = |c: char| c.is_ascii_digit() || TELLING.contains(c);
    let is_told = [between(&one), between(&other)].into_iter().flatten().any(tells);
    let (one, other): (String, String) = (one.iter().collect(), other.iter().collect());
    shorter.len() > 4 && osa_distance(&one, &other) == 1 && !is_told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_groups_beside_each_other_are_not_close() {
        for (one, other, expected) in [
            ("みどりの風の会", "みとりの風の会", true),
            ("亀戸町会", "亀戸町会青年部", true),
            ("NPO法人 風のやすみば", "風のやすみば", true),
            ("亀戸一丁目町会", "亀戸二丁目町会", false),
            ("亀戸1丁目町会", "亀戸2丁目町会", false),
            ("桜台北町会館", "桜台南町会館", false),
            ("月曜の集いの会", "火曜の集いの会", false),
            ("さくら会", "さつき会", false),
            ("風の会", "海の会", false),
            ("会", "風の会", false),
        ] {
            let keys = [one, other].map(name_key);
            let found = keys[0] == keys[1] || are_close(&keys[0], &keys[1]);
            assert_eq!(found, expected, "{one}, {other}");
            let found = keys[0] == keys[1] || are_close(&keys[1], &keys[0]);
            assert_eq!(found, expected, "{other}, {one}");
        }
        assert!(is_name("田中 花子") && !is_name("事務局") && !is_name("佐藤"));
    }
}
