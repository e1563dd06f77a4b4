//! The opposite direction: finds the best needs for a candidate.
//!
//! Needs are grouped by profile. The gates of role and must-have skills, and the values of skill and
//! experience, are computed once for a whole group. The bound of a group assumes the best for everything
//! else. The bound of a need assumes the best for its text only. Both bounds use the same function as the
//! fit.
//!
//! Invariant: every answer equals that of the plain scan, [`rank_needs`](crate::rank::rank_needs).

use super::candidates::CandidateIndex;
use super::top::{Effort, RankRange};
use crate::components::{self, COMPONENTS, Component, Score, Values};
use crate::fit::Sides;
use crate::formulas::experience_ppm;
use crate::gates::{self, GATES, Gate};
use crate::ppm::PPM;
use crate::profile::{Profile, ProfileKey};
use crate::rank::Census;
use crate::words::{TextQuery, widest_cap_ppm};
use crate::{Assessment, Candidate, Need, Population, Query, RankKey, Weights};
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

/// A need prepared for scoring.
#[derive(Debug)]
pub struct PreparedNeed {
    pub need: Arc<Need>,
    profiles: Vec<Arc<Profile>>,
    words: Arc<TextQuery>,
    median_metres: Option<u32>,
}

impl PreparedNeed {
    pub fn query<'a>(&'a self, weights: Weights, population: &'a Population) -> Query<'a> {
        let (profiles, words) = (self.profiles.clone(), Arc::clone(&self.words));
        Query::prepared(&self.need, weights, population, profiles, words)
    }
}

/// Needs with a role of the same profile.
#[derive(Debug, Clone)]
struct Group {
    profile: Arc<Profile>,
    needs: Vec<Arc<PreparedNeed>>,
}

/// Every need that accepts applications, at one moment.
#[derive(Clone)]
pub struct NeedIndex {
    population: Arc<Population>,
    all: HashMap<u128, Arc<PreparedNeed>>,
    groups: HashMap<ProfileKey, Arc<Group>>,
}

/// A need in a ranking.
#[derive(Debug, Clone)]
pub struct NeedHit {
    pub key: RankKey,
    pub prepared: Arc<PreparedNeed>,
    pub assessment: Assessment,
}

impl NeedIndex {
    /// Builds the index for the population of `index`, and shares its profiles.
    pub fn build(index: &CandidateIndex, needs: impl IntoIterator<Item = Arc<Need>>) -> NeedIndex {
        let empty = NeedIndex {
            population: Arc::clone(index.population()),
            all: HashMap::new(),
            groups: HashMap::new(),
        };
        empty.with(index, needs.into_iter().map(|need| (need.id, Some(need))))
    }

    /// Returns the next index. Each id comes with the need as it is now, or with `None`. `index` has to be of
    /// the same population.
    pub fn with(
        &self,
        index: &CandidateIndex,
        changes: impl IntoIterator<Item = (u128, Option<Arc<Need>>)>,
    ) -> NeedIndex {
        let mut next = self.clone();
        let mut touched: HashMap<ProfileKey, (HashSet<u128>, Vec<Arc<PreparedNeed>>)> = HashMap::new();
        for (id, now) in changes {
            if let Some(before) = next.all.remove(&id) {
                for key in keys(&before.need) {
                    let (gone, come) = touched.entry(key).or_default();
                    gone.insert(id);
                    // If a need changes twice, the last change counts.
                    come.retain(|asked| asked.need.id != id);
                }
            }
            if let Some(need) = now {
                let asked = Arc::new(next.asked(index, need));
                for key in keys(&asked.need) {
                    touched.entry(key).or_default().1.push(Arc::clone(&asked));
                }
                next.all.insert(id, asked);
            }
        }
        for (key, (gone, come)) in touched {
            let before = next.groups.get(&key);
            let kept = before.iter().flat_map(|group| &group.needs);
            let kept = kept.filter(|asked| !gone.contains(&asked.need.id)).cloned();
            let needs: Vec<Arc<PreparedNeed>> = kept.chain(come).collect();
            let own = |asked: &Arc<PreparedNeed>| asked.profiles.iter().find(|p| p.key == key).cloned();
            match needs.first().and_then(own) {
                None => drop(next.groups.remove(&key)),
                Some(profile) => {
                    next.groups.insert(key, Arc::new(Group { profile, needs }));
                }
            }
        }
        next
    }

