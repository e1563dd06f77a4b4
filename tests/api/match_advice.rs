//! Improvements for a worker and relaxations for a deliverable, over HTTP.

use crate::support::{TestApp, assert_includes, on_both};
use serde_json::{Value, json};

fn improvements(app: &TestApp, flyer: &str, worker: &str, query: &str) -> Value {
    app.get(&format!(
        "/v1/deliverables/{flyer}/matches/{worker}/improvements{query}"
    ))
    .expect(200)
    .json()
}

on_both! {
    suggests_the_change_that_opens_each_failed_gate,
    each_suggestion_alone_reaches_the_requested_rank,
    suggests_nothing_where_two_gates_fail,
    lists_gates_by_impact_and_relaxations_by_gain,
    an_impossible_need_gives_an_empty_ranking_with_counts,
    a_qualification_is_the_same_however_it_is_typed,
}

fn suggests_the_change_that_opens_each_failed_gate(app: &TestApp) {
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
            json!({"day": "2027-02-10"}),
        ),
        (
            json!({"available_until": "2027-01-01"}),
            "available_until",
            json!({"day": "2027-01-10"}),
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
        let view = improvements(app, &flyer, &worker, "");
        assert_includes(&view, &json!({"is_ranked": false, "target_rank": null}));
        let items = view["items"].as_array().unwrap();
        let found = items
            .iter()
            .find(|item| item["change"] == change)
            .unwrap_or_else(|| panic!("{change}: {view}"));
        if !details.is_null() {
            assert_eq!(found["details"], details);
        }
        // The change has the promised effect.
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
            "available_from" | "available_until" => json!({change: found["details"]["day"]}),
            field => json!({field: found["details"]["to"]}),
        };
        app.patch(&format!("/v1/workers/{worker}"), &patch).expect(200);
        let explanation = app
            .get(&format!("/v1/deliverables/{flyer}/matches/{worker}"))
            .expect(200)
            .json();
        assert_includes(
            &explanation,
            &json!({"is_ranked": true, "fit_ppm": found["fit_ppm"], "rank": found["rank"]}),
        );
        app.delete(&format!("/v1/workers/{worker}")).expect(204);
    }
}

fn each_suggestion_alone_reaches_the_requested_rank(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({"themes": ["dementia"]}));
    for hours in [10, 8, 6, 5] {
        app.worker(json!({"hours_per_week": hours}));
    }
    let worker = app.worker(json!({"hours_per_week": 1}));
    let view = improvements(app, &flyer, &worker, "?role=designer&rank=2");
    assert_includes(&view, &json!({"rank": 5, "target_rank": 2}));
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
    assert_eq!(improvements(app, &flyer, &worker, "?rank=5")["items"], json!([]));
    // Without a rank, the target is one rank higher.
    let view = improvements(app, &flyer, &worker, "?role=designer");
    assert_eq!(
        view["target_rank"].as_u64().unwrap() + 1,
        view["rank"].as_u64().unwrap()
    );
    assert_eq!(
        app.get(&format!(
            "/v1/deliverables/{flyer}/matches/{worker}/improvements?rank=0"
        ))
        .expect(400)
        .faults(),
        [("rank".into(), "out_of_range".into())]
    );
    assert_eq!(
        app.get(&format!(
            "/v1/deliverables/{flyer}/matches/{worker}/improvements?role=engineer"
        ))
        .status,
        422
    );
    assert_eq!(
        app.get(&format!("/v1/deliverables/{flyer}/matches/{flyer}/improvements"))
            .status,
        404
    );
}

fn suggests_nothing_where_two_gates_fail(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let worker = app.worker(json!({"status": "paused", "consent": null}));
    let view = improvements(app, &flyer, &worker, "");
    assert_includes(
        &view,
        &json!({"failed_gates": [{"gate": "inactive"}, {"gate": "consent_missing"}], "items": []}),
    );
}

fn lists_gates_by_impact_and_relaxations_by_gain(app: &TestApp) {
    let skill = json!({"skill": "graphic_design", "level": 4, "weight": 3, "must_have": true});
    let flyer = app.deliverable(
        &app.organization("風"),
        json!({"format": "one_day", "qualifications": ["介護福祉士"],
            "roles": [{"role": "designer", "places": 1, "skills": [skill]}]}),
    );
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
        .get(&format!("/v1/deliverables/{flyer}/relaxations"))
        .expect(200)
        .json();
    assert_includes(
        &view,
        &json!({"considered": 9, "passed": 1,
            "gates": [
                {"gate": "qualification_missing", "removed": 3, "would_pass": 3},
                {"gate": "skill_below_minimum", "removed": 2, "would_pass": 2},
                {"gate": "format_not_accepted", "removed": 2, "would_pass": 1},
                {"gate": "too_far", "removed": 1, "would_pass": 1}],
            "items": [
                {"relaxation": "drop_qualification", "passed": 4, "additional_passed": 3,
                    "because": "資格「介護福祉士」を条件から外すと、条件に合う人は4人（3人増）になります。"},
                {"relaxation": "lower_must_have_level"},
                {"relaxation": "drop_must_have"},
                {"relaxation": "accept_remote"}]}),
    );
    // The relaxation has the promised effect.
    app.patch(&format!("/v1/deliverables/{flyer}"), &json!({"remote": true}))
        .expect(200);
    let ranking = app
        .get(&format!("/v1/deliverables/{flyer}/matches"))
        .expect(200)
        .json();
    assert_eq!(ranking["passed"], view["items"][3]["passed"]);
}

fn an_impossible_need_gives_an_empty_ranking_with_counts(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({"qualifications": ["船長"]}));
    app.worker(json!({}));
    let ranking = app
        .get(&format!("/v1/deliverables/{flyer}/matches"))
        .expect(200)
        .json();
    assert_includes(
        &ranking,
        &json!({"items": [], "passed": 0, "removed": [{"gate": "qualification_missing", "count": 1}]}),
    );
    let view = app
        .get(&format!("/v1/deliverables/{flyer}/relaxations?role=designer"))
        .expect(200)
        .json();
    assert_includes(&view, &json!({"items": [{"relaxation": "drop_qualification"}]}));
}

fn a_qualification_is_the_same_however_it_is_typed(app: &TestApp) {
    let flyer = app.deliverable(
        &app.organization("風"),
        json!({"qualifications": ["ＴＯＥＩＣ　800点", "介護福祉士"]}),
    );
    for held in [
        json!(["toeic800点", "介護福祉士"]),
        json!(["介護 福祉士", "TOEIC 800点"]),
    ] {
        app.worker(json!({"qualifications": held}));
    }
    let lacking = app.worker(json!({"qualifications": ["介護福祉士", "TOEIC 600点"]}));
    let ranking = app
        .get(&format!("/v1/deliverables/{flyer}/matches"))
        .expect(200)
        .json();
    assert_includes(
        &ranking,
        &json!({"passed": 2, "removed": [{"gate": "qualification_missing", "count": 1}]}),
    );
    // What is said and tried has the request's spelling.
    let view = improvements(app, &flyer, &lacking, "");
    assert_includes(
        &view,
        &json!({"items": [{"change": "qualification", "details": {"qualification": "ＴＯＥＩＣ　800点"}}]}),
    );
    let eased = app
        .get(&format!("/v1/deliverables/{flyer}/relaxations"))
        .expect(200)
        .json();
    assert_includes(
        &eased,
        &json!({"items": [{"relaxation": "drop_qualification", "details": {"qualification": "ＴＯＥＩＣ　800点"},
            "patch": {"qualifications": ["介護福祉士"]}, "passed": 3}]}),
    );
}
