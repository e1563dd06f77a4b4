//! Days and parts of days as people write them: 土曜午前, 月・水の午前, 月〜金, 平日18時以降, 第2土曜, 土日以外.
//!
//! A part goes for all days of the list before it, and several parts stay on those days; the next day begins
//! another list. Hours count as the parts of which they cover two hours or more.

use crate::catalogue::{DayPart, calendar::DAY_PARTS};
use tables::Remark;
use tables::cells::CellResult;
use text::fold;

const ALL_DAYS: u8 = 0b111_1111;
const ALL_PARTS: u8 = 0b111;

/// What a cell says about days.
#[derive(Debug, Default, PartialEq)]
pub struct Days {
    pub parts: Vec<DayPart>,
    /// What can't be read of it.
    pub unknown: Vec<String>,
    /// Whether it says more than the parts do: which week of the month, how often.
    pub is_inexact: bool,
    pub says: Says,
}

/// What a cell names. Days and parts may stand in columns side by side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Says {
    #[default]
    Both,
    Days,
    Parts,
}

/// Puts together what several cells of a row say: days in one and times in another mean these times of these days.
pub fn together(cells: &[(Says, Vec<DayPart>)]) -> Vec<DayPart> {
    let all = |says: Says| {
        let those = cells.iter().filter(|(own, _)| *own == says);
        those
            .flat_map(|(_, parts)| parts.iter().copied())
            .collect::<Vec<_>>()
    };
    let (mut days, parts) = (all(Says::Days), all(Says::Parts));
    match (days.is_empty(), parts.is_empty()) {
        (false, false) => days.retain(|part| parts.contains(part)),
        _ => days.extend(parts),
    }
    days.extend(all(Says::Both));
    days
}

/// Parses day-parts, if all of the cell can be read.
pub fn day_parts(cell: &str) -> CellResult<Vec<DayPart>> {
    let days = read(cell)?;
    match days.unknown.first() {
        None => Ok(days.parts),
        Some(unknown) => Err(invalid(unknown)),
    }
}

/// Reads what a cell says about days, as far as it can be read.
pub fn read(cell: &str) -> CellResult<Days> {
    if cell.starts_with('[')
        && let Ok(items) = serde_json::from_str::<Vec<String>>(cell)
    {
        return match items.is_empty() {
            true => Ok(Days::default()),
            false => read(&items.join("、")),
        };
    }
    let mut reader = Reader::default();
    let text: String = fold(cell)
        .chars()
        .filter(|c| !c.is_whitespace() || *c == '\n')
        .collect();
    let mut rest = text.as_str();
    while let Some(next) = rest.chars().next() {
        rest = match reader.token(rest) {
            Some(tail) => tail,
            None => {
                reader.unknown.push(next);
                reader.is_within_words = true;
                rest.get(next.len_utf8()..).unwrap_or_default()
            }
        };
    }
    reader.finish(cell)
}

fn invalid(text: &str) -> Remark {
    let text: String = text.chars().take(80).collect();
    Remark::new(
        "invalid_day_part",
        format!(
            "「{text}」は曜日や時間帯として読み取れません。「土曜午前」「平日夜」のように入力してください。"
        ),
        format!("{text:?} is not a weekday or time of day. Write it like saturday_morning or 平日夜."),
    )
}

/// Reads a reading of days word by word.
#[derive(Default)]
struct Reader {
    set: u32,
    days: u8,
    parts: u8,
    /// The last day that was named, and whether a range to the next day is open.
    last_day: Option<u8>,
    is_range: bool,
    /// Whether parts were named since the last day.
    has_parts: bool,
    unknown: String,
    unknowns: Vec<String>,
    is_inexact: bool,
    is_excluded: bool,
    /// The days that a list isn't about: 水曜以外の平日.
    except: u32,
    /// Whether what comes next belongs to words that can't be read: the 日 of 休みの日 is no Sunday.
    is_within_words: bool,
    has_named_days: bool,
    has_named_parts: bool,
}

