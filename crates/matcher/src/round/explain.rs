//! What the prices say.
//!
//! To put a worker into a slot costs at least the slot's price, plus the price of the worker's time, less what the pair
//! is worth. For a worker with time left, this is exact: the slot's price is what it loses by giving up a place, and
//! nobody else has to move for the worker. For others it is a lower bound, since what they leave behind may be filled
//! badly; [`Solved::moving_exactly`] solves again.
//!
//! Losses are counted in weighed fits, where the past weighs.

use super::lists::Lists;
use super::market::Market;
use super::prepare::Prepared;
use super::problem::{Pin, Round};
use super::proof::Weighing;
use super::solve::Solved;
use super::solver::{Path, Solver};
use crate::Gate;

/// What an answer loses. Negative numbers are gains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Loss {
    pub places: i64,
    pub fit_ppm: i64,
}

impl Loss {
    /// Divides a difference in worth. Where places count, they count more than twice all fits.
    fn of(worth: i64, weighing: Weighing) -> Loss {
        match weighing.filled {
            0 => Loss {
                places: 0,
                fit_ppm: worth,
            },
            filled => {
                let places = (worth + filled / 2).div_euclid(filled);
                let fit_ppm = worth - places * filled;
                Loss { places, fit_ppm }
            }
        }
    }
}

/// What it costs to put a worker into a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MovingCost {
    /// The fit there.
    pub fit_ppm: u64,
    /// At least this is lost; exactly this, if it is exact.
    pub loss: Loss,
    pub is_exact: bool,
}

/// Why a worker can't be put into a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmovable {
    UnknownSlot,
    /// The answer has no prices.
    NoPrices,
    AlreadyThere,
    /// Without gates, the worker is unknown.
    FailsGates(Vec<Gate>),
    BelowMinimum {
        fit_ppm: u64,
    },
    /// A ban or a pin of the worker, or pins in all places of the slot.
    Ruled,
}

/// A worker takes a place, and leaves another one if they had to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    pub worker: u128,
    pub leaves: Option<usize>,
    pub takes: usize,
}

/// What happens if a worker withdraws from the round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Withdrawal {
    /// Exactly what is lost.
    pub loss: Loss,
    /// For each place that becomes free: who takes it, who takes what that one leaves, and so on.
    pub moves: Vec<Vec<Moved>>,
    /// Slots in which a place becomes empty.
    pub emptied: Vec<usize>,
}

/// How scarce the people for a slot are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scarcity {
    pub slot: usize,
    pub empty: u32,
    /// Exactly what would be lost with one place less, and the most that one place more could gain.
    pub price: Loss,
    /// Where places come first: whether this slot lacks people, or shares its people with slots that do. With one place
    /// less, as many would be filled.
    pub is_short: bool,
}

