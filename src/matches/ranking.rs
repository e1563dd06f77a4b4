//! One page of a ranking: searched, put in a fair order, explained.

use super::encode;
use super::explain::summary;
use super::page::{PageEnd, start};
use super::snapshot::Snapshot;
use super::team::{self, Applied, Team};
use super::view::{
    DeliverableBrief, DeliverableMatch, DeliverableRanking, RankPosition, RankingSummary, WorkerMatch,
    WorkerRanking,
};
use crate::auth::{PartnerReach, Viewer};
use crate::db::{Db, Id};
use crate::error::Result;
use crate::exposures::{History, ListContent, ListKind, ShownItem, ShownList};
use crate::http::{self, Language};
use crate::reach::is_offered;
use crate::workers::{self, Worker, store::WorkerLabel};
use matcher::fairness::{self, FairOrder, Placement, WINDOW};
use matcher::index::{Hit, NeedHit, RankRange};
use matcher::{Need, RankKey, Weights};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// A ranking, and the entry for the log of shown lists; `None` where the ranking is not logged.
pub struct ShownRanking<T> {
    pub ranking: T,
    pub list: Option<ShownList>,
}

/// How to rank workers for a need.
pub struct WorkerRankingOptions<'a> {
    /// The need's text.
    pub words: String,
    pub weights: Weights,
    pub weights_version: &'a str,
    /// The only role to rank for, by its position in the need.
    pub role: Option<usize>,
    pub limit: Option<u32>,
    pub cursor: Option<&'a str>,
    /// Whether to count how many workers each gate removed.
    pub counts: bool,
    /// The attention that every worker got so far; `None` where fairness is off.
    pub history: Option<Arc<History>>,
    pub language: Language,
    /// The saved deliverable, with its team.
    pub team: Option<&'a Team>,
}

/// How to rank open deliverables for a worker.
pub struct DeliverableRankingOptions<'a> {
    pub weights: Weights,
    pub weights_version: &'a str,
    pub limit: Option<u32>,
    pub cursor: Option<&'a str>,
    /// Whether to count how many deliverables each gate removed.
    pub counts: bool,
    /// The week to adjust the order for; `None` where fairness is off.
    pub fair_week: Option<i32>,
    pub language: Language,
    /// What the worker has applied for.
    pub applied: &'a Applied,
    /// Restricts the ranking to what this partner is offered.
    pub partner: Option<PartnerReach>,
}

/// One item of a page.
struct PageItem {
    /// Its index among the page's hits.
    hit: usize,
    position: RankPosition,
    /// The key of the item ranked directly above by fit.
    above: Option<RankKey>,
}

/// A page before its items are explained.
struct Page<T> {
    hits: Vec<T>,
    items: Vec<PageItem>,
    /// Where this page ends; `None` on the last.
    end: Option<PageEnd>,
    /// The fair order of the best, where it was computed.
    order: Option<FairOrder>,
}

/// Cuts the page of `limit` items after `previous`. `search` returns hits by fit; `adjust` puts the best in a
/// fair order.
fn page<T>(
    limit: usize,
    previous: Option<PageEnd>,
    search: impl Fn(RankRange) -> Vec<T>,
    key: impl Fn(&T) -> RankKey,
    adjust: Option<impl FnOnce(&[T]) -> FairOrder>,
) -> Page<T> {
    let is_in_window = previous.is_none_or(|previous| previous.position.is_some());
    if let Some(adjust) = adjust.filter(|_| is_in_window) {
        let mut hits = search(RankRange::best(WINDOW + 1));
        let has_more = hits.len() > WINDOW;
        hits.truncate(WINDOW);
        let order = adjust(&hits);
        let keys: Vec<RankKey> = hits.iter().map(key).collect();
        let (items, end) = page_in_order(&keys, &order, previous, limit, has_more);
        return Page {
            hits,
            items,
            end,
            order: Some(order),
        };
    }
    // The pages before give the rank, and the key above the first item.
    let before: Vec<RankKey> = match previous {
        None => Vec::new(),
        Some(PageEnd { key: last, .. }) => {
            let down_to_last = RankRange {
                min_fit_ppm: last.fit_ppm.0,
                ..RankRange::best(usize::MAX)
            };
            let keys = search(down_to_last).into_iter().map(|hit| key(&hit));
            keys.filter(|k| *k <= last).collect()
        }
    };
    let mut hits = search(RankRange {
        after: previous.map(|previous| previous.key),
        ..RankRange::best(limit + 1)
    });
    let has_more = hits.len() > limit;
    hits.truncate(limit);
    let mut above = before.last().copied();
    let item = |(hit, key): (usize, RankKey)| PageItem {
        hit,
        position: RankPosition::by_fit(before.len() + hit, key.fit_ppm.0),
        above: above.replace(key),
    };
    let items = hits.iter().map(&key).enumerate().map(item).collect();
    let last = hits.last().filter(|_| has_more).map(key);
    Page {
        hits,
        items,
        end: last.map(|key| PageEnd { key, position: None }),
        order: None,
    }
}

