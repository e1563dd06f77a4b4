//! The content of a token.

use super::reach::Belonging;
use super::role::UserRole;
use crate::db::Id;
use serde::{Deserialize, Serialize};

/// The issuer and the audience of our tokens.
pub const ISSUER: &str = "musubi";
pub const AUDIENCE: &str = "musubi";
/// How long an access token is valid.
pub const ACCESS_SECONDS: i64 = 900;

/// The content of a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The id of a user or partner, or the name given to `musubi token`.
    pub sub: String,
    /// The session that the token belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Id>,
    pub role: UserRole,
    /// Limits the role's scopes to these, separated by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(flatten)]
    pub belonging: Belonging,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
}

impl Claims {
    /// Creates claims that are valid from `now`, a Unix time in seconds.
    pub fn new(role: UserRole, subject: impl ToString, now: i64, ttl_seconds: i64) -> Claims {
        Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
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
