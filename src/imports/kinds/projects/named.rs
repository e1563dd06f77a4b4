//! Which project a row is about, and which people it names.
//!
//! The id of a record names one, else the id in the source of the row, else what is written: the organization and the title,
//! and the first day if that is the title of several. A request whose team was formed elsewhere has no project before its
//! list comes.

use super::fields::{Draft, NamedMember, Who};
use crate::auth::Reach;
use crate::changes;
use crate::db::{Db, Id};
use crate::deliverables::{self, Deliverable, DeliverableFilter};
use crate::error::Result;
use crate::http::query::Several;
use crate::imports::fields::{Context, candidates};
use crate::imports::finding::not_among_yours;
use crate::imports::kinds::applications::named::{
    NotFound, ambiguous_deliverable, if_found, people, unknown_worker,
};
use crate::imports::kinds::deliverables::another::{names_another, of_another_organization};
use crate::imports::kinds::deliverables::{self as requests, Requester};
use crate::imports::kinds::reading::Reading;
use crate::organizations::{self, Organization, names::name_key};
use crate::projects::{self, Project, ProjectFilter, ProjectKind};
use crate::reach::store::has_organization;
use crate::values::Lifecycle;
use crate::workers::{self, Worker};
use chrono::NaiveDate;
use std::collections::{BTreeSet, HashMap};
use tables::Remark;

/// How many records are looked through.
const MOST: u32 = 200;

/// What a row is about.
pub enum Found {
    Project(Box<Project>),
    /// A request that has no project yet.
    Deliverable(Box<Deliverable>),
    /// Something new. It gets this id if it is free.
    Nothing(Option<Id>),
}

impl Found {
    /// Returns the ids of what is known, and of the organization that it is for.
    fn own(&self) -> Option<(Id, Id)> {
        match self {
            Found::Project(one) => Some((one.id, one.plan.organization_id)),
            Found::Deliverable(one) => Some((one.id, one.request.organization_id)),
            Found::Nothing(_) => None,
        }
    }
}

type Search<T> = Result<std::result::Result<T, NotFound>>;

/// Finds what a row is about.
pub fn project(
    db: &mut Db,
    reading: &Reading,
    draft: &Draft,
    source: &str,
    context: &Context,
) -> Search<Found> {
    let reach = &context.reach;
    if let Some(id) = reading.text("record_id").and_then(|id| id.parse().ok().map(Id)) {
        if let Some(found) = of_id(db, reach, id)? {
            return Ok(Ok(found));
        }
        if *reach != Reach::Everything {
            return Ok(Err(("record_id", not_among_yours())));
        }
        let is_taken = !projects::store::versions(db, &[id])?.is_empty()
            || !deliverables::store::load_some(db, &[id])?.is_empty()
            || !changes::store::deleted(db, &[id])?.is_empty();
        return Ok(Ok(Found::Nothing(Some(id).filter(|_| !is_taken))));
    }
    if let Some(external_id) = reading.text("external_id") {
        let sources = reach.sources(source);
        for source in &sources {
            for (_, id, ..) in deliverables::store::known(db, source, &[external_id])? {
                if let Some(found) = of_id(db, reach, id)? {
                    return of_row(db, reading, found, context);
                }
            }
        }
        let known = projects::store::known(db, reach, &sources, external_id)?;
        if let Some(id) = known.first() {
            let found = Found::Project(Box::new(projects::store::find(db, reach, *id)?));
            return of_row(db, reading, found, context);
        }
        return Ok(Ok(Found::Nothing(None)));
    }
    let Some(title) = draft.title.as_deref() else {
        return Ok(Ok(Found::Nothing(None)));
    };
    let organization = match organization(db, reading, draft, context)? {
        Ok(organization) => organization,
        Err(missing) => return Ok(Err(missing)),
    };
    titled(db, reach, organization.id, title, draft)
}

/// Returns what the id of a row has found, unless the row names another organization: then its list was numbered anew.
fn of_row(db: &mut Db, reading: &Reading, found: Found, context: &Context) -> Search<Found> {
    let Some(own) = found.own() else {
        return Ok(Ok(found));
    };
    Ok(match names_another(db, reading, own, context)? {
        true => Err(("external_id", of_another_organization())),
        false => Ok(found),
    })
}

