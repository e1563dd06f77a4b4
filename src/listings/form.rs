//! The form with which somebody registers for an event, without an account.

use crate::db::Id;
use crate::error::Result;
use crate::events::registration::{MOST_GUEST_PLACES, NewGuest};
use crate::http::pages::form::Form;
use crate::http::pages::markup::{Markup, choose};
use crate::http::{Language, body};
use serde_json::Value;

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
pub const NAMES: &[&str] = &[
    "name",
    "email",
    "phone",
    "affiliation",
    "places",
    "wants_consultation",
    "note",
    "website",
];

/// Returns who registers, checked by the rules of the API.
pub fn guest(form: &Form) -> Result<NewGuest> {
    let mut members = form.members();
    if members.contains_key("wants_consultation") {
        members.insert("wants_consultation".to_owned(), Value::Bool(true));
    }
    if members.contains_key("places") {
        members.insert("places".to_owned(), form.number("places"));
    }
    for required in ["name", "email"] {
        members.entry(required).or_insert_with(|| "".into());
    }
    body::parse(Value::Object(members).to_string().as_bytes())
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
    form.begin(page, &format!("/events/{event}"));
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
        form.end_input(page, field.name);
        page.raw("</label>\n");
        form.write_faults(page, field.name, language);
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
    form.end_input(page, "places");
    page.raw("</label>\n");
    form.write_faults(page, "places", language);
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
    form.end_input(page, "note");
    page.text(form.typed("note")).raw("</textarea></label>\n");
    form.write_faults(page, "note", language);
    form.write_trap(page, language);
    page.raw("<p>")
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

#[cfg(test)]
mod tests {
    use super::*;

    fn form(sent: &str) -> Form {
        Form::new(NAMES, Default::default()).read(sent.as_bytes())
    }

    #[test]
    fn a_form_is_checked_by_the_rules_of_the_api() {
        let sent = "name=%E5%B1%B1%E7%94%B0+%E8%8A%B1%E5%AD%90&email=h%40example.jp&phone=&places=2&wants_consultation=true\
            &note=a%0D%0Ab&website=&other=x";
        let guest = guest(&form(sent)).unwrap();
        assert_eq!((guest.name.as_str(), guest.places), ("山田 花子", 2));
        assert_eq!((guest.phone, guest.note.as_deref()), (None, Some("a\nb")));
        assert!(guest.wants_consultation && guest.website.is_empty());
    }

    #[test]
    fn what_is_wrong_is_said_beside_its_field() {
        let faults = |sent: &str, name: &str| {
            let form = form(sent);
            let error = guest(&form).unwrap_err();
            let form = form.refused(&error, None);
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
        let (_, most) = page.text.split_once("max=\"").unwrap();
        let (most, _) = most.split_once('"').unwrap();
        let asks = |places: i32| guest(&form(&format!("name=a&email=a%40example.jp&places={places}")));
        let most: i32 = most.parse().unwrap();
        assert!(asks(most).is_ok() && asks(most + 1).is_err());
    }
}
