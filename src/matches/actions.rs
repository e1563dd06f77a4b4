//! The use cases of matches, for HTTP and everything else that ranks. Each runs in one reading transaction.

use super::advice::{self, Target, fit_rank, relaxation_list};
use super::context::RankingContext;
use super::explain::summary;
use super::ranking::{self, DeliverableRankingOptions, ShownRanking, WorkerRankingOptions};
use super::snapshot::Snapshot;
use super::team::{self, Applied, Team};
use super::view::{
    DeliverableBrief, DeliverableRanking, ImprovementList, MatchExplanation, RelaxationList, WorkerRanking,
};
use super::visibility::{self, check_visible};
use super::{
    DeliverableRankingParameters, Fairness, ImprovementParameters, PreviewRequest, WorkerRankingParameters,
    encode,
};
use crate::auth::{Reach, Viewer};
use crate::catalogue::{Filters, calendar};
use crate::db::{Db, Id};
use crate::deliverables::{self, Deliverable};
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::exposures::week_number;
use crate::http::Language;
use crate::http::page::MAX_LIMIT;
use crate::reach::store::has_organization;
use crate::workers::{self, store::WorkerLabel};
use matcher::{Assessment, Candidate, EntryNo, Need};
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
    let deliverable = deliverables::store::find(db, &viewer.reach, deliverable, false)?;
    let snapshot = context.snapshot(db)?;
    let (need, role) = open_places(&snapshot, &deliverable, &parameters.role)?;
    let team = Team::of(db, deliverable.id)?;
    let (weights, weights_version) = visibility::weights(viewer);
    let options = WorkerRankingOptions {
        words: encode::words(&deliverable.request),
        weights,
        weights_version,
        role,
        team: Some(&team),
        limit: parameters.limit,
        cursor: parameters.cursor.as_deref(),
        counts: parameters.counts.unwrap_or(true),
        history: context.history(db, parameters.fairness)?,
        language,
    };
    let brief = DeliverableBrief::of(&deliverable);
    let (ranking, order) = ranking::rank_workers(db, &snapshot, &need, Some(brief), &options)?;
    let ranking = WorkerRanking {
        summary: ranking.summary.shown_to(&viewer.reach),
        ..ranking
    };
    let list = ranking.shown(viewer, deliverable.id, parameters.role, order.as_ref());
    Ok(ShownRanking {
        ranking,
        list: Some(list),
    })
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
    let snapshot = context.snapshot(db)?;
    let (weights, weights_version) = visibility::weights(viewer);
    let applied = Applied::of(db, &worker)?;
    let options = DeliverableRankingOptions {
        applied: &applied,
        weights,
        weights_version,
        limit: parameters.limit,
        cursor: parameters.cursor.as_deref(),
        counts: parameters.counts.unwrap_or(true),
        fair_week: (parameters.fairness == Fairness::On).then(|| week_number(calendar::today())),
        language,
        partner: match &viewer.reach {
            Reach::Partner(partner) => Some(partner.clone()),
            _ => None,
        },
    };
    let (ranking, order) = ranking::rank_deliverables(&snapshot, &worker, &options)?;
    let is_real = !worker.sandbox;
    let list = is_real.then(|| ranking.shown(viewer, order.as_ref()));
    Ok(ShownRanking { ranking, list })
}

