//! JSON bodies: strictly read, then valid.
//!
//! Strict means: no key twice, no control character but line breaks and tabs (PostgreSQL can't store NUL), no
//! unknown field, at most 1 MiB.
//! `11.0` is an integer, as JSON Schema has it. Types that come in through here derive `Validate`; every rule
//! that is broken is reported at once, with a JSON pointer to the value.

use crate::error::{Error, FieldError, Result, Text};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use tables::strict_json::{self, JsonError};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

/// The largest JSON body.
pub const LIMIT_BYTES: usize = 1024 * 1024;

/// How long a body may take to arrive.
const TIME_LIMIT: std::time::Duration = std::time::Duration::from_secs(30);

/// A JSON body that keeps every rule of its type.
pub struct Valid<T>(pub T);

/// A JSON Merge Patch (RFC 7396) of a `T`, not yet applied.
pub struct Patch<T> {
    patch: Value,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned + Validate> FromRequest for Valid<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Valid<T>>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload, "application/json");
        Box::pin(async move { parse(&bytes.await?).map(Valid) })
    }
}

impl<T: 'static> FromRequest for Patch<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Patch<T>>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload, "application/merge-patch+json");
        Box::pin(async move {
            match strict(&bytes.await?)? {
                patch @ Value::Object(_) => Ok(Patch {
                    patch,
                    of: PhantomData,
                }),
                _ => Err(Error::invalid(
                    "",
                    "wrong_type",
                    Text::new("オブジェクトにしてください。", "Expected an object."),
                )),
            }
        })
    }
}

impl<T: Serialize + DeserializeOwned + Validate> Patch<T> {
    /// The patched value, as valid as a new one has to be.
    pub fn apply(&self, to: &T) -> Result<T> {
        let mut value = serde_json::to_value(to).map_err(|e| Error::Internal(e.to_string()))?;
        json_patch::merge(&mut value, &self.patch);
        typed(value)
    }
}

/// Every member of `T`, none required; null where a member is to be unset.
impl<T: ToSchema> PartialSchema for Patch<T> {
    fn schema() -> RefOr<Schema> {
        let mut schema = T::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required.clear();
            object.example = None;
            object.examples.clear();
            object.default = None;
        }
        schema
    }
}

impl<T: ToSchema> ToSchema for Patch<T> {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}

/// The whole body, within its limit. The type may be left out, but not be another one.
pub fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    expected: &'static str,
) -> impl Future<Output = Result<Bytes>> + use<> {
    let media_type = request.headers().get(CONTENT_TYPE).map(|value| {
        let essence = value
            .to_str()
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    });
    let payload = Payload::take(payload);
    let request = request.clone();
    async move {
        if !media_type.is_none_or(|t| t == expected || t == "application/json") {
            return Err(Error::UnsupportedMediaType { expected });
        }
        let broken = |e: &dyn std::fmt::Display| Error::MalformedJson {
            line: 0,
            column: 0,
            reason: e.to_string(),
        };
        let payload = actix_web::web::Payload::from_request(&request, &mut { payload }).await;
        let reading = payload.map_err(|e| broken(&e))?.to_bytes_limited(LIMIT_BYTES);
        let read = tokio::time::timeout(TIME_LIMIT, reading).await;
        read.map_err(|_| Error::Timeout)?
            .map_err(|_| Error::TooLarge {
                limit_bytes: LIMIT_BYTES,
            })?
            .map_err(|e| broken(&e))
    }
}

/// A body as its type.
pub fn parse<T: Serialize + DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T> {
    typed(strict(bytes)?)
}

pub fn strict(bytes: &[u8]) -> Result<Value> {
    strict_json::parse(bytes).map_err(|e| match e {
        JsonError::Malformed { line, column, reason } => Error::MalformedJson { line, column, reason },
        JsonError::DuplicateKey { pointer, key } => {
            Error::Invalid(vec![data_error(&pointer, &format!("duplicate key `{key}`"))])
        }
        JsonError::ControlCharacter { pointer } => {
            Error::Invalid(vec![data_error(&pointer, "control character")])
        }
    })
}

fn typed<T: Serialize + DeserializeOwned + Validate>(value: Value) -> Result<T> {
    let parsed: T = serde_path_to_error::deserialize(&value)
        .map_err(|e| Error::Invalid(vec![data_error(&pointer(e.path()), &e.inner().to_string())]))?;
    let read = serde_json::to_value(&parsed).map_err(|e| Error::Internal(e.to_string()))?;
    if let Some(pointer) = array_for_object(&value, &read) {
        let rule = Text::new(
            "値の型が違います(配列ではなくオブジェクトです)。",
            "Expected an object, not an array.",
        );
        return Err(Error::invalid(pointer, "wrong_type", rule));
    }
    parsed.validate().map_err(|errors| invalid(&errors))?;
    Ok(parsed)
}

