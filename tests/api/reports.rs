//! Yearly reports: as JSON, as a page and as a workbook. `briefing` asks for the published figures.

use crate::query_counts::{least_queries, start_counting};
use crate::support::{Response, TestApp, assert_includes, on_both};
use calamine::{Data, Reader, Xlsx};
use musubi::auth::UserRole;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Cursor;

on_both! {
    a_report_is_of_the_areas_that_its_reader_reaches,
    a_report_has_the_publications_and_page_views_of_its_years,
    made_up_records_are_in_no_figure_unless_they_are_asked_for,
    a_report_takes_as_many_statements_for_one_record_as_for_many,
}

const SPAN: &str = "/v1/reports?from=2015&to=2022";

fn section<'r>(report: &'r Value, code: &str) -> &'r Value {
    let mut sections = report["sections"].as_array().unwrap().iter();
    sections.find(|one| one["code"] == code).unwrap()
}

fn rows<'r>(report: &'r Value, code: &str) -> &'r Vec<Value> {
    section(report, code)["rows"].as_array().unwrap()
}

/// The values of a column, in order.
fn column(rows: &[Value], name: &str) -> Vec<Option<i64>> {
    rows.iter().map(|row| row[name].as_i64()).collect()
}

/// Adds up a column by year.
fn by_year(rows: &[Value], name: &str, years: std::ops::RangeInclusive<i64>) -> Vec<i64> {
    let sum = |year: i64| {
        let of_year = rows.iter().filter(|row| row["fiscal_year"] == year);
        of_year.filter_map(|row| row[name].as_i64()).sum()
    };
    years.map(sum).collect()
}

fn some(numbers: &[i64]) -> Vec<Option<i64>> {
    numbers.iter().copied().map(Some).collect()
}

fn workbook(app: &TestApp, path: &str) -> Xlsx<Cursor<Vec<u8>>> {
    let address = format!("{}{path}", app.base);
    let mut answer = ureq::get(&address)
        .header("authorization", &format!("Bearer {}", app.admin))
        .call()
        .unwrap();
    let bytes = answer.body_mut().read_to_vec().unwrap();
    calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap()
}

