//! Teams: rankings are for places that are left, and what ends a request frees everybody.

use crate::support::{TestApp, assert_includes, on_both};
use musubi::auth::{Claims, UserRole};
use musubi::db::Id;
use serde_json::{Value, json};

on_both! {
    rankings_are_for_places_that_are_left,
    delivered_work_frees_the_team_and_counts_in_its_records,
    every_other_end_closes_the_applications,
    a_request_isnt_matched_without_a_team,
    a_request_never_has_fewer_places_than_are_held,
    who_waits_for_a_role_that_is_gone_is_told,
    a_team_waits_while_its_request_is_with_the_coordinator,
    a_team_that_was_formed_elsewhere_invites_nobody_at_work,
    an_import_ends_a_request_like_a_change,
    who_is_ranked_from_elsewhere_has_a_clear_answer,
    a_replacement_takes_nothing_away_by_omission,
    whatever_happens_places_loads_and_applications_agree,
    what_happens_at_once_never_fails,
}

fn team() -> Value {
    json!({"roles": [{"role": "designer", "places": 1, "skills": []}, {"role": "writer", "places": 2, "skills": []}]})
}

fn apply(app: &TestApp, deliverable: &str, worker: &str, role: &str) -> String {
    let body = json!({"deliverable_id": deliverable, "worker_id": worker, "role": role});
    let created = app.post("/v1/applications", &body).expect(201).json();
    format!("/v1/applications/{}", created["id"].as_str().unwrap())
}

fn accept(app: &TestApp, deliverable: &str, worker: &str, role: &str) -> String {
    let path = apply(app, deliverable, worker, role);
    app.patch(&path, &json!({"status": "agreed"})).expect(200);
    path
}

fn worker(app: &TestApp, id: &str) -> Value {
    app.get(&format!("/v1/workers/{id}")).expect(200).json()
}

