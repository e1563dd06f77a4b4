//! Whose is what: imports write only where their sender may, and belong to their sender; stored answers go only to
//! tokens that may see them.

use crate::support::{TestApp, on_both};
use musubi::auth::{Claims, UserRole};
use musubi::imports::ImportKind;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use strum::VariantArray;

const SHINJUKU: &str = "131041";
const ITABASHI: &str = "131199";

/// Signs a coordinator's token for these areas.
fn coordinator(app: &TestApp, subject: &str, areas: &[&str], scope: Option<&str>) -> String {
    let mut claims = Claims::new(
        UserRole::Coordinator,
        subject,
        chrono::Utc::now().timestamp(),
        600,
    );
    claims.belonging.areas = areas.iter().map(|area| (*area).to_owned()).collect();
    claims.scope = scope.map(str::to_owned);
    app.state.keys.sign(&claims).unwrap()
}

/// Version and area of every record that imports write.
fn records(app: &TestApp) -> BTreeMap<String, (i64, String)> {
    let mut all = BTreeMap::new();
    for list in ["organizations", "deliverables", "workers"] {
        let page = app.get(&format!("/v1/{list}?limit=200")).expect(200).json();
        for item in page["items"].as_array().unwrap() {
            let text = |name: &str| item[name].as_str().unwrap().to_owned();
            let state = (item["version"].as_i64().unwrap(), text("area"));
            all.insert(format!("{list}/{}", text("id")), state);
        }
    }
    all
}

/// Returns a file with one row about a record of the kind, in an area. An organization that the row names exists.
fn file(app: &TestApp, kind: ImportKind, area: &str, tag: &str) -> Vec<u8> {
    let area_name = if area == SHINJUKU {
        "新宿区"
    } else {
        "板橋区"
    };
    let asking = format!("{tag}を育てる会");
    let text = match kind {
        ImportKind::Workers => format!("ID,氏名,区市町村\n{tag},佐藤,{area_name}\n"),
        ImportKind::Organizations => format!("ID,団体名,区市町村\n{tag},{asking},{area_name}\n"),
        ImportKind::Deliverables => {
            let name: String = form_urlencoded::byte_serialize(asking.as_bytes()).collect();
            let known = app.get(&format!("/v1/organizations?q={name}")).expect(200).json();
            if known["items"].as_array().unwrap().is_empty() {
                app.post("/v1/organizations", &json!({"name": asking, "area": area}))
                    .expect(201);
            }
            format!("ID,団体名,支援内容,件名,区市町村\n{tag},{asking},チラシ,会員募集,{area_name}\n")
        }
        ImportKind::Applications => {
            let organization = json!({"name": asking, "area": area});
            let organization = app.post("/v1/organizations", &organization).expect(201).json();
            app.deliverable(
                organization["id"].as_str().unwrap(),
                json!({"area": area, "title": tag}),
            );
            app.worker(json!({"area": area, "personal": {"name": format!("佐藤{tag}")}}));
            format!("団体名,件名,氏名,役割\n{asking},{tag},佐藤{tag},デザイナー\n")
        }
        ImportKind::Projects => {
            let organization = json!({"name": asking, "area": area});
            let name: String = form_urlencoded::byte_serialize(asking.as_bytes()).collect();
            let known = app.get(&format!("/v1/organizations?q={name}")).expect(200).json();
            if known["items"].as_array().unwrap().is_empty() {
                app.post("/v1/organizations", &organization).expect(201);
            }
            format!(
                "案件番号,団体名,件名,支援内容,進捗状況,開始日\n{tag},{asking},会員募集,チラシ,進行中,2026-10-01\n"
            )
        }
        ImportKind::ProjectWork => {
            let organization = json!({"name": asking, "area": area});
            let organization = app.post("/v1/organizations", &organization).expect(201).json();
            let project = json!({"organization_id": organization["id"], "title": tag,
                "accompaniment": {"needs": "居場所づくり", "supports": ["workshop"]}});
            let project = app.post("/v1/projects", &project).expect(201).json();
            let id = project["id"].as_str().unwrap();
            format!("プロジェクトの記録ID,件名,期限\n{id},{tag},2199-01-01\n")
        }
        ImportKind::Events => {
            format!("イベント名,開催日,開始時刻,区市町村\n{tag},2026-10-08,13:30,{area_name}\n")
        }
        ImportKind::Registrations => {
            let event = json!({"kind": "seminar", "title": tag, "status": "published", "areas": [area],
                "times": [{"starts_at": "2199-10-08T13:30:00+09:00"}]});
            app.post("/v1/events", &event).expect(201);
            format!("イベント名,開催日,氏名\n{tag},2199-10-08,山田 花子\n")
        }
        ImportKind::Engagements => format!(
            "年度,区分,期間,地域名,団体名,支援内容\n令和3年度,短期プロジェクト,1日,{area_name},{asking},チラシ\n"
        ),
    };
    text.into_bytes()
}