/// Finds the figures of the published programme in its report. It is loaded already.
pub fn check_published_figures(app: &TestApp) {
    let report = app.get(SPAN).expect(200).json();
    assert_includes(
        &report,
        &json!({"from": 2015, "to": 2022, "language": "ja", "areas": null}),
    );
    // 147 are listed of 152 that were declared, by year and kind.
    let counts = rows(&report, "engagement_counts");
    assert_eq!(
        by_year(counts, "engagements", 2015..=2021),
        [24, 24, 26, 27, 17, 14, 15]
    );
    assert_eq!(
        by_year(counts, "declared", 2015..=2021),
        [24, 24, 26, 27, 17, 14, 20]
    );
    let total = &section(&report, "engagement_counts")["total"];
    assert_includes(
        total,
        &json!({"engagements": 147, "declared": 152, "unlisted": 5}),
    );
    let mut kinds = counts.iter();
    let grant = kinds.find(|row| row["fiscal_year"] == 2021 && row["format"] == "individual");
    assert_includes(
        grant.unwrap(),
        &json!({"engagements": 0, "declared": 5, "unlisted": 5}),
    );
    let engagements = rows(&report, "engagements");
    assert_eq!(engagements.len(), 147);
    for row in engagements {
        for name in ["area", "group", "deliverable", "type", "format"] {
            assert!(row[name].is_string(), "{row}");
        }
    }
    assert_includes(
        &engagements[0],
        &json!({"fiscal_year": 2015, "status": "delivered"}),
    );
    let types = section(&report, "engagement_types");
    assert_eq!(types["total"]["engagements"], 147);
    // Conferences.
    let conferences = section(&report, "conferences");
    let came = [466, 579, 425, 479, 396, 648, 664, 882];
    assert_eq!(column(rows(&report, "conferences"), "attendance"), some(&came));
    assert_eq!(conferences["total"]["attendance"], 4539);
    let overview = rows(&report, "overview");
    assert_eq!(column(overview, "conference_attendance"), some(&came));
    assert_eq!(
        column(overview, "accompaniments"),
        some(&[0, 5, 3, 6, 3, 3, 3, 3])
    );
    assert_eq!(column(overview, "declared")[6], Some(20));
    // Lectures, seminars, and what isn't stated.
    let events = rows(&report, "events");
    let attendance = |year: i64, part: &str, text: &str| {
        let found = events
            .iter()
            .filter(|row| row["fiscal_year"] == year && row[part] == text);
        column(&found.cloned().collect::<Vec<_>>(), "attendance")
    };
    let lectures = |year: i64| attendance(year, "kind", "public_lecture");
    assert_eq!(
        [lectures(2019), lectures(2020), lectures(2021)],
        [some(&[116]), some(&[97, 54]), some(&[59, 54])]
    );
    let seminars = |year: i64| attendance(year, "series", "地域づくりゼミ");
    assert_eq!(
        [seminars(2019), seminars(2020), seminars(2021)],
        [some(&[16, 18, 15, 15]), some(&[22, 16]), some(&[8, 7])]
    );
    assert_eq!(attendance(2018, "kind", "basic_course"), vec![None; 4]);
    let lectures = rows(&report, "event_counts").iter();
    let mut lectures = lectures.filter(|row| row["kind"] == "public_lecture");
    assert_includes(
        lectures.next().unwrap(),
        &json!({"fiscal_year": 2019, "events": 1, "counted": 1, "attendance": 116}),
    );
    // From seminars to consultations.
    let funnels = rows(&report, "funnels");
    assert_eq!(
        (column(funnels, "came"), column(funnels, "consulted")),
        (some(&[61, 151]), some(&[14, 5]))
    );
    let from = funnels[0]["events"].as_str().unwrap();
    assert!(from.contains("（32名）") && from.contains("（29名）"), "{from}");
    // Accompaniments with need, support and outcome.
    let accompaniments = rows(&report, "accompaniments");
    assert_eq!(accompaniments.len(), 26);
    for row in accompaniments {
        assert!(row["needs"].is_string() && row["outcome"].is_string(), "{row}");
        assert!(!row["supports"].as_array().unwrap().is_empty(), "{row}");
    }
    let all = report.to_string();
    assert!(!all.contains("永沢映"), "advisors are not named");
    // Coverage with credits, and the calendars.
    let coverage = section(&report, "coverage");
    assert_eq!(rows(&report, "coverage").len(), 62);
    assert_includes(
        &coverage["total"],
        &json!({"need": 1_838_345, "engagements": 147}),
    );
    assert!(coverage["notes"].to_string().contains("住民基本台帳"));
    assert_eq!(rows(&report, "calendar").len(), 8);
    // One year alone.
    let year = app.get("/v1/reports/2021").expect(200).json();
    assert_eq!(year["title"], "年次報告　2021（令和3）年度");
    assert_eq!(rows(&year, "engagements").len(), 15);
    assert_eq!(column(rows(&year, "conferences"), "attendance"), some(&[664]));
    check_page(&app.get(&format!("{SPAN}&format=html")).expect(200));
    check_workbook(app);
}

fn check_page(page: &Response) {
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"),
        "{policy}"
    );
    let text = &page.text;
    for part in [
        "<html lang=\"ja\">",
        "<h1>年次報告　2015（平成27）〜2022（令和4）年度</h1>",
        "<th colspan=\"6\">2019（令和元）年度</th>",
        "太巻みまもりネットワーク",
        "<td class=\"figure\">4,539</td>",
        "2019年6月",
        "介護予防自主グループ活動への支援",
        "オンライン",
    ] {
        assert!(text.contains(part), "{part}");
    }
    for part in ["<script", "http://", "https://", "<img", "style=\""] {
        assert!(!text.contains(part), "{part}");
    }
}

