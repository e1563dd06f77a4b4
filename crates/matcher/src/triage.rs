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
//! A word that the trouble says no to (ホームページではなく, チラシは要りません, ホームページはもうあるので) doesn't occur in it.
//!
//! Width, case, and hiragana or katakana make no difference. Words in Latin letters match where a word
//! begins.

use super::ppm::from_unit;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use text::{fold, hiragana, is_japanese};

/// A score of this size gives the confidence one half.
const HALF: f64 = 4.0;
const ALONE: f64 = 0.05;
const PAIR: f64 = 0.2;
const GRAMMAR: f64 = 0.3;
/// Longer words count no more than this.
const LONGEST: f64 = 5.0;

/// What follows a word that isn't wanted, folded as troubles are. Of a need, other words follow: チラシがない, 回覧板が回らない.
const NEGATIONS: [&str; 37] = [
    "ではなく",
    "じゃなく",
    "でなく",
    "以外",
    "を除",
    "除く",
    "抜きで",
    "不要",
    "は不要",
    "が不要",
    "も不要",
    "は要りません",
    "は要らな",
    "はいりません",
    "はいらな",
    "も要りません",
    "も要らな",
    "もいりません",
    "もいらな",
    "は必要ない",
    "は必要なく",
    "は必要ありません",
    "も必要ない",
    "も必要ありません",
    "はやめて",
    "は使わない",
    "は使いません",
    "は使わず",
    "は使いたくない",
    "は作らない",
    "は作りません",
    "は考えていない",
    "は考えていません",
    "は希望しない",
    "は希望しません",
    "は結構です",
    "は足りています",
];
/// What follows a word that is there by now, and what comes behind that if it is the reason for another wish: ホームページはもうあるので.
const BY_NOW: [&str; 3] = ["はもう", "はすでに", "は既に"];
const IS_THERE: [&str; 6] = ["ある", "あります", "作った", "作って", "持って", "できて"];
const REASONS: [&str; 3] = ["ので", "から", "ため"];
/// What comes behind the reason if the same thing is wished anew: ホームページはもうあるので、見やすくしたい.
const ANEW: [&str; 10] = [
    "更新",
    "改訂",
    "直し",
    "直す",
    "作り直",
    "古い",
    "古く",
    "新しくし",
    "りにゅーある",
    "見やす",
];
/// What stands between two words that one no is said to: チラシやポスターは不要.
const JOINTS: [&str; 7] = ["や", "と", "か", "も", "及び", "および", "または"];
/// What a word may have behind it that is still about the same thing: ホームページの制作は不要.
const MAKING: [&str; 8] = ["の", "制作", "製作", "作成", "作り", "づくり", "運用", "利用"];
/// What stands before a word in English that isn't wanted, and what may stand between.
const INSTEAD_OF: [&str; 10] = [
    "other than ",
    "except ",
    "except for ",
    "instead of ",
    "rather than ",
    "don't need ",
    "do not need ",
    "don't want ",
    "do not want ",
    "no need for ",
];
const ARTICLES: [&str; 6] = ["a ", "an ", "any ", "another ", "the ", "new "];

/// A spelling of a word.
#[derive(Debug, Clone)]
struct Spelling {
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

