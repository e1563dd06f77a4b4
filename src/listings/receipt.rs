//! The page of a registration that somebody made without an account: what became of it and of its event, how to cancel it, and
//! the questionnaire. It is opened with the secret of the registration.

use super::wording;
use crate::db::Id;
use crate::error::Result;
use crate::events::answers::SecretAnswers;
use crate::events::registration::{Receipt, ReceiptSecret, RegistrationStatus};
use crate::events::{EventStatus, Question, QuestionKind};
use crate::http::pages::HtmlPage;
use crate::http::pages::form::Form;
use crate::http::pages::markup::{Head, Markup, begin, choose, end};
use crate::http::{Language, body};
use crate::values::words;
use serde_json::{Map, Value, json};

pub const PATH: &str = "/registration";
pub const CANCELLATION: &str = "/registration/cancellation";
pub const ANSWERS: &str = "/registration/answers";

/// The names of all fields that are read: of the replies, as many as a questionnaire has questions, and the secret.
pub const NAMES: &[&str] = &[
    "replies/0",
    "replies/1",
    "replies/2",
    "replies/3",
    "replies/4",
    "replies/5",
    "replies/6",
    "replies/7",
    "replies/8",
    "replies/9",
    "replies/10",
    "replies/11",
    "replies/12",
    "replies/13",
    "replies/14",
    "replies/15",
    "replies/16",
    "replies/17",
    "replies/18",
    "replies/19",
    "secret",
];

/// Returns the names of the replies, in the order of their questions.
fn reply_names() -> impl Iterator<Item = &'static str> {
    let names = NAMES.iter().copied();
    names.filter(|name| name.starts_with("replies/"))
}

/// Returns the secret that opens the page.
pub fn secret(form: &Form) -> Result<String> {
    let secret = json!({ "secret": form.typed("secret") });
    let found: ReceiptSecret = body::parse(secret.to_string().as_bytes())?;
    Ok(found.secret)
}

/// Returns the answers to a questionnaire, checked by the rules of the API.
pub fn answers(form: &Form, questions: &[Question]) -> Result<SecretAnswers> {
    let reply = |(question, name): (&Question, &'static str)| {
        let value = match (form.typed(name), question.kind) {
            ("", _) => return json!({}),
            (_, QuestionKind::Scale) => form.number(name),
            (typed, _) => typed.into(),
        };
        Value::Object(Map::from_iter([(question.kind.code().to_owned(), value)]))
    };
    let replies: Vec<Value> = questions.iter().zip(reply_names()).map(reply).collect();
    let answers = json!({"secret": form.typed("secret"), "replies": replies});
    body::parse(answers.to_string().as_bytes())
}

/// Begins a page that only its reader sees. Its address has no secret.
fn begin_page(title: &str, form: &Form, language: Language) -> Markup {
    let head = Head {
        title,
        description: title,
        url: PATH,
        lang: form.lang,
        ..Head::default()
    };
    let mut page = Markup::default();
    begin(&mut page, language, &head);
    page.raw("<main>\n<h1>").text(title).raw("</h1>\n");
    form.write_refusal(&mut page, language);
    page
}

fn end_page(mut page: Markup, event: Option<Id>, form: &Form, language: Language) -> HtmlPage {
    if let Some(event) = event {
        page.raw("<p><a href=\"");
        form.address(&mut page, &format!("/events/{event}"))
            .raw("\">")
            .words(language, "イベントのページへ", "To the event")
            .raw("</a></p>\n");
    }
    end(&mut page);
    page.into()
}

/// Writes the form that opens the page of a registration.
pub fn write_opening(page: &mut Markup, form: &Form, language: Language) {
    form.begin(page, PATH);
    page.raw("<label>")
        .words(language, "申込番号", "Number of the registration")
        .raw(" <input name=\"secret\" autocomplete=\"off\" maxlength=\"100\" required value=\"")
        .text(form.typed("secret"))
        .raw("\"");
    form.end_input(page, "secret");
    page.raw("</label>\n");
    form.write_faults(page, "secret", language);
    page.raw("<p><button>")
        .words(language, "申込みを見る", "Show it")
        .raw("</button></p>\n</form>\n");
}

/// Writes the page that asks for the number of a registration.
pub fn opening(form: &Form, language: Language) -> HtmlPage {
    let title = choose(language, "申込みの確認、取消し、アンケート", "Your registration");
    let mut page = begin_page(title, form, language);
    write_opening(&mut page, form, language);
    end_page(page, None, form, language)
}

