//! Made-up rounds: markets that are written out in full, and the best of all answers to small ones by trying each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use matcher::index::RankRange;
use matcher::ppm::mix;
use matcher::round::audit::{self, Judgement, Scanned};
use matcher::round::{Market, Objective, Order, Pair, Past, Round, Seat, Slot, Solution, export};
use matcher::{Draw, Gate, RankKey};
use std::cmp::Reverse;

/// A market with every pair written out. Workers have the ids 1, 2, 3, …
#[derive(Debug, Clone, Default)]
pub struct Book {
    pub slots: Vec<Slot>,
    pub capacities: Vec<u32>,
    /// By slot and worker.
    pub pairs: Vec<Vec<Option<Pair>>>,
}

fn key(slot: usize, worker: u128, ppm: u64) -> RankKey {
    RankKey {
        fit_ppm: Reverse(ppm),
        tie: mix((slot as u64) << 32 | worker as u64),
        need: 0,
        candidate: worker,
    }
}

/// A made-up past: every fourth worker has none.
fn past(worker: u128) -> Past {
    let hash = mix(worker as u64);
    Past {
        placed: (hash % 4) as u32,
        passed_over: (hash >> 8) as u32 % 3,
    }
}

/// What the past of a worker leaves of a fit, computed in another way than the solver does.
pub fn weighed(round: &Round, seat: &Seat) -> u64 {
    let Past { placed, passed_over } = past(seat.worker);
    let part = u128::from(seat.fit_ppm) * u128::from(round.past_ppm) * u128::from(placed);
    seat.fit_ppm - (part / (1_000_000 * u128::from(placed + passed_over + 1))) as u64
}

impl Book {
    fn empty(slots: Vec<(u128, u16)>, capacities: Vec<u32>) -> Book {
        let slot = |(role, (deliverable, places)): (usize, (u128, u16))| Slot {
            deliverable,
            role: role as u16,
            places,
        };
        Book {
            pairs: vec![vec![None; capacities.len()]; slots.len()],
            slots: slots.into_iter().enumerate().map(slot).collect(),
            capacities,
        }
    }

    fn write(&mut self, slot: usize, worker: usize, fit_ppm: u64, organization_ppm: u64, worker_ppm: u64) {
        self.pairs[slot][worker] = Some(Pair {
            fit_ppm,
            organization: key(slot, worker as u128 + 1, organization_ppm),
            worker_ppm,
        });
    }

    /// The same round as `book` in vectors.py.
    pub fn of_vector(seed: u64) -> Book {
        let draw = &mut Draw(seed);
        let mut slots = Vec::new();
        for deliverable in 0..4 + draw.below(12) {
            for _ in 0..1 + draw.below(3) {
                slots.push((deliverable.into(), 1 + draw.below(3) as u16));
            }
        }
        let levels = [3, 25, 1_000_000][draw.below(3) as usize];
        let often = [20, 50, 90][draw.below(3) as usize];
        let capacity = |draw: &mut Draw| 1 + if draw.chance(40) { draw.below(6) as u32 } else { 0 };
        let capacities = (0..5 + draw.below(45)).map(|_| capacity(draw)).collect();
        let mut book = Book::empty(slots, capacities);
        for slot in 0..book.slots.len() {
            for worker in 0..book.capacities.len() {
                if draw.chance(often) {
                    let fit_ppm = (1 + draw.below(levels)) * (1_000_000 / levels);
                    book.write(slot, worker, fit_ppm, fit_ppm, mix(fit_ppm) % 1_000_000);
                }
            }
        }
        book
    }

    /// A round that is small enough to try every answer.
    pub fn small(draw: &mut Draw) -> Book {
        let (mut slots, mut left) = (Vec::new(), 1 + draw.below(5));
        let mut deliverable = 0;
        while left > 0 {
            let places = (1 + draw.below(2)).min(left);
            slots.push((deliverable, places as u16));
            left -= places;
            deliverable += u128::from(draw.chance(60));
        }
        let levels = [1, 2, 5, 1_000_000][draw.below(4) as usize];
        let often = [40, 70, 100][draw.below(3) as usize];
        let capacity = |draw: &mut Draw| 1 + if draw.chance(40) { draw.below(6) as u32 } else { 0 };
        let capacities = (0..1 + draw.below(4)).map(|_| capacity(draw)).collect();
        let mut book = Book::empty(slots, capacities);
        for slot in 0..book.slots.len() {
            for worker in 0..book.capacities.len() {
                if draw.chance(often) {
                    let ppm = |draw: &mut Draw| (1 + draw.below(levels)) * (1_000_000 / levels);
                    let values = [ppm(draw), ppm(draw), ppm(draw)];
                    book.write(slot, worker, values[0], values[1], values[2]);
                }
            }
        }
        book
    }

    /// Two or three places of one deliverable, and up to twelve workers.
    pub fn one_team(draw: &mut Draw) -> Book {
        let places = [[1, 1], [2, 1], [1, 2]][draw.below(3) as usize];
        let workers = 2 + draw.below(11);
        let mut book = Book::empty(
            places.map(|places| (0, places)).to_vec(),
            vec![1; workers as usize],
        );
        let levels = [3, 1_000_000][draw.below(2) as usize];
        for slot in 0..book.slots.len() {
            for worker in 0..book.capacities.len() {
                if draw.chance(80) {
                    let fit_ppm = (1 + draw.below(levels)) * (1_000_000 / levels);
                    book.write(slot, worker, fit_ppm, fit_ppm, fit_ppm);
                }
            }
        }
        book
    }

    pub fn ask(&self, objective: Objective) -> Round {
        Round::new(self.slots.clone(), objective)
    }

