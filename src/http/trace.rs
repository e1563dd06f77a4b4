//! Request ids and the access log.
//!
//! The log line has no headers, and the path without its query, which may contain a person's name.

use actix_web::HttpMessage;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use std::time::Instant;
use uuid::Uuid;

const HEADER: &str = "x-request-id";

#[derive(Clone)]
struct RequestId(HeaderValue);

/// Returns the id that [`begin`] gave the request.
pub fn request_id(request: &impl HttpMessage) -> String {
    let extensions = request.extensions();
    let id = extensions.get::<RequestId>().and_then(|id| id.0.to_str().ok());
    id.unwrap_or_default().to_owned()
}

/// A request that is being answered.
pub struct Trace {
    id: HeaderValue,
    started: Instant,
}

/// Gives the request an id. The caller's `X-Request-Id` is used if it has 1 to 64 letters, digits, `-`, `_` or `.`.
pub fn begin(request: &ServiceRequest) -> Trace {
    let plain = |id: &&HeaderValue| {
        let id = id.as_bytes();
        (1..=64).contains(&id.len()) && id.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
    };
    let given = request.headers().get(HEADER).filter(plain);
    let id = given.cloned().unwrap_or_else(fresh);
    request.extensions_mut().insert(RequestId(id.clone()));
    let started = Instant::now();
    Trace { id, started }
}

fn fresh() -> HeaderValue {
    let mut buffer = Uuid::encode_buffer();
    let text = Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("-"))
}

impl Trace {
    /// Logs the request, and returns its id to the client.
    pub fn end(self, answer: &mut ServiceResponse) {
        let (status, micros) = (answer.status().as_u16(), self.started.elapsed().as_micros());
        let request = answer.request();
        tracing::info!(
            request_id = self.id.to_str().unwrap_or_default(),
            method = request.method().as_str(),
            path = request.path(),
            status,
            micros,
            "request"
        );
        answer
            .headers_mut()
            .insert(HeaderName::from_static(HEADER), self.id);
    }
}
