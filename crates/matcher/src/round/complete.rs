//! Complete teams only: as many deliverables as possible with all of their places filled, then the largest sum of fits.
//!
//! Called only where people are too few; otherwise the best assignment fills every place, and is the answer.
//!
//! Branch and bound over deliverables, best bound first. Two bounds, both exact integers:
//!
//! * the assignment in which a team's prize is paid place by place (it may pay for half a team);
//! * the Lagrangian: put a price on each worker's time, and let every deliverable buy its best complete team or nothing
//!   (Geoffrion 1974). The prices follow the subgradient (Held, Wolfe and Crowder 1974).
//!
//! Invariant: `bound` is never below the best value. It equals `value` if and only if the answer is proven to be the best.

#![expect(
    clippy::indexing_slicing,
    reason = "a hot loop: every number was given out by the vector that it indexes"
)]

use super::lists::{Entry, Lists};
use super::market::Market;
use super::prepare::Prepared;
use super::problem::{Round, Seat};
use super::solver::Solver;
use crate::ppm::PPM;
use std::collections::BinaryHeap;

/// How many subgradient steps the first node takes, and how many later ones.
const FIRST_STEPS: usize = 200;
const STEPS: usize = 24;
/// After so many steps without a better bound, steps get shorter.
const PATIENCE: usize = 8;
/// A step's length is counted in this unit.
const STEP: i128 = 1 << 20;

/// How the complete teams were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Search {
    /// How many teams were completed beside those that pins complete.
    pub teams: usize,
    pub nodes: usize,
    /// What a team counts beside its fits: more than twice all fits together.
    pub prize: i64,
    /// What the answer is worth, and the most that any answer can be worth.
    pub value: i128,
    pub bound: i128,
}

impl Search {
    pub fn is_best(&self) -> bool {
        self.value == self.bound
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Open,
    Must,
    Out,
}

/// A part of all answers: what is decided about each deliverable, and prices of time to begin with.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    upper: i128,
    fates: Vec<Fate>,
    prices: Vec<i64>,
}

struct Best {
    value: i128,
    seats: Vec<Seat>,
    teams: usize,
}

/// What the Lagrangian says about a node.
struct Bound {
    least: i128,
    /// For each deliverable how often it bought, and what its team was worth last.
    bought: Vec<usize>,
    worth: Vec<i64>,
    steps: usize,
}

struct Teams<'a, 'm, M> {
    prepared: &'a Prepared,
    lists: &'a mut Lists<'m, M>,
    floor: i64,
    prize: i64,
    /// The open slots and the open places of each deliverable.
    slots: Vec<Vec<usize>>,
    sizes: Vec<i64>,
    /// By the workers' numbers: capacity, and the deliverables that are closed to them.
    people: Vec<(i64, Vec<u32>)>,
}

/// Returns the answer beside the pins.
pub fn solve<M: Market>(round: &Round, prepared: &Prepared, lists: &mut Lists<M>) -> (Vec<Seat>, Search) {
    let mut teams = Teams::new(round, prepared, lists);
    let groups = teams.sizes.len();
    let fates = teams
        .sizes
        .iter()
        .map(|size| if *size == 0 { Fate::Out } else { Fate::Open })
        .collect();
    let mut best = Best {
        value: 0,
        seats: Vec::new(),
        teams: 0,
    };
    let mut open = BinaryHeap::from([Node {
        upper: i128::MAX,
        fates,
        prices: Vec::new(),
    }]);
    let (mut nodes, mut left) = (0, None);
    while let Some(Node { upper, fates, prices }) = open.pop() {
        if upper <= best.value {
            break;
        }
        if nodes >= round.most_nodes.max(1) {
            left = Some(upper);
            break;
        }
        nodes += 1;
        let Some((plain, half, own)) = teams.assign(&fates, &mut best) else {
            continue;
        };
        if plain <= best.value {
            continue;
        }
        // The assignment's own prices may be the better beginning, or those of the node above.
        let mut starts =
            [own, prices].map(|mut prices| (teams.bound(&fates, &mut prices, 1, best.value).least, prices));
        starts.sort();
        let [(_, mut prices), _] = starts;
        let steps = if nodes == 1 { FIRST_STEPS } else { STEPS };
        let bound = teams.bound(&fates, &mut prices, steps, best.value);
        let upper = upper.min(plain).min(bound.least);
        if upper <= best.value {
            continue;
        }
        if nodes % 16 == 1 {
            teams.greedy(&fates, &bound.worth, &mut best);
            if upper <= best.value {
                continue;
            }
        }
        let undecided = (0..groups).filter(|g| fates[*g] == Fate::Open);
        // The deliverable about which the prices are least certain, or that the assignment fills by half.
        let doubt = |g: &usize| (bound.bought[*g] * 2).abs_diff(bound.steps);
        let next = undecided.min_by_key(|g| (!half[*g], doubt(g), *g));
        let Some(next) = next else {
            // Everything is decided, so the assignment is exact.
            continue;
        };
        for fate in [Fate::Must, Fate::Out] {
            let mut fates = fates.clone();
            fates[next] = fate;
            open.push(Node {
                upper,
                fates,
                prices: prices.clone(),
            });
        }
    }
    let search = Search {
        teams: best.teams,
        nodes,
        prize: teams.prize,
        value: best.value,
        bound: left.unwrap_or(best.value).max(best.value),
    };
    (best.seats, search)
}

