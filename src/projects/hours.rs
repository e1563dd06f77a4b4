//! Hours count in the record of the member who worked them: in the family of the deliverable, and in the member's role.
//!
//! Deliberately absent: hours of accompaniments, which have neither.

use super::work::{CountedAs, Entry, Work};
use crate::auth::Reach;
use crate::changes::Change;
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Result};
use crate::workers::{self, Counts};
use std::collections::{BTreeMap, BTreeSet};

/// Counts what becomes of an entry. Locks the workers, so call it with the deliverable locked, and before the first write to
/// the change log. Returns what to log.
pub fn count<T: Work>(
    db: &mut Db,
    before: Option<&Entry<T>>,
    after: Option<&Entry<T>>,
    now: Instant,
) -> Result<Vec<Change>> {
    let mut added: BTreeMap<(Id, &CountedAs), i32> = BTreeMap::new();
    for (entry, sign) in [(before, -1), (after, 1)] {
        if let Some((key, minutes)) = entry.and_then(counted) {
            *added.entry(key).or_default() += sign * minutes;
        }
    }
    added.retain(|_, minutes| *minutes != 0);
    let workers: BTreeSet<Id> = added.keys().map(|(worker, _)| *worker).collect();
    for worker in workers {
        match workers::store::find_to_change(db, &Reach::Everything, worker) {
            Ok(_) | Err(Error::NotFound { .. }) => {}
            Err(e) => return Err(e),
        }
    }
    let mut changes = Vec::new();
    for ((worker, counted_as), minutes) in added {
        let key = (counted_as.family.as_str(), counted_as.role.as_str());
        let counts = Counts {
            minutes,
            ..Counts::default()
        };
        changes.extend(workers::store::records::count(db, worker, key, counts, now)?);
    }
    Ok(changes)
}

/// Returns for whom and as what an entry counts, and its minutes.
fn counted<T: Work>(entry: &Entry<T>) -> Option<((Id, &CountedAs), i32)> {
    let key = (entry.worker_id?, entry.counted_as.as_ref()?);
    Some((key, entry.work.minutes()?.into()))
}