fn check_workbook(app: &TestApp) {
    let mut book = workbook(app, &format!("{SPAN}&format=xlsx"));
    let names = book.sheet_names();
    assert_eq!(names.len(), 14);
    assert_eq!((&names[0][..], &names[5][..]), ("年度ごとの概要", "大会・総会"));
    let sheet = book.worksheet_range("大会・総会").unwrap();
    let cell = |row: u32, column: u32| sheet.get_value((row, column)).unwrap();
    assert!(cell(0, 0).to_string().starts_with("大会・総会　年次報告"));
    assert_eq!(cell(2, 6), &Data::String("参加者数".into()));
    assert_eq!(
        (cell(3, 0), cell(3, 6)),
        (&Data::Float(2015.0), &Data::Float(466.0))
    );
    assert!(matches!(cell(3, 1), Data::DateTime(_)));
    assert_eq!(
        (cell(11, 0), cell(11, 6)),
        (&Data::String("合計".into()), &Data::Float(4539.0))
    );
    let sheet = book.worksheet_range("団体支援の一覧").unwrap();
    assert_eq!(sheet.height(), 3 + 147, "title, headings, rows");
}

/// Registers an organization with a deliverable whose team is complete.
fn engagement(app: &TestApp, name: &str, area: &str, title: &str) -> String {
    let body = json!({"name": name, "area": area, "contact": {"person": "目黒 守"}});
    let organization = app.post("/v1/organizations", &body).expect(201).json();
    let organization = organization["id"].as_str().unwrap().to_owned();
    let days = json!({"title": title, "starts_on": "2026-05-01", "ends_on": "2026-05-01"});
    let deliverable = app.deliverable(&organization, days);
    let matched = json!({"status": "matched", "external_team": true});
    app.patch(&format!("/v1/deliverables/{deliverable}"), &matched)
        .expect(200);
    organization
}

fn accompaniment(app: &TestApp, organization: &str, needs: &str) {
    let body = json!({"organization_id": organization, "title": "伴走支援", "starts_on": "2026-04-01",
        "accompaniment": {"needs": needs, "supports": ["workshop"], "advisors": ["永沢 映"]}});
    app.post("/v1/projects", &body).expect(201);
}

fn event(app: &TestApp, more: Value) -> String {
    let mut body = json!({"kind": "seminar", "title": "ゼミ", "month": "2026-06", "status": "published"});
    crate::support::merge(&mut body, more);
    let made = app.post("/v1/events", &body).expect(201).json();
    made["id"].as_str().unwrap().to_owned()
}

