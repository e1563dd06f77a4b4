//! The server: everything that the slices share while requests are answered.
//!
//! * `routes`: the URL table, one line for each slice. `tasks`: the background tasks, one line each.
//! * `state`: what handlers and tasks share. `app`: the middleware, in order, around the routes.
//! * `listener`: binds, runs and stops. `signals`: when and how it stops. `connections`: caps and time-outs of connections.
//!   `tls`: reads certificates.
//! * `document`: the OpenAPI document, built from the same routes. `examples`: of its answers.
//!   `personal`: what in it is personal data.
//! * `console`: the console at `/`.
//! * `health`: /healthz and /readyz. `metrics`: /metrics, on a separate listener. `pages`: the page on which people choose a password.

mod app;
mod connections;
mod console;
pub mod document;
mod examples;
pub mod health;
mod listener;
mod metrics;
mod pages;
pub mod personal;
mod routes;
mod signals;
mod state;
mod tasks;
mod tls;

pub use listener::Listener;
pub use state::AppState;
