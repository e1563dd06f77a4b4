//! E-mail addresses and phone numbers as people write them: with notes, several in a cell, mailto:, a FAX beside the phone,
//! the first 0 lost in a spreadsheet. One is taken, of an old and a new one the new one; what else the cell says becomes a
//! remark.

use crate::values::email_address;
use tables::Remark;
use tables::cells::{CellResult, parse_phone};

/// The address or number that a cell has, and what its sender should know.
#[derive(Debug, Default)]
pub struct Contact {
    pub value: Option<String>,
    pub remarks: Vec<Remark>,
}

/// Takes the e-mail address of a cell, of several the first or the new one. A cell without one is returned as it is, for the rule to refuse.
pub fn email(text: &str) -> Contact {
    let mut contact = Contact::default();
    let (whole, is_respelled) = with_at_sign(text);
    let whole = whole.replace("->", "→").replace("=>", "→");
    let (words, around) = addresses(&whole);
    let current = current(&around);
    let Some(word) = words.get(current).copied() else {
        contact.value = Some(text.to_owned()).filter(|text| !text.is_empty());
        return contact;
    };
    let address = bare_address(word);
    if is_respelled {
        contact.remarks.push(Remark::new(
            "respelled_email",
            format!("「{}」を {address} として取り込みました。", short(text)),
            format!("{:?} was imported as {address}.", short(text)),
        ));
    }
    let mut others = words.iter().map(|word| bare_address(word));
    let second = others.find(|second| *second != address);
    // 佐藤 <taro@example.jp> has a name as every address may.
    let is_named = whole.contains(&format!("<{word}"));
    if let Some(second) = second {
        contact.remarks.push(second_value(second, current > 0));
    } else if let Some(note) = note_of(&whole.replace(word, " ")).filter(|_| !is_named) {
        contact.remarks.push(email_note(&note));
    }
    contact.value = Some(address.to_owned());
    contact
}

/// Returns the words of a text that have addresses, each with what is written before and behind it.
fn addresses(text: &str) -> (Vec<&str>, Vec<(&str, &str)>) {
    let (mut words, mut places) = (Vec::new(), Vec::new());
    let mut at = 0;
    for piece in text.split_inclusive(is_between) {
        let word = piece.trim_end_matches(is_between);
        if is_address(word) {
            words.push(word);
            places.push((at, at + word.len()));
        }
        at += piece.len();
    }
    let ends = std::iter::once(0).chain(places.iter().map(|(_, end)| *end));
    let begins = places.iter().skip(1).map(|(begin, _)| *begin).chain([text.len()]);
    let around = ends.zip(&places).zip(begins).map(|((from, (begin, end)), to)| {
        let before = text.get(from..*begin).unwrap_or_default();
        (before, text.get(*end..to).unwrap_or_default())
    });
    let around = around.collect();
    (words, around)
}

/// Returns which of several values counts, by what is written before and behind each: the first one, unless it was replaced.
/// A→B, 旧A 新B, A（旧）B. In 自宅A→携帯B, both count.
fn current(around: &[(&str, &str)]) -> usize {
    const ARROWS: [char; 4] = ['→', '⇒', '⇨', '➡'];
    const OPENING: [char; 4] = ['(', '（', '[', '【'];
    const CLOSING: [char; 4] = [')', '）', ']', '】'];
    const OLD: [&str; 5] = ["旧", "変更前", "以前", "変更前の", "以前の"];
    const NEW: [&str; 5] = ["新", "新しい", "変更後", "現", "現在の"];
    /// Where else somebody is reached.
    const ELSEWHERE: [&str; 4] = ["不在", "転送", "携帯", "自宅"];
    const NAMES: [&str; 6] = ["番号", "アドレス", "メール", "電話", "携帯", "tel"];
    let bare = |text: &str| {
        let text = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let mut bare = text.as_str();
        while let Some(rest) = NAMES.iter().find_map(|name| bare.strip_suffix(name)) {
            bare = rest;
        }
        bare.to_owned()
    };
    let is_old = |(before, behind): &(&str, &str)| {
        // In A（旧） B, the bracket is about A.
        let label = match before.ends_with(CLOSING) {
            true => bare(before),
            false => bare(before.rsplit(CLOSING).next().unwrap_or_default()),
        };
        let note = behind.trim_start().strip_prefix(OPENING);
        let note = note.and_then(|note| note.split(CLOSING).next()).map(bare);
        let says = |label: &str, words: &[&str]| words.iter().any(|word| label.ends_with(word));
        !says(&label, &NEW) && (says(&label, &OLD) || note.is_some_and(|note| says(&note, &OLD)))
    };
    let has = |texts: &[&str], words: &[&str]| {
        let mut all = texts.iter();
        all.any(|text| words.iter().any(|word| text.contains(word)))
    };
    let is_change = around
        .iter()
        .any(|(before, behind)| has(&[*before, *behind], &["変更"]));
    let replaced = around.windows(2).rposition(|pair| match pair {
        [(_, old), (before, behind)] => {
            (old.contains(ARROWS) || before.contains(ARROWS))
                && (is_change || !has(&[*old, *before, *behind], &ELSEWHERE))
        }
        _ => false,
    });
    match replaced {
        Some(at) => at + 1,
        None => around.iter().position(|one| !is_old(one)).unwrap_or_default(),
    }
}

