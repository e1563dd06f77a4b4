//! Matches: rankings of workers for a deliverable and of deliverables for a worker, each explained.
//!
//! * `snapshot`: what can be ranked, at one moment; `index`: the newest. `askers`: who asks. `encode`: from what is kept to
//!   what the matcher works with.
//! * `ranking`: a page of a ranking, in a fair order. `page`: its cursor. `view`: the shapes of the answers.
//! * `explain`: from the matcher's numbers to words; `words`: for what failed and what would help. `advice`: what would
//!   change a ranking. `server`: what a handler makes its rankings with.
//!
//! Deliberately absent: SQL (the other slices' stores are read), and any state but what follows from `changes`.

pub mod advice;
pub mod askers;
pub mod encode;
pub mod explain;
pub mod http;
pub mod index;
pub mod page;
pub mod ranking;
mod server;
pub mod snapshot;
pub mod tasks;
pub mod view;
mod words;

pub use index::MatchIndex;

use crate::catalogue::{DayPart, Format, RoleWish, entries::distinct_roles};
use crate::db::Id;
use crate::deliverables::{DeliverableStatus, NewDeliverable};
use crate::error::{Error, Result, Text};
use crate::organizations::distinct_codes;
use crate::workers::{dates_reversed, plausible_day, short_words};
use chrono::NaiveDate;
use matcher::Weights;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// The version of the weights that apply where a request brings none.
pub const DEFAULT_WEIGHTS_VERSION: &str = "default-1";

/// Whether a fair order is put on top of the fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fairness {
    #[default]
    On,
    Off,
}

/// A need that is not saved. What it leaves out comes from its type.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "consistent"))]
pub struct PreviewNeed {
    /// Code of a deliverable type of the catalogue.
    #[serde(rename = "type")]
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "flyer")]
    pub type_: String,
    /// Where: 全国地方公共団体コード, of six or five digits.
    #[schema(pattern = "^[0-9]{5,6}$", example = "131041")]
    pub area: String,
    /// Who asks: conflicts of interest count, and its themes where the need names none.
    #[serde(default)]
    pub organization_id: Option<Id>,
    #[serde(default)]
    #[validate(length(max = 200))]
    #[schema(max_length = 200, example = "会員募集のチラシ")]
    pub title: Option<String>,
    /// The trouble in words.
    #[serde(default)]
    #[validate(length(max = 4000))]
    #[schema(max_length = 4000)]
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
    /// Codes of the catalogue's themes.
    #[serde(default)]
    #[validate(length(max = 20), custom(function = "distinct_codes"))]
    #[schema(max_items = 20)]
    pub themes: Vec<String>,
}

fn consistent(need: &PreviewNeed) -> Result<(), ValidationError> {
    match need.starts_on.zip(need.ends_on) {
        Some((starts, ends)) if starts > ends => Err(dates_reversed()),
        _ => Ok(()),
    }
}

impl PreviewNeed {
    /// As a request that nobody has made.
    pub fn request(self) -> NewDeliverable {
        NewDeliverable {
            diffused: false,
            organization_id: self.organization_id.unwrap_or(Id(uuid::Uuid::nil())),
            joint_organization_ids: Vec::new(),
            type_: self.type_,
            additional_types: Vec::new(),
            title: self.title.unwrap_or_default(),
            trouble: self.trouble,
            format: self.format,
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            hours_per_week: self.hours_per_week,
            day_parts: self.day_parts,
            area: Some(self.area),
            remote: self.remote,
            roles: self.roles,
            qualifications: self.qualifications,
            themes: self.themes,
            status: DeliverableStatus::Draft,
            source: None,
            external_id: None,
        }
    }
}

/// How much each component counts, on any scale: what is left out counts nothing. Not all may be 0.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[validate(schema(function = "some_weight"))]
#[schema(example = json!({"skill": 0.5, "distance": 0.3, "theme": 0.2}))]
pub struct OwnWeights {
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

impl OwnWeights {
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

fn some_weight(own: &OwnWeights) -> Result<(), ValidationError> {
    let refused = |_| {
        crate::http::body::broken(
            "no_weight",
            "重みの少なくとも1つは0より大きくしてください。",
            "Some weight has to be above 0.",
        )
    };
    own.weights().map(drop).map_err(refused)
}

/// A ranking for a need that is not saved.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"need": {"type": "flyer", "area": "131041", "title": "会員募集のチラシ",
    "trouble": "会員が減っていて、若い人に知ってもらいたい。", "day_parts": ["saturday_morning"]},
    "weights": {"skill": 0.5, "distance": 0.3, "theme": 0.2}, "limit": 5}))]
pub struct Preview {
    #[validate(nested)]
    pub need: PreviewNeed,
    /// Instead of the default ones.
    #[serde(default)]
    #[validate(nested)]
    pub weights: Option<OwnWeights>,
    /// Code of one of the need's roles; null ranks each worker in the role where they fit best.
    #[serde(default)]
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub role: Option<String>,
    /// Items of the answer.
    #[serde(default)]
    #[validate(range(min = 1, max = 200))]
    #[schema(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// Whether to count how many each gate removed.
    #[serde(default)]
    #[schema(default = true)]
    pub counts: Option<bool>,
    /// Whether attention is shared fairly among the nearly equal.
    #[serde(default)]
    pub fairness: Fairness,
}

impl Preview {
    /// The weights, and the version that names them.
    pub fn weights(&self) -> Result<(Weights, &'static str)> {
        match &self.weights {
            None => Ok((Weights::default(), DEFAULT_WEIGHTS_VERSION)),
            Some(own) => own.weights().map(|weights| (weights, "custom")).map_err(|_| {
                let rule = Text::new(
                    "重みの少なくとも1つは0より大きくしてください。",
                    "Some weight has to be above 0.",
                );
                Error::invalid("/weights", "no_weight", rule)
            }),
        }
    }
}
