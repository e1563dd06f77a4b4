//! What the heading of a column means: scored against the words of `data/headings.json`.
//!
//! A concept is something that offices write into a column: a name, a fax number, an address. Some concepts are a
//! field of the record, others are known so that they aren't mistaken for one.
//!
//! The score of a heading for a concept is in thousandths. A heading that is one of the concept's words has 1000;
//! the last word of a Japanese heading says what it is, so one that ends with a word has 560 and up to 400 for the
//! share that it covers, and one that begins with it 300 and up to 250. A note in brackets and a reading (カナ)
//! change what the heading before them means. Width, kana, old kanji, の, numbers and politeness make no difference.

use super::ImportKind;
use super::days::day_parts;
use super::vocabulary::Vocabulary;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;
use tables::cells::dates::parse_date;
use tables::cells::{normalize, parse_amount, parse_boolean, parse_phone};
use text::{fold, hiragana, todays_form};

/// From this score on, a heading is taken for a field.
pub const SURE: u32 = 600;
/// From this score on, a field is named as the nearest.
pub const NEAR: u32 = 320;
/// The score of a heading that is one of a concept's words.
pub const EXACT: u32 = 1000;
/// Characters of a heading that are compared.
const LONGEST: usize = 40;

#[derive(Default, Deserialize)]
struct Data {
    /// Words around a heading that say only whether a form requires it.
    marks: Vec<String>,
    beginnings: Vec<String>,
    endings: Vec<String>,
    layouts: Vec<Layout>,
    concepts: Vec<Concept>,
}

/// A published layout, known by some of its headings.
#[derive(Deserialize)]
pub struct Layout {
    pub code: String,
    headings: Vec<String>,
    /// The fields of headings that mean something else elsewhere.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
}

/// What a column may hold.
#[derive(Deserialize)]
pub struct Concept {
    pub means: String,
    /// The field that it is, by kind of record.
    #[serde(default)]
    fields: BTreeMap<ImportKind, String>,
    #[serde(default)]
    words: Vec<String>,
    /// Words that count only if they are the whole heading.
    #[serde(default)]
    whole: Vec<String>,
    /// Words that decide wherever they are.
    #[serde(default)]
    anywhere: Vec<String>,
    /// The field of each kind that it stands in for if no other column means that, and its cells say it.
    #[serde(default)]
    instead: BTreeMap<ImportKind, String>,
    /// What the cells below look like.
    #[serde(default)]
    pub values: Option<Values>,
    /// Which column comes first if several mean one field; a column without a number comes first.
    #[serde(default)]
    pub priority: u8,
    /// Whether a note in brackets says what it really is: 連絡先（メール）.
    #[serde(default)]
    generic: bool,
}

impl Concept {
    pub fn field(&self, kind: ImportKind) -> Option<&str> {
        self.fields.get(&kind).map(String::as_str)
    }

    pub fn instead(&self, kind: ImportKind) -> Option<&str> {
        self.instead.get(&kind).map(String::as_str)
    }
}

/// What the cells of a column look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Values {
    Code,
    Person,
    Kana,
    Email,
    Phone,
    Postal,
    AreaCode,
    Area,
    Url,
    Number,
    Hours,
    Boolean,
    Date,
    Days,
    Corporate,
}

impl Values {
    /// Returns whether hardly anything else looks like these cells.
    pub fn is_strict(self) -> bool {
        matches!(
            self,
            Values::Email
                | Values::Phone
                | Values::Postal
                | Values::AreaCode
                | Values::Url
                | Values::Corporate
                | Values::Date
        )
    }
}

/// A concept, by its position, and how well a heading fits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    pub concept: usize,
    pub score: u32,
}

