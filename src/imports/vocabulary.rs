//! What the words of the catalogue mean in cells: skills, roles, themes, formats.
//!
//! A word is found by its code, name or alias, or because `data/synonyms.json` says what offices mean by it. A skill
//! that isn't known is guessed; a word that can't be
//! guessed with confidence comes with the nearest known one.

use super::places::{self, Written};
use crate::catalogue::entries::Definition;
use crate::catalogue::{Catalogue, Entries, Format, Names, lookup, names};
use crate::values::Code;
use matcher::triage::Triage;
use parking_lot::Mutex;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;
use strum::VariantArray;
use tables::Remark;
use tables::cells::{CellResult, normalize, split_items};
use text::fold;

/// From this confidence on, a guess is used.
const MIN_CONFIDENCE_PPM: u64 = 600_000;
/// From this confidence on, a guess is suggested.
const MIN_SUGGESTION_PPM: u64 = 300_000;
/// From this confidence on, a guessed type is used.
const MIN_TYPE_CONFIDENCE_PPM: u64 = 500_000;
/// The most types of a request: its own and the additional ones.
const MOST_TYPES: usize = 6;
/// The most words of a file whose meaning is cached.
const MAX_CACHED: usize = 10_000;

/// The words of one part of the catalogue, and what they mean.
pub struct Words {
    by_key: HashMap<String, String>,
    /// Words that are near to a code, but don't mean it.
    proposed: HashMap<String, String>,
    codes: Vec<String>,
    /// The Japanese name of each code.
    names: HashMap<String, String>,
    /// Codes that new records can't have any more.
    retired: Vec<String>,
    guesses: Option<Triage>,
    /// A roster repeats the same few words.
    cache: Mutex<HashMap<String, Recognition>>,
}

/// What a word means, or the nearest code if that is not certain.
type Recognition = Result<Meaning, Option<String>>;

/// The meaning of a word.
#[derive(Debug, Clone, PartialEq)]
pub struct Meaning {
    pub code: String,
    pub confidence_ppm: u64,
}

impl Words {
    fn of<T: Definition>(entries: &Entries<T>, words: impl Fn(&T) -> (&Names, &[String])) -> Words {
        let mut by_key = HashMap::new();
        let (mut codes, mut retired, mut by_code) = (Vec::new(), Vec::new(), HashMap::new());
        for definition in entries.iter().map(|entry| &entry.definition) {
            if definition.retired() {
                retired.push(definition.code().to_owned());
                continue;
            }
            let (names, aliases) = words(definition);
            let own = [definition.code(), &names.ja, &names.en].into_iter();
            for word in own.chain(aliases.iter().map(String::as_str)) {
                let code = definition.code().to_owned();
                by_key.entry(names::key(word)).or_insert(code);
            }
            by_code.insert(definition.code().to_owned(), names.ja.clone());
            codes.push(definition.code().to_owned());
        }
        Words {
            by_key,
            proposed: HashMap::new(),
            codes,
            names: by_code,
            retired,
            guesses: None,
            cache: Mutex::default(),
        }
    }

