//! Measures rounds on the real index: `cargo bench --bench rounds [-- SIZES…] [quick]`, a size being WORKERS or
//! DELIVERABLESxWORKERS.
//!
//! The workers are the demonstration's roster in the requested size. Deliverables are drawn from the catalogue's types
//! ("mixed"); or they are of six kinds in three places ("hot"); or they all ask for exactly the same ("same"). Times in milliseconds: "end" is from the
//! question to the answer, with all reading; "solver" is the same again, when the lists are read; "verify" computes
//! the bound again through the index. Every answer is verified, or the bench stops.
//!
//! For 200 x 10000 hot, OR-tools' min-cost flow solves the same round, if `python3` finds the package `ortools`. It
//! needs every pair written out. `quick` skips it, and everything above 100,000 workers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod generated;

use generated::{catalogue, everyone, needs as generate, population};
use matcher::index::{CandidateIndex, RankRange};
use matcher::profile::ProfileKey;
use matcher::round::{IndexMarket, Market, Objective, Order, Round};
use matcher::*;
use musubi::catalogue::Catalogue;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

const SEED: u64 = 7;

/// Solves the pairs on its input, and prints the seconds of the solver and the value.
const FLOW: &str = r#"
import sys, time, numpy
from ortools.graph.python import min_cost_flow
head = sys.stdin.readline().split()
slots, people, filled = int(head[0]), int(head[1]), int(head[2])
places = numpy.array(sys.stdin.readline().split(), dtype=numpy.int64)
capacity = numpy.array(sys.stdin.readline().split(), dtype=numpy.int64)
pairs = numpy.array([line.split() for line in sys.stdin], dtype=numpy.int64)
flow, sink = min_cost_flow.SimpleMinCostFlow(), slots + people
flow.add_arcs_with_capacity_and_unit_cost(pairs[:, 0], slots + pairs[:, 1], numpy.ones(len(pairs), numpy.int64), -pairs[:, 2] - filled)
flow.add_arcs_with_capacity_and_unit_cost(slots + numpy.arange(people), numpy.full(people, sink), capacity, numpy.zeros(people, numpy.int64))
flow.add_arcs_with_capacity_and_unit_cost(numpy.arange(slots), numpy.full(slots, sink), places, numpy.zeros(slots, numpy.int64))
flow.set_nodes_supplies(numpy.append(numpy.arange(slots), sink), numpy.append(places, -places.sum()))
start = time.perf_counter()
assert flow.solve() == flow.OPTIMAL
print(time.perf_counter() - start, -flow.optimal_cost())
"#;

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

fn heading() {
    println!(
        "  {:>5} {:>9} {:5} {:12} {:>6} {:>6} {:>9} {:>9} {:>7} {:>9} {:>9} {:>6} {:>9} {:>9}",
        "deliv",
        "workers",
        "kind",
        "objective",
        "places",
        "filled",
        "end",
        "solver",
        "calls",
        "entries",
        "settled",
        "MB",
        "verify",
        "pairs"
    );
}

struct Case<'a> {
    kind: &'a str,
    needs: &'a [Need],
    index: &'a CandidateIndex,
}

/// Solves a round and verifies the answer.
fn measure(case: &Case, market: &IndexMarket, objective: Objective) -> Round {
    let round = Round::new(market.slots(), objective);
    let start = Instant::now();
    let mut solved = round.solve(market).unwrap_or_else(|faults| panic!("{faults:?}"));
    let end = ms(start);
    let first = solved.solution.clone();
    let start = Instant::now();
    solved.again(round.clone()).unwrap();
    let solver = ms(start);
    let solution = &solved.solution;
    assert_eq!(solution.seats, first.seats);
    let start = Instant::now();
    let verdict = round.verify(market, &solution.seats, &solution.proofs).unwrap();
    let verify = ms(start);
    let effort = first.effort;
    println!(
        "  {:>5} {:>9} {:5} {:12} {:>6} {:>6} {:>9.1} {:>9.1} {:>7} {:>9} {:>9} {:>6.1} {:>9.1} {:>9}",
        case.needs.len(),
        case.index.len(),
        case.kind,
        objective.code(),
        round.places(),
        verdict.filled,
        end,
        solver,
        effort.calls,
        effort.entries,
        effort.settled,
        (effort.bytes + effort.entries * 16) as f64 / 1e6,
        verify,
        verdict.pairs
    );
    round
}

