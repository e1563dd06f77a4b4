//! The way through the trees: best bound first, until the best bound left falls short.

use super::Index;
use super::delta::Changed;
use super::lens::{Lens, Reach, Settled};
use super::sets::Sets;
use super::traits::{NO_EVIDENCE, RESTRICTED, SHUT, Traits};
use super::tree::{Below, Entry, LEAF, Node, Tree};
use crate::matcher::population::NEUTRAL_PPM;
use crate::matcher::ppm::PPM;
use crate::matcher::profile::ProfileKey;
use crate::matcher::{Assessment, Candidate, Fit, Query, RankKey};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::sync::Arc;

/// Which part of a ranking.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The position of the one role asked for; `None` has each candidate in the role where they fit best.
    pub role: Option<usize>,
    /// How many.
    pub most: usize,
    /// Only those who stand behind this key.
    pub after: Option<RankKey>,
    /// Nobody with a lower fit.
    pub least_fit_ppm: u32,
}

impl Wanted {
    pub fn best(most: usize) -> Wanted {
        Wanted {
            role: None,
            most,
            after: None,
            least_fit_ppm: 0,
        }
    }
}

/// Somebody found.
#[derive(Debug, Clone)]
pub struct Hit {
    pub key: RankKey,
    pub role: usize,
    pub candidate: Arc<Candidate>,
}

/// What a search cost: figures that repeat exactly, unlike times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// Groups whose bound was computed.
    pub nodes: usize,
    /// Leaves that were opened.
    pub leaves: usize,
    /// Candidates whose fit was computed, in one role each.
    pub scored: usize,
    /// Candidates of whom more than the traits was looked up.
    pub looked_up: usize,
}

/// The best so far.
struct Top {
    wanted: Wanted,
    heap: BinaryHeap<(RankKey, usize, Ranked)>,
    effort: Effort,
}

/// Where the candidate is to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ranked {
    InMain(u32),
    InDelta(u32),
}

impl Top {
    /// Nothing below this fit can enter. An equal one still may: the hash decides ties.
    fn floor(&self) -> u32 {
        let full = self.heap.len() >= self.wanted.most;
        let last = self.heap.peek().filter(|_| full);
        last.map_or(0, |(key, ..)| key.fit_ppm.0 as u32)
            .max(self.wanted.least_fit_ppm)
    }

    fn offer(&mut self, key: RankKey, role: usize, who: Ranked) {
        let wanted = &self.wanted;
        let behind = wanted.after.is_none_or(|after| key > after);
        if behind && key.fit_ppm.0 >= u64::from(wanted.least_fit_ppm) {
            self.heap.push((key, role, who));
            if self.heap.len() > wanted.most {
                self.heap.pop();
            }
        }
    }
}

/// A group on the frontier, or whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ahead {
    bound: u32,
    tree: u16,
    cell: u16,
    /// Position among the tree's nodes; the cell's root otherwise.
    node: Option<u32>,
}

struct Search<'i, 'q> {
    index: &'i Index,
    query: &'i Query<'q>,
    lens: Lens<'q>,
    /// A role's position in the need, and its tree.
    trees: Vec<(usize, Arc<Tree>)>,
    /// By tree and cell.
    reaches: Vec<Vec<Option<Reach>>>,
    text_cap: u64,
    text_mean: u64,
    top: Top,
    /// Positions that were met in the tree of another role.
    met: HashSet<u32>,
}

impl Index {
    /// Part of the ranking of candidates for a need, best first. The query has to come from [`Index::query`].
    pub fn search(&self, query: &Query, wanted: Wanted) -> (Vec<Hit>, Effort) {
        let roles = query.need.roles.iter().enumerate();
        let roles = roles.filter(|(i, _)| wanted.role.is_none_or(|only| only == *i));
        let roles: Vec<(usize, ProfileKey)> = roles
            .map(|(i, role)| (i, ProfileKey::of(query.need, role)))
            .collect();
        let keys: Vec<ProfileKey> = roles.iter().map(|(_, key)| key.clone()).collect();
        let positions = roles.into_iter().map(|(i, _)| i);
        let trees: Vec<(usize, Arc<Tree>)> = positions.zip(self.trees(&keys)).collect();
        let lens = Lens::new(query);
        let text_counts = lens.text_counts();
        let mean = || query.words().mean_ppm(query.population).unwrap_or(NEUTRAL_PPM);
        let mut search = Search {
            index: self,
            query,
            trees,
            reaches: Vec::new(),
            text_cap: if text_counts {
                query.words().query.cap_ppm()
            } else {
                0
            },
            text_mean: if text_counts { mean() } else { 0 },
            lens,
            top: Top {
                wanted,
                heap: BinaryHeap::new(),
                effort: Effort::default(),
            },
            met: HashSet::new(),
        };
        if wanted.most > 0 {
            search.main();
            search.delta();
        }
        search.found()
    }
}

