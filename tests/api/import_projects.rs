//! Lists of projects: rows find or record the work of teams, also of years ago.

use crate::query_counts::{least_queries, start_counting};
use crate::support::{Response, TestApp, on_both};
use musubi::auth::{Claims, UserRole};
use serde_json::{Value, json};

on_both! {
    a_list_of_past_projects_is_imported_once,
    a_list_moves_projects_as_the_api_does,
    a_cell_names_at_most_fifty_members,
    how_many_took_part_rejects_no_row,
    the_names_of_a_cell_are_looked_up_at_once,
    rows_that_cannot_be_understood_say_why,
    a_team_that_was_formed_elsewhere_gets_its_project,
    accompaniments_are_recorded_with_their_end,
    the_published_list_of_accompaniments_is_read_by_its_own_headings,
    the_municipality_counts_only_for_what_is_new_or_its_own,
    finished_work_without_members_comes_back_without_a_team,
    an_undone_list_of_projects_leaves_nothing,
    a_list_whose_row_writes_a_project_twice_is_undone,
    milestones_that_somebody_wrote_keep_the_project,
    a_number_of_another_organization_changes_no_project,
    a_dry_run_of_projects_writes_nothing,
    only_who_decides_about_projects_imports_them,
    erasing_a_member_erases_the_lists_that_name_them,
    past_deliveries_say_how_long_a_type_takes,
}

const HEADER: &str = "案件番号,団体名,件名,支援内容,進捗状況,開始日,納品日,メンバー\n";

fn import(app: &TestApp, rows: &str) -> Value {
    app.import_and_wait("kind=projects", format!("{HEADER}{rows}").as_bytes())
}

/// Returns created, updated, unchanged and rejected rows.
fn counts(import: &Value) -> [u64; 4] {
    let progress = &import["progress"];
    ["created", "updated", "unchanged", "rejected"].map(|name| progress[name].as_u64().unwrap())
}

fn projects(app: &TestApp) -> Vec<Value> {
    let page = app
        .get("/v1/projects?limit=200&sort=created_at")
        .expect(200)
        .json();
    page["items"].as_array().unwrap().clone()
}

/// Returns the project with a title.
fn titled(app: &TestApp, title: &str) -> Value {
    let found = projects(app).into_iter().find(|one| one["title"] == title);
    found.unwrap_or_else(|| panic!("no project {title}"))
}

/// Returns the codes of the findings with their severities.
fn findings(app: &TestApp, import: &Value) -> Vec<(String, String)> {
    let path = format!(
        "/v1/imports/{}/findings?limit=200",
        import["id"].as_str().unwrap()
    );
    let page = app.get(&path).expect(200).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|one| (text(&one["code"]), text(&one["severity"])))
        .collect()
}

/// Returns the only code that rejects a row.
fn refused(app: &TestApp, row: &str) -> String {
    let import = import(app, row);
    assert_eq!(counts(&import)[3], 1, "{row}");
    let mut errors = findings(app, &import);
    errors.retain(|(_, severity)| severity == "error");
    assert_eq!(errors.len(), 1, "{row}: {errors:?}");
    errors.remove(0).0
}

fn person(app: &TestApp, name: &str) -> String {
    app.worker(json!({"alias": format!("{name}さん"), "capacity": 3, "personal": {"name": name}}))
}

fn here(app: &TestApp, worker: &str) -> (Value, Value) {
    let here = app.get(&format!("/v1/workers/{worker}")).expect(200).json()["here"].clone();
    (here["delivered"].clone(), here["open_load"].clone())
}

fn undo(app: &TestApp, import: &Value) -> Response {
    let id = import["id"].as_str().unwrap();
    let undone = app.post(&format!("/v1/imports/{id}/undo"), &Value::Null);
    if undone.status == 202 {
        app.wait_for_import(id);
    }
    undone
}

