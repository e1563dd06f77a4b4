//! Inviting, changing and removing users.

use crate::support::{PASSWORD, TestApp, assert_includes, on_both};
use serde_json::{Value, json};

fn accept(app: &TestApp, token: &Value, more: Value) -> crate::support::Response {
    let mut body = json!({"token": token, "password": PASSWORD});
    crate::support::merge(&mut body, more);
    app.call("POST", "/v1/auth/invitations/accept", "", &body)
}

on_both! {
    an_invitation_works_once,
    a_new_link_replaces_older_ones_and_revokes_sessions_when_used,
    a_repeated_request_returns_the_user_without_the_link,
    roles_require_their_belonging_and_read_only_fields_are_refused,
    the_last_administrator_remains_and_a_suspended_user_loses_access_immediately,
    a_new_role_applies_from_the_next_request,
    a_link_ends_when_its_account_becomes_another,
    the_first_administrator_registers_at_the_printed_link,
    the_page_of_a_link_says_who_invites_to_what,
    every_fault_of_an_acceptance_is_reported_at_once,
    a_password_reset_is_audited_and_ends_all_sessions,
    the_command_line_gives_a_link_for_a_new_password,
    the_page_of_an_invitation_knows_its_fields_and_operations,
}

fn an_invitation_works_once(app: &TestApp) {
    let invited = app
        .post(
            "/v1/users",
            &json!({"email": "Suzuki@Example.jp", "name": "鈴木", "role": "coordinator", "areas": ["13104"]}),
        )
        .expect(201);
    let (user, invitation) = (&invited.json()["user"], &invited.json()["invitation"]);
    let expected = json!({"email": "suzuki@example.jp", "areas": ["131041"], "has_password": false});
    assert_includes(user, &expected);
    let token = invitation["token"].as_str().unwrap();
    assert_eq!(
        invitation["link"],
        format!("https://musubi.example.jp/invitation#{token}")
    );
    assert_eq!(
        accept(app, &json!(token), json!({"password": "password1234"}))
            .expect(422)
            .faults(),
        [("/password".into(), "weak_password".into())]
    );
    accept(app, &json!(token), json!({})).expect(204);
    assert_eq!(
        accept(app, &json!(token), json!({})).expect(422).faults(),
        [("/token".into(), "invalid_invitation".into())]
    );
    assert_eq!(
        accept(app, &json!("miv_x"), json!({})).expect(422).faults(),
        [("/token".into(), "invalid_invitation".into())]
    );
    app.login("SUZUKI@example.jp");
    let path = format!("/v1/users/{}", user["id"].as_str().unwrap());
    let shown = app.get(&path).expect(200).json();
    assert!(
        shown["has_password"] == true && !shown["last_login_at"].is_null(),
        "{shown}"
    );
    assert!(shown.get("password_hash").is_none());
}

fn a_new_link_replaces_older_ones_and_revokes_sessions_when_used(app: &TestApp) {
    let user = app.user("a@example.jp", json!({}));
    let path = format!("/v1/users/{}/invitations", user["id"].as_str().unwrap());
    let session = app.login("a@example.jp");
    let older = app.post(&path, &json!({})).expect(201).json();
    let newer = app.post(&path, &json!({})).expect(201).json();
    accept(app, &older["token"], json!({})).expect(422);
    let access = session["access_token"].as_str().unwrap();
    app.call("GET", "/v1/auth/me", access, &Value::Null).expect(200);
    accept(
        app,
        &newer["token"],
        json!({"password": "夏の川で魚を三匹つかまえた"}),
    )
    .expect(204);
    app.call("GET", "/v1/auth/me", access, &Value::Null).expect(401);
    app.call(
        "POST",
        "/v1/auth/login",
        "",
        &json!({"email": "a@example.jp", "password": PASSWORD}),
    )
    .expect(401);
}

fn a_repeated_request_returns_the_user_without_the_link(app: &TestApp) {
    let body = json!({"email": "a@example.jp", "name": "鈴木", "role": "auditor"});
    let headers = [("idempotency-key", "invite-1")];
    let first = app.post_with("/v1/users", &headers, &body).expect(201).json();
    let again = app.post_with("/v1/users", &headers, &body).expect(201).json();
    assert_eq!(first["user"], again["user"]);
    assert!(first["invitation"]["token"].is_string());
    assert_includes(&again, &json!({"invitation": {"token": null, "link": null}}));
    accept(app, &first["invitation"]["token"], json!({})).expect(204);
    assert_eq!(app.post("/v1/users", &body).expect(409).code(), "duplicate_user");
    // It doesn't show who had the account before.
    let path = format!("/v1/users/{}", first["user"]["id"].as_str().unwrap());
    app.patch(&path, &json!({"name": "鈴木 花子"})).expect(200);
    let again = app.post_with("/v1/users", &headers, &body).expect(410);
    assert_eq!(again.code(), "idempotency_key_used_up");
}

