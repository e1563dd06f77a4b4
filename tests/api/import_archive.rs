//! Imports of the published archive, and of files that are not one.

use crate::support::{TestApp, assert_includes, on_both};
use musubi::auth::Writer;
use musubi::db::{Id, Instant};
use musubi::duplicates::candidates::{MAX_COMPARED, MAX_PAIRS};
use musubi::imports::actions::{ArchiveProgress, import_archive};
use musubi::imports::archive::ArchiveFile;
use musubi::imports::plan::ArchiveReport;
use musubi::organizations::{self, NewOrganization, Organization};
use serde_json::{Value, json};

const HEADER: &str = "年度,区分,期間,地域名,団体名,支援内容\n";

fn import(app: &TestApp, bytes: &[u8], dry_run: bool) -> musubi::error::Result<ArchiveReport> {
    let file = ArchiveFile {
        name: "archive.csv",
        bytes,
    };
    import_archive(
        &app.state.pool,
        &app.state.catalogues,
        &Writer::operator("test"),
        &file,
        None,
        dry_run,
        &ArchiveProgress::NONE,
    )
}

fn archive(app: &TestApp) -> ArchiveReport {
    let totals = ArchiveFile {
        name: "totals.csv",
        bytes: musubi::demo::TOTALS.as_bytes(),
    };
    let file = ArchiveFile {
        name: "archive.csv",
        bytes: musubi::demo::ARCHIVE.as_bytes(),
    };
    import_archive(
        &app.state.pool,
        &app.state.catalogues,
        &Writer::operator("test"),
        &file,
        Some(&totals),
        false,
        &ArchiveProgress::NONE,
    )
    .unwrap()
}

fn all(app: &TestApp, path: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut next = String::new();
    loop {
        let page = app.get(&format!("{path}?limit=200{next}")).expect(200).json();
        found.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return found,
        }
    }
}

fn changes(app: &TestApp) -> i64 {
    app.state
        .pool
        .read_blocking(musubi::changes::store::latest)
        .unwrap()
}

on_both! {
    imports_the_whole_archive_once,
    deliverables_keep_their_row_of_the_publication,
    recognizes_spellings_of_one_organization_and_lists_doubtful_ones,
    a_dry_run_reports_the_same_and_writes_nothing,
    rejects_rows_with_an_invalid_cell_and_imports_the_others,
    reads_as_above_and_several_types_in_one_cell,
    refuses_a_file_without_the_columns_of_an_archive,
    rejects_only_the_damaged_rows_of_a_file,
    accepts_a_byte_order_mark_and_columns_in_any_order,
    an_import_that_fails_halfway_leaves_nothing,
    finds_organizations_that_are_already_registered,
    compares_only_what_the_file_touches,
    the_demo_ranks_the_same_everywhere_and_loads_once,
}

fn imports_the_whole_archive_once(app: &TestApp) {
    let report = archive(app);
    assert_eq!(
        (
            report.rows,
            report.created_deliverables,
            report.rejected.len(),
            report.unknown_types.len()
        ),
        (147, 147, 0, 0)
    );
    let reconciliation = report.reconciliation.clone().unwrap();
    assert_eq!((reconciliation.listed(), reconciliation.declared()), (147, 152));
    let missing: Vec<(i32, &str, i32)> = reconciliation
        .rows
        .iter()
        .filter(|r| r.listed != r.declared)
        .map(|r| (r.fiscal_year, r.category.as_str(), r.declared - r.listed))
        .collect();
    assert_eq!(missing, [(2021, "個人型プロジェクト「GRANT」", 5)]);
    let (before, position) = (all(app, "/v1/deliverables"), changes(app));
    let again = archive(app);
    assert_eq!(
        (
            again.created_deliverables,
            again.unchanged_deliverables,
            again.created_organizations,
            again.updated_organizations
        ),
        (0, 147, 0, 0)
    );
    assert_eq!(changes(app), position, "nothing was written");
    assert_eq!(
        (&again.recognised, &again.doubtful),
        (&report.recognised, &report.doubtful)
    );
    assert_eq!(all(app, "/v1/deliverables"), before);
}

