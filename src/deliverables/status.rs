//! The life of a request: draft → submitted → open → matched → in_progress → delivered, or declined, cancelled.

use crate::error::{Error, Result, Text};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliverableStatus {
    #[default]
    Draft,
    /// Waits for a coordinator's word.
    Submitted,
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

use DeliverableStatus::*;

impl DeliverableStatus {
    pub const ALL: [DeliverableStatus; 8] = [
        Draft, Submitted, Open, Matched, InProgress, Delivered, Declined, Cancelled,
    ];

    pub fn code(self) -> &'static str {
        match self {
            Draft => "draft",
            Submitted => "submitted",
            Open => "open",
            Matched => "matched",
            InProgress => "in_progress",
            Delivered => "delivered",
            Declined => "declined",
            Cancelled => "cancelled",
        }
    }

    /// The table of moves. A matched request may open again when somebody drops out.
    pub fn next(self) -> &'static [DeliverableStatus] {
        match self {
            Draft => &[Submitted, Cancelled],
            Submitted => &[Draft, Open, Declined, Cancelled],
            Open => &[Matched, Cancelled],
            Matched => &[Open, InProgress, Cancelled],
            InProgress => &[Delivered, Cancelled],
            Delivered | Declined | Cancelled => &[],
        }
    }

    /// Whether moving here is a coordinator's word, and not the organization's own.
    pub fn is_decision(self) -> bool {
        !matches!(self, Draft | Submitted | Cancelled)
    }

    /// Staying is no move.
    pub fn check_move(self, to: DeliverableStatus) -> Result<()> {
        if self == to || self.next().contains(&to) {
            return Ok(());
        }
        let (from, to) = (self.code(), to.code());
        let detail = Text::new(
            format!("状態を {from} から {to} へは変更できません。"),
            format!("It can't move from {from} to {to}."),
        );
        Err(Error::Conflict {
            code: "illegal_transition",
            detail,
        })
    }

    /// A new request comes from its organization or, already looked at, from a coordinator.
    pub fn check_first(self) -> Result<()> {
        if matches!(self, Draft | Submitted | Open) {
            return Ok(());
        }
        let to = self.code();
        let detail = Text::new(
            format!("新しい依頼を {to} の状態で始めることはできません。"),
            format!("A new request can't begin as {to}."),
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

    #[test]
    fn every_status_is_reached_from_draft_and_an_end_is_an_end() {
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
            DeliverableStatus::ALL
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
    fn an_illegal_move_names_both_states() {
        let error = Delivered.check_move(Open).unwrap_err();
        assert_eq!((error.status(), error.code()), (409, "illegal_transition"));
        assert!(error.detail().en.contains("delivered") && error.detail().en.contains("open"));
        assert!(Open.check_move(Open).is_ok());
    }
}
