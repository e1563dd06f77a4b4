//! Organizations: the groups that ask for deliverables (団体), from NPOs to neighbourhood associations.
//!
//! * `names`: compares spellings of a name, and recognises legal forms.
//! * `filter`: the parameters of lists. `listing`: the list as a viewer sees it.
//! * `actions`: registering, changing and archiving.
//!
//! Deliberately absent: members and logins.
//!
//! Invariant: a 法人番号 has a valid check digit and belongs to one organization. Most groups have none.

pub mod actions;
pub mod filter;
pub mod http;
pub mod listing;
pub mod names;
pub mod store;

pub use filter::{OrganizationFilter, OrganizationSort};

use crate::catalogue::{Catalogue, lookup};
use crate::db::{Id, Instant};
use crate::error::{Error, FieldError, Result};
use crate::http::Discloses;
use crate::values::{
    Code, both_or_neither, broken, distinct_codes, email_address, none_blank, none_if_empty, not_blank,
    phone_number,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// The kind of group.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OrganizationKind {
    /// NPO法人
    Npo,
    /// 社会福祉法人
    SocialWelfareCorporation,
    /// 一般・公益の社団法人、財団法人
    Association,
    /// 生活協同組合など
    Cooperative,
    /// 社会福祉協議会
    SocialWelfareCouncil,
    /// 町会・自治会
    NeighbourhoodAssociation,
    /// 商店会
    ShoppingStreet,
    /// 行政
    Government,
    /// 任意団体
    #[default]
    VoluntaryGroup,
}

impl OrganizationKind {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OrganizationStatus {
    #[default]
    Active,
    /// Registered, but not asking for anything at the moment.
    Inactive,
}

impl OrganizationStatus {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// The contact person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    #[serde(default)]
    #[validate(length(max = 100))]
    #[schema(max_length = 100, example = "田中 花子")]
    pub person: Option<String>,
    #[serde(default)]
    #[validate(custom(function = "email_address"), length(max = 254))]
    #[schema(max_length = 254, format = "email", example = "info@example.jp")]
    pub email: Option<String>,
    #[serde(default, deserialize_with = "none_if_empty")]
    #[validate(custom(function = "phone_number"), length(max = 30))]
    #[schema(max_length = 30, example = "03-0000-0000")]
    pub phone: Option<String>,
}

/// The body that recommended the organization and accompanies it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Intermediary {
    pub kind: IntermediaryKind,
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"\S",
        example = "新宿区社会福祉協議会"
    )]
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IntermediaryKind {
    /// 区市町村
    Municipality,
    /// 社会福祉協議会
    SocialWelfareCouncil,
    /// 地域包括支援センター
    CommunitySupportCentre,
    /// 生活支援コーディネーター
    LifeSupportCoordinator,
    Other,
}

/// The most aliases of an organization.
pub const MAX_ALIASES: usize = 100;

/// The limits of `themes` and `description`.
pub const MOST_THEMES: usize = 20;
pub const LONGEST_DESCRIPTION: usize = 4000;

/// The details of an organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "source_and_external_id"))]
#[schema(example = json!({"name": "NPO法人 風のやすみば", "kana": "かぜのやすみば", "kind": "npo", "area": "131059",
    "themes": ["place_to_gather"], "contact": {"person": "田中 花子", "email": "info@example.jp", "phone": null},
    "intermediary": {"kind": "social_welfare_council", "name": "文京区社会福祉協議会"}}))]
pub struct NewOrganization {
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    pub name: String,
    #[serde(default)]
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    pub kana: Option<String>,
    #[serde(default)]
    #[schema(default = "voluntary_group")]
    pub kind: OrganizationKind,
    /// 全国地方公共団体コード, six digits, or five without the check digit.
    #[schema(pattern = "^[0-9]{5,6}$", example = "131059")]
    pub area: String,
    #[serde(default)]
    #[schema(default = "active")]
    pub status: OrganizationStatus,
    /// Codes of themes in the catalogue.
    #[serde(default)]
    #[validate(length(max = 20), custom(function = "distinct_codes"))]
    #[schema(max_items = 20, value_type = Vec<Code>)]
    pub themes: Vec<String>,
    /// 法人番号: 13 digits, the first one a check digit. Most groups have none.
    #[serde(default)]
    #[validate(custom(function = "valid_corporate_number"))]
    #[schema(pattern = "^[1-9][0-9]{12}$", example = "7000012050002")]
    pub corporate_number: Option<String>,
    /// Personal data. Null if you may not see it.
    #[serde(default)]
    #[validate(nested)]
    pub contact: Option<Contact>,
    #[serde(default)]
    #[validate(nested)]
    pub intermediary: Option<Intermediary>,
    /// Other spellings of the name. Imports use them to recognise the organization.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = "none_blank"))]
    #[schema(max_items = 100)]
    pub aliases: Vec<String>,
    #[serde(default)]
    #[validate(length(max = 4000))]
    #[schema(max_length = 4000)]
    pub description: Option<String>,
    /// Whether the organization agreed to be named in the open data.
    #[serde(default)]
    pub open_data: bool,
    /// The system that the record comes from. Requires `external_id`.
    #[serde(default)]
    #[validate(length(min = 1, max = 100), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub source: Option<String>,
    /// The id in that system.
    #[serde(default)]
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    pub external_id: Option<String>,
}

