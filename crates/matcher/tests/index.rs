//! The index equals the plain scan for any need, role, weights, length and history.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod worlds;

use matcher::index::{CandidateIndex, NeedIndex, RankRange};
use matcher::profile::ProfileKey;
use matcher::*;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use worlds::{World, compare, weights};

fn role_and_range(draw: &mut Draw, need: &Need) -> (usize, RankRange) {
    let role = draw.below(need.roles.len() as u64) as usize;
    let range = RankRange {
        limit: [1, 3, 10, 50, 1000][draw.below(5) as usize],
        after: None,
        min_fit_ppm: if draw.chance(10) { 600_000 } else { 0 },
    };
    (role, range)
}

/// Queries needs while candidates are added, changed and removed, and rebuilds the index now and then.
fn history(seed: u64, world: &World, size: u64, rounds: usize) -> (usize, usize) {
    let draw = &mut Draw(seed);
    let id = |draw: &mut Draw| u128::from(ppm::mix(draw.below(size * 2))) << 7 | 3;
    let mut people: BTreeMap<u128, Arc<Candidate>> = BTreeMap::new();
    for _ in 0..size {
        let id = id(draw);
        people.insert(id, Arc::new(world.candidate(draw, id)));
    }
    let everyone = |people: &BTreeMap<u128, Arc<Candidate>>| people.values().cloned().collect::<Vec<_>>();
    let profiles: Vec<ProfileKey> = (0..3)
        .flat_map(|i| {
            let need = world.need(draw, i);
            need.roles
                .iter()
                .map(|role| ProfileKey::of(&need, role))
                .collect::<Vec<_>>()
        })
        .collect();
    let mut index = CandidateIndex::build(
        world.population(&everyone(&people)),
        everyone(&people),
        profiles.clone(),
    );
    let (mut pairs, mut found) = (0, 0);
    for round in 0..rounds {
        if round % 40 == 39 {
            index = CandidateIndex::build(
                world.population(&everyone(&people)),
                index.everyone().cloned(),
                profiles.clone(),
            );
        }
        let changes: Vec<(u128, Option<Arc<Candidate>>)> = (0..draw.below(4))
            .map(|_| {
                let id = id(draw);
                (id, draw.chance(70).then(|| Arc::new(world.candidate(draw, id))))
            })
            .collect();
        for (id, now) in &changes {
            match now {
                Some(candidate) => people.insert(*id, Arc::clone(candidate)),
                None => people.remove(id),
            };
        }
        index = index.with(changes);
        let all = everyone(&people);
        assert_eq!((index.len(), index.everyone().count()), (all.len(), all.len()));
        let number = u128::from(draw.below(1000));
        let need = world.need(draw, number);
        let (weights, (role, range)) = (weights(draw), role_and_range(draw, &need));
        found += compare(&index, &all, &need, weights, role, range);
        // The next page.
        let query = index.query(&need, weights);
        let (hits, _) = index.search(&query, role, RankRange { limit: 5, ..range });
        let after = hits.last().map(|hit| hit.key);
        found += compare(&index, &all, &need, weights, role, RankRange { after, ..range });
        pairs += 2;
    }
    (pairs, found)
}

#[test]
fn searches_equal_the_scan() {
    let (mut pairs, mut found) = (0, 0);
    for seed in 0..60 {
        let draw = &mut Draw(seed << 32);
        let world = match seed % 3 {
            0 => World::new(draw, 3, 2, 2, 3),
            1 => World::new(draw, 30, 5, 12, 20),
            _ => World::new(draw, 200, 9, 40, 90),
        };
        let (p, f) = history(seed, &world, [8, 80, 300][seed as usize / 20], 90);
        (pairs, found) = (pairs + p, found + f);
    }
    assert!(
        pairs >= 10_000 && found > 2 * pairs,
        "{pairs} pairs, {found} found"
    );
}

