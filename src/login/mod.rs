//! Logging in and staying logged in, for users.
//!
//! A login returns an access token (a JWT, valid for 15 minutes) and a refresh token, which works once: each
//! refresh returns the next one. All tokens of one login belong to one session. A refresh token that is used
//! a second time has been stolen, or its thief was faster, so the session is revoked.
//!
//! Browsers can keep the refresh token in a cookie that scripts can't read. A refresh then needs a header,
//! which other sites can't set, with a CSRF token that only pages of the operator's own origins can read: it
//! is in the answer to the login and to each refresh, and `GET /v1/auth/session` returns it after a reload.
//!
//! Deliberately absent: second factors, which an identity provider offers.

pub mod actions;
pub mod http;

use crate::auth::{Extent, PERMISSIONS, Principal, Reach, UserRole};
use crate::db::{Id, Instant};
use crate::error::{Error, FieldError, Text};
use crate::http::Discloses;
use crate::users::User;
use crate::values::AreaCode;
use crate::values::words::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

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
    /// Set to true to get the refresh token as a cookie instead of in the response.
    #[serde(default)]
    pub cookie: bool,
}

/// A refresh token. Leave it null if it is in the cookie, and send the header `X-CSRF-Token` instead.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"refresh_token": "mrt_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"}))]
pub struct Refresh {
    #[serde(default)]
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    pub refresh_token: Option<String>,
}

/// The tokens that a login or a refresh returns.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Tokens {
    /// Send it in the header `Authorization: Bearer`.
    #[schema(example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9.e30.c2ln")]
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(minimum = 0, example = 900)]
    pub expires_in: i64,
    /// Works for one refresh. Null if it is in the cookie.
    #[schema(example = "mrt_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE")]
    pub refresh_token: Option<String>,
    /// Send it in the header `X-CSRF-Token` of the next refresh. Null if no cookie is used. After a reload,
    /// `GET /v1/auth/session` returns it again.
    #[schema(example = json!(null))]
    pub csrf_token: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current_password": "correct horse battery staple", "new_password": "夏の川で魚を三匹つかまえた"}))]
pub struct NewPassword {
    #[validate(length(max = 128))]
    #[schema(max_length = 128, format = "password")]
    pub current_password: String,
    /// 12 to 128 characters that are hard to guess.
    #[validate(length(max = 128))]
    #[schema(min_length = 12, max_length = 128, format = "password")]
    pub new_password: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "miv_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE", "password": "夏の川で魚を三匹つかまえた"}))]
pub struct InvitationAcceptance {
    /// The secret from the link: the part after `#`.
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    pub token: String,
    /// 12 to 128 characters that are hard to guess.
    #[validate(length(max = 128))]
    #[schema(min_length = 12, max_length = 128, format = "password")]
    pub password: String,
    /// Required with the first administrator's link only.
    #[serde(default)]
    #[validate(length(max = 254))]
    #[schema(max_length = 254, format = "email")]
    pub email: Option<String>,
    /// Required with the first administrator's link only.
    #[serde(default)]
    #[validate(length(max = 100))]
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
}

/// The secret of an invitation.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "miv_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"}))]
pub struct InvitationToken {
    /// The secret from the link: the part after `#`.
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    pub token: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitationPurpose {
    /// To register the first administrator.
    FirstAdministrator,
    /// To choose the first password.
    Invitation,
    /// To choose a new password.
    PasswordReset,
}

/// What an invitation is for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvitationView {
    pub purpose: InvitationPurpose,
    /// The name of the administrator who invites. Null: the command line.
    #[schema(example = "田中 花子")]
    pub invited_by: Option<String>,
    /// The address that the user logs in with. Null for the first administrator.
    #[schema(format = "email", example = "suzuki@shinjuku-shakyo.example.jp")]
    pub email: Option<String>,
    #[schema(example = "鈴木 一郎")]
    pub name: Option<String>,
    pub role: Option<UserRole>,
    /// The organization of a member, or the areas of a coordinator.
    #[schema(example = "新宿区")]
    pub place: Option<String>,
    pub expires_at: Instant,
    /// Where to log in afterwards: at the frontend, or else in the console.
    #[schema(format = "uri", example = "https://app.example.jp/")]
    pub login_url: Option<String>,
}

/// The session of a cookie.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CurrentSession {
    /// Send it in the header `X-CSRF-Token` of the next refresh.
    #[schema(example = "Zm9vYmFyYmF6cXV4")]
    pub csrf_token: String,
    /// When the session ends, unless it is refreshed before.
    pub expires_at: Instant,
}

/// One scope of the caller.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PermissionView {
    #[schema(example = "deliverables:read", value_type = Scope)]
    pub scope: &'static str,
    pub extent: Extent,
}

/// The caller and their permissions.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CurrentUser {
    pub role: UserRole,
    /// The id of a user or partner, or the name given to `musubi token`.
    #[schema(example = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d")]
    pub subject: String,
    /// Null for the tokens of partners and of `musubi token`.
    pub user: Option<User>,
    /// The areas whose records are a coordinator's own, cities with their wards: what you see of others because of an
    /// application, a pair of duplicates or a public event, you can't change. Null for other roles.
    #[schema(example = json!(["131041"]), value_type = Option<Vec<AreaCode>>)]
    pub areas: Option<Vec<String>>,
    pub permissions: Vec<PermissionView>,
}

impl Discloses for CurrentUser {
    fn people(&self) -> Vec<Id> {
        self.user.iter().map(|user| user.id).collect()
    }
}

impl CurrentUser {
    pub fn new(principal: &Principal, user: Option<User>) -> CurrentUser {
        let permission = |scope| {
            let extent = principal.extent(scope)?;
            Some(PermissionView { scope, extent })
        };
        CurrentUser {
            role: principal.role,
            subject: principal.subject.clone(),
            user,
            areas: match &principal.reach {
                Reach::Areas(areas) => Some(areas.clone()),
                _ => None,
            },
            permissions: PERMISSIONS
                .iter()
                .filter_map(|row| permission(row.scope))
                .collect(),
        }
    }
}

/// The same error for a wrong password and for an unknown address, so that it doesn't reveal who has an
/// account.
pub fn wrong_login() -> Error {
    Error::Unauthenticated(Text::new(
        "メールアドレスまたはパスワードが正しくありません。",
        "The email address or password is wrong.",
    ))
}

pub fn wrong_refresh_token() -> Error {
    Error::Unauthenticated(Text::new(
        "リフレッシュトークンが無効です。もう一度ログインしてください。",
        "The refresh token is not valid. Log in again.",
    ))
}

pub fn wrong_invitation() -> Error {
    Error::Invalid(vec![FieldError::at(
        "/token",
        "invalid_invitation",
        Text::new(
            "この招待リンクは、使用済みか期限切れのため使えません。新しいリンクを依頼してください。",
            "This invitation has been used, has expired or doesn't exist. Ask for a new link.",
        ),
    )])
}
