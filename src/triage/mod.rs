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
/// The least confidence of a confident first match.
const CONFIDENT_PPM: u64 = PPM / 4;
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
}

/// The deliverable types that may help, and questions to ask.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"confident": true, "items": [{"type": "publicity_proposal", "label": "情報発信施策の提案",
    "confidence_ppm": 715_309, "matched_words": ["知ってもら", "若い", "知って"]}],
    "questions": ["どなたに知ってほしいですか。", "いま、どうやってお知らせしていますか。"]}))]
pub struct TriageResult {
    /// Whether the first type is a confident match. If not, the issue workshop comes first.
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
        let confident = guesses
            .first()
            .is_some_and(|first| first.confidence_ppm >= CONFIDENT_PPM && Some(first.category) != workshop);
        if let Some(kind) = workshop.filter(|kind| !confident && is_offered(*kind)) {
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
                matched_words: guess.words,
            });
        }
        let family = family.and_then(|code| catalogue.fixed.families.iter().find(|f| f.code == code));
        let questions = family.map_or(&[][..], |family| family.questions.as_slice());
        TriageResult {
            confident,
            items,
            questions: questions
                .iter()
                .map(|q: &Names| q.in_language(language).to_owned())
                .collect(),
        }
    }
}
