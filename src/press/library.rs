//! What is special to publications: their recipients, and what readers think of them.

use super::actions::{Kept, Shown, check_area};
use super::feedback::{Feedback, FeedbackNote, MOST, MOST_A_DAY, NewFeedback};
use super::publications::{NewPublication, Publication};
use super::{Basis, Item, MonthlyViews, PressStatus, Signature, store};
use crate::auth::{Reach, Writer};
use crate::catalogue::Catalogue;
use crate::db::{Db, Id, Instant, lock};
use crate::deliverables::rules::unknown_organization;
use crate::error::{Error, Result, Text};
use crate::http::{Language, Page, Paging};
use crate::reach::store as reach;
use chrono::Duration;

impl Shown for Publication {
    fn id(&self) -> Id {
        self.id
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn public(mut self) -> Publication {
        self.plan.recipients.clear();
        self.views = None;
        self
    }

    fn viewed(self, views: Vec<MonthlyViews>) -> Publication {
        Publication {
            views: Some(views),
            ..self
        }
    }
}

impl Kept for NewPublication {
    type View = Publication;

    fn complete(db: &mut Db, items: Vec<Item<NewPublication>>, _: Language) -> Result<Vec<Publication>> {
        let ids: Vec<Id> = items.iter().map(|item| item.id).collect();
        let mut summaries = store::feedback::summaries(db, &ids)?;
        let publication = |item: Item<NewPublication>| {
            let feedback = summaries.remove(&item.id).unwrap_or_default();
            Publication::of(item, feedback)
        };
        Ok(items.into_iter().map(publication).collect())
    }

    fn settle(
        &mut self,
        db: &mut Db,
        writer: &Writer,
        catalogue: &Catalogue,
        before: Option<&Item<NewPublication>>,
        _: Instant,
    ) -> Result<(Basis, Option<Signature>)> {
        let known_area = before.map(|before| &before.plan.area);
        check_area(&writer.reach, catalogue, known_area, &mut self.area)?;
        if self.status == PressStatus::Submitted {
            self.status = PressStatus::Draft;
        }
        let known: Vec<Id> = before
            .into_iter()
            .flat_map(|before| &before.plan.recipients)
            .filter_map(|one| one.organization_id)
            .collect();
        let named: Vec<Id> = self
            .recipients
            .iter()
            .filter_map(|one| one.organization_id)
            .collect();
        let found = reach::some_organizations(db, &writer.reach, &named)?;
        let is_unknown = |id: &Id| !found.contains(id) && !known.contains(id);
        let unknown = self.recipients.iter().enumerate();
        let unknown = unknown.filter(|(_, one)| one.organization_id.as_ref().is_some_and(is_unknown));
        let faults: Vec<_> = unknown
            .map(|(i, _)| unknown_organization(format!("/recipients/{i}/organization_id")))
            .collect();
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        Ok((Basis::of_area(&self.area), None))
    }
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
    let since = store::feedback::newest(db, id, MOST_A_DAY - 1)?;
    let ends = since.map(|since| since.utc() + Duration::days(1));
    let left_s = ends.map_or(0, |ends| (ends - now.utc()).num_seconds());
    if left_s > 0 {
        return Err(Error::QuotaExceeded {
            code: "too_much_feedback_today",
            detail: Text::new(
                "この資料への感想は、今日はこれ以上受け付けられません。明日もう一度お試しください。",
                "This publication takes no more feedback today. Try again tomorrow.",
            ),
            retry_after_s: left_s.unsigned_abs(),
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
