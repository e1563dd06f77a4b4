//! Words: text to terms, and BM25 of a need's terms against a piece of evidence.
//!
//! Text is folded by NFKC and lower case. Japanese has no spaces, so a run of its characters gives its character
//! bigrams; any other run of letters and digits is one word. A term is the 64-bit FNV-1a hash of its text: among
//! a million distinct terms the chance of any collision is below one in ten million.
//!
//! BM25 after Robertson and Zaragoza (2009), k1 = 1.2, b = 0.75, with the always positive
//! idf = ln(1 + (N − df + 0.5) / (df + 0.5)).

use super::ppm::{self, PPM};
use std::collections::{BTreeMap, HashMap};
use unicode_normalization::UnicodeNormalization;

/// One piece of a worker's evidence: a past work, a profile.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Piece {
    /// Term and how often it occurs, sorted by term.
    terms: Vec<(u64, u32)>,
    length: u32,
}

impl Piece {
    pub fn of(text: &str) -> Piece {
        let mut counts = BTreeMap::new();
        let mut length = 0;
        for term in terms(text) {
            *counts.entry(term).or_insert(0) += 1;
            length += 1;
        }
        Piece {
            terms: counts.into_iter().collect(),
            length,
        }
    }

    fn frequency(&self, term: u64) -> u32 {
        let found = self.terms.binary_search_by_key(&term, |(t, _)| *t);
        found
            .ok()
            .and_then(|i| self.terms.get(i))
            .map_or(0, |(_, count)| *count)
    }
}

/// The terms of a need: distinct and sorted.
pub fn distinct_terms(text: &str) -> Vec<u64> {
    let mut all: Vec<u64> = terms(text).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// NFKC and lower case: width and case no longer matter.
pub fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

fn terms(text: &str) -> impl Iterator<Item = u64> {
    let folded = fold(text);
    let mut terms = Vec::new();
    for word in folded.split(|c: char| !c.is_alphanumeric()) {
        let mut rest = word;
        while let Some(first) = rest.chars().next() {
            let japanese = is_japanese(first);
            let end = rest.find(|c| is_japanese(c) != japanese).unwrap_or(rest.len());
            let (run, tail) = rest.split_at(end);
            rest = tail;
            if japanese && run.chars().nth(1).is_some() {
                let next = run.char_indices().skip(1);
                terms.extend(run.char_indices().zip(next).map(|((from, _), (to, last))| {
                    hash(run.get(from..to + last.len_utf8()).unwrap_or_default())
                }));
            } else {
                terms.push(hash(run));
            }
        }
    }
    terms.into_iter()
}

/// Kana, kanji and their marks.
fn is_japanese(c: char) -> bool {
    matches!(c, '々' | '〆' | 'ー' | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{323af}')
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, byte| {
        (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// How common each term is among all pieces of evidence.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    pieces: u64,
    total_length: u64,
    holding: HashMap<u64, u32>,
}

impl Corpus {
    pub fn of<'a>(pieces: impl Iterator<Item = &'a Piece>) -> Corpus {
        let mut corpus = Corpus::default();
        for piece in pieces {
            corpus.pieces += 1;
            corpus.total_length += u64::from(piece.length);
            for (term, _) in &piece.terms {
                *corpus.holding.entry(*term).or_default() += 1;
            }
        }
        corpus
    }

    fn idf_ppm(&self, term: u64) -> u64 {
        let (all, holding) = (
            self.pieces as f64,
            f64::from(self.holding.get(&term).copied().unwrap_or(0)),
        );
        (libm::log(1.0 + (all - holding + 0.5) / (holding + 0.5)) * PPM as f64 + 0.5) as u64
    }

    /// Ready to score pieces against these terms.
    pub fn query(&self, terms: &[u64]) -> TextQuery {
        let idf_ppm: Vec<(u64, u64)> = terms.iter().map(|t| (*t, self.idf_ppm(*t))).collect();
        let kappa = idf_ppm.iter().map(|(_, idf)| idf).sum();
        let mean_length_milli = ppm::ratio(self.total_length * 1000, self.pieces);
        TextQuery {
            idf_ppm,
            kappa,
            mean_length_milli,
        }
    }
}

/// A need's terms with their idf.
#[derive(Debug, Clone)]
pub struct TextQuery {
    idf_ppm: Vec<(u64, u64)>,
    /// The score of a piece of average length that holds each term once: there the component is one half.
    kappa: u64,
    mean_length_milli: u64,
}

impl TextQuery {
    /// The best piece's `b / (b + κ)` in parts per million, and which piece that is. `None` without evidence.
    pub fn best(&self, pieces: &[Piece]) -> Option<(u64, usize)> {
        let score = |piece: &Piece| {
            let b = self.bm25(piece);
            ppm::ratio(b * PPM, b + self.kappa)
        };
        let scored = pieces.iter().enumerate().map(|(i, piece)| (score(piece), i));
        scored.max_by_key(|(score, i)| (*score, std::cmp::Reverse(*i)))
    }

    fn bm25(&self, piece: &Piece) -> u64 {
        let mean = u128::from(self.mean_length_milli);
        let length = u128::from(piece.length) * 1000;
        let of_term = |(term, idf): &(u64, u64)| {
            let tf = u128::from(piece.frequency(*term));
            let over = 10 * tf * mean + 3 * mean + 9 * length;
            (u128::from(*idf) * tf * 22 * mean + over / 2)
                .checked_div(over)
                .unwrap_or(0) as u64
        };
        self.idf_ppm.iter().map(of_term).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_gives_bigrams_and_latin_gives_words() {
        let expected: Vec<u64> = ["会員", "員募", "募集", "npo", "2026", "絵"].map(hash).into();
        assert_eq!(terms("会員募集 NPO・2026/絵").collect::<Vec<_>>(), expected);
        assert_eq!(
            terms("Ｆａｃｅｂｏｏｋ ﾁﾗｼ").collect::<Vec<_>>(),
            terms("facebook チラシ").collect::<Vec<_>>()
        );
        assert_eq!(
            terms("SNS活用").collect::<Vec<_>>(),
            ["sns", "活用"].map(hash).to_vec()
        );
    }

    #[test]
    fn bm25_follows_its_formula() {
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
    fn an_average_piece_with_every_word_once_gets_one_half() {
        let pieces = [Piece::of("x y"), Piece::of("z w")];
        let query = Corpus::of(pieces.iter()).query(&distinct_terms("x y"));
        assert_eq!(query.best(&pieces), Some((500_000, 0)));
        assert_eq!(query.best(&[]), None);
    }

    #[test]
    fn no_words_score_nothing() {
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
