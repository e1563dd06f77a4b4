//! SQL of how fast applications are answered.

use crate::applications::Application;
use crate::applications::responses::{DUE_DAYS, ResponseTally, WINDOW_DAYS};
use crate::catalogue::calendar::{day_in_tokyo, day_number};
use crate::db::schema::{application_responses, application_responses::dsl as r, deliverables::dsl as d};
use crate::db::{BATCH, Db, Id, Instant, UniqueId, on};
use crate::deliverables::DeliverableStatus;
use crate::error::Result;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use std::collections::HashMap;
use strum::VariantArray;

fn day(at: Instant) -> i32 {
    day_number(day_in_tokyo(at.utc()))
}

/// Begins to wait for an answer by the organization, unless the application needs none, or was overdue before it came here.
pub fn ask(db: &mut Db, application: &Application) -> Result<()> {
    let is_waiting = !application.is_unanswered() && application.outcome.answered().is_none();
    let is_moved_up = application.moved_up_at.is_some();
    let is_late = day(application.updated_at) - day(application.created_at) >= DUE_DAYS && !is_moved_up;
    if application.sandbox || !is_waiting || is_late {
        return Ok(());
    }
    let row = (
        r::application_id.eq(application.id),
        r::deliverable_id.eq(application.deliverable_id),
        r::asked_on.eq(day(application.updated_at)),
    );
    let insert = diesel::insert_into(application_responses::table).values(row);
    on!(db, |c| insert.on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// Ends the waiting if the application no longer waits: with an answer by `actor`, or without one.
pub fn end(db: &mut Db, actor: Option<&str>, application: &Application) -> Result<()> {
    if application.outcome.answered() != Some(actor.is_some()) {
        return Ok(());
    }
    diesel::update(r::application_responses.find(application.id))
        .filter(r::ended_on.is_null())
        .set((
            r::ended_on.eq(day(application.updated_at)),
            r::answered_by.eq(actor),
        ))
        .execute(db)?;
    Ok(())
}

/// Leaves a time out in which nobody could answer the applications for a deliverable. What they waited before counts on.
pub fn leave_out(db: &mut Db, deliverable: Id, since: Instant, until: Instant) -> Result<()> {
    let (since, until) = (day(since), day(until));
    // Who applied in this time begins to wait at its end.
    let asked = format!(
        "CASE WHEN asked_on > {since} THEN {until} ELSE asked_on + {} END",
        until - since
    );
    diesel::update(r::application_responses)
        .filter(r::deliverable_id.eq(deliverable))
        .filter(r::ended_on.is_null())
        .set(r::asked_on.eq(sql::<Integer>(&asked)))
        .execute(db)?;
    Ok(())
}

/// Forgets that an application waited: nobody here could answer it.
pub fn delete(db: &mut Db, application: Id) -> Result<()> {
    diesel::delete(r::application_responses.find(application)).execute(db)?;
    Ok(())
}

/// The days until the answer, null without one.
const DAYS: &str = "CASE WHEN application_responses.answered_by IS NOT NULL
    THEN application_responses.ended_on - application_responses.asked_on END";

/// Matches what counts: answered, or due. While a request is under review, nobody can answer.
fn counts(today: i32) -> String {
    let reviewed = DeliverableStatus::VARIANTS
        .iter()
        .filter(|status| status.is_under_review());
    let reviewed: Vec<String> = reviewed.map(|status| format!("'{}'", status.code())).collect();
    let reviewed = reviewed.join(", ");
    format!(
        "(application_responses.answered_by IS NOT NULL
        OR application_responses.ended_on - application_responses.asked_on >= {DUE_DAYS}
        OR (application_responses.ended_on IS NULL AND {today} - application_responses.asked_on >= {DUE_DAYS}
            AND deliverables.status NOT IN ({reviewed})))"
    )
}

/// Adds up the answers to the applications for what these organizations request. Leaves out those without applications.
pub fn of_organizations(db: &mut Db, ids: &[Id], today: i32) -> Result<HashMap<Id, ResponseTally>> {
    let mut found: HashMap<Id, ResponseTally> = HashMap::new();
    let group = format!("deliverables.organization_id, {DAYS}");
    for ids in ids.chunks(BATCH) {
        let rows = r::application_responses
            .inner_join(d::deliverables.on(d::id.eq(r::deliverable_id)))
            .filter(d::organization_id.eq_any(ids))
            .filter(r::asked_on.ge(today - WINDOW_DAYS))
            .filter(sql::<Bool>(&counts(today)))
            .group_by(sql::<UniqueId>(&group))
            .select(sql::<(UniqueId, Nullable<Integer>, BigInt)>(&format!(
                "{group}, COUNT(*)"
            )))
            .load::<(Id, Option<i32>, i64)>(db)?;
        for (id, days, count) in rows {
            found.entry(id).or_default().add(days, count);
        }
    }
    Ok(found)
}

/// Applications of an area, by who answered them after how many days.
pub struct AreaResponses {
    pub area: String,
    /// The actor. `None`: nobody.
    pub answered_by: Option<String>,
    pub days: Option<i32>,
    pub count: i64,
}

/// Counts the applications of every area by who answered them.
pub fn of_areas(db: &mut Db, today: i32) -> Result<Vec<AreaResponses>> {
    type Row = (String, Option<String>, Option<i32>, i64);
    let group = format!("deliverables.area, application_responses.answered_by, {DAYS}");
    let rows = r::application_responses
        .inner_join(d::deliverables.on(d::id.eq(r::deliverable_id)))
        .filter(r::asked_on.ge(today - WINDOW_DAYS))
        .filter(sql::<Bool>(&counts(today)))
        .group_by(sql::<Text>(&group))
        .select(sql::<(Text, Nullable<Text>, Nullable<Integer>, BigInt)>(
            &format!("{group}, COUNT(*)"),
        ))
        .load::<Row>(db)?;
    let read = |(area, answered_by, days, count): Row| AreaResponses {
        area,
        answered_by,
        days,
        count,
    };
    Ok(rows.into_iter().map(read).collect())
}
