//! A row of a roster of workers.

pub mod fields;

use super::reading::Reading;
use crate::catalogue::{DayPart, calendar};
use crate::db::Instant;
use crate::imports::columns::Target;
use crate::imports::days::{Says, day_parts, together};
use crate::imports::fields::{Context, Input, set};
use crate::workers::{Consent, Evidence, NewWorker, Personal};
use fields::{ConsentAnswer, DEFAULT_LEVEL, Draft, FIELDS, add_skill, parse_level};
use tables::Remark;
use tables::cells::{CellResult, parse_boolean};
use text::{fold, todays_form};
use validator::Validate;

/// The version of the consent's text if a file doesn't state it.
const TEXT_VERSION: &str = "roster";

/// Returns the profile that a row makes of the one before, or `None` if the row is rejected.
pub fn understand(reading: &mut Reading, before: Option<&NewWorker>, context: &Context) -> Option<NewWorker> {
    reading.make(field_of, |reading| {
        let mut worker = before.cloned().unwrap_or(NewWorker {
            capacity: 1,
            ..NewWorker::default()
        });
        let mut draft = Draft {
            personal: worker.personal.take().unwrap_or_default(),
            worker,
            ..Draft::default()
        };
        reading.apply(context, |target, cell| apply(target, &mut draft, cell));
        let mut worker = finish(reading, draft);
        if before.is_none() && worker.area.is_none() && reading.text("area").is_none() {
            // Who looks after one area registers people there.
            worker.area = context.only_area().map(str::to_owned);
        }
        worker
            .validate()
            .map_err(|errors| crate::http::body::invalid(&errors))?;
        worker.resolve(context.vocabulary.catalogue, before, context.today)?;
        Ok(worker)
    })
}

fn apply(target: &Target, draft: &mut Draft, cell: &mut Input) -> CellResult<()> {
    match target {
        Target::Field { position, .. } | Target::Answer { position, .. } => {
            set(FIELDS, *position, draft, cell)?;
        }
        Target::Skill(code) => {
            let skills = draft.skills.get_or_insert_default();
            let level = match (cell.text, parse_level(cell.text)) {
                ("", _) => return Ok(()),
                (_, Some(level)) => level,
                (text, None) if parse_boolean(text)? => DEFAULT_LEVEL,
                _ => return Ok(()),
            };
            add_skill(skills, code, level);
        }
        Target::DayParts(of_heading) => {
            let cells = draft.day_parts.get_or_insert_default();
            if cell.is_empty() {
                return Ok(());
            }
            match parse_boolean(cell.text) {
                Ok(true) => cells.push((says(of_heading), of_heading.clone())),
                Ok(false) => {}
                // 午前: the mornings of the days in the heading.
                Err(remark) => {
                    let of_cell = day_parts(cell.text).map_err(|_| remark)?;
                    let both = of_heading.iter().copied().filter(|part| of_cell.contains(part));
                    cells.push((Says::Both, both.collect()));
                }
            }
        }
    }
    Ok(())
}

/// Returns whether a heading names whole days (月), a part of all days (午前), or both (土曜午前).
fn says(of_heading: &[DayPart]) -> Says {
    let set = DayPart::set(of_heading);
    let of_day = |day: u32| set >> (3 * day) & 0b111;
    if (0..7).all(|day| [0, 0b111].contains(&of_day(day))) {
        Says::Days
    } else if (0..7).all(|day| of_day(day) == of_day(0)) {
        Says::Parts
    } else {
        Says::Both
    }
}

