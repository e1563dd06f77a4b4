//! Imports: files of any quality in, with a report on every row.
//!
//! ```text
//! bytes -> rows (crate `tables`) -> columns (what they mean) -> kinds (records) -> jobs (into the database)
//! ```
//!
//! * `headings`, `assignment`, `columns`, `mappings`: what headings mean. `fields`: what cells are put into.
//!   `vocabulary`, `days`, `places`, `contacts`, `persons`: what words mean in cells. `kinds`: rows as workers, organizations,
//!   deliverables, applications, projects, events. `finding`: what was found in a row.
//! * `http` receives files, `spool` stores them, within the `quotas`; `parameters` has the options of a request. `jobs` runs
//!   imports, resumes and undoes them; `log` has what they append to the change log.
//! * `archive`, `engagements`, `plan`, `totals`: a published archive: its file, its rows, what to write, and
//!   its declared totals against what it lists.
//! * `actions`: what HTTP, the command line and the demonstration do with imports.
//!
//! Rows that break a rule are reported and left out; the others are imported. Importing the same file again
//! changes nothing.

pub mod actions;
pub mod archive;
pub mod assignment;
pub mod columns;
pub mod contacts;
pub mod days;
pub mod engagements;
pub mod fields;
pub mod finding;
pub mod headings;
pub mod http;
pub mod jobs;
pub mod kinds;
pub mod log;
pub mod mappings;
pub mod parameters;
pub mod persons;
pub mod places;
pub mod plan;
pub mod quotas;
pub mod spool;
pub mod standing;
pub mod tasks;
pub mod totals;
pub mod vocabulary;

use crate::auth::{
    DecideApplications, DecideDeliverables, ReadPersonalData, ReadProjectWork, ReadRegistrations, Scope,
    SubmitApplications, WithdrawApplications, WriteApplications, WriteDeliverables, WriteEvents,
    WriteProjectWork, WriteProjects, WriteRegistrations,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the rows of a file are.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    clap::ValueEnum,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ImportKind {
    Workers,
    Organizations,
    Deliverables,
    /// Who applied for what or was invited, and with what outcome.
    Applications,
    /// The work of teams, also of years ago: for whom, who took part, and how far it has come.
    Projects,
    /// Milestones, meetings and hours of projects.
    ProjectWork,
    /// Trainings, lectures and other gatherings, as an office plans or publishes them.
    Events,
    /// Who comes to an event, or came: a list of those who registered, or of the attendance.
    Registrations,
    /// A published archive: organizations, and what was done for them.
    Engagements,
}

impl ImportKind {
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Returns the set of the vocabulary that has the words of its fields.
    pub fn field_words(self) -> &'static str {
        match self {
            ImportKind::Workers => "WorkerField",
            ImportKind::Organizations => "OrganizationField",
            ImportKind::Deliverables => "DeliverableField",
            ImportKind::Applications => "ApplicationField",
            ImportKind::Projects => "ProjectField",
            ImportKind::ProjectWork => "ProjectWorkField",
            ImportKind::Events => "EventField",
            ImportKind::Registrations => "RegistrationField",
            ImportKind::Engagements => "",
        }
    }

    /// Returns whether its rows do what the API does, instead of being records.
    pub fn acts(self) -> bool {
        matches!(
            self,
            ImportKind::Applications
                | ImportKind::Projects
                | ImportKind::ProjectWork
                | ImportKind::Events
                | ImportKind::Registrations
        )
    }

    /// Returns the scopes that a sender needs beside `imports:write`.
    pub fn scopes(self) -> &'static [&'static str] {
        match self {
            ImportKind::Applications => &[
                SubmitApplications::NAME,
                WriteApplications::NAME,
                DecideApplications::NAME,
                WithdrawApplications::NAME,
                ReadPersonalData::NAME,
            ],
            ImportKind::Projects => &[
                WriteProjects::NAME,
                WriteDeliverables::NAME,
                DecideDeliverables::NAME,
                SubmitApplications::NAME,
                DecideApplications::NAME,
                ReadPersonalData::NAME,
            ],
            ImportKind::ProjectWork => &[
                ReadProjectWork::NAME,
                WriteProjectWork::NAME,
                ReadPersonalData::NAME,
            ],
            ImportKind::Events => &[WriteEvents::NAME],
            ImportKind::Registrations => &[
                ReadRegistrations::NAME,
                WriteRegistrations::NAME,
                ReadPersonalData::NAME,
            ],
            _ => &[],
        }
    }
}
