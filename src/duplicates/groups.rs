//! Are two records the same organization? What is compared, and the keys that select which organizations to
//! compare: the 法人番号, the e-mail address, the phone number, the reading, and, within an area, the names and
//! their character pairs.

use super::DuplicateKind;
use super::candidates::{MAX_KEYS, MAX_NAMES, Record, key};
use super::evidence::Agreement::{Different, Same};
use super::evidence::{Agreement, Field};
use super::people::{plain_email, plain_phone};
use super::spellings::Spelling;
use crate::organizations::NewOrganization;
use crate::organizations::names::name_key;
use std::collections::BTreeSet;
use text::hiragana;

/// The fields of an organization that are compared, normalised so that two spellings of the same value are
/// equal.
#[derive(Debug, Clone)]
pub struct Group {
    area: String,
    /// The organization's name and its first aliases.
    names: Vec<Spelling>,
    has_more_names: bool,
    kana: Option<String>,
    corporate_number: Option<String>,
    email: Option<String>,
    phone: Option<String>,
}

impl Group {
    pub fn of(details: &NewOrganization) -> Group {
        let contact = details.contact.as_ref();
        let names = std::iter::once(&details.name).chain(&details.aliases);
        let kana = details.kana.as_deref().map(name_key);
        Group {
            area: details.area.clone(),
            names: names
                .take(MAX_NAMES)
                .map(|name| Spelling::new(&details.area, name))
                .collect(),
            has_more_names: details.aliases.len() >= MAX_NAMES,
            kana: kana.map(|kana| kana.chars().map(hiragana).collect()),
            corporate_number: details.corporate_number.clone(),
            email: contact.and_then(|c| c.email.as_deref()).map(plain_email),
            phone: contact.and_then(|c| c.phone.as_deref()).map(plain_phone),
        }
    }

    /// Returns kind and text of each key, those that say most first.
    fn parts(&self) -> Vec<(&'static str, String)> {
        let mut parts = Vec::new();
        let given = [
            ("number", &self.corporate_number),
            ("email", &self.email),
            ("phone", &self.phone),
            ("kana", &self.kana),
        ];
        for (kind, text) in given {
            let text = text.as_deref().filter(|text| !text.is_empty());
            parts.extend(text.map(|text| (kind, text.to_owned())));
        }
        let here = |text: &str| format!("{}\n{text}", self.area);
        for name in &self.names {
            parts.extend(name.clues().map(|(kind, text)| (kind, here(text))));
        }
        for name in &self.names {
            parts.extend(name.grams().into_iter().map(|gram| ("gram", here(&gram))));
        }
        parts
    }
}

impl Record for Group {
    const KIND: DuplicateKind = DuplicateKind::Organization;

    fn area(&self) -> Option<&str> {
        Some(&self.area)
    }

    fn is_cut(&self) -> bool {
        self.has_more_names || self.parts().len() > MAX_KEYS
    }

    fn keys(&self) -> BTreeSet<i64> {
        let mut keys = BTreeSet::new();
        for (kind, text) in self.parts() {
            if keys.len() < MAX_KEYS {
                keys.insert(key(kind, &text));
            }
        }
        keys
    }

    fn compare(&self, other: &Group) -> Vec<(Field, Agreement)> {
        let equal = |one: &Option<String>, other: &Option<String>| {
            let (one, other) = (one.as_deref()?, other.as_deref()?);
            let are_given = !one.is_empty() && !other.is_empty();
            are_given.then(|| if one == other { Same } else { Different })
        };
        let names = self
            .names
            .iter()
            .flat_map(|a| other.names.iter().map(|b| a.agreement(b)));
        // `Agreement` lists its variants from the strongest to the weakest.
        let name = names.min_by_key(|agreement| *agreement as u8);
        let fields = [
            (
                Field::CorporateNumber,
                equal(&self.corporate_number, &other.corporate_number),
            ),
            (Field::Name, name),
            // A different reading is ignored: it is wrong as often as it is right.
            (
                Field::Kana,
                equal(&self.kana, &other.kana).filter(|kana| *kana == Same),
            ),
            (Field::Email, equal(&self.email, &other.email)),
            (Field::Phone, equal(&self.phone, &other.phone)),
            (
                Field::Area,
                Some(if self.area == other.area { Same } else { Different }),
            ),
        ];
        let compared = fields
            .into_iter()
            .filter_map(|(field, agreement)| Some((field, agreement?)));
        compared.collect()
    }
}
