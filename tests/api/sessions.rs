//! Logging in, refreshing, logging out, and guessing.

use crate::support::{PASSWORD, Response, TestApp, assert_includes, on_both, server_config};
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
    a_page_of_a_configured_origin_continues_its_session_after_a_reload,
    nobody_can_lock_somebody_else_out,
    guesses_from_many_addresses_are_slowed_down_except_on_known_devices,
    refused_attempts_count_for_the_address,
    a_right_invitation_is_accepted_from_a_throttled_address,
    a_session_guesses_its_password_alone,
    counters_of_failures_are_bounded,
    the_sessions_of_an_account_are_bounded,
    logging_out_revokes_the_session_immediately,
    only_the_owner_lists_and_revokes_sessions,
    a_new_password_revokes_the_other_sessions,
    throttles_unknown_accounts_like_known_ones,
    throttles_an_address_that_tries_many_accounts,
    what_is_stored_of_strangers_is_no_plain_digest,
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

/// Returns the cookies that an answer sets, each with its attributes.
fn cookies(response: &Response) -> Vec<String> {
    let all = response.headers.get_all("set-cookie").iter();
    all.map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
}

/// Returns a cookie that an answer sets, as a browser sends it.
fn cookie(response: &Response, name: &str) -> String {
    let all = cookies(response);
    let found = all.iter().find(|cookie| cookie.starts_with(&format!("{name}=")));
    let found = found.unwrap_or_else(|| panic!("{name}: {all:?}"));
    for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/v1/auth"] {
        assert!(found.contains(attribute), "{found}");
    }
    found.split(';').next().unwrap().to_owned()
}

fn a_refresh_cookie_needs_the_csrf_header(app: &TestApp) {
    app.user("a@example.jp", json!({}));
    let login = json!({"email": "a@example.jp", "password": PASSWORD, "cookie": true});
    let response = app.call("POST", "/v1/auth/login", "", &login).expect(200);
    assert_eq!(response.header("cache-control"), "no-store");
    let own = cookie(&response, "__Secure-musubi_refresh");
    let tokens = response.json();
    assert!(tokens["refresh_token"].is_null());
    let csrf = tokens["csrf_token"].as_str().unwrap();
    assert!(cookies(&response).iter().all(|cookie| !cookie.contains(csrf)));
    let json = ("content-type", "application/json");
    for (forged, code) in [
        (vec![], "missing_csrf_token"),
        (vec![("x-csrf-token", "")], "missing_csrf_token"),
        (vec![("x-csrf-token", "x")], "wrong_csrf_token"),
    ] {
        let headers = [vec![json, ("cookie", own.as_str())], forged].concat();
        for path in ["/v1/auth/refresh", "/v1/auth/logout"] {
            assert_eq!(app.send("POST", path, &headers, b"{}").expect(403).code(), code);
        }
    }
    let headers = [json, ("cookie", own.as_str()), ("x-csrf-token", csrf)];
    let refreshed = app.send("POST", "/v1/auth/refresh", &headers, b"{}").expect(200);
    cookie(&refreshed, "__Secure-musubi_refresh");
    // Without the cookie, the request has no refresh token.
    app.send("POST", "/v1/auth/refresh", &[json], b"{}").expect(401);
}

fn a_page_of_a_configured_origin_continues_its_session_after_a_reload(app: &TestApp) {
    let frontend = "https://app.example.jp";
    let app = &app.another_with(&["--cors-origins=https://app.example.jp"]);
    app.partner(json!({"origins": ["https://partner.example.jp"]}));
    app.user("a@example.jp", json!({}));
    let json = ("content-type", "application/json");
    let from = ("origin", frontend);
    let login = json!({"email": "a@example.jp", "password": PASSWORD, "cookie": true}).to_string();
    let response = app
        .send("POST", "/v1/auth/login", &[json, from], login.as_bytes())
        .expect(200);
    let own = cookie(&response, "__Secure-musubi_refresh");
    // After the reload, the page has nothing but the browser's cookie.
    let sent = ("cookie", own.as_str());
    let shown = app
        .send("GET", "/v1/auth/session", &[sent, from], &[])
        .expect(200);
    assert_eq!(shown.header("access-control-allow-origin"), frontend);
    assert_eq!(shown.header("access-control-allow-credentials"), "true");
    assert_eq!(shown.header("cache-control"), "no-store");
    let csrf = shown.json()["csrf_token"].as_str().unwrap().to_owned();
    let headers = [json, from, sent, ("x-csrf-token", csrf.as_str())];
    app.send("POST", "/v1/auth/refresh", &headers, b"{}").expect(200);
    // The cookie has been used up, and without one there is no session.
    app.send("GET", "/v1/auth/session", &[sent, from], &[])
        .expect(401);
    app.send("GET", "/v1/auth/session", &[from], &[]).expect(401);
    for other in [
        "https://partner.example.jp",
        "https://elsewhere.example.jp",
        "null",
    ] {
        let refused = app.send("GET", "/v1/auth/session", &[sent, ("origin", other)], &[]);
        assert!(
            [400, 403].contains(&refused.status),
            "{other}: {}",
            refused.status
        );
        assert!(!refused.text.contains("csrf_token"), "{}", refused.text);
    }
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
}