/// Returns the items of a ranking, without what differs between two servers.
fn ranked(answer: &Value, of: &str) -> Vec<(String, String, String)> {
    let items = answer["items"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    items
        .map(|item| {
            (
                text(&item[of]["id"]),
                text(&item["role"]),
                item["application"]["status"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            )
        })
        .collect()
}

fn rankings_are_for_places_that_are_left(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), team());
    let both = json!({"roles": ["designer", "writer"], "capacity": 5});
    let (member, other) = (app.worker(both.clone()), app.worker(both));
    let (designer, writer) = (app.worker(json!({})), app.worker(json!({"roles": ["writer"]})));
    let path = format!("/v1/deliverables/{flyer}/matches");
    let ranking = |query: &str| {
        app.get(&format!("{path}?fairness=off&{query}"))
            .expect(200)
            .json()
    };
    assert_eq!(ranking("")["items"].as_array().unwrap().len(), 4);
    let left = |designers: u16, writers: u16| json!([{"role": "designer", "places": 1, "left": designers}, {"role": "writer", "places": 2, "left": writers}]);
    let shown = || {
        let list = app.get("/v1/deliverables").expect(200).json();
        let one = app.get(&format!("/v1/deliverables/{flyer}")).expect(200).json();
        assert_eq!(one["open_places"], list["items"][0]["open_places"]);
        assert_eq!(one["open_places"], ranking("")["deliverable"]["open_places"]);
        one["open_places"].clone()
    };
    assert_eq!(shown(), left(1, 2));

    let membership = accept(app, &flyer, &member, "designer");
    let declined = apply(app, &flyer, &other, "writer");
    app.patch(&declined, &json!({"status": "declined", "reason": "skills"}))
        .expect(200);
    apply(app, &flyer, &writer, "writer");
    assert_eq!(shown(), left(0, 2));
    let now = ranking("");
    let mut items = ranked(&now, "worker");
    items.sort();
    let mut expected = vec![
        (other.clone(), "writer".to_owned(), "declined".to_owned()),
        (writer.clone(), "writer".to_owned(), "submitted".to_owned()),
    ];
    expected.sort();
    assert_eq!(items, expected, "neither the member nor a designer");
    assert_includes(
        &now,
        &json!({"team": [{"worker": {"id": member},
                "application": {"role": "designer", "direction": "application", "status": "agreed"}}],
            "considered": 4, "passed": 2}),
    );
    assert!(
        now["removed"]
            .as_array()
            .unwrap()
            .contains(&json!({"gate": "on_team", "count": 1}))
    );
    let pages: Vec<String> = ["limit=1", "limit=1&fairness=on"]
        .into_iter()
        .map(|query| {
            let first = app.get(&format!("{path}?{query}")).expect(200).json();
            let next = first["next"].as_str().unwrap();
            let second = app
                .get(&format!("{path}?{query}&cursor={next}"))
                .expect(200)
                .json();
            assert_eq!(
                (second["items"].as_array().unwrap().len(), &second["next"]),
                (1, &Value::Null)
            );
            first.to_string()
        })
        .collect();
    assert!(
        pages
            .iter()
            .all(|page| !page.contains(&format!("\"{designer}\"")))
    );
    assert_eq!(ranking("role=designer")["items"], json!([]));
    let why = app
        .get(&format!("{path}/{designer}?role=designer"))
        .expect(200)
        .json();
    assert_includes(
        &why,
        &json!({"is_ranked": false, "passed": 0, "role": "designer", "failed_gates": [
            {"gate": "role_filled", "because": "空いている枠がありません。"}]}),
    );
    let improved = app.get(&format!("{path}/{designer}/improvements?role=designer"));
    assert_eq!(improved.expect(409).json()["code"], "role_filled");
    assert_eq!(ranked(&ranking("role=writer"), "worker").len(), 2);
    app.get(&format!("{path}?role=engineer")).expect(422);
    let why = app.get(&format!("{path}/{member}")).expect(200).json();
    assert_includes(
        &why,
        &json!({"is_ranked": false, "failed_gates": [{"gate": "on_team"}], "application": {"status": "agreed"}}),
    );

    // In the other direction: nothing for the member or a designer, what was applied for is marked.
    let offered = |id: &str| {
        let answer = app
            .get(&format!("/v1/workers/{id}/matches?fairness=off"))
            .expect(200)
            .json();
        ranked(&answer, "deliverable")
    };
    assert_eq!((offered(&member), offered(&designer)), (vec![], vec![]));
    assert_eq!(
        offered(&other),
        [(flyer.clone(), "writer".to_owned(), "declined".to_owned())]
    );
    // A server that starts now computes the same.
    let fresh = app.another();
    let there = fresh.get(&format!("{path}?fairness=off")).expect(200).json();
    assert_eq!(there["items"], now["items"]);
    let there = fresh
        .get(&format!("/v1/workers/{designer}/matches"))
        .expect(200)
        .json();
    assert_eq!(there["items"], json!([]));

    app.patch(&membership, &json!({"status": "withdrawn", "reason": "health"}))
        .expect(200);
    assert_eq!(shown(), left(1, 2));
    assert_eq!(ranking("")["items"].as_array().unwrap().len(), 4);
    assert_eq!(offered(&designer).len(), 1);
}

