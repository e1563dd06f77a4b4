//! The words of an office for the codes in a sheet: those of the vocabulary. Imports read them as the codes.

use super::columns::Of;
use crate::catalogue::{Catalogue, DayPart, Format};
use crate::imports::days::day_parts;
use crate::imports::vocabulary::Vocabulary;
use crate::values::words;
use serde_json::Value;

pub struct Words<'c> {
    vocabulary: Vocabulary<'c>,
}

impl<'c> Words<'c> {
    pub fn new(catalogue: &'c Catalogue) -> Words<'c> {
        Words {
            vocabulary: Vocabulary::new(catalogue),
        }
    }

    /// Returns the word for a code; the code itself if no word means only that.
    pub fn of(&self, of: Of, code: &str) -> String {
        let catalogue = self.vocabulary.catalogue;
        let word = match of {
            Of::Text => None,
            Of::Role => self.vocabulary.roles.word(code),
            Of::Skill => self.vocabulary.skills.word(code),
            Of::Theme => self.vocabulary.themes.word(code),
            Of::Type => type_name(catalogue, code),
            Of::Format => self.format(code),
            Of::DayPart => DayPart::all()
                .find(|part| part.code() == code)
                .map(|part| part.names().ja),
            Of::Family => {
                let family = catalogue.fixed.families.iter().find(|family| family.code == code);
                family.map(|family| family.names.ja.clone())
            }
            of => {
                let known = sets(of).iter().find_map(|set| words::sets().get(*set)?.get(code));
                known.map(|words| words.ja.clone())
            }
        };
        word.unwrap_or_else(|| code.to_owned())
    }

    /// Returns the words of a list, in which each can be told from the others.
    pub fn of_list(&self, of: Of, codes: &[Value]) -> Vec<Value> {
        let texts: Vec<&str> = codes.iter().filter_map(Value::as_str).collect();
        let words: Vec<String> = texts.iter().map(|code| self.of(of, code)).collect();
        if of == Of::DayPart {
            let read = day_parts(&words.join("、")).unwrap_or_default();
            let is_same = |parts: Vec<DayPart>| {
                parts.len() == texts.len() && parts.iter().all(|part| texts.contains(&part.code()))
            };
            if !is_same(read) {
                return codes.to_vec();
            }
        }
        words.into_iter().map(Value::from).collect()
    }

    fn format(&self, code: &str) -> Option<String> {
        let format: Format = serde_json::from_value(code.into()).ok()?;
        let fixed = &self.vocabulary.catalogue.fixed;
        let name = &fixed.format(format)?.names.ja;
        let is_read = self.vocabulary.formats(name).ok() == Some(vec![format]);
        is_read.then(|| name.clone())
    }
}

fn type_name(catalogue: &Catalogue, code: &str) -> Option<String> {
    let name = &catalogue.types.get(code)?.definition.names.ja;
    let named = catalogue.types_named(name);
    let is_read = <[_; 1]>::try_from(named).is_ok_and(|[found]| found.code.as_str() == code);
    (is_read && !name.contains(SEPARATORS)).then(|| name.clone())
}

/// What an import takes for the end of an item.
pub const SEPARATORS: [char; 11] = ['、', ',', ';', '/', '|', '\n', '\t', '､', '・', '[', '"'];

/// Returns the sets of the vocabulary that have the codes of a column.
fn sets(of: Of) -> &'static [&'static str] {
    match of {
        Of::WorkerStatus => &["WorkerStatus"],
        Of::OrganizationStatus => &["OrganizationStatus"],
        Of::OrganizationKind => &["OrganizationKind"],
        Of::IntermediaryKind => &["IntermediaryKind"],
        Of::DeliverableStatus => &["DeliverableStatus"],
        Of::ConsentPurpose => &["ConsentPurpose"],
        Of::ApplicationDirection => &["ApplicationDirection"],
        Of::ApplicationSide => &["ApplicationSide"],
        Of::ApplicationStatus => &["ApplicationStatus"],
        Of::ApplicationReason => &["ApplicationReason"],
        Of::SupportKind => &["SupportKind"],
        Of::ListKind => &["ListKind"],
        Of::DuplicateField => &["DuplicateField"],
        Of::DuplicateAgreement => &["DuplicateAgreement"],
        Of::ProjectKind => &["ProjectKind"],
        Of::ProjectStatus => &["ProjectStatus"],
        Of::ProjectReason => &["ProjectReason"],
        Of::WorkKind => &["WorkKind"],
        Of::EventKind => &["EventKind"],
        Of::EventStatus => &["EventStatus"],
        Of::RegistrationStatus => &["RegistrationStatus"],
        Of::DecisionStatus => &["DecisionStatus"],
        Of::DecisionReason => &["DecisionReason"],
        Of::AccountStatus => &["UserStatus"],
        Of::UserRole => &["UserRole"],
        Of::PairStatus => &["DuplicateStatus"],
        Of::RecordKind => &["DuplicateKind", "ImportKind"],
        Of::ImportMode => &["ImportMode"],
        Of::ImportStatus => &["ImportStatus"],
        Of::AuditAction => &["AuditAction"],
        // These are in the catalogue, or no codes.
        Of::Text | Of::Role | Of::Skill | Of::Theme | Of::Type | Of::Family | Of::Format | Of::DayPart => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantArray;

    #[test]
    fn every_code_has_another_word() {
        for of in Of::VARIANTS {
            let sets = sets(*of);
            let words: Vec<&str> = sets
                .iter()
                .flat_map(|set| words::sets()[*set].values().map(|words| words.ja.as_str()))
                .collect();
            let distinct: std::collections::BTreeSet<&str> = words.iter().copied().collect();
            assert!(words.len() == distinct.len(), "{of:?}");
            assert!(sets.is_empty() || !words.is_empty(), "{of:?}");
        }
    }
}
