//! Deliverables: one organization's request for one thing (支援内容).
//!
//! * `status`: the life of a request, as one table. `filter`: how lists are filtered and ordered.
//!
//! What a request leaves out comes from its type and organization when it is written: team, hours, format, area.
//! Themes stay the organization's where the request names none.
//!
//! Deliberately absent: the teams that form, and their progress.

pub mod filter;
pub mod http;
pub mod listing;
pub mod status;
pub mod store;

pub use filter::{DeliverableFilter, DeliverableSort};
pub use status::DeliverableStatus;

use crate::catalogue::calendar::{self, DayPart};
use crate::catalogue::entries::{RoleWish, distinct_roles};
use crate::catalogue::{Catalogue, Format, lookup};
use crate::db::{Id, Instant};
use crate::error::{Error, FieldError, Result, Text};
use crate::organizations::{Organization, both_or_neither, distinct_codes, not_blank};
use crate::workers::{dates_reversed, is_demo, plausible_day, short_words};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// A request as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "consistent"))]
#[schema(example = json!({"organization_id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d", "type": "flyer",
    "title": "会員募集のチラシ", "trouble": "会員が減っていて、若い世代にも活動を知ってもらいたい。", "format": "one_day",
    "starts_on": "2027-01-16", "ends_on": "2027-01-16", "day_parts": ["saturday_morning", "saturday_afternoon"],
    "remote": false, "themes": ["place_to_gather"], "status": "submitted"}))]
pub struct NewDeliverable {
    /// Who asks.
    pub organization_id: Id,
    /// Who asks jointly.
    #[serde(default)]
    #[validate(length(max = 10))]
    #[schema(max_items = 10)]
    pub joint_organization_ids: Vec<Id>,
    /// Code of a deliverable type of the catalogue.
    #[serde(rename = "type")]
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "flyer")]
    pub type_: String,
    /// Further types, where one request asks for several things.
    #[serde(default)]
    #[validate(length(max = 5), custom(function = "distinct_codes"))]
    #[schema(max_items = 5)]
    pub additional_types: Vec<String>,
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"\S",
        example = "会員募集のチラシ"
    )]
    pub title: String,
    /// The trouble in the organization's own words; the matcher compares it with the workers' evidence.
    #[serde(default)]
    #[validate(length(max = 4000))]
    #[schema(max_length = 4000)]
    pub trouble: Option<String>,
    /// From the type where it isn't given.
    #[serde(default)]
    pub format: Option<Format>,
    #[serde(default)]
    #[validate(custom(function = "plausible_day"))]
    pub starts_on: Option<NaiveDate>,
    #[serde(default)]
    #[validate(custom(function = "plausible_day"))]
    pub ends_on: Option<NaiveDate>,
    /// Hours a week that each member is asked for; from the type or format where it isn't given.
    #[serde(default)]
    #[validate(range(min = 1, max = 60))]
    #[schema(minimum = 1, maximum = 60)]
    pub hours_per_week: Option<u16>,
    /// When the work is done; none in particular where it is empty.
    #[serde(default)]
    #[validate(length(max = 21))]
    #[schema(max_items = 21)]
    pub day_parts: Vec<DayPart>,
    /// Where: 全国地方公共団体コード, of six or five digits; the organization's where it isn't given.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{5,6}$", example = "131041")]
    pub area: Option<String>,
    /// Whether it may be done remotely.
    #[serde(default)]
    pub remote: bool,
    /// The team; from the type where it isn't given.
    #[serde(default)]
    #[validate(length(min = 1, max = 10), nested, custom(function = "distinct_roles"))]
    #[schema(min_items = 1, max_items = 10)]
    pub roles: Option<Vec<RoleWish>>,
    /// What every member has to be qualified for, as short words: driving_licence.
    #[serde(default)]
    #[validate(
        length(max = 10),
        custom(function = "distinct_codes"),
        custom(function = "short_words")
    )]
    #[schema(max_items = 10)]
    pub qualifications: Vec<String>,
    /// Codes of the catalogue's themes; the organization's where it is empty.
    #[serde(default)]
    #[validate(length(max = 20), custom(function = "distinct_codes"))]
    #[schema(max_items = 20)]
    pub themes: Vec<String>,
    /// Whether partner apps may show it, while it is open.
    #[serde(default)]
    pub diffused: bool,
    /// New requests are a draft, submitted or open.
    #[serde(default)]
    #[schema(default = "draft")]
    pub status: DeliverableStatus,
    /// Where the record comes from; only together with `external_id`.
    #[serde(default)]
    #[validate(length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100)]
    pub source: Option<String>,
    /// Its id there.
    #[serde(default)]
    #[validate(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    pub external_id: Option<String>,
}