fn delivered_work_frees_the_team_and_counts_in_its_records(app: &TestApp) {
    let organization = app.organization("風");
    let flyer = app.deliverable(
        &organization,
        json!({"roles": [{"role": "designer", "places": 1, "skills": []}]}),
    );
    let poster = app.deliverable(&organization, json!({}));
    let (member, late) = (app.worker(json!({"experience": null})), app.worker(json!({})));
    let waiting = apply(app, &flyer, &late, "designer");
    let membership = accept(app, &flyer, &member, "designer");
    assert_eq!(worker(app, &member)["here"]["open_load"], 1);
    let path = format!("/v1/deliverables/{flyer}");
    let to = |status: &str| app.patch(&path, &json!({"status": status})).expect(200).json();
    assert_eq!(app.get(&path).json()["status"], "matched");
    to("in_progress");
    assert_eq!(app.get(&waiting).json()["status"], "waitlisted");
    let delivered = to("delivered");
    assert_eq!(app.get(&path).expect(200).json(), delivered);
    let free = json!({"open_load": 0, "delivered": 1, "dropped": 0});
    assert_includes(&worker(app, &member)["here"], &free);
    assert_includes(
        &app.get(&waiting).json(),
        &json!({"status": "declined", "reason": "request_closed"}),
    );
    assert_includes(
        &app.get(&membership).json(),
        &json!({"status": "agreed", "place": 1}),
    );
    let leave = json!({"status": "withdrawn", "reason": "other"});
    assert_eq!(
        app.patch(&membership, &leave).expect(409).code(),
        "illegal_transition"
    );
    // The next place is free for them, and their experience counts.
    let why = app
        .get(&format!("/v1/deliverables/{poster}/matches/{member}"))
        .expect(200);
    assert!(why.text.contains("\"deliveries\":1"), "{}", why.text);
    accept(app, &poster, &member, "designer");
    app.archive(path.rsplit('/').next().unwrap()).expect(204);
    assert_includes(
        &worker(app, &member)["here"],
        &json!({"open_load": 1, "delivered": 1}),
    );
    assert_eq!(
        app.patch(&membership, &leave).expect(409).code(),
        "illegal_transition"
    );
}

fn every_other_end_closes_the_applications(app: &TestApp) {
    let organization = app.organization("風");
    let end = |path: &str, how: &str| match how {
        "archived" => {
            let by = format!("{path}?reason=no_longer_needed");
            app.delete(&by).expect(204);
        }
        "declined" => {
            app.patch(path, &json!({"status": "submitted"})).expect(200);
            let decision = json!({"status": "declined", "reason": "other"});
            app.post(&format!("{path}/decisions"), &decision).expect(201);
        }
        _ => {
            let cancelled = json!({"status": "cancelled", "cancellation_reason": "no_longer_needed"});
            app.patch(path, &cancelled).expect(200);
        }
    };
    for how in ["archived", "declined", "cancelled"] {
        for is_complete in [false, true] {
            let flyer = app.deliverable(&organization, team());
            let path = format!("/v1/deliverables/{flyer}");
            let (member, waiting) = (app.worker(json!({})), app.worker(json!({"roles": ["writer"]})));
            let role = if is_complete { "designer" } else { "writer" };
            let mut closed = vec![
                apply(app, &flyer, &waiting, role),
                accept(app, &flyer, &member, "designer"),
            ];
            if is_complete {
                app.patch(
                    &path,
                    &json!({"roles": [{"role": "designer", "places": 1, "skills": []}]}),
                )
                .expect(200);
                assert_eq!(app.get(&path).json()["status"], "matched");
            }
            end(&path, how);
            for path in closed.drain(..) {
                let why = (how != "declined").then_some("no_longer_needed");
                let expected = json!({"status": "declined", "reason": "request_closed", "place": null,
                    "request_reason": why});
                assert_includes(&app.get(&path).expect(200).json(), &expected);
            }
            assert_includes(
                &worker(app, &member)["here"],
                &json!({"open_load": 0, "delivered": 0}),
            );
            let after = app
                .get(&format!("{path}?include_archived=true"))
                .expect(200)
                .json();
            // An archived one keeps its status.
            assert_eq!(
                after["open_places"][0]["left"],
                i32::from(how == "archived"),
                "{how}"
            );
            if how != "archived" {
                let ranking = app.get(&format!("{path}/matches")).expect(200).json();
                assert_eq!(
                    (&ranking["passed"], &ranking["items"]),
                    (&json!(0), &json!([])),
                    "{how}"
                );
                let eased = app.get(&format!("{path}/relaxations")).expect(200).json();
                assert_eq!(
                    (&eased["passed"], &eased["items"]),
                    (&json!(0), &json!([])),
                    "{how}"
                );
            }
        }
    }
}

