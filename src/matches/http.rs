//! The HTTP face of matches.

use super::explain::{Explainer, head};
use super::index::{MatchIndex, Snapshot};
use super::ranking::{self, Asked};
use super::view::{DeliverableBrief, DeliverableRanking, Why, WorkerBrief, WorkerRanking};
use super::{DEFAULT_WEIGHTS_VERSION, Fairness, Preview, encode};
use crate::auth::{ReadMatches, http::Caller};
use crate::catalogue::{Catalogues, Filters, calendar};
use crate::db::{Db, Id, Pool};
use crate::deliverables;
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::exposures::{Histories, Recorder, week_number};
use crate::http::page::MAX_LIMIT;
use crate::http::{Answer, Language, PathId, Query as Parameters, Submission, query::path_id};
use crate::matcher::index::Wanted;
use crate::matcher::{Need, Weights};
use crate::workers;
use actix_web::dev::Payload;
use actix_web::web::{Data, Json};
use actix_web::{FromRequest, HttpRequest, HttpResponse, get, post};
use serde::Deserialize;
use std::future::{Ready, ready};
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(rank_workers)
        .service(why)
        .service(rank_deliverables)
        .service(preview);
}

/// What a ranking is made with.
#[derive(Clone)]
struct Server {
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    index: Data<MatchIndex>,
    recorder: Data<Recorder>,
}

impl Server {
    fn snapshot(&self, db: &mut Db) -> Result<Arc<Snapshot>> {
        self.index.current(db, &self.catalogues, calendar::today())
    }

    fn histories(&self, db: &mut Db, fairness: Fairness) -> Result<Option<Arc<Histories>>> {
        let asked = fairness == Fairness::On;
        asked
            .then(|| self.recorder.histories(db, calendar::today()))
            .transpose()
    }
}

impl FromRequest for Server {
    type Error = Error;
    type Future = Ready<Result<Server>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let server = || {
            Some(Server {
                pool: request.app_data().cloned()?,
                catalogues: request.app_data().cloned()?,
                index: request.app_data().cloned()?,
                recorder: request.app_data().cloned()?,
            })
        };
        ready(server().ok_or_else(|| Error::Internal("the server lacks a part".into())))
    }
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
    /// Whether deliverables that still need answers are lifted.
    #[serde(default)]
    #[param(inline, required = false)]
    fairness: Fairness,
}

