//! Matches: explained rankings of workers for a deliverable, and of deliverables for a worker.
//!
//! * `actions`: the use cases. `context`: what they compute with. `visibility`: what a caller may learn.
//! * `inquiry`: what workers are ranked for, saved or on trial.
//! * `snapshot`: one state of the database, ready to be ranked; `index`: the newest snapshot. `requesters`:
//!   the organizations that ask. `encode`: turns records into the matcher's integers.
//! * `responses`: how fast an organization answers.
//! * `team`: who has a place already, and who has applied. `joining`: what helps to join a team at work.
//! * `ranking`: one page of a ranking in a fair order; `page`: its cursor; `view`: the response bodies.
//! * `explain`, `wording`: numbers and gates in words, through the `explainer`. `advice`: improvements and
//!   relaxations.
//!
//! Deliberately absent: SQL (the stores of other slices load the records), and state that can't be rebuilt
//! from `changes`.

pub mod actions;
pub mod advice;
pub mod codes;
pub mod context;
pub mod encode;
pub mod explain;
pub mod explainer;
pub mod http;
pub mod index;
pub mod inputs;
pub mod inquiry;
pub mod joining;
mod merged;
pub mod page;
pub mod ranking;
pub mod requesters;
mod responses;
pub mod snapshot;
pub mod tasks;
pub mod team;
pub mod view;
pub mod visibility;
mod wording;

pub use index::MatchIndex;

use crate::auth::Viewer;
use crate::catalogue::{DayPart, Format, RoleWish, entries::distinct_roles};
use crate::db::Id;
use crate::deliverables::filter::Include;
use crate::deliverables::{DeliverableStatus, NewDeliverable};
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::http::body::typed;
use crate::http::query::Several;
use crate::values::{AreaCode, Code, broken, distinct_codes, not_reversed, plausible_day, short_words};
use crate::weights::WeightsVersion;
use chrono::NaiveDate;
use matcher::Weights;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

