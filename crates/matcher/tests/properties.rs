//! The matcher compared to its formulas: each gate, each component at its edges, the fit, the order.
//!
//! Floats appear here on purpose: they give the values that the integers have to reach.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use matcher::words::Piece;
use matcher::*;
use std::sync::Arc;

const DESIGN: u16 = 0;
const FLYERS: u16 = 2;
const POSTERS: u16 = 3;
const WORDS: u16 = 4;

/// 0 design -> 1 graphic -> {2 flyers, 3 posters}; 4 words has no relatives.
fn tree() -> Arc<SkillTree> {
    Arc::new(SkillTree::new(&[None, Some(0), Some(1), Some(1), None]))
}

/// Areas on one meridian, 0, 10, 40, 100 and 102 km from the first. The last two share an island.
fn geography() -> Arc<Geography> {
    let degree = 111.19493; // kilometres in a degree of latitude on the sphere of radius 6,371.009 km
    let at = |km: f64| (35.0 + km / degree, 139.0);
    Arc::new(Geography::new(
        &[at(0.0), at(10.0), at(40.0), at(100.0), at(102.0)],
        vec![0, 0, 0, 1, 1],
    ))
}

fn need() -> Need {
    Need {
        id: 1,
        organizations: vec![77],
        family: 0,
        format: 1,
        area: 0,
        remote: false,
        hours_per_week: 10,
        day_parts: 0b11,
        themes: vec![0, 1],
        roles: vec![RoleNeed {
            role: 0,
            places: 1,
            wishes: vec![
                Wish {
                    skill: FLYERS,
                    level: 3,
                    weight: 3,
                    must_have: true,
                },
                Wish {
                    skill: WORDS,
                    level: 2,
                    weight: 1,
                    must_have: false,
                },
            ],
        }],
        words: Piece::of("会員募集のチラシ"),
        ..Need::default()
    }
}

fn worker(id: u128) -> Candidate {
    Candidate {
        id,
        active: true,
        consented: true,
        accepted_formats: Some(0b10),
        preferred_formats: 0b10,
        roles: Some(vec![0]),
        skills: Some(vec![(FLYERS, 3), (WORDS, 2)]),
        hours_per_week: Some(12),
        day_parts: Some(0b11),
        area: Some(0),
        travel_limit_km: Some(20),
        remote: Some(false),
        capacity: 1,
        themes: Some(vec![0, 1]),
        experience: Some(vec![]),
        record: Some((0, 0)),
        last_active: Some(100),
        evidence: [Piece::of("会員募集のチラシを作りました")].into(),
        ..Candidate::default()
    }
}

fn population(everyone: &[Arc<Candidate>]) -> Population {
    Population::of(everyone, 100, geography(), tree(), 5)
}

/// Assesses one candidate among others whose answers are those of [`worker`].
fn assess(candidate: &Candidate, need: &Need) -> Assessment {
    let everyone: Vec<Arc<Candidate>> = (10..15).map(|id| Arc::new(worker(id))).collect();
    let population = population(&everyone);
    Query::new(need, Weights::default(), &population)
        .assess(candidate, 0)
        .unwrap()
}

fn value(component: Component, candidate: &Candidate, need: &Need) -> (u64, bool) {
    let scored = assess(candidate, need).values.get(component);
    (scored.ppm, scored.known)
}

fn with(change: impl FnOnce(&mut Candidate)) -> Candidate {
    let mut candidate = worker(1);
    change(&mut candidate);
    candidate
}

fn asking(change: impl FnOnce(&mut Need)) -> Need {
    let mut need = need();
    change(&mut need);
    need
}

fn gates(candidate: &Candidate, need: &Need) -> (Vec<Gate>, Vec<Unconfirmed>) {
    let assessment = assess(candidate, need);
    (assessment.failed, assessment.unconfirmed)
}

#[test]
fn a_fitting_candidate_passes_every_gate() {
    assert_eq!(gates(&worker(1), &need()), (vec![], vec![]));
}