fn consistent(new: &NewDeliverable) -> Result<(), ValidationError> {
    both_or_neither(&new.source, &new.external_id)?;
    if new
        .starts_on
        .zip(new.ends_on)
        .is_some_and(|(starts, ends)| starts > ends)
    {
        return Err(dates_reversed());
    }
    Ok(())
}

impl NewDeliverable {
    /// Everyone who asks, the lead first.
    pub fn organization_ids(&self) -> impl Iterator<Item = Id> {
        std::iter::once(self.organization_id).chain(self.joint_organization_ids.iter().copied())
    }

    /// What refers to the catalogue has to be there, and what is left out comes from the type and the
    /// organization, whose area is given.
    pub fn resolve(
        &mut self,
        catalogue: &Catalogue,
        organization_area: &str,
        before: Option<&NewDeliverable>,
    ) -> Result<()> {
        let mut faults: Vec<FieldError> = Vec::new();
        let kept: Vec<&str> = before.map(NewDeliverable::codes).unwrap_or_default();
        if let Some(before) = before.filter(|before| before.type_ != self.type_) {
            // What came from the old type comes from the new one, unless it is changed together with the type.
            self.format.take_if(|format| Some(*format) == before.format);
            self.hours_per_week
                .take_if(|hours| Some(*hours) == before.hours_per_week);
            self.roles.take_if(|roles| Some(&*roles) == before.roles.as_ref());
        }
        lookup::check(&catalogue.types, &self.type_, "/type", &kept, &mut faults);
        for (i, code) in self.additional_types.iter().enumerate() {
            lookup::check(
                &catalogue.types,
                code,
                &format!("/additional_types/{i}"),
                &kept,
                &mut faults,
            );
        }
        for (i, theme) in self.themes.iter().enumerate() {
            lookup::check(
                &catalogue.themes,
                theme,
                &format!("/themes/{i}"),
                &kept,
                &mut faults,
            );
        }
        let area = self.area.get_or_insert_with(|| organization_area.to_owned());
        lookup::resolve_area(catalogue, area, "/area", &mut faults);
        if let Some(kind) = catalogue.types.get(&self.type_).map(|entry| &entry.definition) {
            let format = *self.format.get_or_insert(kind.format);
            let usual = catalogue.fixed.format(format).filter(|_| format != kind.format);
            self.hours_per_week
                .get_or_insert(usual.map_or(kind.hours_per_week, |f| f.hours_per_week));
            // A type may have been changed to name what has retired since: that is its own affair.
            match &self.roles {
                None => self.roles = Some(kind.roles.clone()),
                Some(roles) => lookup::check_roles(catalogue, roles, "/roles", &kept, &mut faults),
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(faults))
        }
    }

    fn codes(&self) -> Vec<&str> {
        let others = self
            .additional_types
            .iter()
            .chain(&self.themes)
            .chain([&self.type_])
            .map(String::as_str);
        self.roles
            .iter()
            .flatten()
            .flat_map(RoleWish::codes)
            .chain(others)
            .collect()
    }
}

