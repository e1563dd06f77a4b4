//! One page of a ranking: found, put in a fair order, explained.

use super::explain::{Explainer, head};
use super::page::{Ended, start};
use super::snapshot::Snapshot;
use super::view::{
    DeliverableBrief, DeliverableMatch, DeliverableRanking, Standing, WorkerBrief, WorkerMatch, WorkerRanking,
};
use super::{DEFAULT_WEIGHTS_VERSION, encode};
use crate::auth::PartnerReach;
use crate::db::{Db, Id};
use crate::error::Result;
use crate::exposures::{Histories, ListKind, Shown, ShownItem, ShownList};
use crate::http::{self, Language};
use crate::workers::{self, Worker};
use matcher::fairness::{self, Order, Placed, WINDOW};
use matcher::index::{Hit, Wanted, needs};
use matcher::{Need, RankKey, Weights};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// What a ranking of workers was asked for, besides the need.
pub struct Asked<'a> {
    pub weights: Weights,
    pub version: &'a str,
    pub only: Option<usize>,
    pub limit: Option<u32>,
    pub cursor: Option<&'a str>,
    pub counts: bool,
    /// What everyone has had until now; none where fairness is off.
    pub histories: Option<Arc<Histories>>,
    pub language: Language,
}

/// One item of a page.
struct Found {
    /// Its position among those that were found by fit.
    at: usize,
    standing: Standing,
    /// Who stands one rank higher by fit.
    above: Option<RankKey>,
}

/// What a search is for: how many, behind which key, with which fit at least.
type Part = (usize, Option<RankKey>, u64);

/// The page that is asked for, of those that `search` finds by fit; `adjust` puts the best of them in a fair order.
fn page<T>(
    (limit, ended): (usize, Option<Ended>),
    search: impl Fn(Part) -> Vec<T>,
    key: impl Fn(&T) -> RankKey,
    adjust: Option<impl FnOnce(&[T]) -> Order>,
) -> (Vec<T>, Vec<Found>, Option<Ended>, Option<Order>) {
    if let Some(adjust) = adjust.filter(|_| ended.is_none_or(|ended| ended.position.is_some())) {
        let mut items = search((WINDOW + 1, None, 0));
        let more_by_fit = items.len() > WINDOW;
        items.truncate(WINDOW);
        let order = adjust(&items);
        let keys: Vec<RankKey> = items.iter().map(key).collect();
        let (found, next) = in_order(&keys, &order, ended, limit, more_by_fit);
        return (items, found, next, Some(order));
    }
    // The pages before, for the rank and for who stands above.
    let before: Vec<RankKey> = match ended {
        None => Vec::new(),
        Some(Ended { key: last, .. }) => {
            let all = search((usize::MAX, None, last.fit_ppm.0));
            all.iter().map(&key).filter(|k| *k <= last).collect()
        }
    };
    let mut items = search((limit + 1, ended.map(|ended| ended.key), 0));
    let more = items.len() > limit;
    items.truncate(limit);
    let mut above = before.last().copied();
    let found = items.iter().map(&key).enumerate().map(|(at, key)| Found {
        at,
        standing: Standing::by_fit(before.len() + at, key.fit_ppm.0),
        above: above.replace(key),
    });
    let found = found.collect();
    let last = items.last().filter(|_| more).map(key);
    (items, found, last.map(|key| Ended { key, position: None }), None)
}

/// A page of the order that is given; behind its end, the next one goes on by fit.
fn in_order(
    by_fit: &[RankKey],
    order: &Order,
    ended: Option<Ended>,
    limit: usize,
    more_by_fit: bool,
) -> (Vec<Found>, Option<Ended>) {
    let keys: Vec<RankKey> = order
        .placed
        .iter()
        .filter_map(|p| by_fit.get(p.by_fit).copied())
        .collect();
    let first = start(&keys, ended);
    let page = order.placed.iter().enumerate().skip(first).take(limit);
    let found = page.map(|(rank, placed)| Found {
        at: placed.by_fit,
        standing: Standing::placed(rank, placed),
        above: placed
            .by_fit
            .checked_sub(1)
            .and_then(|above| by_fit.get(above).copied()),
    });
    let end = (first + limit).min(keys.len());
    let next = if end < keys.len() {
        let last = keys.get(end.wrapping_sub(1)).copied();
        last.map(|key| Ended {
            key,
            position: Some(end),
        })
    } else {
        let last = by_fit.last().filter(|_| more_by_fit).copied();
        last.map(|key| Ended { key, position: None })
    };
    (found.collect(), next)
}