#[test]
fn each_gate_fails_alone() {
    let n = need();
    let fails = |change: fn(&mut Candidate), gate| assert_eq!(gates(&with(change), &n), (vec![gate], vec![]));
    fails(|c| c.active = false, Gate::Inactive);
    fails(|c| c.consented = false, Gate::ConsentMissing);
    fails(|c| c.blocked = vec![77], Gate::Blocked);
    fails(|c| c.conflicts = vec![5, 77], Gate::ConflictOfInterest);
    fails(
        |c| (c.accepted_formats, c.preferred_formats) = (Some(0b100), 0),
        Gate::FormatNotAccepted,
    );
    fails(|c| c.hours_per_week = Some(0), Gate::HoursDoNotOverlap);
    fails(|c| c.day_parts = Some(0b100), Gate::HoursDoNotOverlap);
    fails(|c| (c.area, c.travel_limit_km) = (Some(1), Some(9)), Gate::TooFar);
    fails(|c| c.open_load = 1, Gate::AtCapacity);
    fails(|c| c.roles = Some(vec![1]), Gate::RoleNotOffered);
    fails(
        |c| c.skills = Some(vec![(FLYERS, 2), (WORDS, 5)]),
        Gate::SkillBelowMinimum,
    );
    // A neighbouring skill earns credit but opens no gate.
    fails(|c| c.skills = Some(vec![(POSTERS, 5)]), Gate::SkillBelowMinimum);
}

#[test]
fn a_narrower_skill_counts_as_the_broader_one() {
    let n = asking(|n| n.roles[0].wishes[0].skill = DESIGN);
    assert_eq!(gates(&worker(1), &n).0, []);
}

#[test]
fn dates_have_to_overlap_and_an_open_end_always_does() {
    let n = asking(|n| (n.starts_on, n.ends_on) = (Some(110), Some(120)));
    let fails = |from, until| {
        let candidate = with(|c| (c.available_from, c.available_until) = (from, until));
        !gates(&candidate, &n).0.is_empty()
    };
    assert!(!fails(None, None) && !fails(Some(120), None) && !fails(None, Some(110)));
    assert!(fails(Some(121), None) && fails(None, Some(109)));
}

#[test]
fn only_those_who_can_be_ranked_shape_the_population() {
    let usual = |more: Option<fn(&mut Candidate)>| {
        let mut everyone: Vec<Arc<Candidate>> = (10..13).map(|id| Arc::new(worker(id))).collect();
        if let Some(change) = more {
            // Each answer is far from that of the others.
            let other = |id| Candidate {
                hours_per_week: Some(60),
                day_parts: Some(0b100),
                area: Some(3),
                remote: Some(true),
                accepted_formats: Some(0),
                preferred_formats: 0,
                skills: Some(vec![]),
                themes: Some(vec![4]),
                experience: Some(vec![PastDeliveries {
                    family: 0,
                    role: 0,
                    count: 9,
                }]),
                record: Some((0, 9)),
                last_active: Some(-300),
                evidence: [Piece::of("会員募集のチラシ")].into(),
                ..worker(id)
            };
            for id in 20..30 {
                let mut candidate = other(id);
                change(&mut candidate);
                everyone.push(Arc::new(candidate));
            }
        }
        let population = population(&everyone);
        let n = asking(|n| n.remote = true);
        let query = Query::new(&n, Weights::default(), &population);
        let silent = Candidate {
            active: true,
            consented: true,
            capacity: 1,
            ..Candidate::default()
        };
        [silent, worker(1)].map(|candidate| query.assess(&candidate, 0).unwrap().values)
    };
    let alone = usual(None);
    assert_eq!(usual(Some(|c| c.active = false)), alone);
    assert_eq!(usual(Some(|c| c.consented = false)), alone);
    assert_ne!(usual(Some(|_| ())), alone);
}

#[test]
fn nobody_loses_by_naming_interests() {
    let draw = &mut Draw(31);
    let everyone = everyone(draw, 200);
    let population = population(&everyone);
    for _ in 0..300 {
        let themes = vec![draw.below(5) as u16, draw.below(5) as u16];
        let n = asking(|n| n.themes = themes);
        let query = Query::new(&n, Weights::default(), &population);
        let named = vec![draw.below(5) as u16];
        let fit = |themes: Option<Vec<u16>>, evidence: &[&str]| {
            let evidence = evidence.iter().map(|text| Piece::of(text)).collect();
            let candidate = with(|c| (c.themes, c.evidence) = (themes, evidence));
            query.assess(&candidate, 0).unwrap().fit.fit_ppm
        };
        let silent = fit(None, &[]);
        assert!(fit(Some(vec![]), &[]) >= silent);
        assert!(fit(Some(named.clone()), &[]) >= silent);
        assert!(fit(Some(named), &["料理", "会員"]) >= silent);
    }
}

