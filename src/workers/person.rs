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

/// Returns a name without 様, さん and the like. What stands in brackets behind them stays: 田中さん（紹介） is 田中（紹介）.
pub fn without_title(name: &str) -> String {
    // （退会）佐藤花子様 has brackets elsewhere.
    let has_note =
        name.ends_with([')', '）']) && !["(様)", "（様）"].iter().any(|title| name.ends_with(title));
    let (bare, note) = match name.rfind(['(', '（']) {
        Some(at) if has_note => name.split_at(at),
        _ => (name, ""),
    };
    let whole = bare.trim_end();
    let begins = ["Dr.", "Mr.", "Ms.", "Mrs.", "Prof."];
    let behind = begins.iter().find_map(|title| whole.strip_prefix(title));
    let bare = behind.map_or(whole, str::trim_start);
    let end = || {
        let spaced = [" 殿", " さん", " 氏", " 先生", "(様)", "（様）"];
        spaced.iter().find_map(|title| bare.strip_suffix(title))
    };
    // 氏 and 殿 may end a name, and さん one in hiragana.
    let joined = || {
        let rest = ["さん", "さま", "先生"]
            .iter()
            .find_map(|title| bare.strip_suffix(title))?;
        let is_hiragana = |c: char| ('ぁ'..='ん').contains(&c);
        // Behind a family name, さくらさん is さくら.
        let is_given_name =
            rest.chars().rev().take(2).all(is_hiragana) && rest.contains(|c: char| !is_hiragana(c));
        (!rest.ends_with(is_hiragana) || is_given_name).then_some(rest)
    };
    let found = bare
        .strip_suffix('様')
        .map(str::trim_end)
        .or_else(end)
        .or_else(joined);
    let found = found.unwrap_or(bare);
    match found.is_empty() || found.len() == whole.len() {
        true => name.to_owned(),
        false => format!("{found}{note}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_no_part_of_a_name() {
        for (name, bare) in [
            ("山田太郎様", "山田太郎"),
            ("佐伯 彰 様", "佐伯 彰"),
            ("佐伯 彰（様）", "佐伯 彰"),
            ("山田 さん", "山田"),
            ("田中さん", "田中"),
            ("田中さん（紹介）", "田中（紹介）"),
            ("（退会）佐藤花子様", "（退会）佐藤花子"),
            ("佐藤（旧姓 鈴木）花子 様", "佐藤（旧姓 鈴木）花子"),
            ("山田太郎先生", "山田太郎"),
            ("山田 殿", "山田"),
            ("Dr. John Smith", "John Smith"),
            ("Dr.山田", "山田"),
            ("佐藤 花子（会計）", "佐藤 花子（会計）"),
            ("様", "様"),
            ("先生", "先生"),
            ("おさん", "おさん"),
            ("山田 おさん", "山田 おさん"),
            ("伊藤 さくらさん", "伊藤 さくら"),
            ("伊藤さくらさん", "伊藤さくら"),
            ("真殿", "真殿"),
        ] {
            assert_eq!(without_title(name), bare, "{name}");
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
