//! Counts of requests and their times, by operation.
//!
//! The path of a request is never a label: a caller could make up any number of them.

use crate::error::Result;
use crate::metrics::{self, HistogramVec, IntCounterVec};
use actix_web::HttpRequest;
use actix_web::http::Method;
use std::collections::HashMap;
use std::time::Duration;

/// The operation of requests that no route answers.
const UNKNOWN: &str = "unknown";
/// The method of those whose method is not one of HTTP's.
const OTHER: &str = "other";

/// The requests that this server has answered.
pub struct Requests {
    /// The operation ids of the OpenAPI document, by path template.
    operations: HashMap<String, Vec<(String, String)>>,
    /// Requests that took longer are logged as slow.
    slow: Option<Duration>,
    pub answered: IntCounterVec,
    pub times: HistogramVec,
}

/// One answered request.
pub struct Answered {
    pub operation: String,
    pub is_slow: bool,
}

impl Requests {
    /// Takes the operations as path template, method and operation id.
    pub fn new(
        operations: impl Iterator<Item = (String, String, String)>,
        slow: Option<Duration>,
    ) -> Result<Requests> {
        let mut by_path = HashMap::<String, Vec<(String, String)>>::new();
        for (path, method, id) in operations {
            by_path.entry(path).or_default().push((method.to_uppercase(), id));
        }
        Ok(Requests {
            operations: by_path,
            slow,
            answered: metrics::counts(
                "musubi_http_requests_total",
                "Requests that were answered, by operation of the OpenAPI document.",
                &["operation", "method", "status"],
            )?,
            times: metrics::times(
                "musubi_http_request_duration_seconds",
                "Time from a request to the head of its answer.",
                &["operation"],
            )?,
        })
    }

    /// Returns the operation id. What the document doesn't describe is named by its route.
    fn operation(&self, request: &HttpRequest) -> String {
        let Some(route) = request.match_pattern() else {
            return UNKNOWN.to_owned();
        };
        let Some(methods) = self.operations.get(&route) else {
            return route;
        };
        let method = request.method().as_str();
        let known = methods.iter().find(|(known, _)| known == method);
        known.map_or(UNKNOWN, |(_, id)| id).to_owned()
    }

    /// Counts a request that was answered after `time`, `waited` of which it waited for news as it was asked to.
    pub fn count(&self, request: &HttpRequest, status: u16, time: Duration, waited: Duration) -> Answered {
        let operation = self.operation(request);
        let method = match request.method() {
            method if is_standard(method) => method.as_str(),
            _ => OTHER,
        };
        let labels = [&operation, method, &status.to_string()];
        self.answered.with_label_values(&labels).inc();
        let worked = time.saturating_sub(waited);
        self.times
            .with_label_values(&[&operation])
            .observe(worked.as_secs_f64());
        let is_slow = self.slow.is_some_and(|slow| worked >= slow);
        Answered { operation, is_slow }
    }
}

fn is_standard(method: &Method) -> bool {
    let standard = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    standard.contains(method)
}
