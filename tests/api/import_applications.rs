//! Lists of applications: rows find their request and worker, and go through the same rules as over HTTP.

use crate::support::{Response, TestApp, on_both};
use musubi::auth::{Claims, UserRole};
use serde_json::{Value, json};

on_both! {
    a_list_of_applications_is_imported_once,
    a_row_that_names_none_or_several_says_which_there_are,
    a_number_of_another_organizations_request_takes_no_application,
    rows_obey_the_rules_of_applying,
    a_status_that_the_rules_do_not_allow_names_the_legal_ones,
    members_of_a_team_that_was_formed_elsewhere_are_recorded,
    a_dry_run_reports_what_the_import_does_and_writes_nothing,
    an_export_of_applications_imports_as_unchanged,
    an_export_restores_applications_with_their_ids,
    an_undone_list_leaves_nothing,
    an_undone_agreement_leaves_the_request_open,
    who_has_worked_in_a_project_keeps_the_application,
    a_list_of_requests_is_undone_with_what_followed_for_their_teams,
    only_who_decides_about_applications_imports_them,
    erasing_a_worker_erases_the_lists_that_name_them,
}

const HEADER: &str = "団体名,件名,応募者氏名,役割,状況,応募日,メッセージ,備考\n";

/// Registers 戸山ふれあいの会 with a flyer for so many designers.
fn flyer(app: &TestApp, places: u16) -> String {
    let organization = app.organization("戸山ふれあいの会");
    app.deliverable(
        &organization,
        json!({"title": "会員募集のチラシ", "roles": [{"role": "designer", "places": places}]}),
    )
}

fn person(app: &TestApp, name: &str) -> String {
    app.worker(json!({"alias": format!("{name}さん"), "capacity": 3, "personal": {"name": name}}))
}

/// A row about the flyer.
fn row(name: &str, status: &str) -> String {
    format!("戸山ふれあいの会,会員募集のチラシ,{name},デザイナー,{status},,,\n")
}

fn list(rows: &[String]) -> Vec<u8> {
    format!("{HEADER}{}", rows.concat()).into_bytes()
}

fn import(app: &TestApp, file: &[u8]) -> Value {
    app.import_and_wait("kind=applications", file)
}

/// Returns created, updated, unchanged and rejected rows.
fn counts(import: &Value) -> [u64; 4] {
    let progress = &import["progress"];
    ["created", "updated", "unchanged", "rejected"].map(|name| progress[name].as_u64().unwrap())
}

fn applications(app: &TestApp) -> Vec<Value> {
    let page = app
        .get("/v1/applications?limit=200&sort=created_at")
        .expect(200)
        .json();
    page["items"].as_array().unwrap().clone()
}

/// Returns the application of a worker.
fn of(app: &TestApp, worker: &str) -> Value {
    let all = applications(app);
    all.into_iter().find(|one| one["worker_id"] == worker).unwrap()
}

fn findings(app: &TestApp, import: &Value) -> Vec<Value> {
    let path = format!(
        "/v1/imports/{}/findings?limit=200",
        import["id"].as_str().unwrap()
    );
    let page = app
        .get_with(&path, &[("accept-language", "en")])
        .expect(200)
        .json();
    page["items"].as_array().unwrap().clone()
}

/// Returns the codes of the findings that rejected a row, with their messages.
fn refusals(app: &TestApp, file: &[u8]) -> Vec<(String, String)> {
    let import = import(app, file);
    let errors = findings(app, &import)
        .into_iter()
        .filter(|one| one["severity"] == "error");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    errors
        .map(|one| (text(&one["code"]), text(&one["message"])))
        .collect()
}

/// Sets the status of the flyer, one after the other.
fn go(app: &TestApp, deliverable: &str, statuses: &[&str]) {
    for status in statuses {
        let change = json!({"status": status, "external_team": true});
        app.patch(&format!("/v1/deliverables/{deliverable}"), &change)
            .expect(200);
    }
}

