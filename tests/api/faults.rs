//! What clients see when the database or its disk fails: codes, `Retry-After`, no lost and no double writes, in time.

use crate::support::postgres::own_server;
use crate::support::{KEY, Response, TestApp, on_both};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use musubi::db::{Db, Pool};
use musubi::error::{Error, Fault};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a test waits for what has to happen.
const LONG: Duration = Duration::from_secs(60);

on_both! {
    says_that_the_schema_is_foreign,
    says_that_the_database_can_not_be_used,
    says_that_the_database_can_not_be_written,
    says_when_a_key_that_a_crash_locked_is_free,
    says_that_an_answer_can_not_be_entered_into_the_audit,
    is_not_ready_beside_a_newer_schema_that_it_can_not_live_with,
}

#[track_caller]
fn refuses(answer: &Response, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code));
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
}

/// Repeats a request until it is answered like this.
#[track_caller]
fn until(ask: impl Fn() -> Response, status: u16, code: Option<&str>) -> Response {
    let end = Instant::now() + LONG;
    loop {
        let answer = ask();
        if answer.status == status && code.is_none_or(|code| answer.code() == code) {
            return answer;
        }
        assert!(Instant::now() < end, "never {status} {code:?}: {}", answer.text);
        pause();
    }
}

/// Lets others work between two looks.
#[allow(clippy::disallowed_methods)]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

fn execute(pool: &Pool, sql: &str) {
    let done = pool.write_blocking(|db| {
        let query = diesel::sql_query(sql);
        match db {
            Db::Pg(c) => query.execute(c)?,
            Db::Sqlite(c) => query.execute(c)?,
        };
        Ok(())
    });
    done.unwrap();
}

fn new_organization(name: &str) -> Value {
    json!({"name": name, "area": "131041"})
}

fn says_that_the_schema_is_foreign(app: &TestApp) {
    execute(&app.state.pool, "ALTER TABLE organizations RENAME TO groups");
    refuses(&app.get("/v1/organizations"), 503, "database_schema_mismatch");
    let written = app.post("/v1/organizations", &new_organization("戸山会"));
    refuses(&written, 503, "database_schema_mismatch");
}

/// Fails as a damaged file does, and a table of another role.
fn says_that_the_database_can_not_be_used(app: &TestApp) {
    let trigger = "CREATE TRIGGER unusable BEFORE INSERT ON organizations FOR EACH ROW";
    match app.database().starts_with("postgres") {
        true => {
            let raise = "CREATE FUNCTION unusable() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                RAISE EXCEPTION 'permission denied for table organizations' USING ERRCODE = '42501'; END $$";
            execute(&app.state.pool, raise);
            execute(&app.state.pool, &format!("{trigger} EXECUTE FUNCTION unusable()"));
        }
        false => {
            let raise = "BEGIN SELECT RAISE(FAIL, 'database disk image is malformed'); END";
            execute(&app.state.pool, &format!("{trigger} {raise}"));
        }
    }
    let written = app.post("/v1/organizations", &new_organization("戸山会"));
    refuses(&written, 503, "database_unusable");
    app.get("/v1/organizations").expect(200);
}

fn says_that_the_database_can_not_be_written(app: &TestApp) {
    let write = || app.post("/v1/organizations", &new_organization("戸山会"));
    if !app.database().starts_with("postgres") {
        // A background task may be the one that meets it, so try again with the connection that comes next.
        let refused = || {
            execute(&app.state.pool, "PRAGMA query_only = on");
            write()
        };
        refuses(&until(refused, 503, None), 503, "database_read_only");
        // The connection was replaced.
        until(write, 201, None);
        return;
    }
    let refuse = |how: &str| {
        let alter = format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = {how}', current_database()); END $$"
        );
        execute_elsewhere(app, &alter);
        disconnect_everyone(app);
    };
    refuse("on");
    refuses(&until(write, 503, None), 503, "database_read_only");
    app.get("/v1/organizations").expect(200);
    let ready = || app.get("/readyz");
    refuses(&until(ready, 503, None), 503, "database_read_only");
    refuse("off");
    until(write, 201, None);
    until(ready, 200, None);
}

