//! The HTTP face of listings, which needs no token. `pages`: the pages.

pub mod pages;

use super::{Listing, actions, feed, jsonld, sheet};
use crate::catalogue::Catalogues;
use crate::config::PublicUrl;
use crate::db::{Id, Instant, Pool};
use crate::error::Result;
use crate::events::ListingFilter;
use crate::http::conditional;
use crate::http::disclosure::json;
use crate::http::pages::MAX_AGE;
use crate::http::stream::{self, FileBody};
use crate::http::{Disclosure, Language, Page, PathId, PublicReader, Query};
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder, get};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

const CALENDAR: &str = "text/calendar; charset=utf-8";
const ATOM: &str = "application/atom+xml; charset=utf-8";
const CSV: &str = "text/csv; charset=utf-8";
const JSON_LD: &str = "application/ld+json";

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(list_as_json_ld)
        .service(list_as_calendar)
        .service(list_as_feed)
        .service(list_as_csv)
        .service(show)
        .service(show_as_json_ld)
        .service(show_as_calendar);
}

fn publish(answer: HttpResponse, changed_at: Option<Instant>) -> HttpResponse {
    conditional::publish(answer, MAX_AGE, changed_at)
}

fn file(media_type: &'static str, text: String, changed_at: Option<Instant>) -> HttpResponse {
    let answer = HttpResponse::Ok().content_type(media_type).body(text);
    Disclosure::nobody().attach(publish(answer, changed_at))
}

/// Reads what a file shows.
async fn read(
    pool: &Pool,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    filter: ListingFilter,
) -> Result<Page<Listing>> {
    let find = move |db: &mut crate::db::Db| {
        let catalogue = catalogues.current(db)?;
        actions::list(db, &catalogue, filter, &public_url.0, true)
    };
    pool.read(find).await
}

/// Adds where the next file is, to an answer whose list goes on.
fn link_next(mut answer: HttpResponse, request: &HttpRequest, next: Option<&str>) -> HttpResponse {
    let link = next.map(|next| crate::http::page::link_to_next(request, next));
    if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        answer.headers_mut().insert(header::LINK, link);
    }
    answer
}

/// List listings
///
/// The published events that aren't over, what ends first first, and the cancelled ones among them. No token is needed. An answer
/// may be kept by caches for a minute. `links` say where to go on: to the calendar entry, to the registration, to the
/// deliverable for which one can apply.
#[utoipa::path(operation_id = "list_listings", tag = "Listings", params(ListingFilter),
    responses((status = 200, description = "One page", body = Page<Listing>)))]
#[get("/listings")]
async fn list(
    _reader: PublicReader,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    filter: Query<ListingFilter>,
) -> Result<HttpResponse> {
    let find = move |db: &mut crate::db::Db| {
        let catalogue = catalogues.current(db)?;
        actions::list(db, &catalogue, filter.0, &public_url.0, false)
    };
    let page = pool.read(find).await?;
    let changed_at = feed::changed_at(&page.items);
    Ok(publish(page.respond_to(&request), changed_at))
}

/// Listings as JSON-LD.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"@context": "https://schema.org", "@graph": [{"@type": "EducationEvent",
    "@id": "urn:uuid:0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", "name": "地域づくりゼミ 広報の基礎"}]}))]
pub struct ListingGraph {
    #[serde(rename = "@context")]
    context: String,
    #[serde(rename = "@graph")]
    #[schema(value_type = Vec<Object>)]
    graph: Vec<serde_json::Value>,
}

/// A listing as JSON-LD. Its further members are those of the type that schema.org describes.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"@context": "https://schema.org", "@type": "EducationEvent",
    "@id": "urn:uuid:0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", "name": "地域づくりゼミ 広報の基礎"}))]
pub struct ListingNode {
    #[serde(rename = "@context")]
    context: String,
    #[serde(rename = "@type")]
    type_: String,
    #[serde(rename = "@id")]
    id: String,
    name: String,
}

/// List listings as JSON-LD
///
/// The events as schema.org describes them, up to 500. `Link` with `rel="next"` leads to further ones.
#[utoipa::path(operation_id = "list_listings_as_json_ld", tag = "Listings", params(ListingFilter),
    responses((status = 200, description = "The listings", body = ListingGraph, content_type = "application/ld+json")))]
#[get("/listings.jsonld")]
async fn list_as_json_ld(
    _reader: PublicReader,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    filter: Query<ListingFilter>,
) -> Result<HttpResponse> {
    let page = read(&pool, catalogues, public_url, filter.0).await?;
    let text = jsonld::all(&page.items).to_string();
    let answer = file(JSON_LD, text, feed::changed_at(&page.items));
    Ok(link_next(answer, &request, page.next.as_deref()))
}

/// List listings as iCalendar
///
/// For calendar programs, which poll this address: up to 500 events. With `area=131041` it is the calendar of one ward.
#[utoipa::path(operation_id = "list_listings_as_calendar", tag = "Listings", params(ListingFilter),
    responses((status = 200, description = "The calendar", body = inline(FileBody), content_type = "text/calendar")))]
