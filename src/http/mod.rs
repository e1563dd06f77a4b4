//! What every slice's HTTP face is made of.
//!
//! * `problem`: errors as RFC 9457 problem documents, in the client's language.
//! * `body`: JSON bodies, strictly read and valid. `query`: parameters of the query and the path.
//! * `page`: keyset pages. `conditional`: ETag, If-Match, If-None-Match.
//! * `wording`: what is wrong with a value, in words.
//! * `client`: where a request comes from.
//! * `security`: headers for browsers, and pages of other origins.
//! * `stream`: files as answers.
//! * `idempotency`: POSTs that may be sent twice. `trace`: request ids and the access log.
//!
//! Deliberately absent: anything about one resource, and who may do what (`auth`).

pub mod body;
pub mod client;
pub mod conditional;
pub mod idempotency;
pub mod language;
pub mod page;
pub mod problem;
pub mod query;
pub mod security;
pub mod stream;
pub mod trace;
pub mod wording;

pub use body::{Patch, Valid};
pub use client::ClientAddress;
pub use conditional::{Entity, IfMatch};
pub use idempotency::{Answer, Submission};
pub use language::Language;
pub use page::{Cursor, Page};
pub use query::{IncludeArchived, PathId, Query};
