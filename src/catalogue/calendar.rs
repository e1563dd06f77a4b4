//! Japan's calendar: the day in Tokyo, fiscal years, day-parts.

use super::names::Names;
use crate::values::code_list;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Timelike, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::Schema;

/// Returns the time in Tokyo: UTC+9, without summer time since 1951.
pub fn time_in_tokyo(at: DateTime<Utc>) -> NaiveDateTime {
    at.checked_add_signed(chrono::Duration::hours(9))
        .unwrap_or(at)
        .naive_utc()
}

/// Returns the moment at which it is this time in Tokyo.
pub fn moment_in_tokyo(time: NaiveDateTime) -> DateTime<Utc> {
    let at = time.and_utc();
    at.checked_sub_signed(chrono::Duration::hours(9)).unwrap_or(at)
}

/// Returns the moment at which a day begins in Tokyo.
pub fn midnight_in_tokyo(day: NaiveDate) -> DateTime<Utc> {
    moment_in_tokyo(day.and_time(chrono::NaiveTime::MIN))
}

pub fn day_in_tokyo(at: DateTime<Utc>) -> NaiveDate {
    time_in_tokyo(at).date()
}

/// Returns today's date in Tokyo.
pub fn today() -> NaiveDate {
    day_in_tokyo(Utc::now())
}

/// Returns the fiscal year (年度) of a day: April to March, named by the year in which it begins.
pub fn fiscal_year(day: NaiveDate) -> i32 {
    if day.month() >= 4 {
        day.year()
    } else {
        day.year() - 1
    }
}

/// Returns the months since the year 0.
pub fn month_number(day: NaiveDate) -> i32 {
    day.year() * 12 + day.month0() as i32
}

/// Returns the days since 1970-01-01, as the matcher counts them.
pub fn day_number(day: NaiveDate) -> i32 {
    day.signed_duration_since(NaiveDate::default()).num_days() as i32
}

/// Returns how many days ago something happened, in Tokyo.
pub fn days_since(at: DateTime<Utc>) -> u32 {
    u32::try_from(day_number(today()) - day_number(day_in_tokyo(at))).unwrap_or(0)
}

/// Returns the day of a number of [`day_number`].
pub fn day_of_number(number: i32) -> NaiveDate {
    let epoch = NaiveDate::default();
    epoch
        .checked_add_signed(chrono::Duration::days(i64::from(number)))
        .unwrap_or(epoch)
}

/// Returns the day that is `days` before another.
pub fn days_before(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}

const CODES: [&str; 21] = [
    "monday_morning",
    "monday_afternoon",
    "monday_evening",
    "tuesday_morning",
    "tuesday_afternoon",
    "tuesday_evening",
    "wednesday_morning",
    "wednesday_afternoon",
    "wednesday_evening",
    "thursday_morning",
    "thursday_afternoon",
    "thursday_evening",
    "friday_morning",
    "friday_afternoon",
    "friday_evening",
    "saturday_morning",
    "saturday_afternoon",
    "saturday_evening",
    "sunday_morning",
    "sunday_afternoon",
    "sunday_evening",
];
/// The number of day-parts in a week.
pub const DAY_PARTS: u8 = 21;

/// A third of a weekday: `saturday_morning`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct DayPart(u8);

impl DayPart {
    pub fn all() -> impl Iterator<Item = DayPart> {
        (0..DAY_PARTS).map(DayPart)
    }

    /// Returns the day-part at a position in the week. Position 0 is Monday morning.
    pub fn at(position: u8) -> Option<DayPart> {
        (position < DAY_PARTS).then_some(DayPart(position))
    }

    /// Returns the day-part of a moment in Tokyo. The afternoon begins at noon, the evening at 18:00.
    pub fn of(at: DateTime<Utc>) -> DayPart {
        let time = time_in_tokyo(at);
        let part = match time.hour() {
            ..12 => 0,
            12..18 => 1,
            _ => 2,
        };
        DayPart(time.weekday().num_days_from_monday() as u8 * 3 + part)
    }

    pub fn code(self) -> &'static str {
        CODES.get(usize::from(self.0)).copied().unwrap_or_default()
    }

    /// Returns the day-parts as the matcher's bit set.
    pub fn set(parts: &[DayPart]) -> u32 {
        parts.iter().fold(0, |set, part| set | 1 << part.0)
    }

    /// Returns its names, such as 「土曜の午前」 and "Saturday morning".
    pub fn names(self) -> Names {
        let day = ["月", "火", "水", "木", "金", "土", "日"]
            .get(usize::from(self.0 / 3))
            .copied()
            .unwrap_or_default();
        let part = ["午前", "午後", "夜"]
            .get(usize::from(self.0 % 3))
            .copied()
            .unwrap_or_default();
        Names {
            ja: format!("{day}曜の{part}"),
            en: english(self.code()),
        }
    }
}

fn english(code: &str) -> String {
    let mut letters = code.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first
        .into_iter()
        .chain(letters)
        .collect::<String>()
        .replace('_', " ")
}

impl TryFrom<String> for DayPart {
    type Error = String;

    /// Finds the day-part by its code, and returns the text if it isn't one.
    fn try_from(code: String) -> Result<DayPart, String> {
        DayPart::all().find(|part| part.code() == code).ok_or(code)
    }
}

impl<'de> Deserialize<'de> for DayPart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DayPart, D::Error> {
        let code = String::deserialize(deserializer)?;
        DayPart::try_from(code).map_err(|code| D::Error::unknown_variant(&code, &CODES))
    }
}

impl From<DayPart> for String {
    fn from(part: DayPart) -> String {
        part.code().to_owned()
    }
}

impl utoipa::PartialSchema for DayPart {
    fn schema() -> utoipa::openapi::RefOr<Schema> {
        code_list("A third of a weekday", DayPart::all().map(DayPart::code))
    }
}
impl utoipa::ToSchema for DayPart {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fiscal_years_begin_in_april_in_tokyo() {
        let year = |text: &str| fiscal_year(day_in_tokyo(text.parse().unwrap()));
        assert_eq!(year("2022-03-31T14:59:59Z"), 2021);
        assert_eq!(year("2022-03-31T15:00:00Z"), 2022);
    }

    #[test]
    fn reads_day_parts_as_it_writes_them() {
        assert_eq!(DayPart::all().count(), 21);
        for part in DayPart::all() {
            assert_eq!(DayPart::try_from(part.code().to_owned()), Ok(part));
        }
        assert_eq!(DayPart::set(&[DayPart(0), DayPart(20)]), 1 | 1 << 20);
    }

    #[test]
    fn a_moment_has_the_day_part_of_tokyo() {
        let part = |text: &str| DayPart::of(text.parse().unwrap()).code();
        assert_eq!(part("2026-10-02T15:00:00Z"), "saturday_morning");
        assert_eq!(part("2026-10-03T02:59:59Z"), "saturday_morning");
        assert_eq!(part("2026-10-03T03:00:00Z"), "saturday_afternoon");
        assert_eq!(part("2026-10-04T09:00:00Z"), "sunday_evening");
    }
}
