//! Fair orders: a re-ranking of candidates who fit nearly equally well. The fit itself does not change.
//!
//! * [`spread`] shares attention among workers shown to organizations. A worker who got more attention than
//!   their fit deserved ranks lower: `fit − λ · max(0, A − M)`. A sums `1 / log2(1 + rank)` over the lists
//!   that showed the worker. M sums the worker's share of each list's attention, in proportion to the fit. At least 0.95
//!   of the fit is left, so only near equals change places.
//!   (Amortised equity of attention: Biega, Gummadi and Weikum 2018; the discount by position is that of
//!   DCG.) Two marked places of each role are for newcomers. In a list for a whole team, each role keeps its places.
//! * [`lift`] moves deliverables up that have no applications or many open places: `fit · Ψ(x) · (1 + μ · [no
//!   application]) / (1 + μ)`, where x is the share of places that is expected to stay open and `Ψ(x) = e / (e − 1) · (1 − e^(−x))`.
//!   (Inventory balancing: Golrezaei, Nazerzadeh and Rusmevichientong 2014.)
//!
//! * [`FairOrder::swapped`] lets neighbours who fit nearly equally change places, each pair with probability ½, so that
//!   the log can tell what a place is worth (FairPairs: Radlinski and Joachims 2006). The draw is a hash of its arguments.
//!
//! All keep nDCG@50 against the order by fit at 0.95 or more: the strength of the first two is halved until that holds, and
//! nobody changes places where the worst draw would go below.
//!
//! Invariant: the same fits, histories and week give the same order. Equals take turns week by week.

use super::RankKey;
use super::ppm::{PPM, from_unit, mix, ratio};
use std::cmp::Reverse;
use std::collections::BTreeMap;

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
/// The share of the adjusted fit by which neighbours may differ who change places.
const NEAR_PPM: u64 = 10_000;
/// The probability with which two near equals change places.
pub const SWAP_PPM: u64 = 500_000;
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

/// How many applications a deliverable has, how many of its places are filled, and how many more those that wait for an
/// answer are expected to fill.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uptake {
    pub applications: u32,
    pub places: u32,
    pub filled: u32,
    pub expected_ppm: u64,
}

impl Uptake {
    /// Returns the share of places that is expected to stay open.
    pub fn open_ppm(&self) -> u64 {
        let left = u64::from(self.places.saturating_sub(self.filled)) * PPM;
        match self.places {
            0 => PPM,
            places => ratio(left.saturating_sub(self.expected_ppm), places.into()),
        }
    }
}

/// An item at its new place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The position by fit, from 0.
    pub by_fit: usize,
    pub adjusted_ppm: u64,
    /// Whether this is a place for newcomers.
    pub newcomer: bool,
    /// The neighbour with whom a draw decided about the places.
    pub swap: Option<Swap>,
}

/// What a draw decided about two neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swap {
    /// The place of the other one, from 0.
    pub with: usize,
    /// Whether they changed places.
    pub swapped: bool,
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

/// A worker in a list, with the position of the role that they are listed in.
#[derive(Debug, Clone, Copy)]
pub struct Listed {
    pub key: RankKey,
    pub role: usize,
    pub had: Exposure,
}

/// Shares the attention among the workers of each role. `ranked` has at most [`WINDOW`] entries; those of one role are in the
/// order of fit. Each role keeps its places.
pub fn spread(ranked: &[Listed], week: u32) -> FairOrder {
    soften(
        ranked,
        |listed| (listed.key, listed.role),
        week,
        |Listed { key, had, .. }, strength_ppm| {
            let excess = had.attention_ppm.saturating_sub(had.deserved_ppm);
            let lambda = LAMBDA_PPM * strength_ppm / PPM;
            let penalty = u128::from(lambda) * u128::from(excess) / u128::from(PPM);
            let (fit, penalty) = (key.fit_ppm.0, u64::try_from(penalty).unwrap_or(u64::MAX));
            fit.saturating_sub(penalty).max((fit * LEAST_PPM).div_ceil(PPM))
        },
        |placed| {
            let listed = |by_fit: usize| ranked.get(by_fit);
            let is_new =
                |placed: &Placement| listed(placed.by_fit).is_some_and(|one| one.had.shown < NEWCOMER);
            let fit_ppm = |by_fit| listed(by_fit).map_or(0, |one| one.key.fit_ppm.0);
            place_newcomers(placed, fit_ppm, is_new);
        },
    )
}

