//! Joint organizations: those that request a deliverable together with the lead.
//!
//! Naming an organization only invites it, unless the caller acts for it: a coordinator of its area, an
//! administrator or an import. Until it accepts, and after it has left, it sees nothing of the deliverable's
//! applications and rankings, and counts in nothing that shows people. An archive tells what was agreed long ago, so its
//! joint organizations have accepted.

use crate::catalogue::Format;
use crate::db::{Id, Instant};
use crate::http::query::Several;
use crate::values::{AreaCode, Code, Lifecycle, coded_enum};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

coded_enum! {
    JointStatus {
        /// Waits for the organization's answer.
        Invited,
        Accepted,
        /// The organization refused the invitation.
        Declined,
        /// The organization had accepted, and stepped back.
        Left,
    }
}

use JointStatus::*;

impl Lifecycle for JointStatus {
    const NAME: (&'static str, &'static str) = ("共同の依頼への回答", "The status of a joint organization");
    const SCHEMA: &'static str = "JointStatus";

    /// Returns the statuses that may follow. After an end, only a new invitation helps.
    fn next(self) -> &'static [JointStatus] {
        match self {
            Invited => &[Accepted, Declined],
            Accepted => &[Left],
            Declined | Left => &[],
        }
    }
}

/// An organization that is named as a joint one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"organization_id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3e", "status": "accepted"}))]
pub struct JointOrganization {
    pub organization_id: Id,
    pub status: JointStatus,
}

impl JointOrganization {
    /// Returns the joint organizations with these ids. Each keeps its status of `before`; the others are invited.
    pub fn list(ids: &[Id], before: &[JointOrganization]) -> Vec<JointOrganization> {
        let one = |id: &Id| {
            let known = before.iter().find(|one| one.organization_id == *id);
            known.cloned().unwrap_or(JointOrganization {
                organization_id: *id,
                status: Invited,
            })
        };
        ids.iter().map(one).collect()
    }

    /// Accepts for those of the organizations that `before` doesn't have and that are among `acted_for`. Returns them.
    pub fn accept_new(
        all: &mut [JointOrganization],
        before: &[JointOrganization],
        acted_for: &BTreeSet<Id>,
    ) -> Vec<Id> {
        let is_known = |id: Id| before.iter().any(|one| one.organization_id == id);
        let new = all
            .iter_mut()
            .filter(|one| !is_known(one.organization_id) && acted_for.contains(&one.organization_id));
        let accept = |one: &mut JointOrganization| {
            one.status = Accepted;
            one.organization_id
        };
        new.map(accept).collect()
    }
}

/// The answer of a joint organization.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "accepted"}))]
pub struct JointAnswer {
    /// An invited organization accepts or declines; one that has accepted may leave.
    pub status: JointStatus,
}

/// A deliverable that an organization is named in as a joint one: what it needs to decide, and nothing else.
#[derive(Debug, Serialize, ToSchema)]
pub struct JointDeliverable {
    pub deliverable_id: Id,
    /// Where your organization stands.
    pub status: JointStatus,
    /// The lead organization.
    pub lead_organization_id: Id,
    #[schema(example = "戸山ふれあいの会")]
    pub lead_organization_name: String,
    #[schema(example = "会員募集のチラシ")]
    pub title: String,
    #[serde(rename = "type")]
    #[schema(example = "flyer")]
    pub type_: Code,
    pub format: Option<Format>,
    pub area: Option<AreaCode>,
    pub starts_on: Option<NaiveDate>,
    pub ends_on: Option<NaiveDate>,
    /// The deliverable's version, for `If-Match`.
    #[schema(minimum = 1)]
    pub version: i64,
    pub updated_at: Instant,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JointFilter {
    /// Only deliverables where the organization stands like this: `invited` lists what waits for an answer. One status, or
    /// several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<JointStatus>>)]
    pub status: Option<Several<JointStatus>>,
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the previous page.
    pub cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantArray;

    #[test]
    fn codes_are_the_same_on_the_wire_and_in_rows() {
        for status in JointStatus::VARIANTS {
            assert_eq!(serde_json::to_value(status).unwrap(), status.code());
            assert_eq!(status.code().parse(), Ok(*status));
        }
    }

    #[test]
    fn names_both_statuses_of_an_illegal_move() {
        let error = Declined.check_move(Accepted).unwrap_err();
        assert_eq!((error.status(), error.code()), (409, "illegal_transition"));
        assert!(error.detail().en.contains("declined") && error.detail().en.contains("accepted"));
        assert!(Accepted.check_move(Accepted).is_ok() && Invited.check_move(Left).is_err());
    }

    #[test]
    fn only_new_organizations_are_accepted_for_by_who_acts_for_them() {
        let (one, two, three) = (Id::new(), Id::new(), Id::new());
        let before = JointOrganization::list(&[one], &[]);
        let mut all = JointOrganization::list(&[one, two, three], &before);
        let accepted = JointOrganization::accept_new(&mut all, &before, &BTreeSet::from([one, two]));
        assert_eq!(accepted, [two]);
        let statuses: Vec<JointStatus> = all.iter().map(|one| one.status).collect();
        assert_eq!(statuses, [Invited, Accepted, Invited]);
        assert_eq!(
            JointOrganization::list(&[three, two], &all),
            [all[2].clone(), all[1].clone()]
        );
    }
}
