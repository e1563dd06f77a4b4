//! Who the rows of a file are about, as keyed digests, so that erasing a person finds the files that they are in.
//!
//! A row that was understood has the digests of its id, its address and its number; one with none of these, that of
//! its name. Of a row that was rejected nobody knows which cell is which, so it has a digest of each cell.

use crate::auth::secret::KeyedDigest;
use crate::duplicates::people::{plain_email, plain_kana, plain_name, plain_phone};
use crate::imports::fields::without_title;
use crate::imports::kinds::reading::Reading;
use crate::workers::Worker;
use std::collections::BTreeSet;
use tables::Row;
use text::fold;
use uuid::Uuid;

/// The shortest text of digits that is taken for a phone number.
const PHONE_DIGITS: usize = 9;

/// The line of a row, and the digest of something that identifies its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowPerson {
    pub line: u32,
    pub key: u64,
}

const BYTES: usize = 12;

/// Writes the people of many rows as bytes.
pub fn encode(people: &[RowPerson]) -> Vec<u8> {
    let bytes = |one: &RowPerson| one.line.to_be_bytes().into_iter().chain(one.key.to_be_bytes());
    people.iter().flat_map(bytes).collect()
}

/// Reads what [`encode`] wrote.
pub fn decode(bytes: &[u8]) -> impl Iterator<Item = RowPerson> {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
    bytes.chunks_exact(BYTES).map(move |one| {
        let (line, key) = one.split_at(4);
        RowPerson {
            line: number(line) as u32,
            key: number(key),
        }
    })
}

/// Returns the digest of the id of a record, an address, a number or a name, whichever the text looks like.
fn text_key(digests: &KeyedDigest, text: &str) -> Option<u64> {
    let digits = text.chars().filter(|c| c.is_numeric()).count();
    let (kind, plain) = match () {
        () if Uuid::parse_str(text.trim()).is_ok() => ("record", fold(text).trim().to_owned()),
        () if text.contains(['@', '＠']) => ("email", plain_email(text)),
        () if digits >= PHONE_DIGITS => ("phone", plain_phone(text)),
        () => ("name", plain_name(text)),
    };
    (!plain.is_empty()).then(|| digests.short(kind, &plain))
}

fn id_key(digests: &KeyedDigest, source: &str, external_id: &str) -> u64 {
    digests.short("external id", &format!("{source}\n{external_id}"))
}

/// Returns the digests of a worker's ids, address, number and name.
pub fn of_worker(digests: &KeyedDigest, worker: &Worker) -> BTreeSet<u64> {
    let (id, worker) = (worker.id, &worker.profile);
    let personal = worker.personal.iter();
    let texts = personal.flat_map(|personal| [&personal.email, &personal.phone, &personal.name]);
    let mut keys: BTreeSet<u64> = texts
        .flatten()
        .filter_map(|text| text_key(digests, text))
        .chain(text_key(digests, &id.to_string()))
        .collect();
    if let (Some(source), Some(external_id)) = (&worker.source, &worker.external_id) {
        keys.insert(id_key(digests, source, external_id));
    }
    keys
}

/// What names people wherever it stands in a text: names, addresses and numbers.
pub struct Traces {
    names: BTreeSet<String>,
    readings: BTreeSet<String>,
    emails: BTreeSet<String>,
    phones: BTreeSet<String>,
}

impl Traces {
    pub fn of(workers: &[Worker]) -> Traces {
        let personal = || {
            workers
                .iter()
                .filter_map(|worker| worker.profile.personal.as_ref())
        };
        // One character is in too many words.
        let names = |plain: String| Some(plain).filter(|plain| plain.chars().nth(1).is_some());
        let phones = |plain: String| Some(plain).filter(|plain| plain.len() >= PHONE_DIGITS);
        Traces {
            names: personal()
                .filter_map(|one| names(plain_name(one.name.as_deref()?)))
                .collect(),
            readings: personal()
                .filter_map(|one| names(plain_kana(one.kana.as_deref()?)))
                .collect(),
            emails: personal()
                .filter_map(|one| Some(plain_email(one.email.as_deref()?)))
                .filter(|plain| plain.contains('@'))
                .collect(),
            phones: personal()
                .filter_map(|one| phones(plain_phone(one.phone.as_deref()?)))
                .collect(),
        }
    }

    /// Returns whether a text names one of them.
    pub fn are_in(&self, text: &str) -> bool {
        let is_in = |traces: &BTreeSet<String>, plain: fn(&str) -> String| {
            // A text is folded only if it may matter.
            !traces.is_empty() && {
                let text = plain(text);
                traces.iter().any(|trace| text.contains(trace.as_str()))
            }
        };
        is_in(&self.names, plain_name)
            || is_in(&self.readings, plain_kana)
            || is_in(&self.emails, plain_email)
            || is_in(&self.phones, plain_phone)
    }
}