    /// Lets unknown words be guessed by the text search of triage, with names and aliases as cues.
    fn guessing<'a>(self, cues: impl Iterator<Item = Vec<String>> + 'a) -> Words {
        let cues: Vec<Vec<String>> = cues.collect();
        let guesses = Triage::new(cues.iter().map(|cues| cues.iter().map(String::as_str)));
        Words {
            guesses: Some(guesses),
            ..self
        }
    }

    /// Adds what offices call these things, as far as the catalogue has them and doesn't use the word itself.
    fn with_synonyms(mut self, known: &Synonyms, proposed: &Synonyms) -> Words {
        for (list, is_known) in [(known, true), (proposed, false)] {
            for (code, words) in list.iter().filter(|(code, _)| self.codes.contains(code)) {
                for word in words {
                    let place = if is_known {
                        &mut self.by_key
                    } else {
                        &mut self.proposed
                    };
                    place.entry(names::key(word)).or_insert_with(|| code.clone());
                }
            }
        }
        self
    }

    /// Returns the name of a code if it means nothing else, and can be told from other words of a cell.
    pub fn word(&self, code: &str) -> Option<String> {
        let name = self.names.get(code)?;
        let is_own = self
            .by_key
            .get(&names::key(name))
            .is_some_and(|known| known == code);
        let is_whole = self.split(&format!("{name}、{name}")) == [name.as_str()];
        (is_own && is_whole).then(|| name.clone())
    }

    /// Returns whether a word is a code, retired or not.
    pub fn is_code(&self, word: &str) -> bool {
        self.codes.iter().chain(&self.retired).any(|code| code == word)
    }

    pub fn is_known(&self, word: &str) -> bool {
        self.by_key.contains_key(&names::key(word))
    }

    /// Returns the code of a word that is known.
    fn code_of(&self, word: &str) -> Option<&str> {
        self.by_key.get(&names::key(word)).map(String::as_str)
    }

    /// Returns the code that a word is near to, though it doesn't mean it.
    pub fn near(&self, word: &str) -> Option<&str> {
        self.proposed.get(&names::key(word)).map(String::as_str)
    }

    /// Looks up a word, or guesses its meaning.
    pub fn find(&self, word: &str) -> Option<Meaning> {
        let exact = self.by_key.get(&names::key(word));
        if let Some(code) = exact {
            return Some(Meaning {
                code: code.clone(),
                confidence_ppm: 1_000_000,
            });
        }
        let guess = self.guesses.as_ref()?.guess(word).into_iter().next()?;
        let code = self.codes.get(guess.category)?.clone();
        Some(Meaning {
            code,
            confidence_ppm: guess.confidence_ppm,
        })
    }

    /// Looks up a word, or guesses its meaning with confidence.
    pub fn recognize(&self, word: &str) -> Recognition {
        let mut cache = self.cache.lock();
        if let Some(recognition) = cache.get(word) {
            return recognition.clone();
        }
        let recognition = self.recognize_uncached(word);
        if cache.len() < MAX_CACHED {
            cache.insert(word.to_owned(), recognition.clone());
        }
        recognition
    }

    fn recognize_uncached(&self, word: &str) -> Recognition {
        if let Some(code) = self.proposed.get(&names::key(word))
            && !self.is_known(word)
        {
            return Err(Some(code.clone()));
        }
        match self.find(word) {
            Some(meaning) if meaning.confidence_ppm >= MIN_CONFIDENCE_PPM => Ok(meaning),
            Some(meaning) if meaning.confidence_ppm >= MIN_SUGGESTION_PPM => Err(Some(meaning.code)),
            _ => Err(
                lookup::nearest(&names::key(word), self.by_key.keys().map(String::as_str))
                    .and_then(|near| self.by_key.get(near).cloned()),
            ),
        }
    }

    /// Splits a cell into words. A skill may have its level behind it: 会計・資金(4). Of boxes, those that are ticked count.
    /// 会計と編集 is two if both are known, デザイン（Illustrator、Photoshop） is three.
    pub fn split(&self, cell: &str) -> Vec<String> {
        if self.is_known(cell.trim()) {
            return vec![cell.trim().to_owned()];
        }
        let ticked = ticked(cell);
        let cell = ticked.as_deref().unwrap_or(cell);
        let bare = |word: &str| word.rsplit_once('(').map(|(bare, _)| self.is_known(bare.trim()));
        let items = split_items(cell, &|word| self.is_known(word) || bare(word) == Some(true));
        let parts = items
            .into_iter()
            .flat_map(|item| match self.is_known(&item) {
                true => vec![item],
                false => sentences(&item).into_iter().flat_map(opened).collect(),
            })
            .flat_map(|item| self.words_within(item))
            .map(|item| match item.strip_suffix(GOOD) {
                Some(word) if !word.trim().is_empty() => word.trim().to_owned(),
                _ => item,
            })
            .flat_map(|item| match self.is_known(&item) || is_denied(&item) {
                true => vec![item],
                false => parts(&item, &|part| self.recognize(part).is_ok()),
            });
        parts.collect()
    }

    /// Splits an item at its spaces (居場所 見守り) if nothing but known words and words with a mark or a level (Word◎ 会計:5)
    /// are between them.
    fn words_within(&self, item: String) -> Vec<String> {
        let words: Vec<&str> = item.split_whitespace().collect();
        let is_word = |word: &&str| self.is_known(word) || is_rated(word);
        let is_several = words.len() > 1 && words.iter().all(is_word);
        match is_several && !self.is_known(&item) {
            true => words.into_iter().map(str::to_owned).collect(),
            false => vec![item],
        }
    }
}

