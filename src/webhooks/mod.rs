//! Webhooks: changes, sent to addresses that partners and administrators choose.
//!
//! * `addresses`: where a message may go. `signature`: how it is signed. `schedule`: when it is tried again.
//! * `store`: SQL. `actions`: managing webhooks. `delivering`: from the change log to the receiver's answer.
//! * `client`: one request to a receiver. `http`: the operations. `tasks`: the background tasks.
//!
//! A webhook follows the change log as its owner sees it, see `following`. One transaction writes the messages for the next
//! changes and moves the webhook's position, so that none is lost or queued twice. Any server makes the next attempt: it
//! takes a lease, and if it dies, another one goes on when the lease ends. So a message arrives at least once.
//!
//! Messages are signed as the Standard Webhooks specification says, and thin: they name a record, which the receiver reads.
//!
//! Deliberately absent: an order of messages, which retries would break; the receiver goes by `position` and `version`.

pub mod actions;
mod addresses;
mod client;
mod delivering;
pub mod http;
mod schedule;
pub mod signature;
pub mod store;
pub mod tasks;

pub use client::Client;

use crate::changes::Subject;
use crate::db::{Id, Instant};
use crate::error::{Error, Result, Text};
use crate::following::{ChangeAction, Position};
use crate::http::query::Several;
use crate::values::{distinct, not_blank};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

/// How many webhooks an owner has at most.
const MOST: usize = 10;
/// How many secrets a webhook can have at the same time.
const MAX_SECRETS: usize = 2;
/// How many messages of a webhook wait at most. Further changes stay in the log until there is room.
const MAX_WAITING: usize = 1000;

/// The name of the follower in the change log.
pub const FOLLOWER: &str = "webhooks";

/// A webhook to register.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://app.example.jp/hooks/musubi", "types": ["deliverable", "application"],
    "description": "応募アプリの通知", "enabled": true}))]
pub struct NewWebhook {
    /// Where messages are sent, with POST: an address in the public internet, with https.
    #[validate(custom(function = "addresses::check_url"))]
    #[schema(
        min_length = 9,
        max_length = 2000,
        pattern = r"^https?://[!-~]+$",
        example = "https://app.example.jp/hooks/musubi"
    )]
    pub url: String,
    /// The kinds of records of whose changes you want to hear. You need the scope to read each of them.
    #[validate(length(min = 1, max = 50), custom(function = "distinct_types"))]
    #[schema(min_items = 1, max_items = 50)]
    pub types: Vec<Subject>,
    #[serde(default)]
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"\S",
        example = "応募アプリの通知"
    )]
    pub description: Option<String>,
    /// Whether messages are sent. Musubi sets this to false when it switches the webhook off; set it to true again when the
    /// receiver works. Then sending goes on where it stopped.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

fn distinct_types(types: &[Subject]) -> Result<(), ValidationError> {
    distinct(types.iter().map(|one| one.code()))
}

/// What an owner of a webhook is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookOwnerKind {
    Partner,
    /// An administrator.
    User,
}

/// Whose webhook it is: messages are about what the owner may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookOwner {
    pub kind: WebhookOwnerKind,
    pub id: Id,
}

/// Why Musubi switched a webhook off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::IntoStaticStr, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WebhookOffReason {
    /// The receiver answered with 410 Gone.
    Gone,
    /// No message arrived for three days.
    Failing,
    /// Its owner has a new password, and who knew the old one may have added it.
    PasswordChanged,
    /// Its owner has a new e-mail address: the account may belong to somebody else now.
    EmailChanged,
}

/// When and why Musubi switched a webhook off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookSwitchedOff {
    pub at: Instant,
    pub reason: WebhookOffReason,
}

/// A secret of a webhook, without the secret itself.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WebhookSecret {
    pub id: Id,
    pub created_at: Instant,
    /// When messages are no longer signed with it. Null for the newest secret.
    pub expires_at: Option<Instant>,
}

