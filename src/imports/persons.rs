//! Whether what stands where a name is expected is the name of one person: not 山田太郎・花子, 欠員 or ほし商店.

use tables::Remark;
use tables::cells::CellResult;
use text::{fold, hiragana, is_japanese, letters, with_full_forms};

/// Marks and brackets around words that say nothing of who it is.
fn is_mark(c: char) -> bool {
    c.is_whitespace() || "()（）[]【】〔〕「」『』<>〈〉*※＊-ー―~〜。、・:".contains(c)
}

fn is_kana(c: char) -> bool {
    matches!(hiragana(c), 'ぁ'..='ゖ' | 'ー' | '・')
}

fn is_kanji(c: char) -> bool {
    is_japanese(c) && !is_kana(c)
}

fn count(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// Returns the text without what stands in brackets: 佐藤 花子（会計・書記） is 佐藤 花子.
fn without_brackets(text: &str) -> String {
    let (mut bare, mut depth) = (String::with_capacity(text.len()), 0usize);
    for c in text.chars() {
        match c {
            '(' | '（' | '[' | '【' | '〔' => depth += 1,
            ')' | '）' | ']' | '】' | '〕' => depth = depth.saturating_sub(1),
            _ if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    bare.trim().to_owned()
}

/// Checks that a text in the form in which cells are read names somebody, not a place that nobody has yet: 未定, 募集中.
pub fn check_somebody(text: &str) -> CellResult<()> {
    match is_nobody(text) {
        true => Err(nobody(text)),
        false => Ok(()),
    }
}

/// Checks that it is the name of one person.
pub fn check_one(text: &str) -> CellResult<()> {
    check_somebody(text)?;
    if names_several(text) {
        return Err(several(text));
    }
    match is_group(text) {
        true => Err(group(text)),
        false => Ok(()),
    }
}

/// Returns a name without the word before it that says whose it is: 代表：田中 花子, （担当）山田, 連絡先 渡辺.
pub fn without_label(name: &str) -> &str {
    const LABELS: [&str; 10] = [
        "代表",
        "代表者",
        "担当",
        "担当者",
        "連絡先",
        "連絡者",
        "窓口",
        "責任者",
        "氏名",
        "名前",
    ];
    let name = name.trim();
    let bracket = name.strip_prefix(['(', '（', '【', '[']);
    let in_brackets = bracket.and_then(|rest| rest.split_once([')', '）', '】', ']']));
    let parts = in_brackets
        .or_else(|| name.split_once([':', '：']))
        .or_else(|| name.split_once(char::is_whitespace));
    let rest = parts.filter(|(label, rest)| LABELS.contains(&label.trim()) && !rest.trim().is_empty());
    rest.map_or(name, |(_, rest)| rest.trim())
}

/// What says that nobody has a place, alone and behind other words: 欠員, ボランティア募集.
const VACANT: [&str; 7] = [
    "該当なし",
    "該当者なし",
    "空席",
    "欠番",
    "若干名",
    "予備",
    "vacant",
];
const VACANT_ENDS: [&str; 8] = [
    "募集",
    "募集中",
    "公募中",
    "募集予定",
    "空き",
    "空きあり",
    "欠員",
    "欠員中",
];

/// Returns whether a text says that nobody has this place: 欠員（1名）, 募集中. Of 未定 and 調整中, somebody may be known by an id.
pub fn is_vacancy(text: &str) -> bool {
    says(&words_outside(text), &VACANT, &VACANT_ENDS)
}

/// Returns what a text says of somebody, without its brackets and what stands behind a ※.
fn words_outside(text: &str) -> String {
    let folded = fold(text);
    // 佐藤 花子（調整中） is somebody, and （調整中） nobody.
    let outside = without_brackets(&folded);
    // So is 佐藤 花子※連絡先確認中.
    let outside = outside.trim_matches(is_mark);
    let outside = outside.split('※').next().unwrap_or_default().trim_end();
    let whole = folded.trim_matches(is_mark);
    let text = if outside.is_empty() { whole } else { outside };
    text.to_owned()
}

/// Returns a text without a number of people: 欠員2名, あと2名.
fn uncounted(text: &str) -> &str {
    without_number(text).map_or(text, |rest| rest.trim_end_matches(is_mark))
}

/// Returns whether a text is one of these words or ends with one of those.
fn says(text: &str, words: &[&str], ends: &[&str]) -> bool {
    let is_said = |text: &str| words.contains(&text) || ends.iter().any(|end| text.ends_with(end));
    is_said(text) || is_said(uncounted(text))
}

/// Returns whether a text says that somebody is still to be found, or only what somebody is: 未定, 欠員（1名）, 担当者.
fn is_nobody(text: &str) -> bool {
    /// What says so alone.
    const WORDS: [&str; 40] = [
        "なし",
        "無し",
        "特になし",
        "同左",
        "左記",
        "上記",
        "上記代表者",
        "代表者同じ",
        "空欄",
        "空白",
        "不在",
        "未登録",
        "未記入",
        "記載なし",
        "名簿参照",
        "名簿のとおり",
        "別紙",
        "別紙参照",
        "別紙のとおり",
        "別添",
        "後日",
        "後日決定",
        "後日連絡",
        "後任",
        "以下余白",
        "削除",
        "抹消",
        "担当",
        "担当者",
        "代表者",
        "責任者",
        "参加者",
        "職員",
        "スタッフ",
        "ボランティア",
        "協力者",
        "本人",
        "tbd",
        "tba",
        "n/a",
    ];
    /// What says so behind other words: 後任選考中.
    const ENDS: [&str; 18] = [
        "に同じ",
        "と同じ",
        "未定",
        "未確定",
        "未決定",
        "未選任",
        "調整中",
        "選考中",
        "選任中",
        "選定中",
        "人選中",
        "検討中",
        "交渉中",
        "依頼中",
        "打診中",
        "確認中",
        "決まり次第",
        "の紹介",
    ];
    let text = words_outside(text);
    // 一人 is a given name.
    let is_number =
        ["", "あと", "残り", "計"].contains(&uncounted(&text)) && text.contains(|c: char| c.is_ascii_digit());
    is_number || says(&text, &VACANT, &VACANT_ENDS) || says(&text, &WORDS, &ENDS)
}

/// Returns what stands before a number of people: 他 of 他2名, 佐藤 花子 of 佐藤 花子 三名.
fn without_number(text: &str) -> Option<&str> {
    let is_number = |c: char| c.is_numeric() || "一二三四五六七八九十数".contains(c);
    let rest = text.strip_suffix(['名', '人'])?;
    let before = rest.trim_end_matches(is_number);
    (before.len() < rest.len()).then(|| before.trim_end())
}

/// Returns whether a name is that of several people: 山田太郎・花子, 岸 夫妻, 佐藤 花子 他2名.
fn names_several(text: &str) -> bool {
    const ENDS: [&str; 8] = ["夫妻", "夫婦", "一同", "一家", "家族", "親子", "姉妹", "御一行"];
    /// What says so in brackets, too, where 家族 may be whose relative somebody is.
    const COUPLE: [&str; 2] = ["夫妻", "夫婦"];
    /// Brackets around the rest: 佐藤 花子（他2名）.
    const AROUND: [char; 6] = [')', '）', '(', '（', ' ', '、'];
    let whole = text.trim_end_matches(AROUND);
    let others = |text: &str| {
        let text = text.trim_end_matches(AROUND);
        ["他", "ほか", "外", "ら", "等"]
            .iter()
            .any(|word| text.ends_with(word))
    };
    let is_counted = without_number(whole).is_some_and(|before| {
        let digit = whole.strip_prefix(before).unwrap_or_default();
        // 佐藤 花子（子2名） is one.
        let is_note = before.contains(['(', '（']) && !before.ends_with(['(', '（']);
        // 山田 一人 is somebody, and 山田 2名 aren't.
        others(before) || (!is_note && digit.contains(|c: char| c.is_ascii_digit()))
    });
    let has_others = [" 他", " ほか", "(他", "(ほか", "、他", "、ほか"]
        .iter()
        .any(|end| whole.ends_with(end));
    let bare = without_brackets(text);
    is_counted
        || has_others
        // 親子 may be a given name in its own column.
        || ENDS.iter().any(|end| bare.ends_with(end) && bare != *end)
        || COUPLE.iter().any(|end| whole.ends_with(end))
        || is_list(&bare)
}

/// Returns whether a text lists names.
fn is_list(text: &str) -> bool {
    const WORDS: [&str; 9] = [
        "及び",
        "および",
        "並びに",
        "ならびに",
        "又は",
        "または",
        "さんと",
        "様と",
        "先生と",
    ];
    let joined = WORDS
        .iter()
        .fold(text.to_owned(), |text, word| text.replace(word, "、"));
    let is_mark = |c: char| "、/;|&+".contains(c);
    text.contains(" and ")
        || is_of_names(joined.split(is_mark), true)
        || is_of_names(text.split(','), false)
        || is_of_names_with_dots(text)
        || is_of_two_joined(text)
        || is_of_whole_names(text)
}

/// What somebody does beside a name: 佐藤 花子／会計.
fn is_post(word: &str) -> bool {
    const POSTS: [&str; 10] = [
        "代表", "会計", "書記", "監事", "理事", "幹事", "監査", "主任", "顧問", "担当",
    ];
    word.ends_with([
        '長', '員', '部', '課', '会', '室', '局', '役', '師', '士', '社', '店', '校', '学', '所', '庁', '区',
    ]) || POSTS.iter().any(|post| word.ends_with(post))
}

/// Returns whether a word is the name of a firm without its form: 三菱電機 山田太郎 is one person.
fn is_employer(word: &str) -> bool {
    const ENDS: [&str; 28] = [
        "電機",
        "電気",
        "電力",
        "電工",
        "電鉄",
        "銀行",
        "信金",
        "証券",
        "生命",
        "損保",
        "海上",
        "工業",
        "産業",
        "重工",
        "化学",
        "化成",
        "製薬",
        "製鉄",
        "製作",
        "建設",
        "商事",
        "物産",
        "不動産",
        "自動車",
        "通信",
        "新聞",
        "印刷",
        "鉄道",
    ];
    ENDS.iter().any(|end| word.ends_with(end))
}

/// Returns whether the parts of a text are names of several. A reading beside a name is of the same person, and so is it in
/// Latin letters.
fn is_of_names<'t>(parts: impl Iterator<Item = &'t str>, may_be_foreign: bool) -> bool {
    let parts = parts
        .map(str::trim)
        .filter(|part| part.chars().any(char::is_alphabetic));
    let parts: Vec<&str> = parts.filter(|part| !is_post(part)).collect();
    let has_kanji = |part: &str| part.chars().any(is_kanji);
    match (parts.iter().filter(|part| has_kanji(part)).count(), &parts[..]) {
        (2.., _) => true,
        (1, [first, second]) => is_given_name_behind(first, second),
        // John Smith / Mary Brown; but Smith, John is one, and so is John Smith / ジョン・スミス.
        (0, [first, rest @ ..]) => {
            let is_whole = |part: &&str| part.contains(|c: char| c.is_whitespace() || c == '・');
            let has_kana = |part: &str| part.chars().any(is_kana);
            let is_another =
                |part: &&str| has_kana(part) == has_kana(first) && letters(part) != letters(first);
            may_be_foreign && parts.iter().all(is_whole) && rest.iter().any(is_another)
        }
        _ => false,
    }
}

/// Returns whether the second is a name in hiragana behind a whole one, and no reading of it: 山田太郎・はなこ.
fn is_given_name_behind(first: &str, second: &str) -> bool {
    let is_whole =
        first.chars().filter(|c| is_kanji(*c)).count() >= 4 || first.split_whitespace().nth(1).is_some();
    let is_hiragana = |c: char| ('ぁ'..='ん').contains(&c) || c == 'ー';
    is_whole && second.chars().all(is_hiragana) && count(second) <= count(first)
}

/// Returns whether ・ stands between names of several. ジョン・スミス, 佐藤・マリア and 田中・マルクス・闘莉王 are one name.
fn is_of_names_with_dots(text: &str) -> bool {
    let parts = text
        .split(['・', '･'])
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.collect();
    let is_foreign = |part: &&str| {
        part.chars()
            .all(|c| matches!(c, 'ァ'..='ヺ' | 'ー') || c.is_ascii() || c.is_whitespace())
    };
    parts.len() > 1
        && !parts.iter().any(is_foreign)
        && !are_of_one(&parts)
        && is_of_names(parts.into_iter(), false)
}

/// Returns whether two names are the family name and the given name of one person: 山田・太郎, but not 山田・鈴木 or 太郎・花子.
fn are_of_one(parts: &[&str]) -> bool {
    const GIVEN: &str = "郎朗太子美恵介輔雄夫男也";
    /// Family names that end like given names.
    const FAMILY: [&str; 12] = [
        "金子",
        "益子",
        "増子",
        "砂子",
        "白子",
        "尼子",
        "庄子",
        "種子",
        "渥美",
        "新美",
        "宇佐美",
        "大夫",
    ];
    let is_short = |name: &str| (2..=3).contains(&count(name)) && name.chars().all(is_kanji);
    let is_given = |name: &str| !FAMILY.contains(&name) && name.ends_with(|c: char| GIVEN.contains(c));
    match parts {
        [family, given] => is_short(family) && is_short(given) && !is_given(family) && is_given(given),
        _ => false,
    }
}

/// Checks that it is the family name or the given name of one person. ・ in it stands between names of two.
pub fn check_part(text: &str) -> CellResult<()> {
    check_one(&text.replace(['・', '･'], "、"))
}

/// Returns whether と joins names in kanji: 山田太郎と花子, but not 山本千と世.
fn is_of_two_joined(text: &str) -> bool {
    text.match_indices('と').any(|(at, word)| {
        let (before, behind) = (text.get(..at), text.get(at + word.len()..));
        let kanji =
            |text: &mut dyn Iterator<Item = char>| text.take_while(|c| is_kanji(*c)).take(2).count() == 2;
        before.is_some_and(|text| kanji(&mut text.chars().rev()))
            && behind.is_some_and(|text| kanji(&mut text.trim_start().chars()))
    })
}

/// Returns whether whole names in kanji stand behind each other: 山田 太郎 鈴木 花子, 山田太郎 鈴木花子.
fn is_of_whole_names(text: &str) -> bool {
    let is_beside = |word: &str| is_post(word) || is_employer(word);
    let words: Vec<&str> = text.split_whitespace().filter(|word| !is_beside(word)).collect();
    let is_of = |least: usize| {
        let is_long = |word: &&str| word.chars().filter(|c| is_kanji(*c)).count() >= least;
        words.iter().all(is_long)
    };
    match words.len() {
        2 => is_of(4) && words.iter().all(|word| count(word) <= 5),
        4 | 6 => is_of(2),
        _ => false,
    }
}

/// Returns whether a text names a firm, an office or a group: ほし商店, 株式会社ほし. With a name beside it, it is of a person:
/// 株式会社ほし 佐藤 花子.
fn is_group(text: &str) -> bool {
    const ENDS: [&str; 30] = [
        "商店",
        "商会",
        "商事",
        "工務店",
        "製作所",
        "事務所",
        "営業所",
        "事務局",
        "協会",
        "協議会",
        "委員会",
        "町会",
        "町内会",
        "自治会",
        "商店会",
        "商店街",
        "の会",
        "クラブ",
        "サークル",
        "グループ",
        "センター",
        "大学",
        "学校",
        "保育園",
        "幼稚園",
        "病院",
        "医院",
        "クリニック",
        "薬局",
        "支店",
    ];
    const FORMS: [&str; 3] = ["会社", "法人", "組合"];
    /// Characters of 株式会社, a word of its own.
    const LONGEST_FORM: usize = 4;
    let bare = without_brackets(text);
    let full = with_full_forms(&fold(text));
    let full = full.trim();
    let has_form = |text: &str| FORMS.iter().any(|form| text.ends_with(form));
    // （学） behind a name may be a student, （医） a doctor; （株） is a firm.
    let ends_with_form = has_form(&fold(&bare)) || full.ends_with("会社");
    let begins = FORMS.iter().filter_map(|form| {
        full.find(form)
            .and_then(|at| full.split_at_checked(at + form.len()))
    });
    // 株式会社 before the name, which may have words of its own.
    let begins_with_form = begins
        .filter(|(form, _)| form.chars().all(is_kanji))
        .any(|(_, rest)| rest.split_whitespace().count() == 1);
    let is_single = bare.split_whitespace().nth(1).is_none();
    // 佐藤花子 ほし株式会社 is a person, too, and ほし 株式会社 none.
    let is_form_behind = |text: &str| {
        let mut words = text.split_whitespace().rev();
        let last = words.next().map_or(0, count);
        match words.next() {
            Some(_) => last <= LONGEST_FORM && words.next().is_none(),
            None => true,
        }
    };
    (ends_with_form && is_form_behind(full))
        || begins_with_form
        || (is_single && ENDS.iter().any(|end| bare.ends_with(end) && bare != *end))
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

fn nobody(text: &str) -> Remark {
    let text = short(text);
    Remark::new(
        "invalid_name",
        format!(
            "「{text}」は人の名前ではないため、取り込んでいません。決まった方の氏名を入力してください。まだ決まっていない行は、削除してかまいません。"
        ),
        format!(
            "{text:?} is nobody's name, so it wasn't imported. Write the name of the person, or leave the row out."
        ),
    )
}

fn several(text: &str) -> Remark {
    let text = short(text);
    Remark::new(
        "several_people",
        format!(
            "「{text}」は複数の方のようなので、取り込んでいません。1人ずつ別の行に入力してください。1人の姓と名は、空白で区切ってください。"
        ),
        format!(
            "{text:?} seems to be several people, so it wasn't imported. Write each of them into a row, and a space between the two parts of one name."
        ),
    )
}

fn group(text: &str) -> Remark {
    let text = short(text);
    Remark::new(
        "invalid_name",
        format!(
            "「{text}」は会社や団体の名前のようなので、人として取り込んでいません。参加する方の氏名を、1人ずつ別の行に入力してください。団体は、団体の名簿として取り込んでください。"
        ),
        format!(
            "{text:?} seems to be a firm or a group, so it wasn't imported as a person. Write the name of each person into a row; import groups as a list of organizations."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tables::cells::normalize;

    #[test]
    fn a_label_is_no_part_of_a_name() {
        for (name, expected) in [
            ("代表：田中 花子", "田中 花子"),
            ("（代表）佐藤 次郎", "佐藤 次郎"),
            ("担当 山田", "山田"),
            ("連絡先:渡辺", "渡辺"),
            ("会長 鈴木一郎", "会長 鈴木一郎"),
            ("田中 花子（代表）", "田中 花子（代表）"),
            ("代表", "代表"),
            ("田中 花子", "田中 花子"),
        ] {
            assert_eq!(without_label(name), expected, "{name}");
        }
        for nobody in ["代表者に同じ", "代表と同じ", "同左", "上記代表者"] {
            assert!(is_nobody(nobody), "{nobody}");
        }
    }

    #[test]
    fn only_the_name_of_one_person_is_one() {
        let of = |text: &str| {
            check_one(&normalize(text).unwrap())
                .err()
                .map(|remark| remark.code)
        };
        for several in [
            "山田太郎・花子",
            "山田太郎、鈴木花子",
            "山田 太郎／鈴木 花子",
            "山田太郎／花子",
            "山田太郎・はなこ",
            "山田太郎,鈴木花子",
            "山田太郎\n鈴木花子",
            "やまだ たろう、すずき いちろう",
            "山田太郎＆花子",
            "山田と鈴木",
            "山田太郎と花子",
            "山田さんと鈴木さん",
            "山田太郎及び鈴木花子",
            "山田様・鈴木様",
            "山田・鈴木",
            "山田・金子",
            "太郎・花子",
            "山田 太郎 鈴木 花子",
            "山田太郎　鈴木花子",
            "John Smith / Mary Brown",
            "John and Mary Smith",
            "ジョン・スミス、マリア・ロペス",
            "山田太郎 他2名",
            "佐藤 花子（他2名）",
            "佐藤 花子 外三名",
            "山田太郎ら3名",
            "山田太郎 ほか",
            "山田 2名",
            "山田夫妻",
            "山田太郎・花子夫妻",
            "山田（夫妻）",
            "山田家族",
        ] {
            assert_eq!(of(several), Some("several_people"), "{several}");
        }
        for none in [
            "未定",
            "調整中",
            "空き",
            "欠員",
            "欠員（1名）",
            "欠員2名",
            "（募集中）",
            "該当なし",
            "担当者",
            "ボランティア募集",
            "後任選考中",
            "2名",
            "あと2名",
            "※未定",
            "TBD",
            "田中さんの紹介",
            "ほし商店",
            "〇〇商店",
            "㈱ほし",
            "ほし（株）",
            "株式会社 ほし",
            "ほし 株式会社",
            "NPO法人ほし",
            "ほし協同組合",
            "ほし社会福祉法人",
            "ひだまりの会",
            "中央図書館友の会",
        ] {
            assert_eq!(of(none), Some("invalid_name"), "{none}");
        }
        for name in [
            "ジョン・スミス",
            "マリア・デル・カルメン",
            "佐藤・マリア",
            "田中・マルクス・闘莉王",
            "アン・山田",
            "Smith, John",
            "山田太郎／ヤマダ タロウ",
            "やまだ たろう／山田 太郎",
            "佐藤 花子/Sato Hanako",
            "佐藤 花子・さとう はなこ",
            "John Smith／ジョン・スミス",
            "グエン・ヴァン・ア / Nguyen Van A",
            "ヤマダ タロウ／やまだ たろう",
            "山田\n太郎",
            "佐藤 花子（子2名）",
            "佐藤花子※連絡先確認中",
            "佐藤花子、看護師",
            "広報 担当 山田 太郎",
            "早稲田大学 山田太郎",
            "山田商店 鈴木花子",
            "佐藤花子 ほし株式会社",
            "田中 有志",
            "佐藤花子（学）",
            "佐藤花子（医）",
            "一人",
            "親子",
            "空",
            "未来",
            "学",
            "花田 担",
            "会田",
            "商子",
            "山田太郎（花子の父）",
            "佐藤 花子（調整中）",
            "佐藤 花子（家族）",
            "佐藤 花子（会計・書記）",
            "佐藤 花子（旧姓 鈴木、田中）",
            "会長・山田太郎",
            "山田 太郎",
            "山　田　太　郎",
            "山田 外人",
            "山田 一人",
            "人一甲",
            "渡会",
            "鈴木さと美",
            "さとう まこと",
            "宮崎 千と世",
            "勅使河原 三四郎",
            "田中さん（紹介）",
            "株式会社ほし 佐藤 花子",
            "佐藤 花子（株式会社ほし）",
            "営業部 課長 山田 太郎",
            "広報委員長 山田太郎",
            "三菱電機 山田太郎",
            "山田・太郎",
            "金子・美智子",
            "山田太郎 東京海上",
            "鈴木一※休会中",
            "山本 空",
            "あ",
        ] {
            assert_eq!(of(name), None, "{name}");
        }
    }
    #[test]
    fn a_part_of_a_name_is_of_one_person() {
        for (text, expected) in [
            ("太郎・花子", false),
            ("美咲・花子", false),
            ("マリア・テレサ", true),
            ("花子", true),
        ] {
            assert_eq!(check_part(text).is_ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_vacancy_is_told_from_somebody_who_is_not_known_yet() {
        for (text, expected) in [
            ("欠員", true),
            ("欠員2名", true),
            ("（募集中）", true),
            ("※空席", true),
            ("ボランティア募集", true),
            ("Vacant", true),
            ("未定", false),
            ("調整中", false),
            ("確認中", false),
            ("名簿参照", false),
            ("2名", false),
            ("佐藤 花子（欠員補充）", false),
            ("佐藤 花子", false),
        ] {
            assert_eq!(is_vacancy(&normalize(text).unwrap()), expected, "{text}");
        }
    }
}
