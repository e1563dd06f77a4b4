//! Figures of areas from official statistics, and what was done in each area against the need there.

use crate::support::{Response, TestApp, assert_includes, on_both};
use musubi::auth::{UserRole, Writer};
use musubi::demo;
use musubi::imports::actions::{ArchiveProgress, import_archive};
use musubi::imports::archive::ArchiveFile;
use serde_json::{Value, json};

on_both! {
    a_table_of_official_statistics_is_read_as_it_is_published,
    a_workbook_is_read_as_it_is_published,
    each_row_that_cannot_be_used_is_named_and_nothing_is_written,
    a_refused_table_says_what_was_found_and_what_to_write,
    a_source_is_replaced_and_removed_as_a_whole,
    coverage_holds_the_published_engagements_against_the_need,
}

const DETAILS: &str = "title=%E4%BA%BA%E5%8F%A3&credit=%E7%B7%8F%E5%8B%99%E7%9C%81";

fn put_as(
    app: &TestApp,
    token: &str,
    source: &str,
    query: &str,
    match_: Option<&str>,
    file: &[u8],
) -> Response {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "text/csv")];
    headers.extend(match_.map(|tag| ("if-match", tag)));
    app.send(
        "PUT",
        &format!("/v1/indicator-sources/{source}?{DETAILS}{query}"),
        &headers,
        file,
    )
}

fn put(app: &TestApp, source: &str, query: &str, file: &str) -> Response {
    put_as(app, &app.admin, source, query, None, file.as_bytes())
}

/// Each figure as area, indicator, year, kind and value.
fn figures(app: &TestApp, query: &str) -> Vec<(String, String, i64, String, i64)> {
    let list = app
        .get(&format!("/v1/indicators?limit=200{query}"))
        .expect(200)
        .json();
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    let all = list["items"].as_array().unwrap().iter();
    all.map(|one| {
        (
            text(one, "area"),
            text(one, "indicator"),
            one["year"].as_i64().unwrap(),
            text(one, "kind"),
            one["value"].as_i64().unwrap(),
        )
    })
    .collect()
}

/// Makes a workbook with a sheet of notes, and a table below titles, with a heading of two lines in merged cells.
fn workbook() -> Vec<u8> {
    use rust_xlsxwriter::{Format, Workbook};
    let mut book = Workbook::new();
    let plain = Format::new();
    let notes = book.add_worksheet().set_name("利用上の注意").unwrap();
    notes.write(0, 0, "数値は四捨五入していません。").unwrap();
    let sheet = book.add_worksheet().set_name("第3表").unwrap();
    sheet.write(0, 0, "第3表　市区町村別人口").unwrap();
    sheet.write(1, 0, "（単位：人）").unwrap();
    let headings = [
        (2, 0, 3, 0, "コード"),
        (2, 1, 3, 1, "市区町村名"),
        (2, 2, 2, 3, "2020年（国勢調査）"),
        (2, 4, 2, 5, "2040年（推計）"),
    ];
    for (top, left, bottom, right, text) in headings {
        sheet.merge_range(top, left, bottom, right, text, &plain).unwrap();
    }
    for (column, text) in (2..).zip(["総人口", "75歳以上", "総人口", "75歳以上"]) {
        sheet.write(3, column, text).unwrap();
    }
    sheet.write(4, 0, 13104).unwrap();
    sheet.write(4, 1, "新宿区").unwrap();
    for (column, value) in (2..).zip([349_385, 34_562, 357_098, 38_901]) {
        sheet.write(4, column, value).unwrap();
    }
    sheet.write(5, 0, 13362).unwrap();
    sheet.write(5, 1, "利島村").unwrap();
    sheet.write(5, 2, 327).unwrap();
    sheet.write(5, 3, "x").unwrap();
    sheet.write(6, 0, "注）令和5年推計。").unwrap();
    book.save_to_buffer().unwrap()
}

