//! The use cases that all records share, and the counts of page views. What is special to a kind of record is in `showcase`,
//! `news` and `library`.

use super::filter::ItemFilter;
use super::month::Month;
use super::{
    Basis, Item, KindViews, MonthlyViews, PageKind, PageViews, Plan, PressStatus, Signature,
    check_publication, publication, store,
};
use crate::auth::{Reach, Writer, check_properties, within_reach};
use crate::catalogue::Catalogue;
use crate::catalogue::lookup::resolve_area;
use crate::db::{Db, Id, Instant};
use crate::error::{Error, FieldError, Result, Text};
use crate::http::query::check_span;
use crate::http::{Discloses, IfMatch, Language, Page};
use crate::values::AreaCode;
use serde::Serialize;
use std::collections::HashMap;
use strum::VariantArray;

/// How many months of views are shown with a page.
const SHOWN_MONTHS: i64 = 24;
/// How many months are counted at once.
const MOST_MONTHS: i32 = 120;

/// Who reads, and in which language.
pub struct Reader {
    /// The records that the reader may change; none for somebody without a token.
    pub own: Option<Reach>,
    pub language: Language,
    pub now: Instant,
}

/// A record as it is shown.
pub trait Shown: Serialize + Discloses {
    fn id(&self) -> Id;
    fn version(&self) -> i64;
    /// Returns it as everybody sees it.
    fn public(self) -> Self;
    /// Adds how often it was read.
    fn viewed(self, views: Vec<MonthlyViews>) -> Self;
}

/// A plan whose record is kept, each kind in its own way.
pub trait Kept: Plan {
    type View: Shown;

    /// Adds to records what they show of others, in their order.
    fn complete(db: &mut Db, items: Vec<Item<Self>>, language: Language) -> Result<Vec<Self::View>>;

    /// Completes and checks what somebody wrote. Returns what the record takes from others, and who recorded a consent.
    fn settle(
        &mut self,
        db: &mut Db,
        writer: &Writer,
        catalogue: &Catalogue,
        before: Option<&Item<Self>>,
        now: Instant,
    ) -> Result<(Basis, Option<Signature>)>;
}

pub fn list<P: Kept>(
    db: &mut Db,
    reader: &Reader,
    catalogue: &Catalogue,
    mut filter: ItemFilter,
) -> Result<Page<P::View>> {
    filter.check(catalogue)?;
    let own = reader.own.as_ref();
    let page = store::list::<P>(db, own, &filter, reader.now)?;
    page.map_all(|items| {
        let ids: Vec<Id> = items.iter().map(|item| item.id).collect();
        let (held, made_up) = (store::held(db, own, &ids)?, store::made_up(db, &ids)?);
        let seen = |item: Item<P>| {
            let demo = made_up.contains(&item.id);
            match held.contains(&item.id) {
                true => Item { demo, ..item },
                false => Item {
                    demo,
                    ..item.as_released()
                },
            }
        };
        let items = items.into_iter().map(seen).collect();
        let shown = P::complete(db, items, reader.language)?.into_iter();
        let shown = shown.map(|one| {
            if held.contains(&one.id()) {
                one
            } else {
                one.public()
            }
        });
        Ok(shown.collect())
    })
}

pub fn show<P: Kept>(db: &mut Db, reader: &Reader, id: Id) -> Result<P::View> {
    let own = reader.own.as_ref();
    let item: Item<P> = store::find(db, own, id, reader.now)?;
    if store::held(db, own, &[id])?.is_empty() {
        return complete_one(db, item.as_released(), reader.language).map(P::View::public);
    }
    let shown = complete_one(db, item, reader.language)?;
    Ok(shown.viewed(store::views::of_page(db, P::PAGE, id, SHOWN_MONTHS)?))
}

fn complete_one<P: Kept>(db: &mut Db, item: Item<P>, language: Language) -> Result<P::View> {
    let demo = store::made_up(db, &[item.id])?.contains(&item.id);
    let shown = P::complete(db, vec![Item { demo, ..item }], language)?.pop();
    shown.ok_or_else(P::missing)
}

pub fn create<P: Kept>(
    db: &mut Db,
    writer: &Writer,
    catalogue: &Catalogue,
    mut plan: P,
    language: Language,
    now: Instant,
) -> Result<P::View> {
    check_properties(writer.role, P::RECORD, None, &plan)?;
    let (basis, consent_recorded) = plan.settle(db, writer, catalogue, None, now)?;
    check_publication(&plan, None, now)?;
    let item = Item {
        id: Id::new(),
        published_at: publication(&plan, None, now),
        plan,
        released: None,
        basis,
        consent_recorded,
        demo: false,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    store::insert(db, &writer.actor, &item)?;
    complete_one(db, item, language)
}

/// Changes a record to what `change` returns.
pub fn update<P: Kept>(
    db: &mut Db,
    writer: &Writer,
    catalogue: &Catalogue,
    (id, if_match): (Id, &IfMatch),
    now: Instant,
    change: impl FnOnce(&P) -> Result<P>,
) -> Result<()> {
    let before: Item<P> = store::find_for_update(db, &writer.reach, id)?;
    if_match.check(before.version)?;
    let mut plan = change(&before.plan)?;
    if plan == before.plan {
        return Ok(());
    }
    check_properties(writer.role, P::RECORD, Some(&before.plan), &plan)?;
    let (basis, consent_recorded) = plan.settle(db, writer, catalogue, Some(&before), now)?;
    if plan == before.plan {
        return Ok(());
    }
    let was_submitted = before.plan.status() == PressStatus::Submitted;
    if_match.check_was_read(was_submitted && plan.status() == PressStatus::Published)?;
    check_publication(&plan, before.plan.publish_at(), now)?;
    // What is public stays so until a coordinator releases the change.
    let waits = plan.status() == PressStatus::Submitted && plan.is_agreed() && before.is_released();
    let public = before.released.clone().unwrap_or_else(|| before.plan.clone());
    let after = Item {
        released: waits.then_some(public),
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
        resolve_area(&catalogue.fixed, area, "/area", &mut faults);
    }
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    let is_kept = before.is_some_and(|before| before == area);
    let covers = || area.as_ref().is_some_and(|area| reach.covers_area(area));
    within_reach(is_kept || *reach == Reach::Everything || covers())
}

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
    check_span(Some(from), ("until", Some(until)))?;
    if until.0 - from.0 < MOST_MONTHS {
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
            published: kind
                .has_records()
                .then(|| published.get(&(month, kind)).copied().unwrap_or_default()),
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
