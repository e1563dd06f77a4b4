//! The nine components, each a value in [0, 1] in parts per million.
//!
//! A missing input is replaced by the population's median (a number) or mean value (a set), and the value is
//! marked as not known. Where nobody has answered at all, one half stands in.

use super::gates::coded;
use super::need::Wish;
use super::population::{self, NEUTRAL_PPM, Population};
use super::ppm::{self, PPM, ratio};
use super::{Candidate, EntryNo, Need, SkillTree};

coded! {
    /// What is weighed.
    Component, COMPONENTS {
        Skill = "skill",
        Experience = "experience",
        Availability = "availability",
        Distance = "distance",
        Theme = "theme",
        Format = "format",
        Reliability = "reliability",
        Responsiveness = "responsiveness",
        Text = "text",
    }
}

/// How many components there are.
pub const N: usize = COMPONENTS.len();

impl Component {
    pub fn is_of_organization(self) -> bool {
        use Component::*;
        matches!(self, Skill | Experience | Availability | Reliability | Text)
    }

    pub fn is_of_worker(self) -> bool {
        use Component::*;
        matches!(self, Theme | Distance | Format | Responsiveness | Availability)
    }
}

/// One component's value, and whether everything it is made of was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scored {
    pub ppm: u64,
    pub known: bool,
}

impl Scored {
    pub fn known(ppm: u64) -> Scored {
        Scored { ppm, known: true }
    }

    /// What stands in for a missing answer.
    pub fn imputed(ppm: Option<u64>) -> Scored {
        Scored {
            ppm: ppm.unwrap_or(NEUTRAL_PPM),
            known: false,
        }
    }
}

/// All nine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Values([Scored; N]);

impl Values {
    /// In the order of [`COMPONENTS`].
    pub fn new(values: [Scored; N]) -> Values {
        Values(values)
    }

    /// With one of them replaced.
    pub fn with(mut self, component: Component, scored: Scored) -> Values {
        if let Some(value) = self.0.get_mut(component as usize) {
            *value = scored;
        }
        self
    }

    pub fn get(&self, component: Component) -> Scored {
        self.0.get(component as usize).copied().unwrap_or_default()
    }
}

/// A wish with every skill that earns credit for it.
#[derive(Debug, Clone)]
pub struct Credited {
    pub wish: Wish,
    credit_ppm: Vec<(EntryNo, u64)>,
}

impl Credited {
    pub fn new(wish: Wish, tree: &SkillTree) -> Credited {
        Credited {
            wish,
            credit_ppm: tree.creditable(wish.skill),
        }
    }

    /// `q = min(1, max_j level_j · 0.6^hops / required)` and the skill and level that give it, if any does.
    pub fn quality(&self, skills: &[(EntryNo, u8)]) -> (u64, Option<(EntryNo, u8)>) {
        let credit = |(skill, level): &(EntryNo, u8)| {
            let found = self.credit_ppm.binary_search_by_key(skill, |(held, _)| *held);
            let (_, credit) = self.credit_ppm.get(found.ok()?)?;
            Some((credit * u64::from(*level), std::cmp::Reverse(*skill), *level))
        };
        match skills.iter().filter_map(credit).max() {
            Some((credit, skill, level)) if credit > 0 => (
                ratio(credit, u64::from(self.wish.level)).min(PPM),
                Some((skill.0, level)),
            ),
            _ => (0, None),
        }
    }
}

/// `0.7 · Σ v_k q_k / Σ v_k + 0.3 · min_k q_k`: breadth, but the weakest skill counts too. A role that asks for
/// no skill is satisfied by anyone.
pub fn skill_ppm(wishes: &[Credited], skills: &[(EntryNo, u8)]) -> u64 {
    let (mut sum, mut weights, mut least) = (0, 0, PPM);
    for wish in wishes {
        let (quality, _) = wish.quality(skills);
        sum += u64::from(wish.wish.weight) * quality;
        weights += u64::from(wish.wish.weight);
        least = least.min(quality);
    }
    if weights == 0 {
        PPM
    } else {
        ratio(7 * sum + 3 * weights * least, 10 * weights)
    }
}

/// From here on another delivery does not change the value any more: e^(−15) is less than half a part per million.
pub const MOST_DELIVERIES: u64 = 30;

/// `1 − e^(−n/2)`: the first deliveries teach most.
pub fn experience_ppm(deliveries: u64) -> u64 {
    ppm::from_unit(1.0 - libm::exp(-(deliveries as f64) / 2.0))
}

pub fn experience(candidate: &Candidate, need: &Need, role: EntryNo, population: &Population) -> Scored {
    match candidate.deliveries(need.family, role) {
        Some(n) => Scored::known(experience_ppm(n)),
        None => Scored::imputed(Some(experience_ppm(
            population.median_deliveries(need.family, role),
        ))),
    }
}

pub fn hours_ppm(offered: u16, need: &Need) -> u64 {
    let needed = u64::from(need.hours_per_week.max(1));
    ratio(5 * u64::from(offered) * PPM, 6 * needed).min(PPM)
}

pub fn usual_hours_ppm(need: &Need, population: &Population) -> u64 {
    let median = population.median_hours_per_week;
    median.map_or(NEUTRAL_PPM, |hours| hours_ppm(hours, need))
}

