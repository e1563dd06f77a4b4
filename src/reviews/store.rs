//! SQL of reviews.

use super::{Review, ReviewAuthor, Scales};
use crate::applications::ApplicationStatus;
use crate::auth::Reach;
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{applications as a, deliverables as d, project_reviews, project_reviews::dsl};
use crate::db::{BATCH, Db, Id, Instant, MicrosecondTime, update_version};
use crate::deliverables::DeliverableStatus;
use crate::error::{Error, Result};
use crate::reach::store as reach;
use diesel::dsl::{exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = project_reviews, treat_none_as_default_value = false, treat_none_as_null = true)]
struct ReviewRow {
    id: Id,
    deliverable_id: Id,
    application_id: Id,
    author: String,
    communication: i32,
    quality: i32,
    reliability: i32,
    again: i32,
    message: Option<String>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
    /// Whether the member's record has yet to count it.
    to_count: bool,
}

impl ReviewRow {
    fn of(review: &Review) -> ReviewRow {
        ReviewRow {
            id: review.id,
            deliverable_id: review.deliverable_id,
            application_id: review.application_id,
            author: review.author.code().to_owned(),
            communication: review.scales.communication,
            quality: review.scales.quality,
            reliability: review.scales.reliability,
            again: review.scales.again,
            message: review.message.clone(),
            version: review.version,
            created_at: review.created_at,
            updated_at: review.updated_at,
            to_count: review.author == ReviewAuthor::Organization,
        }
    }

