//! Fair orders: a re-ranking of candidates who fit nearly equally well. The fit itself does not change.
//!
//! * [`spread`] shares attention among workers shown to organizations. A worker who got more attention than
//!   their fit deserved ranks lower: `fit − λ · max(0, A − M)`. A sums `1 / log2(1 + rank)` over the lists
//!   that showed the worker. M sums the worker's share of each list's attention, in proportion to the fit. At least 0.95
//!   of the fit is left, so only near equals change places.
//!   (Amortised equity of attention: Biega, Gummadi and Weikum 2018; the discount by position is that of
//!   DCG.) Two marked places are for newcomers.
//! * [`lift`] moves deliverables up that have no applications or many open places: `fit · Ψ(x) · (1 + μ · [no
//!   application]) / (1 + μ)`, where x is the share of open places and `Ψ(x) = e / (e − 1) · (1 − e^(−x))`.
//!   (Inventory balancing: Golrezaei, Nazerzadeh and Rusmevichientong 2014.)
//!
//! Both keep nDCG@50 against the order by fit at 0.95 or more: their strength is halved until that holds.
//!
//! Invariant: the same fits, histories and week give the same order. Equals take turns week by week.

use super::RankKey;
use super::ppm::{PPM, from_unit, mix, ratio};
use std::cmp::Reverse;

/// How many of the best by fit are reordered.
pub const WINDOW: usize = 200;
/// How many places nDCG is measured over.
pub const DEPTH: usize = 50;
/// The least nDCG against the order by fit.
pub const FLOOR_PPM: u64 = 950_000;
/// What one undeserved first place costs at most.
const LAMBDA_PPM: u64 = 20_000;
/// The share of the fit that undeserved attention leaves. So nobody is passed by somebody whose fit is less than this share
/// of theirs.
const LEAST_PPM: u64 = 950_000;
/// The bonus of a deliverable without applications.
const MU_PPM: u64 = 500_000;
/// A worker shown fewer times than this is a newcomer.
const NEWCOMER: u32 = 3;
/// The places for newcomers, from 0.
const MARKED: [usize; 2] = [4, 9];
/// The share of the displaced fit that a newcomer has to reach.
const NEARLY_PPM: u64 = 850_000;
/// How often the strength is halved before it becomes 0.
const HALVINGS: u32 = 16;

/// Returns the attention that a rank gets, from 1: `1 / log2(1 + rank)`.
pub fn attention_ppm(rank: u64) -> u64 {
    from_unit(1.0 / libm::log2(1.0 + rank.max(1) as f64))
}

/// Returns the part of a list's attention that an item deserved: its share of all fits.
pub fn deserved_ppm(attention_ppm: u64, fit_ppm: u64, all_fits_ppm: u64) -> u64 {
    let all = u128::from(all_fits_ppm.max(1));
    ((u128::from(attention_ppm) * u128::from(fit_ppm) + all / 2) / all) as u64
}

/// Returns the Gini coefficient (Gini 1912): 0 if all shares are equal, near 1 if one has everything.
pub fn gini_ppm(mut shares: Vec<u64>) -> u64 {
    shares.sort_unstable();
    let (n, all) = (
        shares.len() as u128,
        shares.iter().map(|s| u128::from(*s)).sum::<u128>(),
    );
    let weighted: u128 = shares
        .iter()
        .zip(1u128..)
        .map(|(share, i)| u128::from(*share) * i)
        .sum();
    let difference = (2 * weighted).saturating_sub((n + 1) * all);
    let whole = n * all;
    (difference * u128::from(PPM) + whole / 2)
        .checked_div(whole)
        .unwrap_or(0) as u64
}

/// What a worker got until now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exposure {
    /// The number of lists that showed the worker.
    pub shown: u32,
    pub attention_ppm: u64,
    pub deserved_ppm: u64,
}

/// How many applications a deliverable has, and how many of its places are filled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uptake {
    pub applications: u32,
    pub places: u32,
    pub filled: u32,
}

/// An item at its new place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The position by fit, from 0.
    pub by_fit: usize,
    pub adjusted_ppm: u64,
    /// Whether this is a place for newcomers.
    pub newcomer: bool,
}

/// A fair order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FairOrder {
    pub placements: Vec<Placement>,
    /// The strength of the adjustment after halving, in parts per million.
    pub strength_ppm: u64,
    /// nDCG@50 against the order by fit.
    pub ndcg_ppm: u64,
}

