//! One page of a ranking: searched, put in a fair order, explained.

use super::encode;
use super::explain::summary;
use super::inquiry::Inquiry;
use super::joining::MeetingsAhead;
use super::page::{PageEnd, start};
use super::snapshot::Snapshot;
use super::team::{self, Applied};
use super::view::{
    DeliverableBrief, DeliverableMatch, DeliverableRanking, FitExplanation, RankPosition, RankingSummary,
    RolePassed, WorkerMatch, WorkerRanking,
};
use crate::applications::responses::ResponseTally;
use crate::applications::store::responses;
use crate::auth::{PartnerReach, Viewer};
use crate::catalogue::calendar::{self, day_number};
use crate::db::{Db, Id};
use crate::error::Result;
use crate::exposures::{History, ListContent, ListKind, RankSwap, ShownItem, ShownList};
use crate::http::{self, Language};
use crate::reach::is_offered;
use crate::workers::{self, Worker, store::WorkerLabel};
use matcher::fairness::{self, FairOrder, Listed, Placement, WINDOW};
use matcher::index::{NeedHit, RankRange, TeamHit};
use matcher::{COMPONENTS, Component, Need, RankKey, Weights};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// A ranking, and the entry for the log of shown lists; `None` where the ranking is not logged.
pub struct ShownRanking<T> {
    pub ranking: T,
    pub list: Option<ShownList>,
}

/// How to rank workers for a need.
pub struct WorkerRankingOptions<'a> {
    /// The name of the list in its cursors.
    pub name: String,
    pub inquiry: &'a Inquiry,
    /// The only role to rank for, by its position in the need.
    pub role: Option<usize>,
    pub limit: Option<u32>,
    pub cursor: Option<&'a str>,
    /// Whether to count how many workers each gate removed.
    pub counts: bool,
    /// The attention that every worker got so far; `None` where fairness is off.
    pub history: Option<Arc<History>>,
    /// Whether a draw decides about the places of near equals.
    pub swaps: bool,
    pub language: Language,
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
    /// Whether a draw decides about the places of near equals.
    pub swaps: bool,
    pub language: Language,
    /// What the worker has applied for.
    pub applied: &'a Applied,
    /// Restricts the ranking to what this partner is offered.
    pub partner: Option<PartnerReach>,
}

/// A page before its items are explained.
struct Page<T> {
    hits: Vec<T>,
    /// Of each item, its index among the hits and its rank.
    items: Vec<(usize, RankPosition)>,
    /// Where this page ends; `None` on the last.
    end: Option<PageEnd>,
    /// The fair order of the best, where it was computed.
    order: Option<FairOrder>,
}

/// Cuts the page of `limit` items after `previous`. `list` returns the first of the list by fit; `adjust` puts the best in
/// a fair order.
fn page<T>(
    limit: usize,
    previous: Option<PageEnd>,
    list: impl Fn(usize) -> Vec<T>,
    ranked: impl Fn(&T) -> (RankKey, usize),
    adjust: Option<impl FnOnce(&[T]) -> FairOrder>,
) -> Page<T> {
    let shown = previous.map_or(0, |previous| previous.position);
    let adjust = adjust.filter(|_| shown < WINDOW);
    // Some more, to find the last item again where others have come in above it.
    let more = if previous.is_some() { WINDOW } else { 0 };
    let least = if adjust.is_some() { WINDOW } else { 0 };
    let hits = list(shown.saturating_add(more + limit).max(least).saturating_add(1));
    let order = adjust.map(|adjust| adjust(hits.get(..WINDOW).unwrap_or(&hits)));
    let adjusted = order.iter().flat_map(|order| &order.placements).copied();
    let by_fit = |(by_fit, hit): (usize, &T)| Placement {
        by_fit,
        adjusted_ppm: ranked(hit).0.fit_ppm.0,
        newcomer: false,
        swap: None,
    };
    let rest = hits.iter().enumerate().map(by_fit);
    let rest = rest.skip(order.as_ref().map_or(0, |order| order.placements.len()));
    let placements: Vec<Placement> = adjusted.chain(rest).collect();
    let keys: Vec<RankKey> = placements
        .iter()
        .filter_map(|p| hits.get(p.by_fit))
        .map(|hit| ranked(hit).0)
        .collect();
    let first = start(&keys, previous);
    let cut = placements.iter().enumerate().skip(first).take(limit);
    let items = cut.filter_map(|(rank, placement)| {
        let fit_rank = hits.get(placement.by_fit).map(|hit| ranked(hit).1)?;
        Some((placement.by_fit, RankPosition::placed(rank, fit_rank, placement)))
    });
    let (items, position) = (items.collect(), first.saturating_add(limit));
    let last = position.checked_sub(1).and_then(|last| keys.get(last));
    let end = last
        .filter(|_| position < keys.len())
        .map(|key| PageEnd { key: *key, position });
    Page {
        hits,
        items,
        end,
        order,
    }
}

