//! The municipalities of Japan: those of today, and those that were merged, divided or renamed since 1970.
//!
//! * `spelling`: the form in which names are compared. `address`: finds the municipality that a text names. `wording`:
//!   what is said about areas.
//!
//! `data/NOTICE` says where the data comes from and which credits it needs.
//!
//! A designated city and its wards are areas of their own: a record may name either.

pub mod address;
pub mod spelling;
pub mod wording;

use crate::config::ServedAreas;
use crate::error::{Error, Result};
use crate::values::{AreaCode, with_wards};
use chrono::NaiveDate;
use matcher::{EntryNo, Geography};
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The credits that the data needs where it is shown.
pub const CREDITS: &str = "デジタル庁 アドレス・ベース・レジストリを加工、政府統計の総合窓口(e-Stat)を加工、\
                           「国土数値情報（行政区域データ）」（国土交通省）を加工して作成";

/// A municipality, or a ward of a designated city.
#[derive(Debug, Clone, Deserialize)]
pub struct Area {
    pub code: AreaCode,
    /// 郡
    pub county: Option<String>,
    pub county_english: Option<String>,
    pub name: String,
    pub kana: String,
    /// Without marks of long vowels: Chuo-ku.
    pub english: String,
    pub kind: String,
    /// The designated city of a ward.
    pub parent: Option<AreaCode>,
    /// Of the town hall, in degrees (WGS 84).
    #[serde(rename = "lat")]
    pub latitude: f64,
    #[serde(rename = "lng")]
    pub longitude: f64,
    /// The island on which it lies; none on Honshu, Hokkaido, Shikoku, Kyushu and the main island of Okinawa.
    pub island: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Prefecture {
    /// The first two digits of its municipalities' codes.
    pub code: String,
    pub name: String,
    pub kana: String,
    pub english: String,
}

/// A municipality under a name or code that is no longer used.
#[derive(Debug, Clone, Deserialize)]
pub struct FormerArea {
    pub code: AreaCode,
    /// 郡, 支庁 or designated city
    pub county: Option<String>,
    pub name: String,
    /// The day on which something else took its place.
    pub until: NaiveDate,
    /// Where it lies today: several areas if it was divided.
    #[serde(deserialize_with = "separated")]
    pub present: Vec<AreaCode>,
}

fn separated<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<AreaCode>, D::Error> {
    let codes = String::deserialize(deserializer)?;
    Ok(codes.split(';').map(AreaCode::from).collect())
}

/// What a name or a code may mean: a position among the areas, or among the former ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    Present(EntryNo),
    Former(EntryNo),
}

/// Every area, with the ways to find it.
#[derive(Debug)]
pub struct Areas {
    pub all: Vec<Area>,
    pub former: Vec<FormerArea>,
    pub prefectures: Vec<Prefecture>,
    pub geography: Arc<Geography>,
    /// By the first five digits.
    by_code: HashMap<String, Known>,
    names: Names,
}

/// Names in the form in which they are compared.
#[derive(Debug, Default)]
struct Names {
    /// With and without what stands before them: county, island, designated city.
    spellings: HashMap<String, Vec<Known>>,
    readings: HashMap<String, Vec<Known>>,
    prefectures: Vec<PrefectureNames>,
    /// The full name, the reading and the English name of each area of today.
    searched: Vec<String>,
    /// The number of letters of the longest spelling.
    longest: usize,
}

#[derive(Debug)]
struct PrefectureNames {
    /// 東京都, とうきょうと
    long: [String; 2],
    /// 東京, とうきょう, tokyo-to, tokyo
    short: [String; 4],
}

impl PrefectureNames {
    fn of(prefecture: &Prefecture) -> PrefectureNames {
        let Prefecture {
            code,
            name,
            kana,
            english,
        } = prefecture;
        let cut = |name: &str, suffixes: &[&str]| {
            let cut = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
            spelling::key(cut.filter(|_| code != HOKKAIDO).unwrap_or(name))
        };
        let english = spelling::key(english);
        let suffix = match name.chars().last() {
            Some('都') => "-to",
            Some('府') => "-fu",
            Some('県') => "-ken",
            _ => "",
        };
        PrefectureNames {
            long: [spelling::key(name), spelling::key(kana)],
            short: [
                cut(name, &["都", "府", "県"]),
                cut(kana, &["けん", "と", "ふ"]),
                format!("{english}{suffix}"),
                english,
            ],
        }
    }
}

/// The prefecture whose short name is the long one.
const HOKKAIDO: &str = "01";

impl Areas {
    pub fn new(all: Vec<Area>, former: Vec<FormerArea>, prefectures: Vec<Prefecture>) -> Areas {
        let points: Vec<(f64, f64)> = all.iter().map(|area| (area.latitude, area.longitude)).collect();
        let mut areas = Areas {
            geography: Arc::new(Geography::new(&points, lands(&all))),
            by_code: HashMap::new(),
            names: Names::default(),
            all,
            former,
            prefectures,
        };
        let present = (0..)
            .map(Known::Present)
            .zip(areas.all.iter().map(|area| &area.code));
        let former = (0..)
            .map(Known::Former)
            .zip(areas.former.iter().map(|area| &area.code));
        // The present area counts where a code stayed, and the last name of a former one.
        let by_code = former
            .chain(present)
            .filter_map(|(known, code)| Some((first_five(code)?.to_owned(), known)));
        areas.by_code = by_code.collect();
        areas.names = Names::of(&areas);
        areas
    }

