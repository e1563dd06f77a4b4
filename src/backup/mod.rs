//! Backups: the whole database as one file, and back, even from SQLite to PostgreSQL or the other way.
//!
//! * `format`: the lines of the file. `create` writes it, `restore` reads it. `store` has the SQL.
//!
//! A backup is lines of JSON: a header (format, newest migration), then for each table its columns and its
//! rows as arrays, then the number of rows and the SHA-256 of everything before. Ids and bytes are
//! hexadecimal, times are RFC 3339 in UTC. Rows are ordered by key and the members of objects by name, so
//! that one state of a database makes one file, whichever database it is in.
//!
//! Creating and restoring are one transaction each: a backup is as of one moment, and a restore is complete
//! or changes nothing. Memory doesn't grow with the database.
//!
//! Deliberately absent: the key that signs tokens. It is not in the database.

mod create;
mod format;
mod restore;
mod store;

pub use create::create;
pub use restore::restore;
