//! Measures rounds on the real index: `cargo bench --bench rounds [-- SIZES…] [quick] [same]`, a size being WORKERS or
//! DELIVERABLESxWORKERS. Without sizes: 15, 200 and 1,000 deliverables, with 10,000, 100,000 and a million workers.
//!
//! The workers are the demonstration's roster in the requested size. Deliverables are drawn from the catalogue's types
//! ("mixed"); or they are of six kinds in three places ("hot"); or they all ask for exactly the same ("same"). Times in milliseconds: "end" is from the
//! question to the answer, with all reading; "solver" is the same again, when the lists are read; "verify" computes
//! the bound again through the index. MB is the memory of the solver and of what it read. Every answer is verified, or the
//! bench stops; the last column says what that proved.
//!
//! For 200 x 10000 hot, OR-tools' min-cost flow solves the same round by the same rules, if `python3` finds the package
//! `ortools`. It needs every pair written out. `quick` skips it, and everything above 100,000 workers. More than 200 times
//! exactly the same request is slow, since every path may lead through every slot: `same` includes that, too.
//!
//! Before the rounds of a size come single teams: the best one for each of 100 requests, under common meeting times.

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
use matcher::round::{IndexMarket, Market, Member, Objective, Order, Round, TeamRound};
use matcher::*;
use musubi::catalogue::Catalogue;
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

const SEED: u64 = 7;

/// Solves the pairs on its input, and prints the seconds of the solver and the value.
const FLOW: &str = r#"
import sys, time, numpy
from ortools.graph.python import min_cost_flow
slots, people, sink = map(int, sys.stdin.readline().split())
places = numpy.array(sys.stdin.readline().split(), dtype=numpy.int64)
capacity = numpy.array(sys.stdin.readline().split(), dtype=numpy.int64)
arcs = numpy.array([line.split() for line in sys.stdin], dtype=numpy.int64)
flow = min_cost_flow.SimpleMinCostFlow()
flow.add_arcs_with_capacity_and_unit_cost(arcs[:, 0], arcs[:, 1], numpy.ones(len(arcs), numpy.int64), -arcs[:, 2])
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
        "  {:>5} {:>9} {:5} {:12} {:>6} {:>6} {:>9} {:>9} {:>7} {:>9} {:>9} {:>6} {:>9} {:>9} {:>8}",
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
        "pairs",
        "verified"
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
        "  {:>5} {:>9} {:5} {:12} {:>6} {:>6} {:>9.1} {:>9.1} {:>7} {:>9} {:>9} {:>6.1} {:>9.1} {:>9} {:>8}",
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
        verdict.pairs,
        if objective == Objective::Stable {
            "stable"
        } else {
            "the best"
        }
    );
    round
}

