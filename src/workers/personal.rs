//! A worker's personal data, and the consent to be matched.

use crate::db::{Id, Instant};
use crate::http::Discloses;
use crate::values::{email_address, none_if_empty, not_blank, phone_number, plausible_day};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// Personal data of a worker.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Personal {
    #[serde(default)]
    #[validate(length(min = 1, max = 100), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 100, pattern = r"\S", example = "佐藤 陽子")]
    pub name: Option<String>,
    #[serde(default)]
    #[validate(length(max = 100))]
    #[schema(max_length = 100, example = "さとう ようこ")]
    pub kana: Option<String>,
    #[serde(default)]
    #[validate(custom(function = "email_address"), length(max = 254))]
    #[schema(max_length = 254, format = "email", example = "yoko@example.jp")]
    pub email: Option<String>,
    /// Whether the address was verified to be the worker's. Who says so vouches for it: verified addresses count more when
    /// duplicates are detected, and without one, or a verified number, no records are merged automatically.
    #[serde(default)]
    pub email_verified: bool,
    #[serde(default, deserialize_with = "none_if_empty")]
    #[validate(custom(function = "phone_number"), length(max = 30))]
    #[schema(max_length = 30, example = "090-0000-0000")]
    pub phone: Option<String>,
    /// Whether the number was verified to be the worker's. Who says so vouches for it, as for the address.
    #[serde(default)]
    pub phone_verified: bool,
    /// Where the worker is employed. A team can be limited to a few people of one employer.
    #[serde(default)]
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"\S",
        example = "結デザイン株式会社"
    )]
    pub employer: Option<String>,
    /// Past works and a profile, in words. The matcher compares each piece with the request.
    #[serde(default)]
    #[validate(length(max = 200), nested)]
    #[schema(max_items = 200)]
    pub evidence: Vec<Evidence>,
}

/// A past work, or a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    #[serde(default)]
    #[validate(length(max = 500))]
    #[schema(max_length = 500, example = "NPOのチラシ制作")]
    pub title: Option<String>,
    #[validate(length(min = 1, max = 10_000))]
    #[schema(
        min_length = 1,
        max_length = 10_000,
        example = "高齢者向けサロンの会員募集チラシを企画からデザインまで担当。"
    )]
    pub text: String,
}

/// What the worker has consented to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentPurpose {
    /// Being ranked for deliverables, and applying.
    #[default]
    Matching,
    /// Applying only. Never ranked.
    Applying,
}

/// The consent to be matched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    #[serde(default)]
    #[schema(default = "matching")]
    pub purpose: ConsentPurpose,
    #[validate(custom(function = "plausible_day"))]
    pub given_on: NaiveDate,
    /// The version of the text that the worker agreed to.
    #[validate(length(min = 1, max = 100), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 100, pattern = r"\S", example = "2026-04")]
    pub text_version: String,
    /// The exact time, if known. Required from partner apps.
    #[serde(default)]
    pub given_at: Option<Instant>,
}

impl Consent {
    pub fn allows_ranking(&self) -> bool {
        self.purpose == ConsentPurpose::Matching
    }
}

/// A consent with its history.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConsentRecord {
    #[serde(skip)]
    pub worker_id: Id,
    #[serde(flatten)]
    pub consent: Consent,
    /// Role and id of the caller who recorded it.
    #[schema(example = "partner:0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d")]
    pub recorded_by: String,
    pub recorded_at: Instant,
    /// Role and id of the caller who withdrew or replaced it. Null while it is valid, like `withdrawn_at`.
    #[schema(example = json!(null))]
    pub withdrawn_by: Option<String>,
    #[schema(example = json!(null))]
    pub withdrawn_at: Option<Instant>,
}

impl Discloses for ConsentRecord {
    fn people(&self) -> Vec<Id> {
        vec![self.worker_id]
    }
}