impl Search<'_, '_> {
    fn main(&mut self) {
        let mut frontier: BinaryHeap<Ahead> = BinaryHeap::new();
        for tree in 0..self.trees.len() {
            let Some((_, of_role)) = self.trees.get(tree).cloned() else {
                continue;
            };
            let mut reaches = Vec::with_capacity(of_role.cells.len());
            for (i, cell) in of_role.cells.iter().enumerate() {
                let reach = cell.reach(&self.lens);
                reaches.push(reach);
                let ahead = reach.and_then(|reach| self.bound(&cell.root, &reach));
                frontier.extend(ahead.map(|bound| Ahead {
                    bound,
                    tree: tree as u16,
                    cell: i as u16,
                    node: None,
                }));
            }
            self.reaches.push(reaches);
        }
        let mut near = Vec::with_capacity(LEAF);
        while let Some(ahead) = frontier.pop().filter(|ahead| ahead.bound >= self.top.floor()) {
            let Some((role, tree)) = self.trees.get(usize::from(ahead.tree)).cloned() else {
                continue;
            };
            let reaches = self.reaches.get(usize::from(ahead.tree));
            let reach = reaches
                .and_then(|r| r.get(usize::from(ahead.cell)))
                .copied()
                .flatten();
            let cell = tree.cells.get(usize::from(ahead.cell));
            let node = match ahead.node {
                Some(node) => tree.nodes.get(node as usize),
                None => cell.map(|cell| &cell.root),
            };
            let Some((reach, node)) = reach.zip(node) else {
                continue;
            };
            match tree.below(node) {
                Below::Nodes(range) => {
                    let first = range.start as u32;
                    for (i, below) in tree.nodes.get(range).unwrap_or_default().iter().enumerate() {
                        let bound = self.bound(below, &reach);
                        frontier.extend(bound.map(|bound| Ahead {
                            bound,
                            node: Some(first + i as u32),
                            ..ahead
                        }));
                    }
                }
                Below::Leaf(entries, sets) => {
                    self.leaf(role, &tree, node, (entries, sets), &reach, &mut near);
                }
            }
        }
    }

    /// What nobody in the group exceeds; `None` where none of them can pass or enter.
    fn bound(&mut self, node: &Node, reach: &Reach) -> Option<u32> {
        self.top.effort.nodes += 1;
        let settled = self.lens.settle(&node.best, reach)?;
        let text = self.text_bound(&node.best);
        let bound = self
            .lens
            .fit(&settled, node.skill_ppm.into(), node.experience_ppm.into(), text);
        (bound >= self.top.floor()).then_some(bound)
    }

    fn text_bound(&self, traits: &Traits) -> u64 {
        if traits.has(NO_EVIDENCE) {
            self.text_cap.max(self.text_mean)
        } else {
            self.text_cap
        }
    }

    /// A bit for each entry that is worth a look.
    fn promising(&self, node: &Node, entries: &[Entry], sets: Option<&Sets>, reach: &Reach) -> u64 {
        let all = u64::MAX >> (LEAF - entries.len().clamp(1, LEAF));
        let Some(sets) = sets else { return all };
        let (floor, text) = (self.top.floor(), self.text_bound(&node.best));
        let (skill, experience) = (node.skill_ppm.into(), node.experience_ppm.into());
        let reaches = |traits: &Traits| {
            let settled = self.lens.settle(traits, reach);
            settled.is_some_and(|settled| self.lens.fit(&settled, skill, experience, text) >= floor)
        };
        all & sets.promising(&node.best, self.query.need, reaches)
    }

