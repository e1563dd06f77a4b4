//! Deliverables.

use crate::support::{TestApp, assert_includes, on_both};
use serde_json::{Value, json};

on_both! {
    defaults_come_from_the_type_and_the_organization,
    a_new_type_replaces_the_team_unless_the_patch_has_one,
    the_fiscal_year_follows_the_first_day,
    refuses_illegal_moves_and_names_both_statuses,
    checks_organizations_and_codes,
    filters_and_sorts_lists,
    an_archived_request_appears_only_in_the_statistics,
}

fn defaults_come_from_the_type_and_the_organization(app: &TestApp) {
    let organization = app.organization("風");
    let body = json!({"organization_id": organization, "type": "website", "title": "サイト"});
    let created = app.post("/v1/deliverables", &body).expect(201);
    let deliverable = created.json();
    let expected = json!({"status": "draft", "area": "131041", "format": "mid_long", "hours_per_week": 5,
        "family": "web"});
    assert_includes(&deliverable, &expected);
    let team: Vec<&Value> = deliverable["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["role"])
        .collect();
    assert!(team.contains(&&json!("engineer")) && team.contains(&&json!("designer")));
    let own = json!({"organization_id": organization, "type": "website", "title": "サイト", "format": "one_day",
        "area": "13101", "roles": [{"role": "engineer", "places": 1, "skills": []}]});
    let own = app.post("/v1/deliverables", &own).expect(201).json();
    assert_includes(
        &own,
        &json!({"area": "131016", "hours_per_week": 8, "roles": [{}]}),
    );
    assert_eq!(
        app.get(created.header("location")).expect(200).json(),
        deliverable
    );
}

fn a_new_type_replaces_the_team_unless_the_patch_has_one(app: &TestApp) {
    let organization = app.organization("風");
    let path = format!("/v1/deliverables/{}", app.deliverable(&organization, json!({})));
    let changed = app.patch(&path, &json!({"type": "website"})).expect(200).json();
    let expected = json!({"format": "mid_long", "hours_per_week": 5, "family": "web"});
    assert_includes(&changed, &expected);
    assert!(
        changed["roles"]
            .as_array()
            .unwrap()
            .iter()
            .any(|r| r["role"] == "engineer")
    );
    let own = json!({"type": "flyer", "roles": [{"role": "writer", "places": 1, "skills": []}], "hours_per_week": 3});
    let changed = app.patch(&path, &own).expect(200).json();
    let expected = json!({"roles": [{"role": "writer"}], "hours_per_week": 3, "format": "one_day"});
    assert_includes(&changed, &expected);
    // What is stated beside the new type stays, even if the old type had the same.
    let same = json!({"type": "website", "format": "one_day", "hours_per_week": 3});
    let changed = app.patch(&path, &same).expect(200).json();
    assert_includes(
        &changed,
        &json!({"hours_per_week": 3, "format": "one_day", "family": "web"}),
    );
}

fn the_fiscal_year_follows_the_first_day(app: &TestApp) {
    let organization = app.organization("風");
    let year = |starts_on: &str| {
        let body =
            json!({"organization_id": organization, "type": "flyer", "title": "x", "starts_on": starts_on});
        app.post("/v1/deliverables", &body).expect(201).json()["fiscal_year"].clone()
    };
    assert_eq!([year("2022-03-31"), year("2022-04-01")], [2021, 2022]);
    let refused = json!({"organization_id": organization, "type": "flyer", "title": "x",
        "starts_on": "2022-05-02", "ends_on": "2022-05-01"});
    assert_eq!(
        app.post("/v1/deliverables", &refused).expect(422).faults()[0].1,
        "dates_reversed"
    );
}

fn refuses_illegal_moves_and_names_both_statuses(app: &TestApp) {
    let organization = app.organization("風");
    let body = json!({"organization_id": organization, "type": "flyer", "title": "x"});
    let path = app
        .post("/v1/deliverables", &body)
        .expect(201)
        .header("location")
        .to_owned();
    let to = |status: &str| match status {
        "open" => app.release(&path),
        _ => app.patch(&path, &json!({"status": status})),
    };
    let refused = app
        .patch_with(&path, &[("accept-language", "en")], &json!({"status": "open"}))
        .expect(409);
    assert_eq!(refused.code(), "illegal_transition");
    assert_eq!(
        refused.json()["detail"],
        "The status of a request can't change from draft to open. It may become: submitted, cancelled."
    );
    for status in ["submitted", "open"] {
        assert_eq!(to(status).expect(200).json()["status"], status);
    }
    assert_eq!(to("matched").expect(409).code(), "incomplete_team");
    app.patch(&path, &json!({"external_team": true})).expect(200);
    for status in ["matched", "in_progress", "delivered"] {
        assert_eq!(to(status).expect(200).json()["status"], status);
    }
    to("open").expect(409);
    to("delivered").expect(200);
    let late = json!({"organization_id": organization, "type": "flyer", "title": "x", "status": "delivered"});
    assert_eq!(
        app.post("/v1/deliverables", &late).expect(409).code(),
        "illegal_transition"
    );
}

fn checks_organizations_and_codes(app: &TestApp) {
    let organization = app.organization("風");
    let unknown_id = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";
    let ask = |lead: &str, joint: &[&str]| {
        app.post(
            "/v1/deliverables",
            &json!({"organization_id": lead, "joint_organization_ids": joint, "type": "flyer", "title": "x"}),
        )
    };
    assert_eq!(
        ask(unknown_id, &[]).expect(422).faults(),
        [("/organization_id".into(), "unknown_organization".into())]
    );
    assert_eq!(
        ask(&organization, &[unknown_id]).expect(422).faults()[0].0,
        "/joint_organization_ids/0"
    );
    assert_eq!(
        ask(&organization, &[&organization]).expect(422).faults()[0].1,
        "duplicate"
    );
    let unknown =
        json!({"organization_id": organization, "type": "flier", "title": "x", "themes": ["dementa"]});
    let refused = app
        .post_with("/v1/deliverables", &[("accept-language", "en")], &unknown)
        .expect(422);
    assert_eq!(
        refused.faults(),
        [
            ("/type".into(), "unknown_type".into()),
            ("/themes/0".into(), "unknown_theme".into())
        ]
    );
    assert!(refused.text.contains("Did you mean flyer?") && refused.text.contains("Did you mean dementia?"));
}

fn filters_and_sorts_lists(app: &TestApp) {
    let (one, other) = (app.organization("一"), app.organization("二"));
    let flyer = app.deliverable(
        &one,
        json!({"starts_on": "2021-05-01", "trouble": "会員が減っている", "joint_organization_ids": [other]}),
    );
    let website = app.deliverable(
        &other,
        json!({"type": "website", "status": "draft", "area": "131016", "title": "サイト"}),
    );
    let ids = |query: &str| -> Vec<String> {
        let page = app.get(&format!("/v1/deliverables?{query}")).expect(200).json();
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|d: &Value| d["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(""), [website.clone(), flyer.clone()], "newest first");
    assert_eq!(ids("sort=created_at"), [flyer.clone(), website.clone()]);
    assert_eq!(ids("sort=fiscal_year"), [flyer.clone(), website.clone()]);
    for query in [
        "status=open",
        "type=flyer",
        "family=print",
        "format=one_day",
        "fiscal_year=2021",
        "area=13104",
        "skill=illustration",
        &format!("organization_id={one}"),
        "q=%E6%B8%9B%E3%81%A3%E3%81%A6",
        "role=copywriter&skill=graphic_design",
    ] {
        assert_eq!(ids(query), std::slice::from_ref(&flyer), "{query}");
    }
    assert_eq!(ids("role=engineer"), std::slice::from_ref(&website));
    assert_eq!(
        ids(&format!("organization_id={other}")).len(),
        2,
        "alone or jointly"
    );
    assert_eq!(ids("type=flyer&status=draft"), [] as [&str; 0]);
    for (query, code) in [
        ("type=flier", "unknown_type"),
        ("skill=x", "unknown_skill"),
        ("family=x", "unknown_family"),
    ] {
        assert_eq!(
            app.get(&format!("/v1/deliverables?{query}")).expect(422).faults()[0].1,
            code
        );
    }
}

fn an_archived_request_appears_only_in_the_statistics(app: &TestApp) {
    let organization = app.organization("風");
    let id = app.deliverable(&organization, json!({}));
    let worker = app.worker(json!({}));
    let ranked = || app.get(&format!("/v1/workers/{worker}/matches")).json()["considered"].clone();
    assert_eq!(ranked(), 1);
    app.delete(&format!("/v1/deliverables/{id}")).expect(204);
    assert_eq!(ranked(), 0);
    app.get(&format!("/v1/deliverables/{id}")).expect(404);
    app.get(&format!("/v1/deliverables/{id}/matches")).expect(404);
    assert_eq!(app.get("/v1/deliverables").json()["items"], json!([]));
    assert_eq!(
        app.get("/v1/statistics/deliverables").json()["total"]["recorded"],
        1
    );
}
