//! How much of the framework's own speed reaches a client: `cargo bench --bench wire [-- WORKERS] [quick]`.
//!
//! An empty handler of the same framework runs beside the real server, in one process and with as many threads. A few
//! clients ask both over keep-alive connections, in turns, so that a busy machine slows down both. Every row is a ratio
//! of one run: the share of the empty handler's requests a second. The access log is formatted as in production, and
//! thrown away.
//!
//! By default a million workers are loaded for the rankings; `quick` loads 100,000. PostgreSQL is measured if its
//! server is installed.

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

use actix_web::{App, HttpResponse, HttpServer, web};
use clap::Parser;
use musubi::auth::{Beside, Claims, Reach, UserRole, Viewer};
use musubi::catalogue::calendar::today;
use musubi::config::{Config, LogFormat, ServerConfig};
use musubi::http::Language;
use musubi::matches::context::RankingContext;
use musubi::matches::{WorkerRankingParameters, actions};
use musubi::server::{AppState, Listener};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// Connections that ask at once.
const CLIENTS: usize = 4;
/// Threads of each server.
const THREADS: &str = "2";
const ROUNDS: usize = 5;
/// The size of a list of 50 in this bench.
const LIST_BYTES: usize = 65_000;
const TURN: Duration = Duration::from_millis(700);

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    server: ServerConfig,
}

/// A keep-alive connection.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    fn open(address: SocketAddr) -> Connection {
        // A server that has just been bound may not listen yet.
        let connect = || TcpStream::connect(address).ok();
        let stream = std::iter::repeat_with(connect)
            .take(1000)
            .flatten()
            .next()
            .unwrap();
        stream.set_nodelay(true).unwrap();
        let buffer = vec![0; 1 << 20];
        Connection { stream, buffer }
    }

    /// Sends a request and reads its whole answer. Returns the status and the body.
    fn ask(&mut self, request: &[u8]) -> (u16, &[u8]) {
        self.stream.write_all(request).unwrap();
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).unwrap();
            assert!(read > 0, "the server closed the connection");
            filled += read;
            let head = self.buffer[..filled]
                .windows(4)
                .position(|four| four == b"\r\n\r\n");
            let Some(head) = head.map(|at| at + 4) else {
                continue;
            };
            let text = std::str::from_utf8(&self.buffer[..head])
                .unwrap()
                .to_ascii_lowercase();
            let status = text[9..12].parse().unwrap();
            let wanted = match text.split_once("content-length: ") {
                Some((_, rest)) => head + rest.split("\r\n").next().unwrap().parse::<usize>().unwrap(),
                None if status == 204 => head,
                None => {
                    while !self.buffer[..filled].ends_with(b"0\r\n\r\n") {
                        let read = self.stream.read(&mut self.buffer[filled..]).unwrap();
                        assert!(read > 0, "the server closed the connection");
                        filled += read;
                    }
                    filled
                }
            };
            if self.buffer.len() < wanted {
                self.buffer.resize(wanted, 0);
            }
            while filled < wanted {
                let read = self.stream.read(&mut self.buffer[filled..]).unwrap();
                assert!(read > 0, "the server closed the connection");
                filled += read;
            }
            return (status, &self.buffer[head..wanted]);
        }
    }
}

/// What the clients ask for. `{n}` becomes a number that no other request of this run has.
struct Case {
    name: &'static str,
    /// The share of the empty handler that it has to reach, if any.
    goal: Option<f64>,
    address: SocketAddr,
    request: String,
    status: u16,
}

impl Case {
    fn request(&self, n: usize) -> Vec<u8> {
        match self.request.split_once("\r\n\r\n") {
            Some((head, body)) if !body.is_empty() => {
                let body = body.replace("{n}", &n.to_string());
                format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
            }
            _ => self.request.clone().into_bytes(),
        }
    }

    fn ask_until(&self, done: &AtomicBool, connection: &mut Connection) -> usize {
        let is_unique = self.request.contains("{n}");
        let mut request = self.request(0);
        let mut finished = 0;
        while !done.load(Ordering::Relaxed) {
            if is_unique {
                request = self.request(fresh_number());
            }
            let (status, body) = connection.ask(&request);
            let text = || String::from_utf8_lossy(body);
            assert_eq!(status, self.status, "{}: {}", self.name, text());
            finished += 1;
        }
        finished
    }

