//! The part of an index that is built once: candidates, their traits, and a tree for each profile.

use super::bits::Bits;
use super::traits::{self, Traits};
use super::tree::{self, Tree};
use crate::profile::{Profile, ProfileKey};
use crate::words::{Piece, TextQuery};
use crate::{Candidate, EntryNo, Population};
use parking_lot::Mutex;
use quick_cache::sync::Cache;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many trees of rare profiles, and how many texts, are cached.
const OWN_TREES: usize = 32;
const TEXTS: usize = 4_096;

pub struct Base {
    pub population: Arc<Population>,
    /// Sorted by id.
    pub candidates: Vec<Arc<Candidate>>,
    pub traits: Vec<Traits>,
    /// For each candidate, the position of their place among `kinds_of_place`.
    pub places: Vec<u32>,
    pub kinds_of_place: Vec<Place>,
    /// Who offers each role, and who has not answered.
    pub offered: HashMap<EntryNo, Bits>,
    pub unanswered: Bits,
    /// Trees of the profiles given when the index was built.
    pub trees: HashMap<ProfileKey, Arc<Tree>>,
    /// Trees of profiles that were first queried later.
    pub own: Cache<ProfileKey, Arc<Tree>>,
    pub texts: Cache<Piece, Arc<TextQuery>>,
}

/// Where a candidate lives, and whether they accept remote work.
pub type Place = (Option<EntryNo>, Option<bool>);

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

fn offered(everyone: &[Arc<Candidate>]) -> (HashMap<EntryNo, Bits>, Bits) {
    let (mut offered, mut unanswered) = (HashMap::new(), Bits::new(everyone.len()));
    for (position, candidate) in everyone.iter().enumerate() {
        match &candidate.roles {
            None => unanswered.set(position),
            Some(roles) => {
                for role in roles {
                    let bits = offered.entry(*role).or_insert_with(|| Bits::new(everyone.len()));
                    bits.set(position);
                }
            }
        }
    }
    (offered, unanswered)
}

impl Base {
    /// Starts without trees. The candidates have to be sorted by id.
    pub fn of(population: Arc<Population>, candidates: Vec<Arc<Candidate>>) -> Base {
        let (traits, (places, kinds_of_place), (offered, unanswered)) = std::thread::scope(|scope| {
            let traits = scope.spawn(|| candidates.iter().map(|c| Traits::of(c, &population)).collect());
            let (places, offered) = (places(&candidates), offered(&candidates));
            let traits: Vec<Traits> = traits.join().unwrap_or_else(|panic| resume_unwind(panic));
            (traits, places, offered)
        });
        Base {
            population,
            candidates,
            traits,
            places,
            kinds_of_place,
            offered,
            unanswered,
            trees: HashMap::new(),
            own: Cache::new(OWN_TREES),
            texts: Cache::new(TEXTS),
        }
    }

    /// Builds a tree for each profile, on all cores. Profiles of one role share one pass over the candidates.
    pub fn build_trees(&self, profiles: &[Arc<Profile>]) -> Vec<Arc<Tree>> {
        let (everyone, traits, population) = (&self.candidates, &self.traits, &self.population);
        let mut by_role: BTreeMap<EntryNo, Vec<&Arc<Profile>>> = BTreeMap::new();
        for profile in profiles {
            by_role.entry(profile.key.role).or_default().push(profile);
        }
        // The longest first, so that no core finishes late with it.
        let offering = |(role, profiles)| (self.offering(role), profiles);
        let mut roles: Vec<(Vec<u32>, Vec<&Arc<Profile>>)> = by_role.into_iter().map(offering).collect();
        roles.sort_by_key(|(positions, profiles)| Reverse(positions.len() * profiles.len()));
        let build = |(positions, profiles): &(Vec<u32>, Vec<&Arc<Profile>>)| -> Vec<Arc<Tree>> {
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
            return roles.iter().flat_map(build).collect();
        }
        let (next, built) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(role) = roles.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let trees = build(role);
                        built.lock().extend(trees);
                    }
                });
            }
        });
        built.into_inner()
    }

    /// Returns the positions of candidates who offer the role or have not answered.
    fn offering(&self, role: EntryNo) -> Vec<u32> {
        let open = |position: &usize| self.traits.get(*position).is_some_and(|t| !t.has(traits::SHUT));
        let positions = self.unanswered.or(self.offered.get(&role)).filter(open);
        positions.map(|position| position as u32).collect()
    }
}
