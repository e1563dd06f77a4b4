//! The best team for one deliverable, against every team that could be formed.

use crate::support::{TestApp, on_both};
use musubi::auth::UserRole;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

on_both! {
    the_best_team_is_the_best_of_all,
    rules_cost_what_they_say,
    members_count_and_nobody_sits_twice,
    nobody_sits_twice_under_two_records,
    a_team_is_not_sought_without_end,
    what_is_wrong_with_a_question_is_named,
    who_may_ask_for_a_team,
    a_member_who_is_kept_apart_counts_and_is_not_shown,
}

fn propose(app: &TestApp, deliverable: &str, body: &Value) -> Value {
    let path = format!("/v1/deliverables/{deliverable}/team");
    app.post(&path, body).expect(200).json()
}

fn two_roles(app: &TestApp) -> String {
    let organization = app.organization("風");
    app.deliverable(
        &organization,
        json!({"day_parts": ["saturday_morning", "sunday_morning", "monday_evening"],
            "roles": [{"role": "designer", "places": 2, "skills": [{"skill": "graphic_design", "level": 4, "weight": 3}]},
                {"role": "copywriter", "places": 1, "skills": [{"skill": "copywriting", "level": 3, "weight": 3}]}]}),
    )
}

/// Six people with different times, employers and skills.
fn people(app: &TestApp) -> Vec<String> {
    let parts: [&[&str]; 6] = [
        &["saturday_morning"],
        &["sunday_morning"],
        &["saturday_morning", "sunday_morning"],
        &["monday_evening", "sunday_morning"],
        &["saturday_morning", "monday_evening"],
        &["saturday_morning", "sunday_morning", "monday_evening"],
    ];
    let person = |(i, parts): (usize, &&[&str])| {
        let employer = ["結デザイン", "風工房", "結デザイン"][i % 3];
        app.worker(json!({"roles": ["designer", "copywriter"], "day_parts": parts,
            "personal": {"name": format!("人{i}"), "employer": employer}, "track_record": {"completed": i, "dropped": 0},
            "skills": [{"skill": "graphic_design", "level": 1 + (i * 2) % 5}, {"skill": "copywriting", "level": 1 + i % 4}]}))
    };
    parts.iter().enumerate().map(person).collect()
}

/// The fit of everybody in each role, from the rankings.
fn fits(app: &TestApp, deliverable: &str) -> BTreeMap<(String, String), u64> {
    let mut fits = BTreeMap::new();
    for role in ["designer", "copywriter"] {
        let path = format!("/v1/deliverables/{deliverable}/matches?fairness=off&role={role}");
        for item in app.get(&path).expect(200).json()["items"].as_array().unwrap() {
            let worker = item["worker"]["id"].as_str().unwrap().to_owned();
            fits.insert((role.to_owned(), worker), item["fit_ppm"].as_u64().unwrap());
        }
    }
    fits
}

struct Person {
    id: String,
    parts: BTreeSet<String>,
    employer: String,
}

fn known(app: &TestApp, ids: &[String]) -> Vec<Person> {
    let person = |id: &String| {
        let worker = app.get(&format!("/v1/workers/{id}")).expect(200).json();
        let parts = worker["day_parts"].as_array().unwrap().iter();
        Person {
            id: id.clone(),
            parts: parts.map(|part| part.as_str().unwrap().to_owned()).collect(),
            employer: worker["personal"]["employer"].as_str().unwrap().to_owned(),
        }
    };
    ids.iter().map(person).collect()
}

/// The sums of fits of every team of two designers and a copywriter that keeps the rules, the best first.
fn every_team(
    people: &[Person],
    fits: &BTreeMap<(String, String), u64>,
    shared: usize,
    of_employer: usize,
) -> Vec<u64> {
    let mut sums = Vec::new();
    for a in 0..people.len() {
        for b in a + 1..people.len() {
            for c in (0..people.len()).filter(|c| *c != a && *c != b) {
                let team = [&people[a], &people[b], &people[c]];
                let common = team[0]
                    .parts
                    .iter()
                    .filter(|part| team.iter().all(|p| p.parts.contains(*part)));
                let of = |one: &Person| team.iter().filter(|p| p.employer == one.employer).count();
                let seats = [
                    ("designer", team[0]),
                    ("designer", team[1]),
                    ("copywriter", team[2]),
                ];
                let fit = seats.map(|(role, p)| fits.get(&(role.to_owned(), p.id.clone())).copied());
                if let [Some(x), Some(y), Some(z)] = fit
                    && common.count() >= shared
                    && team.iter().all(|p| of(p) <= of_employer)
                {
                    sums.push(x + y + z);
                }
            }
        }
    }
    sums.sort_unstable_by(|x, y| y.cmp(x));
    sums
}

