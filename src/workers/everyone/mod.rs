//! Everyone at once, as the match index reads them.

pub mod store;
