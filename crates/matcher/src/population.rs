//! Statistics of all candidates: medians and means that replace missing answers (Little and Rubin 2002), the
//! rarity of themes and words, how often work is completed. Also the map and the skill tree.
//!
//! Only candidates who can be ranked count: those who are active and have consented.
//!
//! A population is a function of the candidates, the day and the catalogue. It stays fixed while rankings are
//! computed from it, so a missing answer is worth the same in every ranking. Medians and means are taken over
//! a stable sample of [`SAMPLE`] candidates; most places have fewer, and then the sample is everyone.

use super::formulas::{CreditedWish, completion_ppm, format_ppm, near_ppm, skill_ppm};
use super::ppm::{PPM, median, mix, ratio};
use super::words::Corpus;
use super::{Candidate, EntryNo, SkillTree};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// The value used where no candidate has answered at all.
pub const NEUTRAL_PPM: u64 = 500_000;

/// How many candidates the medians and means are taken over: those with the smallest hashes.
pub const SAMPLE: usize = 8_192;

/// The map of the areas.
///
/// There may be thousands of areas, and needs lie in few of them. So the distances to an area are computed when it is
/// first asked for, not all pairs in advance.
#[derive(Debug, Clone, Default)]
pub struct Geography {
    points: Vec<(f64, f64)>,
    /// The land on which each area lies. People travel to areas on their own land only.
    lands: Vec<EntryNo>,
    /// By the area that they lead to.
    distances: Vec<OnceLock<Box<[Distance]>>>,
}

#[derive(Debug, Clone, Copy)]
struct Distance {
    metres: u32,
    near_ppm: u32,
}

impl Geography {
    /// Takes points in degrees, and for each the number of the land on which it lies: the mainland or an island.
    pub fn new(points: &[(f64, f64)], lands: Vec<EntryNo>) -> Geography {
        Geography {
            points: points.to_vec(),
            lands,
            distances: points.iter().map(|_| OnceLock::new()).collect(),
        }
    }

    pub fn len(&self) -> usize {
        self.points.len()
    }

    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    fn distance(&self, from: EntryNo, to: EntryNo) -> Option<Distance> {
        let there = self.points.get(usize::from(to))?;
        let row = self.distances.get(usize::from(to))?.get_or_init(|| {
            let distance = |metres| Distance {
                metres,
                near_ppm: near_ppm(metres) as u32,
            };
            self.points
                .iter()
                .map(|here| distance(metres(here, there)))
                .collect()
        });
        row.get(usize::from(from)).copied()
    }

    /// Returns the value of the distance between two areas: 2^(−d / 10 km).
    pub fn near_ppm(&self, from: EntryNo, to: EntryNo) -> u64 {
        self.distance(from, to).map_or(0, |d| d.near_ppm.into())
    }

    /// Returns the distance between two areas. An area that is not on the map is far from everywhere.
    pub fn metres(&self, from: EntryNo, to: EntryNo) -> u32 {
        self.distance(from, to).map_or(u32::MAX, |d| d.metres)
    }

    /// Returns whether people of one area can come to the other for a day: both lie on the mainland, or on the same
    /// island. Nothing is known about an area that is not on the map.
    pub fn is_reachable(&self, from: EntryNo, to: EntryNo) -> bool {
        let land = |area: EntryNo| self.lands.get(usize::from(area));
        land(from).zip(land(to)).is_none_or(|(one, other)| one == other)
    }
}

/// Returns the great-circle distance (haversine, mean earth radius 6,371,009 m) between points in degrees.
fn metres(a: &(f64, f64), b: &(f64, f64)) -> u32 {
    let (lat_a, lat_b) = (a.0.to_radians(), b.0.to_radians());
    let half = |x: f64| libm::pow(libm::sin(x / 2.0), 2.0);
    let h = half(lat_b - lat_a) + libm::cos(lat_a) * libm::cos(lat_b) * half((b.1 - a.1).to_radians());
    (2.0 * 6_371_009.0 * libm::asin(libm::sqrt(h.min(1.0))) + 0.5) as u32
}

#[derive(Debug, Clone, Default)]
pub struct Population {
    /// Days since 1970-01-01.
    pub today: i32,
    pub geography: Arc<Geography>,
    pub tree: Arc<SkillTree>,
    pub corpus: Corpus,
    pub sample: Vec<Arc<Candidate>>,
    pub median_hours_per_week: Option<u16>,
    pub median_idle_days: Option<i32>,
    /// The share of candidates who accept remote work, among those who answered.
    pub remote_share_ppm: Option<u64>,
    completion: Shares,
    acceptance: Shares,
    experience: BTreeMap<(EntryNo, EntryNo), u64>,
    day_part_shares_ppm: Option<Vec<u64>>,
    format_means_ppm: Option<Vec<u64>>,
    theme_shares_ppm: Option<Vec<u64>>,
    theme_idf_ppm: Vec<u64>,
    /// How many candidates live in each area, without areas where nobody does.
    residents: Vec<(EntryNo, u32)>,
    /// By the area that the distances lead to, computed when it is first asked for.
    median_metres: Vec<OnceLock<Option<u32>>>,
}

