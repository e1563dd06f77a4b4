//! Abuse beside normal use: `cargo bench --bench abuse [-- MINUTES] [postgres]`, by default 60 minutes on SQLite.
//!
//! A demo with 10,000 workers is served by a separate process. Two clients use it as an office does: lists,
//! single records, rankings, new organizations, at a fixed pace. First they have the server to themselves.
//! Then others join, each from an address of the loopback network:
//!
//! * 300 connections that ask for files and long lists, and read nothing;
//! * 100 connections that send one byte of a request a second;
//! * hostile files, one import after the other;
//! * wrong passwords;
//! * long lists, keyed previews and rankings, as fast as a quota would allow;
//! * connections that send noise.
//!
//! At the end the server is killed and started again. The bench fails if an acknowledged organization is
//! missing, if memory still grows in the second half, if a normal request failed, or if the p99 of normal
//! requests was more than three times that of the idle server.

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
#[allow(dead_code)]
#[path = "../tests/fixtures/hostile.rs"]
mod hostile;
mod program;

use parking_lot::Mutex;
use program::Program;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The bounds that a run has to meet.
const P99_TIMES: f64 = 3.0;
const GROWTH: f64 = 1.2;
/// Normal requests a second, of each of the two clients.
const PACE: u32 = 10;
/// Every client gives up after this time, so that no attacker waits for an answer that never comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Connects from an address of the loopback network.
fn connect(from: u8, server: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, from), 0)).into())?;
    socket.connect_timeout(&server.into(), PATIENCE)?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn head(method: &str, path: &str, token: &str, more: &str, length: usize) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-length: {length}\r\n{more}\r\n"
    )
}

/// A client that keeps its connection.
struct Client {
    from: u8,
    server: SocketAddr,
    token: String,
    connection: Option<BufReader<TcpStream>>,
}

impl Client {
    fn new(from: u8, setting: &Program, subject: &str) -> Client {
        Client {
            from,
            server: setting.address,
            token: setting.token(subject),
            connection: None,
        }
    }

    fn send(&mut self, method: &str, path: &str, more: &str, body: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => BufReader::new(connect(self.from, self.server)?),
        };
        let mut request = head(method, path, &self.token, more, body.len()).into_bytes();
        request.extend_from_slice(body);
        connection.get_mut().write_all(&request)?;
        let (answer, is_kept) = read_answer(&mut connection)?;
        self.connection = is_kept.then_some(connection);
        Ok(answer)
    }

    fn json(&mut self, method: &str, path: &str, body: &Value) -> std::io::Result<(u16, Value)> {
        let kind = "content-type: application/json\r\n";
        let (status, bytes) = self.send(method, path, kind, body.to_string().as_bytes())?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    fn get(&mut self, path: &str) -> std::io::Result<(u16, Value)> {
        let (status, bytes) = self.send("GET", path, "", b"")?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }
}

/// Reads an answer, and whether the connection is kept.
fn read_answer(connection: &mut BufReader<TcpStream>) -> std::io::Result<((u16, Vec<u8>), bool)> {
    let mut line = String::new();
    connection.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let (mut length, mut is_chunked, mut is_kept) = (0, false, true);
    loop {
        line.clear();
        connection.read_line(&mut line)?;
        let header = line.trim_end().to_ascii_lowercase();
        match header.split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap_or_default(),
            Some(("transfer-encoding", _)) => is_chunked = true,
            Some(("connection", value)) => is_kept = value != "close",
            Some(_) => {}
            None => break,
        }
    }
    let mut body = Vec::new();
    loop {
        if is_chunked {
            line.clear();
            connection.read_line(&mut line)?;
            length = usize::from_str_radix(line.trim_end(), 16).unwrap_or_default();
        }
        let start = body.len();
        body.resize(start + length, 0);
        connection.read_exact(&mut body[start..])?;
        if !is_chunked {
            break;
        }
        line.clear();
        connection.read_line(&mut line)?;
        if length == 0 {
            break;
        }
    }
    Ok(((status, body), is_kept))
}

/// What an office asks for, in turns.
const KINDS: [&str; 5] = [
    "list of workers",
    "worker",
    "ranking",
    "list of organizations",
    "new organization",
];