/// The concepts, prepared for comparing.
pub struct Concepts {
    data: Data,
    marks: Vec<String>,
    beginnings: Vec<String>,
    endings: Vec<String>,
    /// The concepts of each word, and whether the word counts within a heading.
    words: HashMap<String, Vec<(usize, bool)>>,
    anywhere: Vec<(String, usize)>,
    /// The concepts that are a reading, a name of which there may be a reading, and the reading of something else.
    kana: Option<usize>,
    named: Vec<usize>,
    other_kana: Option<usize>,
    /// The concept of what may be shown.
    release: Option<usize>,
    /// The concept of a person's name, and those of persons with the concept of their name.
    person_name: Option<usize>,
    persons: Vec<(usize, usize)>,
    representative: Option<usize>,
}

static CONCEPTS: LazyLock<Concepts> = LazyLock::new(|| {
    let data = serde_json::from_str(include_str!("data/headings.json"));
    Concepts::new(data.unwrap_or_default())
});

/// Returns the known concepts.
pub fn concepts() -> &'static Concepts {
    &CONCEPTS
}

/// Returns a heading in the form in which headings are compared.
pub fn heading_key(heading: &str) -> String {
    let folded = fold(heading);
    folded
        .chars()
        .filter(|c| (c.is_alphanumeric() && *c != 'の') || *c == 'ー')
        .map(|c| hiragana(todays_form(c)))
        .collect()
}

/// Splits a heading into what is before and after brackets, and what is within them or follows a ※.
fn split_notes(heading: &str) -> (String, Vec<String>) {
    let folded = fold(heading);
    let (mut base, mut notes, mut depth, mut is_remark) = (String::new(), Vec::new(), 0u32, false);
    for c in folded.chars() {
        match c {
            '(' | '[' | '【' | '〔' | '〈' | '〖' | '「' if !is_remark => {
                if depth == 0 {
                    notes.push(String::new());
                }
                depth += 1;
            }
            ')' | ']' | '】' | '〕' | '〉' | '〗' | '」' if !is_remark => {
                depth = depth.saturating_sub(1)
            }
            '※' if depth == 0 && !base.trim().is_empty() => {
                notes.push(String::new());
                is_remark = true;
            }
            c => match notes.last_mut().filter(|_| depth > 0 || is_remark) {
                Some(note) => note.push(c),
                None => base.push(c),
            },
        }
    }
    (base, notes)
}

/// Returns the period that a heading states for its numbers, as an amount begins with it.
pub fn is_period(heading: &str) -> Option<&'static str> {
    const MONTHS: [&str; 14] = [
        "か月",
        "ヶ月",
        "ケ月",
        "ヵ月",
        "カ月",
        "箇月",
        "月間",
        "月あたり",
        "月当たり",
        "月の",
        "月に",
        "毎月",
        "月平均",
        "month",
    ];
    const WEEKS: [&str; 2] = ["週", "week"];
    let folded = fold(heading);
    let has = |words: &[&str]| words.iter().any(|word| folded.contains(word));
    if has(&WEEKS) {
        return None;
    }
    if has(&MONTHS) || folded.contains("(月)") || folded.ends_with("/月") {
        return Some("月");
    }
    let of_day = ["1日あたり", "1日の", "一日の", "1日当たり", "per day"];
    has(&of_day).then_some("1日")
}

/// Returns what a form asks for: 区市町村 of お住まいの区市町村をお教えください. Each has what it costs.
fn asked(key: &str) -> Vec<(String, u32)> {
    const REQUESTS: [&str; 9] = [
        "ください",
        "下さい",
        "ますか",
        "ですか",
        "でしょうか",
        "ませんか",
        "願います",
        "いたします",
        "ましょう",
    ];
    const PARTICLES: [char; 6] = ['を', 'は', 'に', 'が', 'で', 'て'];
    const MOST: usize = 3;
    if !REQUESTS.iter().any(|end| key.ends_with(end)) {
        return Vec::new();
    }
    let ends = key.char_indices().filter(|(_, c)| PARTICLES.contains(c));
    let ends: Vec<usize> = ends.map(|(at, _)| at).collect();
    let cut = ends.iter().rev().filter_map(|at| key.get(..*at));
    cut.filter(|rest| rest.chars().count() > 1)
        .take(MOST)
        .zip([20, 150, 250])
        .map(|(rest, cost)| (rest.to_owned(), cost))
        .collect()
}

