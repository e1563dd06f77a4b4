//! The parts that the HTTP face of every slice uses.
//!
//! * `problem`: errors as RFC 9457 problem documents, in the client's language.
//! * `body`: JSON bodies, parsed strictly and validated. `query`: parameters of the query and the path.
//! * `page`: keyset pages. `conditional`: ETag, If-Match, If-None-Match. `disclosure`: whose personal data an answer shows.
//! * `decode`: JSON values and parameters into types, with errors that are data. `repair`: every
//!   error of a body, not only the first. `rules`: the places and texts of broken rules.
//! * `client`: the address of the client. `language`: Accept-Language.
//! * `edge`: the middleware that every request passes. `security`: security headers. `cors`: calls from other pages.
//!   `compress`: gzip.
//! * `pages`: pages for people, and their forms.
//! * `stream`: files as answers. `slots`: caps on what callers hold open at once. `rates`: how often an address reads
//!   what is public.
//! * `idempotency`: POSTs that can be repeated. `trace`: request ids and the access log. `traceparent`: the trace of the
//!   caller. `requests`: counts of requests, by operation.
//!
//! Deliberately absent: anything about one resource, and permissions (`auth`).

pub mod body;
pub mod client;
pub mod compress;
pub mod conditional;
pub mod cors;
pub mod decode;
pub mod disclosure;
pub mod edge;
pub mod idempotency;
pub mod language;
pub mod page;
pub mod pages;
pub mod problem;
pub mod query;
pub mod rates;
pub mod repair;
pub mod requests;
mod rules;
pub mod security;
pub mod slots;
pub mod stream;
pub mod trace;
mod traceparent;

pub use body::{Checked, Edited, Patch, Stated, Unread, Valid};
pub use client::ClientAddress;
pub use conditional::{Entity, IfMatch};
pub use disclosure::{Discloses, Disclosure, Json};
pub use idempotency::{Answer, Submission, Submitter};
pub use language::Language;
pub use page::{Cursor, Page, Paging};
pub use query::{IncludeArchived, PathId, Query};
pub use rates::PublicReader;