fn roles_require_their_belonging_and_read_only_fields_are_refused(app: &TestApp) {
    let refused = |more: Value| {
        let mut body = json!({"email": "a@example.jp", "name": "鈴木", "role": "admin"});
        crate::support::merge(&mut body, more);
        app.post("/v1/users", &body).expect(422).faults().remove(0)
    };
    let nobody = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";
    assert_eq!(refused(json!({"role": "coordinator"})).1, "invalid_belonging");
    let said = app.post(
        "/v1/users",
        &json!({"email": "a@example.jp", "name": "鈴木", "role": "coordinator"}),
    );
    assert!(said.text.contains("担当の地域を一つ以上"), "{}", said.text);
    assert_eq!(refused(json!({"role": "partner"})).1, "role_for_apps");
    assert_eq!(
        refused(json!({"role": "worker", "worker_id": nobody})),
        ("/worker_id".into(), "unknown_worker".into())
    );
    assert_eq!(
        refused(json!({"role": "organization", "organization_id": nobody})),
        ("/organization_id".into(), "unknown_organization".into())
    );
    assert_eq!(
        refused(json!({"role": "coordinator", "areas": ["999999"]})).0,
        "/areas/0"
    );
    for (field, value) in [
        ("password_hash", json!("x")),
        ("has_password", json!(true)),
        ("id", json!(nobody)),
        ("version", json!(9)),
    ] {
        assert_eq!(
            refused(json!({field: value})),
            (format!("/{field}"), "unknown_field".into())
        );
    }
}