fn a_request_isnt_matched_without_a_team(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), team());
    let path = format!("/v1/deliverables/{flyer}");
    let to = |change: Value| app.patch(&path, &change);
    assert_eq!(
        to(json!({"status": "matched"})).expect(409).code(),
        "incomplete_team"
    );
    let member = app.worker(json!({"capacity": 3}));
    let membership = accept(app, &flyer, &member, "designer");
    assert_eq!(
        to(json!({"status": "matched"})).expect(409).code(),
        "incomplete_team"
    );
    // Fewer places make the team complete, and more open it again.
    let roles = |writers: u16| {
        let writers = json!({"role": "writer", "places": writers, "skills": []});
        json!({"roles": [{"role": "designer", "places": 1, "skills": []}, writers]})
    };
    let only = json!({"roles": [{"role": "designer", "places": 1, "skills": []}]});
    assert_eq!(to(only.clone()).expect(200).json()["status"], "matched");
    assert_eq!(to(roles(1)).expect(200).json()["status"], "open");
    assert_eq!(to(only).expect(200).json()["status"], "matched");
    to(json!({"status": "in_progress"})).expect(200);
    app.patch(&membership, &json!({"status": "withdrawn", "reason": "health"}))
        .expect(200);
    assert_eq!(
        to(json!({"status": "delivered"})).expect(409).code(),
        "incomplete_team"
    );
    let left = |shown: Value| shown["open_places"][0]["left"].clone();
    assert_eq!(left(app.get(&path).json()), 1);
    let elsewhere = to(json!({"external_team": true})).expect(200).json();
    assert_eq!(left(elsewhere), 0, "the team is complete without us");
    assert_eq!(
        to(json!({"external_team": false})).expect(409).code(),
        "incomplete_team"
    );
    to(json!({"status": "delivered"})).expect(200);
}

fn a_request_never_has_fewer_places_than_are_held(app: &TestApp) {
    let organization = app.organization("風");
    let role = |role: &str, places: u16| json!({"role": role, "places": places, "skills": []});
    let asked = || json!({"roles": [role("designer", 2), role("writer", 1)]});
    let offer = |flyer: &str| {
        let bid = apply(app, flyer, &app.worker(json!({})), "designer");
        app.patch(&bid, &json!({"status": "offered"})).expect(200);
        bid
    };
    for begins in [false, true] {
        let flyer = app.deliverable(&organization, asked());
        let path = format!("/v1/deliverables/{flyer}");
        let (member, offered) = (
            accept(app, &flyer, &app.worker(json!({})), "designer"),
            offer(&flyer),
        );
        if begins {
            accept(app, &flyer, &app.worker(json!({"roles": ["writer"]})), "writer");
            app.patch(&offered, &json!({"status": "agreed"})).expect(200);
            app.patch(&path, &json!({"status": "in_progress"})).expect(200);
        }
        let before = app.get(&path).expect(200).json();
        for roles in [
            json!([role("designer", 1), role("writer", 1)]),
            json!([role("writer", 1)]),
        ] {
            let refused = app.patch(&path, &json!({"roles": roles})).expect(409);
            assert_eq!(refused.code(), "places_held");
            assert!(refused.text.contains("designer"), "{}", refused.text);
        }
        assert_eq!(app.get(&path).expect(200).json(), before, "nothing has changed");
        // More places, and what else a role says, may change; so may a role that nobody holds.
        let more = json!([role("designer", 3), role("writer", 1), role("engineer", 1)]);
        app.patch(&path, &json!({"roles": more})).expect(200);
        let same = json!([role("designer", 2), role("writer", 1)]);
        app.patch(&path, &json!({"roles": same})).expect(200);
        // Whoever leaves takes their place along.
        app.patch(&member, &json!({"status": "withdrawn", "reason": "health"}))
            .expect(200);
        let fewer = json!([role("designer", 1), role("writer", 1)]);
        app.patch(&path, &json!({"roles": fewer})).expect(200);
    }
    // What ends frees all places.
    let flyer = app.deliverable(&organization, asked());
    offer(&flyer);
    let end = json!({"status": "cancelled", "roles": [role("writer", 1)]});
    app.patch(&format!("/v1/deliverables/{flyer}"), &end).expect(200);
    // An import goes the same way.
    let file = |team: &str| {
        format!("ID,団体名,支援内容,件名,区市町村,status,チーム\n7,風,チラシ,夏の会報,新宿区,open,{team}\n")
    };
    let import = |places: u16| {
        let team =
            format!("\"[{{\"\"role\"\":\"\"designer\"\",\"\"places\"\":{places},\"\"skills\"\":[]}}]\"");
        app.import_and_wait("kind=deliverables", file(&team).as_bytes())
    };
    assert_eq!(import(2)["progress"]["created"], 1);
    let all = app.get("/v1/deliverables?limit=200").expect(200).json();
    let imported = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["title"] == "夏の会報");
    let imported = imported.unwrap()["id"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        offer(&imported);
    }
    import(1);
    let kept = app.get(&format!("/v1/deliverables/{imported}")).json();
    assert_eq!(kept["roles"][0]["places"], 2, "{kept}");
}