impl Population {
    pub fn of(
        everyone: &[Arc<Candidate>],
        today: i32,
        geography: Arc<Geography>,
        tree: Arc<SkillTree>,
        themes: usize,
    ) -> Population {
        let everyone: Vec<&Arc<Candidate>> = everyone.iter().filter(|c| c.active && c.consented).collect();
        let sample = sample(&everyone);
        let all = || sample.iter().map(Arc::as_ref);
        let theme_sets: Vec<&Vec<EntryNo>> = all().filter_map(|c| c.themes.as_ref()).collect();
        let mut caring = vec![0u64; themes];
        let distinct = |set: &&Vec<EntryNo>| set.iter().copied().collect::<BTreeSet<_>>();
        for theme in theme_sets.iter().flat_map(distinct) {
            if let Some(count) = caring.get_mut(usize::from(theme)) {
                *count += 1;
            }
        }
        let mut residents = vec![0u32; geography.len()];
        for area in everyone.iter().filter_map(|c| c.area) {
            if let Some(count) = residents.get_mut(usize::from(area)) {
                *count += 1;
            }
        }
        let residents = (0..).zip(residents).filter(|(_, count)| *count > 0);
        let known = theme_sets.len() as u64;
        let rarity = |caring: &u64| {
            (libm::log(1.0 + (known + 1) as f64 / (caring + 1) as f64) * PPM as f64 + 0.5) as u64
        };
        let day_parts: Vec<u32> = all().filter_map(|c| c.day_parts).collect();
        let formats: Vec<&Candidate> = all().filter(|c| c.accepted_formats.is_some()).collect();
        Population {
            today,
            corpus: Corpus::of(everyone.iter().flat_map(|c| c.evidence.iter())),
            median_hours_per_week: median(all().filter_map(|c| c.hours_per_week).collect()),
            median_idle_days: median(
                all()
                    .filter_map(|c| c.last_active)
                    .map(|day| (today - day).max(0))
                    .collect(),
            ),
            remote_share_ppm: mean(
                all().filter_map(|c| c.remote),
                |remote| if remote { PPM } else { 0 },
            ),
            completion: completion(all()),
            acceptance: acceptance(all()),
            experience: median_experience(&all().collect::<Vec<_>>()),
            day_part_shares_ppm: (0..21)
                .map(|i| mean(day_parts.iter(), |p| u64::from(*p >> i & 1) * PPM))
                .collect(),
            format_means_ppm: (0..8)
                .map(|i| mean(formats.iter(), |c| format_ppm(c, i).unwrap_or(0)))
                .collect(),
            theme_shares_ppm: (known > 0).then(|| caring.iter().map(|c| ratio(c * PPM, known)).collect()),
            theme_idf_ppm: caring.iter().map(rarity).collect(),
            residents: residents.collect(),
            median_metres: (0..geography.len()).map(|_| OnceLock::new()).collect(),
            geography,
            tree,
            sample,
        }
    }

    /// Returns the mean skill value for these wishes, among candidates whose skills are known. Without wishes, nobody has to
    /// have told any.
    pub fn mean_skill(&self, wishes: &[CreditedWish]) -> Option<u64> {
        if wishes.is_empty() {
            return Some(PPM);
        }
        let known = self.sample.iter().filter_map(|c| c.skills.as_ref());
        mean(known, |skills| skill_ppm(wishes, skills))
    }

    /// Returns the share of projects that are completed in a role.
    pub fn completion_ppm(&self, role: EntryNo) -> u64 {
        self.completion.of_role(role)
    }

    /// Returns the share of applications for a role that end in a place.
    pub fn acceptance_ppm(&self, role: EntryNo) -> u64 {
        self.acceptance.of_role(role)
    }

    /// Returns the rarity of a theme: ln(1 + (N + 1) / (n + 1)), where n of N candidates who answered care
    /// for it.
    pub fn theme_idf_ppm(&self, theme: EntryNo) -> u64 {
        // A theme that is newer than the population counts as rare.
        self.theme_idf_ppm.get(usize::from(theme)).copied().unwrap_or(PPM)
    }

    /// Returns whether each theme gets its own bit of 64.
    pub fn themes_fit_in_a_word(&self) -> bool {
        self.theme_idf_ppm.len() <= 64
    }

