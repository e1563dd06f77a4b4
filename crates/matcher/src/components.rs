//! The nine components, each a value in [0, 1] in parts per million.
//!
//! A median of the population replaces a missing number, and a mean value replaces a missing set; the value
//! is then marked as unknown. If no candidate has answered, the value is one half. Nobody loses by naming
//! themes or evidence: what they don't name counts as for those who name nothing.

use super::coded::coded;
use super::formulas::{self, experience_ppm, hours_ppm, idle_ppm, near_ppm, reliability_ppm, remote_ppm};
use super::population::{NEUTRAL_PPM, Population};
use super::ppm::{PPM, ratio};
use super::{Candidate, EntryNo, Need};

coded! {
    /// A component of the fit.
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

/// The number of components.
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

/// A component's value, and whether all of its inputs were known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Score {
    pub ppm: u64,
    pub known: bool,
}

impl Score {
    pub fn known(ppm: u64) -> Score {
        Score { ppm, known: true }
    }

    /// The value that replaces a missing answer.
    pub fn imputed(ppm: Option<u64>) -> Score {
        Score {
            ppm: ppm.unwrap_or(NEUTRAL_PPM),
            known: false,
        }
    }
}

/// The values of all nine components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Values([Score; N]);

impl Values {
    /// Takes the values in the order of [`COMPONENTS`].
    pub fn new(values: [Score; N]) -> Values {
        Values(values)
    }

    /// Replaces one value.
    pub fn with(mut self, component: Component, scored: Score) -> Values {
        if let Some(value) = self.0.get_mut(component as usize) {
            *value = scored;
        }
        self
    }

    pub fn get(&self, component: Component) -> Score {
        self.0.get(component as usize).copied().unwrap_or_default()
    }
}

/// Returns `1 − e^(−n/2)` of the past deliveries of the family or in the role.
pub fn experience(candidate: &Candidate, need: &Need, role: EntryNo, population: &Population) -> Score {
    match candidate.deliveries(need.family, role) {
        Some(n) => Score::known(experience_ppm(n)),
        None => Score::imputed(Some(experience_ppm(
            population.median_deliveries(need.family, role),
        ))),
    }
}

/// Returns the value of the median hours.
pub fn usual_hours_ppm(need: &Need, population: &Population) -> u64 {
    let median = population.median_hours_per_week;
    median.map_or(NEUTRAL_PPM, |hours| hours_ppm(hours, need))
}

/// Returns the mean share of the needed day-parts.
pub fn usual_parts_ppm(need: &Need, population: &Population) -> u64 {
    let share = |part| population.day_part_share_ppm(part).unwrap_or(NEUTRAL_PPM);
    let asked = (0..21).filter(|part| need.day_parts >> part & 1 == 1);
    ratio(asked.map(share).sum(), u64::from(need.day_parts.count_ones()))
}

/// Returns `min(1, hours offered / (1.2 · hours needed))`, times the share of the needed day-parts that is
/// offered.
pub fn availability(candidate: &Candidate, need: &Need, population: &Population) -> Score {
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
    Score {
        ppm: ratio(hours * parts, PPM),
        known,
    }
}

/// Returns [`near_ppm`], or [`remote_ppm`] if both accept remote work.
pub fn distance(
    candidate: &Candidate,
    need: &Need,
    median_metres: Option<u32>,
    population: &Population,
) -> Score {
    distance_from(candidate.area, candidate.remote, need, median_metres, population)
}

/// Returns the same for any candidate with this area and this answer about remote work.
pub fn distance_from(
    area: Option<EntryNo>,
    remote: Option<bool>,
    need: &Need,
    median_metres: Option<u32>,
    population: &Population,
) -> Score {
    let near = match area {
        Some(area) => population.geography.near_ppm(area, need.area),
        None => median_metres.map_or(NEUTRAL_PPM, near_ppm),
    };
    let remotely = remote_ppm(near);
    match (need.remote, remote) {
        (false, _) | (true, Some(false)) => Score {
            ppm: near,
            known: area.is_some(),
        },
        (true, Some(true)) => Score {
            ppm: remotely,
            known: area.is_some(),
        },
        (true, None) => {
            let share = population.remote_share_ppm.unwrap_or(NEUTRAL_PPM);
            Score {
                ppm: ratio(share * remotely + (PPM - share) * near, PPM),
                known: false,
            }
        }
    }
}

/// Returns the share of the need's themes that the candidate cares for, weighted by rarity. A theme that they don't
/// name counts as much as the share of candidates who do.
pub fn theme(candidate: &Candidate, need: &Need, population: &Population) -> Score {
    let named = |theme: &EntryNo| candidate.themes.as_ref().is_some_and(|own| own.contains(theme));
    Score {
        ppm: themes_ppm(need, population, named),
        known: candidate.themes.is_some() && !need.themes.is_empty(),
    }
}

/// Returns the value for candidates who name these themes.
pub fn themes_ppm(need: &Need, population: &Population, named: impl Fn(&EntryNo) -> bool) -> u64 {
    let (mut sum, mut all) = (0, 0);
    for theme in &need.themes {
        let idf = population.theme_idf_ppm(*theme);
        let usual = || population.theme_share_ppm(*theme).unwrap_or(NEUTRAL_PPM);
        sum += idf * if named(theme) { PPM } else { usual() };
        all += idf;
    }
    if all == 0 { NEUTRAL_PPM } else { ratio(sum, all) }
}

/// Returns 1 for a preferred format, 0.5 for an accepted one.
pub fn format(candidate: &Candidate, need: &Need, population: &Population) -> Score {
    match formulas::format_ppm(candidate, need.format) {
        Some(ppm) => Score::known(ppm),
        None => Score::imputed(population.format_mean_ppm(need.format)),
    }
}

/// Returns [`reliability_ppm`] of the record and the reviews, from the usual share in the role. Without either it is that
/// share.
pub fn reliability(candidate: &Candidate, role: EntryNo, population: &Population) -> Score {
    let wide = |(good, bad): (u16, u16)| (u64::from(good), u64::from(bad));
    let (record, reviews) = (candidate.record.unwrap_or_default(), candidate.reviews);
    Score {
        ppm: reliability_ppm(population.completion_ppm(role), wide(record), wide(reviews)),
        known: candidate.record.is_some() || reviews != (0, 0),
    }
}

/// Returns [`idle_ppm`] of the days since the candidate was last active.
pub fn responsiveness(candidate: &Candidate, population: &Population) -> Score {
    match candidate.last_active {
        Some(day) => Score::known(idle_ppm((population.today - day).max(0))),
        None => Score::imputed(population.median_idle_days.map(idle_ppm)),
    }
}
