//! What the words of the catalogue mean in cells: skills, roles, themes, formats, day-parts.
//!
//! A word is found by its code, name or alias. A skill that isn't known is guessed; a word that can't be
//! guessed with confidence comes with the nearest known one.

use super::places;
use crate::catalogue::entries::Definition;
use crate::catalogue::{Catalogue, DayPart, Entries, Format, Names, lookup, names};
use matcher::triage::Triage;
use parking_lot::Mutex;
use std::collections::HashMap;
use strum::VariantArray;
use tables::Remark;
use tables::cells::{CellResult, split_items};

/// From this confidence on, a guess is used.
const MIN_CONFIDENCE_PPM: u64 = 600_000;
/// From this confidence on, a guess is suggested.
const MIN_SUGGESTION_PPM: u64 = 300_000;
/// The most words of a file whose meaning is cached.
const MAX_CACHED: usize = 10_000;

/// The words of one part of the catalogue, and what they mean.
pub struct Words {
    by_key: HashMap<String, String>,
    codes: Vec<String>,
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
        let mut codes = Vec::new();
        for definition in entries
            .iter()
            .map(|entry| &entry.definition)
            .filter(|d| !d.retired())
        {
            let (names, aliases) = words(definition);
            let own = [definition.code(), &names.ja, &names.en].into_iter();
            for word in own.chain(aliases.iter().map(String::as_str)) {
                let code = definition.code().to_owned();
                by_key.entry(names::key(word)).or_insert(code);
            }
            codes.push(definition.code().to_owned());
        }
        Words {
            by_key,
            codes,
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

    pub fn is_known(&self, word: &str) -> bool {
        self.by_key.contains_key(&names::key(word))
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
        match self.find(word) {
            Some(meaning) if meaning.confidence_ppm >= MIN_CONFIDENCE_PPM => Ok(meaning),
            Some(meaning) if meaning.confidence_ppm >= MIN_SUGGESTION_PPM => Err(Some(meaning.code)),
            _ => Err(
                lookup::nearest(&names::key(word), self.by_key.keys().map(String::as_str))
                    .and_then(|near| self.by_key.get(near).cloned()),
            ),
        }
    }

    /// Splits a cell into words.
    pub fn split(&self, cell: &str) -> Vec<String> {
        split_items(cell, &|word| self.is_known(word))
    }
}

/// Everything that cells may name, prepared once for a file.
pub struct Vocabulary<'c> {
    pub catalogue: &'c Catalogue,
    pub skills: Words,
    pub roles: Words,
    pub themes: Words,
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
        Vocabulary {
            skills: Words::of(&catalogue.skills, |d| (&d.names, &d.aliases)).guessing(cues),
            roles: Words::of(&catalogue.roles, |d| (&d.names, &d.aliases)),
            themes: Words::of(&catalogue.themes, |d| (&d.names, &d.aliases)),
            formats,
            catalogue,
        }
    }

    /// Finds the municipality that a cell names.
    pub fn area(&self, cell: &str) -> CellResult<String> {
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
            let all = Format::VARIANTS
                .iter()
                .map(|f| f.code())
                .collect::<Vec<_>>()
                .join(", ");
            Remark::new(
                "unknown_format",
                format!("形式は {all} のいずれかで入力してください。"),
                format!("The format has to be one of {all}."),
            )
            .suggesting(near)
        })
    }

    pub fn formats(&self, cell: &str) -> CellResult<Vec<Format>> {
        let is_one = |word: &str| self.format(word).is_ok();
        split_items(cell, &is_one)
            .iter()
            .map(|word| self.format(word))
            .collect()
    }
}