fn the_last_administrator_remains_and_a_suspended_user_loses_access_immediately(app: &TestApp) {
    let (one, other) = (
        app.user("a@example.jp", json!({})),
        app.user("b@example.jp", json!({})),
    );
    let path = |user: &Value| format!("/v1/users/{}", user["id"].as_str().unwrap());
    let access = app.login("b@example.jp")["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    app.call("GET", "/v1/users", &access, &Value::Null).expect(200);
    app.patch(&path(&other), &json!({"status": "suspended"}))
        .expect(200);
    app.call("GET", "/v1/users", &access, &Value::Null).expect(401);
    app.call(
        "POST",
        "/v1/auth/login",
        "",
        &json!({"email": "b@example.jp", "password": PASSWORD}),
    )
    .expect(401);
    for last in [
        app.patch(&path(&one), &json!({"status": "suspended"})),
        app.patch(&path(&one), &json!({"role": "auditor"})),
        app.delete(&path(&one)),
    ] {
        assert_eq!(last.expect(409).code(), "last_admin");
    }
    // Who got another address has no password until they choose one, and lets nobody in.
    app.patch(
        &path(&other),
        &json!({"status": "active", "email": "c@example.jp"}),
    )
    .expect(200);
    let last = app.patch(&path(&one), &json!({"status": "suspended"}));
    assert_eq!(last.expect(409).code(), "last_admin");
    app.delete(&path(&other)).expect(204);
    // The last one, too, gets in again by a link.
    app.patch(&path(&one), &json!({"email": "d@example.jp"}))
        .expect(200);
    let last = app.delete(&path(&one));
    assert_eq!(last.expect(409).code(), "last_admin");
    app.get(&path(&other)).expect(404);
    assert_eq!(
        app.get("/v1/users?role=admin").json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

fn a_new_role_applies_from_the_next_request(app: &TestApp) {
    app.user("a@example.jp", json!({}));
    let user = app.user("b@example.jp", json!({}));
    let access = app.login("b@example.jp")["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    app.patch(
        &format!("/v1/users/{}", user["id"].as_str().unwrap()),
        &json!({"role": "importer"}),
    )
    .expect(200);
    assert_eq!(
        app.call("GET", "/v1/users", &access, &Value::Null)
            .expect(403)
            .code(),
        "insufficient_scope"
    );
    assert_eq!(
        app.call("GET", "/v1/auth/me", &access, &Value::Null)
            .expect(200)
            .json()["role"],
        "importer"
    );
}

fn a_link_ends_when_its_account_becomes_another(app: &TestApp) {
    app.user("admin@example.jp", json!({}));
    let invite = |email: &str| {
        let body = json!({"email": email, "name": "鈴木", "role": "coordinator", "areas": ["131041"]});
        let invited = app.post("/v1/users", &body).expect(201).json();
        let path = format!("/v1/users/{}", invited["user"]["id"].as_str().unwrap());
        (path, invited["invitation"]["token"].clone())
    };
    for (email, change) in [
        ("wrong@example.jp", json!({"email": "right@example.jp"})),
        ("1@example.jp", json!({"areas": ["131130"]})),
        ("2@example.jp", json!({"role": "auditor", "areas": []})),
        ("3@example.jp", json!({"status": "suspended"})),
    ] {
        let (path, token) = invite(email);
        app.patch(&path, &change).expect(200);
        assert_eq!(
            accept(app, &token, json!({})).expect(422).faults(),
            [("/token".into(), "invalid_invitation".into())],
            "{change}"
        );
    }
    let (path, token) = invite("4@example.jp");
    app.patch(&path, &json!({"name": "鈴木 花子"})).expect(200);
    accept(app, &token, json!({})).expect(204);
    // What led into an account doesn't lead whoever has its next address to it, or whoever had the former one.
    let access = app.login("4@example.jp")["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let link = app
        .post(&format!("{path}/invitations"), &json!({}))
        .expect(201)
        .json();
    let log_in = |email: &str| {
        let login = json!({"email": email, "password": PASSWORD});
        app.call("POST", "/v1/auth/login", "", &login)
    };
    let moved = app
        .patch(&path, &json!({"email": "5@example.jp"}))
        .expect(200)
        .json();
    assert_includes(&moved, &json!({"email": "5@example.jp", "has_password": false}));
    app.call("GET", "/v1/auth/me", &access, &Value::Null).expect(401);
    accept(app, &link["token"], json!({})).expect(422);
    log_in("4@example.jp").expect(401);
    log_in("5@example.jp").expect(401);
    let link = app
        .post(&format!("{path}/invitations"), &json!({}))
        .expect(201)
        .json();
    accept(app, &link["token"], json!({})).expect(204);
    log_in("5@example.jp").expect(200);
    // Another spelling is the same address, and one's own stays one's own.
    app.patch(&path, &json!({"email": "5@Example.jp"})).expect(200);
    log_in("5@example.jp").expect(200);
    let own = app.user("6@example.jp", json!({}));
    let access = app.login("6@example.jp")["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v1/users/{}", own["id"].as_str().unwrap());
    app.call("PATCH", &path, &access, &json!({"email": "7@example.jp"}))
        .expect(200);
    app.call("GET", "/v1/auth/me", &access, &Value::Null).expect(401);
    log_in("7@example.jp").expect(200);
}

fn the_first_administrator_registers_at_the_printed_link(app: &TestApp) {
    let invite = || {
        app.state
            .pool
            .write_blocking(|db| musubi::users::actions::invite_first_administrator(db, "http://x"))
            .unwrap()
    };
    let (one, other) = (invite().unwrap(), invite().unwrap());
    let incomplete = accept(app, &json!(one.token), json!({})).expect(422).faults();
    assert_eq!(
        incomplete
            .iter()
            .map(|(place, _)| place.as_str())
            .collect::<Vec<_>>(),
        ["/email", "/name"]
    );
    accept(
        app,
        &json!(one.token),
        json!({"email": "First@Example.jp", "name": "最初"}),
    )
    .expect(204);
    let me = app.login("first@example.jp");
    let me = app
        .call(
            "GET",
            "/v1/auth/me",
            me["access_token"].as_str().unwrap(),
            &Value::Null,
        )
        .expect(200)
        .json();
    assert_includes(&me, &json!({"role": "admin", "user": {"name": "最初"}}));
    accept(
        app,
        &json!(other.token),
        json!({"email": "second@example.jp", "name": "二番"}),
    )
    .expect(422);
    assert!(invite().is_none());
}

fn show(app: &TestApp, token: &Value) -> Value {
    let shown = app.call("POST", "/v1/auth/invitations/show", "", &json!({"token": token}));
    let shown = shown.expect(200);
    assert_eq!(shown.header("cache-control"), "no-store");
    shown.json()
}

fn the_page_of_a_link_says_who_invites_to_what(app: &TestApp) {
    let app = &app.another_with(&["--frontend-url=https://app.example.jp/"]);
    app.user("boss@example.jp", json!({"name": "田中 花子"}));
    let boss = app.login("boss@example.jp");
    let boss = boss["access_token"].as_str().unwrap();
    let invite = |body: &Value| app.call("POST", "/v1/users", boss, body).expect(201).json();
    let coordinator = json!({"email": "a@example.jp", "name": "鈴木", "role": "coordinator", "areas": ["131041", "131130"]});
    let organization = app.organization("風のやすみば");
    let member = json!({"email": "b@example.jp", "name": "佐藤", "role": "organization", "organization_id": organization});
    for (body, place) in [(&coordinator, "新宿区、渋谷区"), (&member, "風のやすみば")] {
        let invited = invite(body);
        let shown = show(app, &invited["invitation"]["token"]);
        let expected = json!({"purpose": "invitation", "invited_by": "田中 花子", "email": body["email"], "name": body["name"],
            "role": body["role"], "place": place, "login_url": "https://app.example.jp/",
            "expires_at": invited["invitation"]["expires_at"]});
        assert_eq!(shown, expected);
    }
    // Showing it doesn't use it up. A wrong secret says nothing.
    let invited = invite(&json!({"email": "c@example.jp", "name": "森", "role": "auditor"}));
    let token = &invited["invitation"]["token"];
    assert_eq!(show(app, token), show(app, token));
    accept(app, token, json!({})).expect(204);
    for gone in [token, &json!("miv_x")] {
        let shown = app.call("POST", "/v1/auth/invitations/show", "", &json!({"token": gone}));
        assert_eq!(
            shown.expect(422).faults(),
            [("/token".into(), "invalid_invitation".into())]
        );
    }
    // Whatever the script looks up is on the page.
    let (page, script) = (
        app.send("GET", "/invitation", &[], b""),
        app.send("GET", "/invitation.js", &[], b""),
    );
    for part in script.expect(200).text.split("byId(\"").skip(1) {
        let id = part.split('"').next().unwrap();
        assert!(page.text.contains(&format!("id=\"{id}\"")), "{id}");
    }
}

fn every_fault_of_an_acceptance_is_reported_at_once(app: &TestApp) {
    let first = app
        .state
        .pool
        .write_blocking(|db| musubi::users::actions::invite_first_administrator(db, "http://x"))
        .unwrap();
    let token = json!(first.unwrap().token);
    let shown = show(app, &token);
    // Without another frontend, the console is where one logs in.
    assert_includes(
        &shown,
        &json!({"purpose": "first_administrator", "email": null, "login_url": "https://musubi.example.jp/"}),
    );
    let faults = |more: Value| {
        let mut faults = accept(app, &token, more).expect(422).faults();
        faults.sort();
        faults
    };
    let fault = |place: &str, code: &str| (place.to_owned(), code.to_owned());
    assert_eq!(
        faults(json!({"password": "short"})),
        [
            fault("/email", "missing_field"),
            fault("/name", "missing_field"),
            fault("/password", "invalid_length")
        ]
    );
    assert_eq!(
        faults(json!({"password": "password1234", "email": "nobody", "name": " "})),
        [
            fault("/email", "invalid_email"),
            fault("/name", "blank"),
            fault("/password", "weak_password")
        ]
    );
    // The person's data makes a password easy to guess, also if only the invitation has it.
    accept(app, &token, json!({"email": "boss@example.jp", "name": "田中"})).expect(204);
    let invited = app.post(
        "/v1/users",
        &json!({"email": "suzuki.ichiro.1@example.jp", "name": "鈴木", "role": "auditor"}),
    );
    let invited = invited.expect(201).json();
    let resembling = json!({"password": "suzuki.ichiro.1"});
    assert_eq!(
        accept(app, &invited["invitation"]["token"], resembling)
            .expect(422)
            .faults(),
        [fault("/password", "weak_password")]
    );
}

fn a_password_reset_is_audited_and_ends_all_sessions(app: &TestApp) {
    let user = app.user("a@example.jp", json!({}));
    let sessions = [app.login("a@example.jp"), app.login("a@example.jp")];
    let id = user["id"].as_str().unwrap();
    let link = app
        .post(&format!("/v1/users/{id}/invitations"), &json!({}))
        .expect(201)
        .json();
    let shown = show(app, &link["token"]);
    assert_includes(
        &shown,
        &json!({"purpose": "password_reset", "email": "a@example.jp", "invited_by": null}),
    );
    accept(
        app,
        &link["token"],
        json!({"password": "夏の川で魚を三匹つかまえた"}),
    )
    .expect(204);
    for tokens in &sessions {
        let access = tokens["access_token"].as_str().unwrap();
        app.call("GET", "/v1/auth/me", access, &Value::Null).expect(401);
        app.call(
            "POST",
            "/v1/auth/refresh",
            "",
            &json!({"refresh_token": tokens["refresh_token"]}),
        )
        .expect(401);
    }
    let audit = app.get(&format!("/v1/audit?subject_id={id}")).expect(200).json();
    let actions: Vec<&str> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions[..2], ["password.chosen", "password_reset.created"]);
    assert!(actions.contains(&"user.invited"));
}

fn the_command_line_gives_a_link_for_a_new_password(app: &TestApp) {
    app.user("suzuki@example.jp", json!({}));
    let session = app.login("suzuki@example.jp");
    let config = app.config();
    let run = |email: &str| {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_musubi"));
        program.arg("--data-dir").arg(&config.data_dir);
        program.args(["user", "reset-password", "--email", email]);
        program.env("MUSUBI_TOKEN_KEY", crate::support::KEY);
        match &config.database_url {
            Some(url) => program.env("DATABASE_URL", url),
            None => program.env_remove("DATABASE_URL"),
        };
        program.output().unwrap()
    };
    let printed = run("Suzuki@example.jp");
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(
        printed.status.success() && text.contains("/invitation#"),
        "{text}"
    );
    let token = text
        .split("/invitation#")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    let shown = app
        .call("POST", "/v1/auth/invitations/show", "", &json!({"token": token}))
        .expect(200)
        .json();
    assert_eq!(
        (&shown["purpose"], &shown["email"]),
        (&json!("password_reset"), &json!("suzuki@example.jp"))
    );
    // Until it is used, the old password is good.
    app.login("suzuki@example.jp");
    let acceptance = json!({"token": token, "password": "another horse battery staple"});
    app.call("POST", "/v1/auth/invitations/accept", "", &acceptance)
        .expect(204);
    app.call("POST", "/v1/auth/invitations/accept", "", &acceptance)
        .expect(422);
    let login = |password: &str| {
        let body = json!({"email": "suzuki@example.jp", "password": password});
        app.call("POST", "/v1/auth/login", "", &body).status
    };
    assert_eq!(
        (
            login(crate::support::PASSWORD),
            login("another horse battery staple")
        ),
        (401, 200)
    );
    let access = session["access_token"].as_str().unwrap();
    app.call("GET", "/v1/auth/me", access, &Value::Null).expect(401);
    // Who isn't there gets no link, and the program says so.
    let unknown = run("nobody@example.jp");
    assert!(
        !unknown.status.success()
            && !String::from_utf8(unknown.stdout)
                .unwrap()
                .contains("/invitation#")
    );
}

fn the_page_of_an_invitation_knows_its_fields_and_operations(app: &TestApp) {
    let page = app.send("GET", "/invitation", &[], b"").expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    // The secret is behind the #, so that the page itself is the same for everybody and may not be framed.
    assert!(
        page.header("content-security-policy")
            .contains("frame-ancestors 'none'")
    );
    let script = app.send("GET", "/invitation.js", &[], b"").expect(200);
    assert!(script.header("content-type").starts_with("text/javascript"));
    for id in [
        "email-error",
        "name-error",
        "password-error",
        "invitation",
        "first",
        "status",
        "onward",
        "login",
    ] {
        assert!(page.text.contains(&format!("id=\"{id}\"")), "{id}");
    }
    for field in ["email", "name", "password"] {
        assert!(
            page.text.contains(&format!("name=\"{field}\"")) && script.text.contains(field),
            "{field}"
        );
    }
    // What the script sends is what the operations take, and it knows every purpose and role.
    let document: Value = serde_json::from_str(musubi::server::document::Document::shared().text()).unwrap();
    for operation in ["show", "accept"] {
        assert!(
            script
                .text
                .contains(&format!("\"/v1/auth/invitations/{operation}\"")),
            "{operation}"
        );
        assert!(document["paths"][format!("/v1/auth/invitations/{operation}")]["post"].is_object());
    }
    let purposes = &document["components"]["schemas"]["InvitationPurpose"]["enum"];
    let purposes: Vec<&str> = purposes
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap())
        .collect();
    assert_eq!(purposes.len(), 3);
    use strum::VariantArray;
    let roles = musubi::auth::UserRole::VARIANTS
        .iter()
        .map(|role| role.code())
        .filter(|role| *role != "partner");
    for word in purposes.into_iter().chain(roles) {
        assert!(script.text.contains(&format!("  {word}:")), "{word}");
    }
    // Nothing is loaded from elsewhere, and no text becomes markup.
    for text in [&page.text, &script.text] {
        assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("innerHTML"));
    }
}