    /// Returns the share of candidates who care for the theme, among those who answered.
    pub fn theme_share_ppm(&self, theme: EntryNo) -> Option<u64> {
        self.theme_shares_ppm
            .as_ref()
            .map(|shares| shares.get(usize::from(theme)).copied().unwrap_or(0))
    }

    pub fn day_part_share_ppm(&self, part: usize) -> Option<u64> {
        self.day_part_shares_ppm
            .as_ref()
            .map(|shares| shares.get(part).copied().unwrap_or(0))
    }

    pub fn format_mean_ppm(&self, format: EntryNo) -> Option<u64> {
        self.format_means_ppm
            .as_ref()
            .map(|means| means.get(usize::from(format)).copied().unwrap_or(0))
    }

    /// Returns the median number of past deliveries of the family or in the role.
    pub fn median_deliveries(&self, family: EntryNo, role: EntryNo) -> u64 {
        self.experience.get(&(family, role)).copied().unwrap_or(0)
    }

    /// Returns the distance from the area to the median candidate, among those whose area is known.
    pub fn median_metres(&self, area: EntryNo) -> Option<u32> {
        let median = || {
            let distance = |(from, count): &(EntryNo, u32)| (self.geography.metres(*from, area), *count);
            let mut distances: Vec<(u32, u32)> = self.residents.iter().map(distance).collect();
            distances.sort_unstable();
            let middle = (distances.iter().map(|(_, count)| count).sum::<u32>()).checked_sub(1)? / 2;
            let mut seen = 0;
            distances.into_iter().find_map(|(metres, count)| {
                seen += count;
                (seen > middle).then_some(metres)
            })
        };
        match self.median_metres.get(usize::from(area)) {
            Some(known) => *known.get_or_init(median),
            None => median(),
        }
    }
}

/// A share of successes, overall and in each role.
#[derive(Debug, Clone, Default)]
struct Shares {
    overall_ppm: u64,
    by_role_ppm: BTreeMap<EntryNo, u64>,
}

impl Shares {
    /// The means of Beta distributions: the overall share starts from `prior_ppm`, and that of a role from the overall
    /// one, each as if five cases had been seen at that share.
    fn of(prior_ppm: u64, overall: (u64, u64), by_role: BTreeMap<EntryNo, (u64, u64)>) -> Shares {
        let overall_ppm = completion_ppm(prior_ppm, overall);
        let of_role = |(role, sum)| (role, completion_ppm(overall_ppm, sum));
        Shares {
            overall_ppm,
            by_role_ppm: by_role.into_iter().map(of_role).collect(),
        }
    }

    fn of_role(&self, role: EntryNo) -> u64 {
        let of_role = self.by_role_ppm.get(&role);
        of_role.copied().unwrap_or(self.overall_ppm)
    }
}

fn add(sum: &mut (u64, u64), (good, bad): (u16, u16)) {
    sum.0 += u64::from(good);
    sum.1 += u64::from(bad);
}

/// Adds up the records of everyone, then of those who offer a role. Before any record, four of five projects count as
/// completed.
fn completion<'a>(everyone: impl Iterator<Item = &'a Candidate>) -> Shares {
    let (mut overall, mut by_role) = ((0, 0), BTreeMap::<EntryNo, (u64, u64)>::new());
    for candidate in everyone {
        let Some(record) = candidate.record else { continue };
        add(&mut overall, record);
        for role in candidate.roles.iter().flatten().collect::<BTreeSet<_>>() {
            add(by_role.entry(*role).or_default(), record);
        }
    }
    Shares::of(800_000, overall, by_role)
}

/// Adds up how applications ended. Before any has, one of two counts as successful.
fn acceptance<'a>(everyone: impl Iterator<Item = &'a Candidate>) -> Shares {
    let (mut overall, mut by_role) = ((0, 0), BTreeMap::<EntryNo, (u64, u64)>::new());
    for (role, ended) in everyone.flat_map(|candidate| &candidate.counted.outcomes) {
        add(&mut overall, *ended);
        add(by_role.entry(*role).or_default(), *ended);
    }
    Shares::of(500_000, overall, by_role)
}

fn sample(everyone: &[&Arc<Candidate>]) -> Vec<Arc<Candidate>> {
    let mut hashed: Vec<(u64, &Arc<Candidate>)> = everyone.iter().map(|c| (mix(c.id as u64), *c)).collect();
    if hashed.len() > SAMPLE {
        hashed.select_nth_unstable_by_key(SAMPLE, |(hash, c)| (*hash, c.id));
        hashed.truncate(SAMPLE);
    }
    hashed.into_iter().map(|(_, c)| Arc::clone(c)).collect()
}

