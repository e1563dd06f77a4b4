//! What a round's answer says about slots and places, without anybody's name: it is stored as it was computed.

use crate::db::Id;
use crate::values::Code;
use crate::weights::ComponentWeights;
use matcher::round::{Claim, Loss, Proof, Weighing};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Outcome {
    pub weights_version: String,
    pub weights: Option<ComponentWeights>,
    pub slots: Vec<SlotFacts>,
    /// In the order of the places.
    pub places: Vec<PlaceFacts>,
    pub proofs: Vec<ProofFacts>,
    /// How complete teams were searched for, where people are too few.
    pub search: Option<RoundSearch>,
    pub totals: RoundTotals,
    /// What one deliverable after the other would give.
    pub one_after_another: RoundTotals,
    pub report: RoundReport,
    /// The same question, without weighing the past. `None` if it doesn't weigh.
    #[serde(default)]
    pub without_past: Option<RoundSpread>,
}

/// A role of a deliverable.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SlotFacts {
    pub deliverable: Id,
    pub role: Code,
    pub places: u16,
    pub empty: u32,
    pub why: Option<WhyEmpty>,
    pub best_fit_ppm: Option<u64>,
    pub price: Option<RoundLoss>,
    pub scarce: bool,
}

/// Why places stay empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyEmpty {
    /// Nobody passes the gates.
    NobodyPasses,
    /// Some pass, but none with the least fit.
    BelowMinimum,
    /// All who pass have a place elsewhere.
    Taken,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlaceFacts {
    pub pinned: bool,
    pub withdrawal: Option<RoundLoss>,
    /// Where the worker would fit better.
    pub alternative: Option<AlternativeFacts>,
    /// What the past leaves of the fit. `None` if it doesn't weigh.
    #[serde(default)]
    pub weighed_fit_ppm: Option<u64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AlternativeFacts {
    pub slot: usize,
    pub fit_ppm: u64,
    /// What moving them there costs. `None` where a rule forbids it.
    pub loss: Option<RoundLoss>,
    pub exact: bool,
}

/// What a round loses. Negative numbers are gains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoundLoss {
    /// Filled places.
    pub places: i64,
    /// The sum of fits.
    pub fit_ppm: i64,
}

impl From<Loss> for RoundLoss {
    fn from(loss: Loss) -> RoundLoss {
        RoundLoss {
            places: loss.places,
            fit_ppm: loss.fit_ppm,
        }
    }
}

/// What a price for each slot proves.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProofFacts {
    pub best: bool,
    pub filled: i64,
    pub by_fit: bool,
    pub floor_ppm: u64,
    pub prices: Vec<i64>,
}

impl ProofFacts {
    pub fn of(proof: &Proof) -> ProofFacts {
        let Weighing {
            filled,
            by_fit,
            floor_ppm,
        } = proof.weighing;
        ProofFacts {
            best: proof.claim == Claim::Best,
            filled,
            by_fit,
            floor_ppm,
            prices: proof.prices.clone(),
        }
    }

    pub fn proof(&self) -> Proof {
        Proof {
            claim: if self.best { Claim::Best } else { Claim::NotHigher },
            weighing: Weighing {
                filled: self.filled,
                by_fit: self.by_fit,
                floor_ppm: self.floor_ppm,
            },
            prices: self.prices.clone(),
        }
    }
}

/// How complete teams were searched for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct RoundSearch {
    /// How many teams were completed, without those that pins complete.
    #[schema(minimum = 0)]
    pub teams: usize,
    /// How many cases were looked at.
    #[schema(minimum = 0)]
    pub nodes: usize,
    /// At most so many more teams could be complete. 0 with `best` false: as many teams, but perhaps with a larger sum of fits.
    #[schema(minimum = 0)]
    pub gap_teams: i64,
    /// Whether the answer is proven to be the best.
    pub best: bool,
}

/// The sums of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoundTotals {
    #[schema(minimum = 0)]
    pub places: usize,
    #[schema(minimum = 0)]
    pub filled: usize,
    /// The sum of fits.
    #[schema(minimum = 0)]
    pub fit_ppm: u64,
    /// The lowest fit of a filled place. Null if none is filled.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub lowest_fit_ppm: Option<u64>,
}

/// What an answer gives, and to whom.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
pub struct RoundSpread {
    pub totals: RoundTotals,
    pub report: RoundReport,
}

/// How the places are spread.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
pub struct RoundReport {
    /// How many workers have a place.
    #[schema(minimum = 0)]
    pub workers: usize,
    /// How many of them have delivered nothing here before and dropped out of nothing.
    #[schema(minimum = 0)]
    pub newcomers: usize,
    /// The Gini coefficient of what the placed workers have delivered here and get in this round: 0 if all have as much.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub gini_ppm: u64,
    /// How many areas ask for somebody, and how many get somebody.
    #[schema(minimum = 0)]
    pub areas_asking: usize,
    #[schema(minimum = 0)]
    pub areas_served: usize,
}

/// Returns the Gini coefficient in parts per million: the mean difference of two, over twice the mean.
pub fn gini_ppm(mut counts: Vec<u64>) -> u64 {
    counts.sort_unstable();
    let (n, sum) = (
        counts.len() as i128,
        counts.iter().map(|count| i128::from(*count)).sum::<i128>(),
    );
    if sum == 0 {
        return 0;
    }
    let weighted: i128 = counts
        .iter()
        .zip(1_i128..)
        .map(|(count, i)| (2 * i - n - 1) * i128::from(*count))
        .sum();
    (weighted * 1_000_000 / (n * sum)) as u64
}

#[cfg(test)]
mod tests {
    use super::gini_ppm;

    #[test]
    fn gini_is_zero_for_equals_and_grows_with_the_difference() {
        assert_eq!(gini_ppm(vec![]), 0);
        assert_eq!(gini_ppm(vec![3, 3, 3]), 0);
        assert_eq!(gini_ppm(vec![1, 0, 0, 0]), 750_000);
        // (-2·1 + 0·2 + 2·3) / (3·6)
        assert_eq!(gini_ppm(vec![1, 2, 3]), 222_222);
    }
}
