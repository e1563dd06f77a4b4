//! The index against the plain scan: for any need, role, weights, length and history, the same answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use musubi::matcher::index::needs::Needs;
use musubi::matcher::index::{Index, Wanted};
use musubi::matcher::profile::ProfileKey;
use musubi::matcher::text::{Piece, distinct_terms};
use musubi::matcher::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const WORDS: [&str; 6] = [
    "会員募集のチラシ",
    "ウェブサイトの改善",
    "高齢者の居場所",
    "design of flyers",
    "アンケート",
    "",
];

/// SplitMix64.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        ppm::mix(self.0) % bound
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn maybe<T>(&mut self, value: T) -> Option<T> {
        (!self.chance(20)).then_some(value)
    }

    fn some(&mut self, most: u64, of: u64) -> Vec<u16> {
        (0..self.below(most + 1)).map(|_| self.below(of) as u16).collect()
    }

    fn set(&mut self, of: u32) -> u32 {
        (0..of).fold(0, |set, i| set | u32::from(self.chance(40)) << i)
    }
}

/// How large the world is: few of everything gives ties, many gives long paths.
struct World {
    skills: u64,
    roles: u64,
    areas: u64,
    themes: u64,
    geography: Arc<Geography>,
    tree: Arc<SkillTree>,
}

impl World {
    fn new(draw: &mut Draw, skills: u64, roles: u64, areas: u64, themes: u64) -> World {
        let points: Vec<(f64, f64)> = (0..areas)
            .map(|_| {
                (
                    35.0 + draw.below(600) as f64 / 1e3,
                    139.0 + draw.below(900) as f64 / 1e3,
                )
            })
            .collect();
        let islands = (0..areas).map(|_| draw.chance(10)).collect();
        let parents: Vec<Option<u16>> = (0..skills)
            .map(|i| (i > 0 && draw.chance(80)).then(|| draw.below(i) as u16))
            .collect();
        World {
            skills,
            roles,
            areas,
            themes,
            geography: Arc::new(Geography::new(&points, islands)),
            tree: Arc::new(SkillTree::new(&parents)),
        }
    }

    fn population(&self, everyone: &[Arc<Candidate>]) -> Arc<Population> {
        let (geography, tree) = (Arc::clone(&self.geography), Arc::clone(&self.tree));
        Arc::new(Population::of(
            everyone,
            20_000,
            geography,
            tree,
            self.themes as usize,
        ))
    }

    fn candidate(&self, draw: &mut Draw, id: u128) -> Candidate {
        let accepted = draw.set(8) as u8;
        let preferred = accepted & draw.set(8) as u8;
        let roles = draw.some(3, self.roles);
        let skills = (0..draw.below(6))
            .map(|_| (draw.below(self.skills) as u16, 1 + draw.below(5) as u8))
            .collect();
        let experience = (0..draw.below(3))
            .map(|_| Delivered {
                family: draw.below(3) as u16,
                role: draw.below(self.roles) as u16,
                count: draw.below(40) as u16,
            })
            .collect();
        let evidence = (0..draw.below(3))
            .map(|_| Piece::of(WORDS[draw.below(6) as usize]))
            .collect();
        let (hours, parts, area, limit) = (
            draw.below(20) as u16,
            draw.set(21),
            draw.below(self.areas) as u16,
            draw.below(80) as u16,
        );
        let (remote, themes, record) = (
            draw.chance(50),
            draw.some(4, self.themes),
            (draw.below(5) as u16, draw.below(3) as u16),
        );
        let (active_on, qualified) = (20_000 - draw.below(400) as i32, draw.chance(50));
        Candidate {
            id,
            active: draw.chance(95),
            consented: draw.chance(95),
            blocked: if draw.chance(10) { vec![7] } else { vec![] },
            conflicts: if draw.chance(5) { vec![8] } else { vec![] },
            accepted_formats: draw.maybe(accepted),
            preferred_formats: preferred,
            roles: draw.maybe(roles),
            skills: draw.maybe(skills),
            available_from: draw.chance(20).then_some(20_000 + draw.below(60) as i32),
            available_until: draw.chance(20).then_some(20_000 + draw.below(60) as i32),
            hours_per_week: draw.maybe(hours),
            day_parts: draw.maybe(parts),
            area: draw.maybe(area),
            travel_limit_km: draw.maybe(limit),
            remote: draw.maybe(remote),
            capacity: 1 + draw.below(2) as u16,
            open_load: u16::from(draw.chance(20)),
            qualifications: draw.maybe(if qualified {
                vec!["driving_licence".into()]
            } else {
                vec![]
            }),
            themes: draw.maybe(themes),
            experience: draw.maybe(experience),
            record: draw.maybe(record),
            last_active: draw.maybe(active_on),
            evidence,
        }
    }

