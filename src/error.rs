//! The one error, with the stable codes that clients may depend on. It knows HTTP's numbers, but no framework.
//!
//! Every message exists in Japanese and English; whoever renders it chooses. What happened inside is kept for
//! the log and never shown.

use std::borrow::Cow;
use std::fmt;

pub type Result<T, E = Error> = std::result::Result<T, E>;

pub use text::Text;

/// Where a bad value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A JSON pointer (RFC 6901) into the body.
    Pointer(String),
    /// A parameter of the query or the path, or a header.
    Parameter(String),
}

/// One bad value: where it stands and which rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub place: Place,
    pub code: Cow<'static, str>,
    pub message: Text,
}

impl FieldError {
    pub fn at(pointer: impl Into<String>, code: &'static str, message: Text) -> FieldError {
        FieldError {
            place: Place::Pointer(pointer.into()),
            code: code.into(),
            message,
        }
    }

    pub fn parameter(name: impl Into<String>, code: &'static str, message: Text) -> FieldError {
        FieldError {
            place: Place::Parameter(name.into()),
            code: code.into(),
            message,
        }
    }
}

/// Something else that is to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    pub id: String,
    pub title: String,
    pub kind: String,
    pub area: Option<String>,
}

#[derive(Debug, Clone)]
pub enum Error {
    /// 400: the body is not JSON at all.
    MalformedJson {
        line: usize,
        column: usize,
        reason: String,
    },
    /// 400: a parameter of the path, the query or a header breaks its rule.
    InvalidParameters(Vec<FieldError>),
    /// 401
    Unauthenticated(Text),
    /// 403: the caller is known and lacks this scope.
    Forbidden { scope: &'static str },
    /// 403: the caller may do this, but not there.
    OutsideReach(Text),
    /// 404: nothing of this kind is here.
    NotFound { what: Text },
    /// 405: the path exists, the method doesn't.
    MethodNotAllowed { allow: String },
    /// 406
    NotAcceptable { offered: &'static str },
    /// 408
    Timeout,
    /// 409
    Conflict { code: &'static str, detail: Text },
    /// The conflict, and what could be had instead.
    Instead {
        conflict: Box<Error>,
        similar: Vec<Alternative>,
    },
    /// 412: `If-Match` named another version.
    PreconditionFailed { current: i64 },
    /// 413
    TooLarge { limit_bytes: usize },
    /// 415
    UnsupportedMediaType { expected: &'static str },
    /// 422: the body is JSON, and some values break their rules.
    Invalid(Vec<FieldError>),
    /// 422: the same `Idempotency-Key` came with another request.
    IdempotencyKeyReused,
    /// 429: too many in a time; another may follow after these seconds.
    TooManyRequests { code: &'static str, retry_after_s: u64 },
    /// 503
    Unavailable(Text),
    /// 500: the text is for the log.
    Internal(String),
}

impl Error {
    pub fn not_found(ja: &'static str, en: &'static str) -> Error {
        Error::NotFound {
            what: Text::new(ja, en),
        }
    }

    pub fn invalid(pointer: impl Into<String>, code: &'static str, message: Text) -> Error {
        Error::Invalid(vec![FieldError::at(pointer, code, message)])
    }

    pub fn parameter(name: impl Into<String>, code: &'static str, message: Text) -> Error {
        Error::InvalidParameters(vec![FieldError::parameter(name, code, message)])
    }

    pub fn status(&self) -> u16 {
        match self {
            Error::MalformedJson { .. } | Error::InvalidParameters(_) => 400,
            Error::Unauthenticated(_) => 401,
            Error::Forbidden { .. } | Error::OutsideReach(_) => 403,
            Error::NotFound { .. } => 404,
            Error::MethodNotAllowed { .. } => 405,
            Error::NotAcceptable { .. } => 406,
            Error::Timeout => 408,
            Error::Conflict { .. } => 409,
            Error::Instead { conflict, .. } => conflict.status(),
            Error::PreconditionFailed { .. } => 412,
            Error::TooLarge { .. } => 413,
            Error::UnsupportedMediaType { .. } => 415,
            Error::Invalid(_) | Error::IdempotencyKeyReused => 422,
            Error::TooManyRequests { .. } => 429,
            Error::Unavailable(_) => 503,
            Error::Internal(_) => 500,
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Error::MalformedJson { .. } => "malformed_json",
            Error::InvalidParameters(_) => "invalid_parameters",
            Error::Unauthenticated(_) => "unauthenticated",
            Error::Forbidden { .. } => "forbidden",
            Error::OutsideReach(_) => "outside_reach",
            Error::NotFound { .. } => "not_found",
            Error::MethodNotAllowed { .. } => "method_not_allowed",
            Error::NotAcceptable { .. } => "not_acceptable",
            Error::Timeout => "timeout",
            Error::Conflict { code, .. } => code,
            Error::Instead { conflict, .. } => conflict.code(),
            Error::PreconditionFailed { .. } => "precondition_failed",
            Error::TooLarge { .. } => "too_large",
            Error::UnsupportedMediaType { .. } => "unsupported_media_type",
            Error::Invalid(_) => "invalid",
            Error::IdempotencyKeyReused => "idempotency_key_reused",
            Error::TooManyRequests { code, .. } => code,
            Error::Unavailable(_) => "unavailable",
            Error::Internal(_) => "internal",
        }
    }

    /// What the client is told.
    pub fn detail(&self) -> Text {
        match self {
            Error::MalformedJson { line, column, reason } => Text::new(
                format!("本文がJSONとして読めません({line}行{column}列)。"),
                format!("The body is not JSON (line {line}, column {column}): {reason}."),
            ),
            Error::InvalidParameters(_) => Text::new(
                "パラメータに誤りがあります。errors をご覧ください。",
                "Some parameters are wrong: see errors.",
            ),
            Error::Unauthenticated(reason) => reason.clone(),
            Error::Forbidden { scope } => Text::new(
                format!("この操作には権限 {scope} が必要です。"),
                format!("This operation needs the scope {scope}."),
            ),
            Error::NotFound { what } => Text::new(
                format!("{}が見つかりません。", what.ja),
                format!("There is no such {}.", what.en),
            ),
            Error::MethodNotAllowed { allow } => Text::new(
                format!("このパスで使えるメソッドは {allow} です。"),
                format!("This path answers {allow} only."),
            ),
            Error::NotAcceptable { offered } => Text::new(
                format!("返せる形式は {offered} です。"),
                format!("Only {offered} can be answered here."),
            ),
            Error::Timeout => Text::new(
                "リクエストの受信が時間内に終わりませんでした。",
                "The request took too long to arrive.",
            ),
            Error::Conflict { detail, .. } => detail.clone(),
            Error::Instead { conflict, .. } => conflict.detail(),
            Error::PreconditionFailed { current } => Text::new(
                format!("別の変更が先に行われています(現在の版は \"{current}\")。読み直してください。"),
                format!("It has changed in between (the version is now \"{current}\"): read it again."),
            ),
            Error::TooLarge { limit_bytes } => Text::new(
                format!("本文は{limit_bytes}バイトまでです。"),
                format!("A body may have {limit_bytes} bytes at most."),
            ),
            Error::UnsupportedMediaType { expected } => Text::new(
                format!("Content-Type は {expected} にしてください。"),
                format!("The Content-Type has to be {expected}."),
            ),
            Error::Invalid(_) => Text::new(
                "入力に誤りがあります。errors をご覧ください。",
                "Some values are wrong: see errors.",
            ),
            Error::IdempotencyKeyReused => Text::new(
                "この Idempotency-Key は別の内容ですでに使われています。",
                "This Idempotency-Key was used for another request.",
            ),
            Error::OutsideReach(reason) => reason.clone(),
            Error::TooManyRequests { retry_after_s, .. } => Text::new(
                format!("回数が多すぎます。{retry_after_s}秒後にやり直してください。"),
                format!("That was too often: try again in {retry_after_s} s."),
            ),
            Error::Unavailable(reason) => reason.clone(),
            Error::Internal(_) => Text::new(
                "サーバー内部でエラーが発生しました。request_id を添えてお知らせください。",
                "Something failed on our side: please report it with the request_id.",
            ),
        }
    }

    pub fn fields(&self) -> &[FieldError] {
        match self {
            Error::Invalid(fields) | Error::InvalidParameters(fields) => fields,
            _ => &[],
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.detail().en)?;
        if let Error::Internal(reason) = self {
            write!(f, " ({reason})")?;
        }
        for field in self.fields() {
            let (Place::Pointer(place) | Place::Parameter(place)) = &field.place;
            write!(f, "\n  {place}: {}", field.message.en)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// A file that was sent can't be read.
impl From<tables::Error> for Error {
    fn from(error: tables::Error) -> Error {
        match error {
            tables::Error::Invalid { code, message } => Error::invalid("/file", code, message),
            // The database that holds the file returns an error of this type.
            tables::Error::Io(e) => e
                .downcast::<Error>()
                .unwrap_or_else(|e| Error::Internal(format!("a file can't be read: {e}"))),
        }
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Error {
        use diesel::result::{DatabaseErrorKind, Error as Diesel};
        match error {
            Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Error::Conflict {
                code: "already_exists",
                detail: Text::new(
                    "同じものがすでに登録されています。",
                    "The same thing exists already.",
                ),
            },
            // SQLite's one writer is at work for longer than we wait.
            Diesel::DatabaseError(_, info) if info.message().contains("database is locked") => {
                let en = "The database is busy with another write: try again.";
                Error::Unavailable(Text::new(
                    "データベースが別の書き込みを処理中です。しばらくしてからやり直してください。",
                    en,
                ))
            }
            other => Error::Internal(other.to_string()),
        }
    }
}
