//! Weights: how much each component counts in every ranking that doesn't send its own weights.
//!
//! Version 1 is the default of the matcher. Administrators replace it by versions 2, 3 and so on, each with a reason; all of
//! them stay listed. Every ranking names the version that it used. A new version is a change in the change log, so every
//! server ranks by it from its next ranking on.
//!
//! Deliberately absent: who may weigh what (`matches::visibility`), and proposals for other weights (`tuning`).

pub mod actions;
pub mod http;
pub mod store;

use crate::db::Instant;
use crate::values::{broken, not_blank};
use matcher::ppm::PPM;
use matcher::{COMPONENTS, Component, InvalidWeights, Weights};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// A weight for each component, in parts per million. They add up to 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentWeights {
    #[schema(minimum = 0, maximum = 1_000_000, example = 340_000)]
    pub skill: u64,
    #[schema(minimum = 0, maximum = 1_000_000, example = 120_000)]
    pub experience: u64,
    #[schema(minimum = 0, maximum = 1_000_000, example = 120_000)]
    pub availability: u64,
    #[schema(minimum = 0, maximum = 1_000_000, example = 100_000)]
    pub distance: u64,
    #[schema(minimum = 0, maximum = 1_000_000, example = 100_000)]
    pub theme: u64,
    #[schema(minimum = 0, maximum = 1_000_000, example = 70_000)]
    pub format: u64,
    #[schema(minimum = 0, maximum = 1_000_000, example = 80_000)]
    pub reliability: u64,
    #[schema(minimum = 0, maximum = 1_000_000, example = 40_000)]
    pub responsiveness: u64,
    #[schema(minimum = 0, maximum = 1_000_000, example = 30_000)]
    pub text: u64,
}

impl ComponentWeights {
    /// Takes the weights in the order of [`COMPONENTS`].
    pub fn of(ppm: [u64; COMPONENTS.len()]) -> ComponentWeights {
        let [
            skill,
            experience,
            availability,
            distance,
            theme,
            format,
            reliability,
            responsiveness,
            text,
        ] = ppm;
        ComponentWeights {
            skill,
            experience,
            availability,
            distance,
            theme,
            format,
            reliability,
            responsiveness,
            text,
        }
    }

    pub fn of_weights(weights: &Weights) -> ComponentWeights {
        ComponentWeights::of(COMPONENTS.map(|component| weights.ppm(component)))
    }

    pub fn ppm(&self, component: Component) -> u64 {
        match component {
            Component::Skill => self.skill,
            Component::Experience => self.experience,
            Component::Availability => self.availability,
            Component::Distance => self.distance,
            Component::Theme => self.theme,
            Component::Format => self.format,
            Component::Reliability => self.reliability,
            Component::Responsiveness => self.responsiveness,
            Component::Text => self.text,
        }
    }

    pub fn weights(&self) -> Result<Weights, InvalidWeights> {
        Weights::of_ppm(COMPONENTS.map(|component| self.ppm(component)))
    }
}

/// New weights, with the reason for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"weights": {"skill": 340_000, "experience": 120_000, "availability": 120_000, "distance": 80_000,
    "theme": 120_000, "format": 70_000, "reliability": 80_000, "responsiveness": 40_000, "text": 30_000},
    "reason": "昨年度は、テーマに関心のある人が多く選ばれました。"}))]
pub struct NewWeights {
    /// Every component's weight in parts per million. They add up to 1,000,000.
    #[validate(custom(function = "whole"))]
    pub weights: ComponentWeights,
    /// Why these weights, for those who look at the versions later.
    #[validate(length(min = 1, max = 1000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    pub reason: String,
}

fn whole(weights: &ComponentWeights) -> Result<(), ValidationError> {
    let wrong = |_| {
        broken(
            "wrong_sum",
            "重みの合計を 1000000 にしてください。",
            "The weights have to add up to 1,000,000.",
        )
    };
    if weights.weights().map_err(wrong)?.ppm(Component::Text) == PPM {
        // Most callers may not weigh text.
        let (ja, en) = (
            "text 以外の重みも0より大きくしてください。",
            "Give some weight to components besides text.",
        );
        return Err(broken("all_weights_zero", ja, en));
    }
    Ok(())
}

/// A version of the weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WeightsVersion {
    /// The name that rankings show: `default-1`, then `weights-2` and so on.
    #[schema(example = "weights-2")]
    pub version: String,
    /// The number in it. Also the ETag.
    #[schema(minimum = 1, example = 2)]
    pub number: i64,
    pub weights: ComponentWeights,
    /// Null for the default weights.
    #[schema(example = "昨年度は、テーマに関心のある人が多く選ばれました。")]
    pub reason: Option<String>,
    /// The role and id of who set it. Null for the default weights.
    #[schema(example = "admin:0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d")]
    pub changed_by: Option<String>,
    pub changed_at: Option<Instant>,
}

impl Default for WeightsVersion {
    fn default() -> WeightsVersion {
        WeightsVersion {
            version: "default-1".to_owned(),
            number: 1,
            weights: ComponentWeights::of_weights(&Weights::default()),
            reason: None,
            changed_by: None,
            changed_at: None,
        }
    }
}

impl WeightsVersion {
    /// Returns the next version.
    pub fn next(&self, new: NewWeights, actor: &str, now: Instant) -> WeightsVersion {
        let number = self.number + 1;
        WeightsVersion {
            version: name(number),
            number,
            weights: new.weights,
            reason: Some(new.reason),
            changed_by: Some(actor.to_owned()),
            changed_at: Some(now),
        }
    }

    /// Returns the weights for the matcher. Only weights that add up are stored.
    pub fn of_matcher(&self) -> Weights {
        self.weights.weights().unwrap_or_default()
    }
}

fn name(number: i64) -> String {
    format!("weights-{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_weights_are_the_matchers() {
        assert_eq!(WeightsVersion::default().of_matcher(), Weights::default());
    }

    #[test]
    fn weights_keep_every_unit_and_have_to_add_up() {
        let mut ppm = [111_111; COMPONENTS.len()];
        assert!(whole(&ComponentWeights::of(ppm)).is_err());
        ppm[3] += 1;
        let weights = ComponentWeights::of(ppm);
        assert_eq!(ComponentWeights::of_weights(&weights.weights().unwrap()), weights);
        ppm[0] = u64::MAX;
        assert!(whole(&ComponentWeights::of(ppm)).is_err());
        let mut text = [0; COMPONENTS.len()];
        text[Component::Text as usize] = PPM;
        assert!(whole(&ComponentWeights::of(text)).is_err());
    }
}
