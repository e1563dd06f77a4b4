//! The use cases of publications, and of what readers think of them.

use super::actions::{Reader, SHOWN_MONTHS, check_area, create, update};
use super::feedback::{Feedback, FeedbackNote, FeedbackSummary, MOST, NewFeedback};
use super::filter::ItemFilter;
use super::publications::{NewPublication, Publication};
use super::{Basis, Item, PageKind, PressStatus, store};
use crate::auth::{Reach, Writer};
use crate::catalogue::Catalogue;
use crate::db::{Db, Id, Instant, lock};
use crate::deliverables::rules::unknown_organization;
use crate::error::{Error, Result, Text};
use crate::http::{IfMatch, Page, Paging};
use crate::reach::store as reach;

pub fn list(
    db: &mut Db,
    reader: &Reader,
    catalogue: &Catalogue,
    mut filter: ItemFilter,
) -> Result<Page<Publication>> {
    filter.check(catalogue)?;
    let own = reader.own.as_ref();
    let page = store::list::<NewPublication>(db, own, &filter, reader.now)?;
    let ids: Vec<Id> = page.items.iter().map(|item| item.id).collect();
    let held = store::held(db, own, &ids)?;
    let mut summaries = store::feedback::summaries(db, &ids)?;
    Ok(page.map(|item| {
        let is_held = held.contains(&item.id);
        let feedback = summaries.remove(&item.id).unwrap_or_default();
        let publication = Publication::of(item, feedback);
        if is_held {
            publication
        } else {
            publication.public()
        }
    }))
}

pub fn show(db: &mut Db, reader: &Reader, id: Id) -> Result<Publication> {
    let own = reader.own.as_ref();
    let item: Item<NewPublication> = store::find(db, own, id, reader.now)?;
    let feedback = store::feedback::summaries(db, &[id])?
        .remove(&id)
        .unwrap_or_default();
    let publication = Publication::of(item, feedback);
    if store::held(db, own, &[id])?.is_empty() {
        return Ok(publication.public());
    }
    Ok(Publication {
        views: Some(store::views::of_page(
            db,
            PageKind::Publication,
            id,
            SHOWN_MONTHS,
        )?),
        ..publication
    })
}

/// Completes and checks what a publication names.
fn check(
    db: &mut Db,
    writer: &Writer,
    catalogue: &Catalogue,
    before: Option<&NewPublication>,
    plan: &mut NewPublication,
) -> Result<Basis> {
    let known_area = before.map(|before| &before.area);
    check_area(&writer.reach, catalogue, known_area, &mut plan.area)?;
    if plan.status == PressStatus::Submitted {
        plan.status = PressStatus::Draft;
    }
    let known: Vec<Id> = before
        .into_iter()
        .flat_map(|before| &before.recipients)
        .filter_map(|one| one.organization_id)
        .collect();
    let named: Vec<Id> = plan
        .recipients
        .iter()
        .filter_map(|one| one.organization_id)
        .collect();
    let found = reach::some_organizations(db, &writer.reach, &named)?;
    let is_unknown = |id: &Id| !found.contains(id) && !known.contains(id);
    let unknown = plan.recipients.iter().enumerate();
    let unknown = unknown.filter(|(_, one)| one.organization_id.as_ref().is_some_and(is_unknown));
    let faults: Vec<_> = unknown
        .map(|(i, _)| unknown_organization(format!("/recipients/{i}/organization_id")))
        .collect();
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    Ok(Basis {
        area: plan.area.clone(),
        ..Basis::default()
    })
}

pub fn add(
    db: &mut Db,
    writer: &Writer,
    catalogue: &Catalogue,
    mut plan: NewPublication,
    now: Instant,
) -> Result<Publication> {
    let basis = check(db, writer, catalogue, None, &mut plan)?;
    let item = create(db, writer, plan, basis, None, now)?;
    Ok(Publication::of(item, FeedbackSummary::default()))
}

pub fn change(
    db: &mut Db,
    writer: &Writer,
    catalogue: &Catalogue,
    id: Id,
    if_match: &IfMatch,
    now: Instant,
    change: impl FnOnce(&NewPublication) -> Result<NewPublication>,
) -> Result<()> {
    let before: Item<NewPublication> = store::find_for_update(db, &writer.reach, id)?;
    if_match.check(before.version)?;
    let mut plan = change(&before.plan)?;
    let basis = check(db, writer, catalogue, Some(&before.plan), &mut plan)?;
    if plan == before.plan {
        return Ok(());
    }
    update(db, writer, before, plan, basis, None, now)
}

/// Takes feedback from somebody without an account on a publication that is public.
pub fn take_feedback(db: &mut Db, id: Id, new: &NewFeedback, now: Instant) -> Result<FeedbackNote> {
    let publication: Item<NewPublication> = store::find(db, None, id, now)?;
    lock(db, &format!("feedback/{id}"))?;
    let count = store::feedback::count(db, id)?;
    if count >= MOST {
        return Err(Error::Conflict {
            code: "too_much_feedback",
            detail: Text::new(
                "この資料への感想の受付は終わりました。",
                "This publication takes no more feedback.",
            ),
        });
    }
    store::feedback::insert(db, publication.id, new, now)?;
    Ok(FeedbackNote {
        publication_id: publication.id,
        count: count + 1,
    })
}

/// Lists the feedback on a publication for those who may read it.
pub fn feedback(db: &mut Db, own: &Reach, id: Id, paging: &Paging) -> Result<Page<Feedback>> {
    store::find_own::<NewPublication>(db, own, id)?;
    store::feedback::list(db, id, paging)
}