/// What the normal clients saw.
#[derive(Default)]
struct Seen {
    /// The kind and the microseconds of each answer.
    times: Mutex<Vec<(usize, u64)>>,
    faults: Mutex<Vec<String>>,
    /// The ids of organizations that the server acknowledged.
    acknowledged: Mutex<Vec<String>>,
}

impl Seen {
    fn count(&self) -> usize {
        self.times.lock().len()
    }

    /// Of one kind, or of all.
    fn quantile(&self, kind: Option<usize>, share: f64) -> f64 {
        let of_kind = |(own, time): &(usize, u64)| kind.is_none_or(|kind| kind == *own).then_some(*time);
        let mut times: Vec<u64> = self.times.lock().iter().filter_map(of_kind).collect();
        times.sort_unstable();
        let at = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
        times.get(at).copied().unwrap_or_default() as f64 / 1000.0
    }
}

/// Uses the service as an office does, at a fixed pace.
fn use_normally(setting: &Program, number: usize, seen: &Seen, stop: &AtomicBool) {
    let mut client = Client::new(1, setting, &format!("office-{number}"));
    let first = |client: &mut Client, path: &str| {
        let (_, list) = client.get(path).unwrap();
        list["items"][0]["id"].as_str().unwrap().to_owned()
    };
    let worker = first(&mut client, "/v1/workers?limit=1");
    let request = first(&mut client, "/v1/deliverables?status=open&limit=1");
    let mut next = Instant::now();
    for turn in 0_u64.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        next = next.max(Instant::now()) + Duration::from_secs(1) / PACE;
        let began = Instant::now();
        let kind = turn as usize % KINDS.len();
        let answer = match kind {
            0 => client.get("/v1/workers?limit=20"),
            1 => client.get(&format!("/v1/workers/{worker}")),
            2 => client.get(&format!("/v1/deliverables/{request}/matches?limit=20")),
            3 => client.get("/v1/organizations?limit=20"),
            _ => {
                let name = format!("見守りの会 {number} {}", began.elapsed().as_nanos() as u64 ^ turn);
                client.json(
                    "POST",
                    "/v1/organizations",
                    &json!({"name": name, "area": "131041"}),
                )
            }
        };
        match answer {
            Ok((200, _)) => {}
            Ok((201, made)) => seen
                .acknowledged
                .lock()
                .push(made["id"].as_str().unwrap().to_owned()),
            Ok((status, answer)) => seen.faults.lock().push(format!("{status} {answer}")),
            Err(error) => {
                client.connection = None;
                seen.faults.lock().push(error.to_string());
            }
        }
        seen.times.lock().push((kind, began.elapsed().as_micros() as u64));
    }
}

