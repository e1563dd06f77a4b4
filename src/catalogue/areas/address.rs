//! Finds the municipality that a text names: a name, a code, a reading, or an address that begins with one.
//!
//! A name that several municipalities have is settled by the prefecture, county or city beside it, in the text or where
//! the sender wrote it (another column, a line above, a post code); otherwise by the areas that are served, if only one
//! of them has that name. What is left open is asked, never guessed.

use super::spelling::key;
use super::{Area, Areas, Known, Prefecture, PrefectureNames};
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

/// What a place beside a text tells about its name.
enum Around<'a> {
    Prefecture(&'a Prefecture),
    /// A city with wards.
    City(&'a Area),
}

impl Around<'_> {
    fn name(&self) -> &str {
        match self {
            Around::Prefecture(prefecture) => &prefecture.name,
            Around::City(city) => &city.name,
        }
    }

    fn has(&self, area: &Area) -> bool {
        match self {
            Around::Prefecture(prefecture) => area.code.starts_with(&prefecture.code),
            Around::City(city) => area.parent.as_ref() == Some(&city.code),
        }
    }
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
        if let Some((before, after)) = moved(key) {
            return self.read_move(before, after);
        }
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

    /// Reads a text beside which prefectures, cities with wards or post codes are written, the closest first. They settle a
    /// name that several municipalities have. If they contradict it, nothing does.
    pub fn read_beside(&self, text: &str, beside: &[&str]) -> Place {
        let alone = self.read(text);
        let own = key(text);
        let own_code = post_code(without_label(&own)).and_then(|code| self.of_post_code(code));
        if beside.is_empty() && own_code.is_none() {
            return alone;
        }
        let (areas, served) = (self.areas, &[][..]);
        let anywhere = Reader { areas, served }.read(text);
        let is_clear = matches!(anywhere, Place::Found { .. });
        let all = beside.iter().filter_map(|place| self.around(place));
        for around in all.chain(own_code.map(Around::Prefecture)) {
            let whole = self.read(&format!("{}{text}", around.name()));
            match (&whole, &around) {
                (Place::Found { area, .. }, _)
                    if self.areas.at(*area).is_some_and(|area| around.has(area)) =>
                {
                    return whole;
                }
                (Place::Several(_), Around::Prefecture(_)) if !is_clear => return whole,
                (_, Around::Prefecture(_)) if matches!(anywhere, Place::Several(_)) => return anywhere,
                _ => {}
            }
        }
        alone
    }

    /// Returns what a place tells about names beside it.
    fn around(&self, place: &str) -> Option<Around<'_>> {
        let key = key(place);
        let key = key.strip_suffix("知事").unwrap_or(&key);
        let by_code = |code: &str| {
            let mut all = self.areas.prefectures.iter();
            all.find(|prefecture| prefecture.code == code)
        };
        if let Some(code) = post_code(key) {
            return self.of_post_code(code).map(Around::Prefecture);
        }
        if key.bytes().all(|b| b.is_ascii_digit()) {
            let code = format!("{key:0>2}");
            let of_whole = code.get(..2).filter(|_| code.get(2..5) == Some("000"));
            let prefecture = by_code(&code).or_else(|| by_code(of_whole?));
            return prefecture
                .map(Around::Prefecture)
                .or_else(|| self.city(self.areas.find(&code)?));
        }
        let whole = |(prefecture, rest): (Option<_>, &str)| prefecture.filter(|_| rest.is_empty());
        let short = || {
            whole(
                self.short_prefecture(key)
                    .map_or((None, ""), |(short, rest)| (Some(short), rest)),
            )
        };
        if let Some(prefecture) = whole(self.prefecture(key)).or_else(short) {
            return Some(Around::Prefecture(prefecture));
        }
        match self.read(place) {
            Place::Found { area, .. } => self.city(self.areas.at(area)?),
            _ => None,
        }
    }

    fn city<'s>(&self, area: &'s Area) -> Option<Around<'s>> {
        let mut all = self.areas.all.iter();
        all.any(|ward| ward.parent.as_ref() == Some(&area.code))
            .then_some(Around::City(area))
    }

    /// Returns the prefecture in which most addresses with a post code lie, by its first two digits.
    fn of_post_code(&self, code: &str) -> Option<&Prefecture> {
        // Islands of Nagasaki have codes of Fukuoka.
        let prefecture = match code.get(..3)? {
            "817" => 42,
            _ => *OF_POST_CODES.get(code.get(..2)?.parse::<usize>().ok()?)?,
        };
        let code = format!("{prefecture:02}");
        self.areas.prefectures.iter().find(|one| one.code == code)
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

    /// Reads where somebody was before and is now. The place of before comes second.
    fn read_move(&self, before: &str, after: &str) -> Place {
        match (self.read(after), self.read(before)) {
            (Place::Found { area, former, .. }, Place::Found { area: left, .. }) => Place::Found {
                area,
                former,
                second: Some(left).filter(|left| *left != area),
            },
            (Place::Unknown, before) => before,
            (after, _) => after,
        }
    }

    fn read_parts(&self, text: &str, beside: &[String]) -> Place {
        if let Some(place) = self.read_code(text) {
            return place;
        }
        let (prefecture, rest) = self.prefecture(text);
        // 東京都 〒160-0023 新宿区
        let rest = without_post_code(rest);
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
        if NOT_THERE.contains(&named.rest) {
            return Place::Unknown;
        }
        // 北区　大阪府
        let behind = Some(named.rest).filter(|rest| self.prefecture(rest).0.is_some());
        let others = behind.or_else(|| next_place(named.rest));
        for place in beside.iter().map(String::as_str).chain(others) {
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
        // 中央区（札幌）
        let as_city = format!("{rest}市");
        let is_whole = |named: &Named| named.rest.is_empty();
        let whole = self.named(rest, prefecture);
        let is_short = whole.is_none();
        let Some(other) = whole.or_else(|| self.named(&as_city, prefecture).filter(is_whole)) else {
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
            // 足立区（綾瀬）: a quarter, not the city.
            _ if is_short => Beside::Nothing,
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

/// Behind a name: anywhere but there.
const NOT_THERE: [&str; 6] = ["外", "以外", "外在住", "外居住", "以外在住", "を除く"];

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

/// The prefecture of each beginning of a post code, 00 to 99. A few villages at a border have the code of the other side, so
/// it only chooses among municipalities of one name. Source: 日本郵便, 郵便番号データ.
#[rustfmt::skip]
const OF_POST_CODES: [u8; 100] = [
    1, 5, 3, 2, 1, 1, 1, 1, 1, 1, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13,
    13, 14, 14, 14, 14, 14, 12, 12, 12, 12, 8, 8, 9, 11, 11, 11, 11, 10, 20, 20,
    19, 22, 22, 22, 23, 23, 23, 23, 23, 23, 21, 24, 25, 27, 27, 27, 27, 27, 27, 27,
    26, 26, 26, 29, 30, 28, 28, 28, 31, 32, 33, 33, 34, 34, 35, 35, 37, 36, 39, 38,
    40, 40, 40, 40, 41, 42, 43, 44, 45, 46, 47, 18, 17, 16, 15, 15, 7, 7, 4, 6,
];

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

/// Returns the place of before and the place of now: 渋谷区→目黒区, 新宿区から中野区へ移転, 新宿区在勤・川口市在住.
fn moved(text: &str) -> Option<(&str, &str)> {
    const ARROWS: [&str; 5] = ["→", "⇒", "➡", "⇨", "->"];
    const MOVES: [&str; 6] = ["へ移転", "に移転", "へ転居", "に転居", "へ引越", "に引越"];
    if let Some(both) = ARROWS.iter().find_map(|arrow| text.split_once(arrow)) {
        return Some(both);
    }
    let of_move = MOVES.iter().find_map(|words| text.split_once(words));
    if let Some(both) = of_move.and_then(|(places, _)| places.split_once("から")) {
        return Some(both);
    }
    let (first, second) = text.split_once(SEPARATORS)?;
    let lives = |part: &str| part.ends_with("在住") || part.ends_with("居住");
    let works = |part: &str| {
        ["在勤", "在学", "勤務", "通勤", "通学"]
            .iter()
            .any(|word| part.ends_with(word))
    };
    match (lives(first), lives(second)) {
        (true, false) if works(second) => Some((second, first)),
        (false, true) if works(first) => Some((first, second)),
        _ => None,
    }
}

/// Removes what only says that a place follows.
fn without_label(text: &str) -> &str {
    const LABELS: [&str; 8] = [
        "郵便番号",
        "現住所",
        "住所",
        "所在地",
        "自宅",
        "日本国",
        "日本、",
        "日本〒",
    ];
    let label = LABELS.iter().find_map(|label| text.strip_prefix(label));
    let rest = label.map(|rest| rest.trim_start_matches(SEPARATORS));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(text)
}

/// Returns the post code that a text begins with, with or without 〒.
fn post_code(text: &str) -> Option<&str> {
    let rest = without_post_code(text);
    let marked = text.trim_start_matches('〒');
    (rest.len() < marked.len()).then_some(marked)
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