/// Cuts a page of a fair order. After its last page, the list continues by fit.
fn page_in_order(
    by_fit: &[RankKey],
    order: &FairOrder,
    previous: Option<PageEnd>,
    limit: usize,
    has_more: bool,
) -> (Vec<PageItem>, Option<PageEnd>) {
    let placements = order.placements.iter();
    let keys: Vec<RankKey> = placements.filter_map(|p| by_fit.get(p.by_fit).copied()).collect();
    let first = start(&keys, previous);
    let page = order.placements.iter().enumerate().skip(first).take(limit);
    let items = page.map(|(rank, placement)| PageItem {
        hit: placement.by_fit,
        position: RankPosition::placed(rank, placement),
        above: match placement.by_fit {
            0 => None,
            by_fit_rank => by_fit.get(by_fit_rank - 1).copied(),
        },
    });
    let position = (first + limit).min(keys.len());
    let (last, position) = match keys.get(..position) {
        Some(shown) if shown.len() < keys.len() => (shown.last(), Some(position)),
        _ => (by_fit.last().filter(|_| has_more), None),
    };
    let end = last.copied().map(|key| PageEnd { key, position });
    (items.collect(), end)
}

/// Ranks workers for a need.
pub fn rank_workers(
    db: &mut Db,
    snapshot: &Snapshot,
    need: &Need,
    deliverable: Option<DeliverableBrief>,
    options: &WorkerRankingOptions,
) -> Result<(WorkerRanking, Option<FairOrder>)> {
    let fair = if options.history.is_some() { " fair" } else { "" };
    let list = format!("need {:032x} {:?}{fair}", need.id, options.role);
    let limit = http::page::limit(options.limit)? as usize;
    let previous = PageEnd::decode(options.cursor, &list)?;
    let (index, query) = (&snapshot.index, snapshot.index.query(need, options.weights));
    let is_member = |hit: &Hit| options.team.is_some_and(|team| team.has(hit.candidate.id));
    let search = |range: RankRange| {
        // Members of the team aren't ranked for another place in it.
        let limit = range.limit.saturating_add(options.team.map_or(0, Team::size));
        let mut hits = index.search(&query, options.role, RankRange { limit, ..range }).0;
        hits.retain(|hit| !is_member(hit));
        hits.truncate(range.limit);
        hits
    };
    let spread = options.history.as_deref().map(|history| {
        |best: &[Hit]| {
            let exposure = |hit: &Hit| (hit.key, history.of_worker(hit.candidate.id));
            let best: Vec<_> = best.iter().map(exposure).collect();
            fairness::spread(&best, history.week as u32)
        }
    });
    let page = page(limit, previous, search, |hit| hit.key, spread);
    let items = page.items.into_iter();
    let items: Vec<(&Hit, PageItem)> = items
        .filter_map(|item| Some((page.hits.get(item.hit)?, item)))
        .collect();
    let ids: Vec<Id> = items
        .iter()
        .map(|(hit, _)| Id(Uuid::from_u128(hit.candidate.id)))
        .collect();
    let labels = workers::store::labels(db, &ids)?;
    let applied = match deliverable {
        Some(ref deliverable) => team::applied_of(db, deliverable.id, &ids)?,
        None => HashMap::new(),
    };
    let explainer = snapshot.explainer(options.language);
    let item = |(hit, item): &(&Hit, PageItem)| {
        let id = Id(Uuid::from_u128(hit.candidate.id));
        let (label, assessment) = labels.get(&id).zip(hit.assess(&query))?;
        let role = need.roles.get(assessment.role).map(|role| role.role);
        Some(WorkerMatch {
            position: item.position,
            worker: explainer.brief(id, label, role),
            application: applied.get(&hit.candidate.id).cloned(),
            explanation: explainer.explain(&query, &options.words, &hit.candidate, &assessment, item.above),
        })
    };
    let items = items.iter().filter_map(item).collect();
    let census = options.counts.then(|| index.census(&query, options.role));
    let week = options.history.as_ref().map(|history| history.week);
    let fairness = week.zip(page.order.as_ref());
    let version = options.weights_version;
    let summary = summary(census.as_ref(), &options.weights, version, snapshot, fairness);
    let members = options
        .team
        .map_or(0, |team| team.passing(index, &query, options.role));
    let team = options.team.map(|team| team.shown(db, &explainer)).transpose()?;
    let ranking = WorkerRanking {
        deliverable,
        team: team.unwrap_or_default(),
        summary: summary.without_members(members),
        items,
        next: page.end.map(|end| end.encode(&list)),
    };
    Ok((ranking, page.order))
}

