//! What both sides agree on, and how long somebody has for an answer.

use super::{ApplicationSide, ApplicationStatus};
use crate::db::Instant;
use crate::error::{Error, Result, Text};
use crate::values::not_blank;
use ApplicationSide::{Organization, Worker};
use ApplicationStatus::{Offered, Shortlisted, Submitted};
use chrono::Duration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// The goal and the schedule of a worker in a team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationAgreement {
    /// What the worker wants to achieve.
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "新しい会員が10人増えるチラシを作ります。"
    )]
    pub goal: String,
    /// When the worker does it.
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "10月に打ち合わせ、11月末に入稿。平日の夜に作業します。"
    )]
    pub schedule: String,
}

/// How long somebody has for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// After that, it expires.
    pub days: i64,
    /// So many days before, the server warns. The answer was due then, except to an offer, which is due on its last day.
    pub warned_before: i64,
}

/// The longest time for which an offer may hold a place.
const LONGEST_OFFER: i64 = 30;

/// How many days an application stays on the waiting list if nothing happens: neither to it nor to the status of its request.
const LONGEST_WAITING: i64 = 60;

/// Returns the moment since which an application that ends now was on the waiting list.
pub fn waiting_since(now: Instant) -> Instant {
    Instant::from(now.utc() - Duration::days(LONGEST_WAITING))
}

/// Returns how long somebody has to answer an application in this status, if anybody has to.
pub fn deadline(status: ApplicationStatus, awaits: Option<ApplicationSide>) -> Option<Deadline> {
    let (days, warned_before) = match (status, awaits?) {
        (Submitted | Shortlisted, Organization) => (28, 14),
        (Submitted | Shortlisted, Worker) => (14, 7),
        (Offered, _) => (7, 2),
        _ => return None,
    };
    Some(Deadline { days, warned_before })
}

/// Checks the time until which an offer holds a place.
pub fn check_offer(respond_by: Instant, now: Instant) -> Result<()> {
    let last = now.utc() + Duration::days(LONGEST_OFFER);
    if now < respond_by && respond_by.utc() <= last {
        return Ok(());
    }
    let rule = Text::new(
        format!("今から{LONGEST_OFFER}日以内の日時を指定してください。"),
        format!("Use a time within the next {LONGEST_OFFER} days."),
    );
    Err(Error::invalid("/respond_by", "out_of_range", rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_has_to_answer_in_time_what_waits_for_them() {
        for status in [Submitted, Shortlisted, Offered] {
            for side in [Organization, Worker] {
                let deadline = deadline(status, Some(side)).unwrap();
                assert!(0 < deadline.warned_before && deadline.warned_before < deadline.days);
            }
        }
        assert_eq!(deadline(ApplicationStatus::Waitlisted, None), None);
        assert_eq!(deadline(ApplicationStatus::Agreed, Some(Worker)), None);
    }
}
