//! The background tasks of a server, one line each. What a task does is in its slice's `tasks.rs`.

use super::state::AppState;
use crate::config::Retention;
use crate::http::idempotency;
use crate::tasks::{TaskCounts, TaskSet};
use crate::{
    applications, duplicates, erasure, events, exposures, follow_ups, following, imports, matches, partners,
    press, projects, reviews, rounds, sessions, webhooks,
};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Starts them all.
pub fn start(state: &AppState, retention: Retention, counts: TaskCounts) -> TaskSet {
    let AppState {
        pool,
        feed,
        catalogues,
        workbooks,
        stopping,
        ..
    } = state;
    let importing = &Arc::new(AtomicBool::new(false));
    let erase = erasure::actions::take_back;
    let mut tasks = TaskSet::new(pool.renewals(), counts);
    tasks.start(following::tasks::advance(pool, feed, stopping));
    if pool.has_standby() {
        tasks.start(following::tasks::look_at_standby(pool));
    }
    tasks.start(following::tasks::trim(pool, retention.changes));
    tasks.start(matches::tasks::follow_changes(pool, catalogues, &state.index));
    let public_url = state.public_url.as_deref().unwrap_or_default();
    tasks.start(webhooks::tasks::deliver(
        pool,
        feed,
        &state.webhooks,
        public_url,
        stopping,
    ));
    tasks.start(webhooks::tasks::purge(pool));
    tasks.start(applications::tasks::watch_deadlines(pool));
    tasks.start(exposures::tasks::write_lists(pool, &state.recorder));
    tasks.start(exposures::tasks::purge_lists(pool));
    tasks.start(press::tasks::write_views(pool, &state.views));
    tasks.start(idempotency::tasks::purge(pool));
    tasks.start(sessions::tasks::purge(pool));
    tasks.start(sessions::tasks::purge_throttles(pool));
    tasks.start(partners::tasks::reload_origins(pool, &state.origins));
    tasks.start(imports::tasks::run(
        pool, catalogues, workbooks, stopping, importing, erase,
    ));
    tasks.start(imports::tasks::forget_erased(pool));
    tasks.start(imports::tasks::forget_registrations(pool));
    tasks.start(imports::tasks::purge(pool, retention.imports));
    tasks.start(duplicates::tasks::follow_changes(pool, stopping, importing));
    tasks.start(events::tasks::add_digests(pool));
    tasks.start(follow_ups::tasks::make(pool));
    tasks.start(projects::tasks::measure_durations(pool));
    tasks.start(reviews::tasks::count_shown(pool));
    tasks.start(rounds::tasks::purge(pool));
    tasks.start(erasure::tasks::apply_retention(pool, retention));
    tasks.start(erasure::tasks::empty_log(pool));
    tasks
}
