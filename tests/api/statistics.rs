//! Statistics of deliverables.

use crate::support::{TestApp, assert_includes, on_both};
use musubi::auth::Writer;
use musubi::imports::actions::{ArchiveProgress, import_archive};
use musubi::imports::archive::ArchiveFile;
use serde_json::json;
use std::collections::BTreeMap;

fn load(app: &TestApp) {
    let archive = ArchiveFile {
        name: "archive.csv",
        bytes: musubi::demo::ARCHIVE.as_bytes(),
    };
    let totals = ArchiveFile {
        name: "totals.csv",
        bytes: musubi::demo::TOTALS.as_bytes(),
    };
    import_archive(
        &app.state.pool,
        &app.state.catalogues,
        &Writer::operator("test"),
        &archive,
        Some(&totals),
        false,
        &ArchiveProgress::NONE,
    )
    .unwrap();
}

/// Returns the published totals by fiscal year and format.
fn published() -> BTreeMap<(i64, String), i64> {
    let mut reader = csv::Reader::from_reader(musubi::demo::TOTALS.as_bytes());
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        let year = match &row[0] {
            "令和元年度" => 2019,
            "令和2年度" => 2020,
            "令和3年度" => 2021,
            heisei => {
                1988 + heisei
                    .trim_start_matches("平成")
                    .trim_end_matches("年度")
                    .parse::<i64>()
                    .unwrap()
            }
        };
        let format = match &row[1] {
            "長期プロジェクト" => "long",
            "中・長期プロジェクト" => "mid_long",
            "短期プロジェクト" if year == 2021 => "one_month",
            "短期プロジェクト" => "one_day",
            "その他" => "other",
            _ => "individual",
        };
        ((year, format.to_owned()), row[2].parse().unwrap())
    });
    rows.collect()
}

on_both! {
    reproduces_the_published_table,
    adds_up_in_every_dimension,
    leaves_out_demo_data_by_default,
    returns_csv_if_the_client_prefers_it,
}

fn reproduces_the_published_table(app: &TestApp) {
    load(app);
    let answer = app
        .get("/v1/statistics/deliverables?group_by=fiscal_year,format")
        .expect(200)
        .json();
    let counted: BTreeMap<(i64, String), i64> = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            (
                (
                    item["fiscal_year"].as_i64().unwrap(),
                    item["format"].as_str().unwrap().to_owned(),
                ),
                item["total"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(counted, published());
    assert_eq!(
        answer["total"],
        json!({"recorded": 147, "unlisted": 5, "total": 152})
    );
    let grant = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|i| i["format"] == "individual")
        .unwrap();
    assert_includes(grant, &json!({"fiscal_year": 2021, "recorded": 0, "unlisted": 5}));
}

fn adds_up_in_every_dimension(app: &TestApp) {
    load(app);
    for dimension in [
        "fiscal_year",
        "format",
        "area",
        "family",
        "type",
        "status",
        "area,type",
        "",
    ] {
        let answer = app
            .get(&format!("/v1/statistics/deliverables?group_by={dimension}"))
            .expect(200)
            .json();
        let items = answer["items"].as_array().unwrap();
        assert_eq!(
            items.iter().map(|i| i["recorded"].as_i64().unwrap()).sum::<i64>(),
            147,
            "{dimension}"
        );
    }
    let by_area = app.get("/v1/statistics/deliverables?group_by=area").json();
    assert_eq!(
        by_area["total"],
        json!({"recorded": 147, "unlisted": null, "total": 147})
    );
    let flyers = app
        .get("/v1/statistics/deliverables?type=flyer&fiscal_year=2018")
        .json();
    assert_eq!(flyers["total"]["recorded"], 9);
    assert_eq!(
        app.get("/v1/statistics/deliverables?group_by=colour")
            .expect(400)
            .faults()[0]
            .0,
        "group_by"
    );
}

fn leaves_out_demo_data_by_default(app: &TestApp) {
    load(app);
    musubi::demo::load(
        &app.state,
        chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap(),
        300,
    )
    .unwrap();
    let total = |query: &str| {
        app.get(&format!("/v1/statistics/deliverables{query}")).json()["total"]["recorded"].clone()
    };
    assert_eq!([total(""), total("?include_demo=true")], [json!(147), json!(162)]);
}

fn returns_csv_if_the_client_prefers_it(app: &TestApp) {
    load(app);
    let path = "/v1/statistics/deliverables?group_by=fiscal_year,format";
    let csv = app.get_with(path, &[("accept", "text/csv")]).expect(200);
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<&str> = csv.text.lines().collect();
    assert_eq!(lines[0], "fiscal_year,format,recorded,unlisted,total");
    assert_eq!(lines.len(), 18);
    assert!(lines.contains(&"2021,individual,0,5,5"));
    let json = app
        .get_with(path, &[("accept", "application/json;q=0.9, text/csv;q=0.1")])
        .expect(200)
        .json();
    assert!(json["items"].is_array());
    assert_eq!(
        app.get_with(path, &[("accept", "image/png")]).expect(406).code(),
        "not_acceptable"
    );
}