/// Returns a key without the number of a question or of one of several columns.
fn without_numbers(key: &str) -> &str {
    let rest = key.strip_prefix(['q', '問']).unwrap_or(key);
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let head = digits(rest);
    let key = match head > 0 && head < rest.len() {
        true => rest.get(head..).unwrap_or(key),
        false => key,
    };
    let tail = key.trim_end_matches(|c: char| c.is_ascii_digit());
    if tail.is_empty() { key } else { tail }
}

impl Concepts {
    fn new(data: Data) -> Concepts {
        let keys = |words: &[String]| -> Vec<String> {
            let keys = words.iter().map(|word| heading_key(word));
            keys.filter(|key| !key.is_empty()).collect()
        };
        let mut words: HashMap<String, Vec<(usize, bool)>> = HashMap::new();
        let mut anywhere = Vec::new();
        for (at, concept) in data.concepts.iter().enumerate() {
            for (list, is_head) in [(&concept.words, true), (&concept.whole, false)] {
                for key in keys(list) {
                    // A single character within a heading says too little.
                    let is_head = is_head && key.chars().count() > 1;
                    words.entry(key).or_default().push((at, is_head));
                }
            }
            anywhere.extend(keys(&concept.anywhere).into_iter().map(|key| (key, at)));
        }
        let position = |means: &str| data.concepts.iter().position(|concept| concept.means == means);
        Concepts {
            marks: keys(&data.marks),
            beginnings: keys(&data.beginnings),
            endings: keys(&data.endings),
            kana: position("kana"),
            named: ["name", "group_name", "family_name", "given_name"]
                .into_iter()
                .filter_map(position)
                .collect(),
            other_kana: position("other_kana"),
            release: position("consent_print"),
            person_name: position("name"),
            persons: [
                ("person", "person"),
                ("contact", "person"),
                ("representative", "representative"),
            ]
            .into_iter()
            .filter_map(|(whose, meant)| Some((position(whose)?, position(meant)?)))
            .collect(),
            representative: position("representative"),
            words,
            anywhere,
            data,
        }
    }

    pub fn get(&self, concept: usize) -> Option<&Concept> {
        self.data.concepts.get(concept)
    }

    /// Returns the published layout that has these headings.
    pub fn layout(&self, headings: &[String]) -> Option<&Layout> {
        let keys: Vec<String> = headings.iter().map(|heading| heading_key(heading)).collect();
        let has = |heading: &String| keys.contains(&heading_key(heading));
        self.data
            .layouts
            .iter()
            .find(|layout| layout.headings.iter().all(has))
    }

    /// Returns whether a heading is of a column that Musubi writes, but keeps itself: 版, 登録日時.
    pub fn is_kept(&self, heading: &str) -> bool {
        let kept = |(at, _): &(usize, bool)| self.get(*at).is_some_and(|concept| concept.means == "own");
        self.words
            .get(&heading_key(heading))
            .is_some_and(|found| found.iter().any(kept))
    }

