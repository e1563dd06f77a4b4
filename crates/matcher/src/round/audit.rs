//! The audit: judges an answer by a full scan of an exported round, without an index.
//!
//! For readers who trust nobody: this file uses nothing but the standard library. It shares no code with what finds
//! answers or verifies them, so an error there can't hide here. What it checks is on the page about rankings, in
//! `docs/ranking.md`.

use std::collections::{BTreeMap, BTreeSet};

const ONE: i128 = 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    FillThenFit,
    Fit,
    WorstFirst,
    Stable,
    CompleteTeams,
}

/// A round as it was exported.
#[derive(Debug, Clone)]
pub struct Exported {
    pub aim: Aim,
    /// For each slot its deliverable and its places.
    pub slots: Vec<(u128, u32)>,
    pub min_fit_ppm: u64,
    pub most_each: u32,
    /// Slot and worker.
    pub pins: Vec<(usize, u128)>,
    /// A worker, and the deliverable that they must not be in, or none for all.
    pub bans: Vec<(u128, Option<u128>)>,
    /// How much the past of workers weighs: this part of placed ÷ (placed + passed over + 1) comes off their fits, and off the
    /// organization's side.
    pub past_ppm: u64,
}

/// A worker, with every slot whose gates they pass.
#[derive(Debug, Clone)]
pub struct Scanned {
    pub id: u128,
    pub capacity: u32,
    /// How often they were placed, and passed over.
    pub placed: u32,
    pub passed_over: u32,
    pub suits: Vec<Suits>,
}

/// How well a worker suits a slot. The sides matter for stable answers only.
#[derive(Debug, Clone, Copy)]
pub struct Suits {
    pub slot: usize,
    pub fit_ppm: u64,
    pub organization_ppm: u64,
    /// The smaller one is first among equals on the organization's side.
    pub tie: u64,
    pub worker_ppm: u64,
}

/// An answer: slot, worker and fit of every filled place, and what proves it.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub seats: Vec<(usize, u128, u64)>,
    /// One vector of prices for each proof, in the order of [`judge`].
    pub prices: Vec<Vec<i64>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// The answer keeps the rules and is the best.
    Proven {
        pairs: usize,
    },
    /// The answer keeps the rules. Nothing proves that it is the best.
    Allowed {
        pairs: usize,
    },
    Refused(String),
}

struct Rules<'a> {
    round: &'a Exported,
    pinned: BTreeSet<(usize, u128)>,
    pins_of: BTreeMap<u128, u32>,
}

impl Rules<'_> {
    fn deliverable(&self, slot: usize) -> u128 {
        self.round.slots.get(slot).map_or(0, |slot| slot.0)
    }

    fn bans(&self, worker: u128, slot: usize) -> bool {
        let whose = self.round.bans.iter().filter(|ban| ban.0 == worker);
        whose
            .into_iter()
            .any(|ban| ban.1.is_none_or(|one| one == self.deliverable(slot)))
    }

    /// Whether something other than a pin may put the worker there.
    fn is_open(&self, worker: u128, slot: usize) -> bool {
        let mut pinned = self.pinned.iter().filter(|pin| pin.1 == worker);
        !self.bans(worker, slot) && !pinned.any(|pin| self.deliverable(pin.0) == self.deliverable(slot))
    }

    fn free_places(&self, slot: usize) -> i128 {
        let pinned = self.pinned.iter().filter(|pin| pin.0 == slot).count();
        i128::from(self.round.slots.get(slot).map_or(0, |slot| slot.1)) - pinned as i128
    }

    /// What the past of a worker leaves of a value.
    fn weighed(&self, ppm: u64, (placed, passed_over): (u32, u32)) -> u64 {
        let chances = i128::from(placed) + i128::from(passed_over) + 1;
        let off = i128::from(ppm) * i128::from(self.round.past_ppm) * i128::from(placed) / (ONE * chances);
        ppm.saturating_sub(u64::try_from(off).unwrap_or(0))
    }

    fn free_time(&self, worker: &Scanned) -> usize {
        let all = worker.capacity.min(self.round.most_each);
        all.saturating_sub(self.pins_of.get(&worker.id).copied().unwrap_or(0)) as usize
    }
}

/// A way to weigh: what a filled place counts, whether the fit counts, and from which weighed fit on.
type Weights = (i128, bool, u64);

/// Judges an answer; `workers` begins a scan of all of them. The proofs have to be, for `FillThenFit`: places before fits; `Fit`: fits; `WorstFirst`: places
/// alone, places alone above the lowest fit, and places before fits from the lowest fit on (if nothing is filled, only
/// places before fits); `CompleteTeams`: places before fits, if every place is filled.
pub fn judge<I: Iterator<Item = Scanned>>(
    round: &Exported,
    workers: impl Fn() -> I,
    answer: &Answer,
) -> Judgement {
    match examine(round, workers, answer) {
        Ok((true, pairs)) => Judgement::Proven { pairs },
        Ok((false, pairs)) => Judgement::Allowed { pairs },
        Err(why) => Judgement::Refused(why),
    }
}

