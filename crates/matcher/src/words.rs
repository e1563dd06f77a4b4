//! How well the words of a request match a worker's evidence: the cosine of their weighted words.
//!
//! Terms come from [`text::terms`]. In a text, a term that occurs tf times weighs (1 + ln tf) · idf, with idf = 1 +
//! ln((1 + N) / (1 + n)) where n of the N pieces in the corpus have it (Salton and Buckley 1988, smoothed). Terms that
//! no piece has are left out. The score is the sum of the three best pieces' cosines over three, so another piece never
//! takes anything away, and the value is `s² / (s² + κ²)`: the few words that any two texts share count little.
//!
//! Weights are integers in thousandths, so that sums don't depend on the order of the terms.

use super::ppm::{PPM, ratio};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;
use text::{Term, terms};

/// How many of the best pieces count.
const PIECES: usize = 3;
/// The score that is worth one half. In `tests/judged.rs`, the middle one of the good matches scores 0.13 in Japanese
/// and 0.26 in English, and the middle one of the others 0.01 and 0.06.
const KAPPA_PPM: u64 = 100_000;

/// A text as its terms, sorted; they repeat as often as they occur.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Piece(Box<[Term]>);

impl Piece {
    pub fn of(text: &str) -> Piece {
        let mut all = terms(text);
        all.sort_unstable();
        Piece(all.into())
    }

    /// Returns each distinct term and how often it occurs.
    fn counted(&self) -> impl Iterator<Item = (Term, usize)> {
        let runs = self.0.chunk_by(|a, b| a == b);
        runs.filter_map(|run| Some((*run.first()?, run.len())))
    }

    /// Returns how often the term occurs.
    fn count(&self, term: Term) -> usize {
        let first = self.0.partition_point(|t| *t < term);
        let rest = self.0.get(first..).unwrap_or_default();
        rest.iter().take_while(|t| **t == term).count()
    }
}

/// Returns any term of the pieces, or 0. Reading it brings a piece into the cache before it is needed.
pub fn first_term(pieces: &[Piece]) -> Term {
    let first = pieces.first().and_then(|piece| piece.0.first());
    first.copied().unwrap_or_default()
}

/// Hashes terms. A term is a hash itself, so little is left to do.
#[derive(Debug, Clone, Default)]
struct TermHasher(u64);

impl Hasher for TermHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |h, b| h << 8 | u64::from(*b));
    }
    fn write_u32(&mut self, term: u32) {
        self.0 = u64::from(term).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

type ByTerm<T> = HashMap<Term, T, BuildHasherDefault<TermHasher>>;

/// How many pieces of evidence have each term.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    terms: ByTerm<TermStatistics>,
}

#[derive(Debug, Clone, Copy, Default)]
struct TermStatistics {
    pieces: u32,
    idf_milli: u32,
    /// The largest share of a piece's length that the term's weight has.
    most_ppm: u32,
}

impl Corpus {
    pub fn of<'a>(pieces: impl Iterator<Item = &'a Piece> + Clone) -> Corpus {
        let (mut all, mut corpus) = (0u32, Corpus::default());
        for piece in pieces.clone() {
            all += 1;
            for (term, _) in piece.counted() {
                corpus.terms.entry(term).or_default().pieces += 1;
            }
        }
        for term in corpus.terms.values_mut() {
            let rarity = (1.0 + f64::from(all)) / (1.0 + f64::from(term.pieces));
            term.idf_milli = milli(1.0 + libm::log(rarity)) as u32;
        }
        let mut weights: Vec<(Term, u64)> = Vec::new();
        for piece in pieces {
            weights.clear();
            weights.extend(corpus.weigh(piece));
            let length = length(weights.iter().map(|(_, weight)| *weight)).max(1);
            for (term, weight) in &weights {
                if let Some(known) = corpus.terms.get_mut(term) {
                    known.most_ppm = known.most_ppm.max((weight * PPM).div_ceil(length) as u32);
                }
            }
        }
        corpus
    }

    /// Returns the terms that the corpus knows, with their weights in the text.
    fn weigh<'t>(&'t self, text: &'t Piece) -> impl Iterator<Item = (Term, u64)> + 't {
        text.counted().filter_map(|(term, tf)| {
            let idf_milli = self.terms.get(&term)?.idf_milli;
            Some((term, weight_milli(idf_milli, tf)))
        })
    }

    /// Prepares a need's text for scoring evidence.
    pub fn query(&self, text: &Piece) -> TextQuery {
        let weights: Vec<(Term, u64)> = self.weigh(text).collect();
        let length = length(weights.iter().map(|(_, weight)| *weight));
        let most = |(term, weight): &(Term, u64)| {
            self.terms
                .get(term)
                .map_or(0, |known| weight * u64::from(known.most_ppm))
        };
        let most: u64 = weights.iter().map(most).sum();
        TextQuery {
            most_ppm: most.div_ceil(length.max(1)).min(PPM),
            length,
            weights,
        }
    }
}

