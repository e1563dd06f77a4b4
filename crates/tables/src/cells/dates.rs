//! Parses dates as they are written in Japan: 2026-11-23, 2026年11月23日, 令和8年11月23日, R8.11.23, 2026年度, April 1, 2026, and
//! Excel's serial numbers. A date without its year is none, and the message says so.
//!
//! What else stands in the cell is told, because it may take the date back or change it: 2026-11-23（撤回）. A weekday, a time
//! and the same date in another spelling say nothing more.

use super::CellResult;
use crate::remark::Remark;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta};

/// Letter, name, short name, the year before the first, and the number of years.
const ERAS: [(&str, &str, &str, i32, i32); 5] = [
    ("r", "令和", "令", 2018, 99),
    ("h", "平成", "平", 1988, 31),
    ("s", "昭和", "昭", 1925, 64),
    ("t", "大正", "大", 1911, 15),
    ("m", "明治", "明", 1867, 45),
];

/// A date that a cell names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellDate {
    pub date: NaiveDate,
    /// Whether the cell names the day. If it names only a month or a year, the date is the first day of it.
    pub is_exact: bool,
    /// The last day that the cell may mean.
    pub last: NaiveDate,
    /// The words beside the date that say more than it does.
    pub words: String,
}

/// What the words beside a date say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    Nothing,
    /// Something begins then: から.
    Begin,
    /// Something begins then, and the words say until when: 〜未定.
    Span,
    /// Something ends then: まで.
    End,
    /// The date doesn't hold: 延期, →, another date.
    Change,
    Other,
}

/// Words behind a date on which something begins.
const BEGIN: [&str; 7] = ["から", "より", "以降", "以後", "~", "〜", "開始"];
/// Words with which a date doesn't hold.
const CHANGE: [&str; 23] = [
    "延期",
    "順延",
    "変更",
    "移動",
    "振替",
    "前倒",
    "繰上",
    "繰り上",
    "中止",
    "取消",
    "取り消",
    "取りやめ",
    "撤回",
    "未定",
    "訂正",
    "誤り",
    "間違",
    "cancel",
    "postpone",
    "tbd",
    "→",
    "⇒",
    "->",
];
/// Words with which it holds until then: 雨天順延.
const CONDITIONS: [&str; 4] = ["雨天", "荒天", "悪天候", "場合"];

impl CellDate {
    /// Returns what the words beside the date say of it.
    pub fn says(&self) -> Beside {
        let words = self.words.as_str();
        let has = |all: &[&str]| all.iter().any(|word| words.contains(word));
        let begin = BEGIN.iter().find_map(|word| words.strip_prefix(word));
        match (words, begin) {
            ("", _) => Beside::Nothing,
            ("まで" | "迄" | "以前" | "前" | "より前", _) => Beside::End,
            (_, Some(rest)) if BEGIN.contains(&rest) || rest.is_empty() => Beside::Begin,
            (_, Some(_)) => Beside::Span,
            _ if has(&CHANGE) && !has(&CONDITIONS) => Beside::Change,
            _ if words.split(' ').any(|word| among_words(word).is_some()) => Beside::Change,
            _ => Beside::Other,
        }
    }

    /// Returns whether the cell names the day or at least the month.
    pub fn names_month(&self) -> bool {
        self.last - self.date < TimeDelta::days(31)
    }
}

/// Parses a date, which may have words in brackets or a time behind it.
pub fn parse_date(cell: &str) -> CellResult<CellDate> {
    parse(cell).ok_or_else(|| match lacks_year(cell) {
        true => Remark::new(
            "invalid_date",
            "年が書かれていません。2026年4月1日 のように、年から入力してください。",
            "The year is missing. Write the date with its year, like 2026-04-01.",
        ),
        false => Remark::new(
            "invalid_date",
            "日付は 2026-11-23、令和8年11月23日、R8.11.23 のように入力してください。",
            "Write a date like 2026-11-23, 令和8年11月23日 or R8.11.23.",
        ),
    })
}