fn a_workbook_is_read_as_it_is_published(app: &TestApp) {
    let book = workbook();
    let source = put_as(app, &app.admin, "book", "", None, &book).expect(201);
    assert_includes(&source.json(), &json!({"figures": 5, "version": 1}));
    let found = figures(app, "&area=13104&source=book");
    let found: Vec<_> = found
        .iter()
        .map(|one| (one.1.as_str(), one.2, one.3.as_str(), one.4))
        .collect();
    assert_eq!(
        found,
        [
            ("population", 2020, "fact", 349_385),
            ("population", 2040, "projection", 357_098),
            ("population_75_plus", 2020, "fact", 34_562),
            ("population_75_plus", 2040, "projection", 38_901),
        ]
    );
    // The same figures change nothing.
    let sheet = "&sheet=%E7%AC%AC3%E8%A1%A8";
    let again = put_as(app, &app.admin, "book", sheet, Some("\"1\""), &book).expect(200);
    assert_eq!(again.json()["version"], 1);
    // A sheet without figures, one that there isn't, and a file that only begins like a workbook.
    let refused = |query: &str, file: &[u8]| {
        let answer = put_as(app, &app.admin, "broken", query, None, file);
        (answer.status, answer.faults())
    };
    let notes = "&sheet=%E5%88%A9%E7%94%A8%E4%B8%8A%E3%81%AE%E6%B3%A8%E6%84%8F";
    assert_eq!(refused(notes, &book).0, 422);
    assert_eq!(refused("&sheet=nowhere", &book).0, 422);
    let (status, faults) = refused("", &book[..600]);
    assert_eq!(
        (status, faults),
        (422, vec![("/file".into(), "damaged_workbook".into())])
    );
}

fn a_table_of_official_statistics_is_read_as_it_is_published(app: &TestApp) {
    let file = "第3表　市区町村別人口,,,,,\n（単位：人）,,,,,\n\
        コード,市区町村名,2020年（国勢調査）,,2040年（推計）,\n\
        ,,総人口,75歳以上,総人口,75歳以上\n\
        00000,全国,126146099,18601808,112837000,22275000\n\
        13104,新宿区,\"３４９，３８５\",\"34,562\",\"357,098\",\"38,901\"\n\
        130001,東京都,14047594,1694374,14507279,2026894\n\
        133621,利島村,327,…,x,-\n\
        注）令和5年推計。,,,,,\n";
    let source = put(app, "ipss", "", file).expect(201);
    assert_eq!(source.header("etag"), "\"1\"");
    assert_includes(
        &source.json(),
        &json!({"code": "ipss", "figures": 9, "rows_left_out": 2, "version": 1, "credit": "総務省"}),
    );
    let found = figures(app, "&area=13104");
    let figure = |indicator: &str, year: i64, kind: &str, value: i64| {
        (
            "131041".to_owned(),
            indicator.to_owned(),
            year,
            kind.to_owned(),
            value,
        )
    };
    assert_eq!(
        found,
        [
            figure("population", 2020, "fact", 349_385),
            figure("population", 2040, "projection", 357_098),
            figure("population_75_plus", 2020, "fact", 34_562),
            figure("population_75_plus", 2040, "projection", 38_901),
        ]
    );
    let of_tokyo = app.get("/v1/indicators?area=130001&indicator=population_75_plus&kind=projection");
    assert_includes(
        &of_tokyo.expect(200).json()["items"][0],
        &json!({"area": "130001", "name": "東京都", "value": 2_026_894, "year": 2040, "dated_on": null,
            "source": {"code": "ipss", "title": "人口", "credit": "総務省", "url": null}}),
    );
    // One indicator, one column a year, in thousands, in Shift_JIS.
    let file = "75歳以上の人口（千人）\n市区町村,2020年,2025年\n千代田区,5.7,6.4\n";
    let (bytes, _, _) = encoding_rs::SHIFT_JIS.encode(file);
    let query = "&indicator=population_75_plus&projected_from=2025";
    put_as(app, &app.admin, "thousands", query, None, &bytes).expect(201);
    let found = figures(app, "&source=thousands");
    let found: Vec<_> = found.iter().map(|one| (one.2, one.3.as_str(), one.4)).collect();
    assert_eq!(found, [(2020, "fact", 5_700), (2025, "projection", 6_400)]);
    // A row for each figure.
    let file =
        "市区町村コード,年,指標,値\n131016,令和2年,single_households,\"20,000\"\n131016,2020,世帯数,36000\n";
    put(app, "long", "", file).expect(201);
    let found: Vec<String> = figures(app, "&source=long&year=2020")
        .into_iter()
        .map(|one| one.1)
        .collect();
    assert_eq!(found, ["households", "single_households"]);
    // The prefecture beside the municipality, with names that others have, too.
    let by_name = |rows: &str| format!("都道府県名,市区町村名,総人口 1)\n{rows}");
    let by_code = "都道府県コード,市区町村コード,総人口\n13,104,3\n34,34208,4\n34,,5\n";
    let by_sex = "コード,市区町村名,総人口,,,65歳以上人口,,\n,,総数,男,女,総数,男,女\n,,（人）,,,（人）,,\n\
        131041,新宿区,30,10,20,8,3,5\n";
    for (source, file, expected) in [
        (
            "names",
            by_name("東京都,府中市,1\n広島県,府中市,2\n広島県,,3\n"),
            vec![("132063", 1), ("340006", 3), ("342084", 2)],
        ),
        (
            "blocks",
            by_name("広島県,計,3\n,府中市,2\n東京都,府中市,1\n"),
            vec![("132063", 1), ("340006", 3), ("342084", 2)],
        ),
        (
            "codes",
            by_code.to_owned(),
            vec![("131041", 3), ("340006", 5), ("342084", 4)],
        ),
        ("sexes", by_sex.to_owned(), vec![("131041", 30), ("131041", 8)]),
        (
            "others",
            "市区町村名,65歳以上人口,認知症高齢者数,65歳以上就業者数\n新宿区,3,1,2\n".to_owned(),
            vec![("131041", 3)],
        ),
    ] {
        let answer = put(app, source, "&year=2021", &file).expect(201).json();
        if source == "others" {
            let passed_over = json!(["認知症高齢者数", "65歳以上就業者数"]);
            assert_eq!(answer["columns_left_out"], passed_over);
        }
        let found = figures(app, &format!("&source={source}"));
        let found: Vec<(&str, i64)> = found.iter().map(|one| (one.0.as_str(), one.4)).collect();
        assert_eq!(found, expected, "{source}");
        app.delete(&format!("/v1/indicator-sources/{source}")).expect(204);
    }
    // Pages go on where the last ended.
    let first = app.get("/v1/indicators?limit=3").expect(200).json();
    let next = first["next"].as_str().unwrap();
    let rest = app
        .get(&format!("/v1/indicators?limit=200&cursor={next}"))
        .expect(200)
        .json();
    assert_eq!(rest["items"].as_array().unwrap().len(), 9 + 2 + 2 - 3);
    assert_eq!(
        app.get("/v1/indicators?area=999999&source=nobody")
            .expect(422)
            .faults(),
        [
            ("area".into(), "unknown_area".into()),
            ("source".into(), "unknown_source".into())
        ]
    );
}

