//! The pages of a list, one after the other, as its own handler returns them.

use super::columns::columns;
use super::{ExportKind, NewExport};
use crate::applications::{self, ApplicationFilter};
use crate::audit::{self, AuditFilter};
use crate::auth::{Reach, Viewer};
use crate::catalogue::Catalogue;
use crate::db::{Db, Id};
use crate::deliverables::{self, DeliverableFilter};
use crate::duplicates::{self, DuplicateFilter};
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::events::{self, EventFilter, EventSort, filter::RegistrationFilter};
use crate::exposures::{self, ShownListFilter};
use crate::http::page::MAX_LIMIT;
use crate::http::{Discloses, Language, Page, Paging, query};
use crate::imports::jobs::{self, ImportFilter};
use crate::intake;
use crate::organizations::{self, OrganizationFilter};
use crate::partners;
use crate::projects::work::{NewHours, NewMeeting, NewMilestone, Work, WorkKind};
use crate::projects::{self, ProjectFilter};
use crate::users::{self, UserFilter};
use crate::workers::{self, WorkerFilter};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// A list's filter, which can be set to a page.
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
    EventFilter,
    ImportFilter,
    OrganizationFilter,
    Paging,
    ProjectFilter,
    RegistrationFilter,
    ShownListFilter,
    UserFilter,
    WorkerFilter
);

/// Passes every item of a list to `write`, and returns the people whose personal data the items show. If `db`
/// is in one transaction, the list is as of one moment.
pub fn walk(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    new: &NewExport,
    write: &mut dyn FnMut(Value) -> Result<()>,
) -> Result<Vec<Id>> {
    let mut people = Vec::new();
    pages(db, viewer, catalogue, new, write, &mut people).map_err(below_filter)?;
    Ok(people)
}