/// Finds the only date of a cell, of which at least the month is known, among whatever words: 有（R7.3.3）, 2026/4/1 ※口頭,
/// 2026/4/1まで.
pub fn find_date(cell: &str) -> CellResult<CellDate> {
    let is_part = |c: char| c.is_ascii_digit() || "rhst令和平成昭大正元年月日./-".contains(c);
    let unread = match parse_date(cell) {
        Ok(found) => return Ok(found),
        Err(unread) if cell.len() > LONGEST => return Err(unread),
        Err(unread) => unread,
    };
    let lower = cell.to_lowercase();
    if let Some(found) = lower.trim().strip_suffix("まで").and_then(parse) {
        let words = found.words + "まで";
        return Ok(CellDate { words, ..found });
    }
    let mut dates = lower.split(|c| !is_part(c)).filter_map(|piece| {
        let piece = piece.trim_matches(['.', '/', '-', 't']);
        Some((piece, among_words(piece)?))
    });
    match (dates.next(), dates.next()) {
        (Some((piece, found)), None) => {
            let words = words_of(&lower.replacen(piece, " ", 1), (found.date, found.last));
            Ok(CellDate { words, ..found })
        }
        (Some(_), Some(_)) => Err(Remark::new(
            "invalid_date",
            "日付が2つ以上あります。1つだけ入力してください。",
            "There are several dates. Write one of them.",
        )),
        _ => Err(unread),
    }
}

/// Reads a date that stands among words, of which at least the month is known. A number there may be anything.
fn among_words(text: &str) -> Option<CellDate> {
    let is_number = text.len() != 8 && text.bytes().all(|b| b.is_ascii_digit());
    named(text).filter(|found| !is_number && found.names_month())
}

/// Returns the days that a date may mean.
fn spread((date, named): (NaiveDate, Named)) -> CellDate {
    let next = match named {
        Named::Day | Named::End => date.succ_opt(),
        Named::Months(count) => date.checked_add_months(Months::new(count)),
    };
    CellDate {
        date,
        is_exact: named == Named::Day,
        last: next.and_then(|next| next.pred_opt()).unwrap_or(date),
        words: String::new(),
    }
}

/// Returns whether a cell has a month and a day only: 4月1日, 4/1.
fn lacks_year(cell: &str) -> bool {
    let text: String = cell.chars().filter(|c| !c.is_whitespace()).collect();
    let text = text.split('(').next().unwrap_or_default();
    let mut parts = text.split(['月', '日', '/']).filter(|part| !part.is_empty());
    let mut within = |most: u32| {
        let number = parts.next().and_then(|part| part.parse().ok());
        number.is_some_and(|number: u32| (1..=most).contains(&number))
    };
    within(12) && within(31) && parts.next().is_none()
}

/// What a cell names.
#[derive(Clone, Copy, PartialEq)]
enum Named {
    Months(u32),
    Day,
    /// The end of a year.
    End,
}

/// Parts of a year or a fiscal year: the word, the months before it, and what it names.
const OF_YEAR: [(&str, u32, Named); 11] = [
    ("末", 12, Named::End),
    ("初め", 0, Named::Months(1)),
    ("始め", 0, Named::Months(1)),
    ("当初", 0, Named::Months(1)),
    ("上期", 0, Named::Months(6)),
    ("前期", 0, Named::Months(6)),
    ("上半期", 0, Named::Months(6)),
    ("下期", 6, Named::Months(6)),
    ("後期", 6, Named::Months(6)),
    ("下半期", 6, Named::Months(6)),
    ("内", 0, Named::Months(12)),
];

/// Longer cells are no dates.
const LONGEST: usize = 1000;

fn parse(cell: &str) -> Option<CellDate> {
    if cell.len() > LONGEST {
        return None;
    }
    // A moment with its time zone lies in a day of Japan, UTC+9.
    if let Ok(moment) = DateTime::parse_from_rfc3339(cell.trim()) {
        let there = moment.naive_utc().checked_add_signed(TimeDelta::hours(9))?;
        return Some(spread((there.date(), Named::Day)));
    }
    let lower = cell.trim().to_lowercase();
    let once = year_once(&lower);
    let text = once.as_deref().unwrap_or(&lower);
    let (text, behind) = text.split_at(text.find('(').unwrap_or(text.len()));
    let (text, time) = time_behind(text);
    if let Some(day) = english(text) {
        let found = spread((day, Named::Day));
        let words = words_of(&format!("{time} {behind}"), (day, day));
        return Some(CellDate { words, ..found });
    }
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let is_moment =
        |(day, time): &(&str, &str)| day.len() >= 8 && time.starts_with(|c: char| c.is_ascii_digit());
    let (text, clock) = text.split_once('t').filter(is_moment).unwrap_or((&text, ""));
    let (text, weekday) = without_time(text);
    let (text, about, said) = without_words(text);
    let found = named(text)?;
    let words = format!("{said} {weekday} {clock} {time} {behind}");
    let words = words_of(&words, (found.date, found.last));
    let Some((first, last)) = about else {
        return Some(CellDate { words, ..found });
    };
    // 4月上旬 is the first ten days; 4月1日頃 and 2026年末 aren't exact.
    let of_month = |day: u32| {
        found
            .date
            .with_day(day)
            .map_or(found.last, |day| day.min(found.last))
    };
    let is_month = !found.is_exact && found.names_month();
    Some(CellDate {
        date: if is_month { of_month(first) } else { found.date },
        last: if is_month { of_month(last) } else { found.last },
        is_exact: false,
        words,
    })
}

