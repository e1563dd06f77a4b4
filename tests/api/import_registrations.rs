//! Lists of who comes, and of who came: an office's sheet and exported registrations come in.

use crate::support::{TestApp, assert_includes, merge, on_both};
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

on_both! {
    an_attendance_list_says_who_came,
    a_row_names_its_event_or_the_import_does,
    a_further_day_of_an_event_names_it_too,
    a_list_of_who_registers_fills_places_as_the_api_does,
    exported_registrations_change_nothing_when_they_come_back,
    exported_registrations_come_back_into_an_empty_database,
    who_holds_an_event_brings_no_id_along,
    an_undone_list_of_registrations_leaves_the_count_as_it_was,
    an_undone_list_leaves_nobody_in_the_places_that_it_filled,
    a_cancellation_that_is_known_adds_nothing,
    a_worker_who_registered_without_an_account_is_not_doubled,
    somebody_who_registered_with_an_account_is_recognised_by_name_and_contact,
    only_those_who_hold_an_event_send_its_list,
    people_who_share_an_address_stay_apart,
    a_title_makes_nobody_somebody_else,
    a_note_behind_an_answer_loses_nobody,
    who_is_taken_off_a_list_goes_from_its_files,
    who_is_taken_off_while_a_list_waits_goes_from_it,
    an_undone_list_keeps_its_file,
    what_was_cancelled_hides_nobody_on_a_list,
    a_list_does_not_take_a_cancellation_back,
    an_old_list_brings_nobody_back_who_was_taken_off,
    a_title_makes_nobody_else_of_who_was_taken_off,
    namesakes_of_who_was_taken_off_come,
    who_withdraws_may_come_back_in_any_way,
    marks_of_who_was_taken_off_are_forgotten,
}

fn id_of(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

fn event(app: &TestApp, more: Value) -> String {
    let mut body = json!({"kind": "seminar", "title": "広報の基礎", "status": "published", "areas": ["131041"],
        "times": [{"starts_at": "2199-10-08T13:30:00+09:00", "ends_at": "2199-10-08T16:00:00+09:00"}]});
    merge(&mut body, more);
    id_of(&app.post("/v1/events", &body).expect(201).json())
}

/// Moves an event to a day that is over.
fn end(app: &TestApp, event: &str) {
    let past = json!({"notice": "日付の訂正",
        "times": [{"starts_at": "2026-10-08T13:30:00+09:00", "ends_at": "2026-10-08T16:00:00+09:00"}]});
    app.patch(&format!("/v1/events/{event}"), &past).expect(200);
}

fn register(app: &TestApp, event: &str, body: Value) -> Value {
    let path = format!("/v1/events/{event}/registrations");
    app.post(&path, &body).expect(201).json()
}

fn registrations(app: &TestApp, event: &str) -> Vec<Value> {
    let path = format!("/v1/events/{event}/registrations?limit=200");
    app.get(&path).expect(200).json()["items"]
        .as_array()
        .unwrap()
        .clone()
}

fn statuses(app: &TestApp, event: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = registrations(app, event).into_iter();
    let name = |one: &Value| match &one["name"] {
        Value::Null => text(&one["worker_name"]),
        name => text(name),
    };
    all.map(|one| (name(&one), text(&one["status"]))).collect()
}

fn import(app: &TestApp, event: &str, text: &str) -> Value {
    app.import_and_wait(&format!("kind=registrations&event_id={event}"), text.as_bytes())
}

/// Returns created, updated, unchanged and rejected rows.
fn counts(import: &Value) -> [u64; 4] {
    let progress = &import["progress"];
    ["created", "updated", "unchanged", "rejected"].map(|name| progress[name].as_u64().unwrap())
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, status): &(&str, &str)| ((*name).to_owned(), (*status).to_owned());
    expected.iter().map(owned).collect()
}

fn an_attendance_list_says_who_came(app: &TestApp) {
    let event = event(app, json!({}));
    let worker = app.worker(json!({"personal": {"name": "小川 みどり"}}));
    for person in [
        json!({"name": "山田 花子", "email": "hanako@example.jp", "affiliation": "ケア24上荻"}),
        json!({"name": "鈴木 一郎"}),
        json!({"worker_id": worker}),
        json!({"name": "佐藤 健", "affiliation": "風の会"}),
        json!({"name": "佐藤 健", "affiliation": "丘の会"}),
    ] {
        register(app, &event, person);
    }
    end(app, &event);
    let list = "No,氏名,所属,メールアドレス,参加人数,出欠,備考\n\
        1,山田　花子様,,HANAKO@example.jp,1,○,\n\
        2,鈴木一郎,,,1,×,\n\
        3,小川みどり,,,1,出席,\n\
        4,佐藤 健,風の会,,1,○,\n\
        5,佐藤 健,,,1,○,\n\
        6,田中 さくら,区役所,,2,○,当日参加\n\
        7,高橋,,,1,,\n\
        8,,風の会,,1,○,\n";
    let done = import(app, &event, list);
    assert_eq!(counts(&done), [1, 4, 0, 3], "{:?}", app.findings_of(&done));
    let found: Vec<(u64, String)> = app
        .findings_of(&done)
        .into_iter()
        .filter(|(line, ..)| *line > 1)
        .map(|(line, _, code)| (line, code))
        .collect();
    assert_eq!(
        found,
        [
            (6, "ambiguous_person".to_owned()),
            (8, "missing_field".to_owned()),
            (9, "missing_field".to_owned())
        ]
    );
    assert_eq!(
        statuses(app, &event),
        pairs(&[
            ("山田 花子", "attended"),
            ("鈴木 一郎", "absent"),
            ("小川 みどり", "attended"),
            ("佐藤 健", "attended"),
            ("佐藤 健", "registered"),
            ("田中 さくら", "attended"),
        ])
    );
    let last = registrations(app, &event).pop().unwrap();
    assert_includes(
        &last,
        &json!({"affiliation": "区役所", "places": 2, "note": "当日参加"}),
    );
    // The same list again changes nothing, even if an office has corrected it since.
    let path = format!("/v1/events/{event}/registrations/{}", id_of(&last));
    app.patch(&path, &json!({"status": "absent"})).expect(200);
    assert_eq!(counts(&import(app, &event, list)), [0, 0, 5, 3]);
    assert_eq!(statuses(app, &event)[5].1, "absent");
}

