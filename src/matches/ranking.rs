//! One page of a ranking: found, put in a fair order, explained.

use super::explain::{Explainer, head};
use super::index::Snapshot;
use super::page::{Ended, start};
use super::view::{
    DeliverableBrief, DeliverableMatch, DeliverableRanking, Standing, WorkerBrief, WorkerMatch, WorkerRanking,
};
use super::{DEFAULT_WEIGHTS_VERSION, encode};
use crate::db::{Db, Id};
use crate::error::{Error, Result};
use crate::exposures::{Histories, ListKind, Shown, ShownItem, ShownList};
use crate::http::{Language, page};
use crate::matcher::fairness::{self, Order, Placed, WINDOW};
use crate::matcher::index::{Hit, Wanted};
use crate::matcher::{Assessment, Need, Query, RankKey, Weights, rank};
use crate::workers::{self, Worker};
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

/// One worker of a page.
struct Found<'h> {
    hit: &'h Hit,
    standing: Standing,
    /// Who stands one rank higher by fit.
    above: Option<RankKey>,
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
    let limit = page::limit(asked.limit)? as usize;
    let ended = Ended::decode(asked.cursor, &list)?;
    let (index, query) = (&snapshot.index, snapshot.index.query(need, asked.weights));
    let wanted = Wanted {
        role: asked.only,
        ..Wanted::best(WINDOW + 1)
    };
    let in_window = ended.is_none_or(|ended| ended.position.is_some());
    let histories = asked.histories.as_deref().filter(|_| in_window);
    let (mut hits, order, before);
    if let Some(histories) = histories {
        hits = index.search(&query, wanted).0;
        let window = hits.iter().take(WINDOW);
        let window: Vec<_> = window
            .map(|hit| (hit.key, histories.of_worker(hit.candidate.id)))
            .collect();
        order = Some(fairness::spread(&window, histories.week as u32));
        before = Vec::new();
    } else {
        // The pages before, for the rank and for who stands above.
        before = match ended {
            None => Vec::new(),
            Some(Ended { key, .. }) => {
                let wanted = Wanted {
                    most: usize::MAX,
                    least_fit_ppm: key.fit_ppm.0 as u32,
                    ..wanted
                };
                let (hits, _) = index.search(&query, wanted);
                hits.iter().map(|hit| hit.key).filter(|k| *k <= key).collect()
            }
        };
        let wanted = Wanted {
            most: limit + 1,
            after: ended.map(|ended| ended.key),
            ..wanted
        };
        hits = index.search(&query, wanted).0;
        order = None;
    }
    let more_by_fit = hits.len() > order.as_ref().map_or(limit, |_| WINDOW);
    hits.truncate(order.as_ref().map_or(limit, |_| WINDOW));
    let (found, next) = match &order {
        Some(order) => in_order(&hits, order, ended, limit, more_by_fit),
        None => by_fit(&hits, &before, more_by_fit),
    };
    let mut briefs = briefs(db, &found)?;
    let explainer = Explainer {
        catalogue: &snapshot.catalogue,
        language: asked.language,
    };
    let item = |found: &Found| {
        let hit = found.hit;
        let (worker, assessment) = briefs.remove(&hit.candidate.id).zip(hit.assess(&query))?;
        Some(WorkerMatch {
            standing: found.standing,
            worker,
            explained: explainer.explained(&query, &hit.candidate, &assessment, found.above),
        })
    };
    let items = found.iter().filter_map(item).collect();
    let census = asked.counts.then(|| index.census(&query, asked.only));
    let fairness = histories.map(|h| h.week as u32).zip(order.as_ref());
    Ok(WorkerRanking {
        deliverable,
        head: head(census.as_ref(), &asked.weights, asked.version, snapshot, fairness),
        items,
        next: next.map(|ended| ended.encode(&list)),
        order,
    })
}

/// A page of the order that is given; behind its end, the next one goes on by fit.
fn in_order<'h>(
    hits: &'h [Hit],
    order: &Order,
    ended: Option<Ended>,
    limit: usize,
    more_by_fit: bool,
) -> (Vec<Found<'h>>, Option<Ended>) {
    let hit = |placed: &Placed| hits.get(placed.by_fit);
    let keys: Vec<RankKey> = order.placed.iter().filter_map(hit).map(|hit| hit.key).collect();
    let first = start(&keys, ended);
    let page = order.placed.iter().enumerate().skip(first).take(limit);
    let found = page.filter_map(|(at, placed)| {
        let above = placed.by_fit.checked_sub(1).and_then(|above| hits.get(above));
        Some(Found {
            hit: hit(placed)?,
            standing: Standing::placed(at, placed),
            above: above.map(|hit| hit.key),
        })
    });
    let end = (first + limit).min(keys.len());
    let next = if end < keys.len() {
        let key = keys.get(end.wrapping_sub(1)).copied();
        key.map(|key| Ended {
            key,
            position: Some(end),
        })
    } else {
        let last = hits.last().filter(|_| more_by_fit);
        last.map(|hit| Ended {
            key: hit.key,
            position: None,
        })
    };
    (found.collect(), next)
}

