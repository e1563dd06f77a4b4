//! A worker as it is kept, how much of it is shown to whom, and what only some may set.

use super::{Consent, NewWorker, Personal, WorkerStatus, is_demo};
use crate::auth::{PartnerReach, Reach};
use crate::db::{Id, Instant};
use crate::error::{Error, FieldError, Result, Text};
use serde::Serialize;
use utoipa::ToSchema;

/// What the sources of partners begin with.
const PARTNERS: &str = "partner:";

/// A worker as it is kept.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Worker {
    pub id: Id,
    #[serde(flatten)]
    pub profile: NewWorker,
    /// Made up for demonstration.
    pub demo: bool,
    /// The partner app through which they came.
    pub partner_id: Option<Id>,
    /// For trying a partner app only: never ranked.
    pub sandbox: bool,
    /// The record of the same person that counts in rankings instead of this one; null also to workers and partners.
    pub merged_into: Option<Id>,
    /// Counts the changes; the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Worker {
    pub fn register(id: Id, profile: NewWorker, now: Instant) -> Worker {
        let demo = is_demo(profile.source.as_deref());
        Worker {
            id,
            profile,
            demo,
            partner_id: None,
            sandbox: false,
            merged_into: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// One who came through a partner app, where the caller is one.
    pub fn through(self, reach: &Reach) -> Worker {
        match reach {
            Reach::Partner(partner) => Worker {
                partner_id: Some(partner.id),
                sandbox: partner.sandbox,
                ..self
            },
            _ => self,
        }
    }

    /// The next version.
    pub fn changed(&self, profile: NewWorker, now: Instant) -> Worker {
        Worker {
            version: self.version + 1,
            updated_at: now,
            partner_id: self.partner_id,
            sandbox: self.sandbox,
            merged_into: self.merged_into,
            ..Worker::register(self.id, profile, self.created_at)
        }
    }

    /// Whether this record stands for a person in rankings.
    pub fn counts(&self) -> bool {
        !self.sandbox && self.merged_into.is_none()
    }

    /// Of those that may be ranked: with consent, active, and not for trying only.
    pub fn is_candidate(&self) -> bool {
        self.profile
            .consent
            .as_ref()
            .is_some_and(Consent::is_to_be_ranked)
            && self.profile.status == WorkerStatus::Active
            && self.counts()
    }

    /// Whether somebody who reaches so far may look at them as a candidate: whom they are kept apart from may not.
    pub fn is_candidate_for(&self, reach: &Reach) -> bool {
        let profile = &self.profile;
        let keeps_apart = |id: &Id| {
            profile.blocked_organization_ids.contains(id) || profile.conflict_organization_ids.contains(id)
        };
        self.is_candidate() && !matches!(reach, Reach::Organization(id) if keeps_apart(id))
    }

    /// Without what the caller may not see.
    pub fn shown(mut self, to: Sight) -> Worker {
        let profile = &mut self.profile;
        if matches!(to, Sight::Profile | Sight::Candidate) {
            profile.personal = None;
        }
        if matches!(to, Sight::Acquaintance | Sight::Candidate) {
            (profile.source, profile.external_id) = (None, None);
            profile.blocked_organization_ids.clear();
            profile.conflict_organization_ids.clear();
            self.partner_id = None;
        }
        if to != Sight::Whole {
            self.merged_into = None;
        }
        self
    }
}

/// How much of a worker somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Everything.
    Whole,
    /// Everything but whether others know the same person: for the person, and for the app they came through.
    Own,
    /// All but personal data.
    Profile,
    /// Who it is, and not what is between them and others: where they come from, and whom they are kept apart from.
    Acquaintance,
    /// What is told of someone unknown: neither.
    Candidate,
}

