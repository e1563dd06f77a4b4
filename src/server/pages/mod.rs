//! The pages that open with a one-time link, so that this works without a frontend: an invited user chooses a password, an
//! organization says what became of the work.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Path, media type and text.
const FILES: [(&str, &str, &str); 6] = [
    ("/invitation", HTML, include_str!("invitation.html")),
    ("/invitation.js", SCRIPT, include_str!("invitation.js")),
    ("/follow-up", HTML, include_str!("follow-up.html")),
    ("/follow-up.js", SCRIPT, include_str!("follow-up.js")),
    ("/link.js", SCRIPT, include_str!("link.js")),
    ("/link.css", STYLE, include_str!("link.css")),
];

pub fn routes(cfg: &mut web::ServiceConfig) {
    for (path, kind, text) in FILES {
        let page = move || std::future::ready(page(kind, text));
        cfg.route(path, web::get().to(page));
    }
}

fn page(kind: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .body(text)
}