#[test]
fn unknown_answers_pass_as_unconfirmed() {
    let (failed, unconfirmed) = gates(
        &with(|c| {
            (c.accepted_formats, c.preferred_formats, c.roles, c.skills) = (None, 0, None, None);
            (c.hours_per_week, c.day_parts, c.area) = (None, None, None);
        }),
        &need(),
    );
    assert_eq!(failed, []);
    use Unconfirmed::*;
    assert_eq!(unconfirmed, [Format, Hours, DayParts, Travel, Role, Skill]);
}

#[test]
fn qualifications_have_to_be_known() {
    let n = asking(|n| n.qualifications = vec!["driving_licence".into()]);
    assert_eq!(gates(&worker(1), &n).0, [Gate::QualificationMissing]);
    let held = with(|c| c.qualifications = Some(vec!["driving_licence".into()]));
    assert_eq!(gates(&held, &n).0, []);
}

#[test]
fn remote_work_needs_both_sides_and_works_at_any_distance() {
    let far = |remote| with(|c| (c.area, c.travel_limit_km, c.remote) = (Some(2), Some(5), remote));
    let n = asking(|n| n.remote = true);
    assert_eq!(gates(&far(Some(true)), &n), (vec![], vec![]));
    assert_eq!(gates(&far(Some(false)), &n).0, [Gate::TooFar]);
    assert_eq!(gates(&far(None), &n), (vec![], vec![Unconfirmed::Remote]));
    assert_eq!(gates(&far(Some(true)), &need()).0, [Gate::TooFar]);
}

#[test]
fn nobody_crosses_the_sea_for_a_day() {
    let from_to = |from, to, more: &dyn Fn(&mut Candidate)| {
        let candidate = with(|c| {
            c.area = Some(from);
            more(c);
        });
        gates(&candidate, &asking(|n| n.area = to))
    };
    // Neither way, whatever they answered about travelling.
    for (from, to) in [(0, 3), (3, 0), (2, 4), (4, 2)] {
        for limit in [None, Some(0), Some(2000)] {
            for remote in [None, Some(false), Some(true)] {
                let (failed, _) = from_to(from, to, &|c| (c.travel_limit_km, c.remote) = (limit, remote));
                assert_eq!(
                    failed,
                    [Gate::IslandUnreachable],
                    "{from} to {to}, {limit:?}, {remote:?}"
                );
            }
        }
    }
    // At home and on the island that two areas share, everything is as on the mainland.
    assert_eq!(from_to(3, 3, &|c| c.travel_limit_km = Some(0)).0, []);
    assert_eq!(from_to(4, 3, &|c| c.travel_limit_km = Some(2)).0, []);
    assert_eq!(from_to(4, 3, &|c| c.travel_limit_km = Some(1)).0, [Gate::TooFar]);
    let unknown = from_to(4, 3, &|c| c.travel_limit_km = None);
    assert_eq!(unknown, (vec![], vec![Unconfirmed::Travel]));
    // Remote work crosses the sea; an unknown answer about it is a question.
    for (from, to) in [(0, 3), (3, 0)] {
        let remotely = asking(|n| (n.area, n.remote) = (to, true));
        let answer = |remote| gates(&with(|c| (c.area, c.remote) = (Some(from), remote)), &remotely);
        assert_eq!(answer(Some(true)).0, []);
        assert_eq!(answer(None), (vec![], vec![Unconfirmed::Remote]));
        assert_eq!(answer(Some(false)).0, [Gate::IslandUnreachable]);
    }
}

#[test]
fn lists_all_failed_gates_in_order() {
    let candidate = with(|c| (c.active, c.open_load, c.roles) = (false, 9, Some(vec![])));
    assert_eq!(
        gates(&candidate, &need()).0,
        [Gate::Inactive, Gate::AtCapacity, Gate::RoleNotOffered]
    );
}

#[test]
fn skill_weighs_the_mean_and_the_weakest() {
    let of = |skills: &[(u16, u8)]| {
        value(
            Component::Skill,
            &with(|c| c.skills = Some(skills.to_vec())),
            &need(),
        )
        .0
    };
    let expected = |flyers: f64, words: f64| {
        ((0.7 * (3.0 * flyers + words) / 4.0 + 0.3 * flyers.min(words)) * 1e6).round() as u64
    };
    assert_eq!(of(&[(FLYERS, 3), (WORDS, 2)]), 1_000_000);
    assert_eq!(of(&[(FLYERS, 5), (WORDS, 5)]), 1_000_000);
    assert_eq!(of(&[(FLYERS, 3)]), expected(1.0, 0.0));
    // A sibling two edges away: 5 · 0.36 of 3 needed; a parent one edge away: 3 · 0.6 of 3.
    assert_eq!(of(&[(POSTERS, 5), (WORDS, 1)]), expected(0.6, 0.5));
    assert_eq!(of(&[(1, 3), (WORDS, 2)]), expected(0.6, 1.0));
    assert_eq!(of(&[]), 0);
}

