//! The use cases of reviews.

use super::{
    DAYS, NewReview, Review, ReviewAuthor, ReviewList, author_for, closed, mark_shown, not_delivered,
    not_in_team, not_reviewed, open_until, shown_already, store, store::Uncounted, store::Unwritten,
    unknown_member,
};
use crate::applications::{self, team};
use crate::auth::{Reach, Viewer, Writer};
use crate::catalogue::calendar;
use crate::changes::{self, Change};
use crate::db::{Db, Id, Instant, Pool};
use crate::deliverables::{self, Deliverable, DeliverableStatus};
use crate::error::{Error, Result};
use crate::http::page::Part;
use crate::{projects, workers};

/// The actor in the change log.
const REVIEWS: &str = "reviews";

/// How many reviews one round looks up.
const BATCH: i64 = 100;

/// Returns when it was delivered.
fn delivered_at(deliverable: &Deliverable) -> Option<Instant> {
    let is_delivered = deliverable.request.status == DeliverableStatus::Delivered;
    is_delivered.then_some(deliverable.status_since)
}

/// Finds the deliverable of a project, archived or not. An accompaniment has none.
fn find(db: &mut Db, reach: &Reach, project: Id) -> Result<Option<Deliverable>> {
    match deliverables::store::find(db, reach, project, true) {
        Err(Error::NotFound { .. }) => projects::store::find(db, reach, project).map(|_| None),
        found => found.map(Some),
    }
}

/// Writes the review of a side about the other, or changes it while the other side doesn't see it.
pub fn write(db: &mut Db, writer: &Writer, project: Id, new: NewReview) -> Result<Review> {
    // Locked, so that both sides don't come in at once without seeing that.
    deliverables::store::lock_one(db, project)?;
    // Archiving what was delivered takes nobody's time to write.
    let deliverable = find(db, &writer.reach, project)?.ok_or_else(not_reviewed)?;
    let delivered = delivered_at(&deliverable).ok_or_else(not_delivered)?;
    let side = ReviewAuthor::of(&writer.reach);
    let author = author_for(side, new.author)?;
    let in_team = applications::store::team(db, &writer.reach, project)?;
    if side == Some(ReviewAuthor::Member) && in_team.is_empty() {
        return Err(not_in_team());
    }
    let member = in_team.into_iter().find(|one| one.id == new.application_id);
    let member = member
        .filter(|one| one.worker_id.is_some())
        .ok_or_else(unknown_member)?;
    let until = open_until(delivered);
    if calendar::today() > until {
        return Err(closed(until));
    }
    let mut written = store::of_member(db, member.id)?;
    mark_shown(&mut written, false);
    let now = Instant::now();
    let before = written.iter().find(|one| one.author == author);
    let review = Review {
        id: before.map_or_else(Id::new, |before| before.id),
        deliverable_id: project,
        application_id: member.id,
        worker_id: member.worker_id,
        author,
        scales: new.scales,
        message: new.message,
        shown: written.iter().any(|one| one.author != author),
        version: before.map_or(1, |before| before.version + 1),
        created_at: before.map_or(now, |before| before.created_at),
        updated_at: now,
    };
    if before.is_some_and(|before| before.shown) {
        return Err(shown_already());
    }
    // From now on both sides see what the organization wrote.
    let of_organization = match author {
        ReviewAuthor::Organization => Some(&review),
        ReviewAuthor::Member => written
            .iter()
            .find(|one| one.author == ReviewAuthor::Organization),
    };
    let uncounted = of_organization.filter(|_| review.shown).map(|one| Uncounted {
        id: one.id,
        worker: review.worker_id,
        family: deliverable.family.to_string(),
        role: member.role.to_string(),
        scales: one.scales,
    });
    let mut counted = None;
    if let Some(one) = &uncounted {
        counted = count(db, one, now)?;
    }
    match before {
        None => store::insert(db, &writer.actor, &review)?,
        Some(_) => store::update(db, &writer.actor, &review)?,
    }
    // The task has counted it if the time ended in between.
    if let Some(one) = &uncounted
        && !store::mark_counted(db, one.id)?
    {
        return Err(closed(until));
    }
    changes::store::append(db, &writer.actor, counted.as_slice())?;
    Ok(review)
}