    /// Returns the concepts of which a word is the whole.
    fn whole<'c>(&'c self, key: &str) -> impl Iterator<Item = usize> + 'c {
        let found = self.words.get(key).into_iter().flatten();
        found.map(|(at, _)| *at)
    }

    /// Returns whether a heading is the reading of a part of a name: セイ, 名（カナ）.
    pub fn is_part_of_reading(&self, heading: &str) -> bool {
        let (base, notes) = split_notes(heading);
        let base = heading_key(&base);
        let is_part = |at: usize| {
            let concept = self.get(at).map_or("", |concept| concept.means.as_str());
            ["family_name", "given_name"].contains(&concept)
        };
        ["せい", "めい"].contains(&base.as_str()) || (!notes.is_empty() && self.whole(&base).any(is_part))
    }

    /// Returns whether a heading begins with a representative: 代表者電話, 会長の携帯.
    pub fn is_of_representative(&self, heading: &str) -> bool {
        let key = heading_key(heading);
        let heads = key.char_indices().filter_map(|(at, _)| key.get(..at));
        let mut heads = heads.filter(|head| head.chars().count() > 1);
        heads.any(|head| self.whole(head).any(|at| Some(at) == self.representative))
    }

    /// Returns whether a heading is of a column that names prefectures.
    pub fn is_prefecture(&self, heading: &str) -> bool {
        let scores = self.scores(heading);
        let best = scores.first().filter(|one| one.score >= SURE);
        best.and_then(|one| self.get(one.concept))
            .is_some_and(|concept| concept.means == "prefecture")
    }

    /// Returns the field that a heading alone is taken for.
    pub fn field(&self, kind: ImportKind, heading: &str) -> Option<&str> {
        let scores = self.scores(heading);
        let best = scores.first().filter(|one| one.score >= SURE)?.score;
        let equal = scores.iter().take_while(|one| one.score == best);
        let mut equal = equal.filter_map(|one| self.get(one.concept));
        equal.find_map(|concept| concept.field(kind))
    }

    /// Returns the concepts that a heading may mean, the best first.
    pub fn scores(&self, heading: &str) -> Vec<Score> {
        let (base_text, notes) = split_notes(heading);
        let mut base = heading_key(&base_text);
        let mut notes: Vec<String> = notes.iter().map(|note| heading_key(note)).collect();
        notes.retain(|note| !note.is_empty() && !self.marks.contains(note));
        if base.is_empty() {
            base = notes.pop().unwrap_or_default();
        }
        let mut best: BTreeMap<usize, u32> = BTreeMap::new();
        let mut add = |concept: usize, score: u32| {
            let known = best.entry(concept).or_default();
            *known = (*known).max(score);
        };
        for one in self.plain(&base) {
            add(one.concept, one.score);
        }
        // 特技・資格: of several things in one column, the first.
        let first_of_several = base_text
            .split(['・', '/', '、', ',', '／', '\n'])
            .next()
            .unwrap_or_default();
        if first_of_several.len() < base_text.len() {
            for one in self.plain(&heading_key(first_of_several)) {
                if one.score >= EXACT - 10 {
                    add(one.concept, 960);
                }
            }
        }
        let first = |scores: &BTreeMap<usize, u32>| {
            let best = scores
                .iter()
                .max_by_key(|(at, score)| (**score, std::cmp::Reverse(**at)));
            best.map(|(at, _)| *at)
        };
        let is_kana = |key: &str| {
            let found = self.words.get(key).into_iter().flatten();
            found.clone().any(|(at, _)| Some(*at) == self.kana)
        };
        // 団体名（フリガナ）, 名称_カナ: the reading of what is before it.
        let reading_of = match notes.iter().any(|note| is_kana(note)) {
            true => Some(base.clone()),
            false => self.before_reading(&base, &is_kana),
        };
        let is_release = |note: &String| {
            ["可否", "公開非公開", "公開有無"]
                .iter()
                .any(|end| note.ends_with(end))
        };
        if let Some(at) = self.release.filter(|_| notes.iter().any(is_release)) {
            // 電話番号（公開の可否）: whether it may be shown.
            best.values_mut().for_each(|score| *score = (*score).min(500));
            best.insert(at, 980);
        } else if let Some(rest) = reading_of.filter(|_| !is_kana(&base)) {
            let of: BTreeMap<usize, u32> = self
                .plain(&rest)
                .into_iter()
                .map(|s| (s.concept, s.score))
                .collect();
            let is_name = rest.is_empty()
                || first(&of).is_none_or(|at| self.named.contains(&at) || Some(at) == self.kana);
            let meant = if is_name { self.kana } else { self.other_kana };
            best.values_mut().for_each(|score| *score = (*score).min(500));
            best.extend(meant.map(|at| (at, 980)));
        } else {
            let is_generic = first(&best)
                .and_then(|at| self.get(at))
                .is_none_or(|concept| concept.generic);
            for note in &notes {
                for (at, _) in self.words.get(note).into_iter().flatten() {
                    let score = if is_generic { 960 } else { 620 };
                    let known = best.entry(*at).or_default();
                    *known = (*known).max(score);
                    if is_generic {
                        best.iter_mut()
                            .filter(|(other, _)| *other != at)
                            .for_each(|(_, score)| *score = (*score).min(800));
                    }
                }
            }
        }
        let mut scores: Vec<Score> = best
            .into_iter()
            .map(|(concept, score)| Score { concept, score })
            .collect();
        scores.sort_by_key(|one| (std::cmp::Reverse(one.score), one.concept));
        scores
    }

    /// Returns what a heading is the reading of, if it ends with a word for readings.
    fn before_reading(&self, key: &str, is_kana: &impl Fn(&str) -> bool) -> Option<String> {
        let key = without_numbers(key);
        let starts = key.char_indices().map(|(at, _)| at).skip(1);
        starts
            .filter_map(|at| key.split_at_checked(at))
            .find(|(_, tail)| is_kana(tail) && tail.chars().count() > 1)
            .map(|(rest, _)| rest.to_owned())
    }

    /// Scores a heading without notes.
    fn plain(&self, key: &str) -> Vec<Score> {
        let mut best: BTreeMap<usize, u32> = BTreeMap::new();
        if key.chars().count() > LONGEST {
            // A question; its last words say what it asks for.
            let from = key.char_indices().rev().nth(LONGEST - 1).map_or(0, |(at, _)| at);
            return self.plain(key.get(from..).unwrap_or_default());
        }
        let stripped = without_numbers(key);
        let cut = |key: &str, list: &[String], begins: bool| {
            let cut = list.iter().find_map(|word| match begins {
                true => key.strip_prefix(word.as_str()),
                false => key.strip_suffix(word.as_str()),
            });
            cut.filter(|rest| !rest.is_empty()).map(str::to_owned)
        };
        let mut forms = vec![(key.to_owned(), 0)];
        if stripped != key {
            forms.push((stripped.to_owned(), 0));
        }
        let of_question: Vec<(String, u32)> = forms.iter().flat_map(|(form, _)| asked(form)).collect();
        forms.extend(of_question);
        for begins in [true, false] {
            for (list, cost) in [
                (&self.marks, 0),
                (if begins { &self.beginnings } else { &self.endings }, 10),
            ] {
                let shorter: Vec<(String, u32)> = forms
                    .iter()
                    .filter_map(|(form, so_far)| Some((cut(form, list, begins)?, so_far + cost)))
                    .collect();
                forms.extend(shorter);
            }
        }
        for (form, cost) in &forms {
            self.add_form(form, *cost, &mut best);
        }
        best.into_iter()
            .map(|(concept, score)| Score { concept, score })
            .collect()
    }

    fn add_form(&self, key: &str, cost: u32, best: &mut BTreeMap<usize, u32>) {
        let length = key.chars().count() as u32;
        let mut add = |concept: usize, score: u32| {
            let known = best.entry(concept).or_default();
            *known = (*known).max(score.saturating_sub(cost));
        };
        for (at, _) in self.words.get(key).into_iter().flatten() {
            add(*at, EXACT);
        }
        for (word, at) in &self.anywhere {
            if key.contains(word.as_str()) {
                add(*at, 950);
            }
        }
        for (n, (at, _)) in key.char_indices().enumerate().skip(1) {
            let Some((head, tail)) = key.split_at_checked(at) else {
                continue;
            };
            let within = |part: &str| {
                let found = self.words.get(part).into_iter().flatten();
                found.filter(|(_, is_head)| *is_head).map(|(at, _)| *at)
            };
            // リーダーの氏名, 問い合わせ先氏名: the person's.
            let is_of = |part: &str, concept: Option<usize>| within(part).any(|at| Some(at) == concept);
            if is_of(tail, self.person_name) {
                for (whose, meant) in &self.persons {
                    if is_of(head, Some(*whose)) || self.whole(head).any(|at| at == *whose) {
                        add(*meant, 940);
                    }
                }
            }
            let n = n as u32;
            within(tail).for_each(|at| add(at, 560 + 400 * (length - n) / length));
            within(head).for_each(|at| add(at, 300 + 250 * n / length));
        }
    }
}

