//! The status of a request: draft → submitted → screening → hearing → open → matched → in_progress → delivered, or
//! declined, cancelled. A coordinator may decide before the screening or the hearing. A released request goes back to
//! submitted when its organization changes it; see `release`.

use crate::error::{Error, Result, Text};
use crate::values::{Lifecycle, coded_enum};

coded_enum! {
    #[derive(Default)]
    DeliverableStatus {
        #[default]
        Draft,
        /// Waits for a coordinator's review.
        Submitted,
        /// A coordinator reads the request and asks back.
        Screening,
        /// A coordinator talks with the organization.
        Hearing,
        /// Workers may apply.
        Open,
        /// The team is complete.
        Matched,
        InProgress,
        Delivered,
        /// Not accepted by the coordinator.
        Declined,
        /// Withdrawn by the organization.
        Cancelled,
    }
}

coded_enum! {
    /// Why a request was cancelled or archived before its end, and with it its project.
    ProjectReason {
        /// The organization no longer needs it.
        NoLongerNeeded,
        /// The organization can't accompany the work.
        OrganizationUnavailable,
        /// Too few members are left.
        TeamDissolved,
        /// The dates can't be kept.
        Schedule,
        Other,
    }
}

use DeliverableStatus::*;

impl Lifecycle for DeliverableStatus {
    const NAME: (&'static str, &'static str) = ("依頼の状態", "The status of a request");
    const SCHEMA: &'static str = "DeliverableStatus";

    /// Returns the statuses that may follow. A matched request opens again when a member leaves the team. A request
    /// that was released goes back to the coordinator when its organization changes it.
    fn next(self) -> &'static [DeliverableStatus] {
        match self {
            Draft => &[Submitted, Cancelled],
            Submitted => &[Draft, Screening, Open, Declined, Cancelled],
            Screening => &[Draft, Hearing, Open, Declined, Cancelled],
            Hearing => &[Draft, Open, Declined, Cancelled],
            Open => &[Submitted, Matched, Cancelled],
            Matched => &[Submitted, Open, InProgress, Cancelled],
            InProgress => &[Delivered, Cancelled],
            Delivered | Declined | Cancelled => &[],
        }
    }
}

impl DeliverableStatus {
    /// Returns whether a request in this status waits for a coordinator's decision.
    pub fn is_under_review(self) -> bool {
        matches!(self, Submitted | Screening | Hearing)
    }

    /// Returns whether only a coordinator may set this status. An organization drafts, submits and cancels.
    pub fn is_decision(self) -> bool {
        !matches!(self, Draft | Submitted | Cancelled)
    }

    /// Returns whether a coordinator has released what a request says, if that was so `before` it got this status. An
    /// end releases nothing.
    pub fn is_released(self, before: bool) -> bool {
        match self {
            Draft | Submitted | Screening | Hearing => false,
            Open | Matched | InProgress | Delivered => true,
            Declined | Cancelled => before,
        }
    }

    /// Returns whether a request in this status is cancelled only with a reason: people have agreed to it.
    pub fn needs_reason_to_cancel(self) -> bool {
        matches!(self, Matched | InProgress)
    }

    /// Returns whether a request in this status has a team.
    pub fn has_team(self) -> bool {
        matches!(self, Matched | InProgress | Delivered)
    }

    /// Checks that a new request may begin with this status.
    pub fn check_first(self) -> Result<()> {
        if matches!(self, Draft | Submitted | Open) {
            return Ok(());
        }
        let to = self.code();
        let detail = Text::new(
            format!("新しい依頼の状態を {to} にすることはできません。"),
            format!("A new request can't have the status {to}."),
        );
        Err(Error::Conflict {
            code: "illegal_transition",
            detail,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantArray;

    #[test]
    fn reaches_every_status_from_draft_and_leaves_no_final_one() {
        let mut reached = vec![Draft];
        for i in 0.. {
            let Some(status) = reached.get(i).copied() else {
                break;
            };
            let new: Vec<_> = status
                .next()
                .iter()
                .copied()
                .filter(|s| !reached.contains(s))
                .collect();
            reached.extend(new);
        }
        assert!(
            DeliverableStatus::VARIANTS
                .iter()
                .all(|status| reached.contains(status))
        );
        assert!(
            [Delivered, Declined, Cancelled]
                .iter()
                .all(|end| end.next().is_empty())
        );
    }

    #[test]
    fn names_both_statuses_of_an_illegal_move() {
        let error = Delivered.check_move(Open).unwrap_err();
        assert_eq!((error.status(), error.code()), (409, "illegal_transition"));
        assert!(error.detail().en.contains("delivered") && error.detail().en.contains("open"));
        assert!(Open.check_move(Open).is_ok());
    }
}
