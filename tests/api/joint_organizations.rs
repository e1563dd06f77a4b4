//! Joint organizations: they are invited, accept or decline, and leave.

use crate::support::{Response, TestApp, on_both};
use musubi::auth::{Claims, UserRole};
use musubi::db::Id;
use serde_json::{Value, json};

on_both! {
    an_organization_that_is_named_joins_only_when_it_accepts,
    who_acts_for_an_organization_accepts_by_naming_it,
    an_invited_organization_counts_in_nothing_that_shows_people,
    of_two_answers_at_once_one_counts,
    workers_see_only_who_has_accepted,
    joint_organizations_of_before_have_accepted,
    who_has_joined_leaves_an_archived_request,
    nobody_is_invited_without_end,
}

fn member(app: &TestApp, organization: &str) -> String {
    let mut claims = Claims::new(
        UserRole::Organization,
        "member",
        chrono::Utc::now().timestamp(),
        600,
    );
    claims.belonging.organization_id = Some(Id(organization.parse().unwrap()));
    app.state.keys.sign(&claims).unwrap()
}

/// A lead organization, an organization that it named as a joint one, and the open deliverable.
struct Joint {
    lead: String,
    lead_token: String,
    named: String,
    named_token: String,
    deliverable: String,
}

impl Joint {
    fn new(app: &TestApp, name: &str) -> Joint {
        let (lead, named) = (
            app.organization(name),
            app.organization(&format!("{name}の隣の会")),
        );
        let (lead_token, named_token) = (member(app, &lead), member(app, &named));
        let request = json!({"organization_id": lead, "type": "flyer", "title": "会員募集のチラシ", "trouble": "会員が減った。",
            "status": "submitted", "joint_organization_ids": [named]});
        let created = app
            .call("POST", "/v1/deliverables", &lead_token, &request)
            .expect(201)
            .json();
        let deliverable = created["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/deliverables/{deliverable}");
        app.release(&path).expect(200);
        Joint {
            lead,
            lead_token,
            named,
            named_token,
            deliverable,
        }
    }

    fn path(&self) -> String {
        format!("/v1/deliverables/{}", self.deliverable)
    }

    fn answer(&self, app: &TestApp, token: &str, status: &str) -> Response {
        let path = format!("{}/organizations/{}", self.path(), self.named);
        app.call("PUT", &path, token, &json!({"status": status}))
    }

    fn asked(&self, app: &TestApp, query: &str) -> Vec<Value> {
        let path = format!("/v1/organizations/{}/joint-deliverables{query}", self.named);
        let page = app
            .call("GET", &path, &self.named_token, &Value::Null)
            .expect(200)
            .json();
        page["items"].as_array().unwrap().clone()
    }

    /// Returns where the named organization stands, as the lead sees it.
    fn status(&self, app: &TestApp) -> String {
        let shown = app
            .call("GET", &self.path(), &self.lead_token, &Value::Null)
            .expect(200)
            .json();
        let joint = &shown["joint_organizations"][0];
        assert_eq!(joint["organization_id"], self.named.as_str());
        joint["status"].as_str().unwrap().to_owned()
    }
}

