//! The fields of an organization, and how each cell is put into a draft of its details.

use crate::catalogue::{lookup, names};
use crate::imports::fields::{Input, check_record_id, field_table, ignore, parse_code};
use crate::imports::persons::without_label;
use crate::imports::standing::{Standing, has_ended, not_yet_ended, standing, standing_of_group, unplanned};
use crate::organizations::names::without_legal_form;
use crate::organizations::{Contact, Intermediary, IntermediaryKind, NewOrganization};
use crate::organizations::{OrganizationKind, OrganizationStatus};
use crate::workers::person::without_title;
use tables::Remark;
use tables::cells::{CellResult, normalize, parse_boolean, parse_phone};

/// The details that a row is changing.
pub struct Draft {
    pub details: NewOrganization,
    /// Whether the kind is known; otherwise the name decides.
    pub has_kind: bool,
    /// The e-mail address in the column of numbers, which counts if no column of addresses has one.
    pub address_beside: Option<String>,
    /// The number in the column of names, which counts if no column of numbers has one.
    pub phone_beside: Option<String>,
}

field_table! { draft, cell: Draft;
    "record_id", "記録ID" => check_record_id(draft, cell)?;
    "source", "出所" => ignore(draft, cell);
    "merged_into", "統合先の記録ID" => ignore(draft, cell);
    "archived_at", "保管日時" => ignore(draft, cell);
    "external_id", "ID"
        => {
            draft.details.external_id = cell.code();
            draft.details.source = cell.text().map(|_| cell.context.source.clone());
        };
    "name", "団体名"
        => draft.details.name = cell.name();
    "kana", "ふりがな"
        => draft.details.kana = cell.kana()?;
    "kind", "種別"
        => {
            let kind = cell.parse(parse_kind)?;
            draft.has_kind |= kind.is_some();
            draft.details.kind = kind.unwrap_or_default();
        };
    "area", "区市町村"
        => draft.details.area = cell.area()?.unwrap_or_default();
    "status", "状態"
        => draft.details.status = status(cell)?;
    "themes", "テーマ"
        => draft.details.themes = cell.codes(&cell.vocabulary().themes, "unrecognized_theme");
    "corporate_number", "法人番号"
        => draft.details.corporate_number = digits(cell.text);
    "contact_person", "担当者"
        => set_person(draft, cell)?;
    "contact_email", "メールアドレス"
        => contact(draft).email = cell.email();
    "contact_phone", "電話番号"
        => {
            let (address, rest) = cell.address_apart();
            let has_address = address.is_some();
            draft.address_beside = address.or(draft.address_beside.take());
            if has_address {
                contact(draft).phone = cell.phone_beside(&rest)?;
            } else {
                contact(draft).phone = cell.phone()?;
            }
        };
    "intermediary_kind", "紹介元の種別"
        => intermediary(draft).kind =
            cell.parse(parse_intermediary_kind)?.unwrap_or(IntermediaryKind::Other);
    "intermediary_name", "紹介元"
        => intermediary(draft).name = cell.name();
    "aliases", "別名"
        => draft.details.aliases = cell.items();
    "description", "活動内容"
        => draft.details.description = cell.text();
    "open_data", "オープンデータ公開"
        => draft.details.open_data = cell.parse(may_be_open)?.unwrap_or_default();
}

/// Reads whom to ask, without a word before the name that says so, and without the household: 代表：田中 花子, 渡辺様方. A
/// number behind the name is that of the contact: 山田 花子（090-5555-0101）.
fn set_person(draft: &mut Draft, cell: &Input) -> CellResult<()> {
    let name = cell.person()?;
    let Some(written) = name.as_ref().filter(|_| !cell.is_stored) else {
        contact(draft).person = name;
        return Ok(());
    };
    let apart = number_apart(written).map(|(name, number)| (without_title(name), number));
    let (bare, number) = apart.map_or((written.clone(), None), |(name, number)| (name, Some(number)));
    let bare = without_label(&bare);
    contact(draft).person = Some(bare.strip_suffix("様方").unwrap_or(bare).to_owned());
    draft.phone_beside = number.or(draft.phone_beside.take());
    Ok(())
}

/// Splits a name from the number behind it.
fn number_apart(text: &str) -> Option<(&str, String)> {
    const LABELS: [&str; 6] = ["TEL", "Tel", "tel", "℡", "電話", "携帯"];
    let is_between = |c: char| c.is_whitespace() || "(（:：、,/／".contains(c);
    let (name, rest) = text.split_at_checked(text.find(char::is_numeric)?)?;
    let number = normalize(rest).ok()?;
    let number = parse_phone(number.trim_end_matches([')', ' '])).ok()?;
    let name = name.trim_end_matches(is_between);
    let label = LABELS.iter().find_map(|label| name.strip_suffix(label));
    let name = label.map_or(name, |name| name.trim_end_matches(is_between));
    let is_name = name.chars().any(char::is_alphabetic) && !number.is_restored;
    is_name.then_some((name, number.text))
}

