//! What else is open, for whoever can't have the place that they applied for.

use crate::deliverables::Deliverable;
use crate::error::{Alternative, Error};

/// The most that are listed.
pub const MOST: usize = 5;

/// Whether another deliverable could serve instead.
pub fn is_answered_with(error: &Error) -> bool {
    [
        "deliverable_not_open",
        "role_filled",
        "at_capacity",
        "already_applied",
    ]
    .contains(&error.code())
}

pub fn instead(error: Error, similar: Vec<Deliverable>) -> Error {
    let alternative = |found: Deliverable| Alternative {
        id: found.id.to_string(),
        title: found.request.title,
        kind: found.request.type_,
        area: found.request.area,
    };
    Error::Instead {
        conflict: Box::new(error),
        similar: similar.into_iter().map(alternative).collect(),
    }
}

/// The nearest of what was found: of the same type first, then of the same area, then the newest.
pub fn nearest(asked: &Deliverable, mut found: Vec<Deliverable>) -> Vec<Deliverable> {
    let differs = |one: &Deliverable| {
        (
            one.request.type_ != asked.request.type_,
            one.request.area != asked.request.area,
            std::cmp::Reverse(one.id),
        )
    };
    found.sort_by_key(differs);
    found.truncate(MOST);
    found
}
