//! Partners: apps through which volunteers find deliverables, apply and hear back.
//!
//! * `oauth`: how an app gets its access token (RFC 6749).
//!
//! A partner sees its own volunteers, and open deliverables that are shared with partners, within its areas
//! and families. It has up to two secrets, so you can renew one while the other is in use. Its requests are
//! counted per minute and per day. Data of a sandbox partner never appears in rankings, counts or other
//! callers' lists.
//!
//! Deliberately absent: users who log in (`login`).

pub mod actions;
pub mod http;
pub mod oauth;
pub mod store;
pub mod tasks;

use crate::auth::{PERMISSIONS, UserRole, extent, secret};
use crate::catalogue::{Catalogue, lookup};
use crate::db::{Id, Instant};
use crate::error::{Error, FieldError, Result, Text};
use crate::values::{AreaCode, Code, broken, distinct, distinct_codes, not_blank, words::Scope};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// How many secrets a partner can have at the same time.
pub const MAX_SECRETS: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PartnerStatus {
    #[default]
    Active,
    /// Its tokens stop working, and it gets no new ones.
    Suspended,
}

impl PartnerStatus {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// A partner to register.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "activo", "name": "ボランティア募集アプリ", "areas": ["131041", "131130"],
    "families": ["print", "web"], "quota_per_minute": 120, "quota_per_day": 20000,
    "origins": ["https://app.example.jp"], "sandbox": false}))]
pub struct NewPartner {
    /// Part of the `source` of its volunteers, as in `partner:activo`. It can't be changed.
    #[validate(custom(function = "Code::check"))]
    #[schema(example = "activo")]
    pub code: Code,
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"\S",
        example = "ボランティア募集アプリ"
    )]
    pub name: String,
    #[serde(default)]
    #[schema(default = "active")]
    pub status: PartnerStatus,
    /// Limits its tokens to these scopes. Empty means all scopes of the role `partner`.
    #[serde(default)]
    #[validate(length(max = 50), custom(function = "valid_scopes"))]
    #[schema(max_items = 50, value_type = Vec<Scope>)]
    pub scopes: Vec<String>,
    /// Limits deliverables to these areas, as 全国地方公共団体コード with six or five digits. Empty means all areas.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = "distinct_codes"))]
    #[schema(max_items = 100, value_type = Vec<AreaCode>)]
    pub areas: Vec<String>,
    /// Limits deliverables to these families. Empty means all families.
    #[serde(default)]
    #[validate(length(max = 50), custom(function = "distinct_codes"))]
    #[schema(max_items = 50, value_type = Vec<Code>)]
    pub families: Vec<String>,
    #[serde(default = "default_quota_per_minute")]
    #[validate(range(min = 1, max = 1_000_000))]
    #[schema(minimum = 1, maximum = 1_000_000, default = 300)]
    pub quota_per_minute: i32,
    #[serde(default = "default_quota_per_day")]
    #[validate(range(min = 1, max = 100_000_000))]
    #[schema(minimum = 1, maximum = 100_000_000, default = 50_000)]
    pub quota_per_day: i32,
    /// Pages of these origins can call the API from a browser, for example `https://app.example.jp`.
    #[serde(default)]
    #[validate(length(max = 20), custom(function = "valid_origins"))]
    #[schema(max_items = 20)]
    pub origins: Vec<String>,
    /// Whether the partner only writes test data. It can't be changed.
    #[serde(default)]
    pub sandbox: bool,
}

fn default_quota_per_minute() -> i32 {
    300
}

fn default_quota_per_day() -> i32 {
    50_000
}

fn valid_scopes(scopes: &[String]) -> Result<(), ValidationError> {
    distinct(scopes.iter().map(String::as_str))?;
    if scopes
        .iter()
        .all(|scope| extent(UserRole::Partner, scope).is_some())
    {
        return Ok(());
    }
    Err(broken(
        "unknown_scope",
        "連携アプリに許可できないスコープが含まれています。",
        "The role partner doesn't have this scope.",
    ))
}

fn is_localhost(host: &str) -> bool {
    let port = host.strip_prefix("localhost");
    port.is_some_and(|port| {
        let number = port.strip_prefix(':').map(str::parse::<u16>);
        port.is_empty() || number.is_some_and(|number| number.is_ok())
    })
}

/// Accepts a scheme, host and port as browsers send them, without a path or wildcard.
fn valid_origins(origins: &[String]) -> Result<(), ValidationError> {
    let is_origin = |origin: &String| {
        let host = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://").filter(|host| is_localhost(host)));
        host.is_some_and(|host| {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:".contains(&b);
            (1..=255).contains(&host.len()) && host.bytes().all(plain)
        })
    };
    if origins.iter().all(is_origin) {
        return distinct(origins.iter().map(String::as_str));
    }
    Err(broken(
        "invalid_origin",
        "https://app.example.jp のように、スキームとホストだけを小文字で指定してください。",
        "Use only a scheme and a host in lower case, like https://app.example.jp.",
    ))
}

