//! Calendars with a column for the month and one for the day: 月 | 日 | 曜日 | 行事. The month stands only in the first row of its
//! group, and the year may have a column, too. A calendar of one month may have it in its title: 2026年4月 行事予定.

use super::when::StatedYear;
use crate::imports::ImportKind;
use crate::imports::headings::{concepts, heading_key};
use chrono::Datelike;
use std::collections::BTreeMap;
use tables::Row;
use tables::cells::dates::parse_date;
use text::fold;

/// The columns of a calendar, and what the rows so far have said.
#[derive(Clone)]
pub struct Months {
    pub month: Option<usize>,
    pub day: usize,
    year: Option<usize>,
    weekday: Option<usize>,
    /// The sheet of the last month, and that month with its year, if one is known: 2026年12月.
    last: Option<(usize, String)>,
    /// The sheet and the text of the last year, and the number of the last month in it.
    last_year: Option<(usize, String, Option<u32>)>,
    /// The year that the file states, if it may turn over below.
    stated: Option<(i32, Option<u32>)>,
}

impl Months {
    /// Returns none if a list of this kind has no such columns.
    pub fn of_list(kind: ImportKind, header: &[String]) -> Option<Months> {
        let is_own = || {
            concepts()
                .layout(header)
                .is_some_and(|layout| layout.code == "own_export")
        };
        if kind != ImportKind::Events || is_own() {
            return None;
        }
        let keys: Vec<String> = header.iter().map(|name| heading_key(name)).collect();
        let find = |words: &[&str]| keys.iter().position(|key| words.contains(&key.as_str()));
        let month = find(&["月", "開催月", "実施月", "month"]);
        let day = match month {
            Some(_) => find(&["日", "日にち", "日付", "開催日", "実施日", "day"]),
            None => find(&["日"]).filter(|_| {
                let mut fields = header.iter().filter_map(|name| concepts().field(kind, name));
                !fields.any(|field| ["starts_on", "times", "month"].contains(&field))
            }),
        };
        Some(Months {
            month,
            day: day?,
            year: find(&["年", "西暦", "開催年", "実施年", "year"]),
            weekday: find(&["曜日", "曜"]),
            last: None,
            last_year: None,
            stated: None,
        })
    }

    /// Knows the year that the file states. A fiscal year has each month once.
    pub fn below(self, year: Option<StatedYear>) -> Months {
        let stated = match year.filter(|_| self.year.is_none()) {
            Some(StatedYear::Calendar(year)) => Some((year, None)),
            Some(StatedYear::Month(year, month)) => Some((year, Some(month))),
            Some(StatedYear::Fiscal(_)) | None => None,
        };
        Months { stated, ..self }
    }

    /// Returns the columns that only complete the day.
    pub fn beside(&self) -> impl Iterator<Item = usize> {
        self.year.into_iter().chain(self.weekday)
    }

    /// Returns whether a row is a day on which nothing is.
    pub fn is_blank(&self, row: &Row) -> bool {
        let own = [self.month, Some(self.day), self.year, self.weekday];
        let filled = row
            .texts()
            .enumerate()
            .filter(|(_, cell)| !cell.trim().is_empty());
        let at: Vec<usize> = filled.map(|(at, _)| at).collect();
        let is_row = row.fault.is_none() && row.skipped.is_none();
        is_row && at.contains(&self.day) && at.iter().all(|at| own.contains(&Some(*at)))
    }

    /// Returns a row with the month beside its day.
    pub fn add(&mut self, row: Row) -> Row {
        if row.fault.is_some() || row.skipped.is_some() || has_one_text(&row) {
            return row;
        }
        match self.month {
            Some(month) => self.with_month(row, month),
            None => self.of_title(row),
        }
    }

    /// Returns a row with the month of the title beside its day.
    fn of_title(&self, row: Row) -> Row {
        let cell = |at: usize| fold(row.texts().nth(at).unwrap_or_default()).trim().to_owned();
        let weekday = self.weekday.and_then(|at| weekday(&cell(at)));
        let month = self.stated.and_then(|(_, month)| month);
        match month.zip(day(&cell(self.day), weekday)) {
            Some((month, day)) => row.with_texts(&BTreeMap::from([(self.day, format!("{month}月{day}"))])),
            None => row,
        }
    }

