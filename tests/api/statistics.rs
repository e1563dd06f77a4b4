//! Statistics: the published table comes back exactly.

use crate::support::{TestApp, on_both};
use musubi::imports::actions::import_archive;
use musubi::imports::archive::ArchiveFile;
use serde_json::{Value, json};
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
        "test",
        &archive,
        Some(&totals),
        false,
        &|_, _| {},
    )
    .unwrap();
}

/// The published table: fiscal year and category, with the format that they mean.
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
    the_archive_gives_the_published_table_back,
    every_dimension_adds_up,
    what_is_made_up_does_not_count,
    the_table_comes_as_csv_where_that_is_preferred,
}

fn the_archive_gives_the_published_table_back(app: &TestApp) {
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
    assert_eq!(
        (&grant["fiscal_year"], &grant["recorded"], &grant["unlisted"]),
        (&json!(2021), &json!(0), &json!(5))
    );
}

fn every_dimension_adds_up(app: &TestApp) {
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

fn what_is_made_up_does_not_count(app: &TestApp) {
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

fn the_table_comes_as_csv_where_that_is_preferred(app: &TestApp) {
    load(app);
    let path = "/v1/statistics/deliverables?group_by=fiscal_year,format";
    let csv = app.get_with(path, &[("accept", "text/csv")]).expect(200);
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<&str> = csv.text.lines().collect();
    assert_eq!(
        (lines[0], lines.len()),
        ("fiscal_year,format,recorded,unlisted,total", 18)
    );
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
    let _: Value = json;
}
