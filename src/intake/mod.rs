//! The intake of requests: who endorses a request, what its hearing said, by when each step is due, and how a
//! coordinator decided.
//!
//! * `actions`: recording and deciding. `listing`: the intake of a whole list, for exports. `store`: SQL. `http`: the
//!   operations.
//!
//! The status of the request itself (submitted → screening → hearing → open or declined) belongs to `deliverables`; a
//! decision moves it and says why. What a hearing noted is for coordinators; the rest is also for the organization.

pub mod actions;
pub mod http;
pub mod listing;
pub mod store;

use crate::catalogue::calendar;
use crate::db::{Id, Instant};
use crate::deliverables::DeliverableStatus;
use crate::error::{Error, FieldError, Result, Text};
use crate::http::Discloses;
use crate::organizations::Intermediary;
use crate::values::{AreaCode, broken, broken_at, not_blank, plausible_day};
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// How many days a step of the review may take, if no day is named for it.
pub const STEP_DAYS: u64 = 14;

/// The words with which an intermediary recommends a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Endorsement {
    /// Who recommends the request.
    #[validate(nested)]
    pub intermediary: Intermediary,
    /// Who signed for the intermediary.
    #[serde(default)]
    #[validate(length(min = 1, max = 100), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 100, example = "生活支援コーディネーター 鈴木")]
    pub person: Option<String>,
    /// The day of the recommendation. Not in the future.
    #[validate(custom(function = "past_day"))]
    pub endorsed_on: NaiveDate,
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "担い手が増えれば、区内の居場所のよい手本になります。"
    )]
    pub message: String,
}

/// What was said when a coordinator talked with the organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hearing {
    /// The day of the hearing, past or planned.
    #[validate(custom(function = "plausible_day"))]
    pub held_on: NaiveDate,
    /// Who takes part.
    #[serde(default)]
    #[validate(length(max = 20), custom(function = "names"))]
    #[schema(max_items = 20, example = json!(["代表 田中", "事務局 佐藤"]))]
    pub participants: Vec<String>,
    /// Coordinators, administrators and auditors see the notes; for others they are null.
    #[serde(default)]
    #[validate(length(min = 1, max = 10000), custom(function = "not_blank"))]
    #[schema(
        min_length = 1,
        max_length = 10000,
        example = "会員の平均年齢は78歳。印刷費は団体が負担できる。"
    )]
    pub notes: Option<String>,
}

/// How a request is examined.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "in_order", skip_on_field_errors = false))]
#[schema(example = json!({"hearing": {"held_on": "2026-07-14", "participants": ["代表 田中", "事務局 佐藤"],
    "notes": "会員の平均年齢は78歳。印刷費は団体が負担できる。"}, "decision_due_on": "2026-08-10"}))]
pub struct NewIntake {
    /// The recommendation of an intermediary. Null if the organization asks alone.
    #[serde(default)]
    #[validate(nested)]
    pub endorsement: Option<Endorsement>,
    #[serde(default)]
    #[validate(nested)]
    pub hearing: Option<Hearing>,
    /// The last day for the screening.
    #[serde(default)]
    #[validate(custom(function = "plausible_day"))]
    pub screening_due_on: Option<NaiveDate>,
    /// The last day for the hearing. Not before `screening_due_on`.
    #[serde(default)]
    #[validate(custom(function = "plausible_day"))]
    pub hearing_due_on: Option<NaiveDate>,
    /// The last day for the decision. Not before the days of the steps before it.
    #[serde(default)]
    #[validate(custom(function = "plausible_day"))]
    pub decision_due_on: Option<NaiveDate>,
}

impl NewIntake {
    /// Returns the day by which the step is due that a request has waited for since it got its status, if it is under
    /// review.
    pub fn due_on(&self, status: DeliverableStatus, since: Instant) -> Option<NaiveDate> {
        self.steps(status, since).first().map(|(_, due_on)| *due_on)
    }

    /// Returns the steps that a request under review has before it, each by the status in which it waits for the step, with
    /// the days by which they are due. Later ones need a day that is named for them.
    pub fn steps(&self, status: DeliverableStatus, since: Instant) -> Vec<(DeliverableStatus, NaiveDate)> {
        let named = [
            (DeliverableStatus::Submitted, self.screening_due_on),
            (DeliverableStatus::Screening, self.hearing_due_on),
            (DeliverableStatus::Hearing, self.decision_due_on),
        ];
        let usual = || calendar::day_in_tokyo(since.utc()).checked_add_days(Days::new(STEP_DAYS));
        let left = named.into_iter().skip_while(|(step, _)| *step != status);
        left.filter_map(|(step, named)| {
            let usual = || usual().filter(|_| step == status);
            Some((step, named.or_else(usual)?))
        })
        .collect()
    }
}

fn past_day(day: &NaiveDate) -> std::result::Result<(), ValidationError> {
    plausible_day(day)?;
    if *day <= calendar::today() {
        return Ok(());
    }
    Err(broken(
        "day_in_future",
        "今日以前の日付にしてください。",
        "The day is in the future.",
    ))
}

fn names(names: &[String]) -> std::result::Result<(), ValidationError> {
    if names
        .iter()
        .all(|name| !name.trim().is_empty() && name.chars().count() <= 100)
    {
        return Ok(());
    }
    Err(broken(
        "invalid_length",
        "参加者はそれぞれ1〜100文字で入力してください。",
        "Give each participant 1 to 100 characters.",
    ))
}