impl<'a, 'm, M: Market> Teams<'a, 'm, M> {
    fn new(round: &Round, prepared: &'a Prepared, lists: &'a mut Lists<'m, M>) -> Self {
        let groups = prepared.groups.iter().max().map_or(0, |last| *last as usize + 1);
        let (mut slots, mut sizes) = (vec![Vec::new(); groups], vec![0; groups]);
        for (slot, group) in prepared.groups.iter().enumerate() {
            if prepared.open[slot] > 0 {
                slots[*group as usize].push(slot);
                sizes[*group as usize] += i64::from(prepared.open[slot]);
            }
        }
        // Divisible by as many sizes as possible, so that paying it place by place needs no rounding up.
        let common = sizes.iter().filter(|size| **size > 0).fold(1, |all, size| {
            let both = all / gcd(all, *size) * size;
            if both <= 1_000_000_000 { both } else { all }
        });
        let more_than_fits = 2 * (round.places() as i64 + 1) * PPM as i64;
        Teams {
            prepared,
            lists,
            floor: round.floor_ppm() as i64,
            prize: (more_than_fits / common + 1) * common,
            slots,
            sizes,
            people: Vec::new(),
        }
    }

    /// Returns capacity and closed deliverables of a worker.
    fn person(&mut self, person: u32) -> &(i64, Vec<u32>) {
        while self.people.len() <= person as usize {
            let id = self.lists.id(self.people.len() as u32);
            let capacity = self.prepared.capacity(id, self.lists.market);
            let useful = i64::from(capacity).min(self.sizes.len() as i64);
            self.people
                .push((useful, self.prepared.barred_groups(id).to_vec()));
        }
        &self.people[person as usize]
    }

    /// Solves the assignment of a node. Returns its bound, the deliverables that it fills by half, and the prices of time;
    /// or `None` if a deliverable that must be complete can't be.
    fn assign(&mut self, fates: &[Fate], best: &mut Best) -> Option<(i128, Vec<bool>, Vec<i64>)> {
        let whole = self.sizes.iter().sum::<i64>() * PPM as i64 + self.prize;
        let share = |g: usize| (self.prize + self.sizes[g] - 1) / self.sizes[g].max(1);
        let fate = |slot: usize| fates[self.prepared.groups[slot] as usize];
        let slots = 0..self.prepared.open.len();
        // A place of a must counts more than everything else together.
        let paid = |slot: usize| match fate(slot) {
            Fate::Must => whole * fates.len() as i64,
            _ => share(self.prepared.groups[slot] as usize),
        };
        let filled: Vec<i64> = slots.clone().map(paid).collect();
        let wanted = |slot: usize| {
            if fate(slot) == Fate::Out {
                0
            } else {
                self.prepared.open[slot]
            }
        };
        let places: Vec<u32> = slots.map(wanted).collect();
        let mut solver = Solver::new(self.prepared, &filled, true, self.floor);
        solver.solve(&places, self.lists);
        let mut have = vec![0; fates.len()];
        let (mut bound, mut seats) = (0i128, Vec::new());
        for (slot, entry) in solver.seats() {
            have[self.prepared.groups[slot] as usize] += 1;
            bound += i128::from(entry.fit);
            seats.push((self.seat(slot, &entry), entry.fit));
        }
        for g in 0..fates.len() {
            bound += match fates[g] {
                Fate::Must if have[g] < self.sizes[g] => return None,
                Fate::Must => i128::from(self.prize),
                _ => i128::from(have[g]) * i128::from(share(g)),
            };
        }
        self.keep(seats, &have, best);
        let half = (0..fates.len())
            .map(|g| have[g] > 0 && have[g] < self.sizes[g])
            .collect();
        let mut prices = Vec::new();
        for (person, price) in solver.priced() {
            if prices.len() <= person as usize {
                prices.resize(person as usize + 1, 0);
            }
            prices[person as usize] = price;
        }
        Some((bound, half, prices))
    }