/// Explains why a worker has their rank for a deliverable, or why they are not ranked.
pub fn explain(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    deliverable: Id,
    worker: Id,
    language: Language,
) -> Result<MatchExplanation> {
    let reach = &viewer.reach;
    let deliverable = deliverables::store::find(db, reach, deliverable, false)?;
    let snapshot = context.snapshot(db)?;
    let (candidate, label) = candidate(db, &snapshot, worker)?;
    let team = Team::of(db, deliverable.id)?;
    let is_member = team.has(candidate.id);
    let mut need = snapshot.need(&deliverable);
    if is_member || need.roles.is_empty() {
        need = snapshot.whole_need(&deliverable);
    }
    let application = team::applied_of(db, deliverable.id, &[worker])?.remove(&candidate.id);
    let (weights, version) = visibility::weights(viewer);
    let query = snapshot.index.query(&need, weights);
    let assessment = query.best(&candidate, None).ok_or_else(no_role)?;
    check_visible(db, reach, worker, &assessment.failed)?;
    let key = query.key(&candidate, &assessment.fit);
    let rank = fit_rank(&snapshot.index, &query, None, key);
    let census = snapshot.index.census(&query, None);
    let summary = summary(Some(&census), &weights, version, &snapshot, None);
    let (explainer, words) = (snapshot.explainer(language), encode::words(&deliverable.request));
    let failed = assessment.failed.iter().map(|gate| explainer.failed(*gate));
    let on_team = is_member.then(|| explainer.on_team());
    let members = team.passing(&snapshot.index, &query, None);
    Ok(MatchExplanation {
        application,
        deliverable: DeliverableBrief::of(&deliverable),
        worker: explainer.brief(worker, &label, role_of(&need, &assessment)),
        summary: summary.without_members(members).shown_to(reach),
        is_ranked: assessment.failed.is_empty() && !is_member,
        rank: rank.rank as u64,
        failed_gates: on_team.into_iter().chain(failed).collect(),
        explanation: explainer.explain(&query, &words, &candidate, &assessment, rank.above),
    })
}

