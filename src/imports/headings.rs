//! What the heading of a column means: scored against the words of `data/headings.json`.
//!
//! A concept is something that offices write into a column: a name, a fax number, an address. Some concepts are a
//! field of the record, others are known so that they aren't mistaken for one.
//!
//! The score of a heading for a concept is in thousandths. A heading that is one of the concept's words has 1000;
//! the last word of a Japanese heading says what it is, so one that ends with a word has 560 and up to 400 for the
//! share that it covers, and one that begins with it 300 and up to 250. A note in brackets and a reading (カナ)
//! change what the heading before them means. Width, kana, old kanji, の, numbers and politeness make no difference.
//!
//! Some words turn what follows them into something else: 希望しない分野, 旧住所, メール（家族）, 昨年度の活動時間. And a consent is
//! one to be matched only if its heading says so: that of a photo is none, and 同意撤回日 takes it back. In a list of people, the
//! word before an address or a number says whose it is: 保証人電話番号, 会社住所, Emergency Phone.

use super::ImportKind;
use super::days::day_parts;
use super::vocabulary::Vocabulary;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;
use tables::cells::dates::parse_date;
use tables::cells::hours::parse_hours;
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
    turns: Vec<Turn>,
    owners: Vec<Owners>,
    layouts: Vec<Layout>,
    concepts: Vec<Concept>,
}

/// Words that make a heading mean something else than its last word: another person, another time, the opposite.
#[derive(Default, Deserialize)]
struct Turn {
    #[serde(default)]
    anywhere: Vec<String>,
    #[serde(default)]
    begins: Vec<String>,
    /// Words beside which those before don't count.
    #[serde(default)]
    unless: Vec<String>,
    /// Words that are the whole of a note in brackets.
    #[serde(default)]
    notes: Vec<String>,
    /// The concepts that they turn; all, if there are none.
    #[serde(default)]
    only: Vec<String>,
    #[serde(default)]
    never: Vec<String>,
    /// The kinds of records in whose lists they turn nothing.
    #[serde(default)]
    not_in: Vec<ImportKind>,
}

impl Turn {
    /// Returns whether it turns headings with this meaning in lists of this kind.
    fn concerns(&self, kind: ImportKind, means: &str) -> bool {
        let is_of = |list: &[String]| list.iter().any(|one| one == means);
        (self.only.is_empty() || is_of(&self.only)) && !is_of(&self.never) && !self.not_in.contains(&kind)
    }
}

/// Whose a name, an address or a number is, if not the person's own: the word before it, or a note in brackets.
#[derive(Deserialize)]
struct Owners {
    words: Vec<String>,
    /// The concepts that are theirs.
    of: Vec<String>,
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
    /// Words that resemble it, though they may be something else.
    #[serde(default)]
    near: Vec<String>,
    /// The kinds of records whose columns it may be; all, if there are none.
    #[serde(default)]
    kinds: Vec<ImportKind>,
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
    turns: Vec<Turn>,
    /// What a heading is that a word turns.
    turned: Option<usize>,
    consents: Consents,
    /// The concepts of each word, and whether the word counts within a heading.
    words: HashMap<String, Vec<(usize, bool)>>,
    anywhere: Vec<(String, usize)>,
    near: Vec<(String, usize)>,
    owners: Vec<Owners>,
    /// What a heading is of somebody else.
    another: Option<usize>,
    name_en: Option<usize>,
    /// The concepts that are a reading, a name of which there may be a reading, and the reading of something else.
    kana: Option<usize>,
    named: Vec<usize>,
    other_kana: Option<usize>,
    /// The concept of what may be shown, and that of all of it.
    release: Option<usize>,
    open_data: Option<usize>,
    /// The concept of a person's name, and those of persons with the concept of their name.
    person_name: Option<usize>,
    persons: Vec<(usize, usize)>,
    representative: Option<usize>,
    /// The concepts of a family name and a given name with those of such a part of a whole name.
    parts_of_name: Vec<(usize, usize)>,
}

