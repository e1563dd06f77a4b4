//! Callers share the database: one that sends many requests at once doesn't hold up the next.

use crate::support::{TestApp, on_both};
use diesel::connection::SimpleConnection;
use musubi::auth::{Claims, UserRole};
use musubi::db::Db;
use serde_json::{Value, json};
use std::sync::mpsc;

on_both! {
    a_flood_of_one_caller_does_not_hold_up_the_next,
}

/// As many as one caller sends at once.
const FLOOD: usize = 40;
/// How many of them PostgreSQL's connections run at a time.
const RUNNING: usize = 7;

fn token(app: &TestApp, subject: &str) -> String {
    let claims = Claims::new(UserRole::Admin, subject, chrono::Utc::now().timestamp(), 3600);
    app.state.keys.sign(&claims).unwrap()
}

/// Returns how many transactions wait to begin.
fn waiting(app: &TestApp) -> usize {
    let text = app.metrics_text();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("musubi_database_waiting "));
    line.unwrap().parse::<f64>().unwrap() as usize
}

fn a_flood_of_one_caller_does_not_hold_up_the_next(app: &TestApp) {
    // It waits as long as this test takes on a slow machine.
    let patient = TestApp::impatient(app.config().database_url, 300);
    let server = &patient.another_with(&["--metrics-listen=127.0.0.1:0"]);
    server.worker(json!({"personal": {"name": "石田 和子"}}));
    std::thread::scope(|scope| {
        // They end with this block, so that nobody waits for a test that failed.
        let (release, released) = mpsc::channel::<()>();
        let (begin, begun) = mpsc::channel::<()>();
        let pool = patient.state.pool.clone();
        scope.spawn(move || {
            // Nobody can write to the audit meanwhile, as every answer with personal data has to.
            let hold = move |db: &mut Db| {
                if let Db::Pg(c) = db {
                    c.batch_execute("SELECT pg_advisory_xact_lock(6385439)")?;
                }
                begin.send(()).unwrap();
                let _ = released.recv();
                Ok(())
            };
            pool.write_blocking(hold).unwrap();
        });
        begun.recv().unwrap();
        let ask = |subject: &str| {
            let token = token(server, subject);
            scope.spawn(move || {
                server
                    .call("GET", "/v1/workers", &token, &Value::Null)
                    .expect(200)
            })
        };
        let flood: Vec<_> = (0..FLOOD).map(|_| ask("flood")).collect();
        server.until(|| waiting(server) >= FLOOD - RUNNING);
        let before = waiting(server);
        let next = ask("next");
        server.until(|| waiting(server) > before);
        drop(release);
        next.join().unwrap();
        flood.into_iter().for_each(|asked| drop(asked.join().unwrap()));
    });
    let entries = server
        .get("/v1/audit?action=personal_data.read&limit=200")
        .expect(200)
        .json();
    let actors = entries["items"].as_array().unwrap().iter().rev();
    let actors: Vec<&str> = actors.map(|entry| entry["actor"].as_str().unwrap()).collect();
    let is_ours = |actor: &&&str| actor.contains("flood") || actor.contains("next");
    let order: Vec<&&str> = actors.iter().filter(is_ours).collect();
    assert_eq!(order.len(), FLOOD + 1, "{actors:?}");
    // Those that run already come first. In the order of arrival, it would be the last.
    let place = order.iter().position(|actor| actor.contains("next")).unwrap();
    assert!(place < FLOOD / 2, "{order:?}");
}
