//! The HTTP face of matches.

use super::context::RankingContext;
use super::index::IndexStatus;
use super::view::{DeliverableRanking, ImprovementList, MatchExplanation, RelaxationList, WorkerRanking};
use super::{
    DeliverableRankingParameters, ImprovementParameters, PreviewRequest, RelaxationParameters,
    WorkerRankingParameters, actions,
};
use crate::auth::{ReadMatches, ReadRecommendations, ReadStatistics, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Pool};
use crate::error::{Error, Result};
use crate::exposures::Recorder;
use crate::http::disclosure::impersonal;
use crate::http::{Json, Language, PathId, Query as Parameters, Valid, query::path_id};
use crate::matches::MatchIndex;
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, get, post};
use std::future::{Ready, ready};
use std::sync::Arc;
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(
    DeliverableRanking,
    ImprovementList,
    IndexStatus,
    MatchExplanation,
    RelaxationList,
    WorkerRanking
);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(rank_workers)
        .service(explain)
        .service(suggest_improvements)
        .service(suggest_relaxations)
        .service(rank_deliverables)
        .service(preview)
        .service(show_index_status);
}

/// Rank workers for a deliverable
///
/// Considers every worker. A worker who fails a gate is counted in `removed`. Each item explains its fit: the
/// contributions of its components add up to the fit exactly. Names and contacts stay hidden.
///
/// Fairness reorders the best 200: a worker who got more attention than their fit deserved ranks below others
/// who fit nearly as well, and newcomers may take two marked places. `fit_rank` and `fit_ppm` show the order
/// by fit alone; set `fairness=off` to get that order.
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
           ("worker_id" = Id, Path, description = "The worker")),
    responses((status = 200, description = "The explanation", body = MatchExplanation)))]
#[get("/deliverables/{id}/matches/{worker_id}")]
async fn explain(
    caller: Caller<ReadMatches>,
    request: HttpRequest,
    context: RankingContext,
    language: Language,
) -> Result<Json<MatchExplanation>> {
    let (id, worker_id) = (path_id(&request, "id")?, path_id(&request, "worker_id")?);
    let (shared, viewer) = (context.clone(), caller.viewer());
    let explain = move |db: &mut Db| actions::explain(db, &shared, &viewer, id, worker_id, language);
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
    responses((status = 200, description = "The improvements, least demanding first", body = ImprovementList)))]
#[get("/deliverables/{id}/matches/{worker_id}/improvements")]
async fn suggest_improvements(
    caller: Caller<ReadMatches>,
    request: HttpRequest,
    context: RankingContext,
    parameters: Parameters<ImprovementParameters>,
    language: Language,
) -> Result<Json<ImprovementList>> {
    let ids = (path_id(&request, "id")?, path_id(&request, "worker_id")?);
    let (shared, viewer, parameters) = (context.clone(), caller.viewer(), parameters.0);
    let suggest =
        move |db: &mut Db| actions::suggest_improvements(db, &shared, &viewer, ids, parameters, language);
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
    let suggest = move |db: &mut Db| actions::suggest_relaxations(db, &shared, &viewer, id.0, role, language);
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
/// Ranks workers for a need that is not saved, with your own weights if you like. Nothing is stored, so you can repeat
/// the request without an Idempotency-Key.
#[utoipa::path(operation_id = "preview_matches", tag = "Matches", security(("bearer" = ["matches:read"])),
    request_body = PreviewRequest,
    responses((status = 200, description = "The ranking, best first", body = WorkerRanking)))]
#[post("/matches/preview")]
async fn preview(
    caller: Caller<ReadMatches>,
    context: RankingContext,
    language: Language,
    Valid(preview): Valid<PreviewRequest>,
) -> Result<Json<WorkerRanking>> {
    let (shared, viewer) = (context.clone(), caller.viewer());
    let rank = move |db: &mut Db| actions::preview(db, &shared, &viewer, preview, language);
    context.pool.read(rank).await.map(Json)
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
