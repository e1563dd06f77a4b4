//! The form in which names of places are compared.
//!
//! Offices write one name in many ways: 青ヶ島 and 青ケ島, 檜原 and 桧原, 葛󠄀飾 with a variation selector, ﾁﾖﾀﾞｸ for ちよだく.

use text::{fold, hiragana, is_japanese, todays_form};

/// Variants of kanji in names of municipalities, beside those that names of people have: the variant, then the form that
/// they are compared in.
const FORMS: [(char, char); 13] = [
    ('渕', '淵'),
    ('曾', '曽'),
    ('鰺', '鯵'),
    ('籠', '篭'),
    ('檮', '梼'),
    ('俱', '倶'),
    ('驒', '騨'),
    ('蘆', '芦'),
    ('礪', '砺'),
    ('竈', '釜'),
    ('竃', '釜'),
    ('磨', '摩'),
    ('條', '条'),
];

/// Returns the form of a text in which names of places are compared. Width, case, spaces, variation selectors, old and
/// variant kanji, katakana and small kana don't matter; nor does how ヶ, の and つ are written between kanji.
pub fn key(text: &str) -> String {
    let folded = fold(text);
    let letters = folded.chars().filter(|c| !c.is_whitespace() && !is_invisible(*c));
    let letters: Vec<char> = letters.map(todays_form).map(place_form).collect();
    let is_kanji_at = |i: Option<usize>| i.and_then(|i| letters.get(i)).is_some_and(|c| is_kanji(*c));
    let letter = |(i, c): (usize, &char)| {
        let is_between_kanji = is_kanji_at(i.checked_sub(1)) && is_kanji_at(i.checked_add(1));
        match c {
            'ヶ' | 'ケ' | 'ヵ' | 'カ' | 'が' | 'ガ' if is_between_kanji => 'ヶ',
            'ノ' | '之' if is_between_kanji => 'の',
            c => large(hiragana(*c)),
        }
    };
    letters.iter().enumerate().map(letter).collect()
}

/// Variation selectors, and characters that take no space.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn is_kanji(c: char) -> bool {
    is_japanese(c) && !is_kana(c)
}

pub fn is_kana(c: char) -> bool {
    matches!(c, 'ー' | '\u{3041}'..='\u{30ff}')
}

fn place_form(c: char) -> char {
    let form = FORMS.iter().find(|(variant, _)| *variant == c);
    form.map_or(c, |(_, form)| *form)
}

/// Turns small hiragana into large ones: some lists have しようない for しょうない.
fn large(c: char) -> char {
    match c {
        // Each small one is directly before its large one in Unicode.
        'ぁ' | 'ぃ' | 'ぅ' | 'ぇ' | 'ぉ' | 'っ' | 'ゃ' | 'ゅ' | 'ょ' | 'ゎ' => {
            char::from_u32(c as u32 + 1).unwrap_or(c)
        }
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_have_one_key() {
        for (one, other) in [
            ("青ヶ島村", "青ケ島村"),
            ("青ヶ島村", "青ｹ島村"),
            ("茅ヶ崎市", "茅が崎市"),
            ("西之表市", "西の表市"),
            ("葛飾区", "葛\u{e0100}飾区"),
            ("檜原村", "桧原村"),
            ("塩竈市", "塩釜市"),
            ("江 東　区", "江東区"),
            ("ﾁﾖﾀﾞｸ", "ちよだく"),
            ("しょうないまち", "しようないまち"),
            ("四ツ谷", "四つ谷"),
        ] {
            assert_eq!(key(one), key(other));
        }
        assert_ne!(key("つがる市"), key("つヶる市"));
        for (_, form) in FORMS {
            assert_eq!(place_form(todays_form(form)), form);
        }
    }
}
