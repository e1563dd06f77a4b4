//! How a visitor is answered, with a token or without one.

use crate::auth::Reach;
use crate::auth::http::Visitor;
use crate::db::Instant;
use crate::http::Language;
use crate::http::conditional::make_public;
use crate::press::actions::Reader;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder};
use std::time::Duration;

/// How long caches keep what everybody reads.
pub const MAX_AGE: Duration = Duration::from_secs(60);

pub fn reader(own: Option<Reach>, language: Language) -> Reader {
    Reader {
        own,
        language,
        now: Instant::now(),
    }
}

/// Answers a visitor. What is shown without a token may be kept by every cache.
pub fn answer<T: Responder>(visitor: &Visitor, request: &HttpRequest, body: T) -> HttpResponse
where
    T::Body: actix_web::body::MessageBody + 'static,
{
    let mut answer = body.respond_to(request).map_into_boxed_body();
    if !visitor.has_token() {
        make_public(&mut answer, MAX_AGE);
        let varies = HeaderValue::from_static("Authorization, Accept-Language");
        answer.headers_mut().append(header::VARY, varies);
    }
    answer
}
