//! The way through the trees: best bound first, until the best remaining bound is too low.

use super::candidates::CandidateIndex;
use super::delta::ChangedCandidate;
use super::lens::{Commute, Lens, PartialFit, ProfileScores};
use super::sets::Sets;
use super::top::{Effort, Hit, Location, RankRange, Top};
use super::traits::{CUT, RESTRICTED, SHUT, Traits};
use super::tree::{Children, Entry, LEAF, Node, Tree};
use crate::ppm::PPM;
use crate::profile::ProfileKey;
use crate::words::{first_term, widest_cap_ppm};
use crate::{Candidate, Fit, Query, RankKey};
use std::collections::BinaryHeap;
use std::sync::Arc;

/// How many candidates are looked up together.
const TOGETHER: usize = 16;

/// A group or a candidate on the frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct FrontierItem {
    bound: u32,
    cell: u16,
    at: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    /// A whole cell.
    Root,
    /// A position among the tree's nodes.
    Node(u32),
    /// One candidate, by position among the tree's entries. Only the text is still unknown.
    Entry(u32),
}

struct Search<'i, 'q> {
    index: &'i CandidateIndex,
    query: &'i Query<'q>,
    /// The position of the role in the need.
    role: usize,
    lens: Lens<'q>,
    tree: Arc<Tree>,
    /// The largest value of the text, by the number of pieces.
    text_caps: [u64; 4],
    top: Top,
}

impl CandidateIndex {
    /// Searches a part of the ranking for a role of a need, by its position, best first. The query has to come from
    /// [`CandidateIndex::query`]. [`CandidateIndex::search_team`] searches for all roles.
    pub fn search(&self, query: &Query, role: usize, range: RankRange) -> (Vec<Hit>, Effort) {
        let asked = query.need.roles.get(role);
        let key = asked.map(|asked| ProfileKey::of(query.need, asked));
        let Some(tree) = key.and_then(|key| self.trees(&[key]).pop()) else {
            return (Vec::new(), Effort::default());
        };
        let mut search = Search {
            index: self,
            query,
            role,
            tree,
            text_caps: std::array::from_fn(|pieces| query.words().cap_ppm(pieces)),
            lens: Lens::new(query),
            top: Top::new(range),
        };
        if range.limit > 0 {
            search.base();
            search.delta();
        }
        search.into_hits()
    }
}

impl Search<'_, '_> {
    fn base(&mut self) {
        let tree = Arc::clone(&self.tree);
        let mut frontier: BinaryHeap<FrontierItem> = BinaryHeap::new();
        let commutes = tree.cells.iter().map(|cell| cell.commute(&self.lens));
        let commutes: Vec<Option<Commute>> = commutes.collect();
        for (i, (cell, commute)) in tree.cells.iter().zip(&commutes).enumerate() {
            if let Some(bound) = commute.and_then(|commute| self.bound(&cell.root, &commute)) {
                frontier.push(FrontierItem {
                    bound,
                    cell: i as u16,
                    at: Target::Root,
                });
            }
        }
        let (mut near, mut waiting) = (Vec::with_capacity(LEAF), Vec::with_capacity(TOGETHER));
        while let Some(ahead) = frontier.pop().filter(|ahead| ahead.bound >= self.top.floor()) {
            let cell = usize::from(ahead.cell);
            let Some(commute) = commutes.get(cell).copied().flatten() else {
                continue;
            };
            let node = match ahead.at {
                Target::Root => tree.cells.get(cell).map(|cell| &cell.root),
                Target::Node(node) => tree.nodes.get(node as usize),
                Target::Entry(entry) => {
                    if let Some(entry) = tree.entries.get(entry as usize) {
                        waiting.push((*entry, commute));
                    }
                    if waiting.len() == TOGETHER {
                        self.look_up(&mut waiting);
                    }
                    continue;
                }
            };
            let Some(node) = node else { continue };
            let mut push = |bound: Option<u32>, at: Target| {
                if let Some(bound) = bound {
                    frontier.push(FrontierItem { bound, at, ..ahead });
                }
            };
            match tree.below(node) {
                Children::Nodes(range) => {
                    let first = range.start as u32;
                    for (i, below) in tree.nodes.get(range).unwrap_or_default().iter().enumerate() {
                        push(self.bound(below, &commute), Target::Node(first + i as u32));
                    }
                }
                Children::Leaf(first, entries, sets) => {
                    self.top.effort.leaves += 1;
                    let (mut promising, least) = self.promising(node, entries, sets, &commute);
                    // Copied before anything branches on them, so that their cache misses overlap.
                    near.clear();
                    while promising != 0 {
                        let i = promising.trailing_zeros();
                        promising &= promising - 1;
                        if let Some(entry) = entries.get(i as usize) {
                            near.push((first + i, *entry));
                        }
                    }
                    for (i, entry) in &near {
                        push(
                            self.entry_bound(&tree, *entry, &commute, least),
                            Target::Entry(*i),
                        );
                    }
                }
            }
        }
        self.look_up(&mut waiting);
    }