fn the_best_team_is_the_best_of_all(app: &TestApp) {
    let deliverable = two_roles(app);
    let people = known(app, &people(app));
    let fits = fits(app, &deliverable);
    for shared in 0..=3 {
        for of_employer in 1..=3 {
            let sums = every_team(&people, &fits, shared, of_employer);
            let body = json!({"shared_day_parts": shared, "most_of_employer": of_employer});
            let found = propose(app, &deliverable, &body);
            let asked = format!("{shared} shared, {of_employer} of one employer: {found}");
            assert_eq!(found["exact"], true);
            assert_eq!(
                found["best"]["fit_ppm"].as_u64(),
                sums.first().copied(),
                "{asked}"
            );
            assert_eq!(
                found["runner_up"]["fit_ppm"].as_u64(),
                sums.get(1).copied(),
                "{asked}"
            );
            let eased = |rule: &str| {
                let rules = found["rules"].as_array().unwrap();
                rules.iter().find(|one| one["rule"] == rule).cloned()
            };
            let without = every_team(&people, &fits, shared, 3);
            assert_eq!(
                eased("most_of_employer").unwrap()["fit_ppm"].as_u64(),
                without.first().copied(),
                "{asked}"
            );
            if let Some(meeting) = eased("shared_day_parts") {
                let without = every_team(&people, &fits, 0, of_employer);
                assert_eq!(meeting["fit_ppm"].as_u64(), without.first().copied(), "{asked}");
            }
            let places = found["best"]["places"].as_array().cloned().unwrap_or_default();
            let mut ids: Vec<&str> = places
                .iter()
                .map(|p| p["worker"]["id"].as_str().unwrap())
                .collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), places.len());
            for cell in found["week"].as_array().unwrap() {
                let part = cell["day_part"].as_str().unwrap();
                let team = people.iter().filter(|p| ids.contains(&p.id.as_str()));
                let free = team.filter(|p| p.parts.contains(part)).count();
                assert_eq!(cell["worker_ids"].as_array().unwrap().len(), free, "{part}");
                assert_eq!(cell["shared"], free == ids.len());
            }
        }
    }
}

fn rules_cost_what_they_say(app: &TestApp) {
    let deliverable = two_roles(app);
    let ids = people(app);
    let free = propose(app, &deliverable, &json!({}));
    let best = free["best"]["fit_ppm"].as_i64().unwrap();
    // A replacement's loss is what the team loses with the member banned and the others pinned.
    let places = free["best"]["places"].as_array().unwrap();
    for place in places {
        let out = &place["worker"]["id"];
        let others = places.iter().filter(|other| other["worker"]["id"] != *out);
        let pins: Vec<Value> = others
            .map(|other| json!({"worker_id": other["worker"]["id"], "role": other["role"]}))
            .collect();
        let without = propose(
            app,
            &deliverable,
            &json!({"banned_worker_ids": [out], "pins": pins}),
        );
        assert_eq!(
            place["replacement"]["loss_ppm"].as_i64().unwrap(),
            best - without["best"]["fit_ppm"].as_i64().unwrap()
        );
        assert!(
            without["best"]["places"]
                .as_array()
                .unwrap()
                .iter()
                .any(|p| p["pinned"] == true)
        );
    }
    // A pin costs the difference to the free team.
    let body = json!({"pins": [{"worker_id": ids[0], "role": "copywriter"}]});
    let pinned = propose(app, &deliverable, &body);
    let cost = &pinned["rules"][0];
    assert_eq!(
        (&cost["rule"], &cost["pin"], &cost["fit_ppm"]),
        (&json!("pin"), &json!(0), &json!(best))
    );
    assert_eq!(
        cost["gain_ppm"].as_i64().unwrap(),
        best - pinned["best"]["fit_ppm"].as_i64().unwrap()
    );
    // Words in both languages.
    let english = app.post_with(
        &format!("/v1/deliverables/{deliverable}/team"),
        &[("accept-language", "en")],
        &body,
    );
    assert!(
        english.json()["because"]
            .as_str()
            .unwrap()
            .starts_with("The sum of fits is")
    );
    assert!(pinned["because"].as_str().unwrap().starts_with("適合度の合計は"));
    let uncovered = app.deliverable(
        &app.organization("丘"),
        json!({"roles": [{"role": "designer", "places": 1, "skills": [{"skill": "illustration", "level": 3, "weight": 1}]}]}),
    );
    let found = propose(app, &uncovered, &json!({}));
    assert_eq!(found["uncovered"][0]["skill"], "illustration");
}