    fn asked(&self, index: &CandidateIndex, need: Arc<Need>) -> PreparedNeed {
        let profile = |key: ProfileKey| {
            let grouped = self.groups.get(&key).map(|group| Arc::clone(&group.profile));
            let known = grouped.or_else(|| index.profile(&key));
            known.unwrap_or_else(|| Arc::new(Profile::new(key, &self.population)))
        };
        PreparedNeed {
            profiles: need
                .roles
                .iter()
                .map(|role| profile(ProfileKey::of(&need, role)))
                .collect(),
            words: Arc::new(self.population.corpus.query(&need.words)),
            median_metres: self.population.median_metres(need.area),
            need,
        }
    }

    /// Computes the values that replace missing answers, before the first candidate needs them.
    pub fn warm(&self) {
        for asked in self.all.values() {
            for profile in &asked.profiles {
                profile.mean_skill(&self.population);
            }
        }
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Finds the best visible needs for a candidate, each in the role where they fit best.
    pub fn search(
        &self,
        candidate: &Candidate,
        weights: Weights,
        range: RankRange,
        visible: impl Fn(&Need) -> bool,
    ) -> (Vec<NeedHit>, Effort) {
        let (population, sides) = (&*self.population, Sides::new(&weights));
        let mut effort = Effort::default();
        let own = CandidateScores::of(candidate, population);
        let mut ahead: Vec<(u64, &ProfileKey, &Arc<Group>, RoleScores)> = Vec::new();
        if range.limit > 0
            && candidate.active
            && candidate.consented
            && candidate.open_load < candidate.capacity
        {
            for (key, group) in &self.groups {
                effort.nodes += 1;
                if group.profile.admits(candidate, population) {
                    let settled = own.in_role(candidate, &group.profile, population);
                    let bound = sides.fit(&settled.at_best()).fit_ppm;
                    ahead.push((bound, key, group, settled));
                }
            }
        }
        ahead.sort_unstable_by(|(a, key, ..), (b, other, ..)| b.cmp(a).then(key.cmp(other)));
        let mut top = BestNeeds {
            heap: BinaryHeap::new(),
            range,
        };
        // Needs whose own bound is known, the best first, with their position in `scored`.
        let mut pending: BinaryHeap<(u64, usize)> = BinaryHeap::new();
        let mut scored: Vec<&Arc<PreparedNeed>> = Vec::new();
        let mut ahead = ahead.into_iter().peekable();
        let mut met: HashSet<u128> = HashSet::new();
        loop {
            let best_pending = pending.peek().map(|(bound, _)| *bound);
            if let Some((bound, _, group, settled)) =
                ahead.next_if(|(b, ..)| best_pending.is_none_or(|p| *b >= p))
            {
                if bound < top.floor() {
                    break;
                }
                effort.leaves += 1;
                for asked in &group.needs {
                    if candidate.accepts(asked.need.format) != Some(false) && visible(&asked.need) {
                        effort.scored += 1;
                        let bound = sides.fit(&settled.for_need(candidate, asked, population)).fit_ppm;
                        if bound >= top.floor() {
                            pending.push((bound, scored.len()));
                            scored.push(asked);
                        }
                    }
                }
                continue;
            }
            let Some((_, position)) = pending.pop().filter(|(bound, _)| *bound >= top.floor()) else {
                break;
            };
            let Some(asked) = scored.get(position).filter(|asked| met.insert(asked.need.id)) else {
                continue;
            };
            effort.looked_up += 1;
            let query = asked.query(weights, population);
            if let Some(assessment) = query.best(candidate, None).filter(|a| a.failed.is_empty()) {
                let key = query.key(candidate, &assessment.fit);
                top.offer(RankedNeed(key, Arc::clone(asked), Box::new(assessment)));
            }
        }
        let heap = top.heap;
        let found = |RankedNeed(key, asked, assessment)| NeedHit {
            key,
            prepared: asked,
            assessment: *assessment,
        };
        (heap.into_sorted_vec().into_iter().map(found).collect(), effort)
    }

    /// Counts, for each gate, how many of the visible needs it removes. Every need goes through every gate.
    pub fn census(&self, candidate: &Candidate, visible: impl Fn(&Need) -> bool) -> Census {
        let mut census = Census::default();
        for asked in self.all.values().filter(|asked| visible(&asked.need)) {
            let roles = asked.need.roles.iter();
            let first = |role| {
                let failed = gates::gate(candidate, &asked.need, role, &self.population).failed;
                failed.first().copied()
            };
            let furthest = |failed: &Option<Gate>| failed.map_or(GATES.len(), |gate| gate as usize);
            if let Some(failed) = roles.map(first).max_by_key(furthest) {
                census.count(failed);
            }
        }
        census
    }
}

fn keys(need: &Need) -> impl Iterator<Item = ProfileKey> {
    // Two roles may have the same profile.
    let keys: HashSet<ProfileKey> = need.roles.iter().map(|role| ProfileKey::of(need, role)).collect();
    keys.into_iter()
}

/// The values that depend on the candidate only.
struct CandidateScores {
    responsiveness: Score,
    best_format_ppm: u64,
    /// The largest value of the text, for any need.
    text_cap_ppm: u64,
}

/// The values of a candidate in one role.
struct RoleScores {
    values: [Score; COMPONENTS.len()],
    best_format_ppm: u64,
}

impl CandidateScores {
    fn of(candidate: &Candidate, population: &Population) -> CandidateScores {
        let prefers = candidate.preferred_formats != 0 || candidate.accepted_formats.is_none();
        CandidateScores {
            responsiveness: components::responsiveness(candidate, population),
            best_format_ppm: if prefers { PPM } else { PPM / 2 },
            text_cap_ppm: widest_cap_ppm(candidate.evidence.len()),
        }
    }