/// Reads a date without anything beside it.
fn named(text: &str) -> Option<CellDate> {
    numbered(&in_digits(text)).map(spread)
}

/// Returns a date without the second spelling of its year: 令和8年(2026年)4月1日, 2026(令和8)年4月1日.
fn year_once(text: &str) -> Option<String> {
    let (before, rest) = text.split_once('(')?;
    let (again, behind) = rest.split_once(')')?;
    let year = |text: &str| {
        let text = text.trim();
        let whole = named(text.trim_end_matches('年')).filter(|found| !found.names_month());
        Some(whole?.date.year())
    };
    let goes_on = behind
        .trim_start()
        .starts_with(|c: char| c == '年' || c.is_ascii_digit());
    (goes_on && year(before)? == year(again)?).then(|| format!("{before}{behind}"))
}

/// Splits a date from the time behind a space: 2024/4/1 0:00.
fn time_behind(text: &str) -> (&str, &str) {
    let mut spaces = text.char_indices().filter(|(_, c)| c.is_whitespace());
    let at = spaces.find(|(at, _)| {
        text.get(*at..)
            .is_some_and(|rest| time_apart(rest.trim_start()).is_some())
    });
    text.split_at(at.map_or(text.len(), |(at, _)| at))
}

/// Returns what follows a time: 10:00, 午後3時半, 10-12時.
fn time_apart(text: &str) -> Option<&str> {
    let is_span = |c: char| "~〜-–".contains(c);
    let bare = ["午前", "午後", "am", "pm"]
        .iter()
        .find_map(|half| text.strip_prefix(half));
    let text = bare.unwrap_or(text).trim_start();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .filter(|digits| (1..=2).contains(digits))?;
    let rest = text.get(digits..)?;
    if let Some(end) = rest.strip_prefix(is_span) {
        return time_apart(end);
    }
    if !rest.starts_with([':', '時']) || rest.starts_with("時間") {
        return None;
    }
    let is_clock = |c: char| c.is_ascii_digit() || ":時分秒半.z+頃".contains(c);
    let tail = rest.trim_start_matches(is_clock);
    Some(tail.strip_prefix(is_span).and_then(time_apart).unwrap_or(tail))
}

/// Splits a day from the weekday or the time that stands right behind it: 2026年4月1日水曜日, 2026年4月1日10時.
fn without_time(text: &str) -> (&str, &str) {
    let end = text.find('月').and_then(|month| {
        let day = text.get(month..)?.find('日')?;
        Some(month + day + '日'.len_utf8())
    });
    let Some((day, rest)) = end.and_then(|end| text.split_at_checked(end)) else {
        return (text, "");
    };
    let is_weekday = rest.chars().nth(1) == Some('曜');
    match is_weekday || time_apart(rest).is_some() {
        true => (day, rest),
        false => (text, ""),
    }
}