/// Moves deliverables up that still need applications. `ranked` is in the order of fit.
pub fn lift(ranked: &[(RankKey, Uptake)], week: u32) -> FairOrder {
    soften(
        ranked,
        |(key, _)| (*key, 0),
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
    let open = had.open_ppm();
    let e = core::f64::consts::E;
    let psi = from_unit(e / (e - 1.0) * (1.0 - libm::exp(-(open as f64) / PPM as f64)));
    let bonus = if had.applications == 0 { MU_PPM } else { 0 };
    ratio(psi * (PPM + bonus), PPM + MU_PPM)
}

/// Returns the order with the greatest strength that keeps [`FLOOR_PPM`]. `key` returns the key and the group: items
/// change places with others of their group only.
fn soften<T>(
    ranked: &[T],
    key: impl Fn(&T) -> (RankKey, usize),
    week: u32,
    adjusted_ppm: impl Fn(&T, u64) -> u64,
    finish: impl Fn(&mut Vec<Placement>),
) -> FairOrder {
    let (keys, groups): (Vec<RankKey>, Vec<usize>) = ranked.iter().map(key).unzip();
    let turn = |by_fit: usize| keys.get(by_fit).map(|key| mix(key.tie ^ mix(u64::from(week))));
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
            swap: None,
        };
        let mut of_group: BTreeMap<usize, Vec<Placement>> = BTreeMap::new();
        for (group, placed) in groups.iter().zip(ranked.iter().enumerate().map(placed)) {
            of_group.entry(*group).or_default().push(placed);
        }
        for placed in of_group.values_mut() {
            placed.sort_by_cached_key(|p| (Reverse(p.adjusted_ppm), turn(p.by_fit), p.by_fit));
            if strength_ppm > 0 {
                finish(placed);
            }
        }
        let mut next: BTreeMap<_, _> = of_group
            .into_iter()
            .map(|(group, placed)| (group, placed.into_iter()))
            .collect();
        let placed: Vec<Placement> = groups
            .iter()
            .filter_map(|group| next.get_mut(group)?.next())
            .collect();
        let ndcg_ppm = ndcg_ppm(&keys, &placed);
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

impl FairOrder {
    /// Lets neighbours of the same group who fit nearly equally change places with probability ½. `items` has the key and the
    /// group of each item by fit. The order depends only on the arguments: `list` and `week` choose which neighbours form
    /// pairs, and these and the item of each pair whether it changes places.
    pub fn swapped(mut self, items: &[(RankKey, usize)], list: u64, week: u32) -> FairOrder {
        let keys: Vec<RankKey> = items.iter().map(|(key, _)| *key).collect();
        let seed = mix(list ^ mix(u64::from(week)) ^ SWAPS);
        let mut of_group: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, placed) in self.placements.iter().enumerate() {
            if let Some((_, group)) = items.get(placed.by_fit) {
                of_group.entry(*group).or_default().push(place);
            }
        }
        let pairs = of_group.into_iter().flat_map(|(group, places)| {
            let skipped = (mix(seed ^ mix(group as u64)) & 1) as usize;
            let rest = places.into_iter().skip(skipped).collect::<Vec<_>>();
            let (pairs, _) = rest.as_chunks::<2>();
            pairs.to_vec()
        });
        let pairs: Vec<[usize; 2]> = pairs.filter(|pair| self.are_near(&keys, *pair)).collect();
        // Whether anybody changes places must not depend on the draw, or the odds would not be even.
        let mut worst = self.placements.clone();
        for [one, other] in &pairs {
            let fit_at = |place: &usize| fit_of(&keys, worst.get(*place));
            if fit_at(one) > fit_at(other) {
                worst.swap(*one, *other);
            }
        }
        if ndcg_ppm(&keys, &worst) < FLOOR_PPM {
            return self;
        }
        for [one, other] in pairs {
            let upper = self
                .placements
                .get(one)
                .and_then(|placed| keys.get(placed.by_fit));
            let swapped = upper.is_some_and(|key| mix(seed ^ key.tie) >> 63 == 1);
            if swapped {
                self.placements.swap(one, other);
            }
            for (place, with) in [(one, other), (other, one)] {
                if let Some(placed) = self.placements.get_mut(place) {
                    placed.swap = Some(Swap { with, swapped });
                }
            }
        }
        self.ndcg_ppm = ndcg_ppm(&keys, &self.placements);
        self
    }

    /// Returns whether the items at two places differ by no more than a hundredth, and by no more in fit than the order may
    /// pass over. Places for newcomers stay.
    fn are_near(&self, keys: &[RankKey], places: [usize; 2]) -> bool {
        let [one, other] = places.map(|place| self.placements.get(place));
        let (Some(one), Some(other)) = (one, other) else {
            return false;
        };
        let is_near = |a: u64, b: u64, share: u64| a.min(b) * PPM >= a.max(b) * share;
        let fits = [one, other].map(|placed| fit_of(keys, Some(placed)));
        let [a, b] = fits;
        !one.newcomer
            && !other.newcomer
            && is_near(one.adjusted_ppm, other.adjusted_ppm, PPM - NEAR_PPM)
            && is_near(a, b, LEAST_PPM)
    }
}

