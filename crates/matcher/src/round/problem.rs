//! What a round is asked, and what can be wrong with it.

use crate::coded::coded;
use crate::{EntryNo, Gate};

/// The most places that a round may have.
pub const MOST_PLACES: usize = 10_000;

coded! {
    /// What "best" means.
    Objective, OBJECTIVES {
        /// As many places filled as possible; of these answers the one with the largest sum of fits.
        FillThenFit = "fill_then_fit",
        /// The largest sum of fits.
        Fit = "fit",
        /// As many places filled as possible; then the lowest fit as high as possible; then the largest sum of fits.
        WorstFirst = "worst_first",
        /// No worker and no place would both rather have each other.
        Stable = "stable",
        /// As many complete teams as possible, nobody elsewhere; then the largest sum of fits.
        CompleteTeams = "complete_teams",
    }
}

/// A role of a deliverable, with its open places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub deliverable: u128,
    pub role: EntryNo,
    pub places: u16,
}

/// A worker who has to have a place in this slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    pub slot: usize,
    pub worker: u128,
}

/// A worker who must have no place in this deliverable, or in the whole round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ban {
    pub worker: u128,
    pub deliverable: Option<u128>,
}

/// A place that a worker has in an answer, with the fit as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat {
    pub slot: usize,
    pub worker: u128,
    pub fit_ppm: u64,
}

/// What is asked. A worker has at most one place in a deliverable, and at most as many as their capacity.
#[derive(Debug, Clone)]
pub struct Round {
    pub slots: Vec<Slot>,
    pub objective: Objective,
    /// Nobody is placed with a fit below this, whatever the past.
    pub min_fit_ppm: u64,
    pub pins: Vec<Pin>,
    pub bans: Vec<Ban>,
    /// The most places of one worker, where their capacity allows more.
    pub most_each: u32,
    /// Whether to refuse the round if a place would stay empty.
    pub fill_all: bool,
    /// How many nodes the search for complete teams may visit.
    pub most_nodes: usize,
    /// How much the past of workers weighs. With 0, fits count as they are.
    pub past_ppm: u64,
}

impl Round {
    /// A round with these slots and no further rules.
    pub fn new(slots: Vec<Slot>, objective: Objective) -> Round {
        Round {
            slots,
            objective,
            min_fit_ppm: 0,
            pins: Vec::new(),
            bans: Vec::new(),
            most_each: u32::MAX,
            fill_all: false,
            most_nodes: 2_000,
            past_ppm: 0,
        }
    }

    /// Returns the least weighed fit. The least fit is about fits as they are, so where the past weighs, lists begin with it
    /// instead.
    pub fn floor_ppm(&self) -> u64 {
        if self.past_ppm == 0 { self.min_fit_ppm } else { 0 }
    }

    /// Returns the least fit with which pairs are read from the market.
    pub fn read_from_ppm(&self) -> u64 {
        if self.past_ppm == 0 { 0 } else { self.min_fit_ppm }
    }

    pub fn places(&self) -> usize {
        self.slots.iter().map(|slot| usize::from(slot.places)).sum()
    }
}

/// Why pins can't hold together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinConflict {
    /// The same worker twice in a deliverable.
    SameDeliverable,
    /// More workers than the slot has places.
    Places(u16),
    /// More places than the worker's capacity.
    Capacity(u32),
}

/// Why a place stays empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyShort {
    /// Nobody passes the gates, or all who do are banned.
    NobodyPasses,
    /// Some pass, but none with the least fit. This is the best fit among them.
    BelowMinimum { best_fit_ppm: u64 },
    /// Some pass, and all of them have a place in this slot, in these, or by a pin.
    Taken { slots: Vec<usize> },
}

/// A slot with places that stay empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    pub slot: usize,
    pub empty: u32,
    pub why: WhyShort,
}

/// What is wrong with a round. Slots, pins and bans are named by their positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No slot, or no open place.
    Empty,
    TooManyPlaces {
        places: usize,
        most: usize,
    },
    /// The same role of the same deliverable twice.
    DuplicateSlot {
        slot: usize,
        first: usize,
    },
    /// A fit is at most 1,000,000.
    MinimumTooHigh,
    UnknownSlot {
        pin: usize,
    },
    UnknownDeliverable {
        ban: usize,
    },
    /// A pin contradicts an earlier one.
    PinsConflict {
        pin: usize,
        earlier: usize,
        why: PinConflict,
    },
    /// The worker does not pass these gates. Without gates, the worker is unknown.
    PinFailsGates {
        pin: usize,
        gates: Vec<Gate>,
    },
    /// A least fit of at most `fit_ppm` would allow it.
    PinBelowMinimum {
        pin: usize,
        fit_ppm: u64,
    },
    PinnedAndBanned {
        pin: usize,
        ban: usize,
    },
    /// Every place was to be filled, and these can't be.
    Unfilled(Vec<Shortage>),
}
