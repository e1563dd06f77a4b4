//! The log of every write: who, what, which version, when.
//!
//! Each write appends to the log in its own transaction, so the log has exactly what happened. Followers (the match
//! index, the catalogue's cache) continue from the last `seq` that they read; nothing calls them.
//!
//! A row has the record's audience before and after the write: who saw it, and who sees it now. So followers of any number
//! learn what became visible to them, and what no longer is, without a query for each. Where a write changes the audience
//! of another record (an application lets an organization see the worker), that record gets a row, too: [`Action::Shown`].
//!
//! Invariant: a reader that sees a `seq` sees every smaller one. Writers are serialised from the append to the commit:
//! on SQLite because it has one writer, on PostgreSQL by an advisory lock. So append last.
//!
//! The log is kept for some days ([`store::trim`]), except what the service itself looks up later.
//!
//! Deliberately absent: the content of a change. A log that holds personal data could not forget it.

pub mod store;

use crate::db::Instant;
use crate::reach::audience::Audience;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The followers that go on from a stored position. What they have not read is never trimmed.
pub const FOLLOWERS: &[&str] = &["duplicates", "imports", "webhooks"];

/// The kind of record that changed.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[schema(as = ChangeSubject)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Subject {
    Organization,
    Deliverable,
    Worker,
    Application,
    Intake,
    Review,
    FollowUp,
    Catalogue,
    DeclaredTotal,
    User,
    Partner,
    Project,
    ProjectEntry,
    Weights,
    Round,
    Programme,
    IndicatorSource,
    Event,
    Registration,
    Card,
    Post,
    Publication,
}

impl Subject {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum Action {
    Created,
    Updated,
    Archived,
    Deleted,
    /// An application left the waiting list.
    MovedUp,
    /// The record is what it was, but others see it now.
    Shown,
}

impl Action {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// One change, not yet logged.
#[derive(Debug, Clone)]
pub struct Change {
    pub subject: Subject,
    pub subject_id: String,
    pub action: Action,
    pub version: i64,
}

impl Change {
    pub fn new(subject: Subject, id: impl ToString, action: Action, version: i64) -> Change {
        Change {
            subject,
            subject_id: id.to_string(),
            action,
            version,
        }
    }
}

/// A change as the log has it.
#[derive(Debug)]
pub struct LoggedChange {
    pub seq: i64,
    pub at: Instant,
    pub subject: Subject,
    pub subject_id: String,
    pub action: Action,
    /// 0 if the record itself didn't change.
    pub version: i64,
    /// Who saw the record before, and who sees it now. `None` for kinds without an audience.
    pub seen: Option<(Audience, Audience)>,
}
