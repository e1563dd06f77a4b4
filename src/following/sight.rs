//! What a follower sees of a change.

use crate::auth::{
    Principal, Reach, ReadApplications, ReadDeliverables, ReadEvents, ReadFollowUps, ReadIntake,
    ReadOrganizations, ReadPartners, ReadPress, ReadProgrammes, ReadProjectWork, ReadProjects,
    ReadRegistrations, ReadReviews, ReadRounds, ReadStatistics, ReadUsers, ReadWorkers, Scope, WriteWeights,
};
use crate::catalogue::EntryKind;
use crate::changes::{Action, LoggedChange, Subject};
use crate::db::Instant;
use crate::error::{Error, Result};
use crate::reach::audience::Audience;
use serde::Serialize;
use sha2::{Digest, Sha256};
use strum::VariantArray;
use utoipa::ToSchema;

/// What happened to a record, for the follower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ChangeAction {
    /// You see it since now: it is new, or it became visible to you.
    Created,
    /// It has another version.
    Updated,
    /// An application left the waiting list.
    MovedUp,
    /// It was archived, or merged into another record: lists leave it out.
    Archived,
    /// It was deleted.
    Deleted,
    /// You no longer see it, though it may still exist. Its parts go with it.
    Removed,
}

impl ChangeAction {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// A change as a follower sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenChange {
    pub seq: i64,
    pub subject: Subject,
    pub id: String,
    /// None if the record itself didn't change.
    pub version: Option<i64>,
    pub action: ChangeAction,
    pub at: Instant,
    /// Where to read the record. None if there is nothing to read.
    pub href: Option<String>,
}

/// Changes that a follower sees.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub items: Vec<SeenChange>,
    /// Up to where the log was looked through.
    pub position: i64,
    /// Whether that is its end.
    pub is_last: bool,
    /// Whether the follower's own account is among what changed.
    pub is_about_follower: bool,
}

/// What a follower sees.
#[derive(Debug, Clone)]
pub struct Sight {
    pub reach: Reach,
    /// The kinds of records, in the order of their declaration.
    pub types: Vec<Subject>,
    /// The id of the follower's user or partner.
    pub account: String,
}

/// The scope with which records of a kind are read. Everybody reads the catalogue.
fn scope(subject: Subject) -> Option<&'static str> {
    Some(match subject {
        Subject::Organization => ReadOrganizations::NAME,
        Subject::Deliverable => ReadDeliverables::NAME,
        Subject::Worker => ReadWorkers::NAME,
        Subject::Application => ReadApplications::NAME,
        Subject::Intake => ReadIntake::NAME,
        Subject::Review => ReadReviews::NAME,
        Subject::FollowUp => ReadFollowUps::NAME,
        Subject::Catalogue => return None,
        Subject::DeclaredTotal => ReadStatistics::NAME,
        Subject::User => ReadUsers::NAME,
        Subject::Partner => ReadPartners::NAME,
        Subject::Project => ReadProjects::NAME,
        Subject::ProjectEntry => ReadProjectWork::NAME,
        Subject::Weights => WriteWeights::NAME,
        Subject::Round => ReadRounds::NAME,
        Subject::Programme => ReadProgrammes::NAME,
        Subject::IndicatorSource => ReadStatistics::NAME,
        Subject::Event => ReadEvents::NAME,
        Subject::Registration => ReadRegistrations::NAME,
        Subject::Card | Subject::Post | Subject::Publication => ReadPress::NAME,
    })
}

impl Sight {
    /// Returns what a caller sees. `may` says whether they have a scope.
    pub fn new(reach: Reach, account: &str, may: impl Fn(&str) -> bool) -> Sight {
        let is_read = |subject: &Subject| scope(*subject).is_none_or(&may);
        Sight {
            reach,
            types: Subject::VARIANTS.iter().copied().filter(is_read).collect(),
            account: account.to_owned(),
        }
    }

    pub fn of(principal: &Principal) -> Sight {
        let may = |scope: &str| principal.extent(scope).is_some();
        Sight::new(principal.reach.clone(), &principal.subject, may)
    }

