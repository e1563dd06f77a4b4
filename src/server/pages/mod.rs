//! The page on which users set a password after an invitation, so that this works without a frontend.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/invitation", web::get().to(invitation))
        .route("/invitation.js", web::get().to(script));
}

async fn invitation() -> HttpResponse {
    page("text/html; charset=utf-8", include_str!("invitation.html"))
}

async fn script() -> HttpResponse {
    page("text/javascript; charset=utf-8", include_str!("invitation.js"))
}

fn page(kind: &str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .body(text)
}