fn import(app: &TestApp, token: &str, kind: ImportKind, mode: &str, bytes: &[u8]) -> Value {
    let query = format!("kind={}&mode={mode}", kind.code());
    let sent = app.import(token, &query, bytes).expect(202).json();
    app.wait_for_import(sent["id"].as_str().unwrap())
}

on_both! {
    who_logs_in_is_told_which_areas_are_their_own,
    an_organization_has_a_bound_of_what_waits,
    imports_of_every_kind_obey_the_areas_of_their_sender,
    a_request_in_ones_area_cannot_be_imported_for_an_organization_elsewhere,
    an_import_belongs_to_its_sender_and_their_areas,
    the_rows_of_an_import_need_a_token_that_may_see_as_much,
    a_stored_answer_needs_a_token_that_may_see_as_much,
    an_undo_names_no_import_of_somebody_else,
}

fn an_undo_names_no_import_of_somebody_else(app: &TestApp) {
    let office = |subject: &str| coordinator(app, subject, &[SHINJUKU], None);
    let (own, colleague) = (office("own"), office("colleague"));
    let send = |token: &str, name: &str| {
        let roster = format!("ID,氏名,区市町村\nK-17,{name},新宿区\n");
        let done = import(app, token, ImportKind::Workers, "best_effort", roster.as_bytes());
        let progress = &done["progress"];
        assert_eq!(
            progress["created"].as_u64().max(progress["updated"].as_u64()),
            Some(1),
            "{done}"
        );
        done["id"].as_str().unwrap().to_owned()
    };
    let first = send(&own, "佐藤 陽子");
    let second = send(&colleague, "佐藤 洋子");
    for (token, is_told) in [(&own, false), (&app.admin, true)] {
        let refused = app.call("POST", &format!("/v1/imports/{first}/undo"), token, &Value::Null);
        let refused = refused.expect(409);
        assert_eq!(refused.code(), "changed_since");
        assert_eq!(refused.text.contains(&second), is_told, "{}", refused.text);
    }
}

