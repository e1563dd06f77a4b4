//! The plain scan: assesses every candidate, then sorts. It is the oracle of every faster method.

use super::components::{self, Score, Values};
use super::fit::{Fit, Sides, Weights};
use super::formulas::{CreditedWish, skill_ppm};
use super::gates::{self, GATES, Gate, GateOutcome, Unconfirmed};
use super::population::Population;
use super::ppm::{PPM, mix, ratio};
use super::profile::{Profile, ProfileKey};
use super::words::{TextMatch, TextQuery};
use super::{COMPONENTS, Candidate, Component, Need};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A need prepared for scoring: everything that depends on the need alone is computed once.
pub struct Query<'a> {
    pub need: &'a Need,
    pub weights: Weights,
    pub population: &'a Population,
    sides: Sides,
    profiles: Vec<Arc<Profile>>,
    words: Arc<TextQuery>,
    median_metres: Option<u32>,
}

/// The assessment of one candidate in one role.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// The position of the role in the need.
    pub role: usize,
    pub failed: Vec<Gate>,
    pub unconfirmed: Vec<Unconfirmed>,
    pub values: Values,
    pub fit: Fit,
}

/// The sort key of a ranking: the higher fit first, then a stable hash of the pair, then the ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RankKey {
    pub fit_ppm: std::cmp::Reverse<u64>,
    pub tie: u64,
    pub need: u128,
    pub candidate: u128,
}

/// How many candidates were considered, passed, and were removed by each gate. `considered` is `passed` plus
/// all removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    pub considered: usize,
    pub passed: usize,
    /// How many passed in each role that was asked for, by its position in the need. Empty for a ranking of needs.
    pub passed_in: BTreeMap<usize, usize>,
    removed: [usize; GATES.len()],
}

impl Census {
    /// Counts a candidate under the first failed gate, in the role where they pass the most gates.
    pub fn count(&mut self, first_failed: Option<Gate>) {
        self.considered += 1;
        match first_failed {
            None => self.passed += 1,
            Some(gate) => {
                if let Some(count) = self.removed.get_mut(gate as usize) {
                    *count += 1;
                }
            }
        }
    }

    /// Returns how many candidates a gate removed.
    pub fn removed_by(&self, gate: Gate) -> usize {
        self.removed.get(gate as usize).copied().unwrap_or(0)
    }

    /// Returns the gates that removed any candidate, in order.
    pub fn removed(&self) -> impl Iterator<Item = (Gate, usize)> {
        GATES
            .into_iter()
            .zip(self.removed)
            .filter(|(_, count)| *count > 0)
    }
}

/// The candidates that passed, best first.
#[derive(Debug, Clone)]
pub struct Ranking<T> {
    pub census: Census,
    pub ranked: Vec<(RankKey, T)>,
}

impl<'a> Query<'a> {
    pub fn new(need: &'a Need, weights: Weights, population: &'a Population) -> Self {
        let profile = |role| Arc::new(Profile::new(ProfileKey::of(need, role), population));
        let profiles = need.roles.iter().map(profile).collect();
        let words = Arc::new(population.corpus.query(&need.words));
        Query::prepared(need, weights, population, profiles, words)
    }

    /// Builds a query from prepared parts that needs share: a profile for each role, and the text.
    pub fn prepared(
        need: &'a Need,
        weights: Weights,
        population: &'a Population,
        profiles: Vec<Arc<Profile>>,
        words: Arc<TextQuery>,
    ) -> Self {
        Query {
            need,
            weights,
            population,
            sides: Sides::new(&weights),
            profiles,
            words,
            median_metres: population.median_metres(need.area),
        }
    }

    /// Makes the organization's side alone count as the fit.
    pub fn of_organization(mut self) -> Self {
        self.sides.worker = [0; components::N];
        self
    }

    /// Returns the weights of the organization side and of the worker side, in the order of [`COMPONENTS`].
    pub fn side_weights(&self) -> (&[u64], &[u64]) {
        (&self.sides.organization, &self.sides.worker)
    }

    pub fn median_metres(&self) -> Option<u32> {
        self.median_metres
    }

    pub fn profiles(&self) -> &[Arc<Profile>] {
        &self.profiles
    }

    pub fn words(&self) -> &TextQuery {
        &self.words
    }

    pub fn wishes(&self, role: usize) -> &[CreditedWish] {
        self.profiles.get(role).map_or(&[], |profile| &profile.wishes)
    }

    /// Returns what the candidate's evidence has in common with the need, or `None` without evidence.
    pub fn text_match(&self, candidate: &Candidate) -> Option<TextMatch> {
        self.words.score(&candidate.evidence, &self.population.corpus)
    }

    /// Assesses one candidate in one role. Returns `None` if the need has no such role.
    pub fn assess(&self, candidate: &Candidate, role: usize) -> Option<Assessment> {
        let asked = self.need.roles.get(role)?;
        let GateOutcome { failed, unconfirmed } = gates::gate(candidate, self.need, asked, self.population);
        let values = self.values(candidate, role, asked.role);
        Some(Assessment {
            role,
            failed,
            unconfirmed,
            fit: self.sides.fit(&values),
            values,
        })
    }