/// Where a published request was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Provenance {
    /// The file's name.
    #[schema(example = "hometown_engagements.csv")]
    pub file: String,
    /// The row as published, the first below the header being 1.
    #[schema(minimum = 1, example = 10)]
    pub row: u32,
    /// The row's cells as they were published, in the order of the header.
    #[schema(example = json!(["平成27年度", "短期プロジェクト", "1日", "狛江市", "NPO法人 むべの会", "課題整理ワークショップ"]))]
    pub cells: Vec<String>,
}

/// A request as it is kept: everything that was left out is filled in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Deliverable {
    pub id: Id,
    #[serde(flatten)]
    pub request: NewDeliverable,
    /// The family of its type.
    #[schema(example = "print")]
    pub family: String,
    /// April to March in Tokyo, by its first day, or else by its creation.
    #[schema(example = 2026)]
    pub fiscal_year: i32,
    /// Where it was published, if it comes from an archive.
    pub provenance: Option<Provenance>,
    /// Made up for demonstration.
    pub demo: bool,
    /// Set when it was archived.
    pub archived_at: Option<Instant>,
    /// Counts the changes; the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Deliverable {
    /// `request` has to be resolved.
    pub fn register(id: Id, request: NewDeliverable, catalogue: &Catalogue, now: Instant) -> Deliverable {
        let family = catalogue
            .types
            .get(&request.type_)
            .map(|entry| entry.definition.family.clone());
        Deliverable {
            id,
            family: family.unwrap_or_default(),
            fiscal_year: fiscal_year(&request, now),
            provenance: None,
            demo: is_demo(request.source.as_deref()),
            archived_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
            request,
        }
    }

    /// The next version, if its status may move there.
    pub fn changed(
        &self,
        request: NewDeliverable,
        catalogue: &Catalogue,
        now: Instant,
    ) -> Result<Deliverable> {
        self.request.status.check_move(request.status)?;
        let same_date = request.starts_on == self.request.starts_on;
        let next = Deliverable::register(self.id, request, catalogue, self.created_at);
        Ok(Deliverable {
            // What was published under a year stays in it.
            fiscal_year: if same_date {
                self.fiscal_year
            } else {
                next.fiscal_year
            },
            provenance: self.provenance.clone(),
            version: self.version + 1,
            updated_at: now,
            ..next
        })
    }

    pub fn format(&self) -> Format {
        self.request.format.unwrap_or(Format::Other)
    }

    /// Codes of the roles and skills that the filters know.
    pub fn roles_and_skills(&self) -> (BTreeSet<&str>, BTreeSet<&str>) {
        let roles = self.request.roles.iter().flatten();
        let skills = roles
            .clone()
            .flat_map(|role| role.skills.iter().map(|s| s.skill.as_str()));
        (roles.map(|role| role.role.as_str()).collect(), skills.collect())
    }
}

fn fiscal_year(request: &NewDeliverable, created: Instant) -> i32 {
    calendar::fiscal_year(
        request
            .starts_on
            .unwrap_or_else(|| calendar::day_in_tokyo(created.utc())),
    )
}

pub fn unknown_organization(pointer: impl Into<String>) -> FieldError {
    let rule = Text::new("この団体は登録されていません。", "There is no such organization.");
    FieldError::at(pointer, "unknown_organization", rule)
}

/// Everyone who asks has to be there, and nobody twice.
pub fn check_organizations(request: &NewDeliverable, existing: &BTreeSet<Id>) -> Result<()> {
    let mut faults = Vec::new();
    if !existing.contains(&request.organization_id) {
        faults.push(unknown_organization("/organization_id"));
    }
    let mut seen = BTreeSet::from([request.organization_id]);
    for (i, id) in request.joint_organization_ids.iter().enumerate() {
        let pointer = format!("/joint_organization_ids/{i}");
        if !seen.insert(*id) {
            let rule = Text::new(
                "同じ団体が二度あります。",
                "The same organization is there twice.",
            );
            faults.push(FieldError::at(pointer, "duplicate", rule));
        } else if !existing.contains(id) {
            faults.push(unknown_organization(pointer));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}

/// The area that a request has where it names none.
pub fn default_area(lead: &Organization) -> &str {
    &lead.details.area
}