fn deliverables_keep_their_row_of_the_publication(app: &TestApp) {
    archive(app);
    let deliverables = all(app, "/v1/deliverables");
    let of_row = |row: u64| {
        deliverables
            .iter()
            .find(|d| d["provenance"]["row"] == json!(row))
            .unwrap()
    };
    let first = of_row(1);
    assert_eq!(
        first["provenance"]["cells"],
        json!([
            "平成27年度",
            "長期プロジェクト",
            "3～6か月",
            "墨田区",
            "太巻みまもりネットワーク",
            "ウェブサイト"
        ])
    );
    let expected = json!({"status": "delivered", "fiscal_year": 2015, "format": "long", "type": "website"});
    assert_includes(first, &expected);
    // A merged cell repeats the one above, within its block.
    let merged: Vec<&Value> = deliverables
        .iter()
        .filter(|d| d["provenance"]["cells"][5] == "")
        .collect();
    assert_eq!(merged.len(), 4);
    assert!(merged.iter().all(|d| {
        ["intergenerational_programme", "life_shift_programme"].contains(&d["type"].as_str().unwrap())
    }));
    // 江 東 区 is 江東区.
    assert!(
        deliverables
            .iter()
            .any(|d| d["provenance"]["cells"][3] == "江 東 区" && d["area"] == "131083")
    );
    // Two deliverables in one cell.
    let both = deliverables
        .iter()
        .find(|d| d["title"] == "マーケティング基礎調査情報発信施策の提案")
        .unwrap();
    let expected = json!({"type": "market_survey", "additional_types": ["publicity_proposal"]});
    assert_includes(both, &expected);
    // Two requesters in one cell.
    let joint: Vec<&Value> = deliverables
        .iter()
        .filter(|d| !d["joint_organization_ids"].as_array().unwrap().is_empty())
        .collect();
    assert_eq!(joint.len(), 2);
    let has_accepted = |d: &&Value| {
        let organizations = d["joint_organizations"].as_array().unwrap();
        organizations.iter().all(|one| one["status"] == "accepted")
            && organizations.len() == d["joint_organization_ids"].as_array().unwrap().len()
    };
    assert!(joint.iter().all(has_accepted), "what was delivered was agreed");
}