fn source_and_external_id(new: &NewOrganization) -> Result<(), ValidationError> {
    both_or_neither(&new.source, &new.external_id)
}

/// Checks the check digit of a 法人番号 (法人番号の指定等に関する省令): 9 − (Σ Pn·Qn mod 9), where Pn is the n-th of the
/// twelve other digits from the right, and Qn is 1 for odd n and 2 for even n.
fn valid_corporate_number(number: &str) -> Result<(), ValidationError> {
    let digits: Option<Vec<u32>> = number.chars().map(|c| c.to_digit(10)).collect();
    let Some([check, rest @ ..]) = digits.as_deref().filter(|d| d.len() == 13) else {
        return Err(broken(
            "invalid_corporate_number",
            "法人番号は13桁の数字で入力してください。",
            "A corporate number has 13 digits.",
        ));
    };
    let sum: u32 = rest
        .iter()
        .rev()
        .zip([1, 2].into_iter().cycle())
        .map(|(p, q)| p * q)
        .sum();
    if *check == 9 - sum % 9 {
        return Ok(());
    }
    Err(broken(
        "invalid_check_digit",
        "法人番号の検査用数字が一致しません。番号をご確認ください。",
        "The check digit doesn't match. Check the corporate number for typing errors.",
    ))
}

impl NewOrganization {
    /// Checks the codes against the catalogue, and completes the area's code. Codes that `before` already had
    /// may be retired.
    pub fn resolve(&mut self, catalogue: &Catalogue, before: Option<&NewOrganization>) -> Result<()> {
        let mut faults: Vec<FieldError> = Vec::new();
        let area_before: Vec<&str> = before.iter().map(|b| b.area.as_str()).collect();
        lookup::resolve_served_area(
            &catalogue.fixed,
            &mut self.area,
            "/area",
            &area_before,
            &mut faults,
        );
        let kept: Vec<&str> = before
            .iter()
            .flat_map(|b| &b.themes)
            .map(String::as_str)
            .collect();
        for (i, theme) in self.themes.iter().enumerate() {
            lookup::check(
                &catalogue.themes,
                theme,
                &format!("/themes/{i}"),
                &kept,
                &mut faults,
            );
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(faults))
        }
    }
}

/// A registered organization.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Organization {
    pub id: Id,
    #[serde(flatten)]
    pub details: NewOrganization,
    /// When it was archived. Null: not archived.
    pub archived_at: Option<Instant>,
    /// The primary record, if this one was merged into it as a duplicate. Null if that record is outside your reach.
    pub merged_into: Option<Id>,
    /// Counts the changes. Also the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Discloses for Organization {
    fn people(&self) -> Vec<Id> {
        self.details.contact.iter().map(|_| self.id).collect()
    }
}

impl Organization {
    pub fn register(id: Id, details: NewOrganization, now: Instant) -> Organization {
        Organization {
            id,
            details,
            archived_at: None,
            merged_into: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Returns the next version, with new details.
    pub fn changed(&self, details: NewOrganization, now: Instant) -> Organization {
        Organization {
            details,
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        }
    }

    /// Returns the next version, archived.
    pub fn archived(&self, now: Instant) -> Organization {
        Organization {
            archived_at: Some(now),
            ..self.changed(self.details.clone(), now)
        }
    }

    /// Removes what the viewer may not see.
    pub fn shown(mut self, personal_data: bool) -> Organization {
        if !personal_data {
            self.details.contact = None;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_the_check_digit_of_a_corporate_number() {
        // 国税庁, as the National Tax Agency publishes itself.
        assert!(valid_corporate_number("7000012050002").is_ok());
        assert_eq!(
            valid_corporate_number("8000012050002").unwrap_err().code,
            "invalid_check_digit"
        );
        assert_eq!(
            valid_corporate_number("700001205000").unwrap_err().code,
            "invalid_corporate_number"
        );
        assert_eq!(
            valid_corporate_number("700001205000x").unwrap_err().code,
            "invalid_corporate_number"
        );
    }
}
