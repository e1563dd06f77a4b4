//! Security headers, and the origins whose pages may call (CORS).
//!
//! * Browsers and proxies don't cache answers to requests with a token.
//! * Answers of the API load nothing and can't be framed. The documentation runs scripts of this server only.
//! * Only origins in the configuration and origins of active partners may call from a browser.

use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use parking_lot::RwLock;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How long a browser caches the answer to a preflight request.
const PREFLIGHT_S: usize = 600;

const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// The API viewer uses inline styles and data images.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Sets the headers of every answer.
pub async fn headers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let is_page = ["/docs", "/invitation"]
        .iter()
        .any(|page| request.path().starts_with(page));
    let is_authorized = request.headers().contains_key(header::AUTHORIZATION);
    let is_secure = request.connection_info().scheme() == "https";
    let mut response = next.call(request).await?;
    let set = response.headers_mut();
    let mut put = |name: HeaderName, value: &'static str| set.insert(name, HeaderValue::from_static(value));
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::X_FRAME_OPTIONS, "DENY");
    put(header::REFERRER_POLICY, "no-referrer");
    put(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    put(
        header::CONTENT_SECURITY_POLICY,
        if is_page { PAGE_POLICY } else { API_POLICY },
    );
    if is_secure {
        put(
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=63072000; includeSubDomains",
        );
    }
    if is_authorized {
        set.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

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

    /// Returns the CORS middleware for these origins.
    pub fn cors(&self) -> Cors {
        let origins = self.clone();
        Cors::default()
            .allowed_origin_fn(move |origin, _| origins.has(origin))
            .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
            .allowed_headers([
                "accept",
                "accept-language",
                "authorization",
                "content-type",
                "idempotency-key",
                "if-match",
                "if-none-match",
                "x-csrf-token",
                "x-request-id",
            ])
            .expose_headers([
                "etag",
                "link",
                "location",
                "ratelimit",
                "ratelimit-policy",
                "retry-after",
                "x-request-id",
            ])
            .supports_credentials()
            .max_age(PREFLIGHT_S)
    }
}
