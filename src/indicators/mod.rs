//! Indicators: dated figures of areas from official statistics, such as how many people of 75 and over live there.
//!
//! A *source* is one file of official statistics with the credit that it demands. Its figures are replaced together, by
//! its next file. Each figure is of an area (a municipality, a ward of a designated city, or a prefecture), an indicator,
//! a year and a kind: what was counted, or what is projected.
//!
//! * `headings`: what the heading of a column says. `file`: reads a file. `actions`: replaces, lists, removes sources.
//!   `store`: SQL.
//!
//! Deliberately absent: figures with fractions and rates. They can be computed from counts; counts can't be computed from
//! them.
//!
//! Invariant: a file is written as a whole or not at all.

pub mod actions;
mod file;
mod headings;
pub mod http;
pub mod store;

pub use file::ReadOptions;

use crate::catalogue::Catalogue;
use crate::db::Instant;
use crate::error::{Error, Text};
use crate::http::query::Several;
use crate::values::{AreaCode, Code};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The most sources.
pub const MOST_SOURCES: i64 = 50;

/// What a figure counts.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = IndicatorCode)]
pub enum Indicator {
    /// All residents.
    Population,
    /// Residents of 65 and over.
    #[serde(rename = "population_65_plus")]
    #[strum(serialize = "population_65_plus")]
    Population65Plus,
    /// Residents of 75 and over.
    #[serde(rename = "population_75_plus")]
    #[strum(serialize = "population_75_plus")]
    Population75Plus,
    /// All households.
    Households,
    /// Households of one person.
    SingleHouseholds,
    /// Households of one person of 65 or over.
    #[serde(rename = "single_households_65_plus")]
    #[strum(serialize = "single_households_65_plus")]
    SingleHouseholds65Plus,
}

impl Indicator {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Whether a figure was counted or is projected.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FigureKind {
    Fact,
    Projection,
}

impl FigureKind {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// A figure of an area.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Figure {
    pub area: String,
    pub indicator: Indicator,
    pub year: i32,
    pub kind: FigureKind,
    pub value: i64,
    /// The day on which it was counted.
    pub dated_on: Option<NaiveDate>,
    /// What the file says of how it was made.
    pub basis: Option<String>,
}

/// Where figures come from.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"code": "juki2025", "title": "住民基本台帳に基づく人口（令和7年1月1日現在）",
    "credit": "総務省「住民基本台帳に基づく人口」を加工", "url": null, "published_on": null, "figures": 186,
    "rows_left_out": 0, "version": 1, "updated_at": "2026-12-08T09:00:00Z"}))]
pub struct IndicatorSource {
    pub code: Code,
    pub title: String,
    /// What to show wherever you show its figures.
    pub credit: String,
    pub url: Option<String>,
    pub published_on: Option<NaiveDate>,
    /// How many figures it has.
    #[schema(minimum = 0)]
    pub figures: i64,
    /// Rows of the file without figures of one area and all of its residents: totals of the country, parts, and notes.
    #[schema(minimum = 0)]
    pub rows_left_out: i64,
    pub version: i64,
    pub updated_at: Instant,
}

/// A source whose figures were replaced, and what its file had besides.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"code": "juki2025", "title": "住民基本台帳に基づく人口（令和7年1月1日現在）",
    "credit": "総務省「住民基本台帳に基づく人口」を加工", "url": null, "published_on": null, "figures": 186,
    "rows_left_out": 0, "version": 1, "updated_at": "2026-12-08T09:00:00Z", "columns_left_out": ["備考"]}))]
pub struct ReplacedSource {
    #[serde(flatten)]
    pub source: IndicatorSource,
    /// The headings of the columns that aren't read, because none of the known figures or fields is meant: up to 100 of them,
    /// each up to 100 characters.
    #[schema(max_items = 100)]
    pub columns_left_out: Vec<String>,
}

