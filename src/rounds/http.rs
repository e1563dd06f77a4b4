//! The HTTP face of rounds and teams.

use super::easings::{self, RoundEasings};
use super::instance::{self, RoundInstance};
use super::publish::{self, Publisher};
use super::team::{self, TeamProposal};
use super::view::{RoundComparison, RoundDetails, RoundUpdate, RoundVerdict};
use super::{NewRound, NewTeam, RoundSummary, actions, store};
use crate::auth::{
    DecideApplications, ReadMatches, ReadRounds, SubmitApplications, WriteRounds, http::Caller,
};
use crate::db::{Db, Id, Pool};
use crate::error::Result;
use crate::http::disclosure::impersonal;
use crate::http::{
    Answer, Entity, IfMatch, Json, Language, Page, Paging, Patch, PathId, Query, Submission, Valid,
};
use crate::matches::context::RankingContext;
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(TeamProposal);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(propose_team)
        .service(list)
        .service(create)
        .service(show)
        .service(update)
        .service(remove)
        .service(compare)
        .service(verify)
        .service(suggest_easings)
        .service(export_instance)
        .service(publish_round);
}

/// Propose the best team for a deliverable
///
/// Finds the people whose fits add up to the most, for all open places at once, under your rules: when they can meet, how
/// many come from one employer, who has to be in and who must not. It says whether that is exact, what each rule costs, who
/// could replace whom, and which skill nobody covers. The ranking (`GET /v1/deliverables/{id}/matches`) lists candidates to
/// choose from one by one; this answers which of them are best together. Nothing is stored and nobody is invited.
/// Of two records that may be one person's, only the one that suits better is proposed.
///
/// Returns 409 `no_open_places` if all places are taken, and `too_many_doubles` if twenty or more records that seem to be of one person stand
/// in the way.
#[utoipa::path(operation_id = "propose_team", tag = "Rounds", security(("bearer" = ["matches:read"])),
    params(("id" = Id, Path, description = "The deliverable")),
    request_body = NewTeam,
    responses((status = 200, description = "The best team", body = TeamProposal),
              (status = 409, description = "No place is open")))]
#[post("/deliverables/{id}/team")]
async fn propose_team(
    caller: Caller<ReadMatches>,
    context: RankingContext,
    id: PathId,
    language: Language,
    Valid(new): Valid<NewTeam>,
) -> Result<Json<TeamProposal>> {
    let (shared, viewer) = (context.clone(), caller.viewer());
    let propose = move |db: &mut Db| team::propose(db, &shared, &viewer, id.0, &new, language);
    context.pool.read(propose).await.map(Json)
}

/// List rounds
///
/// Newest first. A coordinator sees the rounds whose deliverables are all in their areas.
#[utoipa::path(operation_id = "list_rounds", tag = "Rounds", security(("bearer" = ["rounds:read"])),
    params(Paging),
    responses((status = 200, description = "A page of rounds", body = Page<RoundSummary>)))]
#[get("/rounds")]
async fn list(
    caller: Caller<ReadRounds>,
    pool: Data<Pool>,
    paging: Query<Paging>,
) -> Result<Page<RoundSummary>> {
    let reach = caller.reach();
    pool.read(move |db| store::list(db, &reach, &paging.0)).await
}

/// Make a round
///
/// Computes who should have which open place of many deliverables, so that the whole is best by the objective, and stores
/// that as a draft. Nobody is invited before you publish it. A worker gets at most one place in a deliverable, and as many
/// as their capacity allows; nobody gets a second place in a team. Read the places with `GET /v1/rounds/{id}`.
///
/// Give the deliverables by their ids or by a filter. A round has at most 10,000 places (`too_many_places`), and you may
/// have 50 drafts (`too_many_drafts`). Drafts are deleted 30 days after their last change.
#[utoipa::path(operation_id = "create_round", tag = "Rounds", security(("bearer" = ["rounds:write"])),
    request_body = NewRound,
    responses((status = 201, description = "Computed and stored", body = RoundSummary),
              (status = 409, description = "You have too many drafts")))]
