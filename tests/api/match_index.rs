//! How the match index follows the change log.

use crate::support::{TestApp, assert_includes, on_both};
use musubi::db::{Db, Id, Instant};
use musubi::workers::{self, NewWorker, Worker};
use serde_json::{Value, json};
use std::sync::mpsc::channel;

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
    does_not_skip_transactions_that_commit_out_of_order,
    every_server_ranks_with_the_latest_write,
    reports_the_status_of_the_index,
}

fn does_not_skip_transactions_that_commit_out_of_order(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let (began, first_has_begun) = channel();
    let (release, released) = channel::<()>();
    let profile: NewWorker = serde_json::from_value(json!({"roles": ["designer"], "area": "131041",
        "consent": {"given_on": "2026-04-01", "text_version": "2026-04"}}))
    .unwrap();
    let first = Worker::register(Id::new(), profile, Instant::now());
    let first_id = first.id.to_string();
    let (before, workers) = ranked(app, &flyer);
    assert!(workers.is_empty());
    let second = std::thread::scope(|scope| {
        // Takes a place in the log and waits with the commit.
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
        app.until_a_writer_waits();
        // No reader sees a later place in the log than one that is still open.
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

fn every_server_ranks_with_the_latest_write(app: &TestApp) {
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
        let seen = status["at_change"].as_i64().unwrap() + status["lag_changes"].as_i64().unwrap();
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

fn reports_the_status_of_the_index(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    app.worker(json!({}));
    let (at_change, _) = ranked(app, &flyer);
    let status = app.get("/v1/statistics/match-index").expect(200).json();
    assert_includes(
        &status,
        &json!({"ready": true, "at_change": at_change, "lag_changes": 0, "workers": 1, "deliverables": 1}),
    );
    for positive in ["rebuilds", "trees", "size_bytes"] {
        assert!(status[positive].as_u64() > Some(0), "{positive}");
    }
}
