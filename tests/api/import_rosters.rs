//! Imports of files as city halls have them, with a report of every row.

use crate::support::{TestApp, assert_includes, on_both};
use musubi::auth::UserRole;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use serde_json::{Map, Value, json};

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
    a_list_does_not_take_a_withdrawal_back,
    words_beside_a_day_make_no_consent_fresher,
    recognizes_rows_without_ids_when_they_are_imported_again,
    people_without_ids_are_known_by_their_names_when_a_number_changes,
    where_two_people_may_be_meant_nobody_is_changed,
    a_dry_run_reports_the_same_and_writes_nothing,
    all_or_nothing_writes_nothing_if_a_row_is_rejected,
    on_conflict_updates_skips_or_rejects_existing_records,
    on_absent_archive_pauses_workers_who_left_the_roster,
    a_number_that_was_given_anew_takes_over_nobodys_consent,
    a_shorter_list_that_is_numbered_anew_takes_over_nobody,
    a_number_that_was_given_anew_takes_over_no_organization,
    a_number_that_was_given_anew_takes_over_no_request,
    skills_that_were_taken_out_of_a_role_stay_out,
    lines_of_one_office_leave_out_what_its_record_has_no_room_for,
    two_corporations_at_one_address_are_two,
    an_organization_with_another_name_keeps_its_number,
    who_shares_a_telephone_takes_over_nobodys_consent,
    nobody_is_registered_twice_for_another_column_or_spelling,
    who_may_not_read_names_learns_nothing_by_guesses,
    ids_that_a_spreadsheet_made_numbers_are_those_from_before,
    a_copy_of_a_sheet_brings_nobody_twice,
    sheets_count_their_rows_and_keep_whom_they_know,
    days_below_cells_that_are_merged_are_no_person,
    undoes_an_import_unless_its_records_changed_since,
    imports_are_undone_the_last_one_first,
    a_form_has_its_options_before_the_file,
    the_file_of_an_import_is_imported_again_without_sending_it,
    a_roster_says_whom_to_keep_apart,
    a_saved_mapping_applies_to_its_source_only,
    saved_mappings_are_bounded,
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

fn a_list_does_not_take_a_withdrawal_back(app: &TestApp) {
    let list = |day: &str, area: &str| format!("id,氏名,区市町村,同意日\n1,佐藤,{area},{day}\n");
    let import = |day: &str, area: &str| {
        let job = app.import_and_wait("kind=workers", list(day, area).as_bytes());
        assert_eq!(job["status"], "succeeded", "{job}");
        job
    };
    let given_on = || worker(app, "1")["consent"]["given_on"].clone();
    import("2026-04-01", "新宿区");
    assert_eq!(given_on(), "2026-04-01");
    let path = format!("/v1/workers/{}", worker(app, "1")["id"].as_str().unwrap());
    app.patch(&path, &json!({"consent": null})).expect(200);
    let said = [(2, "同意日".to_owned(), "consent_withdrawn".to_owned())];
    for (day, area) in [
        ("2026-04-01", "中野区"),
        ("2026-05-01", "中野区"),
        ("2026-04-01", "港区"),
    ] {
        assert_eq!(app.findings_of(&import(day, area)), said, "{day} {area}");
        assert_eq!(given_on(), Value::Null, "{day} {area}");
    }
    // They agreed again.
    let today = musubi::catalogue::calendar::today().to_string();
    assert!(app.findings_of(&import(&today, "港区")).is_empty());
    assert_eq!(given_on(), today);
    // What a list ended, a list that states it gives back.
    import("", "港区");
    assert_eq!(given_on(), Value::Null);
    assert_eq!(app.findings_of(&import(&today, "港区")), said);
    assert_eq!(given_on(), today);
    // A withdrawal says that it ends a consent.
    let list = format!("id,氏名,同意撤回日\n1,佐藤,{today}\n");
    let job = app.import_and_wait("kind=workers", list.as_bytes());
    let said = [(2, "同意撤回日".to_owned(), "consent_refused".to_owned())];
    assert_eq!(app.findings_of(&job), said);
    assert_eq!(given_on(), Value::Null);
}

