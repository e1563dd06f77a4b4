//! Measures how fast the index ranks: `cargo bench --bench matcher [-- SIZES…] [quick]`.
//!
//! The workers are the demonstration's roster in the requested size; the needs are drawn from the catalogue's
//! types. Every row has the time of the plain scan in the same run, and a sample of the answers is compared
//! to the scan. An answer is the 50 best with their explanation in numbers, or the 201 best from which the
//! server computes a fair order. "found" is the time without the explanation; "first" is the first query of a
//! need. For the whole team nothing is counted. `quick` compares fewer answers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod generated;

use generated::{catalogue, everyone, needs as generate, population};
use matcher::fairness::WINDOW;
use matcher::index::{CandidateIndex, Effort, NeedHit, NeedIndex, RankRange};
use matcher::profile::ProfileKey;
use matcher::*;
use musubi::catalogue::Catalogue;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

const SEED: u64 = 7;
const TOP: usize = 50;

fn weights(draw: &mut Draw) -> Weights {
    Weights::new(std::array::from_fn(|_| 1.0 + draw.below(300) as f64)).unwrap()
}

struct Case {
    need: Need,
    /// The only role; `None` for the whole team.
    role: Option<usize>,
    weights: Weights,
    limit: usize,
}

#[derive(Default)]
struct Times(Vec<f64>);

impl Times {
    fn at(&mut self, share: f64) -> f64 {
        self.0.sort_unstable_by(f64::total_cmp);
        self.0[((self.0.len() - 1) as f64 * share) as usize]
    }
}

fn micros(start: Instant) -> f64 {
    start.elapsed().as_nanos() as f64 / 1e3
}

type ExplainedKeys = Vec<(RankKey, [u64; 9])>;

/// Returns the 50 best with their explanation in numbers, the effort, and the time of the search alone.
fn answer(index: &CandidateIndex, case: &Case) -> (ExplainedKeys, Effort, f64) {
    let start = Instant::now();
    let query = index.query(&case.need, case.weights);
    let (hits, effort) = match case.role {
        Some(role) => index.search(&query, role, RankRange::best(case.limit)),
        None => {
            let team = index.search_team(&query, None, case.limit, &HashSet::new());
            (team.into_iter().map(|one| one.hit).collect(), Effort::default())
        }
    };
    let found = micros(start);
    let explained = hits.iter().map(|hit| {
        let assessment = hit.assess(&query).unwrap();
        (hit.key, query.contributions(&assessment))
    });
    (explained.collect(), effort, found)
}

fn measure(name: &str, index: &CandidateIndex, everyone: &[Arc<Candidate>], cases: &[Case]) {
    let (mut first, mut times, mut scans, mut searches) = (
        Times::default(),
        Times::default(),
        Times::default(),
        Times::default(),
    );
    let mut total = Effort::default();
    for case in cases {
        let start = Instant::now();
        answer(index, case);
        first.0.push(micros(start));
    }
    for case in cases {
        let start = Instant::now();
        let (_, effort, found) = answer(index, case);
        times.0.push(micros(start));
        searches.0.push(found);
        total.nodes += effort.nodes;
        total.leaves += effort.leaves;
        total.scored += effort.scored;
        total.looked_up += effort.looked_up;
    }
    // The scan is slow, so only a sample of the answers is compared to it.
    let most = if std::env::args().any(|arg| arg == "quick") {
        0
    } else {
        20_000_000 / everyone.len()
    };
    let sample = most.clamp(8, cases.len());
    for case in cases.iter().take(sample) {
        let query = index.query(&case.need, case.weights);
        let start = Instant::now();
        let expected: Vec<RankKey> = match case.role {
            Some(_) => {
                let ranking = query.rank_workers(everyone, case.role);
                let keys = ranking.ranked.iter().map(|(key, _)| *key);
                keys.take(case.limit).collect()
            }
            None => {
                let team = query.rank_team(everyone, case.limit);
                team.into_iter().map(|(_, key)| key).collect()
            }
        };
        scans.0.push(micros(start));
        let found: Vec<RankKey> = answer(index, case).0.into_iter().map(|(key, _)| key).collect();
        assert_eq!(found, expected);
    }
    let n = cases.len();
    println!(
        "  {name:24} {:8.1} {:8.1} {:8.1} {:8.1} {:9.1} {:9.1} {:10.1} {:6.0} {:7} {:7} {:7} {:7}",
        times.at(0.5),
        times.at(0.9),
        times.at(0.99),
        searches.at(0.5),
        first.at(0.5),
        first.at(0.99),
        scans.at(0.5),
        scans.at(0.5) / times.at(0.5),
        total.nodes / n,
        total.leaves / n,
        total.scored / n,
        total.looked_up / n
    );
}

fn heading() {
    println!(
        "  {:24} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9} {:>10} {:>6} {:>7} {:>7} {:>7} {:>7}",
        "",
        "p50",
        "p90",
        "p99",
        "found",
        "first p50",
        "first p99",
        "scan p50",
        "times",
        "nodes",
        "leaves",
        "scored",
        "looked"
    );
}

