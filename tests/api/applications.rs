//! Applications.

use crate::support::{Response, TestApp, assert_includes, on_both, token};
use musubi::applications::{Tally, store};
use musubi::auth::UserRole;
use musubi::db::Id;
use serde_json::{Value, json};

const UNKNOWN: &str = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";

/// A team of designers.
fn team(places: u16) -> Value {
    json!({"roles": [{"role": "designer", "places": places, "skills": []}]})
}

fn apply(app: &TestApp, deliverable: &str, worker: &str) -> Response {
    let body = json!({"deliverable_id": deliverable, "worker_id": worker, "role": "designer"});
    app.post("/v1/applications", &body)
}

/// The path of a new application.
fn applied(app: &TestApp, deliverable: &str, worker: &str) -> String {
    let created = apply(app, deliverable, worker).expect(201);
    created.header("location").to_owned()
}

fn to(app: &TestApp, path: &str, status: &str) -> Response {
    let reason = ["declined", "withdrawn"].contains(&status).then_some("other");
    app.patch(path, &json!({"status": status, "reason": reason}))
}

fn worker(app: &TestApp, id: &str) -> Value {
    app.get(&format!("/v1/workers/{id}")).expect(200).json()
}

fn deliverable(app: &TestApp, id: &str) -> Value {
    app.get(&format!("/v1/deliverables/{id}")).expect(200).json()
}

fn ids(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap()).collect()
}

fn id(text: &str) -> Id {
    serde_json::from_value(json!(text)).unwrap()
}

/// Counts the changes of one kind in the log.
fn logged(app: &TestApp, entity: &str) -> i64 {
    use diesel::prelude::*;
    use musubi::db::schema::changes;
    let of_kind = changes::table
        .filter(changes::entity.eq(entity.to_owned()))
        .filter(changes::action.ne("shown"));
    let read = |db: &mut musubi::db::Db| Ok(of_kind.count().get_result(db)?);
    app.state.pool.read_blocking(read).unwrap()
}

on_both! {
    a_team_becomes_complete_and_opens_again,
    refuses_illegal_moves_and_ends_without_a_reason,
    checks_the_deliverable_the_worker_and_the_role,
    returns_409_with_a_code_if_the_place_is_not_available,
    only_workers_are_told_of_their_own_block,
    a_repeated_application_gets_the_first_answer,
    filters_sorts_and_pages_lists,
    lists_count_the_days_since_the_last_move,
    erasing_the_worker_clears_the_worker_and_the_texts,
    an_erased_member_of_the_team_can_be_replaced,
    one_of_fifty_gets_the_last_place,
    a_worker_applies_once_even_if_many_clients_send_it,
    applying_accepting_and_erasing_at_once_never_fails,
    message_and_note_need_the_scope_for_personal_data,
    counts_all_applications_and_the_taken_places,
    nobody_applies_for_the_same_deliverable_without_end,
}

fn a_team_becomes_complete_and_opens_again(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), team(2));
    let (one, other) = (app.worker(json!({})), app.worker(json!({})));
    let body =
        json!({"deliverable_id": flyer, "worker_id": one, "role": "designer", "message": "描きます。"});
    let created = app.post("/v1/applications", &body).expect(201);
    let first = created.header("location").to_owned();
    let application = created.json();
    let expected = json!({"status": "submitted", "message": "描きます。", "created_by": "admin:test", "place": null,
        "reason": null});
    assert_includes(&application, &expected);
    assert_eq!(created.header("etag"), "\"1\"");
    assert_eq!(app.get(&first).expect(200).json(), application);

    let accepted = app
        .patch(
            &first,
            &json!({"status": "agreed", "note": "楽しみにしています。"}),
        )
        .expect(200);
    assert_eq!(accepted.json()["place"], 1);
    assert_eq!(accepted.header("etag"), "\"2\"");
    assert_eq!(worker(app, &one)["version"], 2);
    assert_eq!(worker(app, &one)["here"]["open_load"], 1);
    assert_eq!(deliverable(app, &flyer)["status"], "open", "one place is left");

    let second = applied(app, &flyer, &other);
    assert_eq!(to(app, &second, "agreed").expect(200).json()["place"], 2);
    let matched = deliverable(app, &flyer);
    assert_includes(&matched, &json!({"status": "matched", "version": 3}));
    assert_eq!(
        [
            logged(app, "application"),
            logged(app, "worker"),
            logged(app, "deliverable")
        ],
        [4, 4, 3]
    );

    let withdrawn = app
        .patch(&first, &json!({"status": "withdrawn", "reason": "health"}))
        .expect(200)
        .json();
    assert_includes(&withdrawn, &json!({"place": null, "reason": "health"}));
    assert_eq!(worker(app, &one)["here"]["open_load"], 0);
    assert_eq!(deliverable(app, &flyer)["status"], "open");
    let again = applied(app, &flyer, &one);
    assert_eq!(
        to(app, &again, "agreed").expect(200).json()["place"],
        1,
        "the free place"
    );

    app.patch(
        &format!("/v1/deliverables/{flyer}"),
        &json!({"status": "in_progress"}),
    )
    .expect(200);
    app.patch(&format!("/v1/workers/{one}"), &json!({"open_load": 0}))
        .expect(200);
    to(app, &again, "withdrawn").expect(200);
    assert_eq!(worker(app, &one)["here"]["open_load"], 0);
    assert_eq!(deliverable(app, &flyer)["status"], "in_progress");
}

