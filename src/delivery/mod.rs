//! How a project moves through its statuses: begun, delivered, closed, cancelled.
//!
//! * `actions`: changing a project. `http`: the operation.
//!
//! The status of a deliverable's project is the deliverable's. So a move changes the deliverable, with its applications and
//! its team, and the project follows; whichever of the two is changed, both agree. Only `closed` is the project's own.

pub mod actions;
pub mod http;
