//! Statistics of deliverables.

use crate::support::{TestApp, assert_includes, on_both};
use musubi::auth::{UserRole, Writer};
use musubi::imports::actions::{ArchiveProgress, import_archive};
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
    returns_the_counts_as_a_table,
    counts_by_month_and_quarter_and_what_is_asked_for,
    measures_the_time_to_match,
    counts_applications,
    only_organizations_that_you_read_are_counted_by_themselves,
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
        json!({"recorded": 147, "unlisted": 5, "total": 152, "matched": 147, "timed": 0, "median_days_to_match": null})
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
        "quarter",
        "month",
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
        json!({"recorded": 147, "unlisted": null, "total": 147, "matched": 147, "timed": 0, "median_days_to_match": null})
    );
    let flyers = app
        .get("/v1/statistics/deliverables?type=flyer&fiscal_year=2018")
        .json();
    assert_eq!(flyers["total"]["recorded"], 9);
    let unknown = app.get("/v1/statistics/deliverables?group_by=colour").expect(400);
    assert_eq!(
        unknown.faults(),
        [("group_by".into(), "unknown_dimension".into())]
    );
    assert!(unknown.text.contains("quarter"), "{}", unknown.text);
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
    assert_eq!([total(""), total("?include_demo=true")], [json!(147), json!(169)]);
}

fn returns_the_counts_as_a_table(app: &TestApp) {
    load(app);
    let csv = app
        .get("/v1/statistics/deliverables.csv?group_by=fiscal_year,format")
        .expect(200);
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let plain = csv.text.strip_prefix('\u{feff}').expect("a byte order mark");
    let lines: Vec<&str> = plain.lines().collect();
    assert_eq!(
        lines[0],
        "fiscal_year,format,recorded,unlisted,total,matched,timed,median_days_to_match"
    );
    assert_eq!(lines.len(), 18);
    assert!(lines.contains(&"2021,individual,0,5,5,0,0,"));
    // The other path has one type, whatever the client would like.
    let json = app
        .get_with("/v1/statistics/deliverables", &[("accept", "text/csv")])
        .expect(200);
    assert_eq!(json.header("content-type"), "application/json");
}

fn items(app: &TestApp, path: &str) -> Vec<Value> {
    let answer = app.get(&format!("/v1/statistics/{path}")).expect(200).json();
    answer["items"].as_array().unwrap().clone()
}

fn counts_by_month_and_quarter_and_what_is_asked_for(app: &TestApp) {
    let organization = app.organization("戸山会");
    let other = app.organization("大久保会");
    let designer = json!([{"role": "designer", "places": 1, "skills": []}]);
    let writer = json!([{"role": "copywriter", "places": 1, "skills": [{"skill": "copywriting", "level": 2, "weight": 1}]}]);
    for (organization, day, roles) in [
        (&organization, "2026-04-01", designer.clone()),
        (&organization, "2026-06-30", designer),
        (&organization, "2026-07-01", writer.clone()),
        (&other, "2027-03-31", writer),
    ] {
        app.deliverable(organization, json!({"starts_on": day, "roles": roles}));
    }
    let named = |path: &str, name: &str| {
        let found = items(app, path);
        let pair = |one: &Value| {
            (
                one[name].as_str().unwrap().to_owned(),
                one["recorded"].as_i64().unwrap(),
            )
        };
        found.iter().map(pair).collect::<Vec<_>>()
    };
    let months = ["2026-04", "2026-06", "2026-07", "2027-03"].map(|month| (month.to_owned(), 1));
    assert_eq!(named("deliverables?group_by=month", "month"), months);
    let quarters = [("2026-Q1", 2), ("2026-Q2", 1), ("2026-Q4", 1)].map(|(name, n)| (name.to_owned(), n));
    assert_eq!(named("deliverables?group_by=quarter", "quarter"), quarters);
    let total = |query: &str| {
        app.get(&format!("/v1/statistics/deliverables?{query}"))
            .expect(200)
            .json()["total"]["recorded"]
            .clone()
    };
    assert_eq!(total("role=copywriter"), 2);
    assert_eq!(total("skill=copywriting&fiscal_year=2026"), 2);
    assert_eq!(total(&format!("organization_id={organization}")), 3);
    assert_eq!(
        total(&format!("organization_id={organization}&role=copywriter")),
        1
    );
    let csv = app.get("/v1/statistics/deliverables.csv?group_by=quarter");
    assert!(csv.text.contains("2026-Q1,2,,2,0,"), "{}", csv.text);
    // Of what was published with its year alone, nobody knows the month.
    load(app);
    let unknown = items(app, "deliverables?group_by=month");
    assert_eq!(
        (&unknown[0]["month"], &unknown[0]["recorded"]),
        (&Value::Null, &json!(147))
    );
}