impl<M: Market> Solved<'_, M> {
    /// Returns what it costs at least to put a worker into a slot. Takes no search.
    pub fn moving(&mut self, slot: usize, worker: u128) -> Result<MovingCost, Unmovable> {
        let fit_ppm = self.movable(slot, worker)?;
        let capacity = self.prepared.capacity(worker, self.lists.market);
        let Some((solver, weighing)) = &mut self.priced else {
            return Err(Unmovable::NoPrices);
        };
        let number = self.lists.number(worker);
        let (time, is_free) = number.map_or((0, true), |person| {
            let group = self.prepared.group(slot);
            let (mut held, mut is_in) = (0, false);
            for place in solver.places_of(person) {
                held += 1;
                is_in |= self.prepared.group(place) == group;
            }
            let is_free = held < capacity && !is_in;
            (solver.price_of(slot, person, &self.lists), is_free)
        });
        let price = solver.price(slot);
        let weighed = self.prepared.weighed_ppm(worker, fit_ppm, self.lists.market);
        Ok(MovingCost {
            fit_ppm,
            loss: Loss::of(price + time - weighing.worth(weighed), *weighing),
            is_exact: is_free,
        })
    }

    /// Returns exactly what it costs to put a worker into a slot, by solving again.
    pub fn moving_exactly(&mut self, slot: usize, worker: u128) -> Result<Loss, Unmovable> {
        self.movable(slot, worker)?;
        let Some((solver, weighing)) = &self.priced else {
            return Err(Unmovable::NoPrices);
        };
        let mut pins = self.round.pins.clone();
        pins.push(Pin { slot, worker });
        let pinned = Round {
            pins,
            ..self.round.clone()
        };
        let prepared = Prepared::of(&pinned, self.lists.market).map_err(|_| Unmovable::Ruled)?;
        let open = prepared.open.clone();
        let filled = vec![weighing.filled; open.len()];
        let mut again = Solver::new(&prepared, &filled, weighing.by_fit, weighing.floor_ppm as i64);
        again.solve(&open, &mut self.lists);
        let market = self.lists.market;
        let with = worth(&again, weighing) + pins_worth(&prepared, weighing, market);
        let without = worth(solver, weighing) + pins_worth(&self.prepared, weighing, market);
        Ok(Loss::of(without - with, *weighing))
    }

    /// Returns the fit of a pair, if nothing forbids it.
    fn movable(&self, slot: usize, worker: u128) -> Result<u64, Unmovable> {
        if slot >= self.round.slots.len() {
            return Err(Unmovable::UnknownSlot);
        }
        let market = self.lists.market;
        let fit_ppm = market.pair(slot, worker).map_err(Unmovable::FailsGates)?.fit_ppm;
        let mut seats = self.solution.seats.iter();
        if seats.any(|seat| (seat.slot, seat.worker) == (slot, worker)) {
            return Err(Unmovable::AlreadyThere);
        }
        if fit_ppm < self.round.min_fit_ppm {
            return Err(Unmovable::BelowMinimum { fit_ppm });
        }
        let is_ruled = self.prepared.is_barred(worker, self.prepared.group(slot))
            || self.prepared.capacity(worker, market) == 0
            || self.prepared.open.get(slot) == Some(&0);
        if is_ruled {
            Err(Unmovable::Ruled)
        } else {
            Ok(fit_ppm)
        }
    }

    /// Returns what happens if a worker withdraws: exactly, by one search for each of their places. `None` without prices.
    /// Pins stay.
    pub fn withdrawal(&mut self, worker: u128) -> Option<Withdrawal> {
        let (solver, weighing) = self.priced.as_mut()?;
        let Some(person) = self.lists.number(worker) else {
            return Some(Withdrawal::default());
        };
        let (lost, paths) = solver.without(person, &mut self.lists);
        Some(Withdrawal {
            loss: Loss::of(lost, *weighing),
            moves: paths.iter().map(|path| moves(path, &self.lists)).collect(),
            emptied: paths
                .iter()
                .filter_map(|path| Some(path.emptied? as usize))
                .collect(),
        })
    }

    /// Returns how scarce the people of each slot are, in the order of the slots. Empty without prices.
    pub fn scarcities(&self) -> Vec<Scarcity> {
        let Some((solver, weighing)) = &self.priced else {
            return Vec::new();
        };
        let open = self.prepared.open.iter().enumerate();
        let prices = open.zip(solver.prices()).filter(|((_, open), _)| **open > 0);
        let scarcity = |((slot, _), price): ((usize, &u32), i64)| {
            let price = Loss::of(price, *weighing);
            Scarcity {
                slot,
                empty: solver.empty(slot),
                price,
                is_short: weighing.filled > 0 && price.places == 0,
            }
        };
        prices.map(scarcity).collect()
    }
}

fn moves<M: Market>(path: &Path, lists: &Lists<M>) -> Vec<Moved> {
    let moved = path.steps.iter().rev().map(|step| Moved {
        worker: lists.id(step.entry.person),
        leaves: step.leaves.map(|slot| slot as usize),
        takes: step.takes as usize,
    });
    moved.collect()
}

fn worth(solver: &Solver, weighing: &Weighing) -> i64 {
    solver
        .seats()
        .map(|(_, entry)| weighing.worth(entry.fit as u64))
        .sum()
}

fn pins_worth(prepared: &Prepared, weighing: &Weighing, market: &impl Market) -> i64 {
    prepared
        .pinned
        .iter()
        .map(|seat| weighing.worth(prepared.weighed_ppm(seat.worker, seat.fit_ppm, market)))
        .sum()
}