const ANY: [&str; 12] = [
    "いつでも",
    "毎日",
    "全日",
    "不問",
    "随時",
    "問わない",
    "問わず",
    "曜日不問",
    "全曜日",
    "いつでも可",
    "anytime",
    "everyday",
];
const DAYS: [(&str, u8); 34] = [
    ("土日祝日", 0b110_0000),
    ("土日祝", 0b110_0000),
    ("土日", 0b110_0000),
    ("平日", 0b001_1111),
    ("週末", 0b110_0000),
    ("休日", 0b110_0000),
    ("weekdays", 31),
    ("weekday", 31),
    ("weekends", 96),
    ("weekend", 96),
    ("monday", 1),
    ("tuesday", 2),
    ("wednesday", 4),
    ("thursday", 8),
    ("friday", 16),
    ("saturday", 32),
    ("sunday", 64),
    ("mon", 1),
    ("tue", 2),
    ("wed", 4),
    ("thu", 8),
    ("fri", 16),
    ("sat", 32),
    ("sun", 64),
    ("祝日", 64),
    ("月", 1),
    ("火", 2),
    ("水", 4),
    ("木", 8),
    ("金", 16),
    ("土", 32),
    ("日", 64),
    ("祝", 64),
    ("holidays", 64),
];
const PARTS: [(&str, u8); 22] = [
    ("午前中", 1),
    ("午前", 1),
    ("朝", 1),
    ("午後", 2),
    ("昼間", 2),
    ("昼", 2),
    ("日中", 3),
    ("夕方以降", 4),
    ("夕方", 4),
    ("夜間", 4),
    ("夜", 4),
    ("終日", 7),
    ("一日中", 7),
    ("1日中", 7),
    ("am", 1),
    ("pm", 2),
    ("mornings", 1),
    ("afternoons", 2),
    ("evenings", 4),
    ("morning", 1),
    ("afternoon", 2),
    ("evening", 4),
];
/// Words that change nothing.
const NEUTRAL: [&str; 46] = [
    "または",
    "もしくは",
    "又は",
    "あるいは",
    "および",
    "及び",
    "いずれも",
    "or",
    "and",
    "それぞれ",
    "か",
    "や",
    "+",
    "毎週",
    "曜日",
    "曜",
    "のみ",
    "の",
    "は",
    "なら",
    "であれば",
    "だけ",
    "中心",
    "希望",
    "可能",
    "可",
    "できれば",
    "主に",
    "ok",
    "参加",
    "活動",
    "・",
    "、",
    ",",
    ";",
    "/",
    "|",
    "\n",
    "(",
    ")",
    "_",
    "。",
    "・",
    "&",
    "と",
    "も",
];
/// Words that say how often, which day-parts can't.
const OFTEN: [&str; 6] = ["隔週", "毎月", "月に", "不定期", "程度", "くらい"];
const RANGE: [&str; 7] = ["~", "〜", "-", "–", "ー", "から", "―"];
const EXCEPT: [&str; 7] = ["以外", "を除く", "は除く", "除く", "を除き", "は不可", "不可"];

