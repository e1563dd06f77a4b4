//! The HTTP operations of follow-ups. Use cases are in `actions.rs` and `links.rs`, rules in `mod.rs`, SQL in `store.rs`.

use super::{
    FollowUp, FollowUpLink, FollowUpList, FollowUpQuestion, FollowUpReply, FollowUpToken, NewFollowUpAnswer,
    actions, links,
};
use crate::auth::{AnswerFollowUps, InviteFollowUps, ReadFollowUps, http::Caller};
use crate::config::PublicUrl;
use crate::db::{Db, Id, Pool};
use crate::error::{Error, Result};
use crate::http::disclosure::{impersonal, json};
use crate::http::query::path_id;
use crate::http::{Answer, ClientAddress, IfMatch, Json, PathId, Submission, Valid};
use crate::sessions::Client;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

impersonal!(FollowUpLink, FollowUpQuestion);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(answer)
        .service(invite)
        .service(show_question)
        .service(answer_question);
}

/// List the follow-ups of a project
///
/// A project has the id of its deliverable. Its organization is asked 6 and 12 months after the delivery what became of the
/// work. Only what was matched here is followed up.
#[utoipa::path(operation_id = "list_follow_ups", tag = "Projects", security(("bearer" = ["follow_ups:read"])),
    params(("id" = Id, Path, description = "The project")),
    responses((status = 200, description = "The follow-ups", body = FollowUpList)))]
#[get("/projects/{id}/follow-ups")]
async fn list(caller: Caller<ReadFollowUps>, pool: Data<Pool>, id: PathId) -> Result<Json<FollowUpList>> {
    let viewer = caller.viewer();
    pool.read(move |db| actions::list(db, &viewer, id.0))
        .await
        .map(Json)
}

/// Returns project and months of the path.
fn asked(request: &HttpRequest) -> Result<(Id, i32)> {
    let months = request.match_info().query("months").parse();
    let missing = |_| Error::not_found("この時期のフォローアップ", "follow-up after so many months");
    Ok((path_id(request, "id")?, months.map_err(missing)?))
}

/// Answer a follow-up
///
/// The organization answers, or a coordinator records what it said. A follow-up is answered once: 409 `follow_up_answered`.
/// Before its day you get 409 `follow_up_planned`, and 180 days after it `follow_up_expired`.
///
/// To correct an answer, also later, a coordinator sends all of it again with `If-Match` and the follow-up's `version`; that
/// needs the scope `follow_ups:invite`, too.
#[utoipa::path(operation_id = "answer_follow_up", tag = "Projects", security(("bearer" = ["follow_ups:answer"])),
    params(("id" = Id, Path, description = "The project"),
           ("months" = u32, Path, description = "6 or 12", example = 6)),
    request_body = NewFollowUpAnswer,
    responses((status = 201, description = "Answered", body = FollowUp),
              (status = 409, description = "The work isn't delivered, or the follow-up isn't open")))]
#[post("/projects/{id}/follow-ups/{months}/answer")]
async fn answer(
    caller: Caller<AnswerFollowUps>,
    request: HttpRequest,
    pool: Data<Pool>,
    if_match: IfMatch,
    new: Submission<NewFollowUpAnswer>,
) -> Result<HttpResponse> {
    let (actor, reach, of) = (caller.actor(), caller.reach(), asked(&request)?);
    let may_correct = caller.may::<InviteFollowUps>();
    let insert = move |db: &mut Db, answer: NewFollowUpAnswer| {
        let check = |before: &FollowUp| before.check_answer(may_correct, &if_match);
        let answered = actions::answer(db, (&actor, &reach), of, answer, check)?;
        let location = format!("/v1/projects/{}/follow-ups", of.0);
        Answer::created(location, of.0, answered.version, &answered)
    };
    new.write(&pool, caller.submitter(), insert).await
}

/// Nothing to say: an empty object.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
struct NewFollowUpLink {}

/// Make a link to answer a follow-up
///
/// Returns a one-time link, valid for 30 days, with which the organization answers without an account. Pass it on; no email
/// is sent. It replaces the link before it. Repeating the request with the same Idempotency-Key returns the expiry again,
/// without the link.
#[utoipa::path(operation_id = "create_follow_up_link", tag = "Projects", security(("bearer" = ["follow_ups:invite"])),
    params(("id" = Id, Path, description = "The project"),
           ("months" = u32, Path, description = "6 or 12", example = 6)),
    request_body = NewFollowUpLink,
    responses((status = 201, description = "The link", body = FollowUpLink),
              (status = 409, description = "The work isn't delivered, or the follow-up isn't open")))]
#[post("/projects/{id}/follow-ups/{months}/link")]
async fn invite(
    caller: Caller<InviteFollowUps>,
    request: HttpRequest,
    pool: Data<Pool>,
    public_url: Data<PublicUrl>,
    new: Submission<NewFollowUpLink>,
) -> Result<HttpResponse> {
    let (actor, reach, of) = (caller.actor(), caller.reach(), asked(&request)?);
    let insert = move |db: &mut Db, _| {
        let link = actions::invite(db, (&actor, &reach), &public_url.0, of)?;
        let location = format!("/v1/projects/{}/follow-ups", of.0);
        Ok(Answer::created(location, of.0, 1, &link)?.showing_once(&["/token", "/link"]))
    };
    new.write(&pool, caller.submitter(), insert).await
}

/// Show what a link asks
///
/// Returns whose work a follow-up is about. The secret is in the body, so that no log of URLs has it. A secret that is wrong
/// counts for your address. A used link gets 409 `link_used`, one that expired 409 `link_expired`.
#[utoipa::path(operation_id = "show_follow_up_question", tag = "Projects", request_body = FollowUpToken,
    responses((status = 200, description = "The question", body = FollowUpQuestion),
              (status = 409, description = "The link was used or has expired"),
              (status = 429, description = "Too many failed attempts; wait as long as Retry-After says")))]
#[post("/follow-up-links/show")]
async fn show_question(
    pool: Data<Pool>,
    address: ClientAddress,
    Valid(link): Valid<FollowUpToken>,
) -> Result<HttpResponse> {
    let question = links::show(&pool, Client::new(address.0, None), link.token).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(json(&mut response, &question))
}

/// Answer with a link
///
/// Answers the follow-up once. After that the link is used: 409 `link_used`.
#[utoipa::path(operation_id = "answer_follow_up_question", tag = "Projects", request_body = FollowUpReply,
    responses((status = 204, description = "Answered"),
              (status = 409, description = "The link was used or has expired, or the follow-up isn't open"),
              (status = 429, description = "Too many failed attempts; wait as long as Retry-After says")))]
#[post("/follow-up-links/answer")]
async fn answer_question(
    pool: Data<Pool>,
    address: ClientAddress,
    Valid(reply): Valid<FollowUpReply>,
) -> Result<HttpResponse> {
    links::answer(&pool, Client::new(address.0, None), reply).await?;
    Ok(HttpResponse::NoContent().finish())
}
