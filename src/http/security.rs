//! Security headers.
//!
//! * Browsers and proxies don't cache answers to requests with a token, unless the answer is public.
//! * Answers of the API load nothing and can't be framed. The documentation and the console run scripts of this server only. A
//!   report has its styles in its page, and no scripts.

use super::conditional::is_public;
use actix_web::HttpRequest;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderName, HeaderValue};

const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
/// The API viewer uses inline styles and data images.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// The console runs its own files and talks to this server, and no string becomes a script or markup.
const CONSOLE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Sets the headers of every answer.
pub fn set_headers(answer: &mut ServiceResponse) {
    let request = answer.request();
    let is_page = ["/docs", "/invitation", "/follow-up"]
        .iter()
        .any(|page| request.path().starts_with(page));
    let is_console = request.path() == "/" || request.path().starts_with("/console/");
    let is_html = |kind: &HeaderValue| kind.as_bytes().starts_with(b"text/html");
    let is_report = request.path().starts_with("/v1/reports")
        && answer.headers().get(header::CONTENT_TYPE).is_some_and(is_html);
    // A page may say itself what it needs.
    let has_policy = answer.headers().contains_key(header::CONTENT_SECURITY_POLICY);
    let is_authorized = request.headers().contains_key(header::AUTHORIZATION);
    let is_secure = is_secure(request);
    let is_public = is_public(answer.headers());
    let is_stored = !answer
        .headers()
        .get(header::CACHE_CONTROL)
        .is_some_and(|control| control.as_bytes().starts_with(b"no-store"));
    let set = answer.headers_mut();
    let mut put = |name: HeaderName, value: &'static str| set.insert(name, HeaderValue::from_static(value));
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::X_FRAME_OPTIONS, "DENY");
    put(header::REFERRER_POLICY, "no-referrer");
    let sharing = if is_public { "cross-origin" } else { "same-origin" };
    put(header::CROSS_ORIGIN_RESOURCE_POLICY, sharing);
    if !has_policy {
        put(
            header::CONTENT_SECURITY_POLICY,
            match (is_page, is_console) {
                (true, _) => PAGE_POLICY,
                (_, true) => CONSOLE_POLICY,
                _ if is_report => REPORT_POLICY,
                _ => API_POLICY,
            },
        );
    }
    if is_secure {
        put(
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=63072000; includeSubDomains",
        );
    }
    if is_authorized && !is_public && is_stored {
        put(header::CACHE_CONTROL, "no-store");
    }
}

/// Returns whether the client uses TLS, here or at a proxy.
fn is_secure(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let proxied = || {
        let scheme = headers
            .get("x-forwarded-proto")
            .and_then(|value| value.to_str().ok());
        scheme.is_some_and(|scheme| scheme.trim_start().starts_with("https"))
    };
    let forwarded = || {
        let forwarded = headers
            .get(header::FORWARDED)
            .and_then(|value| value.to_str().ok());
        forwarded.is_some_and(|text| text.to_ascii_lowercase().contains("proto=https"))
    };
    request.app_config().secure() || proxied() || forwarded()
}
