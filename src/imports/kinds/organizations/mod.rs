//! A row of a list of organizations.

pub mod fields;

use super::reading::Reading;
use crate::imports::columns::Target;
use crate::imports::fields::{Context, set};
use crate::organizations::names::{kind_of, name_key};
use crate::organizations::{NewOrganization, OrganizationKind, OrganizationStatus};
use fields::{Draft, FIELDS, digits};
use tables::Remark;
use validator::Validate;

/// Returns the details that a row makes of those before, or `None` if the row is rejected.
pub fn understand(
    reading: &mut Reading,
    before: Option<&NewOrganization>,
    context: &Context,
) -> Option<NewOrganization> {
    reading.make(field_of, |reading| {
        let mut draft = Draft {
            details: before.cloned().unwrap_or_else(blank),
            has_kind: before.is_some(),
        };
        reading.apply(context, |target, cell| match target {
            Target::Field { position, .. } | Target::Answer { position, .. } => {
                set(FIELDS, *position, &mut draft, cell)
            }
            _ => Ok(()),
        });
        let Draft {
            mut details,
            has_kind,
        } = draft;
        if !has_kind {
            details.kind = kind_of(&details.name);
        }
        details
            .contact
            .take_if(|c| c.person.is_none() && c.email.is_none() && c.phone.is_none());
        details.intermediary.take_if(|i| i.name.is_empty());
        if before.is_none() && details.area.is_empty() && reading.text("area").is_none() {
            // Who looks after one area registers groups there.
            details.area = context.only_area().unwrap_or_default().to_owned();
        }
        for (field, is_missing) in [
            ("name", details.name.is_empty()),
            ("area", details.area.is_empty()),
        ] {
            if is_missing && !reading.is_rejected() {
                reading.reject(field, missing_field(field));
            }
        }
        if reading.is_rejected() {
            return Ok(details);
        }
        details
            .validate()
            .map_err(|errors| crate::http::body::invalid(&errors))?;
        details.resolve(context.vocabulary.catalogue, before)?;
        Ok(details)
    })
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

fn missing_field(name: &str) -> Remark {
    let fields = FIELDS.iter().map(|setter| &setter.field);
    let heading = fields
        .clone()
        .find(|field| field.name == name)
        .map_or(name, |field| field.heading);
    Remark::new(
        "missing_field",
        format!("{heading}は入力必須です。"),
        format!("The {name} is required."),
    )
}

/// Returns the field that a JSON pointer into the details means: `/contact/email` is `contact_email`.
fn field_of(pointer: &str) -> Option<&'static str> {
    let find = |name: &str| {
        let mut names = FIELDS.iter().map(|setter| setter.field.name);
        names.find(|field| *field == name)
    };
    find(&pointer.trim_start_matches('/').replace('/', "_")).or_else(|| find(pointer.split('/').nth(1)?))
}

/// Returns the 法人番号 of a row.
pub fn corporate_number(reading: &Reading) -> Option<String> {
    reading.text("corporate_number").and_then(digits)
}

/// Returns what tells apart the places of one corporation, which all state its 法人番号.
pub fn namesake(details: &NewOrganization) -> Option<String> {
    details.corporate_number.as_ref()?;
    Some(format!("{}|{}", details.area, name_key(&details.name)))
}

/// Returns what identifies a row without an id when it is imported again.
pub fn likeness(details: &NewOrganization) -> String {
    details
        .corporate_number
        .clone()
        .unwrap_or_else(|| format!("{}|{}", details.area, name_key(&details.name)))
}