    /// Returns the requests that the clients finish in a second.
    fn measure(&self, connections: &mut [Connection]) -> f64 {
        let done = AtomicBool::new(false);
        let start = Instant::now();
        let finished: usize = std::thread::scope(|scope| {
            let clients: Vec<_> = connections
                .iter_mut()
                .map(|connection| scope.spawn(|| self.ask_until(&done, connection)))
                .collect();
            std::thread::sleep(TURN);
            done.store(true, Ordering::Relaxed);
            clients.into_iter().map(|client| client.join().unwrap()).sum()
        });
        finished as f64 / start.elapsed().as_secs_f64()
    }
}

fn fresh_number() -> usize {
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints each case's share of the first one, the median of rounds in which all of them took turns.
fn compare(cases: &[Case]) {
    let mut rates: Vec<Vec<f64>> = vec![Vec::new(); cases.len()];
    for round in 0..=ROUNDS {
        for (i, case) in cases.iter().enumerate() {
            // New ones for each turn: servers close those that are idle between two turns.
            let mut connections: Vec<Connection> =
                (0..CLIENTS).map(|_| Connection::open(case.address)).collect();
            let rate = case.measure(&mut connections);
            // The first round warms up.
            if round > 0 {
                rates[i].push(rate);
            }
        }
    }
    println!("  {:34} {:>10} {:>7} {:>6}", "", "a second", "ratio", "goal");
    for (i, case) in cases.iter().enumerate() {
        let ratios = rates[i].iter().zip(&rates[0]).map(|(own, empty)| own / empty);
        let (ratio, rate) = (median(ratios.collect()), median(rates[i].clone()));
        let goal = case.goal.map(|goal| format!("{goal:.2}")).unwrap_or_default();
        let missed = case.goal.is_some_and(|goal| ratio < goal);
        let mark = if missed { " missed" } else { "" };
        println!("  {:34} {rate:10.0} {ratio:7.3} {goal:>6}{mark}", case.name);
    }
}

/// Runs a server on a separate thread until the process ends.
fn start<F>(serve: impl FnOnce() -> (SocketAddr, F) + Send + 'static) -> SocketAddr
where
    F: Future + 'static,
{
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async {
            let (address, server) = serve();
            sender.send(address).unwrap();
            server.await;
        });
    });
    receiver.recv().unwrap()
}

fn empty() -> SocketAddr {
    start(|| {
        let listed = async || {
            HttpResponse::Ok()
                .content_type("application/json")
                .body(vec![b'x'; LIST_BYTES])
        };
        let app = move || {
            App::new()
                .route("/", web::get().to(HttpResponse::Ok))
                .route("/list", web::get().to(listed))
        };
        let server = HttpServer::new(app)
            .workers(THREADS.parse().unwrap())
            .tcp_nodelay(true)
            .keep_alive(Duration::from_secs(75))
            .client_request_timeout(Duration::from_secs(10));
        let server = server.bind("127.0.0.1:0").unwrap();
        (server.addrs()[0], server.run())
    })
}

struct Server {
    address: SocketAddr,
    admin: String,
    /// The token of a session, which is looked up with every request.
    session: String,
}

impl Server {
    fn start(state: AppState) -> Server {
        let served = state.clone();
        let address = start(move || {
            let arguments = ["musubi", "--listen=127.0.0.1:0", "--workers", THREADS];
            let config = Arguments::parse_from(arguments).server;
            let listener = Listener::bind(served, &config).unwrap();
            (listener.address, listener.run())
        });
        let now = chrono::Utc::now().timestamp();
        let admin = state
            .keys
            .sign(&Claims::new(UserRole::Admin, "bench", now, 86_400))
            .unwrap();
        let session = String::new();
        let mut server = Server {
            address,
            admin,
            session,
        };
        server.log_in();
        server
    }