fn a_list_of_past_projects_is_imported_once(app: &TestApp) {
    app.organization("戸山ふれあいの会");
    let designer = person(app, "佐藤 陽子");
    let writer = app.worker(json!({"alias": "書く人", "source": "roster", "external_id": "W-2"}));
    let rows = "P-1,戸山ふれあいの会,会員募集のチラシ,チラシ,完了,2024/5/1,令和6年9月30日,佐藤陽子（デザイナー）、W-2（ライター）\n\
        P-2,戸山ふれあいの会,会のウェブサイト,ホームページ,進行中,2026-10-01,,デザイナー：佐藤 陽子\n\
        P-3,戸山ふれあいの会,,アンケート調査,中止,2025/4/1,,\n";
    let first = import(app, rows);
    assert_eq!(counts(&first), [3, 0, 0, 0], "{:?}", findings(app, &first));
    assert_eq!(
        findings(app, &first),
        [("assumed_reason".into(), "warning".into())]
    );

    let flyer = titled(app, "会員募集のチラシ");
    assert_eq!(
        (
            &flyer["status"],
            &flyer["delivered_on"],
            &flyer["fiscal_year"],
            &flyer["progress"]["percent"]
        ),
        (&json!("closed"), &json!("2024-09-30"), &json!(2024), &json!(100))
    );
    assert_eq!(flyer["status_since"], "2024-09-29T15:00:00.000000Z");
    let members: Vec<(Value, Value, Value)> = flyer["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["worker_id"].clone(),
                one["role"].clone(),
                one["joined_at"].clone(),
            )
        })
        .collect();
    let joined = json!("2024-04-30T15:00:00.000000Z");
    assert!(
        members.contains(&(json!(designer), json!("designer"), joined.clone())),
        "{members:?}"
    );
    assert!(
        members.contains(&(json!(writer), json!("writer"), joined)),
        "{members:?}"
    );
    let request = app
        .get(&format!("/v1/deliverables/{}", flyer["id"].as_str().unwrap()))
        .expect(200)
        .json();
    assert_eq!(
        (
            &request["type"],
            &request["status"],
            &request["external_id"],
            &request["external_team"]
        ),
        (&json!("flyer"), &json!("delivered"), &json!("P-1"), &json!(true))
    );
    let site = titled(app, "会のウェブサイト");
    assert_eq!(
        (&site["status"], &site["delivered_on"]),
        (&json!("in_progress"), &Value::Null)
    );
    let stopped = titled(app, "利用者アンケート");
    assert_eq!(
        (&stopped["status"], &stopped["reason"]),
        (&json!("cancelled"), &json!("other"))
    );
    // What was delivered counts in the members' records, and so in rankings.
    assert_eq!(here(app, &designer), (json!(1), json!(1)));
    assert_eq!(here(app, &writer), (json!(1), json!(0)));

    // The same file again changes nothing, also without the numbers, and as a workbook of another office would name them.
    let before = projects(app);
    assert_eq!(counts(&import(app, rows)), [0, 0, 3, 0]);
    let by_title = "団体名,プロジェクト名,状態,開始日\n戸山ふれあいの会,会員募集のチラシ,完了,2024-05-01\n";
    let again = app.import_and_wait("kind=projects", by_title.as_bytes());
    assert_eq!(counts(&again), [0, 0, 1, 0], "{:?}", findings(app, &again));
    assert_eq!(projects(app), before);
}

fn a_list_moves_projects_as_the_api_does(app: &TestApp) {
    app.organization("戸山ふれあいの会");
    let worker = person(app, "佐藤");
    let row = |status: &str, more: &str| {
        format!(
            "P-1,戸山ふれあいの会,会のウェブサイト,ウェブサイト,{status},2026-04-01,{more},佐藤（エンジニア）\n"
        )
    };
    assert_eq!(counts(&import(app, &row("予定", ""))), [1, 0, 0, 0]);
    assert_eq!(refused(app, &row("納品済み", "2026-10-31")), "illegal_transition");
    assert_eq!(counts(&import(app, &row("進行中", ""))), [0, 1, 0, 0]);
    assert_eq!(here(app, &worker), (json!(0), json!(1)));
    let delivered = import(app, &row("納品済み", "2026-10-31"));
    assert_eq!(
        counts(&delivered),
        [0, 1, 0, 0],
        "{:?}",
        findings(app, &delivered)
    );
    assert_eq!(here(app, &worker), (json!(1), json!(0)));
    let project = titled(app, "会のウェブサイト");
    assert_eq!(
        (&project["status"], &project["delivered_on"]),
        (&json!("delivered"), &json!("2026-10-31"))
    );
    // What the row doesn't say stays, and what can't change is named.
    let other = "案件番号,団体名,件名,納品日\nP-1,戸山ふれあいの会,別の件名,2026-11-01\n";
    let other = app.import_and_wait("kind=projects", other.as_bytes());
    assert_eq!(counts(&other), [0, 0, 1, 0]);
    assert_eq!(
        findings(app, &other),
        [("fixed_value", "warning"), ("fixed_value", "warning")]
            .map(|(code, severity)| (code.to_owned(), severity.to_owned()))
    );
    assert_eq!(titled(app, "会のウェブサイト"), project);
    let skipped = app.import_and_wait(
        "kind=projects&on_conflict=skip",
        format!("{HEADER}{}", row("完了", "")).as_bytes(),
    );
    assert_eq!(skipped["progress"]["skipped"], 1);
    assert_eq!(counts(&import(app, &row("完了", ""))), [0, 1, 0, 0]);
    assert_eq!(refused(app, &row("中止", "")), "illegal_transition");
    let wrong = app.import(&app.admin, "kind=projects&on_absent=archive", HEADER.as_bytes());
    assert_eq!(
        wrong.expect(422).faults(),
        [("/on_absent".into(), "unexpected_option".into())]
    );
}

