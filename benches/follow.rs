//! What followers cost: `cargo bench --bench follow [-- FOLLOWERS] [quick]`.
//!
//! Opens streams of events (2,000 by default, 200 with `quick`) on a server in this process. Prints the memory that each
//! takes, with its connection; the statements a second while nothing changes, with and without them; and the time from the
//! answer to a write until the event has arrived at followers. PostgreSQL is measured if its server is installed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

#[allow(dead_code)]
#[path = "../tests/cluster/mod.rs"]
mod cluster;

use clap::Parser;
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use musubi::auth::{Claims, UserRole};
use musubi::config::{Config, LogFormat, ServerConfig};
use musubi::server::{AppState, Listener};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// How many of the followers are read while there are writes.
const READ: usize = 20;
const SILENCE: Duration = Duration::from_secs(5);

static STATEMENTS: AtomicU64 = AtomicU64::new(0);

struct Counter;

impl Instrumentation for Counter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            STATEMENTS.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    server: ServerConfig,
}

/// Starts a server that runs until the process ends. Returns its address and an administrator's token.
fn start(folder: &std::path::Path, database_url: Option<String>) -> (SocketAddr, String) {
    let config = Config {
        database_options: Default::default(),
        database_url,
        data_dir: folder.to_owned(),
        token_key: None,
        public_url: None,
        workbook_reader: None,
        served_areas: Default::default(),
        log: "off".into(),
        log_format: LogFormat::Json,
    };
    let state = AppState::open(&config).unwrap();
    let now = chrono::Utc::now().timestamp();
    let admin = state
        .keys
        .sign(&Claims::new(UserRole::Admin, "bench", now, 86_400))
        .unwrap();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async {
            let arguments = [
                "musubi",
                "--listen=127.0.0.1:0",
                "--workers=2",
                "--max-connections=20000",
                "--max-connections-per-address=20000",
                "--max-followers=20000",
                "--max-followers-per-caller=20000",
            ];
            let listener = Listener::bind(state, &Arguments::parse_from(arguments).server).unwrap();
            sender.send(listener.address).unwrap();
            listener.run().await.unwrap();
        });
    });
    (receiver.recv().unwrap(), admin)
}

/// Returns the memory of this process in KiB.
fn memory_kib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    resident
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or_default()
}

fn statements_a_second() -> f64 {
    let before = STATEMENTS.load(Ordering::Relaxed);
    std::thread::sleep(SILENCE);
    (STATEMENTS.load(Ordering::Relaxed) - before) as f64 / SILENCE.as_secs_f64()
}

fn ask(agent: &ureq::Agent, method: &str, url: &str, token: &str, body: &Value) -> Value {
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(url)
        .header("authorization", format!("Bearer {token}"));
    let request = request.header("content-type", "application/json");
    let mut answer = match method {
        "GET" => agent.run(request.body(()).unwrap()).unwrap(),
        _ => agent.run(request.body(body.to_string()).unwrap()).unwrap(),
    };
    serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
}

/// Opens a stream of events, and reads the head of the answer.
fn follow(address: SocketAddr, token: &str, position: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "GET /v1/changes/events?after={position} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    assert!(head.ends_with(b"200"), "{}", String::from_utf8_lossy(&head));
    stream
}

/// Notes when each record's event arrives.
fn arrivals(stream: TcpStream, expected: usize) -> HashMap<String, Instant> {
    let mut arrived = HashMap::new();
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        if let Some(data) = line.strip_prefix("data: ") {
            let event: Value = serde_json::from_str(data).unwrap();
            arrived.insert(event["id"].as_str().unwrap().to_owned(), Instant::now());
            if arrived.len() == expected {
                break;
            }
        }
    }
    arrived
}

fn measure(name: &str, address: SocketAddr, admin: &str, followers: usize, writes: usize) {
    let agent = ureq::Agent::new_with_defaults();
    let base = format!("http://{address}/v1");
    let position = ask(&agent, "GET", &format!("{base}/changes"), admin, &Value::Null)["position"].clone();
    let position = position.as_str().unwrap();
    // Once without, so that both servers have their threads and connections.
    drop(
        (0..READ)
            .map(|_| follow(address, admin, position))
            .collect::<Vec<_>>(),
    );
    let (alone, before) = (statements_a_second(), memory_kib());
    let mut streams: Vec<TcpStream> = (0..followers).map(|_| follow(address, admin, position)).collect();
    let each = (memory_kib() - before) / followers as f64;
    let idle = statements_a_second();
    println!("{name}: {followers} followers take {each:.1} KiB each");
    println!("  statements a second: {alone:.1} without followers, {idle:.1} with them");

    let read: Vec<TcpStream> = streams.drain(..READ.min(followers)).collect();
    let mut delays: Vec<Duration> = std::thread::scope(|scope| {
        let readers: Vec<_> = read
            .into_iter()
            .map(|one| scope.spawn(move || arrivals(one, writes)))
            .collect();
        let mut written = HashMap::new();
        for n in 0..writes {
            let body = json!({"name": format!("会{n}"), "area": "131041"});
            let created = ask(&agent, "POST", &format!("{base}/organizations"), admin, &body);
            written.insert(created["id"].as_str().unwrap().to_owned(), Instant::now());
            std::thread::sleep(Duration::from_millis(37));
        }
        let arrived = readers.into_iter().flat_map(|reader| reader.join().unwrap());
        arrived
            .map(|(id, at)| at.saturating_duration_since(written[&id]))
            .collect()
    });
    delays.sort_unstable();
    let at = |share: f64| delays[((delays.len() - 1) as f64 * share) as usize].as_millis();
    println!(
        "  from the answer to a write until its event: p50 {} ms, p99 {} ms",
        at(0.5),
        at(0.99)
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "quick");
    let number = arguments.iter().find_map(|argument| argument.parse().ok());
    let followers = number.unwrap_or(if quick { 200 } else { 2000 });
    let writes = if quick { 30 } else { 200 };
    set_default_instrumentation(|| Some(Box::new(Counter))).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let (address, admin) = start(folder.path(), None);
    measure("SQLite", address, &admin, followers, writes);
    let Some(binaries) = cluster::binaries() else {
        println!("PostgreSQL is not installed");
        return;
    };
    let postgres = cluster::Cluster::start(&binaries, "");
    let folder = tempfile::TempDir::new().unwrap();
    let (address, admin) = start(folder.path(), Some(postgres.url("postgres")));
    // The server on SQLite goes on beside: its statements count, too.
    measure("PostgreSQL", address, &admin, followers, writes);
    std::process::exit(0);
}