/// Returns what was counted of a worker, without roles of which nothing is left.
fn here(app: &TestApp, worker: &str) -> Value {
    let path = format!("/v1/workers/{worker}");
    let mut here = app.get(&path).expect(200).json()["here"].clone();
    let is_left = |role: &Value| {
        role.as_object()
            .unwrap()
            .values()
            .any(|count| count.as_u64() > Some(0))
    };
    here["by_role"].as_array_mut().unwrap().retain(is_left);
    here
}

fn undo(app: &TestApp, import: &Value) -> Response {
    let id = import["id"].as_str().unwrap();
    let undone = app.post(&format!("/v1/imports/{id}/undo"), &Value::Null);
    if undone.status == 202 {
        app.wait_for_import(id);
    }
    undone
}

fn a_list_of_applications_is_imported_once(app: &TestApp) {
    let deliverable = flyer(app, 3);
    let people: Vec<String> = ["佐藤", "鈴木", "高橋", "田中", "伊藤"]
        .map(|name| person(app, name))
        .into();
    let rows = [
        "戸山ふれあいの会,会員募集のチラシ,佐藤,デザイナー,応募中,2026/4/3,チラシの経験があります。,面談希望\n",
        "戸山ふれあいの会,会員募集のチラシ,鈴木,designer,内定,,,\n",
        "戸山ふれあいの会,会員募集のチラシ,高橋,,成立,,,\n",
        "戸山ふれあいの会,会員募集のチラシ,田中,デザイナー,不採用,,,\n",
        "戸山ふれあいの会,会員募集のチラシ,伊藤,デザイナー,辞退,,,\n",
    ];
    let file = list(&rows.map(str::to_owned));
    let first = import(app, &file);
    assert_eq!(counts(&first), [5, 0, 0, 0], "{:?}", findings(app, &first));
    let state = |worker: &String| {
        let one = of(app, worker);
        (
            one["status"].clone(),
            one["reason"].clone(),
            one["place"].is_number(),
        )
    };
    assert_eq!(state(&people[0]), (json!("submitted"), Value::Null, false));
    assert_eq!(state(&people[1]), (json!("offered"), Value::Null, true));
    assert_eq!(state(&people[2]), (json!("agreed"), Value::Null, true));
    assert_eq!(state(&people[3]), (json!("declined"), json!("other"), false));
    assert_eq!(state(&people[4]), (json!("withdrawn"), json!("other"), false));
    let one = of(app, &people[0]);
    assert_eq!(one["message"], "チラシの経験があります。");
    assert_eq!(one["created_at"], "2026-04-02T15:00:00.000000Z");
    assert_eq!(one["note"], Value::Null, "a remark of the office goes to nobody");
    let codes: Vec<Value> = findings(app, &first)
        .iter()
        .map(|one| one["code"].clone())
        .collect();
    assert_eq!(codes, ["unused_column", "assumed_reason", "assumed_reason"]);
    let load = |worker: &String| {
        app.get(&format!("/v1/workers/{worker}")).expect(200).json()["here"]["open_load"].clone()
    };
    assert_eq!((load(&people[0]), load(&people[2])), (json!(0), json!(1)));

    // The same file again changes nothing, also when the applications have come further.
    let before = applications(app);
    assert_eq!(counts(&import(app, &file)), [0, 0, 5, 0]);
    assert_eq!(applications(app), before);
    let path = format!("/v1/applications/{}", one["id"].as_str().unwrap());
    app.patch(&path, &json!({"status": "shortlisted"})).expect(200);
    assert_eq!(counts(&import(app, &file)), [0, 0, 5, 0]);
    assert_eq!(of(app, &people[0])["status"], "shortlisted");

    // A row that says something else moves its application.
    let moved = list(&[row("佐藤", "成立"), row("鈴木", "成立")]);
    assert_eq!(counts(&import(app, &moved)), [0, 2, 0, 0]);
    let matched = app
        .get(&format!("/v1/deliverables/{deliverable}"))
        .expect(200)
        .json();
    assert_eq!(matched["status"], "matched");
}

