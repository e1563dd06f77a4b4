//! Ranks pro bono workers for a need, and needs for a worker: who may do the work, how well they fit, and
//! why.
//!
//! * `ppm`: the integer arithmetic of every score.
//! * `need`, `candidate`: the two sides, with small integers for codes. `profile`: what needs of one type
//!   share.
//! * `population`: statistics of all candidates, which replace missing answers.
//! * `gates`: what rules a pair out. `components`: the nine values of a pair, from `formulas`. `fit`: the one
//!   number that they give.
//! * `bm25`: how well a text matches a piece of evidence.
//! * `rank`: the plain scan. It is the oracle for `index`, which finds the best of a million candidates.
//! * `fairness`: a fair order among those who fit nearly equally well.
//! * `improve`: the smallest changes that would raise a rank or open a gate. `relax`: requirements that a
//!   need could drop.
//! * `triage`: from a trouble in words to categories of help.
//!
//! # Formulas
//!
//! This table is for maintainers and names the sources; `docs/ranking.md` is the public one. Change both
//! together.
//!
//! | what | formula | source |
//! |---|---|---|
//! | skill | q = min(1, max level · 0.6^hops / required); 0.7 · Σ v q / Σ v + 0.3 · min q | own; 0.6^hops after path-length similarity in taxonomies (Rada et al. 1989) |
//! | experience | 1 − e^(−n/2) | own: a saturating return, half of it after 1.4 deliveries |
//! | availability | min(1, hours offered / (1.2 · hours needed)) · share of the day-parts needed | own; a fifth of slack |
//! | distance | 2^(−km/10), or 0.9 if both accept remote work; the larger of the two | exponential distance decay (Wilson 1971); haversine (Sinnott 1984) |
//! | theme | Σ idf of the shared themes / Σ idf of the organization's, idf = ln(1 + (N + 1) / (n + 1)) | inverse document frequency (Spärck Jones 1972) |
//! | format | preferred 1, accepted 0.5 | own |
//! | reliability | (4 + completed) / (5 + completed + dropped) | mean of a Beta(4, 1) prior (Laplace's rule of succession, generalised) |
//! | responsiveness | 2^(−days / 60) | exponential decay, a half-life of 60 days |
//! | text | b / (b + κ), b = BM25 of the best piece, κ = Σ idf | BM25 (Robertson and Zaragoza 2009); saturation as in BM25 itself |
//! | a side | Σ w u / Σ w over its components, at least 0.001 | weighted mean |
//! | fit | 1 / (0.6 / U_org + 0.4 / U_worker) | weighted harmonic mean (as F of van Rijsbergen 1979); reciprocal recommendation (Pizzato et al. 2010) |
//! | contribution | ∂fit/∂U · U, then w u / Σ w u within the side; largest remainder | Euler's theorem on homogeneous functions; Hamilton's apportionment |
//! | missing number, missing set | the population's median, its mean value | median and mean imputation (Little and Rubin 2002) |
//! | attention | 1 / log2(1 + rank) | DCG's discount (Järvelin and Kekäläinen 2002) |
//! | workers' fairness | fit − λ · max(0, A − M), nDCG@50 ≥ 0.95 | amortised equity of attention (Biega, Gummadi and Weikum 2018) |
//! | deliverables' fairness | fit · Ψ(x) · (1 + μ [no application]) / (1 + μ), Ψ(x) = e/(e−1) · (1 − e^(−x)) | inventory balancing (Golrezaei, Nazerzadeh and Rusmevichientong 2014) |
//! | tie | SplitMix64's finalizer of the pair of ids | Steele, Lea and Flood 2014 |
//!
//! Deliberately absent: the clock, randomness, IO, labels and languages, and the caller's identity. Time and
//! data are arguments; the caller translates between codes and the integers used here.
//!
//! Invariant: within one [`Population`], raising any known input of a [`Candidate`] never lowers its fit. The
//! same inputs give the same bits on every machine: floats appear only in pure-Rust `libm` and are rounded at
//! once.

pub mod bm25;
pub mod candidate;
mod coded;
pub mod components;
pub mod fairness;
pub mod fit;
pub mod formulas;
pub mod gates;
pub mod improve;
pub mod index;
pub mod need;
pub mod population;
pub mod ppm;
pub mod profile;
pub mod rank;
pub mod relax;
pub mod triage;

pub use candidate::{Candidate, PastDeliveries};
pub use components::{COMPONENTS, Component, Score};
pub use fit::{Fit, InvalidWeights, Weights};
pub use gates::{GATES, Gate, Unconfirmed};
pub use improve::{Change, Improvement};
pub use need::{Need, RoleNeed, SkillTree, Wish};
pub use population::{Geography, Population};
pub use rank::{Assessment, Census, Query, RankKey, Ranking};

/// A catalogue entry, by its position in the catalogue of the caller.
pub type EntryNo = u16;