#[post("/rounds")]
async fn create(
    caller: Caller<WriteRounds>,
    context: RankingContext,
    new: Submission<NewRound>,
) -> Result<HttpResponse> {
    let (shared, viewer, request) = (context.clone(), caller.viewer(), new.valid()?.clone());
    let planning = viewer.clone();
    let plan = move |db: &mut Db| actions::plan(db, &shared, &planning, &request, None);
    let plan = context.pool.read(plan).await?;
    let insert = move |db: &mut Db, new: NewRound| {
        let round = actions::create(db, &viewer, &new, &plan)?;
        Answer::created(
            format!("/v1/rounds/{}", round.id),
            round.id,
            round.version,
            &round,
        )
    };
    new.write(&context.pool, caller.submitter(), insert).await
}

/// Show a round
///
/// Returns who has which place and why, what a withdrawal would cost and who would come instead, which slots lack people, and
/// what the prices say. A cost is called exact only where the theory says so; otherwise it is "at least".
#[utoipa::path(operation_id = "show_round", tag = "Rounds", security(("bearer" = ["rounds:read"])),
    params(("id" = Id, Path, description = "The round")),
    responses((status = 200, description = "The round", body = RoundDetails)))]
#[get("/rounds/{id}")]
async fn show(
    caller: Caller<ReadRounds>,
    context: RankingContext,
    id: PathId,
    language: Language,
) -> Result<Entity<RoundDetails>> {
    let (shared, viewer) = (context.clone(), caller.viewer());
    let show = move |db: &mut Db| actions::show(db, &shared, &viewer, id.0, language);
    let round = context.pool.read(show).await?;
    Ok(Entity::composed(round.summary.version, round))
}

/// Change a draft
///
/// Send a JSON Merge Patch of the request. The round is computed again with today's data, even if nothing changes, and the
/// answer says who moved, what became empty, and how the sums differ.
#[utoipa::path(operation_id = "update_round", tag = "Rounds", security(("bearer" = ["rounds:write"])),
    params(("id" = Id, Path, description = "The round")),
    request_body(content = inline(RoundPatch), content_type = "application/merge-patch+json",
        example = json!({"objective": "worst_first"})),
    responses((status = 200, description = "Computed again", body = RoundUpdate),
              (status = 409, description = "The round is published")))]
#[patch("/rounds/{id}")]
async fn update(
    caller: Caller<WriteRounds>,
    context: RankingContext,
    id: PathId,
    if_match: IfMatch,
    language: Language,
    patch: RoundPatch,
) -> Result<Entity<RoundUpdate>> {
    let (shared, viewer) = (context.clone(), caller.viewer());
    let planning = viewer.clone();
    let plan = move |db: &mut Db| actions::replan(db, &shared, &planning, id.0, &if_match, &patch);
    let change = context.pool.read(plan).await?;
    let shared = context.clone();
    let replace = move |db: &mut Db| actions::replace(db, &shared, &viewer, &change, language);
    let update = context.pool.write(replace).await?;
    Ok(Entity::new(update.round.summary.version, update))
}
type RoundPatch = Patch<NewRound>;

/// Delete a round
///
/// Invitations that it has sent stay.
#[utoipa::path(operation_id = "delete_round", tag = "Rounds", security(("bearer" = ["rounds:write"])),
    params(("id" = Id, Path, description = "The round")),
    responses((status = 204, description = "Deleted")))]
#[delete("/rounds/{id}")]
async fn remove(
    caller: Caller<WriteRounds>,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let viewer = caller.viewer();
    pool.write(move |db| actions::delete(db, &viewer, id.0, &if_match))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RoundComparisonParameters {
    /// Another round. Without it, the round is compared with one deliverable after the other, computed today.
    with: Option<Id>,
}

/// Compare a round
///
/// Compares a round with another one, or with what you would get if one deliverable after the other took the best workers
/// who are left.
#[utoipa::path(operation_id = "compare_round", tag = "Rounds", security(("bearer" = ["rounds:read"])),
    params(("id" = Id, Path, description = "The round"), RoundComparisonParameters),
    responses((status = 200, description = "The difference", body = RoundComparison),
              (status = 409, description = "The deliverables are no longer open, or the round weighs words that you may not read")))]
#[get("/rounds/{id}/comparison")]
async fn compare(
    caller: Caller<ReadRounds>,
    context: RankingContext,
    id: PathId,
    parameters: Query<RoundComparisonParameters>,
    language: Language,
) -> Result<Json<RoundComparison>> {
    let (shared, viewer) = (context.clone(), caller.viewer());
    let compare =
        move |db: &mut Db| actions::compare(db, &shared, &viewer, id.0, parameters.0.with, language);
    context.pool.read(compare).await.map(Json)
}

