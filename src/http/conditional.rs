//! Conditional requests (RFC 9110): `ETag`, `If-Match` against lost updates, `If-None-Match` against idle bytes.
//!
//! A single resource's tag is its version. Any other successful GET gets a weak tag made of its bytes.

use crate::error::{Error, Result};
use actix_web::body::{self, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, EntityTag, Header, HeaderValue, IfNoneMatch};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::future::{Ready, ready};

/// A single resource with its version as the tag.
pub struct Entity<T> {
    pub version: i64,
    pub body: T,
}

impl<T: Serialize> Responder for Entity<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((header::ETAG, tag(self.version)))
            .json(self.body)
    }
}

/// The tag of a version.
pub fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The version that the client means to change, by `If-Match`; without the header any will do.
#[derive(Debug, Clone, Copy)]
pub enum IfMatch {
    Any,
    Version(i64),
    /// The header names nothing that a version of ours ever had as its tag.
    None,
}

impl IfMatch {
    pub fn check(self, current: i64) -> Result<()> {
        let matches = match self {
            IfMatch::Any => true,
            IfMatch::Version(version) => version == current,
            IfMatch::None => false,
        };
        if matches {
            Ok(())
        } else {
            Err(Error::PreconditionFailed { current })
        }
    }
}

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = Ready<Result<IfMatch>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = request.headers().get(header::IF_MATCH) else {
            return ready(Ok(IfMatch::Any));
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return ready(Ok(IfMatch::Any));
        }
        // If-Match compares strongly: a weak tag never matches.
        let tag = text.parse::<EntityTag>().ok().filter(|tag| !tag.weak);
        let version = tag.and_then(|tag| tag.tag().parse().ok());
        ready(Ok(version.map_or(IfMatch::None, IfMatch::Version)))
    }
}

/// Tags what has no tag yet, and answers 304 where the client has it already.
pub async fn not_modified<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    let is_get = request.method() == Method::GET;
    let known = IfNoneMatch::parse(&request)
        .ok()
        .filter(|_| request.headers().contains_key(header::IF_NONE_MATCH));
    let response = next.call(request).await?;
    if !is_get || response.status() != StatusCode::OK {
        return Ok(response.map_into_left_body());
    }
    let (request, response) = response.into_parts();
    let (mut response, body) = response.into_parts();
    let bytes = body::to_bytes(body)
        .await
        .map_err(|_| Error::Internal("a body could not be made".into()))?;
    if !response.headers().contains_key(header::ETAG) {
        let digest = Sha256::digest(&bytes)
            .iter()
            .take(16)
            .map(|b| format!("{b:02x}"))
            .collect::<String>();
        if let Ok(value) = HeaderValue::from_str(&format!("W/\"{digest}\"")) {
            response.headers_mut().insert(header::ETAG, value);
        }
    }
    let vary = HeaderValue::from_static("Accept, Accept-Language, Authorization");
    response.headers_mut().insert(header::VARY, vary);
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    let own = response
        .headers()
        .get(header::ETAG)
        .and_then(|tag| tag.to_str().ok()?.parse::<EntityTag>().ok());
    let unchanged = match (known, own) {
        (Some(IfNoneMatch::Any), _) => true,
        (Some(IfNoneMatch::Items(tags)), Some(own)) => tags.iter().any(|tag| tag.weak_eq(&own)),
        _ => false,
    };
    let body = if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(header::CONTENT_TYPE);
        BoxBody::new(())
    } else {
        BoxBody::new(bytes)
    };
    Ok(ServiceResponse::new(request, response.set_body(body)).map_into_right_body())
}
