//! Who may do what: roles, the permission table, and bearer tokens (JWT, EdDSA).
//!
//! * `role`: the roles. `permissions`: the table of scopes and roles. `properties`: who may write which property.
//!   `reach`: which records are a caller's own.
//! * `claims`: the content of a token. `keys`: the keys that sign tokens. `oidc`: tokens of an identity
//!   provider.
//! * `remembered`: tokens that were verified before. `secret`: other secrets.
//! * `quota`: how many requests a partner may make.
//! * `store`: the user or partner of a token, as the database has them now.
//!
//! An operation names its scope in the handler's signature, as in [`http::Caller`]`<ReadWorkers>`. A token
//! can be limited to fewer scopes than its role has, never extended to more.
//!
//! The token of a session or a partner is checked against the database on every request: revoking a session,
//! suspending a user or changing where they belong applies from the next request. A token from `musubi token`
//! is valid by itself until it expires.
//!
//! Deliberately absent: sessions (`sessions`), logging in (`login`) and the people (`users`).

mod claims;
pub mod http;
mod keys;
pub mod oidc;
pub mod permissions;
pub mod properties;
pub mod quota;
pub mod reach;
mod remembered;
mod role;
pub mod secret;
pub mod store;

pub use claims::{ACCESS_SECONDS, Claims};
pub use keys::{Keys, rotate};
pub use permissions::*;
pub use properties::{RecordKind, check_properties, not_permitted};
pub use reach::{Belonging, PartnerReach, Reach};
pub use role::UserRole;

use crate::db::Id;
use crate::error::{Error, Result, Text};

/// The sender of a request, and what they may do.
#[derive(Debug, Clone)]
pub struct Principal {
    pub role: UserRole,
    /// The id of a user or partner, or the name in a token without a session.
    pub subject: String,
    pub session: Option<Id>,
    /// The scopes that the token is limited to, separated by spaces.
    pub scope_limit: Option<String>,
    pub reach: Reach,
    /// When the token expires, in seconds since 1970.
    pub expires_at: i64,
}

impl Principal {
    /// Returns how far the caller may use a scope, or `None` if they may not.
    pub fn extent(&self, scope: &str) -> Option<Extent> {
        let is_allowed = self
            .scope_limit
            .as_ref()
            .is_none_or(|limit| limit.split(' ').any(|s| s == scope));
        permissions::extent(self.role, scope).filter(|_| is_allowed)
    }

    /// Returns the user whose session this is, or `None` for a token without a session.
    pub fn user(&self) -> Option<Id> {
        self.session?;
        self.subject.parse().ok().map(Id)
    }

    /// Returns whether this is the id of the caller: of their user, profile or organization.
    pub fn is(&self, id: Id) -> bool {
        let is_reach = matches!(self.reach, Reach::Worker(own) | Reach::Organization(own) if own == id);
        is_reach || self.user() == Some(id)
    }

    /// Returns the user whose session this is, for what only a user can have. A token without a session is an error.
    pub fn session_user(&self) -> Result<Id> {
        self.user().ok_or_else(login_required)
    }

    /// Returns the name for the change log: a role and an id, never a person's name.
    pub fn actor(&self) -> String {
        format!("{}:{}", self.role.code(), self.subject)
    }
}

fn login_required() -> Error {
    Error::AccessDenied {
        code: "login_required",
        detail: Text::new(
            "この操作には利用者としてのログインが必要です。このトークンはどの利用者のものでもありません。",
            "Log in as a user: this token belongs to none.",
        ),
    }
}

/// A write that the caller may make, but not to this record.
pub fn access_denied() -> Error {
    Error::AccessDenied {
        code: "access_denied",
        detail: Text::new(
            "このデータにアクセスする権限がありません。",
            "You don't have access to this record.",
        ),
    }
}

/// What a caller may see, without the request that it came with.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// The name for the change log and the audit.
    pub actor: String,
    pub reach: Reach,
    pub personal_data: bool,
    /// Whether the caller sees everything in lists that otherwise show only what they created.
    pub sees_all: bool,
    pub beside: Beside,
}

/// What else the caller may read, beside the records that a list is about. A list names or counts nothing of what its
/// caller may not read by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beside {
    pub organizations: bool,
    pub deliverables: bool,
    pub workers: bool,
    pub applications: bool,
}

impl Beside {
    pub const EVERYTHING: Beside = Beside {
        organizations: true,
        deliverables: true,
        workers: true,
        applications: true,
    };
}

impl Viewer {
    /// Returns the only creator whose records the caller sees, or `None` if they see everything.
    pub fn creator(&self) -> Option<&str> {
        (!self.sees_all).then_some(self.actor.as_str())
    }
}

/// Who writes a record.
#[derive(Debug, Clone)]
pub struct Writer {
    /// The name in the change log.
    pub actor: String,
    pub role: UserRole,
    pub reach: Reach,
}

impl Writer {
    /// The command line, which may write everything.
    pub fn operator(actor: &str) -> Writer {
        Writer {
            actor: actor.to_owned(),
            role: UserRole::Admin,
            reach: Reach::Everything,
        }
    }
}

/// Refuses a write that would leave the record outside the caller's reach.
pub fn within_reach(is_within: bool) -> Result<()> {
    if is_within { Ok(()) } else { Err(access_denied()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(role: UserRole, scope: &str) -> Principal {
        Principal {
            role,
            subject: "x".into(),
            session: None,
            scope_limit: Some(scope.into()),
            reach: Reach::Everything,
            expires_at: i64::MAX,
        }
    }

    #[test]
    fn a_token_limits_the_scopes_of_its_role_and_never_extends_them() {
        let admin = principal(UserRole::Admin, "workers:read matches:read");
        assert_eq!(admin.extent("matches:read"), Some(Extent::All));
        assert_eq!(admin.extent("workers:write"), None);
        assert_eq!(
            principal(UserRole::Partner, "statistics:read").extent("statistics:read"),
            None
        );
    }
}
