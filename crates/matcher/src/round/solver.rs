//! The best assignment: one shortest path for each place, with the ranked lists inside the search.
//!
//! Somebody with time left costs nothing, so the best of them for a slot is simply the next one of its list. A slot
//! needs only the beginning of its list: those who can't be had for nothing (`blocked`), and the first who can. Everybody
//! later fits less well than that one, and costs at least as much. So no worker beyond is ever needed, and the whole
//! population is priced without being read.
//!
//! The state is a price for each slot, and who holds what. A pair's worth is the fit plus what a filled place counts.
//! What a worker keeps of a place is its worth less the slot's price. The price of a worker's time follows: the least
//! that they keep of any place if they are full, else nothing; inside a deliverable where they have a place, what they
//! keep of that.
//!
//! Invariants: a slot's price is at least what any worker would bring beyond the price of their time, and equals it for
//! those who hold a place. An empty place has price 0. So the assignment is the best (complementary slackness).
//! Paths start at slots, so prices of slots are the highest that prove the assignment: a price is exactly what the
//! assignment would lose with one place of the slot less.

#![expect(
    clippy::indexing_slicing,
    reason = "a hot loop: every number was given out by the vector that it indexes"
)]

use super::lists::{Entry, Lists};
use super::market::Market;
use super::prepare::Prepared;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// More than any distance.
const FAR: i64 = i64::MAX / 4;
const NOBODY: u32 = u32::MAX;

/// A slot as the solver sees it.
#[derive(Debug, Clone, Default)]
struct Slot {
    group: u32,
    /// What a filled place counts beside the fit.
    filled: i64,
    price: i64,
    held: Vec<Entry>,
    empty: u32,
    /// The best of the list, who can't be had for nothing.
    blocked: Vec<Entry>,
    /// The position in the list after them.
    at: usize,
}

#[derive(Debug, Clone, Copy)]
struct Hold {
    slot: u32,
    fit: i64,
}

#[derive(Debug, Clone, Default)]
struct Person {
    is_known: bool,
    capacity: u32,
    /// Deliverables that are closed to this worker.
    barred: Vec<u32>,
    holds: Vec<Hold>,
    /// The price of a place of their time, if they are full.
    price: i64,
    /// The distance at which the search has reached them.
    reach: i64,
}

impl Person {
    fn is_full(&self) -> bool {
        self.holds.len() >= self.capacity as usize
    }
}

/// Where the shortest way to a slot comes from: the worker of `by` leaves it for the slot `from`.
#[derive(Debug, Clone, Copy)]
struct Label {
    distance: i64,
    from: u32,
    by: Entry,
}

const UNREACHED: Label = Label {
    distance: FAR,
    from: NOBODY,
    by: Entry {
        fit: 0,
        plain: 0,
        person: NOBODY,
    },
};

/// A worker takes a place, and leaves another one if they had to.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub entry: Entry,
    pub leaves: Option<u32>,
    pub takes: u32,
}

/// A shortest path, from its end back to the slot where it began.
#[derive(Debug, Clone)]
pub struct Path {
    pub distance: i64,
    pub steps: Vec<Step>,
    /// The slot in which a place stays empty.
    pub emptied: Option<u32>,
}

#[derive(Debug, Clone)]
pub struct Solver {
    prepared: Prepared,
    by_fit: bool,
    floor: i64,
    slots: Vec<Slot>,
    people: Vec<Person>,
    labels: Vec<Label>,
    /// What the search has reached.
    touched: Vec<u32>,
    reached: Vec<u32>,
    /// How many slots the searches have settled.
    pub settled: u64,
}

impl Solver {
    /// Starts with every place empty and undecided. `filled` is what a filled place of each slot counts beside the fit,
    /// which itself counts only if `by_fit`. Pairs below `floor` don't exist.
    pub fn new(prepared: &Prepared, filled: &[i64], by_fit: bool, floor: i64) -> Solver {
        let slot = |(group, filled): (&u32, &i64)| Slot {
            group: *group,
            filled: *filled,
            ..Slot::default()
        };
        let slots: Vec<Slot> = prepared.groups.iter().zip(filled).map(slot).collect();
        Solver {
            by_fit,
            floor,
            labels: vec![UNREACHED; slots.len()],
            slots,
            people: Vec::new(),
            touched: Vec::new(),
            reached: Vec::new(),
            settled: 0,
            prepared: prepared.clone(),
        }
    }

