//! The worklist: what waits for each caller.

use crate::support::{TestApp, on_both};
use musubi::auth::{Claims, UserRole};
use musubi::db::Id;
use serde_json::{Value, json};

on_both! {
    lists_what_waits_for_each_caller_until_it_is_done,
    a_task_says_who_waits_on_the_other_side,
    pages_go_through_every_kind_once,
    what_is_due_first_comes_first,
    a_request_is_due_when_its_intake_says,
    a_file_with_rejected_rows_waits_for_its_sender_until_it_is_repaired,
}

fn token(app: &TestApp, role: UserRole, of: &str) -> String {
    let mut claims = Claims::new(role, "waiting", chrono::Utc::now().timestamp(), 600);
    match role {
        UserRole::Coordinator => claims.belonging.areas = vec![of.into()],
        UserRole::Worker => claims.belonging.worker_id = Some(Id(of.parse().unwrap())),
        _ => claims.belonging.organization_id = Some(Id(of.parse().unwrap())),
    }
    app.state.keys.sign(&claims).unwrap()
}

fn tasks(app: &TestApp, token: &str, query: &str) -> Value {
    let path = format!("/v1/tasks{query}");
    app.call("GET", &path, token, &Value::Null).expect(200).json()
}

/// The kinds and records of the tasks.
fn found(page: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|task| (text(&task["kind"]), text(&task["id"])))
        .collect()
}

fn apply(app: &TestApp, deliverable: &str, worker: &str) -> String {
    let bid = json!({"deliverable_id": deliverable, "worker_id": worker, "role": "designer"});
    let created = app.post("/v1/applications", &bid).expect(201).json();
    created["id"].as_str().unwrap().to_owned()
}

