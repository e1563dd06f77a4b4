//! Measures what fairness changes in a year, and what it costs: `cargo bench --bench fairness [-- SEED]`.
//!
//! The simulation covers 52 weeks. In each week, some workers look at their list of open deliverables from
//! the top, with the attention of DCG for each place. They apply for at most one; the likelihood rises with
//! the fit. Organizations look at their list of workers each week and accept the first application for a
//! role. The worker is then busy for eight weeks. Deliverables that are not filled after eight weeks are
//! withdrawn. Chance is a function of the seed, the week, the worker and the deliverable, so every policy
//! meets the same behaviour.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod generated;

use generated::{catalogue, everyone, needs, population};
use matcher::fairness::{self, Exposure, Listed, Uptake, WINDOW, attention_ppm, deserved_ppm};
use matcher::ppm::{PPM, mix};
use matcher::*;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

const WORKERS: u64 = 2_000;
const WEEKS: usize = 52;
const NEW_EACH_WEEK: usize = 30;
/// How many weeks a deliverable stays open, and accepted work takes.
const LASTS: usize = 8;
/// How many of a hundred workers look at their list in a week: few, some, or many for the available work.
const COME_BY: [u64; 3] = [5, 8, 15];
/// How many places of a list are looked at.
const LOOKED_AT: usize = 20;
/// The likelihood that a worker applies for a perfect fit that they look at.
const APPEAL: f64 = 0.35;

#[derive(Clone, Copy, PartialEq)]
enum Policy {
    Fit,
    Newest,
    Fair,
}

struct Deliverable<'a> {
    query: Query<'a>,
    /// The list for the whole team, with the role of each worker.
    ranked: Vec<(usize, RankKey)>,
    since: usize,
    uptake: Uptake,
    taken: Vec<bool>,
}

#[derive(Default)]
struct Outcome {
    applications: usize,
    answered: usize,
    filled: usize,
    exposure: HashMap<u128, Exposure>,
    ndcg: Vec<u64>,
}

struct World<'a> {
    seed: u64,
    come_by: u64,
    everyone: &'a [Arc<Candidate>],
    needs: &'a [Need],
    population: &'a Population,
}

impl World<'_> {
    /// Returns a number from 0 to 1, the same for every policy.
    fn chance(&self, of: &[u64]) -> f64 {
        let mixed = of.iter().fold(self.seed, |hash, part| mix(hash ^ part));
        (mixed >> 11) as f64 / (1u64 << 53) as f64
    }

    fn deliverable<'a>(&'a self, need: &'a Need, since: usize) -> Deliverable<'a> {
        let query = Query::new(need, Weights::default(), self.population);
        Deliverable {
            ranked: query.rank_team(self.everyone, WINDOW),
            since,
            uptake: Uptake {
                places: need.roles.len() as u32,
                ..Uptake::default()
            },
            taken: vec![false; need.roles.len()],
            query,
        }
    }

    fn run(&self, policy: Policy) -> Outcome {
        let mut outcome = Outcome::default();
        let mut open: Vec<Deliverable> = Vec::new();
        let mut busy_until = vec![0usize; self.everyone.len()];
        let mut arrivals = self.needs.iter();
        for week in 0..WEEKS {
            open.retain(|d| week < d.since + LASTS && d.taken.contains(&false));
            open.extend(
                arrivals
                    .by_ref()
                    .take(NEW_EACH_WEEK)
                    .map(|need| self.deliverable(need, week)),
            );
            self.organizations_look(policy, week, &open, &mut outcome);
            let mut order: Vec<usize> = (0..self.everyone.len()).collect();
            order.sort_by_key(|worker| mix(self.seed ^ mix((week as u64) << 32 | *worker as u64)));
            for worker in order {
                let comes = self.chance(&[1, week as u64, worker as u64]) * 100.0 < self.come_by as f64;
                if comes && busy_until[worker] <= week {
                    self.worker_looks(policy, week, worker, &mut open, &mut busy_until, &mut outcome);
                }
            }
        }
        outcome
    }

    fn worker_looks(
        &self,
        policy: Policy,
        week: usize,
        worker: usize,
        open: &mut [Deliverable],
        busy_until: &mut [usize],
        outcome: &mut Outcome,
    ) {
        let candidate = &self.everyone[worker];
        let mut list: Vec<(RankKey, usize, usize)> = Vec::new();
        for (i, d) in open.iter().enumerate() {
            let free = (0..d.taken.len()).filter(|role| !d.taken[*role]);
            let best = free
                .filter_map(|role| d.query.best(candidate, Some(role)))
                .filter(|a| a.failed.is_empty())
                .max_by_key(|a| (a.fit.fit_ppm, Reverse(a.role)));
            if let Some(a) = best {
                list.push((d.query.key(candidate, &a.fit), i, a.role));
            }
        }
        list.sort_unstable_by_key(|(key, ..)| *key);
        match policy {
            Policy::Fit => {}
            Policy::Newest => list.sort_by_key(|(_, i, _)| Reverse(open[*i].since)),
            Policy::Fair => {
                let window: Vec<_> = list
                    .iter()
                    .take(WINDOW)
                    .map(|(key, i, _)| (*key, open[*i].uptake))
                    .collect();
                let order = fairness::lift(&window, week as u32);
                outcome.ndcg.push(order.ndcg_ppm);
                let lifted: Vec<_> = order.placements.iter().map(|p| list[p.by_fit]).collect();
                list[..window.len()].copy_from_slice(&lifted);
            }
        }
        for (place, (key, i, role)) in list.into_iter().take(LOOKED_AT).enumerate() {
            let looks = attention_ppm(place as u64 + 1) as f64 / PPM as f64;
            let likes = APPEAL * key.fit_ppm.0 as f64 / PPM as f64;
            let d = &mut open[i];
            if self.chance(&[2, week as u64, worker as u64, d.query.need.id as u64]) < looks * likes {
                outcome.applications += 1;
                outcome.answered += usize::from(d.uptake.applications == 0);
                outcome.filled += 1;
                d.uptake.applications += 1;
                d.uptake.filled += 1;
                d.taken[role] = true;
                busy_until[worker] = week + LASTS;
                break;
            }
        }
    }

    /// Every organization looks at the first places of its list.
    fn organizations_look(&self, policy: Policy, week: usize, open: &[Deliverable], outcome: &mut Outcome) {
        let before = outcome.exposure.clone();
        for d in open {
            let mut list = d.ranked.clone();
            match policy {
                Policy::Fit => {}
                Policy::Newest => list.sort_by_key(|(_, key)| Reverse(key.candidate)),
                Policy::Fair => {
                    let had = |(role, key): &(usize, RankKey)| Listed {
                        key: *key,
                        role: *role,
                        had: before.get(&key.candidate).copied().unwrap_or_default(),
                    };
                    let window: Vec<_> = list.iter().take(WINDOW).map(had).collect();
                    let order = fairness::spread(&window, week as u32);
                    outcome.ndcg.push(order.ndcg_ppm);
                    list = order
                        .placements
                        .iter()
                        .map(|p| (window[p.by_fit].role, window[p.by_fit].key))
                        .collect();
                }
            }
            list.truncate(LOOKED_AT);
            let attention: u64 = (1..=list.len() as u64).map(attention_ppm).sum();
            let fits: u64 = list.iter().map(|(_, key)| key.fit_ppm.0).sum();
            for ((_, key), rank) in list.iter().zip(1..) {
                let had = outcome.exposure.entry(key.candidate).or_default();
                had.shown += 1;
                had.attention_ppm += attention_ppm(rank);
                had.deserved_ppm += deserved_ppm(attention, key.fit_ppm.0, fits);
            }
        }
    }
}