    /// Looks up a code of six digits, or of five without the check digit.
    pub fn known(&self, code: &str) -> Option<Known> {
        let known = *self.by_code.get(first_five(code)?)?;
        let whole = match known {
            Known::Present(position) => self.at(position)?.code.as_str(),
            Known::Former(position) => self.former_at(position)?.code.as_str(),
        };
        (code.len() == 5 || code == whole).then_some(known)
    }

    /// Finds an area of today by its code of six or five digits.
    pub fn find(&self, code: &str) -> Option<&Area> {
        self.position(code).and_then(|position| self.at(position))
    }

    pub fn position(&self, code: &str) -> Option<EntryNo> {
        match self.known(code)? {
            Known::Present(position) => Some(position),
            Known::Former(_) => None,
        }
    }

    pub fn at(&self, position: EntryNo) -> Option<&Area> {
        self.all.get(usize::from(position))
    }

    pub fn former_at(&self, position: EntryNo) -> Option<&FormerArea> {
        self.former.get(usize::from(position))
    }

    /// Returns where something lies today: itself, or the areas that took a former one's place.
    pub fn today(&self, known: Known) -> Vec<EntryNo> {
        match known {
            Known::Present(position) => vec![position],
            Known::Former(former) => {
                let present = self.former_at(former).map(|former| &former.present);
                let codes = present.into_iter().flatten();
                codes.filter_map(|code| self.position(code)).collect()
            }
        }
    }

    /// Returns the areas whose full name, reading or English name contains the words of a text, in any spelling; if there are
    /// none, those that lie where a former municipality of such a name was. A code finds what has it.
    pub fn search(&self, text: &str) -> BTreeSet<EntryNo> {
        if let Some(known) = self.known(text.trim()) {
            return self.today(known).into_iter().collect();
        }
        let words: Vec<String> = text.split_whitespace().map(spelling::key).collect();
        let contained = |name: &str| words.iter().all(|word| name.contains(word));
        let all = (0..).zip(&self.names.searched);
        let found: BTreeSet<EntryNo> = all
            .filter(|(_, searched)| contained(searched))
            .map(|(i, _)| i)
            .collect();
        if !found.is_empty() {
            return found;
        }
        let named = self.names.spellings.iter().filter(|(name, _)| contained(name));
        named
            .flat_map(|(_, known)| known)
            .flat_map(|known| self.today(*known))
            .collect()
    }

    /// Returns for each area whether it is served.
    pub fn served(&self, asked: &ServedAreas) -> Result<Vec<bool>> {
        let ServedAreas::Only(codes) = asked else {
            return Ok(vec![true; self.all.len()]);
        };
        let mut served = vec![false; self.all.len()];
        for code in codes {
            let of_municipality = self
                .find(code)
                .map(|area| with_wards(&area.code))
                .unwrap_or_default();
            let is_meant = |area: &&Area| match code.len() {
                2 => area.code.starts_with(code.as_str()),
                _ => of_municipality.iter().any(|own| area.code == *own),
            };
            if !self.all.iter().any(|area| is_meant(&area)) {
                return Err(Error::Internal(format!(
                    "MUSUBI_AREAS: {code} is no prefecture or municipality of today"
                )));
            }
            for (area, served) in self.all.iter().zip(&mut served) {
                *served |= is_meant(&area);
            }
        }
        Ok(served)
    }

    /// Returns the prefecture of a code.
    pub fn prefecture(&self, code: &str) -> Option<&Prefecture> {
        let two = code.get(..2)?;
        self.prefectures.iter().find(|prefecture| prefecture.code == two)
    }

    /// Returns the name with what an address has before it: 東京都西多摩郡日の出町, 北海道札幌市中央区.
    pub fn full_name(&self, area: &Area) -> String {
        let prefecture = self
            .prefecture(&area.code)
            .map_or("", |prefecture| &prefecture.name);
        format!("{prefecture}{}{}", self.before(area), area.name)
    }

    /// Returns the English name with what stands behind it: Hinode-machi, Nishitama-gun, Tokyo.
    pub fn full_english(&self, area: &Area) -> String {
        let city = area.parent.as_ref().and_then(|city| self.find(city));
        let between = city.map(|city| &city.english).or(area.county_english.as_ref());
        let prefecture = self.prefecture(&area.code).map(|prefecture| &prefecture.english);
        let parts = [Some(&area.english), between, prefecture];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        parts.join(", ")
    }