    /// The row knows neither the worker nor who sees it.
    fn read(self) -> Result<Review> {
        let unknown = |_| Error::Internal(format!("review {} has an unknown author", self.id));
        Ok(Review {
            id: self.id,
            deliverable_id: self.deliverable_id,
            application_id: self.application_id,
            worker_id: None,
            author: self.author.parse().map_err(unknown)?,
            scales: Scales {
                communication: self.communication,
                quality: self.quality,
                reliability: self.reliability,
                again: self.again,
            },
            message: self.message,
            shown: false,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

fn read(rows: Vec<ReviewRow>) -> Result<Vec<Review>> {
    rows.into_iter().map(ReviewRow::read).collect()
}

/// Lists the reviews about and by a member.
pub fn of_member(db: &mut Db, application: Id) -> Result<Vec<Review>> {
    let both = dsl::project_reviews.filter(dsl::application_id.eq(application));
    read(both.select(ReviewRow::as_select()).load(db)?)
}

/// Lists the reviews about and by these members, oldest first.
pub fn of_members(db: &mut Db, applications: &[Id]) -> Result<Vec<Review>> {
    let mut found = Vec::new();
    for applications in applications.chunks(BATCH) {
        let some = dsl::project_reviews.filter(dsl::application_id.eq_any(applications));
        found.extend(read(
            some.order(dsl::id).select(ReviewRow::as_select()).load(db)?,
        )?);
    }
    Ok(found)
}

/// Lists the reviews of a project, oldest first.
pub fn of_project(db: &mut Db, project: Id) -> Result<Vec<Review>> {
    let all = dsl::project_reviews.filter(dsl::deliverable_id.eq(project));
    read(all.order(dsl::id).select(ReviewRow::as_select()).load(db)?)
}

pub fn insert(db: &mut Db, actor: &str, review: &Review) -> Result<()> {
    diesel::insert_into(project_reviews::table)
        .values(ReviewRow::of(review))
        .execute(db)?;
    let change = Change::new(Subject::Review, review.id, Action::Created, review.version);
    changes::store::append(db, actor, &[change])
}

pub fn update(db: &mut Db, actor: &str, review: &Review) -> Result<()> {
    let (id, before, row) = (review.id, review.version - 1, ReviewRow::of(review));
    let missing = Error::not_found("評価", "review");
    update_version!(db, project_reviews, key: id, before: before, set: row, missing: missing)?;
    let change = Change::new(Subject::Review, id, Action::Updated, review.version);
    changes::store::append(db, actor, &[change])
}

/// A review that a member's record has yet to count.
pub struct Uncounted {
    pub id: Id,
    /// Who is meant. `None` if it isn't to be counted at all: the member wrote it, or is erased.
    pub worker: Option<Id>,
    pub family: String,
    pub role: String,
    pub scales: Scales,
}

/// Lists reviews that have yet to be counted of projects that delivered before a moment.
pub fn uncounted(db: &mut Db, before: Instant, limit: i64) -> Result<Vec<Uncounted>> {
    let scales = (dsl::communication, dsl::quality, dsl::reliability, dsl::again);
    let found = dsl::project_reviews
        .inner_join(a::table.on(a::id.eq(dsl::application_id)))
        .inner_join(d::table.on(d::id.eq(dsl::deliverable_id)))
        .filter(dsl::to_count)
        .filter(d::status.eq(DeliverableStatus::Delivered.code()))
        .filter(sql::<Bool>("deliverables.status_since < ").bind::<MicrosecondTime, _>(before))
        .order(dsl::id)
        .limit(limit)
        .select((dsl::id, dsl::author, a::worker_id, d::family, a::role, scales));
    type Row = (Id, String, Option<Id>, String, String, (i32, i32, i32, i32));
    let read = |(id, author, worker, family, role, scales): Row| Uncounted {
        id,
        worker: worker.filter(|_| author == ReviewAuthor::Organization.code()),
        family,
        role,
        scales: Scales {
            communication: scales.0,
            quality: scales.1,
            reliability: scales.2,
            again: scales.3,
        },
    };
    Ok(found.load::<Row>(db)?.into_iter().map(read).collect())
}

/// Notes that a review is counted. Returns whether it wasn't before.
pub fn mark_counted(db: &mut Db, id: Id) -> Result<bool> {
    let marked = diesel::update(dsl::project_reviews.filter(dsl::id.eq(id)).filter(dsl::to_count))
        .set(dsl::to_count.eq(false))
        .execute(db)?;
    Ok(marked == 1)
}

/// Empties the words about and by these members. Returns what to log.
pub fn forget(db: &mut Db, applications: &[Id]) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for applications in applications.chunks(BATCH) {
        let worded = dsl::project_reviews
            .filter(dsl::application_id.eq_any(applications))
            .filter(dsl::message.is_not_null());
        let found = worded.select((dsl::id, dsl::version)).load::<(Id, i64)>(db)?;
        changes.append(&mut empty(db, found)?);
    }
    Ok(changes)
}

/// Empties the words of up to `limit` reviews that nobody has changed since. Returns what to log.
pub fn forget_words(db: &mut Db, since: Instant, limit: i64) -> Result<Vec<Change>> {
    let worded = dsl::project_reviews
        .filter(dsl::message.is_not_null())
        .filter(dsl::updated_at.lt(since))
        .order(dsl::updated_at)
        .limit(limit);
    let found = worded.select((dsl::id, dsl::version)).load::<(Id, i64)>(db)?;
    empty(db, found)
}

/// Empties the words of reviews, given with their versions.
fn empty(db: &mut Db, found: Vec<(Id, i64)>) -> Result<Vec<Change>> {
    let ids: Vec<Id> = found.iter().map(|(id, _)| *id).collect();
    diesel::update(dsl::project_reviews.filter(dsl::id.eq_any(ids)))
        .set((
            dsl::message.eq(None::<String>),
            dsl::version.eq(dsl::version + 1),
            dsl::updated_at.eq(Instant::now()),
        ))
        .execute(db)?;
    let change = |(id, version)| Change::new(Subject::Review, id, Action::Updated, version + 1);
    Ok(found.into_iter().map(change).collect())
}

/// A review that is missing: application, deliverable, member and delivery.
pub type Unwritten = (Id, Id, Option<Id>, Instant);

/// Lists the members of teams that delivered since a moment and about whom, or by whom, a review is missing, oldest first.
pub fn waiting(
    db: &mut Db,
    reach: &Reach,
    author: ReviewAuthor,
    since: Instant,
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<Unwritten>> {
    let written = project_reviews::table
        .filter(dsl::application_id.eq(a::id))
        .filter(dsl::author.eq(author.code()));
    let delivered = d::table
        .filter(d::status.eq(DeliverableStatus::Delivered.code()))
        .filter(sql::<Bool>("deliverables.status_since >= ").bind::<MicrosecondTime, _>(since));
    let at = "(SELECT status_since FROM deliverables WHERE deliverables.id = applications.deliverable_id)";
    let waiting = a::table
        .filter(a::deliverable_id.eq_any(delivered.select(d::id)))
        .filter(a::status.eq(ApplicationStatus::Agreed.code()))
        .filter(a::worker_id.is_not_null())
        .filter(not(exists(written)))
        .select((a::id, a::deliverable_id, a::worker_id, sql::<MicrosecondTime>(at)));
    let mut query = waiting.order(a::id).limit(limit).into_boxed();
    if let Some(condition) = reach::applications(reach) {
        query = query.filter(condition);
    }
    if let Some(after) = after {
        query = query.filter(a::id.gt(after));
    }
    Ok(query.load(db)?)
}
