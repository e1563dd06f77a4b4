//! How long projects of a type really took. The catalogue shows it, and new projects are laid out by it. A flyer made in a day
//! says nothing about one that takes months, so each format counts by itself.

use super::{Project, rules, store};
use crate::catalogue::{self, DeliverableType, Format, RealDuration};
use crate::db::{Db, Pool};
use crate::deliverables;
use crate::error::Result;

/// How many of the newest deliveries say how long a type takes.
const NEWEST: i64 = 50;

/// Returns how long the newest projects of a type in a format took.
pub fn of_type(db: &mut Db, type_code: &str, format: Format) -> Result<RealDuration> {
    let delivered = deliverables::store::delivered(db, type_code, format, NEWEST)?;
    let projects = store::load_some(db, &delivered)?;
    Ok(rules::real_duration(
        projects.iter().filter_map(Project::days_taken).collect(),
    ))
}

/// Counts again how long projects of each type in its usual format took, and writes what has changed for the catalogue to
/// show.
pub fn measure(pool: &Pool) -> Result<()> {
    let (types, known) = pool.read_blocking(|db| {
        Ok((
            catalogue::store::all::<DeliverableType>(db)?,
            catalogue::store::durations(db)?,
        ))
    })?;
    for kind in types.into_iter().map(|entry| entry.definition) {
        let now = pool.read_blocking(|db| of_type(db, &kind.code, kind.format))?;
        if now != known.get(kind.code.as_str()).copied().unwrap_or_default() {
            pool.write_blocking(|db| catalogue::store::upsert_duration(db, &kind.code, now))?;
        }
    }
    Ok(())
}
