//! Who may do what: bearer tokens (JWT, HS256) with a role, and the scopes that each role has.
//!
//! An operation names its scope in the handler's signature, [`http::Caller`]`<ReadWorkers>`; one that names none
//! can't be reached with or without a token unless it is public on purpose. A token may be narrowed to fewer
//! scopes than its role has, never widened.
//!
//! Deliberately absent: users, sessions, areas and partners' own records.

pub mod http;
mod keys;

pub use keys::Keys;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// One permission.
pub trait Scope: 'static {
    const NAME: &'static str;
}

macro_rules! scopes {
    ($($name:ident = $code:literal: $permits:literal,)*) => {
        $(#[doc = $permits] pub struct $name; impl Scope for $name { const NAME: &'static str = $code; })*
        /// Every scope with what it permits.
        pub const SCOPES: &[(&str, &str)] = &[$(($code, $permits)),*];
    };
}

scopes! {
    WriteCatalogue = "catalogue:write": "Add, change and retire entries of the catalogue",
    ReadOrganizations = "organizations:read": "Read organizations",
    WriteOrganizations = "organizations:write": "Register, change and archive organizations",
    ReadDeliverables = "deliverables:read": "Read deliverables",
    WriteDeliverables = "deliverables:write": "Request, change and archive deliverables",
    ReadWorkers = "workers:read": "Read workers' profiles",
    WriteWorkers = "workers:write": "Register, change and erase workers",
    ReadPersonalData = "personal_data:read": "See names, contacts and free text that tell who someone is",
    ReadApplications = "applications:read": "Read applications",
    WriteApplications = "applications:write": "Apply on behalf of workers, accept, decline and withdraw",
    ReadMatches = "matches:read": "Rank workers and deliverables",
    ReadStatistics = "statistics:read": "Read statistics",
    ReadAudit = "audit:read": "Read who was shown what",
}

/// Who the caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Role {
    /// The secretariat
    Admin,
    /// City hall, social welfare council, community support centre
    Coordinator,
    /// An app through which volunteers find deliverables
    Partner,
    /// A script that loads rosters
    Importer,
}

impl Role {
    pub fn code(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Coordinator => "coordinator",
            Role::Partner => "partner",
            Role::Importer => "importer",
        }
    }

    /// The permission table.
    pub fn has(self, scope: &str) -> bool {
        match self {
            Role::Admin => true,
            Role::Coordinator => ![WriteCatalogue::NAME, ReadAudit::NAME].contains(&scope),
            Role::Partner => [ReadDeliverables::NAME, ReadOrganizations::NAME].contains(&scope),
            Role::Importer => {
                let kinds = ["organizations:", "deliverables:", "workers:"];
                kinds.iter().any(|kind| scope.starts_with(kind))
            }
        }
    }
}

/// What a token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    /// Who: appears in the change log.
    pub sub: String,
    pub role: Role,
    /// Narrows the role's scopes: names parted by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    pub iat: i64,
    pub exp: i64,
}

impl Claims {
    pub fn may(&self, scope: &str) -> bool {
        let narrowed = self
            .scope
            .as_ref()
            .is_none_or(|own| own.split(' ').any(|s| s == scope));
        self.role.has(scope) && narrowed
    }

    /// The name in the change log.
    pub fn actor(&self) -> String {
        format!("{}:{}", self.role.code(), self.sub)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_narrows_its_role_and_never_widens_it() {
        let claims = |role, scope: &str| Claims {
            iss: keys::ISSUER.into(),
            sub: "x".into(),
            role,
            scope: Some(scope.into()),
            iat: 0,
            exp: 0,
        };
        assert!(claims(Role::Admin, "workers:read matches:read").may("matches:read"));
        assert!(!claims(Role::Admin, "workers:read").may("workers:write"));
        assert!(!claims(Role::Partner, "workers:read").may("workers:read"));
    }

    #[test]
    fn only_those_who_need_it_see_personal_data() {
        let seeing = [Role::Admin, Role::Coordinator, Role::Partner, Role::Importer]
            .map(|r| r.has(ReadPersonalData::NAME));
        assert_eq!(seeing, [true, true, false, false]);
    }
}
