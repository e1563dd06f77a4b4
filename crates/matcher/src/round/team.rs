//! One team: the best people for all open places of a deliverable at once, who can meet and don't all come from one
//! employer.
//!
//! First a depth-first search over the ranked lists, best people first, cut off where even everybody's first choices
//! could not reach the second best team found. It nearly always ends. If it visits too many nodes, its best is the bar
//! for an enumeration over sets of day-parts: every team with `m` common day-parts has a set of exactly `m` of them;
//! within one set, a place needs only the first people of its list: twice as many as the team has members, of whom at
//! most `n + 1` of one employer count. Of these at least two are neither members nor barred by the employers of the
//! others. So if somebody later were a member, two teams would be at least as good. Both ways are exact, for the
//! runner-up, too, unless the steps run out; then the answer says so.

use super::lists::Lists;
use super::market::{Market, Order};
use super::prepare::Prepared;
use super::problem::{Fault, Objective, Pin, PinConflict, Round, Seat, Slot};
use std::collections::{HashMap, HashSet};

/// Every day-part of a week.
const WEEK: u32 = (1 << 21) - 1;

/// What matters of a worker for meeting, beside the fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// When they have time. Somebody who has not answered may have time at any.
    pub day_parts: u32,
    /// `None` is nobody else's.
    pub employer: Option<u64>,
}

/// The question for a team. The slots are those of one deliverable.
#[derive(Debug, Clone)]
pub struct TeamRound {
    pub slots: Vec<Slot>,
    /// When the team may meet. 0 allows any time.
    pub day_parts: u32,
    /// How many day-parts all members have to share.
    pub common: u32,
    pub most_of_employer: u32,
    pub min_fit_ppm: u64,
    pub pins: Vec<Pin>,
    /// Workers who are left out by a rule.
    pub bans: Vec<u128>,
    /// Workers who can't be in a team with the others, whatever the rules.
    pub left_out: Vec<u128>,
    /// Members already. They have to be able to meet, too, and get no further place.
    pub agreed: Vec<u128>,
    /// After so many nodes the search goes on by sets of day-parts.
    pub most_nodes: u64,
    /// How many entries and nodes that may take. All searches of a question share it.
    pub most_steps: u64,
}

/// A complete team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Without the members who had agreed before.
    pub seats: Vec<Seat>,
    pub fit_ppm: u64,
    /// When all can meet.
    pub day_parts: u32,
}

/// A rule that could be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Easing {
    Meeting,
    Employer,
    MinFit,
    Pin(usize),
    Bans,
}

/// The best team without a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eased {
    pub easing: Easing,
    /// Its sum of fits, if there is one.
    pub fit_ppm: Option<u64>,
    pub is_exact: bool,
}

/// Who would come for a member of the best team, if all others stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replacement {
    pub of: Seat,
    pub by: Option<Seat>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Teams {
    pub best: Option<Team>,
    /// The best of all others.
    pub runner_up: Option<Team>,
    /// Whether no better team can have been missed.
    pub is_exact: bool,
    pub eased: Vec<Eased>,
    /// For each member of the best team who isn't pinned.
    pub replacements: Vec<Replacement>,
    pub nodes: u64,
}

impl TeamRound {
    /// Finds the best team and the runner-up, what each rule costs, and who could replace whom.
    pub fn solve<M: Market>(&self, market: &M, member: &dyn Fn(u128) -> Member) -> Result<Teams, Vec<Fault>> {
        let places: Vec<u32> = self.slots.iter().map(|slot| slot.places.into()).collect();
        let mut lists = Lists::new(market, Order::Fit, &places);
        let mut steps = self.most_steps;
        let mut teams = self.search(&mut lists, member, &mut steps)?;
        for (easing, eased) in self.easings() {
            let found = eased.search(&mut lists, member, &mut steps).ok();
            teams.eased.push(Eased {
                easing,
                is_exact: found.as_ref().is_none_or(|teams| teams.is_exact),
                fit_ppm: found.and_then(|teams| teams.best).map(|team| team.fit_ppm),
            });
        }
        for of in teams.best.iter().flat_map(|team| &team.seats) {
            let is_of = |pin: &Pin| (pin.slot, pin.worker) == (of.slot, of.worker);
            if self.pins.iter().any(is_of) {
                continue;
            }
            let without = self.without(of, &teams);
            let found = without.search(&mut lists, member, &mut steps).ok();
            let seats = found.and_then(|teams| teams.best).map(|team| team.seats);
            let is_new = |seat: &Seat| !without.pins.iter().any(|pin| pin.worker == seat.worker);
            teams.replacements.push(Replacement {
                of: *of,
                by: seats.into_iter().flatten().find(is_new),
            });
        }
        Ok(teams)
    }

