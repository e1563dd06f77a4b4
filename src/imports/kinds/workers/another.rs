//! Whether a row is of somebody else than the record that it finds: the numbers of a list are given anew, and an office or a
//! family has one telephone. A record has a consent, and nobody takes over somebody else's.

use crate::duplicates::people::{plain_email, plain_phone};
use crate::imports::kinds::reading::Reading;
use crate::workers::NewWorker;
use strsim::osa_distance;
use text::{is_japanese, letters};

/// How much two names are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Of one person, as far as a name can tell: with a new family name after a marriage, or with more or less of the name.
    Same,
    /// One of them perhaps with a mistake.
    Close,
    /// Written in scripts that can't be compared: 花子 and はなこ, Maria and マリア.
    Unclear,
    /// Of two people of one family.
    Family,
    Different,
}

/// Returns a profile with nothing but what its row states of name and contact. What stays from before, as no column has it, says
/// nothing of whom the row means.
pub fn as_stated(row: &NewWorker, reading: &Reading) -> NewWorker {
    let mut row = row.clone();
    if let Some(personal) = &mut row.personal {
        let says = |field: &str| reading.text(field).is_some();
        // An address may stand in the column of numbers.
        let has_address = says("email") || reading.text("phone").is_some_and(|text| text.contains('@'));
        personal.kana.take_if(|_| !says("kana"));
        personal.email.take_if(|_| !has_address);
        personal.phone.take_if(|_| !says("phone"));
    }
    row
}

/// Returns whether a row that states the id of a record is of another person.
pub fn has_anothers_id(known: &NewWorker, row: &NewWorker) -> bool {
    match compare(known, row) {
        Some(Names::Same) | None => false,
        Some(Names::Family) => true,
        // A mistake in a name is corrected: 陽子 to 洋子.
        Some(Names::Close) => has_contact(known) && has_contact(row) && !share_contact(known, row),
        Some(Names::Unclear | Names::Different) => !share_contact(known, row),
    }
}

/// Returns whether a row that states the address or the number of a record is of another person.
pub fn has_anothers_contact(known: &NewWorker, row: &NewWorker) -> bool {
    match compare(known, row) {
        Some(Names::Family | Names::Different) => true,
        Some(Names::Unclear) => !share_own_contact(known, row),
        Some(Names::Same | Names::Close) | None => false,
    }
}

/// Returns whether nobody can tell by two names whether they are those of one person.
pub fn are_unclear(known: &NewWorker, row: &NewWorker) -> bool {
    compare(known, row) == Some(Names::Unclear)
}

/// Returns whether two names are those of two people.
pub fn are_two(one: &str, other: &str) -> bool {
    matches!(compare_texts(one, other), Some(Names::Family | Names::Different))
}

fn has_contact(worker: &NewWorker) -> bool {
    let personal = worker.personal.as_ref();
    personal.is_some_and(|personal| personal.email.is_some() || personal.phone.is_some())
}

/// Returns whether a row has the address or the number of a record, however they are written.
pub fn share_contact(known: &NewWorker, row: &NewWorker) -> bool {
    share(known, row, |_| true)
}

/// Returns whether a row has the address or the mobile number of a record. Other numbers are those of a home or an office.
fn share_own_contact(known: &NewWorker, row: &NewWorker) -> bool {
    share(known, row, |phone| {
        ["070", "080", "090"].iter().any(|start| phone.starts_with(start))
    })
}

fn share(known: &NewWorker, row: &NewWorker, counts: fn(&str) -> bool) -> bool {
    let (Some(known), Some(row)) = (&known.personal, &row.personal) else {
        return false;
    };
    let shared = |one: &Option<String>, other: &Option<String>, plain: fn(&str) -> String| {
        let plain = |text: &Option<String>| text.as_deref().map(plain).filter(|text| !text.is_empty());
        plain(one).filter(|one| plain(other).as_ref() == Some(one))
    };
    let phone = shared(&known.phone, &row.phone, plain_phone);
    shared(&known.email, &row.email, plain_email).is_some() || phone.is_some_and(|phone| counts(&phone))
}

/// Compares names and readings; `None` if one of both has no name.
fn compare(known: &NewWorker, row: &NewWorker) -> Option<Names> {
    let (known, row) = (known.personal.as_ref()?, row.personal.as_ref()?);
    let (name, other_name) = (known.name.as_deref()?, row.name.as_deref()?);
    let names = compare_texts(name, other_name)?;
    let is_filled = |text: &&str| !plain(text).is_empty();
    let (kana, other_kana) = (
        known.kana.as_deref().filter(is_filled),
        row.kana.as_deref().filter(is_filled),
    );
    let is_read_alike = kana
        .zip(other_kana)
        .is_some_and(|(one, other)| plain(one) == plain(other));
    // Who was written in kana may be written in kanji now.
    let across = [
        other_kana.map(|kana| (name, kana)),
        kana.map(|kana| (kana, other_name)),
    ];
    let across = across.into_iter().flatten();
    let across: Vec<Names> = across
        .filter_map(|(one, other)| compare_texts(one, other))
        .collect();
    let is_clear = |names: &Names| *names != Names::Unclear;
    let kana = kana
        .zip(other_kana)
        .and_then(|(one, other)| compare_texts(one, other))
        .filter(is_clear);
    Some(match (names, kana) {
        _ if is_read_alike || across.contains(&Names::Same) => Names::Same,
        (Names::Close | Names::Unclear, Some(kana)) => kana,
        (Names::Unclear, None) => across.into_iter().find(is_clear).unwrap_or(Names::Unclear),
        _ => names,
    })
}

