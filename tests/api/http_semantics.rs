//! Problem documents, languages, conditional requests and repeated POSTs.

use crate::support::{TestApp, assert_includes, on_both};
use diesel::connection::SimpleConnection;
use musubi::db::Db;
use serde_json::{Value, json};

on_both! {
    answers_every_error_with_a_problem_document,
    names_the_place_and_code_of_each_bad_value,
    a_rule_of_several_properties_is_reported_at_one_of_them,
    rejects_a_duplicate_member,
    accepts_a_whole_float_as_an_integer,
    writes_messages_in_the_language_of_the_client,
    keeps_a_plain_request_id_and_replaces_any_other,
    returns_304_for_a_known_version,
    returns_412_for_an_outdated_version,
    if_match_takes_several_tags_and_requires_a_record,
    an_etag_without_quotes_is_refused,
    an_encoded_body_is_refused_with_what_is_accepted,
    a_leap_second_is_refused,
    spaces_around_texts_are_removed,
    all_errors_of_a_body_come_together,
    errors_of_all_stages_come_together,
    etags_of_composed_answers_change_with_the_body,
    updates_without_if_match_never_return_412,
    an_empty_patch_keeps_the_version,
    answers_head_like_get_without_a_body,
    only_one_of_many_concurrent_updates_succeeds,
    a_merge_patch_unsets_by_null_and_keeps_other_members,
    what_a_record_had_before_a_rule_hinders_no_other_change,
    returns_the_first_answer_to_a_repeated_post,
    a_failed_post_does_not_use_up_its_key,
    concurrent_posts_with_one_key_create_one_record,
    two_callers_can_use_the_same_key,
    stores_answers_only_of_requests_that_wrote_something,
    refuses_new_keys_of_a_caller_whose_stored_answers_take_too_much,
    reports_that_it_is_alive_and_ready,
}

fn answers_every_error_with_a_problem_document(app: &TestApp) {
    let bearer = format!("Bearer {}", app.admin);
    let auth = ("authorization", bearer.as_str());
    let json_type = ("content-type", "application/json");
    let long = vec![b' '; 1024 * 1024 + 1];
    type Case<'c> = (&'c str, &'c str, &'c [(&'c str, &'c str)], &'c [u8], u16, &'c str);
    let cases: [Case; 12] = [
        ("GET", "/v1/nowhere", &[auth], b"", 404, "not_found"),
        ("GET", "/nowhere", &[], b"", 404, "not_found"),
        (
            "PUT",
            "/v1/organizations",
            &[auth],
            b"",
            405,
            "method_not_allowed",
        ),
        ("GET", "/v1/organizations", &[], b"", 401, "unauthenticated"),
        (
            "GET",
            "/v1/organizations/42",
            &[auth],
            b"",
            400,
            "invalid_parameters",
        ),
        (
            "GET",
            "/v1/organizations?limit=0",
            &[auth],
            b"",
            400,
            "invalid_parameters",
        ),
        (
            "GET",
            "/v1/organizations?nmae=x",
            &[auth],
            b"",
            400,
            "invalid_parameters",
        ),
        (
            "GET",
            "/v1/organizations?area=131999",
            &[auth],
            b"",
            422,
            "invalid",
        ),
        (
            "POST",
            "/v1/organizations",
            &[auth, json_type],
            b"{\"name\": ",
            400,
            "malformed_json",
        ),
        (
            "POST",
            "/v1/organizations",
            &[auth, json_type],
            &long,
            413,
            "too_large",
        ),
        (
            "POST",
            "/v1/organizations",
            &[auth, ("content-type", "text/plain")],
            b"{}",
            415,
            "unsupported_media_type",
        ),
        (
            "POST",
            "/v1/organizations",
            &[auth, json_type],
            b"[]",
            422,
            "invalid",
        ),
    ];
    for (method, path, headers, body, status, code) in cases {
        let refused = app.send(method, path, headers, body).expect(status);
        assert_eq!(refused.code(), code, "{method} {path}");
        let problem = refused.json();
        let request_id = refused.header("x-request-id");
        assert_includes(&problem, &json!({"status": status, "request_id": request_id}));
    }
    assert_eq!(
        app.put("/v1/organizations", &json!({})).header("allow"),
        "GET, POST"
    );
}