fn a_report_is_of_the_areas_that_its_reader_reaches(app: &TestApp) {
    let here = engagement(app, "風の<b>ひろば", "131041", "会員募集のチラシ");
    let there = engagement(app, "海のひろば", "131130", "活動紹介の冊子");
    accompaniment(app, &here, "担い手が見つからない");
    accompaniment(app, &there, "場所が見つからない");
    let seminar = event(
        app,
        json!({"title": "区のゼミ", "areas": ["131041"], "capacity": 30}),
    );
    event(
        app,
        json!({"title": "隣のゼミ", "areas": ["131130"], "declared_attendance": 9}),
    );
    event(
        app,
        json!({"title": "総会", "kind": "conference", "month": null, "declared_attendance": 40,
            "times": [{"starts_at": "2026-10-01T13:00:00+09:00"}, {"starts_at": "2026-10-02T13:00:00+09:00"}]}),
    );
    let cancelled = event(
        app,
        json!({"title": "中止の大会", "kind": "conference", "month": null, "declared_attendance": 70,
            "times": [{"starts_at": "2026-11-01T13:00:00+09:00", "ends_at": "2026-11-03T00:00:00+09:00"}]}),
    );
    let change = json!({"status": "cancelled", "notice": "台風のため"});
    app.patch(&format!("/v1/events/{cancelled}"), &change).expect(200);
    event(app, json!({"title": "秘密のゼミ", "status": "draft"}));
    event(
        app,
        json!({"title": "相談会", "kind": "consultation", "areas": ["131041"], "month": "2026-07",
            "follows_event_ids": [seminar], "declared_attendance": 1}),
    );
    let registration = json!({"name": "川村 葵", "organization_id": here, "status": "attended",
        "wants_consultation": true});
    app.post(&format!("/v1/events/{seminar}/registrations"), &registration)
        .expect(201);
    let path = "/v1/reports/2026";
    let all = app.get(path).expect(200).json();
    assert_eq!(
        (rows(&all, "engagements").len(), rows(&all, "events").len()),
        (2, 3)
    );
    assert_eq!(rows(&all, "coverage").len(), 62);
    let first = &rows(&all, "conferences")[0];
    assert_includes(
        first,
        &json!({"starts_on": "2026-10-01", "ends_on": "2026-10-02", "attendance": 40}),
    );
    assert_includes(
        &rows(&all, "conferences")[1],
        &json!({"title": "中止の大会", "starts_on": "2026-11-01", "ends_on": "2026-11-02", "attendance": null,
            "status": "cancelled"}),
    );
    assert_eq!(section(&all, "conferences")["total"]["attendance"], 40);
    let funnel = &rows(&all, "funnels")[0];
    assert_includes(funnel, &json!({"came": 1, "asked": 1, "consulted": 1}));
    assert_eq!(funnel["applied"], 1, "the request came after the seminar");
    // A coordinator reads what is of their area, and what is for all.
    let coordinator = app.get_as(UserRole::Coordinator, path).expect(200);
    let own = coordinator.json();
    assert_eq!(own["areas"], json!(["131041"]));
    assert_eq!(
        [
            rows(&own, "engagements").len(),
            rows(&own, "accompaniments").len(),
            rows(&own, "events").len(),
            rows(&own, "coverage").len(),
        ],
        [1, 1, 2, 1]
    );
    assert_includes(
        &rows(&own, "overview")[0],
        &json!({"engagements": 1, "accompaniments": 1, "events": 2, "conference_attendance": 40}),
    );
    assert_eq!(rows(&own, "funnels")[0]["asked"], 1);
    for secret in ["海のひろば", "冊子", "場所", "隣のゼミ", "秘密"] {
        assert!(!coordinator.text.contains(secret), "{secret}");
    }
    for person in ["永沢", "目黒", "川村"] {
        assert!(!all.to_string().contains(person), "{person}");
    }
    app.get_as(UserRole::Auditor, path).expect(200);
    let importer = app.get_as(UserRole::Importer, path).expect(403);
    assert_eq!(importer.code(), "insufficient_scope");
    // What people wrote can't become markup.
    let page = app.get(&format!("{path}?format=html&lang=en")).expect(200).text;
    assert!(page.contains("風の&lt;b&gt;ひろば") && !page.contains("風の<b>"));
    assert!(page.contains("<h1>Yearly report, FY2026</h1>") && page.contains("Shinjuku-ku"));
    let english = app
        .get_with(path, &[("accept-language", "en")])
        .expect(200)
        .json();
    assert_eq!(section(&english, "conferences")["title"], "Conferences");
    // An empty year, and years that can't be.
    let empty = app.get("/v1/reports/1999?format=html").expect(200).text;
    assert!(empty.contains("この期間の記録はありません。"));
    assert_eq!(
        workbook(app, "/v1/reports/1999?format=xlsx").sheet_names().len(),
        14
    );
    for (years, code) in [
        ("from=2022&to=2015", "years_reversed"),
        ("from=2001&to=2021", "too_many_years"),
    ] {
        let refused = app.get(&format!("/v1/reports?{years}")).expect(422);
        assert_eq!(refused.faults(), [("to".into(), code.into())]);
    }
    app.get("/v1/reports?from=2002&to=2021").expect(200);
    for bad in [
        "/2021年",
        "/1899",
        "?from=2015",
        "/2021?format=pdf",
        "?from=2015&to=2300",
    ] {
        let path = format!("/v1/reports{}", bad.replace('年', "%E5%B9%B4"));
        app.get(&path).expect(400);
    }
}

