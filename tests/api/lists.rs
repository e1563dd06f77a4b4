//! What lists say of the records around theirs, how long they are, and in which order they come.

use crate::query_counts::{queries, start_counting};
use crate::support::{TestApp, on_both, token};
use diesel::connection::SimpleConnection;
use musubi::auth::{Claims, UserRole};
use musubi::db::{Db, Id};
use musubi::server::document::Document;
use serde_json::{Value, json};

on_both! {
    deliverables_say_whose_they_are_who_applied_and_which_places_are_taken,
    counts_of_applications_hide_what_a_caller_may_not_see,
    a_list_takes_as_many_queries_for_many_items_as_for_one,
    applications_have_the_title_and_the_alias,
    applications_are_counted_by_status_and_age,
    lists_say_how_long_they_are,
    deliverables_are_ordered_by_due_date_and_by_waiting_time,
    a_name_is_found_only_by_who_may_read_organizations,
    every_filter_with_codes_takes_several,
}

fn list(app: &TestApp, token: &str, path: &str) -> Vec<Value> {
    let page = app.call("GET", path, token, &Value::Null).expect(200).json();
    page["items"].as_array().unwrap().clone()
}

fn apply(app: &TestApp, deliverable: &str, worker: &str, role: &str) -> String {
    let bid = json!({"deliverable_id": deliverable, "worker_id": worker, "role": role});
    let application = app.post("/v1/applications", &bid).expect(201).json();
    application["id"].as_str().unwrap().to_owned()
}

fn set(app: &TestApp, application: &str, outcome: &Value) {
    app.patch(&format!("/v1/applications/{application}"), outcome)
        .expect(200);
}

fn signed(app: &TestApp, role: UserRole, belongs: impl FnOnce(&mut Claims)) -> String {
    let mut claims = Claims::new(role, "t", chrono::Utc::now().timestamp(), 600);
    belongs(&mut claims);
    app.state.keys.sign(&claims).unwrap()
}

fn id(text: &str) -> Id {
    Id(text.parse().unwrap())
}

/// How many applications are submitted, agreed, declined and withdrawn; the other statuses have none.
fn counts(submitted: u32, agreed: u32, declined: u32, withdrawn: u32) -> Value {
    json!({"submitted": submitted, "shortlisted": 0, "offered": 0, "agreed": agreed, "waitlisted": 0,
        "declined": declined, "withdrawn": withdrawn, "expired": 0})
}

/// A request for two designers and a writer: one designer has a place, one applied, one was declined, one withdrew.
fn request(app: &TestApp, organization: &str) -> (String, [String; 4]) {
    let roles = json!([
        {"role": "designer", "places": 2, "skills": [{"skill": "graphic_design", "level": 2, "weight": 1}]},
        {"role": "copywriter", "places": 1, "skills": [{"skill": "copywriting", "level": 2, "weight": 1}]}
    ]);
    let deliverable = app.deliverable(organization, json!({"roles": roles}));
    let workers = [(); 4].map(|()| app.worker(json!({})));
    let [accepted, _, declined, withdrawn] = workers
        .each_ref()
        .map(|worker| apply(app, &deliverable, worker, "designer"));
    set(app, &accepted, &json!({"status": "agreed"}));
    set(
        app,
        &declined,
        &json!({"status": "declined", "reason": "schedule"}),
    );
    set(
        app,
        &withdrawn,
        &json!({"status": "withdrawn", "reason": "health"}),
    );
    (deliverable, workers)
}

fn deliverables_say_whose_they_are_who_applied_and_which_places_are_taken(app: &TestApp) {
    let organization = app.organization("戸山会");
    let (deliverable, _) = request(app, &organization);
    let quiet = app.deliverable(&organization, json!({"type": "flyer"}));
    let items = list(app, &app.admin, "/v1/deliverables?sort=created_at");
    assert_eq!(
        (&items[0]["id"], &items[1]["id"]),
        (&json!(deliverable), &json!(quiet))
    );
    assert_eq!(
        items[0]["organization"],
        json!({"id": organization, "name": "戸山会"})
    );
    assert_eq!(items[0]["places"], json!({"needed": 3, "filled": 1}));
    assert_eq!(items[0]["applications"], counts(1, 1, 1, 1));
    assert_eq!(items[1]["applications"], counts(0, 0, 0, 0));
    // A token without the scopes learns neither.
    let bare = token(&app.state, UserRole::Admin, Some("deliverables:read"), 600);
    let item = &list(app, &bare, "/v1/deliverables?sort=created_at")[0];
    assert_eq!(item["organization"], json!({"id": organization, "name": null}));
    assert_eq!(item["applications"], Value::Null);
    let named = token(
        &app.state,
        UserRole::Admin,
        Some("deliverables:read organizations:read"),
        600,
    );
    assert_eq!(
        list(app, &named, "/v1/deliverables")[0]["organization"]["name"],
        "戸山会"
    );
}