fn examine<I: Iterator<Item = Scanned>>(
    round: &Exported,
    workers: impl Fn() -> I,
    answer: &Answer,
) -> Result<(bool, usize), String> {
    let mut pins_of = BTreeMap::new();
    for pin in &round.pins {
        *pins_of.entry(pin.1).or_insert(0) += 1;
    }
    let pinned: BTreeSet<(usize, u128)> = round.pins.iter().copied().collect();
    let rules = Rules {
        round,
        pinned,
        pins_of,
    };
    if i128::from(round.past_ppm) > ONE {
        return Err("the past weighs more than everything".into());
    }
    let pasts = keeps_rules(&rules, workers(), answer)?;
    let weighed = |seat: &&(usize, u128, u64)| {
        let past = pasts.get(&seat.1).copied().unwrap_or((0, 0));
        rules.weighed(seat.2, past)
    };
    let decided: Vec<&(usize, u128, u64)> = answer
        .seats
        .iter()
        .filter(|seat| !rules.pinned.contains(&(seat.0, seat.1)))
        .collect();
    if round.aim == Aim::Stable {
        return nobody_blocks(&rules, workers, &decided).map(|pairs| (true, pairs));
    }
    if round.aim == Aim::CompleteTeams {
        let mut left: BTreeMap<u128, i128> = BTreeMap::new();
        for slot in 0..round.slots.len() {
            *left.entry(rules.deliverable(slot)).or_default() += rules.free_places(slot);
        }
        let touched: BTreeSet<u128> = decided.iter().map(|seat| rules.deliverable(seat.0)).collect();
        for seat in &decided {
            *left.entry(rules.deliverable(seat.0)).or_default() -= 1;
        }
        if touched
            .iter()
            .any(|deliverable| left.get(deliverable) != Some(&0))
        {
            return Err("a team is not complete".into());
        }
        if answer.prices.is_empty() {
            return Ok((false, 0));
        }
    }
    let places: i128 = round.slots.iter().map(|slot| i128::from(slot.1)).sum();
    let before_fits = 2 * (places + 1) * ONE;
    let ways: Vec<Weights> = match (round.aim, decided.iter().map(weighed).min()) {
        (Aim::Fit, _) => vec![(0, true, 0)],
        (Aim::WorstFirst, Some(worst)) => {
            vec![(1, false, 0), (1, false, worst + 1), (before_fits, true, worst)]
        }
        _ => vec![(before_fits, true, 0)],
    };
    if ways.len() != answer.prices.len() {
        return Err(format!("{} proofs, not {}", answer.prices.len(), ways.len()));
    }
    let mut seen = 0;
    for (i, (way, prices)) in ways.iter().zip(&answer.prices).enumerate() {
        if prices.len() != round.slots.len() || prices.iter().any(|price| *price < 0) {
            return Err(format!("proof {i} needs one price of at least 0 for each slot"));
        }
        let (limit, pairs) = limit(&rules, workers(), *way, prices);
        seen += pairs;
        let worth: i128 = decided
            .iter()
            .map(|seat| way.0 + if way.1 { i128::from(weighed(seat)) } else { 0 })
            .sum();
        // The second proof of "worst first" has to fall short of the answer; all others have to meet it.
        let holds = if ways.len() == 3 && i == 1 {
            limit < worth
        } else {
            limit == worth
        };
        if !holds {
            return Err(format!("proof {i} does not hold: {worth} of {limit}"));
        }
    }
    Ok((true, seen))
}

/// How often each of those who have a place was placed and passed over.
type Pasts = BTreeMap<u128, (u32, u32)>;

fn keeps_rules(
    rules: &Rules,
    workers: impl Iterator<Item = Scanned>,
    answer: &Answer,
) -> Result<Pasts, String> {
    let mut theirs: BTreeMap<u128, Vec<(usize, u64)>> = BTreeMap::new();
    let mut filled = vec![0u32; rules.round.slots.len()];
    for (slot, worker, fit) in &answer.seats {
        let count = filled.get_mut(*slot).ok_or(format!("there is no slot {slot}"))?;
        *count += 1;
        if *fit < rules.round.min_fit_ppm || rules.bans(*worker, *slot) {
            return Err(format!("worker {worker} must not be in slot {slot}"));
        }
        theirs.entry(*worker).or_default().push((*slot, *fit));
    }
    if filled
        .iter()
        .zip(&rules.round.slots)
        .any(|(count, slot)| *count > slot.1)
    {
        return Err("a slot has more workers than places".into());
    }
    let sits = |pin: &&(usize, u128)| {
        theirs
            .get(&pin.1)
            .is_some_and(|own| own.iter().any(|s| s.0 == pin.0))
    };
    if !rules.round.pins.iter().all(|pin| sits(&pin)) {
        return Err("a pin is missing".into());
    }
    let mut pasts = Pasts::new();
    for worker in workers {
        let Some(own) = theirs.remove(&worker.id) else {
            continue;
        };
        pasts.insert(worker.id, (worker.placed, worker.passed_over));
        let teams: BTreeSet<u128> = own.iter().map(|seat| rules.deliverable(seat.0)).collect();
        if teams.len() < own.len() || own.len() > worker.capacity.min(rules.round.most_each) as usize {
            return Err(format!("worker {} has too many places", worker.id));
        }
        let suits = |seat: &(usize, u64)| worker.suits.iter().any(|s| (s.slot, s.fit_ppm) == *seat);
        if !own.iter().all(suits) {
            return Err(format!("worker {} does not fit as claimed", worker.id));
        }
    }
    theirs
        .keys()
        .next()
        .map_or(Ok(pasts), |worker| Err(format!("nobody is called {worker}")))
}

