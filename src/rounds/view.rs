//! Rounds as they are shown.

use super::facts::{RoundLoss, RoundReport, RoundSearch, RoundSpread, RoundTotals, WhyEmpty};
use super::wording;
use super::{NewRound, Place, Round, RoundObjective, RoundSummary};
use crate::auth::Viewer;
use crate::db::{Db, Id};
use crate::deliverables;
use crate::error::Result;
use crate::http::{Language, disclosure::impersonal};
use crate::matches::context::RankingContext;
use crate::matches::explainer::Explainer;
use crate::matches::view::WorkerBrief;
use crate::values::{AreaCode, Code};
use crate::weights::ComponentWeights;
use crate::workers::{self, store::WorkerLabel};
use matcher::round::{Refusal, Verdict};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use utoipa::ToSchema;

impersonal!(
    RoundSummary,
    RoundDetails,
    RoundUpdate,
    RoundComparison,
    RoundVerdict
);

/// A round with its places, and what can be said about them.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoundDetails {
    #[serde(flatten)]
    pub summary: RoundSummary,
    pub request: NewRound,
    #[schema(example = "default-1")]
    pub weights_version: String,
    pub weights: Option<ComponentWeights>,
    pub deliverables: Vec<RoundDeliverable>,
    pub slots: Vec<RoundSlot>,
    /// The filled places.
    pub assignments: Vec<RoundAssignment>,
    pub totals: RoundTotals,
    /// The sums if one deliverable after the other took the best who were left.
    pub one_after_another: RoundTotals,
    pub report: RoundReport,
    /// What the same question gives if earlier places don't weigh, to compare. Null if they don't weigh.
    pub without_past: Option<RoundSpread>,
    /// Whether a proof came with the answer: prices, or for `stable` that no two would rather have each other.
    pub proven: bool,
    /// How complete teams were searched for. Null where people suffice, and for other objectives.
    pub search: Option<RoundSearch>,
    /// The answer in words, by Accept-Language.
    pub because: String,
}

/// A deliverable of a round.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoundDeliverable {
    pub id: Id,
    pub title: String,
    pub area: Option<AreaCode>,
}

/// A role of a deliverable in a round.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoundSlot {
    pub deliverable_id: Id,
    #[schema(example = "designer")]
    pub role: Code,
    /// How many places were open.
    #[schema(minimum = 1)]
    pub places: u16,
    /// How many of them stay empty.
    #[schema(minimum = 0)]
    pub empty: u32,
    /// Why places stay empty. Null if none does.
    pub why: Option<WhyEmpty>,
    /// Whether people for it are scarce: it lacks some, or shares its people with slots that do.
    pub scarce: bool,
    /// What the round would lose with one place of the slot less. Null without prices.
    pub price: Option<RoundLoss>,
    /// The state in words, by Accept-Language.
    pub because: String,
}

/// Who has a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoundAssignment {
    pub deliverable_id: Id,
    #[schema(example = "designer")]
    pub role: Code,
    /// Null after the worker is erased.
    pub worker: Option<WorkerBrief>,
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub fit_ppm: u64,
    /// What earlier places leave of the fit: the objective, prices and losses count this. Null if the past doesn't weigh.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub weighed_fit_ppm: Option<u64>,
    /// Whether a pin put them there.
    pub pinned: bool,
    /// The invitation, or the application that was there before. Null in drafts.
    pub application_id: Option<Id>,
    /// Where the worker would fit better. Null if nowhere; and in rounds with more than 300,000 pairs of a place and a slot.
    pub alternative: Option<RoundAlternative>,
    /// What the round loses if the worker withdraws from all of it, exactly. Null for pins, and without prices.
    pub withdrawal: Option<RoundWithdrawal>,
    /// The place in words, by Accept-Language.
    pub because: String,
}

/// Another slot in which a worker would fit better.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoundAlternative {
    pub deliverable_id: Id,
    #[schema(example = "designer")]
    pub role: Code,
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub fit_ppm: u64,
    /// What the round loses if the worker is moved there: exactly this if `exact`, otherwise at least this. Null if a rule
    /// forbids it, and without prices.
    pub loss: Option<RoundLoss>,
    pub exact: bool,
}

/// What a withdrawal costs.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoundWithdrawal {
    pub loss: RoundLoss,
    /// Who would take the place. Null if it would stay empty.
    pub replacement: Option<WorkerBrief>,
}

/// A changed draft.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoundUpdate {
    pub difference: RoundDifference,
    pub round: RoundDetails,
}

/// How two rounds differ.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoundComparison {
    pub round_id: Id,
    /// Null: one deliverable after the other.
    pub with_round_id: Option<Id>,
    pub round: RoundTotals,
    pub with: RoundTotals,
    /// From `with` to `round`.
    pub difference: RoundDifference,
}

