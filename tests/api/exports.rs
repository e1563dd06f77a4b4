//! Exporting lists: the content of the files, who may see what, and importing an exported sheet again.

use crate::support::{TestApp, assert_includes, merge, on_both};
use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};
use std::io::Cursor;

fn export(app: &TestApp, token: &str, body: &Value) -> Vec<u8> {
    let (status, bytes) = app.post_for_bytes("/v1/exports", token, body);
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
    bytes
}

fn sheet(app: &TestApp, kind: &str, more: Value) -> Vec<csv::StringRecord> {
    let mut body = json!({"kind": kind, "format": "csv"});
    merge(&mut body, more);
    let bytes = export(app, &app.admin, &body);
    assert!(bytes.starts_with("\u{feff}".as_bytes()));
    rows(&bytes)
}

fn rows(bytes: &[u8]) -> Vec<csv::StringRecord> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(&bytes[3..]);
    reader.records().map(Result::unwrap).collect()
}

/// Returns the rows without the columns from the record id on, in the order of the first column.
fn importable(rows: &[csv::StringRecord]) -> Vec<Vec<String>> {
    let header = &rows[0];
    let end = header
        .iter()
        .position(|heading| heading.ends_with("記録ID"))
        .unwrap();
    let mut importable: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().take(end).map(str::to_owned).collect())
        .collect();
    importable[1..].sort();
    importable
}

fn a_full_worker(app: &TestApp) {
    let body = json!({
        "alias": "=デザイナー", "accepted_formats": ["one_day", "mid_long"], "preferred_formats": ["one_day"],
        "remote": true, "skills": [{"skill": "graphic_design", "level": 4}, {"skill": "editing", "level": 2}],
        "roles": ["designer", "writer"], "themes": ["place_to_gather"],
        "day_parts": ["saturday_morning", "sunday_evening"], "available_from": "2026-05-01",
        "available_until": "2027-03-31", "capacity": 2, "open_load": 1,
        "qualifications": ["社会福祉士", "防災士・応急手当"],
        "experience": [{"family": "print", "role": "designer", "delivered": 3}],
        "track_record": {"completed": 3, "dropped": 1}, "source": "roster", "external_id": "A-1",
        "personal": {
            "name": "佐藤 陽子", "kana": "さとう ようこ", "email": "yoko@example.jp", "email_verified": true,
            "phone": "+8190-1234-5678",
            "evidence": [{"title": "チラシ", "text": "サロンの\nチラシ"}, {"title": null, "text": "冊子"}]
        }
    });
    app.worker(body);
    let evidence = json!([{"title": null, "text": "-5%の値引き, \"引用\"\n改行"}]);
    let plain = json!({"source": "roster", "external_id": "A-2",
        "personal": {"name": "鈴木", "evidence": evidence}});
    app.worker(plain);
    let nothing = json!({
        "source": "roster", "external_id": "A-3", "area": null, "remote": null, "travel_limit_km": null,
        "consent": null, "skills": null, "roles": null, "themes": null, "day_parts": null,
        "accepted_formats": null, "hours_per_week": null, "experience": null, "track_record": null,
        "last_active_on": null
    });
    app.worker(nothing);
}

on_both! {
    every_table_says_its_charset,
    imports_an_exported_sheet_without_changes,
    writes_workbooks_with_types_and_a_fixed_header,
    writes_harmless_csv_and_the_list_as_ndjson,
    exports_every_list_with_its_filters_and_all_pages,
    exports_only_what_the_list_shows_its_caller,
    exports_how_requests_were_examined,
    codes_inside_cells_have_their_words,
    a_sheet_of_the_intake_imported_as_deliverables_changes_nothing,
    keeps_joint_organizations_from_taking_over_a_deliverable,
}

fn every_table_says_its_charset(app: &TestApp) {
    let exported = app
        .post("/v1/exports", &json!({"kind": "workers", "format": "csv"}))
        .expect(200);
    assert_eq!(exported.header("content-type"), "text/csv; charset=utf-8");
    let bearer = format!("Bearer {}", app.admin);
    let headers = [("authorization", bearer.as_str()), ("content-type", "text/csv")];
    for (extension, separator) in [("csv", ","), ("tab-separated-values", "\t")] {
        let roster = ["氏名", "区市町村\n佐藤 陽子", "どこか\n"].join(separator);
        let sent = app.send("POST", "/v1/imports?kind=workers", &headers, roster.as_bytes());
        let job = sent.expect(202).json()["id"].as_str().unwrap().to_owned();
        app.wait_for_import(&job);
        let annotated = app.get(&format!("/v1/imports/{job}/annotated-file")).expect(200);
        assert_eq!(
            annotated.header("content-type"),
            format!("text/{extension}; charset=UTF-8")
        );
    }
}

