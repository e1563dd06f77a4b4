//! Counts how many candidates each gate removes: one pass over all traits that rarely reads a candidate.

use super::base::Base;
use super::candidates::CandidateIndex;
use super::delta::ChangedCandidate;
use super::lens::{Commute, Lens};
use super::traits::{RESTRICTED, Traits};
use super::tree::Tree;
use crate::profile::Profile;
use crate::rank::Census;
use crate::{Candidate, Gate, Query};
use std::sync::Arc;

impl CandidateIndex {
    /// Counts every candidate for a need, in one role or in all of them.
    pub fn census(&self, query: &Query, role: Option<usize>) -> Census {
        let (lens, base) = (Lens::new(query), &*self.base);
        let asked = |(i, _): &(usize, _)| role.is_none_or(|only| only == *i);
        let profiles = query.profiles().iter().enumerate().filter(asked);
        let profiles: Vec<(&Profile, Option<&Arc<Tree>>)> = profiles
            .map(|(_, profile)| (profile.as_ref(), base.trees.get(&profile.key)))
            .collect();
        let mut census = Census::default();
        if profiles.is_empty() {
            return census;
        }
        let commutes: Vec<Option<Commute>> = base
            .kinds_of_place
            .iter()
            .map(|(area, remote)| lens.commute(*area, *remote))
            .collect();
        let everyone = base
            .candidates
            .iter()
            .zip(&base.traits)
            .zip(&base.places)
            .enumerate();
        for (position, ((candidate, traits), place)) in everyone {
            if !self.delta.is_stale(position) {
                let commute = commutes.get(*place as usize).and_then(Option::as_ref);
                let shut = first_shut(&lens, query, candidate, traits, commute);
                census.count(shut.or_else(|| unfit_at(base, &profiles, query, candidate, position)));
            }
        }
        for ChangedCandidate { candidate, traits } in self.delta.iter() {
            let commute = lens.commute(candidate.area, candidate.remote);
            let shut = first_shut(&lens, query, candidate, traits, commute.as_ref());
            census.count(shut.or_else(|| unfit(&profiles, query, candidate)));
        }
        census
    }
}

/// Returns the first gate that fails, among those before the role's. The candidate is passed behind its
/// pointer: the compiler could read a plain reference early, which is a cache miss for every candidate.
fn first_shut(
    lens: &Lens,
    query: &Query,
    candidate: &Arc<Candidate>,
    traits: &Traits,
    commute: Option<&Commute>,
) -> Option<Gate> {
    let shut = lens.first_shut(traits, commute);
    if traits.has(RESTRICTED) && shut.is_none_or(|gate| gate > Gate::Blocked) {
        let asks =
            |organizations: &[u128]| organizations.iter().any(|o| query.need.organizations.contains(o));
        if asks(&candidate.blocked) {
            return Some(Gate::Blocked);
        }
        if asks(&candidate.conflicts) {
            return Some(Gate::ConflictOfInterest);
        }
    }
    if shut.is_some() || query.need.qualifications.is_empty() {
        return shut;
    }
    let held = candidate.qualifications.as_deref().unwrap_or_default();
    let mut asked = query.need.qualifications.iter();
    let qualified = asked.all(|q| held.binary_search(q).is_ok());
    (!qualified).then_some(Gate::QualificationMissing)
}

/// Checks the gates of role and skill for the candidate at a position.
fn unfit_at(
    base: &Base,
    profiles: &[(&Profile, Option<&Arc<Tree>>)],
    query: &Query,
    candidate: &Arc<Candidate>,
    position: usize,
) -> Option<Gate> {
    let admitted = |(profile, tree): &(&Profile, Option<&Arc<Tree>>)| match tree {
        Some(tree) => tree.positions.has(position),
        None => profile.admits(candidate, query.population),
    };
    if profiles.iter().any(admitted) {
        return None;
    }
    let of_role = |profile: &Profile| base.offered.get(&profile.key.role);
    let offers = |(profile, _): &(&Profile, _)| of_role(profile).is_some_and(|bits| bits.has(position));
    let offered = base.unanswered.has(position) || profiles.iter().any(offers);
    Some(if offered {
        Gate::SkillBelowMinimum
    } else {
        Gate::RoleNotOffered
    })
}

/// Checks the same gates for a candidate without a position.
fn unfit(profiles: &[(&Profile, Option<&Arc<Tree>>)], query: &Query, candidate: &Candidate) -> Option<Gate> {
    if !profiles.iter().any(|(profile, _)| profile.offered_by(candidate)) {
        return Some(Gate::RoleNotOffered);
    }
    let admits = |(profile, _): &(&Profile, _)| profile.admits(candidate, query.population);
    (!profiles.iter().any(admits)).then_some(Gate::SkillBelowMinimum)
}
