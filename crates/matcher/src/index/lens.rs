//! A need as lookup tables: divisions happen once here instead of once for each candidate.
//!
//! Invariant: for one candidate's [`Traits`], [`Lens::settle`] and [`Lens::fit`] give the fit of the plain
//! scan, or none where the scan gives none. For a merged group the result is at least the fit of each member.
//! No second formula exists that could drift from the score.

use super::sets::{self, Losses};
use super::traits::{self, Traits};
use crate::components::{self, Component};
use crate::fit::{FLOOR, time_ppm, with_little_time};
use crate::formulas;
use crate::population::NEUTRAL_PPM;
use crate::ppm::{PPM, ratio};
use crate::{EntryNo, Gate, Need, Population, Query};

/// Up to this many themes get a table of all their subsets.
const TABLED_THEMES: usize = 6;

pub struct Lens<'q> {
    need: &'q Need,
    population: &'q Population,
    median_metres: Option<u32>,
    weights: SideWeights,
    format: u8,
    usual_format_ppm: u64,
    hours_ppm: Vec<u32>,
    usual_hours_ppm: u64,
    /// By the number of shared day-parts.
    parts_ppm: [u64; 22],
    usual_parts_ppm: u64,
    /// The bit of each theme, and what naming it adds to the value, rounded down.
    themes: Vec<(u64, u64)>,
    /// The value by the set of themes that are named.
    themes_ppm: Vec<u64>,
    qualifications: u32,
    starts_on: i32,
    ends_on: i32,
    /// Whether the plain scan has to confirm a score.
    pub is_rough: bool,
}

struct SideWeights {
    skill: u64,
    experience: u64,
    reliability: u64,
    text: u64,
    availability_org: u64,
    theme: u64,
    distance: u64,
    format: u64,
    responsiveness: u64,
    availability_worker: u64,
    availability_counts: bool,
    org_counts: bool,
    worker_counts: bool,
}

/// What a place and an answer about remote work settle for every candidate who shares them.
#[derive(Debug, Clone, Copy)]
pub struct Commute {
    distance_ppm: u64,
    /// The travel limit needed. 0 needs none.
    least_limit_km: u32,
}

/// What the profile and the text add to the traits.
#[derive(Clone, Copy)]
pub struct ProfileScores {
    pub skill_ppm: u64,
    pub experience_ppm: u64,
    pub reliability_ppm: u64,
    pub text_ppm: u64,
}

/// The worker side, and the part of the organization side that needs no profile.
#[derive(Clone, Copy)]
pub struct PartialFit {
    org_sum: u64,
    worker_ppm: u64,
    /// What too little time leaves of the fit.
    time_ppm: u64,
}

impl PartialFit {
    /// Returns a fit that is at most what has to be reached before [`with_little_time`] for `fit_ppm` after it.
    fn before_time(&self, fit_ppm: u32) -> u64 {
        match self.time_ppm {
            PPM => fit_ppm.into(),
            time_ppm => (u64::from(fit_ppm) * PPM / time_ppm).saturating_sub(2),
        }
    }
}

