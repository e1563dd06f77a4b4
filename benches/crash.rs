//! `kill -9` at random moments: `cargo bench --bench crash [-- KILLS] [sqlite|postgres] [seed=N]`, by default 100 times
//! on each database. `just crash` is
//! a short form.
//!
//! Eight clients write without a pause: they create records with an `Idempotency-Key`, change them with `If-Match`, and
//! send files. Meanwhile the server is killed after a random time, sometimes while it starts, and is started again. A client
//! whose request was not answered repeats a creation with its key, and looks what became of a change.
//!
//! At the end, the bench fails unless
//!
//! * everything that was acknowledged is there, and nothing is there in part: a record's texts are all of one write, its
//!   skills are complete, and a file's rows are all there, once each;
//! * each creation made one record, however often it was repeated;
//! * the log has each version of each record once, from the first to the record's own;
//! * a webhook of an administrator got every change of the log at least once;
//! * the audit's chain is whole, and SQLite finds its file sound.

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
mod program;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use musubi::config::DatabaseConfig;
use musubi::db::schema::changes;
use musubi::db::{Db, Pool};
use program::Program;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const CLIENTS: usize = 8;
/// The rows of a file.
const ROWS: usize = 40;
/// The source of all records that clients create.
const SOURCE: &str = "crash";
/// A key whose server died is free after a minute.
const LONGEST_DRAIN: Duration = Duration::from_secs(120);

/// Numbers that look random, from a seed (xorshift).
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Organization,
    Worker,
}

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Kind::Organization => "/v1/organizations",
            Kind::Worker => "/v1/workers",
        }
    }

    /// The properties that every write sets to its mark.
    fn marked(self, mark: &str) -> Value {
        match self {
            Kind::Organization => json!({"name": mark, "description": mark, "aliases": [mark]}),
            Kind::Worker => json!({"alias": mark, "personal": {"name": mark}}),
        }
    }

    fn body(self, mark: &str) -> Value {
        let mut body = self.marked(mark);
        let mut more = json!({"area": "131041", "source": SOURCE, "external_id": mark});
        if self == Kind::Worker {
            more["roles"] = json!(["designer"]);
            more["skills"] =
                json!([{"skill": "graphic_design", "level": 3}, {"skill": "copywriting", "level": 2}]);
        }
        body.as_object_mut()
            .unwrap()
            .append(more.as_object_mut().unwrap());
        body
    }

    /// The marks that a record has, one if it is of one write.
    fn marks(self, record: &Value) -> BTreeSet<String> {
        let places: &[&str] = match self {
            Kind::Organization => &["/name", "/description", "/aliases/0"],
            Kind::Worker => &["/alias", "/personal/name"],
        };
        let mark = |place: &&str| record.pointer(place).and_then(Value::as_str).unwrap_or("missing");
        places.iter().map(|place| mark(place).to_owned()).collect()
    }
}

/// A record as its client knows it.
struct Record {
    kind: Kind,
    id: String,
    version: i64,
    mark: String,
    /// The mark of a change that was not answered, and had not taken effect when the client looked.
    maybe: Option<String>,
}

/// What a client sent and saw.
#[derive(Default)]
struct Counts {
    created: u64,
    changed: u64,
    sent: u64,
    unanswered: u64,
    /// Of the changes that were not answered.
    written: u64,
    unwritten: u64,
    /// Creations that needed to be repeated.
    repeated: u64,
    /// Files that were sent again, since three kills in a row came before their import got further.
    sent_again: u64,
}

struct Client<'p> {
    number: usize,
    program: &'p Program,
    agent: ureq::Agent,
    bearer: String,
    random: Random,
    marks: u64,
    records: Vec<Record>,
    /// Creations that were not answered.
    pending: Vec<(Kind, String)>,
    /// Files by their source, with the import's id if it was answered.
    files: BTreeMap<String, Option<String>>,
    counts: Counts,
}

