//! How fast the index ranks, and what that costs: `cargo bench --bench matcher [-- SIZES…]`.
//!
//! The population is the demonstration's roster, as long as asked for; the needs are drawn from the catalogue's types.
//! Every time is beside the plain scan's in the same run, and a sample of the answers is held against it. An answer is
//! the 50 best with their explanation in numbers; "found" leaves the explanation out, "first" is the first time that a
//! need is asked. `quick` holds fewer answers against the scan.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod generated;

use generated::{Draw, catalogue, everyone, needs, population};
use musubi::catalogue::Catalogue;
use musubi::matcher::index::{Effort, Index, Wanted};
use musubi::matcher::profile::ProfileKey;
use musubi::matcher::*;
use std::sync::Arc;
use std::time::Instant;

const SEED: u64 = 7;
const TOP: usize = 50;

fn weights(draw: &mut Draw) -> Weights {
    Weights::new(std::array::from_fn(|_| 1.0 + draw.below(300) as f64)).unwrap()
}

struct Case {
    need: Need,
    /// The role asked for; none for the whole team.
    role: Option<usize>,
    weights: Weights,
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

type Explained = Vec<(RankKey, [u64; 9])>;

/// The 50 best with their explanation in numbers, what finding them cost, and how much of the time that took.
fn answer(index: &Index, case: &Case) -> (Explained, Effort, f64) {
    let start = Instant::now();
    let query = index.query(&case.need, case.weights);
    let wanted = Wanted {
        role: case.role,
        ..Wanted::best(TOP)
    };
    let (hits, effort) = index.search(&query, wanted);
    let found = micros(start);
    let explained = hits.iter().map(|hit| {
        let assessment = hit.assess(&query).unwrap();
        (hit.key, query.contributions(&assessment))
    });
    (explained.collect(), effort, found)
}

fn measure(name: &str, index: &Index, everyone: &[Arc<Candidate>], cases: &[Case]) {
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
    // The scan takes long: a sample is enough, and holds the answers to it.
    let most = if std::env::args().any(|arg| arg == "quick") {
        0
    } else {
        20_000_000 / everyone.len()
    };
    let sample = most.clamp(8, cases.len());
    for case in cases.iter().take(sample) {
        let query = index.query(&case.need, case.weights);
        let start = Instant::now();
        let ranking = query.rank_workers(everyone, case.role);
        scans.0.push(micros(start));
        let expected: Vec<RankKey> = ranking.ranked.iter().map(|(key, _)| *key).take(TOP).collect();
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
    let needs = needs(draw, 2_000, catalogue, &everyone);
    let profiles: Vec<ProfileKey> = needs
        .iter()
        .flat_map(|need| need.roles.iter().map(|role| ProfileKey::of(need, role)))
        .collect();
    let start = Instant::now();
    let index = Index::build(population, everyone.iter().cloned(), profiles);
    let built = index.size();
    println!(
        "  index                              {:.2} s, {} trees, {} bytes a worker",
        start.elapsed().as_secs_f64(),
        built.trees,
        built.bytes as u64 / size
    );
    let (mut with, mut without, mut custom, mut team) = (vec![], vec![], vec![], vec![]);
    for need in needs {
        let role = draw.below(need.roles.len() as u64) as usize;
        let must = need.roles[role].wishes.iter().any(|wish| wish.must_have);
        let default = Weights::default();
        custom.push(Case {
            need: need.clone(),
            role: Some(role),
            weights: weights(draw),
        });
        team.push(Case {
            need: need.clone(),
            role: None,
            weights: default,
        });
        let case = Case {
            need,
            role: Some(role),
            weights: default,
        };
        if must { with.push(case) } else { without.push(case) }
    }
    heading();
    measure("with a must-have skill", &index, &everyone, &with);
    measure("without", &index, &everyone, &without);
    measure("other weights", &index, &everyone, &custom);
    measure("the whole team", &index, &everyone, &team);
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

/// Everyone changed takes the answers of another.
fn publish(
    draw: &mut Draw,
    mut index: Index,
    mut everyone: Vec<Arc<Candidate>>,
) -> (Index, Vec<Arc<Candidate>>) {
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
}
