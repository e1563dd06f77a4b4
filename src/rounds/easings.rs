//! Single requirements that would fill more places of a round, checked by solving again.

use super::actions::again;
use super::store;
use super::wording::counted;
use crate::auth::Viewer;
use crate::catalogue::Format;
use crate::db::{Db, Id};
use crate::deliverables::NewDeliverable;
use crate::error::Result;
use crate::http::disclosure::impersonal;
use crate::http::{Language, Patch};
use crate::matches::codes::{ChangeDetails, RelaxedRequirement};
use crate::matches::context::RankingContext;
use matcher::relax::relaxations;
use matcher::round::{IndexMarket, Objective, Round};
use matcher::{EntryNo, Need};
use serde::Serialize;
use std::collections::BTreeSet;
use strum::VariantArray;
use utoipa::{PartialSchema, ToSchema};

impersonal!(RoundEasings);

/// How many places all solutions of an answer may have together: it bounds the time to a few seconds.
const MOST_SOLVED: usize = 30_000;

/// Single requirements that would fill more places.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoundEasings {
    pub round_id: Id,
    /// The number of the latest change that the answer includes.
    #[schema(minimum = 0)]
    pub at_change: i64,
    #[schema(minimum = 0)]
    pub places: usize,
    /// How many places the question fills today.
    #[schema(minimum = 0)]
    pub filled: usize,
    /// Whether every requirement of the slots that lack people was tried. False in large rounds.
    pub complete: bool,
    /// Those that fill more places, the most effective first.
    pub items: Vec<RoundEasing>,
}

/// A requirement of a deliverable, relaxed.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoundEasing {
    pub deliverable_id: Id,
    pub relaxation: RelaxedRequirement,
    /// What the requirement changes to.
    pub details: ChangeDetails,
    /// The JSON Merge Patch of the deliverable that makes this change.
    #[schema(schema_with = Patch::<NewDeliverable>::schema)]
    pub patch: serde_json::Value,
    /// How many more places would be filled in the whole round.
    #[schema(minimum = 1)]
    pub additional_places: usize,
    /// The effect in words, by Accept-Language.
    pub because: String,
}

/// Solves the question of a round again for every single relaxation of the deliverables that lack people.
pub fn easings(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    id: Id,
    language: Language,
) -> Result<RoundEasings> {
    let round = store::find(db, &viewer.reach, id)?;
    let question = again(db, context, viewer, &round)?;
    let market = question.market();
    let asked = Round {
        fill_all: false,
        objective: Objective::FillThenFit,
        ..question.round(&round.request)
    };
    let solved = question.solve(db, &viewer.reach, &asked, &market)?;
    let filled = solved.solution.seats.len();
    let short: BTreeSet<u128> = solved
        .solution
        .shortages
        .iter()
        .filter_map(|short| asked.slots.get(short.slot))
        .map(|slot| slot.deliverable)
        .collect();
    let explainer = question.snapshot.explainer(language);
    let mut left = MOST_SOLVED / asked.places().max(1);
    let (mut complete, mut items) = (true, Vec::new());
    let lacking = question
        .needs
        .iter()
        .enumerate()
        .filter(|(_, need)| short.contains(&need.id));
    for (i, need) in lacking {
        for relaxation in relaxations(need, Format::VARIANTS.len() as EntryNo) {
            if left == 0 {
                complete = false;
                break;
            }
            left -= 1;
            let mut needs: Vec<Need> = question.needs.clone();
            if let Some(eased) = needs.get_mut(i) {
                *eased = relaxation.apply(need);
            }
            let market = IndexMarket::new(&question.snapshot.index, &needs, question.weights);
            // The roles stay, so the slots do, too.
            let Ok(eased) = asked.solve(&market) else { continue };
            let more = eased.solution.seats.len().saturating_sub(filled);
            let open = question.snapshot.open_deliverable(need.id).filter(|_| more > 0);
            let Some(open) = open else { continue };
            let text = explainer.relaxation(need, &open.deliverable.request, relaxation);
            let (ja, en) = counted(more);
            items.push(RoundEasing {
                deliverable_id: open.deliverable.id,
                patch: explainer.patch(need, &open.deliverable.request, relaxation),
                relaxation: text.code,
                details: text.details,
                additional_places: more,
                because: explainer.text(format!("{}{ja}", text.ja), format!("{en} with {}.", text.en)),
            });
        }
    }
    items.sort_by_key(|item| std::cmp::Reverse(item.additional_places));
    Ok(RoundEasings {
        round_id: round.summary.id,
        at_change: question.snapshot.at_change,
        places: asked.places(),
        filled,
        complete,
        items,
    })
}
