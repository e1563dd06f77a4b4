//! A row of a list of deliverables.

pub mod fields;

use super::reading::Reading;
use crate::auth::Reach;
use crate::catalogue::Definition;
use crate::db::{Db, Id};
use crate::deliverables::rules::check_organizations;
use crate::deliverables::{DeliverableStatus, NewDeliverable};
use crate::error::{Error, Result};
use crate::imports::columns::Target;
use crate::imports::fields::{Context, set, unrecognized};
use crate::organizations::{self, Organization, names::name_key};
use crate::values::{Code, Lifecycle};
use fields::FIELDS;
use std::collections::BTreeSet;
use tables::Remark;
use tables::cells::{one_line, split_items};
use validator::Validate;

/// From this confidence on, a guessed type is used.
const MIN_CONFIDENCE_PPM: u64 = 500_000;

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
    let area = [text("organization_area"), text("area")]
        .into_iter()
        .find(|area| !area.is_empty());
    let record_id = match text("organization_record_id") {
        "" => text("organization_id"),
        id => id,
    };
    let requester = Requester {
        record_id: record_id.to_owned(),
        name: one_line(text("organization")),
        external_id: text("organization_external_id").to_owned(),
        area: area
            .and_then(|area| context.vocabulary.area(reading.place(area)).ok())
            .unwrap_or_default(),
    };
    let texts = [&requester.record_id, &requester.name, &requester.external_id];
    texts.iter().any(|text| !text.is_empty()).then_some(requester)
}

/// Splits すみれ会（新宿区）, as lists tell apart groups with the same name.
fn name_and_area<'n>(name: &'n str, context: &Context) -> Option<(&'n str, String)> {
    let (name, place) = name.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    let area = context.vocabulary.area(place).ok()?;
    Some((name.trim(), area))
}

/// Finds a requester by the id of its record, else by its external id in the same source, else by its name in the area, else
/// by its name if only one organization has it.
pub fn find(db: &mut Db, requester: &Requester, context: &Context) -> Result<Option<Organization>> {
    let stated = requester.record_id.parse().ok().map(Id);
    let stated = stated.and_then(|id| organizations::store::find(db, &Reach::Everything, id, true).ok());
    let (reach, source) = (&context.reach, &context.source);
    let by_id = match requester.external_id.as_str() {
        _ if stated.is_some() => stated,
        "" => None,
        id => organizations::store::find_external(db, reach, source, id, &requester.area)?,
    };
    if by_id.is_some() || requester.name.is_empty() {
        return Ok(by_id);
    }
    let key = name_key(&requester.name);
    let mut found = Vec::new();
    // A name that is borne elsewhere, too, is not ambiguous for the sender.
    for (reach, area) in [
        (reach, Some(requester.area.as_str())),
        (reach, None),
        (&Reach::Everything, None),
    ] {
        if found.is_empty() {
            found = organizations::store::find_by_name(db, reach, area, &key)?;
        }
    }
    if found.is_empty()
        && let Some((name, area)) = name_and_area(&requester.name, context)
    {
        found = organizations::store::find_by_name(db, reach, Some(&area), &name_key(name))?;
    }
    let only = <[Id; 1]>::try_from(found).ok();
    Ok(only.and_then(|[id]| organizations::store::find(db, &Reach::Everything, id, false).ok()))
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
/// is the id and area of the requester.
pub fn understand(
    reading: &mut Reading,
    before: Option<&NewDeliverable>,
    organization: Option<(Id, &str)>,
    joint: &BTreeSet<Id>,
    context: &Context,
) -> Option<NewDeliverable> {
    let Some((organization_id, area)) = organization else {
        let field = if reading.text("organization").is_some() {
            "organization"
        } else {
            "organization_external_id"
        };
        let remark = Remark::new(
            "unknown_organization",
            "この団体は登録されていません。団体名と区市町村、または団体IDを確認してください。",
            "There is no such organization. Check its name and area, or its external id.",
        );
        reading.reject(field, remark);
        return None;
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
        request.external_team |= request.status.has_team() && !had_team;
        if request.type_.is_empty() {
            request.type_ = guess_type(reading, &request, context);
        }
        if before.is_some_and(|before| before.type_ != request.type_) {
            // What was taken from the old type goes, unless the row states it.
            let is_stated = |field| reading.text(field).is_some();
            request = NewDeliverable {
                format: request.format.filter(|_| is_stated("format")),
                hours_per_week: request.hours_per_week.filter(|_| is_stated("hours_per_week")),
                ..request.without_type_values()
            };
        }
        if request.title.is_empty() {
            let types = &context.vocabulary.catalogue.types;
            let name = types
                .get(&request.type_)
                .map(|entry| entry.definition.names.ja.clone());
            request.title = reading.text("type").map(one_line).or(name).unwrap_or_default();
        }
        request
            .validate()
            .map_err(|errors| crate::http::body::invalid(&errors))?;
        if before.is_none_or(|before| before.joint_organization_ids != request.joint_organization_ids) {
            let mut existing = joint.clone();
            existing.insert(organization_id);
            check_organizations(&request, &existing)?;
        }
        // A record that comes back may be at its end.
        if before.is_none() && !reading.is_stored() {
            request.status.check_first().map_err(about_status)?;
        }
        request.resolve(context.vocabulary.catalogue, area, before)?;
        if before.is_none() && reading.is_stored() && request.status.is_end() && reading.is_blank("team") {
            // Finished work of which nobody knows who was in the team comes back without one.
            request.roles = None;
        }
        Ok(request)
    })
}

