//! What a coordinator released can't be rewritten: every property, by every role, in every status.

use crate::support::{TestApp, assert_includes, on_both};
use musubi::auth::{Claims, UserRole};
use musubi::db::Id;
use musubi::deliverables::DeliverableStatus::{self, *};
use musubi::deliverables::release::{Effect, RELEASED, effect};
use musubi::server::document::Document;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use strum::VariantArray;

on_both! {
    each_property_by_each_role_in_each_status,
    a_returned_request_is_hidden_until_it_is_released_again,
    only_the_version_that_was_read_is_released,
    a_joint_organization_sends_a_request_back_too,
    an_import_opens_nothing_that_nobody_has_read,
}

#[test]
fn every_property_that_a_patch_may_have_is_decided() {
    let document: Value = serde_json::from_str(Document::shared().text()).unwrap();
    let body = &document["paths"]["/v1/deliverables/{id}"]["patch"]["requestBody"]["content"];
    let patch = &body["application/merge-patch+json"]["schema"]["properties"];
    let patched: BTreeSet<&str> = patch.as_object().unwrap().keys().map(String::as_str).collect();
    let decided: BTreeSet<&str> = RELEASED.iter().map(|(name, _)| *name).collect();
    assert_eq!((patched, decided.len()), (decided, RELEASED.len()));
}

fn token(app: &TestApp, role: UserRole, of: &str) -> String {
    let mut claims = Claims::new(role, "release", chrono::Utc::now().timestamp(), 3600);
    match role {
        UserRole::Coordinator => claims.belonging.areas = vec!["131041".into(), "131130".into()],
        UserRole::Worker => claims.belonging.worker_id = Some(Id(of.parse().unwrap())),
        UserRole::Organization => {
            claims.belonging.organization_id = Some(Id(of.parse().unwrap()));
        }
        _ => {}
    }
    app.state.keys.sign(&claims).unwrap()
}

/// The moves by which a coordinator brings a draft into a status.
fn moves(status: DeliverableStatus) -> &'static [&'static str] {
    match status {
        Draft => &[],
        Submitted => &["submitted"],
        Screening => &["submitted", "screening"],
        Hearing => &["submitted", "screening", "hearing"],
        Open => &["submitted", "open"],
        Matched => &["submitted", "open", "matched"],
        InProgress => &["submitted", "open", "matched", "in_progress"],
        Delivered => &["submitted", "open", "matched", "in_progress", "delivered"],
        Declined => &["submitted", "declined"],
        Cancelled => &["cancelled"],
    }
}

/// Returns a value that differs from the property's value now.
fn other_value(name: &str, now: &Value, organizations: &[String; 3]) -> Value {
    let choices = match name {
        "organization_id" => [json!(organizations[0]), json!(organizations[1])],
        "joint_organization_ids" => [json!([]), json!([organizations[2]])],
        "type" => [json!("flyer"), json!("website")],
        "additional_types" => [json!([]), json!(["website"])],
        "title" | "trouble" => [json!("会員が減っている"), json!("会員を増やしたい")],
        "format" => [json!("one_day"), json!("one_month")],
        "starts_on" => [json!(null), json!("2027-01-16")],
        "ends_on" => [json!(null), json!("2027-02-16")],
        "hours_per_week" | "applications_per_place" => [json!(3), json!(4)],
        "day_parts" => [json!([]), json!(["sunday_morning"])],
        "area" => [json!("131041"), json!("131130")],
        "remote" | "shared_with_partners" | "external_team" => [json!(true), json!(false)],
        "roles" => [
            json!([{"role": "writer", "places": 2, "skills": []}]),
            json!([{"role": "designer", "places": 1, "skills": []}]),
        ],
        "qualifications" => [json!([]), json!(["driving_licence"])],
        "themes" => [json!([]), json!(["place_to_gather"])],
        name => panic!("say how {name} changes"),
    };
    choices.into_iter().find(|choice| choice != now).unwrap()
}

