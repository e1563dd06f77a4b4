//! What an entry may refer to, and what of it may change.

use super::entries::{Definition, DeliverableType, Role, RoleWish, Skill, Theme};
use super::lookup;
use super::state::Catalogue;
use crate::error::{Error, FieldError, Result, Text};

/// The rules of one kind of entry.
pub trait Rules: Definition {
    /// Checks that the entries exist that this one refers to. A retired one passes if `before` has it.
    fn check(&self, _: &Catalogue, _before: Option<&Self>) -> Result<()> {
        Ok(())
    }

    /// Checks that nothing changed that other records depend on.
    fn check_change(&self, before: &Self) -> Result<()> {
        unchanged("/code", self.code(), before.code())
    }
}

fn unchanged<T: PartialEq>(pointer: &str, now: T, before: T) -> Result<()> {
    if now == before {
        return Ok(());
    }
    let rule = Text::new(
        "この項目は変更できません。新しい項目を追加し、この項目を廃止してください。",
        "This can't be changed. Add a new entry and retire this one.",
    );
    Err(Error::invalid(pointer, "immutable", rule))
}

impl Rules for Role {}
impl Rules for Theme {}

impl Rules for Skill {
    fn check(&self, catalogue: &Catalogue, _: Option<&Skill>) -> Result<()> {
        let Some(parent) = &self.parent else { return Ok(()) };
        let Some(group) = catalogue.skills.get(parent) else {
            let known = catalogue.skills.iter().map(|e| e.definition.code.as_str());
            let unknown = lookup::unknown("/parent", "unknown_skill", parent, known);
            return Err(Error::Invalid(vec![unknown]));
        };
        let grandparent = group.definition.parent.as_ref();
        let grandparent = grandparent.and_then(|code| catalogue.skills.get(code));
        if grandparent.is_some_and(|g| g.definition.parent.is_some()) {
            let rule = Text::new(
                "スキルは3階層まで登録できます。",
                "Skills have at most three levels.",
            );
            return Err(Error::invalid("/parent", "too_deep", rule));
        }
        Ok(())
    }

    /// A skill can't move: that would move everything below it and change the meaning of past rankings.
    fn check_change(&self, before: &Skill) -> Result<()> {
        unchanged("/code", &self.code, &before.code)?;
        unchanged("/parent", &self.parent, &before.parent)
    }
}

impl Rules for DeliverableType {
    fn check(&self, catalogue: &Catalogue, before: Option<&DeliverableType>) -> Result<()> {
        let mut faults: Vec<FieldError> = Vec::new();
        if catalogue.family_position(&self.family).is_none() {
            let known = catalogue.fixed.families.iter().map(|f| f.code.as_str());
            faults.push(lookup::unknown("/family", "unknown_family", &self.family, known));
        }
        let roles = before.iter().flat_map(|before| &before.roles);
        let previous: Vec<&str> = roles.flat_map(RoleWish::codes).collect();
        lookup::check_roles(catalogue, &self.roles, "/roles", &previous, &mut faults);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(faults))
        }
    }

    /// A type keeps its family, which deliverables store for the statistics.
    fn check_change(&self, before: &DeliverableType) -> Result<()> {
        unchanged("/code", &self.code, &before.code)?;
        unchanged("/family", &self.family, &before.family)
    }
}