fn imports_of_every_kind_obey_the_areas_of_their_sender(app: &TestApp) {
    let sender = coordinator(app, "shinjuku", &[SHINJUKU], None);
    let mut faults = Vec::new();
    // An organization elsewhere isn't found.
    let refusals = [
        "access_denied",
        "unknown_organization",
        "unknown_worker",
        "unknown_event",
        "unknown_record",
    ];
    for &kind in ImportKind::VARIANTS {
        for mode in ["dry_run", "all_or_nothing", "best_effort"] {
            let tag = format!("{}-{mode}", kind.code());
            let mut check = |case: &str, bytes: &[u8], is_inside: bool| {
                let before = records(app);
                let done = import(app, &sender, kind, mode, bytes);
                let codes: Vec<String> = app
                    .findings_of(&done)
                    .into_iter()
                    .map(|(.., code)| code)
                    .collect();
                let is_right = match is_inside {
                    true => done["status"] == "succeeded" && done["progress"]["created"] == 1,
                    false => {
                        done["progress"]["rejected"] == 1
                            && codes.iter().any(|code| refusals.contains(&code.as_str()))
                            && records(app) == before
                    }
                };
                if !is_right {
                    faults.push(format!("{tag} {case}: {done} {codes:?}"));
                }
                done
            };
            let inside = file(app, kind, SHINJUKU, &format!("{tag}-in"));
            let own = check("inside", &inside, true);
            let outside = file(app, kind, ITABASHI, &format!("{tag}-out"));
            check("outside", &outside, false);
            // Applications, projects, their work, events and registrations can't move away.
            if mode == "dry_run" || kind.acts() {
                continue;
            }
            import(app, &app.admin, kind, "best_effort", &outside);
            check("existing record outside", &outside, false);
            // The record moves away, but the file still says that it is here.
            let moved = file(app, kind, SHINJUKU, &format!("{tag}-moved"));
            let before = records(app);
            import(app, &app.admin, kind, "best_effort", &moved);
            for path in records(app).into_keys().filter(|path| !before.contains_key(path)) {
                app.patch(&format!("/v1/{path}"), &json!({"area": ITABASHI}))
                    .expect(200);
            }
            if kind == ImportKind::Engagements {
                check("existing record moved outside", &moved, false);
            } else {
                // It is answered like a record that was never known.
                let before = records(app);
                let own = check("existing record moved outside", &moved, true);
                let after = records(app);
                let is_same = |(path, state)| after.get(path) == Some(state);
                assert!(before.iter().all(is_same), "{own}");
            }
            let undo = format!("/v1/imports/{}/undo", own["id"].as_str().unwrap());
            if mode == "best_effort" && kind != ImportKind::Engagements {
                let created = records(app).into_iter().find(|(path, (_, area))| {
                    area == SHINJUKU && path.starts_with(kind.code()) && path.len() > 10 && {
                        let record = app.get(&format!("/v1/{path}")).json();
                        record["external_id"] == format!("{tag}-in")
                    }
                });
                let path = created.unwrap().0;
                app.patch(&format!("/v1/{path}"), &json!({"area": ITABASHI}))
                    .expect(200);
                let refused = app.call("POST", &undo, &sender, &Value::Null).expect(409);
                assert_eq!(refused.code(), "changed_since");
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // Public statistics count nothing that a coordinator of one area sent about another.
    let by_area = app.get("/v1/statistics/deliverables?group_by=area").expect(200);
    assert!(by_area.text.contains(SHINJUKU), "{}", by_area.text);
}

fn a_request_in_ones_area_cannot_be_imported_for_an_organization_elsewhere(app: &TestApp) {
    let sender = coordinator(app, "shinjuku", &[SHINJUKU], None);
    let elsewhere = json!({"name": "板橋の会", "area": ITABASHI, "source": "roster", "external_id": "o-1"});
    app.post("/v1/organizations", &elsewhere).expect(201);
    let before = records(app);
    for row in [
        "ID,団体名,支援内容,区市町村\nd-1,板橋の会,チラシ,新宿区\n",
        "ID,団体ID,支援内容,区市町村\nd-1,o-1,チラシ,新宿区\n",
    ] {
        let done = import(
            app,
            &sender,
            ImportKind::Deliverables,
            "best_effort",
            row.as_bytes(),
        );
        let codes: Vec<String> = app
            .findings_of(&done)
            .into_iter()
            .map(|(.., code)| code)
            .collect();
        assert_eq!(codes, ["unknown_organization"]);
    }
    assert_eq!(records(app), before);
    // A number that is taken elsewhere doesn't tell by whom.
    let numbered = json!({"name": "番号の会", "area": ITABASHI, "corporate_number": "7000012050002"});
    app.post("/v1/organizations", &numbered).expect(201);
    let row = "団体名,区市町村,法人番号\n新宿の会,新宿区,7000012050002\n";
    let done = import(
        app,
        &sender,
        ImportKind::Organizations,
        "best_effort",
        row.as_bytes(),
    );
    let findings = format!("/v1/imports/{}/findings", done["id"].as_str().unwrap());
    let finding = &app.get(&findings).expect(200).json()["items"][0];
    assert_eq!(finding["code"], "corporate_number_taken");
    assert_eq!(finding["suggestion"], Value::Null);
}

fn an_import_belongs_to_its_sender_and_their_areas(app: &TestApp) {
    let here = coordinator(app, "cli", &[SHINJUKU], None);
    let there = coordinator(app, "cli", &[ITABASHI], None);
    let both = coordinator(app, "cli", &[ITABASHI, SHINJUKU], None);
    let another = coordinator(app, "another", &[SHINJUKU], None);
    let roster = "ID,氏名,区市町村\n1,佐藤,新宿区\n";
    let sent = app
        .import(&here, "kind=workers", roster.as_bytes())
        .expect(202)
        .json();
    let id = sent["id"].as_str().unwrap();
    app.wait_for_import(id);
    let reads = ["", "/findings", "/events", "/annotated-file"];
    for (token, status) in [(&here, 200), (&both, 200), (&there, 404), (&another, 404)] {
        for part in reads {
            let read = app.call("GET", &format!("/v1/imports/{id}{part}"), token, &Value::Null);
            assert_eq!(read.status, status, "{part}: {}", read.text);
        }
        let list = app
            .call("GET", "/v1/imports", token, &Value::Null)
            .expect(200)
            .text;
        assert_eq!(list.contains(id), status == 200, "{list}");
    }
    for token in [&there, &another] {
        for action in ["cancel", "undo"] {
            app.call("POST", &format!("/v1/imports/{id}/{action}"), token, &Value::Null)
                .expect(404);
        }
    }
    // The same file of a token with other areas is another import, even while the first one waits.
    let one = app
        .import(&here, "kind=workers&source=s", roster.as_bytes())
        .expect(202)
        .json();
    let other = app
        .import(&there, "kind=workers&source=s", roster.as_bytes())
        .expect(202)
        .json();
    assert_ne!(one["id"], other["id"]);
    app.wait_for_import(one["id"].as_str().unwrap());
    app.wait_for_import(other["id"].as_str().unwrap());
}

fn the_rows_of_an_import_need_a_token_that_may_see_as_much(app: &TestApp) {
    let signed = |role: UserRole, scope: Option<&str>| {
        let mut claims = Claims::new(role, "office", chrono::Utc::now().timestamp(), 600);
        if role == UserRole::Coordinator {
            claims.belonging.areas = vec![SHINJUKU.into()];
        }
        claims.scope = scope.map(str::to_owned);
        app.state.keys.sign(&claims).unwrap()
    };
    // The fault is in another column than the name, which the annotated file has.
    let roster = "ID,氏名,区市町村,血液型\n1,佐藤 himitsu,存在区himitsu,A\n".as_bytes();
    let full = None;
    let reading = Some("imports:read");
    let writing = Some("imports:read imports:write workers:write");
    let seeing = Some("imports:read personal_data:read");
    use UserRole::{Admin, Coordinator, Importer};
    // Who sends, and with which tokens of the same name the rows are read.
    let table = [
        (
            Admin,
            full,
            [(full, true), (seeing, true), (writing, false), (reading, false)],
        ),
        (
            Coordinator,
            full,
            [(full, true), (seeing, true), (writing, false), (reading, false)],
        ),
        (
            Coordinator,
            writing,
            [(full, true), (seeing, true), (writing, true), (reading, false)],
        ),
        // An importer sees no personal data but what it sends.
        (
            Importer,
            full,
            [(full, true), (seeing, false), (writing, true), (reading, false)],
        ),
    ];
    for (n, (role, sender, readers)) in table.into_iter().enumerate() {
        let sender = signed(role, sender);
        let sent = app
            .import(&sender, &format!("kind=workers&source=s{n}"), roster)
            .expect(202)
            .json();
        let id = sent["id"].as_str().unwrap();
        app.wait_for_import(id);
        for (scope, is_read) in readers {
            let token = signed(role, scope);
            let at = format!("{role:?} {scope:?}");
            // Neither of these has rows. In a file without headings, a row stands for them.
            for path in ["/v1/imports".to_owned(), format!("/v1/imports/{id}")] {
                let shown = app.call("GET", &path, &token, &Value::Null).expect(200);
                assert!(
                    shown.text.contains(id) && !shown.text.contains("himitsu"),
                    "{at} {path}"
                );
                assert_eq!(shown.text.contains("血液型"), is_read, "{at} {path}");
            }
            for read in ["findings", "annotated-file"] {
                let path = format!("/v1/imports/{id}/{read}");
                let answer = app.call("GET", &path, &token, &Value::Null);
                assert_eq!(
                    answer.status,
                    if is_read { 200 } else { 403 },
                    "{at} {path} {}",
                    answer.text
                );
                assert_eq!(answer.text.contains("himitsu"), is_read, "{at} {path}");
                if !is_read {
                    assert_eq!(answer.code(), "narrower_token");
                }
            }
            if scope == writing {
                // Nor by importing the file again.
                let again = format!("kind=workers&mode=dry_run&source=s{n}&file_of={id}");
                let answer = app.import(&token, &again, b"");
                assert_eq!(
                    answer.status,
                    if is_read { 202 } else { 403 },
                    "{at} {}",
                    answer.text
                );
                if is_read {
                    app.wait_for_import(answer.json()["id"].as_str().unwrap());
                }
            }
        }
    }
    // Nor does the error name the first row.
    let sender = signed(Admin, full);
    let prose = "これは名簿ではありません himitsu。\nただの文章です。\n";
    let sent = app.import(&sender, "kind=workers&source=none", prose.as_bytes());
    let sent = sent.expect(202).json();
    let id = sent["id"].as_str().unwrap();
    app.wait_for_import(id);
    for (scope, is_read) in [(full, true), (seeing, true), (writing, false), (reading, false)] {
        let path = format!("/v1/imports/{id}");
        let shown = app.call("GET", &path, &signed(Admin, scope), &Value::Null);
        let error = &shown.expect(200).json()["error"];
        assert_eq!(error["code"], "no_known_column", "{scope:?}");
        assert_eq!(
            error.to_string().contains("himitsu"),
            is_read,
            "{scope:?} {error}"
        );
    }
}

fn a_stored_answer_needs_a_token_that_may_see_as_much(app: &TestApp) {
    let body = json!({"area": SHINJUKU, "personal": {"name": "佐藤 陽子", "email": "yoko@example.jp"}});
    let send = |token: &str, body: &Value| {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", "one"),
        ];
        app.send("POST", "/v1/workers", &headers, body.to_string().as_bytes())
    };
    let whole = coordinator(app, "office", &[SHINJUKU], None);
    let first = send(&whole, &body).expect(201);
    assert_eq!(send(&whole, &body).expect(201).text, first.text);
    let wider = coordinator(app, "office", &[SHINJUKU, ITABASHI], None);
    assert_eq!(send(&wider, &body).expect(201).text, first.text);
    let narrow = [
        coordinator(app, "office", &[SHINJUKU], Some("workers:write")),
        coordinator(app, "office", &[ITABASHI], None),
    ];
    for token in narrow {
        let refused = send(&token, &body).expect(403);
        assert_eq!(refused.code(), "narrower_token");
        assert!(!refused.text.contains("佐藤") && !refused.text.contains("yoko"));
    }
    let workers = app.get("/v1/workers").expect(200).json();
    assert_eq!(workers["items"].as_array().unwrap().len(), 1);
}

#[test]
fn each_token_of_the_command_line_has_a_name_of_its_own() {
    let folder = tempfile::TempDir::new().unwrap();
    let subject = || {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_musubi"));
        program.args([
            "--data-dir",
            folder.path().to_str().unwrap(),
            "token",
            "--role",
            "admin",
        ]);
        let printed = String::from_utf8(program.output().unwrap().stdout).unwrap();
        let claims = printed.trim().split('.').nth(1).unwrap().to_owned();
        use base64::Engine;
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(claims)
            .unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        claims["sub"].as_str().unwrap().to_owned()
    };
    let (one, other) = (subject(), subject());
    assert_ne!(one, other);
    assert!(one.starts_with("cli:"), "{one}");
}

on_both! {
    nobody_changes_what_the_headings_of_another_mean,
}

/// 氏名 as an alias would make names public.
fn nobody_changes_what_the_headings_of_another_mean(app: &TestApp) {
    let one = coordinator(app, "one", &[SHINJUKU], None);
    let other = coordinator(app, "other", &[SHINJUKU], None);
    let path = "/v1/import-mappings/workers/city";
    let save =
        |token: &str, field: &str| app.call("PUT", path, token, &json!({"mapping": {"お名前": field}}));
    let read = |token: &str| app.call("GET", path, token, &Value::Null);
    let alias_of = |token: &str, row: u32| {
        let file = format!("ID,お名前,区市町村\n{row},佐藤 陽子,新宿区\n");
        let sent = app
            .import(token, "kind=workers&source=city", file.as_bytes())
            .expect(202)
            .json();
        let done = app.wait_for_import(sent["id"].as_str().unwrap());
        assert_eq!(done["status"], "succeeded", "{done}");
        let path = format!("/v1/workers/by-external-id/city/{row}");
        let worker = app.call("GET", &path, token, &Value::Null).expect(200).json();
        worker["alias"].as_str().unwrap().to_owned()
    };
    // The first to save doesn't decide for others either.
    assert_eq!(save(&other, "alias").expect(200).header("etag"), "\"1\"");
    read(&one).expect(404);
    assert_eq!(alias_of(&other, 1), "佐藤 陽子");
    save(&one, "name").expect(200);
    assert_eq!(alias_of(&one, 2), "新宿区のプロボノワーカー");
    save(&other, "alias").expect(200);
    assert_eq!(read(&one).expect(200).json()["mapping"]["お名前"], "name");
    // An administrator saves for everyone; your own mapping counts more.
    let third = coordinator(app, "third", &[SHINJUKU], None);
    save(&app.admin, "name").expect(200);
    assert_eq!(read(&third).expect(200).json()["mapping"]["お名前"], "name");
    assert_eq!(read(&other).expect(200).json()["mapping"]["お名前"], "alias");
    assert_eq!(alias_of(&third, 3), "新宿区のプロボノワーカー");
    assert_eq!(save(&third, "alias").expect(200).header("etag"), "\"1\"");
    assert_eq!(read(&app.admin).expect(200).json()["mapping"]["お名前"], "name");
    // Everyone deletes their own, too.
    let remove = |token: &str| app.call("DELETE", path, token, &Value::Null);
    let bearer = format!("Bearer {third}");
    let stale = [("authorization", bearer.as_str()), ("if-match", "\"7\"")];
    app.send("DELETE", path, &stale, b"").expect(412);
    remove(&third).expect(204);
    remove(&third).expect(404);
    assert_eq!(read(&third).expect(200).json()["mapping"]["お名前"], "name");
    assert_eq!(read(&other).expect(200).json()["mapping"]["お名前"], "alias");
    remove(&app.admin).expect(204);
    read(&third).expect(404);
    assert_eq!(read(&one).expect(200).json()["mapping"]["お名前"], "name");
    assert_eq!(save(&third, "alias").expect(200).header("etag"), "\"1\"");
}

fn who_logs_in_is_told_which_areas_are_their_own(app: &TestApp) {
    let (yokohama, tsurumi) = ("141003", "141011");
    let office = coordinator(app, "yokohama", &[yokohama, SHINJUKU], None);
    let me = app
        .call("GET", "/v1/auth/me", &office, &Value::Null)
        .expect(200)
        .json();
    let told: Vec<&str> = me["areas"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for area in [SHINJUKU, yokohama, tsurumi, ITABASHI] {
        let path = format!("/v1/workers/{}", app.worker(json!({"area": area})));
        let changed = app.call("PATCH", &path, &office, &json!({"capacity": 2}));
        assert_eq!(
            changed.status == 200,
            told.contains(&area),
            "{area}: {}",
            changed.text
        );
    }
    assert!(told.contains(&tsurumi) && !told.contains(&ITABASHI));
    let secretariat = app.get("/v1/auth/me").expect(200).json();
    assert_eq!(
        secretariat["areas"],
        Value::Null,
        "nothing limits the secretariat"
    );
}

/// Everybody writes up to a bound: what one organization drafts fills no disk.
fn an_organization_has_a_bound_of_what_waits(app: &TestApp) {
    let organization = app.organization("風のひろば");
    let member = json!({"role": "organization", "organization_id": organization});
    let own = app.logged_in("w@example.jp", member);
    let request =
        json!({"organization_id": organization, "type": "flyer", "title": "チラシ", "status": "draft"});
    let event = json!({"kind": "seminar", "title": "ゼミ", "status": "draft", "host_ids": [organization],
        "times": [{"starts_at": "2199-10-08T13:30:00+09:00"}]});
    for (path, body) in [("/v1/deliverables", &request), ("/v1/events", &event)] {
        let send = |token: &str| app.call("POST", path, token, body);
        let first = send(&own).expect(201).json();
        for _ in 1..100 {
            send(&own).expect(201);
        }
        assert_eq!(send(&own).expect(409).code(), "too_many_drafts", "{path}");
        // To make them and delete them, or leave them to the office, goes on as little.
        let first = format!("{path}/{}", first["id"].as_str().unwrap());
        let away = match path {
            "/v1/deliverables" => first,
            _ => format!("{first}/hosts/{organization}"),
        };
        app.call("DELETE", &away, &own, &Value::Null).expect(204);
        assert_eq!(send(&own).expect(409).code(), "too_many_drafts");
        send(&app.admin).expect(201);
    }
    // What an office enters leaves an organization its own, and so do drafts of events that are over: nobody can delete them.
    let (others, draft) = (app.organization("丘の会"), event.clone());
    let member = json!({"role": "organization", "organization_id": others});
    let theirs = app.logged_in("h@example.jp", member);
    let of_others = |more: Value| {
        let mut body = draft.clone();
        json_patch::merge(&mut body, &json!({"host_ids": [others]}));
        json_patch::merge(&mut body, &more);
        body
    };
    let over = of_others(json!({"times": [{"starts_at": "2020-10-08T13:30:00+09:00"}]}));
    let published = of_others(json!({"status": "published"}));
    for body in [over, published] {
        for _ in 0..100 {
            app.post("/v1/events", &body).expect(201);
        }
        app.call("POST", "/v1/events", &theirs, &of_others(json!({})))
            .expect(201);
    }
}