/// The source of a figure, as answers show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"code": "juki2025", "title": "住民基本台帳に基づく人口（令和7年1月1日現在）",
    "credit": "総務省「住民基本台帳に基づく人口」を加工", "url": null}))]
pub struct SourceLabel {
    pub code: Code,
    pub title: String,
    /// What to show wherever you show the figure.
    pub credit: String,
    pub url: Option<String>,
}

impl From<&IndicatorSource> for SourceLabel {
    fn from(source: &IndicatorSource) -> SourceLabel {
        SourceLabel {
            code: source.code.clone(),
            title: source.title.clone(),
            credit: source.credit.clone(),
            url: source.url.clone(),
        }
    }
}

/// A figure with its source.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = IndicatorFigure, example = json!({"area": "131041", "name": "新宿区", "indicator": "population_75_plus",
    "year": 2025, "dated_on": "2025-01-01", "kind": "fact", "value": 33_563, "basis": "住民基本台帳",
    "source": {"code": "juki2025", "title": "住民基本台帳に基づく人口（令和7年1月1日現在）",
        "credit": "総務省「住民基本台帳に基づく人口」を加工", "url": null}}))]
pub struct ListedFigure {
    /// A municipality, or a prefecture: then the code ends in 000 and its check digit.
    pub area: AreaCode,
    #[schema(example = "新宿区")]
    pub name: String,
    pub indicator: Indicator,
    #[schema(minimum = 1900, maximum = 2200)]
    pub year: i32,
    /// The day on which it was counted, where the source says it.
    pub dated_on: Option<NaiveDate>,
    pub kind: FigureKind,
    #[schema(minimum = 0)]
    pub value: i64,
    /// How the source says that it was made, in its words.
    pub basis: Option<String>,
    pub source: SourceLabel,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IndicatorFilter {
    /// 全国地方公共団体コード of a municipality or a prefecture, with or without its check digit.
    #[param(pattern = "^[0-9]{5,6}$", example = "131041")]
    pub area: Option<String>,
    /// One indicator, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<Indicator>>)]
    pub indicator: Option<Several<Indicator>>,
    #[param(minimum = 1900, maximum = 2200)]
    pub year: Option<i32>,
    /// One kind, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<FigureKind>>)]
    pub kind: Option<Several<FigureKind>>,
    /// Code of a source.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub source: Option<String>,
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// The number of items on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` from the previous page.
    pub cursor: Option<String>,
}

/// Returns the code of six digits and the name of a municipality of today or a prefecture.
pub fn place(catalogue: &Catalogue, code: &str) -> Option<(String, String)> {
    let fixed = &catalogue.fixed;
    if let Some(area) = catalogue.area(code) {
        return Some((area.code.to_string(), fixed.name_here(area)));
    }
    let mut prefectures = fixed.areas.prefectures.iter();
    let found = prefectures.find(|one| {
        let whole = prefecture_code(&one.code);
        code == whole || whole.get(..5) == Some(code)
    })?;
    Some((prefecture_code(&found.code), found.name.clone()))
}

/// Completes the two digits of a prefecture to its 全国地方公共団体コード.
pub fn prefecture_code(two: &str) -> String {
    let digit = |place: usize| two.as_bytes().get(place).map_or(0, |b| u32::from(b - b'0'));
    let sum = digit(0) * 6 + digit(1) * 5;
    format!("{two}000{}", (11 - sum % 11) % 10)
}

fn missing() -> Error {
    Error::not_found("この統計の出典", "indicator source")
}

fn too_many_sources() -> Error {
    Error::Conflict {
        code: "too_many_sources",
        detail: Text::new(
            format!(
                "統計の出典は{}件までです。不要なものを削除してください。",
                MOST_SOURCES
            ),
            format!(
                "There can be {} sources. Remove one that you don't need.",
                MOST_SOURCES
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefecture_has_a_code_of_six_digits() {
        let codes = ["01", "13", "27", "47"].map(prefecture_code);
        assert_eq!(codes, ["010006", "130001", "270008", "470007"]);
    }
}
