//! Imports whose server dies or stops, or that are cancelled.

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

/// Runs a test on both databases, without a server.
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

fn find(state: &AppState, import: &Import) -> Import {
    state
        .pool
        .read_blocking(|db| store::find(db, None, import.id))
        .unwrap()
}

fn workers(state: &AppState) -> usize {
    state
        .pool
        .read_blocking(|db| musubi::workers::store::external_ids(db, "roster"))
        .unwrap()
        .len()
}

/// Dies after the first step, as a killed process does. The lease stays until it expires.
fn die(state: &AppState) {
    let died = catch_unwind(AssertUnwindSafe(|| {
        run(state, Duration::ZERO, &AtomicBool::new(false), &|_| {
            panic!("killed")
        })
    }));
    assert!(died.is_err());
}

#[test]
fn continues_a_best_effort_import_after_the_last_step() {
    on_both(|state| {
        let import = send(state, ImportMode::BestEffort, 1200);
        die(state);
        let left = find(state, &import);
        assert_eq!(left.status, ImportStatus::Running);
        assert_eq!(left.progress.rows_read, STEP as u64);
        assert_eq!(workers(state), STEP);
        let ended = run(state, LEASE, &AtomicBool::new(false), &|_| {}).unwrap();
        assert_eq!(ended.status, ImportStatus::Succeeded);
        assert_eq!(ended.progress.rows_read, 1200);
        assert_eq!(ended.progress.created, 1200);
        assert_eq!(workers(state), 1200);
        assert_eq!(find(state, &import).status, ImportStatus::Succeeded);
    });
}

#[test]
fn starts_an_all_or_nothing_import_again_from_nothing() {
    on_both(|state| {
        let import = send(state, ImportMode::AllOrNothing, 1200);
        die(state);
        assert_eq!(
            (find(state, &import).status, workers(state)),
            (ImportStatus::Running, 0)
        );
        let ended = run(state, LEASE, &AtomicBool::new(false), &|_| {}).unwrap();
        assert_eq!(ended.status, ImportStatus::Succeeded);
        assert_eq!(ended.progress.created, 1200);
        assert_eq!(workers(state), 1200);
    });
}

#[test]
fn leaves_an_import_alone_while_its_lease_is_valid() {
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
fn continues_the_import_of_a_server_that_stopped() {
    on_both(|state| {
        let import = send(state, ImportMode::BestEffort, 1200);
        assert!(run(state, LEASE, &AtomicBool::new(true), &|_| {}).is_none());
        assert_eq!(find(state, &import).status, ImportStatus::Running);
        assert_eq!(workers(state), STEP);
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
fn keeps_the_rows_of_a_cancelled_import_until_it_is_undone() {
    on_both(|state| {
        let import = send(state, ImportMode::BestEffort, 1200);
        let cancel = |import: &Import| {
            state
                .pool
                .write_blocking(|db| store::cancel(db, import.id))
                .unwrap()
        };
        let ended = run(state, LEASE, &AtomicBool::new(false), &|import| {
            if import.progress.rows_read == STEP as u64 {
                cancel(import);
            }
        });
        assert_eq!(ended.unwrap().status, ImportStatus::Cancelled);
        assert_eq!(workers(state), 2 * STEP);
        musubi::imports::jobs::undo::begin(&state.pool, &find(state, &import)).unwrap();
        assert_eq!(
            run(state, LEASE, &AtomicBool::new(false), &|_| {})
                .unwrap()
                .status,
            ImportStatus::Undone
        );
        assert_eq!(workers(state), 0);
        // An import that waits is cancelled at once.
        let import = send(state, ImportMode::BestEffort, 3);
        cancel(&import);
        assert_eq!(find(state, &import).status, ImportStatus::Cancelled);
        assert!(run(state, LEASE, &AtomicBool::new(false), &|_| {}).is_none());
    });
}

#[test]
fn queues_the_same_file_once() {
    on_both(|state| {
        let (first, second) = (
            send(state, ImportMode::BestEffort, 10),
            send(state, ImportMode::BestEffort, 10),
        );
        assert_eq!(first.id, second.id);
        assert_ne!(first.id, send(state, ImportMode::DryRun, 10).id);
    });
}

/// Kills the program itself in the middle of an import.
#[test]
#[allow(clippy::disallowed_methods)]
fn continues_after_the_program_was_killed() {
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
            "it ended before it could be killed"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let left = workers(&state);
    assert!((1..20_000).contains(&left), "{left}");
    assert!(program().status().unwrap().success());
    assert_eq!(workers(&state), 20_000);
    let imports = state
        .pool
        .read_blocking(|db| store::list(db, None, &ImportFilter::default()))
        .unwrap();
    assert_eq!(imports.items.len(), 1, "the same import continues");
    assert_eq!(imports.items[0].progress.created, 20_000);
}