/// Keeps the draws of swaps apart from those that break ties.
const SWAPS: u64 = 0x7377_6170;

fn fit_of(keys: &[RankKey], placed: Option<&Placement>) -> u64 {
    let key = placed.and_then(|placed| keys.get(placed.by_fit));
    key.map_or(0, |key| key.fit_ppm.0)
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

/// Returns the DCG of the new order over the DCG of the order before, with the fit as the gain (Järvelin and
/// Kekäläinen 2002).
fn ndcg_ppm(ranked: &[RankKey], placed: &[Placement]) -> u64 {
    let fit_of = |by_fit: usize| ranked.get(by_fit).map_or(0, |key| key.fit_ppm.0);
    let dcg = |by_fit: &mut dyn Iterator<Item = usize>| -> u128 {
        let gains = by_fit.take(DEPTH).zip(1..);
        gains
            .map(|(by_fit, rank)| u128::from(fit_of(by_fit)) * u128::from(attention_ppm(rank)))
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

    fn listed((key, had): (RankKey, Exposure)) -> Listed {
        Listed { key, role: 0, had }
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
            .map(|i| listed((key(900_000 - 1_000 * i as u64, i), Exposure::default())))
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
        ]
        .map(listed);
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
                .map(|(id, fit)| listed((key(*fit, id), had(9, next(90 * PPM), next(9 * PPM)))))
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
        let ranked: Vec<_> = (0..4)
            .map(|i| listed((key(800_000, i), had(9, PPM, PPM))))
            .collect();
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
            .map(|i| listed((key(900_000 - 2_000 * i as u64, i), had(9, PPM, PPM))))
            .collect();
        ranked[20].had = had(2, 0, 0);
        ranked[25].had = Exposure::default();
        let order = spread(&ranked, 7);
        assert_eq!((order.placements[4].by_fit, order.placements[9].by_fit), (20, 25));
        assert_eq!(order.placements.iter().filter(|p| p.newcomer).count(), 2);
        let mut sorted = by_fit(&order);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..30).collect::<Vec<_>>());
        // 0.85 of the fit in the fifth place is 758,200.
        ranked[20].key.fit_ppm = Reverse(700_000);
        ranked[25].key.fit_ppm = Reverse(700_000);
        assert!(spread(&ranked, 7).placements.iter().all(|p| !p.newcomer));
    }

    #[test]
    fn each_role_keeps_its_places() {
        let role = |i: usize| if i == 1 || i % 3 == 2 { 1 } else { 0 };
        let ranked: Vec<Listed> = (0..30)
            .map(|i| {
                let excess = if i % 2 == 0 { 6 * PPM } else { 0 };
                let key = key(800_000 - 1_000 * i as u64 - 300_000 * role(i) as u64, i as u128);
                Listed {
                    key,
                    role: role(i),
                    had: had(9, excess, 0),
                }
            })
            .collect();
        let order = by_fit(&spread(&ranked, 7));
        assert!(
            order
                .iter()
                .enumerate()
                .all(|(place, by_fit)| role(place) == role(*by_fit))
        );
        assert_ne!(order, (0..30).collect::<Vec<_>>());
        for only in [0, 1] {
            let own: Vec<Listed> = ranked.iter().copied().filter(|one| one.role == only).collect();
            let alone = spread(&own, 7).placements.into_iter().map(|p| own[p.by_fit].key);
            let within = order.iter().map(|i| ranked[*i]).filter(|one| one.role == only);
            assert_eq!(
                within.map(|one| one.key).collect::<Vec<_>>(),
                alone.collect::<Vec<_>>()
            );
        }
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
                .map(|(fit, id)| Listed {
                    role: next(3) as usize,
                    ..listed((key(*fit, id), had(next(6) as u32, next(90 * PPM), next(9 * PPM))))
                })
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
                            expected_ppm: next(PPM),
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
    fn near_equals_change_places_in_half_of_the_draws_and_nobody_else_does() {
        let fits = |steep: u64| (0..40).map(move |i| 800_000 - steep * i as u64);
        let (mut swapped, mut pairs) = ([0u32; 40], [0u32; 40]);
        for list in 0..400 {
            let ranked: Vec<Listed> = fits(2_000)
                .zip(0..)
                .map(|(fit, id)| listed((key(fit, id), had(9, PPM, PPM))))
                .collect();
            let items: Vec<_> = ranked.iter().map(|one| (one.key, one.role)).collect();
            let plain = spread(&ranked, 7);
            let order = plain.clone().swapped(&items, list, 7);
            assert_eq!(
                order,
                plain.clone().swapped(&items, list, 7),
                "the same arguments give the same order"
            );
            for (place, placed) in order.placements.iter().enumerate() {
                let Some(swap) = placed.swap else {
                    assert_eq!(placed, &plain.placements[place]);
                    continue;
                };
                assert!(swap.with.abs_diff(place) == 1);
                assert_eq!(
                    order.placements[swap.with].swap,
                    Some(Swap { with: place, ..swap })
                );
                let from = if swap.swapped { swap.with } else { place };
                assert_eq!(placed.by_fit, plain.placements[from].by_fit);
                pairs[place] += 1;
                swapped[place] += u32::from(swap.swapped);
            }
        }
        // Each place is in a pair, and each pair changes places in about half of the lists: five standard deviations.
        for place in 0..40 {
            let (n, k) = (f64::from(pairs[place]), f64::from(swapped[place]));
            assert!(
                n > 100.0 && (k - n / 2.0).abs() < 2.5 * n.sqrt(),
                "{place}: {k} of {n}"
            );
        }
        let steep: Vec<Listed> = fits(10_000)
            .zip(0..)
            .map(|(fit, id)| listed((key(fit, id), had(9, PPM, PPM))))
            .collect();
        let items: Vec<_> = steep.iter().map(|one| (one.key, one.role)).collect();
        let plain = spread(&steep, 7);
        assert_eq!(
            plain.clone().swapped(&items, 3, 7),
            plain,
            "more than a hundredth apart"
        );
    }

    #[test]
    fn no_draw_goes_below_the_floor_or_depends_on_it() {
        let mut x = 5;
        let mut next = |below: u64| {
            x = mix(x);
            x % below
        };
        let mut drawn = 0;
        for list in 0..1_000 {
            let n = 2 + next(60) as usize;
            let mut fits: Vec<u64> = (0..n).map(|_| 300_000 + next(60_000)).collect();
            fits.sort_unstable_by_key(|fit| Reverse(*fit));
            let ranked: Vec<Listed> = fits
                .iter()
                .zip(0..)
                .map(|(fit, id)| Listed {
                    role: next(2) as usize,
                    ..listed((key(*fit, id), had(next(6) as u32, next(90 * PPM), next(9 * PPM))))
                })
                .collect();
            let items: Vec<_> = ranked.iter().map(|one| (one.key, one.role)).collect();
            let plain = spread(&ranked, 1);
            let order = plain.clone().swapped(&items, list, 1);
            assert!(order.ndcg_ppm >= FLOOR_PPM);
            let mut all = by_fit(&order);
            all.sort_unstable();
            assert_eq!(all, (0..n).collect::<Vec<_>>());
            for (place, placed) in order.placements.iter().enumerate() {
                assert_eq!(
                    ranked[placed.by_fit].role,
                    ranked[plain.placements[place].by_fit].role
                );
                assert!(!placed.newcomer || placed.swap.is_none());
                if let Some(swap) = placed.swap.filter(|swap| swap.swapped && swap.with > place) {
                    let (up, down) = (placed.by_fit, order.placements[swap.with].by_fit);
                    assert!(
                        fits[up] * 20 >= fits[down] * 19,
                        "{} passes {}",
                        fits[up],
                        fits[down]
                    );
                    drawn += 1;
                }
            }
        }
        assert!(drawn > 1_000, "{drawn}");
    }

    #[test]
    fn deliverables_without_applications_come_first() {
        let answered = Uptake {
            applications: 3,
            places: 2,
            filled: 0,
            expected_ppm: 0,
        };
        let filling = Uptake {
            applications: 3,
            places: 2,
            filled: 1,
            expected_ppm: 0,
        };
        // Two that wait, each with even odds, are expected to fill one of the two places.
        let swamped = Uptake {
            filled: 0,
            expected_ppm: PPM,
            ..filling
        };
        let fresh = Uptake {
            applications: 0,
            places: 2,
            filled: 0,
            expected_ppm: 0,
        };
        assert_eq!(need_ppm(&swamped), need_ppm(&filling));
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
