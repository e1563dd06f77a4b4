//! What is held on one person: exported, and erased.

pub mod store;
