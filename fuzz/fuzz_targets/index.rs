//! Applies any sequence of inserts, removals, rebuilds and queries: `cargo +nightly fuzz run index`.
//!
//! Each operation takes six bytes: the kind, the id, and four as the seed of the candidate or need. After
//! each query the index has to equal the plain scan.

#![no_main]

use libfuzzer_sys::fuzz_target;
use matcher::index::{CandidateIndex, RankRange};
use matcher::{Candidate, Draw};
use std::collections::BTreeMap;
use std::sync::Arc;

#[path = "../../crates/matcher/tests/worlds/mod.rs"]
mod worlds;

use worlds::{World, compare, weights};

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let draw = &mut Draw(u64::from(*first));
    let world = match first % 3 {
        0 => World::new(draw, 3, 2, 2, 3),
        1 => World::new(draw, 30, 5, 12, 20),
        _ => World::new(draw, 200, 9, 40, 90),
    };
    let mut people: BTreeMap<u128, Arc<Candidate>> = BTreeMap::new();
    let everyone = |people: &BTreeMap<u128, Arc<Candidate>>| people.values().cloned().collect::<Vec<_>>();
    let mut index = CandidateIndex::build(world.population(&[]), [], []);
    for operation in rest.chunks_exact(6) {
        let id = u128::from(operation[1]);
        let seed = u32::from_le_bytes([operation[2], operation[3], operation[4], operation[5]]);
        let draw = &mut Draw(u64::from(seed));
        match operation[0] % 8 {
            0..=3 => {
                let candidate = Arc::new(world.candidate(draw, id));
                people.insert(id, Arc::clone(&candidate));
                index = index.with([(id, Some(candidate))]);
            }
            4 => {
                people.remove(&id);
                index = index.with([(id, None)]);
            }
            5 => {
                let population = world.population(&everyone(&people));
                index = CandidateIndex::build(population, index.everyone().cloned(), []);
            }
            _ => {
                let (need, weights) = (world.need(draw, id), weights(draw));
                let role = draw.below(need.roles.len().max(1) as u64) as usize;
                let range = RankRange::best([1, 5, 50][draw.below(3) as usize]);
                compare(&index, &everyone(&people), &need, weights, role, range);
            }
        }
    }
});
