//! What an event must obey, what it is noted for, and how its status moves.

use super::{
    Breakout, Event, EventNotice, EventNoticeCode, EventStatus, EventTime, NewEvent, Question, QuestionKind,
    first_of_month,
};
use crate::auth::{Reach, not_permitted};
use crate::catalogue::calendar::{day_in_tokyo, fiscal_year, midnight_in_tokyo};
use crate::db::Instant;
use crate::error::{Error, FieldError, Result, Text};
use crate::http::Language;
use crate::programmes::rules::outside_year;
use chrono::{Datelike, Days, Months, NaiveDate};
use text::fold;

/// Returns the first day of an event in Tokyo.
pub fn first_day(plan: &NewEvent) -> Option<NaiveDate> {
    first_day_of(&plan.times, plan.month.as_deref())
}

/// Returns the first day of times in Tokyo, or else that of the month.
pub fn first_day_of(times: &[EventTime], month: Option<&str>) -> Option<NaiveDate> {
    let first = times.iter().map(|time| time.starts_at).min();
    let first = first.map(|at| day_in_tokyo(at.utc()));
    first.or_else(|| month.and_then(first_of_month))
}

/// Returns whether an event has begun: its first time, or else its month.
pub fn has_begun(plan: &NewEvent, now: Instant) -> bool {
    let first = plan.times.iter().map(|time| time.starts_at).min();
    let first = first.or_else(|| first_day(plan).map(|day| Instant::from(midnight_in_tokyo(day))));
    first.is_some_and(|first| first <= now)
}

/// Checks that it can be known who came: from the day of the begin on, since people come before it.
pub fn check_begun(plan: &NewEvent, now: Instant) -> Result<()> {
    match first_day(plan).is_some_and(|day| Instant::from(midnight_in_tokyo(day)) <= now) {
        true => Ok(()),
        false => Err(conflict(
            "event_not_begun",
            "出欠は、イベントの初日から記録できます。",
            "Who came is known from the first day of the event on.",
        )),
    }
}

/// Returns when an event is over: the last end, or that of the last day or of the month.
pub fn last_moment(plan: &NewEvent) -> Option<Instant> {
    let end_of_day = |day: NaiveDate| {
        let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
        Instant::from(midnight_in_tokyo(next))
    };
    let end = |time: &EventTime| {
        let day = day_in_tokyo(time.starts_at.utc());
        time.ends_at.unwrap_or_else(|| end_of_day(day))
    };
    let last = plan.times.iter().map(end).max();
    let of_month = || {
        let first = plan.month.as_deref().and_then(first_of_month)?;
        let next = first.checked_add_months(Months::new(1))?;
        Some(Instant::from(midnight_in_tokyo(next)))
    };
    last.or_else(of_month)
}

/// Collects the faults of an event that concern more than one of its fields. `year` is that of its programme.
pub fn check(plan: &NewEvent, year: Option<i32>) -> Result<()> {
    let mut faults = Vec::new();
    let mut fault = |at: String, code: &'static str, ja: &'static str, en: &'static str| {
        faults.push(FieldError::at(at, code, Text::new(ja, en)));
    };
    if plan.times.is_empty() && plan.month.is_none() {
        fault(
            "/times".into(),
            "missing_dates",
            "日時（times）または年月（month）を指定してください。",
            "Give times, or else the month.",
        );
    }
    let mut span = |at: String, starts: Option<Instant>, ends: Option<Instant>| {
        let plausible = |at: Instant| (1900..=2200).contains(&at.utc().year());
        if [starts, ends].into_iter().flatten().any(|at| !plausible(at)) {
            fault(
                at,
                "out_of_range",
                "年は1900〜2200で指定してください。",
                "The year must be 1900 to 2200.",
            );
        } else if let (Some(starts), Some(ends)) = (starts, ends)
            && ends <= starts
        {
            fault(
                at,
                "ends_before_start",
                "終了は開始より後にしてください。",
                "It ends before it starts.",
            );
        }
    };
    for (i, time) in plan.times.iter().enumerate() {
        span(format!("/times/{i}/ends_at"), Some(time.starts_at), time.ends_at);
    }
    for (i, breakout) in plan.breakouts.iter().enumerate() {
        span(
            format!("/breakouts/{i}/ends_at"),
            breakout.starts_at,
            breakout.ends_at,
        );
    }
    for (i, Question { kind, choices, .. }) in plan.questions.iter().enumerate() {
        if (*kind == QuestionKind::Choice) == choices.is_empty() {
            let at = format!("/questions/{i}/choices");
            let rule = "choice の質問には選択肢が必要です。ほかの質問には指定できません。";
            faults.push(FieldError::at(
                at,
                "invalid_choices",
                Text::new(
                    rule,
                    "A question of the kind choice needs choices, others have none.",
                ),
            ));
        }
    }
    if plan.status == EventStatus::Cancelled && plan.notice.is_none() {
        faults.push(missing_notice());
    }
    if let (Some(year), Some(day)) = (year, first_day(plan))
        && fiscal_year(day) != year
    {
        let at = if plan.times.is_empty() {
            "/month"
        } else {
            "/times/0/starts_at"
        };
        faults.push(outside_year(year, at));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}