fn imports_an_exported_sheet_without_changes(app: &TestApp) {
    a_full_worker(app);
    let organization = json!({
        "name": "みたか・みんなの広場", "kana": "みたか", "kind": "npo", "area": "131041",
        "themes": ["place_to_gather"], "corporate_number": "7000012050002",
        "contact": {"person": "田中", "email": "t@example.jp", "phone": "03-1234-5678"},
        "intermediary": {"kind": "municipality", "name": "三鷹市"}, "aliases": ["広場・A", "広場, B"],
        "description": "'=で始まる", "open_data": true, "source": "roster", "external_id": "O-1"
    });
    let organization = app.post("/v1/organizations", &organization).expect(201).json();
    let deliverable = json!({
        "source": "roster", "external_id": "D-1", "title": "@会報", "status": "open",
        "trouble": "困って\nいる", "day_parts": ["saturday_morning"], "qualifications": ["a/b"],
        "shared_with_partners": true, "starts_on": "2026-12-01"
    });
    app.deliverable(organization["id"].as_str().unwrap(), deliverable);
    for kind in ["workers", "organizations", "deliverables"] {
        for (format, more) in [
            ("csv", json!({})),
            ("csv", json!({"headings": "en"})),
            ("xlsx", json!({})),
        ] {
            let mut body = json!({"kind": kind, "format": format});
            merge(&mut body, more);
            let file = export(app, &app.admin, &body);
            let import = app.import_and_wait(&format!("kind={kind}&source=roster&mode=dry_run"), &file);
            let rows = &import["progress"]["rows_read"];
            assert_includes(
                &import,
                &json!({"status": "succeeded", "progress": {"unchanged": rows}}),
            );
        }
    }
    // Workers that were erased and imported again are the same.
    let before = importable(&sheet(app, "workers", json!({})));
    let file = export(app, &app.admin, &json!({"kind": "workers", "format": "csv"}));
    for worker in app.get("/v1/workers").json()["items"].as_array().unwrap() {
        app.delete(&format!("/v1/workers/{}", worker["id"].as_str().unwrap()))
            .expect(204);
    }
    assert_eq!(sheet(app, "workers", json!({})).len(), 1);
    let import = app.import_and_wait("kind=workers&source=roster", &file);
    assert_includes(
        &import,
        &json!({"status": "succeeded", "progress": {"created": 3}}),
    );
    assert_eq!(importable(&sheet(app, "workers", json!({}))), before);
}

fn writes_workbooks_with_types_and_a_fixed_header(app: &TestApp) {
    a_full_worker(app);
    let bytes = export(
        app,
        &app.admin,
        &json!({"kind": "workers", "format": "xlsx", "filter": {"q": "佐藤"}}),
    );
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let xml = std::io::read_to_string(archive.by_name("xl/worksheets/sheet1.xml").unwrap()).unwrap();
    assert!(xml.contains("state=\"frozen\"") && xml.contains("ySplit=\"1\"") && !xml.contains("<f>"));
    // It filters, and prints as wide as a page with its header on each.
    for part in [
        "<autoFilter ref=\"A1:",
        "orientation=\"landscape\"",
        "fitToHeight=\"0\"",
        "<col min=\"1\"",
    ] {
        assert!(xml.contains(part), "{part}");
    }
    let names = std::io::read_to_string(archive.by_name("xl/workbook.xml").unwrap()).unwrap();
    assert!(names.contains("Print_Titles"));
    let mut workbook: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let range = workbook.worksheet_range("ワーカー").unwrap();
    let header: Vec<String> = range
        .rows()
        .next()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    let row = range.rows().nth(1).unwrap();
    let of = |heading: &str| &row[header.iter().position(|h| h == heading).unwrap()];
    assert_eq!(range.height(), 2);
    assert_eq!(of("氏名"), &Data::String("佐藤 陽子".into()));
    assert_eq!(of("呼び名"), &Data::String("=デザイナー".into()));
    assert_eq!(of("区市町村"), &Data::String("新宿区".into()));
    assert_eq!(of("完了した数"), &Data::Float(3.0));
    assert_eq!(of("オンライン可"), &Data::String("はい".into()));
    assert!(
        matches!(of("活動開始日"), Data::DateTime(day) if day.as_f64() == 46143.0),
        "{:?}",
        of("活動開始日")
    );
    assert!(matches!(of("登録日時"), Data::DateTime(_)));
}