/// Shares the attention among workers. `ranked` is in the order of fit, with at most [`WINDOW`] entries.
pub fn spread(ranked: &[(RankKey, Exposure)], week: u32) -> FairOrder {
    soften(
        ranked,
        |(key, _)| key,
        week,
        |(key, had), strength_ppm| {
            let excess = had.attention_ppm.saturating_sub(had.deserved_ppm);
            let lambda = LAMBDA_PPM * strength_ppm / PPM;
            let penalty = u128::from(lambda) * u128::from(excess) / u128::from(PPM);
            let (fit, penalty) = (key.fit_ppm.0, u64::try_from(penalty).unwrap_or(u64::MAX));
            fit.saturating_sub(penalty).max((fit * LEAST_PPM).div_ceil(PPM))
        },
        |placed| {
            let is_new = |placed: &Placement| {
                ranked
                    .get(placed.by_fit)
                    .is_some_and(|(_, had)| had.shown < NEWCOMER)
            };
            place_newcomers(placed, |by_fit| fit_of(ranked, by_fit), is_new);
        },
    )
}

/// Moves deliverables up that still need applications. `ranked` is in the order of fit.
pub fn lift(ranked: &[(RankKey, Uptake)], week: u32) -> FairOrder {
    soften(
        ranked,
        |(key, _)| key,
        week,
        |(key, had), strength_ppm| {
            let kept = PPM - strength_ppm * (PPM - need_ppm(had)) / PPM;
            ratio(key.fit_ppm.0 * kept, PPM)
        },
        |_| (),
    )
}

/// Returns `Ψ(x) · (1 + μ · [no application]) / (1 + μ)`.
fn need_ppm(had: &Uptake) -> u64 {
    let open = ratio(
        u64::from(had.places.saturating_sub(had.filled)) * PPM,
        u64::from(had.places),
    );
    let open = if had.places == 0 { PPM } else { open };
    let e = core::f64::consts::E;
    let psi = from_unit(e / (e - 1.0) * (1.0 - libm::exp(-(open as f64) / PPM as f64)));
    let bonus = if had.applications == 0 { MU_PPM } else { 0 };
    ratio(psi * (PPM + bonus), PPM + MU_PPM)
}

fn fit_of<T>(ranked: &[(RankKey, T)], by_fit: usize) -> u64 {
    ranked.get(by_fit).map_or(0, |(key, _)| key.fit_ppm.0)
}

/// Returns the order with the greatest strength that keeps [`FLOOR_PPM`].
fn soften<T>(
    ranked: &[(RankKey, T)],
    key: impl Fn(&(RankKey, T)) -> &RankKey,
    week: u32,
    adjusted_ppm: impl Fn(&(RankKey, T), u64) -> u64,
    finish: impl Fn(&mut Vec<Placement>),
) -> FairOrder {
    let turn = |by_fit: usize| ranked.get(by_fit).map(|r| mix(key(r).tie ^ mix(u64::from(week))));
    let strengths = (0..HALVINGS).map(|halved| PPM >> halved).chain([0]);
    let mut order = FairOrder {
        placements: Vec::new(),
        strength_ppm: 0,
        ndcg_ppm: PPM,
    };
    for strength_ppm in strengths {
        let placed = |(by_fit, item)| Placement {
            by_fit,
            adjusted_ppm: adjusted_ppm(item, strength_ppm),
            newcomer: false,
        };
        let mut placed: Vec<Placement> = ranked.iter().enumerate().map(placed).collect();
        placed.sort_by_cached_key(|p| (Reverse(p.adjusted_ppm), turn(p.by_fit), p.by_fit));
        if strength_ppm > 0 {
            finish(&mut placed);
        }
        let ndcg_ppm = ndcg_ppm(ranked, &placed);
        order = FairOrder {
            placements: placed,
            strength_ppm,
            ndcg_ppm,
        };
        if ndcg_ppm >= FLOOR_PPM {
            break;
        }
    }
    order
}

