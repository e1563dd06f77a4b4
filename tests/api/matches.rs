//! Rankings of workers and of deliverables, with their explanations.

use crate::support::{TestApp, assert_includes, on_both};
use serde_json::{Value, json};

/// Adds up the contributions of the components.
fn contributions(item: &Value) -> u64 {
    item["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["contribution_ppm"].as_u64().unwrap())
        .sum()
}

fn component<'v>(item: &'v Value, name: &str) -> &'v Value {
    item["components"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["name"] == name)
        .unwrap()
}

on_both! {
    ranks_workers_and_explains_every_rank,
    explains_why_a_worker_is_not_ranked,
    the_next_ranking_includes_every_write,
    a_changed_organization_changes_its_open_deliverables,
    returns_pages_and_single_roles,
    ranks_open_deliverables_for_a_worker,
    a_preview_ranks_with_custom_weights_and_stores_nothing,
    a_preview_uses_the_themes_of_the_organization,
    repeats_the_same_ranking,
    reasons_name_the_shared_words_and_what_is_unanswered,
    no_two_workers_of_a_list_share_a_name,
    advice_asks_for_no_claims,
    takes_long_texts_and_pasted_control_characters,
    shows_what_weights_come_to,
}

fn reasons_name_the_shared_words_and_what_is_unanswered(app: &TestApp) {
    let id = app.deliverable(
        &app.organization("風"),
        json!({"title": "会員募集のチラシ", "trouble": "会員が減っています。", "remote": true,
            "day_parts": ["saturday_morning", "sunday_morning"]}),
    );
    let close = app.worker(
        json!({"personal": {"evidence": [{"text": "料理教室の先生をしています。"},
        {"text": "町会の会員を募集するチラシを作っています。"}]}}),
    );
    let silent = app.worker(
        json!({"hours_per_week": null, "area": null, "remote": null, "themes": null,
        "travel_limit_km": null, "last_active_on": null, "track_record": null}),
    );
    let of = |language: &str, worker: &str| {
        let path = format!("/v1/deliverables/{id}/matches/{worker}");
        app.get_with(&path, &[("accept-language", language)])
            .expect(200)
            .json()
    };
    let text = component(&of("ja", &close), "text").clone();
    assert_includes(&text["inputs"], &json!({"best_evidence": 1, "evidence_count": 2}));
    assert_eq!(
        text["because"], "依頼文と共通する言葉：チラシ、会員、募集",
        "{text}"
    );
    let (ja, en) = (of("ja", &silent), of("en", &silent));
    for (name, in_japanese, in_english) in [
        (
            "availability",
            "時間帯は2枠のうち1枠が合います。未回答：活動できる時間",
            "offers 1 of the 2 times of the week; not answered: hours a week",
        ),
        (
            "distance",
            "未回答：お住まいの市区町村、リモートの可否",
            "not answered: municipality, remote work",
        ),
        (
            "responsiveness",
            "未回答：最終活動日",
            "not answered: last activity",
        ),
        (
            "reliability",
            "未回答：完了・辞退の件数",
            "not answered: completed projects",
        ),
        ("text", "未回答：実績・自己紹介", "not answered: evidence"),
    ] {
        assert_eq!(component(&ja, name)["because"], in_japanese);
        assert_eq!(component(&en, name)["because"], in_english);
    }
    // Every component has a reason, in both languages.
    for explained in [&ja, &en, &of("ja", &close), &of("en", &close)] {
        for component in explained["components"].as_array().unwrap() {
            assert_ne!(component["because"], "", "{component}");
        }
    }
}

