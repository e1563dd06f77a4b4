//! Lists of events: an office's sheet, イベント一覧, and exported events come in; registrations go out.

use crate::support::{TestApp, assert_includes, merge, on_both};
use musubi::auth::{Claims, UserRole};
use serde_json::{Value, json};

on_both! {
    a_sheet_of_an_office_becomes_events_once,
    rows_that_cannot_be_events_say_why,
    an_event_list_of_the_open_data_definition_is_imported,
    exported_events_are_the_same_when_they_come_back,
    an_undone_list_of_events_leaves_nothing,
    days_and_hours_are_read_as_offices_write_them,
    published_sessions_are_imported_with_theme_and_month,
    published_lists_of_a_programme_are_imported_as_a_whole,
    an_event_is_published_with_its_day_and_not_with_its_month_alone,
    all_days_of_a_row_are_times_of_its_event,
    a_corrected_day_moves_a_session_and_may_be_a_double_of_another_event,
    the_month_or_the_day_is_exported_as_what_it_is,
    a_list_says_the_day_of_an_event_that_was_known_by_its_month,
    events_of_two_wards_stay_apart,
    months_and_days_are_read_in_columns_of_their_own,
    a_session_that_is_over_is_not_moved_to_a_day_to_come,
    what_events_name_comes_along_if_it_is_here,
    sessions_of_one_title_on_one_day_are_events_of_their_own,
    rows_of_events_that_others_hold_change_nothing,
    registrations_are_exported_to_those_who_hold_the_event,
}

const HEADER: &str =
    "イベント名,種別,状態,開催日,開始時刻,終了時刻,場所,区市町村,定員,費用,申込期限,対象,講師,備考\n";

fn import(app: &TestApp, rows: &str) -> Value {
    app.import_and_wait("kind=events", format!("{HEADER}{rows}").as_bytes())
}

/// Returns created, updated, unchanged and rejected rows.
fn counts(import: &Value) -> [u64; 4] {
    let progress = &import["progress"];
    ["created", "updated", "unchanged", "rejected"].map(|name| progress[name].as_u64().unwrap())
}

fn events(app: &TestApp) -> Vec<Value> {
    let page = app.get("/v1/events?limit=200&sort=starts_on").expect(200).json();
    page["items"].as_array().unwrap().clone()
}

fn codes(app: &TestApp, import: &Value) -> Vec<String> {
    app.findings_of(import)
        .into_iter()
        .map(|(.., code)| code)
        .collect()
}

fn a_sheet_of_an_office_becomes_events_once(app: &TestApp) {
    let rows = "広報の基礎,ゼミ・セミナー,公開,令和8年10月8日,午後1時半,16時,新宿区役所,新宿区,30名,無料,2026/10/1,住民,田中 さくら（研究所）、森 一郎,内部メモ\n\
        総会,大会,下書き,2026-11-20,10:00〜12:00,,区民ホール,新宿区、板橋区,,\"1,000円\",,,,\n\
        ふれあい市,イベント,,2026-12-01,,,公園,新宿区,,,,,,\n";
    let first = import(app, rows);
    assert_eq!(counts(&first), [3, 0, 0, 0], "{:?}", app.findings_of(&first));
    let found = codes(app, &first);
    assert!(!found.contains(&"uneven_hours".to_owned()), "{found:?}");
    let all = events(app);
    assert_includes(
        &all[0],
        &json!({"title": "広報の基礎", "kind": "seminar", "status": "published", "areas": ["131041"],
            "times": [{"starts_at": "2026-10-08T04:30:00.000000Z", "ends_at": "2026-10-08T07:00:00.000000Z", "label": null}],
            "place": {"name": "新宿区役所"}, "capacity": 30, "fee_yen": 0, "audience": "住民",
            "registration_closes_at": "2026-10-01T15:00:00.000000Z",
            "speakers": [{"name": "田中 さくら", "affiliation": "研究所"}, {"name": "森 一郎", "affiliation": null}]}),
    );
    assert_includes(
        &all[1],
        &json!({"kind": "conference", "status": "draft", "areas": ["131041", "131199"], "fee_yen": 1000,
            "times": [{"starts_at": "2026-11-20T01:00:00.000000Z", "ends_at": "2026-11-20T03:00:00.000000Z"}]}),
    );
    assert_includes(
        &all[2],
        &json!({"times": [], "month": "2026-12-01", "status": "draft"}),
    );
    // Again, nothing changes. Then a row says something new, and what it doesn't say stays.
    assert_eq!(counts(&import(app, rows)), [0, 0, 3, 0]);
    let other = app.import_and_wait(
        "kind=events",
        "講座名,開始日,開始時間,定員\n広報の基礎,2026/10/8,13:30,40\n".as_bytes(),
    );
    assert_eq!(counts(&other), [0, 1, 0, 0], "{:?}", app.findings_of(&other));
    assert_includes(
        &events(app)[0],
        &json!({"capacity": 40, "kind": "seminar", "fee_yen": 0}),
    );
    // A dry run writes nothing.
    let dry = app.import_and_wait(
        "kind=events&mode=dry_run",
        "イベント名,開催日,開始時刻\n新しい会,2026/10/9,13:30\n".as_bytes(),
    );
    assert_eq!((counts(&dry), events(app).len()), ([1, 0, 0, 0], 3));
}

