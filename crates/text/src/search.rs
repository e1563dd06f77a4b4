//! A text as grams for a text index, and what a search asks of them.

use crate::fold::{fold, hiragana, is_japanese};
use crate::forms::{with_full_form_first, with_full_forms};
use crate::kanji::todays_form;
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;

/// The version of what [`spellings`], [`marks`] and [`grams`] return. What is stored of them has to be made again when it
/// changes.
pub const GRAMS_VERSION: i64 = 3;

/// Characters of a word with signs. A database's index may refuse longer ones.
const LONGEST_WORD: usize = 20;

/// Returns the letters and digits of a text in the form in which they are searched: width, case, accents, kana (ゐ is い, ヶ is
/// ケ) and old kanji don't matter.
pub fn letters(text: &str) -> Vec<char> {
    let folded = fold(text);
    let without_accents = folded.nfd().filter(|c| !matches!(c, '\u{300}'..='\u{36f}')).nfc();
    let letters = without_accents.filter(|c| c.is_alphanumeric());
    let plain = letters.map(todays_form).map(hiragana).map(plain);
    plain.flatten().flatten().collect()
}

/// Returns what stands for old kana and for letters that no accent makes.
fn plain(c: char) -> [Option<char>; 2] {
    let (first, second) = match c {
        'ゐ' => ('い', None),
        'ゑ' => ('え', None),
        'ゖ' => ('け', None),
        'ゕ' => ('か', None),
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'ø' => ('o', None),
        'ł' => ('l', None),
        c => (c, None),
    };
    [Some(first), second]
}

/// Returns the letters of a text, and then those with its legal forms written out, if it abbreviates one: ㈱ほし is also
/// 株式会社ほし. 霞ヶ関 is also 霞が関.
pub fn spellings(text: &str) -> Vec<Vec<char>> {
    let folded = fold(text);
    each_spelling(&folded, &with_full_forms(&folded))
}

/// Returns the letters of both folded texts, each as it is written and with が for a ヶ that is read so.
fn each_spelling(own: &str, in_full: &str) -> Vec<Vec<char>> {
    let mut spellings: Vec<Vec<char>> = Vec::new();
    for text in [own, in_full] {
        let read = with_ga(text).map(|text| letters(&text));
        for spelling in std::iter::once(letters(text)).chain(read) {
            if !spellings.contains(&spelling) {
                spellings.push(spelling);
            }
        }
    }
    spellings
}

/// Returns a folded text with が for each ヶ between kanji, if it has one.
fn with_ga(folded: &str) -> Option<String> {
    if !folded.contains(['ヶ', 'ケ']) {
        return None;
    }
    let chars: Vec<char> = folded.chars().collect();
    let is_kanji = |c: &char| is_japanese(*c) && !('\u{3041}'..='\u{30ff}').contains(c);
    let is_kanji_at = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(is_kanji);
    let read = |(at, c): (usize, &char)| match c {
        'ヶ' | 'ケ' if is_kanji_at(at.checked_sub(1)) && is_kanji_at(at.checked_add(1)) => 'が',
        c => *c,
    };
    Some(chars.iter().enumerate().map(read).collect())
}

/// Returns the signs of a text, such as ☆ or *, each once, and its words that have signs (C++, C#, .NET). Those of ASCII are
/// widened, since an index may take them for the end of a word.
pub fn marks(text: &str) -> BTreeSet<String> {
    let folded = fold(text);
    let words = signed_words(&folded).into_iter().map(|word| word.text);
    signs(&folded).into_iter().chain(words).collect()
}

fn signs(folded: &str) -> BTreeSet<String> {
    let is_mark =
        |c: &char| !c.is_alphanumeric() && !c.is_whitespace() && !c.is_control() && !is_invisible(*c);
    folded
        .chars()
        .filter(is_mark)
        .map(|c| widened(c).to_string())
        .collect()
}

