//! The HTTP operations of feeds.

use super::{Feed, FeedWithUrls, NewFeed, Owner, SECRETS, actions, calendar, requests};
use crate::auth::{Account, http::Caller};
use crate::catalogue::Catalogues;
use crate::config::PublicUrl;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::Result;
use crate::http::stream::FileBody;
use crate::http::{Answer, Disclosure, Language, Page, PathId, PublicReader, Query, Submission};
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(create)
        .service(revoke)
        .service(show_calendar)
        .service(show_requests)
        .service(show_requests_as_json);
}

/// List your feeds
///
/// Without their secrets, oldest first.
#[utoipa::path(operation_id = "list_feeds", tag = "Feeds", security(("bearer" = ["account"])),
    responses((status = 200, description = "Your feeds", body = Page<Feed>)))]
#[get("/feeds")]
async fn list(caller: Caller<Account>, pool: Data<Pool>) -> Result<Page<Feed>> {
    let Some(user) = caller.principal().user() else {
        return Ok(Page::all(Vec::new()));
    };
    pool.read(move |db| actions::list(db, user)).await.map(Page::all)
}

/// Make a feed
///
/// Returns secret addresses for a calendar program or a feed reader, which are shown only once. Anybody who has one reads what
/// you may see at that moment, without names of people: revoke it when it has come to others. It ends with your account,
/// and follows your areas. You can have up to 10 (409 `too_many_feeds`).
#[utoipa::path(operation_id = "create_feed", tag = "Feeds", security(("bearer" = ["account"])),
    request_body = NewFeed,
    responses((status = 201, description = "The addresses", body = FeedWithUrls),
              (status = 403, description = "The token lacks the scope, or belongs to no user (`login_required`)"),
              (status = 409, description = "You have 10 feeds")))]
#[post("/feeds")]
async fn create(
    caller: Caller<Account>,
    pool: Data<Pool>,
    public_url: Data<PublicUrl>,
    new: Submission<NewFeed>,
) -> Result<HttpResponse> {
    let user = caller.principal().session_user();
    let make = move |db: &mut Db, NewFeed {}: NewFeed| {
        let made = actions::create(db, user?, &public_url.0, Instant::now())?;
        let location = format!("/v1/feeds/{}", made.feed.id);
        Ok(Answer::created(location, made.feed.id, 1, &made)?.showing_once(&SECRETS))
    };
    new.write(&pool, caller.submitter(), make).await
}

/// Revoke a feed
///
/// Its addresses stop working at once.
#[utoipa::path(operation_id = "revoke_feed", tag = "Feeds", security(("bearer" = ["account"])),
    params(("id" = Id, Path, description = "The feed")),
    responses((status = 204, description = "Revoked")))]
#[delete("/feeds/{id}")]
async fn revoke(caller: Caller<Account>, pool: Data<Pool>, id: PathId) -> Result<HttpResponse> {
    let user = caller.principal().session_user()?;
    pool.write(move |db| actions::revoke(db, user, id.0)).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Key {
    /// The secret of the feed.
    #[param(min_length = 1, max_length = 100)]
    secret: String,
}

/// Opens a feed, and reads it in the same transaction.
async fn read<T: Send + 'static>(
    pool: &Pool,
    id: PathId,
    key: Query<Key>,
    read: impl FnOnce(&mut Db, &Owner) -> Result<T> + Send + 'static,
) -> Result<T> {
    let read = move |db: &mut Db| {
        let owner = actions::open(db, id.0, &key.0.secret)?;
        read(db, &owner)
    };
    pool.read(read).await
}

/// Answers without `Last-Modified`: what a user sees also changes without any record changing.
fn answer(media_type: &'static str, text: String) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(media_type)
        .insert_header((header::CACHE_CONTROL, "private, max-age=300"));
    Disclosure::nobody().attach(answer.body(text))
}

/// Read a calendar
///
/// The milestones, meetings and last days of the feed's user, the events that they hold or visit, the steps of programmes for
/// their areas or for all areas, and until when applications wait for their answer and requests are under review, from 90 days
/// ago on, as iCalendar. Calendar programs poll it; an ETag spares them what hasn't changed. At most 500 events of a kind; a
/// calendar with more says so in its description.
#[utoipa::path(operation_id = "show_feed_calendar", tag = "Feeds",
    params(("id" = Id, Path, description = "The feed"), Key),
    responses((status = 200, description = "The calendar", body = inline(FileBody), content_type = "text/calendar")))]
#[get("/feeds/{id}/calendar.ics")]
async fn show_calendar(
    _reader: PublicReader,
    pool: Data<Pool>,
    id: PathId,
    key: Query<Key>,
    language: Language,
) -> Result<HttpResponse> {
    let write = move |db: &mut Db, owner: &Owner| calendar::write(db, owner, language);
    let text = read(&pool, id, key, write).await?;
    Ok(answer("text/calendar; charset=utf-8", text))
}

/// Read the newest requests
///
/// The 50 requests that were opened last and that the feed's user may see, as Atom.
#[utoipa::path(operation_id = "show_feed_requests", tag = "Feeds",
    params(("id" = Id, Path, description = "The feed"), Key),
    responses((status = 200, description = "The requests", body = inline(FileBody), content_type = "application/atom+xml")))]
#[get("/feeds/{id}/requests.atom")]
async fn show_requests(
    _reader: PublicReader,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    id: PathId,
    key: Query<Key>,
    language: Language,
) -> Result<HttpResponse> {
    let found = newest(&pool, catalogues, public_url, id, key, language).await?;
    Ok(answer("application/atom+xml; charset=utf-8", found.atom()?))
}

/// Read the newest requests as JSON
///
/// The same as the Atom feed, as JSON Feed 1.1.
#[utoipa::path(operation_id = "show_feed_requests_as_json", tag = "Feeds",
    params(("id" = Id, Path, description = "The feed"), Key),
    responses((status = 200, description = "The requests", body = requests::JsonFeed, content_type = "application/feed+json")))]
#[get("/feeds/{id}/requests.json")]
async fn show_requests_as_json(
    _reader: PublicReader,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    id: PathId,
    key: Query<Key>,
    language: Language,
) -> Result<HttpResponse> {
    let found = newest(&pool, catalogues, public_url, id, key, language).await?;
    Ok(answer("application/feed+json", found.json()?))
}

async fn newest(
    pool: &Pool,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    id: PathId,
    key: Query<Key>,
    language: Language,
) -> Result<requests::Requests> {
    let of = id.0;
    let find = move |db: &mut Db, owner: &Owner| {
        let catalogue = catalogues.current(db)?;
        requests::list(db, owner, &catalogue, (&public_url.0, of), language)
    };
    read(pool, id, key, find).await
}
