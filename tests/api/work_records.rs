//! What happens here counts beside what rosters say: in the ranking, in its explanation, and for the capacity.

use crate::support::{TestApp, on_both};
use matcher::formulas::{completion_ppm, experience_ppm, reliability_ppm};
use matcher::ppm::{PPM, ratio};
use musubi::auth::{Claims, UserRole};
use musubi::db::{Db, Id, Instant};
use musubi::erasure::actions as erasure;
use musubi::reviews;
use serde_json::{Value, json};

on_both! {
    a_roster_neither_erases_nor_doubles_what_happened_here,
    delivered_work_raises_the_fit_by_exactly_the_formula,
    leaving_after_work_began_counts_as_dropped_except_for_illness_or_a_move,
    work_of_merged_records_counts_for_the_person,
    an_answer_by_the_worker_moves_their_last_activity,
    places_here_and_elsewhere_fill_the_capacity_together,
    another_type_moves_what_is_open_to_its_family,
    hours_count_deliveries_twice_and_reviews_count_once_they_are_shown,
}

fn one_place(format: &str) -> Value {
    json!({"format": format, "roles": [{"role": "designer", "places": 1,
        "skills": [{"skill": "graphic_design", "level": 3, "weight": 1}]}]})
}

fn request(app: &TestApp) -> String {
    app.deliverable(&app.organization("風"), one_place("one_day"))
}

fn apply(app: &TestApp, deliverable: &str, worker: &str) -> String {
    let body = json!({"deliverable_id": deliverable, "worker_id": worker, "role": "designer"});
    let created = app.post("/v1/applications", &body).expect(201).json();
    format!("/v1/applications/{}", created["id"].as_str().unwrap())
}

fn join(app: &TestApp, deliverable: &str, worker: &str) -> String {
    let path = apply(app, deliverable, worker);
    app.patch(&path, &json!({"status": "agreed"})).expect(200);
    path
}

fn to(app: &TestApp, deliverable: &str, status: &str) {
    app.patch(
        &format!("/v1/deliverables/{deliverable}"),
        &json!({"status": status}),
    )
    .expect(200);
}

fn deliver(app: &TestApp, worker: &str) {
    let flyer = request(app);
    join(app, &flyer, worker);
    to(app, &flyer, "in_progress");
    to(app, &flyer, "delivered");
}

fn here(app: &TestApp, worker: &str) -> Value {
    app.get(&format!("/v1/workers/{worker}")).expect(200).json()["here"].clone()
}

fn explained(app: &TestApp, deliverable: &str, worker: &str) -> Value {
    app.get(&format!("/v1/deliverables/{deliverable}/matches/{worker}"))
        .expect(200)
        .json()
}

fn component<'v>(explanation: &'v Value, name: &str) -> &'v Value {
    let components = explanation["components"].as_array().unwrap();
    components.iter().find(|one| one["name"] == name).unwrap()
}