    fn seat(&self, slot: usize, entry: &Entry) -> Seat {
        Seat {
            slot,
            worker: self.lists.id(entry.person),
            fit_ppm: entry.plain.into(),
        }
    }

    /// Keeps the complete teams of an answer, with the weighed fits of its seats, if they beat the best known.
    fn keep(&self, mut seats: Vec<(Seat, i64)>, have: &[i64], best: &mut Best) {
        let is_complete = |g: usize| have[g] > 0 && have[g] == self.sizes[g];
        seats.retain(|(seat, _)| is_complete(self.prepared.groups[seat.slot] as usize));
        let teams = (0..have.len()).filter(|g| is_complete(*g)).count();
        let fits: i128 = seats.iter().map(|(_, weighed)| i128::from(*weighed)).sum();
        let value = fits + i128::from(self.prize) * teams as i128;
        if value > best.value {
            let seats = seats.into_iter().map(|(seat, _)| seat).collect();
            *best = Best { value, seats, teams };
        }
    }

    /// Completes one deliverable after the other, those first that are worth most at the prices.
    fn greedy(&mut self, fates: &[Fate], worth: &[i64], best: &mut Best) {
        let mut order: Vec<usize> = (0..fates.len()).filter(|g| fates[*g] != Fate::Out).collect();
        order.sort_by_key(|g| (fates[*g] != Fate::Must, -worth[*g], *g));
        let filled = vec![self.prize; self.prepared.open.len()];
        let mut solver = Solver::new(self.prepared, &filled, true, self.floor);
        let mut have = vec![0; fates.len()];
        for g in order {
            let mut more = solver.clone();
            let fill = |slot: &usize| more.fill(*slot, self.prepared.open[*slot], self.lists);
            if self.slots[g].iter().all(fill) {
                solver = more;
                have[g] = self.sizes[g];
            }
        }
        let seat = |(slot, entry): (usize, Entry)| (self.seat(slot, &entry), entry.fit);
        let seats = solver.seats().map(seat).collect();
        self.keep(seats, &have, best);
    }

    /// Takes subgradient steps on the prices of time, and leaves the best ones. Stops at a bound of at most `known`.
    fn bound(&mut self, fates: &[Fate], prices: &mut Vec<i64>, steps: usize, known: i128) -> Bound {
        let groups = fates.len();
        let mut found = Bound {
            least: i128::MAX,
            bought: vec![0; groups],
            worth: vec![0; groups],
            steps: 0,
        };
        let (mut kept, mut length, mut stale) = (prices.clone(), STEP, 0);
        for _ in 0..steps {
            let mut bound = 0;
            let mut used: Vec<i64> = Vec::new();
            found.steps += 1;
            for g in (0..groups).filter(|g| fates[*g] != Fate::Out) {
                let Some((worth, members)) = self.buy(g, prices) else {
                    if fates[g] == Fate::Must {
                        found.least = i128::MIN;
                        return found;
                    }
                    found.worth[g] = i64::MIN / 4;
                    continue;
                };
                found.worth[g] = worth + self.prize;
                if found.worth[g] > 0 || fates[g] == Fate::Must {
                    bound += i128::from(found.worth[g]);
                    found.bought[g] += 1;
                    for person in members {
                        let at = person as usize;
                        used.resize(used.len().max(at + 1), 0);
                        used[at] += 1;
                    }
                }
            }
            prices.resize(prices.len().max(used.len()), 0);
            used.resize(prices.len(), 0);
            let mut norm = 0;
            for (person, price) in prices.iter().enumerate() {
                let capacity = self.person(person as u32).0;
                bound += i128::from(*price) * i128::from(capacity);
                used[person] -= capacity;
                if *price == 0 {
                    used[person] = used[person].max(0);
                }
                norm += i128::from(used[person]).pow(2);
            }
            stale += 1;
            if bound < found.least {
                (found.least, stale) = (bound, 0);
                kept.clone_from(prices);
            }
            if found.least <= known || norm == 0 {
                break;
            }
            if stale > PATIENCE {
                (length, stale) = (length * 3 / 5, 0);
                prices.clone_from(&kept);
                used.resize(prices.len(), 0);
            }
            let gap = (bound - known).max(1);
            for (price, more) in prices.iter_mut().zip(&used) {
                let step = length * gap / (norm * STEP) * i128::from(*more);
                *price = (i128::from(*price) + step).clamp(0, i128::from(self.prize) * 2) as i64;
            }
        }
        *prices = kept;
        found
    }

