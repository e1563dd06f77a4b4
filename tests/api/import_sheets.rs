//! Sheets as offices write them: `tests/data/sheets/cases.json` says for each what comes in, and what is found.
//!
//! A case has a `file` of that folder or a `text`, the `query` of the import, the counts that aren't 0, the
//! `columns` to check, what is imported `before`, the records that have to be there (those
//! and no others), and every finding as line, column and code.

use crate::support::{TestApp, assert_includes, on_both};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

on_both! {
    every_sheet_comes_in_as_its_case_says,
    an_own_export_changes_nothing_whatever_source_is_given,
    a_form_written_downwards_says_how_to_turn_it,
}

fn a_form_written_downwards_says_how_to_turn_it(app: &TestApp) {
    let form = "ボランティア登録票,\n氏名,佐藤 陽子\nふりがな,さとう ようこ\n住所,新宿区戸山1-1\n電話番号,03-5555-0101\nメールアドレス,yoko@example.jp\n得意なこと,チラシ作成\n";
    let numbered: String = form
        .lines()
        .enumerate()
        .map(|(n, line)| format!("{n},{line}\n"))
        .collect();
    for form in [form, &numbered] {
        let job = app.import_and_wait("kind=workers", form.as_bytes());
        assert_includes(
            &job,
            &json!({"status": "failed", "error": {"code": "downward_form"}}),
        );
    }
    // A short list has as many headings beside each other.
    let list = "氏名,住所,電話番号,メールアドレス\n佐藤,新宿区,03-5555-0101,yoko@example.jp\n";
    assert_eq!(
        app.import_and_wait("kind=workers", list.as_bytes())["status"],
        "succeeded"
    );
}

fn an_own_export_changes_nothing_whatever_source_is_given(app: &TestApp) {
    let group = json!({"name": "往復の会（ほし）", "area": "131041", "description": "なし",
        "contact": {"person": "佐藤", "phone": "03-5555-0101"}});
    let group = app.post("/v1/organizations", &group).expect(201).json();
    app.deliverable(group["id"].as_str().unwrap(), json!({"title": "唯一のチラシ"}));
    app.worker(json!({"personal": {"name": "往復　花子", "email": "a@example.jp"}}));
    for kind in ["organizations", "deliverables", "workers"] {
        for format in ["csv", "xlsx"] {
            let body = json!({"kind": kind, "format": format});
            let (status, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
            assert_eq!(status, 200);
            let job = app.import_and_wait(&format!("kind={kind}&source=elsewhere"), &file);
            assert_includes(
                &job,
                &json!({"status": "succeeded", "progress": {"created": 0, "updated": 0, "unchanged": 1, "rejected": 0}}),
            );
        }
    }
}

fn every_sheet_comes_in_as_its_case_says(app: &TestApp) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/sheets");
    let cases = std::fs::read_to_string(folder.join("cases.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&cases).unwrap();
    let only = std::env::var("MUSUBI_CASE").ok();
    let mut faults = Vec::new();
    for case in &cases {
        let name = case["name"].as_str().or(case["file"].as_str()).unwrap();
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let bytes = match (&case["file"], &case["text"]) {
            (Value::String(file), _) => std::fs::read(folder.join(file)).unwrap(),
            (_, Value::String(text)) => text.clone().into_bytes(),
            _ => panic!("{name} has no file and no text"),
        };
        let check = std::panic::AssertUnwindSafe(|| check(app, case, &bytes));
        if let Err(panic) = std::panic::catch_unwind(check) {
            let text = panic.downcast_ref::<String>().map_or("?", String::as_str);
            faults.push(format!("{name}: {text}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

fn check(app: &TestApp, case: &Value, bytes: &[u8]) {
    let query = case["query"].as_str().unwrap_or("kind=organizations");
    let earlier: Vec<Value> = case["before"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| {
            app.import_and_wait(
                one["query"].as_str().unwrap(),
                one["text"].as_str().unwrap().as_bytes(),
            )
        })
        .collect();
    let job = app.import_and_wait(query, bytes);
    assert_ne!(job["status"], "failed", "{:#}", job["error"]);
    // The same file again changes nothing, and says again what was not used.
    let again = app.import_and_wait(query, bytes);
    let what = |job: &Value| {
        let mut found = app.findings_of(job);
        found.sort();
        (
            job["progress"]["rejected"].clone(),
            job["progress"]["skipped"].clone(),
            found,
        )
    };
    assert_includes(&again["progress"], &json!({"created": 0, "updated": 0}));
    assert_eq!(what(&again), what(&job), "sent again");
    let kind = job["kind"].as_str().unwrap();
    let mut found: Vec<Value> = app.findings_of(&job).into_iter().map(|one| json!(one)).collect();
    let mut records = app.get(&format!("/v1/{kind}?limit=200")).json()["items"].clone();
    for job in std::iter::once(&job).chain(&earlier) {
        if job["progress"]["created"] != 0 && job["status"] != "failed" {
            let id = job["id"].as_str().unwrap();
            app.post(&format!("/v1/imports/{id}/undo"), &json!({}))
                .expect(202);
            assert_eq!(app.wait_for_import(id)["status"], "undone");
        }
    }
    let counts: Map<String, Value> = job["progress"].as_object().unwrap().clone();
    let counted = ["created", "updated", "unchanged", "skipped", "rejected"];
    let counts: Map<String, Value> = counts
        .into_iter()
        .filter(|(name, count)| counted.contains(&name.as_str()) && count != 0)
        .collect();
    assert_eq!(
        json!(counts),
        case["counts"],
        "counts; {:#}; {found:?}",
        job["error"]
    );
    if let Some(columns) = case["columns"].as_object() {
        for (heading, field) in columns {
            assert_eq!(
                &job["progress"]["columns"][heading], field,
                "column {heading}: {}",
                job["progress"]["columns"]
            );
        }
    }
    if case["detected"].is_object() {
        assert_includes(&job["detected"], &case["detected"]);
    }
    let name = |record: &Value| {
        let at = ["/name", "/personal/name", "/title", "/external_id"];
        at.iter()
            .find_map(|at| record.pointer(at)?.as_str().map(str::to_owned))
    };
    let records = records.as_array_mut().unwrap();
    for expected in case["records"].as_array().unwrap_or(&Vec::new()) {
        let at = records.iter().position(|one| name(one) == name(expected));
        let at = at.unwrap_or_else(|| {
            panic!(
                "no record {:?} in {:?}",
                name(expected),
                records.iter().map(name).collect::<Vec<_>>()
            )
        });
        assert_includes(&records.remove(at), expected);
    }
    if case["records"].is_array() {
        assert!(
            records.is_empty(),
            "more records: {:?}",
            records.iter().map(name).collect::<Vec<_>>()
        );
    }
    // Published files have many columns that aren't used; their cases may leave the findings out.
    let Some(mut expected) = case["findings"].as_array().cloned() else {
        return;
    };
    let key = |one: &Value| one.to_string();
    found.sort_by_key(key);
    expected.sort_by_key(key);
    assert_eq!(json!(found), json!(expected), "findings");
}
