//! The mathematics of the report. It has no clock and no chance: resampling draws from a fixed seed.
//!
//! A higher place is chosen more often, just because it is higher. So each choice counts with the inverse of its
//! place's worth, clipped (inverse propensity; Horvitz and Thompson 1952, Joachims, Swaminathan and Schnabel 2017), over
//! the sum of these (self-normalised; Swaminathan and Joachims 2015).

use super::{LEAST_REQUESTS, PositionBias, Power, Trial, TuningReport};
use crate::weights::{ComponentWeights, WeightsVersion};
use matcher::components::Values;
use matcher::fairness::attention_ppm;
use matcher::fit::Sides;
use matcher::{COMPONENTS, Component, Draw, Score, Weights};
use std::collections::BTreeMap;

/// The components' values of an item, in the order of [`COMPONENTS`].
pub type ShownValues = [u64; COMPONENTS.len()];

/// A shown list from which somebody was chosen.
#[derive(Debug, Clone)]
pub struct ChosenList {
    /// The request. Choices for the same request are not independent.
    pub request: u128,
    /// The items that compete with the chosen one, which is among them.
    pub items: Vec<ShownValues>,
    pub chosen: usize,
    /// The rank at which the chosen one was shown.
    pub rank: u64,
    /// The rank of the neighbour with whom a draw decided about the places.
    pub drawn_with: Option<u64>,
    /// Whether the work was delivered.
    pub delivered: bool,
    /// Whether text had no weight for the viewer.
    pub without_text: bool,
}

/// Requests of a round of the programme.
const REQUESTS_A_ROUND: f64 = 15.0;
/// How much a choice counts at most.
const MOST_WEIGHT: f64 = 10.0;
/// How often the requests are drawn again (bootstrap; Efron 1979).
const RESAMPLES: usize = 4_000;
const SEED: u64 = 20_261_128;
/// The probability that any interval misses the truth.
const ERROR: f64 = 0.05;
/// Each component's weight is tried with these factors.
const FACTORS: [f64; 2] = [0.5, 1.5];
/// The quantile of the normal distribution for a power of 80 %.
const Z_POWER: f64 = 0.8416;
/// Its quantile for 0.05 / 18, on two sides.
const Z_ERROR: f64 = 2.9913;
/// The effects whose time is told, in ranks.
const EFFECTS: [f64; 4] = [0.5, 1.0, 2.0, 4.0];
/// The deviation of a request's gain before anything is known, in ranks.
const PRIOR_DEVIATION: f64 = 3.0;

/// Returns the worth of a rank, 1 at the top.
fn worth(rank: u64, eta: f64) -> f64 {
    (attention_ppm(rank) as f64 / 1e6).powf(eta)
}

/// Estimates how much less a lower place is looked at. Where a draw decided which of two stands higher, the upper one is
/// chosen with probability p(k) / (p(k) + p(m)), whoever it is. The mode of the posterior, from a normal prior around 1
/// with deviation ½.
fn position_bias(lists: &[ChosenList]) -> PositionBias {
    let pairs: Vec<(u64, u64)> = lists
        .iter()
        .filter_map(|list| Some((list.rank, list.drawn_with?)))
        .collect();
    let posterior = |eta: f64| {
        let chosen = pairs
            .iter()
            .map(|(here, there)| (worth(*here, eta) / (worth(*here, eta) + worth(*there, eta))).ln());
        chosen.sum::<f64>() - (eta - 1.0).powi(2) / (2.0 * 0.25)
    };
    let grid = (0..=300).map(|i| f64::from(i) / 100.0);
    let best = grid.max_by(|a, b| posterior(*a).total_cmp(&posterior(*b)));
    PositionBias {
        eta: best.unwrap_or(1.0),
        pairs: pairs.len(),
    }
}

/// Returns the rank by fit of the chosen one. Equals share their ranks.
fn rank_under(list: &ChosenList, weights: &Weights) -> f64 {
    let weights = match list.without_text {
        true => weights.without(Component::Text),
        false => *weights,
    };
    let sides = Sides::new(&weights);
    let fit = |values: &ShownValues| sides.fit(&Values::new(values.map(Score::known))).fit_ppm;
    let Some(own) = list.items.get(list.chosen).map(fit) else {
        return 1.0;
    };
    let others = list.items.iter().enumerate().filter(|(at, _)| *at != list.chosen);
    others.fold(1.0, |rank, (_, values)| match fit(values).cmp(&own) {
        std::cmp::Ordering::Greater => rank + 1.0,
        std::cmp::Ordering::Equal => rank + 0.5,
        std::cmp::Ordering::Less => rank,
    })
}