/// Logs in from an address, with a cookie if there is one.
fn login_from(app: &TestApp, address: &str, device: &str, email: &str, password: &str) -> Response {
    let mut headers = vec![("content-type", "application/json"), ("x-forwarded-for", address)];
    if !device.is_empty() {
        headers.push(("cookie", device));
    }
    let body = json!({"email": email, "password": password}).to_string();
    app.send("POST", "/v1/auth/login", &headers, body.as_bytes())
}

/// Guesses until an attempt is refused, and returns how many were checked. Then insists, so that the pause is
/// long even on a slow machine.
fn guess(app: &TestApp, address: &str, device: &str, email: &str) -> usize {
    let is_refused = |_: usize| login_from(app, address, device, email, "wrong").status == 429;
    let checked = (0..300).position(is_refused).unwrap();
    (0..10).for_each(|n| assert!(is_refused(n)));
    checked
}

fn nobody_can_lock_somebody_else_out(app: &TestApp) {
    app.user("a@example.jp", json!({}));
    let before = login_from(app, "198.51.100.1", "", "a@example.jp", PASSWORD).expect(200);
    let device = cookie(&before, "__Secure-musubi_device");
    assert!(guess(app, "203.0.113.7", "", "a@example.jp") >= 5);
    let refused = login_from(app, "203.0.113.7", "", "A@example.jp", PASSWORD).expect(429);
    assert_eq!(refused.code(), "too_many_attempts");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    // Elsewhere, the owner logs in; on their device, even from the attacker's address.
    login_from(app, "198.51.100.2", "", "a@example.jp", PASSWORD).expect(200);
    login_from(app, "203.0.113.7", &device, "a@example.jp", PASSWORD).expect(200);
    // An address whose every attempt fails is slowed down for all accounts, but not the known device.
    while guess(
        app,
        "203.0.113.7",
        "",
        &format!("{}@example.jp", uuid::Uuid::now_v7()),
    ) > 0
    {}
    login_from(app, "203.0.113.7", "", "nobody@example.jp", "wrong").expect(429);
    login_from(app, "203.0.113.7", &device, "a@example.jp", PASSWORD).expect(200);
    // A thief of the device's cookie, or of another account's, can't guess without end.
    assert!(guess(app, "192.0.2.1", &device, "a@example.jp") >= 5);
    app.user("b@example.jp", json!({}));
    assert!(guess(app, "192.0.2.2", &device, "b@example.jp") >= 5);
    login_from(app, "192.0.2.3", "", "a@example.jp", PASSWORD).expect(200);
}

fn guesses_from_many_addresses_are_slowed_down_except_on_known_devices(app: &TestApp) {
    app.user("a@example.jp", json!({}));
    let before = login_from(app, "198.51.100.1", "", "a@example.jp", PASSWORD).expect(200);
    let device = cookie(&before, "__Secure-musubi_device");
    let from = |n: usize| login_from(app, &format!("203.0.113.{n}"), "", "a@example.jp", "wrong").status;
    let first = (0..250).position(|n| from(n) == 429).unwrap();
    assert!((100..130).contains(&first), "{first}");
    login_from(app, "203.0.113.251", &device, "a@example.jp", PASSWORD).expect(200);
    login_from(app, "203.0.113.252", "", "b@example.jp", "wrong").expect(401);
}

