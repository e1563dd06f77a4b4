//! Sessions: logging in, staying logged in, and ending it.
//!
//! * `password`: which passwords will do, and how they are kept. `throttle`: slowing down whoever guesses.
//!
//! A login gives an access token (JWT) of 15 minutes and a refresh token, which is good for one refresh: the next one
//! comes with it. All that came from one login are a family, the session. A refresh token that comes a second time
//! has been stolen, from its owner or by them: the family ends, whoever has the newest. Browsers may keep the refresh
//! token in a cookie that scripts can't read; then a refresh has to say, in a header that other sites can't set, what
//! only a page of this site could read.
//!
//! Deliberately absent: second factors; they are the identity provider's.

pub mod http;
pub mod password;
pub mod store;
pub mod tasks;
pub mod throttle;

use crate::auth::{Extent, PERMISSIONS, Principal, UserRole, secret};
use crate::db::{Id, Instant};
use crate::error::{Error, Result, Text};
use crate::users::User;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use validator::Validate;

/// How long an access token is valid.
pub const ACCESS_SECONDS: i64 = 900;

#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "suzuki@shinjuku-shakyo.example.jp", "password": "correct horse battery staple"}))]
pub struct Login {
    #[validate(length(max = 254))]
    #[schema(max_length = 254)]
    pub email: String,
    #[validate(length(max = 128))]
    #[schema(max_length = 128, format = "password")]
    pub password: String,
    /// Whether the refresh token comes as a cookie and not in the answer.
    #[serde(default)]
    pub cookie: bool,
}

/// A refresh token; null where it comes as a cookie, together with the header `X-CSRF-Token`.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"refresh_token": "mrt_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"}))]
pub struct Refresh {
    #[serde(default)]
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    pub refresh_token: Option<String>,
}

/// What a login or a refresh gives.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Tokens {
    /// For the header `Authorization: Bearer`.
    #[schema(example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9.e30.c2ln")]
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(minimum = 0, example = 900)]
    pub expires_in: i64,
    /// For one refresh; null where it comes as a cookie.
    #[schema(example = "mrt_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE")]
    pub refresh_token: Option<String>,
    /// For the header `X-CSRF-Token` of the next refresh; null where no cookie is used. Also in the cookie
    /// `__Secure-musubi_csrf`, which scripts of this site can read.
    #[schema(example = json!(null))]
    pub csrf_token: Option<String>,
}

/// What a page has to know to use the cookie with this refresh token.
pub fn csrf_token(refresh_token: &str) -> String {
    let digest = Sha256::new().chain_update("csrf\n").chain_update(refresh_token);
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

pub fn fresh_refresh_token() -> Result<String> {
    secret::fresh("mrt_")
}

#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current_password": "correct horse battery staple", "new_password": "夏の川で魚を三匹つかまえた"}))]
pub struct NewPassword {
    #[validate(length(max = 128))]
    #[schema(max_length = 128, format = "password")]
    pub current_password: String,
    /// 12 to 128 characters that are not easily guessed.
    #[validate(length(max = 128))]
    #[schema(min_length = 12, max_length = 128, format = "password")]
    pub new_password: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "miv_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE", "password": "夏の川で魚を三匹つかまえた"}))]
pub struct Acceptance {
    /// The secret of the link: what follows `#`.
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    pub token: String,
    /// 12 to 128 characters that are not easily guessed.
    #[validate(length(max = 128))]
    #[schema(min_length = 12, max_length = 128, format = "password")]
    pub password: String,
    /// Needed with the first administrator's link alone.
    #[serde(default)]
    #[validate(email, length(max = 254))]
    #[schema(max_length = 254, format = "email")]
    pub email: Option<String>,
    /// Needed with the first administrator's link alone.
    #[serde(default)]
    #[validate(length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
}

/// A login and all that was refreshed from it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Session {
    pub id: Id,
    /// Whether this request belongs to it.
    pub current: bool,
    /// From where it was opened.
    #[schema(example = "203.0.113.7")]
    pub address: Option<String>,
    #[schema(example = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)")]
    pub user_agent: Option<String>,
    pub created_at: Instant,
    pub last_used_at: Instant,
    pub expires_at: Instant,
}

/// A session in a person's export.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionRecord {
    #[schema(example = "203.0.113.7")]
    pub address: Option<String>,
    #[schema(example = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)")]
    pub user_agent: Option<String>,
    pub created_at: Instant,
    pub last_used_at: Instant,
}

/// One scope of the caller's.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Permitted {
    #[schema(example = "deliverables:read")]
    pub scope: &'static str,
    pub extent: Extent,
}

/// Who one is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Me {
    pub role: UserRole,
    /// A user's or a partner's id, or the name that `musubi token` was given.
    #[schema(example = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d")]
    pub subject: String,
    /// Null to tokens of partners and of `musubi token`.
    pub user: Option<User>,
    pub permissions: Vec<Permitted>,
}

impl Me {
    pub fn of(principal: &Principal, user: Option<User>) -> Me {
        let permitted = |scope| {
            let extent = principal.extent(scope)?;
            Some(Permitted { scope, extent })
        };
        Me {
            role: principal.role,
            subject: principal.subject.clone(),
            user,
            permissions: PERMISSIONS
                .iter()
                .filter_map(|row| permitted(row.scope))
                .collect(),
        }
    }
}

/// The same whoever asks, whether there is such a user or not.
pub fn wrong_login() -> Error {
    Error::Unauthenticated(Text::new(
        "メールアドレスかパスワードが違います。",
        "The address or the password is wrong.",
    ))
}

pub fn wrong_refresh() -> Error {
    Error::Unauthenticated(Text::new(
        "リフレッシュトークンが使えません。ログインし直してください。",
        "The refresh token is not valid: log in again.",
    ))
}

pub fn wrong_invitation() -> Error {
    Error::Invalid(vec![crate::error::FieldError::at(
        "/token",
        "invitation_not_valid",
        Text::new(
            "この招待は使用済みか、期限切れか、存在しません。",
            "This invitation was used, has expired, or never was.",
        ),
    )])
}
