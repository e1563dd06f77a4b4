//! Workers: the pro bono volunteers (プロボノワーカー).
//!
//! What a worker has not answered is null, never guessed: the matcher uses the population's median or mean
//! instead, and says so. Name, contact and evidence are personal data, stored in a separate column and shown
//! only to those who may see them.
//!
//! * `alias`: what others call a worker. `record`: a registered worker, and how much of it each caller sees. `personal`: personal data and the
//!   consent.
//! * `filter`: the parameters of lists. `listing`: workers as a viewer sees them.
//! * `work`: what was counted here, beside what rosters say.
//! * `person`: what tells who a worker is. `doubles`: two records that may be one person's.
//! * `rules`: what only some callers may set. `batch`: many in one request. `actions`: registering, changing and
//!   replacing.
//!
//! Deliberately absent: logins (`users`), and erasing a person (`erasure`).
//!
//! Invariant: a worker without consent is stored, but never ranked.

pub mod actions;
mod alias;
pub mod batch;
pub mod doubles;
pub mod filter;
pub mod http;
pub mod listing;
pub mod person;
pub mod personal;
mod record;
mod rules;
pub mod store;
mod work;

pub use alias::{in_language as alias_in_language, own_letters};
pub use filter::{WorkerFilter, WorkerSort};
pub use personal::{Consent, ConsentPurpose, ConsentRecord, Evidence, Personal};
pub use record::{Sight, Worker};
pub use work::{CountedHere, Counts, RoleRecord};

use crate::catalogue::calendar::{self, DayPart};
use crate::catalogue::{Catalogue, Format, lookup};
use crate::db::Id;
use crate::error::{Error, FieldError, Result, Text};
use crate::values::{
    Code, both_or_neither, distinct, distinct_codes, not_blank, not_reversed, plausible_day, short_words,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WorkerStatus {
    #[default]
    Active,
    /// Takes no requests at the moment, and is not ranked.
    Paused,
}

impl WorkerStatus {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkerSkill {
    /// The code of a skill in the catalogue.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "graphic_design")]
    pub skill: String,
    /// 1: has basic knowledge. 3: works with it independently. 5: teaches it.
    #[validate(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5, example = 4)]
    pub level: u8,
}

/// Past deliveries of one family in one role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Experience {
    /// The code of a family of deliverable types.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "print")]
    pub family: String,
    /// The code of a role in the catalogue.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "designer")]
    pub role: String,
    #[validate(range(min = 1, max = 1000))]
    #[schema(minimum = 1, maximum = 1000, example = 2)]
    pub delivered: u16,
}

/// How past projects ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrackRecord {
    #[validate(range(max = 1000))]
    #[schema(minimum = 0, maximum = 1000, example = 3)]
    pub completed: u16,
    #[validate(range(max = 1000))]
    #[schema(minimum = 0, maximum = 1000, example = 0)]
    pub dropped: u16,
}

/// The profile of a worker. Null means that the worker has not answered.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "consistent", skip_on_field_errors = false))]
#[schema(example = json!({"personal": {"name": "佐藤 陽子", "kana": "さとう ようこ", "email": "yoko@example.jp",
        "evidence": [{"title": "NPOのチラシ制作", "text": "会員募集チラシを企画からデザインまで担当。"}]},
    "consent": {"given_on": "2026-04-01", "text_version": "2026-04"}, "area": "131041", "travel_limit_km": 15,
    "remote": true, "accepted_formats": ["one_day", "one_month"], "preferred_formats": ["one_day"],
    "roles": ["designer"], "skills": [{"skill": "graphic_design", "level": 4}], "themes": ["place_to_gather"],
    "hours_per_week": 6, "day_parts": ["saturday_morning", "saturday_afternoon"], "capacity": 1, "open_load": 0,
    "experience": [{"family": "print", "role": "designer", "delivered": 2}],
    "track_record": {"completed": 2, "dropped": 0}, "last_active_on": "2026-11-01"}))]