fn members_count_and_nobody_sits_twice(app: &TestApp) {
    let deliverable = two_roles(app);
    let ids = people(app);
    let bid = json!({"deliverable_id": deliverable, "worker_id": ids[0], "role": "designer"});
    let application = app.post("/v1/applications", &bid).expect(201).json();
    app.patch(
        &format!("/v1/applications/{}", application["id"].as_str().unwrap()),
        &json!({"status": "agreed"}),
    )
    .expect(200);
    // The member only has time on Saturday morning.
    let found = propose(app, &deliverable, &json!({"shared_day_parts": 1}));
    assert_eq!(found["members"][0]["worker"]["id"], json!(ids[0]));
    assert_eq!(found["best"]["shared_day_parts"], json!(["saturday_morning"]));
    let places = found["best"]["places"].as_array().unwrap();
    assert_eq!(places.len(), 2);
    assert!(places.iter().all(|place| place["worker"]["id"] != json!(ids[0])));
    let body = json!({"pins": [{"worker_id": ids[0], "role": "designer"}]});
    let refused = app
        .post(&format!("/v1/deliverables/{deliverable}/team"), &body)
        .expect(422);
    assert_eq!(
        refused.faults(),
        [("/pins/0/worker_id".to_owned(), "already_placed".to_owned())]
    );
}

fn nobody_sits_twice_under_two_records(app: &TestApp) {
    let deliverable = two_roles(app);
    people(app);
    let expert = |email: &str| {
        app.worker(json!({"roles": ["designer", "copywriter"], "capacity": 3,
            "day_parts": ["saturday_morning", "sunday_morning", "monday_evening"],
            "personal": {"name": "名人 花子", "email": email}, "track_record": {"completed": 30, "dropped": 0},
            "skills": [{"skill": "graphic_design", "level": 5}, {"skill": "copywriting", "level": 5}]}))
    };
    let experts = [
        expert("hanako@example.jp"),
        expert("HANAKO@example.jp"),
        expert("hanako@example.com"),
    ];
    let seated = |found: &Value, team: &str| -> Vec<usize> {
        let places = found[team]["places"].as_array().unwrap().iter();
        let ids: Vec<&Value> = places.map(|place| &place["worker"]["id"]).collect();
        (0..3).filter(|at| ids.contains(&&json!(experts[*at]))).collect()
    };
    // The namesake with another address is somebody else.
    let found = propose(app, &deliverable, &json!({}));
    for team in ["best", "runner_up"] {
        let seated = seated(&found, team);
        assert!(
            seated.iter().filter(|at| **at < 2).count() <= 1,
            "{team} {seated:?}"
        );
    }
    assert_eq!(seated(&found, "best").len(), 2);
    assert!(found["exact"].as_bool().unwrap());
    assert!(
        found["rules"].as_array().unwrap().is_empty(),
        "{}",
        found["rules"]
    );
    // Nor beside a member, nor in somebody's place.
    let bid = json!({"deliverable_id": deliverable, "worker_id": experts[0], "role": "designer"});
    let application = app.post("/v1/applications", &bid).expect(201).json();
    let path = format!("/v1/applications/{}", application["id"].as_str().unwrap());
    app.patch(&path, &json!({"status": "agreed"})).expect(200);
    let found = propose(app, &deliverable, &json!({}));
    assert_eq!(
        (seated(&found, "best"), seated(&found, "runner_up").contains(&1)),
        (vec![2], false)
    );
    let mut places = found["best"]["places"].as_array().unwrap().iter();
    assert!(places.all(|place| place["replacement"]["worker"]["id"] != json!(experts[1])));
    let pairs = || {
        app.get("/v1/duplicates?kind=worker&status=proposed")
            .expect(200)
            .json()["items"]
            .clone()
    };
    let of_both = |pair: &&Value| {
        experts[..2]
            .iter()
            .all(|id| pair["records"].to_string().contains(id))
    };
    app.until(|| pairs().as_array().unwrap().iter().any(|pair| of_both(&pair)));
    let pair = pairs().as_array().unwrap().iter().find(of_both).unwrap().clone();
    let pair = format!("/v1/duplicates/{}", pair["id"].as_str().unwrap());
    app.patch(&pair, &json!({"status": "distinct"})).expect(200);
    assert_eq!(seated(&propose(app, &deliverable, &json!({})), "best"), [1, 2]);
}