/// What changes from one answer to another.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct RoundDifference {
    /// How many more places are filled.
    pub places: i64,
    /// How much larger the sum of fits is.
    pub fit_ppm: i64,
    /// Who has another place than before, or none any more, or one for the first time.
    pub moved: Vec<RoundMove>,
    /// Slots with more empty places than before.
    pub emptied: Vec<RoundEmptied>,
}

/// A worker whose places differ.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoundMove {
    pub worker: WorkerBrief,
    pub from: Vec<RoundSeat>,
    pub to: Vec<RoundSeat>,
}

/// A place, by its slot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
pub struct RoundSeat {
    pub deliverable_id: Id,
    #[schema(example = "designer")]
    pub role: Code,
}

/// A slot that has become emptier.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoundEmptied {
    #[serde(flatten)]
    pub slot: RoundSeat,
    /// How many more places are empty.
    #[schema(minimum = 1)]
    pub places: usize,
}

/// What came out when a round was computed again from the index.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoundVerdict {
    pub round_id: Id,
    /// The latest change that the round includes, and that the verification includes.
    #[schema(minimum = 0)]
    pub at_change: i64,
    #[schema(minimum = 0)]
    pub verified_at_change: i64,
    /// Whether the answer keeps the rules.
    pub allowed: bool,
    /// Whether it is proven to be the best.
    pub proven: bool,
    /// For each proof what the answer is worth without the pins, and the most that any answer can be worth. Decimal numbers,
    /// since they may exceed 2^53.
    pub values: Vec<RoundBound>,
    /// How many pairs of a slot and a worker were looked at.
    #[schema(minimum = 0)]
    pub pairs: usize,
    /// The verdict in words, by Accept-Language.
    pub because: String,
}

/// A value and its bound.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoundBound {
    #[schema(pattern = "^-?[0-9]+$", example = "71000000")]
    pub value: String,
    #[schema(pattern = "^-?[0-9]+$", example = "71000000")]
    pub bound: String,
}

/// Shows a round with its places.
pub fn details(
    db: &mut Db,
    context: &RankingContext,
    _: &Viewer,
    round: Round,
    language: Language,
) -> Result<RoundDetails> {
    let catalogue = context.catalogues.current(db)?;
    let explainer = Explainer {
        catalogue: &catalogue,
        language,
    };
    let titles: Vec<RoundDeliverable> = load_deliverables(db, &round.deliverables)?;
    let names: HashMap<Id, &str> = titles.iter().map(|one| (one.id, one.title.as_str())).collect();
    let workers = round
        .places
        .iter()
        .flat_map(|place| [place.worker, place.replacement]);
    let labels = labels(db, workers.flatten())?;
    let outcome = &round.outcome;
    let words = wording::Words {
        explainer: &explainer,
        titles: &names,
        outcome,
    };
    let brief = |worker: Option<Id>, role: &Code| {
        let (worker, role) = (worker?, catalogue.roles.position(role));
        Some(explainer.brief(worker, labels.get(&worker)?, role))
    };
    let slots = outcome.slots.iter().map(|slot| RoundSlot {
        deliverable_id: slot.deliverable,
        role: slot.role.clone(),
        places: slot.places,
        empty: slot.empty,
        why: slot.why,
        scarce: slot.scarce,
        price: slot.price,
        because: words.slot(slot),
    });
    let assignment = |(place, facts): (&Place, &super::facts::PlaceFacts)| {
        let slot = outcome.slots.get(place.slot)?;
        let worker = brief(place.worker, &slot.role);
        let replacement = brief(place.replacement, &slot.role);
        let alternative = facts.alternative.as_ref().and_then(|other| {
            let slot = outcome.slots.get(other.slot)?;
            Some(RoundAlternative {
                deliverable_id: slot.deliverable,
                role: slot.role.clone(),
                fit_ppm: other.fit_ppm,
                loss: other.loss,
                exact: other.exact,
            })
        });
        Some(RoundAssignment {
            deliverable_id: slot.deliverable,
            role: slot.role.clone(),
            fit_ppm: place.fit_ppm,
            weighed_fit_ppm: facts.weighed_fit_ppm,
            pinned: facts.pinned,
            application_id: place.application,
            because: words.place(place, facts, worker.as_ref(), replacement.as_ref()),
            alternative,
            withdrawal: facts.withdrawal.map(|loss| RoundWithdrawal { loss, replacement }),
            worker,
        })
    };
    let assignments = round.places.iter().zip(&outcome.places).filter_map(assignment);
    let is_stable = round.request.objective == RoundObjective::Stable;
    Ok(RoundDetails {
        summary: round.summary.clone(),
        weights_version: outcome.weights_version.clone(),
        weights: outcome.weights,
        slots: slots.collect(),
        assignments: assignments.collect(),
        totals: outcome.totals,
        one_after_another: outcome.one_after_another,
        report: outcome.report,
        without_past: outcome.without_past,
        proven: is_stable || !outcome.proofs.is_empty() || outcome.search.is_some_and(|search| search.best),
        search: outcome.search,
        because: words.round(&round.request),
        request: round.request.clone(),
        deliverables: titles,
    })
}