/// Ranks open deliverables for a worker.
pub fn rank_deliverables(
    snapshot: &Snapshot,
    worker: &Worker,
    options: &DeliverableRankingOptions,
) -> Result<(DeliverableRanking, Option<FairOrder>)> {
    let candidate = encode::candidate(worker, &snapshot.catalogue);
    let (weights, needs) = (options.weights, &snapshot.needs);
    let fair = if options.fair_week.is_some() { " fair" } else { "" };
    let list = format!("worker {}{fair}", worker.id);
    let limit = http::page::limit(options.limit)? as usize;
    let previous = PageEnd::decode(options.cursor, &list)?;
    let is_visible = |need: &Need| {
        let is_offered = |partner: &PartnerReach| {
            let open = snapshot.open_deliverable(need.id).map(|open| &open.deliverable);
            open.is_some_and(|open| {
                let request = &open.request;
                is_offered(
                    partner,
                    request.shared_with_partners,
                    request.area.as_deref(),
                    &open.family,
                )
            })
        };
        !options.applied.is_member(need.id) && options.partner.as_ref().is_none_or(is_offered)
    };
    let search = |range: RankRange| needs.search(&candidate, weights, range, is_visible).0;
    let lift = options.fair_week.map(|week| {
        move |best: &[NeedHit]| {
            let uptake = |hit: &NeedHit| {
                let open = snapshot.open_deliverable(hit.key.need);
                (hit.key, open.map(|open| open.uptake).unwrap_or_default())
            };
            fairness::lift(&best.iter().map(uptake).collect::<Vec<_>>(), week as u32)
        }
    });
    let page = page(limit, previous, search, |hit| hit.key, lift);
    let explainer = snapshot.explainer(options.language);
    let item = |item: PageItem| {
        let hit = page.hits.get(item.hit)?;
        let open = snapshot.open_deliverable(hit.key.need)?;
        let query = hit.prepared.query(weights, snapshot.index.population());
        let words = encode::words(&open.deliverable.request);
        Some(DeliverableMatch {
            position: item.position,
            deliverable: DeliverableBrief::of(&open.deliverable),
            applications_received: open.uptake.applications,
            application: options.applied.get(open.deliverable.id).cloned(),
            explanation: explainer.explain(&query, &words, &candidate, &hit.assessment, item.above),
        })
    };
    let items = page.items.into_iter().filter_map(item).collect();
    let census = options.counts.then(|| needs.census(&candidate, is_visible));
    let fairness = options.fair_week.zip(page.order.as_ref());
    let ranking = DeliverableRanking {
        worker: explainer.brief(worker.id, &WorkerLabel::of(worker), None),
        summary: summary(
            census.as_ref(),
            &weights,
            options.weights_version,
            snapshot,
            fairness,
        ),
        items,
        next: page.end.map(|end| end.encode(&list)),
    };
    Ok((ranking, page.order))
}

impl WorkerRanking {
    /// Returns the entry for the log of shown lists.
    pub fn shown(
        &self,
        viewer: &Viewer,
        deliverable: Id,
        role: Option<String>,
        order: Option<&FairOrder>,
    ) -> ShownList {
        let item = |item: &WorkerMatch| item.position.shown(item.worker.id, item.explanation.fit_ppm);
        let shown = self.summary.shown(role, self.items.iter().map(item).collect());
        ShownList::new(viewer, ListKind::Workers, deliverable, order, shown)
    }
}

impl DeliverableRanking {
    /// Returns the entry for the log of shown lists.
    pub fn shown(&self, viewer: &Viewer, order: Option<&FairOrder>) -> ShownList {
        let item =
            |item: &DeliverableMatch| item.position.shown(item.deliverable.id, item.explanation.fit_ppm);
        let shown = self.summary.shown(None, self.items.iter().map(item).collect());
        ShownList::new(viewer, ListKind::Deliverables, self.worker.id, order, shown)
    }
}

impl RankingSummary {
    fn shown(&self, role: Option<String>, items: Vec<ShownItem>) -> ListContent {
        ListContent {
            role,
            weights_version: self.weights.version.clone(),
            at_change: self.at_change,
            items,
        }
    }
}

impl RankPosition {
    /// `rank` counts from 0.
    fn placed(rank: usize, placement: &Placement) -> RankPosition {
        RankPosition {
            rank: rank as u64 + 1,
            fit_rank: placement.by_fit as u64 + 1,
            adjusted_ppm: placement.adjusted_ppm,
            newcomer: placement.newcomer,
        }
    }

    fn by_fit(rank: usize, fit_ppm: u64) -> RankPosition {
        let placement = Placement {
            by_fit: rank,
            adjusted_ppm: fit_ppm,
            newcomer: false,
        };
        RankPosition::placed(rank, &placement)
    }

    fn shown(&self, id: Id, fit_ppm: u64) -> ShownItem {
        ShownItem {
            id,
            rank: self.rank,
            fit_rank: self.fit_rank,
            fit_ppm,
            adjusted_ppm: self.adjusted_ppm,
        }
    }
}
