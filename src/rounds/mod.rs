//! Rounds: people for many deliverables at once, so that the whole is best, with a proof; and the best team for one.
//!
//! * `team`: the best people for all open places of one deliverable.
//! * `plan`: from the question for a round to the answer that is stored: who has which place, and what can be said about it
//!   without names. `facts`: the shape of that. `view`, `wording`: the answer as it is shown. `easings`: single requirements
//!   that would fill more places. `instance`: a round in full, for an audit elsewhere.
//! * `publish`: from places to invitations. `faults`: what is wrong with a question, in words.
//!
//! A draft is computed within the request that asks for it: 10,000 places take a few seconds at most. See
//! `docs/decisions/0017-rounds-within-a-request.md`.
//!
//! Deliberately absent: the search itself, which is `matcher::round`, and lists of candidates to choose from (`matches`).

pub mod actions;
pub mod easings;
pub mod facts;
pub mod faults;
pub mod http;
pub mod instance;
pub mod plan;
pub mod publish;
pub mod store;
pub mod tasks;
pub mod team;
pub mod view;
mod wording;

use crate::catalogue::Format;
use crate::db::{Id, Instant};
use crate::matches::CustomWeights;
use crate::values::{AreaCode, Code};
use facts::Outcome;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// How many drafts a caller may have.
pub const MOST_DRAFTS: i64 = 50;

/// How many places can be published at once.
pub const MOST_PUBLISHED: usize = 1_000;

/// A question for the best team of a deliverable.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"shared_day_parts": 1}))]
pub struct NewTeam {
    /// How many day-parts all members have to share, of those that the deliverable needs. If it names none, any counts.
    #[validate(range(max = 21))]
    #[schema(maximum = 21, default = 0)]
    pub shared_day_parts: u32,
    /// How many members may come from one employer. Null: any number. Only for those who may see workers of their areas or
    /// all workers.
    #[validate(range(min = 1, max = 200))]
    #[schema(minimum = 1, maximum = 200)]
    pub most_of_employer: Option<u32>,
    /// Nobody gets a place with a fit below this.
    #[validate(range(max = 1_000_000))]
    #[schema(maximum = 1_000_000, default = 0)]
    pub min_fit_ppm: u64,
    /// Who has to have a place, and which.
    #[validate(length(max = 200))]
    #[schema(max_items = 200)]
    pub pins: Vec<TeamPin>,
    /// Who must not be in the team.
    #[validate(length(max = 1000))]
    #[schema(max_items = 1000)]
    pub banned_worker_ids: Vec<Id>,
    /// Your own weights, instead of those in use.
    #[validate(nested)]
    pub weights: Option<CustomWeights>,
}

/// A worker who has to have a place in a team.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamPin {
    pub worker_id: Id,
    /// Code of one of the roles with an open place.
    pub role: Code,
}

/// What "best" means for a round.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RoundObjective {
    /// As many places filled as possible; of these answers the one with the largest sum of fits.
    #[default]
    FillThenFit,
    /// The largest sum of fits.
    Fit,
    /// As many places filled as possible; then the lowest fit as high as possible; then the largest sum of fits.
    WorstFirst,
    /// No worker and no place would both rather have each other.
    Stable,
    /// As many complete teams as possible, nobody elsewhere; then the largest sum of fits.
    CompleteTeams,
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RoundStatus {
    /// Only a proposal. Nobody knows of it.
    Draft,
    /// The workers have been invited.
    Published,
}

/// Which open deliverables a round is for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RoundFilter {
    /// The area where the work is done; a designated city with its wards.
    pub area: Option<AreaCode>,
    /// Code of a deliverable type.
    #[serde(rename = "type")]
    #[schema(example = "flyer")]
    pub type_: Option<Code>,
    /// Code of a family.
    #[schema(example = "print")]
    pub family: Option<Code>,
    pub format: Option<Format>,
}

