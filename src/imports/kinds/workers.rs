//! A row of a roster as a worker.

use super::{Cell, Context, Reading, known_codes, some, unsure};
use crate::catalogue::DayPart;
use crate::imports::columns::Target;
use crate::imports::vocabulary::day_parts;
use crate::workers::{
    Consent, ConsentPurpose, Evidence, Experience, NewWorker, Personal, TrackRecord, WorkerSkill,
    WorkerStatus,
};
use chrono::NaiveDate;
use tables::Remark;
use tables::cells::dates::{CellDate, parse_date};
use tables::cells::{CellResult, one_line, parse_boolean, parse_number, parse_phone, split_items};
use validator::Validate;

/// The level of a skill that is named without one: works with it alone.
const USUAL_LEVEL: u8 = 3;
/// The version of the consent's text where a file does not tell.
const TEXT_VERSION: &str = "roster";

/// How a cell says that there are none, where an empty one says nothing.
const NONE: &str = "[]";

/// What several cells tell together.
#[derive(Default)]
struct Parts {
    family_name: Option<String>,
    given_name: Option<String>,
    consented: Option<Consented>,
    text_version: Option<String>,
    purpose: Option<ConsentPurpose>,
    skills: Option<Vec<WorkerSkill>>,
    day_parts: Option<Vec<DayPart>>,
    evidence: Option<Vec<Evidence>>,
    unsure_skills: Vec<String>,
    /// That there are none was said.
    no_skills: bool,
}

enum Consented {
    On(NaiveDate),
    /// Without saying when.
    Yes,
    No,
}

/// The profile that a row makes of what was known before; none where the row is rejected.
pub fn understand(reading: &mut Reading, before: Option<&NewWorker>, context: &Context) -> Option<NewWorker> {
    let mut worker = before.cloned().unwrap_or(NewWorker {
        capacity: 1,
        ..NewWorker::default()
    });
    let mut personal = worker.personal.take().unwrap_or_default();
    let mut parts = Parts::default();
    reading.each(|cell, notices| match cell.target {
        Target::Field(field) => set(
            field,
            cell,
            &mut worker,
            &mut personal,
            &mut parts,
            context,
            notices,
        ),
        Target::Skill(code) => {
            let skills = parts.skills.get_or_insert_default();
            let level = match (cell.text.as_str(), level_of(&cell.text)) {
                ("", _) => return Ok(()),
                (_, Some(level)) => level,
                (text, None) if parse_boolean(text)? => USUAL_LEVEL,
                _ => return Ok(()),
            };
            add_skill(skills, code, level);
            Ok(())
        }
        Target::DayParts(own) => {
            let parts = parts.day_parts.get_or_insert_default();
            match cell.text.as_str() {
                "" => {}
                text => match parse_boolean(text) {
                    Ok(true) => parts.extend(own),
                    Ok(false) => {}
                    // 午前: of the days in the heading.
                    Err(remark) => {
                        let told = day_parts(text).map_err(|_| remark)?;
                        parts.extend(own.iter().filter(|part| told.contains(part)));
                    }
                },
            }
            Ok(())
        }
    });
    finish(reading, &mut worker, personal, parts);
    if let Err(errors) = worker.validate() {
        reading.broken(crate::http::body::invalid(&errors), field_of);
    }
    if reading.is_rejected() {
        return None;
    }
    if let Err(error) = worker.resolve(context.vocabulary.catalogue, before, context.today) {
        reading.broken(error, field_of);
    }
    (!reading.is_rejected()).then_some(worker)
}