/// Returns whether a plan adds the days to an event of which only the month was known. That moves nothing.
pub fn says_the_day(before: &NewEvent, after: &NewEvent) -> bool {
    let month = |time: &EventTime| day_in_tokyo(time.starts_at.utc()).format("%Y-%m").to_string();
    let is_within = |time: &EventTime| before.month.as_ref() == Some(&month(time));
    before.times.is_empty() && !after.times.is_empty() && after.times.iter().all(is_within)
}

pub fn missing_notice() -> FieldError {
    let rule = Text::new(
        "中止や日程の変更には理由が必要です。",
        "To cancel an event, or to move a published one, say why.",
    );
    FieldError::at("/notice", "missing_field", rule)
}

/// Returns the status that an event gets when somebody writes it. What an organization writes is released by a coordinator;
/// it may only cancel by itself.
pub fn next_status(reach: &Reach, before: Option<&Event>, asked: EventStatus) -> Result<EventStatus> {
    use EventStatus::{Cancelled, Draft, Published, Submitted};
    let from = before.map(|before| before.plan.status);
    let is_legal = match (from, asked) {
        (None, Cancelled) => false,
        (Some(Cancelled), to) => to == Cancelled,
        (Some(Published), Draft) => false,
        (Some(Draft | Submitted), Cancelled) => before.is_some_and(|before| before.published_at.is_some()),
        _ => true,
    };
    if !is_legal {
        return Err(Error::Conflict {
            code: "illegal_transition",
            detail: Text::new(
                format!("イベントの状態を {} に変更できません。", asked.code()),
                format!("The status of the event can't become {}.", asked.code()),
            ),
        });
    }
    let is_office = matches!(reach, Reach::Everything | Reach::Areas(_));
    Ok(match asked {
        Published if !is_office => Submitted,
        asked => asked,
    })
}

/// Checks that what an organization cancels goes on to say what a coordinator released: only the status and the reason differ,
/// and afterwards nothing. What is being reviewed again is cancelled by a coordinator.
pub fn check_cancelled(reach: &Reach, before: &Event, after: &NewEvent) -> Result<()> {
    let is_office = matches!(reach, Reach::Everything | Reach::Areas(_));
    if is_office || after.status != EventStatus::Cancelled {
        return Ok(());
    }
    let from = before.plan.status;
    if !matches!(from, EventStatus::Published | EventStatus::Cancelled) {
        return Err(Error::Invalid(vec![not_permitted("/status")]));
    }
    let value = |plan: &NewEvent| serde_json::to_value(plan).map_err(|e| Error::Internal(e.to_string()));
    let (old, new) = (value(&before.plan)?, value(after)?);
    let may_differ: &[&str] = match from {
        EventStatus::Published => &["status", "notice"],
        _ => &[],
    };
    let names = new.as_object().into_iter().flat_map(|fields| fields.keys());
    let faults: Vec<FieldError> = names
        .filter(|name| !may_differ.contains(&name.as_str()) && old.get(*name) != new.get(*name))
        .map(|name| not_permitted(&format!("/{name}")))
        .collect();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(faults)),
    }
}

