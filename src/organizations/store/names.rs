//! SQL of what identifies an organization: its names and its 法人番号.

use crate::auth::Reach;
use crate::db::schema::organization_names::{self, dsl as names};
use crate::db::schema::organizations::dsl;
use crate::db::{Db, Id, insert_all};
use crate::error::Result;
use crate::organizations::{Organization, names::name_key};
use crate::reach::store as reach;
use crate::values::with_wards;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use std::collections::{BTreeSet, HashMap};

/// What identifies an organization in a list.
pub struct OrganizationLabel {
    pub name: String,
    pub area: String,
    pub source: Option<String>,
    pub external_id: Option<String>,
}

/// Looks up the labels of organizations, archived ones included.
pub fn labels(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, OrganizationLabel>> {
    type Row = (Id, String, String, Option<String>, Option<String>);
    let rows = dsl::organizations
        .filter(dsl::id.eq_any(ids))
        .select((dsl::id, dsl::name, dsl::area, dsl::source, dsl::external_id))
        .load::<Row>(db)?;
    let label = |(id, name, area, source, external_id)| {
        let label = OrganizationLabel {
            name,
            area,
            source,
            external_id,
        };
        (id, label)
    };
    Ok(rows.into_iter().map(label).collect())
}

/// Looks up the names of those organizations that agreed to be published.
pub fn published_names(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, String>> {
    let agreed = dsl::organizations
        .filter(dsl::id.eq_any(ids))
        .filter(dsl::open_data.eq(true))
        .filter(dsl::archived_at.is_null())
        .select((dsl::id, dsl::name));
    Ok(agreed.load::<(Id, String)>(db)?.into_iter().collect())
}

/// How many records with the same name are looked at.
const MAX_NAMESAKES: i64 = 100;

/// Finds the organizations within the reach with a name, in one area or in all, merged records resolved.
pub fn find_by_name(db: &mut Db, reach: &Reach, area: Option<&str>, key: &str) -> Result<Vec<Id>> {
    let anywhere = area.is_none().into_sql::<Bool>();
    let areas = area.map(with_wards).unwrap_or_default();
    let bearing = names::organization_names
        .filter(names::name_key.eq(key))
        .filter(names::area.eq_any(areas).or(anywhere));
    let mut found = dsl::organizations
        .filter(dsl::id.eq_any(bearing.select(names::organization_id)))
        .filter(dsl::archived_at.is_null())
        .select((dsl::id, dsl::merged_into))
        .into_boxed();
    if let Some(condition) = reach::organizations(reach) {
        found = found.filter(condition);
    }
    let found: Vec<(Id, Option<Id>)> = found.order(dsl::id).limit(MAX_NAMESAKES).load(db)?;
    let resolved: BTreeSet<Id> = found.into_iter().map(|(id, into)| into.unwrap_or(id)).collect();
    Ok(resolved.into_iter().collect())
}

/// Looks up which organizations have these 法人番号.
pub fn find_by_corporate_numbers(db: &mut Db, numbers: &[String]) -> Result<Vec<(String, Id)>> {
    let found = dsl::organizations
        .filter(dsl::corporate_number.eq_any(numbers))
        .filter(dsl::archived_at.is_null());
    Ok(found
        .select((dsl::corporate_number.assume_not_null(), dsl::id))
        .load(db)?)
}

/// Replaces the stored names of an organization with its current ones.
pub(super) fn replace(db: &mut Db, organization: &Organization) -> Result<()> {
    let old = names::organization_names.filter(names::organization_id.eq(organization.id));
    diesel::delete(old).execute(db)?;
    insert(db, organization)
}

/// Stores the names of a new organization.
pub(super) fn insert(db: &mut Db, organization: &Organization) -> Result<()> {
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
    insert_all!(db, organization_names::table, &rows)?;
    Ok(())
}
