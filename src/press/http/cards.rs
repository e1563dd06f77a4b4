//! The operations of cards.

use super::records;
use super::visits::Visit;
use crate::auth::http::Caller;
use crate::auth::{Reach, ReadPress, WriteShowcase};
use crate::catalogue::Catalogues;
use crate::db::{Id, Pool};
use crate::error::Result;
use crate::http::{Entity, IfMatch, Language, Page, Patch, PathId, Query, Submission};
use crate::press::cards::{Card, NewCard};
use crate::press::filter::CardFilter;
use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list).service(create).service(show).service(update);
}

/// Returns the cards that a visitor may change, or read before they are public.
fn own(visit: &Visit) -> Option<Reach> {
    visit
        .reach::<ReadPress>()
        .or_else(|| visit.reach::<WriteShowcase>())
}

/// List cards of projects
///
/// The projects that their organizations agreed to show, the newest first. No token is needed; with one, you also see the
/// drafts that you may change. Without a token, the answer may be kept for a minute. Filters are combined with AND.
#[utoipa::path(operation_id = "list_cards", tag = "Publishing", security((), ("bearer" = ["press:read"])),
    params(CardFilter), responses((status = 200, description = "One page", body = Page<Card>)))]
#[get("/showcase")]
async fn list(
    visit: Visit,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<CardFilter>,
) -> Result<HttpResponse> {
    let own = own(&visit);
    records::list::<NewCard>(visit, own, (pool, catalogues), filter.0).await
}

/// Write a card of a project
///
/// A project has one card: 409 `card_exists`. It is published with the recorded consent of the organization; without it, 422
/// `consent_missing`. What an organization publishes itself becomes `submitted`, until a coordinator publishes it.
#[utoipa::path(operation_id = "create_card", tag = "Publishing", security(("bearer" = ["showcase:write"])),
    request_body = NewCard, responses((status = 201, description = "Written", body = Card),
        (status = 409, description = "The project has a card already")))]
#[post("/showcase")]
async fn create(
    caller: Caller<WriteShowcase>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    language: Language,
    new: Submission<NewCard>,
) -> Result<HttpResponse> {
    records::create(caller, (pool, catalogues), "/v1/showcase", language, new).await
}

/// Show a card of a project
///
/// No token is needed. Each reading without one counts as a page view, and nothing is kept of who reads.
#[utoipa::path(operation_id = "show_card", tag = "Publishing", security((), ("bearer" = ["press:read"])),
    params(("id" = Id, Path, description = "The card")),
    responses((status = 200, description = "The card", body = Card)))]
#[get("/showcase/{id}")]
async fn show(visit: Visit, pool: Data<Pool>, id: PathId) -> Result<HttpResponse> {
    let own = own(&visit);
    records::show::<NewCard>(visit, own, pool, id.0).await
}

/// Change a card
///
/// Send a JSON Merge Patch. A consent that is withdrawn (`given` false) takes the card away at once. A published card that
/// its organization changes becomes `submitted`, until a coordinator publishes it again. The project stays.
#[utoipa::path(operation_id = "update_card", tag = "Publishing", security(("bearer" = ["showcase:write"])),
    params(("id" = Id, Path, description = "The card")),
    request_body(content = inline(CardPatch), content_type = "application/merge-patch+json",
        example = json!({"consent": {"given": false, "on": "2026-12-10", "note": "代表から電話で"}})),
    responses((status = 200, description = "Updated", body = Card),
              (status = 428, description = "Releasing a card needs `If-Match` with the version that you have read")))]
#[patch("/showcase/{id}")]
async fn update(
    caller: Caller<WriteShowcase>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    language: Language,
    id: PathId,
    if_match: IfMatch,
    patch: CardPatch,
) -> Result<Entity<Card>> {
    records::update(caller, (pool, catalogues), language, (id.0, if_match), patch).await
}

type CardPatch = Patch<NewCard>;
