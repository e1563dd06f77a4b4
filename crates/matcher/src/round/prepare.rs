//! Checks a round, and takes the pins out of it: they use up places and capacity, and the rest is to be decided.

use super::market::Market;
use super::problem::{Fault, MOST_PLACES, Pin, PinConflict, Round, Seat};
use crate::RankKey;
use crate::ppm::PPM;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// A checked round: what is left to decide beside the pins.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// For each slot the number of its deliverable.
    pub groups: Vec<u32>,
    /// The places of each slot that no pin takes.
    pub open: Vec<u32>,
    pub pinned: Vec<Seat>,
    /// The places that a worker has by pins.
    taken: HashMap<u128, u32>,
    /// The deliverables that are closed to a worker.
    barred: HashMap<u128, Vec<u32>>,
    barred_everywhere: HashSet<u128>,
    most_each: u32,
    past_ppm: u64,
    /// Pairs below this fit are not read.
    pub read_from_ppm: u64,
}

impl Prepared {
    /// Returns everything that is wrong with a round, if anything is.
    pub fn of(round: &Round, market: &impl Market) -> Result<Prepared, Vec<Fault>> {
        let mut faults = Vec::new();
        let (places, most) = (round.places(), MOST_PLACES);
        if places == 0 {
            faults.push(Fault::Empty);
        }
        if places > most || round.slots.len() > most {
            return Err(vec![Fault::TooManyPlaces { places, most }]);
        }
        if round.min_fit_ppm > PPM {
            faults.push(Fault::MinimumTooHigh);
        }
        let (mut deliverables, mut roles) = (HashMap::new(), HashMap::new());
        let mut groups = Vec::with_capacity(round.slots.len());
        for (slot, asked) in round.slots.iter().enumerate() {
            let next = deliverables.len() as u32;
            groups.push(*deliverables.entry(asked.deliverable).or_insert(next));
            let first = *roles.entry((asked.deliverable, asked.role)).or_insert(slot);
            if first != slot {
                faults.push(Fault::DuplicateSlot { slot, first });
            }
        }
        let mut prepared = Prepared {
            groups,
            open: round.slots.iter().map(|slot| slot.places.into()).collect(),
            pinned: Vec::new(),
            taken: HashMap::new(),
            barred: HashMap::new(),
            barred_everywhere: HashSet::new(),
            most_each: round.most_each,
            past_ppm: round.past_ppm,
            read_from_ppm: round.read_from_ppm(),
        };
        for pin in 0..round.pins.len() {
            if let Err(fault) = prepared.pin(round, market, pin) {
                faults.push(fault);
            }
        }
        for (ban, banned) in round.bans.iter().enumerate() {
            match banned
                .deliverable
                .map(|deliverable| deliverables.get(&deliverable))
            {
                None => drop(prepared.barred_everywhere.insert(banned.worker)),
                Some(Some(group)) => prepared.barred.entry(banned.worker).or_default().push(*group),
                Some(None) => faults.push(Fault::UnknownDeliverable { ban }),
            }
            let deliverable = |pin: &Pin| round.slots.get(pin.slot).map(|slot| slot.deliverable);
            let is_banned = |(_, pin): &(usize, &Pin)| {
                pin.worker == banned.worker && banned.deliverable.is_none_or(|d| deliverable(pin) == Some(d))
            };
            let pins = round.pins.iter().enumerate().filter(is_banned);
            faults.extend(pins.map(|(pin, _)| Fault::PinnedAndBanned { pin, ban }));
        }
        if faults.is_empty() {
            Ok(prepared)
        } else {
            Err(faults)
        }
    }

    fn pin(&mut self, round: &Round, market: &impl Market, pin: usize) -> Result<(), Fault> {
        let unknown = Fault::UnknownSlot { pin };
        let Pin { slot, worker } = round.pins.get(pin).copied().ok_or(unknown.clone())?;
        let asked = round.slots.get(slot).ok_or(unknown.clone())?;
        let group = self.group(slot);
        let earlier = |is_rival: &dyn Fn(&Pin) -> bool| round.pins.iter().take(pin).rposition(is_rival);
        let conflict = |earlier: Option<usize>, why| {
            let earlier = earlier.unwrap_or(pin);
            Fault::PinsConflict { pin, earlier, why }
        };
        let fit_ppm = match market.pair(slot, worker) {
            Err(gates) => return Err(Fault::PinFailsGates { pin, gates }),
            Ok(pair) if pair.fit_ppm < round.min_fit_ppm => {
                let fit_ppm = pair.fit_ppm;
                return Err(Fault::PinBelowMinimum { pin, fit_ppm });
            }
            Ok(pair) => pair.fit_ppm,
        };
        if self.is_barred(worker, group) {
            let same = |other: &Pin| other.worker == worker && self.group(other.slot) == group;
            return Err(conflict(earlier(&same), PinConflict::SameDeliverable));
        }
        let capacity = market.capacity(worker).min(self.most_each);
        if self.taken.get(&worker).copied().unwrap_or(0) >= capacity {
            let theirs = earlier(&|other| other.worker == worker);
            return Err(conflict(theirs, PinConflict::Capacity(capacity)));
        }
        match self.open.get_mut(slot).filter(|open| **open > 0) {
            Some(open) => *open -= 1,
            None => {
                let here = earlier(&|other| other.slot == slot);
                return Err(conflict(here, PinConflict::Places(asked.places)));
            }
        }
        *self.taken.entry(worker).or_default() += 1;
        self.barred.entry(worker).or_default().push(group);
        self.pinned.push(Seat {
            slot,
            worker,
            fit_ppm,
        });
        Ok(())
    }

    /// Returns the number of a slot's deliverable.
    pub fn group(&self, slot: usize) -> u32 {
        self.groups.get(slot).copied().unwrap_or(u32::MAX)
    }

    /// Returns what the past of a worker leaves of a fit.
    pub fn weighed_ppm(&self, worker: u128, fit_ppm: u64, market: &impl Market) -> u64 {
        match self.past_ppm {
            0 => fit_ppm,
            weight => market.past(worker).weighed_ppm(fit_ppm, weight),
        }
    }

    /// Returns a key with the weighed fit.
    pub fn weighed_key(&self, key: RankKey, market: &impl Market) -> RankKey {
        let weighed = self.weighed_ppm(key.candidate, key.fit_ppm.0, market);
        RankKey {
            fit_ppm: Reverse(weighed),
            ..key
        }
    }

    /// Returns how many places a worker may have beside the pins.
    pub fn capacity(&self, worker: u128, market: &impl Market) -> u32 {
        if self.barred_everywhere.contains(&worker) {
            return 0;
        }
        let all = market.capacity(worker).min(self.most_each);
        all.saturating_sub(self.taken.get(&worker).copied().unwrap_or(0))
    }

    /// Returns the deliverables that a ban or a pin closes to a worker.
    pub fn barred_groups(&self, worker: u128) -> &[u32] {
        self.barred.get(&worker).map_or(&[], Vec::as_slice)
    }

    pub fn is_barred(&self, worker: u128, group: u32) -> bool {
        self.barred_everywhere.contains(&worker) || self.barred_groups(worker).contains(&group)
    }
}
