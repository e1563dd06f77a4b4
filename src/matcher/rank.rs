//! The plain scan: every candidate through every gate and component, then sorted. The oracle of any faster way.

use super::components::{self, Credited, Scored, Values, skill_ppm};
use super::fit::{Fit, Sides, Weights};
use super::gates::{self, GATES, Gate, Gated, Unconfirmed};
use super::population::{Population, mean};
use super::ppm::{PPM, mix, ratio};
use super::text::TextQuery;
use super::{COMPONENTS, Candidate, Component, Need};
use std::cell::OnceCell;
use std::sync::Arc;

/// A need made ready to meet candidates: whatever depends on the need alone is done once here.
pub struct Query<'a> {
    pub need: &'a Need,
    pub weights: Weights,
    pub population: &'a Population,
    everyone: &'a [Arc<Candidate>],
    sides: Sides,
    roles: Vec<RoleQuery>,
    text: TextQuery,
    median_metres: Option<u32>,
    mean_text: OnceCell<Option<u64>>,
}

struct RoleQuery {
    wishes: Vec<Credited>,
    mean_skill: OnceCell<Option<u64>>,
}

/// One candidate in one role.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// The position of the role in the need.
    pub role: usize,
    pub failed: Vec<Gate>,
    pub unconfirmed: Vec<Unconfirmed>,
    pub values: Values,
    pub fit: Fit,
}

/// What a ranking is sorted by: the higher fit first, then a stable hash of the pair, then the ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RankKey {
    pub fit_ppm: std::cmp::Reverse<u64>,
    pub tie: u64,
    pub need: u128,
    pub candidate: u128,
}

/// Everyone who passed, best first, and how many each gate removed.
#[derive(Debug, Clone)]
pub struct Ranking<T> {
    pub considered: usize,
    pub removed: Vec<(Gate, usize)>,
    pub ranked: Vec<(RankKey, T)>,
}

impl<'a> Query<'a> {
    /// `everyone` is whom the population was made of: a missing set stands in as their mean.
    pub fn new(
        need: &'a Need,
        weights: Weights,
        population: &'a Population,
        everyone: &'a [Arc<Candidate>],
    ) -> Self {
        let role = |role: &super::RoleNeed| RoleQuery {
            wishes: role
                .wishes
                .iter()
                .map(|wish| Credited::new(*wish, &population.tree))
                .collect(),
            mean_skill: OnceCell::new(),
        };
        Query {
            need,
            weights,
            population,
            everyone,
            sides: Sides::new(&weights),
            roles: need.roles.iter().map(role).collect(),
            text: population.corpus.query(&need.terms),
            median_metres: population.median_metres(need.area),
            mean_text: OnceCell::new(),
        }
    }

    pub fn wishes(&self, role: usize) -> &[Credited] {
        self.roles.get(role).map_or(&[], |role| &role.wishes)
    }

    /// The best piece of evidence, by position, with its value.
    pub fn best_piece(&self, candidate: &Candidate) -> Option<(u64, usize)> {
        self.text.best(&candidate.evidence)
    }

    /// Every gate and every component of one candidate in one role. `None` where the need has no such role.
    pub fn assess(&self, candidate: &Candidate, role: usize) -> Option<Assessment> {
        let asked = self.need.roles.get(role)?;
        let Gated { failed, unconfirmed } = gates::gate(candidate, self.need, asked, self.population);
        let values = self.values(candidate, role, asked.role);
        Some(Assessment {
            role,
            failed,
            unconfirmed,
            fit: self.sides.fit(&values),
            values,
        })
    }

    fn values(&self, candidate: &Candidate, position: usize, role: super::Index) -> Values {
        let (need, population) = (self.need, self.population);
        Values::new(COMPONENTS.map(|component| match component {
            Component::Skill => self.skill(candidate, position),
            Component::Experience => components::experience(candidate, need, role, population),
            Component::Availability => components::availability(candidate, need, population),
            Component::Distance => components::distance(candidate, need, self.median_metres, population),
            Component::Theme => components::theme(candidate, need, population),
            Component::Format => components::format(candidate, need, population),
            Component::Reliability => components::reliability(candidate, population),
            Component::Responsiveness => components::responsiveness(candidate, population),
            Component::Text => self.text(candidate),
        }))
    }

