//! Imports of files as city halls have them, with a report of every row.

use crate::support::{TestApp, assert_includes, on_both};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use serde_json::{Value, json};

const ROSTER: &str = "令和5年度 ボランティア名簿,,,,,,,,\n\
    会員番号,氏名,ふりがな,区市町村,スキル,参加可能曜日,同意日,メールアドレス,電話\n\
    A-1,佐藤　陽子,ｻﾄｳ ﾖｳｺ,新宿区,グラフィックデザイン(4)、イラスト、折り紙,土日,R5.6.1,\
    yoko@example.jp,9012345678\n\
    A-2,鈴木 一郎,すずき いちろう,新縮区,編集,平日夜,2023/4/1,ichiro.example.jp,03-1234-5678\n\
    A-3,田中 花子,,東京都文京区後楽1-2,会計,いつでも,○,,\n";

fn cp932(text: &str) -> Vec<u8> {
    encoding_rs::SHIFT_JIS.encode(text).0.into_owned()
}

fn changes(app: &TestApp) -> i64 {
    app.state
        .pool
        .read_blocking(musubi::changes::store::latest)
        .unwrap()
}

fn numbers(job: &Value) -> [u64; 5] {
    ["rows_read", "created", "updated", "unchanged", "rejected"]
        .map(|name| job["progress"][name].as_u64().unwrap())
}

fn worker(app: &TestApp, external_id: &str) -> Value {
    app.get(&format!("/v1/workers/by-external-id/roster/{external_id}"))
        .expect(200)
        .json()
}

on_both! {
    imports_a_roster_saved_by_excel_and_reports_every_row,
    importing_the_same_file_again_changes_nothing,
    warns_about_a_consent_date_without_month_and_day,
    recognizes_rows_without_ids_when_they_are_imported_again,
    a_dry_run_reports_the_same_and_writes_nothing,
    all_or_nothing_writes_nothing_if_a_row_is_rejected,
    on_conflict_updates_skips_or_rejects_existing_records,
    on_absent_archive_pauses_workers_who_left_the_roster,
    undoes_an_import_unless_its_records_changed_since,
    a_form_has_its_options_before_the_file,
    the_file_of_an_import_is_imported_again_without_sending_it,
    a_roster_says_whom_to_keep_apart,
    a_saved_mapping_applies_to_its_source_only,
    imports_organizations_and_their_deliverables,
    imports_a_published_archive_through_the_api,
    reads_dates_merged_cells_and_formulas_of_a_workbook,
    a_workbook_with_many_sheets_is_read_whole_without_its_example,
    the_annotated_file_has_a_column_of_findings_and_can_be_imported,
    a_coordinator_imports_only_within_their_areas,
    streams_progress_as_events,
    imports_ndjson,
}

fn imports_a_roster_saved_by_excel_and_reports_every_row(app: &TestApp) {
    let job = app.import_and_wait("kind=workers", &cp932(ROSTER));
    assert_includes(
        &job,
        &json!({"status": "succeeded", "detected": {"encoding": "Shift_JIS", "delimiter": ","},
            "progress": {"columns": {"参加可能曜日": "day_parts"}}}),
    );
    assert_eq!(numbers(&job), [3, 3, 0, 0, 0]);
    let found = app.findings_of(&job);
    let expected = [
        (3, "スキル", "unrecognized_skill"),
        (3, "電話", "leading_zero_restored"),
        (4, "区市町村", "unknown_area"),
        (4, "メールアドレス", "invalid_email"),
        (5, "同意日", "consent_without_date"),
    ];
    assert_eq!(
        found,
        expected.map(|(line, column, code)| (line, column.to_owned(), code.to_owned()))
    );
    let yoko = worker(app, "A-1");
    assert_includes(
        &yoko,
        &json!({
            // A skill that isn't known becomes evidence.
            "personal": {"name": "佐藤 陽子", "kana": "サトウ ヨウコ", "phone": "09012345678",
                "evidence": [{"title": "スキル", "text": "折り紙"}]},
            "skills": [{"skill": "graphic_design", "level": 4}, {"skill": "illustration", "level": 3}],
            "consent": {"given_on": "2023-06-01"}, "area": "131041"}),
    );
    assert_eq!(yoko["day_parts"].as_array().unwrap().len(), 6);
    assert_eq!(worker(app, "A-3")["area"], "131059");
    // What can't be used of a row is left out of it.
    assert_includes(
        &worker(app, "A-2"),
        &json!({"area": null, "personal": {"name": "鈴木 一郎", "email": null, "phone": "03-1234-5678"}}),
    );
}