/// Returns what an event is noted for, where so many places are taken.
pub fn notices(plan: &NewEvent, attendance: Option<i64>, taken: i64, language: Language) -> Vec<EventNotice> {
    let mut notices = Vec::new();
    let mut note = |code, pointer: String, text: Text| {
        let message = language.choose(&text).to_owned();
        notices.push(EventNotice {
            code,
            pointer,
            message,
        });
    };
    for (i, one) in plan.breakouts.iter().enumerate() {
        for other in plan.breakouts.iter().take(i) {
            if let Some(speaker) = shared_speaker(one, other).filter(|_| overlap(one, other)) {
                let text = Text::new(
                    format!("{speaker}さんの分科会が重なっています。"),
                    format!("Two breakouts of {speaker} overlap."),
                );
                note(EventNoticeCode::SpeakerOverlap, format!("/breakouts/{i}"), text);
            }
        }
    }
    let mut times: Vec<(usize, &EventTime)> = plan.times.iter().enumerate().collect();
    times.sort_by_key(|(_, time)| time.starts_at);
    for pair in times.windows(2) {
        let [(_, one), (i, next)] = pair else { continue };
        if one.ends_at.is_some_and(|end| end > next.starts_at) {
            let text = Text::new("日時が重なっています。", "Two times overlap.");
            note(EventNoticeCode::TimesOverlap, format!("/times/{i}"), text);
        }
    }
    let Some(capacity) = plan.capacity else {
        return notices;
    };
    if let Some(attendance) = attendance.filter(|attendance| *attendance > i64::from(capacity)) {
        let text = Text::new(
            format!("参加者数（{attendance}人）が定員（{capacity}人）を超えています。"),
            format!("{attendance} people came, and the capacity is {capacity}."),
        );
        note(EventNoticeCode::AttendanceAboveCapacity, "/capacity".into(), text);
    } else if attendance.is_none() && taken > i64::from(capacity) {
        // Once people have come, how many came is what counts.
        let text = Text::new(
            format!(
                "申込み（{taken}人）が定員（{capacity}人）を超えています。申込み済みの人はそのまま参加でき、新しい申込みは空きが出るまで受け付けません。"
            ),
            format!(
                "{taken} places are taken, and the capacity is {capacity}. Those who have registered keep their places, and nobody else gets one until there is room."
            ),
        );
        note(
            EventNoticeCode::RegistrationsAboveCapacity,
            "/capacity".into(),
            text,
        );
    }
    notices
}

fn shared_speaker<'a>(one: &'a Breakout, other: &Breakout) -> Option<&'a str> {
    let key = |name: &str| fold(name).split_whitespace().collect::<String>();
    let others: Vec<String> = other.speakers.iter().map(|speaker| key(&speaker.name)).collect();
    let mut own = one.speakers.iter();
    let shared = own.find(|speaker| others.contains(&key(&speaker.name)));
    shared.map(|speaker| speaker.name.as_str())
}

/// Returns whether two breakouts overlap, as far as their times are known.
fn overlap(one: &Breakout, other: &Breakout) -> bool {
    let span = |breakout: &Breakout| Some((breakout.starts_at?, breakout.ends_at?));
    match (span(one), span(other)) {
        (Some((from, to)), Some((other_from, other_to))) => from < other_to && other_from < to,
        _ => false,
    }
}

fn conflict(code: &'static str, ja: &'static str, en: &'static str) -> Error {
    Error::Conflict {
        code,
        detail: Text::new(ja, en),
    }
}

pub fn registration_closed() -> Error {
    conflict(
        "registration_closed",
        "このイベントの申込みは受け付けていません。",
        "Registration for this event is closed.",
    )
}

pub fn already_registered() -> Error {
    conflict(
        "already_registered",
        "すでに申し込まれています。",
        "This person is registered already.",
    )
}

pub fn too_many_places(capacity: i32) -> FieldError {
    let rule = Text::new(
        format!("定員（{capacity}人）以下で指定してください。"),
        format!("Give at most {capacity}, the capacity of the event."),
    );
    FieldError::at("/places", "too_many_places", rule)
}

pub fn event_full() -> Error {
    conflict("event_full", "定員に達しています。", "All places are taken.")
}

/// Those who come together have at least so many places, and at most this part of them: guests of one site a quarter,
/// an organization's people half.
const LEAST_SHARE: i64 = 4;
/// Stands for the places of an event that doesn't count them.
const UNCOUNTED: i32 = 400;

/// Returns how many places guests may have together who register from one site.
pub fn share_of_site(plan: &NewEvent) -> i64 {
    (i64::from(plan.capacity.unwrap_or(UNCOUNTED)) / 4).max(LEAST_SHARE)
}

/// Returns how many places the people of an organization may have that it registers itself.
pub fn share_of_organization(plan: &NewEvent) -> i64 {
    (i64::from(plan.capacity.unwrap_or(UNCOUNTED)) / 2).max(LEAST_SHARE)
}

pub fn share_taken() -> Error {
    conflict(
        "share_taken",
        "同じ団体、または同じ場所からの申込みが上限に達しています。人数が多い場合は、主催者に連絡してください。",
        "You and others of your organization or network have as many places as can be given to you. Ask the organizer for more.",
    )
}

pub fn already_answered() -> Error {
    conflict(
        "already_answered",
        "アンケートは回答済みです。",
        "The questionnaire was answered already.",
    )
}

pub fn no_questionnaire() -> Error {
    conflict(
        "no_questionnaire",
        "このイベントのアンケートは受け付けていません。",
        "This event takes no answers: it has no questions, or it isn't over.",
    )
}