/// Verify a round
///
/// Computes again, from the match index and the stored prices, that the answer keeps the rules and that no answer is better.
/// Nothing of how it was found is used. If workers have changed since, a round that was the best may no longer be.
#[utoipa::path(operation_id = "verify_round", tag = "Rounds", security(("bearer" = ["rounds:read"])),
    params(("id" = Id, Path, description = "The round")),
    responses((status = 200, description = "What came out", body = RoundVerdict),
              (status = 409, description = "The deliverables are no longer open, or the round weighs words that you may not read")))]
#[post("/rounds/{id}/verify")]
async fn verify(
    caller: Caller<ReadRounds>,
    context: RankingContext,
    id: PathId,
    language: Language,
) -> Result<Json<RoundVerdict>> {
    let (shared, viewer) = (context.clone(), caller.viewer());
    let verify = move |db: &mut Db| actions::verify(db, &shared, &viewer, id.0, language);
    context.pool.read(verify).await.map(Json)
}

/// Suggest requirements to ease
///
/// Returns the single requirements of deliverables that lack people which would fill more places of the whole round: each is
/// checked by solving the question again with today's data.
#[utoipa::path(operation_id = "suggest_round_easings", tag = "Rounds", security(("bearer" = ["rounds:read"])),
    params(("id" = Id, Path, description = "The round")),
    responses((status = 200, description = "The requirements", body = RoundEasings),
              (status = 409, description = "The deliverables are no longer open, or the round weighs words that you may not read")))]
#[get("/rounds/{id}/easings")]
async fn suggest_easings(
    caller: Caller<ReadRounds>,
    context: RankingContext,
    id: PathId,
    language: Language,
) -> Result<Json<RoundEasings>> {
    let (shared, viewer) = (context.clone(), caller.viewer());
    let suggest = move |db: &mut Db| easings::easings(db, &shared, &viewer, id.0, language);
    context.pool.read(suggest).await.map(Json)
}

/// Export a round in full
///
/// Returns the question, everybody who passes the gates of some slot with their fits, the answer and its prices. `musubi
/// round verify FILE` judges it by a full scan, on any machine. Returns 409 `oversized_instance` for more than 3,000,000
/// pairs of a worker and a slot.
#[utoipa::path(operation_id = "export_round_instance", tag = "Rounds", security(("bearer" = ["rounds:read"])),
    params(("id" = Id, Path, description = "The round")),
    responses((status = 200, description = "The round", body = RoundInstance),
              (status = 409, description = "The deliverables are no longer open, the round weighs words that you may not read, or there are too many pairs")))]
#[get("/rounds/{id}/instance")]
async fn export_instance(
    caller: Caller<ReadRounds>,
    context: RankingContext,
    id: PathId,
) -> Result<Json<RoundInstance>> {
    let (shared, viewer) = (context.clone(), caller.viewer());
    let export = move |db: &mut Db| instance::export(db, &shared, &viewer, id.0);
    context.pool.read(export).await.map(Json)
}

/// Publish a round
///
/// Invites everybody who has a place, all or nobody, in one transaction. Who has applied for the place already isn't invited
/// again. It needs the scopes `applications:submit` and `applications:decide`, too. At most 1,000 places can be published at
/// once.
///
/// Returns 409 `changed_since` with `assignments` if somebody can't be invited: each has the worker, the code and the reason,
/// for example `possible_same_person` for two records that may be one person's in one team.
/// Compute the round again with a PATCH. A round can be published once (409 `round_published`).
#[utoipa::path(operation_id = "publish_round", tag = "Rounds", security(("bearer" = ["rounds:write"])),
    params(("id" = Id, Path, description = "The round")),
    responses((status = 200, description = "Published", body = RoundSummary),
              (status = 409, description = "Somebody can't be invited, the round is published, or it is empty or too large")))]
#[post("/rounds/{id}/publish")]
async fn publish_round(
    caller: Caller<WriteRounds>,
    context: RankingContext,
    id: PathId,
    if_match: IfMatch,
    language: Language,
) -> Result<Entity<RoundSummary>> {
    let publisher = Publisher {
        viewer: caller.viewer(),
        writer: caller.writer(),
        may_submit: caller.may::<SubmitApplications>(),
        may_decide: caller.may::<DecideApplications>(),
        language,
    };
    let shared = context.clone();
    let publish = move |db: &mut Db| publish::publish(db, &shared, &publisher, id.0, &if_match);
    let round = context.pool.write(publish).await?;
    Ok(Entity::new(round.version, round))
}
