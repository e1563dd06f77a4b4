//! The lines of a list of organizations that are about one of them: a list of offices has a line for each service of an office.
//!
//! The first line makes the record, with the themes and texts of all, as far as a record has room for them. The whole list is looked
//! through before its first row is imported, so that the same list says the same each time, whatever stands between the lines.

use crate::imports::kinds::organizations::corporate_number;
use crate::imports::kinds::reading::{Below, Reading};
use crate::organizations::names::former_key;
use crate::organizations::{LONGEST_DESCRIPTION, MOST_THEMES};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};
use tables::Remark;
use text::{fold, with_full_forms};

/// The most rows of a list that are compared. Lists of offices are shorter.
pub const MOST_COMPARED: u64 = 200_000;

/// The most texts of other lines that a record gets: each is put behind those before it.
const MOST_BELOW: usize = 100;

/// What several lines say of one organization.
struct Together {
    /// The hash of the first line.
    first: i64,
    line: u64,
    sheet: Option<String>,
    /// What the first line says of what it does, as hashes.
    own: Vec<u64>,
    /// What the other lines say of that, and there is room for.
    below: Vec<Below>,
    room: Room,
    has_others: bool,
}

/// How much more a record can take: with more than that, it would lose all of it.
struct Room {
    texts: usize,
    themes: usize,
    characters: usize,
}

impl Room {
    /// Returns what these texts leave.
    fn beside(texts: &[Below]) -> Room {
        let all = |of: fn(&Below) -> usize| texts.iter().map(of).sum::<usize>();
        Room {
            texts: MOST_BELOW,
            themes: MOST_THEMES.saturating_sub(all(|one| one.themes)),
            characters: LONGEST_DESCRIPTION.saturating_sub(all(|one| one.characters)),
        }
    }

    /// Takes the room for a text, if there is enough.
    fn take(&mut self, text: &Below) -> bool {
        let left = (
            self.texts.checked_sub(1),
            self.themes.checked_sub(text.themes),
            self.characters.checked_sub(text.characters),
        );
        let (Some(texts), Some(themes), Some(characters)) = left else {
            return false;
        };
        *self = Room {
            texts,
            themes,
            characters,
        };
        true
    }
}

/// The organizations of a list that have several lines.
#[derive(Default)]
pub struct Lines(HashMap<u64, Together>);