#[test]
fn a_role_without_wishes_gives_everyone_the_full_skill_value() {
    let n = asking(|n| n.roles[0].wishes.clear());
    assert_eq!(
        value(Component::Skill, &with(|c| c.skills = Some(vec![])), &n),
        (1_000_000, true)
    );
}

#[test]
fn experience_counts_the_family_or_the_role() {
    let of = |delivered: &[(u16, u16, u16)]| {
        let all = delivered
            .iter()
            .map(|&(family, role, count)| PastDeliveries { family, role, count })
            .collect();
        value(
            Component::Experience,
            &with(|c| c.experience = Some(all)),
            &need(),
        )
        .0
    };
    let expected = |n: f64| ((1.0 - (-n / 2.0).exp()) * 1e6).round() as u64;
    assert_eq!(of(&[]), 0);
    assert_eq!(of(&[(0, 3, 1)]), expected(1.0));
    assert_eq!(of(&[(0, 3, 1), (5, 0, 2), (0, 0, 1)]), expected(4.0));
    assert_eq!(of(&[(5, 5, 9)]), 0);
    assert_eq!(of(&[(0, 0, 1000)]), 1_000_000);
}

#[test]
fn availability_is_hours_times_share_of_day_parts() {
    let of = |hours, parts| {
        let candidate = with(|c| (c.hours_per_week, c.day_parts) = (Some(hours), Some(parts)));
        value(Component::Availability, &candidate, &need()).0
    };
    assert_eq!(of(12, 0b11), 1_000_000);
    assert_eq!(of(60, 0b11), 1_000_000);
    assert_eq!(of(6, 0b11), 500_000);
    assert_eq!(of(12, 0b01), 500_000);
    assert_eq!(of(0, 0b11), 0);
    let any_time = asking(|n| n.day_parts = 0);
    assert_eq!(
        value(Component::Availability, &with(|c| c.day_parts = None), &any_time),
        (1_000_000, true)
    );
}

#[test]
fn distance_halves_every_ten_kilometres_and_remote_work_leaves_it_a_tenth() {
    let at = |area, remote: bool, need: &Need| {
        let candidate = with(|c| (c.area, c.remote) = (Some(area), Some(remote)));
        value(Component::Distance, &candidate, need).0
    };
    let near = |ppm: u64, expected: u64| assert!(ppm.abs_diff(expected) < 200, "{ppm} is not {expected}");
    assert_eq!(at(0, false, &need()), 1_000_000);
    near(at(1, false, &need()), 500_000);
    near(at(2, false, &need()), 62_500);
    let remote = asking(|n| n.remote = true);
    near(at(2, true, &remote), 906_250);
    near(at(1, true, &remote), 950_000);
    assert_eq!(at(0, true, &remote), 1_000_000);
    near(at(2, false, &remote), 62_500);
    near(at(2, true, &need()), 62_500);
}

#[test]
fn rare_themes_weigh_more() {
    // All five workers care for theme 0, and one for theme 1.
    let mut everyone: Vec<Arc<Candidate>> = (10..14)
        .map(|id| {
            let mut candidate = worker(id);
            candidate.themes = Some(vec![0]);
            Arc::new(candidate)
        })
        .collect();
    everyone.push(Arc::new(worker(14)));
    let population = population(&everyone);
    let n = need();
    let query = Query::new(&n, Weights::default(), &population);
    let of = |themes: Option<Vec<u16>>| {
        let assessment = query.assess(&with(|c| c.themes = themes), 0).unwrap();
        assessment.values.get(Component::Theme)
    };
    let (common, rare) = ((1.0f64 + 6.0 / 6.0).ln(), (1.0f64 + 6.0 / 2.0).ln());
    let share = |part: f64| (part / (common + rare) * 1e6).round() as u64;
    // Of those who answered, 1 in 5 cares for the rare theme, and all for the common one.
    assert!(of(Some(vec![0])).ppm.abs_diff(share(common + 0.2 * rare)) <= 1);
    assert!(of(Some(vec![1])).ppm.abs_diff(share(common + rare)) <= 1);
    assert!(of(None).ppm.abs_diff(share(common + 0.2 * rare)) <= 1 && !of(None).known);
    // Naming other themes costs nothing.
    assert_eq!(of(Some(vec![3])).ppm, of(None).ppm);
    assert_eq!(of(Some(vec![])).ppm, of(None).ppm);
}

