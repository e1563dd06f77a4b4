//! Many workers in one request.

use crate::query_counts::{queries, start_counting};
use crate::support::{TestApp, assert_includes, on_both};
use musubi::auth::UserRole;
use serde_json::{Value, json};
use std::cell::Cell;

const PATH: &str = "/v1/workers:batch";

on_both! {
    each_item_gets_the_answer_of_a_single_request,
    one_bad_item_loses_nothing_else,
    a_repeated_batch_is_carried_out_once,
    a_batch_stays_within_the_reach,
    consents_of_a_batch_are_kept_in_their_history,
    the_statements_of_a_batch_do_not_depend_on_its_size,
    refuses_a_batch_that_is_too_large_or_no_json,
    the_same_new_workers_at_once_are_written_once,
}

fn consent() -> Value {
    json!({"given_on": "2026-04-01", "given_at": "2026-04-01T03:00:00Z", "text_version": "2026-04"})
}

fn roster(external_id: &str, more: Value) -> Value {
    let mut item = json!({"source": "roster", "external_id": external_id, "area": "131041"});
    item.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    item
}

fn statuses(result: &Value) -> Vec<&str> {
    let items = result["items"].as_array().unwrap().iter();
    items.map(|item| item["status"].as_str().unwrap()).collect()
}

/// Every place and code of a problem.
fn faults(problem: &Value) -> Vec<(&Value, &Value)> {
    let errors = problem["errors"].as_array().unwrap().iter();
    errors.map(|error| (&error["pointer"], &error["code"])).collect()
}