/// Turns the list's errors about parameters into errors about members of `filter`.
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
    new: &NewExport,
    write: &mut dyn FnMut(Value) -> Result<()>,
    people: &mut Vec<Id>,
) -> Result<()> {
    let filter = &new.filter;
    // In a file, what apps of sandbox partners try out would pass for real.
    let leaves_out_tries = !matches!(viewer.reach, Reach::Partner(_));
    match new.kind {
        ExportKind::Workers => each(filter, |f: WorkerFilter| {
            let mut page = workers::listing::page(db, viewer, catalogue, f)?;
            page.items.retain(|one| !(leaves_out_tries && one.sandbox));
            write_page(page, people, write)
        })?,
        ExportKind::Organizations => each(filter, |f: OrganizationFilter| {
            let page = organizations::listing::page(db, viewer, catalogue, f)?;
            write_page(page, people, write)
        })?,
        ExportKind::Deliverables => each(filter, |f: DeliverableFilter| {
            let page = deliverables::listing::page(db, viewer, catalogue, f)?;
            let asking = deliverables::listing::leads(db, viewer, &page.items)?;
            write_page(page, people, &mut |mut item| {
                let id = item
                    .get("organization_id")
                    .and_then(Value::as_str)
                    .and_then(|id| id.parse().ok().map(Id));
                let known = id.and_then(|id| asking.get(&id));
                if let (Some(object), Some(known)) = (item.as_object_mut(), known) {
                    let same =
                        |source: &&String| object.get("source").and_then(Value::as_str) == Some(source);
                    // An external id of another source could name another organization.
                    let external_id = known.source.as_ref().filter(same).and(known.external_id.as_ref());
                    let organization =
                        json!({"name": known.name, "area": known.area, "external_id": external_id});
                    object.insert("organization".to_owned(), organization);
                }
                write(item)
            })
        })?,
        ExportKind::Intake => each(filter, |f: DeliverableFilter| {
            let page = intake::listing::page(db, viewer, catalogue, f)?;
            write_page(page, people, write)
        })?,
        ExportKind::Applications => each(filter, |f: ApplicationFilter| {
            let mut page = applications::listing::page(db, viewer, catalogue, f, Language::Ja)?;
            page.items
                .retain(|one| !(leaves_out_tries && one.application.sandbox));
            let requests = page.items.iter().map(|one| one.application.deliverable_id);
            let requests = match viewer.beside.deliverables {
                true => deliverables::store::some(db, &viewer.reach, &Vec::from_iter(requests))?,
                false => Vec::new(),
            };
            let asking = deliverables::listing::leads(db, viewer, &requests)?;
            let names = requests.iter().filter_map(|one| {
                let name = asking.get(&one.request.organization_id)?.name.clone();
                Some((one.id.to_string(), name))
            });
            write_page(
                page,
                people,
                &mut named("deliverable_id", &names.collect(), write),
            )
        })?,
        ExportKind::Projects => each(filter, |f: ProjectFilter| {
            let page = projects::actions::list(db, viewer, catalogue, f, Language::Ja, false)?;
            let helped = page.items.iter().map(|one| one.plan.organization_id);
            let labels = organizations::listing::labels(db, viewer, helped.collect())?;
            let names: HashMap<String, String> = labels
                .into_iter()
                .map(|(id, one)| (id.to_string(), one.name))
                .collect();
            // An application leads to its worker: only offices learn by which one a member came.
            let is_office = matches!(viewer.reach, Reach::Everything | Reach::Areas(_));
            let teams = page.items.iter().filter(|_| is_office);
            let teams: HashMap<String, Vec<Id>> = teams
                .map(|one| {
                    let came = one.members.iter().map(|member| member.application_id);
                    (one.id.to_string(), came.collect())
                })
                .collect();
            let mut write = named("organization_id", &names, write);
            write_page(page, people, &mut |mut item| {
                let id = item.get("id").and_then(Value::as_str);
                let came = id.and_then(|id| teams.get(id)).into_iter().flatten();
                let members = item.get_mut("members").and_then(Value::as_array_mut);
                for (member, application) in members.into_iter().flatten().zip(came) {
                    if let Some(member) = member.as_object_mut() {
                        member.insert("application_id".to_owned(), json!(application));
                    }
                }
                write(item)
            })
        })?,
        ExportKind::ProjectWork => each(filter, |f: ProjectFilter| {
            let page = projects::actions::list(db, viewer, catalogue, f, Language::Ja, true)?;
            let ids: Vec<Id> = page.items.iter().map(|project| project.id).collect();
            let kinds = projects::store::work::kinds(db, &ids)?;
            let has = |id: Id, kind: WorkKind| kinds.contains(&(id, kind.code().to_owned()));
            for id in ids {
                if has(id, WorkKind::Milestone) {
                    write_work::<NewMilestone>(db, viewer, id, people, write)?;
                }
                if has(id, WorkKind::Meeting) {
                    write_work::<NewMeeting>(db, viewer, id, people, write)?;
                }
                if has(id, WorkKind::Hours) {
                    write_work::<NewHours>(db, viewer, id, people, write)?;
                }
            }
            Ok(page.next)
        })?,
        ExportKind::Events => each(filter, |mut f: EventFilter| {
            if !filter.contains_key("sort") {
                // So that an import finds the events that others follow up.
                f.sort = EventSort::Starts;
            }
            let page = events::actions::list(db, &viewer.reach, catalogue, f, Language::Ja)?;
            write_page(page, people, write)
        })?,
        ExportKind::Registrations => each(filter, |f: RegistrationFilter| {
            let (event, paging) = f.paging();
            let page = events::registering::list(db, viewer, event, &paging)?;
            write_page(page, people, write)
        })?,
        ExportKind::Users => each(filter, |f: UserFilter| {
            write_page(users::store::list(db, &f)?, people, write)
        })?,
        ExportKind::Partners => each(filter, |f: Paging| {
            write_page(partners::store::list(db, &f)?, people, write)
        })?,
        ExportKind::Duplicates => each(filter, |f: DuplicateFilter| {
            write_page(duplicates::actions::list(db, viewer, &f)?, people, write)
        })?,
        ExportKind::Audit => each(filter, |f: AuditFilter| {
            write_page(audit::store::list(db, &f)?, people, write)
        })?,
        ExportKind::ShownLists => each(filter, |f: ShownListFilter| {
            write_page(exposures::store::list(db, &f)?, people, write)
        })?,
        ExportKind::Imports => each(filter, |f: ImportFilter| {
            let page = jobs::store::list(db, Some(viewer), &f)?;
            people.extend(page.items.iter().map(|import| import.id));
            write_page(page, people, write)
        })?,
    }
    Ok(())
}

