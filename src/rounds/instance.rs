//! A round in full, for an audit on another machine: every worker who passes a gate of some slot, with their fits.

use super::actions::{again, seats};
use super::{Round, RoundObjective, store};
use crate::auth::Viewer;
use crate::db::{Db, Id};
use crate::error::{Error, Result, Text};
use crate::http::disclosure::impersonal;
use crate::matches::context::RankingContext;
use matcher::round::audit::{Aim, Answer, Exported, Judgement, Scanned, Suits, judge};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

impersonal!(RoundInstance);

/// How many pairs of a worker and a slot an instance may be drawn from.
const MOST_PAIRS: usize = 3_000_000;

/// A round in full. `musubi round verify FILE` judges it without the service.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoundInstance {
    pub round_id: Id,
    #[schema(minimum = 0)]
    pub at_change: i64,
    pub objective: RoundObjective,
    pub slots: Vec<InstanceSlot>,
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub min_fit_ppm: u64,
    /// The most places of one worker. Null: as their capacity allows.
    pub most_each: Option<u32>,
    pub pins: Vec<InstancePin>,
    /// Bans, and who has a place in a team already.
    pub bans: Vec<InstanceBan>,
    /// Everybody who passes the gates of some slot.
    pub workers: Vec<InstanceWorker>,
    /// The filled places.
    pub seats: Vec<InstanceSeat>,
    /// How much earlier places weigh: this part of placed ÷ (placed + passed over + 1) comes off the fits.
    #[serde(default)]
    #[schema(required = true, minimum = 0, maximum = 500_000)]
    pub past_placement_ppm: u64,
    /// For each proof one price a slot.
    pub prices: Vec<Vec<i64>>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct InstanceSlot {
    pub deliverable_id: Id,
    pub places: u32,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct InstancePin {
    pub slot: usize,
    pub worker_id: Id,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct InstanceBan {
    pub worker_id: Id,
    /// Null: in the whole round.
    pub deliverable_id: Option<Id>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct InstanceWorker {
    pub id: Id,
    pub capacity: u32,
    /// How often they got a place, and asked for one in vain.
    #[serde(default)]
    #[schema(required = true)]
    pub placed: u32,
    #[serde(default)]
    #[schema(required = true)]
    pub passed_over: u32,
    pub suits: Vec<InstanceSuits>,
}

/// How well a worker suits a slot. All but the fit matters for stable answers only.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct InstanceSuits {
    pub slot: usize,
    pub fit_ppm: u64,
    pub organization_ppm: u64,
    pub worker_ppm: u64,
    /// The smaller one is first among equals. A decimal number, since it may exceed 2^53.
    #[schema(pattern = "^[0-9]+$", example = "1")]
    pub tie: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct InstanceSeat {
    pub slot: usize,
    pub worker_id: Id,
    pub fit_ppm: u64,
}

fn number(id: Id) -> u128 {
    id.0.as_u128()
}

fn id(number: u128) -> Id {
    Id(Uuid::from_u128(number))
}

/// Writes a round out in full.
pub fn export(db: &mut Db, context: &RankingContext, viewer: &Viewer, id: Id) -> Result<RoundInstance> {
    let round: Round = store::find(db, &viewer.reach, id)?;
    let question = again(db, context, viewer, &round)?;
    let (market, asked) = (question.market(), question.round(&round.request));
    let pairs = question.snapshot.index.len().saturating_mul(asked.slots.len());
    if pairs > MOST_PAIRS {
        return Err(Error::Conflict {
            code: "oversized_instance",
            detail: Text::new(
                format!(
                    "組み合わせが{pairs}通りあり、書き出せる{MOST_PAIRS}通りを超えています。サーバーでの確認をお使いください。"
                ),
                format!(
                    "There are {pairs} pairs, more than the {MOST_PAIRS} that can be written out. Verify it on the server."
                ),
            ),
        });
    }
    let seats = seats(&round).ok_or_else(|| Error::Conflict {
        code: "person_erased",
        detail: Text::new(
            "削除されたワーカーがいます。",
            "Somebody of the round was erased.",
        ),
    })?;
    let everyone = question.snapshot.index.everyone();
    let mut workers: Vec<InstanceWorker> = everyone
        .map(|candidate| market.scan(candidate))
        .filter(|scanned| !scanned.suits.is_empty())
        .map(worker)
        .collect();
    workers.sort_by_key(|worker| worker.id);
    Ok(RoundInstance {
        round_id: round.summary.id,
        at_change: question.snapshot.at_change,
        objective: round.request.objective,
        slots: asked
            .slots
            .iter()
            .map(|slot| InstanceSlot {
                deliverable_id: self::id(slot.deliverable),
                places: slot.places.into(),
            })
            .collect(),
        min_fit_ppm: asked.min_fit_ppm,
        most_each: round.request.most_each,
        past_placement_ppm: asked.past_ppm,
        pins: asked
            .pins
            .iter()
            .map(|pin| InstancePin {
                slot: pin.slot,
                worker_id: self::id(pin.worker),
            })
            .collect(),
        bans: asked
            .bans
            .iter()
            .map(|ban| InstanceBan {
                worker_id: self::id(ban.worker),
                deliverable_id: ban.deliverable.map(self::id),
            })
            .collect(),
        workers,
        seats: seats
            .iter()
            .map(|seat| InstanceSeat {
                slot: seat.slot,
                worker_id: self::id(seat.worker),
                fit_ppm: seat.fit_ppm,
            })
            .collect(),
        prices: round
            .outcome
            .proofs
            .iter()
            .map(|proof| proof.prices.clone())
            .collect(),
    })
}

fn worker(scanned: Scanned) -> InstanceWorker {
    let suits = scanned.suits.iter().map(|suits| InstanceSuits {
        slot: suits.slot,
        fit_ppm: suits.fit_ppm,
        organization_ppm: suits.organization_ppm,
        worker_ppm: suits.worker_ppm,
        tie: suits.tie.to_string(),
    });
    InstanceWorker {
        id: id(scanned.id),
        capacity: scanned.capacity,
        placed: scanned.placed,
        passed_over: scanned.passed_over,
        suits: suits.collect(),
    }
}

impl RoundInstance {
    /// Judges the answer by a full scan, with code that shares nothing with what finds answers.
    pub fn judge(&self) -> Judgement {
        let exported = Exported {
            aim: match self.objective {
                RoundObjective::FillThenFit => Aim::FillThenFit,
                RoundObjective::Fit => Aim::Fit,
                RoundObjective::WorstFirst => Aim::WorstFirst,
                RoundObjective::Stable => Aim::Stable,
                RoundObjective::CompleteTeams => Aim::CompleteTeams,
            },
            slots: self
                .slots
                .iter()
                .map(|slot| (number(slot.deliverable_id), slot.places))
                .collect(),
            min_fit_ppm: self.min_fit_ppm,
            most_each: self.most_each.unwrap_or(u32::MAX),
            past_ppm: self.past_placement_ppm,
            pins: self
                .pins
                .iter()
                .map(|pin| (pin.slot, number(pin.worker_id)))
                .collect(),
            bans: self
                .bans
                .iter()
                .map(|ban| (number(ban.worker_id), ban.deliverable_id.map(number)))
                .collect(),
        };
        let seat = |seat: &InstanceSeat| (seat.slot, number(seat.worker_id), seat.fit_ppm);
        let answer = Answer {
            seats: self.seats.iter().map(seat).collect(),
            prices: self.prices.clone(),
        };
        let scanned = |worker: &InstanceWorker| Scanned {
            id: number(worker.id),
            capacity: worker.capacity,
            placed: worker.placed,
            passed_over: worker.passed_over,
            suits: worker
                .suits
                .iter()
                .map(|suits| Suits {
                    slot: suits.slot,
                    fit_ppm: suits.fit_ppm,
                    organization_ppm: suits.organization_ppm,
                    tie: suits.tie.parse().unwrap_or(0),
                    worker_ppm: suits.worker_ppm,
                })
                .collect(),
        };
        judge(&exported, || self.workers.iter().map(scanned), &answer)
    }
}
