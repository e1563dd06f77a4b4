//! The lines of a list of organizations that are about one of them: a list of offices has a line for each service of an office.
//!
//! The first line that can be a record makes it, with the themes and texts of those below, as far as a record has room for them. A line
//! above it that can't be one is a row like any other. The whole list is looked through before its first row is imported, so that the
//! same list says the same each time, whatever stands between the lines.

use crate::imports::fields::Context;
use crate::imports::kinds::organizations::{corporate_number, understand};
use crate::imports::kinds::reading::{Below, Reading};
use crate::organizations::names::former_key;
use crate::organizations::{LONGEST_DESCRIPTION, MOST_THEMES};
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use tables::Remark;
use text::{fold, with_full_forms};

/// The most rows of a list that are compared. Lists of offices are shorter.
pub const MOST_COMPARED: u64 = 200_000;

/// The most texts of other lines that a record gets: each is put behind those before it.
const MOST_BELOW: usize = 100;

/// What several lines say of one organization.
#[derive(Default)]
struct Together {
    /// The hash of the line that makes the record, and whether it can be one by itself.
    first: i64,
    is_record: bool,
    line: u64,
    sheet: Option<String>,
    /// The municipality, as far as a line names one.
    area: Option<String>,
    /// The hashes of the lines above the first that can be a record.
    unfit: HashSet<i64>,
    /// What the first line says of what it does, as hashes.
    own: Vec<u64>,
    /// What the other lines say of that, and there is room for.
    below: Vec<Below>,
    room: Room,
    has_others: bool,
}

/// How much more a record can take: with more than that, it would lose all of it.
#[derive(Default)]
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

/// The organizations of a list that have several lines, and what each is found by.
#[derive(Default)]
pub struct Lines {
    by_key: HashMap<u64, usize>,
    all: Vec<Together>,
}

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

    /// Takes what a line says. The first one that can be a record takes the place of those above it.
    fn add(&mut self, reading: &mut Reading, hash: i64, sheet: Option<&str>, context: &Context) {
        let own = reading.says_of_work();
        let is_new = self.line == 0;
        let is_record = !self.is_record && understand(reading, None, context).is_some();
        if is_new || is_record {
            self.is_record = is_record;
            self.first = hash;
            self.line = reading.line;
            self.sheet = sheet.map(str::to_owned);
            self.room = Room::beside(&own);
            self.own = own.iter().map(hash_of).collect();
            self.below.clear();
        } else if self.first != hash {
            for one in own {
                if !self.has(&one) && self.room.take(&one) {
                    self.below.push(one);
                }
            }
        }
        if !self.is_record {
            self.unfit.insert(hash);
        }
    }
}

impl Lines {
    /// Notes whether an organization has several lines. A whole copy of the first line is a mistake, and no line about something else.
    pub fn see(&mut self, reading: &Reading, hash: i64, context: &Context) {
        let keys = keys(reading);
        if keys.is_empty() {
            return;
        }
        let area = area_of(reading, context);
        let at = self.find(&keys, area.as_deref()).unwrap_or_else(|| {
            self.all.push(Together {
                first: hash,
                ..Together::default()
            });
            self.all.len() - 1
        });
        if let Some(known) = self.all.get_mut(at) {
            known.has_others |= known.first != hash;
            known.area = known.area.take().or(area);
        }
        for key in keys {
            self.by_key.entry(key).or_insert(at);
        }
    }

    /// Forgets the organizations with one line. Returns whether others are left.
    pub fn has_several(&mut self) -> bool {
        let mut several = Vec::new();
        let mut keep = |one: Together| {
            several.push(one);
            several.len() - 1
        };
        let all = self.all.drain(..);
        let places: Vec<Option<usize>> = all.map(|one| one.has_others.then(|| keep(one))).collect();
        self.by_key
            .retain(|_, at| match places.get(*at).copied().flatten() {
                Some(place) => {
                    *at = place;
                    true
                }
                None => false,
            });
        self.by_key.shrink_to_fit();
        self.all = several;
        !self.all.is_empty()
    }

    /// Takes what a row says, if its organization has several lines.
    pub fn add(&mut self, reading: &mut Reading, hash: i64, sheet: Option<&str>, context: &Context) {
        let found = self.find(&keys(reading), area_of(reading, context).as_deref());
        if let Some(known) = found.and_then(|at| self.all.get_mut(at)) {
            known.add(reading, hash, sheet, context);
        }
    }