    /// Returns the best complete team of a deliverable at prices of time: its worth without the prize, and its members.
    fn buy(&mut self, g: usize, prices: &[i64]) -> Option<(i64, Vec<u32>)> {
        let size = self.sizes[g] as usize;
        let (mut people, mut rows) = (Vec::<u32>::new(), Vec::new());
        for i in 0..self.slots[g].len() {
            let slot = self.slots[g][i];
            let mut top: Vec<(i64, u32)> = Vec::with_capacity(size + 1);
            let mut at = 0;
            while let Some(entry) = self.lists.entry(slot, at) {
                // Prices are not negative, so nobody further down can be better.
                let is_full = top.len() == size && top.last().is_some_and(|last| entry.fit <= last.0);
                if is_full || entry.fit < self.floor {
                    break;
                }
                at += 1;
                let (capacity, barred) = self.person(entry.person);
                if *capacity == 0 || barred.contains(&(g as u32)) {
                    continue;
                }
                let net = entry.fit - prices.get(entry.person as usize).copied().unwrap_or(0);
                let place = top.partition_point(|better| better.0 >= net);
                top.insert(place, (net, entry.person));
                top.truncate(size);
            }
            let mut row = Vec::with_capacity(top.len());
            for (net, person) in top {
                let column = people
                    .iter()
                    .position(|known| *known == person)
                    .unwrap_or_else(|| {
                        people.push(person);
                        people.len() - 1
                    });
                row.push((column, net));
            }
            for _ in 0..self.prepared.open[slot] {
                rows.push(row.clone());
            }
        }
        let (worth, columns) = assignment(&rows, people.len())?;
        Some((worth, columns.into_iter().map(|column| people[column]).collect()))
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Returns the best assignment of a column to every row (the Hungarian method, Kuhn 1955), or `None` if there is none.
/// Rows have their columns with what these are worth.
fn assignment(rows: &[Vec<(usize, i64)>], columns: usize) -> Option<(i64, Vec<usize>)> {
    const NEVER: i64 = i64::MAX / 1_000_000;
    if rows.len() > columns {
        return None;
    }
    let mut costs = vec![vec![NEVER; columns + 1]; rows.len() + 1];
    for (i, row) in rows.iter().enumerate() {
        for (column, worth) in row {
            costs[i + 1][column + 1] = -worth;
        }
    }
    // Rows and columns count from 1; column 0 stands for the row that is being placed.
    let (mut of_row, mut of_column) = (vec![0; rows.len() + 1], vec![0; columns + 1]);
    let (mut holder, mut way) = (vec![0; columns + 1], vec![0; columns + 1]);
    for row in 1..=rows.len() {
        holder[0] = row;
        let mut at = 0;
        let (mut least, mut is_done) = (vec![i64::MAX; columns + 1], vec![false; columns + 1]);
        while holder[at] != 0 {
            is_done[at] = true;
            let (mut by, mut next) = (i64::MAX, 0);
            for column in (1..=columns).filter(|column| !is_done[*column]) {
                let reduced = costs[holder[at]][column] - of_row[holder[at]] - of_column[column];
                if reduced < least[column] {
                    (least[column], way[column]) = (reduced, at);
                }
                if least[column] < by {
                    (by, next) = (least[column], column);
                }
            }
            for column in 0..=columns {
                if is_done[column] {
                    of_row[holder[column]] += by;
                    of_column[column] -= by;
                } else {
                    least[column] = least[column].saturating_sub(by);
                }
            }
            at = next;
        }
        while at != 0 {
            holder[at] = holder[way[at]];
            at = way[at];
        }
    }
    let mut chosen = vec![0; rows.len()];
    let mut worth = 0;
    for column in (1..=columns).filter(|column| holder[*column] != 0) {
        let cost = costs[holder[column]][column];
        if cost == NEVER {
            return None;
        }
        worth -= cost;
        chosen[holder[column] - 1] = column - 1;
    }
    Some((worth, chosen))
}