    /// Judges an answer by the audit.
    pub fn audit(&self, round: &Round, solution: &Solution) -> Judgement {
        let scanned = |worker: usize| {
            let suits = |slot: usize| Some(export::suits(slot, self.pairs[slot][worker].as_ref()?));
            Scanned {
                id: worker as u128 + 1,
                capacity: self.capacities[worker],
                placed: past(worker as u128 + 1).placed,
                passed_over: past(worker as u128 + 1).passed_over,
                suits: (0..self.slots.len()).filter_map(suits).collect(),
            }
        };
        let answer = export::answer(&solution.seats, &solution.proofs);
        audit::judge(
            &round.export(),
            || (0..self.capacities.len()).map(scanned),
            &answer,
        )
    }
}

impl Market for Book {
    fn ranked(&self, slot: usize, order: Order, range: RankRange) -> Vec<RankKey> {
        let of_worker = |(worker, pair): (usize, &Option<Pair>)| {
            let pair = (*pair)?;
            Some(match order {
                Order::Fit => key(slot, worker as u128 + 1, pair.fit_ppm),
                Order::Organization => pair.organization,
            })
        };
        let mut keys: Vec<RankKey> = self.pairs[slot]
            .iter()
            .enumerate()
            .filter_map(of_worker)
            .collect();
        keys.retain(|key| range.after.is_none_or(|after| *key > after));
        keys.retain(|key| key.fit_ppm.0 >= range.min_fit_ppm);
        keys.sort_unstable();
        keys.truncate(range.limit);
        keys
    }

    fn pair(&self, slot: usize, worker: u128) -> Result<Pair, Vec<Gate>> {
        let pairs = self.pairs.get(slot).ok_or(Vec::new())?;
        let pair = pairs.get((worker as usize).wrapping_sub(1)).ok_or(Vec::new())?;
        pair.ok_or(vec![Gate::RoleNotOffered])
    }

    fn capacity(&self, worker: u128) -> u32 {
        self.capacities.get(worker as usize - 1).copied().unwrap_or(0)
    }

    fn past(&self, worker: u128) -> Past {
        past(worker)
    }
}

/// Calls `each` with every answer that keeps the rules of a round.
pub fn every_answer(book: &Book, round: &Round, each: &mut dyn FnMut(&[Seat])) {
    let places: Vec<usize> = round
        .slots
        .iter()
        .enumerate()
        .flat_map(|(slot, asked)| std::iter::repeat_n(slot, asked.places.into()))
        .collect();
    go(book, round, &places, 0, &mut Vec::new(), each);
}

fn go(
    book: &Book,
    round: &Round,
    places: &[usize],
    first: usize,
    seats: &mut Vec<Seat>,
    each: &mut dyn FnMut(&[Seat]),
) {
    let Some((&slot, rest)) = places.split_first() else {
        let sits = |pin: &matcher::round::Pin| {
            seats
                .iter()
                .any(|seat| (seat.slot, seat.worker) == (pin.slot, pin.worker))
        };
        if round.pins.iter().all(sits) {
            each(seats);
        }
        return;
    };
    let stays = |worker: usize| if rest.first() == Some(&slot) { worker } else { 0 };
    // Places of one slot are alike: a later one has a later worker, or nobody.
    for worker in first..book.capacities.len() {
        let Some(pair) = book.pairs[slot][worker] else {
            continue;
        };
        let id = worker as u128 + 1;
        let deliverable = round.slots[slot].deliverable;
        let own = seats.iter().filter(|seat| seat.worker == id);
        let again = own
            .clone()
            .any(|seat| round.slots[seat.slot].deliverable == deliverable);
        let is_full = own.count() as u32 >= book.capacities[worker].min(round.most_each);
        let is_banned = round
            .bans
            .iter()
            .any(|ban| ban.worker == id && ban.deliverable.is_none_or(|d| d == deliverable));
        if again || is_full || is_banned || pair.fit_ppm < round.min_fit_ppm {
            continue;
        }
        seats.push(Seat {
            slot,
            worker: id,
            fit_ppm: pair.fit_ppm,
        });
        go(book, round, rest, stays(worker + 1), seats, each);
        seats.pop();
    }
    go(book, round, rest, stays(book.capacities.len()), seats, each);
}

/// What an objective compares, larger first. `None` if the answer is not allowed.
pub fn worth(round: &Round, seats: &[Seat]) -> Option<[u64; 3]> {
    let fit = seats.iter().map(|seat| weighed(round, seat)).sum();
    let is_pinned = |seat: &&Seat| {
        round
            .pins
            .iter()
            .any(|pin| (pin.slot, pin.worker) == (seat.slot, seat.worker))
    };
    let filled = seats.len() as u64;
    let worst = seats
        .iter()
        .filter(|seat| !is_pinned(seat))
        .map(|seat| weighed(round, seat))
        .min();
    match round.objective {
        Objective::FillThenFit => Some([filled, fit, 0]),
        Objective::Fit => Some([fit, 0, 0]),
        Objective::WorstFirst => Some([filled, worst.unwrap_or(0), fit]),
        Objective::CompleteTeams => {
            let mut complete = 0;
            let mut deliverables: Vec<u128> = round.slots.iter().map(|slot| slot.deliverable).collect();
            deliverables.dedup();
            for deliverable in deliverables {
                let is_in = |slot: usize| round.slots[slot].deliverable == deliverable;
                let places: usize = (0..round.slots.len())
                    .filter(|slot| is_in(*slot))
                    .map(|slot| usize::from(round.slots[slot].places))
                    .sum();
                let own = || seats.iter().filter(|seat| is_in(seat.slot));
                if own().count() == places {
                    complete += 1;
                } else if !own().all(|seat| is_pinned(&seat)) {
                    return None;
                }
            }
            Some([complete, fit, 0])
        }
        Objective::Stable => None,
    }
}
