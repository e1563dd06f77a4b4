//! The best team for one deliverable.

use super::faults::{Asked as Asking, role_not_open, unknown_worker};
use super::{NewTeam, decimal};
use crate::auth::{Reach, Viewer};
use crate::catalogue::DayPart;
use crate::db::{Db, Id};
use crate::error::{Error, FieldError, Result, Text};
use crate::http::Language;
use crate::matches::context::RankingContext;
use crate::matches::explain::summary;
use crate::matches::explainer::Explainer;
use crate::matches::inquiry::{Asked, Inquiry};
use crate::matches::snapshot::Snapshot;
use crate::matches::view::{AppliedWeights, DeliverableBrief, FitExplanation, TeamMember, WorkerBrief};
use crate::matches::visibility::unknown_workers;
use crate::matches::{CustomWeights, encode};
use crate::values::Code;
use crate::workers::{self, doubles, store::WorkerLabel};
use chrono::NaiveDate;
use matcher::round::{Easing, Fault, IndexMarket, Member, Pin, Seat, Team, TeamRound, Teams};
use matcher::{Candidate, Need, Query};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// How many nodes the search by ranked lists visits, before it goes on by sets of day-parts.
const MOST_NODES: u64 = 200_000;
/// How many steps all searches of an answer may take that way: about a second.
const MOST_STEPS: u64 = 3_000_000;
/// Every day-part of a week.
const WEEK: u32 = (1 << 21) - 1;

/// The best team for the open places of a deliverable, and what its rules cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamProposal {
    pub deliverable: DeliverableBrief,
    /// The number of the latest change that the answer includes.
    #[schema(minimum = 0, example = 1284)]
    pub at_change: i64,
    /// The day in Tokyo for which the answer was computed.
    pub as_of: NaiveDate,
    pub weights: AppliedWeights,
    /// Who has a place already, offered or agreed. They count for the shared day-parts and the employers.
    pub members: Vec<TeamMember>,
    /// Whether no better team exists. False if the search ended at its limit: then `best` is the best that it found.
    pub exact: bool,
    /// Null if no team keeps all rules.
    pub best: Option<ProposedTeam>,
    /// The best of all other teams. Null if there is none.
    pub runner_up: Option<RunnerUp>,
    /// For each rule, the best team without it.
    pub rules: Vec<RuleCost>,
    /// The week of the best team: who has time when.
    pub week: Vec<WeekCell>,
    /// Skills that nobody of the best team and the members covers.
    pub uncovered: Vec<UncoveredSkill>,
    /// The answer in words, by Accept-Language.
    pub because: String,
}

/// A team for all open places.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposedTeam {
    /// The sum of the fits.
    #[schema(minimum = 0)]
    pub fit_ppm: u64,
    /// When all have time, among the day-parts that count.
    pub shared_day_parts: Vec<DayPart>,
    pub places: Vec<ProposedPlace>,
}

/// Another team, without its explanations.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunnerUp {
    #[schema(minimum = 0)]
    pub fit_ppm: u64,
    /// How much less than the best.
    #[schema(minimum = 0)]
    pub loss_ppm: u64,
    pub shared_day_parts: Vec<DayPart>,
    pub places: Vec<BriefPlace>,
}

/// Who has which place.
#[derive(Debug, Serialize, ToSchema)]
pub struct BriefPlace {
    #[schema(example = "designer")]
    pub role: Code,
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub fit_ppm: u64,
    pub worker: WorkerBrief,
}

/// Who has which place, what they bring, and who could come instead.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposedPlace {
    pub worker: WorkerBrief,
    /// Whether a pin put them there.
    pub pinned: bool,
    #[serde(flatten)]
    pub explanation: FitExplanation,
    /// The best other worker for the place, if all others stay. Null for pins, and if nobody else could come.
    pub replacement: Option<TeamReplacement>,
}

/// Who could come instead.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamReplacement {
    pub worker: WorkerBrief,
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub fit_ppm: u64,
    /// How much the sum of fits loses.
    pub loss_ppm: i64,
    /// The loss in words, by Accept-Language.
    pub because: String,
}

/// A rule of a question for a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TeamRule {
    SharedDayParts,
    MostOfEmployer,
    MinFit,
    Pin,
    Bans,
}

