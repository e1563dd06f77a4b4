//! Partner apps: their tokens, their volunteers, and what they can and can't see.

use crate::support::{TestApp, assert_includes, merge, on_both};
use serde_json::{Value, json};

fn volunteer(more: Value) -> Value {
    let mut body = json!({"external_id": "u-1", "area": "131041", "travel_limit_km": 20, "roles": ["designer"],
        "accepted_formats": ["one_day"], "skills": [{"skill": "graphic_design", "level": 4}],
        "personal": {"name": "佐藤 陽子", "email": "yoko@example.jp"},
        "consent": {"given_on": "2026-04-01", "given_at": "2026-04-01T03:00:00Z", "text_version": "2026-04"}});
    merge(&mut body, more);
    body
}

pub fn keyed(app: &TestApp, token: &str, path: &str, key: &str, body: &Value) -> crate::support::Response {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    app.send("POST", path, &headers, body.to_string().as_bytes())
}

fn ids(response: &crate::support::Response, of: &str) -> Vec<String> {
    let json = response.json();
    let items = json["items"].as_array().unwrap().iter();
    items
        .map(|item| {
            let item = if of.is_empty() { item } else { &item[of] };
            item["id"].as_str().unwrap().to_owned()
        })
        .collect()
}

on_both! {
    a_secret_is_shown_once_and_can_be_renewed_without_interruption,
    tokens_have_the_requested_scopes,
    throttles_guessing_of_client_secrets,
    a_quota_is_reported_and_enforced,
    volunteers_belong_to_the_partner_that_registered_them,
    offers_only_shared_deliverables_within_its_areas_and_families,
    a_partner_applies_for_its_volunteer_and_sees_the_decision,
    suggests_similar_deliverables_if_the_place_is_not_available,
    data_of_a_sandbox_partner_is_visible_to_it_only,
}

fn a_secret_is_shown_once_and_can_be_renewed_without_interruption(app: &TestApp) {
    let body = json!({"code": "activo", "name": "応募アプリ"});
    let headers = [("idempotency-key", "p-1")];
    let first = app.post_with("/v1/partners", &headers, &body).expect(201).json();
    let again = app.post_with("/v1/partners", &headers, &body).expect(201).json();
    assert!(again["secret"]["client_secret"].is_null() && again["partner"] == first["partner"]);
    let id = first["partner"]["id"].as_str().unwrap();
    let old = first["secret"]["client_secret"].as_str().unwrap();
    assert!(
        !app.get(&format!("/v1/partners/{id}"))
            .expect(200)
            .text
            .contains(old)
    );
    let secrets = format!("/v1/partners/{id}/secrets");
    let added = app.post(&secrets, &json!({})).expect(201).json();
    let new = added["client_secret"].as_str().unwrap();
    assert_eq!(
        app.post(&secrets, &json!({})).expect(409).code(),
        "too_many_secrets"
    );
    for secret in [old, new] {
        app.partner_token(id, secret).expect(200);
    }
    app.delete(&format!("{secrets}/{}", first["secret"]["id"].as_str().unwrap()))
        .expect(204);
    let refused = app.partner_token(id, old).expect(401);
    assert_eq!(
        (
            refused.json()["error"].as_str(),
            refused.header("www-authenticate")
        ),
        (Some("invalid_client"), "Basic realm=\"musubi\"")
    );
    app.partner_token(id, new).expect(200);
    assert_eq!(
        app.delete(&format!("{secrets}/{}", added["id"].as_str().unwrap()))
            .expect(409)
            .code(),
        "last_secret"
    );
    assert_eq!(
        app.post("/v1/partners", &body).expect(409).code(),
        "duplicate_partner"
    );
}

