//! Following: the change log as each follower sees it.
//!
//! * `sight`: what a follower sees of a change. `position`: where a follower goes on. `feed`: the newest changes in memory,
//!   and a signal when there are more.
//! * `actions`: reads on from a position. `followers`: how many follow at once. `http`: the operations. `tasks`: keeps the feed up to date and trims the log.
//!
//! Invariants: a follower learns of a record only if it sees it, or saw it until now. Who lists everything and then follows
//! from the list's position has every record in its last state, after any number of changes.
//!
//! One statement for each short interval looks for changes, however many follow. A change has its audience with it, so
//! that followers need no query of their own.
//!
//! Deliberately absent: the content of a change. A follower reads the record, as it is then, with the permissions it has
//! then.

pub mod actions;
mod feed;
mod followers;
pub mod http;
mod position;
mod sight;
pub mod tasks;

pub use feed::{Feed, Head};
pub use followers::Followers;
pub use position::Position;
pub use sight::{ChangeAction, Seen, SeenChange, Sight};
