//! Musubi (結び, "tying together") matches pro bono workers with community organisations. The organisations ask
//! for concrete deliverables: a flyer, a website, a survey, a manual, a one-day workshop. One binary serves a
//! REST API and keeps its data in SQLite or PostgreSQL.
//!
//! # How a request flows
//!
//! ```text
//! http.rs  ->  actions.rs  ->  rules, store.rs  ->  database
//!                                   |  same transaction
//!                                   v
//!                                changes  ->  match index, catalogue cache, duplicate detector, partners' and other apps
//! ```
//!
//! A module that serves one kind of record is a *slice*. In every slice, a file with one of these names has
//! the same job:
//!
//! | file | holds | may use |
//! |---|---|---|
//! | `mod.rs`, `rules.rs` | types, rules, state transitions | no framework, no queries |
//! | `store.rs`, `store/` | SQL: functions on a [`db::Db`] | diesel; the tables that the slice owns |
//! | `actions.rs` | use cases: load, check, write and log in one transaction | this slice's store, other slices' actions and stores |
//! | `http.rs` | routes, then handlers that extract, call and answer | actix-web |
//! | `tasks.rs` | background tasks, which a server repeats | actions |
//!
//! Code that is pure and needs nothing from the service is in a separate crate: `matcher` (ranking),
//! `tables` (files as rows of cells) and `text` (folding, kana, search terms).
//!
//! # The modules
//!
//! A module uses only modules of earlier rows.
//!
//! | row | modules | purpose |
//! |---|---|---|
//! | 1 | [`error`] | the one error type, with stable codes |
//! | 2 | [`config`], [`metrics`], [`values`] | flags and environment variables; what a server counts and measures; codes and validators |
//! | 3 | [`db`], [`tasks`], [`workbooks`] | one code for SQLite and PostgreSQL; background tasks; reading workbooks in a process of their own |
//! | 4 | [`http`] | the HTTP parts that all slices share: paging, ETags, JSON bodies |
//! | 5 | [`auth`] | tokens, roles, scopes |
//! | 6 | [`reach`] | which records each caller may see |
//! | 7 | [`audit`], [`changes`] | who saw personal data, and who decided what; the log of every change to a record |
//! | 8 | [`catalogue`] | deliverable types, skills, roles, themes, formats, areas |
//! | 9 | [`indicators`], [`sessions`], [`vocabulary`] | figures of areas from official statistics; sessions of users, and failed attempts to log in; words for codes |
//! | 10 | [`following`], [`organizations`] | the change log as each follower sees it; the groups that ask for help |
//! | 11 | [`workers`] | the volunteers |
//! | 12 | [`deliverables`] | the requests |
//! | 13 | [`projects`], [`users`] | the work of teams; people who log in |
//! | 14 | [`exposures`], [`programmes`], [`weights`] | the rankings that were shown; a fiscal year's schemes with their calendars; how much each component of a ranking counts |
//! | 15 | [`applications`] | requests for a place in a team, and what follows for the team |
//! | 16 | [`duplicates`] | records that may be the same |
//! | 17 | [`delivery`], [`events`], [`follow_ups`], [`intake`], [`partners`], [`reviews`] | how a project moves, together with its request; gatherings and who comes to them; what became of delivered work; how a request is examined and decided; the apps through which volunteers come; what both sides say of each other |
//! | 18 | [`feeds`], [`mod@matches`], [`statistics`], [`triage`], [`tuning`], [`webhooks`] | secret URLs for calendars and feed readers; rankings; counts; which deliverable types may solve a described problem; whether other weights would do better; changes, sent to addresses that partners and administrators choose |
//! | 19 | [`imports`], [`login`], [`press`], [`rounds`] | files that come in; logging in; what everybody reads: cards of projects, news, playbooks and textbooks; the best team for a request, and people for many requests at once |
//! | 20 | [`backup`], [`erasure`], [`exports`], [`worklist`] | the whole database as a file; forgetting a person; files that go out; what waits for the caller |
//! | 21 | [`listings`], [`open_data`], [`reports`] | published events for everybody; public datasets; a fiscal year's figures as tables |
//! | 22 | [`server`] | routes, tasks, shared state, the OpenAPI document |
//! | 23 | [`demo`] | sample data to try the service with |
//!
//! The catalogue comes after `auth`, because administrators change the catalogue over HTTP. Workers come
//! after organizations, because a worker's profile names organizations.
//!
//! # Invariants
//!
//! * Every write of a record appends to `changes`, in the same transaction. The match index, the catalogue
//!   cache and the duplicate detector follow that log; no write calls them.
//! * Only a slice's own store writes its tables. Other stores don't read them either, apart from a short list
//!   in `tests/architecture.rs`.
//! * The matcher has no clock, no randomness and no IO: the same inputs give the same ranking on every
//!   machine.
//! * Every operation names its scope in the handler's signature. These are open on purpose: health, documents,
//!   public datasets, listings, reading the catalogue and the vocabulary, the operations that take a secret in
//!   the request (logging in, client credentials, the links of follow-ups, the URLs of feeds, the secrets of
//!   registrations), registering for a published event without an account, reading what is published (cards,
//!   posts and publications), and saying what one thinks of a publication. A token shows drafts there to those
//!   who write them.
//! * Store lookups take a `Reach`; records outside it return 404. Only the `reach` module defines which
//!   records a `Reach` covers.
//! * If personal data is disclosed to somebody else, the audit says so. The audit and the change log hold
//!   only ids.
//! * No state lives outside the database, except what can be rebuilt from it and the key that signs tokens.
//!
//! `tests/architecture.rs` checks the order of the modules, who uses which table and framework, and that no
//! imports form a circle.

pub mod applications;
pub mod audit;
pub mod auth;
pub mod backup;
pub mod catalogue;
pub mod changes;
pub mod config;
pub mod db;
pub mod deliverables;
pub mod delivery;
pub mod demo;
pub mod duplicates;
pub mod erasure;
pub mod error;
pub mod events;
pub mod exports;
pub mod exposures;
pub mod feeds;
pub mod follow_ups;
pub mod following;
pub mod http;
pub mod imports;
pub mod indicators;
pub mod intake;
pub mod listings;
pub mod login;
pub mod matches;
pub mod metrics;
pub mod open_data;
pub mod organizations;
pub mod partners;
pub mod press;
pub mod programmes;
pub mod projects;
pub mod reach;
pub mod reports;
pub mod reviews;
pub mod rounds;
pub mod server;
pub mod sessions;
pub mod statistics;
pub mod tasks;
pub mod triage;
pub mod tuning;
pub mod users;
pub mod values;
pub mod vocabulary;
pub mod webhooks;
pub mod weights;
pub mod workbooks;
pub mod workers;
pub mod worklist;
