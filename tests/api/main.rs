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
mod afterwards;
mod application_walk;
mod applications;
mod backup;
mod batches;
mod briefing;
mod catalogue;
mod console;
mod deliverables;
mod disclosure;
mod duplicates;
mod erasure;
mod events;
mod exports;
mod exposures;
mod far_times;
mod faults;
mod feeds;
mod following;
mod forged_tokens;
mod hostile_files;
mod http_semantics;
mod import_applications;
mod import_archive;
mod import_events;
mod import_project_work;
mod import_projects;
mod import_quotas;
mod import_recovery;
mod import_registrations;
mod import_rosters;
mod import_sheets;
mod imports_followed;
mod included;
mod indicators;
mod intake;
mod joint_organizations;
mod kept_apart;
mod known_elsewhere;
mod lifecycle;
mod listings;
mod lists;
mod log_secrets;
mod logs;
mod match_advice;
mod match_index;
mod matches;
mod metrics;
mod migrations;
mod offers;
mod open_data;
mod openapi_document;
mod organizations;
mod ownership;
mod pagination;
mod partners;
mod permissions;
mod places;
mod press;
mod privacy;
mod programmes;
mod project_reach;
mod projects;
mod properties;
mod query_counts;
mod release;
mod reports;
mod restores;
mod round_trips;
mod rounds;
mod search;
mod sessions;
mod settings;
mod slow_readers;
mod standby;
mod statistics;
mod story;
mod support;
mod team_proposals;
mod team_rankings;
mod teams;
mod transport;
mod triage;
mod turns;
mod users;
mod vocabulary;
mod webhooks;
mod weights;
mod word_oracles;
mod work_records;
mod workers;
mod worklist;
