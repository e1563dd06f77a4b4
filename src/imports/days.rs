//! Days and parts of days as people write them: 土曜午前, 月・水の午前, 月〜金, 平日18時以降, 第2土曜, 土日以外.
//!
//! A part goes for all days of the list before it, and several parts stay on those days; the next day begins
//! another list. What a bracket or a ただし excludes is taken from the list before it: 平日（水曜を除く）. Hours count as the
//! parts of which they cover two hours or more; one to five o'clock is in the afternoon unless the cell says otherwise.

use crate::catalogue::{DayPart, calendar::DAY_PARTS};
use tables::Remark;
use tables::cells::CellResult;
use text::fold;

const ALL_DAYS: u8 = 0b111_1111;
const WEEKDAYS: u8 = 0b001_1111;
/// Holidays: those who are free then count as free on Sundays, and those who aren't keep their Sundays.
const HOLIDAYS: u8 = 0b1000_0000;
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
    /// Days of the list that were named once more: 毎日 日曜を除く.
    named_again: u8,
    /// What the list isn't about.
    list_except: u32,
    /// The days and parts of the list before a bracket, while the bracket is open.
    outer: Option<(u8, u8)>,
    unknown: String,
    unknowns: Vec<String>,
    is_inexact: bool,
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
const DAYS: [(&str, u8); 35] = [
    ("土日祝日", 0b1110_0000),
    ("土日祝", 0b1110_0000),
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
    ("祝日", HOLIDAYS),
    ("月", 1),
    ("火", 2),
    ("水", 4),
    ("木", 8),
    ("金", 16),
    ("土", 32),
    ("日", 64),
    ("祝祭日", HOLIDAYS),
    ("祝", HOLIDAYS),
    ("holidays", HOLIDAYS),
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
const NEUTRAL: [&str; 48] = [
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
    "ただし",
    "但し",
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
            // 年末年始を除く: what can't be read is no day of the list.
            if !self.unknown.is_empty() {
                self.end_unknown();
                self.is_inexact = true;
                return Some(tail);
            }
            let is_first = self.set == 0 && self.outer.is_none() && self.named_again == 0;
            let named = tail.strip_prefix('の').unwrap_or(tail);
            if is_first && (tail != named || DAYS.iter().any(|(word, _)| named.starts_with(word))) {
                self.except |= self.take_excluded();
                return Some(named);
            }
            self.exclude();
            return Some(tail);
        }
        if let Some(tail) = ["(", "ただし", "但し"].iter().find_map(|word| strip(word)) {
            self.end_unknown();
            self.close_bracket();
            if self.days != 0 {
                self.outer = Some((self.days, self.parts));
                self.begin_list();
            }
            return Some(tail);
        }
        if let Some(tail) = strip(")") {
            self.end_unknown();
            self.close_bracket();
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
        let is_one = set.is_power_of_two() && set != HOLIDAYS;
        let days = match self.last_day.filter(|_| self.is_range && is_one) {
            Some(from) => between(from, set),
            None => set,
        };
        self.is_range = false;
        self.last_day = is_one.then_some(set);
        // 平日、祝日を除く: holidays fall on days of the list.
        let falls_on_list = days == HOLIDAYS && self.days == WEEKDAYS;
        if days & !self.days == 0 || falls_on_list {
            self.named_again |= days;
        }
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

    fn begin_list(&mut self) {
        (self.days, self.parts, self.has_parts, self.last_day) = (0, 0, false, None);
        (self.is_range, self.named_again) = (false, 0);
    }

    /// Ends the list, and returns the parts of its days.
    fn take(&mut self) -> u32 {
        let (days, parts) = (self.days, self.parts);
        self.begin_list();
        let except = std::mem::take(&mut self.list_except);
        match (days, parts) {
            (0, 0) => 0,
            (0, parts) => mask(ALL_DAYS, parts) & !except,
            (days, 0) => mask(days, ALL_PARTS) & !except,
            (days, parts) => mask(days, parts) & !except,
        }
    }

    /// Ends a list of what is excluded. No day of the week goes for the holidays that may fall on it.
    fn take_excluded(&mut self) -> u32 {
        let is_holiday = self.days & HOLIDAYS != 0;
        self.is_inexact |= is_holiday;
        self.days &= !HOLIDAYS;
        if self.days == 0 && is_holiday {
            self.begin_list();
        }
        self.take()
    }

    fn flush(&mut self) {
        self.set |= self.take();
    }

    /// Takes the days named last away from their list, from the lists before it, or from all.
    fn exclude(&mut self) {
        if let Some((days, parts)) = self.outer.take() {
            let gone = self.take_excluded();
            (self.days, self.parts, self.has_parts) = (days, parts, parts != 0);
            self.list_except |= gone;
        } else if self.named_again != 0 && self.named_again != self.days {
            let again = std::mem::take(&mut self.named_again);
            if again & HOLIDAYS != 0 {
                self.is_inexact = true;
                self.days &= !HOLIDAYS;
            }
            self.list_except |= mask(again & !HOLIDAYS, ALL_PARTS);
        } else {
            let gone = self.take_excluded();
            let from = match self.set {
                0 => (1 << DAY_PARTS) - 1,
                set => set,
            };
            self.set = from & !gone;
        }
    }

    /// Goes on with the list before a bracket that excluded nothing: 月〜金（水曜は午前のみ）, 火曜（午前中のみ）.
    fn close_bracket(&mut self) {
        let Some((days, parts)) = self.outer.take() else {
            return;
        };
        let inner = (self.days, self.parts);
        self.begin_list();
        if inner.0 != 0 && inner.1 != 0 && inner.0 & !days == 0 && inner.0 != days {
            self.set |= mask(inner.0, inner.1);
            self.list_except |= mask(inner.0, ALL_PARTS);
            (self.days, self.parts) = (days, parts);
        } else {
            (self.days, self.parts) = (days | inner.0, parts | inner.1);
        }
        self.has_parts = self.parts != 0;
    }

    fn finish(mut self, cell: &str) -> CellResult<Days> {
        self.end_unknown();
        self.close_bracket();
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
        if self.set == 0 || self.unknowns.iter().any(denies) {
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

/// Returns these parts of these days.
fn mask(days: u8, parts: u8) -> u32 {
    let days = match days & HOLIDAYS {
        0 => days,
        _ => days | 64,
    };
    let of_day = |day: u32| match days & (1 << day) != 0 {
        true => u32::from(parts) << (3 * day),
        false => 0,
    };
    (0..7).map(of_day).sum()
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
        let Some((to, rest)) = clock(rest) else {
            return Some((parts_of(from, 24), rest));
        };
        // 午後7時半〜9時, 10時〜6時.
        let to = if to <= from && to <= 12 { to + 12 } else { to };
        let to = if to > from { to } else { 24 };
        return Some((parts_of(from, to), rest.strip_prefix("まで").unwrap_or(rest)));
    }
    Some((parts_of(from, from + 1), rest))
}

/// Reads 18時, 18時30分, 18:30, 午後6時半, 6pm, 夜7時ごろ, 正午.
fn clock(text: &str) -> Option<(u8, &str)> {
    const MORNING: [&str; 4] = ["午前", "am", "朝", "早朝"];
    const LATER: [&str; 6] = ["午後", "pm", "夕方", "夜", "晩", "昼"];
    let strip = |words: &[&str], text: &'_ str| {
        let found = words.iter().find_map(|word| text.strip_prefix(word));
        found.map(str::len)
    };
    let tail = |left: usize, text: &'_ str| text.len() - left;
    let about = |text: &'_ str| strip(&["ごろ", "頃", "前後"], text).map_or(0, |left| tail(left, text));
    if let Some(rest) = text.strip_prefix("正午") {
        return Some((12, rest.get(about(rest)..)?));
    }
    let (early, late) = (strip(&MORNING, text), strip(&LATER, text));
    let rest = text.get(early.or(late).map_or(0, |left| tail(left, text))..)?;
    let rest = rest
        .strip_prefix('の')
        .filter(|_| rest.len() < text.len())
        .unwrap_or(rest);
    let (hour, rest) = digits(rest);
    let hour = hour.filter(|hour| *hour <= 24)?;
    let rest = after_hour(rest)?;
    let (am, pm) = (rest.strip_prefix("am"), rest.strip_prefix("pm"));
    let hour = match hour {
        12 if text.starts_with(['夜', '晩']) => 24,
        1..=11 if late.is_some() || pm.is_some() => hour + 12,
        1..=5 if early.is_none() && am.is_none() => hour + 12,
        hour => hour,
    };
    let rest = am.or(pm).unwrap_or(rest);
    Some((hour, rest.get(about(rest)..)?))
}

/// Returns what follows the minutes of an hour: 時半, 時30分, :30, or am and pm.
fn after_hour(text: &str) -> Option<&str> {
    if text.starts_with("am") || text.starts_with("pm") {
        return Some(text);
    }
    if let Some(rest) = text.strip_prefix('時') {
        // 2時間 is a length.
        if rest.starts_with('間') {
            return None;
        }
        if let Some(rest) = rest.strip_prefix('半') {
            return Some(rest);
        }
        let (minutes, after) = digits(rest);
        return Some(minutes.and_then(|_| after.strip_prefix('分')).unwrap_or(rest));
    }
    let (minutes, rest) = digits(text.strip_prefix(':')?);
    minutes.map(|_| rest)
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
            ("平日（祝日を除く）の夜", "moe tue wee the fre"),
            ("月〜金 夜（祝日除く）", "moe tue wee the fre"),
            ("平日午前（水曜以外）", "mom tum thm frm"),
            ("平日（水曜以外）午前", "mom tum thm frm"),
            ("平日 ただし水曜を除く、午前", "mom tum thm frm"),
            ("土日（第3日曜を除く）", "sam saa sae"),
            ("木曜を除く平日の夜", "moe tue wee fre"),
            ("土日午前、年末年始を除く", "sam sum"),
            ("土日（お盆・正月を除く）午前", "sam sum"),
            ("月・木の午後（祝日は不可）", "moa tha"),
            ("月〜水の午前（水曜は午後のみ）", "mom tum wea"),
            ("平日午後6時以降", "moe tue wee the fre"),
            ("火曜午後3時以降", "tua tue"),
            ("土曜午後1時から5時", "saa"),
            ("土曜1時〜5時", "saa"),
            ("土曜9時〜5時", "sam saa"),
            ("金曜夜7時以降", "fre"),
            ("月曜PM6:00以降", "moe"),
            ("月曜 6pm-9pm", "moe"),
            ("平日午後7時半〜9時", "moe tue wee the fre"),
            ("土曜の午後2時ごろから", "saa sae"),
            ("土曜 正午から3時", "saa"),
            ("土曜 AM9:00〜PM3:00", "sam saa"),
        ] {
            assert_eq!(codes(cell), expected, "{cell}");
        }
        for all in ["いつでも", "随時", "毎日", "曜日不問"] {
            assert_eq!(read(all).unwrap().parts.len(), 21, "{all}");
        }
        for (cell, parts) in [
            ("土日以外", 15),
            ("平日（祝日を除く）", 15),
            ("毎日（祝日を除く）", 21),
            ("毎日（日曜を除く）", 18),
            ("毎日、日曜以外", 18),
            ("いつでも（水曜以外）", 18),
            ("平日、水曜と金曜以外", 9),
            ("土日祝以外", 15),
            ("土日祝、祝日を除く", 6),
            ("平日、祝日を除く", 15),
            ("平日 夜12時まで", 15),
        ] {
            assert_eq!(read(cell).unwrap().parts.len(), parts, "{cell}");
        }
        assert!(read("平日（祝日を除く）").unwrap().is_inexact);
        assert!(read("平日 2時間").unwrap().unknown == ["2時間"]);
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
            "毎日以外",
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
