//! Remarks on a cell or a row.

use std::borrow::Cow;
use text::Text;

/// A rule that a cell or row breaks, or how its text was interpreted.
#[derive(Debug, Clone, PartialEq)]
pub struct Remark {
    /// Stable: clients may depend on it.
    pub code: &'static str,
    pub message: Text,
    /// What may have been meant.
    pub suggestion: Option<String>,
}

impl Remark {
    pub fn new(
        code: &'static str,
        ja: impl Into<Cow<'static, str>>,
        en: impl Into<Cow<'static, str>>,
    ) -> Remark {
        Remark {
            code,
            message: Text::new(ja, en),
            suggestion: None,
        }
    }

    pub fn suggesting(self, suggestion: Option<impl Into<String>>) -> Remark {
        Remark {
            suggestion: suggestion.map(Into::into),
            ..self
        }
    }

    pub(crate) fn control_character() -> Remark {
        Remark::new(
            "control_character",
            "改行とタブ以外の制御文字は使えません。",
            "Line breaks and tabs are the only control characters allowed.",
        )
    }
}