fn milli(x: f64) -> u64 {
    (x * 1000.0 + 0.5) as u64
}

fn weight_milli(idf_milli: u32, tf: usize) -> u64 {
    /// 1 + ln tf, for the counts that occur most.
    static FACTORS: LazyLock<[u64; 16]> = LazyLock::new(|| std::array::from_fn(factor_milli));
    let factor = FACTORS.get(tf).copied().unwrap_or_else(|| factor_milli(tf));
    (u64::from(idf_milli) * factor + 500) / 1000
}

fn factor_milli(tf: usize) -> u64 {
    milli(1.0 + libm::log(tf.max(1) as f64))
}

/// Returns the Euclidean length, rounded down.
fn length(weights: impl Iterator<Item = u64>) -> u64 {
    weights.map(|weight| weight * weight).sum::<u64>().isqrt()
}

/// A need's words with their weights.
#[derive(Debug, Clone)]
pub struct TextQuery {
    /// Sorted by term.
    weights: Vec<(Term, u64)>,
    length: u64,
    /// No piece of the corpus has a larger cosine.
    most_ppm: u64,
}

/// What a worker's evidence has in common with a need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextMatch {
    pub value_ppm: u64,
    /// The index of the piece that matches best, and its cosine.
    pub piece: usize,
    pub cosine_ppm: u64,
}

impl TextQuery {
    /// Scores a worker's pieces. Returns `None` without any.
    pub fn score(&self, pieces: &[Piece], corpus: &Corpus) -> Option<TextMatch> {
        let (mut best, mut at) = ([0; PIECES], 0);
        for (i, piece) in pieces.iter().enumerate() {
            let mut cosine = self.cosine_ppm(piece, corpus);
            if best.first().is_some_and(|first| cosine > *first) {
                at = i;
            }
            for place in &mut best {
                if cosine > *place {
                    std::mem::swap(place, &mut cosine);
                }
            }
        }
        (!pieces.is_empty()).then(|| TextMatch {
            value_ppm: value_ppm(best.iter().sum()),
            piece: at,
            cosine_ppm: best.first().copied().unwrap_or(0),
        })
    }

    fn cosine_ppm(&self, piece: &Piece, corpus: &Corpus) -> u64 {
        let shared = self.weights.iter().map(|(term, own)| match piece.count(*term) {
            0 => 0,
            tf => corpus
                .terms
                .get(term)
                .map_or(0, |known| own * weight_milli(known.idf_milli, tf)),
        });
        let product: u64 = shared.sum();
        if product == 0 {
            return 0;
        }
        let lengths = self.length * length(corpus.weigh(piece).map(|(_, weight)| weight));
        // Both lengths are rounded down, so that the cosine of equal texts may exceed 1 by a little.
        cosine(product, lengths)
    }

    /// Returns a value that nobody with this many pieces of the corpus exceeds.
    pub fn cap_ppm(&self, pieces: usize) -> u64 {
        value_ppm(self.most_ppm * pieces.min(PIECES) as u64)
    }

    /// Returns the weight of a term that the piece shares.
    pub fn shared(&self, term: Term, piece: &Piece) -> Option<u64> {
        let found = self.weights.binary_search_by_key(&term, |(own, _)| *own).ok()?;
        let (_, weight) = self.weights.get(found)?;
        (piece.count(term) > 0).then_some(*weight)
    }
}

