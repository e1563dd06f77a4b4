//! Parses dates as they are written in Japan: 2026-11-23, 2026年11月23日, 令和8年11月23日, R8.11.23, 2026年度, April 1, 2026, and
//! Excel's serial numbers. A date without its year is none, and the message says so.

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellDate {
    pub date: NaiveDate,
    /// Whether the cell names the day. If it names only a month or a year, the date is the first day of it.
    pub is_exact: bool,
    /// The last day that the cell may mean.
    pub last: NaiveDate,
}

impl CellDate {
    /// Returns whether the cell names the day or at least the month.
    pub fn names_month(&self) -> bool {
        self.last - self.date < TimeDelta::days(31)
    }
}

/// Parses a date.
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

/// Returns the days that a date may mean.
fn spread((date, named): (NaiveDate, Named)) -> CellDate {
    let next = match named {
        Named::Day => date.succ_opt(),
        Named::Month => date.checked_add_months(Months::new(1)),
        Named::Year => date.checked_add_months(Months::new(12)),
    };
    CellDate {
        date,
        is_exact: named == Named::Day,
        last: next.and_then(|next| next.pred_opt()).unwrap_or(date),
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
    Year,
    Month,
    Day,
}

fn parse(cell: &str) -> Option<CellDate> {
    // A moment with its time zone lies in a day of Japan, UTC+9.
    if let Ok(moment) = DateTime::parse_from_rfc3339(cell.trim()) {
        let there = moment.naive_utc().checked_add_signed(TimeDelta::hours(9))?;
        return Some(spread((there.date(), Named::Day)));
    }
    // A time after the date is ignored: 2024/4/1 0:00.
    let is_time = |text: &str| {
        text.trim_start().starts_with(|c: char| c.is_ascii_digit()) && text.contains([':', '時'])
    };
    let day = cell
        .trim()
        .split_once([' ', '\u{3000}'])
        .filter(|(_, rest)| is_time(rest));
    let cell = day.map_or(cell, |(day, _)| day);
    let lower = cell.to_lowercase();
    if let Some(day) = english(&lower) {
        return Some(spread((day, Named::Day)));
    }
    let text: String = lower.chars().filter(|c| !c.is_whitespace()).collect();
    // A time or a weekday after the date is ignored.
    let text = text
        .split_once('t')
        .filter(|(day, _)| day.len() >= 8)
        .map_or(text.as_str(), |(day, _)| day);
    let text = text.split('(').next().unwrap_or_default();
    let (text, about) = without_words(without_time(text));
    let found = spread(numbered(&in_digits(text))?);
    let Some((first, last)) = about else {
        return Some(found);
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
    })
}

/// Returns a day without the weekday or the time that stands right behind it: 2026年4月1日水曜日, 2026年4月1日10時.
fn without_time(text: &str) -> &str {
    let Some(end) = text.find('月').and_then(|month| {
        let day = text.get(month..)?.find('日')?;
        Some(month + day + '日'.len_utf8())
    }) else {
        return text;
    };
    let Some((day, rest)) = text.split_at_checked(end) else {
        return text;
    };
    let is_weekday = rest.chars().nth(1) == Some('曜');
    let begins = ["午前", "午後"].iter().any(|half| rest.starts_with(half));
    let is_time = begins || (rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains([':', '時']));
    if is_weekday || is_time { day } else { text }
}

/// Returns a date without the words behind it, and the days of a month that they may mean: 2026年4月1日から, 2026年4月上旬.
fn without_words(text: &str) -> (&str, Option<(u32, u32)>) {
    const SURE: [&str; 10] = [
        "から", "より", "以降", "~", "〜", "開始", "付け", "付", "予定", "現在",
    ];
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
    let (mut text, mut days) = (text, None);
    loop {
        let sure = SURE
            .iter()
            .find_map(|word| Some((text.strip_suffix(word)?, None)));
        let mut about = ABOUT
            .iter()
            .map(|(word, days)| Some((text.strip_suffix(word)?, Some(*days))));
        match sure.or_else(|| about.find_map(|found| found)) {
            None => return (text, days),
            Some((bare, about)) => {
                days = days.or(about);
                text = bare;
            }
        }
    }
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
    let named = match parts.len() {
        1 => Named::Year,
        2 => Named::Month,
        _ => Named::Day,
    };
    Some((day, named))
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
            NaiveDate::from_ymd_opt((n / 100) as i32, n % 100, 1).map(|day| (day, Named::Month))
        }
        4 if (1868..=2200).contains(&n) => {
            NaiveDate::from_ymd_opt(n as i32, 1, 1).map(|day| (day, Named::Year))
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
            ("2025年4月1日頃", "2025-04-01", "2025-04-01"),
        ] {
            let found = parse_date(text)
                .map(|found| (found.date.to_string(), found.last.to_string(), found.is_exact));
            assert_eq!(found, Ok((expected.into(), last.into(), false)), "{text}");
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
