//! The beginnings of ranked lists, read as far as needed and kept. Workers get small numbers here.

use super::market::{Market, Order};
use super::problem::Round;
use crate::RankKey;
use crate::index::RankRange;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many a list begins with, beside those that the slot has places for. Later parts double it.
const FIRST: usize = 12;

/// A worker in the list of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What the past leaves of the fit.
    pub fit: i64,
    /// The fit as it is.
    pub plain: u32,
    pub person: u32,
}

/// The lists of all slots. They serve any number of solutions, as long as the market stays the same.
pub struct Lists<'m, M> {
    pub market: &'m M,
    order: Order,
    past_ppm: u64,
    /// Only pairs with at least this fit are read.
    read_from_ppm: u64,
    lists: Vec<List>,
    numbers: HashMap<u128, u32>,
    ids: Vec<u128>,
    /// How often the market was asked.
    pub calls: usize,
}

struct List {
    entries: Vec<Entry>,
    /// By their weighed keys those who were read, but may come after somebody who was not; with their fits.
    ahead: BinaryHeap<Reverse<(RankKey, u64)>>,
    read: usize,
    first: usize,
    last: Option<RankKey>,
    is_whole: bool,
}

impl List {
    /// How many to read next.
    fn next(&self) -> usize {
        self.first.max(self.read)
    }
}

impl<'m, M: Market> Lists<'m, M> {
    /// Reads the beginning of each list, on all cores. `places` has the places of each slot.
    pub fn new(market: &'m M, order: Order, places: &[u32]) -> Lists<'m, M> {
        Lists::begin(market, order, places, (0, 0))
    }

    /// Reads the lists of a round, in the order of the weighed fits.
    pub fn of_round(market: &'m M, order: Order, places: &[u32], round: &Round) -> Lists<'m, M> {
        let read_from_ppm = match order {
            Order::Fit => round.read_from_ppm(),
            Order::Organization => 0,
        };
        Lists::begin(market, order, places, (round.past_ppm, read_from_ppm))
    }

    /// Returns whether these lists serve a round, too.
    pub fn serve(&self, round: &Round) -> bool {
        (self.past_ppm, self.read_from_ppm) == (round.past_ppm, round.read_from_ppm())
    }

    fn begin(
        market: &'m M,
        order: Order,
        places: &[u32],
        (past_ppm, read_from_ppm): (u64, u64),
    ) -> Lists<'m, M> {
        let list = |places: &u32| List {
            entries: Vec::new(),
            ahead: BinaryHeap::new(),
            read: 0,
            first: FIRST + *places as usize,
            last: None,
            is_whole: false,
        };
        let mut lists = Lists {
            market,
            order,
            past_ppm,
            read_from_ppm,
            lists: places.iter().map(list).collect(),
            numbers: HashMap::new(),
            ids: Vec::new(),
            calls: 0,
        };
        let begin = |slot: usize| lists.lists.get(slot).map(|list| lists.read(slot, list));
        for (slot, keys) in on_all_cores(places.len(), begin).into_iter().enumerate() {
            lists.keep(slot, keys.unwrap_or_default());
        }
        lists
    }

    fn read(&self, slot: usize, list: &List) -> Vec<RankKey> {
        let range = RankRange {
            limit: list.next(),
            after: list.last,
            min_fit_ppm: self.read_from_ppm,
        };
        self.market.ranked(slot, self.order, range)
    }

    fn keep(&mut self, slot: usize, keys: Vec<RankKey>) {
        self.calls += 1;
        let Some(list) = self.lists.get_mut(slot) else {
            return;
        };
        list.is_whole = keys.len() < list.next();
        list.read += keys.len();
        list.last = keys.last().copied().or(list.last);
        let (numbers, ids) = (&mut self.numbers, &mut self.ids);
        let mut entry = |key: RankKey, plain: u64| Entry {
            fit: key.fit_ppm.0 as i64,
            plain: plain as u32,
            person: *numbers.entry(key.candidate).or_insert_with(|| {
                ids.push(key.candidate);
                ids.len() as u32 - 1
            }),
        };
        if self.past_ppm == 0 {
            let entries = keys.into_iter().map(|key| entry(key, key.fit_ppm.0));
            list.entries.extend(entries);
            return;
        }
        for key in keys {
            let past = self.market.past(key.candidate);
            let weighed = RankKey {
                fit_ppm: Reverse(past.weighed_ppm(key.fit_ppm.0, self.past_ppm)),
                ..key
            };
            list.ahead.push(Reverse((weighed, key.fit_ppm.0)));
        }
        // Nobody is weighed above their fit: who isn't read yet comes after the last who is.
        while let Some(Reverse((key, _))) = list.ahead.peek() {
            if !list.is_whole && list.last.is_some_and(|last| *key > last) {
                break;
            }
            if let Some(Reverse((key, plain))) = list.ahead.pop() {
                list.entries.push(entry(key, plain));
            }
        }
    }

    /// Returns the entry at this position of a slot's list, or `None` after its end.
    #[inline]
    pub fn entry(&mut self, slot: usize, at: usize) -> Option<Entry> {
        loop {
            let list = self.lists.get(slot)?;
            if at < list.entries.len() || list.is_whole {
                return list.entries.get(at).copied();
            }
            let keys = self.read(slot, list);
            self.keep(slot, keys);
        }
    }

    pub fn id(&self, person: u32) -> u128 {
        self.ids.get(person as usize).copied().unwrap_or_default()
    }

    /// Returns the number of a worker who was met in a list.
    pub fn number(&self, worker: u128) -> Option<u32> {
        self.numbers.get(&worker).copied()
    }

    /// Returns how many entries were read.
    pub fn read_entries(&self) -> usize {
        self.lists.iter().map(|list| list.read).sum()
    }
}

/// Computes a value for each number below `count`, on all cores if there are many.
pub fn on_all_cores<T: Send>(count: usize, value: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = match count {
        ..64 => 1,
        _ => std::thread::available_parallelism().map_or(1, usize::from),
    };
    if threads == 1 {
        return (0..count).map(value).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let numbers = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)));
        let own = numbers.take_while(|i| *i < count).map(|i| (i, value(i)));
        own.collect::<Vec<(usize, T)>>()
    };
    let mut all: Vec<(usize, T)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined
            .flat_map(|own| own.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    all.sort_unstable_by_key(|(i, _)| *i);
    all.into_iter().map(|(_, value)| value).collect()
}