fn a_row_that_names_none_or_several_says_which_there_are(app: &TestApp) {
    let deliverable = flyer(app, 3);
    let organization = app.get(&format!("/v1/deliverables/{deliverable}")).json()["organization_id"].clone();
    let organization = organization.as_str().unwrap();
    for _ in 0..2 {
        app.deliverable(organization, json!({"title": "同じ冊子", "type": "other"}));
    }
    person(app, "佐藤");
    let first = app.worker(
        json!({"alias": "一人目", "external_id": "A-1", "source": "roster",
        "personal": {"name": "山田 花子", "email": "hana@example.jp"}}),
    );
    let second =
        app.worker(json!({"alias": "二人目", "personal": {"name": "山田花子", "phone": "03-5555-0101"}}));
    let refused = |row: &str| {
        let file = format!("団体名,件名,氏名,メールアドレス,電話番号,登録番号,役割\n{row}\n");
        refusals(app, file.as_bytes())
    };
    let only = |row: &str| {
        let refused = refused(row);
        assert_eq!(refused.len(), 1, "{row}: {refused:?}");
        refused.into_iter().next().unwrap()
    };
    assert_eq!(
        only("知らない会,会員募集のチラシ,佐藤,,,,デザイナー").0,
        "unknown_organization"
    );
    let (code, message) = only("戸山ふれあいの会,ない冊子,佐藤,,,,デザイナー");
    assert_eq!(code, "unknown_deliverable");
    assert!(
        message.contains("会員募集のチラシ") && message.contains(&deliverable),
        "{message}"
    );
    let (code, message) = only("戸山ふれあいの会,同じ冊子,佐藤,,,,デザイナー");
    assert_eq!(code, "ambiguous_deliverable");
    assert_eq!(message.matches("同じ冊子").count(), 2, "{message}");
    assert_eq!(
        only("戸山ふれあいの会,会員募集のチラシ,誰か,,,,デザイナー").0,
        "unknown_worker"
    );
    assert_eq!(
        only("戸山ふれあいの会,会員募集のチラシ,,,,B-9,デザイナー").0,
        "unknown_worker"
    );
    assert_eq!(
        only("戸山ふれあいの会,会員募集のチラシ,,,,,デザイナー").0,
        "missing_field"
    );
    assert_eq!(only("戸山ふれあいの会,,佐藤,,,,デザイナー").0, "missing_field");
    assert_eq!(
        only("戸山ふれあいの会,会員募集のチラシ,佐藤,,,,謎の役").0,
        "unrecognized_role"
    );
    let (code, message) = only("戸山ふれあいの会,会員募集のチラシ,山田花子,,,,デザイナー");
    assert_eq!(code, "ambiguous_worker");
    assert!(
        message.contains(&first) && message.contains("二人目"),
        "{message}"
    );
    // A contact of neither, too.
    assert_eq!(
        only("戸山ふれあいの会,会員募集のチラシ,山田花子,x@example.jp,,,デザイナー").0,
        "ambiguous_worker"
    );
    // The number of somebody else.
    assert_eq!(
        only("戸山ふれあいの会,会員募集のチラシ,鈴木 一,,,A-1,デザイナー").0,
        "another_person"
    );
    assert_eq!(refused("知らない会,会員募集のチラシ,誰か,,,,デザイナー").len(), 2);
    assert!(applications(app).is_empty());
    // What says who is meant.
    let named = |row: &str| assert_eq!(refused(row), [], "{row}");
    named("戸山ふれあいの会,会員募集のチラシ,山田花子,HANA@example.jp,,,デザイナー");
    named("戸山ふれあいの会,会員募集のチラシ,山田花子,,０３-５５５５-０１０１,,デザイナー");
    let all = applications(app);
    let workers: Vec<&Value> = all.iter().map(|one| &one["worker_id"]).collect();
    assert_eq!(workers, [&json!(first), &json!(second)]);
    named("戸山ふれあいの会,会員募集のチラシ,,,,A-1,デザイナー");
    assert_eq!(applications(app).len(), 2);
    // Without the organization, a title that only one request has.
    let file = "件名,氏名,役割\n会員募集のチラシ,佐藤,デザイナー\n";
    assert_eq!(counts(&import(app, file.as_bytes())), [1, 0, 0, 0]);
}

