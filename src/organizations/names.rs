//! Compares spellings of a name: two spellings are the same name if their keys are equal. A key is folded, in
//! today's kanji, without spaces, marks and legal form.

use super::OrganizationKind;
use text::{fold, todays_form};

/// Legal forms written before or after a name, and the kind of group that they mean.
const LEGAL_FORMS: &[(&str, OrganizationKind)] = &[
    ("認定特定非営利活動法人", OrganizationKind::Npo),
    ("特例認定npo法人", OrganizationKind::Npo),
    ("特定非営利活動法人", OrganizationKind::Npo),
    ("認定npo法人", OrganizationKind::Npo),
    ("npo法人", OrganizationKind::Npo),
    ("npo・", OrganizationKind::Npo),
    ("社会福祉法人", OrganizationKind::SocialWelfareCorporation),
    ("一般社団法人", OrganizationKind::Association),
    ("公益社団法人", OrganizationKind::Association),
    ("一般財団法人", OrganizationKind::Association),
    ("公益財団法人", OrganizationKind::Association),
    ("医療法人社団", OrganizationKind::Association),
    ("医療法人財団", OrganizationKind::Association),
    ("社団法人", OrganizationKind::Association),
    ("財団法人", OrganizationKind::Association),
    ("(認定特非)", OrganizationKind::Npo),
    ("(認特非)", OrganizationKind::Npo),
    ("(認特)", OrganizationKind::Npo),
    ("(特非)", OrganizationKind::Npo),
    ("(特)", OrganizationKind::Npo),
    ("(npo)", OrganizationKind::Npo),
    ("(npo法人)", OrganizationKind::Npo),
    ("(特定非営利活動法人)", OrganizationKind::Npo),
    ("(社会福祉法人)", OrganizationKind::SocialWelfareCorporation),
    ("(社福)", OrganizationKind::SocialWelfareCorporation),
    ("(福)", OrganizationKind::SocialWelfareCorporation),
    ("(一社)", OrganizationKind::Association),
    ("(公社)", OrganizationKind::Association),
    ("(一財)", OrganizationKind::Association),
    ("(公財)", OrganizationKind::Association),
    ("(社)", OrganizationKind::Association),
    ("(財)", OrganizationKind::Association),
    ("(医)", OrganizationKind::Association),
    ("(一般社団法人)", OrganizationKind::Association),
    ("(公益社団法人)", OrganizationKind::Association),
    ("(生協)", OrganizationKind::Cooperative),
    ("(協)", OrganizationKind::Cooperative),
];

/// Returns the name without its legal form, and the kind that the form means.
pub fn without_legal_form(name: &str) -> (String, Option<OrganizationKind>) {
    let folded = with_whole_brackets(fold(name));
    let name = folded.trim();
    for (form, kind) in LEGAL_FORMS.iter().copied() {
        if let Some(rest) = name.strip_prefix(form).or_else(|| name.strip_suffix(form))
            && !rest.trim().is_empty()
        {
            return (rest.trim().to_owned(), Some(kind));
        }
    }
    (name.to_owned(), None)
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

/// Returns the key of a name. Spellings of the same name have the same key.
pub fn name_key(name: &str) -> String {
    let (bare, _) = without_legal_form(name);
    let written = bare.chars().filter(|c| c.is_alphanumeric());
    let key: String = written.map(todays_form).collect();
    // Some names consist of marks only.
    if key.is_empty() { bare } else { key }
}

/// Guesses the kind of group from its name.
pub fn kind_of(name: &str) -> OrganizationKind {
    let (bare, kind) = without_legal_form(name);
    let ends = |endings: &[&str]| endings.iter().any(|ending| bare.ends_with(ending));
    if let Some(kind) = kind {
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
        assert_eq!(
            kind_of("東京ふれあい医療生活協同組合"),
            OrganizationKind::Cooperative
        );
    }
}
