//! Clients that don't read, and answers that are large: neither may take the service down. Also what caches may keep.

use crate::support::{TestApp, on_both, server_config};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

on_both! {
    unread_files_are_not_kept_in_memory,
    unread_exports_are_counted_and_leave_the_server_ready,
    a_compressed_answer_leaves_in_one_piece_like_a_plain_one,
    public_caches_can_keep_open_data,
    a_connection_that_is_one_too_many_is_refused,
}

fn address(app: &TestApp) -> SocketAddr {
    app.base.strip_prefix("http://").unwrap().parse().unwrap()
}

/// Opens a connection into whose buffers little fits.
fn narrow(app: &TestApp) -> TcpStream {
    let address = address(app);
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None);
    let socket = socket.unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&address.into()).unwrap();
    socket.into()
}

/// Sends a request and waits until its answer has begun, without reading it.
fn ask_and_wait(mut stream: TcpStream, request: &str) -> TcpStream {
    stream.write_all(request.as_bytes()).unwrap();
    assert!(stream.peek(&mut [0]).unwrap() > 0, "an answer");
    stream
}

#[allow(clippy::disallowed_methods)]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Publishes organizations that make a dataset of about 2.5 MB.
fn publish(app: &TestApp) {
    let text = "集".repeat(4_000);
    for n in 0..200 {
        let body =
            json!({"name": format!("会{n}"), "area": "131041", "open_data": true, "description": text});
        app.post("/v1/organizations", &body).expect(201);
    }
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn unread_files_are_not_kept_in_memory(app: &TestApp) {
    publish(app);
    let path = "/v1/open-data/organizations";
    let size = app.send("GET", path, &[], b"").expect(200).text.len();
    assert!(size > 2_000_000, "{size}");
    let before = resident_bytes();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let unread: Vec<TcpStream> = (0..300).map(|_| ask_and_wait(narrow(app), &request)).collect();
    let grown = resident_bytes().saturating_sub(before);
    // As a whole they are more than 600 MB. Other tests run in this process too.
    assert!(grown < 300 << 20, "{} MB", grown >> 20);
    app.send("GET", "/readyz", &[], b"").expect(200);
    drop(unread);

    // A client that reads nothing loses its connection. It learns so from what it sends; each byte that arrives puts
    // the timer of the server's system off, so that it sends less often than the timer ends.
    let server = app.another_with(&["--write-timeout-seconds=1"]);
    let mut unread = ask_and_wait(narrow(&server), &request);
    unread.set_nonblocking(true).unwrap();
    let mut sent = Instant::now();
    until("the connection ends", || {
        if sent.elapsed() < Duration::from_secs(3) {
            return false;
        }
        sent = Instant::now();
        matches!(unread.write(b"\r\n"), Err(e) if e.kind() != ErrorKind::WouldBlock)
    });
}

fn unread_exports_are_counted_and_leave_the_server_ready(app: &TestApp) {
    publish(app);
    let body = json!({"kind": "organizations", "format": "ndjson"}).to_string();
    let request = format!(
        "POST /v1/exports HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        app.admin,
        body.len()
    );
    let export = |token: &str| {
        app.call(
            "POST",
            "/v1/exports",
            token,
            &serde_json::from_str(&body).unwrap(),
        )
    };
    let unread: Vec<TcpStream> = (0..4).map(|_| ask_and_wait(narrow(app), &request)).collect();
    let refused = export(&app.admin).expect(429);
    assert_eq!(refused.code(), "too_many_downloads");
    assert_eq!(refused.header("retry-after"), "10");
    app.send("GET", "/readyz", &[], b"").expect(200);
    let other = app.token(musubi::auth::UserRole::Auditor);
    assert_ne!(
        export(&other).status,
        429,
        "another caller has separate downloads"
    );
    drop(unread);
    until("the slots are free", || export(&app.admin).status == 200);
}

/// Returns the pieces in which the answer arrives.
fn pieces(stream: &mut TcpStream, request: &str) -> usize {
    stream.write_all(request.as_bytes()).unwrap();
    let (mut all, mut buffer, mut reads) = (Vec::new(), vec![0; 1 << 20], 0);
    loop {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0);
        all.extend_from_slice(&buffer[..read]);
        reads += 1;
        let text = String::from_utf8_lossy(&all).to_ascii_lowercase();
        assert!(text.starts_with("http/1.1 200"), "{text}");
        let Some(end) = all.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let length = text.split_once("content-length: ").expect("a length").1;
        let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
        if all.len() >= end + 4 + length {
            return reads;
        }
    }
}

fn a_compressed_answer_leaves_in_one_piece_like_a_plain_one(app: &TestApp) {
    for n in 0..20 {
        app.organization(&format!("会{n}"));
    }
    for path in ["/v1/areas", "/v1/skills", "/v1/organizations?limit=10"] {
        for encoding in ["identity", "gzip"] {
            let mut stream = TcpStream::connect(address(app)).unwrap();
            let request = format!(
                "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\naccept-encoding: {encoding}\r\n\r\n",
                app.admin
            );
            // Where a part of the answer waits for the client's acknowledgement, it comes in two from the second on.
            let most = (0..10).map(|_| pieces(&mut stream, &request)).max();
            assert_eq!(most, Some(1), "{path} {encoding}");
        }
    }
}

