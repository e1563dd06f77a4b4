//! A round: people for many deliverables at once, so that the whole is best; with a proof.
//!
//! * `problem`: what is asked, and what can be wrong with it. `prepare`: checks it. `market`: where a round gets its ranked lists from: the
//!   index, or anything that ranks. `lists`: the beginnings of these lists, read as far as needed. `past`: what earlier
//!   places take off a fit.
//! * `solver`: the best assignment, by shortest augmenting paths with the lists inside. `worst`, `stable`,
//!   `complete`: other readings of "best". `solve`: from the question to the [`Solution`].
//! * `proof`: a price for each slot, and what it proves. `verify`: computes that again through the index.
//!   `audit`: does the same by a full scan of an exported instance, and shares no code with anything here; `export` writes out
//!   what it reads.
//! * `sequence`: one deliverable after the other, to compare with. `team`: the best people for one deliverable, who can meet.
//! * `explain`: what the prices say: what a change costs at least, what a withdrawal costs, which slots are scarce.
//!
//! All weights, prices and bounds are integers. There is no tolerance anywhere: equal is equal.
//!
//! Sources: successive shortest paths with prices (Edmonds and Karp 1972; Tomizawa 1971), the duality of prices and
//! assignments (Egerváry 1931; Shapley and Shubik 1971), bottleneck assignment by thresholds (Garfinkel 1971),
//! deferred acceptance (Gale and Shapley 1962), sequential proportional weights (Thiele 1895), Lagrangian bounds with branching (Geoffrion 1974).

pub mod audit;
mod complete;
mod explain;
pub mod export;
mod lists;
mod market;
mod past;
mod prepare;
mod problem;
mod proof;
mod sequence;
mod solve;
mod solver;
mod stable;
mod team;
mod verify;
mod worst;

pub use complete::Search;
pub use explain::{Loss, Moved, MovingCost, Scarcity, Unmovable, Withdrawal};
pub use market::{IndexMarket, Market, Order, Pair};
pub use past::Past;
pub use problem::{
    Ban, Fault, MOST_PLACES, OBJECTIVES, Objective, Pin, PinConflict, Round, Seat, Shortage, Slot, WhyShort,
};
pub use proof::{Claim, Proof, Weighing};
pub use solve::{Effort, Solution, Solved};
pub use stable::Blocking;
pub use team::{Eased, Easing, Member, Replacement, Team, TeamRound, Teams};
pub use verify::{Refusal, Verdict};