fn set(
    field: &str,
    cell: &Cell,
    worker: &mut NewWorker,
    personal: &mut Personal,
    parts: &mut Parts,
    context: &Context,
    notices: &mut Vec<Remark>,
) -> CellResult<()> {
    let text = cell.text.as_str();
    let vocabulary = context.vocabulary;
    let told = !text.is_empty();
    match field {
        "external_id" => worker.external_id = some(text),
        "name" => personal.name = some(&one_line(text)),
        "family_name" => parts.family_name = some(&one_line(text)),
        "given_name" => parts.given_name = some(&one_line(text)),
        "kana" => personal.kana = some(&one_line(text)),
        "email" => {
            let email = some(text.strip_prefix("mailto:").unwrap_or(text));
            personal.email_verified &= personal.email == email;
            personal.email = email;
        }
        "phone" => {
            let read = told.then(|| parse_phone(text)).transpose()?;
            if read.as_ref().is_some_and(|phone| phone.is_restored) {
                let (ja, en) = ("先頭の0を補いました。", "Its leading 0 was put back.");
                notices.push(Remark::new("leading_zero", ja, en));
            }
            let number = read.map(|phone| phone.text);
            personal.phone_verified &= personal.phone == number;
            personal.phone = number;
        }
        "email_verified" => personal.email_verified = told && parse_boolean(text)?,
        "phone_verified" => personal.phone_verified = told && parse_boolean(text)?,
        "alias" => worker.alias = some(&one_line(text)),
        "status" => worker.status = status(text)?,
        "area" => worker.area = told.then(|| vocabulary.area(text)).transpose()?,
        "travel_limit_km" => worker.travel_limit_km = optional(text, parse_number)?,
        "remote" => worker.remote = optional(text, parse_boolean)?,
        "accepted_formats" => worker.accepted_formats = optional(text, |t| vocabulary.formats(t))?,
        "preferred_formats" => worker.preferred_formats = optional(text, |t| vocabulary.formats(t))?,
        "roles" => {
            let codes = known_codes(&vocabulary.roles, text, "unsure_role", notices);
            worker.roles = told.then_some(codes);
        }
        "skills" => skills(text, parts, context, notices)?,
        "themes" => {
            let codes = known_codes(&vocabulary.themes, text, "unsure_theme", notices);
            worker.themes = told.then_some(codes);
        }
        "hours_per_week" => worker.hours_per_week = optional(text, parse_number)?,
        "day_parts" => {
            let own = parts.day_parts.get_or_insert_default();
            if told {
                own.extend(day_parts(text)?);
            } else {
                parts.day_parts = None;
                worker.day_parts = None;
            }
        }
        "available_from" => worker.available_from = day(text, notices)?,
        "available_until" => worker.available_until = day(text, notices)?,
        "capacity" => worker.capacity = optional(text, parse_number)?.unwrap_or(1),
        "open_load" => worker.open_load = optional(text, parse_number)?.unwrap_or_default(),
        "qualifications" => worker.qualifications = told.then(|| split_items(text, &|_| false)),
        "experience" => worker.experience = optional(text, json::<Vec<Experience>>)?,
        "completed" | "dropped" => {
            let count = optional(text, parse_number)?;
            if count.is_some() || worker.track_record.is_some() {
                let record = worker.track_record.get_or_insert(TrackRecord {
                    completed: 0,
                    dropped: 0,
                });
                let place = if field == "completed" {
                    &mut record.completed
                } else {
                    &mut record.dropped
                };
                *place = count.unwrap_or_default();
            }
        }
        "last_active_on" => worker.last_active_on = day(text, notices)?,
        "consent" => {
            parts.consented = Some(match parse_boolean(text) {
                Ok(true) => Consented::Yes,
                Ok(false) => Consented::No,
                Err(_) => day(text, notices)?.map_or(Consented::No, Consented::On),
            });
        }
        "consent_text_version" => parts.text_version = some(text),
        "consent_purpose" => {
            parts.purpose = optional(text, |t| json::<ConsentPurpose>(&format!("{t:?}")))?;
        }
        "evidence" => {
            let own = parts.evidence.get_or_insert_default();
            if text.starts_with("[{") {
                own.extend(json::<Vec<Evidence>>(text)?);
            } else if told {
                own.push(Evidence {
                    title: None,
                    text: text.to_owned(),
                });
            }
        }
        _ => {}
    }
    Ok(())
}