/// Moves newcomers who fit nearly as well to the marked places, best first.
fn place_newcomers(
    placed: &mut Vec<Placement>,
    fit_ppm: impl Fn(usize) -> u64,
    is_new: impl Fn(&Placement) -> bool,
) {
    for (before, place) in MARKED.into_iter().enumerate() {
        let Some(displaced) = placed.get(place) else {
            return;
        };
        let above = placed.iter().take(place + 1).filter(|p| is_new(p)).count();
        let least = fit_ppm(displaced.by_fit) * NEARLY_PPM / PPM;
        let nearly = |p: &Placement| is_new(p) && fit_ppm(p.by_fit) >= least;
        let from = placed
            .iter()
            .skip(place + 1)
            .position(nearly)
            .filter(|_| above <= before);
        if let Some(from) = from.map(|after| place + 1 + after) {
            let mut newcomer = placed.remove(from);
            newcomer.newcomer = true;
            placed.insert(place, newcomer);
        }
    }
}

/// Returns the DCG of the new order over the DCG of the order by fit, with the fit as the gain (Järvelin and
/// Kekäläinen 2002).
fn ndcg_ppm<T>(ranked: &[(RankKey, T)], placed: &[Placement]) -> u64 {
    let dcg = |by_fit: &mut dyn Iterator<Item = usize>| -> u128 {
        let gains = by_fit.take(DEPTH).zip(1..);
        gains
            .map(|(by_fit, rank)| u128::from(fit_of(ranked, by_fit)) * u128::from(attention_ppm(rank)))
            .sum()
    };
    let ideal = dcg(&mut (0..ranked.len()));
    if ideal == 0 {
        return PPM;
    }
    (dcg(&mut placed.iter().map(|p| p.by_fit)) * u128::from(PPM) / ideal) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(fit_ppm: u64, id: u128) -> RankKey {
        RankKey {
            fit_ppm: Reverse(fit_ppm),
            tie: mix(id as u64),
            need: 1,
            candidate: id,
        }
    }

    fn had(shown: u32, attention_ppm: u64, deserved_ppm: u64) -> Exposure {
        Exposure {
            shown,
            attention_ppm,
            deserved_ppm,
        }
    }

    fn by_fit(order: &FairOrder) -> Vec<usize> {
        order.placements.iter().map(|p| p.by_fit).collect()
    }

    #[test]
    fn attention_falls_like_the_discount_of_dcg() {
        assert_eq!([1, 3, 7].map(attention_ppm), [1_000_000, 500_000, 333_333]);
        assert_eq!(deserved_ppm(3 * PPM, 1, 3), PPM);
        assert_eq!(deserved_ppm(PPM, 0, 0), 0);
    }

    #[test]
    fn gini_is_zero_among_equals_and_highest_where_one_has_everything() {
        assert_eq!(
            [vec![], vec![0, 0], vec![5, 5, 5], vec![0, 0, 0, 8]].map(gini_ppm),
            [0, 0, 0, 750_000]
        );
        assert_eq!(gini_ppm(vec![3, 1]), 250_000);
    }

    #[test]
    fn without_a_history_the_order_is_by_fit() {
        let ranked: Vec<_> = (0..60)
            .map(|i| (key(900_000 - 1_000 * i as u64, i), Exposure::default()))
            .collect();
        let order = spread(&ranked, 7);
        assert_eq!(by_fit(&order), (0..60).collect::<Vec<_>>());
        assert!(order.placements.iter().all(|p| !p.newcomer) && order.ndcg_ppm == PPM);
    }

    #[test]
    fn a_worker_with_too_much_attention_ranks_below_near_equals() {
        let ranked = [
            (key(800_000, 1), had(9, 9 * PPM, 4 * PPM)),
            (key(790_000, 2), had(9, 2 * PPM, 4 * PPM)),
        ];
        let order = spread(&ranked, 7);
        assert_eq!(by_fit(&order), [1, 0]);
        // λ times five undeserved first places would cost 100,000. Not more than a twentieth of the fit is taken.
        assert_eq!(order.placements[1].adjusted_ppm, 760_000);
        assert_eq!(order.placements[0].adjusted_ppm, 790_000);
    }

    #[test]
    fn nobody_is_passed_by_a_fit_that_is_not_nearly_equal() {
        let mut x = 17;
        let mut next = |below: u64| {
            x = mix(x);
            x % below
        };
        for _ in 0..500 {
            let mut fits: Vec<u64> = (0..40).map(|_| 100_000 + next(900_000)).collect();
            fits.sort_unstable_by_key(|fit| Reverse(*fit));
            let ranked: Vec<_> = (0..)
                .zip(&fits)
                .map(|(id, fit)| (key(*fit, id), had(9, next(90 * PPM), next(9 * PPM))))
                .collect();
            let order = by_fit(&spread(&ranked, 3));
            for (place, one) in order.iter().enumerate() {
                for passed in &order[place..] {
                    assert!(
                        fits[*one] * 20 >= fits[*passed] * 19,
                        "{} passes {}",
                        fits[*one],
                        fits[*passed]
                    );
                }
            }
        }
    }

    #[test]
    fn equals_take_turns_week_by_week() {
        let ranked: Vec<_> = (0..4).map(|i| (key(800_000, i), had(9, PPM, PPM))).collect();
        let first = |week| by_fit(&spread(&ranked, week))[0];
        assert!(
            (0..40)
                .map(first)
                .collect::<std::collections::BTreeSet<_>>()
                .len()
                == 4
        );
        assert_eq!(by_fit(&spread(&ranked, 5)), by_fit(&spread(&ranked, 5)));
    }

    #[test]
    fn newcomers_who_fit_nearly_as_well_take_the_marked_places() {
        let mut ranked: Vec<_> = (0..30)
            .map(|i| (key(900_000 - 2_000 * i as u64, i), had(9, PPM, PPM)))
            .collect();
        ranked[20].1 = had(2, 0, 0);
        ranked[25].1 = Exposure::default();
        let order = spread(&ranked, 7);
        assert_eq!((order.placements[4].by_fit, order.placements[9].by_fit), (20, 25));
        assert_eq!(order.placements.iter().filter(|p| p.newcomer).count(), 2);
        let mut sorted = by_fit(&order);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..30).collect::<Vec<_>>());
        // 0.85 of the fit in the fifth place is 758,200.
        ranked[20].0.fit_ppm = Reverse(700_000);
        ranked[25].0.fit_ppm = Reverse(700_000);
        assert!(spread(&ranked, 7).placements.iter().all(|p| !p.newcomer));
    }

    #[test]
    fn ndcg_stays_above_the_floor_for_any_history() {
        let mut x = 3;
        let mut next = |below: u64| {
            x = mix(x);
            x % below
        };
        let mut softened = 0;
        for _ in 0..2_000 {
            let n = next(WINDOW as u64) as usize;
            let steep = 1 + next(400_000);
            let mut fits: Vec<u64> = (0..n).map(|_| 1_000 + next(steep)).collect();
            fits.sort_unstable_by_key(|fit| Reverse(*fit));
            let spread_of: Vec<_> = fits
                .iter()
                .zip(0..)
                .map(|(fit, id)| (key(*fit, id), had(next(6) as u32, next(90 * PPM), next(9 * PPM))))
                .collect();
            let lift_of: Vec<_> = fits
                .iter()
                .zip(0..)
                .map(|(fit, id)| {
                    (
                        key(*fit, id),
                        Uptake {
                            applications: next(2) as u32,
                            places: 2,
                            filled: next(3) as u32,
                        },
                    )
                })
                .collect();
            for order in [spread(&spread_of, 1), lift(&lift_of, 1)] {
                assert!(order.ndcg_ppm >= FLOOR_PPM);
                softened += usize::from(order.strength_ppm < PPM);
                let mut all = by_fit(&order);
                all.sort_unstable();
                assert_eq!(all, (0..n).collect::<Vec<_>>());
            }
        }
        assert!(softened > 100, "{softened}");
    }

    #[test]
    fn deliverables_without_applications_come_first() {
        let answered = Uptake {
            applications: 3,
            places: 2,
            filled: 0,
        };
        let filling = Uptake {
            applications: 3,
            places: 2,
            filled: 1,
        };
        let fresh = Uptake {
            applications: 0,
            places: 2,
            filled: 0,
        };
        assert_eq!([fresh, answered].map(|a| need_ppm(&a)), [PPM, 666_667]);
        let psi = core::f64::consts::E / (core::f64::consts::E - 1.0) * (1.0 - (-0.5f64).exp());
        assert!((need_ppm(&filling) as f64 - psi / 1.5 * 1e6).abs() < 1.0);
        let ranked = [
            (key(700_000, 1), answered),
            (key(600_000, 2), fresh),
            (key(500_000, 3), fresh),
        ];
        let order = lift(&ranked, 1);
        assert_eq!(by_fit(&order), [1, 2, 0]);
        assert_eq!(order.placements[2].adjusted_ppm, 466_667);
    }
}
