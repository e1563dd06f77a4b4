//! The use cases of matches, for HTTP and everything else that ranks. Each runs in one reading transaction.

use super::advice::{self, Standing, Target, relaxation_list};
use super::codes::{self, ON_TEAM, ROLE_FILLED};
use super::context::RankingContext;
use super::explain::summary;
use super::inquiry::{Asked, Inquiry};
use super::ranking::{self, DeliverableRankingOptions, ShownRanking, WorkerRankingOptions};
use super::snapshot::Snapshot;
use super::team::{self, Applied};
use super::view::{
    DeliverableBrief, DeliverableRanking, ImprovementList, MatchExplanation, RelaxationList, WorkerRanking,
};
use super::visibility::{self, check_visible, is_separating};
use super::{DeliverableRankingParameters, Fairness, PreviewRequest, WorkerRankingParameters, encode};
use crate::auth::{Reach, Viewer};
use crate::catalogue::calendar;
use crate::db::{Db, Id};
use crate::deliverables::filter::Include;
use crate::deliverables::included::{self, Named, Reader};
use crate::error::{Error, Result, Text};
use crate::exposures::week_number;
use crate::http::Language;
use crate::http::page::{Included, MAX_LIMIT};
use crate::http::query::Several;
use crate::values::words;
use crate::workers::{self, store::WorkerLabel};
use matcher::fairness::FairOrder;
use matcher::{Assessment, Candidate, EntryNo, Gate, Need};
use std::sync::Arc;

/// Ranks workers for a deliverable.
pub fn rank_workers(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    deliverable: Id,
    parameters: WorkerRankingParameters,
    language: Language,
) -> Result<ShownRanking<WorkerRanking>> {
    let role = parameters.role.clone();
    let asked = Asked::Saved { deliverable, role };
    let name = format!("need {deliverable} {:?}", parameters.role);
    let (mut ranking, order) = ranked(db, context, viewer, (&asked, name), &parameters, language)?;
    let brief = ranking.deliverable.iter();
    ranking.included = included(db, context, viewer, &parameters.include, brief, language)?;
    let list = ranking.shown(viewer, deliverable, parameters.role, order.as_ref());
    Ok(ShownRanking {
        ranking,
        list: Some(list),
    })
}

/// Ranks workers for a need that is not saved, or for a deliverable with changes on trial. Leaves no trace in the log of
/// shown lists.
pub fn preview(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    trial: PreviewRequest,
    language: Language,
) -> Result<WorkerRanking> {
    let (parameters, name) = (trial.page(), trial.name()?);
    let asked = Asked::Trial(Box::new(trial));
    ranked(db, context, viewer, (&asked, name), &parameters, language).map(|(ranking, _)| ranking)
}

/// Ranks workers. `name` is that of the list in its cursors.
fn ranked(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    (asked, name): (&Asked, String),
    parameters: &WorkerRankingParameters,
    language: Language,
) -> Result<(WorkerRanking, Option<FairOrder>)> {
    let snapshot = context.snapshot(db)?;
    let inquiry = Inquiry::of(db, &snapshot, viewer, asked)?;
    let (need, role) = inquiry.open_places(&snapshot)?;
    let options = WorkerRankingOptions {
        name,
        inquiry: &inquiry,
        role,
        limit: parameters.limit,
        cursor: parameters.cursor.as_deref(),
        counts: parameters.counts.unwrap_or(true),
        history: context.history(db, parameters.fairness)?,
        swaps: context.recorder.swaps(),
        language,
    };
    let (ranking, order) = ranking::rank_workers(db, &snapshot, &need, &options)?;
    let ranking = WorkerRanking {
        summary: ranking.summary.shown_to(&viewer.reach),
        ..ranking
    };
    Ok((ranking, order))
}

