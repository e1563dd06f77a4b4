//! The pages of listings.

use super::{MAX_AGE, publish};
use crate::catalogue::Catalogues;
use crate::config::PublicUrl;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, Result};
use crate::events::{EventKind, ListingFilter, receipts};
use crate::http::query::{self, Several};
use crate::http::{ClientAddress, Disclosure, Language, PathId, PublicReader, body, conditional, edge};
use crate::listings::form::{self, Form};
use crate::listings::html::{self, HtmlPage, ListPage};
use crate::listings::{actions, feed};
use crate::press::PageKind;
use crate::press::counter::ViewCounter;
use crate::sessions::Client;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse};

const HTML: &str = "text/html; charset=utf-8";

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/events", web::get().to(list_events))
        .route("/openings", web::get().to(list_openings))
        .route("/events/{id}", web::get().to(show))
        .route("/events/{id}", web::post().to(register))
        .route("/events/{id}/cancellation", web::post().to(cancel))
        .route("/listings.css", web::get().to(style));
}

async fn style() -> HttpResponse {
    let mut answer = HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .body(html::STYLE);
    conditional::make_public(&mut answer, MAX_AGE);
    answer
}

async fn list_events(
    reader: Result<PublicReader>,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    views: Data<ViewCounter>,
) -> HttpResponse {
    let asked = Asked::of(&request);
    let found = match reader {
        Ok(_) => list(ListPage::Events, &asked, &pool, catalogues, public_url).await,
        Err(error) => Err(error),
    };
    asked.count(&views, &found, PageKind::Listing, ListPage::Events.id());
    asked.answer(found)
}

async fn list_openings(
    reader: Result<PublicReader>,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    views: Data<ViewCounter>,
) -> HttpResponse {
    let asked = Asked::of(&request);
    let found = match reader {
        Ok(_) => list(ListPage::Openings, &asked, &pool, catalogues, public_url).await,
        Err(error) => Err(error),
    };
    asked.count(&views, &found, PageKind::Listing, ListPage::Openings.id());
    asked.answer(found)
}

async fn show(
    reader: Result<PublicReader>,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    views: Data<ViewCounter>,
    id: Result<PathId>,
) -> HttpResponse {
    let asked = Asked::of(&request);
    let language = asked.language;
    let event = id.as_ref().map_or_else(|_| Id(uuid::Uuid::nil()), |id| id.0);
    let found = match (reader, id) {
        (Err(error), _) | (_, Err(error)) => Err(error),
        (Ok(_), Ok(id)) => {
            let form = asked.form();
            let find = move |db: &mut Db| {
                let catalogue = catalogues.current(db)?;
                let listing = actions::show(db, id.0, &public_url.0)?;
                let others = actions::siblings(db, &listing, &public_url.0)?;
                let page = html::one((&listing, &others), &catalogue, &form, language);
                Ok((page, Some(listing.updated_at)))
            };
            pool.read(find).await
        }
    };
    asked.count(&views, &found, PageKind::Event, event);
    asked.answer(found)
}

/// What a browser sends of a form, and how much of it.
const FORM: &str = "application/x-www-form-urlencoded";
const LONGEST_FORM_BYTES: usize = 64 * 1024;

/// The request of a form on the page of an event.
struct Sent {
    event: Id,
    client: Client,
    form: Form,
}

impl Sent {
    async fn of(
        asked: &Asked,
        request: &HttpRequest,
        payload: web::Payload,
        (reader, id): (Result<PublicReader>, Result<PathId>),
    ) -> Result<Sent> {
        reader?;
        let event = id?.0;
        let mut payload = payload.into_inner();
        let ClientAddress(address) = ClientAddress::from_request(request, &mut Payload::None).await?;
        let sent = body::read(request, &mut payload, FORM, LONGEST_FORM_BYTES).await?;
        Ok(Sent {
            event,
            client: Client::new(address, None),
            form: asked.form().read(&sent),
        })
    }
}

async fn register(
    checked: (Result<PublicReader>, Result<PathId>),
    request: HttpRequest,
    payload: web::Payload,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
) -> HttpResponse {
    let asked = Asked::of(&request);
    let Sent { event, client, form } = match Sent::of(&asked, &request, payload, checked).await {
        Ok(sent) => sent,
        Err(error) => return asked.refuse(&error),
    };
    let taken = async {
        let guest = form.guest()?;
        receipts::slow_down(&pool, client.clone()).await?;
        let register = move |db: &mut Db| receipts::register(db, &client, event, guest, Instant::now());
        pool.write(register).await
    };
    match taken.await {
        Ok((_, receipt)) => asked.answer_privately(form::receipt(&receipt, &form, asked.language)),
        Err(error) => {
            asked
                .refuse_form(error, (event, form), &pool, catalogues, public_url)
                .await
        }
    }
}

async fn cancel(
    checked: (Result<PublicReader>, Result<PathId>),
    request: HttpRequest,
    payload: web::Payload,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
) -> HttpResponse {
    let asked = Asked::of(&request);
    let Sent { event, client, form } = match Sent::of(&asked, &request, payload, checked).await {
        Ok(sent) => sent,
        Err(error) => return asked.refuse(&error),
    };
    let done = async { receipts::cancel(&pool, client, form.secret()?).await };
    match done.await {
        Ok(()) => asked.answer_privately(form::cancelled(event, &form, asked.language)),
        Err(error) => {
            asked
                .refuse_form(error, (event, form), &pool, catalogues, public_url)
                .await
        }
    }
}

