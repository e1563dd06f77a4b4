//! The use cases of what is shown to everybody.

use super::cards::{Card, NewCard, settle};
use super::filter::ItemFilter;
use super::month::Month;
use super::posts::{NewPost, Post, check_number, duplicate_number};
use super::{
    Basis, Item, KindViews, PageKind, PageViews, Plan, PressStatus, Signature, check_publication,
    next_status, publication, store,
};
use crate::auth::{Reach, Writer, not_permitted, within_reach};
use crate::catalogue::Catalogue;
use crate::catalogue::lookup::resolve_area;
use crate::db::{Db, Id, Instant};
use crate::error::{Error, FieldError, Result, Text};
use crate::http::{IfMatch, Language, Page};
use crate::projects::{self, Progress, Project};
use crate::values::AreaCode;
use crate::{deliverables, organizations};
use std::collections::HashMap;
use strum::VariantArray;

/// How many months of views are shown with a page.
pub const SHOWN_MONTHS: i64 = 24;
/// How many months are counted at once.
const MOST_MONTHS: i32 = 120;

/// Who reads, and in which language.
pub struct Reader {
    /// The records that the reader may change; none for somebody without a token.
    pub own: Option<Reach>,
    pub language: Language,
    pub now: Instant,
}

// Cards.

pub fn list_cards(
    db: &mut Db,
    reader: &Reader,
    catalogue: &Catalogue,
    mut filter: ItemFilter,
) -> Result<Page<Card>> {
    filter.check(catalogue)?;
    let own = reader.own.as_ref();
    let page = store::list::<NewCard>(db, own, &filter, reader.now)?;
    let ids: Vec<Id> = page.items.iter().map(|item| item.id).collect();
    let held = store::held(db, own, &ids)?;
    let mut known = progress_of(db, &page.items, reader.language)?;
    let groups = page.items.iter().filter_map(|item| item.basis.organization_id);
    let groups = organizations::store::labels(db, &groups.collect::<Vec<_>>())?;
    Ok(page.map(|mut item| {
        let label = item.basis.organization_id.and_then(|id| groups.get(&id));
        item.basis.name = label.map(|label| label.name.clone()).or(item.basis.name);
        let progress = known
            .remove(&item.plan.project_id)
            .unwrap_or_else(unknown_progress);
        let is_held = held.contains(&item.id);
        let card = Card::of(item, progress);
        if is_held { card } else { card.public() }
    }))
}

pub fn show_card(db: &mut Db, reader: &Reader, id: Id) -> Result<Card> {
    let own = reader.own.as_ref();
    let item: Item<NewCard> = store::find(db, own, id, reader.now)?;
    let is_held = !store::held(db, own, &[id])?.is_empty();
    let card = complete_card(db, item, reader.language)?;
    if !is_held {
        return Ok(card.public());
    }
    Ok(Card {
        views: Some(store::views::of_page(db, PageKind::Card, id, SHOWN_MONTHS)?),
        ..card
    })
}

/// Adds to a card what its project and its organization are now.
fn complete_card(db: &mut Db, mut item: Item<NewCard>, language: Language) -> Result<Card> {
    let groups: Vec<Id> = item.basis.organization_id.into_iter().collect();
    let label = organizations::store::labels(db, &groups)?.into_values().next();
    item.basis.name = label.map(|label| label.name).or(item.basis.name);
    let mut known = progress_of(db, std::slice::from_ref(&item), language)?;
    let progress = known
        .remove(&item.plan.project_id)
        .unwrap_or_else(unknown_progress);
    Ok(Card::of(item, progress))
}