fn bench(size: u64, catalogue: &Catalogue) {
    let everyone = everyone(catalogue, size);
    println!("{size} workers, seed {SEED}; microseconds, one thread");
    let start = Instant::now();
    let population = population(&everyone, catalogue);
    println!(
        "  population                         {:.2} s",
        start.elapsed().as_secs_f64()
    );
    let draw = &mut Draw(SEED);
    let needs = generate(draw, 2_000, catalogue, &everyone);
    let profiles: Vec<ProfileKey> = needs
        .iter()
        .flat_map(|need| need.roles.iter().map(|role| ProfileKey::of(need, role)))
        .collect();
    let start = Instant::now();
    let index = CandidateIndex::build(population, everyone.iter().cloned(), profiles);
    let built = index.size();
    println!(
        "  index                              {:.2} s, {} trees, {} bytes a worker",
        start.elapsed().as_secs_f64(),
        built.trees,
        built.bytes as u64 / size
    );
    let (mut with, mut without, mut custom) = (vec![], vec![], vec![]);
    let (mut team, mut window) = (vec![], vec![]);
    for need in needs {
        let role = draw.below(need.roles.len() as u64) as usize;
        let must = need.roles[role].wishes.iter().any(|wish| wish.must_have);
        let default = Weights::default();
        custom.push(Case {
            need: need.clone(),
            role: Some(role),
            weights: weights(draw),
            limit: TOP,
        });
        team.push(Case {
            need: need.clone(),
            role: None,
            weights: default,
            limit: TOP,
        });
        window.push(Case {
            need: need.clone(),
            role: None,
            weights: default,
            limit: WINDOW + 1,
        });
        let case = Case {
            need,
            role: Some(role),
            weights: default,
            limit: TOP,
        };
        if must { with.push(case) } else { without.push(case) }
    }
    heading();
    measure("with a must-have skill", &index, &everyone, &with);
    measure("without", &index, &everyone, &without);
    measure("other weights", &index, &everyone, &custom);
    measure("the whole team", &index, &everyone, &team);
    measure("the whole team, 201", &index, &everyone, &window);
    unique_wishes(&index, &without);
    under_writes(&index, &everyone, &without);
    let (changed, everyone) = publish(draw, index, everyone);
    measure("the same, 4,000 changed", &changed, &everyone, &without);
    let mut times = Times::default();
    for case in team.iter().take(50) {
        let query = changed.query(&case.need, case.weights);
        let start = Instant::now();
        changed.census(&query, case.role);
        times.0.push(micros(start));
    }
    println!(
        "  census of the gates                p50 {:.1}, p99 {:.1}",
        times.at(0.5),
        times.at(0.99)
    );
}

/// Needs with unique wishes: the first answer builds a tree, later ones find it.
fn unique_wishes(index: &CandidateIndex, cases: &[Case]) {
    let (mut first, mut later) = (Times::default(), Times::default());
    for (i, case) in cases.iter().take(16).enumerate() {
        let mut need = case.need.clone();
        for role in &mut need.roles {
            role.wishes.truncate(3);
            role.wishes.iter_mut().for_each(|wish| wish.weight = 6 + i as u8);
        }
        let case = Case {
            need,
            role: case.role,
            weights: case.weights,
            limit: case.limit,
        };
        let start = Instant::now();
        answer(index, &case);
        first.0.push(micros(start));
        for _ in 0..20 {
            let start = Instant::now();
            answer(index, &case);
            later.0.push(micros(start));
        }
    }
    println!(
        "  unique wishes            first p50 {:.1}, then p50 {:.1} p99 {:.1}",
        first.at(0.5),
        later.at(0.5),
        later.at(0.99)
    );
}

/// Readers take the newest index while a thread publishes a thousand changes a second.
fn under_writes(index: &CandidateIndex, everyone: &[Arc<Candidate>], cases: &[Case]) {
    let newest = Mutex::new(index.clone());
    let done = AtomicBool::new(false);
    let (mut times, mut published) = (Times::default(), 0);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (draw, start) = (&mut Draw(SEED), Instant::now());
            let mut published = 0u32;
            while !done.load(Ordering::Relaxed) {
                if start.elapsed().as_micros() < u128::from(published) * 1_000 {
                    std::thread::yield_now();
                    continue;
                }
                let n = everyone.len() as u64;
                let (at, other) = (draw.below(n) as usize, draw.below(n) as usize);
                let changed = Arc::new(Candidate {
                    id: everyone[at].id,
                    ..Candidate::clone(&everyone[other])
                });
                // Like the server: a new epoch after four thousand changes.
                let before = newest.lock().unwrap().clone();
                let before = if before.changed() < 4_000 {
                    before
                } else {
                    index.clone()
                };
                let next = before.with([(changed.id, Some(changed))]);
                *newest.lock().unwrap() = next;
                published += 1;
            }
            published
        });
        for case in cases {
            let start = Instant::now();
            let now = newest.lock().unwrap().clone();
            answer(&now, case);
            times.0.push(micros(start));
        }
        done.store(true, Ordering::Relaxed);
        published = writer.join().unwrap();
    });
    let seconds = times.0.iter().sum::<f64>() / 1e6;
    println!(
        "  under writes             p50 {:.1}, p99 {:.1}, at {:.0} changes a second",
        times.at(0.5),
        times.at(0.99),
        f64::from(published) / seconds
    );
}

