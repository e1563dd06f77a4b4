//! Reads from a standby: never less than the reader wrote or was shown, and from the primary when the standby is late or
//! gone.

use crate::support::TestApp;
use crate::support::postgres::own_server;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

const READS: &str = "musubi_database_standby_reads_total";

/// Returns how many reads the standby answered.
fn reads(app: &TestApp) -> u64 {
    let metrics = app.metrics_text();
    let line = metrics.lines().find_map(|line| line.strip_prefix(READS)).unwrap();
    line.trim().parse().unwrap()
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["name"].as_str().unwrap()).collect()
}

/// Returns how many organizations an export has.
fn exported(app: &TestApp) -> usize {
    let body = json!({"kind": "organizations", "format": "ndjson"});
    let (status, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
    assert_eq!(status, 200);
    String::from_utf8(file).unwrap().lines().count()
}

/// Lists until the standby has answered.
fn listed_by_standby(app: &TestApp) -> Value {
    let before = reads(app);
    let mut list = Value::Null;
    app.until(|| {
        list = app.get("/v1/organizations").expect(200).json();
        reads(app) > before
    });
    list
}

#[test]
fn reads_from_the_standby_only_what_is_not_late() {
    let Some(primary) = own_server("-c wal_level=replica") else {
        return;
    };
    // The tables, before anybody follows.
    drop(TestApp::impatient(Some(primary.url("postgres")), 10));
    let standby = primary.standby();
    let reader = || TestApp::with_standby(primary.url("postgres"), standby.url("postgres"));
    let (one, other) = (reader(), reader());
    one.organization("戸山会");
    assert_eq!(names(&listed_by_standby(&one)), ["戸山会"]);
    assert_eq!(names(&listed_by_standby(&other)), ["戸山会"]);

    // A standby that is late doesn't answer who wrote, nor who knows the position of that write.
    let mut behind = standby.connect();
    behind.batch_execute("SELECT pg_wal_replay_pause()").unwrap();
    for number in 1..=10 {
        let body = json!({"name": format!("第{number}町会"), "area": "131041"});
        let written = one.post("/v1/organizations", &body).expect(201);
        let list = one.get("/v1/organizations").expect(200).json();
        assert_eq!(list["items"].as_array().unwrap().len(), 1 + number, "{list}");
        let position = written.header("musubi-position").to_owned();
        let known = [("musubi-position", position.as_str())];
        let list = other.get_with("/v1/organizations", &known).expect(200).json();
        assert_eq!(list["items"].as_array().unwrap().len(), 1 + number, "{list}");
    }
    let before = reads(&one);
    one.get("/v1/organizations").expect(200);
    assert_eq!(exported(&one), 11);
    assert_eq!(reads(&one), before);

    behind.batch_execute("SELECT pg_wal_replay_resume()").unwrap();
    assert_eq!(listed_by_standby(&other)["items"].as_array().unwrap().len(), 11);
    let before = reads(&other);
    assert_eq!(exported(&other), 11);
    // One finds out whether the database answers, the other makes the file.
    assert_eq!(reads(&other), before + 2);
    // Asking for a file is no write: the asker goes on reading from the standby.
    other.get("/v1/organizations").expect(200);
    assert_eq!(reads(&other), before + 3);

    // The primary answers when the standby is gone.
    drop(behind);
    standby.stop();
    for _ in 0..3 {
        let list = one.get("/v1/organizations").expect(200).json();
        assert_eq!(list["items"].as_array().unwrap().len(), 11);
        assert_eq!(exported(&other), 11);
    }
    let wrong = [("musubi-position", "yesterday")];
    let refused = one.get_with("/v1/organizations", &wrong).expect(400);
    assert_eq!(refused.json()["errors"][0]["code"], "invalid_position");
}