#[get("/listings.ics")]
async fn list_as_calendar(
    _reader: PublicReader,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    filter: Query<ListingFilter>,
) -> Result<HttpResponse> {
    let language = filter.0.lang.unwrap_or_default();
    let page = read(&pool, catalogues, public_url, filter.0).await?;
    let text = feed::calendar(&page.items, page.next.is_some(), language);
    let answer = file(CALENDAR, text, feed::changed_at(&page.items));
    Ok(link_next(answer, &request, page.next.as_deref()))
}

/// List listings as Atom
///
/// For feed readers: the 100 listings that changed last. `cursor` has no meaning here.
#[utoipa::path(operation_id = "list_listings_as_feed", tag = "Listings", params(ListingFilter),
    responses((status = 200, description = "The feed", body = inline(FileBody), content_type = "application/atom+xml")))]
#[get("/listings.atom")]
async fn list_as_feed(
    _reader: PublicReader,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    filter: Query<ListingFilter>,
) -> Result<HttpResponse> {
    let (language, base) = (filter.0.lang.unwrap_or_default(), public_url.0.clone());
    let find = move |db: &mut crate::db::Db| {
        let catalogue = catalogues.current(db)?;
        actions::newest(db, &catalogue, filter.0, &public_url.0)
    };
    let found = pool.read(find).await?;
    let path = request
        .uri()
        .path_and_query()
        .map_or(request.path(), |whole| whole.as_str());
    let text = feed::atom(&found, &base, path, language)?;
    Ok(file(ATOM, text, feed::changed_at(&found)))
}

/// List listings as CSV
///
/// For spreadsheets and catalogues of open data: イベント一覧 with its 32 columns, up to 500 rows (UTF-8 with a byte order mark).
/// `Link` with `rel="next"` leads to further rows.
#[utoipa::path(operation_id = "list_listings_as_csv", tag = "Listings", params(ListingFilter),
    responses((status = 200, description = "The file", body = inline(FileBody), content_type = "text/csv")))]
#[get("/listings.csv")]
async fn list_as_csv(
    _reader: PublicReader,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    filter: Query<ListingFilter>,
) -> Result<HttpResponse> {
    let find = move |db: &mut crate::db::Db| {
        let catalogue = catalogues.current(db)?;
        let page = actions::list(db, &catalogue, filter.0, &public_url.0, true)?;
        let text = sheet::write(&page.items, &catalogue)?;
        Ok((text, feed::changed_at(&page.items), page.next))
    };
    let (text, changed_at, next) = pool.read(find).await?;
    let mut answer = file(CSV, text, changed_at);
    let name = HeaderValue::from_str(&stream::attachment("listings.csv"));
    if let Ok(name) = name {
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(link_next(answer, &request, next.as_deref()))
}

async fn find(pool: &Pool, public_url: Data<PublicUrl>, id: PathId) -> Result<Listing> {
    pool.read(move |db| actions::show(db, id.0, &public_url.0)).await
}

/// Show a listing
///
/// Also of an event that is over.
#[utoipa::path(operation_id = "show_listing", tag = "Listings",
    params(("id" = Id, Path, description = "The event")),
    responses((status = 200, description = "The listing", body = Listing)))]
#[get("/listings/{id}")]
async fn show(
    _reader: PublicReader,
    pool: Data<Pool>,
    public_url: Data<PublicUrl>,
    id: PathId,
) -> Result<HttpResponse> {
    let listing = find(&pool, public_url, id).await?;
    let answer = json(&mut HttpResponse::Ok(), &listing);
    Ok(publish(answer, Some(listing.updated_at)))
}

/// Show a listing as JSON-LD
///
/// An event as schema.org describes it.
#[utoipa::path(operation_id = "show_listing_as_json_ld", tag = "Listings",
    params(("id" = Id, Path, description = "The event")),
    responses((status = 200, description = "The listing", body = ListingNode, content_type = "application/ld+json")))]
#[get("/listings/{id}/event.jsonld")]
async fn show_as_json_ld(
    _reader: PublicReader,
    pool: Data<Pool>,
    public_url: Data<PublicUrl>,
    id: PathId,
) -> Result<HttpResponse> {
    let listing = find(&pool, public_url, id).await?;
    let text = jsonld::one(&listing).to_string();
    Ok(file(JSON_LD, text, Some(listing.updated_at)))
}

/// Show a listing as iCalendar
///
/// An entry for each of its times.
#[utoipa::path(operation_id = "show_listing_as_calendar", tag = "Listings",
    params(("id" = Id, Path, description = "The event")),
    responses((status = 200, description = "The calendar", body = inline(FileBody), content_type = "text/calendar")))]
#[get("/listings/{id}/event.ics")]
async fn show_as_calendar(
    _reader: PublicReader,
    pool: Data<Pool>,
    public_url: Data<PublicUrl>,
    id: PathId,
) -> Result<HttpResponse> {
    let listing = find(&pool, public_url, id).await?;
    let text = feed::calendar(std::slice::from_ref(&listing), false, Language::Ja);
    Ok(file(CALENDAR, text, Some(listing.updated_at)))
}
