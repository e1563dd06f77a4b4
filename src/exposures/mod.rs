//! Exposures: which rankings were shown to whom, and how much attention each worker and deliverable received.
//!
//! * `recorder`: collects the lists that rankings show, and writes them in batches. A crash loses the last
//!   second's lists. The same list, shown again to the same viewer on the same day, counts once.
//! * `actions`: measures how attention was shared.
//!
//! A ranking uses the history of the weeks before the current one, so that its order stays the same through a
//! week, on every server, however often it is shown. A list belongs to the week in which it is written; past
//! weeks never change.
//!
//! Every list is logged, up to 500 of a viewer and day; of all lists, the newest 2 GiB are kept. Attention counts only where somebody could choose: not in lists of administrators and auditors,
//! and not without the fair order. An item counts once a day for each viewer and subject, so that a script that asks
//! every minute gives no more attention than a person.
//!
//! Deliberately absent: entries in the change log. Exposures are a log themselves, and change no record.

pub mod actions;
pub mod http;
mod recorder;
pub mod store;
pub mod tasks;

use crate::auth::{Reach, Viewer};
use crate::catalogue::calendar::day_number;
use crate::db::{Id, Instant};
use crate::values::Code;
use chrono::{Datelike, NaiveDate};
use matcher::fairness::{Exposure, FairOrder, attention_ppm, deserved_ppm};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

pub use recorder::{History, Recorder};

/// How many days lists and weekly sums are kept.
const DAYS_KEPT: i32 = 400;
/// How many lists are kept of one viewer and day. Further ones are neither logged nor counted.
const MAX_OF_A_DAY: i64 = 500;
/// The size in bytes of all lists that are kept. The oldest go first.
const MAX_STORED: i64 = 2 * 1024 * 1024 * 1024;

/// Returns the number of weeks since 1970, counted from Mondays.
pub fn week_number(day: NaiveDate) -> i32 {
    (day_number(day) + 3).div_euclid(7)
}

/// Returns the ISO 8601 name of a week: `2026-W48`.
pub fn week_name(week: i32) -> String {
    let monday = NaiveDate::default() + chrono::Days::new((i64::from(week) * 7 - 3).max(0) as u64);
    let week = monday.iso_week();
    format!("{}-W{:02}", week.year(), week.week())
}

/// What a list ranks.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ListKind {
    /// Workers, ranked for a deliverable.
    Workers,
    /// Deliverables, ranked for a worker.
    Deliverables,
}

impl ListKind {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// A draw about the places of two neighbours who fit nearly equally.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RankSwap {
    /// The rank of the other one.
    #[schema(minimum = 1, example = 4)]
    pub with_rank: u64,
    /// Whether they changed places.
    pub swapped: bool,
    /// The probability with which they did.
    #[schema(minimum = 0, maximum = 1_000_000, example = 500_000)]
    pub propensity_ppm: u64,
}

/// One item of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ShownItem {
    /// The worker or the deliverable.
    pub id: Id,
    #[schema(minimum = 1, example = 1)]
    pub rank: u64,
    /// The rank by fit alone.
    #[schema(minimum = 1, example = 2)]
    pub fit_rank: u64,
    #[schema(minimum = 0, maximum = 1_000_000, example = 861_204)]
    pub fit_ppm: u64,
    /// The fit after fairness has adjusted it.
    #[schema(minimum = 0, maximum = 1_000_000, example = 861_204)]
    pub adjusted_ppm: u64,
    /// Null where no draw decided about the rank.
    #[serde(default)]
    pub swap: Option<RankSwap>,
    /// The role that the item was listed for. Null in older lists. The same holds for `values_ppm`.
    #[serde(default)]
    #[schema(example = "designer", value_type = Option<Code>)]
    pub role: Option<String>,
    /// The value of each component: skill, experience, availability, distance, theme, format, reliability, responsiveness
    /// and text, which is 0 where it had no weight.
    #[serde(default)]
    #[schema(example = json!([912_000, 632_121, 1_000_000, 1_000_000, 500_000, 500_000, 800_000, 794_000, 0]))]
    pub values_ppm: Option<Vec<u32>>,
}

/// The content of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ListContent {
    /// The role that the list is for. Null: the whole team.
    #[schema(example = "designer", value_type = Option<Code>)]
    pub role: Option<String>,
    #[schema(example = "default-1")]
    pub weights_version: String,
    /// The position in the change log at which the ranking was computed.
    #[schema(minimum = 0, example = 1284)]
    pub at_change: i64,
    pub items: Vec<ShownItem>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShownListFilter {
    /// Only lists ranked for this deliverable or worker.
    pub subject_id: Option<Id>,
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the previous page.
    pub cursor: Option<String>,
}

/// A ranking that was shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShownList {
    pub id: Id,
    pub shown_at: Instant,
    /// The role and id of the caller who saw it.
    #[schema(example = "coordinator:shinjuku")]
    pub viewer: String,
    pub kind: ListKind,
    /// The deliverable or the worker that it was ranked for.
    pub subject_id: Id,
    /// How strongly fairness adjusted the order. Null: fairness was off.
    #[schema(minimum = 0, maximum = 1_000_000, example = 1_000_000)]
    pub strength_ppm: Option<u64>,
    /// nDCG@50 compared with the order by fit alone.
    #[schema(minimum = 0, maximum = 1_000_000, example = 998_310)]
    pub ndcg_ppm: u64,
    /// Whether the viewer may choose from the list. Administrators and auditors only look.
    #[serde(skip)]
    pub is_offer: bool,
    #[serde(flatten)]
    pub content: ListContent,
}

