//! Statistics as a CSV table.

use super::DeliverableStatistics;
use crate::error::{Error, Result};

/// Writes one row per group. The total is left out.
pub fn write(statistics: &DeliverableStatistics) -> Result<Vec<u8>> {
    let failed = |e: &dyn std::fmt::Display| Error::Internal(format!("cannot write CSV: {e}"));
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let dimensions = &statistics.group_by;
    let counts = ["recorded", "unlisted", "total"].into_iter();
    writer
        .write_record(dimensions.iter().map(|d| d.code()).chain(counts))
        .map_err(|e| failed(&e))?;
    for item in &statistics.items {
        let counts = &item.counts;
        let unlisted = counts.unlisted.map(|n| n.to_string()).unwrap_or_default();
        let counts = [counts.recorded.to_string(), unlisted, counts.total.to_string()].into_iter();
        let row = dimensions.iter().map(|d| item.group.value(*d)).chain(counts);
        writer.write_record(row).map_err(|e| failed(&e))?;
    }
    writer.into_inner().map_err(|e| failed(&e))
}
