//! SQL of what organizations are known by.

use super::super::{Organization, names::name_key};
use crate::db::schema::{organization_names, organizations};
use crate::db::{Db, Id, on};
use crate::error::Result;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use organizations::dsl;
use std::collections::{BTreeSet, HashMap};

/// How an organization is known: to name it beside what it asks for.
pub struct Known {
    pub name: String,
    pub area: String,
    pub source: Option<String>,
    pub external_id: Option<String>,
}

/// Those of the ids that are there, by id.
pub fn known_as(db: &mut Db, ids: &[Id]) -> Result<HashMap<String, Known>> {
    type Row = (Id, String, String, Option<String>, Option<String>);
    let found = dsl::organizations.filter(dsl::id.eq_any(ids)).select((
        dsl::id,
        dsl::name,
        dsl::area,
        dsl::source,
        dsl::external_id,
    ));
    let known = |(id, name, area, source, external_id): Row| {
        let known = Known {
            name,
            area,
            source,
            external_id,
        };
        (id.to_string(), known)
    };
    Ok(found.load::<Row>(db)?.into_iter().map(known).collect())
}

/// The organizations that bear a name, in an area or wherever they are: the first two records that stand for themselves.
pub fn named(db: &mut Db, area: Option<&str>, key: &str) -> Result<Vec<Id>> {
    use organization_names::dsl as names;
    let anywhere = area.is_none().into_sql::<Bool>();
    let bearing = names::organization_names
        .filter(names::name_key.eq(key))
        .filter(names::area.eq(area.unwrap_or_default()).or(anywhere));
    let found = dsl::organizations
        .filter(dsl::id.eq_any(bearing.select(names::organization_id)))
        .filter(dsl::archived_at.is_null())
        .select((dsl::id, dsl::merged_into));
    let found: Vec<(Id, Option<Id>)> = found.order(dsl::id).limit(FEW).load(db)?;
    let standing: BTreeSet<Id> = found.into_iter().map(|(id, into)| into.unwrap_or(id)).collect();
    Ok(standing.into_iter().take(2).collect())
}
/// So many records bear one name, at most, that is worth telling apart.
const FEW: i64 = 100;

/// Who has which 法人番号, of these.
pub fn with_corporate_numbers(db: &mut Db, numbers: &[String]) -> Result<Vec<(String, Id)>> {
    let found = dsl::organizations
        .filter(dsl::corporate_number.eq_any(numbers))
        .filter(dsl::archived_at.is_null());
    Ok(found
        .select((dsl::corporate_number.assume_not_null(), dsl::id))
        .load(db)?)
}

/// Keeps the names of an organization as they are now.
pub fn write_names(db: &mut Db, organization: &Organization) -> Result<()> {
    use organization_names::dsl as names;
    let old = names::organization_names.filter(names::organization_id.eq(organization.id));
    diesel::delete(old).execute(db)?;
    let details = &organization.details;
    let keys: BTreeSet<String> = std::iter::once(&details.name)
        .chain(&details.aliases)
        .map(|n| name_key(n))
        .collect();
    let row = |key| {
        (
            names::area.eq(&details.area),
            names::name_key.eq(key),
            names::organization_id.eq(organization.id),
        )
    };
    let rows: Vec<_> = keys.into_iter().map(row).collect();
    on!(db, |c| diesel::insert_into(organization_names::table)
        .values(&rows)
        .execute(c))?;
    Ok(())
}