/// Returns whether a cell looks like what a concept's cells look like.
pub fn fits(values: Values, cell: &str, vocabulary: &Vocabulary) -> bool {
    let Ok(text) = normalize(cell) else {
        return false;
    };
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_number = text.chars().all(|c| c.is_ascii_digit());
    match values {
        Values::Code => text.is_ascii() && !text.contains(['@', '/']) && text.len() <= 40,
        Values::Person => {
            digits == 0 && text.chars().count() <= 20 && !text.contains(['@', '、', '。', '区', '市'])
        }
        Values::Kana => {
            digits == 0
                && text
                    .chars()
                    .map(hiragana)
                    .all(|c| matches!(c, 'ぁ'..='ん' | 'ー' | ' ' | '・'))
        }
        Values::Email => text.contains('@') && text.contains('.'),
        Values::Phone => digits >= 9 && (parse_phone(&text).is_ok() || text.contains('-')),
        Values::Postal => {
            digits == 7
                && text
                    .trim_start_matches('〒')
                    .chars()
                    .all(|c| c.is_ascii_digit() || c == '-')
        }
        Values::AreaCode => is_number && (5..=6).contains(&digits),
        Values::Area => vocabulary.area(text.as_str()).is_ok() || text.contains(['区', '市', '町', '村']),
        Values::Url => text.contains("://") || text.starts_with("www."),
        Values::Number => parse_amount(&text).is_ok(),
        Values::Hours => parse_amount(&text).is_ok() || text.contains("時間"),
        Values::Boolean => parse_boolean(&text).is_ok(),
        Values::Date => parse_date(&text).is_ok(),
        Values::Days => day_parts(&text).is_ok(),
        Values::Corporate => digits == 13,
    }
}

