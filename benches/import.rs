//! Importing a roster: `cargo bench --bench import [-- ROWS]`, by default with a million rows.
//!
//! * `musubi import` imports a CSV of generated workers, and then the same file again, in a separate process
//!   whose peak memory is measured. Into SQLite, and into PostgreSQL if its server is installed.
//! * The database's own loaders then load the final rows of the tables: `sqlite3 .import`, followed by
//!   creating the indexes, and psql's COPY into tables with the same indexes. They validate, normalise and
//!   log nothing.
//! * While a server imports, a client reads one record again and again. Its p99 is compared with that of an
//!   idle server.
//!
//! Ratios are from one run, times are from this machine.

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

use matcher::Draw;
use serde_json::Value;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const MUSUBI: &str = env!("CARGO_BIN_EXE_musubi");
/// The bounds that an import has to meet.
const OF_LOADERS: f64 = 0.3;
const UNCHANGED: f64 = 3.0;
const MEMORY_MB: f64 = 150.0;
const WAITING: f64 = 3.0;

const FAMILIES: [&str; 12] = [
    "佐藤 さとう",
    "鈴木 すずき",
    "高橋 たかはし",
    "田中 たなか",
    "伊藤 いとう",
    "渡辺 わたなべ",
    "山本 やまもと",
    "中村 なかむら",
    "小林 こばやし",
    "加藤 かとう",
    "吉田 よしだ",
    "山田 やまだ",
];
const GIVEN: [&str; 10] = [
    "陽子 ようこ",
    "一郎 いちろう",
    "花子 はなこ",
    "健 けん",
    "美咲 みさき",
    "大輔 だいすけ",
    "直樹 なおき",
    "恵 めぐみ",
    "翔太 しょうた",
    "由美 ゆみ",
];
const AREAS: [&str; 10] = [
    "新宿区",
    "文京区",
    "渋谷区",
    "三鷹市",
    "小金井市",
    "板橋区",
    "世田谷区",
    "八王子市",
    "練馬区",
    "町田市",
];
const SKILLS: [&str; 8] = [
    "グラフィックデザイン(4)",
    "編集",
    "イラスト",
    "写真(3)",
    "会計",
    "Web制作",
    "文章作成(2)",
    "翻訳",
];
const DAYS: [&str; 5] = ["土日", "平日夜", "土曜午前", "いつでも", "日曜午後"];

