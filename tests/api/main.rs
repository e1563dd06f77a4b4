//! Tests over HTTP: each starts a server, on SQLite and on PostgreSQL.
//!
//! `support` has the server, the databases and the requests. Every other file tests one subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod access_tokens;
mod applications;
mod backup;
mod catalogue;
mod deliverables;
mod disclosure;
mod duplicates;
mod erasure;
mod exports;
mod exposures;
mod faults;
mod forged_tokens;
mod hostile_files;
mod http_semantics;
mod import_archive;
mod import_quotas;
mod import_recovery;
mod import_rosters;
mod import_sheets;
mod joint_organizations;
mod kept_apart;
mod known_elsewhere;
mod log_secrets;
mod match_advice;
mod match_index;
mod matches;
mod migrations;
mod open_data;
mod openapi_document;
mod organizations;
mod ownership;
mod pagination;
mod partners;
mod permissions;
mod places;
mod privacy;
mod properties;
mod query_counts;
mod release;
mod search;
mod sessions;
mod settings;
mod slow_readers;
mod statistics;
mod support;
mod teams;
mod transport;
mod triage;
mod users;
mod word_oracles;
mod workers;
