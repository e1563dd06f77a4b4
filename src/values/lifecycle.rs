//! Statuses and the moves between them: one table for each kind of record, which the rules ask and the documentation
//! prints.

use super::words;
use crate::error::{Error, Result, Text};
use std::fmt::Write;
use strum::VariantArray;

/// A status of a record.
pub trait Lifecycle: Copy + PartialEq + Into<&'static str> + VariantArray {
    /// What the messages call the status, in Japanese and English.
    const NAME: (&'static str, &'static str);
    /// The schema below which `words` has what the statuses mean.
    const SCHEMA: &'static str;

    /// Returns the statuses that may follow. None follows an end.
    fn next(self) -> &'static [Self];

    fn is_end(self) -> bool {
        self.next().is_empty()
    }

    /// Checks that a record may move from this status to another. Keeping the status is allowed.
    fn check_move(self, to: Self) -> Result<()> {
        if self == to || self.next().contains(&to) {
            return Ok(());
        }
        Err(self.illegal_move(to))
    }

    /// Returns the error of a move that isn't allowed: it names both statuses, and those that may follow.
    fn illegal_move(self, to: Self) -> Error {
        self.illegal_move_among(to, self.next())
    }

    /// The same, if only some of those that may follow are the caller's to set.
    fn illegal_move_among(self, to: Self, legal: &[Self]) -> Error {
        let (from_ja, to_ja) = (in_words(self), in_words(to));
        let (from, to): (&str, &str) = (self.into(), to.into());
        let (name_ja, name_en) = Self::NAME;
        let legal_ja: Vec<String> = legal.iter().map(|status| in_words(*status)).collect();
        let legal_ja = legal_ja.join("、");
        let detail = match codes(legal) {
            _ if self.is_end() => Text::new(
                format!("{name_ja}を{from_ja}から{to_ja}に変更できません。{from_ja}は最終の状態です。"),
                format!("{name_en} can't change from {from} to {to}: {from} is an end."),
            ),
            legal if legal.is_empty() => Text::new(
                format!("{name_ja}を{from_ja}から{to_ja}に変更できません。"),
                format!("{name_en} can't change from {from} to {to}. You can't change it now."),
            ),
            legal => Text::new(
                format!("{name_ja}を{from_ja}から{to_ja}に変更できません。変更できる状態: {legal_ja}"),
                format!("{name_en} can't change from {from} to {to}. It may become: {legal}."),
            ),
        };
        Error::Conflict {
            code: "illegal_transition",
            detail,
        }
    }

    /// Returns the moves as a table in Markdown.
    fn table() -> String {
        let mut text = "| status | may become |\n|---|---|\n".to_owned();
        for &status in Self::VARIANTS {
            let code: &str = status.into();
            let next = codes(status.next());
            let next = if next.is_empty() { "(end)" } else { &next };
            let _ = writeln!(text, "| {code} | {next} |");
        }
        text
    }
}

/// Returns a status in Japanese, with its code for programs.
fn in_words<S: Lifecycle>(status: S) -> String {
    words::with_code(S::SCHEMA, status.into())
}

fn codes<S: Lifecycle>(statuses: &[S]) -> String {
    let codes: Vec<&str> = statuses.iter().map(|status| (*status).into()).collect();
    codes.join(", ")
}
