//! Secrets never reach the log. The test runs the program with the most verbose log, and looks for every secret in it.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

struct Server {
    child: Child,
    base: String,
    agent: ureq::Agent,
}

impl Server {
    fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, Value, Vec<String>) {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = self.agent.run(request.body(body.to_owned()).unwrap()).unwrap();
        let cookies = answer.headers().get_all("set-cookie").iter();
        let cookies = cookies
            .map(|cookie| cookie.to_str().unwrap().to_owned())
            .collect();
        let text = answer.body_mut().read_to_string().unwrap();
        (
            answer.status().as_u16(),
            serde_json::from_str(&text).unwrap_or_default(),
            cookies,
        )
    }

    fn json(&self, method: &str, path: &str, token: &str, body: &Value) -> Value {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("content-type", "application/json"),
            ("authorization", bearer.as_str()),
        ];
        let (status, answer, _) = self.send(method, path, &headers, &body.to_string());
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }
}

#[test]
fn never_logs_a_secret() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_musubi"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--log",
            "trace",
            "--log-format",
            "json",
        ])
        .arg("--data-dir")
        .arg(folder.path())
        .env_remove("DATABASE_URL")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut printed = BufReader::new(child.stdout.take().unwrap()).lines();
    let link = printed
        .by_ref()
        .map(Result::unwrap)
        .find(|line| line.contains("/invitation#"))
        .unwrap();
    let first = link.split('#').nth(1).unwrap().trim().to_owned();
    // Another thread keeps reading the log, or its pipe would fill up.
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let (mut written, mut line) = (String::new(), String::new());
    let address = loop {
        line.clear();
        assert!(
            log.read_line(&mut line).unwrap() > 0,
            "the server stopped: {written}"
        );
        written += &line;
        let entry: Value = serde_json::from_str(&line).unwrap_or_default();
        if entry["fields"]["message"] == "listening" {
            break text(&entry["fields"]["address"]);
        }
    };
    let reader = std::thread::spawn(move || {
        let mut rest = String::new();
        log.read_to_string(&mut rest).unwrap();
        rest
    });
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let mut server = Server {
        child,
        base: format!("http://{address}"),
        agent,
    };
    let (password, changed) = ("correct horse battery staple", "夏の川で魚を三匹つかまえた");
    let mut secrets = vec![
        first.clone(),
        password.to_owned(),
        changed.to_owned(),
        "佐藤陽子秘密".to_owned(),
        "yoko.secret@example.jp".to_owned(),
    ];

    server.json(
        "POST",
        "/v1/auth/invitations/accept",
        "",
        &json!({"token": first, "password": password, "email": "admin@example.jp", "name": "最初"}),
    );
    let tokens = server.json(
        "POST",
        "/v1/auth/login",
        "",
        &json!({"email": "admin@example.jp", "password": password}),
    );
    let tokens = server.json(
        "POST",
        "/v1/auth/refresh",
        "",
        &json!({"refresh_token": tokens["refresh_token"]}),
    );
    let admin = text(&tokens["access_token"]);
    secrets.extend([admin.clone(), text(&tokens["refresh_token"])]);
    let login = json!({"email": "admin@example.jp", "password": password, "cookie": true}).to_string();
    let (_, by_cookie, cookies) = server.send(
        "POST",
        "/v1/auth/login",
        &[("content-type", "application/json")],
        &login,
    );
    secrets.push(text(&by_cookie["csrf_token"]));
    let cookie = cookies
        .iter()
        .find(|c| c.contains("_refresh="))
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    secrets.push(cookie.split('=').nth(1).unwrap().to_owned());
    let headers = [
        ("content-type", "application/json"),
        ("cookie", cookie.as_str()),
        ("x-csrf-token", &secrets[secrets.len() - 2].clone()),
    ];
    assert_eq!(server.send("POST", "/v1/auth/refresh", &headers, "{}").0, 200);
    server.json(
        "POST",
        "/v1/auth/password",
        &admin,
        &json!({"current_password": password, "new_password": changed}),
    );
    let invited = server.json(
        "POST",
        "/v1/users",
        &admin,
        &json!({"email": "b@example.jp", "name": "次", "role": "auditor"}),
    );
    secrets.push(text(&invited["invitation"]["token"]));
    let partner = server.json(
        "POST",
        "/v1/partners",
        &admin,
        &json!({"code": "activo", "name": "アプリ"}),
    );
    let secret = text(&partner["secret"]["client_secret"]);
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={secret}",
        text(&partner["secret"]["client_id"])
    );
    let (_, token, _) = server.send(
        "POST",
        "/v1/oauth/token",
        &[("content-type", "application/x-www-form-urlencoded")],
        &form,
    );
    secrets.extend([secret, text(&token["access_token"])]);
    // The secret of a feed is in its address.
    let feed = server.json("POST", "/v1/feeds", &admin, &json!({}));
    let address = text(&feed["calendar_url"]);
    let path = address[address.find("/v1/").unwrap()..].to_owned();
    assert_eq!(server.send("GET", &path, &[], "").0, 200);
    secrets.push(path.split("secret=").nth(1).unwrap().to_owned());
    // So is the secret of a registration, in that of its page.
    let times = json!([{"starts_at": "2199-10-08T13:30:00+09:00"}]);
    let event = json!({"kind": "seminar", "title": "ゼミ", "status": "published", "times": times});
    let event = server.json("POST", "/v1/events", &admin, &event);
    let path = format!("/v1/events/{}/guest-registrations", text(&event["id"]));
    let guest = server.json(
        "POST",
        &path,
        "",
        &json!({"name": "花子", "email": "g@example.jp"}),
    );
    let secret = text(&guest["secret"]);
    let page = format!("/registration?secret={secret}");
    assert_eq!(server.send("GET", &page, &[], "").0, 200);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let sent = format!("secret={secret}");
    assert_eq!(server.send("POST", "/registration", &form, &sent).0, 200);
    secrets.push(secret);
    // Wrong secrets too: a mistyped one is nearly right.
    for wrong in ["correct horse battery stapel", "mcs_nearly_right"] {
        secrets.push(wrong.to_owned());
        let login = json!({"email": "admin@example.jp", "password": wrong}).to_string();
        assert_eq!(
            server
                .send(
                    "POST",
                    "/v1/auth/login",
                    &[("content-type", "application/json")],
                    &login
                )
                .0,
            401
        );
        assert_eq!(
            server
                .send(
                    "GET",
                    "/v1/users",
                    &[("authorization", &format!("Bearer {wrong}"))],
                    ""
                )
                .0,
            401
        );
    }
    let worker =
        json!({"personal": {"name": "佐藤陽子秘密", "email": "yoko.secret@example.jp"}, "area": "131041"});
    let worker = server.json("POST", "/v1/workers", &admin, &worker);
    server.json(
        "GET",
        &format!("/v1/workers/{}", text(&worker["id"])),
        &admin,
        &json!({}),
    );

    server.child.kill().unwrap();
    server.child.wait().unwrap();
    written += &reader.join().unwrap();
    let requests = written
        .lines()
        .filter(|line| line.contains("\"request\""))
        .count();
    assert!(requests >= 13, "the log has too few requests: {requests}");
    secrets.push(
        std::fs::read_to_string(folder.path().join("token.key"))
            .unwrap()
            .trim()
            .to_owned(),
    );
    for secret in &secrets {
        assert!(secret.len() > 10);
        for form in [
            secret.clone(),
            secret.replace('.', "%2E"),
            serde_json::to_string(secret)
                .unwrap()
                .trim_matches('"')
                .to_owned(),
        ] {
            let line = written.lines().find(|line| line.contains(&form));
            assert!(line.is_none(), "{secret} in {line:?}");
        }
    }
}
