//! The archive and the published programme that are embedded, who writes the demonstration from it, and the error if it can't be read.

use crate::error::Error;

pub const ACTOR: &str = "system:demo";
pub const ARCHIVE: &str = include_str!("hometown_engagements.csv");
pub const TOTALS: &str = include_str!("hometown_totals.csv");
pub const SESSIONS: &str = include_str!("hometown_sessions.csv");
pub const CONFERENCES: &str = include_str!("hometown_conference.csv");
pub const ACCOMPANIMENTS: &str = include_str!("hometown_accompaniment.csv");

pub fn unreadable(e: impl std::fmt::Display) -> Error {
    Error::Internal(format!("the embedded demonstration can't be read: {e}"))
}
