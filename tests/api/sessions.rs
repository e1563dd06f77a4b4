//! Logging in, refreshing, logging out, and guessing.

use crate::support::{PASSWORD, TestApp, assert_includes, on_both};
use serde_json::{Value, json};

fn login_as(app: &TestApp, email: &str, password: &str) -> crate::support::Response {
    app.call(
        "POST",
        "/v1/auth/login",
        "",
        &json!({"email": email, "password": password}),
    )
}

fn refresh(app: &TestApp, token: &Value) -> crate::support::Response {
    app.call("POST", "/v1/auth/refresh", "", &json!({"refresh_token": token}))
}

fn me(app: &TestApp, tokens: &Value) -> u16 {
    app.call(
        "GET",
        "/v1/auth/me",
        tokens["access_token"].as_str().unwrap(),
        &Value::Null,
    )
    .status
}

on_both! {
    refresh_tokens_rotate_and_a_stolen_one_revokes_the_session,
    one_of_many_simultaneous_refreshes_succeeds_and_the_session_is_revoked,
    a_refresh_cookie_needs_the_csrf_header,
    logging_out_revokes_the_session_immediately,
    only_the_owner_lists_and_revokes_sessions,
    a_new_password_revokes_the_other_sessions,
    throttles_unknown_accounts_like_known_ones,
    throttles_an_address_that_tries_many_accounts,
    a_command_line_token_has_no_session,
}

fn refresh_tokens_rotate_and_a_stolen_one_revokes_the_session(app: &TestApp) {
    app.user("a@example.jp", json!({}));
    let (first, elsewhere) = (app.login("a@example.jp"), app.login("a@example.jp"));
    let second = refresh(app, &first["refresh_token"]).expect(200).json();
    let third = refresh(app, &second["refresh_token"]).expect(200).json();
    assert_eq!([me(app, &first), me(app, &third)], [200, 200]);
    refresh(app, &first["refresh_token"]).expect(401);
    refresh(app, &third["refresh_token"]).expect(401);
    assert_eq!(
        [me(app, &first), me(app, &third), me(app, &elsewhere)],
        [401, 401, 200]
    );
    refresh(app, &json!("mrt_made_up")).expect(401);
    refresh(app, &elsewhere["refresh_token"]).expect(200);
}

fn one_of_many_simultaneous_refreshes_succeeds_and_the_session_is_revoked(app: &TestApp) {
    app.user("a@example.jp", json!({}));
    let first = app.login("a@example.jp");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| refresh(app, &first["refresh_token"]).status))
            .collect();
        tries.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
    assert_eq!(me(app, &first), 401);
}

fn a_refresh_cookie_needs_the_csrf_header(app: &TestApp) {
    app.user("a@example.jp", json!({}));
    let login = json!({"email": "a@example.jp", "password": PASSWORD, "cookie": true});
    let response = app.call("POST", "/v1/auth/login", "", &login).expect(200);
    assert_eq!(response.header("cache-control"), "no-store");
    let cookies: Vec<String> = response
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|c| c.to_str().unwrap().to_owned())
        .collect();
    let refresh_cookie = cookies
        .iter()
        .find(|c| c.starts_with("__Secure-musubi_refresh="))
        .unwrap();
    for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/v1/auth"] {
        assert!(refresh_cookie.contains(attribute), "{refresh_cookie}");
    }
    let tokens = response.json();
    assert!(tokens["refresh_token"].is_null());
    let csrf = tokens["csrf_token"].as_str().unwrap();
    let readable = cookies
        .iter()
        .find(|c| c.starts_with("__Secure-musubi_csrf="))
        .unwrap();
    assert!(
        readable.contains(csrf) && !readable.contains("HttpOnly"),
        "{readable}"
    );
    let cookie = refresh_cookie.split(';').next().unwrap();
    let json = ("content-type", "application/json");
    for forged in [vec![], vec![("x-csrf-token", "x")], vec![("x-csrf-token", "")]] {
        let headers = [vec![json, ("cookie", cookie)], forged].concat();
        app.send("POST", "/v1/auth/refresh", &headers, b"{}").expect(403);
        app.send("POST", "/v1/auth/logout", &headers, b"{}").expect(403);
    }
    let headers = [json, ("cookie", cookie), ("x-csrf-token", csrf)];
    let refreshed = app.send("POST", "/v1/auth/refresh", &headers, b"{}").expect(200);
    assert!(refreshed.header("set-cookie").contains("__Secure-musubi_"));
    // Without the cookie, the request has no refresh token.
    app.send("POST", "/v1/auth/refresh", &[json], b"{}").expect(401);
}

