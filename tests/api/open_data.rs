//! Public datasets: what they have, and what they must not have.

use crate::support::{TestApp, assert_includes, on_both};
use serde_json::{Value, json};

fn get(app: &TestApp, path: &str) -> crate::support::Response {
    app.send("GET", path, &[], b"")
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let plain = text.strip_prefix('\u{feff}').expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(plain.as_bytes());
    reader
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

on_both! {
    publishes_organizations_that_agreed_and_their_deliverables,
    serves_empty_datasets_of_an_empty_database,
}

fn publishes_organizations_that_agreed_and_their_deliverables(app: &TestApp) {
    let organization = |name: &str, open_data: bool| {
        let body = json!({"name": name, "kana": "かな", "area": "131041", "open_data": open_data, "kind": "npo",
            "themes": ["place_to_gather"], "description": "=集まる",
            "contact": {"person": "田中 花子", "email": "t@example.jp", "phone": null}});
        app.post("/v1/organizations", &body).expect(201).json()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (open, closed) = (organization("ひらく会", true), organization("とじる会", false));
    let gone = organization("なくなる会", true);
    app.delete(&format!("/v1/organizations/{gone}")).expect(204);
    let flyer = app.deliverable(
        &open,
        json!({"title": "会員募集", "trouble": "秘密の困りごと", "starts_on": "2026-12-01"}),
    );
    app.deliverable(&closed, json!({"title": "とじたチラシ"}));
    app.post(
        "/v1/deliverables",
        &json!({"organization_id": open, "type": "flyer", "title": "下書き"}),
    )
    .expect(201);
    app.worker(json!({"personal": {"name": "佐藤 陽子"}}));

    let listed = get(app, "/v1/open-data/organizations").expect(200);
    assert_eq!(listed.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(listed.header("access-control-allow-origin"), "*");
    assert!(listed.header("link").contains("rel=\"license\""));
    let found = rows(&listed.text);
    assert_eq!(
        found[0][..4],
        ["全国地方公共団体コード", "ID", "地方公共団体名", "名称"]
    );
    assert_eq!(
        found[1..],
        [[
            "131041",
            &open,
            "新宿区",
            "ひらく会",
            "かな",
            "npo",
            "",
            "居場所づくり",
            "'=集まる"
        ]
        .map(str::to_owned)]
        .map(Vec::from)
    );
    let published = rows(&get(app, "/v1/open-data/deliverables?format=csv").expect(200).text);
    assert_eq!(published.len(), 2);
    assert_eq!(
        published[1][..6],
        ["131041", &flyer, "新宿区", "会員募集", &open, "ひらく会"].map(str::to_owned)
    );
    assert_eq!(published[1][10], "2026-12-01");
    assert_eq!(published[1][12], "open");
    let counted = rows(&get(app, "/v1/open-data/statistics").expect(200).text);
    let sum: u64 = counted[1..]
        .iter()
        .map(|row| row[8].parse::<u64>().unwrap())
        .sum();
    assert_eq!(counted[0][0], "全国地方公共団体コード");
    assert_eq!(sum, 3, "the counts include every deliverable");
    let ids: std::collections::BTreeSet<&String> = counted[1..].iter().map(|row| &row[1]).collect();
    assert_eq!(ids.len(), counted.len() - 1);

    for dataset in ["organizations", "deliverables", "statistics"] {
        let linked = get(app, &format!("/v1/open-data/{dataset}?format=jsonld")).expect(200);
        assert_eq!(linked.header("content-type"), "application/ld+json");
        let graph = linked.json();
        assert_eq!(graph["@context"], "https://schema.org");
        let items = graph["@graph"].as_array().unwrap();
        assert!(
            !items.is_empty()
                && items
                    .iter()
                    .all(|item| item["@id"].is_string() && item["@type"].is_string())
        );
        let csv = get(app, &format!("/v1/open-data/{dataset}")).expect(200);
        assert_eq!(rows(&csv.text).len() - 1, items.len());
        for secret in ["田中", "example.jp", "秘密", "佐藤", "とじ", "なくなる", "下書き"] {
            assert!(
                !linked.text.contains(secret) && !csv.text.contains(secret),
                "{dataset} has {secret}"
            );
        }
        let again = app.send(
            "GET",
            &format!("/v1/open-data/{dataset}"),
            &[("if-none-match", csv.header("etag"))],
            b"",
        );
        again.expect(304);
    }
    let catalogue = get(app, "/v1/open-data").expect(200).json();
    let datasets = catalogue["dcat:dataset"].as_array().unwrap();
    assert_eq!(datasets.len(), 3);
    assert_eq!(datasets[0]["dcat:distribution"].as_array().unwrap().len(), 2);
    let address = datasets[0]["dcat:distribution"][1]["dcat:downloadURL"]
        .as_str()
        .unwrap();
    assert!(
        address.ends_with("/v1/open-data/organizations?format=jsonld"),
        "{address}"
    );
    get(app, "/v1/open-data/workers").expect(404);
    assert_eq!(
        get(app, "/v1/open-data/organizations?format=xml")
            .expect(400)
            .code(),
        "invalid_parameters"
    );
}

fn serves_empty_datasets_of_an_empty_database(app: &TestApp) {
    for dataset in ["organizations", "deliverables", "statistics"] {
        assert_eq!(
            rows(&get(app, &format!("/v1/open-data/{dataset}")).expect(200).text).len(),
            1
        );
        let graph: Value = get(app, &format!("/v1/open-data/{dataset}?format=jsonld"))
            .expect(200)
            .json();
        assert_includes(&graph, &json!({"@graph": []}));
    }
}
