//! The heart: who may do a deliverable, how well they fit, and why.
//!
//! * `ppm`: the integer arithmetic that every score is made of.
//! * `need`, `candidate`: the two sides, in small integers instead of codes. `profile`: what needs of one type share.
//! * `population`: what the people ranked have in common, and what stands in for a missing answer.
//! * `gates`: what rules a pairing out. `components`: the nine values. `fit`: how they make one number.
//! * `text`: words to terms, and BM25.
//! * `triage`: from a trouble in words to the kinds of help.
//! * `rank`: the plain scan, the oracle of any faster index.
//! * `fairness`: who is shown first among the nearly equal.
//! * `improve`: the smallest changes that would raise a rank or open a gate. `ease`: what a need could ask less of.
//!
//! Deliberately absent: the clock, randomness, IO, labels and languages, and who is asking. Time and data come
//! in as arguments; the caller puts codes and words to what comes out.
//!
//! Invariant: for one [`Population`], raising any known input of a [`Candidate`] never lowers its fit, and the
//! same inputs give the same bits on every machine (floats appear only in pure-Rust `libm`, rounded at once).

pub mod candidate;
pub mod components;
pub mod ease;
pub mod fairness;
pub mod fit;
pub mod gates;
pub mod improve;
pub mod index;
pub mod need;
pub mod population;
pub mod ppm;
pub mod profile;
pub mod rank;
pub mod text;
pub mod triage;

pub use candidate::{Candidate, Delivered};
pub use components::{COMPONENTS, Component, Scored};
pub use fit::{Fit, InvalidWeights, Weights};
pub use gates::{GATES, Gate, Unconfirmed};
pub use improve::{Change, Improvement};
pub use need::{Need, RoleNeed, SkillTree, Wish};
pub use population::{Geography, Population};
pub use rank::{Assessment, Census, Query, RankKey, Ranking};

/// A catalogue entry, by its position in the catalogue that the caller holds.
pub type Index = u16;
