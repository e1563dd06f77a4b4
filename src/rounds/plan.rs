//! From the question for a round to its answer.

use super::facts::{
    AlternativeFacts, Outcome, PlaceFacts, ProofFacts, RoundReport, RoundSearch, RoundSpread, RoundTotals,
    SlotFacts, WhyEmpty, gini_ppm,
};
use super::faults::{Asked, not_in_round, role_not_open, unknown_worker};
use super::{NewRound, Place, RoundFilter, RoundObjective, RoundPin};
use crate::applications;
use crate::auth::{Reach, Viewer};
use crate::db::{Db, Id};
use crate::error::{Error, FieldError, Result, Text};
use crate::matches::CustomWeights;
use crate::matches::context::RankingContext;
use crate::matches::snapshot::{OpenDeliverable, Snapshot};
use crate::matches::visibility::unknown_workers;
use crate::reach::store::some_deliverables;
use crate::values::{Code, with_wards};
use crate::weights::ComponentWeights;
use crate::workers;
use matcher::round::{
    Ban, IndexMarket, Market, Objective, Pin, Round, Seat, Shortage, Slot, Solution, Solved, WhyShort,
};
use matcher::{Need, Weights};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// How many pairs of a worker and another slot are looked at for a better fit elsewhere. Larger rounds leave that out.
const MOST_PAIRS: usize = 300_000;

/// How many cases the search for complete teams looks at.
const MOST_NODES: usize = 500;

/// A question with everything that the answer is computed from.
pub struct Question {
    pub snapshot: Arc<Snapshot>,
    pub deliverables: Vec<Id>,
    pub needs: Vec<Need>,
    pub weights: Weights,
    pub weights_version: String,
    /// Whom rules or places in these teams keep out, after the bans of the request.
    members: Vec<Ban>,
    pins: Vec<Pin>,
    slots: Vec<Slot>,
}

/// An answer, ready to be stored.
pub struct Plan {
    pub deliverables: Vec<Id>,
    pub outcome: Outcome,
    pub places: Vec<Place>,
    pub at_change: i64,
}

pub fn id(number: u128) -> Id {
    Id(Uuid::from_u128(number))
}

impl From<RoundObjective> for Objective {
    fn from(objective: RoundObjective) -> Objective {
        match objective {
            RoundObjective::FillThenFit => Objective::FillThenFit,
            RoundObjective::Fit => Objective::Fit,
            RoundObjective::WorstFirst => Objective::WorstFirst,
            RoundObjective::Stable => Objective::Stable,
            RoundObjective::CompleteTeams => Objective::CompleteTeams,
        }
    }
}

impl Question {
    /// Takes the question of a request. `before`: what a draft has asked so far.
    pub fn of(
        db: &mut Db,
        context: &RankingContext,
        viewer: &Viewer,
        new: &NewRound,
        before: Option<&NewRound>,
    ) -> Result<Question> {
        let snapshot = context.snapshot(db)?;
        check_named(db, &snapshot, &viewer.reach, new, before)?;
        let (weights, version) = CustomWeights::or_current(&new.weights, viewer, &snapshot.weights)?;
        let deliverables = asked(db, &snapshot, &viewer.reach, new)?;
        Question::about(db, snapshot, deliverables, (weights, version), new)
    }

    /// Takes the question about deliverables that are open, with weights.
    pub fn about(
        db: &mut Db,
        snapshot: Arc<Snapshot>,
        deliverables: Vec<Id>,
        (weights, weights_version): (Weights, String),
        new: &NewRound,
    ) -> Result<Question> {
        let open = deliverables.iter().filter_map(|one| snapshot.open.get(one));
        let needs: Vec<Need> = open.map(|open| Need::clone(&open.need)).collect();
        let slots = IndexMarket::new(&snapshot.index, &needs, weights).slots();
        let members = members(db, &deliverables)?;
        let mut errors = Vec::new();
        let mut pins = Vec::new();
        let held: HashSet<(u128, u128)> = members
            .iter()
            .filter_map(|ban| Some((ban.worker, ban.deliverable?)))
            .collect();
        for (i, pin) in new.pins.iter().enumerate() {
            let RoundPin {
                worker_id,
                deliverable_id,
                role,
            } = pin;
            let (worker, deliverable) = (worker_id.0.as_u128(), deliverable_id.0.as_u128());
            let role = snapshot.catalogue.roles.position(role);
            let slot = slots
                .iter()
                .position(|slot| slot.deliverable == deliverable && Some(slot.role) == role);
            if !deliverables.contains(deliverable_id) {
                errors.push(not_in_round(&format!("/pins/{i}/deliverable_id")));
            } else if held.contains(&(worker, deliverable)) {
                let rule = Text::new(
                    "このワーカーはすでにチームに入っています。",
                    "This worker has a place in the team already.",
                );
                let pointer = format!("/pins/{i}/worker_id");
                errors.push(FieldError::at(pointer, "already_placed", rule));
            } else if let Some(slot) = slot {
                pins.push(Pin { slot, worker });
            } else {
                errors.push(role_not_open(&format!("/pins/{i}")));
            }
        }
        if !errors.is_empty() {
            return Err(Error::Invalid(errors));
        }
        Ok(Question {
            snapshot,
            deliverables,
            needs,
            weights,
            weights_version,
            members,
            pins,
            slots,
        })
    }