    /// Returns what stands between the prefecture and the name: the county, or the city of a ward.
    fn before<'a>(&'a self, area: &'a Area) -> &'a str {
        let city = area.parent.as_ref().and_then(|city| self.find(city));
        city.map(|city| city.name.as_str())
            .or(area.county.as_deref())
            .unwrap_or_default()
    }
}

fn first_five(code: &str) -> Option<&str> {
    let is_code = matches!(code.len(), 5 | 6) && code.bytes().all(|b| b.is_ascii_digit());
    code.get(..5).filter(|_| is_code)
}

/// Numbers the lands: 0 is the mainland.
fn lands(areas: &[Area]) -> Vec<EntryNo> {
    let mut islands: Vec<&str> = areas.iter().filter_map(|area| area.island.as_deref()).collect();
    islands.sort_unstable();
    islands.dedup();
    let number = |island: &str| islands.binary_search(&island).map_or(0, |i| i as EntryNo + 1);
    let lands = areas.iter().map(|area| area.island.as_deref().map_or(0, number));
    lands.collect()
}

/// Returns the English name of an area as it is written: Minato-ku, Minato City, Minato Ward, City of Minato.
fn english_names(name: &str) -> Vec<String> {
    const KINDS: [(&str, &[&str]); 7] = [
        ("-ku", &["City", "Ward"]),
        ("-shi", &["City"]),
        ("-cho", &["Town"]),
        ("-machi", &["Town"]),
        ("-mura", &["Village"]),
        ("-son", &["Village"]),
        ("-gun", &[]),
    ];
    let kind = KINDS
        .iter()
        .find_map(|(suffix, words)| Some((name.strip_suffix(suffix)?, *words)));
    let (stem, words) = kind.unwrap_or((name, &[]));
    let named = words
        .iter()
        .flat_map(|word| [format!("{stem} {word}"), format!("{word} of {stem}")]);
    std::iter::once(name.to_owned()).chain(named).collect()
}

impl Names {
    fn of(areas: &Areas) -> Names {
        let mut names = Names {
            prefectures: areas.prefectures.iter().map(PrefectureNames::of).collect(),
            ..Names::default()
        };
        let mut mixed: Vec<(String, Known)> = Vec::new();
        for (i, area) in (0..).zip(&areas.all) {
            let (known, name) = (Known::Present(i), spelling::key(&area.name));
            let island = area.island.as_deref().unwrap_or_default();
            for before in ["", areas.before(area), island] {
                names.spell(spelling::key(before) + &name, known);
            }
            let city = area.parent.as_ref().and_then(|city| areas.find(city));
            for reading in readings(&area.kana) {
                if let Some(city) = city {
                    names.read(spelling::key(&city.kana) + &reading, known);
                }
                for (kana, kanji) in [("し", "市"), ("く", "区")] {
                    let stem = reading.strip_suffix(kana).filter(|_| name.ends_with(kanji));
                    mixed.extend(stem.map(|stem| (format!("{stem}{kanji}"), known)));
                }
                names.read(reading, known);
            }
            for english in english_names(&area.english) {
                names.read(spelling::key(&english), known);
                let full = areas.full_english(area).replacen(&area.english, &english, 1);
                names.read(spelling::key(&full), known);
            }
        }
        // みたか市, as some write it for children and foreigners; but みよし市 is the name of one.
        mixed.retain(|(name, _)| !names.spellings.contains_key(name));
        for (name, known) in mixed {
            names.spell(name, known);
        }
        let searched = |area: &Area| {
            let parts = [areas.full_name(area), area.kana.clone(), areas.full_english(area)];
            parts.map(|part| spelling::key(&part)).join(" ")
        };
        names.searched = areas.all.iter().map(searched).collect();
        for (i, area) in (0..).zip(&areas.former) {
            let name = spelling::key(&area.name);
            for before in ["", area.county.as_deref().unwrap_or_default()] {
                names.spell(spelling::key(before) + &name, Known::Former(i));
            }
        }
        let lengths = names.spellings.keys().map(|name| name.chars().count());
        names.longest = lengths.max().unwrap_or_default();
        names
    }

    fn spell(&mut self, name: String, known: Known) {
        add(self.spellings.entry(name).or_default(), known);
    }

    fn read(&mut self, reading: String, known: Known) {
        add(self.readings.entry(reading).or_default(), known);
    }
}

fn add(all: &mut Vec<Known>, known: Known) {
    if !all.contains(&known) {
        all.push(known);
    }
}

/// Returns the reading, and the other one that 町 or 村 at its end may have.
fn readings(kana: &str) -> Vec<String> {
    const OTHERS: [(&str, &str); 4] = [
        ("まち", "ちょう"),
        ("ちょう", "まち"),
        ("むら", "そん"),
        ("そん", "むら"),
    ];
    let other = |(this, other): &(&str, &str)| Some(format!("{}{other}", kana.strip_suffix(this)?));
    let others = OTHERS.iter().filter_map(other);
    [kana.to_owned()]
        .into_iter()
        .chain(others)
        .map(|kana| spelling::key(&kana))
        .collect()
}
