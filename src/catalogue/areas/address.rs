//! Finds the municipality that a text names: a name, a code, a reading, or an address that begins with one.
//!
//! A name that several municipalities have is settled by the prefecture, county or city beside it; otherwise by the
//! areas that are served, if only one of them has that name. What is left open is asked, never guessed.

use super::spelling::key;
use super::{Areas, Known, Prefecture, PrefectureNames};
use matcher::EntryNo;

/// What a text says about a place.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    Found {
        area: EntryNo,
        /// The former municipality that the text names.
        former: Option<EntryNo>,
        /// Another municipality that the text names after this one.
        second: Option<EntryNo>,
    },
    /// Almost the name of this one.
    Proposed(EntryNo),
    /// One of these.
    Several(Vec<EntryNo>),
    /// A former municipality that was divided.
    Divided(EntryNo),
    /// A prefecture without a municipality.
    Prefecture,
    Unknown,
}

/// A name at the beginning of a text.
struct Named<'t> {
    meanings: Vec<Known>,
    /// The text behind the name.
    rest: &'t str,
    /// Whether a prefecture, county or city stands before it.
    is_placed: bool,
}

/// Reads texts for a server that serves some of the areas.
pub struct Reader<'a> {
    pub areas: &'a Areas,
    pub served: &'a [bool],
}

