//! The HTTP face of matches.

use super::context::RankingContext;
use super::index::IndexStatus;
use super::inquiry::Asked;
use super::view::{DeliverableRanking, ImprovementList, MatchExplanation, RelaxationList, WorkerRanking};
use super::{
    DeliverableRankingParameters, ExplanationParameters, ImprovementParameters, PreviewRequest,
    RelaxationParameters, TargetParameters, WorkerRankingParameters, actions,
};
use crate::auth::{ReadMatches, ReadRecommendations, ReadStatistics, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Pool};
use crate::error::{Error, Result};
use crate::exposures::Recorder;
use crate::http::disclosure::impersonal;
use crate::http::{Checked, Json, Language, PathId, Query as Parameters, query::path_id};
use crate::matches::MatchIndex;
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, get, post};
use std::future::{Ready, ready};
use std::sync::Arc;
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(ImprovementList, IndexStatus, MatchExplanation, RelaxationList);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(rank_workers)
        .service(explain)
        .service(suggest_improvements)
        .service(suggest_relaxations)
        .service(rank_deliverables)
        .service(preview)
        .service(explain_preview)
        .service(suggest_preview_improvements)
        .service(suggest_preview_relaxations)
        .service(show_index_status);
}

/// Rank workers for a deliverable
///
/// Considers every worker for the places that are left. Without `role`, the roles take turns: the first items have every
/// role for which somebody passes, and then second places. A worker appears once; `other_roles` shows their fit in others.
/// A worker who fails a gate is counted in `removed`. Each item explains its fit: the
/// contributions of its components add up to the fit exactly. Names and contacts stay hidden.
///
/// Fairness reorders the best 200: a worker who got more attention than their fit deserved ranks below others
/// who fit nearly as well in the same role, and newcomers may take two marked places. `fit_rank` and `fit_ppm` show the
/// order by fit alone in that role; set `fairness=off` to get that order.
#[utoipa::path(operation_id = "rank_workers", tag = "Matches", security(("bearer" = ["matches:read"])),
    params(("id" = Id, Path, description = "The deliverable"), WorkerRankingParameters),
    responses((status = 200, description = "The ranking, best first", body = WorkerRanking)))]
#[get("/deliverables/{id}/matches")]
async fn rank_workers(
    caller: Caller<ReadMatches>,
    context: RankingContext,
    id: PathId,
    parameters: Parameters<WorkerRankingParameters>,
    language: Language,
) -> Result<Json<WorkerRanking>> {
    let (shared, viewer, parameters) = (context.clone(), caller.viewer(), parameters.0);
    let rank = move |db: &mut Db| actions::rank_workers(db, &shared, &viewer, id.0, parameters, language);
    let shown = context.pool.read(rank).await?;
    context.record(shown).await.map(Json)
}

/// Explain a worker's rank for a deliverable
///
/// Returns the worker's fit and rank, and every gate that failed. If a gate failed, the rank is the one that
/// the worker would have without it.
#[utoipa::path(operation_id = "explain_match", tag = "Matches", security(("bearer" = ["matches:read"])),
    params(("id" = Id, Path, description = "The deliverable"),
           ("worker_id" = Id, Path, description = "The worker"), ExplanationParameters),
    responses((status = 200, description = "The explanation", body = MatchExplanation)))]
#[get("/deliverables/{id}/matches/{worker_id}")]
async fn explain(
    caller: Caller<ReadMatches>,
    request: HttpRequest,
    context: RankingContext,
    parameters: Parameters<ExplanationParameters>,
    language: Language,
) -> Result<Json<MatchExplanation>> {
    let (id, worker_id) = (path_id(&request, "id")?, path_id(&request, "worker_id")?);
    let (shared, viewer, role) = (context.clone(), caller.viewer(), parameters.0.role);
    let asked = Asked::Saved {
        deliverable: id,
        role,
    };
    let explain = move |db: &mut Db| actions::explain(db, &shared, &viewer, &asked, worker_id, language);
    context.pool.read(explain).await.map(Json)
}

/// Suggest improvements for a worker
///
/// Returns, for each input of the worker, the smallest change that would let them pass every gate or reach a
/// rank. Each suggestion is checked by ranking again with the change.
#[utoipa::path(operation_id = "suggest_improvements", tag = "Matches",
    security(("bearer" = ["matches:read"])),
    params(("id" = Id, Path, description = "The deliverable"),
           ("worker_id" = Id, Path, description = "The worker"), ImprovementParameters),
    responses((status = 200, description = "The improvements, least demanding first", body = ImprovementList),
              (status = 409, description = "No place is left (`role_filled`)")))]
