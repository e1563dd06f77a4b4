//! The pages of cards, posts and publications.

use super::visits::reader;
use crate::catalogue::{Catalogue, Catalogues};
use crate::config::PublicUrl;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::Result;
use crate::events::receipts::slow_down;
use crate::http::pages::form::{Form, can_be_mended};
use crate::http::pages::{Asked, Found, HtmlPage, without};
use crate::http::query::parse;
use crate::http::{ClientAddress, Page, PathId, PublicReader};
use crate::press::actions::{self, Kept};
use crate::press::cards::NewCard;
use crate::press::counter::ViewCounter;
use crate::press::filter::{CardFilter, ItemFilter, PostFilter, PublicationFilter};
use crate::press::html::{self, Around, Entry, Shelf};
use crate::press::posts::NewPost;
use crate::press::publications::NewPublication;
use crate::press::{PageKind, library};
use crate::sessions::Client;
use crate::sessions::throttle::PublicWrite;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/cards", web::get().to(list_cards))
        .route("/cards/{id}", web::get().to(show_card))
        .route("/posts", web::get().to(list_posts))
        .route("/posts/{id}", web::get().to(show_post))
        .route("/publications", web::get().to(list_publications))
        .route("/publications/{id}", web::get().to(show_publication))
        .route("/publications/{id}/feedback", web::get().to(lead_to_publication))
        .route("/publications/{id}/feedback", web::post().to(give_feedback));
}

/// What every page needs.
struct Stores {
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    views: Data<ViewCounter>,
}

type Shared = (Data<Pool>, Data<Catalogues>, Data<PublicUrl>, Data<ViewCounter>);

impl From<Shared> for Stores {
    fn from((pool, catalogues, public_url, views): Shared) -> Stores {
        Stores {
            pool,
            catalogues,
            public_url,
            views,
        }
    }
}

impl Stores {
    /// Reads with what pages need besides their record.
    async fn read(
        &self,
        asked: &Asked,
        read: impl FnOnce(&mut Db, &Around) -> Result<(HtmlPage, Option<Instant>)> + Send + 'static,
    ) -> Found {
        let (catalogues, public_url) = (self.catalogues.clone(), self.public_url.clone());
        let (language, lang) = (asked.language, asked.lang());
        let read = move |db: &mut Db| {
            let catalogue: std::sync::Arc<Catalogue> = catalogues.current(db)?;
            let around = Around {
                catalogue: &catalogue,
                base: &public_url.0,
                language,
                lang,
            };
            read(db, &around)
        };
        self.pool.read(read).await
    }
}

/// Answers with a list.
async fn list<P: Kept + 'static>(
    shelf: Shelf,
    request: &HttpRequest,
    reading: Result<PublicReader>,
    stores: Stores,
    filter: impl FnOnce(&str) -> Result<ItemFilter>,
    entry: fn(P::View, &Around) -> Entry,
) -> HttpResponse {
    let asked = Asked::of(request);
    let query = without(&asked.query, &["cursor"]);
    let found = async {
        reading?;
        let filter = filter(&without(&asked.query, &["lang"]))?;
        let language = asked.language;
        let find = move |db: &mut Db, around: &Around| {
            let q = filter.q.clone().unwrap_or_default();
            let reader = reader(None, language);
            let page: Page<P::View> = actions::list::<P>(db, &reader, around.catalogue, filter)?;
            let entries: Vec<Entry> = page.items.into_iter().map(|one| entry(one, around)).collect();
            let of = (query.as_str(), q.as_str(), page.next.as_deref());
            Ok((html::list(shelf, &entries, of, around), None))
        };
        stores.read(&asked, find).await
    };
    let found = found.await;
    if asked.is_view(&found) {
        stores.views.count(PageKind::Listing, shelf.id());
    }
    asked.answer(found)
}

/// Answers with the page of a record.
async fn show<P: Kept + 'static>(
    shelf: Shelf,
    request: &HttpRequest,
    reading: (Result<PublicReader>, Result<PathId>),
    stores: Stores,
    write: fn(&P::View, &Form, &Around) -> HtmlPage,
) -> HttpResponse {
    let asked = Asked::of(request);
    let id = match reading {
        (Ok(_), Ok(id)) => id.0,
        (Err(error), _) | (_, Err(error)) => return asked.refuse(&error),
    };
    let form = asked.form(html::FEEDBACK);
    let found = find::<P>(&asked, id, form, &stores, write).await;
    if asked.is_view(&found) {
        stores.views.count(shelf.page(), id);
    }
    asked.answer(found)
}