/// Reads whether a group may be shown to everybody.
pub fn may_be_open(text: &str) -> CellResult<bool> {
    match text {
        "公開" | "公開可" | "掲載" | "掲載可" => Ok(true),
        "非公開" | "公開不可" | "不掲載" | "非掲載" | "掲載不可" => Ok(false),
        _ => parse_boolean(text),
    }
}

pub fn contact(draft: &mut Draft) -> &mut Contact {
    draft.details.contact.get_or_insert(Contact {
        person: None,
        email: None,
        phone: None,
    })
}

fn intermediary(draft: &mut Draft) -> &mut Intermediary {
    draft.details.intermediary.get_or_insert(Intermediary {
        kind: IntermediaryKind::Other,
        name: String::new(),
    })
}

#[rustfmt::skip]
const KINDS: &[(&str, OrganizationKind)] = &[
    ("npo", OrganizationKind::Npo),
    ("npo法人", OrganizationKind::Npo),
    ("特定非営利活動法人", OrganizationKind::Npo),
    ("特非", OrganizationKind::Npo),
    ("特定非営利法人", OrganizationKind::Npo),
    ("社福", OrganizationKind::SocialWelfareCorporation),
    ("一社", OrganizationKind::Association),
    ("公社", OrganizationKind::Association),
    ("一財", OrganizationKind::Association),
    ("公財", OrganizationKind::Association),
    ("社団・財団法人", OrganizationKind::Association),
    ("社団法人", OrganizationKind::Association),
    ("財団法人", OrganizationKind::Association),
    ("一般法人", OrganizationKind::Association),
    ("公益法人", OrganizationKind::Association),
    ("生協", OrganizationKind::Cooperative),
    ("協同組合法人", OrganizationKind::Cooperative),
    ("労働者協同組合", OrganizationKind::Cooperative),
    ("町内会", OrganizationKind::NeighbourhoodAssociation),
    ("町会・自治会", OrganizationKind::NeighbourhoodAssociation),
    ("町会自治会", OrganizationKind::NeighbourhoodAssociation),
    ("地縁団体", OrganizationKind::NeighbourhoodAssociation),
    ("認可地縁団体", OrganizationKind::NeighbourhoodAssociation),
    ("商店街振興組合", OrganizationKind::ShoppingStreet),
    ("自治体", OrganizationKind::Government),
    ("区市町村", OrganizationKind::Government),
    ("官公庁", OrganizationKind::Government),
    ("ボランティアグループ", OrganizationKind::VoluntaryGroup),
    ("ボランティアサークル", OrganizationKind::VoluntaryGroup),
    ("市民活動団体", OrganizationKind::VoluntaryGroup),
    ("任意", OrganizationKind::VoluntaryGroup),
    ("サークル", OrganizationKind::VoluntaryGroup),
    ("個人", OrganizationKind::VoluntaryGroup),
    ("法人格なし", OrganizationKind::VoluntaryGroup),
    ("なし", OrganizationKind::VoluntaryGroup),
    ("老人クラブ", OrganizationKind::VoluntaryGroup),
    ("老人会", OrganizationKind::VoluntaryGroup),
    ("シニアクラブ", OrganizationKind::VoluntaryGroup),
    ("子ども会", OrganizationKind::VoluntaryGroup),
    ("婦人会", OrganizationKind::VoluntaryGroup),
    ("女性会", OrganizationKind::VoluntaryGroup),
    ("pta", OrganizationKind::VoluntaryGroup),
    ("ボランティア", OrganizationKind::VoluntaryGroup),
    ("市民グループ", OrganizationKind::VoluntaryGroup),
    ("グループ", OrganizationKind::VoluntaryGroup),
    ("権利能力なき社団", OrganizationKind::VoluntaryGroup),
    ("voluntarygroup", OrganizationKind::VoluntaryGroup),
    ("volunteergroup", OrganizationKind::VoluntaryGroup),
    ("neighborhoodassociation", OrganizationKind::NeighbourhoodAssociation),
    ("neighbourhoodassociation", OrganizationKind::NeighbourhoodAssociation),
    ("医療法人", OrganizationKind::Association),
    ("企業組合", OrganizationKind::Cooperative),
    ("労協", OrganizationKind::Cooperative),
    ("ワーカーズコープ", OrganizationKind::Cooperative),
    ("ワーカーズコレクティブ", OrganizationKind::Cooperative),
    ("連合町会", OrganizationKind::NeighbourhoodAssociation),
    ("マンション管理組合", OrganizationKind::NeighbourhoodAssociation),
    ("管理組合", OrganizationKind::NeighbourhoodAssociation),
    ("実行委員会", OrganizationKind::VoluntaryGroup),
    ("social_welfare_corporation", OrganizationKind::SocialWelfareCorporation),
    ("社会福祉法人", OrganizationKind::SocialWelfareCorporation),
    ("association", OrganizationKind::Association),
    ("一般社団法人", OrganizationKind::Association),
    ("公益社団法人", OrganizationKind::Association),
    ("一般財団法人", OrganizationKind::Association),
    ("公益財団法人", OrganizationKind::Association),
    ("cooperative", OrganizationKind::Cooperative),
    ("協同組合", OrganizationKind::Cooperative),
    ("生活協同組合", OrganizationKind::Cooperative),
    ("social_welfare_council", OrganizationKind::SocialWelfareCouncil),
    ("社会福祉協議会", OrganizationKind::SocialWelfareCouncil),
    ("社協", OrganizationKind::SocialWelfareCouncil),
    ("neighbourhood_association", OrganizationKind::NeighbourhoodAssociation),
    ("町会", OrganizationKind::NeighbourhoodAssociation),
    ("自治会", OrganizationKind::NeighbourhoodAssociation),
    ("shopping_street", OrganizationKind::ShoppingStreet),
    ("商店会", OrganizationKind::ShoppingStreet),
    ("商店街", OrganizationKind::ShoppingStreet),
    ("government", OrganizationKind::Government),
    ("行政", OrganizationKind::Government),
    ("voluntary_group", OrganizationKind::VoluntaryGroup),
    ("任意団体", OrganizationKind::VoluntaryGroup),
    ("ボランティア団体", OrganizationKind::VoluntaryGroup),
    ("市民団体", OrganizationKind::VoluntaryGroup),
    ("その他", OrganizationKind::VoluntaryGroup),
];

