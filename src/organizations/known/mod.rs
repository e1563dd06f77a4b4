//! By what an organization is known: its names, its 法人番号, its id elsewhere.

pub mod store;
