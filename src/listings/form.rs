//! The form with which somebody registers for an event, without an account and without scripts, and what comes back.
//!
//! What was typed stays in the form when it is refused, and what is wrong is said beside its field.

use super::markup::{Head, Markup, begin, choose, end};
use crate::db::Id;
use crate::error::{Error, Place, Result, Text};
use crate::events::registration::{MOST_GUEST_PLACES, NewGuest, Receipt, ReceiptSecret, RegistrationStatus};
use crate::http::{Language, body};
use serde_json::{Map, Value};

/// A field for text.
struct Field {
    name: &'static str,
    ja: &'static str,
    en: &'static str,
    /// The `type` and the `autocomplete` of the input.
    kind: (&'static str, &'static str),
    longest: &'static str,
    is_required: bool,
}

const FIELDS: [Field; 4] = [
    Field {
        name: "name",
        ja: "氏名",
        en: "Name",
        kind: ("text", "name"),
        longest: "100",
        is_required: true,
    },
    Field {
        name: "email",
        ja: "メールアドレス",
        en: "E-mail",
        kind: ("email", "email"),
        longest: "254",
        is_required: true,
    },
    Field {
        name: "phone",
        ja: "電話番号（任意）",
        en: "Phone (optional)",
        kind: ("tel", "tel"),
        longest: "30",
        is_required: false,
    },
    Field {
        name: "affiliation",
        ja: "所属（任意）",
        en: "Office or group (optional)",
        kind: ("text", "organization"),
        longest: "200",
        is_required: false,
    },
];

/// The names of all fields that are read.
const NAMES: [&str; 9] = [
    "name",
    "email",
    "phone",
    "affiliation",
    "places",
    "wants_consultation",
    "note",
    "website",
    "secret",
];

/// What somebody typed, and what is wrong with it.
#[derive(Default)]
pub struct Form {
    typed: Map<String, Value>,
    /// The name of the field, and what is wrong there. None: with the whole.
    faults: Vec<(Option<&'static str>, Text)>,
    /// What addresses of this form end with, so that the answer keeps the language.
    query: &'static str,
}

impl Form {
    pub fn new(named: Option<Language>) -> Form {
        Form {
            query: match named {
                None => "",
                Some(Language::Ja) => "?lang=ja",
                Some(Language::En) => "?lang=en",
            },
            ..Form::default()
        }
    }

    /// Reads what a browser sends. Fields that are empty are left out, others than ours are ignored.
    pub fn read(mut self, sent: &[u8]) -> Form {
        for (name, value) in form_urlencoded::parse(sent) {
            // Browsers end lines with both signs.
            let value = value.replace("\r\n", "\n");
            if NAMES.contains(&name.as_ref()) && !value.trim().is_empty() {
                self.typed.insert(name.into_owned(), Value::String(value));
            }
        }
        self
    }

