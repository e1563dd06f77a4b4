//! SQL of rounds.

use super::facts::Outcome;
use super::plan::Plan;
use super::{NewRound, Place, Round, RoundBan, RoundPin, RoundStatus, RoundSummary};
use crate::auth::Reach;
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{round_deliverables as within, round_people as people, rounds, rounds::dsl};
use crate::db::{BATCH, Db, Doc, Id, Instant, insert_all, keyset, lock, update_version};
use crate::error::{Error, Result};
use crate::http::page;
use crate::http::{Cursor, Page, Paging};
use crate::reach::store as reach;
use chrono::Duration;
use diesel::prelude::*;

/// How long a draft is kept after its last change, and a published round after it was published.
const KEPT_DRAFT: Duration = Duration::days(30);
const KEPT: Duration = Duration::days(400);

const PLACE: &str = "place";
const PIN: &str = "pin";
const BAN: &str = "ban";

#[derive(Queryable, Selectable)]
#[diesel(table_name = rounds)]
struct RoundRow {
    pub id: Id,
    pub status: String,
    pub objective: String,
    pub title: Option<String>,
    pub places: i32,
    pub filled: i32,
    pub fit_ppm: i64,
    pub at_change: i64,
    pub created_by: String,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub published_at: Option<Instant>,
}