impl Reader {
    /// Reads a word, and returns what follows it.
    fn token<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let strip = |word: &str| text.strip_prefix(word);
        let is_within_words = std::mem::take(&mut self.is_within_words);
        if let Some(tail) = EXCEPT.iter().find_map(|word| strip(word)) {
            self.end_unknown();
            if let Some(named) = tail.strip_prefix('の').filter(|_| self.set == 0) {
                self.except |= self.take();
                self.is_excluded |= self.except != 0;
                return Some(named);
            }
            self.exclude();
            return Some(tail);
        }
        if let Some(tail) = ANY.iter().find_map(|word| strip(word)) {
            self.begin_days(ALL_DAYS);
            return Some(tail);
        }
        if let Some(tail) = ordinal(text).or_else(|| often(text)) {
            self.is_inexact = true;
            return Some(tail);
        }
        if let Some((hours, tail)) = hours(text) {
            self.add_parts(hours);
            return Some(tail);
        }
        let find = |list: &[(&str, u8)]| list.iter().find_map(|(word, set)| Some((strip(word)?, *set)));
        if let Some((tail, set)) = find(&PARTS) {
            self.add_parts(set);
            return Some(tail);
        }
        if let Some((tail, set)) = find(&DAYS) {
            // 月末, 日によって, 来月, 休みの日: a character within other words is no day.
            let is_character = text
                .chars()
                .next()
                .is_some_and(|c| text.len() - tail.len() == c.len_utf8());
            let is_sure = !is_character || tail.starts_with('曜');
            if !is_sure && (is_within_words || !is_word_at(tail)) {
                return None;
            }
            self.begin_days(set);
            return Some(tail);
        }
        if self.last_day.is_some()
            && !self.has_parts
            && let Some(tail) = RANGE.iter().find_map(|word| strip(word))
        {
            self.is_range = true;
            return Some(tail);
        }
        let tail = NEUTRAL.iter().find_map(|word| strip(word))?;
        self.end_unknown();
        self.is_within_words = is_within_words && text.starts_with('の');
        Some(tail)
    }

    fn begin_days(&mut self, set: u8) {
        self.end_unknown();
        self.has_named_days = true;
        if self.has_parts && self.days != 0 {
            self.flush();
        }
        let days = match self.last_day.filter(|_| self.is_range && set.is_power_of_two()) {
            Some(from) => between(from, set),
            None => set,
        };
        self.is_range = false;
        self.last_day = set.is_power_of_two().then_some(set);
        self.days |= days;
    }

    fn add_parts(&mut self, set: u8) {
        self.end_unknown();
        self.has_named_parts = true;
        self.parts |= set;
        self.has_parts = true;
        self.is_range = false;
    }

    fn end_unknown(&mut self) {
        if !self.unknown.is_empty() {
            self.unknowns.push(std::mem::take(&mut self.unknown));
        }
    }

    /// Returns the parts of the days since the last list.
    fn take(&mut self) -> u32 {
        let is_empty = self.days == 0 && self.parts == 0;
        let days = if self.days == 0 { ALL_DAYS } else { self.days };
        let parts = if self.parts == 0 { ALL_PARTS } else { self.parts };
        (self.days, self.parts, self.has_parts, self.last_day) = (0, 0, false, None);
        let of_day = |day: u32| match days & (1 << day) != 0 {
            true => u32::from(parts) << (3 * day),
            false => 0,
        };
        if is_empty { 0 } else { (0..7).map(of_day).sum() }
    }

    fn flush(&mut self) {
        self.set |= self.take();
    }

    /// Takes the last list of days away from those before it, or from all.
    fn exclude(&mut self) {
        let gone = self.take();
        let from = match self.set {
            0 => (1 << DAY_PARTS) - 1,
            set => set,
        };
        self.is_excluded |= gone != 0;
        self.set = from & !gone;
    }

    fn finish(mut self, cell: &str) -> CellResult<Days> {
        self.end_unknown();
        self.flush();
        if self.except != 0 {
            let from = if self.set == 0 {
                (1 << DAY_PARTS) - 1
            } else {
                self.set
            };
            self.set = from & !self.except;
        }
        let denies = |text: &String| {
            ["不可", "ng", "できな", "無理", "×"]
                .iter()
                .any(|word| text.contains(word))
        };
        if (self.set == 0 && !self.is_excluded) || self.unknowns.iter().any(denies) {
            return Err(invalid(cell));
        }
        let parts = (0..DAY_PARTS).filter(|i| self.set & (1 << i) != 0);
        Ok(Days {
            parts: parts.filter_map(DayPart::at).collect(),
            unknown: self.unknowns,
            is_inexact: self.is_inexact,
            says: match (self.has_named_days, self.has_named_parts) {
                (true, false) => Says::Days,
                (false, true) => Says::Parts,
                _ => Says::Both,
            },
        })
    }
}

