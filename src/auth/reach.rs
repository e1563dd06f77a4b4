//! How far a caller reaches: which records a permission with the extent "own" covers.

use crate::db::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What makes records a caller's own. `crate::reach` says which records of each table that covers.
#[derive(Debug, Clone, PartialEq)]
pub enum Reach {
    Everything,
    Areas(Vec<String>),
    Organization(Id),
    Worker(Id),
    Partner(PartnerReach),
}

impl Reach {
    /// Returns whether records of an area are within the reach, as far as the area decides.
    pub fn covers_area(&self, area: &str) -> bool {
        match self {
            Reach::Everything => true,
            Reach::Areas(areas) => areas.iter().any(|own| own == area),
            Reach::Organization(_) | Reach::Worker(_) | Reach::Partner(_) => false,
        }
    }

    /// Describes the reach in words. For one role, a reach that covers another has all of its words.
    pub fn words(&self) -> Vec<String> {
        match self {
            Reach::Everything => Vec::new(),
            Reach::Areas(areas) => areas.iter().map(|area| format!("area:{area}")).collect(),
            Reach::Organization(id) => vec![format!("organization:{id}")],
            Reach::Worker(id) => vec![format!("worker:{id}")],
            Reach::Partner(partner) => vec![format!("partner:{}", partner.id)],
        }
    }
}

/// What a partner reaches, and how its volunteers are marked.
#[derive(Debug, Clone, PartialEq)]
pub struct PartnerReach {
    pub id: Id,
    /// The `source` of its volunteers.
    pub source: String,
    /// Limits deliverables to these areas; empty means all.
    pub areas: Vec<String>,
    /// Limits deliverables to these families; empty means all.
    pub families: Vec<String>,
    /// Whether the partner writes test data only.
    pub sandbox: bool,
}

/// Where a user or the holder of a token belongs. The role decides which member is required.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Belonging {
    /// The areas of a coordinator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<String>,
    /// The organization of one of its members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Id>,
    /// The profile of a worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<Id>,
}
