//! What a round is measured against: one deliverable after the other takes the best people who are still free.

use super::lists::Lists;
use super::market::{Market, Order};
use super::prepare::Prepared;
use super::problem::{Fault, Round, Seat};
use std::collections::{HashMap, HashSet};

impl Round {
    /// Fills the slots in their order, each with the best who are left. Pins come first.
    pub fn one_after_another<M: Market>(&self, market: &M) -> Result<Vec<Seat>, Vec<Fault>> {
        let prepared = Prepared::of(self, market)?;
        let mut lists = Lists::of_round(market, Order::Fit, &prepared.open, self);
        let (mut busy, mut within) = (HashMap::<u128, u32>::new(), HashSet::new());
        let mut seats = prepared.pinned.clone();
        for (slot, open) in prepared.open.iter().enumerate() {
            let group = prepared.group(slot);
            let (mut at, mut left) = (0, *open);
            while left > 0 {
                let Some(entry) = lists.entry(slot, at) else { break };
                at += 1;
                let (worker, fit_ppm) = (lists.id(entry.person), entry.plain.into());
                if fit_ppm < self.min_fit_ppm {
                    break;
                }
                let taken = busy.entry(worker).or_default();
                let is_free = *taken < prepared.capacity(worker, market)
                    && !prepared.is_barred(worker, group)
                    && !within.contains(&(worker, group));
                if is_free {
                    *taken += 1;
                    within.insert((worker, group));
                    seats.push(Seat {
                        slot,
                        worker,
                        fit_ppm,
                    });
                    left -= 1;
                }
            }
        }
        seats.sort_unstable();
        Ok(seats)
    }
}