fn refuses_illegal_moves_and_ends_without_a_reason(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), team(2));
    let one = applied(app, &flyer, &app.worker(json!({})));
    let faults = |patch: Value| app.patch(&one, &patch).expect(422).faults();
    let reason = |code: &str| vec![("/reason".to_owned(), code.to_owned())];
    assert_eq!(faults(json!({"status": "declined"})), reason("missing_field"));
    assert_eq!(
        faults(json!({"status": "declined", "reason": "health"})),
        reason("unexpected_reason")
    );
    assert_eq!(
        faults(json!({"status": "agreed", "reason": "other"})),
        reason("unexpected_reason")
    );
    assert_eq!(
        faults(json!({"status": "declined", "reason": "mood"})),
        reason("unknown_value")
    );
    assert_eq!(
        faults(json!({"note": "あ".repeat(1001)})),
        [("/note".into(), "invalid_length".into())]
    );
    assert_eq!(
        faults(json!({"role": "writer"})),
        [("/role".into(), "unknown_field".into())]
    );
    assert_eq!(
        app.patch(&one, &json!({"note": "お待ちください。"}))
            .expect(200)
            .header("etag"),
        "\"2\""
    );
    assert_eq!(
        app.patch(&one, &json!({"note": "お待ちください。"}))
            .expect(200)
            .header("etag"),
        "\"2\""
    );
    assert_eq!(
        app.patch_with(&one, &[("if-match", "\"1\"")], &json!({"status": "agreed"}))
            .expect(412)
            .code(),
        "precondition_failed"
    );
    to(app, &one, "agreed").expect(200);
    let refused = app
        .patch_with(
            &one,
            &[("accept-language", "en")],
            &json!({"status": "declined", "reason": "skills"}),
        )
        .expect(409);
    assert_eq!(refused.code(), "illegal_transition");
    assert_eq!(
        refused.json()["detail"],
        "The status of an application can't change from agreed to declined. It may become: withdrawn."
    );
    to(app, &one, "withdrawn").expect(200);
    for status in ["submitted", "agreed", "declined"] {
        assert_eq!(to(app, &one, status).expect(409).code(), "illegal_transition");
    }
}

fn checks_the_deliverable_the_worker_and_the_role(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let designer = app.worker(json!({}));
    assert_eq!(
        apply(app, UNKNOWN, UNKNOWN).expect(422).faults(),
        [
            ("/deliverable_id".into(), "unknown_deliverable".into()),
            ("/worker_id".into(), "unknown_worker".into())
        ]
    );
    let with = |more: Value| {
        let mut body = json!({"deliverable_id": flyer, "worker_id": designer, "role": "designer"});
        crate::support::merge(&mut body, more);
        app.post_with("/v1/applications", &[("accept-language", "en")], &body)
            .expect(422)
    };
    let refused = with(json!({"role": "engineer"}));
    assert_eq!(refused.faults(), [("/role".into(), "role_not_requested".into())]);
    assert!(
        refused.text.contains("account_director, designer, copywriter"),
        "{}",
        refused.text
    );
    for (more, place, code) in [
        (json!({"role": "Designer"}), "/role", "invalid_code"),
        (json!({"role": null}), "/role", "missing_field"),
        (json!({"status": "agreed"}), "/status", "unknown_field"),
        (
            json!({"message": "あ".repeat(2001)}),
            "/message",
            "invalid_length",
        ),
        (json!({"worker_id": "x"}), "/worker_id", "invalid_uuid"),
    ] {
        assert_eq!(with(more).faults(), [(place.to_owned(), code.to_owned())]);
    }
    app.archive(&flyer).expect(204);
    assert_eq!(
        apply(app, &flyer, &designer).expect(422).faults()[0].1,
        "unknown_deliverable"
    );
    app.get(&format!("/v1/applications/{UNKNOWN}")).expect(404);
    app.patch(&format!("/v1/applications/{UNKNOWN}"), &json!({}))
        .expect(404);
}

