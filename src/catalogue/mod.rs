//! The shared vocabulary: deliverable types, skills, roles, themes, formats, families, areas.
//!
//! Types, skills, roles and themes are rows: seeded from the embedded files, then added and retired at run time.
//! Formats, families and areas are fixed. A [`Catalogue`] is one consistent state in memory; its positions are the
//! small integers that the matcher works with.
//!
//! * `calendar`: fiscal years and day-parts. `entries`: the entries of each kind and their rules.
//! * `fixed`: formats, families, areas. `lookup`: finds entries by code, name or alias.
//! * `filters`: checks the parameters of lists. `cache`: the current state, following the change log.
//!
//! Invariant: a code never changes its meaning and is never deleted. Records that use it stay readable; only new
//! records can't use a retired entry.

pub mod cache;
pub mod calendar;
pub mod entries;
pub mod filters;
pub mod fixed;
pub mod http;
pub mod lookup;
pub mod store;

pub use cache::Catalogues;
pub use calendar::DayPart;
pub use entries::{Definition, DeliverableType, EntryKind, Role, RoleWish, Skill, SkillWish, Theme};
pub use filters::Filters;
pub use fixed::{Area, Family, Format, FormatDefaults};
pub use lookup::{Checked, Lookup};

use matcher::triage::Triage;
use matcher::{EntryNo, Geography, SkillTree};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;
use validator::Validate;

/// A name in Japanese and English.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Names {
    #[validate(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "チラシ")]
    pub ja: String,
    #[validate(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Flyer")]
    pub en: String,
}

impl Names {
    pub fn in_language(&self, language: crate::http::Language) -> &str {
        match language {
            crate::http::Language::Ja => &self.ja,
            crate::http::Language::En => &self.en,
        }
    }
}

/// An entry with its version.
#[derive(Debug, Clone)]
pub struct Entry<T> {
    pub definition: T,
    pub version: i64,
}

/// The entries of one kind in their order, with their positions by code.
#[derive(Debug, Clone)]
pub struct Entries<T> {
    all: Vec<Entry<T>>,
    positions: HashMap<String, EntryNo>,
}

impl<T: Definition> Entries<T> {
    pub fn new(all: Vec<Entry<T>>) -> Entries<T> {
        let positions = all
            .iter()
            .enumerate()
            .map(|(i, e)| (e.definition.code().to_owned(), i as EntryNo))
            .collect();
        Entries { all, positions }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entry<T>> {
        self.all.iter()
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn get(&self, code: &str) -> Option<&Entry<T>> {
        self.position(code).and_then(|i| self.all.get(usize::from(i)))
    }

    /// Returns the number that the matcher uses for it.
    pub fn position(&self, code: &str) -> Option<EntryNo> {
        self.positions.get(code).copied()
    }

    pub fn at(&self, position: EntryNo) -> Option<&T> {
        self.all.get(usize::from(position)).map(|entry| &entry.definition)
    }
}

/// One consistent state of the catalogue.
#[derive(Debug, Clone)]
pub struct Catalogue {
    pub types: Entries<DeliverableType>,
    pub skills: Entries<Skill>,
    pub roles: Entries<Role>,
    pub themes: Entries<Theme>,
    pub fixed: Arc<fixed::Fixed>,
    pub tree: Arc<SkillTree>,
    pub geography: Arc<Geography>,
    /// Finds types by their cues, numbered in their order. Retired types have no cues.
    pub triage: Arc<Triage>,
    type_names: HashMap<String, EntryNo>,
}

impl Catalogue {
    pub fn new(
        types: Vec<Entry<DeliverableType>>,
        skills: Vec<Entry<Skill>>,
        roles: Vec<Entry<Role>>,
        themes: Vec<Entry<Theme>>,
        fixed: Arc<fixed::Fixed>,
    ) -> Catalogue {
        let (types, skills) = (Entries::new(types), Entries::new(skills));
        let parent = |e: &Entry<Skill>| {
            e.definition
                .parent
                .as_deref()
                .and_then(|code| skills.position(code))
        };
        let tree = SkillTree::new(&skills.iter().map(parent).collect::<Vec<_>>());
        let points: Vec<(f64, f64)> = fixed.areas.iter().map(|a| (a.latitude, a.longitude)).collect();
        let geography = Geography::new(&points, fixed.areas.iter().map(|a| a.island).collect());
        Catalogue {
            type_names: lookup::type_names(&types),
            triage: Arc::new(triage(&types)),
            types,
            skills,
            roles: Entries::new(roles),
            themes: Entries::new(themes),
            tree: Arc::new(tree),
            geography: Arc::new(geography),
            fixed,
        }
    }

    pub fn area(&self, code: &str) -> Option<&Area> {
        self.fixed.area(code)
    }

    pub fn area_position(&self, code: &str) -> Option<EntryNo> {
        self.fixed
            .areas
            .iter()
            .position(|area| area.code == code)
            .map(|i| i as EntryNo)
    }

    pub fn family_position(&self, code: &str) -> Option<EntryNo> {
        self.fixed
            .families
            .iter()
            .position(|family| family.code == code)
            .map(|i| i as EntryNo)
    }
}

/// Makes the triage of the types' cues, names and aliases.
fn triage(types: &Entries<DeliverableType>) -> Triage {
    let cues = |entry: &Entry<DeliverableType>| -> Vec<String> {
        let own = &entry.definition;
        if own.retired {
            return Vec::new();
        }
        let names = own.aliases.iter().chain([&own.names.ja, &own.names.en]);
        names
            .map(|name| name.replace(' ', "_"))
            .chain(own.cues.iter().cloned())
            .collect()
    };
    let all: Vec<Vec<String>> = types.iter().map(cues).collect();
    Triage::new(all.iter().map(|cues| cues.iter().map(String::as_str)))
}