    /// Decides about this many places of each slot.
    pub fn solve<M: Market>(&mut self, places: &[u32], lists: &mut Lists<M>) {
        for (slot, places) in places.iter().enumerate() {
            for _ in 0..*places {
                self.place(slot, lists);
            }
        }
        for slot in 0..self.slots.len() {
            if self.is_untouched(slot) {
                self.slots[slot].price = self.best_offer(slot, lists);
            }
        }
    }

    /// Fills more places of a slot. Returns whether no place stays empty, here or elsewhere.
    pub fn fill<M: Market>(&mut self, slot: usize, places: u32, lists: &mut Lists<M>) -> bool {
        (0..places).all(|_| self.place(slot, lists).1.emptied.is_none())
    }

    fn worth(&self, slot: usize, fit: i64) -> i64 {
        self.slots[slot].filled + if self.by_fit { fit } else { 0 }
    }

    /// What a worker keeps of a place.
    fn kept(&self, hold: &Hold) -> i64 {
        self.worth(hold.slot as usize, hold.fit) - self.slots[hold.slot as usize].price
    }

    fn is_untouched(&self, slot: usize) -> bool {
        self.slots[slot].held.is_empty() && self.slots[slot].empty == 0
    }

    /// Returns a worker's state, which is made when they are first met.
    fn meet<M: Market>(&mut self, person: u32, lists: &Lists<M>) -> &Person {
        let at = person as usize;
        if self.people.len() <= at {
            self.people.resize_with(at + 1, Person::default);
        }
        if !self.people[at].is_known {
            let id = lists.id(person);
            self.people[at] = Person {
                is_known: true,
                capacity: self.prepared.capacity(id, lists.market),
                barred: self.prepared.barred_groups(id).to_vec(),
                reach: FAR,
                ..Person::default()
            };
        }
        &self.people[at]
    }

    fn hold_in(&self, person: &Person, group: u32) -> Option<Hold> {
        let mut holds = person.holds.iter();
        holds
            .find(|hold| self.slots[hold.slot as usize].group == group)
            .copied()
    }

    /// Returns the best worker of a slot's list who can have a place for nothing. Those before them stay blocked: who is
    /// full stays full, and who has a place in the deliverable keeps one there until they are full.
    fn free<M: Market>(&mut self, slot: usize, lists: &mut Lists<M>) -> Option<Entry> {
        loop {
            let entry = lists.entry(slot, self.slots[slot].at)?;
            if entry.fit < self.floor {
                return None;
            }
            self.meet(entry.person, lists);
            let (person, group) = (&self.people[entry.person as usize], self.slots[slot].group);
            let may = person.capacity > 0 && !person.barred.contains(&group);
            if may && !person.is_full() && self.hold_in(person, group).is_none() {
                return Some(entry);
            }
            if may {
                self.slots[slot].blocked.push(entry);
            }
            self.slots[slot].at += 1;
        }
    }

    /// Returns the most that anybody would bring to a slot beyond the price of their time.
    fn best_offer<M: Market>(&mut self, slot: usize, lists: &mut Lists<M>) -> i64 {
        let free = self.free(slot, lists);
        let mut best = free.map_or(0, |entry| self.worth(slot, entry.fit).max(0));
        for entry in &self.slots[slot].blocked {
            let worth = self.worth(slot, entry.fit);
            if worth <= best {
                break;
            }
            let person = &self.people[entry.person as usize];
            if person.capacity > 0 {
                let hold = self.hold_in(person, self.slots[slot].group);
                best = best.max(worth - hold.map_or(person.price, |hold| self.kept(&hold)));
            }
        }
        best
    }

    /// Decides about one more place of a slot, along the shortest path to somebody free or to a place that is best
    /// left empty. Returns what the value gains, and the path.
    fn place<M: Market>(&mut self, slot: usize, lists: &mut Lists<M>) -> (i64, Path) {
        if self.is_untouched(slot) {
            self.slots[slot].price = self.best_offer(slot, lists);
        }
        let before = self.slots[slot].price;
        let path = self.search(slot, NOBODY, lists);
        for i in 0..self.touched.len() {
            let near = self.touched[i] as usize;
            self.slots[near].price -= (path.distance - self.labels[near].distance).max(0);
        }
        for step in &path.steps {
            self.take(step, lists);
        }
        if let Some(emptied) = path.emptied {
            self.slots[emptied as usize].empty += 1;
        }
        for i in 0..self.touched.len() {
            let near = self.touched[i] as usize;
            for j in 0..self.slots[near].held.len() {
                self.reprice(self.slots[near].held[j].person);
            }
        }
        self.forget();
        (before - path.distance, path)
    }

