//! The heart: who may do a deliverable, how well they fit, and why.
//!
//! * `ppm`: the integer arithmetic that every score is made of.
//! * `need`, `candidate`: the two sides, in small integers instead of codes. `profile`: what needs of one type share.
//! * `population`: what the people ranked have in common, and what stands in for a missing answer.
//! * `gates`: what rules a pairing out. `components`: the nine values. `fit`: how they make one number.
//! * `bm25`: how well words match a piece of evidence.
//! * `triage`: from a trouble in words to the kinds of help.
//! * `rank`: the plain scan, the oracle of any faster index.
//! * `fairness`: who is shown first among the nearly equal.
//! * `improve`: the smallest changes that would raise a rank or open a gate. `relax`: what a need could ask less of.
//!
//! # Formulas
//!
//! | what | formula | source |
//! |---|---|---|
//! | skill | q = min(1, max level · 0.6^hops / required); 0.7 · Σ v q / Σ v + 0.3 · min q | own; 0.6^hops after path-length similarity in taxonomies (Rada et al. 1989) |
//! | experience | 1 − e^(−n/2) | own: a saturating return, half of it after 1.4 deliveries |
//! | availability | min(1, hours offered / (1.2 · hours needed)) · share of the day-parts needed | own; a fifth of slack |
//! | distance | 2^(−km/10), or 0.9 where both accept remote work; the larger | exponential distance decay (Wilson 1971); haversine (Sinnott 1984) |
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
//! | deliverables' fairness | fit · Ψ(x) · (1 + μ [no answer]) / (1 + μ), Ψ(x) = e/(e−1) · (1 − e^(−x)) | inventory balancing (Golrezaei, Nazerzadeh and Rusmevichientong 2014) |
//! | tie | SplitMix64's finalizer of the pair | Steele, Lea and Flood 2014 |
//!
//! Deliberately absent: the clock, randomness, IO, labels and languages, and who is asking. Time and data come
//! in as arguments; the caller puts codes and words to what comes out.
//!
//! Invariant: for one [`Population`], raising any known input of a [`Candidate`] never lowers its fit, and the
//! same inputs give the same bits on every machine (floats appear only in pure-Rust `libm`, rounded at once).

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

/// A catalogue entry, by its position in the catalogue that the caller holds.
pub type EntryNo = u16;
