//! The error type of the whole service, with stable codes that clients may depend on. It knows HTTP's status numbers,
//! but no framework.
//!
//! Every text is in Japanese and English; the HTTP layer picks one. Internal causes go to the log and are never shown.

use std::borrow::Cow;
use std::fmt;

pub type Result<T, E = Error> = std::result::Result<T, E>;

pub use text::Text;

/// Where a bad value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A JSON pointer (RFC 6901) into the body.
    Pointer(String),
    /// A parameter of the query or the path, or a header.
    Parameter(String),
}

/// One bad value: where it is and which rule it breaks.
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

#[derive(Debug, Clone)]
pub enum Error {
    /// 400: the body is not JSON at all.
    MalformedJson {
        line: usize,
        column: usize,
        reason: String,
    },
    /// 400: a parameter of the path, the query or a header breaks a rule.
    InvalidParameters(Vec<FieldError>),
    /// 401
    Unauthenticated(Text),
    /// 403: the caller lacks this scope.
    InsufficientScope { scope: &'static str },
    /// 403: the caller has the scope, but must not do this to this record or in this way.
    AccessDenied { code: &'static str, detail: Text },
    /// 404
    NotFound { what: Text },
    /// 405: the path exists, but not with this method.
    MethodNotAllowed { allow: String },
    /// 408
    Timeout,
    /// 409
    Conflict { code: &'static str, detail: Text },
    /// 410
    Gone { code: &'static str, detail: Text },
    /// An error whose problem document has one more member (RFC 9457, section 3.2).
    Extended {
        error: Box<Error>,
        member: &'static str,
        value: serde_json::Value,
    },
    /// 412: `If-Match` named another version.
    PreconditionFailed { current: i64 },
    /// The request has to name the version that it is about.
    PreconditionRequired,
    /// 413
    TooLarge { limit_bytes: usize },
    /// 415
    UnsupportedMediaType { expected: &'static str },
    /// 415: the body is compressed, or encoded in another way.
    UnsupportedEncoding,
    /// 422: the body is JSON, but some values break rules.
    Invalid(Vec<FieldError>),
    /// 422: the `Idempotency-Key` was used for another request.
    IdempotencyKeyReused,
    /// 429: too many requests; the next is allowed after these seconds.
    TooManyRequests { code: &'static str, retry_after_s: u64 },
    /// 429: a quota is used up; a retry makes sense after these seconds.
    QuotaExceeded {
        code: &'static str,
        detail: Text,
        retry_after_s: u64,
    },
    /// 409: a twin of the request is running, or was left by a server that died.
    InProgress { retry_after_s: u64 },
    /// 503
    Unavailable(Text),
    /// 503 or 507: the database or a disk fails. The reason is for the log.
    Fault { fault: Fault, reason: String },
    /// 500: the text is for the log.
    Internal(String),
}

/// What can be wrong with the database or a disk. Nobody has to report it: it ends when the operator or time mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::VariantArray)]
pub enum Fault {
    /// The connection was lost, or can't be made.
    Unreachable,
    /// The database did not answer in time. Nothing was written.
    TimedOut,
    /// All connections are in use, or others hold the records. Nothing was written.
    Busy,
    /// The database refuses writes: a standby, or a full quota.
    ReadOnly,
    /// A disk is full.
    Full,
    /// The database belongs to another release.
    ForeignSchema,
    /// The database is damaged, or doesn't let us use all of it.
    Unusable,
    /// The connection was lost while the transaction was committing.
    OutcomeUnknown,
}

impl Fault {
    fn status(self) -> u16 {
        if self == Fault::Full { 507 } else { 503 }
    }

    fn code(self) -> &'static str {
        match self {
            Fault::Unreachable => "database_unreachable",
            Fault::TimedOut => "database_timeout",
            Fault::Busy => "database_busy",
            Fault::ReadOnly => "database_read_only",
            Fault::Full => "storage_full",
            Fault::ForeignSchema => "database_schema_mismatch",
            Fault::Unusable => "database_unusable",
            Fault::OutcomeUnknown => "outcome_unknown",
        }
    }

    /// How long it usually takes at least until a retry can succeed.
    fn retry_after_s(self) -> u64 {
        match self {
            Fault::Busy | Fault::OutcomeUnknown => 1,
            Fault::Unreachable | Fault::TimedOut | Fault::ReadOnly => 5,
            Fault::Full | Fault::ForeignSchema | Fault::Unusable => 60,
        }
    }

    fn detail(self) -> Text {
        match self {
            Fault::Unreachable => Text::new(
                "データベースに接続できません。しばらくしてからもう一度お試しください。",
                "The database can't be reached. Try again later.",
            ),
            Fault::TimedOut => Text::new(
                "データベースから時間内に応答がありませんでした。何も書き込まれていません。しばらくしてからもう一度お試しください。",
                "The database did not answer in time. Nothing was written. Try again later.",
            ),
            Fault::Busy => Text::new(
                "データベースが混み合っています。しばらくしてからもう一度お試しください。",
                "The database is busy. Try again later.",
            ),
            Fault::ReadOnly => Text::new(
                "現在、データベースに書き込めません。しばらくしてからもう一度お試しください。",
                "The database can't be written at the moment. Try again later.",
            ),
            Fault::Full => Text::new(
                "サーバーの保存領域がいっぱいです。しばらくしてからもう一度お試しください。",
                "The server's storage is full. Try again later.",
            ),
            Fault::ForeignSchema => Text::new(
                "データベースがこのサーバーのバージョンと一致しません。サーバーの更新が終わってからもう一度お試しください。",
                "The database belongs to another release of the server. Try again when the update is finished.",
            ),
            Fault::Unusable => Text::new(
                "データベースに不具合があるため、処理できません。サーバーの管理者に連絡してください。",
                "Something is wrong with the database. Tell whoever runs the server.",
            ),
            Fault::OutcomeUnknown => Text::new(
                "書き込みの完了を確認できませんでした。Idempotency-Key を指定した場合は同じキーで再送してください。指定していない場合は、書き込まれたかどうかを確認してから再送してください。",
                "It is unknown whether this was written. If you sent an Idempotency-Key, repeat the request with it. Otherwise look whether it was written before you repeat it.",
            ),
        }
    }
}

impl Error {
    /// Returns the errors of several checks of a body together. An error that isn't about values comes alone.
    pub fn together(checks: impl IntoIterator<Item = Result<()>>) -> Result<()> {
        let mut faults: Vec<FieldError> = Vec::new();
        for check in checks {
            match check {
                Err(Error::Invalid(more)) => faults.extend(more),
                other => other?,
            }
        }
        match faults.is_empty() {
            true => Ok(()),
            false => Err(Error::Invalid(faults)),
        }
    }

    /// Returns what was done although a check may have failed: then nothing of it is kept, and the errors of both come
    /// together.
    pub fn after<A>(check: Result<()>, done: Result<A>) -> Result<A> {
        match (check, done) {
            (Ok(()), done) => done,
            (Err(Error::Invalid(mut faults)), Err(Error::Invalid(more))) => {
                faults.extend(more);
                Err(Error::Invalid(faults))
            }
            (Err(error), _) => Err(error),
        }
    }

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

    pub fn fault(fault: Fault, reason: impl ToString) -> Error {
        let reason = reason.to_string();
        Error::Fault { fault, reason }
    }

    /// An error of a file. `what` says for the log what failed. Libraries wrap the system's error, but show its text.
    pub fn file(what: &str, error: impl fmt::Display) -> Error {
        let reason = format!("{what}: {error}");
        let says = |part| reason.contains(part);
        if says("No space left on device") || says("Disk quota exceeded") {
            Error::fault(Fault::Full, reason)
        } else if says("Read-only file system") {
            Error::fault(Fault::ReadOnly, reason)
        } else {
            Error::Internal(reason)
        }
    }

    /// Whether the same work may succeed later without any change to it.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Fault { .. } | Error::Unavailable(_) | Error::InProgress { .. } | Error::Timeout => true,
            Error::Extended { error, .. } => error.is_transient(),
            _ => false,
        }
    }

    /// The seconds after which a retry makes sense.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Error::TooManyRequests { retry_after_s, .. }
            | Error::QuotaExceeded { retry_after_s, .. }
            | Error::InProgress { retry_after_s } => Some(*retry_after_s),
            Error::Fault { fault, .. } => Some(fault.retry_after_s()),
            Error::Unavailable(_) => Some(5),
            Error::Extended { error, .. } => error.retry_after_s(),
            _ => None,
        }
    }

    /// What the log has to say about the error and clients don't.
    pub fn internal_reason(&self) -> Option<&str> {
        match self {
            Error::Internal(reason) | Error::Fault { reason, .. } => Some(reason),
            Error::Extended { error, .. } => error.internal_reason(),
            _ => None,
        }
    }

    /// Adds a member to the problem document.
    pub fn with_member(self, member: &'static str, value: serde_json::Value) -> Error {
        let error = Box::new(self);
        Error::Extended { error, member, value }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Error::MalformedJson { .. } | Error::InvalidParameters(_) => 400,
            Error::Unauthenticated(_) => 401,
            Error::InsufficientScope { .. } | Error::AccessDenied { .. } => 403,
            Error::NotFound { .. } => 404,
            Error::MethodNotAllowed { .. } => 405,
            Error::Timeout => 408,
            Error::Conflict { .. } | Error::InProgress { .. } => 409,
            Error::Gone { .. } => 410,
            Error::Extended { error, .. } => error.status(),
            Error::PreconditionFailed { .. } => 412,
            Error::PreconditionRequired => 428,
            Error::TooLarge { .. } => 413,
            Error::UnsupportedMediaType { .. } | Error::UnsupportedEncoding => 415,
            Error::Invalid(_) | Error::IdempotencyKeyReused => 422,
            Error::TooManyRequests { .. } | Error::QuotaExceeded { .. } => 429,
            Error::Unavailable(_) => 503,
            Error::Fault { fault, .. } => fault.status(),
            Error::Internal(_) => 500,
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Error::MalformedJson { .. } => "malformed_json",
            Error::InvalidParameters(_) => "invalid_parameters",
            Error::Unauthenticated(_) => "unauthenticated",
            Error::InsufficientScope { .. } => "insufficient_scope",
            Error::AccessDenied { code, .. } => code,
            Error::NotFound { .. } => "not_found",
            Error::MethodNotAllowed { .. } => "method_not_allowed",
            Error::Timeout => "timeout",
            Error::Conflict { code, .. } | Error::Gone { code, .. } => code,
            Error::Extended { error, .. } => error.code(),
            Error::PreconditionFailed { .. } => "precondition_failed",
            Error::PreconditionRequired => "precondition_required",
            Error::TooLarge { .. } => "too_large",
            Error::UnsupportedMediaType { .. } => "unsupported_media_type",
            Error::UnsupportedEncoding => "unsupported_encoding",
            Error::Invalid(_) => "invalid",
            Error::IdempotencyKeyReused => "idempotency_key_reused",
            Error::TooManyRequests { code, .. } | Error::QuotaExceeded { code, .. } => code,
            Error::InProgress { .. } => "request_in_progress",
            Error::Unavailable(_) => "unavailable",
            Error::Fault { fault, .. } => fault.code(),
            Error::Internal(_) => "internal",
        }
    }