impl<'p> Client<'p> {
    fn new(number: usize, program: &'p Program, seed: u64) -> Client<'p> {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(20)))
            .build()
            .into();
        Client {
            number,
            program,
            agent,
            bearer: format!("Bearer {}", program.token(&format!("crash-{number}"))),
            random: Random(seed.wrapping_mul(2 * number as u64 + 3) | 1),
            marks: 0,
            records: Vec::new(),
            pending: Vec::new(),
            files: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    /// Sends a request. Returns none if nobody knows whether it took effect.
    fn send(&self, method: &str, path: &str, header: (&str, &str), body: &str) -> Option<(u16, Value)> {
        let kind = match method {
            "PATCH" => "application/merge-patch+json",
            _ if path.starts_with("/v1/imports") => "application/octet-stream",
            _ => "application/json",
        };
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.program.address))
            .header("authorization", &self.bearer)
            .header("content-type", kind)
            .header(header.0, header.1);
        let mut answer = match method {
            "GET" => self.agent.run(request.body(()).unwrap()).ok()?,
            _ => self.agent.run(request.body(body.to_owned()).unwrap()).ok()?,
        };
        let status = answer.status().as_u16();
        let text = answer.body_mut().read_to_string().ok()?;
        let body: Value = serde_json::from_str(&text).ok()?;
        (body["code"] != "outcome_unknown").then_some((status, body))
    }

    /// Reads a record, however long the server takes to come back.
    fn read(&self, path: &str) -> (u16, Value) {
        loop {
            match self.send("GET", path, ("accept", "*/*"), "") {
                Some((503, _)) | None => std::thread::sleep(Duration::from_millis(50)),
                Some(answer) => return answer,
            }
        }
    }

    fn fresh_mark(&mut self) -> String {
        self.marks += 1;
        format!("client {} mark {}", self.number, self.marks)
    }

    fn work(&mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            match self.random.below(40) {
                0 => self.send_file(),
                1..=4 if !self.pending.is_empty() => {
                    let (kind, mark) = self.pending.remove(0);
                    self.create(kind, mark);
                }
                1..=18 => {
                    let kind = if self.random.below(2) == 0 {
                        Kind::Organization
                    } else {
                        Kind::Worker
                    };
                    let mark = self.fresh_mark();
                    self.create(kind, mark);
                }
                _ if !self.records.is_empty() => self.change(),
                _ => {}
            }
        }
    }

    /// Notes that a request was not answered, and waits until the server is back.
    fn miss(&mut self) {
        self.counts.unanswered += 1;
        while !self.program.is_ready() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn create(&mut self, kind: Kind, mark: String) {
        let body = kind.body(&mark).to_string();
        let key = mark.replace(' ', "-");
        match self.send("POST", kind.path(), ("idempotency-key", &key), &body) {
            Some((201, made)) => {
                assert_eq!(kind.marks(&made), BTreeSet::from([mark.clone()]), "{made}");
                assert_eq!(made["version"], 1, "{made}");
                self.counts.created += 1;
                self.records.push(Record {
                    kind,
                    id: made["id"].as_str().unwrap().to_owned(),
                    version: 1,
                    mark,
                    maybe: None,
                });
            }
            // The server that held the key died, or this one does not write yet.
            Some((409, problem)) if problem["code"] == "request_in_progress" => {
                self.counts.repeated += 1;
                self.pending.push((kind, mark));
            }
            Some((503, _)) => self.pending.push((kind, mark)),
            None => {
                self.pending.push((kind, mark));
                self.miss();
            }
            Some((status, body)) => panic!("{mark}: {status} {body}"),
        }
    }

    fn change(&mut self) {
        let at = self.random.below(self.records.len() as u64) as usize;
        let mark = self.fresh_mark();
        let record = &self.records[at];
        let (path, body) = (record.path(), record.kind.marked(&mark).to_string());
        let tag = format!("\"{}\"", record.version);
        match self.send("PATCH", &path, ("if-match", &tag), &body) {
            Some((200, changed)) => {
                let record = &mut self.records[at];
                assert!(
                    record.is_now(&changed, &mark),
                    "{path} should be {mark}: {changed}"
                );
                (record.version, record.mark, record.maybe) = (record.version + 1, mark, None);
                self.counts.changed += 1;
            }
            Some((503, _)) => {}
            // A change that had not taken effect when this client looked.
            Some((412, _)) if record.maybe.is_some() => self.look(at),
            None => {
                self.records[at].maybe = Some(mark);
                self.miss();
                self.look(at);
            }
            Some((status, body)) => panic!("{path}: {status} {body}"),
        }
    }

    /// Looks what became of a change that was not answered.
    fn look(&mut self, at: usize) {
        let (status, now) = self.read(&self.records[at].path());
        assert_eq!(status, 200, "lost: {}", self.records[at].path());
        let is_written = self.records[at].settle(&now);
        *(if is_written {
            &mut self.counts.written
        } else {
            &mut self.counts.unwritten
        }) += 1;
    }

    fn send_file(&mut self) {
        let source = self.fresh_mark().replace(' ', "-");
        match self.post_file(&source) {
            Some((202, import)) => {
                let id = import["id"].as_str().unwrap().to_owned();
                self.files.insert(source, Some(id));
                self.counts.sent += 1;
            }
            // There are many unfinished ones already.
            Some((429 | 503, _)) => {}
            None => {
                self.files.insert(source, None);
                self.miss();
            }
            Some((status, body)) => panic!("{source}: {status} {body}"),
        }
    }

    fn post_file(&mut self, source: &str) -> Option<(u16, Value)> {
        let rows: String = (1..=ROWS).map(|n| format!("{n},{source} {n},新宿区\n")).collect();
        let path = format!("/v1/imports?kind=workers&source={source}&file_name={source}.csv");
        self.send("POST", &path, ("accept", "*/*"), &format!("id,氏名,地域\n{rows}"))
    }

    /// Returns an import once it has ended.
    fn ended(&mut self, source: &str, id: &str, end: Instant) -> Value {
        loop {
            assert!(Instant::now() < end, "the import {source} never ends");
            let (status, import) = self.read(&format!("/v1/imports/{id}"));
            assert_eq!(status, 200, "lost: the import {source}");
            match import["status"].as_str().unwrap() {
                "queued" | "running" => std::thread::sleep(Duration::from_millis(200)),
                _ => return import,
            }
        }
    }

    /// Repeats what was not answered until it is, and waits for the imports.
    fn drain(&mut self) {
        let end = Instant::now() + LONGEST_DRAIN;
        while let Some((kind, mark)) = self.pending.pop() {
            assert!(Instant::now() < end, "the key of {mark} is never free");
            self.create(kind, mark);
            if !self.pending.is_empty() {
                self.pending.rotate_right(1);
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        let answered = self
            .files
            .clone()
            .into_iter()
            .filter_map(|(source, id)| Some((source, id?)));
        for (source, mut id) in answered.collect::<Vec<_>>() {
            loop {
                let import = self.ended(&source, &id, end);
                if import["status"] == "succeeded" {
                    break;
                }
                // Nobody can tell a kill from a file that ends the server, so the import gives up after three and says so.
                let code = &import["error"]["code"];
                assert_eq!(code, "repeated_crashes", "the import {source}: {import}");
                if let Some((202, import)) = self.post_file(&source) {
                    id = import["id"].as_str().unwrap().to_owned();
                    self.counts.sent_again += 1;
                }
            }
        }
    }

    /// Checks every record that the client knows of.
    fn check(&mut self) {
        for record in &mut self.records {
            let path = record.path();
            let answer = self.agent.get(format!("http://{}{path}", self.program.address));
            let mut answer = answer.header("authorization", &self.bearer).call().unwrap();
            assert_eq!(answer.status(), 200, "lost: {path}");
            let now = answer.body_mut().read_to_string().unwrap();
            record.settle(&serde_json::from_str(&now).unwrap());
        }
    }
}

impl Record {
    fn path(&self) -> String {
        format!("{}/{}", self.kind.path(), self.id)
    }

    /// Whether the record is as the change after the known version has made it.
    fn is_now(&self, now: &Value, mark: &str) -> bool {
        now["version"] == self.version + 1 && self.kind.marks(now) == BTreeSet::from([mark.to_owned()])
    }

    /// Takes over how the record is. Returns whether a change that was not answered was written.
    fn settle(&mut self, now: &Value) -> bool {
        if let Some(maybe) = self.maybe.clone().filter(|maybe| self.is_now(now, maybe)) {
            (self.version, self.mark, self.maybe) = (self.version + 1, maybe, None);
            return true;
        }
        let is_same =
            now["version"] == self.version && self.kind.marks(now) == BTreeSet::from([self.mark.clone()]);
        assert!(
            is_same,
            "lost or half written: version {} of {} is {now}",
            self.version, self.mark
        );
        false
    }
}

/// How often the receiver of a webhook heard of each change, by its number in the log.
type Heard = Arc<Mutex<BTreeMap<i64, u64>>>;

/// A webhook of an administrator, and what its receiver heard.
struct Hook {
    path: String,
    heard: Heard,
}

impl Hook {
    /// Registers the webhook at a server that runs.
    fn new(program: &Program, client: &Client) -> Hook {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let heard = Heard::default();
        let hears = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let heard = Arc::clone(&hears);
                std::thread::spawn(move || hear(stream, &heard));
            }
        });
        let send = |path: &str, body: Value| client.send("POST", path, ("accept", "*/*"), &body.to_string());
        let user = json!({"email": "hooks@example.jp", "name": "鈴木", "role": "admin"});
        let (_, invited) = send("/v1/users", user).unwrap();
        let (token, password) = (&invited["invitation"]["token"], "correct horse battery staple");
        let acceptance = json!({"token": token, "password": password}).to_string();
        let accept = format!("http://{}/v1/auth/invitations/accept", program.address);
        let accepted = client.agent.post(accept).content_type("application/json");
        assert_eq!(accepted.send(acceptance).unwrap().status(), 204);
        let login = json!({"email": "hooks@example.jp", "password": password});
        let (_, session) = send("/v1/auth/login", login).unwrap();
        let owner = Client {
            bearer: format!("Bearer {}", session["access_token"].as_str().unwrap()),
            ..Client::new(CLIENTS, program, 1)
        };
        let hook = json!({"url": url, "types": ["organization", "worker"]}).to_string();
        let (status, made) = owner
            .send("POST", "/v1/webhooks", ("accept", "*/*"), &hook)
            .unwrap();
        assert_eq!(status, 201, "{made}");
        let path = format!("/v1/webhooks/{}", made["webhook"]["id"].as_str().unwrap());
        Hook { path, heard }
    }

    /// Waits until the receiver has everything up to a change.
    fn drain(&self, client: &Client, latest: i64) {
        let end = Instant::now() + LONGEST_DRAIN;
        loop {
            let (_, now) = client.read(&self.path);
            let position = now["position"].as_str().and_then(|text| text.split('-').next());
            let position: i64 = position.unwrap().parse().unwrap();
            if now["waiting"] == 0 && position >= latest {
                return;
            }
            assert!(Instant::now() < end, "messages never arrive: {now}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// Takes one message, and notes which change it is about.
fn hear(stream: TcpStream, heard: &Heard) -> Option<()> {
    let mut reader = BufReader::new(&stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().to_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().ok()?,
            Some(_) => {}
            None if line.trim().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let message: Value = serde_json::from_slice(&body).ok()?;
    let position = message["data"]["position"].as_str()?.split('-').next()?;
    *heard.lock().unwrap().entry(position.parse().ok()?).or_default() += 1;
    let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
    (&stream).write_all(answer).ok()
}

/// A server that is killed when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn rows(db: &mut Db, sql: &str) -> Vec<(String, i64)> {
    let query = diesel::sql_query(sql);
    let rows: Vec<Row> = match db {
        Db::Pg(c) => query.load(c).unwrap(),
        Db::Sqlite(c) => query.load(c).unwrap(),
    };
    rows.into_iter().map(|row| (row.name, row.number)).collect()
}

/// Checks what the database holds against what the clients know. Returns how many changes it has.
fn check_database(program: &Program, clients: &[Client], heard: &Heard) -> i64 {
    let pool = Pool::open(&program.database(), &DatabaseConfig::default()).unwrap();
    let checked = pool.read_blocking(|db| {
        let of_kind = |kind: Kind| {
            let all = clients.iter().flat_map(|client| &client.records);
            all.filter(|record| record.kind == kind).count() as i64
        };
        for (table, kind) in [("organizations", Kind::Organization), ("workers", Kind::Worker)] {
            let sql = format!("SELECT '' AS name, count(*) AS number FROM {table} WHERE source = '{SOURCE}'");
            assert_eq!(rows(db, &sql)[0].1, of_kind(kind), "{table}: lost or doubled");
        }
        let parts = format!(
            "SELECT external_id AS name,
                 (SELECT count(*) FROM worker_skills s WHERE s.worker_id = w.id)
                 + 10 * (SELECT count(*) FROM worker_roles r WHERE r.worker_id = w.id) AS number
             FROM workers w WHERE source = '{SOURCE}'"
        );
        for (name, number) in rows(db, &parts) {
            assert_eq!(number, 12, "{name} is there in part");
        }
        let imported = "SELECT source AS name, count(*) AS number FROM workers GROUP BY source";
        let imported: BTreeMap<String, i64> = rows(db, imported).into_iter().collect();
        for (source, import) in clients.iter().flat_map(|client| &client.files) {
            let there = imported.get(source).copied().unwrap_or(0);
            let is_whole = there == ROWS as i64 || (there == 0 && import.is_none());
            assert!(
                is_whole,
                "{there} of {ROWS} rows of {source}, which was sent as {import:?}"
            );
        }

        let logged = changes::table
            .filter(changes::entity.eq_any(["organization", "worker"]))
            .order(changes::seq)
            .select((changes::entity_id, changes::version));
        let mut versions = BTreeMap::<String, Vec<i64>>::new();
        for (id, version) in logged.load::<(String, i64)>(db)? {
            versions.entry(id).or_default().push(version);
        }
        for record in clients.iter().flat_map(|client| &client.records) {
            let expected: Vec<i64> = (1..=record.version).collect();
            assert_eq!(
                versions.remove(&record.id),
                Some(expected),
                "the log of {}",
                record.path()
            );
        }
        // The others are rows of files.
        let rows_of_files: i64 = imported
            .iter()
            .filter(|(source, _)| *source != SOURCE)
            .map(|(_, count)| count)
            .sum();
        assert_eq!(
            versions.len() as i64,
            rows_of_files,
            "the log has records that are not there"
        );
        assert!(
            versions.values().all(|versions| versions == &[1]),
            "the log of a row"
        );

        let of_log = changes::table.filter(changes::entity.eq_any(["organization", "worker"]));
        let of_log: Vec<i64> = of_log.select(changes::seq).load(db)?;
        let heard = heard.lock().unwrap();
        let unheard: Vec<&i64> = of_log.iter().filter(|seq| !heard.contains_key(seq)).collect();
        assert!(
            unheard.is_empty(),
            "the webhook never got {unheard:?} of {of_log:?}"
        );

        if let Db::Sqlite(_) = db {
            let check = "SELECT integrity_check AS name, 0 AS number FROM pragma_integrity_check";
            assert_eq!(rows(db, check), [("ok".to_owned(), 0)]);
        }
        Ok(changes::table.count().get_result::<i64>(db)?)
    });
    let audit = program.command(&["audit", "verify"]).output().unwrap();
    assert!(
        audit.status.success(),
        "{}",
        String::from_utf8_lossy(&audit.stdout)
    );
    checked.unwrap()
}

fn run(name: &str, program: &Program, kills: u64, seed: u64) {
    let began = Instant::now();
    // Runs the migrations undisturbed: killing those is another matter.
    let server = Running(program.serve());
    let hook = Hook::new(program, &Client::new(CLIENTS, program, seed));
    drop(server);
    let stop = AtomicBool::new(false);
    let mut random = Random(seed | 1);
    let mut clients: Vec<Client> = (0..CLIENTS)
        .map(|number| Client::new(number, program, seed))
        .collect();
    std::thread::scope(|scope| {
        let working: Vec<_> = clients
            .iter_mut()
            .map(|client| scope.spawn(|| client.work(&stop)))
            .collect();
        for n in 1..=kills {
            let server = Running(program.start());
            // Every tenth one is killed while it starts, or soon after.
            let is_early = n % 10 == 0;
            while !is_early && !program.is_ready() && !working.iter().any(|one| one.is_finished()) {
                std::thread::sleep(Duration::from_millis(20));
            }
            std::thread::sleep(Duration::from_millis(random.below(700)));
            drop(server);
            if working.iter().any(|one| one.is_finished()) {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
        // A client may be waiting for the server.
        let _server = Running(program.serve());
        working.into_iter().for_each(|one| one.join().unwrap());
    });
    let server = Running(program.serve());
    std::thread::scope(|scope| {
        for client in &mut clients {
            scope.spawn(|| {
                client.drain();
                client.check();
            });
        }
    });
    // The server learns of a change a moment after its commit.
    let pool = Pool::open(&program.database(), &DatabaseConfig::default()).unwrap();
    let latest = pool.read_blocking(musubi::changes::store::latest).unwrap();
    drop(pool);
    hook.drain(&clients[0], latest);
    drop(server);
    let changes = check_database(program, &clients, &hook.heard);
    let (messages, twice) = {
        let heard = hook.heard.lock().unwrap();
        (heard.len(), heard.values().filter(|times| **times > 1).count())
    };
    let sum = |count: fn(&Counts) -> u64| clients.iter().map(|client| count(&client.counts)).sum::<u64>();
    println!(
        "{name}, seed {seed}: {kills} kills in {} s\n\
         acknowledged: {} created, {} changed, {} files of {ROWS} rows ({} sent again after three kills in a row)\n\
         not answered: {}; of the changes, {} had been written and {} not; {} keys were still held\n\
         lost: 0, half written: 0, doubled: 0; {changes} changes, each version once; the audit is whole\n\
         the webhook got all {messages}, {twice} of them more than once",
        began.elapsed().as_secs(),
        sum(|of| of.created),
        sum(|of| of.changed),
        sum(|of| of.sent),
        sum(|of| of.sent_again),
        sum(|of| of.unanswered),
        sum(|of| of.written),
        sum(|of| of.unwritten),
        sum(|of| of.repeated),
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let kills = arguments.iter().find_map(|a| a.parse().ok()).unwrap_or(100);
    let given = arguments
        .iter()
        .find_map(|a| a.strip_prefix("seed=")?.parse().ok());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seed = given.unwrap_or(now.unwrap().as_secs());
    println!("seed={seed}");
    let is_wanted = |name: &str| {
        let others =
            ["sqlite", "postgres"].map(|other| other != name && arguments.iter().any(|a| a == other));
        !others.contains(&true)
    };
    let cluster = is_wanted("postgres").then(|| {
        let binaries = cluster::binaries().expect("PostgreSQL's initdb");
        cluster::Cluster::start(&binaries, "")
    });
    let postgres = cluster
        .as_ref()
        .map(|cluster| Program::new(Some(cluster.url("postgres"))));
    std::thread::scope(|scope| {
        if let Some(program) = &postgres {
            scope.spawn(|| run("PostgreSQL", program, kills, seed));
        }
        if is_wanted("sqlite") {
            scope.spawn(|| run("SQLite", &Program::new(None), kills, seed));
        }
    });
}
