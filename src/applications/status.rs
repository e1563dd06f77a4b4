//! The status of an application, and the reasons for an end. An end is the status declined or withdrawn.

use crate::auth::{DecideApplications, Scope, WithdrawApplications};
use crate::error::{Error, Result, Text};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ApplicationStatus {
    /// The application waits for an answer.
    #[default]
    Submitted,
    /// The worker has a place in the team.
    Accepted,
    /// The organization or the coordinator declined.
    Declined,
    /// The worker stepped back, before or after being accepted.
    Withdrawn,
}

/// Why an application ended.
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
pub enum ApplicationReason {
    /// Someone else got the place.
    AnotherChosen,
    /// Other skills are needed.
    Skills,
    /// The dates don't fit.
    Schedule,
    /// The work isn't needed any more.
    NoLongerNeeded,
    /// The request was cancelled, declined, delivered or archived. Set when that happens.
    RequestClosed,
    /// The worker has too much to do.
    Workload,
    Health,
    /// The worker is moving away.
    Relocation,
    /// The worker is busy with other work.
    OtherWork,
    Other,
}

use ApplicationReason::*;
use ApplicationStatus::*;

impl ApplicationStatus {
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Returns the statuses that may follow. None follows an end: the worker applies again with a new
    /// application.
    pub fn next(self) -> &'static [ApplicationStatus] {
        match self {
            Submitted => &[Accepted, Declined, Withdrawn],
            Accepted => &[Withdrawn],
            Declined | Withdrawn => &[],
        }
    }

    /// Returns the reasons that may be given for this status. An end needs one of them.
    pub fn reasons(self) -> &'static [ApplicationReason] {
        match self {
            Submitted | Accepted => &[],
            Declined => &[
                AnotherChosen,
                Skills,
                Schedule,
                NoLongerNeeded,
                RequestClosed,
                Other,
            ],
            Withdrawn => &[Schedule, Workload, Health, Relocation, OtherWork, Other],
        }
    }

    /// Returns the scope that you need, besides `applications:write`, to set this status or to change a note
    /// in it.
    pub fn scope(self) -> &'static str {
        match self {
            Submitted | Accepted | Declined => DecideApplications::NAME,
            Withdrawn => WithdrawApplications::NAME,
        }
    }

    /// Checks that an application may move from this status to `to`. Keeping the status is allowed.
    pub fn check_move(self, to: ApplicationStatus) -> Result<()> {
        if self == to || self.next().contains(&to) {
            return Ok(());
        }
        let (from, to) = (self.code(), to.code());
        let detail = Text::new(
            format!("応募の状態を {from} から {to} に変更できません。"),
            format!("The status of an application can't change from {from} to {to}."),
        );
        Err(Error::Conflict {
            code: "illegal_transition",
            detail,
        })
    }

    /// Checks that an end has one of its reasons, and that any other status has none.
    pub fn check_reason(self, reason: Option<ApplicationReason>) -> Result<()> {
        let allowed = self.reasons();
        let list = || allowed.iter().map(|r| r.code()).collect::<Vec<_>>().join(", ");
        let status = self.code();
        let (code, ja, en) = match reason {
            None if allowed.is_empty() => return Ok(()),
            Some(reason) if allowed.contains(&reason) => return Ok(()),
            None => (
                "missing_field",
                format!("{status} には理由が必要です。次から選んでください: {}", list()),
                format!("{status} needs a reason. Use one of: {}.", list()),
            ),
            Some(_) if allowed.is_empty() => (
                "unexpected_reason",
                format!("{status} には理由を指定できません。"),
                format!("{status} can't have a reason."),
            ),
            Some(reason) => (
                "unexpected_reason",
                format!(
                    "{} は {status} の理由に指定できません。次から選んでください: {}",
                    reason.code(),
                    list()
                ),
                format!(
                    "{} is not a reason for {status}. Use one of: {}.",
                    reason.code(),
                    list()
                ),
            ),
        };
        Err(Error::invalid("/reason", code, Text::new(ja, en)))
    }
}

impl ApplicationReason {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantArray;

    #[test]
    fn codes_are_the_same_on_the_wire_and_in_rows() {
        for status in ApplicationStatus::VARIANTS {
            assert_eq!(serde_json::to_value(status).unwrap(), status.code());
            assert_eq!(status.code().parse(), Ok(*status));
        }
        for reason in ApplicationReason::VARIANTS {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
            assert_eq!(reason.code().parse(), Ok(*reason));
        }
    }

    #[test]
    fn every_end_has_reasons_and_every_reason_belongs_to_an_end() {
        for status in ApplicationStatus::VARIANTS {
            assert_eq!(
                status.next().is_empty(),
                !status.reasons().is_empty(),
                "{status:?}"
            );
            assert_eq!(status.check_reason(None).is_ok(), status.reasons().is_empty());
        }
        let is_used = |reason| {
            ApplicationStatus::VARIANTS
                .iter()
                .any(|s| s.reasons().contains(reason))
        };
        assert!(ApplicationReason::VARIANTS.iter().all(is_used));
    }

    #[test]
    fn names_both_statuses_of_an_illegal_move() {
        let error = Accepted.check_move(Declined).unwrap_err();
        assert_eq!((error.status(), error.code()), (409, "illegal_transition"));
        assert!(error.detail().en.contains("accepted") && error.detail().en.contains("declined"));
        assert!(Declined.check_move(Declined).is_ok());
    }
}
