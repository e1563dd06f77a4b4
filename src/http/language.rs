//! The client's language from `Accept-Language` (RFC 9110). Japanese is the default.

use crate::error::Text;
use actix_web::http::header::{AcceptLanguage, Header, LanguageTag, Preference, Quality, QualityItem};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::future::{Ready, ready};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    #[default]
    Ja,
    En,
}

impl Language {
    /// Returns the language that the request prefers.
    pub fn of(request: &impl HttpMessage) -> Language {
        let accepted = AcceptLanguage::parse(request);
        let mut accepted = accepted.map(|accepted| accepted.0).unwrap_or_default();
        // Of ranges with the same quality, those that name a language come before `*`, which means the languages that no
        // range names.
        accepted.sort_by_key(|range| (Reverse(range.quality), range.item.is_any()));
        let named = |range: &QualityItem<Preference<LanguageTag>>| {
            let tag = range.item.item()?.primary_language().to_ascii_lowercase();
            Language::of_tag(&tag)
        };
        let is_named = |language: &Language| accepted.iter().any(|range| named(range) == Some(*language));
        let is_refused = |language| {
            let mut zeros = accepted.iter().filter(|range| range.quality == Quality::ZERO);
            zeros.any(|range| named(range) == Some(language))
        };
        let mut wanted = accepted.iter().filter(|range| range.quality > Quality::ZERO);
        let found = wanted.find_map(|range| match range.item.is_any() {
            true => [Language::Ja, Language::En]
                .into_iter()
                .find(|language| !is_named(language)),
            false => named(range),
        });
        let other = match is_refused(Language::Ja) && !is_refused(Language::En) {
            true => Language::En,
            false => Language::Ja,
        };
        found.unwrap_or(other)
    }

    fn of_tag(primary: &str) -> Option<Language> {
        match primary {
            "ja" => Some(Language::Ja),
            "en" => Some(Language::En),
            _ => None,
        }
    }

    pub fn tag(self) -> &'static str {
        match self {
            Language::Ja => "ja",
            Language::En => "en",
        }
    }

    pub fn choose(self, text: &Text) -> &str {
        match self {
            Language::Ja => &text.ja,
            Language::En => &text.en,
        }
    }
}

impl FromRequest for Language {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Language, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Language::of(request)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn picks_the_preferred_language_that_is_known() {
        let of = |header| {
            Language::of(
                &TestRequest::default()
                    .insert_header(("accept-language", header))
                    .to_http_request(),
            )
        };
        assert_eq!(of("en-GB,ja;q=0.5"), Language::En);
        assert_eq!(of("fr, ja;q=0.8, en;q=0.9"), Language::En);
        assert_eq!(of("de"), Language::Ja);
        assert_eq!(of("%%%"), Language::Ja);
        // What has the quality 0 is refused.
        assert_eq!(of("en;q=0, *"), Language::Ja);
        assert_eq!(of("en;q=0"), Language::Ja);
        assert_eq!(of("ja;q=0, *"), Language::En);
        assert_eq!(of("ja;q=0"), Language::En);
        assert_eq!(of("ja;q=0, en;q=0"), Language::Ja);
        assert_eq!(of("*"), Language::Ja);
        assert_eq!(of("ja;q=0.1, *;q=0.9"), Language::En);
        assert_eq!(of("en, *;q=0.5"), Language::En);
        assert_eq!(of("*, en"), Language::En);
        assert_eq!(of("en, ja"), Language::En);
        assert_eq!(of("ja, en"), Language::Ja);
    }
}