/// Each of these records would be left out by a search of its own.
fn a_team_is_not_sought_without_end(app: &TestApp) {
    let deliverable = two_roles(app);
    for _ in 0..23 {
        app.worker(json!({"roles": ["designer", "copywriter"],
            "day_parts": ["saturday_morning", "sunday_morning", "monday_evening"],
            "personal": {"name": "田中 さくら", "email": "sakura@example.jp"},
            "skills": [{"skill": "graphic_design", "level": 5}, {"skill": "copywriting", "level": 5}]}));
    }
    let refused = app
        .post(&format!("/v1/deliverables/{deliverable}/team"), &json!({}))
        .expect(409);
    assert_eq!(refused.code(), "too_many_doubles");
}

fn what_is_wrong_with_a_question_is_named(app: &TestApp) {
    let deliverable = two_roles(app);
    let ids = people(app);
    let far = app.worker(json!({"area": "132098", "travel_limit_km": 1}));
    let nobody = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";
    let pin = |worker: &str, role: &str| json!({"worker_id": worker, "role": role});
    let cases = [
        (
            json!({"shared_day_parts": 4}),
            "/shared_day_parts",
            "out_of_range",
        ),
        (
            json!({"shared_day_parts": 22}),
            "/shared_day_parts",
            "out_of_range",
        ),
        (json!({"min_fit_ppm": 1_000_001}), "/min_fit_ppm", "out_of_range"),
        (
            json!({"most_of_employer": 0}),
            "/most_of_employer",
            "out_of_range",
        ),
        (
            json!({"pins": [pin(&ids[0], "programmer")]}),
            "/pins/0/role",
            "role_filled",
        ),
        (
            json!({"pins": [pin(nobody, "designer")]}),
            "/pins/0/worker_id",
            "unknown_worker",
        ),
        (
            json!({"pins": [pin(&far, "designer")]}),
            "/pins/0/worker_id",
            "gate_failed",
        ),
        (
            json!({"pins": [pin(&ids[0], "designer"), pin(&ids[0], "copywriter")]}),
            "/pins/1",
            "conflicting_pins",
        ),
        (
            json!({"pins": [pin(&ids[0], "copywriter"), pin(&ids[1], "copywriter")]}),
            "/pins/1",
            "conflicting_pins",
        ),
        (
            json!({"pins": [pin(&ids[0], "designer")], "banned_worker_ids": [ids[0]]}),
            "/pins/0",
            "pinned_and_banned",
        ),
        (
            json!({"pins": [pin(&ids[0], "designer")], "min_fit_ppm": 1_000_000}),
            "/pins/0",
            "below_minimum",
        ),
        (
            json!({"banned_worker_ids": [nobody]}),
            "/banned_worker_ids/0",
            "unknown_worker",
        ),
    ];
    for (body, pointer, code) in cases {
        let refused = app
            .post(&format!("/v1/deliverables/{deliverable}/team"), &body)
            .expect(422);
        assert_eq!(
            refused.faults(),
            [(pointer.to_owned(), code.to_owned())],
            "{body}"
        );
    }
    // Nobody can meet: no team, and the rule that prevents it.
    let apart = json!({"shared_day_parts": 3, "banned_worker_ids": [ids[5]]});
    let none = propose(app, &deliverable, &apart);
    assert_eq!((&none["best"], &none["exact"]), (&Value::Null, &json!(true)));
    let rules = none["rules"].as_array().unwrap();
    assert!(
        rules
            .iter()
            .any(|one| one["rule"] == "shared_day_parts" && one["fit_ppm"].is_u64())
    );
    let full = app.deliverable(
        &app.organization("丘"),
        json!({"roles": [{"role": "designer", "places": 1}]}),
    );
    let bid = json!({"deliverable_id": full, "worker_id": ids[1], "role": "designer"});
    let application = app.post("/v1/applications", &bid).expect(201).json();
    app.patch(
        &format!("/v1/applications/{}", application["id"].as_str().unwrap()),
        &json!({"status": "agreed"}),
    )
    .expect(200);
    let refused = app
        .post(&format!("/v1/deliverables/{full}/team"), &json!({}))
        .expect(409);
    assert_eq!(refused.code(), "no_open_places");
}