/// Whether the order is adjusted for fairness.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fairness {
    #[default]
    On,
    Off,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WorkerRankingParameters {
    /// Code of one of the deliverable's roles. Without it, the roles take turns, as often as they have open places.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "designer")]
    pub role: Option<String>,
    /// The number of items on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the previous page.
    pub cursor: Option<String>,
    /// Whether to count how many workers each gate removed. Counting is slower than ranking: it looks at
    /// every worker.
    #[param(default = true)]
    pub counts: Option<bool>,
    /// Whether workers who fit nearly equally share the attention.
    #[serde(default)]
    #[param(inline, required = false)]
    pub fairness: Fairness,
    /// Records that the deliverable names, separated by commas. They come as `included`.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<Include>>)]
    pub include: Option<Several<Include>>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliverableRankingParameters {
    /// The number of items on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the previous page.
    pub cursor: Option<String>,
    /// Whether to count how many deliverables each gate removed.
    #[param(default = true)]
    pub counts: Option<bool>,
    /// Whether deliverables that still need applications rank higher.
    #[serde(default)]
    #[param(inline, required = false)]
    pub fairness: Fairness,
    /// Records that the deliverables name, separated by commas. They come as `included`, so that one request fills a page.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<Include>>)]
    pub include: Option<Several<Include>>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExplanationParameters {
    /// Code of one of the deliverable's roles. Without it, the role in which the ranking lists the worker.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "designer")]
    pub role: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImprovementParameters {
    /// Code of one of the deliverable's roles. Without it, the role in which the ranking lists the worker.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "designer")]
    pub role: Option<String>,
    /// The rank to reach. Without it, one rank higher than now, or passing every gate if one fails.
    #[param(minimum = 1, maximum = 200)]
    pub rank: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TargetParameters {
    /// The rank to reach. Without it, one rank higher than now, or passing every gate if one fails.
    #[param(minimum = 1, maximum = 200)]
    pub rank: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RelaxationParameters {
    /// Code of one of the deliverable's roles. Without it, a worker counts who passes in any of them.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "designer")]
    pub role: Option<String>,
}

/// A need that is not saved. The deliverable type fills in what you leave out. With `deliverable_id`, it has only what to
/// try instead of what is saved: a JSON Merge Patch, where null takes the default.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "consistent"))]
pub struct PreviewNeed {
    /// Code of a deliverable type. Required without `deliverable_id`.
    #[serde(default, rename = "type")]
    #[schema(example = "flyer")]
    pub type_: Option<Code>,
    /// Required without `deliverable_id`.
    #[serde(default)]
    pub area: Option<AreaCode>,
    /// The organization that asks. Its blocks and conflicts of interest apply, and its themes if the need has
    /// none. With `deliverable_id`, it can't be another.
    #[serde(default)]
    pub organization_id: Option<Id>,
    #[serde(default)]
    #[validate(length(max = 200))]
    #[schema(max_length = 200, example = "会員募集のチラシ")]
    pub title: Option<String>,
    /// The trouble in the organization's words.
    #[serde(default)]
    #[validate(length(max = 10_000))]
    #[schema(max_length = 10_000)]
    pub trouble: Option<String>,
    #[serde(default)]
    pub format: Option<Format>,
    #[serde(default)]
    #[validate(custom(function = "plausible_day"))]
    pub starts_on: Option<NaiveDate>,
    #[serde(default)]
    #[validate(custom(function = "plausible_day"))]
    pub ends_on: Option<NaiveDate>,
    #[serde(default)]
    #[validate(range(min = 1, max = 60))]
    #[schema(minimum = 1, maximum = 60)]
    pub hours_per_week: Option<u16>,
    #[serde(default)]
    #[validate(length(max = 21))]
    #[schema(max_items = 21)]
    pub day_parts: Vec<DayPart>,
    #[serde(default)]
    pub remote: bool,
    #[serde(default)]
    #[validate(length(min = 1, max = 10), nested, custom(function = "distinct_roles"))]
    #[schema(min_items = 1, max_items = 10)]
    pub roles: Option<Vec<RoleWish>>,
    #[serde(default)]
    #[validate(
        length(max = 10),
        custom(function = "distinct_codes"),
        custom(function = "short_words")
    )]
    #[schema(max_items = 10)]
    pub qualifications: Vec<String>,
    /// Codes of themes.
    #[serde(default)]
    #[validate(length(max = 20), custom(function = "distinct_codes"))]
    #[schema(max_items = 20)]
    pub themes: Vec<Code>,
}

fn consistent(need: &PreviewNeed) -> Result<(), ValidationError> {
    not_reversed(need.starts_on, need.ends_on, "ends_on")
}

impl PreviewNeed {
    /// Returns the need as a draft deliverable.
    pub fn request(self) -> Result<NewDeliverable> {
        let missing = |name: &str| {
            let rule = Text::new(format!("{name} は入力必須です。"), format!("{name} is required."));
            FieldError::at(format!("/need/{name}"), "missing_field", rule)
        };
        let (type_, area) = match (self.type_, self.area) {
            (Some(type_), Some(area)) => (type_, area),
            (type_, area) => {
                let type_ = type_.is_none().then(|| missing("type"));
                let area = area.is_none().then(|| missing("area"));
                return Err(Error::Invalid(type_.into_iter().chain(area).collect()));
            }
        };
        Ok(NewDeliverable {
            shared_with_partners: false,
            external_team: false,
            applications_per_place: None,
            cancellation_reason: None,
            organization_id: self.organization_id.unwrap_or(Id(uuid::Uuid::nil())),
            joint_organization_ids: Vec::new(),
            type_,
            additional_types: Vec::new(),
            title: self.title.unwrap_or_default(),
            trouble: self.trouble,
            format: self.format,
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            hours_per_week: self.hours_per_week,
            day_parts: self.day_parts,
            area: Some(area),
            remote: self.remote,
            roles: self.roles,
            qualifications: self.qualifications,
            themes: self.themes,
            status: DeliverableStatus::Draft,
            source: None,
            external_id: None,
        })
    }
}

/// The weight of each component, on any scale. Components that you leave out get 0; at least one has to be
/// above 0.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[validate(schema(function = "some_weight"))]
#[schema(example = json!({"skill": 0.5, "distance": 0.3, "theme": 0.2}))]
pub struct CustomWeights {
    #[validate(range(min = 0.0, max = 1e6))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub skill: f64,
    #[validate(range(min = 0.0, max = 1e6))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub experience: f64,
    #[validate(range(min = 0.0, max = 1e6))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub availability: f64,
    #[validate(range(min = 0.0, max = 1e6))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub distance: f64,
    #[validate(range(min = 0.0, max = 1e6))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub theme: f64,
    #[validate(range(min = 0.0, max = 1e6))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub format: f64,
    #[validate(range(min = 0.0, max = 1e6))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub reliability: f64,
    #[validate(range(min = 0.0, max = 1e6))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub responsiveness: f64,
    #[validate(range(min = 0.0, max = 1e6))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub text: f64,
}

impl CustomWeights {
    fn weights(&self) -> Result<Weights, matcher::InvalidWeights> {
        Weights::new([
            self.skill,
            self.experience,
            self.availability,
            self.distance,
            self.theme,
            self.format,
            self.reliability,
            self.responsiveness,
            self.text,
        ])
    }
}

const ALL_ZERO: (&str, &str) = (
    "重みは少なくとも1つを0より大きくしてください。",
    "Set at least one weight above 0.",
);

fn some_weight(own: &CustomWeights) -> Result<(), ValidationError> {
    let (ja, en) = ALL_ZERO;
    let refused = |_| broken("all_weights_zero", ja, en);
    own.weights().map(drop).map_err(refused)
}

/// A request about a need that is not saved, or about a deliverable with changes on trial.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"need": {"type": "flyer", "area": "131041", "title": "会員募集のチラシ",
    "trouble": "会員が減っていて、若い人に知ってもらいたい。", "day_parts": ["saturday_morning"]},
    "weights": {"skill": 0.5, "distance": 0.3, "theme": 0.2}, "limit": 5}))]
