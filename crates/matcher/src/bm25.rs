//! BM25: how well the words of a request match a piece of a worker's evidence.
//!
//! Terms come from [`text::terms`]. The formula is that of Robertson and Zaragoza (2009) with k1 = 1.2, b =
//! 0.75 and the always positive idf = ln(1 + (N − df + 0.5) / (df + 0.5)).

use super::ppm::{self, PPM};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use text::{Term, terms};

/// A piece of a worker's evidence: a past work or a profile. Its terms are sorted and repeat as often as they
/// occur.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Piece(Box<[Term]>);

impl Piece {
    pub fn of(text: &str) -> Piece {
        let mut all = terms(text);
        all.sort_unstable();
        Piece(all.into())
    }

    /// Returns each distinct term and how often it occurs.
    fn counted(&self) -> impl Iterator<Item = (Term, u64)> {
        let runs = self.0.chunk_by(|a, b| a == b);
        runs.filter_map(|run| Some((*run.first()?, run.len() as u64)))
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

/// Statistics of the terms in all pieces of evidence.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    pieces: u64,
    mean_length_milli: u64,
    terms: ByTerm<TermStatistics>,
}

#[derive(Debug, Clone, Copy, Default)]
struct TermStatistics {
    /// The number of pieces with the term.
    holding: u32,
    /// The most that the term adds to a piece's score, in parts per million of its idf.
    most_ppm: u32,
}

impl Corpus {
    pub fn of<'a>(pieces: impl Iterator<Item = &'a Piece> + Clone) -> Corpus {
        let mut corpus = Corpus::default();
        let mut total_length = 0;
        for piece in pieces.clone() {
            corpus.pieces += 1;
            total_length += piece.0.len() as u64;
        }
        corpus.mean_length_milli = ppm::ratio(total_length * 1000, corpus.pieces);
        for piece in pieces {
            for (term, tf) in piece.counted() {
                let most_ppm = part(PPM, tf, piece.0.len() as u64, corpus.mean_length_milli) as u32;
                let known = corpus.terms.entry(term).or_default();
                known.holding += 1;
                known.most_ppm = known.most_ppm.max(most_ppm);
            }
        }
        corpus
    }

    fn known(&self, term: Term) -> TermStatistics {
        self.terms.get(&term).copied().unwrap_or_default()
    }

    fn idf_ppm(&self, term: Term) -> u64 {
        let (all, holding) = (self.pieces as f64, f64::from(self.known(term).holding));
        (libm::log(1.0 + (all - holding + 0.5) / (holding + 0.5)) * PPM as f64 + 0.5) as u64
    }

    /// Prepares these terms for scoring pieces.
    pub fn query(&self, terms: &[Term]) -> TextQuery {
        let idf_ppm: Vec<(Term, u64)> = terms.iter().map(|t| (*t, self.idf_ppm(*t))).collect();
        // Rounding adds less than one for each term, and less than one for its bound.
        let most = |(term, idf): &(Term, u64)| match self.known(*term).most_ppm {
            0 => 0,
            most_ppm => (idf * (u64::from(most_ppm) + 1)) / PPM + 2,
        };
        TextQuery {
            by_term: idf_ppm.iter().copied().collect(),
            kappa: idf_ppm.iter().map(|(_, idf)| idf).sum(),
            most: idf_ppm.iter().map(most).sum(),
            idf_ppm,
            mean_length_milli: self.mean_length_milli,
        }
    }
}

/// Which pieces contain each term, to score many pieces at once.
#[derive(Debug, Clone, Default)]
pub struct Postings {
    /// For each term the pieces that contain it, and how often.
    terms: ByTerm<Vec<(u32, u32)>>,
    lengths: Vec<u32>,
    /// Where each owner's pieces end.
    ends: Vec<u32>,
}

impl Postings {
    /// Indexes the pieces of all owners. Owners without pieces are left out.
    pub fn of<'a>(everyone: impl Iterator<Item = &'a [Piece]>) -> Postings {
        let mut postings = Postings::default();
        for pieces in everyone.filter(|pieces| !pieces.is_empty()) {
            for piece in pieces {
                let number = postings.lengths.len() as u32;
                for (term, tf) in piece.counted() {
                    postings.terms.entry(term).or_default().push((number, tf as u32));
                }
                postings.lengths.push(piece.0.len() as u32);
            }
            postings.ends.push(postings.lengths.len() as u32);
        }
        postings
    }

    /// Returns the mean of the owners' best pieces, in parts per million, or `None` without owners.
    pub fn mean_best(&self, query: &TextQuery) -> Option<u64> {
        let mut scores = vec![0u64; self.lengths.len()];
        for (term, idf) in &query.idf_ppm {
            for (piece, tf) in self.terms.get(term).into_iter().flatten() {
                let piece = *piece as usize;
                if let Some((score, length)) = scores.get_mut(piece).zip(self.lengths.get(piece)) {
                    *score += query.part(*idf, u64::from(*tf), u64::from(*length));
                }
            }
        }
        let (mut start, mut sum) = (0, 0);
        for end in &self.ends {
            let own = scores.get(start..*end as usize).unwrap_or_default();
            // The value rises with the score, so the best score has the best value.
            sum += own.iter().max().map_or(0, |best| query.value(*best));
            start = *end as usize;
        }
        (!self.ends.is_empty()).then(|| ppm::ratio(sum, self.ends.len() as u64))
    }
}

