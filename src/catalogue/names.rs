//! Names in two languages, and the form in which names are compared.

use crate::http::Language;
use crate::values::not_blank;
use serde::{Deserialize, Serialize};
use text::{fold, is_variation_selector, todays_form};
use utoipa::ToSchema;
use validator::Validate;

/// A name in Japanese and English.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Names {
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200, pattern = r"\S", example = "チラシ")]
    pub ja: String,
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200, pattern = r"\S", example = "Flyer")]
    pub en: String,
}

impl Names {
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Ja => &self.ja,
            Language::En => &self.en,
        }
    }
}

/// Returns the form in which names are compared: folded, in today's kanji, without spaces and variation selectors. Encodings
/// write 〜 and − as several characters: what was 〜 comes back from a file in Shift_JIS as ～.
pub fn key(name: &str) -> String {
    let folded = fold(name);
    let letters = folded
        .chars()
        .filter(|c| !c.is_whitespace() && !is_variation_selector(*c));
    let plain = |c: char| match c {
        '〜' | '∼' | '〰' => '~',
        '\u{2010}'..='\u{2015}' | '−' => '-',
        c => todays_form(c),
    };
    letters.map(plain).collect()
}
