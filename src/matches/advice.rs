//! What would change a ranking: improvements of one worker, and relaxations of a deliverable.

use super::explainer::Explainer;
use super::snapshot::Snapshot;
use super::view::{
    DeliverableBrief, GateImpact, ImprovementList, RankedImprovement, Relaxation, RelaxationList, WorkerBrief,
};
use crate::catalogue::Format;
use matcher::improve::smallest_changes;
use matcher::index::{CandidateIndex, RankRange};
use matcher::relax::{passing_without, relaxations};
use matcher::{Candidate, EntryNo, Need, Query, RankKey, Weights, improve, relax};
use std::cmp::Reverse;
use std::sync::Arc;
use strum::VariantArray;

/// A rank by fit.
pub struct FitRank {
    /// From 1.
    pub rank: usize,
    /// The key of the candidate ranked directly above.
    pub above: Option<RankKey>,
}

/// Returns the rank by fit that a key has, or would have, among the candidates of an index.
pub fn fit_rank(index: &CandidateIndex, query: &Query, role: Option<usize>, key: RankKey) -> FitRank {
    let range = RankRange {
        min_fit_ppm: key.fit_ppm.0,
        ..RankRange::best(usize::MAX)
    };
    let (hits, _) = index.search(query, role, range);
    let before = hits.partition_point(|hit| hit.key < key);
    let above = hits.get(..before).and_then(|hits| hits.last());
    FitRank {
        rank: before + 1,
        above: above.map(|hit| hit.key),
    }
}

/// What improvements are for.
pub struct Target {
    pub weights: Weights,
    /// The only role to rank in, by its position in the need.
    pub role: Option<usize>,
    /// `None` aims one rank higher, or at passing every gate where one fails.
    pub rank: Option<usize>,
}

/// Suggests single changes that would let a worker pass every gate or reach a rank. Each is ranked again to
/// be sure.
///
/// Returns `None` where the need has no role to rank in.
pub fn improvements(
    snapshot: &Snapshot,
    need: &Need,
    (deliverable, worker): (DeliverableBrief, WorkerBrief),
    candidate: &Candidate,
    target: Target,
    explainer: &Explainer,
) -> Option<ImprovementList> {
    let (index, weights, role) = (&snapshot.index, target.weights, target.role);
    let query = index.query(need, weights);
    let now = query.best(candidate, role)?;
    let is_ranked = now.failed.is_empty();
    let rank = fit_rank(index, &query, role, query.key(candidate, &now.fit)).rank;
    let target = target.rank.or(is_ranked.then_some((rank - 1).max(1)));
    let items = if is_ranked && target.is_some_and(|target| rank <= target) {
        Vec::new()
    } else {
        // To reach a rank, the worker has to beat the other worker who has it.
        let (best, _) = index.search(
            &query,
            role,
            RankRange::best(target.map_or(0, |target| target + 1)),
        );
        let others = best.iter().filter(|hit| hit.candidate.id != candidate.id);
        let keys: Vec<RankKey> = others.map(|hit| hit.key).collect();
        let to_beat = target.and_then(|target| keys.get(target.checked_sub(1)?));
        smallest_changes(&query, candidate, role, |key| {
            to_beat.is_none_or(|other| key < *other)
        })
    };
    let improvement = |suggestion: improve::Suggestion| {
        let changed = Arc::new(suggestion.changed);
        let then = index.with([(changed.id, Some(Arc::clone(&changed)))]);
        let query = then.query(need, weights);
        let assessment = query.best(&changed, role)?;
        let rank = fit_rank(&then, &query, role, query.key(&changed, &assessment.fit)).rank;
        let text = explainer.change(need, suggestion.change);
        Some(RankedImprovement {
            change: text.code.to_owned(),
            details: text.details,
            role: explainer.role_code(need, suggestion.role),
            fit_ppm: suggestion.fit_ppm,
            rank: rank as u64,
            because: explainer.text(
                format!("{}{rank}位になります。", text.ja),
                format!("Rank {rank} with {}.", text.en),
            ),
        })
    };
    let failed = now.failed.iter().map(|gate| explainer.failed(*gate));
    Some(ImprovementList {
        deliverable,
        worker,
        at_change: snapshot.at_change,
        is_ranked,
        rank: rank as u64,
        target_rank: target.map(|target| target as u64),
        failed_gates: failed.collect(),
        items: items.into_iter().filter_map(improvement).collect(),
    })
}

/// Counts how many workers each gate removes, and how many would pass if one requirement were relaxed.
pub fn relaxation_list(
    snapshot: &Snapshot,
    need: &Need,
    deliverable: DeliverableBrief,
    role: Option<usize>,
    explainer: &Explainer,
) -> RelaxationList {
    let (index, population) = (&snapshot.index, snapshot.index.population());
    let count = |need: &Need| index.census(&Query::new(need, Weights::default(), population), role);
    let now = count(need);
    let impact = |(gate, would_pass)| {
        let removed = now.removed_by(gate);
        let failed = explainer.failed(gate);
        (removed + would_pass > 0).then_some(GateImpact {
            gate: failed.gate,
            because: failed.because,
            removed,
            would_pass,
        })
    };
    let gates = passing_without(index.everyone(), need, role, population).into_iter();
    let mut gates: Vec<GateImpact> = gates.filter_map(impact).collect();
    gates.sort_by_key(|gate| (Reverse(gate.would_pass), Reverse(gate.removed)));
    let relaxation = |relaxation: relax::Relaxation| {
        let passed = count(&relaxation.apply(need)).passed;
        let additional = passed.checked_sub(now.passed).filter(|more| *more > 0)?;
        let text = explainer.relaxation(need, relaxation);
        Some(Relaxation {
            relaxation: text.code.to_owned(),
            details: text.details,
            passed,
            additional_passed: additional,
            because: explainer.text(
                format!(
                    "{}条件に合う人は{passed}人（{additional}人増）になります。",
                    text.ja
                ),
                format!(
                    "{passed} workers would pass, {additional} more, with {}.",
                    text.en
                ),
            ),
        })
    };
    let formats = Format::VARIANTS.len() as EntryNo;
    let all = relaxations(need, formats).into_iter();
    let mut items: Vec<Relaxation> = all.filter_map(relaxation).collect();
    items.sort_by_key(|item| Reverse(item.additional_passed));
    RelaxationList {
        deliverable,
        at_change: snapshot.at_change,
        considered: now.considered,
        passed: now.passed,
        gates,
        items,
    }
}
