//! What can be scored without the role: the traits of one candidate, or the best of a group.

use crate::formulas;
use crate::population::{NEUTRAL_PPM, Population};
use crate::ppm::mix;
use crate::{Candidate, EntryNo};

pub const FORMAT_UNKNOWN: u16 = 1;
pub const HOURS_UNKNOWN: u16 = 1 << 1;
pub const PARTS_UNKNOWN: u16 = 1 << 2;
/// Two bits for the number of pieces of evidence, at most 3. Their union is an upper bound.
const EVIDENCE: u32 = 3;
pub const LIMIT_UNKNOWN: u16 = 1 << 5;
/// The plain scan has to confirm a score: organizations are separated, or themes share a bit.
pub const RESTRICTED: u16 = 1 << 6;
/// The entry doesn't have room for every trait.
pub const CUT: u16 = 1 << 7;
pub const INACTIVE: u16 = 1 << 8;
pub const NO_CONSENT: u16 = 1 << 9;
pub const AT_CAPACITY: u16 = 1 << 10;
/// Never ranked, for any need.
pub const SHUT: u16 = INACTIVE | NO_CONSENT | AT_CAPACITY;

/// An unknown area.
pub const NOWHERE: EntryNo = EntryNo::MAX;

#[derive(Debug, Clone, Copy)]
pub struct Traits {
    pub themes: u64,
    pub from: i32,
    pub until: i32,
    pub day_parts: u32,
    pub responsiveness_ppm: u32,
    pub qualifications: u32,
    pub hours: u16,
    pub limit_km: u16,
    pub flags: u16,
    pub accepted: u8,
    pub preferred: u8,
}

/// Returns the bit of a theme. Beyond 64 themes several share a bit, and the score is only a bound.
pub fn theme_bit(theme: EntryNo) -> u64 {
    1 << (theme % 64)
}

/// Returns a bit for each word; two words may share one.
pub fn qualification_bits(words: &[String]) -> u32 {
    let bit = |word: &String| 1 << (mix(u64::from(text::word_hash(word))) % 32);
    words.iter().map(bit).fold(0, |bits, bit: u32| bits | bit)
}

impl Traits {
    pub fn of(c: &Candidate, population: &Population) -> Traits {
        let flag = |on: bool, bit: u16| if on { bit } else { 0 };
        let usual_idle = || {
            population
                .median_idle_days
                .map_or(NEUTRAL_PPM, formulas::idle_ppm)
        };
        let responsiveness = match c.last_active {
            Some(day) => formulas::idle_ppm((population.today - day).max(0)),
            None => usual_idle(),
        };
        let themes = c.themes.iter().flatten().map(|t| theme_bit(*t));
        let apart = !c.blocked.is_empty() || !c.conflicts.is_empty();
        let bits_shared = c.themes.iter().flatten().any(|t| *t >= 64);
        Traits {
            themes: themes.fold(0, |set, bit| set | bit),
            from: c.available_from.unwrap_or(i32::MIN),
            until: c.available_until.unwrap_or(i32::MAX),
            day_parts: c.day_parts.unwrap_or(0),
            responsiveness_ppm: responsiveness as u32,
            qualifications: qualification_bits(c.qualifications.as_deref().unwrap_or_default()),
            hours: c.hours_per_week.unwrap_or(0),
            limit_km: c.travel_limit_km.unwrap_or(0),
            accepted: c
                .accepted_formats
                .map_or(0, |accepted| accepted | c.preferred_formats),
            preferred: c.accepted_formats.map_or(0, |_| c.preferred_formats),
            flags: flag(c.accepted_formats.is_none(), FORMAT_UNKNOWN)
                | flag(c.hours_per_week.is_none(), HOURS_UNKNOWN)
                | flag(c.day_parts.is_none(), PARTS_UNKNOWN)
                | (c.evidence.len().min(3) as u16) << EVIDENCE
                | flag(c.travel_limit_km.is_none(), LIMIT_UNKNOWN)
                | flag(apart || bits_shared, RESTRICTED)
                | flag(!c.active, INACTIVE)
                | flag(!c.consented, NO_CONSENT)
                | flag(c.open_load >= c.capacity, AT_CAPACITY),
        }
    }

    /// Takes the better of both in each trait. Only traits from one cell are merged.
    pub fn merge(&mut self, other: &Traits) {
        self.themes |= other.themes;
        self.from = self.from.min(other.from);
        self.until = self.until.max(other.until);
        self.day_parts |= other.day_parts;
        self.responsiveness_ppm = self.responsiveness_ppm.max(other.responsiveness_ppm);
        self.qualifications |= other.qualifications;
        self.hours = self.hours.max(other.hours);
        self.limit_km = self.limit_km.max(other.limit_km);
        self.flags |= other.flags;
        self.accepted |= other.accepted;
        self.preferred |= other.preferred;
    }

    /// Returns the number of pieces of evidence, up to 3, or an upper bound for a merged group.
    #[inline(always)]
    pub fn pieces(&self) -> usize {
        usize::from(self.flags >> EVIDENCE & 3)
    }

    pub fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }
}
