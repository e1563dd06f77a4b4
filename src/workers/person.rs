//! What tells who a worker is: name, reading and contact, normalised so that two spellings of the same value are equal.

use super::Worker;
use std::collections::BTreeSet;
use text::{fold, hiragana, todays_form};

/// The fields by which other records of a worker's person are found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    pub area: Option<String>,
    pub name: String,
    pub kana: String,
    pub email: String,
    pub email_verified: bool,
    pub phone: String,
    pub phone_verified: bool,
}

impl Person {
    /// Returns `None` for a worker without personal data, and for one of a sandbox.
    pub fn of(worker: &Worker) -> Option<Person> {
        let personal = worker.profile.personal.as_ref().filter(|_| !worker.sandbox)?;
        let form =
            |text: &Option<String>, of: fn(&str) -> String| text.as_deref().map(of).unwrap_or_default();
        Some(Person {
            area: worker.profile.area.clone(),
            name: form(&personal.name, plain_name),
            kana: form(&personal.kana, plain_kana),
            email: form(&personal.email, plain_email),
            email_verified: personal.email_verified,
            phone: form(&personal.phone, plain_phone),
            phone_verified: personal.phone_verified,
        })
    }

    /// Returns the marks of a person: the name or its reading, each with the e-mail address or the phone number. Two records
    /// with the same mark are one person's, unless somebody who knows better tells them apart.
    pub fn marks(&self) -> BTreeSet<String> {
        let names = [("name", &self.name), ("kana", &self.kana)];
        let contacts = [("email", &self.email), ("phone", &self.phone)];
        let mut marks = BTreeSet::new();
        for (called, name) in names {
            for (reached, contact) in contacts {
                if !name.is_empty() && !contact.is_empty() {
                    marks.insert(format!("{called} {name}\n{reached} {contact}"));
                }
            }
        }
        marks
    }
}

/// Normalises a name: letters and digits only, in today's forms.
pub fn plain_name(text: &str) -> String {
    let letters = fold(text)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect::<Vec<_>>();
    letters.into_iter().map(todays_form).collect()
}

/// Normalises the reading of a name, as [`plain_name`] does, in hiragana.
pub fn plain_kana(text: &str) -> String {
    let letters = fold(text)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect::<Vec<_>>();
    letters.into_iter().map(hiragana).collect()
}

/// Normalises an e-mail address.
pub fn plain_email(text: &str) -> String {
    fold(text).trim().to_owned()
}

/// Normalises a phone number to its digits, with a leading 0 instead of Japan's country code.
pub fn plain_phone(text: &str) -> String {
    let folded = fold(text);
    let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
    match folded.trim().strip_prefix("+81") {
        Some(_) => format!("0{}", digits.trim_start_matches("81").trim_start_matches('0')),
        None => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises_addresses_and_phone_numbers() {
        assert_eq!(plain_email(" Yoko@Example.JP"), plain_email("yoko@example.jp"));
        for other in [
            "090-1234-5678",
            "090 1234 5678",
            "+81 90-1234-5678",
            "+81 (0)90 1234 5678",
            "０９０１２３４５６７８",
        ] {
            assert_eq!(plain_phone(other), "09012345678", "{other}");
        }
    }

    #[test]
    fn a_name_alone_and_a_contact_alone_mark_nobody() {
        let person = |name: &str, kana: &str, email: &str, phone: &str| Person {
            name: plain_name(name),
            kana: plain_kana(kana),
            email: plain_email(email),
            phone: plain_phone(phone),
            ..Person::default()
        };
        let yoko = person("髙橋　陽子", "タカハシヨウコ", "yoko@example.jp", "090-1234-5678");
        let is_one = |other: Person| !yoko.marks().is_disjoint(&other.marks());
        assert!(is_one(person("高橋陽子", "", "YOKO@example.jp", "")));
        assert!(is_one(person(
            "高橋 陽子",
            "",
            "other@example.jp",
            "+81 90 1234 5678"
        )));
        assert!(is_one(person(
            "高橋 洋子",
            "たかはし ようこ",
            "yoko@example.jp",
            ""
        )));
        assert!(!is_one(person("高橋陽子", "たかはしようこ", "", "")));
        assert!(!is_one(person(
            "高橋 健",
            "たかはし けん",
            "yoko@example.jp",
            "090-1234-5678"
        )));
        assert!(!is_one(person("", "", "yoko@example.jp", "090-1234-5678")));
    }
}