/// Takes an e-mail address out of a cell that has a number or a person's name too. Returns it with the rest.
pub fn address_apart(text: &str) -> (Option<String>, String) {
    let Some(word) = text.split(is_between).find(|word| is_address(word)) else {
        return (None, text.to_owned());
    };
    (Some(bare_address(word).to_owned()), text.replace(word, " "))
}

/// Returns whether mail can go to a word. The name of an account elsewhere has the sign, too: @kazenokai, LINE kaze@home.
fn is_address(word: &str) -> bool {
    const MOST_CHARS: usize = 254;
    let address = bare_address(word);
    address.len() <= MOST_CHARS && email_address(address).is_ok()
}

/// Says what else a cell with an address has, if that is no number.
pub fn beside_address(rest: &str) -> Option<Remark> {
    note_of(rest).map(|note| email_note(&note))
}

fn email_note(note: &str) -> Remark {
    Remark::new(
        "email_note",
        format!("メールアドレスだけを取り込みました。「{note}」は含めていません。"),
        format!("Only the address was imported, without {note:?}."),
    )
}

/// Takes the phone number of a cell: of those that aren't a FAX, the first or the new one.
pub fn phone(text: &str) -> CellResult<Contact> {
    let text = text.replace("->", "→").replace("=>", "→");
    let text = text.as_str();
    let (found, is_phone) = (numbers(text), |one: &&Number| !one.is_fax());
    let phones: Vec<&Number> = found.iter().filter(is_phone).collect();
    let around: Vec<(&str, &str)> = phones.iter().map(|one| (one.before, one.behind)).collect();
    let current = current(&around);
    let Some(first) = phones.get(current).copied() else {
        if found.is_empty() {
            // What has no number at all says why it is none.
            return parse_phone(text).map(|_| Contact::default());
        }
        return Ok(Contact {
            value: None,
            remarks: vec![Remark::new(
                "fax_only",
                "FAXの番号は電話番号として取り込みません。",
                "A FAX number isn't imported as a phone number.",
            )],
        });
    };
    let parsed = parse_phone(first.digits)?;
    let mut remarks = Vec::new();
    let faxes = found.iter().filter(|one| one.is_fax()).map(|one| one.whole());
    let notes: Vec<String> = first.notes().into_iter().chain(faxes).collect();
    if !notes.is_empty() {
        let note = notes.join(" ");
        remarks.push(Remark::new(
            "phone_note",
            format!("電話番号だけを取り込みました。「{note}」は含めていません。"),
            format!("Only the number was imported, without {note:?}."),
        ));
    }
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let is_other = |one: &&Number| !one.is_fax() && digits(one.digits) != digits(first.digits);
    if let Some(second) = found.iter().find(is_other) {
        remarks.push(second_value(&second.whole(), current > 0));
    }
    if parsed.is_restored {
        remarks.push(Remark::new(
            "leading_zero_restored",
            "先頭の0を補いました。",
            "The missing leading 0 was added.",
        ));
    }
    Ok(Contact {
        value: Some(parsed.text),
        remarks,
    })
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

pub fn second_value(second: &str, is_replaced: bool) -> Remark {
    let second = short(second);
    let (ja, en) = match is_replaced {
        true => ("新しい方の値", "new"),
        false => ("先に書かれた値", "first"),
    };
    Remark::new(
        "second_value",
        format!("{ja}を取り込みました。「{second}」は使っていません。"),
        format!("The {en} value was imported; {second:?} isn't used."),
    )
}

/// What stands beside an address. No address of ours has these characters.
fn is_between(c: char) -> bool {
    c.is_whitespace() || "、。,;:/|・()（）<>「」『』[]【】\"'→⇒⇨➡".contains(c)
}

fn bare_address(word: &str) -> &str {
    word.trim_matches(|c: char| ".*※→".contains(c))
}

/// Returns a text with the sign in its address, which people write out to hide it from machines: taro at example.jp.
fn with_at_sign(text: &str) -> (String, bool) {
    const WRITTEN: [&str; 11] = [
        " at ",
        "[at]",
        "(at)",
        "{at}",
        "_at_",
        "(a)",
        "[@]",
        "(@)",
        "(アットマーク)",
        "アットマーク",
        "(アット)",
    ];
    // Instagram @kaze.no.kai: the name of an account, which belongs to no address.
    const ACCOUNTS: [&str; 8] = [
        "instagram",
        "insta",
        "twitter",
        "x",
        "line",
        "facebook",
        "threads",
        "tiktok",
    ];
    let before = text
        .split('@')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_lowercase();
    let name = before.rsplit(|c: char| !c.is_alphanumeric()).next();
    if name.is_some_and(|name| ACCOUNTS.contains(&name)) && text.contains(" @") && !text.contains(" @ ") {
        return (text.to_owned(), false);
    }
    let text = [" @ ", " @", "@ "].iter().fold(text.to_owned(), |text, spaced| {
        // Where an address follows one, the space is between two of them.
        if text.matches('@').count() == 1 {
            text.replace(spaced, "@")
        } else {
            text
        }
    });
    let is_plain = |text: &str| text.contains('@') && !text.contains("(@)") && !text.contains("[@]");
    if is_plain(&text) {
        return (text, false);
    }
    let lower = text.to_lowercase();
    let written = WRITTEN
        .iter()
        .find(|written| lower.matches(**written).count() == 1);
    // Lower case may have another length.
    let split = written
        .filter(|_| lower.len() == text.len())
        .and_then(|written| Some((lower.find(written)?, written.len())));
    let Some((at, length)) = split else {
        return (text, false);
    };
    let (before, after) = (text.get(..at), text.get(at + length..));
    let (Some(before), Some(after)) = (before, after) else {
        return (text, false);
    };
    let dotted = ["[dot]", "(dot)", " dot ", "(ドット)"]
        .iter()
        .fold(after.to_owned(), |after, dot| after.replace(dot, "."));
    let is_letter = |c: char| c.is_ascii_alphanumeric();
    let is_domain = dotted.starts_with(is_letter)
        && dotted
            .split(is_between)
            .next()
            .is_some_and(|word| word.trim_end_matches('.').contains('.'));
    match before.ends_with(is_letter) && is_domain {
        true => (format!("{before}@{dotted}"), true),
        false => (text, false),
    }
}

/// Returns what a cell says beside its value, without the words that only name it.
fn note_of(rest: &str) -> Option<String> {
    const NAMES: [&str; 9] = [
        "mailto",
        "e-mail",
        "email",
        "mail",
        "メール",
        "メールアドレス",
        "tel",
        "電話",
        "pcメール",
    ];
    let is_mark = |c: char| !c.is_alphanumeric() && !"-ー".contains(c);
    let words: Vec<&str> = rest
        .split(is_mark)
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .filter(|word| !NAMES.contains(&word.to_lowercase().as_str()))
        .collect();
    (!words.is_empty()).then(|| short(&words.join(" ")))
}

/// A number in a cell, with what is written before and behind it.
struct Number<'t> {
    before: &'t str,
    digits: &'t str,
    behind: &'t str,
}

