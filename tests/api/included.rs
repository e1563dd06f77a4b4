//! What lists can answer besides their items: records by id, totals, and the records that the items name.

use crate::query_counts::{queries, start_counting};
use crate::support::{TestApp, on_both};
use serde_json::{Value, json};

on_both! {
    lists_return_records_by_id_and_name_the_missing,
    lists_count_everything_that_passes_their_filters,
    a_page_brings_along_what_its_items_name,
    includes_obey_the_reach_and_the_scopes,
    an_included_contact_is_entered_in_the_audit,
    the_statements_of_an_include_do_not_depend_on_the_page,
}

const NOBODY: &str = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";

fn ids(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap()).collect()
}

fn token(app: &TestApp, email: &str, more: Value) -> String {
    app.user(email, more);
    app.login(email)["access_token"].as_str().unwrap().to_owned()
}

struct Records {
    organization: String,
    joint: String,
    deliverables: Vec<String>,
}

impl Records {
    fn new(app: &TestApp) -> Records {
        let contact = |name: &str| json!({"name": name, "area": "131041", "contact": {"person": "田中"}});
        let id = |body: &Value| {
            let created = app.post("/v1/organizations", body).expect(201).json();
            created["id"].as_str().unwrap().to_owned()
        };
        let (organization, joint) = (id(&contact("風")), id(&contact("海")));
        let more = json!({"joint_organization_ids": [joint], "additional_types": ["website"]});
        let deliverables = vec![
            app.deliverable(&organization, more),
            app.deliverable(&organization, json!({})),
            app.deliverable(&joint, json!({})),
        ];
        let worker = app.worker(json!({}));
        for deliverable in &deliverables {
            let bid = json!({"deliverable_id": deliverable, "worker_id": worker, "role": "designer"});
            app.post("/v1/applications", &bid).expect(201);
        }
        let place = format!(
            "/v1/applications/{}",
            ids(&app.get("/v1/applications?limit=1").json())[0]
        );
        app.patch(&place, &json!({"status": "agreed"})).expect(200);
        Records {
            organization,
            joint,
            deliverables,
        }
    }
}

/// Lists that take `ids` and `count`.
const LISTS: [&str; 8] = [
    "organizations",
    "workers",
    "deliverables",
    "applications",
    "projects",
    "users",
    "duplicates",
    "events",
];