fn refused_attempts_count_for_the_address(app: &TestApp) {
    app.user("a@example.jp", json!({}));
    // Without them, one account would be refused again and again without a consequence for the address.
    for _ in 0..80 {
        login_from(app, "203.0.113.7", "", "a@example.jp", "wrong");
    }
    login_from(app, "203.0.113.7", "", "b@example.jp", "wrong").expect(429);
    // A whole /64 network is one address.
    for n in 0..80 {
        login_from(app, &format!("2001:db8:1:2::{n}"), "", "a@example.jp", "wrong");
    }
    login_from(app, "2001:db8:1:2:ffff::1", "", "b@example.jp", "wrong").expect(429);
    login_from(app, "2001:db8:1:3::1", "", "b@example.jp", "wrong").expect(401);
}

fn a_right_invitation_is_accepted_from_a_throttled_address(app: &TestApp) {
    let invited = app.post(
        "/v1/users",
        &json!({"email": "a@example.jp", "name": "鈴木", "role": "admin"}),
    );
    let token = invited.expect(201).json()["invitation"]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    for operation in ["show", "accept"] {
        let guess = |_| {
            let body = json!({"token": "miv_wrong", "password": PASSWORD});
            let body = if operation == "show" {
                json!({"token": "miv_wrong"})
            } else {
                body
            };
            app.call("POST", &format!("/v1/auth/invitations/{operation}"), "", &body)
                .status
        };
        let refused = (0..80).map(guess).filter(|status| *status == 429);
        assert!(refused.count() > 0, "{operation}");
    }
    app.call("POST", "/v1/auth/invitations/show", "", &json!({"token": token}))
        .expect(200);
    let accepted = app.call(
        "POST",
        "/v1/auth/invitations/accept",
        "",
        &json!({"token": token, "password": PASSWORD}),
    );
    // The device of the invited person is known, so that they can log in even now.
    let device = cookie(&accepted.expect(204), "__Secure-musubi_device");
    login_from(app, "127.0.0.1", "", "a@example.jp", PASSWORD).expect(429);
    login_from(app, "127.0.0.1", &device, "a@example.jp", PASSWORD).expect(200);
}

fn a_session_guesses_its_password_alone(app: &TestApp) {
    app.user("a@example.jp", json!({}));
    let (one, other) = (app.login("a@example.jp"), app.login("a@example.jp"));
    let change = |tokens: &Value, current: &str| {
        let body = json!({"current_password": current, "new_password": "夏の川で魚を三匹つかまえた"});
        app.call(
            "POST",
            "/v1/auth/password",
            tokens["access_token"].as_str().unwrap(),
            &body,
        )
    };
    let first = (0..30).position(|_| change(&one, "wrong").status == 429).unwrap();
    assert!(first >= 5, "{first}");
    guess(app, "203.0.113.7", "", "a@example.jp");
    change(&other, PASSWORD).expect(204);
}

fn counters_of_failures_are_bounded(app: &TestApp) {
    use diesel::prelude::*;
    use musubi::db::schema::throttles::dsl as t;
    use musubi::db::{Db, Instant};
    let (state, _folder) = app.state_without_server();
    let now = Instant::now();
    let counted = state.pool.write_blocking(|db| {
        let last_at = |n: u32| Instant::from(now.utc() - chrono::Duration::milliseconds(n.into()));
        let row = |n: u32| {
            let failures = 1 + i32::from(n == 100_500);
            (
                t::key.eq(n.to_string()),
                t::failures.eq(failures),
                t::last_at.eq(last_at(n)),
            )
        };
        for first in (0..101_000).step_by(1000) {
            let rows: Vec<_> = (first..first + 1000).map(row).collect();
            match db {
                Db::Pg(c) => diesel::insert_into(t::throttles).values(&rows).execute(c)?,
                Db::Sqlite(c) => diesel::insert_into(t::throttles).values(&rows).execute(c)?,
            };
        }
        musubi::sessions::store::purge_throttles(db, now)?;
        let counted = t::throttles.select(diesel::dsl::count_star()).first::<i64>(db)?;
        let worst = t::throttles.find("100500").select(t::failures).first::<i32>(db)?;
        Ok((counted, worst))
    });
    let (counted, worst) = counted.unwrap();
    assert!((99_000..=100_000).contains(&counted) && worst == 2, "{counted}");
}