    /// Returns the bound of a group, or `None` if no member can pass or enter.
    fn bound(&mut self, node: &Node, commute: &Commute) -> Option<u32> {
        self.top.effort.nodes += 1;
        let settled = self.lens.settle(&node.best, commute)?;
        let bound = self.lens.fit(&settled, self.best_of(node));
        (bound >= self.top.floor()).then_some(bound)
    }

    fn best_of(&self, node: &Node) -> ProfileScores {
        ProfileScores {
            skill_ppm: node.skill_ppm.into(),
            experience_ppm: node.experience_ppm.into(),
            reliability_ppm: node.reliability_ppm.into(),
            text_ppm: self.text_bound(&node.best),
        }
    }

    #[inline(always)]
    fn text_bound(&self, traits: &Traits) -> u64 {
        self.text_caps.get(traits.pieces()).copied().unwrap_or(PPM)
    }

    /// Returns a bit for each entry worth a look, and the least worth of skill and experience.
    fn promising(
        &self,
        node: &Node,
        entries: &[Entry],
        sets: Option<&Sets>,
        commute: &Commute,
    ) -> (u64, u64) {
        let all = u64::MAX >> (LEAF - entries.len().clamp(1, LEAF));
        let Some(settled) = self.lens.settle(&node.best, commute) else {
            return (0, 0);
        };
        let (floor, best) = (self.top.floor(), self.best_of(node));
        let least = self.lens.least_worth(&settled, best, floor);
        let promising = sets.map_or(all, |sets| {
            let losses = self.lens.losses(&node.best, &settled, best, floor);
            all & sets.promising(self.query.need, losses.as_ref())
        });
        (promising, least)
    }

    /// Returns the bound of one candidate from what the tree knows, or `None` if it is too low.
    fn entry_bound(&mut self, tree: &Tree, entry: Entry, commute: &Commute, least: u64) -> Option<u32> {
        let seen = tree.scores_of(entry);
        if self.lens.worth(seen.skill_ppm, seen.experience_ppm) < least {
            return None;
        }
        self.top.effort.scored += 1;
        let traits = entry.traits();
        let settled = self.lens.settle(&traits, commute)?;
        let text_ppm = self.text_bound(&traits);
        let bound = self.lens.fit(&settled, ProfileScores { text_ppm, ..seen });
        if bound < self.top.floor() {
            return None;
        }
        let least = self.lens.fit(&settled, seen);
        if least > self.top.sure_floor() && self.is_sure(entry, &traits) {
            self.top.count_on(least);
        }
        Some(bound)
    }

    /// Returns whether a candidate is certain to be ranked with the traits of the entry.
    fn is_sure(&self, entry: Entry, traits: &Traits) -> bool {
        let rough = self.lens.is_rough || traits.has(RESTRICTED | CUT) || self.top.range.after.is_some();
        !rough && !self.index.delta.is_stale(entry.position() as usize)
    }

