//! Months of the calendar in Tokyo, as they are written: `2026-11`, and in words 2026年11月.

use crate::catalogue::calendar::{fiscal_year, month_number, today};
use crate::http::Language;
use chrono::{Datelike, NaiveDate};
use serde::{Serialize, Serializer};

/// A month, by its number since the year 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(pub i32);

impl Month {
    pub fn of(day: NaiveDate) -> Month {
        Month(month_number(day))
    }

    pub fn current() -> Month {
        Month::of(today())
    }

    /// Parses `2026-11`, of the years 1900 to 2200.
    pub fn parse(text: &str) -> Option<Month> {
        if text.len() != 7 {
            return None;
        }
        let day: NaiveDate = format!("{text}-01").parse().ok()?;
        (1900..=2200).contains(&day.year()).then(|| Month::of(day))
    }

    /// Returns the first and the last month of some fiscal years.
    pub fn of_years(from: i32, to: i32) -> (Month, Month) {
        (Month(from * 12 + 3), Month(to * 12 + 14))
    }

    /// Returns the fiscal year that it is in.
    pub fn fiscal_year(self) -> Option<i32> {
        self.first_day().map(fiscal_year)
    }

    fn first_day(self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(self.0.div_euclid(12), self.0.rem_euclid(12) as u32 + 1, 1)
    }

    /// Writes the month as people read it: 2026年11月, November 2026.
    pub fn in_words(self, language: Language) -> String {
        match (self.first_day(), language) {
            (None, _) => self.to_string(),
            (Some(day), Language::Ja) => format!("{}年{}月", day.year(), day.month()),
            (Some(day), Language::En) => day.format("%B %Y").to_string(),
        }
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_words() {
        let month = Month::parse("2027-02").unwrap();
        assert_eq!(month.in_words(Language::Ja), "2027年2月");
        assert_eq!(month.in_words(Language::En), "February 2027");
    }

    #[test]
    fn a_month_is_written_as_it_is_read() {
        for text in ["2026-11", "2026-01", "1999-12"] {
            assert_eq!(Month::parse(text).unwrap().to_string(), text);
        }
        for wrong in ["2026-13", "2026-1", "2026-11-01", "1899-12", "", "年年"] {
            assert_eq!(Month::parse(wrong), None, "{wrong}");
        }
        let (first, last) = Month::of_years(2026, 2027);
        assert_eq!(
            (first.to_string(), last.to_string()),
            ("2026-04".into(), "2028-03".into())
        );
        assert_eq!(Month::parse("2027-03").unwrap().fiscal_year(), Some(2026));
        assert_eq!(Month::parse("2027-04").unwrap().fiscal_year(), Some(2027));
    }
}