fn public_caches_can_keep_open_data(app: &TestApp) {
    publish(app);
    let bearer = format!("Bearer {}", app.admin);
    let page = ("origin", "https://anywhere.example");
    for path in [
        "/v1/open-data",
        "/v1/open-data/organizations",
        "/v1/open-data/statistics?format=jsonld",
    ] {
        for headers in [vec![], vec![page], vec![page, ("authorization", bearer.as_str())]] {
            let answer = app.send("GET", path, &headers, b"").expect(200);
            assert_eq!(
                answer.header("cache-control"),
                "public, max-age=60",
                "{path} {headers:?}"
            );
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            assert_eq!(
                answer.header("access-control-allow-credentials"),
                "",
                "never with *"
            );
            let vary = answer.header("vary");
            assert!(["", "Accept-Encoding"].contains(&vary), "{path} {vary}");
        }
    }
    let path = "/v1/open-data/organizations";
    let plain = app.send("GET", path, &[], b"").expect(200);
    let gzip = ("accept-encoding", "gzip");
    let compressed = app.send("GET", path, &[gzip], b"").expect(200);
    assert_eq!(compressed.header("content-encoding"), "gzip");
    let mut whole = Vec::new();
    let mut stream = TcpStream::connect(address(app)).unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream.read_to_end(&mut whole).unwrap();
    let body = whole.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    let mut unpacked = String::new();
    let mut gunzip = flate2::read::GzDecoder::new(&whole[body..]);
    gunzip.read_to_string(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.text);
    assert_ne!(compressed.header("etag"), plain.header("etag"));
    let known = |tag: &str| ("if-none-match", tag.to_owned());
    for (answer, more) in [(&plain, vec![]), (&compressed, vec![gzip])] {
        let (name, tag) = known(answer.header("etag"));
        let headers: Vec<(&str, &str)> = more.into_iter().chain([(name, tag.as_str())]).collect();
        let unchanged = app.send("GET", path, &headers, b"").expect(304);
        assert_eq!(unchanged.header("etag"), tag);
        assert_eq!(unchanged.header("cache-control"), "public, max-age=60");
    }
    // The tag depends on the content alone, so that another server has the same.
    let server = app.another();
    app.post("/v1/organizations", &json!({"name": "別の会", "area": "131041"}))
        .expect(201);
    let there = server.send("GET", path, &[], b"").expect(200);
    assert_eq!(there.header("etag"), plain.header("etag"));
    for private in ["/v1/skills", "/v1/workers"] {
        let answer = app.get(private).expect(200);
        assert!(!answer.header("cache-control").contains("public"), "{private}");
    }
}

fn a_connection_that_is_one_too_many_is_refused(app: &TestApp) {
    let server = app.another_with(&["--max-connections=8"]);
    let hello = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut open = Vec::new();
    let answer = loop {
        let mut stream = TcpStream::connect(address(&server)).unwrap();
        // It may be closed already.
        let _ = stream.write_all(hello.as_bytes());
        let mut head = [0; 12];
        if stream
            .read_exact(&mut head)
            .is_ok_and(|()| head.ends_with(b"200"))
        {
            open.push(stream);
            assert!(open.len() <= 8);
            continue;
        }
        break String::from_utf8_lossy(&head).into_owned();
    };
    assert!(
        open.len() >= 6 && (answer.ends_with("503") || answer.starts_with('\0')),
        "{answer:?}"
    );
    drop(open);
    until("connections are free", || {
        let mut stream = TcpStream::connect(address(&server)).unwrap();
        let mut head = [0; 12];
        let _ = stream.write_all(hello.as_bytes());
        stream
            .read_exact(&mut head)
            .is_ok_and(|()| head.ends_with(b"200"))
    });
}

#[test]
fn every_file_is_sent_in_pieces() {
    // A new operation that answers with anything but JSON has to be sent by `http::stream`, and be tested above.
    let known = [
        "create_export",
        "download_annotated_import",
        "download_application_counts",
        "download_artifact_file",
        "download_coverage",
        "download_deliverable_counts",
        "download_outcomes",
        "follow_changes",
        "follow_import",
        "list_open_data",
        "show_open_data",
        "show_report",
        "show_report_of_years",
    ];
    // Feeds are small: a few hundred events or requests at most.
    let small = [
        "follow_posts",
        "list_listings_as_calendar",
        "list_listings_as_csv",
        "list_listings_as_feed",
        "list_listings_as_json_ld",
        "show_listing_as_calendar",
        "show_listing_as_json_ld",
        "show_feed_calendar",
        "show_feed_requests",
        "show_feed_requests_as_json",
    ];
    let document: Value = serde_json::from_str(musubi::server::document::Document::shared().text()).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let mut found: Vec<&str> = paths
        .flat_map(|path| path.as_object().unwrap().values())
        .filter(|operation| {
            let answers = operation["responses"].as_object().into_iter().flatten();
            let mut kinds = answers
                .filter(|(status, _)| status.starts_with('2'))
                .flat_map(|(_, answer)| answer["content"].as_object().into_iter().flatten());
            kinds.any(|(kind, _)| kind != "application/json")
        })
        .map(|operation| operation["operationId"].as_str().unwrap())
        .filter(|id| !small.contains(id))
        .collect();
    found.sort_unstable();
    assert_eq!(found, known);
}

#[test]
fn origins_are_origins() {
    for wrong in [
        "*",
        "null",
        "https://*",
        "https://app.example.jp/",
        "app.example.jp",
        "https://App.example.jp",
    ] {
        assert!(!is_accepted(&format!("--cors-origins={wrong}")), "{wrong}");
    }
    let config = server_config(&["--cors-origins=https://app.example.jp,http://localhost:5173"]);
    assert_eq!(config.cors_origins.len(), 2);
}

/// Returns whether `musubi serve` accepts an argument.
fn is_accepted(argument: &str) -> bool {
    #[derive(clap::Parser)]
    struct Arguments {
        #[command(flatten)]
        _server: musubi::config::ServerConfig,
    }
    <Arguments as clap::Parser>::try_parse_from(["musubi", argument]).is_ok()
}
