//! Who may make which move between the statuses of an application: one table, which the use cases ask and the
//! documentation prints.

use super::{ApplicationSide, ApplicationStatus};
use crate::auth::{DecideApplications, Principal, Scope, SubmitApplications, UserRole, WithdrawApplications};
use crate::error::{Error, Result};
use crate::values::Lifecycle;
use ApplicationStatus::*;
use Party::*;
use std::fmt::Write;

/// Who makes a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Party {
    /// A member of the organization, or a coordinator or administrator in its place.
    Organization,
    /// A coordinator or an administrator, who records an agreement that was made elsewhere.
    Coordinator,
    /// The worker, or a partner app, coordinator or administrator in their place.
    Worker,
    /// Musubi itself: when a place is taken or free again, when both sides agree, when time is over, when the request ends.
    Service,
}

impl Party {
    /// Returns whose answer it is.
    pub fn side(self) -> ApplicationSide {
        match self {
            Worker => ApplicationSide::Worker,
            Organization | Coordinator | Service => ApplicationSide::Organization,
        }
    }

    /// Returns the scope that the move needs, besides `applications:write`. Nobody has one for what the service does.
    fn scope(self, to: ApplicationStatus) -> Option<&'static str> {
        match self {
            Organization | Coordinator => Some(DecideApplications::NAME),
            Worker if to.is_end() => Some(WithdrawApplications::NAME),
            Worker => Some(SubmitApplications::NAME),
            Service => None,
        }
    }

    fn includes(self, role: UserRole) -> bool {
        self == Organization || role != UserRole::Organization
    }
}

/// A move, and who may make it: of an application, or of an invitation that the worker has not answered.
pub struct Move {
    pub from: ApplicationStatus,
    pub to: ApplicationStatus,
    pub application: &'static [Party],
    pub invitation: &'static [Party],
}

macro_rules! moves {
    ($($from:ident => $to:ident: [$($by:ident)*] [$($of_invitation:ident)*];)*) => {
        pub const MOVES: &[Move] = &[$(Move {
            from: $from,
            to: $to,
            application: &[$($by),*],
            invitation: &[$($of_invitation),*],
        }),*];
    };
}

moves! {
    Submitted => Shortlisted: [Organization] [Worker];
    Submitted => Offered: [Organization] [];
    Submitted => Agreed: [Coordinator] [];
    Submitted => Waitlisted: [Service] [Service];
    Submitted => Declined: [Organization Service] [Worker Service];
    Submitted => Withdrawn: [Worker] [Organization];
    Submitted => Expired: [Service] [Service];
    Shortlisted => Offered: [Organization] [];
    Shortlisted => Agreed: [Coordinator] [];
    Shortlisted => Waitlisted: [Service] [];
    Shortlisted => Declined: [Organization Service] [];
    Shortlisted => Withdrawn: [Worker] [];
    Shortlisted => Expired: [Service] [];
    Offered => Agreed: [Coordinator Service] [];
    Offered => Declined: [Organization Service] [];
    Offered => Withdrawn: [Worker] [];
    Offered => Expired: [Service] [];
    Agreed => Declined: [Service] [];
    Agreed => Withdrawn: [Worker] [];
    Waitlisted => Submitted: [Service] [];
    Waitlisted => Shortlisted: [Service] [];
    Waitlisted => Offered: [Organization] [];
    Waitlisted => Agreed: [Coordinator] [];
    Waitlisted => Declined: [Organization Service] [];
    Waitlisted => Withdrawn: [Worker] [];
    Waitlisted => Expired: [Service] [];
}

/// Returns who may move an application, or an unanswered invitation, from one status to another.
pub fn parties(from: ApplicationStatus, to: ApplicationStatus, is_unanswered: bool) -> &'static [Party] {
    let found = MOVES.iter().find(|one| (one.from, one.to) == (from, to));
    found.map_or(&[], |one| {
        if is_unanswered {
            one.invitation
        } else {
            one.application
        }
    })
}

/// Checks that a caller may make a move. Returns in whose place they make it.
pub fn check(
    principal: &Principal,
    from: ApplicationStatus,
    to: ApplicationStatus,
    is_unanswered: bool,
) -> Result<Party> {
    let mut lacking = None;
    for party in parties(from, to, is_unanswered) {
        match party.scope(to) {
            Some(scope) if principal.extent(scope).is_none() => lacking = Some(scope),
            Some(_) if party.includes(principal.role) => return Ok(*party),
            _ => {}
        }
    }
    Err(match lacking {
        Some(scope) => Error::InsufficientScope { scope },
        None => from.illegal_move_among(to, &legal(principal, from, is_unanswered)),
    })
}

/// Returns the statuses that a caller may set.
fn legal(principal: &Principal, from: ApplicationStatus, is_unanswered: bool) -> Vec<ApplicationStatus> {
    let may = |party: &Party, to| {
        let scope = party.scope(to).filter(|_| party.includes(principal.role));
        scope.is_some_and(|scope| principal.extent(scope).is_some())
    };
    let next = from.next().iter().copied();
    next.filter(|to| {
        parties(from, *to, is_unanswered)
            .iter()
            .any(|party| may(party, *to))
    })
    .collect()
}

/// Returns the table in Markdown.
pub fn table() -> String {
    let mut text = "| from | to | application | unanswered invitation |\n|---|---|---|---|\n".to_owned();
    let names = |parties: &[Party]| -> String {
        let names: Vec<&str> = parties.iter().map(|party| (*party).into()).collect();
        names.join(", ")
    };
    for one in MOVES {
        let (from, to) = (one.from.code(), one.to.code());
        let (application, invitation) = (names(one.application), names(one.invitation));
        let _ = writeln!(text, "| {from} | {to} | {application} | {invitation} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantArray;

    #[test]
    fn the_table_has_exactly_the_moves_of_the_lifecycle() {
        for from in ApplicationStatus::VARIANTS {
            for to in ApplicationStatus::VARIANTS {
                let rows = MOVES
                    .iter()
                    .filter(|one| (one.from, one.to) == (*from, *to))
                    .count();
                assert_eq!(rows, usize::from(from.next().contains(to)), "{from:?} {to:?}");
            }
        }
    }

    #[test]
    fn only_submitted_invitations_are_unanswered() {
        for one in MOVES {
            assert!(one.from == Submitted || one.invitation.is_empty());
            assert!(!one.application.is_empty());
        }
    }
}