fn load_deliverables(db: &mut Db, ids: &[Id]) -> Result<Vec<RoundDeliverable>> {
    let mut found: HashMap<Id, RoundDeliverable> = HashMap::new();
    for some in ids.chunks(crate::db::BATCH) {
        for one in deliverables::store::load_some(db, some)? {
            let (title, area) = (one.request.title.clone(), one.request.area.clone());
            found.insert(
                one.id,
                RoundDeliverable {
                    id: one.id,
                    title,
                    area,
                },
            );
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

fn labels(db: &mut Db, ids: impl Iterator<Item = Id>) -> Result<HashMap<Id, WorkerLabel>> {
    let ids: Vec<Id> = ids.collect::<BTreeSet<Id>>().into_iter().collect();
    let mut labels = HashMap::new();
    for some in ids.chunks(crate::db::BATCH) {
        labels.extend(workers::store::labels(db, some)?);
    }
    Ok(labels)
}

fn seat(round: &Round, place: &Place) -> Option<RoundSeat> {
    let slot = round.outcome.slots.get(place.slot)?;
    Some(RoundSeat {
        deliverable_id: slot.deliverable,
        role: slot.role.clone(),
    })
}

/// Says who moves, and what becomes empty.
pub fn moves(
    db: &mut Db,
    context: &RankingContext,
    before: &Round,
    after: &Round,
    language: Language,
) -> Result<RoundDifference> {
    let catalogue = context.catalogues.current(db)?;
    let explainer = Explainer {
        catalogue: &catalogue,
        language,
    };
    let seats = |round: &Round| {
        let mut of: HashMap<Id, BTreeSet<RoundSeat>> = HashMap::new();
        for place in &round.places {
            if let (Some(worker), Some(seat)) = (place.worker, seat(round, place)) {
                of.entry(worker).or_default().insert(seat);
            }
        }
        of
    };
    let (old, new) = (seats(before), seats(after));
    let everybody: BTreeSet<Id> = old.keys().chain(new.keys()).copied().collect();
    let moved: Vec<Id> = everybody
        .into_iter()
        .filter(|worker| old.get(worker) != new.get(worker))
        .collect();
    let labels = labels(db, moved.iter().copied())?;
    let list =
        |of: &HashMap<Id, BTreeSet<RoundSeat>>, other: &HashMap<Id, BTreeSet<RoundSeat>>, worker: &Id| {
            let own = of.get(worker).into_iter().flatten();
            let is_kept = |seat: &&RoundSeat| other.get(worker).is_some_and(|kept| kept.contains(*seat));
            own.filter(|seat| !is_kept(seat)).cloned().collect::<Vec<_>>()
        };
    let moves = moved.iter().filter_map(|worker| {
        let (from, to) = (list(&old, &new, worker), list(&new, &old, worker));
        let role = to
            .first()
            .or(from.first())
            .and_then(|seat| catalogue.roles.position(&seat.role));
        Some(RoundMove {
            worker: explainer.brief(*worker, labels.get(worker)?, role),
            from,
            to,
        })
    });
    let filled = |round: &Round| {
        let mut filled: HashMap<RoundSeat, usize> = HashMap::new();
        for seat in round.places.iter().filter_map(|place| seat(round, place)) {
            *filled.entry(seat).or_default() += 1;
        }
        filled
    };
    let (old, new) = (filled(before), filled(after));
    let mut emptied: Vec<RoundEmptied> = old
        .into_iter()
        .filter_map(|(slot, count)| {
            let places = count.checked_sub(new.get(&slot).copied().unwrap_or(0))?;
            (places > 0).then_some(RoundEmptied { slot, places })
        })
        .collect();
    emptied.sort_by(|one, other| one.slot.cmp(&other.slot));
    Ok(RoundDifference {
        moved: moves.collect(),
        emptied,
        ..RoundDifference::default()
    })
}

/// Shows what came out of a verification; `None` if the slots or the people are no longer the same.
pub fn verdict(
    round: &Round,
    verified_at_change: i64,
    found: Option<Result<Verdict, Refusal>>,
    language: Language,
) -> RoundVerdict {
    let is_stable = round.request.objective == RoundObjective::Stable;
    let has_proof = is_stable || !round.outcome.proofs.is_empty();
    let because = language
        .choose(&wording::verdict(found.as_ref(), has_proof))
        .to_owned();
    let (allowed, verdict) = match found {
        Some(Ok(verdict)) => (true, verdict),
        _ => (false, Verdict::default()),
    };
    RoundVerdict {
        round_id: round.summary.id,
        at_change: round.summary.at_change,
        verified_at_change,
        allowed,
        proven: allowed && has_proof,
        values: verdict
            .values
            .iter()
            .map(|(value, bound)| RoundBound {
                value: value.to_string(),
                bound: bound.to_string(),
            })
            .collect(),
        pairs: verdict.pairs,
        because,
    }
}