/// The list for a whole team, with some left out, equals that of the plain scan without them.
#[test]
fn lists_for_a_team_equal_the_scan() {
    let (mut found, mut of_other_roles) = (0, 0);
    for seed in 0..150 {
        let draw = &mut Draw(seed << 8 | 5);
        let world = match seed % 3 {
            0 => World::new(draw, 3, 2, 2, 3),
            1 => World::new(draw, 30, 5, 12, 20),
            _ => World::new(draw, 200, 9, 40, 90),
        };
        let size = [4, 40, 400][draw.below(3) as usize];
        let mut people: Vec<Arc<Candidate>> =
            (0..size).map(|id| Arc::new(world.candidate(draw, id))).collect();
        let mut index = CandidateIndex::build(world.population(&people), people.iter().cloned(), []);
        let changed = draw.below(people.len() as u64) as usize;
        people[changed] = Arc::new(world.candidate(draw, changed as u128));
        index = index.with([(changed as u128, Some(Arc::clone(&people[changed])))]);
        for id in 0..8 {
            let (mut need, weights) = (world.need(draw, id), weights(draw));
            let open = draw.below(need.roles.len() as u64) as usize;
            need.roles[open].places += 1;
            let query = index.query(&need, weights);
            let left_out = (0..size).filter(|_| draw.chance(5)).collect();
            let left: Vec<_> = people
                .iter()
                .filter(|c| !HashSet::contains(&left_out, &c.id))
                .cloned()
                .collect();
            let whole = query.rank_team(&left, usize::MAX);
            for limit in [1, 5, 30, 1000] {
                let hits = index.search_team(&query, None, limit, &left_out);
                let keys: Vec<_> = hits.iter().map(|hit| (hit.hit.role, hit.hit.key)).collect();
                assert_eq!(
                    keys,
                    whole.iter().copied().take(limit).collect::<Vec<_>>(),
                    "{seed} {id} {limit}"
                );
                found += keys.len();
                for one in &hits {
                    let of_role = query.rank_workers(&left, Some(one.hit.role)).ranked;
                    assert_eq!(of_role[one.by_fit].0, one.hit.key);
                    let above = one.by_fit.checked_sub(1).map(|above| of_role[above].0);
                    assert_eq!(one.above, above);
                    let best = query.best(&one.hit.candidate, None).unwrap();
                    of_other_roles += usize::from(best.role != one.hit.role);
                    if limit > 5 {
                        break;
                    }
                }
            }
        }
    }
    assert!(found > 10_000 && of_other_roles > 50, "{found} {of_other_roles}");
}

#[test]
fn searches_through_several_levels_equal_the_scan() {
    for seed in 0..4 {
        let draw = &mut Draw(seed + 900);
        let world = World::new(draw, 30, 3, 2, 10);
        let (_, found) = history(seed, &world, 6_000, 12);
        assert!(found > 100);
    }
}

#[test]
fn equal_candidates_are_ordered_by_the_hash() {
    let draw = &mut Draw(5);
    let world = World::new(draw, 3, 1, 1, 1);
    let mut one = world.candidate(draw, 0);
    (one.active, one.consented, one.capacity, one.open_load) = (true, true, 1, 0);
    (one.accepted_formats, one.roles, one.skills) = (None, None, None);
    (one.hours_per_week, one.day_parts, one.area, one.remote) = (None, None, None, None);
    (one.available_from, one.available_until) = (None, None);
    (one.blocked, one.conflicts) = (vec![], vec![]);
    let everyone: Vec<Arc<Candidate>> = (0..700)
        .map(|i| {
            Arc::new(Candidate {
                id: i * 11,
                ..one.clone()
            })
        })
        .collect();
    let index = CandidateIndex::build(world.population(&everyone), everyone.iter().cloned(), []);
    let mut need = world.need(draw, 77);
    need.qualifications.clear();
    assert_eq!(
        compare(
            &index,
            &everyone,
            &need,
            Weights::default(),
            0,
            RankRange::best(50)
        ),
        50
    );
}

