//! Finds the categories of help that match a trouble in words.
//!
//! Each category has cues. A cue is a few words that all have to occur, each with alternative spellings: `会員
//! 減|少ない` asks for 会員 and one of the other two. A word counts more if few categories use it (idf), and if it
//! is long. The score of a category is the sum of
//!
//! * for each cue that occurs as a whole: the weights of its words over the square root of their number;
//! * for each word of any cue that occurs: a twentieth of its weight times the square root of its length;
//! * for each pair of neighbouring characters that its words share with the trouble: a fifth of the pair's
//!   idf. If both characters are hiragana, which are mostly grammar, it is a third of that.
//!
//! The confidence is `s / (s + 4)` for the score s. Words of hiragana alone count only in whole cues.
//!
//! Width, case, and hiragana or katakana make no difference. Words in Latin letters match where a word
//! begins.

use super::ppm::from_unit;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use text::{fold, hiragana, is_japanese};

/// A score of this size gives the confidence one half.
const HALF: f64 = 4.0;
const ALONE: f64 = 0.05;
const PAIR: f64 = 0.2;
const GRAMMAR: f64 = 0.3;
/// Longer words count no more than this.
const LONGEST: f64 = 5.0;

/// A spelling of a word.
#[derive(Debug, Clone)]
struct Spelling {
    written: String,
    folded: String,
    /// False for hiragana alone.
    telling: bool,
    idf: f64,
}

impl Spelling {
    /// Returns the length in characters. Latin letters say less, so they count 0.6.
    fn length(&self) -> f64 {
        let each = if self.is_latin() { 0.6 } else { 1.0 };
        (self.folded.chars().count() as f64 * each).min(LONGEST)
    }

    fn is_latin(&self) -> bool {
        self.folded.starts_with(|c: char| c.is_ascii())
    }

    fn weight(&self) -> f64 {
        libm::sqrt(self.length()) * self.idf
    }

    fn occurs(&self, text: &str) -> bool {
        let starts_word = |(at, _): (usize, &str)| {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            !before.is_some_and(|c| c.is_ascii_alphanumeric())
        };
        let mut found = text.match_indices(&self.folded);
        if self.is_latin() {
            found.any(starts_word)
        } else {
            found.next().is_some()
        }
    }
}

#[derive(Debug, Clone)]
struct Category {
    /// The words of each cue, with the spellings of each word.
    cues: Vec<Vec<Vec<Spelling>>>,
    pairs: BTreeSet<(char, char)>,
}

/// The categories with their cues, prepared for matching.
#[derive(Debug, Clone, Default)]
pub struct Triage {
    categories: Vec<Category>,
    pair_idf: HashMap<(char, char), f64>,
}

/// A category that may match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// The position of the category.
    pub category: usize,
    pub confidence_ppm: u64,
    /// The matched words as the cues write them, those of whole cues first. If no word occurs, the parts of the trouble
    /// that words of the cues share.
    pub words: Vec<String>,
}

impl Triage {
    /// Takes the cues of each category.
    pub fn new<'a, C: Iterator<Item = &'a str>>(categories: impl Iterator<Item = C>) -> Triage {
        let mut categories: Vec<Category> = categories
            .map(|cues| Category::new(cues.map(parse).collect()))
            .collect();
        let all = categories.len() as f64;
        let idf = |kinds_with: usize| libm::log(1.0 + all / kinds_with.max(1) as f64);
        let (mut with_word, mut with_pair): (HashMap<String, usize>, HashMap<(char, char), usize>) =
            Default::default();
        for category in &categories {
            let words: BTreeSet<&str> = category.spellings().map(|s| s.folded.as_str()).collect();
            for word in words {
                *with_word.entry(word.to_owned()).or_default() += 1;
            }
            for pair in &category.pairs {
                *with_pair.entry(*pair).or_default() += 1;
            }
        }
        for spelling in categories
            .iter_mut()
            .flat_map(|category| category.cues.iter_mut().flatten().flatten())
        {
            spelling.idf = idf(with_word.get(&spelling.folded).copied().unwrap_or(1));
        }
        let pair_idf = with_pair.into_iter().map(|(pair, n)| (pair, idf(n))).collect();
        Triage { categories, pair_idf }
    }

