//! The client's language from `Accept-Language` (RFC 9110). Japanese is the default.

use crate::error::Text;
use actix_web::http::header::{AcceptLanguage, Header};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use serde::{Deserialize, Serialize};
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
        let ranked = AcceptLanguage::parse(request)
            .map(|accepted| accepted.ranked())
            .unwrap_or_default();
        let known = ranked.iter().filter_map(|preference| {
            let tag = preference.item()?.to_string().to_ascii_lowercase();
            match tag.split('-').next() {
                Some("ja") => Some(Language::Ja),
                Some("en") => Some(Language::En),
                _ => None,
            }
        });
        known.into_iter().next().unwrap_or_default()
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
    }
}
