//! Measuring how attention was shared.

use super::{AttentionShare, ExposureStatistics, ListKind, store, week_name, week_number};
use crate::db::Db;
use crate::error::Result;
use chrono::NaiveDate;
use matcher::fairness::gini_ppm;
use matcher::ppm::{PPM, ratio};

/// Measures the last `weeks` weeks, including that of `today`.
pub fn measure(db: &mut Db, today: NaiveDate, weeks: i32) -> Result<ExposureStatistics> {
    let to_week = week_number(today);
    let from_week = to_week + 1 - weeks;
    Ok(ExposureStatistics {
        from_week: week_name(from_week),
        to_week: week_name(to_week),
        workers: share(db, ListKind::Workers, from_week)?,
        deliverables: share(db, ListKind::Deliverables, from_week)?,
    })
}

fn share(db: &mut Db, kind: ListKind, from_week: i32) -> Result<AttentionShare> {
    let (mut attention, considered) = store::attention(db, kind, from_week)?;
    let (considered, shown) = (considered as u64, attention.len() as u64);
    let never = considered.saturating_sub(shown);
    attention.resize(considered as usize, 0);
    let (lists, quality) = store::quality(db, kind, from_week * 7 - 3)?;
    Ok(AttentionShare {
        lists,
        considered,
        shown,
        never_shown_ppm: (considered > 0).then(|| ratio(never * PPM, considered)),
        gini_ppm: gini_ppm(attention),
        quality,
    })
}
