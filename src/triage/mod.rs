//! Triage: suggests deliverable types for a trouble in an organization's words.
//!
//! It matches the cues of the catalogue's types, so a city that edits its types brings its own cues. If no
//! type is a confident match, the issue workshop comes first: finding out what is needed is a deliverable
//! too.
//!
//! Deliberately absent: storing the request.

pub mod http;

use crate::catalogue::{Catalogue, Names};
use crate::http::Language;
use crate::values::Code;
use matcher::ppm::PPM;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// The type for troubles that are not clear yet.
const WORKSHOP: &str = "issue_workshop";
/// The least confidence of a clear first match.
const CONFIDENT_PPM: u64 = 2 * PPM / 5;
/// The least confidence of a first match, which also has a whole cue.
const LIKELY_PPM: u64 = 7 * PPM / 25;
/// How many times larger the odds of a clear first match are than those of the second. A confidence is s / (s + 4) for the
/// score s, so its odds are the score.
const AHEAD: u64 = 2;
const DEFAULT_LIMIT: usize = 3;

/// A trouble to find deliverable types for.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"trouble": "会員が減っていて、若い人に知ってもらいたい。"}))]
pub struct TriageRequest {
    /// The trouble in the organization's words, in Japanese or English.
    #[validate(length(min = 1, max = 4000))]
    #[schema(min_length = 1, max_length = 4000)]
    pub trouble: String,
    /// The number of types to return.
    #[serde(default)]
    #[validate(range(min = 1, max = 20))]
    #[schema(minimum = 1, maximum = 20, default = 3)]
    pub limit: Option<u32>,
}

/// A deliverable type that may help.
#[derive(Debug, Serialize, ToSchema)]
pub struct TypeSuggestion {
    /// Code of the deliverable type.
    #[serde(rename = "type")]
    #[schema(example = "publicity_proposal")]
    pub type_: Code,
    /// Its name, by Accept-Language.
    #[schema(example = "情報発信施策の提案")]
    pub label: String,
    /// How confident the match is.
    #[schema(minimum = 0, maximum = 1_000_000, example = 715_309)]
    pub confidence_ppm: u64,
    /// The words of the trouble that match this type.
    #[schema(example = json!(["知ってもら", "若い", "知って"]))]
    pub matched_words: Vec<String>,
    /// The reason in words, by Accept-Language.
    #[schema(example = "「知ってもら」「若い」「知って」という言葉からの提案です。")]
    pub because: String,
}

/// How sure the first type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The first type is a confident match, well ahead of the second.
    Clear,
    /// The first types match nearly equally well, or the first one is likely and no more. Ask the questions.
    Close,
    /// No type is a likely match, or the issue workshop is. It comes first.
    Unclear,
}

/// The deliverable types that may help, and questions to ask.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"verdict": "clear", "confident": true, "items": [{"type": "publicity_proposal",
    "label": "情報発信施策の提案", "confidence_ppm": 715_309, "matched_words": ["知ってもら", "若い", "知って"],
    "because": "「知ってもら」「若い」「知って」という言葉からの提案です。"}],
    "questions": ["どなたに知ってほしいですか。", "いま、どうやってお知らせしていますか。"]}))]
pub struct TriageResult {
    pub verdict: Verdict,
    /// Whether the verdict is clear.
    pub confident: bool,
    /// The types, the most likely first.
    pub items: Vec<TypeSuggestion>,
    /// Questions to ask the organization, by Accept-Language.
    pub questions: Vec<String>,
}

impl TriageResult {
    /// Suggests types for a trouble.
    pub fn of(request: &TriageRequest, catalogue: &Catalogue, language: Language) -> TriageResult {
        let mut guesses = catalogue.triage.guess(&request.trouble);
        let workshop = catalogue.types.position(WORKSHOP).map(usize::from);
        let is_offered = |kind: usize| catalogue.types.at(kind as u16).is_some_and(|t| !t.retired);
        let verdict = verdict(&guesses, workshop);
        if let Some(kind) = workshop.filter(|kind| verdict == Verdict::Unclear && is_offered(*kind)) {
            let known = guesses.iter().position(|guess| guess.category == kind);
            let guess = known.map(|at| guesses.remove(at));
            guesses.insert(
                0,
                guess.unwrap_or(matcher::triage::Guess {
                    category: kind,
                    confidence_ppm: 0,
                    is_cued: false,
                    words: Vec::new(),
                }),
            );
        }
        let limit = request.limit.map_or(DEFAULT_LIMIT, |limit| limit as usize);
        let types = guesses.into_iter().take(limit).filter_map(|guess| {
            let definition = catalogue.types.at(guess.category as u16)?;
            Some((guess, definition))
        });
        let (mut items, mut family) = (Vec::new(), None);
        for (guess, definition) in types {
            family = family.or(Some(definition.family.as_str()));
            let words = readable(guess.words, &request.trouble);
            items.push(TypeSuggestion {
                type_: definition.code.clone(),
                label: definition.names.in_language(language).to_owned(),
                confidence_ppm: guess.confidence_ppm,
                because: because(&words, &request.trouble, language),
                matched_words: words,
            });
        }
        let family = family.and_then(|code| catalogue.fixed.families.iter().find(|f| f.code == code));
        let questions = family.map_or(&[][..], |family| family.questions.as_slice());
        TriageResult {
            verdict,
            confident: verdict == Verdict::Clear,
            items,
            questions: questions
                .iter()
                .map(|q: &Names| q.in_language(language).to_owned())
                .collect(),
        }
    }
}