pub struct NewWorker {
    /// Personal data. Null if you may not see it.
    #[serde(default)]
    #[validate(nested)]
    pub personal: Option<Personal>,
    /// What organizations see instead of the name. If you leave it out, it is composed of area and role.
    #[serde(default)]
    #[validate(length(min = 1, max = 100), custom(function = "not_blank"))]
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"\S",
        example = "新宿区のデザイナー"
    )]
    pub alias: Option<String>,
    #[serde(default)]
    #[schema(default = "active")]
    pub status: WorkerStatus,
    /// The consent to be matched. Null: none, so the worker is never ranked.
    #[serde(default)]
    #[validate(nested)]
    pub consent: Option<Consent>,
    /// Where the worker lives or works: 全国地方公共団体コード, six or five digits.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{5,6}$", example = "131041")]
    pub area: Option<String>,
    /// How far the worker travels, in kilometres between town halls.
    #[serde(default)]
    #[validate(range(max = 2000))]
    #[schema(minimum = 0, maximum = 2000)]
    pub travel_limit_km: Option<u16>,
    /// Whether the worker works remotely.
    #[serde(default)]
    pub remote: Option<bool>,
    #[serde(default)]
    #[schema(max_items = 7)]
    #[validate(length(max = 7))]
    pub accepted_formats: Option<Vec<Format>>,
    /// Preferred formats count as accepted.
    #[serde(default)]
    #[schema(max_items = 7)]
    #[validate(length(max = 7))]
    pub preferred_formats: Option<Vec<Format>>,
    /// Codes of roles in the catalogue.
    #[serde(default)]
    #[validate(length(max = 20), custom(function = "distinct_codes"))]
    #[schema(max_items = 20, value_type = Option<Vec<Code>>)]
    pub roles: Option<Vec<String>>,
    #[serde(default)]
    #[validate(length(max = 100), nested, custom(function = "distinct_skills"))]
    #[schema(max_items = 100)]
    pub skills: Option<Vec<WorkerSkill>>,
    /// Codes of themes in the catalogue.
    #[serde(default)]
    #[validate(length(max = 50), custom(function = "distinct_codes"))]
    #[schema(max_items = 50, value_type = Option<Vec<Code>>)]
    pub themes: Option<Vec<String>>,
    #[serde(default)]
    #[validate(range(max = 60))]
    #[schema(minimum = 0, maximum = 60)]
    pub hours_per_week: Option<u16>,
    #[serde(default)]
    #[validate(length(max = 21))]
    #[schema(max_items = 21)]
    pub day_parts: Option<Vec<DayPart>>,
    /// The first day on which the worker is available. Null: no limit.
    #[serde(default)]
    #[validate(custom(function = "plausible_day"))]
    pub available_from: Option<NaiveDate>,
    /// The last day on which the worker is available. Null: no limit.
    #[serde(default)]
    #[validate(custom(function = "plausible_day"))]
    pub available_until: Option<NaiveDate>,
    /// How many projects the worker takes at the same time.
    #[serde(default = "one")]
    #[validate(range(max = 20))]
    #[schema(minimum = 0, maximum = 20, default = 1)]
    pub capacity: u16,
    /// How many projects the worker is in now, besides those here: `here.open_load` counts these.
    #[serde(default)]
    #[validate(range(max = 100))]
    #[schema(minimum = 0, maximum = 100, default = 0)]
    pub open_load: u16,
    /// Qualifications, as short words: driving_licence.
    #[serde(default)]
    #[validate(
        length(max = 50),
        custom(function = "distinct_codes"),
        custom(function = "short_words")
    )]
    #[schema(max_items = 50)]
    pub qualifications: Option<Vec<String>>,
    #[serde(default)]
    #[validate(length(max = 100), nested)]
    #[schema(max_items = 100)]
    pub experience: Option<Vec<Experience>>,
    #[serde(default)]
    #[validate(nested)]
    pub track_record: Option<TrackRecord>,
    #[serde(default)]
    #[validate(custom(function = "plausible_day"))]
    pub last_active_on: Option<NaiveDate>,
    /// Organizations that the worker is never matched with, at the wish of either side. They don't see the worker, nor
    /// applications that the worker has already sent.
    #[serde(default)]
    #[validate(length(max = 200))]
    #[schema(max_items = 200)]
    pub blocked_organization_ids: Vec<Id>,
    /// Organizations with which the worker has a conflict of interest. They don't see the worker either.
    #[serde(default)]
    #[validate(length(max = 200))]
    #[schema(max_items = 200)]
    pub conflict_organization_ids: Vec<Id>,
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

fn one() -> u16 {
    1
}

