//! Users: the people who log in, each with one role and the place where they belong.
//!
//! An administrator invites them, and they choose their password at a one-time link. No email is sent: the
//! administrator gets the link and passes it on. A user who has forgotten the password gets a new link in the
//! same way. Choosing a password revokes all sessions.
//!
//! * `password`: which passwords are accepted, and how they are hashed.
//!
//! Deliberately absent: logging in (`login`), sessions (`sessions`) and partner apps (`partners`).
//!
//! Invariant: once there is an active administrator, one always remains.

pub mod actions;
pub mod http;
pub mod password;
pub mod store;

use crate::auth::{Belonging, UserRole, secret};
use crate::catalogue::{Catalogue, lookup};
use crate::db::{Id, Instant};
use crate::error::{Error, Result, Text};
use crate::http::Discloses;
use crate::http::disclosure::impersonal;
use crate::http::query::Several;
use crate::organizations::Intermediary;
use crate::values::{AreaCode, broken_at, distinct_codes, email_address, not_blank};
use chrono::Duration;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

/// How long an invitation is valid.
const INVITATION_VALID: Duration = Duration::days(7);

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, IntoStaticStr, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum UserStatus {
    #[default]
    Active,
    /// Can't log in. Suspending a user revokes their sessions.
    Suspended,
}

impl UserStatus {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// A user to invite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "belongs"))]
#[schema(example = json!({"email": "suzuki@shinjuku-shakyo.example.jp", "name": "鈴木 一郎", "role": "coordinator",
    "areas": ["131041"], "intermediary": {"kind": "social_welfare_council", "name": "新宿区社会福祉協議会"}}))]
pub struct NewUser {
    /// The user logs in with it. Upper and lower case are the same.
    #[validate(custom(function = "email_address"), length(max = 254))]
    #[schema(max_length = 254, format = "email")]
    pub email: String,
    #[validate(length(min = 1, max = 100), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub name: String,
    /// Any role except `partner`, which is for apps.
    pub role: UserRole,
    #[serde(default)]
    #[schema(default = "active")]
    pub status: UserStatus,
    /// The areas of a coordinator, as 全国地方公共団体コード with six or five digits. Empty for other roles.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = "distinct_codes"))]
    #[schema(max_items = 100, value_type = Vec<AreaCode>)]
    pub areas: Vec<String>,
    /// The employer of a coordinator.
    #[serde(default)]
    #[validate(nested)]
    pub intermediary: Option<Intermediary>,
    /// Required for the role `organization`, null for other roles.
    #[serde(default)]
    pub organization_id: Option<Id>,
    /// The user's own profile. Required for the role `worker`, null for other roles.
    #[serde(default)]
    pub worker_id: Option<Id>,
}

fn belongs(new: &NewUser) -> Result<(), ValidationError> {
    let right = match new.role {
        UserRole::Partner => {
            return Err(broken_at(
                "role",
                "role_for_apps",
                "partner は連携アプリ専用の役割です。別の役割を指定してください。",
                "The role partner is for apps only. Choose another role.",
            ));
        }
        UserRole::Coordinator => {
            !new.areas.is_empty() && new.organization_id.is_none() && new.worker_id.is_none()
        }
        UserRole::Organization => {
            new.areas.is_empty() && new.organization_id.is_some() && new.worker_id.is_none()
        }
        UserRole::Worker => new.areas.is_empty() && new.organization_id.is_none() && new.worker_id.is_some(),
        UserRole::Admin | UserRole::Importer | UserRole::Auditor => {
            new.areas.is_empty() && new.organization_id.is_none() && new.worker_id.is_none()
        }
    };
    if right {
        return Ok(());
    }
    if new.role == UserRole::Coordinator && new.areas.is_empty() {
        return Err(broken_at(
            "role",
            "invalid_belonging",
            "担当の地域を一つ以上選んでください。",
            "Choose at least one area.",
        ));
    }
    Err(broken_at(
        "role",
        "invalid_belonging",
        "coordinator には areas、organization には organization_id、worker には worker_id だけを指定してください。その他の役割にはいずれも指定できません。",
        "Set only areas for a coordinator, organization_id for the role organization, worker_id for the role worker, and none of them for other roles.",
    ))
}

impl NewUser {
    /// Replaces areas with their full codes, and makes the address lower-case.
    pub fn resolve(&mut self, catalogue: &Catalogue, before: Option<&NewUser>) -> Result<()> {
        let areas_before = before.map(|before| &before.areas[..]).unwrap_or_default();
        let faults = lookup::resolve_served_areas(&catalogue.fixed, &mut self.areas, areas_before);
        self.email = self.email.to_lowercase();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(faults))
        }
    }

    /// Returns the details of an administrator.
    pub fn administrator(email: &str, name: &str) -> NewUser {
        NewUser {
            email: email.to_lowercase(),
            name: name.to_owned(),
            role: UserRole::Admin,
            status: UserStatus::Active,
            areas: Vec::new(),
            intermediary: None,
            organization_id: None,
            worker_id: None,
        }
    }

    pub fn belonging(&self) -> Belonging {
        Belonging {
            areas: self.areas.clone(),
            organization_id: self.organization_id,
            worker_id: self.worker_id,
        }
    }
}