impl Number<'_> {
    fn is_fax(&self) -> bool {
        let says = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
        let texts = [self.before.to_lowercase(), self.behind.to_lowercase()];
        let is_shared = |text: &String| says(text, &["tel", "電話", "兼", "共通"]);
        // ファミリーサポート is a name.
        let fax = ["fax", "ｆａｘ", "ファックス", "ファクス", "ファクシミリ"];
        texts.iter().any(|text| says(text, &fax)) && !texts.iter().any(is_shared)
    }

    fn whole(&self) -> String {
        let bare = |text: &str| text.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
        let all = [
            bare(self.before),
            self.digits.trim().to_owned(),
            bare(self.behind),
        ];
        short(all.join(" ").trim())
    }

    /// Returns what is written beside the number and doesn't only name it.
    fn notes(&self) -> Vec<String> {
        const NAMES: [&str; 10] = [
            "tel",
            "新",
            "変更",
            "電話",
            "電話番号",
            "携帯",
            "携帯電話",
            "自宅",
            "連絡先",
            "℡",
        ];
        let bare = |text: &str| text.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
        let texts = [bare(self.before), bare(self.behind)];
        let is_note = |text: &String| !text.is_empty() && !NAMES.contains(&text.to_lowercase().as_str());
        texts.into_iter().filter(is_note).collect()
    }
}

