//! The HTTP face of matches.

use super::explain::{Explainer, head};
use super::index::{MatchIndex, Snapshot};
use super::page::{Ranked, page_of};
use super::view::{
    DeliverableBrief, DeliverableMatch, DeliverableRanking, Why, WorkerBrief, WorkerMatch, WorkerRanking,
};
use super::{DEFAULT_WEIGHTS_VERSION, Preview, encode};
use crate::auth::{ReadMatches, http::Caller};
use crate::catalogue::{Catalogues, Filters, calendar};
use crate::db::{Db, Id, Pool};
use crate::deliverables;
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::http::page::MAX_LIMIT;
use crate::http::{Answer, Language, PathId, Query as Parameters, Submission, query::path_id};
use crate::matcher::{Need, Query, Ranking, Weights, rank};
use crate::workers;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(rank_workers)
        .service(why)
        .service(rank_deliverables)
        .service(preview);
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

fn worker_brief(snapshot: &Snapshot, position: usize) -> Result<WorkerBrief> {
    let face = snapshot
        .face(position)
        .ok_or_else(|| Error::Internal("a candidate without a face".into()))?;
    Ok(WorkerBrief {
        id: face.id,
        alias: face.alias.clone(),
        area: face.area.clone(),
    })
}

/// What a ranking of workers was asked for, besides the need.
struct Asked<'a> {
    weights: Weights,
    version: &'a str,
    only: Option<usize>,
    limit: Option<u32>,
    cursor: Option<&'a str>,
    language: Language,
}

fn worker_ranking(
    snapshot: &Snapshot,
    need: &Need,
    deliverable: Option<DeliverableBrief>,
    asked: &Asked,
) -> Result<WorkerRanking> {
    let query = Query::new(need, asked.weights, &snapshot.population, &snapshot.candidates);
    let ranking = query.rank_workers(asked.only);
    let explainer = Explainer {
        catalogue: &snapshot.catalogue,
        language: asked.language,
    };
    let list = format!("need {:032x} {:?}", need.id, asked.only);
    let (ranked, next) = page_of(&ranking.ranked, asked.limit, asked.cursor, &list)?;
    let item = |(rank, _, above, (position, assessment)): Ranked<(usize, crate::matcher::Assessment)>| {
        let candidate = snapshot
            .candidates
            .get(*position)
            .ok_or_else(|| Error::Internal("a lost candidate".into()))?;
        let explained = explainer.explained(&query, candidate, assessment, above);
        Ok(WorkerMatch {
            rank,
            worker: worker_brief(snapshot, *position)?,
            explained,
        })
    };
    let items = ranked.into_iter().map(item).collect::<Result<_>>()?;
    let head = head(
        &ranking,
        &asked.weights,
        asked.version,
        snapshot.at_change,
        snapshot.today,
    );
    Ok(WorkerRanking {
        deliverable,
        head,
        items,
        next,
    })
}

/// Rank workers for a deliverable
///
/// Everyone is considered; whoever fails a gate is counted under it in `removed`. Each item is explained: the
/// contributions of its components add up to its fit exactly. Names and contacts stay hidden.
#[utoipa::path(operation_id = "rank_workers", tag = "Matches", security(("bearer" = ["matches:read"])),
    params(("id" = Id, Path, description = "The deliverable"), WorkerRankingParameters),
    responses((status = 200, description = "The ranking, best first", body = WorkerRanking)))]
