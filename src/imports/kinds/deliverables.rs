//! A row of a list of requests.

use super::workers::{day, optional};
use super::{Cell, Context, Reading, known_codes, some, unsure};
use crate::db::Id;
use crate::deliverables::{DeliverableStatus, NewDeliverable};
use crate::imports::columns::Target;
use crate::imports::fields::DELIVERABLES;
use crate::imports::vocabulary::day_parts;
use crate::values::{AreaCode, Code};
use tables::Remark;
use tables::cells::{CellResult, one_line, parse_boolean, parse_number, split_items};
use validator::Validate;

/// A guess at a type is taken from here on.
const SURE_PPM: u64 = 500_000;

/// Who asks, as a row names them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Asking {
    pub name: String,
    pub external_id: String,
    /// Code of the area, or empty.
    pub area: String,
}

/// Who a row says that asks; none where it does not tell.
pub fn asking(reading: &Reading, context: &Context) -> Option<Asking> {
    let text = |field| reading.text(field).unwrap_or_default();
    let area = [text("organization_area"), text("area")]
        .into_iter()
        .find(|area| !area.is_empty());
    let asking = Asking {
        name: one_line(text("organization")),
        external_id: text("organization_external_id").to_owned(),
        area: area
            .and_then(|area| context.vocabulary.area(area).ok())
            .unwrap_or_default(),
    };
    (!asking.name.is_empty() || !asking.external_id.is_empty()).then_some(asking)
}

/// The request that a row makes of what was known before; none where the row is rejected. `organization` is who asks
/// and where they are.
pub fn understand(
    reading: &mut Reading,
    before: Option<&NewDeliverable>,
    organization: Option<(Id, &str)>,
    context: &Context,
) -> Option<NewDeliverable> {
    let Some((organization_id, area)) = organization else {
        let (ja, en) = (
            "この団体は登録されていません(団体名と区市町村、または団体IDで探します)。",
            "There is no such organization: it is looked up by name and area, or by its external id.",
        );
        let field = if reading.text("organization").is_some() {
            "organization"
        } else {
            "organization_external_id"
        };
        reading.reject(field, Remark::new("unknown_organization", ja, en));
        return None;
    };
    let mut request = before.cloned().unwrap_or_else(|| blank(organization_id));
    request.organization_id = organization_id;
    reading.each(|cell, notices| match cell.target {
        Target::Field(field) => set(field, cell, &mut request, context, notices),
        _ => Ok(()),
    });
    if request.type_.is_empty() && !reading.is_rejected() {
        request.type_ = guessed(reading, &request, context);
    }
    if request.title.is_empty() {
        let types = &context.vocabulary.catalogue.types;
        let named = types
            .get(&request.type_)
            .map(|entry| entry.definition.names.ja.clone());
        request.title = reading.text("type").map(one_line).or(named).unwrap_or_default();
    }
    if reading.is_rejected() {
        return None;
    }
    if let Err(errors) = request.validate() {
        reading.broken(crate::http::body::invalid(&errors), field_of);
    } else if let (None, Err(error)) = (before, request.status.check_first()) {
        reading.broken(error, |_| Some("status"));
    } else if let Err(error) = request.resolve(context.vocabulary.catalogue, area, before) {
        reading.broken(error, field_of);
    }
    (!reading.is_rejected()).then_some(request)
}