/// A registered webhook.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Webhook {
    pub id: Id,
    pub owner: WebhookOwner,
    #[serde(flatten)]
    pub details: NewWebhook,
    /// Null unless Musubi switched it off. Then a task waits for its owner.
    pub switched_off: Option<WebhookSwitchedOff>,
    /// How many attempts failed since the last message that arrived.
    #[schema(minimum = 0)]
    pub failures: i32,
    /// Since when no message arrives. Null if the last one did.
    pub failing_since: Option<Instant>,
    /// How many messages wait to be sent, first attempts and later ones.
    #[schema(minimum = 0)]
    pub waiting: i64,
    /// The change up to which messages were made: a position as in `GET /v1/changes`.
    #[schema(value_type = String, example = "1284-9f3a2c51", pattern = "^(0|[1-9][0-9]{0,17})-[0-9a-f]{8}$")]
    pub position: Position,
    /// One or two; messages are signed with each of them.
    pub secrets: Vec<WebhookSecret>,
    /// Increases with each change. It is also the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// A secret with which messages are signed, shown only once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NewSecret {
    pub id: Id,
    /// Null if the response is repeated.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")]
    pub secret: Option<String>,
    pub created_at: Instant,
}

impl NewSecret {
    fn new(now: Instant) -> Result<NewSecret> {
        Ok(NewSecret {
            id: Id::new(),
            secret: Some(signature::fresh()?),
            created_at: now,
        })
    }
}

/// A webhook and its first secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookWithSecret {
    pub webhook: Webhook,
    pub secret: NewSecret,
}

/// How to renew a secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"keep_old_hours": 24}))]
pub struct SecretRenewal {
    /// For how many hours messages are signed with the old secret, too.
    #[serde(default = "one_day")]
    #[validate(range(min = 0, max = 168))]
    #[schema(minimum = 0, maximum = 168, default = 24)]
    pub keep_old_hours: i64,
}

fn one_day() -> i64 {
    24
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WebhookDeliveryStatus {
    /// An attempt is to come or under way, or the webhook is not enabled.
    Waiting,
    /// The receiver took it.
    Delivered,
    /// All attempts failed, or the receiver is gone.
    Failed,
}

impl WebhookDeliveryStatus {
    fn code(self) -> &'static str {
        self.into()
    }
}

/// Why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookFault {
    /// The name of the host has no address.
    UnresolvedHost,
    /// The host has an address that is not in the public internet.
    RefusedAddress,
    /// An address in the public internet needs https.
    InsecureUrl,
    /// No connection came about, or it broke.
    ConnectionFailed,
    /// The receiver's certificate is not valid for its name, or TLS failed otherwise.
    TlsFailed,
    /// The receiver didn't answer in time.
    TimedOut,
    /// What came back is not HTTP.
    BrokenAnswer,
    /// The answer is a redirect. Redirects are not followed.
    Redirected,
    /// The answer is 410 Gone.
    Gone,
    /// The answer has another status that isn't 2xx.
    Rejected,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"status_code": 503, "fault": "rejected", "answer": "maintenance", "duration_ms": 84}))]
pub struct WebhookOutcome {
    /// The status of the answer. Null without an answer.
    #[schema(minimum = 100, maximum = 999)]
    pub status_code: Option<u16>,
    /// Null if the receiver took the message.
    pub fault: Option<WebhookFault>,
    /// The first 500 characters of the answer. Null if it has none.
    #[schema(max_length = 500)]
    pub answer: Option<String>,
    #[schema(minimum = 0)]
    pub duration_ms: u32,
}

/// Why a receiver has to list everything again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookResyncReason {
    /// The owner's permissions changed, or the database was restored.
    ForeignPosition,
    /// The webhook was not enabled for longer than the log is kept.
    ExpiredPosition,
    /// Messages waited for 30 days while the webhook was not enabled.
    MessagesLost,
}

/// What a message is about. Members that don't fit its type are null.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookMessageData {
    /// The position after the change.
    #[schema(value_type = String, example = "1284-9f3a2c51", pattern = "^(0|[1-9][0-9]{0,17})-[0-9a-f]{8}$")]
    pub position: Position,
    #[serde(rename = "type")]
    pub subject: Option<Subject>,
    /// The id of the record; entries of the catalogue have kind and code: `skill/writing`.
    pub id: Option<String>,
    pub action: Option<ChangeAction>,
    /// The version of the record after the change. Null if only who sees it has changed.
    #[schema(minimum = 1)]
    pub version: Option<i64>,
    /// Where to read the record. Null if it is no longer there for the owner.
    pub link: Option<String>,
    /// Only in `webhook.resync`.
    pub reason: Option<WebhookResyncReason>,
}

/// What is sent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WebhookMessage {
    /// The kind of record and what happened to it; `webhook.test`, `webhook.resync`.
    #[serde(rename = "type")]
    #[schema(example = "deliverable.updated")]
    pub event: String,
    /// When it happened.
    pub timestamp: Instant,
    pub data: WebhookMessageData,
}