    /// Limits the sight to some kinds. None means all; one that the follower may not read is an error.
    pub fn limited(self, types: Option<&[Subject]>) -> Result<Sight> {
        let Some(types) = types else { return Ok(self) };
        let hidden = types.iter().find(|one| !self.types.contains(one));
        match hidden.and_then(|hidden| scope(*hidden)) {
            Some(scope) => Err(Error::InsufficientScope { scope }),
            None => Ok(Sight {
                types: types.to_vec(),
                ..self
            }),
        }
    }

    /// Returns what tells the positions of this sight from those of others.
    pub fn mark(&self, log: i64) -> u32 {
        let digest = Sha256::digest(format!("{log} {:?} {:?}", self.reach, self.types));
        digest
            .iter()
            .take(4)
            .fold(0, |mark, byte| mark << 8 | u32::from(*byte))
    }

    /// Adds what the follower sees of the next changes, in the order of the log, until there are `limit`. Returns whether
    /// more fit.
    pub fn look<'c>(
        &self,
        changes: impl Iterator<Item = &'c LoggedChange>,
        limit: usize,
        seen: &mut Seen,
    ) -> bool {
        for change in changes {
            if seen.items.len() >= limit {
                return false;
            }
            seen.items.extend(self.see(change));
            seen.position = change.seq;
            let is_account = matches!(change.subject, Subject::User | Subject::Partner);
            seen.is_about_follower |= is_account && change.subject_id == self.account;
        }
        true
    }

    /// Returns what the follower sees of a change, or none if that is nothing.
    fn see(&self, change: &LoggedChange) -> Option<SeenChange> {
        if !self.types.contains(&change.subject) {
            return None;
        }
        let has = |audience: &Audience| audience.is_listed() && audience.includes(&self.reach);
        let (before, now) = match &change.seen {
            Some((before, now)) => (has(before), has(now)),
            None if matches!(change.subject, Subject::Catalogue | Subject::Programme) => (true, true),
            None => (self.reach == Reach::Everything, self.reach == Reach::Everything),
        };
        let is_left_out = || {
            let now = change.seen.as_ref().map(|(_, now)| now);
            now.is_some_and(|now| !now.is_listed() && now.includes(&self.reach))
        };
        let action = match (before, now, change.action) {
            (false, false, _) | (true, true, Action::Shown) => return None,
            (_, _, Action::Deleted) => ChangeAction::Deleted,
            (true, false, _) if is_left_out() => ChangeAction::Archived,
            (true, false, _) => ChangeAction::Removed,
            (_, _, Action::Archived) => ChangeAction::Archived,
            (false, true, _) | (_, _, Action::Created) => ChangeAction::Created,
            (true, true, Action::Updated) => ChangeAction::Updated,
            (true, true, Action::MovedUp) => ChangeAction::MovedUp,
        };
        let is_readable = !matches!(action, ChangeAction::Deleted | ChangeAction::Removed);
        Some(SeenChange {
            seq: change.seq,
            subject: change.subject,
            id: change.subject_id.clone(),
            version: (change.version > 0).then_some(change.version),
            action,
            at: change.at,
            href: is_readable.then(|| href(change, action)).flatten(),
        })
    }
}

