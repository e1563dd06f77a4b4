//! What an entry of each kind holds, and the rules it keeps.

use super::{Catalogue, Format, Names, lookup};
use crate::error::{Error, FieldError, Result, Text};
use crate::http::body::broken;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// The kinds whose entries may be added and retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    DeliverableType,
    Skill,
    Role,
    Theme,
}

impl Kind {
    pub fn code(self) -> &'static str {
        match self {
            Kind::DeliverableType => "deliverable_type",
            Kind::Skill => "skill",
            Kind::Role => "role",
            Kind::Theme => "theme",
        }
    }

    /// Its collection in the API.
    pub fn path(self) -> &'static str {
        match self {
            Kind::DeliverableType => "deliverable-types",
            Kind::Skill => "skills",
            Kind::Role => "roles",
            Kind::Theme => "themes",
        }
    }

    pub fn names(self) -> Text {
        match self {
            Kind::DeliverableType => Text::new("支援内容の種類", "deliverable type"),
            Kind::Skill => Text::new("スキル", "skill"),
            Kind::Role => Text::new("役割", "role"),
            Kind::Theme => Text::new("テーマ", "theme"),
        }
    }
}

/// An entry of one kind.
pub trait Definition: Clone + Serialize + DeserializeOwned + Validate + Send + Sync + 'static {
    const KIND: Kind;
    fn code(&self) -> &str;
    fn names(&self) -> &Names;
    /// No longer offered for what is newly written.
    fn retired(&self) -> bool;
    /// What the entry refers to has to be there; what has retired may stay where it stood `before`.
    fn check(&self, catalogue: &Catalogue, before: Option<&Self>) -> Result<()>;
    /// What may not change in an entry that others refer to.
    fn check_change(&self, before: &Self) -> Result<()> {
        if self.code() == before.code() {
            Ok(())
        } else {
            Err(immutable("/code"))
        }
    }
}

fn immutable(pointer: &str) -> Error {
    let rule = Text::new(
        "この項目は変更できません。",
        "This can't be changed: add another entry and retire this one.",
    );
    Error::invalid(pointer, "immutable", rule)
}

/// A short name for programs.
pub fn valid_code(code: &str) -> Result<(), ValidationError> {
    let plain = code
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain && code.starts_with(|c: char| c.is_ascii_lowercase()) && code.len() <= 64 {
        return Ok(());
    }
    Err(broken(
        "code",
        "英小文字・数字・_ で64文字以内にしてください。",
        "It has lower case letters, digits and _, a letter first, 64 at most.",
    ))
}

fn valid_aliases(aliases: &[String]) -> Result<(), ValidationError> {
    if aliases
        .iter()
        .all(|alias| (1..=100).contains(&alias.chars().count()))
    {
        return Ok(());
    }
    Err(broken(
        "length",
        "別名は1〜100文字です。",
        "An alias has 1 to 100 characters.",
    ))
}

fn valid_cues(cues: &[String]) -> Result<(), ValidationError> {
    let spelled = |word: &str| word.split('|').all(|spelling| !spelling.is_empty());
    let valid = |cue: &String| (1..=200).contains(&cue.chars().count()) && cue.split(' ').all(spelled);
    if cues.iter().all(valid) {
        return Ok(());
    }
    Err(broken(
        "cue",
        "1〜200文字で、語は空白1つ、表記は | で区切ってください。",
        "A cue has 1 to 200 characters: words parted by one space, their spellings by |.",
    ))
}

/// A skill in a tree of three levels: domain, group, skill.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "graphic_design", "parent": "visual_design",
    "names": {"ja": "グラフィックデザイン", "en": "Graphic design"}, "aliases": ["DTP"]}))]
pub struct Skill {
    #[validate(custom(function = "valid_code"))]
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub code: String,
    /// The broader skill; null for a domain.
    #[serde(default)]
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub parent: Option<String>,
    #[validate(nested)]
    pub names: Names,
    /// Other words for it, by which imports recognise it.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = "valid_aliases"))]
    #[schema(max_items = 100)]
    pub aliases: Vec<String>,
    /// No longer offered; what refers to it stays.
    #[serde(default)]
    pub retired: bool,
}