/// Counts a review in the record of the member. Locks the worker, so call it before the first write to the change log.
/// Returns what to log.
fn count(db: &mut Db, one: &Uncounted, now: Instant) -> Result<Option<Change>> {
    let Some(worker) = one.worker else {
        return Ok(None);
    };
    team::lock_worker(db, worker)?;
    let key = (one.family.as_str(), one.role.as_str());
    workers::store::records::count(db, worker, key, one.scales.counts(), now)
}

/// Counts the reviews that are shown because the time to write is over. Each has a transaction for itself, since it locks a
/// worker.
pub fn count_shown(pool: &Pool, now: Instant) -> Result<()> {
    let today = calendar::day_in_tokyo(now.utc());
    let oldest = Instant::from(calendar::midnight_in_tokyo(calendar::days_before(today, DAYS)));
    loop {
        let found = pool.read_blocking(|db| store::uncounted(db, oldest, BATCH))?;
        let mut done = 0;
        for one in &found {
            done += usize::from(pool.write_blocking(|db| count_one(db, one, now))?);
        }
        // What another server did in the meantime isn't listed again.
        if done == 0 {
            return Ok(());
        }
    }
}

/// Counts a review, unless another server has. Returns whether it did.
fn count_one(db: &mut Db, one: &Uncounted, now: Instant) -> Result<bool> {
    // The worker before the review, as everywhere.
    if let Some(worker) = one.worker {
        team::lock_worker(db, worker)?;
    }
    if !store::mark_counted(db, one.id)? {
        return Ok(false);
    }
    let changes = count(db, one, now)?;
    changes::store::append(db, REVIEWS, changes.as_slice())?;
    Ok(true)
}

/// Lists the reviews of a project that a caller may see.
pub fn list(db: &mut Db, viewer: &Viewer, project: Id) -> Result<ReviewList> {
    let Some(deliverable) = find(db, &viewer.reach, project)? else {
        return Ok(ReviewList {
            open_until: None,
            items: Vec::new(),
        });
    };
    let delivered = delivered_at(&deliverable);
    let team = applications::store::team(db, &viewer.reach, project)?;
    let mut items = store::of_project(db, project)?;
    mark_shown(&mut items, delivered.is_some_and(is_over));
    let side = ReviewAuthor::of(&viewer.reach);
    items.retain(|one| side.is_none_or(|side| one.shown || one.author == side));
    items.retain_mut(
        |one| match team.iter().find(|member| member.id == one.application_id) {
            None => false,
            Some(member) => {
                one.worker_id = member.worker_id;
                one.message.take_if(|_| !viewer.personal_data);
                true
            }
        },
    );
    Ok(ReviewList {
        open_until: delivered.map(open_until),
        items,
    })
}

fn is_over(delivered: Instant) -> bool {
    calendar::today() > open_until(delivered)
}

/// Returns the reviews by a person who is a member by these applications, and those about the person that they may see, for their
/// export.
pub fn held_on(db: &mut Db, worker: Id, members: &[Id]) -> Result<Vec<Review>> {
    let mut reviews = store::of_members(db, members)?;
    let projects: Vec<Id> = reviews.iter().map(|one| one.deliverable_id).collect();
    let delivered = deliverables::store::load_some(db, &projects)?;
    let over: Vec<Id> = delivered
        .iter()
        .filter(|one| delivered_at(one).is_some_and(is_over))
        .map(|one| one.id)
        .collect();
    mark_shown(&mut reviews, false);
    for review in &mut reviews {
        review.shown |= over.contains(&review.deliverable_id);
        review.worker_id = Some(worker);
    }
    reviews.retain(|one| one.shown || one.author == ReviewAuthor::Member);
    Ok(reviews)
}

/// Empties the words by a person and about them. The marks stay, and are still counted. Returns what to log. Call it
/// before the applications forget the person.
pub fn forget(db: &mut Db, worker: Id) -> Result<Vec<Change>> {
    let applications = applications::store::held_on(db, &Reach::Everything, worker, Part::ALL)?;
    let members: Vec<Id> = applications.iter().map(|one| one.id).collect();
    store::forget(db, &members)
}

/// Lists the members of whom a caller's side has yet to write, oldest first.
pub fn waiting(db: &mut Db, reach: &Reach, after: Option<Id>, limit: i64) -> Result<Vec<Unwritten>> {
    let Some(author) = ReviewAuthor::of(reach) else {
        return Ok(Vec::new());
    };
    let oldest = calendar::days_before(calendar::today(), DAYS);
    let since = calendar::midnight_in_tokyo(oldest);
    store::waiting(db, reach, author, Instant::from(since), after, limit)
}
