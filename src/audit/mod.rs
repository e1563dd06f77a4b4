//! The audit: who viewed whose personal data, and who decided about permissions and people.
//!
//! An entry holds ids and codes, never personal data, so erasing a person doesn't change it. The hash of an
//! entry covers its text and the hash of the previous entry. Changing, removing or inserting an entry
//! therefore changes every later hash, and [`store::verify`] finds the first entry that doesn't match. The
//! chain can't show that its end was cut off: note the last hash elsewhere from time to time, and verify
//! against it.
//!
//! Deliberately absent: failed logins, which are throttled and logged, and changes of records (`changes`).
//!
//! Invariant: entries are numbered from 1 without gaps, and nothing here updates or deletes.

mod actions;
pub mod http;
pub mod store;

pub use actions::personal_data_was_read;

use crate::db::{Id, Instant};
use crate::http::query::Several;
use crate::values::code_list;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

macro_rules! actions {
    ($($name:ident = $code:literal: $what:literal,)*) => {
        /// What an actor did.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum AuditAction {
            $(#[doc = $what] #[serde(rename = $code)] $name,)*
        }

        impl AuditAction {
            pub fn code(self) -> &'static str {
                match self { $(AuditAction::$name => $code),* }
            }
        }

        impl From<AuditAction> for &'static str {
            fn from(action: AuditAction) -> &'static str {
                action.code()
            }
        }

        impl PartialSchema for AuditAction {
            fn schema() -> RefOr<Schema> {
                code_list("What an actor did", [$($code),*].into_iter())
            }
        }

        impl ToSchema for AuditAction {}
    };
}

actions! {
    PersonalDataRead = "personal_data.read": "Someone else viewed names, contacts or free text",
    PersonalDataExported = "personal_data.exported": "A person's data was exported",
    WorkerErased = "worker.erased": "A person was erased",
    ConsentGiven = "consent.given": "A consent was recorded",
    ConsentWithdrawn = "consent.withdrawn": "A consent was withdrawn",
    DuplicateMerged = "duplicate.merged": "Two records were merged as the same person",
    DuplicateSeparated = "duplicate.separated": "Two records were separated as different people, or a merge was undone",
    RequestReturned = "request.returned": "An organization changed a released request, so it waits for a coordinator again",
    RequestClosed = "request.closed": "A request was declined or cancelled",
    RequestArchived = "request.archived": "A request was archived",
    ApplicationClosed = "application.closed": "An application or invitation was declined or withdrawn",
    JointRequestAccepted = "joint_request.accepted": "An organization agreed to request a deliverable together with another one",
    JointRequestDeclined = "joint_request.declined": "An organization declined to request a deliverable together with another one",
    JointRequestLeft = "joint_request.left": "An organization no longer requests a deliverable together with another one",
    UserInvited = "user.invited": "A user was invited or got a new link",
    PasswordResetCreated = "password_reset.created": "A user got a link at which to choose a new password",
    UserChanged = "user.changed": "A user's role, belonging or status changed",
    UserRemoved = "user.removed": "A user was removed",
    PasswordChosen = "password.chosen": "A user set or changed the password",
    SessionOpened = "session.opened": "A user logged in",
    RefreshTokenReused = "refresh_token.reused": "A refresh token was used twice, so its session was revoked",
    PartnerRegistered = "partner.registered": "A partner was registered",
    PartnerChanged = "partner.changed": "A partner's terms or status changed",
    SecretCreated = "client_secret.created": "A partner got a client secret",
    SecretRevoked = "client_secret.revoked": "A partner's client secret was revoked",
    WebhookRegistered = "webhook.registered": "A webhook was registered",
    WebhookChanged = "webhook.changed": "A webhook was changed or switched off",
    WebhookRemoved = "webhook.removed": "A webhook was removed",
    WebhookSecretCreated = "webhook_secret.created": "A webhook got a new secret",
    WebhookSecretRemoved = "webhook_secret.removed": "A secret of a webhook was removed",
    WeightsChanged = "weights.changed": "An administrator set the weights of rankings",
}

/// Something to enter in the audit.
#[derive(Debug, Clone)]
pub struct Act {
    pub actor: String,
    pub action: AuditAction,
    /// The operation that a request called.
    pub operation: Option<String>,
    /// The people or records it concerns.
    pub subjects: Vec<Id>,
}

impl Act {
    pub fn new(actor: &str, action: AuditAction, subject: Id) -> Act {
        Act {
            actor: actor.to_owned(),
            action,
            operation: None,
            subjects: vec![subject],
        }
    }
}

/// The content of an entry. The hash covers its JSON, with the members in this order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditEvent {
    #[schema(minimum = 1, example = 1042)]
    pub seq: i64,
    // Entries written before the member was renamed are stored and hashed as `at`.
    #[serde(alias = "at")]
    pub occurred_at: Instant,
    /// The role and id of the actor.
    #[schema(example = "coordinator:0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d")]
    pub actor: String,
    #[schema(inline)]
    pub action: AuditAction,
    /// The operation through which personal data was read. Null for other actions, and for what an operator did on
    /// the server.
    #[serde(default)]
    #[schema(example = "GET /v1/workers/{id}")]
    pub operation: Option<String>,
    /// The ids of the people or records it concerns.
    pub subjects: Vec<Id>,
}

/// An entry of the audit.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditEntry {
    #[serde(flatten)]
    pub event: AuditEvent,
    /// The SHA-256, in hexadecimal, of the previous entry's hash, a line feed and this entry's JSON.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub hash: String,
}

/// What one actor did to one subject, counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditSummary {
    #[schema(example = "coordinator:0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d")]
    pub actor: String,
    #[schema(example = "personal_data.read", inline, value_type = AuditAction)]
    pub action: String,
    #[schema(minimum = 1, example = 3)]
    pub count: i64,
    pub first_at: Instant,
    pub last_at: Instant,
}

/// The hash before the first entry.
pub const GENESIS: &str = "";

/// Returns the hash of an entry's text that follows an entry with the hash `before`.
pub fn chain(before: &str, text: &str) -> String {
    let digest = Sha256::new()
        .chain_update(before)
        .chain_update("\n")
        .chain_update(text);
    hex::encode(digest.finalize())
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditFilter {
    /// The role and id of the actor.
    #[param(
        max_length = 200,
        example = "coordinator:0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d"
    )]
    pub actor: Option<String>,
    /// One action, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<AuditAction>>)]
    pub action: Option<Several<AuditAction>>,
    /// A person or record that the entry concerns.
    pub subject_id: Option<Id>,
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// The number of items on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` from the previous page.
    pub cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_same_in_json() {
        let action = AuditAction::PersonalDataRead;
        assert_eq!(serde_json::to_value(action).unwrap(), action.code());
    }

    #[test]
    fn a_hash_depends_on_every_earlier_entry() {
        let one = chain(GENESIS, "a");
        assert_ne!(chain(&one, "b"), chain(GENESIS, "b"));
        assert_eq!(chain(GENESIS, "a"), one);
        assert_eq!(one.len(), 64);
    }

    #[test]
    fn reads_entries_with_the_former_name_of_the_time() {
        let text =
            r#"{"seq":1,"at":"2026-11-27T00:00:00.000000Z","actor":"admin:x","action":"worker.erased""#;
        let text = format!(r#"{text},"subjects":[]}}"#);
        let event: AuditEvent = serde_json::from_str(&text).unwrap();
        let renamed = text
            .replace("\"at\"", "\"occurred_at\"")
            .replace("\"subjects\"", "\"operation\":null,\"subjects\"");
        assert_eq!(serde_json::to_string(&event).unwrap(), renamed);
    }
}