/// What a rule costs: the best team without it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleCost {
    pub rule: TeamRule,
    /// The position of the pin in the request, from 0. Null for other rules.
    #[schema(minimum = 0)]
    pub pin: Option<usize>,
    /// The sum of fits of the best team without the rule. Null if there is none.
    #[schema(minimum = 0)]
    pub fit_ppm: Option<u64>,
    /// How much better that is. Null if one of the teams is missing.
    pub gain_ppm: Option<i64>,
    /// Whether no better team without the rule exists.
    pub exact: bool,
    /// The cost in words, by Accept-Language.
    pub because: String,
}

/// A day-part of the week.
#[derive(Debug, Serialize, ToSchema)]
pub struct WeekCell {
    pub day_part: DayPart,
    /// Whether the deliverable needs it. If it names none, every day-part counts.
    pub needed: bool,
    /// Whether everybody has time.
    pub shared: bool,
    /// Who has said that they have time.
    pub worker_ids: Vec<Id>,
    /// Who has not said when they have time. They count as having it.
    pub unanswered_worker_ids: Vec<Id>,
}

/// A skill that nobody covers.
#[derive(Debug, Serialize, ToSchema)]
pub struct UncoveredSkill {
    #[schema(example = "designer")]
    pub role: Code,
    #[schema(example = "graphic_design")]
    pub skill: Code,
    #[schema(minimum = 1, maximum = 5)]
    pub required_level: u8,
    pub must_have: bool,
    /// How far the best of the team covers it.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub quality_ppm: u64,
    /// The skill in words, by Accept-Language.
    pub because: String,
}

/// Finds the best team.
pub fn propose(
    db: &mut Db,
    context: &RankingContext,
    viewer: &Viewer,
    deliverable: Id,
    new: &NewTeam,
    language: Language,
) -> Result<TeamProposal> {
    let snapshot = context.snapshot(db)?;
    let asked = Asked::Saved {
        deliverable,
        role: None,
    };
    let inquiry = Inquiry::of(db, &snapshot, viewer, &asked)?;
    let (weights, version) = CustomWeights::or_current(&new.weights, viewer, &snapshot.weights)?;
    let (need, _) = inquiry.open_places(&snapshot)?;
    if need.roles.is_empty() {
        return Err(Error::Conflict {
            code: "no_open_places",
            detail: Text::new(
                "空いている枠がありません。",
                "No place of this deliverable is open.",
            ),
        });
    }
    let needs = [need];
    let [need] = &needs;
    let market = IndexMarket::new(&snapshot.index, &needs, weights);
    let pinned = new.pins.iter().map(|pin| pin.worker_id);
    let named: BTreeSet<Id> = pinned.chain(new.banned_worker_ids.iter().copied()).collect();
    // Who is kept apart from an organization is answered as an id that nobody has.
    let unknown = unknown_workers(db, &snapshot.index, &viewer.reach, &named, &need.organizations)?;
    let mut round = question(&snapshot, viewer, &inquiry, need, &market, (new, &unknown))?;
    let member = |worker: u128| member(snapshot.index.get(worker));
    let teams = match solve(db, &mut round, &market, &member)? {
        Ok(teams) => teams,
        Err(faults) => {
            let pins: Vec<u128> = round.pins.iter().map(|pin| pin.worker).collect();
            let asking = Asking {
                reach: &viewer.reach,
                pins: &pins,
                bans: "/banned_worker_ids",
            };
            return Err(asking.refusal(db, &faults)?);
        }
    };
    let explainer = snapshot.explainer(language);
    let shown = Shown {
        snapshot: &snapshot,
        explainer: &explainer,
        inquiry: &inquiry,
        need,
        query: snapshot.index.query(need, weights),
        words: encode::words(&inquiry.request),
        labels: labels(db, &teams)?,
    };
    let summary = summary(None, &weights, &version, &snapshot, None);
    let brief = inquiry.deliverable.as_ref().map(DeliverableBrief::of);
    Ok(TeamProposal {
        deliverable: brief.ok_or_else(|| Error::Internal("a team without a deliverable".into()))?,
        at_change: summary.at_change,
        as_of: summary.as_of,
        weights: summary.weights,
        members: inquiry.team.shown(db, &explainer)?,
        exact: teams.is_exact,
        rules: teams
            .eased
            .iter()
            .map(|eased| {
                let gain = eased.fit_ppm.zip(teams.best.as_ref());
                shown.cost(
                    eased.easing,
                    eased.fit_ppm,
                    gain.map(|(fit, best)| fit as i64 - best.fit_ppm as i64),
                    eased.is_exact,
                )
            })
            .collect(),
        week: teams
            .best
            .as_ref()
            .map(|best| shown.week(&round, best))
            .unwrap_or_default(),
        uncovered: shown.uncovered(&inquiry.whole_team(&snapshot)?.0, weights, &round, &teams),
        because: shown.because(&round, &teams),
        runner_up: teams
            .runner_up
            .as_ref()
            .zip(teams.best.as_ref())
            .map(|(second, best)| shown.runner_up(second, best)),
        best: teams.best.as_ref().map(|best| shown.team(&round, &teams, best)),
    })
}

