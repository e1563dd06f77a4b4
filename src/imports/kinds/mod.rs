//! Kinds of records: how the cells of a row become a worker, an organization or a deliverable, and what a row of
//! applications, projects, their work, events or registrations does (`acting`).
//!
//! A row changes the record that is already there. A column with an empty cell unsets its field; a field
//! without a column stays. The result has to follow the rules of the API. A broken rule is reported with the
//! cell that breaks it.

pub mod acting;
pub mod applications;
pub mod deliverables;
pub mod events;
pub mod layout;
pub mod months;
pub mod organizations;
pub mod project_work;
pub mod projects;
pub mod reading;
pub mod record;
pub mod registrations;
pub mod sections;
pub mod states;
pub mod when;
pub mod workers;