/// What is tried: one component's weight times a factor.
fn moves(weights: &Weights) -> Vec<(Component, f64, Weights)> {
    let moved = |(component, factor): (Component, f64)| {
        let raw = COMPONENTS.map(|c| weights.ppm(c) as f64 * if c == component { factor } else { 1.0 });
        let moved = Weights::new(raw).ok()?;
        (moved != *weights).then_some((component, factor, moved))
    };
    let all = COMPONENTS
        .into_iter()
        .flat_map(|c| FACTORS.map(|factor| (c, factor)));
    all.filter_map(moved).collect()
}

/// Sums over the choices of a request: of their weights, and of the weights times each gain.
struct Sums {
    weight: f64,
    gains: Vec<f64>,
}

/// Holds the weights against the lists from which somebody was chosen.
pub fn report(version: WeightsVersion, lists: &[ChosenList]) -> TuningReport {
    let weights = version.of_matcher();
    let moves = moves(&weights);
    let position_bias = position_bias(lists);
    let weight = |list: &ChosenList| (1.0 / worth(list.rank, position_bias.eta)).min(MOST_WEIGHT);
    let mut requests: BTreeMap<u128, Sums> = BTreeMap::new();
    let (mut ranks, mut delivered_gains) = (Vec::new(), vec![0.0; moves.len()]);
    for list in lists {
        let (own, today) = (weight(list), rank_under(list, &weights));
        ranks.push((own, today, list.delivered));
        let sums = requests.entry(list.request).or_insert_with(|| Sums {
            weight: 0.0,
            gains: vec![0.0; moves.len()],
        });
        sums.weight += own;
        let gains = sums.gains.iter_mut().zip(&mut delivered_gains);
        for ((sum, of_delivered), (_, _, moved)) in gains.zip(&moves) {
            let gain = own * (today - rank_under(list, moved));
            *sum += gain;
            *of_delivered += if list.delivered { gain } else { 0.0 };
        }
    }
    let requests: Vec<Sums> = requests.into_values().collect();
    let estimate = mean(&requests, 0..requests.len(), moves.len());
    let resampled = resample(&requests, moves.len());
    let of_delivered: f64 = ranks.iter().filter(|rank| rank.2).map(|rank| rank.0).sum();
    let tail = ERROR / (2.0 * moves.len().max(1) as f64);
    let mut trials = Vec::new();
    let mut deviations = Vec::new();
    for (at, (component, factor, moved)) in moves.iter().enumerate() {
        let at_trial = |all: &Vec<f64>| all.get(at).copied().unwrap_or(0.0);
        let mut drawn: Vec<f64> = resampled.iter().map(at_trial).collect();
        drawn.sort_by(f64::total_cmp);
        deviations.push(deviation(&drawn) * (requests.len() as f64).sqrt());
        trials.push(Trial {
            component: component.code(),
            factor: *factor,
            weights: ComponentWeights::of_weights(moved),
            gain: at_trial(&estimate),
            low: quantile(&drawn, tail),
            high: quantile(&drawn, 1.0 - tail),
            gain_of_delivered: (of_delivered > 0.0).then(|| at_trial(&delivered_gains) / of_delivered),
        });
    }
    let too_few = requests.len() < LEAST_REQUESTS;
    let above = trials.iter().filter(|trial| !too_few && trial.low > 0.0);
    let proposal = above
        .max_by(|a, b| a.gain.total_cmp(&b.gain))
        .map(|best| best.weights);
    let (sum, squares) = ranks.iter().fold((0.0, 0.0), |(sum, squares), (own, _, _)| {
        (sum + own, squares + own * own)
    });
    let mean_of = |some: &dyn Fn(bool) -> bool| {
        let chosen = ranks.iter().filter(|rank| some(rank.2));
        let (all, ranked) = chosen.fold((0.0, 0.0), |(all, ranked), (own, rank, _)| {
            (all + own, ranked + own * rank)
        });
        (all > 0.0).then(|| ranked / all)
    };
    TuningReport {
        weights: version,
        lists: lists.len(),
        requests: requests.len(),
        // Kish 1965.
        effective_lists: if squares > 0.0 { sum * sum / squares } else { 0.0 },
        position_bias,
        mean_rank: mean_of(&|_| true),
        mean_rank_of_delivered: mean_of(&|delivered| delivered),
        delivered: ranks.iter().filter(|rank| rank.2).count(),
        confidence: 1.0 - ERROR,
        trials: if requests.is_empty() { Vec::new() } else { trials },
        proposal,
        too_few,
        power: power(deviations, too_few),
    }
}

/// Returns the mean gain of each trial over these requests.
fn mean(requests: &[Sums], drawn: impl Iterator<Item = usize>, trials: usize) -> Vec<f64> {
    let (mut weight, mut gains) = (0.0, vec![0.0; trials]);
    for sums in drawn.filter_map(|at| requests.get(at)) {
        weight += sums.weight;
        gains
            .iter_mut()
            .zip(&sums.gains)
            .for_each(|(sum, gain)| *sum += gain);
    }
    if weight > 0.0 {
        gains.iter_mut().for_each(|gain| *gain /= weight);
    }
    gains
}

