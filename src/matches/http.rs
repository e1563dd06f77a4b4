//! The HTTP face of matches.

use super::explain::{Explainer, head};
use super::index::{MatchIndex, Snapshot};
use super::page::{self as page_of_ranking, Ranked, page_of};
use super::view::{
    DeliverableBrief, DeliverableMatch, DeliverableRanking, Why, WorkerBrief, WorkerMatch, WorkerRanking,
};
use super::{DEFAULT_WEIGHTS_VERSION, Preview, encode};
use crate::auth::{ReadMatches, http::Caller};
use crate::catalogue::{Catalogues, Filters, calendar};
use crate::db::{Db, Id, Pool};
use crate::deliverables;
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::http::page::{self, MAX_LIMIT};
use crate::http::{Answer, Language, PathId, Query as Parameters, Submission, query::path_id};
use crate::matcher::index::{Hit, Wanted};
use crate::matcher::{Need, Query, Ranking, Weights, rank};
use crate::workers;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::Deserialize;
use std::collections::HashMap;
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
    /// Whether to count how many each gate removed: that looks at everyone, where the ranking itself does not.
    #[param(default = true)]
    counts: Option<bool>,
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

/// What organizations see of the workers found. Whoever was erased a moment ago is in none.
fn briefs(db: &mut Db, hits: &[Hit]) -> Result<HashMap<u128, WorkerBrief>> {
    let ids: Vec<Id> = hits
        .iter()
        .map(|hit| Id(Uuid::from_u128(hit.candidate.id)))
        .collect();
    let faces = workers::store::faces(db, &ids)?;
    let brief = |(id, face): (&Id, &workers::store::Face)| (id.0.as_u128(), WorkerBrief::of(*id, face));
    Ok(faces.iter().map(brief).collect())
}

/// What a ranking of workers was asked for, besides the need.
struct Asked<'a> {
    weights: Weights,
    version: &'a str,
    only: Option<usize>,
    limit: Option<u32>,
    cursor: Option<&'a str>,
    counts: bool,
    language: Language,
}

fn worker_ranking(
    db: &mut Db,
    snapshot: &Snapshot,
    need: &Need,
    deliverable: Option<DeliverableBrief>,
    asked: &Asked,
) -> Result<WorkerRanking> {
    let list = format!("need {:032x} {:?}", need.id, asked.only);
    let (limit, after) = (
        page::limit(asked.limit)? as usize,
        page_of_ranking::after(asked.cursor, &list)?,
    );
    let (index, query) = (&snapshot.index, snapshot.index.query(need, asked.weights));
    let wanted = Wanted {
        role: asked.only,
        ..Wanted::best(limit + 1)
    };
    // The pages before, for the rank and for who stands above.
    let before = after.map(|after| {
        let wanted = Wanted {
            most: usize::MAX,
            least_fit_ppm: after.fit_ppm.0 as u32,
            ..wanted
        };
        let (hits, _) = index.search(&query, wanted);
        hits.iter()
            .map(|hit| hit.key)
            .filter(|key| *key <= after)
            .collect::<Vec<_>>()
    });
    let before = before.unwrap_or_default();
    let (mut hits, _) = index.search(&query, Wanted { after, ..wanted });
    let more = hits.len() > limit;
    hits.truncate(limit);
    let mut briefs = briefs(db, &hits)?;
    let explainer = Explainer {
        catalogue: &snapshot.catalogue,
        language: asked.language,
    };
    let mut above = before.last().copied();
    let mut items = Vec::with_capacity(hits.len());
    for (i, hit) in hits.iter().enumerate() {
        let assessment = hit.assess(&query);
        if let Some((worker, assessment)) = briefs.remove(&hit.candidate.id).zip(assessment) {
            items.push(WorkerMatch {
                rank: (before.len() + i + 1) as u64,
                worker,
                explained: explainer.explained(&query, &hit.candidate, &assessment, above),
            });
        }
        above = Some(hit.key);
    }
    let census = asked.counts.then(|| index.census(&query, asked.only));
    Ok(WorkerRanking {
        deliverable,
        head: head(census.as_ref(), &asked.weights, asked.version, snapshot),
        items,
        next: hits
            .last()
            .filter(|_| more)
            .map(|last| page_of_ranking::next(&last.key, &list)),
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
    let Parameters(WorkerRankingParameters {
        role,
        limit,
        cursor,
        counts,
    }) = parameters;
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
            counts: counts.unwrap_or(true),
            language,
        };
        let deliverable = DeliverableBrief::of(&deliverable);
        worker_ranking(db, &snapshot, &need, Some(deliverable), &asked)
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
            head: head(Some(&census), &weights, DEFAULT_WEIGHTS_VERSION, &snapshot),
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
        let queries = snapshot
            .open
            .iter()
            .map(|open| snapshot.index.query(&open.need, weights));
        let ranking: Ranking<_> = rank::rank_needs(queries, &candidate);
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
                Some(&ranking.census),
                &weights,
                DEFAULT_WEIGHTS_VERSION,
                &snapshot,
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
            counts: preview.counts.unwrap_or(true),
            language,
        };
        Answer::computed(&WorkerRanking {
            next: None,
            ..worker_ranking(db, &snapshot, &need, None, &asked)?
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