fn importing_the_same_file_again_changes_nothing(app: &TestApp) {
    app.import_and_wait("kind=workers", &cp932(ROSTER));
    let before = changes(app);
    let again = app.import_and_wait("kind=workers", &cp932(ROSTER));
    assert_eq!((numbers(&again), changes(app)), ([3, 0, 0, 3, 0], before));
    // The rows are the same in another encoding and under another title.
    let again = app.import_and_wait("kind=workers", ROSTER.replace("令和5年度 ", "").as_bytes());
    assert_eq!((numbers(&again), changes(app)), ([3, 0, 0, 3, 0], before));
    let moved = app.import_and_wait("kind=workers", ROSTER.replace("文京区後楽1-2", "港区").as_bytes());
    assert_eq!(
        (numbers(&moved), &worker(app, "A-3")["area"]),
        ([3, 0, 1, 2, 0], &json!("131032"))
    );
}

fn warns_about_a_consent_date_without_month_and_day(app: &TestApp) {
    let job = app.import_and_wait(
        "kind=workers",
        "id,氏名,同意日\n1,佐藤,令和5年\n2,鈴木,\n".as_bytes(),
    );
    assert_eq!(
        (numbers(&job), app.findings_of(&job)),
        (
            [2, 2, 0, 0, 0],
            vec![(2, "同意日".into(), "imprecise_date".into())]
        )
    );
    assert_includes(&worker(app, "1"), &json!({"consent": {"given_on": "2023-01-01"}}));
    assert_includes(&worker(app, "2"), &json!({"consent": null}));
}

fn recognizes_rows_without_ids_when_they_are_imported_again(app: &TestApp) {
    let file =
        "氏名,区市町村,メール\n佐藤 陽子,新宿区,yoko@example.jp\n鈴木 一郎,新宿区,\n鈴木 一郎,新宿区,\n";
    let job = app.import_and_wait("kind=workers", file.as_bytes());
    assert_eq!(numbers(&job), [3, 2, 0, 0, 1]);
    assert_eq!(
        app.findings_of(&job),
        [(4, String::new(), "duplicate_row".to_owned())]
    );
    let again = app.import_and_wait(
        "kind=workers",
        file.replace("佐藤 陽子,新宿区", "佐藤 陽子,文京区").as_bytes(),
    );
    assert_eq!(numbers(&again), [3, 0, 1, 1, 1]);
}