    /// The text for the client.
    pub fn detail(&self) -> Text {
        match self {
            // Nothing was there to read.
            Error::MalformedJson {
                line: 1, column: 0, ..
            } => Text::new(
                "本文がありません。JSONを送信してください。指定することがなければ {} を送信します。",
                "The body is empty. Send JSON; if you have nothing to say, send {}.",
            ),
            Error::MalformedJson { line, column, reason } => Text::new(
                format!("本文がJSONの形式ではありません（{line}行{column}列）。"),
                format!("The body is not JSON (line {line}, column {column}): {reason}."),
            ),
            Error::InvalidParameters(_) => Text::new(
                "パラメータに誤りがあります。errors をご覧ください。",
                "Some parameters are invalid. See errors.",
            ),
            Error::Unauthenticated(reason) => reason.clone(),
            Error::InsufficientScope { scope } => Text::new(
                format!("この操作には {scope} の権限が必要です。"),
                format!("This operation requires the scope {scope}."),
            ),
            Error::NotFound { what } => Text::new(
                format!("{}が見つかりません。", what.ja),
                format!("There is no such {}.", what.en),
            ),
            Error::MethodNotAllowed { allow } => Text::new(
                format!("このURLでは {allow} のみ使用できます。"),
                format!("This path supports only {allow}."),
            ),
            Error::Timeout => Text::new(
                "リクエストの受信が時間内に完了しませんでした。もう一度お試しください。",
                "The request took too long to arrive. Try again.",
            ),
            Error::Conflict { detail, .. }
            | Error::Gone { detail, .. }
            | Error::QuotaExceeded { detail, .. } => detail.clone(),
            Error::Extended { error, .. } => error.detail(),
            Error::PreconditionRequired => Text::new(
                "確認した版の ETag を If-Match で指定してください。確認した後に変更されている場合があります。",
                "Name the version that you have read with If-Match. The record may have changed since.",
            ),
            Error::PreconditionFailed { current } => Text::new(
                format!(
                    "ほかの変更が先に行われました（現在のバージョンは \"{current}\"）。再度読み込んでからやり直してください。"
                ),
                format!(
                    "The record has changed; its version is now \"{current}\". Read it again before you change it."
                ),
            ),
            Error::TooLarge { limit_bytes } => Text::new(
                format!("本文は{limit_bytes}バイト以内にしてください。"),
                format!("The body must not be longer than {limit_bytes} bytes."),
            ),
            Error::UnsupportedMediaType { expected } => Text::new(
                format!("Content-Type には {expected} を指定してください。"),
                format!("Set Content-Type to {expected}."),
            ),
            Error::UnsupportedEncoding => Text::new(
                "本文は圧縮せずに送信してください（Content-Encoding は使用できません）。",
                "Send the body uncompressed, without Content-Encoding.",
            ),
            Error::Invalid(_) => Text::new(
                "入力に誤りがあります。errors をご覧ください。",
                "Some values are invalid. See errors.",
            ),
            Error::IdempotencyKeyReused => Text::new(
                "この Idempotency-Key は別のリクエストですでに使用されています。新しいキーを指定してください。",
                "This Idempotency-Key was used for another request. Use a new key.",
            ),
            Error::AccessDenied { detail, .. } => detail.clone(),
            Error::TooManyRequests { retry_after_s, .. } => Text::new(
                format!("リクエストが多すぎます。{retry_after_s}秒後にもう一度お試しください。"),
                format!("Too many requests. Try again in {retry_after_s} seconds."),
            ),
            Error::InProgress { retry_after_s } => Text::new(
                format!(
                    "同じ Idempotency-Key のリクエストを処理中です。{retry_after_s}秒後にもう一度お試しください。"
                ),
                format!(
                    "A request with this Idempotency-Key is running. Try again in {retry_after_s} seconds."
                ),
            ),
            Error::Unavailable(reason) => reason.clone(),
            Error::Fault { fault, .. } => fault.detail(),
            Error::Internal(_) => Text::new(
                "サーバーでエラーが発生しました。request_id を添えてお問い合わせください。",
                "An error occurred on the server. Report it with the request_id.",
            ),
        }
    }

    /// The bad values.
    pub fn fields(&self) -> &[FieldError] {
        match self {
            Error::Extended { error, .. } => error.fields(),
            Error::Invalid(fields) | Error::InvalidParameters(fields) => fields,
            _ => &[],
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.detail().en)?;
        if let Some(reason) = self.internal_reason() {
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
                .unwrap_or_else(|e| Error::file("a file can't be read", e)),
        }
    }
}