/// Lets a draw decide about the places of near equals. `list` is the id of what the list is for.
fn drawn(order: FairOrder, swaps: bool, items: Vec<(RankKey, usize)>, list: u128, week: i32) -> FairOrder {
    match swaps {
        true => order.swapped(&items, list as u64, week as u32),
        false => order,
    }
}

/// Ranks workers for a need.
pub fn rank_workers(
    db: &mut Db,
    snapshot: &Snapshot,
    need: &Need,
    options: &WorkerRankingOptions,
) -> Result<(WorkerRanking, Option<FairOrder>)> {
    let fair = if options.history.is_some() { " fair" } else { "" };
    let cursors = format!("{}{fair}", options.name);
    let Inquiry {
        deliverable,
        request,
        team,
        weights,
        weights_version,
        ..
    } = options.inquiry;
    let limit = http::page::limit(options.limit)? as usize;
    let previous = PageEnd::decode(options.cursor, &cursors)?;
    let (index, query) = (&snapshot.index, snapshot.index.query(need, *weights));
    // Members of the team aren't ranked for another place in it.
    let list = |limit| index.search_team(&query, options.role, limit, team.ranked());
    let spread = options.history.as_deref().map(|history| {
        |best: &[TeamHit]| {
            let listed = |TeamHit { hit, .. }: &TeamHit| Listed {
                key: hit.key,
                role: hit.role,
                had: history.of_worker(hit.candidate.id),
            };
            let listed: Vec<Listed> = best.iter().map(listed).collect();
            let order = fairness::spread(&listed, history.week as u32);
            let items = listed.iter().map(|one| (one.key, one.role)).collect();
            drawn(order, options.swaps, items, need.id, history.week)
        }
    });
    let page = page(limit, previous, list, |hit| (hit.hit.key, hit.by_fit), spread);
    let items = page.items.into_iter();
    let items: Vec<(&TeamHit, RankPosition)> = items
        .filter_map(|(hit, position)| Some((page.hits.get(hit)?, position)))
        .collect();
    let ids: Vec<Id> = items
        .iter()
        .map(|(hit, _)| Id(Uuid::from_u128(hit.hit.candidate.id)))
        .collect();
    let labels = workers::store::labels(db, &ids)?;
    let applied = match deliverable {
        Some(deliverable) => team::applied_of(db, deliverable.id, &ids)?,
        None => HashMap::new(),
    };
    let (explainer, words) = (snapshot.explainer(options.language), encode::words(request));
    let meetings = MeetingsAhead::of(db, deliverable.as_ref())?;
    let item = |(TeamHit { hit, above, .. }, position): &(&TeamHit, RankPosition)| {
        let id = Id(Uuid::from_u128(hit.candidate.id));
        let (label, assessment) = labels.get(&id).zip(hit.assess(&query))?;
        let role = need.roles.get(assessment.role).map(|role| role.role);
        Some(WorkerMatch {
            position: *position,
            worker: explainer.brief(id, label, role),
            application: applied.get(&hit.candidate.id).cloned(),
            joining: meetings
                .as_ref()
                .map(|meetings| explainer.joining(meetings, need, &hit.candidate)),
            explanation: explainer.explain(&query, &words, &hit.candidate, &assessment, *above),
        })
    };
    let items = items.iter().filter_map(item).collect();
    let census = options.counts.then(|| index.census(&query, options.role));
    let week = options.history.as_ref().map(|history| history.week);
    let fairness = week.zip(page.order.as_ref());
    let summary = summary(census.as_ref(), weights, weights_version, snapshot, fairness);
    let passing = |role| team.passing(index, &query, role);
    let passed_by_role = census.as_ref().map(|census| {
        let of_role = |(role, passed): (&usize, &usize)| RolePassed {
            role: explainer.role_code(need, *role),
            passed: passed.saturating_sub(passing(Some(*role))),
        };
        census.passed_in.iter().map(of_role).collect()
    });
    let ranking = WorkerRanking {
        deliverable: deliverable.as_ref().map(DeliverableBrief::of),
        team: team.shown(db, &explainer)?,
        summary: summary.without_members(passing(options.role)),
        passed_by_role,
        items,
        next: page.end.map(|end| end.encode(&cursors)),
        included: None,
    };
    Ok((ranking, page.order))
}