impl NewPartner {
    /// Checks areas and families against the catalogue, and replaces areas with their full codes.
    pub fn resolve(&mut self, catalogue: &Catalogue, before: Option<&NewPartner>) -> Result<()> {
        let areas_before = before.map(|before| &before.areas[..]).unwrap_or_default();
        let mut faults = lookup::resolve_served_areas(&catalogue.fixed, &mut self.areas, areas_before);
        for (i, family) in self.families.iter().enumerate() {
            if catalogue.family_position(family).is_none() {
                let known = catalogue.fixed.families.iter().map(|f| f.code.as_str());
                let pointer = format!("/families/{i}");
                faults.push(lookup::unknown(&pointer, "unknown_family", family, known));
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(faults))
        }
    }

    /// Returns the scopes for a token, separated by spaces: the requested ones, or all of the partner's.
    /// `None` if it doesn't have a requested scope.
    pub fn grant(&self, requested: Option<&str>) -> Option<String> {
        let has = |scope: &&str| {
            extent(UserRole::Partner, scope).is_some()
                && (self.scopes.is_empty() || self.scopes.iter().any(|own| own == scope))
        };
        let own: Vec<&str> = PERMISSIONS.iter().map(|row| row.scope).filter(has).collect();
        let Some(requested) = requested else {
            return Some(own.join(" "));
        };
        let requested: Vec<&str> = requested.split_whitespace().collect();
        let has_all = requested.iter().all(|scope| own.contains(scope));
        has_all.then(|| requested.join(" "))
    }

    /// Refuses changes of the code, which its volunteers carry, and of `sandbox`, which separates test data
    /// from real.
    pub fn check_immutable(&self, before: &NewPartner) -> Result<()> {
        let fixed = [
            ("/code", self.code != before.code),
            ("/sandbox", self.sandbox != before.sandbox),
        ];
        let moved = fixed.into_iter().filter(|(_, moved)| *moved);
        let fault = |(pointer, _)| {
            let rule = Text::new(
                "登録後は変更できません。",
                "It can't be changed after registration.",
            );
            FieldError::at(pointer, "immutable", rule)
        };
        let faults: Vec<FieldError> = moved.map(fault).collect();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(faults))
        }
    }
}

/// A client secret without its value.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartnerSecret {
    pub id: Id,
    pub created_at: Instant,
    /// When a token was last issued with it.
    pub last_used_at: Option<Instant>,
}

/// A registered partner.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Partner {
    /// The `client_id` of the partner.
    pub id: Id,
    #[serde(flatten)]
    pub details: NewPartner,
    pub secrets: Vec<PartnerSecret>,
    /// Increases with each change. It is also the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Partner {
    pub fn register(id: Id, details: NewPartner, now: Instant) -> Partner {
        Partner {
            id,
            details,
            secrets: Vec::new(),
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Returns the next version.
    pub fn changed(&self, details: NewPartner, now: Instant) -> Partner {
        Partner {
            details,
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        }
    }
}

/// A client secret, shown only once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClientSecret {
    pub id: Id,
    /// The id of the partner.
    pub client_id: Id,
    /// Null if the response is repeated.
    #[schema(example = "mcs_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE")]
    pub client_secret: Option<String>,
    pub created_at: Instant,
}

impl ClientSecret {
    pub fn new(partner: Id, now: Instant) -> Result<ClientSecret> {
        Ok(ClientSecret {
            id: Id::new(),
            client_id: partner,
            client_secret: Some(secret::fresh("mcs_")?),
            created_at: now,
        })
    }
}

/// A partner and a client secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartnerWithSecret {
    pub partner: Partner,
    pub secret: ClientSecret,
}

pub fn too_many_secrets() -> Error {
    Error::Conflict {
        code: "too_many_secrets",
        detail: Text::new(
            "シークレットは2つまでです。先に古いシークレットを無効にしてください。",
            "A partner has at most two secrets. Revoke the older one first.",
        ),
    }
}

pub fn last_secret() -> Error {
    Error::Conflict {
        code: "last_secret",
        detail: Text::new(
            "最後のシークレットは無効にできません。連携を停止する場合は、status を suspended にしてください。",
            "The last secret can't be revoked. To stop the partner, suspend it.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_origins_as_browsers_send_them() {
        let of = |origin: &str| valid_origins(&[origin.to_owned()]).is_ok();
        assert!(of("https://app.example.jp") && of("https://app.example.jp:8443"));
        assert!(of("http://localhost:3000"));
        for wrong in [
            "*",
            "https://*",
            "https://app.example.jp/",
            "http://app.example.jp",
            "https://App.example.jp",
            "null",
            "",
        ] {
            assert!(!of(wrong), "{wrong}");
        }
    }

    #[test]
    fn accepts_only_scopes_of_the_role() {
        assert!(valid_scopes(&["deliverables:read".into()]).is_ok());
        assert!(valid_scopes(&["users:write".into()]).is_err());
    }
}
