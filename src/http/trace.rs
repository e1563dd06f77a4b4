//! Request ids, the caller's trace, and the access log.
//!
//! The log line has no headers, and the path without its query, which may contain a person's name.

use super::requests::Requests;
use super::traceparent::{self, TraceParent};
use actix_web::HttpMessage;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Data;
use std::time::{Duration, Instant};
use uuid::Uuid;

const HEADER: &str = "x-request-id";

#[derive(Clone)]
struct RequestId(HeaderValue);

/// How long a request waited for news because its caller asked for that.
struct Waited(Duration);

/// Returns the id that [`begin`] gave the request.
pub fn request_id(request: &impl HttpMessage) -> String {
    let extensions = request.extensions();
    let id = extensions.get::<RequestId>().and_then(|id| id.0.to_str().ok());
    id.unwrap_or_default().to_owned()
}

/// Returns the id of the caller's trace.
pub fn trace_id(request: &impl HttpMessage) -> Option<String> {
    let extensions = request.extensions();
    extensions
        .get::<TraceParent>()
        .map(|parent| parent.trace_id.clone())
}

/// Notes that the request waited for news for so long, as its caller asked. That doesn't make it a slow one.
pub fn waited(request: &impl HttpMessage, time: Duration) {
    request.extensions_mut().insert(Waited(time));
}

/// A request that is being answered.
pub struct Trace {
    id: HeaderValue,
    parent: Option<TraceParent>,
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
    let parent = traceparent::of(request.headers());
    request.extensions_mut().insert(RequestId(id.clone()));
    if let Some(parent) = &parent {
        request.extensions_mut().insert(parent.clone());
    }
    let started = Instant::now();
    Trace { id, parent, started }
}

fn fresh() -> HeaderValue {
    let mut buffer = Uuid::encode_buffer();
    let text = Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("-"))
}

impl Trace {
    /// Counts and logs the request, and returns its id to the client.
    pub fn end(self, answer: &mut ServiceResponse) {
        let (status, time) = (answer.status().as_u16(), self.started.elapsed());
        let request = answer.request();
        let waited = request.extensions().get::<Waited>().map(|waited| waited.0);
        let requests = request.app_data::<Data<Requests>>();
        let counted = requests.map(|all| all.count(request, status, time, waited.unwrap_or_default()));
        let request_id = self.id.to_str().unwrap_or_default();
        let operation = counted.as_ref().map(|counted| counted.operation.as_str());
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        tracing::info!(
            request_id,
            trace_id = self.parent.as_ref().map(|parent| parent.trace_id.as_str()),
            span_id = self.parent.as_ref().map(|parent| parent.span_id.as_str()),
            method = request.method().as_str(),
            path = request.path(),
            operation,
            status,
            micros,
            "request"
        );
        if counted.as_ref().is_some_and(|counted| counted.is_slow) {
            let trace_id = self.parent.as_ref().map(|parent| parent.trace_id.as_str());
            tracing::warn!(request_id, trace_id, operation, status, micros, "slow request");
        }
        answer
            .headers_mut()
            .insert(HeaderName::from_static(HEADER), self.id);
    }
}
