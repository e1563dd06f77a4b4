//! Compares spellings of a name: two spellings are the same name if their keys are equal. A key is folded, in
//! today's kanji, without spaces, marks and legal form.

use super::OrganizationKind;
use text::{fold, todays_form, with_full_forms};

/// A legal form that is written before or after a name.
pub struct LegalForm {
    written: &'static str,
    /// The kind of group that it means, if it means one.
    pub kind: Option<OrganizationKind>,
    /// Whether it is one before a name only: 商店街協同組合 is a name.
    is_before: bool,
}

const fn form(written: &'static str, kind: Option<OrganizationKind>) -> LegalForm {
    LegalForm {
        written,
        kind,
        is_before: false,
    }
}

const fn cooperative(written: &'static str) -> LegalForm {
    LegalForm {
        written,
        kind: Some(OrganizationKind::Cooperative),
        is_before: true,
    }
}

/// The legal forms, in full. Of two that begin alike, the longer one comes first.
const LEGAL_FORMS: &[LegalForm] = &[
    form("特例認定特定非営利活動法人", Some(OrganizationKind::Npo)),
    form("認定特定非営利活動法人", Some(OrganizationKind::Npo)),
    form("特定非営利活動法人", Some(OrganizationKind::Npo)),
    form("npo・", Some(OrganizationKind::Npo)),
    form("社会福祉法人", Some(OrganizationKind::SocialWelfareCorporation)),
    form("一般社団法人", Some(OrganizationKind::Association)),
    form("公益社団法人", Some(OrganizationKind::Association)),
    form("一般財団法人", Some(OrganizationKind::Association)),
    form("公益財団法人", Some(OrganizationKind::Association)),
    form("医療法人社団", Some(OrganizationKind::Association)),
    form("医療法人財団", Some(OrganizationKind::Association)),
    form("医療法人", Some(OrganizationKind::Association)),
    form("社団法人", Some(OrganizationKind::Association)),
    form("財団法人", Some(OrganizationKind::Association)),
    cooperative("労働者協同組合"),
    cooperative("生活協同組合"),
    cooperative("協同組合"),
    form("株式会社", None),
    form("有限会社", None),
    form("合同会社", None),
    form("合資会社", None),
    form("合名会社", None),
    form("学校法人", None),
    form("宗教法人", None),
];

/// Returns the name without its legal form, which may be abbreviated, and the form.
pub fn without_legal_form(name: &str) -> (String, Option<&'static LegalForm>) {
    let written = with_full_forms(&fold(name));
    let name = written.trim();
    for form in LEGAL_FORMS {
        let after = || name.strip_suffix(form.written).filter(|_| !form.is_before);
        if let Some(rest) = name.strip_prefix(form.written).or_else(after)
            && !rest.trim().is_empty()
        {
            return (rest.trim().to_owned(), Some(form));
        }
    }
    (name.to_owned(), None)
}

/// Returns the key of a name. Spellings of the same name have the same key.
pub fn name_key(name: &str) -> String {
    compared(&without_legal_form(name).0)
}

/// Returns what is compared of a name without its legal form.
fn compared(bare: &str) -> String {
    let written = bare.chars().filter(|c| c.is_alphanumeric());
    let key: String = written.map(todays_form).collect();
    // Some names consist of marks only.
    if key.is_empty() { bare.to_owned() } else { key }
}

/// The legal forms of former keys.
const FORMER_FORMS: &[&str] = &[
    "認定特定非営利活動法人",
    "特例認定npo法人",
    "特定非営利活動法人",
    "認定npo法人",
    "npo法人",
    "npo・",
    "社会福祉法人",
    "一般社団法人",
    "公益社団法人",
    "一般財団法人",
    "公益財団法人",
    "医療法人社団",
    "医療法人財団",
    "社団法人",
    "財団法人",
    "(認定特非)",
    "(認特非)",
    "(認特)",
    "(特非)",
    "(特)",
    "(npo)",
    "(npo法人)",
    "(特定非営利活動法人)",
    "(社会福祉法人)",
    "(社福)",
    "(福)",
    "(一社)",
    "(公社)",
    "(一財)",
    "(公財)",
    "(社)",
    "(財)",
    "(医)",
    "(一般社団法人)",
    "(公益社団法人)",
    "(生協)",
    "(協)",
];

/// Returns the key that a name had in earlier versions, which knew fewer legal forms. Ids that are derived from it are stored:
/// it stays as it is, whatever becomes of [`name_key`].
pub fn former_key(name: &str) -> String {
    let folded = with_whole_brackets(fold(name));
    let name = folded.trim();
    let rest_of = |form: &&str| {
        let rest = name.strip_prefix(form).or_else(|| name.strip_suffix(form));
        rest.map(str::trim).filter(|rest| !rest.is_empty())
    };
    compared(FORMER_FORMS.iter().find_map(rest_of).unwrap_or(name))
}

/// Returns a folded name with both brackets around what stands in one, before or after it: 特非)やすらぎ, やすらぎ(社福.
fn with_whole_brackets(name: String) -> String {
    let begins = name
        .find(')')
        .filter(|at| !name.get(..*at).is_some_and(|before| before.contains('(')));
    if begins.is_some_and(|at| at > 0) {
        return format!("({name}");
    }
    let ends = name
        .rfind('(')
        .filter(|at| !name.get(*at..).is_some_and(|after| after.contains(')')));
    match ends {
        Some(at) if at + 1 < name.trim_end().len() => format!("{})", name.trim_end()),
        _ => name,
    }
}

