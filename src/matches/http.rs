//! The HTTP face of matches.

use super::advice;
use super::explain::{Explainer, head};
use super::index::IndexStatus;
use super::ranking::{self, Asked, AskedByWorker};
use super::server::{Server, asked_role, check_visible, ranked_worker, role_position};
use super::view::{ChangesView, DeliverableBrief, DeliverableRanking, EasingsView, Why, WorkerRanking};
use super::{DEFAULT_WEIGHTS_VERSION, Fairness, Preview, encode};
use crate::auth::reach::store::holds_organization;
use crate::auth::{Reach, ReadMatches, ReadRecommendations, ReadStatistics, http::Caller};
use crate::catalogue::calendar;
use crate::db::{Db, Id};
use crate::deliverables;
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::exposures::week_number;
use crate::http::page::{self, MAX_LIMIT};
use crate::http::{Answer, Language, PathId, Query as Parameters, Submission, query::path_id};
use crate::workers;
use actix_web::web::Json;
use actix_web::{HttpRequest, HttpResponse, get, post};
use matcher::Weights;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(rank_workers)
        .service(why)
        .service(suggest_changes)
        .service(suggest_easings)
        .service(rank_deliverables)
        .service(preview)
        .service(index_status);
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WorkerRankingParameters {
    /// Code of one of the deliverable's roles; without it each worker appears in the role where they fit best.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "designer")]
    role: Option<String>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Whether to count how many each gate removed: that looks at everyone, where the ranking itself does not.
    #[param(default = true)]
    counts: Option<bool>,
    /// Whether attention is shared fairly among the nearly equal.
    #[serde(default)]
    #[param(inline, required = false)]
    fairness: Fairness,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeliverableRankingParameters {
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Whether to count how many each gate removed.
    #[param(default = true)]
    counts: Option<bool>,
    /// Whether deliverables that still need answers are lifted.
    #[serde(default)]
    #[param(inline, required = false)]
    fairness: Fairness,
}

fn no_role() -> Error {
    Error::not_found("この支援内容の役割", "role in this deliverable")
}

fn rank_out_of_range() -> Error {
    let rule = Text::new("値は1〜200にしてください。", "The value has to be 1 to 200.");
    Error::parameter("rank", "range", rule)
}

/// Rank workers for a deliverable
///
/// Everyone is considered; whoever fails a gate is counted under it in `removed`. Each item is explained: the
/// contributions of its components add up to its fit exactly. Names and contacts stay hidden. Among the best 200,
/// whoever has had more attention than their fit deserved gives way to the nearly equal, and newcomers may take two
/// marked places; `fit_rank` and `fit_ppm` tell how it was before, `fairness=off` leaves it so.
#[utoipa::path(operation_id = "rank_workers", tag = "Matches", security(("bearer" = ["matches:read"])),
    params(("id" = Id, Path, description = "The deliverable"), WorkerRankingParameters),
    responses((status = 200, description = "The ranking, best first", body = WorkerRanking)))]
#[get("/deliverables/{id}/matches")]
async fn rank_workers(
    caller: Caller<ReadMatches>,
    server: Server,
    id: PathId,
    parameters: Parameters<WorkerRankingParameters>,
    language: Language,
) -> Result<Json<WorkerRanking>> {
    let Parameters(parameters) = parameters;
    let (made, role, reach) = (server.clone(), parameters.role.clone(), caller.reach());
    let ranked = server.pool.read(move |db| {
        let deliverable = deliverables::store::find(db, &reach, id.0, false)?;
        let snapshot = made.snapshot(db)?;
        let need = snapshot.need(&deliverable);
        let only = asked_role(&snapshot, &need, &parameters.role)?;
        let asked = Asked {
            weights: Weights::default(),
            version: DEFAULT_WEIGHTS_VERSION,
            only,
            limit: parameters.limit,
            cursor: parameters.cursor.as_deref(),
            counts: parameters.counts.unwrap_or(true),
            histories: made.histories(db, parameters.fairness)?,
            language,
        };
        let deliverable = DeliverableBrief::of(&deliverable);
        let ranking = ranking::of_workers(db, &snapshot, &need, Some(deliverable), &asked)?;
        Ok(WorkerRanking {
            head: ranking.head.shown_to(&reach),
            ..ranking
        })
    });
    let ranking = ranked.await?;
    let list = ranking.shown(caller.actor(), id.0, role);
    server.recorder.record(&server.pool, list).await?;
    Ok(Json(ranking))
}

/// Why is a worker ranked there, or why not?
///
/// Every gate that failed, and the fit and rank that the worker has or would have had.
#[utoipa::path(operation_id = "explain_match", tag = "Matches", security(("bearer" = ["matches:read"])),
    params(("id" = Id, Path, description = "The deliverable"),
           ("worker_id" = Id, Path, description = "The worker")),
    responses((status = 200, description = "The explanation", body = Why)))]
