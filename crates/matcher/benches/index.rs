//! Compares the index to the plain scan in generated worlds: `cargo bench -p matcher [-- SIZES…]`.
//!
//! Each row gives the median time of a search and of the scan, and the counts of the search for each need.
//! The counts repeat exactly, so that a change that makes the index look at more candidates shows even on a
//! busy machine. The bench also asserts that both return the same ranking.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

#[path = "../tests/worlds/mod.rs"]
#[allow(dead_code)]
mod worlds;

use matcher::index::{CandidateIndex, Effort, NeedIndex, RankRange};
use matcher::*;
use std::sync::Arc;
use std::time::Instant;
use worlds::World;

const SEED: u64 = 7;
const NEEDS: u128 = 200;
const TOP: usize = 50;

fn median_microseconds(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

fn timed<T>(times: &mut Vec<f64>, f: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let value = f();
    times.push(start.elapsed().as_nanos() as f64 / 1e3);
    value
}

fn row(name: &str, size: usize, (searches, scans): (Vec<f64>, Vec<f64>), total: Effort, rounds: usize) {
    let (search, scan) = (median_microseconds(searches), median_microseconds(scans));
    println!(
        "{name:10} {size:9} {search:10.1} {scan:12.1} {:7.0} {:8} {:8} {:8} {:10}",
        scan / search,
        total.nodes / rounds,
        total.leaves / rounds,
        total.scored / rounds,
        total.looked_up / rounds
    );
}

fn add(total: &mut Effort, effort: Effort) {
    total.nodes += effort.nodes;
    total.leaves += effort.leaves;
    total.scored += effort.scored;
    total.looked_up += effort.looked_up;
}

fn candidates_for_needs(draw: &mut Draw, world: &World, everyone: &[Arc<Candidate>]) {
    let index = CandidateIndex::build(world.population(everyone), everyone.iter().cloned(), []);
    let (mut searches, mut scans, mut total) = (Vec::new(), Vec::new(), Effort::default());
    for id in 0..NEEDS {
        let need = world.need(draw, id);
        let query = index.query(&need, Weights::default());
        // The first search builds the trees.
        index.search(&query, 0, RankRange::best(TOP));
        let search = || index.search(&query, 0, RankRange::best(TOP));
        let (hits, effort) = timed(&mut searches, search);
        add(&mut total, effort);
        if id % 20 == 0 {
            let scanned = timed(&mut scans, || query.rank_workers(everyone, Some(0)).ranked);
            let expected = scanned.iter().map(|(key, _)| *key).take(TOP);
            assert!(hits.iter().map(|hit| hit.key).eq(expected));
        }
    }
    row(
        "workers",
        everyone.len(),
        (searches, scans),
        total,
        NEEDS as usize,
    );
}

fn needs_for_candidates(draw: &mut Draw, world: &World, everyone: &[Arc<Candidate>], size: u128) {
    let index = CandidateIndex::build(world.population(everyone), everyone.iter().cloned(), []);
    let open: Vec<Arc<Need>> = (0..size).map(|id| Arc::new(world.need(draw, id))).collect();
    let needs = NeedIndex::build(&index, open.iter().cloned());
    needs.warm();
    let (mut searches, mut scans, mut total) = (Vec::new(), Vec::new(), Effort::default());
    for (i, candidate) in everyone.iter().take(NEEDS as usize).enumerate() {
        let search = || needs.search(candidate, Weights::default(), RankRange::best(TOP), |_| true);
        let (hits, effort) = timed(&mut searches, search);
        add(&mut total, effort);
        if i % 20 == 0 {
            let queries = open.iter().map(|need| index.query(need, Weights::default()));
            let scanned = timed(&mut scans, || rank::rank_needs(queries, candidate).ranked);
            let expected = scanned.iter().map(|(key, _)| *key).take(TOP);
            assert!(hits.iter().map(|hit| hit.key).eq(expected));
        }
    }
    row("needs", open.len(), (searches, scans), total, NEEDS as usize);
}

fn main() {
    let sizes: Vec<u128> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if sizes.is_empty() {
        vec![10_000, 100_000]
    } else {
        sizes
    };
    println!(
        "{:10} {:>9} {:>10} {:>12} {:>7} {:>8} {:>8} {:>8} {:>10}",
        "", "size", "search µs", "scan µs", "times", "nodes", "leaves", "scored", "looked up"
    );
    let draw = &mut Draw(SEED);
    let world = World::new(draw, 60, 6, 40, 20);
    for size in sizes {
        let everyone: Vec<Arc<Candidate>> = (0..size)
            .map(|id| Arc::new(world.candidate(draw, id << 7 | 3)))
            .collect();
        candidates_for_needs(draw, &world, &everyone);
    }
    let everyone: Vec<Arc<Candidate>> = (0..1_000).map(|id| Arc::new(world.candidate(draw, id))).collect();
    needs_for_candidates(draw, &world, &everyone, 5_000);
}
