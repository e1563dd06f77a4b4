//! From the question to the answer.

use super::complete::{self, Search};
use super::lists::Lists;
use super::market::{Market, Order};
use super::prepare::Prepared;
use super::problem::{Fault, Objective, Round, Seat, Shortage, WhyShort};
use super::proof::{Claim, Proof, Weighing};
use super::solver::Solver;
use super::{stable, worst};
use crate::index::RankRange;
use std::collections::BTreeSet;

/// How many of a list are read to find the first who isn't barred.
const SOME: usize = 16;

/// An answer, and what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// Every filled place, pins included, by slot and worker.
    pub seats: Vec<Seat>,
    pub fit_ppm: u64,
    /// What has to be true of the prices so that the answer is the best. Empty for a stable answer, and for complete
    /// teams that had to be searched for.
    pub proofs: Vec<Proof>,
    /// How the complete teams were found, where people are too few for all.
    pub search: Option<Search>,
    pub shortages: Vec<Shortage>,
    pub effort: Effort,
}

/// What a solution cost. The counts repeat exactly, unlike times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// How often the market was asked for a part of a list, and how many entries it gave.
    pub calls: usize,
    pub entries: usize,
    /// How many slots the shortest paths have settled.
    pub settled: u64,
    /// The memory of the solver in bytes, without the lists.
    pub bytes: usize,
}

/// A solved round, which can be asked and changed.
pub struct Solved<'m, M> {
    pub round: Round,
    pub solution: Solution,
    pub(super) prepared: Prepared,
    pub(super) lists: Lists<'m, M>,
    /// Where prices explain the answer, and how they weigh it.
    pub(super) priced: Priced,
}

impl Round {
    /// Solves a round. Its slots have to be those of the market. Returns everything that is wrong with it otherwise.
    pub fn solve<'m, M: Market>(&self, market: &'m M) -> Result<Solved<'m, M>, Vec<Fault>> {
        let prepared = Prepared::of(self, market)?;
        let mut lists = Lists::of_round(market, Order::Fit, &prepared.open, self);
        let (solution, priced) = solution(self, &prepared, &mut lists)?;
        Ok(Solved {
            round: self.clone(),
            solution,
            prepared,
            lists,
            priced,
        })
    }
}

impl<M: Market> Solved<'_, M> {
    /// Solves a changed round over the same slots of the same market. The lists that were read serve again, unless the past
    /// weighs otherwise. After a fault everything stays as it was.
    pub fn again(&mut self, round: Round) -> Result<(), Vec<Fault>> {
        let prepared = Prepared::of(&round, self.lists.market)?;
        if self.lists.serve(&round) {
            (self.solution, self.priced) = solution(&round, &prepared, &mut self.lists)?;
        } else {
            let mut lists = Lists::of_round(self.lists.market, Order::Fit, &prepared.open, &round);
            (self.solution, self.priced) = solution(&round, &prepared, &mut lists)?;
            self.lists = lists;
        }
        (self.round, self.prepared) = (round, prepared);
        Ok(())
    }
}

type Priced = Option<(Solver, Weighing)>;

fn solution<M: Market>(
    round: &Round,
    prepared: &Prepared,
    lists: &mut Lists<M>,
) -> Result<(Solution, Priced), Vec<Fault>> {
    let answer = answer(round, prepared, lists);
    let shortages = shortages(round, prepared, &answer, lists);
    if round.fill_all && !shortages.is_empty() {
        return Err(vec![Fault::Unfilled(shortages)]);
    }
    let mut seats = answer.seats;
    seats.extend(&prepared.pinned);
    seats.sort_unstable();
    let solver = answer.priced.as_ref().map(|(solver, _)| solver);
    let solution = Solution {
        fit_ppm: seats.iter().map(|seat| seat.fit_ppm).sum(),
        seats,
        proofs: answer.proofs,
        search: answer.search,
        shortages,
        effort: Effort {
            calls: lists.calls,
            entries: lists.read_entries(),
            settled: solver.map_or(0, |solver| solver.settled),
            bytes: solver.map_or(0, Solver::bytes),
        },
    };
    Ok((solution, answer.priced))
}

/// An answer without the pins.
struct Answer {
    seats: Vec<Seat>,
    proofs: Vec<Proof>,
    search: Option<Search>,
    priced: Priced,
}