/// Returns whether a text is at its end, or goes on with a word that is known beside days.
fn is_word_at(text: &str) -> bool {
    let begins = |word: &&str| text.starts_with(*word);
    let lists = ANY
        .iter()
        .chain(&NEUTRAL)
        .chain(&OFTEN)
        .chain(&RANGE)
        .chain(&EXCEPT);
    let words = DAYS.iter().chain(&PARTS).map(|(word, _)| word);
    text.is_empty()
        || text.starts_with(|c: char| c.is_ascii_digit())
        || lists.chain(words).any(begins)
        || ordinal(text).is_some()
        || often(text).is_some()
}

/// Returns the days from one to another, over the end of the week if need be.
fn between(from: u8, to: u8) -> u8 {
    let (mut day, mut set) = (from, 0);
    for _ in 0..7 {
        set |= day;
        if day == to {
            break;
        }
        day = if day == 64 { 1 } else { day << 1 };
    }
    set
}

fn digits(text: &str) -> (Option<u8>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    (number.parse().ok(), rest)
}

/// Reads 第2, 第2・4, 第1と第3.
fn ordinal(text: &str) -> Option<&str> {
    let (number, mut rest) = digits(text.strip_prefix('第')?);
    number?;
    while let Some(more) = rest.strip_prefix(['・', ',', '、', '.', 'と']) {
        let (next, tail) = digits(more.strip_prefix('第').unwrap_or(more));
        if next.is_none() {
            break;
        }
        rest = tail;
    }
    Some(rest.strip_prefix('週').unwrap_or(rest))
}

/// Reads 隔週, 月2回, 週1〜2回, 月に1度.
fn often(text: &str) -> Option<&str> {
    let counted = ["毎月", "月に", "週に", "月", "週", "年"]
        .iter()
        .find_map(|word| {
            let rest = text.strip_prefix(word)?;
            let end = rest.find(|c: char| !c.is_ascii_digit() && !"~〜-".contains(c))?;
            let rest = rest.get(end..).filter(|_| end > 0)?;
            ["回程度", "回以上", "回", "日程度", "日", "度"]
                .iter()
                .find_map(|unit| rest.strip_prefix(unit))
        });
    counted.or_else(|| OFTEN.iter().find_map(|word| text.strip_prefix(word)))
}

/// Reads 18時以降, 10時〜15時, 10:00-12:00, 〜17時, and returns the parts of the day.
fn hours(text: &str) -> Option<(u8, &str)> {
    let range = |text: &str| {
        RANGE
            .iter()
            .find_map(|word| text.strip_prefix(word).map(str::len))
    };
    let after_range = |text: &'_ str| range(text).and_then(|left| text.len().checked_sub(left));
    if let Some(at) = after_range(text) {
        let (to, rest) = clock(text.get(at..)?)?;
        return Some((parts_of(0, to), rest.strip_prefix("まで").unwrap_or(rest)));
    }
    let (from, rest) = clock(text)?;
    for word in ["以降", "以後", "過ぎ", "より後", "すぎ"] {
        if let Some(rest) = rest.strip_prefix(word) {
            return Some((parts_of(from, 24), rest));
        }
    }
    for word in ["まで", "以前", "前"] {
        if let Some(rest) = rest.strip_prefix(word) {
            return Some((parts_of(0, from), rest));
        }
    }
    if let Some(at) = after_range(rest) {
        let rest = rest.get(at..)?;
        return Some(match clock(rest) {
            Some((to, rest)) if to > from => (parts_of(from, to), rest.strip_prefix("まで").unwrap_or(rest)),
            _ => (parts_of(from, 24), rest),
        });
    }
    Some((parts_of(from, from + 1), rest))
}

/// Reads 18時, 18時30分, 18:30.
fn clock(text: &str) -> Option<(u8, &str)> {
    let (hour, rest) = digits(text);
    let hour = hour.filter(|hour| *hour <= 24)?;
    if let Some(rest) = rest.strip_prefix('時') {
        if let Some(rest) = rest.strip_prefix('半') {
            return Some((hour, rest));
        }
        let (minutes, after) = digits(rest);
        let after = minutes.and_then(|_| after.strip_prefix('分'));
        return Some((hour, after.unwrap_or(rest)));
    }
    let (minutes, rest) = digits(rest.strip_prefix(':')?);
    minutes.map(|_| (hour, rest))
}

