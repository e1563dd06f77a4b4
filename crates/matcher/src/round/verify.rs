//! Computes again, through the market, that an answer keeps the rules and is the best: one threshold query for each
//! slot. Only prices and seats are used, nothing of how they were found.

use super::lists::on_all_cores;
use super::market::{Market, Order};
use super::prepare::Prepared;
use super::problem::{Ban, Fault, Objective, Round, Seat};
use super::proof::{Claim, Proof, Weighing, weighings};
use super::stable;
use crate::index::RankRange;
use crate::{Gate, RankKey};
use std::collections::{HashMap, HashSet};

/// What was computed again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    pub filled: usize,
    pub fit_ppm: u64,
    /// For each proof what the answer is worth, without the pins, and the most that any answer can be worth.
    pub values: Vec<(i128, i128)>,
    /// How many pairs the market gave.
    pub pairs: usize,
}

/// Why an answer is refused. Proofs and seats are named by their positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    Round(Vec<Fault>),
    UnknownSlot {
        seat: usize,
    },
    FailsGates {
        seat: usize,
        gates: Vec<Gate>,
    },
    WrongFit {
        seat: usize,
        fit_ppm: u64,
    },
    BelowMinimum {
        seat: usize,
    },
    Banned {
        seat: usize,
    },
    TwiceInDeliverable {
        seat: usize,
    },
    TooManyInSlot {
        slot: usize,
    },
    TooManyPlaces {
        worker: u128,
        capacity: u32,
    },
    PinMissing {
        pin: usize,
    },
    /// The proofs are not those that the objective asks for.
    WrongProofs,
    /// There has to be one price of at least 0 for each slot.
    WrongPrices {
        proof: usize,
    },
    /// The prices allow an answer that is worth more.
    NotBest {
        proof: usize,
        value: i128,
        bound: i128,
    },
    /// The prices don't rule out that a higher floor fills as many places.
    NotHighest {
        proof: usize,
        filled: usize,
        bound: i128,
    },
    /// These pairs would both rather have each other; the first of them.
    Unstable {
        blocking: stable::Blocking,
        pairs: usize,
    },
    /// A deliverable has some of its people, but not all.
    Incomplete {
        deliverable: u128,
    },
}

impl Round {
    /// Verifies an answer to this round: these seats, pins included, with these proofs. For complete teams without
    /// proofs it only verifies the rules.
    pub fn verify<M: Market>(
        &self,
        market: &M,
        seats: &[Seat],
        proofs: &[Proof],
    ) -> Result<Verdict, Refusal> {
        let prepared = Prepared::of(self, market).map_err(Refusal::Round)?;
        let mut verdict = self.keeps_rules(market, &prepared, seats)?;
        let pinned: HashSet<Seat> = prepared.pinned.iter().copied().collect();
        let free: Vec<Seat> = seats
            .iter()
            .filter(|seat| !pinned.contains(seat))
            .copied()
            .collect();
        if self.objective == Objective::Stable {
            let (blocking, seen) = stable::blocking(&prepared, self.min_fit_ppm, &free, market);
            verdict.pairs += seen;
            return match blocking.first().copied() {
                None if proofs.is_empty() => Ok(verdict),
                None => Err(Refusal::WrongProofs),
                Some(first) => Err(Refusal::Unstable {
                    blocking: first,
                    pairs: blocking.len(),
                }),
            };
        }
        if self.objective == Objective::CompleteTeams {
            self.teams_are_complete(&prepared, &free)?;
            if proofs.is_empty() {
                return Ok(verdict);
            }
        }
        let weighed = |seat: &Seat| prepared.weighed_ppm(seat.worker, seat.fit_ppm, market);
        let worst = free.iter().map(weighed).min();
        let asked = match (self.objective, worst) {
            // Nothing can be filled, so there is no floor.
            (Objective::WorstFirst, None) => {
                vec![(Claim::Best, Weighing::fill_first(self, self.floor_ppm()))]
            }
            (_, worst) => weighings(self, worst.unwrap_or(0)),
        };
        if !proofs.iter().map(|proof| (proof.claim, proof.weighing)).eq(asked) {
            return Err(Refusal::WrongProofs);
        }
        for (i, proof) in proofs.iter().enumerate() {
            if proof.prices.len() != self.slots.len() || proof.prices.iter().any(|price| *price < 0) {
                return Err(Refusal::WrongPrices { proof: i });
            }
            let (bound, pairs) = bound(&prepared, proof, market);
            let value = free
                .iter()
                .map(|seat| i128::from(proof.weighing.worth(weighed(seat))))
                .sum();
            verdict.pairs += pairs;
            verdict.values.push((value, bound));
            match proof.claim {
                Claim::Best if value != bound => {
                    return Err(Refusal::NotBest {
                        proof: i,
                        value,
                        bound,
                    });
                }
                Claim::NotHigher if bound >= free.len() as i128 => {
                    return Err(Refusal::NotHighest {
                        proof: i,
                        filled: free.len(),
                        bound,
                    });
                }
                Claim::Best | Claim::NotHigher => {}
            }
        }
        Ok(verdict)
    }