    fn take<M: Market>(&mut self, step: &Step, lists: &Lists<M>) {
        self.meet(step.entry.person, lists);
        if let Some(left) = step.leaves {
            self.slots[left as usize]
                .held
                .retain(|held| held.person != step.entry.person);
        }
        self.slots[step.takes as usize].held.push(step.entry);
        let holds = &mut self.people[step.entry.person as usize].holds;
        holds.retain(|hold| Some(hold.slot) != step.leaves);
        holds.push(Hold {
            slot: step.takes,
            fit: step.entry.fit,
        });
    }

    fn reprice(&mut self, person: u32) {
        let person = person as usize;
        let is_full = self.people[person].is_full();
        let least = self.people[person].holds.iter().map(|hold| self.kept(hold)).min();
        self.people[person].price = least.filter(|_| is_full).unwrap_or(0);
    }

    fn forget(&mut self) {
        for slot in self.touched.drain(..) {
            self.labels[slot as usize] = UNREACHED;
        }
        for person in self.reached.drain(..) {
            self.people[person as usize].reach = FAR;
        }
    }

    /// Dijkstra's search over slots, by what a step loses at the present prices; cut off at the nearest end. One worker
    /// may be left out. The labels stay until [`Solver::forget`].
    fn search<M: Market>(&mut self, from: usize, without: u32, lists: &mut Lists<M>) -> Path {
        let (mut best, mut end) = (FAR, (from, None));
        let mut ahead = BinaryHeap::new();
        self.reach(from, UNREACHED, 0, &mut ahead);
        while let Some(Reverse((distance, slot))) = ahead.pop() {
            let slot = slot as usize;
            if distance >= best {
                break;
            }
            if distance > self.labels[slot].distance {
                continue;
            }
            self.settled += 1;
            // What is lost up to here, and by leaving a place of this slot empty.
            let empty = distance + self.slots[slot].price;
            if let Some(entry) = self.free(slot, lists) {
                let lost = empty - self.worth(slot, entry.fit);
                if lost < best {
                    (best, end) = (lost, (slot, Some(entry)));
                }
            }
            if empty < best {
                (best, end) = (empty, (slot, None));
            }
            let blocked = std::mem::take(&mut self.slots[slot].blocked);
            for entry in &blocked {
                let before = empty - self.worth(slot, entry.fit);
                if before >= best {
                    break;
                }
                let person = &self.people[entry.person as usize];
                if entry.person == without || person.capacity == 0 {
                    continue;
                }
                if let Some(hold) = self.hold_in(person, self.slots[slot].group) {
                    let label = Label {
                        distance: 0,
                        from: slot as u32,
                        by: *entry,
                    };
                    let lost = before + self.kept(&hold);
                    self.reach(hold.slot as usize, label, lost, &mut ahead);
                    continue;
                }
                let lost = before + person.price;
                if !person.is_full() {
                    if lost < best {
                        (best, end) = (lost, (slot, Some(*entry)));
                    }
                } else if lost < best && lost < person.reach {
                    self.reached.push(entry.person);
                    self.people[entry.person as usize].reach = lost;
                    for i in 0..self.people[entry.person as usize].holds.len() {
                        let hold = self.people[entry.person as usize].holds[i];
                        let label = Label {
                            distance: 0,
                            from: slot as u32,
                            by: *entry,
                        };
                        let lost = before + self.kept(&hold);
                        self.reach(hold.slot as usize, label, lost, &mut ahead);
                    }
                }
            }
            self.slots[slot].blocked = blocked;
        }
        self.path(from, best, end)
    }

    fn reach(
        &mut self,
        slot: usize,
        label: Label,
        distance: i64,
        ahead: &mut BinaryHeap<Reverse<(i64, u32)>>,
    ) {
        let known = self.labels[slot].distance;
        if distance < known {
            if known == FAR {
                self.touched.push(slot as u32);
            }
            self.labels[slot] = Label { distance, ..label };
            ahead.push(Reverse((distance, slot as u32)));
        }
    }