/// Marks that belong to the letter before them, and characters without a form.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{3099}' | '\u{309a}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Returns the wide form of a sign. Signs that one keyboard types for another's are one.
fn widened(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '－',
        '\u{301c}' => '～',
        '\u{2018}' | '\u{2019}' => '＇',
        '\u{201c}' | '\u{201d}' => '＂',
        '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// A word that would be another one without its signs.
struct SignedWord {
    /// Its signs are widened.
    text: String,
    /// How many letters and digits no other one has counted.
    letters: usize,
    /// Whether it stands by itself: not the c+ of C+1, nor the .js of Node.js.
    is_apart: bool,
}

/// Returns the words of a folded text whose signs count: + and # behind ASCII letters and digits, and a dot before letters.
fn signed_words(folded: &str) -> Vec<SignedWord> {
    let chars: Vec<char> = folded.chars().map(|c| if c == '♯' { '#' } else { c }).collect();
    let is_letter = |at: usize| chars.get(at).is_some_and(char::is_ascii_alphanumeric);
    let is_sign = |at: usize| chars.get(at).is_some_and(|c| ['+', '#'].contains(c));
    let has_dot = |at: usize| {
        at > 0 && chars.get(at - 1) == Some(&'.') && chars.get(at).is_some_and(char::is_ascii_alphabetic)
    };
    let (mut words, mut begin) = (Vec::new(), 0);
    while begin < chars.len() {
        let end = (begin..).find(|at| !is_letter(*at)).unwrap_or(begin);
        if end == begin {
            begin += 1;
            continue;
        }
        let end_of_signs = (end..).find(|at| !is_sign(*at)).unwrap_or(end);
        let spans = [
            has_dot(begin).then(|| (begin - 1, end, begin < 2 || !is_letter(begin - 2))),
            (end_of_signs > end).then(|| (begin, end_of_signs, !is_letter(end_of_signs))),
        ];
        let mut letters = end - begin;
        for (from, to, is_apart) in spans.into_iter().flatten() {
            if to - from <= LONGEST_WORD {
                let word = chars.iter().skip(from).take(to - from);
                let widen = |c: &char| {
                    if c.is_ascii_alphanumeric() {
                        *c
                    } else {
                        widened(*c)
                    }
                };
                words.push(SignedWord {
                    text: word.map(widen).collect(),
                    letters: std::mem::take(&mut letters),
                    is_apart,
                });
            }
        }
        begin = end_of_signs;
    }
    words
}

/// Cuts texts into overlapping pairs of letters with spaces between them: "町会A" gives "町会 会a a". Marks follow, each
/// by itself.
///
/// Two spaces separate the texts, so that a run of grams never matches across two of them.
pub fn grams<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let of_letters = |letters: &Vec<char>| {
        let pair = |i: usize| letters.iter().skip(i).take(2).collect::<String>();
        (0..letters.len()).map(pair).collect::<Vec<_>>().join(" ")
    };
    let mut all_marks = BTreeSet::new();
    let mut parts: Vec<String> = Vec::new();
    for text in texts {
        parts.extend(spellings(text).iter().map(of_letters));
        all_marks.append(&mut marks(text));
    }
    parts.extend(all_marks);
    parts.retain(|part| !part.is_empty());
    parts.join("  ")
}

/// What a search asks of a text. All of it has to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// These letters next to each other, in one of the spellings.
    Letters(Vec<Vec<char>>),
    /// This sign, or this word with signs.
    Mark(String),
}