fn verdict(guesses: &[matcher::triage::Guess], workshop: Option<usize>) -> Verdict {
    let Some(first) = guesses.first() else {
        return Verdict::Unclear;
    };
    let is_likely = first.confidence_ppm >= LIKELY_PPM && first.is_cued;
    if !is_likely || Some(first.category) == workshop {
        return Verdict::Unclear;
    }
    let odds = |confidence_ppm: u64| confidence_ppm * PPM / (PPM - confidence_ppm).max(1);
    let second = guesses.get(1).map_or(0, |second| odds(second.confidence_ppm));
    if first.confidence_ppm >= CONFIDENT_PPM && odds(first.confidence_ppm) >= second * AHEAD {
        Verdict::Clear
    } else {
        Verdict::Close
    }
}

/// Leaves out the parts that are no words by themselves, if others say why: に取, の人に, ない, 入っ, the 誌 of 記念誌.
fn readable(words: Vec<String>, trouble: &str) -> Vec<String> {
    let is_quotable = |word: &&String| is_word(word, trouble);
    match words.iter().any(|word| is_quotable(&word)) {
        true => words.iter().filter(is_quotable).cloned().collect(),
        false => words,
    }
}

fn is_word(word: &str, trouble: &str) -> bool {
    const PARTICLES: [char; 9] = ['に', 'の', 'を', 'が', 'は', 'で', 'と', 'も', 'へ'];
    let is_kana = |c: char| ('ぁ'..='ん').contains(&c);
    let is_kanji = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let mut rest = word.chars();
    let begins_within = rest.next().is_some_and(|c| PARTICLES.contains(&c)) && !rest.all(is_kana);
    let is_ending = word.chars().all(is_kana) && word.chars().nth(2).is_none();
    let is_part = || {
        let is_single = word.chars().nth(1).is_none() && word.chars().all(is_kanji);
        let mut places = trouble.match_indices(word).map(|(at, found)| {
            let around = trouble.split_at_checked(at).unwrap_or_default();
            let behind = around.1.strip_prefix(found).unwrap_or_default();
            !around.0.ends_with(is_kanji) && !behind.starts_with(is_kanji)
        });
        is_single && !places.any(|stands_alone| stands_alone)
    };
    !begins_within && !is_ending && !word.ends_with('っ') && !is_part()
}

/// Says why a type is suggested. What isn't a word isn't quoted.
fn because(words: &[String], trouble: &str, language: Language) -> String {
    let quoted: Vec<&str> = words
        .iter()
        .filter(|word| is_word(word, trouble))
        .map(String::as_str)
        .collect();
    match (language, words.is_empty(), quoted.is_empty()) {
        (Language::Ja, false, false) => format!("「{}」という言葉からの提案です。", quoted.join("」「")),
        (Language::En, false, false) => format!("Suggested by these words: {}.", quoted.join(", ")),
        (Language::Ja, false, true) => "似た言い回しからの提案です。".to_owned(),
        (Language::En, false, true) => "Suggested because the wording is similar.".to_owned(),
        (Language::Ja, true, _) => {
            "はっきり当てはまる言葉がないため、まず課題を整理することをおすすめします。".to_owned()
        }
        (Language::En, true, _) => {
            "No word points to one type, so start by sorting out what is needed.".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_quote_words() {
        for (found, quoted) in [
            ("チラシ に取 手", "チラシ 手"),
            ("若い の人に つけ ない", "若い"),
            ("はがき ちらし のぼり", "はがき ちらし のぼり"),
            ("に取 ない", "に取 ない"),
            ("チラシ 入っ が足り", "チラシ"),
            ("homepage", "homepage"),
            ("", ""),
        ] {
            let words = found.split_whitespace().map(str::to_owned).collect();
            assert_eq!(readable(words, found).join(" "), quoted, "{found}");
        }
        // 誌 is a part of 記念誌 and 手 a word.
        let words = ["誌", "手", "周年"].map(str::to_owned).to_vec();
        assert_eq!(readable(words, "周年の記念誌に手がかかる"), ["手", "周年"]);
        let parts = ["入っ".to_owned()];
        assert_eq!(
            because(&parts, "電話が入っても", Language::Ja),
            "似た言い回しからの提案です。"
        );
    }

    #[test]
    fn a_clear_first_type_has_twice_the_odds_of_the_second() {
        let guess = |category: usize, confidence_ppm: u64| matcher::triage::Guess {
            category,
            confidence_ppm,
            is_cued: true,
            words: vec!["寄付".to_owned()],
        };
        for (first, second, expected) in [
            (710_527, 599_615, Verdict::Close),
            (413_039, 358_634, Verdict::Close),
            (667_000, 500_000, Verdict::Clear),
            (660_000, 500_000, Verdict::Close),
            (500_000, 0, Verdict::Clear),
            (399_999, 0, Verdict::Close),
            (279_999, 0, Verdict::Unclear),
        ] {
            let guesses = [guess(0, first), guess(1, second)];
            assert_eq!(verdict(&guesses, None), expected, "{first} {second}");
        }
    }
}
