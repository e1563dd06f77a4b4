//! The intake of requests: endorsement, screening, hearing and decision.

use crate::support::{TestApp, assert_includes, on_both};
use musubi::auth::{Claims, UserRole};
use musubi::db::Id;
use serde_json::{Value, json};

on_both! {
    a_request_is_screened_heard_and_opened,
    a_request_is_declined_with_a_reason_and_a_word,
    only_requests_under_review_are_decided,
    what_cannot_be_recorded_is_said_with_its_place,
    a_request_that_changed_since_it_was_read_is_not_opened,
    only_those_concerned_see_the_intake,
    the_release_before_reads_what_was_under_review,
}

fn member(app: &TestApp, organization: &str) -> String {
    let mut claims = claims(UserRole::Organization);
    claims.belonging.organization_id = Some(Id(organization.parse().unwrap()));
    app.state.keys.sign(&claims).unwrap()
}

fn claims(role: UserRole) -> Claims {
    Claims::new(role, "member", chrono::Utc::now().timestamp(), 600)
}

/// Submits a request as a member of a new organization. Returns its path and the member's token.
fn submitted(app: &TestApp, name: &str) -> (String, String) {
    let organization = app.organization(name);
    let token = member(app, &organization);
    let request = json!({"organization_id": organization, "type": "flyer", "title": "会員募集のチラシ", "status": "submitted"});
    let created = app.call("POST", "/v1/deliverables", &token, &request).expect(201);
    let path = format!("/v1/deliverables/{}", created.json()["id"].as_str().unwrap());
    (path, token)
}

/// Decides with the version that the request has now.
fn decide(app: &TestApp, path: &str, decision: &Value) -> crate::support::Response {
    let version = app.get(path).expect(200).header("etag").to_owned();
    app.post_with(&format!("{path}/decisions"), &[("if-match", &version)], decision)
}

fn a_request_is_screened_heard_and_opened(app: &TestApp) {
    let (path, organization) = submitted(app, "戸山ふれあいの会");
    let intake = format!("{path}/intake");
    let empty = app.get(&intake).expect(200);
    assert!(empty.header("etag").starts_with("\"0."));
    assert_includes(
        &empty.json(),
        &json!({"endorsement": null, "hearing": null, "decisions": [], "version": 0}),
    );

    let endorsement = json!({"intermediary": {"kind": "social_welfare_council", "name": "新宿区社会福祉協議会"},
        "person": "鈴木", "endorsed_on": "2026-06-20", "message": "よい手本になります。"});
    let due = json!({"endorsement": endorsement, "screening_due_on": "2026-07-10",
        "hearing_due_on": "2026-07-31", "decision_due_on": "2026-08-10"});
    app.patch(&intake, &due).expect(200);
    app.patch(&path, &json!({"status": "screening"})).expect(200);
    let hearing = json!({"hearing": {"held_on": "2026-07-14", "participants": ["代表 田中"], "notes": "印刷費は負担できる。"}});
    app.patch(&path, &json!({"status": "hearing"})).expect(200);
    let heard = app.patch(&intake, &hearing).expect(200);
    assert!(heard.header("etag").starts_with("\"2."));
    // The same again changes nothing.
    let again = app.patch(&intake, &hearing).expect(200);
    assert_eq!(again.header("etag"), heard.header("etag"));

    // Until the decision nobody may apply or see the request.
    let mut worker = claims(UserRole::Worker);
    worker.belonging.worker_id = Some(Id(app.worker(json!({})).parse().unwrap()));
    let worker = app.state.keys.sign(&worker).unwrap();
    app.call("GET", &path, &worker, &Value::Null).expect(404);
    let seen = app
        .call("GET", &intake, &organization, &Value::Null)
        .expect(200)
        .json();
    assert_includes(
        &seen,
        &json!({"endorsement": endorsement, "hearing": {"participants": ["代表 田中"], "notes": null}}),
    );

    let word = json!({"status": "open", "message": "ぜひ進めましょう。"});
    let unread = app.post(&format!("{path}/decisions"), &word).expect(428);
    assert_eq!(unread.code(), "precondition_required");
    decide(app, &path, &word).expect(201);
    assert_includes(
        &app.get(&path).expect(200).json(),
        &json!({"status": "open", "changed_since_release": []}),
    );
    let decided = app
        .call("GET", &intake, &organization, &Value::Null)
        .expect(200)
        .json();
    assert_includes(
        &decided["decisions"][0],
        &json!({"status": "open", "reason": null, "message": "ぜひ進めましょう。", "decided_by": null}),
    );
    let decided = app.get(&intake).expect(200).json();
    assert!(
        decided["decisions"][0]["decided_by"]
            .as_str()
            .unwrap()
            .starts_with("admin:")
    );
}