/// Parses day-parts: codes, or words like 土日, 平日夜, 土曜午前, いつでも.
pub fn day_parts(cell: &str) -> CellResult<Vec<DayPart>> {
    let mut set = 0u32;
    for item in split_items(cell, &|_| false) {
        let found = day_part(&item).ok_or_else(|| {
            Remark::new(
                "invalid_day_part",
                format!("「{item}」は曜日や時間帯として読み取れません。「土曜午前」「平日夜」のように入力してください。"),
                format!("{item:?} is not a weekday or time of day. Write it like saturday_morning or 平日夜."),
            )
        })?;
        set |= found;
    }
    let parts = (0..crate::catalogue::calendar::DAY_PARTS).filter(|i| set & (1 << i) != 0);
    Ok(parts.filter_map(DayPart::at).collect())
}

/// Returns the set of day-parts that a word means, one bit for each.
fn day_part(word: &str) -> Option<u32> {
    let key = names::key(word);
    if let Ok(part) = DayPart::try_from(key.clone()) {
        return Some(DayPart::set(&[part]));
    }
    if ["いつでも", "毎日", "全日", "不問", "anytime", "everyday"].contains(&key.as_str()) {
        return Some((1 << crate::catalogue::calendar::DAY_PARTS) - 1);
    }
    let mut rest = key.as_str();
    let mut days = 0u8;
    let mut parts = 0u8;
    const DAYS: [(&str, u8); 25] = [
        ("平日", 0b001_1111),
        ("週末", 0b110_0000),
        ("休日", 0b110_0000),
        ("土日祝", 0b110_0000),
        ("毎週", 0),
        ("曜日", 0),
        ("月", 1),
        ("火", 2),
        ("水", 4),
        ("木", 8),
        ("金", 16),
        ("土", 32),
        ("日", 64),
        ("祝", 64),
        ("weekdays", 31),
        ("weekends", 96),
        ("monday", 1),
        ("tuesday", 2),
        ("wednesday", 4),
        ("thursday", 8),
        ("friday", 16),
        ("saturday", 32),
        ("sunday", 64),
        ("曜", 0),
        ("の", 0),
    ];
    const PARTS: [(&str, u8); 11] = [
        ("午前中", 1),
        ("午前", 1),
        ("朝", 1),
        ("午後", 2),
        ("昼", 2),
        ("夕方", 4),
        ("夜間", 4),
        ("夜", 4),
        ("morning", 1),
        ("afternoon", 2),
        ("evening", 4),
    ];
    while !rest.is_empty() {
        let part = PARTS
            .iter()
            .find_map(|(word, set)| Some((rest.strip_prefix(word)?, *set)));
        if let Some((tail, set)) = part {
            (rest, parts) = (tail.trim_start_matches(['・', '_', '、', '~']), parts | set);
            continue;
        }
        let (tail, set) = DAYS
            .iter()
            .find_map(|(word, set)| Some((rest.strip_prefix(word)?, *set)))?;
        (rest, days) = (tail.trim_start_matches(['・', '_', '、']), days | set);
    }
    if days == 0 && parts == 0 {
        return None;
    }
    let days = if days == 0 { 0b111_1111 } else { days };
    let parts = if parts == 0 { 0b111 } else { parts };
    let of_day = |day: u32| {
        if days & (1 << day) != 0 {
            u32::from(parts) << (3 * day)
        } else {
            0
        }
    };
    Some((0..7).map(of_day).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(cell: &str) -> Vec<String> {
        day_parts(cell).unwrap().into_iter().map(String::from).collect()
    }

    #[test]
    fn reads_weekdays_and_times_of_day() {
        assert_eq!(codes("土曜午前"), ["saturday_morning"]);
        assert_eq!(
            codes("saturday_morning、日曜日の夜"),
            ["saturday_morning", "sunday_evening"]
        );
        assert_eq!(codes("平日夜").len(), 5);
        assert_eq!(codes("土日").len(), 6);
        assert_eq!(codes("いつでも").len(), 21);
        assert_eq!(codes("月・水").len(), 6);
        assert_eq!(codes("夜").len(), 7);
        assert_eq!(day_parts("そのうち").unwrap_err().code, "invalid_day_part");
    }
}