fn writes_harmless_csv_and_the_list_as_ndjson(app: &TestApp) {
    a_full_worker(app);
    let rows = sheet(app, "workers", json!({"filter": {"q": "佐藤"}}));
    assert_eq!(rows.len(), 2);
    let of = |heading: &str| {
        rows[1]
            .get(rows[0].iter().position(|h| h == heading).unwrap())
            .unwrap()
    };
    assert_eq!(of("呼び名"), "'=デザイナー");
    assert_eq!(of("電話番号"), "'+8190-1234-5678");
    assert_eq!(of("スキル"), "グラフィックデザイン(4)、編集(2)");
    assert_eq!((of("状態"), of("オンライン可")), ("活動中", "はい"));
    assert_eq!(of("参加可能曜日"), "土曜の午前、日曜の夜");
    let codes = sheet(app, "workers", json!({"filter": {"q": "佐藤"}, "headings": "en"}));
    let row: Vec<&str> = codes[1].iter().collect();
    assert!(
        row.contains(&"graphic_design(4)、editing(2)") && row.contains(&"saturday_morning、sunday_evening")
    );
    let lines = export(app, &app.admin, &json!({"kind": "workers", "format": "ndjson"}));
    let lines: Vec<Value> = String::from_utf8(lines)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(json!(lines), app.get("/v1/workers").json()["items"]);
}

