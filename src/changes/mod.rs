//! The log of every write: who, what, which version, when.
//!
//! Each write appends here in its own transaction, so the log has what happened and nothing else. Followers (the
//! match index, the catalogue's cache) read on from the last `seq` that they have seen; nothing calls them.
//!
//! Invariant: whoever sees a `seq` sees every smaller one. Writers are serialised from the append to the commit,
//! on SQLite because it has one writer, on PostgreSQL by an advisory lock; so append last.
//!
//! Deliberately absent: the content of what changed. A log that holds personal data could not forget it.

pub mod store;

/// What kind of thing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        match self {
            Subject::Organization => "organization",
            Subject::Deliverable => "deliverable",
            Subject::Worker => "worker",
            Subject::Application => "application",
            Subject::Catalogue => "catalogue",
            Subject::DeclaredTotal => "declared_total",
            Subject::User => "user",
            Subject::Partner => "partner",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Created,
    Updated,
    Archived,
    Deleted,
}

impl Action {
    pub fn code(self) -> &'static str {
        match self {
            Action::Created => "created",
            Action::Updated => "updated",
            Action::Archived => "archived",
            Action::Deleted => "deleted",
        }
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