fn tokens_have_the_requested_scopes(app: &TestApp) {
    let (id, everything) = app.partner(json!({"scopes": ["deliverables:read", "account"]}));
    let me = app
        .call("GET", "/v1/auth/me", &everything, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(me["role"], "partner");
    assert_eq!(me["permissions"].as_array().unwrap().len(), 2);
    app.call("GET", "/v1/workers", &everything, &Value::Null)
        .expect(403);
    let secret = app
        .post(&format!("/v1/partners/{id}/secrets"), &json!({}))
        .expect(201)
        .json()["client_secret"]
        .as_str()
        .unwrap()
        .to_owned();
    let ask = |scope: &str| {
        let form =
            format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope={scope}");
        app.send(
            "POST",
            "/v1/oauth/token",
            &[("content-type", "application/x-www-form-urlencoded")],
            form.as_bytes(),
        )
    };
    assert_eq!(ask("workers%3Aread").expect(400).json()["error"], "invalid_scope");
    let narrow = ask("deliverables%3Aread").expect(200).json();
    assert_eq!(narrow["scope"], "deliverables:read");
    let narrow = narrow["access_token"].as_str().unwrap();
    app.call("GET", "/v1/deliverables", narrow, &Value::Null)
        .expect(200);
    app.call("GET", "/v1/auth/me", narrow, &Value::Null).expect(403);
    app.patch(&format!("/v1/partners/{id}"), &json!({"scopes": ["account"]}))
        .expect(200);
    app.call("GET", "/v1/deliverables", narrow, &Value::Null)
        .expect(403);
    app.patch(&format!("/v1/partners/{id}"), &json!({"scopes": []}))
        .expect(200);
    app.call("GET", "/v1/deliverables", narrow, &Value::Null)
        .expect(200);
    app.call("GET", "/v1/workers", narrow, &Value::Null).expect(403);
    app.patch(&format!("/v1/partners/{id}"), &json!({"status": "suspended"}))
        .expect(200);
    app.call("GET", "/v1/deliverables", narrow, &Value::Null)
        .expect(401);
    assert_eq!(ask("").expect(401).json()["error"], "invalid_client");
}

fn throttles_guessing_of_client_secrets(app: &TestApp) {
    let registered = app
        .post("/v1/partners", &json!({"code": "one", "name": "応募アプリ"}))
        .expect(201)
        .json();
    let id = registered["partner"]["id"].as_str().unwrap();
    let secret = registered["secret"]["client_secret"].as_str().unwrap();
    let first = (0..100)
        .position(|i| app.partner_token(id, &format!("mcs_{i}")).status == 429)
        .unwrap();
    assert!(first >= 50, "{first}");
    // Others who share the address, or know the client id, can't lock the partner out.
    app.partner_token(id, secret).expect(200);
}

fn a_quota_is_reported_and_enforced(app: &TestApp) {
    let (id, token) = app.partner(json!({"quota_per_minute": 1_000_000, "quota_per_day": 3}));
    let get = || app.call("GET", "/v1/deliverables", &token, &Value::Null);
    let first = get().expect(200);
    assert_eq!(
        first.header("ratelimit-policy"),
        "\"minute\";q=1000000;w=60, \"day\";q=3;w=86400"
    );
    assert!(
        first.header("ratelimit").contains("\"day\";r=2;t="),
        "{}",
        first.header("ratelimit")
    );
    get().expect(200);
    get().expect(200);
    let over = get().expect(429);
    assert_eq!(over.code(), "quota_exceeded");
    assert!((1..=86_400).contains(&over.header("retry-after").parse::<i64>().unwrap()));
    assert!(
        over.header("ratelimit").contains("\"day\";r=0;t="),
        "{}",
        over.header("ratelimit")
    );
    app.patch(&format!("/v1/partners/{id}"), &json!({"quota_per_day": 100}))
        .expect(200);
    get().expect(200);
    assert_eq!(app.get("/v1/deliverables").expect(200).header("ratelimit"), "");
}

fn volunteers_belong_to_the_partner_that_registered_them(app: &TestApp) {
    let (_, one) = app.partner(json!({"code": "one"}));
    let (_, two) = app.partner(json!({"code": "two"}));
    let register = |token: &str, body: Value| app.call("POST", "/v1/workers", token, &body);
    let missing = register(&one, volunteer(json!({"external_id": null, "consent": null})))
        .expect(422)
        .faults();
    assert_eq!(
        missing,
        [
            ("/external_id".into(), "missing_field".into()),
            ("/consent".into(), "missing_field".into())
        ]
    );
    let wrong = register(&one, volunteer(json!({"source": "partner:two"}))).expect(422);
    assert_eq!(wrong.faults(), [("/source".into(), "wrong_source".into())]);
    assert!(wrong.json().to_string().contains("partner:one"));
    assert_eq!(
        register(
            &one,
            volunteer(json!({"track_record": {"completed": 9, "dropped": 0}}))
        )
        .expect(422)
        .faults(),
        [("/track_record".into(), "not_permitted".into())]
    );
    let first = register(&one, volunteer(json!({}))).expect(201).json();
    assert_eq!(first["source"], "partner:one");
    let second = register(&two, volunteer(json!({}))).expect(201).json();
    let path = |worker: &Value| format!("/v1/workers/{}", worker["id"].as_str().unwrap());
    app.call("GET", &path(&first), &one, &Value::Null).expect(200);
    app.call("GET", &path(&first), &two, &Value::Null).expect(404);
    app.call("PATCH", &path(&first), &two, &json!({"capacity": 2}))
        .expect(404);
    app.call("DELETE", &path(&first), &two, &Value::Null).expect(404);
    let listed = app.call("GET", "/v1/workers", &two, &Value::Null).expect(200);
    assert_eq!(ids(&listed, ""), [second["id"].as_str().unwrap()]);
    // By external id, only its own partner and administrators find it.
    let put = |token: &str, source: &str, body: Value| {
        app.call(
            "PUT",
            &format!("/v1/workers/by-external-id/{source}/u-1"),
            token,
            &body,
        )
    };
    put(&one, "partner:one", volunteer(json!({"hours_per_week": 3}))).expect(200);
    let by_external_id = |token: &str| {
        app.call(
            "GET",
            "/v1/workers/by-external-id/partner:one/u-1",
            token,
            &Value::Null,
        )
    };
    assert_eq!(by_external_id(&one).expect(200).json()["id"], first["id"]);
    by_external_id(&two).expect(404);
    for unknown_to_two in ["partner:one", "partner:none", "roster"] {
        assert_eq!(
            put(&two, unknown_to_two, volunteer(json!({})))
                .expect(422)
                .faults(),
            [("/source".into(), "wrong_source".into())]
        );
    }
    assert_eq!(
        app.put("/v1/workers/by-external-id/partner:one/u-9", &json!({}))
            .expect(422)
            .faults(),
        [("/source".into(), "reserved_source".into())]
    );
    // Without consent, the worker is no longer ranked.
    let organization = app.organization("風");
    let flyer = app.deliverable(&organization, json!({}));
    let ranked = || {
        app.get(&format!("/v1/deliverables/{flyer}/matches?role=designer"))
            .expect(200)
            .text
    };
    assert!(ranked().contains(first["id"].as_str().unwrap()));
    app.call("PATCH", &path(&first), &one, &json!({"consent": null}))
        .expect(200);
    assert!(!ranked().contains(first["id"].as_str().unwrap()));
}

fn offers_only_shared_deliverables_within_its_areas_and_families(app: &TestApp) {
    let organization = app.organization("風");
    let offered = app.deliverable(&organization, json!({"shared_with_partners": true}));
    let private = app.deliverable(&organization, json!({}));
    let draft = app.deliverable(
        &organization,
        json!({"shared_with_partners": true, "status": "draft"}),
    );
    let elsewhere = app.deliverable(
        &organization,
        json!({"shared_with_partners": true, "area": "131130"}),
    );
    let website = app.deliverable(
        &organization,
        json!({"shared_with_partners": true, "type": "website"}),
    );
    let (id, token) = app.partner(json!({"areas": ["13104"], "families": ["print"]}));
    let get = |path: &str| app.call("GET", path, &token, &Value::Null);
    let flexible = volunteer(
        json!({"accepted_formats": null, "travel_limit_km": 100, "remote": true,
        "skills": null, "roles": null}),
    );
    let worker = app.call("POST", "/v1/workers", &token, &flexible).expect(201);
    let worker = worker.json()["id"].as_str().unwrap().to_owned();
    let ranking = format!("/v1/workers/{worker}/matches");
    assert_eq!(ids(&get("/v1/deliverables").expect(200), ""), [offered.as_str()]);
    let ranked = get(&ranking).expect(200);
    assert_eq!(ids(&ranked, "deliverable"), [offered.as_str()]);
    assert_eq!(ranked.json()["considered"], 1);
    for hidden in [&private, &draft, &elsewhere, &website] {
        get(&format!("/v1/deliverables/{hidden}")).expect(404);
    }
    app.patch(
        &format!("/v1/partners/{id}"),
        &json!({"areas": [], "families": []}),
    )
    .expect(200);
    let all = ids(&get("/v1/deliverables").expect(200), "");
    let mut ranked = ids(&get(&ranking).expect(200), "deliverable");
    ranked.sort();
    let mut listed = all.clone();
    listed.sort();
    assert_eq!(
        (listed.len(), &listed),
        (3, &ranked),
        "the list and the ranking agree"
    );
    let shown = get(&format!("/v1/organizations/{organization}")).expect(200);
    assert!(shown.json()["contact"].is_null());
    // A partner sees only organizations with a deliverable that it is offered.
    let other = app.organization("見えない団体");
    get(&format!("/v1/organizations/{other}")).expect(404);
}

fn a_partner_applies_for_its_volunteer_and_sees_the_decision(app: &TestApp) {
    let organization = app.organization("風");
    let flyer = app.deliverable(&organization, json!({"shared_with_partners": true}));
    let (_, one) = app.partner(json!({"code": "one"}));
    let (_, two) = app.partner(json!({"code": "two"}));
    let worker = app
        .call("POST", "/v1/workers", &one, &volunteer(json!({})))
        .expect(201)
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let bid = json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer",
        "message": "よろしくお願いします"});
    let without_key = app.call("POST", "/v1/applications", &one, &bid).expect(400);
    assert_eq!(
        without_key.faults(),
        [("Idempotency-Key".into(), "missing_parameter".into())]
    );
    assert_eq!(
        keyed(app, &two, "/v1/applications", "a", &bid)
            .expect(422)
            .faults(),
        [("/worker_id".into(), "unknown_worker".into())]
    );
    let sent = keyed(app, &one, "/v1/applications", "a", &bid).expect(201);
    assert_eq!(
        keyed(app, &one, "/v1/applications", "a", &bid).expect(201).text,
        sent.text
    );
    let path = sent.header("location").to_owned();
    app.call("GET", &path, &two, &Value::Null).expect(404);
    assert!(
        ids(
            &app.call("GET", "/v1/applications", &two, &Value::Null)
                .expect(200),
            ""
        )
        .is_empty()
    );
    app.call("PATCH", &path, &one, &json!({"status": "agreed"}))
        .expect(403);
    app.patch(
        &path,
        &json!({"status": "declined", "reason": "another_chosen", "note": "また次の機会に"}),
    )
    .expect(200);
    let answered = app.call("GET", &path, &one, &Value::Null).expect(200).json();
    assert_includes(
        &answered,
        &json!({"status": "declined", "note": "また次の機会に"}),
    );
    // A deliverable that a volunteer applied for stays visible after it is closed.
    app.patch(
        &format!("/v1/deliverables/{flyer}"),
        &json!({"status": "cancelled"}),
    )
    .expect(200);
    app.call("GET", &format!("/v1/deliverables/{flyer}"), &one, &Value::Null)
        .expect(200);
    app.call("GET", &format!("/v1/deliverables/{flyer}"), &two, &Value::Null)
        .expect(404);
}