fn who_waits_for_a_role_that_is_gone_is_told(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), team());
    let path = format!("/v1/deliverables/{flyer}");
    let (first, second) = (app.worker(json!({})), app.worker(json!({})));
    let bids = [&first, &second].map(|worker| apply(app, &flyer, worker, "designer"));
    let stays = apply(app, &flyer, &app.worker(json!({})), "writer");
    let invited = json!({"deliverable_id": flyer, "worker_id": app.worker(json!({})), "role": "designer",
        "direction": "invitation"});
    let invited = app.post("/v1/applications", &invited).expect(201).json();
    let invited = format!("/v1/applications/{}", invited["id"].as_str().unwrap());
    let writers = json!({"roles": [{"role": "writer", "places": 2, "skills": []}]});
    app.patch(&path, &writers).expect(200);
    let gone =
        json!({"status": "declined", "reason": "no_longer_needed", "awaits": null, "respond_by": null});
    for bid in bids.iter().chain([&invited]) {
        assert_includes(&app.get(bid).expect(200).json(), &gone);
    }
    assert_eq!(app.get(&stays).json()["status"], "submitted");
    apply(app, &flyer, &first, "writer");
}

fn a_team_waits_while_its_request_is_with_the_coordinator(app: &TestApp) {
    let organization = app.organization("風");
    let flyer = app.deliverable(
        &organization,
        json!({"roles": [{"role": "designer", "places": 1, "skills": []}]}),
    );
    let member = app.worker(json!({}));
    let membership = accept(app, &flyer, &member, "designer");
    let mut claims = Claims::new(
        UserRole::Organization,
        "teams",
        chrono::Utc::now().timestamp(),
        600,
    );
    claims.belonging.organization_id = Some(Id(organization.parse().unwrap()));
    let token = app.state.keys.sign(&claims).unwrap();
    let path = format!("/v1/deliverables/{flyer}");
    let returned = app
        .call("PATCH", &path, &token, &json!({"title": "別の題"}))
        .expect(200)
        .json();
    assert_eq!(returned["status"], "submitted");
    assert_includes(
        &app.get(&membership).json(),
        &json!({"status": "agreed", "place": 1}),
    );
    assert_eq!(worker(app, &member)["here"]["open_load"], 1);
    let released = app.release(&path).expect(200);
    assert_eq!(released.json()["status"], "matched", "its team is complete");
    assert_eq!(app.get(&path).json(), released.json());
    assert_eq!(released.header("etag"), app.get(&path).header("etag"));
}