    /// Returns where the ranked lists come from.
    pub fn market(&self) -> IndexMarket<'_> {
        IndexMarket::new(&self.snapshot.index, &self.needs, self.weights)
    }

    /// Returns the question in the matcher's terms.
    pub fn round(&self, new: &NewRound) -> Round {
        let ban = |ban: &super::RoundBan| Ban {
            worker: ban.worker_id.0.as_u128(),
            deliverable: ban.deliverable_id.map(|one| one.0.as_u128()),
        };
        Round {
            min_fit_ppm: new.min_fit_ppm,
            pins: self.pins.clone(),
            bans: new
                .bans
                .iter()
                .map(ban)
                .chain(self.members.iter().copied())
                .collect(),
            most_each: new.most_each.unwrap_or(u32::MAX),
            fill_all: new.fill_all,
            most_nodes: MOST_NODES,
            past_ppm: new.past_placement_ppm,
            ..Round::new(self.slots.clone(), new.objective.into())
        }
    }

    /// Solves a round of this market. Faults become errors that name their place in the request.
    pub fn solve<'m, 'q>(
        &self,
        db: &mut Db,
        reach: &Reach,
        round: &Round,
        market: &'m IndexMarket<'q>,
    ) -> Result<Solved<'m, IndexMarket<'q>>> {
        let faults = match round.solve(market) {
            Ok(solved) => return Ok(solved),
            Err(faults) => faults,
        };
        let pins: Vec<u128> = round.pins.iter().map(|pin| pin.worker).collect();
        let asked = Asked {
            reach,
            pins: &pins,
            bans: "/bans",
        };
        Err(asked.refusal(db, &faults)?)
    }

    /// Returns the answer.
    pub fn plan(&self, db: &mut Db, reach: &Reach, new: &NewRound) -> Result<Plan> {
        let market = self.market();
        let round = self.round(new);
        let mut solved = self.solve(db, reach, &round, &market)?;
        let solution = solved.solution.clone();
        let sequence = round.one_after_another(&market).unwrap_or_default();
        let mut places: Vec<Place> = solution.seats.iter().map(place).collect();
        let without_past = match round.past_ppm {
            0 => None,
            _ => Some(self.without_past(db, reach, &round, &market)?),
        };
        let facts = self.place_facts(&mut solved, &market, &mut places);
        let outcome = Outcome {
            weights_version: self.weights_version.clone(),
            weights: Some(ComponentWeights::of_weights(&self.weights)),
            slots: self.slot_facts(&solved),
            places: facts,
            proofs: solution.proofs.iter().map(ProofFacts::of).collect(),
            search: search(&solution),
            totals: totals(round.places(), &solution.seats),
            one_after_another: totals(round.places(), &sequence),
            report: self.report(&solution.seats),
            without_past,
        };
        Ok(Plan {
            deliverables: self.deliverables.clone(),
            outcome,
            places,
            at_change: self.snapshot.at_change,
        })
    }

    /// Solves the same question without weighing the past.
    fn without_past(
        &self,
        db: &mut Db,
        reach: &Reach,
        round: &Round,
        market: &IndexMarket,
    ) -> Result<RoundSpread> {
        let plain = Round {
            past_ppm: 0,
            fill_all: false,
            ..round.clone()
        };
        let seats = self.solve(db, reach, &plain, market)?.solution.seats;
        Ok(RoundSpread {
            totals: totals(round.places(), &seats),
            report: self.report(&seats),
        })
    }

    fn role_code(&self, slot: &Slot) -> Code {
        let role = self.snapshot.catalogue.roles.at(slot.role);
        Code::from(role.map_or("", |role| role.code.as_str()))
    }

    fn slot_facts(&self, solved: &Solved<IndexMarket>) -> Vec<SlotFacts> {
        let shortages: HashMap<usize, &Shortage> = solved
            .solution
            .shortages
            .iter()
            .map(|short| (short.slot, short))
            .collect();
        let scarcities = solved.scarcities();
        let prices: HashMap<usize, _> = scarcities.iter().map(|one| (one.slot, one)).collect();
        let facts = |(i, slot): (usize, &Slot)| {
            let short = shortages.get(&i);
            let price = prices.get(&i);
            let (why, best_fit_ppm) = match short.map(|short| &short.why) {
                None => (None, None),
                Some(WhyShort::NobodyPasses) => (Some(WhyEmpty::NobodyPasses), None),
                Some(WhyShort::BelowMinimum { best_fit_ppm }) => {
                    (Some(WhyEmpty::BelowMinimum), Some(*best_fit_ppm))
                }
                Some(WhyShort::Taken { .. }) => (Some(WhyEmpty::Taken), None),
            };
            SlotFacts {
                deliverable: id(slot.deliverable),
                role: self.role_code(slot),
                places: slot.places,
                empty: short.map_or(0, |short| short.empty),
                why,
                best_fit_ppm,
                price: price.map(|one| one.price.into()),
                scarce: price.is_some_and(|one| one.is_short) || short.is_some(),
            }
        };
        self.slots.iter().enumerate().map(facts).collect()
    }

    /// Says what each place stands for, and who would come instead.
    fn place_facts(
        &self,
        solved: &mut Solved<IndexMarket>,
        market: &IndexMarket,
        places: &mut [Place],
    ) -> Vec<PlaceFacts> {
        let seats = solved.solution.seats.clone();
        let pinned: HashSet<(usize, u128)> = self.pins.iter().map(|pin| (pin.slot, pin.worker)).collect();
        let looks_elsewhere = seats.len() * self.slots.len() <= MOST_PAIRS;
        let mut facts = Vec::new();
        for (seat, place) in seats.iter().zip(places) {
            let is_pinned = pinned.contains(&(seat.slot, seat.worker));
            let withdrawal = solved.withdrawal(seat.worker).filter(|_| !is_pinned);
            place.replacement = withdrawal.as_ref().and_then(|withdrawal| {
                let firsts = withdrawal.moves.iter().filter_map(|moves| moves.first());
                let mut taking = firsts.filter(|moved| moved.takes == seat.slot);
                taking.next().map(|moved| id(moved.worker))
            });
            let weight_ppm = solved.round.past_ppm;
            let past = market.past(seat.worker);
            facts.push(PlaceFacts {
                weighed_fit_ppm: (weight_ppm > 0).then(|| past.weighed_ppm(seat.fit_ppm, weight_ppm)),
                pinned: is_pinned,
                withdrawal: withdrawal.map(|withdrawal| withdrawal.loss.into()),
                alternative: looks_elsewhere
                    .then(|| self.alternative(solved, market, seat))
                    .flatten(),
            });
        }
        facts
    }

    /// Returns the slot of another deliverable in which the worker fits best, if that is better than where they are.
    fn alternative(
        &self,
        solved: &mut Solved<IndexMarket>,
        market: &IndexMarket,
        seat: &Seat,
    ) -> Option<AlternativeFacts> {
        let own = self.slots.get(seat.slot)?.deliverable;
        let others = self
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.deliverable != own);
        let fits = others.filter_map(|(i, _)| Some((market.pair(i, seat.worker).ok()?.fit_ppm, i)));
        let (fit_ppm, slot) = fits.max_by_key(|(fit, i)| (*fit, std::cmp::Reverse(*i)))?;
        if fit_ppm <= seat.fit_ppm {
            return None;
        }
        let cost = solved.moving(slot, seat.worker).ok();
        Some(AlternativeFacts {
            slot,
            fit_ppm,
            loss: cost.map(|cost| cost.loss.into()),
            exact: cost.is_some_and(|cost| cost.is_exact),
        })
    }

    fn report(&self, seats: &[Seat]) -> RoundReport {
        let mut places: BTreeMap<u128, u64> = BTreeMap::new();
        for seat in seats {
            *places.entry(seat.worker).or_default() += 1;
        }
        let record = |worker: &u128| {
            let candidate = self.snapshot.index.get(*worker);
            candidate.map_or((0, 0), |candidate| candidate.counted.record)
        };
        let area = |deliverable: &Id| {
            let open = self.snapshot.open.get(deliverable)?;
            open.deliverable.request.area.clone()
        };
        let served = seats.iter().filter_map(|seat| self.slots.get(seat.slot));
        let served: BTreeSet<_> = served.filter_map(|slot| area(&id(slot.deliverable))).collect();
        let asking: BTreeSet<_> = self.deliverables.iter().filter_map(area).collect();
        let counts = places
            .iter()
            .map(|(worker, own)| u64::from(record(worker).0) + own);
        RoundReport {
            workers: places.len(),
            newcomers: places.keys().filter(|worker| record(worker) == (0, 0)).count(),
            gini_ppm: gini_ppm(counts.collect()),
            areas_asking: asking.len(),
            areas_served: served.len(),
        }
    }
}