fn rows_that_cannot_be_events_say_why(app: &TestApp) {
    for (row, code) in [
        (",ゼミ,,2026-10-08,13:30,,,,,,,,,", "missing_field"),
        ("会,ゼミ,,,,,,,,,,,,", "missing_dates"),
        ("会,ゼミ,,10月の終わり,13:30,,,,,,,,,", "invalid_date"),
        ("会,ゼミ,中止,2026-10-08,13:30,,,,,,,,,", "missing_field"),
    ] {
        let done = import(app, &format!("{row}\n"));
        assert_eq!(counts(&done), [0, 0, 0, 1], "{row}");
        assert!(
            codes(app, &done).contains(&code.to_owned()),
            "{row}: {:?}",
            codes(app, &done)
        );
    }
    // What an event can do without is left out, with a finding.
    let done = import(app, "会,謎の種別,,2026-10-08,13:30,,,火星,若干名,,,,,\n");
    assert_eq!(counts(&done), [1, 0, 0, 0], "{:?}", app.findings_of(&done));
    assert_includes(
        &events(app)[0],
        &json!({"kind": "community_event", "capacity": null, "areas": []}),
    );
    let done = import(
        app,
        "朝の会,ゼミ,,2026-10-09,夕方,,,,,,,,,\n昼の会,ゼミ,,2026-10-09,13:30,12:00,,,,,,,,\n",
    );
    assert_eq!(counts(&done), [2, 0, 0, 0], "{:?}", app.findings_of(&done));
    let found = codes(app, &done);
    for code in ["invalid_time", "ends_before_start"] {
        assert!(found.contains(&code.to_owned()), "{found:?}");
    }
    let known = events(app);
    let of = |title: &str| known.iter().find(|one| one["title"] == title).unwrap();
    assert_includes(of("朝の会"), &json!({"times": [], "month": "2026-10-09"}));
    assert_includes(
        of("昼の会"),
        &json!({"times": [{"starts_at": "2026-10-09T04:30:00.000000Z", "ends_at": null}]}),
    );
    // The times of a published event move only with a notice.
    let publish = "kind=events";
    let file = |hour: &str, notice: &str| {
        let all = events(app);
        let id = all.iter().find(|one| one["title"] == "会").unwrap()["id"]
            .as_str()
            .unwrap();
        format!("記録ID,イベント名,状態,開催日,開始時刻,お知らせ\n{id},会,公開,2026-10-08,{hour},{notice}\n")
    };
    let done = app.import_and_wait(publish, file("13:30", "").as_bytes());
    assert_eq!(counts(&done), [0, 1, 0, 0], "{:?}", app.findings_of(&done));
    let done = app.import_and_wait(publish, file("14:00", "").as_bytes());
    assert_eq!(
        (counts(&done), codes(app, &done)),
        ([0, 0, 0, 1], vec!["missing_field".to_owned()])
    );
    let done = app.import_and_wait(publish, file("14:00", "会場の都合").as_bytes());
    assert_eq!(counts(&done), [0, 1, 0, 0], "{:?}", app.findings_of(&done));
    // So does its place, until it is over.
    let later = file("14:00", "来年に延期").replace("2026-10-08", "2030-10-08");
    let done = app.import_and_wait(publish, later.as_bytes());
    assert_eq!(counts(&done), [0, 1, 0, 0], "{:?}", app.findings_of(&done));
    let file = |notice: &str| {
        let all = events(app);
        let id = all.iter().find(|one| one["title"] == "会").unwrap()["id"].clone();
        let id = id.as_str().unwrap();
        format!(
            "記録ID,イベント名,開催日,開始時刻,場所,お知らせ\n{id},会,2030-10-08,14:00,区民ホール,{notice}\n"
        )
    };
    let there = file("").replace("区民ホール", "区役所");
    let done = app.import_and_wait(publish, there.as_bytes());
    assert_eq!(counts(&done), [0, 1, 0, 0], "{:?}", app.findings_of(&done));
    let done = app.import_and_wait(publish, file("").as_bytes());
    assert_eq!(
        (counts(&done), codes(app, &done)),
        ([0, 0, 0, 1], vec!["missing_field".to_owned()])
    );
    let done = app.import_and_wait(publish, file("改修のため").as_bytes());
    assert_eq!(counts(&done), [0, 1, 0, 0], "{:?}", app.findings_of(&done));
}

fn an_event_list_of_the_open_data_definition_is_imported(app: &TestApp) {
    let body = json!({"kind": "seminar", "title": "広報の基礎", "kana": "コウホウノキソ", "status": "published", "areas": ["131041"],
        "times": [{"starts_at": "2199-10-08T13:30:20+09:00", "ends_at": "2199-10-08T16:00:00+09:00"},
            {"starts_at": "2199-10-15T13:30:00+09:00", "ends_at": "2199-10-15T16:00:40+09:00"}],
        "place": {"name": "新宿区役所", "address": "東京都新宿区歌舞伎町1-4-1"}, "fee_yen": 0, "capacity": 30,
        "contact": {"office": "社会福祉協議会", "phone": "03-1234-5678"}, "registration_closes_at": "2199-10-01T17:00:00+09:00"});
    app.post("/v1/events", &body).expect(201);
    let list = app.send("GET", "/v1/listings.csv", &[], b"").expect(200).text;
    let before = events(app);
    let done = app.import_and_wait("kind=events", list.as_bytes());
    assert_eq!(counts(&done), [0, 0, 1, 0], "{:?}", app.findings_of(&done));
    // A list has no seconds, which moves nothing.
    assert_eq!(events(app)[0]["moved_at"], Value::Null);
    // The page that this server shows of an event is not the event's own.
    assert!(list.contains(&format!("/events/{}", before[0]["id"].as_str().unwrap())));
    assert_eq!(events(app)[0]["url"], Value::Null);
    assert_includes(
        &events(app)[0],
        &json!({"times": before[0]["times"], "title": "広報の基礎", "kind": "seminar", "capacity": 30, "areas": ["131041"]}),
    );
    let empty = app.empty();
    let done = empty.import_and_wait("kind=events", list.as_bytes());
    assert_eq!(counts(&done), [1, 0, 0, 0], "{:?}", empty.findings_of(&done));
    assert_includes(
        &events(&empty)[0],
        &json!({"title": "広報の基礎", "kana": "コウホウノキソ", "status": "draft", "areas": ["131041"],
            "times": [{"starts_at": "2199-10-08T04:30:00.000000Z", "ends_at": "2199-10-15T07:00:00.000000Z"}],
            "place": {"name": "新宿区役所", "address": "東京都新宿区歌舞伎町1-4-1"}, "fee_yen": 0, "capacity": 30,
            "contact": {"office": "社会福祉協議会", "phone": "03-1234-5678"},
            "registration_closes_at": "2199-10-01T08:00:00.000000Z"}),
    );
    // A month and a day are written as days, and come back as what they were.
    for month in ["2199-11", "2199-12-24"] {
        let body = json!({"kind": "seminar", "title": format!("会 {month}"), "status": "published", "areas": ["131041"], "month": month});
        app.post("/v1/events", &body).expect(201);
    }
    let list = app.send("GET", "/v1/listings.csv", &[], b"").expect(200).text;
    let done = app.import_and_wait("kind=events", list.as_bytes());
    assert_eq!(counts(&done), [0, 0, 3, 0], "{:?}", app.findings_of(&done));
    let empty = app.empty();
    let done = empty.import_and_wait("kind=events", list.as_bytes());
    assert_eq!(counts(&done), [3, 0, 0, 0], "{:?}", empty.findings_of(&done));
    for one in events(&empty).iter().filter(|one| one["times"] == json!([])) {
        assert_eq!(one["title"], format!("会 {}", one["month"].as_str().unwrap()));
    }
}

