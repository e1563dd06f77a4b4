//! From places to invitations: all of them, or none.

use super::actions::{check_draft, stored};
use super::{MOST_PUBLISHED, Place, Round, RoundSummary, store};
use crate::applications::{self, Application, ApplicationDirection, NewApplication};
use crate::auth::{Reach, Scope, SubmitApplications, Viewer, Writer};
use crate::db::{Db, Id, Instant};
use crate::deliverables;
use crate::error::{Error, Result, Text};
use crate::http::{IfMatch, Language};
use crate::matches::context::RankingContext;
use crate::matches::explainer::Explainer;
use crate::rounds::faults::failed;
use crate::values::Code;
use crate::workers;
use matcher::round::Market;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Who publishes.
pub struct Publisher {
    pub viewer: Viewer,
    pub writer: Writer,
    /// Whether they may send applications and invitations.
    pub may_submit: bool,
    /// Whether they may invite workers.
    pub may_decide: bool,
    pub language: Language,
}

/// Why a place can't be published.
struct Obstacle {
    position: usize,
    code: &'static str,
    detail: Text,
}

/// Invites everybody who has a place and has not applied for it, or refuses with the names of those who can't be invited.
pub fn publish(
    db: &mut Db,
    context: &RankingContext,
    publisher: &Publisher,
    id: Id,
    if_match: &IfMatch,
) -> Result<RoundSummary> {
    let round = store::find_to_change(db, &publisher.viewer.reach, id)?;
    if !publisher.may_submit {
        let scope = SubmitApplications::NAME;
        return Err(Error::InsufficientScope { scope });
    }
    if_match.check(round.summary.version)?;
    check_draft(&round)?;
    check_size(round.places.len())?;
    let mut obstacles = unfit(db, context, &round)?;
    lock(db, &round)?;
    let there = applied(db, &round)?;
    obstacles.extend(seated_twice(db, &round, &there)?);
    let mut applications = Vec::new();
    for (position, place) in round.places.iter().enumerate() {
        let Some((deliverable_id, role)) = slot(&round, place) else {
            continue;
        };
        let Some(worker_id) = place.worker else {
            obstacles.push(Obstacle {
                position,
                code: "person_erased",
                detail: Text::new("このワーカーの情報は削除されました。", "This worker was erased."),
            });
            continue;
        };
        if let Some(one) = there
            .get(&(worker_id, deliverable_id))
            .filter(|one| one.role == role)
        {
            applications.push((position, one.id));
            continue;
        }
        let new = NewApplication {
            direction: ApplicationDirection::Invitation,
            deliverable_id,
            worker_id,
            role,
            message: None,
        };
        match applications::actions::submit(db, &publisher.writer, publisher.may_decide, new, Instant::now())
        {
            Ok(application) => applications.push((position, application.id)),
            Err(error @ (Error::Conflict { .. } | Error::Invalid(_) | Error::NotFound { .. })) => {
                if !obstacles.iter().any(|known| known.position == position) {
                    obstacles.push(obstacle(position, &error));
                }
            }
            Err(other) => return Err(other),
        }
    }
    if !obstacles.is_empty() {
        return Err(refusal(db, context, publisher, &round, obstacles)?);
    }
    store::publish(db, &publisher.viewer.actor, &round, &applications)?;
    Ok(store::find(db, &Reach::Everything, id)?.summary)
}

fn check_size(count: usize) -> Result<()> {
    if count == 0 {
        return Err(Error::Conflict {
            code: "nothing_to_publish",
            detail: Text::new("埋まっている枠がありません。", "No place is filled."),
        });
    }
    if count > MOST_PUBLISHED {
        return Err(Error::Conflict {
            code: "too_many_places",
            detail: Text::new(
                format!(
                    "一度に公開できるのは{MOST_PUBLISHED}枠までです（{count}枠あります）。割り当てを分けてください。"
                ),
                format!(
                    "At most {MOST_PUBLISHED} places can be published at once, and there are {count}. Divide the round."
                ),
            ),
        });
    }
    Ok(())
}

fn slot(round: &Round, place: &Place) -> Option<(Id, Code)> {
    let slot = round.outcome.slots.get(place.slot)?;
    Some((slot.deliverable, slot.role.clone()))
}

/// Returns the places whose workers no longer pass the gates.
fn unfit(db: &mut Db, context: &RankingContext, round: &Round) -> Result<Vec<Obstacle>> {
    // Gates weigh nothing. What else has changed shows when the workers are invited.
    let question = match stored(db, context, round) {
        Ok(question) => question,
        Err(Error::Conflict { .. } | Error::Invalid(_)) => return Ok(Vec::new()),
        Err(other) => return Err(other),
    };
    let market = question.market();
    let slots = market.slots();
    let mut obstacles = Vec::new();
    for (position, place) in round.places.iter().enumerate() {
        let Some(((deliverable, role), worker)) = slot(round, place).zip(place.worker) else {
            continue;
        };
        let role = question.snapshot.catalogue.roles.position(&role);
        let found = slots
            .iter()
            .position(|one| one.deliverable == deliverable.0.as_u128() && Some(one.role) == role);
        let gates = found.and_then(|slot| market.pair(slot, worker.0.as_u128()).err());
        if let Some(gates) = gates.filter(|gates| !gates.is_empty()) {
            obstacles.push(Obstacle {
                position,
                code: "gate_failed",
                detail: failed(&gates),
            });
        }
    }
    Ok(obstacles)
}

