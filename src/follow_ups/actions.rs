//! The use cases of follow-ups.

use super::{
    FollowUp, FollowUpLink, FollowUpList, FollowUpStatus, MONTHS, NewFollowUpAnswer, asked_on, not_delivered,
    store,
};
use crate::auth::{Reach, Viewer};
use crate::catalogue::calendar;
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, DeliverableStatus};
use crate::error::{Error, Result};
use crate::projects;

/// How many projects one transaction gives their follow-ups.
const BATCH: i64 = 100;

/// Makes the follow-ups of projects that were delivered. Returns how many got theirs; call it again until it returns 0.
pub fn make(db: &mut Db) -> Result<usize> {
    let delivered = store::without(db, BATCH)?;
    for (project, at) in &delivered {
        store::insert(db, *project, *at)?;
    }
    Ok(delivered.len())
}

/// Lists the follow-ups of a project.
pub fn list(db: &mut Db, viewer: &Viewer, project: Id) -> Result<FollowUpList> {
    let deliverable = match deliverables::store::find(db, &viewer.reach, project, true) {
        // An accompaniment has no deliverable, and isn't followed up.
        Err(Error::NotFound { .. }) => {
            projects::store::find(db, &viewer.reach, project)?;
            return Ok(FollowUpList { items: Vec::new() });
        }
        found => found?,
    };
    if deliverable.request.status != DeliverableStatus::Delivered {
        return Ok(FollowUpList { items: Vec::new() });
    }
    let organization = deliverable.request.organization_id;
    let found = store::of_project(db, project, organization)?;
    let mut items: Vec<FollowUp> = found.into_iter().map(|(_, one)| one).collect();
    if items.is_empty() && deliverable.days_to_match.is_some() {
        // The background task hasn't come to it yet.
        let planned = |months| {
            let asked_on = asked_on(deliverable.status_since, months);
            FollowUp::unanswered((project, organization), months, asked_on)
        };
        items = MONTHS.map(planned).into();
    }
    if !viewer.personal_data {
        let answers = items.iter_mut().filter_map(|one| one.answer.as_mut());
        answers.for_each(|answer| answer.changes = None);
    }
    Ok(FollowUpList { items })
}

/// Lists the follow-ups that wait for an answer, oldest first: id, project, and since when.
pub fn waiting(db: &mut Db, reach: &Reach, after: Option<Id>, limit: i64) -> Result<Vec<(Id, Id, Instant)>> {
    let found = store::waiting(db, reach, after, limit)?;
    let since = |day| Instant::from(calendar::midnight_in_tokyo(calendar::day_of_number(day)));
    let with_moment = |(id, project, day)| (id, project, since(day));
    Ok(found.into_iter().map(with_moment).collect())
}

/// Finds a follow-up of a delivered project, also of one whose request was archived, and locks it until the transaction ends.
fn find(db: &mut Db, reach: &Reach, project: Id, months: i32) -> Result<(Id, FollowUp)> {
    let missing = || Error::not_found("この時期のフォローアップ", "follow-up after so many months");
    deliverables::store::lock_one(db, project)?;
    let deliverable = match deliverables::store::find(db, reach, project, true) {
        Err(Error::NotFound { .. }) => {
            projects::store::find(db, reach, project)?;
            return Err(missing());
        }
        found => found?,
    };
    if deliverable.request.status != DeliverableStatus::Delivered {
        return Err(not_delivered());
    }
    if deliverable.days_to_match.is_some() {
        // The background task may not have come to it.
        store::insert(db, project, deliverable.status_since)?;
    }
    let found = store::of_project(db, project, deliverable.request.organization_id)?;
    let is_asked = |(_, one): &(Id, FollowUp)| i64::from(one.months) == i64::from(months);
    found.into_iter().find(is_asked).ok_or_else(missing)
}

/// Answers a follow-up, or replaces its answer, if `check` allows it.
pub fn answer(
    db: &mut Db,
    (actor, reach): (&str, &Reach),
    (project, months): (Id, i32),
    answer: NewFollowUpAnswer,
    check: impl FnOnce(&FollowUp) -> Result<()>,
) -> Result<FollowUp> {
    let (id, before) = find(db, reach, project, months)?;
    check(&before)?;
    store::answer(db, actor, id, before.version, &answer)?;
    Ok(FollowUp {
        status: FollowUpStatus::Answered,
        answer: Some(answer),
        answered_at: Some(Instant::now()),
        version: before.version + 1,
        ..before
    })
}

/// Makes a link with which the organization answers a follow-up without an account. It replaces the one before.
pub fn invite(
    db: &mut Db,
    (actor, reach): (&str, &Reach),
    public_url: &str,
    (project, months): (Id, i32),
) -> Result<FollowUpLink> {
    let (id, before) = find(db, reach, project, months)?;
    before.check_open()?;
    let (link, digest) = FollowUpLink::new(public_url, Instant::now())?;
    store::set_link(db, actor, id, before.version, &digest, link.expires_at)?;
    Ok(link)
}
