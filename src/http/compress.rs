//! Compressing answers with gzip, and refusing bodies that are compressed.
//!
//! The whole body is compressed before the first byte leaves, so that head and body leave in one write. Streams aren't
//! compressed: files are, where it pays, before they are sent.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, AcceptEncoding, Encoding, Header, HeaderMap, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// Shorter bodies fit into one packet anyway.
const MIN_BYTES: usize = 1024;
/// Longer bodies are compressed on another thread.
const MAX_HERE: usize = 32 * 1024;

/// Returns whether the client prefers gzip.
pub fn accepts_gzip(request: &HttpRequest) -> bool {
    if !request.headers().contains_key(header::ACCEPT_ENCODING) {
        return false;
    }
    let offered = [Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request).is_ok_and(|accepted| {
        // A client that accepts both equally gets the smaller one.
        accepted.negotiate(offered.iter()) == Some(Encoding::gzip())
    })
}

/// Returns whether the body of a request is encoded: only answers are.
pub fn is_encoded(request: &impl HttpMessage) -> bool {
    let mut all = request.headers().get_all(header::CONTENT_ENCODING);
    all.any(|value| {
        let codings = value.to_str().unwrap_or("unknown").split(',').map(str::trim);
        codings
            .into_iter()
            .any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
    })
}

/// Marks an answer whose encoding depends on the request.
pub fn vary(headers: &mut HeaderMap) {
    headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
}

pub fn mark_gzip(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
}

pub fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Compresses a whole body of text, if the client wants that.
pub async fn compress(answer: ServiceResponse) -> ServiceResponse {
    let headers = answer.headers();
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    if headers.contains_key(header::CONTENT_ENCODING) || !kind.is_some_and(is_text) {
        return answer;
    }
    let (request, answer) = answer.into_parts();
    let (mut answer, body) = answer.into_parts();
    let body = match body.try_into_bytes() {
        Err(stream) => stream,
        Ok(bytes) if bytes.len() < MIN_BYTES => BoxBody::new(bytes),
        Ok(bytes) => {
            vary(answer.headers_mut());
            let smaller = if accepts_gzip(&request) {
                compressed(bytes.clone()).await
            } else {
                None
            };
            if smaller.is_some() {
                mark_gzip(answer.headers_mut());
            }
            BoxBody::new(smaller.unwrap_or(bytes))
        }
    };
    ServiceResponse::new(request, answer.set_body(body))
}

async fn compressed(bytes: Bytes) -> Option<Bytes> {
    let smaller = if bytes.len() <= MAX_HERE {
        gzip(&bytes)
    } else {
        tokio::task::spawn_blocking(move || gzip(&bytes)).await.ok()?
    };
    smaller.ok().map(Bytes::from)
}

fn is_text(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default();
    kind.starts_with("text/")
        || kind.ends_with("json")
        || kind.ends_with("javascript")
        || kind.ends_with("xml")
}
