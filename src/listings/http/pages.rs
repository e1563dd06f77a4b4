//! The pages of listings, and of registrations that somebody made without an account.
//!
//! The secret of a registration is in the query of its page, which no log has, or in what a form sends. Nobody else knows it,
//! so nobody else can send the form.

use crate::catalogue::{Catalogues, Filters};
use crate::config::PublicUrl;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, Result};
use crate::events::{EventKind, ListingFilter, receipts};
use crate::http::pages::form::{Form, can_be_mended};
use crate::http::pages::{Asked, Found, MAX_AGE, markup, without};
use crate::http::query::{self, Several};
use crate::http::{ClientAddress, PathId, PublicReader, conditional};
use crate::listings::html::{self, ListPage};
use crate::listings::{actions, feed, form, receipt};
use crate::press::PageKind;
use crate::press::counter::ViewCounter;
use crate::sessions::Client;
use crate::sessions::throttle::PublicWrite;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/events", web::get().to(list_events))
        .route("/openings", web::get().to(list_openings))
        .route("/events/{id}", web::get().to(show))
        .route("/events/{id}", web::post().to(register))
        .route(receipt::PATH, web::get().to(open_receipt))
        .route(receipt::PATH, web::post().to(show_receipt))
        .route(receipt::CANCELLATION, web::get().to(lead_to_receipt))
        .route(receipt::CANCELLATION, web::post().to(cancel))
        .route(receipt::ANSWERS, web::get().to(lead_to_receipt))
        .route(receipt::ANSWERS, web::post().to(answer))
        .route("/listings.css", web::get().to(style))
        .route(markup::ICON, web::get().to(icon));
}

async fn style() -> HttpResponse {
    file("text/css; charset=utf-8", html::STYLE)
}

async fn icon() -> HttpResponse {
    file("image/svg+xml", include_str!("../../../console/style/mark.svg"))
}

fn file(kind: &'static str, text: &'static str) -> HttpResponse {
    let mut answer = HttpResponse::Ok().content_type(kind).body(text);
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
    if asked.is_view(&found) {
        views.count(PageKind::Listing, ListPage::Events.id());
    }
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
    if asked.is_view(&found) {
        views.count(PageKind::Listing, ListPage::Openings.id());
    }
    asked.answer(found)
}

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
        Filters::of(&catalogue).area(&mut filter.area).check()?;
        let page = actions::list(db, &catalogue, filter.clone(), &public_url.0, false)?;
        let shown = without(&query, &["cursor"]);
        let around = (public_url.0.as_str(), shown.as_str(), page.next.as_deref());
        let written = html::list(which, &page.items, &catalogue, around, &filter, language);
        Ok((written, feed::changed_at(&page.items)))
    };
    pool.read(find).await
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
    let event = id.as_ref().map_or_else(|_| Id(uuid::Uuid::nil()), |id| id.0);
    let found = match (reader, id) {
        (Err(error), _) | (_, Err(error)) => Err(error),
        (Ok(_), Ok(id)) => {
            let form = asked.form(form::NAMES);
            find(&asked, id.0, form, &pool, catalogues, public_url).await
        }
    };
    if asked.is_view(&found) {
        views.count(PageKind::Event, event);
    }
    asked.answer(found)
}

/// Writes the page of an event, with its form as it was typed.
async fn find(
    asked: &Asked,
    event: Id,
    form: Form,
    pool: &Pool,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
) -> Found {
    let language = asked.language;
    let find = move |db: &mut Db| {
        let catalogue = catalogues.current(db)?;
        let listing = actions::show(db, event, &public_url.0)?;
        let others = actions::siblings(db, &listing, &public_url.0)?;
        let page = html::one((&listing, &others), &catalogue, &form, language);
        Ok((page, Some(listing.updated_at)))
    };
    pool.read(find).await
}

async fn register(
    (reader, id): (Result<PublicReader>, Result<PathId>),
    address: ClientAddress,
    request: HttpRequest,
    payload: web::Payload,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
) -> HttpResponse {
    let asked = Asked::of(&request);
    let sent = async {
        reader?;
        Ok((id?.0, asked.read_form(form::NAMES, &request, payload).await?))
    };
    let (event, form) = match sent.await {
        Ok(sent) => sent,
        Err(error) => return asked.refuse(&error),
    };
    let client = Client::new(address.0, None);
    let taken = async {
        let guest = form::guest(&form)?;
        receipts::slow_down(&pool, PublicWrite::Registration, client.clone()).await?;
        let register = move |db: &mut Db| receipts::register(db, &client, event, guest, Instant::now());
        pool.write(register).await
    };
    let error = match taken.await {
        Ok((_, made)) => return asked.answer_privately(receipt::show(&made, &form, asked.language)),
        Err(error) => error,
    };
    let of_conflict = (error.code() == "already_registered").then_some("email");
    let form = form.refused(&error, of_conflict);
    let page = match can_be_mended(&error) {
        true => find(&asked, event, form, &pool, catalogues, public_url).await,
        false => return asked.refuse(&error),
    };
    match page {
        Ok((page, _)) => asked.answer_refused(&error, page),
        Err(error) => asked.refuse(&error),
    }
}