/// The fewest digits of a number: one without its first 0.
const FEWEST_DIGITS: usize = 9;

/// Finds the numbers of a cell. Fewer digits are a note: 内線123.
fn numbers(text: &str) -> Vec<Number<'_>> {
    let mut found: Vec<Number> = Vec::new();
    // Where the text between two numbers begins.
    let mut at = 0;
    let mut from = 0;
    while let Some((begin, end)) = next_number(text, from) {
        let (Some(between), Some(digits)) = (text.get(at..begin), text.get(begin..end)) else {
            break;
        };
        from = end;
        if digits.chars().filter(char::is_ascii_digit).count() < FEWEST_DIGITS {
            continue;
        }
        let before = match found.last_mut() {
            None => between,
            Some(last) => {
                // A bracket behind a number is about it; a name before a number is about that.
                let (behind, before) = split_between(between);
                last.behind = behind;
                before
            }
        };
        let digits = without_open_bracket(digits.trim_end_matches(|c: char| !c.is_ascii_digit()));
        found.push(Number {
            before,
            digits,
            behind: "",
        });
        at = end;
    }
    if let Some(last) = found.last_mut() {
        last.behind = text.get(at..).unwrap_or_default();
    }
    found
}

/// Drops the bracket around a whole number, whose end isn't among the digits: (090-5555-0101, but not (03)5555-0101.
fn without_open_bracket(digits: &str) -> &str {
    let is_open = digits.matches('(').count() > digits.matches(')').count();
    digits.strip_prefix('(').filter(|_| is_open).unwrap_or(digits)
}

fn split_between(between: &str) -> (&str, &str) {
    let is_separator = |c: char| "、,;/\n・|".contains(c) || c.is_whitespace();
    let trimmed = between.trim_start();
    let end = match trimmed.starts_with(['(', '（', '[', '【']) {
        true => trimmed
            .char_indices()
            .find(|(_, c)| ")）]】".contains(*c))
            .map(|(at, c)| between.len() - trimmed.len() + at + c.len_utf8()),
        false => between.find(is_separator),
    };
    between
        .split_at_checked(end.unwrap_or(0))
        .unwrap_or(("", between))
}