fn logging_out_revokes_the_session_immediately(app: &TestApp) {
    app.user("a@example.jp", json!({}));
    let tokens = app.login("a@example.jp");
    app.call(
        "POST",
        "/v1/auth/logout",
        "",
        &json!({"refresh_token": tokens["refresh_token"]}),
    )
    .expect(204);
    assert_eq!(me(app, &tokens), 401);
    refresh(app, &tokens["refresh_token"]).expect(401);
    app.call(
        "POST",
        "/v1/auth/logout",
        "",
        &json!({"refresh_token": "mrt_unknown"}),
    )
    .expect(204);
}

fn only_the_owner_lists_and_revokes_sessions(app: &TestApp) {
    app.user("a@example.jp", json!({}));
    app.user("b@example.jp", json!({}));
    let (here, there, others) = (
        app.login("a@example.jp"),
        app.login("a@example.jp"),
        app.login("b@example.jp"),
    );
    let access = |tokens: &Value| tokens["access_token"].as_str().unwrap().to_owned();
    let listed = app
        .call("GET", "/v1/auth/sessions", &access(&here), &Value::Null)
        .expect(200)
        .json();
    assert_includes(
        &listed["items"],
        &json!([{"current": false, "address": "127.0.0.1"}, {"current": true}]),
    );
    let path = format!("/v1/auth/sessions/{}", listed["items"][0]["id"].as_str().unwrap());
    app.call("DELETE", &path, &access(&others), &Value::Null)
        .expect(404);
    assert_eq!(me(app, &there), 200);
    app.call("DELETE", &path, &access(&here), &Value::Null)
        .expect(204);
    app.call("DELETE", &path, &access(&here), &Value::Null)
        .expect(404);
    assert_eq!(
        [me(app, &here), me(app, &there), me(app, &others)],
        [200, 401, 200]
    );
}

fn a_new_password_revokes_the_other_sessions(app: &TestApp) {
    app.user("a@example.jp", json!({}));
    let (here, there) = (app.login("a@example.jp"), app.login("a@example.jp"));
    let change = |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        app.call(
            "POST",
            "/v1/auth/password",
            here["access_token"].as_str().unwrap(),
            &body,
        )
    };
    change("wrong", "夏の川で魚を三匹つかまえた").expect(401);
    assert_eq!(
        change(PASSWORD, "a@example.jp").expect(422).faults(),
        [("/new_password".into(), "weak_password".into())]
    );
    change(PASSWORD, "夏の川で魚を三匹つかまえた").expect(204);
    assert_eq!([me(app, &here), me(app, &there)], [200, 401]);
    login_as(app, "a@example.jp", PASSWORD).expect(401);
    login_as(app, "a@example.jp", "夏の川で魚を三匹つかまえた").expect(200);
}

fn throttles_unknown_accounts_like_known_ones(app: &TestApp) {
    app.user("a@example.jp", json!({}));
    // How many attempts were checked before one was refused. A slow machine may let a few more through.
    let answers = |email: &str| {
        let all: Vec<_> = (0..30).map(|_| login_as(app, email, "wrong")).collect();
        let first = all.iter().position(|answer| answer.status == 429).unwrap();
        assert!(
            first >= 5 && all[..first].iter().all(|answer| answer.status == 401),
            "{first}"
        );
        let summary = |answer: &crate::support::Response| {
            let problem = answer.json();
            (
                answer.code(),
                problem["title"].clone(),
                problem.as_object().unwrap().len(),
            )
        };
        (
            all[0].json()["detail"].clone(),
            summary(&all[0]),
            summary(&all[first]),
        )
    };
    assert_eq!(answers("a@example.jp"), answers("nobody@example.jp"));
    // On a slow machine the pause may have ended by now.
    while login_as(app, "a@example.jp", "wrong").status != 429 {}
    let slowed = login_as(app, "A@example.jp", PASSWORD).expect(429);
    assert_eq!(slowed.code(), "too_many_attempts");
    assert!(slowed.header("retry-after").parse::<u64>().unwrap() >= 1);
}

fn throttles_an_address_that_tries_many_accounts(app: &TestApp) {
    let from = |address: &str, email: String| {
        let headers = [("content-type", "application/json"), ("x-forwarded-for", address)];
        let body = json!({"email": email, "password": "wrong"}).to_string();
        app.send("POST", "/v1/auth/login", &headers, body.as_bytes())
            .status
    };
    let first = (0..100)
        .position(|i| from("203.0.113.7", format!("{i}@example.jp")) == 429)
        .unwrap();
    assert!(first >= 50, "{first}");
    assert_eq!(from("203.0.113.8", "x@example.jp".into()), 401);
}

fn a_command_line_token_has_no_session(app: &TestApp) {
    let me = app.get("/v1/auth/me").expect(200).json();
    assert_includes(&me, &json!({"user": null, "role": "admin", "subject": "test"}));
    assert_eq!(
        app.get("/v1/auth/sessions").expect(200).json()["items"],
        json!([])
    );
    app.post(
        "/v1/auth/password",
        &json!({"current_password": "x", "new_password": "夏の川で魚を三匹つかまえた"}),
    )
    .expect(404);
}
