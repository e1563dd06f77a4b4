//! What is shown only to those who need it, and the consent to be matched.

use crate::workers::plausible_day;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// Who the worker is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Personal {
    #[serde(default)]
    #[validate(length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "佐藤 陽子")]
    pub name: Option<String>,
    #[serde(default)]
    #[validate(length(max = 100))]
    #[schema(max_length = 100, example = "さとう ようこ")]
    pub kana: Option<String>,
    #[serde(default)]
    #[validate(email, length(max = 254))]
    #[schema(max_length = 254, format = "email", example = "yoko@example.jp")]
    pub email: Option<String>,
    #[serde(default)]
    #[validate(length(max = 30))]
    #[schema(max_length = 30, example = "090-0000-0000")]
    pub phone: Option<String>,
    /// Past works and profile in words; the matcher compares each piece with the request.
    #[serde(default)]
    #[validate(length(max = 200), nested)]
    #[schema(max_items = 200)]
    pub evidence: Vec<Evidence>,
}

/// One past work, or a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    #[serde(default)]
    #[validate(length(max = 200))]
    #[schema(max_length = 200, example = "NPOのチラシ制作")]
    pub title: Option<String>,
    #[validate(length(min = 1, max = 10_000))]
    #[schema(
        min_length = 1,
        max_length = 10_000,
        example = "高齢者向けサロンの会員募集チラシを企画からデザインまで担当。"
    )]
    pub text: String,
}

/// The consent to be matched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    #[validate(custom(function = "plausible_day"))]
    pub given_on: NaiveDate,
    /// Which text was agreed to.
    #[validate(length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "2026-04")]
    pub text_version: String,
}