pub fn usual_parts_ppm(need: &Need, population: &Population) -> u64 {
    let share = |part| population.day_part_share_ppm(part).unwrap_or(NEUTRAL_PPM);
    let asked = (0..21).filter(|part| need.day_parts >> part & 1 == 1);
    ratio(asked.map(share).sum(), u64::from(need.day_parts.count_ones()))
}

/// `min(1, hours offered / (1.2 · hours needed))`, times the share of the needed day-parts that is offered.
pub fn availability(candidate: &Candidate, need: &Need, population: &Population) -> Scored {
    let hours = match candidate.hours_per_week {
        Some(offered) => hours_ppm(offered, need),
        None => usual_hours_ppm(need, population),
    };
    let asked = u64::from(need.day_parts.count_ones());
    let parts = match candidate.day_parts {
        _ if asked == 0 => PPM,
        Some(offered) => ratio(u64::from((offered & need.day_parts).count_ones()) * PPM, asked),
        None => usual_parts_ppm(need, population),
    };
    let known = candidate.hours_per_week.is_some() && (asked == 0 || candidate.day_parts.is_some());
    Scored {
        ppm: ratio(hours * parts, PPM),
        known,
    }
}

/// `2^(−d / 10 km)`.
pub fn near_ppm(metres: u32) -> u64 {
    ppm::from_unit(libm::exp2(-f64::from(metres) / 10_000.0))
}

/// [`near_ppm`], or 0.9 if both accept remote work; the larger.
pub fn distance(
    candidate: &Candidate,
    need: &Need,
    median_metres: Option<u32>,
    population: &Population,
) -> Scored {
    distance_from(candidate.area, candidate.remote, need, median_metres, population)
}

/// The same, for all who live there and answer alike about remote work.
pub fn distance_from(
    area: Option<EntryNo>,
    remote: Option<bool>,
    need: &Need,
    median_metres: Option<u32>,
    population: &Population,
) -> Scored {
    let near = match area {
        Some(area) => population.geography.near_ppm(area, need.area),
        None => median_metres.map_or(NEUTRAL_PPM, near_ppm),
    };
    let remotely = near.max(900_000);
    match (need.remote, remote) {
        (false, _) | (true, Some(false)) => Scored {
            ppm: near,
            known: area.is_some(),
        },
        (true, Some(true)) => Scored {
            ppm: remotely,
            known: area.is_some() || remotely == 900_000,
        },
        (true, None) => {
            let share = population.remote_share_ppm.unwrap_or(NEUTRAL_PPM);
            Scored {
                ppm: ratio(share * remotely + (PPM - share) * near, PPM),
                known: false,
            }
        }
    }
}

/// The share of the organization's themes that the worker cares for, each weighed by how rare it is.
pub fn theme(candidate: &Candidate, need: &Need, population: &Population) -> Scored {
    let all: u64 = need.themes.iter().map(|t| population.theme_idf_ppm(*t)).sum();
    if all == 0 {
        return Scored::imputed(None);
    }
    match &candidate.themes {
        Some(own) => {
            let shared = need.themes.iter().filter(|t| own.contains(t));
            Scored::known(ratio(
                shared.map(|t| population.theme_idf_ppm(*t)).sum::<u64>() * PPM,
                all,
            ))
        }
        None => Scored::imputed(Some(usual_themes_ppm(need, population))),
    }
}

/// The mean value of those who told us their themes.
pub fn usual_themes_ppm(need: &Need, population: &Population) -> u64 {
    let all: u128 = need
        .themes
        .iter()
        .map(|t| u128::from(population.theme_idf_ppm(*t)))
        .sum();
    let usual = |t: &EntryNo| {
        u128::from(population.theme_idf_ppm(*t))
            * u128::from(population.theme_share_ppm(*t).unwrap_or(NEUTRAL_PPM))
    };
    let sum: u128 = need.themes.iter().map(usual).sum();
    ((sum + all / 2) / all.max(1)) as u64
}

/// Preferred 1, accepted 0.5.
pub fn format(candidate: &Candidate, need: &Need, population: &Population) -> Scored {
    match population::format_ppm(candidate, need.format) {
        Some(ppm) => Scored::known(ppm),
        None => Scored::imputed(population.format_mean_ppm(need.format)),
    }
}

/// `(4 + completed) / (5 + completed + dropped)`.
pub fn reliability(candidate: &Candidate, population: &Population) -> Scored {
    match candidate.record {
        Some(record) => Scored::known(population::reliability_ppm(record)),
        None => Scored::imputed(population.median_reliability_ppm),
    }
}

/// `2^(−days since last active / 60)`.
pub fn idle_ppm(days: i32) -> u64 {
    ppm::from_unit(libm::exp2(-f64::from(days) / 60.0))
}

/// [`idle_ppm`] of today.
pub fn responsiveness(candidate: &Candidate, population: &Population) -> Scored {
    match candidate.last_active {
        Some(day) => Scored::known(idle_ppm((population.today - day).max(0))),
        None => Scored::imputed(population.median_idle_days.map(idle_ppm)),
    }
}
