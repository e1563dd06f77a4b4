//! Jobs whose server dies on the way, is stopped, or is asked to cancel.

use crate::support::{config, postgres};
use musubi::config::Config;
use musubi::imports::ImportKind;
use musubi::imports::actions;
use musubi::imports::jobs::run::STEP;
use musubi::imports::jobs::runner::{LEASE, Runner};
use musubi::imports::jobs::{Import, ImportFilter, ImportMode, ImportOptions, ImportStatus, store};
use musubi::server::AppState;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;

fn roster(rows: usize) -> Vec<u8> {
    let row = |i: usize| format!("{i},佐藤 {i},新宿区\n");
    let rows: String = (1..=rows).map(row).collect();
    format!("id,氏名,地域\n{rows}").into_bytes()
}

/// A database without a server.
fn on_both(test: impl Fn(&AppState)) {
    let folder = TempDir::new().unwrap();
    let open = |config: &Config| AppState::open(config).unwrap();
    test(&open(&config(folder.path(), None)));
    if let Some(cluster) = postgres::cluster() {
        static NUMBER: AtomicU32 = AtomicU32::new(10_000);
        let url = cluster.fresh_database(NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = TempDir::new().unwrap();
        test(&open(&config(folder.path(), Some(url))));
    }
}

fn send(state: &AppState, mode: ImportMode, rows: usize) -> Import {
    let options = ImportOptions {
        mode,
        ..ImportOptions::of(ImportKind::Workers)
    };
    actions::create(&state.pool, "test", options, &mut roster(rows).as_slice()).unwrap()
}

fn run(
    state: &AppState,
    lease: Duration,
    stopping: &AtomicBool,
    observer: &(dyn Fn(&Import) + Sync),
) -> Option<Import> {
    let runner = Runner {
        pool: &state.pool,
        catalogues: &state.catalogues,
        stopping,
        lease,
        erase: musubi::erasure::actions::erase,
        observer,
    };
    runner.run_next(None).unwrap()
}

fn find(state: &AppState, job: &Import) -> Import {
    state
        .pool
        .read_blocking(|db| store::find(db, None, job.id))
        .unwrap()
}

fn workers(state: &AppState) -> usize {
    state
        .pool
        .read_blocking(|db| musubi::workers::store::external_ids(db, "roster"))
        .unwrap()
        .len()
}

/// Dies behind the first step, as a killed process does: the lease stays, and ends by itself.
fn die(state: &AppState) {
    let died = catch_unwind(AssertUnwindSafe(|| {
        run(state, Duration::ZERO, &AtomicBool::new(false), &|_| {
            panic!("killed")
        })
    }));
    assert!(died.is_err());
}

#[test]
fn best_effort_goes_on_where_it_was() {
    on_both(|state| {
        let job = send(state, ImportMode::BestEffort, 1200);
        die(state);
        let left = find(state, &job);
        assert_eq!(
            (left.status, left.progress.rows_read, workers(state)),
            (ImportStatus::Running, STEP as u64, STEP)
        );
        let ended = run(state, LEASE, &AtomicBool::new(false), &|_| {}).unwrap();
        assert_eq!(
            (ended.status, ended.progress.rows_read, ended.progress.created),
            (ImportStatus::Succeeded, 1200, 1200)
        );
        assert_eq!(
            (workers(state), find(state, &job).status),
            (1200, ImportStatus::Succeeded)
        );
    });
}

#[test]
fn all_or_nothing_leaves_nothing_and_begins_again() {
    on_both(|state| {
        let job = send(state, ImportMode::AllOrNothing, 1200);
        die(state);
        assert_eq!(
            (find(state, &job).status, workers(state)),
            (ImportStatus::Running, 0)
        );
        let ended = run(state, LEASE, &AtomicBool::new(false), &|_| {}).unwrap();
        assert_eq!(
            (ended.status, ended.progress.created, workers(state)),
            (ImportStatus::Succeeded, 1200, 1200)
        );
    });
}

#[test]
fn a_lease_that_is_held_keeps_others_away() {
    on_both(|state| {
        send(state, ImportMode::BestEffort, 1200);
        let died = catch_unwind(AssertUnwindSafe(|| {
            run(state, LEASE, &AtomicBool::new(false), &|_| panic!("killed"))
        }));
        assert!(died.is_err());
        assert!(run(state, LEASE, &AtomicBool::new(false), &|_| {}).is_none());
    });
}

#[test]
fn a_server_that_stops_leaves_the_job_to_the_next() {
    on_both(|state| {
        let job = send(state, ImportMode::BestEffort, 1200);
        assert!(run(state, LEASE, &AtomicBool::new(true), &|_| {}).is_none());
        assert_eq!(
            (find(state, &job).status, workers(state)),
            (ImportStatus::Running, STEP)
        );
        assert_eq!(
            run(state, LEASE, &AtomicBool::new(false), &|_| {})
                .unwrap()
                .status,
            ImportStatus::Succeeded
        );
        assert_eq!(workers(state), 1200);
    });
}

#[test]
fn a_cancelled_job_keeps_its_rows_until_it_is_undone() {
    on_both(|state| {
        let job = send(state, ImportMode::BestEffort, 1200);
        let cancel = |job: &Import| state.pool.write_blocking(|db| store::cancel(db, job.id)).unwrap();
        let ended = run(state, LEASE, &AtomicBool::new(false), &|job| {
            if job.progress.rows_read == STEP as u64 {
                cancel(job);
            }
        });
        assert_eq!(
            (ended.unwrap().status, workers(state)),
            (ImportStatus::Cancelled, 2 * STEP)
        );
        musubi::imports::jobs::undo::begin(&state.pool, &find(state, &job)).unwrap();
        assert_eq!(
            run(state, LEASE, &AtomicBool::new(false), &|_| {})
                .unwrap()
                .status,
            ImportStatus::Undone
        );
        assert_eq!(workers(state), 0);
        // One that waits ends at once.
        let job = send(state, ImportMode::BestEffort, 3);
        cancel(&job);
        assert_eq!(find(state, &job).status, ImportStatus::Cancelled);
        assert!(run(state, LEASE, &AtomicBool::new(false), &|_| {}).is_none());
    });
}

#[test]
fn the_same_file_twice_at_once_is_one_job() {
    on_both(|state| {
        let (first, second) = (
            send(state, ImportMode::BestEffort, 10),
            send(state, ImportMode::BestEffort, 10),
        );
        assert_eq!(first.id, second.id);
        assert_ne!(first.id, send(state, ImportMode::DryRun, 10).id);
    });
}

/// The program itself, killed in the middle: nothing is asked of it, and nothing is told.
#[test]
#[allow(clippy::disallowed_methods)]
fn a_killed_program_goes_on_when_it_is_called_again() {
    let folder = TempDir::new().unwrap();
    let config = config(folder.path(), None);
    let state = AppState::open(&config).unwrap();
    let file = folder.path().join("roster.csv");
    std::fs::write(&file, roster(20_000)).unwrap();
    let program = || {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_musubi"));
        program
            .args(["import", "workers"])
            .arg(&file)
            .arg("--data-dir")
            .arg(folder.path());
        program
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        program
    };
    let mut first = program().spawn().unwrap();
    while workers(&state) == 0 {
        assert!(
            first.try_wait().unwrap().is_none(),
            "it ended before it was killed"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let left = workers(&state);
    assert!((1..20_000).contains(&left), "{left}");
    assert!(program().status().unwrap().success());
    assert_eq!(workers(&state), 20_000);
    let jobs = state
        .pool
        .read_blocking(|db| store::list(db, None, &ImportFilter::default()))
        .unwrap();
    assert_eq!(jobs.items.len(), 1, "the same job went on");
    assert_eq!(jobs.items[0].progress.created, 20_000);
}
