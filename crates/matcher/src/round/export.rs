//! Writes a round out in full, for the audit.

use super::audit::{Aim, Answer, Exported, Scanned, Suits};
use super::market::{IndexMarket, Market, Pair};
use super::past::Past;
use super::problem::{Objective, Round, Seat};
use super::proof::Proof;
use crate::{Candidate, RankKey};

impl Round {
    pub fn export(&self) -> Exported {
        Exported {
            aim: match self.objective {
                Objective::FillThenFit => Aim::FillThenFit,
                Objective::Fit => Aim::Fit,
                Objective::WorstFirst => Aim::WorstFirst,
                Objective::Stable => Aim::Stable,
                Objective::CompleteTeams => Aim::CompleteTeams,
            },
            slots: self
                .slots
                .iter()
                .map(|slot| (slot.deliverable, slot.places.into()))
                .collect(),
            min_fit_ppm: self.min_fit_ppm,
            most_each: self.most_each,
            pins: self.pins.iter().map(|pin| (pin.slot, pin.worker)).collect(),
            bans: self
                .bans
                .iter()
                .map(|ban| (ban.worker, ban.deliverable))
                .collect(),
            past_ppm: self.past_ppm,
        }
    }
}

/// Writes an answer out for the audit.
pub fn answer(seats: &[Seat], proofs: &[Proof]) -> Answer {
    Answer {
        seats: seats
            .iter()
            .map(|seat| (seat.slot, seat.worker, seat.fit_ppm))
            .collect(),
        prices: proofs.iter().map(|proof| proof.prices.clone()).collect(),
    }
}

/// Writes a pair out for the audit.
pub fn suits(slot: usize, pair: &Pair) -> Suits {
    let RankKey { fit_ppm, tie, .. } = pair.organization;
    Suits {
        slot,
        fit_ppm: pair.fit_ppm,
        organization_ppm: fit_ppm.0,
        tie,
        worker_ppm: pair.worker_ppm,
    }
}

impl IndexMarket<'_> {
    /// Assesses a worker for every slot by the plain scan, one pair after the other.
    pub fn scan(&self, candidate: &Candidate) -> Scanned {
        let passed = |slot: usize| Some(suits(slot, &self.assess(slot, candidate).ok()?));
        let Past { placed, passed_over } = self.past(candidate.id);
        Scanned {
            placed,
            passed_over,
            id: candidate.id,
            capacity: self.capacity(candidate.id),
            suits: (0..self.slots().len()).filter_map(passed).collect(),
        }
    }
}
