//! The index of candidates, and how one index leads to the next when candidates change.

use super::base::Base;
use super::bits::Bits;
use super::delta::{ChangedCandidate, Delta};
use super::traits::Traits;
use super::tree::Tree;
use crate::profile::{Profile, ProfileKey};
use crate::words::{Piece, TextQuery};
use crate::{Candidate, Need, Population, Query, Weights};
use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::Arc;

/// Every candidate, at one moment.
#[derive(Clone)]
pub struct CandidateIndex {
    pub(super) base: Arc<Base>,
    pub(super) delta: Delta,
    len: usize,
}

/// What an index holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IndexSize {
    pub candidates: usize,
    /// How many candidates have changed since the trees were built.
    pub changed: usize,
    pub trees: usize,
    /// The memory of trees and traits, without the candidates.
    pub bytes: usize,
}

impl CandidateIndex {
    /// Builds an index. The candidates may come in any order; of equal ids only one is kept. `profiles` are
    /// those that needs will mostly ask for; other profiles get their tree with their first query.
    pub fn build(
        population: Arc<Population>,
        everyone: impl IntoIterator<Item = Arc<Candidate>>,
        profiles: impl IntoIterator<Item = ProfileKey>,
    ) -> CandidateIndex {
        let mut candidates: Vec<Arc<Candidate>> = everyone.into_iter().collect();
        if !candidates.is_sorted_by(|a, b| a.id < b.id) {
            candidates.sort_unstable_by_key(|c| c.id);
            candidates.dedup_by_key(|c| c.id);
        }
        let len = candidates.len();
        let mut base = Base::of(population, candidates);
        let keys: BTreeSet<ProfileKey> = profiles.into_iter().collect();
        let profile = |key| Arc::new(Profile::new(key, &base.population));
        let profiles: Vec<Arc<Profile>> = keys.into_iter().map(profile).collect();
        let trees = base.build_trees(&profiles).into_iter();
        base.trees = trees.map(|tree| (tree.profile.key.clone(), tree)).collect();
        CandidateIndex {
            base: Arc::new(base),
            delta: Delta::new(len),
            len,
        }
    }

    /// Returns the next index. Each id comes with the candidate as it is now, or with `None` if it is gone.
    pub fn with(&self, changes: impl IntoIterator<Item = (u128, Option<Arc<Candidate>>)>) -> CandidateIndex {
        let mut next = self.clone();
        for (id, now) in changes {
            let was = next.get(id).is_some();
            if let Ok(position) = next.position(id) {
                next.delta.mark_stale(position);
            }
            next.len = next.len + usize::from(now.is_some()) - usize::from(was);
            let changed = now.map(|candidate| ChangedCandidate {
                traits: Traits::of(&candidate, &next.base.population),
                candidate,
            });
            next.delta.set(id, changed);
        }
        next
    }

    fn position(&self, id: u128) -> Result<usize, usize> {
        self.base.candidates.binary_search_by_key(&id, |c| c.id)
    }

    pub fn population(&self) -> &Arc<Population> {
        &self.base.population
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns how many candidates have changed since the trees were built.
    pub fn changed(&self) -> usize {
        self.delta
            .len()
            .max(self.base.candidates.len().saturating_sub(self.len))
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn get(&self, id: u128) -> Option<&Arc<Candidate>> {
        if let Some(changed) = self.delta.get(id) {
            return Some(&changed.candidate);
        }
        let position = self.position(id).ok()?;
        self.base
            .candidates
            .get(position)
            .filter(|_| !self.delta.is_stale(position))
    }

    /// Returns every candidate as it is now, in no particular order.
    pub fn everyone(&self) -> impl Iterator<Item = &Arc<Candidate>> {
        let unchanged = self.base.candidates.iter().enumerate();
        let unchanged = unchanged.filter(|(position, _)| !self.delta.is_stale(*position));
        unchanged
            .map(|(_, candidate)| candidate)
            .chain(self.delta.iter().map(|changed| &changed.candidate))
    }

    pub fn size(&self) -> IndexSize {
        let own: Vec<Arc<Tree>> = self.base.own.iter().map(|(_, tree)| tree).collect();
        let trees = self.base.trees.values().chain(&own);
        let Base {
            traits,
            places,
            offered,
            unanswered,
            ..
        } = self.base.as_ref();
        let bits = offered
            .values()
            .chain([unanswered])
            .map(Bits::bytes)
            .sum::<usize>();
        let tables = size_of_val(&traits[..]) + size_of_val(&places[..]) + bits;
        IndexSize {
            candidates: self.len,
            changed: self.delta.len(),
            trees: trees.clone().count(),
            bytes: trees.map(|tree| tree.bytes()).sum::<usize>() + tables + self.delta.bytes(),
        }
    }

    /// Prepares a need for scoring, with cached parts that needs share.
    pub fn query<'a>(&'a self, need: &'a Need, weights: Weights) -> Query<'a> {
        let keys: Vec<ProfileKey> = need.roles.iter().map(|role| ProfileKey::of(need, role)).collect();
        let trees = self.trees(&keys).into_iter();
        let profiles = trees.map(|tree| Arc::clone(&tree.profile)).collect();
        Query::prepared(
            need,
            weights,
            &self.base.population,
            profiles,
            self.words(&need.words),
        )
    }

    /// Returns the profile of a tree that was built with the index.
    pub(super) fn profile(&self, key: &ProfileKey) -> Option<Arc<Profile>> {
        let tree = self.base.trees.get(key);
        tree.map(|tree| Arc::clone(&tree.profile))
    }

    fn words(&self, words: &Piece) -> Arc<TextQuery> {
        let query = || Arc::new(self.base.population.corpus.query(words));
        let made = self
            .base
            .texts
            .get_or_insert_with(words, || Ok::<_, Infallible>(query()));
        match made {
            Ok(words) => words,
            Err(never) => match never {},
        }
    }

    /// Returns the tree of each key, in order. Missing trees are built together, without blocking other
    /// queries.
    pub(super) fn trees(&self, keys: &[ProfileKey]) -> Vec<Arc<Tree>> {
        let base = &self.base;
        let known = |key| base.trees.get(key).cloned().or_else(|| base.own.get(key));
        let mut found: HashMap<&ProfileKey, Arc<Tree>> =
            keys.iter().filter_map(|key| Some((key, known(key)?))).collect();
        let missing: BTreeSet<&ProfileKey> = keys.iter().filter(|key| !found.contains_key(key)).collect();
        if !missing.is_empty() {
            let new = |key: &&ProfileKey| Arc::new(Profile::new((*key).clone(), &base.population));
            let profiles: Vec<Arc<Profile>> = missing.iter().map(new).collect();
            let built = base.build_trees(&profiles);
            for tree in built {
                base.own.insert(tree.profile.key.clone(), Arc::clone(&tree));
                let key = missing.iter().find(|key| ***key == tree.profile.key);
                found.extend(key.map(|key| (*key, tree)));
            }
        }
        keys.iter().filter_map(|key| found.get(key).cloned()).collect()
    }
}
