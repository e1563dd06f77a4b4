//! Callers share the database: one that sends many requests at once doesn't hold up the next.

use crate::support::{TestApp, on_both};
use diesel::connection::SimpleConnection;
use musubi::auth::{Claims, UserRole};
use musubi::db::Db;
use serde_json::{Value, json};
use std::sync::mpsc;

on_both! {
    a_flood_of_one_caller_does_not_hold_up_others,
}

/// As many as one caller sends at once.
const FLOOD: usize = 40;
/// How many others come after it.
const OTHERS: usize = 20;
/// How many PostgreSQL's connections run at a time.
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

fn a_flood_of_one_caller_does_not_hold_up_others(app: &TestApp) {
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
        let others: Vec<_> = (0..OTHERS).map(|n| ask(&format!("other-{n}"))).collect();
        // Background tasks wait, too, and what was read waits again to be entered: not all of the others need be there.
        server.until(|| waiting(server) >= before + OTHERS - 3);
        drop(release);
        for asked in flood.into_iter().chain(others) {
            asked.join().unwrap();
        }
    });
    let entries = server
        .get("/v1/audit?action=personal_data.read&limit=200")
        .expect(200)
        .json();
    let actors = entries["items"].as_array().unwrap().iter().rev();
    let actors: Vec<&str> = actors.map(|entry| entry["actor"].as_str().unwrap()).collect();
    let is_ours = |actor: &&&str| actor.contains("flood") || actor.contains("other");
    let order: Vec<&&str> = actors.iter().filter(is_ours).collect();
    assert_eq!(order.len(), FLOOD + OTHERS, "{actors:?}");
    // In the order of arrival, the others would be last.
    let early = order
        .iter()
        .take(OTHERS + FLOOD / 2)
        .filter(|actor| actor.contains("other"));
    assert!(early.count() >= OTHERS / 2, "{order:?}");
}