#[test]
fn a_preferred_format_counts_twice_an_accepted_one() {
    assert_eq!(value(Component::Format, &worker(1), &need()), (1_000_000, true));
    assert_eq!(
        value(Component::Format, &with(|c| c.preferred_formats = 0), &need()),
        (500_000, true)
    );
}

/// Six workers in role 0 who completed all of 20 projects, and one in role 1 who dropped both of theirs.
fn recorded() -> Population {
    let mut everyone: Vec<Arc<Candidate>> = (0..6)
        .map(|id| {
            Arc::new(Candidate {
                record: Some(([0, 4, 4, 4, 4, 4][id as usize], 0)),
                ..worker(10 + id)
            })
        })
        .collect();
    everyone.push(Arc::new(Candidate {
        roles: Some(vec![1]),
        record: Some((0, 2)),
        ..worker(20)
    }));
    population(&everyone)
}

#[test]
fn reliability_starts_from_what_is_usual_in_the_role() {
    let mut asked = need();
    asked.roles.push(RoleNeed {
        role: 1,
        places: 1,
        wishes: vec![],
    });
    let population = recorded();
    let of = |record, role| {
        let query = Query::new(&asked, Weights::default(), &population);
        let assessment = query.assess(&with(|c| c.record = record), role).unwrap();
        let score = assessment.values.get(Component::Reliability);
        (score.ppm, score.known)
    };
    // (4 + 20) / (5 + 22) of all projects were completed.
    let overall = 24.0 / 27.0;
    let usual = [(5.0 * overall + 20.0) / 25.0, 5.0 * overall / 7.0];
    for (role, usual) in usual.into_iter().enumerate() {
        for (completed, dropped) in [(0, 0), (5, 0), (0, 3), (7, 1)] {
            let expected = (5.0 * usual + f64::from(completed)) / f64::from(5 + completed + dropped);
            let (ppm, known) = of(Some((completed as u16, dropped as u16)), role);
            assert!(ppm.abs_diff((expected * 1e6).round() as u64) <= 1 && known);
        }
        assert_eq!(of(None, role), (of(Some((0, 0)), role).0, false));
    }
}

#[test]
fn reviews_count_as_completed_and_as_dropped_in_eighths_of_a_project() {
    let of = |record, reviews| {
        let reviewed = with(|c| (c.record, c.reviews) = (record, reviews));
        value(Component::Reliability, &reviewed, &need())
    };
    // (5 · 0.8 + 3 + 11/8) / (5 + 3 + 1 + 11/8 + 2/8)
    assert_eq!(of(Some((3, 1)), (11, 2)), (788_235, true));
    // Eight eighths are a project, and nothing changes without reviews.
    assert_eq!(of(Some((3, 1)), (8, 8)), of(Some((4, 2)), (0, 0)));
    assert_eq!(of(None, (0, 0)), (800_000, false));
    assert_eq!(of(None, (4, 0)), (818_182, true));
}

#[test]
fn before_any_record_four_of_five_projects_count_as_completed() {
    assert_eq!(
        value(Component::Reliability, &worker(1), &need()),
        (800_000, true)
    );
}

#[test]
fn responsiveness_halves_every_sixty_days() {
    let of = |day| {
        value(
            Component::Responsiveness,
            &with(|c| c.last_active = Some(day)),
            &need(),
        )
        .0
    };
    assert_eq!(of(100), 1_000_000);
    assert_eq!(of(40), 500_000);
    assert_eq!(of(-20), 250_000);
    assert_eq!(of(500), 1_000_000, "a day in the future is today");
}

#[test]
fn the_three_best_pieces_of_evidence_count() {
    let of = |pieces: &[&str]| {
        let evidence = pieces.iter().map(|text| Piece::of(text)).collect();
        value(Component::Text, &with(|c| c.evidence = evidence), &need())
    };
    let (one, known) = of(&["会員募集のチラシ"]);
    assert!(known && one > 0);
    assert_eq!(
        of(&["会員募集のチラシ", "料理"]).0,
        one,
        "another piece takes nothing away"
    );
    assert!(of(&["会員募集のチラシ", "会員募集のチラシを配る"]).0 > one);
    assert_eq!(of(&["料理"]), (0, true));
    assert_eq!(
        of(&[]),
        (0, false),
        "silence is worth no more than evidence of something else"
    );
}