    fn role(&self, draw: &mut Draw) -> RoleNeed {
        let wish = |draw: &mut Draw| Wish {
            skill: draw.below(self.skills + 1) as u16,
            level: 1 + draw.below(5) as u8,
            weight: 1 + draw.below(3) as u8,
            must_have: draw.chance(25),
        };
        RoleNeed {
            role: draw.below(self.roles + 1) as u16,
            wishes: (0..draw.below(4)).map(|_| wish(draw)).collect(),
        }
    }

    fn need(&self, draw: &mut Draw, id: u128) -> Need {
        let many = if draw.chance(10) { 9 } else { 3 };
        let starts_on = draw.chance(50).then_some(20_000 + draw.below(60) as i32);
        Need {
            id,
            organizations: vec![7 + draw.below(3) as u128],
            family: draw.below(3) as u16,
            format: draw.below(9) as u16,
            area: draw.below(self.areas + 1) as u16,
            remote: draw.chance(50),
            starts_on,
            ends_on: starts_on.map(|day| day + draw.below(30) as i32),
            hours_per_week: 1 + draw.below(12) as u16,
            day_parts: if draw.chance(60) {
                draw.set(21) & draw.set(21) & draw.set(21)
            } else {
                0
            },
            themes: draw.some(many, self.themes + 1),
            qualifications: if draw.chance(10) {
                vec!["driving_licence".into()]
            } else {
                vec![]
            },
            roles: (0..1 + draw.below(3)).map(|_| self.role(draw)).collect(),
            terms: distinct_terms(WORDS[draw.below(6) as usize]),
        }
    }
}

fn weights(draw: &mut Draw) -> Weights {
    let raw: [f64; 9] = std::array::from_fn(|_| {
        if draw.chance(40) {
            0.0
        } else {
            draw.below(100) as f64
        }
    });
    match draw.below(4) {
        0 => Weights::default(),
        1 => Weights::new([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]).unwrap(),
        _ => Weights::new(raw).unwrap_or_default(),
    }
}

type Answer = Vec<(RankKey, usize)>;

/// Demands that a search gives what the scan gives; tells how many were found.
fn compare(
    index: &Index,
    everyone: &[Arc<Candidate>],
    need: &Need,
    weights: Weights,
    wanted: Wanted,
) -> usize {
    let ranking = Query::new(need, weights, index.population()).rank_workers(everyone, wanted.role);
    let expected = ranking
        .ranked
        .iter()
        .map(|(key, (_, assessment))| (*key, assessment.role));
    let expected = expected.filter(|(key, _)| key.fit_ppm.0 >= u64::from(wanted.least_fit_ppm));
    let expected = expected.filter(|(key, _)| wanted.after.is_none_or(|after| *key > after));
    let expected: Answer = expected.take(wanted.most).collect();
    let query = index.query(need, weights);
    let (hits, _) = index.search(&query, wanted);
    for hit in &hits {
        let assessment = hit.assess(&query).unwrap();
        assert_eq!(
            (assessment.fit.fit_ppm, assessment.failed),
            (hit.key.fit_ppm.0, vec![])
        );
    }
    assert_eq!(index.census(&query, wanted.role), ranking.census);
    let found: Answer = hits.iter().map(|hit| (hit.key, hit.role)).collect();
    assert_eq!(
        found, expected,
        "need {} for {wanted:?} with {weights:?}",
        need.id
    );
    found.len()
}

fn wanted(draw: &mut Draw, need: &Need) -> Wanted {
    Wanted {
        role: draw
            .chance(40)
            .then(|| draw.below(need.roles.len() as u64) as usize),
        most: [1, 3, 10, 50, 1000][draw.below(5) as usize],
        after: None,
        least_fit_ppm: if draw.chance(10) { 600_000 } else { 0 },
    }
}

