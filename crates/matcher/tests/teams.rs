//! One team against every team.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[allow(dead_code, reason = "the other test solves rounds")]
mod books;

use books::{Book, every_answer};
use matcher::Draw;
use matcher::round::*;

fn asked(draw: &mut Draw, book: &Book) -> TeamRound {
    let workers = book.capacities.len() as u64;
    let someone = |draw: &mut Draw| 1 + u128::from(draw.below(workers));
    let pin = |draw: &mut Draw| Pin {
        slot: draw.below(book.slots.len() as u64) as usize,
        worker: someone(draw),
    };
    let pins: Vec<Pin> = (0..draw.below(3) / 2).map(|_| pin(draw)).collect();
    let is_pinned = |worker: &u128| pins.iter().any(|pin| pin.worker == *worker);
    let left_out: Vec<u128> = (0..draw.below(6) / 5).map(|_| someone(draw)).collect();
    TeamRound {
        slots: book.slots.clone(),
        day_parts: [0, 0b111_1111][draw.below(2) as usize],
        common: draw.below(4) as u32,
        most_of_employer: [1, 2, u32::MAX][draw.below(3) as usize],
        min_fit_ppm: if draw.chance(20) { 300_000 } else { 0 },
        pins: pins.clone(),
        bans: (0..draw.below(3) / 2).map(|_| someone(draw)).collect(),
        // A pin stays.
        left_out: left_out.into_iter().filter(|one| !is_pinned(one)).collect(),
        agreed: (0..draw.below(4) / 3).map(|_| someone(draw)).collect(),
        most_nodes: [0, 5, 1_000_000][draw.below(3) as usize],
        most_steps: u64::MAX,
    }
}

/// The fits of the best two teams, by trying each.
fn best_two(book: &Book, asked: &TeamRound, member: &dyn Fn(u128) -> Member) -> Vec<u64> {
    let mut round = book.ask(Objective::FillThenFit);
    (round.min_fit_ppm, round.pins) = (asked.min_fit_ppm, asked.pins.clone());
    let mut found: Vec<u64> = Vec::new();
    let week = if asked.day_parts == 0 {
        u32::MAX >> 11
    } else {
        asked.day_parts
    };
    every_answer(book, &round, &mut |seats| {
        let out = |worker: &u128| {
            let all = [&asked.bans, &asked.left_out, &asked.agreed];
            all.into_iter().any(|some| some.contains(worker))
        };
        let workers: Vec<u128> = seats.iter().map(|seat| seat.worker).collect();
        if seats.len() < round.places() || workers.iter().any(out) {
            return;
        }
        let members: Vec<Member> = workers
            .iter()
            .chain(&asked.agreed)
            .map(|worker| member(*worker))
            .collect();
        let common = members
            .iter()
            .fold(week, |common, member| common & member.day_parts);
        let of = |employer| members.iter().filter(|m| m.employer == employer).count();
        let is_crowded =
            |m: &Member| m.employer.is_some() && of(m.employer) > asked.most_of_employer as usize;
        if common.count_ones() >= asked.common && !members.iter().any(is_crowded) {
            found.push(seats.iter().map(|seat| seat.fit_ppm).sum());
        }
    });
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.truncate(2);
    found
}

#[test]
fn teams_equal_the_best_of_all() {
    let draw = &mut Draw(23);
    let (mut found, mut none, mut deep, mut eased) = (0, 0, 0, 0);
    let (mut replaced, mut short) = (0, 0);
    for _ in 0..1_500 {
        let book = Book::one_team(draw);
        let traits: Vec<(u32, u64)> = book
            .capacities
            .iter()
            .map(|_| ((draw.below(1 << 21) | draw.below(1 << 21)) as u32, draw.below(4)))
            .collect();
        let member = |worker: u128| {
            let (day_parts, employer) = traits[worker as usize - 1];
            Member {
                day_parts,
                employer: (employer > 0).then_some(employer),
            }
        };
        let asked = asked(draw, &book);
        let best = best_two(&book, &asked, &member);
        let Ok(teams) = asked.solve(&book, &member) else {
            assert!(best.is_empty(), "{asked:?}");
            continue;
        };
        let fits: Vec<u64> = [&teams.best, &teams.runner_up]
            .into_iter()
            .flatten()
            .map(|team| team.fit_ppm)
            .collect();
        assert_eq!(fits, best, "{asked:?} {book:?}");
        for team in [&teams.best, &teams.runner_up].into_iter().flatten() {
            let sum: u64 = team
                .seats
                .iter()
                .map(|seat| book.pair(seat.slot, seat.worker).unwrap().fit_ppm)
                .sum();
            assert_eq!(sum, team.fit_ppm);
            assert!(team.day_parts.count_ones() >= asked.common);
        }
        assert!(teams.is_exact && teams.eased.iter().all(|eased| eased.is_exact));
        for eased_by in &teams.eased {
            let (easing, fit) = (&eased_by.easing, &eased_by.fit_ppm);
            let mut without = asked.clone();
            match easing {
                Easing::Meeting => without.common = 0,
                Easing::Employer => without.most_of_employer = u32::MAX,
                Easing::MinFit => without.min_fit_ppm = 0,
                Easing::Pin(pin) => {
                    without.pins.remove(*pin);
                }
                Easing::Bans => without.bans.clear(),
            }
            assert_eq!(
                *fit,
                best_two(&book, &without, &member).first().copied(),
                "{easing:?}"
            );
            assert!(*fit >= best.first().copied());
            eased += usize::from(*fit > best.first().copied());
        }
        for Replacement { of, by } in &teams.replacements {
            let mut others = teams.best.as_ref().unwrap().seats.clone();
            others.retain(|seat| seat != of);
            let mut without = asked.clone();
            without.bans.push(of.worker);
            without.pins = others
                .iter()
                .map(|seat| Pin {
                    slot: seat.slot,
                    worker: seat.worker,
                })
                .collect();
            let rest: u64 = others.iter().map(|seat| seat.fit_ppm).sum();
            let expected = best_two(&book, &without, &member).first().map(|fit| fit - rest);
            assert_eq!(by.map(|seat| seat.fit_ppm), expected);
            replaced += usize::from(by.is_some());
        }
        let few = TeamRound {
            most_nodes: 0,
            most_steps: draw.below(40),
            ..asked.clone()
        };
        let hurried = few.solve(&book, &member).unwrap();
        let their = hurried.best.map(|team| team.fit_ppm);
        assert!(!hurried.is_exact || their == best.first().copied());
        assert!(their <= best.first().copied());
        short += usize::from(!hurried.is_exact);
        found += usize::from(best.len() == 2);
        none += usize::from(best.is_empty());
        deep += usize::from(asked.most_nodes < 9 && !best.is_empty());
    }
    let counts = [found, none, deep, eased, replaced, short];
    assert!(counts.iter().all(|count| *count > 150), "{counts:?}");
}