/// Finds the next run of digits, as bytes from and to. It ends where a number is whole and a bracket or a space follows.
fn next_number(text: &str, from: usize) -> Option<(usize, usize)> {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let rest = text.get(from..)?;
    let begins = |(at, c): &(usize, char)| {
        let next = rest.get(at + c.len_utf8()..).and_then(|rest| rest.chars().next());
        c.is_ascii_digit() || (matches!(c, '+' | '(') && is_digit(next))
    };
    let (start, first) = rest.char_indices().find(begins)?;
    let enough = match first {
        '+' => 11,
        '0' | '(' => 10,
        _ => FEWEST_DIGITS,
    };
    let mut digits = 0;
    let mut end = rest.len();
    for (at, c) in rest.char_indices().skip_while(|(at, _)| *at < start) {
        let is_part = c.is_ascii_digit() || "-()+. ‐‑–—−ー".contains(c) || c == '\u{3000}';
        let is_whole = digits >= enough && (c == '(' || c == '+' || c.is_whitespace());
        if !is_part || is_whole {
            end = at;
            break;
        }
        digits += usize::from(c.is_ascii_digit());
    }
    Some((from + start, from + end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(remarks: &[Remark]) -> String {
        remarks.iter().map(|one| one.code).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_address_is_taken_out_of_what_people_write_around_it() {
        for (text, address, found) in [
            ("taro@example.jp", "taro@example.jp", ""),
            ("taro@example.jp(携帯)", "taro@example.jp", "email_note"),
            (
                "taro@example.jp / hanako@example.jp",
                "taro@example.jp",
                "second_value",
            ),
            ("taro@example.jp、taro@example.jp", "taro@example.jp", ""),
            ("mailto:taro@example.jp", "taro@example.jp", ""),
            ("Email: taro@example.jp", "taro@example.jp", ""),
            ("メール:taro@example.jp", "taro@example.jp", ""),
            ("佐藤 太郎 <taro@example.jp>", "taro@example.jp", ""),
            ("taro@example.jp。", "taro@example.jp", ""),
            ("携帯:taro@example.jp", "taro@example.jp", "email_note"),
            ("taro @ example.jp", "taro@example.jp", ""),
            ("line @ example.jp", "line@example.jp", ""),
            ("taro at example.jp", "taro@example.jp", "respelled_email"),
            ("taro[at]example.jp", "taro@example.jp", "respelled_email"),
            ("taro(at)example[dot]jp", "taro@example.jp", "respelled_email"),
            ("taro(@)example.jp", "taro@example.jp", "respelled_email"),
            ("taroアットマークexample.jp", "taro@example.jp", "respelled_email"),
            ("taro@example.jp\n090-5555-0101", "taro@example.jp", "email_note"),
            (
                "a@example.jp b@example.jp c@example.jp",
                "a@example.jp",
                "second_value",
            ),
            // What replaced another one counts.
            ("旧:a@example.jp 新:b@example.jp", "b@example.jp", "second_value"),
            ("旧 a@example.jp、新 b@example.jp", "b@example.jp", "second_value"),
            ("新:b@example.jp 旧:a@example.jp", "b@example.jp", "second_value"),
            ("a@example.jp→b@example.jp", "b@example.jp", "second_value"),
            ("a@example.jp -> b@example.jp", "b@example.jp", "second_value"),
            ("a@example.jp→(携帯)b@example.jp", "a@example.jp", "second_value"),
            ("変更 a@example.jp ⇒ b@example.jp", "b@example.jp", "second_value"),
            ("a@example.jp(旧) b@example.jp", "b@example.jp", "second_value"),
            (
                "旧アドレス:a@example.jp\nb@example.jp",
                "b@example.jp",
                "second_value",
            ),
            (
                "(新)b@example.jp (旧)a@example.jp",
                "b@example.jp",
                "second_value",
            ),
            (
                "(旧)a@example.jp (新)b@example.jp",
                "b@example.jp",
                "second_value",
            ),
            (
                "旧メールアドレス a@example.jp / b@example.jp",
                "b@example.jp",
                "second_value",
            ),
            (
                "佐藤 <a@example.jp>, 鈴木 <b@example.jp>",
                "a@example.jp",
                "second_value",
            ),
            ("→taro@example.jp", "taro@example.jp", ""),
            // These are no addresses, and the rule of the field says so.
            ("持っていません", "持っていません", ""),
            ("@kazenokai", "@kazenokai", ""),
            ("kaze@home", "kaze@home", ""),
            ("Instagram @kaze.no.kai", "Instagram @kaze.no.kai", ""),
            // Of an account and an address, the address is taken.
            (
                "Instagram @kaze / kaze@example.jp",
                "kaze@example.jp",
                "email_note",
            ),
            ("look at this.", "look at this.", ""),
        ] {
            let contact = email(text);
            assert_eq!(contact.value.as_deref(), Some(address), "{text}");
            assert_eq!(codes(&contact.remarks), found, "{text}");
        }
        assert_eq!(email("").value, None);
    }

    #[test]
    fn a_number_is_taken_out_of_what_people_write_around_it() {
        for (text, number, found) in [
            ("03-5555-0101", "03-5555-0101", ""),
            ("03-5555-0101(代)", "03-5555-0101", "phone_note"),
            ("03-5555-0101 内線123", "03-5555-0101", "phone_note"),
            ("03-5555-0101(内線 123)", "03-5555-0101", "phone_note"),
            ("03-5555-0101 (123)", "03-5555-0101", "phone_note"),
            ("090-5555-0101(夜間)", "090-5555-0101", "phone_note"),
            ("夜間のみ 090-5555-0101", "090-5555-0101", "phone_note"),
            ("TEL:03-5555-0101", "03-5555-0101", ""),
            ("電話番号 03-5555-0101", "03-5555-0101", ""),
            ("03-5555-0101 / 090-5555-0102", "03-5555-0101", "second_value"),
            ("03-5555-0101 090-5555-0102", "03-5555-0101", "second_value"),
            ("03-5555-0101または090-5555-0102", "03-5555-0101", "second_value"),
            ("03-5555-0101\n03-5555-0101", "03-5555-0101", ""),
            (
                "(小)03-5555-0101、(中)03-5555-0102",
                "03-5555-0101",
                "phone_note second_value",
            ),
            ("(03)5555-0101", "(03)5555-0101", ""),
            ("03(5555)0101", "03(5555)0101", ""),
            ("(090-5555-0101)", "090-5555-0101", ""),
            ("山本(090-5555-0101)", "090-5555-0101", "phone_note"),
            ("(03(5555)0101)", "03(5555)0101", ""),
            ("((03)5555-0101)", "(03)5555-0101", ""),
            ("(9055550101)", "09055550101", "leading_zero_restored"),
            ("03 5555 0101", "0355550101", ""),
            ("03 5555 0101 03 5555 0102", "0355550101", "second_value"),
            ("TEL03-5555-0101FAX03-5555-0102", "03-5555-0101", "phone_note"),
            ("FAX 03-5555-0102 TEL 03-5555-0101", "03-5555-0101", "phone_note"),
            (
                "03-5555-0102(FAX) 03-5555-0101(電話)",
                "03-5555-0101",
                "phone_note",
            ),
            ("TEL/FAX 03-5555-0101", "03-5555-0101", "phone_note"),
            ("03-5555-0101(FAX兼用)", "03-5555-0101", "phone_note"),
            // ファ is no FAX.
            ("ファミリーサポート 03-5555-0102", "03-5555-0102", "phone_note"),
            ("ソファの会 03-5555-0102", "03-5555-0102", "phone_note"),
            (
                "午前 03-5555-0101、午後 03-5555-0102",
                "03-5555-0101",
                "phone_note second_value",
            ),
            // What replaced another one counts.
            ("変更 03-5555-0101→03-5555-0102", "03-5555-0102", "second_value"),
            ("03-5555-0101 → 090-5555-0102", "090-5555-0102", "second_value"),
            ("03-5555-0101->03-5555-0102", "03-5555-0102", "second_value"),
            (
                "携帯 090-5555-0101→090-5555-0102",
                "090-5555-0102",
                "second_value",
            ),
            (
                "変更 03-5555-0101→携帯 090-5555-0102",
                "090-5555-0102",
                "second_value",
            ),
            (
                "自宅03-5555-0101→(不在時)携帯090-5555-0102",
                "03-5555-0101",
                "second_value",
            ),
            ("03-5555-0101→転送090-5555-0102", "03-5555-0101", "second_value"),
            (
                "03-5555-0101(自宅)→090-5555-0102(携帯)",
                "03-5555-0101",
                "second_value",
            ),
            ("旧 03-5555-0101 新 03-5555-0102", "03-5555-0102", "second_value"),
            ("旧:03-5555-0101、新:03-5555-0102", "03-5555-0102", "second_value"),
            ("新 03-5555-0102 旧 03-5555-0101", "03-5555-0102", "second_value"),
            ("03-5555-0101(旧) 03-5555-0102", "03-5555-0102", "second_value"),
            (
                "旧番号 03-5555-0101 / 03-5555-0102",
                "03-5555-0102",
                "second_value",
            ),
            ("355550101", "0355550101", "leading_zero_restored"),
            ("355550101.0", "0355550101", "leading_zero_restored"),
            ("9055550101", "09055550101", "leading_zero_restored"),
            ("+81-3-5555-0101", "+81-3-5555-0101", ""),
            ("+81 90 5555 0101", "+819055550101", ""),
        ] {
            let contact = phone(text).unwrap_or_default();
            assert_eq!(contact.value.as_deref(), Some(number), "{text}");
            assert_eq!(codes(&contact.remarks), found, "{text}");
        }
        for (text, found) in [
            ("FAX 03-5555-0101", "fax_only"),
            ("03-5555-0101(ファックス)", "fax_only"),
            ("ファクス:03-5555-0101", "fax_only"),
            ("ファクシミリ 03-5555-0101", "fax_only"),
            ("ＦＡＸ 03-5555-0101", "fax_only"),
        ] {
            let contact = phone(text).unwrap();
            assert_eq!(
                (contact.value, codes(&contact.remarks).as_str()),
                (None, found),
                "{text}"
            );
        }
        for none in [
            "12345",
            "5555-0101",
            "お店の番号",
            "03-5555-0101-9999",
            "80355550101",
            "090-1234-567",
            "0801234567",
            "(070)123-4567",
        ] {
            assert_eq!(phone(none).unwrap_err().code, "invalid_phone", "{none}");
        }
    }
}