/// A message and what became of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b",
    "message_id": "msg_0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", "type": "deliverable.updated", "status": "waiting",
    "attempts": 2, "next_attempt_at": "2026-11-10T02:06:05Z", "first_attempt_at": "2026-11-10T02:00:00Z",
    "last_attempt_at": "2026-11-10T02:00:05Z",
    "outcome": {"status_code": 503, "fault": "rejected", "answer": "maintenance", "duration_ms": 84},
    "payload": {"type": "deliverable.updated", "timestamp": "2026-11-10T02:00:00Z",
        "data": {"position": "1284-9f3a2c51", "type": "deliverable", "id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d",
            "action": "updated", "version": 4, "reason": null,
            "link": "https://musubi.example.jp/v1/deliverables/0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d"}},
    "created_at": "2026-11-10T02:00:00Z"}))]
pub struct WebhookDelivery {
    pub id: Id,
    /// The header `webhook-id`, the same in every attempt.
    #[schema(example = "msg_0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b")]
    pub message_id: String,
    /// The kind of record and what happened to it; `webhook.test`, `webhook.resync`.
    #[serde(rename = "type")]
    #[schema(example = "deliverable.updated")]
    pub event: String,
    pub status: WebhookDeliveryStatus,
    #[schema(minimum = 0)]
    pub attempts: i32,
    /// Null if there is none to come.
    pub next_attempt_at: Option<Instant>,
    pub first_attempt_at: Option<Instant>,
    pub last_attempt_at: Option<Instant>,
    /// How the last attempt ended. Null before the end of the first one.
    pub outcome: Option<WebhookOutcome>,
    /// What is sent.
    #[schema(value_type = WebhookMessage)]
    pub payload: Value,
    pub created_at: Instant,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryFilter {
    /// Only messages with this status, or with one of several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<WebhookDeliveryStatus>>)]
    pub status: Option<Several<WebhookDeliveryStatus>>,
    /// Only messages of this type.
    #[serde(rename = "type")]
    #[param(max_length = 60, example = "deliverable.updated")]
    pub event: Option<String>,
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// The number of items on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` from the previous page.
    pub cursor: Option<String>,
}

/// Which failed messages to send again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"after": "1284-9f3a2c51"}))]
pub struct NewReplay {
    /// Only messages about changes after this position. Null or left out: all that failed.
    #[serde(default)]
    #[validate(custom(function = "valid_position"))]
    #[schema(pattern = "^(0|[1-9][0-9]{0,17})-[0-9a-f]{8}$")]
    pub after: Option<String>,
}

fn valid_position(text: &str) -> Result<(), ValidationError> {
    Position::parse("after", text).map(drop).map_err(|_| {
        crate::values::broken(
            "invalid_position",
            "Musubi-Position ヘッダーまたは position の値を指定してください。",
            "Use the value of the header Musubi-Position or of position.",
        )
    })
}

/// How many messages are sent again.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"replayed": 12, "more": false}))]
pub struct Replay {
    #[schema(minimum = 0, maximum = 1000)]
    pub replayed: usize,
    /// Whether more messages failed than have room in the queue. Repeat the request later.
    pub more: bool,
}

/// An empty object.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct NoOptions {}

fn missing() -> Error {
    Error::not_found("Webhook", "webhook")
}

fn missing_delivery() -> Error {
    Error::not_found("配信", "delivery")
}

fn too_many() -> Error {
    Error::Conflict {
        code: "too_many_webhooks",
        detail: Text::new(
            format!("Webhook は{MOST}件までです。使っていないものを削除してください。"),
            format!("You have {MOST} webhooks. Remove one that you no longer use."),
        ),
    }
}

fn too_many_secrets() -> Error {
    Error::Conflict {
        code: "too_many_secrets",
        detail: Text::new(
            "シークレットは2つまでです。先に古いシークレットを削除してください。",
            "A webhook has at most two secrets. Remove the older one first.",
        ),
    }
}

fn last_secret() -> Error {
    Error::Conflict {
        code: "last_secret",
        detail: Text::new(
            "最後のシークレットは削除できません。先に新しいシークレットを追加してください。",
            "The last secret can't be removed. Add a new one first.",
        ),
    }
}

fn full_queue() -> Error {
    Error::Conflict {
        code: "full_queue",
        detail: Text::new(
            format!("送信待ちが{MAX_WAITING}件あります。減ってからもう一度お試しください。"),
            format!("{MAX_WAITING} messages wait already. Try again when some were sent."),
        ),
    }
}