fn a_report_has_the_publications_and_page_views_of_its_years(app: &TestApp) {
    let organization = app.organization("風のひろば");
    let publish = |title: &str, area: Option<&str>, status: &str| {
        let body = json!({"kind": "playbook", "title": title, "area": area, "status": status,
            "versions": [{"label": "第2版", "on": "2026-10-01"}, {"label": "第1版", "on": "2026-09-01"}],
            "recipients": [{"organization_id": organization, "on": "2026-10-01", "copies": 2},
                {"name": "高齢者福祉課", "on": "2026-10-01", "copies": 20},
                {"name": "高齢者福祉課", "on": "2026-11-01", "copies": 5}]});
        let made = app.post("/v1/publications", &body).expect(201).json();
        made["id"].as_str().unwrap().to_owned()
    };
    let here = publish("移動支援の<b>台本", Some("131041"), "published");
    publish("隣の台本", Some("131130"), "published");
    publish("みんなの教科書", None, "published");
    publish("下書き", Some("131041"), "draft");
    for scale in [5, 2] {
        let body = json!({"scale": scale, "role": "resident"}).to_string();
        let headers = [("content-type", "application/json")];
        let path = format!("/v1/publications/{here}/feedback");
        app.send("POST", &path, &headers, body.as_bytes()).expect(201);
    }
    // Views of pages, also of the lists and of an event; a question about the head is none.
    let seminar = event(app, json!({"title": "ゼミ", "areas": ["131041"]}));
    let pages = [
        "/events".to_owned(),
        "/openings".to_owned(),
        format!("/events/{seminar}"),
    ];
    for path in &pages {
        app.send("GET", path, &[], b"").expect(200);
        app.send("HEAD", path, &[], b"").expect(200);
    }
    app.send("GET", "/events/x", &[], b"").expect(400);
    app.send("GET", &format!("/v1/publications/{here}"), &[], b"")
        .expect(200);
    let viewed = || app.get("/v1/statistics/page-views").json()["items"].clone();
    app.until(|| {
        let items = viewed();
        let all = items.as_array().unwrap().iter();
        all.filter_map(|one| one["views"].as_i64()).sum::<i64>() == 4
    });
    let today = chrono::Utc::now() + chrono::Duration::hours(9);
    let year = chrono::Datelike::year(&today) - i32::from(chrono::Datelike::month(&today) < 4);
    let path = format!("/v1/reports/{year}");
    let all = app.get(&path).expect(200).json();
    let published = rows(&all, "publications");
    assert_eq!(published.len(), 3);
    assert_includes(
        &published[0],
        &json!({"fiscal_year": year, "kind": "playbook", "title": "移動支援の<b>台本", "version": "第2版",
            "sent_to": "風のひろば、高齢者福祉課", "copies": 27, "feedback": 2, "mean": 3.5}),
    );
    assert_includes(&published[1], &json!({"feedback": 0, "mean": null}));
    assert_includes(
        &section(&all, "publications")["total"],
        &json!({"copies": 81, "feedback": 2}),
    );
    let month = today.format("%Y-%m").to_string();
    assert_eq!(
        rows(&all, "page_views"),
        &[
            json!({"fiscal_year": year, "month": month, "card": 0, "post": 0, "publication": 1, "event": 1, "listing": 2,
            "views": 4})
        ]
    );
    // A coordinator doesn't learn to whom others sent theirs, and reads that views are of all areas.
    let own = app.get_as(UserRole::Coordinator, &path).expect(200).json();
    assert_eq!(rows(&own, "publications").len(), 2);
    assert_includes(
        &rows(&own, "publications")[1],
        &json!({"title": "みんなの教科書", "sent_to": null, "copies": null}),
    );
    assert_eq!(section(&own, "page_views")["notes"].as_array().unwrap().len(), 2);
    let page = app.get(&format!("{path}?format=html")).expect(200).text;
    for part in ["移動支援の&lt;b&gt;台本", "高齢者福祉課", "ウェブの閲覧数"] {
        assert!(page.contains(part), "{part}");
    }
    let mut book = workbook(app, &format!("{path}?format=xlsx"));
    let sheet = book.worksheet_range("資料の発行").unwrap();
    assert_eq!(sheet.get_value((3, 8)), Some(&Data::Float(3.5)));
    let sheet = book.worksheet_range("ウェブの閲覧数").unwrap();
    assert_eq!(sheet.get_value((3, 7)), Some(&Data::Float(4.0)));
}