fn rows_obey_the_rules_of_applying(app: &TestApp) {
    let deliverable = flyer(app, 2);
    let organization = app.get(&format!("/v1/deliverables/{deliverable}")).json()["organization_id"].clone();
    let path = format!("/v1/deliverables/{deliverable}");
    let roles = json!({"roles": [{"role": "designer", "places": 2}, {"role": "writer", "places": 1}]});
    app.patch(&path, &roles).expect(200);
    person(app, "佐藤");
    app.worker(json!({"personal": {"name": "避ける人"}, "blocked_organization_ids": [organization]}));
    app.worker(json!({"personal": {"name": "未同意の人"}, "consent": null}));
    app.worker(json!({"personal": {"name": "忙しい人"}, "capacity": 1, "open_load": 1}));
    let code = |rows: &[String]| -> Vec<String> {
        refusals(app, &list(rows))
            .into_iter()
            .map(|(code, _)| code)
            .collect()
    };
    assert_eq!(code(&[row("避ける人", "成立")]), ["worker_unavailable"]);
    assert_eq!(code(&[row("未同意の人", "応募中")]), ["worker_unavailable"]);
    assert_eq!(code(&[row("忙しい人", "応募中")]), ["at_capacity"]);
    assert_eq!(
        code(&[row("佐藤", "応募中").replace("デザイナー", "")]),
        ["missing_field"]
    );
    assert_eq!(
        code(&[row("佐藤", "応募中").replace("デザイナー", "エンジニア")]),
        ["role_not_requested"]
    );
    assert!(applications(app).is_empty(), "what was refused is taken back");
    // One application for a person, whatever the role.
    let twice = [
        row("佐藤", "成立"),
        row("佐藤", "成立").replace("デザイナー", "ライター"),
    ];
    assert_eq!(code(&twice), ["already_applied"]);
    // The same application twice in a file.
    assert_eq!(
        code(&[row("佐藤", "成立"), row("佐藤", "成立") + "\n"]),
        ["duplicate_row"]
    );
    let cancelled = json!({"status": "cancelled", "cancellation_reason": "no_longer_needed"});
    app.patch(&path, &cancelled).expect(200);
    person(app, "鈴木");
    assert_eq!(code(&[row("鈴木", "応募中")]), ["deliverable_not_open"]);
}

fn a_status_that_the_rules_do_not_allow_names_the_legal_ones(app: &TestApp) {
    flyer(app, 2);
    person(app, "佐藤");
    let illegal = |status: &str| {
        let refused = refusals(app, &list(&[row("佐藤", status)]));
        assert_eq!(refused[0].0, "illegal_transition", "{refused:?}");
        refused[0].1.clone()
    };
    let message = illegal("期限切れ");
    for legal in ["shortlisted", "offered", "agreed", "declined", "withdrawn"] {
        assert!(message.contains(legal), "{message}");
    }
    assert!(applications(app).is_empty());
    // Who waits, and who has a turn, is for Musubi to say.
    assert_eq!(counts(&import(app, &list(&[row("佐藤", "補欠")]))), [1, 0, 0, 0]);
    assert_eq!(applications(app)[0]["status"], "submitted");
    assert_eq!(
        counts(&import(app, &list(&[row("佐藤", "応募中")]))),
        [0, 0, 1, 0]
    );
    assert_eq!(counts(&import(app, &list(&[row("佐藤", "成立")]))), [0, 1, 0, 0]);
    let message = illegal("応募中");
    assert!(
        message.contains("withdrawn") && message.contains("agreed"),
        "{message}"
    );
    assert_eq!(counts(&import(app, &list(&[row("佐藤", "辞退")]))), [0, 1, 0, 0]);
    illegal("成立");
    assert_eq!(refusals(app, &list(&[row("佐藤", "謎")])).len(), 1);
    // A list tells of what was merged elsewhere.
    person(app, "鈴木");
    let joined = "団体名,件名,応募者氏名,役割,状況,理由\n\
        戸山ふれあいの会,会員募集のチラシ,鈴木,デザイナー,見送り,同じ人の別の応募\n";
    assert_eq!(counts(&import(app, joined.as_bytes())), [1, 0, 0, 0]);
    assert!(applications(app).iter().any(|one| one["reason"] == "same_person"));
    let wrong = app.import(
        &app.admin,
        "kind=applications&on_absent=archive",
        &list(&[row("佐藤", "辞退")]),
    );
    assert_eq!(
        wrong.expect(422).faults(),
        [("/on_absent".into(), "unexpected_option".into())]
    );
}

