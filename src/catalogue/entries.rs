//! The entries of each kind, with their rules.

use super::fixed::Format;
use super::names::Names;
use crate::error::Text;
use crate::values::{Code, broken, distinct};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// The kinds whose entries administrators add and retire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum EntryKind {
    DeliverableType,
    Skill,
    Role,
    Theme,
}

impl EntryKind {
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Returns the path of the collection in the API.
    pub fn path(self) -> &'static str {
        match self {
            EntryKind::DeliverableType => "deliverable-types",
            EntryKind::Skill => "skills",
            EntryKind::Role => "roles",
            EntryKind::Theme => "themes",
        }
    }

    pub fn names(self) -> Text {
        match self {
            EntryKind::DeliverableType => Text::new("支援内容の種類", "deliverable type"),
            EntryKind::Skill => Text::new("スキル", "skill"),
            EntryKind::Role => Text::new("役割", "role"),
            EntryKind::Theme => Text::new("テーマ", "theme"),
        }
    }
}

/// An entry of one kind.
pub trait Definition: Clone + Serialize + DeserializeOwned + Validate + Send + Sync + 'static {
    const KIND: EntryKind;
    fn code(&self) -> &str;
    fn names(&self) -> &Names;
    /// Returns whether new records can't use it any more.
    fn retired(&self) -> bool;
}

fn valid_aliases(aliases: &[String]) -> Result<(), ValidationError> {
    if aliases
        .iter()
        .all(|alias| (1..=100).contains(&alias.chars().count()))
    {
        return Ok(());
    }
    Err(broken(
        "invalid_length",
        "別名は1〜100文字で入力してください。",
        "An alias must have 1 to 100 characters.",
    ))
}

fn valid_cues(cues: &[String]) -> Result<(), ValidationError> {
    let spelled = |word: &str| word.split('|').all(|spelling| !spelling.is_empty());
    let valid = |cue: &String| (1..=200).contains(&cue.chars().count()) && cue.split(' ').all(spelled);
    if cues.iter().all(valid) {
        return Ok(());
    }
    Err(broken(
        "invalid_cue",
        "1〜200文字で入力し、語は空白1つ、表記は | で区切ってください。",
        "A cue must have 1 to 200 characters. Separate words with one space and spellings with |.",
    ))
}

/// A skill in a tree of three levels: domain, group, skill.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "graphic_design", "parent": "visual_design",
    "names": {"ja": "グラフィックデザイン", "en": "Graphic design"}, "aliases": ["DTP"]}))]
pub struct Skill {
    #[validate(custom(function = "Code::check"))]
    pub code: Code,
    /// Code of the broader skill; null for a domain.
    #[serde(default)]
    pub parent: Option<Code>,
    #[validate(nested)]
    pub names: Names,
    /// Other names that imports recognise.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = "valid_aliases"))]
    #[schema(max_items = 100)]
    pub aliases: Vec<String>,
    /// Whether it is retired: new records can't use it, existing ones keep it.
    #[serde(default)]
    pub retired: bool,
}

/// A role in a team.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "interpreter", "names": {"ja": "通訳", "en": "Interpreter"}, "aliases": []}))]
pub struct Role {
    #[validate(custom(function = "Code::check"))]
    pub code: Code,
    #[validate(nested)]
    pub names: Names,
    /// Other names that imports recognise.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = "valid_aliases"))]
    #[schema(max_items = 100)]
    pub aliases: Vec<String>,
    /// Whether it is retired: new records can't use it, existing ones keep it.
    #[serde(default)]
    pub retired: bool,
}

/// A cause that organizations work for and workers care about.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "disaster", "names": {"ja": "防災", "en": "Disaster preparedness"}, "aliases": ["減災"]}))]
pub struct Theme {
    #[validate(custom(function = "Code::check"))]
    pub code: Code,
    #[validate(nested)]
    pub names: Names,
    /// Other names that imports recognise.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = "valid_aliases"))]
    #[schema(max_items = 100)]
    pub aliases: Vec<String>,
    /// Whether it is retired: new records can't use it, existing ones keep it.
    #[serde(default)]
    pub retired: bool,
}

/// Something that an organization can request: a flyer, a website, a survey.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "poster", "family": "print", "names": {"ja": "ポスター", "en": "Poster"},
    "aliases": ["ポスター制作"], "cues": ["壁|掲示板 貼"], "format": "one_day", "hours_per_week": 8, "weeks": 1,
    "phases": [{"ja": "ヒアリング", "en": "Interview"}],
    "roles": [{"role": "designer", "places": 1,
               "skills": [{"skill": "graphic_design", "level": 3, "weight": 3, "must_have": true}]}]}))]
pub struct DeliverableType {
    #[validate(custom(function = "Code::check"))]
    pub code: Code,
    /// Code of a family of /v1/families.
    pub family: Code,
    #[validate(nested)]
    pub names: Names,
    /// Other names that imports recognise.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = "valid_aliases"))]
    #[schema(max_items = 100)]
    pub aliases: Vec<String>,
    /// Words with which people describe the trouble, for triage. All words of a cue must occur. Separate words with a
    /// space and spellings with |, and write _ for a space: `会員 減|少ない`.
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
    /// Usual duration in weeks.
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
    /// Whether it is retired: new records can't use it, existing ones keep it.
    #[serde(default)]
    pub retired: bool,
}

/// A role of a team, with the skills it needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleWish {
    /// Code of a role.
    pub role: Code,
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
    /// Returns the codes of the role and its skills.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.role.as_str()).chain(self.skills.iter().map(|wish| wish.skill.as_str()))
    }
}

/// A skill that a role needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkillWish {
    /// Code of a skill.
    pub skill: Code,
    /// The level: 1 has heard of it, 3 works with it alone, 5 teaches it.
    #[validate(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5, example = 3)]
    pub level: u8,
    /// How much it counts among the role's skills.
    #[validate(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5, example = 3)]
    pub weight: u8,
    /// Whether workers below this level are left out of rankings.
    #[serde(default)]
    pub must_have: bool,
}

pub fn distinct_roles(roles: &[RoleWish]) -> Result<(), ValidationError> {
    distinct(roles.iter().map(|r| r.role.as_str()))
}

fn distinct_skills(skills: &[SkillWish]) -> Result<(), ValidationError> {
    distinct(skills.iter().map(|s| s.skill.as_str()))
}

macro_rules! define {
    ($($name:ident),+) => {$(
        impl Definition for $name {
            const KIND: EntryKind = EntryKind::$name;
            fn code(&self) -> &str {
                &self.code
            }
            fn names(&self) -> &Names {
                &self.names
            }
            fn retired(&self) -> bool {
                self.retired
            }
        }
    )+};
}
define!(DeliverableType, Skill, Role, Theme);