/// Marks of those who know something well.
const GOOD: [char; 6] = ['◎', '○', '〇', '◯', '✓', '✔'];

/// Returns whether a word has a mark or a level behind it: Word◎, Excel△, 会計:5, 編集(上級).
fn is_rated(word: &str) -> bool {
    const OTHER: [char; 6] = ['△', '▲', '×', '✕', '✗', '✖'];
    let is_mark = |c: char| GOOD.contains(&c) || OTHER.contains(&c);
    let bare = word.trim_end_matches([')', '）']);
    let level = bare.rsplit_once([':', '：', '(', '（']);
    let is_level = |level: &str| ["1", "2", "3", "4", "5", "初級", "中級", "上級"].contains(&level);
    let has_mark = word.ends_with(is_mark) && !word.starts_with(is_mark);
    has_mark || level.is_some_and(|(word, level)| !word.is_empty() && is_level(level))
}

/// Splits an item into its sentences if one of them denies: Excelは苦手。文章は得意.
fn sentences(item: &str) -> Vec<&str> {
    let parts = item.split('。').map(str::trim).filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.collect();
    match parts.len() > 1 && parts.iter().any(|part| is_denied(part)) {
        true => parts,
        false => vec![item],
    }
}

/// Splits an item that has a list in brackets at its end: デザイン（Illustrator、Photoshop）. If something of it is denied, it
/// stays as it is.
fn opened(item: &str) -> Vec<String> {
    let whole = || vec![item.to_owned()];
    let inner = item.strip_suffix([')', '）', ']', '］']);
    let Some((word, list)) = inner.and_then(|inner| inner.split_once(['(', '（', '[', '［'])) else {
        return whole();
    };
    let items = split_items(list, &|_| false);
    if is_denied(item) || items.len() < 2 || list.contains(['(', '（', '[', '［']) {
        return whole();
    }
    if let Some(denied) = items.iter().find(|item| is_denied(item) && !denies_another(item)) {
        return vec![format!("{word}({denied})")];
    }
    let word = Some(word.trim()).filter(|word| !word.is_empty());
    word.map(str::to_owned).into_iter().chain(items).collect()
}

