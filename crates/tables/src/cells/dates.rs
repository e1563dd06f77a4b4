//! Parses dates as they are written in Japan: 2026-11-23, 2026年11月23日, 令和8年11月23日, R8.11.23, and Excel's
//! serial numbers.

use super::CellResult;
use crate::remark::Remark;
use chrono::{DateTime, Days, Months, NaiveDate, TimeDelta};

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
    let Some((date, named)) = parse(cell) else {
        return Err(Remark::new(
            "invalid_date",
            "日付は 2026-11-23、令和8年11月23日、R8.11.23 のように入力してください。",
            "Write a date like 2026-11-23, 令和8年11月23日 or R8.11.23.",
        ));
    };
    let next = match named {
        Named::Day => date.succ_opt(),
        Named::Month => date.checked_add_months(Months::new(1)),
        Named::Year => date.checked_add_months(Months::new(12)),
    };
    Ok(CellDate {
        date,
        is_exact: named == Named::Day,
        last: next.and_then(|next| next.pred_opt()).unwrap_or(date),
    })
}

/// What a cell names.
#[derive(Clone, Copy, PartialEq)]
enum Named {
    Year,
    Month,
    Day,
}

fn parse(cell: &str) -> Option<(NaiveDate, Named)> {
    // A moment with its time zone lies in a day of Japan, UTC+9.
    if let Ok(moment) = DateTime::parse_from_rfc3339(cell.trim()) {
        let there = moment.naive_utc().checked_add_signed(TimeDelta::hours(9))?;
        return Some((there.date(), Named::Day));
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
    let text: String = cell
        .to_lowercase()
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    // A time or a weekday after the date is ignored.
    let text = text
        .split_once('t')
        .filter(|(day, _)| day.len() >= 8)
        .map_or(text.as_str(), |(day, _)| day);
    let text = text.split('(').next().unwrap_or_default();
    let era = ERAS.iter().find_map(|(letter, name, short, before, last)| {
        let rest = [name, short, letter]
            .into_iter()
            .find_map(|head| text.strip_prefix(*head))?;
        Some((rest, *before, *last))
    });
    let (rest, before, last) = era.unwrap_or((text, 0, 9999));
    if era.is_none() && rest.bytes().all(|b| b.is_ascii_digit()) {
        return compact(rest);
    }
    let parts: Vec<&str> = rest
        .split(['年', '月', '日', '-', '/', '.', '‐', '−'])
        .filter(|part| !part.is_empty())
        .collect();
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
    if !known || parts.len() > 3 {
        return None;
    }
    let day = NaiveDate::from_ymd_opt(before + year, number(1)?, number(2)?)?;
    let named = match parts.len() {
        1 => Named::Year,
        2 => Named::Month,
        _ => Named::Day,
    };
    Some((day, named))
}

/// Parses 20261123, a year, or the number of days since 1899-12-30.
fn compact(digits: &str) -> Option<(NaiveDate, Named)> {
    let n: u32 = digits.parse().ok()?;
    match digits.len() {
        8 => {
            NaiveDate::from_ymd_opt((n / 10_000) as i32, n / 100 % 100, n % 100).map(|day| (day, Named::Day))
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
        ] {
            assert!(parse_date(text).is_err(), "{text}");
        }
    }
}