fn counts_of_applications_hide_what_a_caller_may_not_see(app: &TestApp) {
    let organization = app.organization("戸山会");
    let (_, workers) = request(app, &organization);
    let count = |token: &str| list(app, token, "/v1/deliverables")[0]["applications"].clone();
    let member = signed(app, UserRole::Organization, |claims| {
        claims.belonging.organization_id = Some(id(&organization));
    });
    assert_eq!(count(&member)["submitted"], 1);
    // Who applied is kept apart from the organization from now on.
    let apart = json!({"blocked_organization_ids": [organization]});
    app.patch(&format!("/v1/workers/{}", workers[1]), &apart)
        .expect(200);
    assert_eq!(count(&member), counts(0, 1, 1, 1));
    assert_eq!(count(&app.admin)["submitted"], 1);
    let counted = list(app, &member, "/v1/application-counts");
    assert_eq!(
        (&counted[0]["status"], &counted[0]["total"]["count"]),
        (&json!("submitted"), &json!(0))
    );
    // A worker sees their own.
    let worker = signed(app, UserRole::Worker, |claims| {
        claims.belonging.worker_id = Some(id(&workers[2]));
    });
    assert_eq!(count(&worker), counts(0, 0, 1, 0));
    // A partner sees those of its volunteers, and a sandbox's are nobody else's.
    app.patch(
        &format!(
            "/v1/deliverables/{}",
            list(app, &app.admin, "/v1/deliverables")[0]["id"]
                .as_str()
                .unwrap()
        ),
        &json!({"shared_with_partners": true}),
    )
    .expect(200);
    let (_, partner) = app.partner(json!({"code": "other", "areas": []}));
    assert_eq!(count(&partner), counts(0, 0, 0, 0));
    // A coordinator elsewhere doesn't see the request; the lead's name isn't told to who only coordinates its area.
    let elsewhere = app
        .post("/v1/organizations", &json!({"name": "目黒会", "area": "131105"}))
        .expect(201)
        .json();
    let lead = elsewhere["id"].as_str().unwrap();
    let here = app.deliverable(lead, json!({"area": "131041"}));
    let coordinator = app.token(UserRole::Coordinator);
    let items = list(app, &coordinator, "/v1/deliverables");
    let foreign = items.iter().find(|one| one["id"] == here.as_str()).unwrap();
    assert_eq!(foreign["organization"], json!({"id": lead, "name": null}));
}

fn a_list_takes_as_many_queries_for_many_items_as_for_one(app: &TestApp) {
    start_counting();
    let server = app.another();
    let coordinator = app.token(UserRole::Coordinator);
    let count = |path: &str| {
        let get = || drop(server.call("GET", path, &coordinator, &Value::Null).expect(200));
        let about = ["deliverables", "organizations", "applications", "workers"];
        // The match index still follows what was written.
        (0..6).map(|_| queries(&server, &about, get).len()).min().unwrap()
    };
    let organization = app.organization("戸山会");
    request(app, &organization);
    let paths = ["/v1/deliverables", "/v1/applications", "/v1/application-counts"];
    let few = paths.map(count);
    for n in 0..3 {
        request(app, &app.organization(&format!("会{n}")));
    }
    assert_eq!(paths.map(count), few);
}