/// Splits what と, 及び or & joins, if all of its parts are something: チラシとポスター.
pub fn parts(item: &str, is_one: &dyn Fn(&str) -> bool) -> Vec<String> {
    const JOINTS: [&str; 9] = [
        "と",
        "及び",
        "および",
        "並びに",
        "ならびに",
        "&",
        "＆",
        "+",
        " and ",
    ];
    /// No list of words has more joints or bytes, and each joint costs a few look-ups.
    const MOST_JOINTS: usize = 40;
    const MOST_BYTES: usize = 2_000;
    /// A word may have a few joints of its own: まつりとごみ.
    const LONGEST: usize = 3;
    let joints = JOINTS.iter().flat_map(|joint| item.match_indices(joint));
    let mut joints: Vec<(usize, usize)> = joints.map(|(at, joint)| (at, at + joint.len())).collect();
    joints.sort_unstable();
    let unsplit = || vec![item.to_owned()];
    if joints.is_empty() || joints.len() > MOST_JOINTS || item.len() > MOST_BYTES {
        return unsplit();
    }
    let begins = [0].into_iter().chain(joints.iter().map(|(_, end)| *end));
    let ends = joints.iter().map(|(at, _)| *at).chain([item.len()]);
    let (begins, ends): (Vec<usize>, Vec<usize>) = (begins.collect(), ends.collect());
    // The words that end with each piece, if all before are words, too. Of several, the shortest.
    let mut words: Vec<Option<(usize, &str)>> = vec![None; ends.len()];
    for (first, begin) in begins.iter().enumerate() {
        let is_reached = first
            .checked_sub(1)
            .is_none_or(|before| matches!(words.get(before), Some(Some(_))));
        if !is_reached {
            continue;
        }
        for (last, end) in ends.iter().enumerate().skip(first).take(LONGEST) {
            let word = item.get(*begin..*end).unwrap_or_default().trim();
            let is_part = !word.is_empty() && word.len() < item.trim().len() && is_one(word);
            if let Some(place) = words.get_mut(last).filter(|_| is_part) {
                *place = Some((first, word));
            }
        }
    }
    let (mut found, mut left) = (Vec::new(), ends.len());
    while let Some(last) = left.checked_sub(1) {
        let Some((first, word)) = words.get(last).copied().flatten() else {
            return unsplit();
        };
        found.push(word.to_owned());
        left = first;
    }
    found.reverse();
    found
}

/// Returns whether somebody says that it isn't this: 会計×, 会計は苦手, 会計以外, 英語は不可.
pub fn is_denied(item: &str) -> bool {
    const NO: [char; 6] = ['×', '✕', '✗', '✖', '△', '▲'];
    const TAILS: [&str; 7] = ["ですが", "ですけど", "です", "だが", "けれど", "けど", "が"];
    const ENDS: [&str; 30] = [
        "以外",
        "除く",
        "不可",
        "不可能",
        "不要",
        "対象外",
        "お断り",
        "苦手",
        "不得意",
        "得意ではない",
        "得意でない",
        "無理",
        "できない",
        "できません",
        "できかねます",
        "出来ない",
        "出来ません",
        "ありません",
        "やりません",
        "やらない",
        "しません",
        "したくない",
        "希望しない",
        "ではない",
        "未経験",
        "経験なし",
        "自信がない",
        "自信なし",
        "わかりません",
        " ng",
    ];
    const NOTHING: [&str; 5] = ["ない", "無い", "わからない", "分からない", "とくにない"];
    let folded = fold(item);
    let item = folded.trim_start_matches('(').trim_end_matches([')', '。']);
    let item = TAILS
        .iter()
        .find_map(|tail| item.strip_suffix(tail))
        .unwrap_or(item);
    item.starts_with(NO)
        || item.ends_with(NO)
        || ENDS.iter().any(|end| item.ends_with(end))
        || item.ends_with("はng")
        || NOTHING.contains(&item)
}

/// Returns whether a note behind a word denies something else than the word: （英語除く）, but not （苦手）.
fn denies_another(note: &str) -> bool {
    is_denied(note) && ["以外", "除く", "は"].iter().any(|but| note.contains(but))
}

/// Returns a word without what is said of its bounds, and what that leaves out: 翻訳（英語除く）, Excelのみ. Returns none if
/// it is denied itself: 英語は不可, 会計（苦手）.
pub fn within_bounds(item: &str) -> Option<(&str, Option<&str>)> {
    const ONLY: [&str; 4] = ["のみ", "だけ", "限定", "に限る"];
    let bare = item.trim_end_matches([')', '）']);
    let note = bare.rsplit_once(['(', '（']).filter(|_| bare.len() < item.len());
    if let Some((word, note)) = note.filter(|(word, note)| !word.trim().is_empty() && denies_another(note)) {
        return Some((word.trim(), Some(note)));
    }
    let only = ONLY.iter().find_map(|only| item.strip_suffix(only));
    let word = only.map(str::trim).filter(|word| !word.is_empty());
    (!is_denied(item)).then_some((word.unwrap_or(item), None))
}

