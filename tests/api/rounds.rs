//! Rounds over HTTP: the best of all answers, its proof, changing it, and publishing it.

use crate::support::{TestApp, on_both};
use chrono::Duration;
use matcher::round::audit::Judgement;
use musubi::auth::{Claims, UserRole};
use musubi::db::Instant;
use musubi::rounds::{instance::RoundInstance, store};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;

on_both! {
    a_round_is_the_best_of_all_answers,
    spoiled_answers_are_refused,
    a_changed_draft_says_who_moved,
    a_round_is_published_once_or_not_at_all,
    nobody_is_invited_twice_under_two_records,
    nobody_is_invited_if_somebody_cant_be,
    what_is_wrong_with_a_round_is_named,
    a_round_stays_within_the_areas_of_its_reader,
    erasing_a_worker_empties_their_places,
    one_requirement_less_fills_more,
    old_rounds_are_deleted,
    earlier_places_give_way,
    the_command_judges_instances,
    a_round_has_a_limited_size,
    workers_withdraw_while_it_is_published,
    applications_are_withdrawn_while_it_is_published,
    coordinators_hear_of_their_rounds,
    the_demos_requests_stand_side_by_side_in_the_docs,
    who_is_hidden_is_answered_as_nobody,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Two requests with four places of three roles.
fn requests(app: &TestApp) -> [String; 2] {
    let organization = app.organization("風");
    let role = |role: &str, places: u32, skill: &str| json!({"role": role, "places": places, "skills": [{"skill": skill, "level": 4, "weight": 3}]});
    [
        app.deliverable(
            &organization,
            json!({"roles": [role("designer", 1, "graphic_design"), role("copywriter", 1, "copywriting")]}),
        ),
        app.deliverable(
            &organization,
            json!({"roles": [role("designer", 2, "graphic_design")]}),
        ),
    ]
}

/// Workers with different skills. Every second one only designs, and the last has time for two projects.
fn people(app: &TestApp, count: usize) -> Vec<String> {
    let person = |i: usize| {
        let roles = if i.is_multiple_of(2) {
            json!(["designer"])
        } else {
            json!(["designer", "copywriter"])
        };
        app.worker(json!({"roles": roles, "capacity": if i + 1 == count { 2 } else { 1 },
            "personal": {"name": format!("人{i}")}, "track_record": {"completed": i, "dropped": 0},
            "skills": [{"skill": "graphic_design", "level": 1 + (i * 2) % 5}, {"skill": "copywriting", "level": 1 + i % 5}]}))
    };
    (0..count).map(person).collect()
}

fn create(app: &TestApp, body: &Value) -> String {
    text(&app.post("/v1/rounds", body).expect(201).json()["id"])
}

fn show(app: &TestApp, id: &str) -> Value {
    app.get(&format!("/v1/rounds/{id}")).expect(200).json()
}

/// A slot: deliverable and role; then everybody who passes for it, with their fits.
type Slots = Vec<((String, String), BTreeMap<String, u64>)>;

/// One entry for each place.
fn places(app: &TestApp, round: &Value) -> Slots {
    let mut places = Vec::new();
    for slot in round["slots"].as_array().unwrap() {
        let (deliverable, role) = (text(&slot["deliverable_id"]), text(&slot["role"]));
        let path = format!("/v1/deliverables/{deliverable}/matches?fairness=off&role={role}");
        let ranking = app.get(&path).expect(200).json();
        let fits = ranking["items"].as_array().unwrap().iter();
        let fits: BTreeMap<String, u64> = fits
            .map(|item| (text(&item["worker"]["id"]), item["fit_ppm"].as_u64().unwrap()))
            .collect();
        for _ in 0..slot["places"].as_u64().unwrap() {
            places.push(((deliverable.clone(), role.clone()), fits.clone()));
        }
    }
    places
}

/// Calls `each` with the chosen worker of every place, for every allowed answer.
fn every_answer(
    places: &Slots,
    capacity: &dyn Fn(&str) -> usize,
    chosen: &mut Vec<Option<String>>,
    each: &mut dyn FnMut(&[Option<String>]),
) {
    let Some(((deliverable, _), fits)) = places.get(chosen.len()) else {
        return each(chosen);
    };
    chosen.push(None);
    every_answer(places, capacity, chosen, each);
    chosen.pop();
    for worker in fits.keys() {
        let of = |at: usize| chosen[at].as_ref() == Some(worker);
        let own: Vec<usize> = (0..chosen.len()).filter(|at| of(*at)).collect();
        let is_in = own.iter().any(|at| places[*at].0.0 == *deliverable);
        if own.len() < capacity(worker) && !is_in {
            chosen.push(Some(worker.clone()));
            every_answer(places, capacity, chosen, each);
            chosen.pop();
        }
    }
}

fn a_round_is_the_best_of_all_answers(app: &TestApp) {
    let deliverables = requests(app);
    // Too few for all places, and then enough.
    for count in [2, 6] {
        let ids = people(app, count);
        let last = ids.last().unwrap().clone();
        let capacity = |worker: &str| if *worker == last { 2 } else { 1 };
        for objective in ["fill_then_fit", "fit", "worst_first", "complete_teams", "stable"] {
            let body =
                json!({"deliverable_ids": deliverables, "objective": objective, "min_fit_ppm": 100_000});
            let id = create(app, &body);
            let round = show(app, &id);
            let places = places(app, &round);
            let mut best = (0, 0, 0);
            let mut seen = 0;
            every_answer(&places, &capacity, &mut Vec::new(), &mut |chosen| {
                seen += 1;
                let fits: Vec<u64> = chosen
                    .iter()
                    .zip(&places)
                    .filter_map(|(worker, (_, fits))| Some(fits[worker.as_ref()?]))
                    .collect();
                if fits.iter().any(|fit| *fit < 100_000) {
                    return;
                }
                let sum: u64 = fits.iter().sum();
                let lowest = fits.iter().min().copied().unwrap_or(0);
                let teams: BTreeMap<&String, (usize, usize)> =
                    chosen
                        .iter()
                        .zip(&places)
                        .fold(BTreeMap::new(), |mut teams, (worker, ((of, _), _))| {
                            let team = teams.entry(of).or_insert((0, 0));
                            (team.0, team.1) = (team.0 + usize::from(worker.is_some()), team.1 + 1);
                            teams
                        });
                let complete = teams.values().filter(|(filled, all)| filled == all).count();
                let is_whole = teams.values().all(|(filled, all)| *filled == 0 || filled == all);
                let worth = match objective {
                    "fill_then_fit" => (fits.len() as u64, sum, 0),
                    "fit" => (sum, 0, 0),
                    "worst_first" => (fits.len() as u64, lowest, sum),
                    "complete_teams" if is_whole => (complete as u64, sum, 0),
                    _ => (0, 0, 0),
                };
                best = best.max(worth);
            });
            assert!(seen > 20);
            let totals = &round["totals"];
            let (filled, sum) = (
                totals["filled"].as_u64().unwrap(),
                totals["fit_ppm"].as_u64().unwrap(),
            );
            let lowest = totals["lowest_fit_ppm"].as_u64().unwrap_or(0);
            let found = match objective {
                "fill_then_fit" => (filled, sum, 0),
                "fit" => (sum, 0, 0),
                "worst_first" => (filled, lowest, sum),
                "complete_teams" => (best.0, sum, 0),
                _ => best,
            };
            assert_eq!(found, best, "{objective} {count}: {round}");
            assert_eq!(round["proven"], true, "{objective} {count}");
            let verdict = app
                .post(&format!("/v1/rounds/{id}/verify"), &json!({}))
                .expect(200)
                .json();
            assert_eq!(verdict["allowed"], true, "{objective} {count}: {verdict}");
            for bound in verdict["values"].as_array().unwrap() {
                assert!(
                    objective == "worst_first" || bound["value"] == bound["bound"],
                    "{verdict}"
                );
            }
            let instance = app.get(&format!("/v1/rounds/{id}/instance")).expect(200);
            let instance: RoundInstance = serde_json::from_str(&instance.text).unwrap();
            let judged = instance.judge();
            let is_proven = matches!(judged, Judgement::Proven { .. });
            assert!(
                is_proven || objective == "complete_teams",
                "{objective}: {judged:?}"
            );
            // Never more than one place in a deliverable, and the words are there.
            let mut seats = BTreeSet::new();
            for one in round["assignments"].as_array().unwrap() {
                assert!(seats.insert((text(&one["deliverable_id"]), text(&one["worker"]["id"]))));
                assert!(text(&one["because"]).contains("適合度は"));
            }
            let sequence = app.get(&format!("/v1/rounds/{id}/comparison")).expect(200).json();
            assert_eq!(sequence["with"], round["one_after_another"], "{sequence}");
            assert_eq!(
                sequence["difference"]["fit_ppm"].as_i64().unwrap(),
                sum as i64 - round["one_after_another"]["fit_ppm"].as_i64().unwrap()
            );
        }
        for id in ids {
            app.patch(&format!("/v1/workers/{id}"), &json!({"status": "paused"}))
                .expect(200);
        }
    }
}

fn spoiled_answers_are_refused(app: &TestApp) {
    let deliverables = requests(app);
    people(app, 6);
    let id = create(app, &json!({"deliverable_ids": deliverables}));
    let instance = app.get(&format!("/v1/rounds/{id}/instance")).expect(200).json();
    let judge = |spoil: &dyn Fn(&mut Value)| {
        let mut spoiled = instance.clone();
        spoil(&mut spoiled);
        serde_json::from_value::<RoundInstance>(spoiled).unwrap().judge()
    };
    assert!(matches!(judge(&|_| {}), Judgement::Proven { .. }));
    let spoilers: [&dyn Fn(&mut Value); 7] = [
        &|one| one["seats"].as_array_mut().unwrap().truncate(3),
        &|one| one["seats"][1] = one["seats"][0].clone(),
        &|one| one["seats"][0]["fit_ppm"] = json!(999_999),
        &|one| one["prices"][0][0] = json!(1),
        &|one| one["prices"][0] = json!([0, 0, 0]),
        &|one| one["prices"] = json!([]),
        &|one| one["min_fit_ppm"] = json!(999_999),
    ];
    for (i, spoil) in spoilers.into_iter().enumerate() {
        assert!(matches!(judge(spoil), Judgement::Refused(_)), "{i}");
    }
    // Somebody who fits better makes the stored answer one that is no longer proven.
    app.worker(json!({"skills": [{"skill": "graphic_design", "level": 5}], "track_record": {"completed": 30, "dropped": 0},
        "experience": [{"family": "print", "role": "designer", "delivered": 20}]}));
    let verdict = app
        .post(&format!("/v1/rounds/{id}/verify"), &json!({}))
        .expect(200)
        .json();
    assert_eq!(
        (&verdict["allowed"], &verdict["proven"]),
        (&json!(false), &json!(false)),
        "{verdict}"
    );
}

fn a_changed_draft_says_who_moved(app: &TestApp) {
    let deliverables = requests(app);
    people(app, 4);
    let id = create(app, &json!({"deliverable_ids": deliverables, "title": "冬"}));
    let path = format!("/v1/rounds/{id}");
    let read = app.get(&path).expect(200);
    let before = read.json();
    let out = before["assignments"][0]["worker"]["id"].clone();
    let ban = json!({"bans": [{"worker_id": out}]});
    let stale = app.patch_with(&path, &[("if-match", "\"7\"")], &ban).expect(412);
    assert_eq!(stale.code(), "precondition_failed");
    let changed = app
        .patch_with(&path, &[("if-match", "\"1\"")], &ban)
        .expect(200)
        .json();
    let after = &changed["round"];
    assert_eq!((&after["version"], &after["title"]), (&json!(2), &json!("冬")));
    let moved = changed["difference"]["moved"].as_array().unwrap();
    let left = moved.iter().find(|one| one["worker"]["id"] == out).unwrap();
    assert_eq!(
        (left["from"].as_array().unwrap().len(), &left["to"]),
        (1, &json!([]))
    );
    let sum = |round: &Value, of: &str| round["totals"][of].as_i64().unwrap();
    assert_eq!(
        changed["difference"]["fit_ppm"].as_i64().unwrap(),
        sum(after, "fit_ppm") - sum(&before, "fit_ppm")
    );
    assert_eq!(
        changed["difference"]["places"].as_i64().unwrap(),
        sum(after, "filled") - sum(&before, "filled")
    );
    // What was said about the withdrawal is what comes.
    let loss = &before["assignments"][0]["withdrawal"]["loss"];
    assert_eq!(
        loss["places"].as_i64().unwrap(),
        -changed["difference"]["places"].as_i64().unwrap()
    );
    assert_eq!(
        loss["fit_ppm"].as_i64().unwrap(),
        -changed["difference"]["fit_ppm"].as_i64().unwrap()
    );
    let other = create(app, &json!({"deliverable_ids": deliverables}));
    let comparison = app
        .get(&format!("{path}/comparison?with={other}"))
        .expect(200)
        .json();
    assert_eq!(
        comparison["difference"]["fit_ppm"],
        changed["difference"]["fit_ppm"]
    );
    // A pin holds, also where others fit better.
    let pin = json!({"worker_id": before["assignments"][1]["worker"]["id"], "deliverable_id": deliverables[0], "role": "designer"});
    let pinned = app
        .patch(&path, &json!({"bans": [], "pins": [pin]}))
        .expect(200)
        .json();
    let places = pinned["round"]["assignments"].as_array().unwrap();
    assert!(
        places
            .iter()
            .any(|one| one["pinned"] == true && one["worker"]["id"] == pin["worker_id"])
    );
    assert_eq!(
        app.get("/v1/rounds").expect(200).json()["items"][1]["id"],
        json!(id)
    );
    app.delete(&path).expect(204);
    app.get(&path).expect(404);
}

fn invitations(app: &TestApp) -> Vec<(String, String)> {
    let list = app.get("/v1/applications?limit=200").expect(200).json();
    let items = list["items"].as_array().unwrap().iter();
    items
        .filter(|one| one["direction"] == "invitation")
        .map(|one| (text(&one["deliverable_id"]), text(&one["worker_id"])))
        .collect()
}

fn a_round_is_published_once_or_not_at_all(app: &TestApp) {
    let deliverables = requests(app);
    let ids = people(app, 5);
    // Who has applied for the place already isn't invited again.
    let bid = json!({"deliverable_id": deliverables[1], "worker_id": ids[4], "role": "designer"});
    let application = text(&app.post("/v1/applications", &bid).expect(201).json()["id"]);
    let pin = json!({"worker_id": ids[4], "deliverable_id": deliverables[1], "role": "designer"});
    let id = create(app, &json!({"deliverable_ids": deliverables, "pins": [pin]}));
    let draft = show(app, &id);
    let filled = draft["totals"]["filled"].as_u64().unwrap() as usize;
    assert_eq!(filled, 4);
    let barrier = Barrier::new(20);
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let client = || {
            barrier.wait();
            app.post(&format!("/v1/rounds/{id}/publish"), &json!({})).status
        };
        let clients: Vec<_> = (0..20).map(|_| scope.spawn(client)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(
        answers.iter().filter(|status| **status == 200).count(),
        1,
        "{answers:?}"
    );
    assert!(
        answers.iter().all(|status| [200, 409].contains(status)),
        "{answers:?}"
    );
    let invited = invitations(app);
    assert_eq!(invited.len(), filled - 1, "{invited:?}");
    let round = show(app, &id);
    assert_eq!(
        (&round["status"], &round["version"]),
        (&json!("published"), &json!(2))
    );
    let applications: BTreeSet<String> = round["assignments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["application_id"]))
        .collect();
    assert!(applications.len() == filled && applications.contains(&application));
    assert_eq!(
        app.patch(&format!("/v1/rounds/{id}"), &json!({}))
            .expect(409)
            .code(),
        "round_published"
    );
}

fn nobody_is_invited_twice_under_two_records(app: &TestApp) {
    let [_, two_designers] = requests(app);
    let twin = |phone: &str| {
        app.worker(
            json!({"roles": ["designer"], "personal": {"name": "佐藤 陽子", "phone": phone},
            "skills": [{"skill": "graphic_design", "level": 5}]}),
        )
    };
    let twins = [twin("090-1234-5678"), twin("+81 90 1234 5678")];
    let pin =
        |worker: &String| json!({"worker_id": worker, "deliverable_id": two_designers, "role": "designer"});
    let pins: Vec<Value> = twins.iter().map(pin).collect();
    let id = create(app, &json!({"deliverable_ids": [two_designers], "pins": pins}));
    let publish = format!("/v1/rounds/{id}/publish");
    let refused = app.post(&publish, &json!({})).expect(409);
    assert_eq!(refused.code(), "changed_since");
    let named = refused.json()["assignments"].clone();
    let named: Vec<&Value> = named.as_array().unwrap().iter().map(|one| &one["code"]).collect();
    assert_eq!(named, ["possible_same_person", "possible_same_person"]);
    assert!(invitations(app).is_empty());
    let pairs = || {
        app.get("/v1/duplicates?kind=worker&status=proposed")
            .expect(200)
            .json()["items"]
            .clone()
    };
    app.until(|| pairs().as_array().unwrap().len() == 1);
    let pair = format!("/v1/duplicates/{}", text(&pairs()[0]["id"]));
    app.patch(&pair, &json!({"status": "distinct"})).expect(200);
    app.post(&publish, &json!({})).expect(200);
    assert_eq!(invitations(app).len(), 2);
}

fn nobody_is_invited_if_somebody_cant_be(app: &TestApp) {
    let deliverables = requests(app);
    people(app, 5);
    let id = create(app, &json!({"deliverable_ids": deliverables}));
    let round = show(app, &id);
    let out = text(&round["assignments"][2]["worker"]["id"]);
    app.patch(&format!("/v1/workers/{out}"), &json!({"status": "paused"}))
        .expect(200);
    let refused = app
        .post(&format!("/v1/rounds/{id}/publish"), &json!({}))
        .expect(409);
    assert_eq!(refused.code(), "changed_since");
    let named = &refused.json()["assignments"];
    assert_eq!(named.as_array().unwrap().len(), 1, "{named}");
    assert_eq!(
        (&named[0]["position"], &named[0]["worker"]["id"]),
        (&json!(2), &json!(out))
    );
    assert!(invitations(app).is_empty());
    assert_eq!(show(app, &id)["status"], "draft");
    // Workers who leave meanwhile: all or nothing, in whatever order.
    app.patch(&format!("/v1/rounds/{id}"), &json!({})).expect(200);
    let round = show(app, &id);
    let (first, filled) = (
        text(&round["assignments"][0]["worker"]["id"]),
        round["totals"]["filled"].as_u64().unwrap(),
    );
    let barrier = Barrier::new(2);
    let status = std::thread::scope(|scope| {
        let leaving = scope.spawn(|| {
            barrier.wait();
            app.patch(&format!("/v1/workers/{first}"), &json!({"status": "paused"}))
                .expect(200);
        });
        barrier.wait();
        let status = app.post(&format!("/v1/rounds/{id}/publish"), &json!({})).status;
        leaving.join().unwrap();
        status
    });
    let expected = if status == 200 { filled as usize } else { 0 };
    assert_eq!(invitations(app).len(), expected, "{status}");
}

fn what_is_wrong_with_a_round_is_named(app: &TestApp) {
    let deliverables = requests(app);
    let ids = people(app, 3);
    let far = app.worker(json!({"area": "132098", "travel_limit_km": 1}));
    let organization = app.organization("丘");
    let closed = app.deliverable(&organization, json!({"status": "draft"}));
    let nobody = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";
    let [one, two] = &deliverables;
    let pin = |worker: &str, deliverable: &str, role: &str| json!({"worker_id": worker, "deliverable_id": deliverable, "role": role});
    let with = |more: Value| {
        let mut body = json!({"deliverable_ids": [one, two]});
        crate::support::merge(&mut body, more);
        body
    };
    let cases = [
        (json!({}), "/deliverable_ids", "missing_field"),
        (
            json!({"deliverable_ids": [one], "filter": {}}),
            "/deliverable_ids",
            "second_value",
        ),
        (
            json!({"deliverable_ids": []}),
            "/deliverable_ids",
            "invalid_length",
        ),
        (
            json!({"deliverable_ids": [one, nobody]}),
            "/deliverable_ids/1",
            "unknown_deliverable",
        ),
        (
            json!({"deliverable_ids": [one, one]}),
            "/deliverable_ids/1",
            "duplicate_deliverable",
        ),
        (
            json!({"deliverable_ids": [closed]}),
            "/deliverable_ids/0",
            "deliverable_not_open",
        ),
        (
            json!({"filter": {"family": "nothing"}}),
            "/filter/family",
            "unknown_family",
        ),
        (json!({"filter": {"type": "website"}}), "", "no_open_places"),
        (
            with(json!({"min_fit_ppm": 1_000_001})),
            "/min_fit_ppm",
            "out_of_range",
        ),
        (with(json!({"most_each": 0})), "/most_each", "out_of_range"),
        (
            with(json!({"pins": [pin(&ids[0], &closed, "designer")]})),
            "/pins/0/deliverable_id",
            "deliverable_not_in_round",
        ),
        (
            with(json!({"pins": [pin(&ids[0], two, "copywriter")]})),
            "/pins/0/role",
            "role_filled",
        ),
        (
            with(json!({"pins": [pin(nobody, one, "designer")]})),
            "/pins/0/worker_id",
            "unknown_worker",
        ),
        (
            with(json!({"pins": [pin(&far, one, "designer")]})),
            "/pins/0/worker_id",
            "gate_failed",
        ),
        (
            with(json!({"pins": [pin(&ids[1], one, "designer"), pin(&ids[1], one, "copywriter")]})),
            "/pins/1",
            "conflicting_pins",
        ),
        (
            with(json!({"pins": [pin(&ids[0], one, "designer"), pin(&ids[0], two, "designer")]})),
            "/pins/1",
            "conflicting_pins",
        ),
        (
            with(json!({"pins": [pin(&ids[0], one, "designer")], "min_fit_ppm": 1_000_000})),
            "/pins/0",
            "below_minimum",
        ),
        (
            with(json!({"pins": [pin(&ids[0], one, "designer")], "bans": [{"worker_id": ids[0]}]})),
            "/pins/0",
            "pinned_and_banned",
        ),
        (
            with(json!({"bans": [{"worker_id": nobody}]})),
            "/bans/0/worker_id",
            "unknown_worker",
        ),
        (
            with(json!({"bans": [{"worker_id": ids[0], "deliverable_id": closed}]})),
            "/bans/0/deliverable_id",
            "deliverable_not_in_round",
        ),
        (
            with(json!({"fill_all": true, "min_fit_ppm": 999_999})),
            "/fill_all",
            "unfilled_places",
        ),
    ];
    for (body, pointer, code) in cases {
        let refused = app.post("/v1/rounds", &body).expect(422);
        assert_eq!(
            refused.faults(),
            [(pointer.to_owned(), code.to_owned())],
            "{body}"
        );
    }
    let empty = create(app, &with(json!({"min_fit_ppm": 999_999})));
    let refused = app
        .post(&format!("/v1/rounds/{empty}/publish"), &json!({}))
        .expect(409);
    assert_eq!(refused.code(), "nothing_to_publish");
    assert_eq!(show(app, &empty)["slots"][0]["why"], "below_minimum");
}

fn a_round_stays_within_the_areas_of_its_reader(app: &TestApp) {
    let [here, _] = requests(app);
    let elsewhere = json!({"name": "丘", "area": "131130"});
    let elsewhere = text(&app.post("/v1/organizations", &elsewhere).expect(201).json()["id"]);
    let there = app.deliverable(&elsewhere, json!({}));
    people(app, 3);
    let of_area = |area: &str| {
        let mut claims = Claims::new(UserRole::Coordinator, area, chrono::Utc::now().timestamp(), 3600);
        claims.belonging.areas = vec![area.to_owned()];
        app.state.keys.sign(&claims).unwrap()
    };
    let (own, other) = (of_area("131041"), of_area("131130"));
    let mixed = json!({"deliverable_ids": [here, there]});
    let refused = app.call("POST", "/v1/rounds", &own, &mixed).expect(422);
    assert_eq!(
        refused.faults(),
        [("/deliverable_ids/1".to_owned(), "unknown_deliverable".to_owned())]
    );
    let all = app
        .call("POST", "/v1/rounds", &own, &json!({"filter": {}}))
        .expect(201)
        .json();
    let path = format!("/v1/rounds/{}", text(&all["id"]));
    let seen = app.call("GET", &path, &own, &Value::Null).expect(200).json();
    let of: Vec<String> = seen["deliverables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["id"]))
        .collect();
    assert!(of.contains(&here) && !of.contains(&there));
    assert!(
        !seen.to_string().contains("人0"),
        "no names before the introduction"
    );
    for (method, more) in [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/comparison"),
        ("GET", "/easings"),
        ("GET", "/instance"),
        ("POST", "/verify"),
        ("POST", "/publish"),
    ] {
        let body = if method == "GET" { Value::Null } else { json!({}) };
        app.call(method, &format!("{path}{more}"), &other, &body)
            .expect(404);
    }
    let list = app
        .call("GET", "/v1/rounds", &other, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(list["items"], json!([]));
    // A round over both areas is nobody's but the administrator's.
    let both = create(app, &mixed);
    for token in [&own, &other] {
        app.call("GET", &format!("/v1/rounds/{both}"), token, &Value::Null)
            .expect(404);
    }
    show(app, &both);
}

fn erasing_a_worker_empties_their_places(app: &TestApp) {
    let deliverables = requests(app);
    let ids = people(app, 4);
    let pin = json!({"worker_id": ids[0], "deliverable_id": deliverables[1], "role": "designer"});
    let id = create(app, &json!({"deliverable_ids": deliverables, "pins": [pin]}));
    assert!(show(app, &id).to_string().contains(&ids[0]));
    app.delete(&format!("/v1/workers/{}", ids[0])).expect(204);
    let round = show(app, &id);
    assert!(!round.to_string().contains(&ids[0]), "{round}");
    assert_eq!(round["request"]["pins"], json!([]));
    let places = round["assignments"].as_array().unwrap();
    assert_eq!(places.iter().filter(|one| one["worker"].is_null()).count(), 1);
    let refused = app
        .post(&format!("/v1/rounds/{id}/publish"), &json!({}))
        .expect(409)
        .json();
    assert_eq!(refused["assignments"][0]["code"], "person_erased");
    let verdict = app
        .post(&format!("/v1/rounds/{id}/verify"), &json!({}))
        .expect(200)
        .json();
    assert_eq!(verdict["allowed"], false);
}

fn one_requirement_less_fills_more(app: &TestApp) {
    let organization = app.organization("風");
    let flyer = app.deliverable(
        &organization,
        json!({"qualifications": ["宅建"], "roles": [{"role": "designer", "places": 1}]}),
    );
    app.worker(json!({"qualifications": []}));
    let id = create(app, &json!({"deliverable_ids": [flyer]}));
    let easings = app.get(&format!("/v1/rounds/{id}/easings")).expect(200).json();
    assert_eq!(
        (&easings["filled"], &easings["complete"]),
        (&json!(0), &json!(true))
    );
    let best = &easings["items"][0];
    assert_eq!(
        (&best["relaxation"], &best["additional_places"], &best["patch"]),
        (
            &json!("drop_qualification"),
            &json!(1),
            &json!({"qualifications": []})
        )
    );
    app.patch(&format!("/v1/deliverables/{flyer}"), &best["patch"])
        .expect(200);
    let changed = app
        .patch(&format!("/v1/rounds/{id}"), &json!({}))
        .expect(200)
        .json();
    assert_eq!(changed["difference"]["places"], 1);
}

/// A worker with a place already, one without, and a request for one of them.
fn veteran_and_newcomer(app: &TestApp) -> (String, String, String) {
    let organization = app.organization("風");
    let role = json!({"roles": [{"role": "designer", "places": 1, "skills": [{"skill": "graphic_design", "level": 5, "weight": 3}]}]});
    let earlier = app.deliverable(&organization, role.clone());
    let person = |level: u32| {
        app.worker(json!({"capacity": 3, "skills": [{"skill": "graphic_design", "level": level}]}))
    };
    let (veteran, newcomer) = (person(5), person(4));
    let bid = json!({"deliverable_id": earlier, "worker_id": veteran, "role": "designer"});
    let application = text(&app.post("/v1/applications", &bid).expect(201).json()["id"]);
    let path = format!("/v1/applications/{application}");
    app.patch(&path, &json!({"status": "agreed"})).expect(200);
    (app.deliverable(&organization, role), veteran, newcomer)
}

fn earlier_places_give_way(app: &TestApp) {
    let (wanted, veteran, newcomer) = veteran_and_newcomer(app);
    let body = json!({"deliverable_ids": [wanted], "past_placement_ppm": 500_001});
    let refused = app.post("/v1/rounds", &body).expect(422);
    assert_eq!(
        refused.faults(),
        [("/past_placement_ppm".to_owned(), "out_of_range".to_owned())]
    );
    for objective in ["fill_then_fit", "fit", "worst_first", "stable", "complete_teams"] {
        let plain = json!({"deliverable_ids": [wanted], "objective": objective});
        let id = create(app, &plain);
        let before = show(app, &id);
        let first = &before["assignments"][0];
        assert_eq!(
            (
                &first["worker"]["id"],
                &first["weighed_fit_ppm"],
                &before["without_past"]
            ),
            (&json!(veteran), &Value::Null, &Value::Null),
            "{objective}"
        );
        let path = format!("/v1/rounds/{id}");
        let changed = app
            .patch(&path, &json!({"past_placement_ppm": 500_000}))
            .expect(200)
            .json();
        let round = &changed["round"];
        let fair = &round["assignments"][0];
        assert_eq!(fair["worker"]["id"], json!(newcomer), "{objective}: {round}");
        assert_eq!(fair["weighed_fit_ppm"], fair["fit_ppm"]);
        assert_eq!(changed["difference"]["moved"].as_array().unwrap().len(), 2);
        // Before and after stand side by side.
        let without = &round["without_past"];
        assert_eq!(without["totals"], before["totals"]);
        assert_eq!(without["report"], before["report"]);
        assert!(round["totals"]["fit_ppm"].as_u64() < without["totals"]["fit_ppm"].as_u64());
        assert!(text(&round["because"]).contains("0.50の重みで考慮"), "{round}");
        // The proof holds for the weighed fits, here and elsewhere.
        let verdict = app.post(&format!("{path}/verify"), &json!({})).expect(200).json();
        assert_eq!(
            (&verdict["allowed"], &verdict["proven"]),
            (&json!(true), &json!(true)),
            "{objective}: {verdict}"
        );
        let instance = app.get(&format!("{path}/instance")).expect(200).json();
        let judge = |instance: &Value| {
            let instance: RoundInstance = serde_json::from_value(instance.clone()).unwrap();
            instance.judge()
        };
        assert!(
            matches!(judge(&instance), Judgement::Proven { .. }),
            "{objective}"
        );
        let mut spoiled = instance.clone();
        spoiled["past_placement_ppm"] = json!(0);
        assert!(matches!(judge(&spoiled), Judgement::Refused(_)), "{objective}");
        let mut spoiled = instance.clone();
        for worker in spoiled["workers"].as_array_mut().unwrap() {
            worker["placed"] = json!(7);
        }
        let is_refused = matches!(judge(&spoiled), Judgement::Refused(_));
        assert!(is_refused, "{objective}: everybody was placed as often");
        app.delete(&path).expect(204);
    }
    // A pinned worker stays, and is shown with what counts.
    let pin = json!({"worker_id": veteran, "deliverable_id": wanted, "role": "designer"});
    let body = json!({"deliverable_ids": [wanted], "past_placement_ppm": 500_000, "pins": [pin]});
    let pinned = show(app, &create(app, &body))["assignments"][0].clone();
    let (fit, weighed) = (
        pinned["fit_ppm"].as_u64().unwrap(),
        pinned["weighed_fit_ppm"].as_u64().unwrap(),
    );
    // One place of one application: a quarter comes off.
    assert_eq!(weighed, fit - fit / 4);
    assert!(
        text(&pinned["because"]).contains("これまでに席を得ているため"),
        "{pinned}"
    );
    // The least fit is about the fit itself.
    let between = json!({"deliverable_ids": [wanted], "past_placement_ppm": 500_000, "min_fit_ppm": weighed + 1,
        "bans": [{"worker_id": newcomer}]});
    let placed = show(app, &create(app, &between));
    assert_eq!(placed["assignments"][0]["worker"]["id"], json!(veteran));
    let above = json!({"deliverable_ids": [wanted], "past_placement_ppm": 500_000, "min_fit_ppm": fit + 1});
    let empty = show(app, &create(app, &above));
    assert_eq!(empty["slots"][0]["why"], "below_minimum");
}

fn the_command_judges_instances(app: &TestApp) {
    let deliverables = requests(app);
    people(app, 6);
    let id = create(
        app,
        &json!({"deliverable_ids": deliverables, "past_placement_ppm": 200_000}),
    );
    let instance = app.get(&format!("/v1/rounds/{id}/instance")).expect(200).json();
    let folder = tempfile::tempdir().unwrap();
    let judge = |bytes: &[u8]| {
        let file = folder.path().join("round.json");
        std::fs::write(&file, bytes).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_musubi"));
        let done = command.args(["round", "verify"]).arg(&file).output().unwrap();
        let said = String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap();
        (done.status.success(), said)
    };
    let (is_right, said) = judge(instance.to_string().as_bytes());
    assert!(is_right && said.contains("no answer is better"), "{said}");
    let mut spoiled = instance.clone();
    spoiled["prices"][0][0] = json!(1);
    let (is_right, said) = judge(spoiled.to_string().as_bytes());
    assert!(!is_right && said.contains("Refused: proof 0"), "{said}");
    let mut spoiled = instance.clone();
    spoiled["seats"].as_array_mut().unwrap().pop();
    let (is_right, said) = judge(spoiled.to_string().as_bytes());
    assert!(!is_right && said.contains("Refused"), "{said}");
    let mut absurd = instance.clone();
    absurd["past_placement_ppm"] = json!(u64::MAX);
    let (is_right, said) = judge(absurd.to_string().as_bytes());
    assert!(!is_right && said.contains("Refused"), "{said}");
    // An instance of an earlier release has no past.
    let id = create(app, &json!({"deliverable_ids": deliverables}));
    let mut old = app.get(&format!("/v1/rounds/{id}/instance")).expect(200).json();
    old.as_object_mut().unwrap().remove("past_placement_ppm");
    for worker in old["workers"].as_array_mut().unwrap() {
        let worker = worker.as_object_mut().unwrap();
        worker.remove("placed");
        worker.remove("passed_over");
    }
    let (is_right, said) = judge(old.to_string().as_bytes());
    assert!(is_right, "{said}");
    for unreadable in ["{}", "seats", ""] {
        let (is_right, said) = judge(unreadable.as_bytes());
        assert!(!is_right && said.contains("round.json"), "{said}");
    }
}

fn a_round_has_a_limited_size(app: &TestApp) {
    let organization = app.organization("風");
    let codes = app.get("/v1/roles").expect(200).json();
    let codes = codes["items"].as_array().unwrap().iter().take(10);
    let roles: Vec<Value> = codes
        .map(|role| json!({"role": role["code"], "places": 20}))
        .collect();
    let each = roles.len() * 20;
    let mut ids = Vec::new();
    while ids.len() * each <= 10_000 {
        ids.push(app.deliverable(&organization, json!({"roles": roles})));
    }
    let refused = app
        .post("/v1/rounds", &json!({"deliverable_ids": ids}))
        .expect(422);
    assert_eq!(refused.faults(), [(String::new(), "too_many_places".to_owned())]);
}

fn workers_withdraw_while_it_is_published(app: &TestApp) {
    let deliverables = requests(app);
    let ids = people(app, 6);
    let id = create(app, &json!({"deliverable_ids": deliverables}));
    let filled = show(app, &id)["totals"]["filled"].as_u64().unwrap() as usize;
    let path = format!("/v1/rounds/{id}/publish");
    let barrier = Barrier::new(20 + ids.len());
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let publish = || {
            barrier.wait();
            app.post(&path, &json!({})).status
        };
        let clients: Vec<_> = (0..20).map(|_| scope.spawn(publish)).collect();
        let leaving: Vec<_> = ids
            .iter()
            .map(|worker| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    app.patch(&format!("/v1/workers/{worker}"), &json!({"status": "paused"}))
                        .expect(200);
                })
            })
            .collect();
        leaving.into_iter().for_each(|worker| worker.join().unwrap());
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let published = answers.iter().filter(|status| **status == 200).count();
    assert!(
        published <= 1 && answers.iter().all(|status| [200, 409].contains(status)),
        "{answers:?}"
    );
    // All or nobody, and nobody twice.
    let invited = invitations(app);
    let distinct: BTreeSet<&(String, String)> = invited.iter().collect();
    assert_eq!(
        (invited.len(), distinct.len()),
        (published * filled, invited.len())
    );
    let status = ["draft", "published"][published];
    assert_eq!(show(app, &id)["status"], status);
}

fn applications_are_withdrawn_while_it_is_published(app: &TestApp) {
    let deliverables = requests(app);
    let ids = people(app, 6);
    let own: Vec<String> = ids
        .iter()
        .map(|worker| {
            let bid = json!({"deliverable_id": deliverables[1], "worker_id": worker, "role": "designer"});
            text(&app.post("/v1/applications", &bid).expect(201).json()["id"])
        })
        .collect();
    let id = create(
        app,
        &json!({"deliverable_ids": deliverables, "past_placement_ppm": 300_000}),
    );
    let path = format!("/v1/rounds/{id}");
    let filled = show(app, &id)["totals"]["filled"].as_u64().unwrap() as usize;
    let barrier = Barrier::new(20 + own.len());
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let publish = || {
            barrier.wait();
            app.post(&format!("{path}/publish"), &json!({})).status
        };
        let clients: Vec<_> = (0..20).map(|_| scope.spawn(publish)).collect();
        for one in &own {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                let withdrawn = json!({"status": "withdrawn", "reason": "schedule"});
                app.patch(&format!("/v1/applications/{one}"), &withdrawn)
                    .expect(200);
            });
        }
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let published = answers.iter().filter(|status| **status == 200).count();
    assert!(
        published <= 1 && answers.iter().all(|status| [200, 409].contains(status)),
        "{answers:?}"
    );
    let round = show(app, &id);
    assert_eq!(round["status"], ["draft", "published"][published]);
    for one in &own {
        let ended = app.get(&format!("/v1/applications/{one}")).expect(200).json();
        assert_eq!(ended["status"], "withdrawn");
    }
    // Each place has one application: that of a worker who had not withdrawn yet, or an invitation, and never both.
    let chosen: Vec<&Value> = round["assignments"].as_array().unwrap().iter().collect();
    let with: BTreeSet<String> = chosen
        .iter()
        .filter_map(|one| Some(one["application_id"].as_str()?.to_owned()))
        .collect();
    assert_eq!(with.len(), published * filled);
    let still_there = with.iter().filter(|one| own.contains(one)).count();
    let invited = invitations(app);
    let distinct: BTreeSet<&(String, String)> = invited.iter().collect();
    assert_eq!(
        (invited.len(), distinct.len()),
        (with.len() - still_there, invited.len())
    );
    // Who withdraws isn't passed over.
    let another = create(
        app,
        &json!({"deliverable_ids": deliverables, "past_placement_ppm": 300_000}),
    );
    let instance = app
        .get(&format!("/v1/rounds/{another}/instance"))
        .expect(200)
        .json();
    for worker in instance["workers"].as_array().unwrap() {
        assert_eq!(worker["passed_over"], 0, "{worker}");
    }
    let here = app.get(&format!("/v1/workers/{}", ids[0])).expect(200).json()["here"]["by_role"][0].clone();
    assert_eq!((&here["ended"], &here["withdrawn"]), (&json!(1), &json!(1)));
}