#[test]
fn a_missing_answer_gets_the_median_of_the_population() {
    let mut everyone: Vec<Arc<Candidate>> = Vec::new();
    for (id, hours) in [(10, 2), (11, 6), (12, 12)] {
        let mut candidate = worker(id);
        candidate.hours_per_week = Some(hours);
        candidate.record = Some((5, 0));
        everyone.push(Arc::new(candidate));
    }
    let population = population(&everyone);
    let n = need();
    let query = Query::new(&n, Weights::default(), &population);
    let silent = with(|c| (c.hours_per_week, c.record) = (None, None));
    let assessment = query.assess(&silent, 0).unwrap();
    let at = |component| assessment.values.get(component);
    assert_eq!(
        (at(Component::Availability).ppm, at(Component::Availability).known),
        (500_000, false)
    );
    // (4 + 15) / (5 + 15) in all, then (5 · 0.95 + 15) / (5 + 15) in the role.
    assert_eq!(
        (at(Component::Reliability).ppm, at(Component::Reliability).known),
        (987_500, false)
    );
    // .12 for availability and .08 for reliability are unknown.
    assert_eq!(query.completeness_ppm(&assessment.values), 800_000);
}

#[test]
fn unanswered_inputs_get_one_half() {
    let nobody = Population::of(&[], 100, geography(), tree(), 5);
    let n = need();
    let query = Query::new(&n, Weights::default(), &nobody);
    let silent = Candidate {
        active: true,
        consented: true,
        capacity: 1,
        ..Candidate::default()
    };
    let assessment = query.assess(&silent, 0).unwrap();
    let skill = assessment.values.get(Component::Skill);
    assert_eq!((skill.ppm, skill.known), (500_000, false));
    let reliability = assessment.values.get(Component::Reliability);
    assert_eq!((reliability.ppm, reliability.known), (800_000, false));
}

/// A made-up but repeatable candidate with gaps.
fn candidate(draw: &mut Draw, id: u128) -> Candidate {
    let (formats, preferred) = (draw.below(4) as u8, draw.below(4) as u8);
    let (role, theme) = (draw.below(3) as u16, draw.below(5) as u16);
    let skills = vec![
        (draw.below(5) as u16, 1 + draw.below(5) as u8),
        (FLYERS, 1 + draw.below(5) as u8),
    ];
    let (hours, parts, area, limit) = (
        draw.below(20) as u16,
        draw.below(8) as u32,
        draw.below(4) as u16,
        draw.below(60) as u16,
    );
    let remote = draw.below(2) == 0;
    let past = PastDeliveries {
        family: draw.below(2) as u16,
        role: draw.below(3) as u16,
        count: 1,
    };
    let record = (draw.below(5) as u16, draw.below(3) as u16);
    let reviews = (draw.below(20) as u16, draw.below(9) as u16);
    let day = 100 - draw.below(300) as i32;
    let known = draw.below(4) > 0;
    Candidate {
        id,
        active: draw.below(20) > 0,
        consented: draw.below(20) > 0,
        accepted_formats: known.then_some(formats | preferred),
        preferred_formats: if known { preferred } else { 0 },
        roles: draw.maybe(vec![role, 0]),
        skills: draw.maybe(skills),
        hours_per_week: draw.maybe(hours),
        day_parts: draw.maybe(parts),
        area: draw.maybe(area),
        travel_limit_km: draw.maybe(limit),
        remote: draw.maybe(remote),
        capacity: 1 + draw.below(2) as u16,
        open_load: draw.below(2) as u16,
        themes: draw.maybe(vec![theme]),
        experience: draw.maybe(vec![past]),
        record: draw.maybe(record),
        reviews: draw.maybe(reviews).unwrap_or_default(),
        last_active: draw.maybe(day),
        evidence: if draw.below(3) > 0 {
            [Piece::of("チラシと会員")].into()
        } else {
            [].into()
        },
        ..Candidate::default()
    }
}

fn everyone(draw: &mut Draw, count: u128) -> Vec<Arc<Candidate>> {
    (1..=count)
        .map(|id| Arc::new(candidate(draw, id << 64 | id)))
        .collect()
}