/// Reads every page; `page` writes one and returns the cursor of the next.
fn each<F: Paged>(
    filter: &Map<String, Value>,
    mut page: impl FnMut(F) -> Result<Option<String>>,
) -> Result<()> {
    if let Some(name) = ["limit", "cursor", "ids", "count", "include"]
        .into_iter()
        .find(|name| filter.contains_key(*name))
    {
        let rule = Text::new(
            "書き出しには条件に合う全件が含まれるため、指定できません。",
            "An export has everything that passes the filters; leave this out.",
        );
        return Err(Error::invalid(format!("/filter/{name}"), "unknown_field", rule));
    }
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let given = filter.iter().filter(|(_, value)| !value.is_null());
    let mut given: Vec<(&String, String)> = given.map(|(name, value)| (name, text(value))).collect();
    given.sort();
    let parameters = serde_urlencoded::to_string(given).map_err(|e| Error::Internal(e.to_string()))?;
    let mut cursor = None;
    loop {
        cursor = page(query::parse::<F>(&parameters)?.page(cursor))?;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// Writes the work of one kind of a project, as its own list shows it.
fn write_work<T: Work>(
    db: &mut Db,
    viewer: &Viewer,
    project: Id,
    people: &mut Vec<Id>,
    write: &mut dyn FnMut(Value) -> Result<()>,
) -> Result<()> {
    let mut cursor = None;
    loop {
        let paging = Paging::default().page(cursor);
        let page = projects::entries::list::<T>(db, viewer, project, &paging)?;
        cursor = write_page(page, people, &mut |mut item| {
            if let Some(entry) = item.as_object_mut() {
                entry.insert("kind".to_owned(), T::KIND.code().into());
                // The minutes of a meeting are its record.
                if T::KIND == WorkKind::Hours
                    && let Some(minutes) = entry.remove("minutes")
                {
                    entry.insert("worked_minutes".to_owned(), minutes);
                }
                // Each row has the members of all kinds.
                for column in columns(ExportKind::ProjectWork) {
                    let name = column.pointer.trim_start_matches('/');
                    entry.entry(name).or_insert(Value::Null);
                }
            }
            write(item)
        })?;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// Writes items with the name of the organization that a member of theirs leads to.
fn named<'w>(
    member: &'w str,
    names: &'w HashMap<String, String>,
    write: &'w mut dyn FnMut(Value) -> Result<()>,
) -> impl FnMut(Value) -> Result<()> + 'w {
    move |mut item| {
        let name = item
            .get(member)
            .and_then(Value::as_str)
            .and_then(|id| names.get(id));
        let name = name.cloned();
        if let Some(object) = item.as_object_mut() {
            object.insert("organization".to_owned(), json!(name));
        }
        write(item)
    }
}

fn write_page<T: Serialize + Discloses>(
    page: Page<T>,
    people: &mut Vec<Id>,
    write: &mut dyn FnMut(Value) -> Result<()>,
) -> Result<Option<String>> {
    people.extend(page.people());
    for item in page.items {
        write(serde_json::to_value(item).map_err(|e| Error::Internal(e.to_string()))?)?;
    }
    Ok(page.next)
}