fn names_the_place_and_code_of_each_bad_value(app: &TestApp) {
    let refused = |body: Value| app.post("/v1/organizations", &body).expect(422).faults();
    let one = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
    assert_eq!(refused(json!({"area": "131041"})), one("/name", "missing_field"));
    assert_eq!(
        refused(json!({"name": 5, "area": "131041"})),
        one("/name", "wrong_type")
    );
    assert_eq!(
        refused(json!({"name": "a", "area": "131041", "kind": "club"})),
        one("/kind", "unknown_value")
    );
    assert_eq!(
        refused(json!({"name": "a", "area": "131041", "nmae": 1})),
        one("/nmae", "unknown_field")
    );
    assert_eq!(
        refused(json!({"name": "a\u{0}", "area": "131041"})),
        one("/name", "control_character")
    );
    for name in [
        "戸山\u{200b}会",
        "\u{202e}会山戸",
        "\u{feff}戸山会",
        "戸山会\u{2069}",
    ] {
        assert_eq!(
            refused(json!({"name": name, "area": "131041"})),
            one("/name", "control_character"),
            "{name:?}"
        );
    }
    for address in ["jiro@example", "jiro@[127.0.0.1]", "jiro@.jp", "jiro"] {
        assert_eq!(
            refused(json!({"name": "a", "area": "131041", "contact": {"email": address}})),
            one("/contact/email", "invalid_email"),
            "{address}"
        );
    }
    for phone in ["1", "不明", "内線12", ""] {
        let broken = |place: &str| one(place, "invalid_phone");
        let contact = json!({"name": "a", "area": "131041", "contact": {"phone": phone}});
        let worker = json!({"personal": {"phone": phone}});
        if phone.is_empty() {
            // Many clients send it for none.
            let made = app.post("/v1/organizations", &contact).expect(201).json();
            assert_eq!(made["contact"]["phone"], Value::Null);
            let made = app.worker(json!({"personal": {"name": "佐藤 陽子", "phone": phone}}));
            let made = app.get(&format!("/v1/workers/{made}")).expect(200).json();
            assert_eq!(made["personal"]["phone"], Value::Null);
        } else {
            assert_eq!(refused(contact), broken("/contact/phone"), "{phone}");
            let worker = app.post("/v1/workers", &worker);
            assert_eq!(worker.expect(422).faults(), broken("/personal/phone"), "{phone}");
        }
        let event = json!({"kind": "seminar", "title": "会", "contact": {"office": "社協", "phone": phone},
            "times": [{"starts_at": "2199-01-01T01:00:00Z"}]});
        let event = app.post("/v1/events", &event);
        assert_eq!(event.expect(422).faults(), broken("/contact/phone"), "{phone}");
    }
    let seen = json!({"name": "👨\u{200d}👩\u{200d}👧の会", "area": "131041", "description": "体\u{200b}操\u{202e}教室"});
    let made = app.post("/v1/organizations", &seen).expect(201).json();
    assert_eq!(
        (&made["name"], &made["description"]),
        (&seen["name"], &json!("体操教室"))
    );
    assert_eq!(
        refused(json!({"name": "a", "area": "131041", "contact": ["x"]})),
        one("/contact", "wrong_type")
    );
    assert_eq!(
        refused(json!({"name": "a", "area": "131042"})),
        one("/area", "unknown_area")
    );
    let several = json!({"name": " ", "area": "131041", "corporate_number": "1234567890123",
        "contact": {"email": "nobody"}, "themes": ["dementia", "dementia"]});
    let codes: Vec<String> = refused(several)
        .into_iter()
        .map(|(place, code)| format!("{place} {code}"))
        .collect();
    assert_eq!(
        codes,
        [
            "/contact/email invalid_email",
            "/corporate_number invalid_check_digit",
            "/name blank",
            "/themes duplicate"
        ]
    );
    let label = "a".repeat(63);
    let email = format!("a@{label}.{label}.{label}.{label}");
    let long = json!({"name": "風", "area": "131041", "contact": {"email": email}});
    assert_eq!(
        app.post("/v1/organizations", &long).expect(422).faults(),
        [("/contact/email".into(), "invalid_length".into())]
    );
}

fn rejects_a_duplicate_member(app: &TestApp) {
    let headers = [
        ("authorization", &*format!("Bearer {}", app.admin)),
        ("content-type", "application/json"),
    ];
    let twice = br#"{"name": "a", "area": "131041", "name": "b"}"#;
    let faults = app
        .send("POST", "/v1/organizations", &headers, twice)
        .expect(422)
        .faults();
    assert_eq!(faults, [("/name".into(), "duplicate_field".into())]);
}

