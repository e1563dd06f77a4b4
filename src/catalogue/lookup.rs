//! Checks codes against the catalogue, and suggests the nearest one if a code doesn't exist.

use super::entries::{Definition, EntryKind, RoleWish};
use super::state::{Catalogue, Entries};
use crate::error::{FieldError, Text};

/// Returns the error of a code that doesn't exist, with the nearest one that does.
pub fn unknown<'a>(
    pointer: &str,
    rule: &'static str,
    code: &str,
    known: impl Iterator<Item = &'a str>,
) -> FieldError {
    let shown: String = code.chars().take(80).collect();
    let text = match nearest(code, known) {
        Some(near) => Text::new(
            format!("{shown} は登録されていません。{near} ではありませんか。"),
            format!("{shown} doesn't exist. Did you mean {near}?"),
        ),
        None => Text::new(
            format!("{shown} は登録されていません。"),
            format!("{shown} doesn't exist."),
        ),
    };
    FieldError::at(pointer, rule, text)
}

/// Returns the most similar known text (Jaro–Winkler), if any is similar enough.
pub fn nearest<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // The measure takes quadratic time, and a text this long isn't a typing error. Nor does a number that looks similar
    // mean the same.
    if text.chars().count() > 80 || text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let scored = known
        .map(|k| (strsim::jaro_winkler(text, k), k))
        .filter(|(score, _)| *score > 0.75);
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, k)| k)
}

/// The result of looking up a code.
pub enum Lookup {
    Active,
    Retired,
    Missing,
}

/// A kind of entry that records refer to by code.
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
            EntryKind::DeliverableType => ("unknown_type", "retired_type"),
            EntryKind::Skill => ("unknown_skill", "retired_skill"),
            EntryKind::Role => ("unknown_role", "retired_role"),
            EntryKind::Theme => ("unknown_theme", "retired_theme"),
        }
    }
}

/// Checks that a code exists. A retired one passes only if `before` has it.
pub fn check(kind: &dyn Checked, code: &str, pointer: &str, before: &[&str], faults: &mut Vec<FieldError>) {
    let (unknown_rule, retired_rule) = kind.rules();
    match kind.look_up(code) {
        Lookup::Active => {}
        Lookup::Retired if before.contains(&code) => {}
        Lookup::Retired => {
            let rule = Text::new(
                format!("{code} は廃止されたため指定できません。"),
                format!("{code} is retired and can't be used any more."),
            );
            faults.push(FieldError::at(pointer, retired_rule, rule));
        }
        Lookup::Missing => faults.push(unknown(pointer, unknown_rule, code, kind.codes())),
    }
}

/// Checks the codes of a team's roles and skills.
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

/// Checks that an area exists, and completes a code of five digits to six.
pub fn resolve_area<A>(catalogue: &Catalogue, code: &mut A, pointer: &str, faults: &mut Vec<FieldError>)
where
    A: AsRef<str> + for<'c> From<&'c str>,
{
    match catalogue.area(code.as_ref()) {
        Some(area) => *code = A::from(&area.code),
        None => {
            let known = catalogue.fixed.areas.iter().map(|area| area.code.as_str());
            faults.push(unknown(pointer, "unknown_area", code.as_ref(), known));
        }
    }
}