/// Returns an error about the status as one of the property.
fn about_status(error: Error) -> Error {
    match error {
        Error::Invalid(_) => error,
        other => Error::invalid("/status", other.code(), other.detail()),
    }
}

/// Guesses the type from the texts of a row that doesn't name a known one. Without a confident guess it is
/// `other`.
pub fn guess_type(reading: &mut Reading, request: &NewDeliverable, context: &Context) -> Code {
    let catalogue = context.vocabulary.catalogue;
    let word = reading.text("type").unwrap_or_default().to_owned();
    if let Some(code) = context.vocabulary.types.near(&word) {
        let entry = catalogue.types.get(code);
        let name = entry.map_or(code, |entry| entry.definition.names().ja.as_str());
        let remark = Remark::new(
            "guessed_type",
            format!(
                "「{word}」を「{name}」（{code}）として取り込みました。違う場合は、支援内容を直してください。"
            ),
            format!("{word:?} was imported as {code}. If it is another type, change it."),
        );
        reading.warn("type", remark.suggesting(Some(code)));
        return code.into();
    }
    let texts = [
        word.as_str(),
        &request.title,
        request.trouble.as_deref().unwrap_or_default(),
    ];
    let guess = catalogue.triage.guess(&texts.join(" ")).into_iter().next();
    let code = |kind: usize| catalogue.types.at(kind as u16).map(|kind| kind.code.clone());
    let near = guess.as_ref().and_then(|guess| code(guess.category));
    match (guess, near) {
        (Some(guess), Some(code)) if guess.confidence_ppm >= MIN_CONFIDENCE_PPM => {
            let percent = guess.confidence_ppm / 10_000;
            let entry = catalogue.types.get(code.as_str());
            let name = entry.map_or(code.as_str(), |entry| entry.definition.names().ja.as_str());
            let remark = Remark::new(
                "guessed_type",
                format!("「{word}」を「{name}」（{code}）として取り込みました（確信度{percent}%）。"),
                format!("{word:?} was imported as {code} (confidence {percent}%)."),
            );
            reading.warn("type", remark.suggesting(Some(code.as_str())));
            code
        }
        (_, near) => {
            reading.warn(
                "type",
                unrecognized("unrecognized_type", &word, near.map(String::from)),
            );
            "other".into()
        }
    }
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
        member => member,
    };
    let mut names = FIELDS.iter().map(|setter| setter.field.name);
    names.find(|name| *name == member)
}

/// Returns what identifies a row without an id when it is imported again.
pub fn likeness(request: &NewDeliverable) -> String {
    let day = request.starts_on.map(|day| day.to_string()).unwrap_or_default();
    format!(
        "{}|{}|{}|{day}",
        request.organization_id, request.type_, request.title
    )
}