    fn typed(&self, name: &str) -> &str {
        self.typed.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns who registers, checked by the rules of the API.
    pub fn guest(&self) -> Result<NewGuest> {
        let mut members = self.typed.clone();
        members.remove("secret");
        if members.contains_key("wants_consultation") {
            members.insert("wants_consultation".to_owned(), Value::Bool(true));
        }
        let places = self.typed("places").trim().parse::<i32>();
        if let (true, Ok(places)) = (members.contains_key("places"), places) {
            members.insert("places".to_owned(), places.into());
        }
        for required in ["name", "email"] {
            members.entry(required).or_insert_with(|| "".into());
        }
        body::parse(Value::Object(members).to_string().as_bytes())
    }

    /// Returns the number of the registration that is to be cancelled.
    pub fn secret(&self) -> Result<String> {
        let secret = serde_json::json!({ "secret": self.typed("secret") });
        let found: ReceiptSecret = body::parse(secret.to_string().as_bytes())?;
        Ok(found.secret)
    }

    /// Returns the form again, with what is wrong.
    pub fn refused(mut self, error: &Error) -> Form {
        if error.code() == "already_registered" {
            self.faults.push((Some("email"), error.detail()));
        } else if error.fields().is_empty() {
            self.faults.push((None, error.detail()));
        }
        for fault in error.fields() {
            let Place::Pointer(pointer) = &fault.place else {
                continue;
            };
            let named = |name: &&&str| pointer.strip_prefix('/') == Some(**name);
            let name = NAMES.iter().find(named).copied();
            let is_missing = name.is_some_and(|name| self.typed(name).is_empty() && name != "website");
            let message = match is_missing {
                true => Text::new("入力してください。", "Fill in this field."),
                false => fault.message.clone(),
            };
            // The field that people don't see has no place for words.
            let fault = (name.filter(|name| *name != "website"), message);
            if !self.faults.contains(&fault) {
                self.faults.push(fault);
            }
        }
        self
    }

    fn faults_of(&self, name: &str) -> impl Iterator<Item = &Text> {
        let of = self.faults.iter();
        of.filter(move |(of, _)| *of == Some(name))
            .map(|(_, words)| words)
    }
}

/// Writes that the form was refused, on top of the page.
pub fn write_refusal(page: &mut Markup, form: &Form, language: Language) {
    if form.faults.is_empty() {
        return;
    }
    page.raw("<div class=\"refused\" role=\"alert\">\n<p><strong>")
        .words(language, "手続きは完了していません。", "This was not done.")
        .raw("</strong></p>\n");
    let of_all: Vec<&Text> = form
        .faults
        .iter()
        .filter(|(name, _)| name.is_none())
        .map(|(_, words)| words)
        .collect();
    for words in &of_all {
        page.raw("<p>").text(language.choose(words)).raw("</p>\n");
    }
    if of_all.len() < form.faults.len() {
        page.raw("<p>")
            .words(
                language,
                "下の欄を確かめて、もう一度送ってください。",
                "Look at the fields below, and send them again.",
            )
            .raw("</p>\n");
    }
    page.raw("</div>\n");
}

/// Writes what is wrong beside a field.
fn write_faults(page: &mut Markup, form: &Form, name: &'static str, language: Language) {
    for words in form.faults_of(name) {
        page.raw("<span class=\"fault\" id=\"")
            .raw(name)
            .raw("-fault\">")
            .text(language.choose(words))
            .raw("</span>\n");
    }
}

/// Writes the attributes that lead from a field to what is wrong with it, and ends its tag.
fn end_input(page: &mut Markup, form: &Form, name: &'static str) {
    if form.faults_of(name).next().is_some() {
        page.raw(" aria-invalid=\"true\" aria-describedby=\"")
            .raw(name)
            .raw("-fault\"");
    }
    page.raw(">");
}

fn begin_form(page: &mut Markup, event: Id, path: &'static str, form: &Form) {
    page.raw("<form class=\"registration\" method=\"post\" action=\"/events/")
        .text(&event.to_string())
        .raw(path)
        .raw(form.query)
        .raw("\">\n");
}

/// Writes the form of an event with so many places. `waits`: who registers is put on the waiting list.
pub fn write(
    page: &mut Markup,
    (event, capacity): (Id, Option<i32>),
    form: &Form,
    waits: bool,
    language: Language,
) {
    page.raw("<h2 id=\"registration\">")
        .words(language, "申込み", "Register")
        .raw("</h2>\n");
    begin_form(page, event, "", form);
    for field in &FIELDS {
        page.raw("<label>")
            .words(language, field.ja, field.en)
            .raw(" <input type=\"")
            .raw(field.kind.0)
            .raw("\" name=\"")
            .raw(field.name)
            .raw("\" autocomplete=\"")
            .raw(field.kind.1)
            .raw("\" maxlength=\"")
            .raw(field.longest)
            .raw("\" value=\"")
            .text(form.typed(field.name))
            .raw(if field.is_required { "\" required" } else { "\"" });
        end_input(page, form, field.name);
        page.raw("</label>\n");
        write_faults(page, form, field.name, language);
    }
    let places = match form.typed("places") {
        "" => "1",
        places => places,
    };
    let most = capacity.map_or(MOST_GUEST_PLACES, |capacity| capacity.min(MOST_GUEST_PLACES));
    page.raw("<label>")
        .words(language, "人数", "People")
        .raw(" <input type=\"number\" name=\"places\" min=\"1\" max=\"")
        .text(&most.to_string())
        .raw("\" value=\"")
        .text(places)
        .raw("\"");
    end_input(page, form, "places");
    page.raw("</label>\n");
    write_faults(page, form, "places", language);
    page.raw("<label><input type=\"checkbox\" name=\"wants_consultation\" value=\"true\"");
    page.raw(match form.typed("wants_consultation") {
        "" => "> ",
        _ => " checked> ",
    })
    .words(
        language,
        "個別の相談を希望します",
        "I would like consultation afterwards",
    )
    .raw("</label>\n<label>")
    .words(language, "連絡事項（任意）", "Message (optional)")
    .raw(" <textarea name=\"note\" rows=\"3\" maxlength=\"2000\"");
    end_input(page, form, "note");
    page.text(form.typed("note")).raw("</textarea></label>\n");
    write_faults(page, form, "note", language);
    // People don't see this field. Programs that fill in every field give themselves away.
    page.raw("<p class=\"trap\" aria-hidden=\"true\"><label>")
        .words(
            language,
            "この欄は空のままにしてください",
            "Leave this field empty",
        )
        .raw(" <input name=\"website\" tabindex=\"-1\" autocomplete=\"off\"></label></p>\n<p>")
        .words(
            language,
            "定員に達しているときは、キャンセル待ちになります。入力された内容は、このイベントの運営だけに使います。",
            "If all places are taken, you are put on the waiting list. What you enter is used for this event only.",
        )
        .raw("</p>\n<p><button>")
        .text(match waits {
            true => choose(language, "キャンセル待ちに申し込む", "Join the waiting list"),
            false => choose(language, "申し込む", "Register"),
        })
        .raw("</button></p>\n</form>\n");
}

/// Writes the form that cancels a registration with its number.
pub fn write_cancellation(page: &mut Markup, event: Id, form: &Form, language: Language) {
    let is_open = form.faults_of("secret").next().is_some();
    page.raw(if is_open { "<details open>" } else { "<details>" })
        .raw("<summary>")
        .words(language, "申込みを取り消す", "Cancel a registration")
        .raw("</summary>\n");
    begin_form(page, event, "/cancellation", form);
    page.raw("<label>")
        .words(language, "申込番号", "Number of the registration")
        .raw(" <input name=\"secret\" autocomplete=\"off\" maxlength=\"100\" required value=\"")
        .text(form.typed("secret"))
        .raw("\"");
    end_input(page, form, "secret");
    page.raw("</label>\n");
    write_faults(page, form, "secret", language);
    page.raw("<p><button>")
        .words(language, "取り消す", "Cancel it")
        .raw("</button></p>\n</form></details>\n");
}

/// Begins a page that only its reader sees.
fn begin_answer(page: &mut Markup, event: Id, title: &'static str, language: Language) {
    let head = Head {
        title,
        description: title,
        url: &format!("/events/{event}"),
        others: &[],
        is_indexed: false,
    };
    begin(page, language, &head);
    page.raw("<main>\n<h1>").text(title).raw("</h1>\n");
}

fn end_answer(page: &mut Markup, event: Id, form: &Form, language: Language) {
    page.raw("<p><a href=\"/events/")
        .text(&event.to_string())
        .raw(form.query)
        .raw("\">")
        .words(language, "イベントのページへ", "To the event")
        .raw("</a></p>\n");
    end(page);
}

/// Writes what somebody gets for a registration.
pub fn receipt(receipt: &Receipt, form: &Form, language: Language) -> String {
    let is_waiting = receipt.status == RegistrationStatus::Waiting;
    let title = match is_waiting {
        true => choose(
            language,
            "キャンセル待ちに登録しました",
            "You are on the waiting list",
        ),
        false => choose(language, "申し込みました", "You are registered"),
    };
    let mut page = Markup::default();
    begin_answer(&mut page, receipt.event_id, title, language);
    if is_waiting {
        page.raw("<p>")
            .words(
                language,
                "定員に達しているため、キャンセル待ちになりました。空きが出ると、順に申込みが確定します。",
                "All places are taken. When one becomes free, it goes to those who wait, in their order.",
            )
            .raw("</p>\n");
    }
    page.raw("<dl>\n");
    page.row(choose(language, "イベント", "Event"), &receipt.title);
    page.row(choose(language, "人数", "People"), &receipt.places.to_string());
    if let Some(url) = &receipt.online_url {
        page.row(choose(language, "オンラインの会場", "Online room"), url);
    }
    if let Some(secret) = &receipt.secret {
        page.row(choose(language, "申込番号", "Number of the registration"), secret);
    }
    page.raw("</dl>\n<p>")
        .words(
            language,
            "申込番号は、取消しやアンケートの回答に使います。この画面にだけ表示されるので、控えておいてください。",
            "You need the number to cancel, and to answer the questionnaire. It is shown here only: keep it.",
        )
        .raw("</p>\n");
    end_answer(&mut page, receipt.event_id, form, language);
    page.0
}

/// Writes that a registration is cancelled.
pub fn cancelled(event: Id, form: &Form, language: Language) -> String {
    let mut page = Markup::default();
    let title = choose(
        language,
        "申込みを取り消しました",
        "The registration is cancelled",
    );
    begin_answer(&mut page, event, title, language);
    page.raw("<p>")
        .words(
            language,
            "入力された内容は削除しました。",
            "What you entered was deleted.",
        )
        .raw("</p>\n");
    end_answer(&mut page, event, form, language);
    page.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(sent: &str) -> Form {
        Form::default().read(sent.as_bytes())
    }

    #[test]
    fn a_form_is_checked_by_the_rules_of_the_api() {
        let sent = "name=%E5%B1%B1%E7%94%B0+%E8%8A%B1%E5%AD%90&email=h%40example.jp&phone=&places=2&wants_consultation=true\
            &note=a%0D%0Ab&website=&other=x";
        let guest = form(sent).guest().unwrap();
        assert_eq!((guest.name.as_str(), guest.places), ("山田 花子", 2));
        assert_eq!((guest.phone, guest.note.as_deref()), (None, Some("a\nb")));
        assert!(guest.wants_consultation && guest.website.is_empty());
    }

    #[test]
    fn what_is_wrong_is_said_beside_its_field() {
        let faults = |sent: &str, name: &str| {
            let form = form(sent);
            let error = form.guest().unwrap_err();
            let form = form.refused(&error);
            form.faults_of(name)
                .map(|text| text.ja.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(faults("name=+&email=x&places=%E4%B8%89", "places").len(), 1);
        assert_eq!(faults("name=a&email=a%40example.jp&places=5", "places").len(), 1);
        assert_eq!(faults("name=+&email=x", "name"), ["入力してください。"]);
        assert_eq!(faults("name=+&email=x", "email").len(), 1);
    }

    #[test]
    fn the_form_asks_for_as_many_places_as_a_guest_gets() {
        let mut page = Markup::default();
        write(
            &mut page,
            (Id::new(), None),
            &Form::default(),
            false,
            Language::Ja,
        );
        let (_, most) = page.0.split_once("max=\"").unwrap();
        let (most, _) = most.split_once('"').unwrap();
        let asks = |places: i32| form(&format!("name=a&email=a%40example.jp&places={places}")).guest();
        let most: i32 = most.parse().unwrap();
        assert!(asks(most).is_ok() && asks(most + 1).is_err());
    }
}
