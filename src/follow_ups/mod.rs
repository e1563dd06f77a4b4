//! Follow-ups: what an organization is asked 6 and 12 months after the delivery. Is the work still in use, how many people
//! did it reach, what changed, would they do it again?
//!
//! * `actions`: making, listing and answering them. `links`: the one-time links with which an organization answers without
//!   an account. `store`: SQL. `http`: the operations. `tasks`: makes the follow-ups of what was delivered.
//!
//! A follow-up is asked on the day [`MONTHS`] after the delivery. It is due [`DUE_DAYS`] later and open for [`OPEN_DAYS`]:
//! after that, the answer would be one about another time, and the next follow-up asks. It is answered once; a coordinator
//! may correct the answer. Only what was
//! matched here is followed up: of what a roster lists as delivered, nobody knows the day.
//!
//! Deliberately absent: sending the link. There is no mail server, so a coordinator passes it on.

pub mod actions;
pub mod http;
pub mod links;
pub mod store;
pub mod tasks;

use crate::auth::secret;
use crate::catalogue::calendar;
use crate::db::{Id, Instant};
use crate::error::{Error, Result, Text};
use crate::http::{Discloses, IfMatch};
use crate::values::not_blank;
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// How many months after the delivery the organization is asked.
pub const MONTHS: [u32; 2] = [6, 12];
/// How many days after the question the answer is due.
pub const DUE_DAYS: u64 = 30;
/// How many days after the question it can be answered.
pub const OPEN_DAYS: u64 = 180;
/// How long a link works.
const LINK_DAYS: i64 = 30;

/// What became of the work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"still_in_use": true, "reach": 450, "changes": "新しい会員が12人増えました。", "would_do_again": true}))]
pub struct NewFollowUpAnswer {
    /// Whether the work is still in use.
    pub still_in_use: bool,
    /// How many people it has reached. Null: not known.
    #[serde(default)]
    #[validate(range(min = 0, max = 100_000_000))]
    #[schema(minimum = 0, maximum = 100_000_000)]
    pub reach: Option<i32>,
    /// What has changed.
    #[serde(default)]
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 2000)]
    pub changes: Option<String>,
    /// Whether the organization would ask for such work again.
    pub would_do_again: bool,
}

/// Where a follow-up stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::IntoStaticStr, strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FollowUpStatus {
    /// The day to ask hasn't come.
    Planned,
    /// Waits for the answer.
    Open,
    Answered,
    /// The time to answer is over.
    Expired,
}

/// What is asked some months after the delivery.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FollowUp {
    pub deliverable_id: Id,
    #[serde(skip)]
    pub organization_id: Id,
    /// How many months after the delivery: 6 or 12.
    #[schema(minimum = 6, maximum = 12, example = 6)]
    pub months: u32,
    pub status: FollowUpStatus,
    /// The day of the question, in Japan's time.
    #[schema(example = "2027-09-15")]
    pub asked_on: NaiveDate,
    /// The day by which the answer is due.
    #[schema(example = "2027-10-15")]
    pub due_on: NaiveDate,
    /// The last day to answer.
    #[schema(example = "2028-03-13")]
    pub open_until: NaiveDate,
    /// Null as long as nobody has answered. Its `changes` are null without the scope `personal_data:read`.
    pub answer: Option<NewFollowUpAnswer>,
    pub answered_at: Option<Instant>,
    /// Until when the link works that was made last. Null without a link.
    pub link_expires_at: Option<Instant>,
    /// Counts the changes. 0 before the first.
    #[schema(minimum = 0)]
    pub version: i64,
}

/// The follow-ups of a project.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FollowUpList {
    /// The first one first. Empty before the delivery.
    pub items: Vec<FollowUp>,
}

impl Discloses for FollowUp {
    fn people(&self) -> Vec<Id> {
        let has_words = self
            .answer
            .as_ref()
            .is_some_and(|answer| answer.changes.is_some());
        has_words.then_some(self.organization_id).into_iter().collect()
    }
}

impl Discloses for FollowUpList {
    fn people(&self) -> Vec<Id> {
        self.items.iter().flat_map(Discloses::people).collect()
    }
}

/// A one-time link, shown only once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FollowUpLink {
    /// The secret in the link. Null if the response is repeated.
    #[schema(example = "mfu_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE")]
    pub token: Option<String>,
    /// The page at which the organization answers. Null if the response is repeated.
    #[schema(
        example = "https://musubi.example.jp/follow-up#mfu_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"
    )]
    pub link: Option<String>,
    pub expires_at: Instant,
}

impl FollowUpLink {
    /// Creates a link under `public_url`, the address at which browsers reach the server.
    fn new(public_url: &str, now: Instant) -> Result<(FollowUpLink, String)> {
        let token = secret::fresh("mfu_")?;
        let digest = secret::digest(&token);
        let link = FollowUpLink {
            link: Some(format!("{}/follow-up#{token}", public_url.trim_end_matches('/'))),
            token: Some(token),
            expires_at: Instant::from(now.utc() + chrono::Duration::days(LINK_DAYS)),
        };
        Ok((link, digest))
    }
}

/// The secret of a link.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "mfu_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"}))]
pub struct FollowUpToken {
    /// The secret from the link: the part after `#`.
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    pub token: String,
}

/// An answer by a link.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "mfu_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE",
    "answer": {"still_in_use": true, "reach": 450, "changes": "新しい会員が12人増えました。", "would_do_again": true}}))]
pub struct FollowUpReply {
    /// The secret from the link: the part after `#`.
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    pub token: String,
    #[validate(nested)]
    pub answer: NewFollowUpAnswer,
}