    /// Returns what a row is, if its organization has several lines.
    pub fn part(&self, reading: &Reading, hash: i64, context: &Context) -> Option<Part<'_>> {
        let found = self.find(&keys(reading), area_of(reading, context).as_deref());
        let known = self.all.get(found?)?;
        if known.first == hash {
            return Some(Part::First(&known.below));
        }
        // Where none can be a record by itself, what is known of the organization may complete the first.
        if known.is_record && known.unfit.contains(&hash) {
            return None;
        }
        let is_whole = reading.says_of_work().iter().all(|one| known.has(one));
        let sheet = known.sheet.as_deref().unwrap_or_default();
        Some(Part::Other(sheet, known.line, is_whole))
    }

    /// Returns the organization that has one of the keys, unless it lies elsewhere.
    fn find(&self, keys: &[u64], area: Option<&str>) -> Option<usize> {
        keys.iter().find_map(|key| {
            let at = *self.by_key.get(key)?;
            let known = self.all.get(at)?.area.as_deref();
            let is_there = known.zip(area).is_none_or(|(known, own)| known == own);
            is_there.then_some(at)
        })
    }
}

fn area_of(reading: &Reading, context: &Context) -> Option<String> {
    let area = reading.place(reading.text("area")?);
    context.vocabulary.area(area).ok()
}

/// Returns what says that lines are about one organization, if they have one of these in common: the number of an office; an id and the
/// name; or the name and the place with the 法人番号, with a contact or a street, or beside a column of services. Groups that have no
/// more than a name in common are two.
fn keys(reading: &Reading) -> Vec<u64> {
    let mut keys = Vec::new();
    let Some(name) = reading.text("name") else {
        return keys;
    };
    if reading.is_skipped || reading.is_rejected() || reading.text("record_id").is_some() {
        return keys;
    }
    let text = |field: &str| reading.text(field).unwrap_or_default();
    // As ids are derived: 社会福祉法人ほし and 株式会社ほし at one address are two.
    let name = former_key(&with_full_forms(&fold(name)));
    let place = reading.all("area").join("\n");
    let (id, contact) = (
        text("external_id"),
        [text("contact_phone"), text("contact_email")].concat(),
    );
    let source = text("source");
    let mut add = |kind: &str, name: &str, place: &str, what: &str| {
        keys.push(hash_of(&(kind, name, place, source, what)));
    };
    let heading = reading.heading("external_id");
    // A row number counts the lines, and says nothing of what they are about.
    let has_id = !id.is_empty() && !heading.is_some_and(counts_rows);
    if has_id {
        // An office may be called by each of its services.
        if heading.is_some_and(|heading| heading.contains("事業所番号")) && is_number_of_office(id) {
            add("office", "", "", id);
        }
        add("id", &name, "", id);
    }
    if let Some(number) = corporate_number(reading) {
        add("number", &name, &place, &number);
    }
    let has_contact = !contact.is_empty() || place.contains(|c: char| c.is_ascii_digit());
    if !has_id && has_contact {
        add("contact", &name, &place, &contact);
    } else if !has_id && !id.is_empty() {
        add("row", &name, &place, id);
    }
    if !has_id && !place.is_empty() && names_a_service(reading) {
        add("service", &name, &place, "");
    }
    keys
}

/// Returns whether an id is the number that a prefecture gives to an office of care: ten signs, most of them digits.
fn is_number_of_office(id: &str) -> bool {
    let digits = id.chars().filter(char::is_ascii_digit).count();
    id.len() == 10 && digits > 7 && id.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Returns whether a column of services has something: サービス種別.
fn names_a_service(reading: &Reading) -> bool {
    let is_service = |field| {
        reading
            .heading(field)
            .is_some_and(|heading| heading.contains("サービス"))
    };
    ["themes", "description"].into_iter().any(is_service)
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
    fn numbers_of_offices_are_told_from_other_ids() {
        for (id, expected) in [
            ("1370000011", true),
            ("13A0000011", true),
            ("申請中", false),
            ("12", false),
        ] {
            assert_eq!(is_number_of_office(id), expected, "{id}");
        }
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