/// Returns where to read the record of a change.
fn href(change: &LoggedChange, action: ChangeAction) -> Option<String> {
    let id = &change.subject_id;
    let whole = || change.seen.as_ref().and_then(|(_, now)| now.parent());
    let path = match change.subject {
        Subject::Organization => format!("organizations/{id}"),
        Subject::Deliverable => format!("deliverables/{id}"),
        Subject::Worker => format!("workers/{id}"),
        Subject::Application => format!("applications/{id}"),
        Subject::Intake => format!("deliverables/{id}/intake"),
        Subject::Review => format!("projects/{}/reviews", whole()?),
        Subject::FollowUp => format!("projects/{}/follow-ups", whole()?),
        Subject::Catalogue => {
            let (kind, code) = id.split_once('/')?;
            format!(
                "{}/{code}",
                EntryKind::VARIANTS.iter().find(|one| one.code() == kind)?.path()
            )
        }
        Subject::DeclaredTotal => return None,
        Subject::User => format!("users/{id}"),
        Subject::Partner => format!("partners/{id}"),
        Subject::Project => format!("projects/{id}"),
        Subject::ProjectEntry => format!("projects/{}/history", whole()?),
        Subject::Weights => "weights".to_owned(),
        Subject::Round => format!("rounds/{id}"),
        Subject::Programme => format!("programmes/{id}"),
        Subject::IndicatorSource => format!("indicators?source={id}"),
        Subject::Event => format!("events/{id}"),
        Subject::Registration => format!("events/{}/registrations/{id}", whole()?),
        Subject::Card => format!("showcase/{id}"),
        Subject::Post => format!("posts/{id}"),
        Subject::Publication => format!("publications/{id}"),
    };
    let archived = if action == ChangeAction::Archived {
        "?include_archived=true"
    } else {
        ""
    };
    Some(format!("/v1/{path}{archived}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(action: Action, before: &str, now: &str) -> LoggedChange {
        LoggedChange {
            seq: 7,
            at: Instant::now(),
            subject: Subject::Deliverable,
            subject_id: "d".into(),
            action,
            version: 3,
            seen: Some((before.into(), now.into())),
        }
    }

    #[test]
    fn a_change_means_to_each_follower_what_it_does_to_their_lists() {
        use Action::{Archived, Created, Deleted, MovedUp, Shown, Updated};
        use ChangeAction as Seen;
        let (here, merged) = ("area:131041", "area:131041 unlisted");
        let everybody = |_: &str| true;
        let own = Sight::new(Reach::of_areas(&["131041".to_owned()]), "c", everybody);
        let all = Sight::new(Reach::Everything, "a", everybody);
        for (action, before, now, coordinator, administrator) in [
            (Created, "", here, Some(Seen::Created), Some(Seen::Created)),
            (Updated, "", here, Some(Seen::Created), Some(Seen::Updated)),
            (Updated, here, here, Some(Seen::Updated), Some(Seen::Updated)),
            (
                Updated,
                here,
                "area:131130",
                Some(Seen::Removed),
                Some(Seen::Updated),
            ),
            (Updated, "area:131130", "area:131130", None, Some(Seen::Updated)),
            (MovedUp, here, here, Some(Seen::MovedUp), Some(Seen::MovedUp)),
            (Archived, here, here, Some(Seen::Archived), Some(Seen::Archived)),
            (Deleted, here, "", Some(Seen::Deleted), Some(Seen::Deleted)),
            (Deleted, "area:131130", "", None, Some(Seen::Deleted)),
            (Shown, "", here, Some(Seen::Created), None),
            (Shown, here, "", Some(Seen::Removed), None),
            (Shown, here, here, None, None),
            (Updated, here, merged, Some(Seen::Archived), Some(Seen::Archived)),
            (Updated, merged, here, Some(Seen::Created), Some(Seen::Created)),
            (Updated, merged, merged, None, None),
            // An administrator sees records without an audience, too.
            (Shown, "", merged, None, Some(Seen::Archived)),
            (
                Updated,
                here,
                "unlisted area:131130",
                Some(Seen::Removed),
                Some(Seen::Archived),
            ),
        ] {
            let change = change(action, before, now);
            let seen = |sight: &Sight| sight.see(&change).map(|seen| seen.action);
            assert_eq!(seen(&own), coordinator, "{change:?}");
            assert_eq!(seen(&all), administrator, "{change:?}");
        }
        let removed = own.see(&change(Updated, here, "")).unwrap();
        assert_eq!(removed.href, None);
        let archived = own.see(&change(Archived, here, here)).unwrap();
        assert_eq!(archived.href.unwrap(), "/v1/deliverables/d?include_archived=true");
    }

    #[test]
    fn a_kind_that_may_not_be_read_is_not_followed() {
        let sight = Sight::new(Reach::Everything, "a", |scope| scope == "workers:read");
        assert_eq!(sight.types, [Subject::Worker, Subject::Catalogue]);
        assert!(sight.see(&change(Action::Created, "", "area:131041")).is_none());
        let asked = sight.clone().limited(Some(&[Subject::Deliverable]));
        assert!(matches!(
            asked,
            Err(Error::InsufficientScope {
                scope: "deliverables:read"
            })
        ));
        let of =
            |areas: [&str; 2]| Sight::new(Reach::of_areas(&areas.map(str::to_owned)), "c", |_| true).mark(1);
        assert_eq!(of(["131041", "131130"]), of(["131130", "131041"]));
        assert_ne!(sight.mark(1), sight.mark(2));
        assert_ne!(
            sight.mark(1),
            Sight::new(Reach::Everything, "a", |_| true).mark(1)
        );
    }
}