fn no_two_workers_of_a_list_share_a_name(app: &TestApp) {
    let id = app.deliverable(&app.organization("風"), json!({}));
    for _ in 0..3 {
        app.worker(json!({}));
        app.worker(
            json!({"roles": ["designer", "copywriter"], "skills": [{"skill": "copywriting", "level": 5}]}),
        );
    }
    let ranking = app
        .get(&format!("/v1/deliverables/{id}/matches?role=copywriter"))
        .expect(200)
        .json();
    let names = |ranking: &Value| -> std::collections::BTreeSet<String> {
        let items = ranking["items"].as_array().unwrap().iter();
        items
            .map(|item| item["worker"]["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&ranking).len(), 3);
    assert!(
        names(&ranking)
            .iter()
            .all(|name| name.starts_with("コピーライター（新宿区のデザイナー） ")),
        "{ranking}"
    );
    let all = app
        .get(&format!("/v1/deliverables/{id}/matches?role=designer"))
        .expect(200)
        .json();
    assert!(
        names(&all)
            .iter()
            .all(|name| name.starts_with("新宿区のデザイナー "))
    );
    assert_eq!(names(&all).len(), all["items"].as_array().unwrap().len());
}

/// Claiming an interest, a preference or some activity raises a rank without changing anything.
fn advice_asks_for_no_claims(app: &TestApp) {
    let themes = json!({"themes": ["dementia"], "day_parts": ["saturday_morning", "sunday_morning"]});
    let id = app.deliverable(&app.organization("風"), themes);
    app.worker(
        json!({"themes": ["dementia"], "preferred_formats": ["one_day"], "last_active_on": today(),
        "day_parts": ["saturday_morning", "sunday_morning"]}),
    );
    let worker = app.worker(json!({}));
    let path = format!("/v1/deliverables/{id}/matches/{worker}/improvements");
    let advice = app
        .get_with(&path, &[("accept-language", "en")])
        .expect(200)
        .json();
    let items = advice["items"].as_array().unwrap();
    let claims = ["theme", "prefer_format", "active_today"];
    assert!(
        items
            .iter()
            .all(|item| claims.iter().all(|claim| item["change"] != *claim)),
        "{advice}"
    );
    let other = json!({"area": "131041", "day_parts": ["monday_morning"]});
    let removed = app.worker(other);
    let path = format!("/v1/deliverables/{id}/matches/{removed}/improvements");
    let advice = app
        .get_with(&path, &[("accept-language", "en")])
        .expect(200)
        .json();
    let reasons = advice["items"].to_string();
    assert!(reasons.contains("Saturday morning"), "{reasons}");
}

fn today() -> String {
    musubi::catalogue::calendar::today().to_string()
}

fn takes_long_texts_and_pasted_control_characters(app: &TestApp) {
    let long = "言葉".repeat(4_500);
    let evidence =
        json!([{"title": format!("{}\u{c}\u{0}題", "長".repeat(400)), "text": format!("{long}\u{2}")}]);
    let worker = app.worker(json!({"personal": {"evidence": evidence}}));
    let stored = app.get(&format!("/v1/workers/{worker}")).expect(200).json();
    let piece = &stored["personal"]["evidence"][0];
    assert_eq!(piece["title"], format!("{}  題", "長".repeat(400)));
    assert_eq!(piece["text"], format!("{long} "));
    let id = app.deliverable(
        &app.organization("風"),
        json!({"trouble": format!("{long}\u{b}")}),
    );
    let ranking = app
        .get(&format!("/v1/deliverables/{id}/matches"))
        .expect(200)
        .json();
    // One piece alone is a third of what three would be.
    let value = component(&ranking["items"][0], "text")["value_ppm"]
        .as_u64()
        .unwrap();
    assert!((880_000..920_000).contains(&value), "{value}");
    let name = app.post("/v1/workers", &json!({"alias": "a\u{0}"})).expect(422);
    assert_eq!(name.faults(), [("/alias".into(), "control_character".into())]);
}

fn shows_what_weights_come_to(app: &TestApp) {
    let id = app.deliverable(&app.organization("風"), json!({}));
    let ranking = app
        .get(&format!("/v1/deliverables/{id}/matches"))
        .expect(200)
        .json();
    let given = ranking["weights"].as_object().unwrap();
    for (name, effective) in ranking["weights"]["effective"].as_object().unwrap() {
        assert_eq!(&given[name], effective);
    }
    let preview = json!({"need": {"type": "flyer", "area": "13104"}, "weights": {"skill": 1, "theme": 9}});
    let ranking = app.post("/v1/matches/preview", &preview).expect(200).json();
    assert_includes(
        &ranking["weights"],
        &json!({"skill": 100_000, "theme": 900_000, "effective": {"skill": 600_000, "theme": 400_000}}),
    );
}

fn ranks_workers_and_explains_every_rank(app: &TestApp) {
    let organization = app.organization("風");
    app.patch(
        &format!("/v1/organizations/{organization}"),
        &json!({"themes": ["dementia"]}),
    )
    .expect(200);
    let id = app.deliverable(
        &organization,
        json!({"day_parts": ["saturday_morning"], "trouble": "会員が減っている"}),
    );
    let best = app.worker(json!({"themes": ["dementia"], "preferred_formats": ["one_day"],
        "personal": {"name": "佐藤", "evidence": [{"text": "会員募集のチラシ"}]}}));
    let second = app.worker(
        json!({"skills": [{"skill": "graphic_design", "level": 3}, {"skill": "illustration", "level": 1}]}),
    );
    let silent =
        app.worker(json!({"themes": null, "hours_per_week": null, "travel_limit_km": null, "area": null}));
    app.worker(json!({"consent": null}));
    app.worker(json!({"roles": ["engineer"]}));
    let ranking = app.get(&format!("/v1/deliverables/{id}/matches")).expect(200);
    assert!(!ranking.text.contains("佐藤"), "names stay hidden");
    let ranking = ranking.json();
    assert_includes(
        &ranking,
        &json!({"deliverable": {"id": id}, "considered": 5, "passed": 3, "weights": {"version": "default-1"},
            "removed": [{"gate": "consent_missing", "count": 1}, {"gate": "role_not_offered", "count": 1}]}),
    );
    assert!(ranking["at_change"].as_i64().unwrap() > 0);
    let items = ranking["items"].as_array().unwrap();
    assert_eq!(items[0]["worker"]["id"], json!(best));
    let mut last = u64::MAX;
    for (i, item) in items.iter().enumerate() {
        assert_eq!(item["rank"], json!(i + 1));
        assert_eq!(item["role"], "designer");
        let fit = item["fit_ppm"].as_u64().unwrap();
        assert!(fit <= last);
        last = fit;
        assert_eq!(contributions(item), fit);
        assert_eq!(item["components"].as_array().unwrap().len(), 9);
    }
    let theme = component(&items[0], "theme");
    assert_includes(
        theme,
        &json!({"inputs": {"shared": ["dementia"]}, "value_ppm": 1_000_000}),
    );
    assert!(items[0]["improvement"].is_null());
    let of = |id: &str| items.iter().find(|i| i["worker"]["id"] == json!(id)).unwrap();
    let wish = &component(of(&second), "skill")["inputs"]["wishes"][0];
    assert_includes(
        wish,
        &json!({"skill": "graphic_design", "required_level": 3, "held_level": 3}),
    );
    assert!(
        component(of(&second), "skill")["because"]
            .as_str()
            .unwrap()
            .contains("グラフィックデザイン レベル3（必要3）")
    );
    assert_eq!(of(&silent)["unconfirmed"], json!(["hours", "travel"]));
    assert_eq!(
        of(&silent)["completeness_ppm"],
        json!(650_000),
        "availability, distance, theme and text are not known"
    );
    assert_eq!(component(of(&silent), "distance")["known"], json!(false));
    assert!(
        of(&second)["improvement"]["fit_ppm"].as_u64().unwrap() > of(&second)["fit_ppm"].as_u64().unwrap()
    );
}

fn explains_why_a_worker_is_not_ranked(app: &TestApp) {
    let id = app.deliverable(&app.organization("風"), json!({}));
    let ranked = app.worker(json!({}));
    let removed = app.worker(json!({"status": "paused", "area": "131016", "travel_limit_km": 1,
        "skills": [{"skill": "graphic_design", "level": 5}]}));
    let explain = |worker: &str| {
        app.get_with(
            &format!("/v1/deliverables/{id}/matches/{worker}"),
            &[("accept-language", "en")],
        )
        .expect(200)
        .json()
    };
    let yes = explain(&ranked);
    assert_includes(&yes, &json!({"is_ranked": true, "rank": 1, "failed_gates": []}));
    let no = explain(&removed);
    let because = "The distance exceeds the worker's travel limit.";
    assert_includes(
        &no,
        &json!({"is_ranked": false,
            "failed_gates": [{"gate": "inactive"}, {"gate": "too_far", "because": because}]}),
    );
    assert!((1..=2).contains(&no["rank"].as_u64().unwrap()));
    assert_eq!(contributions(&no), no["fit_ppm"].as_u64().unwrap());
    app.get(&format!(
        "/v1/deliverables/{id}/matches/0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d"
    ))
    .expect(404);
}

fn the_next_ranking_includes_every_write(app: &TestApp) {
    let organization = app.organization("風");
    let id = app.deliverable(&organization, json!({}));
    let path = format!("/v1/deliverables/{id}/matches");
    let passed = || app.get(&path).expect(200).json()["passed"].clone();
    let worker = app.worker(json!({}));
    assert_eq!(passed(), 1);
    let worker_path = format!("/v1/workers/{worker}");
    app.patch(&worker_path, &json!({"status": "paused"})).expect(200);
    assert_eq!(passed(), 0);
    app.patch(
        &worker_path,
        &json!({"status": "active", "blocked_organization_ids": [organization]}),
    )
    .expect(200);
    assert_eq!(
        app.get(&path).json()["removed"],
        json!([{"gate": "blocked", "count": 1}])
    );
    app.patch(&worker_path, &json!({"blocked_organization_ids": null}))
        .expect(200);
    assert_eq!(passed(), 1);
    app.delete(&worker_path).expect(204);
    assert_eq!(passed(), 0);
}

fn a_changed_organization_changes_its_open_deliverables(app: &TestApp) {
    let organization = app.organization("風");
    app.deliverable(&organization, json!({}));
    let worker = app.worker(json!({"themes": ["dementia"]}));
    let theme = || {
        let ranking = app
            .get(&format!("/v1/workers/{worker}/matches"))
            .expect(200)
            .json();
        component(&ranking["items"][0], "theme")["inputs"]["shared"].clone()
    };
    assert_eq!(theme(), json!([]));
    app.patch(
        &format!("/v1/organizations/{organization}"),
        &json!({"themes": ["dementia"]}),
    )
    .expect(200);
    assert_eq!(theme(), json!(["dementia"]));
}

fn returns_pages_and_single_roles(app: &TestApp) {
    let id = app.deliverable(&app.organization("風"), json!({}));
    for hours in 1..=9 {
        app.worker(json!({"hours_per_week": hours, "roles": ["designer", "account_director"]}));
    }
    let path = format!("/v1/deliverables/{id}/matches");
    let whole = app.get(&path).json();
    let key = |item: &Value| {
        (
            item["rank"].clone(),
            item["worker"]["id"].clone(),
            item["improvement"].clone(),
        )
    };
    let mut walked = Vec::new();
    let mut next = String::new();
    loop {
        let page = app.get(&format!("{path}?limit=4{next}")).expect(200).json();
        walked.extend(page["items"].as_array().unwrap().iter().map(key));
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(
        walked,
        whole["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(key)
            .collect::<Vec<_>>()
    );
    let cursor = app.get(&format!("{path}?limit=4")).json()["next"]
        .as_str()
        .unwrap()
        .to_owned();
    let elsewhere = app
        .get(&format!("{path}?role=designer&cursor={cursor}"))
        .expect(422);
    assert_eq!(elsewhere.faults(), [("cursor".into(), "invalid_cursor".into())]);
    let of_role = app
        .get(&format!("{path}?role=account_director"))
        .expect(200)
        .json();
    assert!(
        of_role["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|i| i["role"] == "account_director")
    );
    assert_eq!(
        app.get(&format!("{path}?role=engineer")).expect(422).faults(),
        [("role".into(), "role_not_requested".into())]
    );
    assert_eq!(
        app.get(&format!("{path}?role=wizard")).expect(422).faults()[0].1,
        "unknown_role"
    );
}

fn ranks_open_deliverables_for_a_worker(app: &TestApp) {
    let organization = app.organization("風");
    let near = app.deliverable(&organization, json!({}));
    let far = app.deliverable(&organization, json!({"area": "131083"}));
    app.deliverable(&organization, json!({"format": "long"}));
    app.deliverable(&organization, json!({"status": "draft"}));
    let worker = app.worker(json!({}));
    let ranking = app
        .get(&format!("/v1/workers/{worker}/matches"))
        .expect(200)
        .json();
    assert_includes(
        &ranking,
        &json!({"considered": 3, "passed": 2,
            "items": [{"deliverable": {"id": near}}, {"deliverable": {"id": far}}]}),
    );
    for item in ranking["items"].as_array().unwrap() {
        assert_eq!(contributions(item), item["fit_ppm"].as_u64().unwrap());
        // The same pair has the same fit from the other side.
        let id = item["deliverable"]["id"].as_str().unwrap();
        let other = app.get(&format!("/v1/deliverables/{id}/matches/{worker}")).json();
        assert_eq!(other["fit_ppm"], item["fit_ppm"]);
    }
}

fn a_preview_ranks_with_custom_weights_and_stores_nothing(app: &TestApp) {
    let id = app.deliverable(&app.organization("風"), json!({"trouble": "会員が減っている"}));
    app.worker(json!({"personal": {"evidence": [{"text": "会員募集のチラシ"}]}}));
    app.worker(json!({"skills": [{"skill": "graphic_design", "level": 3}]}));
    let need =
        json!({"type": "flyer", "area": "13104", "title": "会員募集のチラシ", "trouble": "会員が減っている"});
    let before = app.get(&format!("/v1/deliverables/{id}/matches")).json();
    let preview = app
        .post("/v1/matches/preview", &json!({"need": need}))
        .expect(200)
        .json();
    let fits = |ranking: &Value| -> Vec<(Value, Value)> {
        let items = ranking["items"].as_array().unwrap();
        items
            .iter()
            .map(|i| (i["worker"]["id"].clone(), i["fit_ppm"].clone()))
            .collect()
    };
    assert_eq!(fits(&preview), fits(&before));
    assert_eq!(preview["at_change"], before["at_change"]);
    let text = app
        .post(
            "/v1/matches/preview",
            &json!({"need": need, "weights": {"text": 1}}),
        )
        .expect(200)
        .json();
    assert_includes(
        &text,
        &json!({"weights": {"version": "custom", "text": 1_000_000}}),
    );
    for item in text["items"].as_array().unwrap() {
        assert_eq!(
            item["fit_ppm"].as_u64().unwrap().max(1000),
            component(item, "text")["value_ppm"].as_u64().unwrap().max(1000)
        );
        assert_eq!(contributions(item), item["fit_ppm"].as_u64().unwrap());
    }
    assert_eq!(
        app.get("/v1/deliverables").json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let refused = |body: Value| app.post("/v1/matches/preview", &body).expect(422).faults()[0].clone();
    assert_eq!(
        refused(json!({"need": need, "weights": {"text": 0}})).1,
        "all_weights_zero"
    );
    assert_eq!(
        refused(json!({"need": need, "weights": {"text": -1}})),
        ("/weights/text".into(), "out_of_range".into())
    );
    assert_eq!(
        refused(json!({"need": {"type": "flier", "area": "13104"}})),
        ("/need/type".into(), "unknown_type".into())
    );
    // What the body itself says wrongly comes together with what only the catalogue knows.
    let both = json!({"need": {"type": "flier", "area": "13104"}, "limit": 500});
    let mut both = app.post("/v1/matches/preview", &both).expect(422).faults();
    both.sort();
    let expected = [("/limit", "out_of_range"), ("/need/type", "unknown_type")];
    assert_eq!(
        both,
        expected.map(|(place, code)| (place.to_owned(), code.to_owned()))
    );
    assert_eq!(
        refused(json!({"need": need, "role": "engineer"})),
        ("/role".into(), "role_not_requested".into())
    );
    let unknown = json!({"type": "flyer", "area": "13104", "organization_id": id});
    assert_eq!(
        refused(json!({"need": unknown})),
        ("/need/organization_id".into(), "unknown_organization".into())
    );
}

fn a_preview_uses_the_themes_of_the_organization(app: &TestApp) {
    let organization = app
        .post(
            "/v1/organizations",
            &json!({"name": "風", "area": "131041", "themes": ["place_to_gather"]}),
        )
        .expect(201)
        .json()["id"]
        .clone();
    app.worker(json!({"themes": ["place_to_gather"]}));
    let theme_of = |need: Value| {
        let ranking = app
            .post("/v1/matches/preview", &json!({"need": need}))
            .expect(200)
            .json();
        component(&ranking["items"][0], "theme")["value_ppm"].clone()
    };
    assert_eq!(
        theme_of(json!({"type": "flyer", "area": "13104", "organization_id": organization})),
        json!(1_000_000)
    );
    assert_eq!(
        theme_of(json!({"type": "flyer", "area": "13104"})),
        json!(500_000)
    );
}

fn repeats_the_same_ranking(app: &TestApp) {
    let id = app.deliverable(&app.organization("風"), json!({}));
    for _ in 0..10 {
        app.worker(json!({}));
    }
    let path = format!("/v1/deliverables/{id}/matches");
    assert_eq!(app.get(&path).text, app.get(&path).text);
}