fn lists_return_records_by_id_and_name_the_missing(app: &TestApp) {
    Records::new(app);
    app.user("a@example.jp", json!({}));
    app.post(
        "/v1/events",
        &json!({"title": "相談会", "kind": "consultation", "month": "2199-10"}),
    )
    .expect(201);
    for list in LISTS {
        let all = app.get(&format!("/v1/{list}")).expect(200).json();
        let known = ids(&all);
        assert!(
            all.get("missing").is_none() && all.get("total").is_none(),
            "{all}"
        );
        assert!(
            !known.is_empty() || list == "duplicates" || list == "projects",
            "{list}"
        );
        let Some(first) = known.last() else { continue };
        let asked = format!("/v1/{list}?ids={first},{NOBODY}");
        let found = app.get(&asked).expect(200).json();
        assert_eq!(
            (ids(&found), &found["missing"]),
            (vec![*first], &json!([NOBODY])),
            "{list}"
        );
        let counted = app.get(&format!("{asked}&count=true")).expect(200).json();
        assert_eq!(counted["total"], json!({"count": 1, "exact": true}), "{list}");
        let refused = app.get(&format!("/v1/{list}?ids=1")).expect(400);
        assert_eq!(
            refused.faults(),
            [("ids".to_owned(), "invalid_uuid".to_owned())],
            "{list}"
        );
        let many = vec![NOBODY; 201].join(",");
        let refused = app.get(&format!("/v1/{list}?ids={many}")).expect(400);
        assert_eq!(
            refused.faults(),
            [("ids".to_owned(), "invalid_length".to_owned())],
            "{list}"
        );
    }
    // The page has room for all, unless a limit is set; every page names what is missing in the whole list.
    let many: Vec<String> = (0..60).map(|i| app.organization(&format!("丘{i}"))).collect();
    let path = format!("/v1/organizations?ids={}", many.join(","));
    let found = app.get(&path).expect(200).json();
    assert_eq!(
        (found["items"].as_array().unwrap().len(), &found["next"]),
        (60, &Value::Null)
    );
    let first = app.get(&format!("{path}&limit=2")).expect(200).json();
    assert_eq!((ids(&first).len(), &first["missing"]), (2, &json!([])));
    assert!(first["next"].is_string());
    // Another filter leaves it out, and so does the reach.
    let other = app
        .get(&format!("/v1/organizations?ids={}&area=131130", many[0]))
        .expect(200)
        .json();
    assert_eq!(
        (&other["items"], &other["missing"]),
        (&json!([]), &json!([many[0]]))
    );
    let elsewhere = token(
        app,
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131130"]}),
    );
    let path = format!("/v1/organizations?ids={}", many[0]);
    let hidden = app
        .call("GET", &path, &elsewhere, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(
        (&hidden["items"], &hidden["missing"]),
        (&json!([]), &json!([many[0]]))
    );
}

fn lists_count_everything_that_passes_their_filters(app: &TestApp) {
    Records::new(app);
    for list in LISTS {
        let page = app
            .get(&format!("/v1/{list}?limit=1&count=true"))
            .expect(200)
            .json();
        let all = app.get(&format!("/v1/{list}?limit=200")).expect(200).json();
        let count = all["items"].as_array().unwrap().len();
        assert_eq!(page["total"], json!({"count": count, "exact": true}), "{list}");
    }
}

fn a_page_brings_along_what_its_items_name(app: &TestApp) {
    let records = Records::new(app);
    let Records {
        organization,
        joint,
        deliverables,
    } = &records;
    let codes = |included: &Value| -> Vec<String> {
        let types = included["deliverable_types"].as_array().unwrap().iter();
        types
            .map(|one| one["code"].as_str().unwrap().to_owned())
            .collect()
    };
    let paths = [
        "/v1/deliverables?".to_owned(),
        "/v1/applications?".to_owned(),
        format!("/v1/workers/{}/matches?", app.worker(json!({}))),
        format!("/v1/deliverables/{}/matches?", deliverables[0]),
    ];
    for path in &paths {
        let page = app
            .get(&format!("{path}&include=organization,type"))
            .expect(200)
            .json();
        let included = &page["included"];
        for one in included["organizations"].as_array().unwrap() {
            let own = app
                .get(&format!("/v1/organizations/{}", one["id"].as_str().unwrap()))
                .expect(200);
            assert_eq!(one, &own.json(), "{path}");
        }
        for one in included["deliverable_types"].as_array().unwrap() {
            let own = app.get(&format!(
                "/v1/deliverable-types/{}",
                one["code"].as_str().unwrap()
            ));
            assert_eq!(one, &own.expect(200).json(), "{path}");
        }
        assert!(included.get("deliverables").is_none());
        let plain = app.get(path).expect(200).json();
        // A list leaves it out, a ranking has all its members.
        let nothing = path.contains("/matches").then_some(&Value::Null);
        assert_eq!(plain.get("included"), nothing, "{path}");
        let refused = app
            .get(&format!("{path}&include=organization,people"))
            .expect(400);
        assert_eq!(refused.faults()[0].0, "include", "{path}");
        assert!(
            refused.text.contains("organization"),
            "the allowed ones are named: {}",
            refused.text
        );
    }
    let all = app
        .get("/v1/deliverables?include=organization,type")
        .expect(200)
        .json();
    let mut known = vec![organization.as_str(), joint];
    known.sort_unstable();
    let found: Vec<&str> = all["included"]["organizations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(found, known, "each once");
    assert_eq!(codes(&all["included"]), ["flyer", "website"]);
    let bids = app.get("/v1/applications?include=deliverable").expect(200).json();
    let found = &bids["included"]["deliverables"];
    assert_eq!(found.as_array().unwrap().len(), 3);
    let own = app
        .get(&format!("/v1/deliverables/{}", found[0]["id"].as_str().unwrap()))
        .expect(200)
        .json();
    assert_eq!(found[0], own);
    let none = app
        .get("/v1/applications?status=declined&include=deliverable,organization,type")
        .expect(200);
    assert_eq!(
        none.json()["included"],
        json!({"deliverables": [], "organizations": [], "deliverable_types": []})
    );
    let projects = app
        .get("/v1/projects?include=deliverable,organization,type")
        .expect(200)
        .json();
    for project in projects["items"].as_array().unwrap() {
        let organizations = projects["included"]["organizations"].to_string();
        assert!(organizations.contains(project["organization_id"].as_str().unwrap()));
    }
}

fn includes_obey_the_reach_and_the_scopes(app: &TestApp) {
    let Records {
        joint, deliverables, ..
    } = Records::new(app);
    let name = json!({"name": "遠くの会", "area": "131130", "contact": {"person": "山田"}});
    let far = app.post("/v1/organizations", &name).expect(201).json();
    let far = far["id"].as_str().unwrap();
    app.deliverable(far, json!({"area": "131041"}));
    let coordinator = token(
        app,
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let list = |token: &str, path: &str| app.call("GET", path, token, &Value::Null);
    let page = list(&coordinator, "/v1/deliverables?include=organization")
        .expect(200)
        .json();
    assert!(
        page["items"].to_string().contains(far) && !page["included"].to_string().contains(far),
        "{page}"
    );
    assert!(page["included"].to_string().contains(&joint));
    let (_, partner) = app.partner(json!({}));
    app.patch(
        &format!("/v1/deliverables/{}", deliverables[0]),
        &json!({"shared_with_partners": true}),
    )
    .expect(200);
    let page = list(&partner, "/v1/deliverables?include=organization")
        .expect(200)
        .json();
    let shown = page["included"]["organizations"].as_array().unwrap();
    assert!(
        !shown.is_empty() && shown.iter().all(|one| one["contact"].is_null()),
        "{page}"
    );
    let narrow = app.token_with("deliverables:read applications:read");
    let refused = list(&narrow, "/v1/deliverables?include=organization").expect(403);
    assert_eq!(refused.code(), "insufficient_scope");
    list(&narrow, "/v1/deliverables?include=type").expect(200);
    let unread = app.token_with("applications:read");
    let refused = list(&unread, "/v1/applications?include=deliverable").expect(403);
    assert_eq!(refused.code(), "insufficient_scope");
}

fn an_included_contact_is_entered_in_the_audit(app: &TestApp) {
    let Records { organization, .. } = Records::new(app);
    let worker = app.worker(json!({}));
    let newest = || app.get("/v1/audit?limit=1").expect(200).json()["items"][0].clone();
    for path in [
        "/v1/deliverables".to_owned(),
        format!("/v1/workers/{worker}/matches"),
    ] {
        app.get(&path).expect(200);
        let before = newest();
        let page = app.get(&format!("{path}?include=organization")).expect(200);
        assert!(page.text.contains("田中"), "{path}");
        let entry = newest();
        assert_ne!(entry["seq"], before["seq"], "{path}");
        assert!(
            entry["subjects"].to_string().contains(&organization),
            "{path}: {entry}"
        );
    }
}

fn the_statements_of_an_include_do_not_depend_on_the_page(app: &TestApp) {
    start_counting();
    let server = app.another();
    for i in 0..5 {
        let organization = app.organization(&format!("丘の会{i}"));
        app.deliverable(&organization, json!({}));
    }
    let all = [
        "BEGIN",
        "COMMIT",
        "deliverables",
        "organizations",
        "catalogue",
        "entity",
    ];
    let count = |limit: usize, include: &str| {
        let path = format!("/v1/deliverables?limit={limit}{include}");
        queries(&server, &all, || drop(server.get(&path).expect(200))).len()
    };
    let (plain, few, many) = (
        count(5, ""),
        count(1, "&include=organization,type"),
        count(5, "&include=organization,type"),
    );
    assert_eq!(few, many);
    assert!(
        many <= plain + 2,
        "which are within the reach, and the records: {plain} {many}"
    );
}