fn place(seat: &Seat) -> Place {
    Place {
        slot: seat.slot,
        worker: Some(id(seat.worker)),
        fit_ppm: seat.fit_ppm,
        replacement: None,
        application: None,
    }
}

pub fn totals(places: usize, seats: &[Seat]) -> RoundTotals {
    RoundTotals {
        places,
        filled: seats.len(),
        fit_ppm: seats.iter().map(|seat| seat.fit_ppm).sum(),
        lowest_fit_ppm: seats.iter().map(|seat| seat.fit_ppm).min(),
    }
}

fn search(solution: &Solution) -> Option<RoundSearch> {
    solution.search.map(|search| RoundSearch {
        teams: search.teams,
        nodes: search.nodes,
        gap_teams: ((search.bound - search.value) / i128::from(search.prize.max(1))) as i64,
        best: search.is_best(),
    })
}

/// Returns the deliverables of a request, or everything that is wrong with them.
fn asked(db: &mut Db, snapshot: &Snapshot, reach: &Reach, new: &NewRound) -> Result<Vec<Id>> {
    let missing = |code, ja: &'static str, en: &'static str| {
        Err(Error::invalid("/deliverable_ids", code, Text::new(ja, en)))
    };
    match (&new.deliverable_ids, &new.filter) {
        (None, None) => missing(
            "missing_field",
            "deliverable_ids か filter を指定してください。",
            "Give deliverable_ids or a filter.",
        ),
        (Some(_), Some(_)) => missing(
            "second_value",
            "deliverable_ids と filter は同時に指定できません。",
            "Give deliverable_ids or a filter, not both.",
        ),
        (Some(ids), None) => named(db, snapshot, reach, ids),
        (None, Some(filter)) => filtered(db, snapshot, reach, filter),
    }
}

