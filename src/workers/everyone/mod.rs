//! Everyone at once, as the match index reads them, and all records of one person.

pub mod store;