pub fn of_workers(
    db: &mut Db,
    snapshot: &Snapshot,
    need: &Need,
    deliverable: Option<DeliverableBrief>,
    asked: &Asked,
) -> Result<WorkerRanking> {
    let fair = if asked.histories.is_some() { " fair" } else { "" };
    let list = format!("need {:032x} {:?}{fair}", need.id, asked.only);
    let limit = http::page::limit(asked.limit)? as usize;
    let ended = Ended::decode(asked.cursor, &list)?;
    let (index, query) = (&snapshot.index, snapshot.index.query(need, asked.weights));
    let search = |(most, after, least_fit_ppm): Part| {
        let wanted = Wanted {
            role: asked.only,
            most,
            after,
            least_fit_ppm: least_fit_ppm as u32,
        };
        index.search(&query, wanted).0
    };
    let spread = asked.histories.as_deref().map(|histories| {
        |best: &[Hit]| {
            let had = |hit: &Hit| (hit.key, histories.of_worker(hit.candidate.id));
            fairness::spread(&best.iter().map(had).collect::<Vec<_>>(), histories.week as u32)
        }
    });
    let (hits, found, next, order) = page((limit, ended), search, |hit| hit.key, spread);
    let found: Vec<(&Hit, Found)> = found
        .into_iter()
        .filter_map(|found| Some((hits.get(found.at)?, found)))
        .collect();
    let mut briefs = briefs(db, &found)?;
    let explainer = Explainer {
        catalogue: &snapshot.catalogue,
        language: asked.language,
    };
    let item = |(hit, found): &(&Hit, Found)| {
        let (worker, assessment) = briefs.remove(&hit.candidate.id).zip(hit.assess(&query))?;
        Some(WorkerMatch {
            standing: found.standing,
            worker,
            explained: explainer.explained(&query, &hit.candidate, &assessment, found.above),
        })
    };
    let items = found.iter().filter_map(item).collect();
    let census = asked.counts.then(|| index.census(&query, asked.only));
    let week = asked.histories.as_ref().map(|histories| histories.week as u32);
    let fairness = week.zip(order.as_ref());
    Ok(WorkerRanking {
        deliverable,
        head: head(census.as_ref(), &asked.weights, asked.version, snapshot, fairness),
        items,
        next: next.map(|ended| ended.encode(&list)),
        order,
    })
}

/// What organizations see of the workers found. Whoever was erased a moment ago is in none.
fn briefs(db: &mut Db, found: &[(&Hit, Found)]) -> Result<HashMap<u128, WorkerBrief>> {
    let ids: Vec<Id> = found
        .iter()
        .map(|(hit, _)| Id(Uuid::from_u128(hit.candidate.id)))
        .collect();
    let faces = workers::store::faces(db, &ids)?;
    let brief = |(id, face): (&Id, &workers::store::Face)| (id.0.as_u128(), WorkerBrief::of(*id, face));
    Ok(faces.iter().map(brief).collect())
}

/// What a ranking of deliverables was asked for.
pub struct AskedByWorker<'a> {
    pub limit: Option<u32>,
    pub cursor: Option<&'a str>,
    pub counts: bool,
    /// The week that the order is adjusted for; none where fairness is off.
    pub fair: Option<i32>,
    pub language: Language,
    /// Who asks, if only what is offered to a partner counts.
    pub partner: Option<PartnerReach>,
}