async fn lead_to_receipt(request: HttpRequest) -> HttpResponse {
    Asked::of(&request).lead_to(receipt::PATH)
}

async fn open_receipt(
    reader: Result<PublicReader>,
    address: ClientAddress,
    request: HttpRequest,
    pool: Data<Pool>,
) -> HttpResponse {
    let asked = Asked::of(&request);
    if let Err(error) = reader {
        return asked.refuse(&error);
    }
    let form = asked.form(receipt::NAMES);
    let secret = form_urlencoded::parse(asked.query.as_bytes()).find(|(name, _)| name == "secret");
    match secret {
        None => asked.answer_privately(receipt::opening(&form, asked.language)),
        Some((_, secret)) => {
            let form = form.filled("secret", secret.into_owned());
            answer_receipt(&asked, Client::new(address.0, None), form, &pool).await
        }
    }
}

async fn show_receipt(
    reader: Result<PublicReader>,
    address: ClientAddress,
    request: HttpRequest,
    payload: web::Payload,
    pool: Data<Pool>,
) -> HttpResponse {
    let asked = Asked::of(&request);
    match read_receipt(&asked, reader, &request, payload).await {
        Ok(form) => answer_receipt(&asked, Client::new(address.0, None), form, &pool).await,
        Err(error) => asked.refuse(&error),
    }
}

async fn cancel(
    reader: Result<PublicReader>,
    address: ClientAddress,
    request: HttpRequest,
    payload: web::Payload,
    pool: Data<Pool>,
) -> HttpResponse {
    let asked = Asked::of(&request);
    let form = match read_receipt(&asked, reader, &request, payload).await {
        Ok(form) => form,
        Err(error) => return asked.refuse(&error),
    };
    let client = Client::new(address.0, None);
    let done = async { receipts::cancel(&pool, client.clone(), receipt::secret(&form)?).await };
    match done.await {
        Ok(done) => asked.answer_privately(receipt::cancelled(done, &form, asked.language)),
        Err(error) => refuse_receipt(&asked, client, (error, form), &pool).await,
    }
}

async fn answer(
    reader: Result<PublicReader>,
    address: ClientAddress,
    request: HttpRequest,
    payload: web::Payload,
    pool: Data<Pool>,
) -> HttpResponse {
    let asked = Asked::of(&request);
    let form = match read_receipt(&asked, reader, &request, payload).await {
        Ok(form) => form,
        Err(error) => return asked.refuse(&error),
    };
    let client = Client::new(address.0, None);
    let done = async {
        let of = receipts::show(&pool, client.clone(), receipt::secret(&form)?).await?;
        let answers = receipt::answers(&form, &of.questions)?;
        receipts::answer(&pool, client.clone(), answers).await
    };
    match done.await {
        Ok(note) => asked.answer_privately(receipt::answered(note.event_id, &form, asked.language)),
        Err(error) => refuse_receipt(&asked, client, (error, form), &pool).await,
    }
}

async fn read_receipt(
    asked: &Asked,
    reader: Result<PublicReader>,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<Form> {
    reader?;
    asked.read_form(receipt::NAMES, request, payload).await
}

/// Answers with the page of the registration whose secret a form has.
async fn answer_receipt(asked: &Asked, client: Client, form: Form, pool: &Pool) -> HttpResponse {
    let found = async { receipts::show(pool, client, receipt::secret(&form)?).await };
    match found.await {
        Ok(found) => asked.answer_privately(receipt::show(&found, &form, asked.language)),
        Err(error) if can_be_mended(&error) => {
            let form = form.refused(&error, None);
            asked.answer_refused(&error, receipt::opening(&form, asked.language))
        }
        Err(error) => asked.refuse(&error),
    }
}

/// Answers with the page of the registration, the form as it was typed, and what is wrong with it. One with a wrong secret
/// leads back to where it is entered.
async fn refuse_receipt(
    asked: &Asked,
    client: Client,
    (error, form): (Error, Form),
    pool: &Pool,
) -> HttpResponse {
    let form = form.refused(&error, None);
    let is_open = form.faults_of("secret").next().is_none() && error.status() != 429;
    let found = match (can_be_mended(&error), is_open) {
        (false, _) => return asked.refuse(&error),
        (true, false) => None,
        (true, true) => receipts::show(pool, client, form.typed("secret").to_owned())
            .await
            .ok(),
    };
    let page = match found {
        Some(found) => receipt::show(&found, &form, asked.language),
        None => receipt::opening(&form, asked.language),
    };
    asked.answer_refused(&error, page)
}