fn suggests_similar_deliverables_if_the_place_is_not_available(app: &TestApp) {
    let organization = app.organization("風");
    let (closed, poster) = (
        app.deliverable(&organization, json!({"shared_with_partners": true})),
        app.deliverable(
            &organization,
            json!({"shared_with_partners": true, "title": "別のチラシ"}),
        ),
    );
    app.deliverable(&organization, json!({"shared_with_partners": false}));
    let website = app.deliverable(
        &organization,
        json!({"shared_with_partners": true, "type": "website"}),
    );
    let (_, token) = app.partner(json!({}));
    let worker = app
        .call("POST", "/v1/workers", &token, &volunteer(json!({})))
        .expect(201)
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let bid = json!({"deliverable_id": closed, "worker_id": worker, "role": "designer"});
    keyed(app, &token, "/v1/applications", "a", &bid).expect(201);
    let twice = keyed(app, &token, "/v1/applications", "b", &bid).expect(409);
    assert_eq!(twice.code(), "already_applied");
    let similar = twice.json()["similar_deliverables"].clone();
    assert_eq!(
        similar,
        json!([{"id": poster, "title": "別のチラシ", "type": "flyer", "area": "131041"}]),
        "not {website}"
    );
    assert_eq!(
        app.post(
            "/v1/deliverables",
            &json!({"organization_id": organization, "type": "flyer", "title": "x", "status": "matched"})
        )
        .expect(409)
        .json()
        .get("similar_deliverables"),
        None
    );
}

