//! Backing up the whole database and restoring it, from either kind of database into either.

use crate::support::{TestApp, on_both};
use diesel::prelude::*;
use musubi::backup;
use musubi::db::schema::{duplicates, followers};
use musubi::error::Error;
use serde_json::{Value, json};

fn dump(app: &TestApp) -> Vec<u8> {
    let mut bytes = Vec::new();
    backup::create(&app.state.pool, &mut bytes).unwrap();
    bytes
}

fn restore(app: &TestApp, bytes: &[u8]) -> Result<u64, Error> {
    backup::restore(&app.state.pool, &mut &bytes[..])
}

fn code(error: Error) -> &'static str {
    match error {
        Error::Conflict { code, .. } => code,
        other => panic!("{other:?}"),
    }
}

/// Fills nearly every table.
fn fill(app: &TestApp) {
    let (wind, sea) = (app.organization("風"), app.organization("海の会 'x' \"y\" \\ 😀"));
    app.post(
        "/v1/organizations",
        &json!({"name": "うみの会", "area": "131041", "contact": {"email": "a@example.jp"}}),
    )
    .expect(201);
    let skill = json!({"code": "kamishibai", "names": {"ja": "紙芝居", "en": "Paper theatre"}});
    app.post("/v1/skills", &skill);
    let (_, partner) = app.partner(json!({"code": "one"}));
    let consent = json!({"given_on": "2026-04-01", "given_at": "2026-04-01T03:00:00.123456Z",
        "text_version": "2026-04"});
    let volunteer = json!({"external_id": "1", "area": "131041", "consent": consent,
        "personal": {"name": "佐藤 陽子", "email": "y@example.jp"}});
    app.call("POST", "/v1/workers", &partner, &volunteer).expect(201);
    let flyer = app.deliverable(
        &wind,
        json!({"joint_organization_ids": [sea], "shared_with_partners": true, "trouble": "改行\nと\tタブ"}),
    );
    let one = app.worker(json!({"personal": {"name": "佐藤陽子", "email": "y@example.jp"}}));
    let other = app.worker(json!({"area": null, "personal": {"name": "鈴木"}}));
    app.post(
        "/v1/applications",
        &json!({"deliverable_id": flyer, "worker_id": other, "role": "designer", "message": "ぜひ"}),
    )
    .expect(201);
    app.user(
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    app.login("c@example.jp");
    app.import_and_wait(
        "kind=workers&source=roster",
        "id,氏名,区市町村,スキル\n1,田中,新宿区,折り紙\n2,,どこか,編集\n".as_bytes(),
    );
    app.get(&format!("/v1/deliverables/{flyer}/matches")).expect(200);
    app.put("/v1/duplicate-rules/131041", &json!({"min_worker_score": 1.0}))
        .expect(200);
    let mut pair = Value::Null;
    app.until(|| {
        let found = app.get("/v1/duplicates?kind=worker").expect(200).json();
        pair = found["items"][0].clone();
        !pair.is_null()
    });
    // The older record is merged into the newer one, which has to come first in the file.
    let merged = json!({"status": "merged", "primary_id": one});
    app.patch(
        &format!("/v1/duplicates/{}", pair["id"].as_str().unwrap()),
        &merged,
    )
    .expect(200);
    // Wait until the background tasks have caught up.
    app.until(|| {
        app.state
            .pool
            .read_blocking(|db| {
                let newest = musubi::changes::store::latest(db)?;
                let detector = followers::table.find("duplicates").select(followers::position);
                Ok(detector.first::<i64>(db)? == newest)
            })
            .unwrap()
    });
}

on_both! {
    restores_a_backup_into_either_kind_of_database,
    rejects_a_corrupt_backup_and_writes_nothing,
}

fn restores_a_backup_into_either_kind_of_database(app: &TestApp) {
    fill(app);
    let before = dump(app);
    let tables = String::from_utf8(before.clone()).unwrap();
    let filled = tables
        .lines()
        .collect::<Vec<_>>()
        .windows(2)
        .filter(|two| two[0].starts_with("{\"table\"") && two[1].starts_with('['))
        .count();
    assert!(filled >= 30, "{filled} tables have rows");
    for target in [Some(TestApp::sqlite()), TestApp::postgres()]
        .into_iter()
        .flatten()
    {
        // Background tasks of a server would write, too: how far they have read the log.
        target.stop();
        let rows = restore(&target, &before).unwrap();
        assert_eq!(
            rows as usize,
            tables.lines().filter(|line| line.starts_with('[')).count()
        );
        assert!(
            dump(&target) == before,
            "the restored database makes the same backup"
        );
        // A server started after the restore, so that nothing is cached from before.
        let target = target.another();
        for list in [
            "organizations",
            "deliverables",
            "workers",
            "applications",
            "users",
            "partners",
            "imports",
            "duplicates",
            "skills",
        ] {
            let path = format!("/v1/{list}");
            assert_eq!(
                target.get(&path).expect(200).json(),
                app.get(&path).expect(200).json(),
                "{list}"
            );
        }
        assert_eq!(
            target
                .get("/v1/organizations?q=%E6%B5%B7%E3%81%AE%E4%BC%9A")
                .expect(200)
                .json()["items"]
                .as_array()
                .unwrap()
                .len(),
            1,
            "the text index is restored too"
        );
        // Sequences continue after the restored numbers, and passwords still work.
        target.organization("新しい");
        target.login("c@example.jp");
        assert_eq!(code(restore(&target, &before).unwrap_err()), "not_empty");
        let merged = target
            .state
            .pool
            .read_blocking(|db| {
                Ok(duplicates::table
                    .filter(duplicates::status.eq("merged"))
                    .count()
                    .get_result::<i64>(db)?)
            })
            .unwrap();
        assert_eq!(merged, 1);
    }
}

fn rejects_a_corrupt_backup_and_writes_nothing(app: &TestApp) {
    let source = TestApp::sqlite();
    fill(&source);
    let whole = dump(&source);
    let text = String::from_utf8(whole.clone()).unwrap();
    app.stop();
    let empty = dump(app);
    let lines = text.lines().count();
    let without = |n: usize| {
        text.lines()
            .enumerate()
            .filter(|(i, _)| *i != n)
            .map(|(_, line)| format!("{line}\n"))
            .collect::<String>()
    };
    let row = text.lines().position(|line| line.starts_with('[')).unwrap();
    for (what, broken) in [
        ("nothing", String::new()),
        (
            "cut in a line",
            text[..text.floor_char_boundary(text.len() / 2)].to_owned(),
        ),
        (
            "cut between lines",
            text.lines()
                .take(lines / 2)
                .map(|line| format!("{line}\n"))
                .collect(),
        ),
        ("without its end", without(lines - 1)),
        ("a row less", without(row)),
        ("a table less", without(1)),
        (
            "a word changed",
            text.replacen("新宿区のデザイナー", "新宿区のデザイナ一", 1)
                .replacen("佐藤陽子", "佐藤洋子", 1),
        ),
        ("no backup", "id,氏名\n1,佐藤\n".to_owned()),
    ] {
        assert_eq!(
            code(restore(app, broken.as_bytes()).unwrap_err()),
            "corrupt_backup",
            "{what}"
        );
        assert!(dump(app) == empty, "{what}");
    }
    let newer = text.replacen("\"migration\":\"", "\"migration\":\"9", 1);
    assert_eq!(
        code(restore(app, newer.as_bytes()).unwrap_err()),
        "version_mismatch"
    );
    restore(app, &whole).unwrap();
}

#[test]
fn the_command_line_backs_up_restores_and_exports() {
    let (from, to) = (
        tempfile::TempDir::new().unwrap(),
        tempfile::TempDir::new().unwrap(),
    );
    let run = |folder: &tempfile::TempDir, arguments: &[&str]| {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_musubi"));
        let program = program.args(arguments).arg("--data-dir").arg(folder.path());
        let output = program.env_remove("DATABASE_URL").output().unwrap();
        (
            output.status.code().unwrap(),
            output.stdout,
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    // A folder that was mistyped isn't made, nor reported as empty.
    for arguments in [
        &["export", "all"][..],
        &["export", "workers"],
        &["report", "2021"],
    ] {
        let (code, printed, printed_errors) = run(&from, arguments);
        assert!(
            code == 1 && printed.is_empty() && printed_errors.contains("no database in the folder"),
            "{printed_errors}"
        );
        assert_eq!(std::fs::read_dir(from.path()).unwrap().count(), 0);
    }
    let roster = from.path().join("roster.csv");
    std::fs::write(
        &roster,
        "id,氏名,区市町村\n1,佐藤 陽子,新宿区\n2,鈴木 一郎,渋谷区\n",
    )
    .unwrap();
    assert_eq!(run(&from, &["import", "workers", roster.to_str().unwrap()]).0, 0);
    let file = from.path().join("backup.ndjson");
    assert_eq!(
        run(&from, &["export", "all", "--output", file.to_str().unwrap()]).0,
        0
    );
    let (code, printed, _) = run(&from, &["export", "all"]);
    assert_eq!((code, &printed), (0, &std::fs::read(&file).unwrap()));
    let (code, _, printed_errors) = run(&to, &["import", "all", file.to_str().unwrap()]);
    assert_eq!(code, 0, "{printed_errors}");
    // Positions in the log of changes mean nothing in a restored one, which has another number; so has the checksum of the file.
    let without_number = |printed: &[u8]| {
        let lines = std::str::from_utf8(printed).unwrap().lines();
        let is_numbered = |line: &str| line.starts_with("[\"log\",") || line.starts_with("{\"rows\":");
        let lines = lines.filter(|line| !is_numbered(line));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let restored = run(&to, &["export", "all"]).1;
    assert_eq!(without_number(&restored), without_number(&printed));
    assert_ne!(restored, printed);
    let (code, _, printed_errors) = run(&to, &["import", "all", file.to_str().unwrap()]);
    assert!(
        code == 1 && printed_errors.contains("not empty"),
        "{printed_errors}"
    );
    let (code, list, printed_errors) = run(
        &to,
        &["export", "workers", "--filter", "area=131041", "--headings", "en"],
    );
    assert_eq!(code, 0, "{printed_errors}");
    let list = String::from_utf8(list).unwrap();
    assert!(
        list.starts_with("\u{feff}external_id,name,")
            && list.contains("1,佐藤 陽子")
            && list.lines().count() == 2,
        "{list}"
    );
    let (code, _, printed_errors) = run(&to, &["report", "99999"]);
    assert!(
        code == 1 && printed_errors.contains("\n  year: ") && !printed_errors.contains("\n  from: "),
        "{printed_errors}"
    );
    let (code, _, printed_errors) = run(&to, &["export", "workers", "--filter", "colour=red"]);
    assert!(code == 1 && printed_errors.contains("colour"), "{printed_errors}");
}