/// Guesses the kind of group from its name.
pub fn kind_of(name: &str) -> OrganizationKind {
    let (bare, form) = without_legal_form(name);
    let ends = |endings: &[&str]| endings.iter().any(|ending| bare.ends_with(ending));
    if let Some(kind) = form.and_then(|form| form.kind) {
        return kind;
    }
    if ends(&["社会福祉協議会", "社会福祉法人協議会", "社協"]) || bare.contains("社会福祉協議会")
    {
        OrganizationKind::SocialWelfareCouncil
    } else if ends(&[
        "町会",
        "自治会",
        "町内会",
        "町会連合会",
        "自治会連合会",
        "町会自治会",
    ]) {
        OrganizationKind::NeighbourhoodAssociation
    } else if ends(&[
        "商店会",
        "商店街",
        "商店街協同組合",
        "商店街振興組合",
        "商店会連合会",
    ]) {
        OrganizationKind::ShoppingStreet
    } else if ends(&["協同組合", "生協"])
        || ["生活協同組合", "労働者協同組合", "協同組合", "生協"]
            .iter()
            .any(|form| bare.starts_with(form))
    {
        OrganizationKind::Cooperative
    } else if ends(&["課", "市役所", "区役所"]) {
        OrganizationKind::Government
    } else {
        OrganizationKind::VoluntaryGroup
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_spellings_of_the_same_name_the_same_key() {
        assert_eq!(name_key("ＮＰＯ法人 風のやすみば"), name_key("風のやすみば"));
        assert_eq!(name_key("歌声広場 よりみち"), name_key("歌声広場よりみち"));
        assert_eq!(name_key("國分寺 櫻商店會"), name_key("国分寺桜商店会"));
        assert_ne!(name_key("NPO法人"), "");
        assert_eq!(name_key("特非）やすらぎ"), name_key("（特非）やすらぎ"));
        assert_eq!(name_key("やすらぎ（社福"), name_key("やすらぎ"));
        assert_ne!(name_key("やすらぎ（大久保）"), name_key("やすらぎ"));
        assert_ne!(name_key("大久保）やすらぎ"), name_key("やすらぎ"));
        assert_ne!(name_key("さくら会"), name_key("さくらの会"));
        for (full, short) in [
            ("株式会社", ["㈱", "（株）", "(株)"]),
            ("有限会社", ["㈲", "（有）", "(有限会社)"]),
            ("特定非営利活動法人", ["NPO法人", "ＮＰＯ法人", "（特活）"]),
            ("社会福祉法人", ["社福 ", "（福）", "福）"]),
            ("一般社団法人", ["(一社)", "一般社団 ", "（一般社団法人）"]),
            ("公益財団法人", ["(公財)", "公益財団 ", "公財）"]),
        ] {
            for short in short {
                assert_eq!(
                    name_key(&format!("{short}ほし")),
                    name_key(&format!("{full} ほし")),
                    "{short}"
                );
                assert_eq!(name_key(&format!("{short}ほし")), "ほし", "{short}");
            }
            assert_eq!(name_key(&format!("ほし {full}")), "ほし");
        }
        assert_eq!(name_key("株主の会"), "株主の会");
        assert_ne!(name_key("中央商店街協同組合"), name_key("中央商店街"));
    }

    #[test]
    fn former_keys_stay_as_they_are() {
        for (name, key) in [
            ("㈱ほし", "株ほし"),
            ("株式会社ほし", "株式会社ほし"),
            ("学校法人 ほし学園", "学校法人ほし学園"),
            ("医療法人ほし", "医療法人ほし"),
            ("医療法人社団ほし", "ほし"),
            ("（特活）ほし", "特活ほし"),
            ("ＮＰＯ法人 ほし", "ほし"),
            ("特非）ほし", "ほし"),
            ("ほし（社福", "ほし"),
            ("(一社)ほし", "ほし"),
            ("大久保）ほし", "大久保ほし"),
            ("労働者協同組合ほし", "労働者協同組合ほし"),
            ("國分寺 櫻商店會", "国分寺桜商店会"),
        ] {
            assert_eq!(former_key(name), key, "{name}");
        }
        assert_ne!(former_key("NPO法人"), "");
    }

    #[test]
    fn guesses_the_kind_from_the_name() {
        assert_eq!(kind_of("NPO・えん"), OrganizationKind::Npo);
        assert_eq!(kind_of("特非）えん"), OrganizationKind::Npo);
        assert_eq!(kind_of("えん（福"), OrganizationKind::SocialWelfareCorporation);
        assert_eq!(
            kind_of("東中野五丁目小滝町会"),
            OrganizationKind::NeighbourhoodAssociation
        );
        assert_eq!(kind_of("日野市高齢福祉課"), OrganizationKind::Government);
        assert_eq!(kind_of("㈱ほし"), OrganizationKind::VoluntaryGroup);
        assert_eq!(kind_of("中央商店街協同組合"), OrganizationKind::ShoppingStreet);
        assert_eq!(
            kind_of("東京ふれあい医療生活協同組合"),
            OrganizationKind::Cooperative
        );
    }
}