#[get("/deliverables/{id}/matches/{worker_id}")]
async fn why(
    caller: Caller<ReadMatches>,
    request: HttpRequest,
    server: Server,
    language: Language,
) -> Result<Json<Why>> {
    let (id, worker_id) = (path_id(&request, "id")?, path_id(&request, "worker_id")?);
    let (made, reach) = (server.clone(), caller.reach());
    let explained = server.pool.read(move |db| {
        let deliverable = deliverables::store::find(db, &reach, id, false)?;
        let snapshot = made.snapshot(db)?;
        let (candidate, worker) = ranked_worker(db, &snapshot, worker_id)?;
        let need = snapshot.need(&deliverable);
        let weights = Weights::default();
        let query = snapshot.index.query(&need, weights);
        let assessment = query.best(&candidate, None).ok_or_else(no_role)?;
        check_visible(db, &reach, worker_id, &assessment.failed)?;
        let key = query.key(&candidate, &assessment.fit);
        let (before, above) = advice::place(&snapshot.index, &query, None, key);
        let explainer = Explainer {
            catalogue: &snapshot.catalogue,
            language,
        };
        let census = snapshot.index.census(&query, None);
        Ok(Why {
            deliverable: DeliverableBrief::of(&deliverable),
            worker,
            head: head(Some(&census), &weights, DEFAULT_WEIGHTS_VERSION, &snapshot, None).shown_to(&reach),
            is_ranked: assessment.failed.is_empty(),
            rank: before as u64 + 1,
            failed: assessment
                .failed
                .iter()
                .map(|gate| explainer.failed(*gate))
                .collect(),
            explained: explainer.explained(&query, &candidate, &assessment, above),
        })
    });
    explained.await.map(Json)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChangesParameters {
    /// Code of one of the deliverable's roles; without it the role in which the worker fits best.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "designer")]
    role: Option<String>,
    /// The rank to reach; one better than now where it isn't given, or to pass where a gate fails.
    #[param(minimum = 1, maximum = 200)]
    rank: Option<u32>,
}

/// What would let a worker pass, or reach a rank?
///
/// The smallest single change of each input that is enough, each found true by ranking again.
#[utoipa::path(operation_id = "suggest_changes", tag = "Matches", security(("bearer" = ["matches:read"])),
    params(("id" = Id, Path, description = "The deliverable"),
           ("worker_id" = Id, Path, description = "The worker"), ChangesParameters),
    responses((status = 200, description = "The changes, the least demanding first", body = ChangesView)))]
#[get("/deliverables/{id}/matches/{worker_id}/changes")]
async fn suggest_changes(
    caller: Caller<ReadMatches>,
    request: HttpRequest,
    server: Server,
    parameters: Parameters<ChangesParameters>,
    language: Language,
) -> Result<Json<ChangesView>> {
    let (id, worker_id) = (path_id(&request, "id")?, path_id(&request, "worker_id")?);
    let Parameters(ChangesParameters { role, rank }) = parameters;
    let target = rank.map(|rank| page::limit(Some(rank)).map_err(|_| rank_out_of_range()));
    let target = target.transpose()?.map(|rank| rank as usize);
    let (made, reach) = (server.clone(), caller.reach());
    let advised = server.pool.read(move |db| {
        let deliverable = deliverables::store::find(db, &reach, id, false)?;
        let snapshot = made.snapshot(db)?;
        let (candidate, worker) = ranked_worker(db, &snapshot, worker_id)?;
        let need = snapshot.need(&deliverable);
        let only = asked_role(&snapshot, &need, &role)?;
        let explainer = Explainer {
            catalogue: &snapshot.catalogue,
            language,
        };
        let query = snapshot.index.query(&need, Weights::default());
        let assessment = query.best(&candidate, only).ok_or_else(no_role)?;
        check_visible(db, &reach, worker_id, &assessment.failed)?;
        let briefs = (DeliverableBrief::of(&deliverable), worker);
        let view = advice::changes(&snapshot, &need, briefs, &candidate, (only, target), &explainer);
        view.ok_or_else(no_role)
    });
    advised.await.map(Json)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EasingParameters {
    /// Code of one of the deliverable's roles; without it whoever passes in one of them counts.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "designer")]
    role: Option<String>,
}

/// What would let more workers pass?
///
/// Which gate costs most, and how many more would pass if one demand were eased, counted anew for each.
#[utoipa::path(operation_id = "suggest_easings", tag = "Matches", security(("bearer" = ["matches:read"])),
    params(("id" = Id, Path, description = "The deliverable"), EasingParameters),
    responses((status = 200, description = "The gates and the easings", body = EasingsView)))]
#[get("/deliverables/{id}/easings")]
async fn suggest_easings(
    caller: Caller<ReadMatches>,
    server: Server,
    id: PathId,
    parameters: Parameters<EasingParameters>,
    language: Language,
) -> Result<Json<EasingsView>> {
    let (made, reach) = (server.clone(), caller.reach());
    let advised = server.pool.read(move |db| {
        let deliverable = deliverables::store::find(db, &reach, id.0, false)?;
        let snapshot = made.snapshot(db)?;
        let need = snapshot.need(&deliverable);
        let only = asked_role(&snapshot, &need, &parameters.0.role)?;
        let explainer = Explainer {
            catalogue: &snapshot.catalogue,
            language,
        };
        let deliverable = DeliverableBrief::of(&deliverable);
        let easings = advice::easings_of(&snapshot, &need, deliverable, only, &explainer);
        Ok(easings.shown_to(&reach))
    });
    advised.await.map(Json)
}