fn coordinators_hear_of_their_rounds(app: &TestApp) {
    let [here, other] = requests(app);
    people(app, 3);
    let of_areas = |areas: &[&str]| {
        let mut claims = Claims::new(
            UserRole::Coordinator,
            "c",
            chrono::Utc::now().timestamp() - 60,
            3600,
        );
        claims.belonging.areas = areas.iter().map(|area| (*area).to_owned()).collect();
        app.state.keys.sign(&claims).unwrap()
    };
    let tokens = [
        of_areas(&["131041"]),
        of_areas(&["131130"]),
        of_areas(&["131041", "131130"]),
    ];
    let call = |token: &str, path: &str| app.call("GET", path, token, &Value::Null);
    let begin = |token: &str| call(token, "/v1/rounds").header("musubi-position").to_owned();
    let positions = tokens.each_ref().map(|token| begin(token));
    let heard = |at: usize| -> Vec<(String, String)> {
        let path = format!("/v1/changes?after={}&types=round", positions[at]);
        let page = call(&tokens[at], &path).expect(200).json();
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|one| (text(&one["id"]), text(&one["action"])))
            .collect()
    };
    let id = create(app, &json!({"deliverable_ids": [here, other]}));
    app.patch(&format!("/v1/rounds/{id}"), &json!({"objective": "fit"}))
        .expect(200);
    let caught_up = || {
        let latest = app
            .state
            .pool
            .read_blocking(musubi::changes::store::latest)
            .unwrap();
        app.until(|| app.state.feed.head() >= latest);
    };
    caught_up();
    let is_about = |at: usize| heard(at).iter().any(|(round, _)| *round == id);
    assert_eq!([0, 1, 2].map(is_about), [true, false, true]);
    // One of the requests moves to an area that only one of them also has.
    app.patch(&format!("/v1/deliverables/{other}"), &json!({"area": "131130"}))
        .expect(200);
    caught_up();
    let last = |at: usize| heard(at).into_iter().rfind(|(round, _)| *round == id);
    assert_eq!(last(0).unwrap().1, "removed");
    assert_eq!(last(1), None);
    call(&tokens[0], &format!("/v1/rounds/{id}")).expect(404);
    call(&tokens[2], &format!("/v1/rounds/{id}")).expect(200);
    app.delete(&format!("/v1/rounds/{id}")).expect(204);
    caught_up();
    assert_eq!(last(2).unwrap().1, "deleted");
}