/// Returns what the page of a registration is called. `is_new`: it was made just now.
fn title(receipt: &Receipt, is_new: bool, language: Language) -> &'static str {
    use RegistrationStatus::{Absent, Attended, Cancelled, Registered, Waiting};
    let (ja, en) = match (receipt.event_status, receipt.status, is_new) {
        (_, Cancelled, _) => ("申込みは取り消されています", "The registration is cancelled"),
        (EventStatus::Cancelled, ..) => ("イベントは中止になりました", "The event is cancelled"),
        (_, Registered, true) => ("申し込みました", "You are registered"),
        (_, Waiting, true) => ("キャンセル待ちに登録しました", "You are on the waiting list"),
        (_, Registered, false) => ("申し込まれています", "You are registered"),
        (_, Waiting, false) => ("キャンセル待ちです", "You are on the waiting list"),
        (_, Attended, _) => ("参加されました", "You took part"),
        (_, Absent, _) => ("欠席されました", "You didn't take part"),
    };
    choose(language, ja, en)
}

/// Writes what somebody gets for a registration, with its secret if it was made just now.
pub fn show(receipt: &Receipt, form: &Form, language: Language) -> HtmlPage {
    let is_new = receipt.secret.is_some();
    let mut page = begin_page(title(receipt, is_new, language), form, language);
    let is_on = receipt.event_status != EventStatus::Cancelled;
    if receipt.status == RegistrationStatus::Waiting && is_on {
        page.raw("<p>")
            .words(
                language,
                "定員に達しているため、キャンセル待ちになっています。空きが出ると、順に申込みが確定します。",
                "All places are taken. When one becomes free, it goes to those who wait, in their order.",
            )
            .raw("</p>\n");
    }
    if receipt.moved_at.is_some() && is_on {
        page.raw("<p><strong>")
            .words(
                language,
                "日程または会場が変更されました。",
                "The event was moved to another time or place.",
            )
            .raw("</strong></p>\n");
    }
    page.raw("<dl>\n");
    page.row(choose(language, "イベント", "Event"), &receipt.title);
    if let Some(notice) = &receipt.notice {
        page.row(choose(language, "お知らせ", "Notice"), notice);
    }
    let when = wording::when(&receipt.times, receipt.month.as_ref(), language).join("\n");
    page.row(choose(language, "日時", "When"), &when);
    if let Some(place) = wording::venue(receipt.place.as_ref(), receipt.online, language) {
        page.row(choose(language, "場所", "Where"), &place);
    }
    // Nobody comes to an event that is cancelled, whatever the registration says.
    let status = match is_on || receipt.status == RegistrationStatus::Cancelled {
        true => words::text("RegistrationStatus", receipt.status.code()),
        false => words::text("EventStatus", receipt.event_status.code()),
    };
    page.row(choose(language, "状態", "Status"), language.choose(&status));
    page.row(choose(language, "人数", "People"), &receipt.places.to_string());
    if let Some(url) = &receipt.online_url {
        page.row(choose(language, "オンラインの会場", "Online room"), url);
    }
    if let Some(secret) = &receipt.secret {
        page.row(choose(language, "申込番号", "Number of the registration"), secret);
    }
    page.raw("</dl>\n");
    match &receipt.secret {
        Some(secret) => write_link(&mut page, secret, language),
        None => {
            write_questions(&mut page, receipt, form, language);
            write_cancellation(&mut page, receipt, form, language);
        }
    }
    end_page(page, Some(receipt.event_id), form, language)
}

/// Writes where to find the registration again.
fn write_link(page: &mut Markup, secret: &str, language: Language) {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("secret", secret)
        .finish();
    page.raw("<p>")
        .link_here(
            &format!("{PATH}?{query}"),
            choose(language, "この申込みのページ", "The page of this registration"),
        )
        .raw("</p>\n<p>")
        .words(
            language,
            "中止や日程・会場の変更の確認、取消し、アンケートの回答は、このページか申込番号でできます。ここでしか表示されないので、ページを保存するか、番号を控えておいてください。",
            "There, or with the number, you see whether the event was moved or cancelled, cancel the registration, and answer the questionnaire. Keep the page or the number: they are shown here only.",
        )
        .raw("</p>\n");
}