/// Needs are asked while candidates come, change and go, and now and then the index is built anew.
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
    let mut index = Index::build(
        world.population(&everyone(&people)),
        everyone(&people),
        profiles.clone(),
    );
    let (mut pairs, mut found) = (0, 0);
    for round in 0..rounds {
        if round % 40 == 39 {
            index = Index::build(
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
        let (weights, wanted) = (weights(draw), wanted(draw, &need));
        found += compare(&index, &all, &need, weights, wanted);
        // The next page, from where one ended.
        let query = index.query(&need, weights);
        let (hits, _) = index.search(&query, Wanted { most: 5, ..wanted });
        let after = hits.last().map(|hit| hit.key);
        found += compare(&index, &all, &need, weights, Wanted { after, ..wanted });
        pairs += 2;
    }
    (pairs, found)
}

#[test]
fn every_answer_is_the_scans() {
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
        pairs >= 10_000 && found > 3 * pairs,
        "{pairs} pairs, {found} found"
    );
}

#[test]
fn long_lists_are_searched_through_several_levels() {
    for seed in 0..4 {
        let draw = &mut Draw(seed + 900);
        let world = World::new(draw, 30, 3, 2, 10);
        let (_, found) = history(seed, &world, 6_000, 12);
        assert!(found > 100);
    }
}

#[test]
fn all_alike_are_ordered_by_the_hash() {
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
    let index = Index::build(world.population(&everyone), everyone.iter().cloned(), []);
    let mut need = world.need(draw, 77);
    need.qualifications.clear();
    assert_eq!(
        compare(&index, &everyone, &need, Weights::default(), Wanted::best(50)),
        50
    );
}

/// Candidates ask while needs come, change and go.
fn needs_history(seed: u64, world: &World, size: u64, rounds: usize) -> (usize, usize) {
    let draw = &mut Draw(seed);
    let people: Vec<Arc<Candidate>> = (0..60).map(|id| Arc::new(world.candidate(draw, id))).collect();
    let population = world.population(&people);
    let mut all: BTreeMap<u128, Arc<Need>> = BTreeMap::new();
    for id in 0..u128::from(size) {
        all.insert(id, Arc::new(world.need(draw, id)));
    }
    let index = Index::build(Arc::clone(&population), people, []);
    let mut needs = Needs::build(&index, all.values().cloned());
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
        let (most, least) = (
            [0, 1, 5, 1000][draw.below(4) as usize],
            [0, 600_000][draw.below(2) as usize],
        );
        let after = scanned.ranked.get(draw.below(30) as usize).map(|(key, _)| *key);
        for after in [None, after] {
            let expected = scanned.ranked.iter().map(|(key, (_, a))| (*key, a.role, a.fit));
            let expected =
                expected.filter(|(key, ..)| key.fit_ppm.0 >= least && after.is_none_or(|after| *key > after));
            let (hits, _) = needs.search(&candidate, weights, (most, after, least));
            let answer: Vec<_> = hits
                .iter()
                .map(|hit| (hit.key, hit.assessment.role, hit.assessment.fit))
                .collect();
            assert_eq!(answer, expected.take(most).collect::<Vec<_>>(), "{weights:?}");
            found += answer.len();
            pairs += 1;
        }
        assert_eq!(needs.census(&candidate), scanned.census);
    }
    (pairs, found)
}

#[test]
fn every_answer_to_a_worker_is_the_scans() {
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
fn nobody_and_nothing_give_an_empty_list() {
    let draw = &mut Draw(6);
    let world = World::new(draw, 3, 2, 2, 3);
    let nobody = Index::build(world.population(&[]), [], []);
    let mut need = world.need(draw, 1);
    assert_eq!(
        compare(&nobody, &[], &need, Weights::default(), Wanted::best(50)),
        0
    );
    need.roles.clear();
    let everyone: Vec<Arc<Candidate>> = (0..30).map(|id| Arc::new(world.candidate(draw, id))).collect();
    let index = Index::build(world.population(&everyone), everyone.iter().cloned(), []);
    assert_eq!(
        compare(&index, &everyone, &need, Weights::default(), Wanted::best(50)),
        0
    );
    let need = world.need(draw, 2);
    assert_eq!(
        compare(&index, &everyone, &need, Weights::default(), Wanted::best(0)),
        0
    );
}
