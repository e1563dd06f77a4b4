//! The operations of news and newsletters.

use super::records;
use super::visits::{MAX_AGE, Visit, reader};
use crate::auth::http::{Caller, OpenReader};
use crate::auth::{ReadPress, WritePress};
use crate::catalogue::Catalogues;
use crate::config::PublicUrl;
use crate::db::{Id, Pool};
use crate::error::Result;
use crate::feeds::atom::{self, Entry};
use crate::http::conditional::make_public;
use crate::http::stream::FileBody;
use crate::http::{Disclosure, Entity, IfMatch, Language, Page, Patch, PathId, Query, Submission};
use crate::press::actions;
use crate::press::filter::{FeedFilter, PostFilter};
use crate::press::markdown::beginning;
use crate::press::posts::{NewPost, Post};
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(follow)
        .service(list)
        .service(create)
        .service(show)
        .service(update);
}

/// How many characters the summary of a text has.
const SUMMARY: usize = 300;

/// List news and newsletters
///
/// What is published, the newest first. No token is needed; with one, you also see the drafts that you may change. Without a
/// token, the answer may be kept for a minute. Filters are combined with AND.
#[utoipa::path(operation_id = "list_posts", tag = "Publishing", security((), ("bearer" = ["press:read"])),
    params(PostFilter), responses((status = 200, description = "One page", body = Page<Post>)))]
#[get("/posts")]
async fn list(
    visit: Visit,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<PostFilter>,
) -> Result<HttpResponse> {
    let own = visit.reach::<ReadPress>();
    records::list::<NewPost>(visit, own, (pool, catalogues), filter.0).await
}

/// Write news or a newsletter
///
/// The text is Markdown; the answer has it as HTML that can be shown anywhere, and says in `notices` what was left out. A
/// published post appears at `publish_at`: one that is over returns 422 `publication_is_past`. The number of a newsletter is
/// given once per area: 409 `duplicate_number`.
#[utoipa::path(operation_id = "create_post", tag = "Publishing", security(("bearer" = ["press:write"])),
    request_body = NewPost, responses((status = 201, description = "Written", body = Post),
        (status = 409, description = "There is a newsletter of this number already")))]
#[post("/posts")]
async fn create(
    caller: Caller<WritePress>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    language: Language,
    new: Submission<NewPost>,
) -> Result<HttpResponse> {
    records::create(caller, (pool, catalogues), "/v1/posts", language, new).await
}

/// Show news or a newsletter
///
/// No token is needed. Each reading without one counts as a page view, and nothing is kept of who reads.
#[utoipa::path(operation_id = "show_post", tag = "Publishing", security((), ("bearer" = ["press:read"])),
    params(("id" = Id, Path, description = "The post")),
    responses((status = 200, description = "The post", body = Post)))]
#[get("/posts/{id}")]
async fn show(visit: Visit, pool: Data<Pool>, id: PathId) -> Result<HttpResponse> {
    let own = visit.reach::<ReadPress>();
    records::show::<NewPost>(visit, own, pool, id.0).await
}

/// Change news or a newsletter
///
/// Send a JSON Merge Patch. A post of your areas can be changed by you, others that you see
/// return 403. Set `status` to `draft` to take it back.
#[utoipa::path(operation_id = "update_post", tag = "Publishing", security(("bearer" = ["press:write"])),
    params(("id" = Id, Path, description = "The post")),
    request_body(content = inline(PostPatch), content_type = "application/merge-patch+json",
        example = json!({"status": "published"})),
    responses((status = 200, description = "Updated", body = Post),
        (status = 409, description = "There is a newsletter of this number already")))]
#[patch("/posts/{id}")]
async fn update(
    caller: Caller<WritePress>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    language: Language,
    id: PathId,
    if_match: IfMatch,
    patch: PostPatch,
) -> Result<Entity<Post>> {
    records::update(caller, (pool, catalogues), language, (id.0, if_match), patch).await
}

type PostPatch = Patch<NewPost>;

/// Follow news and newsletters
///
/// The 50 posts that were published last, with their text, as Atom. No token is needed.
#[utoipa::path(operation_id = "follow_posts", tag = "Publishing", params(FeedFilter),
    responses((status = 200, description = "The posts", body = inline(FileBody), content_type = "application/atom+xml")))]
#[get("/posts.atom")]
async fn follow(
    _: OpenReader,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    language: Language,
    filter: Query<FeedFilter>,
) -> Result<HttpResponse> {
    let reader = reader(None, language);
    let page = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        actions::list::<NewPost>(db, &reader, &catalogue, filter.0.into())
    });
    let base = public_url.0.trim_end_matches('/').to_owned();
    let entry = |post: Post| Entry {
        id: format!("urn:uuid:{}", post.id),
        url: format!("{base}/posts/{}", post.id),
        summary: beginning(&post.plan.body, SUMMARY),
        content: Some(post.html),
        title: post.plan.title,
        published_at: post.published_at.unwrap_or(post.created_at),
        changed_at: post.updated_at.max(post.published_at.unwrap_or(post.created_at)),
    };
    let entries: Vec<Entry> = page.await?.items.into_iter().map(entry).collect();
    let title = match language {
        Language::Ja => "お知らせと会報",
        Language::En => "News and newsletters",
    };
    let query = match request.query_string() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    let own = format!("{base}/v1/posts.atom{query}");
    let text = atom::write(&own, title, &[("self", &own)], &entries)?;
    let mut answer = HttpResponse::Ok()
        .content_type("application/atom+xml; charset=utf-8")
        .insert_header((header::VARY, "Accept-Language"))
        .body(text);
    make_public(&mut answer, MAX_AGE);
    Ok(Disclosure::nobody().attach(answer))
}