impl<'q> Lens<'q> {
    pub fn new(query: &Query<'q>) -> Lens<'q> {
        let (need, population) = (query.need, query.population);
        let (org, worker) = query.side_weights();
        let of = |side: &[u64], c: Component| side.get(c as usize).copied().unwrap_or(0);
        let asked = u64::from(need.day_parts.count_ones());
        let all_idf: u64 = need.themes.iter().map(|t| population.theme_idf_ppm(*t)).sum();
        let theme = |theme: &EntryNo| {
            let more = PPM - population.theme_share_ppm(*theme).unwrap_or(NEUTRAL_PPM);
            let gain = population.theme_idf_ppm(*theme) * more / all_idf.max(1);
            (traits::theme_bit(*theme), gain)
        };
        let enough_hours = (u32::from(need.hours_per_week.max(1)) * 6).div_ceil(5);
        let mut lens = Lens {
            need,
            population,
            median_metres: query.median_metres(),
            weights: SideWeights {
                skill: of(org, Component::Skill),
                experience: of(org, Component::Experience),
                reliability: of(org, Component::Reliability),
                text: of(org, Component::Text),
                availability_org: of(org, Component::Availability),
                theme: of(worker, Component::Theme),
                distance: of(worker, Component::Distance),
                format: of(worker, Component::Format),
                responsiveness: of(worker, Component::Responsiveness),
                availability_worker: of(worker, Component::Availability),
                availability_counts: of(org, Component::Availability) + of(worker, Component::Availability)
                    > 0,
                org_counts: org.iter().any(|w| *w > 0),
                worker_counts: worker.iter().any(|w| *w > 0),
            },
            format: 1u8.checked_shl(u32::from(need.format)).unwrap_or(0),
            usual_format_ppm: population.format_mean_ppm(need.format).unwrap_or(NEUTRAL_PPM),
            hours_ppm: (0..=enough_hours)
                .map(|hours| formulas::hours_ppm(hours as u16, need) as u32)
                .collect(),
            usual_hours_ppm: components::usual_hours_ppm(need, population),
            parts_ppm: std::array::from_fn(|n| {
                if asked == 0 {
                    PPM
                } else {
                    ratio((n as u64).min(asked) * PPM, asked)
                }
            }),
            usual_parts_ppm: if asked == 0 {
                PPM
            } else {
                components::usual_parts_ppm(need, population)
            },
            themes_ppm: Vec::new(),
            qualifications: traits::qualification_bits(&need.qualifications),
            starts_on: need.starts_on.unwrap_or(i32::MIN),
            ends_on: need.ends_on.unwrap_or(i32::MAX),
            is_rough: !need.qualifications.is_empty()
                || need.themes.iter().any(|t| *t >= 64)
                || !population.themes_fit_in_a_word(),
            themes: need.themes.iter().map(theme).collect(),
        };
        if lens.themes.len() <= TABLED_THEMES {
            let bits = |set: usize| {
                let of_set = lens.themes.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1);
                of_set.fold(0, |bits, (_, (bit, _))| bits | bit)
            };
            let sets = 0..1 << lens.themes.len();
            lens.themes_ppm = sets.map(|set| lens.themes_named(bits(set))).collect();
        }
        lens
    }

    pub fn text_counts(&self) -> bool {
        self.weights.text > 0
    }

    fn themes_named(&self, held: u64) -> u64 {
        let named = |theme: &EntryNo| held & traits::theme_bit(*theme) != 0;
        components::themes_ppm(self.need, self.population, named)
    }

    /// Returns the first gate that fails among those that need no skills, in the order of the gates. Exact
    /// for one candidate, except for separated organizations and qualifications.
    pub fn first_shut(&self, t: &Traits, commute: Option<&Commute>) -> Option<Gate> {
        let known_formats = t.accepted | t.preferred;
        let no_limit = t.has(traits::LIMIT_UNKNOWN);
        let overlap = t.day_parts & self.need.day_parts != 0 || self.need.day_parts == 0;
        let hours = t.hours > 0 || t.has(traits::HOURS_UNKNOWN);
        let within = |commute: &Commute| no_limit || u32::from(t.limit_km) >= commute.least_limit_km;
        let gates = [
            (t.has(traits::INACTIVE), Gate::Inactive),
            (t.has(traits::NO_CONSENT), Gate::ConsentMissing),
            (
                known_formats & self.format == 0 && !t.has(traits::FORMAT_UNKNOWN),
                Gate::FormatNotAccepted,
            ),
            (
                t.from > self.ends_on || t.until < self.starts_on,
                Gate::DatesDoNotOverlap,
            ),
            (
                !hours || !(overlap || t.has(traits::PARTS_UNKNOWN)),
                Gate::HoursDoNotOverlap,
            ),
            (commute.is_none(), Gate::IslandUnreachable),
            (!commute.is_none_or(within), Gate::TooFar),
            (t.has(traits::AT_CAPACITY), Gate::AtCapacity),
        ];
        gates.into_iter().find(|(shut, _)| *shut).map(|(_, gate)| gate)
    }

    /// Returns `None` if nobody from there can come.
    pub fn commute(&self, area: Option<EntryNo>, remote: Option<bool>) -> Option<Commute> {
        let (need, population) = (self.need, self.population);
        let distance = components::distance_from(area, remote, need, self.median_metres, population);
        let may_be_remote = need.remote && remote != Some(false);
        let least_limit_km = match area {
            _ if may_be_remote => 0,
            None => 0,
            Some(area) if area == need.area => 0,
            Some(area) if !population.geography.is_reachable(area, need.area) => return None,
            Some(area) => population.geography.metres(area, need.area).div_ceil(1000),
        };
        Some(Commute {
            distance_ppm: distance.ppm,
            least_limit_km,
        })
    }

