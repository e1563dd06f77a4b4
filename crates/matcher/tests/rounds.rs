//! Rounds: against every answer to small ones, against HiGHS, and against themselves after changes. Every answer is
//! verified through the market and by the audit, and spoiled ones are refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[allow(dead_code, reason = "the other test forms one team")]
mod books;
#[allow(dead_code, reason = "the other test compares rankings")]
mod worlds;

use books::{Book, every_answer, weighed, worth};
use matcher::index::CandidateIndex;
use matcher::round::audit::{self, Judgement};
use matcher::round::*;
use matcher::*;
use std::sync::Arc;
use worlds::World;

/// Adds pins, bans, a least fit and a limit on places to a round. They may contradict each other.
fn rules(draw: &mut Draw, round: &mut Round, book: &Book) {
    let worker = |draw: &mut Draw| 1 + u128::from(draw.below(book.capacities.len() as u64));
    if draw.chance(40) {
        for _ in 0..1 + draw.below(2) {
            let pin = Pin {
                slot: draw.below(round.slots.len() as u64) as usize,
                worker: worker(draw),
            };
            if !round.pins.contains(&pin) {
                round.pins.push(pin);
            }
        }
    }
    if draw.chance(30) {
        let slot = draw.below(round.slots.len() as u64) as usize;
        round.bans.push(Ban {
            worker: worker(draw),
            deliverable: draw.chance(70).then_some(round.slots[slot].deliverable),
        });
    }
    if draw.chance(25) {
        round.min_fit_ppm = draw.below(900_000);
    }
    if draw.chance(40) {
        round.past_ppm = 1 + draw.below(1_000_000);
    }
    if draw.chance(10) {
        round.most_each = 1 + draw.below(2) as u32;
    }
}

fn best_of_all(book: &Book, round: &Round) -> Option<[u64; 3]> {
    let mut best = None;
    every_answer(book, round, &mut |seats| best = best.max(worth(round, seats)));
    best
}

fn verify(book: &Book, round: &Round, solution: &Solution) -> Verdict {
    let verdict = round.verify(book, &solution.seats, &solution.proofs).unwrap();
    let judgement = book.audit(round, solution);
    let is_proven = !solution.proofs.is_empty() || round.objective == Objective::Stable;
    match judgement {
        Judgement::Proven { .. } => assert!(is_proven),
        Judgement::Allowed { .. } => assert!(!is_proven),
        Judgement::Refused(why) => panic!("{why}"),
    }
    verdict
}

#[test]
fn small_rounds_equal_the_best_of_all_answers() {
    let draw = &mut Draw(17);
    let (mut solved, mut refused, mut empty, mut searched, mut shared) = (0, 0, 0, 0, 0);
    for _ in 0..2_500 {
        let book = Book::small(draw);
        let mut asked = book.ask(Objective::Fit);
        rules(draw, &mut asked, &book);
        for objective in OBJECTIVES {
            let round = Round {
                objective,
                ..asked.clone()
            };
            let mut allowed = false;
            every_answer(&book, &round, &mut |_| allowed = true);
            let Ok(found) = round.solve(&book) else {
                assert!(!allowed, "{round:?} {book:?}");
                refused += 1;
                continue;
            };
            assert!(allowed, "{round:?} {book:?}");
            let solution = &found.solution;
            verify(&book, &round, solution);
            solved += 1;
            if objective != Objective::Stable {
                let best = best_of_all(&book, &round);
                assert_eq!(worth(&round, &solution.seats), best, "{round:?} {book:?}");
            }
            let places = round.places();
            empty += usize::from(solution.seats.len() < places);
            let short: u32 = solution.shortages.iter().map(|short| short.empty).sum();
            assert_eq!(short as usize, places - solution.seats.len());
            if let Some(search) = solution.search {
                assert!(search.is_best());
                searched += 1;
            }
            let mut workers: Vec<u128> = solution.seats.iter().map(|seat| seat.worker).collect();
            workers.sort_unstable();
            shared += usize::from(workers.windows(2).any(|two| two[0] == two[1]));
        }
    }
    let counts = [solved, refused, empty, searched, shared];
    assert!(
        solved > 8_000 && counts.iter().all(|count| *count > 300),
        "{counts:?}"
    );
}