fn old_rounds_are_deleted(app: &TestApp) {
    let deliverables = requests(app);
    people(app, 2);
    let (draft, published) = (
        create(app, &json!({"deliverable_ids": deliverables})),
        create(app, &json!({"deliverable_ids": deliverables})),
    );
    app.post(&format!("/v1/rounds/{published}/publish"), &json!({}))
        .expect(200);
    let in_days = |days: i64| {
        let then = Instant::from(chrono::Utc::now() + Duration::days(days));
        app.state
            .pool
            .write_blocking(|db| store::purge(db, then))
            .unwrap()
    };
    assert_eq!(in_days(29), 0);
    assert_eq!(in_days(31), 1);
    app.get(&format!("/v1/rounds/{draft}")).expect(404);
    show(app, &published);
    assert_eq!(in_days(401), 1);
    app.get(&format!("/v1/rounds/{published}")).expect(404);
}

fn the_demos_requests_stand_side_by_side_in_the_docs(app: &TestApp) {
    let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    musubi::demo::load(&app.state, today, 300).unwrap();
    let table = musubi::demo::side_by_side(&app.state, today).unwrap();
    let page = std::fs::read_to_string("docs/ranking.md").unwrap();
    assert!(
        page.contains(&table),
        "put this table into docs/ranking.md:\n{table}"
    );
}

