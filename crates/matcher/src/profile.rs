//! The profile: what one role of a need asks for, whichever organization asks. Needs of one deliverable type
//! share profiles.

use super::formulas::{CreditedWish, MOST_DELIVERIES, experience_ppm, skill_ppm};
use super::population::{NEUTRAL_PPM, Population};
use super::{Candidate, EntryNo, Need, RoleNeed, Wish};
use std::sync::OnceLock;

/// Identifies a profile.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProfileKey {
    pub role: EntryNo,
    pub family: EntryNo,
    pub wishes: Vec<Wish>,
}

impl ProfileKey {
    pub fn of(need: &Need, role: &RoleNeed) -> ProfileKey {
        ProfileKey {
            role: role.role,
            family: need.family,
            wishes: role.wishes.clone(),
        }
    }
}

/// A profile prepared for scoring.
#[derive(Debug, Clone)]
pub struct Profile {
    pub key: ProfileKey,
    pub wishes: Vec<CreditedWish>,
    mean_skill: OnceLock<Option<u64>>,
}

impl Profile {
    pub fn new(key: ProfileKey, population: &Population) -> Profile {
        let credited = |wish: &Wish| CreditedWish::new(*wish, &population.tree);
        Profile {
            wishes: key.wishes.iter().map(credited).collect(),
            key,
            mean_skill: OnceLock::new(),
        }
    }

    /// Returns the value for candidates whose skills are unknown.
    pub fn mean_skill(&self, population: &Population) -> Option<u64> {
        *self
            .mean_skill
            .get_or_init(|| population.mean_skill(&self.wishes))
    }

    /// Returns whether the candidate offers the role, or may offer it for all we know.
    pub fn offered_by(&self, candidate: &Candidate) -> bool {
        let roles = candidate.roles.as_ref();
        roles.is_none_or(|roles| roles.contains(&self.key.role))
    }

    /// Returns whether the candidate has the must-have skills, or may have them for all we know.
    pub fn has_must_haves(&self, candidate: &Candidate, population: &Population) -> bool {
        candidate.skills.as_ref().is_none_or(|skills| {
            let mut must = self.key.wishes.iter().filter(|wish| wish.must_have);
            must.all(|wish| population.tree.holds(skills, wish))
        })
    }

    /// Returns whether neither the role nor the must-have skills rule the candidate out.
    pub fn admits(&self, candidate: &Candidate, population: &Population) -> bool {
        self.offered_by(candidate) && self.has_must_haves(candidate, population)
    }

    pub fn skill_ppm(&self, candidate: &Candidate, population: &Population) -> u64 {
        match &candidate.skills {
            Some(skills) => skill_ppm(&self.wishes, skills),
            None => self.mean_skill(population).unwrap_or(NEUTRAL_PPM),
        }
    }

    /// Counts the past deliveries, up to the number from which more make no difference. `None` is unknown.
    pub fn deliveries(&self, candidate: &Candidate) -> Option<u64> {
        let all = candidate.deliveries(self.key.family, self.key.role);
        all.map(|n| n.min(MOST_DELIVERIES))
    }

    /// Returns the value for candidates whose experience is unknown.
    pub fn usual_experience_ppm(&self, population: &Population) -> u64 {
        experience_ppm(population.median_deliveries(self.key.family, self.key.role))
    }
}