    fn log_in(&mut self) {
        let password = "correct horse battery staple";
        let user = json!({"email": "bench@example.jp", "name": "鈴木 一郎", "role": "admin"});
        let invited = self.post("/v1/users", &user);
        let invitation = json!({"token": invited["invitation"]["token"], "password": password});
        self.post("/v1/auth/invitations/accept", &invitation);
        let login = json!({"email": "bench@example.jp", "password": password});
        let session = self.post("/v1/auth/login", &login);
        self.session = session["access_token"].as_str().unwrap().to_owned();
    }

    fn request(&self, method: &str, path: &str, token: &str, more: &str, body: &str) -> String {
        let kind = if body.is_empty() {
            ""
        } else {
            "\r\ncontent-type: application/json"
        };
        let token = if token.is_empty() {
            String::new()
        } else {
            format!("\r\nauthorization: Bearer {token}")
        };
        format!("{method} {path} HTTP/1.1\r\nhost: localhost{token}{kind}{more}\r\n\r\n{body}")
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.request("POST", path, &self.admin, "", &body.to_string());
        let case = self.case("", None, request, 0);
        let mut connection = Connection::open(self.address);
        let (_, body) = connection.ask(&case.request(0));
        serde_json::from_slice(body).unwrap_or_default()
    }

    fn case(&self, name: &'static str, goal: Option<f64>, request: String, status: u16) -> Case {
        Case {
            name,
            goal,
            address: self.address,
            request,
            status,
        }
    }
}

fn config(folder: &std::path::Path, database_url: Option<String>) -> Config {
    Config {
        database_options: Default::default(),
        database_url,
        data_dir: folder.to_owned(),
        token_key: None,
        public_url: None,
        workbook_reader: None,
        served_areas: Default::default(),
        log: "info".into(),
        log_format: LogFormat::Human,
    }
}

fn requests(server: &Server, empty: SocketAddr, goal_by_id: f64) {
    let text = "高齢の方の居場所をつくるために、地域の皆さんと月に二回の集まりを開いています。".repeat(4);
    let mut last = Value::Null;
    for n in 0..200 {
        let organization = json!({"name": format!("風のひろば{n}"), "kana": "かぜのひろば", "area": "131041", "kind": "npo",
            "themes": ["place_to_gather"], "description": text,
            "contact": {"person": "田中 花子", "email": "t@example.jp", "phone": null}});
        last = server.post("/v1/organizations", &organization)["id"].clone();
    }
    let organization = last.as_str().unwrap().to_owned();
    for n in 0..200 {
        let deliverable = json!({"organization_id": organization, "type": "flyer", "title": format!("会員募集のチラシ{n}"),
            "trouble": text, "status": "open"});
        last = server.post("/v1/deliverables", &deliverable)["id"].clone();
    }
    let deliverable = last.as_str().unwrap().to_owned();
    let get = |path: &str| server.request("GET", path, &server.admin, "", "");
    let one = format!("/v1/deliverables/{deliverable}");
    let new = json!({"name": "風のひろば {n}", "area": "131041", "kind": "npo", "description": text});
    let post = server.request("POST", "/v1/organizations", &server.admin, "", &new.to_string());
    let case = |name, goal, request, status| server.case(name, goal, request, status);
    let of_empty = |name, path: &str| Case {
        name,
        goal: None,
        address: empty,
        request: format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"),
        status: 200,
    };
    let public = |path: &str| server.request("GET", path, "", "", "");
    let session = server.request("GET", &one, &server.session, "", "");
    let list = get("/v1/deliverables?limit=50");
    compare(&[
        of_empty("an empty handler", "/"),
        of_empty("a list's bytes from memory", "/list"),
        case("/healthz", None, public("/healthz"), 200),
        case("/healthz with a token", None, get("/healthz"), 200),
        case("a deliverable by id", Some(goal_by_id), get(&one), 200),
        case("the same, with a session's token", None, session, 200),
        case("a list of 50", Some(0.16), list, 200),
        case("/v1/areas", Some(0.4), public("/v1/areas"), 200),
        case("/v1/skills", None, public("/v1/skills"), 200),
    ]);
    // Separately, because the search for duplicates goes on behind it.
    compare(&[
        of_empty("an empty handler", "/"),
        case("a new organization", Some(0.15), post, 201),
    ]);
}

