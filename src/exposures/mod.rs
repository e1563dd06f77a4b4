//! Exposures: which lists were shown to whom, and how much attention each worker and deliverable got by it.
//!
//! Rankings hand their lists to the [`Recorder`]; it writes them in batches beside the requests, so what a crash loses is
//! the last second's lists. The same list shown again to the same viewer on the same day is not counted again.
//!
//! What a ranking takes from here are the [`Histories`] of the weeks before the current one, so that an order stays the
//! same through a week, on every server, however often it is looked at. A list belongs to the week in which it is
//! written down; a week that is over never changes.
//!
//! Deliberately absent: the change log. This is a log itself, and follows from no write.

pub mod http;
pub mod store;
pub mod tasks;

use crate::catalogue::calendar::{day_number, today};
use crate::db::{Db, Id, Instant, Pool};
use crate::error::Result;
use chrono::{Datelike, NaiveDate};
use matcher::fairness::{Exposure, FairOrder, attention_ppm, deserved_ppm};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use utoipa::{IntoParams, ToSchema};

/// How many weeks before the current one count.
const WEEKS: i32 = 26;
/// So many lists may wait to be written.
const MOST_WAITING: usize = 10_000;
/// With so many waiting, whoever adds one writes them.
const MANY_WAITING: usize = 1_000;
/// So many lists are remembered as shown already.
const MOST_SEEN: usize = 65_536;
/// How many days lists are kept. The attention that they add up to is kept as long as it counts, and a year.
const DAYS_KEPT: i32 = 400;

/// Weeks since 1970, beginning on Monday.
pub fn week_number(day: NaiveDate) -> i32 {
    (day_number(day) + 3).div_euclid(7)
}

/// A week as ISO 8601 names it.
pub fn week_name(week: i32) -> String {
    let monday = NaiveDate::default() + chrono::Days::new((i64::from(week) * 7 - 3).max(0) as u64);
    let week = monday.iso_week();
    format!("{}-W{:02}", week.year(), week.week())
}

/// What a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListKind {
    /// Workers, ranked for a deliverable.
    Workers,
    /// Deliverables, ranked for a worker.
    Deliverables,
}

impl ListKind {
    pub fn code(self) -> &'static str {
        match self {
            ListKind::Workers => "workers",
            ListKind::Deliverables => "deliverables",
        }
    }
}

/// One item of a list at its place.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
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
    /// The fit after the adjustment for fairness.
    #[schema(minimum = 0, maximum = 1_000_000, example = 861_204)]
    pub adjusted_ppm: u64,
}

/// What a list says beside who saw it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Shown {
    /// Code of the role asked for; null for the whole team.
    #[schema(example = "designer")]
    pub role: Option<String>,
    #[schema(example = "default-1")]
    pub weights_version: String,
    /// The position in the change log that the ranking was computed at.
    #[schema(minimum = 0, example = 1284)]
    pub at_change: i64,
    pub items: Vec<ShownItem>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShownListFilter {
    /// The deliverable or the worker that lists were ranked for.
    pub subject_id: Option<Id>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// A list as it was shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShownList {
    pub id: Id,
    pub shown_at: Instant,
    /// Who asked for it, as in the change log.
    #[schema(example = "coordinator:shinjuku")]
    pub viewer: String,
    pub kind: ListKind,
    /// The deliverable or the worker that it was ranked for.
    pub subject_id: Id,
    /// How strongly fairness adjusted the order; null where it was switched off.
    #[schema(minimum = 0, maximum = 1_000_000, example = 1_000_000)]
    pub strength_ppm: Option<u64>,
    /// nDCG@50 against pure fit.
    #[schema(minimum = 0, maximum = 1_000_000, example = 998_310)]
    pub ndcg_ppm: u64,
    #[serde(flatten)]
    pub shown: Shown,
}

impl ShownList {
    pub fn new(
        viewer: String,
        kind: ListKind,
        subject_id: Id,
        order: Option<&FairOrder>,
        shown: Shown,
    ) -> ShownList {
        ShownList {
            id: Id::new(),
            shown_at: Instant::now(),
            viewer,
            kind,
            subject_id,
            strength_ppm: order.map(|order| order.strength_ppm),
            ndcg_ppm: order.map_or(1_000_000, |order| order.ndcg_ppm),
            shown,
        }
    }