fn only_workers_are_told_of_their_own_block(app: &TestApp) {
    let (blocked, conflicting) = (app.organization("風"), app.organization("丘"));
    let designer = app.worker(json!({"blocked_organization_ids": [blocked],
        "conflict_organization_ids": [conflicting]}));
    let own = app.logged_in(
        "designer@example.jp",
        json!({"role": "worker", "worker_id": designer}),
    );
    let told = |organization: &str, token: &str| {
        let flyer = app.deliverable(organization, json!({}));
        let body = json!({"deliverable_id": flyer, "worker_id": designer, "role": "designer"});
        let refused = app.call("POST", "/v1/applications", token, &body).expect(409);
        assert_eq!(refused.code(), "worker_unavailable");
        refused.json()["detail"] == "この団体とは組めない設定です。"
    };
    assert!(told(&blocked, &own));
    assert!(!told(&conflicting, &own));
    assert!(!told(&blocked, &app.token(UserRole::Coordinator)));
}

fn returns_409_with_a_code_if_the_place_is_not_available(app: &TestApp) {
    let organization = app.organization("風");
    let draft = app.deliverable(&organization, json!({"status": "draft"}));
    let designer = app.worker(json!({}));
    let code = |deliverable: &str, worker: &str| apply(app, deliverable, worker).expect(409).code();
    assert_eq!(code(&draft, &designer), "deliverable_not_open");
    // The copywriter's place stays free, so that the flyer stays open.
    let more = json!({"roles": [{"role": "designer", "places": 1, "skills": []},
        {"role": "copywriter", "places": 1, "skills": []}]});
    let flyer = app.deliverable(&organization, more);
    for (more, expected) in [
        (json!({"status": "paused"}), "worker_unavailable"),
        (json!({"consent": null}), "worker_unavailable"),
        (json!({"open_load": 1}), "at_capacity"),
        (json!({"capacity": 0}), "at_capacity"),
    ] {
        assert_eq!(code(&flyer, &app.worker(more)), expected);
    }
    let (first, late) = (
        applied(app, &flyer, &designer),
        applied(app, &flyer, &app.worker(json!({}))),
    );
    assert_eq!(code(&flyer, &designer), "already_applied");
    to(app, &first, "declined").expect(200);
    let again = applied(app, &flyer, &designer);
    let busy = applied(app, &app.deliverable(&organization, team(1)), &designer);
    to(app, &again, "agreed").expect(200);
    assert_eq!(to(app, &late, "agreed").expect(409).code(), "role_filled");
    let next = apply(app, &flyer, &app.worker(json!({}))).expect(201).json();
    assert_eq!(next["status"], "waitlisted", "all places are held");
    assert_eq!(to(app, &busy, "agreed").expect(409).code(), "at_capacity");
    app.archive(&flyer).expect(204);
    assert_eq!(to(app, &late, "agreed").expect(409).code(), "illegal_transition");
    for closed in [&late, &again] {
        let closed = app.get(closed).expect(200).json();
        assert_includes(
            &closed,
            &json!({"status": "declined", "reason": "request_closed", "place": null}),
        );
    }
    assert_eq!(worker(app, &designer)["here"]["open_load"], 0);
}