    /// Returns a row with the month in its column beside its day. A day without a month is of the one above.
    fn with_month(&mut self, row: Row, at: usize) -> Row {
        let cell = |at: usize| fold(row.texts().nth(at).unwrap_or_default()).trim().to_owned();
        let sheet = row.sheet;
        let of_sheet = |last: &Option<(usize, String)>| {
            let last = last.as_ref().filter(|(own, _)| *own == sheet);
            last.map(|(_, text)| text.clone())
        };
        let stated = cell(at);
        let number = number_of_month(&stated);
        let own = self.year.map(cell).filter(|year| !year.is_empty());
        let above = self.last_year.take().filter(|(own, ..)| *own == sheet);
        let year = match own {
            Some(year) => {
                let same = above.filter(|(_, above, _)| *above == year);
                Some((year, same.and_then(|(.., last)| last)))
            }
            None => {
                let stated = || self.stated.map(|(year, last)| (sheet, format!("{year}年"), last));
                above
                    .or_else(stated)
                    .map(|(_, year, last)| (turned(year, last, number), last))
            }
        };
        self.last_year = year.map(|(year, last)| (sheet, year, number.or(last)));
        let year = self.last_year.as_ref().map(|(_, year, _)| year.clone());
        // What the file states goes for its days anyway, until the year turns over.
        let is_stated = |year: &String| {
            self.stated
                .is_some_and(|(stated, _)| *year == format!("{stated}年"))
        };
        let year = year.filter(|year| !is_stated(year));
        let month = match stated.is_empty() {
            true => of_sheet(&self.last),
            false => month(&stated, year.as_deref()),
        };
        self.last = month.clone().map(|month| (sheet, month));
        let weekday = self.weekday.and_then(|at| weekday(&cell(at)));
        let day = day(&cell(self.day), weekday);
        // Without a day, nobody knows whether a row without a month belongs to the one above.
        let is_said = day.is_some() || (!stated.is_empty() && parse_date(&stated).is_err());
        let Some(month) = month.filter(|_| is_said) else {
            return row;
        };
        let texts = match day {
            Some(day) => BTreeMap::from([(self.day, format!("{month}{day}")), (at, String::new())]),
            None => BTreeMap::from([(at, month)]),
        };
        row.with_texts(&texts)
    }
}

/// Returns whether a row is no more than a line between others.
fn has_one_text(row: &Row) -> bool {
    let filled = row.texts().filter(|text| !text.trim().is_empty());
    filled.take(2).count() < 2
}

/// Returns the number of a month that has no year: 12, 12月.
fn number_of_month(text: &str) -> Option<u32> {
    let number: Option<u32> = text.trim_end_matches('月').trim().parse().ok();
    number.filter(|month| (1..=12).contains(month))
}

/// Returns the year of a row above for a month below: the next one for a January below a December. A month just before the last
/// one is of the same year, as where what is newest stands first.
fn turned(year: String, last: Option<u32>, number: Option<u32>) -> String {
    const HALF: u32 = 6;
    let is_turned = last
        .zip(number)
        .is_some_and(|(last, number)| last >= number + HALF);
    let next = number.filter(|_| is_turned).and_then(|number| {
        let here = parse_date(&month(&number.to_string(), Some(&year))?).ok()?;
        Some(format!("{}年", here.date.year() + 1))
    });
    next.unwrap_or(year)
}

/// Reads a month: 12, 12月, 2026年12月, R8.12. The year of another column counts if the cell has none.
fn month(text: &str, year: Option<&str>) -> Option<String> {
    let whole = |text: &str| {
        let found = parse_date(text).ok()?;
        let is_month = !found.is_exact && found.names_month();
        is_month.then(|| format!("{}年{}月", found.date.year(), found.date.month()))
    };
    match number_of_month(text) {
        None => whole(text),
        Some(number) => {
            let year = year.map(|year| year.trim_end_matches('年'));
            let of_year = year.and_then(|year| {
                whole(&format!("{year}年{number}月")).or_else(|| whole(&format!("{year}.{number}")))
            });
            of_year.or_else(|| Some(format!("{number}月")))
        }
    }
}

