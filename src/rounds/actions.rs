//! The use cases of rounds: a draft is computed, looked at, changed, compared and verified.

use super::facts::{Outcome, ProofFacts, RoundTotals};
use super::plan::{Plan, Question};
use super::view::{self, RoundComparison, RoundDetails, RoundDifference, RoundUpdate, RoundVerdict};
use super::{MOST_DRAFTS, NewRound, Place, Round, RoundStatus, RoundSummary, store};
use crate::auth::{Reach, Viewer};
use crate::db::{Db, Id};
use crate::error::{Error, Result, Text};
use crate::http::{IfMatch, Language, Patch};
use crate::matches::context::RankingContext;
use crate::matches::visibility::reads_all_evidence;
use crate::weights::ComponentWeights;
use matcher::round::{Proof, Seat};
use matcher::{Component, Weights};

/// Computes the answer to a question. `before`: what a draft has asked so far.
pub fn plan(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    new: &NewRound,
    before: Option<&NewRound>,
) -> Result<Plan> {
    let question = Question::of(db, context, viewer, new, before)?;
    question.plan(db, &viewer.reach, new)
}

/// Stores a draft.
pub fn create(db: &mut Db, viewer: &Viewer, new: &NewRound, plan: &Plan) -> Result<RoundSummary> {
    if store::count_drafts(db, &viewer.actor)? >= MOST_DRAFTS {
        return Err(Error::Conflict {
            code: "too_many_drafts",
            detail: Text::new(
                format!("下書きは{MOST_DRAFTS}件までです。不要な下書きを削除してください。"),
                format!("You have {MOST_DRAFTS} drafts. Delete some first."),
            ),
        });
    }
    let id = store::insert(db, &viewer.actor, new, plan)?;
    Ok(store::find(db, &Reach::Everything, id)?.summary)
}

/// Shows a round.
pub fn show(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    id: Id,
    language: Language,
) -> Result<RoundDetails> {
    let round = store::find(db, &viewer.reach, id)?;
    view::details(db, context, viewer, round, language)
}

/// What a change of a draft begins with: the draft, what is asked now, and the answer to it.
pub struct Change {
    before: Round,
    request: NewRound,
    plan: Plan,
}

/// Computes the answer to a changed question.
pub fn replan(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    id: Id,
    if_match: &IfMatch,
    patch: &Patch<NewRound>,
) -> Result<Change> {
    let before = store::find(db, &viewer.reach, id)?;
    if_match.check(before.summary.version)?;
    check_draft(&before)?;
    let request = patch.apply(&before.request)?;
    let plan = plan(db, context, viewer, &request, Some(&before.request))?;
    Ok(Change {
        before,
        request,
        plan,
    })
}

/// Stores a changed draft, and returns what is different.
pub fn replace(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    change: &Change,
    language: Language,
) -> Result<RoundUpdate> {
    let Change {
        before,
        request,
        plan,
    } = change;
    let current = store::find_to_change(db, &viewer.reach, before.summary.id)?;
    check_draft(&current)?;
    store::replace(db, &viewer.actor, &before.summary, request, plan)?;
    let after = store::find(db, &Reach::Everything, before.summary.id)?;
    let difference = difference(db, context, (before, &after), language)?;
    Ok(RoundUpdate {
        difference,
        round: view::details(db, context, viewer, after, language)?,
    })
}

/// Deletes a round.
pub fn delete(db: &mut Db, viewer: &Viewer, id: Id, if_match: &IfMatch) -> Result<()> {
    let round = store::find_to_change(db, &viewer.reach, id)?;
    if_match.check(round.summary.version)?;
    store::delete(db, &viewer.actor, &round)
}

pub fn check_draft(round: &Round) -> Result<()> {
    match round.summary.status {
        RoundStatus::Draft => Ok(()),
        RoundStatus::Published => Err(Error::Conflict {
            code: "round_published",
            detail: Text::new("この割り当ては公開済みです。", "This round has been published."),
        }),
    }
}

/// Compares a round with another one, or with one deliverable after the other.
pub fn compare(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    id: Id,
    with: Option<Id>,
    language: Language,
) -> Result<RoundComparison> {
    let round = store::find(db, &viewer.reach, id)?;
    let other = match with {
        Some(other) => store::find(db, &viewer.reach, other)?,
        None => in_sequence(db, context, viewer, &round)?,
    };
    let difference = difference(db, context, (&other, &round), language)?;
    Ok(RoundComparison {
        round_id: round.summary.id,
        with_round_id: with,
        round: round.outcome.totals,
        with: other.outcome.totals,
        difference,
    })
}