impl Reader<'_> {
    pub fn read(&self, text: &str) -> Place {
        let key = key(text);
        let key = without_post_code(without_label(&key));
        let (outside, inside) = split_brackets(key);
        let place = match (outside.is_empty(), inside.split_first()) {
            (true, Some((first, others))) => self.read_parts(first, others),
            _ => self.read_parts(&outside, &inside),
        };
        match place {
            Place::Several(several) => self.as_spelled(several, text),
            other => other,
        }
    }

    /// Tells apart names that differ in a variant of a kanji only: 鹿嶋市 in Ibaraki and 鹿島市 in Saga.
    fn as_spelled(&self, several: Vec<EntryNo>, text: &str) -> Place {
        let name = |area: &EntryNo| self.areas.at(*area).map_or("", |area| &area.name);
        let spelled: Vec<&EntryNo> = several.iter().filter(|area| text.contains(name(area))).collect();
        let one_key = several
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if key(name(a)) == key(name(b))));
        match spelled[..] {
            [area] if one_key => Place::Found {
                area: *area,
                former: None,
                second: None,
            },
            _ => Place::Several(several),
        }
    }

    fn read_parts(&self, text: &str, beside: &[String]) -> Place {
        if let Some(place) = self.read_code(text) {
            return place;
        }
        let (prefecture, rest) = self.prefecture(text);
        let named = self
            .named(rest, prefecture)
            .or_else(|| self.after_a_short_prefecture(text));
        match named.map(|named| self.settle(named, beside)) {
            // 東村山 begins with 東村 in Okinawa, and means 東村山市.
            Some(Place::Proposed(area)) => match self.read_otherwise(text, prefecture, rest) {
                Place::Unknown => Place::Proposed(area),
                whole => whole,
            },
            Some(place) => place,
            None => self.read_otherwise(text, prefecture, rest),
        }
    }

    /// Reads a code, which a name may follow. A leading zero may be missing.
    fn read_code(&self, text: &str) -> Option<Place> {
        let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let code = text.strip_suffix(rest).unwrap_or(text);
        let restored = || self.areas.known(&format!("0{code}")).filter(|_| rest.is_empty());
        let found = self.choose(&[self.areas.known(code).or_else(restored)?]);
        let rest = rest.trim_start_matches(SEPARATORS);
        Some(match (found, self.named(self.prefecture(rest).1, None)) {
            // A code and the name of somewhere else.
            (Place::Found { area, .. }, Some(named)) if !named.means(self.areas, area) => {
                let others = named.meanings.iter().flat_map(|known| self.areas.today(*known));
                Place::Several([area].into_iter().chain(others).collect())
            }
            (found, _) => found,
        })
    }

    /// Returns the prefecture that a text begins with, and the text behind it.
    fn prefecture<'t>(&self, text: &'t str) -> (Option<&Prefecture>, &'t str) {
        let all = self.areas.prefectures.iter().zip(&self.areas.names.prefectures);
        let begins = |names: &PrefectureNames| {
            names
                .long
                .iter()
                .find_map(|name| text.strip_prefix(name.as_str()))
        };
        let found = all
            .into_iter()
            .find_map(|(prefecture, names)| Some((prefecture, begins(names)?)));
        found.map_or((None, text), |(prefecture, rest)| (Some(prefecture), rest))
    }

    /// Returns the prefecture with a short name, such as 東京, and the text behind it.
    fn short_prefecture<'t>(&self, text: &'t str) -> Option<(&Prefecture, &'t str)> {
        let all = self.areas.prefectures.iter().zip(&self.areas.names.prefectures);
        let begins = |names: &PrefectureNames| {
            names
                .short
                .iter()
                .find_map(|name| text.strip_prefix(name.as_str()))
        };
        all.into_iter()
            .find_map(|(prefecture, names)| Some((prefecture, begins(names)?)))
    }

    /// Finds a name behind a prefecture that is written short: 東京新宿区, Tokyo新宿区.
    fn after_a_short_prefecture<'t>(&self, text: &'t str) -> Option<Named<'t>> {
        let (prefecture, rest) = self.short_prefecture(text)?;
        self.named(rest.trim_start_matches(SEPARATORS), Some(prefecture))
    }

    /// Finds the longest name that a text begins with, or the reading that it consists of.
    fn named<'t>(&self, text: &'t str, prefecture: Option<&Prefecture>) -> Option<Named<'t>> {
        let within = |all: &Vec<Known>| -> Vec<Known> {
            let all = all.iter().copied();
            all.filter(|known| prefecture.is_none_or(|p| self.code(*known).starts_with(&p.code)))
                .collect()
        };
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
        let ends: Vec<usize> = ends.take(self.areas.names.longest).collect();
        let spelled = ends.iter().rev().find_map(|end| {
            let (name, rest) = text.split_at_checked(*end)?;
            let meanings = within(self.areas.names.spellings.get(name)?);
            let is_bare = |known: &Known| key(self.name(*known)) == name;
            let is_placed = prefecture.is_some() || !meanings.iter().any(is_bare);
            (!meanings.is_empty()).then_some(Named {
                meanings,
                rest,
                is_placed,
            })
        });
        let read = || {
            let meanings = within(self.areas.names.readings.get(text)?);
            (!meanings.is_empty()).then_some(Named {
                meanings,
                rest: "",
                is_placed: true,
            })
        };
        // 北海道胆振総合振興局…, 東京都大島支庁…
        let of_branch = || {
            let branch = ["支庁", "振興局"]
                .into_iter()
                .find_map(|office| text.split_once(office));
            self.named(branch?.1, Some(prefecture?))
        };
        spelled.or_else(read).or_else(of_branch)
    }

    fn code(&self, known: Known) -> &str {
        match known {
            Known::Present(i) => self.areas.at(i).map_or("", |area| &area.code),
            Known::Former(i) => self.areas.former_at(i).map_or("", |area| &area.code),
        }
    }

    fn name(&self, known: Known) -> &str {
        match known {
            Known::Present(i) => self.areas.at(i).map_or("", |area| &area.name),
            Known::Former(i) => self.areas.former_at(i).map_or("", |area| &area.name),
        }
    }

    fn is_served(&self, area: EntryNo) -> bool {
        self.served.get(usize::from(area)).copied().unwrap_or_default()
    }

    /// Decides what a name means, by what stands beside and behind it.
    fn settle(&self, mut named: Named, beside: &[String]) -> Place {
        let mut second = None;
        for place in beside.iter().map(String::as_str).chain(next_place(named.rest)) {
            match self.narrow(&mut named, place) {
                Beside::Nothing | Beside::Settles => {}
                Beside::Another(area) => second = second.or(Some(area)),
                Beside::Contradicts => return self.propose(&named.meanings),
            }
        }
        let found = self.choose(&named.meanings);
        match found {
            Place::Found { area, .. } if !named.is_placed && self.is_street(area, &named) => {
                Place::Proposed(area)
            }
            Place::Found { area, former, .. } => Place::Found {
                area,
                former,
                second: second.filter(|second| *second != area),
            },
            open => open,
        }
    }

    /// Returns whether the name may be that of a street or quarter: 栄町1-2 is often one in a city nearby, not the town
    /// in another prefecture.
    fn is_street(&self, area: EntryNo, named: &Named) -> bool {
        let is_town = |known: &Known| self.name(*known).ends_with(['町', '村']);
        !self.is_served(area) && !named.rest.is_empty() && named.meanings.iter().any(is_town)
    }

    /// Keeps the meanings that fit a place beside the name: its prefecture, county or city, or one of a city's wards.
    fn narrow(&self, named: &mut Named, beside: &str) -> Beside {
        let (prefecture, rest) = self.prefecture(beside);
        let short = self.short_prefecture(beside).filter(|(_, rest)| rest.is_empty());
        let prefecture_only = prefecture
            .filter(|_| rest.is_empty())
            .or(short.map(|(short, _)| short));
        if let Some(prefecture) = prefecture_only {
            let fits = |known: &Known| self.code(*known).starts_with(&prefecture.code);
            return named.keep(fits, Beside::Contradicts);
        }
        let county = |known: &Known| match known {
            Known::Present(i) => self.areas.at(*i).and_then(|area| area.county.as_deref()),
            Known::Former(i) => self.areas.former_at(*i).and_then(|area| area.county.as_deref()),
        };
        if named.keep(
            |known| county(known).is_some_and(|name| key(name) == rest),
            Beside::Nothing,
        ) == Beside::Settles
        {
            return Beside::Settles;
        }
        let Some(other) = self.named(rest, prefecture) else {
            return Beside::Nothing;
        };
        let places: Vec<EntryNo> = other
            .meanings
            .iter()
            .flat_map(|known| self.areas.today(*known))
            .collect();
        let city = |area: EntryNo| {
            let city = self.areas.at(area)?.parent.as_ref()?;
            self.areas.position(city)
        };
        // 札幌市（中央区）
        let here: Vec<EntryNo> = named
            .meanings
            .iter()
            .flat_map(|known| self.areas.today(*known))
            .collect();
        let is_ward = |ward: &&EntryNo| city(**ward).is_some_and(|city| here.contains(&city));
        if let Some(ward) = places.iter().find(is_ward) {
            named.meanings = vec![Known::Present(*ward)];
            return Beside::Settles;
        }
        // 中央区（札幌市）
        let fits = |known: &Known| {
            let today = self.areas.today(*known);
            today
                .iter()
                .any(|area| places.contains(area) || city(*area).is_some_and(|city| places.contains(&city)))
        };
        let another = match self.choose(&other.meanings) {
            Place::Found { area, .. } if other.rest.is_empty() || self.is_served(area) => {
                Beside::Another(area)
            }
            _ => Beside::Nothing,
        };
        named.keep(fits, another)
    }

    /// Chooses among the meanings of a name: areas of today before former ones, then the only one that is served.
    fn choose(&self, meanings: &[Known]) -> Place {
        let is_present = |known: &&Known| matches!(known, Known::Present(_));
        let present: Vec<Known> = meanings.iter().filter(is_present).copied().collect();
        let meanings = if present.is_empty() { meanings } else { &present };
        let found = |known: &Known, area| Place::Found {
            area,
            former: match known {
                Known::Present(_) => None,
                Known::Former(former) => Some(*former),
            },
            second: None,
        };
        let mut all: Vec<(EntryNo, &Known)> = Vec::new();
        for known in meanings {
            for area in self.areas.today(*known) {
                if all.iter().all(|(other, _)| *other != area) {
                    all.push((area, known));
                }
            }
        }
        let served: Vec<&(EntryNo, &Known)> = all.iter().filter(|(area, _)| self.is_served(*area)).collect();
        match (&all[..], &served[..], meanings) {
            ([], _, _) => Place::Unknown,
            ([(area, known)], ..) | (_, [(area, known)], [_, _, ..]) => found(known, *area),
            (_, _, [Known::Former(divided)]) => Place::Divided(*divided),
            _ => Place::Several(all.into_iter().map(|(area, _)| area).collect()),
        }
    }

    /// Proposes what is almost meant.
    fn propose(&self, meanings: &[Known]) -> Place {
        match self.choose(meanings) {
            Place::Found { area, .. } => Place::Proposed(area),
            open => open,
        }
    }

    /// Reads an address that begins with the street: 1-2-3 Ebisu, Shibuya-ku, Tokyo 150-0013.
    fn read_backwards(&self, text: &str) -> Option<Place> {
        let is_number = |c: char| c.is_ascii_digit() || "-〒".contains(c);
        let parts: Vec<&str> = text
            .split(',')
            .map(|part| part.trim_end_matches(is_number))
            .collect();
        let mut named = parts.iter().enumerate().filter_map(|(at, part)| {
            let named = self.named(part, None).filter(|named| named.rest.is_empty());
            named.map(|named| (at, named))
        });
        let (at, named) = named.next().filter(|_| text.is_ascii() && parts.len() > 1)?;
        let beside: Vec<String> = parts
            .iter()
            .skip(at + 1)
            .filter(|part| !part.is_empty() && **part != "japan")
            .map(|part| (*part).to_owned())
            .collect();
        Some(self.settle(named, &beside))
    }

    /// Reads a text that doesn't begin with a name.
    fn read_otherwise(&self, text: &str, prefecture: Option<&Prefecture>, rest: &str) -> Place {
        const WHOLE: [&str; 9] = ["", "内", "全域", "全体", "一円", "下", "その他", "23区", "23区内"];
        const SOMEWHERE: [&str; 9] = [
            "都内", "道内", "府内", "県内", "市内", "区内", "全国", "23区", "23区内",
        ];
        let short = self.short_prefecture(text).map(|(_, rest)| rest);
        if prefecture.is_some() && WHOLE.contains(&rest)
            || SOMEWHERE.contains(&text)
            || short.is_some_and(|rest| WHOLE.contains(&rest))
        {
            return Place::Prefecture;
        }
        if let Some(place) = self.read_backwards(text) {
            return place;
        }
        // 新宿 for 新宿区, Nerima for Nerima-ku, 三宅島 for 三宅村
        const SUFFIXES: [&str; 4] = ["区", "市", "町", "村"];
        const ENGLISH: [&str; 5] = ["-ku", "-shi", "-machi", "-cho", "-mura"];
        let suffixes: &[&str] = if rest.is_ascii() { &ENGLISH } else { &SUFFIXES };
        let suffixed: Vec<String> = suffixes.iter().map(|suffix| format!("{rest}{suffix}")).collect();
        let whole = |name: &String| {
            let named = self.named(name, prefecture).filter(|named| named.rest.is_empty());
            named.map(|named| named.meanings)
        };
        let mut meanings: Vec<Known> = suffixed.iter().filter_map(whole).flatten().collect();
        if meanings.is_empty() {
            let of_island = (0..).zip(&self.areas.all).filter(|(_, area)| {
                let island = area.island.as_deref();
                island.is_some_and(|island| key(island) == rest)
            });
            meanings = of_island.map(|(i, _)| Known::Present(i)).collect();
        }
        // A wrong prefecture or county.
        if meanings.is_empty() {
            let behind = rest.split_once('郡').map_or(rest, |(_, behind)| behind);
            let named = self
                .named(behind, prefecture)
                .or_else(|| self.named(behind, None));
            meanings = named
                .filter(|_| behind != text)
                .map(|named| named.meanings)
                .unwrap_or_default();
        }
        self.propose(&meanings)
    }
}