pub fn of_deliverables(
    snapshot: &Snapshot,
    worker: &Worker,
    asked: &AskedByWorker,
) -> Result<DeliverableRanking> {
    let candidate = encode::candidate(worker, &snapshot.catalogue);
    let (weights, needs) = (Weights::default(), &snapshot.needs);
    let fair = if asked.fair.is_some() { " fair" } else { "" };
    let list = format!("worker {}{fair}", worker.id);
    let limit = http::page::limit(asked.limit)? as usize;
    let ended = Ended::decode(asked.cursor, &list)?;
    let visible = |need: &Need| {
        let offered = |partner: &PartnerReach| {
            let open = snapshot.asked(need.id).map(|open| &open.deliverable);
            open.is_some_and(|open| {
                partner.is_offered(open.request.diffused, &open.request.area, &open.family)
            })
        };
        asked.partner.as_ref().is_none_or(offered)
    };
    let search = |part: Part| needs.search(&candidate, weights, part, visible).0;
    let lift = asked.fair.map(|week| {
        move |best: &[needs::Found]| {
            let answers = |found: &needs::Found| {
                let open = snapshot.asked(found.key.need);
                (found.key, open.map(|open| open.answers).unwrap_or_default())
            };
            fairness::lift(&best.iter().map(answers).collect::<Vec<_>>(), week as u32)
        }
    });
    let (best, found, next, order) = page((limit, ended), search, |found| found.key, lift);
    let explainer = Explainer {
        catalogue: &snapshot.catalogue,
        language: asked.language,
    };
    let item = |found: Found| {
        let hit = best.get(found.at)?;
        let open = snapshot.asked(hit.key.need)?;
        let query = hit.asked.query(weights, snapshot.index.population());
        Some(DeliverableMatch {
            standing: found.standing,
            deliverable: DeliverableBrief::of(&open.deliverable),
            answers: open.answers.answers,
            explained: explainer.explained(&query, &candidate, &hit.assessment, found.above),
        })
    };
    let items = found.into_iter().filter_map(item).collect();
    let census = asked.counts.then(|| needs.census(&candidate, visible));
    let fairness = asked.fair.map(|week| week as u32).zip(order.as_ref());
    Ok(DeliverableRanking {
        worker: WorkerBrief {
            id: worker.id,
            alias: worker.profile.alias.clone().unwrap_or_default(),
            area: worker.profile.area.clone(),
        },
        head: head(
            census.as_ref(),
            &weights,
            DEFAULT_WEIGHTS_VERSION,
            snapshot,
            fairness,
        ),
        items,
        next: next.map(|ended| ended.encode(&list)),
        order,
    })
}

impl WorkerRanking {
    /// For the log of what was shown.
    pub fn shown(&self, viewer: String, deliverable: Id, role: Option<String>) -> ShownList {
        let items = self
            .items
            .iter()
            .map(|item| item.standing.shown(item.worker.id, item.explained.fit_ppm));
        let shown = Shown {
            role,
            weights_version: self.head.weights.version.clone(),
            at_change: self.head.at_change,
            items: items.collect(),
        };
        ShownList::new(viewer, ListKind::Workers, deliverable, self.order.as_ref(), shown)
    }
}

impl DeliverableRanking {
    /// For the log of what was shown.
    pub fn shown(&self, viewer: String, worker: Id) -> ShownList {
        let items = self
            .items
            .iter()
            .map(|item| item.standing.shown(item.deliverable.id, item.explained.fit_ppm));
        let shown = Shown {
            role: None,
            weights_version: self.head.weights.version.clone(),
            at_change: self.head.at_change,
            items: items.collect(),
        };
        ShownList::new(viewer, ListKind::Deliverables, worker, self.order.as_ref(), shown)
    }
}

impl Standing {
    fn placed(at: usize, placed: &Placed) -> Standing {
        Standing {
            rank: at as u64 + 1,
            fit_rank: placed.by_fit as u64 + 1,
            adjusted_ppm: placed.adjusted_ppm,
            newcomer: placed.newcomer,
        }
    }

    fn by_fit(at: usize, fit_ppm: u64) -> Standing {
        let placed = Placed {
            by_fit: at,
            adjusted_ppm: fit_ppm,
            newcomer: false,
        };
        Standing::placed(at, &placed)
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
