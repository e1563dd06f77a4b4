//! The pages of a list, one after the other, as its handler gives them.

use super::{ExportKind, NewExport};
use crate::applications::{self, ApplicationFilter};
use crate::audit::{self, AuditFilter};
use crate::auth::Viewer;
use crate::catalogue::Catalogue;
use crate::db::{Db, Id};
use crate::deliverables::{self, DeliverableFilter};
use crate::duplicates::{self, DuplicateFilter};
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::exposures::{self, ShownListFilter};
use crate::http::page::MAX_LIMIT;
use crate::http::{Page, query};
use crate::imports::jobs::{self, ImportFilter};
use crate::organizations::{self, OrganizationFilter};
use crate::partners::{self, PartnerFilter};
use crate::users::{self, UserFilter};
use crate::workers::{self, WorkerFilter};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// A filter whose page can be said.
trait Paged: DeserializeOwned {
    fn page(self, cursor: Option<String>) -> Self;
}

macro_rules! paged {
    ($($filter:ident),*) => {$(
        impl Paged for $filter {
            fn page(mut self, cursor: Option<String>) -> $filter {
                (self.limit, self.cursor) = (Some(MAX_LIMIT), cursor);
                self
            }
        }
    )*};
}
paged!(
    ApplicationFilter,
    AuditFilter,
    DeliverableFilter,
    DuplicateFilter,
    ImportFilter,
    OrganizationFilter,
    PartnerFilter,
    ShownListFilter,
    UserFilter,
    WorkerFilter
);

/// Gives every item of a list to `put`, and whose personal data that shows. One state of the database, if `db` is one
/// transaction.
pub fn walk(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    asked: &NewExport,
    put: &mut dyn FnMut(Value) -> Result<()>,
) -> Result<Vec<Id>> {
    let mut personal = Vec::new();
    pages(db, viewer, catalogue, asked, put, &mut personal).map_err(below_filter)?;
    Ok(personal)
}

/// What a list says of its parameters is about the members of `filter` here.
fn below_filter(error: Error) -> Error {
    let (Error::InvalidParameters(faults) | Error::Invalid(faults)) = error else {
        return error;
    };
    let below = |fault: FieldError| FieldError {
        place: match fault.place {
            Place::Parameter(name) => {
                Place::Pointer(format!("/filter/{}", name.replace('~', "~0").replace('/', "~1")))
            }
            place => place,
        },
        ..fault
    };
    Error::Invalid(faults.into_iter().map(below).collect())
}

fn pages(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    asked: &NewExport,
    put: &mut dyn FnMut(Value) -> Result<()>,
    personal: &mut Vec<Id>,
) -> Result<()> {
    let filter = &asked.filter;
    match asked.kind {
        ExportKind::Workers => each(filter, |f: WorkerFilter| {
            let page = workers::listing::page(db, viewer, catalogue, f)?;
            personal.extend(workers::listing::personal(viewer, &page.items));
            written(page, put)
        })?,
        ExportKind::Organizations => each(filter, |f: OrganizationFilter| {
            let page = organizations::listing::page(db, viewer, catalogue, f)?;
            personal.extend(organizations::listing::personal(viewer, &page.items));
            written(page, put)
        })?,
        ExportKind::Deliverables => each(filter, |f: DeliverableFilter| {
            let page = deliverables::listing::page(db, viewer, catalogue, f)?;
            let asking: Vec<Id> = page.items.iter().map(|d| d.request.organization_id).collect();
            let asking = organizations::known::store::known_as(db, &asking)?;
            written(page, &mut |mut item| {
                let id = item
                    .get("organization_id")
                    .and_then(Value::as_str)
                    .map(str::to_owned);
                let known = id.and_then(|id| asking.get(&id));
                if let (Some(object), Some(known)) = (item.as_object_mut(), known) {
                    let same =
                        |source: &&String| object.get("source").and_then(Value::as_str) == Some(source);
                    // An id of another source would mean another organization here.
                    let external_id = known.source.as_ref().filter(same).and(known.external_id.as_ref());
                    let organization =
                        json!({"name": known.name, "area": known.area, "external_id": external_id});
                    object.insert("organization".to_owned(), organization);
                }
                put(item)
            })
        })?,
        ExportKind::Applications => each(filter, |f: ApplicationFilter| {
            let page = applications::listing::page(db, viewer, catalogue, f)?;
            let shown = page.items.iter().map(|listed| &listed.application);
            personal.extend(applications::listing::personal(viewer, shown));
            written(page, put)
        })?,
        ExportKind::Users => each(filter, |f: UserFilter| {
            let page = users::store::list(db, &f)?;
            personal.extend(page.items.iter().map(|user| user.id));
            written(page, put)
        })?,
        ExportKind::Partners => each(filter, |f: PartnerFilter| {
            written(partners::store::list(db, &f)?, put)
        })?,
        ExportKind::Duplicates => each(filter, |f: DuplicateFilter| {
            written(duplicates::store::list(db, &viewer.reach, &f)?, put)
        })?,
        ExportKind::Audit => each(filter, |f: AuditFilter| written(audit::store::list(db, &f)?, put))?,
        ExportKind::ShownLists => each(filter, |f: ShownListFilter| {
            written(exposures::store::list(db, &f)?, put)
        })?,
        ExportKind::Imports => each(filter, |f: ImportFilter| {
            written(jobs::store::list(db, viewer.creator(), &f)?, put)
        })?,
    }
    Ok(())
}

/// Every page; `page` gives where the next one begins.
fn each<F: Paged>(
    filter: &Map<String, Value>,
    mut page: impl FnMut(F) -> Result<Option<String>>,
) -> Result<()> {
    if let Some(name) = ["limit", "cursor"]
        .into_iter()
        .find(|name| filter.contains_key(*name))
    {
        let rule = Text::new("書き出しはすべてのページです。", "An export has every page.");
        return Err(Error::invalid(format!("/filter/{name}"), "unknown_field", rule));
    }
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let said = filter.iter().filter(|(_, value)| !value.is_null());
    let mut said: Vec<(&String, String)> = said.map(|(name, value)| (name, text(value))).collect();
    said.sort();
    let said = serde_urlencoded::to_string(said).map_err(|e| Error::Internal(e.to_string()))?;
    let mut cursor = None;
    loop {
        cursor = page(query::parse::<F>(&said)?.page(cursor))?;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

fn written<T: Serialize>(page: Page<T>, put: &mut dyn FnMut(Value) -> Result<()>) -> Result<Option<String>> {
    for item in page.items {
        put(serde_json::to_value(item).map_err(|e| Error::Internal(e.to_string()))?)?;
    }
    Ok(page.next)
}
