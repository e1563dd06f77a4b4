//! Events: gatherings of any kind, who comes to them, and what comes of them.

use crate::support::{Response, TestApp, assert_includes, merge, on_both};
use musubi::erasure;
use serde_json::{Value, json};

on_both! {
    an_event_is_drafted_released_moved_and_cancelled,
    places_are_taken_waited_for_and_counted,
    somebody_without_an_account_registers_and_answers,
    who_asks_for_many_places_holds_up_nobody,
    those_who_come_together_leave_places_for_others,
    what_an_event_must_obey_is_said_with_its_place,
    seminars_lead_to_consultations_and_applications,
    who_came_is_seen_by_few_and_forgotten,
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
    call("POST", "/v1/events", &here, body.clone()).expect(403);
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
        &json!({"name": "花子", "email": "HANAKO@example.jp"}),
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

fn what_an_event_must_obey_is_said_with_its_place(app: &TestApp) {
    let programme = json!({"title": "研修", "kind": "training", "fiscal_year": 2026});
    let programme = text(&app.post("/v1/programmes", &programme).expect(201).json()["id"]);
    let refused = |more: Value| {
        let mut body = json!({"kind": "training", "title": "全体研修", "month": "2026-10"});
        merge(&mut body, more);
        app.post("/v1/events", &body).expect(422).faults()
    };
    let unknown = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";
    for (more, pointer, code) in [
        (json!({"month": null}), "/times", "missing_dates"),
        (json!({"month": "2026-13"}), "/month", "invalid_month"),
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
            json!({"follows_event_ids": [unknown]}),
            "/follows_event_ids/0",
            "unknown_event",
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