fn compare_texts(one: &str, other: &str) -> Option<Names> {
    let is_western = |name: &str| name.is_ascii() || name.contains(['・', '･']);
    let are_western = is_western(one) && is_western(other);
    let (one, other) = (without_notes(one), without_notes(other));
    let (whole, other_whole) = (plain(&one), plain(&other));
    let length = |text: &str| text.chars().count();
    let shorter = length(&whole).min(length(&other_whole));
    if shorter == 0 {
        return None;
    }
    let (own, others) = (parts(&one), parts(&other));
    let is_within = |one: &str, other: &str| one.starts_with(other) || shorter > 1 && one.contains(other);
    let is_turned = own.len() == others.len() && own.iter().all(|part| others.contains(part));
    // 佐藤 before 佐藤 陽子, Emi Sato before Sato Emi.
    if is_within(&whole, &other_whole) || is_within(&other_whole, &whole) || is_turned {
        return Some(Names::Same);
    }
    if share_no_script(&whole, &other_whole) {
        return Some(Names::Unclear);
    }
    if are_western {
        // Either part may be that of the family.
        let has_shared = own.iter().any(|part| others.contains(part));
        return Some(if has_shared {
            Names::Family
        } else {
            Names::Different
        });
    }
    if let ([family, .., given], [other_family, .., other_given]) = (&*own, &*others) {
        let is_unclear = share_no_script(family, other_family);
        let is_family = is_unclear || family == other_family;
        return Some(match osa_distance(given, other_given) {
            0 => Names::Same,
            _ if is_family && share_no_script(given, other_given) => Names::Unclear,
            1 if is_unclear => Names::Unclear,
            1 if is_family => Names::Close,
            _ if is_family => Names::Family,
            _ => Names::Different,
        });
    }
    // Nobody can tell where the family name ends.
    let begin = whole.chars().zip(other_whole.chars());
    let begin = begin.take_while(|(a, b)| a == b).count();
    let end = whole.chars().rev().zip(other_whole.chars().rev());
    let end = end.take_while(|(a, b)| a == b).count();
    let behind = |whole: &str| whole.chars().skip(begin).collect::<String>();
    let is_short = shorter <= 3;
    Some(match () {
        _ if end > 1 && end * 2 >= shorter => Names::Same,
        _ if begin > 0 && share_no_script(&behind(&whole), &behind(&other_whole)) => Names::Unclear,
        _ if !is_short && begin > 1 && osa_distance(&whole, &other_whole) == 1 => Names::Close,
        _ if is_short && end > 0 => Names::Close,
        _ if begin > 0 && begin * 2 >= shorter => Names::Family,
        _ => Names::Different,
    })
}

/// Returns a name's letters, where neither width nor old kanji nor the kind of kana matters.
fn plain(name: &str) -> String {
    letters(name).into_iter().collect()
}

/// Returns whether nothing in two texts can be compared: one has no script of the other's.
fn share_no_script(one: &str, other: &str) -> bool {
    let has = |text: &str| {
        let mut has = [false; 3];
        for c in text.chars() {
            let script = match c {
                'ぁ'..='ヿ' => Some(0),
                c if is_japanese(c) => Some(1),
                c if c.is_alphabetic() => Some(2),
                _ => None,
            };
            if let Some(of_script) = script.and_then(|script: usize| has.get_mut(script)) {
                *of_script = true;
            }
        }
        has
    };
    let (own, others) = (has(one), has(other));
    own.contains(&true)
        && others.contains(&true)
        && !own.iter().zip(&others).any(|(own, other)| *own && *other)
}