fn the_sessions_of_an_account_are_bounded(app: &TestApp) {
    let user = app.user("a@example.jp", json!({}));
    let user = serde_json::from_value(user["id"].clone()).unwrap();
    let first = app.login("a@example.jp");
    let limits = server_config(&[]).session_limits();
    let opened = app.state.pool.write_blocking(|db| {
        use musubi::sessions::{Client, store};
        for n in 0..200 {
            let (client, now) = (Client::new(None, None), musubi::db::Instant::now());
            store::insert(db, user, &client, &format!("mrt_{n}"), now, &limits)?;
        }
        Ok(store::held_on(db, user)?.len())
    });
    assert_eq!(opened.unwrap(), 200);
    // The oldest one has ended.
    assert_eq!(me(app, &first), 401);
    refresh(app, &first["refresh_token"]).expect(401);
    refresh(app, &json!("mrt_199")).expect(200);
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

/// Otherwise a reader of a copy of the database could try all addresses.
fn what_is_stored_of_strangers_is_no_plain_digest(app: &TestApp) {
    use diesel::prelude::*;
    use musubi::db::schema::{idempotency_keys as keys, idempotency_usage as usage, throttles};
    use sha2::{Digest, Sha256};
    let (address, email) = ("203.0.113.7", "a@example.jp");
    guess(app, address, "", email);
    let area = app.organization("戸山ふれあいの会");
    let event = json!({"kind": "seminar", "title": "ゼミ", "times": [{"starts_at": "2199-10-01T10:00:00+09:00"}],
        "areas": ["131041"], "host_ids": [area], "status": "published"});
    let event = app.post("/v1/events", &event).expect(201).json();
    let path = format!("/v1/events/{}/guest-registrations", event["id"].as_str().unwrap());
    let body = json!({"name": "佐藤", "email": email}).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("x-forwarded-for", address),
        ("idempotency-key", "1"),
    ];
    app.send("POST", &path, &headers, body.as_bytes()).expect(201);
    let stored = app.state.pool.read_blocking(|db| {
        let mut all: Vec<String> = throttles::table.select(throttles::key).load(db)?;
        let callers = keys::table.select(keys::caller).load::<String>(db)?;
        assert!(
            callers.iter().any(|caller| caller.starts_with("guest:")),
            "{callers:?}"
        );
        all.extend(callers);
        all.extend(usage::table.select(usage::caller).load::<String>(db)?);
        Ok(all)
    });
    let stored = stored.unwrap();
    assert!(stored.len() >= 6, "{stored:?}");
    let hex = |text: &str| hex::encode(Sha256::digest(text));
    // In all the forms in which earlier releases stored them, too.
    let kinds = [
        "",
        "public write",
        "address",
        "account from address",
        "account",
        "device",
        "guest",
    ];
    let parts = [
        address.to_owned(),
        email.to_owned(),
        format!("{email}\0{address}"),
    ];
    for (kind, part) in kinds
        .iter()
        .flat_map(|kind| parts.iter().map(move |part| (kind, part)))
    {
        for text in [part.clone(), format!("{kind}\0{part}"), format!("{kind}\n{part}")] {
            let plain = hex(&text);
            assert!(
                stored
                    .iter()
                    .all(|key| !key.contains(&plain) && !key.contains(part.as_str()))
            );
        }
    }
    // The same places have other keys in another installation.
    let (other, _folder) = app.state_without_server();
    let elsewhere = other.pool.write_blocking(|db| {
        let client = musubi::sessions::Client::new(address.parse().ok(), None);
        let throttles = musubi::sessions::throttle::of_login(email, None, &client);
        musubi::sessions::store::attempt(db, &throttles, musubi::db::Instant::now())?;
        Ok(throttles::table.select(throttles::key).load::<String>(db)?)
    });
    let elsewhere = elsewhere.unwrap();
    assert!(elsewhere.len() == 3 && elsewhere.iter().all(|key| !stored.contains(key)));
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
    .expect(403);
    // Nobody could own these.
    for (path, body) in [
        ("/v1/feeds", json!({})),
        (
            "/v1/webhooks",
            json!({"url": "https://1.1.1.1/", "types": ["deliverable"]}),
        ),
    ] {
        let refused = app.post(path, &body).expect(403);
        assert_eq!(refused.code(), "login_required", "{path}");
        assert!(refused.text.contains("ログインが必要"), "{}", refused.text);
    }
}