/// Changes the score of a concept by what the cells below the heading look like.
pub fn with_values(score: u32, concept: &Concept, cells: &[&str], vocabulary: &Vocabulary) -> u32 {
    let Some(values) = concept.values.filter(|_| !cells.is_empty()) else {
        return score;
    };
    let fitting = cells.iter().filter(|cell| fits(values, cell, vocabulary)).count();
    let is_strict = values.is_strict();
    match (fitting * 10 >= cells.len() * 6, fitting) {
        (true, _) if is_strict && score >= NEAR => (score + 250).min(EXACT - 1).max(score),
        (true, _) if score >= NEAR => (score + 60).min(EXACT - 1).max(score),
        // Nothing below it fits: that it is written so isn't enough, unless it is the very word.
        (false, 0) if is_strict && cells.len() >= 3 && score < EXACT => score.saturating_sub(300),
        (false, 0) if is_strict && cells.len() >= 3 => EXACT - 100,
        _ => score,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: ImportKind, heading: &str) -> Option<&'static str> {
        concepts().field(kind, heading)
    }

    /// Headings as published lists have them, with their meanings: see `tests/data/sheets/README.md`.
    #[test]
    fn published_headings_mean_what_they_say() {
        let expected = |meaning: &str| match meaning {
            "name" | "operator" => Some("name"),
            "name_kana" => Some("kana"),
            "name_common" => Some("aliases"),
            "purpose" | "description" => Some("description"),
            "publisher_code" | "municipality_code" | "municipality" | "address" | "ward" => Some("area"),
            "phone" => Some("contact_phone"),
            "email" => Some("contact_email"),
            "contact_name" | "representative" => Some("contact_person"),
            "corporate_number" => Some("corporate_number"),
            "activity_field" | "category" => Some("themes"),
            "kind" => Some("kind"),
            "consent_open_data" => Some("open_data"),
            "source_id" | "registration_number" => Some("external_id"),
            _ => None,
        };
        let rows = include_str!("../../tests/data/sheets/headings.csv")
            .lines()
            .skip(1);
        let (mut all, mut wrong) = (0, Vec::new());
        for row in rows {
            let cells: Vec<&str> = row.rsplitn(4, ',').collect();
            let (heading, meaning) = (cells[3].trim_matches('"'), cells[2]);
            all += 1;
            let found = field(ImportKind::Organizations, heading);
            if found != expected(meaning) {
                wrong.push(format!("{heading} ({meaning}): {found:?}"));
            }
        }
        println!("{} of {all}: {wrong:#?}", all - wrong.len());
        assert!(
            wrong.len() * 100 <= all * 3,
            "more than 3 % are wrong: {wrong:#?}"
        );
    }

    /// Headings that are none of the words, so that the rules have to find them.
    #[test]
    fn headings_that_no_list_has_are_understood() {
        use ImportKind::*;
        let mut wrong = Vec::new();
        for (kind, heading, expected) in [
            (Workers, "お住まいの区市町村", Some("area")),
            (Workers, "得意なスキル", Some("skills")),
            (Workers, "希望する役割", Some("roles")),
            (Workers, "週の活動可能時間", Some("hours_per_week")),
            (Workers, "氏名（ふりがな）", Some("kana")),
            (Workers, "氏名_フリガナ", Some("kana")),
            (Workers, "お名前【必須】", Some("name")),
            (Workers, "①お名前(漢字)", Some("name")),
            (Workers, "Q3. ご連絡先メールアドレス", Some("email")),
            (Workers, "ＴＥＬ", Some("phone")),
            (Workers, "携帯電話", Some("phone")),
            (Workers, "日中つながる電話番号", Some("phone")),
            (Workers, "連絡先（メール）", Some("email")),
            (Workers, "連絡先（電話）", Some("phone")),
            (Workers, "緊急連絡先電話番号", None),
            (Workers, "保護者氏名", None),
            (Workers, "特技・資格", Some("skills")),
            (Workers, "活動希望日", Some("day_parts")),
            (Workers, "あなたの得意分野を教えてください", Some("skills")),
            (Workers, "ボランティア登録番号", Some("external_id")),
            (Workers, "備考", None),
            (Workers, "事務局用メモ", None),
            (Workers, "Full Name", Some("name")),
            (Workers, "御芳名", Some("name")),
            (Workers, "Member No.", Some("external_id")),
            (Workers, "Home City", Some("area")),
            (Workers, "Hours/Week", Some("hours_per_week")),
            (Workers, "連絡先_自宅", Some("phone")),
            (Workers, "３．お住まいの市区町村をお教えください", Some("area")),
            (
                Workers,
                "参加しやすい曜日や時間帯に印をつけてください",
                Some("day_parts"),
            ),
            (Workers, "１か月に活動できる時間数の目安", Some("hours_per_week")),
            (Workers, "培ったスキルがあればお書きください", Some("skills")),
            (Workers, "個人情報の取扱いに同意しますか", Some("consent")),
            (Workers, "活動に興味を持ったきっかけは何ですか", None),
            (Workers, "面談日時", None),
            (Workers, "担当者氏名", None),
            (Workers, "E-Mail Address", Some("email")),
            (Organizations, "法人名称", Some("name")),
            (Organizations, "団体の名前", Some("name")),
            (Organizations, "リーダー氏名", Some("contact_person")),
            (Organizations, "問い合わせ先のお名前", Some("contact_person")),
            (Organizations, "電話\nFAX", Some("contact_phone")),
            (Organizations, "Contact Name", Some("contact_person")),
            (Organizations, "Legal Status", Some("kind")),
            (Organizations, "Organization Name", Some("name")),
            (Organizations, "名称_カナ", Some("kana")),
            (Organizations, "主たる事務所の所在地", Some("area")),
            (Organizations, "電話番号1", Some("contact_phone")),
            (Organizations, "電話番号１（代表）", Some("contact_phone")),
            (Organizations, "グループの名称", Some("name")),
            (Organizations, "活動拠点", Some("area")),
            (Organizations, "事務局の電話", Some("contact_phone")),
            (Organizations, "ＦＡＸ番号", None),
            (Organizations, "電話・FAX", Some("contact_phone")),
            (Organizations, "代表者氏名（フリガナ）", None),
            (Organizations, "代表者の住所", None),
            (Organizations, "代表者のお名前", Some("contact_person")),
            (Organizations, "連絡窓口の担当者", Some("contact_person")),
            (Organizations, "團體名", Some("name")),
            (Organizations, "主な活動分野", Some("themes")),
            (Organizations, "備考", None),
            (Organizations, "電話番号（公開の可否）", None),
            (Organizations, "電話番号の公開可否", None),
            (Organizations, "オープンデータ公開可否", Some("open_data")),
            (Organizations, "郵便番号", None),
            (Deliverables, "依頼団体の名称", Some("organization")),
            (Deliverables, "依頼元", Some("organization")),
            (Deliverables, "お困りごとの内容", Some("trouble")),
            (Deliverables, "希望する成果物", Some("type")),
            (Deliverables, "完了希望時期", Some("ends_on")),
            (Deliverables, "Request ID", Some("external_id")),
            (Deliverables, "Due Date", Some("ends_on")),
            (Projects, "Project Name", Some("title")),
            (Projects, "支援先団体", Some("organization")),
            (Applications, "応募先の団体", Some("organization")),
            (Deliverables, "お困りごと（具体的に）", Some("trouble")),
            (Deliverables, "ご希望の支援内容", Some("type")),
            (Deliverables, "納品希望の期限", Some("ends_on")),
            (Applications, "団体名", Some("organization")),
            (Applications, "制作物", Some("type")),
            (Applications, "件名", Some("title")),
            (Applications, "応募者氏名", Some("name")),
            (Applications, "お名前", Some("name")),
            (Applications, "登録番号", Some("worker_external_id")),
            (Applications, "案件番号", Some("deliverable_external_id")),
            (Applications, "No", None),
            (Applications, "担当する役割", Some("role")),
            (Applications, "状況", Some("status")),
            (Applications, "選考結果", Some("status")),
            (Applications, "応募日", Some("applied_on")),
            (Applications, "申込日", Some("applied_on")),
            (Applications, "応募メッセージ", Some("message")),
            (Applications, "志望動機", Some("message")),
            (Applications, "連絡先メールアドレス", Some("email")),
            (Applications, "備考", None),
            (Applications, "メモ", None),
        ] {
            let found = field(kind, heading);
            if found != expected {
                wrong.push(format!("{heading}: {found:?}, not {expected:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn headings_state_periods() {
        assert_eq!(is_period("1か月に活動できる時間数"), Some("月"));
        assert_eq!(is_period("活動時間（月）"), Some("月"));
        assert_eq!(is_period("月〜金の活動時間"), None);
        assert_eq!(is_period("週の活動時間（1か月の平均）"), None);
    }

    #[test]
    fn knows_published_layouts() {
        let layout = |headings: &[&str]| {
            let headings: Vec<String> = headings.iter().map(|one| (*one).to_owned()).collect();
            concepts().layout(&headings).map(|layout| layout.code.as_str())
        };
        let cafeterias = [
            "ID",
            "市区町村名",
            "名称",
            "設置目的",
            "実施支援の主な区分",
            "運営団体名",
        ];
        assert_eq!(layout(&cafeterias), Some("childrens_cafeterias"));
        assert_eq!(layout(&["氏名", "住所"]), None);
    }
}
