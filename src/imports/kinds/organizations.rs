//! A row of a list of organizations.

use super::workers::optional;
use super::{Cell, Context, Reading, known_codes, some};
use crate::catalogue::lookup;
use crate::imports::columns::Target;
use crate::imports::fields::ORGANIZATIONS;
use crate::organizations::names::kind_of;
use crate::organizations::{
    Contact, Intermediary, IntermediaryKind, NewOrganization, OrganizationKind, OrganizationStatus,
};
use tables::Remark;
use tables::cells::{CellResult, one_line, parse_boolean, parse_phone, split_items};
use validator::Validate;

const KINDS: [(&str, OrganizationKind); 24] = [
    ("npo", OrganizationKind::Npo),
    ("npo法人", OrganizationKind::Npo),
    ("特定非営利活動法人", OrganizationKind::Npo),
    ("社会福祉法人", OrganizationKind::SocialWelfareCorporation),
    (
        "social_welfare_corporation",
        OrganizationKind::SocialWelfareCorporation,
    ),
    ("一般社団法人", OrganizationKind::Association),
    ("公益社団法人", OrganizationKind::Association),
    ("一般財団法人", OrganizationKind::Association),
    ("公益財団法人", OrganizationKind::Association),
    ("association", OrganizationKind::Association),
    ("協同組合", OrganizationKind::Cooperative),
    ("生活協同組合", OrganizationKind::Cooperative),
    ("cooperative", OrganizationKind::Cooperative),
    ("社会福祉協議会", OrganizationKind::SocialWelfareCouncil),
    ("社協", OrganizationKind::SocialWelfareCouncil),
    ("social_welfare_council", OrganizationKind::SocialWelfareCouncil),
    ("町会", OrganizationKind::NeighbourhoodAssociation),
    ("自治会", OrganizationKind::NeighbourhoodAssociation),
    (
        "neighbourhood_association",
        OrganizationKind::NeighbourhoodAssociation,
    ),
    ("商店会", OrganizationKind::ShoppingStreet),
    ("商店街", OrganizationKind::ShoppingStreet),
    ("shopping_street", OrganizationKind::ShoppingStreet),
    ("行政", OrganizationKind::Government),
    ("government", OrganizationKind::Government),
];

/// The details that a row makes of what was known before; none where the row is rejected.
pub fn understand(
    reading: &mut Reading,
    before: Option<&NewOrganization>,
    context: &Context,
) -> Option<NewOrganization> {
    let mut details = before.cloned().unwrap_or_else(blank);
    let mut kind_told = before.is_some();
    reading.each(|cell, notices| match cell.target {
        Target::Field("kind") => {
            kind_told |= !cell.text.is_empty();
            details.kind = optional(&cell.text, kind)?.unwrap_or_default();
            Ok(())
        }
        Target::Field(field) => set(field, cell, &mut details, context, notices),
        _ => Ok(()),
    });
    if !kind_told {
        details.kind = kind_of(&details.name);
    }
    if details
        .contact
        .as_ref()
        .is_some_and(|c| c.person.is_none() && c.email.is_none() && c.phone.is_none())
    {
        details.contact = None;
    }
    if details.intermediary.as_ref().is_some_and(|i| i.name.is_empty()) {
        details.intermediary = None;
    }
    for (field, missing) in [
        ("name", details.name.is_empty()),
        ("area", details.area.is_empty()),
    ] {
        let is_told = reading
            .findings
            .iter()
            .any(|f| f.severity == crate::imports::finding::Severity::Error);
        if missing && !is_told {
            let heading = ORGANIZATIONS
                .iter()
                .find(|f| f.name == field)
                .map_or(field, |f| f.heading);
            let (ja, en) = (
                format!("{heading}がありません。"),
                format!("There is no {field}."),
            );
            reading.reject(field, Remark::new("missing_field", ja, en));
        }
    }
    if reading.is_rejected() {
        return None;
    }
    if let Err(errors) = details.validate() {
        reading.broken(crate::http::body::invalid(&errors), field_of);
    } else if let Err(error) = details.resolve(context.vocabulary.catalogue, before) {
        reading.broken(error, field_of);
    }
    (!reading.is_rejected()).then_some(details)
}

fn blank() -> NewOrganization {
    NewOrganization {
        name: String::new(),
        kana: None,
        kind: OrganizationKind::default(),
        area: String::new(),
        status: OrganizationStatus::Active,
        themes: Vec::new(),
        corporate_number: None,
        contact: None,
        intermediary: None,
        aliases: Vec::new(),
        description: None,
        open_data: false,
        source: None,
        external_id: None,
    }
}