impl ShownList {
    pub fn new(
        viewer: &Viewer,
        kind: ListKind,
        subject_id: Id,
        order: Option<&FairOrder>,
        content: ListContent,
    ) -> ShownList {
        ShownList {
            id: Id::new(),
            shown_at: Instant::now(),
            viewer: viewer.actor.clone(),
            kind,
            subject_id,
            is_offer: viewer.reach != Reach::Everything,
            strength_ppm: order.map(|order| order.strength_ppm),
            ndcg_ppm: order.map_or(1_000_000, |order| order.ndcg_ppm),
            content,
        }
    }

    /// Returns a hash that is equal for the same items at the same ranks, whenever they are shown.
    fn digest(&self) -> i64 {
        let mut digest = Sha256::new();
        for part in [
            self.content.role.as_deref().unwrap_or(""),
            &self.content.weights_version,
        ] {
            digest.update(part);
            digest.update([0]);
        }
        for item in &self.content.items {
            digest.update(item.id.0);
            digest.update(item.rank.to_le_bytes());
        }
        let mut first = [0; 8];
        first
            .iter_mut()
            .zip(digest.finalize())
            .for_each(|(byte, d)| *byte = d);
        i64::from_le_bytes(first)
    }

    /// Returns whether the list counts as attention: somebody who may choose saw it, in a fair order.
    fn counts(&self) -> bool {
        self.is_offer && self.strength_ppm.is_some()
    }

    /// Returns the attention that each item received, and the attention that it deserved.
    fn exposures(&self) -> impl Iterator<Item = (Id, Exposure)> {
        let items = &self.content.items;
        let attention: u64 = items.iter().map(|item| attention_ppm(item.rank)).sum();
        let fits: u64 = items.iter().map(|item| item.fit_ppm).sum();
        items.iter().map(move |item| {
            let exposure = Exposure {
                shown: 1,
                attention_ppm: attention_ppm(item.rank),
                deserved_ppm: deserved_ppm(attention, item.fit_ppm, fits),
            };
            (item.id, exposure)
        })
    }
}

/// How attention was shared among the workers, or among the deliverables.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttentionShare {
    /// Lists that were shown.
    #[schema(minimum = 0, example = 120)]
    pub lists: u64,
    /// Those that can be ranked now: active workers, or open deliverables.
    #[schema(minimum = 0, example = 300)]
    pub considered: u64,
    /// Of these, how many were shown.
    #[schema(minimum = 0, example = 214)]
    pub shown: u64,
    /// The share that was never shown. Null if nothing can be ranked.
    #[schema(minimum = 0, maximum = 1_000_000, example = 286_667)]
    pub never_shown_ppm: Option<u64>,
    /// Gini coefficient of attention, the sum of 1 / log2(1 + rank). 0: all received the same.
    #[schema(minimum = 0, maximum = 1_000_000, example = 412_077)]
    pub gini_ppm: u64,
    /// What fairness cost in ranking quality.
    pub quality: RankingQuality,
}

/// What fairness cost in ranking quality.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub struct RankingQuality {
    /// Lists that were shown with fairness on.
    #[schema(minimum = 0, example = 118)]
    pub lists: u64,
    /// Mean of 1 − nDCG@50 compared with the order by fit alone. Null without lists.
    #[schema(minimum = 0, maximum = 1_000_000, example = 4_120)]
    pub ndcg_loss_ppm: Option<u64>,
    /// The largest loss of a list. Null without lists.
    #[schema(minimum = 0, maximum = 50_000, example = 31_044)]
    pub max_ndcg_loss_ppm: Option<u64>,
}

/// How attention was shared, since `from_week`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExposureStatistics {
    /// The first week, as ISO 8601 names it.
    #[schema(example = "2026-W45")]
    pub from_week: String,
    /// The current week.
    #[schema(example = "2026-W48")]
    pub to_week: String,
    pub workers: AttentionShare,
    pub deliverables: AttentionShare,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Beside;

    #[test]
    fn weeks_begin_on_monday_and_have_their_iso_name() {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        assert_eq!(week_number(day(2026, 11, 23)), week_number(day(2026, 11, 29)));
        assert_eq!(week_number(day(2026, 11, 22)) + 1, week_number(day(2026, 11, 23)));
        assert_eq!(week_name(week_number(day(2026, 11, 23))), "2026-W48");
        assert_eq!(week_name(week_number(day(2027, 1, 1))), "2026-W53");
        assert_eq!(week_name(week_number(day(1970, 1, 1))), "1970-W01");
    }

    #[test]
    fn deserved_attention_adds_up_to_the_attention() {
        let item = |(rank, fit_ppm)| ShownItem {
            id: Id::new(),
            rank,
            fit_rank: rank,
            fit_ppm,
            adjusted_ppm: fit_ppm,
            swap: None,
            role: None,
            values_ppm: None,
        };
        let content = ListContent {
            role: None,
            weights_version: "default-1".into(),
            at_change: 1,
            items: [(1, 800_000), (2, 600_000), (3, 600_000)].map(item).to_vec(),
        };
        let viewer = Viewer {
            actor: "a".into(),
            reach: Reach::Everything,
            personal_data: false,
            sees_all: false,
            beside: Beside::EVERYTHING,
        };
        let list = ShownList::new(&viewer, ListKind::Workers, Id::new(), None, content);
        let exposures: Vec<Exposure> = list.exposures().map(|(_, exposure)| exposure).collect();
        assert_eq!(
            exposures.iter().map(|e| e.attention_ppm).collect::<Vec<_>>(),
            [1_000_000, 630_930, 500_000]
        );
        assert_eq!(
            exposures.iter().map(|e| e.deserved_ppm).collect::<Vec<_>>(),
            [852_372, 639_279, 639_279]
        );
    }
}