    fn in_role(&self, candidate: &Candidate, profile: &Profile, population: &Population) -> RoleScores {
        let known = |ppm| Score { ppm, known: true };
        let experience = match profile.deliveries(candidate) {
            Some(n) => experience_ppm(n),
            None => profile.usual_experience_ppm(population),
        };
        let values = COMPONENTS.map(|component| match component {
            Component::Skill => known(profile.skill_ppm(candidate, population)),
            Component::Experience => known(experience),
            Component::Reliability => components::reliability(candidate, profile.key.role, population),
            Component::Responsiveness => self.responsiveness,
            Component::Text => known(self.text_cap_ppm),
            _ => known(PPM),
        });
        RoleScores {
            values,
            best_format_ppm: self.best_format_ppm,
        }
    }
}

impl RoleScores {
    fn at_best(&self) -> Values {
        let mut values = self.values;
        set(&mut values, Component::Format, self.best_format_ppm);
        Values::new(values)
    }

    fn for_need(&self, candidate: &Candidate, asked: &PreparedNeed, population: &Population) -> Values {
        let (mut values, need) = (self.values, &*asked.need);
        let distance = components::distance(candidate, need, asked.median_metres, population);
        set(&mut values, Component::Distance, distance.ppm);
        set(
            &mut values,
            Component::Format,
            components::format(candidate, need, population).ppm,
        );
        set(
            &mut values,
            Component::Theme,
            components::theme(candidate, need, population).ppm,
        );
        let availability = components::availability(candidate, need, population);
        set(&mut values, Component::Availability, availability.ppm);
        Values::new(values)
    }
}

fn set(values: &mut [Score], component: Component, ppm: u64) {
    if let Some(value) = values.get_mut(component as usize) {
        value.ppm = ppm;
    }
}

/// The best results so far.
struct BestNeeds {
    heap: BinaryHeap<RankedNeed>,
    range: RankRange,
}

impl BestNeeds {
    /// Returns the fit below which nothing can enter. An equal fit still may: the hash decides ties.
    fn floor(&self) -> u64 {
        let last = self.heap.peek().filter(|_| self.heap.len() >= self.range.limit);
        last.map_or(0, |ranked| ranked.0.fit_ppm.0)
            .max(self.range.min_fit_ppm)
    }

    fn offer(&mut self, ranked: RankedNeed) {
        let is_after = self.range.after.is_none_or(|after| ranked.0 > after);
        if is_after && ranked.0.fit_ppm.0 >= self.range.min_fit_ppm {
            self.heap.push(ranked);
            if self.heap.len() > self.range.limit {
                self.heap.pop();
            }
        }
    }
}

/// Ordered by key, for the heap.
struct RankedNeed(RankKey, Arc<PreparedNeed>, Box<Assessment>);

impl PartialEq for RankedNeed {
    fn eq(&self, other: &RankedNeed) -> bool {
        self.0 == other.0
    }
}

impl Eq for RankedNeed {}

impl PartialOrd for RankedNeed {
    fn partial_cmp(&self, other: &RankedNeed) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RankedNeed {
    fn cmp(&self, other: &RankedNeed) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
