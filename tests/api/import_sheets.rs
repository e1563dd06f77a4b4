//! Sheets as offices write them: `tests/data/sheets/cases.json` says for each what comes in, and what is found.
//!
//! A case has a `file` of that folder or a `text`, the `query` of the import, the counts that aren't 0, the
//! `columns` to check, what is imported `before`, the records that have to be there (those
//! and no others), and every finding as line, column and code.

use crate::support::{TestApp, assert_includes, on_both};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

on_both! {
    a_row_that_is_crossed_out_in_a_workbook_is_skipped,
    a_table_below_with_other_headings_is_named_and_not_read,
    every_sheet_comes_in_as_its_case_says,
    an_own_export_changes_nothing_whatever_source_is_given,
    a_form_written_downwards_says_how_to_turn_it,
    a_list_with_two_lines_for_each_says_so,
    free_texts_of_every_kind_are_stored_as_they_are_written,
    a_published_request_comes_back_with_where_it_was_published,
}

/// Characters that NFKC changes, and kanji that it doesn't.
const ODD: &str = "①㈱㍿½℡ﾊﾝｶｸＡＢ１髙﨑";

fn free_texts_of_every_kind_are_stored_as_they_are_written(app: &TestApp) {
    let event = json!({"kind": "seminar", "title": "会", "status": "published",
        "times": [{"starts_at": "2199-01-01T01:00:00Z"}]});
    let event = app.post("/v1/events", &event).expect(201).json()["id"].clone();
    let event = event.as_str().unwrap();
    for (kind, query, path, headings) in [
        (
            "organizations",
            "",
            "/v1/organizations",
            &[
                "*団体名",
                "区市町村=新宿区",
                "*担当者",
                "*紹介元",
                "*別名",
                "*活動内容",
            ][..],
        ),
        (
            "workers",
            "",
            "/v1/workers",
            &[
                "*氏名",
                "区市町村=新宿区",
                "*呼び名",
                "*雇用主",
                "*スキル",
                "*自己紹介",
            ][..],
        ),
        (
            "deliverables",
            "",
            "/v1/deliverables",
            &[
                "団体名=*",
                "団体の区市町村=新宿区",
                "支援内容=チラシ",
                "*件名",
                "*困りごと",
            ][..],
        ),
        (
            "projects",
            "",
            "/v1/projects",
            &[
                "団体名=*",
                "区分=伴走支援",
                "*件名",
                "*伴走支援のニーズ",
                "伴走支援の内容=相談",
                "*伴走支援の成果",
                "*アドバイザー",
            ][..],
        ),
        (
            "events",
            "",
            "/v1/events",
            &[
                "*イベント名",
                "開催日=2199-02-01",
                "開始時刻=13:30",
                "*シリーズ",
                "*内容",
                "*お知らせ",
                "*場所",
                "*住所",
                "*対象",
                "*問い合わせ先",
                "*講師",
            ][..],
        ),
        (
            "registrations",
            "&event_id=",
            "/registrations",
            &["*氏名", "*所属", "*連絡事項"][..],
        ),
    ] {
        let (query, path) = match query {
            "" => (String::new(), path.to_owned()),
            query => (format!("{query}{event}"), format!("/v1/events/{event}{path}")),
        };
        let (mut head, mut row, mut expected) = (Vec::new(), Vec::new(), Vec::new());
        for (n, heading) in headings.iter().enumerate() {
            match (heading.strip_prefix('*'), heading.split_once('=')) {
                (Some(heading), _) => {
                    head.push(heading);
                    // The organization is named by its name again.
                    let text = if heading == "団体名" {
                        ODD.to_owned()
                    } else {
                        format!("{ODD}{n}")
                    };
                    expected.push(text.clone());
                    row.push(text);
                }
                (_, Some((heading, "*"))) => {
                    head.push(heading);
                    row.push(ODD.to_owned());
                }
                (_, Some((heading, value))) => {
                    head.push(heading);
                    row.push(value.to_owned());
                }
                _ => unreachable!(),
            }
        }
        let file = format!("{}\n{}\n", head.join(","), row.join(","));
        let job = app.import_and_wait(&format!("kind={kind}{query}"), file.as_bytes());
        assert_eq!(
            job["progress"]["created"],
            1,
            "{kind}: {:?}",
            app.findings_of(&job)
        );
        let shown = app.get(&path).expect(200).json()["items"].to_string();
        for text in &expected {
            assert!(shown.contains(text.as_str()), "{kind}: no {text} in {shown}");
        }
        // The same row changes nothing, and neither does another spelling of a record.
        let plain = format!("{}\n", tables::cells::normalize(&file).unwrap());
        let is_record = ["organizations", "workers", "deliverables"].contains(&kind);
        for file in std::iter::once(&file).chain(Some(&plain).filter(|_| is_record)) {
            let job = app.import_and_wait(&format!("kind={kind}{query}"), file.as_bytes());
            let counts = ["created", "updated", "rejected"].map(|name| job["progress"][name].clone());
            assert_eq!(counts, [0, 0, 0], "{kind}: {:?}", app.findings_of(&job));
        }
        assert_eq!(app.get(&path).json()["items"].to_string(), shown, "{kind}");
    }
    // A reading is no spelling.
    let file = "団体名,ふりがな,区市町村\n海の会,ｳﾐﾉｶｲ,新宿区\n";
    app.import_and_wait("kind=organizations", file.as_bytes());
    let found = app.get("/v1/organizations?q=%E6%B5%B7%E3%81%AE%E4%BC%9A").json()["items"][0]["kana"].clone();
    assert_eq!(found, "ウミノカイ");
}

