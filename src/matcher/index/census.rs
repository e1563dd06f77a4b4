//! How many each gate removes: one pass over everyone, through the traits first.

use super::Index;
use super::lens::{Lens, Reach};
use super::traits::{RESTRICTED, Traits};
use crate::matcher::profile::Profile;
use crate::matcher::rank::Census;
use crate::matcher::{self, Candidate, Gate, Query};
use std::collections::HashMap;

impl Index {
    /// Counts everyone for a need, asked for one role or for each of the team.
    pub fn census(&self, query: &Query, role: Option<usize>) -> Census {
        let lens = Lens::new(query);
        let asked = |(i, _): &(usize, _)| role.is_none_or(|only| only == *i);
        let profiles = query.profiles().iter().enumerate().filter(asked);
        let profiles: Vec<&Profile> = profiles.map(|(_, profile)| profile.as_ref()).collect();
        let mut reaches: HashMap<(Option<matcher::Index>, Option<bool>), Option<Reach>> = HashMap::new();
        let mut census = Census::default();
        if !profiles.is_empty() {
            let unchanged = self.main.candidates.iter().zip(&self.main.traits).enumerate();
            let unchanged = unchanged.filter(|(position, _)| !self.is_stale(*position));
            let changed = self
                .delta
                .iter()
                .map(|changed| (&changed.candidate, &changed.traits));
            for (candidate, traits) in unchanged.map(|(_, both)| both).chain(changed) {
                let place = (candidate.area, candidate.remote);
                let reach = reaches
                    .entry(place)
                    .or_insert_with(|| lens.reach(place.0, place.1));
                census.count(first_failed(
                    &lens,
                    query,
                    &profiles,
                    candidate,
                    traits,
                    reach.as_ref(),
                ));
            }
        }
        census
    }
}

fn first_failed(
    lens: &Lens,
    query: &Query,
    profiles: &[&Profile],
    candidate: &Candidate,
    traits: &Traits,
    reach: Option<&Reach>,
) -> Option<Gate> {
    let shut = lens.first_shut(traits, reach);
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
    if shut.is_some() {
        return shut;
    }
    let held = candidate.qualifications.as_deref().unwrap_or_default();
    let qualified = query
        .need
        .qualifications
        .iter()
        .all(|q| held.binary_search(q).is_ok());
    if !qualified {
        return Some(Gate::QualificationMissing);
    }
    let offers = |profile: &&Profile| profile.offered_by(candidate);
    if !profiles.iter().any(offers) {
        return Some(Gate::RoleNotOffered);
    }
    let admitted = profiles
        .iter()
        .any(|profile| profile.admits(candidate, query.population));
    (!admitted).then_some(Gate::SkillBelowMinimum)
}