fn one_of(draw: &mut Draw, texts: &[&'static str]) -> &'static str {
    draw.pick(texts).unwrap()
}

fn roster(folder: &Path, rows: usize) -> PathBuf {
    let path = folder.join("roster.csv");
    let mut out = BufWriter::new(std::fs::File::create(&path).unwrap());
    writeln!(
        out,
        "会員番号,氏名,ふりがな,区市町村,メールアドレス,電話番号,スキル,参加可能曜日,週の時間,同意日"
    )
    .unwrap();
    let mut draw = Draw(7);
    for n in 0..rows {
        let (family, given) = (one_of(&mut draw, &FAMILIES), one_of(&mut draw, &GIVEN));
        let (family, kana) = family.split_once(' ').unwrap();
        let (given, given_kana) = given.split_once(' ').unwrap();
        let (one, other) = (one_of(&mut draw, &SKILLS), one_of(&mut draw, &SKILLS));
        writeln!(
            out,
            "A-{n},{family}　{given},{kana} {given_kana},{},w{n}@example.jp,090-{:04}-{:04},{one}、{other},{},{},令和5年{}月{}日",
            one_of(&mut draw, &AREAS), n / 10_000, n % 10_000, one_of(&mut draw, &DAYS), 1 + draw.below(20), 1 + draw.below(12), 1 + draw.below(28),
        )
        .unwrap();
    }
    out.flush().unwrap();
    path
}

/// The database that a program uses.
enum Target {
    Sqlite(PathBuf),
    Postgres(String, PathBuf),
}

impl Target {
    fn name(&self) -> &'static str {
        match self {
            Target::Sqlite(_) => "SQLite",
            Target::Postgres(..) => "PostgreSQL",
        }
    }

    fn musubi(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(MUSUBI);
        let folder = match self {
            Target::Sqlite(folder) => {
                command.env_remove("DATABASE_URL");
                folder
            }
            Target::Postgres(url, folder) => {
                command.env("DATABASE_URL", url);
                folder
            }
        };
        command.args(arguments).arg("--data-dir").arg(folder);
        command.stderr(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Imports a roster, and returns the seconds and the peak of resident memory in MB.
    fn import(&self, roster: &Path) -> (f64, f64) {
        let file = roster.to_str().unwrap();
        let began = Instant::now();
        let mut child = self
            .musubi(&["import", "workers", file, "--source", "bench"])
            .spawn()
            .unwrap();
        let mut peak = 0.0;
        let status = loop {
            peak = resident(&child).max(peak);
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert!(status.success(), "the import failed: {status}");
        (began.elapsed().as_secs_f64(), peak)
    }
}

/// Returns the peak so far (VmHWM) in MB; 0 if the system doesn't have it.
fn resident(child: &Child) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}

fn run(command: &mut Command, input: &str) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

const TABLES: [&str; 3] = ["workers", "worker_skills", "worker_roles"];

/// Loads the final rows with `.import` and creates the indexes. Returns the seconds.
fn sqlite_loader(folder: &Path) -> Option<f64> {
    Command::new("sqlite3")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .ok()?;
    let database = folder.join("musubi.sqlite3");
    let sqlite = |file: &Path, script: &str| run(Command::new("sqlite3").arg(file), script);
    let (mut tables, mut indexes) = (String::new(), String::new());
    for table in TABLES {
        let file = folder.join(table).with_extension("csv");
        // CSV has blobs in hexadecimal.
        let values = "group_concat(iif(type = 'BLOB', 'hex(' || name || ')', name), ', ')";
        let values = sqlite(
            &database,
            &format!("SELECT {values} FROM pragma_table_info('{table}');"),
        );
        let rows = format!("SELECT {} FROM {table};", values.trim());
        sqlite(
            &database,
            &format!(".mode csv\n.output {}\n{rows}\n", file.display()),
        );
        let columns = sqlite(
            &database,
            &format!("SELECT group_concat(name, ', ') FROM pragma_table_info('{table}');"),
        );
        tables += &format!(
            "CREATE TABLE {table} ({});\n.import {} {table}\n",
            columns.trim(),
            file.display()
        );
        indexes += &sqlite(
            &database,
            &format!(
                "SELECT sql || ';' FROM sqlite_schema WHERE type = 'index' AND tbl_name = '{table}' AND sql IS NOT NULL;"
            ),
        );
    }
    indexes += "CREATE UNIQUE INDEX workers_pk ON workers (id);\nCREATE UNIQUE INDEX skills_pk ON worker_skills (worker_id, skill);\n\
                CREATE UNIQUE INDEX roles_pk ON worker_roles (worker_id, role);\n";
    let began = Instant::now();
    let script =
        format!("PRAGMA journal_mode = WAL;\nPRAGMA synchronous = NORMAL;\n.mode csv\n{tables}{indexes}");
    sqlite(&folder.join("loader.sqlite3"), &script);
    Some(began.elapsed().as_secs_f64())
}

fn psql(url: &str, script: &str) -> String {
    run(
        Command::new("psql").args(["-q", "-v", "ON_ERROR_STOP=1", url]),
        script,
    )
}

/// Loads the final rows with COPY into tables with the same indexes. Returns the seconds.
fn postgres_loader(url: &str, folder: &Path) -> Option<f64> {
    Command::new("psql")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .ok()?;
    let psql = |script: &str| psql(url, script);
    let mut copies = String::new();
    for table in TABLES {
        let file = folder.join(table).with_extension("copy");
        psql(&format!("\\copy {table} TO '{}'\n", file.display()));
        psql(&format!(
            "CREATE TABLE loader_{table} (LIKE {table} INCLUDING ALL);\n"
        ));
        copies += &format!("\\copy loader_{table} FROM '{}'\n", file.display());
    }
    let began = Instant::now();
    psql(&copies);
    Some(began.elapsed().as_secs_f64())
}

/// Returns the p99 of reading one record in milliseconds, idle and during an import, and the number of reads.
fn reading(target: &Target, roster: &Path) -> (f64, f64, usize) {
    let mut server = target.musubi(&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
    let mut server = server.stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    let address = loop {
        let line: Value = serde_json::from_str(&log.next().unwrap().unwrap()).unwrap_or_default();
        if line["fields"]["message"] == "listening" {
            break format!("http://{}", line["fields"]["address"].as_str().unwrap());
        }
    };
    std::thread::spawn(move || log.for_each(drop));
    let mut token = target.musubi(&["token", "--role", "admin"]);
    let token = token.stdout(Stdio::piped()).output().unwrap().stdout;
    let bearer = format!("Bearer {}", String::from_utf8(token).unwrap().trim());
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let get = |path: &str| {
        let answer = agent
            .get(format!("{address}{path}"))
            .header("authorization", &bearer)
            .call();
        let mut answer = answer.unwrap();
        (
            answer.status().as_u16(),
            answer.body_mut().read_to_string().unwrap(),
        )
    };
    while get("/readyz").0 != 200 {
        std::thread::sleep(Duration::from_millis(100));
    }
    // Wait until the background tasks are done with the rows before.
    while busy_share(&server) > 0.05 {}
    let organization = agent
        .post(format!("{address}/v1/organizations"))
        .header("authorization", &bearer)
        .content_type("application/json")
        .send("{\"name\": \"風\", \"area\": \"131041\"}");
    let location = organization.unwrap().headers()["location"]
        .to_str()
        .unwrap()
        .to_owned();
    let measure = |one: &str, until: &dyn Fn(usize) -> bool| {
        let mut times = Vec::new();
        while !until(times.len()) {
            let began = Instant::now();
            assert_eq!(get(one).0, 200);
            times.push(began.elapsed().as_secs_f64() * 1000.0);
            std::thread::sleep(Duration::from_millis(2));
        }
        times.sort_by(f64::total_cmp);
        (times[times.len() * 99 / 100], times.len())
    };
    let (idle, _) = measure(&location, &|n| n == 3000);
    let ended = Arc::new(AtomicBool::new(false));
    let sending = {
        let (ended, address, bearer, roster) = (
            Arc::clone(&ended),
            address.clone(),
            bearer.clone(),
            roster.to_owned(),
        );
        std::thread::spawn(move || {
            let agent: ureq::Agent = ureq::Agent::new_with_defaults();
            let file = std::fs::File::open(roster).unwrap();
            let url = format!("{address}/v1/imports?kind=workers&source=other");
            let sent = agent
                .post(url)
                .header("authorization", &bearer)
                .content_type("text/csv")
                .send(file);
            let job: Value =
                serde_json::from_str(&sent.unwrap().body_mut().read_to_string().unwrap()).unwrap();
            let url = format!("{address}/v1/imports/{}", job["id"].as_str().unwrap());
            loop {
                let now = agent
                    .get(&url)
                    .header("authorization", &bearer)
                    .call()
                    .unwrap()
                    .body_mut()
                    .read_to_string();
                let now: Value = serde_json::from_str(&now.unwrap()).unwrap();
                if now["status"] == "succeeded" {
                    break;
                }
                assert!(
                    ["queued", "running"].contains(&now["status"].as_str().unwrap()),
                    "{now}"
                );
                std::thread::sleep(Duration::from_millis(200));
            }
            ended.store(true, Ordering::Relaxed);
        })
    };
    let (busy, read) = measure(&location, &|_| ended.load(Ordering::Relaxed));
    sending.join().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    (idle, busy, read)
}

/// Returns the share of a second that a program computes.
fn busy_share(child: &Child) -> f64 {
    let ticks = || {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
        let fields: Vec<&str> = status
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let of = |n: usize| {
            fields
                .get(n)
                .and_then(|text| text.parse::<f64>().ok())
                .unwrap_or_default()
        };
        of(11) + of(12)
    };
    let before = ticks();
    std::thread::sleep(Duration::from_secs(1));
    (ticks() - before) / 100.0
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "MISSED" }
}

fn main() {
    let rows: usize = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .next()
        .unwrap_or(1_000_000);
    let folder = tempfile::TempDir::new().unwrap();
    let file = roster(folder.path(), rows);
    // Reads are measured in a separate database, during an import that is long enough.
    let part = |name: &str, rows: usize| {
        let part = folder.path().join(name);
        std::fs::create_dir(&part).unwrap();
        roster(&part, rows)
    };
    let (few, short) = (part("few", 2000), part("short", (rows / 5).max(1000)));
    let bytes = std::fs::metadata(&file).unwrap().len();
    println!("{rows} rows, {:.0} MB of CSV", bytes as f64 / 1e6);
    let mut targets = vec![Target::Sqlite(folder.path().join("sqlite"))];
    let server =
        cluster::binaries().map(|binaries| cluster::Cluster::start(&binaries, "-c max_wal_size=4GB"));
    match &server {
        Some(server) => targets.push(Target::Postgres(
            server.url("postgres"),
            folder.path().join("postgres"),
        )),
        None => println!("PostgreSQL's server is not installed; skipped"),
    }
    for target in &targets {
        let name = target.name();
        let (first, peak) = target.import(&file);
        let (again, peak_again) = target.import(&file);
        let per_second = rows as f64 / first;
        println!(
            "\n{name}: first {first:.1} s ({per_second:.0} rows/s), unchanged {again:.1} s, peak {peak:.0} and {peak_again:.0} MB"
        );
        let faster = first / again;
        println!(
            "  unchanged again: {faster:.1} times as fast (at least {UNCHANGED}: {})",
            verdict(faster >= UNCHANGED)
        );
        let most = peak.max(peak_again);
        println!(
            "  memory: {most:.0} MB (at most {MEMORY_MB}: {})",
            verdict(most <= MEMORY_MB)
        );
        let loader = match target {
            Target::Sqlite(folder) => sqlite_loader(folder),
            Target::Postgres(url, folder) => postgres_loader(url, folder),
        };
        match loader {
            Some(loader) => {
                let share = loader / first;
                println!(
                    "  the loader alone: {loader:.1} s ({:.0} rows/s), so {share:.2} of its rows per second (at least {OF_LOADERS}: {})",
                    rows as f64 / loader,
                    verdict(share >= OF_LOADERS)
                );
            }
            None => println!("  its loader (sqlite3 or psql) is not installed; skipped"),
        }
        let fresh = match target {
            Target::Sqlite(_) => Target::Sqlite(folder.path().join("reading")),
            Target::Postgres(url, _) => {
                psql(url, "CREATE DATABASE reading;\n");
                Target::Postgres(
                    format!("{}reading", url.strip_suffix("postgres").unwrap()),
                    folder.path().join("reading-postgres"),
                )
            }
        };
        fresh.import(&few);
        let (idle, busy, read) = reading(&fresh, &short);
        let slower = busy / idle;
        println!(
            "  p99 of a read: {idle:.2} ms idle, {busy:.2} ms of {read} during an import, {slower:.1} times (at most {WAITING}: {})",
            verdict(slower <= WAITING)
        );
    }
}