fn each_row_that_cannot_be_used_is_named_and_nothing_is_written(app: &TestApp) {
    let file = "コード,市区町村名,年,区分,総人口\n131016,千代田区,2020,国勢調査,66680\n139999,架空区,2020,国勢調査,1\n\
        131041,新宿区,2020,国勢調査,約35万\n131059,文京区,来年,国勢調査,1\n131067,台東区,2020,うわさ,1\n\
        131016,千代田区,2020,国勢調査,66681\n131041,渋谷区,2020,国勢調査,1\n";
    let faults = put(app, "wrong", "", file).expect(422).faults();
    let named: Vec<(&str, &str)> = faults
        .iter()
        .map(|(at, code)| (at.as_str(), code.as_str()))
        .collect();
    assert_eq!(
        named,
        [
            ("/file/3/コード", "unknown_area"),
            ("/file/4/総人口", "not_a_figure"),
            ("/file/5/年", "invalid_year"),
            ("/file/6/区分", "unknown_figure_kind"),
            ("/file/7/総人口", "contradicting_figures"),
            ("/file/8/コード", "area_mismatch"),
        ]
    );
    let file = "コード,市区町村名,年,総人口,65歳以上,75歳以上\n131041,新宿区,2020,349,385,67,295\n131016,千代田区,2020,66680,11000,11001\n\
        131024,中央区,2020,169179,170000,1\n131032,港区,2020,260486,44000,22000,（速報）\n";
    let told = put(app, "wrong", "", file).expect(422);
    let faults: Vec<(String, String)> = told.faults();
    let expected = [
        ("/file/2/", "too_many_cells"),
        ("/file/3/75歳以上", "contradicting_figures"),
        ("/file/4/65歳以上", "contradicting_figures"),
    ];
    assert_eq!(
        faults,
        expected.map(|(at, code)| (at.to_owned(), code.to_owned()))
    );
    assert!(
        told.text.contains("11001") && told.text.contains("11000"),
        "{}",
        told.text
    );
    assert_eq!(figures(app, ""), []);
    assert_eq!(app.get("/v1/indicator-sources").json()["items"], json!([]));
    for (query, file, code) in [
        ("", "コード,面積\n131016,11.66\n", "no_figures"),
        ("", "年,総人口\n2020,1\n", "no_areas"),
        ("", "コード,総人口\n131016,1\n", "no_year"),
        ("", "コード,2020年\n131016,1\n", "unknown_indicator"),
        ("&year=2020", "市区町村,総人口\n浦和市,1\n", "former_area"),
        ("", "", "empty_file"),
    ] {
        let answer = put(app, "wrong", query, file);
        assert_eq!(answer.expect(422).faults()[0].1, code, "{file}");
    }
    let bad = app
        .put(
            "/v1/indicator-sources/x?title=a&credit=b&year=1&url=x",
            &json!({}),
        )
        .expect(400);
    let places: Vec<String> = bad.faults().into_iter().map(|(at, _)| at).collect();
    assert_eq!(places, ["url", "year"]);
}