/// What a line is, of several about one organization.
pub enum Part<'l> {
    /// The one that makes the record, with what the others say.
    First(&'l [Below]),
    /// Another one, with the sheet and line of the first, and whether that gets all that this one says of what it does.
    Other(&'l str, u64, bool),
}

impl Together {
    fn has(&self, text: &Below) -> bool {
        self.own.contains(&hash_of(text)) || self.below.contains(text)
    }
}

impl Lines {
    /// Looks at a row. A whole copy of the first line is a mistake, and no line about something else.
    pub fn see(&mut self, reading: &Reading, hash: i64, sheet: Option<&str>) {
        let Some(key) = key(reading) else { return };
        match self.0.entry(key) {
            Entry::Vacant(place) => {
                let own = reading.says_of_work();
                place.insert(Together {
                    first: hash,
                    line: reading.line,
                    sheet: sheet.map(str::to_owned),
                    own: own.iter().map(hash_of).collect(),
                    below: Vec::new(),
                    room: Room::beside(&own),
                    has_others: false,
                });
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                if known.first != hash {
                    known.has_others = true;
                    for one in reading.says_of_work() {
                        if !known.has(&one) && known.room.take(&one) {
                            known.below.push(one);
                        }
                    }
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
            false => {
                let is_whole = reading.says_of_work().iter().all(|one| known.has(one));
                Part::Other(known.sheet.as_deref().unwrap_or_default(), known.line, is_whole)
            }
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
    // As ids are derived: 社会福祉法人ほし and 株式会社ほし at one address are two.
    let name = former_key(&with_full_forms(&fold(reading.text("name")?)));
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
    Some(hash_of(&(name, place, text("source"), what)))
}

fn hash_of(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

fn counts_rows(heading: &str) -> bool {
    const NUMBERS: [&str; 8] = ["no", "番号", "連番", "通番", "通し番号", "項番", "行番号", "#"];
    NUMBERS.contains(&fold(heading).trim().trim_end_matches('.'))
}

/// Says of a line that it is about the organization of another one. Whether that one comes in, only its own result says.
pub fn other_line(sheet: &str, line: u64, is_whole: bool) -> Remark {
    let (ja, en) = match sheet {
        "" => (format!("{line}行目"), format!("line {line}")),
        sheet => (
            format!("シート「{sheet}」の{line}行目"),
            format!("line {line} of the sheet {sheet:?}"),
        ),
    };
    let (more_ja, more_en) = match is_whole {
        true => (
            format!("この行の活動分野（サービス種別）と活動内容も、{ja}に合わせます。"),
            "has the fields of activity (services) and the description of this line, too",
        ),
        false => (
            format!(
                "この行の活動分野（サービス種別）や活動内容のうち、1件の登録に入りきらない分は取り込みません。必要な場合は、{ja}に短くまとめて入力してください。"
            ),
            "has no room for all fields of activity (services) and all of the description of this line. If they are needed, put them into that line in fewer words",
        ),
    };
    Remark::new(
        "same_organization",
        format!(
            "{ja}と同じ団体の行のため、1件の登録とします。{more_ja}ほかの項目は{ja}のものを使います。取り込まれたかどうかは、{ja}の結果を確認してください。"
        ),
        format!(
            "This is about the organization of {en}. Both lines are one record, which {more_en}. Everything else is taken from {en}; whether that was imported, its own result says."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organizations::NewOrganization;
    use validator::Validate;

    fn theme(text: &str, themes: usize) -> Below {
        Below {
            column: 1,
            text: text.to_owned(),
            themes,
            characters: 0,
        }
    }

    fn description(text: &str) -> Below {
        Below {
            column: 2,
            text: text.to_owned(),
            themes: 0,
            characters: text.chars().count() + 1,
        }
    }

    #[test]
    fn a_record_takes_no_more_than_it_has_room_for() {
        let long = "あ".repeat(LONGEST_DESCRIPTION - 10);
        let mut room = Room::beside(&[description(&long), theme("子育て、音楽", 2)]);
        assert!(!room.take(&description("あいうえおかきくけこ")));
        assert!(room.take(&description("あいう")));
        assert!(room.take(&theme("福祉", MOST_THEMES - 2)));
        assert!(!room.take(&theme("環境", 1)));
        // What is too long by itself already leaves no room.
        let longer = "あ".repeat(LONGEST_DESCRIPTION + 10);
        assert!(!Room::beside(&[description(&longer)]).take(&description("あ")));
        let mut room = Room::beside(&[]);
        let taken = (0..MOST_BELOW * 2).filter(|n| room.take(&description(&n.to_string())));
        assert_eq!(taken.count(), MOST_BELOW);
    }

    #[test]
    fn the_limits_are_those_of_an_organization() {
        let is_valid = |themes: usize, characters: usize| {
            let themes: Vec<String> = (0..themes).map(|n| format!("theme_{n}")).collect();
            let one = serde_json::json!({
                "name": "ほし", "kind": "npo", "area": "131041",
                "themes": themes, "description": "あ".repeat(characters),
            });
            serde_json::from_value::<NewOrganization>(one)
                .unwrap()
                .validate()
                .is_ok()
        };
        assert!(is_valid(MOST_THEMES, LONGEST_DESCRIPTION));
        assert!(!is_valid(MOST_THEMES + 1, LONGEST_DESCRIPTION));
        assert!(!is_valid(MOST_THEMES, LONGEST_DESCRIPTION + 1));
    }

    #[test]
    fn a_line_claims_only_what_is_put_together() {
        for (is_whole, ja, en) in [
            (true, "合わせます", "of this line, too"),
            (false, "入りきらない", "no room"),
        ] {
            let remark = other_line("名簿", 3, is_whole);
            assert!(remark.message.ja.contains(ja) && remark.message.en.contains(en));
            assert!(remark.message.ja.contains("結果を確認"), "{is_whole}");
        }
    }
}
