//! Triage: from a trouble in an organization's words to the deliverable types that may meet it.
//!
//! What it goes by are the cues of the catalogue's types, so another city's menu brings its own. Where nothing speaks
//! clearly for one type, the issue workshop comes first: to find out is a deliverable too.
//!
//! Deliberately absent: storing what was asked.

pub mod http;

use crate::catalogue::{Catalogue, Names};
use crate::http::Language;
use matcher::ppm::PPM;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// The type that is for troubles which are not clear yet.
const WORKSHOP: &str = "issue_workshop";
/// A first guess below this is none.
const CLEAR_PPM: u64 = PPM / 4;
const DEFAULT_LIMIT: usize = 3;

/// A trouble in words.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"trouble": "会員が減っていて、若い人に知ってもらいたい。"}))]
pub struct Trouble {
    /// As the organization tells it, in Japanese or English.
    #[validate(length(min = 1, max = 4000))]
    #[schema(min_length = 1, max_length = 4000)]
    pub trouble: String,
    /// Types in the answer.
    #[serde(default)]
    #[validate(range(min = 1, max = 20))]
    #[schema(minimum = 1, maximum = 20, default = 3)]
    pub limit: Option<u32>,
}

/// A deliverable type that may meet the trouble.
#[derive(Debug, Serialize, ToSchema)]
pub struct Suggestion {
    /// Code of the deliverable type.
    #[serde(rename = "type")]
    #[schema(example = "publicity_proposal")]
    pub type_: String,
    /// Its name, by Accept-Language.
    #[schema(example = "情報発信施策の提案")]
    pub label: String,
    /// How much speaks for it.
    #[schema(minimum = 0, maximum = 1_000_000, example = 715_309)]
    pub confidence_ppm: u64,
    /// The words of the trouble that speak for it.
    #[schema(example = json!(["知ってもら", "若い", "知って"]))]
    pub words: Vec<String>,
}

/// What may help, and what to ask.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"clear": true, "items": [{"type": "publicity_proposal", "label": "情報発信施策の提案",
    "confidence_ppm": 715_309, "words": ["知ってもら", "若い", "知って"]}],
    "questions": ["どなたに知ってほしいですか。", "いま、どうやってお知らせしていますか。"]}))]
pub struct Triaged {
    /// Whether the words point to something. Where they don't, the issue workshop comes first.
    pub clear: bool,
    /// The likeliest first.
    pub items: Vec<Suggestion>,
    /// What to ask back, by Accept-Language.
    pub questions: Vec<String>,
}

impl Triaged {
    pub fn of(trouble: &Trouble, catalogue: &Catalogue, language: Language) -> Triaged {
        let mut guesses = catalogue.triage.guess(&trouble.trouble);
        let workshop = catalogue.types.position(WORKSHOP).map(usize::from);
        let is_offered = |kind: usize| catalogue.types.at(kind as u16).is_some_and(|t| !t.retired);
        let clear = guesses
            .first()
            .is_some_and(|first| first.confidence_ppm >= CLEAR_PPM && Some(first.kind) != workshop);
        if let Some(kind) = workshop.filter(|kind| !clear && is_offered(*kind)) {
            let known = guesses.iter().position(|guess| guess.kind == kind);
            let guess = known.map(|at| guesses.remove(at));
            guesses.insert(
                0,
                guess.unwrap_or(matcher::triage::Guess {
                    kind,
                    confidence_ppm: 0,
                    words: Vec::new(),
                }),
            );
        }
        let limit = trouble.limit.map_or(DEFAULT_LIMIT, |limit| limit as usize);
        let types = guesses.into_iter().take(limit).filter_map(|guess| {
            let definition = catalogue.types.at(guess.kind as u16)?;
            Some((guess, definition))
        });
        let (mut items, mut family) = (Vec::new(), None);
        for (guess, definition) in types {
            family = family.or(Some(definition.family.as_str()));
            items.push(Suggestion {
                type_: definition.code.clone(),
                label: definition.names.in_language(language).to_owned(),
                confidence_ppm: guess.confidence_ppm,
                words: guess.words,
            });
        }
        let family = family.and_then(|code| catalogue.fixed.families.iter().find(|f| f.code == code));
        let questions = family.map_or(&[][..], |family| family.questions.as_slice());
        Triaged {
            clear,
            items,
            questions: questions
                .iter()
                .map(|q: &Names| q.in_language(language).to_owned())
                .collect(),
        }
    }
}