/// Ranks open deliverables for a worker.
pub fn rank_deliverables(
    db: &mut Db,
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
    let best = |limit| {
        let hits = needs
            .search(&candidate, weights, RankRange::best(limit), is_visible)
            .0;
        hits.into_iter().enumerate().collect::<Vec<_>>()
    };
    let population = snapshot.index.population();
    let lift = options.fair_week.map(|week| {
        move |best: &[(usize, NeedHit)]| {
            let uptake = |(_, hit): &(usize, NeedHit)| {
                let open = snapshot.open_deliverable(hit.key.need);
                (
                    hit.key,
                    open.map(|open| open.uptake(population)).unwrap_or_default(),
                )
            };
            let order = fairness::lift(&best.iter().map(uptake).collect::<Vec<_>>(), week as u32);
            let items = best.iter().map(|(_, hit)| (hit.key, 0)).collect();
            drawn(order, options.swaps, items, worker.id.0.as_u128(), week)
        }
    });
    let page = page(limit, previous, best, |(by_fit, hit)| (hit.key, *by_fit), lift);
    let explainer = snapshot.explainer(options.language);
    let open = |hit: &NeedHit| snapshot.open_deliverable(hit.key.need);
    let shown = page.items.iter().filter_map(|(hit, _)| page.hits.get(*hit));
    let leads: BTreeSet<Id> = shown
        .filter_map(|(_, hit)| Some(open(hit)?.deliverable.request.organization_id))
        .collect();
    let leads: Vec<Id> = leads.into_iter().collect();
    let tallies = responses::of_organizations(db, &leads, day_number(calendar::today()))?;
    let item = |(hit, position): (usize, RankPosition)| {
        let (by_fit, hit) = page.hits.get(hit)?;
        let above = by_fit.checked_sub(1).and_then(|above| page.hits.get(above));
        let above = above.map(|(_, hit)| hit.key);
        let open = open(hit)?;
        let query = hit.prepared.query(weights, snapshot.index.population());
        let words = encode::words(&open.deliverable.request);
        let uptake = open.uptake(population);
        Some(DeliverableMatch {
            position,
            deliverable: DeliverableBrief::of(&open.deliverable),
            applications_received: uptake.applications,
            organization_response: explainer.organization_response(
                tallies
                    .get(&open.deliverable.request.organization_id)
                    .map(ResponseTally::responses)
                    .unwrap_or_default(),
            ),
            open_share_ppm: uptake.open_ppm(),
            application: options.applied.get(open.deliverable.id).cloned(),
            explanation: explainer.explain(&query, &words, &candidate, &hit.assessment, above),
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
        included: None,
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
        let item = |item: &WorkerMatch| item.position.shown(item.worker.id, &item.explanation);
        let shown = self.summary.shown(role, self.items.iter().map(item).collect());
        ShownList::new(viewer, ListKind::Workers, deliverable, order, shown)
    }
}

impl DeliverableRanking {
    /// Returns the entry for the log of shown lists.
    pub fn shown(&self, viewer: &Viewer, order: Option<&FairOrder>) -> ShownList {
        let item = |item: &DeliverableMatch| item.position.shown(item.deliverable.id, &item.explanation);
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
    /// `rank` and `fit_rank` count from 0.
    fn placed(rank: usize, fit_rank: usize, placement: &Placement) -> RankPosition {
        RankPosition {
            rank: rank as u64 + 1,
            fit_rank: fit_rank as u64 + 1,
            adjusted_ppm: placement.adjusted_ppm,
            newcomer: placement.newcomer,
            swap: placement.swap.map(|swap| RankSwap {
                with_rank: swap.with as u64 + 1,
                swapped: swap.swapped,
                propensity_ppm: fairness::SWAP_PPM,
            }),
        }
    }

    fn shown(&self, id: Id, explanation: &FitExplanation) -> ShownItem {
        let value = |component: Component| {
            let mut shown = explanation.components.iter();
            let shown = shown.find(|one| one.name.0 == component.code());
            shown.map_or(0, |one| one.value_ppm as u32)
        };
        ShownItem {
            id,
            rank: self.rank,
            fit_rank: self.fit_rank,
            fit_ppm: explanation.fit_ppm,
            adjusted_ppm: self.adjusted_ppm,
            swap: self.swap,
            role: Some(explanation.role.to_string()),
            values_ppm: Some(COMPONENTS.into_iter().map(value).collect()),
        }
    }
}
