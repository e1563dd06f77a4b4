//! A profile: what one role of a need asks of anybody, whoever asks it. Needs of one deliverable type share theirs.

use super::formulas::{CreditedWish, MOST_DELIVERIES, experience_ppm, skill_ppm};
use super::population::{NEUTRAL_PPM, Population};
use super::{Candidate, EntryNo, Need, RoleNeed, Wish};
use std::sync::OnceLock;

/// What makes two profiles one.
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

/// A profile made ready to meet candidates.
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

    /// What stands in where the skills are not known.
    pub fn mean_skill(&self, population: &Population) -> Option<u64> {
        *self
            .mean_skill
            .get_or_init(|| population.mean_skill(&self.wishes))
    }

    /// Whether the role is offered, as far as that is known.
    pub fn offered_by(&self, candidate: &Candidate) -> bool {
        let roles = candidate.roles.as_ref();
        roles.is_none_or(|roles| roles.contains(&self.key.role))
    }

    /// Whether the must-have skills are held, as far as that is known.
    pub fn has_must_haves(&self, candidate: &Candidate, population: &Population) -> bool {
        candidate.skills.as_ref().is_none_or(|skills| {
            let mut must = self.key.wishes.iter().filter(|wish| wish.must_have);
            must.all(|wish| population.tree.holds(skills, wish))
        })
    }

    /// Whether role and must-have skills rule nothing out.
    pub fn admits(&self, candidate: &Candidate, population: &Population) -> bool {
        self.offered_by(candidate) && self.has_must_haves(candidate, population)
    }

    pub fn skill_ppm(&self, candidate: &Candidate, population: &Population) -> u64 {
        match &candidate.skills {
            Some(skills) => skill_ppm(&self.wishes, skills),
            None => self.mean_skill(population).unwrap_or(NEUTRAL_PPM),
        }
    }

    /// Past deliveries that count, up to where one more makes no difference; `None` is not known.
    pub fn deliveries(&self, candidate: &Candidate) -> Option<u64> {
        let all = candidate.deliveries(self.key.family, self.key.role);
        all.map(|n| n.min(MOST_DELIVERIES))
    }

    /// The experience of those who have not told.
    pub fn usual_experience_ppm(&self, population: &Population) -> u64 {
        experience_ppm(population.median_deliveries(self.key.family, self.key.role))
    }
}
