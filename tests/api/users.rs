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
    the_first_administrator_registers_at_the_printed_link,
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
}

fn roles_require_their_belonging_and_read_only_fields_are_refused(app: &TestApp) {
    let refused = |more: Value| {
        let mut body = json!({"email": "a@example.jp", "name": "鈴木", "role": "admin"});
        crate::support::merge(&mut body, more);
        app.post("/v1/users", &body).expect(422).faults().remove(0)
    };
    let nobody = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";
    assert_eq!(refused(json!({"role": "coordinator"})).1, "invalid_belonging");
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
    app.delete(&path(&other)).expect(204);
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
