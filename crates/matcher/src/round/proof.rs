//! What proves an answer: one price for each slot.
//!
//! At prices of at least 0, no answer can be worth more than
//!
//! ```text
//! Σ places · price  +  Σ over workers of the most that they could keep
//! ```
//!
//! where a worker keeps `worth − price` of a place, in the best deliverables up to their capacity, with one place in
//! each. An answer that is worth as much is therefore the best, however it was found (weak duality of linear programs).

use super::problem::{Objective, Round};
use crate::ppm::PPM;

/// What a filled place is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weighing {
    /// For itself.
    pub filled: i64,
    /// Whether its fit counts, too.
    pub by_fit: bool,
    /// Pairs below this fit don't exist.
    pub floor_ppm: u64,
}

impl Weighing {
    /// A filled place counts more than all fits of the round together: twice as much, so that every difference shows how
    /// many places it is, and how much fit.
    pub fn fill_first(round: &Round, floor_ppm: u64) -> Weighing {
        Weighing {
            filled: 2 * (round.places() as i64 + 1) * PPM as i64,
            by_fit: true,
            floor_ppm,
        }
    }

    /// Only fits count.
    pub fn fit(floor_ppm: u64) -> Weighing {
        Weighing {
            filled: 0,
            by_fit: true,
            floor_ppm,
        }
    }

    /// Only filled places count.
    pub fn places(floor_ppm: u64) -> Weighing {
        Weighing {
            filled: 1,
            by_fit: false,
            floor_ppm,
        }
    }

    pub fn worth(&self, fit_ppm: u64) -> i64 {
        self.filled + if self.by_fit { fit_ppm as i64 } else { 0 }
    }

    /// Returns the least fit with which a worker keeps anything of a place at this price, or `None` if nobody does.
    pub fn least_fit(&self, price: i64) -> Option<u64> {
        let least = if self.by_fit {
            u64::try_from(price.saturating_sub(self.filled).saturating_add(1)).unwrap_or(0)
        } else if price < self.filled {
            0
        } else {
            return None;
        };
        Some(least.max(self.floor_ppm)).filter(|least| *least <= PPM)
    }
}

/// What a proof says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// No other answer is worth more.
    Best,
    /// Above the floor, fewer places can be filled.
    NotHigher,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub claim: Claim,
    pub weighing: Weighing,
    /// One for each slot, at least 0.
    pub prices: Vec<i64>,
}

/// Returns the weighings under which an answer of this objective has to be the best. `worst_ppm` is the lowest fit of
/// an answer for "worst first".
pub fn weighings(round: &Round, worst_ppm: u64) -> Vec<(Claim, Weighing)> {
    let least = round.floor_ppm();
    match round.objective {
        Objective::FillThenFit => vec![(Claim::Best, Weighing::fill_first(round, least))],
        Objective::Fit => vec![(Claim::Best, Weighing::fit(least))],
        Objective::WorstFirst => vec![
            (Claim::Best, Weighing::places(least)),
            (Claim::NotHigher, Weighing::places(worst_ppm + 1)),
            (Claim::Best, Weighing::fill_first(round, worst_ppm)),
        ],
        Objective::CompleteTeams => vec![(Claim::Best, Weighing::fill_first(round, least))],
        Objective::Stable => Vec::new(),
    }
}