/// Returns a date without the words behind it, the days of a month that they may mean, and those that say more: 2026年4月上旬,
/// 2026年4月1日から.
fn without_words(text: &str) -> (&str, Option<(u32, u32)>, String) {
    const ABOUT: [(&str, (u32, u32)); 9] = [
        ("頃", (1, 31)),
        ("ごろ", (1, 31)),
        ("ころ", (1, 31)),
        ("中", (1, 31)),
        ("上旬", (1, 10)),
        ("初め", (1, 10)),
        ("中旬", (11, 20)),
        ("下旬", (21, 31)),
        ("末", (31, 31)),
    ];
    let (mut text, mut days, mut said) = (text, None, String::new());
    loop {
        let plain = || NOTHING.iter().find_map(|word| text.strip_suffix(word));
        let mut telling = BEGIN.iter().chain(&["予定"]);
        let mut about = ABOUT.iter();
        if let Some(bare) = plain() {
            text = bare;
        } else if let Some((bare, word)) = telling.find_map(|word| Some((text.strip_suffix(word)?, word))) {
            said.insert_str(0, word);
            text = bare;
        } else if let Some((bare, about)) =
            about.find_map(|(word, days)| Some((text.strip_suffix(word)?, *days)))
            // 2026年度末: a part of the year, not of a month.
            && (about == (1, 31) || !bare.ends_with(['年', '度']))
        {
            days = days.or(Some(about));
            text = bare;
        } else {
            return (text, days, said);
        }
    }
}

/// Words beside a date that say nothing more.
const NOTHING: [&str; 8] = ["付け", "付", "現在", "時点", "必着", "締切", "午前", "午後"];

/// Words behind a time that say nothing more: 2026/4/1 9:00:00 午前 GMT+9.
const OF_CLOCKS: [&str; 5] = ["am", "pm", "gmt+9", "jst", "+0900"];