/// Queries candidates while needs are added, changed and removed.
fn needs_history(seed: u64, world: &World, size: u64, rounds: usize) -> (usize, usize) {
    let draw = &mut Draw(seed);
    let people: Vec<Arc<Candidate>> = (0..60).map(|id| Arc::new(world.candidate(draw, id))).collect();
    let population = world.population(&people);
    let mut all: BTreeMap<u128, Arc<Need>> = BTreeMap::new();
    for id in 0..u128::from(size) {
        all.insert(id, Arc::new(world.need(draw, id)));
    }
    let index = CandidateIndex::build(Arc::clone(&population), people, []);
    let mut needs = NeedIndex::build(&index, all.values().cloned());
    let (mut pairs, mut found) = (0, 0);
    for _ in 0..rounds {
        let changes: Vec<(u128, Option<Arc<Need>>)> = (0..draw.below(4))
            .map(|_| {
                let id = u128::from(draw.below(size * 2));
                (id, draw.chance(70).then(|| Arc::new(world.need(draw, id))))
            })
            .collect();
        for (id, now) in &changes {
            match now {
                Some(need) => all.insert(*id, Arc::clone(need)),
                None => all.remove(id),
            };
        }
        needs = needs.with(&index, changes);
        assert_eq!(needs.len(), all.len());
        let candidate = world.candidate(draw, 1_000_000);
        let weights = weights(draw);
        let queries = all.values().map(|need| Query::new(need, weights, &population));
        let scanned = rank::rank_needs(queries, &candidate);
        let (limit, min_fit_ppm) = (
            [0, 1, 5, 1000][draw.below(4) as usize],
            [0, 600_000][draw.below(2) as usize],
        );
        let after = scanned.ranked.get(draw.below(30) as usize).map(|(key, _)| *key);
        for after in [None, after] {
            let expected = scanned.ranked.iter().map(|(key, (_, a))| (*key, a.role, a.fit));
            let expected = expected
                .filter(|(key, ..)| key.fit_ppm.0 >= min_fit_ppm && after.is_none_or(|after| *key > after));
            let range = RankRange {
                limit,
                after,
                min_fit_ppm,
            };
            let (hits, _) = needs.search(&candidate, weights, range, |_| true);
            let answer: Vec<_> = hits
                .iter()
                .map(|hit| (hit.key, hit.assessment.role, hit.assessment.fit))
                .collect();
            assert_eq!(answer, expected.take(limit).collect::<Vec<_>>(), "{weights:?}");
            found += answer.len();
            pairs += 1;
        }
        assert_eq!(needs.census(&candidate, |_| true), scanned.census);
    }
    (pairs, found)
}

#[test]
fn searches_for_needs_equal_the_scan() {
    let (mut pairs, mut found) = (0, 0);
    for seed in 0..30 {
        let draw = &mut Draw(seed << 40 | 1);
        let world = match seed % 3 {
            0 => World::new(draw, 3, 2, 2, 3),
            1 => World::new(draw, 30, 5, 12, 20),
            _ => World::new(draw, 200, 9, 40, 90),
        };
        let (p, f) = needs_history(seed, &world, [5, 60, 300][seed as usize / 10], 50);
        (pairs, found) = (pairs + p, found + f);
    }
    assert!(pairs >= 3_000 && found > pairs, "{pairs} pairs, {found} found");
}

#[test]
fn empty_indexes_and_empty_needs_give_empty_lists() {
    let draw = &mut Draw(6);
    let world = World::new(draw, 3, 2, 2, 3);
    let empty = CandidateIndex::build(world.population(&[]), [], []);
    let mut need = world.need(draw, 1);
    assert_eq!(
        compare(&empty, &[], &need, Weights::default(), 0, RankRange::best(50)),
        0
    );
    need.roles.clear();
    let everyone: Vec<Arc<Candidate>> = (0..30).map(|id| Arc::new(world.candidate(draw, id))).collect();
    let index = CandidateIndex::build(world.population(&everyone), everyone.iter().cloned(), []);
    assert_eq!(
        compare(
            &index,
            &everyone,
            &need,
            Weights::default(),
            0,
            RankRange::best(50)
        ),
        0
    );
    let need = world.need(draw, 2);
    assert_eq!(
        compare(
            &index,
            &everyone,
            &need,
            Weights::default(),
            0,
            RankRange::best(0)
        ),
        0
    );
}

/// Counts repeat exactly, unlike times. They show that most candidates are never looked at.
#[test]
fn scores_few_candidates_and_looks_up_fewer() {
    let draw = &mut Draw(8);
    let world = World::new(draw, 30, 3, 8, 10);
    let everyone: Vec<Arc<Candidate>> = (0..10_000)
        .map(|id| Arc::new(world.candidate(draw, id)))
        .collect();
    let index = CandidateIndex::build(world.population(&everyone), everyone, []);
    let (mut scored, mut looked_up) = (0, 0);
    for id in 0..50 {
        let mut need = world.need(draw, id);
        need.qualifications.clear();
        let query = index.query(&need, Weights::default());
        let (_, effort) = index.search(&query, 0, RankRange::best(50));
        scored += effort.scored;
        looked_up += effort.looked_up;
    }
    assert!(scored < 50 * 1_000, "{scored} scored");
    assert!(looked_up < 50 * 100, "{looked_up} looked up");
}
