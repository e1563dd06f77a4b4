//! The roles of callers.

use super::reach::{Belonging, Reach};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The role of a caller.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ValueEnum,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum UserRole {
    /// The secretariat
    Admin,
    /// City hall, social welfare council or community support centre, within its areas
    Coordinator,
    /// A member of an organization
    Organization,
    /// A pro bono worker, for their own profile
    Worker,
    /// An app through which volunteers find deliverables
    Partner,
    /// A script that loads rosters
    Importer,
    /// Reads everything, changes nothing
    Auditor,
}

impl UserRole {
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Returns the reach of the role, or `None` if a required belonging is missing.
    pub fn reach(self, belonging: Belonging) -> Option<Reach> {
        match self {
            UserRole::Admin | UserRole::Importer | UserRole::Auditor => Some(Reach::Everything),
            UserRole::Coordinator => Some(Reach::of_areas(&belonging.areas)),
            UserRole::Organization => belonging.organization_id.map(Reach::Organization),
            UserRole::Worker => belonging.worker_id.map(Reach::Worker),
            UserRole::Partner => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_without_their_belonging_reach_nothing() {
        assert_eq!(
            UserRole::Coordinator.reach(Belonging::default()),
            Some(Reach::Areas(vec![]))
        );
        for role in [UserRole::Organization, UserRole::Worker, UserRole::Partner] {
            assert_eq!(role.reach(Belonging::default()), None, "{role:?}");
        }
    }
}