/// How often a team is sought, each time without one more record of somebody who has several.
const MOST_SEARCHES: usize = 20;

/// Finds the best team in which nobody sits twice: of two records that may be one person's, the one that suits better counts.
fn solve(
    db: &mut Db,
    round: &mut TeamRound,
    market: &IndexMarket,
    member: &dyn Fn(u128) -> Member,
) -> Result<std::result::Result<Teams, Vec<Fault>>> {
    for _ in 0..MOST_SEARCHES {
        let teams = match round.solve(market, member) {
            Ok(teams) => teams,
            faults => return Ok(faults),
        };
        match seated_twice(db, round, &teams)? {
            Some(worker) => round.left_out.push(worker),
            None => return Ok(Ok(teams)),
        }
    }
    Err(Error::Conflict {
        code: "too_many_doubles",
        detail: Text::new(
            format!(
                "同じ人と思われる登録が多いため、チームを組めません（{MOST_SEARCHES}件以上）。重複の候補（/v1/duplicates）で統合するか、別人と決めてください。"
            ),
            format!(
                "Too many records seem to be of one person ({MOST_SEARCHES} or more), so no team was sought. Merge them, or tell them apart (/v1/duplicates)."
            ),
        ),
    })
}

/// Returns who suits less well of two workers in the same of these teams who may be one person. Members and pins stay.
fn seated_twice(db: &mut Db, round: &TeamRound, teams: &Teams) -> Result<Option<u128>> {
    let best = teams.best.as_ref().map(|team| team.seats.as_slice());
    let best = best.unwrap_or_default();
    let replaced = teams.replacements.iter().map(|one| {
        let others = best.iter().filter(|seat| **seat != one.of);
        others.chain(&one.by).copied().collect::<Vec<Seat>>()
    });
    let runner_up = teams.runner_up.iter().map(|team| team.seats.clone());
    let answers: Vec<Vec<Seat>> = [best.to_vec()]
        .into_iter()
        .chain(runner_up)
        .chain(replaced)
        .collect();
    let seated: BTreeSet<Id> = answers.iter().flatten().map(|seat| id(seat.worker)).collect();
    let members = round.agreed.iter().map(|worker| id(*worker));
    let pairs = doubles::among(db, &members.chain(seated).collect::<Vec<_>>())?;
    let pairs: Vec<[u128; 2]> = pairs.iter().map(|pair| pair.map(|id| id.0.as_u128())).collect();
    let stays =
        |worker: &u128| round.agreed.contains(worker) || round.pins.iter().any(|pin| pin.worker == *worker);
    for team in &answers {
        let fit = |worker: &u128| {
            team.iter()
                .find(|seat| seat.worker == *worker)
                .map(|seat| seat.fit_ppm)
        };
        let is_in = |worker: &u128| round.agreed.contains(worker) || fit(worker).is_some();
        let is_best = |worker: &u128| best.iter().any(|seat| seat.worker == *worker);
        let twice = pairs.iter().filter(|pair| pair.iter().all(is_in));
        let weaker = twice.filter_map(|pair| {
            let weaker = pair
                .iter()
                .min_by_key(|worker| (stays(worker), is_best(worker), fit(worker)))?;
            (!stays(weaker)).then_some(*weaker)
        });
        if let Some(weaker) = weaker.min() {
            return Ok(Some(weaker));
        }
    }
    Ok(None)
}