    /// The question who comes for a member of the best team.
    fn without(&self, of: &Seat, teams: &Teams) -> TeamRound {
        let mut asked = self.clone();
        asked.bans.push(of.worker);
        let seats = teams.best.iter().flat_map(|team| &team.seats);
        let stay = seats.filter(|seat| *seat != of).map(|seat| Pin {
            slot: seat.slot,
            worker: seat.worker,
        });
        asked.pins = stay.collect();
        asked
    }

    fn easings(&self) -> Vec<(Easing, TeamRound)> {
        let mut all = Vec::new();
        let mut ease = |easing, is_rule: bool, change: &dyn Fn(&mut TeamRound)| {
            if is_rule {
                let mut eased = self.clone();
                change(&mut eased);
                all.push((easing, eased));
            }
        };
        ease(Easing::Meeting, self.common > 0, &|eased| eased.common = 0);
        let is_capped = self.most_of_employer < u32::MAX;
        ease(Easing::Employer, is_capped, &|eased| {
            eased.most_of_employer = u32::MAX
        });
        ease(Easing::MinFit, self.min_fit_ppm > 0, &|eased| {
            eased.min_fit_ppm = 0
        });
        for pin in 0..self.pins.len() {
            ease(Easing::Pin(pin), true, &|eased| {
                eased.pins.remove(pin);
            });
        }
        ease(Easing::Bans, !self.bans.is_empty(), &|eased| eased.bans.clear());
        all
    }

    fn search<M: Market>(
        &self,
        lists: &mut Lists<M>,
        member: &dyn Fn(u128) -> Member,
        steps: &mut u64,
    ) -> Result<Teams, Vec<Fault>> {
        let round = Round {
            min_fit_ppm: self.min_fit_ppm,
            pins: self.pins.clone(),
            ..Round::new(self.slots.clone(), Objective::FillThenFit)
        };
        let prepared = Prepared::of(&round, lists.market)?;
        let out = self.bans.iter().chain(&self.left_out).chain(&self.agreed);
        let out: HashSet<u128> = out.copied().collect();
        for (pin, Pin { worker, .. }) in self.pins.iter().enumerate() {
            if let Some(ban) = self.bans.iter().position(|banned| banned == worker) {
                return Err(vec![Fault::PinnedAndBanned { pin, ban }]);
            }
            if self.agreed.contains(worker) {
                let why = PinConflict::SameDeliverable;
                let earlier = pin;
                return Err(vec![Fault::PinsConflict { pin, earlier, why }]);
            }
        }
        let fixed: Vec<u128> = self
            .agreed
            .iter()
            .copied()
            .chain(self.pins.iter().map(|pin| pin.worker))
            .collect();
        let week = if self.day_parts == 0 { WEEK } else { self.day_parts };
        let mut hunt = Hunt {
            rules: self,
            prepared: &prepared,
            member,
            out,
            known: HashMap::new(),
            chosen: Vec::new(),
            fixed: fixed.iter().map(|worker| member(*worker)).collect(),
            best: Vec::new(),
            nodes: 0,
            most: self.most_nodes,
            steps: *steps,
            is_exact: true,
        };
        let common = hunt
            .fixed
            .iter()
            .fold(week, |common, member| common & member.day_parts);
        let counts = |employer: Option<u64>| hunt.fixed.iter().filter(|m| m.employer == employer).count();
        let employers = hunt.fixed.iter().filter(|member| member.employer.is_some());
        let is_crowded = employers
            .into_iter()
            .any(|m| counts(m.employer) > self.most_of_employer as usize);
        if !is_crowded && common.count_ones() >= self.common {
            let slots: Vec<usize> = prepared
                .open
                .iter()
                .enumerate()
                .flat_map(|(slot, open)| std::iter::repeat_n(slot, *open as usize))
                .collect();
            hunt.over(&slots, common, &mut |slot, at| {
                let entry = lists.entry(slot, at)?;
                Some((entry.fit as u64, lists.id(entry.person)))
            });
            if hunt.nodes >= hunt.most {
                hunt.enumerate(&slots, common, lists);
            }
        }
        let (nodes, is_exact) = (hunt.nodes, hunt.is_exact);
        *steps = hunt.steps;
        let mut found = hunt.best.into_iter();
        Ok(Teams {
            best: found.next(),
            runner_up: found.next(),
            is_exact,
            eased: Vec::new(),
            replacements: Vec::new(),
            nodes,
        })
    }
}