/// What the attackers count, to be printed.
#[derive(Default)]
struct Attacks {
    connections: AtomicU64,
    refused: AtomicU64,
    answers: AtomicU64,
    limited: AtomicU64,
    /// How often which answer of 500 or above came, and what asked for it.
    server_errors: Mutex<BTreeMap<(&'static str, u16), u64>>,
}

impl Attacks {
    fn count<T>(&self, attack: &'static str, answer: std::io::Result<(u16, T)>, client: &mut Client) {
        self.answers.fetch_add(1, Ordering::Relaxed);
        match answer {
            Ok((429 | 413 | 507, _)) => drop(self.limited.fetch_add(1, Ordering::Relaxed)),
            Ok((status @ 500.., _)) => *self.server_errors.lock().entry((attack, status)).or_default() += 1,
            Ok(_) => {}
            Err(_) => {
                client.connection = None;
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn connect(&self, from: u8, server: SocketAddr) -> Option<TcpStream> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        let made = connect(from, server);
        if made.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        made.ok()
    }
}

const ATTACKERS: [fn(&Program, &Attacks, &AtomicBool); 7] = [
    read_nothing,
    send_slowly,
    send_hostile_files,
    guess_passwords,
    ask_for_lists,
    ask_for_previews,
    send_noise,
];

fn read_nothing(setting: &Program, attacks: &Attacks, stop: &AtomicBool) {
    let token = setting.token("slow-reader");
    let paths = [
        "/v1/open-data/engagements.csv",
        "/v1/workers?limit=200",
        "/openapi.json",
    ];
    let requests: String = paths
        .iter()
        .cycle()
        .take(60)
        .map(|path| head("GET", path, &token, "", 0))
        .collect();
    while !stop.load(Ordering::Relaxed) {
        let mut open: Vec<TcpStream> = (0..300)
            .filter_map(|_| attacks.connect(2, setting.address))
            .collect();
        for stream in &mut open {
            let _ = stream.set_nonblocking(true);
            let _ = stream.write(requests.as_bytes());
        }
        pause(stop, 90);
    }
}

fn send_slowly(setting: &Program, attacks: &Attacks, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let mut open: Vec<TcpStream> = (0..100)
            .filter_map(|_| attacks.connect(3, setting.address))
            .collect();
        for byte in b"GET /v1/areas HTTP/1.1\r\nhost: localhost\r\nx-slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" {
            open.retain_mut(|stream| stream.write_all(&[*byte]).is_ok());
            pause(stop, 1);
        }
    }
}

fn send_hostile_files(setting: &Program, attacks: &Attacks, stop: &AtomicBool) {
    let files = hostile::files();
    let mut client = Client::new(4, setting, "hostile");
    for file in files.iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let path = format!("/v1/imports?kind=workers&source=hostile&file_name={}", file.name);
        let kind = "content-type: application/octet-stream\r\n";
        let answer = client.send("POST", &path, kind, &file.bytes);
        attacks.count("hostile file", answer, &mut client);
        pause(stop, 1);
    }
}

fn guess_passwords(setting: &Program, attacks: &Attacks, stop: &AtomicBool) {
    let mut client = Client::new(5, setting, "guesser");
    for turn in 0_u64.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let guess =
            json!({"email": format!("user{}@example.jp", turn % 50), "password": format!("guess {turn}")});
        let answer = client.json("POST", "/v1/auth/login", &guess);
        attacks.count("guessed password", answer, &mut client);
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn ask_for_lists(setting: &Program, attacks: &Attacks, stop: &AtomicBool) {
    let mut client = Client::new(6, setting, "lists");
    while !stop.load(Ordering::Relaxed) {
        let answer = client.get("/v1/workers?limit=200");
        attacks.count("list", answer, &mut client);
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn ask_for_previews(setting: &Program, attacks: &Attacks, stop: &AtomicBool) {
    let mut client = Client::new(7, setting, "previews");
    let body = json!({"need": {"type": "flyer", "area": "131041"}, "limit": 50}).to_string();
    for turn in 0_u64.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let more = format!("content-type: application/json\r\nidempotency-key: preview-{turn}\r\n");
        let answer = client.send("POST", "/v1/matches/preview", &more, body.as_bytes());
        attacks.count("preview", answer, &mut client);
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn send_noise(setting: &Program, attacks: &Attacks, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        if let Some(mut stream) = attacks.connect(8, setting.address) {
            let _ = stream.write_all(b"\x16\x03\x01\0\xa5GET / HTTP/9.9\r\n\0\0\r\n\r\n");
            let _ = stream.read(&mut [0; 256]);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn pause(stop: &AtomicBool, seconds: u64) {
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Returns the resident memory of a process in MB.
fn resident(child: &Child) -> f64 {
    let statm = std::fs::read_to_string(format!("/proc/{}/statm", child.id())).unwrap_or_default();
    let pages: f64 = statm
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or_default();
    pages * 4096.0 / 1_000_000.0
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let minutes: u64 = arguments.iter().find_map(|a| a.parse().ok()).unwrap_or(60);
    let on_postgres = arguments.iter().any(|argument| argument == "postgres");
    let cluster = on_postgres.then(|| {
        let binaries = cluster::binaries().expect("PostgreSQL's initdb");
        cluster::Cluster::start(&binaries, "")
    });
    let setting = Arc::new(Program::new(
        cluster.as_ref().map(|cluster| cluster.url("postgres")),
    ));
    let loaded = setting
        .command(&["demo", "--load-only", "--roster", "10000"])
        .stdout(Stdio::null())
        .status();
    assert!(loaded.unwrap().success(), "the demo did not load");
    let mut server = setting.serve();

    let idle = Arc::new(Seen::default());
    let busy = Arc::new(Seen::default());
    let office = |seen: &Arc<Seen>, stop: &Arc<AtomicBool>| {
        let threads = (0..2).map(|number| {
            let (setting, seen, stop) = (setting.clone(), seen.clone(), stop.clone());
            std::thread::spawn(move || use_normally(&setting, number, &seen, &stop))
        });
        threads.collect::<Vec<_>>()
    };
    let stop = Arc::new(AtomicBool::new(false));
    let threads = office(&idle, &stop);
    std::thread::sleep(Duration::from_secs((minutes * 6).clamp(20, 300)));
    stop.store(true, Ordering::Relaxed);
    threads.into_iter().for_each(|thread| thread.join().unwrap());

    let stop = Arc::new(AtomicBool::new(false));
    let attacks = Arc::new(Attacks::default());
    let mut threads = office(&busy, &stop);
    for attack in ATTACKERS {
        let (setting, attacks, stop) = (setting.clone(), attacks.clone(), stop.clone());
        threads.push(std::thread::spawn(move || attack(&setting, &attacks, &stop)));
    }
    let mut memory = Vec::new();
    for minute in 1..=minutes {
        let mut peak: f64 = 0.0;
        for _ in 0..60 {
            std::thread::sleep(Duration::from_secs(1));
            peak = peak.max(resident(&server));
        }
        memory.push(peak);
        println!(
            "minute {minute}: peak {peak:.0} MB, {} faults",
            busy.faults.lock().len()
        );
        assert!(server.try_wait().unwrap().is_none(), "the server ended");
    }
    stop.store(true, Ordering::Relaxed);
    threads.into_iter().for_each(|thread| thread.join().unwrap());

    server.kill().unwrap();
    server.wait().unwrap();
    let mut server = setting.serve();
    let mut client = Client::new(1, &setting, "checker");
    let acknowledged = [idle.acknowledged.lock().clone(), busy.acknowledged.lock().clone()].concat();
    let is_missing = |id: &&String| !matches!(client.get(&format!("/v1/organizations/{id}")), Ok((200, _)));
    let missing = acknowledged.iter().filter(is_missing).count();
    server.kill().unwrap();
    server.wait().unwrap();

    let peak_of = |part: &[f64]| part.iter().copied().fold(0.0, f64::max);
    let (first, second) = memory.split_at(memory.len() / 2);
    let (idle_p99, busy_p99) = (idle.quantile(None, 0.99), busy.quantile(None, 0.99));
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    // A guard in the arguments of println! would live as long as the others need the same lock.
    let (idle_count, busy_count) = (idle.count(), busy.count());
    println!(
        "database: {}\nnormal requests: {} idle, {} under abuse; p50 {:.1} -> {:.1} ms; p99 {idle_p99:.1} -> {busy_p99:.1} ms, {:.2} times\n\
         memory: peak {:.0} MB in the first half, {:.0} MB in the second\n\
         acknowledged: {}, missing after a kill: {missing}\n\
         abuse: {} connections, {} answers, {} of them 413, 429 or 507, {:?} of them 5xx, {} connections refused or cut",
        if on_postgres { "PostgreSQL" } else { "SQLite" },
        idle_count,
        busy_count,
        idle.quantile(None, 0.5),
        busy.quantile(None, 0.5),
        busy_p99 / idle_p99,
        peak_of(first),
        peak_of(second),
        acknowledged.len(),
        count(&attacks.connections),
        count(&attacks.answers),
        count(&attacks.limited),
        attacks.server_errors.lock(),
        count(&attacks.refused),
    );
    for (kind, name) in KINDS.iter().enumerate() {
        let [p50, p99] = [0.5, 0.99].map(|share| [&idle, &busy].map(|seen| seen.quantile(Some(kind), share)));
        println!(
            "{name}: p50 {:.1} -> {:.1} ms, p99 {:.1} -> {:.1} ms",
            p50[0], p50[1], p99[0], p99[1]
        );
    }
    let faults = [idle.faults.lock().clone(), busy.faults.lock().clone()].concat();
    assert!(
        faults.is_empty(),
        "normal requests failed: {:?}",
        &faults[..faults.len().min(10)]
    );
    assert_eq!(missing, 0, "acknowledged and lost");
    assert!(peak_of(second) <= GROWTH * peak_of(first), "memory grows");
    assert!(busy_p99 <= P99_TIMES * idle_p99, "normal requests wait too long");
}