fn exported_events_are_the_same_when_they_come_back(app: &TestApp) {
    for n in 0..4 {
        let mut body = json!({"kind": "public_lecture", "title": format!("=講座、{n}"), "areas": ["131041", "131199"],
            "times": [{"starts_at": "2199-10-08T13:30:00+09:00", "ends_at": "2199-10-08T16:00:00+09:00", "label": "前編"},
                {"starts_at": "2199-10-15T13:30:00+09:00"}]});
        merge(
            &mut body,
            match n {
                0 => {
                    json!({"times": [], "month": "2199-12", "status": "published", "online": true, "online_url": "https://example.jp/room"})
                }
                1 => {
                    json!({"description": "一行目\n二行目, \"引用\"", "number": "第2回", "series": "ゼミ", "fee_yen": 1500, "capacity": 100,
                    "place": {"name": "-5番地", "address": null, "wheelchair": true}, "waiting_list": false,
                    "speakers": [{"name": "田中", "affiliation": "a、b"}],
                    "breakouts": [{"title": "分科会", "speakers": []}], "materials": [{"title": "資料", "url": "https://example.jp/"}]})
                }
                2 => {
                    json!({"status": "cancelled", "notice": "台風のため", "takes_registrations": false, "declared_attendance": 12})
                }
                _ => {
                    json!({"registration_closes_at": "2199-10-01T17:00:00+09:00", "kana": "ｶﾅ", "audience": "なし",
                    "contact": {"office": "@係", "phone": "0120-000-000"}, "questions": [{"kind": "scale", "text": "どうでしたか。"}]})
                }
            },
        );
        let is_cancelled = body["status"] == "cancelled";
        let because = json!({"status": "cancelled", "notice": body["notice"]});
        if is_cancelled {
            merge(&mut body, json!({"status": "published", "notice": null}));
        }
        let made = app.post("/v1/events", &body).expect(201).json();
        if is_cancelled {
            let path = format!("/v1/events/{}", made["id"].as_str().unwrap());
            app.patch(&path, &because).expect(200);
        }
    }
    let export = |format: &str, headings: &str| {
        let body = json!({"kind": "events", "format": format, "headings": headings});
        let (status, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&file));
        file
    };
    let before = events(app);
    for (format, headings) in [("csv", "ja"), ("csv", "en"), ("xlsx", "ja"), ("ndjson", "ja")] {
        let done = app.import_and_wait("kind=events", &export(format, headings));
        assert_eq!(
            counts(&done),
            [0, 0, 4, 0],
            "{format} {headings}: {:?}",
            app.findings_of(&done)
        );
        assert_eq!(codes(app, &done), Vec::<String>::new(), "{format} {headings}");
    }
    assert_eq!(before, events(app));
    let plain = |mut event: Value| {
        for own in ["version", "created_at", "updated_at", "published_at", "moved_at"] {
            event.as_object_mut().unwrap().remove(own);
        }
        event
    };
    let expected: Vec<Value> = before.into_iter().map(plain).collect();
    for format in ["csv", "xlsx", "ndjson"] {
        let empty = app.empty();
        let done = empty.import_and_wait("kind=events", &export(format, "ja"));
        assert_eq!(
            counts(&done),
            [4, 0, 0, 0],
            "{format}: {:?}",
            empty.findings_of(&done)
        );
        let found: Vec<Value> = events(&empty).into_iter().map(plain).collect();
        assert_eq!(found, expected, "{format}");
    }
}

fn an_undone_list_of_events_leaves_nothing(app: &TestApp) {
    let made = app
        .post(
            "/v1/events",
            &json!({"kind": "seminar", "title": "広報の基礎", "capacity": 10, "areas": ["131041"],
                "times": [{"starts_at": "2199-10-08T13:30:00+09:00"}]}),
        )
        .expect(201)
        .json();
    let rows = "広報の基礎,,,2199-10-08,13:30,,,,30,,,,,\n会,イベント,公開,2199-10-09,13:30,,,新宿区,,,,,,\n";
    let undo = |import: &Value| {
        let id = import["id"].as_str().unwrap().to_owned();
        let answer = app.post(&format!("/v1/imports/{id}/undo"), &Value::Null);
        if answer.status == 202 {
            app.wait_for_import(&id);
        }
        answer
    };
    let done = import(app, rows);
    assert_eq!(counts(&done), [1, 1, 0, 0], "{:?}", app.findings_of(&done));
    undo(&done).expect(202);
    let left = events(app);
    assert_eq!(
        (left.len(), &left[0]["id"], &left[0]["capacity"]),
        (1, &made["id"], &json!(10))
    );
    // An event for which somebody registered stays.
    let done = import(app, rows);
    let id = events(app)[1]["id"].as_str().unwrap().to_owned();
    app.post(
        &format!("/v1/events/{id}/registrations"),
        &json!({"name": "川村 葵"}),
    )
    .expect(201);
    assert_eq!(undo(&done).expect(409).code(), "changed_since");
    assert_eq!(events(app).len(), 2);
}

fn days_and_hours_are_read_as_offices_write_them(app: &TestApp) {
    let (begin, end) = ("2026-12-08T04:30:00.000000Z", "2026-12-08T07:00:00.000000Z");
    for (n, (head, cells)) in [
        ("開催日,時間", "R8.12.8,13:30～16:00"),
        ("開催日,時刻", "令和8年12月8日（火）,午後1時30分から4時まで"),
        ("開催日,開催時刻", "2026/12/8,13時30分〜16時"),
        ("開催日,開始,終了", "R8.12.8,13:30,16:00"),
        ("開始,終了", "2026/12/8 13:30,2026/12/8 16:00"),
        ("期日,時間", "R8.12.8,13:30-16:00"),
        ("開催日時", "令和8年12月8日（火） 午後1時30分から4時まで"),
        ("日時", "R8.12.8 13:30～16:00"),
        ("開催日", "2026年12月8日(火)13:30〜16:00（開場13:00）"),
    ]
    .into_iter()
    .enumerate()
    {
        let file = format!("イベント名,状態,{head},定員\n会{n},下書き,{cells},先着30人程度\n");
        let done = app.import_and_wait("kind=events", file.as_bytes());
        assert_eq!(
            counts(&done),
            [1, 0, 0, 0],
            "{head}: {:?}",
            app.findings_of(&done)
        );
        assert_eq!(codes(app, &done), ["assumed_kind"], "{head}");
        let all = events(app);
        let made = all.iter().find(|one| one["title"] == format!("会{n}")).unwrap();
        assert_includes(
            made,
            &json!({"capacity": 30, "times": [{"starts_at": begin, "ends_at": end, "label": null}]}),
        );
    }
    for (head, cell, code) in [
        ("日時", "12月8日 13:30", "invalid_moment"),
        ("開催日", "12月8日", "invalid_date"),
    ] {
        let file = format!("イベント名,{head}\n会,{cell}\n");
        let done = app.import_and_wait("kind=events", file.as_bytes());
        assert_eq!(counts(&done), [0, 0, 0, 1], "{head}");
        assert!(
            codes(app, &done).contains(&code.to_owned()),
            "{head}: {:?}",
            codes(app, &done)
        );
    }
}

