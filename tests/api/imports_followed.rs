//! Following an import: the stream of events ends with the session and the permissions.

use crate::support::{TestApp, on_both};
use diesel::connection::SimpleConnection;
use musubi::db::Db;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

on_both! {
    a_stream_ends_with_the_session,
    a_stream_ends_when_the_permissions_change,
}

/// An import that never ends: another server says that it works on it.
fn endless(app: &TestApp, token: &str) -> String {
    let sent = app
        .import(token, "kind=workers&source=s", "氏名\n佐藤\n".as_bytes())
        .expect(202)
        .json();
    let id = sent["id"].as_str().unwrap().to_owned();
    app.wait_for_import(&id);
    let hold = |db: &mut Db| {
        db.batch_execute(
            "UPDATE import_jobs SET status = 'running', finished_at = NULL, lease = id,
                 lease_until = '2199-01-01T00:00:00.000000Z' WHERE lease IS NULL",
        )?;
        Ok(())
    };
    // Once the one that did it has let go of it.
    app.until(|| {
        app.state.pool.write_blocking(hold).unwrap();
        app.get(&format!("/v1/imports/{id}")).json()["status"] == "running"
    });
    id
}

/// Opens the stream and reads its first event.
fn follow(app: &TestApp, token: &str, id: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    let request = format!(
        "GET /v1/imports/{id}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    let mut bytes = [0; 4096];
    while !text.contains("event: progress") {
        let n = stream.read(&mut bytes).unwrap();
        assert!(n > 0, "{text}");
        text += &String::from_utf8_lossy(&bytes[..n]);
    }
    let head = text.to_lowercase();
    for header in [
        "x-accel-buffering: no\r\n",
        "cache-control: no-store, no-transform\r\n",
    ] {
        assert!(head.contains(header), "no proxy holds it back: {text}");
    }
    stream
}

/// Reads to the end, which comes although the import has none.
fn ends(mut stream: TcpStream) {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    let rest = String::from_utf8_lossy(&rest);
    assert!(!rest.contains("event: end"), "{rest}");
}

/// A coordinator's id, access token and refresh token.
fn coordinator(app: &TestApp) -> [String; 3] {
    let user = app.user(
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let session = app.login("c@example.jp");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    [&user["id"], &session["access_token"], &session["refresh_token"]].map(text)
}

fn a_stream_ends_with_the_session(app: &TestApp) {
    let [_, token, refresh] = coordinator(app);
    let stream = follow(app, &token, &endless(app, &token));
    let body = json!({"refresh_token": refresh});
    app.call("POST", "/v1/auth/logout", "", &body).expect(204);
    ends(stream);
}

fn a_stream_ends_when_the_permissions_change(app: &TestApp) {
    let [user, token, _] = coordinator(app);
    let stream = follow(app, &token, &endless(app, &token));
    let change = json!({"role": "auditor", "areas": []});
    app.patch(&format!("/v1/users/{user}"), &change).expect(200);
    ends(stream);
}
