//! Partners: apps through which volunteers find deliverables, apply and hear back.
//!
//! * `oauth`: how an app gets its access token (RFC 6749).
//!
//! A partner sees its own volunteers, and of deliverables those that are open and may be diffused, within the areas and
//! families that it is for. It has up to two secrets, so that one can be renewed while the other is in use. Its requests
//! are counted by the minute and by the day. What a sandbox partner writes never reaches rankings, counts or anyone
//! else's lists.
//!
//! Deliberately absent: logging in by people (`sessions`).

pub mod actions;
pub mod http;
pub mod oauth;
pub mod store;
pub mod tasks;

use crate::auth::{PERMISSIONS, UserRole, extent, secret};
use crate::catalogue::entries::{distinct, valid_code};
use crate::catalogue::{Catalogue, lookup};
use crate::db::{Id, Instant};
use crate::error::{Error, FieldError, Result, Text};
use crate::http::body::broken;
use crate::organizations::{distinct_codes, not_blank};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

/// How many secrets a partner can have at the same time.
pub const MAX_SECRETS: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PartnerStatus {
    #[default]
    Active,
    /// Its tokens are void, and it gets no new ones.
    Suspended,
}

impl PartnerStatus {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// A partner as it is registered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "activo", "name": "ボランティア募集アプリ", "areas": ["131041", "131130"],
    "families": ["print", "web"], "quota_per_minute": 120, "quota_per_day": 20000,
    "origins": ["https://app.example.jp"], "sandbox": false}))]
pub struct NewPartner {
    /// Names it in the `source` of its volunteers, `partner:activo`; stays as it is.
    #[validate(custom(function = "valid_code"))]
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "activo")]
    pub code: String,
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
    /// What its tokens may be for; everything that the role partner has where it is empty.
    #[serde(default)]
    #[validate(length(max = 50), custom(function = "partners_scopes"))]
    #[schema(max_items = 50)]
    pub scopes: Vec<String>,
    /// Only deliverables of these areas: 全国地方公共団体コード, of six or five digits; of all where it is empty.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = "distinct_codes"))]
    #[schema(max_items = 100)]
    pub areas: Vec<String>,
    /// Only deliverables of these families; of all where it is empty.
    #[serde(default)]
    #[validate(length(max = 50), custom(function = "distinct_codes"))]
    #[schema(max_items = 50)]
    pub families: Vec<String>,
    #[serde(default = "a_minute")]
    #[validate(range(min = 1, max = 1_000_000))]
    #[schema(minimum = 1, maximum = 1_000_000, default = 300)]
    pub quota_per_minute: i32,
    #[serde(default = "a_day")]
    #[validate(range(min = 1, max = 100_000_000))]
    #[schema(minimum = 1, maximum = 100_000_000, default = 50_000)]
    pub quota_per_day: i32,
    /// Pages of these origins may call the API from a browser: `https://app.example.jp`.
    #[serde(default)]
    #[validate(length(max = 20), custom(function = "valid_origins"))]
    #[schema(max_items = 20)]
    pub origins: Vec<String>,
    /// For trying only; stays as it is.
    #[serde(default)]
    pub sandbox: bool,
}

fn a_minute() -> i32 {
    300
}

fn a_day() -> i32 {
    50_000
}

fn partners_scopes(scopes: &[String]) -> Result<(), ValidationError> {
    distinct(scopes.iter().map(String::as_str))?;
    if scopes
        .iter()
        .all(|scope| extent(UserRole::Partner, scope).is_some())
    {
        return Ok(());
    }
    Err(broken(
        "unknown_scope",
        "連携アプリの役割にないスコープです。",
        "The role partner has no such scope.",
    ))
}

fn is_localhost(host: &str) -> bool {
    let port = host.strip_prefix("localhost");
    port.is_some_and(|port| {
        let number = port.strip_prefix(':').map(str::parse::<u16>);
        port.is_empty() || number.is_some_and(|number| number.is_ok())
    })
}

/// Scheme, host and port as browsers send them: nothing behind, no wildcard.
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
        "An origin is scheme and host in lower case, like https://app.example.jp.",
    ))
}

impl NewPartner {
    /// What refers to the catalogue has to be there; areas take their full code.
    pub fn resolve(&mut self, catalogue: &Catalogue) -> Result<()> {
        let mut faults: Vec<FieldError> = Vec::new();
        for (i, area) in self.areas.iter_mut().enumerate() {
            lookup::resolve_area(catalogue, area, &format!("/areas/{i}"), &mut faults);
        }
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

    /// Returns the scopes for a token, separated by spaces: the requested ones, or all of the partner's. `None` if it
    /// doesn't have a requested scope.
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

    /// Refuses changes of the code, which its volunteers carry, and of `sandbox`, which separates test data from real.
    pub fn check_immutable(&self, before: &NewPartner) -> Result<()> {
        let fixed = [
            ("/code", self.code != before.code),
            ("/sandbox", self.sandbox != before.sandbox),
        ];
        let moved = fixed.into_iter().filter(|(_, moved)| *moved);
        let fault = |(pointer, _)| {
            let rule = Text::new("後から変更できません。", "It stays as it is.");
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

/// A secret, without what is secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartnerSecret {
    pub id: Id,
    pub created_at: Instant,
    /// To the minute.
    pub last_used_at: Option<Instant>,
}

/// A partner as it is kept.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Partner {
    /// Its `client_id`.
    pub id: Id,
    #[serde(flatten)]
    pub details: NewPartner,
    pub secrets: Vec<PartnerSecret>,
    /// Counts the changes; the ETag.
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

    /// The next version.
    pub fn changed(&self, details: NewPartner, now: Instant) -> Partner {
        Partner {
            details,
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        }
    }
}

/// A client secret; shown once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClientSecret {
    pub id: Id,
    /// The same as the partner's id.
    pub client_id: Id,
    /// Null where an answer is repeated.
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

/// A partner with its first secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartnerWithSecret {
    pub partner: Partner,
    pub secret: ClientSecret,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PartnerFilter {
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
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
    fn an_origin_is_what_a_browser_sends() {
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
    fn a_partner_has_scopes_of_its_role_only() {
        assert!(partners_scopes(&["deliverables:read".into()]).is_ok());
        assert!(partners_scopes(&["users:write".into()]).is_err());
    }
}
