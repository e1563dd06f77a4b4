//! Workers.

use crate::support::{TestApp, assert_includes, on_both};
use musubi::auth::{Claims, UserRole};
use musubi::db::Id;
use serde_json::{Value, json};

on_both! {
    leaves_unanswered_members_null,
    updates_a_composed_alias_and_keeps_a_given_one,
    replaces_a_worker_by_external_id_idempotently,
    rejects_future_and_implausible_dates,
    rejects_unknown_codes,
    filters_workers_by_skill_role_area_and_status,
    forgets_the_stored_answer_about_an_erased_worker,
    a_token_with_fewer_scopes_sees_no_more,
}

fn leaves_unanswered_members_null(app: &TestApp) {
    let worker = app.post("/v1/workers", &json!({})).expect(201).json();
    for member in [
        "personal",
        "consent",
        "area",
        "travel_limit_km",
        "remote",
        "accepted_formats",
        "roles",
        "skills",
        "themes",
        "hours_per_week",
        "day_parts",
        "experience",
        "track_record",
        "last_active_on",
        "source",
    ] {
        assert_eq!(worker[member], Value::Null, "{member}");
    }
    assert_includes(
        &worker,
        &json!({"capacity": 1, "status": "active", "demo": false}),
    );
    assert_eq!(worker["alias"], "プロボノワーカー");
}

fn updates_a_composed_alias_and_keeps_a_given_one(app: &TestApp) {
    let created = app
        .post("/v1/workers", &json!({"area": "131041", "roles": ["designer"]}))
        .expect(201);
    assert_eq!(created.json()["alias"], "新宿区のデザイナー");
    let path = created.header("location").to_owned();
    assert_eq!(
        app.patch(&path, &json!({"area": "131016"})).json()["alias"],
        "千代田区のデザイナー"
    );
    assert_eq!(
        app.patch(&path, &json!({"alias": "絵の人"})).json()["alias"],
        "絵の人"
    );
    assert_eq!(
        app.patch(&path, &json!({"area": "131041"})).json()["alias"],
        "絵の人"
    );
}

fn replaces_a_worker_by_external_id_idempotently(app: &TestApp) {
    let path = "/v1/workers/by-external-id/roster/A-0042";
    let body = json!({"area": "13104", "roles": ["designer"], "hours_per_week": 4});
    let created = app.put(path, &body).expect(201);
    assert_eq!(
        (&created.json()["source"], &created.json()["external_id"]),
        (&json!("roster"), &json!("A-0042"))
    );
    let again = app.put(path, &body).expect(200);
    assert_eq!(
        (again.header("etag"), &again.json()["id"]),
        ("\"1\"", &created.json()["id"])
    );
    let replaced = app.put(path, &json!({"roles": ["engineer"]})).expect(200).json();
    assert_eq!(
        (&replaced["version"], &replaced["hours_per_week"], &replaced["id"]),
        (&json!(2), &Value::Null, &created.json()["id"])
    );
    let refused = app
        .put(path, &json!({"source": "roster", "external_id": "other"}))
        .expect(422);
    assert_eq!(
        refused.faults(),
        [("/external_id".into(), "differs_from_path".into())]
    );
    // Together with what is wrong elsewhere, and nothing is written.
    let elsewhere = json!({"source": "other", "external_id": "other", "area": "999999", "roles": ["nobody"]});
    let mut faults = app.put(path, &elsewhere).expect(422).faults();
    faults.sort();
    let expected = [
        ("/area", "unknown_area"),
        ("/external_id", "differs_from_path"),
        ("/roles/0", "unknown_role"),
        ("/source", "differs_from_path"),
    ];
    assert_eq!(
        faults,
        expected.map(|(place, code)| (place.to_owned(), code.to_owned()))
    );
    let wrong = json!({"source": "other", "external_id": "A-0042", "family": "web", "roles": ["nobody"]});
    let mut faults = app.put(path, &wrong).expect(422).faults();
    faults.sort();
    assert_eq!(
        faults.iter().map(|(place, _)| place.as_str()).collect::<Vec<_>>(),
        ["/family", "/roles/0", "/source"]
    );
    let stays = app.put(path, &json!({"roles": ["engineer"]})).expect(200).json();
    assert_eq!(stays["version"], 2);
    let odd = app
        .put("/v1/workers/by-external-id/%E5%90%8D%E7%B0%BF/a%2Fb", &json!({}))
        .expect(201)
        .json();
    assert_includes(&odd, &json!({"source": "名簿", "external_id": "a/b"}));
    let taken = app
        .post(
            "/v1/workers",
            &json!({"source": "roster", "external_id": "A-0042"}),
        )
        .expect(409);
    assert_eq!(taken.code(), "duplicate_external_id");
}

