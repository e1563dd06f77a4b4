//! What a job found about the rows, and what it did to the records.

pub mod store;
