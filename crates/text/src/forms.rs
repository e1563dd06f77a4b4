//! Legal forms: an abbreviation stands for its full form, so that ㈱ほし, （株）ほし and 株式会社ほし are one name.

/// The legal forms, each with what is written for it in brackets.
const FORMS: &[(&str, &[&str])] = &[
    ("株式会社", &["株"]),
    ("有限会社", &["有"]),
    ("合同会社", &["同", "合"]),
    ("合資会社", &[]),
    ("合名会社", &[]),
    (
        "認定特定非営利活動法人",
        &["認定特非", "認特非", "認特", "認定npo", "認定npo法人"],
    ),
    (
        "特定非営利活動法人",
        &["特非", "特活", "特", "npo", "npo法人", "特定非営利法人"],
    ),
    ("社会福祉法人", &["社福", "福"]),
    ("一般社団法人", &["一社", "一般社団"]),
    ("公益社団法人", &["公社", "公益社団"]),
    ("一般財団法人", &["一財", "一般財団"]),
    ("公益財団法人", &["公財", "公益財団"]),
    ("社団法人", &["社"]),
    ("財団法人", &["財"]),
    ("医療法人", &["医"]),
    ("学校法人", &["学"]),
    ("宗教法人", &["宗"]),
    ("生活協同組合", &["生協"]),
    ("協同組合", &["協"]),
];

/// What means a legal form without brackets, too, wherever it stands.
const ANYWHERE: &[(&str, &str)] = &[
    ("npo法人", "特定非営利活動法人"),
    ("特定非営利法人", "特定非営利活動法人"),
    ("特非法人", "特定非営利活動法人"),
    ("一般社団", "一般社団法人"),
    ("公益社団", "公益社団法人"),
    ("一般財団", "一般財団法人"),
    ("公益財団", "公益財団法人"),
];

/// What means one as a word of its own: 社福 ほし会.
const WORDS: &[(&str, &str)] = &[
    ("社福", "社会福祉法人"),
    ("特非", "特定非営利活動法人"),
    ("認定特非", "認定特定非営利活動法人"),
];

/// Characters before a bracket that may be a form.
const LONGEST: usize = 12;

/// Returns a folded text with its abbreviations of legal forms written out. Brackets around a form go, also where one of the
/// two is missing: 特非)ほし.
pub fn with_full_forms(folded: &str) -> String {
    let (mut written, mut at) = (String::with_capacity(folded.len()), 0);
    while let Some(rest) = folded.get(at..)
        && let Some(first) = rest.chars().next()
    {
        match form_at(folded, at) {
            Some((length, form)) => {
                written.push_str(form);
                at += length;
            }
            None => {
                written.push(first);
                at += first.len_utf8();
            }
        }
    }
    written
}

/// Returns a folded word of a search with the abbreviation at its begin written out, whatever follows: 社福ほし会.
pub fn with_full_form_first(word: &str) -> String {
    let written = with_full_forms(word);
    let first = WORDS
        .iter()
        .find_map(|(short, form)| Some(format!("{form}{}", written.strip_prefix(short)?)));
    first.unwrap_or(written)
}

/// Returns the form that is written at this place, and how many bytes are.
fn form_at(folded: &str, at: usize) -> Option<(usize, &'static str)> {
    let (before, rest) = folded.split_at_checked(at)?;
    let is_begin = before.chars().next_back().is_none_or(char::is_whitespace);
    let is_end = |rest: &str| rest.chars().next().is_none_or(char::is_whitespace);
    let in_brackets = |text: &str| {
        let mut forms = FORMS
            .iter()
            .filter(|(form, short)| *form == text || short.contains(&text));
        forms.next().map(|(form, _)| *form)
    };
    if let Some(inner) = rest.strip_prefix('(') {
        let end = inner.find([')', '(']).unwrap_or(inner.len());
        let (text, tail) = inner.split_at_checked(end)?;
        let form = in_brackets(text.trim())?;
        return match tail.starts_with(')') {
            true => Some((end + 2, form)),
            // ほし会(福
            false => is_end(tail).then_some((end + 1, form)),
        };
    }
    // 公益財団法人 is written out, and 公益財団法 may be somebody's who still types it.
    let anywhere = ANYWHERE.iter().find_map(|(short, form)| {
        let tail = rest.strip_prefix(short)?;
        (short.ends_with("法人") || !tail.starts_with('法')).then_some((short.len(), *form))
    });
    if anywhere.is_some() || !is_begin {
        return anywhere;
    }
    // 福)ほし会
    let end = rest.char_indices().take(LONGEST).find(|(_, c)| *c == ')');
    let end = end.and_then(|(end, _)| Some((end + 1, in_brackets(rest.get(..end)?)?)));
    if end.is_some() {
        return end;
    }
    WORDS.iter().find_map(|(short, form)| {
        let tail = rest.strip_prefix(short)?;
        is_end(tail).then_some((short.len(), *form))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold;

    #[test]
    fn abbreviations_of_legal_forms_are_written_out() {
        for (text, expected) in [
            ("㈱ほし", "株式会社ほし"),
            ("（株）ほし", "株式会社ほし"),
            ("ほし(株)", "ほし株式会社"),
            ("ほし（株式会社）", "ほし株式会社"),
            ("㈲ほし", "有限会社ほし"),
            ("ＮＰＯ法人ほし", "特定非営利活動法人ほし"),
            ("認定NPO法人 ほし", "認定特定非営利活動法人 ほし"),
            ("(認定NPO法人)ほし", "認定特定非営利活動法人ほし"),
            ("特非）ほし", "特定非営利活動法人ほし"),
            ("ほし会（福", "ほし会社会福祉法人"),
            ("社福 ほし会", "社会福祉法人 ほし会"),
            ("社福ほし会", "社福ほし会"),
            ("(一社)ほし", "一般社団法人ほし"),
            ("公益財団ほし", "公益財団法人ほし"),
            ("公益財団法人ほし", "公益財団法人ほし"),
            ("公益財団法", "公益財団法"),
            ("ほし（株主）会", "ほし(株主)会"),
            ("大久保）ほし", "大久保)ほし"),
            ("NPOほし", "npoほし"),
            ("印刷は(株)ほしへ", "印刷は株式会社ほしへ"),
            ("(((株", "((株式会社"),
            ("", ""),
        ] {
            assert_eq!(with_full_forms(&fold(text)), expected, "{text}");
        }
        assert_eq!(with_full_form_first("社福ほし会"), "社会福祉法人ほし会");
        assert_eq!(with_full_form_first("(株)ほし"), "株式会社ほし");
    }
}