fn a_request_is_declined_with_a_reason_and_a_word(app: &TestApp) {
    let (path, organization) = submitted(app, "中野みまもり隊");
    // A change of the status alone would say nothing to the organization.
    assert_eq!(
        app.patch(&path, &json!({"status": "declined"}))
            .expect(422)
            .faults(),
        [("/status".into(), "decision_required".into())]
    );
    // Nor is it for the organization to decide.
    let declined = app.call("PATCH", &path, &organization, &json!({"status": "declined"}));
    assert_eq!(declined.expect(403).code(), "insufficient_scope");
    let faults = |decision: Value| decide(app, &path, &decision).expect(422).faults();
    assert_eq!(
        faults(json!({"status": "declined"})),
        [("/reason".into(), "missing_field".into())]
    );
    assert_eq!(
        faults(json!({"status": "open", "reason": "no_capacity"})),
        [("/reason".into(), "unexpected_reason".into())]
    );
    let decision =
        json!({"status": "declined", "reason": "no_capacity", "message": "来年度もぜひお申し込みください。"});
    decide(app, &path, &decision).expect(201);
    let intake = app
        .call("GET", &format!("{path}/intake"), &organization, &Value::Null)
        .expect(200)
        .json();
    assert_includes(&intake["decisions"][0], &decision);
    // An end stays an end.
    let again = decide(app, &path, &json!({"status": "open"})).expect(409);
    assert_eq!(again.code(), "illegal_transition");
}

fn only_requests_under_review_are_decided(app: &TestApp) {
    let organization = app.organization("谷根千まちづくりの会");
    let moves: [(&str, &[&str], bool); 7] = [
        ("draft", &[], false),
        ("submitted", &["submitted"], true),
        ("screening", &["submitted", "screening"], true),
        ("hearing", &["submitted", "screening", "hearing"], true),
        ("cancelled", &["cancelled"], false),
        ("open", &["submitted", "open"], false),
        ("draft", &["submitted", "screening", "draft"], false),
    ];
    for (status, steps, is_under_review) in moves {
        for decision in [
            json!({"status": "open"}),
            json!({"status": "declined", "reason": "other"}),
        ] {
            let id = app.deliverable(&organization, json!({"status": "draft"}));
            let path = format!("/v1/deliverables/{id}");
            for step in steps {
                let version = app.get(&path).expect(200).header("etag").to_owned();
                app.patch_with(&path, &[("if-match", &version)], &json!({"status": step}))
                    .expect(200);
            }
            let answer = decide(app, &path, &decision);
            if is_under_review {
                answer.expect(201);
                continue;
            }
            let answer = answer.expect(409);
            assert_eq!(answer.code(), "illegal_transition");
            assert!(answer.text.contains(status), "{}", answer.text);
            let decisions = app.get(&format!("{path}/intake")).expect(200).json()["decisions"].clone();
            assert_eq!(decisions, json!([]));
        }
    }
    let id = app.deliverable(&organization, json!({"status": "submitted"}));
    let skipped = app
        .patch(&format!("/v1/deliverables/{id}"), &json!({"status": "hearing"}))
        .expect(409);
    assert!(
        skipped.text.contains("screening"),
        "names the legal statuses: {}",
        skipped.text
    );
    let new =
        json!({"organization_id": organization, "type": "flyer", "title": "チラシ", "status": "hearing"});
    assert_eq!(
        app.post("/v1/deliverables", &new).expect(409).code(),
        "illegal_transition"
    );
}

