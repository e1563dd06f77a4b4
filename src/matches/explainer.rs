//! Labels and codes of the catalogue, in one language, for the numbers of the matcher.

use super::view::WorkerBrief;
use crate::catalogue::{Catalogue, Definition, Entries, Format};
use crate::db::Id;
use crate::http::Language;
use crate::values::Code;
use crate::workers::store::WorkerLabel;
use crate::workers::{alias_in_language, own_letters};
use matcher::{EntryNo, Need};
use strum::VariantArray;

/// Puts explanations into words: see `explain` and `wording`.
pub struct Explainer<'a> {
    pub catalogue: &'a Catalogue,
    pub language: Language,
}

impl Explainer<'_> {
    pub fn text(&self, ja: impl Into<String>, en: impl Into<String>) -> String {
        match self.language {
            Language::Ja => ja.into(),
            Language::En => en.into(),
        }
    }

    pub fn label<'e, T: Definition>(&self, entries: &'e Entries<T>, entry: EntryNo) -> &'e str {
        let definition = entries.at(entry);
        definition.map_or("", |definition| definition.names().in_language(self.language))
    }

    pub(super) fn format_label(&self, format: EntryNo) -> &str {
        let mut formats = self.catalogue.fixed.formats.iter();
        let known = formats.find(|f| f.code as EntryNo == format);
        known.map_or("", |f| f.names.in_language(self.language))
    }

    /// Returns what organizations see of a worker who is ranked in a role.
    pub fn brief(&self, id: Id, label: &WorkerLabel, role: Option<EntryNo>) -> WorkerBrief {
        let alias = alias_in_language(&label.alias, label.area.as_deref(), self.catalogue, self.language);
        let letters = own_letters(id);
        let role = role.map(|role| self.label(&self.catalogue.roles, role));
        let says_role = |role: &&str| alias.starts_with(*role) || alias.ends_with(*role);
        let name = match role.filter(|role| !says_role(role)) {
            None => format!("{alias} {letters}"),
            Some(role) => self.text(
                format!("{role}（{alias}） {letters}"),
                format!("{role} ({alias}) {letters}"),
            ),
        };
        WorkerBrief {
            id,
            name,
            alias: alias.into_owned(),
            area: label.area.clone(),
        }
    }

    /// Returns the code of one of a need's roles, by its position in the need.
    pub fn role_code(&self, need: &Need, role: usize) -> Code {
        let role = need.roles.get(role);
        let code = role.and_then(|role| code_of(&self.catalogue.roles, role.role));
        Code::from(code.unwrap_or_default())
    }
}

pub(super) fn code_of<T: Definition>(entries: &Entries<T>, entry: EntryNo) -> Option<&str> {
    entries.at(entry).map(Definition::code)
}

pub(super) fn format_at(format: EntryNo) -> Option<Format> {
    Format::VARIANTS.iter().copied().find(|f| *f as EntryNo == format)
}