fn execute_elsewhere(app: &TestApp, sql: &str) {
    let mut other = PgConnection::establish(&app.database()).unwrap();
    // Here, writing stays allowed.
    other
        .batch_execute("SET default_transaction_read_only = off")
        .unwrap();
    other.batch_execute(sql).unwrap();
}

fn disconnect_everyone(app: &TestApp) {
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    execute_elsewhere(app, others);
}

#[test]
fn says_that_the_disk_is_full() {
    let app = TestApp::sqlite();
    execute(&app.state.pool, "PRAGMA max_page_count = 1");
    let write = |n: usize| app.post("/v1/organizations", &new_organization(&format!("団体{n}")));
    let refused = (0..3000).map(write).find(|answer| answer.status != 201).unwrap();
    refuses(&refused, 507, "storage_full");
    app.get("/v1/organizations").expect(200);
    // Who decides where requests go learns of it at once, and soon when there is room again.
    let refuses_and_says_so = || {
        write(3001);
        app.get("/readyz").status == 507
    };
    app.until(refuses_and_says_so);
    execute(&app.state.pool, "PRAGMA max_page_count = 1000000");
    until(|| app.get("/readyz"), 200, None);
    write(3002).expect(201);
}

#[test]
fn one_write_that_is_too_large_is_no_full_disk() {
    #[derive(QueryableByName)]
    struct Pages {
        #[diesel(sql_type = BigInt)]
        pages: i64,
    }
    let app = TestApp::sqlite();
    app.until(|| app.get("/readyz").status == 200);
    let pool = &app.state.pool;
    let written = pool.write_blocking(|db| {
        let Db::Sqlite(c) = db else { return Ok(()) };
        let count = diesel::sql_query("SELECT page_count AS pages FROM pragma_page_count");
        let Pages { pages } = count.get_result(c)?;
        // There is room for a few megabytes more.
        diesel::sql_query(format!("PRAGMA max_page_count = {}", pages + 2000)).execute(c)?;
        diesel::sql_query("CREATE TABLE large AS SELECT zeroblob(20000000) AS bytes").execute(c)?;
        Ok(())
    });
    assert_eq!(written.unwrap_err().code(), "storage_full");
    app.get("/readyz").expect(200);
    app.post("/v1/organizations", &new_organization("戸山会"))
        .expect(201);
}

fn says_when_a_key_that_a_crash_locked_is_free(app: &TestApp) {
    let key = [("idempotency-key", "k-1")];
    let write = || app.post_with("/v1/organizations", &key, &new_organization("戸山会"));
    write().expect(201);
    let unanswered = match app.database().starts_with("postgres") {
        true => "UPDATE idempotency_keys SET answer = NULL, created_at = now() - interval '10 seconds'",
        false => {
            "UPDATE idempotency_keys SET answer = NULL,
             created_at = strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now', '-10 seconds')"
        }
    };
    execute(&app.state.pool, unanswered);
    let answer = write();
    refuses(&answer, 409, "request_in_progress");
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((30..=50).contains(&seconds), "the rest of a minute: {seconds}");
}