fn recognizes_spellings_of_one_organization_and_lists_doubtful_ones(app: &TestApp) {
    let report = archive(app);
    let organizations = all(app, "/v1/organizations");
    let names = |name: &str| -> Vec<String> {
        let found = organizations
            .iter()
            .find(|o| o["name"] == name)
            .unwrap_or_else(|| panic!("{name}"));
        found["aliases"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a.as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("NPO法人ドリームタウン").len(), 3);
    assert_eq!(names("みたか・みんなの広場"), ["みたか・みんなの広場運営協議会"]);
    assert_eq!(names("小金井市けやき通り商店会"), ["小金井市けやき通り商店街"]);
    assert_eq!(names("歌声広場よりみち"), ["歌声広場 よりみち"]);
    assert_eq!(names("NPO法人 風のやすみば"), [] as [&str; 0]);
    assert_eq!(report.recognised.len(), 4, "{:?}", report.recognised);
    assert!(
        report
            .doubtful
            .pairs
            .iter()
            .any(|d| [d.one.as_str(), d.other.as_str()] == ["元気スクールグループ", "野川元気スクール"]),
        "{:?}",
        report.doubtful
    );
    assert!(
        organizations.iter().any(|o| o["name"] == "元気スクールグループ"),
        "doubtful spellings are not merged"
    );
    let kinds = |kind: &str| organizations.iter().filter(|o| o["kind"] == kind).count();
    assert!(kinds("npo") == 30 && kinds("government") == 3 && kinds("social_welfare_council") >= 4);
}

fn a_dry_run_reports_the_same_and_writes_nothing(app: &TestApp) {
    let position = changes(app);
    let dry = import(app, musubi::demo::ARCHIVE.as_bytes(), true).unwrap();
    assert_eq!((dry.created_deliverables, changes(app)), (147, position));
    let real = import(app, musubi::demo::ARCHIVE.as_bytes(), false).unwrap();
    assert_eq!(dry, real);
}

fn reads_as_above_and_several_types_in_one_cell(app: &TestApp) {
    let rows = "令和3年度,短期プロジェクト,1日,新宿区,甲の会,パンフレット、ロゴ\n\
                令和4年度,同上,1日,〃,同上,HPの作成\n\
                令和4年度,短期プロジェクト,1日,新宿区,乙の会,同上\n";
    let report = import(app, format!("{HEADER}{rows}").as_bytes(), false).unwrap();
    assert!(report.rejected.is_empty(), "{:?}", report.rejected);
    assert_eq!((report.created_deliverables, report.unknown_types.len()), (3, 0));
    let found = all(app, "/v1/deliverables");
    let mut types: Vec<&str> = found.iter().map(|one| one["type"].as_str().unwrap()).collect();
    types.sort_unstable();
    assert_eq!(types, ["pamphlet", "website", "website"]);
    assert!(found.iter().any(|one| one["additional_types"] == json!(["logo"])));
    assert_eq!(all(app, "/v1/organizations").len(), 2);
}

fn rejects_rows_with_an_invalid_cell_and_imports_the_others(app: &TestApp) {
    let rows = "令和3年度,短期プロジェクト,1日,新宿区,甲の会,チラシ制作\n\
                令和0年度,短期プロジェクト,1日,新宿区,乙の会,チラシ制作\n\
                令和3年度,短期プロジェクト,1日,新塾区,丙の会,チラシ制作\n\
                令和3年度,謎のプロジェクト,1日,新宿区,丁の会,チラシ制作\n\
                令和3年度,短期プロジェクト,1日,新宿区,,チラシ制作\n\
                令和3年度,短期プロジェクト,1日,新宿区,戊の会,占い\n\
                令和3年度,短期プロジェクト,1日\n";
    let report = import(app, format!("{HEADER}{rows}").as_bytes(), false).unwrap();
    let faults: Vec<(u64, &str, &str)> = report
        .rejected
        .iter()
        .map(|f| (f.line, f.column.as_str(), f.code))
        .collect();
    assert_eq!(
        faults,
        [
            (3, "年度", "invalid_fiscal_year"),
            (4, "地域名", "unknown_area"),
            (5, "区分", "unknown_category"),
            (6, "団体名", "missing_requester"),
            (8, "row", "wrong_number_of_cells"),
        ]
    );
    assert!(
        report.rejected[1].message.en.contains("新宿区"),
        "the nearest area is suggested: {}",
        report.rejected[1]
    );
    assert_eq!((report.rows, report.created_deliverables), (7, 2));
    assert_eq!(
        (
            report.unknown_types[0].line,
            report.unknown_types[0].value.as_str()
        ),
        (7, "占い")
    );
    let other = all(app, "/v1/deliverables")
        .into_iter()
        .find(|d| d["title"] == "占い")
        .unwrap();
    assert_eq!(other["type"], "other");
}

fn refuses_a_file_without_the_columns_of_an_archive(app: &TestApp) {
    let position = changes(app);
    let refused = |bytes: &[u8]| import(app, bytes, false).unwrap_err().to_string();
    assert!(
        refused("年度,区分,期間,地域名,団体名\n".as_bytes())
            .contains("lacks 支援内容: expected 年度,区分,期間,地域名,団体名,支援内容")
    );
    assert!(refused(b"").contains("expected"));
    assert!(refused(b"\x89PNG\r\n\x1a\n\x00\x00").contains("not UTF-8"));
    assert!(refused(b"PK\x03\x04\x00\x00").contains("binary"));
    assert!(refused(&[0x94, 0x4e, 0x93, 0x78]).contains("Shift_JIS"));
    assert_eq!(changes(app), position);
}

fn rejects_only_the_damaged_rows_of_a_file(app: &TestApp) {
    let row = "令和3年度,短期プロジェクト,1日,新宿区,甲の会,チラシ制作\r\n";
    let mut file = format!("{}{row}", HEADER.replace('\n', "\r\n")).into_bytes();
    file.extend("令和3年度,短期プロジェクト,1日,新宿区,\u{1b}[31m乙の会,チラシ制作\r\n".as_bytes());
    file.extend(
        format!(
            "令和3年度,短期プロジェクト,1日,新宿区,{},チラシ制作\r\n",
            "長".repeat(201)
        )
        .as_bytes(),
    );
    file.extend(&row.as_bytes()[..row.len() - 4]);
    let report = import(app, &file, false).unwrap();
    let faults: Vec<(u64, &str, &str)> = report
        .rejected
        .iter()
        .map(|f| (f.line, f.column.as_str(), f.code))
        .collect();
    assert_eq!(
        faults,
        [
            (3, "団体名", "control_character"),
            (4, "団体名", "invalid_length"),
            (5, "支援内容", "invalid_utf8")
        ]
    );
    assert_eq!(report.created_deliverables, 1);
}

fn accepts_a_byte_order_mark_and_columns_in_any_order(app: &TestApp) {
    let file = "\u{feff}支援内容,団体名,地域名,期間,区分,年度\r\n\
                チラシ制作,甲の会,新宿区,1日,短期プロジェクト,２０２１年度\r\n";
    let report = import(app, file.as_bytes(), false).unwrap();
    assert_eq!((report.created_deliverables, report.rejected.len()), (1, 0));
}

fn an_import_that_fails_halfway_leaves_nothing(app: &TestApp) {
    // The import panics while it writes: everything is rolled back.
    let position = changes(app);
    let failing = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let file = ArchiveFile {
            name: "archive.csv",
            bytes: musubi::demo::ARCHIVE.as_bytes(),
        };
        let stop = |done: usize, _| assert!(done < 200, "the power went out");
        import_archive(
            &app.state.pool,
            &app.state.catalogues,
            &Writer::operator("test"),
            &file,
            None,
            false,
            &ArchiveProgress {
                wrote: &stop,
                ..ArchiveProgress::NONE
            },
        )
    }));
    assert!(failing.is_err());
    assert_eq!(changes(app), position);
    assert_eq!(all(app, "/v1/organizations").len(), 0);
    assert_eq!(
        archive(app).created_deliverables,
        147,
        "the connection can be used again"
    );
}

