//! Errors on the wire: RFC 9457 problem documents.
//!
//! A handler returns an [`Error`]. [`describe`] renders it in the client's language and adds the request id. It gives errors of the framework the same form.

use super::Language;
use crate::error::{Error, FieldError, Place};
use crate::values::words::ErrorCode;
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The media type of problem documents.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error (RFC 9457).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "type": "about:blank", "title": "Unprocessable Entity", "status": 422, "code": "invalid",
    "detail": "入力に誤りがあります。errors をご覧ください。",
    "errors": [{"pointer": "/corporate_number", "parameter": null, "code": "invalid_check_digit",
                "message": "法人番号の検査用数字が一致しません。番号をご確認ください。"}],
    "request_id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d"
}))]
pub struct Problem {
    /// Always `about:blank`. Use `code` to tell errors apart.
    #[serde(rename = "type")]
    pub type_: String,
    /// The name of the HTTP status.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    #[schema(value_type = ErrorCode)]
    pub code: String,
    /// An explanation for people, in the language of Accept-Language.
    pub detail: String,
    /// The bad values. Empty for errors that aren't about a value.
    pub errors: Vec<ProblemField>,
    /// Give this when you ask for help.
    pub request_id: String,
    /// Members that only some errors have.
    #[serde(flatten)]
    #[schema(ignore)]
    pub extensions: Map<String, Value>,
}

/// A bad value. Either `pointer` (a JSON pointer into the body) or `parameter` says where it is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemField {
    pub pointer: Option<String>,
    pub parameter: Option<String>,
    #[schema(value_type = ErrorCode)]
    pub code: String,
    /// An explanation for people, in the language of Accept-Language.
    pub message: String,
}

impl Problem {
    pub fn of(error: &Error, language: Language, request_id: &str) -> Problem {
        let status = status(error);
        let extension = match error {
            Error::Extended { member, value, .. } => Some(((*member).to_owned(), value.clone())),
            _ => None,
        };
        let field = |field: &FieldError| {
            let (pointer, parameter) = match &field.place {
                Place::Pointer(pointer) => (Some(pointer.clone()), None),
                Place::Parameter(name) => (None, Some(name.clone())),
            };
            let message = language.choose(&field.message).to_owned();
            ProblemField {
                pointer,
                parameter,
                code: field.code.to_string(),
                message,
            }
        };
        Problem {
            type_: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            code: error.code().to_owned(),
            detail: language.choose(&error.detail()).to_owned(),
            errors: error.fields().iter().map(field).collect(),
            request_id: request_id.to_owned(),
            extensions: extension.into_iter().collect(),
        }
    }
}

fn status(error: &Error) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        status(self)
    }

    /// Returns a response without a body, which [`describe`] adds.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.status_code())
    }
}

/// Gives an error its body. The headers that it has already stay.
pub fn describe(answer: ServiceResponse) -> ServiceResponse {
    let status = answer.status();
    let is_error = status.is_client_error() || status.is_server_error();
    // Either a problem document already, or an error in the form of another standard, or a page.
    let is_rendered = |answer: &ServiceResponse| {
        let kind = answer.headers().get(header::CONTENT_TYPE);
        kind.is_some_and(|t| {
            t == PROBLEM_JSON || t == "application/json" || t.as_bytes().starts_with(b"text/html")
        })
    };
    if !is_error || is_rendered(&answer) {
        return answer;
    }
    let cause = answer.response().error();
    let ours = cause.and_then(|e| e.as_error::<Error>()).cloned();
    let error = ours.unwrap_or_else(|| framework_error(status, cause));
    let language = Language::of(answer.request());
    let request_id = super::trace::request_id(answer.request());
    if let Some(reason) = error.internal_reason() {
        let trace_id = super::trace::trace_id(answer.request());
        tracing::error!(%request_id, trace_id, code = error.code(), reason, "the request failed");
    }
    let mut described = render(&error, language, &request_id);
    for (name, value) in answer.headers() {
        if !described.headers().contains_key(name) {
            described.headers_mut().insert(name.clone(), value.clone());
        }
    }
    answer.into_response(described)
}

/// Translates an error of the framework.
fn framework_error(status: StatusCode, error: Option<&actix_web::Error>) -> Error {
    match status {
        StatusCode::NOT_FOUND => Error::not_found("このパス", "path"),
        StatusCode::REQUEST_TIMEOUT => Error::Timeout,
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge {
            limit_bytes: super::body::LIMIT_BYTES,
        },
        status if status.is_client_error() => Error::InvalidParameters(Vec::new()),
        _ => Error::Internal(error.map_or_else(|| status.to_string(), |e| e.to_string())),
    }
}

fn render(error: &Error, language: Language, request_id: &str) -> HttpResponse {
    let mut response = HttpResponseBuilder::new(status(error));
    response.insert_header((header::CONTENT_TYPE, PROBLEM_JSON));
    response.insert_header((header::CONTENT_LANGUAGE, language.tag()));
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    response.insert_header((header::VARY, "Accept-Language"));
    match error {
        Error::MethodNotAllowed { allow } => {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        Error::UnsupportedEncoding => {
            response.insert_header((header::ACCEPT_ENCODING, "identity"));
        }
        Error::Unauthenticated(_) => {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        Error::InsufficientScope { scope } => {
            let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        _ => {}
    }
    if let Some(seconds) = error.retry_after_s() {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    let problem = Problem::of(error, language, request_id);
    response.body(serde_json::to_vec(&problem).unwrap_or_default())
}
