//! Conditional requests (RFC 9110): `ETag`, `If-Match` against lost updates, `If-None-Match` to save transfers.
//!
//! The tag of a single resource is its version. Any other successful GET gets a weak tag, a hash of its bytes.

use super::Language;
use super::disclosure::{self, Discloses};
use crate::error::{Error, Result};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceResponse};
use actix_web::http::header::{self, EntityTag, Header, HeaderMap, HeaderValue, IfNoneMatch};
use actix_web::http::{Method, StatusCode};
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

impl<T: Serialize + Discloses> Responder for Entity<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let tag = match self.language {
            Some(language) => format!("\"{}.{}\"", self.version, language.tag()),
            None => tag(self.version),
        };
        disclosure::json(HttpResponse::Ok().insert_header((header::ETAG, tag)), &self.body)
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

/// Returns whether an answer is the same for everyone, so that caches between us and the client may keep it.
pub fn is_public(headers: &HeaderMap) -> bool {
    let control = headers
        .get(header::CACHE_CONTROL)
        .and_then(|value| value.to_str().ok());
    control.is_some_and(|control| control.starts_with("public"))
}

/// Adds missing tags to successful GETs, and answers 304 if the client has the current version.
pub fn finish(answer: ServiceResponse) -> ServiceResponse {
    if answer.request().method() != Method::GET || answer.status() != StatusCode::OK {
        return answer;
    }
    let (request, answer) = answer.into_parts();
    let (mut answer, body) = answer.into_parts();
    // Streams are never buffered: a file brings its own tag.
    let body = match body.try_into_bytes() {
        Ok(bytes) => {
            if !answer.headers().contains_key(header::ETAG) {
                answer.headers_mut().insert(header::ETAG, weak_tag(&bytes));
            }
            BoxBody::new(bytes)
        }
        Err(stream) => stream,
    };
    let headers = answer.headers_mut();
    if !is_public(headers) {
        headers.append(
            header::VARY,
            HeaderValue::from_static("Accept, Accept-Language, Authorization"),
        );
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        );
    }
    if !is_known(&request, headers) {
        return ServiceResponse::new(request, answer.set_body(body));
    }
    headers.remove(header::CONTENT_TYPE);
    headers.remove(header::CONTENT_DISPOSITION);
    *answer.status_mut() = StatusCode::NOT_MODIFIED;
    ServiceResponse::new(request, answer.set_body(BoxBody::new(())))
}

/// Returns the weak tag of a body: a hash of its bytes.
pub fn weak_tag(bytes: &[u8]) -> HeaderValue {
    let mut hash = hex::encode(Sha256::digest(bytes));
    hash.truncate(32);
    HeaderValue::from_str(&format!("W/\"{hash}\"")).unwrap_or_else(|_| HeaderValue::from_static("W/\"\""))
}

/// Returns whether the client has this version already.
fn is_known(request: &HttpRequest, headers: &HeaderMap) -> bool {
    if !request.headers().contains_key(header::IF_NONE_MATCH) {
        return false;
    }
    let own = headers.get(header::ETAG);
    let own = own.and_then(|tag| tag.to_str().ok()?.parse::<EntityTag>().ok());
    match (IfNoneMatch::parse(request), own) {
        (Ok(IfNoneMatch::Any), _) => true,
        (Ok(IfNoneMatch::Items(tags)), Some(own)) => tags.iter().any(|tag| tag.weak_eq(&own)),
        _ => false,
    }
}
