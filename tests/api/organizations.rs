//! Organizations.

use crate::support::{TestApp, assert_includes, on_both};
use serde_json::{Value, json};

on_both! {
    registers_shows_changes_and_archives_an_organization,
    rejects_a_corporate_number_that_another_organization_has,
    frees_the_corporate_number_and_external_id_of_an_archived_organization,
    rejects_an_external_id_without_a_source,
    refuses_to_archive_an_organization_with_open_deliverables,
    finds_organizations_by_filters_and_by_any_part_of_the_name,
}

fn registers_shows_changes_and_archives_an_organization(app: &TestApp) {
    let body = json!({"name": "NPO法人 風のやすみば", "kana": "かぜのやすみば", "kind": "npo", "area": "13105",
        "themes": ["place_to_gather"], "corporate_number": "7000012050002",
        "intermediary": {"kind": "social_welfare_council", "name": "文京区社会福祉協議会"}});
    let created = app.post("/v1/organizations", &body).expect(201);
    let organization = created.json();
    let path = created.header("location").to_owned();
    assert_eq!(organization["area"], "131059", "stores the full code");
    assert_eq!(
        (created.header("etag"), &organization["version"]),
        ("\"1\"", &json!(1))
    );
    assert_eq!(app.get(&path).expect(200).json(), organization);
    let patched = app
        .patch(&path, &json!({"status": "inactive"}))
        .expect(200)
        .json();
    assert_includes(&patched, &json!({"status": "inactive", "version": 2}));
    app.delete(&path).expect(204);
    app.get(&path).expect(404);
    app.patch(&path, &json!({"name": "x"})).expect(404);
    app.delete(&path).expect(404);
    let archived = app
        .get(&format!("{path}?include_archived=true"))
        .expect(200)
        .json();
    assert!(archived["archived_at"].is_string());
    let listed = |query: &str| {
        app.get(&format!("/v1/organizations{query}")).json()["items"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!([listed(""), listed("?include_archived=true")], [0, 1]);
}

fn rejects_a_corporate_number_that_another_organization_has(app: &TestApp) {
    let body = json!({"name": "風", "area": "131041", "corporate_number": "7000012050002"});
    app.post("/v1/organizations", &body).expect(201);
    assert_eq!(
        app.post("/v1/organizations", &body).expect(409).code(),
        "duplicate_organization"
    );
    let other = app.organization("別");
    let taken = app.patch(
        &format!("/v1/organizations/{other}"),
        &json!({"corporate_number": "7000012050002"}),
    );
    assert_eq!(taken.expect(409).code(), "duplicate_organization");
}

fn frees_the_corporate_number_and_external_id_of_an_archived_organization(app: &TestApp) {
    let body = json!({"name": "風", "area": "131041", "corporate_number": "7000012050002",
        "source": "s", "external_id": "1"});
    let path = app
        .post("/v1/organizations", &body)
        .expect(201)
        .header("location")
        .to_owned();
    app.delete(&path).expect(204);
    app.post("/v1/organizations", &body).expect(201);
    app.post("/v1/organizations", &body).expect(409);
}

fn rejects_an_external_id_without_a_source(app: &TestApp) {
    let body = json!({"name": "風", "area": "131041", "external_id": "7"});
    assert_eq!(
        app.post("/v1/organizations", &body).expect(422).faults()[0].1,
        "incomplete_source"
    );
}

fn refuses_to_archive_an_organization_with_open_deliverables(app: &TestApp) {
    let (lead, joint) = (app.organization("区役所"), app.organization("社協"));
    let id = app.deliverable(&lead, json!({"joint_organization_ids": [joint]}));
    for organization in [&lead, &joint] {
        let refused = app
            .delete(&format!("/v1/organizations/{organization}"))
            .expect(409);
        assert_eq!(refused.code(), "has_open_deliverables");
    }
    app.patch(&format!("/v1/deliverables/{id}"), &json!({"status": "cancelled"}))
        .expect(200);
    app.delete(&format!("/v1/organizations/{lead}")).expect(204);
}

fn finds_organizations_by_filters_and_by_any_part_of_the_name(app: &TestApp) {
    let register = |name: &str, area: &str, kind: &str| {
        app.post(
            "/v1/organizations",
            &json!({"name": name, "area": area, "kind": kind}),
        )
        .expect(201);
    };
    register("ＮＰＯ法人 風のやすみば", "131059", "npo");
    register("東中野五丁目小滝町会", "131148", "neighbourhood_association");
    register("Chiyoda Community Connection", "131016", "voluntary_group");
    let names = |query: &[(&str, &str)]| -> Vec<String> {
        let query = serde_urlencoded::to_string(query).unwrap();
        let page = app
            .get(&format!("/v1/organizations?sort=name&{query}"))
            .expect(200)
            .json();
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|o: &Value| o["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&[("q", "やすみ")]), ["ＮＰＯ法人 風のやすみば"]);
    assert_eq!(names(&[("q", "npo")]), ["ＮＰＯ法人 風のやすみば"]);
    assert_eq!(names(&[("q", "会")]), ["東中野五丁目小滝町会"]);
    assert_eq!(
        names(&[("q", "ば")]),
        ["ＮＰＯ法人 風のやすみば"],
        "finds the last letter"
    );
    assert_eq!(
        names(&[("q", "ＣＯＭＭ connec")]),
        ["Chiyoda Community Connection"]
    );
    assert_eq!(
        names(&[("q", "東野")]),
        [] as [&str; 0],
        "both letters, but not next to each other"
    );
    assert_eq!(names(&[("q", "風ば")]), [] as [&str; 0]);
    assert_eq!(
        names(&[("q", "'\"*:)-&|!")]),
        [] as [&str; 0],
        "no name has these marks"
    );
    assert_eq!(names(&[("area", "13114")]), ["東中野五丁目小滝町会"]);
    assert_eq!(names(&[("kind", "npo"), ("q", "町会")]), [] as [&str; 0]);
}
