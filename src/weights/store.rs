//! SQL of weights.

use super::{ComponentWeights, WeightsVersion, name};
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::weights::{self, dsl};
use crate::db::{Db, Doc, Id, Instant, lock};
use crate::error::Result;
use crate::http::{Cursor, Page, Paging, page};
use diesel::prelude::*;

type Columns = (i64, Doc<ComponentWeights>, String, String, Instant);

fn read((number, Doc(weights), reason, changed_by, changed_at): Columns) -> WeightsVersion {
    WeightsVersion {
        version: name(number),
        number,
        weights,
        reason: Some(reason),
        changed_by: Some(changed_by),
        changed_at: Some(changed_at),
    }
}

/// Finds the version in use.
pub fn current(db: &mut Db) -> Result<WeightsVersion> {
    let newest = dsl::weights.order(dsl::version.desc());
    let found = newest.first::<Columns>(db).optional()?;
    Ok(found.map(read).unwrap_or_default())
}

/// Finds the version in use, and locks it until the transaction ends.
pub fn current_to_change(db: &mut Db) -> Result<WeightsVersion> {
    lock(db, "weights")?;
    current(db)
}

/// Lists the versions, newest first. The last is the default.
pub fn list(db: &mut Db, paging: &Paging) -> Result<Page<WeightsVersion>> {
    const SORT: &str = "-number";
    let limit = page::limit(paging.limit)?;
    let mut query = dsl::weights
        .order(dsl::version.desc())
        .limit(limit + 1)
        .into_boxed();
    let cursor = Cursor::decode(paging.cursor.as_deref(), SORT)?;
    let before = page::after(&cursor, |value| value.parse::<i64>().ok())?;
    if let Some((before, _)) = before {
        query = query.filter(dsl::version.lt(before));
    }
    let mut found: Vec<WeightsVersion> = query.load::<Columns>(db)?.into_iter().map(read).collect();
    if found.len() as i64 <= limit && before.is_none_or(|(before, _)| before > 1) {
        found.push(WeightsVersion::default());
    }
    let page = Page::of(found, limit, |last: &WeightsVersion| Cursor {
        sort: SORT.to_owned(),
        value: last.number.to_string(),
        id: Id(uuid::Uuid::nil()),
    });
    page.counted(paging.count, || {
        let stored = dsl::weights.select(dsl::version).limit(page::COUNTED);
        Ok(stored.load::<i64>(db)?.len() + 1)
    })
}

/// Inserts a version, and logs it.
pub fn insert(db: &mut Db, actor: &str, version: &WeightsVersion) -> Result<()> {
    let row = (
        dsl::version.eq(version.number),
        dsl::components.eq(Doc(version.weights)),
        dsl::reason.eq(version.reason.as_deref().unwrap_or_default()),
        dsl::changed_by.eq(actor),
        dsl::changed_at.eq(version.changed_at.unwrap_or_else(Instant::now)),
    );
    diesel::insert_into(weights::table).values(row).execute(db)?;
    let change = Change::new(Subject::Weights, "weights", Action::Updated, version.number);
    changes::store::append(db, actor, &[change])
}