fn a_repeated_application_gets_the_first_answer(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let designer = app.worker(json!({}));
    let body =
        json!({"deliverable_id": flyer, "worker_id": designer, "role": "designer", "message": "描きます。"});
    let send = || app.post_with("/v1/applications", &[("idempotency-key", "a1")], &body);
    let first = send().expect(201);
    let again = send().expect(201);
    assert_eq!(
        (&again.text, again.header("location")),
        (&first.text, first.header("location"))
    );
    app.delete(&format!("/v1/workers/{designer}")).expect(204);
    assert_eq!(
        send().expect(410).code(),
        "idempotency_key_used_up",
        "erasing the worker deletes the stored answer"
    );
}

fn filters_sorts_and_pages_lists(app: &TestApp) {
    let organization = app.organization("風");
    let (flyer, poster) = (
        app.deliverable(&organization, team(3)),
        app.deliverable(&organization, team(3)),
    );
    let (one, other) = (app.worker(json!({})), app.worker(json!({})));
    let a = app.get(&applied(app, &flyer, &one)).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let b = app.get(&applied(app, &flyer, &other)).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let c = app.get(&applied(app, &poster, &other)).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    to(app, &format!("/v1/applications/{a}"), "agreed").expect(200);
    let list = |query: &str| app.get(&format!("/v1/applications?{query}")).expect(200).json();
    for (query, expected) in [
        ("", vec![&c, &b, &a]),
        ("sort=created_at", vec![&a, &b, &c]),
        ("sort=-updated_at", vec![&a, &c, &b]),
        ("sort=updated_at", vec![&b, &c, &a]),
        (&format!("deliverable_id={flyer}"), vec![&b, &a]),
        (&format!("worker_id={other}&sort=created_at"), vec![&b, &c]),
        ("status=agreed", vec![&a]),
        ("role=designer&status=submitted", vec![&c, &b]),
        ("role=writer", vec![]),
    ] {
        assert_eq!(ids(&list(query)), expected, "{query}");
    }
    assert!(
        list("")["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item["days_since_last_move"] == 0)
    );
    assert_eq!(
        app.get("/v1/applications?role=designr").expect(422).faults(),
        [("role".into(), "unknown_role".into())]
    );
    app.get("/v1/applications?status=new").expect(400);
    for sort in ["created_at", "-created_at", "updated_at", "-updated_at"] {
        let (mut walked, mut path) = (Vec::new(), format!("/v1/applications?sort={sort}&limit=1"));
        loop {
            let page = app.get(&path).expect(200).json();
            walked.extend(ids(&page).into_iter().map(str::to_owned));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/v1/applications?sort={sort}&limit=1&cursor={next}");
        }
        assert_eq!(walked, ids(&list(&format!("sort={sort}"))), "{sort}");
    }
}

fn lists_count_the_days_since_the_last_move(app: &TestApp) {
    let path = applied(
        app,
        &app.deliverable(&app.organization("風"), json!({})),
        &app.worker(json!({})),
    );
    app.state
        .pool
        .write_blocking(|db| {
            use diesel::prelude::*;
            use musubi::db::{Instant, schema::applications::dsl};
            let earlier = Instant::from(chrono::Utc::now() - chrono::Duration::days(12));
            diesel::update(dsl::applications)
                .set(dsl::updated_at.eq(earlier))
                .execute(db)?;
            Ok(())
        })
        .unwrap();
    assert_eq!(
        app.get("/v1/applications").json()["items"][0]["days_since_last_move"],
        12
    );
    assert!(app.get(&path).json().get("days_since_last_move").is_none());
}

fn erasing_the_worker_clears_the_worker_and_the_texts(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), team(2));
    let designer = app.worker(json!({}));
    let body =
        json!({"deliverable_id": flyer, "worker_id": designer, "role": "designer", "message": "佐藤です。"});
    let path = app
        .post("/v1/applications", &body)
        .expect(201)
        .header("location")
        .to_owned();
    app.patch(&path, &json!({"note": "佐藤さん、少しお待ちください。"}))
        .expect(200);
    let known = app.get(&path).header("etag").to_owned();
    app.delete(&format!("/v1/workers/{designer}")).expect(204);
    let left = app.get_with(&path, &[("if-none-match", &known)]).expect(200);
    let application = left.json();
    for member in ["worker_id", "message", "note"] {
        assert_eq!(application[member], Value::Null, "{member}");
    }
    assert_includes(
        &application,
        &json!({"status": "withdrawn", "reason": "other", "role": "designer"}),
    );
    assert_eq!(left.header("etag"), "\"4\"");
    assert_eq!(logged(app, "application"), 4);
    assert_eq!(to(app, &path, "agreed").expect(409).code(), "illegal_transition");
}

