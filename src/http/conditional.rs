//! Conditional requests (RFC 9110): `ETag`, `If-Match` against lost updates, `If-None-Match` to save transfers.
//!
//! The tag of a single resource is its version. Any other successful GET gets a weak tag, a hash of its bytes.

use super::Language;
use crate::error::{Error, Result};
use actix_web::body::{self, BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, EntityTag, Header, HeaderValue, IfNoneMatch};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::future::{Ready, ready};

/// A single resource, tagged with its version.
pub struct Entity<T> {
    pub version: i64,
    /// The body's language, if it depends on Accept-Language. The tag then includes it.
    pub language: Option<Language>,
    pub body: T,
}

impl<T> Entity<T> {
    pub fn new(version: i64, body: T) -> Entity<T> {
        Entity {
            version,
            language: None,
            body,
        }
    }
}

impl<T: Serialize> Responder for Entity<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let tag = match self.language {
            Some(language) => format!("\"{}.{}\"", self.version, language.tag()),
            None => tag(self.version),
        };
        HttpResponse::Ok()
            .insert_header((header::ETAG, tag))
            .json(self.body)
    }
}

/// Returns the tag of a version.
pub fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The header `If-Match`: the versions that the client intends to change.
#[derive(Debug, Clone)]
pub enum IfMatch {
    /// Without the header there is no condition.
    Absent,
    /// `*`: the record has to exist, in any version.
    Any,
    /// Tags that aren't versions are left out, as they can't match.
    Versions(Vec<i64>),
}

impl IfMatch {
    /// Checks the version of a record that exists.
    pub fn check(&self, current: i64) -> Result<()> {
        let matches = match self {
            IfMatch::Absent | IfMatch::Any => true,
            IfMatch::Versions(versions) => versions.contains(&current),
        };
        if matches {
            Ok(())
        } else {
            Err(Error::PreconditionFailed { current })
        }
    }

    /// Checks the condition where no record exists yet.
    pub fn check_absent(&self) -> Result<()> {
        match self {
            IfMatch::Absent => Ok(()),
            IfMatch::Any | IfMatch::Versions(_) => Err(Error::PreconditionFailed { current: 0 }),
        }
    }
}

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = Ready<Result<IfMatch>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = request.headers().get(header::IF_MATCH) else {
            return ready(Ok(IfMatch::Absent));
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return ready(Ok(IfMatch::Any));
        }
        // If-Match compares strongly: a weak tag never matches. A language may follow the version in a tag.
        let version = |tag: &str| {
            let tag = tag.trim().parse::<EntityTag>().ok().filter(|tag| !tag.weak)?;
            tag.tag().split('.').next()?.parse().ok()
        };
        ready(Ok(IfMatch::Versions(
            text.split(',').filter_map(version).collect(),
        )))
    }
}

/// Whether the request has `If-None-Match: *`, which means: create, but never overwrite.
#[derive(Debug, Clone, Copy)]
pub struct CreateOnly(bool);

impl CreateOnly {
    /// Checks the condition where a record exists already.
    pub fn check_present(self, current: i64) -> Result<()> {
        if self.0 {
            Err(Error::PreconditionFailed { current })
        } else {
            Ok(())
        }
    }
}

impl FromRequest for CreateOnly {
    type Error = Error;
    type Future = Ready<Result<CreateOnly>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get(header::IF_NONE_MATCH);
        ready(Ok(CreateOnly(
            header.is_some_and(|value| value.as_bytes().trim_ascii() == b"*"),
        )))
    }
}

/// Adds missing tags to successful GETs, and answers 304 if the client has the current version.
pub async fn not_modified<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    let is_get = request.method() == Method::GET;
    let known = IfNoneMatch::parse(&request)
        .ok()
        .filter(|_| request.headers().contains_key(header::IF_NONE_MATCH));
    let response = next.call(request).await?;
    // Streamed bodies are neither buffered nor tagged.
    let is_whole = matches!(response.response().body().size(), BodySize::Sized(_));
    if !is_get || response.status() != StatusCode::OK || !is_whole {
        return Ok(response.map_into_left_body());
    }
    let (request, response) = response.into_parts();
    let (mut response, body) = response.into_parts();
    let bytes = body::to_bytes(body)
        .await
        .map_err(|_| Error::Internal("a body could not be read".into()))?;
    if !response.headers().contains_key(header::ETAG) {
        let mut hash = hex::encode(Sha256::digest(&bytes));
        hash.truncate(32);
        if let Ok(value) = HeaderValue::from_str(&format!("W/\"{hash}\"")) {
            response.headers_mut().insert(header::ETAG, value);
        }
    }
    let vary = HeaderValue::from_static("Accept, Accept-Language, Authorization");
    response.headers_mut().insert(header::VARY, vary);
    if !response.headers().contains_key(header::CACHE_CONTROL) {
        response.headers_mut().insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        );
    }
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
