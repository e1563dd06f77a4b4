//! The log of every write: who, what, which version, when.
//!
//! Each write appends to the log in its own transaction, so the log has exactly what happened. Followers (the match
//! index, the catalogue's cache) continue from the last `seq` that they read; nothing calls them.
//!
//! Invariant: a reader that sees a `seq` sees every smaller one. Writers are serialised from the append to the commit:
//! on SQLite because it has one writer, on PostgreSQL by an advisory lock. So append last.
//!
//! Deliberately absent: the content of a change. A log that holds personal data could not forget it.

pub mod store;

/// The kind of record that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Subject {
    Organization,
    Deliverable,
    Worker,
    Application,
    Catalogue,
    DeclaredTotal,
    User,
    Partner,
}

impl Subject {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Action {
    Created,
    Updated,
    Archived,
    Deleted,
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
