//! Finds the best of a million candidates without looking at most of them.
//!
//! Merge a group of candidates into one imaginary member with the best value of each trait, and score that
//! member with the same function as a real one: no member can score higher. Search a tree of such groups,
//! best bound first, until the best remaining bound is below the last result. (Branch and bound; the
//! threshold idea is from Fagin, Lotem and Naor 2003.)
//!
//! An index never changes. [`CandidateIndex::with`] returns the next one, which shares everything but the
//! marks of stale positions and a short list of changed candidates. When that list has grown long, build a
//! new index from [`CandidateIndex::everyone`].
//!
//! * `candidates`: the index; `base`: the part of it that is built once; `delta`: the candidates changed
//!   since.
//! * `traits`: what can be scored without the role; `lens`: a need as lookup tables, and the score.
//! * `tree`: the tree of one profile; `sets`: its leaves. `search`: the way through the trees; `top`: the
//!   results so far. `census`: counts for each gate.
//! * `team`: the list for a whole team.
//! * `needs`: the opposite direction, the best needs for a candidate.
//!
//! Deliberately absent: threads that update the index, and a second formula for bounds that could drift from
//! the score.
//!
//! Invariant: every answer equals that of the plain scan: candidates, roles, fits, order and ties.

mod base;
mod bits;
mod candidates;
mod census;
mod delta;
mod lens;
mod needs;
mod search;
mod sets;
mod team;
mod top;
mod traits;
mod tree;

pub use candidates::{CandidateIndex, IndexSize};
pub use needs::{NeedHit, NeedIndex, PreparedNeed};
pub use team::TeamHit;
pub use top::{Effort, Hit, RankRange};