/// What is written stays written. It is shown when that can be entered, to whoever repeats the request with its key.
fn says_that_an_answer_can_not_be_entered_into_the_audit(app: &TestApp) {
    let worker = app.worker(json!({"personal": {"name": "前原"}}));
    let path = format!("/v1/workers/{worker}");
    let new = json!({"area": "131041", "roles": ["designer"], "personal": {"name": "佐藤"}});
    let key = [("idempotency-key", "k-1")];
    let pool = &app.state.pool;
    execute(pool, "ALTER TABLE audit RENAME TO audit_elsewhere");
    let read = app.get(&path);
    let changed = app.patch(&path, &json!({"personal": {"name": "後藤"}}));
    let made = app.post_with("/v1/workers", &key, &new);
    execute(pool, "ALTER TABLE audit_elsewhere RENAME TO audit");
    for (answer, code) in [
        (&read, "database_schema_mismatch"),
        (&changed, "outcome_unknown"),
        (&made, "outcome_unknown"),
    ] {
        refuses(answer, 503, code);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let id = answer.header("x-request-id");
        assert!(
            !id.is_empty() && answer.json()["request_id"] == id,
            "{}",
            answer.text
        );
        for name in ["前原", "後藤", "佐藤"] {
            assert!(!answer.text.contains(name), "{}", answer.text);
        }
    }
    let shown = app.get(&path).expect(200).json();
    assert_eq!(
        (&shown["version"], &shown["personal"]["name"]),
        (&json!(2), &json!("後藤"))
    );
    let again = app.post_with("/v1/workers", &key, &new).expect(201).json();
    assert_eq!(again["personal"]["name"], "佐藤");
    let all = app.get("/v1/workers").expect(200).json();
    assert_eq!(all["items"].as_array().unwrap().len(), 2, "made once: {all}");
    let entries = app.get("/v1/audit").expect(200).json();
    let of = |operation: &str| {
        let entries = entries["items"].as_array().unwrap().iter();
        entries.filter(|entry| entry["operation"] == operation).count()
    };
    assert_eq!((of("PATCH /v1/workers/{id}"), of("POST /v1/workers")), (0, 2));
}

#[test]
fn an_answer_is_entered_into_the_audit_after_a_lost_connection() {
    let Some(app) = TestApp::postgres() else { return };
    let worker = app.worker(json!({"personal": {"name": "佐藤"}}));
    let mut other = PgConnection::establish(&app.database()).unwrap();
    other
        .batch_execute("BEGIN; SELECT pg_advisory_xact_lock(6385439)")
        .unwrap();
    let end_the_wait = "SELECT pg_terminate_backend(pid) FROM pg_locks
        WHERE locktype = 'advisory' AND objid = 6385439 AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    std::thread::scope(|scope| {
        let read = scope.spawn(|| app.get(&format!("/v1/workers/{worker}")));
        let end = Instant::now() + LONG;
        while diesel::sql_query(end_the_wait).execute(&mut other).unwrap() == 0 {
            assert!(Instant::now() < end, "nobody waits for the audit");
            pause();
        }
        other.batch_execute("COMMIT").unwrap();
        read.join().unwrap().expect(200);
    });
}