#[get("/deliverables/{id}/matches/{worker_id}/improvements")]
async fn suggest_improvements(
    caller: Caller<ReadMatches>,
    request: HttpRequest,
    context: RankingContext,
    parameters: Parameters<ImprovementParameters>,
    language: Language,
) -> Result<Json<ImprovementList>> {
    let (id, worker_id) = (path_id(&request, "id")?, path_id(&request, "worker_id")?);
    let (shared, viewer) = (context.clone(), caller.viewer());
    let ImprovementParameters { role, rank } = parameters.0;
    let asked = Asked::Saved {
        deliverable: id,
        role,
    };
    let target = (worker_id, rank);
    let suggest =
        move |db: &mut Db| actions::suggest_improvements(db, &shared, &viewer, &asked, target, language);
    context.pool.read(suggest).await.map(Json)
}

/// Suggest requirements to relax
///
/// Returns how many workers each gate keeps from the deliverable, and how many more would pass if you relaxed
/// a single requirement.
#[utoipa::path(operation_id = "suggest_relaxations", tag = "Matches", security(("bearer" = ["matches:read"])),
    params(("id" = Id, Path, description = "The deliverable"), RelaxationParameters),
    responses((status = 200, description = "The gates and the relaxations", body = RelaxationList)))]
#[get("/deliverables/{id}/relaxations")]
async fn suggest_relaxations(
    caller: Caller<ReadMatches>,
    context: RankingContext,
    id: PathId,
    parameters: Parameters<RelaxationParameters>,
    language: Language,
) -> Result<Json<RelaxationList>> {
    let (shared, viewer, role) = (context.clone(), caller.viewer(), parameters.0.role);
    let asked = Asked::Saved {
        deliverable: id.0,
        role,
    };
    let suggest = move |db: &mut Db| actions::suggest_relaxations(db, &shared, &viewer, &asked, language);
    context.pool.read(suggest).await.map(Json)
}

/// Rank open deliverables for a worker
///
/// Considers every open deliverable, each in the role where the worker fits best.
///
/// Fairness reorders the best 200: deliverables without applications and with open places come first.
/// `fit_rank` and `fit_ppm` show the order by fit alone; set `fairness=off` to get that order.
#[utoipa::path(operation_id = "rank_deliverables", tag = "Matches",
    security(("bearer" = ["recommendations:read"])),
    params(("id" = Id, Path, description = "The worker"), DeliverableRankingParameters),
    responses((status = 200, description = "The ranking, best first", body = DeliverableRanking)))]
#[get("/workers/{id}/matches")]
async fn rank_deliverables(
    caller: Caller<ReadRecommendations>,
    context: RankingContext,
    id: PathId,
    parameters: Parameters<DeliverableRankingParameters>,
    language: Language,
) -> Result<Json<DeliverableRanking>> {
    let (shared, viewer, parameters) = (context.clone(), caller.viewer(), parameters.0);
    let rank =
        move |db: &mut Db| actions::rank_deliverables(db, &shared, &viewer, id.0, parameters, language);
    let shown = context.pool.read(rank).await?;
    context.record(shown).await.map(Json)
}

/// Preview a ranking
///
/// Ranks workers for a need that is not saved, or for a deliverable with changes on trial, with your own weights if you
/// like. Without changes and weights, it is the deliverable's ranking. Nothing is stored and nobody counts as shown, so you
/// can repeat the request without an Idempotency-Key.
#[utoipa::path(operation_id = "preview_matches", tag = "Matches", security(("bearer" = ["matches:read"])),
    request_body = PreviewRequest,
    responses((status = 200, description = "The ranking, best first", body = WorkerRanking)))]
#[post("/matches/preview")]
async fn preview(
    caller: Caller<ReadMatches>,
    context: RankingContext,
    language: Language,
    preview: Checked<PreviewRequest>,
) -> Result<Json<WorkerRanking>> {
    let (shared, viewer) = (context.clone(), caller.viewer());
    let rank =
        move |db: &mut Db, trial: PreviewRequest| actions::preview(db, &shared, &viewer, trial, language);
    preview.read(&context.pool, rank).await.map(Json)
}

/// Explain a rank on trial
///
/// Returns a worker's fit and rank in the ranking that the same request to `/v1/matches/preview` gives.
#[utoipa::path(operation_id = "explain_preview", tag = "Matches", security(("bearer" = ["matches:read"])),
    params(("worker_id" = Id, Path, description = "The worker")),
    request_body = PreviewRequest,
    responses((status = 200, description = "The explanation", body = MatchExplanation)))]
