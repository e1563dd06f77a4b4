//! What would change a ranking, over HTTP.

use crate::support::{TestApp, on_both};
use serde_json::{Value, json};

fn changes(app: &TestApp, flyer: &str, worker: &str, query: &str) -> Value {
    app.get(&format!(
        "/v1/deliverables/{flyer}/matches/{worker}/changes{query}"
    ))
    .expect(200)
    .json()
}

fn codes(view: &Value, member: &str) -> Vec<String> {
    view["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item[member].as_str().unwrap().to_owned())
        .collect()
}

on_both! {
    each_failed_gate_has_the_change_that_opens_it,
    a_rank_to_reach_is_reached_by_each_change_alone,
    two_failed_gates_have_no_single_change,
    easing_tells_which_gate_costs_most_and_what_would_help,
    a_need_that_nobody_can_meet_is_an_empty_list_with_the_counts,
}

fn each_failed_gate_has_the_change_that_opens_it(app: &TestApp) {
    let flyer = app.deliverable(
        &app.organization("風"),
        json!({
        "starts_on": "2027-01-10", "ends_on": "2027-02-10", "remote": true, "day_parts": ["saturday_morning"],
        "qualifications": ["介護福祉士"], "roles": [{"role": "designer", "places": 1,
            "skills": [{"skill": "graphic_design", "level": 3, "weight": 3, "must_have": true}]}]}),
    );
    let passing = json!({"qualifications": ["介護福祉士"]});
    app.worker(passing.clone());
    for (lacking, change, details) in [
        (json!({"status": "paused"}), "activate", json!({})),
        (json!({"consent": null}), "consent", json!({})),
        (
            json!({"accepted_formats": ["long"]}),
            "accept_format",
            json!({"format": "one_day"}),
        ),
        (
            json!({"available_from": "2027-03-01"}),
            "available_from",
            json!({"to": "2027-02-10"}),
        ),
        (
            json!({"available_until": "2027-01-01"}),
            "available_until",
            json!({"to": "2027-01-10"}),
        ),
        (json!({"hours_per_week": 0}), "hours_per_week", json!({"to": 1})),
        (
            json!({"day_parts": ["monday_morning"]}),
            "day_part",
            json!({"day_part": "saturday_morning"}),
        ),
        (
            json!({"area": "132098", "travel_limit_km": 1}),
            "accept_remote",
            json!({}),
        ),
        (
            json!({"area": "132098", "travel_limit_km": 1}),
            "travel_limit_km",
            Value::Null,
        ),
        (
            json!({"capacity": 1, "open_load": 1}),
            "capacity",
            json!({"to": 2}),
        ),
        (
            json!({"qualifications": []}),
            "qualification",
            json!({"qualification": "介護福祉士"}),
        ),
        (
            json!({"roles": ["marketer"]}),
            "offer_role",
            json!({"role": "designer"}),
        ),
        (
            json!({"skills": [{"skill": "graphic_design", "level": 2}]}),
            "skill_level",
            json!({"skill": "graphic_design", "to": 3}),
        ),
    ] {
        let mut profile = passing.clone();
        profile
            .as_object_mut()
            .unwrap()
            .append(&mut lacking.as_object().unwrap().clone());
        let worker = app.worker(profile);
        let view = changes(app, &flyer, &worker, "");
        assert_eq!(
            (&view["is_ranked"], &view["target_rank"]),
            (&json!(false), &Value::Null),
            "{change}"
        );
        let items = view["items"].as_array().unwrap();
        let found = items
            .iter()
            .find(|item| item["change"] == change)
            .unwrap_or_else(|| panic!("{change}: {view}"));
        if !details.is_null() {
            assert_eq!(found["details"], details);
        }
        // It is as told when the change is made.
        let patch = match change {
            "activate" => json!({"status": "active"}),
            "consent" => json!({"consent": {"given_on": "2026-04-01", "text_version": "2026-04"}}),
            "accept_format" => json!({"accepted_formats": ["one_day", "long"]}),
            "hours_per_week" => json!({"hours_per_week": 1}),
            "day_part" => json!({"day_parts": ["monday_morning", "saturday_morning"]}),
            "accept_remote" => json!({"remote": true}),
            "qualification" => json!({"qualifications": ["介護福祉士"]}),
            "offer_role" => json!({"roles": ["marketer", "designer"]}),
            "skill_level" => json!({"skills": [{"skill": "graphic_design", "level": 3}]}),
            field => json!({field: found["details"]["to"]}),
        };
        app.patch(&format!("/v1/workers/{worker}"), &patch).expect(200);
        let why = app
            .get(&format!("/v1/deliverables/{flyer}/matches/{worker}"))
            .expect(200)
            .json();
        assert_eq!(
            (&why["is_ranked"], &why["fit_ppm"], &why["rank"]),
            (&json!(true), &found["fit_ppm"], &found["rank"]),
            "{change}"
        );
        app.delete(&format!("/v1/workers/{worker}")).expect(204);
    }
}

fn a_rank_to_reach_is_reached_by_each_change_alone(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({"themes": ["dementia"]}));
    for hours in [10, 8, 6, 5] {
        app.worker(json!({"hours_per_week": hours}));
    }
    let worker =
        app.worker(json!({"hours_per_week": 1, "skills": [{"skill": "graphic_design", "level": 3}]}));
    let view = changes(app, &flyer, &worker, "?role=designer&rank=2");
    assert_eq!((&view["rank"], &view["target_rank"]), (&json!(5), &json!(2)));
    let items = view["items"].as_array().unwrap();
    assert!(!items.is_empty());
    assert!(
        items
            .iter()
            .all(|item| item["rank"].as_u64().unwrap() <= 2 && item["role"] == "designer")
    );
    let fits: Vec<u64> = items
        .iter()
        .map(|item| item["fit_ppm"].as_u64().unwrap())
        .collect();
    assert!(fits.is_sorted());
    let hours = items
        .iter()
        .find(|item| item["change"] == "hours_per_week")
        .unwrap();
    let to = hours["details"]["to"].as_u64().unwrap();
    let rank_with = |hours: u64| {
        app.patch(
            &format!("/v1/workers/{worker}"),
            &json!({"hours_per_week": hours}),
        )
        .expect(200);
        let ranking = app
            .get(&format!(
                "/v1/deliverables/{flyer}/matches?role=designer&fairness=off"
            ))
            .expect(200)
            .json();
        let items = ranking["items"].as_array().unwrap().clone();
        1 + items
            .iter()
            .position(|item| item["worker"]["id"] == worker.as_str())
            .unwrap()
    };
    assert_eq!(
        (rank_with(to) as u64, rank_with(to - 1) > 2),
        (hours["rank"].as_u64().unwrap(), true)
    );
    assert_eq!(changes(app, &flyer, &worker, "?rank=5")["items"], json!([]));
    // Without a rank: one better.
    let view = changes(app, &flyer, &worker, "?role=designer");
    assert_eq!(
        view["target_rank"].as_u64().unwrap() + 1,
        view["rank"].as_u64().unwrap()
    );
    assert_eq!(
        app.get(&format!(
            "/v1/deliverables/{flyer}/matches/{worker}/changes?rank=0"
        ))
        .expect(400)
        .faults(),
        [("rank".into(), "range".into())]
    );
    assert_eq!(
        app.get(&format!(
            "/v1/deliverables/{flyer}/matches/{worker}/changes?role=engineer"
        ))
        .status,
        422
    );
    assert_eq!(
        app.get(&format!("/v1/deliverables/{flyer}/matches/{flyer}/changes"))
            .status,
        404
    );
}

