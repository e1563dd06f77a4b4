//! The codes in a ranking: gates, components, what is unconfirmed, changes and relaxations. Their schemas list every code.

use crate::catalogue::{DayPart, Format};
use crate::values::{Code, code_list};
use chrono::NaiveDate;
use matcher::gates::UNCONFIRMED;
use matcher::{COMPONENTS, GATES};
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The code of a gate that only saved deliverables have: nobody is ranked for a second place in a team.
pub const ON_TEAM: Gate = Gate("on_team");
/// The code of the gate of a deliverable or a role without places left: nobody is ranked there.
pub const ROLE_FILLED: Gate = Gate("role_filled");

macro_rules! codes_of_the_matcher {
    ($($(#[doc = $doc:literal])+ $name:ident: $all:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub &'static str);
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                code_list(concat!($($doc),+).trim(), $all)
            }
        }
        impl ToSchema for $name {}
    )+};
}

codes_of_the_matcher! {
    /// Why a worker is not ranked.
    Gate: GATES.iter().map(|gate| gate.code()).chain([ON_TEAM.0, ROLE_FILLED.0]);
    /// A component of the fit.
    Component: COMPONENTS.iter().map(|component| component.code());
    /// A gate that the worker passes because they have not answered.
    Unconfirmed: UNCONFIRMED.iter().map(|unconfirmed| unconfirmed.code());
}

/// A change of one input of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    SkillLevel,
    Deliveries,
    HoursPerWeek,
    DayPart,
    AcceptRemote,
    CompletedProjects,
    Activate,
    Consent,
    AcceptFormat,
    OfferRole,
    AvailableFrom,
    AvailableUntil,
    TravelLimitKm,
    Capacity,
    Qualification,
}

/// A requirement of a deliverable that could be relaxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RelaxedRequirement {
    AcceptRemote,
    ChangeFormat,
    AnyDates,
    AnyDayParts,
    DropQualification,
    LowerMustHaveLevel,
    DropMustHave,
}

/// What a change or a relaxation is about. Members that don't apply are left out.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ChangeDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Code, required = false)]
    pub skill: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Code, required = false)]
    pub role: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Format, required = false)]
    pub format: Option<Format>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = DayPart, required = false)]
    pub day_part: Option<DayPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub qualification: Option<String>,
    /// The new number: a level, hours a week, kilometres or deliverables at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, minimum = 0)]
    pub to: Option<u64>,
    /// How many more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, minimum = 1)]
    pub additional: Option<u64>,
    /// The new first or last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = NaiveDate, required = false)]
    pub day: Option<NaiveDate>,
}