#[derive(PartialEq)]
enum Beside {
    Nothing,
    Settles,
    Another(EntryNo),
    Contradicts,
}

impl Named<'_> {
    /// Keeps the meanings that fit, or all if none does.
    fn keep(&mut self, fits: impl Fn(&Known) -> bool, otherwise: Beside) -> Beside {
        if !self.meanings.iter().any(&fits) {
            return otherwise;
        }
        self.meanings.retain(fits);
        self.is_placed = true;
        Beside::Settles
    }

    fn means(&self, areas: &Areas, area: EntryNo) -> bool {
        let mut today = self.meanings.iter().flat_map(|known| areas.today(*known));
        let city = areas
            .at(area)
            .and_then(|area| areas.position(area.parent.as_ref()?));
        let is_it = |other: EntryNo| {
            let others_city = areas
                .at(other)
                .and_then(|other| areas.position(other.parent.as_ref()?));
            other == area || city == Some(other) || others_city == Some(area)
        };
        today.any(is_it)
    }
}

/// What stands between two places, as it is after folding.
const SEPARATORS: [char; 13] = ['・', '、', '，', ',', '/', '&', '+', ';', ':', '-', '_', '|', '･'];

/// Returns the text after a separator, if there is one at the beginning.
fn next_place(rest: &str) -> Option<&str> {
    let after = rest.trim_start_matches(SEPARATORS);
    let joined = ["と", "および", "及び", "または", "又は"]
        .into_iter()
        .find_map(|word| rest.strip_prefix(word));
    joined
        .or((after.len() < rest.len()).then_some(after))
        .filter(|after| !after.is_empty())
}

