//! Finding entries by code, name or alias, and telling what was meant where nothing is found.

use super::{Catalogue, Definition, DeliverableType, Entries, RoleWish};
use crate::error::{FieldError, Text};
use matcher::EntryNo;
use std::collections::HashMap;
use text::fold;

/// The form in which names are compared: folded, without spaces.
pub fn key(name: &str) -> String {
    fold(name).chars().filter(|c| !c.is_whitespace()).collect()
}

/// Codes, names and aliases of all types; what is said first stays.
pub fn type_names(types: &Entries<DeliverableType>) -> HashMap<String, EntryNo> {
    let mut names = HashMap::new();
    for (i, entry) in types.iter().enumerate() {
        let definition = &entry.definition;
        let own = [&definition.code, &definition.names.ja, &definition.names.en];
        for name in own.into_iter().chain(&definition.aliases) {
            names.entry(key(name)).or_insert(i as EntryNo);
        }
    }
    names
}

impl Catalogue {
    /// The types that a published text names: one as a rule, several where several names run together without
    /// anything else between. Empty where some of the text is no name.
    pub fn types_named(&self, text: &str) -> Vec<&DeliverableType> {
        let text = key(text);
        if let Some(whole) = self.type_names.get(&text) {
            return self.types.at(*whole).into_iter().collect();
        }
        let mut found = Vec::new();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let ends = rest.char_indices().map(|(i, c)| i + c.len_utf8()).rev();
            let name = ends
                .filter_map(|end| rest.get(..end))
                .find(|name| self.type_names.contains_key(*name));
            let Some(name) = name else { return Vec::new() };
            found.extend(self.type_names.get(name).and_then(|i| self.types.at(*i)));
            rest = rest.strip_prefix(name).unwrap_or_default();
        }
        found
    }
}

/// A code that is not there, with the nearest one that is.
pub fn unknown<'a>(
    pointer: &str,
    rule: &'static str,
    code: &str,
    known: impl Iterator<Item = &'a str>,
) -> FieldError {
    let shown: String = code.chars().take(80).collect();
    let text = match nearest(code, known) {
        Some(near) => Text::new(
            format!("{shown} はありません。{near} のことですか。"),
            format!("There is no {shown}. Did you mean {near}?"),
        ),
        None => Text::new(format!("{shown} はありません。"), format!("There is no {shown}.")),
    };
    FieldError::at(pointer, rule, text)
}

/// The most similar of the known ones (Jaro and Winkler), if it is similar at all.
pub fn nearest<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // The measure takes quadratic time, and nothing that long is a slip of the pen; nor is a number meant by a
    // number that looks like it.
    if text.chars().count() > 80 || text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let scored = known
        .map(|k| (strsim::jaro_winkler(text, k), k))
        .filter(|(score, _)| *score > 0.75);
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, k)| k)
}

/// How a code stands in the catalogue.
pub enum Lookup {
    Active,
    Retired,
    Missing,
}

/// The kinds that requests and profiles refer to by code.
pub trait Checked {
    fn look_up(&self, code: &str) -> Lookup;
    fn codes(&self) -> Box<dyn Iterator<Item = &str> + '_>;
    fn rules(&self) -> (&'static str, &'static str);
}

impl<T: Definition> Checked for Entries<T> {
    fn look_up(&self, code: &str) -> Lookup {
        match self.get(code) {
            Some(entry) if entry.definition.retired() => Lookup::Retired,
            Some(_) => Lookup::Active,
            None => Lookup::Missing,
        }
    }
    fn codes(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(
            self.iter()
                .filter(|e| !e.definition.retired())
                .map(|e| e.definition.code()),
        )
    }
    fn rules(&self) -> (&'static str, &'static str) {
        match T::KIND {
            super::Kind::DeliverableType => ("unknown_type", "retired_type"),
            super::Kind::Skill => ("unknown_skill", "retired_skill"),
            super::Kind::Role => ("unknown_role", "retired_role"),
            super::Kind::Theme => ("unknown_theme", "retired_theme"),
        }
    }
}

/// A code has to be there; a retired one only passes where it stood `before`.
pub fn check(kind: &dyn Checked, code: &str, pointer: &str, before: &[&str], faults: &mut Vec<FieldError>) {
    let (unknown_rule, retired_rule) = kind.rules();
    match kind.look_up(code) {
        Lookup::Active => {}
        Lookup::Retired if before.contains(&code) => {}
        Lookup::Retired => {
            let rule = Text::new(
                format!("{code} は廃止されています。"),
                format!("{code} is retired."),
            );
            faults.push(FieldError::at(pointer, retired_rule, rule));
        }
        Lookup::Missing => faults.push(unknown(pointer, unknown_rule, code, kind.codes())),
    }
}

/// A team's roles and skills have to be there.
pub fn check_roles(
    catalogue: &Catalogue,
    roles: &[RoleWish],
    pointer: &str,
    before: &[&str],
    faults: &mut Vec<FieldError>,
) {
    for (i, role) in roles.iter().enumerate() {
        check(
            &catalogue.roles,
            &role.role,
            &format!("{pointer}/{i}/role"),
            before,
            faults,
        );
        for (j, skill) in role.skills.iter().enumerate() {
            let pointer = format!("{pointer}/{i}/skills/{j}/skill");
            check(&catalogue.skills, &skill.skill, &pointer, before, faults);
        }
    }
}

/// An area has to be there; both forms of its code are understood, the one of six digits is kept.
pub fn resolve_area(catalogue: &Catalogue, code: &mut String, pointer: &str, faults: &mut Vec<FieldError>) {
    match catalogue.area(code) {
        Some(area) => code.clone_from(&area.code),
        None => {
            let known = catalogue.fixed.areas.iter().map(|area| area.code.as_str());
            faults.push(unknown(pointer, "unknown_area", code, known));
        }
    }
}