/// What a caller may not set refuses the write.
pub fn check_privileged(reach: &Reach, before: Option<&NewWorker>, after: &mut NewWorker) -> Result<()> {
    let blank = NewWorker {
        capacity: 1,
        ..NewWorker::default()
    };
    let mut faults: Vec<FieldError> = Vec::new();
    let mut fault = |pointer: &str, code: &'static str, ja: &'static str, en: &'static str| {
        faults.push(FieldError::at(pointer, code, Text::new(ja, en)));
    };
    match reach {
        Reach::Partner(partner) => come_through(partner, before.is_some(), after, &mut fault),
        _ => {
            if after.source.is_none() && after.external_id.is_some() {
                let (ja, en) = (
                    "source と external_id は両方指定してください。",
                    "source and external_id go together.",
                );
                fault("", "incomplete", ja, en);
            }
            let is_kept = before.is_some_and(|before| before.source == after.source);
            let partners = after
                .source
                .as_ref()
                .is_some_and(|source| source.starts_with(PARTNERS));
            if partners && !is_kept {
                let (ja, en) = (
                    "partner: で始まる source は連携アプリのものです。",
                    "A source that begins with partner: is an app's.",
                );
                fault("/source", "reserved_source", ja, en);
            }
        }
    }
    if matches!(reach, Reach::Worker(_) | Reach::Partner(_)) {
        let before = before.unwrap_or(&blank);
        let moved = [
            ("/open_load", before.open_load != after.open_load),
            ("/track_record", before.track_record != after.track_record),
            (
                "/conflict_organization_ids",
                before.conflict_organization_ids != after.conflict_organization_ids,
            ),
        ];
        for (pointer, _) in moved.into_iter().filter(|(_, moved)| *moved) {
            let (ja, en) = ("事務局だけが変更できます。", "Only the secretariat changes this.");
            fault(pointer, "not_yours", ja, en);
        }
        if matches!(reach, Reach::Worker(_))
            && (&before.source, &before.external_id) != (&after.source, &after.external_id)
        {
            let (ja, en) = ("事務局だけが変更できます。", "Only the secretariat changes this.");
            fault("/source", "not_yours", ja, en);
        }
    }
    if matches!(reach, Reach::Worker(_)) {
        own_verification(before, after, &mut fault);
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}

/// Nobody verifies their own address or number: a new one is not verified.
fn own_verification(
    before: Option<&NewWorker>,
    after: &mut NewWorker,
    fault: &mut impl FnMut(&str, &'static str, &'static str, &'static str),
) {
    let blank = Personal::default();
    let before = before
        .and_then(|before| before.personal.as_ref())
        .unwrap_or(&blank);
    let Some(personal) = &mut after.personal else {
        return;
    };
    personal.email_verified &= personal.email == before.email || !before.email_verified;
    personal.phone_verified &= personal.phone == before.phone || !before.phone_verified;
    for (pointer, claimed) in [
        (
            "/personal/email_verified",
            personal.email_verified && !before.email_verified,
        ),
        (
            "/personal/phone_verified",
            personal.phone_verified && !before.phone_verified,
        ),
    ] {
        if claimed {
            let (ja, en) = ("本人以外が確認します。", "Somebody else makes sure of this.");
            fault(pointer, "not_yours", ja, en);
        }
    }
}

/// A partner names no source but its own: it would learn who is known under another.
pub fn check_source(reach: &Reach, source: &str) -> Result<()> {
    match reach {
        Reach::Partner(partner) if partner.source != source => {
            let rule = Text::new(
                "source はあなたのものにしてください。",
                "The source has to be your own.",
            );
            Err(Error::invalid("/source", "not_yours", rule))
        }
        _ => Ok(()),
    }
}

/// A partner's volunteers have its source, an id there, and have consented.
fn come_through(
    partner: &PartnerReach,
    is_known: bool,
    worker: &mut NewWorker,
    fault: &mut impl FnMut(&str, &'static str, &'static str, &'static str),
) {
    let own = worker.source.get_or_insert_with(|| partner.source.clone());
    if *own != partner.source {
        let (ja, en) = (
            "source はあなたのものにしてください。",
            "The source has to be your own.",
        );
        fault("/source", "not_yours", ja, en);
    }
    if worker.external_id.is_none() {
        fault(
            "/external_id",
            "missing_field",
            "external_id は必須です。",
            "external_id is needed.",
        );
    }
    if worker
        .consent
        .as_ref()
        .is_some_and(|consent| consent.given_at.is_none())
    {
        fault(
            "/consent/given_at",
            "missing_field",
            "同意の日時が必要です。",
            "The moment of the consent is needed.",
        );
    }
    if worker.consent.is_none() && !is_known {
        fault(
            "/consent",
            "missing_field",
            "本人の同意が必要です。",
            "The volunteer's consent is needed.",
        );
    }
}