    fn path(&self, from: usize, distance: i64, (last, entry): (usize, Option<Entry>)) -> Path {
        let mut steps = Vec::new();
        steps.extend(entry.map(|entry| Step {
            entry,
            leaves: None,
            takes: last as u32,
        }));
        let mut at = last;
        while at != from {
            let Label { from, by, .. } = self.labels[at];
            steps.push(Step {
                entry: by,
                leaves: Some(at as u32),
                takes: from,
            });
            at = from as usize;
        }
        Path {
            distance,
            steps,
            emptied: entry.is_none().then_some(last as u32),
        }
    }

    /// Takes a worker out altogether, and decides about their places anew. Returns what the value loses, and the paths.
    pub fn withdraw<M: Market>(&mut self, person: u32, lists: &mut Lists<M>) -> (i64, Vec<Path>) {
        self.meet(person, lists);
        let gone = &mut self.people[person as usize];
        gone.capacity = 0;
        let holds = std::mem::take(&mut gone.holds);
        let (mut lost, mut paths) = (0, Vec::new());
        for hold in &holds {
            let slot = &mut self.slots[hold.slot as usize];
            slot.held.retain(|held| held.person != person);
            lost += self.worth(hold.slot as usize, hold.fit);
        }
        for hold in holds {
            let (gained, path) = self.place(hold.slot as usize, lists);
            lost -= gained;
            paths.push(path);
        }
        (lost, paths)
    }

    /// Returns what the value would lose without a worker, and the paths that mend it. Nothing changes.
    pub fn without<M: Market>(&mut self, person: u32, lists: &mut Lists<M>) -> (i64, Vec<Path>) {
        self.meet(person, lists);
        let who = &self.people[person as usize];
        match who.holds.first().copied() {
            None => (0, Vec::new()),
            // The only place of somebody full: nobody else is set free, so one search is enough.
            Some(hold) if who.capacity == 1 => {
                let kept = self.kept(&hold);
                let path = self.search(hold.slot as usize, person, lists);
                self.forget();
                (kept + path.distance, vec![path])
            }
            Some(_) => self.clone().withdraw(person, lists),
        }
    }

    /// Returns every filled place.
    pub fn seats(&self) -> impl Iterator<Item = (usize, Entry)> {
        let slots = self.slots.iter().enumerate();
        slots.flat_map(|(i, slot)| slot.held.iter().map(move |entry| (i, *entry)))
    }

    pub fn empty(&self, slot: usize) -> u32 {
        self.slots[slot].empty
    }

    pub fn price(&self, slot: usize) -> i64 {
        self.slots[slot].price
    }

    /// Returns the price of each slot.
    pub fn prices(&self) -> Vec<i64> {
        self.slots.iter().map(|slot| slot.price).collect()
    }

    /// Returns the workers whose time has a price.
    pub fn priced(&self) -> impl Iterator<Item = (u32, i64)> {
        let people = self.people.iter().enumerate();
        people
            .filter(|(_, p)| p.price > 0)
            .map(|(i, p)| (i as u32, p.price))
    }

    /// Returns what it costs in price to take a worker for a slot: nothing if they have time left.
    pub fn price_of<M: Market>(&mut self, slot: usize, person: u32, lists: &Lists<M>) -> i64 {
        self.meet(person, lists);
        let who = &self.people[person as usize];
        let hold = self.hold_in(who, self.slots[slot].group);
        hold.map_or(who.price, |hold| self.kept(&hold))
    }

    /// Returns the slots in which a worker has a place.
    pub fn places_of(&self, person: u32) -> impl Iterator<Item = usize> {
        let who = self.people.get(person as usize);
        who.into_iter()
            .flat_map(|who| who.holds.iter().map(|hold| hold.slot as usize))
    }

    /// The memory of the state, without the lists.
    pub fn bytes(&self) -> usize {
        let slot = |slot: &Slot| (slot.held.capacity() + slot.blocked.capacity()) * size_of::<Entry>();
        let slots: usize = self.slots.iter().map(slot).sum();
        let people = self.people.len() * size_of::<Person>();
        slots + people + self.slots.len() * (size_of::<Slot>() + size_of::<Label>())
    }
}
