//! Imports whose server dies or stops, whose database fails, or that are cancelled.

use crate::support::{Storage, config};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use musubi::auth::Reach;
use musubi::changes;
use musubi::db::{Db, Id, Instant};
use musubi::imports::ImportKind;
use musubi::imports::actions;
use musubi::imports::finding::{Finding, Severity};
use musubi::imports::jobs::batches::STEP;
use musubi::imports::jobs::runner::{LEASE, Runner, TURN, Untold};
use musubi::imports::jobs::store::findings;
use musubi::imports::jobs::{Import, ImportFilter, ImportMode, ImportOptions, ImportStatus, store};
use musubi::imports::jobs::{MOST_AT_ONCE_ON_SQLITE, MOST_FINDINGS};
use musubi::server::AppState;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;

fn roster(rows: usize) -> Vec<u8> {
    let row = |i: usize| format!("{i},佐藤 {i},新宿区\n");
    let rows: String = (1..=rows).map(row).collect();
    format!("id,氏名,地域\n{rows}").into_bytes()
}

/// Runs a test on both databases, without a server.
fn on_both(test: impl Fn(&AppState)) {
    let storage = Storage::sqlite();
    test(&AppState::open(&storage.config()).unwrap());
    on_postgres(|state, _| test(state));
}

/// Runs a test on PostgreSQL, with a separate connection.
fn on_postgres(test: impl Fn(&AppState, &mut PgConnection)) {
    if let Some(storage) = Storage::postgres() {
        let config = storage.config();
        let mut own = PgConnection::establish(&config.database().unwrap()).unwrap();
        test(&AppState::open(&config).unwrap(), &mut own);
    }
}

/// Runs the import until it has ended.
fn run_to_the_end(state: &AppState) -> Import {
    let mut ended = None;
    until(|| {
        ended = run(state, LEASE, &AtomicBool::new(false), &|_| {});
        ended.is_some()
    });
    ended.unwrap()
}

#[allow(clippy::disallowed_methods)]
fn until(mut condition: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the condition never became true");
}

fn on_sqlite(db: &mut Db, sql: &str) {
    if let Db::Sqlite(c) = db {
        c.batch_execute(sql).unwrap();
    }
}

fn on_pg(db: &mut Db, sql: &str) {
    if let Db::Pg(c) = db {
        c.batch_execute(sql).unwrap();
    }
}

/// Makes writing to a table fail as it does when the disk is full.
fn fill_disk(state: &AppState, table: &str, event: &str, condition: &str) {
    let trigger =
        format!("CREATE TRIGGER full_disk BEFORE {event} ON {table} FOR EACH ROW WHEN ({condition})");
    state
        .pool
        .write_blocking(|db| {
            on_sqlite(
                db,
                &format!("{trigger} BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"),
            );
            on_pg(
                db,
                &format!(
                    "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     RAISE EXCEPTION 'could not extend file: No space left on device'; END $$;
                     {trigger} EXECUTE FUNCTION full_disk()"
                ),
            );
            Ok(())
        })
        .unwrap();
}

fn free_disk(state: &AppState, table: &str) {
    state
        .pool
        .write_blocking(|db| {
            on_sqlite(db, "DROP TRIGGER full_disk");
            on_pg(
                db,
                &format!("DROP TRIGGER full_disk ON {table}; DROP FUNCTION full_disk()"),
            );
            Ok(())
        })
        .unwrap();
}

/// Claims the import as a server does that dies at once.
fn claim_and_die(state: &AppState) {
    let claimed = state
        .pool
        .write_blocking(|db| store::claim(db, Id::new(), Duration::ZERO, None, None));
    assert!(claimed.unwrap().unwrap().status != ImportStatus::Failed);
}

fn send(state: &AppState, mode: ImportMode, rows: usize) -> Import {
    send_file(state, mode, &roster(rows))
}

