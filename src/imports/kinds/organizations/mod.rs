//! A row of a list of organizations.

pub mod another;
pub mod fields;

use super::reading::Reading;
use super::sections::place_before;
use crate::http::body::check_change;
use crate::imports::columns::Target;
use crate::imports::contacts::second_value;
use crate::imports::fields::{Context, set};
use crate::organizations::names::{former_key, kind_of};
use crate::organizations::{NewOrganization, OrganizationKind, OrganizationStatus};
use fields::{Draft, FIELDS, contact, digits};
use tables::Remark;
use text::fold;

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
            address_beside: None,
            phone_beside: None,
        };
        reading.apply(context, |target, cell| match target {
            Target::Field { position, .. } | Target::Answer { position, .. } => {
                set(FIELDS, *position, &mut draft, cell)
            }
            _ => Ok(()),
        });
        // A column of its own counts more than what stands in another one.
        let (address, number) = (draft.address_beside.take(), draft.phone_beside.take());
        let contact = contact(&mut draft);
        for (own, found, field, written_in) in [
            (&mut contact.email, address, "contact_email", "contact_phone"),
            (&mut contact.phone, number, "contact_phone", "contact_person"),
        ] {
            let Some(found) = found else { continue };
            match own {
                Some(own) if reading.text(field).is_some() => {
                    if *own != found {
                        reading.warn(written_in, second_value(&found, false));
                    }
                }
                own => *own = Some(found),
            }
        }
        let Draft {
            mut details,
            has_kind,
            ..
        } = draft;
        if !has_kind {
            details.kind = match kind_of(&details.name) {
                OrganizationKind::VoluntaryGroup if reading.is_of_npos() => OrganizationKind::Npo,
                kind => kind,
            };
        }
        details
            .contact
            .take_if(|c| c.person.is_none() && c.email.is_none() && c.phone.is_none());
        details.intermediary.take_if(|i| i.name.is_empty());
        if reading.text("area").is_none() {
            match context.only_area() {
                // Who looks after one area registers groups there.
                Some(only) if details.area.is_empty() => only.clone_into(&mut details.area),
                Some(_) => {}
                None => add_area_of_name(reading, &mut details, context),
            }
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
        check_change(before, &details)?;
        details.resolve(context.vocabulary.catalogue, before)?;
        Ok(details)
    })
}

/// Takes the place that a name begins with, if nothing else names one: 墨田区社会福祉協議会.
fn add_area_of_name(reading: &mut Reading, details: &mut NewOrganization, context: &Context) {
    let place = place_before(&details.name, context.vocabulary);
    let place = place.filter(|_| !is_address(&details.name));
    let Some(place) = place else {
        return;
    };
    // A record that lies there already had it from its name: what is said of a row doesn't change when it is sent again.
    if let Ok(area) = context.vocabulary.area(place)
        && (details.area.is_empty() || details.area == area)
    {
        reading.warn("area", area_of_name(place));
        details.area = area;
    }
}

/// Returns whether a text is an address, and no group's name: 新宿区戸山1-2, 新宿区戸山2丁目.
fn is_address(name: &str) -> bool {
    let folded = fold(name);
    let is_number = |part: &str| part.ends_with(|c: char| c.is_ascii_digit());
    let has_before = |mark: &str| {
        folded
            .match_indices(mark)
            .any(|(at, _)| folded.get(..at).is_some_and(is_number))
    };
    // 亀戸1丁目町会 is a group.
    let is_number_part = |c: char| c.is_ascii_digit() || c.is_whitespace() || "-番号地のノ".contains(c);
    let has_block = ["丁目", "番地"].iter().any(|mark| {
        let behind = folded.split(mark).last().unwrap_or_default();
        has_before(mark) && behind.chars().all(is_number_part)
    });
    has_block || (has_before("-") && folded.ends_with(|c: char| c.is_ascii_digit()))
}

fn area_of_name(place: &str) -> Remark {
    Remark::new(
        "area_from_name",
        format!("区市町村の記載がないため、名前から「{place}」として取り込みました。"),
        format!("No municipality is stated, so {place:?} was taken from the name."),
    )
    .suggesting(Some(place))
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

/// Returns what tells apart the places of one corporation, which all state its 法人番号. As in [`likeness`], ids are derived from it,
/// and the record of a row is found by them: it has to stay what it was in earlier versions.
pub fn namesake(details: &NewOrganization) -> Option<String> {
    details.corporate_number.as_ref()?;
    Some(format!("{}|{}", details.area, former_key(&details.name)))
}

/// Returns what identifies a row without an id when it is imported again.
pub fn likeness(details: &NewOrganization) -> String {
    details
        .corporate_number
        .clone()
        .unwrap_or_else(|| format!("{}|{}", details.area, former_key(&details.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ids_are_derived_from_stays() {
        let mut details = NewOrganization {
            name: "株式会社ほし".to_owned(),
            area: "131041".to_owned(),
            ..blank()
        };
        assert_eq!(likeness(&details), "131041|株式会社ほし");
        assert_eq!(namesake(&details), None);
        details.corporate_number = Some("7000012050002".to_owned());
        assert_eq!(likeness(&details), "7000012050002");
        assert_eq!(namesake(&details).as_deref(), Some("131041|株式会社ほし"));
    }
}