    fn keeps_rules<M: Market>(
        &self,
        market: &M,
        prepared: &Prepared,
        seats: &[Seat],
    ) -> Result<Verdict, Refusal> {
        let (mut in_slot, mut of_worker) = (HashMap::new(), HashMap::<u128, Vec<u32>>::new());
        for (i, seat) in seats.iter().enumerate() {
            let Some(slot) = self.slots.get(seat.slot) else {
                return Err(Refusal::UnknownSlot { seat: i });
            };
            let pair = market.pair(seat.slot, seat.worker);
            let fit_ppm = pair
                .map_err(|gates| Refusal::FailsGates { seat: i, gates })?
                .fit_ppm;
            if fit_ppm != seat.fit_ppm {
                return Err(Refusal::WrongFit { seat: i, fit_ppm });
            }
            if fit_ppm < self.min_fit_ppm {
                return Err(Refusal::BelowMinimum { seat: i });
            }
            let is_banned = |ban: &Ban| {
                ban.worker == seat.worker && ban.deliverable.is_none_or(|d| d == slot.deliverable)
            };
            if self.bans.iter().any(is_banned) {
                return Err(Refusal::Banned { seat: i });
            }
            let group = prepared.group(seat.slot);
            let groups = of_worker.entry(seat.worker).or_default();
            if groups.contains(&group) {
                return Err(Refusal::TwiceInDeliverable { seat: i });
            }
            groups.push(group);
            let capacity = market.capacity(seat.worker).min(self.most_each);
            if groups.len() > capacity as usize {
                let worker = seat.worker;
                return Err(Refusal::TooManyPlaces { worker, capacity });
            }
            let filled = in_slot.entry(seat.slot).or_insert(0);
            *filled += 1;
            if *filled > slot.places {
                return Err(Refusal::TooManyInSlot { slot: seat.slot });
            }
        }
        let given: HashSet<(usize, u128)> = seats.iter().map(|seat| (seat.slot, seat.worker)).collect();
        let missing = self
            .pins
            .iter()
            .position(|pin| !given.contains(&(pin.slot, pin.worker)));
        match missing {
            Some(pin) => Err(Refusal::PinMissing { pin }),
            None => Ok(Verdict {
                filled: seats.len(),
                fit_ppm: seats.iter().map(|seat| seat.fit_ppm).sum(),
                ..Verdict::default()
            }),
        }
    }

    fn teams_are_complete(&self, prepared: &Prepared, free: &[Seat]) -> Result<(), Refusal> {
        let mut missing: HashMap<u128, i64> = HashMap::new();
        for (slot, open) in self.slots.iter().zip(&prepared.open) {
            *missing.entry(slot.deliverable).or_default() += i64::from(*open);
        }
        let deliverables = free.iter().filter_map(|seat| self.slots.get(seat.slot));
        let begun: Vec<u128> = deliverables.map(|slot| slot.deliverable).collect();
        for deliverable in &begun {
            *missing.entry(*deliverable).or_default() -= 1;
        }
        let half = begun
            .into_iter()
            .find(|deliverable| missing.get(deliverable).is_some_and(|n| *n != 0));
        half.map_or(Ok(()), |deliverable| Err(Refusal::Incomplete { deliverable }))
    }
}

/// Returns the most that any answer can be worth, by a proof's prices, and how many pairs the market gave.
fn bound<M: Market>(prepared: &Prepared, proof: &Proof, market: &M) -> (i128, usize) {
    let Proof { weighing, prices, .. } = proof;
    let price = |slot: usize| prices.get(slot).copied().unwrap_or(0);
    let keep = |slot: usize| {
        let least = weighing.least_fit(price(slot));
        let Some(least) = least else { return Vec::new() };
        // Nobody is weighed above their fit.
        let range = RankRange {
            min_fit_ppm: least.max(prepared.read_from_ppm),
            ..RankRange::best(usize::MAX)
        };
        let found = market.ranked(slot, Order::Fit, range).into_iter();
        let weighed = found.map(|key| prepared.weighed_key(key, market));
        let enough = weighed.filter(|key| key.fit_ppm.0 >= least);
        let kept = |key: RankKey| (key.candidate, weighing.worth(key.fit_ppm.0) - price(slot));
        enough.map(kept).collect::<Vec<(u128, i64)>>()
    };
    let mut kept: HashMap<u128, HashMap<u32, i64>> = HashMap::new();
    let mut pairs = 0;
    for (slot, found) in on_all_cores(prices.len(), keep).into_iter().enumerate() {
        pairs += found.len();
        let group = prepared.group(slot);
        for (worker, more) in found
            .into_iter()
            .filter(|(worker, _)| !prepared.is_barred(*worker, group))
        {
            let best = kept.entry(worker).or_default().entry(group).or_insert(0);
            *best = more.max(*best);
        }
    }
    let paid = prices
        .iter()
        .zip(&prepared.open)
        .map(|(price, open)| i128::from(*price) * i128::from(*open));
    let mut bound: i128 = paid.sum();
    for (worker, of_groups) in kept {
        let mut best: Vec<i64> = of_groups.into_values().collect();
        best.sort_unstable_by_key(|more| std::cmp::Reverse(*more));
        let capacity = prepared.capacity(worker, market) as usize;
        bound += best.into_iter().take(capacity).map(i128::from).sum::<i128>();
    }
    (bound, pairs)
}
