//! Programmes: a fiscal year's schemes, their calendars, and what belongs to them.

use crate::support::{TestApp, assert_includes, on_both};
use diesel::connection::SimpleConnection;
use musubi::db::{Db, Id};
use serde_json::{Value, json};

on_both! {
    a_programme_holds_a_year_together,
    a_calendar_refuses_what_lies_outside_its_year,
    a_calendar_with_reversed_steps_is_noted_and_not_refused,
    what_moves_to_another_year_joins_no_programme_meanwhile,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn coordinator(app: &TestApp, email: &str, area: &str) -> String {
    app.user(email, json!({"role": "coordinator", "areas": [area]}));
    text(&app.login(email)["access_token"])
}

fn a_programme_holds_a_year_together(app: &TestApp) {
    let (here, elsewhere) = (
        coordinator(app, "c@example.jp", "131041"),
        coordinator(app, "d@example.jp", "131130"),
    );
    let follow = |after: &str| {
        let path = format!("/v1/changes?types=programme{after}");
        app.call("GET", &path, &elsewhere, &Value::Null).expect(200)
    };
    let begin = text(&follow("").json()["position"]);
    let year = musubi::catalogue::calendar::fiscal_year(musubi::catalogue::calendar::today());
    let today = musubi::catalogue::calendar::today();
    let last = format!("{}-03-31", year + 1);
    let body = json!({"title": "地域づくり応援プロボノ", "kind": "pro_bono", "fiscal_year": year, "areas": ["13104"],
        "goal": "団体20件に成果物を届ける。", "calendar": [
            {"kind": "hearing", "on": today, "title": "訪問ヒアリング"},
            {"kind": "hearing", "on": last},
            {"kind": "applications_open", "on": today, "done": true}]});
    // A coordinator registers programmes for their areas, and only the secretariat one for all.
    app.call("POST", "/v1/programmes", &elsewhere, &body).expect(403);
    let mut whole = body.clone();
    whole["areas"] = json!([]);
    app.call("POST", "/v1/programmes", &here, &whole).expect(403);
    let all = app.post("/v1/programmes", &whole).expect(201).json();
    let made = app
        .call("POST", "/v1/programmes", &here, &body)
        .expect(201)
        .json();
    assert_includes(
        &made,
        &json!({"areas": ["131041"], "version": 1, "fiscal_year": year}),
    );
    let path = format!("/v1/programmes/{}", text(&made["id"]));
    // Everybody with a token reads it; those of its areas change it.
    let worker = app.token(musubi::auth::UserRole::Auditor);
    app.call("GET", &path, &worker, &Value::Null).expect(200);
    let change = json!({"goal": "団体24件に成果物を届ける。"});
    let refused = app.call("PATCH", &path, &elsewhere, &change).expect(403);
    assert_eq!(refused.code(), "access_denied");
    let changed = app.call("PATCH", &path, &here, &change).expect(200);
    assert!(changed.header("etag").starts_with("\"2."));
    app.patch_with(&path, &[("if-match", "\"1\"")], &change)
        .expect(412);
    let found = |query: &str| {
        let list = app.get(&format!("/v1/programmes?{query}")).expect(200).json();
        list["items"].as_array().unwrap().len()
    };
    assert_eq!(
        [
            found("area=131041"),
            found("area=131130"),
            found(&format!("fiscal_year={year}")),
            found("kind=other")
        ],
        [1, 0, 2, 0]
    );

    // The steps that are near and not done are tasks of those who may change the programme.
    let tasks = |token: &str| {
        let list = app
            .call("GET", "/v1/tasks?kind=take_step", token, &Value::Null)
            .expect(200);
        list.json()["items"].as_array().unwrap().clone()
    };
    let own = tasks(&here);
    assert_includes(
        &own[0],
        &json!({"title": "訪問ヒアリング（地域づくり応援プロボノ）", "due_on": today, "overdue": false, "href": path}),
    );
    let english = app.get_with("/v1/tasks?kind=take_step", &[("accept-language", "en")]);
    let english = english.expect(200).json();
    let mut titles = english["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| text(&task["title"]));
    assert!(titles.any(|title| title.ends_with(" (地域づくり応援プロボノ)")));
    assert!(tasks(&elsewhere).is_empty());
    assert!(tasks(&app.admin).len() >= 2);
    // A step that moves keeps its id; one that is done is no task any more.
    let moved = json!({"calendar": [{"kind": "hearing", "on": today, "title": "ヒアリング"},
        {"kind": "hearing", "on": last}]});
    app.call("PATCH", &path, &here, &moved).expect(200);
    assert_eq!(tasks(&here)[0]["id"], own[0]["id"]);
    let done = json!({"calendar": [{"kind": "hearing", "on": today, "done": true}, {"kind": "hearing", "on": last}]});
    app.call("PATCH", &path, &here, &done).expect(200);
    assert!(tasks(&here).iter().all(|task| task["id"] != own[0]["id"]));

    // They are events in the calendars of whom they concern.
    let calendar = |token: &str| {
        let feed = app
            .call("POST", "/v1/feeds", token, &json!({}))
            .expect(201)
            .json();
        let url = text(&feed["calendar_url"]).replace("https://musubi.example.jp", "");
        app.send("GET", &url, &[], b"")
            .expect(200)
            .text
            .replace("\r\n ", "")
    };
    let (own_calendar, other) = (calendar(&here), calendar(&elsewhere));
    let id = text(&own[0]["id"]);
    assert!(
        own_calendar.contains(&format!("UID:step-{id}@musubi")),
        "{own_calendar}"
    );
    assert!(
        own_calendar.contains("SUMMARY:ヒアリング（地域づくり応援プロボノ）"),
        "{own_calendar}"
    );
    assert!(!other.contains(&id) && other.contains("UID:step-"), "{other}");

    // Deliverables and accompaniments of the year belong to it.
    let organization = app.organization("風のひろば");
    let flyer = app.deliverable(&organization, json!({}));
    let old = json!({"starts_on": format!("{}-05-01", year - 1), "ends_on": format!("{}-06-01", year - 1)});
    let old = app.deliverable(&organization, old);
    let plan = json!({"organization_id": organization, "title": "伴走支援",
        "accompaniment": {"needs": "担い手", "supports": ["workshop"]}});
    let project = text(&app.post("/v1/projects", &plan).expect(201).json()["id"]);
    let records = format!("{path}/records");
    let add = |kind: &str, id: &str| {
        let body = json!({"kind": kind, "record_id": id});
        app.call("POST", &records, &here, &body)
    };
    add("deliverable", &flyer).expect(201);
    add("project", &project).expect(201);
    assert_eq!(
        add("deliverable", &flyer).expect(409).code(),
        "already_in_programme"
    );
    assert_eq!(
        add("deliverable", &project).expect(422).faults(),
        [("/record_id".into(), "unknown_record".into())]
    );
    let refused = add("deliverable", &old).expect(422);
    assert_eq!(
        refused.faults(),
        [("/record_id".into(), "outside_fiscal_year".into())]
    );
    assert!(
        refused.text.contains(&format!("{year}年度のプログラムです。")),
        "{}",
        refused.text
    );
    let listed = app.get(&records).expect(200).json();
    let titles: Vec<String> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["title"]))
        .collect();
    assert_eq!(titles, ["会員募集のチラシ", "伴走支援"]);
    assert_eq!(listed["items"][0]["fiscal_year"], year);
    // What belongs to a programme stays in its year.
    let next = json!({"starts_on": format!("{}-05-01", year + 1), "ends_on": format!("{}-06-01", year + 1)});
    for record in [format!("deliverables/{flyer}"), format!("projects/{project}")] {
        let refused = app.patch(&format!("/v1/{record}"), &next).expect(422);
        let faults = [("/starts_on".into(), "outside_fiscal_year".into())];
        assert_eq!(refused.faults(), faults, "{record}");
        let within = json!({"starts_on": format!("{year}-05-01"), "ends_on": format!("{year}-06-01")});
        app.patch(&format!("/v1/{record}"), &within).expect(200);
    }
    app.patch(&format!("/v1/deliverables/{old}"), &next).expect(200);
    // Who doesn't see the deliverable doesn't see that it belongs there.
    let nothing = app
        .call("GET", &records, &elsewhere, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(nothing["items"], json!([]));
    let first = app.get(&format!("{records}?limit=1")).expect(200).json();
    let next = format!("{records}?limit=1&cursor={}", text(&first["next"]));
    assert_eq!(
        app.get(&next).expect(200).json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    app.call("DELETE", &format!("{records}/{flyer}"), &here, &Value::Null)
        .expect(204);
    app.call("DELETE", &format!("{records}/{flyer}"), &here, &Value::Null)
        .expect(404);
    // Who follows learns of it, wherever they are.
    app.until(|| {
        let changes = follow(&format!("&after={begin}")).text;
        changes.contains(&text(&made["id"])) && changes.contains(&text(&all["id"]))
    });
}

fn a_calendar_with_reversed_steps_is_noted_and_not_refused(app: &TestApp) {
    let body = json!({"title": "プロボノ", "kind": "pro_bono", "fiscal_year": 2026, "calendar": [
        {"kind": "applications_close", "on": "2026-06-19"}, {"kind": "screening", "on": "2026-06-01"}]});
    let made = app.post("/v1/programmes", &body).expect(201).json();
    let path = format!("/v1/programmes/{}", text(&made["id"]));
    let noted = json!([{"code": "steps_reversed", "pointer": "/calendar/1/on", "message": "書類審査が募集締切より前の日です。"}]);
    assert_eq!(made["notices"], noted);
    assert_eq!(app.get(&path).expect(200).json()["notices"], noted);
    let listed = app.get("/v1/programmes").expect(200).json();
    assert_eq!(listed["items"][0]["notices"], noted);
    let english = app.get_with(&path, &[("accept-language", "en")]).expect(200).text;
    assert!(english.contains("This step (screening) is before"), "{english}");
    let mended = json!({"calendar": [{"kind": "screening", "on": "2026-07-01"}]});
    assert_eq!(app.patch(&path, &mended).expect(200).json()["notices"], json!([]));
}

fn a_calendar_refuses_what_lies_outside_its_year(app: &TestApp) {
    let body = json!({"title": "研修プログラム", "kind": "training", "fiscal_year": 2026, "calendar": [
        {"kind": "applications_open", "on": "2026-03-31"},
        {"kind": "hearing", "on": "2026-07-02", "until": "2026-07-01"},
        {"kind": "delivery", "on": "2027-03-31", "until": "2027-04-01"}]});
    let refused = app.post("/v1/programmes", &body).expect(422);
    assert_eq!(
        refused.faults(),
        [
            ("/calendar/0/on".into(), "outside_fiscal_year".into()),
            ("/calendar/1/until".into(), "dates_reversed".into()),
            ("/calendar/2/until".into(), "outside_fiscal_year".into())
        ]
    );
    let areas =
        json!({"title": "研修", "kind": "training", "fiscal_year": 2026, "areas": ["131041", "999999"]});
    assert_eq!(
        app.post("/v1/programmes", &areas).expect(422).faults(),
        [("/areas/1".into(), "unknown_area".into())]
    );
    let kind = json!({"title": "研修", "kind": "party", "fiscal_year": 2026});
    assert_eq!(
        app.post("/v1/programmes", &kind).expect(422).faults()[0].0,
        "/kind"
    );
    let made = json!({"title": "研修", "kind": "training", "fiscal_year": 2026, "calendar": [
        {"kind": "hearing", "on": "2026-07-02"}]});
    let made = app.post("/v1/programmes", &made).expect(201).json();
    let path = format!("/v1/programmes/{}", text(&made["id"]));
    assert_eq!(
        app.patch(&path, &json!({"fiscal_year": 2027}))
            .expect(422)
            .faults(),
        [("/fiscal_year".into(), "not_permitted".into())]
    );
    assert_eq!(
        app.get(&path).expect(200).json()["version"],
        1,
        "nothing was written"
    );
}

/// The one moves it, and hasn't committed yet; the other adds it to a programme of the year in which it still seems to be.
fn what_moves_to_another_year_joins_no_programme_meanwhile(app: &TestApp) {
    let year = musubi::catalogue::calendar::fiscal_year(musubi::catalogue::calendar::today());
    let flyer = app.deliverable(&app.organization("風のひろば"), json!({}));
    let programme =
        json!({"title": "プロボノ", "kind": "pro_bono", "fiscal_year": year, "areas": ["131041"]});
    let programme = text(&app.post("/v1/programmes", &programme).expect(201).json()["id"]);
    let path = format!("/v1/programmes/{programme}/records");
    let record = json!({"kind": "deliverable", "record_id": flyer});
    let id = Id(flyer.parse().unwrap());
    let (moved, has_moved) = std::sync::mpsc::channel();
    let added = std::thread::scope(|scope| {
        let (path, record) = (&path, &record);
        let adding = scope.spawn(move || {
            has_moved.recv().unwrap();
            app.post(path, record)
        });
        let moving = |db: &mut Db| {
            musubi::programmes::actions::check_year(db, id, year + 1)?;
            let sql = format!("UPDATE deliverables SET fiscal_year = {}", year + 1);
            match db {
                Db::Pg(c) => c.batch_execute(&sql)?,
                Db::Sqlite(c) => c.batch_execute(&sql)?,
            }
            moved.send(()).unwrap();
            app.until_a_writer_waits();
            Ok(())
        };
        app.state.pool.write_blocking(moving).unwrap();
        adding.join().unwrap()
    });
    let faults = [("/record_id".into(), "outside_fiscal_year".into())];
    assert_eq!(added.expect(422).faults(), faults);
}
