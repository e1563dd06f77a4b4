//! How long projects of a type really took. The catalogue shows it, and new projects are laid out by it.

use super::{Project, rules, store};
use crate::catalogue::{self, RealDuration};
use crate::db::{Db, Pool};
use crate::deliverables;
use crate::error::Result;

/// How many of the newest deliveries say how long a type takes.
const NEWEST: i64 = 50;

/// Returns how long the newest projects of a type took.
pub fn of_type(db: &mut Db, type_code: &str) -> Result<RealDuration> {
    let delivered = deliverables::store::delivered(db, type_code, NEWEST)?;
    let projects = store::load_some(db, &delivered)?;
    Ok(rules::real_duration(
        projects.iter().filter_map(Project::days_taken).collect(),
    ))
}

/// Counts again how long projects of each type took, and writes what has changed for the catalogue to show.
pub fn measure(pool: &Pool) -> Result<()> {
    let (codes, known) = pool.read_blocking(|db| {
        Ok((
            catalogue::store::type_codes(db)?,
            catalogue::store::durations(db)?,
        ))
    })?;
    for code in codes {
        let now = pool.read_blocking(|db| of_type(db, &code))?;
        if now != known.get(&code).copied().unwrap_or_default() {
            pool.write_blocking(|db| catalogue::store::upsert_duration(db, &code, now))?;
        }
    }
    Ok(())
}