/// Returns what is ticked in a cell that lists all answers with a box before each: □会計　☑デザイン.
pub fn ticked(cell: &str) -> Option<String> {
    const EMPTY: [char; 2] = ['□', '☐'];
    const TICKED: [char; 6] = ['☑', '■', '✓', '✔', '☒', '✅'];
    if !cell.trim_start().starts_with(EMPTY) && !cell.trim_start().starts_with(TICKED) {
        return None;
    }
    if !cell.contains(EMPTY) {
        return None;
    }
    let mut boxes = cell
        .char_indices()
        .filter(|(_, c)| EMPTY.contains(c) || TICKED.contains(c));
    let mut found = Vec::new();
    let mut next = boxes.next();
    while let Some((at, sign)) = next {
        next = boxes.next();
        let end = next.map_or(cell.len(), |(at, _)| at);
        let answer = cell.get(at + sign.len_utf8()..end).unwrap_or_default();
        if TICKED.contains(&sign) {
            found.push(answer.trim());
        }
    }
    Some(found.join("、"))
}

/// The words of each code.
type Synonyms = BTreeMap<String, Vec<String>>;

#[derive(Default, Deserialize)]
struct SynonymLists {
    themes: Synonyms,
    roles: Synonyms,
    skills: Synonyms,
    types: Synonyms,
    #[serde(default)]
    proposed: Option<Box<SynonymLists>>,
}

static SYNONYMS: LazyLock<SynonymLists> =
    LazyLock::new(|| serde_json::from_str(include_str!("data/synonyms.json")).unwrap_or_default());

/// Everything that cells may name, prepared once for a file.
pub struct Vocabulary<'c> {
    pub catalogue: &'c Catalogue,
    pub skills: Words,
    pub roles: Words,
    pub themes: Words,
    pub types: Words,
    formats: HashMap<String, Format>,
}