/// A registered user.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct User {
    pub id: Id,
    #[serde(flatten)]
    pub details: NewUser,
    /// Whether the user has chosen a password. If not, `POST /v1/users/{id}/invitations` makes a link for that.
    pub has_password: bool,
    pub last_login_at: Option<Instant>,
    /// Increases with each change. It is also the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impersonal!(Invitation);

impl Discloses for User {
    fn people(&self) -> Vec<Id> {
        vec![self.id]
    }
}

impl Discloses for UserWithInvitation {
    fn people(&self) -> Vec<Id> {
        self.user.people()
    }
}

impl User {
    pub fn invite(id: Id, details: NewUser, now: Instant) -> User {
        User {
            id,
            details,
            has_password: false,
            last_login_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Returns the next version.
    pub fn changed(&self, details: NewUser, now: Instant) -> User {
        User {
            details,
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        }
    }

    pub fn is_active_admin(&self) -> bool {
        self.details.role == UserRole::Admin && self.details.status == UserStatus::Active
    }
}

/// An account in a person's export.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountRecord {
    pub id: Id,
    #[schema(example = "yoko@example.jp")]
    pub email: String,
    #[schema(example = "佐藤 陽子")]
    pub name: String,
    pub created_at: Instant,
    pub last_login_at: Option<Instant>,
}

/// A one-time link, shown only once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Invitation {
    /// The secret in the link. Null if the response is repeated.
    #[schema(example = "miv_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE")]
    pub token: Option<String>,
    /// The page at which the user chooses a password. Null if the response is repeated.
    #[schema(
        example = "https://musubi.example.jp/invitation#miv_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"
    )]
    pub link: Option<String>,
    pub expires_at: Instant,
}

impl Invitation {
    /// Creates an invitation with a link under `public_url`, the address at which browsers reach the server.
    pub fn new(public_url: &str, now: Instant) -> Result<Invitation> {
        let token = secret::fresh("miv_")?;
        Ok(Invitation {
            link: Some(format!("{}/invitation#{token}", public_url.trim_end_matches('/'))),
            token: Some(token),
            expires_at: Instant::from(now.utc() + INVITATION_VALID),
        })
    }
}

/// A user, and the link at which they choose a password.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UserWithInvitation {
    pub user: User,
    pub invitation: Invitation,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UserFilter {
    /// Only these records: up to 200 ids, separated by commas. The page has room for all of them, whatever its default
    /// size, and `missing` names those that the list doesn't have.
    #[param(inline, style = Form, explode = false, min_items = 1, max_items = 200, value_type = Option<Vec<Id>>)]
    pub ids: Option<Several<Id>>,
    /// One role, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<UserRole>>)]
    pub role: Option<Several<UserRole>>,
    /// Returns the members of this organization.
    pub organization_id: Option<Id>,
    /// Returns the user with this email address.
    #[param(max_length = 254, example = "suzuki@shinjuku-shakyo.example.jp")]
    pub email: Option<String>,
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// The number of items on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` from the previous page.
    pub cursor: Option<String>,
}

pub fn last_admin() -> Error {
    Error::Conflict {
        code: "last_admin",
        detail: Text::new(
            "有効な管理者が1人もいなくなるため、変更できません。",
            "At least one active administrator must remain.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantArray;

    fn user(role: UserRole) -> NewUser {
        NewUser {
            email: "A@Example.jp".into(),
            name: "x".into(),
            role,
            status: UserStatus::Active,
            areas: vec![],
            intermediary: None,
            organization_id: None,
            worker_id: None,
        }
    }

    #[test]
    fn each_role_requires_its_belonging_and_allows_no_other() {
        for &role in UserRole::VARIANTS {
            let bare = user(role).validate().is_ok();
            assert_eq!(
                bare,
                [UserRole::Admin, UserRole::Importer, UserRole::Auditor].contains(&role),
                "{role:?}"
            );
            let with_areas = NewUser {
                areas: vec!["131041".into()],
                ..user(role)
            };
            assert_eq!(
                with_areas.validate().is_ok(),
                role == UserRole::Coordinator,
                "{role:?}"
            );
            let member = NewUser {
                organization_id: Some(Id::new()),
                ..user(role)
            };
            assert_eq!(
                member.validate().is_ok(),
                role == UserRole::Organization,
                "{role:?}"
            );
        }
    }
}
