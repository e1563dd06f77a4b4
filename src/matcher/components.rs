//! The nine components, each a value in [0, 1] in parts per million.
//!
//! A missing input is replaced by the population's median (a number) or mean value (a set), and the value is
//! marked as not known. Where nobody has answered at all, one half stands in.

use super::gates::coded;
use super::need::Wish;
use super::population::{self, NEUTRAL_PPM, Population};
use super::ppm::{self, PPM, ratio};
use super::{Candidate, Index, Need, SkillTree};
use std::collections::BTreeMap;

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

    pub fn get(&self, component: Component) -> Scored {
        self.0.get(component as usize).copied().unwrap_or_default()
    }
}

/// A wish with every skill that earns credit for it.
#[derive(Debug, Clone)]
pub struct Credited {
    pub wish: Wish,
    credit_ppm: BTreeMap<Index, u64>,
}

impl Credited {
    pub fn new(wish: Wish, tree: &SkillTree) -> Credited {
        Credited {
            wish,
            credit_ppm: tree.creditable(wish.skill),
        }
    }

    /// `q = min(1, max_j level_j · 0.6^hops / required)` and the skill and level that give it, if any does.
    pub fn quality(&self, skills: &[(Index, u8)]) -> (u64, Option<(Index, u8)>) {
        let credit = |(skill, level): &(Index, u8)| {
            let credit = self.credit_ppm.get(skill)?;
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
pub fn skill_ppm(wishes: &[Credited], skills: &[(Index, u8)]) -> u64 {
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

/// `1 − e^(−n/2)`: the first deliveries teach most.
pub fn experience(candidate: &Candidate, need: &Need, role: Index, population: &Population) -> Scored {
    let value = |n: u64| ppm::from_unit(1.0 - libm::exp(-(n as f64) / 2.0));
    match candidate.deliveries(need.family, role) {
        Some(n) => Scored::known(value(n)),
        None => Scored::imputed(Some(value(population.median_deliveries(need.family, role)))),
    }
}

/// `min(1, hours offered / (1.2 · hours needed))`, times the share of the needed day-parts that is offered.
pub fn availability(candidate: &Candidate, need: &Need, population: &Population) -> Scored {
    let hours = match candidate.hours_per_week.or(population.median_hours_per_week) {
        Some(offered) => ratio(
            5 * u64::from(offered) * PPM,
            6 * u64::from(need.hours_per_week.max(1)),
        )
        .min(PPM),
        None => NEUTRAL_PPM,
    };
    let asked = u64::from(need.day_parts.count_ones());
    let parts = match candidate.day_parts {
        _ if asked == 0 => PPM,
        Some(offered) => ratio(u64::from((offered & need.day_parts).count_ones()) * PPM, asked),
        None => {
            let share = |part| population.day_part_share_ppm(part).unwrap_or(NEUTRAL_PPM);
            ratio(
                (0..21)
                    .filter(|part| need.day_parts >> part & 1 == 1)
                    .map(share)
                    .sum(),
                asked,
            )
        }
    };
    let known = candidate.hours_per_week.is_some() && (asked == 0 || candidate.day_parts.is_some());
    Scored {
        ppm: ratio(hours * parts, PPM),
        known,
    }
}

/// `2^(−d / 10 km)`, or 0.9 if both accept remote work; the larger.
pub fn distance(
    candidate: &Candidate,
    need: &Need,
    median_metres: Option<u32>,
    population: &Population,
) -> Scored {
    let metres = candidate
        .area
        .map(|area| population.geography.metres(area, need.area));
    let value = |metres: u32| ppm::from_unit(libm::exp2(-f64::from(metres) / 10_000.0));
    let near = metres.or(median_metres).map_or(NEUTRAL_PPM, value);
    let remotely = near.max(900_000);
    match (need.remote, candidate.remote) {
        (false, _) | (true, Some(false)) => Scored {
            ppm: near,
            known: metres.is_some(),
        },
        (true, Some(true)) => Scored {
            ppm: remotely,
            known: metres.is_some() || remotely == 900_000,
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
        None => {
            let usual = |t: &Index| {
                population.theme_idf_ppm(*t) as u128
                    * population.theme_share_ppm(*t).unwrap_or(NEUTRAL_PPM) as u128
            };
            let sum: u128 = need.themes.iter().map(usual).sum();
            Scored::imputed(Some(((sum + u128::from(all) / 2) / u128::from(all)) as u64))
        }
    }
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
pub fn responsiveness(candidate: &Candidate, population: &Population) -> Scored {
    let value = |days: i32| ppm::from_unit(libm::exp2(-f64::from(days) / 60.0));
    match candidate.last_active {
        Some(day) => Scored::known(value((population.today - day).max(0))),
        None => Scored::imputed(population.median_idle_days.map(value)),
    }
}
