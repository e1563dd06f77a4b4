//! SQL of follow-ups.

use super::{FollowUp, FollowUpStatus, MONTHS, NewFollowUpAnswer, OPEN_DAYS, asked_on};
use crate::auth::Reach;
use crate::catalogue::calendar::{self, day_number, day_of_number};
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{deliverables as d, follow_ups, follow_ups::dsl};
use crate::db::{Db, Id, Instant, MicrosecondTime, on};
use crate::deliverables::DeliverableStatus;
use crate::error::Result;
use crate::reach::store as reach;
use diesel::dsl::{exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;

#[derive(Queryable, Selectable)]
#[diesel(table_name = follow_ups)]
struct FollowUpRow {
    id: Id,
    months: i32,
    asked_on: i32,
    still_in_use: Option<bool>,
    reach: Option<i32>,
    would_do_again: Option<bool>,
    changes: Option<String>,
    answered_at: Option<Instant>,
    link_expires_at: Option<Instant>,
    version: i64,
}

impl FollowUpRow {
    fn read(self, of: (Id, Id)) -> (Id, FollowUp) {
        let asked_on = day_of_number(self.asked_on);
        let mut read = FollowUp::unanswered(of, u32::try_from(self.months).unwrap_or_default(), asked_on);
        (read.link_expires_at, read.version) = (self.link_expires_at, self.version);
        if let Some((still_in_use, would_do_again)) = self.still_in_use.zip(self.would_do_again) {
            read.status = FollowUpStatus::Answered;
            read.answered_at = self.answered_at;
            read.answer = Some(NewFollowUpAnswer {
                still_in_use,
                reach: self.reach,
                changes: self.changes,
                would_do_again,
            });
        }
        (self.id, read)
    }
}

/// Lists the follow-ups of a project with their ids, the first one first.
pub fn of_project(db: &mut Db, project: Id, organization: Id) -> Result<Vec<(Id, FollowUp)>> {
    let rows = dsl::follow_ups
        .filter(dsl::deliverable_id.eq(project))
        .order(dsl::months)
        .select(FollowUpRow::as_select())
        .load(db)?;
    Ok(rows
        .into_iter()
        .map(|row| row.read((project, organization)))
        .collect())
}

/// Lists projects that were delivered here and have no follow-ups yet, with the moment of the delivery. Archiving the request
/// takes nobody's time to answer.
pub fn without(db: &mut Db, limit: i64) -> Result<Vec<(Id, Instant)>> {
    let made = follow_ups::table.filter(dsl::deliverable_id.eq(d::id));
    let delivered = d::table
        .filter(d::status.eq(DeliverableStatus::Delivered.code()))
        .filter(sql::<Bool>("deliverables.days_to_match IS NOT NULL"))
        .filter(not(exists(made)))
        .order(d::id)
        .limit(limit)
        .select((d::id, sql::<MicrosecondTime>("deliverables.status_since")));
    Ok(delivered.load(db)?)
}

/// Inserts the follow-ups of a project, unless it has them.
pub fn insert(db: &mut Db, project: Id, delivered: Instant) -> Result<()> {
    let now = Instant::now();
    let row = |months: &u32| {
        (
            dsl::id.eq(Id::new()),
            dsl::deliverable_id.eq(project),
            dsl::months.eq(*months as i32),
            dsl::asked_on.eq(day_number(asked_on(delivered, *months))),
            dsl::version.eq(0_i64),
            dsl::created_at.eq(now),
        )
    };
    for months in &MONTHS {
        let insert = diesel::insert_into(follow_ups::table).values(row(months));
        on!(db, |c| insert.on_conflict_do_nothing().execute(c))?;
    }
    Ok(())
}

/// Answers a follow-up.
pub fn answer(db: &mut Db, actor: &str, id: Id, before: i64, answer: &NewFollowUpAnswer) -> Result<()> {
    diesel::update(dsl::follow_ups.find(id))
        .set((
            dsl::still_in_use.eq(Some(answer.still_in_use)),
            dsl::reach.eq(answer.reach),
            dsl::would_do_again.eq(Some(answer.would_do_again)),
            dsl::changes.eq(&answer.changes),
            dsl::answered_by.eq(Some(actor)),
            dsl::answered_at.eq(Some(Instant::now())),
            dsl::version.eq(before + 1),
        ))
        .execute(db)?;
    log(db, actor, id, before + 1)
}

/// Gives a follow-up a new link, which replaces the one before.
pub fn set_link(
    db: &mut Db,
    actor: &str,
    id: Id,
    before: i64,
    digest: &str,
    expires_at: Instant,
) -> Result<()> {
    diesel::update(dsl::follow_ups.find(id))
        .set((
            dsl::link_digest.eq(Some(digest)),
            dsl::link_expires_at.eq(Some(expires_at)),
            dsl::version.eq(before + 1),
        ))
        .execute(db)?;
    log(db, actor, id, before + 1)
}

fn log(db: &mut Db, actor: &str, id: Id, version: i64) -> Result<()> {
    let change = Change::new(Subject::FollowUp, id, Action::Updated, version);
    changes::store::append(db, actor, &[change])
}

/// Finds the project and the months of a link's follow-up, and until when the link works.
pub fn find_by_link(db: &mut Db, digest: &str) -> Result<Option<(Id, i32, Instant)>> {
    let one = dsl::follow_ups.filter(dsl::link_digest.eq(digest));
    let columns = (
        dsl::deliverable_id,
        dsl::months,
        dsl::link_expires_at.assume_not_null(),
    );
    Ok(one.select(columns).get_result(db).optional()?)
}

/// Lists the follow-ups that wait for an answer, oldest first: id, project and the day of the question.
pub fn waiting(db: &mut Db, reach: &Reach, after: Option<Id>, limit: i64) -> Result<Vec<(Id, Id, i32)>> {
    let today = day_number(calendar::today());
    let mut query = dsl::follow_ups
        .filter(dsl::answered_at.is_null())
        .filter(dsl::asked_on.le(today))
        .filter(dsl::asked_on.ge(today - OPEN_DAYS as i32))
        .filter(reach::open_follow_ups(reach))
        .order(dsl::id)
        .limit(limit)
        .select((dsl::id, dsl::deliverable_id, dsl::asked_on))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    Ok(query.load(db)?)
}
