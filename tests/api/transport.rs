//! Security headers, CORS, TLS and time-outs.

use crate::support::{TestApp, on_both};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

const APP: &str = "https://app.example.jp";

fn preflight(app: &TestApp, origin: &str) -> crate::support::Response {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "authorization,if-match"),
    ];
    app.send("OPTIONS", "/v1/workers", &headers, b"")
}

on_both! {
    sends_security_headers_with_every_answer,
    allows_only_configured_origins,
    allows_the_origins_of_a_partner_while_it_is_active,
    rejects_unknown_and_privileged_members_in_every_body,
}

fn sends_security_headers_with_every_answer(app: &TestApp) {
    for path in ["/v1/skills", "/v1/workers", "/nowhere", "/healthz"] {
        let answer = app.get(path);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
        ] {
            assert_eq!(answer.header(name), value, "{path} {name}");
        }
        assert_eq!(answer.header("strict-transport-security"), "", "only over TLS");
    }
    assert_eq!(app.get("/v1/workers").header("cache-control"), "no-store");
    let forwarded = app.send("GET", "/healthz", &[("x-forwarded-proto", "https")], b"");
    assert!(
        forwarded
            .header("strict-transport-security")
            .starts_with("max-age=")
    );
    let page = app.send("GET", "/invitation", &[], b"").expect(200);
    assert!(
        page.header("content-security-policy")
            .contains("script-src 'self'")
            && page.text.contains("/invitation.js")
    );
    assert!(!page.text.contains("<script>"));
    app.send("GET", "/invitation.js", &[], b"").expect(200);
}

fn allows_only_configured_origins(app: &TestApp) {
    let allowed = |answer: &crate::support::Response| answer.header("access-control-allow-origin").to_owned();
    assert_eq!(allowed(&preflight(app, APP)), "");
    let server = app.another_with(&["--cors-origins", APP]);
    let answer = preflight(&server, APP).expect(200);
    assert_eq!(allowed(&answer), APP);
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    for other in [
        "https://app.example.jp.evil.example",
        "http://app.example.jp",
        "null",
        "https://evil.example",
    ] {
        assert_eq!(allowed(&preflight(&server, other)), "", "{other}");
    }
    let answer = server
        .send("GET", "/v1/skills", &[("origin", APP)], b"")
        .expect(200);
    assert!(
        allowed(&answer) == APP
            && answer
                .header("access-control-expose-headers")
                .contains("ratelimit")
    );
    let stranger = server.send("GET", "/v1/skills", &[("origin", "https://evil.example")], b"");
    assert_eq!(allowed(&stranger), "");
    // Pages can read errors too.
    let refused = server
        .send("GET", "/v1/workers", &[("origin", APP)], b"")
        .expect(401);
    assert_eq!(allowed(&refused), APP);
}

fn allows_the_origins_of_a_partner_while_it_is_active(app: &TestApp) {
    let (id, _) = app.partner(json!({"origins": [APP]}));
    let until = |wanted: &str| {
        let end = Instant::now() + Duration::from_secs(30);
        while preflight(app, APP).header("access-control-allow-origin") != wanted {
            assert!(Instant::now() < end, "never {wanted:?}");
        }
    };
    until(APP);
    app.patch(&format!("/v1/partners/{id}"), &json!({"status": "suspended"}))
        .expect(200);
    until("");
}

fn rejects_unknown_and_privileged_members_in_every_body(app: &TestApp) {
    let document: Value = serde_json::from_str(musubi::server::document::Document::shared().text()).unwrap();
    let mut checked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(body) = operation.get("requestBody") else {
                continue;
            };
            if body["content"].get("application/x-www-form-urlencoded").is_some() {
                continue;
            }
            if body["content"].get("application/octet-stream").is_some() {
                continue;
            }
            let id = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";
            // These need a record, and answer 404 without one.
            if path.contains("{id}") || path.contains("{code}") {
                continue;
            }
            let path = path
                .replace("{worker_id}", id)
                .replace("{source}", "s")
                .replace("{external_id}", "e")
                .replace("{kind}", "workers");
            for field in [
                "id",
                "version",
                "created_at",
                "partner_id",
                "sandbox",
                "password_hash",
                "is_admin",
                "created_by",
                "place",
                "demo",
                "constructor",
            ] {
                let body = json!({field: id});
                let operation_id = operation["operationId"].as_str().unwrap();
                let known = document.pointer(&format!(
                    "/components/schemas/{}/properties/{field}",
                    body_schema(operation)
                ));
                if known.is_some() {
                    continue;
                }
                let answer = app
                    .call(&method.to_uppercase(), &path, &app.admin, &body)
                    .expect(422);
                assert!(
                    answer
                        .faults()
                        .contains(&(format!("/{field}"), "unknown_field".into())),
                    "{operation_id} {field}: {}",
                    answer.text
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 150, "{checked}");
}

fn body_schema(operation: &Value) -> String {
    let content = operation["requestBody"]["content"]
        .as_object()
        .unwrap()
        .values()
        .next()
        .unwrap();
    content["schema"]["$ref"]
        .as_str()
        .unwrap_or_default()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned()
}

/// Makes a certificate that the client of this test trusts, with openssl; none if openssl is not installed.
fn certificate(folder: &std::path::Path) -> Option<()> {
    let output = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args([
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout",
        ])
        .arg(folder.join("key.pem"))
        .arg("-out")
        .arg(folder.join("cert.pem"))
        .output()
        .ok()?;
    output.status.success().then_some(())
}

#[test]
fn serves_tls_with_the_configured_certificate() {
    let folder = tempfile::TempDir::new().unwrap();
    let Some(()) = certificate(folder.path()) else {
        println!("skipped: openssl is not installed");
        return;
    };
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let state = musubi::server::AppState::open(&crate::support::config(folder.path(), None)).unwrap();
    let listen = crate::support::server_config(&[
        "--tls-cert",
        cert.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
    ]);
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async {
            let listener = musubi::server::Listener::bind(state, &listen).unwrap();
            sender.send((listener.address, listener.handle())).unwrap();
            listener.run().await.unwrap();
        });
    });
    let (address, handle) = receiver.recv().unwrap();
    use ureq::tls::{Certificate, RootCerts, TlsConfig};
    let pem = std::fs::read(&cert).unwrap();
    let trusted = |roots: RootCerts| -> ureq::Agent {
        let tls = TlsConfig::builder().root_certs(roots).build();
        ureq::Agent::config_builder().tls_config(tls).build().into()
    };
    let own = RootCerts::from(vec![Certificate::from_pem(&pem).unwrap()]);
    let answer = trusted(own)
        .get(format!("https://localhost:{}/healthz", address.port()))
        .call()
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().contains_key("strict-transport-security"));
    let stranger = trusted(RootCerts::WebPki)
        .get(format!("https://localhost:{}/healthz", address.port()))
        .call();
    assert!(stranger.is_err());
    drop(handle.stop(false));
    thread.join().unwrap();
}

#[test]
fn disconnects_a_client_that_never_finishes_its_headers() {
    let app = TestApp::sqlite();
    let mut stream = std::net::TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
        "{answer}"
    );
}
