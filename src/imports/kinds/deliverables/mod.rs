//! A row of a list of deliverables.

pub mod another;
pub mod fields;

use super::reading::Reading;
use crate::auth::Reach;
use crate::catalogue::Definition;
use crate::db::{Db, Id};
use crate::deliverables::rules::check_organizations;
use crate::deliverables::{DeliverableStatus, NewDeliverable, Provenance};
use crate::error::{Error, Result, Text};
use crate::imports::columns::Target;
use crate::imports::fields::{Context, candidates, parse_json, set};
use crate::imports::vocabulary::guessed;
use crate::organizations::{self, Organization, names::name_key};
use crate::values::{Code, Lifecycle, city_of};
use fields::FIELDS;
use std::collections::BTreeSet;
use tables::Remark;
use tables::cells::{normalize, one_line, split_items};
use validator::Validate;

/// The organization that asks, as a row names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Requester {
    /// The id of its record, or empty.
    pub record_id: String,
    pub name: String,
    pub external_id: String,
    /// The area's code, or empty.
    pub area: String,
}

/// Returns the organization that a row names, or `None` if it names none.
pub fn requester(reading: &Reading, context: &Context) -> Option<Requester> {
    let text = |field| reading.text(field).unwrap_or_default();
    let record_id = match text("organization_record_id") {
        "" => text("organization_id"),
        id => id,
    };
    let requester = Requester {
        record_id: record_id.to_owned(),
        name: one_line(text("organization")),
        external_id: text("organization_external_id").to_owned(),
        area: area_of_requester(reading, context).unwrap_or_default(),
    };
    let texts = [&requester.record_id, &requester.name, &requester.external_id];
    texts.iter().any(|text| !text.is_empty()).then_some(requester)
}

/// Returns the area of who a row says has asked, or else of what was asked.
pub fn area_of_requester(reading: &Reading, context: &Context) -> Option<String> {
    let mut stated = ["organization_area", "area"].into_iter();
    let area = stated.find_map(|field| reading.text(field).filter(|area| !area.is_empty()))?;
    context.vocabulary.area(reading.place(area)).ok()
}

/// Splits すみれ会（新宿区）, as lists tell apart groups with the same name.
fn name_and_area<'n>(name: &'n str, context: &Context) -> Option<(&'n str, String)> {
    let (name, place) = name.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    let area = context.vocabulary.area(place).ok()?;
    Some((name.trim(), area))
}

/// Finds a requester by the id of its record, else by its external id in the same source, else by its name in the area, else
/// by its name. Of several with one name, it is the only one of the same source.
pub fn find(
    db: &mut Db,
    requester: &Requester,
    context: &Context,
) -> Result<std::result::Result<Organization, Remark>> {
    let stated = requester.record_id.parse().ok().map(Id);
    let stated = stated.and_then(|id| organizations::store::find(db, &Reach::Everything, id, true).ok());
    let (reach, source) = (&context.reach, &context.source);
    let by_id = match requester.external_id.as_str() {
        _ if stated.is_some() => stated,
        "" => None,
        id => organizations::store::find_external(db, reach, source, id, &requester.area)?,
    };
    if by_id.is_some() || requester.name.is_empty() {
        return Ok(by_id.ok_or_else(unknown_organization));
    }
    let key = name_key(&requester.name);
    let (mut found, mut is_elsewhere) = (Vec::new(), false);
    // A name that is borne elsewhere, too, is not ambiguous for the sender.
    for (within, area) in [
        (reach, Some(requester.area.as_str())),
        (reach, None),
        (&Reach::Everything, None),
    ] {
        if found.is_empty() {
            found = organizations::store::find_by_name(db, within, area, &key)?;
            is_elsewhere = within != reach;
        }
    }
    if found.is_empty()
        && let Some((name, area)) = name_and_area(&requester.name, context)
    {
        found = organizations::store::find_by_name(db, reach, Some(&area), &name_key(name))?;
        is_elsewhere = false;
    }
    let found = organizations::store::load_some(db, &found)?;
    let sources = reach.sources(source);
    let is_own = |one: &&Organization| {
        let own = one.details.source.as_ref();
        own.is_some_and(|own| sources.contains(own))
    };
    let own: Vec<&Organization> = found.iter().filter(is_own).collect();
    Ok(match (found.as_slice(), own.as_slice()) {
        ([only], _) => Ok(only.clone()),
        (_, [own]) if !is_elsewhere => Ok((*own).clone()),
        // Nobody learns which groups are elsewhere.
        ([], _) => Err(unknown_organization()),
        _ if is_elsewhere => Err(unknown_organization()),
        (several, _) => Err(ambiguous_organization(several)),
    })
}