/// Reads a day without its month: 3, 3日, 3（木）, 3〜5. Returns it as it stands behind a month, with the day of the week.
fn day(text: &str, weekday: Option<char>) -> Option<String> {
    let (first, rest) = number(text)?;
    let (note, rest) = match rest.starts_with('(') {
        true => rest.split_at_checked(rest.find(')')? + 1)?,
        false => ("", rest),
    };
    let stated = weekday.map(|weekday| format!("({weekday})"));
    let note = match (note, stated) {
        ("", Some(stated)) => stated,
        (note, _) => note.to_owned(),
    };
    let rest = rest.trim();
    if rest.is_empty() {
        return Some(format!("{first}日{note}"));
    }
    // A time behind it stays: 3日 13:30〜. A / or another number makes it something else.
    if let Some(span) = rest.strip_prefix(['~', '〜', '-', '–', 'ー']) {
        let span = span.trim();
        // 28〜1/4 goes on into the next month.
        let (month, span) = month_apart(span).map_or_else(
            || (String::new(), span),
            |(month, rest)| (format!("{month}月"), rest),
        );
        if let Some((last, behind)) = number(span) {
            return Some(format!("{first}日{note}〜{month}{last}日{behind}"));
        }
    }
    let is_apart = rest.starts_with(char::is_numeric) && text.contains(['日', ' ', ')']);
    is_apart.then(|| format!("{first}日{note} {rest}"))
}

/// Splits the month of a day from its number: 1/4, 1月4日.
fn month_apart(text: &str) -> Option<(u32, &str)> {
    let (month, rest) = text.split_once(['/', '月'])?;
    let month = number_of_month(month)?;
    rest.starts_with(|c: char| c.is_ascii_digit())
        .then_some((month, rest))
}

/// Splits the number of a day, with 日 or without, from what follows.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    let number: u32 = digits.parse().ok().filter(|day| (1..=31).contains(day))?;
    let rest = rest.strip_prefix('日').unwrap_or(rest);
    let is_more = rest.starts_with(['/', '.', ':', '月', '年', '時', '回', '名']);
    (!is_more).then_some((number, rest.trim_start()))
}

/// Reads a day of the week: 木, （木）, 木曜日, 木・祝.
fn weekday(text: &str) -> Option<char> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || "()".contains(c));
    let mut chars = text.chars();
    let first = chars.next().filter(|c| "月火水木金土日".contains(*c))?;
    ["", "曜", "曜日", "・祝", "祝"]
        .contains(&chars.as_str())
        .then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_days_are_read_as_calendars_have_them() {
        for (text, year, expected) in [
            ("12", None, Some("12月")),
            ("12月", None, Some("12月")),
            ("12月", Some("2026"), Some("2026年12月")),
            ("1", Some("令和9年"), Some("2027年1月")),
            ("2026年12月", None, Some("2026年12月")),
            ("13", None, None),
            ("通年", None, None),
        ] {
            assert_eq!(month(text, year).as_deref(), expected, "{text}");
        }
        for (year, last, number, expected) in [
            ("2026", Some(12), Some(1), "2027年"),
            ("令和8年", Some(11), Some(1), "2027年"),
            ("R8", Some(12), Some(4), "2027年"),
            ("2026年", Some(11), Some(12), "2026年"),
            ("2026年", Some(12), Some(11), "2026年"),
            ("2026年", None, Some(1), "2026年"),
            ("2026年", Some(12), None, "2026年"),
            ("通年", Some(12), Some(1), "通年"),
        ] {
            assert_eq!(
                turned(year.to_owned(), last, number),
                expected,
                "{year} {last:?} {number:?}"
            );
        }
        for (text, weekday, expected) in [
            ("3", None, Some("3日")),
            ("3日", Some('木'), Some("3日(木)")),
            ("3(木)", Some('金'), Some("3日(木)")),
            ("3~5", None, Some("3日〜5日")),
            ("3日(木)〜5日(土)", None, Some("3日(木)〜5日(土)")),
            ("28~1/4", None, Some("28日〜1月4日")),
            ("28日(月)〜1月4日(月)", None, Some("28日(月)〜1月4日(月)")),
            ("30~2", Some('土'), Some("30日(土)〜2日")),
            ("28~13/4", None, None),
            ("3日 13:30", None, Some("3日 13:30")),
            ("12/3", None, None),
            ("2026/12/3", None, None),
            ("上旬", None, None),
            ("32", None, None),
            ("", None, None),
        ] {
            assert_eq!(day(text, weekday).as_deref(), expected, "{text}");
        }
        assert_eq!(
            weekday("（木）".replace('（', "(").replace('）', ")").as_str()),
            Some('木')
        );
        assert_eq!(
            [weekday("木曜日"), weekday("木・祝"), weekday("木〜土")],
            [Some('木'), Some('木'), None]
        );
    }
}