/// Returns what matters of a candidate for meeting. Who has not answered may have time at any time.
fn member(candidate: Option<&Arc<Candidate>>) -> Member {
    Member {
        day_parts: candidate.and_then(|c| c.day_parts).unwrap_or(WEEK),
        employer: candidate.and_then(|c| c.employer),
    }
}

fn question(
    snapshot: &Snapshot,
    viewer: &Viewer,
    inquiry: &Inquiry,
    need: &Need,
    market: &IndexMarket,
    (new, unknown): (&NewTeam, &BTreeSet<Id>),
) -> Result<TeamRound> {
    let mut errors = Vec::new();
    let needed = need.day_parts.count_ones();
    if needed > 0 && new.shared_day_parts > needed {
        let rule = Text::new(
            format!("必要な時間帯は{needed}つです。{needed}以下で指定してください。"),
            format!("The deliverable needs {needed} day-parts. The value must be at most {needed}."),
        );
        errors.push(FieldError::at("/shared_day_parts", "out_of_range", rule));
    }
    if new.most_of_employer.is_some() && !matches!(viewer.reach, Reach::Everything | Reach::Areas(_)) {
        let rule = Text::new(
            "勤務先による制限を指定できるのは、コーディネーターと管理者だけです。",
            "Only coordinators and administrators can limit members by employer.",
        );
        errors.push(FieldError::at("/most_of_employer", "not_permitted", rule));
    }
    let slots = market.slots();
    let mut pins = Vec::new();
    for (i, pin) in new.pins.iter().enumerate() {
        let worker = pin.worker_id.0.as_u128();
        let role = snapshot.catalogue.roles.position(&pin.role);
        let slot = slots.iter().position(|slot| Some(slot.role) == role);
        if unknown.contains(&pin.worker_id) {
            errors.push(unknown_worker(&format!("/pins/{i}/worker_id")));
        } else if inquiry.team.has(worker) {
            let rule = Text::new(
                "このワーカーはすでにチームに入っています。",
                "This worker has a place in the team already.",
            );
            let pointer = format!("/pins/{i}/worker_id");
            errors.push(FieldError::at(pointer, "already_placed", rule));
        }
        match slot {
            Some(slot) => pins.push(Pin { slot, worker }),
            None => errors.push(role_not_open(&format!("/pins/{i}"))),
        }
    }
    for (i, worker) in new.banned_worker_ids.iter().enumerate() {
        if unknown.contains(worker) {
            errors.push(unknown_worker(&format!("/banned_worker_ids/{i}")));
        }
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    Ok(TeamRound {
        slots,
        day_parts: need.day_parts,
        common: new.shared_day_parts,
        most_of_employer: new.most_of_employer.unwrap_or(u32::MAX),
        min_fit_ppm: new.min_fit_ppm,
        pins,
        bans: new.banned_worker_ids.iter().map(|id| id.0.as_u128()).collect(),
        left_out: Vec::new(),
        agreed: inquiry
            .team
            .ranked()
            .iter()
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        most_nodes: MOST_NODES,
        most_steps: MOST_STEPS,
    })
}

/// Returns what identifies everybody in an answer.
fn labels(db: &mut Db, teams: &Teams) -> Result<HashMap<Id, WorkerLabel>> {
    let proposed = [&teams.best, &teams.runner_up].into_iter().flatten();
    let seats = proposed.flat_map(|team| &team.seats);
    let others = teams.replacements.iter().filter_map(|one| one.by.as_ref());
    let ids: BTreeSet<Id> = seats.chain(others).map(|seat| id(seat.worker)).collect();
    workers::store::labels(db, &ids.into_iter().collect::<Vec<_>>())
}

fn id(worker: u128) -> Id {
    Id(Uuid::from_u128(worker))
}

fn day_parts(set: u32) -> Vec<DayPart> {
    DayPart::all()
        .filter(|part| set & DayPart::set(&[*part]) != 0)
        .collect()
}

/// What an answer is shown with.
struct Shown<'a> {
    snapshot: &'a Snapshot,
    explainer: &'a Explainer<'a>,
    inquiry: &'a Inquiry,
    need: &'a Need,
    query: Query<'a>,
    words: String,
    labels: HashMap<Id, WorkerLabel>,
}