pub fn unknown_organization() -> Remark {
    Remark::new(
        "unknown_organization",
        "この団体は登録されていません。団体名と区市町村、または団体IDを確認してください。",
        "There is no such organization. Check its name and area, or its external id.",
    )
}

fn ambiguous_organization(several: &[Organization]) -> Remark {
    let names = candidates(several, |one: &Organization| {
        let number = one.details.external_id.as_deref().unwrap_or_default();
        (format!("{} {number}", one.details.name).trim().to_owned(), one.id)
    });
    Remark::new(
        "ambiguous_organization",
        format!("この名前の団体が複数あります。団体の記録IDで指定してください: {names}"),
        format!("Several organizations have this name. Say which with organization_record_id: {names}."),
    )
}

/// Returns the organizations that a row names as joint ones.
pub fn joint_organizations(reading: &Reading) -> Vec<Id> {
    let text = reading.text("joint_organization_record_ids").unwrap_or_default();
    let items = split_items(text, &|_| false);
    items
        .iter()
        .filter_map(|item| item.parse().ok().map(Id))
        .collect()
}

/// Returns the request that a row makes of the one before, or `None` if the row is rejected. `organization`
/// is the id and area of the requester, or why there is none.
pub fn understand(
    reading: &mut Reading,
    before: Option<&NewDeliverable>,
    organization: std::result::Result<(Id, &str), Remark>,
    joint: &BTreeSet<Id>,
    context: &Context,
) -> Option<NewDeliverable> {
    let (organization_id, area) = match organization {
        Ok(found) => found,
        Err(remark) => {
            let field = if reading.text("organization").is_some() {
                "organization"
            } else {
                "organization_external_id"
            };
            reading.reject(field, remark);
            return None;
        }
    };
    reading.make(field_of, |reading| {
        let mut request = before.cloned().unwrap_or_else(|| blank(organization_id));
        request.organization_id = organization_id;
        reading.apply(context, |target, cell| match target {
            Target::Field { position, .. } | Target::Answer { position, .. } => {
                set(FIELDS, *position, &mut request, cell)
            }
            _ => Ok(()),
        });
        if reading.is_rejected() {
            return Ok(request);
        }
        // A row that says so is about a team that was formed elsewhere.
        let had_team = before.is_some_and(|before| before.status.has_team());
        // A record that comes back says which team it has, which comes with lists of its own.
        let is_told = before.is_none() && reading.is_stored() && reading.text("external_team").is_some();
        request.external_team |= request.status.has_team() && !had_team && !is_told;
        if request.type_.is_empty() {
            request.type_ = guess_type(reading, &request, context);
        }
        let is_worded = reading.text("team").is_some_and(fields::names_roles);
        if before.is_some_and(|before| before.type_ != request.type_) {
            // What was taken from the old type goes, unless the row states it.
            let is_stated = |field| reading.text(field).is_some();
            let roles = request.roles.clone().filter(|_| is_worded);
            request = NewDeliverable {
                format: request.format.filter(|_| is_stated("format")),
                hours_per_week: request.hours_per_week.filter(|_| is_stated("hours_per_week")),
                roles,
                ..request.without_type_values()
            };
        }
        if is_worded {
            add_usual_skills(&mut request, before, context);
        }
        if request.title.is_empty() {
            let types = &context.vocabulary.catalogue.types;
            let name = types
                .get(&request.type_)
                .map(|entry| entry.definition.names.ja.clone());
            request.title = reading.written("type").map(one_line).or(name).unwrap_or_default();
        }
        request
            .validate()
            .map_err(|errors| crate::http::body::invalid(&errors))?;
        if before.is_none_or(|before| before.joint_organization_ids != request.joint_organization_ids) {
            let mut existing = joint.clone();
            existing.insert(organization_id);
            check_organizations(&request, &existing)?;
        }
        // A record that comes back may be at its end. What was withdrawn before its list came is kept so: left out, the
        // status would come in with the next change of another cell, as a draft may be cancelled.
        let may_end = reading.is_stored() || request.status == DeliverableStatus::Cancelled;
        if before.is_none() && !may_end {
            let checked = request.status.check_first();
            checked.map_err(|error| about_status(error, request.status))?;
        }
        request.resolve(context.vocabulary.catalogue, area, before)?;
        if before.is_none() {
            warn_of_other_area(reading, area, context);
        }
        if before.is_none() && reading.is_stored() && request.status.is_end() && reading.is_blank("team") {
            // Finished work of which nobody knows who was in the team comes back without one.
            request.roles = None;
        }
        Ok(request)
    })
}