fn lists_what_waits_for_each_caller_until_it_is_done(app: &TestApp) {
    let (lead, named) = (app.organization("戸山会"), app.organization("隣の会"));
    let requested = app.deliverable(
        &lead,
        json!({"status": "submitted", "joint_organization_ids": []}),
    );
    let open = app.deliverable(&lead, json!({}));
    let worker = app.worker(json!({}));
    let application = apply(app, &open, &worker);
    let lead_token = token(app, UserRole::Organization, &lead);
    let joint = json!({"organization_id": lead, "type": "flyer", "title": "共同のチラシ", "status": "submitted",
        "joint_organization_ids": [named]});
    let joint = app
        .call("POST", "/v1/deliverables", &lead_token, &joint)
        .expect(201)
        .json();
    let joint = joint["id"].as_str().unwrap();

    let (here, elsewhere) = (
        token(app, UserRole::Coordinator, "131041"),
        token(app, UserRole::Coordinator, "131130"),
    );
    let pair = |kind: &str, id: &str| (kind.to_owned(), id.to_owned());
    let answer = pair("answer_application", &application);
    assert_eq!(
        found(&tasks(app, &here, "")),
        [
            answer.clone(),
            pair("review_request", &requested),
            pair("review_request", joint)
        ]
    );
    assert_eq!(found(&tasks(app, &elsewhere, "")), []);
    assert_eq!(found(&tasks(app, &lead_token, "")), [answer]);
    assert_eq!(found(&tasks(app, &token(app, UserRole::Worker, &worker), "")), []);
    let invited = tasks(app, &token(app, UserRole::Organization, &named), "");
    assert_eq!(found(&invited), [pair("answer_joint_invitation", joint)]);
    assert_eq!(invited["items"][0]["title"], "共同のチラシ");
    // Each leads to what waits.
    for (token, task) in [
        (&here, &tasks(app, &here, "")["items"][1]),
        (&token(app, UserRole::Organization, &named), &invited["items"][0]),
    ] {
        let read = app
            .call("GET", task["href"].as_str().unwrap(), token, &Value::Null)
            .expect(200);
        assert!(read.text.contains(task["id"].as_str().unwrap()));
    }
    let counts = app
        .call("GET", "/v1/tasks/counts", &here, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(
        counts["items"],
        json!([{"kind": "answer_application", "count": 1, "overdue": 0},
               {"kind": "confirm_agreement", "count": 0, "overdue": 0},
               {"kind": "review_request", "count": 2, "overdue": 0},
               {"kind": "finish_milestone", "count": 0, "overdue": 0},
               {"kind": "answer_artifact", "count": 0, "overdue": 0},
               {"kind": "fill_place", "count": 0, "overdue": 0},
               {"kind": "close_project", "count": 0, "overdue": 0},
               {"kind": "take_step", "count": 0, "overdue": 0},
               {"kind": "decide_duplicate", "count": 0, "overdue": 0},
               {"kind": "answer_follow_up", "count": 0, "overdue": 0},
               {"kind": "repair_import", "count": 0, "overdue": 0},
               {"kind": "release_event", "count": 0, "overdue": 0}])
    );

    // While a request waits for a coordinator, nobody can answer its applications.
    app.call(
        "PATCH",
        &format!("/v1/deliverables/{open}"),
        &lead_token,
        &json!({"title": "別の題"}),
    )
    .expect(200);
    assert_eq!(found(&tasks(app, &lead_token, "")), []);
    app.release(&format!("/v1/deliverables/{open}")).expect(200);
    let declined = json!({"status": "declined", "reason": "another_chosen"});
    app.patch(&format!("/v1/applications/{application}"), &declined)
        .expect(200);
    for id in [&requested, joint] {
        let decision = json!({"status": "declined", "reason": "other"});
        app.post(&format!("/v1/deliverables/{id}/decisions"), &decision)
            .expect(201);
    }
    assert_eq!(found(&tasks(app, &here, "")), []);
}

fn a_task_says_who_waits_on_the_other_side(app: &TestApp) {
    let organization = app.organization("戸山会");
    let open = app.deliverable(&organization, json!({"title": "会員募集のチラシ"}));
    let worker = app.worker(json!({"alias": "絵を描く人"}));
    let here = token(app, UserRole::Coordinator, "131041");
    let (asked, asking) = (
        token(app, UserRole::Worker, &worker),
        token(app, UserRole::Organization, &organization),
    );
    let invitation =
        json!({"deliverable_id": open, "worker_id": worker, "role": "designer", "direction": "invitation"});
    let made = app
        .call("POST", "/v1/applications", &here, &invitation)
        .expect(201)
        .json();
    let path = format!("/v1/applications/{}", made["id"].as_str().unwrap());
    let the_organization = json!({"worker_id": null, "organization_id": organization, "name": "戸山会"});
    let the_worker = json!({"worker_id": worker, "organization_id": null, "name": "絵を描く人"});
    let step = |mover: &str, change: Value| app.call("PATCH", &path, mover, &change).expect(200);
    let only = |token: &str, kind: &str, about: &Value| {
        let page = tasks(app, token, "");
        let task = &page["items"][0];
        assert_eq!(
            (&task["kind"], &task["title"], &task["about"], &task["href"]),
            (&json!(kind), &json!("会員募集のチラシ"), about, &json!(path))
        );
        app.call("GET", &path, token, &Value::Null).expect(200);
    };
    only(&asked, "answer_invitation", &the_organization);
    step(&asked, json!({"status": "shortlisted"}));
    only(&asking, "answer_application", &the_worker);
    only(&here, "answer_application", &the_worker);
    step(&asking, json!({"status": "offered"}));
    only(&asked, "answer_offer", &the_organization);
    let agreement = json!({"goal": "会員が増える", "schedule": "平日の夜"});
    step(&asked, json!({"agreement": agreement, "worker_agrees": true}));
    only(&asking, "confirm_agreement", &the_worker);
}

fn pages_go_through_every_kind_once(app: &TestApp) {
    let organization = app.organization("戸山会");
    let mut expected = Vec::new();
    for n in 0..4 {
        expected.push(app.deliverable(&organization, json!({"status": "submitted"})));
        let open = app.deliverable(&organization, json!({}));
        expected.push(apply(app, &open, &app.worker(json!({}))));
        let person = json!({"personal": {"email": format!("{n}@example.jp"), "email_verified": true}});
        app.worker(person.clone());
        app.worker(person);
    }
    let here = token(app, UserRole::Coordinator, "131041");
    app.until(|| {
        tasks(app, &here, "?kind=decide_duplicate")["items"]
            .as_array()
            .unwrap()
            .len()
            == 4
    });
    let whole = found(&tasks(app, &here, "?limit=200"));
    assert_eq!(whole.len(), 12);
    assert!(
        expected
            .iter()
            .all(|id| whole.iter().any(|(_, found)| found == id))
    );
    let (mut paged, mut next) = (Vec::new(), String::new());
    loop {
        let page = tasks(app, &here, &format!("?limit=5{next}"));
        paged.extend(found(&page));
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(paged, whole);
}

fn what_is_due_first_comes_first(app: &TestApp) {
    let organization = app.organization("戸山会");
    let days = ["2199-07-01", "2020-07-02", "2020-07-01", "2020-07-02"];
    let requests = days.map(|day| {
        let id = app.deliverable(&organization, json!({"status": "submitted"}));
        let due =
            json!({"screening_due_on": day, "hearing_due_on": "2199-07-02", "decision_due_on": "2199-07-03"});
        app.patch(&format!("/v1/deliverables/{id}/intake"), &due)
            .expect(200);
        id
    });
    let open = app.deliverable(&organization, json!({}));
    let application = apply(app, &open, &app.worker(json!({})));
    let here = token(app, UserRole::Coordinator, "131041");
    let expected = [
        &requests[2],
        &requests[1],
        &requests[3],
        &application,
        &requests[0],
    ];
    let (mut paged, mut next) = (Vec::new(), String::new());
    loop {
        let page = tasks(app, &here, &format!("?limit=2{next}"));
        paged.extend(found(&page).into_iter().map(|(_, id)| id));
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(paged.iter().collect::<Vec<_>>(), expected);
    app.call("GET", "/v1/tasks?cursor=x", &here, &Value::Null)
        .expect(422);
    let due = |overdue: bool| {
        let page = tasks(app, &here, &format!("?kind=review_request&overdue={overdue}"));
        found(&page).into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    };
    assert_eq!(due(true).iter().collect::<Vec<_>>(), expected[..3]);
    assert_eq!(due(false), [requests[0].clone()]);
    app.call("GET", "/v1/tasks?overdue=late", &here, &Value::Null)
        .expect(400);
}

fn a_request_is_due_when_its_intake_says(app: &TestApp) {
    let id = app.deliverable(&app.organization("戸山会"), json!({"status": "submitted"}));
    let path = format!("/v1/deliverables/{id}");
    let due = json!({"screening_due_on": "2026-07-01", "hearing_due_on": "2199-07-02", "decision_due_on": "2199-07-03"});
    let here = token(app, UserRole::Coordinator, "131041");
    let shown = |app: &TestApp| tasks(app, &here, "")["items"][0].clone();
    assert_eq!(shown(app)["overdue"], false);
    let intake = |app: &TestApp| app.get(&format!("{path}/intake")).expect(200).json();
    assert_eq!(intake(app)["due_on"], shown(app)["due_on"]);
    app.patch(&format!("{path}/intake"), &due).expect(200);
    let counts = |app: &TestApp| {
        app.call("GET", "/v1/tasks/counts", &here, &Value::Null)
            .expect(200)
            .json()
    };
    for (status, day, overdue) in [
        ("submitted", "2026-07-01", true),
        ("screening", "2199-07-02", false),
        ("hearing", "2199-07-03", false),
    ] {
        app.patch(&path, &json!({"status": status})).expect(200);
        assert_eq!(
            (&shown(app)["due_on"], &shown(app)["overdue"]),
            (&json!(day), &json!(overdue))
        );
        assert_eq!(intake(app)["due_on"], day);
        assert_eq!(counts(app)["items"][2]["overdue"], u32::from(overdue));
    }
    let decision = json!({"status": "declined", "reason": "other"});
    app.post(&format!("{path}/decisions"), &decision).expect(201);
    assert_eq!(intake(app)["due_on"], Value::Null);
}

fn a_file_with_rejected_rows_waits_for_its_sender_until_it_is_repaired(app: &TestApp) {
    let here = token(app, UserRole::Coordinator, "131041");
    let import = |query: &str, file: &str| {
        let sent = app
            .import(
                &here,
                &format!("kind=organizations&area=131041{query}"),
                file.as_bytes(),
            )
            .expect(202)
            .json();
        app.wait_for_import(sent["id"].as_str().unwrap())
    };
    let good = "団体名,種別\n戸山会,住民団体\n";
    let bad = "団体名,メール\n戸山会,a@example.jp\n隣の会,@\n";
    let shown = || found(&tasks(app, &here, "?kind=repair_import"));
    import("&strict=true&mode=dry_run", bad);
    import("", good);
    assert_eq!(shown(), []);
    let faulty = import("&strict=true", bad);
    let waits = |import: &Value| {
        (
            "repair_import".to_owned(),
            import["id"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(shown(), [waits(&faulty)], "{faulty}");
    let task = &tasks(app, &here, "?kind=repair_import")["items"][0];
    let read = app.call("GET", task["href"].as_str().unwrap(), &here, &Value::Null);
    assert_eq!(read.expect(200).json()["progress"]["rejected"], 1);
    // It is the sender's, and of one source.
    let other = {
        let mut claims = Claims::new(
            UserRole::Coordinator,
            "another",
            chrono::Utc::now().timestamp(),
            600,
        );
        claims.belonging.areas = vec!["131041".into()];
        app.state.keys.sign(&claims).unwrap()
    };
    assert_eq!(found(&tasks(app, &other, "?kind=repair_import")), []);
    import("&source=another", good);
    assert_eq!(shown(), [waits(&faulty)]);
    let failed = import("", "何か,別の\n1,2\n");
    assert_eq!(shown(), [waits(&failed)], "{failed}");
    import("", good);
    assert_eq!(shown(), []);
}