fn each_item_gets_the_answer_of_a_single_request(app: &TestApp) {
    let (_, partner) = app.partner(json!({"code": "one"}));
    let coordinator = app.logged_in(
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let callers = [
        ("roster", app.admin.clone()),
        ("roster", app.token(UserRole::Importer)),
        ("roster", coordinator),
        ("partner:one", partner),
    ];
    let bodies = [
        json!({"area": "131041", "consent": consent(), "roles": ["designer"]}),
        json!({"area": "131130", "consent": consent()}),
        json!({"area": "131041"}),
        json!({"area": "999999", "consent": consent()}),
        json!({"area": "131041", "consent": consent(), "skills": [{"skill": "juggling", "level": 9}]}),
        json!({"area": "131041", "consent": consent(), "roles": ["designer", "nobody"], "themes": ["nothing"]}),
        json!({"area": "131041", "consent": consent(), "colour": "red"}),
        json!({"area": "131041", "consent": consent(), "capacity": "many"}),
        json!({"area": "131041", "consent": {"given_on": "2099-01-01", "text_version": "1"}}),
        json!({"area": "131041", "consent": consent(), "track_record": {"completed": 900, "dropped": 0}}),
        json!({"area": "131041", "consent": consent(), "open_load": 3, "available_from": "2026-05-01",
            "available_until": "2026-04-01"}),
        json!({"area": "131041", "consent": consent(), "source": "another"}),
        json!([]),
    ];
    let (mut refused, mut written) = (0, 0);
    for (caller, (source, token)) in callers.iter().enumerate() {
        let mut items = bodies.to_vec();
        for (index, item) in items.iter_mut().enumerate() {
            if let Some(members) = item.as_object_mut().filter(|item| !item.contains_key("source")) {
                members.extend([
                    ("source".to_owned(), json!(source)),
                    ("external_id".to_owned(), json!(format!("batch-{caller}-{index}"))),
                ]);
            }
        }
        let result = app
            .call("POST", PATH, token, &json!({"items": items}))
            .expect(200)
            .json();
        for (index, body) in bodies.iter().enumerate() {
            let item = &result["items"][index];
            assert_eq!(item["index"], index);
            let path = format!(
                "/v1/workers/by-external-id/{}/single-{caller}-{index}",
                source.replace(':', "%3A")
            );
            let single = app.call("PUT", &path, token, body);
            if single.status == 201 {
                assert_includes(item, &json!({"status": "created", "version": 1, "error": null}));
                let path = format!("/v1/workers/{}", item["id"].as_str().unwrap());
                let (mut one, mut other) = (app.get(&path).expect(200).json(), single.json());
                for own in ["id", "external_id", "created_at", "updated_at"] {
                    (one[own], other[own]) = (Value::Null, Value::Null);
                }
                assert_eq!(one, other, "{source} {body}");
                written += 1;
            } else {
                assert_includes(item, &json!({"status": "error", "id": null, "version": null}));
                let (one, other) = (&item["error"], single.json());
                // An item has no path that it could differ from: it misses the external id of its own source.
                if body.get("source").is_none() {
                    assert_eq!(
                        (&one["status"], &one["code"], faults(one)),
                        (&other["status"], &other["code"], faults(&other)),
                        "{source} {body}"
                    );
                }
                refused += 1;
            }
        }
    }
    assert!(written > 6 && refused > 25, "{written}, {refused}");
}

fn one_bad_item_loses_nothing_else(app: &TestApp) {
    let kept = app.worker(
        json!({"source": "roster", "external_id": "1", "hours_per_week": 2,
        "personal": {"name": "佐藤"}, "consent": consent()}),
    );
    app.put("/v1/workers/by-external-id/roster/2", &json!({"area": "131041"}))
        .expect(201);
    let items = json!([
        roster("1", json!({"hours_per_week": 3})),
        roster("2", json!({})),
        roster("3", json!({"roles": ["designer"], "personal": {"name": "鈴木"}})),
        roster("3", json!({"roles": ["writer"]})),
        {"area": "131041", "external_id": "4"},
        {"area": "131041"},
        null,
        roster("5", json!({"blocked_organization_ids": [kept], "skills": [{"skill": "writing", "level": 2}]})),
    ]);
    let result = app.post(PATH, &json!({"items": items})).expect(200).json();
    assert_eq!(
        statuses(&result),
        [
            "updated",
            "unchanged",
            "created",
            "error",
            "error",
            "error",
            "error",
            "created"
        ]
    );
    assert_includes(
        &result,
        &json!({"created": 2, "updated": 1, "unchanged": 1, "errors": 4}),
    );
    let error = |index: usize| faults(&result["items"][index]["error"]);
    assert_eq!(error(3), [(&json!("/external_id"), &json!("duplicate_item"))]);
    assert_eq!(error(4), [(&json!("/source"), &json!("missing_field"))]);
    assert_eq!(error(5).len(), 2, "{result}");
    assert_eq!(error(6), [(&json!(""), &json!("wrong_type"))]);
    let worker = app.get(&format!("/v1/workers/{kept}")).expect(200).json();
    assert_includes(
        &worker,
        &json!({"hours_per_week": 3, "version": 2, "personal": {"name": "佐藤"}, "consent": {"given_on": "2026-04-01"}}),
    );
    let third = app.get("/v1/workers/by-external-id/roster/3").expect(200).json();
    assert_includes(
        &third,
        &json!({"roles": ["designer"], "id": result["items"][2]["id"]}),
    );
    let found = app.get("/v1/workers?skill=writing").expect(200).json();
    assert_eq!(found["items"][0]["external_id"], "5");
    // Skills, roles and separations follow an update, too.
    let other = roster("5", json!({"roles": ["engineer"]}));
    app.post(PATH, &json!({"items": [other, roster("3", json!({}))]}))
        .expect(200);
    let none = app.get("/v1/workers?skill=writing").expect(200).json();
    assert_eq!(none["items"], json!([]));
    let engineers = app.get("/v1/workers?role=engineer").expect(200).json();
    assert_eq!(engineers["items"][0]["external_id"], "5");
    let answer = app.call("POST", PATH, &app.admin, &json!({"items": [{"area": "131041"}]}));
    assert!(answer.text.contains("入力必須"), "{}", answer.text);
}

fn a_repeated_batch_is_carried_out_once(app: &TestApp) {
    let body = json!({"items": [roster("1", json!({})), roster("2", json!({"area": "0"}))]});
    let key = [("idempotency-key", "batch-1")];
    let first = app.post_with(PATH, &key, &body).expect(200);
    let again = app.post_with(PATH, &key, &body).expect(200);
    assert_eq!(first.json(), again.json());
    assert_eq!(statuses(&again.json()), ["created", "error"]);
    let other = json!({"items": [roster("1", json!({}))]});
    let reused = app.post_with(PATH, &key, &other).expect(422);
    assert_eq!(reused.code(), "idempotency_key_reused");
    let unkeyed = app.post(PATH, &body).expect(200).json();
    assert_eq!(statuses(&unkeyed), ["unchanged", "error"]);
}

fn a_batch_stays_within_the_reach(app: &TestApp) {
    let (_, one) = app.partner(json!({"code": "one"}));
    let (_, two) = app.partner(json!({"code": "two"}));
    let volunteer = json!({"items": [{"external_id": "1", "area": "131041", "consent": consent()}]});
    let own = app.call("POST", PATH, &one, &volunteer).expect(200).json();
    let others = app.call("POST", PATH, &two, &volunteer).expect(200).json();
    assert_eq!(
        (statuses(&own), statuses(&others)),
        (vec!["created"], vec!["created"])
    );
    assert_ne!(own["items"][0]["id"], others["items"][0]["id"]);
    // A name that is known elsewhere is free here, and nobody learns that it is known.
    app.put("/v1/workers/by-external-id/roster/7", &json!({"area": "131130"}))
        .expect(201);
    let coordinator = app.logged_in(
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let items = json!({"items": [roster("7", json!({})), roster("8", json!({"area": "131130"})),
        {"source": "131041:roster", "external_id": "7", "area": "131041"}]});
    let result = app.call("POST", PATH, &coordinator, &items).expect(200).json();
    assert_eq!(statuses(&result), ["created", "error", "error"]);
    assert_eq!(result["items"][1]["error"]["status"], 403);
    assert_eq!(result["items"][2]["error"]["code"], "duplicate_external_id");
    let found = app
        .get("/v1/workers/by-external-id/131041%3Aroster/7")
        .expect(200)
        .json();
    assert_eq!(found["id"], result["items"][0]["id"]);
    // Nobody moves a worker out of the own areas.
    let moved = json!({"items": [roster("7", json!({"area": "131130"}))]});
    let result = app.call("POST", PATH, &coordinator, &moved).expect(200).json();
    assert_eq!(result["items"][0]["error"]["status"], 403);
}

fn consents_of_a_batch_are_kept_in_their_history(app: &TestApp) {
    let with = |consent: Value| {
        let items = ["1", "2"].map(|id| roster(id, json!({"consent": consent})));
        app.post(PATH, &json!({"items": items})).expect(200).json()
    };
    let first = with(consent());
    let newer = json!({"given_on": "2026-05-01", "text_version": "2026-05"});
    assert_eq!(statuses(&with(newer.clone())), ["updated", "updated"]);
    assert_eq!(statuses(&with(newer)), ["unchanged", "unchanged"]);
    assert_eq!(statuses(&with(Value::Null)), ["updated", "updated"]);
    for item in first["items"].as_array().unwrap() {
        let id = item["id"].as_str().unwrap();
        let history = app.get(&format!("/v1/workers/{id}/consents")).expect(200).json();
        let history = history["items"].as_array().unwrap();
        assert_eq!(history.len(), 2);
        assert!(
            history.iter().all(|one| !one["withdrawn_at"].is_null()),
            "{history:?}"
        );
        let entries = app.get(&format!("/v1/audit?subject_id={id}")).expect(200).json();
        let mut actions: Vec<_> = entries["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["action"].as_str().unwrap())
            .collect();
        actions.retain(|action| action.starts_with("consent"));
        assert_eq!(actions, ["consent.withdrawn", "consent.given"]);
    }
}

fn the_statements_of_a_batch_do_not_depend_on_its_size(app: &TestApp) {
    start_counting();
    let server = app.another();
    let number = Cell::new(0);
    // The duplicates are looked for meanwhile, with other statements.
    let all = [
        "external_id",
        "worker_skills",
        "worker_roles",
        "worker_separations",
        "consents",
        "INTO",
        "UPDATE",
    ];
    let count = |size: usize| {
        queries(&server, &all, || {
            let call = number.get();
            number.set(call + 1);
            let item = |i: usize| match i % 2 {
                0 => roster(
                    &format!("{call}-{i}"),
                    json!({"roles": ["designer"], "consent": consent()}),
                ),
                _ => roster(
                    &i.to_string(),
                    json!({"hours_per_week": call % 50, "skills": [{"skill": "writing", "level": 1 + call % 5}],
                    "consent": if call % 2 == 0 { consent() } else { Value::Null }}),
                ),
            };
            let items: Vec<Value> = (0..size).map(item).collect();
            let result = server.post(PATH, &json!({"items": items})).expect(200).json();
            assert_eq!(result["errors"], 0, "{result}");
        })
    };
    count(40);
    let (few, many) = (count(4), count(40));
    assert!(many.len() <= few.len() + 2, "{few:#?}\n{many:#?}");
    assert!(many.len() <= 30, "{many:#?}");
}

fn refuses_a_batch_that_is_too_large_or_no_json(app: &TestApp) {
    let of = |count: usize| json!({"items": vec![Value::Null; count]});
    for (count, code) in [(0, "invalid_length"), (501, "invalid_length")] {
        let refused = app.post(PATH, &of(count)).expect(422);
        assert_eq!(refused.faults(), [("/items".to_owned(), code.to_owned())]);
    }
    assert_eq!(app.post(PATH, &of(500)).expect(200).json()["errors"], 500);
    let long = json!({"personal": {"evidence": [{"text": "長".repeat(1000)}]}});
    let items: Vec<Value> = (0..500).map(|i| roster(&i.to_string(), long.clone())).collect();
    let result = app.post(PATH, &json!({"items": items})).expect(200).json();
    assert_eq!(result["created"], 500, "1.5 MB are allowed");
    let refused = app
        .post(PATH, &json!({"items": ["長".repeat(1_500_000)]}))
        .expect(413);
    assert_eq!(refused.code(), "too_large");
    let twice = br#"{"items": [{"area": "131041", "area": "131041"}]}"#;
    let bearer = format!("Bearer {}", app.admin);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let refused = app.send("POST", PATH, &headers, twice).expect(422);
    assert_eq!(
        refused.faults(),
        [("/items/0/area".to_owned(), "duplicate_field".to_owned())]
    );
}

/// Whoever is later finds the workers of whoever was faster, as simultaneous single requests do.
fn the_same_new_workers_at_once_are_written_once(app: &TestApp) {
    for round in 0..6 {
        let id = |i: usize| format!("{round}-{i}");
        // In another order each time: nobody waits for somebody who waits for them.
        let items = |turn: usize| -> Vec<Value> {
            let item = |i: usize| roster(&id((i + turn) % 5), json!({"roles": ["designer"]}));
            (0..5).map(item).collect()
        };
        let single = format!("/v1/workers/by-external-id/roster/{}", id(0));
        std::thread::scope(|scope| {
            let batches: Vec<_> = (0..4)
                .map(|turn| scope.spawn(move || app.post(PATH, &json!({"items": items(turn)}))))
                .collect();
            let put = scope.spawn(|| app.put(&single, &json!({"area": "131041", "roles": ["designer"]})));
            let mut created = 0;
            for batch in batches {
                let result = batch.join().unwrap().expect(200).json();
                assert_eq!(result["errors"], 0, "{result}");
                created += result["created"].as_u64().unwrap();
            }
            let put = put.join().unwrap();
            assert!([200, 201].contains(&put.status), "{}", put.text);
            assert_eq!(created + u64::from(put.status == 201), 5);
        });
    }
}
