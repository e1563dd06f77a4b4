//! Are two workers the same person? What is compared, and the keys that select which workers to compare: the
//! e-mail address, the phone number, and, within an area, the beginning and the end of the name and of its
//! reading.

use super::DuplicateKind;
use super::candidates::{Record, key};
use super::evidence::Agreement::{Different, Same, Similar, Verified};
use super::evidence::{Agreement, Field};
use crate::workers::Worker;
use std::collections::BTreeSet;
use text::{fold, hiragana, todays_form};

/// The fields of a worker that are compared, normalised so that two spellings of the same value are equal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    area: Option<String>,
    name: String,
    kana: String,
    email: String,
    email_verified: bool,
    phone: String,
    phone_verified: bool,
}

impl Person {
    /// Returns `None` for a worker that is never compared: without personal data, of a sandbox, or already
    /// merged.
    pub fn of(worker: &Worker) -> Option<Person> {
        let personal = worker.profile.personal.as_ref().filter(|_| worker.counts())?;
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
}

impl Record for Person {
    const KIND: DuplicateKind = DuplicateKind::Worker;

    fn area(&self) -> Option<&str> {
        self.area.as_deref()
    }

    fn is_cut(&self) -> bool {
        false
    }

    fn keys(&self) -> BTreeSet<i64> {
        let mut keys = BTreeSet::new();
        let mut add = |kind: &str, text: &str| {
            if !text.is_empty() {
                keys.insert(key(kind, text));
            }
        };
        add("email", &self.email);
        add("phone", &self.phone);
        if let Some(area) = &self.area {
            // A family name or a given name often has two kanji, and more characters in kana.
            for (kind, text, length) in [("name", &self.name, 2), ("kana", &self.kana, 3)] {
                let text: Vec<char> = text.chars().collect();
                let head: String = text.iter().take(length).collect();
                let tail: String = text.iter().skip(text.len().saturating_sub(length)).collect();
                if !head.is_empty() {
                    add(kind, &format!("{area}\n{head}…"));
                    add(kind, &format!("{area}\n…{tail}"));
                }
            }
        }
        keys
    }

    fn compare(&self, other: &Person) -> Vec<(Field, Agreement)> {
        let mut found = Vec::new();
        let verified = |both: bool| if both { Verified } else { Same };
        if !self.email.is_empty() && !other.email.is_empty() {
            let both = self.email_verified && other.email_verified;
            let same = self.email == other.email;
            found.push((Field::Email, if same { verified(both) } else { Different }));
        }
        if !self.phone.is_empty() && !other.phone.is_empty() {
            let both = self.phone_verified && other.phone_verified;
            let same = self.phone == other.phone;
            found.push((Field::Phone, if same { verified(both) } else { Different }));
        }
        for (field, one, other) in [
            (Field::Name, &self.name, &other.name),
            (Field::Kana, &self.kana, &other.kana),
        ] {
            if !one.is_empty() && !other.is_empty() {
                found.push((field, likeness(one, other)));
            }
        }
        if let (Some(one), Some(other)) = (&self.area, &other.area) {
            found.push((Field::Area, if one == other { Same } else { Different }));
        }
        found
    }
}

/// Compares two names. If both have at least three characters, one mistyped, missing, extra or swapped
/// character is forgiven. If both have at least eight, two are.
fn likeness(one: &str, other: &str) -> Agreement {
    if one == other {
        return Same;
    }
    let shorter = one.chars().count().min(other.chars().count());
    let mistakes = if shorter < 3 {
        0
    } else {
        1 + usize::from(shorter >= 8)
    };
    if strsim::osa_distance(one, other) <= mistakes {
        Similar
    } else {
        Different
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

    fn person(name: &str, kana: &str) -> Person {
        Person {
            area: Some("131041".into()),
            name: plain_name(name),
            kana: plain_kana(kana),
            ..Person::default()
        }
    }

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
        assert_ne!(key("email", "1"), key("phone", "1"));
    }

    #[test]
    fn ignores_spaces_old_kanji_and_one_mistake_in_names() {
        let same =
            |one: (&str, &str), other: (&str, &str)| person(one.0, one.1).compare(&person(other.0, other.1));
        let field =
            |n: Agreement, k: Agreement| vec![(Field::Name, n), (Field::Kana, k), (Field::Area, Same)];
        assert_eq!(
            same(("髙橋　眞一", "ﾀｶﾊｼ ｼﾝｲﾁ"), ("高橋真一", "たかはししんいち")),
            field(Same, Same)
        );
        assert_eq!(
            same(("斎藤 陽子", "さいとう ようこ"), ("斉藤陽子", "さいとうようこ")),
            field(Similar, Same)
        );
        assert_eq!(
            same(("佐藤陽子", "さとうようこ"), ("佐藤洋子", "さとうよこ")),
            field(Similar, Similar)
        );
        assert_eq!(
            same(("林 恵", "はやし けい"), ("森 恵", "もり けい")),
            field(Different, Different)
        );
    }

    #[test]
    fn shares_a_key_despite_one_mistake() {
        let keys = |name: &str, kana: &str| person(name, kana).keys();
        for (name, kana) in [
            ("斉藤 陽子", ""),
            ("斎藤 洋子", ""),
            ("", "さいとうよこ"),
            ("", "さいとよううこ"),
        ] {
            let shared = keys("斎藤 陽子", "さいとう ようこ")
                .intersection(&keys(name, kana))
                .count();
            assert!(shared > 0, "{name}{kana}");
        }
        let elsewhere = Person {
            area: Some("131059".into()),
            ..person("斎藤 陽子", "さいとう ようこ")
        };
        assert!(
            elsewhere
                .keys()
                .is_disjoint(&keys("斎藤 陽子", "さいとう ようこ"))
        );
    }
}
