//! What a telephone number is: 7 to 15 digits with the usual signs between them, and perhaps an extension behind them. A field may
//! have several.

use super::broken;
use serde::{Deserialize, Deserializer};
use std::ops::RangeInclusive;
use text::fold;
use validator::ValidationError;

/// The digits of a number, without an extension: from a local one to the longest of the international ones.
const DIGITS: RangeInclusive<usize> = 7..=15;

/// The digits of a number that isn't a local one: of such ones, several may stand in one field.
const LONG: usize = 9;

/// Returns the numbers of a field in one width, without the words around them: an extension is asked for after dialling.
fn numbers(phone: &str) -> Vec<String> {
    let folded = fold(phone);
    let parts: Vec<&str> = folded.split(['/', ',', '、', ';', '\n']).collect();
    match parts.iter().all(|part| digits(part) >= LONG) {
        true => parts.into_iter().map(without_words).collect(),
        false => vec![without_words(&folded)],
    }
}

fn without_words(number: &str) -> String {
    const BEFORE: [&str; 5] = ["tel", "電話番号", "電話", "代表", "直通"];
    const BEHIND: [&str; 7] = ["内線", "ext", "#", "(代", "(直", "代表", "直通"];
    let number = number.trim();
    let number = BEFORE
        .iter()
        .find_map(|word| number.strip_prefix(word))
        .unwrap_or(number);
    let number = BEHIND.iter().fold(number, |number, mark| {
        number.split_once(mark).map_or(number, |(before, _)| before)
    });
    let is_around = |c: char| c.is_whitespace() || matches!(c, ':' | '.');
    number.trim_matches(is_around).to_owned()
}

fn digits(text: &str) -> usize {
    text.chars().filter(char::is_ascii_digit).count()
}

/// Returns the digits of a phone number, as they are dialled: of several numbers, the first.
pub fn dialled(phone: &str) -> String {
    let is_dialled = |c: &char| c.is_ascii_digit() || *c == '+';
    let first = numbers(phone).into_iter().next().unwrap_or_default();
    first.chars().filter(is_dialled).collect()
}

/// Checks a phone number, or several of them.
pub fn phone_number(phone: &str) -> Result<(), ValidationError> {
    let is_part = |c: char| c.is_ascii_digit() || c.is_whitespace() || "-()[]./‐‑–—―−ー・".contains(c);
    let is_number = |number: &String| {
        let rest = number.strip_prefix('+').unwrap_or(number);
        rest.chars().all(is_part) && DIGITS.contains(&digits(rest))
    };
    match numbers(phone).iter().all(is_number) {
        true => Ok(()),
        false => Err(broken(
            "invalid_phone",
            "電話番号は、03-1234-5678、+81 3 1234 5678、03-1234-5678 内線12 のように、7〜15桁の数字で入力してください。",
            "Enter 7 to 15 digits: 03-1234-5678, +81 3 1234 5678 or 03-1234-5678 ext. 12.",
        )),
    }
}

/// Reads a number that many clients send as "" when there is none.
pub fn none_if_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.filter(|text| !text.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_dialled_without_its_extension() {
        for (phone, number) in [
            ("03-1234-5678", "0312345678"),
            ("+81 3 1234 5678", "+81312345678"),
            ("03-1234-5678 内線12", "0312345678"),
            ("０３（１２３４）５６７８（内線：１２）", "0312345678"),
            ("03-1234-5678 Ext. 12", "0312345678"),
            ("03-1234-5678＃12", "0312345678"),
            ("03-1234-5678（代）", "0312345678"),
            ("03―1234―5678", "0312345678"),
            ("03-1234-5678 代表", "0312345678"),
            ("代表 03-1234-5678", "0312345678"),
            ("03-1234-5678（直通）", "0312345678"),
            ("TEL 03-1234-5678", "0312345678"),
            ("Tel.03-1234-5678", "0312345678"),
            ("℡03-1234-5678", "0312345678"),
            ("電話：03-1234-5678", "0312345678"),
            ("03-1234-5678／090-1234-5678", "0312345678"),
            ("03-1234-5678（代）、+81 90 1234 5678", "0312345678"),
            ("03/1234/5678", "0312345678"),
            ("03-1234-5678 内線1/2", "0312345678"),
            ("+1 (212) 555", "+1212555"),
            ("５５５５－０１０１", "55550101"),
        ] {
            assert_eq!(dialled(phone), number, "{phone}");
            assert!(phone_number(phone).is_ok(), "{phone}");
        }
    }

    #[test]
    fn what_cannot_be_dialled_is_no_number() {
        for phone in [
            "",
            "1",
            "03",
            "不明",
            "内線12",
            "123456",
            "1234567890123456",
            "a03-1234-5678",
            "03-1234-5678 夜間",
            "03+1234-5678",
            "03-1234-5678／不明",
            "TEL",
            "yoko@example.jp",
        ] {
            assert!(phone_number(phone).is_err(), "{phone}");
        }
    }
}
