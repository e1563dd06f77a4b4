//! Musubi (結び, "tying together") matches pro bono workers with the community organisations that ask for concrete
//! deliverables: a flyer, a website, a survey, a manual, a one-day workshop. One binary serves a REST API over
//! SQLite or PostgreSQL.
//!
//! # The map
//!
//! ```text
//! http  ->  a slice's rules (mod.rs)  ->  store.rs (SQL)  ->  database
//!                                              |  same transaction
//!                                              v
//!                                           changes  ->  match index, catalogue cache
//! ```
//!
//! A slice has three rooms: `mod.rs` (types and rules: no framework, no queries), `store.rs` (functions on a
//! [`db::Db`], the only room with diesel), `http.rs` (the routes first, then the handlers). A module imports only
//! from rows above its own:
//!
//! | row | modules | |
//! |---|---|---|
//! | 1 | [`matcher`] | pure: gates, components, fit, explanation |
//! | 2 | [`error`] | the one error |
//! | 3 | [`config`], [`tasks`], [`values`] | flags and environment; background tasks; codes, shared validators |
//! | 4 | [`db`] | two databases, one code |
//! | 5 | [`http`] | the parts that every slice's HTTP face uses |
//! | 6 | [`changes`] | the log of every write |
//! | 7 | [`auth`] | tokens, roles, scopes |
//! | 8 | [`audit`] | who saw and decided what |
//! | 9 | [`catalogue`] | types, skills, roles, themes, formats, areas |
//! | 10 | [`reach`], [`sessions`] | what each caller may see; sessions of users, and failed attempts |
//! | 11 | [`organizations`] | who asks |
//! | 11 | [`workers`] | who offers |
//! | 12 | [`deliverables`] | what is asked for |
//! | 13 | [`users`], [`duplicates`] | the people who log in; workers that may be one person |
//! | 14 | [`login`], [`applications`], [`exposures`] | logging in; bids for a place in a team; which lists were shown to whom |
//! | 15 | [`partners`] | apps through which volunteers come |
//! | 16 | [`mod@matches`], [`statistics`], [`triage`] | rankings; counts; from troubles to deliverable types |
//! | 17 | [`imports`] | files that come in |
//! | 18 | [`exports`], [`backup`], [`erasure`] | files that go out; the whole database as one; erasing a person |
//! | 19 | [`open_data`] | what anyone may have |
//! | 20 | [`server`] | routes, background tasks, state, the OpenAPI document |
//! | 21 | [`demo`] | a demonstration to touch |
//!
//! `http` and `db` reach into `matcher::text` for folding alone. The catalogue stands below `auth` because
//! administrators write it over HTTP; workers stand below organizations because they name those that they are kept
//! apart from.
//!
//! # Invariants
//!
//! * Every write of a record appends to `changes` in its own transaction. Followers read that log; nothing calls them.
//! * The matcher has no clock, no randomness, no IO: the same inputs rank the same on every machine.
//! * Every operation names its scope in the handler's signature; health, documents, the catalogue's reading and what asks
//!   for a secret of its own (logging in, client credentials) are open on purpose.
//! * A record is found only within a reach, which callers of a store have to name; what a reach covers stands once, in
//!   `reach`.
//! * Personal data that an answer shows to somebody else is in the audit; the audit and the change log hold ids alone.
//! * No state outside the database but what can be made again from it, and the key that signs tokens.
//!
//! `tests/architecture.rs` holds the order of the rows, and this documentation on every file.

pub mod applications;
pub mod audit;
pub mod auth;
pub mod backup;
pub mod catalogue;
pub mod changes;
pub mod config;
pub mod db;
pub mod deliverables;
pub mod demo;
pub mod duplicates;
pub mod erasure;
pub mod error;
pub mod exports;
pub mod exposures;
pub mod http;
pub mod imports;
pub mod login;
pub mod matches;
pub mod open_data;
pub mod organizations;
pub mod partners;
pub mod reach;
pub mod server;
pub mod sessions;
pub mod statistics;
pub mod tasks;
pub mod triage;
pub mod users;
pub mod values;
pub mod workers;