fn a_refused_table_says_what_was_found_and_what_to_write(app: &TestApp) {
    for (file, at, code, said) in [
        (
            "コード,面積\n131016,11.66\n",
            "/file",
            "no_figures",
            "「コード」「面積」",
        ),
        ("年,総人口\n2020,1\n", "/file", "no_areas", "「年」「総人口」"),
        (
            "地域名,総人口,地域名,75歳以上\n千代田区,10,八王子市,1\n",
            "/file",
            "two_areas",
            "「地域名」",
        ),
        (
            "市区町村名,性別,総数\n千代田区,女,1\n",
            "/file",
            "only_parts",
            "「性別」",
        ),
        (
            "市区町村名,人口,\n,男,女\n千代田区,1,2\n",
            "/file/2/人口",
            "heading_unread",
            "男",
        ),
    ] {
        let refused = put(app, "parts", "&year=2021", file).expect(422);
        let first = &refused.faults()[0];
        assert_eq!((first.0.as_str(), first.1.as_str()), (at, code), "{file}");
        assert!(refused.text.contains(said), "{}", refused.text);
    }
    // Sexes below the population, in merged cells, and figures of years to come.
    let by_sex = "団体コード,市区町村名,人口,,,世帯数\n団体コード,市区町村名,男,女,計,世帯数\n131016,千代田区,1,2,3,4\n";
    let answer = put(app, "parts", "&year=2021", by_sex).expect(201).json();
    assert_eq!(answer["columns_left_out"], json!(["人口_男", "人口_女"]));
    put(app, "parts", "", "市区町村名,75歳以上2150年\n千代田区,9\n").expect(200);
    let found = figures(app, "&source=parts");
    assert_eq!((found[0].3.as_str(), found.len()), ("projection", 1));
    app.delete("/v1/indicator-sources/parts").expect(204);
}

fn a_source_is_replaced_and_removed_as_a_whole(app: &TestApp) {
    let file = "コード,年,総人口\n131016,2020,66680\n131041,2020,349385\n";
    put(app, "census", "", file).expect(201);
    // The same again changes nothing.
    assert_eq!(put(app, "census", "", file).expect(200).json()["version"], 1);
    let file = "コード,年,総人口\n131016,2020,66681\n";
    put_as(app, &app.admin, "census", "", Some("\"9\""), file.as_bytes()).expect(412);
    let again = put_as(app, &app.admin, "census", "", Some("\"1\""), file.as_bytes()).expect(200);
    assert_includes(&again.json(), &json!({"version": 2, "figures": 1}));
    assert_eq!(figures(app, "&source=census").len(), 1);
    let auditor = app.token(UserRole::Auditor);
    put_as(app, &auditor, "census", "", None, file.as_bytes()).expect(403);
    app.get_as(UserRole::Auditor, "/v1/indicators").expect(200);
    app.get_as(UserRole::Importer, "/v1/indicators").expect(403);
    app.delete("/v1/indicator-sources/census").expect(204);
    app.delete("/v1/indicator-sources/census").expect(404);
    assert_eq!(figures(app, ""), []);
}