fn what_cannot_be_recorded_is_said_with_its_place(app: &TestApp) {
    let (path, _) = submitted(app, "江戸川食堂の会");
    let intake = format!("{path}/intake");
    let endorsement = |more: Value| {
        let mut body = json!({"intermediary": {"kind": "other", "name": "区"}, "endorsed_on": "2026-06-20", "message": "ぜひ。"});
        crate::support::merge(&mut body, more);
        json!({"endorsement": body})
    };
    let long = "あ".repeat(10_001);
    for (body, pointer, code) in [
        (
            endorsement(json!({"endorsed_on": "2199-01-01"})),
            "/endorsement/endorsed_on",
            "day_in_future",
        ),
        (
            endorsement(json!({"message": " "})),
            "/endorsement/message",
            "blank",
        ),
        (
            json!({"hearing": {"held_on": "0001-01-01"}}),
            "/hearing/held_on",
            "out_of_range",
        ),
        (
            json!({"hearing": {"held_on": "2026-07-01", "participants": [""]}}),
            "/hearing/participants",
            "invalid_length",
        ),
        (
            json!({"hearing": {"held_on": "2026-07-01", "notes": long}}),
            "/hearing/notes",
            "invalid_length",
        ),
        (
            json!({"screening_due_on": "2026-08-01", "decision_due_on": "2026-07-01"}),
            "/decision_due_on",
            "dates_reversed",
        ),
        (
            json!({"hearing_due_on": "2026-13-01"}),
            "/hearing_due_on",
            "invalid_value",
        ),
        (json!({"decision": {}}), "/decision", "unknown_field"),
    ] {
        let answer = app.patch(&intake, &body).expect(422);
        assert!(
            answer
                .faults()
                .iter()
                .any(|(at, what)| at == pointer && what == code),
            "{body}: {:?}",
            answer.faults()
        );
    }
    assert_eq!(app.get(&intake).expect(200).json()["version"], 0);
    let stale = app.patch_with(
        &intake,
        &[("if-match", "\"7\"")],
        &json!({"hearing_due_on": "2026-07-01"}),
    );
    assert_eq!(stale.expect(412).code(), "precondition_failed");
}

fn a_request_that_changed_since_it_was_read_is_not_opened(app: &TestApp) {
    let (path, organization) = submitted(app, "墨東ささえあい");
    app.patch(&path, &json!({"status": "screening"})).expect(200);
    let read = app
        .patch(&path, &json!({"status": "hearing"}))
        .expect(200)
        .header("etag")
        .to_owned();
    let rewritten = json!({"title": "別の依頼"});
    app.call("PATCH", &path, &organization, &rewritten).expect(200);
    // The organization's change leaves the status, and doesn't decide.
    assert_eq!(app.get(&path).expect(200).json()["status"], "hearing");
    app.call("PATCH", &path, &organization, &json!({"status": "open"}))
        .expect(403);
    for (status, method, address) in [
        ("open", "POST", format!("{path}/decisions")),
        ("open", "PATCH", path.clone()),
    ] {
        let token = app.token(UserRole::Admin);
        let bearer = format!("Bearer {token}");
        let kind = if method == "PATCH" {
            "application/merge-patch+json"
        } else {
            "application/json"
        };
        let headers = [
            ("authorization", bearer.as_str()),
            ("if-match", read.as_str()),
            ("content-type", kind),
        ];
        let body = json!({"status": status}).to_string();
        app.send(method, &address, &headers, body.as_bytes()).expect(412);
    }
}

fn only_those_concerned_see_the_intake(app: &TestApp) {
    let (path, organization) = submitted(app, "多摩見守りの会");
    let intake = format!("{path}/intake");
    let other = member(app, &app.organization("別の会"));
    app.call("GET", &intake, &other, &Value::Null).expect(404);
    app.call("PATCH", &intake, &organization, &json!({"hearing": null}))
        .expect(403);
    let decision = json!({"status": "declined", "reason": "other"});
    app.call("POST", &format!("{path}/decisions"), &organization, &decision)
        .expect(403);
    app.get_as(UserRole::Importer, &intake).expect(403);
    app.get_as(UserRole::Auditor, &intake).expect(200);
    // A hearing names people of the organization: the audit says who read it.
    app.patch(
        &intake,
        &json!({"hearing": {"held_on": "2026-07-14", "participants": ["田中"]}}),
    )
    .expect(200);
    app.get_as(UserRole::Auditor, &intake).expect(200);
    app.until(|| {
        let entries = app.get("/v1/audit?action=personal_data.read").expect(200).json();
        let mut entries = entries["items"].as_array().unwrap().iter();
        entries.any(|entry| entry["operation"] == "GET /v1/deliverables/{id}/intake")
    });
}

fn the_release_before_reads_what_was_under_review(app: &TestApp) {
    let (path, _) = submitted(app, "風の会");
    app.patch(&path, &json!({"status": "screening"})).expect(200);
    app.patch(&path, &json!({"status": "hearing"})).expect(200);
    let again = app.reversed("_intake");
    assert_eq!(again.get(&path).expect(200).json()["status"], "submitted");
    assert_eq!(
        again.get(&format!("{path}/intake")).expect(200).json()["version"],
        0
    );
}