fn how_many_took_part_rejects_no_row(app: &TestApp) {
    app.organization("戸山ふれあいの会");
    let worker = person(app, "佐藤");
    let rows =
        "P-1,戸山ふれあいの会,会のウェブサイト,ウェブサイト,進行中,2026-04-01,,佐藤（エンジニア）、他3名\n";
    let job = import(app, rows);
    let found = findings(app, &job);
    assert_eq!(counts(&job), [1, 0, 0, 0], "{found:?}");
    assert!(
        found.contains(&("unnamed_members".to_owned(), "warning".to_owned())),
        "{found:?}"
    );
    assert_eq!(here(app, &worker), (json!(0), json!(1)));
    let rows = "P-2,戸山ふれあいの会,会のチラシ,チラシ,完了,2025-04-01,2025-09-30,5名\n";
    let job = import(app, rows);
    let found = findings(app, &job);
    assert_eq!(counts(&job), [1, 0, 0, 0], "{found:?}");
    assert!(
        found.contains(&("unnamed_members".to_owned(), "warning".to_owned())),
        "{found:?}"
    );
}

fn a_cell_names_at_most_fifty_members(app: &TestApp) {
    app.organization("戸山ふれあいの会");
    let names: Vec<String> = (0..51).map(|n| format!("山田{n}")).collect();
    let list = format!(
        "団体名,件名,区分,状態,メンバー\n戸山ふれあいの会,チラシ,支援内容,完了,{}\n",
        names.join("、")
    );
    let job = app.import_and_wait("kind=projects", list.as_bytes());
    let id = job["id"].as_str().unwrap();
    let findings = app.get(&format!("/v1/imports/{id}/findings")).expect(200);
    assert!(findings.text.contains("too_many_members"), "{}", findings.text);
}

/// Others wait while a row is written.
fn the_names_of_a_cell_are_looked_up_at_once(app: &TestApp) {
    start_counting();
    let server = app.another();
    // The other one would take some of the imports.
    app.stop();
    server.organization("戸山ふれあいの会");
    person(&server, "佐藤 陽子");
    let searches = |names: &[String]| {
        let row = format!(
            "P-1,戸山ふれあいの会,会のチラシ,チラシ,完了,2024/5/1,令和6年9月30日,{}\n",
            names.join("、")
        );
        let import = || {
            let done =
                server.import_and_wait("kind=projects&mode=dry_run", format!("{HEADER}{row}").as_bytes());
            let unknown = findings(&server, &done);
            let unknown = unknown.iter().filter(|(code, _)| code == "unknown_worker");
            assert_ne!(unknown.count(), 0, "{done}");
        };
        least_queries(&server, &["workers_text", "personal_grams"], 0, import).len()
    };
    let names = |n: usize| -> Vec<String> {
        let others = (1..n).map(|n| format!("架空{n}号"));
        others.chain(["佐藤陽子".to_owned()]).collect()
    };
    assert_eq!((searches(&names(2)), searches(&names(40))), (1, 1));
}

