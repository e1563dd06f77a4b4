//! Are two workers the same person? How they are compared, and the keys that select which workers to compare: the
//! e-mail address, the phone number, and, within an area, the beginning and the end of the name and of its
//! reading.

use super::DuplicateKind;
use super::candidates::{Record, key};
use super::evidence::Agreement::{Different, Same, Similar, Verified};
use super::evidence::{Agreement, Field};
use crate::workers::person::Person;
pub use crate::workers::person::{plain_email, plain_kana, plain_name, plain_phone, without_title};
use std::collections::BTreeSet;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Id;
    use crate::duplicates::evidence::{Compared, reasons};

    fn person(name: &str, kana: &str) -> Person {
        Person {
            area: Some("131041".into()),
            name: plain_name(name),
            kana: plain_kana(kana),
            ..Person::default()
        }
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
    fn records_with_one_mark_are_proposed_whatever_else_differs() {
        use crate::duplicates::pair::Pair;
        let mut compared = 0;
        let forms = |one: &'static str, other: &'static str| [(one, one), (one, other), (one, ""), ("", "")];
        for name in forms("佐藤陽子", "佐藤洋子様") {
            for kana in forms("さとうようこ", "すずきあきら") {
                for email in forms("a@example.jp", "b@example.jp") {
                    for phone in forms("09012345678", "09000000000") {
                        for area in forms("131041", "131059") {
                            let person = |of: fn((&str, &str)) -> String| Person {
                                area: Some(of(area)).filter(|area| !area.is_empty()),
                                name: of(name),
                                kana: of(kana),
                                email: of(email),
                                phone: of(phone),
                                ..Person::default()
                            };
                            let (one, other) = (person(|pair| pair.0.into()), person(|pair| pair.1.into()));
                            if one.marks().is_disjoint(&other.marks()) {
                                continue;
                            }
                            let found = reasons(Compared::People, &one.compare(&other));
                            let ids = (Id::new(), Id::new());
                            assert!(Pair::new(DuplicateKind::Worker, ids, found, [None, None]).is_some());
                            assert!(!one.keys().is_disjoint(&other.keys()));
                            compared += 1;
                        }
                    }
                }
            }
        }
        assert!(compared > 100, "{compared}");
    }

    #[test]
    fn shares_a_key_despite_one_mistake() {
        assert_ne!(key("email", "1"), key("phone", "1"));
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
