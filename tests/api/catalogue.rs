//! The catalogue: built-in entries, and those that administrators add.

use crate::support::{TestApp, assert_includes, on_both};
use musubi::catalogue::rules::Rules;
use musubi::catalogue::{Catalogue, store};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

fn catalogue(app: &crate::support::TestApp) -> Arc<Catalogue> {
    let catalogues = app.state.catalogues.clone();
    app.state.pool.read_blocking(|db| catalogues.current(db)).unwrap()
}

on_both! {
    everyone_can_read_the_catalogue_in_both_languages,
    finds_a_type_for_every_request_of_the_archive,
    the_built_in_entries_are_consistent,
    new_skills_work_at_once_and_retired_ones_only_in_existing_records,
    requests_of_a_new_type_have_its_team_and_hours,
    retires_a_type_with_a_retired_skill,
    checks_references_and_refuses_changes_of_meaning,
    seeding_again_changes_nothing,
}

fn everyone_can_read_the_catalogue_in_both_languages(app: &TestApp) {
    for (path, least) in [
        ("deliverable-types", 30),
        ("skills", 60),
        ("roles", 10),
        ("themes", 10),
        ("formats", 7),
        ("areas", 62),
        ("families", 13),
    ] {
        let list = app
            .send("GET", &format!("/v1/{path}"), &[], b"")
            .expect(200)
            .json();
        assert!(list["items"].as_array().unwrap().len() >= least, "{path}");
        assert!(list["items"][0]["label"].is_string());
    }
    assert!(app.get("/v1/skills").json()["items"].as_array().unwrap().len() <= 80);
    let label = |language| {
        app.get_with("/v1/deliverable-types/flyer", &[("accept-language", language)])
            .json()["label"]
            .clone()
    };
    assert_eq!([label("ja"), label("en")], ["チラシ", "Flyer"]);
}

fn finds_a_type_for_every_request_of_the_archive(app: &TestApp) {
    let catalogue = catalogue(app);
    let archive = musubi::demo::ARCHIVE;
    let mut reader = csv::Reader::from_reader(archive.as_bytes());
    let cells: BTreeSet<String> = reader
        .records()
        .map(|r| r.unwrap()[5].to_owned())
        .filter(|c| !c.is_empty())
        .collect();
    assert_eq!(cells.len(), 36);
    for cell in &cells {
        let types: Vec<&str> = catalogue
            .types_named(cell)
            .iter()
            .map(|t| t.code.as_str())
            .collect();
        assert!(
            !types.is_empty() && !types.contains(&"other"),
            "{cell}: {types:?}"
        );
    }
    let run_together: Vec<&str> = catalogue
        .types_named("マーケティング基礎調査情報発信施策の提案")
        .iter()
        .map(|t| t.code.as_str())
        .collect();
    assert_eq!(run_together, ["market_survey", "publicity_proposal"]);
    assert_eq!(catalogue.types_named("ﾁﾗｼ 制作")[0].code, "flyer");
    assert!(catalogue.types_named("チラシ制作と何か").is_empty());
}

fn the_built_in_entries_are_consistent(app: &TestApp) {
    let catalogue = catalogue(app);
    for entry in catalogue.types.iter() {
        entry.definition.check(&catalogue, None).unwrap();
    }
    assert_eq!(catalogue.area("13104").unwrap().name, "新宿区");
    let depth = |code: &str| {
        let mut depth = 1;
        let mut at = catalogue.skills.get(code).unwrap().definition.parent.clone();
        while let Some(parent) = at {
            depth += 1;
            at = catalogue.skills.get(&parent).unwrap().definition.parent.clone();
        }
        depth
    };
    assert_eq!(
        catalogue.skills.iter().map(|e| depth(&e.definition.code)).max(),
        Some(3)
    );
}

