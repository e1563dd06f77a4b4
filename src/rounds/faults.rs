//! What is wrong with a question for a team or a round, with the place in the request and in words.

use crate::auth::Reach;
use crate::db::{Db, Id};
use crate::error::{Error, FieldError, Result, Text};
use crate::matches::visibility::check_visible;
use crate::values::words;
use matcher::Gate;
use matcher::round::{Fault, PinConflict, Shortage, WhyShort};
use uuid::Uuid;

/// Where the workers of pins and bans stand in the request.
pub struct Asked<'a> {
    pub reach: &'a Reach,
    /// The workers of the pins, in order.
    pub pins: &'a [u128],
    /// The JSON pointer of the bans.
    pub bans: &'static str,
}

impl Asked<'_> {
    /// Returns the error of a question with these faults.
    pub fn refusal(&self, db: &mut Db, faults: &[Fault]) -> Result<Error> {
        let mut errors = Vec::new();
        for fault in faults {
            errors.push(self.error(db, fault)?);
        }
        Ok(Error::Invalid(errors))
    }

    fn error(&self, db: &mut Db, fault: &Fault) -> Result<FieldError> {
        let pin = |pin: &usize| format!("/pins/{pin}");
        Ok(match fault {
            Fault::Empty => FieldError::at(
                "",
                "no_open_places",
                Text::new("空いている枠がありません。", "No place is open."),
            ),
            Fault::TooManyPlaces { places, most } => FieldError::at(
                "",
                "too_many_places",
                Text::new(
                    format!("枠は{most}までです（指定の支援内容には{places}あります）。"),
                    format!("A round has at most {most} places. These deliverables have {places}."),
                ),
            ),
            Fault::DuplicateSlot { slot, first } => FieldError::at(
                "",
                "duplicate_deliverable",
                Text::new(
                    format!("同じ役割が2回あります（{first}番目と{slot}番目）。"),
                    format!("The same role is asked for twice, as number {first} and {slot}."),
                ),
            ),
            Fault::MinimumTooHigh => FieldError::at(
                "/min_fit_ppm",
                "out_of_range",
                Text::new(
                    "1000000以下で指定してください。",
                    "The value must be at most 1,000,000.",
                ),
            ),
            Fault::UnknownSlot { pin: at } => role_not_open(&pin(at)),
            Fault::UnknownDeliverable { ban } => not_in_round(&format!("{}/{ban}/deliverable_id", self.bans)),
            Fault::PinsConflict {
                pin: at,
                earlier,
                why,
            } => FieldError::at(pin(at), "conflicting_pins", conflict(*earlier, why)),
            Fault::PinFailsGates { pin: at, gates } => {
                let pointer = format!("{}/worker_id", pin(at));
                let worker = Id(Uuid::from_u128(self.pins.get(*at).copied().unwrap_or_default()));
                if gates.is_empty() || is_hidden(db, self.reach, worker, gates)? {
                    unknown_worker(&pointer)
                } else {
                    FieldError::at(pointer, "gate_failed", failed(gates))
                }
            }
            Fault::PinBelowMinimum { pin: at, fit_ppm } => FieldError::at(
                pin(at),
                "below_minimum",
                Text::new(
                    format!(
                        "適合度が{fit_ppm}で、下限より低くなっています。適合度の下限（min_fit_ppm）を{fit_ppm}以下にすると指定できます。"
                    ),
                    format!(
                        "The fit is {fit_ppm}, below the lowest that you allow. A min_fit_ppm of at most {fit_ppm} would allow it."
                    ),
                ),
            ),
            Fault::PinnedAndBanned { pin: at, ban } => FieldError::at(
                pin(at),
                "pinned_and_banned",
                Text::new(
                    format!("除外（{}/{ban}）にも指定されています。", self.bans),
                    format!("The same worker is banned by {}/{ban}.", self.bans),
                ),
            ),
            Fault::Unfilled(shortages) => FieldError::at("/fill_all", "unfilled_places", unfilled(shortages)),
        })
    }
}

/// Returns whether the caller may not learn that a worker exists who fails these gates.
fn is_hidden(db: &mut Db, reach: &Reach, worker: Id, gates: &[Gate]) -> Result<bool> {
    match check_visible(db, reach, worker, gates) {
        Ok(()) => Ok(false),
        Err(Error::NotFound { .. }) => Ok(true),
        Err(other) => Err(other),
    }
}

pub fn unknown_worker(pointer: &str) -> FieldError {
    let rule = Text::new("このワーカーは登録されていません。", "This worker doesn't exist.");
    FieldError::at(pointer, "unknown_worker", rule)
}

pub fn not_in_round(pointer: &str) -> FieldError {
    let rule = Text::new(
        "この支援内容は含まれていません。",
        "This deliverable isn't part of the round.",
    );
    FieldError::at(pointer, "deliverable_not_in_round", rule)
}

pub fn role_not_open(pin: &str) -> FieldError {
    let rule = Text::new(
        "この役割に空いている枠はありません。",
        "This role has no open place.",
    );
    FieldError::at(format!("{pin}/role"), "role_filled", rule)
}

fn conflict(earlier: usize, why: &PinConflict) -> Text {
    match why {
        PinConflict::SameDeliverable => Text::new(
            format!("同じ支援内容に同じワーカーを2回指定できません（/pins/{earlier}）。"),
            format!("The worker has a place in this deliverable by /pins/{earlier} already."),
        ),
        PinConflict::Places(places) => Text::new(
            format!("この役割の空いている枠は{places}です（/pins/{earlier} も使っています）。"),
            format!("The role has {places} open places, and /pins/{earlier} takes one."),
        ),
        PinConflict::Capacity(capacity) => Text::new(
            format!("このワーカーが新たに参加できるのは{capacity}件までです（/pins/{earlier} も数えます）。"),
            format!("The worker takes {capacity} more projects, and /pins/{earlier} counts."),
        ),
    }
}

/// Names the gates in words.
pub fn failed(gates: &[Gate]) -> Text {
    let (mut ja, mut en) = (Vec::new(), Vec::new());
    for gate in gates {
        let because = words::text("Gate", gate.code());
        ja.push(because.ja.into_owned());
        en.push(because.en.into_owned());
    }
    Text::new(
        format!("条件を満たしていません: {}", ja.join("、")),
        format!("Not met: {}", en.join(", ")),
    )
}

fn unfilled(shortages: &[Shortage]) -> Text {
    let (mut ja, mut en) = (Vec::new(), Vec::new());
    for short in shortages.iter().take(20) {
        let (slot, empty) = (short.slot, short.empty);
        let (why_ja, why_en) = match &short.why {
            WhyShort::NobodyPasses => ("条件を満たす人がいません".to_owned(), "nobody passes".to_owned()),
            WhyShort::BelowMinimum { best_fit_ppm } => (
                format!("適合度は最高で{best_fit_ppm}です"),
                format!("the best fit is {best_fit_ppm}"),
            ),
            WhyShort::Taken { .. } => (
                "条件を満たす人はほかの枠に入っています".to_owned(),
                "those who pass have other places".to_owned(),
            ),
        };
        ja.push(format!("{slot}番目の役割で{empty}枠（{why_ja}）"));
        en.push(format!("{empty} in role number {slot} ({why_en})"));
    }
    Text::new(
        format!("埋まらない枠があります: {}", ja.join("、")),
        format!("These places stay empty: {}", en.join(", ")),
    )
}