/// Gives the roles that a row only names, and that the request didn't have, the skills that they have in the usual team of the type:
/// somebody may have taken out those of the others.
fn add_usual_skills(request: &mut NewDeliverable, before: Option<&NewDeliverable>, context: &Context) {
    let Some(entry) = context.vocabulary.catalogue.types.get(&request.type_) else {
        return;
    };
    let usual = &entry.definition.roles;
    // Those of another type went with it.
    let before = before.filter(|before| before.type_ == request.type_);
    let known: BTreeSet<&str> = before
        .and_then(|before| before.roles.as_ref())
        .into_iter()
        .flatten()
        .map(|wish| wish.role.as_str())
        .collect();
    for wish in request
        .roles
        .iter_mut()
        .flatten()
        .filter(|wish| wish.skills.is_empty() && !known.contains(wish.role.as_str()))
    {
        let own = usual.iter().find(|one| one.role == wish.role);
        wish.skills = own.map(|one| one.skills.clone()).unwrap_or_default();
    }
}

/// Says that the only group of a name is one of another area than the row's.
fn warn_of_other_area(reading: &mut Reading, area: &str, context: &Context) {
    let Some(requester) = requester(reading, context) else {
        return;
    };
    let is_by_name = requester.record_id.is_empty() && requester.external_id.is_empty();
    // A group may ask for something elsewhere.
    let of_work = ["場所", "活動", "実施", "会場", "勤務", "拠点"];
    let heading = reading
        .heading("area")
        .filter(|_| reading.is_blank("organization_area"));
    let is_by_name =
        is_by_name && !heading.is_some_and(|name| of_work.iter().any(|word| name.contains(word)));
    let is_there = |one: &str, other: &str| one == other || city_of(one).as_deref() == Some(other);
    let stated = requester.area.as_str();
    if reading.is_stored()
        || !is_by_name
        || stated.is_empty()
        || is_there(stated, area)
        || is_there(area, stated)
    {
        return;
    }
    let areas = &context.vocabulary.catalogue.fixed.areas;
    let (Some(here), Some(there)) = (areas.find(stated), areas.find(area)) else {
        return;
    };
    let remark = Remark::new(
        "areas_disagree",
        format!(
            "「{}」は{}の団体として登録されています。{}の別の団体でしたら、先にその団体を登録してください。",
            requester.name,
            areas.full_name(there),
            areas.full_name(here)
        ),
        format!(
            "{:?} is registered in {}. If another group in {} is meant, register that one first.",
            requester.name,
            areas.full_english(there),
            areas.full_english(here)
        ),
    );
    reading.warn("organization", remark);
}