/// Has OR-tools solve the same round with every pair written out. Its network doesn't know that a worker has one place in
/// a deliverable at most, so everybody has one place in all.
fn rival(market: &IndexMarket, index: &CandidateIndex, round: &Round) -> Option<()> {
    let round = Round {
        most_each: 1,
        ..round.clone()
    };
    let mut solved = round.solve(market).ok()?;
    let start = Instant::now();
    solved.again(round.clone()).ok()?;
    let ours = start.elapsed().as_secs_f64();
    let filled = solved.solution.proofs[0].weighing.filled;
    let worth = filled * solved.solution.seats.len() as i64 + solved.solution.fit_ppm as i64;
    let ids: Vec<u128> = index.everyone().map(|candidate| candidate.id).collect();
    let number: std::collections::HashMap<u128, usize> =
        ids.iter().enumerate().map(|(i, id)| (*id, i)).collect();
    let mut text = format!("{} {} {filled}\n", round.slots.len(), ids.len());
    let places: Vec<String> = round.slots.iter().map(|slot| slot.places.to_string()).collect();
    text += &format!("{}\n{}\n", places.join(" "), vec!["1"; ids.len()].join(" "));
    for slot in 0..round.slots.len() {
        for key in market.ranked(slot, Order::Fit, RankRange::best(usize::MAX)) {
            text += &format!("{slot} {} {}\n", number[&key.candidate], key.fit_ppm.0);
        }
    }
    let mut python = Command::new("python3")
        .args(["-c", FLOW])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    python.stdin.take()?.write_all(text.as_bytes()).ok()?;
    let answer = String::from_utf8(python.wait_with_output().ok()?.stdout).ok()?;
    let mut parts = answer.split_whitespace();
    let theirs: f64 = parts.next()?.parse().ok()?;
    assert_eq!(parts.next()?.parse::<i64>().ok()?, worth, "another value");
    println!(
        "  OR-tools' min-cost flow, capacity 1: {theirs:.2} s, the solver here {:.2} ms = {:.0} times faster, the same value",
        ours * 1e3,
        theirs / ours
    );
    Some(())
}

fn bench(workers: u64, deliverables: &[u128], catalogue: &Catalogue, quick: bool) {
    let everyone = everyone(catalogue, workers);
    let draw = &mut Draw(SEED);
    let most = deliverables.iter().copied().max().unwrap_or(0);
    let mixed = generate(draw, most, catalogue, &everyone);
    // Six kinds of requests in three places; or one request again and again, under other ids.
    let like = |need: &Need, roles: &Need, area: u16| Need {
        roles: roles.roles.clone(),
        family: roles.family,
        area,
        ..need.clone()
    };
    let hot: Vec<Need> = (0..mixed.len())
        .map(|i| like(&mixed[i], &mixed[i % 6], mixed[i % 3].area))
        .collect();
    let same: Vec<Need> = mixed
        .iter()
        .map(|need| Need {
            id: need.id,
            ..mixed[0].clone()
        })
        .collect();
    let profiles = mixed
        .iter()
        .flat_map(|need| need.roles.iter().map(|role| ProfileKey::of(need, role)));
    let index = CandidateIndex::build(
        population(&everyone, catalogue),
        everyone.iter().cloned(),
        profiles,
    );
    for count in deliverables {
        for (kind, needs) in [("mixed", &mixed), ("hot", &hot), ("same", &same)] {
            if kind == "same" && *count > 200 {
                continue;
            }
            let needs = &needs[..*count as usize];
            let market = IndexMarket::new(&index, needs, Weights::default());
            let case = Case {
                kind,
                needs,
                index: &index,
            };
            let round = measure(&case, &market, Objective::FillThenFit);
            measure(&case, &market, Objective::Fit);
            if *count <= 200 {
                measure(&case, &market, Objective::WorstFirst);
                measure(&case, &market, Objective::Stable);
            }
            if (*count, workers, kind) == (200, 10_000, "hot") && !quick {
                let skipped = "  OR-tools was not compared: it gave no answer (pip install ortools)";
                rival(&market, &index, &round).unwrap_or_else(|| println!("{skipped}"));
            }
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let quick = args.iter().any(|arg| arg == "quick");
    let size = |arg: &String| match arg.split_once('x') {
        Some((deliverables, workers)) => Some((vec![deliverables.parse().ok()?], workers.parse().ok()?)),
        None => Some((vec![15, 200, 1_000], arg.parse().ok()?)),
    };
    let mut sizes: Vec<(Vec<u128>, u64)> = args.iter().skip(1).filter_map(size).collect();
    if sizes.is_empty() {
        sizes = [10_000, 100_000, 1_000_000]
            .map(|workers| (vec![15, 200, 1_000], workers))
            .into();
        sizes.retain(|(_, workers)| !quick || *workers <= 100_000);
    }
    let catalogue = catalogue();
    println!("rounds, seed {SEED}; milliseconds, all cores for reading");
    heading();
    for (deliverables, workers) in sizes {
        bench(workers, &deliverables, &catalogue, quick);
    }
}
