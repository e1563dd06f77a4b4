//! A message in the two languages that the service speaks.

use std::borrow::Cow;

/// One message in Japanese and in English. The caller picks the language to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub ja: Cow<'static, str>,
    pub en: Cow<'static, str>,
}

impl Text {
    pub fn new(ja: impl Into<Cow<'static, str>>, en: impl Into<Cow<'static, str>>) -> Text {
        Text {
            ja: ja.into(),
            en: en.into(),
        }
    }
}