fn rejects_future_and_implausible_dates(app: &TestApp) {
    let body =
        json!({"consent": {"given_on": "2099-01-01", "text_version": "1"}, "last_active_on": "2099-01-01"});
    let refused = app.post("/v1/workers", &body).expect(422).faults();
    assert_eq!(
        refused.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(),
        ["/consent/given_on", "/last_active_on"]
    );
    assert!(refused.iter().all(|f| f.1 == "date_in_future"));
    let implausible = json!({"available_from": "0001-01-01"});
    assert_eq!(
        app.post("/v1/workers", &implausible).expect(422).faults(),
        [("/available_from".into(), "out_of_range".into())]
    );
}

fn rejects_unknown_codes(app: &TestApp) {
    let body = json!({"roles": ["designer", "wizard"], "skills": [{"skill": "magic", "level": 9}]});
    assert_eq!(
        app.post("/v1/workers", &body).expect(422).faults(),
        [
            ("/skills/0/level".into(), "out_of_range".into()),
            ("/roles/1".into(), "unknown_role".into()),
            ("/skills/0/skill".into(), "unknown_skill".into())
        ]
    );
    let body = json!({"roles": ["designer", "wizard"], "skills": [{"skill": "magic", "level": 5}],
        "area": "999999", "themes": ["dementia"],
        "experience": [{"family": "x", "role": "designer", "delivered": 1}]});
    let places: Vec<String> = app
        .post("/v1/workers", &body)
        .expect(422)
        .faults()
        .into_iter()
        .map(|f| f.0)
        .collect();
    assert_eq!(
        places,
        ["/area", "/roles/1", "/skills/0/skill", "/experience/0/family"]
    );
    assert_eq!(
        app.post("/v1/workers", &json!({"day_parts": ["caturday_morning"]}))
            .expect(422)
            .faults()[0]
            .0,
        "/day_parts/0"
    );
}

