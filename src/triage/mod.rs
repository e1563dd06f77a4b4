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
/// How much larger the odds of a clear first match are than those of the second, as a fraction. A confidence is s / (s +
/// 4) for the score s, so its odds are the score.
const AHEAD: (u64, u64) = (5, 4);
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
    /// The first types match nearly equally well. Ask the questions.
    Close,
    /// No type is a confident match, or the issue workshop is. It comes first.
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
            items.push(TypeSuggestion {
                type_: definition.code.clone(),
                label: definition.names.in_language(language).to_owned(),
                confidence_ppm: guess.confidence_ppm,
                because: because(&guess.words, language),
                matched_words: guess.words,
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
    let is_confident = first.confidence_ppm >= CONFIDENT_PPM && !first.words.is_empty();
    if !is_confident || Some(first.category) == workshop {
        return Verdict::Unclear;
    }
    let odds = |confidence_ppm: u64| confidence_ppm * PPM / (PPM - confidence_ppm).max(1);
    let second = guesses.get(1).map_or(0, |second| odds(second.confidence_ppm));
    if odds(first.confidence_ppm) * AHEAD.1 >= second * AHEAD.0 {
        Verdict::Clear
    } else {
        Verdict::Close
    }
}

fn because(words: &[String], language: Language) -> String {
    match (language, words.is_empty()) {
        (Language::Ja, false) => format!("「{}」という言葉からの提案です。", words.join("」「")),
        (Language::En, false) => format!("Suggested by these words: {}.", words.join(", ")),
        (Language::Ja, true) => {
            "はっきり当てはまる言葉がないため、まず課題を整理することをおすすめします。".to_owned()
        }
        (Language::En, true) => {
            "No word points to one type, so start by sorting out what is needed.".to_owned()
        }
    }
}
