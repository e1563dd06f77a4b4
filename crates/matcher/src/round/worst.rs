//! The worst place first: the highest floor under all fits that fills as many places as can be filled at all.
//!
//! Whether a floor does so is a matching, which gets only harder as the floor rises; so halving finds the highest.

use super::lists::Lists;
use super::market::Market;
use super::prepare::Prepared;
use super::proof::{Claim, Proof, Weighing};
use super::solver::Solver;
use crate::ppm::PPM;

/// The highest floor, and what proves it.
pub struct Floor {
    pub fit_ppm: u64,
    pub proofs: Vec<Proof>,
}

/// Returns how many places pairs of at least this fit can fill, with prices that prove it.
fn fillable<M: Market>(prepared: &Prepared, floor_ppm: u64, lists: &mut Lists<M>) -> (usize, Proof) {
    let weighing = Weighing::places(floor_ppm);
    let mut solver = Solver::new(prepared, &vec![1; prepared.open.len()], false, floor_ppm as i64);
    solver.solve(&prepared.open, lists);
    let prices = solver.prices();
    let proof = Proof {
        claim: Claim::Best,
        weighing,
        prices,
    };
    (solver.seats().count(), proof)
}

/// Returns the highest floor. `known` is one that fills as many places as can be filled above `min_fit_ppm`.
pub fn highest<M: Market>(prepared: &Prepared, min_fit_ppm: u64, known: u64, lists: &mut Lists<M>) -> Floor {
    let (most, proof) = fillable(prepared, min_fit_ppm, lists);
    let mut proofs = vec![proof];
    let (mut low, mut high) = (known, PPM + 1);
    if most == prepared.open.iter().sum::<u32>() as usize {
        // Every place is filled, so no floor can be above what the last place of a slot can get at best.
        for (slot, places) in prepared
            .open
            .iter()
            .enumerate()
            .filter(|(_, places)| **places > 0)
        {
            let last = lists.entry(slot, *places as usize - 1);
            high = high.min(last.map_or(0, |entry| entry.fit as u64) + 1);
        }
    }
    high = high.max(low + 1);
    let mut refuted = None;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let (filled, proof) = fillable(prepared, middle, lists);
        if filled == most {
            low = middle;
        } else {
            (high, refuted) = (middle, Some(proof));
        }
    }
    let refuted = refuted.unwrap_or_else(|| fillable(prepared, high, lists).1);
    proofs.push(Proof {
        claim: Claim::NotHigher,
        ..refuted
    });
    Floor { fit_ppm: low, proofs }
}
