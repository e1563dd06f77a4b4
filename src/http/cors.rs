//! Which pages may call from a browser (CORS).
//!
//! * Only origins in the configuration and origins of active partners may, and with credentials.
//! * An answer that is public, such as open data, says `*` itself. Credentials are never allowed together with `*`.

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use parking_lot::RwLock;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How long a browser caches the answer to a preflight request, in seconds.
const PREFLIGHT_S: &str = "600";
const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
const REQUEST_HEADERS: &str = "accept, accept-language, authorization, content-type, idempotency-key, if-match, \
    if-none-match, last-event-id, musubi-position, traceparent, tracestate, x-csrf-token, x-request-id";
const ANSWER_HEADERS: &str = "content-disposition, etag, link, location, musubi-position, ratelimit, ratelimit-policy, retry-after, x-csrf-token, x-request-id";

/// The origins whose pages may call the API.
#[derive(Clone, Default)]
pub struct Origins {
    configured: Arc<BTreeSet<String>>,
    partners: Arc<RwLock<BTreeSet<String>>>,
}

impl Origins {
    pub fn new(configured: impl IntoIterator<Item = String>) -> Origins {
        Origins {
            configured: Arc::new(configured.into_iter().collect()),
            partners: Arc::default(),
        }
    }

    /// Replaces the origins of partners.
    pub fn set_partners(&self, origins: BTreeSet<String>) {
        *self.partners.write() = origins;
    }

    fn has(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        self.configured.contains(origin) || self.partners.read().contains(origin)
    }

    /// Returns whether the configuration lists this origin: pages of the operator's own frontend.
    pub fn is_configured(&self, origin: &HeaderValue) -> bool {
        origin
            .to_str()
            .is_ok_and(|origin| self.configured.contains(origin))
    }
}

/// Returns the request's origin if its pages may call.
fn allowed(request: &HttpRequest) -> Option<HeaderValue> {
    let origin = request.headers().get(header::ORIGIN)?;
    let origins = request.app_data::<Data<Origins>>()?;
    origins.has(origin).then(|| origin.clone())
}

/// Answers a browser that asks what a page may do. [`set_headers`] says whether the page may.
pub fn preflight(request: &ServiceRequest) -> Option<HttpResponse> {
    let headers = request.headers();
    let asks = request.method() == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !asks {
        return None;
    }
    let mut answer = HttpResponse::Ok();
    if allowed(request.request()).is_some() {
        answer
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
            .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_S));
    }
    Some(answer.finish())
}

/// Says whether the page that asked may read the answer.
pub fn set_headers(answer: &mut ServiceResponse) {
    if answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        return;
    }
    let origin = allowed(answer.request());
    let headers: &mut HeaderMap = answer.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let mut say = |name, value| headers.insert(name, HeaderValue::from_static(value));
        say(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        say(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
    }
}
