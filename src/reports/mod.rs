//! Yearly reports: everything of a fiscal year, or of several, as tables.
//!
//! * `tables`: sections, columns and cells. `sections`: what each section says. `years`: how years are written.
//!   `actions`: computes a report.
//! * `html`: a page that prints well. `xlsx`: a workbook with a sheet for each section. JSON is the report itself.
//!
//! A report is computed once, as one value, in one transaction. Each format only writes it down.
//!
//! A coordinator's report is of their areas: records there, events that the areas hold, and what is for all areas.
//! Publications declare figures of all areas, so these are left out of it.
//!
//! Deliberately absent: people. A report names organizations and municipalities, never workers, advisors or contacts; means of
//! reviews follow the rules of `statistics::outcomes`.
//!
//! Invariants: the number of statements doesn't grow with the records. A section has at most [`MOST_ROWS`] rows, and says
//! if there are more.

pub mod actions;
pub mod html;
pub mod http;
mod sections;
pub mod tables;
pub mod xlsx;
mod years;

pub use tables::{Cell, ColumnKind, ReportColumn, ReportSection, SectionCode};

use crate::db::Instant;
use crate::http::Language;
use crate::http::disclosure::impersonal;
use crate::values::AreaCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

impersonal!(Report);

/// The most rows of a section.
pub const MOST_ROWS: usize = 3_000;
/// The most fiscal years of a report.
pub const MOST_YEARS: i32 = 20;

/// The format of a report.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReportFormat {
    #[default]
    Json,
    /// One page that loads nothing, for reading and printing.
    Html,
    /// A sheet for each section.
    Xlsx,
}

impl ReportFormat {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Which report is asked for.
#[derive(Debug, Clone, Copy)]
pub struct ReportSpan {
    /// The first fiscal year.
    pub from: i32,
    /// The last one.
    pub to: i32,
    pub language: Language,
    pub include_demo: bool,
}

/// A yearly report.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Report {
    #[schema(example = "年次報告　2021（令和3）年度")]
    pub title: String,
    /// The first fiscal year.
    #[schema(example = 2021)]
    pub from: i32,
    /// The last one.
    #[schema(example = 2021)]
    pub to: i32,
    /// The language of the texts.
    pub language: Language,
    /// The areas that it is limited to. Null: all.
    pub areas: Option<Vec<AreaCode>>,
    /// The names of these areas.
    #[serde(skip)]
    pub area_names: Vec<String>,
    /// Whether the figures contain the records that the demonstration made up.
    pub include_demo: bool,
    pub created_at: Instant,
    pub sections: Vec<ReportSection>,
}