#[test]
fn mid_size_rounds_equal_what_highs_found() {
    let rows: Vec<[u64; 9]> = serde_json::from_str(include_str!("books/vectors.json")).unwrap();
    assert!(rows.len() >= 200);
    let mut open = 0;
    for [
        seed,
        filled,
        fit_if_filled,
        fit,
        filled_again,
        worst,
        fit_if_fair,
        teams,
        fit_of_teams,
    ] in rows
    {
        let book = Book::of_vector(seed);
        let solve = |objective| {
            // A debug build is slow. With the usual number of nodes, every one of these closes.
            let round = Round {
                most_nodes: 16,
                ..book.ask(objective)
            };
            let solution = round
                .solve(&book)
                .map_err(|faults| panic!("{faults:?}"))
                .unwrap()
                .solution;
            verify(&book, &round, &solution);
            (worth(&round, &solution.seats).unwrap_or_default(), solution)
        };
        assert_eq!(
            solve(Objective::FillThenFit).0,
            [filled, fit_if_filled, 0],
            "{seed}"
        );
        assert_eq!(solve(Objective::Fit).0, [fit, 0, 0], "{seed}");
        assert_eq!(
            solve(Objective::WorstFirst).0,
            [filled_again, worst, fit_if_fair],
            "{seed}"
        );
        solve(Objective::Stable);
        let (found, solution) = solve(Objective::CompleteTeams);
        match solution.search {
            // Where the nodes did not suffice, the bound still holds.
            Some(search) if !search.is_best() => {
                let best = i128::from(teams) * i128::from(search.prize) + i128::from(fit_of_teams);
                assert!(search.value <= best && best <= search.bound, "{seed} {search:?}");
                open += 1;
            }
            _ => assert_eq!(found, [teams, fit_of_teams, 0], "{seed}"),
        }
    }
    assert!(open < 40, "{open} left open");
}

/// Spoils an answer in one way.
fn spoil(draw: &mut Draw, book: &Book, solution: &mut Solution) {
    let seats = &mut solution.seats;
    let at = draw.below(seats.len() as u64) as usize;
    match draw.below(7) {
        0 => drop(seats.remove(at)),
        1 => seats.push(seats[at]),
        2 => seats[at].fit_ppm += 1,
        3 => seats[at].slot = draw.below(book.slots.len() as u64) as usize,
        4 => {
            seats[at].worker = 1 + u128::from(draw.below(book.capacities.len() as u64));
            let pair = book.pair(seats[at].slot, seats[at].worker);
            seats[at].fit_ppm = pair.map_or(5, |pair| pair.fit_ppm);
        }
        _ => {
            let proof = draw.below(solution.proofs.len() as u64) as usize;
            let prices = &mut solution.proofs[proof].prices;
            let slot = draw.below(prices.len() as u64) as usize;
            prices[slot] += [1, -1, 1_000_000, -1_000_000, 1 << 40, -(1 << 40)][draw.below(6) as usize];
        }
    }
}