/// Has OR-tools solve the same round with every pair written out. Slots send their places to workers; where a worker suits
/// several slots of a deliverable, a node between them lets only one place through.
fn rival(market: &IndexMarket, index: &CandidateIndex, round: &Round) -> Option<()> {
    let mut solved = round.solve(market).ok()?;
    let mut times: Vec<f64> = Vec::new();
    for _ in 0..9 {
        let start = Instant::now();
        solved.again(round.clone()).ok()?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_unstable_by(f64::total_cmp);
    let ours = times[times.len() / 2];
    let filled = solved.solution.proofs[0].weighing.filled;
    let worth = filled * solved.solution.seats.len() as i64 + solved.solution.fit_ppm as i64;
    let ids: Vec<u128> = index.everyone().map(|candidate| candidate.id).collect();
    let number: HashMap<u128, usize> = ids.iter().enumerate().map(|(i, id)| (*id, i)).collect();
    // By deliverable and worker: the slots that suit, and what a place there is worth.
    let mut suits: BTreeMap<(u128, usize), Vec<(usize, i64)>> = BTreeMap::new();
    for (slot, asked) in round.slots.iter().enumerate() {
        for key in market.ranked(slot, Order::Fit, RankRange::best(usize::MAX)) {
            let own = suits
                .entry((asked.deliverable, number[&key.candidate]))
                .or_default();
            own.push((slot, filled + key.fit_ppm.0 as i64));
        }
    }
    let (mut arcs, mut node) = (String::new(), round.slots.len() + ids.len());
    for ((_, worker), own) in &suits {
        let person = round.slots.len() + worker;
        let to = if own.len() == 1 { person } else { node };
        for (slot, worth) in own {
            arcs += &format!("{slot} {to} {worth}\n");
        }
        if own.len() > 1 {
            arcs += &format!("{node} {person} 0\n");
            node += 1;
        }
    }
    let places: Vec<String> = round.slots.iter().map(|slot| slot.places.to_string()).collect();
    let capacity = |id: &u128| market.capacity(*id).min(round.most_each).to_string();
    let capacities: Vec<String> = ids.iter().map(capacity).collect();
    let head = format!("{} {} {node}", round.slots.len(), ids.len());
    let text = format!("{head}\n{}\n{}\n{arcs}", places.join(" "), capacities.join(" "));
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
        "  OR-tools' min-cost flow: {theirs:.2} s, the solver here {:.2} ms (median of 9) = {:.0} times faster, the same value",
        ours * 1e3,
        theirs / ours
    );
    Some(())
}

fn bench(workers: u64, deliverables: &[u128], catalogue: &Catalogue, (quick, same): (bool, bool)) {
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
    let equal: Vec<Need> = mixed
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
    teams(&index, &mixed);
    for count in deliverables {
        for (kind, needs) in [("mixed", &mixed), ("hot", &hot), ("same", &equal)] {
            if kind == "same" && *count > 200 && !same {
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
            if kind != "same" || *count <= 200 {
                measure(&case, &market, Objective::Fit);
            }
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

/// The best team for each of the first needs that have several places, with so many shared day-parts of the week, within the
/// server's limits.
fn teams(index: &CandidateIndex, needs: &[Need]) {
    const WEEK: u32 = (1 << 21) - 1;
    let member = |worker: u128| {
        let known = index.get(worker);
        Member {
            day_parts: known.as_ref().and_then(|one| one.day_parts).unwrap_or(WEEK),
            employer: known.as_ref().and_then(|one| one.employer),
        }
    };
    let places = |need: &&Need| need.roles.iter().map(|role| role.places).sum::<u16>() > 1;
    let several: Vec<&Need> = needs.iter().filter(places).take(100).collect();
    println!(
        "one team, {} workers; milliseconds with its runner-up, costs and replacements",
        index.len()
    );
    for common in [0, 2, 3, 4, 5] {
        let (mut times, mut found, mut exact) = (Vec::new(), 0, 0);
        for need in &several {
            let market = IndexMarket::new(index, std::slice::from_ref(*need), Weights::default());
            let round = TeamRound {
                slots: market.slots(),
                day_parts: 0,
                common,
                most_of_employer: u32::MAX,
                min_fit_ppm: 0,
                pins: Vec::new(),
                bans: Vec::new(),
                agreed: Vec::new(),
                left_out: Vec::new(),
                most_nodes: 200_000,
                most_steps: 3_000_000,
            };
            let start = Instant::now();
            let teams = round.solve(&market, &member);
            times.push(ms(start));
            if let Ok(teams) = teams {
                found += usize::from(teams.best.is_some());
                exact += usize::from(teams.is_exact);
            }
        }
        times.sort_unstable_by(f64::total_cmp);
        let at = |part: usize| times[(times.len() - 1) * part / 100];
        println!(
            "  {common} shared day-parts: {} requests, {found} with a team, {exact} exact; p50 {:.1}, p90 {:.1}, longest {:.1}",
            times.len(),
            at(50),
            at(90),
            at(100)
        );
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let has = |word: &str| args.iter().any(|arg| arg == word);
    let (quick, same) = (has("quick"), has("same"));
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
        bench(workers, &deliverables, &catalogue, (quick, same));
    }
}
