//! Labels and codes of the catalogue, in one language, for the numbers of the matcher.

use crate::catalogue::{Catalogue, Definition, Entries, Format};
use crate::http::Language;
use matcher::{EntryNo, Need};
use strum::VariantArray;

/// Puts explanations into words: see `explain` and `wording`.
pub struct Explainer<'a> {
    pub catalogue: &'a Catalogue,
    pub language: Language,
}

impl Explainer<'_> {
    pub(super) fn text(&self, ja: impl Into<String>, en: impl Into<String>) -> String {
        match self.language {
            Language::Ja => ja.into(),
            Language::En => en.into(),
        }
    }

    pub(super) fn label<'e, T: Definition>(&self, entries: &'e Entries<T>, entry: EntryNo) -> &'e str {
        let definition = entries.at(entry);
        definition.map_or("", |definition| definition.names().in_language(self.language))
    }

    pub(super) fn format_label(&self, format: EntryNo) -> &str {
        let mut formats = self.catalogue.fixed.formats.iter();
        let known = formats.find(|f| f.code as EntryNo == format);
        known.map_or("", |f| f.names.in_language(self.language))
    }

    /// Returns the code of one of a need's roles, by its position in the need.
    pub(super) fn role_code(&self, need: &Need, role: usize) -> String {
        let role = need.roles.get(role);
        let code = role.and_then(|role| code_of(&self.catalogue.roles, role.role));
        code.unwrap_or_default().to_owned()
    }
}

pub(super) fn code_of<T: Definition>(entries: &Entries<T>, entry: EntryNo) -> Option<&str> {
    entries.at(entry).map(Definition::code)
}

pub(super) fn format_code(format: EntryNo) -> Option<&'static str> {
    let known = Format::VARIANTS.iter().find(|f| **f as EntryNo == format);
    known.map(|format| format.code())
}