fn compares_only_what_the_file_touches(app: &TestApp) {
    let alike = |n: usize| -> NewOrganization {
        let name = format!("さくら通りの会 第{n:05}支部");
        serde_json::from_value(json!({"name": name, "area": "131041"})).unwrap()
    };
    let registered = app.state.pool.write_blocking(|db| {
        (0..600).try_for_each(|n| {
            let organization = Organization::register(Id::new(), alike(n), Instant::now());
            organizations::store::insert(db, "test", &organization)
        })
    });
    registered.unwrap();
    let row = |name: &str| format!("{HEADER}令和3年度,短期プロジェクト,1日,新宿区,{name},チラシ制作\n");
    let alike = import(app, row("さくら通りの会 第00700支部").as_bytes(), true).unwrap();
    assert!(
        alike.doubtful.compared <= MAX_COMPARED,
        "{}",
        alike.doubtful.compared
    );
    assert!((1..=MAX_PAIRS).contains(&alike.doubtful.pairs.len()) && alike.doubtful.is_partial);
    let other = import(app, row("風のやすみば").as_bytes(), true).unwrap();
    assert_eq!((other.doubtful.compared, other.recognised.len()), (0, 0));
    // The report says that there are more.
    let job = app.import_and_wait("kind=engagements", row("さくら通りの会 第00700支部").as_bytes());
    let found = app.findings_of(&job);
    assert_eq!(found.last().unwrap().2, "more_similar_names");
    assert!(found.len() <= MAX_PAIRS + 1);
}

fn finds_organizations_that_are_already_registered(app: &TestApp) {
    let id = app.organization("ＮＰＯ法人　甲の会");
    let rows = "令和3年度,短期プロジェクト,1日,新宿区,甲の会,チラシ制作\n";
    let report = import(app, format!("{HEADER}{rows}").as_bytes(), false).unwrap();
    assert_eq!(
        (report.created_organizations, report.updated_organizations),
        (0, 1)
    );
    assert_eq!(all(app, "/v1/deliverables")[0]["organization_id"], json!(id));
    assert_eq!(
        app.get(&format!("/v1/organizations/{id}")).json()["aliases"],
        json!(["甲の会"])
    );
}

fn the_demo_ranks_the_same_everywhere_and_loads_once(app: &TestApp) {
    // Somebody real who has time isn't put into a made-up team.
    let real = app.worker(json!({"roles": ["designer", "copywriter", "engineer"], "status": "active"}));
    let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    let loaded = musubi::demo::load(&app.state, today, 300).unwrap();
    assert_eq!(
        (
            loaded.engagements,
            loaded.workers,
            loaded.requests,
            loaded.projects,
            loaded.events,
            loaded.pages
        ),
        (147, 300, 15, 6, 35, 8)
    );
    let applications = app
        .get(&format!("/v1/applications?worker_id={real}"))
        .expect(200)
        .json();
    assert_eq!(applications["items"], json!([]));
    app.delete(&format!("/v1/workers/{real}")).expect(204);
    for status in ["planned", "in_progress", "delivered", "closed", "cancelled"] {
        let found = app
            .get(&format!("/v1/projects?status={status}"))
            .expect(200)
            .json();
        assert!(!found["items"].as_array().unwrap().is_empty(), "{status}");
    }
    let (_, top) = musubi::demo::top_five(&app.state, today).unwrap();
    let again = musubi::demo::load(&app.state, today, 300).unwrap();
    assert_eq!(
        (
            again.organizations,
            again.engagements,
            again.workers,
            again.requests,
            again.projects,
            again.events,
            again.pages,
            again.figures
        ),
        (0, 0, 0, 0, 0, 0, 0, 0)
    );
    assert_eq!(musubi::demo::top_five(&app.state, today).unwrap().1, top);
    // Both databases give this ranking.
    let expected = std::fs::read_to_string("tests/api/demo_top_five.txt").unwrap();
    assert_eq!(
        top, expected,
        "the demo's ranking changed: if that is right, update tests/api/demo_top_five.txt"
    );
    let open = app.get("/v1/deliverables?status=open").json();
    assert!(
        open["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|d| d["demo"] == json!(true) && d["fiscal_year"] == json!(2026))
    );
}