/// Finds the only project of an organization with a title, else the only request.
fn titled(db: &mut Db, reach: &Reach, organization: Id, title: &str, draft: &Draft) -> Search<Found> {
    let filter = ProjectFilter {
        organization_id: Some(organization),
        kind: draft.kind.map(|kind| Several(vec![kind])),
        limit: Some(MOST),
        ..ProjectFilter::default()
    };
    let key = name_key(title);
    // The same work of another year is another project.
    let is_day = |own: Option<NaiveDate>| own.zip(draft.starts_on).is_none_or(|(own, day)| own == day);
    let mut projects = projects::store::list(db, reach, &filter)?.items;
    // Accompaniments without a title of their own are told apart by what was asked.
    let needs = draft.needs.as_ref().filter(|_| draft.is_untitled);
    let is_asked = |one: &Project| {
        let own = one.plan.accompaniment.as_ref();
        own.zip(needs)
            .is_none_or(|(own, needs)| name_key(&own.needs) == name_key(needs))
    };
    projects.retain(|one| name_key(&one.plan.title) == key && is_day(one.plan.starts_on) && is_asked(one));
    match projects.len() {
        0 => {}
        1 => {
            let only = projects.pop().map(|one| Found::Project(Box::new(one)));
            return Ok(Ok(only.unwrap_or(Found::Nothing(None))));
        }
        _ => return Ok(Err(("title", ambiguous_project(&projects)))),
    }
    let filter = DeliverableFilter {
        organization_id: Some(organization),
        limit: Some(MOST),
        ..DeliverableFilter::default()
    };
    let mut requests = deliverables::store::list(db, reach, &filter, false)?.items;
    requests.retain(|one| {
        let status = one.request.status;
        let is_alive = status.has_team() || !status.is_end();
        is_alive && name_key(&one.request.title) == key && is_day(one.request.starts_on)
    });
    Ok(match requests.as_slice() {
        [] => Ok(Found::Nothing(None)),
        [one] => Ok(Found::Deliverable(Box::new(one.clone()))),
        several => {
            let several: Vec<&Deliverable> = several.iter().collect();
            Err(("title", ambiguous_deliverable(&several)))
        }
    })
}

fn of_id(db: &mut Db, reach: &Reach, id: Id) -> Result<Option<Found>> {
    if let Some(project) = if_found(projects::store::find(db, reach, id))? {
        return Ok(Some(Found::Project(Box::new(project))));
    }
    let found = if_found(deliverables::store::find(db, reach, id, true))?;
    Ok(found.map(|one| Found::Deliverable(Box::new(one))))
}

/// Returns the name of the municipality that counts as who asked for what a row is about. A row may be about something of another
/// organization, which is known by its id.
pub fn assumed(
    db: &mut Db,
    reading: &Reading,
    draft: &Draft,
    found: &Found,
    context: &Context,
) -> Result<Option<String>> {
    let Some(municipality) = municipality(reading, draft, context) else {
        return Ok(None);
    };
    let by = organization(db, reading, draft, context)?;
    let counts = by.is_ok_and(|by| found.own().is_none_or(|(_, own)| own == by.id));
    Ok(counts.then_some(municipality.name))
}

/// Returns the municipality for which an accompaniment is that names nobody who asked for it: the published list leaves 提案主体
/// empty where the municipality itself did.
fn municipality(reading: &Reading, draft: &Draft, context: &Context) -> Option<Requester> {
    let is_unnamed = requests::requester(reading, context).is_none() && reading.text("record_id").is_none();
    if !is_unnamed || draft.kind != Some(ProjectKind::Accompaniment) {
        return None;
    }
    let area = requests::area_of_requester(reading, context)?;
    let name = &context.vocabulary.catalogue.fixed.areas.find(&area)?.name;
    Some(Requester {
        name: name.clone(),
        area,
        ..Requester::default()
    })
}