fn a_published_request_comes_back_with_where_it_was_published(app: &TestApp) {
    let published = "年度,区分,期間,地域名,団体名,支援内容\n平成27年度,短期プロジェクト,1日,狛江市,NPO法人 むべの会,チラシ\n";
    app.import_and_wait("kind=engagements", published.as_bytes());
    let group = app.organization("風の会");
    let gone = app.deliverable(&group, json!({"title": "やめた", "status": "open"}));
    app.delete(&format!("/v1/deliverables/{gone}?reason=schedule"))
        .expect(204);
    let shown = |app: &TestApp| {
        let all = app
            .get("/v1/deliverables?include_archived=true")
            .expect(200)
            .json();
        let mut found: Vec<[Value; 4]> = all["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| ["id", "provenance", "archive_reason", "fiscal_year"].map(|name| one[name].clone()))
            .collect();
        found.sort_by_key(|one| one[0].to_string());
        found
    };
    let before = shown(app);
    assert_eq!(before.len(), 2);
    assert!(before.iter().any(|one| one[1].is_object()) && before.iter().any(|one| one[2] == "schedule"));
    for format in ["csv", "xlsx", "ndjson"] {
        let empty = app.empty();
        for kind in ["organizations", "deliverables"] {
            let body = json!({"kind": kind, "format": format, "filter": {"include_archived": true}});
            let (_, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
            for app in [&empty, &empty, app] {
                let job = app.import_and_wait(&format!("kind={kind}"), &file);
                assert_eq!(
                    job["progress"]["rejected"],
                    0,
                    "{format}: {:?}",
                    app.findings_of(&job)
                );
            }
        }
        assert_eq!(shown(&empty), before, "{format}");
    }
    assert_eq!(shown(app), before);
}

fn a_form_written_downwards_says_how_to_turn_it(app: &TestApp) {
    let form = "ボランティア登録票,\n氏名,佐藤 陽子\nふりがな,さとう ようこ\n住所,新宿区戸山1-1\n電話番号,03-5555-0101\nメールアドレス,yoko@example.jp\n得意なこと,チラシ作成\n";
    let numbered: String = form
        .lines()
        .enumerate()
        .map(|(n, line)| format!("{n},{line}\n"))
        .collect();
    // A card with no more than three lines.
    let card = "ボランティア登録カード,\n氏名,佐藤 花子\n住所,新宿区\n電話,03-5555-0101\n";
    for form in [form, &numbered, card] {
        let job = app.import_and_wait("kind=workers", form.as_bytes());
        assert_includes(
            &job,
            &json!({"status": "failed", "error": {"code": "downward_form"}}),
        );
    }
    // Cards with several values on a line, and with a heading and its value in one cell.
    for (kind, card) in [
        (
            "workers",
            "ボランティア登録カード,,,\n氏名,佐藤花子,ふりがな,さとうはなこ\n住所,新宿区戸山1,電話,03-5555-0101\n得意なこと,チラシ作成,曜日,月\n備考,,,\n",
        ),
        (
            "organizations",
            "団体登録票,,,\n団体名,風の会,代表者,佐藤花子\n所在地,新宿区戸山1,,\n電話,03-5555-0101,,\n",
        ),
        (
            "workers",
            "【氏名】佐藤花子\n【住所】新宿区戸山1\n【電話】03-5555-0101\n",
        ),
        (
            "workers",
            "登録票\n氏名：佐藤花子\n住所：新宿区戸山1\n電話：03-5555-0101\n",
        ),
    ] {
        let job = app.import_and_wait(&format!("kind={kind}"), card.as_bytes());
        assert_includes(
            &job,
            &json!({"status": "failed", "error": {"code": "downward_form"}}),
        );
    }
    // Every second heading of a list may be unknown.
    let list = "氏名,年齢,電話番号,性別\n佐藤 花子,65,03-5555-0101,女\n鈴木 一,70,03-5555-0102,男\n";
    assert_eq!(
        app.import_and_wait("kind=workers", list.as_bytes())["status"],
        "succeeded"
    );
    // A short list has as many headings beside each other.
    let list = "氏名,住所,電話番号,メールアドレス\n佐藤,新宿区,03-5555-0101,yoko@example.jp\n";
    assert_eq!(
        app.import_and_wait("kind=workers", list.as_bytes())["status"],
        "succeeded"
    );
}

fn a_list_with_two_lines_for_each_says_so(app: &TestApp) {
    for (kind, list) in [
        (
            "workers",
            "No,氏名,住所,電話\n,ふりがな,,携帯\n1,佐藤 花子,新宿区,03-5555-0101\n,さとう はなこ,,090-5555-0101\n\
             2,鈴木 一,中野区,03-5555-0102\n,すずき はじめ,,090-5555-0102\n",
        ),
        (
            "workers",
            "No,フリガナ,住所,電話\n,氏名,,携帯\n1,サトウ ハナコ,新宿区,03-5555-0101\n,佐藤 花子,,090-5555-0101\n",
        ),
        (
            "organizations",
            "団体名,代表者,電話\n所在地,会員数,メール\n風の会,田中 花,03-5555-0101\n新宿区戸山1,20,kaze@example.jp\n\
             海の会,山本 一,03-5555-0102\n中野区本町1,30,umi@example.jp\n",
        ),
    ] {
        let job = app.import_and_wait(&format!("kind={kind}"), list.as_bytes());
        assert_includes(
            &job,
            &json!({"status": "failed", "error": {"code": "two_lines_each"}}),
        );
    }
    // A line that only looks like headings is a row of its own.
    let list = "氏名,電話番号\n姓名,携帯\n佐藤 花子,03-5555-0101\n鈴木 一,03-5555-0102\n";
    let job = app.import_and_wait("kind=workers", list.as_bytes());
    assert_ne!(job["status"], "failed", "{job}");
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

/// Checks that no value goes without a word: its column is used, or named as one that isn't, or its row or cell is named.
fn every_value_is_used_or_named(job: &Value, found: &[(u64, String, String)], bytes: &[u8]) {
    let headings = job["progress"]["headings"].as_array().unwrap();
    let heading = |at: usize| {
        headings
            .get(at)
            .map_or("", |one| one["heading"].as_str().unwrap())
    };
    let is_ours =
        job["progress"]["layout"] == "own_export" || found.iter().any(|(.., code)| code == "two_tables");
    let text = job["detected"]["format"].as_str();
    if is_ours || !matches!(text, Some("csv" | "tsv")) {
        return;
    }
    let survey = tables::survey(&bytes, &tables::Hints::default(), &|_| 0).unwrap();
    let (mut rows, mut row, mut all) = (
        survey.all_rows(&bytes).unwrap(),
        tables::Row::default(),
        Vec::new(),
    );
    while rows.next(&mut row).unwrap() {
        let cells = row.texts().map(|cell| cell.trim().to_owned()).enumerate();
        all.push((
            row.line,
            cells.filter(|(_, cell)| !cell.is_empty()).collect::<Vec<_>>(),
        ));
    }
    let is_header = |(_, cells): &(u64, Vec<(usize, String)>)| {
        let own = cells
            .iter()
            .filter(|(at, cell)| heading(*at).contains(cell.as_str()));
        !cells.is_empty() && own.count() * 2 > cells.len()
    };
    let last = all.iter().take(40).rposition(is_header).map_or(0, |at| at + 1);
    for (line, cells) in all.into_iter().skip(last) {
        for (at, cell) in cells {
            let (own, numbered) = (heading(at), format!("({})", at + 1));
            let is_used = headings.get(at).is_some_and(|one| one["field"] != json!(null));
            let is_named = found.iter().any(|(of, column, _)| {
                *column == numbered
                    || (*of == line && column.is_empty())
                    || (!own.is_empty() && *column == own)
            });
            let is_prefecture = own.starts_with("都道府県");
            assert!(
                is_used || is_named || is_prefecture,
                "line {line}, {own:?}: nothing is said of {cell:?}"
            );
        }
    }
}

fn check(app: &TestApp, case: &Value, bytes: &[u8]) {
    let query = case["query"].as_str().unwrap_or("kind=organizations");
    let mut jobs: Vec<Value> = Vec::new();
    for one in case["before"].as_array().into_iter().flatten() {
        let [query, text] = ["query", "text"].map(|name| one[name].as_str().unwrap());
        jobs.push(app.import_and_wait(query, text.as_bytes()));
    }
    let job = app.import_and_wait(query, bytes);
    let kind = job["kind"].as_str().unwrap();
    let mut records = app.get(&format!("/v1/{kind}?limit=200")).json()["items"].clone();
    let again = app.import_and_wait(query, bytes);
    // Undone before anything is compared, so that a case that fails leaves no records to the next ones.
    jobs.extend([job.clone(), again.clone()]);
    for job in jobs.iter().rev() {
        let has_written = ["created", "updated"]
            .iter()
            .any(|count| job["progress"][count] != 0);
        if has_written && job["status"] != "failed" {
            let id = job["id"].as_str().unwrap();
            app.post(&format!("/v1/imports/{id}/undo"), &json!({}))
                .expect(202);
            assert_eq!(app.wait_for_import(id)["status"], "undone");
        }
    }
    assert_ne!(job["status"], "failed", "{:#}", job["error"]);
    // The same file again changes nothing, and says again what was not used.
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
    every_value_is_used_or_named(&job, &app.findings_of(&job), bytes);
    let mut found: Vec<Value> = app.findings_of(&job).into_iter().map(|one| json!(one)).collect();
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

fn a_table_below_with_other_headings_is_named_and_not_read(app: &TestApp) {
    let people = "氏名,電話番号,メールアドレス\n佐藤花子,03-1234-5678,a@example.jp\n鈴木一郎,03-1234-5679,b@example.jp\n";
    let groups =
        "\n団体名,電話番号,所在地\n風の会,03-1234-5670,東京都新宿区\n山の会,03-1234-5671,東京都新宿区\n";
    let import = app.import_and_wait("kind=workers&source=a", (people.to_owned() + groups).as_bytes());
    let below = |import: &Value| -> Vec<u64> {
        let found = app.findings_of(import).into_iter();
        let below = found.filter(|(_, _, code)| code == "table_below");
        below.map(|(line, ..)| line).collect()
    };
    assert_eq!(import["progress"]["created"], 2, "{import}");
    assert_eq!(below(&import), [5, 6, 7]);
    // The same headings again are those of the same table.
    let again = "氏名,電話番号,メールアドレス\n高橋次郎,03-1234-5677,c@example.jp\n\n\
        氏名,電話,メールアドレス\n田中三郎,03-1234-5676,d@example.jp\n";
    let import = app.import_and_wait("kind=workers&source=b", again.as_bytes());
    assert_eq!(import["progress"]["created"], 2, "{import}");
    let names: Vec<Value> = ["高橋次郎", "田中三郎"].map(Value::from).into();
    let workers = app.get("/v1/workers").expect(200).json();
    let workers = workers["items"].as_array().unwrap().iter();
    let found: Vec<_> = workers.map(|one| &one["personal"]["name"]).collect();
    assert!(names.iter().all(|name| found.contains(&name)), "{found:?}");
    assert_eq!(below(&import), [] as [u64; 0]);
    // Whoever may stand in the table that isn't read stays.
    let first = "氏名,電話番号,メールアドレス,id\n伊藤四郎,03-1234-5661,e@example.jp,1\n";
    let second = "渡辺五郎,03-1234-5662,f@example.jp,2\n";
    app.import_and_wait("kind=workers&source=c", (first.to_owned() + second).as_bytes());
    let import = app.import_and_wait(
        "kind=workers&source=c&on_absent=archive",
        (first.to_owned() + groups).as_bytes(),
    );
    assert_eq!(import["progress"]["archived"], 0, "{import}");
    let found = app.findings_of(&import);
    assert!(found.iter().any(|one| one.2 == "not_archived"), "{found:?}");
}

fn a_row_that_is_crossed_out_in_a_workbook_is_skipped(app: &TestApp) {
    use rust_xlsxwriter::{Format, Workbook};
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let struck = Format::new().set_font_strikethrough();
    let rows = [
        ["No", "氏名", "電話番号"],
        ["1", "佐藤花子", "03-1234-5678"],
        ["2", "鈴木一郎", "03-1234-5679"],
        ["3", "高橋次郎", "03-1234-5677"],
    ];
    for (row, cells) in (0u32..).zip(rows) {
        for (column, text) in (0u16..).zip(cells) {
            // The second person as a whole, except the number; of the third, a telephone number alone.
            let is_struck = row == 2 && column > 0 || row == 3 && column == 2;
            let format = if is_struck { struck.clone() } else { Format::new() };
            sheet.write_with_format(row, column, text, &format).unwrap();
        }
    }
    let import = app.import_and_wait("kind=workers", &book.save_to_buffer().unwrap());
    assert_eq!(import["progress"]["created"], 2, "{import}");
    let found = app.findings_of(&import);
    assert!(
        found
            .iter()
            .any(|(line, _, code)| (*line, code.as_str()) == (3, "crossed_out")),
        "{found:?}"
    );
}