    /// Returns the fit after one component has changed, or `None` if a gate fails now.
    pub fn reassess(&self, changed: &Candidate, before: &Assessment, component: Component) -> Option<Fit> {
        let asked = self.need.roles.get(before.role)?;
        let gated = gates::gate(changed, self.need, asked, self.population);
        gated.failed.is_empty().then(|| {
            let scored = self.value(component, changed, before.role, asked.role);
            self.sides.fit(&before.values.with(component, scored))
        })
    }

    fn values(&self, candidate: &Candidate, position: usize, role: super::EntryNo) -> Values {
        Values::new(COMPONENTS.map(|component| self.value(component, candidate, position, role)))
    }

    fn value(
        &self,
        component: Component,
        candidate: &Candidate,
        position: usize,
        role: super::EntryNo,
    ) -> Score {
        let (need, population) = (self.need, self.population);
        match component {
            Component::Skill => self.skill(candidate, position),
            Component::Experience => components::experience(candidate, need, role, population),
            Component::Availability => components::availability(candidate, need, population),
            Component::Distance => components::distance(candidate, need, self.median_metres, population),
            Component::Theme => components::theme(candidate, need, population),
            Component::Format => components::format(candidate, need, population),
            Component::Reliability => components::reliability(candidate, role, population),
            Component::Responsiveness => components::responsiveness(candidate, population),
            Component::Text => self.text(candidate),
        }
    }

    fn skill(&self, candidate: &Candidate, position: usize) -> Score {
        let Some(profile) = self.profiles.get(position) else {
            return Score::default();
        };
        match &candidate.skills {
            // Where nothing is wished, nobody's answer matters.
            _ if profile.wishes.is_empty() => Score::known(PPM),
            Some(skills) => Score::known(skill_ppm(&profile.wishes, skills)),
            None => Score::imputed(profile.mean_skill(self.population)),
        }
    }

    fn text(&self, candidate: &Candidate) -> Score {
        let matched = self.text_match(candidate);
        Score {
            ppm: matched.map_or(0, |matched| matched.value_ppm),
            known: matched.is_some(),
        }
    }

    /// Assesses a candidate in the role where they fit best among the roles whose gates they pass. If they
    /// pass in none, it is the role where they pass the most gates. `only` restricts this to one role.
    /// Returns `None` if the need has no role.
    pub fn best(&self, candidate: &Candidate, only: Option<usize>) -> Option<Assessment> {
        let roles = self.roles(only);
        let furthest = |a: &Assessment| a.failed.first().map_or(GATES.len(), |gate| *gate as usize);
        roles
            .filter_map(|role| self.assess(candidate, role))
            .max_by_key(|a| (furthest(a), a.fit.fit_ppm, std::cmp::Reverse(a.role)))
    }

    /// Returns the sort key of a pair.
    pub fn key(&self, candidate: &Candidate, fit: &Fit) -> RankKey {
        // The lower half of an id is its random part, which stays the same when a record is loaded elsewhere.
        RankKey {
            fit_ppm: std::cmp::Reverse(fit.fit_ppm),
            tie: mix(mix(self.need.id as u64) ^ candidate.id as u64),
            need: self.need.id,
            candidate: candidate.id,
        }
    }

    /// Returns the contribution of each component, in the order of [`COMPONENTS`].
    pub fn contributions(&self, assessment: &Assessment) -> [u64; components::N] {
        self.sides.contributions(&assessment.values, &assessment.fit)
    }

    /// Returns the weight of the components whose inputs are known, in parts per million of all weight.
    pub fn completeness_ppm(&self, values: &Values) -> u64 {
        let known = COMPONENTS.iter().filter(|c| values.get(**c).known);
        ratio(known.map(|c| self.weights.ppm(*c)).sum(), 1).min(PPM)
    }

    /// Ranks these candidates for the need.
    pub fn rank_workers(
        &self,
        everyone: &[Arc<Candidate>],
        only: Option<usize>,
    ) -> Ranking<(usize, Assessment)> {
        let mut ranking = rank(everyone.iter().enumerate().filter_map(|(i, c)| {
            let assessment = self.best(c, only)?;
            Some((
                self.key(c, &assessment.fit),
                assessment.failed.first().copied(),
                (i, assessment),
            ))
        }));
        for role in self.roles(only) {
            let passed = everyone.iter().filter(|c| self.passes(c, role)).count();
            ranking.census.passed_in.insert(role, passed);
        }
        ranking
    }

    /// Returns the positions of the roles, or of one of them.
    pub fn roles(&self, only: Option<usize>) -> impl Iterator<Item = usize> + use<> {
        (0..self.need.roles.len()).filter(move |role| only.is_none_or(|only| only == *role))
    }

    /// Returns whether a candidate passes every gate of a role.
    pub fn passes(&self, candidate: &Candidate, role: usize) -> bool {
        let asked = self.need.roles.get(role);
        asked.is_some_and(|asked| {
            gates::gate(candidate, self.need, asked, self.population)
                .failed
                .is_empty()
        })
    }
}

/// Ranks needs for one candidate.
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
    let (mut census, mut ranked) = (Census::default(), Vec::new());
    for (key, failed, item) in assessed {
        census.count(failed);
        if failed.is_none() {
            ranked.push((key, item));
        }
    }
    ranked.sort_unstable_by_key(|(key, _)| *key);
    Ranking { census, ranked }
}
