//! The weights of rankings: set by administrators, with a reason, in versions, and used at once by every server.

use crate::support::{TestApp, on_both};
use musubi::auth::UserRole;
use serde_json::{Value, json};

on_both! {
    an_administrator_sets_weights_that_every_ranking_uses_at_once,
    weights_need_a_reason_a_version_and_a_whole,
    one_of_two_administrators_wins,
    near_equals_change_places_and_the_log_says_so,
    the_report_knows_who_was_chosen_from_which_list,
}

fn weights(skill: u64, theme: u64) -> Value {
    json!({"skill": skill, "experience": 0, "availability": 100_000, "distance": 100_000, "theme": theme, "format": 0,
        "reliability": 780_000 - skill - theme, "responsiveness": 0, "text": 20_000})
}

fn set(app: &TestApp, version: i64, body: &Value) -> crate::support::Response {
    let (bearer, tag) = (
        format!("Bearer {}", app.token(UserRole::Admin)),
        format!("\"{version}\""),
    );
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("if-match", &tag),
    ];
    app.send("PUT", "/v1/weights", &headers, body.to_string().as_bytes())
}

fn an_administrator_sets_weights_that_every_ranking_uses_at_once(app: &TestApp) {
    let wish = json!({"skill": "graphic_design", "level": 5, "weight": 1});
    let themed =
        json!({"themes": ["dementia"], "roles": [{"role": "designer", "places": 1, "skills": [wish]}]});
    let flyer = app.deliverable(&app.organization("風"), themed);
    let skilled = app.worker(json!({"skills": [{"skill": "graphic_design", "level": 5}]}));
    let caring =
        app.worker(json!({"themes": ["dementia"], "skills": [{"skill": "graphic_design", "level": 2}]}));
    let other = app.another();
    let path = format!("/v1/deliverables/{flyer}/matches?fairness=off");
    let best = |server: &TestApp| {
        let list = server.get(&path).expect(200).json();
        let id = |at: usize| list["items"][at]["worker"]["id"].as_str().unwrap().to_owned();
        (list["weights"]["version"].as_str().unwrap().to_owned(), id(0))
    };
    let before = app.get("/v1/weights").expect(200);
    assert_eq!(
        (before.json()["version"].as_str(), before.header("etag")),
        (Some("default-1"), "\"1\"")
    );
    assert_eq!(best(app).0, "default-1");
    best(&other);
    for (number, skill, theme, first) in [(2, 690_000, 10_000, &skilled), (3, 10_000, 690_000, &caring)] {
        let body = json!({"weights": weights(skill, theme), "reason": "試しに変更します。"});
        let after = set(app, number - 1, &body).expect(200);
        assert_eq!(after.header("etag"), format!("\"{number}\""));
        assert_eq!(after.json()["weights"], body["weights"]);
        for server in [&other, app] {
            assert_eq!(best(server), (format!("weights-{number}"), first.clone()));
        }
        let own = json!({"deliverable_id": flyer, "weights": {"skill": 1}, "fairness": "off"});
        let trial = app.post("/v1/matches/preview", &own).expect(200).json();
        assert_eq!(
            (&trial["weights"]["version"], &trial["items"][0]["worker"]["id"]),
            (&json!("custom"), &json!(skilled))
        );
    }
    let of_worker = app
        .get(&format!("/v1/workers/{caring}/matches"))
        .expect(200)
        .json();
    assert_eq!(of_worker["weights"]["version"], "weights-3");
    let coordinator = app.get_as(UserRole::Coordinator, &path).expect(200).json();
    assert_eq!(coordinator["weights"]["version"], "weights-3-without-text");
    assert_eq!(coordinator["weights"]["text"], 0);
    let versions = app.get("/v1/weights/versions").expect(200).json();
    let names: Vec<&str> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["version"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["weights-3", "weights-2", "default-1"]);
    let mut paged = Vec::new();
    let mut next = "/v1/weights/versions?limit=1".to_owned();
    loop {
        let page = app.get(&next).expect(200).json();
        paged.push(page["items"][0].clone());
        let Some(cursor) = page["next"].as_str() else {
            break;
        };
        next = format!("/v1/weights/versions?limit=1&cursor={cursor}");
    }
    assert_eq!(json!(paged), versions["items"]);
    let audit = app.get("/v1/audit?action=weights.changed").expect(200).json();
    assert_eq!(audit["items"].as_array().unwrap().len(), 2);
    assert_eq!(audit["items"][0]["actor"], "admin:test");
}

