//! Tuning: would other weights have ranked those higher who were chosen?
//!
//! * `rules`: the mathematics, without a database: the worth of a place, the gain of other weights with its interval, and
//!   how many rounds it takes to see an effect.
//! * `actions`: which lists were shown before somebody was chosen from them.
//!
//! `docs/ranking.md` has the formulas with their sources. Nothing here sets weights; an administrator does.
//!
//! Deliberately absent: SQL and HTTP. The report is a command, `musubi weights report`.

pub mod actions;
mod rules;

pub use rules::{ChosenList, ShownValues, report};

use crate::weights::{ComponentWeights, WeightsVersion};
use serde::Serialize;

/// From this number of requests on, an interval is trusted enough to propose something.
const LEAST_REQUESTS: usize = 20;

/// What was chosen from the shown lists, held against the weights.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TuningReport {
    /// The weights that are in use.
    pub weights: WeightsVersion,
    /// Lists from which somebody was chosen.
    pub lists: usize,
    /// Requests that they are about.
    pub requests: usize,
    /// The size of an unweighted sample that would be as precise.
    pub effective_lists: f64,
    pub position_bias: PositionBias,
    /// The mean rank by fit of the chosen under the weights in use, as seen without the bias of places. `None` without lists.
    pub mean_rank: Option<f64>,
    /// The same of those whose work was delivered.
    pub mean_rank_of_delivered: Option<f64>,
    pub delivered: usize,
    /// The share of all intervals that contain the truth.
    pub confidence: f64,
    /// Empty if nobody was chosen from any list.
    pub trials: Vec<Trial>,
    /// The trial with the largest gain of those whose interval is above zero. `None`: keep the weights.
    pub proposal: Option<ComponentWeights>,
    /// Why nothing can be proposed whatever the figures are.
    pub too_few: bool,
    pub power: Vec<Power>,
}

/// How much less a lower place is looked at: the worth of rank k is (1 / log2(1 + k)) to the power of `eta`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PositionBias {
    pub eta: f64,
    /// Choices between two neighbours whose places a draw decided. Without them, `eta` is the prior, 1.
    pub pairs: usize,
}

/// Other weights on trial: one component's weight times a factor, the others in proportion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Trial {
    pub component: &'static str,
    pub factor: f64,
    pub weights: ComponentWeights,
    /// How many ranks higher the chosen would have stood.
    pub gain: f64,
    /// The interval of the gain.
    pub low: f64,
    pub high: f64,
    /// The gain for those whose work was delivered.
    pub gain_of_delivered: Option<f64>,
}

/// How long it takes until an effect can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Power {
    /// How many ranks higher the chosen would stand.
    pub gain: f64,
    /// Requests from whose lists somebody has to be chosen.
    pub requests: u64,
    /// Rounds of fifteen such requests.
    pub rounds: u64,
}

impl std::fmt::Display for TuningReport {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        let TuningReport {
            weights,
            lists,
            requests,
            effective_lists,
            position_bias: PositionBias { eta, pairs },
            confidence,
            ..
        } = self;
        writeln!(out, "Weights in use: {}", weights.version)?;
        writeln!(
            out,
            "Somebody was chosen from {} of {} (worth {effective_lists:.1} without the bias of places).",
            number_of(*lists as u64, "shown list"),
            number_of(*requests as u64, "request")
        )?;
        let source = match pairs {
            0 => "the prior: no choice between swapped neighbours was logged yet".to_owned(),
            pairs => format!(
                "from {} between neighbours whose places were drawn",
                number_of(*pairs as u64, "choice")
            ),
        };
        writeln!(out, "Worth of rank k: (1 / log2(1 + k))^{eta:.2} ({source}).")?;
        if let Some(rank) = self.mean_rank {
            writeln!(out, "Mean rank of the chosen: {rank:.2}.")?;
        }
        if let Some(rank) = self.mean_rank_of_delivered {
            let delivered = self.delivered;
            writeln!(
                out,
                "Mean rank of the {delivered} whose work was delivered: {rank:.2}."
            )?;
        }
        if !self.trials.is_empty() && self.too_few {
            writeln!(out, "\nRanks that the chosen would have stood higher:")?;
        } else if !self.trials.is_empty() {
            writeln!(
                out,
                "\nRanks that the chosen would have stood higher, with the interval that contains the truth for all lines together in {:.0} of 100 cases:",
                confidence * 100.0
            )?;
        }
        for trial in &self.trials {
            let Trial {
                component,
                factor,
                gain,
                low,
                high,
                ..
            } = trial;
            write!(out, "  {component:<15} × {factor:.1}   {gain:+.2}")?;
            // An interval of a few requests claims what nobody knows.
            if !self.too_few {
                let mark = if *low > 0.0 { "  above zero" } else { "" };
                write!(out, "  [{low:+.2}, {high:+.2}]{mark}")?;
            }
            writeln!(out)?;
        }
        match &self.proposal {
            Some(weights) => {
                let json = serde_json::to_string(weights).unwrap_or_default();
                writeln!(
                    out,
                    "\nProposal, for PUT /v1/weights; nothing was changed:\n{json}"
                )?;
            }
            None if self.too_few => writeln!(
                out,
                "\nNo proposal: too few requests to trust an interval (at least {}).",
                LEAST_REQUESTS
            )?,
            None => writeln!(out, "\nNo proposal: no interval is above zero. Keep the weights.")?,
        }
        writeln!(
            out,
            "\nHow long until an effect can be seen in 80 of 100 cases, if somebody is chosen from a list for each of 15 requests a round:"
        )?;
        for Power {
            gain,
            requests,
            rounds,
        } in &self.power
        {
            writeln!(
                out,
                "  {gain:.1} ranks higher: {}, {}",
                number_of(*requests, "request"),
                number_of(*rounds, "round")
            )?;
        }
        Ok(())
    }
}

/// Returns a number with what it counts, in the plural if there isn't exactly one.
fn number_of(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