fn rows_that_cannot_be_understood_say_why(app: &TestApp) {
    let organization = app.organization("戸山ふれあいの会");
    app.deliverable(
        &organization,
        json!({"title": "募集中の冊子", "type": "other", "status": "open"}),
    );
    for n in 0..2 {
        app.worker(json!({"alias": format!("{n}人目"), "personal": {"name": "山田 花子"}}));
    }
    app.worker(json!({"personal": {"name": "未同意の人"}, "consent": null}));
    person(app, "佐藤");
    let of =
        |members: &str| format!(",戸山ふれあいの会,新しい会報,広報紙,完了,2024-05-01,2024-06-01,{members}\n");
    assert_eq!(
        refused(app, ",知らない会,会報,広報紙,完了,,,\n"),
        "unknown_organization"
    );
    assert_eq!(refused(app, ",,会報,広報紙,完了,,,\n"), "missing_field");
    assert_eq!(refused(app, ",戸山ふれあいの会,,,完了,,,\n"), "missing_field");
    assert_eq!(refused(app, &of("誰か（デザイナー）")), "unknown_worker");
    assert_eq!(refused(app, &of("山田花子（デザイナー）")), "ambiguous_worker");
    assert_eq!(refused(app, &of("佐藤（謎の役）")), "unrecognized_role");
    assert_eq!(refused(app, &of("佐藤")), "missing_field");
    assert_eq!(
        refused(app, &of("佐藤（デザイナー）、佐藤（ライター）")),
        "same_person"
    );
    assert_eq!(
        refused(app, &of("未同意の人（デザイナー）")),
        "worker_unavailable"
    );
    assert_eq!(
        refused(app, ",戸山ふれあいの会,会報,広報紙,謎,,,\n"),
        "unknown_value"
    );
    assert_eq!(
        refused(app, ",戸山ふれあいの会,募集中の冊子,,完了,,,\n"),
        "incomplete_team"
    );
    assert!(projects(app).is_empty(), "what was refused is taken back");
    assert_eq!(
        app.get("/v1/deliverables").expect(200).json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    // Days that can't be are left out, unless every cell has to be right.
    let odd = ",戸山ふれあいの会,会報,広報紙,完了,2024-05-01,2024-04-01,\n";
    let done = import(app, odd);
    assert_eq!(counts(&done), [1, 0, 0, 0]);
    assert_eq!(
        findings(app, &done),
        [("dates_reversed".into(), "warning".into())]
    );
    assert_eq!(titled(app, "会報")["delivered_on"], Value::Null);
    let strict = app.import_and_wait(
        "kind=projects&strict=true",
        format!("{HEADER},戸山ふれあいの会,冊子,広報紙,完了,2024-05-01,2099-04-01,\n").as_bytes(),
    );
    assert_eq!(findings(app, &strict), [("day_in_future".into(), "error".into())]);
    // The same row twice in a file.
    let twice = import(
        app,
        ",戸山ふれあいの会,二度,広報紙,進行中,,,\n,戸山ふれあいの会,二度,広報紙,完了,,,\n",
    );
    assert_eq!(counts(&twice), [1, 0, 0, 1]);
    // Two projects of one title: the first day says which.
    let two = import(
        app,
        "A,戸山ふれあいの会,年賀状,広報紙,完了,2023-10-01,,\nB,戸山ふれあいの会,年賀状,広報紙,完了,2024-10-01,,\n",
    );
    assert_eq!(counts(&two), [2, 0, 0, 0]);
    assert_eq!(
        refused(app, ",戸山ふれあいの会,年賀状,,完了,,,\n"),
        "ambiguous_project"
    );
    assert_eq!(
        counts(&import(app, ",戸山ふれあいの会,年賀状,,完了,2024/10/1,,\n")),
        [0, 0, 1, 0]
    );
}

fn a_team_that_was_formed_elsewhere_gets_its_project(app: &TestApp) {
    let organization = app.organization("戸山ふれあいの会");
    let worker = person(app, "佐藤");
    let roles = json!([{"role": "designer", "places": 1}]);
    let id = app.deliverable(
        &organization,
        json!({"title": "会員募集のチラシ", "roles": roles, "status": "open"}),
    );
    let path = format!("/v1/deliverables/{id}");
    app.patch(&path, &json!({"status": "matched", "external_team": true}))
        .expect(200);
    app.get(&format!("/v1/projects/{id}")).expect(404);
    // The only role of the team needs no words.
    let done = import(app, ",戸山ふれあいの会,会員募集のチラシ,,予定,2026-12-01,,佐藤\n");
    assert_eq!(counts(&done), [1, 0, 0, 0], "{:?}", findings(app, &done));
    let project = app.get(&format!("/v1/projects/{id}")).expect(200).json();
    assert_eq!(
        (
            &project["status"],
            &project["starts_on"],
            &project["members"][0]["worker_id"]
        ),
        (&json!("planned"), &json!("2026-12-01"), &json!(worker))
    );
    undo(app, &done).expect(202);
    app.get(&format!("/v1/projects/{id}")).expect(404);
    let request = app.get(&path).expect(200).json();
    assert_eq!(
        (&request["status"], &request["open_places"][0]["left"]),
        (&json!("matched"), &json!(0))
    );
    assert_eq!(here(app, &worker), (json!(0), json!(0)));
}

fn accompaniments_are_recorded_with_their_end(app: &TestApp) {
    app.organization("戸山ふれあいの会");
    let file = "ID,団体名,件名,区分,状態,開始日,終了日,相談内容,支援方法,アドバイザー,成果\n\
        B-1,戸山ふれあいの会,居場所づくり,伴走支援,完了,2023-10-01,2024-03-31,担い手が見つからない,相談・助言、ワークショップ,田中 一郎,3か所で始まった\n\
        B-2,戸山ふれあいの会,見守り,,進行中,2026-10-01,2027-03-31,つながりがない,,,\n";
    let done = app.import_and_wait("kind=projects", file.as_bytes());
    assert_eq!(counts(&done), [2, 0, 0, 0], "{:?}", findings(app, &done));
    let one = titled(app, "居場所づくり");
    assert_eq!(
        (
            &one["kind"],
            &one["status"],
            &one["delivered_on"],
            &one["fiscal_year"],
            &one["external_id"]
        ),
        (
            &json!("accompaniment"),
            &json!("closed"),
            &json!("2024-03-31"),
            &json!(2023),
            &json!("B-1")
        )
    );
    assert_eq!(
        one["accompaniment"],
        json!({"needs": "担い手が見つからない", "supports": ["consultation", "workshop"], "outcome": "3か所で始まった",
            "advisors": ["田中 一郎"]})
    );
    assert_eq!(
        titled(app, "見守り")["accompaniment"]["supports"],
        json!(["other"])
    );
    assert_eq!(
        counts(&app.import_and_wait("kind=projects", file.as_bytes())),
        [0, 0, 2, 0]
    );
    let more = "ID,状態,成果\nB-2,納品済み,見守りの会ができた\n";
    assert_eq!(
        counts(&app.import_and_wait("kind=projects", more.as_bytes())),
        [0, 1, 0, 0]
    );
    assert_eq!(
        titled(app, "見守り")["accompaniment"]["outcome"],
        "見守りの会ができた"
    );
    undo(app, &done).expect(409);
    // What is supported may say so, too.
    let file = "団体名,件名,支援内容,状態,相談内容\n戸山ふれあいの会,学び,伴走支援,進行中,話を聞いてほしい\n";
    let done = app.import_and_wait("kind=projects", file.as_bytes());
    assert_eq!(counts(&done), [1, 0, 0, 0], "{:?}", findings(app, &done));
    assert_eq!(titled(app, "学び")["kind"], "accompaniment");
    // Without a title, what was asked says which it is.
    let file = "団体名,区分,状態,相談内容\n戸山ふれあいの会,伴走支援,進行中,居場所\n戸山ふれあいの会,伴走支援,進行中,見守り\n";
    let done = app.import_and_wait("kind=projects", file.as_bytes());
    assert_eq!(counts(&done), [2, 0, 0, 0], "{:?}", findings(app, &done));
    let again = app.import_and_wait("kind=projects", file.as_bytes());
    assert_eq!(counts(&again), [0, 0, 2, 0], "{:?}", findings(app, &again));
}

fn the_published_list_of_accompaniments_is_read_by_its_own_headings(app: &TestApp) {
    let file = include_bytes!("../../src/demo/hometown_accompaniment.csv");
    let groups = app.import_and_wait("kind=organizations", file);
    let unnamed = 3;
    assert_eq!(counts(&groups)[3], unnamed, "{:?}", findings(app, &groups));
    let done = app.import_and_wait("kind=projects", file);
    assert_eq!(counts(&done), [23, 0, 0, unnamed], "{:?}", findings(app, &done));
    let one = projects(app)
        .into_iter()
        .find(|one| one["accompaniment"]["needs"] == "空き家を活用した高齢者のコミュニティづくり");
    let one = one.unwrap();
    assert_eq!(
        (
            &one["title"],
            &one["status"],
            &one["delivered_on"],
            &one["fiscal_year"],
            &one["area"]
        ),
        (
            &json!("具体的プランの立案と改善点の助言"),
            &json!("delivered"),
            &json!("2020-03-31"),
            &json!(2019),
            &json!("131156")
        )
    );
    assert_eq!(
        (
            &one["accompaniment"]["supports"],
            &one["accompaniment"]["outcome"],
            &one["accompaniment"]["advisors"]
        ),
        (
            &json!(["planning"]),
            &json!("具体的プランの立案と改善点の助言"),
            &json!(["CBS", "サービスグラント"])
        )
    );
    // Who has asked isn't told in some rows: they say what to write, and come in once the municipality is registered.
    let of = |import: &Value, code: &str| {
        let codes = findings(app, import).into_iter();
        codes.filter(|(own, _)| own == code).count() as u64
    };
    assert_eq!(of(&done, "missing_field"), unnamed);
    for (name, area) in [("小金井市", "132101"), ("墨田区", "131075"), ("福生市", "132187")] {
        app.post("/v1/organizations", &json!({"name": name, "area": area}))
            .expect(201);
    }
    let whole = app.import_and_wait("kind=projects", file);
    assert_eq!(counts(&whole), [3, 0, 23, 0], "{:?}", findings(app, &whole));
    let again = app.import_and_wait("kind=projects", file);
    assert_eq!(counts(&again), [0, 0, 26, 0], "{:?}", findings(app, &again));
    assert_eq!(findings(app, &again), findings(app, &whole));
    assert_eq!(of(&again, "assumed_organization"), unnamed);
}

fn the_municipality_counts_only_for_what_is_new_or_its_own(app: &TestApp) {
    for name in ["戸山ふれあいの会", "新宿区"] {
        app.post("/v1/organizations", &json!({"name": name, "area": "131041"}))
            .expect(201);
    }
    // Returns how many rows were rejected, and how often the municipality was assumed.
    let list = |row: &str| {
        let file = format!("案件番号,団体名,地域,件名,区分,状態,相談内容\n{row}\n");
        let done = app.import_and_wait("kind=projects", file.as_bytes());
        let codes = findings(app, &done).into_iter();
        let assumed = codes.filter(|(code, _)| code == "assumed_organization");
        (counts(&done)[3], assumed.count())
    };
    assert_eq!(
        list("C-1,戸山ふれあいの会,新宿区,居場所,伴走支援,進行中,担い手"),
        (0, 0)
    );
    // Its number says whose it is.
    assert_eq!(list("C-1,,新宿区,居場所,伴走支援,進行中,担い手と場所"), (0, 0));
    assert_eq!(list("C-2,,新宿区,見守り,伴走支援,進行中,担い手"), (0, 1));
    assert_eq!(list("C-2,,新宿区,見守り,伴走支援,進行中,担い手"), (0, 1));
    // What is rejected isn't by anybody.
    assert_eq!(list("C-3,,墨田区,見守り,伴走支援,進行中,担い手"), (1, 0));
}

fn finished_work_without_members_comes_back_without_a_team(app: &TestApp) {
    app.organization("戸山ふれあいの会");
    let done = import(
        app,
        "P-1,戸山ふれあいの会,会報,会報,完了,2024-05-01,2024-09-30,\n",
    );
    assert_eq!(counts(&done), [1, 0, 0, 0], "{:?}", findings(app, &done));
    let only = |app: &TestApp| app.get("/v1/deliverables").expect(200).json()["items"][0].clone();
    let before = only(app);
    assert_eq!(
        (&before["roles"], &before["open_places"]),
        (&Value::Null, &json!([]))
    );
    let export = |kind: &str, format: &str| {
        let (status, file) = app.post_for_bytes(
            "/v1/exports",
            &app.admin,
            &json!({"kind": kind, "format": format}),
        );
        assert_eq!(status, 200);
        file
    };
    let organizations = export("organizations", "csv");
    for format in ["csv", "xlsx", "ndjson"] {
        let file = export("deliverables", format);
        let again = app.import_and_wait("kind=deliverables", &file);
        assert_eq!(
            counts(&again),
            [0, 0, 1, 0],
            "{format}: {:?}",
            findings(app, &again)
        );
        assert_eq!(only(app), before, "{format}");
        let empty = app.empty();
        empty.import_and_wait("kind=organizations", &organizations);
        let back = empty.import_and_wait("kind=deliverables", &file);
        assert_eq!(
            counts(&back),
            [1, 0, 0, 0],
            "{format}: {:?}",
            findings(&empty, &back)
        );
        let found = only(&empty);
        assert_eq!(
            (&found["id"], &found["roles"], &found["open_places"]),
            (&before["id"], &Value::Null, &json!([])),
            "{format}"
        );
    }
    // Nor does a change of something else give it one.
    let path = format!("/v1/deliverables/{}", before["id"].as_str().unwrap());
    let changed = app
        .patch(&path, &json!({"trouble": "読まれない"}))
        .expect(200)
        .json();
    assert_eq!(changed["roles"], Value::Null);
}

fn an_undone_list_of_projects_leaves_nothing(app: &TestApp) {
    app.organization("戸山ふれあいの会");
    let worker = person(app, "佐藤");
    let rows = "P-1,戸山ふれあいの会,チラシ作り,チラシ,完了,2024-05-01,2024-09-30,佐藤（デザイナー）\n\
        P-2,戸山ふれあいの会,中止の件,チラシ,中止,2024-05-01,,佐藤（デザイナー）\n\
        P-3,戸山ふれあいの会,今の件,チラシ,進行中,2026-10-01,,佐藤（デザイナー）\n";
    let first = import(app, rows);
    assert_eq!(counts(&first), [3, 0, 0, 0], "{:?}", findings(app, &first));
    let site = titled(app, "今の件");
    let path = format!("/v1/projects/{}", site["id"].as_str().unwrap());
    let note = app
        .post(&format!("{path}/notes"), &json!({"text": "順調です。"}))
        .expect(201);
    assert_eq!(undo(app, &first).expect(409).code(), "changed_since");
    let id = note.json()["id"].as_str().unwrap().to_owned();
    app.delete(&format!("{path}/notes/{id}")).expect(204);
    undo(app, &first).expect(202);
    assert!(projects(app).is_empty(), "{:?}", projects(app));
    assert!(
        app.get("/v1/deliverables").expect(200).json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert!(
        app.get("/v1/applications").expect(200).json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert_eq!(here(app, &worker), (json!(0), json!(0)));
    // Sent again, it does the same again.
    assert_eq!(counts(&import(app, rows)), [3, 0, 0, 0]);
}

fn a_list_whose_row_writes_a_project_twice_is_undone(app: &TestApp) {
    app.organization("戸山ふれあいの会");
    person(app, "佐藤");
    let list = |first: &str, words: &str| {
        let row = format!("P-3,戸山ふれあいの会,今の件,チラシ,進行中,{first},,佐藤（デザイナー）,{words}\n");
        let header = HEADER.trim_end();
        let file = format!("{header},終了時のメッセージ\n{row}");
        app.import_and_wait("kind=projects", file.as_bytes())
    };
    let first = list("2026-10-01", "");
    assert_eq!(counts(&first), [1, 0, 0, 0], "{:?}", findings(app, &first));
    let before = titled(app, "今の件");
    // The days come by the deliverable, the words don't: two versions of the project.
    let second = list("2026-10-15", "ありがとうございました");
    assert_eq!(counts(&second), [0, 1, 0, 0], "{:?}", findings(app, &second));
    let changed = titled(app, "今の件");
    assert_eq!(changed["starts_on"], "2026-10-15");
    assert!(changed["version"].as_i64().unwrap() > before["version"].as_i64().unwrap() + 1);
    assert_eq!(undo(app, &first).expect(409).code(), "changed_since");
    undo(app, &second).expect(202);
    let back = titled(app, "今の件");
    assert_eq!(
        [&back["starts_on"], &back["closing_words"]],
        [&before["starts_on"], &before["closing_words"]]
    );
    // Its milestones moved there and back with the days; nobody has written any.
    undo(app, &first).expect(202);
    assert!(projects(app).is_empty(), "{:?}", projects(app));
}

fn milestones_that_somebody_wrote_keep_the_project(app: &TestApp) {
    app.organization("戸山ふれあいの会");
    person(app, "佐藤");
    let written: [fn(&TestApp, &str); 2] = [
        |app, path| {
            let first = app.get(path).expect(200).json()["items"][0]["id"].clone();
            let path = format!("{path}/{}", first.as_str().unwrap());
            app.patch(&path, &json!({"title": "顔合わせ"})).expect(200);
        },
        |app, path| {
            let own = json!({"title": "中間報告", "due_on": "2026-11-01", "weight": 1});
            app.post(path, &own).expect(201);
        },
    ];
    for (n, write) in written.into_iter().enumerate() {
        let title = format!("今の件{n}");
        let done = import(
            app,
            &format!("P-{n},戸山ふれあいの会,{title},チラシ,進行中,2026-10-01,,佐藤（デザイナー）\n"),
        );
        assert_eq!(counts(&done), [1, 0, 0, 0], "{:?}", findings(app, &done));
        let id = titled(app, &title)["id"].as_str().unwrap().to_owned();
        write(app, &format!("/v1/projects/{id}/milestones"));
        assert_eq!(undo(app, &done).expect(409).code(), "changed_since", "{n}");
    }
}

fn a_dry_run_of_projects_writes_nothing(app: &TestApp) {
    app.organization("戸山ふれあいの会");
    person(app, "佐藤");
    let file = format!(
        "{HEADER},戸山ふれあいの会,チラシ,チラシ,完了,2024-05-01,2024-06-01,佐藤（デザイナー）\n,知らない会,チラシ,チラシ,完了,,,\n"
    );
    let dry = app.import_and_wait("kind=projects&mode=dry_run", file.as_bytes());
    assert_eq!(counts(&dry), [1, 0, 0, 1]);
    let all = app.import_and_wait("kind=projects&mode=all_or_nothing", file.as_bytes());
    assert_eq!(all["status"], "failed");
    assert!(projects(app).is_empty());
}

fn only_who_decides_about_projects_imports_them(app: &TestApp) {
    app.organization("戸山ふれあいの会");
    let file = format!("{HEADER}P-1,戸山ふれあいの会,チラシ,チラシ,完了,2024-05-01,2024-06-01,\n");
    let importer = app.token(UserRole::Importer);
    for token in [
        importer,
        app.token_with("imports:write projects:write deliverables:write"),
    ] {
        let refused = app.import(&token, "kind=projects", file.as_bytes());
        assert_eq!(refused.expect(403).code(), "insufficient_scope");
    }
    let coordinator = |area: &str| {
        let mut claims = Claims::new(UserRole::Coordinator, "c", chrono::Utc::now().timestamp(), 600);
        claims.belonging.areas = vec![area.to_owned()];
        app.state.keys.sign(&claims).unwrap()
    };
    let send = |area: &str| {
        let sent = app
            .import(&coordinator(area), "kind=projects", file.as_bytes())
            .expect(202)
            .json();
        app.wait_for_import(sent["id"].as_str().unwrap())
    };
    assert_eq!(counts(&send("131199")), [0, 0, 0, 1]);
    assert_eq!(counts(&send("131041")), [1, 0, 0, 0]);
    let id = projects(app)[0]["id"].as_str().unwrap().to_owned();
    let request = app.get(&format!("/v1/deliverables/{id}")).expect(200).json();
    assert_eq!(request["source"], "131041:roster");
    assert_eq!(counts(&send("131041")), [0, 0, 1, 0]);
}

fn erasing_a_member_erases_the_lists_that_name_them(app: &TestApp) {
    app.organization("戸山ふれあいの会");
    let worker = person(app, "佐藤 陽子");
    person(app, "鈴木");
    let done = import(
        app,
        "P-1,戸山ふれあいの会,チラシ,チラシ,完了,2024-05-01,,鈴木（ライター）、佐藤陽子（デザイナー）\n",
    );
    assert_eq!(counts(&done), [1, 0, 0, 0]);
    app.delete(&format!("/v1/workers/{worker}")).expect(204);
    let path = format!("/v1/imports/{}/annotated-file", done["id"].as_str().unwrap());
    assert_ne!(app.get(&path).status, 200);
    let members = projects(app)[0]["members"].clone();
    assert_eq!(
        members.as_array().unwrap().len(),
        2,
        "that somebody was there stays"
    );
    // Also those that name them with others, or as one speaks to them, and that nobody was found for.
    for (n, cell) in [
        "高橋 公彦様（デザイナー）",
        "高橋公彦・だれか",
        "だれかと高橋 公彦",
    ]
    .iter()
    .enumerate()
    {
        let worker = person(app, "高橋 公彦");
        let row = format!("Q-{n},戸山ふれあいの会,冊子{n},チラシ,完了,2024-05-01,,{cell}\n");
        let done = import(app, &row);
        app.delete(&format!("/v1/workers/{worker}")).expect(204);
        let path = format!("/v1/imports/{}/annotated-file", done["id"].as_str().unwrap());
        assert_ne!(app.get(&path).status, 200, "{cell}");
    }
}

/// Five deliveries say how long a flyer takes, and the next one is laid out by that.
fn past_deliveries_say_how_long_a_type_takes(app: &TestApp) {
    let organization = app.organization("戸山ふれあいの会");
    let due = |title: &str| {
        let roles = json!([{"role": "designer", "places": 1}]);
        let request = json!({"title": title, "roles": roles, "starts_on": "2026-12-01", "type": "pamphlet"});
        let id = app.deliverable(&organization, request);
        let worker = person(app, title);
        let bid = json!({"deliverable_id": id, "worker_id": worker, "role": "designer"});
        let bid = app.post("/v1/applications", &bid).expect(201).json();
        let path = format!("/v1/applications/{}", bid["id"].as_str().unwrap());
        app.patch(&path, &json!({"status": "agreed"})).expect(200);
        let path = format!("/v1/projects/{id}/milestones");
        let milestones = app.get(&path).expect(200).json()["items"].clone();
        milestones.as_array().unwrap().last().unwrap()["due_on"].clone()
    };
    assert_eq!(due("前"), "2027-03-22", "16 weeks, as the catalogue says");
    let row = |n: u32| {
        format!(
            "P-{n},戸山ふれあいの会,冊子{n},パンフレット,完了,2024-05-01,2024-05-{},\n",
            n * 10
        )
    };
    assert_eq!(
        counts(&import(app, &(1..=3).map(row).collect::<String>())),
        [3, 0, 0, 0]
    );
    let outcome = |query: &str| {
        app.get(&format!("/v1/statistics/outcomes{query}"))
            .expect(200)
            .json()
    };
    let total = outcome("")["total"].clone();
    assert_eq!((&total["timed"], &total["median_days"]), (&json!(3), &json!(20)));
    assert_eq!(due("まだ"), "2027-03-22");
    let more = "P-4,戸山ふれあいの会,四,パンフレット,完了,2024-05-01,2024-05-21,\nP-5,戸山ふれあいの会,五,パンフレット,完了,2024-05-01,2024-05-22,\n\
        P-6,戸山ふれあいの会,六,パンフレット,完了,,2024-05-22,\n";
    assert_eq!(counts(&import(app, more)), [3, 0, 0, 0]);
    let by_type = outcome("?group_by=type");
    assert_eq!(
        (
            &by_type["items"][0]["type"],
            &by_type["items"][0]["timed"],
            &by_type["items"][0]["median_days"]
        ),
        (&json!("pamphlet"), &json!(5), &json!(21))
    );
    assert_eq!(due("後"), "2026-12-21");
}

fn a_number_of_another_organization_changes_no_project(app: &TestApp) {
    for name in ["戸山ふれあいの会", "海の会"] {
        app.organization(name);
    }
    person(app, "佐藤");
    let row = "P-1,戸山ふれあいの会,会のウェブサイト,ウェブサイト,予定,2026-04-01,,佐藤（エンジニア）\n";
    assert_eq!(counts(&import(app, row)), [1, 0, 0, 0]);
    let before = projects(app);
    let anew = "P-1,海の会,海のチラシ,チラシ,進行中,2026-05-01,,\n";
    assert_eq!(refused(app, anew), "another_record");
    assert_eq!(projects(app), before);
}