/// Without a known name of a type, its text or the trouble may tell; else it is another thing.
fn guessed(reading: &mut Reading, request: &NewDeliverable, context: &Context) -> Code {
    let catalogue = context.vocabulary.catalogue;
    let text = reading.text("type").map(str::to_owned);
    let told = [
        text.as_deref(),
        Some(request.title.as_str()),
        request.trouble.as_deref(),
    ];
    let told: Vec<&str> = told.into_iter().flatten().collect();
    let guess = catalogue.triage.guess(&told.join(" ")).into_iter().next();
    let code = |kind: usize| catalogue.types.at(kind as u16).map(|kind| kind.code.clone());
    let near = guess.as_ref().and_then(|guess| code(guess.category));
    let word = text.unwrap_or_default();
    match (guess, near) {
        (Some(guess), Some(code)) if guess.confidence_ppm >= SURE_PPM => {
            let percent = guess.confidence_ppm / 10_000;
            let ja = format!("「{word}」を {code} と解釈しました(確信度{percent}%)。");
            let en = format!("{word:?} was taken for {code} (confidence {percent}%).");
            reading.notice(
                "type",
                Remark::new("guessed_type", ja, en).suggesting(Some(code.clone())),
            );
            code
        }
        (_, near) => {
            reading.notice("type", unsure("unsure_type", &word, near.map(String::from)));
            "other".into()
        }
    }
}

fn blank(organization_id: Id) -> NewDeliverable {
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
        status: DeliverableStatus::default(),
        source: None,
        external_id: None,
    }
}

fn set(
    field: &str,
    cell: &Cell,
    request: &mut NewDeliverable,
    context: &Context,
    notices: &mut Vec<Remark>,
) -> CellResult<()> {
    let text = cell.text.as_str();
    let vocabulary = context.vocabulary;
    match field {
        "external_id" => {
            request.external_id = some(text);
            request.source = request.external_id.is_some().then(|| context.source.clone());
        }
        "type" => {
            let named = vocabulary.catalogue.types_named(text);
            let mut codes = named.iter().map(|kind| kind.code.clone());
            if let Some(first) = codes.next() {
                request.type_ = first;
                request.additional_types.extend(codes);
            } else if !text.is_empty() {
                request.type_ = Code::default();
            }
        }
        "additional_types" => {
            let codes = |word: &String| -> Vec<Code> {
                vocabulary
                    .catalogue
                    .types_named(word)
                    .iter()
                    .map(|kind| kind.code.clone())
                    .collect()
            };
            request.additional_types = split_items(text, &|_| true).iter().flat_map(codes).collect();
        }
        "title" => request.title = one_line(text),
        "trouble" => request.trouble = some(text),
        "format" => request.format = optional(text, |t| vocabulary.format(t))?,
        "starts_on" => request.starts_on = day(text, notices)?,
        "ends_on" => request.ends_on = day(text, notices)?,
        "hours_per_week" => request.hours_per_week = optional(text, parse_number)?,
        "day_parts" => request.day_parts = optional(text, day_parts)?.unwrap_or_default(),
        "area" => request.area = optional(text, |t| vocabulary.area(t))?.map(AreaCode::from),
        "remote" => request.remote = optional(text, parse_boolean)?.unwrap_or_default(),
        "qualifications" => request.qualifications = split_items(text, &|_| false),
        "themes" => {
            let known = known_codes(&vocabulary.themes, text, "unsure_theme", notices);
            request.themes = known.into_iter().map(Code::from).collect();
        }
        "shared_with_partners" => {
            request.shared_with_partners = optional(text, parse_boolean)?.unwrap_or_default()
        }
        "status" => request.status = optional(text, status)?.unwrap_or(request.status),
        _ => {}
    }
    Ok(())
}

fn status(text: &str) -> CellResult<DeliverableStatus> {
    use DeliverableStatus::*;
    let word = match text {
        "下書き" => Some(Draft),
        "申請" | "申請中" | "受付" => Some(Submitted),
        "募集中" | "公開" | "公開中" => Some(Open),
        _ => None,
    };
    word.map_or_else(|| super::workers::json(&format!("{text:?}")), Ok)
}

fn field_of(pointer: &str) -> Option<&'static str> {
    let member = pointer.split('/').nth(1)?;
    DELIVERABLES.iter().map(|f| f.name).find(|field| *field == member)
}

/// By what a row without an id is known when it comes again.
pub fn likeness(request: &NewDeliverable) -> String {
    let day = request.starts_on.map(|day| day.to_string()).unwrap_or_default();
    format!(
        "{}|{}|{}|{day}",
        request.organization_id, request.type_, request.title
    )
}