fn published_sessions_are_imported_with_theme_and_month(app: &TestApp) {
    let list = "年度,プログラム,種別,回,テーマ,日時,参加者数\n\
        平成30年度,共創力アップ,基礎講座,1,共創の場づくり,2018-06,\n\
        令和元年度,共創力アップ,地域づくりゼミ,1,広報の基礎,2019-10-10 13:30-16:00,16\n";
    let done = app.import_and_wait("kind=events", list.as_bytes());
    assert_eq!(counts(&done), [2, 0, 0, 0], "{:?}", app.findings_of(&done));
    let all = app.get("/v1/events?limit=200").expect(200).json()["items"].clone();
    let named = |title: &str| {
        let mut all = all.as_array().unwrap().iter();
        all.find(|one| one["title"] == title).cloned().unwrap()
    };
    assert_eq!(named("共創の場づくり")["month"], "2018-06");
    let found: Vec<(u64, String)> = app
        .findings_of(&done)
        .into_iter()
        .map(|(row, _, code)| (row, code))
        .collect();
    assert!(found.contains(&(2, "imprecise_date".into())), "{found:?}");
    assert!(found.contains(&(3, "drafted".into())), "{found:?}");
    assert_includes(
        &named("広報の基礎"),
        &json!({"kind": "seminar", "series": "地域づくりゼミ"}),
    );
    assert_includes(
        &named("広報の基礎"),
        &json!({"declared_attendance": 16, "times": [{"starts_at": "2019-10-10T04:30:00.000000Z"}]}),
    );
}

/// All sessions and conferences of the programme are imported, also those without a name and on two days.
fn published_lists_of_a_programme_are_imported_as_a_whole(app: &TestApp) {
    let (sessions, conferences) = (
        include_bytes!("../../src/demo/hometown_sessions.csv"),
        include_bytes!("../../src/demo/hometown_conference.csv"),
    );
    let done = app.import_and_wait("kind=events", sessions);
    assert_eq!(counts(&done), [27, 0, 0, 0], "{:?}", app.findings_of(&done));
    assert_eq!(
        counts(&app.import_and_wait("kind=events", sessions)),
        [0, 0, 27, 0]
    );
    let done = app.import_and_wait("kind=events", conferences);
    assert_eq!(counts(&done), [8, 0, 0, 0], "{:?}", app.findings_of(&done));
    let all = events(app);
    let named = |title: &str| all.iter().find(|one| one["title"] == title).unwrap();
    assert_includes(
        named("個別相談"),
        &json!({"kind": "consultation", "series": null, "declared_attendance": 14}),
    );
    assert_includes(
        named("ケース勉強会 第3回"),
        &json!({"kind": "case_study", "number": "3"}),
    );
    let days: Vec<&Value> = named("東京で生きる。このまちでつくる未来")["times"]
        .as_array()
        .unwrap()
        .iter()
        .map(|time| &time["starts_at"])
        .collect();
    assert_eq!(
        days,
        ["2022-02-18T10:00:00.000000Z", "2022-02-19T04:00:00.000000Z"]
    );
}

fn an_event_is_published_with_its_day_and_not_with_its_month_alone(app: &TestApp) {
    let file = "イベント名,種別,状態,開催日\n会,ゼミ,公開,2026-12-08\n".as_bytes();
    let done = app.import_and_wait("kind=events", file);
    assert_eq!(counts(&done), [1, 0, 0, 0], "{:?}", app.findings_of(&done));
    assert!(codes(app, &done).is_empty(), "{:?}", app.findings_of(&done));
    assert_includes(
        &events(app)[0],
        &json!({"status": "published", "month": "2026-12-08", "times": []}),
    );
    assert_eq!(counts(&app.import_and_wait("kind=events", file)), [0, 0, 1, 0]);
    // The same name on another day is another event.
    let other = "イベント名,種別,開催日\n会,ゼミ,2026-12-15\n".as_bytes();
    let done = app.import_and_wait("kind=events", other);
    assert_eq!(counts(&done), [1, 0, 0, 0], "{:?}", app.findings_of(&done));
    // Once the hour is known, nobody has to say why.
    let file = "イベント名,状態,開催日,時間\n会,公開,2026-12-08,13:30\n";
    let done = app.import_and_wait("kind=events", file.as_bytes());
    assert_eq!(counts(&done), [0, 1, 0, 0], "{:?}", app.findings_of(&done));
    assert_includes(
        &events(app)[0],
        &json!({"status": "published", "month": null, "moved_at": null, "times": [{"starts_at": "2026-12-08T04:30:00.000000Z"}]}),
    );
    // One with a month alone isn't published.
    let month = "イベント名,種別,状態,開催日\n秋の会,ゼミ,公開,2199年11月\n".as_bytes();
    let done = app.import_and_wait("kind=events", month);
    assert_eq!(counts(&done), [1, 0, 0, 0], "{:?}", app.findings_of(&done));
    assert!(codes(app, &done).contains(&"no_day".to_owned()));
    let all = events(app);
    let autumn = all.iter().find(|one| one["title"] == "秋の会").unwrap();
    assert_includes(
        autumn,
        &json!({"status": "draft", "month": "2199-11", "times": []}),
    );
    // The day of what is over by far will never be known, and reports count only what is published.
    let past = "イベント名,種別,状態,開催日,参加者数\n春の会,ゼミ,公開,2019年4月,116\n".as_bytes();
    let done = app.import_and_wait("kind=events", past);
    assert!(
        !codes(app, &done).contains(&"no_day".to_owned()),
        "{:?}",
        app.findings_of(&done)
    );
    let all = events(app);
    let spring = all.iter().find(|one| one["title"] == "春の会").unwrap();
    assert_includes(
        spring,
        &json!({"status": "published", "month": "2019-04", "declared_attendance": 116}),
    );
}

fn events_of_two_wards_stay_apart(app: &TestApp) {
    let head = "記録ID,イベント名,種別,開催日,開始時刻,区市町村,場所,参加者数\n";
    let one = |row: &str| app.import_and_wait("kind=events", format!("{head}{row}\n").as_bytes());
    let row = ",体操教室,講座,2026-10-05,10:00,新宿区,戸山会館,15";
    assert_eq!(counts(&one(row)), [1, 0, 0, 0]);
    // Another ward's at the same hour, and one whose place isn't said. Neither may be the first one on another day.
    for other in [
        ",体操教室,講座,2026-10-05,10:00,中野区,本町会館,20",
        ",体操教室,講座,2026-10-05,10:00,港区,,30",
    ] {
        let done = one(other);
        assert_eq!(counts(&done), [1, 0, 0, 0]);
        let found = codes(app, &done);
        assert!(!found.contains(&"possible_move".to_owned()), "{found:?}");
    }
    assert_eq!(counts(&one(row)), [0, 0, 1, 0]);
    let mut held: Vec<(String, i64)> = events(app)
        .iter()
        .map(|one| {
            (
                one["areas"][0].as_str().unwrap().to_owned(),
                one["attendance"].as_i64().unwrap(),
            )
        })
        .collect();
    held.sort();
    assert_eq!(
        held,
        [
            ("131032".into(), 30),
            ("131041".into(), 15),
            ("131148".into(), 20)
        ]
    );
    // At its own place, a list may correct the ward.
    assert_eq!(
        counts(&one(",体操教室,講座,2026-10-05,10:00,新宿区,本町会館,20")),
        [0, 1, 0, 0]
    );
    // Ids that are of no event yet are of two events, as in an empty database.
    let ids = [
        "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c01",
        "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c02",
    ];
    let rows = ids
        .map(|id| format!("{id},合唱,講座,2026-10-06,10:00,新宿区,戸山会館,5"))
        .join("\n");
    let done = one(&rows);
    assert_eq!(counts(&done), [2, 0, 0, 0], "{:?}", app.findings_of(&done));
    assert_eq!(counts(&one(&rows)), [0, 0, 2, 0]);
}