fn two_failed_gates_have_no_single_change(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let worker = app.worker(json!({"status": "paused", "consent": null}));
    let view = changes(app, &flyer, &worker, "");
    assert_eq!(
        (view["failed"].as_array().unwrap().len(), &view["items"]),
        (2, &json!([]))
    );
}

fn easing_tells_which_gate_costs_most_and_what_would_help(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({"format": "one_day", "qualifications": ["介護福祉士"],
        "roles": [{"role": "designer", "places": 1, "skills": [{"skill": "graphic_design", "level": 4, "weight": 3, "must_have": true}]}]}));
    let held = json!(["介護福祉士"]);
    app.worker(json!({"qualifications": held}));
    for _ in 0..3 {
        app.worker(json!({"qualifications": []}));
    }
    for _ in 0..2 {
        app.worker(json!({"qualifications": held, "skills": [{"skill": "graphic_design", "level": 3}]}));
    }
    app.worker(json!({"qualifications": held, "accepted_formats": ["long"]}));
    app.worker(json!({"qualifications": [], "accepted_formats": ["long"]}));
    app.worker(json!({"qualifications": held, "area": "132098", "travel_limit_km": 1, "remote": true}));
    let view = app
        .get(&format!("/v1/deliverables/{flyer}/easings"))
        .expect(200)
        .json();
    assert_eq!((&view["considered"], &view["passed"]), (&json!(9), &json!(1)));
    let gates: Vec<_> = view["gates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|g| {
            (
                g["gate"].as_str().unwrap(),
                g["removed"].as_u64().unwrap(),
                g["would_pass"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        gates,
        [
            ("qualification_missing", 3, 3),
            ("skill_below_minimum", 2, 2),
            ("format_not_accepted", 2, 1),
            ("too_far", 1, 1)
        ]
    );
    assert_eq!(
        codes(&view, "easing"),
        [
            "no_qualification",
            "must_have_level",
            "not_must_have",
            "accept_remote"
        ]
    );
    assert_eq!(
        (&view["items"][0]["passed"], &view["items"][0]["more"]),
        (&json!(4), &json!(3))
    );
    assert_eq!(
        view["items"][0]["because"],
        "資格「介護福祉士」を求めなければ4人(あと3人)になります。"
    );
    // As told when it is done.
    app.patch(&format!("/v1/deliverables/{flyer}"), &json!({"remote": true}))
        .expect(200);
    let ranking = app
        .get(&format!("/v1/deliverables/{flyer}/matches"))
        .expect(200)
        .json();
    assert_eq!(ranking["passed"], view["items"][3]["passed"]);
}

fn a_need_that_nobody_can_meet_is_an_empty_list_with_the_counts(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({"qualifications": ["船長"]}));
    app.worker(json!({}));
    let ranking = app
        .get(&format!("/v1/deliverables/{flyer}/matches"))
        .expect(200)
        .json();
    assert_eq!((&ranking["items"], &ranking["passed"]), (&json!([]), &json!(0)));
    assert_eq!(
        ranking["removed"],
        json!([{"gate": "qualification_missing", "count": 1}])
    );
    let view = app
        .get(&format!("/v1/deliverables/{flyer}/easings?role=designer"))
        .expect(200)
        .json();
    assert_eq!(codes(&view, "easing"), ["no_qualification"]);
}