fn a_row_names_its_event_or_the_import_does(app: &TestApp) {
    let (first, second) = (event(app, json!({})), event(app, json!({"title": "会計の基礎"})));
    event(app, json!({"title": "双子"}));
    event(app, json!({"title": "双子"}));
    let day = "2199-10-08";
    let list = format!(
        "イベント名,開催日,イベントの記録ID,氏名\n広報の基礎,{day},,一\n会計の基礎,{day},,二\n,,{second},三\n双子,{day},,四\n\
         広報の基礎,2199-10-09,,五\n広報の基礎,,,六\n,,,七\n"
    );
    let done = app.import_and_wait("kind=registrations", list.as_bytes());
    assert_eq!(counts(&done), [3, 0, 0, 4], "{:?}", app.findings_of(&done));
    let found: Vec<(u64, String)> = app
        .findings_of(&done)
        .into_iter()
        .map(|(line, _, code)| (line, code))
        .collect();
    let expected = [
        (5, "ambiguous_event"),
        (6, "unknown_event"),
        (7, "missing_field"),
        (8, "missing_field"),
    ];
    assert_eq!(found, expected.map(|(line, code)| (line, code.to_owned())));
    assert_eq!(statuses(app, &first), pairs(&[("一", "registered")]));
    assert_eq!(
        statuses(app, &second),
        pairs(&[("二", "registered"), ("三", "registered")])
    );
    // A row that names none is of the event of the import.
    let done = import(app, &first, &list);
    assert_eq!(done["event_id"], first.as_str());
    assert_eq!(counts(&done), [1, 0, 3, 3], "{:?}", app.findings_of(&done));
    assert_eq!(statuses(app, &first)[1].0, "七");
    let nobody = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";
    let refused = app.import(
        &app.admin,
        &format!("kind=registrations&event_id={nobody}"),
        list.as_bytes(),
    );
    assert_eq!(
        refused.expect(422).faults(),
        [("/event_id".into(), "unknown_event".into())]
    );
}

fn a_further_day_of_an_event_names_it_too(app: &TestApp) {
    let times = json!([{"starts_at": "2199-10-05T00:00:00+09:00", "ends_at": "2199-10-06T00:00:00+09:00"},
        {"starts_at": "2199-10-12T13:30:00+09:00", "ends_at": "2199-10-12T15:00:00+09:00"}]);
    let several = event(app, json!({"title": "連続講座", "times": times}));
    let list = "イベント名,開催日,氏名\n連続講座,2199-10-12,一\n連続講座,2199-10-06,二\n";
    let done = app.import_and_wait("kind=registrations", list.as_bytes());
    assert_eq!(counts(&done), [1, 0, 0, 1], "{:?}", app.findings_of(&done));
    assert_eq!(statuses(app, &several), pairs(&[("一", "registered")]));
    // What begins on that day is meant first.
    let other = event(
        app,
        json!({"title": "連続講座", "times": [{"starts_at": "2199-10-12T18:00:00+09:00"}]}),
    );
    let list = "イベント名,開催日,氏名\n連続講座,2199-10-12,三\n";
    let done = app.import_and_wait("kind=registrations", list.as_bytes());
    assert_eq!(counts(&done), [1, 0, 0, 0], "{:?}", app.findings_of(&done));
    assert_eq!(statuses(app, &other), pairs(&[("三", "registered")]));
}

fn a_list_of_who_registers_fills_places_as_the_api_does(app: &TestApp) {
    let event = event(app, json!({"capacity": 2}));
    let list = "氏名,人数,状態,個別相談希望\n一,1,,はい\n二,1,申込済み,\n三,1,キャンセル,\n四,1,,\n五,3,,\n六,1,出席,\n";
    let done = import(app, &event, list);
    assert_eq!(counts(&done), [4, 0, 0, 2], "{:?}", app.findings_of(&done));
    let found: Vec<(u64, String)> = app
        .findings_of(&done)
        .into_iter()
        .map(|(line, _, code)| (line, code))
        .collect();
    assert_eq!(
        found,
        [
            (6, "too_many_places".to_owned()),
            (7, "event_not_begun".to_owned())
        ]
    );
    assert_eq!(
        statuses(app, &event),
        pairs(&[
            ("一", "registered"),
            ("二", "registered"),
            ("三", "cancelled"),
            ("四", "waiting"),
        ])
    );
    assert_eq!(registrations(app, &event)[0]["wants_consultation"], true);
    // Who has cancelled registers again.
    register(app, &event, json!({"name": "三"}));
    let tried = app.import_and_wait(
        &format!("kind=registrations&event_id={event}&mode=dry_run"),
        "氏名\n七\n".as_bytes(),
    );
    assert_eq!(counts(&tried), [1, 0, 0, 0]);
    assert_eq!(registrations(app, &event).len(), 5);
}

