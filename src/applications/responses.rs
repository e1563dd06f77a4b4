//! How fast organizations and coordinators answer applications.
//!
//! An application is answered by its first move that isn't the worker's and doesn't merely end the request. Counted are the
//! applications of the last [`WINDOW_DAYS`] days that were answered or have waited for [`DUE_DAYS`] days, the days that
//! their task gives, so that nobody is blamed for what arrived yesterday. What lists tell of doesn't count if it was answered
//! elsewhere, or had waited that long before it came. Below [`AT_LEAST`] of them there is no rate: one
//! answer more or less would decide it. These are rules of Musubi. Days are those of Tokyo's calendar.

use super::{ApplicationReason, ApplicationStatus, Outcome};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The days that are looked back.
pub const WINDOW_DAYS: i32 = 365;
/// The days after which an application without an answer counts.
pub const DUE_DAYS: i32 = 14;
/// The fewest applications for a rate.
pub const AT_LEAST: u32 = 3;

impl Outcome {
    /// Returns how the waiting for an answer ended: with an answer or without. `None`: it goes on.
    pub fn answered(&self) -> Option<bool> {
        match self.status {
            ApplicationStatus::Submitted => None,
            // A waiting list answers nobody, and neither does the end of the time.
            ApplicationStatus::Withdrawn | ApplicationStatus::Waitlisted | ApplicationStatus::Expired => {
                Some(false)
            }
            _ => Some(!matches!(
                self.reason,
                Some(ApplicationReason::RequestClosed | ApplicationReason::SamePerson)
            )),
        }
    }
}

/// How applications were answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"received": 12, "answered": 11, "rate_percent": 92, "median_days": 3}))]
pub struct Responses {
    /// Applications of the last 365 days that were answered, or have waited for 14 days or longer.
    #[schema(minimum = 0)]
    pub received: u32,
    /// How many of them were answered.
    #[schema(minimum = 0)]
    pub answered: u32,
    /// Null below 3 applications.
    #[schema(minimum = 0, maximum = 100)]
    pub rate_percent: Option<u32>,
    /// The median of the days until the answer. Null below 3 applications, and without an answer.
    #[schema(minimum = 0)]
    pub median_days: Option<u32>,
}

/// The answers of one organization or coordinator, as they are added up.
#[derive(Debug, Clone, Default)]
pub struct ResponseTally {
    /// How many answers came after so many days.
    answered: BTreeMap<u32, u32>,
    unanswered: u32,
}

impl ResponseTally {
    /// Adds applications that were answered after `days`, or that weren't.
    pub fn add(&mut self, days: Option<i32>, count: i64) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let number = match days {
            Some(days) => self.answered.entry(u32::try_from(days).unwrap_or(0)).or_default(),
            None => &mut self.unanswered,
        };
        *number = number.saturating_add(count);
    }

    pub fn responses(&self) -> Responses {
        let answered: u32 = self.answered.values().sum();
        let received = answered.saturating_add(self.unanswered);
        let mut passed = 0;
        let median = self.answered.iter().find(|(_, count)| {
            passed += **count;
            passed * 2 >= answered
        });
        let is_enough = received >= AT_LEAST;
        let percent = || (u64::from(answered) * 200 + u64::from(received)) / (u64::from(received) * 2);
        Responses {
            received,
            answered,
            rate_percent: is_enough.then(|| u32::try_from(percent()).unwrap_or(100)),
            median_days: median.map(|(days, _)| *days).filter(|_| is_enough),
        }
    }
}

impl Responses {
    /// Returns whether enough applications came, and none was answered.
    pub fn is_silent(&self) -> bool {
        self.rate_percent == Some(0) && self.answered == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn responses(rows: &[(Option<i32>, i64)]) -> Responses {
        let mut tally = ResponseTally::default();
        rows.iter().for_each(|(days, count)| tally.add(*days, *count));
        tally.responses()
    }

    #[test]
    fn rate_and_median_need_three_applications() {
        assert_eq!(
            responses(&[(Some(1), 2)]),
            Responses {
                received: 2,
                answered: 2,
                rate_percent: None,
                median_days: None
            }
        );
        let known = responses(&[(Some(1), 1), (Some(9), 1), (Some(4), 1), (None, 1)]);
        assert_eq!((known.rate_percent, known.median_days), (Some(75), Some(4)));
    }

    #[test]
    fn silent_is_who_answered_nothing_of_enough() {
        assert!(responses(&[(None, 3)]).is_silent());
        assert!(!responses(&[(None, 2)]).is_silent());
        // 0 percent, rounded, and yet not silent.
        let rare = responses(&[(None, 999), (Some(3), 1)]);
        assert_eq!((rare.rate_percent, rare.is_silent()), (Some(0), false));
    }
}