/// Returns where a request was published that comes back with its row.
pub fn provenance(reading: &Reading) -> Option<Provenance> {
    Some(Provenance {
        file: reading.code("provenance_file")?.to_owned(),
        row: reading.text("provenance_row")?.parse().ok()?,
        cells: parse_json(reading.code("provenance_cells")?).ok()?,
    })
}

/// Returns an error about the status as one of the property, with what to do about it.
fn about_status(error: Error, status: DeliverableStatus) -> Error {
    let (ja, en) = match status.has_team() {
        true => (
            "チームが決まった依頼や終わった依頼は、種類を「プロジェクト」にして取り込んでください。",
            " Import requests that have a team or are over as projects.",
        ),
        false => (
            "取り込んだあと、画面で進めてください。",
            " Move it there once it is imported.",
        ),
    };
    match error {
        Error::Invalid(_) => error,
        other => {
            let detail = other.detail();
            let text = Text::new(format!("{}{ja}", detail.ja), format!("{}{en}", detail.en));
            Error::invalid("/status", other.code(), text)
        }
    }
}

/// Guesses the type from the texts of a row that doesn't name a known one. Without a confident guess it is
/// `other`.
pub fn guess_type(reading: &mut Reading, request: &NewDeliverable, context: &Context) -> Code {
    let catalogue = context.vocabulary.catalogue;
    let word = reading.text("type").unwrap_or_default().to_owned();
    if let Some(code) = context.vocabulary.types.near(&word) {
        let rest = (
            "。違う場合は、支援内容を直してください。",
            ". If it is another type, change it.",
        );
        if let Some(entry) = catalogue.types.get(code) {
            let remark = guessed("guessed_type", &word, code, entry.definition.names(), rest);
            reading.warn("type", remark);
        }
        return code.into();
    }
    let trouble = request.trouble.as_deref().unwrap_or_default();
    let texts = [word.as_str(), trouble, &request.title];
    let shown = texts
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_default();
    let (code, remark) = match context.vocabulary.guess_type(&texts.join(" "), shown) {
        Ok(guess) => guess,
        Err(remark) => ("other".into(), remark),
    };
    reading.warn("type", remark);
    code
}

pub fn blank(organization_id: Id) -> NewDeliverable {
    NewDeliverable {
        organization_id,
        joint_organization_ids: Vec::new(),
        type_: Code::default(),
        additional_types: Vec::new(),
        title: String::new(),
        trouble: None,
        format: None,
        starts_on: None,
        ends_on: None,
        hours_per_week: None,
        day_parts: Vec::new(),
        area: None,
        remote: false,
        roles: None,
        qualifications: Vec::new(),
        themes: Vec::new(),
        shared_with_partners: false,
        external_team: false,
        applications_per_place: None,
        cancellation_reason: None,
        status: DeliverableStatus::default(),
        source: None,
        external_id: None,
    }
}

/// Returns the field that a JSON pointer into the request means.
fn field_of(pointer: &str) -> Option<&'static str> {
    let member = match pointer.split('/').nth(1).unwrap_or_default() {
        // Only the order of the dates concerns the whole request.
        "" => "ends_on",
        "joint_organization_ids" => "joint_organization_record_ids",
        "roles" => "team",
        member => member,
    };
    let mut names = FIELDS.iter().map(|setter| setter.field.name);
    names.find(|name| *name == member)
}

/// Returns what identifies a row without an id when it is imported again.
pub fn likeness(request: &NewDeliverable) -> String {
    let day = request.starts_on.map(|day| day.to_string()).unwrap_or_default();
    let title = normalize(&request.title).unwrap_or_else(|_| request.title.clone());
    format!("{}|{}|{title}|{day}", request.organization_id, request.type_)
}
