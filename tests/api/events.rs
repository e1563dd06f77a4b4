//! Events: gatherings of any kind, who comes to them, and what comes of them.

use crate::support::{Response, TestApp, assert_includes, merge, on_both};
use musubi::erasure;
use serde_json::{Value, json};

on_both! {
    sessions_of_one_number_are_noted,
    an_event_is_drafted_released_moved_and_cancelled,
    a_change_that_waits_takes_the_event_from_nobody,
    places_are_taken_waited_for_and_counted,
    somebody_without_an_account_registers_and_answers,
    who_asks_for_many_places_holds_up_nobody,
    those_who_come_together_leave_places_for_others,
    what_those_who_hold_an_event_write_takes_nothing_from_others,
    what_an_event_must_obey_is_said_with_its_place,
    an_office_puts_no_event_into_the_programme_of_another,
    seminars_lead_to_consultations_and_applications,
    what_does_not_take_place_is_in_no_funnel_and_has_no_answers,
    who_came_is_seen_by_few_and_forgotten,
    nobody_takes_one_place_with_an_account_and_another_without,
    people_who_share_an_address_each_register,
    answers_stay_with_their_questions,
    a_moved_event_keeps_its_reason,
    another_place_is_told_with_a_reason,
    a_moved_event_says_when_it_was_before,
    calendars_know_each_time_of_an_event_again,
    what_is_wrong_with_a_worker_says_nothing_of_a_name,
    an_office_registers_its_staff_for_the_event_of_another,
    the_staff_of_an_office_leaves_places_for_others,
    an_organization_takes_itself_out_of_an_event,
    no_office_takes_an_event_from_another,
    who_is_being_erased_is_registered_for_nothing,
    nobody_registers_for_an_event_again_and_again,
    a_funnel_counts_what_its_caller_sees,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn user(app: &TestApp, email: &str, more: Value) -> String {
    app.user(email, more);
    text(&app.login(email)["access_token"])
}

/// A published seminar in 新宿区 in the far future.
fn seminar(app: &TestApp, more: Value) -> String {
    let mut body = json!({"kind": "seminar", "title": "地域づくりゼミ 広報の基礎", "status": "published",
        "areas": ["131041"], "times": [{"starts_at": "2199-10-08T13:30:00+09:00", "ends_at": "2199-10-08T16:00:00+09:00"}]});
    merge(&mut body, more);
    let made = app.post("/v1/events", &body).expect(201).json();
    format!("/v1/events/{}", text(&made["id"]))
}

fn guest(app: &TestApp, path: &str, body: &Value) -> Response {
    app.send(
        "POST",
        path,
        &[("content-type", "application/json")],
        body.to_string().as_bytes(),
    )
}

fn a_change_that_waits_takes_the_event_from_nobody(app: &TestApp) {
    let (wind, hill) = (app.organization("風のひろば"), app.organization("丘のひろば"));
    let organization = |email: &str, id: &str| {
        let belonging = json!({"role": "organization", "organization_id": id});
        user(app, email, belonging)
    };
    let coordinator =
        |email: &str, area: &str| user(app, email, json!({"role": "coordinator", "areas": [area]}));
    let (wind_user, hill_user) = (
        organization("w@example.jp", &wind),
        organization("h@example.jp", &hill),
    );
    let (here, there) = (
        coordinator("c@example.jp", "131041"),
        coordinator("d@example.jp", "131059"),
    );
    let path = seminar(
        app,
        json!({"areas": ["131041", "131059"], "host_ids": [wind, hill]}),
    );
    let call = |method: &str, token: &str, body: Value| app.call(method, &path, token, &body);
    let takes_all = || {
        let alone = json!({"areas": ["131041"], "host_ids": [hill], "status": "published"});
        let changed = call("PATCH", &hill_user, alone).expect(200).json();
        assert_eq!(changed["status"], "submitted");
    };
    let holds = |token: &str| !call("GET", token, Value::Null).expect(200).json()["counts"].is_null();
    takes_all();
    assert!(
        [&wind_user, &hill_user, &here, &there]
            .into_iter()
            .all(|token| holds(token))
    );
    // Everybody finds it where it was published.
    let listed = app.send("GET", "/v1/listings?area=131059", &[], b"").expect(200);
    assert!(listed.text.contains("地域づくりゼミ"), "{}", listed.text);
    // Whom the change leaves out may take it back.
    let back = call("PATCH", &wind_user, json!({"host_ids": [wind, hill]}));
    back.expect(200);
    let all = json!({"areas": ["131041", "131059"], "host_ids": [wind, hill]});
    let kept = call("PATCH", &there, all).expect(200).json();
    assert_eq!(kept["areas"], json!(["131041", "131059"]));
    // Once the change is released, the event is theirs alone.
    takes_all();
    app.publish(&path, &here).expect(200);
    let held = [&wind_user, &hill_user, &here, &there].map(|token| holds(token));
    assert_eq!(held, [false, true, true, false]);
    call("PATCH", &there, json!({"title": "別"})).expect(403);
}

fn an_event_is_drafted_released_moved_and_cancelled(app: &TestApp) {
    let wind = app.organization("風のひろば");
    let member = user(
        app,
        "o@example.jp",
        json!({"role": "organization", "organization_id": wind}),
    );
    let here = user(
        app,
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let elsewhere = user(
        app,
        "d@example.jp",
        json!({"role": "coordinator", "areas": ["131130"]}),
    );
    let call = |method: &str, path: &str, token: &str, body: Value| app.call(method, path, token, &body);
    // What an organization publishes is released by a coordinator of its area.
    let mut body = json!({"kind": "community_event", "title": "みんなの食堂", "status": "published",
        "host_ids": [wind], "place": {"name": "風の家", "wheelchair": true}, "fee_yen": 0,
        "times": [{"starts_at": "2199-05-01T11:00:00+09:00", "ends_at": "2199-05-01T13:00:00+09:00"},
                  {"starts_at": "2199-05-01T17:00:00+09:00", "ends_at": "2199-05-01T19:00:00+09:00"}],
        "online_url": "https://example.jp/room"});
    let made = call("POST", "/v1/events", &member, body.clone())
        .expect(201)
        .json();
    assert_includes(
        &made,
        &json!({"status": "submitted", "areas": ["131041"], "fiscal_year": 2199, "counts": {"registered": 0},
            "published_at": null, "online_url": "https://example.jp/room"}),
    );
    let path = format!("/v1/events/{}", text(&made["id"]));
    call("GET", &path, &elsewhere, Value::Null).expect(404);
    call("GET", &path, &here, Value::Null).expect(200);
    // A coordinator releases the version that they have read.
    call("PATCH", &path, &here, json!({"status": "published"})).expect(428);
    let released = app.publish(&path, &here).expect(200).json();
    assert!(released["published_at"].is_string());
    let seen = call("GET", &path, &elsewhere, Value::Null).expect(200).json();
    assert_includes(&seen, &json!({"online_url": null, "counts": null, "notices": []}));
    // Others see it, and don't change it.
    call("PATCH", &path, &elsewhere, json!({"title": "別"})).expect(403);
    // A published event moves with a reason.
    let moved = json!({"times": [{"starts_at": "2199-05-02T11:00:00+09:00"}]});
    assert_eq!(
        call("PATCH", &path, &here, moved.clone()).expect(422).faults(),
        [("/notice".into(), "missing_field".into())]
    );
    let mut because = moved;
    merge(&mut because, json!({"notice": "会場の都合で翌日にします。"}));
    let after = call("PATCH", &path, &here, because).expect(200).json();
    assert!(after["moved_at"].is_string() && after["version"] == 3, "{after}");
    // Each time with a reason of its own.
    for again in [
        json!({"times": [{"starts_at": "2199-05-03T11:00:00+09:00"}]}),
        json!({"status": "cancelled"}),
    ] {
        assert_eq!(
            call("PATCH", &path, &here, again).expect(422).faults(),
            [("/notice".into(), "missing_field".into())]
        );
    }
    // What an organization rewrites is released again; it cancels by itself.
    let rewritten = call("PATCH", &path, &member, json!({"title": "みんなの食堂 春"}))
        .expect(200)
        .json();
    assert_eq!(rewritten["status"], "submitted");
    // Until then everybody sees what was released, and registers for it.
    assert_eq!(rewritten["released"]["title"], "みんなの食堂");
    let seen = call("GET", &path, &elsewhere, Value::Null).expect(200).json();
    assert_includes(
        &seen,
        &json!({"title": "みんなの食堂", "status": "published", "released": null}),
    );
    // Lists find it as what each caller sees; those who hold it find the change, too.
    let listed = |token: &str, status: &str| {
        let query = format!("/v1/events?status={status}");
        let list = call("GET", &query, token, Value::Null).expect(200).json();
        let items = list["items"].as_array().unwrap().iter();
        items.map(|one| text(&one["status"])).collect::<Vec<_>>()
    };
    for (token, status, seen) in [
        (&elsewhere, "published", &["published"][..]),
        (&elsewhere, "draft,submitted,cancelled", &[]),
        (&elsewhere, "submitted,published", &["published"]),
        (&here, "published", &["submitted"]),
        (&member, "submitted", &["submitted"]),
        (&app.admin, "published", &["submitted"]),
        (&app.admin, "cancelled", &[]),
    ] {
        assert_eq!(listed(token, status), seen, "{status}");
    }
    let given_back = call("PATCH", &path, &here, json!({"status": "draft"}))
        .expect(200)
        .json();
    assert_eq!(given_back["released"]["title"], "みんなの食堂");
    call("PATCH", &path, &member, json!({"status": "published"})).expect(200);
    // What is reviewed again isn't made public by cancelling it, nor are other words with what was released.
    let cancel = |more: Value| {
        let mut body = json!({"status": "cancelled", "notice": "台風のため"});
        merge(&mut body, more);
        call("PATCH", &path, &member, body)
    };
    assert_eq!(
        cancel(json!({})).expect(422).faults(),
        [("/status".into(), "not_permitted".into())]
    );
    let anew = app.publish(&path, &here).expect(200).json();
    assert_eq!(
        (&anew["released"], &anew["title"]),
        (&Value::Null, &json!("みんなの食堂 春"))
    );
    let others = [
        ("title", json!("別の催し")),
        ("description", json!("別の話")),
        ("url", json!("https://spam.example")),
        ("place", json!({"name": "別の家"})),
        ("capacity", json!(9)),
    ];
    for (name, value) in others.clone() {
        let refused = cancel(json!({name: value})).expect(422).faults();
        assert_eq!(refused, [(format!("/{name}"), "not_permitted".to_owned())]);
    }
    assert_eq!(
        call(
            "PATCH",
            &path,
            &member,
            json!({"status": "cancelled", "notice": null})
        )
        .expect(422)
        .faults()[0],
        ("/notice".into(), "missing_field".into())
    );
    call(
        "PATCH",
        &path,
        &member,
        json!({"status": "cancelled", "notice": "台風のため"}),
    )
    .expect(200);
    for (name, value) in others.into_iter().chain([("notice", json!("別の理由"))]) {
        let refused = call("PATCH", &path, &member, json!({name: value}))
            .expect(422)
            .faults();
        assert_eq!(refused, [(format!("/{name}"), "not_permitted".to_owned())]);
    }
    let back = call("PATCH", &path, &here, json!({"status": "published"})).expect(409);
    assert_eq!(back.code(), "illegal_transition");
    assert_eq!(
        call("GET", &path, &elsewhere, Value::Null).expect(200).json()["status"],
        "cancelled"
    );
    // Nobody holds events of areas or organizations that aren't theirs.
    body["areas"] = json!(["131130"]);
    call("POST", "/v1/events", &member, body.clone()).expect(403);
    call("POST", "/v1/events", &here, body.clone()).expect(403);
    body["areas"] = json!([]);
    assert_eq!(
        call("POST", "/v1/events", &here, body.clone())
            .expect(422)
            .faults(),
        [("/areas".into(), "missing_field".into())]
    );
    body["areas"] = json!(["131041", "131130"]);
    call("POST", "/v1/events", &here, body).expect(403);
    // A calendar shows each time, to those who hold it.
    let calendar = |token: &str| {
        let feed = call("POST", "/v1/feeds", token, json!({})).expect(201).json();
        let url = text(&feed["calendar_url"]).replace("https://musubi.example.jp", "");
        app.send("GET", &url, &[], b"")
            .expect(200)
            .text
            .replace("\r\n ", "")
    };
    let id = text(&made["id"]);
    let own = calendar(&member);
    assert!(
        own.contains(&format!("UID:event-{id}-0@musubi")) && own.contains("STATUS:CANCELLED"),
        "{own}"
    );
    assert!(!calendar(&elsewhere).contains(&id));
    let found = |query: &str| {
        let list = call("GET", &format!("/v1/events?{query}"), &elsewhere, Value::Null).expect(200);
        list.json()["items"].as_array().unwrap().len()
    };
    assert_eq!(
        [
            found("area=131041&kind=community_event,course"),
            found("from=2199-05-02&until=2199-05-02&sort=starts_on"),
            found("from=2199-05-04"),
            found(&format!("host_id={wind}&status=cancelled&fiscal_year=2199")),
        ],
        [1, 1, 0, 1]
    );
}

fn places_are_taken_waited_for_and_counted(app: &TestApp) {
    let path = seminar(
        app,
        json!({"capacity": 2, "online_url": "https://example.jp/room"}),
    );
    let here = user(
        app,
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let worker = app.worker(json!({"personal": {"name": "佐藤"}}));
    let own = user(
        app,
        "w@example.jp",
        json!({"role": "worker", "worker_id": worker}),
    );
    let (_, partner) = app.partner(json!({}));
    let consent =
        json!({"given_on": "2026-04-01", "given_at": "2026-04-01T03:00:00Z", "text_version": "2026-04"});
    let volunteer = json!({"external_id": "1", "area": "131041", "consent": consent});
    let volunteer = app
        .call("POST", "/v1/workers", &partner, &volunteer)
        .expect(201)
        .json();
    let wind = app.organization("風のひろば");
    let member = user(
        app,
        "o@example.jp",
        json!({"role": "organization", "organization_id": wind}),
    );
    let list = format!("{path}/registrations");
    let add = |token: &str, body: Value| app.call("POST", &list, token, &body);
    // A worker, a partner app for its volunteer, an organization for its people.
    let first = add(&own, json!({})).expect(201).json();
    assert_includes(
        &first,
        &json!({"status": "registered", "worker_id": worker, "online_url": "https://example.jp/room"}),
    );
    assert_eq!(add(&own, json!({})).expect(409).code(), "already_registered");
    let second = add(&partner, json!({"worker_id": volunteer["id"]}))
        .expect(201)
        .json();
    let third = add(&member, json!({"name": "田中", "places": 1}))
        .expect(201)
        .json();
    assert_includes(
        &third,
        &json!({"status": "waiting", "organization_id": wind, "online_url": null}),
    );
    for (token, body) in [
        (&own, json!({"worker_id": volunteer["id"]})),
        (&partner, json!({"worker_id": worker})),
        (&partner, json!({"name": "名だけ"})),
        (&here, json!({"affiliation": "名のない人"})),
        (&member, json!({"name": "鈴木", "status": "attended"})),
    ] {
        add(token, body).expect(422);
    }
    // Each sees their own; those who hold the event see all.
    let count = |token: &str| {
        let seen = app.call("GET", &list, token, &Value::Null).expect(200).json();
        seen["items"].as_array().unwrap().len()
    };
    assert_eq!(
        [count(&own), count(&partner), count(&member), count(&here)],
        [1, 1, 1, 3]
    );
    let one = |registration: &Value| format!("{list}/{}", text(&registration["id"]));
    app.call("GET", &one(&third), &own, &Value::Null).expect(404);
    // A place that becomes free goes to who waits.
    let cancel = json!({"status": "cancelled"});
    assert_eq!(
        app.call("PATCH", &one(&first), &own, &json!({"status": "attended"}))
            .expect(422)
            .faults(),
        [("/status".into(), "not_permitted".into())]
    );
    app.call("PATCH", &one(&first), &own, &cancel).expect(200);
    let third = app
        .call("GET", &one(&third), &member, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(third["status"], "registered");
    // Who has cancelled registers again, and waits; more places end the wait.
    assert_eq!(add(&own, json!({})).expect(201).json()["status"], "waiting");
    let counts = |app: &TestApp| app.get(&path).expect(200).json()["counts"].clone();
    assert_includes(
        &counts(app),
        &json!({"registered": 2, "waiting": 1, "cancelled": 1}),
    );
    app.call("PATCH", &path, &here, &json!({"capacity": 3}))
        .expect(200);
    assert_includes(&counts(app), &json!({"registered": 3, "waiting": 0}));
    app.call("PATCH", &path, &here, &json!({"waiting_list": false}))
        .expect(200);
    assert_eq!(
        add(&here, json!({"name": "山田"})).expect(409).code(),
        "event_full"
    );
    let more = app
        .call("PATCH", &one(&third), &member, &json!({"places": 2}))
        .expect(409);
    assert_eq!(more.code(), "event_full");
    // From the first day on the list says who came: also somebody who came without one.
    let early = app.call("PATCH", &one(&second), &here, &json!({"status": "absent"}));
    assert_eq!(early.expect(409).code(), "event_not_begun");
    let begun = json!({"times": [{"starts_at": "2020-10-07T13:30:00+09:00", "ends_at": "2020-10-07T16:00:00+09:00"},
        {"starts_at": "2199-10-08T13:30:00+09:00", "ends_at": "2199-10-08T16:00:00+09:00"}], "notice": "日程の追加"});
    app.call("PATCH", &path, &here, &begun).expect(200);
    app.call("PATCH", &one(&second), &here, &json!({"status": "absent"}))
        .expect(200);
    app.call("PATCH", &one(&third), &here, &json!({"status": "attended"}))
        .expect(200);
    // Who came doesn't rewrite what was counted; deleting forgets them, and keeps the count.
    let rewritten = app.call("PATCH", &one(&third), &member, &json!({"places": 3}));
    assert_eq!(rewritten.expect(409).code(), "registration_closed");
    app.call("DELETE", &one(&third), &member, &Value::Null)
        .expect(204);
    let kept = app.get(&one(&third)).expect(200).json();
    assert_includes(&kept, &json!({"status": "attended", "places": 1, "name": null}));
    let walk_in = json!({"name": "山田", "places": 3, "status": "attended"});
    add(&here, walk_in).expect(201);
    let event = app.get(&path).expect(200).json();
    assert_includes(
        &event,
        &json!({"attendance": 4, "counts": {"attended": 4, "absent": 1}}),
    );
    assert_eq!(event["notices"][0]["code"], "attendance_above_capacity");
    let declared = app
        .call("PATCH", &path, &here, &json!({"declared_attendance": 3}))
        .expect(200)
        .json();
    assert_eq!(
        (&declared["attendance"], &declared["notices"]),
        (&json!(3), &json!([]))
    );
    // After the end, nobody registers any more.
    let over = seminar(
        app,
        json!({"times": [{"starts_at": "2020-02-28T13:30:00+09:00", "ends_at": "2020-02-28T16:00:00+09:00"}]}),
    );
    for path in [
        over,
        seminar(app, json!({"registration_closes_at": "2020-01-01T00:00:00Z"})),
    ] {
        let late = app
            .call("POST", &format!("{path}/registrations"), &own, &json!({}))
            .expect(409);
        assert_eq!(late.code(), "registration_closed");
    }
}

fn somebody_without_an_account_registers_and_answers(app: &TestApp) {
    let questions = json!([{"kind": "scale", "text": "役に立ちましたか。"},
        {"kind": "choice", "text": "何で知りましたか。", "choices": ["広報", "知人"]}, {"kind": "text", "text": "ご意見"}]);
    let path = seminar(app, json!({"capacity": 2, "questions": questions}));
    let listing = path.clone() + "/guest-registrations";
    let person = |name: &str| json!({"name": name, "email": format!("{name}@example.jp"), "website": ""});
    let made = guest(app, &listing, &person("hanako")).expect(201).json();
    assert_includes(
        &made,
        &json!({"status": "registered", "title": "地域づくりゼミ 広報の基礎"}),
    );
    let secret = text(&made["secret"]);
    let again = guest(
        app,
        &listing,
        &json!({"name": "ＨＡＮＡＫＯ", "email": "HANAKO@example.jp"}),
    )
    .expect(409);
    assert_eq!(again.code(), "already_registered");
    // A program that fills in every field, and a draft.
    let mut robot = person("robot");
    robot["website"] = json!("https://spam.example");
    assert_eq!(
        guest(app, &listing, &robot).expect(422).faults(),
        [("/website".into(), "not_permitted".into())]
    );
    let draft = seminar(app, json!({"status": "draft"}));
    let draft = draft + "/guest-registrations";
    guest(app, &draft, &person("early")).expect(404);
    // The secret shows it; a wrong one doesn't.
    let with = |what: &str, body: Value| guest(app, &format!("/v1/registration-secrets/{what}"), &body);
    let shown = with("show", json!({"secret": secret})).expect(200);
    assert_eq!(shown.header("cache-control"), "no-store");
    assert_includes(&shown.json(), &json!({"status": "registered", "secret": null}));
    assert_eq!(
        with("show", json!({"secret": "mrg_x"})).expect(422).faults(),
        [("/secret".into(), "invalid_link".into())]
    );
    // The questionnaire opens with the event, is answered once, and names nobody.
    let replies = json!([{"scale": 5}, {"choice": "知人"}, {"text": "次も来ます。"}]);
    let early = with("answer", json!({"secret": secret, "replies": replies})).expect(409);
    assert_eq!(early.code(), "no_questionnaire");
    let begun = json!({"times": [{"starts_at": "2026-01-08T13:30:00+09:00", "ends_at": "2199-10-08T16:00:00+09:00"}],
        "notice": "早めました。"});
    app.patch(&path, &begun).expect(200);
    for wrong in [
        json!([{"choice": "広報"}]),
        json!([{}, {"choice": "新聞"}]),
        json!([{}, {}, {}, {}]),
    ] {
        let refused = with("answer", json!({"secret": secret, "replies": wrong})).expect(422);
        assert_eq!(refused.faults()[0].1, "invalid_reply");
    }
    with("answer", json!({"secret": secret, "replies": replies})).expect(200);
    let twice = with("answer", json!({"secret": secret, "replies": replies})).expect(409);
    assert_eq!(twice.code(), "already_answered");
    let paper = json!({"replies": [{"scale": 2}, {}, {}]});
    app.post(&format!("{path}/answers"), &paper).expect(201);
    let summary = app.get(&format!("{path}/answers")).expect(200).json();
    assert_includes(
        &summary,
        &json!({"count": 2, "questions": [{"answered": 2, "mean": 3.5},
            {"answered": 1, "counts": [{"value": "広報", "count": 0}, {"value": "知人", "count": 1}]},
            {"answered": 1, "texts": ["次も来ます。"]}]}),
    );
    // Cancelling with the secret forgets the person, and lets the next one in.
    guest(app, &listing, &person("jiro")).expect(201);
    let waiting = guest(app, &listing, &person("saburo")).expect(201).json();
    assert_eq!(waiting["status"], "waiting");
    with("cancel", json!({"secret": secret})).expect(204);
    with("cancel", json!({"secret": secret})).expect(204);
    let cancelled = with("show", json!({"secret": secret})).expect(200).json();
    assert_eq!(cancelled["status"], "cancelled");
    let up = with("show", json!({"secret": waiting["secret"]}))
        .expect(200)
        .json();
    assert_eq!(up["status"], "registered");
    assert!(
        !app.get(&format!("{path}/registrations"))
            .expect(200)
            .text
            .contains("hanako")
    );
    // The requests of an address are slowed down.
    let mut statuses = Vec::new();
    for n in 0..40 {
        statuses.push(guest(app, &listing, &person(&format!("p{n}"))).status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}

fn who_asks_for_many_places_holds_up_nobody(app: &TestApp) {
    let path = seminar(app, json!({"capacity": 3}));
    let list = format!("{path}/registrations");
    let add = |name: &str, places: i32| app.post(&list, &json!({"name": name, "places": places}));
    assert_eq!(
        add("全部", 4).expect(422).faults(),
        [("/places".into(), "too_many_places".into())]
    );
    let many = json!({"name": "hanako", "email": "hanako@example.jp", "places": 5});
    guest(app, &format!("{path}/guest-registrations"), &many).expect(422);
    let status = |name: &str, places: i32| text(&add(name, places).expect(201).json()["status"]);
    assert_eq!(status("一", 2), "registered");
    assert_eq!(status("二", 3), "waiting");
    assert_eq!(status("三", 1), "registered");
    assert_eq!(status("四", 1), "waiting");
    // One more place is too little for the first who waits, and enough for the next.
    app.patch(&path, &json!({"capacity": 4})).expect(200);
    let event = app.get(&path).expect(200).json();
    assert_includes(&event["counts"], &json!({"registered": 4, "waiting": 3}));
    assert_eq!(event["notices"], json!([]));
    // Fewer places than are taken: it is noted, nobody loses theirs, and nobody else gets one.
    let smaller = app.patch(&path, &json!({"capacity": 1})).expect(200).json();
    assert_includes(
        &smaller["notices"],
        &json!([{"code": "registrations_above_capacity", "pointer": "/capacity"}]),
    );
    assert_includes(&smaller["counts"], &json!({"registered": 4, "waiting": 3}));
    assert_eq!(status("五", 1), "waiting");
    let event = app.get(&path).expect(200).json();
    assert_includes(&event["counts"], &json!({"registered": 4, "waiting": 4}));
}

fn those_who_come_together_leave_places_for_others(app: &TestApp) {
    let path = seminar(app, json!({"capacity": 20, "waiting_list": true}));
    let from = |address: &str, name: &str, places: i32| {
        let body = json!({"name": name, "email": format!("{name}@example.jp"), "places": places});
        let headers = [("content-type", "application/json"), ("x-forwarded-for", address)];
        let path = format!("{path}/guest-registrations");
        app.send("POST", &path, &headers, body.to_string().as_bytes())
    };
    // A quarter for the networks of one site.
    let first = from("2001:db8:1:1::1", "a", 4).expect(201).json();
    assert_eq!(from("2001:db8:1:2::1", "b", 2).expect(409).code(), "share_taken");
    from("2001:db8:1:3::1", "c", 1).expect(201);
    from("2001:db8:2:1::1", "d", 4).expect(201);
    // Who cancels makes room again.
    let secret = json!({"secret": first["secret"]});
    guest(app, "/v1/registration-secrets/cancel", &secret).expect(204);
    from("2001:db8:1:2::1", "b", 4).expect(201);
    // The places of another event are counted apart.
    let other = seminar(app, json!({"capacity": 4})) + "/guest-registrations";
    let body = json!({"name": "a", "email": "a@example.jp", "places": 4}).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("x-forwarded-for", "2001:db8:1:1::1"),
    ];
    app.send("POST", &other, &headers, body.as_bytes()).expect(201);
    // Half of them for an organization, also by changing a registration. Who holds the event is not bound.
    let organization = app.organization("風のひろば");
    let own = user(
        app,
        "o@example.jp",
        json!({"role": "organization", "organization_id": organization}),
    );
    let list = format!("{path}/registrations");
    let add = |token: &str, name: &str, places: i32| {
        app.call("POST", &list, token, &json!({"name": name, "places": places}))
    };
    let made = add(&own, "一", 9).expect(201).json();
    assert_eq!(add(&own, "二", 2).expect(409).code(), "share_taken");
    let made = format!("{list}/{}", text(&made["id"]));
    let more = app.call("PATCH", &made, &own, &json!({"places": 11})).expect(409);
    assert_eq!(more.code(), "share_taken");
    add(&own, "二", 1).expect(201);
    add(&app.admin, "三", 11).expect(201);
}

fn what_those_who_hold_an_event_write_takes_nothing_from_others(app: &TestApp) {
    let path = seminar(app, json!({"capacity": 60, "waiting_list": true}));
    let list = format!("{path}/registrations");
    let organization = app.organization("風のひろば");
    let own = user(
        app,
        "o@example.jp",
        json!({"role": "organization", "organization_id": organization}),
    );
    let add =
        |name: &str, places: i32| app.call("POST", &list, &own, &json!({"name": name, "places": places}));
    // By hand, and with a list.
    let by_office = json!({"name": "一", "organization_id": organization, "places": 15});
    let given = app.post(&list, &by_office).expect(201).json();
    let given = format!("{list}/{}", text(&given["id"]));
    let names = ["青木 花子", "石井 一郎", "上田 恵", "江口 健", "大野 進"];
    let rows: String = names.map(|name| format!("{name},{organization},1\n")).concat();
    let event = path.rsplit('/').next().unwrap();
    let sent = app.import_and_wait(
        &format!("kind=registrations&event_id={event}"),
        format!("氏名,団体の記録ID,人数\n{rows}").as_bytes(),
    );
    assert_eq!(sent["progress"]["created"], 5, "{sent}");
    let made = add("二", 5).expect(201).json();
    let made = format!("{list}/{}", text(&made["id"]));
    app.patch(&made, &json!({"places": 10})).expect(200);
    // Half of the places are still the organization's, with those that the office added to one of theirs.
    add("三", 20).expect(201);
    assert_eq!(add("四", 1).expect(409).code(), "share_taken");
    // What the office gave them grows only within their half.
    let more = app.call("PATCH", &given, &own, &json!({"places": 16}));
    assert_eq!(more.expect(409).code(), "share_taken");
    // Nor do they register a worker so often that the worker can't.
    let worker = app.worker(json!({}));
    let worker_own = user(
        app,
        "w@example.jp",
        json!({"role": "worker", "worker_id": worker}),
    );
    for _ in 0..3 {
        let one = app.post(&list, &json!({"worker_id": worker})).expect(201).json();
        let cancelled = json!({"status": "cancelled"});
        app.patch(&format!("{list}/{}", text(&one["id"])), &cancelled)
            .expect(200);
    }
    app.call("POST", &list, &worker_own, &json!({})).expect(201);
}

fn an_office_puts_no_event_into_the_programme_of_another(app: &TestApp) {
    let here = user(
        app,
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let programme = |areas: Value| {
        let body = json!({"title": "研修", "kind": "training", "fiscal_year": 2026, "areas": areas});
        text(&app.post("/v1/programmes", &body).expect(201).json()["id"])
    };
    let own = json!({"kind": "training", "title": "全体研修", "month": "2026-10", "areas": ["131041"]});
    let with = |programme: &str| {
        let mut body = own.clone();
        merge(&mut body, json!({"programme_id": programme}));
        app.call("POST", "/v1/events", &here, &body)
    };
    let elsewhere = programme(json!(["131130"]));
    let refused = vec![("/programme_id".to_owned(), "not_permitted".to_owned())];
    assert_eq!(with(&elsewhere).expect(422).faults(), refused);
    for programme in [
        programme(json!([])),
        programme(json!(["131041"])),
        programme(json!(["131041", "131130"])),
    ] {
        with(&programme).expect(201);
    }
    // What an administrator has put there stays when the office changes the rest.
    let made = app.call("POST", "/v1/events", &here, &own).expect(201).json();
    let path = format!("/v1/events/{}", text(&made["id"]));
    let moved = json!({"programme_id": elsewhere});
    assert_eq!(
        app.call("PATCH", &path, &here, &moved).expect(422).faults(),
        refused
    );
    app.patch(&path, &moved).expect(200);
    app.call("PATCH", &path, &here, &json!({"title": "全体研修会"}))
        .expect(200);
}

fn what_an_event_must_obey_is_said_with_its_place(app: &TestApp) {
    let programme = json!({"title": "研修", "kind": "training", "fiscal_year": 2026});
    let programme = text(&app.post("/v1/programmes", &programme).expect(201).json()["id"]);
    let refused = |more: Value| {
        let mut body = json!({"kind": "training", "title": "全体研修", "month": "2026-10"});
        merge(&mut body, more);
        app.post("/v1/events", &body).expect(422).faults()
    };
    let unknown = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";
    let known = seminar(app, json!({}));
    let known = known.rsplit('/').next().unwrap();
    for (more, pointer, code) in [
        (json!({"month": null}), "/times", "missing_dates"),
        (json!({"month": "2026-13"}), "/month", "invalid_month"),
        (
            json!({"times": [{"starts_at": "2026-12-08T13:30:00+09:00"}]}),
            "/month",
            "invalid_month",
        ),
        (
            json!({"times": [{"starts_at": "2026-10-08T16:00:00+09:00", "ends_at": "2026-10-08T15:00:00+09:00"}]}),
            "/times/0/ends_at",
            "ends_before_start",
        ),
        (
            json!({"breakouts": [{"title": "分科会", "starts_at": "2026-10-08T16:00:00+09:00", "ends_at": "2026-10-08T15:00:00+09:00"}]}),
            "/breakouts/0/ends_at",
            "ends_before_start",
        ),
        (
            json!({"programme_id": programme, "month": "2027-04"}),
            "/month",
            "outside_fiscal_year",
        ),
        (
            json!({"programme_id": programme, "month": null, "times": [{"starts_at": "2027-03-31T10:00:00+09:00"}, {"starts_at": "2027-04-01T10:00:00+09:00"}]}),
            "/times/1/starts_at",
            "outside_fiscal_year",
        ),
        (
            json!({"programme_id": unknown}),
            "/programme_id",
            "unknown_programme",
        ),
        (
            json!({"host_ids": [unknown]}),
            "/host_ids/0",
            "unknown_organization",
        ),
        (
            json!({"kind": "consultation", "follows_event_ids": [unknown]}),
            "/follows_event_ids/0",
            "unknown_event",
        ),
        (
            json!({"kind": "seminar", "follows_event_ids": [known]}),
            "/follows_event_ids",
            "not_a_consultation",
        ),
        (
            json!({"deliverable_id": unknown}),
            "/deliverable_id",
            "unknown_record",
        ),
        (json!({"areas": ["999999"]}), "/areas/0", "unknown_area"),
        (json!({"url": "javascript:alert(1)"}), "/url", "invalid_url"),
        (
            json!({"questions": [{"kind": "choice", "text": "何で"}]}),
            "/questions/0/choices",
            "invalid_choices",
        ),
        (json!({"fee_yen": -1}), "/fee_yen", "out_of_range"),
    ] {
        assert_eq!(refused(more.clone()), [(pointer.into(), code.into())], "{more}");
    }
    let breakout = |title: &str, from: &str, to: &str| {
        json!({"title": title, "starts_at": format!("2026-10-08T{from}:00+09:00"), "ends_at": format!("2026-10-08T{to}:00+09:00"),
            "speakers": [{"name": "田中 さくら"}]})
    };
    let event = json!({"kind": "conference", "title": "大会", "programme_id": programme, "declared_attendance": 466,
        "capacity": 400, "times": [{"starts_at": "2026-10-08T13:00:00+09:00", "ends_at": "2026-10-08T17:00:00+09:00"}],
        "breakouts": [breakout("移動支援", "14:00", "15:00"), breakout("居場所", "14:30", "15:30")]});
    let made = app.post("/v1/events", &event).expect(201).json();
    let notices: Vec<(String, String)> = made["notices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(&one["code"]), text(&one["pointer"])))
        .collect();
    assert_eq!(
        notices,
        [
            ("speaker_overlap".into(), "/breakouts/1".into()),
            ("attendance_above_capacity".into(), "/capacity".into())
        ]
    );
    assert_eq!(made["status"], "draft", "nothing is refused because of a notice");
    let of = app
        .get(&format!("/v1/events?programme_id={programme}"))
        .expect(200)
        .json();
    assert_eq!(of["items"][0]["id"], made["id"]);
}

fn sessions_of_one_number_are_noted(app: &TestApp) {
    let session = |number: &str, more: Value| {
        let mut body = json!({"kind": "seminar", "title": format!("ゼミ {number}"), "series": "地域づくりゼミ",
            "number": number, "month": "2026-10", "status": "published"});
        merge(&mut body, more);
        app.post("/v1/events", &body).expect(201).json()
    };
    let codes = |event: &Value| -> Vec<String> {
        let notices = event["notices"].as_array().unwrap().iter();
        notices.map(|one| text(&one["code"])).collect()
    };
    let third = session("3", json!({}));
    assert_eq!(codes(&third), [""; 0]);
    // It may have the number of another year, or of another series.
    assert_eq!(codes(&session("3", json!({"month": "2027-10"}))), [""; 0]);
    assert_eq!(codes(&session("3", json!({"series": "別のゼミ"}))), [""; 0]);
    assert_eq!(codes(&session("4", json!({}))), [""; 0]);
    let again = session("第３回", json!({}));
    assert_eq!(codes(&again), ["same_number"]);
    assert_eq!(again["notices"][0]["pointer"], "/number");
    assert!(text(&again["notices"][0]["message"]).contains("ゼミ 3"));
    // Both are noted, until one of them has another number.
    let path = format!("/v1/events/{}", text(&third["id"]));
    assert_eq!(codes(&app.get(&path).expect(200).json()), ["same_number"]);
    let other = app.patch(&path, &json!({"number": "5"})).expect(200);
    assert_eq!(codes(&other.json()), [""; 0]);
    // Nobody learns by a notice what others plan.
    let hosted = |email: &str| {
        let id = app.organization(email);
        let member = json!({"role": "organization", "organization_id": id});
        let event = session(
            "7",
            json!({"host_ids": [id], "series": "合同ゼミ", "title": "公開の題"}),
        );
        (user(app, email, member), event)
    };
    let ((one, first), (two, second)) = (hosted("s@example.jp"), hosted("t@example.jp"));
    let path = |event: &Value| format!("/v1/events/{}", text(&event["id"]));
    let secret = json!({"title": "内緒の題"});
    app.call("PATCH", &path(&first), &one, &secret).expect(200);
    let seen = app.call("GET", &path(&second), &two, &Value::Null).expect(200);
    assert!(!seen.text.contains("内緒の題"), "{}", seen.text);
    assert_eq!(
        codes(&app.get(&path(&second)).expect(200).json()),
        ["same_number"]
    );
}

fn seminars_lead_to_consultations_and_applications(app: &TestApp) {
    let times = |day: &str| json!({"times": [{"starts_at": format!("2026-07-{day}T13:30:00+09:00")}]});
    let with = |day: &str, more: Value| {
        let mut body = times(day);
        merge(&mut body, more);
        seminar(app, body)
    };
    let (one, two) = (
        with("01", json!({"number": "1", "declared_attendance": 32})),
        with("08", json!({"number": "2"})),
    );
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let consultation = with(
        "20",
        json!({"kind": "consultation", "title": "個別相談", "follows_event_ids": [id(&one), id(&two)], "declared_attendance": 14}),
    );
    let funnel = |path: &str| app.get(&format!("{path}/funnel")).expect(200).json();
    assert_includes(
        &funnel(&consultation),
        &json!({"came": 32, "asked": null, "consulted": 14, "applied": null}),
    );
    // With a list, it says who asked, and who then applied or requested something.
    let (wind, hill) = (app.organization("風のひろば"), app.organization("丘の会"));
    let worker = app.worker(json!({}));
    let list = format!("{two}/registrations");
    for person in [
        json!({"name": "田中", "organization_id": wind, "wants_consultation": true}),
        json!({"name": "鈴木", "organization_id": hill, "places": 2}),
        json!({"worker_id": worker, "wants_consultation": true}),
    ] {
        let mut person = person;
        merge(&mut person, json!({"status": "attended"}));
        app.post(&list, &person).expect(201);
    }
    let flyer = app.deliverable(&wind, json!({}));
    let bid = json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer"});
    app.post("/v1/applications", &bid).expect(201);
    let whole = funnel(&one);
    assert_includes(
        &whole,
        &json!({"came": 36, "asked": 2, "consulted": 14, "applied": 2}),
    );
    assert_eq!(whole["events"].as_array().unwrap().len(), 2);
    assert_eq!(whole["consultations"][0]["title"], "個別相談");
    let other = user(
        app,
        "d@example.jp",
        json!({"role": "coordinator", "areas": ["131130"]}),
    );
    app.call("GET", &format!("{one}/funnel"), &other, &Value::Null)
        .expect(403);
}

fn what_does_not_take_place_is_in_no_funnel_and_has_no_answers(app: &TestApp) {
    let with = |more: Value| {
        let mut body = json!({"times": [{"starts_at": "2026-07-01T13:30:00+09:00"}]});
        merge(&mut body, more);
        seminar(app, body)
    };
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let cancel = |path: &str| {
        let change = json!({"status": "cancelled", "notice": "台風のため"});
        app.patch(path, &change).expect(200);
    };
    let questions = json!([{"kind": "scale", "text": "満足度"}]);
    let held = with(json!({"declared_attendance": 40}));
    let cancelled = with(json!({"declared_attendance": 7, "questions": questions}));
    let follows = json!([id(&held), id(&cancelled)]);
    let consultation = |came: i32, status: &str| {
        with(
            json!({"kind": "consultation", "title": "個別相談", "follows_event_ids": follows, "status": status,
            "declared_attendance": came}),
        )
    };
    let (first, second) = (consultation(6, "published"), consultation(3, "published"));
    consultation(100, "draft");
    cancel(&cancelled);
    cancel(&second);
    for path in [&held, &first] {
        let funnel = app.get(&format!("{path}/funnel")).expect(200).json();
        assert_includes(&funnel, &json!({"came": 40, "consulted": 6}));
        assert_eq!(funnel["events"].as_array().unwrap().len(), 1);
        assert_eq!(funnel["consultations"].as_array().unwrap().len(), 1);
    }
    // A follow-up counts once it is released.
    let host = app.organization("風のひろば");
    let member = user(
        app,
        "f@example.jp",
        json!({"role": "organization", "organization_id": host}),
    );
    let later = with(
        json!({"kind": "consultation", "title": "個別相談", "host_ids": [host], "declared_attendance": 9}),
    );
    let change = json!({"follows_event_ids": [id(&held)]});
    app.call("PATCH", &later, &member, &change).expect(200);
    let funnel = app.get(&format!("{held}/funnel")).expect(200).json();
    assert_eq!(funnel["consulted"], 6, "{funnel}");
    let report = app.get("/v1/reports/2026").expect(200).json();
    let sections = report["sections"].as_array().unwrap();
    let funnels = sections.iter().find(|one| one["code"] == "funnels").unwrap();
    let rows = funnels["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_includes(&rows[0], &json!({"came": 40, "consulted": 6}));
    let paper = json!({"replies": [{"scale": 2}]});
    let refused = app.post(&format!("{cancelled}/answers"), &paper).expect(409);
    assert_eq!(refused.code(), "no_questionnaire");
    // An event follows up others, and not itself.
    let itself = json!({"follows_event_ids": [id(&first)]});
    assert_eq!(
        app.patch(&first, &itself).expect(422).faults(),
        [("/follows_event_ids/0".to_owned(), "follows_itself".to_owned())]
    );
    // Visitors before the begin are noted.
    let early = seminar(app, json!({"declared_attendance": 150}));
    let early = app.get(&early).expect(200).json();
    assert_includes(
        &early["notices"][0],
        &json!({"code": "attendance_before_begin", "pointer": "/declared_attendance"}),
    );
}

/// Names a worker who registered without their name to those who read it elsewhere, too, and enters it in the audit.
fn name_of_a_worker_on_a_list(app: &TestApp, list: &str, member: &str) {
    let worker = app.worker(json!({"personal": {"name": "小川 みどり"}}));
    let one = app.post(list, &json!({"worker_id": worker})).expect(201).json();
    assert_includes(&one, &json!({"name": null, "worker_name": "小川 みどり"}));
    let here = user(
        app,
        "near@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let listed = |token: &str| {
        let list = app.call("GET", list, token, &Value::Null).expect(200).json();
        let mut items = list["items"].as_array().unwrap().iter();
        items.find(|item| item["id"] == one["id"]).unwrap().clone()
    };
    assert_eq!(listed(&here)["worker_name"], "小川 みどり");
    let entry = app.get("/v1/audit?limit=1").expect(200).json()["items"][0].clone();
    assert!(entry.to_string().contains(&worker), "{entry}");
    let shown = format!("{list}/{}", text(&one["id"]));
    assert_eq!(
        app.call("GET", &shown, &here, &Value::Null).expect(200).json()["worker_name"],
        "小川 みどり"
    );
    // An organization reads the names of workers who applied to it, a token only what its scopes say.
    assert_eq!(listed(member)["worker_name"], Value::Null);
    for scopes in [
        "registrations:read workers:read",
        "registrations:read personal_data:read",
    ] {
        let token = app.token_with(scopes);
        assert_eq!(listed(&token)["worker_name"], Value::Null, "{scopes}");
    }
    app.delete(&shown).expect(204);
}

fn who_came_is_seen_by_few_and_forgotten(app: &TestApp) {
    let wind = app.organization("風のひろば");
    let path = seminar(app, json!({"host_ids": [wind]}));
    let member = user(
        app,
        "o@example.jp",
        json!({"role": "organization", "organization_id": wind}),
    );
    let other = user(
        app,
        "d@example.jp",
        json!({"role": "coordinator", "areas": ["131130"]}),
    );
    let (known, apart) = (
        app.worker(json!({})),
        app.worker(json!({"blocked_organization_ids": [wind]})),
    );
    let list = format!("{path}/registrations");
    let add = |body: Value| app.post(&list, &body).expect(201).json();
    let first = add(json!({"worker_id": known, "name": "佐藤"}));
    name_of_a_worker_on_a_list(app, &list, &member);
    add(json!({"worker_id": apart, "name": "高橋"}));
    // The organization that holds it sees who comes, except those who are kept apart from it.
    let seen = app.call("GET", &list, &member, &Value::Null).expect(200);
    assert!(
        seen.text.contains("佐藤") && !seen.text.contains("高橋"),
        "{}",
        seen.text
    );
    let entry = app.get("/v1/audit?limit=1").expect(200).json()["items"][0].clone();
    assert_eq!(entry["operation"], "GET /v1/events/{id}/registrations");
    let nothing = app.call("GET", &list, &other, &Value::Null).expect(200).json();
    assert_eq!(nothing["items"], json!([]));
    let unnamed = app.token_with("registrations:read");
    let unnamed = app.call("GET", &list, &unnamed, &Value::Null).expect(200);
    assert!(!unnamed.text.contains("佐藤") && unnamed.text.contains(&known));
    // Erasing the person empties the registration, and keeps the count.
    let exported = app
        .get(&format!("/v1/workers/{known}/personal-data"))
        .expect(200)
        .json();
    assert_eq!(exported["registrations"][0]["id"], first["id"]);
    app.delete(&format!("/v1/workers/{known}")).expect(204);
    let left = app.get(&list).expect(200);
    assert!(
        !left.text.contains("佐藤") && !left.text.contains(&known),
        "{}",
        left.text
    );
    assert_eq!(left.json()["items"].as_array().unwrap().len(), 2);
    // So does the time of retention, once the event is over.
    let forget = |app: &TestApp| {
        let now = musubi::db::Instant::now();
        app.state
            .pool
            .write_blocking(|db| erasure::actions::forget_messages(db, now))
            .unwrap()
    };
    forget(app);
    assert!(app.get(&list).expect(200).text.contains("高橋"));
    let past = json!({"times": [{"starts_at": "2020-05-01T10:00:00+09:00"}], "notice": "日付の訂正"});
    app.patch(&path, &past).expect(200);
    assert_eq!(forget(app), 1);
    assert!(!app.get(&list).expect(200).text.contains("高橋"));
}

fn nobody_takes_one_place_with_an_account_and_another_without(app: &TestApp) {
    let worker = app.worker(
        json!({"personal": {"name": "佐藤 陽子", "email": "yoko@example.jp", "phone": "090-1234-5678"}}),
    );
    let own = json!({"worker_id": worker});
    let same = [
        json!({"name": "佐藤　陽子", "email": "YOKO@example.jp"}),
        json!({"name": "佐藤陽子", "phone": "09012345678"}),
    ];
    let others = [
        json!({"name": "佐藤 太郎", "email": "yoko@example.jp", "phone": "090-1234-5678"}),
        json!({"name": "佐藤 陽子", "email": "another@example.jp"}),
    ];
    for guest in &same {
        let list = format!("{}/registrations", seminar(app, json!({})));
        let first = app.post(&list, &own).expect(201).json();
        assert_eq!(app.post(&list, guest).expect(409).code(), "already_registered");
        // Nor by and by.
        let id = text(&app.post(&list, &json!({"name": "佐藤 陽"})).expect(201).json()["id"]);
        let taken = app.patch(&format!("{list}/{id}"), guest).expect(409);
        assert_eq!(taken.code(), "already_registered");
        // Who has cancelled may come back either way.
        let path = format!("{list}/{}", text(&first["id"]));
        app.patch(&path, &json!({"status": "cancelled"})).expect(200);
        app.post(&list, guest).expect(201);
        assert_eq!(app.post(&list, &own).expect(409).code(), "already_registered");
    }
    // Also where an earlier release registered the worker.
    let list = format!("{}/registrations", seminar(app, json!({})));
    app.post(&list, &own).expect(201);
    let run = |db: &mut musubi::db::Db| {
        use diesel::connection::SimpleConnection;
        db.batch_execute("DELETE FROM event_registrants; UPDATE event_registrations SET digested = false")?;
        while musubi::events::registrants::add_digests(db)? > 0 {}
        Ok(())
    };
    app.state.pool.write_blocking(run).unwrap();
    for guest in &same {
        assert_eq!(app.post(&list, guest).expect(409).code(), "already_registered");
    }
    for other in &others {
        let list = format!("{}/registrations", seminar(app, json!({})));
        app.post(&list, &own).expect(201);
        app.post(&list, other).expect(201);
    }
    // Another worker who may be the same person isn't compared: that would tell who is known elsewhere.
    let list = format!("{}/registrations", seminar(app, json!({})));
    app.post(&list, &own).expect(201);
    let double = app.worker(json!({"personal": {"name": "佐藤 陽子", "email": "yoko@example.jp"}}));
    app.post(&list, &json!({"worker_id": double})).expect(201);
    // Two registrations can't get one name and address later, either.
    let add = |body: Value| text(&app.post(&list, &body).expect(201).json()["id"]);
    add(json!({"name": "高橋", "email": "taka@example.jp"}));
    let path = format!(
        "{list}/{}",
        add(json!({"name": "田中", "email": "tanaka@example.jp"}))
    );
    app.patch(&path, &json!({"email": "taka@example.jp"})).expect(200);
    let taken = app.patch(&path, &json!({"name": "高橋"}));
    assert_eq!(taken.expect(409).code(), "already_registered");
}

/// An office or a family has one address: it takes the name, too, to tell who it is.
fn people_who_share_an_address_each_register(app: &TestApp) {
    let path = seminar(app, json!({}));
    let list = format!("{path}/registrations");
    let office = |name: &str| app.post(&list, &json!({"name": name, "email": "info@care24.example.jp"}));
    office("山田 花子").expect(201);
    office("鈴木 一郎").expect(201);
    assert_eq!(office("鈴木一郎").expect(409).code(), "already_registered");
    let family = |name: &str| {
        let body = json!({"name": name, "email": "home@example.jp"});
        guest(app, &format!("{path}/guest-registrations"), &body)
    };
    family("佐藤 実").expect(201);
    family("佐藤 みのり").expect(201);
    assert_eq!(family("佐藤　実").expect(409).code(), "already_registered");
}

fn answers_stay_with_their_questions(app: &TestApp) {
    let scale = |text: &str| json!({"kind": "scale", "text": text});
    let choice = |choices: Value| json!({"kind": "choice", "text": "何で知りましたか。", "choices": choices});
    let path = seminar(
        app,
        json!({"questions": [scale("内容"), scale("会場"), choice(json!(["広報", "知人"]))],
            "times": [{"starts_at": "2026-01-08T13:30:00+09:00", "ends_at": "2199-10-08T16:00:00+09:00"}]}),
    );
    let ask = |questions: Value| app.patch(&path, &json!({"questions": questions}));
    // Until somebody has answered, they change as a whole.
    ask(json!([scale("会場")])).expect(200);
    ask(json!([
        scale("内容"),
        scale("会場"),
        choice(json!(["広報", "知人"]))
    ]))
    .expect(200);
    // Whoever answers nothing by mistake can answer again.
    let answers = format!("{path}/answers");
    for nothing in [json!([]), json!([{}, {}, {}])] {
        let refused = app.post(&answers, &json!({"replies": nothing})).expect(422);
        assert_eq!(refused.faults(), [("/replies".into(), "missing_field".into())]);
    }
    app.post(
        &answers,
        &json!({"replies": [{"scale": 5}, {"scale": 1}, {"choice": "知人"}]}),
    )
    .expect(201);
    for wrong in [
        json!([]),
        json!([scale("会場"), choice(json!(["広報", "知人"]))]),
        json!([scale("会場"), scale("内容"), choice(json!(["広報", "知人"]))]),
        json!([
            scale("受付"),
            scale("内容"),
            scale("会場"),
            choice(json!(["広報", "知人"]))
        ]),
        json!([{"kind": "text", "text": "内容"}, scale("会場"), choice(json!(["広報", "知人"]))]),
        json!([scale("内容"), scale("会場"), choice(json!(["広報"]))]),
    ] {
        let refused = ask(wrong.clone()).expect(409);
        assert_eq!(refused.code(), "questions_answered", "{wrong}");
    }
    let more = json!([
        scale("内容はいかがでしたか。"),
        scale("会場"),
        choice(json!(["広報", "知人", "その他"])),
        scale("全体"),
    ]);
    ask(more).expect(200);
    let summary = app.get(&answers).expect(200).json();
    assert_includes(
        &summary,
        &json!({"count": 1, "questions": [{"mean": 5.0}, {"mean": 1.0}, {"answered": 1}, {"answered": 0}]}),
    );
}

fn a_moved_event_keeps_its_reason(app: &TestApp) {
    let path = seminar(app, json!({"notice": "会場の地図を更新しました。"}));
    app.patch(&path, &json!({"notice": null})).expect(200);
    let moved = json!({"times": [{"starts_at": "2199-10-09T13:30:00+09:00"}], "notice": "会場の都合で翌日にします。"});
    app.patch(&path, &moved).expect(200);
    assert_eq!(
        app.patch(&path, &json!({"notice": null})).expect(422).faults(),
        [("/notice".into(), "missing_field".into())]
    );
    let kept = app.get(&path).expect(200).json();
    assert_eq!(kept["notice"], "会場の都合で翌日にします。");
    app.patch(&path, &json!({"notice": "会場の都合により、翌日に行います。"}))
        .expect(200);
}

fn another_place_is_told_with_a_reason(app: &TestApp) {
    let hall = json!({"name": "区民ホール", "address": "歌舞伎町1-5-1", "wheelchair": true});
    let path = seminar(app, json!({"online": true, "online_url": "https://example.jp/a"}));
    let listing = format!("{path}/guest-registrations");
    let person = json!({"name": "花子", "email": "hanako@example.jp"});
    let made = guest(app, &listing, &person).expect(201).json();
    assert_includes(
        &made,
        &json!({"place": null, "online": true, "online_url": "https://example.jp/a"}),
    );
    let shown = || {
        let secret = json!({"secret": made["secret"]});
        guest(app, "/v1/registration-secrets/show", &secret)
            .expect(200)
            .json()
    };
    // To say the place moves nobody, and neither does another spelling.
    app.patch(&path, &json!({"place": hall})).expect(200);
    assert_includes(&shown(), &json!({"place": hall, "moved_at": null}));
    app.patch(&path, &json!({"place": {"name": "区民 ホール"}}))
        .expect(200);
    for other in [
        json!({"place": {"name": "区役所"}}),
        json!({"place": null}),
        json!({"online": false}),
        json!({"online_url": "https://example.jp/b"}),
        json!({"online_url": null}),
    ] {
        let refused = app.patch(&path, &other).expect(422);
        assert_eq!(
            refused.faults(),
            [("/notice".into(), "missing_field".into())],
            "{other}"
        );
    }
    let moved = json!({"place": {"name": "区役所", "address": null}, "notice": "ホールの改修のため。"});
    app.patch(&path, &moved).expect(200);
    let after = shown();
    assert_includes(
        &after,
        &json!({"place": {"name": "区役所", "address": null}, "notice": "ホールの改修のため。"}),
    );
    assert!(after["moved_at"].is_string(), "{after}");
    // For search engines only another time is another schedule.
    let status = || {
        let listing = path.replace("/events/", "/listings/") + "/event.jsonld";
        app.send("GET", &listing, &[], b"").expect(200).json()["eventStatus"].clone()
    };
    assert_eq!(status(), "https://schema.org/EventScheduled");
    let later = json!({"times": [{"starts_at": "2199-10-09T13:30:00+09:00"}], "notice": "翌日にします。"});
    app.patch(&path, &later).expect(200);
    assert_eq!(status(), "https://schema.org/EventRescheduled");
}

fn a_moved_event_says_when_it_was_before(app: &TestApp) {
    let path = seminar(app, json!({}));
    let listing = path.replace("/events/", "/listings/");
    let mut reason = 0;
    let mut moves = |to: Value| {
        reason += 1;
        let mut body = json!({"notice": format!("変更の理由その{reason}")});
        merge(&mut body, to);
        app.patch(&path, &body).expect(200);
        let node = app.send("GET", &format!("{listing}/event.jsonld"), &[], b"");
        let node = node.expect(200).json();
        let status = node["eventStatus"]
            .as_str()
            .unwrap()
            .trim_start_matches("https://schema.org/Event");
        (status.to_owned(), node["previousStartDate"].clone())
    };
    let on = |day: &str| json!({"times": [{"starts_at": format!("{day}T13:30:00+09:00")}]});
    let at = |day: &str| format!("{day}T13:30:00+09:00");
    let (first, second) = (at("2199-10-08"), at("2199-10-15"));
    let was = |status: &str, previous: Value| (status.to_owned(), previous);
    assert_eq!(
        moves(json!({"place": {"name": "区役所"}})),
        was("Scheduled", Value::Null)
    );
    assert_eq!(moves(on("2199-10-15")), was("Rescheduled", json!(first)));
    assert_eq!(
        moves(on("2199-10-22")),
        was("Rescheduled", json!([first, second]))
    );
    assert_eq!(
        moves(json!({"title": "広報"})),
        was("Rescheduled", json!([first, second]))
    );
    // Back at the second, and back at the first, with its end.
    assert_eq!(moves(on("2199-10-15")), was("Rescheduled", json!(first)));
    let back = json!({"times": [{"starts_at": first, "ends_at": "2199-10-08T16:00:00+09:00"}]});
    assert_eq!(moves(back), was("Scheduled", Value::Null));
    // What is told later moves nothing; what is cancelled was to be another time.
    assert_eq!(
        moves(json!({"times": [], "month": "2199-11"})),
        was("Rescheduled", json!(first))
    );
    let cancelled = moves(json!({"status": "cancelled"}));
    assert_eq!(cancelled, was("Cancelled", json!(first)));
}

fn calendars_know_each_time_of_an_event_again(app: &TestApp) {
    let day = |day: u32| json!({"starts_at": format!("2199-10-{day:02}T13:30:00+09:00"), "ends_at": null, "label": null});
    let path = seminar(app, json!({"times": [day(22), day(8), day(15)]}));
    let calendar = path.replace("/events/", "/listings/") + "/event.ics";
    // The number of each time, by its day, and how often it was changed.
    let known = || {
        let text = app
            .send("GET", &calendar, &[], b"")
            .expect(200)
            .text
            .replace("\r\n ", "");
        let entries: Vec<&str> = text.split("BEGIN:VEVENT").skip(1).collect();
        let of = |entry: &str, name: &str| {
            let line = entry.lines().find(|line| line.starts_with(name)).unwrap();
            line.trim_start_matches(name).to_owned()
        };
        let mut days: Vec<(String, String, String)> = entries
            .iter()
            .map(|entry| {
                let uid = of(entry, "UID:");
                let number = uid
                    .trim_end_matches("@musubi")
                    .rsplit('-')
                    .next()
                    .unwrap()
                    .to_owned();
                (
                    of(entry, "DTSTART:")[6..8].to_owned(),
                    number,
                    of(entry, "SEQUENCE:"),
                )
            })
            .collect();
        days.sort();
        days
    };
    let mut reason = 0;
    let mut becomes = |times: Value| {
        reason += 1;
        app.patch(
            &path,
            &json!({"times": times, "notice": format!("変更の理由その{reason}")}),
        )
        .expect(200);
        known()
    };
    let of = |days: &[(&str, &str, &str)]| -> Vec<(String, String, String)> {
        days.iter()
            .map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned()))
            .collect()
    };
    assert_eq!(
        known(),
        of(&[("08", "1", "0"), ("15", "2", "0"), ("22", "0", "0")])
    );
    let sorted = becomes(json!([day(8), day(15), day(22)]));
    assert_eq!(
        sorted,
        of(&[("08", "1", "1"), ("15", "2", "1"), ("22", "0", "1")])
    );
    assert_eq!(
        becomes(json!([day(8), day(22)])),
        of(&[("08", "1", "2"), ("22", "0", "2")])
    );
    assert_eq!(
        becomes(json!([day(9), day(22), day(29)])),
        of(&[("09", "1", "3"), ("22", "0", "3"), ("29", "3", "3")])
    );
    // Those who hold it, too.
    let holder = coordinator(app, "c@example.jp", "131041");
    let feed = app
        .call("POST", "/v1/feeds", &holder, &json!({}))
        .expect(201)
        .json();
    let feed = text(&feed["calendar_url"]).replace("https://musubi.example.jp", "");
    let own = app.send("GET", &feed, &[], b"").expect(200).text;
    let id = path.rsplit('/').next().unwrap();
    for number in [0, 1, 3] {
        assert!(own.contains(&format!("UID:event-{id}-{number}@musubi")), "{own}");
    }
}

fn what_is_wrong_with_a_worker_says_nothing_of_a_name(app: &TestApp) {
    let list = format!("{}/registrations", seminar(app, json!({})));
    let faults = |body: Value| app.post(&list, &body).expect(422).faults();
    assert_eq!(
        faults(json!({"worker_id": "x"})),
        [("/worker_id".into(), "invalid_uuid".into())]
    );
    assert_eq!(
        faults(json!({"worker_id": 5})),
        [("/worker_id".into(), "wrong_type".into())]
    );
    assert_eq!(faults(json!({})), [("/name".into(), "missing_name".into())]);
}

fn coordinator(app: &TestApp, email: &str, area: &str) -> String {
    user(app, email, json!({"role": "coordinator", "areas": [area]}))
}

fn an_office_registers_its_staff_for_the_event_of_another(app: &TestApp) {
    // The secretariat's, for all areas.
    let path = seminar(app, json!({"areas": []}));
    let list = format!("{path}/registrations");
    let (own, colleague, other) = (
        coordinator(app, "c@example.jp", "131041"),
        coordinator(app, "d@example.jp", "131041"),
        coordinator(app, "e@example.jp", "131130"),
    );
    let position = |token: &str| {
        let now = app.call("GET", "/v1/changes", token, &Value::Null).expect(200);
        text(&now.json()["position"])
    };
    let begin = [&colleague, &other].map(|token| position(token));
    let staff = json!({"name": "窓口 花子", "email": "madoguchi@example.jp"});
    let made = app.call("POST", &list, &own, &staff).expect(201).json();
    assert_includes(
        &made,
        &json!({"status": "registered", "office_area": "131041", "name": "窓口 花子"}),
    );
    app.post(&list, &json!({"name": "秘密 太郎"})).expect(201);
    let theirs = app
        .call("POST", &list, &other, &json!({"name": "別の 職員"}))
        .expect(201)
        .json();
    // The office sees its own, and those who hold the event all of them.
    let names = |token: &str| -> Vec<String> {
        let seen = app.call("GET", &list, token, &Value::Null).expect(200).json();
        let seen = seen["items"].as_array().unwrap().iter();
        seen.map(|one| text(&one["name"])).collect()
    };
    for token in [&own, &colleague] {
        assert_eq!(names(token), ["窓口 花子"]);
    }
    assert_eq!(names(&other), ["別の 職員"]);
    assert_eq!(names(&app.admin), ["窓口 花子", "秘密 太郎", "別の 職員"]);
    let entry = app.get("/v1/audit?limit=1").expect(200).json()["items"][0].clone();
    assert_eq!(entry["operation"], "GET /v1/events/{id}/registrations");
    for method in ["GET", "PATCH", "DELETE"] {
        let path = format!("{list}/{}", text(&theirs["id"]));
        app.call(method, &path, &own, &json!({"status": "cancelled"}))
            .expect(404);
    }
    // So it is in exports and in what they follow.
    let body = json!({"kind": "registrations", "format": "csv", "filter": {"event_id": made["event_id"]}});
    let whole = app.post("/v1/exports", &body).expect(200).text;
    assert!(
        whole.contains("申し込んだ窓口の地域") && whole.contains(",131130,"),
        "{whole}"
    );
    let part = app.call("POST", "/v1/exports", &own, &body).expect(200).text;
    assert!(
        part.contains("窓口 花子") && !part.contains("別の 職員"),
        "{part}"
    );
    let latest = app
        .state
        .pool
        .read_blocking(musubi::changes::store::latest)
        .unwrap();
    app.until(|| app.state.feed.head() >= latest);
    let heard = |token: &str, begin: &str| {
        let path = format!("/v1/changes?types=registration&after={begin}");
        let heard = app.call("GET", &path, token, &Value::Null).expect(200).json();
        let heard = heard["items"].as_array().unwrap().iter();
        heard.map(|one| text(&one["id"])).collect::<Vec<_>>()
    };
    assert_eq!(heard(&colleague, &begin[0]), [text(&made["id"])]);
    assert_eq!(heard(&other, &begin[1]), [text(&theirs["id"])]);
    // A colleague corrects and withdraws it.
    let path = format!("{list}/{}", text(&made["id"]));
    app.call("PATCH", &path, &colleague, &json!({"places": 2}))
        .expect(200);
    let refused = app
        .call("PATCH", &path, &own, &json!({"status": "attended"}))
        .expect(422);
    assert_eq!(refused.faults(), [("/status".into(), "not_permitted".into())]);
    let cancelled = app.call("PATCH", &path, &colleague, &json!({"status": "cancelled"}));
    assert_eq!(cancelled.expect(200).json()["status"], "cancelled");
    app.call("POST", &list, &own, &staff).expect(201);
    app.call("DELETE", &path, &own, &Value::Null).expect(204);
    // Only staff, for what is published. Who holds the event isn't an office that comes.
    let (worker, organization) = (app.worker(json!({})), app.organization("風のひろば"));
    for (pointer, body) in [
        ("/worker_id", json!({"worker_id": worker})),
        (
            "/organization_id",
            json!({"name": "山田", "organization_id": organization}),
        ),
        ("/status", json!({"name": "山田", "status": "attended"})),
        ("/office_area", json!({"name": "山田", "office_area": "131130"})),
    ] {
        let refused = app.call("POST", &list, &own, &body).expect(422).faults();
        assert!(
            refused.iter().any(|(at, _)| at == pointer),
            "{pointer}: {refused:?}"
        );
    }
    let draft = seminar(app, json!({"status": "draft", "areas": ["131130"]}));
    app.call(
        "POST",
        &format!("{draft}/registrations"),
        &own,
        &json!({"name": "山田"}),
    )
    .expect(404);
    let held = seminar(app, json!({}));
    let held = app.call(
        "POST",
        &format!("{held}/registrations"),
        &own,
        &json!({"name": "山田"}),
    );
    assert_eq!(held.expect(201).json()["office_area"], Value::Null);
}

fn the_staff_of_an_office_leaves_places_for_others(app: &TestApp) {
    let organization = app.organization("風のひろば");
    let path = seminar(app, json!({"capacity": 10, "areas": ["131130"], "host_ids": []}));
    let list = format!("{path}/registrations");
    let member = json!({"role": "organization", "organization_id": organization});
    let member = user(app, "o@example.jp", member);
    let (own, colleague) = (
        coordinator(app, "c@example.jp", "131041"),
        coordinator(app, "d@example.jp", "131041"),
    );
    let add = |token: &str, name: &str, places: i32| {
        app.call("POST", &list, token, &json!({"name": name, "places": places}))
    };
    let made = add(&own, "一", 3).expect(201).json();
    let made = format!("{list}/{}", text(&made["id"]));
    // Half of the places, for all of the office together.
    assert_eq!(add(&colleague, "二", 3).expect(409).code(), "share_taken");
    let more = app.call("PATCH", &made, &colleague, &json!({"places": 6}));
    assert_eq!(more.expect(409).code(), "share_taken");
    add(&colleague, "二", 2).expect(201);
    // An organization, and another office, have theirs; who comes last waits.
    add(&member, "三", 5).expect(201);
    let other = coordinator(app, "e@example.jp", "131075");
    assert_eq!(add(&other, "四", 1).expect(201).json()["status"], "waiting");
    app.call("DELETE", &made, &own, &Value::Null).expect(204);
    let moved = app.call("GET", &list, &other, &Value::Null).expect(200).json();
    assert_eq!(moved["items"][0]["status"], "registered");
    // Nobody registers and cancels without an end.
    let again = || {
        let one = add(&own, "五", 1);
        if one.status == 201 {
            let path = format!("{list}/{}", text(&one.json()["id"]));
            app.call("PATCH", &path, &own, &json!({"status": "cancelled"}))
                .expect(200);
        }
        one
    };
    let refused = (0..=3 * 5)
        .map(|_| again())
        .find(|one| one.status != 201)
        .unwrap();
    assert_eq!(refused.expect(409).code(), "too_many_registrations");
    add(&member, "六", 1).expect(409);
    add(&other, "七", 1).expect(201);
}

fn an_organization_takes_itself_out_of_an_event(app: &TestApp) {
    let (wind, hill) = (app.organization("風のひろば"), app.organization("丘のひろば"));
    let organization = |email: &str, id: &str| {
        let belonging = json!({"role": "organization", "organization_id": id});
        user(app, email, belonging)
    };
    let (wind_user, hill_user) = (
        organization("w@example.jp", &wind),
        organization("h@example.jp", &hill),
    );
    let there = user(
        app,
        "d@example.jp",
        json!({"role": "coordinator", "areas": ["131130"]}),
    );
    let path = seminar(app, json!({"host_ids": [wind, hill]}));
    let leave =
        |token: &str, id: &str| app.call("DELETE", &format!("{path}/hosts/{id}"), token, &Value::Null);
    let hosts =
        |token: &str| app.call("GET", &path, token, &Value::Null).expect(200).json()["host_ids"].clone();
    // Itself, and no other; who doesn't hold the event, nobody.
    leave(&wind_user, &hill).expect(403);
    leave(&there, &wind).expect(403);
    // A change of the other one waits: what is public is another plan.
    let waits = app.call("PATCH", &path, &hill_user, &json!({"title": "別の題"}));
    assert_eq!(waits.expect(200).json()["status"], "submitted");
    leave(&wind_user, &wind).expect(204);
    leave(&wind_user, &wind).expect(403);
    assert_eq!(
        [hosts(&wind_user), hosts(&hill_user)],
        [json!([hill]), json!([hill])]
    );
    let change = json!({"title": "まだ主催？"});
    app.call("PATCH", &path, &wind_user, &change).expect(403);
    app.delete(&format!("{path}/hosts/{wind}")).expect(404);
    // The last one may go, too.
    leave(&hill_user, &hill).expect(204);
    assert_eq!(hosts(&app.admin), json!([]));
    let draft = seminar(app, json!({"host_ids": [wind], "status": "draft"}));
    let gone = format!("{draft}/hosts/{wind}");
    app.call("DELETE", &gone, &wind_user, &Value::Null).expect(204);
    app.call("GET", &draft, &wind_user, &Value::Null).expect(404);
}

/// The one erases, and hasn't committed yet; the other registers the worker who still seems to be there.
fn who_is_being_erased_is_registered_for_nothing(app: &TestApp) {
    let worker = app.worker(json!({"personal": {"name": "佐藤 陽子"}}));
    let path = seminar(app, json!({})) + "/registrations";
    let body = json!({"worker_id": worker, "note": "車椅子"});
    let id = musubi::db::Id(worker.parse().unwrap());
    let (erased, is_erased) = std::sync::mpsc::channel();
    let answer = std::thread::scope(|scope| {
        let (path, body) = (&path, &body);
        let registering = scope.spawn(move || {
            is_erased.recv().unwrap();
            app.post(path, body)
        });
        let erasing = |db: &mut musubi::db::Db| {
            let everything = musubi::auth::Reach::Everything;
            erasure::actions::erase_one(db, &everything, "test", id, |_| Ok(()))?;
            erased.send(()).unwrap();
            app.until_a_writer_waits();
            Ok(())
        };
        app.state.pool.write_blocking(erasing).unwrap();
        registering.join().unwrap()
    });
    let faults = [("/worker_id".into(), "unknown_worker".into())];
    assert_eq!(answer.expect(422).faults(), faults);
}

fn nobody_registers_for_an_event_again_and_again(app: &TestApp) {
    let path = seminar(app, json!({"capacity": 10}));
    let list = format!("{path}/registrations");
    let cancelled = json!({"status": "cancelled"});
    let again = |token: &str, person: &Value, times: usize| {
        for _ in 0..times {
            let one = app.call("POST", &list, token, person).expect(201).json();
            let own = format!("{list}/{}", text(&one["id"]));
            app.call("PATCH", &own, token, &cancelled).expect(200);
        }
        app.call("POST", &list, token, person)
    };
    let worker = app.worker(json!({}));
    let own = user(
        app,
        "w@example.jp",
        json!({"role": "worker", "worker_id": worker}),
    );
    let refused = again(&own, &json!({}), 3).expect(409);
    assert_eq!(refused.code(), "too_many_registrations");
    // Only that worker, and only for this event; those who hold it decide.
    let other = app.worker(json!({}));
    let other_own = user(app, "x@example.jp", json!({"role": "worker", "worker_id": other}));
    app.call("POST", &list, &other_own, &json!({})).expect(201);
    let elsewhere = format!("{}/registrations", seminar(app, json!({})));
    app.call("POST", &elsewhere, &own, &json!({})).expect(201);
    app.post(&list, &json!({"worker_id": worker})).expect(201);
    // Nor does what others do with somebody's name count.
    let third = app.worker(json!({}));
    let third_own = user(app, "y@example.jp", json!({"role": "worker", "worker_id": third}));
    let by_others = json!({"worker_id": third, "organization_id": app.organization("風のひろば")});
    let one = again(&app.admin, &by_others, 3).expect(201).json();
    app.patch(&format!("{list}/{}", text(&one["id"])), &cancelled)
        .expect(200);
    app.call("POST", &list, &third_own, &json!({})).expect(201);
    // Of people whom an organization registers, only the names may be known.
    let hill = app.organization("丘のひろば");
    let hill = user(
        app,
        "h@example.jp",
        json!({"role": "organization", "organization_id": hill}),
    );
    let refused = again(&hill, &json!({"name": "山田 花子"}), 3 * 5).expect(409);
    assert_eq!(refused.code(), "too_many_registrations");
    app.post(&list, &json!({"name": "鈴木 一郎"})).expect(201);
}

fn a_funnel_counts_what_its_caller_sees(app: &TestApp) {
    let (wind, hill) = (app.organization("風のひろば"), app.organization("丘のひろば"));
    let member = json!({"role": "organization", "organization_id": wind});
    let wind_user = user(app, "w@example.jp", member);
    let path = seminar(
        app,
        json!({"host_ids": [wind], "times": [{"starts_at": "2026-07-01T13:30:00+09:00"}]}),
    );
    let list = format!("{path}/registrations");
    for of in [&wind, &hill] {
        let person = json!({"name": "n", "organization_id": of, "status": "attended"});
        app.call("POST", &list, &wind_user, &person).expect(201);
    }
    let funnel = format!("{path}/funnel");
    let applied =
        |token: &str| app.call("GET", &funnel, token, &Value::Null).expect(200).json()["applied"].clone();
    let request = app.deliverable(&hill, json!({"status": "submitted"}));
    let request = format!("/v1/deliverables/{request}");
    app.call("GET", &request, &wind_user, &Value::Null).expect(404);
    assert_eq!([applied(&wind_user), applied(&app.admin)], [json!(0), json!(1)]);
    app.deliverable(&wind, json!({}));
    assert_eq!([applied(&wind_user), applied(&app.admin)], [json!(1), json!(2)]);
}

fn no_office_takes_an_event_from_another(app: &TestApp) {
    let coordinator =
        |email: &str, areas: Value| user(app, email, json!({"role": "coordinator", "areas": areas}));
    let here = coordinator("c@example.jp", json!(["131041"]));
    let there = coordinator("d@example.jp", json!(["131059"]));
    let both = coordinator("e@example.jp", json!(["131041", "131059"]));
    // Both organizations are in the first area.
    let (wind, hill) = (app.organization("風のひろば"), app.organization("丘のひろば"));
    let path = seminar(
        app,
        json!({"areas": ["131041", "131059"], "host_ids": [wind, hill]}),
    );
    let change = |token: &str, body: Value| app.call("PATCH", &path, token, &body);
    let refused = change(
        &there,
        json!({"areas": ["131059"], "host_ids": [], "notice": "担当の変更"}),
    );
    let permitted = |pointer: &str| (pointer.to_owned(), "not_permitted".to_owned());
    assert_eq!(
        refused.expect(422).faults(),
        [permitted("/areas"), permitted("/host_ids")]
    );
    let leave =
        |token: &str, id: &str| app.call("DELETE", &format!("{path}/hosts/{id}"), token, &Value::Null);
    assert_eq!(
        leave(&there, &wind).expect(422).faults(),
        [permitted("/host_ids")]
    );
    // Everything else is for both to change.
    change(&there, json!({"title": "新しい題"})).expect(200);
    change(&here, json!({"host_ids": [hill]})).expect(200);
    leave(&here, &hill).expect(204);
    change(&both, json!({"areas": ["131059"], "notice": "担当の変更"})).expect(200);
    change(&here, json!({"title": "別の題"})).expect(403);
}