/// Writes the questionnaire, while it can be answered.
fn write_questions(page: &mut Markup, receipt: &Receipt, form: &Form, language: Language) {
    if receipt.answered {
        page.raw("<p>")
            .words(
                language,
                "アンケートは回答済みです。ありがとうございました。",
                "You have answered the questionnaire. Thank you.",
            )
            .raw("</p>\n");
    }
    if receipt.questions.is_empty() {
        return;
    }
    page.raw("<h2>")
        .words(language, "アンケート", "Questionnaire")
        .raw("</h2>\n");
    form.begin(page, ANSWERS);
    form.write_hidden(page, "secret");
    for (question, name) in receipt.questions.iter().zip(reply_names()) {
        page.raw("<label>").text(&question.text);
        match question.kind {
            QuestionKind::Scale => {
                let ends = match language {
                    Language::Ja => ["1（まったくそう思わない）", "5（とてもそう思う）"],
                    Language::En => ["1 (not at all)", "5 (very)"],
                };
                form.write_marks(page, name, ends, false);
            }
            QuestionKind::Choice => {
                let choices = question.choices.iter();
                let choices: Vec<_> = choices.map(|one| (one.clone(), one.clone())).collect();
                form.write_choice(page, name, &choices, false);
            }
            QuestionKind::Text => {
                page.raw(" <textarea rows=\"3\" maxlength=\"2000\" name=\"")
                    .raw(name)
                    .raw("\"");
                form.end_input(page, name);
                page.text(form.typed(name)).raw("</textarea>");
            }
        }
        page.raw("</label>\n");
        form.write_faults(page, name, language);
    }
    page.raw("<p>")
        .words(
            language,
            "回答には氏名が付きません。送ったあとは変えられません。",
            "Your answers don't say who gave them. You can't change them afterwards.",
        )
        .raw("</p>\n<p><button>")
        .words(language, "回答を送る", "Send the answers")
        .raw("</button></p>\n</form>\n");
}

/// Writes the form that cancels the registration, or forgets who came.
fn write_cancellation(page: &mut Markup, receipt: &Receipt, form: &Form, language: Language) {
    use RegistrationStatus::{Cancelled, Registered, Waiting};
    let (ja, en) = match receipt.status {
        Cancelled => return,
        Registered | Waiting => ("申込みを取り消す", "Cancel the registration"),
        _ => ("入力した内容を削除する", "Delete what you entered"),
    };
    page.raw("<details><summary>")
        .words(language, ja, en)
        .raw("</summary>\n");
    form.begin(page, CANCELLATION);
    form.write_hidden(page, "secret");
    page.raw("<p>")
        .words(
            language,
            "入力した内容は削除されます。元に戻すことはできません。",
            "What you entered is deleted. This can't be undone.",
        )
        .raw("</p>\n<p><button>")
        .words(language, ja, en)
        .raw("</button></p>\n</form></details>\n");
}

/// Writes that a registration is cancelled, or that who came is forgotten.
pub fn cancelled((event, status): (Id, RegistrationStatus), form: &Form, language: Language) -> HtmlPage {
    let (ja, en) = match status {
        RegistrationStatus::Cancelled => ("申込みを取り消しました", "The registration is cancelled"),
        _ => ("削除しました", "Deleted"),
    };
    let title = choose(language, ja, en);
    let mut page = begin_page(title, form, language);
    page.raw("<p>")
        .words(
            language,
            "入力された内容は削除しました。",
            "What you entered was deleted.",
        )
        .raw("</p>\n");
    end_page(page, Some(event), form, language)
}

/// Writes that answers were taken.
pub fn answered(event: Id, form: &Form, language: Language) -> HtmlPage {
    let title = choose(language, "回答を受け取りました", "Your answers were taken");
    let mut page = begin_page(title, form, language);
    page.raw("<p>")
        .words(language, "ありがとうございました。", "Thank you.")
        .raw("</p>\n");
    end_page(page, Some(event), form, language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_no_reply() {
        assert_eq!(reply_names().count(), NAMES.len() - 1);
        assert!(reply_names().all(|name| name != "secret"));
    }

    #[test]
    fn replies_become_those_of_the_api_by_the_kind_of_their_question() {
        let question = |kind: QuestionKind, choices: &[&str]| Question {
            kind,
            text: "質問".into(),
            choices: choices.iter().map(|one| one.to_string()).collect(),
        };
        let questions = [
            question(QuestionKind::Scale, &[]),
            question(QuestionKind::Choice, &["広報"]),
            question(QuestionKind::Text, &[]),
        ];
        let sent = "secret=mrg_x&replies%2F0=4&replies%2F2=a%0D%0Ab&replies%2F3=7";
        let form = Form::new(NAMES, Default::default()).read(sent.as_bytes());
        let replies = answers(&form, &questions).unwrap().replies;
        assert_eq!(replies.len(), 3);
        assert_eq!((replies[0].scale, replies[1].choice.clone()), (Some(4), None));
        assert_eq!(replies[2].text.as_deref(), Some("a\nb"));
        // What is wrong is said beside its question.
        let form = Form::new(NAMES, Default::default()).read(b"secret=mrg_x&replies%2F0=9");
        let error = answers(&form, &questions).unwrap_err();
        assert_eq!(form.refused(&error, None).faults_of("replies/0").count(), 1);
    }
}