fn members_of_a_team_that_was_formed_elsewhere_are_recorded(app: &TestApp) {
    let deliverable = flyer(app, 1);
    let worker = person(app, "佐藤");
    let path = format!("/v1/workers/{worker}");
    app.patch(&path, &json!({"status": "paused"})).expect(200);
    person(app, "鈴木");
    go(app, &deliverable, &["matched", "in_progress", "delivered"]);
    let before = here(app, &worker);
    let file = list(&[
        row("佐藤", "完了").replace("完了,,", "完了,2025-10-01,"),
        row("鈴木", "見送り"),
    ]);
    let done = import(app, &file);
    assert_eq!(counts(&done), [1, 0, 0, 1], "{:?}", findings(app, &done));
    assert_eq!(
        findings(app, &done).last().unwrap()["code"],
        "deliverable_not_open"
    );
    let member = of(app, &worker);
    assert_eq!(
        (member["status"].as_str(), member["place"].as_u64()),
        (Some("agreed"), Some(1))
    );
    assert_eq!(member["created_at"], "2025-09-30T15:00:00.000000Z");
    let counted = here(app, &worker);
    assert_eq!(
        (&counted["delivered"], &counted["open_load"]),
        (&json!(1), &json!(0)),
        "{counted}"
    );
    assert_eq!(refusals(app, &list(&[row("鈴木", "成立")]))[0].0, "role_filled");
    assert_eq!(counts(&import(app, &file))[2], 1);
    // Undone, nothing is counted any more.
    undo(app, &done).expect(202);
    assert!(applications(app).is_empty());
    assert_eq!(here(app, &worker), before);
}

fn a_dry_run_reports_what_the_import_does_and_writes_nothing(app: &TestApp) {
    flyer(app, 1);
    person(app, "佐藤");
    person(app, "鈴木");
    // The second finds the only place taken by the first.
    let file = list(&[row("佐藤", "成立"), row("鈴木", "成立"), row("誰か", "成立")]);
    let dry = app.import_and_wait("kind=applications&mode=dry_run", &file);
    assert_eq!(counts(&dry), [1, 0, 0, 2]);
    let all = app.import_and_wait("kind=applications&mode=all_or_nothing", &file);
    assert_eq!(
        (&all["status"], &all["error"]["code"]),
        (&json!("failed"), &json!("rejected_rows"))
    );
    assert!(applications(app).is_empty());
    let real = import(app, &file);
    assert_eq!(counts(&real), [1, 0, 0, 2]);
    let said = |import: &Value| -> Vec<(Value, Value)> {
        findings(app, import)
            .iter()
            .map(|one| (one["line"].clone(), one["code"].clone()))
            .collect()
    };
    assert_eq!(said(&dry), said(&real));
    assert_eq!(said(&all), said(&real));
    let path = format!("/v1/imports/{}/annotated-file", real["id"].as_str().unwrap());
    let annotated = String::from_utf8(app.bytes(&path, &format!("Bearer {}", app.admin))).unwrap();
    assert!(annotated.contains("取り込み結果"), "{annotated}");
    let whole = app.import_and_wait(
        "kind=applications&mode=all_or_nothing",
        &list(&[row("佐藤", "辞退")]),
    );
    assert_eq!(
        (&whole["status"], counts(&whole)),
        (&json!("succeeded"), [0, 1, 0, 0])
    );
    assert_eq!(applications(app)[0]["status"], "withdrawn");
    // Too many for one transaction.
    let many: Vec<String> = (0..1001).map(|n| row(&format!("人{n}"), "応募中")).collect();
    let many = app.import_and_wait("kind=applications&mode=dry_run", &list(&many));
    assert_eq!(many["error"]["code"], "too_many_at_once");
}