fn is_not_ready_beside_a_newer_schema_that_it_can_not_live_with(app: &TestApp) {
    let add = |number: &str| {
        let sql = format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{number}')");
        execute(&app.state.pool, &sql);
    };
    let config = app.config();
    add("20990101000000");
    let ready = || app.get("/readyz");
    // Two checks later it is still ready.
    let two_checks = Instant::now() + Duration::from_secs(3);
    while Instant::now() < two_checks {
        ready().expect(200);
    }
    let Err(error) = musubi::server::AppState::open(&config) else {
        panic!("a server of this release must not begin")
    };
    assert!(
        matches!(&error, Error::Fault { fault: Fault::ForeignSchema, reason } if reason.contains("20990101000000")),
        "{error}"
    );
    add("209901010000009");
    refuses(&until(ready, 503, None), 503, "database_schema_mismatch");
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Twin {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Lets every new organization's COMMIT wait for a standby that doesn't exist, after it took effect here. Terminates it
/// there.
fn terminate_one_commit(admin: &mut PgConnection) {
    let end = Instant::now() + LONG;
    loop {
        let terminate = "SELECT count(pg_terminate_backend(pid)) AS count FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        let Count { count } = diesel::sql_query(terminate).get_result(admin).unwrap();
        if count > 0 {
            return;
        }
        assert!(Instant::now() < end, "no commit waits");
        pause();
    }
}

#[test]
fn a_commit_whose_answer_is_lost_is_written_once() {
    let settings = "-c synchronous_standby_names=nobody -c synchronous_commit=local";
    let Some(server) = own_server(settings) else {
        return;
    };
    let app = TestApp::impatient(Some(server.url("postgres")), 30);
    execute(
        &app.state.pool,
        "CREATE FUNCTION wait_for_nobody() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN PERFORM set_config('synchronous_commit', 'on', true); RETURN NULL; END $$",
    );
    execute(
        &app.state.pool,
        "CREATE TRIGGER wait AFTER INSERT ON organizations EXECUTE FUNCTION wait_for_nobody()",
    );
    let mut admin = server.connect();
    let write = |headers: &[(&str, &str)], name: &str| {
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| app.post_with("/v1/organizations", headers, &new_organization(name)));
            terminate_one_commit(&mut admin);
            asked.join().unwrap()
        })
    };
    let mut write = write;
    let key = [("idempotency-key", "k-1")];
    let first = write(&key, "戸山会").expect(201).json();
    let again = app
        .post_with("/v1/organizations", &key, &new_organization("戸山会"))
        .expect(201);
    assert_eq!(again.json()["id"], first["id"]);
    let unkeyed = write(&[], "余丁町会");
    refuses(&unkeyed, 503, "outcome_unknown");
    let all = app.get("/v1/organizations").expect(200).json();
    assert_eq!(all["items"].as_array().unwrap().len(), 2, "{all}");
}