impl<'c> Vocabulary<'c> {
    pub fn new(catalogue: &'c Catalogue) -> Vocabulary<'c> {
        let cues = catalogue
            .skills
            .iter()
            .map(|e| &e.definition)
            .filter(|d| !d.retired())
            .map(|d| {
                let all = d.aliases.iter().chain([&d.names.ja, &d.names.en]);
                all.map(|word| word.replace(' ', "_")).collect::<Vec<_>>()
            });
        let mut formats = HashMap::new();
        for defaults in &catalogue.fixed.formats {
            let bare = |name: &str| names::key(name.split('(').next().unwrap_or_default());
            let names = [&defaults.names.ja, &defaults.names.en];
            formats.insert(defaults.code.code().to_owned(), defaults.code);
            for name in names {
                formats.insert(names::key(name), defaults.code);
                formats.entry(bare(name)).or_insert(defaults.code);
            }
        }
        let nothing = SynonymLists::default();
        let (known, near) = (&*SYNONYMS, SYNONYMS.proposed.as_deref().unwrap_or(&nothing));
        Vocabulary {
            skills: Words::of(&catalogue.skills, |d| (&d.names, &d.aliases))
                .with_synonyms(&known.skills, &near.skills)
                .guessing(cues),
            roles: Words::of(&catalogue.roles, |d| (&d.names, &d.aliases))
                .with_synonyms(&known.roles, &near.roles),
            themes: Words::of(&catalogue.themes, |d| (&d.names, &d.aliases))
                .with_synonyms(&known.themes, &near.themes),
            types: Words::of(&catalogue.types, |d| (&d.names, &d.aliases))
                .with_synonyms(&known.types, &near.types),
            formats,
            catalogue,
        }
    }

    /// Finds the types that a cell names: by names that follow each other, or as a list of names and of what offices call
    /// them. Returns none if any part of the cell is neither.
    pub fn types_named(&self, cell: &str) -> Vec<Code> {
        let of_names = |text: &str| -> Vec<Code> {
            let named = self.catalogue.types_named(text);
            named.iter().map(|kind| kind.code.clone()).collect()
        };
        let of_text = |text: &str| match self.types.code_of(text) {
            Some(code) => vec![code.into()],
            None => of_names(text),
        };
        let whole = match of_names(cell) {
            found if found.is_empty() => of_text(cell),
            found => found,
        };
        if !whole.is_empty() {
            return whole;
        }
        let mut found: Vec<Code> = Vec::new();
        for item in self.types.split(cell) {
            let codes = of_text(&item);
            if codes.is_empty() {
                return Vec::new();
            }
            let new: Vec<Code> = codes.into_iter().filter(|code| !found.contains(code)).collect();
            found.extend(new);
        }
        found
    }

    /// Finds the type that a word means beside what only says that it is wanted: チラシの制作, SNS運用の助言.
    pub fn types_wished(&self, word: &str) -> Vec<Code> {
        const WISHES: [&str; 13] = [
            "制作",
            "製作",
            "作成",
            "作製",
            "づくり",
            "作り",
            "更新",
            "使い方",
            "助言",
            "アドバイス",
            "支援",
            "依頼",
            "希望",
        ];
        let bare = WISHES.iter().find_map(|wish| word.strip_suffix(wish));
        let bare = bare.map(|bare| bare.strip_suffix('の').unwrap_or(bare));
        // ホームページのリニューアル is ホームページリニューアル.
        let together = word.replace('の', "");
        let words = [word, bare.unwrap_or_default(), &together];
        let found = words.iter().map(|word| match word.is_empty() {
            true => Vec::new(),
            false => self.types_named(word),
        });
        found
            .into_iter()
            .find(|codes| !codes.is_empty())
            .unwrap_or_default()
    }

    /// Finds the types of a cell that names at least one: チラシの制作・動画, ①チラシ ②動画. What else it says becomes a remark.
    /// Without any name, the cell is left to be guessed as a whole.
    pub fn types_listed(&self, cell: &str, written: &str) -> (Vec<Code>, Vec<Remark>) {
        let whole = self.types_named(cell);
        let is_number = |c: char| ('①'..='⑳').contains(&c);
        let items = match normalize(&written.replace(is_number, "、")) {
            _ if !whole.is_empty() => Vec::new(),
            Ok(list) if written.contains(is_number) => self.types.split(&list),
            _ => self.types.split(cell),
        };
        let is_wished = |word: &str| !self.types_wished(word).is_empty();
        let items = items.iter().flat_map(|item| parts(item, &is_wished));
        let (mut found, mut unknown) = (whole, Vec::new());
        for item in items {
            let codes = self.types_wished(&item);
            if codes.is_empty() {
                unknown.push(self.guess_type(&item, &item).map_or_else(
                    |remark| remark,
                    |(code, _)| unrecognized("unrecognized_type", &item, Some(code.into())),
                ));
            }
            let new: Vec<Code> = codes.into_iter().filter(|code| !found.contains(code)).collect();
            found.extend(new);
        }
        if found.is_empty() {
            return (found, Vec::new());
        }
        let surplus = found.split_off(found.len().min(MOST_TYPES));
        unknown.extend(surplus.iter().map(too_many_types));
        (found, unknown)
    }

    /// Guesses the type that a text is about, and says of the words `shown` how sure that is. Without confidence, these words
    /// aren't known.
    pub fn guess_type(&self, text: &str, shown: &str) -> Result<(Code, Remark), Remark> {
        let guess = self.catalogue.triage.guess(text).into_iter().next();
        let kind = guess
            .as_ref()
            .and_then(|guess| self.catalogue.types.at(guess.category as u16));
        match guess.zip(kind) {
            Some((guess, kind)) if guess.confidence_ppm >= MIN_TYPE_CONFIDENCE_PPM => {
                let (ja, en) = confidence(guess.confidence_ppm / 10_000);
                let remark = guessed("guessed_type", shown, &kind.code, &kind.names, (&ja, &en));
                Ok((kind.code.clone(), remark))
            }
            near => {
                let near = near.map(|(_, kind)| kind.code.clone().into());
                Err(unrecognized("unrecognized_type", shown, near))
            }
        }
    }

    /// Finds the municipality that a cell names.
    pub fn area<'t>(&self, cell: impl Into<Written<'t>>) -> CellResult<String> {
        places::area(&self.catalogue.fixed, cell, &mut Vec::new())
    }