/// Returns the people of a row of workers that was understood. `external_ids` are those that its record may have.
pub fn of_row<'e>(
    digests: &KeyedDigest,
    source: &str,
    reading: &Reading,
    external_ids: impl Iterator<Item = &'e str>,
) -> Vec<RowPerson> {
    let mut keys: Vec<u64> = external_ids.map(|id| id_key(digests, source, id)).collect();
    let contact = ["email", "phone"]
        .into_iter()
        .filter_map(|field| reading.text(field));
    // Several may be in a cell.
    let each = contact.flat_map(|text| text.split(['/', '、', ',', ';', '\n', ' ', '|']).chain([text]));
    let contact: BTreeSet<u64> = each.filter_map(|text| text_key(digests, text)).collect();
    if contact.is_empty() && reading.text("external_id").is_none() {
        keys.extend(reading.text("name").and_then(|name| text_key(digests, name)));
    }
    keys.extend(contact);
    at_line(reading.line, keys)
}

/// Returns the person whose record a row states.
pub fn of_record(digests: &KeyedDigest, reading: &Reading) -> Vec<RowPerson> {
    let key = reading.text("record_id").and_then(|id| text_key(digests, id));
    at_line(reading.line, key.into_iter().collect())
}

/// Returns everyone whom the cells of a rejected row may name.
pub fn of_rejected(
    digests: &KeyedDigest,
    source: &str,
    row: &Row,
    external_id: Option<&str>,
) -> Vec<RowPerson> {
    let spellings = row.texts().flat_map(spellings);
    let mut keys: Vec<u64> = spellings.filter_map(|text| text_key(digests, text)).collect();
    keys.extend(external_id.map(|id| id_key(digests, source, id)));
    at_line(row.line, keys)
}

/// Returns a cell, and what may be read from it: the name without its title, each address of several, the one of `Name <address>`.
fn spellings(text: &str) -> impl Iterator<Item = &str> {
    const MOST: usize = 20;
    let parts = text.split([
        ';', ',', '、', ' ', '\u{3000}', '\n', '/', '\t', '<', '>', '＜', '＞',
    ]);
    let addresses = parts.filter(|part| part.contains(['@', '＠'])).take(MOST);
    let addresses = addresses.map(|part| part.strip_prefix("mailto:").unwrap_or(part));
    [text, without_title(text.trim())].into_iter().chain(addresses)
}

/// Returns everyone whom a row names by these words: ids in the source, addresses, numbers or names.
pub fn of_words<'w>(
    digests: &KeyedDigest,
    source: &str,
    line: u64,
    words: impl Iterator<Item = &'w str>,
) -> Vec<RowPerson> {
    let keys = words.flat_map(|word| [text_key(digests, word), Some(id_key(digests, source, word))]);
    at_line(line, keys.flatten().collect())
}

fn at_line(line: u64, keys: Vec<u64>) -> Vec<RowPerson> {
    let line = line.min(u64::from(u32::MAX)) as u32;
    keys.into_iter().map(|key| RowPerson { line, key }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_of_rows_survive_as_bytes() {
        let people = [
            RowPerson {
                line: 1,
                key: u64::MAX,
            },
            RowPerson {
                line: u32::MAX,
                key: 7,
            },
        ];
        assert_eq!(decode(&encode(&people)).collect::<Vec<_>>(), people);
    }

    #[test]
    fn a_text_names_somebody_in_any_spelling() {
        let only = |one: &str| BTreeSet::from([one.to_owned()]);
        let traces = Traces {
            names: only("佐藤陽子"),
            readings: only("さとうようこ"),
            emails: only("yoko@example.jp"),
            phones: only("0312345678"),
        };
        for text in [
            "代表は佐藤　陽子さんです",
            "サトウ ヨウコ（代表）",
            "連絡先: ＹＯＫＯ@example.jp まで",
            "電話 03-1234-5678",
        ] {
            assert!(traces.are_in(text), "{text}");
        }
        assert!(!traces.are_in("佐藤 洋子さん、03-1234-5679"));
    }

    #[test]
    fn cells_name_somebody_in_every_way_in_which_they_are_read() {
        let digests = KeyedDigest::new("one");
        for (cell, person) in [
            ("佐藤 陽子様", "佐藤陽子"),
            ("佐藤陽子 さん", "佐藤陽子"),
            ("佐藤 <yoko@example.jp>", "yoko@example.jp"),
            ("mailto:yoko@example.jp", "yoko@example.jp"),
            ("taro@example.jp; yoko@example.jp", "yoko@example.jp"),
        ] {
            let keys: Vec<_> = spellings(cell).map(|text| text_key(&digests, text)).collect();
            assert!(keys.contains(&text_key(&digests, person)), "{cell}");
        }
    }

    #[test]
    fn a_text_has_the_digest_of_what_it_looks_like_and_another_key_gives_another() {
        let digests = KeyedDigest::new("one");
        let key = |text: &str| text_key(&digests, text);
        assert_eq!(key("０３-１２３４-５６７８"), key("+81 3 1234 5678"));
        assert_eq!(key("YOKO@example.jp"), key("ｙｏｋｏ＠example.jp"));
        assert_eq!(key("佐藤　陽子"), key("佐藤陽子"));
        let id = "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b";
        assert_eq!(key(id), key(&format!(" {} ", id.to_uppercase())));
        assert_ne!(key(id), key(&id.replace('b', "c")));
        assert_eq!(key(" "), None);
        assert_ne!(key("佐藤"), text_key(&KeyedDigest::new("other"), "佐藤"));
    }
}