fn a_dry_run_reports_the_same_and_writes_nothing(app: &TestApp) {
    let before = changes(app);
    let job = app.import_and_wait("kind=workers&mode=dry_run", &cp932(ROSTER));
    assert_eq!(
        (numbers(&job), changes(app), &job["status"]),
        ([3, 3, 0, 0, 0], before, &json!("succeeded"))
    );
    assert_eq!(app.findings_of(&job).len(), 5);
    assert!(
        app.get("/v1/workers").json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

fn all_or_nothing_writes_nothing_if_a_row_is_rejected(app: &TestApp) {
    let before = changes(app);
    let job = app.import_and_wait("kind=workers&mode=all_or_nothing&strict=true", &cp932(ROSTER));
    assert_eq!(
        (&job["status"], &job["error"]["code"], changes(app)),
        (&json!("failed"), &json!("rejected_rows"), before)
    );
    assert_eq!((numbers(&job)[1], app.findings_of(&job).len()), (0, 5));
    let right = ROSTER
        .replace("新縮区", "新宿区")
        .replace("ichiro.example.jp", "ichiro@example.jp");
    let job = app.import_and_wait("kind=workers&mode=all_or_nothing", right.as_bytes());
    assert_eq!(
        (numbers(&job), &job["status"]),
        ([3, 3, 0, 0, 0], &json!("succeeded"))
    );
    assert_eq!(
        app.get("/v1/workers").json()["items"].as_array().unwrap().len(),
        3
    );
}

fn on_conflict_updates_skips_or_rejects_existing_records(app: &TestApp) {
    app.import_and_wait("kind=workers", "id,氏名,週の時間\n1,佐藤,4\n".as_bytes());
    let with = |on_conflict: &str| {
        let job = app.import_and_wait(
            &format!("kind=workers&on_conflict={on_conflict}"),
            "id,氏名\n1,佐藤 陽子\n".as_bytes(),
        );
        let of = worker(app, "1");
        (
            job["status"].clone(),
            app.findings_of(&job),
            of["personal"]["name"].clone(),
            of["hours_per_week"].clone(),
        )
    };
    assert_eq!(
        with("skip"),
        (json!("succeeded"), vec![], json!("佐藤"), json!(4))
    );
    assert_eq!(
        with("fail"),
        (
            json!("partial"),
            vec![(2, "id".into(), "already_exists".into())],
            json!("佐藤"),
            json!(4)
        )
    );
    assert_eq!(
        with("update"),
        (json!("succeeded"), vec![], json!("佐藤 陽子"), json!(4)),
        "a field without a column stays"
    );
    app.import_and_wait("kind=workers", "id,週の時間\n1,\n".as_bytes());
    assert_eq!(
        worker(app, "1")["hours_per_week"],
        Value::Null,
        "an empty cell unsets its field"
    );
}

fn on_absent_archive_pauses_workers_who_left_the_roster(app: &TestApp) {
    app.import_and_wait("kind=workers", "id,氏名\n1,佐藤\n2,鈴木\n".as_bytes());
    let job = app.import_and_wait(
        "kind=workers&on_absent=archive",
        "id,氏名\n1,佐藤\n1,佐藤\n".as_bytes(),
    );
    assert_eq!(
        (&job["progress"]["archived"], &worker(app, "2")["status"]),
        (&json!(0), &json!("active")),
        "nothing is archived if a row is rejected"
    );
    // A list of nobody doesn't say that all have left.
    let job = app.import_and_wait("kind=workers&on_absent=archive", "id,氏名\n合計,0\n".as_bytes());
    assert_eq!(job["progress"]["archived"], 0);
    assert!(app.findings_of(&job).iter().any(|one| one.2 == "not_archived"));
    let job = app.import_and_wait("kind=workers&on_absent=archive", "id,氏名\n1,佐藤\n".as_bytes());
    assert_eq!(
        (
            &job["progress"]["archived"],
            &worker(app, "2")["status"],
            &worker(app, "1")["status"]
        ),
        (&json!(1), &json!("paused"), &json!("active"))
    );
}

fn undoes_an_import_unless_its_records_changed_since(app: &TestApp) {
    app.import_and_wait("kind=workers", "id,氏名,週の時間\n1,佐藤,4\n".as_bytes());
    let job = app.import_and_wait(
        "kind=workers",
        "id,氏名,週の時間\n1,佐藤 陽子,6\n2,鈴木,2\n".as_bytes(),
    );
    let undo = format!("/v1/imports/{}/undo", job["id"].as_str().unwrap());
    app.patch(
        &format!("/v1/workers/{}", worker(app, "2")["id"].as_str().unwrap()),
        &json!({"hours_per_week": 3}),
    )
    .expect(200);
    assert_eq!(app.post(&undo, &json!({})).expect(409).code(), "changed_since");
    let job = app.import_and_wait(
        "kind=workers",
        "id,氏名,週の時間\n1,佐藤 花,8\n3,田中,2\n".as_bytes(),
    );
    let undo = format!("/v1/imports/{}/undo", job["id"].as_str().unwrap());
    app.post(&undo, &json!({})).expect(202);
    assert_eq!(
        app.wait_for_import(job["id"].as_str().unwrap())["status"],
        "undone"
    );
    assert_eq!(
        (
            &worker(app, "1")["personal"]["name"],
            &worker(app, "1")["hours_per_week"]
        ),
        (&json!("佐藤 陽子"), &json!(6))
    );
    app.get("/v1/workers/by-external-id/roster/3").expect(404);
    assert_eq!(app.post(&undo, &json!({})).expect(409).code(), "not_undoable");
}

fn a_form_has_its_options_before_the_file(app: &TestApp) {
    let part = |name: &str, more: &str, text: &str| {
        format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"{more}\r\n\r\n{text}\r\n")
    };
    let file = part(
        "file",
        "; filename=\"名簿.tsv\"",
        "氏名\tとくいわざ\n佐藤\t編集\n",
    );
    let form = |parts: &[String]| {
        let bearer = format!("Bearer {}", app.admin);
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "multipart/form-data; boundary=b"),
        ];
        app.send(
            "POST",
            "/v1/imports",
            &headers,
            (parts.concat() + "--b--\r\n").as_bytes(),
        )
    };
    let (kind, mapping) = (
        part("kind", "", "workers"),
        part("mapping", "", "{\"とくいわざ\": \"skills\"}"),
    );
    let job = app.wait_for_import(
        form(&[kind.clone(), mapping, file.clone()]).expect(202).json()["id"]
            .as_str()
            .unwrap(),
    );
    let expected = json!({"file_name": "名簿.tsv", "detected": {"format": "tsv"}, "status": "succeeded"});
    assert_includes(&job, &expected);
    assert_eq!(
        app.get("/v1/workers?skill=editing").json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        form(std::slice::from_ref(&file)).expect(422).faults(),
        [("/kind".into(), "missing_parameter".into())]
    );
    assert_eq!(
        form(std::slice::from_ref(&kind)).expect(422).faults(),
        [("/file".into(), "missing_field".into())]
    );
    let earlier = part("file_of", "", job["id"].as_str().unwrap());
    assert_eq!(
        form(&[kind.clone(), earlier, file.clone()]).expect(422).faults(),
        [("/file_of".into(), "unexpected_option".into())]
    );
    assert_eq!(
        form(&[kind.clone(), file.clone(), file.clone()])
            .expect(422)
            .faults(),
        [("/file".into(), "duplicate_field".into())]
    );
    // Generated clients send the fields in any order.
    let late = part("source", "", "late");
    let job = form(&[file, kind, late]).expect(202).json();
    assert_includes(
        &job,
        &json!({"kind": "workers", "source": "late", "file_name": "名簿.tsv"}),
    );
    // A form that is refused leaves no import. What was reserved for its file is given back in the background.
    app.until(|| app.get("/v1/imports").json()["items"].as_array().unwrap().len() == 2);
}