#[test]
fn spoiled_answers_are_refused() {
    let draw = &mut Draw(18);
    let (mut refused, mut still_best) = (0, 0);
    for seed in 0..120 {
        let book = Book::of_vector(seed);
        for objective in [Objective::FillThenFit, Objective::Fit, Objective::WorstFirst] {
            let mut round = book.ask(objective);
            round.past_ppm = [0, 400_000][seed as usize % 2];
            let solution = round.solve(&book).map_err(drop).unwrap().solution;
            for _ in 0..8 {
                let mut spoiled = solution.clone();
                spoil(draw, &book, &mut spoiled);
                let verdict = round.verify(&book, &spoiled.seats, &spoiled.proofs);
                let judgement = book.audit(&round, &spoiled);
                assert_eq!(
                    verdict.is_ok(),
                    matches!(judgement, Judgement::Proven { .. }),
                    "{verdict:?} {judgement:?}"
                );
                if verdict.is_ok() {
                    // Other prices may prove the same, and another answer may be as good; a worse one never passes.
                    assert_eq!(worth(&round, &spoiled.seats), worth(&round, &solution.seats));
                    still_best += 1;
                } else {
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 2_000, "{refused} refused, {still_best} still the best");
}

#[test]
fn blocking_pairs_are_found() {
    let draw = &mut Draw(19);
    let mut unstable = 0;
    for seed in 0..150 {
        let book = Book::of_vector(seed);
        let mut round = book.ask(Objective::Stable);
        round.past_ppm = [0, 900_000][seed as usize % 2];
        let mut solution = round.solve(&book).map_err(drop).unwrap().solution;
        let at = draw.below(solution.seats.len() as u64) as usize;
        // Nobody has a reason to leave a place empty.
        solution.seats.remove(at);
        let verdict = round.verify(&book, &solution.seats, &[]);
        assert!(matches!(verdict, Err(Refusal::Unstable { .. })), "{verdict:?}");
        assert!(matches!(book.audit(&round, &solution), Judgement::Refused(_)));
        // The best sum of fits is rarely stable; both ways of looking agree.
        let best = book
            .ask(Objective::Fit)
            .solve(&book)
            .map_err(drop)
            .unwrap()
            .solution;
        let is_stable = round.verify(&book, &best.seats, &[]).is_ok();
        let no_proofs = Solution {
            proofs: Vec::new(),
            ..best
        };
        assert_eq!(
            is_stable,
            matches!(book.audit(&round, &no_proofs), Judgement::Proven { .. })
        );
        unstable += usize::from(!is_stable);
    }
    assert!(unstable > 100, "{unstable}");
}

/// What an answer has less than another one, in weighed fits.
fn loss(round: &Round, before: &Solution, after: &Solution) -> Loss {
    let sum = |solution: &Solution| -> i64 {
        let fits = solution.seats.iter().map(|seat| weighed(round, seat) as i64);
        fits.sum()
    };
    Loss {
        places: before.seats.len() as i64 - after.seats.len() as i64,
        fit_ppm: sum(before) - sum(after),
    }
}

#[test]
fn prices_say_what_solving_again_says() {
    let draw = &mut Draw(20);
    let (mut exact, mut bounds, mut withdrawn, mut chains) = (0, 0, 0, 0);
    for seed in 0..240 {
        let book = Book::of_vector(seed);
        let objective = [Objective::FillThenFit, Objective::Fit][seed as usize % 2];
        let mut asked = book.ask(objective);
        rules(draw, &mut asked, &book);
        let Ok(mut round) = asked.solve(&book) else {
            continue;
        };
        let before = round.solution.clone();
        // Where only fits count, a place less or more is no loss in itself.
        let counted = |loss: Loss| match objective {
            Objective::Fit => (0, loss.fit_ppm),
            _ => (loss.places, loss.fit_ppm),
        };
        for scarcity in round.scarcities().into_iter().take(6) {
            let mut smaller = asked.clone();
            smaller.slots[scarcity.slot].places -= 1;
            let after = smaller.solve(&book).map_err(drop).unwrap().solution;
            assert_eq!(
                counted(scarcity.price),
                counted(loss(&asked, &before, &after)),
                "{seed} {scarcity:?}"
            );
            smaller.slots[scarcity.slot].places += 2;
            let after = smaller.solve(&book).map_err(drop).unwrap().solution;
            assert!(counted(loss(&asked, &after, &before)) <= counted(scarcity.price));
        }
        for _ in 0..6 {
            let slot = draw.below(book.slots.len() as u64) as usize;
            let worker = 1 + u128::from(draw.below(book.capacities.len() as u64));
            if let Ok(cost) = round.moving(slot, worker) {
                let real = round.moving_exactly(slot, worker).unwrap();
                let mut pinned = asked.clone();
                pinned.pins.push(Pin { slot, worker });
                let after = pinned.solve(&book).map_err(drop).unwrap().solution;
                assert_eq!(counted(real), counted(loss(&asked, &before, &after)));
                assert!(counted(cost.loss) <= counted(real), "{cost:?} {real:?}");
                if cost.is_exact {
                    assert_eq!(counted(cost.loss), counted(real), "{seed} {slot} {worker}");
                    exact += 1;
                } else {
                    bounds += 1;
                }
            }
            let is_pinned = asked.pins.iter().any(|pin| pin.worker == worker);
            if is_pinned {
                continue;
            }
            let mut banned = asked.clone();
            banned.bans.push(Ban {
                worker,
                deliverable: None,
            });
            let after = banned.solve(&book).map_err(drop).unwrap().solution;
            let withdrawal = round.withdrawal(worker).unwrap();
            assert_eq!(
                counted(withdrawal.loss),
                counted(loss(&asked, &before, &after)),
                "{seed} {worker}"
            );
            withdrawn += withdrawal.moves.len();
            chains += withdrawal.moves.iter().filter(|moves| moves.len() > 1).count();
            for moves in &withdrawal.moves {
                for two in moves.windows(2) {
                    assert_eq!(two[0].leaves, Some(two[1].takes));
                }
            }
        }
    }
    let counts = [exact, bounds, withdrawn, chains];
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}

#[test]
fn a_changed_round_equals_a_new_one() {
    let draw = &mut Draw(21);
    let mut faults = 0;
    for seed in 0..60 {
        let book = Book::of_vector(seed);
        let mut warm = book
            .ask(Objective::FillThenFit)
            .solve(&book)
            .map_err(drop)
            .unwrap();
        for _ in 0..8 {
            let mut changed = book.ask(OBJECTIVES[draw.below(4) as usize]);
            rules(draw, &mut changed, &book);
            for slot in &mut changed.slots {
                slot.places = slot.places.saturating_sub(u16::from(draw.chance(20)));
            }
            let before = warm.solution.clone();
            match (warm.again(changed.clone()), changed.solve(&book)) {
                (Ok(()), Ok(cold)) => {
                    verify(&book, &changed, &warm.solution);
                    let values =
                        [&warm.solution, &cold.solution].map(|solution| worth(&changed, &solution.seats));
                    assert_eq!(values[0], values[1]);
                }
                (Err(one), Err(other)) => {
                    assert_eq!(one, other);
                    assert_eq!(warm.solution, before);
                    faults += 1;
                }
                (one, other) => panic!("{one:?} {:?}", other.is_ok()),
            }
        }
    }
    assert!(faults > 20, "{faults}");
}

#[test]
fn who_was_often_placed_gives_way() {
    let (mut moved, mut newcomers) = (0, [0, 0]);
    for seed in 0..200 {
        let book = Book::of_vector(seed);
        let mut round = book.ask(Objective::FillThenFit);
        let plain = round.solve(&book).map_err(drop).unwrap().solution;
        round.past_ppm = 500_000;
        let fair = round.solve(&book).map_err(drop).unwrap().solution;
        verify(&book, &round, &fair);
        // As many places are filled, with fits that add up to no more.
        assert_eq!(fair.seats.len(), plain.seats.len());
        assert!(fair.fit_ppm <= plain.fit_ppm);
        moved += usize::from(fair.seats != plain.seats);
        for (count, solution) in newcomers.iter_mut().zip([&plain, &fair]) {
            let new = solution
                .seats
                .iter()
                .filter(|seat| book.past(seat.worker).placed == 0);
            *count += new.count();
        }
        // Another weight is another question, and the old answer doesn't pass for it.
        let verdict = round.verify(&book, &plain.seats, &plain.proofs);
        assert_eq!(
            verdict.is_ok(),
            worth(&round, &plain.seats) == worth(&round, &fair.seats) && {
                let audit = book.audit(&round, &plain);
                matches!(audit, Judgement::Proven { .. })
            }
        );
    }
    assert!(moved > 100, "{moved}");
    assert!(newcomers[1] > newcomers[0], "{newcomers:?}");
}

/// A round of two slots of one deliverable and one of another, and three workers.
fn tiny() -> (Book, Round) {
    let mut draw = Draw(0);
    let book = loop {
        let book = Book::small(&mut draw);
        let places: Vec<u16> = book.slots.iter().map(|slot| slot.places).collect();
        let teams = book.slots.iter().map(|slot| slot.deliverable).collect::<Vec<_>>();
        let is_full = book.pairs.iter().flatten().all(Option::is_some);
        if places == [1, 1, 1] && teams == [0, 0, 1] && book.capacities == [1, 2, 1] && is_full {
            break book;
        }
    };
    let round = book.ask(Objective::FillThenFit);
    (book, round)
}

fn faults(book: &Book, round: &Round) -> Vec<Fault> {
    round.solve(book).map(|solved| solved.solution).unwrap_err()
}

#[test]
fn every_fault_is_named() {
    let (mut book, round) = tiny();
    let pins = |pins: &[(usize, u128)]| Round {
        pins: pins
            .iter()
            .map(|(slot, worker)| Pin {
                slot: *slot,
                worker: *worker,
            })
            .collect(),
        ..round.clone()
    };
    let conflict = |pin, earlier, why| vec![Fault::PinsConflict { pin, earlier, why }];
    assert_eq!(
        faults(&book, &pins(&[(0, 1), (1, 1)])),
        conflict(1, 0, PinConflict::SameDeliverable)
    );
    assert_eq!(
        faults(&book, &pins(&[(0, 1), (0, 2)])),
        conflict(1, 0, PinConflict::Places(1))
    );
    assert_eq!(
        faults(&book, &pins(&[(0, 1), (2, 1)])),
        conflict(1, 0, PinConflict::Capacity(1))
    );
    assert!(pins(&[(0, 2), (2, 2)]).solve(&book).is_ok());
    assert_eq!(faults(&book, &pins(&[(3, 1)])), [Fault::UnknownSlot { pin: 0 }]);
    let unknown = Fault::PinFailsGates {
        pin: 0,
        gates: vec![],
    };
    assert_eq!(faults(&book, &pins(&[(0, 9)])), [unknown]);
    let banned = Round {
        bans: vec![
            Ban {
                worker: 1,
                deliverable: Some(1),
            },
            Ban {
                worker: 1,
                deliverable: Some(0),
            },
            Ban {
                worker: 1,
                deliverable: None,
            },
            Ban {
                worker: 1,
                deliverable: Some(7),
            },
        ],
        ..pins(&[(0, 1)])
    };
    let of_ban = |ban| Fault::PinnedAndBanned { pin: 0, ban };
    let all = [of_ban(1), of_ban(2), Fault::UnknownDeliverable { ban: 3 }];
    assert_eq!(faults(&book, &banned), all);
    let fit_ppm = book.pair(0, 1).unwrap().fit_ppm;
    let high = Round {
        min_fit_ppm: fit_ppm + 1,
        ..pins(&[(0, 1)])
    };
    if fit_ppm < 1_000_000 {
        assert_eq!(faults(&book, &high), [Fault::PinBelowMinimum { pin: 0, fit_ppm }]);
    }
    let too_high = Round {
        min_fit_ppm: 1_000_001,
        ..round.clone()
    };
    assert_eq!(faults(&book, &too_high), [Fault::MinimumTooHigh]);
    let mut twice = round.clone();
    twice.slots[1].role = 0;
    assert_eq!(
        faults(&book, &twice),
        [Fault::DuplicateSlot { slot: 1, first: 0 }]
    );
    let mut empty = round.clone();
    empty.slots.iter_mut().for_each(|slot| slot.places = 0);
    assert_eq!(faults(&book, &empty), [Fault::Empty]);
    let mut large = round.clone();
    large.slots[0].places = 10_000;
    let places = 10_002;
    assert_eq!(
        faults(&book, &large),
        [Fault::TooManyPlaces {
            places,
            most: MOST_PLACES
        }]
    );
    // Nobody for slot 0, too low a fit for slot 1, and worker 1 alone for slot 2 while pinned elsewhere.
    book.pairs[0] = vec![None; 3];
    let unfilled = Round {
        fill_all: true,
        ..round.clone()
    };
    let short = Shortage {
        slot: 0,
        empty: 1,
        why: WhyShort::NobodyPasses,
    };
    assert_eq!(faults(&book, &unfilled), [Fault::Unfilled(vec![short.clone()])]);
    assert_eq!(
        round.solve(&book).map_err(drop).unwrap().solution.shortages,
        [short]
    );
    let best_fit_ppm = book.pairs[1]
        .iter()
        .flatten()
        .map(|pair| pair.fit_ppm)
        .max()
        .unwrap();
    let above = Round {
        min_fit_ppm: 1_000_000,
        ..round.clone()
    };
    let shortages = above.solve(&book).map_err(drop).unwrap().solution.shortages;
    if best_fit_ppm < 1_000_000 {
        assert_eq!(shortages[1].why, WhyShort::BelowMinimum { best_fit_ppm });
    }
    book.pairs[2] = vec![book.pairs[2][0], None, None];
    book.pairs[1] = vec![book.pairs[1][0], None, None];
    let shortages = round.solve(&book).map_err(drop).unwrap().solution.shortages;
    let [
        _,
        Shortage {
            slot,
            why: WhyShort::Taken { slots },
            ..
        },
    ] = &shortages[..]
    else {
        panic!("{shortages:?}");
    };
    assert_eq!((slot + slots[0], slots.len()), (3, 1));
}

#[test]
fn rounds_through_the_index_stand_a_full_scan() {
    let (mut filled, mut empty, mut stable) = (0, 0, 0);
    for seed in 0..24 {
        let draw = &mut Draw(seed << 9 | 5);
        let world = match seed % 3 {
            0 => World::new(draw, 3, 2, 2, 3),
            1 => World::new(draw, 30, 5, 12, 20),
            _ => World::new(draw, 60, 9, 40, 90),
        };
        let size = [6, 60, 400][draw.below(3) as usize];
        let placed_before = |draw: &mut Draw, id: u128| {
            let mut candidate = world.candidate(draw, id);
            let times = |draw: &mut Draw| draw.below(4) as u16;
            candidate.counted.outcomes = vec![(0, (times(draw), times(draw))), (1, (times(draw), 0))];
            Arc::new(candidate)
        };
        let mut people: Vec<Arc<Candidate>> = (0..size).map(|id| placed_before(draw, id)).collect();
        let index = CandidateIndex::build(world.population(&people), people.iter().cloned(), []);
        let changed = draw.below(people.len() as u64) as usize;
        people[changed] = placed_before(draw, changed as u128);
        let index = index.with([(changed as u128, Some(Arc::clone(&people[changed])))]);
        let mut needs: Vec<Need> = (0..8).map(|id| world.need(draw, id)).collect();
        for need in &mut needs {
            // A role is asked for once.
            need.roles.sort_by_key(|role| role.role);
            need.roles.dedup_by_key(|role| role.role);
        }
        let market = IndexMarket::new(&index, &needs, worlds::weights(draw));
        for objective in OBJECTIVES {
            let mut round = Round::new(market.slots(), objective);
            round.min_fit_ppm = [0, 400_000][draw.below(2) as usize];
            round.past_ppm = [0, 500_000][draw.below(2) as usize];
            let Ok(solved) = round.solve(&market) else {
                assert_eq!(round.places(), 0);
                continue;
            };
            let Solution { seats, proofs, .. } = &solved.solution;
            let verdict = round.verify(&market, seats, proofs).unwrap();
            let scan = || people.iter().map(|candidate| market.scan(candidate));
            let judgement = audit::judge(&round.export(), scan, &export::answer(seats, proofs));
            assert!(!matches!(judgement, Judgement::Refused(_)), "{judgement:?}");
            filled += verdict.filled;
            empty += round.places() - verdict.filled;
            stable += usize::from(objective == Objective::Stable && verdict.filled > 0);
        }
    }
    assert!(
        filled > 500 && empty > 50 && stable > 10,
        "{filled} {empty} {stable}"
    );
}
