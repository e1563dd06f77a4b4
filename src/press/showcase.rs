//! What is special to cards: the project, its organization and the organization's consent.

use super::actions::{Kept, Shown};
use super::cards::{Card, NewCard, settle};
use super::{Basis, Item, MonthlyViews, Signature, next_status, store};
use crate::auth::{Reach, Writer, not_permitted, within_reach};
use crate::catalogue::Catalogue;
use crate::db::{Db, Id, Instant};
use crate::deliverables::{Deliverable, DeliverableStatus};
use crate::error::{Error, Result, Text};
use crate::http::Language;
use crate::projects::{self, Progress, Project, ProjectStatus};
use crate::values::words;
use crate::{deliverables, organizations};
use std::collections::HashMap;

impl Shown for Card {
    fn id(&self) -> Id {
        self.id
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn public(mut self) -> Card {
        self.released = None;
        self.plan.consent = None;
        self.consent_recorded = None;
        self.views = None;
        self
    }

    fn viewed(self, views: Vec<MonthlyViews>) -> Card {
        Card {
            views: Some(views),
            ..self
        }
    }
}

impl Kept for NewCard {
    type View = Card;

    fn complete(db: &mut Db, items: Vec<Item<NewCard>>, language: Language) -> Result<Vec<Card>> {
        let mut known = progress_of(db, &items, language)?;
        let groups: Vec<Id> = items
            .iter()
            .filter_map(|item| item.basis.organization_id)
            .collect();
        let groups = organizations::store::labels(db, &groups)?;
        let card = |mut item: Item<NewCard>| {
            let label = item.basis.organization_id.and_then(|id| groups.get(&id));
            item.basis.name = label.map(|label| label.name.clone()).or(item.basis.name);
            let progress = known
                .remove(&item.plan.project_id)
                .unwrap_or_else(unknown_progress);
            Card::of(item, progress)
        };
        Ok(items.into_iter().map(card).collect())
    }

    fn settle(
        &mut self,
        db: &mut Db,
        writer: &Writer,
        _: &Catalogue,
        before: Option<&Item<NewCard>>,
        now: Instant,
    ) -> Result<(Basis, Option<Signature>)> {
        let basis = match before {
            None => basis_of_new(db, writer, self.project_id)?,
            Some(before) if self.project_id != before.plan.project_id => {
                return Err(Error::Invalid(vec![not_permitted("/project_id")]));
            }
            Some(before) => match projects::store::load_some(db, &[self.project_id])?.pop() {
                Some(project) => basis_of(db, &project)?,
                None => before.basis.clone(),
            },
        };
        self.status = next_status(&writer.reach, self.status);
        settle(self, before.map(|before| &before.plan))?;
        if before.is_none() && store::has_card(db, self.project_id)? {
            return Err(Error::Conflict {
                code: "card_exists",
                detail: Text::new(
                    "このプロジェクトのカードは、すでに登録されています。",
                    "The project has a card already.",
                ),
            });
        }
        let signature = match before {
            Some(before) if before.plan.consent == self.consent => before.consent_recorded.clone(),
            None if self.consent.is_none() => None,
            _ => Some(sign(writer, now)),
        };
        Ok((basis, signature))
    }
}

/// Finds the project of a new card. A joint organization sees the project, but the lead decides about the card. Work of past
/// years that was imported as delivered has no project, and its card the id of the deliverable.
fn basis_of_new(db: &mut Db, writer: &Writer, id: Id) -> Result<Basis> {
    let unknown = || {
        let rule = Text::new(
            "このIDのプロジェクトは見つかりません。",
            "There is no such project.",
        );
        Error::invalid("/project_id", "unknown_record", rule)
    };
    let basis = match projects::store::find(db, &writer.reach, id) {
        Ok(project) => basis_of(db, &project)?,
        Err(Error::NotFound { .. }) => match deliverables::store::find(db, &writer.reach, id, false) {
            Ok(past) if is_past(db, &past)? => basis_of_past(db, past)?,
            Ok(_) | Err(Error::NotFound { .. }) => return Err(unknown()),
            Err(error) => return Err(error),
        },
        Err(error) => return Err(error),
    };
    within_reach(match &writer.reach {
        Reach::Organization(own) => basis.organization_id == Some(*own),
        _ => true,
    })?;
    Ok(basis)
}

/// Returns how far the projects of cards have come.
fn progress_of(db: &mut Db, items: &[Item<NewCard>], language: Language) -> Result<HashMap<Id, Progress>> {
    let ids: Vec<Id> = items.iter().map(|item| item.plan.project_id).collect();
    let mut known: HashMap<Id, Progress> = HashMap::new();
    for project in projects::store::load_some(db, &ids)? {
        let id = project.id;
        known.insert(id, project.shown(&Reach::Everything, false, language).progress);
    }
    let past: Vec<Id> = ids.into_iter().filter(|id| !known.contains_key(id)).collect();
    if past.is_empty() {
        return Ok(known);
    }
    for one in deliverables::store::load_some(db, &past)? {
        if one.request.status == DeliverableStatus::Delivered {
            let words = words::text("ProjectStatus", ProjectStatus::Delivered.code());
            let words = language.choose(&words).to_owned();
            known.insert(one.id, Progress { percent: 100, words });
        }
    }
    Ok(known)
}

/// Returns whether a deliverable is of past years: delivered, and without a project.
fn is_past(db: &mut Db, deliverable: &Deliverable) -> Result<bool> {
    let is_delivered = deliverable.request.status == DeliverableStatus::Delivered;
    Ok(is_delivered && projects::store::load_some(db, &[deliverable.id])?.is_empty())
}

/// Returns what a card takes from a deliverable that has no project.
fn basis_of_past(db: &mut Db, deliverable: Deliverable) -> Result<Basis> {
    let organization = deliverable.request.organization_id;
    let label = organizations::store::labels(db, &[organization])?.remove(&organization);
    Ok(Basis {
        area: deliverable.request.area,
        organization_id: Some(organization),
        project_id: Some(deliverable.id),
        type_: Some(deliverable.request.type_),
        fiscal_year: Some(deliverable.fiscal_year),
        name: label.map(|label| label.name),
    })
}

/// The progress of a project that is gone.
fn unknown_progress() -> Progress {
    Progress {
        percent: 0,
        words: String::new(),
    }
}

/// Returns what a card takes from its project.
fn basis_of(db: &mut Db, project: &Project) -> Result<Basis> {
    let deliverable = match project.deliverable_id() {
        Some(id) => deliverables::store::load_some(db, &[id])?.pop(),
        None => None,
    };
    let organization = project.plan.organization_id;
    let label = organizations::store::labels(db, &[organization])?.remove(&organization);
    Ok(Basis {
        area: Some(project.area.clone()),
        organization_id: Some(organization),
        project_id: Some(project.id),
        type_: deliverable.map(|deliverable| deliverable.request.type_),
        fiscal_year: Some(project.fiscal_year),
        name: label.map(|label| label.name),
    })
}

fn sign(writer: &Writer, now: Instant) -> Signature {
    Signature {
        by: writer.actor.clone(),
        at: now,
    }
}