impl RoundRow {
    fn read(self) -> Result<RoundSummary> {
        let invalid = |_| Error::Internal(format!("round {} has an unknown code", self.id));
        Ok(RoundSummary {
            status: self.status.parse().map_err(invalid)?,
            objective: self.objective.parse().map_err(invalid)?,
            id: self.id,
            title: self.title,
            places: self.places as usize,
            filled: self.filled as usize,
            fit_ppm: self.fit_ppm as u64,
            at_change: self.at_change,
            created_by: self.created_by,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            published_at: self.published_at,
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = people, treat_none_as_default_value = false)]
struct PersonRow {
    round_id: Id,
    kind: String,
    position: i32,
    slot: Option<i32>,
    deliverable_id: Option<Id>,
    role: Option<String>,
    worker_id: Option<Id>,
    other_worker_id: Option<Id>,
    fit_ppm: i64,
    application_id: Option<Id>,
}

#[derive(Insertable)]
#[diesel(table_name = within, treat_none_as_default_value = false)]
struct DeliverableRow {
    round_id: Id,
    position: i32,
    deliverable_id: Id,
}

pub fn missing() -> Error {
    Error::not_found("割り当て", "round")
}

/// Lists rounds within the reach, newest first.
pub fn list(db: &mut Db, reach: &Reach, paging: &Paging) -> Result<Page<RoundSummary>> {
    const SORT: &str = "-created_at";
    let limit = page::limit(paging.limit)?;
    let cursor = Cursor::decode(paging.cursor.as_deref(), SORT)?;
    let before = cursor.map(|cursor| cursor.id);
    let all = || {
        let mut query = dsl::rounds.select(RoundRow::as_select()).into_boxed();
        if let Some(condition) = reach::rounds(reach) {
            query = query.filter(condition);
        }
        query
    };
    let rows: Vec<RoundRow> = keyset!(all(), before, dsl::id, descending)
        .limit(limit + 1)
        .load(db)?;
    let rounds = rows.into_iter().map(RoundRow::read).collect::<Result<Vec<_>>>()?;
    let page = Page::of(rounds, limit, |last: &RoundSummary| Cursor {
        sort: SORT.to_owned(),
        value: String::new(),
        id: last.id,
    });
    page.counted(paging.count, || {
        let all = all().select(dsl::id).limit(page::COUNTED);
        Ok(all.load::<Id>(db)?.len())
    })
}

/// Finds a round within the reach.
pub fn find(db: &mut Db, reach: &Reach, id: Id) -> Result<Round> {
    let mut query = dsl::rounds
        .filter(dsl::id.eq(id))
        .select((RoundRow::as_select(), dsl::request, dsl::outcome))
        .into_boxed();
    if let Some(condition) = reach::rounds(reach) {
        query = query.filter(condition);
    }
    let found = query
        .get_result::<(RoundRow, Doc<NewRound>, Doc<Outcome>)>(db)
        .optional()?;
    let (row, Doc(mut request), Doc(outcome)) = found.ok_or_else(missing)?;
    let deliverables = within::table
        .filter(within::round_id.eq(id))
        .order(within::position)
        .select(within::deliverable_id);
    let deliverables: Vec<Id> = deliverables.load(db)?;
    let everybody = people::table
        .filter(people::round_id.eq(id))
        .order((people::kind, people::position))
        .select(PersonRow::as_select());
    let mut places = Vec::new();
    for person in everybody.load::<PersonRow>(db)? {
        match (person.kind.as_str(), person.worker_id, person.deliverable_id) {
            (PLACE, worker, _) => places.push(Place {
                slot: person.slot.unwrap_or_default() as usize,
                worker,
                fit_ppm: person.fit_ppm as u64,
                replacement: person.other_worker_id,
                application: person.application_id,
            }),
            (PIN, Some(worker_id), Some(deliverable_id)) => request.pins.push(RoundPin {
                worker_id,
                deliverable_id,
                role: person.role.unwrap_or_default().into(),
            }),
            (BAN, Some(worker_id), deliverable_id) => request.bans.push(RoundBan {
                worker_id,
                deliverable_id,
            }),
            _ => {}
        }
    }
    Ok(Round {
        summary: row.read()?,
        request,
        deliverables,
        outcome,
        places,
    })
}

/// Finds a round within the reach, and locks it until the transaction ends.
pub fn find_to_change(db: &mut Db, reach: &Reach, id: Id) -> Result<Round> {
    lock(db, &format!("round/{id}"))?;
    find(db, reach, id)
}

/// Counts the drafts of a caller. No other draft of theirs comes in until the transaction ends.
pub fn count_drafts(db: &mut Db, actor: &str) -> Result<i64> {
    lock(db, &format!("rounds of {actor}"))?;
    let drafts = dsl::rounds
        .filter(dsl::created_by.eq(actor))
        .filter(dsl::status.eq(<&str>::from(RoundStatus::Draft)));
    Ok(drafts.count().get_result(db)?)
}

/// Takes the people out of a request: they are stored where erasing them finds them.
fn without_people(request: &NewRound) -> NewRound {
    NewRound {
        pins: Vec::new(),
        bans: Vec::new(),
        ..request.clone()
    }
}

/// Inserts a draft.
pub fn insert(db: &mut Db, actor: &str, request: &NewRound, plan: &Plan) -> Result<Id> {
    let (id, now) = (Id::new(), Instant::now());
    let totals = plan.outcome.totals;
    let row = (
        dsl::id.eq(id),
        dsl::status.eq(<&str>::from(RoundStatus::Draft)),
        dsl::objective.eq(<&str>::from(request.objective)),
        dsl::title.eq(&request.title),
        dsl::places.eq(totals.places as i32),
        dsl::filled.eq(totals.filled as i32),
        dsl::fit_ppm.eq(totals.fit_ppm as i64),
        dsl::at_change.eq(plan.at_change),
        dsl::request.eq(Doc(without_people(request))),
        dsl::outcome.eq(Doc(plan.outcome.clone())),
        dsl::created_by.eq(actor),
        dsl::version.eq(1_i64),
        dsl::created_at.eq(now),
        dsl::updated_at.eq(now),
    );
    diesel::insert_into(rounds::table).values(row).execute(db)?;
    insert_parts(db, id, request, plan)?;
    log(db, actor, id, Action::Created, 1)?;
    Ok(id)
}

/// Replaces the answer of a draft, if its version is still `before`.
pub fn replace(
    db: &mut Db,
    actor: &str,
    before: &RoundSummary,
    request: &NewRound,
    plan: &Plan,
) -> Result<()> {
    let (id, before) = (before.id, before.version);
    let totals = plan.outcome.totals;
    let values = (
        dsl::objective.eq(<&str>::from(request.objective)),
        dsl::title.eq(&request.title),
        dsl::places.eq(totals.places as i32),
        dsl::filled.eq(totals.filled as i32),
        dsl::fit_ppm.eq(totals.fit_ppm as i64),
        dsl::at_change.eq(plan.at_change),
        dsl::request.eq(Doc(without_people(request))),
        dsl::outcome.eq(Doc(plan.outcome.clone())),
        dsl::version.eq(before + 1),
        dsl::updated_at.eq(Instant::now()),
    );
    update_version!(db, rounds, key: id, before: before, set: values, missing: missing())?;
    diesel::delete(within::table.filter(within::round_id.eq(id))).execute(db)?;
    diesel::delete(people::table.filter(people::round_id.eq(id))).execute(db)?;
    insert_parts(db, id, request, plan)?;
    log(db, actor, id, Action::Updated, before + 1)
}

fn insert_parts(db: &mut Db, id: Id, request: &NewRound, plan: &Plan) -> Result<()> {
    let deliverables: Vec<DeliverableRow> = plan
        .deliverables
        .iter()
        .enumerate()
        .map(|(position, deliverable)| DeliverableRow {
            round_id: id,
            position: position as i32,
            deliverable_id: *deliverable,
        })
        .collect();
    let person = |kind: &str, position: usize, worker: Option<Id>| PersonRow {
        round_id: id,
        kind: kind.to_owned(),
        position: position as i32,
        slot: None,
        deliverable_id: None,
        role: None,
        worker_id: worker,
        other_worker_id: None,
        fit_ppm: 0,
        application_id: None,
    };
    let mut everybody = Vec::new();
    for (i, place) in plan.places.iter().enumerate() {
        everybody.push(PersonRow {
            slot: Some(place.slot as i32),
            other_worker_id: place.replacement,
            fit_ppm: place.fit_ppm as i64,
            application_id: place.application,
            ..person(PLACE, i, place.worker)
        });
    }
    for (i, pin) in request.pins.iter().enumerate() {
        everybody.push(PersonRow {
            deliverable_id: Some(pin.deliverable_id),
            role: Some(pin.role.to_string()),
            ..person(PIN, i, Some(pin.worker_id))
        });
    }
    for (i, ban) in request.bans.iter().enumerate() {
        everybody.push(PersonRow {
            deliverable_id: ban.deliverable_id,
            ..person(BAN, i, Some(ban.worker_id))
        });
    }
    for some in deliverables.chunks(BATCH) {
        insert_all!(db, within::table, some)?;
    }
    for some in everybody.chunks(BATCH) {
        insert_all!(db, people::table, some)?;
    }
    Ok(())
}

/// Marks a draft as published, with the applications of its places.
pub fn publish(db: &mut Db, actor: &str, round: &Round, applications: &[(usize, Id)]) -> Result<()> {
    let now = Instant::now();
    let values = (
        dsl::status.eq(<&str>::from(RoundStatus::Published)),
        dsl::version.eq(round.summary.version + 1),
        dsl::updated_at.eq(now),
        dsl::published_at.eq(Some(now)),
    );
    update_version!(db, rounds, key: round.summary.id, before: round.summary.version, set: values, missing: missing())?;
    for (position, application) in applications {
        let place = people::table.find((round.summary.id, PLACE, *position as i32));
        diesel::update(place)
            .set(people::application_id.eq(Some(*application)))
            .execute(db)?;
    }
    log(
        db,
        actor,
        round.summary.id,
        Action::Updated,
        round.summary.version + 1,
    )
}

/// Deletes a round. Invitations stay.
pub fn delete(db: &mut Db, actor: &str, round: &Round) -> Result<()> {
    diesel::delete(rounds::table.find(round.summary.id)).execute(db)?;
    log(
        db,
        actor,
        round.summary.id,
        Action::Deleted,
        round.summary.version + 1,
    )
}

/// Empties the places of a worker, and removes their pins and bans.
pub fn forget(db: &mut Db, worker: Id) -> Result<()> {
    let own = people::table.filter(people::worker_id.eq(worker));
    diesel::delete(own.filter(people::kind.ne(PLACE))).execute(db)?;
    diesel::update(people::table.filter(people::worker_id.eq(worker)))
        .set(people::worker_id.eq(None::<Id>))
        .execute(db)?;
    diesel::update(people::table.filter(people::other_worker_id.eq(worker)))
        .set(people::other_worker_id.eq(None::<Id>))
        .execute(db)?;
    Ok(())
}

/// Deletes rounds that are too old. Returns how many; call it again until it returns 0.
pub fn purge(db: &mut Db, now: Instant) -> Result<usize> {
    let mut purged = 0;
    for (status, kept) in [(RoundStatus::Draft, KEPT_DRAFT), (RoundStatus::Published, KEPT)] {
        let old = dsl::rounds
            .filter(dsl::status.eq(<&str>::from(status)))
            .filter(dsl::updated_at.lt(Instant::from(now.utc() - kept)))
            .order(dsl::updated_at)
            .limit(20)
            .select((dsl::id, dsl::version));
        let old: Vec<(Id, i64)> = old.load(db)?;
        let ids: Vec<Id> = old.iter().map(|(id, _)| *id).collect();
        purged += diesel::delete(rounds::table.filter(dsl::id.eq_any(ids))).execute(db)?;
        let changes: Vec<Change> = old
            .iter()
            .map(|(id, version)| Change::new(Subject::Round, id, Action::Deleted, version + 1))
            .collect();
        changes::store::append(db, "retention", &changes)?;
    }
    Ok(purged)
}

fn log(db: &mut Db, actor: &str, id: Id, action: Action, version: i64) -> Result<()> {
    changes::store::append(db, actor, &[Change::new(Subject::Round, id, action, version)])
}
