//! What would change a ranking: improvements of one worker, and relaxations of a deliverable.

use super::explainer::Explainer;
use super::inquiry::Inquiry;
use super::snapshot::Snapshot;
use super::view::{
    DeliverableBrief, GateImpact, ImprovementList, RankedImprovement, Relaxation, RelaxationList, WorkerBrief,
};
use crate::catalogue::Format;
use crate::deliverables::NewDeliverable;
use matcher::fairness::WINDOW;
use matcher::improve::smallest_changes;
use matcher::index::{CandidateIndex, RankRange};
use matcher::relax::{passing_without, relaxations};
use matcher::{Assessment, Candidate, EntryNo, Need, Query, RankKey, Weights, improve, relax};
use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;
use strum::VariantArray;

/// Where a list has a candidate, or would have them.
pub struct Standing {
    /// In the role in which they are listed. Where a gate fails, it is the role where they pass the most gates.
    pub assessment: Assessment,
    /// The rank by fit in that role, from 1.
    pub rank: usize,
    /// The key of the candidate directly above in that role.
    pub above: Option<RankKey>,
}

impl Standing {
    /// Returns where the list for the team, or for one role, has a candidate. `members` are left out. Returns `None` if the
    /// need has no role.
    pub fn of(
        index: &CandidateIndex,
        query: &Query,
        role: Option<usize>,
        members: &HashSet<u128>,
        candidate: &Candidate,
    ) -> Option<Standing> {
        let best = query.best(candidate, role)?;
        let passed = query
            .roles(role)
            .filter(|role| query.passes(candidate, *role))
            .count();
        let listed = if passed > 1 {
            listed_role(index, query, members, candidate)
        } else {
            None
        };
        let assessment = listed
            .and_then(|role| query.assess(candidate, role))
            .unwrap_or(best);
        let key = query.key(candidate, &assessment.fit);
        let range = RankRange {
            min_fit_ppm: key.fit_ppm.0,
            ..RankRange::best(usize::MAX)
        };
        let (mut before, _) = index.search(query, assessment.role, range);
        before.retain(|hit| hit.key < key && !members.contains(&hit.candidate.id));
        Some(Standing {
            rank: before.len() + 1,
            above: before.last().map(|hit| hit.key),
            assessment,
        })
    }
}

/// Returns the role in which the list for the whole team has a candidate. The search goes down to where they are, and no
/// further than four times as deep.
fn listed_role(
    index: &CandidateIndex,
    query: &Query,
    members: &HashSet<u128>,
    candidate: &Candidate,
) -> Option<usize> {
    let mut depth = WINDOW;
    loop {
        let list = index.search_team(query, None, depth, members);
        let found = list.iter().find(|one| one.hit.candidate.id == candidate.id);
        if found.is_some() || list.len() < depth {
            return found.map(|one| one.hit.role);
        }
        depth = depth.saturating_mul(4);
    }
}

/// What improvements are for.
pub struct Target<'a> {
    /// The request as it is written.
    pub request: &'a NewDeliverable,
    /// The members of the team, who aren't ranked.
    pub members: &'a HashSet<u128>,
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
    (deliverable, worker): (Option<DeliverableBrief>, WorkerBrief),
    candidate: &Candidate,
    target: Target,
    explainer: &Explainer,
) -> Option<ImprovementList> {
    let (index, weights, role, members) = (&snapshot.index, target.weights, target.role, target.members);
    let asked = target.request;
    let query = index.query(need, weights);
    let Standing {
        assessment: now,
        rank,
        ..
    } = Standing::of(index, &query, role, members, candidate)?;
    let is_ranked = now.failed.is_empty();
    let target = target.rank.or(is_ranked.then_some((rank - 1).max(1)));
    let items = if is_ranked && target.is_some_and(|target| rank <= target) {
        Vec::new()
    } else {
        // To reach a rank, the worker has to beat the other worker who has it.
        let (best, _) = index.search(
            &query,
            now.role,
            RankRange::best(target.map_or(0, |target| target + 1 + members.len())),
        );
        let is_other = |id: u128| id != candidate.id && !members.contains(&id);
        let others = best.iter().filter(|hit| is_other(hit.candidate.id));
        let keys: Vec<RankKey> = others.map(|hit| hit.key).collect();
        let to_beat = target.and_then(|target| keys.get(target.checked_sub(1)?));
        let in_role = target.map(|_| now.role).or(role);
        smallest_changes(&query, candidate, in_role, |key| {
            to_beat.is_none_or(|other| key < *other)
        })
    };
    let improvement = |suggestion: improve::Suggestion| {
        let changed = Arc::new(suggestion.changed);
        let then = index.with([(changed.id, Some(Arc::clone(&changed)))]);
        let query = then.query(need, weights);
        let Standing { assessment, rank, .. } = Standing::of(&then, &query, role, members, &changed)?;
        let text = explainer.change(need, &asked.qualifications, suggestion.change);
        Some(RankedImprovement {
            change: text.code,
            details: text.details,
            role: explainer.role_code(need, assessment.role),
            fit_ppm: assessment.fit.fit_ppm,
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
    role: Option<usize>,
    inquiry: &Inquiry,
    explainer: &Explainer,
) -> RelaxationList {
    let (index, population) = (&snapshot.index, snapshot.index.population());
    let count = |need: &Need| {
        let query = Query::new(need, Weights::default(), population);
        let mut census = index.census(&query, role);
        // Members of the team aren't ranked for another place in it.
        census.passed = census
            .passed
            .saturating_sub(inquiry.team.passing(index, &query, role));
        census
    };
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
        let text = explainer.relaxation(need, &inquiry.request, relaxation);
        Some(Relaxation {
            relaxation: text.code,
            details: text.details,
            patch: explainer.patch(need, &inquiry.request, relaxation),
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
        deliverable: inquiry.deliverable.as_ref().map(DeliverableBrief::of),
        at_change: snapshot.at_change,
        considered: now.considered,
        passed: now.passed,
        gates,
        items,
    }
}