fn in_order(new: &NewIntake) -> std::result::Result<(), ValidationError> {
    let before_hearing = new.screening_due_on;
    let before_decision = new.hearing_due_on.max(before_hearing);
    let is_late = |day: Option<NaiveDate>, before| day.is_some() && before > day;
    let property = match () {
        () if is_late(new.hearing_due_on, before_hearing) => "hearing_due_on",
        () if is_late(new.decision_due_on, before_decision) => "decision_due_on",
        () => return Ok(()),
    };
    Err(broken_at(
        property,
        "dates_reversed",
        "期限は、審査、ヒアリング、決定の順の日付にしてください。",
        "The screening is due first, then the hearing, then the decision.",
    ))
}

/// How a request is examined, and how it was decided.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Intake {
    pub deliverable_id: Id,
    #[serde(skip)]
    pub organization_id: Id,
    #[serde(flatten)]
    pub record: NewIntake,
    /// The last day for the step that the request waits for: the day that is named for it, or 14 days after the request
    /// got its status. Null unless the request is under review.
    pub due_on: Option<NaiveDate>,
    /// The decisions about the request, newest first: at most the last 50.
    pub decisions: Vec<IntakeDecision>,
    /// Grows with each change of the endorsement, the hearing or a due day, from 0 before the first. Also the ETag.
    #[schema(minimum = 0)]
    pub version: i64,
    /// When the endorsement, the hearing or a due day changed last. Null before the first change.
    pub updated_at: Option<Instant>,
}

impl Discloses for Intake {
    fn people(&self) -> Vec<Id> {
        let endorsed = self.record.endorsement.iter().any(|one| one.person.is_some());
        let heard = self.record.hearing.is_some();
        (endorsed || heard)
            .then_some(self.organization_id)
            .into_iter()
            .collect()
    }
}

impl Intake {
    /// Returns it without what only those who examine requests see.
    pub fn shown(mut self, examines: bool) -> Intake {
        if !examines {
            self.record
                .hearing
                .iter_mut()
                .for_each(|hearing| hearing.notes = None);
            self.decisions
                .iter_mut()
                .for_each(|decision| decision.decided_by = None);
        }
        self
    }
}

/// The intake of a request in a list, with what it takes to recognise the request.
#[derive(Debug, Serialize)]
pub struct ListedIntake {
    #[serde(flatten)]
    pub intake: Intake,
    pub title: String,
    pub status: DeliverableStatus,
    pub area: Option<AreaCode>,
    pub organization_id: Id,
    /// The name of the lead organization. Null if the viewer can't read the organization.
    pub organization: Option<String>,
}

impl Discloses for ListedIntake {
    fn people(&self) -> Vec<Id> {
        self.intake.people()
    }
}

/// The outcome of a decision.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DecisionStatus {
    /// Workers may apply.
    Open,
    /// Not accepted.
    Declined,
}

impl From<DecisionStatus> for DeliverableStatus {
    fn from(status: DecisionStatus) -> DeliverableStatus {
        match status {
            DecisionStatus::Open => DeliverableStatus::Open,
            DecisionStatus::Declined => DeliverableStatus::Declined,
        }
    }
}

/// Why a request was declined.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DecisionReason {
    /// The programme doesn't serve such organizations or requests.
    OutOfScope,
    /// Too little is known about the request.
    Unclear,
    /// The organization can't accompany the work at present.
    NotReady,
    /// More requests than the programme can serve.
    NoCapacity,
    /// Another scheme helps better.
    OtherScheme,
    /// The same request exists already.
    Duplicate,
    Other,
}

/// A decision about a request.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "declined", "reason": "no_capacity",
    "message": "今年度は応募が多く、お受けできませんでした。来年度の募集でもぜひお申し込みください。"}))]
pub struct NewDecision {
    pub status: DecisionStatus,
    /// Why the request is declined. `declined` needs it, `open` takes none.
    #[serde(default)]
    pub reason: Option<DecisionReason>,
    /// A word to the organization.
    #[serde(default)]
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 2000)]
    pub message: Option<String>,
}

impl NewDecision {
    /// Checks that only a refusal has a reason, and always has one.
    pub fn check(&self) -> Result<()> {
        let (code, rule) = match (self.status, self.reason) {
            (DecisionStatus::Declined, Some(_)) | (DecisionStatus::Open, None) => return Ok(()),
            (DecisionStatus::Declined, None) => (
                "missing_field",
                Text::new(
                    "お断りする場合は理由を選んでください。",
                    "A request is declined with a reason.",
                ),
            ),
            (DecisionStatus::Open, Some(_)) => (
                "unexpected_reason",
                Text::new(
                    "公開する場合、理由は不要です。",
                    "A request that is opened has no reason.",
                ),
            ),
        };
        Err(Error::Invalid(vec![FieldError::at("/reason", code, rule)]))
    }
}

/// A decision that was made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IntakeDecision {
    pub id: Id,
    #[serde(flatten)]
    pub decision: NewDecision,
    /// The role and id of who decided. Null for organizations.
    #[schema(example = "coordinator:0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d")]
    pub decided_by: Option<String>,
    pub decided_at: Instant,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Lifecycle;
    use strum::VariantArray;

    #[test]
    fn a_refusal_needs_a_reason_and_an_opening_takes_none() {
        let reasons = DecisionReason::VARIANTS.iter().copied().map(Some).chain([None]);
        for reason in reasons {
            for status in DecisionStatus::VARIANTS {
                let decision = NewDecision {
                    status: *status,
                    reason,
                    message: None,
                };
                let fits = (*status == DecisionStatus::Declined) == reason.is_some();
                assert_eq!(decision.check().is_ok(), fits, "{status:?} {reason:?}");
            }
        }
    }

    #[test]
    fn a_request_may_be_decided_from_every_status_under_review() {
        for status in DeliverableStatus::VARIANTS {
            for to in DecisionStatus::VARIANTS {
                if status.is_under_review() {
                    assert!(status.check_move((*to).into()).is_ok(), "{status:?} {to:?}");
                }
            }
        }
    }
}
