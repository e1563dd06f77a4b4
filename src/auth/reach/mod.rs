//! How far a caller reaches: the records that "own" means.

pub mod store;

use crate::db::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the records of a caller's own are told by. What a slice makes of it stands in its store:
///
/// | reach | organizations | deliverables | workers | applications |
/// |---|---|---|---|---|
/// | areas | in them | in them | in them, or applied for one there | for one there, or of a worker there |
/// | organization | itself | its own, alone or jointly | who applied to it | for its own |
/// | worker | of those deliverables | open ones, and those applied for | themselves | their own |
/// | partner | of those deliverables | open ones that are diffused, within the partner's areas and families, and those applied for | its volunteers | theirs |
#[derive(Debug, Clone, PartialEq)]
pub enum Reach {
    Everything,
    Areas(Vec<String>),
    Organization(Id),
    Worker(Id),
    Partner(PartnerReach),
}

/// What a partner reaches, and how its volunteers are marked.
#[derive(Debug, Clone, PartialEq)]
pub struct PartnerReach {
    pub id: Id,
    /// The `source` of its volunteers.
    pub source: String,
    /// Only deliverables of these areas; of all where it is empty.
    pub areas: Vec<String>,
    /// Only deliverables of these families; of all where it is empty.
    pub families: Vec<String>,
    /// Its data is for trying only.
    pub sandbox: bool,
}

/// Where somebody belongs, as users and tokens have it: which of these is needed follows from the role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Belonging {
    /// A coordinator's areas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<String>,
    /// An organization's member: which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Id>,
    /// A worker: whose profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<Id>,
}

impl PartnerReach {
    /// Whether an open deliverable may be shown to it: `store::deliverables` asks the same of the database.
    pub fn is_offered(&self, diffused: bool, area: &Option<String>, family: &str) -> bool {
        let is_of = |own: &[String], one: &str| own.is_empty() || own.iter().any(|code| code == one);
        diffused && is_of(&self.areas, area.as_deref().unwrap_or_default()) && is_of(&self.families, family)
    }
}