/// Says that the municipality counts as who asked.
pub fn by_municipality(name: &str) -> Remark {
    Remark::new(
        "assumed_organization",
        format!("団体（提案主体）の記載がないため、「{name}」からの依頼としました。"),
        format!("The row names no organization, so this is by “{name}”."),
    )
}

fn unnamed(municipality: &str) -> Remark {
    Remark::new(
        "missing_field",
        format!(
            "団体（提案主体）が空欄です。団体名を入力してください。分からないときは、「{municipality}」を団体として登録すると、その団体の伴走支援として取り込みます。"
        ),
        format!(
            "The row names no organization. Give its name, or register “{municipality}” as an organization: then the accompaniment is for it."
        ),
    )
}

/// Finds the organization of a row.
pub fn organization(
    db: &mut Db,
    reading: &Reading,
    draft: &Draft,
    context: &Context,
) -> Search<Organization> {
    let municipality = municipality(reading, draft, context);
    if let Some(Requester { name, area, .. }) = &municipality
        && organizations::store::find_by_name(db, &context.reach, Some(area), &name_key(name))?.is_empty()
    {
        return Ok(Err(("organization", unnamed(name))));
    }
    let Some(requester) = municipality.or_else(|| requests::requester(reading, context)) else {
        let remark = Remark::new(
            "missing_field",
            "団体が分かりません。団体名、団体ID、または団体の記録IDを入力してください。",
            "The row names no organization. Give its name, its external id, or the id of its record.",
        );
        return Ok(Err(("organization", remark)));
    };
    let found = requests::find(db, &requester, context)?;
    Ok(match found {
        Ok(found) if has_organization(db, &context.reach, found.id)? => Ok(found),
        Ok(_) => Err(("organization", requests::unknown_organization())),
        Err(remark) => Err(("organization", remark)),
    })
}

/// Finds the workers whom a row names as members, in their order. All words of a row are looked up together.
pub fn workers(
    db: &mut Db,
    members: &[NamedMember],
    source: &str,
    reach: &Reach,
) -> Result<Vec<std::result::Result<Worker, NotFound>>> {
    let words = members.iter().filter_map(|member| match &member.who {
        Who::Words(words) => Some(words.as_str()),
        Who::Record(_) => None,
    });
    let words: BTreeSet<&str> = words.collect();
    let ids: Vec<&str> = words.iter().copied().collect();
    let known = match ids.is_empty() {
        true => HashMap::new(),
        false => workers::store::find_external_each(db, reach, source, &ids)?,
    };
    let names: Vec<&str> = ids
        .into_iter()
        .filter(|word| !known.contains_key(*word))
        .collect();
    let mut found: HashMap<&str, _> = names.iter().copied().zip(people(db, reach, &names)?).collect();
    for (words, worker) in &known {
        found.insert(words.as_str(), Ok(worker.clone()));
    }
    let mut all = Vec::with_capacity(members.len());
    for member in members {
        let (one, who) = match &member.who {
            Who::Record(id) => {
                let found = if_found(workers::store::find(db, reach, *id))?;
                (found.ok_or_else(unknown_worker), id.to_string())
            }
            Who::Words(words) => {
                let found = found.get(words.as_str()).cloned();
                (found.unwrap_or_else(|| Err(unknown_worker())), words.clone())
            }
        };
        all.push(one.map_err(|remark| ("members", about(remark, &who))));
    }
    Ok(all)
}

/// Says of whom in a cell a remark is.
fn about(remark: Remark, who: &str) -> Remark {
    let who: String = who.chars().take(80).collect();
    Remark {
        message: crate::error::Text::new(
            format!("「{who}」：{}", remark.message.ja),
            format!("{who}: {}", remark.message.en),
        ),
        ..remark
    }
}

fn ambiguous_project(several: &[Project]) -> Remark {
    let names = candidates(several, |one: &Project| {
        (format!("{} {}", one.plan.title, one.fiscal_year), one.id)
    });
    Remark::new(
        "ambiguous_project",
        format!("当てはまるプロジェクトが複数あります。記録IDか開始日で指定してください: {names}"),
        format!("Several projects have this title. Say which with record_id or the first day: {names}."),
    )
}
