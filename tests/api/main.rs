//! The service from the outside: every test speaks HTTP to a server of its own, on SQLite and on PostgreSQL.
//!
//! `support` has the server, the databases and the verbs; the rest is one file for each subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod access;
mod advice;
mod applications;
mod backup;
mod catalogue;
mod contract;
mod deliverables;
mod duplicates;
mod exports;
mod exposures;
mod hostile;
mod imports;
mod index;
mod lists;
mod logs;
mod manners;
mod matches;
mod open_data;
mod organizations;
mod partners;
mod privacy;
mod queries;
mod reach;
mod resuming;
mod rosters;
mod schema;
mod sessions;
mod statistics;
mod support;
mod tokens;
mod triage;
mod users;
mod wire;
mod workers;
