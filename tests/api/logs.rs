//! What the log says of a request: its operation, the caller's trace, and whether it was slow.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};

struct Server {
    child: Child,
    base: String,
    log: BufReader<ChildStderr>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(folder: &std::path::Path, more: &[&str]) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_musubi"))
            .args([
                "serve",
                "--listen=127.0.0.1:0",
                "--log=info",
                "--log-format=json",
                "--data-dir",
            ])
            .arg(folder)
            .args(more)
            .env_remove("DATABASE_URL")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let base = String::new();
        let mut server = Server { child, base, log };
        let listening = server.next("listening");
        server.base = format!("http://{}", listening["address"].as_str().unwrap());
        server
    }

    /// Returns the fields of the next line with this message.
    fn next(&mut self, message: &str) -> Value {
        loop {
            let mut line = String::new();
            assert!(
                self.log.read_line(&mut line).unwrap() > 0,
                "the log ended before {message:?}"
            );
            let mut entry: Value = serde_json::from_str(&line).unwrap_or_default();
            if entry["fields"]["message"] == message {
                return entry["fields"].take();
            }
        }
    }

    fn send(&self, request: ureq::http::request::Builder, path: &str, body: &Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let request = request.uri(format!("{}{path}", self.base));
        let request = request.header("content-type", "application/json");
        agent.run(request.body(body.to_string()).unwrap()).unwrap();
    }
}

fn post() -> ureq::http::request::Builder {
    ureq::http::Request::post("/")
}

#[test]
fn a_request_is_logged_with_its_operation_and_the_trace_of_its_caller() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut server = Server::start(folder.path(), &["--slow-request-ms=0"]);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let sent = [
        (format!("00-{trace}-00f067aa0ba902b7-01"), true),
        (format!("01-{trace}-00f067aa0ba902b7-01-later"), true),
        (format!("00-{trace}-00f067aa0ba902b7-01-later"), false),
        (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), false),
        ("made up by 佐藤".to_owned(), false),
    ];
    for (header, is_taken) in sent {
        let login = json!({"email": "nobody@example.jp", "password": "some wrong password"});
        let header = ureq::http::HeaderValue::from_bytes(header.as_bytes()).unwrap();
        server.send(post().header("traceparent", header), "/v1/auth/login", &login);
        let fields = server.next("request");
        assert_eq!(fields["operation"], "log_in", "{fields}");
        let expected = if is_taken {
            json!([trace, "00f067aa0ba902b7"])
        } else {
            json!([null, null])
        };
        assert_eq!(
            json!([fields["trace_id"], fields["span_id"]]),
            expected,
            "{fields}"
        );
    }
}

#[test]
fn a_slow_request_is_logged_with_its_operation() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut server = Server::start(folder.path(), &["--slow-request-ms=1"]);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    // To check a password takes longer than a millisecond, by intent.
    let login = json!({"email": "nobody@example.jp", "password": "some wrong password"});
    let request = post().header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    server.send(request, "/v1/auth/login", &login);
    let fields = server.next("slow request");
    assert_eq!(
        json!([fields["operation"], fields["trace_id"], fields["status"]]),
        json!(["log_in", trace, 401])
    );
    assert!(fields["micros"].as_u64().unwrap() >= 1000, "{fields}");
}
