//! Finds the best of a million workers without looking at most of them.
//!
//! Merge a group of candidates into one imaginary member who has the best of each trait, score that member with the
//! same function as a real one, and no member can score higher. Search a tree of such groups, best bound first, until
//! the best bound left falls short of the last one wanted. (Branch and bound; the threshold idea of Fagin, Lotem and
//! Naor 2003.)
//!
//! An index never changes; [`Index::with`] gives the next one, which shares everything but a set of stale positions
//! and a short list of those who changed. When that list has grown, build anew from [`Index::everyone`].
//!
//! * `traits`: what can be scored without knowing the role. `lens`: a need as tables, and the score.
//! * `tree`: one profile's tree; `sets`: its leaves. `search`: the way through it, `top`: what it has found. `census`:
//!   how many each gate removes.
//! * `delta`: who has changed since.
//! * `needs`: the other way round, needs for a candidate.
//!
//! Deliberately absent: threads that keep it up to date, and a second bound formula that could drift from the score.
//!
//! Invariant: every answer is exactly the plain scan's: candidates, roles, fits, order and ties.

mod bits;
mod census;
mod delta;
mod lens;
pub mod needs;
mod search;
mod sets;
mod top;
mod traits;
mod tree;

pub use top::{Effort, Hit, Wanted};

use super::profile::{Profile, ProfileKey};
use super::rank::Words;
use super::{Candidate, Need, Population, Query, Weights};
use bits::Bits;
use delta::{Changed, Delta};
use parking_lot::Mutex;
use quick_cache::sync::Cache;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use text::Term;
use traits::Traits;
use tree::Tree;

/// How many trees of needs with wishes of their own, and how many texts, are kept ready.
const OWN_TREES: usize = 32;
const TEXTS: usize = 4_096;

/// Everyone who can be ranked, at one moment.
#[derive(Clone)]
pub struct Index {
    main: Arc<Main>,
    delta: Delta,
    len: usize,
}

struct Main {
    population: Arc<Population>,
    /// By id.
    candidates: Vec<Arc<Candidate>>,
    traits: Vec<Traits>,
    /// Where everyone lives and whether they work remotely: the position among `kinds_of_place`.
    places: Vec<u32>,
    kinds_of_place: Vec<Place>,
    /// Who offers each role, or has not told.
    offered: HashMap<super::EntryNo, Bits>,
    untold: Bits,
    /// Of the profiles that were given at the start.
    trees: HashMap<ProfileKey, Arc<Tree>>,
    /// Of the profiles that were first asked for later.
    own: Cache<ProfileKey, Arc<Tree>>,
    texts: Cache<Vec<Term>, Arc<Words>>,
}

/// Where somebody lives, and whether they work remotely.
type Place = (Option<super::EntryNo>, Option<bool>);

/// What an index holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    pub candidates: usize,
    /// How many of them have changed since the trees were built.
    pub changed: usize,
    pub trees: usize,
    /// Of trees and traits; the candidates themselves come on top.
    pub bytes: usize,
}

impl Index {
    /// `everyone` in any order; their ids differ. The profiles are those that needs will mostly ask for: others get
    /// their tree when first asked for.
    pub fn build(
        population: Arc<Population>,
        everyone: impl IntoIterator<Item = Arc<Candidate>>,
        profiles: impl IntoIterator<Item = ProfileKey>,
    ) -> Index {
        let mut candidates: Vec<Arc<Candidate>> = everyone.into_iter().collect();
        if !candidates.is_sorted_by(|a, b| a.id < b.id) {
            candidates.sort_unstable_by_key(|c| c.id);
            candidates.dedup_by_key(|c| c.id);
        }
        let len = candidates.len();
        let mut main = Main::of(population, candidates);
        let keys: BTreeSet<ProfileKey> = profiles.into_iter().collect();
        let profile = |key| Arc::new(Profile::new(key, &main.population));
        let profiles: Vec<Arc<Profile>> = keys.into_iter().map(profile).collect();
        let trees = main.grow(&profiles).into_iter();
        main.trees = trees.map(|tree| (tree.profile.key.clone(), tree)).collect();
        Index {
            main: Arc::new(main),
            delta: Delta::new(len),
            len,
        }
    }