/// Returns how far the projects of cards have come.
fn progress_of(db: &mut Db, items: &[Item<NewCard>], language: Language) -> Result<HashMap<Id, Progress>> {
    let ids: Vec<Id> = items.iter().map(|item| item.plan.project_id).collect();
    let projects = projects::store::load_some(db, &ids)?.into_iter();
    Ok(projects
        .map(|project| (project.id, project.shown(false, language).progress))
        .collect())
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

pub fn create_card(
    db: &mut Db,
    writer: &Writer,
    mut plan: NewCard,
    language: Language,
    now: Instant,
) -> Result<Card> {
    let project = match projects::store::find(db, &writer.reach, plan.project_id) {
        Ok(project) => project,
        Err(Error::NotFound { .. }) => {
            let rule = Text::new(
                "このIDのプロジェクトは見つかりません。",
                "There is no such project.",
            );
            return Err(Error::invalid("/project_id", "unknown_record", rule));
        }
        Err(error) => return Err(error),
    };
    let basis = basis_of(db, &project)?;
    // A joint organization sees the project, but the lead decides about the card.
    within_reach(match &writer.reach {
        Reach::Organization(own) => basis.organization_id == Some(*own),
        _ => true,
    })?;
    plan.status = next_status(&writer.reach, plan.status);
    settle(&mut plan)?;
    if store::has_card(db, project.id)? {
        return Err(Error::Conflict {
            code: "card_exists",
            detail: Text::new(
                "このプロジェクトのカードは、すでに登録されています。",
                "The project has a card already.",
            ),
        });
    }
    let signature = plan.consent.is_some().then(|| sign(writer, now));
    let item = create(db, writer, plan, basis, signature, now)?;
    complete_card(db, item, language)
}

pub fn update_card(
    db: &mut Db,
    writer: &Writer,
    id: Id,
    if_match: &IfMatch,
    now: Instant,
    change: impl FnOnce(&NewCard) -> Result<NewCard>,
) -> Result<()> {
    let before: Item<NewCard> = store::find_for_update(db, &writer.reach, id)?;
    if_match.check(before.version)?;
    let mut plan = change(&before.plan)?;
    if plan == before.plan {
        return Ok(());
    }
    if plan.project_id != before.plan.project_id {
        return Err(Error::Invalid(vec![not_permitted("/project_id")]));
    }
    plan.status = next_status(&writer.reach, plan.status);
    settle(&mut plan)?;
    let basis = match projects::store::load_some(db, &[plan.project_id])?.pop() {
        Some(project) => basis_of(db, &project)?,
        None => before.basis.clone(),
    };
    let signature = match plan.consent == before.plan.consent {
        true => before.consent_recorded.clone(),
        false => Some(sign(writer, now)),
    };
    update(db, writer, before, plan, basis, signature, now)
}

fn sign(writer: &Writer, now: Instant) -> Signature {
    Signature {
        by: writer.actor.clone(),
        at: now,
    }
}

// Posts.

pub fn list_posts(
    db: &mut Db,
    reader: &Reader,
    catalogue: &Catalogue,
    mut filter: ItemFilter,
) -> Result<Page<Post>> {
    filter.check(catalogue)?;
    let own = reader.own.as_ref();
    let page = store::list::<NewPost>(db, own, &filter, reader.now)?;
    let ids: Vec<Id> = page.items.iter().map(|item| item.id).collect();
    let held = store::held(db, own, &ids)?;
    Ok(page.map(|item| {
        let is_held = held.contains(&item.id);
        let post = Post::of(item, reader.language);
        if is_held { post } else { post.public() }
    }))
}

pub fn show_post(db: &mut Db, reader: &Reader, id: Id) -> Result<Post> {
    let own = reader.own.as_ref();
    let item: Item<NewPost> = store::find(db, own, id, reader.now)?;
    let post = Post::of(item, reader.language);
    if store::held(db, own, &[id])?.is_empty() {
        return Ok(post.public());
    }
    Ok(Post {
        views: Some(store::views::of_page(db, PageKind::Post, id, SHOWN_MONTHS)?),
        ..post
    })
}

/// Completes and checks what a post says.
fn check_post(
    db: &mut Db,
    writer: &Writer,
    catalogue: &Catalogue,
    before: Option<&NewPost>,
    id: Id,
    plan: &mut NewPost,
) -> Result<Basis> {
    check_area(
        &writer.reach,
        catalogue,
        before.map(|before| &before.area),
        &mut plan.area,
    )?;
    check_number(plan)?;
    if plan.status == PressStatus::Submitted {
        // Offices write posts; there is nobody to submit them to.
        plan.status = PressStatus::Draft;
    }
    let area = plan.area.as_ref().map(|area| area.as_ref());
    if let Some(number) = plan.number
        && store::has_number(db, area, number, id)?
    {
        return Err(duplicate_number());
    }
    Ok(Basis {
        area: plan.area.clone(),
        ..Basis::default()
    })
}

pub fn create_post(
    db: &mut Db,
    writer: &Writer,
    catalogue: &Catalogue,
    mut plan: NewPost,
    language: Language,
    now: Instant,
) -> Result<Post> {
    let basis = check_post(db, writer, catalogue, None, Id::new(), &mut plan)?;
    check_publication(&plan, None, now)?;
    let item = create(db, writer, plan, basis, None, now)?;
    Ok(Post::of(item, language))
}

pub fn update_post(
    db: &mut Db,
    writer: &Writer,
    catalogue: &Catalogue,
    id: Id,
    if_match: &IfMatch,
    now: Instant,
    change: impl FnOnce(&NewPost) -> Result<NewPost>,
) -> Result<()> {
    let before: Item<NewPost> = store::find_for_update(db, &writer.reach, id)?;
    if_match.check(before.version)?;
    let mut plan = change(&before.plan)?;
    let basis = check_post(db, writer, catalogue, Some(&before.plan), id, &mut plan)?;
    if plan == before.plan {
        return Ok(());
    }
    check_publication(&plan, before.plan.publish_at, now)?;
    update(db, writer, before, plan, basis, None, now)
}

// What they have in common.

/// Completes the code of an area, and checks that the caller may write for it. Only those who reach everything write for all
/// areas.
pub fn check_area(
    reach: &Reach,
    catalogue: &Catalogue,
    before: Option<&Option<AreaCode>>,
    area: &mut Option<AreaCode>,
) -> Result<()> {
    let mut faults = Vec::new();
    if let Some(area) = area {
        resolve_area(catalogue, area, "/area", &mut faults);
    }
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    let is_kept = before.is_some_and(|before| before == area);
    let covers = || area.as_ref().is_some_and(|area| reach.covers_area(area));
    within_reach(is_kept || *reach == Reach::Everything || covers())
}

pub fn create<P: Plan>(
    db: &mut Db,
    writer: &Writer,
    plan: P,
    basis: Basis,
    consent_recorded: Option<Signature>,
    now: Instant,
) -> Result<Item<P>> {
    let item = Item {
        id: Id::new(),
        published_at: publication(&plan, None, now),
        plan,
        basis,
        consent_recorded,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    store::insert(db, &writer.actor, &item)?;
    Ok(item)
}

pub fn update<P: Plan>(
    db: &mut Db,
    writer: &Writer,
    before: Item<P>,
    plan: P,
    basis: Basis,
    consent_recorded: Option<Signature>,
    now: Instant,
) -> Result<()> {
    let after = Item {
        published_at: publication(&plan, before.published_at, now),
        plan,
        basis,
        consent_recorded,
        version: before.version + 1,
        updated_at: now,
        ..before
    };
    store::update(db, &writer.actor, &after)
}

// Page views.

/// Returns the months from `from` to `until`: by default those of the last year.
pub fn months(from: Option<&str>, until: Option<&str>) -> Result<(Month, Month)> {
    let parse = |name: &'static str, text: Option<&str>| match text {
        None => Ok(None),
        Some(text) => Month::parse(text).map(Some).ok_or_else(|| {
            let rule = Text::new(
                "2026-10 のように、1900〜2200年の年と月で指定してください。",
                "Give year and month, 1900 to 2200, such as 2026-10.",
            );
            Error::parameter(name, "invalid_month", rule)
        }),
    };
    let until = parse("until", until)?;
    let from = parse("from", from)?;
    let until = until
        .or(from.map(|from| Month(from.0 + 11)))
        .unwrap_or_else(Month::current);
    let from = from.unwrap_or(Month(until.0 - 11));
    if from <= until && until.0 - from.0 < MOST_MONTHS {
        return Ok((from, until));
    }
    let rule = Text::new(
        format!("from から{MOST_MONTHS}か月以内の月を指定してください。"),
        format!("Give a month up to {MOST_MONTHS} months from `from` on."),
    );
    Err(Error::Invalid(vec![FieldError::parameter(
        "until",
        "out_of_range",
        rule,
    )]))
}

/// Counts views and published pages by month and kind.
pub fn count_views(db: &mut Db, months: (Month, Month), now: Instant) -> Result<PageViews> {
    let mut views = HashMap::new();
    for (month, kind, count) in store::views::count(db, months)? {
        views.insert((month, kind), count);
    }
    let mut published: HashMap<(i32, PageKind), i64> = HashMap::new();
    for (month, kind, count) in store::count_published(db, months, now)? {
        if let Some(page) = store::page_of(&kind) {
            *published.entry((month, page)).or_default() += count;
        }
    }
    let of_month = |month: i32| {
        let (views, published) = (&views, &published);
        PageKind::VARIANTS.iter().map(move |&kind| KindViews {
            month: Month(month),
            kind,
            views: views
                .get(&(month, kind.code().to_owned()))
                .copied()
                .unwrap_or_default(),
            published: published.get(&(month, kind)).copied().unwrap_or_default(),
        })
    };
    Ok(PageViews {
        items: (months.0.0..=months.1.0).flat_map(of_month).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_a_year_unless_both_ends_are_given() {
        let shown = |from, until| months(from, until).map(|(a, b)| format!("{a} {b}")).ok();
        assert_eq!(shown(Some("2026-04"), None).as_deref(), Some("2026-04 2027-03"));
        assert_eq!(shown(None, Some("2027-03")).as_deref(), Some("2026-04 2027-03"));
        assert_eq!(
            shown(Some("2026-04"), Some("2026-04")).as_deref(),
            Some("2026-04 2026-04")
        );
        for (from, until) in [("2026-05", "2026-04"), ("2000-01", "2026-01"), ("x", "2026-01")] {
            assert_eq!(shown(Some(from), Some(until)), None);
        }
    }
}
