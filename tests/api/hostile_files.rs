//! Imports of hostile files: each gets a clear report, and none leaves half an import.

#[path = "../fixtures/hostile.rs"]
mod files;

use crate::support::{TestApp, on_both};
use files::{Fate, Hostile};
use musubi::workbooks;
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

fn check(app: &TestApp, file: &Hostile, faults: &mut Vec<String>) {
    let Hostile { name, bytes, fate } = file;
    let source = format!("kind=workers&strict=true&source={name}&file_name={name}");
    let sent = app.import(&app.admin, &source, bytes);
    // An empty file is refused at once.
    let is_refused = |code: &str| sent.status == 422 && sent.faults() == [("/file".into(), code.into())];
    if matches!(fate, Fate::Fails(code) if is_refused(code)) {
        return;
    }
    if sent.status != 202 {
        faults.push(format!("{name}: {} {}", sent.status, sent.text));
        return;
    }
    let job = app.wait_for_import(sent.json()["id"].as_str().unwrap());
    let external_ids = |db: &mut musubi::db::Db| musubi::workers::store::external_ids(db, name);
    let written = app.state.pool.read_blocking(external_ids).unwrap().len() as u64;
    let (status, code) = (
        job["status"].as_str().unwrap(),
        job["error"]["code"].as_str().unwrap_or_default(),
    );
    let clear = ["ja", "en"]
        .iter()
        .all(|l| job["error"][*l].as_str().is_none_or(|text| !text.is_empty()));
    let mut codes: Vec<String> = app
        .findings_of(&job)
        .into_iter()
        .map(|(_, _, code)| code)
        .collect();
    codes.dedup();
    let right = match fate {
        Fate::Fails(expected) => status == "failed" && code == *expected && written == 0,
        Fate::Takes(rows, expected) => {
            let mut expected = expected.to_vec();
            expected.dedup();
            let is_clean = job["progress"]["rejected"] == 0;
            (status == "succeeded") == is_clean
                && (status == "partial") != is_clean
                && codes == expected
                && written == *rows
        }
    };
    if !right || !clear {
        let progress = &job["progress"];
        faults.push(format!(
            "{name}: {status} {code} {codes:?}, {written} written, {} {}",
            job["error"]["en"],
            Value::clone(progress)
        ));
    }
}

on_both! {
    reports_every_hostile_file_clearly,
}

fn reports_every_hostile_file_clearly(app: &TestApp) {
    let all = files::files();
    assert!(all.len() >= 60, "{}", all.len());
    if let Ok(folder) = std::env::var("MUSUBI_HOSTILE_DIR") {
        std::fs::create_dir_all(&folder).unwrap();
        for file in &all {
            std::fs::write(std::path::Path::new(&folder).join(file.name), &file.bytes).unwrap();
        }
    }
    let mut faults = Vec::new();
    for file in &all {
        check(app, file, &mut faults);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    app.get("/healthz").expect(200);
}

/// Starts the program on a new SQLite database.
fn musubi(folder: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_musubi"));
    program.env_remove("DATABASE_URL").arg("--data-dir").arg(folder);
    program
}

fn until(mut condition: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if condition() {
            return;
        }
        #[allow(clippy::disallowed_methods)]
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the condition never became true");
}

/// Ends a program when a test does.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Returns a line of a file in /proc.
    fn line(&self, file: &str, name: &str) -> Option<String> {
        let text = std::fs::read_to_string(format!("/proc/{}/{file}", self.0.id())).ok()?;
        text.lines()
            .find(|line| line.starts_with(name))
            .map(str::to_owned)
    }
}

#[test]
fn importing_takes_no_memory_for_what_a_file_claims() {
    const MOST_KIB: u64 = 160 * 1024;
    let (data, inbox) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let all = files::files();
    for file in &all {
        std::fs::write(inbox.path().join(file.name), &file.bytes).unwrap();
    }
    let mut command = musubi(data.path());
    let command = command.args(["import", "workers", "--watch"]).arg(inbox.path());
    let program = Running(
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let imported = |folder: &str| {
        let files = std::fs::read_dir(inbox.path().join(folder));
        files.map_or(0, |files| files.filter(|file| !is_annotated(file)).count())
    };
    until(|| imported("imported") + imported("rejected") == all.len());
    let peak = program.line("status", "VmHWM:").unwrap();
    let peak_kib: u64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(peak_kib < MOST_KIB, "{peak}");
}

fn is_annotated(file: &std::io::Result<std::fs::DirEntry>) -> bool {
    let name = file.as_ref().unwrap().file_name();
    name.to_string_lossy().contains(".checked.")
}

#[test]
fn the_process_that_reads_workbooks_limits_itself_before_it_reads() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_musubi"));
    let command = command.arg(workbooks::COMMAND).env_clear();
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let program = Running(piped.stderr(Stdio::null()).spawn().unwrap());
    // It waits for its input. The last limit that it sets is that of files.
    until(|| {
        program
            .line("limits", "Max file size")
            .is_some_and(|line| line.contains(" 0 "))
    });
    let memory = program.line("limits", "Max address space").unwrap();
    assert!(
        memory.contains(&workbooks::MOST_MEMORY_BYTES.to_string()),
        "{memory}"
    );
    for (name, most) in [("Max cpu time", " 60 "), ("Max core file size", " 0 ")] {
        let line = program.line("limits", name).unwrap();
        assert!(line.contains(most), "{line}");
    }
}