/// Puts together what several cells told.
fn finish(reading: &mut Reading, worker: &mut NewWorker, mut personal: Personal, parts: Parts) {
    if parts.family_name.is_some() || parts.given_name.is_some() {
        let both: Vec<String> = parts.family_name.into_iter().chain(parts.given_name).collect();
        personal.name = Some(both.join(" "));
    }
    if let Some(skills) = parts.skills {
        worker.skills = (!skills.is_empty() || parts.no_skills).then_some(skills);
    }
    if let Some(mut own) = parts.day_parts {
        own.sort_unstable();
        own.dedup();
        worker.day_parts = Some(own);
    }
    // A word of skills that nobody knows is kept where the matcher compares texts.
    const UNSURE: &str = "スキル";
    if let Some(evidence) = parts.evidence {
        personal.evidence = evidence;
    }
    if !parts.unsure_skills.is_empty() {
        let text = parts.unsure_skills.join("、");
        let known = personal
            .evidence
            .iter()
            .any(|e| e.title.as_deref() == Some(UNSURE) && e.text == text);
        if !known {
            personal.evidence.push(Evidence {
                title: Some(UNSURE.to_owned()),
                text,
            });
        }
    }
    let told = |given_on| Consent {
        purpose: parts.purpose.unwrap_or_default(),
        given_on,
        text_version: parts
            .text_version
            .clone()
            .unwrap_or_else(|| TEXT_VERSION.to_owned()),
        given_at: None,
    };
    match (parts.consented, &worker.consent) {
        (Some(Consented::On(day)), Some(before)) if before.given_on == day => {
            let same = Consent {
                given_at: before.given_at,
                ..told(day)
            };
            worker.consent = Some(same);
        }
        (Some(Consented::On(day)), _) => worker.consent = Some(told(day)),
        (Some(Consented::No), _) => worker.consent = None,
        (Some(Consented::Yes), None) => {
            let (ja, en) = (
                "同意した日が分からないため、同意は登録していません。",
                "No consent was recorded: the day of it is not told.",
            );
            reading.notice("consent", Remark::new("consent_without_date", ja, en));
        }
        _ => {}
    }
    worker.personal = (personal != Personal::default()).then_some(personal);
    if worker.personal.as_ref().is_none_or(|p| p.name.is_none()) && worker.external_id.is_none() {
        let (ja, en) = ("氏名もIDもありません。", "There is neither a name nor an id.");
        reading.reject("name", Remark::new("missing_name", ja, en));
    }
}

fn skills(text: &str, parts: &mut Parts, context: &Context, notices: &mut Vec<Remark>) -> CellResult<()> {
    let own = parts.skills.get_or_insert_default();
    if text.starts_with("[{") || text == NONE {
        own.extend(json::<Vec<WorkerSkill>>(text)?);
        parts.no_skills = own.is_empty();
        return Ok(());
    }
    let words = &context.vocabulary.skills;
    for item in words.items(text) {
        let (word, level) = with_level(&item);
        match words.sure(word) {
            Ok(meaning) => {
                if meaning.confidence_ppm < 1_000_000 {
                    let percent = meaning.confidence_ppm / 10_000;
                    let ja = format!("「{word}」を {} と解釈しました(確信度{percent}%)。", meaning.code);
                    let en = format!("{word:?} was taken for {} (confidence {percent}%).", meaning.code);
                    notices.push(Remark::new("guessed_skill", ja, en).suggesting(Some(meaning.code.clone())));
                }
                add_skill(own, &meaning.code, level.unwrap_or(USUAL_LEVEL));
            }
            Err(near) => {
                notices.push(unsure("unsure_skill", word, near));
                parts.unsure_skills.push(word.to_owned());
            }
        }
    }
    Ok(())
}