fn applications_have_the_title_and_the_alias(app: &TestApp) {
    let organization = app.organization("戸山会");
    let deliverable = app.deliverable(&organization, json!({"title": "夏まつりのチラシ"}));
    let worker = app.worker(json!({"personal": {"name": "佐藤 花子", "email": "hanako@example.jp"}}));
    let chosen = app.worker(json!({"alias": "はなちゃん"}));
    apply(app, &deliverable, &worker, "designer");
    apply(app, &deliverable, &chosen, "designer");
    let member = signed(app, UserRole::Organization, |claims| {
        claims.belonging.organization_id = Some(id(&organization));
    });
    let in_language = |language: &str| {
        let headers = [("accept-language", language)];
        let page = app
            .get_with("/v1/applications?sort=created_at", &headers)
            .expect(200);
        let items = page.json()["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|one| one["worker_alias"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(in_language("ja"), ["新宿区のデザイナー", "はなちゃん"]);
    assert_eq!(in_language("en"), ["Designer in Shinjuku-ku", "はなちゃん"]);
    for token in [&app.admin, &member] {
        let page = app
            .call("GET", "/v1/applications", token, &Value::Null)
            .expect(200);
        assert!(!page.text.contains("佐藤") && !page.text.contains("hanako"));
        assert_eq!(page.json()["items"][1]["deliverable_title"], "夏まつりのチラシ");
    }
    // Neither the title nor the alias without the scope that shows it.
    let bare = token(&app.state, UserRole::Admin, Some("applications:read"), 600);
    let item = &list(app, &bare, "/v1/applications")[0];
    assert_eq!(
        (&item["deliverable_title"], &item["worker_alias"]),
        (&Value::Null, &Value::Null)
    );
    // A coordinator of the worker's area alone doesn't read the request.
    let elsewhere = app
        .post("/v1/organizations", &json!({"name": "目黒会", "area": "131105"}))
        .expect(201)
        .json();
    let theirs = app.deliverable(elsewhere["id"].as_str().unwrap(), json!({"title": "目黒の会報"}));
    apply(app, &theirs, &worker, "designer");
    let coordinator = app.token(UserRole::Coordinator);
    let item = &list(app, &coordinator, "/v1/applications")[0];
    assert_eq!(
        (&item["deliverable_title"], &item["worker_alias"]),
        (&Value::Null, &json!("新宿区のデザイナー"))
    );
    app.delete(&format!("/v1/workers/{worker}")).expect(204);
    assert_eq!(
        list(app, &app.admin, "/v1/applications")[0]["worker_alias"],
        Value::Null
    );
}

fn applications_are_counted_by_status_and_age(app: &TestApp) {
    let organization = app.organization("戸山会");
    let deliverable = app.deliverable(&organization, json!({"applications_per_place": 5}));
    let applied: Vec<String> = (0..5)
        .map(|_| apply(app, &deliverable, &app.worker(json!({})), "designer"))
        .collect();
    for (application, days) in applied.iter().zip([0, 2, 3, 13, 400]) {
        let moved = chrono::Utc::now() - chrono::Duration::days(days);
        let moved = moved.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let which = |db: &Db| match db {
            Db::Sqlite(_) => format!("id = unhex('{}')", application.replace('-', "")),
            Db::Pg(_) => format!("id = '{application}'"),
        };
        let write = |db: &mut Db| {
            let which = which(db);
            Ok(db.batch_execute(&format!(
                "UPDATE applications SET updated_at = '{moved}' WHERE {which}"
            ))?)
        };
        app.state.pool.write_blocking(write).unwrap();
    }
    let counts = list(app, &app.admin, "/v1/application-counts");
    let ages = |of: &Value| {
        let ages = of["by_age"].as_array().unwrap().iter();
        ages.map(|age| age["count"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let statuses: Vec<&str> = counts.iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(
        statuses,
        [
            "submitted",
            "shortlisted",
            "offered",
            "agreed",
            "waitlisted",
            "declined",
            "withdrawn",
            "expired"
        ]
    );
    assert_eq!(counts[0]["total"], json!({"count": 5, "exact": true}));
    assert_eq!(
        (ages(&counts[0]), ages(&counts[1])),
        (vec![2, 1, 1, 1], vec![0; 4])
    );
    assert_eq!(
        counts[0]["by_age"][3],
        json!({"from_days": 14, "to_days": null, "count": 1})
    );
    let nobody = list(app, &app.admin, "/v1/application-counts?role=copywriter");
    assert_eq!(nobody[0]["total"]["count"], 0);
    app.get("/v1/application-counts?role=nobody").expect(422);
}

fn lists_say_how_long_they_are(app: &TestApp) {
    let organization = app.organization("戸山会");
    app.organization("大久保会");
    let (_, _) = request(app, &organization);
    app.deliverable(&organization, json!({"title": "総会の記録"}));
    let total = |path: &str| app.get(path).expect(200).json()["total"].clone();
    for (path, count) in [
        ("/v1/organizations?count=true&limit=1", 2),
        ("/v1/deliverables?count=true&limit=1", 2),
        (
            "/v1/deliverables?count=true&q=%E7%B7%8F%E4%BC%9A&status=open,draft",
            1,
        ),
        ("/v1/workers?count=true&limit=1&role=designer", 4),
        ("/v1/applications?count=true&limit=1&status=submitted", 1),
        ("/v1/applications?count=true&status=agreed,declined", 2),
    ] {
        assert_eq!(total(path), json!({"count": count, "exact": true}), "{path}");
        assert_eq!(
            total(&path.replace("count=true", "count=false")),
            Value::Null,
            "{path}"
        );
    }
    // The same on every page.
    let first = app.get("/v1/applications?count=true&limit=1").expect(200).json();
    let next = first["next"].as_str().unwrap();
    assert_eq!(
        total(&format!("/v1/applications?count=true&limit=1&cursor={next}")),
        first["total"]
    );
    let export = json!({"kind": "workers", "format": "csv", "filter": {"count": true}});
    assert_eq!(
        app.post("/v1/exports", &export).expect(422).faults()[0].0,
        "/filter/count"
    );
}

fn deliverables_are_ordered_by_due_date_and_by_waiting_time(app: &TestApp) {
    let organization = app.organization("戸山会");
    let ends = [
        Some("2027-03-31"),
        None,
        Some("2026-12-24"),
        Some("2027-03-31"),
        None,
    ];
    let ids: Vec<String> = ends
        .iter()
        .map(|end| app.deliverable(&organization, json!({"ends_on": end, "status": "submitted"})))
        .collect();
    let order = |sort: &str| {
        let mut found: Vec<usize> = Vec::new();
        let mut path = format!("/v1/deliverables?limit=2&sort={sort}");
        loop {
            let page = app.get(&path).expect(200).json();
            let items = page["items"].as_array().unwrap().iter();
            found.extend(items.map(|one| ids.iter().position(|id| one["id"] == id.as_str()).unwrap()));
            match page["next"].as_str() {
                Some(next) => path = format!("/v1/deliverables?limit=2&sort={sort}&cursor={next}"),
                None => return found,
            }
        }
    };
    assert_eq!(order("ends_on"), [2, 0, 3, 1, 4]);
    assert_eq!(order("-ends_on"), [4, 1, 3, 0, 2]);
    app.patch(
        &format!("/v1/deliverables/{}", ids[1]),
        &json!({"ends_on": "2026-12-01"}),
    )
    .expect(200);
    assert_eq!(order("ends_on"), [1, 2, 0, 3, 4]);
    // A change of something else is no move.
    assert_eq!(order("status_since"), [0, 1, 2, 3, 4]);
    app.release(&format!("/v1/deliverables/{}", ids[0])).expect(200);
    assert_eq!(order("status_since"), [1, 2, 3, 4, 0]);
    assert_eq!(order("-status_since"), [0, 4, 3, 2, 1]);
    let read = app.get(&format!("/v1/deliverables/{}", ids[0])).json();
    assert_eq!(read["status_since"], read["updated_at"]);
    assert_eq!(read["opened_at"], read["status_since"]);
    let waiting = app.get(&format!("/v1/deliverables/{}", ids[1])).json();
    assert_eq!(waiting["status_since"], waiting["created_at"]);
}

fn a_name_is_found_only_by_who_may_read_organizations(app: &TestApp) {
    let organization = app.organization("銀杏の会");
    app.deliverable(&organization, json!({"title": "会員募集のチラシ"}));
    let q = "%E9%8A%80%E6%9D%8F";
    let found = |token: &str| list(app, token, &format!("/v1/deliverables?q={q}&count=true")).len();
    let member = |scope: Option<&str>| {
        signed(app, UserRole::Organization, |claims| {
            claims.belonging.organization_id = Some(id(&organization));
            claims.scope = scope.map(str::to_owned);
        })
    };
    for role in [UserRole::Admin, UserRole::Coordinator] {
        let with = |scope: &str| token(&app.state, role, Some(scope), 600);
        assert_eq!(
            found(&with("deliverables:read organizations:read")),
            1,
            "{role:?}"
        );
        assert_eq!(found(&with("deliverables:read")), 0, "{role:?}");
        let export = json!({"kind": "deliverables", "format": "ndjson"});
        let bare = with("deliverables:read exports:read");
        let file = app.call("POST", "/v1/exports", &bare, &export).expect(200);
        assert!(
            file.text.contains("会員募集") && !file.text.contains("銀杏"),
            "{role:?}"
        );
        let named = with("deliverables:read exports:read organizations:read");
        let file = app.call("POST", "/v1/exports", &named, &export).expect(200);
        assert!(file.text.contains("銀杏"), "{role:?}");
    }
    assert_eq!(
        (found(&member(None)), found(&member(Some("deliverables:read")))),
        (1, 0)
    );
}

/// Of every list, separated by commas and repeated alike.
fn every_filter_with_codes_takes_several(app: &TestApp) {
    // These say how an answer is made, and not what it has.
    const SINGLE: [&str; 3] = ["sort", "lang", "fairness"];
    const FORMATS: [&str; 3] = [
        "/v1/open-data/{dataset}",
        "/v1/reports",
        "/v1/reports/{fiscal_year}",
    ];
    // Events go on for ever.
    const ENDLESS: &str = "/v1/changes/events";
    let document = Document::shared();
    let whole: Value = serde_json::from_str(document.text()).unwrap();
    let resolved = |schema: &Value| match schema["$ref"].as_str() {
        Some(name) => whole.pointer(name.trim_start_matches('#')).unwrap().clone(),
        None => schema.clone(),
    };
    let organization = app.organization("会");
    let admin = app.logged_in("admin@example.jp", json!({"role": "admin"}));
    let (mut asked, mut faults) = (0, Vec::new());
    for operation in document.operations().filter(|one| one.method == "get") {
        for parameter in operation.object["parameters"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            let schema = resolved(&parameter["schema"]);
            if parameter["in"] != "query" {
                continue;
            }
            if schema["enum"].is_array() {
                let is_format = name == "format" && FORMATS.contains(&operation.path.as_str());
                if !SINGLE.contains(&name) && !is_format {
                    faults.push(format!("{} {name} takes only one", operation.path));
                }
                continue;
            }
            let codes = resolved(&schema["items"])["enum"].clone();
            let Some([one, other, ..]) = codes.as_array().map(Vec::as_slice) else {
                continue;
            };
            let (one, other) = (one.as_str().unwrap(), other.as_str().unwrap());
            let path = operation
                .path
                .replace("organizations/{id}", &format!("organizations/{organization}"));
            if path == ENDLESS || path.contains('{') {
                continue;
            }
            let answer = |query: &str| {
                let answer = app.call("GET", &format!("{path}?{query}"), &admin, &Value::Null);
                (answer.status, answer.text)
            };
            let (comma, repeated) = (
                answer(&format!("{name}={one},{other}")),
                answer(&format!("{name}={one}&{name}={other}")),
            );
            if comma.0 != 200 || repeated.0 != 200 {
                faults.push(format!("{path} {name}: {} {}", comma.1, repeated.1));
            }
            let (status, text) = answer(&format!("{name}={one},nonsense"));
            if status != 400 {
                faults.push(format!("{path} {name}: {status} {text}"));
            }
            // However many are asked for, each is looked for once.
            let many = vec![one; 200].join(",");
            let (status, text) = answer(&format!("{name}={many}"));
            if status != 200 {
                faults.push(format!("{path} {name}, 200 times: {status} {text}"));
            }
            let (status, text) = answer(&format!("{name}={many},{one}"));
            if status != 400 || !text.contains("invalid_length") {
                faults.push(format!("{path} {name}, 201 times: {status} {text}"));
            }
            asked += 1;
        }
    }
    assert!(asked > 30 && faults.is_empty(), "{asked}: {faults:#?}");
    // Both are found.
    for (name, kind) in [
        ("協", "cooperative"),
        ("町", "neighbourhood_association"),
        ("社", "npo"),
    ] {
        let body = json!({"name": name, "kind": kind, "area": "131041"});
        app.post("/v1/organizations", &body).expect(201);
    }
    for query in [
        "kind=cooperative,npo",
        "kind=cooperative&kind=npo",
        "kind=npo,%20cooperative",
    ] {
        let items = list(app, &app.admin, &format!("/v1/organizations?sort=name&{query}"));
        let names: Vec<_> = items.iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), 2, "{query}: {names:?}");
        assert!(
            names.contains(&"協") && names.contains(&"社"),
            "{query}: {names:?}"
        );
    }
}
