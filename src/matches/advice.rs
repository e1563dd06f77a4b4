//! What would change a ranking: for one worker, and for a deliverable that too few pass.

use super::explain::Explainer;
use super::snapshot::Snapshot;
use super::view::{
    ChangesView, DeliverableBrief, EasingView, EasingsView, GateView, SuggestionView, WorkerBrief,
};
use super::words::code_of_role;
use crate::catalogue::Format;
use matcher::ease::{easings, kept_out_by};
use matcher::improve::smallest_changes;
use matcher::index::{Index, Wanted};
use matcher::{Candidate, Need, Query, RankKey, Weights};
use std::cmp::Reverse;
use std::sync::Arc;

/// Where a worker stands or would stand by fit, from 0.
pub fn place(index: &Index, query: &Query, only: Option<usize>, key: RankKey) -> (usize, Option<RankKey>) {
    let wanted = Wanted {
        role: only,
        least_fit_ppm: key.fit_ppm.0 as u32,
        ..Wanted::best(usize::MAX)
    };
    let (hits, _) = index.search(query, wanted);
    let before = hits.partition_point(|hit| hit.key < key);
    let above = hits.get(..before).and_then(|hits| hits.last());
    (before, above.map(|hit| hit.key))
}

/// What a worker could change to pass, or to reach a rank.
pub fn changes(
    snapshot: &Snapshot,
    need: &Need,
    (deliverable, worker): (DeliverableBrief, WorkerBrief),
    candidate: &Candidate,
    (only, target): (Option<usize>, Option<usize>),
    explainer: &Explainer,
) -> Option<ChangesView> {
    let (index, weights) = (&snapshot.index, Weights::default());
    let query = index.query(need, weights);
    let now = query.best(candidate, only)?;
    let is_ranked = now.failed.is_empty();
    let (before, _) = place(index, &query, only, query.key(candidate, &now.fit));
    // One better than now, unless told otherwise; to pass, where they don't.
    let target = target.or(is_ranked.then_some(before.max(1)));
    // Reaching a rank is standing before all but so many of the others.
    let most = target.map_or(0, |target| target + 1);
    let (best, _) = index.search(
        &query,
        Wanted {
            role: only,
            ..Wanted::best(most)
        },
    );
    let others = best.iter().filter(|hit| hit.candidate.id != candidate.id);
    let keys: Vec<RankKey> = others.map(|hit| hit.key).collect();
    let to_beat = target
        .and_then(|target| keys.get(target.checked_sub(1)?))
        .copied();
    let reached = is_ranked && target.is_some_and(|target| before < target);
    let suggestions = if reached {
        Vec::new()
    } else {
        smallest_changes(&query, candidate, only, |key| {
            to_beat.is_none_or(|other| key < other)
        })
    };
    let suggestion = |suggestion: matcher::improve::Suggestion| {
        // Ranked again, with the change.
        let changed = Arc::new(suggestion.changed);
        let then = index.with([(changed.id, Some(Arc::clone(&changed)))]);
        let query = then.query(need, weights);
        let assessment = query.best(&changed, only)?;
        let (before, _) = place(&then, &query, only, query.key(&changed, &assessment.fit));
        let rank = before + 1;
        let (code, details, (ja, en)) = explainer.change(need, suggestion.change);
        Some(SuggestionView {
            change: code.to_owned(),
            details,
            role: code_of_role(explainer.catalogue, need, suggestion.role),
            fit_ppm: suggestion.fit_ppm,
            rank: rank as u64,
            because: explainer.words(
                format!("{ja}{rank}位になります。"),
                format!("Rank {rank} with {en}."),
            ),
        })
    };
    let failed = now.failed.iter().map(|gate| explainer.failed(*gate));
    Some(ChangesView {
        deliverable,
        worker,
        at_change: snapshot.at_change,
        is_ranked,
        rank: before as u64 + 1,
        target_rank: target.map(|target| target as u64),
        failed: failed.collect(),
        items: suggestions.into_iter().filter_map(suggestion).collect(),
    })
}

/// What each gate costs, and what easing a demand would bring.
pub fn easings_of(
    snapshot: &Snapshot,
    need: &Need,
    deliverable: DeliverableBrief,
    only: Option<usize>,
    explainer: &Explainer,
) -> EasingsView {
    let (index, population) = (&snapshot.index, snapshot.index.population());
    let count = |need: &Need| index.census(&Query::new(need, Weights::default(), population), only);
    let now = count(need);
    let removed: Vec<_> = now.removed().collect();
    let mut gates: Vec<GateView> = kept_out_by(index.everyone(), need, only, population)
        .into_iter()
        .filter_map(|(gate, would_pass)| {
            let removed = removed
                .iter()
                .find(|(other, _)| *other == gate)
                .map_or(0, |(_, n)| *n);
            let failed = explainer.failed(gate);
            (removed + would_pass > 0).then_some(GateView {
                gate: failed.gate,
                because: failed.because,
                removed,
                would_pass,
            })
        })
        .collect();
    gates.sort_by_key(|gate| (Reverse(gate.would_pass), Reverse(gate.removed)));
    let easing = |easing: matcher::ease::Easing| {
        let passed = count(&easing.apply(need)).passed;
        let more = passed.checked_sub(now.passed).filter(|more| *more > 0)?;
        let (code, details, (ja, en)) = explainer.easing(need, easing);
        Some(EasingView {
            easing: code.to_owned(),
            details,
            passed,
            more,
            because: explainer.words(
                format!("{ja}{passed}人(あと{more}人)になります。"),
                format!("{passed} would pass, {more} more, with {en}."),
            ),
        })
    };
    let formats = Format::ALL.len() as u16;
    let mut items: Vec<EasingView> = easings(need, formats).into_iter().filter_map(easing).collect();
    items.sort_by_key(|item| Reverse(item.more));
    EasingsView {
        deliverable,
        at_change: snapshot.at_change,
        considered: now.considered,
        passed: now.passed,
        gates,
        items,
    }
}