fn filters_workers_by_skill_role_area_and_status(app: &TestApp) {
    let designer = app.worker(json!({}));
    let writer = app.worker(
        json!({"roles": ["writer"], "skills": [{"skill": "editing", "level": 3}],
        "area": "131016", "status": "paused"}),
    );
    let ids = |query: &str| -> Vec<String> {
        let page = app.get(&format!("/v1/workers?{query}")).expect(200).json();
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|w: &Value| w["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids("skill=graphic_design"), std::slice::from_ref(&designer));
    assert_eq!(
        ids("role=writer&status=paused&area=13101"),
        std::slice::from_ref(&writer)
    );
    assert_eq!(ids("role=writer&status=active"), [] as [&str; 0]);
    app.patch(
        &format!("/v1/workers/{writer}"),
        &json!({"skills": [{"skill": "copywriting", "level": 3}], "roles": null}),
    )
    .expect(200);
    assert_eq!(ids("skill=editing"), [] as [&str; 0]);
    assert_eq!(ids("role=writer"), [] as [&str; 0]);
    assert_eq!(ids("skill=copywriting"), [writer]);
}

fn forgets_the_stored_answer_about_an_erased_worker(app: &TestApp) {
    let consent = json!({"given_on": "2026-04-01", "text_version": "1"});
    let body = json!({"personal": {"name": "佐藤 陽子"}, "consent": consent});
    let created = app
        .post_with("/v1/workers", &[("idempotency-key", "w1")], &body)
        .expect(201);
    let path = created.header("location").to_owned();
    app.delete(&path).expect(204);
    app.get(&path).expect(404);
    app.delete(&path).expect(404);
    // Neither the request nor another one with its key brings anybody back.
    for body in [&body, &json!({})] {
        let repeated = app.post_with("/v1/workers", &[("idempotency-key", "w1")], body);
        assert_eq!(repeated.expect(410).code(), "idempotency_key_used_up");
    }
    let workers = app.get("/v1/workers").expect(200).json();
    assert_eq!(workers["items"], json!([]));
    app.post_with("/v1/workers", &[("idempotency-key", "w2")], &body)
        .expect(201);
    let deletions: i64 = app
        .state
        .pool
        .read_blocking(|db| {
            use diesel::prelude::*;
            use musubi::db::schema::{changes, idempotency_keys};
            let _ = idempotency_keys::table.count().get_result::<i64>(db)?;
            Ok(changes::table
                .filter(changes::entity.eq("worker"))
                .filter(changes::action.eq("deleted"))
                .count()
                .get_result(db)?)
        })
        .unwrap();
    assert_eq!(deletions, 1, "the log still has the deletion");
}

fn a_token_with_fewer_scopes_sees_no_more(app: &TestApp) {
    let (organization, other) = (app.organization("風"), app.organization("丘"));
    let flyer = app.deliverable(&organization, json!({}));
    let worker = app.worker(
        json!({"source": "roster", "external_id": "A-0042", "blocked_organization_ids": [other],
        "conflict_organization_ids": [other], "personal": {"name": "佐藤"}}),
    );
    let bid = json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer"});
    app.post("/v1/applications", &bid).expect(201);
    let id = |text: &str| Some(Id(text.parse().unwrap()));
    let token = |role: UserRole, scope: Option<&str>| {
        let mut claims = Claims::new(role, "test", chrono::Utc::now().timestamp(), 600);
        claims.scope = scope.map(str::to_owned);
        match role {
            UserRole::Organization => claims.belonging.organization_id = id(&organization),
            UserRole::Worker => claims.belonging.worker_id = id(&worker),
            UserRole::Coordinator => claims.belonging.areas = vec!["131041".to_owned()],
            _ => {}
        }
        app.state.keys.sign(&claims).unwrap()
    };
    let one = format!("/v1/workers/{worker}");
    let get = |path: &str, token: &str| app.call("GET", path, token, &Value::Null).expect(200).json();
    let list = json!({"kind": "workers", "format": "csv"});
    for role in [
        UserRole::Admin,
        UserRole::Coordinator,
        UserRole::Organization,
        UserRole::Worker,
    ] {
        let whole = token(role, None);
        let full = get(&one, &whole);
        let exported = app.call("POST", "/v1/exports", &whole, &list).expect(200).text;
        for scope in [
            "workers:read",
            "workers:read matches:read",
            "workers:read personal_data:read",
        ] {
            let narrow = token(role, Some(scope));
            let listed = get("/v1/workers", &narrow)["items"][0].clone();
            for seen in [get(&one, &narrow), listed] {
                for (name, value) in seen.as_object().unwrap() {
                    let is_empty = value.is_null() || *value == json!([]);
                    assert!(
                        is_empty || *value == full[name],
                        "{role:?} with {scope}: {name} {value}"
                    );
                }
            }
        }
        let narrow = token(role, Some("workers:read exports:read"));
        let less = app.call("POST", "/v1/exports", &narrow, &list).expect(200).text;
        for secret in ["A-0042", other.as_str(), "佐藤"] {
            assert!(
                exported.contains(secret) || !less.contains(secret),
                "{role:?}: {secret}"
            );
        }
    }
    let applicant = get(&one, &token(UserRole::Organization, Some("workers:read")));
    assert_eq!(
        (&applicant["external_id"], &applicant["blocked_organization_ids"]),
        (&Value::Null, &json!([]))
    );
}
