//! Every operation of the document with every kind of wrong token, and what each role may do.

use crate::support::{TestApp, merge, on_both, token};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use musubi::auth::{Claims, PERMISSIONS, UserRole};
use musubi::server::document::Document;
use serde_json::{Value, json};

/// Operations that need no access token. Add only those that require another secret: an invitation, a link, a
/// password, a refresh token or a client secret; or those that everybody reads.
const OPEN: [&str; 49] = [
    "accept_invitation",
    "answer_follow_up_question",
    "answer_guest_questionnaire",
    "cancel_guest_registration",
    "create_feedback",
    "create_guest_registration",
    "follow_posts",
    "issue_token",
    "list_areas",
    "list_cards",
    "list_deliverable_types",
    "list_families",
    "list_formats",
    "list_listings",
    "list_listings_as_calendar",
    "list_listings_as_csv",
    "list_listings_as_feed",
    "list_listings_as_json_ld",
    "list_open_data",
    "list_posts",
    "list_publications",
    "list_roles",
    "list_skills",
    "list_themes",
    "log_in",
    "log_out",
    "refresh_session",
    "show_card",
    "show_deliverable_type",
    "show_feed_calendar",
    "show_feed_requests",
    "show_feed_requests_as_json",
    "show_follow_up_question",
    "show_guest_registration",
    "show_health",
    "show_invitation",
    "show_listing",
    "show_listing_as_calendar",
    "show_listing_as_json_ld",
    "show_open_data",
    "show_post",
    "show_public_keys",
    "show_publication",
    "show_readiness",
    "show_role",
    "show_session",
    "show_skill",
    "show_theme",
    "show_vocabulary",
];

fn path_of(template: &str) -> String {
    let id = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";
    template
        .replace("{id}", id)
        .replace("{worker_id}", id)
        .replace("{months}", "6")
        .replace("{organization_id}", id)
        .replace("{secret_id}", id)
        .replace("{entry_id}", id)
        .replace("{code}", "x")
        .replace("{source}", "s")
        .replace("{external_id}", "e")
}

fn call(app: &TestApp, method: &str, path: &str, token: Option<&str>) -> crate::support::Response {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    let body: &[u8] = if ["POST", "PUT", "PATCH"].contains(&method) {
        b"{}"
    } else {
        b""
    };
    app.send(method, path, &headers, body)
}

on_both! {
    every_operation_requires_a_valid_token_with_its_scope,
    roles_have_only_the_permissions_they_need,
    shows_and_searches_personal_data_only_with_permission,
    a_patch_keeps_personal_data_that_the_caller_cannot_see,
    who_cannot_read_personal_data_cannot_guess_it_either,
    who_cannot_read_words_cannot_guess_them_either,
}

