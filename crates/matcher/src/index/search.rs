//! The way through the trees: best bound first, until the best bound left falls short.

use super::Index;
use super::delta::Changed;
use super::lens::{Known, Lens, Reach, Settled};
use super::sets::Sets;
use super::top::{Effort, Hit, Ranked, Top, Wanted};
use super::traits::{CUT, NO_EVIDENCE, RESTRICTED, SHUT, Traits};
use super::tree::{Below, Entry, LEAF, Node, Tree};
use crate::bm25::first_term;
use crate::population::NEUTRAL_PPM;
use crate::ppm::PPM;
use crate::profile::ProfileKey;
use crate::{Candidate, Fit, Query, RankKey};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::sync::Arc;

/// How many candidates are looked up at a time.
const TOGETHER: usize = 16;

/// A group or a candidate on the frontier, or whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ahead {
    bound: u32,
    tree: u16,
    cell: u16,
    at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    /// The cell as a whole.
    Root,
    /// A position among the tree's nodes.
    Node(u32),
    /// One candidate, by position among the tree's entries, of whom everything but the text is settled.
    Entry(u32),
}

struct Search<'i, 'q> {
    index: &'i Index,
    query: &'i Query<'q>,
    lens: Lens<'q>,
    /// A role's position in the need, and its tree.
    trees: Vec<(usize, Arc<Tree>)>,
    text_cap: u64,
    text_mean: u64,
    top: Top,
    /// Positions that were met in the tree of another role.
    met: HashSet<u32>,
    /// Positions that were counted on.
    counted: HashSet<u32>,
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
            text_cap: if text_counts {
                query.words().query.cap_ppm()
            } else {
                0
            },
            text_mean: if text_counts { mean() } else { 0 },
            lens,
            top: Top::new(wanted),
            met: HashSet::new(),
            counted: HashSet::new(),
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
        let trees = self.trees.clone();
        let mut frontier: BinaryHeap<Ahead> = BinaryHeap::new();
        let reaches: Vec<Vec<Option<Reach>>> = trees
            .iter()
            .map(|(_, tree)| tree.cells.iter().map(|cell| cell.reach(&self.lens)).collect())
            .collect();
        for (tree, ((_, of_role), reaches)) in trees.iter().zip(&reaches).enumerate() {
            for (i, (cell, reach)) in of_role.cells.iter().zip(reaches).enumerate() {
                if let Some(bound) = reach.and_then(|reach| self.bound(&cell.root, &reach)) {
                    frontier.push(Ahead {
                        bound,
                        tree: tree as u16,
                        cell: i as u16,
                        at: At::Root,
                    });
                }
            }
        }
        let (mut near, mut waiting) = (Vec::with_capacity(LEAF), Vec::with_capacity(TOGETHER));
        while let Some(ahead) = frontier.pop().filter(|ahead| ahead.bound >= self.top.floor()) {
            let (of_need, of_tree) = (usize::from(ahead.tree), usize::from(ahead.cell));
            let reach = reaches.get(of_need).and_then(|reaches| *reaches.get(of_tree)?);
            let Some(((_, tree), reach)) = trees.get(of_need).zip(reach) else {
                continue;
            };
            let node = match ahead.at {
                At::Root => tree.cells.get(of_tree).map(|cell| &cell.root),
                At::Node(node) => tree.nodes.get(node as usize),
                At::Entry(entry) => {
                    if let Some(entry) = tree.entries.get(entry as usize) {
                        waiting.push((ahead.tree, *entry, reach));
                    }
                    if waiting.len() == TOGETHER {
                        self.meet(&mut waiting);
                    }
                    continue;
                }
            };
            let Some(node) = node else { continue };
            let mut go_on = |bound: Option<u32>, at: At| {
                if let Some(bound) = bound {
                    frontier.push(Ahead { bound, at, ..ahead });
                }
            };
            match tree.below(node) {
                Below::Nodes(range) => {
                    let first = range.start as u32;
                    for (i, below) in tree.nodes.get(range).unwrap_or_default().iter().enumerate() {
                        go_on(self.bound(below, &reach), At::Node(first + i as u32));
                    }
                }
                Below::Leaf(first, entries, sets) => {
                    self.top.effort.leaves += 1;
                    let (mut promising, least) = self.promising(node, entries, sets, &reach);
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
                        go_on(self.glimpse(tree, *entry, &reach, least), At::Entry(*i));
                    }
                }
            }
        }
        self.meet(&mut waiting);
    }

    /// What nobody in the group exceeds; `None` where none of them can pass or enter.
    fn bound(&mut self, node: &Node, reach: &Reach) -> Option<u32> {
        self.top.effort.nodes += 1;
        let settled = self.lens.settle(&node.best, reach)?;
        let bound = self.lens.fit(&settled, self.best_of(node));
        (bound >= self.top.floor()).then_some(bound)
    }

    fn best_of(&self, node: &Node) -> Known {
        Known {
            skill_ppm: node.skill_ppm.into(),
            experience_ppm: node.experience_ppm.into(),
            text_ppm: self.text_bound(&node.best),
        }
    }

    fn text_bound(&self, traits: &Traits) -> u64 {
        if traits.has(NO_EVIDENCE) {
            self.text_cap.max(self.text_mean)
        } else {
            self.text_cap
        }
    }

    /// A bit for each entry that is worth a look, and what skill and experience have to be worth.
    fn promising(&self, node: &Node, entries: &[Entry], sets: Option<&Sets>, reach: &Reach) -> (u64, u64) {
        let all = u64::MAX >> (LEAF - entries.len().clamp(1, LEAF));
        let Some(settled) = self.lens.settle(&node.best, reach) else {
            return (0, 0);
        };
        let (floor, best) = (self.top.floor(), self.best_of(node));
        let least = self.lens.least_worth(&settled, best.text_ppm, floor);
        let promising = sets.map_or(all, |sets| {
            let losses = self.lens.losses(&node.best, &settled, best, floor);
            all & sets.promising(self.query.need, losses.as_ref())
        });
        (promising, least)
    }

    /// The bound of one candidate, from what the tree knows; `None` where it falls short.
    fn glimpse(&mut self, tree: &Tree, entry: Entry, reach: &Reach, least: u64) -> Option<u32> {
        let (skill_ppm, experience_ppm) = (entry.skill_ppm(), tree.experience_of(entry));
        if self.lens.worth(skill_ppm, experience_ppm) < least {
            return None;
        }
        self.top.effort.scored += 1;
        let traits = entry.traits();
        let settled = self.lens.settle(&traits, reach)?;
        let of = |text_ppm| {
            let known = Known {
                skill_ppm,
                experience_ppm,
                text_ppm,
            };
            self.lens.fit(&settled, known)
        };
        let bound = of(self.text_bound(&traits));
        if bound < self.top.floor() {
            return None;
        }
        let least = of(if traits.has(NO_EVIDENCE) {
            self.text_mean
        } else {
            0
        });
        if least > self.top.sure_floor() && self.is_sure(entry, &traits) {
            self.top.count_on(least);
        }
        Some(bound)
    }

    /// Whether a candidate is certain to be ranked, with the traits that the entry has, and was not counted on yet.
    fn is_sure(&mut self, entry: Entry, traits: &Traits) -> bool {
        let rough = self.lens.is_rough || traits.has(RESTRICTED | CUT) || self.top.wanted.after.is_some();
        !rough
            && !self.index.delta.is_stale(entry.position() as usize)
            && (self.trees.len() == 1 || self.counted.insert(entry.position()))
    }

    /// The fits of those who may enter.
    fn meet(&mut self, waiting: &mut Vec<(u16, Entry, Reach)>) {
        let main = &self.index.main;
        let known = |(tree, entry, reach): (u16, Entry, Reach)| {
            let position = entry.position() as usize;
            let candidate = main.candidates.get(position)?;
            Some((tree, entry, reach, *main.traits.get(position)?, candidate))
        };
        let known: Vec<_> = waiting.drain(..).filter_map(known).collect();
        // Read once before anything depends on it, so that the cache misses overlap.
        let words = known.iter().filter(|_| self.lens.text_counts());
        std::hint::black_box(words.fold(0, |read, (.., candidate)| read ^ first_term(&candidate.evidence)));
        for (tree, entry, reach, traits, candidate) in known {
            let stale = self.index.delta.is_stale(entry.position() as usize);
            if stale || self.trees.len() > 1 && !self.met.insert(entry.position()) {
                continue;
            }
            self.top.effort.looked_up += 1;
            let of_role = self.trees.get(usize::from(tree));
            let Some(((role, tree), settled)) = of_role.zip(self.lens.settle(&traits, &reach)) else {
                continue;
            };
            let here = (*role, entry.skill_ppm(), tree.experience_of(entry));
            if let Some((fit, role)) = self.exactly(candidate, &traits, &settled, Some(here)) {
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
        let text_ppm = match traits.has(NO_EVIDENCE) {
            _ if !self.lens.text_counts() => 0,
            true => self.text_mean,
            false => self.query.best_piece(candidate).map_or(0, |(ppm, _)| ppm),
        };
        let of_role = |(role, tree): &(usize, Arc<Tree>)| {
            let known = here.filter(|(known, ..)| known == role);
            let known = known.map(|(_, skill, experience)| (skill, experience));
            let (skill_ppm, experience_ppm) =
                known.or_else(|| tree.meet(candidate, self.query.population))?;
            let known = Known {
                skill_ppm,
                experience_ppm,
                text_ppm,
            };
            Some((self.lens.fit(settled, known), Reverse(*role)))
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
            let best = Known {
                skill_ppm: PPM,
                experience_ppm: PPM,
                text_ppm: text_cap.max(self.text_mean),
            };
            let bound = self.lens.fit(&settled, best);
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
        let effort = self.top.effort;
        let hits = self.top.into_sorted().into_iter().filter_map(hit).collect();
        (hits, effort)
    }
}
