//! JSON bodies: parsed strictly, then validated.
//!
//! A body has at most 1 MiB, no duplicate keys, no unknown fields, and no control characters except line breaks and
//! tabs (PostgreSQL can't store NUL). `11.0` is an integer, as in JSON Schema. Types of bodies derive `Validate`; all
//! broken rules are reported at once, each with a JSON pointer to the value.

use super::decode;
use crate::error::{Error, FieldError, Result, Text};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use tables::strict_json::{self, JsonError};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

/// The size of the largest JSON body.
pub const LIMIT_BYTES: usize = 1024 * 1024;

/// How long a body may take to arrive.
const TIME_LIMIT: std::time::Duration = std::time::Duration::from_secs(30);

/// A JSON body that satisfies every rule of its type.
pub struct Valid<T>(pub T);

/// A valid JSON body that also knows which members the client left out.
pub struct Stated<T> {
    pub value: T,
    members: Vec<String>,
}

impl<T> Stated<T> {
    pub fn states(&self, member: &str) -> bool {
        self.members.iter().any(|stated| stated == member)
    }
}

impl<T: DeserializeOwned + Validate> FromRequest for Stated<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Stated<T>>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload, "application/json");
        Box::pin(async move {
            let value = strict(&bytes.await?)?;
            let members = value.as_object().into_iter().flat_map(|members| members.keys());
            Ok(Stated {
                members: members.cloned().collect(),
                value: typed(&value)?,
            })
        })
    }
}

/// A JSON Merge Patch (RFC 7396) of a `T`, not yet applied.
pub struct Patch<T> {
    patch: Value,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Validate> FromRequest for Valid<T> {
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
                    Text::new("オブジェクトで指定してください。", "Expected an object."),
                )),
            }
        })
    }
}

impl<T: Serialize + DeserializeOwned + Validate> Patch<T> {
    /// Returns the patched value, validated like a new one.
    pub fn apply(&self, to: &T) -> Result<T> {
        let mut value = serde_json::to_value(to).map_err(|e| Error::Internal(e.to_string()))?;
        json_patch::merge(&mut value, &self.patch);
        typed(&value)
    }
}

/// Every member of `T`, none required; null unsets a member.
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

/// Reads the whole body, up to the limit. A request may leave out its Content-Type.
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

/// Parses and validates a body.
pub fn parse<T: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T> {
    typed(&strict(bytes)?)
}

/// Members that hold prose: nothing is refused because of a control character in it.
const PROSE: [&str; 3] = ["evidence", "trouble", "description"];

/// Parses JSON strictly.
pub fn strict(bytes: &[u8]) -> Result<Value> {
    strict_json::parse_folding(bytes, &PROSE).map_err(|e| match e {
        JsonError::Malformed { line, column, reason } => Error::MalformedJson { line, column, reason },
        JsonError::DuplicateKey { pointer, key } => {
            let rule = decode::duplicate(&key);
            Error::invalid(
                format!("{pointer}/{}", decode::step(&key)),
                "duplicate_field",
                rule,
            )
        }
        JsonError::ControlCharacter { pointer } => {
            let rule = Text::new(
                "改行とタブ以外の制御文字は使用できません。",
                "Control characters other than line breaks and tabs are not allowed.",
            );
            Error::invalid(pointer, "control_character", rule)
        }
    })
}

fn typed<T: DeserializeOwned + Validate>(value: &Value) -> Result<T> {
    let parsed: T = decode::value(value).map_err(|e| Error::Invalid(vec![e.in_body()]))?;
    parsed.validate().map_err(|errors| invalid(&errors))?;
    Ok(parsed)
}

/// Converts the broken rules of a value, each with its place.
pub fn invalid(errors: &ValidationErrors) -> Error {
    let mut fields = Vec::new();
    collect(errors, "", &mut fields);
    Error::Invalid(fields)
}

fn collect(errors: &ValidationErrors, at: &str, into: &mut Vec<FieldError>) {
    let mut fields: Vec<_> = errors.errors().iter().collect();
    fields.sort_by(|a, b| a.0.cmp(b.0));
    for (name, kind) in fields {
        // Reserved words have an underscore in Rust, but not in JSON.
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
                code: code(e),
                message: rule(e),
            })),
        }
    }
}

/// Returns the stable code of a broken rule: the validator's own rules get codes that say what is wrong.
fn code(error: &ValidationError) -> Cow<'static, str> {
    match error.code.as_ref() {
        "length" => "invalid_length".into(),
        "range" => "out_of_range".into(),
        "email" => "invalid_email".into(),
        "url" => "invalid_url".into(),
        _ => error.code.clone(),
    }
}

/// Returns the text of a broken rule.
fn rule(error: &ValidationError) -> Text {
    // Rules of our own have both languages, separated by a line break.
    if let Some(message) = &error.message {
        let (ja, en) = message.split_once('\n').unwrap_or((message, message));
        return Text::new(ja.to_owned(), en.to_owned());
    }
    let parameter = |name: &str| error.params.get(name).map(Value::to_string);
    let is_list = error.params.get("value").is_some_and(Value::is_array);
    let code = error.code.as_ref();
    let (unit_ja, unit_en) = match code {
        "length" if is_list => ("件", " items"),
        "length" => ("文字", " characters"),
        _ => ("", ""),
    };
    let (ja, en) = match (parameter("min"), parameter("max"), parameter("equal")) {
        (_, _, Some(n)) => (format!("{n}{unit_ja}"), format!("exactly {n}{unit_en}")),
        (Some(min), Some(max), _) => (
            format!("{min}〜{max}{unit_ja}"),
            format!("{min} to {max}{unit_en}"),
        ),
        (Some(min), None, _) => (format!("{min}{unit_ja}以上"), format!("at least {min}{unit_en}")),
        (None, Some(max), _) => (format!("{max}{unit_ja}以下"), format!("at most {max}{unit_en}")),
        _ => (String::new(), String::new()),
    };
    match code {
        "length" => Text::new(format!("{ja}で入力してください。"), format!("Use {en}.")),
        "range" => Text::new(
            format!("{ja}の値を指定してください。"),
            format!("The value must be {en}."),
        ),
        "email" => Text::new(
            "メールアドレスの形式で入力してください。",
            "Enter an email address.",
        ),
        "url" => Text::new("URLの形式で入力してください。", "Enter a URL."),
        _ => Text::new(
            format!("入力規則 {code} に合いません。"),
            format!("This breaks the rule {code}."),
        ),
    }
}