/// What somebody with a link is asked.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FollowUpQuestion {
    #[schema(example = "戸山ふれあいの会")]
    pub organization_name: String,
    /// The title of the deliverable.
    #[schema(example = "会員募集のチラシ")]
    pub title: String,
    #[schema(minimum = 6, maximum = 12, example = 6)]
    pub months: u32,
    pub expires_at: Instant,
}

/// The days of a follow-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dates {
    pub asked_on: NaiveDate,
    pub due_on: NaiveDate,
    pub open_until: NaiveDate,
}

impl Dates {
    pub fn of(asked_on: NaiveDate) -> Dates {
        let later = |days| asked_on.checked_add_days(Days::new(days)).unwrap_or(asked_on);
        Dates {
            asked_on,
            due_on: later(DUE_DAYS),
            open_until: later(OPEN_DAYS),
        }
    }

    fn status(self, is_answered: bool, today: NaiveDate) -> FollowUpStatus {
        match is_answered {
            true => FollowUpStatus::Answered,
            false if today < self.asked_on => FollowUpStatus::Planned,
            false if today > self.open_until => FollowUpStatus::Expired,
            false => FollowUpStatus::Open,
        }
    }
}

/// Returns the day of the question: the same day of the month, or the month's last.
pub fn asked_on(delivered: Instant, months: u32) -> NaiveDate {
    let day = calendar::day_in_tokyo(delivered.utc());
    day.checked_add_months(chrono::Months::new(months)).unwrap_or(day)
}

impl FollowUp {
    /// Returns a follow-up without an answer.
    pub fn unanswered(
        (deliverable_id, organization_id): (Id, Id),
        months: u32,
        asked_on: NaiveDate,
    ) -> FollowUp {
        let dates = Dates::of(asked_on);
        FollowUp {
            deliverable_id,
            organization_id,
            months,
            status: dates.status(false, calendar::today()),
            asked_on,
            due_on: dates.due_on,
            open_until: dates.open_until,
            answer: None,
            answered_at: None,
            link_expires_at: None,
            version: 0,
        }
    }

    /// Checks that it can be answered today, or that its answer is corrected by somebody who has read it and may do that
    /// (`may_correct`).
    fn check_answer(&self, may_correct: bool, if_match: &IfMatch) -> Result<()> {
        if_match.check(self.version)?;
        let has_read = matches!(if_match, IfMatch::Versions(_));
        match self.status {
            FollowUpStatus::Answered if may_correct && has_read => Ok(()),
            _ => self.check_open(),
        }
    }

    /// Checks that it can be answered today.
    fn check_open(&self) -> Result<()> {
        match self.status {
            FollowUpStatus::Open => Ok(()),
            FollowUpStatus::Answered => Err(conflict(
                "follow_up_answered",
                "この質問には回答済みです。コーディネーターは、If-Match で版を指定すると回答を訂正できます。",
                "This follow-up is answered already. A coordinator can correct the answer: name its version in If-Match.",
            )),
            FollowUpStatus::Planned => Err(conflict(
                "follow_up_planned",
                format!("この質問には{}から回答できます。", self.asked_on),
                format!("This follow-up can be answered from {} on.", self.asked_on),
            )),
            FollowUpStatus::Expired => Err(conflict(
                "follow_up_expired",
                format!("回答の期限（{}）を過ぎています。", self.open_until),
                format!("This follow-up could be answered until {}.", self.open_until),
            )),
        }
    }
}

fn conflict(code: &'static str, ja: impl Into<String>, en: impl Into<String>) -> Error {
    let detail = Text::new(ja.into(), en.into());
    Error::Conflict { code, detail }
}

fn not_delivered() -> Error {
    conflict(
        "not_delivered",
        "支援が完了（delivered）してから利用できます。",
        "This can be asked once the work is delivered.",
    )
}

/// Refuses a link that nobody knows, or that a newer one replaced.
fn wrong_link() -> Error {
    Error::invalid(
        "/token",
        "invalid_link",
        Text::new(
            "このリンクは使用できません。新しいリンクを事務局に依頼してください。",
            "This link doesn't exist or was replaced. Ask for a new link.",
        ),
    )
}

fn used_link() -> Error {
    conflict(
        "link_used",
        "このリンクからは回答済みです。ご協力ありがとうございました。",
        "This link was used for an answer already. Thank you.",
    )
}

fn expired_link() -> Error {
    conflict(
        "link_expired",
        "このリンクの有効期限が過ぎています。新しいリンクを事務局に依頼してください。",
        "This link has expired. Ask for a new link.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_asked_on_the_same_day_of_a_later_month_in_tokyo() {
        let asked = |text: &str, months| asked_on(Instant::parse(text).unwrap(), months).to_string();
        assert_eq!(asked("2026-08-30T15:00:00Z", 6), "2027-02-28");
        assert_eq!(asked("2026-08-30T14:59:59Z", 12), "2027-08-30");
    }

    #[test]
    fn opens_on_the_day_of_the_question_and_expires_after_the_last() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let dates = Dates::of(day("2027-01-01"));
        assert_eq!(
            (dates.due_on, dates.open_until),
            (day("2027-01-31"), day("2027-06-30"))
        );
        let status = |today| dates.status(false, day(today));
        assert_eq!(status("2026-12-31"), FollowUpStatus::Planned);
        assert_eq!(status("2027-01-01"), FollowUpStatus::Open);
        assert_eq!(status("2027-06-30"), FollowUpStatus::Open);
        assert_eq!(status("2027-07-01"), FollowUpStatus::Expired);
        assert_eq!(dates.status(true, day("2027-07-01")), FollowUpStatus::Answered);
    }
}