fn every_operation_requires_a_valid_token_with_its_scope(app: &TestApp) {
    let document = Document::shared();
    let unsigned = {
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({"iss": "musubi", "sub": "x", "role": "admin", "iat": 0, "exp": 4_000_000_000u64});
        format!("{}.{}.", part(json!({"alg": "none", "typ": "JWT"})), part(claims))
    };
    let expired = app
        .state
        .keys
        .sign(&Claims::new(
            UserRole::Admin,
            "x",
            chrono::Utc::now().timestamp() - 7200,
            3600,
        ))
        .unwrap();
    let tampered = {
        let (head, signature) = app.admin.rsplit_once('.').unwrap();
        format!("{head}x.{signature}")
    };
    let other_key = musubi::auth::Keys::open(
        Some("another key that is long enough to be one"),
        std::path::Path::new("/"),
    )
    .unwrap();
    let foreign = other_key
        .sign(&Claims::new(
            UserRole::Admin,
            "x",
            chrono::Utc::now().timestamp(),
            3600,
        ))
        .unwrap();
    let mut open = Vec::new();
    for operation in document.operations() {
        let (method, path) = (operation.method.to_uppercase(), path_of(&operation.path));
        let Some(scope) = operation.scope() else {
            open.push(operation.id().to_owned());
            continue;
        };
        let refused = |token: Option<&str>| call(app, &method, &path, token);
        assert_eq!(
            refused(None).expect(401).code(),
            "unauthenticated",
            "{}",
            operation.id()
        );
        for bad in [unsigned.as_str(), &expired, &tampered, &foreign, "x", ""] {
            assert_eq!(
                refused(Some(bad)).expect(401).code(),
                "unauthenticated",
                "{} {bad}",
                operation.id()
            );
        }
        let all_others: Vec<&str> = PERMISSIONS
            .iter()
            .map(|row| row.scope)
            .filter(|name| *name != scope)
            .collect();
        let lacking = token(&app.state, UserRole::Admin, Some(&all_others.join(" ")), 3600);
        assert_eq!(
            refused(Some(&lacking)).expect(403).code(),
            "insufficient_scope",
            "{}",
            operation.id()
        );
        let enough = token(&app.state, UserRole::Admin, Some(scope), 3600);
        // What belongs to a user needs one: this token is nobody's.
        let answer = refused(Some(&enough));
        assert!(
            answer.status != 401 && (answer.status != 403 || answer.code() == "login_required"),
            "{} needs more than {scope}",
            operation.id()
        );
    }
    open.sort();
    assert_eq!(open, OPEN);
}

fn roles_have_only_the_permissions_they_need(app: &TestApp) {
    let status = |role, method: &str, path: &str| call(app, method, path, Some(&app.token(role))).status;
    assert_eq!(status(UserRole::Importer, "GET", "/v1/workers"), 200);
    assert_eq!(
        status(UserRole::Importer, "GET", "/v1/statistics/deliverables"),
        403
    );
    assert_eq!(
        status(UserRole::Coordinator, "GET", "/v1/statistics/deliverables"),
        200
    );
    assert_eq!(status(UserRole::Coordinator, "POST", "/v1/skills"), 403);
    assert_eq!(status(UserRole::Admin, "POST", "/v1/skills"), 422);
}

