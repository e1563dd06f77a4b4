//! The statuses of projects and artifacts, and the moves between them.

use crate::deliverables::{Deliverable, DeliverableStatus};
use crate::values::{Lifecycle, coded_enum};

coded_enum! {
    #[derive(Default)]
    ProjectStatus {
        /// The work hasn't begun.
        #[default]
        Planned,
        InProgress,
        Delivered,
        /// Delivered and handed over: nothing is left to do.
        Closed,
        Cancelled,
    }
}

impl Lifecycle for ProjectStatus {
    const NAME: (&'static str, &'static str) = ("プロジェクトの状態", "The status of a project");
    const SCHEMA: &'static str = "ProjectStatus";

    fn next(self) -> &'static [ProjectStatus] {
        use ProjectStatus::*;
        match self {
            Planned => &[InProgress, Cancelled],
            InProgress => &[Delivered, Cancelled],
            Delivered => &[Closed],
            Closed | Cancelled => &[],
        }
    }
}

impl ProjectStatus {
    /// Returns the status that a deliverable's project has, if it had this one before. Only `closed` is the project's own.
    pub fn following(self, deliverable: &Deliverable) -> ProjectStatus {
        use DeliverableStatus::{Cancelled, Declined, Delivered, InProgress};
        match deliverable.request.status {
            Delivered if self == ProjectStatus::Closed => ProjectStatus::Closed,
            Delivered => ProjectStatus::Delivered,
            Cancelled | Declined => ProjectStatus::Cancelled,
            _ if deliverable.archived_at.is_some() => ProjectStatus::Cancelled,
            InProgress => ProjectStatus::InProgress,
            _ => ProjectStatus::Planned,
        }
    }

    /// Returns the status that the deliverable of a project has.
    pub fn of_deliverable(self) -> DeliverableStatus {
        match self {
            ProjectStatus::Planned => DeliverableStatus::Matched,
            ProjectStatus::InProgress => DeliverableStatus::InProgress,
            ProjectStatus::Delivered | ProjectStatus::Closed => DeliverableStatus::Delivered,
            ProjectStatus::Cancelled => DeliverableStatus::Cancelled,
        }
    }
}

coded_enum! {
    /// The status of an artifact.
    #[derive(Default)]
    ArtifactStatus {
        /// It isn't ready to be seen by the organization.
        #[default]
        Draft,
        /// The organization is to answer.
        Submitted,
        Accepted,
        /// The organization asks for changes.
        Returned,
    }
}

impl Lifecycle for ArtifactStatus {
    const NAME: (&'static str, &'static str) = ("成果物の状態", "The status of an artifact");
    const SCHEMA: &'static str = "ArtifactStatus";

    fn next(self) -> &'static [ArtifactStatus] {
        use ArtifactStatus::*;
        match self {
            Draft => &[Submitted],
            Submitted => &[Draft, Accepted, Returned],
            Returned => &[Submitted],
            Accepted => &[],
        }
    }
}

impl ArtifactStatus {
    /// Returns whether it is the organization's answer.
    pub fn is_answer(self) -> bool {
        matches!(self, ArtifactStatus::Accepted | ArtifactStatus::Returned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantArray;

    #[test]
    fn a_project_moves_wherever_its_deliverable_does() {
        for &from in ProjectStatus::VARIANTS {
            for &to in from.next() {
                let (one, other) = (from.of_deliverable(), to.of_deliverable());
                assert!(one.check_move(other).is_ok(), "{from:?} {to:?}");
            }
        }
    }
}
