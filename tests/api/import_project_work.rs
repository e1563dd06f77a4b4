//! Lists of milestones, meetings and hours come into projects, and go out.

use crate::support::{TestApp, assert_includes, on_both};
use serde_json::{Value, json};

on_both! {
    an_office_sheet_becomes_work_of_a_project_once,
    rows_that_cannot_be_work_say_why,
    the_begin_of_a_meeting_is_read_as_offices_write_it,
    what_has_ended_takes_only_what_comes_back,
    an_undone_list_of_work_leaves_what_was_there,
    only_those_who_work_on_a_project_import_into_it,
}

fn id_of(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

/// Returns the id of a project under way, of which 佐藤 陽子 is the designer.
fn project(app: &TestApp) -> String {
    let organization = app.organization("戸山ふれあいの会");
    let request = json!({"title": "会のチラシ", "roles": [{"role": "designer", "places": 1}], "starts_on": "2026-10-01"});
    let id = app.deliverable(&organization, request);
    let member = app.worker(json!({"personal": {"name": "佐藤 陽子"}}));
    let bid = json!({"deliverable_id": id, "worker_id": member, "role": "designer"});
    let bid = id_of(&app.post("/v1/applications", &bid).expect(201).json());
    app.patch(&format!("/v1/applications/{bid}"), &json!({"status": "agreed"}))
        .expect(200);
    app.patch(&format!("/v1/projects/{id}"), &json!({"status": "in_progress"}))
        .expect(200);
    id
}

fn work(app: &TestApp, project: &str, segment: &str) -> Vec<Value> {
    let path = format!("/v1/projects/{project}/{segment}?limit=200");
    app.get(&path).expect(200).json()["items"]
        .as_array()
        .unwrap()
        .clone()
}

fn import(app: &TestApp, text: &str) -> Value {
    app.import_and_wait("kind=project_work", text.as_bytes())
}

/// Returns created, updated, unchanged and rejected rows.
fn counts(import: &Value) -> [u64; 4] {
    let progress = &import["progress"];
    ["created", "updated", "unchanged", "rejected"].map(|name| progress[name].as_u64().unwrap())
}

const HEADER: &str =
    "プロジェクトの記録ID,区分,件名,期限,進み具合（%）,完了日,開始日時,議事録,氏名,活動日,活動時間,メモ\n";

fn an_office_sheet_becomes_work_of_a_project_once(app: &TestApp) {
    let id = project(app);
    let laid_out = work(app, &id, "milestones");
    let title = laid_out[0]["title"].as_str().unwrap();
    let list = format!(
        "{HEADER}{id},マイルストーン,{title},,,2026-11-01,,,,,,\n\
         {id},,印刷,2199-01-09,40%,,,,,,,\n\
         {id},打ち合わせ,キックオフ,,,,2026-10-03 10:00:00,対象を30代の親子に絞る。,,,,\n\
         {id},,,,,,,,佐藤陽子,2026-11-03,1時間30分,ラフ案\n\
         {id},活動時間,,,,,,,佐藤 陽子,2026-11-04,45,\n"
    );
    let done = import(app, &list);
    assert_eq!(counts(&done), [4, 1, 0, 0], "{:?}", app.findings_of(&done));
    let milestones = work(app, &id, "milestones");
    assert_eq!(milestones.len(), laid_out.len() + 1);
    assert_includes(
        &milestones[0],
        &json!({"id": laid_out[0]["id"], "progress": 100, "done_on": "2026-11-01"}),
    );
    assert_includes(
        milestones.last().unwrap(),
        &json!({"title": "印刷", "due_on": "2199-01-09", "weight": 1, "progress": 40, "done_on": null}),
    );
    assert_includes(
        &work(app, &id, "meetings")[0],
        &json!({"title": "キックオフ", "starts_at": "2026-10-03T01:00:00.000000Z", "minutes": "対象を30代の親子に絞る。"}),
    );
    let hours = work(app, &id, "hours");
    let minutes: Vec<&Value> = hours.iter().map(|one| &one["minutes"]).collect();
    assert_eq!(minutes, [&json!(90), &json!(45)]);
    let shown = app.get(&format!("/v1/projects/{id}")).expect(200).json();
    assert_ne!(shown["progress"]["percent"], 0);
    let again = import(app, &list);
    assert_eq!(counts(&again), [0, 0, 5, 0], "{:?}", app.findings_of(&again));
    // The export is the same list.
    let body = json!({"kind": "project_work", "format": "xlsx"});
    let (status, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
    assert_eq!(status, 200);
    let back = app.import_and_wait("kind=project_work", &file);
    assert_eq!(counts(&back), [0, 0, laid_out.len() as u64 + 4, 0]);
}

fn rows_that_cannot_be_work_say_why(app: &TestApp) {
    let id = project(app);
    let nobody = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";
    // An id belongs to one entry of one project.
    let entry = id_of(&work(app, &id, "milestones")[0]);
    let other = format!("記録ID,プロジェクトの記録ID,件名,期限\n{nobody},{id},印刷,2199-01-09\n");
    let elsewhere =
        format!("記録ID,プロジェクトの記録ID,件名,開始日時\n{entry},{id},会,2026-10-03 10:00:00\n");
    for list in [other, elsewhere] {
        let done = import(app, &list);
        assert_eq!(counts(&done), [0, 0, 0, 1], "{list}");
        assert_eq!(app.findings_of(&done)[0].2, "unknown_record", "{list}");
    }
    for (row, code) in [
        (
            ",マイルストーン,印刷,2199-01-09,,,,,,,,".to_owned(),
            "missing_field",
        ),
        (format!("{nobody},,印刷,2199-01-09,,,,,,,,"), "unknown_record"),
        (format!("{id},,印刷,,,,,,,,,"), "missing_field"),
        (format!("{id},会議,印刷,,,,,,,,,"), "missing_field"),
        (
            format!("{id},活動時間,,,,,,,山田 花子,2026-11-03,30,"),
            "not_a_member",
        ),
        (
            format!("{id},活動時間,,,,,,,佐藤 陽子,2026-11-03,2000,"),
            "out_of_range",
        ),
        (format!("{id},artifact,案,,,,,,,,,"), "missing_field"),
        (format!("{id},,印刷,2020-01-09,,,,,,,,"), "dates_reversed"),
    ] {
        let done = import(app, &format!("{HEADER}{row}\n"));
        let found: Vec<String> = app
            .findings_of(&done)
            .into_iter()
            .map(|(.., code)| code)
            .collect();
        assert_eq!(counts(&done), [0, 0, 0, 1], "{row}: {found:?}");
        assert!(found.contains(&code.to_owned()), "{row}: {found:?}");
    }
}

fn the_begin_of_a_meeting_is_read_as_offices_write_it(app: &TestApp) {
    let id = project(app);
    let written = [
        ("2026-10-05 10:00", Some("01:00"), None),
        ("令和8年10月4日 10時", Some("01:00"), None),
        ("R8.10.3 13時30分", Some("04:30"), None),
        ("2026年10月8日（木） 午後1時半", Some("04:30"), None),
        ("2026/10/9 13:00〜15:00", Some("04:00"), Some("06:00")),
        ("2026-10-10", Some("15:00"), None),
        ("2026-10-05 25:00", None, None),
    ];
    for (n, (text, begin, end)) in written.into_iter().enumerate() {
        let list = format!("プロジェクトの記録ID,区分,件名,開始日時\n{id},会議,会{n},{text}\n");
        let done = import(app, &list);
        let found = app.findings_of(&done);
        let Some(begin) = begin else {
            assert_eq!(counts(&done)[0], 0, "{text}");
            assert!(
                found.iter().any(|one| one.2 == "invalid_moment"),
                "{text}: {found:?}"
            );
            continue;
        };
        assert_eq!(counts(&done), [1, 0, 0, 0], "{text}: {found:?}");
        let all = work(app, &id, "meetings");
        let own = all.iter().find(|one| one["title"] == format!("会{n}")).unwrap();
        let clock = |at: &Value| at.as_str().map(|at| at[11..16].to_owned());
        assert_eq!(clock(&own["starts_at"]).as_deref(), Some(begin), "{text}");
        assert_eq!(clock(&own["ends_at"]).as_deref(), end, "{text}");
    }
}

fn what_has_ended_takes_only_what_comes_back(app: &TestApp) {
    let id = project(app);
    for status in ["delivered", "closed"] {
        app.patch(&format!("/v1/projects/{id}"), &json!({"status": status}))
            .expect(200);
    }
    let row = format!("{id},,印刷,2199-01-09,,,,,,,,\n");
    let done = import(app, &format!("{HEADER}{row}"));
    assert_eq!(counts(&done), [0, 0, 0, 1]);
    assert_eq!(app.findings_of(&done)[0].2, "project_ended");
    let body = json!({"kind": "project_work", "format": "csv"});
    let (_, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
    let all = work(app, &id, "milestones").len() as u64;
    let back = app.import_and_wait("kind=project_work", &file);
    assert_eq!(counts(&back), [0, 0, all, 0]);
}

fn an_undone_list_of_work_leaves_what_was_there(app: &TestApp) {
    let id = project(app);
    let before = work(app, &id, "milestones");
    let title = before[0]["title"].as_str().unwrap();
    let done = import(
        app,
        &format!("{HEADER}{id},,{title},,100,,,,,,,\n{id},,,,,,,,佐藤 陽子,2026-11-03,30,\n"),
    );
    assert_eq!(counts(&done), [1, 1, 0, 0], "{:?}", app.findings_of(&done));
    let undo = format!("/v1/imports/{}/undo", id_of(&done));
    app.post(&undo, &Value::Null).expect(202);
    assert_eq!(app.wait_for_import(&id_of(&done))["status"], "undone");
    let after = work(app, &id, "milestones");
    assert_includes(
        &after[0],
        &json!({"title": title, "progress": 0, "done_on": null}),
    );
    assert_eq!(work(app, &id, "hours"), Vec::<Value>::new());
    let shown = app.get(&format!("/v1/projects/{id}")).expect(200).json();
    assert_eq!(shown["progress"]["percent"], 0);
}

fn only_those_who_work_on_a_project_import_into_it(app: &TestApp) {
    let id = project(app);
    let elsewhere = app.logged_in(
        "d@example.jp",
        json!({"role": "coordinator", "areas": ["131130"]}),
    );
    let list = format!("{HEADER}{id},,印刷,2199-01-09,,,,,,,,\n");
    let sent = app.import(&elsewhere, "kind=project_work", list.as_bytes());
    let done = app.wait_for_import(&id_of(&sent.expect(202).json()));
    assert_eq!(counts(&done), [0, 0, 0, 1]);
    let narrow = app.token_with("imports:write imports:read project_work:write personal_data:read");
    let refused = app.import(&narrow, "kind=project_work", list.as_bytes());
    assert_eq!(refused.expect(403).code(), "insufficient_scope");
    let body = json!({"kind": "project_work", "format": "csv"});
    let narrow = app.token_with("exports:read projects:read");
    let (status, _) = app.post_for_bytes("/v1/exports", &narrow, &body);
    assert_eq!(status, 403);
    let (status, file) = app.post_for_bytes("/v1/exports", &elsewhere, &body);
    assert_eq!(
        (status, String::from_utf8(file).unwrap().lines().count()),
        (200, 1)
    );
}
