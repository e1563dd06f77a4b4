//! Triage over HTTP.

use crate::support::{TestApp, assert_includes, on_both};
use musubi::auth::UserRole;
use serde_json::{Value, json};

fn triage(app: &TestApp, trouble: &str) -> Value {
    app.post("/v1/triage", &json!({"trouble": trouble}))
        .expect(200)
        .json()
}

fn types(triaged: &Value) -> Vec<&str> {
    triaged["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect()
}

on_both! {
    returns_matching_types_with_the_matched_words,
    suggests_the_issue_workshop_without_a_confident_match,
    is_clear_only_far_ahead_of_the_second_type,
    uses_the_cues_of_added_types,
    rejects_invalid_troubles,
    unchanged_built_in_entries_follow_the_release,
}

fn returns_matching_types_with_the_matched_words(app: &TestApp) {
    let triaged = triage(app, "会員が減っていて、若い人に知ってもらいたい");
    assert_eq!(types(&triaged)[0], "publicity_proposal");
    assert_eq!(triaged["confident"], true);
    assert!(
        triaged["items"][0]["matched_words"]
            .as_array()
            .unwrap()
            .contains(&json!("若い"))
    );
    assert_eq!(triaged["questions"][0], "どなたに知ってほしいですか。");
    let answer = app.post_with(
        "/v1/triage",
        &[("accept-language", "en")],
        &json!({"trouble": "We need a leaflet", "limit": 1}),
    );
    let triaged = answer.expect(200).json();
    assert_includes(&triaged, &json!({"items": [{"type": "flyer", "label": "Flyer"}]}));
    assert_eq!(triaged["questions"][0], "Who should pick it up?");
}

fn suggests_the_issue_workshop_without_a_confident_match(app: &TestApp) {
    for unclear in [
        "なんだか最近うまくいってないんです。",
        "あああ",
        "☆",
        "認知症の家族会を続けていきたい",
        "名前を覚えられない",
        "ごみ屋敷の片付けに困っている",
        "電車の案内が分かりにくい",
    ] {
        let triaged = triage(app, unclear);
        assert_eq!(triaged["confident"], false, "{unclear}");
        assert_eq!(types(&triaged)[0], "issue_workshop", "{unclear}");
        assert_eq!(triaged["questions"].as_array().unwrap().len(), 3);
    }
}

fn is_clear_only_far_ahead_of_the_second_type(app: &TestApp) {
    for (trouble, first) in [
        ("寄付をオンラインで集めたい", "crowdfunding"),
        ("クレジットカードで寄付を受けたい", "crowdfunding"),
    ] {
        let triaged = triage(app, trouble);
        assert_eq!(types(&triaged)[0], first, "{trouble}");
        assert_eq!(triaged["verdict"], "close", "{trouble}");
    }
    let by_phone = triage(app, "イベントの申し込みを電話だけで受けていて大変");
    assert_eq!(types(&by_phone)[0], "online_tools");
}

fn uses_the_cues_of_added_types(app: &TestApp) {
    let snow_plan = json!({"code": "snow_plan", "family": "operations",
        "names": {"ja": "雪かき計画", "en": "Snow plan"}, "cues": ["雪 下ろ|かき"], "format": "one_day",
        "hours_per_week": 4, "weeks": 1, "roles": [{"role": "facilitator", "places": 1}]});
    app.post("/v1/deliverable-types", &snow_plan).expect(201);
    let trouble = "屋根の雪を下ろせる人がいません。";
    assert_eq!(types(&triage(app, trouble))[0], "snow_plan");
    app.patch("/v1/deliverable-types/snow_plan", &json!({"retired": true}))
        .expect(200);
    assert!(!types(&triage(app, trouble)).contains(&"snow_plan"));
    app.patch("/v1/deliverable-types/issue_workshop", &json!({"retired": true}))
        .expect(200);
    assert!(!types(&triage(app, "もうだめだ")).contains(&"issue_workshop"));
    let faulty = app
        .patch(
            "/v1/deliverable-types/snow_plan",
            &json!({"cues": ["雪 |下ろ", "雪  下ろ"]}),
        )
        .expect(422);
    assert_eq!(faulty.faults(), [("/cues".into(), "invalid_cue".into())]);
}

fn rejects_invalid_troubles(app: &TestApp) {
    for (body, fault) in [
        (json!({"trouble": ""}), ("/trouble", "invalid_length")),
        (
            json!({"trouble": "長".repeat(4001)}),
            ("/trouble", "invalid_length"),
        ),
        (json!({"trouble": "x", "limit": 0}), ("/limit", "out_of_range")),
    ] {
        let refused = app.post("/v1/triage", &body).expect(422);
        assert_eq!(refused.faults(), [(fault.0.to_owned(), fault.1.to_owned())]);
    }
    assert_eq!(
        app.send(
            "POST",
            "/v1/triage",
            &[("content-type", "application/json")],
            b"{}"
        )
        .status,
        401
    );
    let partner = format!("Bearer {}", app.token(UserRole::Importer));
    let headers = [
        ("authorization", partner.as_str()),
        ("content-type", "application/json"),
    ];
    app.send(
        "POST",
        "/v1/triage",
        &headers,
        json!({"trouble": "チラシ"}).to_string().as_bytes(),
    )
    .expect(200);
}

fn unchanged_built_in_entries_follow_the_release(app: &TestApp) {
    use diesel::prelude::*;
    use musubi::catalogue::store::seed;
    use musubi::db::{Db, schema::catalogue_entries::dsl};
    // The entries as an older release had them.
    app.patch("/v1/deliverable-types/video", &json!({"cues": ["我が家の映像"]}))
        .expect(200);
    let older = |db: &mut Db| {
        let flyer = dsl::catalogue_entries.find(("deliverable_type", "flyer"));
        let mut definition: musubi::db::Doc<Value> = flyer.select(dsl::definition).first(db)?;
        definition.0["cues"] = json!([]);
        diesel::update(flyer)
            .set(dsl::definition.eq(definition))
            .execute(db)?;
        seed(db)?;
        seed(db)
    };
    app.state.pool.write_blocking(older).unwrap();
    let flyer = app.get("/v1/deliverable-types/flyer").expect(200).json();
    assert!(flyer["cues"].as_array().unwrap().len() > 5 && flyer["version"] == 2);
    let video = app.get("/v1/deliverable-types/video").expect(200).json();
    assert_includes(&video, &json!({"cues": ["我が家の映像"], "version": 2}));
}