    pub fn format(&self, word: &str) -> CellResult<Format> {
        let key = names::key(word);
        let known = self
            .formats
            .get(&key)
            .or_else(|| self.formats.get(&key.replace("プロジェクト", "")));
        known.copied().ok_or_else(|| {
            let near = lookup::nearest(&key, Format::VARIANTS.iter().map(|f| f.code()));
            let all = || self.catalogue.fixed.formats.iter().map(|format| &format.names);
            let ja: Vec<String> = all().map(|names| format!("「{}」", names.ja)).collect();
            let en: Vec<&str> = all().map(|names| names.en.as_str()).collect();
            Remark::new(
                "unknown_format",
                format!("形式は{}のいずれかで入力してください。", ja.concat()),
                format!("Write one of these formats: {}.", en.join(", ")),
            )
            .suggesting(near)
        })
    }

    pub fn formats(&self, cell: &str) -> CellResult<Vec<Format>> {
        let ticked = ticked(cell);
        let cell = ticked.as_deref().unwrap_or(cell);
        let is_one = |word: &str| self.format(word).is_ok();
        split_items(cell, &is_one)
            .iter()
            .map(|word| self.format(word))
            .collect()
    }
}

fn too_many_types(code: &Code) -> Remark {
    Remark::new(
        "second_value",
        format!("支援内容は{MOST_TYPES}つまで取り込みます。「{code}」は使っていません。"),
        format!("At most {MOST_TYPES} types are imported; {code} isn't used."),
    )
}

/// A warning about a word that isn't known.
pub fn unrecognized(code: &'static str, word: &str, near: Option<String>) -> Remark {
    let word: String = word.chars().take(80).collect();
    Remark::new(
        code,
        format!("「{word}」に当たる項目が見つかりません。"),
        format!("{word:?} is not a known name, code or alias."),
    )
    .suggesting(near)
}

/// A warning about a word that was taken for an entry of the catalogue. `rest` ends the sentence in both languages.
pub fn guessed(rule: &'static str, word: &str, code: &str, names: &Names, rest: (&str, &str)) -> Remark {
    let word: String = word.chars().take(80).collect();
    Remark::new(
        rule,
        format!(
            "「{word}」を「{}」（{code}）として取り込みました{}",
            names.ja, rest.0
        ),
        format!("{word:?} was imported as {} ({code}){}", names.en, rest.1),
    )
    .suggesting(Some(code))
}

