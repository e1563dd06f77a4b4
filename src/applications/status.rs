//! The status of an application, who began it, whose answer it waits for, and the reasons for an end. Who may make which
//! move is in `moves`.

use crate::error::{Error, Result, Text};
use crate::projects::PRIVATE_REASONS;
use crate::values::{Lifecycle, coded_enum, words};
use strum::VariantArray;

coded_enum! {
    #[derive(Default)]
    ApplicationStatus {
        /// It waits for an answer: an application for that of the organization, an invitation for that of the worker.
        #[default]
        Submitted,
        /// The organization considers the worker. An invitation gets here when the worker says yes.
        Shortlisted,
        /// The organization offers the place and holds it, until both sides have agreed on the goal and the schedule.
        Offered,
        /// The worker has a place in the team.
        Agreed,
        /// It waits for a place, or for its turn.
        Waitlisted,
        /// The organization or the coordinator declined; an invitation: the worker did.
        Declined,
        /// The worker stepped back, before or after the agreement; an unanswered invitation: the organization did.
        Withdrawn,
        /// Nobody answered in time, or no place came free in time.
        Expired,
    }
}

coded_enum! {
    /// Who began it.
    #[derive(Default)]
    ApplicationDirection {
        /// The worker asks the organization.
        #[default]
        Application,
        /// The organization or a coordinator asks the worker.
        Invitation,
    }
}

coded_enum! {
    /// Whose answer it waits for.
    ApplicationSide {
        /// The organization, or a coordinator in its place.
        Organization,
        /// The worker, or the app or coordinator who answers for them.
        Worker,
    }
}

coded_enum! {
    /// Why an application ended.
    ApplicationReason {
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
        /// Another application of the same person stays. Set when two records of the person are merged.
        SamePerson,
        /// The worker has too much to do.
        Workload,
        Health,
        /// The worker is moving away.
        Relocation,
        /// The worker is busy with other work.
        OtherWork,
        Other,
    }
}

use ApplicationReason::*;
use ApplicationStatus::*;

impl Lifecycle for ApplicationStatus {
    const NAME: (&'static str, &'static str) = ("応募の状態", "The status of an application");
    const SCHEMA: &'static str = "ApplicationStatus";

    /// Returns the statuses that may follow. None follows an end: the worker applies again with a new
    /// application.
    fn next(self) -> &'static [ApplicationStatus] {
        match self {
            Submitted => &[
                Shortlisted,
                Offered,
                Agreed,
                Waitlisted,
                Declined,
                Withdrawn,
                Expired,
            ],
            Shortlisted => &[Offered, Agreed, Waitlisted, Declined, Withdrawn, Expired],
            Offered => &[Agreed, Declined, Withdrawn, Expired],
            Agreed => &[Declined, Withdrawn],
            Waitlisted => &[
                Submitted,
                Shortlisted,
                Offered,
                Agreed,
                Declined,
                Withdrawn,
                Expired,
            ],
            Declined | Withdrawn | Expired => &[],
        }
    }
}

/// The reasons of an organization.
const ORGANIZATIONS: &[ApplicationReason] = &[
    AnotherChosen,
    Skills,
    Schedule,
    NoLongerNeeded,
    RequestClosed,
    Other,
];
/// The reasons of a worker.
const WORKERS: &[ApplicationReason] = &[Schedule, Workload, Health, Relocation, OtherWork, Other];

impl ApplicationStatus {
    /// Returns the codes of those that haven't ended.
    pub fn active() -> impl Iterator<Item = &'static str> {
        let all = ApplicationStatus::VARIANTS.iter();
        all.filter(|status| !status.is_end()).map(|status| status.code())
    }

    /// Returns whether an application in this status holds a place, which counts in the worker's open load.
    pub fn holds_place(self) -> bool {
        matches!(self, Offered | Agreed)
    }

    /// Returns whether the organization still has to choose.
    pub fn is_pending(self) -> bool {
        matches!(self, Submitted | Shortlisted)
    }

    /// Returns the reasons that a side may give for this status. An end that somebody chose needs one of them.
    pub fn reasons(self, by: ApplicationSide) -> &'static [ApplicationReason] {
        match (self, by) {
            (Declined | Withdrawn, ApplicationSide::Organization) => ORGANIZATIONS,
            (Declined | Withdrawn, ApplicationSide::Worker) => WORKERS,
            _ => &[],
        }
    }

    /// Checks that an end has one of the side's reasons, and that any other status has none.
    pub fn check_reason(self, by: ApplicationSide, reason: Option<ApplicationReason>) -> Result<()> {
        let allowed = self.reasons(by);
        let list = || allowed.iter().map(|r| r.code()).collect::<Vec<_>>().join(", ");
        let word = |reason: &ApplicationReason| words::with_code("ApplicationReason", reason.code());
        let list_ja = || allowed.iter().map(word).collect::<Vec<_>>().join("、");
        let (status, status_ja) = (self.code(), words::with_code("ApplicationStatus", self.code()));
        let (code, ja, en) = match reason {
            None if allowed.is_empty() => return Ok(()),
            Some(reason) if allowed.contains(&reason) => return Ok(()),
            None => (
                "missing_field",
                format!(
                    "{status_ja}には理由が必要です。次から選んでください: {}",
                    list_ja()
                ),
                format!("{status} needs a reason. Use one of: {}.", list()),
            ),
            Some(_) if allowed.is_empty() => (
                "unexpected_reason",
                format!("{status_ja}には理由を指定できません。"),
                format!("{status} can't have a reason."),
            ),
            Some(reason) => (
                "unexpected_reason",
                format!(
                    "{}は{status_ja}の理由に指定できません。次から選んでください: {}",
                    word(&reason),
                    list_ja()
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
    /// Returns whether a member who leaves for this reason after work has begun has dropped it. Nobody chooses illness or
    /// has to explain a move.
    pub fn counts_as_dropped(self) -> bool {
        !self.is_private()
    }

    /// Returns whether only the office and the person learn of it.
    pub fn is_private(self) -> bool {
        PRIVATE_REASONS.contains(&self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn every_end_that_somebody_chooses_has_reasons_and_every_reason_belongs_to_an_end() {
        let mut used = Vec::new();
        for status in ApplicationStatus::VARIANTS {
            for side in ApplicationSide::VARIANTS {
                let reasons = status.reasons(*side);
                let is_chosen = status.is_end() && *status != Expired;
                assert_eq!(is_chosen, !reasons.is_empty(), "{status:?}");
                assert_eq!(status.check_reason(*side, None).is_ok(), reasons.is_empty());
                used.extend(reasons);
            }
        }
        assert!(
            ApplicationReason::VARIANTS
                .iter()
                // Only a merge gives it.
                .all(|reason| used.contains(reason) != (*reason == SamePerson))
        );
    }

    #[test]
    fn names_both_statuses_of_an_illegal_move() {
        let error = Agreed.check_move(Offered).unwrap_err();
        assert_eq!((error.status(), error.code()), (409, "illegal_transition"));
        assert!(error.detail().en.contains("agreed") && error.detail().en.contains("offered"));
        for status in ApplicationStatus::VARIANTS {
            let word = words::text("ApplicationStatus", status.code()).ja;
            let ja = status.illegal_move(Agreed).detail().ja;
            assert!(ja.contains(&format!("{word}（{}）", status.code())), "{ja}");
        }
        assert!(Declined.check_move(Declined).is_ok());
    }
}
