//! Conditional requests (RFC 9110): `ETag`, `If-Match` against lost updates, `If-None-Match` to save transfers.
//!
//! The tag of a single resource begins with its version. Any other successful GET gets a weak tag, a hash of its bytes.

use super::disclosure::{self, Discloses};
use crate::db::Instant;
use crate::error::{Error, Result, Text};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceResponse};
use actix_web::http::header::{self, EntityTag, Header, HeaderMap, HeaderName, HeaderValue, IfNoneMatch};
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::future::{Ready, ready};
use std::time::Duration;

/// A single resource, tagged with its version.
pub struct Entity<T> {
    version: i64,
    /// Whether the body also changes when the version doesn't: it has values of other records, or words in the client's
    /// language. Then the tag includes a hash of the body, so that no client keeps an outdated one.
    is_composed: bool,
    body: T,
}

impl<T> Entity<T> {
    pub fn new(version: i64, body: T) -> Entity<T> {
        Entity {
            version,
            is_composed: false,
            body,
        }
    }

    /// Tags a body that changes more often than the version.
    pub fn composed(version: i64, body: T) -> Entity<T> {
        Entity {
            is_composed: true,
            ..Entity::new(version, body)
        }
    }
}

impl<T: Serialize + Discloses> Responder for Entity<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let tag = if self.is_composed {
            let body = serde_json::to_vec(&self.body).unwrap_or_default();
            let hash = hex::encode(Sha256::digest(body));
            format!("\"{}.{hash:.16}\"", self.version)
        } else {
            tag(self.version)
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

    /// Checks that who releases a record names the version that they have read. Its author may have changed it since.
    pub fn check_was_read(&self, releases: bool) -> Result<()> {
        match self {
            IfMatch::Absent | IfMatch::Any if releases => Err(Error::PreconditionRequired),
            _ => Ok(()),
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
        // If-Match compares strongly: a weak tag never matches.
        ready(versions(request, header::IF_MATCH, |tag| !tag.weak))
    }
}

/// Reads the versions in a header, of the tags that count.
fn versions(request: &HttpRequest, header: HeaderName, counts: fn(&EntityTag) -> bool) -> Result<IfMatch> {
    let lines: Vec<&str> = request
        .headers()
        .get_all(&header)
        .map(|line| line.to_str().unwrap_or_default().trim())
        .collect();
    if lines.is_empty() {
        return Ok(IfMatch::Absent);
    }
    if lines == ["*"] {
        return Ok(IfMatch::Any);
    }
    let Some(tags) = entity_tags(&lines.join(",")) else {
        let rule = Text::new(
            "ETag は \"2\" のように二重引用符で囲んで指定してください。",
            "Put each ETag in double quotes, as you received it: \"2\".",
        );
        return Err(Error::parameter(name_of(&header), "invalid_etag", rule));
    };
    // A hash may follow the version in a tag.
    let version = |tag: &EntityTag| tag.tag().split('.').next()?.parse().ok();
    let counting = tags.iter().filter(|tag| counts(tag));
    Ok(IfMatch::Versions(counting.filter_map(version).collect()))
}

/// Returns a header's name as people write it.
fn name_of(header: &HeaderName) -> &'static str {
    if *header == header::IF_MATCH {
        "If-Match"
    } else {
        "If-None-Match"
    }
}

/// Parses a list of entity tags. Each is in double quotes, after `W/` if it is weak. A list may be empty; then no tag
/// matches.
fn entity_tags(list: &str) -> Option<Vec<EntityTag>> {
    let mut tags = Vec::new();
    let mut rest = list;
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() {
            return Some(tags);
        }
        let opaque = rest.strip_prefix("W/").unwrap_or(rest);
        let (tag, after) = opaque.strip_prefix('"')?.split_once('"')?;
        let after = after.trim_start();
        if !after.is_empty() && !after.starts_with(',') {
            return None;
        }
        if !tag.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        tags.push(match rest.starts_with("W/") {
            true => EntityTag::new_weak(tag.to_owned()),
            false => EntityTag::new_strong(tag.to_owned()),
        });
        rest = after;
    }
}

/// The header `If-None-Match` of a request that writes: `*` means to create, but never to overwrite.
#[derive(Debug, Clone)]
pub struct CreateOnly(IfMatch);

impl CreateOnly {
    /// Checks the condition where a record exists already.
    pub fn check_present(&self, current: i64) -> Result<()> {
        let matches = match &self.0 {
            IfMatch::Absent => false,
            IfMatch::Any => true,
            IfMatch::Versions(versions) => versions.contains(&current),
        };
        if matches {
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
        ready(versions(request, header::IF_NONE_MATCH, |_| true).map(CreateOnly))
    }
}

/// Returns whether an answer is the same for everyone, so that caches between us and the client may keep it.
pub fn is_public(headers: &HeaderMap) -> bool {
    let control = headers
        .get(header::CACHE_CONTROL)
        .and_then(|value| value.to_str().ok());
    control.is_some_and(|control| control.starts_with("public"))
}

/// Lets every page read an answer, and every cache keep it.
pub fn make_public(answer: &mut HttpResponse, max_age: Duration) {
    let control = format!("public, max-age={}", max_age.as_secs());
    let headers = answer.headers_mut();
    if let Ok(control) = HeaderValue::from_str(&control) {
        headers.insert(header::CACHE_CONTROL, control);
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
}

/// Lets caches keep an answer, which says when what it shows changed last.
pub fn publish(mut answer: HttpResponse, max_age: Duration, changed_at: Option<Instant>) -> HttpResponse {
    make_public(&mut answer, max_age);
    let changed_at = changed_at.map(|at| {
        let at: std::time::SystemTime = at.utc().into();
        header::HttpDate::from(at).to_string()
    });
    if let Some(changed_at) = changed_at.and_then(|at| HeaderValue::from_str(&at).ok()) {
        answer.headers_mut().insert(header::LAST_MODIFIED, changed_at);
    }
    answer
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_tags_are_in_quotes() {
        let tags = |list: &str| {
            entity_tags(list).map(|tags| tags.iter().map(EntityTag::to_string).collect::<Vec<_>>())
        };
        assert_eq!(tags("\"2\""), Some(vec!["\"2\"".to_owned()]));
        assert_eq!(
            tags(" W/\"2\" ,, \"a,b\","),
            Some(vec!["W/\"2\"".to_owned(), "\"a,b\"".to_owned()])
        );
        assert_eq!(tags(" ,"), Some(Vec::new()));
        for wrong in [
            "2",
            "\"2",
            "2\"",
            "\"2\" \"3\"",
            "\"2\", 3",
            "*, \"2\"",
            "w/\"2\"",
            "'2'",
        ] {
            assert_eq!(tags(wrong), None, "{wrong}");
        }
    }
}
