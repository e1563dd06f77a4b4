//! The lines of a list of organizations that are about one of them: a list of offices has a line for each service of an office.
//!
//! The first line makes the record, with the themes and texts of all. The whole list is looked through before its first row is
//! imported, so that the same list says the same each time, whatever stands between the lines.

use crate::imports::kinds::organizations::corporate_number;
use crate::imports::kinds::reading::{Below, Reading};
use crate::organizations::names::name_key;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};
use tables::Remark;
use text::fold;

/// The most rows of a list that are compared. Lists of offices are shorter.
pub const MOST_COMPARED: u64 = 200_000;

/// What several lines say of one organization.
struct Together {
    /// The hash of the first line.
    first: i64,
    line: u64,
    sheet: Option<String>,
    /// What the other lines say of what it does.
    below: Vec<Below>,
    has_others: bool,
}

/// The organizations of a list that have several lines.
#[derive(Default)]
pub struct Lines(HashMap<u64, Together>);

/// What a line is, of several about one organization.
pub enum Part<'l> {
    /// The one that makes the record, with what the others say.
    First(&'l [Below]),
    Other(&'l str, u64),
}

impl Lines {
    /// Looks at a row. A whole copy of the first line is a mistake, and no line about something else.
    pub fn see(&mut self, reading: &Reading, hash: i64, sheet: Option<&str>) {
        let Some(key) = key(reading) else { return };
        match self.0.entry(key) {
            Entry::Vacant(place) => {
                place.insert(Together {
                    first: hash,
                    line: reading.line,
                    sheet: sheet.map(str::to_owned),
                    below: Vec::new(),
                    has_others: false,
                });
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                if known.first != hash {
                    known.has_others = true;
                    let new = reading.says_of_work();
                    let new: Vec<Below> = new.into_iter().filter(|one| !known.below.contains(one)).collect();
                    known.below.extend(new);
                }
            }
        }
    }

    /// Forgets the organizations with one line.
    pub fn finish(&mut self) {
        self.0.retain(|_, one| one.has_others);
        self.0.shrink_to_fit();
    }

    /// Returns what a row is, if its organization has several lines.
    pub fn part(&self, reading: &Reading, hash: i64) -> Option<Part<'_>> {
        let known = self.0.get(&key(reading)?)?;
        Some(match known.first == hash {
            true => Part::First(&known.below),
            false => Part::Other(known.sheet.as_deref().unwrap_or_default(), known.line),
        })
    }
}

/// Returns what says that two lines are about one organization, beside its name and its place: the 法人番号, the id, or else an address,
/// a telephone number or an e-mail address. Groups that have no more than a name in common are two.
fn key(reading: &Reading) -> Option<u64> {
    if reading.is_skipped || reading.is_rejected() || reading.text("record_id").is_some() {
        return None;
    }
    let text = |field: &str| reading.text(field).unwrap_or_default();
    let name = name_key(reading.text("name")?);
    let place = reading.all("area").join("\n");
    let (id, contact) = (
        text("external_id"),
        [text("contact_phone"), text("contact_email")].concat(),
    );
    let has_contact = !contact.is_empty() || place.contains(|c: char| c.is_ascii_digit());
    // A row number counts the lines, and says nothing of what they are about.
    let is_number = id.is_empty() || reading.heading("external_id").is_some_and(counts_rows);
    let what = match corporate_number(reading) {
        Some(number) => format!("number\n{number}"),
        None if is_number && has_contact => format!("contact\n{contact}"),
        None if id.is_empty() => return None,
        None => format!("id\n{id}"),
    };
    let mut hasher = DefaultHasher::new();
    (name, place, text("source"), what).hash(&mut hasher);
    Some(hasher.finish())
}

fn counts_rows(heading: &str) -> bool {
    const NUMBERS: [&str; 8] = ["no", "番号", "連番", "通番", "通し番号", "項番", "行番号", "#"];
    NUMBERS.contains(&fold(heading).trim().trim_end_matches('.'))
}

/// Says of a line that it is about the organization of another one.
pub fn other_line(sheet: &str, line: u64) -> Remark {
    let (ja, en) = match sheet {
        "" => (format!("{line}行目"), format!("line {line}")),
        sheet => (
            format!("シート「{sheet}」の{line}行目"),
            format!("line {line} of the sheet {sheet:?}"),
        ),
    };
    Remark::new(
        "same_organization",
        format!(
            "{ja}と同じ団体の行です。1件の登録とし、この行の活動分野（サービス種別）と活動内容は{ja}に合わせて取り込みました。ほかの項目は{ja}のものを取り込んでいます。"
        ),
        format!(
            "This is about the organization of {en}. Both lines are one record, which has the fields of activity (services) and the description of this line, too. Of everything else, what {en} says was imported."
        ),
    )
}