#[test]
fn repeated_requests_make_no_twins_while_connections_are_terminated() {
    let Some(app) = TestApp::postgres() else { return };
    let done = AtomicBool::new(false);
    let url = app.database();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut other = PgConnection::establish(&url).unwrap();
            let terminate = "SELECT count(pg_terminate_backend(pid)) AS count FROM pg_stat_activity \
                             WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.3";
            while !done.load(Ordering::Relaxed) {
                let _ = diesel::sql_query(terminate).get_result::<Count>(&mut other).unwrap();
                pause();
            }
        });
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let app = &app;
                scope.spawn(move || {
                    for n in 0..15 {
                        let name = format!("団体{writer}の{n}");
                        let key = format!("{writer}-{n}");
                        let send = || {
                            app.post_with(
                                "/v1/organizations",
                                &[("idempotency-key", &key)],
                                &new_organization(&name),
                            )
                        };
                        let end = Instant::now() + 2 * LONG;
                        loop {
                            let answer = send();
                            if answer.status == 201 {
                                break;
                            }
                            assert!([409, 503].contains(&answer.status), "{}", answer.text);
                            assert!(Instant::now() < end, "{}", answer.text);
                            pause();
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    let mut other = PgConnection::establish(&url).unwrap();
    let names = "SELECT name FROM organizations WHERE name LIKE '団体%'";
    let mut names: Vec<String> = diesel::sql_query(names)
        .load::<Twin>(&mut other)
        .unwrap()
        .into_iter()
        .map(|twin| twin.name)
        .collect();
    names.sort();
    let all = names.len();
    names.dedup();
    assert_eq!((all, names.len()), (45, 45));
}

#[test]
fn answers_in_time_while_the_database_is_frozen_and_goes_on_afterwards() {
    let Some(server) = own_server("") else { return };
    let app = TestApp::impatient(Some(server.url("postgres")), 2);
    let organization = app.organization("戸山会");
    let frozen = server.freeze();
    for answer in [
        app.get("/v1/organizations"),
        app.post("/v1/organizations", &new_organization("余丁町会")),
        app.patch(
            &format!("/v1/organizations/{organization}"),
            &json!({"name": "新しい戸山会"}),
        ),
        app.post_with(
            "/v1/organizations",
            &[("idempotency-key", "k-1")],
            &new_organization("落合会"),
        ),
    ] {
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert!(
            ["database_timeout", "database_unreachable", "database_busy"].contains(&answer.code().as_str())
        );
        assert!(!answer.header("retry-after").is_empty());
    }
    assert_eq!(app.get("/healthz").status, 200);
    until(|| app.get("/readyz"), 503, None);
    drop(frozen);
    until(|| app.get("/readyz"), 200, None);
    let keyed = || {
        app.post_with(
            "/v1/organizations",
            &[("idempotency-key", "k-1")],
            &new_organization("落合会"),
        )
    };
    until(keyed, 201, None);
    let names = app.get("/v1/organizations").expect(200).json();
    let names: Vec<&str> = names["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names.len(),
        2,
        "what was answered with 503 was not written: {names:?}"
    );
}

/// A server that is cut off, too: PostgreSQL ends a request's transaction that goes on with nothing.
#[test]
fn a_server_that_freezes_in_the_middle_of_a_write_does_not_hold_up_the_others() {
    let Some(app) = TestApp::postgres() else { return };
    let frozen = TestApp::impatient(app.config().database_url, 2);
    let (begin, begun) = std::sync::mpsc::channel();
    let (thaw, thawed) = std::sync::mpsc::channel::<()>();
    let pool = frozen.state.pool.clone();
    let write = std::thread::spawn(move || {
        let hold = move |db: &mut Db| {
            if let Db::Pg(c) = db {
                c.batch_execute("LOCK TABLE changes IN EXCLUSIVE MODE")?;
            }
            begin.send(()).unwrap();
            thawed.recv().unwrap();
            Ok(())
        };
        actix_web::rt::System::new().block_on(pool.write(hold))
    });
    begun.recv().unwrap();
    let other = || app.post("/v1/organizations", &new_organization("戸山会"));
    until(other, 201, None);
    thaw.send(()).unwrap();
    write.join().unwrap().unwrap_err();
}

/// PostgreSQL's time-out of statements used to end the wait for the standby, and the commit was acknowledged.
#[test]
fn acknowledges_only_what_a_synchronous_standby_has() {
    let Some(server) = own_server("") else { return };
    let app = TestApp::impatient(Some(server.url("postgres")), 2);
    let standby = server.standby();
    let mut admin = server.connect();
    admin
        .batch_execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        .unwrap();
    admin.batch_execute("SELECT pg_reload_conf()").unwrap();
    app.post("/v1/organizations", &new_organization("戸山会"))
        .expect(201);
    let frozen = standby.freeze();
    let unknown = app.post("/v1/organizations", &new_organization("落合会"));
    assert_eq!(unknown.status, 503, "{}", unknown.text);
    drop(frozen);
    let further = || app.post("/v1/organizations", &new_organization("余丁町会"));
    until(further, 201, None);
}

#[test]
fn leaves_a_frozen_primary_for_the_promoted_standby() {
    let Some(primary) = own_server("-c wal_level=replica") else {
        return;
    };
    let standby = primary.standby();
    let hosts = |url: String| {
        url.split('@')
            .nth(1)
            .unwrap()
            .split('/')
            .next()
            .unwrap()
            .to_owned()
    };
    let (one, other) = (hosts(primary.url("")), hosts(standby.url("")));
    let app = TestApp::impatient(Some(format!("postgres://postgres@{one},{other}/postgres")), 2);
    let organization = app.organization("戸山会");
    let frozen = primary.freeze();
    standby.promote();
    let flyer = || {
        let body =
            json!({"organization_id": organization, "type": "flyer", "title": "チラシ", "status": "open"});
        app.post("/v1/deliverables", &body)
    };
    let flyer = until(flyer, 201, None).json();
    until(|| app.get("/readyz"), 200, None);
    // The follower of the log survived: a ranking knows what was written just now.
    let worker = app.worker(json!({}));
    let path = format!("/v1/deliverables/{}/matches", flyer["id"].as_str().unwrap());
    let ranking = until(|| app.get(&path), 200, None).json();
    assert_eq!(ranking["items"][0]["worker"]["id"], json!(worker));
    drop(frozen);
    app.get("/v1/organizations").expect(200);
}

/// Starts the program, and returns it with its address.
fn program(folder: &std::path::Path, database_url: Option<&str>, more: &[&str]) -> (Child, String) {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let listen = format!("127.0.0.1:{port}");
    let mut program = Command::new(env!("CARGO_BIN_EXE_musubi"));
    program
        .args(["serve", "--listen", &listen, "--log", "off", "--data-dir"])
        .arg(folder)
        .args(more)
        .env("MUSUBI_TOKEN_KEY", KEY)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(url) = database_url {
        program.env("DATABASE_URL", url);
    }
    let started = program.spawn().unwrap();
    let address = format!("http://{listen}");
    let end = Instant::now() + LONG;
    while status(&address) != Some(200) {
        assert!(Instant::now() < end, "it never gets ready");
        pause();
    }
    (started, address)
}

fn status(address: &str) -> Option<u16> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let answer = agent.get(format!("{address}/readyz")).call().ok()?;
    Some(answer.status().as_u16())
}

fn terminate(program: &Child) {
    let sent = Command::new("kill")
        .arg(program.id().to_string())
        .status()
        .unwrap();
    assert!(sent.success());
}

#[test]
fn is_not_ready_before_it_stops_listening() {
    let folder = tempfile::TempDir::new().unwrap();
    let (mut program, address) = program(
        folder.path(),
        None,
        &["--drain-seconds", "600", "--shutdown-seconds", "700"],
    );
    terminate(&program);
    let end = Instant::now() + LONG;
    // It still answers.
    while status(&address) != Some(503) {
        assert!(Instant::now() < end);
        pause();
    }
    assert!(program.try_wait().unwrap().is_none());
    // A second signal ends the wait.
    terminate(&program);
    assert!(program.wait().unwrap().success());
}

#[test]
fn ends_in_time_while_the_database_is_frozen() {
    let Some(server) = own_server("") else { return };
    let folder = tempfile::TempDir::new().unwrap();
    let (mut program, _) = program(
        folder.path(),
        Some(&server.url("postgres")),
        &[
            "--drain-seconds",
            "0",
            "--shutdown-seconds",
            "2",
            "--database-task-timeout-seconds",
            "3600",
        ],
    );
    let frozen = server.freeze();
    terminate(&program);
    // Without the limit it would wait for as long as the database is frozen.
    program.wait().unwrap();
    drop(frozen);
}

/// Asks for a path, and returns the connection when the beginning of the answer is there.
fn open_stream(address: &str, path: &str, token: &str) -> std::net::TcpStream {
    let host = address.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    stream
}

#[test]
fn followers_do_not_hold_up_the_end() {
    let folder = tempfile::TempDir::new().unwrap();
    let (mut program, address) = program(
        folder.path(),
        None,
        &["--drain-seconds", "0", "--shutdown-seconds", "700"],
    );
    let token = Command::new(env!("CARGO_BIN_EXE_musubi"))
        .args(["token", "--role", "admin", "--data-dir"])
        .arg(folder.path())
        .env("MUSUBI_TOKEN_KEY", KEY)
        .output()
        .unwrap();
    let token = String::from_utf8(token.stdout).unwrap();
    let now = ureq::get(format!("{address}/v1/changes"))
        .header("authorization", format!("Bearer {}", token.trim()))
        .call()
        .unwrap();
    let now: Value = serde_json::from_reader(now.into_body().into_reader()).unwrap();
    let path = format!("/v1/changes/events?after={}", now["position"].as_str().unwrap());
    let streams = [(); 3].map(|()| open_stream(&address, &path, token.trim()));
    terminate(&program);
    for mut stream in streams {
        // The server ends each stream, so that its client asks another server.
        std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
    }
    assert!(program.wait().unwrap().success());
}