fn consistent(new: &NewWorker) -> Result<(), ValidationError> {
    // A partner's source is filled in later.
    if new.source.is_some() {
        both_or_neither(&new.source, &new.external_id)?;
    }
    not_reversed(new.available_from, new.available_until, "available_until")
}

fn distinct_skills(skills: &[WorkerSkill]) -> Result<(), ValidationError> {
    distinct(skills.iter().map(|s| s.skill.as_str()))
}

impl NewWorker {
    /// Returns the organizations that the worker is kept apart from.
    pub fn separated_from(&self) -> BTreeSet<Id> {
        let blocked = self.blocked_organization_ids.iter();
        blocked.chain(&self.conflict_organization_ids).copied().collect()
    }

    /// Checks codes against the catalogue and dates against today, completes the area's code, and composes an
    /// alias if there is none. Codes that `before` already had may be retired.
    pub fn resolve(
        &mut self,
        catalogue: &Catalogue,
        before: Option<&NewWorker>,
        today: NaiveDate,
    ) -> Result<()> {
        let mut faults: Vec<FieldError> = Vec::new();
        if let Some(area) = &mut self.area {
            lookup::resolve_area(&catalogue.fixed, area, "/area", &mut faults);
        }
        let given = self.consent.as_ref().map(|consent| consent.given_on);
        let moment = self.consent.as_ref().and_then(|consent| consent.given_at);
        for (day, pointer) in [
            (given, "/consent/given_on"),
            (
                moment.map(|at| calendar::day_in_tokyo(at.utc())),
                "/consent/given_at",
            ),
            (self.last_active_on, "/last_active_on"),
        ] {
            if day.is_some_and(|day| day > today) {
                let rule = Text::new("未来の日付は指定できません。", "The date is in the future.");
                faults.push(FieldError::at(pointer, "date_in_future", rule));
            }
        }
        let kept: Vec<&str> = before.map(NewWorker::codes).unwrap_or_default();
        for (i, role) in self.roles.iter().flatten().enumerate() {
            lookup::check(&catalogue.roles, role, &format!("/roles/{i}"), &kept, &mut faults);
        }
        for (i, theme) in self.themes.iter().flatten().enumerate() {
            lookup::check(
                &catalogue.themes,
                theme,
                &format!("/themes/{i}"),
                &kept,
                &mut faults,
            );
        }
        for (i, own) in self.skills.iter().flatten().enumerate() {
            lookup::check(
                &catalogue.skills,
                &own.skill,
                &format!("/skills/{i}/skill"),
                &kept,
                &mut faults,
            );
        }
        for (i, past) in self.experience.iter().flatten().enumerate() {
            lookup::check(
                &catalogue.roles,
                &past.role,
                &format!("/experience/{i}/role"),
                &kept,
                &mut faults,
            );
            if catalogue.family_position(&past.family).is_none() {
                let known = catalogue.fixed.families.iter().map(|f| f.code.as_str());
                let pointer = format!("/experience/{i}/family");
                faults.push(lookup::unknown(&pointer, "unknown_family", &past.family, known));
            }
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        // A composed alias follows the area and the role.
        let was_composed =
            before.is_some_and(|b| b.alias == Some(b.composed_alias(catalogue)) && b.alias == self.alias);
        if self.alias.is_none() || was_composed {
            self.alias = Some(self.composed_alias(catalogue));
        }
        Ok(())
    }

    fn codes(&self) -> Vec<&str> {
        let skills = self.skills.iter().flatten().map(|s| &s.skill);
        let past = self.experience.iter().flatten().map(|e| &e.role);
        let roles_and_themes = self.roles.iter().chain(&self.themes).flatten();
        roles_and_themes
            .chain(skills)
            .chain(past)
            .map(String::as_str)
            .collect()
    }

    fn composed_alias(&self, catalogue: &Catalogue) -> String {
        let roles = self.roles.iter().flatten().map(AsRef::as_ref);
        alias::compose(self.area.as_deref(), roles, catalogue)
    }
}

/// The source of everything that is made up for the demonstration.
pub const DEMO_SOURCE: &str = "demo";

/// Returns whether only a partner app gives its records this source.
pub fn is_partners(source: &str) -> bool {
    source.starts_with("partner:")
}

/// Returns whether a record with this source is made up.
pub fn is_demo(source: Option<&str>) -> bool {
    source == Some(DEMO_SOURCE)
}