/// The concepts of consents: to be matched, taken back, to something that isn't known.
struct Consents {
    given: Option<usize>,
    withdrawn: Option<usize>,
    beside: Option<usize>,
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
pub fn split_notes(heading: &str) -> (String, Vec<String>) {
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
    // 2021年, 1年以上, 年間を通じて: no amount is of that.
    let text = folded.replace("年間を通", "");
    let is_of_year = |(at, year): (usize, &str)| {
        const OTHERS: [&str; 7] = ["度", "月", "生", "以上", "以内", "未満", "目"];
        let (before, after) = text.split_at_checked(at).unwrap_or_default();
        let after = after.strip_prefix(year).unwrap_or_default();
        let is_digit = |c: char| c.is_ascii_digit();
        !before.ends_with(is_digit)
            && !after.starts_with(is_digit)
            && !OTHERS.iter().any(|other| after.starts_with(other))
    };
    let is_of_year = text.match_indices("1年").any(is_of_year);
    const YEARS: [&str; 5] = ["年間", "年あたり", "年当たり", "per year", "annual"];
    if is_of_year || YEARS.iter().any(|word| text.contains(word)) {
        return Some("年間");
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

/// Returns whether a heading is of those who don't agree, or no longer: 同意撤回日, 不同意, 同意しません. One that names both
/// (同意不同意) leaves it to the cells.
fn takes_back(key: &str) -> bool {
    const TAKEN_BACK: [&str; 8] = [
        "撤回",
        "取消",
        "取り消",
        "取下",
        "取り下",
        "解除",
        "withdraw",
        "revo",
    ];
    const BEFORE: [&str; 5] = ["不同意", "未同意", "非同意", "不承諾", "未承諾"];
    const BEHIND: [&str; 12] = [
        "しない",
        "しません",
        "できない",
        "できません",
        "されない",
        "していない",
        "しておりません",
        "いたしません",
        "致しません",
        "しかね",
        "なし",
        "無し",
    ];
    let agrees = |text: &str| text.contains("同意") || text.contains("承諾");
    if TAKEN_BACK.iter().any(|word| key.contains(word)) {
        return true;
    }
    if let Some(word) = BEFORE.iter().find(|word| key.contains(**word)) {
        return !agrees(&key.replacen(word, "", 1));
    }
    let last = ["同意", "承諾"]
        .into_iter()
        .filter_map(|word| key.rsplit_once(word));
    let Some((before, rest)) = last.min_by_key(|(_, rest)| rest.len()) else {
        return false;
    };
    // 本人の同意なしに…, 同意しませんか, 同意するしない, 同意しない項目
    let is_none = ["なしに", "ませんか", "します", "する", "項目", "場合"]
        .iter()
        .all(|word| !rest.contains(word));
    is_none && !agrees(before) && (rest == "無" || BEHIND.iter().any(|word| rest.contains(word)))
}

/// Returns whether a heading says no more than that somebody agrees: 同意書受領日, 承諾の有無, 活動同意. The day on which a form
/// was sent (同意書送付日) and who looked at it (同意確認者) are something else.
fn is_mere_consent(key: &str) -> bool {
    const BEFORE: [&str; 7] = ["ご", "御", "本人", "活動参加", "活動", "参加", "ぼらんてぃあ"];
    const FORMS: [&str; 4] = ["同意書", "承諾書", "同意", "承諾"];
    const BEHIND: [&str; 34] = [
        "",
        "日",
        "年月日",
        "有無",
        "有",
        "あり",
        "可否",
        "欄",
        "確認",
        "確認日",
        "確認欄",
        "取得",
        "取得日",
        "取得済",
        "受領",
        "受領日",
        "受領済",
        "受領有無",
        "提出",
        "提出日",
        "提出済",
        "提出有無",
        "回収",
        "回収日",
        "回収済",
        "済",
        "済み",
        "状況",
        "ちぇっく",
        "する",
        "します",
        "しますか",
        "しました",
        "いただけますか",
    ];
    let key = without_numbers(key);
    let key = BEFORE
        .iter()
        .find_map(|word| key.strip_prefix(word))
        .unwrap_or(key);
    let mut behind = FORMS.iter().filter_map(|word| key.strip_prefix(word));
    behind.any(|rest| BEHIND.contains(&rest))
}

impl Concepts {
    fn new(data: Data) -> Concepts {
        let keys = |words: &[String]| -> Vec<String> {
            let keys = words.iter().map(|word| heading_key(word));
            keys.filter(|key| !key.is_empty()).collect()
        };
        let mut words: HashMap<String, Vec<(usize, bool)>> = HashMap::new();
        let (mut anywhere, mut near) = (Vec::new(), Vec::new());
        for (at, concept) in data.concepts.iter().enumerate() {
            for (list, is_head) in [(&concept.words, true), (&concept.whole, false)] {
                for key in keys(list) {
                    // A single character within a heading says too little.
                    let is_head = is_head && key.chars().count() > 1;
                    words.entry(key).or_default().push((at, is_head));
                }
            }
            anywhere.extend(keys(&concept.anywhere).into_iter().map(|key| (key, at)));
            near.extend(keys(&concept.near).into_iter().map(|key| (key, at)));
        }
        let position = |means: &str| data.concepts.iter().position(|concept| concept.means == means);
        let turns = data.turns.iter().map(|turn| Turn {
            anywhere: keys(&turn.anywhere),
            begins: keys(&turn.begins),
            unless: keys(&turn.unless),
            notes: keys(&turn.notes),
            only: turn.only.clone(),
            never: turn.never.clone(),
            not_in: turn.not_in.clone(),
        });
        let owners = data.owners.iter().map(|owners| Owners {
            words: keys(&owners.words),
            of: owners.of.clone(),
        });
        Concepts {
            owners: owners.collect(),
            another: position("another"),
            name_en: position("name_en"),
            open_data: position("open_data"),
            near,
            turns: turns.collect(),
            turned: position("turned"),
            consents: Consents {
                given: position("consent"),
                withdrawn: position("consent_withdrawn"),
                beside: position("consent_beside"),
            },
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
            parts_of_name: [("family_name", "family_of_name"), ("given_name", "given_of_name")]
                .into_iter()
                .filter_map(|(part, of_name)| Some((position(part)?, position(of_name)?)))
                .collect(),
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

    /// Returns whether a heading is no more than a known word.
    pub fn is_word(&self, heading: &str) -> bool {
        self.words.contains_key(&heading_key(heading))
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

    /// Returns whether a heading is the reading of a part of a name: セイ, 名（カナ）, 姓フリガナ, ふりがな（名）.
    pub fn is_part_of_reading(&self, heading: &str) -> bool {
        let (base, notes) = split_notes(heading);
        let below = base.rsplit_once('_').map(|(_, below)| heading_key(below));
        let base = heading_key(&base);
        let is_part = |key: &str| self.whole(key).any(|at| self.is_part_of_name(at));
        let is_kana = |key: &str| self.whole(key).any(|at| Some(at) == self.kana);
        let before = self.before_reading(&base, &is_kana);
        let mut said = notes.iter().map(|note| heading_key(note)).chain(below);
        ["せい", "めい"].contains(&base.as_str())
            || (!notes.is_empty() && is_part(&base))
            || before.is_some_and(|before| is_part(&before))
            || said.any(|word| is_part(&word))
    }

    /// Returns whether a concept is a family name or a given name.
    fn is_part_of_name(&self, at: usize) -> bool {
        self.get(at)
            .is_some_and(|concept| ["family_name", "given_name"].contains(&concept.means.as_str()))
    }

    /// Returns whether a heading begins with a representative: 代表者電話, 会長の携帯.
    pub fn is_of_representative(&self, heading: &str) -> bool {
        let key = heading_key(heading);
        let heads = key.char_indices().filter_map(|(at, _)| key.get(..at));
        let mut heads = heads.filter(|head| head.chars().count() > 1);
        heads.any(|head| self.whole(head).any(|at| Some(at) == self.representative))
    }

    /// Returns whether a word beside a heading says only whether a form requires it: 必須.
    pub fn is_mark(&self, word: &str) -> bool {
        let key = heading_key(word);
        self.marks.contains(&key) || self.endings.contains(&key)
    }

    /// Returns whether a heading is best understood as a concept, which may be no field.
    pub fn is_about(&self, kind: ImportKind, heading: &str, means: &str) -> bool {
        let scores = self.scores_of(kind, heading);
        let best = scores.first().filter(|one| one.score >= SURE);
        best.and_then(|one| self.get(one.concept))
            .is_some_and(|concept| concept.means == means)
    }

    /// Returns the field that a heading alone is taken for.
    pub fn field(&self, kind: ImportKind, heading: &str) -> Option<&str> {
        let scores = self.scores_of(kind, heading);
        let best = scores.first().filter(|one| one.score >= SURE)?.score;
        let equal = scores.iter().take_while(|one| one.score == best);
        let mut equal = equal.filter_map(|one| self.get(one.concept));
        equal.find_map(|concept| concept.field(kind))
    }

    /// Returns the concepts that a heading may mean in a list of this kind, the best first.
    pub fn scores_of(&self, kind: ImportKind, heading: &str) -> Vec<Score> {
        let may_be = |one: &Score| {
            let kinds = self.get(one.concept).map(|concept| concept.kinds.as_slice());
            kinds.is_none_or(|kinds| kinds.is_empty() || kinds.contains(&kind))
        };
        let mut scores = self.scores(kind, heading);
        scores.retain(may_be);
        scores
    }

    /// Returns the concepts that a heading means, the best first, also those of lists of other kinds.
    fn scores(&self, kind: ImportKind, heading: &str) -> Vec<Score> {
        // A cell of a row may be asked about, too: what is as long as a text is no heading.
        const LONGEST: usize = 1000;
        if heading.len() > LONGEST {
            return Vec::new();
        }
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
        let mut is_first_known = false;
        if first_of_several.len() < base_text.len() {
            for one in self.plain(&heading_key(first_of_several)) {
                if one.score >= EXACT - 10 {
                    add(one.concept, 960);
                    is_first_known = true;
                }
            }
        }
        // 電話・FAX above 電話 and FAX: the line below says which it is.
        let tail = base_text.rsplit_once('_').map(|(_, tail)| heading_key(tail));
        let is_one = |at: &usize| {
            self.get(*at)
                .is_some_and(|one| ["phone", "mobile", "fax"].contains(&one.means.as_str()))
        };
        let below = tail.as_deref().and_then(|tail| self.whole(tail).find(is_one));
        let beside = || {
            let mobile = self.mobile_of_note(&base, &notes);
            // Where a list has numbers, but none of mobile phones, it is one of them.
            mobile.filter(|at| self.get(*at).is_some_and(|one| one.field(kind).is_some()))
        };
        if let Some(meant) = below.or_else(|| self.phone_beside_fax(&base)).or_else(beside) {
            best.values_mut().for_each(|score| *score = (*score).min(800));
            best.insert(meant, 960);
        }
        for (word, at) in &self.near {
            if *word == base {
                best.entry(*at).or_insert(NEAR + 20);
            }
        }
        self.tell_parts(heading, &notes, tail.as_deref(), &mut best);
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
        let is_of_release = notes.iter().any(is_release) || self.is_release_of_one(&base, &notes);
        if let Some(at) = self.release.filter(|_| is_of_release) {
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
            // 連絡先（区）, 電話（緊急）: the note says whose it is, not what.
            let whose = first(&best).and_then(|at| self.get(at));
            let whose = whose.map_or("", |concept| concept.means.as_str());
            for note in notes.iter().filter(|note| !self.is_turned_by(kind, note, whose)) {
                for (at, _) in self.words.get(note).into_iter().flatten() {
                    // 申込者氏名（姓）: a part of it. Where a record has no such fields, it is the name.
                    let mut parts = self.parts_of_name.iter().filter(|_| whose == "name");
                    let part = parts.find(|(part, _)| part == at).map(|(_, of_name)| *of_name);
                    let (at, decides) = (part.unwrap_or(*at), is_generic || part.is_some());
                    let score = if decides { 960 } else { 620 };
                    let known = best.entry(at).or_default();
                    *known = (*known).max(score);
                    if decides {
                        best.iter_mut()
                            .filter(|(other, _)| **other != at)
                            .for_each(|(_, score)| *score = (*score).min(800));
                    }
                }
            }
        }
        let joined = [
            "・",
            "/",
            "、",
            ",",
            "／",
            "\n",
            "または",
            "又は",
            "および",
            "及び",
        ];
        let mut parts = vec![base_text.as_str()];
        for sign in joined {
            parts = parts.into_iter().flat_map(|part| part.split(sign)).collect();
        }
        let mut parts: Vec<String> = parts.into_iter().map(heading_key).collect();
        parts.retain(|part| !part.is_empty());
        if parts.is_empty() {
            parts.push(base.clone());
        }
        self.tell_consents(&parts, &notes, &mut best);
        // 活動できる曜日・できない曜日: what is before the sign isn't turned.
        let turned = Some(without_numbers(&base)).filter(|_| !is_first_known);
        self.turn(kind, turned.unwrap_or_default(), &notes, &mut best);
        notes.extend(tail);
        self.tell_owner(turned.unwrap_or_default(), &notes, &mut best);
        let mut scores: Vec<Score> = best
            .into_iter()
            .map(|(concept, score)| Score { concept, score })
            .collect();
        scores.sort_by_key(|one| (std::cmp::Reverse(one.score), one.concept));
        scores
    }

    /// Tells the parts of a name from all of it, 氏名（姓）, and what is in another language: 名称_英語.
    fn tell_parts(
        &self,
        heading: &str,
        notes: &[String],
        below: Option<&str>,
        best: &mut BTreeMap<usize, u32>,
    ) {
        let whole = Some(heading_key(heading)).filter(|_| !notes.is_empty());
        let mut scores = whole.iter().flat_map(|key| self.plain(key));
        let is_part = |at: usize| self.parts_of_name.iter().any(|(_, of_name)| *of_name == at);
        // Where a record has no such fields, it is the name.
        if let Some(part) = scores.find(|one| one.score >= EXACT - 10 && is_part(one.concept)) {
            best.values_mut().for_each(|score| *score = (*score).min(800));
            best.insert(part.concept, EXACT);
        }
        let is_english = |at: &usize| Some(*at) == self.name_en;
        if let Some(at) = below.and_then(|word| self.whole(word).find(is_english)) {
            best.values_mut().for_each(|score| *score = (*score).min(500));
            best.insert(at, 980);
        }
    }

    /// Returns the concept of mobile phones if a note says that a number is one: 電話（携帯）.
    fn mobile_of_note(&self, base: &str, notes: &[String]) -> Option<usize> {
        let means = |at: usize, meant: &str| self.get(at).is_some_and(|concept| concept.means == meant);
        let mut of_phone = self.whole(without_numbers(base));
        let mut mobiles = notes.iter().flat_map(|note| self.whole(note));
        let mobile = mobiles.find(|at| means(*at, "mobile"));
        mobile.filter(|_| of_phone.any(|at| means(at, "phone")))
    }

    /// Returns whether a heading is of a consent to show one thing: 公開可否（住所）, 公開同意_電話番号.
    fn is_release_of_one(&self, base: &str, notes: &[String]) -> bool {
        const THINGS: [&str; 12] = [
            "name",
            "group_name",
            "person",
            "representative",
            "email",
            "mobile",
            "phone",
            "contact",
            "fax",
            "postal_code",
            "address",
            "municipality",
        ];
        // HP掲載電話番号 is the number itself.
        const ASKS: [&str; 6] = ["可", "可否", "同意", "有無", "項目", "非公開"];
        let asks = |head: &str| ASKS.iter().any(|end| head.ends_with(end));
        let is_release = |key: &str| {
            let mut found = self.whole(key);
            found.any(|at| Some(at) == self.release || Some(at) == self.open_data)
        };
        let is_thing = |key: &str| {
            let mut found = self.whole(key).filter_map(|at| self.get(at));
            found.any(|concept| THINGS.contains(&concept.means.as_str()))
        };
        let mut splits = base
            .char_indices()
            .filter_map(|(at, _)| base.split_at_checked(at));
        (is_release(base) && notes.iter().any(|note| is_thing(note)))
            || splits.any(|(head, tail)| asks(head) && is_release(head) && is_thing(tail))
    }

    /// Returns the word that a heading begins with if an officer is called so: 指導者 of 指導者氏名.
    pub fn officer<'h>(&self, heading: &'h str) -> Option<&'h str> {
        // Relatives have names of their own, and companies no mailboxes.
        let are_officers = |owners: &Owners| {
            let has = |means: &str| owners.of.iter().any(|one| one == means);
            has("email") && !has("name")
        };
        let is_officer = |head: &str| {
            let key = heading_key(head);
            let mut all = self.owners.iter();
            all.any(|owners| are_officers(owners) && owners.words.contains(&key))
        };
        let mut heads = heading.char_indices().filter_map(|(at, _)| heading.get(..at));
        heads.rfind(|head| is_officer(head))
    }

    /// Tells whose a name, an address or a number is, by the word before it or by a note: 保証人電話番号, 住所（会社）. It counts in
    /// lists of people; the number of a group is that of its contact person.
    fn tell_owner(&self, base: &str, notes: &[String], best: &mut BTreeMap<usize, u32>) {
        let first = best
            .iter()
            .max_by_key(|(at, score)| (**score, std::cmp::Reverse(**at)));
        let (Some((first, score)), Some(another)) = (first, self.another) else {
            return;
        };
        let means = self.get(*first).map_or("", |concept| concept.means.as_str());
        // 事務局電話 is a word by itself.
        let is_word = *score >= EXACT - 10;
        // 電話（父）, and 父（電話）.
        let names_one = |owners: &Owners| {
            // 活動可能曜日（学校）: the note says where.
            let notes = notes.iter().filter(|_| means != "days");
            let mut said = notes.map(String::as_str).chain([base]);
            said.any(|word| owners.words.iter().any(|owner| owner == word))
        };
        let is_another = |owners: &Owners| {
            owners.of.iter().any(|one| one == means)
                && (names_one(owners) || (!is_word && self.is_behind_owner(base, *first, &owners.words)))
        };
        if self.owners.iter().any(is_another) {
            // More than the word itself: 住所（会社）.
            best.insert(another, EXACT + 1);
        }
    }

    /// Returns whether a word of a concept stands behind one of these: 父の携帯番号をご記入ください.
    fn is_behind_owner(&self, key: &str, concept: usize, owners: &[String]) -> bool {
        let is_owner = |head: &str| {
            let singular = head.strip_suffix('s').unwrap_or(head);
            let bare = head.strip_prefix(['お', 'ご']).unwrap_or(head);
            owners.iter().any(|word| match word.chars().count() {
                // 電子メール is no child's.
                1 => bare == word,
                _ => head.ends_with(word.as_str()) || singular.ends_with(word.as_str()),
            })
        };
        // 出勤可能曜日: when somebody can come.
        let is_wish = |rest: &str| rest.starts_with("可能") || rest.starts_with("希望");
        let begins_with_word = |rest: &str| {
            let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8());
            let mut words = ends.filter_map(|end| rest.get(..end));
            words.any(|word| self.whole(word).any(|at| at == concept))
        };
        let mut splits = key.char_indices().filter_map(|(at, _)| key.split_at_checked(at));
        splits.any(|(head, rest)| is_owner(head) && !is_wish(rest) && begins_with_word(rest))
    }

    /// Tells apart what a heading is a consent to. `parts` are those of a heading that joins several things with a sign.
    fn tell_consents(&self, parts: &[String], notes: &[String], best: &mut BTreeMap<usize, u32>) {
        /// What somebody may agree to without being matched.
        const SHOWN: [&str; 19] = [
            "写真",
            "肖像",
            "撮影",
            "画像",
            "動画",
            "映像",
            "録画",
            "録音",
            "掲載",
            "広報",
            "公開",
            "配信",
            "sns",
            "めるまが",
            "めーるまがじん",
            "おーぷんでーた",
            "photo",
            "image",
            "newsletter",
        ];
        /// What else, unless it is said of what somebody agrees to be matched with.
        const SENT: [&str; 11] = [
            "送付",
            "受信",
            "案内",
            "お知らせ",
            "あんけーと",
            "保険",
            "寄付",
            "寄附",
            "dm同意",
            "dmに",
            "dmへ",
        ];
        const TO_BE_MATCHED: [&str; 20] = [
            "個人情報",
            "個人でーた",
            "ぷらいばし",
            "規約",
            "会則",
            "登録",
            "入会",
            "まっちんぐ",
            "第三者",
            "情報提供",
            "取扱",
            "取り扱",
            "上記",
            "誓約",
            "matching",
            "privacy",
            "personaldata",
            "personalinfo",
            "termsof",
            "thirdpart",
        ];
        let names = |part: &str, words: &[&str]| words.iter().any(|word| part.contains(word));
        // 個人情報の取扱いに同意します（写真を除く）
        let notes = notes.iter().filter(|note| !note.contains('除'));
        let said: Vec<&str> = parts.iter().chain(notes).map(String::as_str).collect();
        let has = |words: &[&str]| said.iter().any(|part| names(part, words));
        let is_of_consent = has(&["同意", "承諾", "consent"]);
        let is_taken_back = !parts.is_empty() && parts.iter().all(|part| takes_back(part));
        let begins = parts.first().is_some_and(|part| part.starts_with("撤回"));
        let Some(given) = self.consents.given.filter(|_| is_of_consent || begins) else {
            return;
        };
        let own = best.get(&given).copied().unwrap_or_default();
        let other = best.iter().filter(|(at, _)| **at != given);
        let other = other.map(|(_, score)| *score).max().unwrap_or_default();
        // 同意した文面 is a field of its own; 団体への紹介に同意しますか asks for a consent.
        let is_asked = has(&["に同意", "へ同意", "に承諾", "へ承諾", "を承諾"]);
        let is_another = other >= SURE && other > own && !is_asked;
        let is_plain = own >= EXACT - 30 || parts.iter().any(|part| is_mere_consent(part));
        let is_matched = has(&TO_BE_MATCHED);
        // 個人情報の取扱い・写真掲載の同意: nobody can say which of them is refused.
        let is_both = has(&SHOWN)
            && said
                .iter()
                .any(|part| names(part, &TO_BE_MATCHED) && !names(part, &SHOWN));
        let is_beside = (has(&SHOWN) && !is_both) || (has(&SENT) && !is_matched);
        let meant = if is_beside && !(is_taken_back && is_matched) {
            self.release.filter(|_| !is_another)
        } else if is_taken_back && other < EXACT - 10 {
            self.consents.withdrawn
        } else if is_another {
            return;
        } else if is_plain || (is_matched && !is_both) {
            best.insert(given, own.max(950));
            return;
        } else {
            self.consents.beside
        };
        // Too little to be named as the nearest.
        best.insert(given, NEAR - 20);
        best.extend(meant.map(|at| (at, 980)));
    }

    /// Returns whether a note in brackets turns a heading with this meaning.
    fn is_turned_by(&self, kind: ImportKind, note: &String, means: &str) -> bool {
        let turns = |turn: &Turn| turn.notes.contains(note) && turn.concerns(kind, means);
        self.turned.is_some() && self.turns.iter().any(turns)
    }

    /// Makes a heading mean no field if a word turns it: 希望しない分野, 旧住所, メール（家族）.
    fn turn(&self, kind: ImportKind, base: &str, notes: &[String], best: &mut BTreeMap<usize, u32>) {
        let Some(turned) = self.turned else { return };
        let first = best
            .iter()
            .max_by_key(|(at, score)| (**score, std::cmp::Reverse(**at)));
        let Some((first, score)) = first.map(|(at, score)| (*at, *score)) else {
            return;
        };
        let means = self.get(first).map_or("", |concept| concept.means.as_str());
        let is_word = score >= EXACT - 10;
        let turns = |turn: &Turn| {
            let has = |list: &[String], fits: &dyn Fn(&str) -> bool| list.iter().any(|word| fits(word));
            let is_turned = !is_word
                && !has(&turn.unless, &|word| base.contains(word))
                && (has(&turn.anywhere, &|word| base.contains(word))
                    || has(&turn.begins, &|word| base.starts_with(word)));
            (is_turned || notes.iter().any(|note| turn.notes.contains(note))) && turn.concerns(kind, means)
        };
        if self.turns.iter().any(turns) {
            best.values_mut().for_each(|score| *score = (*score).min(500));
            best.insert(turned, 980);
        }
    }

    /// Returns the concept of phone numbers if a heading names them and faxes, in whatever order: TEL・FAX, FAX/電話番号.
    fn phone_beside_fax(&self, key: &str) -> Option<usize> {
        let means = |at: usize, wanted: &[&str]| {
            let concept = self.get(at).map_or("", |concept| concept.means.as_str());
            wanted.contains(&concept)
        };
        let mut faxes = self.anywhere.iter().filter(|(_, at)| means(*at, &["fax"]));
        let rest = faxes.find_map(|(word, _)| {
            key.contains(word.as_str())
                .then(|| key.replace(word.as_str(), ""))
        })?;
        let bare = without_numbers(rest.strip_prefix("番号").unwrap_or(&rest));
        let known = |key: &str| self.whole(key).find(|at| means(*at, &["phone", "mobile"]));
        known(bare).or_else(|| known(bare.strip_suffix("番号")?))
    }

    /// Returns what a heading is the reading of, if it ends with a word for readings.
    fn before_reading(&self, key: &str, is_kana: &impl Fn(&str) -> bool) -> Option<String> {
        let key = without_numbers(key);
        let starts = key.char_indices().map(|(at, _)| at).skip(1);
        // 地域・団体名_カナ: that 団体名カナ is a word takes nothing from the name.
        starts
            .filter_map(|at| key.split_at_checked(at))
            .filter(|(_, tail)| is_kana(tail) && tail.chars().count() > 1)
            .last()
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
        Values::Hours => parse_hours(&text).is_ok() || text.contains("時間"),
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
            (Organizations, "TEL/FAX", Some("contact_phone")),
            (Organizations, "FAX・TEL", Some("contact_phone")),
            (Organizations, "FAX番号／電話番号", Some("contact_phone")),
            (Organizations, "電話FAX番号", Some("contact_phone")),
            (Organizations, "連絡先FAX", None),
            (Organizations, "連絡先_FAX", None),
            (Organizations, "電話・FAX_FAX", None),
            (Organizations, "電話・FAX_電話", Some("contact_phone")),
            (Organizations, "代表者FAX", None),
            (Workers, "参加できない曜日", None),
            (Workers, "都合の悪い曜日", None),
            (Organizations, "活動地域", Some("area")),
            (Organizations, "主な活動エリア", Some("area")),
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
            // Words that turn what follows them.
            (Workers, "希望しない分野", None),
            (Workers, "関わりたくない分野", None),
            (Workers, "活動できない地域", None),
            (Workers, "苦手なスキル", None),
            (Workers, "学びたいスキル", None),
            (Workers, "伸ばしたいスキル", None),
            (Workers, "昨年度の活動時間", None),
            (Workers, "総活動時間", None),
            (Workers, "旧住所", None),
            (Workers, "転居前の住所", None),
            (Workers, "実家の住所", None),
            (Workers, "メール（家族）", None),
            (Workers, "奥様携帯", None),
            (Workers, "実家電話", None),
            (Workers, "メンター氏名", None),
            (Workers, "旧氏名", None),
            (Workers, "紹介された人の名前", None),
            (Workers, "氏名（旧姓可）", Some("name")),
            (Workers, "関心のある分野", Some("themes")),
            (Workers, "累計参加回数", Some("completed")),
            (Workers, "避けたい団体の記録ID", Some("blocked_organization_ids")),
            (Workers, "活動できる曜日・できない曜日", Some("day_parts")),
            (Workers, "週合計活動時間", Some("hours_per_week")),
            (Workers, "合計活動可能時間", Some("hours_per_week")),
            (Workers, "家族の連絡先電話番号", None),
            (Workers, "ご家族の氏名", None),
            (Workers, "住所（区）", Some("area")),
            (Workers, "所在地（市）", Some("area")),
            (Workers, "住所（前）", None),
            (Workers, "電話（緊急）", None),
            (Organizations, "家族会名", Some("name")),
            (Organizations, "家族会の名称", Some("name")),
            (Organizations, "活動分野（家族）", Some("themes")),
            (Organizations, "担当者（区）", None),
            (Organizations, "電話（担当課）", None),
            (Organizations, "地域（区）", Some("area")),
            (Events, "定員（家族）", Some("capacity")),
            (Events, "会場（区）", Some("place_name")),
            (Events, "参加者数（市）", Some("declared_attendance")),
            (Organizations, "前代表者", None),
            (Organizations, "副代表", None),
            (Organizations, "会計担当", None),
            (Organizations, "区担当者", None),
            (Organizations, "担当課電話", None),
            (Organizations, "旧団体名", Some("aliases")),
            (Organizations, "事務局担当", Some("contact_person")),
            (Deliverables, "自分たちでは解決できない課題", Some("trouble")),
            // Consents to other things.
            (Workers, "写真掲載同意", None),
            (Workers, "肖像権の同意日", None),
            (Workers, "メルマガ配信に同意しますか", None),
            (Workers, "同意撤回日", Some("consent")),
            (Workers, "同意書送付日", None),
            (Workers, "同意書受領日", Some("consent")),
            (Workers, "承諾の有無", Some("consent")),
            (Workers, "活動同意", Some("consent")),
            (Workers, "Consent to matching", Some("consent")),
            (Workers, "メール受信に同意", None),
            (Workers, "アンケート協力の同意", None),
            (
                Workers,
                "個人情報の取扱いに同意します（写真を除く）",
                Some("consent"),
            ),
            (Workers, "第三者提供の同意", Some("consent")),
            (Workers, "個人情報の第三者提供に同意しますか", Some("consent")),
            (Workers, "利用規約に同意する", Some("consent")),
            (Workers, "団体への紹介に同意しますか", Some("consent")),
            (Workers, "consent.text_version", Some("consent_text_version")),
            (Organizations, "公開同意", Some("open_data")),
            // What two lines of a heading make, and what apps call a number.
            (Workers, "氏名_漢字", Some("name")),
            (Workers, "氏名漢字", Some("name")),
            (Workers, "レコード番号", Some("external_id")),
            (
                Deliverables,
                "どのような支援を希望しますか（複数選択可）",
                Some("type"),
            ),
            (Deliverables, "いつまでに必要ですか", Some("ends_on")),
        ] {
            let found = field(kind, heading);
            if found != expected {
                wrong.push(format!("{heading}: {found:?}, not {expected:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    /// Whose it is, by the word before it, a note, or the line below: whoever it is, and whatever of theirs.
    #[test]
    fn headings_say_whose_an_address_or_a_number_is() {
        use ImportKind::*;
        const PERSONS: [&str; 12] = [
            "保証人",
            "身元引受人",
            "父",
            "母",
            "親",
            "お母さん",
            "息子",
            "同居人",
            "秘書",
            "アシスタント",
            "ケアマネ",
            "指導教員",
        ];
        const OFFICERS: [&str; 5] = ["担当者", "所属長", "部長", "コーディネーター", "管理者"];
        const PLACES: [&str; 4] = ["会社", "職場", "学校", "所属団体"];
        const OWN: [&str; 8] = [
            "本人",
            "会員",
            "登録者",
            "応募者",
            "自宅",
            "ボランティア",
            "協力者",
            "委員",
        ];
        const PHONES: [(&str, &str); 3] = [("電話番号", "phone"), ("電話", "phone"), ("TEL", "phone")];
        const AREAS: [(&str, &str); 3] = [("住所", "area"), ("所在地", "area"), ("市区町村", "area")];
        const DIRECT: [(&str, &str); 2] = [("メールアドレス", "email"), ("携帯", "phone")];
        let forms = |owner: &str, word: &str| -> [String; 6] {
            [
                format!("{owner}{word}"),
                format!("{owner}の{word}"),
                format!("{word}（{owner}）"),
                format!("{owner}（{word}）"),
                format!("{owner}_{word}"),
                format!("{word}_{owner}"),
            ]
        };
        let mut wrong = Vec::new();
        let mut expect = |kind, heading: &str, expected: Option<&str>| {
            let found = field(kind, heading);
            if found != expected {
                wrong.push(format!("{heading}: {found:?}, not {expected:?}"));
            }
        };
        for (word, _) in PHONES.iter().chain(&AREAS).chain(&DIRECT) {
            for owner in PERSONS.iter().chain(&OFFICERS) {
                for heading in forms(owner, word) {
                    expect(Workers, &heading, None);
                }
            }
        }
        for (word, _) in PHONES.iter().chain(&AREAS) {
            for owner in PLACES {
                for heading in forms(owner, word) {
                    expect(Workers, &heading, None);
                }
            }
        }
        for owner in OWN {
            for (word, own) in PHONES.iter().chain(&AREAS).chain(&DIRECT) {
                expect(Workers, &format!("{owner}{word}"), Some(*own));
                expect(Workers, &format!("{word}（{owner}）"), Some(*own));
            }
        }
        for heading in [
            "Emergency Phone",
            "Emergency Contact Phone",
            "Guardian Email",
            "Parent Phone",
            "Manager Email",
            "Assistant's Phone",
            "Work Phone",
            "Business Phone",
            "Business City",
            "Company Name",
            "Account Name",
            "Guardian Name",
            "保証人氏名",
            "保証人フリガナ",
            "父の携帯番号をご記入ください",
        ] {
            expect(Workers, heading, None);
        }
        for (kind, heading, own) in [
            // One's own, and words that only look like somebody's.
            (Workers, "Home Phone", "phone"),
            (Workers, "連絡用電子メール", "email"),
            (Workers, "電子メールアドレス", "email"),
            (Workers, "携帯（母も可）", "phone"),
            (Workers, "会社メール", "email"),
            (Workers, "事務所住所", "area"),
            (Workers, "電話（携帯）", "phone"),
            // Those of a group are its contact person's.
            (Organizations, "担当者電話", "contact_phone"),
            (Organizations, "会長携帯", "contact_phone"),
            (Organizations, "会社住所", "area"),
            (Organizations, "学校所在地", "area"),
            (Organizations, "電話（会社）", "contact_phone"),
        ] {
            expect(kind, heading, Some(own));
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn headings_of_other_times_states_and_parts_are_told_apart() {
        use ImportKind::*;
        let mut wrong = Vec::new();
        for (kind, headings, expected) in [
            (
                Workers,
                "参加が難しい曜日、参加が困難な曜日、参加しにくい曜日、無理な曜日、不在の曜日、都合のつきにくい曜日、仕事の曜日、授業のある曜日、\
                 学校がある曜日、出勤曜日、アルバイトの曜日、部活のある日、習い事の曜日、残業の多い曜日、休館曜日、連絡のつきやすい時間帯、\
                 電話可能な曜日、面談可能曜日、NG分野、興味のない分野、取得予定資格、目指している資格、取得見込み資格、失効した資格、資格（取得予定）、役職",
                None,
            ),
            (
                Workers,
                "仕事のない曜日、授業のない曜日、仕事以外で参加できる曜日、仕事後の時間帯、参加しやすい曜日、無理のない範囲で参加できる曜日、\
                 無理なく参加できる曜日、無理なく活動できる時間帯、困難を抱える方への支援ができる曜日、忙しくない曜日、出勤可能曜日、出勤希望曜日、\
                 仕事可能な曜日、授業可能曜日、アルバイト可能曜日、部活動可能曜日、活動可能曜日（学校）",
                Some("day_parts"),
            ),
            (Organizations, "NGO名", Some("name")),
            (
                Deliverables,
                "募集開始、募集締切、応募締切、申請期限、提出期限、募集期限、募集期間、受付開始日",
                None,
            ),
            (Deliverables, "開始予定、開始日", Some("starts_on")),
            (
                Deliverables,
                "完了予定、納品期限、提出希望日、締切",
                Some("ends_on"),
            ),
            (Projects, "完了予定、終了予定日", Some("ends_on")),
            (Projects, "募集締切、応募期限", None),
            (
                ProjectWork,
                "提出期限、提出締切、提出希望期限、受付期限、申請期限、期限",
                Some("deadline"),
            ),
            (
                Organizations,
                "公開可否（住所）、公開可否（電話）、公開可否_電話番号、公開同意（メール）",
                None,
            ),
            (
                Organizations,
                "公開可否、公開同意（必須）、公開可否（オープンデータ）、公開可否（可・不可）",
                Some("open_data"),
            ),
            (Workers, "氏名（姓）、名前_姓、お名前（姓）", Some("family_name")),
            (Workers, "氏名（名）、名前_名、お名前（名）", Some("given_name")),
            (
                Organizations,
                "HP掲載電話番号、冊子掲載電話番号",
                Some("contact_phone"),
            ),
            (Organizations, "HP公開メールアドレス", Some("contact_email")),
            (Organizations, "HP掲載住所", Some("area")),
            (Organizations, "HP掲載団体名、広報掲載団体名", Some("name")),
            (
                Organizations,
                "HP掲載可_電話番号、公開・非公開_住所、公開の有無_電話番号",
                None,
            ),
            (
                Registrations,
                "氏名（姓）、氏名（名）、お名前（姓）、申込者氏名（姓）、参加者氏名（名）、申込者名（姓）",
                Some("name"),
            ),
            (Applications, "応募者氏名（名）、応募者氏名（姓）", Some("name")),
            (Workers, "会員氏名（姓）、登録者氏名（姓）", Some("family_name")),
            (Events, "電話（携帯）", Some("contact_phone")),
            (Events, "活動している地域、活動している区市町村", Some("areas")),
            (Events, "受付開始日、募集期限", None),
            (Registrations, "First Name、Last Name、姓", None),
            (Workers, "氏名（漢字）、氏名（必須）", Some("name")),
            (
                Organizations,
                "地域・団体名_カナ、団体名（フリガナ）、名称_カナ",
                Some("kana"),
            ),
            (Organizations, "地域・団体名_英語、名称_英語", None),
            (
                Workers,
                "社員番号、学籍番号、Contact ID、活動開始、登録区分",
                None,
            ),
        ] {
            for heading in headings.split('、') {
                let found = field(kind, heading);
                if found != expected {
                    wrong.push(format!("{heading}: {found:?}, not {expected:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        for heading in [
            "セイ",
            "名（カナ）",
            "姓カナ",
            "名フリガナ",
            "ふりがな（姓）",
            "フリガナ_名",
        ] {
            assert!(concepts().is_part_of_reading(heading), "{heading}");
        }
        for heading in ["フリガナ", "氏名カナ", "氏名（ふりがな）"] {
            assert!(!concepts().is_part_of_reading(heading), "{heading}");
        }
        for heading in ["会社都道府県", "事業所都道府県", "会社郵便番号", "代表者郵便番号"]
        {
            let about = ["prefecture", "postal_code"]
                .into_iter()
                .find(|means| concepts().is_about(Organizations, heading, means));
            assert!(about.is_some(), "{heading}");
            assert!(concepts().is_about(Workers, heading, "another"), "{heading}");
        }
        for (heading, officer) in [
            ("指導者氏名", Some("指導者")),
            ("コーディネーターの氏名", Some("コーディネーターの")),
            ("先生_お名前", Some("先生_")),
            ("氏名", None),
            ("父氏名", None),
            ("会社名", None),
        ] {
            assert_eq!(concepts().officer(heading), officer, "{heading}");
        }
    }

    #[test]
    fn consents_are_told_apart() {
        for (heading, expected) in [
            ("同意", "consent"),
            ("同意日（撤回日）", "consent"),
            ("同意・撤回", "consent"),
            ("同意/撤回", "consent"),
            ("同意（撤回）", "consent"),
            ("同意の有無（撤回含む）", "consent"),
            ("同意・不同意", "consent"),
            ("同意する・しない", "consent"),
            ("同意確認日", "consent"),
            ("同意します", "consent"),
            ("承諾済", "consent"),
            ("同意撤回日", "consent_withdrawn"),
            ("同意の撤回・取消日", "consent_withdrawn"),
            ("撤回日", "consent_withdrawn"),
            ("同意なし", "consent_withdrawn"),
            ("同意しません", "consent_withdrawn"),
            ("第三者提供への不同意", "consent_withdrawn"),
            ("同意方法", "consent_beside"),
            ("同意確認者", "consent_beside"),
            ("同意書様式", "consent_beside"),
            ("同意依頼日", "consent_beside"),
            ("個人情報取扱い・写真掲載の同意", "consent_beside"),
            ("案内の送付に同意", "consent_print"),
            ("保険加入に同意", "consent_print"),
            ("写真掲載同意の撤回日", "consent_print"),
        ] {
            let found = concepts().scores_of(ImportKind::Workers, heading);
            let best = found.first().and_then(|one| concepts().get(one.concept));
            assert_eq!(best.map(|one| one.means.as_str()), Some(expected), "{heading}");
        }
    }

    #[test]
    fn headings_state_periods() {
        assert_eq!(is_period("1か月に活動できる時間数"), Some("月"));
        assert_eq!(is_period("活動時間（月）"), Some("月"));
        assert_eq!(is_period("月〜金の活動時間"), None);
        assert_eq!(is_period("週の活動時間（1か月の平均）"), None);
        assert_eq!(is_period("年間の活動可能時間"), Some("年間"));
        assert_eq!(is_period("年間の月平均活動時間"), Some("月"));
        assert_eq!(is_period("1年の活動時間"), Some("年間"));
        for heading in [
            "2021年度の活動可能時間",
            "活動可能時間（2021年4月現在）",
            "活動可能時間（令和1年6月）",
            "1年以上続けられる時間",
            "活動可能時間（年間を通じて）",
            "活動可能時間（1年間を通して）",
        ] {
            assert_eq!(is_period(heading), None, "{heading}");
        }
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
