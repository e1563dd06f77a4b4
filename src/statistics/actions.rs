//! Counting deliverables.

use super::{DeliverableStatistics, StatisticsFilter, rules, store};
use crate::catalogue::{Catalogue, Filters};
use crate::db::Db;
use crate::error::Result;

/// Counts the deliverables that match a filter.
pub fn count(
    db: &mut Db,
    catalogue: &Catalogue,
    mut filter: StatisticsFilter,
) -> Result<DeliverableStatistics> {
    let group_by = rules::parse_dimensions(&filter.group_by)?;
    let filters = Filters::of(catalogue)
        .area(&mut filter.area)
        .family(&filter.family);
    filters
        .entry("type", &filter.type_, |c| &c.types)
        .fiscal_year(filter.fiscal_year)
        .check()?;
    let recorded = store::count_recorded(db, &filter)?;
    let unlisted = if filter.applies_to_unlisted() {
        Some(store::count_unlisted(db, &filter)?)
    } else {
        None
    };
    Ok(DeliverableStatistics::new(group_by, recorded, unlisted))
}
