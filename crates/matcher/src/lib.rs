//! Ranks pro bono workers for a need, and needs for a worker: who may do the work, how well they fit, and
//! why.
//!
//! * `ppm`: the integer arithmetic of every score.
//! * `need`, `candidate`: the two sides, with small integers for codes. `profile`: what needs of one type
//!   share.
//! * `population`: statistics of all candidates, which replace missing answers.
//! * `gates`: what rules a pair out. `components`: the nine values of a pair, from `formulas`. `fit`: the one
//!   number that they give.
//! * `words`: how well the words of a need match evidence.
//! * `rank`: the plain scan. It is the oracle for `index`, which finds the best of a million candidates.
//! * `interleave`: one list for a whole team, from the lists of its roles.
//! * `fairness`: a fair order among those who fit nearly equally well.
//! * `improve`: the smallest changes that would raise a rank or open a gate. `relax`: requirements that a
//!   need could drop.
//! * `round`: people for many deliverables at once, so that the whole is best, with a proof; and the best team for one.
//! * `triage`: from a trouble in words to categories of help.
//!
//! The formulas and their sources are in one table, in `docs/ranking.md` of the repository. Each function
//! repeats its own formula; change both together.
//!
//! Deliberately absent: the clock, randomness, IO, labels and languages, and the caller's identity. Time and
//! data are arguments; the caller translates between codes and the integers used here.
//!
//! Invariant: within one [`Population`], raising any known input of a [`Candidate`] never lowers its fit. The
//! same inputs give the same bits on every machine: floats appear only in pure-Rust `libm` and are rounded at
//! once.

pub mod candidate;
mod coded;
pub mod components;
pub mod draw;
pub mod fairness;
pub mod fit;
pub mod formulas;
pub mod gates;
pub mod improve;
pub mod index;
pub mod interleave;
pub mod need;
pub mod population;
pub mod ppm;
pub mod profile;
pub mod rank;
pub mod relax;
pub mod round;
pub mod triage;
pub mod words;

pub use candidate::{Candidate, Counted, PastDeliveries, PastHours};
pub use components::{COMPONENTS, Component, Score};
pub use draw::Draw;
pub use fit::{Fit, InvalidWeights, Weights};
pub use gates::{GATES, Gate, Unconfirmed};
pub use improve::{Change, Improvement};
pub use need::{Need, RoleNeed, SkillTree, Wish};
pub use population::{Geography, Population};
pub use rank::{Assessment, Census, Query, RankKey, Ranking};

/// A catalogue entry, by its position in the catalogue of the caller.
pub type EntryNo = u16;
