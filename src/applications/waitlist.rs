//! The waiting list of each role. When all places are held, or enough applications wait for an answer, further ones wait
//! for their turn; when there is room again, they move up in the order in which they came.

use super::{Application, ApplicationDirection, ApplicationStatus, store};
use crate::changes::{Action, Change};
use crate::db::{Db, Instant};
use crate::deliverables::{Deliverable, DeliverableStatus};
use crate::error::Result;
use ApplicationStatus::{Agreed, Offered, Shortlisted, Submitted, Waitlisted};
use std::collections::BTreeSet;

/// The room in one role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Places that nobody holds.
    pub free: usize,
    /// How many more applications may wait for the organization's answer.
    pub pending: usize,
    /// How many more workers may be invited.
    pub invitations: usize,
}

impl Room {
    /// Counts the room in a role of a deliverable with these active applications.
    pub fn of(deliverable: &Deliverable, role: &str, active: &[Application]) -> Room {
        let mut roles = deliverable.request.roles.iter().flatten();
        let places = roles
            .find(|wish| wish.role == *role)
            .map_or(0, |wish| usize::from(wish.places));
        let cap = places * usize::from(deliverable.request.pending_per_place());
        let count = |is_one: fn(&Application) -> bool| {
            let of_role = active.iter().filter(|one| one.role == *role && !one.sandbox);
            of_role.filter(|one| is_one(one)).count()
        };
        let free = places.saturating_sub(count(|one| one.place.is_some()));
        let pending = cap.saturating_sub(count(is_pending));
        Room {
            free,
            pending: if free == 0 { 0 } else { pending },
            invitations: cap.saturating_sub(count(Application::is_unanswered)),
        }
    }
}

/// Returns whether the organization still has to choose.
fn is_pending(one: &Application) -> bool {
    one.outcome.status.is_pending() && !one.is_unanswered()
}

/// Returns the status in which an application moves up. Who was invited has said yes already.
fn next_up(one: &Application) -> ApplicationStatus {
    match one.direction {
        ApplicationDirection::Application => Submitted,
        ApplicationDirection::Invitation => Shortlisted,
    }
}

/// Returns an application as it is when its turn has come.
fn moved_up(one: &Application, now: Instant) -> Application {
    Application {
        moved_up_at: Some(now),
        ..one.set(next_up(one), now)
    }
}

/// Puts the applications for roles without a free place on the waiting list, and moves others up where there is room.
/// Returns what to log. Lock the applications before.
pub fn balance(db: &mut Db, deliverable: &Deliverable, now: Instant) -> Result<Vec<Change>> {
    use DeliverableStatus::{InProgress, Matched, Open};
    let status = deliverable.request.status;
    let mut changes = Vec::new();
    if deliverable.archived_at.is_some() || !matches!(status, Open | Matched | InProgress) {
        return Ok(changes);
    }
    let active = store::of_deliverable(db, deliverable.id, &[Submitted, Shortlisted, Offered, Agreed])?;
    let wishes = deliverable.request.roles.iter().flatten();
    let roles: BTreeSet<&str> = wishes
        .map(|wish| wish.role.as_str())
        .chain(active.iter().map(|one| one.role.as_str()))
        .collect();
    for role in roles {
        let room = Room::of(deliverable, role, &active);
        let moved = if room.free == 0 {
            let waiting = active.iter().filter(|one| one.role == *role && is_pending(one));
            waiting.map(|one| one.set(Waitlisted, now)).collect()
        } else if room.pending > 0 && status != Matched {
            let first = store::first_waiting(db, deliverable.id, role, room.pending)?;
            first.iter().map(|one| moved_up(one, now)).collect()
        } else {
            Vec::new()
        };
        for one in &moved {
            let change = store::update_unlogged(db, one)?;
            changes.push(match one.moved_up_at {
                Some(_) => Change {
                    action: Action::MovedUp,
                    ..change
                },
                None => change,
            });
        }
    }
    Ok(changes)
}