fn shows_and_searches_personal_data_only_with_permission(app: &TestApp) {
    let personal =
        json!({"personal": {"name": "佐藤 陽子", "email": "yoko@example.jp"}, "alias": "新宿区のデザイナー"});
    let id = app.worker(personal);
    let organization = json!({"name": "風", "area": "131041", "contact": {"person": "田中"}});
    let organization = app.post("/v1/organizations", &organization).expect(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v1/workers/{id}");
    assert_eq!(app.get(&path).json()["personal"]["name"], "佐藤 陽子");
    let hidden = app.get_as(UserRole::Importer, &path).expect(200);
    assert!(hidden.json()["personal"].is_null() && !hidden.text.contains("佐藤"));
    let found = |role, q: &str| {
        app.get_as(role, &format!("/v1/workers?q={q}")).expect(200).json()["items"]
            .as_array()
            .unwrap()
            .len()
    };
    let name = "%E4%BD%90%E8%97%A4"; // 佐藤
    let alias = "%E3%83%87%E3%82%B6%E3%82%A4%E3%83%8A%E3%83%BC"; // デザイナー
    assert_eq!(
        [
            found(UserRole::Coordinator, name),
            found(UserRole::Importer, name)
        ],
        [1, 0]
    );
    assert_eq!(
        [
            found(UserRole::Coordinator, alias),
            found(UserRole::Importer, alias)
        ],
        [1, 1]
    );
    let path = format!("/v1/organizations/{organization}");
    assert_eq!(app.get(&path).json()["contact"]["person"], "田中");
    assert!(app.get_as(UserRole::Importer, &path).expect(200).json()["contact"].is_null());
}

fn who_cannot_read_personal_data_cannot_guess_it_either(app: &TestApp) {
    let personal = json!({"name": "佐藤 陽子", "email": "yoko@example.jp"});
    let worker =
        app.worker(json!({"personal": personal, "source": "roster", "external_id": "A-1", "area": "131041"}));
    let organization = json!({"name": "風", "area": "131041", "contact": {"person": "田中"}});
    let organization = app.post("/v1/organizations", &organization).expect(201).json()["id"].clone();
    let organization = organization.as_str().unwrap();
    let importer = app.token(UserRole::Importer);
    let narrow = app.token_with("workers:read workers:write organizations:read organizations:write");
    let version = |path: &str| app.get(path).expect(200).json()["version"].as_i64().unwrap();
    let paths = [
        format!("/v1/workers/{worker}"),
        format!("/v1/organizations/{organization}"),
    ];
    for token in [&importer, &narrow] {
        for (path, right, wrong) in [
            (
                &paths[0],
                json!({"personal": {"email": "yoko@example.jp"}}),
                json!({"personal": {"email": "other@example.jp"}}),
            ),
            (
                &paths[1],
                json!({"contact": {"person": "田中"}}),
                json!({"contact": {"person": "鈴木"}}),
            ),
        ] {
            for guess in [&right, &wrong, &right] {
                let before = version(path);
                app.call("PATCH", path, token, guess).expect(200);
                assert_eq!(version(path), before + 1, "{guess}");
            }
        }
        // A change of nothing else is still no change.
        let before = version(&paths[0]);
        let same = json!({"area": "131041"});
        app.call("PATCH", &paths[0], token, &same).expect(200);
        assert_eq!(version(&paths[0]), before);
    }
    let before = version(&paths[0]);
    app.patch(&paths[0], &json!({"personal": {"email": "yoko@example.jp"}}))
        .expect(200);
    assert_eq!(version(&paths[0]), before, "readers see what holds");
    // As a whole, one by one and together.
    let whole = json!({"area": "131041", "personal": personal});
    let named = "/v1/workers/by-external-id/roster/A-1";
    let mut item = whole.clone();
    merge(&mut item, json!({"source": "roster", "external_id": "A-1"}));
    let before = version(&paths[0]);
    app.call("PUT", named, &importer, &whole).expect(200);
    app.call("PUT", named, &importer, &whole).expect(200);
    let batch = app.call("POST", "/v1/workers:batch", &importer, &json!({"items": [item]}));
    assert_eq!(batch.expect(200).json()["items"][0]["status"], "updated");
    assert_eq!(version(&paths[0]), before + 3);
    // And in a file, tried out or not.
    let rows = |token: &str, query: &str, file: String| {
        let sent = app.import(token, query, file.as_bytes()).expect(202).json();
        let done = app.wait_for_import(sent["id"].as_str().unwrap())["progress"].clone();
        [&done["updated"], &done["unchanged"], &done["rejected"]].map(|count| count.as_i64().unwrap())
    };
    let names = |name: &str| format!("記録ID,氏名\n{worker},{name}\n");
    let contacts = |name: &str| format!("記録ID,担当者\n{organization},{name}\n");
    for token in [&importer, &narrow_importer(app)] {
        for name in ["佐藤 陽子", "鈴木 一郎"] {
            let tried = rows(token, "kind=workers&mode=dry_run", names(name));
            assert_eq!(tried, [1, 0, 0], "{name}");
        }
        for name in ["田中", "鈴木"] {
            let tried = rows(token, "kind=organizations&mode=dry_run", contacts(name));
            assert_eq!(tried, [1, 0, 0], "{name}");
        }
    }
    let tried = |file: String| rows(&app.admin, "kind=workers&mode=dry_run", file);
    assert_eq!(tried(names("佐藤 陽子")), [0, 1, 0]);
    // A row that somebody else has imported says nothing either; the sender's own row does.
    assert_eq!(rows(&app.admin, "kind=workers", names("高橋 空")), [1, 0, 0]);
    assert_eq!(
        rows(&importer, "kind=workers&mode=dry_run", names("高橋 空")),
        [1, 0, 0]
    );
    assert_eq!(rows(&importer, "kind=workers", names("高橋 空")), [1, 0, 0]);
    assert_eq!(rows(&importer, "kind=workers", names("高橋 空")), [0, 1, 0]);
    // What isn't personal is compared as before.
    let themes = || format!("記録ID,週の時間\n{worker},5\n");
    assert_eq!(rows(&importer, "kind=workers", themes()), [1, 0, 0]);
    let other = format!("週の時間,記録ID\n5,{worker}\n");
    assert_eq!(rows(&importer, "kind=workers", other), [0, 1, 0]);
}

/// A token of an administrator who imports without seeing names.
fn narrow_importer(app: &TestApp) -> String {
    app.token_with("imports:read imports:write workers:write organizations:write")
}

fn a_patch_keeps_personal_data_that_the_caller_cannot_see(app: &TestApp) {
    let id = app.worker(json!({"personal": {"name": "佐藤 陽子"}}));
    let bearer = format!("Bearer {}", app.token(UserRole::Importer));
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/merge-patch+json"),
    ];
    let patched = app
        .send(
            "PATCH",
            &format!("/v1/workers/{id}"),
            &headers,
            br#"{"hours_per_week": 3}"#,
        )
        .expect(200);
    assert!(patched.json()["personal"].is_null());
    assert_eq!(
        app.get(&format!("/v1/workers/{id}")).json()["personal"]["name"],
        "佐藤 陽子"
    );
}