fn measures_the_time_to_match(app: &TestApp) {
    let organization = app.organization("戸山会");
    let role = json!([{"role": "designer", "places": 1, "skills": [{"skill": "graphic_design", "level": 2, "weight": 1}]}]);
    let deliverable = app.deliverable(&organization, json!({"roles": role}));
    let (worker, path) = (app.worker(json!({})), format!("/v1/deliverables/{deliverable}"));
    let matched = || {
        let total = app.get("/v1/statistics/deliverables").expect(200).json()["total"].clone();
        (total["matched"].clone(), total["median_days_to_match"].clone())
    };
    assert_eq!(matched(), (json!(0), Value::Null));
    let bid = json!({"deliverable_id": deliverable, "worker_id": worker, "role": "designer"});
    let application = app.post("/v1/applications", &bid).expect(201).json();
    let application = format!("/v1/applications/{}", application["id"].as_str().unwrap());
    app.patch(&application, &json!({"status": "agreed"})).expect(200);
    assert_eq!(app.get(&path).json()["days_to_match"], 0);
    assert_eq!(matched(), (json!(1), json!(0)));
    // Somebody leaves: it is looked for again, since it was first opened.
    let opened = app.get(&path).json()["opened_at"].clone();
    app.patch(&application, &json!({"status": "withdrawn", "reason": "health"}))
        .expect(200);
    let open = app.get(&path).json();
    assert_eq!(
        (&open["status"], &open["days_to_match"], &open["opened_at"]),
        (&json!("open"), &Value::Null, &opened)
    );
    assert_eq!(matched(), (json!(0), Value::Null));
}

fn counts_applications(app: &TestApp) {
    let organization = app.organization("戸山会");
    let deliverable = app.deliverable(&organization, json!({}));
    let apply = || {
        let bid =
            json!({"deliverable_id": deliverable, "worker_id": app.worker(json!({})), "role": "designer"});
        let application = app.post("/v1/applications", &bid).expect(201).json();
        format!("/v1/applications/{}", application["id"].as_str().unwrap())
    };
    let declined = [(); 3].map(|()| apply())[2].clone();
    app.patch(&declined, &json!({"status": "declined", "reason": "skills"}))
        .expect(200);
    let by_status = items(app, "applications?group_by=month,status,role,type,area");
    let today = musubi::catalogue::calendar::today().format("%Y-%m").to_string();
    let row = |status: &str, count: i64| {
        json!({"fiscal_year": null, "quarter": null, "month": today, "format": null, "area": "131041",
            "family": null, "type": "flyer", "role": "designer", "status": status, "count": count})
    };
    assert_eq!(by_status, [row("declined", 1), row("submitted", 2)]);
    let total = |query: &str| {
        app.get(&format!("/v1/statistics/applications?{query}"))
            .expect(200)
            .json()["total"]
            .clone()
    };
    assert_eq!(total(""), 3);
    assert_eq!(
        (
            total("status=submitted"),
            total("role=copywriter"),
            total("area=13101")
        ),
        (json!(2), json!(0), json!(0))
    );
    assert_eq!(
        (total("fiscal_year=2000"), total("type=flyer")),
        (json!(0), json!(3))
    );
    let csv = app
        .get("/v1/statistics/applications.csv?group_by=status")
        .expect(200);
    assert_eq!(csv.text, "\u{feff}status,count\ndeclined,1\nsubmitted,2\n");
    let name = csv.header("content-disposition");
    assert!(
        name.starts_with("attachment; filename=\"applications-2"),
        "{name}"
    );
    app.get("/v1/statistics/applications?group_by=worker").expect(400);
    app.get("/v1/statistics/deliverables?group_by=role").expect(400);
    // Demo data counts only if you ask for it; erasing a worker changes nothing.
    let applied = app.get("/v1/applications").json()["items"][0]["worker_id"].clone();
    app.delete(&format!("/v1/workers/{}", applied.as_str().unwrap()))
        .expect(204);
    assert_eq!(total(""), 3);
}

fn only_organizations_that_you_read_are_counted_by_themselves(app: &TestApp) {
    let elsewhere = app
        .post("/v1/organizations", &json!({"name": "目黒会", "area": "131105"}))
        .expect(201)
        .json();
    let lead = elsewhere["id"].as_str().unwrap();
    app.deliverable(lead, json!({}));
    let path = format!("/v1/statistics/deliverables?organization_id={lead}");
    let coordinator = app.token(UserRole::Coordinator);
    let refused = app.call("GET", &path, &coordinator, &Value::Null).expect(422);
    assert_eq!(
        refused.faults(),
        [("organization_id".to_owned(), "unknown_organization".to_owned())]
    );
    let bare = crate::support::token(&app.state, UserRole::Admin, Some("statistics:read"), 600);
    assert_eq!(
        app.call("GET", &path, &bare, &Value::Null).expect(403).code(),
        "insufficient_scope"
    );
    app.get(&path).expect(200);
}
