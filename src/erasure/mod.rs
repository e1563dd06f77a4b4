//! Everything held on one person: exporting it and erasing it.
//!
//! Each slice returns what it holds of a person and forgets it on request; `actions` composes them, each time
//! in one transaction.
//!
//! Deliberately absent: the records that organizations and partners keep on their own systems.

pub mod actions;
pub mod http;
pub mod store;
pub mod tasks;

use crate::applications::ApplicationRecord;
use crate::audit::AuditSummary;
use crate::auth::Reach;
use crate::db::Id;
use crate::events::registration::Registration;
use crate::http::Discloses;
use crate::projects::{MembershipRecord, WorkRecord};
use crate::reviews::Review;
use crate::sessions::SessionRecord;
use crate::users::AccountRecord;
use crate::workers::{ConsentRecord, Sight, Worker};
use serde::Serialize;
use utoipa::ToSchema;

/// Everything held on one person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonalData {
    pub worker: Worker,
    /// Oldest first.
    pub consents: Vec<ConsentRecord>,
    /// Oldest first.
    pub applications: Vec<ApplicationRecord>,
    /// The teams that the person is or was in, oldest first.
    pub projects: Vec<MembershipRecord>,
    /// What the person wrote and worked in projects, oldest first.
    pub project_work: Vec<WorkRecord>,
    /// Reviews by the person, and those about the person that they may see.
    pub reviews: Vec<Review>,
    /// The person's registrations for events, oldest first: those of the worker, and those that were made without an account in
    /// the person's name, with the person's address or number. Of the latter, coordinators see those for events of their areas,
    /// and workers those with the address of their account; partner apps don't see them.
    pub registrations: Vec<Registration>,
    /// The account the person logs in with, if there is one.
    pub account: Option<AccountRecord>,
    /// Sessions of the account, oldest first.
    pub sessions: Vec<SessionRecord>,
    /// Who viewed or changed data about the person, from the audit.
    pub audit: Vec<AuditSummary>,
}

impl Discloses for PersonalData {
    fn people(&self) -> Vec<Id> {
        vec![self.worker.id]
    }
}

impl PersonalData {
    /// Removes what the caller may not see. The account is between the person and us, and a partner doesn't
    /// learn who else viewed the person's data.
    pub fn shown_to(mut self, reach: &Reach, actor: &str) -> PersonalData {
        if !matches!(reach, Reach::Everything | Reach::Worker(_)) {
            self.account = None;
            self.sessions.clear();
        }
        if matches!(reach, Reach::Partner(_)) {
            // Those without an account are known by the account's address.
            self.registrations.retain(|one| one.new.worker_id.is_some());
            self.audit.retain(|summary| summary.actor == actor);
        }
        if matches!(reach, Reach::Partner(_) | Reach::Worker(_)) {
            self.worker = self.worker.shown(Sight::Own);
        }
        self
    }
}