async fn find<P: Kept + 'static>(
    asked: &Asked,
    id: Id,
    form: Form,
    stores: &Stores,
    write: fn(&P::View, &Form, &Around) -> HtmlPage,
) -> Found {
    let language = asked.language;
    let find = move |db: &mut Db, around: &Around| {
        let shown = actions::show::<P>(db, &reader(None, language), id)?;
        Ok((write(&shown, &form, around), None))
    };
    stores.read(asked, find).await
}

async fn list_cards(reading: Result<PublicReader>, request: HttpRequest, stores: Shared) -> HttpResponse {
    let filter = |query: &str| parse::<CardFilter>(query).map(ItemFilter::from);
    list::<NewCard>(
        Shelf::Cards,
        &request,
        reading,
        stores.into(),
        filter,
        html::card_entry,
    )
    .await
}

async fn show_card(
    reading: (Result<PublicReader>, Result<PathId>),
    request: HttpRequest,
    stores: Shared,
) -> HttpResponse {
    let write = |card: &_, _: &Form, around: &Around| html::card(card, around);
    show::<NewCard>(Shelf::Cards, &request, reading, stores.into(), write).await
}

async fn list_posts(reading: Result<PublicReader>, request: HttpRequest, stores: Shared) -> HttpResponse {
    let filter = |query: &str| parse::<PostFilter>(query).map(ItemFilter::from);
    list::<NewPost>(
        Shelf::Posts,
        &request,
        reading,
        stores.into(),
        filter,
        html::post_entry,
    )
    .await
}

async fn show_post(
    reading: (Result<PublicReader>, Result<PathId>),
    request: HttpRequest,
    stores: Shared,
) -> HttpResponse {
    let write = |post: &_, _: &Form, around: &Around| html::post(post, around);
    show::<NewPost>(Shelf::Posts, &request, reading, stores.into(), write).await
}

async fn list_publications(
    reading: Result<PublicReader>,
    request: HttpRequest,
    stores: Shared,
) -> HttpResponse {
    let filter = |query: &str| parse::<PublicationFilter>(query).map(ItemFilter::from);
    let entry = html::publication_entry;
    list::<NewPublication>(
        Shelf::Publications,
        &request,
        reading,
        stores.into(),
        filter,
        entry,
    )
    .await
}

async fn show_publication(
    reading: (Result<PublicReader>, Result<PathId>),
    request: HttpRequest,
    stores: Shared,
) -> HttpResponse {
    let write = html::publication;
    show::<NewPublication>(Shelf::Publications, &request, reading, stores.into(), write).await
}

async fn lead_to_publication(id: Result<PathId>, request: HttpRequest) -> HttpResponse {
    let asked = Asked::of(&request);
    match id {
        Ok(id) => asked.lead_to(&format!("{}/{}", Shelf::Publications.path(), id.0)),
        Err(error) => asked.refuse(&error),
    }
}

/// Takes what somebody thinks of a publication, as the operation of the API does.
async fn give_feedback(
    (reading, id): (Result<PublicReader>, Result<PathId>),
    address: ClientAddress,
    request: HttpRequest,
    payload: web::Payload,
    stores: Shared,
) -> HttpResponse {
    let (asked, stores) = (Asked::of(&request), Stores::from(stores));
    let sent = async {
        reading?;
        Ok((id?.0, asked.read_form(html::FEEDBACK, &request, payload).await?))
    };
    let (id, form) = match sent.await {
        Ok(sent) => sent,
        Err(error) => return asked.refuse(&error),
    };
    let taken = async {
        let new = html::feedback(&form)?;
        slow_down(&stores.pool, PublicWrite::Feedback, Client::new(address.0, None)).await?;
        let take = move |db: &mut Db| library::take_feedback(db, id, &new, Instant::now());
        stores.pool.write(take).await
    };
    let error = match taken.await {
        Ok(_) => return asked.answer_privately(html::thanks(id, &form, asked.language)),
        Err(error) => error,
    };
    if !can_be_mended(&error) {
        return asked.refuse(&error);
    }
    let form = form.refused(&error, None);
    match find::<NewPublication>(&asked, id, form, &stores, html::publication).await {
        Ok((page, _)) => asked.answer_refused(&error, page),
        Err(error) => asked.refuse(&error),
    }
}