    /// Computes the gates and components that need no skills. Returns `None` if a gate fails.
    #[inline(always)]
    pub fn settle(&self, t: &Traits, commute: &Commute) -> Option<PartialFit> {
        let format = self.format(t)?;
        if t.from > self.ends_on || t.until < self.starts_on {
            return None;
        }
        if u32::from(t.limit_km) < commute.least_limit_km && !t.has(traits::LIMIT_UNKNOWN) {
            return None;
        }
        if self.qualifications & !t.qualifications != 0 {
            return None;
        }
        if t.hours == 0 && !t.has(traits::HOURS_UNKNOWN) {
            return None;
        }
        let overlaps = t.day_parts & self.need.day_parts != 0 || self.need.day_parts == 0;
        if !overlaps && !t.has(traits::PARTS_UNKNOWN) {
            return None;
        }
        let availability = ratio(self.hours(t) * self.parts(t), PPM);
        let w = &self.weights;
        let worker_sum = w.theme * self.theme(t)
            + w.distance * commute.distance_ppm
            + w.format * format
            + w.responsiveness * u64::from(t.responsiveness_ppm)
            + w.availability_worker * availability;
        Some(PartialFit {
            org_sum: w.availability_org * availability,
            worker_ppm: ratio(worker_sum, PPM).max(FLOOR),
            time_ppm: if w.availability_counts {
                time_ppm(availability)
            } else {
                PPM
            },
        })
    }

    /// Returns `None` if the format is not accepted.
    #[inline(always)]
    fn format(&self, t: &Traits) -> Option<u64> {
        let known = if t.preferred & self.format != 0 {
            PPM
        } else if t.accepted & self.format != 0 {
            PPM / 2
        } else if t.has(traits::FORMAT_UNKNOWN) {
            0
        } else {
            return None;
        };
        Some(or_usual(t, known, self.usual_format_ppm, traits::FORMAT_UNKNOWN))
    }

    #[inline(always)]
    fn hours(&self, t: &Traits) -> u64 {
        let known = self.hours_ppm.get(usize::from(t.hours));
        let known = known.map_or(PPM, |ppm| u64::from(*ppm));
        or_usual(t, known, self.usual_hours_ppm, traits::HOURS_UNKNOWN)
    }

    #[inline(always)]
    fn parts(&self, t: &Traits) -> u64 {
        let overlap = (t.day_parts & self.need.day_parts).count_ones() as usize;
        let known = self.parts_ppm.get(overlap).copied().unwrap_or(PPM);
        or_usual(t, known, self.usual_parts_ppm, traits::PARTS_UNKNOWN)
    }

    #[inline(always)]
    fn theme(&self, t: &Traits) -> u64 {
        let held = t.themes;
        if self.themes_ppm.is_empty() {
            return self.themes_named(held);
        }
        let set = self
            .themes
            .iter()
            .enumerate()
            .fold(0, |set, (i, (bit, _))| set | usize::from(held & bit != 0) << i);
        self.themes_ppm.get(set).copied().unwrap_or(PPM)
    }

    /// Returns the fit.
    #[inline(always)]
    pub fn fit(&self, settled: &PartialFit, known: ProfileScores) -> u32 {
        let fit = self.harmonic(self.org_ppm(settled, known), settled.worker_ppm);
        with_little_time(fit.into(), settled.time_ppm) as u32
    }

    #[inline(always)]
    fn org_ppm(&self, settled: &PartialFit, known: ProfileScores) -> u64 {
        let w = &self.weights;
        let more = self.worth(known.skill_ppm, known.experience_ppm)
            + w.reliability * known.reliability_ppm
            + w.text * known.text_ppm;
        ratio(settled.org_sum + more, PPM).max(FLOOR)
    }

    #[inline(always)]
    fn harmonic(&self, org: u64, worker: u64) -> u32 {
        match (self.weights.org_counts, self.weights.worker_counts) {
            (true, true) => ratio(5 * org * worker, 3 * worker + 2 * org) as u32,
            (true, false) => org as u32,
            (false, true) => worker as u32,
            (false, false) => 0,
        }
    }