#[test]
fn contributions_add_up_to_the_fit_for_everyone() {
    let everyone = everyone(&mut Draw(1), 500);
    let population = population(&everyone);
    for weights in [
        Weights::default(),
        Weights::new([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]).unwrap(),
        Weights::new([0.1, 0.0, 0.7, 0.0, 0.0, 3.0, 0.0, 1e-9, 0.0]).unwrap(),
    ] {
        let n = asking(|n| n.remote = true);
        let query = Query::new(&n, weights, &population);
        for candidate in &everyone {
            let assessment = query.assess(candidate, 0).unwrap();
            let sum: u64 = query.contributions(&assessment).iter().sum();
            assert_eq!(sum, assessment.fit.fit_ppm);
        }
    }
}

#[test]
fn considered_equals_passed_plus_removed() {
    let everyone = everyone(&mut Draw(2), 800);
    let population = population(&everyone);
    let n = need();
    let ranking = Query::new(&n, Weights::default(), &population).rank_workers(&everyone, None);
    let removed: usize = ranking.census.removed().map(|(_, count)| count).sum();
    assert_eq!(
        (ranking.census.considered, ranking.ranked.len() + removed),
        (800, 800)
    );
    assert!(ranking.ranked.len() > 20 && ranking.census.removed().count() > 6);
    assert!(ranking.ranked.is_sorted_by(|a, b| a.0 < b.0));
}

#[test]
fn a_ranking_does_not_depend_on_the_order_of_the_candidates() {
    let mut everyone = everyone(&mut Draw(3), 300);
    let n = need();
    let keys = |everyone: &[Arc<Candidate>]| -> Vec<RankKey> {
        let population = population(everyone);
        let ranking = Query::new(&n, Weights::default(), &population).rank_workers(everyone, None);
        ranking.ranked.into_iter().map(|(key, _)| key).collect()
    };
    let before = keys(&everyone);
    everyone.reverse();
    everyone.swap(3, 200);
    assert_eq!(keys(&everyone), before);
}

#[test]
fn equal_fits_are_ordered_by_the_hash_of_the_pair() {
    let everyone: Vec<Arc<Candidate>> = (1..=50).map(|id| Arc::new(worker(id))).collect();
    let population = population(&everyone);
    let order = |id| -> Vec<u128> {
        let n = asking(|n| n.id = id);
        let ranking = Query::new(&n, Weights::default(), &population).rank_workers(&everyone, None);
        ranking.ranked.iter().map(|(key, _)| key.candidate).collect()
    };
    assert_eq!(order(1), order(1));
    assert_ne!(order(1), order(2), "another need breaks ties in another way");
    assert!(!order(1).is_sorted());
}

#[test]
fn raising_a_known_input_never_lowers_the_fit() {
    let mut draw = Draw(4);
    let everyone = everyone(&mut draw, 300);
    let population = population(&everyone);
    let n = asking(|n| n.remote = true);
    let query = Query::new(&n, Weights::default(), &population);
    let mut tried = 0;
    for candidate in &everyone {
        let before = query.assess(candidate, 0).unwrap();
        let mut raised: Vec<Candidate> = Vec::new();
        let mut raise = |change: &dyn Fn(&mut Candidate)| {
            let mut other = Candidate::clone(candidate);
            change(&mut other);
            raised.push(other);
        };
        raise(&|c| {
            c.skills
                .iter_mut()
                .flatten()
                .for_each(|(_, level)| *level = (*level + 1).min(5))
        });
        raise(&|c| c.skills.iter_mut().for_each(|skills| skills.push((WORDS, 5))));
        raise(&|c| c.hours_per_week = c.hours_per_week.map(|hours| hours + 3));
        raise(&|c| c.day_parts = c.day_parts.map(|parts| parts | 1));
        raise(&|c| c.area = c.area.map(|_| 0));
        raise(&|c| c.remote = c.remote.map(|_| true));
        raise(&|c| c.themes.iter_mut().for_each(|themes| themes.extend([0, 1])));
        raise(&|c| c.preferred_formats |= if c.accepted_formats.is_some() { 0b10 } else { 0 });
        raise(&|c| c.record = c.record.map(|(completed, dropped)| (completed + 1, dropped)));
        raise(&|c| {
            c.record = c
                .record
                .map(|(completed, dropped)| (completed, dropped.saturating_sub(1)))
        });
        raise(&|c| c.reviews.0 += 1);
        raise(&|c| c.reviews.1 = c.reviews.1.saturating_sub(1));
        raise(&|c| c.last_active = c.last_active.map(|day| day + 20));
        raise(&|c| c.experience.iter_mut().flatten().for_each(|past| past.count += 1));
        raise(&|c| {
            if !c.evidence.is_empty() {
                c.evidence = c
                    .evidence
                    .iter()
                    .cloned()
                    .chain([Piece::of("会員募集")])
                    .collect();
            }
        });
        for other in raised {
            let after = query.assess(&other, 0).unwrap();
            assert!(
                after.fit.fit_ppm >= before.fit.fit_ppm,
                "{candidate:?}\n{other:?}"
            );
            tried += 1;
        }
    }
    assert_eq!(tried, 300 * 15);
}