fn set(
    field: &str,
    cell: &Cell,
    details: &mut NewOrganization,
    context: &Context,
    notices: &mut Vec<Remark>,
) -> CellResult<()> {
    let text = cell.text.as_str();
    let contact = |details: &mut NewOrganization, put: &dyn Fn(&mut Contact)| {
        put(details.contact.get_or_insert(Contact {
            person: None,
            email: None,
            phone: None,
        }));
    };
    let intermediary = |details: &mut NewOrganization, put: &dyn Fn(&mut Intermediary)| {
        put(details.intermediary.get_or_insert(Intermediary {
            kind: IntermediaryKind::Other,
            name: String::new(),
        }));
    };
    match field {
        "external_id" => {
            details.external_id = some(text);
            details.source = details.external_id.is_some().then(|| context.source.clone());
        }
        "name" => details.name = one_line(text),
        "kana" => details.kana = some(&one_line(text)),
        "area" => details.area = optional(text, |t| context.vocabulary.area(t))?.unwrap_or_default(),
        "status" => details.status = status(text)?,
        "themes" => details.themes = known_codes(&context.vocabulary.themes, text, "unsure_theme", notices),
        "corporate_number" => details.corporate_number = digits(text),
        "contact_person" => contact(details, &|c| c.person = some(&one_line(text))),
        "contact_email" => contact(details, &|c| c.email = some(text)),
        "contact_phone" => {
            let read = optional(text, parse_phone)?;
            if read.as_ref().is_some_and(|phone| phone.is_restored) {
                let (ja, en) = ("先頭の0を補いました。", "Its leading 0 was put back.");
                notices.push(Remark::new("leading_zero", ja, en));
            }
            contact(details, &|c| c.phone = read.clone().map(|phone| phone.text));
        }
        "intermediary_kind" => {
            let kind = optional(text, intermediary_kind)?.unwrap_or(IntermediaryKind::Other);
            intermediary(details, &|i| i.kind = kind);
        }
        "intermediary_name" => intermediary(details, &|i| i.name = one_line(text)),
        "aliases" => details.aliases = split_items(text, &|_| true),
        "description" => details.description = some(text),
        "open_data" => details.open_data = !text.is_empty() && parse_boolean(text)?,
        _ => {}
    }
    Ok(())
}

fn kind(text: &str) -> CellResult<OrganizationKind> {
    let key = lookup::key(text);
    let known = KINDS.iter().find(|(word, _)| *word == key).map(|(_, kind)| *kind);
    let others = [
        "任意団体",
        "ボランティア団体",
        "市民団体",
        "その他",
        "voluntary_group",
    ];
    known
        .or_else(|| {
            others
                .contains(&key.as_str())
                .then_some(OrganizationKind::VoluntaryGroup)
        })
        .ok_or_else(|| {
            let near = lookup::nearest(&key, KINDS.iter().map(|(word, _)| *word));
            Remark::new(
                "unknown_kind",
                "この種別は知られていません。",
                "This kind is not known.",
            )
            .suggesting(near)
        })
}

fn intermediary_kind(text: &str) -> CellResult<IntermediaryKind> {
    use IntermediaryKind::*;
    Ok(match lookup::key(text).as_str() {
        "municipality" | "区市町村" | "自治体" => Municipality,
        "social_welfare_council" | "社会福祉協議会" | "社協" => SocialWelfareCouncil,
        "community_support_centre" | "地域包括支援センター" | "地域包括" => {
            CommunitySupportCentre
        }
        "life_support_coordinator" | "生活支援コーディネーター" | "sc" => LifeSupportCoordinator,
        "other" | "その他" => Other,
        _ => {
            return Err(Remark::new(
                "unknown_kind",
                "この種別は知られていません。",
                "This kind is not known.",
            ));
        }
    })
}

fn status(text: &str) -> CellResult<OrganizationStatus> {
    match text {
        "" | "active" | "活動中" | "有効" => Ok(OrganizationStatus::Active),
        "inactive" | "休止" | "休止中" | "停止" => Ok(OrganizationStatus::Inactive),
        _ => Err(Remark::new(
            "status",
            "状態は active か inactive です。",
            "The status is active or inactive.",
        )),
    }
}

fn field_of(pointer: &str) -> Option<&'static str> {
    let name = pointer.trim_start_matches('/').replace('/', "_");
    let whole = ORGANIZATIONS.iter().map(|f| f.name).find(|field| *field == name);
    let member = pointer.split('/').nth(1)?;
    whole.or_else(|| {
        ORGANIZATIONS
            .iter()
            .map(|f| f.name)
            .find(|field| *field == member)
    })
}

/// The digits of a 法人番号, also of the number that invoices have (適格請求書発行事業者): T and the same digits.
fn digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    some(digits.strip_prefix('T').unwrap_or(&digits))
}

/// The 法人番号 of a row.
pub fn corporate_number(reading: &Reading) -> Option<String> {
    reading.text("corporate_number").and_then(digits)
}

/// By what a row without an id is known when it comes again.
pub fn likeness(details: &NewOrganization) -> String {
    let name = crate::organizations::names::name_key(&details.name);
    details
        .corporate_number
        .clone()
        .unwrap_or_else(|| format!("{}|{name}", details.area))
}