    /// Returns where the spelling first occurs in a folded text.
    fn find(&self, text: &str) -> Option<usize> {
        let starts_word = |at: &usize| {
            let before = text.get(..*at).and_then(|before| before.chars().next_back());
            !before.is_some_and(|c| c.is_ascii_alphanumeric())
        };
        let mut found = text.match_indices(&self.folded).map(|(at, _)| at);
        if self.is_latin() {
            found.find(starts_word)
        } else {
            found.next()
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
    /// Whether a cue occurs as a whole. Without one, only words of cues, or parts of them, occur.
    pub is_cued: bool,
    /// The matched words as the trouble writes them, those of whole cues first. If no word occurs, the parts of the trouble
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

    /// Blanks the words that a folded text says no to, so that all others stay where they are.
    fn without_negated(&self, text: &str) -> String {
        let mut wanted = text.to_owned();
        for mut end in denials(text) {
            while let Some(from) = text.get(..end).and_then(|before| self.last_word(before)) {
                wanted.replace_range(from..end, &" ".repeat(end - from));
                let before = text.get(..from).unwrap_or_default();
                let Some(rest) = JOINTS.iter().find_map(|joint| before.strip_suffix(joint)) else {
                    break;
                };
                end = rest.len();
            }
        }
        for begin in exceptions(text) {
            let behind = text.get(begin..).unwrap_or_default();
            let spellings = self.categories.iter().flat_map(Category::spellings);
            let named =
                spellings.filter(|spelling| spelling.is_latin() && behind.starts_with(&spelling.folded));
            let length = named.map(|spelling| spelling.folded.len()).max().unwrap_or(0);
            wanted.replace_range(begin..begin + length, &" ".repeat(length));
        }
        wanted
    }

    /// Returns where the longest word begins with which a folded text ends, whatever is said of making it.
    fn last_word(&self, text: &str) -> Option<usize> {
        let mut bare = vec![text];
        while let Some(last) = bare.last()
            && let Some(rest) = MAKING.iter().find_map(|making| last.strip_suffix(making))
        {
            bare.push(rest);
        }
        let spellings = || self.categories.iter().flat_map(Category::spellings);
        let begins = bare.iter().flat_map(|text| {
            let ending = spellings().filter(|spelling| text.ends_with(&spelling.folded));
            ending.map(|spelling| text.len() - spelling.folded.len())
        });
        begins.min()
    }

    /// Returns every category with a match, the most likely first, earlier ones first among equals. Those without a word
    /// that says why come last.
    pub fn guess(&self, trouble: &str) -> Vec<Guess> {
        let trouble = Trouble::new(trouble);
        let wanted = self.without_negated(&trouble.folded);
        let text = wanted.as_str();
        let pairs: BTreeSet<(char, char)> = pairs(text).collect();
        let guess = |(position, category): (usize, &Category)| {
            let (score, is_cued, mut words) = category.score(text, &pairs, &self.pair_idf);
            if words.is_empty() {
                words = shared_parts(text, &category.pairs);
            }
            let words = words
                .into_iter()
                .map(|at| trouble.written(at).to_owned())
                .collect();
            let confidence_ppm = from_unit(score / (score + HALF));
            (confidence_ppm > 0).then_some(Guess {
                category: position,
                confidence_ppm,
                is_cued,
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

    /// Returns the score, and where the words are that say why.
    fn score(
        &self,
        text: &str,
        shared: &BTreeSet<(char, char)>,
        pair_idf: &HashMap<(char, char), f64>,
    ) -> (f64, bool, Vec<Range<usize>>) {
        let (mut score, mut whole) = (0.0, Vec::new());
        let mut alone: BTreeMap<&str, &Spelling> = BTreeMap::new();
        for cue in &self.cues {
            let found: Vec<&Spelling> = cue
                .iter()
                .filter_map(|word| {
                    let found = word.iter().filter(|spelling| spelling.find(text).is_some());
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
        let (is_cued, mut words) = (!whole.is_empty(), Vec::<Range<usize>>::new());
        // A single character alone says little.
        let alone = alone
            .into_values()
            .filter(|spelling| spelling.folded.chars().nth(1).is_some());
        for spelling in whole.into_iter().chain(alone) {
            let found = spelling.find(text).map(|at| at..at + spelling.folded.len());
            words.extend(found.filter(|found| !words.contains(found)));
        }
        (score, is_cued, words)
    }
}

/// Returns where something begins in a folded text that says no to the word before it.
fn denials(text: &str) -> BTreeSet<usize> {
    /// Characters between a word that is there and the reason that follows from it.
    const NEAR: usize = 14;
    let said = NEGATIONS.iter().flat_map(|no| text.match_indices(no));
    let by_now = BY_NOW.iter().flat_map(|word| text.match_indices(word));
    let is_reason = |(at, word): &(usize, &str)| {
        let behind = text.get(at + word.len()..).unwrap_or_default();
        let clause: String = behind.chars().take(NEAR).take_while(|c| *c != ' ').collect();
        // 作ってから10年 says since when it is there.
        let is_since = |at: usize| clause.get(..at).is_some_and(|before| before.ends_with('て'));
        let reasons = REASONS.iter().filter_map(|reason| {
            let at = clause.find(reason).filter(|at| !is_since(*at))?;
            behind.get(at + reason.len()..)
        });
        let is_anew = |wish: &str| ANEW.iter().any(|anew| wish.trim_start().starts_with(anew));
        IS_THERE.iter().any(|there| clause.starts_with(there)) && reasons.map(is_anew).next() == Some(false)
    };
    let all = said.chain(by_now.filter(is_reason));
    all.map(|(at, _)| at).collect()
}

/// Returns where what isn't wanted begins in a folded text in English: behind "other than a".
fn exceptions(text: &str) -> Vec<usize> {
    let found = INSTEAD_OF.iter().flat_map(|words| text.match_indices(words));
    let begins = found.map(|(at, words)| {
        let mut at = at + words.len();
        while let Some(article) = ARTICLES
            .iter()
            .find(|article| text.get(at..).is_some_and(|rest| rest.starts_with(**article)))
        {
            at += article.len();
        }
        at
    });
    begins.collect()
}

/// Parses a cue such as `会員 減|少ない`. `_` means a space.
fn parse(cue: &str) -> Vec<Vec<Spelling>> {
    let spelling = |written: &str| {
        let written = written.replace('_', " ");
        Spelling {
            folded: normal(&written),
            telling: !written.chars().all(is_hiragana),
            idf: 0.0,
        }
    };
    let word = |word: &str| word.split('|').filter(|s| !s.is_empty()).map(spelling).collect();
    cue.split(' ').filter(|word| !word.is_empty()).map(word).collect()
}

/// A trouble, and the folded text in which words are looked for.
struct Trouble<'t> {
    text: &'t str,
    folded: String,
    /// The position in the text of what begins at a position of the folded text.
    origins: BTreeMap<usize, usize>,
}

impl Trouble<'_> {
    /// Folds the text piece by piece: a character together with the marks that combine with it.
    fn new(text: &str) -> Trouble<'_> {
        let (mut folded, mut origins) = (String::new(), BTreeMap::new());
        let starts = text.char_indices().filter(|(at, c)| *at == 0 || !combines(*c));
        let starts: Vec<usize> = starts.map(|(at, _)| at).chain([text.len()]).collect();
        for (from, to) in starts.iter().zip(starts.iter().skip(1)) {
            origins.insert(folded.len(), *from);
            push_normal(&mut folded, text.get(*from..*to).unwrap_or_default());
        }
        origins.insert(folded.len(), text.len());
        Trouble {
            text,
            folded,
            origins,
        }
    }

    /// Returns a part of the folded text as it is written.
    fn written(&self, folded: Range<usize>) -> &str {
        let from = self.origins.range(..=folded.start).next_back();
        let to = self.origins.range(folded.end..).next();
        let part = from
            .zip(to)
            .and_then(|((_, from), (_, to))| self.text.get(*from..*to));
        let is_separator = |c: char| c.is_whitespace() || c.is_ascii_punctuation() || "、。・".contains(c);
        part.unwrap_or_default().trim_matches(is_separator)
    }
}

/// Returns whether the character changes the one before it, such as the voicing marks of half-width katakana.
fn combines(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}' | '\u{3099}' | '\u{309a}' | '\u{ff9e}' | '\u{ff9f}'
    )
}

/// Folds the text, turns katakana into hiragana, and replaces each separator with one space.
fn normal(text: &str) -> String {
    let mut normal = String::new();
    push_normal(&mut normal, text);
    normal
}

fn push_normal(normal: &mut String, text: &str) {
    for c in fold(text).chars().map(hiragana) {
        if c.is_alphanumeric() || is_japanese(c) || c == '\'' {
            normal.push(c);
        } else if !normal.ends_with(' ') {
            normal.push(' ');
        }
    }
}

fn is_hiragana(c: char) -> bool {
    ('ぁ'..='ん').contains(&c)
}

/// Returns where the longest parts of a text are whose neighbouring characters are all among the pairs, each once. Kana alone
/// say nothing.
fn shared_parts(text: &str, known: &BTreeSet<(char, char)>) -> Vec<Range<usize>> {
    let (mut parts, mut seen, mut from) = (Vec::new(), BTreeSet::new(), 0);
    let next = text.chars().skip(1).chain([' ']);
    for ((at, c), next) in text.char_indices().zip(next) {
        if !known.contains(&(c, next)) {
            let to = at + c.len_utf8();
            let part = text.get(from..to).unwrap_or_default();
            let is_kana = part.chars().all(|c| is_hiragana(c) || c == 'ー');
            if part.chars().nth(1).is_some() && !is_kana && seen.insert(part) {
                parts.push(from..to);
            }
            from = to;
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
    fn a_word_that_is_not_wanted_does_not_count() {
        let of = |trouble| {
            let guesses = triage().guess(trouble);
            guesses
                .into_iter()
                .map(|guess| guess.category)
                .collect::<Vec<_>>()
        };
        for (trouble, found) in [
            ("チラシではなく名簿", vec![1]),
            ("名簿は要りません。ﾁﾗｼ", vec![0]),
            ("チラシ以外", vec![]),
            ("homepageは不要", vec![]),
            ("チラシだけでなく名簿も", vec![0, 1]),
            ("名簿ではなく、名簿", vec![1]),
            ("チラシはもうあるので、名簿", vec![1]),
            ("名簿は既に作ってありますから、チラシ", vec![0]),
            ("チラシは使わず名簿", vec![1]),
            ("チラシの作成は不要、名簿", vec![1]),
            ("台帳やチラシは要りません", vec![]),
            ("名簿も台帳も不要。チラシ", vec![0]),
            ("we don't need a homepage", vec![]),
            ("something other than a homepage", vec![]),
            // These are needs.
            ("チラシはあるが、名簿がない", vec![0, 1]),
            ("チラシがなくなった", vec![0]),
            ("名簿はもうありませんので", vec![1]),
            ("名簿はもうあるので、見やすくしたい", vec![1]),
            ("名簿はもう作ってから10年", vec![1]),
            ("without a homepage", vec![2]),
        ] {
            let mut of = of(trouble);
            of.sort_unstable();
            assert_eq!(of, found, "{trouble}");
        }
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
    fn each_word_is_named_once_as_the_trouble_writes_it() {
        let triage = Triage::new(
            [vec!["チラシ 配", "ちらし", "zoom 会議", "Zoom"]]
                .iter()
                .map(|cues| cues.iter().copied()),
        );
        let words = |trouble| triage.guess(trouble).swap_remove(0).words;
        assert_eq!(words("ﾁﾗｼを配る"), ["ﾁﾗｼ", "配"]);
        assert_eq!(words("チラシ・ちらし"), ["チラシ"]);
        assert_eq!(words("Ｚｏｏｍの会議"), ["Ｚｏｏｍ", "会議"]);
        // Marks that combine with the letter before, and signs that fold into several.
        let voiced = Triage::new(
            [vec!["ポスター", "株 店"]]
                .iter()
                .map(|cues| cues.iter().copied()),
        );
        let words = |trouble| voiced.guess(trouble).swap_remove(0).words;
        assert_eq!(words("まちのﾎﾟｽﾀｰを"), ["ﾎﾟｽﾀｰ"]);
        assert_eq!(words("㈱の　、店"), ["㈱", "店"]);
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
        let triage = Triage::new([vec!["コースター"]].iter().map(|cues| cues.iter().copied()));
        assert!(triage.guess("スペースがない")[0].words.is_empty());
    }

    #[test]
    fn latin_words_match_at_the_start_of_a_word() {
        assert_eq!(triage().guess("homepages")[0].category, 2);
        assert!(triage().guess("myhomepage").is_empty());
        assert!(triage().guess("").is_empty() && triage().guess("、。").is_empty());
    }
}
