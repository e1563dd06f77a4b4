//! Users: the people who log in, each with one role and where they belong.
//!
//! An administrator invites them; they choose their password by a one-time link. No e-mail is sent: the link goes to
//! the inviter, who passes it on. A new link lets someone choose a new password, and ends their sessions once they do.
//!
//! Deliberately absent: logging in and sessions (`sessions`); partner apps, which are no people (`partners`).
//!
//! Invariant: there is an active administrator, once there was one.

pub mod http;
pub mod store;

use crate::auth::{Belonging, UserRole, secret};
use crate::catalogue::{Catalogue, lookup};
use crate::db::{Id, Instant};
use crate::error::{Error, FieldError, Result, Text};
use crate::http::body::broken;
use crate::organizations::{Intermediary, distinct_codes, not_blank};
use chrono::Duration;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

/// How long an invitation can be accepted.
const INVITATION_VALID: Duration = Duration::days(7);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    #[default]
    Active,
    /// Can't log in, and is logged out.
    Suspended,
}

impl UserStatus {
    pub fn code(self) -> &'static str {
        match self {
            UserStatus::Active => "active",
            UserStatus::Suspended => "suspended",
        }
    }
}

/// A user as they are invited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "belongs"))]
#[schema(example = json!({"email": "suzuki@shinjuku-shakyo.example.jp", "name": "鈴木 一郎", "role": "coordinator",
    "areas": ["131041"], "intermediary": {"kind": "social_welfare_council", "name": "新宿区社会福祉協議会"}}))]
pub struct NewUser {
    /// With which they log in; upper and lower case are the same.
    #[validate(email, length(max = 254))]
    #[schema(max_length = 254, format = "email")]
    pub email: String,
    #[validate(length(min = 1, max = 100), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub name: String,
    /// Any but `partner`, which is for apps.
    pub role: UserRole,
    #[serde(default)]
    #[schema(default = "active")]
    pub status: UserStatus,
    /// A coordinator's: 全国地方公共団体コード, of six or five digits. Empty for any other role.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = "distinct_codes"))]
    #[schema(max_items = 100)]
    pub areas: Vec<String>,
    /// Whom a coordinator works for.
    #[serde(default)]
    #[validate(nested)]
    pub intermediary: Option<Intermediary>,
    /// Needed for the role `organization`, else null.
    #[serde(default)]
    pub organization_id: Option<Id>,
    /// Needed for the role `worker`, else null: whose profile is theirs.
    #[serde(default)]
    pub worker_id: Option<Id>,
}

fn belongs(new: &NewUser) -> Result<(), ValidationError> {
    let right = match new.role {
        UserRole::Partner => {
            return Err(broken(
                "role_of_apps",
                "partner は連携アプリの役割です。",
                "The role partner is for apps.",
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
    Err(broken(
        "belonging",
        "coordinator には areas、organization には organization_id、worker には worker_id だけを指定してください。",
        "A coordinator has areas, the role organization an organization_id, the role worker a worker_id, and no role any other of these.",
    ))
}

impl NewUser {
    /// Areas take their full code; the address is told from others in lower case.
    pub fn resolve(&mut self, catalogue: &Catalogue) -> Result<()> {
        let mut faults: Vec<FieldError> = Vec::new();
        for (i, area) in self.areas.iter_mut().enumerate() {
            lookup::resolve_area(catalogue, area, &format!("/areas/{i}"), &mut faults);
        }
        self.email = self.email.to_lowercase();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(faults))
        }
    }

    /// Someone of the secretariat.
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

/// A user as they are kept.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct User {
    pub id: Id,
    #[serde(flatten)]
    pub details: NewUser,
    /// Whether they have chosen a password.
    pub has_password: bool,
    pub last_login_at: Option<Instant>,
    /// Counts the changes; the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
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

    /// The next version.
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

/// A one-time link; shown once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Invitation {
    /// The secret in the link; null where an answer is repeated.
    #[schema(example = "miv_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE")]
    pub token: Option<String>,
    /// Where to choose the password; null where an answer is repeated.
    #[schema(
        example = "https://musubi.example.jp/invitation#miv_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"
    )]
    pub link: Option<String>,
    pub expires_at: Instant,
}

impl Invitation {
    /// A fresh one, under the address at which browsers reach the server.
    pub fn new(public_url: &str, now: Instant) -> Result<Invitation> {
        let token = secret::fresh("miv_")?;
        Ok(Invitation {
            link: Some(format!("{}/invitation#{token}", public_url.trim_end_matches('/'))),
            token: Some(token),
            expires_at: Instant::from(now.utc() + INVITATION_VALID),
        })
    }
}

/// A user with the link that lets them choose a password.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvitedUser {
    pub user: User,
    pub invitation: Invitation,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UserFilter {
    #[param(inline)]
    pub role: Option<UserRole>,
    /// The members of an organization.
    pub organization_id: Option<Id>,
    /// The one with this address.
    #[param(max_length = 254, example = "suzuki@shinjuku-shakyo.example.jp")]
    pub email: Option<String>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

pub fn unknown_reference(pointer: &str, code: &'static str, ja: &'static str, en: &'static str) -> Error {
    Error::invalid(pointer, code, Text::new(ja, en))
}

pub fn last_admin() -> Error {
    Error::Conflict {
        code: "last_admin",
        detail: Text::new(
            "有効な管理者が一人もいなくなります。",
            "There would be no active administrator left.",
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
    fn every_role_has_its_belonging_and_no_other() {
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