/// Returns the most that any answer can be worth at these prices.
fn limit(
    rules: &Rules,
    workers: impl Iterator<Item = Scanned>,
    (filled, by_fit, least): Weights,
    prices: &[i64],
) -> (i128, usize) {
    let mut limit: i128 = prices
        .iter()
        .enumerate()
        .map(|(slot, price)| i128::from(*price) * rules.free_places(slot))
        .sum();
    let mut pairs = 0;
    for worker in workers {
        let mut of_team: BTreeMap<u128, i128> = BTreeMap::new();
        let past = (worker.placed, worker.passed_over);
        let fits = worker
            .suits
            .iter()
            .filter(|suits| suits.fit_ppm >= rules.round.min_fit_ppm);
        let fits = fits.map(|suits| (suits, rules.weighed(suits.fit_ppm, past)));
        for (suits, weighed) in fits.filter(|(_, weighed)| *weighed >= least) {
            pairs += 1;
            let price = prices.get(suits.slot).copied().unwrap_or(0);
            let gain = filled + if by_fit { i128::from(weighed) } else { 0 } - i128::from(price);
            if gain > 0 && rules.is_open(worker.id, suits.slot) {
                let best = of_team.entry(rules.deliverable(suits.slot)).or_insert(0);
                *best = gain.max(*best);
            }
        }
        let mut gains: Vec<i128> = of_team.into_values().collect();
        gains.sort_unstable();
        limit += gains.iter().rev().take(rules.free_time(&worker)).sum::<i128>();
    }
    (limit, pairs)
}

/// Looks at every pair for one in which both would rather have each other.
fn nobody_blocks<I: Iterator<Item = Scanned>>(
    rules: &Rules,
    workers: impl Fn() -> I,
    seats: &[&(usize, u128, u64)],
) -> Result<usize, String> {
    let seats: BTreeSet<(usize, u128)> = seats.iter().map(|seat| (seat.0, seat.1)).collect();
    // Smaller is better, on both sides.
    let for_team = |s: &Suits, worker: &Scanned| {
        let past = (worker.placed, worker.passed_over);
        let value = rules.weighed(s.organization_ppm, past);
        (std::cmp::Reverse(value), s.tie, worker.id)
    };
    let for_worker = |s: &Suits| (std::cmp::Reverse(s.worker_ppm), s.slot);
    let mut teams = vec![Vec::new(); rules.round.slots.len()];
    for worker in workers() {
        for suits in worker
            .suits
            .iter()
            .filter(|s| seats.contains(&(s.slot, worker.id)))
        {
            if let Some(team) = teams.get_mut(suits.slot) {
                team.push(for_team(suits, &worker));
            }
        }
    }
    let last: Vec<_> = teams.iter().map(|team| team.iter().max()).collect();
    let mut pairs = 0;
    for worker in workers() {
        let own: Vec<&Suits> = worker
            .suits
            .iter()
            .filter(|s| seats.contains(&(s.slot, worker.id)))
            .collect();
        for suits in &worker.suits {
            pairs += 1;
            let taken = teams.get(suits.slot).map_or(0, Vec::len) as i128;
            let places = rules.free_places(suits.slot);
            let team_wants = places > 0
                && (taken < places
                    || last
                        .get(suits.slot)
                        .is_some_and(|last| last.is_some_and(|l| for_team(suits, &worker) < *l)));
            let is_out = suits.fit_ppm < rules.round.min_fit_ppm
                || seats.contains(&(suits.slot, worker.id))
                || !rules.is_open(worker.id, suits.slot)
                || rules.free_time(&worker) == 0;
            if is_out || !team_wants {
                continue;
            }
            let team = rules.deliverable(suits.slot);
            let same = own.iter().find(|s| rules.deliverable(s.slot) == team);
            let worst = own.iter().max_by_key(|s| for_worker(s));
            let wants = match (same, worst) {
                (Some(held), _) => for_worker(suits) < for_worker(held),
                (None, Some(worst)) if own.len() >= rules.free_time(&worker) => {
                    for_worker(suits) < for_worker(worst)
                }
                _ => true,
            };
            if wants {
                return Err(format!(
                    "worker {} and slot {} want each other",
                    worker.id, suits.slot
                ));
            }
        }
    }
    Ok(pairs)
}