    fn leaf(
        &mut self,
        role: usize,
        tree: &Tree,
        node: &Node,
        (entries, sets): (&[Entry], Option<&Sets>),
        reach: &Reach,
        near: &mut Vec<(Entry, Traits)>,
    ) {
        self.top.effort.leaves += 1;
        let mut promising = self.promising(node, entries, sets, reach);
        let Some(best) = self.lens.settle(&node.best, reach) else {
            return;
        };
        let text = self.text_bound(&node.best);
        let least = self.lens.least_worth(&best, text, self.top.floor());
        // Copied before anything branches on them, so that their cache misses overlap.
        near.clear();
        while promising != 0 {
            let entry = entries.get(promising.trailing_zeros() as usize);
            promising &= promising - 1;
            let worthy =
                |entry: &&Entry| self.lens.worth(entry.skill_ppm(), tree.experience_of(**entry)) >= least;
            let with_traits = |entry: &Entry| {
                let traits = self.index.main.traits.get(entry.position() as usize)?;
                Some((*entry, *traits))
            };
            near.extend(entry.filter(worthy).and_then(with_traits));
        }
        for (entry, traits) in near.iter() {
            self.top.effort.scored += 1;
            let Some(settled) = self.lens.settle(traits, reach) else {
                continue;
            };
            let (skill, experience) = (entry.skill_ppm(), tree.experience_of(*entry));
            let bound = self
                .lens
                .fit(&settled, skill, experience, self.text_bound(traits));
            let floor = self.top.floor();
            if bound < floor || self.index.delta.is_stale(entry.position() as usize) {
                continue;
            }
            self.top.effort.looked_up += 1;
            let Some(candidate) = self.index.main.candidates.get(entry.position() as usize) else {
                continue;
            };
            if self.trees.len() > 1 && !self.met.insert(entry.position()) {
                continue;
            }
            let here = (role, skill, experience);
            if let Some((fit, role)) = self.exactly(candidate, traits, &settled, Some(here)) {
                let key = self.query.key(candidate, &fit);
                self.top.offer(key, role, Ranked::InMain(entry.position()));
            }
        }
    }

    /// Fit and role, as the scan has them. `here` is what is known of one role already.
    fn exactly(
        &self,
        candidate: &Candidate,
        traits: &Traits,
        settled: &Settled,
        here: Option<(usize, u64, u64)>,
    ) -> Option<(Fit, usize)> {
        if self.lens.is_rough || traits.has(RESTRICTED) {
            let best = self.query.best(candidate, self.top.wanted.role)?;
            return best.failed.is_empty().then_some((best.fit, best.role));
        }
        let text = match traits.has(NO_EVIDENCE) {
            _ if !self.lens.text_counts() => 0,
            true => self.text_mean,
            false => self.query.best_piece(candidate).map_or(0, |(ppm, _)| ppm),
        };
        let of_role = |(role, tree): &(usize, Arc<Tree>)| {
            let known = here.filter(|(known, ..)| known == role);
            let known = known.map(|(_, skill, experience)| (skill, experience));
            let (skill, experience) = known.or_else(|| tree.meet(candidate, self.query.population))?;
            Some((self.lens.fit(settled, skill, experience, text), Reverse(*role)))
        };
        let (fit_ppm, Reverse(role)) = self.trees.iter().filter_map(of_role).max()?;
        let fit = Fit {
            fit_ppm: fit_ppm.into(),
            organization_side_ppm: None,
            worker_side_ppm: None,
        };
        Some((fit, role))
    }

    /// Those who changed since: too few for a tree, and most of them fall short of what the trees gave.
    fn delta(&mut self) {
        // Their evidence is not in the corpus.
        let text_cap = self.query.words().query.widest_cap_ppm();
        for (i, Changed { candidate, traits }) in self.index.delta.iter().enumerate() {
            if traits.has(SHUT) {
                continue;
            }
            let Some(reach) = self.lens.reach(candidate.area, candidate.remote) else {
                continue;
            };
            let Some(settled) = self.lens.settle(traits, &reach) else {
                continue;
            };
            self.top.effort.scored += 1;
            let bound = self.lens.fit(&settled, PPM, PPM, text_cap.max(self.text_mean));
            if bound < self.top.floor() {
                continue;
            }
            if let Some((fit, role)) = self.exactly(candidate, traits, &settled, None) {
                let key = self.query.key(candidate, &fit);
                self.top.offer(key, role, Ranked::InDelta(i as u32));
            }
        }
    }

    fn found(self) -> (Vec<Hit>, Effort) {
        let hit = |(key, role, who): (RankKey, usize, Ranked)| {
            let candidate = match who {
                Ranked::InMain(position) => self.index.main.candidates.get(position as usize),
                Ranked::InDelta(i) => self.index.delta.at(i as usize).map(|changed| &changed.candidate),
            };
            Some(Hit {
                key,
                role,
                candidate: Arc::clone(candidate?),
            })
        };
        let hits = self
            .top
            .heap
            .into_sorted_vec()
            .into_iter()
            .filter_map(hit)
            .collect();
        (hits, self.top.effort)
    }
}

impl Hit {
    /// Every gate and component, as the explanation wants them.
    pub fn assess(&self, query: &Query) -> Option<Assessment> {
        query.assess(&self.candidate, self.role)
    }
}
