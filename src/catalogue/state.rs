//! One consistent state of the catalogue in memory.

use super::areas::Area;
use super::entries::{Definition, DeliverableType, Role, Skill, Theme};
use super::fixed::Fixed;
use super::names::key;
use crate::db::Id;
use crate::http::{Discloses, Language};
use matcher::triage::Triage;
use matcher::{EntryNo, Geography, SkillTree};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// An entry with its version.
#[derive(Debug, Clone)]
pub struct Entry<T> {
    pub definition: T,
    pub version: i64,
}

/// An entry of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub struct CatalogueEntry<T> {
    #[serde(flatten)]
    pub definition: T,
    /// The name in the language of `Accept-Language`.
    #[schema(example = "チラシ")]
    pub label: String,
    /// Grows with each change. Also the ETag.
    #[schema(minimum = 1, example = 1)]
    pub version: i64,
}

impl<T> Discloses for CatalogueEntry<T> {
    fn people(&self) -> Vec<Id> {
        Vec::new()
    }
}

impl<T: Definition> CatalogueEntry<T> {
    pub fn of(entry: Entry<T>, language: Language) -> CatalogueEntry<T> {
        let label = entry.definition.names().in_language(language).to_owned();
        CatalogueEntry {
            label,
            version: entry.version,
            definition: entry.definition,
        }
    }
}

/// How long projects of a type in its usual format really took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"median_days": 94, "deliveries": 12}))]
pub struct RealDuration {
    /// The median of the days from the first day to the delivery, both included; the shorter of two in the middle. Null
    /// without a delivery.
    #[schema(minimum = 1)]
    pub median_days: Option<u32>,
    /// The deliveries behind it: the newest 50 at most, of projects that say when they began.
    #[schema(minimum = 0, maximum = 50)]
    pub deliveries: u32,
}

/// The durations of the types that have any, by code.
pub type RealDurations = HashMap<String, RealDuration>;

/// A deliverable type of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliverableTypeEntry {
    #[serde(flatten)]
    pub entry: CatalogueEntry<DeliverableType>,
    /// How long such projects took here in the usual `format`, counted again every ten minutes. `weeks` is what the catalogue
    /// says. Read-only.
    pub real_duration: RealDuration,
}

impl Discloses for DeliverableTypeEntry {
    fn people(&self) -> Vec<Id> {
        Vec::new()
    }
}

/// A kind of entries, as answers show them.
pub trait Shown: Definition {
    type View: Serialize + Discloses;

    /// Whether the view has durations.
    const HAS_DURATIONS: bool = false;

    fn view(entry: Entry<Self>, language: Language, durations: &RealDurations) -> Self::View;
}

macro_rules! plainly_shown {
    ($($kind:ident)*) => {$(
        impl Shown for $kind {
            type View = CatalogueEntry<$kind>;

            fn view(entry: Entry<$kind>, language: Language, _: &RealDurations) -> CatalogueEntry<$kind> {
                CatalogueEntry::of(entry, language)
            }
        }
    )*};
}

plainly_shown!(Skill Role Theme);

impl Shown for DeliverableType {
    type View = DeliverableTypeEntry;

    const HAS_DURATIONS: bool = true;

    fn view(entry: Entry<Self>, language: Language, durations: &RealDurations) -> DeliverableTypeEntry {
        let real = durations.get(entry.definition.code.as_str()).copied();
        DeliverableTypeEntry {
            entry: CatalogueEntry::of(entry, language),
            real_duration: real.unwrap_or_default(),
        }
    }
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
    pub fixed: Arc<Fixed>,
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
        fixed: Arc<Fixed>,
    ) -> Catalogue {
        let (types, skills) = (Entries::new(types), Entries::new(skills));
        let parent = |e: &Entry<Skill>| {
            e.definition
                .parent
                .as_deref()
                .and_then(|code| skills.position(code))
        };
        let tree = SkillTree::new(&skills.iter().map(parent).collect::<Vec<_>>());
        Catalogue {
            type_names: type_names(&types),
            triage: Arc::new(triage(&types)),
            types,
            skills,
            roles: Entries::new(roles),
            themes: Entries::new(themes),
            tree: Arc::new(tree),
            geography: Arc::clone(&fixed.areas.geography),
            fixed,
        }
    }

    pub fn area(&self, code: &str) -> Option<&Area> {
        self.fixed.areas.find(code)
    }

    pub fn area_position(&self, code: &str) -> Option<EntryNo> {
        self.fixed.areas.position(code)
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

/// Maps codes, names and aliases to types. The first one of a name wins.
fn type_names(types: &Entries<DeliverableType>) -> HashMap<String, EntryNo> {
    let mut names = HashMap::new();
    for (i, entry) in types.iter().enumerate() {
        let definition = &entry.definition;
        let own = [
            definition.code.as_str(),
            &definition.names.ja,
            &definition.names.en,
        ];
        for name in own
            .into_iter()
            .chain(definition.aliases.iter().map(String::as_str))
        {
            names.entry(key(name)).or_insert(i as EntryNo);
        }
    }
    names
}

impl Catalogue {
    /// Finds the types that a published text names: usually one, several if their names follow each other directly.
    /// Returns none if any part of the text isn't a name.
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
