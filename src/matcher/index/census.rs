//! How many each gate removes: one pass over everyone, through the traits first.

use super::delta::Changed;
use super::lens::{Lens, Reach};
use super::traits::{RESTRICTED, Traits};
use super::{Index, Place};
use crate::matcher::profile::Profile;
use crate::matcher::rank::Census;
use crate::matcher::{Candidate, Gate, Query};
use std::collections::HashMap;

impl Index {
    /// Counts everyone for a need, asked for one role or for each of the team.
    pub fn census(&self, query: &Query, role: Option<usize>) -> Census {
        let lens = Lens::new(query);
        let asked = |(i, _): &(usize, _)| role.is_none_or(|only| only == *i);
        let profiles = query.profiles().iter().enumerate().filter(asked);
        let profiles: Vec<&Profile> = profiles.map(|(_, profile)| profile.as_ref()).collect();
        let mut reaches: HashMap<Place, Option<Reach>> = HashMap::new();
        let mut census = Census::default();
        if !profiles.is_empty() {
            let mut count = |candidate, traits, place: Place| {
                let reach = reaches
                    .entry(place)
                    .or_insert_with(|| lens.reach(place.0, place.1));
                let failed = first_failed(&lens, query, &profiles, candidate, traits, reach.as_ref());
                census.count(failed);
            };
            let main = &self.main;
            let everyone = main
                .candidates
                .iter()
                .zip(&main.traits)
                .zip(&main.places)
                .enumerate();
            for (position, ((candidate, traits), place)) in everyone {
                if !self.delta.is_stale(position) {
                    count(candidate, traits, *place);
                }
            }
            for Changed { candidate, traits } in self.delta.iter() {
                count(candidate, traits, (candidate.area, candidate.remote));
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