fn named(db: &mut Db, snapshot: &Snapshot, reach: &Reach, ids: &[Id]) -> Result<Vec<Id>> {
    let known = some_deliverables(db, reach, ids)?;
    let mut errors = Vec::new();
    for (i, one) in ids.iter().enumerate() {
        let first = ids.iter().position(|other| other == one).unwrap_or(i);
        let (code, rule) = if !known.contains(one) {
            let (ja, en) = (
                "この支援内容は登録されていません。",
                "This deliverable doesn't exist.",
            );
            ("unknown_deliverable", Text::new(ja, en))
        } else if first < i {
            let (ja, en) = (
                format!("同じ支援内容が指定されています（/deliverable_ids/{first}）。"),
                format!("/deliverable_ids/{first} names the same deliverable."),
            );
            ("duplicate_deliverable", Text::new(ja, en))
        } else if !snapshot.open.contains_key(one) {
            let (ja, en) = (
                "この支援内容は募集中ではありません。",
                "This deliverable isn't open.",
            );
            ("deliverable_not_open", Text::new(ja, en))
        } else {
            continue;
        };
        errors.push(FieldError::at(format!("/deliverable_ids/{i}"), code, rule));
    }
    match errors.is_empty() {
        true => Ok(ids.to_vec()),
        false => Err(Error::Invalid(errors)),
    }
}