/// Ranks open deliverables for a worker. A partner's test workers leave no trace in the log of shown lists.
pub fn rank_deliverables(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    worker: Id,
    parameters: DeliverableRankingParameters,
    language: Language,
) -> Result<ShownRanking<DeliverableRanking>> {
    let mut worker = workers::store::find(db, &viewer.reach, worker)?;
    let mut others = workers::store::same_person(db, &worker)?;
    others.retain(|id| *id != worker.id);
    let separated_from = workers::store::separations::of_records(db, &others)?;
    worker.profile.blocked_organization_ids.extend(separated_from);
    workers::store::records::complete(db, &mut worker)?;
    let snapshot = context.snapshot(db)?;
    let (weights, weights_version) = visibility::weights(viewer, &snapshot.weights);
    let applied = Applied::of(db, &worker)?;
    let options = DeliverableRankingOptions {
        applied: &applied,
        weights,
        weights_version: &weights_version,
        limit: parameters.limit,
        cursor: parameters.cursor.as_deref(),
        counts: parameters.counts.unwrap_or(true),
        fair_week: (parameters.fairness == Fairness::On).then(|| week_number(calendar::today())),
        swaps: context.recorder.swaps(),
        language,
        partner: match &viewer.reach {
            Reach::Partner(partner) => Some(partner.clone()),
            _ => None,
        },
    };
    let (mut ranking, order) = ranking::rank_deliverables(db, &snapshot, &worker, &options)?;
    let briefs = ranking.items.iter().map(|one| &one.deliverable);
    ranking.included = included(db, context, viewer, &parameters.include, briefs, language)?;
    let is_real = !worker.sandbox;
    let list = is_real.then(|| ranking.shown(viewer, order.as_ref()));
    Ok(ShownRanking { ranking, list })
}

/// Loads what a ranking was asked to bring along.
fn included<'a>(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    asked: &Option<Several<Include>>,
    briefs: impl Iterator<Item = &'a DeliverableBrief>,
    language: Language,
) -> Result<Option<Included>> {
    let catalogue = &*context.catalogues.current(db)?;
    let reader = Reader {
        viewer,
        catalogue,
        language,
    };
    included::load(db, &reader, asked, || Named {
        deliverables: briefs.map(|brief| brief.id).collect(),
        ..Named::default()
    })
}

/// Explains why a worker has their rank, or why they are not ranked.
pub fn explain(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    asked: &Asked,
    worker: Id,
    language: Language,
) -> Result<MatchExplanation> {
    let snapshot = context.snapshot(db)?;
    let inquiry = Inquiry::of(db, &snapshot, viewer, asked)?;
    let (candidate, label) = candidate(db, &snapshot, worker)?;
    let (team, weights) = (&inquiry.team, inquiry.weights);
    let is_member = team.has(candidate.id);
    let (mut need, mut role) = inquiry.open_places(&snapshot)?;
    let is_filled = need.roles.is_empty();
    // Figures are of some role: without places left, of all that the request has.
    if is_member || is_filled {
        (need, role) = inquiry.whole_team(&snapshot)?;
    }
    let application = match &inquiry.deliverable {
        Some(deliverable) => team::applied_of(db, deliverable.id, &[worker])?.remove(&candidate.id),
        None => None,
    };
    let query = snapshot.index.query(&need, weights);
    let standing = Standing::of(&snapshot.index, &query, role, team.ranked(), &candidate);
    let Standing {
        assessment,
        rank,
        above,
    } = standing.ok_or_else(no_role)?;
    check_visible(db, &viewer.reach, worker, &assessment.failed)?;
    let census = snapshot.index.census(&query, role);
    let summary = summary(Some(&census), &weights, &inquiry.weights_version, &snapshot, None);
    let (explainer, words) = (snapshot.explainer(language), encode::words(&inquiry.request));
    let failed = assessment.failed.iter().map(|gate| explainer.failed(*gate));
    let on_team = is_member.then(|| explainer.on_team());
    let role_filled = (is_filled && !is_member).then(|| explainer.role_filled());
    let members = team.passing(&snapshot.index, &query, role);
    let mut summary = summary.without_members(members);
    if is_filled {
        summary = summary.without_places();
    }
    Ok(MatchExplanation {
        application,
        deliverable: inquiry.deliverable.as_ref().map(DeliverableBrief::of),
        worker: explainer.brief(worker, &label, role_of(&need, &assessment)),
        summary: summary.shown_to(&viewer.reach),
        is_ranked: assessment.failed.is_empty() && !is_member && !is_filled,
        rank: rank as u64,
        failed_gates: on_team.into_iter().chain(role_filled).chain(failed).collect(),
        explanation: explainer.explain(&query, &words, &candidate, &assessment, above),
    })
}

