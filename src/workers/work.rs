//! What was counted here of a worker, beside what rosters say: places in teams, how they ended, and the last answer.
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
    "placed": 4}))]
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
    /// The day of the worker's last answer.
    #[serde(skip)]
    pub last_active_on: Option<NaiveDate>,
}

/// What was counted here of a worker. The ranking adds it to what the profile says. Read-only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"open_load": 1, "delivered": 3, "dropped": 0, "last_active_on": "2026-11-20", "by_role": [
    {"family": "print", "role": "designer", "open": 1, "delivered": 3, "dropped": 0, "ended": 5, "placed": 4}]}))]
pub struct CountedHere {
    /// Teams that the worker is in now.
    pub open_load: u16,
    /// Projects that were delivered while the worker was in the team.
    pub delivered: u16,
    /// Projects that the worker left after work had begun, except because of illness or a move.
    pub dropped: u16,
    /// The day on which the worker last applied, answered or withdrew, in person or through a partner app.
    pub last_active_on: Option<NaiveDate>,
    pub by_role: Vec<RoleRecord>,
}

impl CountedHere {
    pub fn add(&mut self, one: RoleRecord) {
        self.open_load = self.open_load.saturating_add(one.open);
        self.delivered = self.delivered.saturating_add(one.delivered);
        self.dropped = self.dropped.saturating_add(one.dropped);
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
            answered_on: self.answered_on,
        }
    }
}

impl RoleRecord {
    /// Returns the record with these counts added.
    pub fn with(self, counts: Counts) -> RoleRecord {
        RoleRecord {
            open: self.open.saturating_add_signed(counts.open),
            delivered: self.delivered.saturating_add_signed(counts.delivered),
            dropped: self.dropped.saturating_add_signed(counts.dropped),
            ended: self.ended.saturating_add_signed(counts.ended),
            placed: self.placed.saturating_add_signed(counts.placed),
            last_active_on: self.last_active_on.max(counts.answered_on),
            ..self
        }
    }
}
