//! The HTTP face of the vocabulary, which needs no token.

use super::Vocabulary;
use crate::auth::http::OpenReader;
use crate::catalogue::Catalogues;
use crate::db::Pool;
use crate::error::Result;
use crate::http::disclosure::{impersonal, json};
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(Vocabulary);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(show);
}

/// Show the vocabulary
///
/// Returns what each code means, in Japanese and English side by side, so that a client can switch between them. The words
/// change only with a release of the server: caches may keep them for an hour. No token is needed.
#[utoipa::path(operation_id = "show_vocabulary", tag = "Catalogue",
    responses((status = 200, description = "The vocabulary", body = Vocabulary)))]
#[get("/vocabulary")]
async fn show(_: OpenReader, pool: Data<Pool>, catalogues: Data<Catalogues>) -> Result<HttpResponse> {
    let catalogue = pool.read(move |db| catalogues.current(db)).await?;
    let control = (header::CACHE_CONTROL, "public, max-age=3600");
    let vocabulary = Vocabulary::of(&catalogue);
    Ok(json(HttpResponse::Ok().insert_header(control), &vocabulary))
}