/// The broken rules of a value, each with its place.
pub fn invalid(errors: &ValidationErrors) -> Error {
    let mut fields = Vec::new();
    collect(errors, "", &mut fields);
    Error::Invalid(fields)
}

/// Where an array came in for an object, which serde takes as the members in their order.
fn array_for_object(given: &Value, read: &Value) -> Option<String> {
    match (given, read) {
        (Value::Array(_), Value::Object(_)) => Some(String::new()),
        (Value::Array(given), Value::Array(read)) => {
            let pairs = given.iter().zip(read).enumerate();
            pairs
                .into_iter()
                .find_map(|(i, (g, r))| Some(format!("/{i}{}", array_for_object(g, r)?)))
        }
        (Value::Object(given), Value::Object(read)) => given.iter().find_map(|(name, g)| {
            let below = array_for_object(g, read.get(name)?)?;
            Some(format!("/{name}{below}"))
        }),
        _ => None,
    }
}

/// A JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment::*;
    let step = |segment: &serde_path_to_error::Segment| match segment {
        Seq { index } => format!("/{index}"),
        Map { key } | Enum { variant: key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Unknown => String::new(),
    };
    path.iter().map(step).collect()
}

/// serde says what is wrong in words; a member that is missing or unknown is named there, not in the path.
fn data_error(pointer: &str, message: &str) -> FieldError {
    let (code, text) = super::wording::reworded(message);
    let named = message.split('`').nth(1).unwrap_or_default();
    let place = match code {
        "missing_field" | "unknown_field" if !pointer.ends_with(&format!("/{named}")) => {
            format!("{pointer}/{named}")
        }
        _ => pointer.to_owned(),
    };
    FieldError::at(place, code, text)
}

fn collect(errors: &ValidationErrors, at: &str, into: &mut Vec<FieldError>) {
    let mut fields: Vec<_> = errors.errors().iter().collect();
    fields.sort_by(|a, b| a.0.cmp(b.0));
    for (name, kind) in fields {
        // A Rust name that is reserved carries an underscore that the wire doesn't have.
        let at = if name == "__all__" {
            at.to_owned()
        } else {
            format!("{at}/{}", name.trim_end_matches('_'))
        };
        match kind {
            ValidationErrorsKind::Struct(inner) => collect(inner, &at, into),
            ValidationErrorsKind::List(items) => {
                items
                    .iter()
                    .for_each(|(i, inner)| collect(inner, &format!("{at}/{i}"), into));
            }
            ValidationErrorsKind::Field(broken) => into.extend(broken.iter().map(|e| FieldError {
                place: crate::error::Place::Pointer(at.clone()),
                code: e.code.clone(),
                message: rule(e),
            })),
        }
    }
}

/// A broken rule in words.
fn rule(error: &validator::ValidationError) -> Text {
    let parameter = |name: &str| error.params.get(name).map(Value::to_string);
    let bounds = match (parameter("min"), parameter("max"), parameter("equal")) {
        (_, _, Some(n)) => Some((n.clone(), n)),
        (Some(min), Some(max), _) => Some((format!("{min}〜{max}"), format!("{min} to {max}"))),
        (Some(min), None, _) => Some((format!("{min}以上"), format!("at least {min}"))),
        (None, Some(max), _) => Some((format!("{max}以下"), format!("at most {max}"))),
        _ => None,
    };
    match (error.code.as_ref(), bounds, &error.message) {
        // Our own rules carry both languages, parted by a line break.
        (_, _, Some(message)) => {
            let (ja, en) = message.split_once('\n').unwrap_or((message, message));
            Text::new(ja.to_owned(), en.to_owned())
        }
        ("length", Some((ja, en)), _) => Text::new(
            format!("長さは{ja}にしてください。"),
            format!("The length has to be {en}."),
        ),
        ("range", Some((ja, en)), _) => Text::new(
            format!("値は{ja}にしてください。"),
            format!("The value has to be {en}."),
        ),
        ("email", ..) => Text::new(
            "メールアドレスの形式ではありません。",
            "This is no e-mail address.",
        ),
        ("url", ..) => Text::new("URLの形式ではありません。", "This is no URL."),
        (code, ..) => Text::new(
            format!("規則 {code} に合いません。"),
            format!("This breaks the rule {code}."),
        ),
    }
}

/// A rule of our own, for `#[validate(custom)]`.
pub fn broken(code: &'static str, ja: &str, en: &str) -> validator::ValidationError {
    validator::ValidationError::new(code).with_message(format!("{ja}\n{en}").into())
}