/// Reads a kind, also if it is written twice (NPO（特定非営利活動法人）, 自治会・町内会) or cut short (一般社団).
fn parse_kind(text: &str) -> CellResult<OrganizationKind> {
    let key = names::key(text);
    let bare: String = key.chars().filter(|c| !"()（）・認定格:".contains(*c)).collect();
    let exact = |word: &str| {
        KINDS
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, kind)| *kind)
    };
    let known = |word: &str| {
        let beginnings = ["非営利型", "特例認定", "認定", ""];
        let bare = beginnings.iter().find_map(|begin| word.strip_prefix(begin))?;
        let ends = ["格", "等", "など", "型", "団体", ""];
        let mut cut = ends.iter().filter_map(|end| bare.strip_suffix(end));
        exact(bare).or_else(|| cut.find_map(|word| exact(word).or_else(|| exact(&format!("{word}法人")))))
    };
    let form = || {
        without_legal_form(&format!("{text}X"))
            .1
            .and_then(|form| form.kind)
    };
    let parts = || {
        let parts = key.split(|c: char| "()（）[]・、,/／ ".contains(c));
        let kinds: Vec<OrganizationKind> = parts.filter_map(known).collect();
        let first = kinds.first().copied()?;
        kinds.iter().all(|kind| *kind == first).then_some(first)
    };
    let found = exact(&key).or_else(|| exact(&bare)).or_else(|| known(&key));
    let found = found.or_else(form).or_else(parts);
    found.map_or_else(|| parse_code(text), Ok).map_err(|remark| {
        let words = KINDS.iter().map(|(word, _)| *word);
        unknown_kind(remark).suggesting(lookup::nearest(&key, words))
    })
}

fn parse_intermediary_kind(text: &str) -> CellResult<IntermediaryKind> {
    use IntermediaryKind::*;
    Ok(match names::key(text).as_str() {
        "municipality" | "区市町村" | "自治体" => Municipality,
        "social_welfare_council" | "社会福祉協議会" | "社協" => SocialWelfareCouncil,
        "community_support_centre" | "地域包括支援センター" | "地域包括" => {
            CommunitySupportCentre
        }
        "life_support_coordinator" | "生活支援コーディネーター" | "sc" => LifeSupportCoordinator,
        "other" | "その他" => Other,
        _ => return parse_code(text).map_err(unknown_kind),
    })
}

fn unknown_kind(remark: Remark) -> Remark {
    Remark {
        code: "unknown_kind",
        ..remark
    }
}

/// Reads the status. A group that has dissolved is asked for nothing any more; one that will is still there.
fn status(cell: &mut Input) -> CellResult<OrganizationStatus> {
    match standing_of_group(cell.text, cell.context.today) {
        _ if cell.is_empty() => Ok(OrganizationStatus::Active),
        Some(Standing::Active) => {
            // 活動予定 takes nobody away.
            if standing(&unplanned(cell.text)) != Some(Standing::Active) {
                cell.warnings.push(not_yet_ended(cell.text));
            }
            Ok(OrganizationStatus::Active)
        }
        Some(Standing::Paused) => Ok(OrganizationStatus::Inactive),
        Some(Standing::Ended) => {
            cell.warnings.push(has_ended(cell.text));
            Ok(OrganizationStatus::Inactive)
        }
        None => Err(Remark::new(
            "invalid_status",
            "状態は active（活動中）か inactive（休止中）で入力してください。",
            "The status has to be active or inactive.",
        )),
    }
}

/// Returns the digits of a 法人番号. An invoice number (適格請求書発行事業者登録番号) is T and the same digits.
pub fn digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let numbers: Vec<&str> = digits
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .collect();
    // 法人番号7010605000627: what is written before or after the number says nothing new.
    match numbers.as_slice() {
        [number] if number.len() == 13 => Some((*number).to_owned()),
        _ => (!digits.is_empty()).then_some(digits),
    }
}

/// What identifies an organization, and who may see it.
pub const NEEDED: &[&str] = &["record_id", "external_id", "name", "area"];