/// Suggests single changes that would let a worker pass every gate, or reach a rank.
pub fn suggest_improvements(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    (deliverable, worker): (Id, Id),
    parameters: ImprovementParameters,
    language: Language,
) -> Result<ImprovementList> {
    let rank = parameters.rank;
    if rank.is_some_and(|rank| !(1..=MAX_LIMIT).contains(&rank)) {
        let rule = Text::new(
            "順位は1〜200で指定してください。",
            "The rank has to be from 1 to 200.",
        );
        return Err(Error::parameter("rank", "out_of_range", rule));
    }
    let deliverable = deliverables::store::find(db, &viewer.reach, deliverable, false)?;
    let snapshot = context.snapshot(db)?;
    let (candidate, label) = candidate(db, &snapshot, worker)?;
    let need = snapshot.need(&deliverable);
    let role = role_parameter(&snapshot, &need, &parameters.role)?;
    let (weights, _) = visibility::weights(viewer);
    let query = snapshot.index.query(&need, weights);
    let assessment = query.best(&candidate, role).ok_or_else(no_role)?;
    check_visible(db, &viewer.reach, worker, &assessment.failed)?;
    let explainer = snapshot.explainer(language);
    let brief = explainer.brief(worker, &label, role_of(&need, &assessment));
    let briefs = (DeliverableBrief::of(&deliverable), brief);
    let target = Target {
        weights,
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
    deliverable: Id,
    role: Option<String>,
    language: Language,
) -> Result<RelaxationList> {
    let deliverable = deliverables::store::find(db, &viewer.reach, deliverable, false)?;
    let snapshot = context.snapshot(db)?;
    let need = snapshot.need(&deliverable);
    let role = role_parameter(&snapshot, &need, &role)?;
    let brief = DeliverableBrief::of(&deliverable);
    let explainer = snapshot.explainer(language);
    let list = relaxation_list(&snapshot, &need, brief, role, &explainer);
    Ok(list.shown_to(&viewer.reach))
}

/// Ranks workers for a need that is not saved.
pub fn preview(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    mut preview: PreviewRequest,
    language: Language,
) -> Result<WorkerRanking> {
    let reach = &viewer.reach;
    let (weights, weights_version) = preview.weights(viewer)?;
    let snapshot = context.snapshot(db)?;
    // An organization can't find separated workers by leaving out its own id.
    if let Reach::Organization(own) = reach {
        preview.need.organization_id.get_or_insert(*own);
    }
    if let Some(id) = preview.need.organization_id
        && (snapshot.requesters.themes(id).is_none() || !has_organization(db, reach, id)?)
    {
        let unknown = deliverables::rules::unknown_organization("/need/organization_id");
        return Err(Error::Invalid(vec![unknown]));
    }
    let mut request = preview.need.request();
    request
        .resolve(&snapshot.catalogue, "", None)
        .map_err(below_need)?;
    let asking = [request.organization_id];
    let need = encode::need(0, &request, asking, &snapshot.requesters, &snapshot.catalogue);
    let place = Place::Pointer("/role".into());
    let options = WorkerRankingOptions {
        words: encode::words(&request),
        weights,
        weights_version,
        role: role_position(&snapshot, &need, preview.role.as_deref(), place)?,
        limit: preview.limit.map(|limit| limit.min(MAX_LIMIT)),
        cursor: None,
        counts: preview.counts.unwrap_or(true),
        history: context.history(db, preview.fairness)?,
        language,
        team: None,
    };
    let (ranking, _) = ranking::rank_workers(db, &snapshot, &need, None, &options)?;
    Ok(WorkerRanking {
        next: None,
        summary: ranking.summary.shown_to(reach),
        ..ranking
    })
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

fn no_role() -> Error {
    Error::not_found("この支援内容の役割", "role in this deliverable")
}

/// Encodes the need of a deliverable's places that are left, of one role or of all.
fn open_places(
    snapshot: &Snapshot,
    deliverable: &Deliverable,
    role: &Option<String>,
) -> Result<(Need, Option<usize>)> {
    let (mut need, whole) = (snapshot.need(deliverable), snapshot.whole_need(deliverable));
    let asked = role_parameter(snapshot, &whole, role)?;
    let Some(role) = asked.and_then(|role| whole.roles.get(role)).map(|role| role.role) else {
        return Ok((need, None));
    };
    let position = need.roles.iter().position(|open| open.role == role);
    if position.is_none() {
        need.roles.clear();
    }
    Ok((need, position))
}

/// Returns the position of the role that the parameter `role` asks for.
fn role_parameter(snapshot: &Snapshot, need: &Need, role: &Option<String>) -> Result<Option<usize>> {
    let filters = Filters::of(&snapshot.catalogue);
    filters.entry("role", role, |c| &c.roles).check()?;
    role_position(snapshot, need, role.as_deref(), Place::Parameter("role".into()))
}

/// Returns the position of a role in a need.
fn role_position(
    snapshot: &Snapshot,
    need: &Need,
    code: Option<&str>,
    place: Place,
) -> Result<Option<usize>> {
    let Some(code) = code else { return Ok(None) };
    let roles = need.roles.iter();
    let codes: Vec<&str> = roles
        .filter_map(|r| snapshot.catalogue.roles.at(r.role))
        .map(|r| r.code.as_str())
        .collect();
    codes.iter().position(|c| *c == code).map(Some).ok_or_else(|| {
        let requested = codes.join(", ");
        let message = Text::new(
            format!(
                "この支援内容では {code} を募集していません。募集中の役割（{requested}）から選んでください。"
            ),
            format!("This deliverable doesn't request {code}. Choose one of its roles: {requested}."),
        );
        Error::Invalid(vec![FieldError {
            place,
            code: "role_not_requested".into(),
            message,
        }])
    })
}

/// Points errors of a need to the member `need` of the request.
fn below_need(error: Error) -> Error {
    let below = |field: FieldError| match field.place {
        Place::Pointer(pointer) => FieldError {
            place: Place::Pointer(format!("/need{pointer}")),
            ..field
        },
        Place::Parameter(_) => field,
    };
    match error {
        Error::Invalid(fields) => Error::Invalid(fields.into_iter().map(below).collect()),
        other => other,
    }
}