fn data_of_a_sandbox_partner_is_visible_to_it_only(app: &TestApp) {
    let organization = app.organization("風");
    let flyer = app.deliverable(&organization, json!({"shared_with_partners": true}));
    let (id, token) = app.partner(json!({"sandbox": true}));
    let worker = app
        .call("POST", "/v1/workers", &token, &volunteer(json!({})))
        .expect(201)
        .json();
    assert_eq!(worker["sandbox"], true);
    // In a file it would pass for real.
    let body = json!({"kind": "workers", "format": "ndjson"});
    let (status, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
    assert_eq!(
        (
            status,
            String::from_utf8(file).unwrap().contains("\"sandbox\":true")
        ),
        (200, false)
    );
    let worker = worker["id"].as_str().unwrap();
    assert!(
        !app.get(&format!("/v1/deliverables/{flyer}/matches"))
            .expect(200)
            .text
            .contains(worker)
    );
    assert_eq!(
        ids(
            &app.call(
                "GET",
                &format!("/v1/workers/{worker}/matches"),
                &token,
                &Value::Null
            )
            .expect(200),
            "deliverable"
        ),
        [flyer.as_str()]
    );
    app.call(
        "PATCH",
        &format!("/v1/workers/{worker}"),
        &token,
        &json!({"hours_per_week": 5}),
    )
    .expect(200);
    assert!(
        !app.get(&format!("/v1/deliverables/{flyer}/matches"))
            .expect(200)
            .text
            .contains(worker),
        "nor after a change"
    );
    let bid = json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer"});
    let path = keyed(app, &token, "/v1/applications", "a", &bid)
        .expect(201)
        .header("location")
        .to_owned();
    let coordinator = app.logged_in(
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    app.call("GET", &path, &coordinator, &Value::Null).expect(404);
    app.call(
        "GET",
        &format!("/v1/workers/{worker}"),
        &coordinator,
        &Value::Null,
    )
    .expect(404);
    assert_eq!(
        app.patch(&path, &json!({"status": "agreed"})).expect(409).code(),
        "sandbox_application"
    );
    let real = app.worker(json!({}));
    let matches = app.get(&format!("/v1/workers/{real}/matches")).expect(200);
    assert_eq!(
        matches.json()["items"][0]["applications_received"],
        0,
        "the sandbox application doesn't count"
    );
    assert_eq!(
        app.patch(&format!("/v1/partners/{id}"), &json!({"sandbox": false}))
            .expect(422)
            .faults(),
        [("/sandbox".into(), "immutable".into())]
    );
    assert!(!app.get("/v1/shown-lists").expect(200).text.contains(worker));
}
