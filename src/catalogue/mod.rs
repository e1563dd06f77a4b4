//! The shared vocabulary: deliverable types, skills, roles, themes, formats, families, areas.
//!
//! Types, skills, roles and themes are rows: seeded from the embedded files, then added and retired at run time.
//! Formats, families and areas are fixed. A [`Catalogue`] is one consistent state in memory; its positions are the
//! small integers that the matcher works with.
//!
//! * `entries`: the entries of each kind. `fixed`: formats, families. `areas`: the municipalities of Japan. `calendar`: fiscal years and day-parts.
//! * `state`: all of it in memory. `cache`: the current state, following the change log.
//! * `rules`: what an entry may refer to and what may change. `lookup`: checks codes in records, `filters` those in the
//!   parameters of lists.
//!
//! Invariant: a code never changes its meaning and is never deleted. Records that use it stay readable; only new
//! records can't use a retired entry.

pub mod areas;
pub mod cache;
pub mod calendar;
pub mod entries;
pub mod filters;
pub mod fixed;
pub mod http;
pub mod lookup;
pub mod names;
pub mod rules;
pub mod state;
pub mod store;

pub use areas::Area;
pub use cache::Catalogues;
pub use calendar::DayPart;
pub use entries::{Definition, DeliverableType, EntryKind, Role, RoleWish, Skill, SkillWish, Theme};
pub use filters::Filters;
pub use fixed::{Family, Format, FormatDefaults};
pub use lookup::{Checked, Lookup};
pub use names::Names;
pub use state::{
    Catalogue, CatalogueEntry, DeliverableTypeEntry, Entries, Entry, RealDuration, RealDurations, Shown,
};