/// A role in a team.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "interpreter", "names": {"ja": "通訳", "en": "Interpreter"}, "aliases": []}))]
pub struct Role {
    #[validate(custom(function = "valid_code"))]
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub code: String,
    #[validate(nested)]
    pub names: Names,
    /// Other words for it, by which imports recognise it.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = "valid_aliases"))]
    #[schema(max_items = 100)]
    pub aliases: Vec<String>,
    /// No longer offered; what refers to it stays.
    #[serde(default)]
    pub retired: bool,
}

/// A cause that organizations work for and workers care about.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "disaster", "names": {"ja": "防災", "en": "Disaster preparedness"}, "aliases": ["減災"]}))]
pub struct Theme {
    #[validate(custom(function = "valid_code"))]
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub code: String,
    #[validate(nested)]
    pub names: Names,
    /// Other words for it, by which imports recognise it.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = "valid_aliases"))]
    #[schema(max_items = 100)]
    pub aliases: Vec<String>,
    /// No longer offered; what refers to it stays.
    #[serde(default)]
    pub retired: bool,
}

/// What can be asked for: a flyer, a website, a survey.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "poster", "family": "print", "names": {"ja": "ポスター", "en": "Poster"},
    "aliases": ["ポスター制作"], "cues": ["壁|掲示板 貼"], "format": "one_day", "hours_per_week": 8, "weeks": 1,
    "phases": [{"ja": "ヒアリング", "en": "Interview"}],
    "roles": [{"role": "designer", "places": 1,
               "skills": [{"skill": "graphic_design", "level": 3, "weight": 3, "must_have": true}]}]}))]
pub struct DeliverableType {
    #[validate(custom(function = "valid_code"))]
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub code: String,
    /// One of the families of /v1/families.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub family: String,
    #[validate(nested)]
    pub names: Names,
    /// Other words for it, by which imports recognise it.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = "valid_aliases"))]
    #[schema(max_items = 100)]
    pub aliases: Vec<String>,
    /// How people tell of the trouble that it is for, by which triage finds it. All words of a cue have to occur;
    /// spaces part them, | parts spellings, _ stands for a space: `会員 減|少ない`.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = "valid_cues"))]
    #[schema(max_items = 100)]
    pub cues: Vec<String>,
    /// The usual format.
    pub format: Format,
    /// Usual hours a week of each member of the team.
    #[validate(range(min = 1, max = 60))]
    #[schema(minimum = 1, maximum = 60)]
    pub hours_per_week: u16,
    /// Usual duration.
    #[validate(range(min = 1, max = 104))]
    #[schema(minimum = 1, maximum = 104)]
    pub weeks: u16,
    #[serde(default)]
    #[validate(length(max = 20), nested)]
    #[schema(max_items = 20)]
    pub phases: Vec<Names>,
    /// The usual team.
    #[validate(length(min = 1, max = 10), nested, custom(function = "distinct_roles"))]
    #[schema(min_items = 1, max_items = 10)]
    pub roles: Vec<RoleWish>,
    /// No longer offered; what refers to it stays.
    #[serde(default)]
    pub retired: bool,
}

/// One role of a team, with the skills it asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleWish {
    /// Code of a role of the catalogue.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "designer")]
    pub role: String,
    /// How many people.
    #[validate(range(min = 1, max = 20))]
    #[schema(minimum = 1, maximum = 20, example = 1)]
    pub places: u16,
    #[serde(default)]
    #[validate(length(max = 20), nested, custom(function = "distinct_skills"))]
    #[schema(max_items = 20)]
    pub skills: Vec<SkillWish>,
}

impl RoleWish {
    /// Of the role and its skills.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.role.as_str()).chain(self.skills.iter().map(|wish| wish.skill.as_str()))
    }
}

/// One skill that is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkillWish {
    /// Code of a skill of the catalogue.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "graphic_design")]
    pub skill: String,
    /// 1 knows of it, 3 works with it alone, 5 teaches it.
    #[validate(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5, example = 3)]
    pub level: u8,
    /// How much it counts among the role's skills.
    #[validate(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5, example = 3)]
    pub weight: u8,
    /// Whoever lacks it at this level is not ranked.
    #[serde(default)]
    pub must_have: bool,
}

