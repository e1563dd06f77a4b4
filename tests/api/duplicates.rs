//! The same person, coming from two sides: recognised, offered to somebody who decides, and never told to the other side.

use crate::support::{TestApp, merge, on_both};
use serde_json::{Value, json};

fn volunteer(external_id: &str, more: Value) -> Value {
    let mut body = json!({"external_id": external_id, "area": "131041", "travel_limit_km": 20, "roles": ["designer"], "accepted_formats": ["one_day"],
        "skills": [{"skill": "graphic_design", "level": 4}],
        "personal": {"name": "佐藤 陽子", "email": "yoko@example.jp", "email_verified": true},
        "consent": {"given_on": "2026-04-01", "given_at": "2026-04-01T03:00:00Z", "text_version": "2026-04"}});
    merge(&mut body, more);
    body
}

fn register(app: &TestApp, token: &str, body: &Value) -> String {
    let registered = app.call("POST", "/v1/workers", token, body).expect(201).json();
    registered["id"].as_str().unwrap().to_owned()
}

fn proposed(app: &TestApp) -> Vec<Value> {
    app.get("/v1/duplicates?status=proposed").expect(200).json()["items"]
        .as_array()
        .unwrap()
        .clone()
}

on_both! {
    fn a_person_of_two_partners_is_offered_for_merging_and_told_to_neither(app) {
        let (_, one) = app.partner(json!({"code": "one"}));
        let (_, two) = app.partner(json!({"code": "two"}));
        let flyer = app.deliverable(&app.organization("風"), json!({"diffused": true}));
        let first = register(app, &one, &volunteer("1", json!({})));
        let second = register(app, &two, &volunteer("x", json!({"personal": {"email": "YOKO@Example.jp", "name": "佐藤陽子"}})));
        let pair = proposed(app).remove(0);
        assert_eq!((&pair["reasons"], &pair["status"]), (&json!(["email"]), &json!("proposed")));
        let ids: Vec<&str> = pair["workers"].as_array().unwrap().iter().map(|w| w["id"].as_str().unwrap()).collect();
        assert_eq!(ids, [first.as_str(), &second]);
        assert!(!pair.to_string().contains("example.jp"));
        let path = format!("/v1/duplicates/{}", pair["id"].as_str().unwrap());
        let ranked = || {
            let page = app.get(&format!("/v1/deliverables/{flyer}/matches?role=designer")).expect(200).json();
            page["items"].as_array().unwrap().iter().map(|i| i["worker"]["id"].as_str().unwrap().to_owned()).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(ranked().len(), 2, "nothing happens by itself");
        app.user("c@example.jp", json!({"role": "coordinator", "areas": ["131041"]}));
        app.user("d@example.jp", json!({"role": "coordinator", "areas": ["131130"]}));
        let token = |email: &str| app.login(email)["access_token"].as_str().unwrap().to_owned();
        let (coordinator, elsewhere) = (token("c@example.jp"), token("d@example.jp"));
        let decide = |token: &str, body: Value| app.call("PATCH", &path, token, &body);
        decide(&elsewhere, json!({"status": "distinct"})).expect(404);
        decide(&one, json!({"status": "distinct"})).expect(403);
        app.call("GET", "/v1/duplicates", &one, &Value::Null).expect(403);
        decide(&coordinator, json!({"status": "merged"})).expect(422);
        let stranger = app.worker(json!({}));
        assert_eq!(decide(&coordinator, json!({"status": "merged", "kept_worker_id": stranger})).expect(422).faults(), [("/kept_worker_id".into(), "unknown_worker".into())]);
        decide(&coordinator, json!({"status": "merged", "kept_worker_id": first})).expect(200);
        assert_eq!(ranked(), [first.clone(), stranger.clone()].into());
        assert_eq!(app.get(&format!("/v1/workers/{second}")).json()["merged_into"], first.as_str());
        // Each partner sees its own as ever, and nothing of the other's.
        for (token, own, other) in [(&one, &first, &second), (&two, &second, &first)] {
            let shown = app.call("GET", &format!("/v1/workers/{own}"), token, &Value::Null).expect(200);
            assert!(shown.json()["merged_into"].is_null() && !shown.text.contains(other.as_str()), "{}", shown.text);
            app.call("GET", &format!("/v1/workers/{other}"), token, &Value::Null).expect(404);
            app.call("GET", &format!("/v1/workers/{own}/matches"), token, &Value::Null).expect(200);
        }
        // What one of them changes does not bring the other back.
        app.call("PATCH", &format!("/v1/workers/{second}"), &two, &json!({"hours_per_week": 4})).expect(200);
        assert_eq!(ranked(), [first.clone(), stranger.clone()].into());
        decide(&coordinator, json!({"status": "distinct", "kept_worker_id": null})).expect(200);
        assert_eq!(ranked().len(), 3);
        let audited = app.get(&format!("/v1/audit?subject_id={second}")).json();
        let actions: Vec<&str> = audited["items"].as_array().unwrap().iter().map(|i| i["action"].as_str().unwrap()).filter(|a| a.starts_with("duplicate")).collect();
        assert_eq!(actions, ["duplicate.separated", "duplicate.merged"]);
        // What was decided is not proposed again.
        app.call("PATCH", &format!("/v1/workers/{second}"), &two, &json!({"hours_per_week": 5})).expect(200);
        assert!(proposed(app).is_empty());
    }

    fn only_what_is_verified_and_real_is_recognised(app) {
        let (_, one) = app.partner(json!({"code": "one"}));
        let (_, sandbox) = app.partner(json!({"code": "sandbox", "sandbox": true}));
        register(app, &one, &volunteer("1", json!({"personal": {"phone": "090-1234-5678", "phone_verified": true}})));
        register(app, &one, &volunteer("2", json!({"personal": {"email_verified": false}})));
        register(app, &sandbox, &volunteer("1", json!({})));
        assert!(proposed(app).is_empty());
        let late = register(app, &one, &volunteer("3", json!({"personal": {"email": null, "phone": "+81 90 1234 5678"}})));
        assert!(proposed(app).is_empty());
        app.patch(&format!("/v1/workers/{late}"), &json!({"personal": {"phone_verified": true}})).expect(200);
        assert_eq!(proposed(app)[0]["reasons"], json!(["phone"]));
        app.patch(&format!("/v1/workers/{late}"), &json!({"personal": {"phone": "03-0000-0000"}})).expect(200);
        assert!(proposed(app).is_empty(), "it was a mistake");
    }

    fn one_person_has_one_place_and_an_erased_one_leaves_the_other_standing(app) {
        let two_designers = json!({"roles": [{"role": "designer", "places": 2, "skills": []}]});
        let flyer = app.deliverable(&app.organization("風"), two_designers);
        let body = json!({"personal": {"name": "佐藤", "email": "y@example.jp", "email_verified": true}, "capacity": 3});
        let (first, second) = (app.worker(body.clone()), app.worker(body));
        let path = format!("/v1/duplicates/{}", proposed(app)[0]["id"].as_str().unwrap());
        app.patch(&path, &json!({"status": "merged", "kept_worker_id": first})).expect(200);
        let bid = |worker: &str| {
            let body = json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer"});
            app.post("/v1/applications", &body).expect(201).header("location").to_owned()
        };
        let (one, other) = (bid(&first), bid(&second));
        app.patch(&other, &json!({"status": "accepted"})).expect(200);
        assert_eq!(app.patch(&one, &json!({"status": "accepted"})).expect(409).code(), "same_person");
        for worker in [&first, &second] {
            assert_eq!(app.get(&format!("/v1/workers/{worker}")).json()["open_load"], 1);
        }
        let third = app.worker(json!({"personal": {"name": "佐藤", "email": "y@example.jp", "email_verified": true}}));
        let pairs = proposed(app);
        assert_eq!(pairs.len(), 2);
        let chained = format!("/v1/duplicates/{}", pairs[0]["id"].as_str().unwrap());
        assert_eq!(app.patch(&chained, &json!({"status": "merged", "kept_worker_id": third})).expect(409).code(), "merged_elsewhere");
        app.delete(&format!("/v1/workers/{first}")).expect(204);
        assert!(app.get(&format!("/v1/workers/{second}")).expect(200).json()["merged_into"].is_null());
        assert!(app.get(&format!("/v1/deliverables/{flyer}/matches?role=designer")).expect(200).text.contains(&second));
        app.get(&path).expect(404);
    }
}