/// Returns the words of a text beside a date that say more than it does.
fn words_of(text: &str, (date, last): (NaiveDate, NaiveDate)) -> String {
    let is_between = |c: char| c.is_whitespace() || "()[]、,;。※".contains(c);
    let is_same = |found: CellDate| found.date <= last && date <= found.last;
    let words = text.split(is_between).map(|word| {
        let word = word.trim_matches([':', '・']);
        let is_weekday = |c: char| "月火水木金土日祝休・/".contains(c);
        let bare = word
            .strip_suffix("曜日")
            .or_else(|| word.strip_suffix('曜'))
            .unwrap_or(word);
        let is_english = || {
            ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
                .iter()
                .any(|day| word.starts_with(day))
        };
        let says_nothing = (bare.chars().count() <= 3 && bare.chars().all(is_weekday))
            || (word.len() <= "wednesday".len() && word.is_ascii() && is_english())
            || named(word).is_some_and(is_same);
        if says_nothing {
            return "";
        }
        // 水曜日から, 10時から
        let begins = word.chars().next().filter(|c| is_weekday(*c));
        let weekday = begins.and_then(|c| word.strip_prefix(c)?.strip_prefix('曜'));
        let word = weekday.map_or(word, |rest| rest.strip_prefix('日').unwrap_or(rest));
        // 17時必着, 9:00 am
        time_apart(word).unwrap_or(word)
    });
    words
        .filter(|word| !word.is_empty() && !NOTHING.contains(word) && !OF_CLOCKS.contains(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns a text with its kanji numbers up to 99 as digits: 令和八年十一月二十三日.
fn in_digits(text: &str) -> String {
    const DIGITS: &str = "〇一二三四五六七八九";
    let digit = |c: char| DIGITS.chars().position(|own| own == c);
    let mut written = String::with_capacity(text.len());
    let mut number: Option<(usize, bool)> = None;
    for c in text.chars().chain(['\0']) {
        number = match (c, digit(c), number) {
            ('十', _, None) => Some((10, true)),
            ('十', _, Some((ones, false))) => Some((ones * 10, true)),
            (_, Some(digit), Some((tens, true))) => Some((tens + digit, false)),
            // 二〇二六: digit by digit.
            (_, Some(digit), Some((before, false))) => Some(((before * 10 + digit).min(9999), false)),
            (_, Some(digit), None) => Some((digit, false)),
            (c, None, number) => {
                if let Some((number, _)) = number {
                    written.push_str(&number.to_string());
                }
                if c != '\0' {
                    written.push(c);
                }
                None
            }
        };
    }
    written
}

fn numbered(text: &str) -> Option<(NaiveDate, Named)> {
    let era = ERAS.iter().find_map(|(letter, name, short, before, last)| {
        let rest = [name, short, letter]
            .into_iter()
            .find_map(|head| text.strip_prefix(*head))?;
        Some((rest, *before, *last))
    });
    let (rest, before, last) = era.unwrap_or((text, 0, 9999));
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if era.is_none() && is_digits(rest.strip_suffix(".0").unwrap_or(rest)) {
        return compact(rest.strip_suffix(".0").unwrap_or(rest));
    }
    // A serial number with the time of day: 45748.375.
    if era.is_none()
        && let Some((days, fraction)) = rest.split_once('.')
        && days.len() == 5
        && is_digits(days)
        && is_digits(fraction)
    {
        return compact(days);
    }
    let part = OF_YEAR.iter().find_map(|(word, before, named)| {
        let year = rest.strip_suffix(word)?;
        year.ends_with(['年', '度']).then_some((year, *before, *named))
    });
    let (rest, months_before, named) = part.unwrap_or((rest, 0, Named::Months(12)));
    let (rest, is_fiscal) = rest
        .strip_suffix("年度")
        .map_or((rest, false), |rest| (rest, true));
    let parts: Vec<&str> = match rest.len() {
        // R080401
        6 if era.is_some() && is_digits(rest) => [0..2, 2..4, 4..6]
            .into_iter()
            .filter_map(|at| rest.get(at))
            .collect(),
        _ => rest
            .split(['年', '月', '日', '-', '/', '.', '‐', '−'])
            .filter(|part| !part.is_empty())
            .collect(),
    };
    let number = |at: usize| parts.get(at).map_or(Some(1), |part| part.parse::<u32>().ok());
    let year = match parts.first()? {
        &"元" if before > 0 => 1,
        year => year.parse::<i32>().ok()?,
    };
    let known = if before > 0 {
        (1..=last).contains(&year)
    } else {
        (1868..=2200).contains(&year)
    };
    if !known || parts.len() > 3 || (is_fiscal && parts.len() > 1) {
        return None;
    }
    let month = if is_fiscal { 4 } else { number(1)? };
    let day = NaiveDate::from_ymd_opt(before + year, month, number(2)?)?;
    match parts.len() {
        1 => {
            let begin = day.checked_add_months(Months::new(months_before))?;
            let is_end = named == Named::End;
            Some((if is_end { begin.pred_opt()? } else { begin }, named))
        }
        _ if part.is_some() => None,
        2 => Some((day, Named::Months(1))),
        _ => Some((day, Named::Day)),
    }
}

/// Parses April 1, 2026; 1 Apr 2026; 2026-Apr-01.
fn english(text: &str) -> Option<NaiveDate> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let words = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let (mut month, mut numbers) = (None, Vec::new());
    for word in words {
        let digits = ["st", "nd", "rd", "th"]
            .iter()
            .find_map(|end| word.strip_suffix(end))
            .unwrap_or(word);
        let named = MONTHS
            .iter()
            .position(|name| word.len() >= 3 && name.starts_with(word));
        match (digits.parse::<i32>(), named) {
            (Ok(number), _) => numbers.push(number),
            (_, Some(at)) if month.is_none() => month = u32::try_from(at + 1).ok(),
            _ => return None,
        }
    }
    let (year, day) = match numbers.as_slice() {
        [year @ 1868..=2200, day] | [day, year @ 1868..=2200] => (*year, u32::try_from(*day).ok()?),
        _ => return None,
    };
    NaiveDate::from_ymd_opt(year, month?, day)
}

/// Parses 20261123, 202611, a year, or the number of days since 1899-12-30.
fn compact(digits: &str) -> Option<(NaiveDate, Named)> {
    let n: u32 = digits.parse().ok()?;
    match digits.len() {
        8 => {
            NaiveDate::from_ymd_opt((n / 10_000) as i32, n / 100 % 100, n % 100).map(|day| (day, Named::Day))
        }
        6 if (1868..=2200).contains(&(n / 100)) => {
            NaiveDate::from_ymd_opt((n / 100) as i32, n % 100, 1).map(|day| (day, Named::Months(1)))
        }
        4 if (1868..=2200).contains(&n) => {
            NaiveDate::from_ymd_opt(n as i32, 1, 1).map(|day| (day, Named::Months(12)))
        }
        5 => {
            let zero = NaiveDate::from_ymd_opt(1899, 12, 30)?;
            zero.checked_add_days(Days::new(n.into()))
                .map(|day| (day, Named::Day))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_dates_of_every_form() {
        for (text, expected) in [
            ("2023-06-01", "2023-06-01"),
            ("2023/6/1", "2023-06-01"),
            ("2023年6月1日", "2023-06-01"),
            ("2023年6月1日(木)", "2023-06-01"),
            ("2023-06-01T09:00:00", "2023-06-01"),
            ("2023-05-31T15:00:00Z", "2023-06-01"),
            ("2023-06-01T00:00:00+09:00", "2023-06-01"),
            ("2023-05-31 15:00:00.000000Z", "2023-06-01"),
            ("2023/6/1 0:00", "2023-06-01"),
            ("2023年6月1日 10時30分", "2023-06-01"),
            ("20230601", "2023-06-01"),
            ("45078", "2023-06-01"),
            ("令和5年6月1日", "2023-06-01"),
            ("R5.6.1", "2023-06-01"),
            ("r5/6/1", "2023-06-01"),
            ("令5.6.1", "2023-06-01"),
            ("令和元年5月1日", "2019-05-01"),
            ("平成31年4月30日", "2019-04-30"),
            ("H1.1.8", "1989-01-08"),
            ("昭和55年3月3日", "1980-03-03"),
            ("H31/4/1", "2019-04-01"),
            ("2025.4.1", "2025-04-01"),
            ("45748", "2025-04-01"),
            ("45748.0", "2025-04-01"),
            ("45748.375", "2025-04-01"),
            ("2025年4月1日火曜日", "2025-04-01"),
            ("2025年4月7日月曜日", "2025-04-07"),
            ("2025年4月1日10時", "2025-04-01"),
            ("2025年4月1日から", "2025-04-01"),
            ("2025/4/1〜", "2025-04-01"),
            ("2025/4/1以降", "2025-04-01"),
            ("令和七年四月一日", "2025-04-01"),
            ("二〇二五年十一月二十三日", "2025-11-23"),
            ("R070401", "2025-04-01"),
            ("R7. 4. 1", "2025-04-01"),
            ("April 1, 2025", "2025-04-01"),
            ("1 Apr 2025", "2025-04-01"),
            ("2025-Apr-01", "2025-04-01"),
            ("Apr 1st 2025", "2025-04-01"),
        ] {
            assert_eq!(
                parse_date(text).map(|found| (found.date.to_string(), found.is_exact)),
                Ok((expected.into(), true)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_month_or_a_year_is_its_first_day() {
        for (text, expected, last) in [
            ("S55", "1980-01-01", "1980-12-31"),
            ("令和5年6月", "2023-06-01", "2023-06-30"),
            ("2027/4", "2027-04-01", "2027-04-30"),
            ("2023", "2023-01-01", "2023-12-31"),
            ("202304", "2023-04-01", "2023-04-30"),
            ("2025年4月", "2025-04-01", "2025-04-30"),
            ("2025年4月上旬", "2025-04-01", "2025-04-10"),
            ("2025年4月末頃", "2025-04-01", "2025-04-30"),
            ("2025年4月末", "2025-04-30", "2025-04-30"),
            ("2025年2月下旬", "2025-02-21", "2025-02-28"),
            ("2025年4月から", "2025-04-01", "2025-04-30"),
            ("2025年度", "2025-04-01", "2026-03-31"),
            ("令和7年度", "2025-04-01", "2026-03-31"),
            ("令和7年度末", "2026-03-31", "2026-03-31"),
            ("2025年末頃", "2025-12-01", "2025-12-31"),
            ("2025年末", "2025-12-31", "2025-12-31"),
            ("2025年度初め", "2025-04-01", "2025-04-30"),
            ("2025年度上期", "2025-04-01", "2025-09-30"),
            ("令和7年度下半期", "2025-10-01", "2026-03-31"),
            ("2025年度中", "2025-04-01", "2026-03-31"),
            ("2025年内", "2025-01-01", "2025-12-31"),
            ("2025年頃", "2025-01-01", "2025-12-31"),
            ("2025年4月1日頃", "2025-04-01", "2025-04-01"),
        ] {
            let found = parse_date(text)
                .map(|found| (found.date.to_string(), found.last.to_string(), found.is_exact));
            assert_eq!(found, Ok((expected.into(), last.into(), false)), "{text}");
        }
    }

    #[test]
    fn words_beside_a_date_are_told() {
        use Beside::*;
        for (text, words, says) in [
            ("2026/4/1(水)", "", Nothing),
            ("2026/4/1(水・祝)", "", Nothing),
            ("2026/4/1 (Wed)", "", Nothing),
            ("2026年4月1日水曜日 10時〜12時", "", Nothing),
            ("2026年4月1日水曜日10時", "", Nothing),
            ("2026/4/1(水) 10:00-12:00", "", Nothing),
            ("2026/4/1 午後3時", "", Nothing),
            ("2026年 4月 1日 10:00", "", Nothing),
            ("2026/4/1 10-12時", "", Nothing),
            ("2026-04-01T09:00:00", "", Nothing),
            ("2026/4/1付け", "", Nothing),
            ("2026/4/1時点", "", Nothing),
            ("2026/4/1 必着", "", Nothing),
            ("2026/4/1 17時必着", "", Nothing),
            ("2026/4/1 9:00:00 午前 GMT+9", "", Nothing),
            ("2026/4/1 9:00am", "", Nothing),
            ("令和8年(2026年)4月1日", "", Nothing),
            ("2026(令和8)年4月1日(水)", "", Nothing),
            ("2026/4/1(令和8年4月1日)", "", Nothing),
            ("2026/4/1から", "から", Begin),
            ("2026/4/1 から", "から", Begin),
            ("2026年4月1日水曜日から", "から", Begin),
            ("2026/4/1〜", "〜", Begin),
            ("2026/4/1開始", "開始", Begin),
            ("2026/4/1〜未定", "〜未定", Span),
            ("2026/4/1(水)〜5/1(金)", "〜5/1", Span),
            ("2026/4/1から1年間", "から1年間", Span),
            ("2026/4/1まで", "まで", End),
            ("2026/4/1 まで", "まで", End),
            ("2026/4/1(水)まで", "まで", End),
            ("2026/4/1以前", "以前", End),
            ("2026/4/1(水) 午前", "", Nothing),
            ("2027/1/9(土)→1/16に延期", "→1/16に延期", Change),
            ("2027/1/9 延期", "延期", Change),
            ("2027/1/9(中止)", "中止", Change),
            ("2026/4/1(未定)", "未定", Change),
            ("2026/4/1(2026/5/1)", "2026/5/1", Change),
            ("2026/4/1(雨天順延)", "雨天順延", Other),
            ("2026/4/1予定", "予定", Other),
            ("2026/4/1(予定)", "予定", Other),
            ("2026/4/1(撤回)", "撤回", Change),
            ("2026/4/1 10:00 退会", "退会", Other),
            ("2026年4月1日(水)退会", "退会", Other),
            ("2026年4月1日水曜日退会", "退会", Other),
            ("2026/4/1 ※口頭", "口頭", Other),
            ("2026/4/1 2時間", "2時間", Other),
            ("有(R8.4.1)", "有", Other),
            ("2026/4/1 同意書受領", "同意書受領", Other),
            ("同意日:2026/4/1", "同意日", Other),
        ] {
            let found = find_date(text).unwrap();
            let first = found.date.format("%m-%d").to_string();
            assert!(
                found.is_exact && ["04-01", "01-09"].contains(&first.as_str()),
                "{text}: {found:?}"
            );
            assert_eq!((found.words.as_str(), found.says()), (words, says), "{text}");
        }
        let about = find_date("2026/4/1頃").unwrap();
        assert!(!about.is_exact && about.words.is_empty());
        for none in [
            "2026/4/1、2026/5/1",
            "2026/4/1→2026/5/1",
            "会員 45748 登録",
            "2026年 更新",
            "来週 4/1",
            "03-5555-0101",
        ] {
            assert!(find_date(none).is_err(), "{none}");
        }
    }

    #[test]
    fn rejects_what_is_no_date() {
        for text in [
            "",
            "6/1",
            "2023-02-30",
            "H32.1.1",
            "R0.1.1",
            "あした",
            "2023-1-1-1",
            "令和",
            "123",
            "99999999",
            "来週",
            "7年4月1日",
            "25/4/1",
            "04/01/2025",
            "2025年4月31日",
            "2025年上旬",
            "2025年4月上期",
            "4月上旬",
            "may",
            "第1回",
        ] {
            assert!(parse_date(text).is_err(), "{text}");
        }
        for text in ["4月1日", "4/1", "4月1日(火)", "12 月 31 日"] {
            let remark = parse_date(text).unwrap_err();
            assert!(remark.message.ja.contains("年が書かれていません"), "{text}");
        }
    }
}
