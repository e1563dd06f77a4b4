//! A text as terms for ranking.
//!
//! Japanese has no spaces between words, so a run of Japanese characters gives its character bigrams; any
//! other run of letters and digits is one word, cut to its stem by Snowball's English rules. A [`Term`] is a
//! 32-bit hash of that text: among 100,000 distinct terms, about one pair collides.

use crate::fold::{fold, hiragana, is_japanese};
use rust_stemmers::{Algorithm, Stemmer};
use std::ops::Range;

/// The hash of a word or of two neighbouring Japanese characters.
pub type Term = u32;

/// Returns the terms of a text in the order in which they occur. Width, case and kana don't matter.
pub fn terms(text: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    each_term(&fold(text), |term, _| terms.push(term));
    terms
}

/// Returns the parts of a text whose terms have a weight, each with the sum of its weights, in the order in which they
/// occur. Overlapping terms give one part: 会員 and 員募 and 募集 give 会員募集. One term that is cut out of a word in kana is no
/// part: the ティ of コミュニティ, the ぐ会 of つなぐ会.
pub fn phrases(text: &str, weight: impl Fn(Term) -> Option<u64>) -> Vec<(String, u64)> {
    let folded = fold(text);
    let mut parts: Vec<(Range<usize>, u64)> = Vec::new();
    each_term(&folded, |term, at| match (weight(term), parts.last_mut()) {
        (None, _) => {}
        (Some(weight), Some((last, sum))) if at.start < last.end => {
            last.end = at.end;
            *sum += weight;
        }
        (Some(weight), _) => parts.push((at, weight)),
    });
    let is_whole = |(at, _): &(Range<usize>, u64)| {
        let (Some(part), Some(before), Some(after)) = (
            folded.get(at.clone()),
            folded.get(..at.start),
            folded.get(at.end..),
        ) else {
            return false;
        };
        // Hiragana go on from a kanji, too: 継ぐ会.
        let begins_within = ends(before, part).is_some_and(|(one, next)| {
            are_alike(one, next) || (is_hiragana(next) && is_japanese(one) && !is_katakana(one))
        });
        let ends_within = ends(part, after).is_some_and(|(one, next)| are_alike(one, next));
        part.chars().count() > 2 || !(begins_within || ends_within)
    };
    parts.retain(is_whole);
    let phrase = |(at, weight)| {
        (
            folded.get::<Range<usize>>(at).unwrap_or_default().to_owned(),
            weight,
        )
    };
    parts.into_iter().map(phrase).collect()
}

fn is_hiragana(c: char) -> bool {
    ('ぁ'..='ゖ').contains(&c)
}

fn is_katakana(c: char) -> bool {
    ('ァ'..='ヺ').contains(&c) || c == 'ー'
}

/// Returns whether both are kana of one kind.
fn are_alike(one: char, next: char) -> bool {
    (is_hiragana(one) && is_hiragana(next)) || (is_katakana(one) && is_katakana(next))
}

/// Returns the characters where two texts meet.
fn ends(one: &str, next: &str) -> Option<(char, char)> {
    one.chars().next_back().zip(next.chars().next())
}

/// Calls `f` with each term of a folded text, and where it is.
fn each_term(folded: &str, mut f: impl FnMut(Term, Range<usize>)) {
    // Katakana and hiragana take equally many bytes.
    let text: String = folded.chars().map(hiragana).collect();
    let stemmer = Stemmer::create(Algorithm::English);
    let mut start = 0;
    for word in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let mut at = start;
        start += word.len();
        let mut rest = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        while let Some(first) = rest.chars().next() {
            let japanese = is_japanese(first);
            let end = rest.find(|c| is_japanese(c) != japanese).unwrap_or(rest.len());
            let (run, tail) = rest.split_at(end);
            rest = tail;
            if !japanese {
                f(word_hash(&stemmer.stem(run)), at..at + run.len());
            } else if run.chars().nth(1).is_none() {
                f(word_hash(run), at..at + run.len());
            } else {
                let next = run.char_indices().skip(1);
                for ((from, _), (to, last)) in run.char_indices().zip(next) {
                    let to = to + last.len_utf8();
                    f(
                        word_hash(run.get(from..to).unwrap_or_default()),
                        at + from..at + to,
                    );
                }
            }
            at += run.len();
        }
    }
}

/// Hashes a word as it is: 64-bit FNV-1a, folded to 32 bits.
pub fn word_hash(word: &str) -> Term {
    let all = word.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, byte| {
        (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (all ^ (all >> 32)) as Term
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_gives_bigrams_and_latin_gives_words() {
        let expected = ["会員", "員募", "募集", "npo", "2026", "絵"]
            .map(word_hash)
            .to_vec();
        assert_eq!(terms("会員募集 NPO・2026/絵"), expected);
        assert_eq!(terms("Ｆａｃｅｂｏｏｋ ﾁﾗｼ"), terms("facebook チラシ"));
        assert_eq!(terms("チラシづくり"), terms("ちらしヅクリ"));
        assert_eq!(terms("designing flyers"), terms("design flyer"));
        assert_eq!(terms("SNS活用"), ["sns", "活用"].map(word_hash).to_vec());
    }

    #[test]
    fn phrases_join_the_terms_that_overlap() {
        let evidence = terms("ﾁﾗｼのデザインと会員の募集をNPOで担当");
        let shared = |text: &str| -> Vec<String> {
            let found = phrases(text, |term| evidence.contains(&term).then_some(1));
            found.into_iter().map(|(phrase, _)| phrase).collect()
        };
        // Kana are compared alike, so らし is a part of ﾁﾗｼ. But here it is cut out of らしい.
        assert_eq!(
            shared("会員募集のチラシ、ＮＰＯらしいデザイン"),
            ["会員", "募集", "チラシ", "npo", "デザイン"]
        );
        assert_eq!(shared("料理 (cooking)"), [] as [&str; 0]);
        let club = terms("コミュニティをつなぐ会、バス");
        let shared = |text: &str| phrases(text, |term| club.contains(&term).then_some(1));
        assert_eq!(shared("ボランティアを継ぐ会のバス"), [("バス".to_owned(), 1)]);
        assert_eq!(phrases("チラシ", |_| Some(2)), [("チラシ".to_owned(), 4)]);
    }
}
