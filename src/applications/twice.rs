//! A person has one place in a team, however many records they have.

use super::rules::{possible_same_person, same_person};
use super::{Application, ApplicationStatus, Outcome, store};
use crate::db::{Db, Id};
use crate::error::{Error, Result};
use crate::workers::{self, Worker, doubles};
use ApplicationStatus::{Agreed, Offered};

/// Those who hold a place.
pub const HOLDERS: &[ApplicationStatus] = &[Offered, Agreed];
/// Those who have taken theirs.
const MEMBERS: &[ApplicationStatus] = &[Agreed];

/// Checks that none of these holders of a place besides an application is its worker under another record, nor may be. Lock the
/// deliverable before, so that two records don't get a place at the same time.
pub fn check(
    db: &mut Db,
    (deliverable, application): (Id, Id),
    worker: &Worker,
    holders: &[ApplicationStatus],
) -> Result<()> {
    let mut people = store::holders(db, deliverable, application, holders)?;
    if people.is_empty() {
        return Ok(());
    }
    let records = workers::store::same_person(db, worker)?;
    if people.iter().any(|holder| records.contains(holder)) {
        return Err(same_person());
    }
    people.push(worker.id);
    let own = worker.merged_into.unwrap_or(worker.id);
    let doubles = doubles::among(db, &people)?;
    match doubles.iter().any(|pair| pair.contains(&own)) {
        true => Err(possible_same_person()),
        false => Ok(()),
    }
}

/// Checks what [`check`] does, for a worker who gets a place, or takes the one that is offered: who was offered two places
/// under two records takes one.
pub fn check_move(db: &mut Db, before: &Application, worker: &Worker) -> Result<()> {
    let holders = match before.place {
        None => HOLDERS,
        Some(_) => MEMBERS,
    };
    check(db, (before.deliverable_id, before.id), worker, holders)
}

/// Leaves the last word to the organization where the worker's side agrees to an offer that may be a second place. Otherwise the
/// refusal would tell a partner that its volunteer is known elsewhere, too.
pub fn unless_doubtful(
    db: &mut Db,
    before: &Application,
    worker: Option<&Worker>,
    after: Outcome,
) -> Result<Outcome> {
    let Some(worker) = worker.filter(|_| (before.outcome.status, after.status) == (Offered, Agreed)) else {
        return Ok(after);
    };
    match check_move(db, before, worker) {
        Err(Error::Conflict { .. }) => Ok(Outcome {
            status: Offered,
            organization_agrees: false,
            ..after
        }),
        checked => checked.map(|()| after),
    }
}
