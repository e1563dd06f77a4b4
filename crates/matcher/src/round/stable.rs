//! The stable answer: no worker and no place would both rather have each other.
//!
//! Places ask workers in the order of the organization's side of the fit; workers keep the best of those who ask, by
//! their own side (deferred acceptance, Gale and Shapley 1962; with capacities and one place in each deliverable, Roth
//! 1984). Of all stable answers this is the best for the organizations.
//!
//! Where the past weighs, it takes a part off the organization's side. It changes nothing between the places of a worker.
//!
//! Ties: of equal workers, the organization takes the one that its ranking lists first; of equal places, a worker takes
//! the one of the earlier slot.

use super::lists::{Lists, on_all_cores};
use super::market::{Market, Order};
use super::prepare::Prepared;
use super::problem::Seat;
use crate::RankKey;
use crate::index::RankRange;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// A place that a worker keeps for now: how much they want it, and its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Wish {
    worker_ppm: u64,
    slot: Reverse<usize>,
}

/// A worker and a slot that would both rather have each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocking {
    pub slot: usize,
    pub worker: u128,
}

/// Returns the position among the places that a worker would give up for another one, if they have to give up any.
fn rival(held: &[Wish], slot: usize, capacity: u32, prepared: &Prepared) -> Option<usize> {
    let group = prepared.group(slot);
    let same = held.iter().position(|wish| prepared.group(wish.slot.0) == group);
    let least = || (0..held.len()).min_by_key(|i| held.get(*i).copied());
    same.or_else(|| {
        if held.len() < capacity as usize {
            None
        } else {
            least()
        }
    })
}

/// Returns the stable answer without the pins. The lists have to be in the organizations' order.
pub fn solve<M: Market>(prepared: &Prepared, min_fit_ppm: u64, lists: &mut Lists<M>) -> Vec<Seat> {
    let market = lists.market;
    let mut asking: VecDeque<usize> = prepared
        .open
        .iter()
        .enumerate()
        .flat_map(|(slot, places)| std::iter::repeat_n(slot, *places as usize))
        .collect();
    let mut asked = vec![0; prepared.open.len()];
    let mut held: BTreeMap<u128, (Vec<Wish>, Vec<u64>)> = BTreeMap::new();
    while let Some(slot) = asking.pop_front() {
        let Some(at) = asked.get_mut(slot) else { continue };
        let Some(entry) = lists.entry(slot, *at) else {
            // Nobody is left to ask: the place stays empty in every stable answer.
            continue;
        };
        *at += 1;
        let worker = lists.id(entry.person);
        let capacity = prepared.capacity(worker, market);
        let pair = market.pair(slot, worker).ok();
        let allowed = pair.filter(|pair| pair.fit_ppm >= min_fit_ppm);
        let allowed = allowed.filter(|_| capacity > 0 && !prepared.is_barred(worker, prepared.group(slot)));
        let Some(pair) = allowed else {
            asking.push_front(slot);
            continue;
        };
        let wish = Wish {
            worker_ppm: pair.worker_ppm,
            slot: Reverse(slot),
        };
        let (wishes, fits) = held.entry(worker).or_default();
        match rival(wishes, slot, capacity, prepared) {
            None => {
                wishes.push(wish);
                fits.push(pair.fit_ppm);
            }
            Some(at) => match wishes.get_mut(at).zip(fits.get_mut(at)) {
                Some((least, fit)) if *least < wish => {
                    asking.push_back(least.slot.0);
                    (*least, *fit) = (wish, pair.fit_ppm);
                }
                _ => asking.push_front(slot),
            },
        }
    }
    let seats = held.into_iter().flat_map(|(worker, (wishes, fits))| {
        let seat = move |(wish, fit_ppm): (Wish, u64)| Seat {
            slot: wish.slot.0,
            worker,
            fit_ppm,
        };
        wishes.into_iter().zip(fits).map(seat)
    });
    seats.collect()
}

/// Returns every pair that blocks an answer, and how many pairs were looked at. `seats` are those beside the pins.
///
/// A slot would rather have only those whom its list has before its last member, so one threshold query for each slot
/// finds them all. Nobody is weighed above their value, so that query misses nobody.
pub fn blocking<M: Market>(
    prepared: &Prepared,
    min_fit_ppm: u64,
    seats: &[Seat],
    market: &M,
) -> (Vec<Blocking>, usize) {
    let mut teams: Vec<Vec<RankKey>> = vec![Vec::new(); prepared.open.len()];
    let mut held: HashMap<u128, Vec<Wish>> = HashMap::new();
    for seat in seats {
        if let (Some(team), Ok(pair)) = (teams.get_mut(seat.slot), market.pair(seat.slot, seat.worker)) {
            team.push(prepared.weighed_key(pair.organization, market));
            held.entry(seat.worker).or_default().push(Wish {
                worker_ppm: pair.worker_ppm,
                slot: Reverse(seat.slot),
            });
        }
    }
    let of_slot = |slot: usize| {
        let places = prepared.open.get(slot).copied().unwrap_or(0) as usize;
        let (Some(team), true) = (teams.get(slot), places > 0) else {
            return (Vec::new(), 0);
        };
        let last = team.iter().max().filter(|_| team.len() >= places);
        let range = RankRange {
            min_fit_ppm: last.map_or(0, |key| key.fit_ppm.0),
            ..RankRange::best(usize::MAX)
        };
        let keys = market.ranked(slot, Order::Organization, range);
        let seen = keys.len();
        let better = keys
            .into_iter()
            .map(|key| prepared.weighed_key(key, market))
            .filter(|key| last.is_none_or(|last| key < last) && !team.contains(key));
        let blocks = |key: &RankKey| {
            let worker = key.candidate;
            let capacity = prepared.capacity(worker, market);
            if capacity == 0 || prepared.is_barred(worker, prepared.group(slot)) {
                return false;
            }
            let Ok(pair) = market.pair(slot, worker) else {
                return false;
            };
            let wish = Wish {
                worker_ppm: pair.worker_ppm,
                slot: Reverse(slot),
            };
            let own = held.get(&worker).map_or(&[][..], Vec::as_slice);
            let rival = rival(own, slot, capacity, prepared).and_then(|at| own.get(at));
            pair.fit_ppm >= min_fit_ppm && rival.is_none_or(|rival| *rival < wish)
        };
        let blocking = better.filter(blocks).map(|key| Blocking {
            slot,
            worker: key.candidate,
        });
        (blocking.collect(), seen)
    };
    let found: Vec<(Vec<Blocking>, usize)> = on_all_cores(prepared.open.len(), of_slot);
    let seen = found.iter().map(|(_, seen)| seen).sum();
    (
        found.into_iter().flat_map(|(blocking, _)| blocking).collect(),
        seen,
    )
}