#[get("/deliverables/{id}/matches")]
async fn rank_workers(
    _: Caller<ReadMatches>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    index: Data<MatchIndex>,
    id: PathId,
    parameters: Parameters<WorkerRankingParameters>,
    language: Language,
) -> Result<Json<WorkerRanking>> {
    let Parameters(WorkerRankingParameters { role, limit, cursor }) = parameters;
    let ranked = pool.read(move |db| {
        let deliverable = deliverables::store::find(db, id.0, false)?;
        let snapshot = index.current(db, &catalogues, calendar::today())?;
        Filters::of(&snapshot.catalogue)
            .entry("role", &role, |c| &c.roles)
            .check()?;
        let need = snapshot.need(&deliverable);
        let only = role_position(&snapshot, &need, role.as_deref(), Place::Parameter("role".into()))?;
        let (weights, version) = (Weights::default(), DEFAULT_WEIGHTS_VERSION);
        let asked = Asked {
            weights,
            version,
            only,
            limit,
            cursor: cursor.as_deref(),
            language,
        };
        worker_ranking(&snapshot, &need, Some(DeliverableBrief::of(&deliverable)), &asked)
    });
    ranked.await.map(Json)
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
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    index: Data<MatchIndex>,
    language: Language,
) -> Result<Json<Why>> {
    let (id, worker_id) = (path_id(&request, "id")?, path_id(&request, "worker_id")?);
    let explained = pool.read(move |db| {
        let deliverable = deliverables::store::find(db, id, false)?;
        let snapshot = index.current(db, &catalogues, calendar::today())?;
        let missing = || Error::not_found("ワーカー", "worker");
        let position = snapshot.position(worker_id).ok_or_else(missing)?;
        let candidate = snapshot.candidates.get(position).ok_or_else(missing)?;
        let need = snapshot.need(&deliverable);
        let query = Query::new(
            &need,
            Weights::default(),
            &snapshot.population,
            &snapshot.candidates,
        );
        let no_role = || Error::not_found("この支援内容の役割", "role in this deliverable");
        let assessment = query.best(candidate, None).ok_or_else(no_role)?;
        let ranking = query.rank_workers(None);
        let key = query.key(candidate, &assessment.fit);
        let before = ranking.ranked.partition_point(|(other, _)| *other < key);
        let above = before
            .checked_sub(1)
            .and_then(|i| ranking.ranked.get(i))
            .map(|(key, _)| *key);
        let explainer = Explainer {
            catalogue: &snapshot.catalogue,
            language,
        };
        Ok(Why {
            deliverable: DeliverableBrief::of(&deliverable),
            worker: worker_brief(&snapshot, position)?,
            head: head(
                &ranking,
                &Weights::default(),
                DEFAULT_WEIGHTS_VERSION,
                snapshot.at_change,
                snapshot.today,
            ),
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
/// Every open deliverable is considered, each in the role where the worker fits best.
#[utoipa::path(operation_id = "rank_deliverables", tag = "Matches", security(("bearer" = ["matches:read"])),
    params(("id" = Id, Path, description = "The worker"), DeliverableRankingParameters),
    responses((status = 200, description = "The ranking, best first", body = DeliverableRanking)))]
#[get("/workers/{id}/matches")]
async fn rank_deliverables(
    _: Caller<ReadMatches>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    index: Data<MatchIndex>,
    id: PathId,
    parameters: Parameters<DeliverableRankingParameters>,
    language: Language,
) -> Result<Json<DeliverableRanking>> {
    let Parameters(DeliverableRankingParameters { limit, cursor }) = parameters;
    let ranked = pool.read(move |db| {
        let worker = workers::store::find(db, id.0)?;
        let snapshot = index.current(db, &catalogues, calendar::today())?;
        let candidate = encode::candidate(&worker, &snapshot.catalogue);
        let weights = Weights::default();
        let query = |need| Query::new(need, weights, &snapshot.population, &snapshot.candidates);
        let ranking: Ranking<_> =
            rank::rank_needs(snapshot.open.iter().map(|open| query(&open.need)), &candidate);
        let (page, next) = page_of(
            &ranking.ranked,
            limit,
            cursor.as_deref(),
            &format!("worker {}", worker.id),
        )?;
        let explainer = Explainer {
            catalogue: &snapshot.catalogue,
            language,
        };
        let item = |(rank, _, above, (query, assessment)): Ranked<(Query, crate::matcher::Assessment)>| {
            let id = Id(Uuid::from_u128(query.need.id));
            let open = snapshot
                .open
                .binary_search_by_key(&id, |open| open.deliverable.id);
            let open = open.ok().and_then(|i| snapshot.open.get(i));
            let open = open.ok_or_else(|| Error::Internal("a lost deliverable".into()))?;
            let deliverable = DeliverableBrief::of(&open.deliverable);
            Ok(DeliverableMatch {
                rank,
                deliverable,
                explained: explainer.explained(query, &candidate, assessment, above),
            })
        };
        let items = page.into_iter().map(item).collect::<Result<_>>()?;
        let (id, area) = (worker.id, worker.profile.area.clone());
        Ok(DeliverableRanking {
            worker: WorkerBrief {
                id,
                alias: worker.profile.alias.clone().unwrap_or_default(),
                area,
            },
            head: head(
                &ranking,
                &weights,
                DEFAULT_WEIGHTS_VERSION,
                snapshot.at_change,
                snapshot.today,
            ),
            items,
            next,
        })
    });
    ranked.await.map(Json)
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
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    index: Data<MatchIndex>,
    language: Language,
    asked: Submission<Preview>,
) -> Result<HttpResponse> {
    let compute = move |db: &mut Db, preview: Preview| {
        let (weights, version) = preview.weights()?;
        let snapshot = index.current(db, &catalogues, calendar::today())?;
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
            language,
        };
        Answer::computed(&WorkerRanking {
            next: None,
            ..worker_ranking(&snapshot, &need, None, &asked)?
        })
    };
    asked.compute(&pool, &caller.actor(), compute).await
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