fn a_roster_neither_erases_nor_doubles_what_happened_here(app: &TestApp) {
    let roster = |capacity: u8| {
        json!({"consent": {"given_on": "2026-04-01", "text_version": "2026-04"}, "area": "131041",
            "travel_limit_km": 20, "accepted_formats": ["one_day"], "roles": ["designer"], "capacity": capacity,
            "experience": [{"family": "print", "role": "designer", "delivered": 2}], "open_load": 1,
            "track_record": {"completed": 2, "dropped": 1}})
    };
    let path = "/v1/workers/by-external-id/roster/A-1";
    let worker = app.put(path, &roster(5)).expect(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    (0..3).for_each(|_| deliver(app, &worker));
    let flyer = request(app);
    join(app, &flyer, &worker);
    let poster = request(app);
    let before = (here(app, &worker), explained(app, &poster, &worker));
    for capacity in [6, 5] {
        app.put(path, &roster(capacity)).expect(200);
        assert_eq!(here(app, &worker), before.0);
        let after = explained(app, &poster, &worker);
        for name in ["experience", "reliability"] {
            assert_eq!(component(&after, name), component(&before.1, name));
        }
    }
    assert_eq!(before.0["open_load"], 1);
    assert_eq!(
        before.0["by_role"],
        json!([{"family": "print", "role": "designer", "open": 1, "delivered": 3, "dropped": 0,
        "ended": 4, "placed": 4, "withdrawn": 0, "minutes": 0, "reviews": 0, "praise": 0, "criticism": 0}])
    );
    let experience = component(&before.1, "experience");
    assert_eq!(
        experience["inputs"],
        json!({"deliveries": 5, "deliveries_here": 3, "deliveries_by_roster": 2, "hours_here": 0,
            "deliveries_counted_twice": 0})
    );
    assert!(
        experience["because"]
            .as_str()
            .unwrap()
            .contains("当サービスで3件、名簿で2件"),
        "{experience}"
    );
    let english = [("accept-language", "en")];
    let path = format!("/v1/deliverables/{poster}/matches/{worker}");
    let english = app.get_with(&path, &english).expect(200).text;
    assert!(english.contains("(3 here, 2 by roster)"), "{english}");
    assert_eq!(
        component(&before.1, "reliability")["inputs"],
        json!({"completed": 5, "dropped": 1, "completed_here": 3, "dropped_here": 0, "completed_by_roster": 2,
            "dropped_by_roster": 1, "reviews_here": 0, "praise_eighths": 0, "criticism_eighths": 0})
    );
}

/// Computes a fit from the values of the components and their weights, as docs/ranking.md says.
fn fit(values: &[(&str, u64)], weights: &Value) -> u64 {
    let weight = |name: &str| weights[name].as_u64().unwrap();
    let organization = ["skill", "experience", "reliability", "text"];
    let of_organization: u64 = organization.iter().map(|name| weight(name)).sum();
    let share = (600_000 - of_organization).min(weight("availability"));
    let side = |is_organization: bool| {
        let of_side = |name: &str| match name {
            "availability" if is_organization => share,
            "availability" => weight(name) - share,
            name if organization.contains(&name) == is_organization => weight(name),
            _ => 0,
        };
        let all: Vec<u128> = values.iter().map(|(name, _)| u128::from(of_side(name))).collect();
        let all: [u128; 9] = all.try_into().unwrap();
        let scaled = matcher::ppm::apportion(PPM, all);
        let sum: u64 = scaled
            .iter()
            .zip(values)
            .map(|(weight, (_, value))| weight * value)
            .sum();
        ratio(sum, PPM).max(1_000)
    };
    let (o, w) = (side(true), side(false));
    ratio(5 * o * w, 3 * w + 2 * o)
}

fn delivered_work_raises_the_fit_by_exactly_the_formula(app: &TestApp) {
    let (poster, member) = (request(app), app.worker(json!({"capacity": 3})));
    let other = app.worker(json!({"capacity": 3}));
    let ranks = || {
        let list = app
            .get(&format!("/v1/deliverables/{poster}/matches?fairness=off"))
            .expect(200)
            .json();
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|item| item["worker"]["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for delivered in 0..3 {
        let shown = explained(app, &poster, &member);
        // Two people with a record offer the role.
        let overall = completion_ppm(800_000, (delivered, 0));
        let usual = completion_ppm(overall, (delivered, 0));
        let names = matcher::COMPONENTS.map(matcher::Component::code);
        let value = |name: &'static str| {
            let by_hand = match name {
                "experience" => experience_ppm(delivered),
                "reliability" => completion_ppm(usual, (delivered, 0)),
                name => component(&shown, name)["value_ppm"].as_u64().unwrap(),
            };
            assert_eq!(
                component(&shown, name)["value_ppm"],
                by_hand,
                "{name} after {delivered}"
            );
            (name, by_hand)
        };
        let values = names.map(value);
        assert_eq!(
            shown["fit_ppm"],
            fit(&values, &shown["weights"]),
            "after {delivered}"
        );
        if delivered > 0 {
            assert_eq!(ranks(), [member.clone(), other.clone()]);
        }
        deliver(app, &member);
    }
}

fn leaving_after_work_began_counts_as_dropped_except_for_illness_or_a_move(app: &TestApp) {
    for (begun, reason, dropped) in [
        (false, "workload", 0),
        (true, "workload", 1),
        (true, "other_work", 1),
        (true, "schedule", 1),
        (true, "other", 1),
        (true, "health", 0),
        (true, "relocation", 0),
    ] {
        let (flyer, member) = (request(app), app.worker(json!({})));
        let place = join(app, &flyer, &member);
        if begun {
            to(app, &flyer, "in_progress");
        }
        app.patch(&place, &json!({"status": "withdrawn", "reason": reason}))
            .expect(200);
        let counted = here(app, &member);
        assert_eq!(
            (&counted["dropped"], &counted["open_load"]),
            (&json!(dropped), &json!(0)),
            "{reason}"
        );
        let poster = request(app);
        let reliability = &explained(app, &poster, &member)["components"];
        let text = reliability.to_string();
        assert!(
            text.contains(&format!("\"dropped_here\":{dropped}")),
            "{reason}: {text}"
        );
    }
}

fn work_of_merged_records_counts_for_the_person(app: &TestApp) {
    let body =
        json!({"personal": {"name": "佐藤", "email": "y@example.jp", "email_verified": true}, "capacity": 2});
    let (first, second) = (app.worker(body.clone()), app.worker(body));
    let mut pair = Value::Null;
    app.until(|| {
        pair = app.get("/v1/duplicates").expect(200).json()["items"][0].clone();
        !pair.is_null()
    });
    let path = format!("/v1/duplicates/{}", pair["id"].as_str().unwrap());
    let decide = |body: Value| app.patch(&path, &body).expect(200);
    let (poster, busy) = (request(app), request(app));
    let deliveries =
        || component(&explained(app, &poster, &first), "experience")["inputs"]["deliveries_here"].clone();
    deliver(app, &second);
    assert_eq!(deliveries(), 0);
    decide(json!({"status": "merged", "primary_id": first}));
    assert_eq!(deliveries(), 1);
    // What the merged record does from now on counts, too.
    deliver(app, &second);
    assert_eq!(deliveries(), 2);
    join(app, &busy, &second);
    join(app, &request(app), &second);
    let failed = explained(app, &poster, &first)["failed_gates"].clone();
    assert_eq!(failed[0]["gate"], "at_capacity");
    assert!(
        here(app, &first)["by_role"].as_array().unwrap().is_empty(),
        "each record has its own count"
    );
    decide(json!({"status": "distinct", "primary_id": null}));
    assert_eq!(deliveries(), 0);
}

fn token(app: &TestApp, worker: &str) -> String {
    let mut claims = Claims::new(UserRole::Worker, "answers", chrono::Utc::now().timestamp(), 600);
    claims.belonging.worker_id = Some(Id(worker.parse().unwrap()));
    app.state.keys.sign(&claims).unwrap()
}

fn an_answer_by_the_worker_moves_their_last_activity(app: &TestApp) {
    let (flyer, member) = (request(app), app.worker(json!({})));
    let days = || component(&explained(app, &flyer, &member), "responsiveness")["inputs"].clone();
    let declared = days();
    assert!(declared["days_since_active"].as_i64().unwrap() > 0);
    assert!(declared["days_since_answer_here"].is_null());
    // Somebody else's word is no answer.
    let path = apply(app, &flyer, &member);
    app.patch(&path, &json!({"status": "declined", "reason": "schedule"}))
        .expect(200);
    assert_eq!(days(), declared);
    let body = json!({"deliverable_id": flyer, "worker_id": member, "role": "designer"});
    app.call("POST", "/v1/applications", &token(app, &member), &body)
        .expect(201);
    assert_eq!(
        days(),
        json!({"days_since_active": 0, "days_since_answer_here": 0})
    );
}

fn places_here_and_elsewhere_fill_the_capacity_together(app: &TestApp) {
    let member = app.worker(json!({"capacity": 2, "open_load": 1}));
    let (poster, late) = (request(app), request(app));
    let waiting = apply(app, &late, &member);
    join(app, &request(app), &member);
    assert_eq!(
        explained(app, &poster, &member)["failed_gates"][0]["gate"],
        "at_capacity"
    );
    let refused = app.patch(&waiting, &json!({"status": "agreed"})).expect(409);
    assert_eq!(refused.code(), "at_capacity");
    app.patch(&format!("/v1/workers/{member}"), &json!({"open_load": 0}))
        .expect(200);
    app.patch(&waiting, &json!({"status": "agreed"})).expect(200);
    assert_eq!(here(app, &member)["open_load"], 2);
}

fn another_type_moves_what_is_open_to_its_family(app: &TestApp) {
    let member = app.worker(json!({"accepted_formats": ["one_day", "mid_long"]}));
    let flyer = app.deliverable(
        &app.organization("風"),
        json!({"roles": [{"role": "designer", "places": 2, "skills": []}]}),
    );
    join(app, &flyer, &member);
    let family = || here(app, &member)["by_role"].clone();
    assert_eq!(family()[0]["family"], "print");
    app.patch(&format!("/v1/deliverables/{flyer}"), &json!({"type": "website"}))
        .expect(200);
    let open: Vec<u64> = family()
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["open"].as_u64().unwrap())
        .collect();
    assert_eq!(open.iter().sum::<u64>(), 1, "{}", family());
    app.archive(&flyer).expect(204);
    assert_eq!(here(app, &member)["open_load"], 0);
}