fn a_team_that_was_formed_elsewhere_invites_nobody_at_work(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let path = format!("/v1/deliverables/{flyer}");
    let bid = |worker: &str, direction: &str| {
        let bid =
            json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer", "direction": direction});
        app.post("/v1/applications", &bid)
    };
    let (invited, next) = (app.worker(json!({})), app.worker(json!({})));
    let waiting = bid(&invited, "invitation").expect(201).json();
    let waiting = format!("/v1/applications/{}", waiting["id"].as_str().unwrap());
    app.patch(&waiting, &json!({"status": "shortlisted"})).expect(200);
    for change in [
        json!({"status": "matched", "external_team": true}),
        json!({"status": "in_progress"}),
    ] {
        app.patch(&path, &change).expect(200);
    }
    let refused = bid(&next, "invitation").expect(409);
    assert_eq!(refused.code(), "deliverable_not_open");
    // Who has said yes before gets no place either.
    assert_eq!(
        app.patch(&waiting, &json!({"status": "agreed"}))
            .expect(409)
            .code(),
        "deliverable_not_open"
    );
}

fn an_import_ends_a_request_like_a_change(app: &TestApp) {
    app.organization("風");
    let file = |status: &str| {
        format!("ID,団体名,支援内容,件名,区市町村,status\n1,風,チラシ,会員募集,新宿区,{status}\n")
    };
    let import = |status: &str| app.import_and_wait("kind=deliverables", file(status).as_bytes());
    assert_eq!(import("open")["progress"]["created"], 1);
    let flyer = app.get("/v1/deliverables").json()["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let member = app.worker(json!({}));
    let membership = accept(app, &flyer, &member, "designer");
    // A row that says so is about a team that was formed elsewhere.
    assert_eq!(import("matched")["progress"]["updated"], 1);
    let path = format!("/v1/deliverables/{flyer}");
    assert_includes(
        &app.get(&path).json(),
        &json!({"status": "matched", "external_team": true}),
    );
    assert_eq!(import("cancelled")["progress"]["updated"], 1);
    assert_includes(
        &app.get(&membership).json(),
        &json!({"status": "declined", "reason": "request_closed"}),
    );
    assert_eq!(worker(app, &member)["here"]["open_load"], 0);
}

fn who_is_ranked_from_elsewhere_has_a_clear_answer(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let (elsewhere, hidden) = (
        app.worker(json!({"area": "131130"})),
        app.worker(json!({"area": "131130", "consent": null})),
    );
    let here = app.token(UserRole::Coordinator);
    let ranking = app.call(
        "GET",
        &format!("/v1/deliverables/{flyer}/matches"),
        &here,
        &Value::Null,
    );
    assert!(ranking.expect(200).text.contains(&elsewhere));
    for (worker, code) in [(elsewhere, "worker_elsewhere"), (hidden, "unknown_worker")] {
        let body = json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer"});
        let refused = app.call("POST", "/v1/applications", &here, &body).expect(422);
        assert_eq!(refused.faults(), [("/worker_id".to_owned(), code.to_owned())]);
    }
}

fn a_replacement_takes_nothing_away_by_omission(app: &TestApp) {
    let path = "/v1/workers/by-external-id/roster/1";
    let whole = json!({"personal": {"name": "佐藤 陽子", "email": "yoko@example.jp"}, "area": "131041", "remote": true,
        "consent": {"given_on": "2026-04-01", "text_version": "2026-04"}});
    let first = app.put(path, &whole).expect(201).json();
    let kept = app.put(path, &json!({"area": "131041"})).expect(200).json();
    assert_eq!(
        (&kept["personal"], &kept["consent"]),
        (&first["personal"], &first["consent"])
    );
    assert_eq!(kept["remote"], Value::Null, "other members are reset");
    // A part of the personal data replaces all of it.
    let named = app
        .put(path, &json!({"personal": {"name": "佐藤"}}))
        .expect(200)
        .json();
    assert_eq!(
        (&named["personal"]["email"], &named["consent"]),
        (&Value::Null, &first["consent"])
    );
    let taken = app
        .put(path, &json!({"personal": null, "consent": null}))
        .expect(200)
        .json();
    assert_eq!(
        (&taken["personal"], &taken["consent"]),
        (&Value::Null, &Value::Null)
    );
}

/// Checks that places, loads and statuses follow from the applications.
fn check(app: &TestApp, deliverables: &[String], workers: &[String], history: &[String]) {
    let all = app.get("/v1/applications?limit=200").expect(200).json();
    let all = all["items"].as_array().unwrap();
    let mut loads = std::collections::BTreeMap::new();
    for id in deliverables {
        let one = app
            .get(&format!("/v1/deliverables/{id}?include_archived=true"))
            .expect(200)
            .json();
        let status = one["status"].as_str().unwrap();
        let is_over =
            !one["archived_at"].is_null() || ["delivered", "declined", "cancelled"].contains(&status);
        let own = || all.iter().filter(|bid| bid["deliverable_id"] == **id);
        let accepted = |role: &Value| {
            own()
                .filter(|bid| bid["status"] == "agreed" && bid["role"] == *role)
                .count()
        };
        let mut is_complete = true;
        for role in one["open_places"].as_array().unwrap() {
            let (places, left) = (role["places"].as_u64().unwrap(), role["left"].as_u64().unwrap());
            let taken = accepted(&role["role"]) as u64;
            let has_ended = ["delivered", "declined", "cancelled"].contains(&status);
            let expected = if has_ended {
                0
            } else {
                places.saturating_sub(taken)
            };
            assert_eq!(left, expected, "{history:#?} {one}");
            is_complete &= left == 0;
        }
        let expected = if is_complete { "matched" } else { "open" };
        if ["open", "matched"].contains(&status) && !is_over {
            assert_eq!(status, expected, "{history:#?} {one}");
        }
        for bid in own() {
            let is_active = ["submitted", "waitlisted", "agreed"].contains(&bid["status"].as_str().unwrap());
            let stays = status == "delivered" && bid["status"] == "agreed";
            assert!(!is_over || !is_active || stays, "{history:#?} {bid}");
            if bid["status"] == "agreed" && !is_over {
                *loads.entry(bid["worker_id"].to_string()).or_insert(0) += 1;
            }
        }
    }
    for id in workers {
        let expected = loads.get(&format!("\"{id}\"")).copied().unwrap_or(0);
        assert_eq!(worker(app, id)["here"]["open_load"], expected, "{history:#?}");
    }
}

/// A sequence of numbers that looks random and is the same each time.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }
}