    /// Returns every category with a match, the most likely first, earlier ones first among equals. Those without a word
    /// that says why come last.
    pub fn guess(&self, trouble: &str) -> Vec<Guess> {
        let text = normal(trouble);
        let pairs: BTreeSet<(char, char)> = pairs(&text).collect();
        let guess = |(position, category): (usize, &Category)| {
            let (score, mut words) = category.score(&text, &pairs, &self.pair_idf);
            if words.is_empty() {
                words = shared_parts(&text, &category.pairs);
            }
            let confidence_ppm = from_unit(score / (score + HALF));
            (confidence_ppm > 0).then_some(Guess {
                category: position,
                confidence_ppm,
                words,
            })
        };
        let mut guesses: Vec<Guess> = self.categories.iter().enumerate().filter_map(guess).collect();
        let place = |guess: &Guess| {
            let likely = std::cmp::Reverse(guess.confidence_ppm);
            (guess.words.is_empty(), likely, guess.category)
        };
        guesses.sort_by_key(place);
        guesses
    }
}

impl Category {
    fn new(cues: Vec<Vec<Vec<Spelling>>>) -> Category {
        let mut category = Category {
            cues,
            pairs: BTreeSet::new(),
        };
        let telling = category.spellings().filter(|spelling| spelling.telling);
        category.pairs = telling.flat_map(|spelling| pairs(&spelling.folded)).collect();
        category
    }

    fn spellings(&self) -> impl Iterator<Item = &Spelling> {
        self.cues.iter().flatten().flatten()
    }

    fn score(
        &self,
        text: &str,
        shared: &BTreeSet<(char, char)>,
        pair_idf: &HashMap<(char, char), f64>,
    ) -> (f64, Vec<String>) {
        let (mut score, mut whole) = (0.0, Vec::new());
        let mut alone: BTreeMap<&str, &Spelling> = BTreeMap::new();
        for cue in &self.cues {
            let found: Vec<&Spelling> = cue
                .iter()
                .filter_map(|word| {
                    let found = word.iter().filter(|spelling| spelling.occurs(text));
                    found.max_by(|a, b| a.weight().total_cmp(&b.weight()))
                })
                .collect();
            alone.extend(
                found
                    .iter()
                    .filter(|s| s.telling)
                    .map(|s| (s.folded.as_str(), *s)),
            );
            if found.len() == cue.len() && !cue.is_empty() {
                let weights: f64 = found.iter().map(|spelling| spelling.weight()).sum();
                score += weights / libm::sqrt(cue.len() as f64);
                whole.extend(found);
            }
        }
        let single = |spelling: &&Spelling| ALONE * spelling.weight() * libm::sqrt(spelling.length());
        score += alone.values().map(single).sum::<f64>();
        let pair = |pair: &(char, char)| {
            let grammar = is_hiragana(pair.0) && is_hiragana(pair.1);
            pair_idf.get(pair).copied().unwrap_or(0.0) * if grammar { GRAMMAR } else { 1.0 }
        };
        score += PAIR * self.pairs.intersection(shared).map(pair).sum::<f64>();
        let mut words: Vec<String> = Vec::new();
        // A single character alone says little.
        let alone = alone
            .into_values()
            .filter(|spelling| spelling.folded.chars().nth(1).is_some());
        for spelling in whole.into_iter().chain(alone) {
            if !words.contains(&spelling.written) {
                words.push(spelling.written.clone());
            }
        }
        (score, words)
    }
}