/// Compares rankings over HTTP, plain and compressed, with those that the same code makes in process.
fn rankings(state: &AppState, server: &Server, workers: u64) {
    let start = Instant::now();
    musubi::demo::load(state, today(), workers).unwrap();
    let (flyer, _) = musubi::demo::top_five(state, today()).unwrap();
    println!(
        "  {workers} workers, loaded and indexed in {:.0} s; one connection, milliseconds",
        start.elapsed().as_secs_f64()
    );
    let context = RankingContext {
        pool: Arc::new(state.pool.clone()),
        catalogues: Arc::clone(&state.catalogues),
        index: Arc::clone(&state.index),
        recorder: Arc::clone(&state.recorder),
    };
    let viewer = Viewer {
        actor: "admin:bench".into(),
        reach: Reach::Everything,
        personal_data: true,
        sees_all: true,
        beside: Beside::EVERYTHING,
    };
    let in_process = || {
        let parameters = WorkerRankingParameters {
            role: None,
            limit: Some(50),
            cursor: None,
            counts: Some(false),
            fairness: Default::default(),
            include: None,
        };
        let shown = state.pool.read_blocking(|db| {
            actions::rank_workers(db, &context, &viewer, flyer, parameters, Language::Ja)
        });
        serde_json::to_vec(&shown.unwrap().ranking).unwrap().len()
    };
    let path = format!("/v1/deliverables/{flyer}/matches?limit=50&counts=false");
    let plain = server.request("GET", &path, &server.admin, "", "").into_bytes();
    let gzip = "\r\naccept-encoding: gzip";
    let compressed = server.request("GET", &path, &server.admin, gzip, "").into_bytes();
    let mut connection = Connection::open(server.address);
    let (mut inside, mut outside, mut small) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bytes, mut small_bytes) = (0, 0);
    let millis = |start: Instant| start.elapsed().as_secs_f64() * 1e3;
    for _ in 0..400 {
        let start = Instant::now();
        in_process();
        inside.push(millis(start));
        let start = Instant::now();
        bytes = connection.ask(&plain).1.len();
        outside.push(millis(start));
        let start = Instant::now();
        small_bytes = connection.ask(&compressed).1.len();
        small.push(millis(start));
    }
    let (inside, outside, small) = (median(inside), median(outside), median(small));
    println!("  a ranking of 50 in process         p50 {inside:.3}");
    println!(
        "  over HTTP                          p50 {outside:.3}, speed {:.2} of in process (goal 0.60), {bytes} bytes",
        inside / outside
    );
    println!(
        "  over HTTP with gzip                p50 {small:.3}, {:.2} times plain (goal at most 1.50), {small_bytes} bytes",
        small / outside
    );
}

/// Formats every line of the access log, and throws it away.
fn log_to_nowhere() {
    let nowhere = std::fs::OpenOptions::new().write(true).open("/dev/null").unwrap();
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(std::sync::Mutex::new(nowhere))
        .init();
}

fn main() {
    log_to_nowhere();
    let mut numbers = std::env::args().filter_map(|arg| arg.parse::<u64>().ok());
    let quick = std::env::args().any(|arg| arg == "quick");
    let workers = numbers
        .next_back()
        .unwrap_or(if quick { 100_000 } else { 1_000_000 });
    let empty = empty();
    let folder = tempfile::TempDir::new().unwrap();
    let state = AppState::open(&config(folder.path(), None)).unwrap();
    let server = Server::start(state.clone());
    println!("{CLIENTS} connections, {THREADS} threads for each server; requests a second");
    println!("SQLite");
    requests(&server, empty, 0.44);
    if let Some(binaries) = cluster::binaries() {
        let cluster = cluster::Cluster::start(&binaries, "");
        let keys = tempfile::TempDir::new().unwrap();
        let state = AppState::open(&config(keys.path(), Some(cluster.url("postgres")))).unwrap();
        println!("PostgreSQL");
        requests(&Server::start(state), empty, 0.40);
    }
    if !std::env::args().any(|arg| arg == "requests") {
        println!("Rankings, on SQLite");
        rankings(&state, &server, workers);
    }
    drop(folder);
    // The servers don't stop by themselves.
    std::process::exit(0);
}
