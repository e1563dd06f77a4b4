//! The smallest single changes of a candidate that would raise their rank, or let them pass every gate.
//!
//! Only what a worker can do or offer is suggested. Claiming an interest, a preference or some activity would raise the
//! rank without changing anything, so that these are left out.
//!
//! A ladder raises one input step by step. Its smallest change is the first step that reaches the target.
//! Among several ladders, the change with the lowest resulting fit is the least demanding.

use super::formulas::CreditedWish;
use super::gates::{self, Gate};
use super::{Assessment, Candidate, Component, EntryNo, PastDeliveries, Query, RankKey};

/// One input raised. An unknown input counts as raised when it is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    SkillLevel {
        skill: EntryNo,
        to: u8,
    },
    Deliveries {
        more: u16,
    },
    HoursPerWeek {
        to: u16,
    },
    DayPart {
        part: u8,
    },
    AcceptRemote,
    Completed {
        more: u16,
    },
    Activate,
    Consent,
    AcceptFormat {
        format: EntryNo,
    },
    OfferRole {
        role: EntryNo,
    },
    /// Days since 1970-01-01.
    AvailableFrom {
        day: i32,
    },
    AvailableUntil {
        day: i32,
    },
    TravelLimit {
        km: u16,
    },
    Capacity {
        to: u16,
    },
    /// The index of the qualification in the need's list.
    Qualification {
        position: usize,
    },
}