/// Returns the gates that keep a worker out of the ranking for a role of a deliverable. Who has no capacity, or could be in no
/// ranking at all, is told of elsewhere.
pub fn failed_gates(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    (deliverable, role): (Id, &str),
    worker: Id,
) -> Result<Vec<&'static str>> {
    let asked = Asked::Saved {
        deliverable,
        role: Some(role.to_owned()),
    };
    let explained = explain(db, context, viewer, &asked, worker, Language::En)?;
    let elsewhere = [Gate::Inactive, Gate::ConsentMissing, Gate::AtCapacity];
    let is_elsewhere = |code: codes::Gate| {
        let is_of_team = [ON_TEAM, ROLE_FILLED].contains(&code);
        is_of_team || is_separating(code) || elsewhere.iter().any(|gate| gate.code() == code.0)
    };
    let failed = explained.failed_gates.iter().map(|failed| failed.gate);
    let of_need = failed.filter(|gate| !is_elsewhere(*gate));
    Ok(of_need.map(|gate| gate.0).collect())
}

/// Suggests single changes that would let a worker pass every gate, or reach a rank.
pub fn suggest_improvements(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    asked: &Asked,
    (worker, rank): (Id, Option<u32>),
    language: Language,
) -> Result<ImprovementList> {
    if rank.is_some_and(|rank| !(1..=MAX_LIMIT).contains(&rank)) {
        let rule = Text::new(
            "順位は1〜200で指定してください。",
            "The rank has to be from 1 to 200.",
        );
        return Err(Error::parameter("rank", "out_of_range", rule));
    }
    let snapshot = context.snapshot(db)?;
    let inquiry = Inquiry::of(db, &snapshot, viewer, asked)?;
    let (need, role) = inquiry.open_places(&snapshot)?;
    // Nothing that a worker could change brings them a place then.
    if need.roles.is_empty() {
        return Err(no_place());
    }
    let (candidate, label) = candidate(db, &snapshot, worker)?;
    let query = snapshot.index.query(&need, inquiry.weights);
    let assessment = query.best(&candidate, role).ok_or_else(no_role)?;
    check_visible(db, &viewer.reach, worker, &assessment.failed)?;
    let explainer = snapshot.explainer(language);
    let brief = explainer.brief(worker, &label, role_of(&need, &assessment));
    let briefs = (inquiry.deliverable.as_ref().map(DeliverableBrief::of), brief);
    let target = Target {
        request: &inquiry.request,
        members: inquiry.team.ranked(),
        weights: inquiry.weights,
        role,
        rank: rank.map(|rank| rank as usize),
    };
    advice::improvements(&snapshot, &need, briefs, &candidate, target, &explainer).ok_or_else(no_role)
}

/// Suggests requirements to relax, so that more workers pass.
pub fn suggest_relaxations(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    asked: &Asked,
    language: Language,
) -> Result<RelaxationList> {
    let snapshot = context.snapshot(db)?;
    let inquiry = Inquiry::of(db, &snapshot, viewer, asked)?;
    let (need, role) = inquiry.open_places(&snapshot)?;
    let list = relaxation_list(&snapshot, &need, role, &inquiry, &snapshot.explainer(language));
    Ok(list.shown_to(&viewer.reach))
}

/// Finds a worker who can be ranked, with what identifies them.
fn candidate(db: &mut Db, snapshot: &Snapshot, id: Id) -> Result<(Arc<Candidate>, WorkerLabel)> {
    let missing = workers::store::missing;
    let candidate = snapshot.index.get(id.0.as_u128()).ok_or_else(missing)?;
    let label = workers::store::labels(db, &[id])?.remove(&id);
    Ok((Arc::clone(candidate), label.ok_or_else(missing)?))
}

fn role_of(need: &Need, assessment: &Assessment) -> Option<EntryNo> {
    need.roles.get(assessment.role).map(|role| role.role)
}

fn no_place() -> Error {
    Error::Conflict {
        code: ROLE_FILLED.0,
        detail: words::text("Gate", ROLE_FILLED.0),
    }
}

fn no_role() -> Error {
    Error::not_found("この支援内容の役割", "role in this deliverable")
}
