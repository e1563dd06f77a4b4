//! Checks codes against the catalogue, and suggests the nearest one if a code doesn't exist.

use super::areas::address::Place;
use super::areas::wording;
use super::entries::{Definition, EntryKind, RoleWish};
use super::fixed::Fixed;
use super::state::{Catalogue, Entries};
use crate::error::{FieldError, Text};
use crate::values::AreaCode;

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

/// Checks that an area exists, and completes a code of five digits to six. The code of a municipality that was merged
/// or renamed becomes that of today.
pub fn resolve_area<A>(fixed: &Fixed, code: &mut A, pointer: &str, faults: &mut Vec<FieldError>)
where
    A: AsRef<str> + for<'c> From<&'c str>,
{
    let areas = &fixed.areas;
    let Some(known) = areas.known(code.as_ref()) else {
        let (rule, code) = ("unknown_area", code.as_ref());
        faults.push(match AreaCode::from(code).is_well_formed() {
            true => unknown(pointer, rule, code, std::iter::empty()),
            false => FieldError::at(pointer, rule, no_code(fixed, code)),
        });
        return;
    };
    match (known, &areas.today(known)[..]) {
        (_, [area]) => {
            if let Some(area) = areas.at(*area) {
                *code = A::from(&area.code);
            }
        }
        (known, several) => {
            let text = wording::divided(areas, known, several);
            faults.push(FieldError::at(pointer, "ambiguous_area", text));
        }
    }
}

/// Says that a text is no area's code, with the codes of what it names.
pub fn no_code(fixed: &Fixed, text: &str) -> Text {
    let named = match fixed.read_place(text) {
        Place::Found { area, .. } | Place::Proposed(area) => vec![area],
        Place::Several(areas) => areas,
        Place::Divided(_) | Place::Prefecture | Place::Unknown => Vec::new(),
    };
    wording::no_code(&fixed.areas, &named)
}

/// Checks the same, and that the area is served. `before` passes in any case.
pub fn resolve_served_area<A>(
    fixed: &Fixed,
    code: &mut A,
    pointer: &str,
    before: &[&str],
    faults: &mut Vec<FieldError>,
) where
    A: AsRef<str> + for<'c> From<&'c str>,
{
    let so_far = faults.len();
    resolve_area(fixed, code, pointer, faults);
    let code = code.as_ref();
    if faults.len() > so_far || fixed.is_served(code) || before.contains(&code) {
        return;
    }
    if let Some(area) = fixed.areas.find(code) {
        let text = wording::not_served(&fixed.areas, area);
        faults.push(FieldError::at(pointer, "area_not_served", text));
    }
}

/// Checks a list of areas in the same way.
pub fn resolve_served_areas(fixed: &Fixed, codes: &mut [String], before: &[String]) -> Vec<FieldError> {
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let mut faults = Vec::new();
    for (i, code) in codes.iter_mut().enumerate() {
        resolve_served_area(fixed, code, &format!("/areas/{i}"), &before, &mut faults);
    }
    faults
}
