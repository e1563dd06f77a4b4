//! A registered worker, and how much of it each caller sees.

use super::{Consent, CountedHere, NewWorker, WorkerStatus, is_demo};
use crate::auth::Reach;
use crate::db::{Id, Instant};
use crate::http::Discloses;
use serde::Serialize;
use utoipa::ToSchema;

/// A registered worker.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Worker {
    pub id: Id,
    #[serde(flatten)]
    pub profile: NewWorker,
    /// What was counted in this service, beside what the profile says. Rankings add both.
    pub here: CountedHere,
    /// Whether the worker is made up for the demonstration.
    pub demo: bool,
    /// The partner app that registered the worker.
    pub partner_id: Option<Id>,
    /// Whether the worker only serves to try out a partner app. Never ranked.
    pub sandbox: bool,
    /// The primary record of the same person, if this one was merged into it as a duplicate. Null if that record is
    /// outside your reach, and always for workers and partners.
    pub merged_into: Option<Id>,
    /// Counts the changes. Also the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Discloses for Worker {
    fn people(&self) -> Vec<Id> {
        self.profile.personal.iter().map(|_| self.id).collect()
    }
}

impl Worker {
    pub fn register(id: Id, profile: NewWorker, now: Instant) -> Worker {
        let demo = is_demo(profile.source.as_deref());
        Worker {
            id,
            profile,
            here: CountedHere::default(),
            demo,
            partner_id: None,
            sandbox: false,
            merged_into: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Sets the partner app, if the caller is one.
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

    /// Returns the next version, with a new profile.
    pub fn changed(&self, profile: NewWorker, now: Instant) -> Worker {
        Worker {
            version: self.version + 1,
            updated_at: now,
            here: self.here.clone(),
            partner_id: self.partner_id,
            sandbox: self.sandbox,
            merged_into: self.merged_into,
            ..Worker::register(self.id, profile, self.created_at)
        }
    }

    /// Returns how many projects the worker is in now, here and elsewhere.
    pub fn open_load(&self) -> u16 {
        self.profile.open_load.saturating_add(self.here.open_load)
    }

    /// Returns whether this record may represent its person in rankings.
    pub fn counts(&self) -> bool {
        !self.sandbox && self.merged_into.is_none()
    }

    /// Returns whether the worker may be ranked: active, with consent, neither sandbox nor merged.
    pub fn is_candidate(&self) -> bool {
        self.profile.consent.as_ref().is_some_and(Consent::allows_ranking)
            && self.profile.status == WorkerStatus::Active
            && self.counts()
    }

    /// Removes what the viewer may not see.
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

/// How much of a worker a viewer sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Everything.
    Whole,
    /// Everything except duplicates: for the worker, and for the partner app that registered them.
    Own,
    /// Everything except personal data.
    Profile,
    /// Personal data, but neither the source nor blocked or conflicting organizations.
    Acquaintance,
    /// Neither personal data, nor the source, nor blocked or conflicting organizations.
    Candidate,
}
