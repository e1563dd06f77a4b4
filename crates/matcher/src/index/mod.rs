//! Finds the best of a million workers without looking at most of them.
//!
//! Merge a group of candidates into one imaginary member who has the best of each trait, score that member with the
//! same function as a real one, and no member can score higher. Search a tree of such groups, best bound first, until
//! the best bound left falls short of the last one wanted. (Branch and bound; the threshold idea of Fagin, Lotem and
//! Naor 2003.)
//!
//! An index never changes; [`CandidateIndex::with`] gives the next one, which shares everything but a set of stale positions
//! and a short list of those who changed. When that list has grown, build anew from [`CandidateIndex::everyone`].
//!
//! * `traits`: what can be scored without knowing the role. `lens`: a need as tables, and the score.
//! * `tree`: one profile's tree; `sets`: its leaves. `search`: the way through it, `top`: what it has found. `census`:
//!   how many each gate removes.
//! * `delta`: who has changed since.
//! * `needs`: the other way round, needs for a candidate.
//!
//! Deliberately absent: threads that keep it up to date, and a second bound formula that could drift from the score.
//!
//! Invariant: every answer is exactly the plain scan's: candidates, roles, fits, order and ties.

mod base;
mod bits;
mod candidates;
mod census;
mod delta;
mod lens;
mod needs;
mod search;
mod sets;
mod top;
mod traits;
mod tree;

pub use candidates::{CandidateIndex, IndexSize};
pub use needs::{NeedHit, NeedIndex, PreparedNeed};
pub use top::{Effort, Hit, RankRange};
