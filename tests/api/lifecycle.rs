//! Compares docs/lifecycle.md with the statuses and moves in the code.

use musubi::applications::{ApplicationStatus, moves};
use musubi::deliverables::{DeliverableStatus, JointStatus};
use musubi::projects::{ArtifactStatus, ProjectStatus};
use musubi::values::Lifecycle;

const PAGE: &str = include_str!("../../docs/lifecycle.md");

#[test]
fn the_documentation_has_the_moves_of_the_code() {
    for (name, table) in [
        ("deliverables", DeliverableStatus::table()),
        ("joint organizations", JointStatus::table()),
        ("applications", ApplicationStatus::table()),
        ("moves", moves::table()),
        ("projects", ProjectStatus::table()),
        ("artifacts", ArtifactStatus::table()),
    ] {
        let (_, rest) = PAGE.split_once(&format!("<!-- {name} -->\n\n")).unwrap();
        let (shown, _) = rest.split_once("\n\n").unwrap();
        assert_eq!(shown, table.trim_end(), "docs/lifecycle.md, {name}");
    }
}
