//! The candidate: a worker as the matcher sees them. `None` means "unknown", an empty list "known to be
//! none".

use super::{EntryNo, words::Piece};
use std::sync::Arc;

#[derive(Debug, Clone, Default)]
pub struct Candidate {
    pub id: u128,
    pub active: bool,
    pub consented: bool,
    /// Organizations that must not be matched with this worker.
    pub blocked: Vec<u128>,
    /// Organizations with which the worker has a conflict of interest.
    pub conflicts: Vec<u128>,
    /// Bit sets of at most eight formats. A preferred format counts as accepted.
    pub accepted_formats: Option<u8>,
    pub preferred_formats: u8,
    pub roles: Option<Vec<EntryNo>>,
    /// Skill and level, 1 to 5.
    pub skills: Option<Vec<(EntryNo, u8)>>,
    /// Days since 1970-01-01, both inclusive. `None` is unbounded.
    pub available_from: Option<i32>,
    pub available_until: Option<i32>,
    pub hours_per_week: Option<u16>,
    pub day_parts: Option<u32>,
    pub area: Option<EntryNo>,
    pub travel_limit_km: Option<u16>,
    pub remote: Option<bool>,
    pub capacity: u16,
    pub open_load: u16,
    /// Equal for workers of one employer. It doesn't change any fit.
    pub employer: Option<u64>,
    /// Sorted.
    pub qualifications: Option<Vec<String>>,
    pub themes: Option<Vec<EntryNo>>,
    pub experience: Option<Vec<PastDeliveries>>,
    /// The number of projects completed and dropped.
    pub record: Option<(u16, u16)>,
    /// What reviews count as completed and as dropped, in eighths of a project.
    pub reviews: (u16, u16),
    /// Days since 1970-01-01.
    pub last_active: Option<i32>,
    /// How much of this the caller has counted, where the rest was declared, and how applications ended.
    pub counted: Counted,
    /// Shared between copies, since it is most of a candidate's size.
    pub evidence: Arc<[Piece]>,
}

/// The part of deliveries, hours, record and activity that was counted, not declared.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    pub deliveries: Vec<PastDeliveries>,
    pub hours: Vec<PastHours>,
    /// The number of reviews.
    pub reviews: u16,
    /// The number of projects completed and dropped.
    pub record: (u16, u16),
    /// Days since 1970-01-01.
    pub last_active: Option<i32>,
    /// Of each role, how many applications ended in a place, and how many without.
    pub outcomes: Vec<(EntryNo, (u16, u16))>,
    /// How many of those without a place the worker withdrew.
    pub withdrawn: u16,
}

impl Counted {
    /// Counts deliveries of the family or in the role.
    pub fn deliveries(&self, family: EntryNo, role: EntryNo) -> u64 {
        of_family_or_role(&self.deliveries, family, role)
    }

    /// Adds up the minutes in the family or in the role, and the deliveries that count twice because of them.
    pub fn hours(&self, family: EntryNo, role: EntryNo) -> (u64, u64) {
        let own = self.hours.iter().filter(|h| h.family == family || h.role == role);
        own.fold((0, 0), |(minutes, twice), h| {
            (minutes + u64::from(h.minutes), twice + u64::from(h.twice))
        })
    }
}

/// Hours that were worked in one family and role, and how many deliveries there count twice because of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PastHours {
    pub family: EntryNo,
    pub role: EntryNo,
    pub minutes: u32,
    pub twice: u16,
}

/// Past deliveries of one family in one role.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PastDeliveries {
    pub family: EntryNo,
    pub role: EntryNo,
    pub count: u16,
}

impl Candidate {
    /// Returns whether the format is accepted, or `None` if that is unknown.
    pub fn accepts(&self, format: EntryNo) -> Option<bool> {
        self.accepted_formats
            .map(|accepted| bit(accepted | self.preferred_formats, format))
    }

    pub fn prefers(&self, format: EntryNo) -> bool {
        bit(self.preferred_formats, format)
    }

    /// Counts past deliveries of the family or in the role.
    pub fn deliveries(&self, family: EntryNo, role: EntryNo) -> Option<u64> {
        Some(of_family_or_role(self.experience.as_ref()?, family, role))
    }
}

fn of_family_or_role(all: &[PastDeliveries], family: EntryNo, role: EntryNo) -> u64 {
    let counts = all.iter().filter(|d| d.family == family || d.role == role);
    counts.map(|d| u64::from(d.count)).sum()
}

fn bit(set: u8, i: EntryNo) -> bool {
    set.checked_shr(u32::from(i)).unwrap_or(0) & 1 == 1
}