fn answer<M: Market>(round: &Round, prepared: &Prepared, lists: &mut Lists<M>) -> Answer {
    let least = round.floor_ppm();
    match round.objective {
        Objective::FillThenFit => best(prepared, Weighing::fill_first(round, least), Vec::new(), lists),
        Objective::Fit => best(prepared, Weighing::fit(least), Vec::new(), lists),
        Objective::WorstFirst => {
            let filled = best(prepared, Weighing::fill_first(round, least), Vec::new(), lists);
            let weighed = |(solver, _): &(Solver, Weighing)| {
                let fits = solver.seats().map(|(_, entry)| entry.fit as u64);
                fits.min()
            };
            let Some(known) = filled.priced.as_ref().and_then(weighed) else {
                return filled;
            };
            let floor = worst::highest(prepared, least, known, lists);
            best(
                prepared,
                Weighing::fill_first(round, floor.fit_ppm),
                floor.proofs,
                lists,
            )
        }
        Objective::Stable => {
            let mut by_organization =
                Lists::of_round(lists.market, Order::Organization, &prepared.open, round);
            Answer {
                seats: stable::solve(prepared, round.min_fit_ppm, &mut by_organization),
                proofs: Vec::new(),
                search: None,
                priced: None,
            }
        }
        Objective::CompleteTeams => {
            let filled = best(prepared, Weighing::fill_first(round, least), Vec::new(), lists);
            if filled.seats.len() == prepared.open.iter().sum::<u32>() as usize {
                return filled;
            }
            let (seats, search) = complete::solve(round, prepared, lists);
            Answer {
                seats,
                proofs: Vec::new(),
                search: Some(search),
                priced: None,
            }
        }
    }
}

/// The best answer under a weighing, with its proof after these.
fn best<M: Market>(
    prepared: &Prepared,
    weighing: Weighing,
    mut proofs: Vec<Proof>,
    lists: &mut Lists<M>,
) -> Answer {
    let filled = vec![weighing.filled; prepared.open.len()];
    let mut solver = Solver::new(prepared, &filled, weighing.by_fit, weighing.floor_ppm as i64);
    solver.solve(&prepared.open, lists);
    proofs.push(Proof {
        claim: Claim::Best,
        weighing,
        prices: solver.prices(),
    });
    let seats = solver.seats().map(|(slot, entry)| Seat {
        slot,
        worker: lists.id(entry.person),
        fit_ppm: entry.plain.into(),
    });
    Answer {
        seats: seats.collect(),
        proofs,
        search: None,
        priced: Some((solver, weighing)),
    }
}

/// Returns the slots with empty places, and why they stay empty.
fn shortages<M: Market>(
    round: &Round,
    prepared: &Prepared,
    answer: &Answer,
    lists: &mut Lists<M>,
) -> Vec<Shortage> {
    let mut empty = prepared.open.clone();
    for seat in &answer.seats {
        if let Some(empty) = empty.get_mut(seat.slot) {
            *empty -= 1;
        }
    }
    let mut shortages = Vec::new();
    for (slot, empty) in empty.into_iter().enumerate().filter(|(_, empty)| *empty > 0) {
        let group = prepared.group(slot);
        let (mut best_fit_ppm, mut able) = (None, Vec::new());
        let mut at = 0;
        while let Some(entry) = lists.entry(slot, at) {
            at += 1;
            let worker = lists.id(entry.person);
            if prepared.is_barred(worker, group) {
                continue;
            }
            best_fit_ppm = best_fit_ppm.or(Some(entry.plain.into()));
            if u64::from(entry.plain) < round.min_fit_ppm || able.len() >= round.places() {
                break;
            }
            able.push(worker);
        }
        if best_fit_ppm.is_none() && round.read_from_ppm() > 0 {
            best_fit_ppm = best_of_all(slot, prepared, lists.market);
        }
        let why = match best_fit_ppm {
            None => WhyShort::NobodyPasses,
            Some(best_fit_ppm) if able.is_empty() => WhyShort::BelowMinimum { best_fit_ppm },
            Some(_) => {
                let able: BTreeSet<u128> = able.into_iter().collect();
                let theirs = answer.seats.iter().filter(|seat| able.contains(&seat.worker));
                let slots: BTreeSet<usize> = theirs.map(|seat| seat.slot).collect();
                let slots = slots.into_iter().collect();
                WhyShort::Taken { slots }
            }
        };
        shortages.push(Shortage { slot, empty, why });
    }
    shortages
}

/// Returns the best fit in a slot of those who may be there, also below the least fit.
fn best_of_all<M: Market>(slot: usize, prepared: &Prepared, market: &M) -> Option<u64> {
    let group = prepared.group(slot);
    let mut range = RankRange::best(SOME);
    loop {
        let keys = market.ranked(slot, Order::Fit, range);
        let free = keys.iter().find(|key| !prepared.is_barred(key.candidate, group));
        if let Some(key) = free {
            return Some(key.fit_ppm.0);
        }
        if keys.len() < SOME {
            return None;
        }
        range.after = keys.last().copied();
    }
}