/// Puts together what several cells state.
fn finish(reading: &mut Reading, draft: Draft) -> NewWorker {
    let Draft {
        mut worker,
        mut personal,
        ..
    } = draft;
    if draft.family_name.is_some() || draft.given_name.is_some() {
        let both: Vec<String> = draft.family_name.into_iter().chain(draft.given_name).collect();
        personal.name = Some(both.join(" "));
    }
    if let Some(skills) = draft.skills {
        worker.skills = (!skills.is_empty() || draft.has_no_skills).then_some(skills);
    }
    if let Some(cells) = draft.day_parts {
        let mut parts = together(&cells);
        parts.sort_unstable();
        parts.dedup();
        let is_same = |before: &Vec<DayPart>| DayPart::set(before) == DayPart::set(&parts);
        if !worker.day_parts.as_ref().is_some_and(is_same) {
            worker.day_parts = Some(parts);
        }
    }
    if let Some(evidence) = draft.evidence {
        personal.evidence = evidence;
    }
    add_unrecognized_skills(&mut personal, &draft.unrecognized_skills);
    let before = worker.consent.take();
    let given_at = |day| {
        let of_day = |at: &Instant| calendar::day_in_tokyo(at.utc()) == day;
        let known = before.as_ref().filter(|before| before.given_on == day);
        let known = known.and_then(|before| before.given_at);
        let stated = draft.consent_given_at.filter(of_day);
        // A workbook has no fractions of seconds.
        let is_known =
            |at: &Instant| known.is_some_and(|known| known.utc().timestamp() == at.utc().timestamp());
        stated.filter(|at| !is_known(at)).or(known)
    };
    let given_on = |day| Consent {
        purpose: draft.consent_purpose.unwrap_or_default(),
        given_on: day,
        text_version: draft
            .consent_text_version
            .clone()
            .unwrap_or_else(|| TEXT_VERSION.to_owned()),
        given_at: given_at(day),
    };
    let moment = draft.consent_given_at.map(|at| calendar::day_in_tokyo(at.utc()));
    worker.consent = match (draft.consent.or(moment.map(ConsentAnswer::GivenOn)), &before) {
        (Some(ConsentAnswer::GivenOn(day)), _) => Some(given_on(day)),
        (Some(ConsentAnswer::No), _) => None,
        (Some(ConsentAnswer::Yes), None) => {
            reading.warn(
                "consent",
                Remark::new(
                    "consent_without_date",
                    "同意した日が分からないため、同意は登録していません。",
                    "The consent was not recorded because its date is missing.",
                ),
            );
            None
        }
        (Some(ConsentAnswer::Yes) | None, _) => before,
    };
    worker.personal = (personal != Personal::default()).then_some(personal);
    if worker.personal.as_ref().is_none_or(|p| p.name.is_none())
        && worker.external_id.is_none()
        && reading.text("record_id").is_none()
    {
        reading.reject(
            "name",
            Remark::new(
                "missing_name",
                "氏名かIDのどちらかを入力してください。",
                "Enter a name or an id.",
            ),
        );
    }
    worker
}

/// Adds skills that aren't in the catalogue to the evidence, whose text the matcher compares.
fn add_unrecognized_skills(personal: &mut Personal, skills: &[String]) {
    const TITLE: &str = "スキル";
    if skills.is_empty() {
        return;
    }
    let evidence = Evidence {
        title: Some(TITLE.to_owned()),
        text: skills.join("、"),
    };
    if !personal.evidence.contains(&evidence) {
        personal.evidence.push(evidence);
    }
}

/// Returns the field that a JSON pointer into the profile means.
fn field_of(pointer: &str) -> Option<&'static str> {
    let member = match pointer
        .trim_start_matches("/personal")
        .split('/')
        .nth(1)
        .unwrap_or_default()
    {
        // Only the order of the dates concerns the whole profile.
        "" => "available_until",
        "track_record" => "completed",
        member => member,
    };
    FIELDS
        .iter()
        .map(|setter| setter.field.name)
        .find(|name| *name == member)
}

/// Returns what identifies a row without an id when it is imported again: the address, the number, or else
/// name, reading and area.
pub fn likeness(worker: &NewWorker) -> String {
    let personal = worker.personal.clone().unwrap_or_default();
    let name = [personal.name, personal.kana, worker.area.clone()]
        .map(Option::unwrap_or_default)
        .join("|");
    personal.email.or(personal.phone).unwrap_or(name).to_lowercase()
}

/// Returns what tells apart people who share what identifies a row: a couple has one number.
pub fn namesake(worker: &NewWorker) -> Option<String> {
    let personal = worker.personal.as_ref()?;
    personal.email.as_ref().or(personal.phone.as_ref())?;
    let name = fold(personal.name.as_ref()?);
    let letters = name.chars().filter(|c| !c.is_whitespace()).map(todays_form);
    Some(letters.collect())
}