/// What a list has at a position: a fit and a worker.
type Source<'s> = dyn FnMut(usize, usize) -> Option<(u64, u128)> + 's;

struct Hunt<'a> {
    rules: &'a TeamRound,
    prepared: &'a Prepared,
    member: &'a dyn Fn(u128) -> Member,
    out: HashSet<u128>,
    known: HashMap<u128, Member>,
    /// For each place before the present one the position in the list, and who it is.
    chosen: Vec<(usize, Seat, Member)>,
    /// Those who are members in any case.
    fixed: Vec<Member>,
    /// The two best, best first.
    best: Vec<Team>,
    nodes: u64,
    most: u64,
    /// How many steps the enumeration may still take.
    steps: u64,
    is_exact: bool,
}

impl Hunt<'_> {
    /// Returns the sum of fits that a team has to exceed, without the pins. `None` if any will do.
    fn bar(&self) -> Option<u64> {
        let pinned: u64 = self.prepared.pinned.iter().map(|seat| seat.fit_ppm).sum();
        let second = self.best.get(1);
        second.map(|team| team.fit_ppm - pinned)
    }

    /// Searches over one list for each place.
    fn over(&mut self, slots: &[usize], common: u32, source: &mut Source) {
        let mut firsts = Vec::with_capacity(slots.len());
        for slot in slots {
            let Some((fit, _)) = source(*slot, 0) else { return };
            firsts.push(fit);
        }
        // What the places from each one on get at best.
        let mut rest: Vec<u64> = firsts
            .iter()
            .rev()
            .scan(0, |sum, fit| {
                *sum += fit;
                Some(*sum)
            })
            .collect();
        rest.reverse();
        rest.push(0);
        self.go(slots, &rest, common, 0, source);
    }

    fn go(&mut self, slots: &[usize], rest: &[u64], common: u32, sum: u64, source: &mut Source) {
        let place = self.chosen.len();
        let Some(slot) = slots.get(place).copied() else {
            return self.keep(sum, common);
        };
        // Places of one slot are alike: a later one has somebody later in the list.
        let before = place
            .checked_sub(1)
            .filter(|before| slots.get(*before) == Some(&slot));
        let from = before
            .and_then(|before| self.chosen.get(before))
            .map_or(0, |(at, ..)| at + 1);
        let later = rest.get(place + 1).copied().unwrap_or(0);
        for at in from.. {
            let Some((fit_ppm, worker)) = source(slot, at) else {
                return;
            };
            let is_hopeless = self.bar().is_some_and(|bar| sum + fit_ppm + later <= bar);
            if is_hopeless || fit_ppm < self.rules.min_fit_ppm || self.nodes >= self.most {
                return;
            }
            self.nodes += 1;
            if self.most == u64::MAX && !self.may_step(1) {
                return;
            }
            let Some(member) = self.admits(slot, worker) else {
                continue;
            };
            let shared = common & member.day_parts;
            if shared.count_ones() < self.rules.common {
                continue;
            }
            let seat = Seat {
                slot,
                worker,
                fit_ppm,
            };
            self.chosen.push((at, seat, member));
            self.go(slots, rest, shared, sum + fit_ppm, source);
            self.chosen.pop();
        }
    }

    /// Takes steps of the enumeration, if some are left. Otherwise the answer is no longer exact.
    fn may_step(&mut self, count: u64) -> bool {
        let left = self.steps.checked_sub(count);
        self.is_exact &= left.is_some();
        self.steps = left.unwrap_or(0);
        left.is_some()
    }

    /// Returns a worker who may join those chosen, whatever their time.
    fn admits(&mut self, slot: usize, worker: u128) -> Option<Member> {
        let is_new = !self.chosen.iter().any(|(_, seat, _)| seat.worker == worker);
        let group = self.prepared.group(slot);
        if !is_new || self.out.contains(&worker) || self.prepared.is_barred(worker, group) {
            return None;
        }
        let member = *self.known.entry(worker).or_insert_with(|| (self.member)(worker));
        let team = self.chosen.iter().map(|(.., member)| member).chain(&self.fixed);
        let colleagues = team.filter(|other| other.employer == member.employer).count();
        let is_free = member.employer.is_none() || colleagues < self.rules.most_of_employer as usize;
        is_free.then_some(member)
    }

    fn keep(&mut self, sum: u64, day_parts: u32) {
        let mut seats: Vec<Seat> = self.chosen.iter().map(|(_, seat, _)| *seat).collect();
        seats.extend(&self.prepared.pinned);
        seats.sort_unstable();
        let pinned: u64 = self.prepared.pinned.iter().map(|seat| seat.fit_ppm).sum();
        let is_known = self.best.iter().any(|team| team.seats == seats);
        if !is_known {
            let fit_ppm = sum + pinned;
            let at = self.best.partition_point(|team| team.fit_ppm >= fit_ppm);
            self.best.insert(
                at,
                Team {
                    seats,
                    fit_ppm,
                    day_parts,
                },
            );
            self.best.truncate(2);
        }
    }

    /// Goes through the sets of as many day-parts as have to be shared, the most promising first.
    fn enumerate<M: Market>(&mut self, slots: &[usize], common: u32, lists: &mut Lists<M>) {
        self.most = u64::MAX;
        let mut distinct = slots.to_vec();
        distinct.dedup();
        let places = |slot: usize| slots.iter().filter(|other| **other == slot).count();
        let firsts = |slot: usize, list: &mut dyn FnMut(usize) -> Option<u64>| {
            (0..places(slot)).map(list).sum::<Option<u64>>()
        };
        let Some(dreams) = distinct
            .iter()
            .map(|slot| {
                firsts(*slot, &mut |at| {
                    lists.entry(*slot, at).map(|entry| entry.fit as u64)
                })
            })
            .collect::<Option<Vec<u64>>>()
        else {
            return;
        };
        let dream: u64 = dreams.iter().sum();
        let mut short: HashMap<u32, HashMap<usize, Vec<(u64, u128)>>> = HashMap::new();
        for slot in &distinct {
            let last = lists
                .entry(*slot, places(*slot) - 1)
                .map_or(0, |entry| entry.fit as u64);
            for at in 0.. {
                let Some(entry) = lists.entry(*slot, at) else {
                    break;
                };
                // The last place of this slot goes to this worker, the rest dreams on.
                let (fit, worker) = (entry.fit as u64, lists.id(entry.person));
                let is_hopeless = self.bar().is_some_and(|bar| dream - last + fit <= bar);
                if is_hopeless || fit < self.rules.min_fit_ppm {
                    break;
                }
                let Some(member) = self.admits(*slot, worker) else {
                    continue;
                };
                let free = (common & member.day_parts).count_ones();
                if !self.may_step(choices(free, self.rules.common)) {
                    break;
                }
                let most = self.rules.most_of_employer as usize;
                let mut add = |set: u32| {
                    let mine = short.entry(set).or_default().entry(*slot).or_default();
                    let colleagues = || {
                        let same = |(_, other): &&(u64, u128)| {
                            self.known
                                .get(other)
                                .is_some_and(|m| m.employer == member.employer)
                        };
                        mine.iter().filter(same).count()
                    };
                    let enough = 2 * (slots.len() + self.fixed.len());
                    if mine.len() < enough && (member.employer.is_none() || colleagues() <= most) {
                        mine.push((fit, worker));
                    }
                };
                subsets(common & member.day_parts, self.rules.common, 0, &mut add);
            }
        }
        let upper = |lists: &HashMap<usize, Vec<(u64, u128)>>| {
            let of_slot = |slot: &usize| firsts(*slot, &mut |at| Some(lists.get(slot)?.get(at)?.0));
            distinct.iter().map(of_slot).sum::<Option<u64>>()
        };
        let mut order: Vec<(u64, u32)> = short
            .iter()
            .filter_map(|(set, lists)| Some((upper(lists)?, *set)))
            .collect();
        order.sort_unstable_by_key(|(upper, set)| (std::cmp::Reverse(*upper), *set));
        for (upper, set) in order {
            if self.bar().is_some_and(|bar| upper <= bar) {
                break;
            }
            let lists = short.get(&set);
            self.over(slots, common, &mut |slot, at| lists?.get(&slot)?.get(at).copied());
        }
    }
}

/// Returns how many subsets of `size` members a set of `of` members has.
fn choices(of: u32, size: u32) -> u64 {
    (0..u64::from(size)).fold(1, |all, i| all * u64::from(of).saturating_sub(i) / (i + 1))
}

/// Calls `each` with every subset of `of` that has `size` members, together with those that are there already.
fn subsets(of: u32, size: u32, have: u32, each: &mut dyn FnMut(u32)) {
    if size == 0 {
        return each(have);
    }
    let mut left = of;
    while left.count_ones() >= size {
        let bit = left & left.wrapping_neg();
        left ^= bit;
        subsets(left, size - 1, have | bit, each);
    }
}