/// A question for a round.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"title": "2026年度冬", "filter": {"area": "131041"}, "objective": "fill_then_fit"}))]
pub struct NewRound {
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    pub title: Option<String>,
    /// The deliverables, all open. Give either these or a filter.
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_items = 1, max_items = 2000)]
    pub deliverable_ids: Option<Vec<Id>>,
    /// Takes every open deliverable within your reach that matches.
    pub filter: Option<RoundFilter>,
    #[schema(default = "fill_then_fit")]
    pub objective: RoundObjective,
    /// Nobody gets a place with a fit below this.
    #[validate(range(max = 1_000_000))]
    #[schema(maximum = 1_000_000, default = 0)]
    pub min_fit_ppm: u64,
    /// How many places of the round one worker may have, where their capacity allows more. Null: as their capacity allows.
    #[validate(range(min = 1, max = 100))]
    #[schema(minimum = 1, maximum = 100)]
    pub most_each: Option<u32>,
    /// Whether to refuse the round if a place would stay empty.
    #[schema(default = false)]
    pub fill_all: bool,
    /// Who has to have a place, and which.
    #[validate(length(max = 2000))]
    #[schema(max_items = 2000)]
    pub pins: Vec<RoundPin>,
    /// Who must not have a place.
    #[validate(length(max = 2000))]
    #[schema(max_items = 2000)]
    pub bans: Vec<RoundBan>,
    /// Your own weights, instead of those in use.
    #[validate(nested)]
    pub weights: Option<CustomWeights>,
    /// How much earlier places weigh: this part of placed ÷ (placed + passed over + 1) comes off the fits of each worker. 0:
    /// not at all. `min_fit_ppm` is about fits before that.
    #[validate(range(max = 500_000))]
    #[schema(maximum = 500_000, default = 0)]
    pub past_placement_ppm: u64,
}

/// A worker who has to have a place.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoundPin {
    pub worker_id: Id,
    pub deliverable_id: Id,
    /// Code of a role with an open place.
    pub role: Code,
}

/// A worker who must not have a place.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoundBan {
    pub worker_id: Id,
    /// Null: in the whole round.
    #[serde(default)]
    pub deliverable_id: Option<Id>,
}

/// A round without its places.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RoundSummary {
    pub id: Id,
    pub title: Option<String>,
    pub status: RoundStatus,
    pub objective: RoundObjective,
    #[schema(minimum = 0)]
    pub places: usize,
    /// How many places have somebody.
    #[schema(minimum = 0)]
    pub filled: usize,
    /// The sum of fits.
    #[schema(minimum = 0)]
    pub fit_ppm: u64,
    /// The number of the latest change that the answer includes.
    #[schema(minimum = 0, example = 1284)]
    pub at_change: i64,
    /// Role and id of who made it.
    #[schema(example = "coordinator:0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d")]
    pub created_by: String,
    /// Counts the changes. Also the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub published_at: Option<Instant>,
}

/// A stored round.
#[derive(Debug, Clone)]
pub struct Round {
    pub summary: RoundSummary,
    pub request: NewRound,
    /// In the order of the request.
    pub deliverables: Vec<Id>,
    pub outcome: Outcome,
    pub places: Vec<Place>,
}

/// A filled place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The position among the slots of the outcome.
    pub slot: usize,
    /// `None` after the worker is erased.
    pub worker: Option<Id>,
    pub fit_ppm: u64,
    /// Who would come instead.
    pub replacement: Option<Id>,
    /// The invitation, or the application that was there before.
    pub application: Option<Id>,
}

/// Writes parts per million with two decimals, rounded half up: 0.83.
pub fn decimal(ppm: i64) -> String {
    let hundredths = (ppm.unsigned_abs() + 5_000) / 10_000;
    let sign = if ppm < 0 && hundredths > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn parts_per_million_have_two_decimals() {
        let written = [0, 4_999, 5_000, 829_999, -30_000, -4_000, 3_456_789].map(decimal);
        assert_eq!(written, ["0.00", "0.00", "0.01", "0.83", "-0.03", "0.00", "3.46"]);
    }
}