fn coverage_holds_the_published_engagements_against_the_need(app: &TestApp) {
    // What belongs to no area is told beside the areas.
    let whole = json!({"kind": "conference", "title": "大会", "month": "2026-11", "status": "published"});
    app.post("/v1/events", &whole).expect(201);
    let none = app.get("/v1/statistics/coverage").expect(200).json();
    assert_includes(
        &none,
        &json!({"need_status": "none", "areas_without_need": 62, "sources": [], "bounds": {"need": null},
            "uncounted": {"groups": 0, "requests": 0, "events": 1}}),
    );
    let before = app.get("/v1/statistics/coverage?to=2025").expect(200).json();
    assert_eq!(before["uncounted"]["events"], 0);
    assert_eq!(none["items"][0]["need"], Value::Null);
    let (archive, totals) = (
        ArchiveFile {
            name: "archive.csv",
            bytes: demo::ARCHIVE.as_bytes(),
        },
        ArchiveFile {
            name: "totals.csv",
            bytes: demo::TOTALS.as_bytes(),
        },
    );
    let (pool, catalogues) = (&app.state.pool, &app.state.catalogues);
    let writer = Writer::operator("test");
    import_archive(
        pool,
        catalogues,
        &writer,
        &archive,
        Some(&totals),
        false,
        &ArchiveProgress::NONE,
    )
    .unwrap();
    let load = |db: &mut musubi::db::Db| {
        let catalogue = catalogues.current(db)?;
        demo::population::load(db, &catalogue)
    };
    // Each row has three figures: 62 municipalities and 47 prefectures of 8 rows.
    assert_eq!(pool.write_blocking(load).unwrap(), (62 + 47) * 8 * 3);
    let coverage = app.get("/v1/statistics/coverage").expect(200).json();
    assert_includes(
        &coverage,
        &json!({"need_status": "complete", "areas_without_need": 0,
            "total": {"need": 1_838_345, "projection": 2_518_405, "engagements": 147, "delivered": 147,
                "served_per_10000": 0.8}}),
    );
    let items = coverage["items"].as_array().unwrap();
    assert_eq!(items.len(), 62);
    let sources: Vec<&Value> = coverage["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["code"])
        .collect();
    assert_eq!(sources, ["ipss2023", "juki2025"]);
    let sum: f64 = items.iter().map(|one| one["gap"].as_f64().unwrap()).sum();
    assert!(sum.abs() < 3.0, "gaps even out: {sum}");
    let first = items.iter().find(|one| one["rank"] == 1).unwrap();
    assert_eq!(first["gap"], coverage["bounds"]["gap"]["most"]);
    let need = &first["need"];
    assert_includes(
        need,
        &json!({"year": 2025, "dated_on": "2025-01-01", "source": {"code": "juki2025"}}),
    );
    let then = app.get("/v1/statistics/coverage?projection_year=2040&from=2021&to=2021&area=130001");
    assert_includes(
        &then.expect(200).json()["total"],
        &json!({"projection": 2_026_894, "engagements": 15}),
    );
    let table = app
        .get("/v1/statistics/coverage.csv?area=131041")
        .expect(200)
        .text;
    assert_eq!(table.lines().count(), 2);
    assert!(
        table.starts_with("\u{feff}area,"),
        "spreadsheets read it as UTF-8"
    );
    assert!(
        table.contains("131041,新宿区,") && table.contains("総務省「住民基本台帳"),
        "{table}"
    );
    app.get("/v1/statistics/coverage?area=999999").expect(422);
    for elsewhere in ["272124", "270008"] {
        let refused = app
            .get(&format!("/v1/statistics/coverage?area={elsewhere}"))
            .expect(422);
        assert_eq!(
            refused.faults(),
            [("area".to_owned(), "area_not_served".to_owned())]
        );
    }
    app.get_as(UserRole::Importer, "/v1/statistics/coverage")
        .expect(403);
}