fn cosine(product: u64, lengths: u64) -> u64 {
    let half = u128::from(lengths / 2);
    let ppm = (u128::from(product) * u128::from(PPM) + half) / u128::from(lengths.max(1));
    (ppm as u64).min(PPM)
}

/// Returns a value that nobody with this many pieces exceeds, whatever they say.
pub fn widest_cap_ppm(pieces: usize) -> u64 {
    value_ppm(PPM * pieces.min(PIECES) as u64)
}

/// Returns `s² / (s² + κ²)`, where s is a third of the sum of cosines.
fn value_ppm(sum_ppm: u64) -> u64 {
    let (sum, half) = (sum_ppm * sum_ppm, (PIECES as u64 * KAPPA_PPM).pow(2));
    ratio(sum * PPM, sum + half)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(texts: &[&str]) -> Vec<Piece> {
        texts.iter().map(|text| Piece::of(text)).collect()
    }

    #[test]
    fn the_score_is_a_third_of_the_three_best_cosines() {
        let all = pieces(&["xa xb", "xa xc xc xd", "xe", "xc", "xb xc"]);
        let corpus = Corpus::of(all.iter());
        let idf = |n: f64| 1.0 + (6.0 / (1.0 + n)).ln();
        let (a, b, c, d) = (idf(2.0), idf(2.0), idf(3.0) * (1.0 + 2f64.ln()), idf(1.0));
        let query = corpus.query(&Piece::of("xc unheard"));
        // Of the request's words, the corpus knows one.
        let cosines = [
            0.0,
            c / (a * a + c * c + d * d).sqrt(),
            0.0,
            1.0,
            idf(3.0) / (b * b + idf(3.0) * idf(3.0)).sqrt(),
        ];
        let s = cosines.iter().sum::<f64>() / 3.0;
        let found = query.score(&all, &corpus).unwrap();
        assert_eq!((found.piece, found.cosine_ppm), (3, 1_000_000));
        assert!(
            (found.value_ppm as f64 / 1e6 - s * s / (s * s + 0.01)).abs() < 1e-3,
            "{found:?} {s}"
        );
        // A fourth piece counts only if it is better than one of the three.
        assert_eq!(
            query.score(&all[1..], &corpus).unwrap().value_ppm,
            found.value_ppm
        );
    }

    #[test]
    fn what_has_no_words_in_common_is_worth_nothing() {
        let all = pieces(&["xa", ""]);
        let corpus = Corpus::of(all.iter());
        let nothing = TextMatch {
            value_ppm: 0,
            piece: 0,
            cosine_ppm: 0,
        };
        for text in ["", "xb", "unheard"] {
            assert_eq!(
                corpus.query(&Piece::of(text)).score(&all, &corpus),
                Some(nothing),
                "{text}"
            );
        }
        assert_eq!(corpus.query(&Piece::of("xa")).score(&[], &corpus), None);
        assert_eq!(
            Corpus::default().query(&Piece::of("xa")).score(&all, &corpus),
            Some(nothing)
        );
    }

    #[test]
    fn no_piece_exceeds_its_cap() {
        let mut x = 5;
        let mut text = |words: u64| {
            let word = |_| {
                x = crate::ppm::mix(x);
                format!("w{}", x % 40 * (x >> 32) % 40)
            };
            (0..words).map(word).collect::<Vec<_>>().join(" ")
        };
        let all: Vec<Piece> = (0..60).map(|i| Piece::of(&text(i % 9))).collect();
        let corpus = Corpus::of(all.iter());
        for i in 0..200 {
            let query = corpus.query(&Piece::of(&text(i % 20)));
            for own in all.chunks(4).chain(all.chunks(1)) {
                let value = query.score(own, &corpus).unwrap().value_ppm;
                assert!(
                    value <= query.cap_ppm(own.len())
                        && query.cap_ppm(own.len()) <= widest_cap_ppm(own.len())
                );
            }
        }
    }
}