fn exported_registrations_change_nothing_when_they_come_back(app: &TestApp) {
    let event = event(
        app,
        json!({"online_url": "https://example.jp/room", "capacity": 5}),
    );
    let wind = app.organization("風のひろば");
    let worker = app.worker(json!({"personal": {"name": "小川 みどり"}}));
    let mut made = Vec::new();
    for person in [
        json!({"name": "=1+1", "email": "a@example.jp", "phone": "+1 (212) 555", "affiliation": "改行\nあり", "note": "'=x",
            "wants_consultation": true}),
        json!({"worker_id": worker, "organization_id": wind, "note": "なし"}),
        json!({"name": "-", "places": 2}),
        json!({"name": "様", "places": 2}),
        json!({"name": "取り消す人"}),
    ] {
        made.push(register(app, &event, person));
    }
    let path = format!("/v1/events/{event}/registrations/{}", id_of(&made[2]));
    app.patch(&path, &json!({"status": "cancelled"})).expect(200);
    let path = format!("/v1/events/{event}/registrations/{}", id_of(&made[4]));
    app.patch(&path, &json!({"name": "取り消した人", "status": "cancelled"}))
        .expect(200);
    let before = registrations(app, &event);
    for (format, headings) in [("csv", "ja"), ("csv", "en"), ("xlsx", "ja"), ("ndjson", "ja")] {
        let body = json!({"kind": "registrations", "format": format, "headings": headings, "filter": {"event_id": event}});
        let (status, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
        assert_eq!(status, 200);
        let done = app.import_and_wait("kind=registrations", &file);
        assert_eq!(
            (counts(&done), app.findings_of(&done)),
            ([0, 0, 5, 0], Vec::new()),
            "{format} {headings}"
        );
    }
    assert_eq!(registrations(app, &event), before);
}

/// Returns the registrations for an event without what Musubi keeps itself, and without the answers, which nobody exports.
fn told(app: &TestApp, event: &str) -> Vec<Value> {
    let mut all = registrations(app, event);
    for one in &mut all {
        let members = one.as_object_mut().unwrap();
        for own in ["version", "answered", "created_at", "updated_at"] {
            members.remove(own);
        }
    }
    all
}

/// Returns the codes of what was found in an import, sorted.
fn codes(app: &TestApp, done: &Value) -> Vec<String> {
    let found = app.findings_of(done).into_iter();
    let mut codes: Vec<String> = found.map(|(.., code)| code).collect();
    codes.sort();
    codes
}

fn coordinator(app: &TestApp, area: &str) -> String {
    let office = json!({"role": "coordinator", "areas": [area]});
    app.logged_in(&format!("office-{area}@example.jp"), office)
}

fn exported_registrations_come_back_into_an_empty_database(app: &TestApp) {
    let event = event(app, json!({"capacity": 6}));
    let path = format!("/v1/events/{event}/registrations");
    let wind = app.organization("風のひろば");
    let worker = app.worker(json!({"personal": {"name": "小川 みどり", "email": "midori@example.jp"}}));
    let office = coordinator(app, "131130");
    let came = register(
        app,
        &event,
        json!({"name": "山田 花子", "email": "hanako@example.jp", "phone": "03-1234-5678", "affiliation": "ケア24上荻",
            "note": "車いす", "places": 2, "wants_consultation": true}),
    );
    let stayed = register(app, &event, json!({"worker_id": worker, "organization_id": wind}));
    let staff = |name: &str| {
        let made = app.call("POST", &path, &office, &json!({"name": name}));
        format!("{path}/{}", id_of(&made.expect(201).json()))
    };
    staff("窓口 一郎");
    let forgotten = staff("去った 職員");
    let again = json!({"name": "森 葉子", "email": "mori@example.jp"});
    let first = format!("{path}/{}", id_of(&register(app, &event, again.clone())));
    app.patch(&first, &json!({"status": "cancelled"})).expect(200);
    register(app, &event, again);
    register(app, &event, json!({"name": "鈴木 待子"}));
    end(app, &event);
    for (one, status) in [(&came, "attended"), (&stayed, "absent")] {
        let path = format!("{path}/{}", id_of(one));
        app.patch(&path, &json!({"status": status})).expect(200);
    }
    // After the begin, the person goes and the count stays.
    app.call("DELETE", &forgotten, &office, &Value::Null).expect(204);
    let before = told(app, &event);
    let is_nobody = |one: &&Value| one["name"].is_null() && one["worker_id"].is_null();
    let nobody = id_of(before.iter().find(is_nobody).unwrap());
    assert!(before.iter().any(|one| one["status"] == "waiting"), "{before:?}");
    let export = |kind: &str, format: &str, headings: &str| {
        let filter = match kind {
            "registrations" => json!({"event_id": event}),
            _ => json!({}),
        };
        let body = json!({"kind": kind, "format": format, "headings": headings, "filter": filter});
        let (status, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&file));
        file
    };
    for (format, headings) in [("csv", "ja"), ("csv", "en"), ("xlsx", "ja"), ("ndjson", "ja")] {
        let other = app.empty();
        let send = |kind: &str| {
            let file = export(kind, format, headings);
            other.import_and_wait(&format!("kind={kind}&source=elsewhere"), &file)
        };
        for kind in ["organizations", "workers", "events"] {
            let done = send(kind);
            assert_eq!(done["progress"]["rejected"], 0, "{:?}", other.findings_of(&done));
        }
        let done = send("registrations");
        assert_eq!(codes(&other, &done), Vec::<String>::new(), "{format} {headings}");
        assert_eq!(told(&other, &event), before, "{format} {headings}");
        assert_eq!(counts(&send("registrations")), [0, 0, 7, 0]);
        // Undone, nobody is left, and sent again, they come back again.
        undo(&other, &done);
        assert_eq!(told(&other, &event), Vec::<Value>::new());
        assert_eq!(counts(&send("registrations")), [7, 0, 0, 0]);
        assert_eq!(told(&other, &event), before, "{format} {headings}");
        // Whom those who hold the event take off stays away, and what somebody else deleted does, too.
        remove(&other, &event, "山田 花子");
        let holder = coordinator(&other, "131041");
        let gone = format!("{path}/{nobody}");
        other.call("DELETE", &gone, &holder, &Value::Null).expect(204);
        let done = send("registrations");
        assert_eq!(codes(&other, &done), ["registration_removed", "unknown_record"]);
        assert_eq!(told(&other, &event).len(), 5);
    }
}