/// Applications in every status that an import may meet.
fn variety(app: &TestApp) {
    flyer(app, 2);
    for (name, status) in [
        ("佐藤", "成立"),
        ("鈴木", "見送り"),
        ("高橋", "辞退"),
        ("田中", "候補"),
        ("伊藤", "内定"),
        ("渡辺", "応募中"),
    ] {
        person(app, name);
        assert_eq!(counts(&import(app, &list(&[row(name, status)])))[0], 1, "{name}");
    }
    let offered = applications(app)
        .into_iter()
        .find(|one| one["status"] == "offered")
        .unwrap();
    let path = format!("/v1/applications/{}", offered["id"].as_str().unwrap());
    let change =
        json!({"agreement": {"goal": "会員が増える", "schedule": "10月、11月"}, "note": "=よろしく"});
    app.patch(&path, &change).expect(200);
}

fn an_export_of_applications_imports_as_unchanged(app: &TestApp) {
    variety(app);
    let before = applications(app);
    assert!(
        before.iter().any(|one| one["status"] == "waitlisted"),
        "{before:?}"
    );
    for format in ["csv", "xlsx", "ndjson"] {
        for headings in ["ja", "en"] {
            let body = json!({"kind": "applications", "format": format, "headings": headings});
            let (status, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
            assert_eq!(status, 200);
            let again = import(app, &file);
            let counted = counts(&again);
            assert_eq!(
                counted,
                [0, 0, 6, 0],
                "{format} {headings}: {:?}",
                findings(app, &again)
            );
            assert_eq!(findings(app, &again), Vec::<Value>::new(), "{format} {headings}");
        }
    }
    assert_eq!(applications(app), before);
}

fn an_export_restores_applications_with_their_ids(app: &TestApp) {
    variety(app);
    let mut files = Vec::new();
    for kind in ["organizations", "deliverables", "workers", "applications"] {
        // Those that came first are first again on the waiting list.
        let sort = if kind == "applications" {
            json!({"sort": "created_at"})
        } else {
            json!({})
        };
        let body = json!({"kind": kind, "format": "csv", "filter": sort});
        files.push((kind, app.post_for_bytes("/v1/exports", &app.admin, &body).1));
    }
    let restored = app.empty();
    for (kind, file) in &files {
        let import = restored.import_and_wait(&format!("kind={kind}"), file);
        assert_eq!(
            import["status"],
            "succeeded",
            "{kind}: {:?}",
            findings(&restored, &import)
        );
    }
    let state = |app: &TestApp| {
        let mut all: Vec<String> = applications(app)
            .iter()
            .map(|one| {
                format!(
                    "{} {} {} {}",
                    one["id"], one["worker_id"], one["status"], one["reason"]
                )
            })
            .collect();
        all.sort();
        all
    };
    assert_eq!(state(&restored), state(app));
}

fn a_list_of_requests_is_undone_with_what_followed_for_their_teams(app: &TestApp) {
    let organization = app.organization("戸山ふれあいの会");
    let team = |places: u16| json!([{"role": "designer", "places": places, "skills": []}]);
    let request = app.deliverable(
        &organization,
        json!({"title": "会員募集のチラシ", "roles": team(2), "source": "roster", "external_id": "D-1"}),
    );
    let worker = person(app, "佐藤");
    let bid = json!({"deliverable_id": request, "worker_id": worker, "role": "designer"});
    let bid = app.post("/v1/applications", &bid).expect(201);
    app.patch(bid.header("location"), &json!({"status": "agreed"}))
        .expect(200);
    let cell = team(1).to_string().replace('"', "\"\"");
    let file =
        format!("id,団体名,件名,成果物,チーム\nD-1,戸山ふれあいの会,会員募集のチラシ,チラシ,\"{cell}\"\n");
    let done = app.import_and_wait("kind=deliverables&source=roster", file.as_bytes());
    assert_eq!(counts(&done), [0, 1, 0, 0], "{:?}", findings(app, &done));
    let now = || {
        let path = format!("/v1/deliverables/{request}");
        let now = app.get(&path).expect(200).json();
        (now["status"].clone(), now["roles"][0]["places"].clone())
    };
    // The smaller team is complete.
    assert_eq!(now(), (json!("matched"), json!(1)));
    undo(app, &done).expect(202);
    assert_eq!(now(), (json!("open"), json!(2)));
}

fn an_undone_list_leaves_nothing(app: &TestApp) {
    let deliverable = flyer(app, 1);
    let workers = ["佐藤", "鈴木"].map(|name| person(app, name));
    let before = workers.each_ref().map(|worker| here(app, worker));
    let first = import(app, &list(&[row("鈴木", "応募中")]));
    let second = import(app, &list(&[row("佐藤", "成立"), row("鈴木", "見送り")]));
    assert_eq!(counts(&second), [1, 1, 0, 0]);
    // The second list has changed what the first wrote.
    let refused = undo(app, &first).expect(409);
    assert_eq!(refused.code(), "changed_since");
    assert!(
        refused.text.contains(second["id"].as_str().unwrap()),
        "{}",
        refused.text
    );
    undo(app, &second).expect(202);
    let left = applications(app);
    assert_eq!(left.len(), 1);
    assert_eq!(
        (&left[0]["worker_id"], &left[0]["status"], &left[0]["reason"]),
        (&json!(workers[1]), &json!("submitted"), &Value::Null)
    );
    let request = app
        .get(&format!("/v1/deliverables/{deliverable}"))
        .expect(200)
        .json();
    assert_eq!(
        (&request["status"], &request["open_places"][0]["left"]),
        (&json!("open"), &json!(1))
    );
    assert_eq!(workers.each_ref().map(|worker| here(app, worker)), before);
    // What followed from one row for another is no change by somebody else.
    let third = person(app, "高橋");
    person(app, "田中");
    let both = import(app, &list(&[row("高橋", "応募中"), row("田中", "成立")]));
    assert_eq!(of(app, &third)["status"], "waitlisted");
    undo(app, &both).expect(202);
    assert_eq!(applications(app).len(), 1);
    assert_eq!(findings(app, &both).len(), 1, "the column that isn't used");
    // Sent again, it does the same again.
    assert_eq!(counts(&import(app, &list(&[row("佐藤", "成立")]))), [1, 0, 0, 0]);
}

fn an_undone_agreement_leaves_the_request_open(app: &TestApp) {
    let deliverable = flyer(app, 1);
    let worker = person(app, "佐藤");
    import(app, &list(&[row("佐藤", "内定")]));
    let agreed = import(app, &list(&[row("佐藤", "成立")]));
    let status = || app.get(&format!("/v1/deliverables/{deliverable}")).json()["status"].clone();
    assert_eq!(
        (status(), of(app, &worker)["status"].clone()),
        (json!("matched"), json!("agreed"))
    );
    undo(app, &agreed).expect(202);
    assert_eq!(
        (status(), of(app, &worker)["status"].clone()),
        (json!("open"), json!("offered"))
    );
}

fn who_has_worked_in_a_project_keeps_the_application(app: &TestApp) {
    let deliverable = flyer(app, 1);
    let workers = ["佐藤", "鈴木"].map(|name| person(app, name));
    let done = import(app, &list(&[row("鈴木", "見送り"), row("佐藤", "成立")]));
    assert_eq!(counts(&done), [2, 0, 0, 0]);
    let meeting =
        json!({"title": "顔合わせ", "starts_at": "2026-11-20T01:00:00Z", "attendee_ids": [workers[0]]});
    app.post(&format!("/v1/projects/{deliverable}/meetings"), &meeting)
        .expect(201);
    undo(app, &done).expect(202);
    let codes: Vec<Value> = findings(app, &done)
        .iter()
        .map(|one| one["code"].clone())
        .collect();
    assert!(codes.contains(&json!("not_undoable")), "{codes:?}");
    let left = applications(app);
    assert_eq!(left.len(), 1);
    assert_eq!(
        (&left[0]["worker_id"], &left[0]["status"]),
        (&json!(workers[0]), &json!("agreed"))
    );
    let project = app.get(&format!("/v1/projects/{deliverable}")).expect(200).json();
    assert_eq!(project["members"][0]["left_at"], Value::Null);
}

fn only_who_decides_about_applications_imports_them(app: &TestApp) {
    flyer(app, 1);
    person(app, "佐藤");
    let file = list(&[row("佐藤", "成立")]);
    let importer = app.token(UserRole::Importer);
    assert_eq!(
        app.import(&importer, "kind=applications", &file)
            .expect(403)
            .code(),
        "insufficient_scope"
    );
    let narrow = app.token_with("imports:write applications:submit applications:write");
    assert_eq!(
        app.import(&narrow, "kind=applications", &file).expect(403).code(),
        "insufficient_scope"
    );
    let coordinator = |area: &str| {
        let mut claims = Claims::new(UserRole::Coordinator, "c", chrono::Utc::now().timestamp(), 600);
        claims.belonging.areas = vec![area.to_owned()];
        app.state.keys.sign(&claims).unwrap()
    };
    let sent = app
        .import(&coordinator("131199"), "kind=applications", &file)
        .expect(202)
        .json();
    let elsewhere = app.wait_for_import(sent["id"].as_str().unwrap());
    assert_eq!(counts(&elsewhere), [0, 0, 0, 1]);
    let sent = app
        .import(&coordinator("131041"), "kind=applications", &file)
        .expect(202)
        .json();
    let here = app.wait_for_import(sent["id"].as_str().unwrap());
    assert_eq!(counts(&here), [1, 0, 0, 0]);
    assert_eq!(applications(app)[0]["created_by"], "coordinator:c");
}

fn erasing_a_worker_erases_the_lists_that_name_them(app: &TestApp) {
    flyer(app, 1);
    let worker = person(app, "佐藤 陽子");
    let import = import(
        app,
        &list(&[row("佐藤陽子", "応募中").replace("応募中,,,", "応募中,,私信,")]),
    );
    assert_eq!(counts(&import), [1, 0, 0, 0]);
    app.delete(&format!("/v1/workers/{worker}")).expect(204);
    let path = format!("/v1/imports/{}/annotated-file", import["id"].as_str().unwrap());
    assert_ne!(app.get(&path).status, 200);
}

fn a_number_of_another_organizations_request_takes_no_application(app: &TestApp) {
    let organization = app.organization("戸山ふれあいの会");
    app.organization("海の会");
    app.deliverable(
        &organization,
        json!({"title": "会員募集のチラシ", "source": "roster", "external_id": "D-1",
            "roles": [{"role": "designer", "places": 1}]}),
    );
    person(app, "佐藤");
    let sent = |name: &str| {
        let file = format!("案件番号,団体名,応募者氏名,役割,状況\nD-1,{name},佐藤,デザイナー,応募中\n");
        import(app, file.as_bytes())
    };
    let done = sent("海の会");
    assert_eq!(counts(&done), [0, 0, 0, 1]);
    let found = app.findings_of(&done);
    let said = [(2, "案件番号".to_owned(), "another_record".to_owned())];
    assert_eq!(found, said);
    assert!(applications(app).is_empty());
    assert_eq!(counts(&sent("戸山ふれあいの会")), [1, 0, 0, 0]);
}
