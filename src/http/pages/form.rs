//! A form on a page, which works without scripts: what was typed stays in it when it is refused, and what is wrong is said
//! beside its field.

use super::markup::{Markup, NamedLanguage};
use crate::error::{Error, Place, Text};
use crate::http::Language;
use serde_json::{Map, Value};

/// What somebody typed, and what is wrong with it.
#[derive(Default)]
pub struct Form {
    /// The names of all fields that are read, as in pointers into the body that they become.
    names: &'static [&'static str],
    typed: Map<String, Value>,
    /// The name of the field, and what is wrong there. None: with the whole.
    faults: Vec<(Option<&'static str>, Text)>,
    /// The answer keeps the language.
    pub lang: NamedLanguage,
}

/// The name of the field that people don't see. Programs that fill in every field give themselves away.
pub const TRAP: &str = "website";

/// Returns whether the sender of a form can mend what is wrong with it, or send it later. Then it comes back as it was typed.
pub fn can_be_mended(error: &Error) -> bool {
    matches!(error.status(), 409 | 422 | 429)
}

impl Form {
    pub fn new(names: &'static [&'static str], lang: NamedLanguage) -> Form {
        Form {
            names,
            lang,
            ..Form::default()
        }
    }

    /// Reads what a browser sends. Fields that are empty are left out, others than ours are ignored.
    pub fn read(mut self, sent: &[u8]) -> Form {
        for (name, value) in form_urlencoded::parse(sent) {
            // Browsers end lines with both signs.
            let value = value.replace("\r\n", "\n");
            if self.names.contains(&name.as_ref()) && !value.trim().is_empty() {
                self.typed.insert(name.into_owned(), Value::String(value));
            }
        }
        self
    }

    pub fn typed(&self, name: &str) -> &str {
        self.typed.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns everything that was typed, by the names of the fields.
    pub fn members(&self) -> Map<String, Value> {
        self.typed.clone()
    }

    /// Returns the number that was typed, or else what was typed in its stead.
    pub fn number(&self, name: &str) -> Value {
        match self.typed(name).trim().parse::<i32>() {
            Ok(number) => number.into(),
            Err(_) => self.typed(name).into(),
        }
    }

    /// Fills in a field that the address or another page gave.
    pub fn filled(mut self, name: &'static str, value: String) -> Form {
        self.typed.insert(name.to_owned(), Value::String(value));
        self
    }

    /// Returns the form again, with what is wrong. `of_conflict`: the field that a conflict is about.
    pub fn refused(mut self, error: &Error, of_conflict: Option<&'static str>) -> Form {
        if error.fields().is_empty() {
            self.faults.push((of_conflict, error.detail()));
        }
        for fault in error.fields() {
            let Place::Pointer(pointer) = &fault.place else {
                continue;
            };
            let named = |name: &&&str| {
                let rest = pointer.strip_prefix('/').and_then(|at| at.strip_prefix(**name));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let name = self.names.iter().find(named).copied();
            let is_missing = name.is_some_and(|name| self.typed(name).is_empty() && name != TRAP);
            let message = match is_missing {
                true => Text::new("入力してください。", "Fill in this field."),
                false => fault.message.clone(),
            };
            // The field that people don't see has no place for words.
            let fault = (name.filter(|name| *name != TRAP), message);
            if !self.faults.contains(&fault) {
                self.faults.push(fault);
            }
        }
        self
    }

    pub fn faults_of(&self, name: &str) -> impl Iterator<Item = &Text> {
        let of = self.faults.iter();
        of.filter(move |(of, _)| *of == Some(name))
            .map(|(_, words)| words)
    }

    /// Writes an address of this server, which keeps the language.
    pub fn address<'p>(&self, page: &'p mut Markup, path: &str) -> &'p mut Markup {
        page.text(&self.lang.address(path))
    }

    /// Begins the form, which is sent to a path of this server.
    pub fn begin(&self, page: &mut Markup, path: &str) {
        page.raw("<form class=\"registration\" method=\"post\" action=\"");
        self.address(page, path).raw("\">\n");
    }

    /// Writes a field that is sent along.
    pub fn write_hidden(&self, page: &mut Markup, name: &'static str) {
        page.raw("<input type=\"hidden\" name=\"")
            .raw(name)
            .raw("\" value=\"")
            .text(self.typed(name))
            .raw("\">\n");
    }

    /// Writes the field that people don't see.
    pub fn write_trap(&self, page: &mut Markup, language: Language) {
        page.raw("<p class=\"trap\" aria-hidden=\"true\"><label>")
            .words(
                language,
                "この欄は空のままにしてください",
                "Leave this field empty",
            )
            .raw(" <input name=\"website\" tabindex=\"-1\" autocomplete=\"off\"></label></p>\n");
    }

    /// Writes a choice of values, each with its words, and an empty one to begin with.
    pub fn write_choice(
        &self,
        page: &mut Markup,
        name: &'static str,
        choices: &[(String, String)],
        is_required: bool,
    ) {
        page.raw(" <select name=\"")
            .raw(name)
            .raw(if is_required { "\" required" } else { "\"" });
        self.end_input(page, name);
        page.raw("<option value=\"\"></option>");
        for (value, words) in choices {
            page.raw("<option value=\"")
                .text(value)
                .raw(match self.typed(name) == value {
                    true => "\" selected>",
                    false => "\">",
                });
            page.text(words).raw("</option>");
        }
        page.raw("</select>");
    }

    /// Writes a choice of marks from 1 to 5, with the words of the first and the last one.
    pub fn write_marks(
        &self,
        page: &mut Markup,
        name: &'static str,
        [first, last]: [&str; 2],
        is_required: bool,
    ) {
        let marks = [("1", first), ("2", "2"), ("3", "3"), ("4", "4"), ("5", last)];
        let marks = marks.map(|(mark, words)| (mark.to_owned(), words.to_owned()));
        self.write_choice(page, name, &marks, is_required);
    }

    /// Writes that the form was refused, on top of the page.
    pub fn write_refusal(&self, page: &mut Markup, language: Language) {
        if self.faults.is_empty() {
            return;
        }
        page.raw("<div class=\"refused\" role=\"alert\">\n<p><strong>")
            .words(language, "手続きは完了していません。", "This was not done.")
            .raw("</strong></p>\n");
        let of_all: Vec<&Text> = self
            .faults
            .iter()
            .filter(|(name, _)| name.is_none())
            .map(|(_, words)| words)
            .collect();
        for words in &of_all {
            page.raw("<p>").text(language.choose(words)).raw("</p>\n");
        }
        if of_all.len() < self.faults.len() {
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
    pub fn write_faults(&self, page: &mut Markup, name: &'static str, language: Language) {
        for words in self.faults_of(name) {
            page.raw("<span class=\"fault\" id=\"")
                .raw(name)
                .raw("-fault\">")
                .text(language.choose(words))
                .raw("</span>\n");
        }
    }

    /// Writes the attributes that lead from a field to what is wrong with it, and ends its tag.
    pub fn end_input(&self, page: &mut Markup, name: &'static str) {
        if self.faults_of(name).next().is_some() {
            page.raw(" aria-invalid=\"true\" aria-describedby=\"")
                .raw(name)
                .raw("-fault\"");
        }
        page.raw(">");
    }
}
