//! Programmes: a fiscal year's scheme, such as that year's pro bono projects or trainings, with the calendar that holds it
//! together.
//!
//! * `rules`: what a calendar must obey. `actions`: the use cases. `store`: SQL. `http`: the operations.
//!
//! The steps of a calendar may be in any order: one that is reversed is noted, and not refused.
//!
//! Everybody who has a token reads programmes: they are no secret. Those of the areas change them; the secretariat changes
//! all, and only it those of all areas. The steps of a calendar are tasks for those who may change it, and events in
//! calendars.
//!
//! Deliverables and accompaniments belong to a programme by a row of their own. The project of a deliverable has its id, so
//! it belongs to the same programme.
//!
//! Deliberately absent: deleting a programme, which others refer to. One that was made by mistake can become another.

pub mod actions;
pub mod http;
pub mod rules;
pub mod store;

use crate::db::{Id, Instant};
use crate::http::disclosure::impersonal;
use crate::http::query::Several;
use crate::values::{AreaCode, coded_enum, distinct_codes, not_blank, plausible_day};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

impersonal!(Programme, ProgrammeRecord);

/// How many steps a calendar has at most.
pub const MOST_STEPS: usize = 50;
/// How many days before its day a step becomes a task.
pub const STEP_DAYS: u64 = 14;

coded_enum! {
    /// What a programme is about.
    ProgrammeKind {
        /// Teams of pro bono workers.
        ProBono,
        /// Accompaniment of municipalities and social welfare councils (伴走支援).
        Accompaniment,
        /// Trainings, lectures and seminars.
        Training,
        /// A conference.
        Conference,
        /// Lectures and publications for everybody.
        Promotion,
        Other,
    }
}

coded_enum! {
    /// A step in the calendar of a programme.
    StepKind {
        ApplicationsOpen,
        ApplicationsClose,
        Screening,
        Hearing,
        Result,
        /// Teams are formed.
        Teams,
        KickOff,
        Delivery,
        Conference,
        Other,
    }
}

coded_enum! {
    /// What belongs to a programme.
    ProgrammeRecordKind {
        /// A deliverable, with its project.
        Deliverable,
        /// An accompaniment.
        Project,
    }
}

/// A step in the calendar of a programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "hearing", "on": "2026-07-06", "until": "2026-07-10", "title": "団体への訪問ヒアリング", "done": false}))]
pub struct ProgrammeStep {
    pub kind: StepKind,
    /// The day, within the fiscal year.
    #[validate(custom(function = "plausible_day"))]
    pub on: NaiveDate,
    /// The last day, if there are several.
    #[serde(default)]
    #[validate(custom(function = "plausible_day"))]
    pub until: Option<NaiveDate>,
    /// What is done. Null: the words of its kind.
    #[serde(default)]
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: Option<String>,
    /// Whether it is done. Then it is no task any more.
    #[serde(default)]
    pub done: bool,
}

/// The fields of a programme that clients write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "地域づくり応援プロボノ", "kind": "pro_bono", "fiscal_year": 2026,
    "goal": "都内の団体20件に、情報発信と運営の成果物を届ける。", "areas": ["131041", "131130"],
    "calendar": [{"kind": "applications_open", "on": "2026-05-11", "until": null, "title": null, "done": true},
        {"kind": "applications_close", "on": "2026-06-19", "until": null, "title": null, "done": false}]}))]
pub struct NewProgramme {
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    pub kind: ProgrammeKind,
    /// April to March, named by the year in which it begins. What belongs to the programme is of the same year.
    #[validate(range(min = 1900, max = 2200))]
    #[schema(minimum = 1900, maximum = 2200)]
    pub fiscal_year: i32,
    #[serde(default)]
    #[validate(length(min = 1, max = 5000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 5000)]
    pub goal: Option<String>,
    /// The areas that it is for. Empty: all areas. Only the secretariat writes such a programme.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = "distinct_codes"))]
    #[schema(max_items = 100)]
    pub areas: Vec<AreaCode>,
    #[serde(default)]
    #[validate(length(max = 50), nested)]
    #[schema(max_items = 50)]
    pub calendar: Vec<ProgrammeStep>,
}

/// Something to look at. Nothing is refused because of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"code": "steps_reversed", "pointer": "/calendar/1/on", "message": "書類審査が募集締切より前の日です。"}))]
pub struct ProgrammeNotice {
    pub code: ProgrammeNoticeCode,
    /// Where in the programme.
    pub pointer: String,
    /// In the language of `Accept-Language`.
    pub message: String,
}

coded_enum! {
    /// What a programme is noted for.
    ProgrammeNoticeCode {
        /// A step is before one that comes first, such as the screening before the end of applications.
        StepsReversed,
    }
}

/// A programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Programme {
    pub id: Id,
    #[serde(flatten)]
    pub plan: NewProgramme,
    /// What to look at.
    pub notices: Vec<ProgrammeNotice>,
    /// Grows with each change. Also the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// Adds a deliverable or an accompaniment to a programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "deliverable", "record_id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d"}))]
pub struct NewProgrammeRecord {
    pub kind: ProgrammeRecordKind,
    pub record_id: Id,
}

/// A deliverable or an accompaniment that belongs to a programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"kind": "deliverable", "record_id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d",
    "title": "会員募集のチラシ", "fiscal_year": 2026, "added_at": "2026-06-22T02:00:00Z", "href": "/v1/deliverables/0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d"}))]
pub struct ProgrammeRecord {
    pub kind: ProgrammeRecordKind,
    pub record_id: Id,
    pub title: String,
    /// The fiscal year of the record. It is the programme's, unless an import has given the record other dates since.
    pub fiscal_year: i32,
    pub added_at: Instant,
    /// Where to read the record.
    pub href: String,
}

/// A step, as worklists and calendars need it.
#[derive(Debug, Clone)]
pub struct DatedStep {
    pub id: Id,
    pub programme_id: Id,
    pub kind: StepKind,
    pub day: NaiveDate,
    /// The same as the first, unless the step takes several days.
    pub last_day: NaiveDate,
    /// The title of the step, if it has one, and that of the programme.
    pub title: Option<String>,
    pub programme: String,
    pub since: Instant,
    /// The version of the programme, and when it changed last.
    pub version: i64,
    pub changed_at: Instant,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProgrammeFilter {
    /// April to March, named by the year in which it begins.
    #[param(minimum = 1900, maximum = 2200, example = 2026)]
    pub fiscal_year: Option<i32>,
    /// One kind, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<ProgrammeKind>>)]
    pub kind: Option<Several<ProgrammeKind>>,
    /// Programmes for this area; not those for all areas.
    #[param(example = "131041")]
    pub area: Option<AreaCode>,
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// The number of items on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` from the previous page.
    pub cursor: Option<String>,
}