#[cfg(test)]
mod tests {
    use super::super::Speaker;
    use super::*;
    use serde_json::{Value, json};

    fn plan(more: Value) -> NewEvent {
        let mut body = json!({"kind": "seminar", "title": "ゼミ", "month": "2026-10"});
        json_patch::merge(&mut body, &more);
        serde_json::from_value(body).unwrap()
    }

    fn codes(plan: &NewEvent, year: Option<i32>) -> Vec<String> {
        match check(plan, year) {
            Err(Error::Invalid(faults)) => faults.into_iter().map(|fault| fault.code.into_owned()).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn an_event_has_times_or_a_month_and_ends_after_it_starts() {
        assert!(codes(&plan(json!({})), Some(2026)).is_empty());
        assert_eq!(codes(&plan(json!({"month": null})), None), ["missing_dates"]);
        let reversed = json!({"times": [{"starts_at": "2026-10-08T16:00:00+09:00", "ends_at": "2026-10-08T16:00:00+09:00"}]});
        assert_eq!(codes(&plan(reversed), None), ["ends_before_start"]);
        assert_eq!(codes(&plan(json!({})), Some(2025)), ["outside_fiscal_year"]);
        assert_eq!(
            codes(&plan(json!({"status": "cancelled"})), None),
            ["missing_field"]
        );
        for wrong in ["2026-13", "2026-1", "1899-12", "2026-10-01", "２０２６-10"] {
            assert!(super::super::real_month(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_event_is_over_after_its_last_time_or_its_month() {
        let over = |more| last_moment(&plan(more)).unwrap().to_string();
        assert_eq!(over(json!({})), "2026-10-31T15:00:00.000000Z");
        let two = json!({"times": [{"starts_at": "2026-10-08T13:00:00+09:00", "ends_at": "2026-10-08T15:00:00+09:00"},
            {"starts_at": "2026-10-09T13:00:00+09:00"}]});
        assert_eq!(over(two.clone()), "2026-10-09T15:00:00.000000Z");
        assert_eq!(first_day(&plan(two)).unwrap().to_string(), "2026-10-08");
    }

    #[test]
    fn a_speaker_in_two_breakouts_at_once_and_too_many_visitors_are_noted() {
        let breakout = |from: &str, to: &str, name: &str| Breakout {
            title: "分科会".into(),
            starts_at: Instant::parse(from),
            ends_at: Instant::parse(to),
            room: None,
            speakers: vec![Speaker {
                name: name.into(),
                affiliation: None,
            }],
        };
        let (one, two, three) = (
            "2026-10-08T04:00:00Z",
            "2026-10-08T05:00:00Z",
            "2026-10-08T06:00:00Z",
        );
        let noted = |breakouts: Vec<Breakout>| {
            let plan = NewEvent {
                breakouts,
                capacity: Some(10),
                ..plan(json!({}))
            };
            let notices = notices(&plan, Some(10), 10, Language::Ja).into_iter();
            notices.map(|one| (one.code, one.pointer)).collect::<Vec<_>>()
        };
        let at_once = vec![
            breakout(one, three, "田中 さくら"),
            breakout(two, three, "田中　さくら"),
        ];
        let expected = (EventNoticeCode::SpeakerOverlap, "/breakouts/1".to_owned());
        assert_eq!(noted(at_once), [expected]);
        assert!(noted(vec![breakout(one, two, "田中"), breakout(two, three, "田中")]).is_empty());
        assert!(noted(vec![breakout(one, two, "田中"), breakout(one, two, "鈴木")]).is_empty());
        let crowded = plan(json!({"capacity": 10}));
        assert_eq!(
            notices(&crowded, Some(11), 11, Language::En)[0].code,
            EventNoticeCode::AttendanceAboveCapacity
        );
        assert_eq!(
            notices(&crowded, None, 11, Language::En)[0].code,
            EventNoticeCode::RegistrationsAboveCapacity
        );
        assert!(notices(&crowded, None, 10, Language::En).is_empty());
    }

    #[test]
    fn what_an_organization_publishes_is_submitted_first() {
        let organization = Reach::Organization(crate::db::Id::new());
        let asked = |reach: &Reach, to| next_status(reach, None, to).ok();
        assert_eq!(
            asked(&organization, EventStatus::Published),
            Some(EventStatus::Submitted)
        );
        assert_eq!(
            asked(&Reach::Everything, EventStatus::Published),
            Some(EventStatus::Published)
        );
        assert_eq!(asked(&Reach::Everything, EventStatus::Cancelled), None);
    }
}
