//! Spellings that count as equal: width, case and kana.

use unicode_normalization::UnicodeNormalization;

/// Applies NFKC and lower case, so that width and case no longer matter.
pub fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// Returns whether the character is kana, kanji or one of their marks (々, 〆, ー).
pub fn is_japanese(c: char) -> bool {
    matches!(c, '々' | '〆' | 'ー' | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{323af}')
}

/// Turns katakana into hiragana and leaves everything else alone.
pub fn hiragana(c: char) -> char {
    match c {
        // Katakana sit 0x60 above hiragana in Unicode.
        'ァ'..='ヶ' => char::from_u32(c as u32 - 0x60).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_case_and_kana_no_longer_matter() {
        assert_eq!(fold("ＮＰＯ ﾁﾗｼ"), "npo チラシ");
        assert_eq!("チラシー".chars().map(hiragana).collect::<String>(), "ちらしー");
        assert!("々𠮷あア".chars().all(is_japanese));
        assert!(!"aＡ、".chars().any(is_japanese));
    }
}