fn whatever_happens_places_loads_and_applications_agree(app: &TestApp) {
    let organization = app.organization("風");
    let mut claims = Claims::new(
        UserRole::Organization,
        "walk",
        chrono::Utc::now().timestamp(),
        3600,
    );
    claims.belonging.organization_id = Some(Id(organization.parse().unwrap()));
    let member = app.state.keys.sign(&claims).unwrap();
    let mut draws = Draws(20_261_128);
    for _ in 0..4 {
        let deliverables: Vec<String> = (0..3).map(|_| app.deliverable(&organization, team())).collect();
        let both = json!({"roles": ["designer", "writer"], "capacity": 2});
        let workers: Vec<String> = (0..4).map(|_| app.worker(both.clone())).collect();
        let (mut bids, mut history) = (Vec::new(), Vec::new());
        for _ in 0..45 {
            let deliverable = &deliverables[draws.below(3)];
            let path = format!("/v1/deliverables/{deliverable}");
            let worker = &workers[draws.below(4)];
            let role = ["designer", "writer"][draws.below(2)];
            let (name, answer) = match draws.below(12) {
                0..=3 => {
                    let bid = json!({"deliverable_id": deliverable, "worker_id": worker, "role": role});
                    let answer = app.post("/v1/applications", &bid);
                    if answer.status == 201 {
                        bids.push(answer.header("location").to_owned());
                    }
                    (format!("apply {deliverable} {worker} {role}"), answer)
                }
                4..=7 if !bids.is_empty() => {
                    let bid = &bids[draws.below(bids.len())];
                    let to = ["agreed", "agreed", "declined", "withdrawn"][draws.below(4)];
                    let reason = (to != "agreed").then_some("other");
                    (
                        format!("{to} {bid}"),
                        app.patch(bid, &json!({"status": to, "reason": reason})),
                    )
                }
                8 => {
                    let change = json!({"roles": [{"role": "designer", "places": 1 + draws.below(2), "skills": []},
                        {"role": "writer", "places": 1 + draws.below(2), "skills": []}]});
                    (format!("roles {deliverable} {change}"), app.patch(&path, &change))
                }
                9 => {
                    let change = json!({"title": format!("題 {}", draws.below(99))});
                    (
                        format!("rewrite {deliverable}"),
                        app.call("PATCH", &path, &member, &change),
                    )
                }
                10 => {
                    let to = [
                        "open",
                        "open",
                        "in_progress",
                        "delivered",
                        "cancelled",
                        "declined",
                    ][draws.below(6)];
                    (
                        format!("{to} {deliverable}"),
                        app.patch(&path, &json!({"status": to})),
                    )
                }
                11 if draws.below(4) == 0 => (format!("archive {deliverable}"), app.archive(deliverable)),
                _ => continue,
            };
            assert!(answer.status < 500, "{name}: {}", answer.text);
            history.push(format!("{name}: {}", answer.status));
            if answer.status < 300 {
                check(app, &deliverables, &workers, &history);
            }
        }
        for deliverable in deliverables {
            app.archive(&deliverable);
        }
    }
}