fn words_beside_a_day_make_no_consent_fresher(app: &TestApp) {
    // What ended an earlier consent of somebody would count, too.
    let import = |(id, name): (&str, &str), head: &str, cells: &str| {
        let list = format!("id,氏名,{head}\n{id},{name},{cells}\n");
        app.import_and_wait("kind=workers", list.as_bytes())
    };
    let given_on = |(id, _): (&str, &str)| worker(app, id)["consent"]["given_on"].clone();
    for (who, words, reason) in [
        (("1", "佐藤"), "2026/4/1（撤回）", "撤回"),
        (("2", "鈴木"), "2026/4/1 退会", "退会"),
        (("3", "高橋"), "令和8年4月1日（水）本人より同意取消の申出", "取消"),
        (("4", "田中"), "2026/4/1（予定）", "予定"),
        (("5", "伊藤"), "同意を撤回しました", "撤回"),
    ] {
        import(who, "同意日", "2025/4/1");
        assert_eq!(given_on(who), "2025-04-01", "{words}");
        let job = import(who, "同意日", words);
        let mut codes = app.findings_of(&job);
        codes.sort();
        let said =
            ["consent_refused", "invalid_consent"].map(|code| (2, "同意日".to_owned(), code.to_owned()));
        assert_eq!((codes, given_on(who)), (said.to_vec(), Value::Null), "{words}");
        // The findings say what stood there, and which consent ended.
        let path = format!("/v1/imports/{}/findings", job["id"].as_str().unwrap());
        let told = app.get(&path).json()["items"].to_string();
        assert!(told.contains(reason) && told.contains("2025-04-01"), "{told}");
    }
    // What nobody can read makes none, and takes none away.
    let who = ("7", "中村");
    import(who, "同意日", "2025/4/1");
    for words in [
        "2026/4/1（確認中）",
        "電話連絡",
        "口頭で",
        "書面受領",
        "2023-02-30",
    ] {
        let job = import(who, "同意日", words);
        let said = [(2, "同意日".to_owned(), "invalid_consent".to_owned())];
        assert_eq!(app.findings_of(&job), said, "{words}");
        assert_eq!(given_on(who), "2025-04-01", "{words}");
    }
    // An empty cell says that it takes one away.
    let said = [(2, "同意日".to_owned(), "consent_refused".to_owned())];
    assert_eq!(app.findings_of(&import(who, "同意日", "")), said);
    assert_eq!(given_on(who), Value::Null);
    let who = ("6", "渡辺");
    import(who, "同意日", "2025/4/1");
    import(who, "同意,同意日", "○,2026/4/1（撤回）");
    assert_eq!(given_on(who), Value::Null);
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

fn people_without_ids_are_known_by_their_names_when_a_number_changes(app: &TestApp) {
    let people = || -> Map<String, Value> {
        let all = app.get("/v1/workers").json()["items"].as_array().unwrap().clone();
        let one = |one: Value| {
            let name = one["personal"]["name"].as_str().unwrap().replace(' ', "");
            (name, json!([one["id"], one["personal"]["phone"], one["status"]]))
        };
        all.into_iter().map(one).collect()
    };
    let first = "氏名,区市町村,電話番号\n佐藤 陽子,新宿区,03-5555-0101\n鈴木 一郎,新宿区,\n高橋 恵,新宿区,03-5555-0103\n\
        椎名 亮,新宿区,03-5555-0104\n椎名 恵,新宿区,03-5555-0104\n";
    app.import_and_wait("kind=workers", first.as_bytes());
    let before = people();
    // One number changes, one is new, one is gone, and of a couple with one number, one has another.
    let second = "氏名,区市町村,電話番号\n佐藤陽子,新宿区,03-5555-0201\n鈴木 一郎,新宿区,03-5555-0202\n高橋 恵,新宿区,\n\
        椎名 亮,新宿区,03-5555-0104\n椎名 恵,新宿区,03-5555-0205\n";
    let known = [2, 3, 4, 6].map(|line| (line, "氏名".to_owned(), "known_by_name".to_owned()));
    for mode in ["dry_run", "best_effort"] {
        let query = format!("kind=workers&on_absent=archive&mode={mode}");
        let job = app.import_and_wait(&query, second.as_bytes());
        assert_eq!(numbers(&job), [5, 0, 4, 1, 0], "{mode}");
        assert_eq!(job["progress"]["archived"], 0, "{mode}");
        assert_eq!(app.findings_of(&job), known, "{mode}");
    }
    let after = people();
    for (name, phone) in [
        ("佐藤陽子", json!("03-5555-0201")),
        ("鈴木一郎", json!("03-5555-0202")),
        ("高橋恵", json!(null)),
        ("椎名亮", json!("03-5555-0104")),
        ("椎名恵", json!("03-5555-0205")),
    ] {
        assert_eq!(after[name], json!([before[name][0], phone, "active"]), "{name}");
    }
    let again = app.import_and_wait("kind=workers", second.as_bytes());
    assert_eq!(numbers(&again), [5, 0, 0, 5, 0]);
    assert!(app.findings_of(&again).is_empty());
}

fn where_two_people_may_be_meant_nobody_is_changed(app: &TestApp) {
    let heading = "氏名,ふりがな,区市町村,電話番号\n";
    let import = |source: &str, rows: &str| {
        let query = format!("kind=workers&source={source}");
        let job = app.import_and_wait(&query, format!("{heading}{rows}").as_bytes());
        assert_eq!(job["progress"]["updated"], 0, "{job}");
        (job["progress"]["created"].as_u64(), app.findings_of(&job))
    };
    let doubtful = |line| vec![(line, "氏名".to_owned(), "possible_duplicate".to_owned())];
    import(
        "a",
        "佐藤 一,さとう はじめ,新宿区,03-5555-0101\n田中 実,,新宿区,03-5555-0102\n田中 実,,新宿区,03-5555-0103\n\
         林 健,,新宿区,03-5555-0104\n",
    );
    // Another reading, two of that name, another place.
    let rows =
        "佐藤 一,さとう かず,新宿区,03-5555-0201\n田中 実,,新宿区,03-5555-0202\n林 健,,中野区,03-5555-0204\n";
    assert_eq!(import("a", rows), (Some(3), doubtful(3)));
    // Both are in the file.
    let rows = "林 健,,新宿区,03-5555-0104\n林 健,,新宿区,03-5555-0305\n";
    assert_eq!(import("a", rows), (Some(1), doubtful(3)));
    // Of another source.
    assert_eq!(import("b", "佐藤 一,,新宿区,03-5555-0401\n"), (Some(1), vec![]));
    // An id of its own says who somebody is.
    let with_id = "id,氏名,区市町村,電話番号\n1,林 健,新宿区,03-5555-0104\n";
    app.import_and_wait("kind=workers&source=c", with_id.as_bytes());
    assert_eq!(import("c", "林 健,,新宿区,03-5555-0505\n"), (Some(1), vec![]));
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
    // A place that nobody has keeps nobody who left.
    let list = "id,氏名\n1,佐藤\n3,欠員\n";
    let job = app.import_and_wait("kind=workers&on_absent=archive", list.as_bytes());
    assert_eq!(
        app.findings_of(&job),
        [(3, String::new(), "vacant_row".to_owned())]
    );
    assert_eq!(
        (
            &job["progress"]["archived"],
            &worker(app, "2")["status"],
            &worker(app, "1")["status"]
        ),
        (&json!(1), &json!("paused"), &json!("active"))
    );
}

fn a_number_that_was_given_anew_takes_over_nobodys_consent(app: &TestApp) {
    let list = |rows: &str| format!("No,氏名,ふりがな,区市町村,電話番号,同意日\n{rows}");
    let import = |rows: &str| {
        let job = app.import_and_wait("kind=workers&on_absent=archive", list(rows).as_bytes());
        (numbers(&job), app.findings_of(&job), job)
    };
    let first = "1,青木 恵,あおき めぐみ,新宿区,03-5555-0101,2026-04-01\n";
    let last = "上田 良子,うえだ りょうこ,新宿区,03-5555-0103,\n";
    let nurse = "2,伊藤 花,いとう はな,新宿区,03-5555-0102,2026-04-01\n";
    import(&format!("{first}{nurse}3,{last}"));
    let before = worker(app, "2");
    // 伊藤 has left, and the list is numbered anew.
    let (counts, found, job) = import(&format!("{first}2,{last}"));
    assert_eq!(counts, [2, 0, 0, 1, 1]);
    assert_eq!(found, [(3, "No".to_owned(), "another_person".to_owned())]);
    assert_eq!(
        (&worker(app, "2"), &job["progress"]["archived"]),
        (&before, &json!(0))
    );
    assert_eq!(worker(app, "3")["status"], "active");
    // Two of one family have one telephone, and stand below each other.
    let (counts, ..) = import("2,伊藤 一郎,いとう いちろう,新宿区,03-5555-0102,\n");
    assert_eq!(counts, [1, 0, 0, 0, 1]);
    // A marriage, a whole name, another kanji, and another script with the same number are no other person.
    for row in [
        "2,加藤 花,かとう はな,新宿区,03-5555-0109,2026-04-01\n",
        "2,加藤 華,かとう はな,新宿区,03-5555-0108,2026-04-01\n",
        "2,加藤 はな,,新宿区,,2026-04-01\n",
        "2,加藤 はな,かとう はな,新宿区,03-5555-0108,2026-04-01\n",
        "2,Hana Kato,,新宿区,03-5555-0108,2026-04-01\n",
    ] {
        let rows = format!("{first}{row}3,{last}");
        assert_eq!(import(&rows).0, [3, 0, 1, 2, 0], "{row}");
    }
    // Whoever is named by the id of the record is meant.
    let id = before["id"].as_str().unwrap();
    let file = format!("記録ID,No,氏名\n{id},2,王 小明\n");
    let job = app.import_and_wait("kind=workers", file.as_bytes());
    assert_eq!(numbers(&job), [1, 0, 1, 0, 0]);
    assert_eq!(worker(app, "2")["personal"]["name"], "王 小明");
}

fn a_shorter_list_that_is_numbered_anew_takes_over_nobody(app: &TestApp) {
    let import = |file: &str| {
        let job = app.import_and_wait("kind=workers", file.as_bytes());
        (numbers(&job), app.findings_of(&job))
    };
    import(
        "No,氏名,ふりがな,電話番号\n1,青木 恵,あおき めぐみ,03-5555-0101\n2,上田 良子,うえだ りょうこ,03-5555-0102\n",
    );
    let before = [worker(app, "1"), worker(app, "2")];
    // Without columns for them, reading and number stay. That says nothing of whom a row means.
    let (counts, found) = import("No,氏名\n1,上田 良子\n2,江口 実\n");
    assert_eq!(counts, [2, 0, 0, 0, 2]);
    let said = [2, 3].map(|line| (line, "No".to_owned(), "another_person".to_owned()));
    assert_eq!(found, said);
    assert_eq!([worker(app, "1"), worker(app, "2")], before);
    let (counts, found) = import("No,氏名\n1,青木 恵子\n2,上田 良子\n");
    assert_eq!((counts, found), ([2, 0, 1, 1, 0], vec![]));
    assert_eq!(worker(app, "1")["personal"]["phone"], "03-5555-0101");
}

/// Returns name, telephone number and version of each organization of the roster, by its id there.
fn organizations(app: &TestApp) -> Map<String, Value> {
    let all = app.get("/v1/organizations?limit=200").expect(200).json()["items"].clone();
    let one = |one: &Value| {
        let id = one["external_id"].as_str().unwrap_or_default().to_owned();
        (id, json!([one["name"], one["contact"]["phone"], one["version"]]))
    };
    all.as_array().unwrap().iter().map(one).collect()
}

fn a_number_that_was_given_anew_takes_over_no_organization(app: &TestApp) {
    let import = |heading: &str, rows: &str| {
        let job = app.import_and_wait("kind=organizations", format!("{heading}\n{rows}").as_bytes());
        (numbers(&job), app.findings_of(&job))
    };
    let heading = "No,団体名,区市町村,電話番号,担当者";
    let rest = "中野区,03-5555-0102,佐藤 健一\n";
    let first = format!(
        "1,風の会,新宿区,03-5555-0101,田中 花子\n2,海の会,{rest}3,亀戸一丁目町会,江東区,03-5555-0103,\n\
         4,亀戸二丁目町会,江東区,,\n"
    );
    assert_eq!(import(heading, &first).0, [4, 4, 0, 0, 0]);
    let before = organizations(app);
    // 風の会 has left, and the list is numbered anew.
    let anew = format!("1,海の会,{rest}2,亀戸一丁目町会,江東区,03-5555-0103,\n3,亀戸二丁目町会,江東区,,\n");
    let said = [2, 3, 4].map(|line| (line, "No".to_owned(), "another_record".to_owned()));
    for mode in ["dry_run", "best_effort"] {
        let query = format!("kind=organizations&on_absent=archive&mode={mode}");
        let job = app.import_and_wait(&query, format!("{heading}\n{anew}").as_bytes());
        assert_eq!(numbers(&job), [3, 0, 0, 0, 3], "{mode}");
        assert_eq!(app.findings_of(&job), said, "{mode}");
        assert_eq!(job["progress"]["archived"], 0, "{mode}");
    }
    // What stays, as no column has it, and the number of an office that looks after several groups, say nothing.
    for (heading, rows, counts) in [
        ("No,団体名,区市町村", "1,桜の会,新宿区\n", [1, 0, 0, 0, 1]),
        (
            "No,団体名,区市町村,電話番号",
            "1,風の会,豊島区,03-5555-0999\n",
            [1, 0, 0, 0, 1],
        ),
        (
            "No,団体名,区市町村,電話番号",
            "1,桜の会,新宿区,03-5555-0101\n7,梅の会,新宿区,03-5555-0101\n",
            [2, 1, 0, 0, 1],
        ),
    ] {
        assert_eq!(import(heading, rows).0, counts, "{rows}");
    }
    let mut after = organizations(app);
    assert_eq!(after.remove("7"), Some(json!(["梅の会", "03-5555-0101", 1])));
    assert_eq!(after, before);
    // Who may not read contacts learns nothing of them, and takes over no record either.
    let importer = app.token(UserRole::Importer);
    let guess = "No,団体名,区市町村,電話番号\n1,桜の会,新宿区,03-5555-0101\n";
    let sent = app
        .import(&importer, "kind=organizations", guess.as_bytes())
        .expect(202)
        .json();
    let job = app.wait_for_import(sent["id"].as_str().unwrap());
    assert_eq!(numbers(&job), [1, 0, 0, 0, 1]);
}

fn an_organization_with_another_name_keeps_its_number(app: &TestApp) {
    let import = |file: &str| {
        let job = app.import_and_wait("kind=organizations", file.as_bytes());
        assert_eq!(app.findings_of(&job), [], "{file}");
        numbers(&job)
    };
    let heading = "No,団体名,区市町村,電話番号,メールアドレス,担当者,法人番号\n";
    let first = "1,風の会,新宿区,03-5555-0101,kaze@example.jp,田中 花子,7000012050002\n";
    assert_eq!(import(&format!("{heading}{first}")), [1, 1, 0, 0, 0]);
    for row in [
        // The number, the address, the person, the 法人番号, more of the name, and another spelling of it.
        "1,青空ひろば,新宿区,0355550101,,,\n",
        "1,みんなの家,渋谷区,03-5555-0101,ie@example.jp,山本 二郎,\n",
        "1,つどいの場,渋谷区,03-5555-0199,IE@example.jp,山本 二郎,\n",
        "1,大空のもと,渋谷区,03-5555-0198,sora@example.jp,山本二郎,7000012050002\n",
        "1,かぜのわ,渋谷区,,,,7000012050002\n",
        "1,NPO法人 かぜのわ,渋谷区,,,,\n",
        "1,かぜのわ江東,渋谷区,,,,\n",
    ] {
        assert_eq!(import(&format!("{heading}{row}")), [1, 0, 1, 0, 0], "{row}");
    }
    // Whatever is named by the id of the record, or by a name from before, is meant.
    let all = app.get("/v1/organizations").expect(200).json()["items"].clone();
    let id = all[0]["id"].as_str().unwrap();
    let file = format!("記録ID,No,団体名,区市町村\n{id},1,別の名前の会,渋谷区\n");
    assert_eq!(import(&file), [1, 0, 1, 0, 0]);
    let file = "No,団体名,区市町村,別名\n1,新しい名前の会,渋谷区,別の名前の会\n";
    assert_eq!(import(file), [1, 0, 1, 0, 0]);
    assert_eq!(
        app.get("/v1/organizations").json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

fn a_number_that_was_given_anew_takes_over_no_request(app: &TestApp) {
    for name in ["風の会", "海の会"] {
        app.organization(name);
    }
    let import = |rows: &str| {
        let file = format!("受付番号,団体名,件名,支援内容\n{rows}");
        let job = app.import_and_wait("kind=deliverables", file.as_bytes());
        let codes: Vec<String> = app.findings_of(&job).into_iter().map(|one| one.2).collect();
        (numbers(&job), codes)
    };
    let said = || vec!["another_record".to_owned()];
    let made = import("1,風の会,会のチラシ,チラシ\n2,海の会,会のチラシ,チラシ\n");
    assert_eq!(made, ([2, 2, 0, 0, 0], vec![]));
    let listed = || app.get("/v1/deliverables?limit=200").expect(200).json()["items"].clone();
    let before = listed();
    // Many ask for the same.
    assert_eq!(import("1,海の会,会のチラシ,チラシ\n"), ([1, 0, 0, 0, 1], said()));
    assert_eq!(listed(), before);
    // A request of the same organization gets another title, or becomes another one.
    assert_eq!(
        import("2,海の会,秋の祭りのチラシ,チラシ\n"),
        ([1, 0, 1, 0, 0], vec![])
    );
    let other = import("1,風の会,会のホームページ,HP\n");
    assert_eq!(other, ([1, 0, 1, 0, 0], said()));
}

fn skills_that_were_taken_out_of_a_role_stay_out(app: &TestApp) {
    app.organization("風の会");
    let import = |title: &str, team: &str| {
        let file = format!("受付番号,団体名,件名,支援内容,募集職種\n1,風の会,{title},チラシ,{team}\n");
        numbers(&app.import_and_wait("kind=deliverables", file.as_bytes()))
    };
    let listed = || app.get("/v1/deliverables").expect(200).json()["items"][0].clone();
    let skills_of = |role: &str| -> usize {
        let listed = listed();
        let mut roles = listed["roles"].as_array().unwrap().iter();
        let own = roles.find(|one| one["role"] == role).unwrap();
        own["skills"].as_array().unwrap().len()
    };
    assert_eq!(import("会のチラシ", "デザイナー2名"), [1, 1, 0, 0, 0]);
    assert!(skills_of("designer") > 0);
    let path = format!("/v1/deliverables/{}", listed()["id"].as_str().unwrap());
    let bare = json!({"roles": [{"role": "designer", "places": 2, "skills": []}]});
    app.patch(&path, &bare).expect(200);
    // The list comes again with another title, and then with one more role.
    assert_eq!(import("秋のチラシ", "デザイナー2名"), [1, 0, 1, 0, 0]);
    assert_eq!(skills_of("designer"), 0);
    let more = import("秋のチラシ", "デザイナー2名、ライター1名");
    assert_eq!((more, skills_of("designer")), ([1, 0, 1, 0, 0], 0));
}

fn lines_of_one_office_leave_out_what_its_record_has_no_room_for(app: &TestApp) {
    let long = |c: &str| c.repeat(1_900);
    let line = |text: &str| format!("あおば事業所,新宿区戸山1-1,03-5555-0101,{text}\n");
    let texts = ["あ", "い", "う"].map(long);
    let lines: String = texts.iter().map(|text| line(text)).collect();
    let file = format!("事業所名,所在地,電話番号,活動内容\n{lines}");
    let job = app.import_and_wait("kind=organizations", file.as_bytes());
    assert_eq!(numbers(&job), [3, 1, 0, 0, 0]);
    let only = app.get("/v1/organizations").expect(200).json()["items"][0].clone();
    assert_eq!(only["description"], json!(texts[..2].join("\n")));
    let id = job["id"].as_str().unwrap();
    let found = app.get(&format!("/v1/imports/{id}/findings")).expect(200).json()["items"].clone();
    let said = found.as_array().unwrap().iter().map(|one| {
        assert_eq!(one["code"], "same_organization");
        one["message"].as_str().unwrap().contains("入りきらない")
    });
    assert_eq!(said.collect::<Vec<_>>(), [false, true]);
    // Many lines are one record, too, with as many texts as are put together.
    let lines: String = (0..150).map(|n| line(&format!("活動{n}"))).collect();
    let file = format!(
        "事業所名,所在地,電話番号,活動内容\n{}",
        lines.replace("あおば", "みどり")
    );
    let job = app.import_and_wait("kind=organizations", file.as_bytes());
    assert_eq!(numbers(&job), [150, 1, 0, 0, 0]);
    let all = app.get("/v1/organizations").expect(200).json()["items"].clone();
    let mut all = all.as_array().unwrap().iter();
    let other = all.find(|one| one["name"] == "みどり事業所").unwrap();
    assert_eq!(other["description"].as_str().unwrap().lines().count(), 101);
}

fn two_corporations_at_one_address_are_two(app: &TestApp) {
    let file = "No,事業所名,所在地,電話番号,活動内容\n\
        1,社会福祉法人ほし,新宿区戸山1-1,03-5555-0101,訪問介護\n\
        2,株式会社ほし,新宿区戸山1-1,03-5555-0101,通所介護\n\
        3,（株）ほし,新宿区戸山1-1,03-5555-0101,配食\n";
    let job = app.import_and_wait("kind=organizations", file.as_bytes());
    assert_eq!(numbers(&job), [3, 2, 0, 0, 0], "{:?}", app.findings_of(&job));
    assert_eq!(job["progress"]["skipped"], 1);
    let all = app.get("/v1/organizations").expect(200).json()["items"].clone();
    let said = |name: &str| {
        let mut all = all.as_array().unwrap().iter();
        all.find(|one| one["name"] == name).unwrap()["description"].clone()
    };
    assert_eq!(said("社会福祉法人ほし"), "訪問介護");
    assert_eq!(said("株式会社ほし"), "通所介護\n配食");
}

fn who_shares_a_telephone_takes_over_nobodys_consent(app: &TestApp) {
    let import = |rows: &str| {
        let file = format!("氏名,電話番号,同意日\n{rows}");
        numbers(&app.import_and_wait("kind=workers", file.as_bytes()))
    };
    let consents = || {
        let all = app.get("/v1/workers").expect(200).json()["items"].clone();
        let all = all.as_array().unwrap().iter();
        let one = |worker: &Value| {
            let name = worker["personal"]["name"].as_str().unwrap().to_owned();
            (name, worker["consent"].is_object())
        };
        let mut all: Vec<(String, bool)> = all.map(one).collect();
        all.sort();
        all
    };
    let hanako = "佐藤 花子,03-5555-0101,2026-04-01\n";
    assert_eq!(import(hanako), [1, 1, 0, 0, 0]);
    // Of one family, above her, and of one office, in place of her.
    let both = format!("佐藤 一郎,03-5555-0101,\n{hanako}");
    assert_eq!(import(&both), [2, 1, 0, 1, 0]);
    assert_eq!(import(&both), [2, 0, 0, 2, 0]);
    assert_eq!(import("山本 次郎,03-5555-0101,\n"), [1, 1, 0, 0, 0]);
    // Two who differ by one sign are two, since both are in the list.
    let two = format!("佐藤 京子,03-5555-0101,\n{hanako}");
    assert_eq!(import(&two), [2, 1, 0, 1, 0]);
    let expected = [
        ("佐藤 一郎", false),
        ("佐藤 京子", false),
        ("佐藤 花子", true),
        ("山本 次郎", false),
    ];
    assert_eq!(consents(), expected.map(|(name, has)| (name.to_owned(), has)));
    // A marriage.
    assert_eq!(import("田中 花子,03-5555-0101,2026-04-01\n"), [1, 0, 1, 0, 0]);
    assert!(consents().contains(&("田中 花子".to_owned(), true)));
}

fn nobody_is_registered_twice_for_another_column_or_spelling(app: &TestApp) {
    let import = |file: &str| {
        let job = app.import_and_wait("kind=workers", file.as_bytes());
        let codes: Vec<String> = app.findings_of(&job).into_iter().map(|one| one.2).collect();
        (numbers(&job), codes)
    };
    import("氏名,電話番号\n佐藤 花子,03-5555-0101\n高橋 実,\n");
    for (file, counts, codes) in [
        (
            "氏名,メール,電話番号\n佐藤 花子,h@example.jp,03-5555-0101\n",
            [1, 0, 1, 0, 0],
            &[][..],
        ),
        ("氏名,電話番号\n佐藤 花子,0355550101\n", [1, 0, 1, 0, 0], &[]),
        (
            "氏名,メール,電話番号\n佐藤 花子,other@example.jp,0355550101\n",
            [1, 0, 1, 0, 0],
            &[],
        ),
        (
            "氏名,電話番号,区市町村\n佐藤 花子,03-5555-0101,新宿区\n",
            [1, 0, 1, 0, 0],
            &[],
        ),
        (
            "氏名,区市町村\n高橋 実,中野区\n",
            [1, 0, 1, 0, 0],
            &["known_by_name"],
        ),
    ] {
        let (own, found) = import(file);
        assert_eq!(
            (own, found),
            (counts, codes.iter().map(|code| (*code).to_owned()).collect()),
            "{file}"
        );
    }
    // Another script with the same address is one person's; with the telephone of a home, it may be a relative's.
    let heading = "氏名,メール,電話番号\n";
    import(&format!(
        "{heading}林 直美,n@example.jp,03-5555-0201\n井上 学,,03-5555-0202\n"
    ));
    let naomi = import(&format!("{heading}Naomi Hayashi,n@example.jp,03-5555-0201\n"));
    assert_eq!(naomi, ([1, 0, 1, 0, 0], vec![]));
    let manabu = import(&format!("{heading}井上 まなぶ,,03-5555-0202\n"));
    assert_eq!(manabu, ([1, 1, 0, 0, 0], vec!["possible_duplicate".to_owned()]));
}

fn who_may_not_read_names_learns_nothing_by_guesses(app: &TestApp) {
    let known = "氏名,区市町村,電話番号\n佐藤 花子,新宿区,03-5555-0101\n";
    app.import_and_wait("kind=workers", known.as_bytes());
    app.import_and_wait("kind=workers", "id,氏名\n0001,鈴木 一\n".as_bytes());
    let before = app.get("/v1/workers").json()["items"].clone();
    let importer = app.token(UserRole::Importer);
    for mode in ["dry_run", "best_effort"] {
        for file in [
            "氏名,区市町村,電話番号\n佐藤 花子,新宿区,03-5555-0999\n",
            "id,氏名\n1,鈴木 一\n",
        ] {
            let query = format!("kind=workers&mode={mode}");
            let sent = app.import(&importer, &query, file.as_bytes()).expect(202).json();
            let job = app.wait_for_import(sent["id"].as_str().unwrap());
            assert_eq!(numbers(&job), [1, 1, 0, 0, 0], "{mode} {file}");
            assert_eq!(app.findings_of(&job), [], "{mode} {file}");
        }
    }
    for one in before.as_array().unwrap() {
        let path = format!("/v1/workers/{}", one["id"].as_str().unwrap());
        assert_eq!(app.get(&path).expect(200).json()["version"], one["version"]);
    }
}

fn ids_that_a_spreadsheet_made_numbers_are_those_from_before(app: &TestApp) {
    app.import_and_wait("kind=workers", "id,氏名\n0001,佐藤 花\n0002,鈴木 一\n".as_bytes());
    // Another name is another person.
    let file = "id,氏名,週の時間\n1,佐藤 花,3\n2,高橋 実,2\n".as_bytes();
    let said = [(2, "id".to_owned(), "leading_zero_restored".to_owned())];
    for counts in [[2, 1, 1, 0, 0], [2, 0, 0, 2, 0]] {
        let job = app.import_and_wait("kind=workers", file);
        assert_eq!((numbers(&job), app.findings_of(&job)), (counts, said.to_vec()));
    }
    assert_eq!(worker(app, "0001")["hours_per_week"], 3);
    assert_eq!(worker(app, "0002")["personal"]["name"], "鈴木 一");
    // The other way round.
    let job = app.import_and_wait("kind=workers", "id,氏名,週の時間\n02,高橋 実,4\n".as_bytes());
    assert_eq!(
        (numbers(&job), &worker(app, "2")["hours_per_week"]),
        ([1, 0, 1, 0, 0], &json!(4))
    );
}

fn a_copy_of_a_sheet_brings_nobody_twice(app: &TestApp) {
    let rows = [
        ["No", "氏名", "電話番号"],
        ["1", "佐藤 花子", "03-5555-0101"],
        ["2", "鈴木 一", "03-5555-0102"],
    ];
    let import = |sheets: [&str; 2], source: &str| {
        let mut book = Workbook::new();
        for name in sheets {
            let sheet = book.add_worksheet();
            sheet.set_name(name).unwrap();
            for (row, cells) in (0u32..).zip(rows) {
                for (column, text) in (0u16..).zip(cells) {
                    sheet.write(row, column, text).unwrap();
                }
            }
        }
        let query = format!("kind=workers&source={source}");
        let job = app.import_and_wait(&query, &book.save_to_buffer().unwrap());
        let codes: Vec<String> = app.findings_of(&job).into_iter().map(|one| one.2).collect();
        (numbers(&job), codes)
    };
    for sheets in [
        ["名簿", "名簿 (2)"],
        ["名簿", "宛名印刷"],
        ["令和7年度", "令和8年度（見込）"],
    ] {
        let (counts, codes) = import(sheets, &format!("s{}", sheets.concat().len()));
        assert_eq!(
            (counts, codes),
            ([2, 2, 0, 0, 0], vec!["unread_sheet".to_owned()]),
            "{sheets:?}"
        );
    }
    let (counts, codes) = import(["名簿", "一覧"], "both");
    assert_eq!(
        (counts, codes),
        ([4, 2, 0, 0, 0], vec!["duplicate_row".to_owned(); 2])
    );
}

fn sheets_count_their_rows_and_keep_whom_they_know(app: &TestApp) {
    let import = |query: &str, numbers_of: [&str; 2], phone: &str| {
        let mut book = Workbook::new();
        for (name, phone) in [("外国語", "03-5555-0101"), ("傾聴", phone)] {
            let sheet = book.add_worksheet();
            sheet.set_name(name).unwrap();
            let rows = [
                ["No", "氏名", "電話番号"],
                [numbers_of[0], "佐藤 花子", phone],
                [numbers_of[1], "鈴木 一", "03-5555-0102"],
            ];
            for (row, cells) in (0u32..).zip(rows) {
                for (column, text) in (0u16..).zip(cells) {
                    sheet.write(row, column, text).unwrap();
                }
            }
        }
        let job = app.import_and_wait(&format!("kind=workers&{query}"), &book.save_to_buffer().unwrap());
        let codes: Vec<String> = app.findings_of(&job).into_iter().map(|one| one.2).collect();
        (numbers(&job), job["progress"]["archived"].as_u64(), codes)
    };
    let said = |code: &str, times: usize| vec![code.to_owned(); times];
    // Only what says the same is a copy, and it is no mistake that stops the import.
    let (counts, _, codes) = import("mode=all_or_nothing", ["0001", "0002"], "03-5555-0109");
    assert_eq!((counts, codes), ([4, 3, 0, 0, 0], said("duplicate_row", 1)));
    // Both of her records are known by now.
    let query = "mode=all_or_nothing&on_absent=archive";
    let (counts, archived, codes) = import(query, ["0001", "0002"], "03-5555-0101");
    assert_eq!((counts[1], counts[4], archived), (0, 0, Some(0)));
    assert_eq!(codes, said("duplicate_row", 1));
    // Numbers without their zeros.
    let (counts, archived, codes) = import("on_absent=archive", ["1", "2"], "03-5555-0101");
    assert_eq!((counts[1], counts[4], archived), (0, 0, Some(0)));
    let restored = codes.iter().filter(|code| *code == "leading_zero_restored");
    assert_eq!((restored.count(), codes.len()), (3, 4));
}

fn days_below_cells_that_are_merged_are_no_person(app: &TestApp) {
    use rust_xlsxwriter::Format;
    for (n, wide) in ["空き", "出番"].into_iter().enumerate() {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        let format = Format::new();
        for (column, text) in (0u16..).zip(["番号", "氏名", "所属"]) {
            sheet.merge_range(0, column, 1, column, text, &format).unwrap();
        }
        sheet.merge_range(0, 3, 0, 4, wide, &format).unwrap();
        sheet.write(0, 5, "区").unwrap();
        for (column, text) in [(3, "月"), (4, "火")] {
            sheet.write(1, column, text).unwrap();
        }
        for (column, text) in (0u16..).zip(["1", "佐藤 一", "営業", "○", "", "新宿区"]) {
            sheet.write(2, column, text).unwrap();
        }
        let query = format!("kind=workers&source=s{n}");
        let job = app.import_and_wait(&query, &book.save_to_buffer().unwrap());
        assert_eq!(
            numbers(&job),
            [1, 1, 0, 0, 0],
            "{wide}: {:?}",
            app.findings_of(&job)
        );
        let path = format!("/v1/workers/by-external-id/s{n}/1");
        let days = app.get(&path).expect(200).json()["day_parts"].clone();
        if wide == "空き" {
            assert_eq!(days.as_array().map_or(0, Vec::len), 3, "{days}");
        }
    }
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

fn imports_are_undone_the_last_one_first(app: &TestApp) {
    let import = |hours: u16| {
        let file = format!("id,氏名,週の時間\n1,佐藤,{hours}\n");
        app.import_and_wait("kind=workers", file.as_bytes())["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let imports = [4, 6, 8].map(import);
    let undo = |id: &str| app.post(&format!("/v1/imports/{id}/undo"), &json!({}));
    for (earlier, last) in [(0, 2), (1, 2)] {
        let refused = undo(&imports[earlier]).expect(409);
        assert_eq!(refused.code(), "changed_since");
        assert!(refused.text.contains(&imports[last]), "{}", refused.text);
    }
    for (import, left) in [(2, Some(6)), (1, Some(4)), (0, None)] {
        undo(&imports[import]).expect(202);
        assert_eq!(app.wait_for_import(&imports[import])["status"], "undone");
        match left {
            Some(hours) => assert_eq!(worker(app, "1")["hours_per_week"], hours),
            None => drop(app.get("/v1/workers/by-external-id/roster/1").expect(404)),
        }
    }
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

fn saved_mappings_are_bounded(app: &TestApp) {
    let path = |source: usize| format!("/v1/import-mappings/workers/s{source}");
    let mapping = json!({"mapping": {"とくいわざ": "skills"}});
    for source in 0..200 {
        app.put(&path(source), &mapping).expect(200);
    }
    assert_eq!(
        app.put(&path(200), &mapping).expect(409).code(),
        "too_many_mappings"
    );
    // One that is saved is still replaced, or makes room for another one, and others have their own.
    app.put(&path(0), &json!({"mapping": {}})).expect(200);
    app.delete(&path(1)).expect(204);
    app.put(&path(200), &mapping).expect(200);
    let other = app.logged_in(
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    app.call("PUT", &path(200), &other, &mapping).expect(200);
    let long = json!({"mapping": {("長".repeat(201)): ""}});
    assert_eq!(
        app.put(&path(0), &long).expect(422).faults(),
        [("/mapping".into(), "too_long".into())]
    );
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
    // Its first rows are told as they were read: days as days, formulas as their results.
    let rows = first_rows(app, &job);
    let lines: Vec<_> = rows.iter().map(|row| row["line"].as_u64().unwrap()).collect();
    assert_eq!((lines, &rows[0]["sheet"]), (vec![3, 4, 6], &Value::Null));
    let cells = json!(["2", "佐藤 陽子", "新宿区", "2023-06-01", "4", "312345678"]);
    assert_eq!(rows[0]["cells"], cells);
}

/// The first rows of an import's file.
fn first_rows(app: &TestApp, job: &Value) -> Vec<Value> {
    let id = job["id"].as_str().unwrap();
    let answer = app
        .get(&format!("/v1/imports/{id}/annotated-file?rows=true"))
        .expect(200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let lines = answer.text.lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
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
    let rows = first_rows(app, &job);
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[1]["cells"].as_array().unwrap().len(), 9);
    assert_eq!(rows[1]["cells"][0], "A-2");
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