fn id(created: &Value) -> String {
    created["id"].as_str().unwrap().to_owned()
}

fn hours_count_deliveries_twice_and_reviews_count_once_they_are_shown(app: &TestApp) {
    let member = app.worker(json!({"capacity": 5}));
    let own = token(app, &member);
    let organization = app.organization("風");
    let mut claims = Claims::new(
        UserRole::Organization,
        "reviews",
        chrono::Utc::now().timestamp(),
        600,
    );
    claims.belonging.organization_id = Some(Id(organization.parse().unwrap()));
    let group = app.state.keys.sign(&claims).unwrap();
    let poster = request(app);
    let flyers: Vec<(String, String)> = (0..2)
        .map(|_| {
            let flyer = app.deliverable(&organization, one_place("one_day"));
            let place = join(app, &flyer, &member);
            to(app, &flyer, "in_progress");
            (flyer, place.rsplit('/').next().unwrap().to_owned())
        })
        .collect();
    let counted = || {
        let shown = explained(app, &poster, &member);
        let of = |name: &str| component(&shown, name).clone();
        (of("experience"), of("reliability"))
    };
    let usual = |delivered| completion_ppm(completion_ppm(800_000, (delivered, 0)), (delivered, 0));

    // Hours without a delivery count nothing.
    let hours = format!("/v1/projects/{}/hours", flyers[0].0);
    let log = |day: u32, minutes: u32| {
        let body = json!({"worked_on": format!("2026-10-{day:02}"), "minutes": minutes});
        id(&app.call("POST", &hours, &own, &body).expect(201).json())
    };
    let entries: Vec<String> = (1..=4).map(|day| log(day, 900)).collect();
    let (experience, _) = counted();
    assert_eq!(experience["value_ppm"], 0);
    assert_eq!(experience["inputs"]["hours_here"], 60);
    let before = app.get(&format!("/v1/workers/{member}")).expect(200).json();
    to(app, &flyers[0].0, "delivered");
    let (experience, reliability) = counted();
    assert_eq!(experience["value_ppm"], experience_ppm(2));
    assert_eq!(
        experience["inputs"],
        json!({"deliveries": 1, "deliveries_here": 1, "deliveries_by_roster": null, "hours_here": 60,
            "deliveries_counted_twice": 1})
    );
    assert!(
        experience["because"]
            .as_str()
            .unwrap()
            .contains("活動60時間により1件を2件分"),
        "{experience}"
    );
    assert_eq!(reliability["value_ppm"], completion_ppm(usual(1), (1, 0)));
    // More hours don't count more, fewer do count less, and the entry knows as what it was counted.
    let late = log(5, 1440);
    assert_eq!(counted().0["inputs"]["deliveries_counted_twice"], 1);
    app.patch(&format!("{hours}/{}", entries[0]), &json!({"minutes": 1}))
        .expect(200);
    for gone in [&entries[1], &late] {
        app.delete(&format!("{hours}/{gone}")).expect(204);
    }
    let (experience, _) = counted();
    assert_eq!(experience["value_ppm"], experience_ppm(1));
    assert_eq!(experience["inputs"]["hours_here"], 30);
    assert_eq!(here(app, &member)["by_role"][0]["minutes"], 1801);
    let after = app.get(&format!("/v1/workers/{member}")).expect(200).json();
    assert!(after["version"].as_i64() > before["version"].as_i64());

    // A review counts when both are in.
    let review = |(flyer, application): &(String, String), token: &str, mark: i32| {
        let body = json!({"application_id": application, "scales": {"communication": mark, "quality": mark,
            "reliability": mark, "again": mark}});
        app.call("POST", &format!("/v1/projects/{flyer}/reviews"), token, &body)
            .expect(201);
    };
    review(&flyers[0], &group, 1);
    review(&flyers[0], &group, 5);
    assert_eq!(here(app, &member)["reviews"], 0, "the member doesn't see it yet");
    review(&flyers[0], &own, 2);
    let (_, reliability) = counted();
    assert_eq!(
        reliability["value_ppm"],
        reliability_ppm(usual(1), (1, 0), (8, 0))
    );
    assert_eq!(reliability["inputs"]["reviews_here"], 1);
    assert!(
        reliability["because"].as_str().unwrap().contains("評価1件"),
        "{reliability}"
    );
    // Or when the time is over; once, however often the task runs, and on however many servers.
    to(app, &flyers[1].0, "delivered");
    review(&flyers[1], &group, 2);
    let count_at = |days: i64| {
        let now = Instant::from(chrono::Utc::now() + chrono::Duration::days(days));
        reviews::actions::count_shown(&app.state.pool, now).unwrap();
    };
    count_at(14);
    assert_eq!(
        here(app, &member)["reviews"],
        1,
        "on the last day it can still change"
    );
    for _ in 0..2 {
        count_at(15);
    }
    let (_, reliability) = counted();
    assert_eq!(
        reliability["value_ppm"],
        reliability_ppm(usual(2), (2, 0), (8, 4))
    );
    assert_eq!(
        (
            &here(app, &member)["reviews"],
            &here(app, &member)["praise"],
            &here(app, &member)["criticism"]
        ),
        (&json!(2), &json!(8), &json!(4))
    );

    // The person is erased; hours and marks stay with the projects.
    let erase = |db: &mut Db| {
        let who = Id(member.parse().unwrap());
        erasure::erase_one(db, &musubi::auth::Reach::Everything, "test", who, |_| Ok(()))
    };
    app.state.pool.write_blocking(erase).unwrap();
    let kept = app.get(&hours).expect(200).json();
    assert_eq!(kept["items"].as_array().unwrap().len(), 3);
    count_at(40);
}