impl Shown<'_> {
    fn brief(&self, seat: &Seat) -> Option<WorkerBrief> {
        let role = self.need.roles.get(seat.slot).map(|role| role.role);
        let label = self.labels.get(&id(seat.worker))?;
        Some(self.explainer.brief(id(seat.worker), label, role))
    }

    fn team(&self, round: &TeamRound, teams: &Teams, team: &Team) -> ProposedTeam {
        let place = |seat: &Seat| {
            let candidate = self.snapshot.index.get(seat.worker)?;
            let assessment = self.query.assess(candidate, seat.slot)?;
            let mut pins = round.pins.iter();
            Some(ProposedPlace {
                worker: self.brief(seat)?,
                pinned: pins.any(|pin| (pin.slot, pin.worker) == (seat.slot, seat.worker)),
                explanation: self
                    .explainer
                    .explain(&self.query, &self.words, candidate, &assessment, None),
                replacement: self.replacement(teams, seat),
            })
        };
        ProposedTeam {
            fit_ppm: team.fit_ppm,
            shared_day_parts: day_parts(team.day_parts),
            places: team.seats.iter().filter_map(place).collect(),
        }
    }

    fn replacement(&self, teams: &Teams, of: &Seat) -> Option<TeamReplacement> {
        let found = teams.replacements.iter().find(|one| one.of == *of)?;
        let by = found.by?;
        let worker = self.brief(&by)?;
        let loss_ppm = of.fit_ppm as i64 - by.fit_ppm as i64;
        let loss = decimal(loss_ppm);
        Some(TeamReplacement {
            because: self.explainer.text(
                format!("{}と替えると、適合度の合計は{loss}下がります。", worker.name),
                format!("With {} instead, the sum of fits loses {loss}.", worker.name),
            ),
            fit_ppm: by.fit_ppm,
            loss_ppm,
            worker,
        })
    }

    fn runner_up(&self, team: &Team, best: &Team) -> RunnerUp {
        let place = |seat: &Seat| {
            Some(BriefPlace {
                role: self.explainer.role_code(self.need, seat.slot),
                fit_ppm: seat.fit_ppm,
                worker: self.brief(seat)?,
            })
        };
        RunnerUp {
            fit_ppm: team.fit_ppm,
            loss_ppm: best.fit_ppm.saturating_sub(team.fit_ppm),
            shared_day_parts: day_parts(team.day_parts),
            places: team.seats.iter().filter_map(place).collect(),
        }
    }

    fn cost(&self, easing: Easing, fit_ppm: Option<u64>, gain_ppm: Option<i64>, exact: bool) -> RuleCost {
        let (rule, pin, ja, en) = match easing {
            Easing::Meeting => (
                TeamRule::SharedDayParts,
                None,
                "共通の時間帯",
                "the shared day-parts",
            ),
            Easing::Employer => (
                TeamRule::MostOfEmployer,
                None,
                "勤務先ごとの人数",
                "the limit by employer",
            ),
            Easing::MinFit => (TeamRule::MinFit, None, "適合度の下限", "the least fit"),
            Easing::Pin(pin) => (TeamRule::Pin, Some(pin), "この指定", "this pin"),
            Easing::Bans => (TeamRule::Bans, None, "除外の指定", "the bans"),
        };
        let because = match (gain_ppm, fit_ppm) {
            (Some(0), _) => self.explainer.text(
                format!("{ja}の条件がなくても、適合度の合計は変わりません。"),
                format!("Without {en}, the sum of fits is the same."),
            ),
            (Some(gain), _) => self.explainer.text(
                format!(
                    "{ja}の条件がなければ、適合度の合計は{}上がります。",
                    decimal(gain)
                ),
                format!("Without {en}, the sum of fits gains {}.", decimal(gain)),
            ),
            (None, Some(_)) => self.explainer.text(
                format!("{ja}の条件がなければ、全員がそろいます。"),
                format!("Without {en}, there is a complete team."),
            ),
            (None, None) => self.explainer.text(
                format!("{ja}の条件がなくても、全員はそろいません。"),
                format!("Even without {en}, there is no complete team."),
            ),
        };
        RuleCost {
            rule,
            pin,
            fit_ppm,
            gain_ppm,
            exact,
            because,
        }
    }

    fn week(&self, round: &TeamRound, best: &Team) -> Vec<WeekCell> {
        let seats = best.seats.iter().map(|seat| seat.worker);
        let everybody: Vec<u128> = round.agreed.iter().copied().chain(seats).collect();
        let team = &self.inquiry.team;
        let shown: Vec<u128> = everybody.iter().copied().filter(|w| !team.hides(*w)).collect();
        let of = |worker: &u128| self.snapshot.index.get(*worker).and_then(|c| c.day_parts);
        let cell = |part: DayPart| {
            let bit = DayPart::set(&[part]);
            let has_time = |worker: &&u128| of(worker).is_some_and(|set| set & bit != 0);
            let is_unanswered = |worker: &&u128| of(worker).is_none();
            WeekCell {
                day_part: part,
                needed: round.day_parts & bit != 0,
                shared: everybody.iter().all(|w| has_time(&w) || is_unanswered(&w)),
                worker_ids: shown.iter().filter(has_time).map(|w| id(*w)).collect(),
                unanswered_worker_ids: shown.iter().filter(is_unanswered).map(|w| id(*w)).collect(),
            }
        };
        DayPart::all().map(cell).collect()
    }

    /// Returns the wished skills of the whole team that nobody of it has at the level.
    fn uncovered(
        &self,
        whole: &Need,
        weights: matcher::Weights,
        round: &TeamRound,
        teams: &Teams,
    ) -> Vec<UncoveredSkill> {
        let Some(best) = &teams.best else {
            return Vec::new();
        };
        let query = self.snapshot.index.query(whole, weights);
        let seats = best.seats.iter().map(|seat| seat.worker);
        let people: Vec<&Arc<Candidate>> = seats
            .chain(round.agreed.iter().copied())
            .filter_map(|worker| self.snapshot.index.get(worker))
            .collect();
        let skills = &self.explainer.catalogue.skills;
        let mut uncovered = Vec::new();
        for role in 0..whole.roles.len() {
            for credited in query.wishes(role) {
                let qualities = people.iter().filter_map(|c| c.skills.as_ref());
                let quality_ppm = qualities.map(|own| credited.quality(own).0).max().unwrap_or(0);
                let Some(skill) = skills.at(credited.wish.skill) else {
                    continue;
                };
                if quality_ppm < matcher::ppm::PPM {
                    let (label, level) = (
                        self.explainer.label(skills, credited.wish.skill),
                        credited.wish.level,
                    );
                    uncovered.push(UncoveredSkill {
                        role: self.explainer.role_code(whole, role),
                        skill: Code::from(skill.code.as_str()),
                        required_level: level,
                        must_have: credited.wish.must_have,
                        quality_ppm,
                        because: self.explainer.text(
                            format!("{label}（必要レベル{level}）を満たす人がいません。"),
                            format!("Nobody has {label} at level {level}."),
                        ),
                    });
                }
            }
        }
        uncovered
    }

    fn because(&self, round: &TeamRound, teams: &Teams) -> String {
        let places: u32 = round.slots.iter().map(|slot| u32::from(slot.places)).sum();
        let Some(best) = &teams.best else {
            return match teams.is_exact {
                true => self.explainer.text(
                    format!("条件をすべて満たす{places}人のチームはありません。"),
                    format!("No team of {places} keeps all rules."),
                ),
                false => self.explainer.text(
                    "条件をすべて満たすチームは、探せる範囲では見つかりませんでした。",
                    "No team that keeps all rules was found within the limit of the search.",
                ),
            };
        };
        let sum = decimal(best.fit_ppm as i64);
        match teams.is_exact {
            true => self.explainer.text(
                format!("適合度の合計は{sum}です。条件を満たすどのチームも、これを上回りません。"),
                format!("The sum of fits is {sum}. No team that keeps the rules has more."),
            ),
            false => self.explainer.text(
                format!("適合度の合計は{sum}です。探せる範囲で最もよいチームです。もっとよいチームがあるかもしれません。"),
                format!("The sum of fits is {sum}: the best within the limit of the search. A better team may exist."),
            ),
        }
    }
}