fn a_report_takes_as_many_statements_for_one_record_as_for_many(app: &TestApp) {
    start_counting();
    let server = app.another();
    let add = |number: usize| {
        let organization = engagement(app, &format!("丘の会{number}"), "131041", "チラシ");
        accompaniment(app, &organization, "担い手");
        let lecture = event(app, json!({"title": format!("講座{number}")}));
        event(
            app,
            json!({"kind": "consultation", "follows_event_ids": [lecture], "month": "2026-07"}),
        );
        let registration = json!({"name": "川村", "organization_id": organization, "status": "attended"});
        app.post(&format!("/v1/events/{lecture}/registrations"), &registration)
            .expect(201);
        let programme = json!({"title": "プロボノ", "kind": "pro_bono", "fiscal_year": 2026});
        app.post("/v1/programmes", &programme).expect(201);
        let book = json!({"kind": "playbook", "title": "台本", "status": "published",
            "recipients": [{"organization_id": organization, "on": "2026-10-01", "copies": 1}]});
        app.post("/v1/publications", &book).expect(201);
    };
    let count = || {
        let show = || drop(server.get("/v1/reports/2026").expect(200));
        least_queries(&server, &["SELECT"], 12, show)
    };
    add(0);
    let one = count();
    (1..5).for_each(add);
    let many = count();
    assert!(one.len() <= 40, "{one:#?}");
    // What the server does of itself meanwhile is counted, too. A statement for each record would be there four times more.
    let times = |all: &[String]| {
        let mut times = BTreeMap::<String, usize>::new();
        for statement in all {
            *times.entry(statement.replace(", ?", "")).or_default() += 1;
        }
        times
    };
    let asked = times(&many);
    for (statement, once) in times(&one) {
        let often = asked.get(&statement).copied().unwrap_or_default();
        assert!(often <= once + 2, "{often} times: {statement}");
    }
}

fn made_up_records_are_in_no_figure_unless_they_are_asked_for(app: &TestApp) {
    let today = musubi::catalogue::calendar::today();
    let year = musubi::catalogue::calendar::fiscal_year(today);
    musubi::demo::load(&app.state, today, 300).unwrap();
    // In spring, what the demonstration began some months ago is of the year before.
    let years = format!("/v1/reports?from={}&to={year}", year - 1);
    let report = |query: &str| app.get(&format!("{years}{query}")).expect(200).json();
    let (real, all) = (report(""), report("&include_demo=true"));
    // Whoever passes it on sees that not everything in it happened.
    let says = |report: &Value| report["title"].as_str().unwrap().contains("見本");
    assert_eq!((says(&real), &real["include_demo"]), (false, &json!(false)));
    assert_eq!((says(&all), &all["include_demo"]), (true, &json!(true)));
    for kind in [
        "engagements",
        "engagement_types",
        "accompaniments",
        "events",
        "publications",
        "calendar",
    ] {
        assert_eq!(rows(&real, kind).len(), 0, "{kind}: {:?}", rows(&real, kind));
        assert!(!rows(&all, kind).is_empty(), "{kind}");
    }
    let events = |query: &str| {
        let coverage = format!("/v1/statistics/coverage?from={year}&to={year}{query}");
        app.get(&coverage).expect(200).json()["total"]["events"]
            .as_i64()
            .unwrap()
    };
    assert_eq!(events(""), 0);
    assert!(events("&include_demo=true") > 0);
    // A real record of the same year is in all of them.
    event(
        app,
        json!({"title": "本当の講座", "areas": ["131041"], "month": format!("{year}-07")}),
    );
    assert_eq!((rows(&report(""), "events").len(), events("")), (1, 1));
    let table = app
        .get(&format!(
            "/v1/statistics/coverage.csv?from={year}&to={year}&area=131041"
        ))
        .expect(200);
    assert!(
        table
            .text
            .lines()
            .next()
            .unwrap()
            .contains(",workers_near,events,served_per_10000,")
    );
    // The programme of this year has a goal and a calendar, and its requests, events and accompaniment.
    let programmes = app
        .get(&format!("/v1/programmes?fiscal_year={year}"))
        .expect(200)
        .json();
    let programme = &programmes["items"][0];
    assert!(programme["goal"].is_string() && programme["calendar"].as_array().unwrap().len() == 9);
    let id = programme["id"].as_str().unwrap();
    let records = app
        .get(&format!("/v1/programmes/{id}/records?limit=200"))
        .expect(200)
        .json();
    assert!(records["items"].as_array().unwrap().len() > 10, "{records}");
    let events = app
        .get(&format!("/v1/events?programme_id={id}"))
        .expect(200)
        .json();
    assert!(!events["items"].as_array().unwrap().is_empty());
}
