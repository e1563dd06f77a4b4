//! SQL of the rules of areas.

use crate::auth::Reach;
use crate::db::schema::duplicate_rules::{self, dsl};
use crate::db::{Db, Instant, lock, on};
use crate::duplicates::rules::{DuplicateRule, NewDuplicateRule};
use crate::error::Result;
use diesel::prelude::*;
use matcher::ppm::{self, PPM};
use std::collections::HashMap;

type Columns = (String, Option<i32>, Option<i32>, i64, Instant);
const COLUMNS: (
    dsl::area,
    dsl::workers_ppm,
    dsl::organizations_ppm,
    dsl::version,
    dsl::updated_at,
) = (
    dsl::area,
    dsl::workers_ppm,
    dsl::organizations_ppm,
    dsl::version,
    dsl::updated_at,
);

fn rule((area, workers, organizations, version, updated_at): Columns) -> DuplicateRule {
    let share = |ppm: i32| f64::from(ppm) / PPM as f64;
    DuplicateRule {
        area,
        rule: NewDuplicateRule {
            min_worker_score: workers.map(share),
            min_organization_score: organizations.map(share),
        },
        version,
        updated_at,
    }
}

/// Returns all rules, keyed by area.
pub fn by_area(db: &mut Db) -> Result<HashMap<String, NewDuplicateRule>> {
    let found = list(db, &Reach::Everything)?.into_iter();
    Ok(found.map(|rule| (rule.area, rule.rule)).collect())
}

/// Lists the rules within the reach, ordered by area.
pub fn list(db: &mut Db, reach: &Reach) -> Result<Vec<DuplicateRule>> {
    let mut query = dsl::duplicate_rules.select(COLUMNS).into_boxed();
    if let Reach::Areas(areas) = reach {
        query = query.filter(dsl::area.eq_any(areas));
    }
    let rows = query.order(dsl::area).load::<Columns>(db)?;
    Ok(rows.into_iter().map(rule).collect())
}

/// Finds the rule of an area, and locks it until the transaction ends.
pub fn find_to_change(db: &mut Db, area: &str) -> Result<Option<DuplicateRule>> {
    lock(db, &format!("duplicate_rule/{area}"))?;
    let found = dsl::duplicate_rules.find(area).select(COLUMNS);
    Ok(found.get_result::<Columns>(db).optional()?.map(rule))
}

/// Inserts or replaces the rule of an area.
pub fn upsert(db: &mut Db, actor: &str, new: &DuplicateRule) -> Result<()> {
    let ppm = |share: f64| ppm::from_unit(share) as i32;
    let values = (
        dsl::workers_ppm.eq(new.rule.min_worker_score.map(ppm)),
        dsl::organizations_ppm.eq(new.rule.min_organization_score.map(ppm)),
        dsl::version.eq(new.version),
        dsl::updated_by.eq(actor),
        dsl::updated_at.eq(new.updated_at),
    );
    let insert = diesel::insert_into(duplicate_rules::table).values((dsl::area.eq(&new.area), values));
    on!(db, |c| insert
        .on_conflict(dsl::area)
        .do_update()
        .set(values)
        .execute(c))?;
    Ok(())
}
