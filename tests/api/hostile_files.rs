//! Imports of hostile files: each gets a clear report, and none leaves half an import.

#[path = "../fixtures/hostile.rs"]
mod files;

use crate::support::{TestApp, on_both};
use files::{Fate, Hostile};
use serde_json::Value;

/// Returns the resident memory of this process in bytes.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or_default();
    pages * 4096
}

fn check(app: &TestApp, file: &Hostile, faults: &mut Vec<String>) {
    let Hostile { name, bytes, fate } = file;
    let source = format!("kind=workers&source={name}&file_name={name}");
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
            let is_clean = expected.is_empty();
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
    let (before, mut faults) = (resident_bytes(), Vec::new());
    for file in &all {
        check(app, file, &mut faults);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // The memory of other tests of this process counts, too.
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 400 * 1024 * 1024, "{grown} bytes");
    app.get("/healthz").expect(200);
}
