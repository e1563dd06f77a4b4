//! Who may do what: roles, the permission table, and bearer tokens (JWT, EdDSA).
//!
//! * `permissions`: the one table of scopes and roles. `reach`: which records are a caller's own.
//! * `oidc`: tokens of an identity provider.
//! * `quota`: how many requests a partner may make.
//! * `keys`: the keys that sign tokens. `secret`: what else we give out, and how it is kept.
//! * `store`: whom a token stands for, as the database has it now.
//!
//! An operation names its scope in the handler's signature, [`http::Caller`]`<ReadWorkers>`; one that names none
//! can't be reached with or without a token unless it is public on purpose. A token may be narrowed to fewer
//! scopes than its role has, never widened.
//!
//! A token of a session or a partner is worth what the database says at that moment: ending a session, suspending
//! a user or changing where they belong counts from the next request. A token that `musubi token` printed stands for
//! itself until it expires.
//!
//! Deliberately absent: logging in (`sessions`), the people themselves (`users`).

pub mod http;
mod keys;
pub mod oidc;
pub mod permissions;
pub mod quota;
pub mod reach;
pub mod secret;
pub mod store;

pub use keys::{Keys, rotate};
pub use permissions::*;
pub use reach::{Belonging, PartnerReach, Reach};

use crate::db::Id;
use crate::error::{Error, Result, Text};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The role of a caller.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ValueEnum,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum UserRole {
    /// The secretariat
    Admin,
    /// City hall, social welfare council or community support centre, within its areas
    Coordinator,
    /// A member of an organization
    Organization,
    /// A pro bono worker, for their own profile
    Worker,
    /// An app through which volunteers find deliverables
    Partner,
    /// A script that loads rosters
    Importer,
    /// Reads everything, changes nothing
    Auditor,
}

impl UserRole {
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The reach of the role with these belongings; none where one that it needs is missing.
    pub fn reach(self, belonging: Belonging) -> Option<Reach> {
        match self {
            UserRole::Admin | UserRole::Importer | UserRole::Auditor => Some(Reach::Everything),
            UserRole::Coordinator => Some(Reach::Areas(belonging.areas)),
            UserRole::Organization => belonging.organization_id.map(Reach::Organization),
            UserRole::Worker => belonging.worker_id.map(Reach::Worker),
            UserRole::Partner => None,
        }
    }
}

/// What a token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// A user's or a partner's id, or the name that `musubi token` was given.
    pub sub: String,
    /// The session it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Id>,
    pub role: UserRole,
    /// Narrows the role's scopes: names parted by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(flatten)]
    pub belonging: Belonging,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
}

impl Claims {
    /// Of someone, from now on.
    pub fn new(role: UserRole, subject: impl ToString, now: i64, ttl_seconds: i64) -> Claims {
        Claims {
            iss: keys::ISSUER.to_owned(),
            aud: keys::AUDIENCE.to_owned(),
            sub: subject.to_string(),
            sid: None,
            role,
            scope: None,
            belonging: Belonging::default(),
            iat: now,
            nbf: now,
            exp: now + ttl_seconds,
        }
    }
}

/// Who a request comes from, and what they may do.
#[derive(Debug, Clone)]
pub struct Principal {
    pub role: UserRole,
    /// A user's or a partner's id, or the name in a token that stands for itself.
    pub subject: String,
    pub session: Option<Id>,
    /// Fewer scopes than the role has.
    pub narrowed: Option<String>,
    pub reach: Reach,
}

impl Principal {
    pub fn extent(&self, scope: &str) -> Option<Extent> {
        let within = self
            .narrowed
            .as_ref()
            .is_none_or(|own| own.split(' ').any(|s| s == scope));
        permissions::extent(self.role, scope).filter(|_| within)
    }

    /// The name in the change log: never a person's own.
    pub fn actor(&self) -> String {
        format!("{}:{}", self.role.code(), self.subject)
    }
}

/// A write that is allowed, but not for this record.
pub fn outside_reach() -> Error {
    Error::OutsideReach(Text::new(
        "あなたの担当範囲の外です。",
        "This is outside of what is yours.",
    ))
}

/// Who looks, for what is not about one request: how far, and whether personal data too.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// The name in the change log and the audit.
    pub actor: String,
    pub reach: Reach,
    pub personal_data: bool,
    /// Whether what anybody made is theirs to see, where a list else has one's own.
    pub sees_all: bool,
}

impl Viewer {
    /// Whose they see; none where everybody's.
    pub fn creator(&self) -> Option<&str> {
        (!self.sees_all).then_some(self.actor.as_str())
    }
}

/// Refuses what would come to stand outside of the caller's reach.
pub fn within_reach(within: bool) -> Result<()> {
    if within { Ok(()) } else { Err(outside_reach()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(role: UserRole, scope: &str) -> Principal {
        Principal {
            role,
            subject: "x".into(),
            session: None,
            narrowed: Some(scope.into()),
            reach: Reach::Everything,
        }
    }

    #[test]
    fn a_token_narrows_its_role_and_never_widens_it() {
        let admin = principal(UserRole::Admin, "workers:read matches:read");
        assert_eq!(admin.extent("matches:read"), Some(Extent::All));
        assert_eq!(admin.extent("workers:write"), None);
        assert_eq!(
            principal(UserRole::Partner, "statistics:read").extent("statistics:read"),
            None
        );
    }

    #[test]
    fn whoever_belongs_nowhere_reaches_nothing() {
        assert_eq!(
            UserRole::Coordinator.reach(Belonging::default()),
            Some(Reach::Areas(vec![]))
        );
        for role in [UserRole::Organization, UserRole::Worker, UserRole::Partner] {
            assert_eq!(role.reach(Belonging::default()), None, "{role:?}");
        }
    }
}