fn new_skills_work_at_once_and_retired_ones_only_in_existing_records(app: &TestApp) {
    let worker = |skill: &str| app.post("/v1/workers", &json!({"skills": [{"skill": skill, "level": 3}]}));
    assert_eq!(
        worker("sign_language").expect(422).faults(),
        [("/skills/0/skill".into(), "unknown_skill".into())]
    );
    let new = json!({"code": "sign_language", "parent": "facilitation",
        "names": {"ja": "手話", "en": "Sign language"}});
    let created = app.post("/v1/skills", &new).expect(201);
    assert_eq!(created.header("location"), "/v1/skills/sign_language");
    let id = worker("sign_language").expect(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(app.post("/v1/skills", &new).expect(409).code(), "duplicate_code");

    app.patch("/v1/skills/sign_language", &json!({"retired": true}))
        .expect(200);
    assert_eq!(worker("sign_language").expect(422).faults()[0].1, "retired_skill");
    app.patch(&format!("/v1/workers/{id}"), &json!({"hours_per_week": 5}))
        .expect(200);
    let listed = |path: &str| app.get(path).text.contains("sign_language");
    assert!(!listed("/v1/skills") && listed("/v1/skills?include_retired=true"));
    app.get("/v1/skills/sign_language").expect(200);
}

fn requests_of_a_new_type_have_its_team_and_hours(app: &TestApp) {
    let new = json!({"code": "poster", "family": "print", "names": {"ja": "ポスター", "en": "Poster"},
        "format": "one_day", "hours_per_week": 7, "weeks": 1, "roles": [{"role": "designer", "places": 2,
        "skills": [{"skill": "illustration", "level": 2, "weight": 1}]}]});
    app.post("/v1/deliverable-types", &new).expect(201);
    let organization = app.organization("風");
    let id = app.deliverable(&organization, json!({"type": "poster"}));
    let deliverable = app.get(&format!("/v1/deliverables/{id}")).json();
    let expected = json!({"hours_per_week": 7, "family": "print", "roles": [{"places": 2}]});
    assert_includes(&deliverable, &expected);
    app.worker(json!({"skills": [{"skill": "illustration", "level": 2}]}));
    let ranking = app
        .get(&format!("/v1/deliverables/{id}/matches"))
        .expect(200)
        .json();
    assert_eq!(ranking["items"][0]["components"][0]["value_ppm"], 1_000_000);
}

fn retires_a_type_with_a_retired_skill(app: &TestApp) {
    app.patch("/v1/skills/illustration", &json!({"retired": true}))
        .expect(200);
    app.patch("/v1/deliverable-types/flyer", &json!({"retired": true}))
        .expect(200);
    let new = json!({"code": "poster", "family": "print", "names": {"ja": "ポスター", "en": "Poster"},
        "format": "one_day", "hours_per_week": 7, "weeks": 1, "roles": [{"role": "designer", "places": 1,
        "skills": [{"skill": "illustration", "level": 2, "weight": 1}]}]});
    assert_eq!(
        app.post("/v1/deliverable-types", &new).expect(422).faults()[0].1,
        "retired_skill"
    );
}

fn checks_references_and_refuses_changes_of_meaning(app: &TestApp) {
    let skill =
        |code: &str, parent: &str| json!({"code": code, "parent": parent, "names": {"ja": "あ", "en": "a"}});
    assert_eq!(
        app.post("/v1/skills", &skill("a", "nothing"))
            .expect(422)
            .faults()[0]
            .1,
        "unknown_skill"
    );
    assert_eq!(
        app.post("/v1/skills", &skill("a", "graphic_design"))
            .expect(422)
            .faults()[0]
            .1,
        "too_deep"
    );
    assert_eq!(
        app.post("/v1/skills", &skill("Ａ", "design"))
            .expect(422)
            .faults()[0],
        ("/code".into(), "invalid_code".into())
    );
    assert_eq!(
        app.patch("/v1/roles/designer", &json!({"code": "d"}))
            .expect(422)
            .faults()[0]
            .1,
        "immutable"
    );
    assert_eq!(
        app.patch("/v1/deliverable-types/flyer", &json!({"family": "web"}))
            .expect(422)
            .faults()[0]
            .1,
        "immutable"
    );
    app.patch(
        "/v1/roles/designer",
        &json!({"names": {"en": "Graphic designer"}}),
    )
    .expect(200);
    app.get("/v1/roles/nobody").expect(404);
}

fn seeding_again_changes_nothing(app: &TestApp) {
    app.patch("/v1/themes/dementia", &json!({"retired": true}))
        .expect(200);
    let before = app.get("/v1/themes?include_retired=true").text;
    app.state.pool.write_blocking(store::seed).unwrap();
    assert_eq!(app.get("/v1/themes?include_retired=true").text, before);
}
