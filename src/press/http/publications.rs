//! The operations of publications, and of what readers think of them.

use super::records;
use super::visits::Visit;
use crate::auth::http::Caller;
use crate::auth::{ReadPress, WritePress};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::Result;
use crate::events::receipts::slow_down;
use crate::http::{
    Answer, ClientAddress, Entity, IfMatch, Language, Page, Paging, Patch, PathId, Query, Submission,
};
use crate::press::feedback::{Feedback, FeedbackNote, NewFeedback};
use crate::press::filter::PublicationFilter;
use crate::press::library;
use crate::press::publications::{NewPublication, Publication};
use crate::sessions::Client;
use crate::sessions::throttle::PublicWrite;
use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(create)
        .service(show)
        .service(update)
        .service(list_feedback)
        .service(give_feedback);
}

/// List playbooks and textbooks
///
/// What is published, the newest first, with the average of its feedback. No token is needed; with one, you also see the
/// drafts that you may change. Without a token, the answer may be kept for a minute. Filters are combined with AND.
#[utoipa::path(operation_id = "list_publications", tag = "Publishing", security((), ("bearer" = ["press:read"])),
    params(PublicationFilter), responses((status = 200, description = "One page", body = Page<Publication>)))]
#[get("/publications")]
async fn list(
    visit: Visit,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<PublicationFilter>,
) -> Result<HttpResponse> {
    let own = visit.reach::<ReadPress>();
    records::list::<NewPublication>(visit, own, (pool, catalogues), filter.0).await
}

/// Add a playbook or a textbook
///
/// With its versions, links and recipients. Only those who may write it see the recipients.
#[utoipa::path(operation_id = "create_publication", tag = "Publishing", security(("bearer" = ["press:write"])),
    request_body = NewPublication, responses((status = 201, description = "Added", body = Publication)))]
#[post("/publications")]
async fn create(
    caller: Caller<WritePress>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    language: Language,
    new: Submission<NewPublication>,
) -> Result<HttpResponse> {
    records::create(caller, (pool, catalogues), "/v1/publications", language, new).await
}

/// Show a playbook or a textbook
///
/// No token is needed. Each reading without one counts as a page view, and nothing is kept of who reads.
#[utoipa::path(operation_id = "show_publication", tag = "Publishing", security((), ("bearer" = ["press:read"])),
    params(("id" = Id, Path, description = "The publication")),
    responses((status = 200, description = "The publication", body = Publication)))]
#[get("/publications/{id}")]
async fn show(visit: Visit, pool: Data<Pool>, id: PathId) -> Result<HttpResponse> {
    let own = visit.reach::<ReadPress>();
    records::show::<NewPublication>(visit, own, pool, id.0).await
}

/// Change a playbook or a textbook
///
/// Send a JSON Merge Patch; a list is replaced as a whole. A publication of your areas can be changed by you, others that you
/// see return 403.
#[utoipa::path(operation_id = "update_publication", tag = "Publishing", security(("bearer" = ["press:write"])),
    params(("id" = Id, Path, description = "The publication")),
    request_body(content = inline(PublicationPatch), content_type = "application/merge-patch+json",
        example = json!({"status": "published"})),
    responses((status = 200, description = "Updated", body = Publication)))]
#[patch("/publications/{id}")]
async fn update(
    caller: Caller<WritePress>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    language: Language,
    id: PathId,
    if_match: IfMatch,
    patch: PublicationPatch,
) -> Result<Entity<Publication>> {
    records::update(caller, (pool, catalogues), language, (id.0, if_match), patch).await
}

type PublicationPatch = Patch<NewPublication>;

/// List what readers think of a publication
///
/// Their marks, words and roles, the newest first. The averages are public, with the publication.
#[utoipa::path(operation_id = "list_feedback", tag = "Publishing", security(("bearer" = ["press:read"])),
    params(("id" = Id, Path, description = "The publication"), Paging),
    responses((status = 200, description = "One page", body = Page<Feedback>)))]
#[get("/publications/{id}/feedback")]
async fn list_feedback(
    caller: Caller<ReadPress>,
    pool: Data<Pool>,
    id: PathId,
    paging: Query<Paging>,
) -> Result<Page<Feedback>> {
    let own = caller.reach();
    pool.read(move |db| library::feedback(db, &own, id.0, &paging.0))
        .await
}

/// Say what you think of a publication
///
/// Without an account. Nothing is kept about who answers but the role. The requests of an address are slowed down (429), a
/// publication takes 500 answers a day (429 `too_much_feedback_today`), and `website` has to stay empty.
#[utoipa::path(operation_id = "create_feedback", tag = "Publishing",
    params(("id" = Id, Path, description = "The publication")), request_body = NewFeedback,
    responses((status = 201, description = "Taken", body = FeedbackNote),
              (status = 409, description = "The publication takes no more feedback"),
              (status = 429, description = "Too much feedback; wait as long as Retry-After says")))]
#[post("/publications/{id}/feedback")]
async fn give_feedback(
    pool: Data<Pool>,
    address: ClientAddress,
    id: PathId,
    new: Submission<NewFeedback>,
) -> Result<HttpResponse> {
    let submitter = slow_down(&pool, PublicWrite::Feedback, Client::new(address.0, None)).await?;
    let insert = move |db: &mut Db, feedback: NewFeedback| {
        let note = library::take_feedback(db, id.0, &feedback, Instant::now())?;
        Answer::created(format!("/v1/publications/{}", id.0), id.0, 1, &note)
    };
    new.write(&pool, submitter, insert).await
}