/// Parses a cue such as `会員 減|少ない`. `_` means a space.
fn parse(cue: &str) -> Vec<Vec<Spelling>> {
    let spelling = |written: &str| {
        let written = written.replace('_', " ");
        Spelling {
            folded: normal(&written),
            telling: !written.chars().all(is_hiragana),
            written,
            idf: 0.0,
        }
    };
    let word = |word: &str| word.split('|').filter(|s| !s.is_empty()).map(spelling).collect();
    cue.split(' ').filter(|word| !word.is_empty()).map(word).collect()
}

/// Folds the text, turns katakana into hiragana, and replaces each separator with one space.
fn normal(text: &str) -> String {
    let mut normal = String::new();
    for c in fold(text).chars().map(hiragana) {
        if c.is_alphanumeric() || is_japanese(c) || c == '\'' {
            normal.push(c);
        } else if !normal.ends_with(' ') {
            normal.push(' ');
        }
    }
    normal
}

fn is_hiragana(c: char) -> bool {
    ('ぁ'..='ん').contains(&c)
}

/// Returns the longest parts of a text whose neighbouring characters are all among the pairs. Hiragana alone say
/// nothing.
fn shared_parts(text: &str, known: &BTreeSet<(char, char)>) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let next = text.chars().skip(1).chain([' ']);
    for (c, next) in text.chars().zip(next) {
        part.push(c);
        if !known.contains(&(c, next)) {
            let tells = part.chars().nth(1).is_some() && !part.chars().all(is_hiragana);
            let whole = std::mem::take(&mut part);
            if tells && !parts.contains(&whole) {
                parts.push(whole);
            }
        }
    }
    parts
}

/// Returns the pairs of neighbouring Japanese characters.
fn pairs(text: &str) -> impl Iterator<Item = (char, char)> {
    let next = text.chars().skip(1);
    text.chars()
        .zip(next)
        .filter(|(a, b)| is_japanese(*a) && is_japanese(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn triage() -> Triage {
        let categories = [
            vec!["会員 減|少ない", "チラシ"],
            vec!["名簿|台帳", "会員 名前"],
            vec!["web_site|homepage"],
        ];
        Triage::new(categories.iter().map(|cues| cues.iter().copied()))
    }

    #[test]
    fn a_cue_needs_every_word_in_some_spelling() {
        let guesses = triage().guess("会員の名前が名簿になくて");
        assert_eq!(guesses[0].category, 1);
        assert_eq!(guesses[0].words[..3], ["名簿", "会員", "名前"]);
        // 会員 alone counts a little.
        assert_eq!(
            (guesses[1].category, &guesses[1].words[..]),
            (0, &["会員".to_owned()][..])
        );
        assert!(guesses[1].confidence_ppm < guesses[0].confidence_ppm / 4);
    }

    #[test]
    fn width_case_and_kana_make_no_difference() {
        let of = |text| triage().guess(text).first().map(|guess| guess.category);
        assert_eq!(
            ["ﾁﾗｼ", "ちらし", "ＷＥＢ  ＳＩＴＥ"].map(of),
            [Some(0), Some(0), Some(2)]
        );
    }

    #[test]
    fn parts_of_words_say_why_where_no_word_occurs() {
        let triage = Triage::new(
            [vec!["会員募集", "回覧板"]]
                .iter()
                .map(|cues| cues.iter().copied()),
        );
        let words = |trouble| triage.guess(trouble).first().map(|guess| guess.words.clone());
        assert_eq!(
            words("新入会員と社員募"),
            Some(vec!["会員".to_owned(), "員募".to_owned()])
        );
        assert_eq!(words("掲示板"), None);
    }

    #[test]
    fn latin_words_match_at_the_start_of_a_word() {
        assert_eq!(triage().guess("homepages")[0].category, 2);
        assert!(triage().guess("myhomepage").is_empty());
        assert!(triage().guess("").is_empty() && triage().guess("、。").is_empty());
    }
}