/// Returns a day of October 2199 without hours, as a time of an event has it.
fn whole(day: u32) -> Value {
    json!({"starts_at": format!("2199-10-{:02}T15:00:00.000000Z", day - 1),
        "ends_at": format!("2199-10-{day:02}T15:00:00.000000Z"), "label": null})
}

fn all_days_of_a_row_are_times_of_its_event(app: &TestApp) {
    let hours = |day: u32| {
        json!({"starts_at": format!("2199-10-{day:02}T04:30:00.000000Z"),
            "ends_at": format!("2199-10-{day:02}T06:00:00.000000Z"), "label": null})
    };
    let list = "イベント名,種別,状態,開催日,開始時刻,終了日\n\
        三日,ゼミ,公開,2199/10/5、10/12、10/19,,\n\
        点,ゼミ,公開,2199年10月5日・12日・19日,,\n\
        区間,ゼミ,公開,2199/10/5,,2199/10/7\n\
        斜線,ゼミ,公開,2199-10-05/2199-10-06,,\n\
        各日,ゼミ,公開,2199/10/5・12,13:30〜15:00,\n\
        並び,ゼミ,公開,2199/10/5・12 13:30〜15:00,,\n\
        一方,ゼミ,公開,2199/10/5 13:30〜15:00、10/12,,\n\
        毎週,ゼミ,公開,2199/10/5〜10/19 毎週土曜 13:30〜15:00,,\n\
        時間の列,ゼミ,公開,2199/10/5,毎週土曜 13:30〜15:00,2199/10/19\n\
        合わない,ゼミ,公開,2199/10/5、10/12、10/19,10:00/13:30,\n";
    let done = app.import_and_wait("kind=events", list.as_bytes());
    assert_eq!(counts(&done), [10, 0, 0, 0], "{:?}", app.findings_of(&done));
    assert_eq!(codes(app, &done), ["uneven_hours"]);
    let before = events(app);
    for (title, times) in [
        ("三日", json!([whole(5), whole(12), whole(19)])),
        ("点", json!([whole(5), whole(12), whole(19)])),
        (
            "区間",
            json!([{"starts_at": "2199-10-04T15:00:00.000000Z", "ends_at": "2199-10-07T15:00:00.000000Z", "label": null}]),
        ),
        ("斜線", json!([whole(5), whole(6)])),
        ("各日", json!([hours(5), hours(12)])),
        ("並び", json!([hours(5), hours(12)])),
        ("一方", json!([hours(5), whole(12)])),
        ("毎週", json!([hours(5), hours(12), hours(19)])),
        ("時間の列", json!([hours(5), hours(12), hours(19)])),
        ("合わない", json!([whole(5), whole(12), whole(19)])),
    ] {
        let made = before.iter().find(|one| one["title"] == title).unwrap();
        assert_eq!(
            (&made["times"], &made["month"]),
            (&times, &Value::Null),
            "{title}"
        );
    }
    // The same list changes nothing, and neither do its exports, here and elsewhere.
    let again = list.replace(",ゼミ,", ",ゼミ・セミナー,");
    let done = app.import_and_wait("kind=events", again.as_bytes());
    assert_eq!(counts(&done), [0, 0, 10, 0], "{:?}", app.findings_of(&done));
    for format in ["csv", "xlsx", "ndjson"] {
        let body = json!({"kind": "events", "format": format});
        let (status, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&file));
        let done = app.import_and_wait("kind=events", &file);
        assert_eq!(
            counts(&done),
            [0, 0, 10, 0],
            "{format}: {:?}",
            app.findings_of(&done)
        );
        assert_eq!(codes(app, &done), Vec::<String>::new(), "{format}");
        let empty = app.empty();
        let done = empty.import_and_wait("kind=events", &file);
        assert_eq!(
            counts(&done),
            [10, 0, 0, 0],
            "{format}: {:?}",
            empty.findings_of(&done)
        );
        let times = |all: Vec<Value>| {
            all.into_iter()
                .map(|one| one["times"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(times(events(&empty)), times(before.clone()), "{format}");
    }
    // Lists for everybody have days where there are no hours.
    let csv = app.send("GET", "/v1/listings.csv", &[], b"").expect(200).text;
    let done = app.import_and_wait("kind=events", csv.as_bytes());
    assert_eq!(counts(&done), [0, 0, 10, 0], "{:?}", app.findings_of(&done));
    let row = csv.lines().find(|line| line.contains(",三日,")).unwrap();
    assert!(row.contains(",2199-10-05,2199-10-19,,,"), "{row}");
    assert!(
        row.contains("2199年10月5日（土）；2199年10月12日（土）；2199年10月19日（土）"),
        "{row}"
    );
    let id = before.iter().find(|one| one["title"] == "三日").unwrap()["id"]
        .as_str()
        .unwrap();
    let page = |path: &str| app.send("GET", path, &[], b"").expect(200).text;
    let calendar = page(&format!("/v1/listings/{id}/event.ics"));
    assert!(calendar.contains("DTSTART;VALUE=DATE:21991012\r\n"), "{calendar}");
    let linked: Value = serde_json::from_str(&page(&format!("/v1/listings/{id}/event.jsonld"))).unwrap();
    assert_includes(
        &linked,
        &json!({"startDate": "2199-10-05", "endDate": "2199-10-19"}),
    );
    assert_eq!(linked["subEvent"][1]["startDate"], "2199-10-12");
    let shown = page(&format!("/events/{id}"));
    assert!(
        shown.contains("2199年10月12日（土）") && !shown.contains("（土） 00:00"),
        "{shown}"
    );
    // Once the hours of a day are known, nobody has to say why; another day is a move.
    let path = format!("/v1/events/{id}");
    let told = json!({"times": [whole(5), hours(12), whole(19)]});
    let told = app.patch(&path, &told).expect(200).json();
    assert_eq!(told["moved_at"], Value::Null);
    app.patch(&path, &json!({"times": [whole(5), hours(12), whole(20)]}))
        .expect(422);
    app.patch(&path, &json!({"times": [whole(5), hours(12)]}))
        .expect(422);
    // Without the last day, the weeks aren't known; what is left out of them can't be read.
    let check = |cells: &str| {
        let list = format!("イベント名,種別,開催日,開始時刻\n未定の会,ゼミ,{cells}\n");
        app.import_and_wait("kind=events&mode=dry_run", list.as_bytes())
    };
    let done = check("2199/10/5,毎週土曜 13:30");
    assert_eq!(
        (counts(&done), codes(app, &done)),
        ([1, 0, 0, 0], vec!["no_last_day".to_owned()])
    );
    // Over New Year, the last day is of the next year.
    for cells in ["2198/12/28〜1/3,", "2198/10/6〜1/26 毎週土曜 10:00〜12:00,"] {
        let done = check(cells);
        assert_eq!(
            (counts(&done), codes(app, &done)),
            ([1, 0, 0, 0], Vec::<String>::new()),
            "{cells}"
        );
    }
    for cells in [
        "2199/10/5〜10/19 毎週土曜（祝日を除く）,",
        "2199/10/5〜10/19 毎週土曜（祝日は休み）,",
        "2199/10/5〜10/19 毎週月〜金曜,",
        // The last day is before the first.
        "2198/10/5〜10/4,",
        "2198/10/5〜10/4,13:30",
        "2199/10/5、ほか,",
        "2199年10月〜11月,",
        // More days than an event has times.
        "2198/10/1〜2199/10/19 毎週土曜,",
    ] {
        let done = check(cells);
        assert_eq!(
            counts(&done),
            [0, 0, 0, 1],
            "{cells}: {:?}",
            app.findings_of(&done)
        );
    }
}

fn a_corrected_day_moves_a_session_and_may_be_a_double_of_another_event(app: &TestApp) {
    let import = |rows: &str| {
        let list = format!("イベント名,種別,状態,シリーズ,回,開催日,場所\n{rows}");
        app.import_and_wait("kind=events", list.as_bytes())
    };
    let days = || -> Vec<(Value, Value)> {
        let all = events(app);
        all.iter()
            .map(|one| (one["title"].clone(), one["month"].clone()))
            .collect()
    };
    let done = import(
        "広報,ゼミ,下書き,地域づくりゼミ,1,2199-10-05,\n広報,ゼミ,下書き,地域づくりゼミ,2,2199-10-12,\n\
         ふれあい市,イベント,下書き,,,2199-10-06,\n相談,相談会,下書き,,,2199-10-07,\n相談,相談会,下書き,,,2199-10-14,\n",
    );
    assert_eq!(counts(&done), [5, 0, 0, 0], "{:?}", app.findings_of(&done));
    // Two days of one title in one list are two events.
    assert_eq!(codes(app, &done), Vec::<String>::new());
    let before = events(app);
    // Series, number and name say that it is the same one, also in another month, unless it is elsewhere.
    let done = import(
        "広報,ゼミ,下書き,地域づくりゼミ,1,2199-11-08,\n広報,ゼミ,下書き,地域づくりゼミ,2,2199-10-12,\n",
    );
    assert_eq!(counts(&done), [0, 1, 1, 0], "{:?}", app.findings_of(&done));
    assert_eq!(codes(app, &done), ["moved_event"]);
    let moved = events(app);
    let is_first = |one: &&Value| one["number"] == "1";
    assert_eq!(moved.len(), before.len());
    assert_eq!(
        moved.iter().find(is_first).unwrap()["id"],
        before.iter().find(is_first).unwrap()["id"]
    );
    assert!(days().contains(&(json!("広報"), json!("2199-11-08"))));
    // Without a number nobody knows: it is another event, and the list says that it may be a double.
    let done = import("ふれあい市,イベント,下書き,,,2199-10-08,\n相談,相談会,下書き,,,2199-10-21,\n");
    assert_eq!(counts(&done), [2, 0, 0, 0], "{:?}", app.findings_of(&done));
    let found: Vec<(u64, String)> = app
        .findings_of(&done)
        .into_iter()
        .map(|(row, _, code)| (row, code))
        .collect();
    assert_eq!(found, [(2, "possible_move".to_owned())]);
    // Also over the end of a month, but not a month later.
    for (row, expected) in [
        ("朝市,イベント,下書き,,,2199-10-30,\n", vec![]),
        ("朝市,イベント,下書き,,,2199-11-02,\n", vec!["possible_move"]),
        ("夕市,イベント,下書き,,,2199-10-20,\n", vec![]),
        ("夕市,イベント,下書き,,,2199-11-20,\n", vec![]),
    ] {
        let done = import(row);
        assert_eq!(counts(&done), [1, 0, 0, 0], "{row}");
        assert_eq!(codes(app, &done), expected, "{row}");
    }
    // A published session moves with a reason, as it does by the API.
    let publish = "広報,ゼミ,公開,地域づくりゼミ,2,2199-10-12,\n";
    assert_eq!(counts(&import(publish)), [0, 1, 0, 0]);
    let done = import(&publish.replace("10-12", "10-13"));
    assert_eq!(counts(&done), [0, 0, 0, 1], "{:?}", app.findings_of(&done));
    assert!(codes(app, &done).contains(&"missing_field".to_owned()));
    // Where the place is another, so is the session.
    let done =
        import("体操,ゼミ,下書き,体操の会,1,2199-10-05,東館\n体操,ゼミ,下書き,体操の会,1,2199-10-06,西館\n");
    assert_eq!(counts(&done), [2, 0, 0, 0], "{:?}", app.findings_of(&done));
    let done = import("体操,ゼミ,下書き,体操の会,1,2199-10-07,南館\n");
    assert_eq!(counts(&done), [1, 0, 0, 0], "{:?}", app.findings_of(&done));
}

fn months_and_days_are_read_in_columns_of_their_own(app: &TestApp) {
    let known = |title: &str| -> Value {
        let all = events(app);
        all.iter().find(|one| one["title"] == title).unwrap()["month"].clone()
    };
    let list = "イベント名,種別,開催月\n斜線,ゼミ,2199/10\n点,ゼミ,2199.10\n日,ゼミ,2199/10/8\n漢字,ゼミ,2199年10月8日\n\
        時間つき,ゼミ,2199/10/8 13:30\n";
    let done = app.import_and_wait("kind=events", list.as_bytes());
    // Hours are more than this column can say.
    assert_eq!(counts(&done), [4, 0, 0, 1], "{:?}", app.findings_of(&done));
    assert_eq!(
        ["斜線", "点", "日", "漢字"].map(known),
        ["2199-10", "2199-10", "2199-10-08", "2199-10-08"]
    );
    // A year that stands only above turns over.
    let list = "年,月,日,行事\n2198,11,29,秋の会\n,12,6,冬の会\n,1,15,新年会\n,,20,二日目の会\n";
    let done = app.import_and_wait("kind=events", list.as_bytes());
    assert_eq!(counts(&done), [4, 0, 0, 0], "{:?}", app.findings_of(&done));
    assert_eq!(
        ["秋の会", "冬の会", "新年会", "二日目の会"].map(known),
        ["2198-11-29", "2198-12-06", "2199-01-15", "2199-01-20"]
    );
}

fn a_session_that_is_over_is_not_moved_to_a_day_to_come(app: &TestApp) {
    let import = |rows: &str| {
        let list = format!("イベント名,種別,状態,シリーズ,回,開催日\n{rows}");
        app.import_and_wait("kind=events", list.as_bytes())
    };
    let from_now = |days: i64| {
        let day = chrono::Utc::now() + chrono::Duration::hours(9) + chrono::Duration::days(days);
        day.format("%Y-%m-%d").to_string()
    };
    let row = |number: &str, day: &str| format!("広報,ゼミ,下書き,地域づくりゼミ,{number},{day}\n");
    // What is written of days gone by is a correction, however the number is written.
    assert_eq!(counts(&import(&row("1", "2020-05-11"))), [1, 0, 0, 0]);
    let done = import(&row("#1", "2020-06-08"));
    assert_eq!(counts(&done), [0, 1, 0, 0], "{:?}", app.findings_of(&done));
    assert!(codes(app, &done).contains(&"moved_event".to_owned()));
    // A session took place, and there is another one.
    assert_eq!(counts(&import(&row("2", &from_now(-2)))), [1, 0, 0, 0]);
    let done = import(&row("2", &from_now(2)));
    assert_eq!(counts(&done), [1, 0, 0, 0], "{:?}", app.findings_of(&done));
    let found = codes(app, &done);
    assert!(!found.contains(&"moved_event".to_owned()), "{found:?}");
}

fn the_month_or_the_day_is_exported_as_what_it_is(app: &TestApp) {
    for month in ["2199-10", "2199-11-05"] {
        let body = json!({"kind": "seminar", "title": format!("会 {month}"), "month": month});
        app.post("/v1/events", &body).expect(201);
    }
    let body = json!({"kind": "events", "format": "csv"});
    let (status, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
    assert_eq!(status, 200);
    let now = String::from_utf8(file).unwrap();
    assert!(now.contains("開催月・開催日"), "{now}");
    // Files of earlier releases have the heading that they had.
    let earlier = now.replace("開催月・開催日", "開催月");
    for file in [now, earlier] {
        let done = app.import_and_wait("kind=events", file.as_bytes());
        assert_eq!(counts(&done), [0, 0, 2, 0], "{:?}", app.findings_of(&done));
        let empty = app.empty();
        let done = empty.import_and_wait("kind=events", file.as_bytes());
        assert_eq!(counts(&done), [2, 0, 0, 0], "{:?}", empty.findings_of(&done));
        assert_eq!(codes(&empty, &done), Vec::<String>::new());
        let known: Vec<Value> = events(&empty).iter().map(|one| one["month"].clone()).collect();
        assert_eq!(known, ["2199-10", "2199-11-05"]);
    }
}

fn a_list_says_the_day_of_an_event_that_was_known_by_its_month(app: &TestApp) {
    for (title, month, status) in [
        ("定例会", "2026-12", "published"),
        ("定例会", "2027-01", "draft"),
        ("大会", "2026-12", "draft"),
    ] {
        let body = json!({"kind": "seminar", "title": title, "month": month, "status": status});
        app.post("/v1/events", &body).expect(201);
    }
    let list =
        "イベント名,開催日,時間\n定例会,2026-12-08,13:30\n定例会,2026-12-15,13:30\n定例会,2027-02-02,13:30\n"
            .as_bytes();
    let done = app.import_and_wait("kind=events", list);
    assert_eq!(counts(&done), [2, 1, 0, 0], "{:?}", app.findings_of(&done));
    // Its day is no other one, so nobody has to say why.
    let found = app
        .get("/v1/events?status=published&sort=starts_on")
        .expect(200)
        .json();
    assert_includes(
        &found["items"],
        &json!([{"title": "定例会", "month": null, "moved_at": null,
            "times": [{"starts_at": "2026-12-08T04:30:00.000000Z"}]}]),
    );
    assert_eq!(counts(&app.import_and_wait("kind=events", list)), [0, 0, 3, 0]);
    let id = found["items"][0]["id"].as_str().unwrap();
    let elsewhere = json!({"times": [{"starts_at": "2026-12-09T13:30:00+09:00"}]});
    app.patch(&format!("/v1/events/{id}"), &elsewhere).expect(422);
    // Where its day is known, and no hour, a list that says only the month is about it, too; another day is another event.
    let body = json!({"kind": "seminar", "title": "年末の会", "month": "2026-12-20", "status": "draft"});
    app.post("/v1/events", &body).expect(201);
    let vague = "イベント名,開催日\n年末の会,2026年12月\n".as_bytes();
    assert_eq!(counts(&app.import_and_wait("kind=events", vague)), [0, 0, 1, 0]);
    let another = "イベント名,種別,開催日\n年末の会,ゼミ,2026-12-27\n".as_bytes();
    assert_eq!(counts(&app.import_and_wait("kind=events", another)), [1, 0, 0, 0]);
}

fn sessions_of_one_title_on_one_day_are_events_of_their_own(app: &TestApp) {
    let list = "イベント名,種別,状態,開催日,開始時刻,場所,URL\n\
        健康相談,相談会,下書き,2026-12-08,10:00,東保健所,詳しくは https://example.jp/a?b=1 を見てください\n\
        健康相談,相談会,下書き,2026-12-08,14:00,東保健所,\n\
        健康相談,相談会,下書き,2026-12-08,10:00,西保健所,\n\
        健康相談,相談会,下書き,2026-12-08,10:00,東保健所,\n";
    let done = app.import_and_wait("kind=events", list.as_bytes());
    assert_eq!(counts(&done), [3, 0, 0, 1], "{:?}", app.findings_of(&done));
    assert_eq!(codes(app, &done), ["duplicate_row"]);
    assert_eq!(events(app)[0]["url"], "https://example.jp/a?b=1");
    // The same list finds them again. So does one in which the hour of one of them is another, or says less.
    let done = app.import_and_wait("kind=events", list.as_bytes());
    assert_eq!(counts(&done), [0, 0, 3, 1], "{:?}", app.findings_of(&done));
    let list = "イベント名,開催日,開始時刻,場所,定員\n健康相談,2026-12-08,14:00,,5\n健康相談,2026-12-08,10:00,西保健所,6\n\
        健康相談,2026-12-08,11:00,東保健所,7\n";
    let done = app.import_and_wait("kind=events", list.as_bytes());
    assert_eq!(counts(&done), [0, 3, 0, 0], "{:?}", app.findings_of(&done));
    let all: Vec<(Value, Value, Value)> = events(app)
        .iter()
        .map(|one| {
            (
                one["times"][0]["starts_at"].clone(),
                one["place"]["name"].clone(),
                one["capacity"].clone(),
            )
        })
        .collect();
    for (hour, place, capacity) in [
        ("02", "東保健所", 7),
        ("05", "東保健所", 5),
        ("01", "西保健所", 6),
    ] {
        let begin = json!(format!("2026-12-08T{hour}:00:00.000000Z"));
        assert!(all.contains(&(begin, json!(place), json!(capacity))), "{all:?}");
    }
    let vague = "イベント名,開催日,定員\n健康相談,2026-12-08,8\n";
    let done = app.import_and_wait("kind=events", vague.as_bytes());
    assert_eq!(codes(app, &done)[0], "ambiguous_event");
}

fn what_events_name_comes_along_if_it_is_here(app: &TestApp) {
    let here = app.organization("風のひろば");
    let programme = json!({"title": "研修", "kind": "training", "fiscal_year": 2026});
    let programme = app.post("/v1/programmes", &programme).expect(201).json()["id"].clone();
    let body = json!({"kind": "seminar", "title": "ゼミ", "month": "2026-10"});
    let first = app.post("/v1/events", &body).expect(201).json()["id"].clone();
    let text = |id: &Value| id.as_str().unwrap().to_owned();
    let (programme, first) = (text(&programme), text(&first));
    let nobody = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";
    let file = format!(
        "イベント名,種別,開催月,主催団体の記録ID,プログラムの記録ID,フォローするイベントの記録ID,申込み先の支援内容の記録ID\n\
         相談会,個別相談,2026-11,{here},{programme},{first},\n\
         報告会,個別相談,2026-11,{here}、{nobody},{nobody},{nobody}、{first},{nobody}\n"
    );
    let done = app.import_and_wait("kind=events", file.as_bytes());
    assert_eq!(counts(&done), [2, 0, 0, 0], "{:?}", app.findings_of(&done));
    let unknown: Vec<(u64, String)> = app
        .findings_of(&done)
        .into_iter()
        .filter(|(.., code)| code == "unknown_record")
        .map(|(row, column, _)| (row, column))
        .collect();
    let expected = [
        "主催団体の記録ID",
        "プログラムの記録ID",
        "フォローするイベントの記録ID",
        "申込み先の支援内容の記録ID",
    ];
    assert_eq!(unknown, expected.map(|column| (3, column.to_owned())));
    let all = events(app);
    assert_includes(
        &all[1],
        &json!({"title": "相談会", "host_ids": [here], "programme_id": programme, "follows_event_ids": [first]}),
    );
    assert_includes(
        &all[2],
        &json!({"title": "報告会", "host_ids": [here], "programme_id": null, "follows_event_ids": [first],
            "deliverable_id": null}),
    );
}

fn rows_of_events_that_others_hold_change_nothing(app: &TestApp) {
    for (title, area) in [("新宿の会", "131041"), ("渋谷の会", "131130")] {
        let body = json!({"kind": "seminar", "title": title, "status": "published", "areas": [area],
            "online_url": "https://example.jp/room",
            "times": [{"starts_at": "2199-10-08T13:30:00+09:00", "ends_at": "2199-10-08T16:00:00+09:00"}]});
        app.post("/v1/events", &body).expect(201);
    }
    let mut claims = Claims::new(UserRole::Coordinator, "c-1", chrono::Utc::now().timestamp(), 600);
    claims.belonging.areas = vec!["131041".into()];
    let token = app.state.keys.sign(&claims).unwrap();
    let import = |file: &[u8]| {
        let sent = app.import(&token, "kind=events", file).expect(202).json();
        app.wait_for_import(sent["id"].as_str().unwrap())
    };
    let body = json!({"kind": "events", "format": "csv"});
    let (status, file) = app.post_for_bytes("/v1/exports", &token, &body);
    assert_eq!(status, 200);
    let done = import(&file);
    assert_eq!(counts(&done), [0, 0, 2, 0], "{:?}", app.findings_of(&done));
    assert_eq!(
        (&done["status"], codes(app, &done)),
        (&json!("succeeded"), Vec::new())
    );
    let before = events(app);
    let changed = String::from_utf8(file).unwrap().replace("渋谷の会", "渋谷の大会");
    let done = import(changed.as_bytes());
    assert_eq!(counts(&done), [0, 0, 1, 1], "{:?}", app.findings_of(&done));
    assert_eq!(codes(app, &done), ["access_denied"]);
    assert_eq!(events(app), before);
}

fn registrations_are_exported_to_those_who_hold_the_event(app: &TestApp) {
    let made = app.post(
        "/v1/events",
        &json!({"kind": "seminar", "title": "ゼミ", "status": "published", "areas": ["131041"],
            "times": [{"starts_at": "2199-10-08T13:30:00+09:00"}]}),
    );
    let id = made.expect(201).json()["id"].as_str().unwrap().to_owned();
    for (name, places) in [("=川村 葵", 1), ("佐藤 実", 2)] {
        app.post(
            &format!("/v1/events/{id}/registrations"),
            &json!({"name": name, "places": places, "affiliation": "ケア24"}),
        )
        .expect(201);
    }
    let export = |token: &str, filter: Value| {
        let body = json!({"kind": "registrations", "format": "csv", "filter": filter});
        app.call("POST", "/v1/exports", token, &body)
    };
    let all = export(&app.admin, json!({"event_id": id})).expect(200).text;
    for part in ["氏名", "'=川村 葵", "佐藤 実", "申込済み", "ケア24"] {
        assert!(all.contains(part), "{part}\n{all}");
    }
    let missing = export(&app.admin, json!({})).expect(422);
    assert_eq!(missing.faults()[0].0, "/filter/event_id");
    let mut claims = Claims::new(UserRole::Coordinator, "c-1", chrono::Utc::now().timestamp(), 600);
    claims.belonging.areas = vec!["131199".into()];
    let elsewhere = export(&app.state.keys.sign(&claims).unwrap(), json!({"event_id": id}));
    assert!(!elsewhere.text.contains("川村"), "{}", elsewhere.text);
    // Whose data was exported is in the audit.
    let audited = app.get("/v1/audit?action=personal_data.read&limit=1").json()["items"][0].clone();
    assert_eq!(audited["subjects"].as_array().unwrap().len(), 2);
}