/// Returns the mean, rounded half up, or `None` without values.
pub fn mean<T>(values: impl Iterator<Item = T>, value: impl Fn(T) -> u64) -> Option<u64> {
    let (sum, count) = values.fold((0, 0), |(sum, count), v| (sum + value(v), count + 1));
    (count > 0).then(|| ratio(sum, count))
}

/// Returns the median for each pair of family and role in which anyone has delivered.
///
/// Most candidates have no deliveries in most pairs. Only the others are counted; the number of zeros follows
/// from the number of candidates.
fn median_experience(everyone: &[&Candidate]) -> BTreeMap<(EntryNo, EntryNo), u64> {
    let known: Vec<&Candidate> = everyone
        .iter()
        .copied()
        .filter(|c| c.experience.is_some())
        .collect();
    let delivered = || known.iter().filter_map(|c| c.experience.as_ref()).flatten();
    let families: BTreeSet<EntryNo> = delivered().map(|d| d.family).collect();
    let roles: BTreeSet<EntryNo> = delivered().map(|d| d.role).collect();
    let mut counts: BTreeMap<(EntryNo, EntryNo), Vec<u64>> = BTreeMap::new();
    for candidate in &known {
        let own = candidate.experience.iter().flatten();
        let pairs: BTreeSet<(EntryNo, EntryNo)> = own
            .flat_map(|d| {
                let of_family = roles.iter().map(|role| (d.family, *role));
                of_family.chain(families.iter().map(|family| (*family, d.role)))
            })
            .collect();
        for (family, role) in pairs {
            let deliveries = candidate.deliveries(family, role).unwrap_or(0);
            counts.entry((family, role)).or_default().push(deliveries);
        }
    }
    let middle = known.len().saturating_sub(1) / 2;
    let median_of = |mut some: Vec<u64>| {
        let zeros = known.len() - some.len();
        middle
            .checked_sub(zeros)
            .map_or(0, |i| *some.select_nth_unstable(i).1)
    };
    counts
        .into_iter()
        .map(|(pair, some)| (pair, median_of(some)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PastDeliveries;

    #[test]
    fn distances_are_great_circles() {
        // Tokyo's 千代田区 and 八王子市 lie 39.7 km apart on the sphere.
        let map = Geography::new(&[(35.694, 139.7536), (35.66641, 139.316)], vec![0, 0]);
        assert!(map.metres(0, 1).abs_diff(39_700) < 500, "{}", map.metres(0, 1));
        assert_eq!([map.metres(0, 0), map.metres(0, 9)], [0, u32::MAX]);
    }

    #[test]
    fn the_median_of_experience_includes_candidates_without_any() {
        let with = |deliveries: &[(EntryNo, EntryNo, u16)]| {
            let all = deliveries
                .iter()
                .map(|&(family, role, count)| PastDeliveries { family, role, count });
            Candidate {
                experience: Some(all.collect()),
                ..Candidate::default()
            }
        };
        let people = [with(&[(0, 0, 4), (1, 1, 2)]), with(&[(0, 1, 1)]), with(&[])];
        let medians = median_experience(&people.iter().collect::<Vec<_>>());
        assert_eq!(medians.get(&(0, 0)), Some(&1)); // 4, 1, 0
        assert_eq!(medians.get(&(1, 1)), Some(&1)); // 2, 1, 0
        assert_eq!(medians.get(&(1, 0)), Some(&0)); // 6, 0, 0
    }

    #[test]
    fn acceptance_is_smoothed_from_the_overall_share_to_that_of_a_role() {
        let with = |outcomes: &[(EntryNo, (u16, u16))]| {
            let mut one = Candidate {
                active: true,
                consented: true,
                ..Candidate::default()
            };
            one.counted.outcomes = outcomes.to_vec();
            Arc::new(one)
        };
        let share = |people: &[Arc<Candidate>], role| {
            Population::of(people, 0, Arc::default(), Arc::default(), 0).acceptance_ppm(role)
        };
        assert_eq!(share(&[], 4), 500_000);
        let people = [with(&[(4, (3, 1))]), with(&[(4, (2, 0)), (5, (0, 4))])];
        // (2.5 + 5) / (5 + 10) = 0.5; (2.5 + 5) / (5 + 6); 2.5 / (5 + 4).
        assert_eq!(
            [4, 5, 6].map(|role| share(&people, role)),
            [681_818, 277_778, 500_000]
        );
    }

    #[test]
    fn an_empty_population_has_no_medians() {
        let population = Population::of(&[], 0, Arc::default(), Arc::default(), 3);
        assert_eq!(population.median_hours_per_week, None);
        assert_eq!(population.theme_share_ppm(0), None);
        assert_eq!(population.format_mean_ppm(0), None);
        assert_eq!(population.median_metres(0), None);
        assert!(population.theme_idf_ppm(0) > 0);
    }
}