/// Returns what a search asks for. Signs count in words that consist of signs only, and in those that they make another word:
/// C++, C#, .NET.
pub fn sought(search: &str) -> Vec<Sought> {
    let of_word = |word: &str| -> Vec<Sought> {
        let (folded, own) = (fold(word), letters(word));
        if own.is_empty() {
            return signs(&folded).into_iter().map(Sought::Mark).collect();
        }
        let mut words = signed_words(&folded);
        words.retain(|word| word.is_apart);
        let rest = own.len()
            - words
                .iter()
                .map(|word| word.letters)
                .sum::<usize>()
                .min(own.len());
        let spellings = (rest > 0).then(|| each_spelling(&folded, &with_full_form_first(&folded)));
        let words = words.into_iter().map(|word| Sought::Mark(word.text));
        words.chain(spellings.map(Sought::Letters)).collect()
    };
    search.split_whitespace().flat_map(of_word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_ignore_accents_kana_and_old_kanji() {
        assert_eq!(letters("ヤスミバ"), letters("やすみば"));
        assert_eq!(letters("髙橋 國雄"), letters("高橋　国雄"));
        assert_eq!(letters("Café Ångström"), letters("cafe angstrom"));
        assert_eq!(letters("ｶﾞ パ"), letters("が ぱ"));
        assert_ne!(letters("か"), letters("が"));
        assert_eq!(letters("ヱビス ゐど 青ヶ島"), letters("えびすいど青ケ島"));
        assert_eq!(letters("Straße Søren"), letters("strasse soren"));
    }

    #[test]
    fn a_ke_between_kanji_is_read_ga() {
        let spelled = |text: &str| -> Vec<String> {
            let all = spellings(text).into_iter();
            all.map(String::from_iter).collect()
        };
        assert_eq!(spelled("霞ヶ関"), ["霞け関", "霞が関"]);
        assert_eq!(spelled("霞が関"), ["霞が関"]);
        assert_eq!(spelled("在宅ケア"), ["在宅けあ"]);
        assert_eq!(
            spelled("㈱緑ｹ丘"),
            ["株緑け丘", "株緑が丘", "株式会社緑け丘", "株式会社緑が丘"]
        );
    }

    #[test]
    fn grams_ignore_width_case_and_punctuation() {
        assert_eq!(grams(["ＮＰＯ・風"]), "np po o風 風  ・");
        assert_eq!(grams(["町会", "", "A"]), "町会 会  a");
        assert_eq!(grams([" ", "\u{200b}"]), "");
        assert_eq!(grams(["☆*", "*"]), "☆  ＊");
        assert_eq!(grams(["〜～", "‐-"]), "－  ～");
        assert_eq!(grams(["㈲風"]), "有風 風  有限 限会 会社 社風 風  （  ）");
    }

    #[test]
    fn words_with_signs_are_words() {
        let words = |text: &str| -> Vec<String> {
            let marks = marks(text).into_iter();
            marks.filter(|mark| mark.chars().nth(1).is_some()).collect()
        };
        assert_eq!(words("Ｃ＋＋とC♯、.NET"), ["c＃", "c＋＋", "．net"]);
        assert_eq!(words("C++17 Node.js 3.5"), ["c＋＋", "．js"]);
        assert_eq!(words(&format!("{}+", "a".repeat(20))), [] as [&str; 0]);
        assert_eq!(words("+81 #子育て"), [] as [&str; 0]);
    }

    #[test]
    fn a_search_asks_for_letters_signs_and_words_with_signs() {
        let letters =
            |spellings: &[&str]| Sought::Letters(spellings.iter().map(|s| s.chars().collect()).collect());
        let mark = |text: &str| Sought::Mark(text.to_owned());
        for (q, expected) in [
            ("C++", vec![mark("c＋＋")]),
            ("c#", vec![mark("c＃")]),
            (".NET", vec![mark("．net")]),
            ("C++/C#", vec![mark("c＋＋"), mark("c＃")]),
            ("C++経験", vec![mark("c＋＋"), letters(&["c経験"])]),
            ("Node.js", vec![letters(&["nodejs"])]),
            ("hana+a@example.jp", vec![letters(&["hanaaexamplejp"])]),
            ("☆ ねこ☆いぬ", vec![mark("☆"), letters(&["ねこいぬ"])]),
            ("㈱ほし", vec![letters(&["株ほし", "株式会社ほし"])]),
            ("株式会社ほし", vec![letters(&["株式会社ほし"])]),
            ("社福", vec![letters(&["社福", "社会福祉法人"])]),
        ] {
            assert_eq!(sought(q), expected, "{q}");
        }
    }
}