#[post("/matches/preview/workers/{worker_id}")]
async fn explain_preview(
    caller: Caller<ReadMatches>,
    request: HttpRequest,
    context: RankingContext,
    language: Language,
    trial: Checked<PreviewRequest>,
) -> Result<Json<MatchExplanation>> {
    let worker = path_id(&request, "worker_id")?;
    let (shared, viewer) = (context.clone(), caller.viewer());
    let found = move |db: &mut Db, trial: PreviewRequest| {
        let asked = Asked::Trial(Box::new(trial));
        actions::explain(db, &shared, &viewer, &asked, worker, language)
    };
    trial.read(&context.pool, found).await.map(Json)
}

/// Suggest improvements on trial
///
/// Returns what would raise a worker's rank in the ranking that the same request to `/v1/matches/preview` gives.
#[utoipa::path(operation_id = "suggest_preview_improvements", tag = "Matches",
    security(("bearer" = ["matches:read"])),
    params(("worker_id" = Id, Path, description = "The worker"), TargetParameters),
    request_body = PreviewRequest,
    responses((status = 200, description = "The improvements, least demanding first", body = ImprovementList),
              (status = 409, description = "No place is left (`role_filled`)")))]
#[post("/matches/preview/workers/{worker_id}/improvements")]
async fn suggest_preview_improvements(
    caller: Caller<ReadMatches>,
    request: HttpRequest,
    context: RankingContext,
    parameters: Parameters<TargetParameters>,
    language: Language,
    trial: Checked<PreviewRequest>,
) -> Result<Json<ImprovementList>> {
    let target = (path_id(&request, "worker_id")?, parameters.0.rank);
    let (shared, viewer) = (context.clone(), caller.viewer());
    let suggest = move |db: &mut Db, trial: PreviewRequest| {
        let asked = Asked::Trial(Box::new(trial));
        actions::suggest_improvements(db, &shared, &viewer, &asked, target, language)
    };
    trial.read(&context.pool, suggest).await.map(Json)
}

/// Suggest requirements to relax on trial
///
/// Returns how many workers each gate keeps from the need, and how many more would pass if you relaxed a single
/// requirement. The `patch` of a relaxation goes into `need`.
#[utoipa::path(operation_id = "suggest_preview_relaxations", tag = "Matches",
    security(("bearer" = ["matches:read"])),
    request_body = PreviewRequest,
    responses((status = 200, description = "The gates and the relaxations", body = RelaxationList)))]
#[post("/matches/preview/relaxations")]
async fn suggest_preview_relaxations(
    caller: Caller<ReadMatches>,
    context: RankingContext,
    language: Language,
    trial: Checked<PreviewRequest>,
) -> Result<Json<RelaxationList>> {
    let (shared, viewer) = (context.clone(), caller.viewer());
    let suggest = move |db: &mut Db, trial: PreviewRequest| {
        let asked = Asked::Trial(Box::new(trial));
        actions::suggest_relaxations(db, &shared, &viewer, &asked, language)
    };
    trial.read(&context.pool, suggest).await.map(Json)
}

/// Show the match index's status
///
/// Returns figures for monitoring: how large the index is, how many changes it lags behind, and how long the
/// last rebuild took.
#[utoipa::path(operation_id = "show_index_status", tag = "Statistics",
    security(("bearer" = ["statistics:read"])),
    responses((status = 200, description = "The status", body = IndexStatus)))]
#[get("/statistics/match-index")]
async fn show_index_status(_: Caller<ReadStatistics>, context: RankingContext) -> Result<Json<IndexStatus>> {
    let index = Arc::clone(&context.index);
    context.pool.read(move |db| index.status(db)).await.map(Json)
}

impl FromRequest for RankingContext {
    type Error = Error;
    type Future = Ready<Result<RankingContext>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        fn shared<T: 'static>(request: &HttpRequest) -> Option<Arc<T>> {
            request.app_data::<Data<T>>().map(|data| Arc::clone(data))
        }
        let context = || {
            Some(RankingContext {
                pool: shared::<Pool>(request)?,
                catalogues: shared::<Catalogues>(request)?,
                index: shared::<MatchIndex>(request)?,
                recorder: shared::<Recorder>(request)?,
            })
        };
        ready(context().ok_or_else(|| Error::Internal("the server lacks a part of the context".into())))
    }
}