    /// Computes the exact fits of candidates who may enter.
    fn look_up(&mut self, waiting: &mut Vec<(Entry, Commute)>) {
        let base = &self.index.base;
        let known = |(entry, commute): (Entry, Commute)| {
            let position = entry.position() as usize;
            let candidate = base.candidates.get(position)?;
            Some((entry, commute, *base.traits.get(position)?, candidate))
        };
        let known: Vec<_> = waiting.drain(..).filter_map(known).collect();
        // Read before anything depends on it, so that the cache misses overlap.
        let words = known.iter().filter(|_| self.lens.text_counts());
        std::hint::black_box(words.fold(0, |read, (.., candidate)| read ^ first_term(&candidate.evidence)));
        for (entry, commute, traits, candidate) in known {
            if self.index.delta.is_stale(entry.position() as usize) {
                continue;
            }
            self.top.effort.looked_up += 1;
            let Some(settled) = self.lens.settle(&traits, &commute) else {
                continue;
            };
            let here = self.tree.scores_of(entry);
            if let Some(fit) = self.exactly(candidate, &traits, &settled, Some(here)) {
                let key = self.query.key(candidate, &fit);
                self.top.offer(key, self.role, Location::Base(entry.position()));
            }
        }
    }

    /// Returns the fit exactly as the scan does. `here` has the values that the tree knows.
    fn exactly(
        &self,
        candidate: &Candidate,
        traits: &Traits,
        settled: &PartialFit,
        here: Option<ProfileScores>,
    ) -> Option<Fit> {
        if self.lens.is_rough || traits.has(RESTRICTED) {
            let assessed = self.query.assess(candidate, self.role)?;
            return assessed.failed.is_empty().then_some(assessed.fit);
        }
        let matched = self.lens.text_counts().then(|| self.query.text_match(candidate));
        let text_ppm = matched.flatten().map_or(0, |matched| matched.value_ppm);
        let seen = here.or_else(|| self.tree.score(candidate, self.query.population))?;
        let fit_ppm = self.lens.fit(settled, ProfileScores { text_ppm, ..seen });
        Some(Fit {
            fit_ppm: fit_ppm.into(),
            organization_side_ppm: None,
            worker_side_ppm: None,
        })
    }

    /// Looks through the changed candidates. They are too few for a tree, and most fall below what the trees
    /// gave.
    fn delta(&mut self) {
        for (i, ChangedCandidate { candidate, traits }) in self.index.delta.iter().enumerate() {
            if traits.has(SHUT) {
                continue;
            }
            let Some(commute) = self.lens.commute(candidate.area, candidate.remote) else {
                continue;
            };
            let Some(settled) = self.lens.settle(traits, &commute) else {
                continue;
            };
            self.top.effort.scored += 1;
            let best = ProfileScores {
                skill_ppm: PPM,
                experience_ppm: PPM,
                reliability_ppm: PPM,
                // Their evidence is not in the corpus.
                text_ppm: widest_cap_ppm(candidate.evidence.len()),
            };
            let bound = self.lens.fit(&settled, best);
            if bound < self.top.floor() {
                continue;
            }
            if let Some(fit) = self.exactly(candidate, traits, &settled, None) {
                let key = self.query.key(candidate, &fit);
                self.top.offer(key, self.role, Location::Delta(i as u32));
            }
        }
    }

    fn into_hits(self) -> (Vec<Hit>, Effort) {
        let hit = |(key, role, who): (RankKey, usize, Location)| {
            let candidate = match who {
                Location::Base(position) => self.index.base.candidates.get(position as usize),
                Location::Delta(i) => self.index.delta.at(i as usize).map(|changed| &changed.candidate),
            };
            Some(Hit {
                key,
                role,
                candidate: Arc::clone(candidate?),
            })
        };
        let effort = self.top.effort;
        let hits = self.top.into_sorted().into_iter().filter_map(hit).collect();
        (hits, effort)
    }
}