fn by_fit<'h>(hits: &'h [Hit], before: &[RankKey], more: bool) -> (Vec<Found<'h>>, Option<Ended>) {
    let mut above = before.last().copied();
    let found = hits.iter().zip(before.len()..).map(|(hit, at)| Found {
        hit,
        standing: Standing::by_fit(at, hit.key.fit_ppm.0),
        above: above.replace(hit.key),
    });
    let found = found.collect();
    let last = hits.last().filter(|_| more);
    (
        found,
        last.map(|hit| Ended {
            key: hit.key,
            position: None,
        }),
    )
}

/// What organizations see of the workers found. Whoever was erased a moment ago is in none.
fn briefs(db: &mut Db, found: &[Found]) -> Result<HashMap<u128, WorkerBrief>> {
    let ids: Vec<Id> = found
        .iter()
        .map(|found| Id(Uuid::from_u128(found.hit.candidate.id)))
        .collect();
    let faces = workers::store::faces(db, &ids)?;
    let brief = |(id, face): (&Id, &workers::store::Face)| (id.0.as_u128(), WorkerBrief::of(*id, face));
    Ok(faces.iter().map(brief).collect())
}

/// `fair` is the week that the order is adjusted for; none where fairness is off.
pub fn of_deliverables(
    snapshot: &Snapshot,
    worker: &Worker,
    limit: Option<u32>,
    cursor: Option<&str>,
    fair: Option<i32>,
    language: Language,
) -> Result<DeliverableRanking> {
    let candidate = encode::candidate(worker, &snapshot.catalogue);
    let weights = Weights::default();
    let list = format!(
        "worker {}{}",
        worker.id,
        if fair.is_some() { " fair" } else { "" }
    );
    let (limit, ended) = (page::limit(limit)? as usize, Ended::decode(cursor, &list)?);
    let queries = snapshot
        .open
        .iter()
        .map(|open| snapshot.index.query(&open.need, weights));
    let ranking: rank::Ranking<(Query, Assessment)> = rank::rank_needs(queries, &candidate);
    let window = ranking.ranked.iter().take(WINDOW);
    let answers = |need: u128| {
        let open = snapshot.open(need);
        open.map(|open| open.answers).unwrap_or_default()
    };
    let order = fair.map(|week| {
        let window: Vec<_> = window.map(|(key, _)| (*key, answers(key.need))).collect();
        fairness::lift(&window, week as u32)
    });
    let adjusted = order.as_ref().map_or(&[][..], |order| &order.placed);
    let fit = |by_fit: usize| ranking.ranked.get(by_fit).map_or(0, |(key, _)| key.fit_ppm.0);
    let rest = (adjusted.len()..ranking.ranked.len()).map(|by_fit| Placed {
        by_fit,
        adjusted_ppm: fit(by_fit),
        newcomer: false,
    });
    let placed: Vec<Placed> = adjusted.iter().copied().chain(rest).collect();
    let ranked = |by_fit: usize| ranking.ranked.get(by_fit);
    let keys: Vec<RankKey> = placed.iter().filter_map(|p| Some(ranked(p.by_fit)?.0)).collect();
    let first = start(&keys, ended);
    let explainer = Explainer {
        catalogue: &snapshot.catalogue,
        language,
    };
    let item = |(at, placed): (usize, &Placed)| {
        let lost = || Error::Internal("a lost deliverable".into());
        let (key, (query, assessment)) = ranked(placed.by_fit).ok_or_else(lost)?;
        let open = snapshot.open(key.need).ok_or_else(lost)?;
        let above = placed.by_fit.checked_sub(1).and_then(ranked).map(|(key, _)| *key);
        Ok(DeliverableMatch {
            standing: Standing::placed(at, placed),
            deliverable: DeliverableBrief::of(&open.deliverable),
            answers: open.answers.answers,
            explained: explainer.explained(query, &candidate, assessment, above),
        })
    };
    let page = placed.iter().enumerate().skip(first).take(limit);
    let items: Vec<DeliverableMatch> = page.map(item).collect::<Result<_>>()?;
    let end = first + items.len();
    let last = keys.get(end.wrapping_sub(1)).filter(|_| end < keys.len());
    let next = last.map(|key| Ended {
        key: *key,
        position: Some(end),
    });
    let fairness = fair.map(|week| week as u32).zip(order.as_ref());
    Ok(DeliverableRanking {
        worker: WorkerBrief {
            id: worker.id,
            alias: worker.profile.alias.clone().unwrap_or_default(),
            area: worker.profile.area.clone(),
        },
        head: head(
            Some(&ranking.census),
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
