//! A row of a roster of workers.

pub mod another;
pub mod fields;

use super::reading::Reading;
use crate::catalogue::{DayPart, calendar};
use crate::db::Instant;
use crate::http::body::check_change;
use crate::imports::columns::Target;
use crate::imports::contacts::second_value;
use crate::imports::days::{Mark, Says, below, inexact, says_of, together};
use crate::imports::fields::{Context, Input, set};
use crate::workers::{Consent, Evidence, NewWorker, Personal};
use fields::{ConsentAnswer, DEFAULT_LEVEL, Draft, FIELDS, add_skill, parse_level};
use tables::Remark;
use tables::cells::{CellResult, parse_boolean};
use text::{fold, todays_form};

/// The version of the consent's text if a file doesn't state it.
const TEXT_VERSION: &str = "roster";

/// Returns the profile that a row makes of the one before, or `None` if the row is rejected.
pub fn understand(reading: &mut Reading, before: Option<&NewWorker>, context: &Context) -> Option<NewWorker> {
    reading.make(field_of, |reading| {
        let mut worker = before.cloned().unwrap_or(NewWorker {
            capacity: 1,
            ..NewWorker::default()
        });
        let personal = worker.personal.take().unwrap_or_default();
        let mut draft = Draft {
            verified_email: personal.email.clone().filter(|_| personal.email_verified),
            personal,
            worker,
            ..Draft::default()
        };
        reading.apply(context, |target, cell| apply(target, &mut draft, cell));
        let mut worker = finish(reading, draft);
        if before.is_none() && worker.area.is_none() && reading.text("area").is_none() {
            // Who looks after one area registers people there.
            worker.area = context.only_area().map(str::to_owned);
        }
        check_change(before, &worker)?;
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
        Target::DayParts {
            parts: of_heading,
            is_inexact,
        } => {
            let cells = draft.day_parts.get_or_insert_default();
            if cell.is_empty() {
                return Ok(());
            }
            let found = below(cell.text)?;
            if found.mark == Mark::Unsure {
                cell.warnings.push(not_counted(cell.text));
            }
            if found.is_inexact {
                cell.warnings.push(inexact(cell.text));
            }
            let is_known = |part: &DayPart| cells.iter().any(|(_, parts)| parts.contains(part));
            if *is_inexact && found.mark == Mark::Yes && !of_heading.iter().all(is_known) {
                cell.warnings.push(no_weekday(cell.text));
            }
            match (found.mark, found.parts) {
                (Mark::Yes, None) => cells.push((says_of(of_heading), of_heading.clone())),
                // 午前: the mornings of the days in the heading.
                (Mark::Yes, Some(of_cell)) => {
                    let both = of_heading.iter().copied().filter(|part| of_cell.contains(part));
                    let both: Vec<DayPart> = both.collect();
                    if both.is_empty() {
                        cell.warnings.push(not_counted(cell.text));
                    }
                    cells.push((Says::Both, both));
                }
                (Mark::No | Mark::Unsure, _) => {}
            }
        }
    }
    Ok(())
}

/// Says of a mark below 祝 or 第2土曜 that the days of every week stand for it.
fn no_weekday(cell: &str) -> Remark {
    Remark::new(
        "inexact_day_parts",
        format!(
            "列の見出しが毎週の曜日ではないため、「{cell}」は最も近い曜日（祝日は日曜）として取り込みました。"
        ),
        format!(
            "The heading of this column is no day of every week, so {cell:?} counts for the closest one (Sunday for holidays)."
        ),
    )
}

/// Says of a △ that nobody counts on it.
fn not_counted(cell: &str) -> Remark {
    Remark::new(
        "inexact_day_parts",
        format!("「{cell}」は参加できる日に数えていません。参加できる場合は○を入力してください。"),
        format!("{cell:?} doesn't count as available. Write ○ if the day is possible."),
    )
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
    let cells = draft.day_parts.filter(|cells| say_when(reading, cells));
    if let Some(cells) = cells {
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
    if let Some(address) = draft.address_beside {
        match &personal.email {
            Some(own) if reading.text("email").is_some() => {
                if *own != address {
                    reading.warn("phone", second_value(&address, false));
                }
            }
            _ => {
                personal.email_verified = draft.verified_email.as_ref() == Some(&address);
                personal.email = Some(address);
            }
        }
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
    let day_of_yes = moment.or_else(|| reading.answered_on());
    worker.consent = match (draft.consent.or(moment.map(ConsentAnswer::GivenOn)), &before) {
        (Some(ConsentAnswer::GivenOn(day)), _) => Some(given_on(day)),
        (Some(ConsentAnswer::No), Some(known)) => {
            reading.warn("consent", taken_away(known));
            None
        }
        (Some(ConsentAnswer::Blank | ConsentAnswer::Open), Some(known)) => {
            reading.warn("consent", not_seen(known));
            None
        }
        (Some(ConsentAnswer::No | ConsentAnswer::Blank | ConsentAnswer::Open), _) => None,
        (Some(ConsentAnswer::Yes), None) if day_of_yes.is_some() => day_of_yes.map(given_on),
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
        (Some(ConsentAnswer::Yes | ConsentAnswer::Unread) | None, _) => before,
    };
    worker.personal = (personal != Personal::default()).then_some(personal);
    // A name that can't be used has a finding of its own.
    let is_named = ["name", "family_name", "given_name"]
        .iter()
        .any(|field| reading.text(field).is_some());
    if !is_named
        && worker.personal.as_ref().is_none_or(|p| p.name.is_none())
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

/// Returns whether cells of days and times say when somebody has time. Times say it of all days, unless those can't be read.
fn say_when(reading: &mut Reading, cells: &[(Says, Vec<DayPart>)]) -> bool {
    let has = |all: &[Says]| cells.iter().any(|(says, _)| all.contains(says));
    if has(&[Says::Days, Says::Both, Says::Any]) || cells.is_empty() {
        return true;
    }
    let (has_times, is_unread) = (has(&[Says::Parts]), has(&[Says::Unread]));
    if has_times && (is_unread || has(&[Says::Nothing])) {
        reading.warn("day_parts", times_alone(is_unread));
    }
    has_times && !is_unread
}

/// Says of times beside a cell of days that is empty or can't be read which days they are taken for.
fn times_alone(is_unread: bool) -> Remark {
    let (ja, en) = match is_unread {
        true => (
            "曜日が読み取れないため、時間帯は取り込んでいません。",
            "The days can't be read, so the times weren't imported.",
        ),
        false => (
            "曜日の記載がないため、時間帯はすべての曜日のものとして取り込みました。",
            "There are no days, so the times were imported for all of them.",
        ),
    };
    Remark::new("inexact_day_parts", ja, en)
}

/// Says of a refusal or a withdrawal that it ends the consent that was recorded here.
fn taken_away(known: &Consent) -> Remark {
    let day = known.given_on;
    Remark::new(
        "consent_refused",
        format!("不同意または撤回とあるため、登録していた{day}の同意をなしにしました。"),
        format!("This refuses or withdraws it, so the consent of {day} that was recorded here was ended."),
    )
}

/// Says of a cell that leaves it open that the consent that was recorded here doesn't stay with it.
fn not_seen(known: &Consent) -> Remark {
    let day = known.given_on;
    Remark::new(
        "consent_refused",
        format!("同意が続いているか分からないため、登録していた{day}の同意をなしにしました。"),
        format!(
            "Nobody can tell whether the consent goes on, so that of {day}, which was recorded here, was ended."
        ),
    )
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
    fold(&personal.email.or(personal.phone).unwrap_or(name))
}

/// Returns what tells apart people who share what identifies a row: a couple has one number.
pub fn namesake(worker: &NewWorker) -> Option<String> {
    let personal = worker.personal.as_ref()?;
    personal.email.as_ref().or(personal.phone.as_ref())?;
    let name = fold(personal.name.as_ref()?);
    let letters = name.chars().filter(|c| !c.is_whitespace()).map(todays_form);
    Some(letters.collect())
}