    /// Returns, for each trait that a member of a group may lack, how much of the group's best fit the member
    /// loses at least. Returns `None` if a side is so near its floor that it may have nothing more to lose.
    ///
    /// The harmonic mean is concave, so the loss is at least the gradient at the best times what is lacking.
    /// That holds only down to [`FLOOR`]; below it a side loses nothing more.
    pub fn losses(
        &self,
        best: &Traits,
        settled: &PartialFit,
        known: ProfileScores,
        fit_ppm: u32,
    ) -> Option<Losses> {
        // An upper bound of all roundings on both ways, in parts per million.
        const ROUNDING: u64 = 16;
        let (o, w) = (self.org_ppm(settled, known), settled.worker_ppm);
        let square = (3 * w + 2 * o).pow(2).max(1);
        let (by_org, by_worker) = match (self.weights.org_counts, self.weights.worker_counts) {
            (true, true) => (15 * w * w * PPM / square, 10 * o * o * PPM / square),
            (org, worker) => (u64::from(org) * PPM, u64::from(worker) * PPM),
        };
        let before = u64::from(self.harmonic(o, w));
        let spare = before.saturating_sub(settled.before_time(fit_ppm)) + ROUNDING;
        let to_floor = |side: u64, slope: u64| side.saturating_sub(FLOOR) * slope / PPM;
        let is_certain = |counts: bool, loss: u64| !counts || spare < loss;
        if !is_certain(self.weights.org_counts, to_floor(o, by_org))
            || !is_certain(self.weights.worker_counts, to_floor(w, by_worker))
        {
            return None;
        }
        // For a component with these weights on the two sides.
        let of = |org: u64, worker: u64, lost: u64| {
            let weight = org * by_org / PPM + worker * by_worker / PPM;
            weight * lost / PPM * sets::WHOLE / spare
        };
        let weights = &self.weights;
        let format = |lost: u64| of(0, weights.format, lost);
        let theme = |lost: u64| of(0, weights.theme, lost);
        let hours = self.hours(best);
        let parts = |lost: u64| {
            let lost = lost * hours / PPM;
            of(weights.availability_org, weights.availability_worker, lost)
        };
        let mut losses = Losses {
            format_unknown: format(self.format(best)?.saturating_sub(self.usual_format_ppm)),
            part: parts((PPM / u64::from(self.need.day_parts.count_ones().max(1))).saturating_sub(1)),
            parts_unknown: parts(self.parts(best).saturating_sub(self.usual_parts_ppm)),
            ..Losses::default()
        };
        if best.preferred & self.format != 0 {
            losses.format_accepted = format(PPM / 2);
        }
        for ((bit, gain), loss) in self.themes.iter().zip(&mut losses.themes) {
            if best.themes & bit != 0 {
                *loss = theme(gain.saturating_sub(1));
            }
        }
        Some(losses)
    }

    /// Returns the least weighted sum of skill and experience, in the units of [`Lens::worth`], that a member
    /// of this group needs to reach the fit.
    pub fn least_worth(&self, settled: &PartialFit, best: ProfileScores, fit_ppm: u32) -> u64 {
        let (f, w) = (settled.before_time(fit_ppm), settled.worker_ppm);
        let org = match (self.weights.org_counts, self.weights.worker_counts) {
            (true, true) if 10 * w + 2 > 4 * f => 3 * w * (2 * f).saturating_sub(1) / (10 * w + 2 - 4 * f),
            (true, false) => f,
            _ => return 0,
        };
        if org <= FLOOR {
            return 0;
        }
        // Half up: a sum of (org − 1/2) parts already rounds to org.
        let others = self.weights.reliability * best.reliability_ppm + self.weights.text * best.text_ppm;
        (org * PPM - PPM / 2).saturating_sub(settled.org_sum + others)
    }

    #[inline(always)]
    pub fn worth(&self, skill_ppm: u64, experience_ppm: u64) -> u64 {
        self.weights.skill * skill_ppm + self.weights.experience * experience_ppm
    }
}

/// A single candidate's answer is either known or not. A merged group may have both, and the better one is
/// the bound.
#[inline(always)]
fn or_usual(t: &Traits, known: u64, usual: u64, unknown: u16) -> u64 {
    if t.has(unknown) { known.max(usual) } else { known }
}