/// Named twice, the higher level counts.
fn add_skill(skills: &mut Vec<WorkerSkill>, code: &str, level: u8) {
    match skills.iter_mut().find(|own| own.skill == code) {
        Some(own) => own.level = own.level.max(level),
        None => skills.push(WorkerSkill {
            skill: code.to_owned(),
            level,
        }),
    }
}

/// "編集(4)", "編集:4", "編集 上級"
fn with_level(item: &str) -> (&str, Option<u8>) {
    let bare = item.trim_end_matches(')');
    match bare.rsplit_once(['(', ':', ' ']) {
        Some((word, level)) if !word.trim().is_empty() => match level_of(level) {
            Some(level) => (word.trim(), Some(level)),
            None => (item, None),
        },
        _ => (item, None),
    }
}

fn level_of(text: &str) -> Option<u8> {
    match text.trim() {
        "初級" | "初心者" | "beginner" => Some(2),
        "中級" | "intermediate" => Some(3),
        "上級" | "得意" | "advanced" => Some(4),
        "講師" | "専門" | "expert" => Some(5),
        number => number
            .trim_start_matches("レベル")
            .parse()
            .ok()
            .filter(|level| (1..=5).contains(level)),
    }
}

fn status(text: &str) -> CellResult<WorkerStatus> {
    match text {
        "" | "active" | "活動中" | "登録中" | "有効" | "在籍" => Ok(WorkerStatus::Active),
        "paused" | "休止" | "休止中" | "休会" | "停止" | "退会" => Ok(WorkerStatus::Paused),
        _ => Err(Remark::new(
            "invalid_status",
            "状態は active か paused です。",
            "The status is active or paused.",
        )),
    }
}

/// Empty is none.
pub fn optional<T>(text: &str, read: impl FnOnce(&str) -> CellResult<T>) -> CellResult<Option<T>> {
    if text.is_empty() {
        Ok(None)
    } else {
        read(text).map(Some)
    }
}

pub fn day(text: &str, notices: &mut Vec<Remark>) -> CellResult<Option<NaiveDate>> {
    let Some(CellDate { date, is_exact }) = optional(text, parse_date)? else {
        return Ok(None);
    };
    if !is_exact {
        let (ja, en) = (
            format!("日がないため{date}としました。"),
            format!("Without a day, it was taken as {date}."),
        );
        notices.push(Remark::new("imprecise_date", ja, en));
    }
    Ok(Some(date))
}

/// A cell of JSON.
pub fn json<T: serde::de::DeserializeOwned>(text: &str) -> CellResult<T> {
    let remark = |code, message| Remark {
        code,
        message,
        suggestion: None,
    };
    let value = serde_json::from_str(text).map_err(|e| {
        let ja = "JSONの形式が正しくありません。";
        remark(
            "malformed_json",
            crate::error::Text::new(ja, format!("The JSON is malformed: {e}.")),
        )
    })?;
    crate::http::decode::value(&value).map_err(|e| remark(e.code(), e.text()))
}

/// The field that a rule of the API speaks of.
fn field_of(pointer: &str) -> Option<&'static str> {
    let member = pointer.trim_start_matches("/personal").split('/').nth(1)?;
    let by_member = crate::imports::fields::WORKERS
        .iter()
        .map(|f| f.name)
        .find(|name| *name == member);
    by_member.or(match member {
        "track_record" => Some("completed"),
        _ => None,
    })
}

/// By what a row without an id is known when it comes again: address, number, or name, reading and place.
pub fn likeness(worker: &NewWorker) -> String {
    let personal = worker.personal.clone().unwrap_or_default();
    let name = [personal.name, personal.kana, worker.area.clone()]
        .map(Option::unwrap_or_default)
        .join("|");
    personal.email.or(personal.phone).unwrap_or(name).to_lowercase()
}