/// The position of a role in a need, by its code.
fn role_position(
    snapshot: &Snapshot,
    need: &Need,
    code: Option<&str>,
    place: Place,
) -> Result<Option<usize>> {
    let Some(code) = code else { return Ok(None) };
    let codes: Vec<&str> = need
        .roles
        .iter()
        .filter_map(|r| snapshot.catalogue.roles.at(r.role))
        .map(|r| r.code.as_str())
        .collect();
    codes.iter().position(|c| *c == code).map(Some).ok_or_else(|| {
        let asked = codes.join(", ");
        let message = Text::new(
            format!("この支援内容では {code} を募集していません(募集: {asked})。"),
            format!("{code} is not asked for here, only {asked}."),
        );
        Error::Invalid(vec![FieldError {
            place,
            code: "role_not_asked".into(),
            message,
        }])
    })
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
    let (made, role) = (server.clone(), parameters.role.clone());
    let ranked = server.pool.read(move |db| {
        let deliverable = deliverables::store::find(db, id.0, false)?;
        let snapshot = made.snapshot(db)?;
        Filters::of(&snapshot.catalogue)
            .entry("role", &parameters.role, |c| &c.roles)
            .check()?;
        let need = snapshot.need(&deliverable);
        let place = Place::Parameter("role".into());
        let only = role_position(&snapshot, &need, parameters.role.as_deref(), place)?;
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
        ranking::of_workers(db, &snapshot, &need, Some(deliverable), &asked)
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
    _: Caller<ReadMatches>,
    request: HttpRequest,
    server: Server,
    language: Language,
) -> Result<Json<Why>> {
    let (id, worker_id) = (path_id(&request, "id")?, path_id(&request, "worker_id")?);
    let made = server.clone();
    let explained = server.pool.read(move |db| {
        let deliverable = deliverables::store::find(db, id, false)?;
        let snapshot = made.snapshot(db)?;
        let missing = || Error::not_found("ワーカー", "worker");
        let candidate = snapshot.index.get(worker_id.0.as_u128()).ok_or_else(missing)?;
        let face = workers::store::faces(db, &[worker_id])?.remove(&worker_id);
        let worker = WorkerBrief::of(worker_id, &face.ok_or_else(missing)?);
        let need = snapshot.need(&deliverable);
        let weights = Weights::default();
        let query = snapshot.index.query(&need, weights);
        let no_role = || Error::not_found("この支援内容の役割", "role in this deliverable");
        let assessment = query.best(candidate, None).ok_or_else(no_role)?;
        let key = query.key(candidate, &assessment.fit);
        let wanted = Wanted {
            least_fit_ppm: assessment.fit.fit_ppm as u32,
            ..Wanted::best(usize::MAX)
        };
        let (hits, _) = snapshot.index.search(&query, wanted);
        let before = hits.partition_point(|hit| hit.key < key);
        let above = hits.get(..before).and_then(|hits| hits.last()).map(|hit| hit.key);
        let explainer = Explainer {
            catalogue: &snapshot.catalogue,
            language,
        };
        let census = snapshot.index.census(&query, None);
        Ok(Why {
            deliverable: DeliverableBrief::of(&deliverable),
            worker,
            head: head(Some(&census), &weights, DEFAULT_WEIGHTS_VERSION, &snapshot, None),
            is_ranked: assessment.failed.is_empty(),
            rank: before as u64 + 1,
            failed: assessment
                .failed
                .iter()
                .map(|gate| explainer.failed(*gate))
                .collect(),
            explained: explainer.explained(&query, candidate, &assessment, above),
        })
    });
    explained.await.map(Json)
}

/// Rank open deliverables for a worker
///
/// Every open deliverable is considered, each in the role where the worker fits best. Among the best 200, those that
/// nobody has answered and those with places left come first; `fit_rank` and `fit_ppm` tell how it was before,
/// `fairness=off` leaves it so.
#[utoipa::path(operation_id = "rank_deliverables", tag = "Matches", security(("bearer" = ["matches:read"])),
    params(("id" = Id, Path, description = "The worker"), DeliverableRankingParameters),
    responses((status = 200, description = "The ranking, best first", body = DeliverableRanking)))]
#[get("/workers/{id}/matches")]
async fn rank_deliverables(
    caller: Caller<ReadMatches>,
    server: Server,
    id: PathId,
    parameters: Parameters<DeliverableRankingParameters>,
    language: Language,
) -> Result<Json<DeliverableRanking>> {
    let Parameters(parameters) = parameters;
    let made = server.clone();
    let ranked = server.pool.read(move |db| {
        let worker = workers::store::find(db, id.0)?;
        let snapshot = made.snapshot(db)?;
        let fair = (parameters.fairness == Fairness::On).then(|| week_number(calendar::today()));
        let (limit, cursor) = (parameters.limit, parameters.cursor.as_deref());
        ranking::of_deliverables(&snapshot, &worker, limit, cursor, fair, language)
    });
    let ranking = ranked.await?;
    let list = ranking.shown(caller.actor(), id.0);
    server.recorder.record(&server.pool, list).await?;
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
    let made = server.clone();
    let compute = move |db: &mut Db, preview: Preview| {
        let (weights, version) = preview.weights()?;
        let snapshot = made.snapshot(db)?;
        let themes = match preview.need.organization_id {
            None => &[],
            Some(id) => snapshot.organization_themes(id).ok_or_else(|| {
                Error::Invalid(vec![deliverables::unknown_organization("/need/organization_id")])
            })?,
        };
        let mut request = preview.need.request();
        request
            .resolve(&snapshot.catalogue, "", None)
            .map_err(below_need)?;
        let need = encode::need(0, &request, themes, &snapshot.catalogue);
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
        Answer::computed(&WorkerRanking {
            next: None,
            ..ranking::of_workers(db, &snapshot, &need, None, &asked)?
        })
    };
    asked.compute(&server.pool, &caller.actor(), compute).await
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