/// Draws as many requests again as there are, many times. Whole requests, since choices for one depend on each other
/// (Davison and Hinkley 1997).
fn resample(requests: &[Sums], trials: usize) -> Vec<Vec<f64>> {
    let draw = &mut Draw(SEED);
    let n = requests.len();
    let once = |_| {
        let drawn: Vec<usize> = (0..n).map(|_| draw.below(n as u64) as usize).collect();
        mean(requests, drawn.into_iter(), trials)
    };
    (0..RESAMPLES).map(once).collect()
}

/// Returns a quantile of sorted values.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = (share * last as f64).round() as usize;
    sorted.get(at.min(last)).copied().unwrap_or(0.0)
}

fn deviation(values: &[f64]) -> f64 {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// Returns how many requests it takes to see an effect with a power of 80 %, n = ((z(1 − α/2) + z(0.8)) · σ / δ)² (Cohen
/// 1988), with α shared among the trials. σ is the median of the trials' deviations, which has the cost of unequal weights
/// in it.
fn power(mut deviations: Vec<f64>, too_few: bool) -> Vec<Power> {
    deviations.retain(|deviation| *deviation > 0.0);
    deviations.sort_by(f64::total_cmp);
    let known = (!too_few && !deviations.is_empty()).then(|| quantile(&deviations, 0.5));
    let sigma = known.unwrap_or(PRIOR_DEVIATION);
    let of_effect = |gain: f64| {
        let requests = ((Z_ERROR + Z_POWER) * sigma / gain).powi(2).ceil().max(1.0);
        Power {
            gain,
            requests: requests as u64,
            rounds: (requests / REQUESTS_A_ROUND).ceil() as u64,
        }
    };
    EFFECTS.map(of_effect).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEMS: u64 = 20;

    /// Simulates lists that were shown in the order of fit under the default weights. Somebody is chosen with a probability
    /// in proportion to the worth of their place and to `appeal` of their values.
    fn simulate(lists: usize, eta: f64, seed: u64, appeal: impl Fn(&ShownValues) -> f64) -> Vec<ChosenList> {
        let draw = &mut Draw(seed);
        let sides = Sides::new(&Weights::default());
        let list = |request| {
            let mut items: Vec<ShownValues> = (0..ITEMS)
                .map(|_| COMPONENTS.map(|_| 200_000 + draw.below(800_000)))
                .collect();
            let fit = |values: &ShownValues| sides.fit(&Values::new(values.map(Score::known))).fit_ppm;
            items.sort_by_key(|values| std::cmp::Reverse(fit(values)));
            let odds: Vec<f64> = items
                .iter()
                .zip(1..)
                .map(|(values, rank)| worth(rank, eta) * appeal(values))
                .collect();
            let mut left = draw.below(1_000_000_000) as f64 / 1e9 * odds.iter().sum::<f64>();
            let chosen = odds.iter().position(|own| {
                left -= own;
                left < 0.0
            });
            let chosen = chosen.unwrap_or(0);
            ChosenList {
                request,
                items,
                chosen,
                rank: chosen as u64 + 1,
                drawn_with: None,
                delivered: true,
                without_text: false,
            }
        };
        (0..lists as u128).map(list).collect()
    }

    fn of(report: &TuningReport, component: Component, factor: f64) -> Trial {
        let mut trials = report.trials.iter();
        let is_it = |trial: &&Trial| trial.component == component.code() && trial.factor == factor;
        *trials.find(is_it).unwrap()
    }

    #[test]
    fn finds_a_component_that_matters_more_than_its_weight() {
        let theme = |values: &ShownValues| (values[Component::Theme as usize] as f64 / 1e6).powi(6);
        let report = report(WeightsVersion::default(), &simulate(200, 1.0, 3, theme));
        let trial = of(&report, Component::Theme, 1.5);
        assert!(
            trial.low > 0.0 && trial.gain > trial.low && trial.high > trial.gain,
            "{trial:?}"
        );
        assert!(of(&report, Component::Theme, 0.5).high < 0.0);
        let proposed = report.proposal.unwrap();
        assert!(proposed.theme > 100_000, "{proposed:?}");
        assert!(report.mean_rank.unwrap() > 1.0 && report.delivered == 200);
        assert!(report.to_string().contains("Proposal") && report.to_string().contains('['));
    }

    #[test]
    fn finds_nothing_where_there_is_nothing() {
        let mut proposals = 0;
        for seed in 0..6 {
            let lists = simulate(150, 1.0, 100 + seed, |_| 1.0);
            proposals += usize::from(report(WeightsVersion::default(), &lists).proposal.is_some());
        }
        // One of twenty is wrong, if the intervals are right.
        assert!(proposals <= 1, "{proposals}");
    }

    #[test]
    fn without_the_correction_every_change_would_look_bad() {
        // Places alone decide. The chosen stand high under the weights in use, so any other order lowers them.
        let lists = simulate(600, 1.0, 7, |_| 1.0);
        let other = moves(&Weights::default())[0].2;
        let gain = |list: &ChosenList| rank_under(list, &Weights::default()) - rank_under(list, &other);
        let naive = lists.iter().map(gain).sum::<f64>() / 600.0;
        let report = report(WeightsVersion::default(), &lists);
        let corrected = of(&report, Component::Skill, 0.5);
        assert!(naive < -0.2, "{naive}");
        assert!(
            corrected.gain.abs() < 0.4 && corrected.low < 0.0 && corrected.high > 0.0,
            "{corrected:?}"
        );
    }

    #[test]
    fn the_worth_of_places_comes_from_the_draws() {
        assert_eq!(position_bias(&[]), PositionBias { eta: 1.0, pairs: 0 });
        let draw = &mut Draw(5);
        let lists: Vec<ChosenList> = (0..4_000)
            .map(|request| {
                let upper = 1 + draw.below(6);
                let (here, there) = (worth(upper, 2.0), worth(upper + 1, 2.0));
                let is_upper = (draw.below(1_000_000) as f64) < here / (here + there) * 1e6;
                let (rank, other) = if is_upper {
                    (upper, upper + 1)
                } else {
                    (upper + 1, upper)
                };
                ChosenList {
                    request,
                    items: vec![[PPM; 9]],
                    chosen: 0,
                    rank,
                    drawn_with: Some(other),
                    delivered: false,
                    without_text: false,
                }
            })
            .collect();
        let found = position_bias(&lists);
        assert!((found.eta - 2.0).abs() < 0.3 && found.pairs == 4_000, "{found:?}");
        // A few say little against the prior.
        assert!((position_bias(&lists[..5]).eta - 1.0).abs() < 0.2);
    }
    const PPM: u64 = matcher::ppm::PPM;

    #[test]
    fn few_requests_propose_nothing_and_the_report_says_how_long_it_takes() {
        let theme = |values: &ShownValues| (values[Component::Theme as usize] as f64 / 1e6).powi(6);
        let few = report(WeightsVersion::default(), &simulate(15, 1.0, 3, theme));
        assert!(few.too_few && few.proposal.is_none());
        let shown = few.to_string();
        assert!(
            shown.contains("stood higher:") && !shown.contains('[') && !shown.contains("95 of 100"),
            "{shown}"
        );
        let single = report(WeightsVersion::default(), &simulate(1, 1.0, 3, theme)).to_string();
        for word in [" 1 shown lists", " 1 requests", " 1 choices", " 1 rounds"] {
            assert!(!single.contains(word), "{single}");
        }
        let empty = report(WeightsVersion::default(), &[]);
        assert_eq!((empty.lists, empty.mean_rank, empty.proposal), (0, None, None));
        assert!(empty.trials.is_empty() && !empty.to_string().contains("+0.00"));
        // ((2.9913 + 0.8416) · 3 / 1)² = 132.2, in rounds of fifteen.
        assert_eq!(
            empty.power[1],
            Power {
                gain: 1.0,
                requests: 133,
                rounds: 9
            }
        );
        assert!(
            empty
                .to_string()
                .contains("1.0 ranks higher: 133 requests, 9 rounds")
        );
        let same = report(WeightsVersion::default(), &simulate(15, 1.0, 3, theme));
        assert_eq!(same, few, "the same lists give the same report");
    }

    #[test]
    fn the_power_is_that_of_the_calculation() {
        // With as many requests as an effect takes, about 80 of 100 such samples show it.
        let theme = |values: &ShownValues| (values[Component::Theme as usize] as f64 / 1e6).powi(3);
        let large = report(WeightsVersion::default(), &simulate(600, 1.0, 1, theme));
        let effect = of(&large, Component::Theme, 1.5);
        let sigma = (effect.high - effect.low) / (2.0 * Z_ERROR) * 600f64.sqrt();
        let needed = ((Z_ERROR + Z_POWER) * sigma / effect.gain).powi(2).ceil() as usize;
        let seen = (0..8).filter(|seed| {
            let lists = simulate(needed, 1.0, 500 + seed, theme);
            of(&report(WeightsVersion::default(), &lists), Component::Theme, 1.5).low > 0.0
        });
        let seen = seen.count();
        assert!(seen >= 4, "{seen} of 8 with {needed} requests");
    }
}