#[test]
fn without_a_role_each_candidate_is_ranked_where_they_fit_best() {
    let n = asking(|n| {
        n.roles.push(RoleNeed {
            role: 1,
            places: 1,
            wishes: vec![Wish {
                skill: WORDS,
                level: 5,
                weight: 1,
                must_have: false,
            }],
        })
    });
    let everyone = vec![
        Arc::new(worker(1)),
        Arc::new(Candidate {
            roles: Some(vec![0, 1]),
            skills: Some(vec![(WORDS, 5)]),
            ..worker(2)
        }),
        Arc::new(Candidate {
            roles: Some(vec![0, 1]),
            ..worker(3)
        }),
    ];
    let population = population(&everyone);
    let query = Query::new(&n, Weights::default(), &population);
    let role_of = |only| -> Vec<(u128, usize)> {
        let mut found: Vec<_> = query
            .rank_workers(&everyone, only)
            .ranked
            .iter()
            .map(|(key, (_, a))| (key.candidate, a.role))
            .collect();
        found.sort();
        found
    };
    assert_eq!(role_of(None), [(1, 0), (2, 1), (3, 0)]);
    assert_eq!(role_of(Some(1)), [(2, 1), (3, 1)]);
}

#[test]
fn ranks_needs_for_a_worker_by_the_same_fit() {
    let everyone = everyone(&mut Draw(5), 100);
    let population = population(&everyone);
    let needs: Vec<Need> = (1..=20)
        .map(|id| asking(|n| (n.id, n.area, n.remote) = (id, (id % 3) as u16, id % 2 == 0)))
        .collect();
    let query = |need| Query::new(need, Weights::default(), &population);
    let candidate = worker(1);
    let ranking = rank::rank_needs(needs.iter().map(query), &candidate);
    assert!(ranking.ranked.len() > 5 && ranking.census.considered == 20);
    for (key, (query, assessment)) in &ranking.ranked {
        assert_eq!(query.assess(&candidate, 0).unwrap().fit, assessment.fit);
        assert_eq!(key.fit_ppm.0, assessment.fit.fit_ppm);
    }
}

#[test]
fn the_smallest_improvement_raises_the_rank() {
    let everyone = everyone(&mut Draw(6), 400);
    let population = population(&everyone);
    let n = asking(|n| n.remote = true);
    let query = Query::new(&n, Weights::default(), &population);
    let ranking = query.rank_workers(&everyone, None);
    let mut found = 0;
    for pair in ranking.ranked.windows(2) {
        let [(above, _), (key, (position, assessment))] = pair else {
            unreachable!()
        };
        let candidate = &everyone[*position];
        if let Some(improvement) = improve::smallest_improvement(&query, candidate, assessment, *above) {
            assert!(improvement.fit_ppm >= above.fit_ppm.0 && improvement.fit_ppm > key.fit_ppm.0);
            found += 1;
        }
    }
    assert!(found > 20, "{found}");
    // These two differ in one level of one skill.
    let better = Arc::new(Candidate {
        skills: Some(vec![(FLYERS, 3), (WORDS, 2)]),
        ..worker(1)
    });
    let worse = Arc::new(Candidate {
        skills: Some(vec![(FLYERS, 3), (WORDS, 1)]),
        ..worker(2)
    });
    let both = vec![better, Arc::clone(&worse)];
    let n = need();
    let query = Query::new(
        &n,
        Weights::new([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).unwrap(),
        &population,
    );
    let ranking = query.rank_workers(&both, None);
    let (_, (_, assessment)) = &ranking.ranked[1];
    let improvement = improve::smallest_improvement(&query, &worse, assessment, ranking.ranked[0].0);
    let rises_on_a_tie = query.key(&worse, &ranking.ranked[0].1.1.fit) < ranking.ranked[0].0;
    let expected = Change::SkillLevel { skill: WORDS, to: 2 };
    assert_eq!(improvement.map(|i| i.change), rises_on_a_tie.then_some(expected));
}