fn weights_need_a_reason_a_version_and_a_whole(app: &TestApp) {
    let right = json!({"weights": weights(300_000, 300_000), "reason": "理由"});
    let with = |pointer: &str, value: Value| {
        let mut body = right.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    for (body, code) in [
        (with("/reason", json!("")), "too_short"),
        (with("/reason", json!("　 ")), "blank"),
        (with("/weights/skill", json!(300_001)), "wrong_sum"),
        (with("/weights/skill", json!(u64::MAX)), "wrong_sum"),
        (with("/weights/skill", json!(0.5)), "wrong_type"),
        (with("/weights/skill", json!(-1)), "out_of_range"),
        (
            json!({"weights": {"skill": 1_000_000}, "reason": "理由"}),
            "missing_field",
        ),
    ] {
        let answer = set(app, 1, &body).expect(422);
        let codes: Vec<String> = answer.faults().into_iter().map(|(_, code)| code).collect();
        assert!(!codes.is_empty(), "{code}: {}", answer.text);
    }
    assert_eq!(
        app.put("/v1/weights", &right).expect(428).code(),
        "precondition_required"
    );
    set(app, 7, &right).expect(412);
    let coordinator = app.token(UserRole::Coordinator);
    assert_eq!(
        app.call("PUT", "/v1/weights", &coordinator, &right)
            .expect(403)
            .code(),
        "insufficient_scope"
    );
    assert_eq!(app.get("/v1/weights").expect(200).json()["version"], "default-1");
    set(app, 1, &right).expect(200);
    assert_eq!(
        set(app, 2, &right).expect(200).json()["number"],
        2,
        "the same again changes nothing"
    );
}

fn one_of_two_administrators_wins(app: &TestApp) {
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let put = |n: u64| {
            let body = json!({"weights": weights(300_000 + n, 300_000), "reason": "同時"});
            scope.spawn(move || set(app, 1, &body).status)
        };
        let clients: Vec<_> = (0..6).map(put).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert!(
        statuses.iter().all(|status| [200, 412].contains(status)),
        "{statuses:?}"
    );
}

fn near_equals_change_places_and_the_log_says_so(app: &TestApp) {
    let swapping = app.another_with(&["--random-swaps=true"]);
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    for _ in 0..30 {
        app.worker(json!({}));
    }
    let path = format!("/v1/deliverables/{flyer}/matches");
    let whole = swapping.get(&path).expect(200).json();
    let items = whole["items"].as_array().unwrap();
    let ids = |items: &[Value]| {
        items
            .iter()
            .map(|one| one["worker"]["id"].clone())
            .collect::<Vec<_>>()
    };
    assert!(whole["fairness"]["ndcg_ppm"].as_u64().unwrap() >= 950_000);
    let drawn: Vec<&Value> = items.iter().filter(|one| !one["swap"].is_null()).collect();
    assert!(
        drawn.len() >= 20 && drawn.iter().any(|one| one["swap"]["swapped"] == true),
        "{drawn:?}"
    );
    assert!(drawn.iter().any(|one| one["swap"]["swapped"] == false));
    for one in &drawn {
        let with = one["swap"]["with_rank"].as_u64().unwrap() as usize;
        assert_eq!(items[with - 1]["swap"]["with_rank"], one["rank"]);
        assert_eq!(one["swap"]["propensity_ppm"], 500_000);
    }
    // The same order again, page by page, on another server, and on trial.
    let mut paged = Vec::new();
    let mut next = format!("{path}?limit=7");
    loop {
        let page = swapping.get(&next).expect(200).json();
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next"].as_str() else {
            break;
        };
        next = format!("{path}?limit=7&cursor={cursor}");
    }
    assert_eq!(ids(&paged), ids(items));
    let again = app.another_with(&["--random-swaps=true"]);
    assert_eq!(again.get(&path).expect(200).json()["items"], whole["items"]);
    let trial = swapping
        .post("/v1/matches/preview", &json!({"deliverable_id": flyer}))
        .expect(200)
        .json();
    assert_eq!(trial["items"], whole["items"]);
    // Without fairness or the setting there is no draw, and the order is another one.
    for plain in [
        app.get(&path).expect(200).json(),
        swapping.get(&format!("{path}?fairness=off")).expect(200).json(),
    ] {
        let plain = plain["items"].as_array().unwrap();
        assert!(plain.iter().all(|one| one["swap"].is_null()));
        assert_ne!(ids(plain), ids(items));
    }
    let log = swapping
        .get(&format!("/v1/shown-lists?subject_id={flyer}"))
        .expect(200)
        .json();
    let swaps = |items: &Value| -> Vec<Value> {
        let items = items.as_array().unwrap().iter();
        items.map(|one| one["swap"].clone()).collect()
    };
    let mut lists = log["items"].as_array().unwrap().iter();
    let logged = lists.find(|one| swaps(&one["items"]) == swaps(&whole["items"]));
    let logged = logged.expect("the list was logged")["items"].as_array().unwrap();
    for (logged, shown) in logged.iter().zip(items) {
        assert_eq!(
            (&logged["swap"], &logged["role"]),
            (&shown["swap"], &shown["role"])
        );
        let values: Vec<Value> = shown["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["value_ppm"].clone())
            .collect();
        assert_eq!(logged["values_ppm"], json!(values));
    }
}

fn the_report_knows_who_was_chosen_from_which_list(app: &TestApp) {
    let flyer = app.deliverable(
        &app.organization("風"),
        json!({"roles": [{"role": "designer", "places": 1, "skills": [{"skill": "graphic_design", "level": 5, "weight": 1}]}]}),
    );
    let workers: Vec<String> = (1..=5)
        .map(|level| app.worker(json!({"skills": [{"skill": "graphic_design", "level": level}]})))
        .collect();
    let report = || {
        // Writes the lists that wait.
        app.get("/v1/shown-lists").expect(200);
        app.state
            .pool
            .read_blocking(musubi::tuning::actions::weigh)
            .unwrap()
    };
    let path = format!("/v1/deliverables/{flyer}/matches");
    app.get(&path).expect(200);
    let choose = |worker: &str| {
        let body = json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer"});
        let bid = app
            .post("/v1/applications", &body)
            .expect(201)
            .header("location")
            .to_owned();
        app.patch(&bid, &json!({"status": "agreed"})).expect(200);
        bid
    };
    let bid = choose(&workers[4]);
    assert_eq!(report().lists, 0, "an administrator only looks");
    app.patch(&bid, &json!({"status": "withdrawn", "reason": "other"}))
        .expect(200);
    let shown = app.get_as(UserRole::Coordinator, &path).expect(200).json();
    let items = shown["items"].as_array().unwrap();
    let second = items[1]["worker"]["id"].as_str().unwrap();
    let bid = choose(second);
    // What is shown afterwards is no offer any more.
    app.get_as(UserRole::Coordinator, &path).expect(200);
    let found = report();
    assert_eq!((found.lists, found.requests, found.delivered), (1, 1, 0));
    assert_eq!(found.mean_rank, Some(2.0));
    assert!(found.too_few && found.proposal.is_none());
    assert_eq!(found.weights.version, "default-1");
    assert_eq!(found, report(), "the same again");
    let request = format!("/v1/deliverables/{flyer}");
    for status in ["in_progress", "delivered"] {
        app.patch(&request, &json!({"status": status})).expect(200);
    }
    let delivered = report();
    assert_eq!(
        (delivered.delivered, delivered.mean_rank_of_delivered),
        (1, Some(2.0))
    );
    assert_eq!(app.get(&bid).expect(200).json()["status"], "agreed");
}