type Found = Result<(HtmlPage, Option<crate::db::Instant>)>;

async fn list(
    which: ListPage,
    asked: &Asked,
    pool: &Pool,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
) -> Found {
    let (language, query) = (asked.language, asked.query.clone());
    let mut filter: ListingFilter = query::parse(&query)?;
    if which == ListPage::Openings {
        filter.kind = Some(Several(vec![EventKind::VolunteerOpening]));
    }
    let find = move |db: &mut Db| {
        let catalogue = catalogues.current(db)?;
        let page = actions::list(db, &catalogue, filter.clone(), &public_url.0, false)?;
        let shown = without(&query, &["cursor"]);
        let around = (public_url.0.as_str(), shown.as_str(), page.next.as_deref());
        let written = html::list(which, &page.items, &catalogue, around, &filter, language);
        Ok((written, feed::changed_at(&page.items)))
    };
    pool.read(find).await
}

/// What a request for a page asks for.
struct Asked {
    language: Language,
    /// Whether the address names the language. Otherwise it is that of the reader's browser.
    is_named: bool,
    /// The query without fields that are empty, as a form sends them.
    query: String,
    /// Whether the page itself is asked for.
    is_read: bool,
}

impl Asked {
    fn of(request: &HttpRequest) -> Asked {
        let query = without(request.query_string(), &[]);
        let named = form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "lang")
            .map(|(_, lang)| if lang == "en" { Language::En } else { Language::Ja });
        Asked {
            language: named.unwrap_or_else(|| Language::of(request)),
            is_named: named.is_some(),
            query,
            is_read: edge::is_read(request),
        }
    }

    /// Counts a view of a page that was found.
    fn count(&self, views: &ViewCounter, found: &Found, kind: PageKind, id: Id) {
        if self.is_read && found.is_ok() {
            views.count(kind, id);
        }
    }

    fn answer(&self, found: Found) -> HttpResponse {
        let (page, changed_at) = match found {
            Ok(found) => found,
            Err(error) => return self.refuse(&error),
        };
        let mut answer = HttpResponse::Ok().content_type(HTML).body(page.text);
        set_policy(&mut answer, page.data_hash.as_deref());
        if !self.is_named {
            let vary = HeaderValue::from_static("Accept-Language");
            answer.headers_mut().append(header::VARY, vary);
        }
        Disclosure::nobody().attach(publish(answer, changed_at))
    }

    /// Returns an empty form, which is answered in the language of this page.
    fn form(&self) -> Form {
        Form::new(self.is_named.then_some(self.language))
    }

    /// Answers with a page that no cache keeps.
    fn answer_privately(&self, page: String) -> HttpResponse {
        let mut answer = HttpResponse::Ok();
        answer
            .content_type(HTML)
            .insert_header((header::CACHE_CONTROL, "no-store"));
        let mut answer = answer.body(page);
        set_policy(&mut answer, None);
        answer
    }

    /// Answers with the page of an event, its form as it was typed, and what is wrong.
    async fn refuse_form(
        &self,
        error: Error,
        (event, form): (Id, Form),
        pool: &Pool,
        catalogues: Data<Catalogues>,
        public_url: Data<PublicUrl>,
    ) -> HttpResponse {
        let (language, form) = (self.language, form.refused(&error));
        let find = move |db: &mut Db| {
            let catalogue = catalogues.current(db)?;
            let listing = actions::show(db, event, &public_url.0)?;
            let others = actions::siblings(db, &listing, &public_url.0)?;
            Ok(html::one((&listing, &others), &catalogue, &form, language))
        };
        let is_theirs = matches!(error.status(), 409 | 422 | 429);
        let page = match is_theirs {
            true => pool.read(find).await,
            false => return self.refuse(&error),
        };
        let page = match page {
            Ok(page) => page,
            Err(error) => return self.refuse(&error),
        };
        let mut answer = self.answer_privately(page.text);
        set_policy(&mut answer, page.data_hash.as_deref());
        *answer.status_mut() =
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
        if let Some(wait_s) = error.retry_after_s() {
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
        }
        answer
    }

    fn refuse(&self, error: &Error) -> HttpResponse {
        if let Some(reason) = error.internal_reason() {
            tracing::error!(code = error.code(), reason, "a page failed");
        }
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = HttpResponse::build(status);
        answer
            .content_type(HTML)
            .insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(wait_s) = error.retry_after_s() {
            answer.insert_header((header::RETRY_AFTER, wait_s));
        }
        let mut answer = answer.body(html::refused(error, self.language));
        set_policy(&mut answer, None);
        answer
    }
}

/// Leaves out empty fields of a query, and those with these names.
fn without(query: &str, names: &[&str]) -> String {
    let kept = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, value)| !value.is_empty() && !names.contains(&name.as_ref()));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .finish()
}

/// A page has a style, a form, and at most the data about its event. Nothing runs.
fn set_policy(answer: &mut HttpResponse, data_hash: Option<&str>) {
    let script = data_hash.map(|hash| format!(" script-src 'sha256-{hash}';"));
    let policy = format!(
        "default-src 'none'; style-src 'self';{} form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        script.unwrap_or_default()
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        answer
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}
