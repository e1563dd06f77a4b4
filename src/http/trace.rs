//! Request ids and the access log.
//!
//! The log line has no headers, and the path without its query, which may contain a person's name.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use std::time::Instant;
use uuid::Uuid;

const HEADER: &str = "x-request-id";

#[derive(Clone)]
struct RequestId(String);

/// Returns the id that [`trace`] gave the request.
pub fn request_id(request: &impl HttpMessage) -> String {
    request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default()
}

/// Gives the request an id and logs it. The caller's `X-Request-Id` is used if it has 1 to 64 letters, digits, `-`, `_`
/// or `.`.
pub async fn trace<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let given = request
        .headers()
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let plain = |id: &String| {
        (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let id = given.filter(plain).unwrap_or_else(|| Uuid::now_v7().to_string());
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path, started) = (
        request.method().clone(),
        request.path().to_owned(),
        Instant::now(),
    );
    let mut response = next.call(request).await?;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(HEADER), value);
    }
    let (status, micros) = (response.status().as_u16(), started.elapsed().as_micros());
    tracing::info!(request_id = %id, %method, path, status, micros, "request");
    Ok(response)
}