impl Change {
    /// Returns the component that the change raises, or `None` if it only opens a gate.
    fn component(self) -> Option<Component> {
        match self {
            Change::SkillLevel { .. } => Some(Component::Skill),
            Change::Deliveries { .. } => Some(Component::Experience),
            Change::HoursPerWeek { .. } | Change::DayPart { .. } => Some(Component::Availability),
            Change::AcceptRemote => Some(Component::Distance),
            Change::Completed { .. } => Some(Component::Reliability),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Improvement {
    pub change: Change,
    /// The fit after the change.
    pub fit_ppm: u64,
}

/// Finds the smallest change that lifts the candidate above the one ranked directly above, whose key is
/// `above`.
pub fn smallest_improvement(
    query: &Query,
    candidate: &Candidate,
    now: &Assessment,
    above: RankKey,
) -> Option<Improvement> {
    let changes = ladders(query, candidate, now.role).into_iter().flatten();
    let mut changed = candidate.clone();
    let tried = changes.filter_map(|change| {
        apply(&mut changed, change, query, now.role);
        let fit = query.reassess(&changed, now, change.component()?);
        take_back(&mut changed, change, candidate);
        let fit = fit?;
        let rises = query.key(candidate, &fit) < above;
        rises.then_some(Improvement {
            change,
            fit_ppm: fit.fit_ppm,
        })
    });
    tried.min_by_key(|improvement| improvement.fit_ppm)
}

/// A single change that reaches the target.
#[derive(Debug, Clone)]
pub struct Suggestion {
    pub change: Change,
    /// The role where the candidate would then fit best.
    pub role: usize,
    pub fit_ppm: u64,
    /// The candidate after the change.
    pub changed: Candidate,
}

/// Finds, for each input, the smallest change that lets the candidate pass every gate and that `reaches`
/// accepts. The least demanding change comes first. `only` restricts this to one role.
pub fn smallest_changes(
    query: &Query,
    candidate: &Candidate,
    only: Option<usize>,
    reaches: impl Fn(RankKey) -> bool,
) -> Vec<Suggestion> {
    let mut found: Vec<Suggestion> = Vec::new();
    let roles = (0..query.need.roles.len()).filter(|role| only.is_none_or(|only| only == *role));
    for role in roles {
        let entries = gate_ladders(query, candidate, role).into_iter();
        for ladder in entries.chain(ladders(query, candidate, role)) {
            let reached = ladder.into_iter().find_map(|change| {
                let mut changed = candidate.clone();
                apply(&mut changed, change, query, role);
                let then = query.best(&changed, only)?;
                let reached = then.failed.is_empty() && reaches(query.key(&changed, &then.fit));
                reached.then_some(Suggestion {
                    change,
                    role: then.role,
                    fit_ppm: then.fit.fit_ppm,
                    changed,
                })
            });
            found.extend(reached.filter(|new| found.iter().all(|known| known.change != new.change)));
        }
    }
    found.sort_by_key(|suggestion| suggestion.fit_ppm);
    found
}

/// Returns the changes that would open each failed gate.
fn gate_ladders(query: &Query, candidate: &Candidate, role: usize) -> Vec<Vec<Change>> {
    let (need, population) = (query.need, query.population);
    let Some(asked) = need.roles.get(role) else {
        return Vec::new();
    };
    let held = candidate.qualifications.as_deref().unwrap_or_default();
    let mut ladders: Vec<Vec<Change>> = Vec::new();
    for gate in gates::gate(candidate, need, asked, population).failed {
        match gate {
            Gate::Inactive => ladders.push(vec![Change::Activate]),
            Gate::ConsentMissing => ladders.push(vec![Change::Consent]),
            // These are facts or decisions; no change is suggested.
            Gate::Blocked | Gate::ConflictOfInterest => {}
            Gate::FormatNotAccepted => ladders.push(vec![Change::AcceptFormat { format: need.format }]),
            Gate::DatesDoNotOverlap => {
                ladders.push(
                    need.ends_on
                        .map(|day| Change::AvailableFrom { day })
                        .into_iter()
                        .collect(),
                );
                ladders.push(
                    need.starts_on
                        .map(|day| Change::AvailableUntil { day })
                        .into_iter()
                        .collect(),
                );
            }
            Gate::TooFar => {
                let metres = candidate
                    .area
                    .map(|area| population.geography.metres(area, need.area));
                let km = metres.and_then(|metres| u16::try_from(metres.div_ceil(1000)).ok());
                ladders.push(km.map(|km| Change::TravelLimit { km }).into_iter().collect());
            }
            Gate::AtCapacity => ladders.push(vec![Change::Capacity {
                to: candidate.open_load.saturating_add(1),
            }]),
            Gate::QualificationMissing => {
                let missing = need.qualifications.iter().enumerate();
                let missing = missing.filter(|(_, q)| held.binary_search(q).is_err());
                ladders.extend(missing.map(|(position, _)| vec![Change::Qualification { position }]));
            }
            Gate::RoleNotOffered => ladders.push(vec![Change::OfferRole { role: asked.role }]),
            // The ladders of the fit include the changes that open these.
            Gate::HoursDoNotOverlap | Gate::IslandUnreachable | Gate::SkillBelowMinimum => {}
        }
    }
    ladders
}

/// Returns the ladders that raise the fit.
fn ladders(query: &Query, candidate: &Candidate, role: usize) -> Vec<Vec<Change>> {
    let need = query.need;
    let held = candidate.skills.as_deref().unwrap_or_default();
    let level = |skill: EntryNo| {
        held.iter()
            .filter(|(s, _)| *s == skill)
            .map(|(_, level)| *level)
            .max()
            .unwrap_or(0)
    };
    let skills = query.wishes(role).iter().map(|CreditedWish { wish, .. }| {
        let skill = wish.skill;
        (level(skill) + 1..=5)
            .map(move |to| Change::SkillLevel { skill, to })
            .collect()
    });
    let enough_hours = need.hours_per_week.saturating_mul(6).div_ceil(5);
    let hours = (candidate.hours_per_week.unwrap_or(0) + 1)..=enough_hours;
    let offered = candidate.day_parts.unwrap_or(0);
    let parts = (0..21u8).filter(|part| need.day_parts >> part & 1 == 1 && offered >> part & 1 == 0);
    let mut all: Vec<Vec<Change>> = skills.collect();
    all.push((1..=5).map(|more| Change::Deliveries { more }).collect());
    all.push(hours.map(|to| Change::HoursPerWeek { to }).collect());
    all.extend(parts.map(|part| vec![Change::DayPart { part }]));
    all.extend((need.remote && candidate.remote != Some(true)).then_some(vec![Change::AcceptRemote]));
    all.push((1..=5).map(|more| Change::Completed { more }).collect());
    all
}

fn apply(candidate: &mut Candidate, change: Change, query: &Query, role: usize) {
    match change {
        Change::SkillLevel { skill, to } => {
            let skills = candidate.skills.get_or_insert_default();
            skills.retain(|(s, _)| *s != skill);
            skills.push((skill, to));
        }
        Change::Deliveries { more } => {
            let role = query.need.roles.get(role).map_or(0, |role| role.role);
            let delivered = PastDeliveries {
                family: query.need.family,
                role,
                count: more,
            };
            candidate.experience.get_or_insert_default().push(delivered);
        }
        Change::HoursPerWeek { to } => candidate.hours_per_week = Some(to),
        Change::DayPart { part } => candidate.day_parts = Some(candidate.day_parts.unwrap_or(0) | 1 << part),
        Change::AcceptRemote => candidate.remote = Some(true),
        Change::Completed { more } => {
            let (completed, dropped) = candidate.record.unwrap_or_default();
            candidate.record = Some((completed.saturating_add(more), dropped));
        }
        Change::Activate => candidate.active = true,
        Change::Consent => candidate.consented = true,
        Change::AcceptFormat { format } => {
            let bit = 1u8.checked_shl(u32::from(format)).unwrap_or(0);
            *candidate.accepted_formats.get_or_insert_default() |= bit;
        }
        Change::OfferRole { role } => candidate.roles.get_or_insert_default().push(role),
        Change::AvailableFrom { day } => candidate.available_from = Some(day),
        Change::AvailableUntil { day } => candidate.available_until = Some(day),
        Change::TravelLimit { km } => candidate.travel_limit_km = Some(km),
        Change::Capacity { to } => candidate.capacity = to,
        Change::Qualification { position } => {
            let held = candidate.qualifications.get_or_insert_default();
            held.extend(query.need.qualifications.get(position).cloned());
            held.sort();
        }
    }
}

/// Undoes a change without copying what has not changed.
fn take_back(changed: &mut Candidate, change: Change, before: &Candidate) {
    match change {
        Change::SkillLevel { .. } => changed.skills.clone_from(&before.skills),
        Change::Deliveries { .. } => changed.experience.clone_from(&before.experience),
        Change::HoursPerWeek { .. } => changed.hours_per_week = before.hours_per_week,
        Change::DayPart { .. } => changed.day_parts = before.day_parts,
        Change::AcceptRemote => changed.remote = before.remote,
        Change::Completed { .. } => changed.record = before.record,
        _ => changed.clone_from(before),
    }
}