fn an_organization_that_is_named_joins_only_when_it_accepts(app: &TestApp) {
    let joint = Joint::new(app, "戸山会");
    let worker = app.worker(json!({}));
    let bid = json!({"deliverable_id": joint.deliverable, "worker_id": worker, "role": "designer"});
    let application = app.post("/v1/applications", &bid).expect(201).json()["id"].clone();
    let application = format!("/v1/applications/{}", application.as_str().unwrap());
    let get = |token: &str, path: &str| app.call("GET", path, token, &Value::Null);
    let check = |is_seen: bool| {
        let status = if is_seen { 200 } else { 404 };
        for path in [
            joint.path(),
            format!("{}/matches", joint.path()),
            application.clone(),
            format!("/v1/workers/{worker}/consents"),
        ] {
            let expected = if path.contains("consents") { 403 } else { status };
            assert_eq!(get(&joint.named_token, &path).status, expected, "{path}");
        }
        for list in ["deliverables", "applications", "workers"] {
            let text = get(&joint.named_token, &format!("/v1/{list}")).expect(200).json();
            assert_eq!(text["items"].as_array().unwrap().is_empty(), !is_seen, "{list}");
        }
    };
    assert_eq!(joint.status(app), "invited");
    check(false);
    let change = json!({"title": "別の題"});
    app.call("PATCH", &joint.path(), &joint.named_token, &change)
        .expect(404);
    // What it sees, so that it can decide.
    let asked = joint.asked(app, "?status=invited");
    assert_eq!(asked.len(), 1);
    let names: Vec<&str> = asked[0].as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = vec![
        "deliverable_id",
        "status",
        "lead_organization_id",
        "lead_organization_name",
        "title",
        "type",
        "format",
        "area",
        "starts_on",
        "ends_on",
        "version",
        "updated_at",
    ];
    expected.sort_unstable();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    assert_eq!(
        (&asked[0]["lead_organization_name"], &asked[0]["status"]),
        (&json!("戸山会"), &json!("invited"))
    );
    assert!(joint.asked(app, "?status=accepted").is_empty());
    // Nobody else asks or answers for it.
    let stranger = member(app, &app.organization("よその会"));
    let list = format!("/v1/organizations/{}/joint-deliverables", joint.named);
    for token in [&joint.lead_token, &stranger] {
        assert_eq!(get(token, &list).status, 404);
        assert_eq!(joint.answer(app, token, "accepted").status, 404);
    }
    let auditor = app.token(UserRole::Auditor);
    assert_eq!(
        joint.answer(app, &auditor, "accepted").expect(403).code(),
        "insufficient_scope"
    );
    assert_eq!(
        joint.answer(app, &joint.named_token, "left").expect(409).code(),
        "illegal_transition"
    );
    // It accepts, and again without effect.
    let answer = joint.answer(app, &joint.named_token, "accepted").expect(200);
    assert_eq!(
        answer.json(),
        json!({"organization_id": joint.named, "status": "accepted"})
    );
    let again = joint.answer(app, &joint.named_token, "accepted").expect(200);
    assert_eq!(answer.headers["etag"], again.headers["etag"]);
    assert_eq!(
        (joint.status(app), joint.asked(app, "?status=accepted").len()),
        ("accepted".to_owned(), 1)
    );
    check(true);
    let refused = joint.answer(app, &joint.named_token, "declined").expect(409);
    assert_eq!(refused.code(), "illegal_transition");
    // It leaves, and can't come back by itself.
    joint.answer(app, &joint.named_token, "left").expect(200);
    check(false);
    assert_eq!(joint.status(app), "left");
    assert!(joint.asked(app, "").is_empty());
    joint.answer(app, &joint.named_token, "accepted").expect(409);
    let audit = app
        .get(&format!("/v1/audit?subject_id={}", joint.named))
        .expect(200)
        .json();
    let entered: Vec<(&str, &str)> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                entry["action"].as_str().unwrap(),
                entry["actor"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        entered,
        [
            ("joint_request.left", "organization:member"),
            ("joint_request.accepted", "organization:member")
        ]
    );
    // Removed and named again, it is invited again.
    let name = |ids: Value| {
        let change = json!({"joint_organization_ids": ids});
        app.call("PATCH", &joint.path(), &joint.lead_token, &change)
            .expect(200)
    };
    name(json!([]));
    joint.answer(app, &joint.named_token, "accepted").expect(404);
    name(json!([joint.named]));
    assert_eq!(joint.status(app), "invited");
    joint.answer(app, &joint.named_token, "declined").expect(200);
    // Another change keeps the answer.
    app.patch(&joint.path(), &json!({"title": "会報"})).expect(200);
    assert_eq!(joint.status(app), "declined");
    check(false);
    // An answer to an older version than the current one.
    name(json!([]));
    name(json!([joint.named]));
    let bearer = format!("Bearer {}", joint.named_token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("if-match", "\"1\""),
    ];
    let path = format!("{}/organizations/{}", joint.path(), joint.named);
    app.send("PUT", &path, &headers, br#"{"status": "accepted"}"#)
        .expect(412);
}

fn who_acts_for_an_organization_accepts_by_naming_it(app: &TestApp) {
    let (lead, here) = (app.organization("戸山会"), app.organization("大久保会"));
    let elsewhere = app
        .post("/v1/organizations", &json!({"name": "目黒会", "area": "131105"}))
        .expect(201)
        .json();
    let elsewhere = elsewhere["id"].as_str().unwrap();
    let coordinator = app.token(UserRole::Coordinator);
    let request = json!({"organization_id": lead, "type": "flyer", "title": "チラシ", "status": "open",
        "joint_organization_ids": [here, elsewhere]});
    let created = app
        .call("POST", "/v1/deliverables", &coordinator, &request)
        .expect(201)
        .json();
    let standing = |deliverable: &Value| -> Vec<String> {
        let joint = deliverable["joint_organizations"].as_array().unwrap();
        joint
            .iter()
            .map(|one| one["status"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(standing(&created), ["accepted", "invited"]);
    let path = format!("/v1/deliverables/{}", created["id"].as_str().unwrap());
    let answer = |token: &str, organization: &str, status: &str| {
        app.call(
            "PUT",
            &format!("{path}/organizations/{organization}"),
            token,
            &json!({"status": status}),
        )
    };
    answer(&coordinator, elsewhere, "accepted").expect(404);
    // Naming it again doesn't accept what was only invited.
    app.patch(
        &path,
        &json!({"title": "会報", "joint_organization_ids": [here, elsewhere]}),
    )
    .expect(200);
    assert_eq!(standing(&app.get(&path).json()), ["accepted", "invited"]);
    answer(&app.admin, elsewhere, "accepted").expect(200);
    answer(&coordinator, &here, "left").expect(200);
    assert_eq!(standing(&app.get(&path).json()), ["left", "accepted"]);
    let audit = app
        .get(&format!("/v1/audit?subject_id={here}"))
        .expect(200)
        .json();
    let entered: Vec<(&str, bool)> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let by_coordinator = entry["actor"] == "coordinator:test";
            (entry["action"].as_str().unwrap(), by_coordinator)
        })
        .collect();
    assert_eq!(
        entered,
        [("joint_request.left", true), ("joint_request.accepted", true)]
    );
}

fn an_invited_organization_counts_in_nothing_that_shows_people(app: &TestApp) {
    let joint = Joint::new(app, "戸山会");
    let apart = app.worker(json!({"blocked_organization_ids": [joint.named]}));
    let applicant = app.worker(json!({"blocked_organization_ids": [joint.named]}));
    let ranked = || {
        let path = format!("{}/matches", joint.path());
        let ranking = |app: &TestApp| {
            app.call("GET", &path, &joint.lead_token, &Value::Null)
                .expect(200)
                .json()
        };
        let (here, anew) = (ranking(app), ranking(&app.another()));
        assert_eq!(
            (&here["considered"], here["items"].as_array().unwrap().len()),
            (&anew["considered"], anew["items"].as_array().unwrap().len())
        );
        here["items"].to_string().contains(&apart)
    };
    let asked_by = || {
        let path = format!("/v1/deliverables?organization_id={}", joint.named);
        !app.get(&path).expect(200).json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    };
    // Naming an organization doesn't tell the lead who is kept apart from it.
    assert!(ranked() && !asked_by());
    let bid =
        |worker: &str| json!({"deliverable_id": joint.deliverable, "worker_id": worker, "role": "designer"});
    app.post("/v1/applications", &bid(&applicant)).expect(201);
    joint.answer(app, &joint.named_token, "accepted").expect(200);
    assert!(!ranked() && asked_by());
    assert_eq!(
        app.post("/v1/applications", &bid(&apart)).expect(409).code(),
        "worker_unavailable"
    );
    let path = format!("/v1/organizations/{}", joint.named);
    assert_eq!(app.delete(&path).expect(409).code(), "has_open_deliverables");
    joint.answer(app, &joint.named_token, "left").expect(200);
    assert!(ranked() && !asked_by());
    // Nobody's invitation keeps an organization from being archived.
    app.delete(&path).expect(204);
}

fn of_two_answers_at_once_one_counts(app: &TestApp) {
    for n in 0..8 {
        let joint = Joint::new(app, &format!("会{n}"));
        let both = std::thread::scope(|scope| {
            let both = ["accepted", "declined"].map(|status| {
                let joint = &joint;
                scope.spawn(move || (status, joint.answer(app, &joint.named_token, status).status))
            });
            both.map(|one| one.join().unwrap())
        });
        let counted: Vec<&str> = both
            .iter()
            .filter(|(_, code)| *code == 200)
            .map(|(status, _)| *status)
            .collect();
        assert!(both.iter().all(|(_, code)| [200, 409].contains(code)), "{both:?}");
        assert_eq!(counted, [joint.status(app)], "{both:?}");
    }
}

fn workers_see_only_who_has_accepted(app: &TestApp) {
    let joint = Joint::new(app, "戸山会");
    let mut claims = Claims::new(UserRole::Worker, "w", chrono::Utc::now().timestamp(), 600);
    claims.belonging.worker_id = Some(Id(app.worker(json!({})).parse().unwrap()));
    let token = app.state.keys.sign(&claims).unwrap();
    let check = |is_seen: bool| {
        let one = app.call("GET", &joint.path(), &token, &Value::Null).expect(200);
        let all = app
            .call("GET", "/v1/deliverables", &token, &Value::Null)
            .expect(200);
        let export = json!({"kind": "deliverables", "format": "csv"});
        let file = app.call("POST", "/v1/exports", &token, &export).expect(200);
        for answer in [one, all, file] {
            assert!(answer.text.contains(&joint.lead));
            assert_eq!(answer.text.contains(&joint.named), is_seen, "{}", answer.text);
        }
    };
    check(false);
    joint.answer(app, &joint.named_token, "accepted").expect(200);
    check(true);
    joint.answer(app, &joint.named_token, "left").expect(200);
    check(false);
    // Who acts for the organization sees what waits for it; a worker doesn't ask for that.
    let path = format!("/v1/organizations/{}/joint-deliverables", joint.named);
    app.call("GET", &path, &token, &Value::Null).expect(403);
}

fn joint_organizations_of_before_have_accepted(app: &TestApp) {
    let joint = Joint::new(app, "戸山会");
    let again = app.reversed("_joint_consent");
    assert_eq!(joint.status(&again), "accepted");
    again
        .call("GET", &joint.path(), &joint.named_token, &Value::Null)
        .expect(200);
}

fn who_has_joined_leaves_an_archived_request(app: &TestApp) {
    let joint = Joint::new(app, "戸山会");
    joint.answer(app, &joint.named_token, "accepted").expect(200);
    app.delete(&joint.path()).expect(204);
    joint.answer(app, &joint.named_token, "left").expect(200);
    let archived = app
        .get(&format!("{}?include_archived=true", joint.path()))
        .expect(200)
        .json();
    assert_eq!(archived["joint_organizations"][0]["status"], "left");
    // Who is only invited refuses it, and doesn't join it.
    let other = Joint::new(app, "大久保会");
    app.delete(&other.path()).expect(204);
    other.answer(app, &other.named_token, "accepted").expect(404);
    other.answer(app, &other.named_token, "declined").expect(200);
}

fn nobody_is_invited_without_end(app: &TestApp) {
    let joint = Joint::new(app, "戸山会");
    let name = |token: &str, ids: Value| {
        app.call(
            "PATCH",
            &joint.path(),
            token,
            &json!({"joint_organization_ids": ids}),
        )
    };
    let mut invited = 0;
    for refusal in ["declined", "left", "declined"] {
        if refusal == "left" {
            joint.answer(app, &joint.named_token, "accepted").expect(200);
        }
        joint.answer(app, &joint.named_token, refusal).expect(200);
        invited += 1;
        name(&joint.lead_token, json!([])).expect(200);
        if invited < 3 {
            name(&joint.lead_token, json!([joint.named])).expect(200);
        }
    }
    let refused = name(&joint.lead_token, json!([joint.named])).expect(422);
    assert_eq!(
        refused.faults(),
        [(
            "/joint_organization_ids/0".to_owned(),
            "too_many_invitations".to_owned()
        )]
    );
    // Another organization can still be asked, and who acts for this one accepts for it.
    let other = app.organization("落合会");
    name(&joint.lead_token, json!([other])).expect(200);
    name(&app.admin, json!([other, joint.named])).expect(200);
    let shown = app.get(&joint.path()).expect(200).json();
    assert_eq!(shown["joint_organizations"][1]["status"], "accepted");
    // Other changes of a request that names who has refused go on.
    app.patch(&joint.path(), &json!({"title": "会報"})).expect(200);
}