/// Returns the round as one deliverable after the other fills it today.
fn in_sequence(db: &mut Db, context: &RankingContext, viewer: &Viewer, round: &Round) -> Result<Round> {
    let question = again(db, context, viewer, round)?;
    let market = question.market();
    let asked = question.round(&round.request);
    let seats = asked.one_after_another(&market).map_err(|_| changed())?;
    let slot = |seat: &Seat| {
        let slot = asked.slots.get(seat.slot)?;
        let role = context_role(&question, slot.role);
        let mut slots = round.outcome.slots.iter();
        slots.position(|one| one.deliverable.0.as_u128() == slot.deliverable && one.role == role)
    };
    let place = |seat: &Seat| {
        Some(Place {
            slot: slot(seat)?,
            worker: Some(super::plan::id(seat.worker)),
            fit_ppm: seat.fit_ppm,
            replacement: None,
            application: None,
        })
    };
    let places: Vec<Place> = seats.iter().filter_map(place).collect();
    Ok(Round {
        outcome: Outcome {
            totals: super::plan::totals(asked.places(), &seats),
            ..round.outcome.clone()
        },
        places,
        ..round.clone()
    })
}

fn context_role(question: &Question, role: matcher::EntryNo) -> crate::values::Code {
    let role = question.snapshot.catalogue.roles.at(role);
    crate::values::Code::from(role.map_or("", |role| role.code.as_str()))
}

/// Takes the question of a stored round again, for answers that tell how well somebody fits today. A caller who may not read
/// everyone's evidence chooses the words of requests, so no words are compared for them in any round.
pub fn again(db: &mut Db, context: &RankingContext, viewer: &Viewer, round: &Round) -> Result<Question> {
    let weighs_text = weights(&round.outcome)?.ppm(Component::Text) > 0;
    // To leave the words out would be another question, whose proof the stored answer isn't.
    if weighs_text && !reads_all_evidence(viewer) {
        return Err(Error::Conflict {
            code: "round_weighs_text",
            detail: Text::new(
                "この割り当ては、閲覧できない実績の言葉も使って計算されています。PATCHで、text の重みを指定せずに計算し直してください。",
                "This round was computed with words of evidence that you may not read. PATCH it, without a weight of text, to compute it without them.",
            ),
        });
    }
    stored(db, context, round)
}

/// Takes the question of a stored round about today's data, with the weights of then.
pub fn stored(db: &mut Db, context: &RankingContext, round: &Round) -> Result<Question> {
    let snapshot = context.snapshot(db)?;
    let open: Vec<Id> = round.deliverables.clone();
    if open.iter().any(|one| !snapshot.open.contains_key(one)) {
        return Err(changed());
    }
    let weights = weights(&round.outcome)?;
    let version = round.outcome.weights_version.clone();
    Question::about(db, snapshot, open, (weights, version), &round.request)
}

fn weights(outcome: &Outcome) -> Result<Weights> {
    let stored = outcome.weights.as_ref().map(ComponentWeights::weights);
    let stored = stored.and_then(|weights| weights.ok());
    stored.ok_or_else(|| Error::Internal("a round has no weights".into()))
}

fn changed() -> Error {
    Error::Conflict {
        code: "changed_since",
        detail: Text::new(
            "計算した後に、支援内容やワーカーの情報が変更されました。割り当てを計算し直してください。",
            "Deliverables or workers have changed since the round was computed. Compute it again.",
        ),
    }
}

/// Computes again, from the index, that an answer keeps the rules and is the best.
pub fn verify(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    id: Id,
    language: Language,
) -> Result<RoundVerdict> {
    let round = store::find(db, &viewer.reach, id)?;
    let question = again(db, context, viewer, &round)?;
    let market = question.market();
    let asked = question.round(&round.request);
    let same_slots = asked.slots.len() == round.outcome.slots.len()
        && asked.slots.iter().zip(&round.outcome.slots).all(|(slot, facts)| {
            slot.deliverable == facts.deliverable.0.as_u128()
                && slot.places == facts.places
                && context_role(&question, slot.role) == facts.role
        });
    let seats = seats(&round);
    let proofs: Vec<Proof> = round.outcome.proofs.iter().map(ProofFacts::proof).collect();
    let found = seats
        .filter(|_| same_slots)
        .map(|seats| asked.verify(&market, &seats, &proofs));
    Ok(view::verdict(
        &round,
        question.snapshot.at_change,
        found,
        language,
    ))
}

/// Returns the places in the matcher's terms, or `None` if somebody was erased.
pub fn seats(round: &Round) -> Option<Vec<Seat>> {
    let seat = |place: &Place| {
        Some(Seat {
            slot: place.slot,
            worker: place.worker?.0.as_u128(),
            fit_ppm: place.fit_ppm,
        })
    };
    round.places.iter().map(seat).collect()
}

/// Says who has another place in the second round than in the first, and what that changes.
fn difference(
    db: &mut Db,
    context: &RankingContext,
    (before, after): (&Round, &Round),
    language: Language,
) -> Result<RoundDifference> {
    let shown = view::moves(db, context, before, after, language)?;
    let (old, new): (RoundTotals, RoundTotals) = (before.outcome.totals, after.outcome.totals);
    Ok(RoundDifference {
        places: new.filled as i64 - old.filled as i64,
        fit_ppm: new.fit_ppm as i64 - old.fit_ppm as i64,
        ..shown
    })
}
