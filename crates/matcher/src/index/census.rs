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
use std::collections::BTreeMap;
use std::sync::Arc;

impl CandidateIndex {
    /// Counts every candidate for a need, in one role or in all of them.
    pub fn census(&self, query: &Query, role: Option<usize>) -> Census {
        let (lens, base) = (Lens::new(query), &*self.base);
        let asked = |(i, _): &(usize, _)| role.is_none_or(|only| only == *i);
        let profiles = query.profiles().iter().enumerate().filter(asked);
        let profiles: Vec<AskedRole> = profiles
            .map(|(role, profile)| AskedRole {
                profile,
                tree: base.trees.get(&profile.key),
                role,
            })
            .collect();
        let mut census = Census::default();
        census.passed_in = profiles.iter().map(|asked| (asked.role, 0)).collect();
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
                let unfit = || unfit_at(base, &profiles, query, candidate, position, &mut census.passed_in);
                let failed = shut.or_else(unfit);
                census.count(failed);
            }
        }
        for ChangedCandidate { candidate, traits } in self.delta.iter() {
            let commute = lens.commute(candidate.area, candidate.remote);
            let shut = first_shut(&lens, query, candidate, traits, commute.as_ref());
            let failed = shut.or_else(|| unfit(&profiles, query, candidate, &mut census.passed_in));
            census.count(failed);
        }
        census
    }
}

/// A role that is counted.
struct AskedRole<'q> {
    profile: &'q Profile,
    tree: Option<&'q Arc<Tree>>,
    role: usize,
}

/// Counts the roles that admit a candidate, and returns whether any does.
fn admitted(
    profiles: &[AskedRole],
    passed_in: &mut BTreeMap<usize, usize>,
    admits: impl Fn(&AskedRole) -> bool,
) -> bool {
    let mut any = false;
    for asked in profiles.iter().filter(|asked| admits(asked)) {
        any = true;
        *passed_in.entry(asked.role).or_default() += 1;
    }
    any
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
    profiles: &[AskedRole],
    query: &Query,
    candidate: &Arc<Candidate>,
    position: usize,
    passed_in: &mut BTreeMap<usize, usize>,
) -> Option<Gate> {
    let admits = |asked: &AskedRole| match asked.tree {
        Some(tree) => tree.positions.has(position),
        None => asked.profile.admits(candidate, query.population),
    };
    if admitted(profiles, passed_in, admits) {
        return None;
    }
    let of_role = |profile: &Profile| base.offered.get(&profile.key.role);
    let offers = |asked: &AskedRole| of_role(asked.profile).is_some_and(|bits| bits.has(position));
    let offered = base.unanswered.has(position) || profiles.iter().any(offers);
    Some(if offered {
        Gate::SkillBelowMinimum
    } else {
        Gate::RoleNotOffered
    })
}

/// Checks the same gates for a candidate without a position.
fn unfit(
    profiles: &[AskedRole],
    query: &Query,
    candidate: &Candidate,
    passed_in: &mut BTreeMap<usize, usize>,
) -> Option<Gate> {
    if !profiles.iter().any(|asked| asked.profile.offered_by(candidate)) {
        return Some(Gate::RoleNotOffered);
    }
    let admits = |asked: &AskedRole| asked.profile.admits(candidate, query.population);
    (!admitted(profiles, passed_in, admits)).then_some(Gate::SkillBelowMinimum)
}
