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
use crate::error::Result;
use crate::events::registration::Registration;
use crate::http::{Discloses, page};
use crate::projects::{MembershipRecord, WorkRecord, told_reason};
use crate::reviews::Review;
use crate::sessions::SessionRecord;
use crate::users::AccountRecord;
use crate::workers::{ConsentRecord, Sight, Worker};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The most entries of each list in one answer.
pub const MOST: usize = 1_000;

/// Which part of the lists is asked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PersonalDataPart {
    /// `next` of the previous answer.
    pub cursor: Option<String>,
}

/// The last entry of each list that earlier answers had.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reached {
    pub consents: Option<Id>,
    pub applications: Option<Id>,
    pub projects: Option<Id>,
    pub project_work: Option<Id>,
    pub registrations: Option<Id>,
    /// Actor and action.
    pub audit: Option<(String, String)>,
}

impl Reached {
    pub fn decode(cursor: Option<&str>) -> Result<Reached> {
        Ok(cursor.map(page::decode).transpose()?.unwrap_or_default())
    }
}

/// Keeps the entries that an answer has room for, and notes the last of them. Returns whether there are more.
pub fn keep<T, K>(found: &mut Vec<T>, last: &mut Option<K>, key: impl Fn(&T) -> K) -> bool {
    let has_more = found.len() > MOST;
    found.truncate(MOST);
    if let Some(one) = found.last() {
        *last = Some(key(one));
    }
    has_more
}

/// Everything held on one person, or a part of it: up to 1,000 entries of each list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonalData {
    /// The `cursor` with which you get the rest of the lists; null if this is all. Worker, account and sessions are in each answer.
    pub next: Option<String>,
    pub worker: Worker,
    /// Oldest first.
    pub consents: Vec<ConsentRecord>,
    /// Oldest first.
    pub applications: Vec<ApplicationRecord>,
    /// The teams that the person is or was in, in the order of their applications.
    pub projects: Vec<MembershipRecord>,
    /// What the person wrote and worked in projects, oldest first.
    pub project_work: Vec<WorkRecord>,
    /// Reviews by the person, and those about the person that they may see, for the work of these applications.
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
    /// Removes what the caller may not see. The account is between the person and us.
    pub fn shown_to(mut self, reach: &Reach) -> PersonalData {
        if !matches!(reach, Reach::Everything | Reach::Worker(_)) {
            self.account = None;
            self.sessions.clear();
        }
        if matches!(reach, Reach::Partner(_)) {
            self.registrations.retain(|one| one.new.worker_id.is_some());
        }
        for one in &mut self.projects {
            one.reason = one.reason.take().map(|code| told_reason(code, reach));
        }
        if matches!(reach, Reach::Partner(_) | Reach::Worker(_)) {
            self.worker = self.worker.shown(Sight::Own);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_what_it_has_room_for_and_says_where_it_ends() {
        let (mut last, mut numbers) = (None, Vec::from_iter(0..=MOST));
        assert!(keep(&mut numbers, &mut last, |n| *n));
        assert_eq!((numbers.len(), last), (MOST, Some(MOST - 1)));
        // The rest; and then the list has nothing more, while others go on.
        let mut rest = vec![MOST];
        assert!(!keep(&mut rest, &mut last, |n| *n));
        assert!(!keep(&mut Vec::new(), &mut last, |n: &usize| *n));
        assert_eq!(last, Some(MOST));
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let reached = Reached {
            applications: Some(Id::new()),
            audit: Some(("admin:a".to_owned(), "personal_data.read".to_owned())),
            ..Reached::default()
        };
        let cursor = page::encode(&reached);
        assert_eq!(Reached::decode(Some(&cursor)).unwrap(), reached);
        let other = page::Cursor {
            sort: "name".to_owned(),
            value: String::new(),
            id: Id::new(),
        };
        assert!(Reached::decode(Some(&other.encode())).is_err());
        assert_eq!(Reached::decode(None).unwrap(), Reached::default());
    }
}
