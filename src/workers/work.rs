//! What was counted here of a worker, beside what rosters say: places in teams, how they ended, hours, reviews, and the last
//! answer.
//!
//! A roster's numbers stay in the profile as the roster states them. So importing it again neither erases nor doubles
//! what happened here. The ranking adds both, and names both sources.

use crate::values::Code;
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

/// What was counted here for one family of deliverables and one role.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"family": "print", "role": "designer", "open": 1, "delivered": 3, "dropped": 0, "ended": 5,
    "placed": 4, "withdrawn": 1, "minutes": 4980, "reviews": 2, "praise": 11, "criticism": 0}))]
pub struct RoleRecord {
    #[schema(value_type = Code)]
    pub family: String,
    #[schema(value_type = Code)]
    pub role: String,
    /// Teams that the worker is in now.
    pub open: u16,
    /// Projects that were delivered while the worker was in the team.
    pub delivered: u16,
    /// Projects that the worker left after work had begun, except because of illness or a move.
    pub dropped: u16,
    /// Applications and invitations that have an outcome.
    pub ended: u16,
    /// Of these, those that led to a place.
    pub placed: u16,
    /// Of these, those that the worker withdrew before there was a place.
    pub withdrawn: u16,
    /// Minutes that were logged in projects. For each 40 hours, one delivery counts twice.
    pub minutes: u32,
    /// Reviews by organizations that both sides see.
    pub reviews: u16,
    /// What good reviews count as completed, in eighths of a project.
    pub praise: u16,
    /// What bad reviews count as dropped, in eighths of a project.
    pub criticism: u16,
    /// The day of the worker's last answer.
    #[serde(skip)]
    pub last_active_on: Option<NaiveDate>,
}

/// What was counted here of a worker. The ranking adds it to what the profile says. Read-only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"open_load": 1, "delivered": 3, "dropped": 0, "reviews": 2, "praise": 11, "criticism": 0,
    "last_active_on": "2026-11-20", "by_role": [{"family": "print", "role": "designer", "open": 1, "delivered": 3,
    "dropped": 0, "ended": 5, "placed": 4, "withdrawn": 1, "minutes": 4980, "reviews": 2, "praise": 11, "criticism": 0}]}))]
pub struct CountedHere {
    /// Teams that the worker is in now.
    pub open_load: u16,
    /// Projects that were delivered while the worker was in the team.
    pub delivered: u16,
    /// Projects that the worker left after work had begun, except because of illness or a move.
    pub dropped: u16,
    /// Reviews by organizations that both sides see.
    pub reviews: u16,
    /// What good reviews count as completed, in eighths of a project.
    pub praise: u16,
    /// What bad reviews count as dropped, in eighths of a project.
    pub criticism: u16,
    /// The day on which the worker last applied, answered or withdrew, in person or through a partner app.
    pub last_active_on: Option<NaiveDate>,
    pub by_role: Vec<RoleRecord>,
}

impl CountedHere {
    pub fn add(&mut self, one: RoleRecord) {
        self.open_load = self.open_load.saturating_add(one.open);
        self.delivered = self.delivered.saturating_add(one.delivered);
        self.dropped = self.dropped.saturating_add(one.dropped);
        self.reviews = self.reviews.saturating_add(one.reviews);
        self.praise = self.praise.saturating_add(one.praise);
        self.criticism = self.criticism.saturating_add(one.criticism);
        self.last_active_on = self.last_active_on.max(one.last_active_on);
        self.by_role.push(one);
    }
}

/// What to add to a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub open: i16,
    pub delivered: i16,
    pub dropped: i16,
    pub ended: i16,
    pub placed: i16,
    pub withdrawn: i16,
    pub minutes: i32,
    pub reviews: i16,
    pub praise: i16,
    pub criticism: i16,
    /// The day of an answer by the worker.
    pub answered_on: Option<NaiveDate>,
}

impl Counts {
    pub fn minus(self, other: Counts) -> Counts {
        Counts {
            open: self.open - other.open,
            delivered: self.delivered - other.delivered,
            dropped: self.dropped - other.dropped,
            ended: self.ended - other.ended,
            placed: self.placed - other.placed,
            withdrawn: self.withdrawn - other.withdrawn,
            minutes: self.minutes - other.minutes,
            reviews: self.reviews - other.reviews,
            praise: self.praise - other.praise,
            criticism: self.criticism - other.criticism,
            answered_on: self.answered_on,
        }
    }
}

/// For so many minutes that were logged, one delivery counts twice.
const MINUTES_OF_DELIVERY: u32 = 40 * 60;

impl RoleRecord {
    /// Returns how many deliveries count twice because of the hours that were logged. Never more than there are, so that
    /// nobody gets ahead by logging hours without delivering.
    pub fn counted_twice(&self) -> u16 {
        let by_hours = self.minutes / MINUTES_OF_DELIVERY;
        u16::try_from(by_hours).unwrap_or(u16::MAX).min(self.delivered)
    }

    /// Returns the record with these counts added.
    pub fn with(self, counts: Counts) -> RoleRecord {
        RoleRecord {
            open: self.open.saturating_add_signed(counts.open),
            delivered: self.delivered.saturating_add_signed(counts.delivered),
            dropped: self.dropped.saturating_add_signed(counts.dropped),
            ended: self.ended.saturating_add_signed(counts.ended),
            placed: self.placed.saturating_add_signed(counts.placed),
            withdrawn: self.withdrawn.saturating_add_signed(counts.withdrawn),
            minutes: self.minutes.saturating_add_signed(counts.minutes),
            reviews: self.reviews.saturating_add_signed(counts.reviews),
            praise: self.praise.saturating_add_signed(counts.praise),
            criticism: self.criticism.saturating_add_signed(counts.criticism),
            last_active_on: self.last_active_on.max(counts.answered_on),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_count_deliveries_twice_and_never_more() {
        let twice = |delivered, minutes| {
            let record = RoleRecord {
                delivered,
                minutes,
                ..RoleRecord::default()
            };
            record.counted_twice()
        };
        assert_eq!([twice(2, 2399), twice(2, 2400), twice(2, 4800)], [0, 1, 2]);
        assert_eq!([twice(2, 1_000_000), twice(0, 1_000_000)], [2, 0]);
        assert_eq!(twice(u16::MAX, u32::MAX), u16::MAX);
    }
}
