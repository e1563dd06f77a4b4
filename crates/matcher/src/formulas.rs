//! The formulas of the components, as functions of known inputs. `docs/ranking.md` names their sources.

use super::ppm::{self, PPM, ratio};
use super::{Candidate, EntryNo, Need, SkillTree, Wish};

/// A wish with the credit that each skill earns for it.
#[derive(Debug, Clone)]
pub struct CreditedWish {
    pub wish: Wish,
    credit_ppm: Vec<(EntryNo, u64)>,
}

impl CreditedWish {
    pub fn new(wish: Wish, tree: &SkillTree) -> CreditedWish {
        CreditedWish {
            wish,
            credit_ppm: tree.creditable(wish.skill),
        }
    }

    /// Returns `q = min(1, max_j level_j · 0.6^hops / required)`, and the skill and level that earn it, if
    /// any.
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

/// Returns `0.7 · Σ v_k q_k / Σ v_k + 0.3 · min_k q_k`: the mean quality, but the weakest skill counts extra.
/// A role without wishes gets the full value.
pub fn skill_ppm(wishes: &[CreditedWish], skills: &[(EntryNo, u8)]) -> u64 {
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

/// From this number on, more deliveries no longer change the value: e^(−15) is less than half a part per
/// million.
pub const MOST_DELIVERIES: u64 = 30;

/// Returns `1 − e^(−n/2)`. The first deliveries count most.
pub fn experience_ppm(deliveries: u64) -> u64 {
    ppm::from_unit(1.0 - libm::exp(-(deliveries as f64) / 2.0))
}

/// Returns `min(1, hours offered / (1.2 · hours needed))`.
pub fn hours_ppm(offered: u16, need: &Need) -> u64 {
    let needed = u64::from(need.hours_per_week.max(1));
    ratio(5 * u64::from(offered) * PPM, 6 * needed).min(PPM)
}

/// Returns `2^(−d / 10 km)`.
pub fn near_ppm(metres: u32) -> u64 {
    ppm::from_unit(libm::exp2(-f64::from(metres) / 10_000.0))
}

/// Returns the value of working remotely, `0.9 + 0.1 · 2^(−d / 10 km)`: near is still a little better.
pub fn remote_ppm(near_ppm: u64) -> u64 {
    900_000 + ratio(near_ppm, 10)
}

/// Returns 1 for a preferred format, 0.5 for an accepted one, and `None` where that is unknown.
pub fn format_ppm(candidate: &Candidate, format: EntryNo) -> Option<u64> {
    let accepted = candidate.accepts(format)?;
    Some(match (accepted, candidate.prefers(format)) {
        (_, true) => PPM,
        (true, false) => PPM / 2,
        (false, false) => 0,
    })
}

/// Returns `(5 · usual + completed) / (5 + completed + dropped)`: the mean of a Beta distribution that starts from the
/// usual share, as if five projects had been done.
pub fn completion_ppm(usual_ppm: u64, (completed, dropped): (u64, u64)) -> u64 {
    ratio(5 * usual_ppm + completed * PPM, 5 + completed + dropped)
}

/// Returns [`completion_ppm`] with reviews, which count as completed and as dropped in eighths of a project.
pub fn reliability_ppm(
    usual_ppm: u64,
    (completed, dropped): (u64, u64),
    (praise, criticism): (u64, u64),
) -> u64 {
    let completed = 8 * completed + praise;
    ratio(
        8 * 5 * usual_ppm + completed * PPM,
        8 * 5 + completed + 8 * dropped + criticism,
    )
}

/// Returns `2^(−days since last active / 60)`.
pub fn idle_ppm(days: i32) -> u64 {
    ppm::from_unit(libm::exp2(-f64::from(days) / 60.0))
}