fn send_file(state: &AppState, mode: ImportMode, file: &[u8]) -> Import {
    send_file_as(state, "test", mode, file)
}

fn send_file_as(state: &AppState, sender: &str, mode: ImportMode, mut file: &[u8]) -> Import {
    let options = ImportOptions {
        mode,
        ..ImportOptions::of(ImportKind::Workers)
    };
    actions::create(&state.pool, sender, options, &mut file).unwrap()
}

fn run(
    state: &AppState,
    lease: Duration,
    stopping: &AtomicBool,
    observer: &(dyn Fn(&Import) + Sync),
) -> Option<Import> {
    run_as(state, lease, &Untold::default(), stopping, observer).unwrap()
}

/// Runs the next import on a server on which nobody's turn lasts longer than a step, if others wait.
fn run_in_turn(state: &AppState) -> Option<Import> {
    let runner = Runner {
        untold: &Untold::default(),
        pool: &state.pool,
        catalogues: &state.catalogues,
        workbooks: &state.workbooks,
        stopping: &AtomicBool::new(false),
        lease: LEASE,
        turn: Duration::ZERO,
        erase: musubi::erasure::actions::take_back,
        observer: &|_| {},
    };
    runner.run_next(None).unwrap()
}

/// Runs the next import on a server that could not tell everything.
fn run_as(
    state: &AppState,
    lease: Duration,
    untold: &Untold,
    stopping: &AtomicBool,
    observer: &(dyn Fn(&Import) + Sync),
) -> musubi::error::Result<Option<Import>> {
    let runner = Runner {
        untold,
        pool: &state.pool,
        catalogues: &state.catalogues,
        workbooks: &state.workbooks,
        stopping,
        lease,
        turn: TURN,
        erase: musubi::erasure::actions::take_back,
        observer,
    };
    runner.run_next(None)
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
        let stopping = AtomicBool::new(false);
        let stop = |_: &Import| stopping.store(true, Ordering::Relaxed);
        assert!(run(state, LEASE, &stopping, &stop).is_none());
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
        musubi::imports::jobs::undo::begin(&state.pool, None, &find(state, &import)).unwrap();
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

#[test]
fn fails_after_three_servers_died_without_getting_further() {
    on_both(|state| {
        for mode in [
            ImportMode::DryRun,
            ImportMode::AllOrNothing,
            ImportMode::BestEffort,
        ] {
            let import = send(state, mode, 1200);
            // Progress starts the count again.
            claim_and_die(state);
            claim_and_die(state);
            die(state);
            claim_and_die(state);
            claim_and_die(state);
            claim_and_die(state);
            let ended = run_to_the_end(state);
            assert_eq!((ended.id, ended.status), (import.id, ImportStatus::Failed));
            let left = find(state, &import);
            assert_eq!(left.status, ImportStatus::Failed, "{mode:?}");
            assert_eq!(left.error.unwrap().code, "repeated_crashes");
            assert_eq!(left.progress.rows_read, STEP as u64);
            let codes = left.attempts.interruptions.iter().map(|i| i.fault.code.as_str());
            assert_eq!(codes.collect::<Vec<_>>(), ["lost_server"; 6]);
            assert!(run(state, LEASE, &AtomicBool::new(false), &|_| {}).is_none());
        }
        // The same holds for taking it back.
        let import = find(state, &send(state, ImportMode::BestEffort, 3));
        let ended = run_to_the_end(state);
        assert_eq!((ended.id, ended.status), (import.id, ImportStatus::Succeeded));
        for _ in 0..2 {
            musubi::imports::jobs::undo::begin(&state.pool, None, &find(state, &import)).unwrap();
            claim_and_die(state);
            claim_and_die(state);
            claim_and_die(state);
            assert_eq!(run_to_the_end(state).error.unwrap().code, "repeated_crashes");
        }
        musubi::imports::jobs::undo::begin(&state.pool, None, &find(state, &import)).unwrap();
        assert_eq!(run_to_the_end(state).status, ImportStatus::Undone);
    });
}

#[test]
fn says_what_happened_once_there_is_room_to_say_it() {
    on_both(|state| {
        let import = send(state, ImportMode::BestEffort, 3);
        // Neither the end nor the pause can be written.
        fill_disk(state, "import_jobs", "UPDATE", "NEW.lease IS NULL");
        let (untold, brief) = (Untold::default(), Duration::from_millis(100));
        let run = || run_as(state, brief, &untold, &AtomicBool::new(false), &|_| {});
        assert_eq!(run().unwrap_err().code(), "storage_full");
        free_disk(state, "import_jobs");
        until(|| run().unwrap().is_some());
        let ended = find(state, &import);
        assert_eq!(ended.status, ImportStatus::Succeeded);
        let told = ended.attempts.interruptions.iter();
        let told: Vec<&str> = told.map(|one| one.fault.code.as_str()).collect();
        assert_eq!(told, ["storage_full"]);
    });
}

#[test]
fn goes_on_once_the_disk_has_space_again() {
    on_both(|state| {
        for mode in [ImportMode::BestEffort, ImportMode::AllOrNothing] {
            let import = send(state, mode, 1200);
            fill_disk(state, "workers", "INSERT", "NEW.external_id = '700'");
            let written = match mode {
                ImportMode::BestEffort => STEP,
                _ => 0,
            };
            for n in 1..=2 {
                until(|| {
                    assert!(run(state, LEASE, &AtomicBool::new(false), &|_| {}).is_none());
                    find(state, &import).attempts.interruptions.len() == n
                });
                let left = find(state, &import);
                assert_eq!((left.status, left.error), (ImportStatus::Running, None));
                assert_eq!(workers(state), written);
                let fault = &left.attempts.interruptions.last().unwrap();
                assert_eq!(fault.fault.code, "storage_full");
                // The pauses grow.
                let time = |at: Instant| chrono::DateTime::parse_from_rfc3339(&at.to_string()).unwrap();
                let pause = time(left.next_attempt_at.unwrap()) - time(fault.at);
                assert!(
                    (pause.num_milliseconds() - 1000 * n as i64).abs() < 900,
                    "{pause}"
                );
            }
            free_disk(state, "workers");
            let ended = run_to_the_end(state);
            assert_eq!((ended.id, ended.status), (import.id, ImportStatus::Succeeded));
            assert_eq!((ended.progress.created, ended.progress.rows_read), (1200, 1200));
            assert_eq!(workers(state), 1200);
            let shown = serde_json::to_value(find(state, &import)).unwrap();
            assert_eq!(shown["interruptions"][0]["code"], "storage_full");
            assert_eq!(shown["next_attempt_at"], serde_json::Value::Null);
            // So does taking it back.
            musubi::imports::jobs::undo::begin(&state.pool, None, &find(state, &import)).unwrap();
            fill_disk(state, "workers", "DELETE", "OLD.external_id = '700'");
            until(|| {
                assert!(run(state, LEASE, &AtomicBool::new(false), &|_| {}).is_none());
                find(state, &import).attempts.interruptions.len() == 3
            });
            assert_eq!(find(state, &import).status, ImportStatus::Undoing);
            free_disk(state, "workers");
            assert_eq!(run_to_the_end(state).status, ImportStatus::Undone);
            assert_eq!(workers(state), 0);
        }
    });
}

#[test]
fn goes_on_after_its_connections_were_terminated() {
    on_postgres(|state, own| {
        // Each of these rows terminates its connection once.
        own.batch_execute(
            "CREATE TABLE victims (external_id text PRIMARY KEY);
             INSERT INTO victims VALUES ('3'), ('600'), ('1150');
             CREATE SEQUENCE terminated;
             CREATE FUNCTION terminate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF EXISTS (SELECT FROM victims v WHERE v.external_id = NEW.external_id)
                     AND currval_of_terminated() < (SELECT count(*) FROM victims v WHERE v.external_id::int <= NEW.external_id::int)
                 THEN
                     PERFORM nextval('terminated');
                     PERFORM pg_terminate_backend(pg_backend_pid());
                 END IF;
                 RETURN NEW;
             END $$;
             CREATE FUNCTION currval_of_terminated() RETURNS bigint LANGUAGE sql AS
                 $$ SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM terminated $$;
             CREATE TRIGGER terminate BEFORE INSERT ON workers FOR EACH ROW EXECUTE FUNCTION terminate()",
        )
        .unwrap();
        for mode in [ImportMode::BestEffort, ImportMode::AllOrNothing] {
            own.batch_execute("ALTER SEQUENCE terminated RESTART").unwrap();
            let import = send(state, mode, 1200);
            let ended = run_to_the_end(state);
            assert_eq!((ended.id, ended.status), (import.id, ImportStatus::Succeeded));
            assert_eq!((ended.progress.created, ended.progress.rows_read), (1200, 1200));
            assert_eq!(workers(state), 1200);
            let found = find(state, &import);
            let codes = found.attempts.interruptions.iter().map(|i| i.fault.code.as_str());
            assert_eq!(codes.collect::<Vec<_>>(), ["database_unreachable"; 3]);
            musubi::imports::jobs::undo::begin(&state.pool, None, &found).unwrap();
            assert_eq!(run_to_the_end(state).status, ImportStatus::Undone);
        }
    });
}

#[test]
fn stopping_in_good_order_is_no_crash() {
    on_both(|state| {
        let import = send(state, ImportMode::BestEffort, 1200);
        for _ in 0..5 {
            assert!(run(state, LEASE, &AtomicBool::new(true), &|_| {}).is_none());
        }
        assert_eq!(find(state, &import).attempts.interruptions, []);
        assert_eq!(run_to_the_end(state).status, ImportStatus::Succeeded);
    });
}

#[test]
fn senders_of_imports_take_turns() {
    on_both(|state| {
        let file = |name: &str| format!("氏名,地域\n{name},新宿区\n").into_bytes();
        let many =
            |sender: &str, rows: usize| send_file_as(state, sender, ImportMode::BestEffort, &roster(rows));
        let one = |sender: &str| send_file_as(state, sender, ImportMode::DryRun, &file(sender));
        let [first, second, third] = [many("a", 10), many("a", 11), many("a", 12)];
        let (other, last) = (one("b"), one("c"));
        let order = std::iter::from_fn(|| run(state, LEASE, &AtomicBool::new(false), &|_| {}));
        let order: Vec<Id> = order.map(|import| import.id).collect();
        assert_eq!(order.len(), 5);
        assert_eq!(order.get(..3), Some(&[first.id, other.id, last.id][..]));
        assert_eq!(order.get(3..), Some(&[second.id, third.id][..]));
    });
}

#[test]
fn a_long_import_gives_way_to_others_and_goes_on() {
    on_both(|state| {
        let long = send_file_as(state, "a", ImportMode::BestEffort, &roster(3 * STEP));
        // Nobody else waits.
        let next = send_file_as(state, "a", ImportMode::DryRun, &roster(1));
        assert_eq!(run_in_turn(state).unwrap().id, long.id);
        assert_eq!(run_in_turn(state).unwrap().id, next.id);
        let long = send_file_as(state, "b", ImportMode::BestEffort, &roster(3 * STEP));
        assert_eq!(run_in_turn(state).unwrap().id, long.id);
        let long = send_file_as(state, "c", ImportMode::DryRun, &roster(3 * STEP));
        let short = send_file_as(state, "d", ImportMode::DryRun, &roster(1));
        assert!(run_in_turn(state).is_none());
        let given_back = find(state, &long);
        assert_eq!(given_back.status, ImportStatus::Running);
        assert_eq!(given_back.progress.rows_read, STEP as u64);
        assert!(given_back.attempts.interruptions.is_empty());
        assert_eq!(run_in_turn(state).unwrap().id, short.id);
        let ended = run_in_turn(state).unwrap();
        assert_eq!((ended.id, ended.progress.rows_read), (long.id, 3 * STEP as u64));
    });
}

fn send_events(state: &AppState, sender: &str, rows: &str) -> Import {
    let file = format!("イベント名,種別,状態,開催日,開始時刻,区市町村\n{rows}");
    let options = ImportOptions::of(ImportKind::Events);
    actions::create(&state.pool, sender, options, &mut file.as_bytes()).unwrap()
}

/// What comes between the first row of an import and the next one.
#[derive(Debug, Clone, Copy)]
enum Between {
    Nothing,
    AnotherSender,
    Death,
}

/// A row that acts is judged by what the rows before were about, also by those that left their records as they were.
#[test]
fn a_list_whose_rows_act_means_the_same_whatever_comes_between_them() {
    let session = "健康相談,相談会,下書き,2030-12-08,14:00,新宿区\n";
    // Another session of the same day, one of another day, and the first session once more.
    let more =
        "健康相談,相談会,下書き,2030-12-08,10:00,新宿区\n健康相談,相談会,下書き,2030-12-09,14:00,新宿区\n";
    let rows = format!("{session}{more}{session}");
    for between in [Between::Nothing, Between::AnotherSender, Between::Death] {
        on_both(|state| {
            send_events(state, "office", session);
            assert_eq!(run_to_the_end(state).progress.created, 1);
            let import = send_events(state, "a", &rows);
            match between {
                Between::Nothing => {}
                Between::AnotherSender => {
                    let short = send_file_as(state, "b", ImportMode::DryRun, &roster(1));
                    assert!(run_in_turn(state).is_none());
                    assert_eq!(run_in_turn(state).unwrap().id, short.id);
                }
                Between::Death => die(state),
            }
            if !matches!(between, Between::Nothing) {
                let left = find(state, &import);
                assert_eq!((left.status, left.progress.rows_read), (ImportStatus::Running, 1));
            }
            let ended = run_to_the_end(state);
            assert_eq!((ended.id, ended.status), (import.id, ImportStatus::Partial));
            let progress = &ended.progress;
            assert_eq!(
                (
                    progress.unchanged,
                    progress.created,
                    progress.updated,
                    progress.rejected
                ),
                (1, 2, 0, 1),
                "{between:?}"
            );
            let found = state
                .pool
                .read_blocking(|db| findings::list(db, import.id, None, 10))
                .unwrap();
            let (_, last) = found.last().unwrap();
            assert_eq!((last.line, last.code.as_str()), (5, "duplicate_row"));
            assert!(last.message.ja.contains("2行目"), "{:?}", last.message.ja);
            let kept = state.pool.read_blocking(|db| store::seen::all(db, import.id));
            assert!(kept.unwrap().is_empty(), "only a run that goes on needs it");
        });
    }
}

#[test]
fn a_cancelled_import_is_not_read_again() {
    on_both(|state| {
        let import = send(state, ImportMode::BestEffort, 1200);
        die(state);
        state
            .pool
            .write_blocking(|db| store::cancel(db, import.id))
            .unwrap();
        let ended = run(state, LEASE, &AtomicBool::new(false), &|import| {
            assert_eq!(import.status, ImportStatus::Cancelled);
        });
        assert_eq!(ended.unwrap().progress.rows_read, STEP as u64);
        // One that waits after a fault is cancelled at once.
        let import = send(state, ImportMode::BestEffort, 1200);
        fill_disk(state, "import_writes", "INSERT", "TRUE");
        assert!(run(state, LEASE, &AtomicBool::new(false), &|_| {}).is_none());
        state
            .pool
            .write_blocking(|db| store::cancel(db, import.id))
            .unwrap();
        let found = find(state, &import);
        assert_eq!(
            (found.status, found.next_attempt_at),
            (ImportStatus::Cancelled, None)
        );
        free_disk(state, "import_writes");
    });
}

/// Registers a worker by an import.
fn register(state: &AppState, external_id: &str, name: &str, email: &str) {
    let file = format!("id,氏名,メールアドレス,地域\n{external_id},{name},{email},新宿区\n");
    send_file(state, ImportMode::BestEffort, file.as_bytes());
    assert_eq!(run_to_the_end(state).progress.created, 1);
}

/// Erases a worker, as a request does.
fn erase(state: &AppState, external_id: &str) {
    let find = |db: &mut Db| {
        musubi::workers::store::find_external(db, &Reach::Everything, "roster", external_id, None)
    };
    let worker = state.pool.read_blocking(find).unwrap().unwrap();
    let erase = |db: &mut Db| {
        musubi::erasure::actions::erase_one(db, &Reach::Everything, "admin:test", worker.id, |_| Ok(()))
    };
    state.pool.write_blocking(erase).unwrap();
    musubi::imports::jobs::forgetting::search(&state.pool).unwrap();
}

fn has_file(state: &AppState, import: &Import) -> bool {
    let first = state.pool.read_blocking(|db| store::find_part(db, import.id, 0));
    first.unwrap().is_some()
}

fn cancel(state: &AppState, import: &Import) {
    state
        .pool
        .write_blocking(|db| store::cancel(db, import.id))
        .unwrap();
}

#[test]
fn an_import_goes_on_when_somebody_in_it_is_erased() {
    on_both(|state| {
        register(state, "known", "惣社 琴葉", "kotoha@example.jp");
        let rows: String = (1..1200).map(|i| format!("{i},佐藤 {i},,新宿区\n")).collect();
        let file = format!("id,氏名,メールアドレス,地域\n{rows}1200,惣社 琴葉,kotoha@example.jp,新宿区\n");
        let import = send_file(state, ImportMode::BestEffort, file.as_bytes());
        let is_erased = AtomicBool::new(false);
        let ended = run(state, LEASE, &AtomicBool::new(false), &|_| {
            if !is_erased.swap(true, Ordering::Relaxed) {
                erase(state, "known");
                assert!(has_file(state, &import), "its rows are yet to be read");
            }
        });
        let ended = ended.unwrap();
        assert_eq!(ended.status, ImportStatus::Partial);
        assert_eq!((ended.progress.created, ended.progress.rejected), (1199, 1));
        assert!(!has_file(state, &import));
    });
}

#[test]
fn the_file_of_a_cancelled_import_goes_with_who_is_erased() {
    on_both(|state| {
        register(state, "one", "惣社 琴葉", "kotoha@example.jp");
        register(state, "other", "林 森", "mori@example.jp");
        let rows: String = (1..1200).map(|i| format!("佐藤 {i},新宿区\n")).collect();
        let file = format!("氏名,地域\n{rows}惣社 琴葉,新宿区\n");
        let import = send_file(state, ImportMode::DryRun, file.as_bytes());
        // Its last row, which is never read, has nothing but the name.
        let ended = run(state, LEASE, &AtomicBool::new(false), &|one| {
            if one.status == ImportStatus::Running {
                cancel(state, &import);
            }
        });
        assert_eq!(ended.unwrap().status, ImportStatus::Cancelled);
        assert!(has_file(state, &import));
        // One that waits meanwhile has to be looked through at its end, whenever that is.
        let waiting = send(state, ImportMode::DryRun, 3);
        erase(state, "one");
        assert!(!has_file(state, &import));
        assert!(has_file(state, &waiting));
        cancel(state, &waiting);
        assert!(!has_file(state, &waiting));
        // Nobody was erased since.
        let later = send(state, ImportMode::DryRun, 3);
        cancel(state, &later);
        assert!(has_file(state, &later));
        erase(state, "other");
        assert!(!has_file(state, &later));
    });
}

#[test]
fn a_clock_that_was_set_back_freezes_no_import() {
    on_both(|state| {
        send(state, ImportMode::BestEffort, 3);
        let hours = Duration::from_secs(2 * 3600);
        let claimed = state
            .pool
            .write_blocking(|db| store::claim(db, Id::new(), hours, None, None));
        assert!(claimed.unwrap().is_some());
        assert_eq!(run_to_the_end(state).status, ImportStatus::Succeeded);
    });
}

#[test]
fn a_report_has_a_bound() {
    on_both(|state| {
        let mut import = send(state, ImportMode::DryRun, 3);
        import.progress.findings = MOST_FINDINGS - 1;
        let remark = || tables::Remark::new("unknown_area", "不明です。", "It is unknown.");
        let finding = |line| Finding::new(line, None, "", remark(), Severity::Warning);
        let found: Vec<Finding> = (1..=3).map(finding).collect();
        let report = state.pool.write_blocking(|db| {
            findings::report(db, &mut import, &found)?;
            findings::report(db, &mut import, &found)?;
            findings::list(db, import.id, None, 10)
        });
        assert_eq!(report.unwrap().len(), 1);
        let progress = &import.progress;
        assert_eq!(
            (progress.findings, progress.unlisted_findings),
            (MOST_FINDINGS, 5)
        );
    });
}

#[test]
fn writes_no_more_at_once_on_sqlite_than_others_can_wait_for() {
    let folder = TempDir::new().unwrap();
    let state = &AppState::open(&config(folder.path(), None)).unwrap();
    send(
        state,
        ImportMode::AllOrNothing,
        MOST_AT_ONCE_ON_SQLITE as usize + 1,
    );
    let ended = run_to_the_end(state);
    assert_eq!(ended.error.unwrap().code, "too_many_at_once");
    assert_eq!(ended.progress.rows_read, 0);
}

/// Stops an `all_or_nothing` import of 1200 rows inside its transaction, at row 1100, while `meanwhile` runs.
fn hold_in_transaction(
    state: &AppState,
    own: &mut PgConnection,
    meanwhile: impl FnOnce(&Import, &mut PgConnection),
) -> Option<Import> {
    own.batch_execute(
        "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             PERFORM pg_advisory_xact_lock_shared(4242); RETURN NEW; END $$;
         CREATE TRIGGER hold BEFORE INSERT ON workers FOR EACH ROW WHEN (NEW.external_id = '1100')
             EXECUTE FUNCTION hold();
         SELECT pg_advisory_lock(4242)",
    )
    .unwrap();
    let import = send(state, ImportMode::AllOrNothing, 1200);
    std::thread::scope(|scope| {
        let lease = Duration::from_millis(400);
        let ended = scope.spawn(move || run(state, lease, &AtomicBool::new(false), &|_| {}));
        let waiting =
            "SELECT 1 / count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4242 AND NOT granted";
        until(|| own.batch_execute(waiting).is_ok());
        meanwhile(&import, own);
        own.batch_execute("SELECT pg_advisory_unlock(4242)").unwrap();
        ended.join().unwrap()
    })
}

#[test]
fn lets_others_write_during_an_all_or_nothing_import() {
    on_postgres(|state, own| {
        const WRITERS: usize = 12;
        let mut seen = 0;
        let ended = hold_in_transaction(state, own, |_, _| {
            let write = |i: usize| {
                let id = i.to_string();
                let change =
                    changes::Change::new(changes::Subject::Catalogue, &id, changes::Action::Updated, 1);
                state
                    .pool
                    .write_blocking(|db| changes::store::append(db, "another", &[change]))
                    .unwrap();
            };
            std::thread::scope(|scope| {
                for writer in 0..WRITERS {
                    scope.spawn(move || (0..10).for_each(|i| write(writer * 10 + i)));
                }
            });
            // All of them are done, and followers have read so far.
            seen = state.pool.read_blocking(changes::store::latest).unwrap();
            assert_eq!(workers(state), 0, "the import has not ended");
        });
        assert_eq!(ended.unwrap().status, ImportStatus::Succeeded);
        assert_eq!(workers(state), 1200);
        let after = state
            .pool
            .read_blocking(|db| changes::store::since(db, seen))
            .unwrap();
        assert_eq!(after.len(), 1200, "no entry is below what followers have seen");
    });
}

#[test]
fn cancels_an_import_inside_its_transaction() {
    on_postgres(|state, own| {
        let ended = hold_in_transaction(state, own, |import, own| {
            state
                .pool
                .write_blocking(|db| store::cancel(db, import.id))
                .unwrap();
            // Its lease is renewed although no step ends, so nobody else takes it over.
            for _ in 0..3 {
                own.batch_execute("CREATE TEMP TABLE lease AS SELECT lease_until FROM import_jobs")
                    .unwrap();
                let renewed =
                    "SELECT 1 / count(*) FROM import_jobs j, lease l WHERE j.lease_until > l.lease_until";
                until(|| own.batch_execute(renewed).is_ok());
                own.batch_execute("DROP TABLE lease").unwrap();
                assert!(run(state, LEASE, &AtomicBool::new(false), &|_| {}).is_none());
            }
        });
        let ended = ended.unwrap();
        assert_eq!(
            (ended.status, ended.progress.created),
            (ImportStatus::Cancelled, 0)
        );
        assert_eq!(workers(state), 0);
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

#[test]
fn a_file_sent_before_an_erasure_does_not_bring_the_person_back() {
    on_both(|state| {
        let not_stopping = AtomicBool::new(false);
        let run = || run(state, LEASE, &not_stopping, &|_| {}).unwrap();
        let has_file = |import: &Import| {
            let first = state.pool.read_blocking(|db| store::find_part(db, import.id, 0));
            first.unwrap().is_some()
        };
        let done = send(state, ImportMode::BestEffort, 3);
        run();
        let waiting = [
            send(state, ImportMode::BestEffort, 3),
            send(state, ImportMode::DryRun, 3),
        ];
        let options = ImportOptions::of(ImportKind::Workers);
        let mut namesake = "id,氏名,地域\n99,佐藤 2,新宿区\n".as_bytes();
        let namesake = actions::create(&state.pool, "test", options, &mut namesake).unwrap();
        let erased = state.pool.write_blocking(|db| {
            let second = musubi::workers::store::find_external(
                db,
                &musubi::auth::Reach::Everything,
                "roster",
                "2",
                None,
            )?;
            musubi::erasure::actions::erase(db, "test", &[second.unwrap()])
        });
        erased.unwrap();
        // The server may die before it has searched. Another one does it.
        assert!(has_file(&done));
        musubi::imports::jobs::forgetting::search(&state.pool).unwrap();
        assert!(!has_file(&done));
        for import in &waiting {
            assert!(has_file(import));
            let done = run();
            let progress = &done.progress;
            assert_eq!(
                (progress.rejected, progress.unchanged, progress.created),
                (1, 2, 0)
            );
            let found = state
                .pool
                .read_blocking(|db| store::findings::list(db, import.id, None, 9))
                .unwrap();
            let found: Vec<_> = found
                .into_iter()
                .map(|(_, f)| (f.line, f.code, f.value))
                .collect();
            assert_eq!(found, [(3, "person_erased".to_owned(), String::new())]);
            assert!(!has_file(import));
        }
        // Somebody else has the same name.
        assert_eq!(run().progress.created, 1);
        assert!(has_file(&namesake));
        // A file that is sent now brings them back, as its sender knows.
        send(state, ImportMode::BestEffort, 3);
        assert_eq!(run().progress.created, 1);
        assert_eq!(workers(state), 4);
    });
}