fn an_erased_member_of_the_team_can_be_replaced(app: &TestApp) {
    let organization = app.organization("風");
    for status in ["offered", "agreed"] {
        let flyer = app.deliverable(&organization, team(1));
        let designer = app.worker(json!({}));
        let (path, waiting) = (
            applied(app, &flyer, &designer),
            applied(app, &flyer, &app.worker(json!({}))),
        );
        to(app, &path, status).expect(200);
        assert_eq!(app.get(&waiting).json()["status"], "waitlisted");
        assert_eq!(deliverable(app, &flyer)["open_places"][0]["left"], 0);
        // The version that the caller has read is that before the place becomes free.
        let stale = [("if-match", "\"999\"")];
        let erase = |headers: &[(&str, &str)]| {
            let bearer = format!("Bearer {}", app.admin);
            let mut all = vec![("authorization", bearer.as_str())];
            all.extend_from_slice(headers);
            app.send("DELETE", &format!("/v1/workers/{designer}"), &all, b"")
        };
        erase(&stale).expect(412);
        assert_eq!(app.get(&path).json()["status"], status);
        let version = worker(app, &designer)["version"].to_string();
        erase(&[("if-match", &format!("\"{version}\""))]).expect(204);
        assert_includes(
            &app.get(&path).expect(200).json(),
            &json!({"status": "withdrawn", "place": null, "worker_id": null}),
        );
        let request = deliverable(app, &flyer);
        assert_eq!(
            (&request["status"], &request["open_places"][0]["left"]),
            (&json!("open"), &json!(1)),
            "{status}"
        );
        assert_eq!(app.get(&waiting).json()["status"], "submitted");
        to(app, &waiting, "agreed").expect(200);
    }
}

fn one_of_fifty_gets_the_last_place(app: &TestApp) {
    // The first deliverable closes with the race. The copywriter's place keeps the second one open.
    let organization = app.organization("風");
    let both = json!({"roles": [{"role": "designer", "places": 1, "skills": []},
        {"role": "copywriter", "places": 1, "skills": []}]});
    for flyer in [
        app.deliverable(&organization, team(1)),
        app.deliverable(&organization, both),
    ] {
        let paths: Vec<String> = (0..50)
            .map(|_| applied(app, &flyer, &app.worker(json!({}))))
            .collect();
        let answers: Vec<(u16, String)> = std::thread::scope(|scope| {
            let clients: Vec<_> = paths
                .iter()
                .map(|path| {
                    scope.spawn(|| {
                        let answer = app.patch(path, &json!({"status": "agreed"}));
                        (
                            answer.status,
                            if answer.status == 200 {
                                String::new()
                            } else {
                                answer.code()
                            },
                        )
                    })
                })
                .collect();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        assert_eq!(
            answers.iter().filter(|(status, _)| *status == 200).count(),
            1,
            "{answers:?}"
        );
        let refused = |code: &str| ["role_filled", "deliverable_not_open"].contains(&code);
        assert!(
            answers
                .iter()
                .all(|(status, code)| *status == 200 || (*status == 409 && refused(code))),
            "{answers:?}"
        );
        let accepted = app
            .get(&format!("/v1/applications?deliverable_id={flyer}&status=agreed"))
            .json();
        assert_eq!(ids(&accepted).len(), 1);
    }
    let loads = app.get("/v1/workers?limit=200").json();
    assert_eq!(
        loads["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|w| w["here"]["open_load"].as_u64().unwrap())
            .sum::<u64>(),
        2
    );
}

fn a_worker_applies_once_even_if_many_clients_send_it(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), team(1));
    let designer = app.worker(json!({}));
    let codes: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| apply(app, &flyer, &designer).status))
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == 201).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == 409).count(), 7, "{codes:?}");
}

