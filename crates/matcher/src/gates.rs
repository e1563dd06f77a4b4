//! The gates: what rules a pair out, each with its reason.
//!
//! An unknown answer passes and is reported as unconfirmed. Consent and qualifications are different: for
//! safety they need a yes.

use super::coded::coded;
use super::{Candidate, Need, RoleNeed, population::Population};

coded! {
    /// Why a worker is not ranked. Gates are checked in this order; a worker who fails several is counted
    /// under the first.
    Gate, GATES {
        Inactive = "inactive",
        ConsentMissing = "consent_missing",
        Blocked = "blocked",
        ConflictOfInterest = "conflict_of_interest",
        FormatNotAccepted = "format_not_accepted",
        DatesDoNotOverlap = "dates_do_not_overlap",
        HoursDoNotOverlap = "hours_do_not_overlap",
        IslandUnreachable = "island_unreachable",
        TooFar = "too_far",
        AtCapacity = "at_capacity",
        QualificationMissing = "qualification_missing",
        RoleNotOffered = "role_not_offered",
        SkillBelowMinimum = "skill_below_minimum",
    }
}

coded! {
    /// A gate passed without an answer.
    Unconfirmed, UNCONFIRMED {
        Format = "format",
        Hours = "hours",
        DayParts = "day_parts",
        Travel = "travel",
        Remote = "remote",
        Role = "role",
        Skill = "skill",
    }
}

/// The outcome of the gates for one worker in one role.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GateOutcome {
    /// Every gate that failed, in order.
    pub failed: Vec<Gate>,
    pub unconfirmed: Vec<Unconfirmed>,
}

impl GateOutcome {
    fn need(&mut self, passed: bool, gate: Gate) {
        if !passed {
            self.failed.push(gate);
        }
    }

    /// Records the gate as unconfirmed where the answer is unknown.
    fn answer(&mut self, passed: Option<bool>, gate: Gate, otherwise: Unconfirmed) {
        match passed {
            Some(passed) => self.need(passed, gate),
            None => self.unconfirmed.push(otherwise),
        }
    }
}

/// Checks every gate, even after one has failed, so that an explanation can list them all.
pub fn gate(candidate: &Candidate, need: &Need, role: &RoleNeed, population: &Population) -> GateOutcome {
    let mut gated = GateOutcome::default();
    let asks = |organizations: &[u128]| organizations.iter().any(|o| need.organizations.contains(o));
    gated.need(candidate.active, Gate::Inactive);
    gated.need(candidate.consented, Gate::ConsentMissing);
    gated.need(!asks(&candidate.blocked), Gate::Blocked);
    gated.need(!asks(&candidate.conflicts), Gate::ConflictOfInterest);
    gated.answer(
        candidate.accepts(need.format),
        Gate::FormatNotAccepted,
        Unconfirmed::Format,
    );
    gated.need(dates_overlap(candidate, need), Gate::DatesDoNotOverlap);
    hours(&mut gated, candidate, need);
    travel(&mut gated, candidate, need, population);
    gated.need(candidate.open_load < candidate.capacity, Gate::AtCapacity);
    let held = candidate.qualifications.as_deref().unwrap_or_default();
    gated.need(
        need.qualifications.iter().all(|q| held.binary_search(q).is_ok()),
        Gate::QualificationMissing,
    );
    let offered = candidate.roles.as_ref().map(|roles| roles.contains(&role.role));
    gated.answer(offered, Gate::RoleNotOffered, Unconfirmed::Role);
    skills(&mut gated, candidate, role, population);
    gated
}

fn dates_overlap(candidate: &Candidate, need: &Need) -> bool {
    let starts_in_time = candidate
        .available_from
        .zip(need.ends_on)
        .is_none_or(|(from, end)| from <= end);
    let stays_long_enough = candidate
        .available_until
        .zip(need.starts_on)
        .is_none_or(|(until, start)| until >= start);
    starts_in_time && stays_long_enough
}

/// Fails where the worker has no hours, or none of the requested day-parts. Too few hours only lower the fit.
fn hours(gated: &mut GateOutcome, candidate: &Candidate, need: &Need) {
    let some_hours = candidate.hours_per_week.map(|hours| hours > 0);
    let common_part = if need.day_parts == 0 {
        Some(true)
    } else {
        candidate.day_parts.map(|parts| parts & need.day_parts != 0)
    };
    gated.need(
        some_hours != Some(false) && common_part != Some(false),
        Gate::HoursDoNotOverlap,
    );
    if some_hours.is_none() {
        gated.unconfirmed.push(Unconfirmed::Hours);
    }
    if common_part.is_none() {
        gated.unconfirmed.push(Unconfirmed::DayParts);
    }
}

/// Passes in person within the travel limit, or remotely if both sides accept it. Nobody crosses the sea for a day:
/// residents of an island and of the mainland reach each other remotely only.
fn travel(gated: &mut GateOutcome, candidate: &Candidate, need: &Need, population: &Population) {
    let remotely = if need.remote {
        candidate.remote
    } else {
        Some(false)
    };
    if remotely == Some(true) {
        return;
    }
    let geography = &population.geography;
    let crosses_the_sea = candidate
        .area
        .is_some_and(|area| !geography.is_reachable(area, need.area));
    let in_person = match candidate.area {
        Some(area) if area == need.area => Some(true),
        Some(_) if crosses_the_sea => Some(false),
        area => area
            .zip(candidate.travel_limit_km)
            .map(|(area, km)| geography.metres(area, need.area) <= 1000 * u32::from(km)),
    };
    match (in_person, remotely) {
        (Some(true), _) => {}
        (Some(false), None) => gated.unconfirmed.push(Unconfirmed::Remote),
        (Some(false), _) => gated.failed.push(if crosses_the_sea {
            Gate::IslandUnreachable
        } else {
            Gate::TooFar
        }),
        (None, _) => gated.unconfirmed.push(Unconfirmed::Travel),
    }
}

/// Passes if every must-have skill is held at its level, itself or as a narrower skill. Related skills earn
/// credit but open no gate.
fn skills(gated: &mut GateOutcome, candidate: &Candidate, role: &RoleNeed, population: &Population) {
    let mut must = role.wishes.iter().filter(|wish| wish.must_have).peekable();
    if must.peek().is_none() {
        return;
    }
    let Some(skills) = &candidate.skills else {
        return gated.unconfirmed.push(Unconfirmed::Skill);
    };
    gated.need(
        must.all(|wish| population.tree.holds(skills, wish)),
        Gate::SkillBelowMinimum,
    );
}
