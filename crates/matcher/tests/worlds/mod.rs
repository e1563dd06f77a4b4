//! Generated worlds in which the index is compared to the plain scan.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use matcher::index::{CandidateIndex, RankRange};
use matcher::words::Piece;
use matcher::*;
use std::sync::Arc;

const WORDS: [&str; 6] = [
    "会員募集のチラシ",
    "ウェブサイトの改善",
    "高齢者の居場所",
    "design of flyers",
    "アンケート",
    "",
];

fn some(draw: &mut Draw, most: u64, of: u64) -> Vec<u16> {
    (0..draw.below(most + 1)).map(|_| draw.below(of) as u16).collect()
}

fn set(draw: &mut Draw, of: u32) -> u32 {
    (0..of).fold(0, |set, i| set | u32::from(draw.chance(40)) << i)
}

/// The size of a world: few of everything gives ties, many gives long paths.
pub struct World {
    skills: u64,
    roles: u64,
    areas: u64,
    themes: u64,
    geography: Arc<Geography>,
    tree: Arc<SkillTree>,
}

impl World {
    pub fn new(draw: &mut Draw, skills: u64, roles: u64, areas: u64, themes: u64) -> World {
        let points: Vec<(f64, f64)> = (0..areas)
            .map(|_| {
                (
                    35.0 + draw.below(600) as f64 / 1e3,
                    139.0 + draw.below(900) as f64 / 1e3,
                )
            })
            .collect();
        // The mainland and two islands; an island may have several areas.
        let lands = (0..areas)
            .map(|_| draw.below(10).saturating_sub(7) as u16)
            .collect();
        let parents: Vec<Option<u16>> = (0..skills)
            .map(|i| (i > 0 && draw.chance(80)).then(|| draw.below(i) as u16))
            .collect();
        World {
            skills,
            roles,
            areas,
            themes,
            geography: Arc::new(Geography::new(&points, lands)),
            tree: Arc::new(SkillTree::new(&parents)),
        }
    }

    pub fn population(&self, everyone: &[Arc<Candidate>]) -> Arc<Population> {
        let (geography, tree) = (Arc::clone(&self.geography), Arc::clone(&self.tree));
        Arc::new(Population::of(
            everyone,
            20_000,
            geography,
            tree,
            self.themes as usize,
        ))
    }

    pub fn candidate(&self, draw: &mut Draw, id: u128) -> Candidate {
        let accepted = set(draw, 8) as u8;
        let preferred = accepted & set(draw, 8) as u8;
        let roles = some(draw, 3, self.roles);
        let skills = (0..draw.below(6))
            .map(|_| (draw.below(self.skills) as u16, 1 + draw.below(5) as u8))
            .collect();
        let experience = (0..draw.below(3))
            .map(|_| PastDeliveries {
                family: draw.below(3) as u16,
                role: draw.below(self.roles) as u16,
                count: draw.below(40) as u16,
            })
            .collect();
        let evidence = (0..draw.below(3))
            .map(|_| Piece::of(WORDS[draw.below(6) as usize]))
            .collect();
        let (hours, parts, area, limit) = (
            [draw.below(20), 100 + draw.below(60)][usize::from(draw.chance(5))] as u16,
            set(draw, 21),
            draw.below(self.areas) as u16,
            [draw.below(80), 1_900 + draw.below(300)][usize::from(draw.chance(5))] as u16,
        );
        let (remote, themes, record) = (
            draw.chance(50),
            some(draw, 4, self.themes),
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
            employer: None,
            qualifications: draw.maybe(if qualified {
                vec!["driving_licence".into()]
            } else {
                vec![]
            }),
            themes: draw.maybe(themes),
            experience: draw.maybe(experience),
            record: draw.maybe(record),
            reviews: (active_on as u16 % 17, active_on as u16 % 5),
            last_active: draw.maybe(active_on),
            counted: Default::default(),
            evidence,
        }
    }

    pub fn role(&self, draw: &mut Draw) -> RoleNeed {
        let wish = |draw: &mut Draw| Wish {
            skill: draw.below(self.skills + 1) as u16,
            level: 1 + draw.below(5) as u8,
            weight: 1 + draw.below(3) as u8,
            must_have: draw.chance(25),
        };
        RoleNeed {
            role: draw.below(self.roles + 1) as u16,
            places: draw.below(4) as u16,
            wishes: (0..draw.below(4)).map(|_| wish(draw)).collect(),
        }
    }

    pub fn need(&self, draw: &mut Draw, id: u128) -> Need {
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
            hours_per_week: [1 + draw.below(12), 90 + draw.below(50)][usize::from(draw.chance(5))] as u16,
            day_parts: if draw.chance(60) {
                set(draw, 21) & set(draw, 21) & set(draw, 21)
            } else {
                0
            },
            themes: some(draw, many, self.themes + 1),
            qualifications: if draw.chance(10) {
                vec!["driving_licence".into()]
            } else {
                vec![]
            },
            roles: (0..1 + draw.below(3)).map(|_| self.role(draw)).collect(),
            words: Piece::of(WORDS[draw.below(6) as usize]),
        }
    }
}

pub fn weights(draw: &mut Draw) -> Weights {
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

/// Asserts that a search equals the scan, and returns how many candidates were found.
pub fn compare(
    index: &CandidateIndex,
    everyone: &[Arc<Candidate>],
    need: &Need,
    weights: Weights,
    role: usize,
    range: RankRange,
) -> usize {
    let plain = Query::new(need, weights, index.population());
    let ranking = plain.rank_workers(everyone, Some(role));
    let expected = ranking
        .ranked
        .iter()
        .map(|(key, (_, assessment))| (*key, assessment.role));
    let expected = expected.filter(|(key, _)| key.fit_ppm.0 >= range.min_fit_ppm);
    let expected = expected.filter(|(key, _)| range.after.is_none_or(|after| *key > after));
    let expected: Answer = expected.take(range.limit).collect();
    let query = index.query(need, weights);
    let (hits, _) = index.search(&query, role, range);
    for hit in &hits {
        let assessment = hit.assess(&query).unwrap();
        assert_eq!(
            (assessment.fit.fit_ppm, assessment.failed),
            (hit.key.fit_ppm.0, vec![])
        );
    }
    assert_eq!(index.census(&query, Some(role)), ranking.census);
    assert_eq!(
        index.census(&query, None),
        plain.rank_workers(everyone, None).census
    );
    let found: Answer = hits.iter().map(|hit| (hit.key, hit.role)).collect();
    assert_eq!(found, expected, "need {} for {range:?} with {weights:?}", need.id);
    found.len()
}