/// Removes what only says that a place follows.
fn without_label(text: &str) -> &str {
    const LABELS: [&str; 5] = ["郵便番号", "現住所", "住所", "所在地", "自宅"];
    let label = LABELS.iter().find_map(|label| text.strip_prefix(label));
    let rest = label.map(|rest| rest.trim_start_matches(SEPARATORS));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(text)
}

/// Removes a post code, with or without 〒, from the beginning.
fn without_post_code(text: &str) -> &str {
    let marked = text.trim_start_matches('〒');
    let digits =
        |text: &str, count| text.len() >= count && text.bytes().take(count).all(|b| b.is_ascii_digit());
    let rest = marked.get(3..).filter(|_| digits(marked, 3));
    let rest = rest.map(|rest| rest.trim_start_matches(['-', '‐', '‑', '–', '—', '−', 'ー', '―']));
    let rest = rest.filter(|rest| digits(rest, 4)).and_then(|rest| rest.get(4..));
    let is_alone = |rest: &&str| !rest.starts_with(|c: char| c.is_ascii_digit());
    rest.filter(is_alone).unwrap_or(marked)
}

/// Separates what stands outside of brackets from what stands inside.
fn split_brackets(text: &str) -> (String, Vec<String>) {
    const OPENING: [char; 9] = ['(', '[', '{', '【', '〔', '「', '『', '<', '〈'];
    const CLOSING: [char; 9] = [')', ']', '}', '】', '〕', '」', '』', '>', '〉'];
    let (mut outside, mut inside) = (String::new(), Vec::new());
    for (i, part) in text.split(OPENING).enumerate() {
        let (within, after) = match part.split_once(CLOSING) {
            Some((within, after)) if i > 0 => (within, after),
            _ if i > 0 => (part, ""),
            _ => ("", part),
        };
        inside.extend(Some(within.to_owned()).filter(|within| !within.is_empty()));
        outside.push_str(after);
    }
    (outside, inside)
}
