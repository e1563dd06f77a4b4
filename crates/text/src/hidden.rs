//! Characters that nobody sees: they make two names differ that look alike, or turn the text after them around.

use crate::kanji::is_variation_selector;
use std::borrow::Cow;

/// Returns whether a character takes no room, or changes the direction of the text around it. Joiners aside, no writing
/// needs one; selectors of a form of a kanji aren't meant.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns whether a character between two others joins them or keeps them apart. In emoji, and in the writings of Arabic
/// and India, it matters; elsewhere nobody sees it.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

fn is_joined(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{2190}'..='\u{2bff}'
        | '\u{1f000}'..='\u{1faff}')
}

/// Returns whether a text has characters that nobody sees.
pub fn has_hidden(text: &str) -> bool {
    !text.is_ascii() && matches!(without_hidden(text), Cow::Owned(_))
}

/// Returns a text without the characters that nobody sees.
pub fn without_hidden(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| is_hidden(c) || is_joiner(c)) {
        return Cow::Borrowed(text);
    }
    let mut before = None;
    let mut is_seen = |c: char| {
        let is_seen = match is_joiner(c) {
            true => before.is_some_and(is_joined),
            false => !is_hidden(c),
        };
        before = Some(c)
            .filter(|_| is_seen && !is_variation_selector(c))
            .or(before);
        is_seen
    };
    let seen: String = text.chars().filter(|c| is_seen(*c)).collect();
    match seen.len() < text.len() {
        true => Cow::Owned(seen),
        false => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_taken_out() {
        assert_eq!(without_hidden("佐藤\u{200b} 陽子\u{202e}"), "佐藤 陽子");
        assert_eq!(without_hidden("\u{feff}戸山\u{200d}会\u{2060}"), "戸山会");
        assert!(has_hidden("山田\u{2066}太郎") && !has_hidden("山田太郎"));
    }

    #[test]
    fn what_writing_needs_stays() {
        for text in [
            "編\u{e0100}集",
            "👨\u{200d}👩\u{200d}👧の会",
            "❤\u{fe0f}\u{200d}🔥",
            "می\u{200c}خواهم",
            "cafe\u{301}",
        ] {
            assert_eq!(without_hidden(text), text);
            assert!(!has_hidden(text), "{text}");
        }
    }
}
