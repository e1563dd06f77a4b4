//! The questionnaire after an event. An answer doesn't say who gave it.

use super::actions::find_held;
use super::registering::MOST;
use super::registration::{Registration, RegistrationStatus};
use super::rules::{already_answered, last_moment, no_questionnaire};
use super::store::registrations as store;
use super::store::{find, held, lock_event};
use super::{Event, EventStatus, EventTime, NewEvent, Question, QuestionKind, Reply};
use crate::auth::{Reach, Viewer, access_denied};
use crate::changes;
use crate::db::{Db, Id, Instant};
use crate::error::{Error, FieldError, Result, Text};
use crate::http::disclosure::impersonal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

impersonal!(Questionnaire, AnswerNote);

/// How many answers a summary counts at most.
const COUNTED: i64 = 10_000;
/// How many answers in words a summary shows.
const WORDS: usize = 200;

/// Answers to a questionnaire, in the order of its questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"registration_id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b",
    "replies": [{"scale": 5, "choice": null, "text": null}, {"scale": null, "choice": "知人", "text": null}]}))]
pub struct NewAnswers {
    /// Your registration. Those who hold the event leave it out for answers on paper.
    #[serde(default)]
    pub registration_id: Option<Id>,
    /// Leave all members of a reply null to skip its question. At least one is answered.
    #[validate(length(max = 20), nested)]
    #[schema(max_items = 20)]
    pub replies: Vec<Reply>,
}

/// Answers by the secret of a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"secret": "mrg_…", "replies": [{"scale": 5, "choice": null, "text": null}]}))]
pub struct SecretAnswers {
    #[validate(length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100)]
    pub secret: String,
    #[validate(length(max = 20), nested)]
    #[schema(max_items = 20)]
    pub replies: Vec<Reply>,
}

/// That answers were taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"event_id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", "count": 12}))]
pub struct AnswerNote {
    pub event_id: Id,
    /// How many have answered now.
    #[schema(minimum = 0)]
    pub count: i64,
}

/// How often a choice or a mark was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"value": "知人", "count": 7}))]
pub struct ReplyCount {
    /// The choice, or the mark from `1` to `5`.
    pub value: String,
    #[schema(minimum = 0)]
    pub count: u32,
}

/// What was answered to a question.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QuestionSummary {
    pub question: Question,
    /// How many have answered it.
    #[schema(minimum = 0)]
    pub answered: u32,
    /// The mean of the marks. Null for other kinds, and without answers.
    pub mean: Option<f64>,
    /// The marks or choices with their counts. Empty for questions in words.
    pub counts: Vec<ReplyCount>,
    /// The answers in words, up to 200.
    pub texts: Vec<String>,
}

/// What was answered to the questionnaire of an event.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Questionnaire {
    pub event_id: Id,
    /// How many have answered; those beyond 10,000 aren't counted.
    #[schema(minimum = 0)]
    pub count: u32,
    pub questions: Vec<QuestionSummary>,
}

/// Checks that each reply suits its question. Returns them, with those that were skipped as none.
fn checked(questions: &[Question], replies: Vec<Reply>) -> Result<Vec<Option<Reply>>> {
    let mut faults = Vec::new();
    let mut fault = |i: usize, ja: &'static str, en: &'static str| {
        let rule = Text::new(ja, en);
        faults.push(FieldError::at(format!("/replies/{i}"), "invalid_reply", rule));
    };
    let mut taken = Vec::new();
    for (i, reply) in replies.into_iter().enumerate() {
        let Some(question) = questions.get(i) else {
            fault(
                i,
                "この番号の質問はありません。",
                "There is no question of this number.",
            );
            continue;
        };
        let is_skipped = reply == Reply::default();
        let suits = match question.kind {
            QuestionKind::Scale => reply.choice.is_none() && reply.text.is_none(),
            QuestionKind::Text => reply.choice.is_none() && reply.scale.is_none(),
            QuestionKind::Choice => {
                let is_known = |choice: &String| question.choices.contains(choice);
                reply.scale.is_none() && reply.text.is_none() && reply.choice.as_ref().is_none_or(is_known)
            }
        };
        if !suits {
            fault(
                i,
                "質問の種類に合う回答を指定してください。",
                "Give a reply that suits the kind of the question.",
            );
        }
        taken.push((!is_skipped).then_some(reply));
    }
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    if taken.iter().all(Option::is_none) {
        // It can be answered only once.
        let rule = Text::new("1問以上に回答してください。", "Answer at least one question.");
        return Err(Error::invalid("/replies", "missing_field", rule));
    }
    Ok(taken)
}

/// Returns when a questionnaire opens: when the event begins, or after its first day, while nobody knows the hour, or else after
/// its month.
fn opens_at(plan: &NewEvent) -> Option<Instant> {
    let begin = |time: &EventTime| {
        let after_day = time
            .whole_days()
            .and_then(|(first, _)| EventTime::of_days(first, first).ends_at);
        after_day.unwrap_or(time.starts_at)
    };
    let first = plan.times.iter().map(begin).min();
    first.or_else(|| last_moment(plan))
}

