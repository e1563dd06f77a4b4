//! Formats, families and areas, which no administrator changes.

use super::areas::address::{Place, Reader};
use super::areas::{Area, Areas};
use super::names::Names;
use crate::values::Code;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
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

/// Everything in the catalogue that doesn't change at run time.
#[derive(Debug, Clone)]
pub struct Fixed {
    pub formats: Vec<FormatDefaults>,
    pub families: Vec<Family>,
    pub areas: Arc<Areas>,
    /// Which of the areas are served, by position.
    pub served: Vec<bool>,
}

impl Fixed {
    /// Lists the areas that are served.
    pub fn served_areas(&self) -> impl Iterator<Item = &Area> {
        let all = self.areas.all.iter().zip(&self.served);
        all.filter(|(_, served)| **served).map(|(area, _)| area)
    }

    /// Returns whether organizations, deliverables and users of this area are served.
    pub fn is_served(&self, code: &str) -> bool {
        let served = self
            .areas
            .position(code)
            .and_then(|i| self.served.get(usize::from(i)));
        served.copied().unwrap_or_default()
    }

    /// Returns the name that means this area here: 新宿区 where Tokyo is served, 広島県府中市 there, since 府中市 is another.
    pub fn name_here(&self, area: &Area) -> String {
        let here = self.areas.position(&area.code);
        let is_enough = |place: Place| matches!(place, Place::Found { area, .. } if Some(area) == here);
        if self.is_served(&area.code) && is_enough(self.read_place(&area.name)) {
            return area.name.clone();
        }
        self.areas.full_name(area)
    }

    /// Finds the municipality that a text names.
    pub fn read_place(&self, text: &str) -> Place {
        self.read_place_beside(text, &[])
    }

    /// Finds the municipality that a text names beside which other places are written, the closest first.
    pub fn read_place_beside(&self, text: &str, beside: &[&str]) -> Place {
        let (areas, served) = (&*self.areas, &self.served[..]);
        Reader { areas, served }.read_beside(text, beside)
    }

    pub fn format(&self, format: Format) -> Option<&FormatDefaults> {
        self.formats.iter().find(|defaults| defaults.code == format)
    }
}
