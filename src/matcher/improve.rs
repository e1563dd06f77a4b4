//! The smallest single change of what a worker offers that would raise their rank.
//!
//! "Smallest" is the change that lifts the fit least while it still passes the one ranked above: the rank is
//! gained with the least demand.

use super::components::Credited;
use super::{Assessment, Candidate, Delivered, Index, Query, RankKey};

/// One input raised. Unknown inputs count as changed when they are stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    SkillLevel { skill: Index, to: u8 },
    Deliveries { more: u16 },
    HoursPerWeek { to: u16 },
    DayPart { part: u8 },
    AcceptRemote,
    Theme { theme: Index },
    PreferFormat { format: Index },
    ActiveToday,
    Completed { more: u16 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Improvement {
    pub change: Change,
    /// The fit it would give.
    pub fit_ppm: u64,
}

/// `above` is the key of the one ranked directly above.
pub fn smallest_improvement(
    query: &Query,
    candidate: &Candidate,
    now: &Assessment,
    above: RankKey,
) -> Option<Improvement> {
    let tried = changes(query, candidate, now).into_iter().filter_map(|change| {
        let mut changed = candidate.clone();
        apply(&mut changed, change, query, now);
        let then = query.assess(&changed, now.role)?;
        let rises = then.failed.is_empty() && query.key(&changed, &then.fit) < above;
        rises.then_some(Improvement {
            change,
            fit_ppm: then.fit.fit_ppm,
        })
    });
    tried.min_by_key(|improvement| improvement.fit_ppm)
}

fn changes(query: &Query, candidate: &Candidate, now: &Assessment) -> Vec<Change> {
    let need = query.need;
    let held = candidate.skills.as_deref().unwrap_or_default();
    let level = |skill: Index| {
        held.iter()
            .filter(|(s, _)| *s == skill)
            .map(|(_, level)| *level)
            .max()
            .unwrap_or(0)
    };
    let skills = query.wishes(now.role).iter().flat_map(|Credited { wish, .. }| {
        let skill = wish.skill;
        (level(skill) + 1..=5).map(move |to| Change::SkillLevel { skill, to })
    });
    let enough_hours = need.hours_per_week.saturating_mul(6).div_ceil(5);
    let hours = (candidate.hours_per_week.unwrap_or(0) + 1)..=enough_hours;
    let offered = candidate.day_parts.unwrap_or(0);
    let parts = (0..21u8).filter(|part| need.day_parts >> part & 1 == 1 && offered >> part & 1 == 0);
    let own_themes = candidate.themes.as_deref().unwrap_or_default();
    let themes = need
        .themes
        .iter()
        .copied()
        .filter(|theme| !own_themes.contains(theme));
    let mut all: Vec<Change> = skills.collect();
    all.extend((1..=5).map(|more| Change::Deliveries { more }));
    all.extend(hours.map(|to| Change::HoursPerWeek { to }));
    all.extend(parts.map(|part| Change::DayPart { part }));
    all.extend((need.remote && candidate.remote != Some(true)).then_some(Change::AcceptRemote));
    all.extend(themes.map(|theme| Change::Theme { theme }));
    all.extend((!candidate.prefers(need.format)).then_some(Change::PreferFormat { format: need.format }));
    all.extend((candidate.last_active != Some(query.population.today)).then_some(Change::ActiveToday));
    all.extend((1..=5).map(|more| Change::Completed { more }));
    all
}

fn apply(candidate: &mut Candidate, change: Change, query: &Query, now: &Assessment) {
    match change {
        Change::SkillLevel { skill, to } => {
            let skills = candidate.skills.get_or_insert_default();
            skills.retain(|(s, _)| *s != skill);
            skills.push((skill, to));
        }
        Change::Deliveries { more } => {
            let role = query.need.roles.get(now.role).map_or(0, |role| role.role);
            let delivered = Delivered {
                family: query.need.family,
                role,
                count: more,
            };
            candidate.experience.get_or_insert_default().push(delivered);
        }
        Change::HoursPerWeek { to } => candidate.hours_per_week = Some(to),
        Change::DayPart { part } => candidate.day_parts = Some(candidate.day_parts.unwrap_or(0) | 1 << part),
        Change::AcceptRemote => candidate.remote = Some(true),
        Change::Theme { theme } => candidate.themes.get_or_insert_default().push(theme),
        Change::PreferFormat { format } => {
            candidate.preferred_formats |= 1u8.checked_shl(u32::from(format)).unwrap_or(0);
            candidate.accepted_formats.get_or_insert_default();
        }
        Change::ActiveToday => candidate.last_active = Some(query.population.today),
        Change::Completed { more } => {
            let (completed, dropped) = candidate.record.unwrap_or_default();
            candidate.record = Some((completed.saturating_add(more), dropped));
        }
    }
}
