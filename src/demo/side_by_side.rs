//! The demonstration's requests, filled one after another and by a round.

use super::embedded::unreadable;
use crate::db::Id;
use crate::error::Result;
use crate::rounds::{NewRound, decimal, plan::Question};
use crate::server::AppState;
use chrono::NaiveDate;
use matcher::Weights;
use matcher::round::Seat;
use std::collections::BTreeSet;

/// Returns a table in Markdown: what each open request gets either way.
pub fn side_by_side(state: &AppState, today: NaiveDate) -> Result<String> {
    state.pool.read_blocking(|db| {
        let snapshot = state.index.current(db, &state.catalogues, today)?;
        let open = snapshot.open.values().filter(|open| open.deliverable.demo);
        let ids: Vec<Id> = open.map(|open| open.deliverable.id).collect();
        let (asked, weights) = (NewRound::default(), (Weights::default(), String::new()));
        let question = Question::about(db, snapshot.clone(), ids, weights, &asked)?;
        let (market, round) = (question.market(), question.round(&asked));
        let sequence = round
            .one_after_another(&market)
            .map_err(|_| unreadable("no round"))?;
        let solved = round.solve(&market).map_err(|_| unreadable("no round"))?;
        let best = &solved.solution.seats;
        let mut lines = vec![
            "| request | places | one after another | round | other people |".to_owned(),
            "|---|---|---|---|---|".to_owned(),
        ];
        let sums = |seats: &[&Seat]| {
            let fit: u64 = seats.iter().map(|seat| seat.fit_ppm).sum();
            format!("{} filled, {}", seats.len(), decimal(fit as i64))
        };
        let mut row = |name: &str, is_in: &dyn Fn(usize) -> bool| {
            let places = round.slots.iter().enumerate().filter(|(i, _)| is_in(*i));
            let places: u32 = places.map(|(_, slot)| u32::from(slot.places)).sum();
            let of = |seats: &'_ [Seat]| {
                seats
                    .iter()
                    .filter(|seat| is_in(seat.slot))
                    .copied()
                    .collect::<Vec<Seat>>()
            };
            let (one, other) = (of(&sequence), of(best));
            let people = |seats: &[Seat]| {
                seats
                    .iter()
                    .map(|seat| (seat.slot, seat.worker))
                    .collect::<BTreeSet<_>>()
            };
            let others = people(&other).difference(&people(&one)).count();
            let (one, other): (Vec<&Seat>, Vec<&Seat>) = (one.iter().collect(), other.iter().collect());
            lines.push(format!(
                "| {name} | {places} | {} | {} | {others} |",
                sums(&one),
                sums(&other)
            ));
        };
        for need in &question.needs {
            let open = snapshot.open_deliverable(need.id);
            let title = open.map_or("", |open| open.deliverable.request.title.as_str());
            row(title, &|slot| {
                round
                    .slots
                    .get(slot)
                    .is_some_and(|slot| slot.deliverable == need.id)
            });
        }
        row("**all**", &|_| true);
        Ok(lines.join("\n") + "\n")
    })
}