fn filtered(db: &mut Db, snapshot: &Snapshot, reach: &Reach, filter: &RoundFilter) -> Result<Vec<Id>> {
    let catalogue = &snapshot.catalogue;
    let mut errors = Vec::new();
    let mut unknown = |name: &str, code, ja: &'static str, en: &'static str| {
        errors.push(FieldError::at(format!("/filter/{name}"), code, Text::new(ja, en)));
    };
    if filter
        .type_
        .as_ref()
        .is_some_and(|code| catalogue.types.get(code).is_none())
    {
        unknown(
            "type",
            "unknown_type",
            "この支援内容の種類はありません。",
            "There is no such type.",
        );
    }
    if filter
        .family
        .as_ref()
        .is_some_and(|code| catalogue.family_position(code).is_none())
    {
        unknown(
            "family",
            "unknown_family",
            "この分野はありません。",
            "There is no such family.",
        );
    }
    if filter
        .area
        .as_ref()
        .is_some_and(|code| catalogue.area_position(code).is_none())
    {
        unknown(
            "area",
            "unknown_area",
            "この区市町村はありません。",
            "There is no such area.",
        );
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let areas = filter.area.as_ref().map(|area| with_wards(area));
    let matches = |open: &OpenDeliverable| {
        let request = &open.deliverable.request;
        let is_there = |areas: &Vec<String>| {
            request
                .area
                .as_ref()
                .is_some_and(|own| areas.iter().any(|area| *own == **area))
        };
        areas.as_ref().is_none_or(is_there)
            && filter.type_.as_ref().is_none_or(|code| request.type_ == *code)
            && filter
                .family
                .as_ref()
                .is_none_or(|code| open.deliverable.family == *code)
            && filter
                .format
                .is_none_or(|format| open.deliverable.format() == format)
            && !open.need.roles.is_empty()
    };
    let found: Vec<Id> = snapshot
        .open
        .iter()
        .filter(|(_, open)| matches(open))
        .map(|(one, _)| *one)
        .collect();
    let mut within = BTreeSet::new();
    for some in found.chunks(crate::db::BATCH) {
        within.extend(some_deliverables(db, reach, some)?);
    }
    Ok(found.into_iter().filter(|one| within.contains(one)).collect())
}

/// Checks that the workers whom a request names exist for the caller. Whom a draft has named already may be hidden by now: a ban of
/// nobody bans nobody, and the pin itself says that it can't hold.
fn check_named(
    db: &mut Db,
    snapshot: &Snapshot,
    reach: &Reach,
    new: &NewRound,
    before: Option<&NewRound>,
) -> Result<()> {
    let of = |round: &NewRound| -> BTreeSet<Id> {
        let pinned = round.pins.iter().map(|pin| pin.worker_id);
        pinned.chain(round.bans.iter().map(|ban| ban.worker_id)).collect()
    };
    let known = before.map(of).unwrap_or_default();
    let named: BTreeSet<Id> = of(new).difference(&known).copied().collect();
    let unknown = unknown_workers(db, &snapshot.index, reach, &named, &[])?;
    let pins = new.pins.iter().enumerate();
    let pins = pins.map(|(i, pin)| (format!("/pins/{i}/worker_id"), pin.worker_id));
    let bans = new.bans.iter().enumerate();
    let bans = bans.map(|(i, ban)| (format!("/bans/{i}/worker_id"), ban.worker_id));
    let faults = pins.chain(bans).filter(|(_, worker)| unknown.contains(worker));
    let faults: Vec<FieldError> = faults.map(|(pointer, _)| unknown_worker(&pointer)).collect();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(faults)),
    }
}

/// Returns who has a place in the teams already: nobody gets a second one.
fn members(db: &mut Db, deliverables: &[Id]) -> Result<Vec<Ban>> {
    let active = applications::store::active_in(db, deliverables)?;
    let holding = active.iter().filter(|one| one.outcome.status.holds_place());
    let holding: Vec<(Id, Id)> = holding
        .filter_map(|one| Some((one.worker_id?, one.deliverable_id)))
        .collect();
    let records: Vec<Id> = holding.iter().map(|(worker, _)| *worker).collect();
    let people = workers::store::represented_by(db, &records)?;
    let ban = |(worker, deliverable): &(Id, Id)| Ban {
        worker: people.get(worker).unwrap_or(worker).0.as_u128(),
        deliverable: Some(deliverable.0.as_u128()),
    };
    Ok(holding.iter().map(ban).collect())
}