/// Returns the parts of which the hours cover two or more; else the one in which they begin.
fn parts_of(from: u8, to: u8) -> u8 {
    const BOUNDS: [(u8, u8, u8); 3] = [(0, 12, 1), (12, 18, 2), (18, 24, 4)];
    let covered = |(begin, end, set): &(u8, u8, u8)| {
        let hours = to.min(*end).saturating_sub(from.max(*begin));
        (hours >= 2).then_some(*set)
    };
    let set: u8 = BOUNDS.iter().filter_map(covered).sum();
    let first = BOUNDS
        .iter()
        .find(|(begin, end, _)| (*begin..*end).contains(&from));
    if set == 0 {
        first.map_or(4, |(_, _, set)| *set)
    } else {
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(cell: &str) -> String {
        let parts = read(cell).unwrap().parts.into_iter().map(String::from);
        let short = parts.map(|code| {
            let (day, part) = code.split_once('_').unwrap();
            format!("{}{}", &day[..2], &part[..1])
        });
        short.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn days_and_parts_as_people_write_them() {
        for (cell, expected) in [
            ("土曜午前", "sam"),
            ("月・水の午前", "mom wem"),
            ("月、水、金の夜", "moe wee fre"),
            ("saturday_morning、日曜日の夜", "sam sue"),
            ("土曜午前・午後", "sam saa"),
            ("土曜午前・午後、日曜夜", "sam saa sue"),
            ("月・水の午前、土曜", "mom wem sam saa sae"),
            ("月〜水の夜", "moe tue wee"),
            ("金～日 午前", "frm sam sum"),
            ("平日18時以降", "moe tue wee the fre"),
            ("平日19:00〜", "moe tue wee the fre"),
            ("土曜10時〜15時", "sam saa"),
            ("土曜 13:00-17:00", "saa"),
            ("月曜の17時まで", "mom moa"),
            ("第2土曜", "sam saa sae"),
            ("第2・4土曜の午後", "saa"),
            ("隔週日曜午前", "sum"),
            ("毎週火曜（午前中のみ）", "tum"),
            ("土日祝の午前", "sam sum"),
            ("土曜（月2回程度）午前", "sam"),
            ("平日夜（水曜を除く）", "moe tue the fre"),
            ("Mon, Wed evening", "moe wee"),
            ("土曜か日曜の午後", "saa sua"),
            ("土 または 日の夜", "sae sue"),
            ("水曜以外の平日、午前", "mom tum thm frm"),
            ("土曜日又は日曜日、いずれも午後", "saa sua"),
            ("月末の土曜午後", "saa"),
            ("4月から毎週金夜", "fre"),
        ] {
            assert_eq!(codes(cell), expected, "{cell}");
        }
        for all in ["いつでも", "随時", "毎日", "曜日不問"] {
            assert_eq!(read(all).unwrap().parts.len(), 21, "{all}");
        }
        assert_eq!(read("土日以外").unwrap().parts.len(), 15);
        assert_eq!(read("夜").unwrap().parts.len(), 7);
        for none in [
            "そのうち",
            "応相談",
            "月2回",
            "週1回程度",
            "",
            "要相談",
            "仕事が休みの日",
            "日によって違う",
            "都合の良い日",
            "来月",
        ] {
            assert_eq!(read(none).unwrap_err().code, "invalid_day_part", "{none}");
        }
        assert!(read("第2土曜").unwrap().is_inexact);
        let partly = read("土曜、夏休み").unwrap();
        assert_eq!((partly.parts.len(), partly.unknown.len()), (3, 1));
        assert!(day_parts("土曜、夏休み").is_err());
        assert_eq!(read("[]").unwrap(), Days::default());
        let cells = ["月・木", "午前", "日曜の夜"].map(|cell| {
            let days = read(cell).unwrap();
            (days.says, days.parts)
        });
        assert_eq!(together(&cells[..2]), read("月・木の午前").unwrap().parts);
        assert_eq!(together(&cells[..1]).len(), 6);
        assert_eq!(together(&cells).len(), 3);
    }
}