/// Every place that takes the id of a worker answers one whom the caller may not see like one who doesn't exist.
fn who_is_hidden_is_answered_as_nobody(app: &TestApp) {
    let [here, _] = requests(app);
    people(app, 3);
    let elsewhere = |mut worker: Value| {
        let there = json!({"area": "131130", "roles": ["designer", "copywriter"]});
        crate::support::merge(&mut worker, there);
        app.worker(worker)
    };
    let (paused, silent, seen) = (
        elsewhere(json!({"status": "paused"})),
        elsewhere(json!({"consent": null})),
        elsewhere(json!({})),
    );
    let own = app.worker(json!({"status": "paused", "roles": ["designer", "copywriter"]}));
    let nobody = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d".to_owned();
    let mut claims = Claims::new(
        UserRole::Coordinator,
        "here",
        chrono::Utc::now().timestamp(),
        3600,
    );
    claims.belonging.areas = vec!["131041".to_owned()];
    let office = app.state.keys.sign(&claims).unwrap();
    let all = json!({"deliverable_ids": [here]});
    let draft = app.call("POST", "/v1/rounds", &office, &all).expect(201).json();
    let (rounds, draft) = (
        "/v1/rounds".to_owned(),
        format!("/v1/rounds/{}", text(&draft["id"])),
    );
    let team = format!("/v1/deliverables/{here}/team");
    let pin = |worker: &str| json!({"worker_id": worker, "deliverable_id": here, "role": "designer"});
    type Body<'b> = Box<dyn Fn(&str) -> Value + 'b>;
    let asks: [(&str, &String, Body); 6] = [
        (
            "POST",
            &rounds,
            Box::new(|worker| json!({"deliverable_ids": [here], "bans": [{"worker_id": worker}]})),
        ),
        (
            "POST",
            &rounds,
            Box::new(|worker| json!({"deliverable_ids": [here], "pins": [pin(worker)]})),
        ),
        (
            "PATCH",
            &draft,
            Box::new(|worker| json!({"bans": [{"worker_id": worker, "deliverable_id": here}]})),
        ),
        ("PATCH", &draft, Box::new(|worker| json!({"pins": [pin(worker)]}))),
        (
            "POST",
            &team,
            Box::new(|worker| json!({"banned_worker_ids": [worker]})),
        ),
        (
            "POST",
            &team,
            Box::new(|worker| json!({"pins": [{"worker_id": worker, "role": "designer"}]})),
        ),
    ];
    for (method, path, body) in &asks {
        let answer = |token: &str, worker: &str| app.call(method, path, token, &body(worker));
        let plain = |token: &str, worker: &str| {
            let mut answer = answer(token, worker).expect(422).json();
            answer["request_id"] = Value::Null;
            answer
        };
        let unknown = plain(&office, &nobody);
        assert!(unknown.to_string().contains("unknown_worker"), "{unknown}");
        for hidden in [&paused, &silent] {
            assert_eq!(plain(&office, hidden), unknown, "{method} {path}");
            // An administrator sees them.
            let shown = answer(&app.admin, hidden);
            assert!(
                !shown.text.contains("unknown_worker"),
                "{method} {path} {}",
                shown.text
            );
        }
        for known in [&own, &seen] {
            let shown = answer(&office, known);
            assert!(
                !shown.text.contains("unknown_worker"),
                "{method} {path} {}",
                shown.text
            );
        }
        app.call("PATCH", &draft, &office, &json!({"bans": [], "pins": []}))
            .expect(200);
    }
    // Who is hidden later stays banned, and the round is computed again.
    let ban = json!({"bans": [{"worker_id": seen}]});
    app.call("PATCH", &draft, &office, &ban).expect(200);
    app.patch(&format!("/v1/workers/{seen}"), &json!({"status": "paused"}))
        .expect(200);
    for patch in [json!({}), ban, json!({"objective": "worst_first"})] {
        app.call("PATCH", &draft, &office, &patch).expect(200);
    }
    for path in ["", "/comparison", "/instance"] {
        app.call("GET", &format!("{draft}{path}"), &office, &Value::Null)
            .expect(200);
    }
}