/// Rank open deliverables for a worker
///
/// Every open deliverable is considered, each in the role where the worker fits best. Among the best 200, those that
/// nobody has answered and those with places left come first; `fit_rank` and `fit_ppm` tell how it was before,
/// `fairness=off` leaves it so.
#[utoipa::path(operation_id = "rank_deliverables", tag = "Matches", security(("bearer" = ["recommendations:read"])),
    params(("id" = Id, Path, description = "The worker"), DeliverableRankingParameters),
    responses((status = 200, description = "The ranking, best first", body = DeliverableRanking)))]
#[get("/workers/{id}/matches")]
async fn rank_deliverables(
    caller: Caller<ReadRecommendations>,
    server: Server,
    id: PathId,
    parameters: Parameters<DeliverableRankingParameters>,
    language: Language,
) -> Result<Json<DeliverableRanking>> {
    let Parameters(parameters) = parameters;
    let (made, reach) = (server.clone(), caller.reach());
    let ranked = server.pool.read(move |db| {
        let worker = workers::store::find(db, &reach, id.0)?;
        let snapshot = made.snapshot(db)?;
        let asked = AskedByWorker {
            limit: parameters.limit,
            cursor: parameters.cursor.as_deref(),
            counts: parameters.counts.unwrap_or(true),
            fair: (parameters.fairness == Fairness::On).then(|| week_number(calendar::today())),
            language,
            partner: match reach {
                Reach::Partner(partner) => Some(partner),
                _ => None,
            },
        };
        let ranking = ranking::of_deliverables(&snapshot, &worker, &asked)?;
        Ok((ranking, worker.sandbox))
    });
    let (ranking, sandbox) = ranked.await?;
    if !sandbox {
        let list = ranking.shown(caller.actor(), id.0);
        server.recorder.record(&server.pool, list).await?;
    }
    Ok(Json(ranking))
}

/// Rank workers for a need that is not saved
///
/// The same answer as for a deliverable, with your own weights if you like. Nothing is stored, except the answer
/// where you send an Idempotency-Key.
#[utoipa::path(operation_id = "preview_matches", tag = "Matches", security(("bearer" = ["matches:read"])),
    request_body = Preview,
    responses((status = 200, description = "The ranking, best first", body = WorkerRanking)))]
#[post("/matches/preview")]
async fn preview(
    caller: Caller<ReadMatches>,
    server: Server,
    language: Language,
    asked: Submission<Preview>,
) -> Result<HttpResponse> {
    let (made, reach) = (server.clone(), caller.reach());
    let compute = move |db: &mut Db, mut preview: Preview| {
        let (weights, version) = preview.weights()?;
        let snapshot = made.snapshot(db)?;
        // Whoever keeps apart from an organization is not to be found by leaving out who asks.
        if let Reach::Organization(own) = &reach {
            preview.need.organization_id.get_or_insert(*own);
        }
        let known = match preview.need.organization_id {
            Some(id) => holds_organization(db, &reach, id)?,
            None => true,
        };
        let asking = preview.need.organization_id;
        if asking.is_some_and(|id| snapshot.askers.themes(id).is_none() || !known) {
            let unknown = deliverables::unknown_organization("/need/organization_id");
            return Err(Error::Invalid(vec![unknown]));
        }
        let mut request = preview.need.request();
        // Word by word, a trouble could be compared with evidence that its author may not read.
        if reach != Reach::Everything {
            request.trouble = None;
        }
        request
            .resolve(&snapshot.catalogue, "", None)
            .map_err(below_need)?;
        let need = encode::need(0, &request, &snapshot.askers, &snapshot.catalogue);
        let only = role_position(
            &snapshot,
            &need,
            preview.role.as_deref(),
            Place::Pointer("/role".into()),
        )?;
        let limit = preview.limit.map(|limit| limit.min(MAX_LIMIT));
        let asked = Asked {
            weights,
            version,
            only,
            limit,
            cursor: None,
            counts: preview.counts.unwrap_or(true),
            histories: made.histories(db, preview.fairness)?,
            language,
        };
        let ranking = ranking::of_workers(db, &snapshot, &need, None, &asked)?;
        Answer::computed(&WorkerRanking {
            next: None,
            head: ranking.head.shown_to(&reach),
            ..ranking
        })
    };
    asked.compute(&server.pool, &caller.actor(), compute).await
}

/// How is the match index doing?
///
/// Figures for monitoring: its size, how far it is behind, and what building it took.
#[utoipa::path(operation_id = "show_index_status", tag = "Statistics", security(("bearer" = ["statistics:read"])),
    responses((status = 200, description = "The figures", body = IndexStatus)))]
#[get("/statistics/match-index")]
async fn index_status(_: Caller<ReadStatistics>, server: Server) -> Result<Json<IndexStatus>> {
    let index = server.index.clone();
    let status = server.pool.read(move |db| index.status(db));
    status.await.map(Json)
}

/// The need is a member of the body.
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