fn each_property_by_each_role_in_each_status(app: &TestApp) {
    let organizations = ["風", "丘", "林"].map(|name| app.organization(name));
    let mut faults = Vec::new();
    for &status in DeliverableStatus::VARIANTS {
        let body = json!({"organization_id": organizations[0], "type": "flyer", "title": "チラシ",
            "external_team": true});
        let created = app.post("/v1/deliverables", &body).expect(201).json();
        let path = format!("/v1/deliverables/{}", created["id"].as_str().unwrap());
        let advance = |moves: &[&str]| {
            for to in moves {
                match *to {
                    "open" => app.release(&path).expect(200),
                    "declined" => {
                        let decision = json!({"status": "declined", "reason": "other"});
                        app.post(&format!("{path}/decisions"), &decision).expect(201)
                    }
                    to => app.patch(&path, &json!({"status": to})).expect(200),
                };
            }
        };
        advance(moves(status));
        for role in [
            UserRole::Organization,
            UserRole::Coordinator,
            UserRole::Importer,
            UserRole::Admin,
        ] {
            for &(name, is_released) in RELEASED {
                // An organization can't give its request away, nor set what imports know it by.
                let is_own = role == UserRole::Organization;
                // The reason goes with the status.
                if ["status", "cancellation_reason", "source", "external_id"].contains(&name)
                    // The status follows the team.
                    || (name, status) == ("external_team", Matched)
                    || is_own && ["organization_id", "external_team"].contains(&name)
                {
                    continue;
                }
                let before = app.get(&path).expect(200).json();
                let lead = before["organization_id"].as_str().unwrap();
                let change = json!({name: other_value(name, &before[name], &organizations)});
                let answer = app.call("PATCH", &path, &token(app, role, lead), &change);
                let after = app.get(&path).expect(200).json();
                let expected = match role {
                    UserRole::Organization => effect(status, is_released),
                    _ => Effect::Kept,
                };
                // Nobody is in the team here.
                let needs_team = name == "external_team" && [InProgress, Delivered].contains(&status);
                let is_right = match expected {
                    Effect::Kept if needs_team => {
                        answer.status == 409 && answer.json()["code"] == "incomplete_team" && after == before
                    }
                    Effect::Kept => answer.status == 200 && after["status"] == status.code(),
                    Effect::Refused => {
                        let fault = (format!("/{name}"), "not_permitted".to_owned());
                        answer.status == 422 && answer.faults().contains(&fault) && after == before
                    }
                    Effect::Returned => {
                        let listed = after["changed_since_release"].as_array().unwrap();
                        answer.status == 200
                            && answer.json()["status"] == "submitted"
                            && after["status"] == "submitted"
                            && listed.contains(&json!(name))
                    }
                };
                if !is_right {
                    faults.push(format!(
                        "{name} as {} while {}: {}",
                        role.code(),
                        status.code(),
                        answer.text
                    ));
                }
                if after["status"] != status.code() {
                    advance(match status {
                        Matched => &["open", "matched"],
                        _ => &["open"],
                    });
                    assert_eq!(app.get(&path).json()["changed_since_release"], json!([]));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn a_returned_request_is_hidden_until_it_is_released_again(app: &TestApp) {
    let (_, partner) = app.partner(json!({"code": "shows"}));
    let organization = app.organization("風");
    let flyer = app.deliverable(&organization, json!({"shared_with_partners": true}));
    let path = format!("/v1/deliverables/{flyer}");
    let (designer, other) = (app.worker(json!({})), app.worker(json!({})));
    let bid = json!({"deliverable_id": flyer, "worker_id": designer, "role": "designer"});
    let bid = app.post("/v1/applications", &bid).expect(201).json();
    let bid = format!("/v1/applications/{}", bid["id"].as_str().unwrap());
    let is_shown = || {
        let listed = app
            .call("GET", "/v1/deliverables", &partner, &Value::Null)
            .text
            .contains(&flyer);
        let open = app.get("/v1/deliverables?status=open").text.contains(&flyer);
        let ranked = app
            .get(&format!("/v1/workers/{other}/matches"))
            .expect(200)
            .text
            .contains(&flyer);
        [listed, open, ranked]
    };
    assert_eq!(is_shown(), [true; 3]);
    let applicant = token(app, UserRole::Worker, &designer);
    let for_applicant = || app.call("GET", &path, &applicant, &Value::Null).status;
    assert_eq!(for_applicant(), 200);
    let member = token(app, UserRole::Organization, &organization);
    let mine = |change: Value| app.call("PATCH", &path, &member, &change);
    // When the work is done may change, and what was read may be sent back.
    assert_eq!(
        mine(json!({"day_parts": ["sunday_morning"]})).expect(200).json()["status"],
        "open"
    );
    let same = json!({"title": "会員募集のチラシ", "area": "131041"});
    assert_eq!(mine(same).expect(200).json()["status"], "open");
    let returned = mine(json!({"title": "別の題"})).expect(200).json();
    assert_eq!(returned["status"], "submitted");
    assert_eq!(is_shown(), [false; 3]);
    // Nor do those see what was rewritten who have applied, by id or by a search.
    assert_eq!(for_applicant(), 404);
    let found = app.call(
        "GET",
        "/v1/deliverables?q=%E5%88%A5%E3%81%AE%E9%A1%8C",
        &applicant,
        &Value::Null,
    );
    assert_eq!(found.expect(200).json()["items"], json!([]));
    // More changes are added up. Without the right to decide, nobody can open it.
    let more = mine(json!({"area": "131130", "day_parts": []}))
        .expect(200)
        .json();
    assert_eq!(
        more["changed_since_release"],
        json!(["area", "day_parts", "title"])
    );
    assert_eq!(
        mine(json!({"status": "open"})).expect(403).code(),
        "insufficient_scope"
    );
    // Its applications wait.
    assert_eq!(app.get(&bid).expect(200).json()["status"], "submitted");
    let accepted = json!({"status": "agreed"});
    assert_eq!(
        app.patch(&bid, &accepted).expect(409).code(),
        "deliverable_not_open"
    );
    let audit = app.get("/v1/audit?action=request.returned").expect(200).json();
    assert_eq!(audit["items"].as_array().unwrap().len(), 1);
    assert_includes(
        &audit,
        &json!({"items": [{"actor": "organization:release", "subjects": [flyer]}]}),
    );
    let released = app.release(&path).expect(200).json();
    assert_includes(&released, &json!({"status": "open", "changed_since_release": []}));
    assert_eq!(is_shown(), [true; 3]);
    assert_eq!(for_applicant(), 200);
    app.patch(&bid, &accepted).expect(200);
    // One change may cancel and rewrite: the request isn't published again.
    let ended = mine(json!({"status": "cancelled", "cancellation_reason": "other", "title": "やめました"}))
        .expect(200)
        .json();
    assert_eq!(ended["status"], "cancelled");
    assert_eq!(for_applicant(), 404);
}

fn only_the_version_that_was_read_is_released(app: &TestApp) {
    let organization = app.organization("風");
    let flyer = app.deliverable(&organization, json!({"status": "submitted"}));
    let path = format!("/v1/deliverables/{flyer}");
    let read = app.get(&path).expect(200).header("etag").to_owned();
    let member = token(app, UserRole::Organization, &organization);
    app.call("PATCH", &path, &member, &json!({"title": "差し替え"}))
        .expect(200);
    let open = |headers: &[(&str, &str)]| app.patch_with(&path, headers, &json!({"status": "open"}));
    for unread in [&[] as &[(&str, &str)], &[("if-match", "*")]] {
        assert_eq!(open(unread).expect(428).code(), "precondition_required");
    }
    open(&[("if-match", &read)]).expect(412);
    // Declining publishes nothing, and needs no version.
    assert_eq!(app.get(&path).json()["status"], "submitted");
    assert_eq!(app.release(&path).expect(200).json()["status"], "open");
}

fn a_joint_organization_sends_a_request_back_too(app: &TestApp) {
    let (lead, joint) = (app.organization("風"), app.organization("丘"));
    let flyer = app.deliverable(&lead, json!({"joint_organization_ids": [joint]}));
    let path = format!("/v1/deliverables/{flyer}");
    let member = token(app, UserRole::Organization, &joint);
    let answer = app.call("PATCH", &path, &member, &json!({"trouble": "会員が減っている"}));
    assert_eq!(answer.expect(200).json()["status"], "submitted");
}

fn an_import_opens_nothing_that_nobody_has_read(app: &TestApp) {
    app.organization("戸山会");
    let sheet = |status: &str, title: &str| {
        format!(
            "ID,団体名,種類,件名,状態\n1,戸山会,flyer,{title},{status}\n2,戸山会,flyer,ポスター,{status}\n"
        )
    };
    let query = "kind=deliverables&source=desk";
    let send = |status: &str, title: &str| app.import_and_wait(query, sheet(status, title).as_bytes());
    let shown = || {
        let page = app.get("/v1/deliverables?sort=created_at").expect(200).json();
        let items = page["items"].as_array().unwrap().clone();
        let pair = |one: &Value| {
            (
                one["status"].as_str().unwrap().to_owned(),
                one["title"].as_str().unwrap().to_owned(),
            )
        };
        items.iter().map(pair).collect::<BTreeSet<_>>()
    };
    send("submitted", "チラシ");
    // What else the row says is taken.
    let import = send("open", "会報");
    let both = |status: &str, title: &str| {
        BTreeSet::from([title, "ポスター"].map(|title| (status.to_owned(), title.to_owned())))
    };
    assert_eq!(shown(), both("submitted", "会報"));
    let findings = app.findings_of(&import);
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(
        findings
            .iter()
            .all(|(_, column, code)| column == "状態" && code == "precondition_required"),
        "{findings:?}"
    );
    // Who has read it opens it; the import then agrees, and other moves go on.
    for item in app.get("/v1/deliverables").json()["items"].as_array().unwrap() {
        app.release(&format!("/v1/deliverables/{}", item["id"].as_str().unwrap()))
            .expect(200);
    }
    let import = send("open", "会報");
    assert_eq!(app.findings_of(&import), []);
    send("cancelled", "会報");
    assert_eq!(shown(), both("cancelled", "会報"));
}