fn accepts_a_whole_float_as_an_integer(app: &TestApp) {
    let headers = [
        ("authorization", &*format!("Bearer {}", app.admin)),
        ("content-type", "application/json"),
    ];
    let created = app
        .send("POST", "/v1/workers", &headers, br#"{"hours_per_week": 11.0}"#)
        .expect(201);
    assert_eq!(created.json()["hours_per_week"], 11);
    app.send("POST", "/v1/workers", &headers, br#"{"hours_per_week": 11.5}"#)
        .expect(422);
}

fn writes_messages_in_the_language_of_the_client(app: &TestApp) {
    let detail = |language: &str| {
        let refused = app.get_with("/v1/organizations/42", &[("accept-language", language)]);
        refused.json()["errors"][0]["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(detail("en"), "Use an ID in the form of a UUID.");
    assert_eq!(detail("ja"), "IDはUUIDの形式で指定してください。");
    assert_eq!(detail("fr"), "IDはUUIDの形式で指定してください。");
    // Who sends nothing learns what to send.
    let bearer = format!("Bearer {}", app.admin);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("accept-language", "en"),
    ];
    let refused = app.send("POST", "/v1/organizations", &headers, b"").expect(400);
    assert_eq!(refused.code(), "malformed_json");
    let expected = "The body is empty. Send JSON; if you have nothing to say, send {}.";
    assert_eq!(refused.json()["detail"], expected);
}

fn keeps_a_plain_request_id_and_replaces_any_other(app: &TestApp) {
    assert_eq!(
        app.get_with("/healthz", &[("x-request-id", "job-7")])
            .header("x-request-id"),
        "job-7"
    );
    let given = app
        .get_with("/healthz", &[("x-request-id", "a b")])
        .header("x-request-id")
        .to_owned();
    assert_eq!(given.len(), 36);
}

fn returns_304_for_a_known_version(app: &TestApp) {
    let id = app.organization("風のやすみば");
    let path = format!("/v1/organizations/{id}");
    let first = app.get(&path).expect(200);
    let again = app
        .get_with(&path, &[("if-none-match", first.header("etag"))])
        .expect(304);
    assert_eq!(again.text, "");
    app.patch(&path, &json!({"name": "風"})).expect(200);
    app.get_with(&path, &[("if-none-match", first.header("etag"))])
        .expect(200);
    let skills = app.get("/v1/skills").expect(200);
    app.get_with("/v1/skills", &[("if-none-match", skills.header("etag"))])
        .expect(304);
    let english = [
        ("if-none-match", skills.header("etag")),
        ("accept-language", "en"),
    ];
    app.get_with("/v1/skills", &english).expect(200);
}

fn returns_412_for_an_outdated_version(app: &TestApp) {
    let id = app.organization("風のやすみば");
    let path = format!("/v1/organizations/{id}");
    let tag = app.get(&path).header("etag").to_owned();
    let changed = app
        .patch_with(&path, &[("if-match", &tag)], &json!({"name": "一"}))
        .expect(200);
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_eq!(
        app.patch_with(&path, &[("if-match", &tag)], &json!({"name": "二"}))
            .expect(412)
            .code(),
        "precondition_failed"
    );
    app.patch_with(&path, &[("if-match", "W/\"2\"")], &json!({"name": "二"}))
        .expect(412);
    app.patch_with(&path, &[("if-match", "*")], &json!({"name": "二"}))
        .expect(200);
    assert_eq!(app.get(&path).json()["name"], "二");
}

fn if_match_takes_several_tags_and_requires_a_record(app: &TestApp) {
    let id = app.organization("風のやすみば");
    let path = format!("/v1/organizations/{id}");
    app.patch_with(&path, &[("if-match", "\"7\", \"1\"")], &json!({"name": "一"}))
        .expect(200);
    app.patch_with(&path, &[("if-match", "\"nonsense\"")], &json!({"name": "二"}))
        .expect(412);
    let put = |headers: &[(&str, &str)]| {
        let bearer = format!("Bearer {}", app.admin);
        let mut all = vec![
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        all.extend(headers);
        app.send("PUT", "/v1/workers/by-external-id/roster/1", &all, b"{}")
            .status
    };
    assert_eq!(
        [put(&[("if-match", "*")]), put(&[("if-match", "\"1\"")])],
        [412, 412]
    );
    assert_eq!(
        [put(&[("if-none-match", "*")]), put(&[("if-none-match", "*")])],
        [201, 412]
    );
    assert_eq!(put(&[("if-match", "*")]), 200);
    // A write that depends on not having a version.
    assert_eq!(
        [
            put(&[("if-none-match", "\"1\"")]),
            put(&[("if-none-match", "\"9\", W/\"1\"")]),
            put(&[("if-none-match", "\"9\"")])
        ],
        [412, 412, 200]
    );
}

fn an_etag_without_quotes_is_refused(app: &TestApp) {
    let path = format!("/v1/organizations/{}", app.organization("風のやすみば"));
    for wrong in [
        "1",
        "nonsense",
        "\"1",
        "1\"",
        "\"1\", 2",
        "'1'",
        "\"1\" \"2\"",
        "*, \"1\"",
    ] {
        let refused = app
            .patch_with(&path, &[("if-match", wrong)], &json!({"name": "二"}))
            .expect(400);
        assert_eq!(
            refused.faults(),
            [("If-Match".into(), "invalid_etag".into())],
            "{wrong}"
        );
    }
    // No tag of an empty list matches.
    app.patch_with(&path, &[("if-match", "")], &json!({"name": "二"}))
        .expect(412);
    // Several lines are one list.
    let lines = [("if-match", "\"7\""), ("if-match", "\"1\"")];
    app.patch_with(&path, &lines, &json!({"name": "一"})).expect(200);
    let bearer = format!("Bearer {}", app.admin);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("if-none-match", "3"),
    ];
    let put = app.send("PUT", "/v1/workers/by-external-id/roster/1", &headers, b"{}");
    assert_eq!(
        put.expect(400).faults(),
        [("If-None-Match".into(), "invalid_etag".into())]
    );
}

fn an_encoded_body_is_refused_with_what_is_accepted(app: &TestApp) {
    let bearer = format!("Bearer {}", app.admin);
    let send = |path: &str, coding: &str, media_type: &str, body: &[u8]| {
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", media_type),
            ("content-encoding", coding),
        ];
        app.send("POST", path, &headers, body)
    };
    let body = json!({"name": "a", "area": "131041"}).to_string();
    for (path, media_type) in [
        ("/v1/organizations", "application/json"),
        ("/v1/imports?kind=workers", "text/csv"),
        ("/v1/imports?kind=workers", "multipart/form-data; boundary=x"),
        ("/v1/oauth/token", "application/x-www-form-urlencoded"),
    ] {
        for coding in ["gzip", "br", "deflate", "identity, gzip", "GZIP"] {
            let refused = send(path, coding, media_type, body.as_bytes()).expect(415);
            assert_eq!(refused.code(), "unsupported_encoding", "{path} {coding}");
            assert_eq!(refused.header("accept-encoding"), "identity");
        }
    }
    send(
        "/v1/organizations",
        "identity",
        "application/json",
        body.as_bytes(),
    )
    .expect(201);
}

fn a_leap_second_is_refused(app: &TestApp) {
    let consent = |at: &str| {
        let consent = json!({"given_on": "2017-01-01", "given_at": at, "text_version": "1"});
        app.post("/v1/workers", &json!({"consent": consent}))
    };
    for leap in ["2016-12-31T23:59:60Z", "2017-01-01T08:59:60.5+09:00"] {
        let refused = consent(leap).expect(422);
        assert_eq!(
            refused.faults(),
            [("/consent/given_at".into(), "invalid_value".into())]
        );
        assert!(refused.text.contains("うるう秒"), "{}", refused.text);
    }
    let stored = consent("2016-12-31T23:59:59.9999999Z").expect(201).json();
    assert_eq!(stored["consent"]["given_at"], "2016-12-31T23:59:59.999999Z");
}

fn spaces_around_texts_are_removed(app: &TestApp) {
    let spaced = json!({
        "name": " 風のやすみば\u{3000}", "kana": "\tかぜ ", "area": " 131041", "aliases": [" 風 "],
        "contact": {"person": "山田\n", "email": " info@example.jp "}
    });
    let stored = app.post("/v1/organizations", &spaced).expect(201).json();
    assert_includes(
        &stored,
        &json!({
            "name": "風のやすみば", "kana": "かぜ", "area": "131041", "aliases": ["風"],
            "contact": {"person": "山田", "email": "info@example.jp"}
        }),
    );
    let path = format!("/v1/organizations/{}", stored["id"].as_str().unwrap());
    let patched = app
        .patch(&path, &json!({"name": "\u{3000}風 "}))
        .expect(200)
        .json();
    assert_eq!(patched["name"], "風");
    assert_eq!(
        app.patch(&path, &json!({"name": " \u{3000}"}))
            .expect(422)
            .faults(),
        [("/name".into(), "blank".into())]
    );
    // Prose stays as it was written.
    let described = app
        .patch(&path, &json!({"description": " 一\n二\n"}))
        .expect(200)
        .json();
    assert_eq!(described["description"], " 一\n二\n");
}

fn all_errors_of_a_body_come_together(app: &TestApp) {
    let body = json!({
        "nmae": "x", "area": 131_041, "kana": "か".repeat(201), "corporate_number": "7000012050003",
        "contact": {"email": "nobody", "phnoe": "03"}, "status": "gone"
    });
    let mut faults = app.post("/v1/organizations", &body).expect(422).faults();
    faults.sort();
    let expected = [
        ("/area", "wrong_type"),
        ("/contact/email", "invalid_email"),
        ("/contact/phnoe", "unknown_field"),
        ("/corporate_number", "invalid_check_digit"),
        ("/kana", "invalid_length"),
        ("/name", "missing_field"),
        ("/nmae", "unknown_field"),
        ("/status", "unknown_value"),
    ];
    assert_eq!(
        faults,
        expected.map(|(place, code)| (place.to_owned(), code.to_owned()))
    );
    let path = format!("/v1/organizations/{}", app.organization("風"));
    let patch = json!({"name": " ", "status": 3, "extra": true});
    let mut faults = app.patch(&path, &patch).expect(422).faults();
    faults.sort();
    let expected = [
        ("/extra", "unknown_field"),
        ("/name", "blank"),
        ("/status", "wrong_type"),
    ];
    assert_eq!(
        faults,
        expected.map(|(place, code)| (place.to_owned(), code.to_owned()))
    );
}

/// Types, rules, the catalogue, other records, what the caller may set: no stage hides the next one, and nothing is written.
fn errors_of_all_stages_come_together(app: &TestApp) {
    let group = app.organization("風");
    let worker = app.worker(json!({"alias": "風さん"}));
    let request = app.deliverable(&group, json!({"title": "会のチラシ"}));
    let id_of = |made: Value| made["id"].as_str().unwrap().to_owned();
    let user = json!({"email": "a@example.jp", "name": "佐藤", "role": "coordinator", "areas": ["131041"]});
    let user = id_of(app.post("/v1/users", &user).expect(201).json()["user"].clone());
    let programme = json!({"title": "令和9年度", "kind": "training", "fiscal_year": 2027});
    let programme = id_of(app.post("/v1/programmes", &programme).expect(201).json());
    let nobody = "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b";
    let long = "あ".repeat(5000);
    let latest = || {
        app.state
            .pool
            .read_blocking(musubi::changes::store::latest)
            .unwrap()
    };
    let before = latest();
    for (method, path, body, expected) in [
        (
            "POST",
            "/v1/organizations".to_owned(),
            json!({"name": " ", "area": "999999", "themes": ["nothing"], "kind": "npo"}),
            &[
                ("/area", "unknown_area"),
                ("/name", "blank"),
                ("/themes/0", "unknown_theme"),
            ][..],
        ),
        (
            "PATCH",
            format!("/v1/organizations/{group}"),
            json!({"kana": long, "status": 7, "themes": ["nothing"]}),
            &[
                ("/kana", "invalid_length"),
                ("/status", "wrong_type"),
                ("/themes/0", "unknown_theme"),
            ][..],
        ),
        (
            "POST",
            "/v1/workers".to_owned(),
            json!({"hours_per_week": 9999, "available_from": "2027-02-01", "available_until": "2027-01-01",
                "roles": ["nothing"], "skills": [{"skill": "nothing", "level": 9}], "last_active_on": "2199-01-01"}),
            &[
                ("/available_until", "dates_reversed"),
                ("/hours_per_week", "out_of_range"),
                ("/last_active_on", "date_in_future"),
                ("/roles/0", "unknown_role"),
                ("/skills/0/level", "out_of_range"),
                ("/skills/0/skill", "unknown_skill"),
            ][..],
        ),
        (
            "PATCH",
            format!("/v1/workers/{worker}"),
            json!({"hours_per_week": 9999, "themes": ["nothing"], "remote": "perhaps"}),
            &[
                ("/hours_per_week", "out_of_range"),
                ("/remote", "wrong_type"),
                ("/themes/0", "unknown_theme"),
            ][..],
        ),
        (
            "PUT",
            "/v1/workers/by-external-id/roster/1".to_owned(),
            json!({"hours_per_week": 9999, "area": "999999", "nmae": "x"}),
            &[
                ("/area", "unknown_area"),
                ("/hours_per_week", "out_of_range"),
                ("/nmae", "unknown_field"),
            ][..],
        ),
        (
            "POST",
            "/v1/deliverables".to_owned(),
            json!({"organization_id": nobody, "type": "nothing", "title": " ", "starts_on": "2027-02-01",
                "ends_on": "2027-01-01", "themes": ["nothing"]}),
            &[
                ("/ends_on", "dates_reversed"),
                ("/organization_id", "unknown_organization"),
                ("/themes/0", "unknown_theme"),
                ("/title", "blank"),
                ("/type", "unknown_type"),
            ][..],
        ),
        (
            "PATCH",
            format!("/v1/deliverables/{request}"),
            json!({"type": "nothing", "hours_per_week": 9999, "area": "999999"}),
            &[
                ("/area", "unknown_area"),
                ("/hours_per_week", "out_of_range"),
                ("/type", "unknown_type"),
            ][..],
        ),
        // A misspelt status or kind makes no right member beside it wrong.
        (
            "PATCH",
            format!("/v1/deliverables/{request}"),
            json!({"status": "cancelld", "cancellation_reason": "other"}),
            &[("/status", "unknown_value")][..],
        ),
        (
            "POST",
            "/v1/events".to_owned(),
            json!({"kind": "seminar", "title": "会", "month": "2027-01", "areas": ["999999"],
                "questions": [{"kind": "chioce", "text": "どれですか。", "choices": ["a", "b"]}]}),
            &[
                ("/areas/0", "unknown_area"),
                ("/questions/0/kind", "unknown_value"),
            ][..],
        ),
        (
            "POST",
            "/v1/users".to_owned(),
            json!({"email": "nobody", "name": "鈴木", "role": "coordinator", "areas": ["999999"]}),
            &[("/areas/0", "unknown_area"), ("/email", "invalid_email")][..],
        ),
        (
            "PATCH",
            format!("/v1/users/{user}"),
            json!({"email": "nobody", "areas": ["999999"]}),
            &[("/areas/0", "unknown_area"), ("/email", "invalid_email")][..],
        ),
        (
            "POST",
            "/v1/programmes".to_owned(),
            json!({"title": " ", "kind": "training", "fiscal_year": 2027, "areas": ["999999"],
                "calendar": [{"kind": "applications_close", "on": "2026-01-01"}]}),
            &[
                ("/areas/0", "unknown_area"),
                ("/calendar/0/on", "outside_fiscal_year"),
                ("/title", "blank"),
            ][..],
        ),
        (
            "PATCH",
            format!("/v1/programmes/{programme}"),
            json!({"title": " ", "areas": ["999999"]}),
            &[("/areas/0", "unknown_area"), ("/title", "blank")][..],
        ),
        (
            "POST",
            "/v1/events".to_owned(),
            json!({"kind": "seminar", "title": " ", "month": "2027-01", "areas": ["999999"], "host_ids": [nobody]}),
            &[
                ("/areas/0", "unknown_area"),
                ("/host_ids/0", "unknown_organization"),
                ("/title", "blank"),
            ][..],
        ),
        (
            "POST",
            "/v1/projects".to_owned(),
            json!({"organization_id": nobody, "title": " ", "accompaniment": {"needs": "相談", "supports": ["workshop"]}}),
            &[("/organization_id", "unknown_organization"), ("/title", "blank")][..],
        ),
        (
            "POST",
            "/v1/skills".to_owned(),
            json!({"code": "new_skill", "names": {"ja": "", "en": "new"}, "parent": "nothing"}),
            &[("/names/ja", "invalid_length"), ("/parent", "unknown_skill")][..],
        ),
    ] {
        let answer = match method {
            "POST" => app.post(&path, &body),
            "PUT" => app.put(&path, &body),
            _ => app.patch(&path, &body),
        };
        let mut faults = answer.expect(422).faults();
        faults.sort();
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(place, code)| ((*place).to_owned(), (*code).to_owned()))
            .collect();
        assert_eq!(faults, expected, "{method} {path} {body}");
    }
    let items = json!({"items": [
        {"source": "roster", "external_id": "1", "hours_per_week": 9999, "roles": ["nothing"]},
        {"source": "roster", "external_id": "1", "remote": true}]});
    let done = app.post("/v1/workers:batch", &items).expect(200).json();
    let places: Vec<&str> = done["items"][0]["error"]["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(places, ["/hours_per_week", "/roles/0"]);
    assert_eq!(done["items"][1]["status"], "created");
    // A key that was sent with a broken body is free for the mended one.
    let key = [("idempotency-key", "mended")];
    let body = json!({"name": " ", "area": "131041"});
    app.post_with("/v1/organizations", &key, &body).expect(422);
    assert_eq!(latest(), before + 1, "the worker of the batch, and nothing else");
    let body = json!({"name": "海", "area": "131041"});
    app.post_with("/v1/organizations", &key, &body).expect(201);
}

fn etags_of_composed_answers_change_with_the_body(app: &TestApp) {
    let tag = |language| {
        app.get_with("/v1/skills/design", &[("accept-language", language)])
            .header("etag")
            .to_owned()
    };
    let (ja, en) = (tag("ja"), tag("en"));
    assert!(
        ja.starts_with("\"1.") && en.starts_with("\"1.") && ja != en,
        "{ja} {en}"
    );
    for (known, status) in [(&ja, 200), (&en, 304)] {
        let known = [("accept-language", "en"), ("if-none-match", known.as_str())];
        app.get_with("/v1/skills/design", &known).expect(status);
    }
    // What comes from other records counts: the request's status decides by when its review is due.
    let path = format!(
        "/v1/deliverables/{}",
        app.deliverable(&app.organization("戸山会"), json!({"status": "submitted"}))
    );
    let intake = format!("{path}/intake");
    let read = app.get(&intake).header("etag").to_owned();
    app.get_with(&intake, &[("if-none-match", &read)]).expect(304);
    let decision = json!({"status": "declined", "reason": "other"});
    app.post(&format!("{path}/decisions"), &decision).expect(201);
    let changed = app.get_with(&intake, &[("if-none-match", &read)]).expect(200);
    assert_ne!(changed.header("etag"), read);
    app.patch_with(
        &intake,
        &[("if-match", &read)],
        &json!({"screening_due_on": "2026-12-24"}),
    )
    .expect(200);
    app.patch_with(
        "/v1/skills/design",
        &[("if-match", &ja)],
        &json!({"aliases": ["意匠"]}),
    )
    .expect(200);
}

fn updates_without_if_match_never_return_412(app: &TestApp) {
    let worker = app.worker(json!({}));
    let change = |n: u16| {
        let path = format!("/v1/workers/{worker}");
        let put = app
            .put(
                "/v1/workers/by-external-id/roster/7",
                &json!({"hours_per_week": n}),
            )
            .status;
        [app.patch(&path, &json!({"hours_per_week": n})).status, put]
    };
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = (1..=8)
            .map(|n| {
                scope.spawn({
                    let change = &change;
                    move || change(n)
                })
            })
            .collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect()
    });
    assert_eq!(statuses.iter().filter(|s| **s == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 15, "{statuses:?}");
}

fn an_empty_patch_keeps_the_version(app: &TestApp) {
    let worker = app.worker(json!({}));
    let path = format!("/v1/workers/{worker}");
    assert_eq!(app.patch(&path, &json!({})).expect(200).header("etag"), "\"1\"");
    assert_eq!(
        app.patch(&path, &json!({"capacity": 1}))
            .expect(200)
            .header("etag"),
        "\"1\""
    );
}

fn answers_head_like_get_without_a_body(app: &TestApp) {
    let head = app.send("HEAD", "/v1/skills", &[], b"").expect(200);
    assert_eq!(head.text, "");
    assert_ne!(head.header("etag"), "");
    app.send("HEAD", "/v1/nowhere", &[], b"").expect(404);
}

fn only_one_of_many_concurrent_updates_succeeds(app: &TestApp) {
    let id = app.organization("風のやすみば");
    let path = format!("/v1/organizations/{id}");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|n| {
                let path = &path;
                scope.spawn(move || {
                    app.patch_with(path, &[("if-match", "\"1\"")], &json!({"name": format!("版{n}")}))
                        .status
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|s| **s == 412).count(), 7, "{statuses:?}");
}

fn a_merge_patch_unsets_by_null_and_keeps_other_members(app: &TestApp) {
    let body = json!({"name": "風", "area": "131041", "kana": "かぜ", "contact": {"person": "田中", "phone": "03-0000-0000"}});
    let id = app.post("/v1/organizations", &body).expect(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v1/organizations/{id}");
    let patched = app
        .patch(&path, &json!({"kana": null, "contact": {"phone": null}}))
        .expect(200)
        .json();
    let contact = json!({"person": "田中", "phone": null, "email": null});
    assert_includes(&patched, &json!({"kana": null, "contact": contact}));
    assert_eq!(
        app.patch(&path, &json!({"name": null})).expect(422).faults()[0].0,
        "/name"
    );
    assert_eq!(
        app.patch(&path, &json!({"id": "x"})).expect(422).faults()[0].1,
        "unknown_field"
    );
}

fn what_a_record_had_before_a_rule_hinders_no_other_change(app: &TestApp) {
    let body =
        json!({"name": "風", "area": "131041", "contact": {"person": "田中", "phone": "03-5555-0101"}});
    let id = app.post("/v1/organizations", &body).expect(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v1/organizations/{id}");
    let run = |db: &mut Db| {
        let stored =
            "UPDATE organizations SET profile = REPLACE(CAST(profile AS TEXT), '03-5555-0101', '不明')";
        let cast = if app.database().starts_with("postgres") {
            "::jsonb"
        } else {
            ""
        };
        Ok(db.batch_execute(&format!("{stored}{cast}"))?)
    };
    app.state.pool.write_blocking(run).unwrap();
    let patched = app.patch(&path, &json!({"name": "海"})).expect(200).json();
    assert_includes(&patched, &json!({"name": "海", "contact": {"phone": "不明"}}));
    let refused = app
        .patch(&path, &json!({"contact": {"phone": "なし"}}))
        .expect(422);
    assert_eq!(
        refused.faults(),
        [("/contact/phone".into(), "invalid_phone".into())]
    );
    let corrected = json!({"contact": {"phone": "03-5555-0102"}});
    assert_includes(&app.patch(&path, &corrected).expect(200).json(), &corrected);
}

fn returns_the_first_answer_to_a_repeated_post(app: &TestApp) {
    let body = json!({"name": "風のやすみば", "area": "131041"});
    let key = [("idempotency-key", "signup-1")];
    let first = app.post_with("/v1/organizations", &key, &body).expect(201);
    let again = app.post_with("/v1/organizations", &key, &body).expect(201);
    assert_eq!(again.text, first.text);
    for header in ["location", "etag"] {
        assert_eq!(again.header(header), first.header(header));
    }
    // Quotes are the header's syntax, not part of the key.
    let quoted = [("idempotency-key", "\"signup-1\"")];
    let quoted = app.post_with("/v1/organizations", &quoted, &body).expect(201);
    assert_eq!(quoted.text, first.text);
    assert_eq!(
        app.post_with("/v1/organizations", &[("idempotency-key", "\"\"")], &body)
            .expect(400)
            .faults(),
        [("Idempotency-Key".into(), "invalid_idempotency_key".into())]
    );
    let other = json!({"name": "別の団体", "area": "131041"});
    assert_eq!(
        app.post_with("/v1/organizations", &key, &other)
            .expect(422)
            .code(),
        "idempotency_key_reused"
    );
    assert_eq!(
        app.get("/v1/organizations").json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

fn a_failed_post_does_not_use_up_its_key(app: &TestApp) {
    let key = [("idempotency-key", "signup-2")];
    let body = json!({"name": "風", "area": "131041", "corporate_number": "7000012050002"});
    app.post("/v1/organizations", &body).expect(201);
    app.post_with("/v1/organizations", &key, &body).expect(409);
    app.post_with("/v1/organizations", &key, &body).expect(409);
    app.post_with(
        "/v1/organizations",
        &key,
        &json!({"name": "風", "area": "131041"}),
    )
    .expect(201);
}

fn concurrent_posts_with_one_key_create_one_record(app: &TestApp) {
    let body = json!({"name": "風のやすみば", "area": "131041"});
    let answers: Vec<(u16, String)> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                let body = &body;
                scope.spawn(move || {
                    let answer = app.post_with("/v1/organizations", &[("idempotency-key", "twin")], body);
                    (answer.status, answer.text)
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert!(
        answers.iter().all(|(status, _)| [201, 409].contains(status)),
        "{answers:?}"
    );
    let created: Vec<&String> = answers
        .iter()
        .filter(|(status, _)| *status == 201)
        .map(|(_, text)| text)
        .collect();
    assert!(created.iter().all(|text| *text == created[0]));
    assert_eq!(
        app.get("/v1/organizations").json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

fn two_callers_can_use_the_same_key(app: &TestApp) {
    let key = ("idempotency-key", "same");
    let body = json!({"name": "風", "area": "131041"});
    app.post_with("/v1/organizations", &[key], &body).expect(201);
    let other = format!("Bearer {}", app.token(musubi::auth::UserRole::Coordinator));
    let headers = [
        ("authorization", other.as_str()),
        ("content-type", "application/json"),
        key,
    ];
    let answer = app.send(
        "POST",
        "/v1/organizations",
        &headers,
        json!({"name": "別", "area": "131041"}).to_string().as_bytes(),
    );
    answer.expect(201);
}

fn reports_that_it_is_alive_and_ready(app: &TestApp) {
    app.get("/healthz").expect(200);
    app.get("/readyz").expect(200);
    assert!(
        app.send("GET", "/docs/", &[], b"")
            .expect(200)
            .text
            .contains("swagger")
    );
}

/// Returns the number of stored answers.
fn stored(app: &TestApp) -> i64 {
    use diesel::prelude::*;
    use musubi::db::schema::idempotency_keys::dsl;
    let count = |db: &mut musubi::db::Db| Ok(dsl::idempotency_keys.count().get_result(db)?);
    app.state.pool.read_blocking(count).unwrap()
}

fn stores_answers_only_of_requests_that_wrote_something(app: &TestApp) {
    let document: Value = serde_json::from_str(musubi::server::document::Document::shared().text()).unwrap();
    let organization = app.organization("風");
    let bodies = [
        (
            "preview_matches",
            json!({"need": {"type": "flyer", "area": "131041"}}),
        ),
        ("triage_trouble", json!({"trouble": "会員が減っている"})),
        (
            "create_export",
            json!({"kind": "organizations", "format": "ndjson"}),
        ),
        (
            "create_deliverable",
            json!({"organization_id": organization, "type": "flyer", "title": "会報"}),
        ),
        (
            "replace_workers",
            json!({"items": [{"source": "roster", "external_id": "1", "family": "creative", "roles": ["designer"]}]}),
        ),
    ];
    // A batch answers for each of its items, so that its own status is 200.
    const BATCHES: [&str; 1] = ["replace_workers"];
    let mut computed = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let Some(operation) = operations.get("post") else {
            continue;
        };
        let parameters = operation["parameters"].as_array();
        let takes_key = parameters.is_some_and(|all| all.iter().any(|one| one["name"] == "Idempotency-Key"));
        let id = operation["operationId"].as_str().unwrap();
        let writes = operation["responses"].get("201").is_some() || BATCHES.contains(&id);
        assert!(writes || !takes_key, "{path} takes a key but writes nothing");
        let Some((_, body)) = bodies.iter().find(|(one, _)| *one == id) else {
            continue;
        };
        let before = stored(app);
        let answer = app.post_with(path, &[("idempotency-key", id)], body);
        assert!(answer.status < 300, "{id}: {}", answer.text);
        assert_eq!(stored(app) - before, i64::from(writes), "{id}");
        computed += u32::from(!writes);
    }
    assert_eq!(computed, 3);
}

fn refuses_new_keys_of_a_caller_whose_stored_answers_take_too_much(app: &TestApp) {
    use diesel::prelude::*;
    use musubi::db::schema::idempotency_usage::dsl as u;
    use musubi::http::idempotency::{MAX_BYTES, purge};
    let pool = &app.state.pool;
    let used = || {
        let used = u::idempotency_usage.select(u::bytes);
        pool.read_blocking(|db| Ok(used.first::<i64>(db).optional()?))
    };
    let post = |key: &str, name: &str| {
        let body = json!({"name": name, "area": "131041"});
        app.post_with("/v1/organizations", &[("idempotency-key", key)], &body)
    };
    let first = post("1", "風").expect(201);
    let one = used().unwrap().unwrap();
    assert!(one > i64::try_from(first.text.len()).unwrap(), "{one}");
    post("2", "風").expect(201);
    assert_eq!(used().unwrap(), Some(2 * one));
    let fill = |db: &mut musubi::db::Db| {
        let full = diesel::update(u::idempotency_usage).set(u::bytes.eq(MAX_BYTES));
        Ok(full.execute(db).map(drop)?)
    };
    pool.write_blocking(fill).unwrap();
    let refused = post("3", "山").expect(429);
    assert_eq!(refused.code(), "idempotency_storage_exceeded");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    // What is stored is still repeated, and a request without a key is carried out.
    assert_eq!(post("1", "風").expect(201).text, first.text);
    app.organization("川");
    let listed = app.get("/v1/organizations").json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
    // The purge counts again.
    pool.write_blocking(|db| purge(db, musubi::db::Instant::now()))
        .unwrap();
    assert_eq!(used().unwrap(), Some(2 * one));
    post("3", "山").expect(201);
    let later = musubi::db::Instant::from(chrono::Utc::now() + chrono::Duration::days(2));
    pool.write_blocking(|db| purge(db, later)).unwrap();
    assert_eq!(used().unwrap(), None);
}

fn a_rule_of_several_properties_is_reported_at_one_of_them(app: &TestApp) {
    let organization = app.organization("戸山会");
    let request = json!({"organization_id": organization, "type": "flyer", "title": "会員募集のチラシ"});
    let profile = json!({"family": "creative", "roles": ["designer"]});
    let with = |body: &Value, more: Value| {
        let mut body = body.clone();
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let reversed = json!({"starts_on": "2027-02-01", "ends_on": "2027-01-31"});
    let half = json!({"source": "roster"});
    let user = json!({"email": "a@example.jp", "name": "鈴木", "role": "worker", "areas": ["131041"]});
    let need = json!({"type": "flyer", "area": "131041"});
    let cases = [
        (
            "/v1/deliverables",
            with(&request, reversed.clone()),
            "/ends_on",
            "dates_reversed",
        ),
        (
            "/v1/deliverables",
            with(&request, half.clone()),
            "/external_id",
            "incomplete_source",
        ),
        (
            "/v1/deliverables",
            with(&request, json!({"external_id": "7"})),
            "/source",
            "incomplete_source",
        ),
        (
            "/v1/organizations",
            with(&json!({"name": "風", "area": "131041"}), half.clone()),
            "/external_id",
            "incomplete_source",
        ),
        (
            "/v1/workers",
            with(&profile, half),
            "/external_id",
            "incomplete_source",
        ),
        (
            "/v1/workers",
            with(
                &profile,
                json!({"available_from": "2027-02-01", "available_until": "2027-01-31"}),
            ),
            "/available_until",
            "dates_reversed",
        ),
        (
            "/v1/matches/preview",
            json!({"need": with(&need, reversed)}),
            "/need/ends_on",
            "dates_reversed",
        ),
        ("/v1/users", with(&user, json!({})), "/role", "invalid_belonging"),
        (
            "/v1/users",
            with(&user, json!({"role": "partner"})),
            "/role",
            "role_for_apps",
        ),
    ];
    for (path, body, place, code) in cases {
        let faults = app.post(path, &body).expect(422).faults();
        assert!(
            faults.contains(&(place.to_owned(), code.to_owned())),
            "{path} {body}: {faults:?}"
        );
    }
}