fn applying_accepting_and_erasing_at_once_never_fails(app: &TestApp) {
    let organization = app.organization("風");
    let flyers = [
        app.deliverable(&organization, team(9)),
        app.deliverable(&organization, team(9)),
    ];
    let workers: Vec<String> = (0..6).map(|_| app.worker(json!({"capacity": 2}))).collect();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = workers
            .iter()
            .flat_map(|worker| {
                let ones = flyers.iter().map(|flyer| {
                    scope.spawn(move || {
                        let made = apply(app, flyer, worker);
                        let moved = to(app, made.header("location"), "agreed").status;
                        vec![made.status, if made.status == 201 { moved } else { 409 }]
                    })
                });
                let erased = scope.spawn(move || vec![app.delete(&format!("/v1/workers/{worker}")).status]);
                ones.chain([erased]).collect::<Vec<_>>()
            })
            .collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect()
    });
    assert!(
        statuses
            .iter()
            .all(|status| [200, 201, 204, 409, 422].contains(status)),
        "{statuses:?}"
    );
}

fn message_and_note_need_the_scope_for_personal_data(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let body = json!({"deliverable_id": flyer, "worker_id": app.worker(json!({})), "role": "designer",
        "message": "佐藤です。"});
    let path = app
        .post("/v1/applications", &body)
        .expect(201)
        .header("location")
        .to_owned();
    let narrow = token(
        &app.state,
        UserRole::Coordinator,
        Some("applications:read applications:write applications:decide"),
        3600,
    );
    let bearer = format!("Bearer {narrow}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    for place in [path.as_str(), "/v1/applications"] {
        let hidden = app.send("GET", place, &headers, b"").expect(200);
        assert!(
            !hidden.text.contains("佐藤") && hidden.text.contains("\"message\":null"),
            "{}",
            hidden.text
        );
    }
    app.send("PATCH", &path, &headers, br#"{"status": "agreed"}"#)
        .expect(200);
    assert_eq!(
        app.get(&path).json()["message"],
        "佐藤です。",
        "a patch keeps what its caller doesn't see"
    );
    app.get_as(UserRole::Importer, "/v1/applications").expect(403);
    app.get_as(UserRole::Coordinator, "/v1/applications").expect(200);
}

fn nobody_applies_for_the_same_deliverable_without_end(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), team(3));
    let worker = app.worker(json!({}));
    let bid = json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer"});
    let ends = [
        json!({"status": "withdrawn", "reason": "schedule"}),
        json!({"status": "declined", "reason": "skills"}),
        json!({"status": "withdrawn", "reason": "other"}),
    ];
    for end in &ends {
        let sent = app.post("/v1/applications", &bid).expect(201).json();
        let path = format!("/v1/applications/{}", sent["id"].as_str().unwrap());
        // Only a merge gives this reason.
        let joined = json!({"status": end["status"], "reason": "same_person"});
        assert_eq!(
            app.patch(&path, &joined).expect(422).faults(),
            [("/reason".into(), "unexpected_reason".into())]
        );
        app.patch(&path, end).expect(200);
    }
    let refused = app.post("/v1/applications", &bid).expect(409);
    assert_eq!(refused.code(), "too_many_applications");
    // The limit is one person's, and one deliverable's.
    applied(app, &flyer, &app.worker(json!({})));
    let other = app.deliverable(&app.organization("海"), team(1));
    applied(app, &other, &worker);
}

fn counts_all_applications_and_the_taken_places(app: &TestApp) {
    let organization = app.organization("風");
    let [two, none, closed] = [team(3), team(1), team(1)].map(|team| app.deliverable(&organization, team));
    let accepted = applied(app, &two, &app.worker(json!({})));
    to(app, &accepted, "agreed").expect(200);
    to(app, &applied(app, &two, &app.worker(json!({}))), "declined").expect(200);
    applied(app, &two, &app.worker(json!({})));
    to(app, &applied(app, &closed, &app.worker(json!({}))), "agreed").expect(200);
    let tallies = |ids: &[Id]| {
        app.state
            .pool
            .read_blocking(|db| store::tallies(db, ids))
            .unwrap()
    };
    let (of_two, of_closed) = (
        (
            id(&two),
            Tally {
                answers: 3,
                filled: 1,
                waiting: [("designer".to_owned(), 1)].into(),
            },
        ),
        (
            id(&closed),
            Tally {
                answers: 1,
                filled: 1,
                ..Tally::default()
            },
        ),
    );
    assert_eq!(
        tallies(&[id(&two), id(&none), id(&closed)]),
        [of_two, of_closed].into()
    );
    assert_eq!(tallies(&[]), [].into());
}