/// Checks that an event has a questionnaire that takes answers now, on paper or from a registration.
pub fn check_answerable(event: &Event, from: Option<&Registration>, now: Instant) -> Result<()> {
    let has_begun = opens_at(&event.plan).is_some_and(|opens| opens <= now);
    use RegistrationStatus::{Attended, Registered};
    let is_visitor = from.is_none_or(|from| matches!(from.new.status, Registered | Attended));
    // Nobody was at what was cancelled.
    let took_place = event.plan.status == EventStatus::Published;
    if event.plan.questions.is_empty() || !has_begun || !is_visitor || !took_place {
        return Err(no_questionnaire());
    }
    match from.is_some_and(|from| from.answered) {
        true => Err(already_answered()),
        false => Ok(()),
    }
}

/// Stores the answers of a registration, or on paper, to the questionnaire of an event that is locked.
pub fn store_answers(
    db: &mut Db,
    actor: &str,
    event: &Event,
    registration: Option<(Registration, store::Keys)>,
    replies: Vec<Reply>,
    now: Instant,
) -> Result<AnswerNote> {
    check_answerable(event, registration.as_ref().map(|(one, _)| one), now)?;
    let count = store::count_answers(db, event.id)?;
    if count >= MOST {
        return Err(no_questionnaire());
    }
    let replies = checked(&event.plan.questions, replies)?;
    store::insert_answers(db, event.id, &replies, now)?;
    if let Some((before, keys)) = registration {
        let after = Registration {
            answered: true,
            version: before.version + 1,
            updated_at: now,
            ..before
        };
        let change = store::update_unlogged(db, &after, keys)?;
        changes::store::append(db, actor, &[change])?;
    }
    Ok(AnswerNote {
        event_id: event.id,
        count: count + 1,
    })
}

/// Takes answers from somebody with a token.
pub fn answer(db: &mut Db, viewer: &Viewer, event: Id, new: NewAnswers, now: Instant) -> Result<AnswerNote> {
    lock_event(db, event)?;
    let event = find(db, &viewer.reach, event)?.as_public();
    let registration = match new.registration_id {
        Some(id) => Some(store::find(db, &viewer.reach, event.id, id)?),
        None if held(db, &viewer.reach, &[event.id])?.is_empty() => return Err(access_denied()),
        None => None,
    };
    store_answers(db, &viewer.actor, &event, registration, new.replies, now)
}

/// Sums up the answers for those who hold the event.
pub fn summarize(db: &mut Db, reach: &Reach, event: Id) -> Result<Questionnaire> {
    // Answers are to the questions that everybody sees.
    let event = find_held(db, reach, event)?.as_public();
    let answers = store::answers(db, event.id, COUNTED)?;
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let of_question = |(i, question): (usize, &Question)| {
        let replies: Vec<&Reply> = answers.iter().filter_map(|one| one.get(i)?.as_ref()).collect();
        let values: Vec<String> = match question.kind {
            QuestionKind::Scale => (1..=5).map(|mark| mark.to_string()).collect(),
            QuestionKind::Choice => question.choices.clone(),
            QuestionKind::Text => Vec::new(),
        };
        let given = |reply: &&Reply, value: &String| {
            let mark = reply.scale.map(|mark| mark.to_string());
            mark.as_ref() == Some(value) || reply.choice.as_ref() == Some(value)
        };
        let marks: Vec<i32> = replies.iter().filter_map(|reply| reply.scale).collect();
        let sum: i32 = marks.iter().sum();
        QuestionSummary {
            question: question.clone(),
            answered: number(replies.len()),
            mean: (!marks.is_empty()).then(|| f64::from(sum) / marks.len() as f64),
            counts: values
                .into_iter()
                .map(|value| ReplyCount {
                    count: number(replies.iter().filter(|reply| given(reply, &value)).count()),
                    value,
                })
                .collect(),
            texts: replies
                .iter()
                .filter_map(|reply| reply.text.clone())
                .take(WORDS)
                .collect(),
        }
    };
    Ok(Questionnaire {
        event_id: event.id,
        count: number(answers.len()),
        questions: event.plan.questions.iter().enumerate().map(of_question).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_questionnaire_opens_with_the_event_or_after_a_day_without_hours() {
        let opens = |times: Value, month: Value| {
            let body = json!({"kind": "seminar", "title": "ゼミ", "times": times, "month": month});
            let plan: NewEvent = serde_json::from_value(body).unwrap();
            opens_at(&plan).unwrap().to_string()
        };
        let time = |from: &str, to: &str| json!({"starts_at": format!("2026-12-{from}:00+09:00"), "ends_at": format!("2026-12-{to}:00+09:00")});
        let after_twelfth = "2026-12-12T15:00:00.000000Z";
        for (times, month) in [
            (json!([]), json!("2026-12-12")),
            (json!([time("12T00:00", "13T00:00")]), Value::Null),
            (json!([time("12T00:00", "15T00:00")]), Value::Null),
            (
                json!([time("12T00:00", "13T00:00"), time("13T10:00", "13T12:00")]),
                Value::Null,
            ),
        ] {
            assert_eq!(opens(times.clone(), month), after_twelfth, "{times}");
        }
        let hours = json!([time("12T13:30", "12T15:00"), time("12T00:00", "13T00:00")]);
        assert_eq!(opens(hours, Value::Null), "2026-12-12T04:30:00.000000Z");
        assert_eq!(opens(json!([]), json!("2026-12")), "2026-12-31T15:00:00.000000Z");
    }
}