    /// The same for the same items at the same places, whenever they are shown.
    fn digest(&self) -> i64 {
        let mut digest = Sha256::new();
        for part in [
            self.shown.role.as_deref().unwrap_or(""),
            &self.shown.weights_version,
        ] {
            digest.update(part);
            digest.update([0]);
        }
        for item in &self.shown.items {
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

    /// What each item got by being shown, and what it deserved.
    fn exposures(&self) -> impl Iterator<Item = (Id, Exposure)> {
        let items = &self.shown.items;
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

/// What everyone had until this week.
#[derive(Debug, Default)]
pub struct Histories {
    pub week: i32,
    workers: HashMap<u128, Exposure>,
}

impl Histories {
    pub fn of_worker(&self, id: u128) -> Exposure {
        self.workers.get(&id).copied().unwrap_or_default()
    }
}

/// Takes lists in, and gives histories out.
#[derive(Default)]
pub struct Recorder {
    waiting: Mutex<Waiting>,
    histories: Mutex<Option<Arc<Histories>>>,
}

#[derive(Default)]
struct Waiting {
    lists: Vec<(ShownList, i64)>,
    seen: HashSet<(i32, ListKind, Id, String, i64)>,
}

impl Recorder {
    /// To be written soon; at once where many are waiting.
    pub async fn record(&self, pool: &Pool, list: ShownList) -> Result<()> {
        if self.add(list) < MANY_WAITING {
            return Ok(());
        }
        self.flush(pool).await
    }

    /// How many are waiting then.
    fn add(&self, list: ShownList) -> usize {
        let digest = list.digest();
        let key = (
            day_number(today()),
            list.kind,
            list.subject_id,
            list.viewer.clone(),
            digest,
        );
        let mut waiting = self.waiting();
        if waiting.seen.len() >= MOST_SEEN {
            waiting.seen.clear();
        }
        if waiting.seen.insert(key) && !list.shown.items.is_empty() {
            waiting.lists.push((list, digest));
        }
        waiting.lists.len()
    }

    /// Writes what is waiting.
    pub async fn flush(&self, pool: &Pool) -> Result<()> {
        let lists = std::mem::take(&mut self.waiting().lists);
        if lists.is_empty() {
            return Ok(());
        }
        let lists = Arc::new(lists);
        let (written, day) = (Arc::clone(&lists), today());
        let flushed = pool.write(move |db| store::insert_all(db, day, &written)).await;
        if flushed.is_err() {
            // Tried again the next time, the oldest first to go where there is no room.
            let mut waiting = self.waiting();
            let mut all = Arc::unwrap_or_clone(lists);
            all.append(&mut waiting.lists);
            let lost = all.len().saturating_sub(MOST_WAITING);
            waiting.lists = all.split_off(lost);
            if lost > 0 {
                tracing::error!(lost, "lists that were shown could not be written down");
            }
        }
        flushed
    }

    /// Of the weeks before the one that `day` is in.
    pub fn histories(&self, db: &mut Db, day: NaiveDate) -> Result<Arc<Histories>> {
        let week = week_number(day);
        let mut known = self.histories.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_ref().filter(|known| known.week == week) {
            return Ok(Arc::clone(known));
        }
        let workers = store::histories(db, ListKind::Workers, week - WEEKS..week)?;
        let fresh = Arc::new(Histories { week, workers });
        *known = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How attention was shared among those who can be ranked.
#[derive(Debug, Serialize, ToSchema)]
pub struct Share {
    /// How many lists were shown.
    #[schema(minimum = 0, example = 120)]
    pub lists: u64,
    /// How many can be ranked now: active workers, open deliverables.
    #[schema(minimum = 0, example = 300)]
    pub considered: u64,
    /// How many of them were shown.
    #[schema(minimum = 0, example = 214)]
    pub shown: u64,
    /// The part that was never shown; null where nobody can be ranked.
    #[schema(minimum = 0, maximum = 1_000_000, example = 286_667)]
    pub never_shown_ppm: Option<u64>,
    /// Gini coefficient of attention, 1 / log2(1 + rank) added up: 0 where all had the same.
    #[schema(minimum = 0, maximum = 1_000_000, example = 412_077)]
    pub gini_ppm: u64,
    /// Lists whose order was adjusted, and what that cost.
    pub quality: Quality,
}

/// What fairness cost.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub struct Quality {
    /// Lists with fairness switched on.
    #[schema(minimum = 0, example = 118)]
    pub lists: u64,
    /// Mean of 1 − nDCG@50 against pure fit; null without lists.
    #[schema(minimum = 0, maximum = 1_000_000, example = 4_120)]
    pub given_up_ppm: Option<u64>,
    /// The most that a list gave up; null without lists.
    #[schema(minimum = 0, maximum = 50_000, example = 31_044)]
    pub most_given_up_ppm: Option<u64>,
}

/// How attention was shared.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExposureStatistics {
    /// The first week, as ISO 8601 names it.
    #[schema(example = "2026-W45")]
    pub from_week: String,
    /// The current week.
    #[schema(example = "2026-W48")]
    pub to_week: String,
    pub workers: Share,
    pub deliverables: Share,
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_list_shown_again_on_the_same_day_is_not_counted_again() {
        let list = |viewer: &str, rank| {
            let item = ShownItem {
                id: Id(uuid::Uuid::nil()),
                rank,
                fit_rank: 1,
                fit_ppm: 700_000,
                adjusted_ppm: 700_000,
            };
            let shown = Shown {
                role: None,
                weights_version: "default-1".into(),
                at_change: 1,
                items: vec![item],
            };
            ShownList::new(
                viewer.into(),
                ListKind::Workers,
                Id(uuid::Uuid::nil()),
                None,
                shown,
            )
        };
        let recorder = Recorder::default();
        let waiting = [("a", 1), ("a", 1), ("b", 1), ("a", 2), ("a", 1)]
            .map(|(viewer, rank)| recorder.add(list(viewer, rank)));
        assert_eq!(waiting, [1, 1, 2, 3, 3]);
    }

    #[test]
    fn deserved_attention_adds_up_to_the_attention() {
        let item = |(rank, fit_ppm)| ShownItem {
            id: Id::new(),
            rank,
            fit_rank: rank,
            fit_ppm,
            adjusted_ppm: fit_ppm,
        };
        let shown = Shown {
            role: None,
            weights_version: "default-1".into(),
            at_change: 1,
            items: [(1, 800_000), (2, 600_000), (3, 600_000)].map(item).to_vec(),
        };
        let list = ShownList::new("a".into(), ListKind::Workers, Id::new(), None, shown);
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
