//! The background tasks of imports.

use super::jobs::forgetting;
use super::jobs::runner::{LEASE, Runner, TURN, Untold};
use super::jobs::store;
use super::kinds::record::EraseWorkers;
use crate::catalogue::Catalogues;
use crate::db::{Instant, Pool};
use crate::tasks::Task;
use crate::workbooks::Workbooks;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Files of which no part has arrived for this long are deleted.
const STALLED: chrono::Duration = chrono::Duration::minutes(15);

/// Runs waiting imports one after the other; `importing` is set while it does.
pub fn run(
    pool: &Pool,
    catalogues: &Arc<Catalogues>,
    workbooks: &Arc<Workbooks>,
    stopping: &Arc<AtomicBool>,
    importing: &Arc<AtomicBool>,
    erase: EraseWorkers,
) -> Task {
    let (pool, catalogues) = (pool.clone(), Arc::clone(catalogues));
    let workbooks = Arc::clone(workbooks);
    let (stopping, importing) = (Arc::clone(stopping), Arc::clone(importing));
    let untold = Untold::default();
    let run = move || {
        let runner = Runner {
            untold: &untold,
            pool: &pool,
            catalogues: &catalogues,
            workbooks: &workbooks,
            stopping: &stopping,
            lease: LEASE,
            turn: TURN,
            erase,
            observer: &|_| {},
        };
        let mut ran = Ok(true);
        while let Ok(true) = ran {
            importing.store(true, Ordering::Relaxed);
            ran = runner.run_next(None).map(|job| job.is_some());
        }
        importing.store(false, Ordering::Relaxed);
        ran.map(drop)
    };
    Task::new("imports", Duration::from_millis(200), run)
}

/// Forgets erased people in files and reports whose search isn't over yet.
pub fn forget_erased(pool: &Pool) -> Task {
    let pool = pool.clone();
    let search = move || forgetting::search(&pool);
    Task::new("files of erased people", Duration::from_secs(10), search)
}

/// Forgets in files and reports who is no longer registered for an event.
pub fn forget_registrations(pool: &Pool) -> Task {
    let pool = pool.clone();
    let follow = move || forgetting::follow(&pool);
    Task::new("files of registrations", Duration::from_secs(1), follow)
}

/// Deletes imports that ended longer ago than `kept`, with their files and reports, and those that stopped
/// arriving.
pub fn purge(pool: &Pool, kept: chrono::Duration) -> Task {
    let pool = pool.clone();
    Task::new("old imports", Duration::from_secs(300), move || {
        let before = |age: chrono::Duration| Instant::from(chrono::Utc::now() - age);
        let (ended, stalled) = (before(kept), before(STALLED));
        while pool.write_blocking(|db| store::purge(db, ended, stalled))? > 0 {}
        pool.write_blocking(|db| store::people::purge(db, ended))?;
        Ok(())
    })
}
