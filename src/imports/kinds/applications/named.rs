//! Which request and which worker a row of applications names.
//!
//! The id of a record names one, else the id in the source of the import, else what is written: the organization and the
//! title, the name and the address or number. If that is none or several, the row is rejected with what it may mean. So what a row
//! does tells who is known: only those who may read personal data send such lists.

use crate::auth::Reach;
use crate::db::{Db, Id};
use crate::deliverables::{self, Deliverable, DeliverableFilter};
use crate::duplicates::people::{plain_email, plain_name, plain_phone};
use crate::error::{Error, Result};
use crate::imports::fields::{Context, candidates};
use crate::imports::kinds::deliverables as requests;
use crate::imports::kinds::deliverables::another::{names_another, of_another_organization};
use crate::imports::kinds::reading::Reading;
use crate::imports::kinds::workers::another::are_two;
use crate::organizations::names::name_key;
use crate::reach::store::has_organization;
use crate::workers::{self, Worker, WorkerFilter};
use tables::Remark;

/// A field, and why nothing was found by it.
pub type NotFound = (&'static str, Remark);
type Found<T> = Result<std::result::Result<T, NotFound>>;

/// How many records are looked through.
const MOST: u32 = 100;

fn id_of(reading: &Reading, field: &str) -> Option<Id> {
    reading.text(field)?.parse().ok().map(Id)
}

pub fn if_found<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(record) => Ok(Some(record)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Finds the request of a row.
pub fn deliverable(db: &mut Db, reading: &Reading, context: &Context) -> Found<Deliverable> {
    let reach = &context.reach;
    if let Some(id) = id_of(reading, "deliverable_id") {
        let found = if_found(deliverables::store::find(db, reach, id, true))?;
        return Ok(found.ok_or_else(|| ("deliverable_id", unknown_deliverable(&[]))));
    }
    if let Some(external_id) = reading.text("deliverable_external_id").map(str::to_owned) {
        for source in reach.sources(&context.source) {
            for (_, id, ..) in deliverables::store::known(db, &source, &[&external_id])? {
                if let Some(found) = if_found(deliverables::store::find(db, reach, id, true))? {
                    let own = (found.id, found.request.organization_id);
                    return Ok(match names_another(db, reading, own, context)? {
                        true => Err(("deliverable_external_id", of_another_organization())),
                        false => Ok(found),
                    });
                }
            }
        }
        return Ok(Err(("deliverable_external_id", unknown_deliverable(&[]))));
    }
    let (title, kind) = (reading.text("title"), reading.text("type"));
    let Some(words) = title.or(kind) else {
        return Ok(Err(("title", missing_deliverable())));
    };
    let organization_id = match requests::requester(reading, context) {
        None => None,
        Some(requester) => match requests::find(db, &requester, context)? {
            Ok(found) if has_organization(db, reach, found.id)? => Some(found.id),
            Ok(_) => return Ok(Err(("organization", requests::unknown_organization()))),
            Err(remark) => return Ok(Err(("organization", remark))),
        },
    };
    let filter = DeliverableFilter {
        organization_id,
        // Without an organization, the title has to narrow the search.
        q: title
            .filter(|_| organization_id.is_none())
            .map(|title| title.chars().take(200).collect()),
        limit: Some(MOST),
        ..DeliverableFilter::default()
    };
    let listed = deliverables::store::list(db, reach, &filter, false)?.items;
    let types = context.vocabulary.types_named(words);
    let is_type = |one: &Deliverable| types.contains(&one.request.type_);
    let is_title = |one: &Deliverable| name_key(&one.request.title) == name_key(words);
    let mut of_title: Vec<&Deliverable> = listed.iter().filter(|one| is_title(one)).collect();
    if of_title.is_empty() && organization_id.is_some() {
        of_title = listed.iter().filter(|one| is_type(one)).collect();
    }
    let field = if title.is_some() { "title" } else { "type" };
    Ok(match of_title.as_slice() {
        [one] => Ok((*one).clone()),
        [] if organization_id.is_some() => Err((field, unknown_deliverable(&listed))),
        [] => Err((field, unknown_deliverable(&[]))),
        several => Err((field, ambiguous_deliverable(several))),
    })
}

/// Finds the worker of a row.
pub fn worker(db: &mut Db, reading: &Reading, context: &Context) -> Found<Worker> {
    let reach = &context.reach;
    if let Some(id) = id_of(reading, "worker_id") {
        let found = if_found(workers::store::find(db, reach, id))?;
        return Ok(found.ok_or_else(|| ("worker_id", unknown_worker())));
    }
    if let Some(external_id) = reading.text("worker_external_id") {
        let Some(found) = workers::store::find_external(db, reach, &context.source, external_id, None)?
        else {
            return Ok(Err(("worker_external_id", unknown_worker())));
        };
        let own = found.profile.personal.as_ref();
        let own = own.and_then(|personal| personal.name.as_deref());
        let is_another = own
            .zip(reading.text("name"))
            .is_some_and(|(own, stated)| are_two(own, stated));
        return Ok(match is_another {
            true => Err(("worker_external_id", another_person())),
            false => Ok(found),
        });
    }
    let Some(name) = reading.text("name") else {
        return Ok(Err(("name", missing_worker())));
    };
    let found = person(db, reach, name, (reading.text("email"), reading.text("phone")))?;
    Ok(found.map_err(|remark| ("name", remark)))
}

/// Finds a worker by name, with an address or a number if several have the name.
pub fn person(
    db: &mut Db,
    reach: &Reach,
    name: &str,
    (email, phone): (Option<&str>, Option<&str>),
) -> Result<std::result::Result<Worker, Remark>> {
    let filter = WorkerFilter {
        q: Some(searched(name)),
        limit: Some(MOST),
        ..WorkerFilter::default()
    };
    let found = workers::store::list(db, reach, &filter, true)?.items;
    Ok(only(&found, name, (email, phone)))
}

/// Finds workers by name, in the order of the names, with one statement unless too many are alike.
pub fn people(
    db: &mut Db,
    reach: &Reach,
    names: &[&str],
) -> Result<Vec<std::result::Result<Worker, Remark>>> {
    let texts: Vec<String> = names.iter().map(|name| searched(name)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let most = i64::from(MOST) * names.len() as i64;
    let found = workers::store::list_any(db, reach, &texts, most)?;
    if found.len() as i64 >= most && most > 0 {
        // What one name finds leaves no room for another.
        return names
            .iter()
            .map(|name| person(db, reach, name, (None, None)))
            .collect();
    }
    Ok(names
        .iter()
        .map(|name| only(&found, name, (None, None)))
        .collect())
}

/// What is searched for: a cell may hold more than a search takes.
fn searched(name: &str) -> String {
    name.chars().take(200).collect()
}

/// Returns the only one of the workers with a name whom an address or a number doesn't exclude.
fn only(
    found: &[Worker],
    name: &str,
    (email, phone): (Option<&str>, Option<&str>),
) -> std::result::Result<Worker, Remark> {
    let key = plain_name(name);
    let has_name = |one: &&Worker| {
        let personal = one.profile.personal.as_ref();
        let own = personal.and_then(|personal| personal.name.as_deref());
        one.counts() && own.is_some_and(|own| plain_name(own) == key)
    };
    let found: Vec<Worker> = found.iter().filter(has_name).cloned().collect();
    let email = email.map(plain_email);
    let phone = phone.map(plain_phone);
    // Whether an address or a number is the same, if there is one on both sides.
    let agrees = |one: &Worker| {
        let personal = one.profile.personal.as_ref()?;
        let own_email = personal.email.as_deref().map(plain_email);
        let own_phone = personal.phone.as_deref().map(plain_phone);
        let same = |stated: &Option<String>, own: Option<String>| Some(*stated.as_ref()? == own?);
        let compared = [same(&email, own_email), same(&phone, own_phone)];
        compared.into_iter().flatten().reduce(|one, other| one || other)
    };
    let mut agreeing = found.iter().filter(|one| agrees(one) == Some(true));
    match (agreeing.next(), found.as_slice()) {
        (Some(one), _) if agreeing.next().is_none() => Ok(one.clone()),
        (None, []) => Err(unknown_worker()),
        (None, [one]) if agrees(one).is_none() => Ok(one.clone()),
        _ => Err(ambiguous_worker(&found)),
    }
}

fn request_name(one: &Deliverable) -> (String, Id) {
    (format!("{} {}", one.request.title, one.fiscal_year), one.id)
}

fn unknown_deliverable(near: &[Deliverable]) -> Remark {
    let (ja, en) = match near {
        [] => (String::new(), String::new()),
        near => {
            let names = candidates(near, request_name);
            (
                format!("この団体の支援内容: {names}"),
                format!(" This organization has: {names}."),
            )
        }
    };
    Remark::new(
        "unknown_deliverable",
        format!("この支援内容は登録されていません。団体名と件名、または記録IDを確認してください。{ja}"),
        format!("This deliverable doesn't exist. Check organization and title, or the id of its record.{en}"),
    )
}

pub fn ambiguous_deliverable(several: &[&Deliverable]) -> Remark {
    let names = candidates(several.iter().copied(), request_name);
    Remark::new(
        "ambiguous_deliverable",
        format!("当てはまる支援内容が複数あります。成果物の記録IDで指定してください: {names}"),
        format!("Several deliverables have this name. Say which with deliverable_id: {names}."),
    )
}

fn missing_deliverable() -> Remark {
    Remark::new(
        "missing_field",
        "支援内容が分かりません。団体名と件名、案件番号、または成果物の記録IDを入力してください。",
        "The row names no deliverable. Give organization and title, its external id, or the id of its record.",
    )
}

pub fn unknown_worker() -> Remark {
    Remark::new(
        "unknown_worker",
        "このワーカーは登録されていません。氏名と連絡先、登録番号、または記録IDを確認してください。",
        "This worker doesn't exist. Check name and contact, external id, or the id of the record.",
    )
}

fn another_person() -> Remark {
    Remark::new(
        "another_person",
        "この登録番号は、氏名の異なる別の方のものです。番号か氏名を直してください。同じ方の場合は、ワーカーの記録IDで指定してください。",
        "This id is that of somebody with another name. Correct the id or the name. If it is the same person, say so with worker_id.",
    )
}

fn missing_worker() -> Remark {
    Remark::new(
        "missing_field",
        "応募者が分かりません。氏名、登録番号、またはワーカーの記録IDを入力してください。",
        "The row names no worker. Give a name, an external id, or the id of the record.",
    )
}

fn ambiguous_worker(several: &[Worker]) -> Remark {
    let names = candidates(several, |one: &Worker| {
        (one.profile.alias.clone().unwrap_or_default(), one.id)
    });
    Remark::new(
        "ambiguous_worker",
        format!("同じ氏名の登録があり、どの人か分かりません。登録番号か記録IDで指定してください: {names}"),
        format!(
            "It isn't clear who of this name is meant. Say so with an external id or worker_id: {names}."
        ),
    )
}
