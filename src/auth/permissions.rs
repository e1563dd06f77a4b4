//! The permission table: what each role may do, and how far.
//!
//! It has one row for each scope and one column for each role. An operation names one scope in its handler's
//! signature. The documentation, `musubi permissions` and the tests read this table.

use super::role::UserRole;
use serde::Serialize;
use std::fmt::Write;
use strum::VariantArray;
use utoipa::ToSchema;

/// How far a permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// Records within the caller's reach.
    Own,
    /// All records.
    All,
}

/// One permission.
pub trait Scope: 'static {
    const NAME: &'static str;
}

/// A scope, what it permits, and its extent for each role in the order of `UserRole::VARIANTS`.
pub struct Permission {
    pub scope: &'static str,
    pub permits: &'static str,
    pub extents: [Option<Extent>; UserRole::VARIANTS.len()],
}

macro_rules! permissions {
    ($($name:ident = $code:literal: $permits:literal, [$($extent:ident)*];)*) => {
        $(#[doc = $permits] pub struct $name; impl Scope for $name { const NAME: &'static str = $code; })*
        pub const PERMISSIONS: &[Permission] =
            &[$(Permission { scope: $code, permits: $permits, extents: [$(permissions!(@ $extent)),*] }),*];
    };
    (@ all) => { Some(Extent::All) };
    (@ own) => { Some(Extent::Own) };
    (@ no) => { None };
}

permissions! {
    // admin, coordinator, organization, worker, partner, importer, auditor
    WriteCatalogue = "catalogue:write": "Add, change and retire entries of the catalogue",
        [all no no no no no no];
    ReadOrganizations = "organizations:read": "Read organizations",
        [all own own own own all all];
    WriteOrganizations = "organizations:write": "Register, change and archive organizations",
        [all own own no no all no];
    ReadDeliverables = "deliverables:read": "Read deliverables",
        [all own own own own all all];
    WriteDeliverables = "deliverables:write": "Request, change and archive deliverables",
        [all own own no no all no];
    DecideDeliverables = "deliverables:decide": "Open, decline, match and close deliverables",
        [all own no no no all no];
    ReadIntake = "intake:read": "Read how requests were examined and decided",
        [all own own no no no all];
    WriteIntake = "intake:write": "Record the endorsement, the hearing and the due days of requests",
        [all own no no no no no];
    ReadWorkers = "workers:read": "Read workers' profiles",
        [all own own own own all all];
    WriteWorkers = "workers:write": "Register, change and erase workers",
        [all own no own own all no];
    ReadPersonalData = "personal_data:read": "See names, contact details and free text that identify a person",
        [all own own own own no all];
    ExportPersonalData = "personal_data:export": "Export all data held on a person, and list their consents",
        [all own no own own no all];
    ReadDuplicates = "duplicates:read": "Read pairs of workers or organizations that may be duplicates",
        [all own no no no no all];
    WriteDuplicates = "duplicates:write": "Decide whether two workers or organizations are duplicates",
        [all own no no no no no];
    ReadApplications = "applications:read": "Read applications",
        [all own own own own no all];
    SubmitApplications = "applications:submit": "Submit applications for workers, and invite workers",
        [all own own own own no no];
    WriteApplications = "applications:write": "Change the status of applications, as the two scopes below allow",
        [all own own own own no no];
    DecideApplications = "applications:decide": "Shortlist, offer, agree to and decline applications",
        [all own own no no no no];
    WithdrawApplications = "applications:withdraw": "Withdraw applications",
        [all own no own own no no];
    ReadProjects = "projects:read": "Read projects and their teams",
        [all own own own own no all];
    WriteProjects = "projects:write": "Create accompaniments, and change projects and their status",
        [all own no no no no no];
    ReadProjectWork = "project_work:read": "Read the milestones, meetings, hours, artifacts, risks, notes and history of projects",
        [all own own own no no all];
    WriteProjectWork = "project_work:write": "Write milestones, meetings, hours, artifacts, risks and notes of projects",
        [all own own own no no no];
    ReadProgrammes = "programmes:read": "Read programmes and their calendars",
        [all all all all all no all];
    WriteProgrammes = "programmes:write": "Register and change programmes, and what belongs to them",
        [all own no no no no no];
    ReadEvents = "events:read": "Read events",
        [all own own own own no all];
    WriteEvents = "events:write": "Register, publish and change events",
        [all own own no no no no];
    ReadRegistrations = "registrations:read": "Read registrations for events, and what came of them",
        [all own own own own no all];
    WriteRegistrations = "registrations:write": "Register people for events, and say who attended",
        [all own own own own no no];
    ReadPress = "press:read": "Read drafts of what is published, feedback and page views",
        [all own no no no no all];
    WritePress = "press:write": "Write and publish news, newsletters, playbooks and textbooks",
        [all own no no no no no];
    WriteShowcase = "showcase:write": "Write the cards of projects",
        [all own own no no no no];
    ReadMatches = "matches:read": "Rank workers for deliverables",
        [all own own no no no all];
    ReadRounds = "rounds:read": "Read rounds",
        [all own no no no no all];
    WriteRounds = "rounds:write": "Make, change and publish rounds",
        [all own no no no no no];
    ReadRecommendations = "recommendations:read": "Rank deliverables for workers",
        [all own no own own no all];
    ReadReviews = "reviews:read": "Read the reviews of projects",
        [all own own own own no all];
    WriteReviews = "reviews:write": "Write reviews of projects",
        [all own own own own no no];
    ReadFollowUps = "follow_ups:read": "Read what became of delivered work",
        [all own own no no no all];
    AnswerFollowUps = "follow_ups:answer": "Say what became of delivered work",
        [all own own no no no no];
    InviteFollowUps = "follow_ups:invite": "Make links with which organizations answer without an account",
        [all own no no no no no];
    ReadResponses = "responses:read": "Read how fast coordinators answer",
        [all own no no no no no];
    ReadChanges = "changes:read": "Follow changes of the records that you may read",
        [all own own own own all all];
    ReadWebhooks = "webhooks:read": "Read webhooks and what became of their messages",
        [all no no no own no no];
    WriteWebhooks = "webhooks:write": "Register, change, test and remove webhooks, renew their secrets, and send messages again",
        [all no no no own no no];
    ReadTasks = "tasks:read": "List what waits for you",
        [all own own own own no no];
    ReadStatistics = "statistics:read": "Read statistics",
        [all all no no no no all];
    ReadReports = "reports:read": "Read yearly reports",
        [all own no no no no all];
    WriteIndicators = "indicators:write": "Replace and remove figures of official statistics",
        [all no no no no no no];
    WriteWeights = "weights:write": "Set the weights of rankings",
        [all no no no no no no];
    ReadAudit = "audit:read": "Read the audit: who viewed or changed what",
        [all no no no no no all];
    ReadUsers = "users:read": "Read users",
        [all no no no no no all];
    WriteUsers = "users:write": "Invite, change and remove users",
        [all no no no no no no];
    ReadPartners = "partners:read": "Read partners",
        [all no no no no no all];
    WritePartners = "partners:write": "Register, change and suspend partners, and renew their secrets",
        [all no no no no no no];
    ReadImports = "imports:read": "Read imports, their reports and saved mappings",
        [all own no no no own no];
    WriteImports = "imports:write": "Import files, cancel and undo imports, and save mappings",
        [all own no no no own no];
    ReadExports = "exports:read": "Export lists that the caller may read as files",
        [all own own own own all all];
    Account = "account": "Read your user, and manage your sessions and password",
        [own own own own own own own];
}

/// Returns how far a role may use a scope, or `None` if it may not.
pub fn extent(role: UserRole, scope: &str) -> Option<Extent> {
    let row = PERMISSIONS.iter().find(|row| row.scope == scope)?;
    let column = UserRole::VARIANTS.iter().position(|r| *r == role)?;
    row.extents.get(column).copied().flatten()
}

/// Returns the table in Markdown, for the documentation and `musubi permissions`.
pub fn table() -> String {
    let mut text = "| scope |".to_owned();
    for &role in UserRole::VARIANTS {
        let _ = write!(text, " {} |", role.code());
    }
    text += "\n|---|";
    text += &"---|".repeat(UserRole::VARIANTS.len());
    for row in PERMISSIONS {
        let _ = write!(text, "\n| `{}` |", row.scope);
        for extent in row.extents {
            let cell = match extent {
                Some(Extent::All) => "all",
                Some(Extent::Own) => "own",
                None => "",
            };
            let _ = write!(text, " {cell} |");
        }
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_unique_and_an_administrator_has_all_of_them() {
        let mut names: Vec<&str> = PERMISSIONS.iter().map(|row| row.scope).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PERMISSIONS.len());
        assert!(
            PERMISSIONS
                .iter()
                .all(|row| extent(UserRole::Admin, row.scope).is_some())
        );
        assert_eq!(extent(UserRole::Admin, "unknown"), None);
    }

    #[test]
    fn an_auditor_changes_nothing() {
        let writing = PERMISSIONS
            .iter()
            .filter(|row| row.scope.ends_with(":write"))
            .map(|row| row.scope);
        assert!(writing.clone().count() > 3);
        for scope in writing {
            assert_eq!(extent(UserRole::Auditor, scope), None, "{scope}");
        }
    }

    #[test]
    fn the_markdown_has_a_row_for_each_scope_and_a_column_for_each_role() {
        let table = table();
        assert_eq!(table.lines().count(), PERMISSIONS.len() + 2);
        assert!(
            table
                .lines()
                .all(|line| line.matches('|').count() == UserRole::VARIANTS.len() + 2)
        );
    }
}