pub struct PreviewRequest {
    /// The deliverable to start from. Its organizations, its team and its applications count as they are. Null: `need` is
    /// everything.
    #[serde(default)]
    pub deliverable_id: Option<Id>,
    /// The need; with `deliverable_id`, only what to try instead.
    #[serde(default)]
    #[schema(value_type = PreviewNeed)]
    pub need: serde_json::Map<String, serde_json::Value>,
    /// Your own weights, instead of the default ones.
    #[serde(default)]
    #[validate(nested)]
    pub weights: Option<CustomWeights>,
    /// Code of one of the need's roles. Null: the roles take turns, as often as they have open places.
    #[serde(default)]
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub role: Option<String>,
    /// The number of items on a page of the ranking.
    #[serde(default)]
    #[validate(range(min = 1, max = 200))]
    #[schema(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the previous page of the ranking.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Whether to count how many workers each gate removed from the ranking.
    #[serde(default)]
    #[schema(default = true)]
    pub counts: Option<bool>,
    /// Whether workers of the ranking who fit nearly equally share the attention.
    #[serde(default)]
    pub fairness: Fairness,
}

impl PreviewRequest {
    /// Returns what the need states, checked.
    pub fn stated(&self) -> Result<PreviewNeed> {
        let known = serde_json::to_value(PreviewNeed::default()).unwrap_or_default();
        let mut stated = self.need.clone();
        stated.retain(|name, value| !value.is_null() || known.get(name).is_none());
        typed(&serde_json::Value::Object(stated)).map_err(below_need)
    }

    /// Returns the parameters of the ranking's page.
    pub fn page(&self) -> WorkerRankingParameters {
        WorkerRankingParameters {
            role: self.role.clone(),
            limit: self.limit,
            cursor: self.cursor.clone(),
            counts: self.counts,
            fairness: self.fairness,
            include: None,
        }
    }

    /// Returns the name of the ranking in its cursors: another one for every other question.
    pub fn name(&self) -> Result<String> {
        let asked = (self.deliverable_id, &self.need, &self.weights, &self.role);
        let asked = serde_json::to_vec(&asked).map_err(|e| Error::Internal(e.to_string()))?;
        Ok(format!("trial {}", hex::encode(Sha256::digest(asked))))
    }

    /// Returns the weights and their version.
    pub fn weights(&self, viewer: &Viewer, current: &WeightsVersion) -> Result<(Weights, String)> {
        CustomWeights::or_current(&self.weights, viewer, current)
    }
}

impl CustomWeights {
    /// Returns the weights of a request and their version: its own, or those in use. Callers who may not read everyone's
    /// evidence can't weigh its words.
    pub fn or_current(
        own: &Option<CustomWeights>,
        viewer: &Viewer,
        current: &WeightsVersion,
    ) -> Result<(Weights, String)> {
        match own {
            None => Ok(visibility::weights(viewer, current)),
            Some(own) if own.text > 0.0 && !visibility::reads_all_evidence(viewer) => {
                let rule = Text::new(
                    "text の重みを指定できるのは、全員の実績を閲覧できる人だけです。",
                    "Only callers who may read everyone's evidence can set the weight of text.",
                );
                Err(Error::invalid("/weights/text", "not_permitted", rule))
            }
            Some(own) => own
                .weights()
                .map(|weights| (weights, "custom".to_owned()))
                .map_err(|_| {
                    let rule = Text::new(ALL_ZERO.0, ALL_ZERO.1);
                    Error::invalid("/weights", "all_weights_zero", rule)
                }),
        }
    }
}

/// Points errors of a need to the member `need` of the request.
fn below_need(error: Error) -> Error {
    let below = |field: FieldError| match field.place {
        Place::Pointer(pointer) => FieldError {
            place: Place::Pointer(format!("/need{pointer}")),
            ..field
        },
        Place::Parameter(_) => field,
    };
    match error {
        Error::Invalid(fields) => Error::Invalid(fields.into_iter().map(below).collect()),
        other => other,
    }
}