/// A need's terms with their idf.
#[derive(Debug, Clone)]
pub struct TextQuery {
    idf_ppm: Vec<(Term, u64)>,
    by_term: ByTerm<u64>,
    /// The score of a piece of average length that contains each term once. That score gives the value one
    /// half.
    kappa: u64,
    /// No piece of the corpus scores higher.
    most: u64,
    mean_length_milli: u64,
}

impl TextQuery {
    /// Returns the best piece's `b / (b + κ)` in parts per million, and the index of the piece. `None`
    /// without pieces.
    pub fn best(&self, pieces: &[Piece]) -> Option<(u64, usize)> {
        let scored = pieces
            .iter()
            .enumerate()
            .map(|(i, piece)| (self.value(self.bm25(piece)), i));
        scored.max_by_key(|(score, i)| (*score, std::cmp::Reverse(*i)))
    }

    fn value(&self, b: u64) -> u64 {
        ppm::ratio(b * PPM, b + self.kappa)
    }

    /// Returns a value that no piece of the corpus exceeds.
    pub fn cap_ppm(&self) -> u64 {
        self.value(self.most)
    }

    /// Returns a value that no piece can exceed: a term adds less than k1 + 1 times its idf.
    pub fn widest_cap_ppm(&self) -> u64 {
        self.value(self.kappa.div_ceil(5) * 11 + self.idf_ppm.len() as u64)
    }

    /// Looks up the shorter list of terms in the longer one.
    fn bm25(&self, piece: &Piece) -> u64 {
        let terms = &piece.0;
        if terms.len() > 16 * self.idf_ppm.len() {
            let held = |(term, idf): &(Term, u64)| {
                let first = terms.partition_point(|t| t < term);
                let tf = terms
                    .get(first..)
                    .map_or(0, |rest| rest.partition_point(|t| t == term));
                self.part(*idf, tf as u64, terms.len() as u64)
            };
            return self.idf_ppm.iter().map(held).sum();
        }
        let asked = |(term, tf)| {
            self.by_term
                .get(&term)
                .map(|idf| self.part(*idf, tf, terms.len() as u64))
        };
        piece.counted().filter_map(asked).sum()
    }

    fn part(&self, idf_ppm: u64, tf: u64, length: u64) -> u64 {
        part(idf_ppm, tf, length, self.mean_length_milli)
    }
}

/// Returns one term's part of a piece's score.
fn part(idf_ppm: u64, tf: u64, length: u64, mean_length_milli: u64) -> u64 {
    let (tf, mean) = (u128::from(tf), u128::from(mean_length_milli));
    let over = 10 * tf * mean + 3 * mean + 9000 * u128::from(length);
    (u128::from(idf_ppm) * tf * 22 * mean + over / 2)
        .checked_div(over)
        .unwrap_or(0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use text::distinct_terms;

    #[test]
    fn bm25_matches_its_formula() {
        let pieces = [Piece::of("a b"), Piece::of("a c c d"), Piece::of("e")];
        let corpus = Corpus::of(pieces.iter());
        let query = corpus.query(&distinct_terms("c"));
        let (idf, mean) = ((1.0f64 + 2.5 / 1.5).ln(), 7.0 / 3.0);
        let b = idf * 2.0 * 2.2 / (2.0 + 1.2 * (0.25 + 0.75 * 4.0 / mean));
        let (best, piece) = query.best(&pieces).unwrap();
        assert_eq!(piece, 1);
        assert!(
            (best as f64 / 1e6 - b / (b + idf)).abs() < 3e-4,
            "{best} {}",
            b / (b + idf)
        );
    }

    #[test]
    fn the_mean_is_over_the_best_piece_of_each_owner() {
        let people = [vec!["x y", "x x z"], vec![], vec!["z"], vec!["", "y y y w"]];
        let people = people.map(|pieces| pieces.into_iter().map(Piece::of).collect::<Vec<_>>());
        let corpus = Corpus::of(people.iter().flatten());
        let postings = Postings::of(people.iter().map(Vec::as_slice));
        for words in ["x y", "z", "w x y z", "unheard", ""] {
            let query = corpus.query(&distinct_terms(words));
            let best: Vec<u64> = people
                .iter()
                .filter_map(|own| query.best(own))
                .map(|(ppm, _)| ppm)
                .collect();
            assert_eq!(
                postings.mean_best(&query),
                Some(ppm::ratio(best.iter().sum(), 3)),
                "{words}"
            );
        }
        assert_eq!(Postings::default().mean_best(&corpus.query(&[])), None);
    }

    #[test]
    fn an_average_piece_with_every_word_once_gets_one_half() {
        let pieces = [Piece::of("x y"), Piece::of("z w")];
        let query = Corpus::of(pieces.iter()).query(&distinct_terms("x y"));
        assert_eq!(query.best(&pieces), Some((500_000, 0)));
        assert_eq!(query.best(&[]), None);
    }

    #[test]
    fn a_query_without_terms_scores_zero() {
        let pieces = [Piece::of("x"), Piece::of("")];
        assert_eq!(Corpus::of(pieces.iter()).query(&[]).best(&pieces), Some((0, 0)));
        assert_eq!(
            Corpus::default()
                .query(&distinct_terms("x"))
                .best(&[Piece::of("")]),
            Some((0, 0))
        );
    }
}