pub fn distinct_roles(roles: &[RoleWish]) -> Result<(), ValidationError> {
    distinct(roles.iter().map(|r| r.role.as_str()))
}

fn distinct_skills(skills: &[SkillWish]) -> Result<(), ValidationError> {
    distinct(skills.iter().map(|s| s.skill.as_str()))
}

/// Nothing is named twice.
pub fn distinct<'a>(codes: impl Iterator<Item = &'a str>) -> Result<(), ValidationError> {
    let mut seen = std::collections::HashSet::new();
    match codes.into_iter().find(|code| !seen.insert(*code)) {
        None => Ok(()),
        Some(code) => {
            let (ja, en) = (
                format!("{code} が二度あります。"),
                format!("{code} is there twice."),
            );
            Err(broken("duplicate", &ja, &en))
        }
    }
}

impl Definition for Skill {
    const KIND: Kind = Kind::Skill;
    fn code(&self) -> &str {
        &self.code
    }
    fn names(&self) -> &Names {
        &self.names
    }
    fn retired(&self) -> bool {
        self.retired
    }
    fn check(&self, catalogue: &Catalogue, _: Option<&Skill>) -> Result<()> {
        let Some(parent) = &self.parent else { return Ok(()) };
        let Some(group) = catalogue.skills.get(parent) else {
            let known = catalogue.skills.iter().map(|e| e.definition.code.as_str());
            return Err(Error::Invalid(vec![lookup::unknown(
                "/parent",
                "unknown_skill",
                parent,
                known,
            )]));
        };
        let grandparent = group
            .definition
            .parent
            .as_ref()
            .and_then(|code| catalogue.skills.get(code));
        if grandparent.is_some_and(|g| g.definition.parent.is_some()) {
            let rule = Text::new(
                "スキルの木は3階層までです。",
                "The tree of skills has three levels.",
            );
            return Err(Error::invalid("/parent", "too_deep", rule));
        }
        Ok(())
    }
    /// Moving a skill would move everything below it, and change what past rankings meant.
    fn check_change(&self, before: &Skill) -> Result<()> {
        match (self.code == before.code, self.parent == before.parent) {
            (true, true) => Ok(()),
            (false, _) => Err(immutable("/code")),
            (_, false) => Err(immutable("/parent")),
        }
    }
}

macro_rules! refers_to_nothing {
    ($name:ident, $kind:expr) => {
        impl Definition for $name {
            const KIND: Kind = $kind;
            fn code(&self) -> &str {
                &self.code
            }
            fn names(&self) -> &Names {
                &self.names
            }
            fn retired(&self) -> bool {
                self.retired
            }
            fn check(&self, _: &Catalogue, _: Option<&Self>) -> Result<()> {
                Ok(())
            }
        }
    };
}
refers_to_nothing!(Role, Kind::Role);
refers_to_nothing!(Theme, Kind::Theme);

impl Definition for DeliverableType {
    const KIND: Kind = Kind::DeliverableType;
    fn code(&self) -> &str {
        &self.code
    }
    fn names(&self) -> &Names {
        &self.names
    }
    fn retired(&self) -> bool {
        self.retired
    }
    fn check(&self, catalogue: &Catalogue, before: Option<&DeliverableType>) -> Result<()> {
        let mut faults: Vec<FieldError> = Vec::new();
        if catalogue.family_position(&self.family).is_none() {
            let known = catalogue.fixed.families.iter().map(|f| f.code.as_str());
            faults.push(lookup::unknown("/family", "unknown_family", &self.family, known));
        }
        let roles = before.iter().flat_map(|before| &before.roles);
        let kept: Vec<&str> = roles.flat_map(RoleWish::codes).collect();
        lookup::check_roles(catalogue, &self.roles, "/roles", &kept, &mut faults);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(faults))
        }
    }
    /// Deliverables keep their type's family for the statistics.
    fn check_change(&self, before: &DeliverableType) -> Result<()> {
        match (self.code == before.code, self.family == before.family) {
            (true, true) => Ok(()),
            (false, _) => Err(immutable("/code")),
            (_, false) => Err(immutable("/family")),
        }
    }
}