/// How sure a guess is, as the end of a sentence.
pub fn confidence(percent: u64) -> (String, String) {
    (
        format!("（確信度{percent}%）。"),
        format!(" with {percent}% confidence."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_boxes_those_that_are_ticked_count() {
        for (cell, expected) in [
            ("□会計　□デザイン　☑写真", Some("写真")),
            ("□会計、☑デザイン", Some("デザイン")),
            ("■会計\n□デザイン\n■写真", Some("会計、写真")),
            ("□会計 □デザイン", Some("")),
            ("■会計 ■デザイン", None),
            ("会計、デザイン", None),
            ("図形（□）の作図", None),
        ] {
            assert_eq!(ticked(cell).as_deref(), expected, "{cell}");
        }
    }

    #[test]
    fn words_have_bounds_or_are_denied() {
        for (item, expected) in [
            ("英語", Some(("英語", None))),
            ("Excelのみ", Some(("Excel", None))),
            ("翻訳(英語除く)", Some(("翻訳", Some("英語除く")))),
            ("デザイン（Webは不可）", Some(("デザイン", Some("Webは不可")))),
            ("会計(苦手)", None),
            ("英語は不可", None),
            ("英語不可", None),
            ("Webデザイン以外", None),
            ("英語はＮＧ", None),
            ("会計×", None),
            ("会計△", None),
            ("人前で話すのは苦手ですが", None),
            ("会計が", Some(("会計が", None))),
            ("まとめ役", Some(("まとめ役", None))),
        ] {
            assert_eq!(within_bounds(item), expected, "{item}");
        }
    }

    #[test]
    fn a_list_in_brackets_is_words_of_its_own() {
        for (item, expected) in [
            (
                "デザイン（Illustrator、Photoshop）",
                &["デザイン", "Illustrator", "Photoshop"][..],
            ),
            ("会計(簿記2級・実務10年)", &["会計", "簿記2級", "実務10年"]),
            ("Web制作[HTML/CSS]", &["Web制作", "HTML", "CSS"]),
            ("（会計、編集）", &["会計", "編集"]),
            ("会計(4)", &["会計(4)"]),
            ("デザイン（Web、動画は不可）", &["デザイン（Web、動画は不可）"]),
            ("デザイン（Web、動画）など", &["デザイン（Web、動画）など"]),
            ("会計（経験なし、独学）", &["会計(経験なし)"]),
            ("a）会計", &["a）会計"]),
        ] {
            assert_eq!(opened(item), expected, "{item}");
        }
        for (item, expected) in [
            (
                "Excelは苦手。文章を書くのは得意。",
                &["Excelは苦手", "文章を書くのは得意"][..],
            ),
            (
                "チラシが得意です。写真も少し。",
                &["チラシが得意です。写真も少し。"],
            ),
        ] {
            assert_eq!(sentences(item), expected, "{item}");
        }
        for (word, expected) in [
            ("Word◎", true),
            ("Excel△", true),
            ("会計:5", true),
            ("編集(上級)", true),
            ("Word", false),
            ("○", false),
            ("翻訳(英語)", false),
        ] {
            assert_eq!(is_rated(word), expected, "{word}");
        }
    }

    #[test]
    fn what_is_joined_is_several_if_all_of_it_is_known() {
        let is_known = |word: &str| ["チラシ", "ポスター", "SNS", "まつりとごみ"].contains(&word);
        for (item, expected) in [
            ("チラシとポスター", &["チラシ", "ポスター"][..]),
            ("チラシ及びSNS", &["チラシ", "SNS"]),
            ("チラシ & ポスターとSNS", &["チラシ", "ポスター", "SNS"]),
            ("チラシとまつりとごみ", &["チラシ", "まつりとごみ"]),
            ("チラシのまとめ", &["チラシのまとめ"]),
            ("チラシとりまとめ", &["チラシとりまとめ"]),
            ("まつりとごみとチラシ", &["まつりとごみ", "チラシ"]),
            ("まつりとごみ", &["まつりとごみ"]),
            ("と", &["と"]),
        ] {
            assert_eq!(parts(item, &is_known), expected, "{item}");
        }
    }

    #[test]
    fn what_is_joined_costs_a_few_looks_for_each_joint() {
        let looks = std::cell::Cell::new(0);
        let is_any = |word: &str| {
            looks.set(looks.get() + 1);
            !word.contains('?')
        };
        for joints in [20, 40, 1_000] {
            let item = format!("{}?", "会計と".repeat(joints));
            looks.set(0);
            assert_eq!(parts(&item, &is_any), [item.as_str()]);
            assert!(looks.get() <= 3 * (joints + 1), "{} looks", looks.get());
        }
    }

    #[test]
    fn every_synonym_has_a_code_of_the_catalogue() {
        let skills = include_str!("../catalogue/data/skills.json");
        let roles = include_str!("../catalogue/data/roles.json");
        let themes = include_str!("../catalogue/data/themes.json");
        let types = include_str!("../catalogue/data/deliverable_types.json");
        for list in [&*SYNONYMS, SYNONYMS.proposed.as_deref().unwrap()] {
            for (synonyms, entries) in [
                (&list.skills, skills),
                (&list.roles, roles),
                (&list.themes, themes),
                (&list.types, types),
            ] {
                for code in synonyms.keys() {
                    assert!(entries.contains(&format!("\"code\": \"{code}\"")), "{code}");
                }
            }
        }
    }
}