fn exports_every_list_with_its_filters_and_all_pages(app: &TestApp) {
    for n in 0..205 {
        app.post(
            "/v1/organizations",
            &json!({"name": format!("団体{n}"), "area": if n < 203 { "131041" } else { "131130" }}),
        )
        .expect(201);
    }
    app.user(
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    app.partner(json!({"code": "one"}));
    for (kind, least) in [
        ("organizations", 205),
        ("users", 1),
        ("partners", 1),
        ("audit", 1),
        ("workers", 0),
        ("deliverables", 0),
        ("intake", 0),
        ("applications", 0),
        ("projects", 0),
        ("project_work", 0),
        ("events", 0),
        ("duplicates", 0),
        ("shown_lists", 0),
        ("imports", 0),
    ] {
        let rows = sheet(app, kind, json!({"headings": "en"}));
        assert!(rows.len() > least, "{kind}: {}", rows.len());
    }
    assert_eq!(
        sheet(
            app,
            "organizations",
            json!({"filter": {"area": "13104", "include_archived": true, "q": null}})
        )
        .len(),
        204
    );
    assert_eq!(
        sheet(
            app,
            "organizations",
            json!({"filter": {"area": "131130", "sort": "name"}})
        )[1]
        .get(1),
        Some("団体203")
    );
    let refused = |filter: Value| {
        app.post(
            "/v1/exports",
            &json!({"kind": "organizations", "format": "csv", "filter": filter}),
        )
    };
    assert_eq!(
        refused(json!({"limit": 3})).expect(422).faults(),
        [("/filter/limit".into(), "unknown_field".into())]
    );
    assert_eq!(
        refused(json!({"area": ["131041"]})).expect(422).faults(),
        [("/filter".into(), "wrong_type".into())]
    );
    assert_eq!(
        refused(json!({"colour": "red"})).expect(422).faults(),
        [("/filter/colour".into(), "unknown_parameter".into())]
    );
    assert_eq!(
        refused(json!({"area": "999999"})).expect(422).faults()[0].0,
        "/filter/area"
    );
    let unknown = app.post("/v1/exports", &json!({"kind": "secrets", "format": "csv"}));
    assert_eq!(unknown.expect(422).faults()[0].0, "/kind");
}

fn exports_only_what_the_list_shows_its_caller(app: &TestApp) {
    a_full_worker(app);
    app.worker(json!({"area": "131130", "personal": {"name": "渋谷 太郎"}}));
    let coordinator = app.logged_in(
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let names = |token: &str| {
        let rows = rows(&export(app, token, &json!({"kind": "workers", "format": "csv"})));
        rows[1..]
            .iter()
            .map(|row| row.get(1).unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&coordinator), ["鈴木", "佐藤 陽子"]);
    let audited = app.get("/v1/audit?action=personal_data.read&limit=1").json()["items"][0].clone();
    assert!(audited["actor"].as_str().unwrap().starts_with("coordinator:"));
    assert_eq!(audited["subjects"].as_array().unwrap().len(), 2);
    let importer = app.token(musubi::auth::UserRole::Importer);
    assert_eq!(names(&importer), ["", "", "", ""]);
    // Everyone exports their own imports, administrators all.
    app.import_and_wait("kind=organizations", "団体名,区市町村\n風,新宿区\n".as_bytes());
    let imports = |token: &str| {
        rows(&export(
            app,
            token,
            &json!({"kind": "imports", "format": "csv", "filter": {"kind": "organizations"}}),
        ))
        .len()
    };
    assert_eq!(imports(&app.admin), 2);
    assert_eq!(imports(&importer), 1);
    assert_eq!(imports(&coordinator), 1);
    let status_of = |token: &str, kind: &str| {
        app.call(
            "POST",
            "/v1/exports",
            token,
            &json!({"kind": kind, "format": "csv"}),
        )
        .status
    };
    assert_eq!(status_of(&importer, "users"), 403);
    assert_eq!(status_of(&coordinator, "audit"), 403);
    assert_eq!(status_of(&coordinator, "duplicates"), 200);
    let own = app.worker(json!({"personal": {"name": "田中"}}));
    let worker = app.logged_in("w@example.jp", json!({"role": "worker", "worker_id": own}));
    assert_eq!(names(&worker), ["田中"]);
    assert_eq!(status_of(&worker, "users"), 403);
}

fn keeps_joint_organizations_from_taking_over_a_deliverable(app: &TestApp) {
    let (lead, joint) = (app.organization("風"), app.organization("海"));
    let flyer = app.deliverable(&lead, json!({"joint_organization_ids": [joint]}));
    let token = app.logged_in(
        "j@example.jp",
        json!({"role": "organization", "organization_id": joint}),
    );
    let change = |body: Value| app.call("PATCH", &format!("/v1/deliverables/{flyer}"), &token, &body);
    change(json!({"trouble": "もっと困っている"})).expect(200);
    change(json!({"organization_id": joint, "joint_organization_ids": []})).expect(403);
    change(json!({"joint_organization_ids": []})).expect(403);
    app.call(
        "DELETE",
        &format!("/v1/deliverables/{flyer}"),
        &token,
        &Value::Null,
    )
    .expect(403);
}

/// Registers a request with an endorsement, a hearing and a decision. Returns the organization and the request.
fn examined(app: &TestApp) -> (String, String) {
    let organization = app.organization("戸山ふれあいの会");
    let id = app.deliverable(
        &organization,
        json!({"title": "会員募集のチラシ", "status": "submitted"}),
    );
    let path = format!("/v1/deliverables/{id}");
    let record = json!({
        "endorsement": {"intermediary": {"kind": "social_welfare_council", "name": "新宿区社会福祉協議会"},
            "person": "鈴木", "endorsed_on": "2026-06-20", "message": "よい手本になります。"},
        "hearing": {"held_on": "2026-07-14", "participants": ["代表 田中", "事務局 佐藤"], "notes": "印刷費は負担できる。"},
        "screening_due_on": "2026-07-10", "hearing_due_on": "2026-07-31", "decision_due_on": "2026-08-10"});
    app.patch(&format!("{path}/intake"), &record).expect(200);
    let decision = json!({"status": "declined", "reason": "no_capacity", "message": "来年度もぜひ。"});
    app.post(&format!("{path}/decisions"), &decision).expect(201);
    (organization, id)
}

fn exports_how_requests_were_examined(app: &TestApp) {
    let (organization, id) = examined(app);
    let elsewhere = app
        .post(
            "/v1/organizations",
            &json!({"name": "八王子の会", "area": "132012"}),
        )
        .expect(201)
        .json();
    app.deliverable(
        elsewhere["id"].as_str().unwrap(),
        json!({"title": "八王子の冊子"}),
    );
    let rows = |token: &str| -> Vec<Value> {
        let body = json!({"kind": "intake", "format": "ndjson"});
        let file = app.call("POST", "/v1/exports", token, &body).expect(200).text;
        file.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let sheet = sheet(app, "intake", json!({"filter": {"status": "declined"}}));
    let cells: Vec<(&str, &str)> = sheet[0].iter().zip(sheet[1].iter()).collect();
    for cell in [
        ("記録ID", id.as_str()),
        ("団体名", "戸山ふれあいの会"),
        ("件名", "会員募集のチラシ"),
        ("推薦者の種別", "社会福祉協議会"),
        ("推薦者", "新宿区社会福祉協議会"),
        ("推薦者の担当者", "鈴木"),
        ("推薦日", "2026-06-20"),
        ("ヒアリングの参加者", "代表 田中、事務局 佐藤"),
        ("ヒアリングの記録", "印刷費は負担できる。"),
        ("決定の期限", "2026-08-10"),
        ("決定の内容", "見送り"),
        ("決定の理由", "受入件数の超過"),
        ("決定の連絡文", "来年度もぜひ。"),
    ] {
        assert!(cells.contains(&cell), "{cell:?} in {cells:?}");
    }
    assert_eq!(sheet.len(), 2);
    assert_eq!(rows(&app.admin).len(), 2);

    // A coordinator gets their areas, an organization its requests: without notes, and without who decided.
    let user = app.user(
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    assert!(user["id"].is_string());
    let session = app.login("c@example.jp");
    let own = rows(session["access_token"].as_str().unwrap());
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["hearing"]["notes"], "印刷費は負担できる。");
    app.user(
        "o@example.jp",
        json!({"role": "organization", "organization_id": organization}),
    );
    let session = app.login("o@example.jp");
    let own = rows(session["access_token"].as_str().unwrap());
    assert_eq!((own.len(), &own[0]["hearing"]["notes"]), (1, &Value::Null));
    assert_eq!(own[0]["decisions"][0]["decided_by"], Value::Null);
    // Both scopes are needed.
    let body = json!({"kind": "intake", "format": "csv"});
    for scopes in ["exports:read intake:read", "exports:read deliverables:read"] {
        let refused = app.call("POST", "/v1/exports", &app.token_with(scopes), &body);
        assert_eq!(refused.expect(403).code(), "insufficient_scope");
    }
}

fn a_sheet_of_the_intake_imported_as_deliverables_changes_nothing(app: &TestApp) {
    let (_, id) = examined(app);
    let path = format!("/v1/deliverables/{id}");
    let before = app.get(&path).expect(200).json();
    for format in ["csv", "xlsx", "ndjson"] {
        for headings in ["ja", "en"] {
            let body = json!({"kind": "intake", "format": format, "headings": headings});
            let (status, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
            assert_eq!(status, 200);
            let import = app.import_and_wait("kind=deliverables&source=elsewhere", &file);
            assert_eq!(
                import["progress"]["unchanged"], 1,
                "{format} {headings}: {import}"
            );
            assert_eq!(app.findings_of(&import), [], "{format} {headings}");
        }
    }
    assert_eq!(app.get(&path).expect(200).json(), before);
}

/// As every other column under Japanese headings. Imports read them: see `round_trips`.
fn codes_inside_cells_have_their_words(app: &TestApp) {
    let organization = app.organization("風のひろば");
    let roles = json!([{"role": "designer", "places": 1,
        "skills": [{"skill": "graphic_design", "level": 2, "weight": 1}]}]);
    let deliverable = app.deliverable(&organization, json!({ "roles": roles }));
    let bid = json!({"deliverable_id": deliverable, "worker_id": app.worker(json!({})), "role": "designer"});
    let bid = app.post("/v1/applications", &bid).expect(201).json();
    let declined = json!({"status": "declined", "reason": "skills"});
    app.patch(
        &format!("/v1/applications/{}", bid["id"].as_str().unwrap()),
        &declined,
    )
    .expect(200);
    let accompaniment = json!({"organization_id": organization, "title": "居場所づくり",
        "accompaniment": {"needs": "担い手", "supports": ["consultation", "workshop"]}});
    app.post("/v1/projects", &accompaniment).expect(201);
    let cell = |kind: &str, heading: &str| {
        let rows = sheet(app, kind, json!({}));
        let at = rows[0].iter().position(|one| one == heading).unwrap();
        rows[1][at].to_owned()
    };
    assert_eq!(cell("applications", "理由"), "スキルが合わない");
    assert_eq!(cell("applications", "団体名"), "風のひろば");
    assert_eq!(cell("projects", "団体名"), "風のひろば");
    assert_eq!(cell("projects", "伴走支援の内容"), "相談・助言、ワークショップ");
    let team = cell("deliverables", "チーム");
    for code in ["designer", "graphic_design"] {
        assert!(!team.contains(code), "{team}");
    }
}