fn main() {
    let seed = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(7);
    let catalogue = catalogue();
    let everyone = everyone(&catalogue, WORKERS);
    let population = population(&everyone, &catalogue);
    let needs = needs(
        &mut Draw(seed),
        (WEEKS * NEW_EACH_WEEK) as u128,
        &catalogue,
        &everyone,
    );
    println!("{WEEKS} weeks, {WORKERS} workers, {NEW_EACH_WEEK} new deliverables a week, seed {seed}");
    for come_by in COME_BY {
        let world = World {
            seed,
            come_by,
            everyone: &everyone,
            needs: &needs,
            population: &population,
        };
        compare(&world);
    }
}

fn compare(world: &World) {
    println!(
        "{:>2}% come by      {:>9} {:>9} {:>13} {:>9} {:>12} {:>9} {:>11} {:>11}",
        world.come_by,
        "answered",
        "of fit's",
        "applications",
        "of fit's",
        "never shown",
        "Gini",
        "mean nDCG",
        "least nDCG"
    );
    let mut fit: Option<(f64, f64)> = None;
    for (name, policy) in [
        ("pure fit", Policy::Fit),
        ("newest first", Policy::Newest),
        ("fair", Policy::Fair),
    ] {
        let outcome = world.run(policy);
        let (answered, applications) = (outcome.answered as f64, outcome.applications as f64);
        let (of_answered, of_applications) = *fit.get_or_insert((answered, applications));
        let shares: Vec<u64> = world
            .everyone
            .iter()
            .map(|c| outcome.exposure.get(&c.id).map_or(0, |had| had.attention_ppm))
            .collect();
        let never = shares.iter().filter(|share| **share == 0).count() as f64 / shares.len() as f64;
        let mean = outcome
            .ndcg
            .iter()
            .sum::<u64>()
            .checked_div(outcome.ndcg.len() as u64);
        let unit = |ppm: Option<u64>| ppm.unwrap_or(PPM) as f64 / PPM as f64;
        println!(
            "  {name:14} {answered:9} {:8.1}% {applications:13} {:8.1}% {:11.1}% {:9.3} {:11.3} {:11.3}",
            100.0 * answered / of_answered,
            100.0 * applications / of_applications,
            100.0 * never,
            unit(Some(fairness::gini_ppm(shares))),
            unit(mean),
            unit(outcome.ndcg.iter().min().copied()),
        );
    }
}