    /// The next index: each id with the candidate it has now, or none any more.
    pub fn with(&self, changes: impl IntoIterator<Item = (u128, Option<Arc<Candidate>>)>) -> Index {
        let mut next = self.clone();
        for (id, now) in changes {
            let was = next.get(id).is_some();
            if let Ok(position) = next.position(id) {
                next.delta.mark_stale(position);
            }
            next.len = next.len + usize::from(now.is_some()) - usize::from(was);
            let changed = now.map(|candidate| Changed {
                traits: Traits::of(&candidate, &next.main.population),
                candidate,
            });
            next.delta.set(id, changed);
        }
        next
    }

    fn position(&self, id: u128) -> Result<usize, usize> {
        self.main.candidates.binary_search_by_key(&id, |c| c.id)
    }

    pub fn population(&self) -> &Arc<Population> {
        &self.main.population
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// How many have changed since the trees were built.
    pub fn changed(&self) -> usize {
        self.delta
            .len()
            .max(self.main.candidates.len().saturating_sub(self.len))
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn get(&self, id: u128) -> Option<&Arc<Candidate>> {
        if let Some(changed) = self.delta.get(id) {
            return Some(&changed.candidate);
        }
        let position = self.position(id).ok()?;
        self.main
            .candidates
            .get(position)
            .filter(|_| !self.delta.is_stale(position))
    }

    /// As they are now, in no particular order.
    pub fn everyone(&self) -> impl Iterator<Item = &Arc<Candidate>> {
        let unchanged = self.main.candidates.iter().enumerate();
        let unchanged = unchanged.filter(|(position, _)| !self.delta.is_stale(*position));
        unchanged
            .map(|(_, candidate)| candidate)
            .chain(self.delta.iter().map(|changed| &changed.candidate))
    }

    pub fn size(&self) -> Size {
        let own: Vec<Arc<Tree>> = self.main.own.iter().map(|(_, tree)| tree).collect();
        let trees = self.main.trees.values().chain(&own);
        let Main {
            traits,
            places,
            offered,
            untold,
            ..
        } = self.main.as_ref();
        let bits = offered.values().chain([untold]).map(Bits::bytes).sum::<usize>();
        let tables = size_of_val(&traits[..]) + size_of_val(&places[..]) + bits;
        Size {
            candidates: self.len,
            changed: self.delta.len(),
            trees: trees.clone().count(),
            bytes: trees.map(|tree| tree.bytes()).sum::<usize>() + tables + self.delta.bytes(),
        }
    }

    /// A need made ready, with what it shares with others taken from here.
    pub fn query<'a>(&'a self, need: &'a Need, weights: Weights) -> Query<'a> {
        let keys: Vec<ProfileKey> = need.roles.iter().map(|role| ProfileKey::of(need, role)).collect();
        let trees = self.trees(&keys).into_iter();
        let profiles = trees.map(|tree| Arc::clone(&tree.profile)).collect();
        Query::prepared(
            need,
            weights,
            &self.main.population,
            profiles,
            self.words(&need.terms),
        )
    }

    /// One that a tree was grown for at the start.
    fn profile(&self, key: &ProfileKey) -> Option<Arc<Profile>> {
        let tree = self.main.trees.get(key);
        tree.map(|tree| Arc::clone(&tree.profile))
    }

    fn words(&self, terms: &[Term]) -> Arc<Words> {
        let key = terms.to_vec();
        let words = || Arc::new(Words::new(terms, &self.main.population));
        let made = self
            .main
            .texts
            .get_or_insert_with(&key, || Ok::<_, Infallible>(words()));
        match made {
            Ok(words) => words,
            Err(never) => match never {},
        }
    }

    /// Of each key, in order. Those that nobody has asked for yet are grown together, while others go on.
    fn trees(&self, keys: &[ProfileKey]) -> Vec<Arc<Tree>> {
        let main = &self.main;
        let known = |key| main.trees.get(key).cloned().or_else(|| main.own.get(key));
        let mut found: HashMap<&ProfileKey, Arc<Tree>> =
            keys.iter().filter_map(|key| Some((key, known(key)?))).collect();
        let missing: BTreeSet<&ProfileKey> = keys.iter().filter(|key| !found.contains_key(key)).collect();
        if !missing.is_empty() {
            let new = |key: &&ProfileKey| Arc::new(Profile::new((*key).clone(), &main.population));
            let profiles: Vec<Arc<Profile>> = missing.iter().map(new).collect();
            let grown = main.grow(&profiles);
            for tree in grown {
                main.own.insert(tree.profile.key.clone(), Arc::clone(&tree));
                let key = missing.iter().find(|key| ***key == tree.profile.key);
                found.extend(key.map(|key| (*key, tree)));
            }
        }
        keys.iter().filter_map(|key| found.get(key).cloned()).collect()
    }
}

fn places(everyone: &[Arc<Candidate>]) -> (Vec<u32>, Vec<Place>) {
    let (mut kinds, mut known) = (Vec::new(), HashMap::new());
    let mut kind = |candidate: &Arc<Candidate>| {
        let place = (candidate.area, candidate.remote);
        *known.entry(place).or_insert_with(|| {
            kinds.push(place);
            kinds.len() as u32 - 1
        })
    };
    let places = everyone.iter().map(&mut kind).collect();
    (places, kinds)
}

fn offered(everyone: &[Arc<Candidate>]) -> (HashMap<super::EntryNo, Bits>, Bits) {
    let (mut offered, mut untold) = (HashMap::new(), Bits::new(everyone.len()));
    for (position, candidate) in everyone.iter().enumerate() {
        match &candidate.roles {
            None => untold.set(position),
            Some(roles) => {
                for role in roles {
                    let bits = offered.entry(*role).or_insert_with(|| Bits::new(everyone.len()));
                    bits.set(position);
                }
            }
        }
    }
    (offered, untold)
}

impl Main {
    /// Without trees yet; the candidates are sorted by id.
    fn of(population: Arc<Population>, candidates: Vec<Arc<Candidate>>) -> Main {
        let (traits, (places, kinds_of_place), (offered, untold)) = std::thread::scope(|scope| {
            let traits = scope.spawn(|| candidates.iter().map(|c| Traits::of(c, &population)).collect());
            let (places, offered) = (places(&candidates), offered(&candidates));
            let traits: Vec<Traits> = traits.join().unwrap_or_else(|panic| resume_unwind(panic));
            (traits, places, offered)
        });
        Main {
            population,
            candidates,
            traits,
            places,
            kinds_of_place,
            offered,
            untold,
            trees: HashMap::new(),
            own: Cache::new(OWN_TREES),
            texts: Cache::new(TEXTS),
        }
    }

    /// A tree for each profile, on as many threads as there are cores: role by role, so that a candidate is read once
    /// for all profiles of the role.
    fn grow(&self, profiles: &[Arc<Profile>]) -> Vec<Arc<Tree>> {
        let (everyone, traits, population) = (&self.candidates, &self.traits, &self.population);
        let mut by_role: BTreeMap<super::EntryNo, Vec<&Arc<Profile>>> = BTreeMap::new();
        for profile in profiles {
            by_role.entry(profile.key.role).or_default().push(profile);
        }
        // The longest first, so that no core ends with it alone.
        let offering = |(role, profiles)| (self.offering(role), profiles);
        let mut roles: Vec<(Vec<u32>, Vec<&Arc<Profile>>)> = by_role.into_iter().map(offering).collect();
        roles.sort_by_key(|(positions, profiles)| Reverse(positions.len() * profiles.len()));
        let plant = |(positions, profiles): &(Vec<u32>, Vec<&Arc<Profile>>)| -> Vec<Arc<Tree>> {
            let admitted = tree::admitted(profiles, positions, everyone, traits, population);
            let tree = |(profile, admitted): (&&Arc<Profile>, _)| {
                let profile = Arc::clone(profile);
                Arc::new(Tree::new(profile, admitted, everyone, traits, population))
            };
            profiles.iter().zip(admitted).map(tree).collect()
        };
        let threads = match everyone.len() {
            ..10_000 => 1,
            _ => std::thread::available_parallelism().map_or(1, usize::from),
        };
        if threads == 1 || roles.len() == 1 {
            return roles.iter().flat_map(plant).collect();
        }
        let (next, grown) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(role) = roles.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let trees = plant(role);
                        grown.lock().extend(trees);
                    }
                });
            }
        });
        grown.into_inner()
    }

    /// The positions of those who offer the role or have not told.
    fn offering(&self, role: super::EntryNo) -> Vec<u32> {
        let open = |position: &usize| self.traits.get(*position).is_some_and(|t| !t.has(traits::SHUT));
        let positions = self.untold.or(self.offered.get(&role)).filter(open);
        positions.map(|position| position as u32).collect()
    }
}