/// Only who may write everywhere says under which id a registration comes back.
fn who_holds_an_event_brings_no_id_along(app: &TestApp) {
    let event = event(app, json!({}));
    let made = register(app, &event, json!({"name": "山田 花子"}));
    let body = json!({"kind": "registrations", "format": "csv", "filter": {"event_id": event}});
    let (_, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
    let file = String::from_utf8(file).unwrap();
    let file = file.replace(&id_of(&made), &musubi::db::Id::new().to_string());
    let file = file.replace("山田 花子", "鈴木 一郎");
    let holder = coordinator(app, "131041");
    let sent = app.import(&holder, "kind=registrations", file.as_bytes());
    let done = app.wait_for_import(&id_of(&sent.expect(202).json()));
    assert_eq!(counts(&done), [0, 0, 0, 1]);
    assert_eq!(codes(app, &done), ["unknown_record"]);
    assert_eq!(registrations(app, &event).len(), 1);
}

fn an_undone_list_of_registrations_leaves_the_count_as_it_was(app: &TestApp) {
    let event = event(app, json!({}));
    register(app, &event, json!({"name": "一"}));
    register(app, &event, json!({"name": "二"}));
    end(app, &event);
    let done = import(app, &event, "氏名,出欠,人数\n一,○,2\n三,○,1\n二,×,1\n");
    assert_eq!(counts(&done), [1, 2, 0, 0], "{:?}", app.findings_of(&done));
    let undo = format!("/v1/imports/{}/undo", id_of(&done));
    app.post(&undo, &Value::Null).expect(202);
    assert_eq!(app.wait_for_import(&id_of(&done))["status"], "undone");
    assert_eq!(
        statuses(app, &event),
        pairs(&[("一", "registered"), ("二", "registered")])
    );
    assert_eq!(registrations(app, &event)[0]["places"], 1);
}

fn only_those_who_hold_an_event_send_its_list(app: &TestApp) {
    let event = event(app, json!({}));
    let elsewhere = json!({"role": "coordinator", "areas": ["131130"]});
    app.user("d@example.jp", elsewhere);
    let elsewhere = app.login("d@example.jp")["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let list = format!("イベントの記録ID,氏名\n{event},一\n");
    let sent = app
        .import(&elsewhere, "kind=registrations", list.as_bytes())
        .expect(202)
        .json();
    let done = app.wait_for_import(sent["id"].as_str().unwrap());
    assert_eq!(counts(&done), [0, 0, 0, 1]);
    assert_eq!(app.findings_of(&done)[0].2, "unknown_event");
    let narrow = app.token_with("imports:write imports:read registrations:write personal_data:read");
    let refused = app.import(&narrow, "kind=registrations", list.as_bytes());
    assert_eq!(refused.expect(403).code(), "insufficient_scope");
    assert_eq!(registrations(app, &event), Vec::<Value>::new());
}

/// The places of those who are taken off the list go to those who wait, who are on the same list.
fn an_undone_list_leaves_nobody_in_the_places_that_it_filled(app: &TestApp) {
    let small = event(app, json!({"capacity": 2}));
    let list = "氏名,出欠\n青木 一,申込済み\n岸 二,申込済み\n高木 三,申込済み\n森 四,申込済み\n";
    let done = import(app, &small, list);
    assert_eq!(counts(&done), [4, 0, 0, 0]);
    undo(app, &done);
    assert_eq!(statuses(app, &small), []);

    // What follows from one row for the registration of another is no change of somebody else's.
    let one = event(app, json!({"capacity": 1}));
    register(app, &one, json!({"name": "前から"}));
    let list = "氏名,出欠\n新人 花子,申込済み\n前から,キャンセル\n";
    let done = import(app, &one, list);
    assert_eq!(counts(&done), [1, 1, 0, 0]);
    assert_eq!(
        statuses(app, &one),
        pairs(&[("前から", "cancelled"), ("新人 花子", "registered")])
    );
    undo(app, &done);
    assert_eq!(statuses(app, &one), pairs(&[("前から", "cancelled")]));
}

fn undo(app: &TestApp, import: &Value) {
    let path = format!("/v1/imports/{}/undo", id_of(import));
    app.post(&path, &Value::Null).expect(202);
    let import = app.wait_for_import(&id_of(import));
    assert_eq!(import["status"], "undone", "{import}");
}

fn a_cancellation_that_is_known_adds_nothing(app: &TestApp) {
    let event = event(app, json!({}));
    register(app, &event, json!({"name": "前から"}));
    let list = "氏名,出欠\n一郎,キャンセル\n前から,キャンセル\n";
    assert_eq!(counts(&import(app, &event, list)), [1, 1, 0, 0]);
    for _ in 0..2 {
        let again = import(app, &event, list);
        assert_eq!(counts(&again), [0, 0, 2, 0], "{:?}", app.findings_of(&again));
    }
    let known = pairs(&[("前から", "cancelled"), ("一郎", "cancelled")]);
    assert_eq!(statuses(app, &event), known);
}

fn a_worker_who_registered_without_an_account_is_not_doubled(app: &TestApp) {
    let event = event(app, json!({}));
    let worker = app.worker(json!({"personal": {"name": "小川 みどり"}}));
    register(
        app,
        &event,
        json!({"name": "小川 みどり", "email": "midori@example.jp"}),
    );
    let list =
        format!("ワーカーの記録ID,氏名,メールアドレス,人数\n{worker},小川みどり,midori@example.jp,2\n");
    let done = import(app, &event, &list);
    assert_eq!(counts(&done), [0, 1, 0, 0], "{:?}", app.findings_of(&done));
    assert_eq!(registrations(app, &event).len(), 1);
}

fn a_title_makes_nobody_somebody_else(app: &TestApp) {
    let event = event(app, json!({}));
    for name in ["佐藤花子様", "伊藤 さくら"] {
        register(app, &event, json!({"name": name}));
    }
    for list in [
        "氏名,参加人数\n佐藤 花子,1\n伊藤 さくらさん,1\n",
        "氏名,参加人数\n佐藤花子 先生,1\n伊藤さくら様,1\n",
    ] {
        let done = import(app, &event, list);
        let [created, _, _, rejected] = counts(&done);
        assert_eq!((created, rejected), (0, 0), "{:?}", app.findings_of(&done));
    }
    assert_eq!(registrations(app, &event).len(), 2);
}

fn a_note_behind_an_answer_loses_nobody(app: &TestApp) {
    let event = event(app, json!({}));
    let list = "氏名,参加人数,出欠,個別相談\n\
        山田 花子,3名（大人2、子ども1）,出席予定（車いす）,する\n\
        鈴木 一郎,本人のみ,キャンセル（3/2 電話）,しない\n\
        佐藤 健,2,出席予定（取消）,不要\n";
    let done = import(app, &event, list);
    assert_eq!(counts(&done), [2, 0, 0, 1], "{:?}", app.findings_of(&done));
    let found = app.findings_of(&done).into_iter();
    let found: Vec<(u64, String)> = found.map(|(line, _, code)| (line, code)).collect();
    let expected = [(2, "status_note"), (3, "status_note"), (4, "unknown_value")];
    assert_eq!(found, expected.map(|(line, code)| (line, code.to_owned())));
    assert_eq!(
        statuses(app, &event),
        pairs(&[("山田 花子", "registered"), ("鈴木 一郎", "cancelled")])
    );
    let first = registrations(app, &event).swap_remove(0);
    assert_includes(&first, &json!({"places": 3, "wants_consultation": true}));
}

fn somebody_who_registered_with_an_account_is_recognised_by_name_and_contact(app: &TestApp) {
    let worker = app.worker(
        json!({"personal": {"name": "佐藤 陽子", "email": "yoko@example.jp", "phone": "090-1234-5678"}}),
    );
    let event = event(app, json!({}));
    let own = register(app, &event, json!({"worker_id": worker, "name": "ようこ"}));
    end(app, &event);
    let list = "氏名,メールアドレス,電話番号,状態\n佐藤　陽子,other@example.jp,09012345678,出席\n";
    let done = import(app, &event, list);
    assert_includes(
        &done["progress"],
        &json!({"updated": 1, "created": 0, "rejected": 0}),
    );
    let left = registrations(app, &event);
    assert_eq!(left.len(), 1);
    assert_includes(
        &left[0],
        &json!({"id": own["id"], "worker_id": worker, "status": "attended"}),
    );
}

/// An office has one address: it finds nobody of another name.
fn people_who_share_an_address_stay_apart(app: &TestApp) {
    let event = event(app, json!({}));
    let first = register(
        app,
        &event,
        json!({"name": "山田 花子", "email": "info@care24.example.jp"}),
    );
    end(app, &event);
    let path = format!("/v1/events/{event}/registrations/{}", id_of(&first));
    app.patch(&path, &json!({"status": "absent"})).expect(200);
    let list = "氏名,メールアドレス,出欠\n鈴木 一郎,info@care24.example.jp,○\n";
    let done = import(app, &event, list);
    assert_eq!(counts(&done), [1, 0, 0, 0], "{:?}", app.findings_of(&done));
    let apart = pairs(&[("山田 花子", "absent"), ("鈴木 一郎", "attended")]);
    assert_eq!(statuses(app, &event), apart);
    // Nor do two rows of one file mean one person.
    let list = "氏名,メールアドレス,出欠\n山田花子,INFO@care24.example.jp,○\n鈴木一郎,info@care24.example.jp,×\n\
        佐藤 健,info@care24.example.jp,○\n";
    let done = import(app, &event, list);
    assert_eq!(counts(&done), [1, 2, 0, 0], "{:?}", app.findings_of(&done));
    let all = pairs(&[
        ("山田 花子", "attended"),
        ("鈴木 一郎", "absent"),
        ("佐藤 健", "attended"),
    ]);
    assert_eq!(statuses(app, &event), all);
}

fn has_file(app: &TestApp, import: &Value) -> bool {
    let path = format!("/v1/imports/{}/annotated-file", id_of(import));
    let answer = app.get(&path);
    match answer.status {
        200 => true,
        _ => {
            assert_eq!(answer.expect(409).code(), "file_gone");
            false
        }
    }
}

/// Waits until everything that was written so far was looked at.
fn looked_at(app: &TestApp) {
    let pool = &app.state.pool;
    let latest = pool.read_blocking(musubi::changes::store::latest).unwrap();
    app.until(|| {
        let position = |db: &mut musubi::db::Db| musubi::changes::store::position(db, "imports");
        pool.read_blocking(position).unwrap() >= latest
    });
}

fn who_is_taken_off_a_list_goes_from_its_files(app: &TestApp) {
    let (seminar, other) = (event(app, json!({})), event(app, json!({"title": "会計の基礎"})));
    let list = "氏名,メールアドレス,参加人数\n山田 花子,hanako@example.jp,たくさん\n鈴木 一郎,ichiro@example.jp,いくつか\n";
    let longer = format!("{list}田中 さくら,,1\n");
    let query = format!("kind=registrations&event_id={seminar}");
    let tried = app.import_and_wait(&format!("{query}&mode=dry_run"), list.as_bytes());
    let first = import(app, &seminar, list);
    assert_eq!(counts(&first), [2, 0, 0, 0], "{:?}", app.findings_of(&first));
    let second = import(app, &seminar, &longer);
    assert_eq!(counts(&second)[0], 1, "{:?}", app.findings_of(&second));
    // Others who name the person, or the same event, weren't sent about the registration.
    let elsewhere = import(app, &other, list);
    let without = import(app, &seminar, "氏名\n佐藤 健\n");
    let roster = app.import_and_wait(
        "kind=workers",
        "氏名,メールアドレス\n山田 花子,hanako@example.jp\n".as_bytes(),
    );
    let known = registrations(app, &seminar);
    app.delete(&format!(
        "/v1/events/{seminar}/registrations/{}",
        id_of(&known[0])
    ))
    .expect(204);
    looked_at(app);
    for import in [&tried, &first, &second] {
        assert!(!has_file(app, import), "{import}");
    }
    let gone = musubi::db::Id(id_of(&known[0]).parse().unwrap());
    let row = |db: &mut musubi::db::Db| musubi::imports::jobs::store::writes::row_hashes(db, &[gone]);
    assert!(app.state.pool.read_blocking(row).unwrap().is_empty());
    for import in [&elsewhere, &without, &roster] {
        assert!(has_file(app, import), "{import}");
    }
    let path = format!("/v1/imports/{}/findings", id_of(&first));
    let found = app.get(&path).expect(200).json().to_string();
    assert!(
        !found.contains("たくさん") && found.contains("いくつか"),
        "{found}"
    );

    // A guest whom an office has written down, too, withdraws.
    let guest = json!({"name": "森 みどり", "email": "midori@example.jp"});
    let guests = format!("/v1/events/{seminar}/guest-registrations");
    let made = app.call("POST", &guests, "", &guest).expect(201).json();
    let told = import(
        app,
        &seminar,
        "氏名,メールアドレス,備考\n森 みどり,midori@example.jp,車椅子\n",
    );
    assert_eq!(counts(&told), [0, 1, 0, 0], "{:?}", app.findings_of(&told));
    looked_at(app);
    assert!(has_file(app, &told));
    let secret = json!({"secret": made["secret"]});
    app.call("POST", "/v1/registration-secrets/cancel", "", &secret)
        .expect(204);
    looked_at(app);
    assert!(!has_file(app, &told) && has_file(app, &without));
}

fn who_is_taken_off_while_a_list_waits_goes_from_it(app: &TestApp) {
    let seminar = event(app, json!({}));
    let list = "氏名,メールアドレス\n山田 花子,hanako@example.jp\n";
    let longer = "氏名,メールアドレス\n山田 花子,hanako@example.jp\n鈴木 一郎,ichiro@example.jp\n";
    let first = import(app, &seminar, list);
    assert_eq!(counts(&first), [1, 0, 0, 0], "{:?}", app.findings_of(&first));
    let again = import(app, &seminar, list);
    assert_eq!(counts(&again), [0, 0, 1, 0], "{:?}", app.findings_of(&again));
    let query = format!("kind=registrations&event_id={seminar}&mode=dry_run");
    let tried = app.import_and_wait(&query, longer.as_bytes());
    assert_eq!(counts(&tried), [1, 0, 1, 0], "{:?}", app.findings_of(&tried));
    let run = |text: &str| {
        let run = |db: &mut musubi::db::Db| Ok(db.batch_execute(text)?);
        app.state.pool.write_blocking(run).unwrap();
    };
    // Another server has only begun with these.
    for import in [&again, &tried] {
        app.until(|| {
            run(
                "UPDATE import_jobs SET status = 'running', finished_at = NULL, lease = id,
                 lease_until = '2199-01-01T00:00:00.000000Z' WHERE lease IS NULL AND kind = 'registrations'",
            );
            let path = format!("/v1/imports/{}", id_of(import));
            app.get(&path).json()["status"] == "running"
        });
    }
    let known = registrations(app, &seminar);
    let path = format!("/v1/events/{seminar}/registrations/{}", id_of(&known[0]));
    app.delete(&path).expect(204);
    musubi::imports::jobs::forgetting::follow(&app.state.pool).unwrap();
    run("UPDATE import_jobs SET status = 'succeeded', finished_at = updated_at, lease = NULL, lease_until = NULL
         WHERE kind = 'registrations'");
    looked_at(app);
    for import in [&first, &again, &tried] {
        assert!(!has_file(app, import), "{import}");
    }
}

fn an_undone_list_keeps_its_file(app: &TestApp) {
    let event = event(app, json!({}));
    let list = "氏名,メールアドレス\n山田 花子,hanako@example.jp\n";
    let done = import(app, &event, list);
    undo(app, &done);
    looked_at(app);
    assert!(has_file(app, &done));
    let again = app.import(
        &app.admin,
        &format!("kind=registrations&event_id={event}&file_of={}", id_of(&done)),
        b"",
    );
    let again = app.wait_for_import(&id_of(&again.expect(202).json()));
    assert_eq!(counts(&again), [1, 0, 0, 0]);
}

fn what_was_cancelled_hides_nobody_on_a_list(app: &TestApp) {
    use musubi::db::{Db, Id, Instant};
    use musubi::events::registration::Registration;
    use musubi::events::store::registrations as store;
    let event = event(app, json!({}));
    let event_id = Id(event.parse().unwrap());
    // More than are looked through for a name.
    let cancel_many = |db: &mut Db| -> musubi::error::Result<()> {
        for n in 0..3_000 {
            let new = json!({"name": format!("取消 {n}"), "status": "cancelled"});
            let one = Registration {
                id: Id::new(),
                event_id,
                new: serde_json::from_value(new).unwrap(),
                worker_name: None,
                answered: false,
                online_url: None,
                version: 1,
                created_at: Instant::now(),
                updated_at: Instant::now(),
                office_area: None,
                partner_id: None,
            };
            store::insert_unlogged(db, &one, store::Keys::default())?;
        }
        Ok(())
    };
    app.state.pool.write_blocking(cancel_many).unwrap();
    register(app, &event, json!({"name": "山田 花子"}));
    let list = "氏名,参加人数\n山田花子,2\n新しい人,1\n";
    let done = import(app, &event, list);
    assert_eq!(counts(&done), [1, 1, 0, 0], "{:?}", app.findings_of(&done));
    // A cancellation that is known says nothing new.
    let known = import(app, &event, "氏名,出欠\n取消 7,キャンセル\n");
    assert_eq!(counts(&known)[0], 0);
    // Whom a list brought, and who was cancelled since, stays so, beyond the first, too.
    let present = |db: &mut Db| store::states(db, &musubi::auth::Reach::Everything, event_id, false, 10);
    let present = app.state.pool.read_blocking(present).unwrap();
    let (last, _) = present.last().unwrap();
    let path = format!("/v1/events/{event}/registrations/{last}");
    app.patch(&path, &json!({"status": "cancelled"})).expect(200);
    let again = import(app, &event, "氏名,参加人数\n新しい人,1\n別の人,1\n");
    assert_eq!(counts(&again), [1, 0, 1, 0], "{:?}", app.findings_of(&again));
    assert_eq!(app.findings_of(&again)[0].2, "registration_cancelled");
}

fn a_list_does_not_take_a_cancellation_back(app: &TestApp) {
    let event = event(app, json!({}));
    let heading = "No,氏名,メールアドレス,備考\n";
    let cancel = |name: &str| {
        let all = registrations(app, &event).into_iter();
        let mut own = all.filter(|one| one["name"] == name && one["status"] != "cancelled");
        let path = format!("/v1/events/{event}/registrations/{}", id_of(&own.next().unwrap()));
        app.patch(&path, &json!({"status": "cancelled"})).expect(200);
    };
    let import_list = |rows: &str| {
        let done = import(app, &event, &format!("{heading}{rows}"));
        let found = app.findings_of(&done).into_iter();
        let said = found.filter(|(_, _, code)| code == "registration_cancelled");
        let lines: Vec<u64> = said.map(|(line, ..)| line).collect();
        (counts(&done), lines)
    };
    let list = "1,山田 花子,hanako@example.jp,\n2,鈴木 一郎,,\n";
    assert_eq!(import_list(list), ([2, 0, 0, 0], vec![]));
    cancel("山田 花子");
    // The same list, and a later one that is numbered anew and says more.
    for _ in 0..2 {
        assert_eq!(import_list(list), ([0, 0, 2, 0], vec![2]));
    }
    let later = "1,鈴木 一郎,,\n2,山田 花子,hanako@example.jp,車椅子\n3,森 みどり,,\n";
    assert_eq!(import_list(later), ([1, 0, 2, 0], vec![3]));
    let left = pairs(&[
        ("山田 花子", "cancelled"),
        ("鈴木 一郎", "registered"),
        ("森 みどり", "registered"),
    ]);
    assert_eq!(statuses(app, &event), left);
    // A row twice registers nobody either.
    let twice = "1,山田 花子,hanako@example.jp,\n2,山田 花子,hanako@example.jp,\n";
    assert_eq!(import_list(twice), ([0, 0, 1, 1], vec![2, 3]));
    // Somebody else with the name and another address is nobody who has cancelled.
    let namesake = "1,山田 花子,other@example.jp,\n";
    assert_eq!(import_list(namesake), ([1, 0, 0, 0], vec![]));
    // Whom the office registers again is on the list, until that is cancelled, too.
    register(
        app,
        &event,
        json!({"name": "森 みどり", "email": "midori@example.jp"}),
    );
    cancel("森 みどり");
    let midori = "3,森 みどり,midori@example.jp,\n";
    assert_eq!(import_list(midori), ([0, 0, 1, 0], vec![]));
    cancel("森 みどり");
    assert_eq!(import_list(midori), ([0, 0, 1, 0], vec![2]));
    // What a list has cancelled, a list brings back.
    for (status, expected) in [("キャンセル", [0, 1, 0, 0]), ("申込済み", [1, 0, 0, 0])] {
        let done = import(app, &event, &format!("氏名,出欠\n鈴木 一郎,{status}\n"));
        assert_eq!(counts(&done), expected, "{status}: {:?}", app.findings_of(&done));
    }
    // Who came, came.
    end(app, &event);
    let came = "氏名,メールアドレス,出欠\n山田 花子,hanako@example.jp,○\n";
    assert_eq!(counts(&import(app, &event, came)), [1, 0, 0, 0]);
}

fn remove(app: &TestApp, event: &str, name: &str) {
    let all = registrations(app, event).into_iter();
    let mut own = all.filter(|one| one["name"] == name || one["worker_name"] == name);
    let path = format!("/v1/events/{event}/registrations/{}", id_of(&own.next().unwrap()));
    app.delete(&path).expect(204);
}

/// Imports a list, after a dry run that has to say the same. Returns created, updated, skipped and rejected rows, and the lines about
/// people who were taken off.
fn tried_and_imported(app: &TestApp, event: &str, text: &str) -> ([u64; 4], Vec<u64>) {
    let outcome = |mode: &str| {
        let query = format!("kind=registrations&event_id={event}&mode={mode}");
        let done = app.import_and_wait(&query, text.as_bytes());
        let found = app.findings_of(&done);
        assert!(
            found.iter().all(|(_, _, code)| code != "duplicate_row"),
            "{found:?}"
        );
        let said = found.iter().filter(|(_, _, code)| code == "registration_removed");
        let counts = ["created", "updated", "skipped", "rejected"]
            .map(|name| done["progress"][name].as_u64().unwrap());
        (counts, said.map(|(line, ..)| *line).collect::<Vec<u64>>())
    };
    let tried = outcome("dry_run");
    let done = outcome("best_effort");
    assert_eq!(tried, done, "{text}");
    done
}

fn a_title_makes_nobody_else_of_who_was_taken_off(app: &TestApp) {
    let seminar = event(app, json!({}));
    for (registered, listed) in [
        (json!({"name": "佐藤 健様"}), "佐藤 健,"),
        (json!({"name": "高橋 大輔"}), "高橋 大輔様,"),
        (
            json!({"name": "山田 花子様", "email": "hanako@example.jp"}),
            "山田 花子,hanako@example.jp",
        ),
    ] {
        register(app, &seminar, registered.clone());
        remove(app, &seminar, registered["name"].as_str().unwrap());
        let list = format!("氏名,メールアドレス\n{listed}\n");
        assert_eq!(
            tried_and_imported(app, &seminar, &list),
            ([0, 0, 1, 0], vec![2]),
            "{listed}"
        );
    }
    // Nor of who is on the list.
    register(
        app,
        &seminar,
        json!({"name": "森 葉子様", "email": "mori@example.jp"}),
    );
    let again = app.post(
        &format!("/v1/events/{seminar}/registrations"),
        &json!({"name": "森 葉子", "email": "mori@example.jp"}),
    );
    assert_eq!(again.expect(409).code(), "already_registered");
}

fn an_old_list_brings_nobody_back_who_was_taken_off(app: &TestApp) {
    let (seminar, other) = (event(app, json!({})), event(app, json!({"title": "会計の基礎"})));
    let worker = app.worker(json!({"personal": {"name": "小川 みどり", "email": "midori@example.jp"}}));
    let list = "氏名,メールアドレス,電話番号,所属\n山田 花子,hanako@example.jp,,\n鈴木 一郎,,03-1234-5678,\n佐藤 健,,,風の会\n\
        田中 さくら,,,\n";
    assert_eq!(tried_and_imported(app, &seminar, list), ([4, 0, 0, 0], vec![]));
    register(app, &seminar, json!({"worker_id": worker}));
    for name in ["山田 花子", "鈴木 一郎", "佐藤 健", "田中 さくら", "小川 みどり"] {
        remove(app, &seminar, name);
    }
    // Nothing that anybody could read is kept.
    let kept = |db: &mut musubi::db::Db| -> musubi::error::Result<i64> {
        use diesel::prelude::*;
        let table = musubi::db::schema::event_departures::table;
        Ok(table.count().get_result(db)?)
    };
    assert!(app.state.pool.read_blocking(kept).unwrap() >= 5);
    for _ in 0..2 {
        assert_eq!(
            tried_and_imported(app, &seminar, list),
            ([0, 0, 4, 0], vec![2, 3, 4, 5])
        );
    }
    // Spelt and ordered in another way, with more or less, twice, and whatever is said of them.
    for rows in [
        "田中さくら,,,\n山田　花子,HANAKO@example.jp,03-9999-0000,ケア24\n".to_owned(),
        "山田 花子,,,\n山田 花子,hanako@example.jp,,\n".to_owned(),
        "鈴木 一郎,ichiro@example.jp,0312345678,\n鈴木 一郎,,,\n".to_owned(),
        "小川みどり,midori@example.jp,,\n小川みどり,,,\n".to_owned(),
    ] {
        let text = format!("氏名,メールアドレス,電話番号,所属\n{rows}");
        assert_eq!(
            tried_and_imported(app, &seminar, &text),
            ([0, 0, 2, 0], vec![2, 3]),
            "{rows}"
        );
    }
    let by_id = format!("ワーカーの記録ID,参加人数\n{worker},1\n");
    assert_eq!(tried_and_imported(app, &seminar, &by_id), ([0, 0, 1, 0], vec![2]));
    let cancelled = "氏名,メールアドレス,出欠\n山田 花子,hanako@example.jp,キャンセル\n";
    assert_eq!(
        tried_and_imported(app, &seminar, cancelled),
        ([0, 0, 1, 0], vec![2])
    );
    assert_eq!(registrations(app, &seminar).len(), 0);
    // It is about one event.
    assert_eq!(tried_and_imported(app, &other, list).0, [4, 0, 0, 0]);
    // Another row of the list is none the worse for it, and all of it can come in at once.
    let longer = format!("{list}森 みどり,,,\n");
    let query = format!("kind=registrations&event_id={seminar}&mode=all_or_nothing");
    let done = app.import_and_wait(&query, longer.as_bytes());
    assert_eq!(counts(&done)[0], 1, "{:?}", app.findings_of(&done));
    // Who is registered by hand is on the list again, and only they.
    register(
        app,
        &seminar,
        json!({"name": "山田 花子", "email": "hanako@example.jp"}),
    );
    assert_eq!(
        tried_and_imported(app, &seminar, list),
        ([0, 0, 3, 0], vec![3, 4, 5])
    );
    register(app, &seminar, json!({"name": "田中 さくら"}));
    assert_eq!(
        tried_and_imported(app, &seminar, list),
        ([0, 0, 2, 0], vec![3, 4])
    );
    register(app, &seminar, json!({"worker_id": worker}));
    assert_eq!(tried_and_imported(app, &seminar, &by_id).1, Vec::<u64>::new());
    // What is recorded after the end doesn't bring them back, either.
    end(app, &seminar);
    let came = "氏名,電話番号,出欠\n鈴木 一郎,03-1234-5678,○\n";
    assert_eq!(tried_and_imported(app, &seminar, came), ([0, 0, 1, 0], vec![2]));
}

fn namesakes_of_who_was_taken_off_come(app: &TestApp) {
    for (gone, others) in [
        (
            json!({"name": "山田 花子", "email": "one@example.jp"}),
            "山田 花子,two@example.jp,,\n",
        ),
        (
            json!({"name": "山田 花子", "phone": "03-1234-5678"}),
            "山田 花子,,03-9999-0000,\n",
        ),
        (
            json!({"name": "山田 花子", "affiliation": "風の会"}),
            "山田 花子,,,丘の会\n",
        ),
        (
            json!({"name": "山田 花子", "email": "info@example.jp"}),
            "鈴木 一郎,info@example.jp,,\n",
        ),
    ] {
        let event = event(app, json!({}));
        register(app, &event, gone.clone());
        remove(app, &event, "山田 花子");
        let list = format!("氏名,メールアドレス,電話番号,所属\n{others}");
        assert_eq!(
            tried_and_imported(app, &event, &list),
            ([1, 0, 0, 0], vec![]),
            "{gone}"
        );
        // Nor does a namesake take the mark away, or take over what is known of who is gone.
        let row = |name: &str| gone[name].as_str().unwrap_or_default().to_owned();
        let old = format!(
            "氏名,メールアドレス,電話番号,所属\n{},{},{},{}\n",
            row("name"),
            row("email"),
            row("phone"),
            row("affiliation")
        );
        assert_eq!(
            tried_and_imported(app, &event, &old),
            ([0, 0, 1, 0], vec![2]),
            "{gone}"
        );
    }
    // Of two with one name, one stays on the list.
    let event = event(app, json!({}));
    let list = "氏名,メールアドレス\n山田 花子,one@example.jp\n山田 花子,two@example.jp\n";
    assert_eq!(tried_and_imported(app, &event, list), ([2, 0, 0, 0], vec![]));
    remove(app, &event, "山田 花子");
    assert_eq!(tried_and_imported(app, &event, list), ([0, 0, 1, 0], vec![2]));
    remove(app, &event, "山田 花子");
    // Registered without an address, it isn't clear which of the two it is.
    register(app, &event, json!({"name": "山田 花子"}));
    assert_eq!(tried_and_imported(app, &event, list), ([0, 0, 2, 0], vec![2, 3]));
}

fn who_withdraws_may_come_back_in_any_way(app: &TestApp) {
    let event = event(app, json!({}));
    let worker = app.worker(json!({"personal": {"name": "小川 みどり"}}));
    let member = app.logged_in(
        "midori@example.jp",
        json!({"role": "worker", "worker_id": worker}),
    );
    let path = format!("/v1/events/{event}/registrations");
    let own = app.call("POST", &path, &member, &json!({})).expect(201).json();
    app.call(
        "DELETE",
        &format!("{path}/{}", id_of(&own)),
        &member,
        &Value::Null,
    )
    .expect(204);
    let by_id = format!("ワーカーの記録ID,参加人数\n{worker},1\n");
    assert_eq!(tried_and_imported(app, &event, &by_id), ([1, 0, 0, 0], vec![]));
    let guest = json!({"name": "森 みどり", "email": "mori@example.jp"});
    let guests = format!("/v1/events/{event}/guest-registrations");
    let made = app.call("POST", &guests, "", &guest).expect(201).json();
    let secret = json!({"secret": made["secret"]});
    app.call("POST", "/v1/registration-secrets/cancel", "", &secret)
        .expect(204);
    let list = "氏名,メールアドレス\n森 みどり,mori@example.jp\n";
    assert_eq!(tried_and_imported(app, &event, list), ([1, 0, 0, 0], vec![]));
    // A guest who was taken off registers again, and then the list knows them.
    remove(app, &event, "森 みどり");
    assert_eq!(tried_and_imported(app, &event, list), ([0, 0, 1, 0], vec![2]));
    app.call("POST", &guests, "", &guest).expect(201);
    assert_eq!(tried_and_imported(app, &event, list).1, Vec::<u64>::new());
    // An import that is undone takes nobody off.
    let done = import(app, &event, "氏名\n高橋 葉子\n");
    undo(app, &done);
    assert_eq!(counts(&import(app, &event, "氏名\n高橋 葉子\n"))[0], 1);
}

fn marks_of_who_was_taken_off_are_forgotten(app: &TestApp) {
    let event = event(app, json!({}));
    let list = "氏名,メールアドレス\n山田 花子,hanako@example.jp\n";
    assert_eq!(counts(&import(app, &event, list))[0], 1);
    remove(app, &event, "山田 花子");
    let forget = |before: chrono::DateTime<chrono::Utc>| {
        let before = musubi::db::Instant::from(before);
        let forget = move |db: &mut musubi::db::Db| musubi::erasure::actions::forget_messages(db, before);
        while app.state.pool.write_blocking(forget).unwrap() > 0 {}
    };
    forget(chrono::Utc::now() - chrono::Duration::days(1));
    assert_eq!(tried_and_imported(app, &event, list), ([0, 0, 1, 0], vec![2]));
    forget(chrono::Utc::now() + chrono::Duration::days(1));
    assert_eq!(tried_and_imported(app, &event, list), ([1, 0, 0, 0], vec![]));
}
