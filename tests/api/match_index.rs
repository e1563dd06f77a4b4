//! The match index as it follows the change log.

use crate::support::{TestApp, on_both};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use musubi::db::{Db, Id, Instant};
use musubi::workers::{self, NewWorker, Worker};
use serde_json::{Value, json};
use std::sync::mpsc::channel;

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt)]
    waiting: i64,
}

/// On PostgreSQL: whether a writer waits for another's place in the log.
fn somebody_waits(app: &TestApp) -> bool {
    let waits = "SELECT count(*) AS waiting FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let count = |db: &mut Db| match db {
        Db::Pg(c) => Ok(diesel::sql_query(waits).get_result::<Waiting>(c)?.waiting > 0),
        Db::Sqlite(_) => Ok(true),
    };
    app.state.pool.read_blocking(count).unwrap()
}

fn ranked(app: &TestApp, flyer: &str) -> (i64, Vec<String>) {
    let ranking = app
        .get(&format!("/v1/deliverables/{flyer}/matches"))
        .expect(200)
        .json();
    let id = |item: &Value| item["worker"]["id"].as_str().unwrap().to_owned();
    (
        ranking["at_change"].as_i64().unwrap(),
        ranking["items"].as_array().unwrap().iter().map(id).collect(),
    )
}

on_both! {
    commits_in_another_order_than_they_began_are_not_skipped,
    a_write_is_in_the_next_ranking_of_every_server,
    the_index_tells_how_it_is_doing,
}

fn commits_in_another_order_than_they_began_are_not_skipped(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let (began, first_has_begun) = channel();
    let (release, released) = channel::<()>();
    let profile: NewWorker = serde_json::from_value(json!({"roles": ["designer"], "area": "131041",
        "consent": {"given_on": "2026-04-01", "text_version": "2026-04"}}))
    .unwrap();
    let first = Worker::register(Id::new(), profile, Instant::now());
    let first_id = first.id.to_string();
    let (before, nobody) = ranked(app, &flyer);
    assert!(nobody.is_empty());
    let second = std::thread::scope(|scope| {
        // It has its place in the log, and doesn't commit yet.
        scope.spawn(move || {
            let write = |db: &mut Db| {
                workers::store::insert(db, "test", &first)?;
                began.send(()).unwrap();
                released.recv().unwrap();
                Ok(())
            };
            app.state.pool.write_blocking(write).unwrap();
        });
        first_has_begun.recv().unwrap();
        let second = scope.spawn(|| app.worker(json!({})));
        while !somebody_waits(app) {
            std::thread::yield_now();
        }
        // Nobody sees a later place in the log than one that is still open.
        assert_eq!(ranked(app, &flyer), (before, vec![]));
        release.send(()).unwrap();
        second.join().unwrap()
    });
    let (after, both) = ranked(app, &flyer);
    assert_eq!(after, before + 2);
    let mut expected = vec![first_id, second];
    expected.sort();
    let mut both = both;
    both.sort();
    assert_eq!(both, expected);
}

fn a_write_is_in_the_next_ranking_of_every_server(app: &TestApp) {
    let other = app.another();
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    for i in 0..5 {
        let worker = app.worker(json!({}));
        assert_eq!(ranked(&other, &flyer).1.len(), i + 1);
        other
            .patch(&format!("/v1/workers/{worker}"), &json!({"hours_per_week": 3}))
            .expect(200);
        let ranking = app
            .get(&format!("/v1/deliverables/{flyer}/matches/{worker}"))
            .expect(200)
            .json();
        let status = other.get("/v1/statistics/match-index").expect(200).json();
        let seen = status["at_change"].as_i64().unwrap() + status["lag"].as_i64().unwrap();
        assert_eq!(ranking["at_change"], seen);
        let offered = ranking["components"]
            .as_array()
            .unwrap()
            .iter()
            .find(|c| c["name"] == "availability")
            .unwrap()["inputs"]["hours_offered"]
            .clone();
        assert_eq!(offered, 3);
    }
}

fn the_index_tells_how_it_is_doing(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    app.worker(json!({}));
    let (at_change, _) = ranked(app, &flyer);
    let status = app.get("/v1/statistics/match-index").expect(200).json();
    assert_eq!(
        (&status["ready"], &status["at_change"], &status["lag"]),
        (&json!(true), &json!(at_change), &json!(0))
    );
    assert_eq!(
        (&status["workers"], &status["deliverables"]),
        (&json!(1), &json!(1))
    );
    assert!(
        status["epochs"].as_u64() > Some(0)
            && status["trees"].as_u64() > Some(0)
            && status["bytes"].as_u64() > Some(0)
    );
}