fn what_happens_at_once_never_fails(app: &TestApp) {
    let organization = app.organization("風");
    let many = json!({"roles": [{"role": "designer", "places": 9, "skills": []}]});
    for round in 0..3 {
        let flyers = [0, 1].map(|_| app.deliverable(&organization, many.clone()));
        let workers: Vec<String> = (0..5).map(|_| app.worker(json!({"capacity": 2}))).collect();
        let mut bids = Vec::new();
        for flyer in &flyers {
            for (n, worker) in workers.iter().enumerate() {
                let bid = apply(app, flyer, worker, "designer");
                if n % 2 == 0 {
                    app.patch(&bid, &json!({"status": "agreed"})).expect(200);
                }
                bids.push(bid);
            }
        }
        let statuses: Vec<(String, u16)> = std::thread::scope(|scope| {
            let mut clients = Vec::new();
            for flyer in &flyers {
                let change = [
                    json!({"status": "cancelled", "cancellation_reason": "schedule"}),
                    json!({"title": "別の題"}),
                    json!({"remote": true}),
                ];
                let change = change[round].clone();
                clients.push(scope.spawn(move || {
                    let answer = app.patch(&format!("/v1/deliverables/{flyer}"), &change);
                    (answer.text, answer.status)
                }));
            }
            for bid in &bids {
                clients.push(scope.spawn(move || {
                    let answer = app.patch(bid, &json!({"status": "withdrawn", "reason": "health"}));
                    (answer.text, answer.status)
                }));
            }
            for worker in workers.iter().take(2) {
                clients.push(scope.spawn(move || {
                    let answer = app.delete(&format!("/v1/workers/{worker}"));
                    (answer.text, answer.status)
                }));
            }
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        let is_right = |(_, status): &(String, u16)| [200, 204, 409].contains(status);
        assert!(statuses.iter().all(is_right), "{statuses:?}");
        for flyer in &flyers {
            app.archive(flyer).expect(204);
        }
        for worker_id in &workers[2..] {
            assert_eq!(worker(app, worker_id)["here"]["open_load"], 0);
        }
    }
}