/// Returns a name without what stands in brackets or behind a ※: （退会）佐藤花子, 佐藤花子※休会中.
fn without_notes(name: &str) -> String {
    let (mut bare, mut depth) = (String::new(), 0u32);
    for c in name.split('※').next().unwrap_or_default().chars() {
        match c {
            '(' | '（' | '[' | '［' | '【' | '〔' => depth += 1,
            ')' | '）' | ']' | '］' | '】' | '〕' => depth = depth.saturating_sub(1),
            c if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    match bare.trim() {
        "" => name.to_owned(),
        bare => bare.to_owned(),
    }
}

fn parts(name: &str) -> Vec<String> {
    let parts = name.split(|c: char| c.is_whitespace() || "・･,，".contains(c));
    parts.map(plain).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workers::Personal;

    #[test]
    fn a_new_family_name_is_no_other_person() {
        for (one, other, names) in [
            ("佐藤 花子", "田中 花子", Names::Same),
            ("佐藤花子", "田中 花子", Names::Same),
            ("佐藤", "佐藤 陽子", Names::Same),
            ("髙橋　眞一", "高橋真一", Names::Same),
            ("佐藤花子", "（退会）佐藤花子", Names::Same),
            ("佐藤 花子", "佐藤 花子※休会中", Names::Same),
            ("佐藤 花子", "田中 花子（旧姓 佐藤）", Names::Same),
            ("Emi Sato", "Sato Emi", Names::Same),
            ("林 恵", "森 恵", Names::Same),
            ("佐藤 花子", "佐藤 華子", Names::Close),
            ("佐藤花子", "佐藤華子", Names::Close),
            ("佐藤 花子", "佐藤 一郎", Names::Family),
            ("佐藤花子", "佐藤一郎", Names::Family),
            ("林恵", "林望", Names::Family),
            ("佐藤 花子", "山本 一郎", Names::Different),
            ("上田良子", "佐藤花子", Names::Different),
            ("伊藤", "上田", Names::Different),
            ("佐藤 健太郎", "佐藤 康太郎", Names::Close),
            ("Emi Sato", "Tom Sato", Names::Family),
            ("ジョン・スミス", "メアリー・スミス", Names::Family),
            ("Emi Sato", "Tom Brown", Names::Different),
            ("佐藤 ハナコ", "佐藤 はなこ", Names::Same),
            ("さとう 花子", "佐藤 花子", Names::Same),
            ("佐藤 花子", "佐藤 はなこ", Names::Unclear),
            ("佐藤花子", "佐藤 はなこ", Names::Unclear),
            ("佐藤花子", "佐藤ハナコ", Names::Unclear),
            ("佐藤 花子", "佐藤 H.", Names::Unclear),
            ("佐藤 花子", "さとう はなこ", Names::Unclear),
            ("佐藤 花子", "Hanako Sato", Names::Unclear),
            ("Maria Santos", "マリア・サントス", Names::Unclear),
            ("さとう 花子", "佐藤 一郎", Names::Family),
            ("伊藤 花", "加藤 はな", Names::Different),
        ] {
            assert_eq!(compare_texts(one, other), Some(names), "{one}, {other}");
            assert_eq!(compare_texts(other, one), Some(names), "{other}, {one}");
        }
        for (one, other, names) in [
            ("さとう はなこ", "サトウハナコ", Names::Same),
            ("さとう はなこ", "さとう はるこ", Names::Close),
            ("さとう はなこ", "さとう りょうこ", Names::Family),
            ("いとう ようこ", "うえだ はなこ", Names::Different),
        ] {
            assert_eq!(compare_texts(one, other), Some(names), "{one}, {other}");
        }
    }

    #[test]
    fn names_that_cannot_be_compared_are_known_by_what_is_their_own() {
        let worker = |(name, kana, email, phone): (&str, &str, &str, &str)| {
            let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            NewWorker {
                personal: Some(Personal {
                    name: text(name),
                    kana: text(kana),
                    email: text(email),
                    phone: text(phone),
                    ..Personal::default()
                }),
                ..NewWorker::default()
            }
        };
        let (mail, mobile, home) = ("h@example.jp", "090-5555-0101", "03-5555-0101");
        for (known, row, has_id, has_contact) in [
            (
                ("佐藤 花子", "", mail, ""),
                ("佐藤 はなこ", "", mail, ""),
                false,
                false,
            ),
            (
                ("佐藤 花子", "", mail, ""),
                ("Hanako Sato", "", mail, ""),
                false,
                false,
            ),
            (
                ("佐藤 花子", "", "", mobile),
                ("さとう はなこ", "", "", mobile),
                false,
                false,
            ),
            // A home has one telephone.
            (
                ("佐藤 一郎", "", "", home),
                ("佐藤 さくら", "", "", home),
                false,
                true,
            ),
            (("佐藤 花子", "", "", ""), ("佐藤 はなこ", "", "", ""), true, true),
            // A reading tells.
            (
                ("佐藤 花子", "さとう はなこ", "", home),
                ("佐藤 はなこ", "", "", home),
                false,
                false,
            ),
            (
                ("佐藤 一郎", "さとう いちろう", "", mobile),
                ("佐藤 さくら", "", "", mobile),
                true,
                true,
            ),
        ] {
            let (known, row) = (worker(known), worker(row));
            let found = (has_anothers_id(&known, &row), has_anothers_contact(&known, &row));
            assert_eq!(found, (has_id, has_contact), "{known:?} {row:?}");
        }
    }
}
