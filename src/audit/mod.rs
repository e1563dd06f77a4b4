//! The audit: who saw whose personal data, and who decided about permissions and people.
//!
//! An entry holds ids and codes, never personal data, so that erasing a person leaves it whole. Each entry has a hash
//! over its own text and the hash before it: whoever changes, removes or inserts one has to change all that follow, and
//! [`store::verify`] finds the first that does not fit. Cutting off the end can't be seen from inside: note the last
//! hash elsewhere from time to time, and verify against it.
//!
//! Deliberately absent: failed logins, which concern nobody's data (they are slowed down and logged), and changes of
//! records (`changes`).
//!
//! Invariant: entries are numbered from 1 without gaps, and nothing here updates or deletes.

pub mod http;
pub mod store;

use crate::auth::secret::hex;
use crate::db::{Id, Instant, Pool};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

macro_rules! actions {
    ($($name:ident = $code:literal: $what:literal,)*) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum AuditAction {
            $(#[doc = $what] #[serde(rename = $code)] $name,)*
        }

        impl AuditAction {
            pub fn code(self) -> &'static str {
                match self { $(AuditAction::$name => $code),* }
            }
        }

        impl PartialSchema for AuditAction {
            fn schema() -> RefOr<Schema> {
                let codes = [$($code),*];
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(codes)).into()
            }
        }

        impl ToSchema for AuditAction {}
    };
}

actions! {
    PersonalDataRead = "personal_data.read": "Names, contacts or free text were shown to someone else",
    PersonalDataExported = "personal_data.exported": "Everything held on someone was exported",
    WorkerErased = "worker.erased": "A person was erased",
    ConsentGiven = "consent.given": "A consent was recorded",
    ConsentWithdrawn = "consent.withdrawn": "A consent was withdrawn",
    DuplicateMerged = "duplicate.merged": "Two workers were found to be one person",
    DuplicateSeparated = "duplicate.separated": "Two workers were found to be two people, or a merge was undone",
    UserInvited = "user.invited": "A user was invited, or given a new link",
    UserChanged = "user.changed": "A user's role, belonging or status changed",
    UserRemoved = "user.removed": "A user was removed",
    PasswordChosen = "password.chosen": "A password was chosen or changed",
    SessionOpened = "session.opened": "Somebody logged in",
    RefreshTokenReused = "refresh_token.reused": "A refresh token came a second time, and its session was ended",
    PartnerRegistered = "partner.registered": "A partner was registered",
    PartnerChanged = "partner.changed": "A partner's terms or status changed",
    SecretCreated = "client_secret.created": "A partner got a client secret",
    SecretRevoked = "client_secret.revoked": "A partner's client secret was revoked",
}

/// One thing that was done, not yet entered.
#[derive(Debug, Clone)]
pub struct Act {
    pub actor: String,
    pub action: AuditAction,
    /// Whom or what it is about.
    pub subjects: Vec<Id>,
}

impl Act {
    pub fn new(actor: &str, action: AuditAction, subject: Id) -> Act {
        Act {
            actor: actor.to_owned(),
            action,
            subjects: vec![subject],
        }
    }
}

/// An entry as it is hashed: its JSON, with the members in this order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    #[schema(minimum = 1, example = 1042)]
    pub seq: i64,
    pub at: Instant,
    /// Role and id of whoever did it.
    #[schema(example = "coordinator:0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d")]
    pub actor: String,
    #[schema(inline)]
    pub action: AuditAction,
    /// The ids of whom or what it is about.
    pub subjects: Vec<Id>,
}

/// An entry with its hash.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HashedEntry {
    #[serde(flatten)]
    pub entry: AuditEntry,
    /// SHA-256 in hexadecimal, of the hash before, a line feed, and the entry's JSON.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub hash: String,
}

/// What one actor did to one subject, counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditSummary {
    #[schema(example = "coordinator:0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d")]
    pub actor: String,
    #[schema(example = "personal_data.read")]
    pub action: String,
    #[schema(minimum = 1, example = 3)]
    pub count: i64,
    pub first_at: Instant,
    pub last_at: Instant,
}

/// Before the first entry.
pub const GENESIS: &str = "";

/// The hash of an entry's text after the hash before it.
pub fn chain(before: &str, text: &str) -> String {
    let digest = Sha256::new()
        .chain_update(before)
        .chain_update("\n")
        .chain_update(text);
    hex(&digest.finalize())
}

/// Enters that personal data was shown; nothing where nobody's was.
pub async fn personal_data_was_read(pool: &Pool, actor: String, subjects: Vec<Id>) -> Result<()> {
    if subjects.is_empty() {
        return Ok(());
    }
    let act = Act {
        actor,
        action: AuditAction::PersonalDataRead,
        subjects,
    };
    pool.write(move |db| store::append(db, &act)).await
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditFilter {
    /// Role and id of whoever did it.
    #[param(
        max_length = 200,
        example = "coordinator:0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d"
    )]
    pub actor: Option<String>,
    #[param(inline)]
    pub action: Option<AuditAction>,
    /// Whom or what it is about.
    pub subject_id: Option<Id>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_as_on_the_wire() {
        let action = AuditAction::PersonalDataRead;
        assert_eq!(serde_json::to_value(action).unwrap(), action.code());
    }

    #[test]
    fn a_hash_depends_on_all_that_came_before() {
        let one = chain(GENESIS, "a");
        assert_ne!(chain(&one, "b"), chain(GENESIS, "b"));
        assert_eq!(chain(GENESIS, "a"), one);
        assert_eq!(one.len(), 64);
    }
}