fn who_may_ask_for_a_team(app: &TestApp) {
    let deliverable = two_roles(app);
    let path = format!("/v1/deliverables/{deliverable}/team");
    let organization = app
        .get(&format!("/v1/deliverables/{deliverable}"))
        .expect(200)
        .json();
    let apart = app.worker(json!({"roles": ["designer", "copywriter"],
        "blocked_organization_ids": [organization["organization_id"]]}));
    let member = app.logged_in(
        "member@example.jp",
        json!({"role": "organization", "organization_id": organization["organization_id"]}),
    );
    app.call("POST", &path, &member, &json!({})).expect(200);
    let refused = app
        .call("POST", &path, &member, &json!({"most_of_employer": 1}))
        .expect(422);
    assert_eq!(
        refused.faults(),
        [("/most_of_employer".to_owned(), "not_permitted".to_owned())]
    );
    // Who is kept apart doesn't exist for the organization; a coordinator sees why.
    let pin = json!({"pins": [{"worker_id": apart, "role": "designer"}]});
    let hidden = app.call("POST", &path, &member, &pin).expect(422);
    assert_eq!(hidden.faults()[0].1, "unknown_worker");
    let shown = app
        .call("POST", &path, &app.token(UserRole::Coordinator), &pin)
        .expect(422);
    assert_eq!(shown.faults()[0].1, "gate_failed");
    app.call("POST", &path, &app.token(UserRole::Importer), &json!({}))
        .expect(403);
    let elsewhere = app
        .post("/v1/organizations", &json!({"name": "丘", "area": "131130"}))
        .expect(201)
        .json();
    let elsewhere = app.deliverable(elsewhere["id"].as_str().unwrap(), json!({}));
    let path = format!("/v1/deliverables/{elsewhere}/team");
    app.call("POST", &path, &app.token(UserRole::Coordinator), &json!({}))
        .expect(404);
    app.call("POST", &path, &member, &json!({})).expect(404);
}

fn a_member_who_is_kept_apart_counts_and_is_not_shown(app: &TestApp) {
    let (lead, joint) = (app.organization("風"), app.organization("隣の会"));
    // An administrator names and accepts at once.
    let deliverable = app.deliverable(
        &lead,
        json!({"joint_organization_ids": [joint],
            "roles": [{"role": "designer", "places": 2, "skills": []}, {"role": "copywriter", "places": 1, "skills": []}]}),
    );
    let ids = people(app);
    let (member, apart) = (&ids[0], &ids[1]);
    let bid = json!({"deliverable_id": deliverable, "worker_id": member, "role": "designer"});
    let application = app.post("/v1/applications", &bid).expect(201).json();
    let application = application["id"].as_str().unwrap();
    app.patch(
        &format!("/v1/applications/{application}"),
        &json!({"status": "agreed"}),
    )
    .expect(200);
    let of = |organization: &str, email: &str| {
        app.logged_in(
            email,
            json!({"role": "organization", "organization_id": organization}),
        )
    };
    let (lead, joint_token) = (of(&lead, "lead@example.jp"), of(&joint, "joint@example.jp"));
    let path = format!("/v1/deliverables/{deliverable}");
    let team = format!("{path}/team");
    let reads = |token: &str| {
        let trial = json!({"deliverable_id": deliverable});
        [
            app.call("GET", &format!("{path}/matches"), token, &Value::Null),
            app.call("POST", "/v1/matches/preview", token, &trial),
            app.call("POST", &team, token, &json!({})),
        ]
        .map(|answer| {
            let text = answer.expect(200).text;
            text.contains(member.as_str()) || text.contains(application)
        })
    };
    assert_eq!((reads(&lead), reads(&joint_token)), ([true; 3], [true; 3]));
    for worker in [member, apart] {
        let block = json!({"blocked_organization_ids": [joint]});
        app.patch(&format!("/v1/workers/{worker}"), &block).expect(200);
    }
    assert_eq!((reads(&lead), reads(&joint_token)), ([true; 3], [false; 3]));
    assert_eq!(reads(&app.admin), [true; 3]);
    // The place is taken for everybody.
    let found = app
        .call("POST", &team, &joint_token, &json!({}))
        .expect(200)
        .json();
    assert_eq!(found["best"]["places"].as_array().unwrap().len(), 2);
    assert_eq!(found["members"], json!([]));
    // Naming somebody tells nothing either.
    let nobody = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";
    let questions = |worker: &str| {
        let pin = |role: &str| json!({"worker_id": worker, "role": role});
        [
            json!({"banned_worker_ids": [worker]}),
            json!({"pins": [pin("designer")]}),
            json!({"pins": [pin("programmer")]}),
            json!({"pins": [pin("designer"), pin("copywriter")], "banned_worker_ids": [worker]}),
        ]
    };
    let answers = |worker: &str| {
        questions(worker).map(|body| {
            let refused = app.call("POST", &team, &joint_token, &body).expect(422);
            refused.faults()
        })
    };
    assert_eq!(answers(member), answers(nobody));
    assert_eq!(answers(apart), answers(nobody));
    // Who has a reason to know them may name them.
    let ban = json!({"banned_worker_ids": [member]});
    app.call("POST", &team, &lead, &ban).expect(200);
    app.post(&team, &ban).expect(200);
}