fn a_saved_mapping_applies_to_its_source_only(app: &TestApp) {
    let path = "/v1/import-mappings/workers/city";
    app.get(path).expect(404);
    let fault = app
        .put(path, &json!({"mapping": {"とくいわざ": "skils"}}))
        .expect(422);
    assert_eq!(
        fault.faults(),
        [("/mapping/とくいわざ".into(), "unknown_field".into())]
    );
    let tag = app
        .put(path, &json!({"mapping": {"とくいわざ": "skills", "氏名": ""}}))
        .expect(200)
        .header("etag")
        .to_owned();
    assert_eq!(app.get(path).expect(200).header("etag"), tag);
    let job = app.import_and_wait(
        "kind=workers&source=city",
        "id,氏名,とくいわざ\n1,佐藤,編集\n".as_bytes(),
    );
    assert_eq!(
        job["progress"]["columns"],
        json!({"id": "external_id", "氏名": "", "とくいわざ": "skills"})
    );
    let job = app.import_and_wait(
        "kind=workers&source=other",
        "id,氏名,とくいわざ\n1,佐藤,編集\n".as_bytes(),
    );
    assert_eq!(job["progress"]["columns"]["とくいわざ"], "");
}

fn imports_organizations_and_their_deliverables(app: &TestApp) {
    let groups = "団体番号,団体名,所在地,法人番号,担当者,電話,活動分野\n\
        1,NPO法人 風のやすみば,文京区,7000012050002,田中 花子,03-1234-5678,認知症\n\
        2,さくら町会,新宿区,1234567890123,,,\n";
    let job = app.import_and_wait("kind=organizations", groups.as_bytes());
    assert_eq!(
        (numbers(&job), app.findings_of(&job)),
        (
            [2, 2, 0, 0, 0],
            vec![(3, "法人番号".into(), "invalid_check_digit".into())]
        )
    );
    let found = app.get("/v1/organizations?q=%E9%A2%A8").json()["items"][0].clone();
    let expected = json!({"kind": "npo", "area": "131059", "contact": {"person": "田中 花子"}});
    assert_includes(&found, &expected);
    let requests = "番号,団体名,地域,支援内容,件名,開始日,状態\n\
        1,風のやすみば,文京区,チラシ,会員募集のチラシ,令和8年12月1日,募集中\n\
        2,どこにもない会,文京区,チラシ,チラシ,,\n\
        3,風のやすみば,,ホームページを新しくしたい,ホームページ,,\n";
    let job = app.import_and_wait("kind=deliverables", requests.as_bytes());
    assert_eq!(
        (numbers(&job), app.findings_of(&job)[0].clone()),
        (
            [3, 2, 0, 0, 1],
            (3, "団体名".into(), "unknown_organization".into())
        )
    );
    let listed = app.get("/v1/deliverables?type=flyer").json()["items"][0].clone();
    let expected = json!({"title": "会員募集のチラシ", "status": "open", "starts_on": "2026-12-01",
        "area": "131059"});
    assert_includes(&listed, &expected);
    let again = app.import_and_wait("kind=deliverables", requests.as_bytes());
    assert_eq!(numbers(&again), [3, 0, 0, 2, 1]);
    // Undoing the import removes the deliverables.
    let id = job["id"].as_str().unwrap();
    app.post(&format!("/v1/imports/{id}/undo"), &json!({}))
        .expect(202);
    assert_eq!(app.wait_for_import(id)["status"], "undone");
    assert!(
        app.get("/v1/deliverables").json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

fn imports_a_published_archive_through_the_api(app: &TestApp) {
    let job = app.import_and_wait("kind=engagements", musubi::demo::ARCHIVE.as_bytes());
    assert_eq!(
        (&job["status"], numbers(&job)),
        (&json!("succeeded"), [147, 147, 0, 0, 0])
    );
    let again = app.import_and_wait("kind=engagements", &cp932(musubi::demo::ARCHIVE));
    assert_eq!(
        (&again["detected"]["encoding"], numbers(&again)),
        (&json!("Shift_JIS"), [147, 0, 0, 147, 0])
    );
    let broken = musubi::demo::ARCHIVE.replacen("墨田区", "墨太区", 1);
    let job = app.import_and_wait("kind=engagements&mode=all_or_nothing", broken.as_bytes());
    assert_eq!(
        (&job["status"], &app.findings_of(&job)[0]),
        (
            &json!("failed"),
            &(2, "地域名".to_owned(), "unknown_area".to_owned())
        )
    );
}

fn a_workbook_with_many_sheets_is_read_whole_without_its_example(app: &TestApp) {
    let mut book = Workbook::new();
    for n in 0..30 {
        let sheet = book.add_worksheet();
        let name = if n == 0 {
            "記入例".to_owned()
        } else {
            format!("第{n}地区")
        };
        sheet.set_name(name).unwrap();
        for (column, text) in ["氏名", "電話番号", "住所"].iter().enumerate() {
            sheet.write(0, column as u16, *text).unwrap();
        }
        sheet.write(1, 0, format!("佐藤 {n}")).unwrap();
        sheet.write(1, 1, format!("03-5555-01{n:02}")).unwrap();
        sheet.write(1, 2, "新宿区").unwrap();
    }
    let file = book.save_to_buffer().unwrap();
    let job = app.import_and_wait("kind=workers", &file);
    let findings = app.findings_of(&job);
    assert_eq!(job["progress"]["created"], 29, "{findings:?}");
    assert_eq!(findings, [(0, String::new(), "unread_sheet".to_owned())]);
    assert_eq!(job["detected"]["unopened_sheets"], json!([]));
    // Of a list of groups and one of people, that which is asked for is read.
    let mut book = Workbook::new();
    for (name, rows) in [
        (
            "団体",
            [
                ["団体名", "区市町村", "電話番号"],
                ["風の会", "新宿区", "03-5555-0201"],
            ],
        ),
        (
            "ボランティア",
            [["氏名", "住所", "電話"], ["田中 花子", "新宿区", "03-5555-0202"]],
        ),
    ] {
        let sheet = book.add_worksheet();
        sheet.set_name(name).unwrap();
        for (row, cells) in rows.iter().enumerate() {
            for (column, text) in cells.iter().enumerate() {
                sheet.write(row as u32, column as u16, *text).unwrap();
            }
        }
    }
    let file = book.save_to_buffer().unwrap();
    let job = app.import_and_wait("kind=workers&source=other", &file);
    assert_eq!(job["detected"]["sheet"], "ボランティア");
    assert_eq!(job["progress"]["created"], 1, "{:?}", app.findings_of(&job));
}

fn reads_dates_merged_cells_and_formulas_of_a_workbook(app: &TestApp) {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("表紙").unwrap();
    let sheet = book.add_worksheet();
    sheet.set_name("名簿").unwrap();
    let day = Format::new().set_num_format("yyyy/mm/dd");
    for (column, name) in ["番号", "氏名", "地域", "同意日", "週の時間", "電話"]
        .iter()
        .enumerate()
    {
        sheet.write(1, column as u16, *name).unwrap();
    }
    for (row, name) in [(2, "佐藤 陽子"), (3, "鈴木 一郎")] {
        sheet.write(row, 0, row).unwrap();
        sheet.write(row, 1, name).unwrap();
        sheet
            .write_with_format(row, 3, ExcelDateTime::from_ymd(2023, 6, 1).unwrap(), &day)
            .unwrap();
        sheet
            .write(row, 4, rust_xlsxwriter::Formula::new("=2+2").set_result("4"))
            .unwrap();
        sheet.write(row, 5, 312345678).unwrap();
    }
    sheet.merge_range(2, 2, 3, 2, "新宿区", &Format::new()).unwrap();
    sheet.write(5, 1, "田中 花子").unwrap();
    sheet.write(5, 2, "新縮区").unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let job = app.import_and_wait("kind=workers&file_name=a.xlsx", &bytes);
    let detected = json!({"format": "xlsx", "sheet": "名簿", "sheets": ["表紙", "名簿"]});
    assert_includes(&job["detected"], &detected);
    assert_eq!(numbers(&job), [3, 3, 0, 0, 0], "{:?}", app.findings_of(&job));
    assert_includes(
        &worker(app, "3"),
        &json!({"area": "131041", "consent": {"given_on": "2023-06-01"}, "hours_per_week": 4,
            "personal": {"phone": "0312345678"}}),
    );
    let wrong = app.import_and_wait("kind=workers&sheet=%E3%81%AA%E3%81%84", &bytes);
    assert_includes(
        &wrong,
        &json!({"status": "failed", "error": {"code": "unknown_sheet"}}),
    );
    // The annotated file is the same workbook with one more column.
    let bearer = format!("Bearer {}", app.admin);
    let copy = app.bytes(
        &format!("/v1/imports/{}/annotated-file", job["id"].as_str().unwrap()),
        &bearer,
    );
    let mut book: calamine::Xlsx<_> = calamine::Reader::new(std::io::Cursor::new(copy)).unwrap();
    let range = calamine::Reader::worksheet_range(&mut book, "名簿").unwrap();
    let text = |row, column| {
        range
            .get_value((row, column))
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    assert_eq!(
        (text(1, 6), text(5, 1)),
        ("取り込み結果".into(), "田中 花子".into())
    );
    assert!(
        text(5, 6).contains("unknown_area") && text(5, 6).contains("新宿区"),
        "{}",
        text(5, 6)
    );
}

fn the_annotated_file_has_a_column_of_findings_and_can_be_imported(app: &TestApp) {
    let job = app.import_and_wait("kind=workers", &cp932(ROSTER));
    let bearer = format!("Bearer {}", app.admin);
    let copy = app.bytes(
        &format!("/v1/imports/{}/annotated-file", job["id"].as_str().unwrap()),
        &bearer,
    );
    let text = encoding_rs::SHIFT_JIS.decode(&copy).0.into_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5);
    assert!(
        lines[1].ends_with(",電話,取り込み結果")
            && lines[3].contains("unknown_area")
            && lines[3].contains("A-2,鈴木 一郎"),
        "{text}"
    );
    // Once corrected, the annotated file can be imported.
    let right = text
        .replace("新縮区", "新宿区")
        .replace("ichiro.example.jp,", "ichiro@example.jp,");
    let job = app.import_and_wait("kind=workers", &cp932(&right));
    assert_eq!(job["status"], "succeeded", "{:?}", app.findings_of(&job));
}

fn the_file_of_an_import_is_imported_again_without_sending_it(app: &TestApp) {
    // It is stored in parts of 1 MiB.
    let empty = format!("{}\n", " ".repeat(1000)).repeat(1500);
    let file = format!("番号,氏名,とくいわざ\n1,佐藤,編集\n{empty}");
    let tried = app.import_and_wait("kind=workers&mode=dry_run", file.as_bytes());
    assert_eq!(numbers(&tried), [1, 1, 0, 0, 0]);
    let again = |more: &str| {
        let id = tried["id"].as_str().unwrap();
        app.import(&app.admin, &format!("kind=workers&file_of={id}{more}"), b"")
    };
    let mapping = "&mapping=%7B%22%E3%81%A8%E3%81%8F%E3%81%84%E3%82%8F%E3%81%96%22%3A%22skills%22%7D";
    let sent = again(mapping).expect(202).json();
    let job = app.wait_for_import(sent["id"].as_str().unwrap());
    assert_ne!(job["id"], tried["id"]);
    assert_eq!(
        (&job["size_bytes"], &job["sha256"]),
        (&tried["size_bytes"], &tried["sha256"])
    );
    assert_eq!(job["size_bytes"].as_u64(), Some(file.len() as u64));
    assert_eq!(numbers(&job), [1, 1, 0, 0, 0]);
    let skilled = app.get("/v1/workers?skill=editing").expect(200).json();
    assert_eq!(skilled["items"].as_array().unwrap().len(), 1);

    let other = app.logged_in(
        "elsewhere@example.jp",
        json!({"role": "coordinator", "areas": ["131130"]}),
    );
    let query = format!("kind=workers&file_of={}", job["id"].as_str().unwrap());
    app.import(&other, &query, b"").expect(404);
    app.delete(&format!("/v1/imports/{}", tried["id"].as_str().unwrap()))
        .expect(204);
    again("").expect(404);
}

fn a_coordinator_imports_only_within_their_areas(app: &TestApp) {
    let person = |email: &str, areas: Value| {
        app.user(email, json!({"role": "coordinator", "areas": areas}));
        app.login(email)["access_token"].as_str().unwrap().to_owned()
    };
    let (own, other) = (
        person("a@example.jp", json!(["131041"])),
        person("b@example.jp", json!(["131130"])),
    );
    let sent = app
        .import(
            &own,
            "kind=workers",
            "id,氏名,地域\n1,佐藤,新宿区\n2,鈴木,渋谷区\n".as_bytes(),
        )
        .expect(202)
        .json();
    let job = app.wait_for_import(sent["id"].as_str().unwrap());
    assert_eq!(
        (numbers(&job), app.findings_of(&job)),
        ([2, 1, 0, 0, 1], vec![(3, "地域".into(), "access_denied".into())])
    );
    let path = format!("/v1/imports/{}", sent["id"].as_str().unwrap());
    assert_eq!(app.call("GET", &path, &other, &Value::Null).status, 404);
    assert!(
        app.call("GET", "/v1/imports", &other, &Value::Null).json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    // Who looks after one area registers people there, without a column for it. Who looks after several has to say.
    let both = person("c@example.jp", json!(["131041", "131130"]));
    for (token, expected) in [(&own, None), (&both, Some("access_denied"))] {
        let sent = app.import(
            token,
            "kind=workers&mode=dry_run",
            "氏名,電話番号\n高橋 実,03-5555-0199\n".as_bytes(),
        );
        let job = app.wait_for_import(sent.expect(202).json()["id"].as_str().unwrap());
        let found: Vec<String> = app.findings_of(&job).into_iter().map(|(.., code)| code).collect();
        assert_eq!(found, Vec::from_iter(expected), "{job}");
        assert_eq!(job["progress"]["created"], u64::from(expected.is_none()));
    }
    // They can't move a worker of another area into their own: that external id is like any other.
    let sent = app
        .import(&other, "kind=workers", "id,氏名,地域\n1,佐藤,渋谷区\n".as_bytes())
        .expect(202)
        .json();
    let job = app.wait_for_import(sent["id"].as_str().unwrap());
    assert_eq!(numbers(&job), [1, 1, 0, 0, 0]);
    let areas = app.get("/v1/workers?sort=created_at").expect(200).json();
    let areas: Vec<&Value> = areas["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|worker| &worker["area"])
        .collect();
    assert_eq!(areas, ["131041", "131130"]);
    assert_eq!(
        app.import(&own, "kind=workers&source=partner%3Ax", b"id\n1\n")
            .expect(422)
            .faults(),
        [("/source".into(), "reserved_source".into())]
    );
}

fn streams_progress_as_events(app: &TestApp) {
    let job = app.import_and_wait("kind=workers", &cp932(ROSTER));
    let events = app
        .get(&format!("/v1/imports/{}/events", job["id"].as_str().unwrap()))
        .expect(200);
    assert_eq!(events.header("content-type"), "text/event-stream");
    let data = events.text.strip_prefix("event: end\ndata: ").unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(data.trim()).unwrap()["progress"],
        job["progress"]
    );
}

fn imports_ndjson(app: &TestApp) {
    let first = json!({"external_id": "1", "skills": [{"skill": "editing", "level": 5}], "remote": true,
        "personal": {"name": "佐藤", "evidence": [{"title": "仕事", "text": "広報"}]},
        "day_parts": ["saturday_morning"]});
    let broken = r#"{"external_id":"2","personal":{"name":"#;
    let third = json!({"external_id": "3", "name": "田中", "スキル": ["編集", "会計"]});
    let lines = format!("{first}\n{broken}\n{third}\n");
    let job = app.import_and_wait("kind=workers", lines.as_bytes());
    assert_eq!(
        (numbers(&job), app.findings_of(&job)),
        ([3, 2, 0, 0, 1], vec![(2, String::new(), "malformed_json".into())])
    );
    assert_includes(
        &worker(app, "1"),
        &json!({"skills": [{"skill": "editing", "level": 5}], "remote": true,
            "personal": {"evidence": [{"title": "仕事", "text": "広報"}]}}),
    );
    assert_eq!(worker(app, "3")["skills"].as_array().unwrap().len(), 2);
    // A field without a member stays.
    app.import_and_wait("kind=workers", b"{\"external_id\":\"1\",\"remote\":false}\n");
    assert_includes(
        &worker(app, "1"),
        &json!({"remote": false, "personal": {"name": "佐藤"}}),
    );
}

fn a_roster_says_whom_to_keep_apart(app: &TestApp) {
    let organization = app.organization("風");
    let file =
        format!("ID,氏名,区市町村,避けたい団体の記録ID\n1,佐藤,新宿区,{organization}\n2,鈴木,新宿区,風\n");
    let done = app.import_and_wait("kind=workers", file.as_bytes());
    assert_includes(&done, &json!({"progress": {"created": 1, "rejected": 1}}));
    let findings = app
        .get(&format!("/v1/imports/{}/findings", done["id"].as_str().unwrap()))
        .json();
    assert_includes(
        &findings,
        &json!({"items": [{"line": 3, "code": "invalid_record_id"}]}),
    );
    let listed = app.get("/v1/workers").json();
    let expected = json!({"items": [{"external_id": "1", "blocked_organization_ids": [organization]}]});
    assert_includes(&listed, &expected);
    // An empty cell leaves them as they are.
    app.import_and_wait(
        "kind=workers",
        "ID,氏名,区市町村,避けたい団体の記録ID\n1,佐藤 陽子,新宿区,\n".as_bytes(),
    );
    assert_includes(&app.get("/v1/workers").json(), &expected);
}