/// The opposite direction: the best 50 of 20,000 open deliverables for each of a thousand workers.
fn for_workers(draw: &mut Draw, catalogue: &Catalogue, everyone: &[Arc<Candidate>]) {
    let population = population(everyone, catalogue);
    let open: Vec<Arc<Need>> = generate(draw, 20_000, catalogue, everyone)
        .into_iter()
        .map(Arc::new)
        .collect();
    let start = Instant::now();
    let profiles = open
        .iter()
        .flat_map(|need| need.roles.iter().map(|role| ProfileKey::of(need, role)));
    let index = CandidateIndex::build(Arc::clone(&population), everyone.iter().cloned(), profiles);
    let needs = NeedIndex::build(&index, open.iter().cloned());
    let built = start.elapsed().as_secs_f64();
    needs.warm();
    println!(
        "20,000 open deliverables for workers; built in {built:.2} s, warm after {:.2} s",
        start.elapsed().as_secs_f64()
    );
    let asked: Vec<_> = open
        .iter()
        .map(|need| Query::new(need, Weights::default(), &population))
        .collect();
    let (mut times, mut scans, mut effort) = (Times::default(), Times::default(), Effort::default());
    let n = everyone.len() as u64;
    for i in 0..1_000 {
        let candidate = &everyone[draw.below(n) as usize];
        let start = Instant::now();
        let (found, cost) = needs.search(candidate, Weights::default(), RankRange::best(TOP), |_| true);
        let contributions = |found: &NeedHit| {
            let query = found.prepared.query(Weights::default(), &population);
            (found.key, query.contributions(&found.assessment))
        };
        let found: Vec<_> = found.iter().map(contributions).collect();
        times.0.push(micros(start));
        effort.nodes += cost.nodes;
        effort.leaves += cost.leaves;
        effort.scored += cost.scored;
        effort.looked_up += cost.looked_up;
        if i % 50 == 0 {
            let start = Instant::now();
            let mut all: Vec<RankKey> = asked
                .iter()
                .filter_map(|query| {
                    let assessment = query.best(candidate, None)?;
                    assessment
                        .failed
                        .is_empty()
                        .then(|| query.key(candidate, &assessment.fit))
                })
                .collect();
            all.sort_unstable();
            scans.0.push(micros(start));
            assert!(all.iter().take(TOP).eq(found.iter().map(|(key, _)| key)));
        }
    }
    println!(
        "  p50 {:.1}, p99 {:.1}, scan p50 {:.1} = {:.0} times; {} groups, {} opened, {} scored, {} looked up",
        times.at(0.5),
        times.at(0.99),
        scans.at(0.5),
        scans.at(0.5) / times.at(0.5),
        effort.nodes / 1_000,
        effort.leaves / 1_000,
        effort.scored / 1_000,
        effort.looked_up / 1_000
    );
    let mut times = Times::default();
    let mut now = needs;
    for need in open.iter().take(1_000) {
        let other = Arc::new(Need {
            hours_per_week: need.hours_per_week + 1,
            ..Need::clone(need)
        });
        let start = Instant::now();
        now = now.with(&index, [(other.id, Some(other))]);
        times.0.push(micros(start));
    }
    println!(
        "  publishing a change      p50 {:.1}, p99 {:.1}",
        times.at(0.5),
        times.at(0.99)
    );
}

/// Every changed worker takes the answers of another.
fn publish(
    draw: &mut Draw,
    mut index: CandidateIndex,
    mut everyone: Vec<Arc<Candidate>>,
) -> (CandidateIndex, Vec<Arc<Candidate>>) {
    let mut times = Times::default();
    let n = everyone.len() as u64;
    for _ in 0..4_000.min(n / 4) {
        let (at, other) = (draw.below(n) as usize, draw.below(n) as usize);
        let id = everyone[at].id;
        let changed = Arc::new(Candidate {
            id,
            ..Candidate::clone(&everyone[other])
        });
        everyone[at] = Arc::clone(&changed);
        let start = Instant::now();
        index = index.with([(id, Some(changed))]);
        times.0.push(micros(start));
    }
    println!(
        "  publishing a change                p50 {:.1}, p99 {:.1}",
        times.at(0.5),
        times.at(0.99)
    );
    (index, everyone)
}

fn main() {
    let catalogue = catalogue();
    let asked: Vec<u64> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if asked.is_empty() {
        vec![10_000, 100_000, 1_000_000]
    } else {
        asked
    };
    for size in sizes {
        bench(size, &catalogue);
    }
    for_workers(&mut Draw(SEED), &catalogue, &everyone(&catalogue, 10_000));
}