/// Returns the places of those who may be in the same team already, or get another place in it, under another record.
fn seated_twice(db: &mut Db, round: &Round, there: &HashMap<(Id, Id), Application>) -> Result<Vec<Obstacle>> {
    let mut teams: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
    let placed = round.places.iter().enumerate().filter_map(|(position, place)| {
        let (deliverable, _) = slot(round, place)?;
        Some((position, deliverable, place.worker?))
    });
    let placed: Vec<(usize, Id, Id)> = placed.collect();
    for (_, deliverable, worker) in &placed {
        teams.entry(*deliverable).or_default().insert(*worker);
    }
    for ((worker, deliverable), one) in there {
        if let Some(team) = teams.get_mut(deliverable).filter(|_| one.place.is_some()) {
            team.insert(*worker);
        }
    }
    let mut twice = BTreeSet::new();
    for (deliverable, team) in teams {
        let pairs = workers::doubles::among(db, &Vec::from_iter(team))?;
        twice.extend(pairs.into_iter().flatten().map(|worker| (deliverable, worker)));
    }
    let error = applications::rules::possible_same_person();
    let seats = placed
        .into_iter()
        .filter(|(_, deliverable, worker)| twice.contains(&(*deliverable, *worker)));
    Ok(seats.map(|(position, ..)| obstacle(position, &error)).collect())
}

/// Locks every deliverable, then every worker, in the order of their ids, as every other use case does with its one of each.
fn lock(db: &mut Db, round: &Round) -> Result<()> {
    let found = |result: Result<()>| match result {
        Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
        Err(other) => Err(other),
    };
    let deliverables: BTreeSet<Id> = round
        .places
        .iter()
        .filter_map(|place| slot(round, place))
        .map(|(deliverable, _)| deliverable)
        .collect();
    for deliverable in deliverables {
        found(deliverables::store::find_for_update(db, &Reach::Everything, deliverable).map(drop))?;
    }
    let workers: BTreeSet<Id> = round.places.iter().filter_map(|place| place.worker).collect();
    for worker in workers {
        found(workers::store::find_to_change(db, &Reach::Everything, worker).map(drop))?;
    }
    Ok(())
}

/// Returns the applications that are there already, by the worker who stands for the person.
fn applied(db: &mut Db, round: &Round) -> Result<HashMap<(Id, Id), Application>> {
    let active = applications::store::active_in(db, &round.deliverables)?;
    let records: Vec<Id> = active.iter().filter_map(|one| one.worker_id).collect();
    let people = workers::store::represented_by(db, &records)?;
    let keyed = active.into_iter().filter_map(|one| {
        let worker = one.worker_id?;
        let person = people.get(&worker).copied().unwrap_or(worker);
        Some(((person, one.deliverable_id), one))
    });
    Ok(keyed.collect())
}

fn obstacle(position: usize, error: &Error) -> Obstacle {
    let (code, detail) = match error.fields() {
        [first, ..] => (first.code.clone(), first.message.clone()),
        [] => (error.code().into(), error.detail()),
    };
    let code = match code {
        std::borrow::Cow::Borrowed(code) => code,
        std::borrow::Cow::Owned(_) => error.code(),
    };
    Obstacle {
        position,
        code,
        detail,
    }
}

/// Names those who can't be invited.
fn refusal(
    db: &mut Db,
    context: &RankingContext,
    publisher: &Publisher,
    round: &Round,
    mut obstacles: Vec<Obstacle>,
) -> Result<Error> {
    obstacles.sort_by_key(|one| one.position);
    let catalogue = context.catalogues.current(db)?;
    let language = publisher.language;
    let explainer = Explainer {
        catalogue: &catalogue,
        language,
    };
    let place = |one: &Obstacle| round.places.get(one.position);
    let ids: Vec<Id> = obstacles.iter().filter_map(|one| place(one)?.worker).collect();
    let labels = workers::store::labels(db, &ids)?;
    let shown = |one: &Obstacle| -> Option<Value> {
        let place = place(one)?;
        let (deliverable, role) = slot(round, place)?;
        let brief = place.worker.and_then(|worker| {
            let role = catalogue.roles.position(&role);
            Some(explainer.brief(worker, labels.get(&worker)?, role))
        });
        Some(
            json!({"position": one.position, "deliverable_id": deliverable, "role": role, "worker": brief,
            "code": one.code, "detail": language.choose(&one.detail)}),
        )
    };
    let named: Vec<Value> = obstacles.iter().filter_map(shown).collect();
    let count = obstacles.len();
    let error = Error::Conflict {
        code: "changed_since",
        detail: Text::new(
            format!(
                "招待できない人が{count}人います。誰も招待していません。割り当てを計算し直してください。"
            ),
            format!("{count} of the workers can't be invited, so nobody was. Compute the round again."),
        ),
    };
    Ok(error.with_member("assignments", Value::Array(named)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_how_many_places_are_published_at_once() {
        let refused = |count| match check_size(count) {
            Ok(()) => None,
            Err(Error::Conflict { code, .. }) => Some(code),
            Err(other) => panic!("{other:?}"),
        };
        let cases = [0, 1, MOST_PUBLISHED, MOST_PUBLISHED + 1].map(refused);
        assert_eq!(
            cases,
            [Some("nothing_to_publish"), None, None, Some("too_many_places")]
        );
    }
}