#[test]
fn the_document_uses_every_scope_of_the_permission_table() {
    let document = Document::shared();
    let mut declared = musubi::server::document::declared_scopes(&document);
    // These belong to no operation. They extend what other operations show or allow.
    let widening = [
        "personal_data:read",
        "deliverables:decide",
        "applications:decide",
        "applications:withdraw",
    ];
    declared.extend(widening.map(str::to_owned));
    let known: std::collections::BTreeSet<String> =
        PERMISSIONS.iter().map(|row| row.scope.to_owned()).collect();
    assert_eq!(declared, known);
}

/// Every property that takes words about people, and that its writer may not read: the right guess is answered as a wrong one.
fn who_cannot_read_words_cannot_guess_them_either(app: &TestApp) {
    let path_of = |answer: &crate::support::Response| answer.header("location").to_owned();
    let team = json!({"roles": [{"role": "designer", "places": 2, "skills": []}]});
    let organization = app.organization("風");
    let request = app.deliverable(&organization, team);
    let agreement = json!({"goal": "会員を10人増やす。", "schedule": "平日の夜"});
    let apply = || {
        let bid = json!({"deliverable_id": request, "worker_id": app.worker(json!({})), "role": "designer"});
        path_of(&app.post("/v1/applications", &bid).expect(201))
    };
    let (noted, offered, declined) = (apply(), apply(), apply());
    app.patch(&noted, &json!({"note": "himitsu"})).expect(200);
    app.patch(&offered, &json!({"status": "offered", "agreement": agreement}))
        .expect(200);
    app.patch(
        &declined,
        &json!({"status": "declined", "reason": "skills", "note": "himitsu"}),
    )
    .expect(200);
    let accompaniment = json!({"needs": "担い手", "supports": ["workshop"], "advisors": ["himitsu"]});
    let project = json!({"organization_id": organization, "title": "伴走", "accompaniment": accompaniment});
    let project = path_of(&app.post("/v1/projects", &project).expect(201));
    app.patch(&project, &json!({"status": "in_progress", "message": "himitsu"}))
        .expect(200);
    let over =
        json!({"organization_id": organization, "title": "終わった伴走", "accompaniment": accompaniment});
    let over = path_of(&app.post("/v1/projects", &over).expect(201));
    app.patch(
        &over,
        &json!({"status": "cancelled", "reason": "schedule", "message": "himitsu"}),
    )
    .expect(200);
    let entry = |kind: &str, body: Value| {
        let answer = app.post(&format!("{project}/{kind}"), &body).expect(201);
        format!("{project}/{kind}/{}", answer.json()["id"].as_str().unwrap())
    };
    let meeting = json!({"title": "訪問", "starts_at": "2027-05-01T01:00:00Z", "minutes": "himitsu"});
    let meeting = entry("meetings", meeting);
    let note = entry("notes", json!({"text": "himitsu"}));
    let artifact = |status: &str| {
        let link = "https://example.jp/flyer";
        let path = entry(
            "artifacts",
            json!({"title": "案", "link": link, "note": "himitsu"}),
        );
        if status != "draft" {
            app.patch(&path, &json!({"status": "submitted"})).expect(200);
            let answer = json!({"status": status, "answer": "himitsu"});
            app.patch_read(&path, &app.admin, &answer).expect(200);
        }
        path
    };
    let (draft, accepted) = (artifact("draft"), artifact("accepted"));
    let narrow = app.token_with(
        "applications:read applications:write applications:decide applications:submit projects:read projects:write \
         project_work:read project_work:write deliverables:read deliverables:write deliverables:decide",
    );
    let of = |pointer: &'static str| {
        move |value: Value| {
            let mut body = value;
            for member in pointer.rsplit('/').filter(|member| !member.is_empty()) {
                body = json!({member: body});
            }
            body
        }
    };
    for (path, pointer, right, wrong, status) in [
        (&noted, "/note", json!("himitsu"), json!("other"), 200),
        (&noted, "/note", Value::Null, json!("other"), 200),
        (&noted, "/agreement", Value::Null, agreement.clone(), 422),
        (
            &offered,
            "/agreement",
            agreement.clone(),
            json!({"goal": "一", "schedule": "二"}),
            200,
        ),
        (&declined, "/note", json!("himitsu"), json!("other"), 200),
        (&project, "/message", json!("himitsu"), json!("other"), 200),
        (
            &project,
            "/accompaniment/advisors",
            json!(["himitsu"]),
            json!(["other"]),
            200,
        ),
        (
            &project,
            "/accompaniment/advisors",
            json!([]),
            json!(["other"]),
            200,
        ),
        (&over, "/message", json!("himitsu"), json!("other"), 409),
        (
            &over,
            "/accompaniment/advisors",
            json!(["himitsu"]),
            json!(["other"]),
            409,
        ),
        (&meeting, "/minutes", json!("himitsu"), json!("other"), 200),
        (&note, "/text", json!("himitsu"), json!("other"), 200),
        (&draft, "/note", json!("himitsu"), json!("other"), 200),
        (&draft, "/note", Value::Null, json!("other"), 200),
        (&accepted, "/note", json!("himitsu"), json!("other"), 409),
        (&accepted, "/answer", json!("himitsu"), json!("other"), 409),
    ] {
        let version = || app.get(path).expect(200).json()["version"].as_i64().unwrap();
        let body = of(pointer);
        for guess in [&right, &wrong, &right, &right] {
            let before = version();
            let shown = app.call("GET", path, &narrow, &Value::Null).expect(200);
            assert!(!shown.text.contains("himitsu"), "{path}");
            let answer = app.call("PATCH", path, &narrow, &body(guess.clone()));
            assert_eq!(answer.status, status, "{path} {guess} {}", answer.text);
            let moved = i64::from(status == 200);
            assert_eq!(version(), before + moved, "{path} {pointer} {guess}");
        }
        // Who reads it changes nothing by writing what is there, and nor does the patch of something else.
        if status == 200 {
            let before = version();
            app.call("PATCH", path, &app.admin, &body(right.clone()))
                .expect(200);
            app.call("PATCH", path, &narrow, &json!({})).expect(200);
            assert_eq!(version(), before, "{path}");
        }
    }
    // Half an agreement doesn't tell whether there is one.
    let blank = apply();
    app.patch(&blank, &json!({"status": "offered"})).expect(200);
    let [some, none] = [&offered, &blank].map(|path| {
        let half = json!({"agreement": {"goal": "一"}});
        app.call("PATCH", path, &narrow, &half).expect(422).faults()
    });
    assert_eq!(some, none);
}
