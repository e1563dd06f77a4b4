//! Formats, families and areas, which no administrator changes.

use super::names::Names;
use crate::values::{AreaCode, Code};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a deliverable is done.
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
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Format {
    /// One hour
    Session,
    /// One day (1日)
    OneDay,
    /// One month (1か月)
    OneMonth,
    /// Two to six months (2–6か月)
    MidLong,
    /// Three to six months (3–6か月)
    Long,
    /// One person rather than a team (GRANT)
    Individual,
    Other,
}

impl Format {
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Returns the formats as the matcher's bit set.
    pub fn set(formats: &[Format]) -> u8 {
        formats.iter().fold(0, |set, format| set | 1 << *format as u32)
    }
}

/// A format with its usual hours and weeks.
#[derive(Debug, Clone, Deserialize)]
pub struct FormatDefaults {
    pub code: Format,
    pub names: Names,
    pub hours_per_week: u16,
    pub weeks: u16,
}

/// A group of deliverable types.
#[derive(Debug, Clone, Deserialize)]
pub struct Family {
    pub code: Code,
    pub names: Names,
    /// Questions to ask about a trouble that may need this family.
    pub questions: Vec<Names>,
}

/// A municipality.
#[derive(Debug, Clone, Deserialize)]
pub struct Area {
    pub code: AreaCode,
    pub name: String,
    pub kana: String,
    pub kind: String,
    /// Of the town hall, in degrees (WGS 84).
    #[serde(rename = "lat")]
    pub latitude: f64,
    #[serde(rename = "lng")]
    pub longitude: f64,
    #[serde(deserialize_with = "zero_or_one")]
    pub island: bool,
}

fn zero_or_one<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    u8::deserialize(deserializer).map(|n| n != 0)
}

/// Everything in the catalogue that doesn't change at run time.
#[derive(Debug, Clone)]
pub struct Fixed {
    pub formats: Vec<FormatDefaults>,
    pub families: Vec<Family>,
    pub areas: Vec<Area>,
}

impl Fixed {
    /// Finds an area by its code of six digits, or of five without the check digit.
    pub fn area(&self, code: &str) -> Option<&Area> {
        let matches = |area: &&Area| area.code == code || (code.len() == 5 && area.code.starts_with(code));
        self.areas.iter().find(matches)
    }

    pub fn format(&self, format: Format) -> Option<&FormatDefaults> {
        self.formats.iter().find(|defaults| defaults.code == format)
    }
}

/// Returns the last digit of a 全国地方公共団体コード: weights 6, 5, 4, 3, 2 on the first five, 11 − sum mod 11, its last digit.
pub fn area_check_digit(first_five: &str) -> Option<u32> {
    let digits: Vec<u32> = first_five
        .chars()
        .map(|c| c.to_digit(10))
        .collect::<Option<_>>()?;
    let sum: u32 = digits
        .iter()
        .zip([6, 5, 4, 3, 2])
        .map(|(digit, weight)| digit * weight)
        .sum();
    (digits.len() == 5).then_some((11 - sum % 11) % 10)
}
