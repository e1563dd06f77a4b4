//! Rankings for a whole team, their explanations, and what would change them: on the demonstration's requests.

use crate::support::{TestApp, on_both};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

on_both! {
    every_role_with_open_places_is_among_the_first,
    lists_explanations_and_improvements_agree,
    the_patch_of_a_relaxation_has_the_promised_effect,
    a_member_takes_no_other_place,
    a_preview_without_changes_is_the_ranking,
    a_preview_with_changes_is_the_ranking_after_them,
    explanations_on_trial_agree_with_the_preview,
    a_preview_starts_from_what_the_caller_may_rank,
}

/// Loads the demonstration, and returns its open requests.
fn requests(app: &TestApp) -> Vec<Value> {
    musubi::demo::load(&app.state, musubi::catalogue::calendar::today(), 300).unwrap();
    let page = app
        .get("/v1/deliverables?status=open&limit=200")
        .expect(200)
        .json();
    page["items"].as_array().unwrap().clone()
}

fn id(request: &Value) -> &str {
    request["id"].as_str().unwrap()
}

fn list(app: &TestApp, request: &str, query: &str) -> Value {
    app.get(&format!("/v1/deliverables/{request}/matches?{query}"))
        .expect(200)
        .json()
}

/// Follows the pages of a list.
fn walk(app: &TestApp, request: &str, query: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = list(app, request, &format!("{query}{cursor}"));
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

fn open_roles(request: &Value) -> Vec<(String, u64)> {
    let places = request["open_places"].as_array().unwrap().iter();
    let open = places.map(|open| {
        (
            open["role"].as_str().unwrap().to_owned(),
            open["left"].as_u64().unwrap(),
        )
    });
    open.filter(|(_, left)| *left > 0).collect()
}

fn role(item: &Value) -> &str {
    item["role"].as_str().unwrap()
}

fn every_role_with_open_places_is_among_the_first(app: &TestApp) {
    let requests = requests(app);
    assert!(requests.len() >= 15);
    let mut several = 0;
    for request in &requests {
        let request_id = id(request);
        let roles = open_roles(request);
        several += usize::from(roles.len() > 1);
        let by_role: BTreeMap<String, Vec<Value>> = roles
            .iter()
            .map(|(role, _)| {
                let found = walk(
                    app,
                    request_id,
                    &format!("role={role}&fairness=off&counts=false&limit=200"),
                );
                (role.clone(), found)
            })
            .collect();
        for fairness in ["on", "off"] {
            let found = list(app, request_id, &format!("fairness={fairness}&limit=200"));
            let items = found["items"].as_array().unwrap();
            // The first have every role for which anybody passes, and the next ones the second places.
            let places: u64 = roles.iter().map(|(_, left)| left).sum();
            let first: BTreeSet<&str> = items.iter().take(roles.len()).map(role).collect();
            for (role, of_role) in &by_role {
                assert_eq!(
                    first.contains(role.as_str()),
                    !of_role.is_empty(),
                    "{fairness}: {role} in {request}"
                );
            }
            for (wanted, left) in &roles {
                let team = items
                    .iter()
                    .take(places as usize)
                    .filter(|item| role(item) == wanted);
                assert!(
                    team.count() as u64 >= (*left).min(by_role[wanted].len() as u64),
                    "{wanted} {request}"
                );
            }
            let workers: BTreeSet<&str> = items
                .iter()
                .map(|i| i["worker"]["id"].as_str().unwrap())
                .collect();
            assert_eq!(workers.len(), items.len());
            for (place, item) in items.iter().enumerate() {
                assert_eq!(item["rank"], place + 1);
                let there = &by_role[role(item)][item["fit_rank"].as_u64().unwrap() as usize - 1];
                for member in ["worker", "fit_ppm", "components", "improvement"] {
                    assert_eq!(item[member], there[member]);
                }
                for other in item["other_roles"].as_array().unwrap() {
                    let there = by_role[role(other)]
                        .iter()
                        .find(|one| one["worker"] == item["worker"]);
                    let fit = there.map(|one| &one["fit_ppm"]);
                    assert_eq!(
                        fit,
                        Some(&other["fit_ppm"]).filter(|_| fit.is_some() || role(other) == role(item))
                    );
                }
            }
            let passed = found["passed_by_role"].as_array().unwrap();
            let passed: BTreeMap<&str, usize> = passed
                .iter()
                .map(|one| (role(one), one["passed"].as_u64().unwrap() as usize))
                .collect();
            let counted: BTreeMap<&str, usize> = by_role
                .iter()
                .map(|(role, found)| (role.as_str(), found.len()))
                .collect();
            assert_eq!(passed, counted);
            let ids =
                |items: &[Value]| -> Vec<Value> { items.iter().map(|i| i["worker"]["id"].clone()).collect() };
            let walked = walk(
                app,
                request_id,
                &format!("fairness={fairness}&counts=false&limit=23"),
            );
            assert_eq!(ids(&walked[..items.len().min(walked.len())]), ids(items));
            assert_eq!(found["passed"], walked.len(), "{request}");
        }
    }
    assert!(several >= 9);
}

fn lists_explanations_and_improvements_agree(app: &TestApp) {
    for request in requests(app).iter().step_by(3) {
        let mut queries = vec![String::new()];
        queries.extend(
            open_roles(request)
                .into_iter()
                .map(|(role, _)| format!("role={role}")),
        );
        for query in queries {
            let items = walk(
                app,
                id(request),
                &format!("fairness=off&counts=false&limit=200&{query}"),
            );
            for item in items.iter().step_by(7) {
                let worker = item["worker"]["id"].as_str().unwrap();
                let path = format!("/v1/deliverables/{}/matches/{worker}", id(request));
                let why = app.get(&format!("{path}?{query}")).expect(200).json();
                assert_eq!(
                    (&why["rank"], &why["is_ranked"]),
                    (&item["fit_rank"], &json!(true)),
                    "{query} {item}"
                );
                for member in [
                    "role",
                    "fit_ppm",
                    "components",
                    "improvement",
                    "other_roles",
                    "worker",
                    "unconfirmed",
                ] {
                    assert_eq!(why[member], item[member], "{member} {query}");
                }
                let changes = app
                    .get(&format!("{path}/improvements?{query}"))
                    .expect(200)
                    .json();
                assert_eq!(changes["rank"], item["fit_rank"]);
            }
        }
    }
}

fn the_patch_of_a_relaxation_has_the_promised_effect(app: &TestApp) {
    let mut kinds = BTreeSet::new();
    let held = json!({"qualifications": ["介護福祉士"]});
    app.worker(held);
    app.worker(json!({"qualifications": [], "travel_limit_km": 1, "area": "132098", "remote": true}));
    app.worker(json!({"skills": [{"skill": "graphic_design", "level": 2}]}));
    app.worker(json!({"day_parts": ["monday_morning"]}));
    app.worker(json!({"available_until": "2027-01-01"}));
    let strict = json!({"qualifications": ["介護福祉士", "普通自動車免許"], "day_parts": ["saturday_morning"],
        "starts_on": "2027-01-10", "ends_on": "2027-02-10",
        "roles": [{"role": "designer", "places": 1,
            "skills": [{"skill": "graphic_design", "level": 3, "weight": 3, "must_have": true}]}]});
    let mild = json!({"day_parts": ["saturday_morning"], "starts_on": "2027-01-10", "ends_on": "2027-02-10",
        "qualifications": ["介護福祉士"], "roles": strict["roles"]});
    let organization = app.organization("風");
    let own: Vec<Value> = [
        strict,
        mild,
        json!({"roles": [{"role": "designer", "places": 1,
            "skills": [{"skill": "graphic_design", "level": 3, "weight": 3, "must_have": true}]}]}),
        json!({"day_parts": ["saturday_morning"]}),
        json!({"starts_on": "2027-01-10"}),
    ]
    .map(|more| {
        let id = app.deliverable(&organization, more);
        app.get(&format!("/v1/deliverables/{id}")).expect(200).json()
    })
    .into();
    let all = requests(app);
    for request in own.iter().chain(all.iter().step_by(4)) {
        let path = format!("/v1/deliverables/{}", id(request));
        let found = app.get(&format!("{path}/relaxations")).expect(200).json();
        assert_eq!(list(app, id(request), "limit=1")["passed"], found["passed"]);
        for item in found["items"].as_array().unwrap() {
            app.patch(&path, &item["patch"]).expect(200);
            assert_eq!(
                list(app, id(request), "limit=1")["passed"],
                item["passed"],
                "{item}"
            );
            let before: serde_json::Map<String, Value> = item["patch"]
                .as_object()
                .unwrap()
                .keys()
                .map(|name| (name.clone(), request[name].clone()))
                .collect();
            app.patch(&path, &Value::Object(before)).expect(200);
            kinds.insert(item["relaxation"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(kinds.len(), 7, "{kinds:?}");
}

fn a_member_takes_no_other_place(app: &TestApp) {
    let two = json!({"roles": [{"role": "designer", "places": 1}, {"role": "copywriter", "places": 2}]});
    let request = app.deliverable(&app.organization("風"), two);
    let both = json!({"roles": ["designer", "copywriter"]});
    let workers: Vec<String> = (0..4).map(|_| app.worker(both.clone())).collect();
    let before = list(app, &request, "");
    assert_eq!(
        before["passed_by_role"],
        json!([{"role": "designer", "passed": 4}, {"role": "copywriter", "passed": 4}])
    );
    let applied = json!({"deliverable_id": request, "worker_id": workers[0], "role": "copywriter"});
    let application = app.post("/v1/applications", &applied).expect(201).json();
    let path = format!("/v1/applications/{}", application["id"].as_str().unwrap());
    app.patch(&path, &json!({"status": "agreed"})).expect(200);
    let after = list(app, &request, "fairness=off");
    assert_eq!(
        after["passed_by_role"],
        json!([{"role": "designer", "passed": 3}, {"role": "copywriter", "passed": 3}])
    );
    let items = after["items"].as_array().unwrap();
    assert_eq!(items.iter().map(role).collect::<BTreeSet<_>>().len(), 2);
    assert!(
        items
            .iter()
            .all(|item| item["worker"]["id"] != workers[0].as_str() && item["fit_rank"].as_u64() <= Some(3))
    );
    for item in items {
        let worker = item["worker"]["id"].as_str().unwrap();
        let why = app
            .get(&format!("/v1/deliverables/{request}/matches/{worker}"))
            .expect(200)
            .json();
        assert_eq!((&why["role"], &why["rank"]), (&item["role"], &item["fit_rank"]));
    }
    let relaxed = app
        .get(&format!("/v1/deliverables/{request}/relaxations"))
        .expect(200)
        .json();
    assert_eq!(relaxed["passed"], after["passed"]);
}

fn post(app: &TestApp, below: &str, body: &Value) -> Value {
    app.post(&format!("/v1/matches/preview{below}"), body)
        .expect(200)
        .json()
}

/// Follows the pages of a preview.
fn walk_preview(app: &TestApp, mut body: Value) -> Vec<Value> {
    let mut items = Vec::new();
    loop {
        let page = post(app, "", &body);
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        if page["next"].is_null() {
            return items;
        }
        body["cursor"] = page["next"].clone();
    }
}

/// Leaves out what tells when something was computed.
fn timeless(mut ranking: Value) -> Value {
    let members = ranking.as_object_mut().unwrap();
    members.retain(|name, _| !["next", "at_change"].contains(&name.as_str()));
    ranking
}

fn a_preview_without_changes_is_the_ranking(app: &TestApp) {
    let all = requests(app);
    let (one, other) = (app.organization("風"), app.organization("空"));
    let joint =
        json!({"joint_organization_ids": [other], "additional_types": ["website"], "themes": ["dementia"]});
    let joint = app.deliverable(&one, joint);
    app.worker(json!({"blocked_organization_ids": [other]}));
    let joint = app.get(&format!("/v1/deliverables/{joint}")).expect(200).json();
    let coordinator = app.token(musubi::auth::UserRole::Coordinator);
    for request in all.iter().chain([&joint]) {
        for fairness in ["on", "off"] {
            let mut queries = vec![(String::new(), Value::Null)];
            queries.extend(
                open_roles(request)
                    .into_iter()
                    .map(|(role, _)| (format!("&role={role}"), json!(role))),
            );
            for (query, role) in queries {
                let saved = list(app, id(request), &format!("fairness={fairness}&limit=200{query}"));
                let mut body =
                    json!({"deliverable_id": id(request), "role": role, "fairness": fairness, "limit": 200});
                let tried = post(app, "", &body);
                assert_eq!(saved["next"].is_null(), tried["next"].is_null());
                assert_eq!(timeless(tried), timeless(saved.clone()));
                body["limit"] = json!(30);
                let walked = walk_preview(app, body);
                let known = saved["items"].as_array().unwrap();
                assert!(walked.len() >= known.len() && walked[..known.len()] == known[..]);
            }
        }
        let body = json!({"deliverable_id": id(request), "need": {}, "limit": 5});
        let tried = app.call("POST", "/v1/matches/preview", &coordinator, &body);
        let path = format!("/v1/deliverables/{}/matches?limit=5", id(request));
        let saved = app.call("GET", &path, &coordinator, &Value::Null);
        if saved.status == 200 {
            assert_eq!(timeless(tried.expect(200).json()), timeless(saved.json()));
        } else {
            assert_eq!(tried.status, 422);
        }
    }
}

fn a_preview_with_changes_is_the_ranking_after_them(app: &TestApp) {
    let all = requests(app);
    let changes = [
        json!({"remote": true}),
        json!({"format": "long", "hours_per_week": null}),
        json!({"day_parts": [], "starts_on": null, "ends_on": null}),
        json!({"type": "website"}),
        json!({"area": null, "themes": ["dementia"], "title": "認知症カフェ", "trouble": null}),
        json!({"roles": [{"role": "designer", "places": 2}, {"role": "engineer", "places": 1}]}),
        json!({"qualifications": ["介護福祉士"]}),
    ];
    for (request, change) in all.iter().step_by(2).zip(changes) {
        let path = format!("/v1/deliverables/{}", id(request));
        let body = json!({"deliverable_id": id(request), "need": change, "limit": 200});
        let mut tried = timeless(post(app, "", &body));
        app.patch(&path, &change).expect(200);
        let saved = timeless(list(app, id(request), "limit=200"));
        assert_eq!(
            tried.as_object_mut().unwrap().remove("deliverable"),
            saved.get("deliverable").cloned()
        );
        for (name, value) in tried.as_object().unwrap() {
            assert_eq!(value, &saved[name], "{name} with {change}");
        }
    }
}

fn explanations_on_trial_agree_with_the_preview(app: &TestApp) {
    let all = requests(app);
    let need = json!({"type": "website", "area": "131041", "title": "ウェブサイトを作り直したい",
        "day_parts": ["saturday_morning", "sunday_morning"], "remote": true});
    let bodies = [
        json!({"need": need}),
        json!({"need": need, "weights": {"skill": 1, "distance": 2}}),
        json!({"deliverable_id": id(&all[0]), "weights": {"theme": 1, "text": 3, "availability": 2}}),
        json!({"deliverable_id": id(&all[3]), "need": {"remote": true, "hours_per_week": 3}, "weights": {"format": 1, "skill": 1}}),
        json!({"deliverable_id": id(&all[5]), "need": {"type": "website"}, "role": "engineer"}),
    ];
    for mut body in bodies {
        body["fairness"] = json!("off");
        let items = walk_preview(app, body.clone());
        assert!(!items.is_empty(), "{body}");
        for item in items.iter().step_by(1 + items.len() / 12) {
            let below = format!("/workers/{}", item["worker"]["id"].as_str().unwrap());
            let why = post(app, &below, &body);
            assert_eq!(
                (&why["rank"], &why["is_ranked"]),
                (&item["fit_rank"], &json!(true)),
                "{body} {item}"
            );
            for (name, value) in item.as_object().unwrap() {
                let is_of_list = ["rank", "fit_rank", "adjusted_ppm", "newcomer"].contains(&name.as_str());
                assert!(is_of_list || why[name] == *value, "{name} of {body}");
            }
            let changes = post(app, &format!("{below}/improvements"), &body);
            assert_eq!(changes["rank"], item["fit_rank"]);
        }
        let found = post(app, "/relaxations", &body);
        assert_eq!(found["passed"], items.len());
        for item in found["items"].as_array().unwrap() {
            let mut relaxed = body.clone();
            crate::support::merge(&mut relaxed, json!({"limit": 1}));
            let mut changed = relaxed["need"].as_object().cloned().unwrap_or_default();
            changed.extend(item["patch"].as_object().unwrap().clone());
            relaxed["need"] = Value::Object(changed);
            assert_eq!(post(app, "", &relaxed)["passed"], item["passed"], "{item}");
        }
    }
}

fn a_preview_starts_from_what_the_caller_may_rank(app: &TestApp) {
    let (own, other) = (app.organization("風"), app.organization("空"));
    let [mine, theirs] = [&own, &other].map(|organization| app.deliverable(organization, json!({})));
    let kept_apart = app.worker(json!({"blocked_organization_ids": [own]}));
    let seen = app.worker(json!({}));
    let token = app.logged_in(
        "o@example.jp",
        json!({"role": "organization", "organization_id": own}),
    );
    let ask =
        |below: &str, body: Value| app.call("POST", &format!("/v1/matches/preview{below}"), &token, &body);
    let apart = format!("/workers/{kept_apart}");
    let ways = [
        "".to_owned(),
        "/relaxations".to_owned(),
        format!("/workers/{seen}"),
        apart.clone(),
    ];
    for below in &ways {
        let refused = ask(below, json!({"deliverable_id": theirs})).expect(422);
        assert_eq!(
            refused.faults(),
            [("/deliverable_id".into(), "unknown_deliverable".into())]
        );
        for id in [&mine, &theirs] {
            let body = json!({"deliverable_id": id, "need": {"organization_id": other}});
            assert_eq!(ask(below, body).status, 422);
        }
        let body = json!({"deliverable_id": mine, "weights": {"text": 1}});
        assert_eq!(
            ask(below, body).expect(422).faults(),
            [("/weights/text".into(), "not_permitted".into())]
        );
        for field in ["joint_organization_ids", "status", "source"] {
            let body = json!({"deliverable_id": mine, "need": {field: null}});
            let refused = ask(below, body).status;
            let body = json!({"deliverable_id": mine, "need": {field: "x"}});
            assert_eq!((refused, ask(below, body).status), (422, 422), "{field}");
        }
    }
    // Who is kept apart from the organization stays out of sight, whatever is tried.
    for body in [
        json!({"deliverable_id": mine}),
        json!({"deliverable_id": mine, "need": {"remote": true}}),
        json!({"need": {"type": "flyer", "area": "131041"}}),
    ] {
        assert_eq!(ask(&apart, body.clone()).status, 404, "{body}");
        assert_eq!(ask(&format!("{apart}/improvements"), body.clone()).status, 404);
        let found = ask("", body).expect(200);
        assert!(!found.text.contains(&kept_apart) && !found.text.contains("blocked"));
        assert_eq!(found.json()["considered"], 1);
    }
    let missing = ask("", json!({"need": {}})).expect(422);
    assert_eq!(
        missing.faults(),
        [
            ("/need/type".into(), "missing_field".into()),
            ("/need/area".into(), "missing_field".into())
        ]
    );
    app.worker(json!({}));
    let body = json!({"deliverable_id": mine, "limit": 1});
    let next = ask("", body).expect(200).json()["next"].clone();
    let elsewhere = json!({"deliverable_id": mine, "need": {"remote": true}, "cursor": next});
    assert_eq!(
        ask("", elsewhere).expect(422).faults(),
        [("cursor".into(), "invalid_cursor".into())]
    );
    let later = app.get("/v1/shown-lists").expect(200).json();
    assert_eq!(later["items"], json!([]), "nobody counts as shown");
}