    fn skill(&self, candidate: &Candidate, position: usize) -> Scored {
        let Some(role) = self.roles.get(position) else {
            return Scored::default();
        };
        match &candidate.skills {
            Some(skills) => Scored::known(skill_ppm(&role.wishes, skills)),
            None => Scored::imputed(*role.mean_skill.get_or_init(|| {
                mean(self.everyone.iter().filter_map(|c| c.skills.as_ref()), |s| {
                    skill_ppm(&role.wishes, s)
                })
            })),
        }
    }

    fn text(&self, candidate: &Candidate) -> Scored {
        match self.best_piece(candidate) {
            Some((ppm, _)) => Scored::known(ppm),
            None => Scored::imputed(*self.mean_text.get_or_init(|| {
                mean(
                    self.everyone.iter().filter_map(|c| self.best_piece(c)),
                    |(ppm, _)| ppm,
                )
            })),
        }
    }

    /// The candidate in the role where they fit best among those that they pass, or, passing none, in the one
    /// where they came furthest. Asked for one role, in that one. `None` where the need has no role to fill.
    pub fn best(&self, candidate: &Candidate, only: Option<usize>) -> Option<Assessment> {
        let roles = (0..self.need.roles.len()).filter(|role| only.is_none_or(|only| only == *role));
        let furthest = |a: &Assessment| a.failed.first().map_or(GATES.len(), |gate| *gate as usize);
        roles
            .filter_map(|role| self.assess(candidate, role))
            .max_by_key(|a| (furthest(a), a.fit.fit_ppm, std::cmp::Reverse(a.role)))
    }

    pub fn key(&self, candidate: &Candidate, fit: &Fit) -> RankKey {
        // The lower half of an id is its random part: a record that is loaded elsewhere keeps it.
        RankKey {
            fit_ppm: std::cmp::Reverse(fit.fit_ppm),
            tie: mix(mix(self.need.id as u64) ^ candidate.id as u64),
            need: self.need.id,
            candidate: candidate.id,
        }
    }

    pub fn contributions(&self, assessment: &Assessment) -> [u64; components::N] {
        self.sides.contributions(&assessment.values, &assessment.fit)
    }

    /// The weight of what was known, in parts per million of all weight.
    pub fn completeness_ppm(&self, values: &Values) -> u64 {
        let known = COMPONENTS.iter().filter(|c| values.get(**c).known);
        ratio(known.map(|c| self.weights.ppm(*c)).sum(), 1).min(PPM)
    }

    /// Ranks workers for this need.
    pub fn rank_workers(&self, only: Option<usize>) -> Ranking<(usize, Assessment)> {
        let all = self.everyone.iter().enumerate();
        rank(all.filter_map(|(i, c)| {
            let assessment = self.best(c, only)?;
            Some((
                self.key(c, &assessment.fit),
                assessment.failed.first().copied(),
                (i, assessment),
            ))
        }))
    }
}

/// Ranks needs for one worker: each as `query` has it.
pub fn rank_needs<'q>(
    queries: impl Iterator<Item = Query<'q>>,
    candidate: &Candidate,
) -> Ranking<(Query<'q>, Assessment)> {
    rank(queries.filter_map(|query| {
        let assessment = query.best(candidate, None)?;
        Some((
            query.key(candidate, &assessment.fit),
            assessment.failed.first().copied(),
            (query, assessment),
        ))
    }))
}

fn rank<T>(assessed: impl Iterator<Item = (RankKey, Option<Gate>, T)>) -> Ranking<T> {
    let (mut considered, mut removed, mut ranked) = (0, vec![0; GATES.len()], Vec::new());
    for (key, failed, item) in assessed {
        considered += 1;
        match failed {
            None => ranked.push((key, item)),
            Some(gate) => {
                if let Some(count) = removed.get_mut(gate as usize) {
                    *count += 1;
                }
            }
        }
    }
    ranked.sort_unstable_by_key(|(key, _)| *key);
    let removed = GATES
        .into_iter()
        .zip(removed)
        .filter(|(_, count)| *count > 0)
        .collect();
    Ranking {
        considered,
        removed,
        ranked,
    }
}
