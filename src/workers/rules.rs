//! What only some callers may set in a worker.

use super::{NewWorker, Personal, is_partners};
use crate::auth::{PartnerReach, Reach, RecordKind, Writer, check_properties};
use crate::error::{Error, FieldError, Result, Text};

fn own_source(partner: &PartnerReach) -> Text {
    let source = &partner.source;
    Text::new(
        format!("source には、自分のアプリの値（{source}）を指定してください。"),
        format!("Use the source of your own app: {source}."),
    )
}

/// The fault of a member that is missing.
pub fn required(pointer: &'static str) -> FieldError {
    let name = pointer.trim_start_matches('/');
    let rule = Text::new(format!("{name} は入力必須です。"), format!("{name} is required."));
    FieldError::at(pointer, "missing_field", rule)
}

fn fault(faults: &mut Vec<FieldError>, pointer: &str, code: &'static str, rule: Text) {
    faults.push(FieldError::at(pointer, code, rule));
}

/// Refuses a write that sets what the caller may not set.
pub fn check_privileged(writer: &Writer, before: Option<&NewWorker>, after: &mut NewWorker) -> Result<()> {
    let permitted = check_properties(writer.role, RecordKind::Workers, before, after);
    let mut faults: Vec<FieldError> = Vec::new();
    match &writer.reach {
        Reach::Partner(partner) => check_partner(partner, before.is_some(), after, &mut faults),
        _ => check_origin(before, after, &mut faults),
    }
    if matches!(writer.reach, Reach::Worker(_)) {
        unverify(before, after);
    }
    let own = if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    };
    Error::together([permitted, own])
}

/// Checks that an external id has a source, and that the source is not a partner's.
fn check_origin(before: Option<&NewWorker>, after: &NewWorker, faults: &mut Vec<FieldError>) {
    if after.source.is_none() && after.external_id.is_some() {
        let rule = Text::new(
            "source と external_id は両方指定してください。",
            "Give both source and external_id, or neither.",
        );
        fault(faults, "", "incomplete_source", rule);
    }
    let is_unchanged = before.is_some_and(|before| before.source == after.source);
    if after.source.as_deref().is_some_and(is_partners) && !is_unchanged {
        let rule = Text::new(
            "「partner:」で始まる source は、連携アプリ専用です。",
            "Sources that begin with partner: are reserved for partner apps.",
        );
        fault(faults, "/source", "reserved_source", rule);
    }
}

/// Makes a new address or number of a worker unverified.
fn unverify(before: Option<&NewWorker>, after: &mut NewWorker) {
    let blank = Personal::default();
    let before = before
        .and_then(|before| before.personal.as_ref())
        .unwrap_or(&blank);
    if let Some(personal) = &mut after.personal {
        personal.email_verified &= personal.email == before.email;
        personal.phone_verified &= personal.phone == before.phone;
    }
}

/// Checks a partner's volunteer: the partner's source, an external id, and a consent with its time.
fn check_partner(
    partner: &PartnerReach,
    is_registered: bool,
    worker: &mut NewWorker,
    faults: &mut Vec<FieldError>,
) {
    let source = worker.source.get_or_insert_with(|| partner.source.clone());
    if *source != partner.source {
        fault(faults, "/source", "wrong_source", own_source(partner));
    }
    if worker.external_id.is_none() {
        faults.push(required("/external_id"));
    }
    match &worker.consent {
        Some(consent) if consent.given_at.is_none() => {
            let rule = Text::new(
                "同意した日時は入力必須です。",
                "The time of the consent is required.",
            );
            fault(faults, "/consent/given_at", "missing_field", rule);
        }
        None if !is_registered => {
            let rule = Text::new(
                "本人の同意は入力必須です。",
                "The volunteer's consent is required.",
            );
            fault(faults, "/consent", "missing_field", rule);
        }
        _ => {}
    }
}

/// Refuses another source than a partner's own: the partner would learn who is known under it.
pub fn check_source(reach: &Reach, source: &str) -> Result<()> {
    match reach {
        Reach::Partner(partner) if partner.source != source => {
            Err(Error::invalid("/source", "wrong_source", own_source(partner)))
        }
        _ => Ok(()),
    }
}

/// Sets source and external id. A profile that has others is an error, and gets them all the same.
pub fn set_origin(profile: &mut NewWorker, (source, external_id): &(String, String)) -> Result<()> {
    let mut faults = Vec::new();
    for (pointer, member, value) in [
        ("/source", &mut profile.source, source),
        ("/external_id", &mut profile.external_id, external_id),
    ] {
        if member.as_ref().is_some_and(|own| own != value) {
            let rule = Text::new("パスの値と一致しません。", "It differs from the path.");
            fault(&mut faults, pointer, "differs_from_path", rule);
        }
        *member = Some(value.clone());
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(faults)),
    }
}
