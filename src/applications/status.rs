//! The life of an application: submitted → accepted, declined or withdrawn, and the reasons for an end.

use crate::auth::{DecideApplications, Scope, WithdrawApplications};
use crate::error::{Error, Result, Text};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationStatus {
    /// Waits for an answer.
    #[default]
    Submitted,
    /// The worker has a place in the team.
    Accepted,
    /// The organization or coordinator said no.
    Declined,
    /// The worker stepped back, before or after they were accepted.
    Withdrawn,
}

/// Why an application ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Someone else has the place.
    AnotherChosen,
    /// Other skills are needed.
    Skills,
    /// The dates don't fit.
    Schedule,
    /// The work isn't needed any more.
    NoLongerNeeded,
    /// Too much to do.
    Workload,
    Health,
    /// Moving away.
    Relocation,
    /// Engaged elsewhere.
    OtherWork,
    Other,
}

use ApplicationStatus::*;
use Reason::*;

impl ApplicationStatus {
    pub const ALL: [ApplicationStatus; 4] = [Submitted, Accepted, Declined, Withdrawn];

    pub fn code(self) -> &'static str {
        match self {
            Submitted => "submitted",
            Accepted => "accepted",
            Declined => "declined",
            Withdrawn => "withdrawn",
        }
    }

    pub fn of_code(code: &str) -> Option<ApplicationStatus> {
        ApplicationStatus::ALL
            .into_iter()
            .find(|status| status.code() == code)
    }

    /// The table of moves. Whoever was declined or stepped back may apply anew.
    pub fn next(self) -> &'static [ApplicationStatus] {
        match self {
            Submitted => &[Accepted, Declined, Withdrawn],
            Accepted => &[Withdrawn],
            Declined | Withdrawn => &[],
        }
    }

    /// The reasons that an end may have; one of them is needed.
    pub fn reasons(self) -> &'static [Reason] {
        match self {
            Submitted | Accepted => &[],
            Declined => &[AnotherChosen, Skills, Schedule, NoLongerNeeded, Other],
            Withdrawn => &[Schedule, Workload, Health, Relocation, OtherWork, Other],
        }
    }

    /// The scope that moving here, or writing a word while it stands here, needs besides `applications:write`.
    pub fn scope(self) -> &'static str {
        match self {
            Submitted | Accepted | Declined => DecideApplications::NAME,
            Withdrawn => WithdrawApplications::NAME,
        }
    }

    /// Staying is no move.
    pub fn check_move(self, to: ApplicationStatus) -> Result<()> {
        if self == to || self.next().contains(&to) {
            return Ok(());
        }
        let (from, to) = (self.code(), to.code());
        let detail = Text::new(
            format!("応募の状態を {from} から {to} へは変更できません。"),
            format!("An application can't move from {from} to {to}."),
        );
        Err(Error::Conflict {
            code: "illegal_transition",
            detail,
        })
    }

    /// An end has one of its own reasons, anything else none.
    pub fn check_reason(self, reason: Option<Reason>) -> Result<()> {
        let allowed = self.reasons();
        let list = || allowed.iter().map(|r| r.code()).collect::<Vec<_>>().join(", ");
        let status = self.code();
        let (code, ja, en) = match reason {
            None if allowed.is_empty() => return Ok(()),
            Some(reason) if allowed.contains(&reason) => return Ok(()),
            None => (
                "missing_field",
                format!("{status} には理由が必要です: {}", list()),
                format!("{status} needs a reason: {}", list()),
            ),
            Some(_) if allowed.is_empty() => (
                "unexpected_reason",
                format!("{status} に理由は付けられません。"),
                format!("{status} has no reason."),
            ),
            Some(reason) => (
                "unexpected_reason",
                format!("{} は {status} の理由ではありません: {}", reason.code(), list()),
                format!("{} is no reason for {status}: {}", reason.code(), list()),
            ),
        };
        Err(Error::invalid("/reason", code, Text::new(ja, en)))
    }
}

impl Reason {
    pub const ALL: [Reason; 9] = [
        AnotherChosen,
        Skills,
        Schedule,
        NoLongerNeeded,
        Workload,
        Health,
        Relocation,
        OtherWork,
        Other,
    ];

    pub fn code(self) -> &'static str {
        match self {
            AnotherChosen => "another_chosen",
            Skills => "skills",
            Schedule => "schedule",
            NoLongerNeeded => "no_longer_needed",
            Workload => "workload",
            Health => "health",
            Relocation => "relocation",
            OtherWork => "other_work",
            Other => "other",
        }
    }

    pub fn of_code(code: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_as_on_the_wire_and_found_again() {
        for status in ApplicationStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.code());
            assert_eq!(ApplicationStatus::of_code(status.code()), Some(status));
        }
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
            assert_eq!(Reason::of_code(reason.code()), Some(reason));
        }
    }

    #[test]
    fn every_end_has_reasons_and_every_reason_an_end() {
        for status in ApplicationStatus::ALL {
            assert_eq!(
                status.next().is_empty(),
                !status.reasons().is_empty(),
                "{status:?}"
            );
            assert_eq!(status.check_reason(None).is_ok(), status.reasons().is_empty());
        }
        let used = |reason| {
            ApplicationStatus::ALL
                .iter()
                .any(|s| s.reasons().contains(&reason))
        };
        assert!(Reason::ALL.into_iter().all(used));
    }

    #[test]
    fn an_illegal_move_names_both_states() {
        let error = Accepted.check_move(Declined).unwrap_err();
        assert_eq!((error.status(), error.code()), (409, "illegal_transition"));
        assert!(error.detail().en.contains("accepted") && error.detail().en.contains("declined"));
        assert!(Declined.check_move(Declined).is_ok());
    }
}
