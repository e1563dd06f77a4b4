//! Whose answer an application waits for, until when, and what happens if none comes.

use super::terms::{Deadline, deadline};
use super::{Application, ApplicationDirection, ApplicationSide, ApplicationStatus};
use crate::catalogue::calendar::day_in_tokyo;
use crate::db::Instant;
use ApplicationSide::{Organization, Worker};
use ApplicationStatus::{Offered, Shortlisted, Submitted};
use chrono::{Duration, NaiveDate};

/// What the server does next with an application that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Warn,
    Expire,
}

impl Application {
    /// Returns whether it is an invitation that the worker has not answered. Who invites learns nothing about the worker
    /// before.
    pub fn is_unanswered(&self) -> bool {
        self.direction == ApplicationDirection::Invitation && self.outcome.status == Submitted
    }

    /// Returns it with whose answer it waits for, and until when. `before` is what it was, if it is not new.
    pub fn awaiting(mut self, before: Option<&Application>, now: Instant) -> Application {
        let outcome = &self.outcome;
        self.awaits = match outcome.status {
            Submitted if self.is_unanswered() => Some(Worker),
            Submitted | Shortlisted => Some(Organization),
            Offered if outcome.worker_agrees => Some(Organization),
            Offered => Some(Worker),
            _ => None,
        };
        let Some(deadline) = deadline(outcome.status, self.awaits) else {
            (self.outcome.respond_by, self.warned_at, self.next_check_at) = (None, None, None);
            return self;
        };
        let asked = |one: &Application| (one.outcome.status, one.awaits, one.outcome.respond_by);
        if before.is_some_and(|before| asked(before) == asked(&self)) {
            return self;
        }
        // An offer that got an answer leaves the other side time for theirs.
        let usual = Instant::from(now.utc() + Duration::days(deadline.days));
        let chosen = outcome.respond_by.filter(|_| outcome.status == Offered);
        let is_answered =
            before.is_some_and(|one| one.outcome.status == Offered && one.awaits != self.awaits);
        let respond_by = match chosen {
            Some(chosen) if is_answered => chosen.max(usual),
            Some(chosen) => chosen,
            None => usual,
        };
        self.wait(respond_by, deadline, now);
        self
    }

    /// Lets it wait until a moment, not warned yet.
    fn wait(&mut self, respond_by: Instant, deadline: Deadline, now: Instant) {
        let warned = respond_by.utc() - Duration::days(deadline.warned_before);
        (self.outcome.respond_by, self.warned_at) = (Some(respond_by), None);
        self.next_check_at = Some(Instant::from(warned.max(now.utc())));
    }

    /// Returns a new one that waits as it did when an own export was written: until the moment that its outcome says, and
    /// warned if somebody was.
    pub fn waiting_still(self, warned_at: Option<Instant>, now: Instant) -> Application {
        let respond_by = self.outcome.respond_by;
        let mut back = self.awaiting(None, now);
        let waits = deadline(back.outcome.status, back.awaits);
        if let (Some(respond_by), Some(deadline)) = (respond_by, waits) {
            back.wait(respond_by, deadline, now);
            if warned_at.is_some() {
                (back.warned_at, back.next_check_at) = (warned_at, Some(respond_by));
            }
        }
        back
    }

    /// Returns the next version, for which the time to answer begins again, if it waits for an answer: while its request
    /// was reviewed nobody could give one.
    pub fn resumed(&self, now: Instant) -> Option<Application> {
        let deadline = deadline(self.outcome.status, self.awaits)?;
        let usual = Instant::from(now.utc() + Duration::days(deadline.days));
        let mut next = self.clone();
        next.wait(self.outcome.respond_by?.max(usual), deadline, now);
        next.version = self.version + 1;
        Some(next)
    }

    /// Returns what is to be done at a moment. An application that was not warned in time, because no server was running,
    /// gets its warning first; an offer ends on its day.
    pub fn step(&self, now: Instant) -> Option<Step> {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if !due(self.next_check_at) {
            return None;
        }
        let is_over = due(self.outcome.respond_by);
        let expires = is_over && (self.warned_at.is_some() || self.outcome.status == Offered);
        Some(if expires { Step::Expire } else { Step::Warn })
    }

    /// Returns the next version, with a warning. It expires after a while, not at once.
    pub fn warned(&self, now: Instant) -> Application {
        let mut next = self.clone();
        let lead = deadline(self.outcome.status, self.awaits).map_or(0, |deadline| deadline.warned_before);
        if self.outcome.status != Offered {
            let earliest = Instant::from(now.utc() + Duration::days(lead));
            next.outcome.respond_by = self.outcome.respond_by.map(|at| at.max(earliest));
        }
        (next.warned_at, next.next_check_at) = (Some(now), next.outcome.respond_by);
        next.version = self.version + 1;
        next
    }
}

/// Returns the last day for an answer, in Japan's time, if it expires at `respond_by`. An offer is due on its last day,
/// everything else before the warning.
pub fn due_on(status: ApplicationStatus, awaits: ApplicationSide, respond_by: Instant) -> Option<NaiveDate> {
    let deadline = deadline(status, Some(awaits))?;
    let before = if status == Offered {
        0
    } else {
        deadline.warned_before
    };
    Some(day_in_tokyo(respond_by.utc() - Duration::days(before)))
}
