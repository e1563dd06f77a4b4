//! Secret URLs for calendars and feed readers.

use crate::support::{Response, TestApp, on_both};
use serde_json::{Value, json};

on_both! {
    a_calendar_shows_what_its_user_may_see,
    a_change_moves_an_event_and_a_cancelled_project_cancels_it,
    the_team_of_a_cancelled_project_learns_it_from_the_calendar,
    a_feed_ends_with_its_secret_its_user_and_its_reach,
    who_has_left_a_team_has_none_of_its_dates,
    a_user_lists_and_revokes_only_their_own_feeds,
    readers_follow_the_requests_that_were_opened,
    a_calendar_has_the_deadlines_of_those_who_have_to_act,
    who_comes_finds_the_online_room_in_their_calendar,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Logs in as a new user, and returns the id and the token.
fn user(app: &TestApp, email: &str, more: Value) -> (String, String) {
    let user = app.user(email, more);
    (text(&user["id"]), text(&app.login(email)["access_token"]))
}

fn feed(app: &TestApp, token: &str) -> Value {
    app.call("POST", "/v1/feeds", token, &json!({}))
        .expect(201)
        .json()
}

/// Reads an address without a token.
fn open(app: &TestApp, url: &Value) -> Response {
    let path = text(url).replace("https://musubi.example.jp", "");
    app.send("GET", &path, &[], b"")
}

/// The lines of a calendar, unfolded.
fn lines(calendar: &Response) -> Vec<String> {
    let text = calendar.text.replace("\r\n ", "");
    assert!(
        text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VCALENDAR\r\n"),
        "{text}"
    );
    assert!(
        calendar.text.split("\r\n").all(|line| line.len() <= 75),
        "{}",
        calendar.text
    );
    text.split("\r\n").map(str::to_owned).collect()
}

/// The properties of the event whose UID begins like this.
fn event(calendar: &Response, uid: &str) -> Vec<String> {
    let lines = lines(calendar);
    let is_of = |event: &&[String]| event.iter().any(|line| line.starts_with(&format!("UID:{uid}")));
    let found = lines.split(|line| line == "BEGIN:VEVENT").skip(1).find(is_of);
    found.map(<[String]>::to_vec).unwrap_or_default()
}

struct Work {
    organization: String,
    project: String,
    worker: String,
    milestone: String,
    meeting: String,
}

impl Work {
    fn new(app: &TestApp) -> Work {
        let organization = app.organization("風のひろば");
        let project = app.deliverable(
            &organization,
            json!({"title": "会員募集のチラシ、春の号", "ends_on": "2199-12-20",
                "roles": [{"role": "designer", "places": 1}]}),
        );
        let worker = app.worker(json!({"personal": {"name": "佐藤"}}));
        let bid = json!({"deliverable_id": project, "worker_id": worker, "role": "designer"});
        let bid = app.post("/v1/applications", &bid).expect(201).json();
        let path = format!("/v1/applications/{}", text(&bid["id"]));
        app.patch(&path, &json!({"status": "agreed"})).expect(200);
        let add = |kind: &str, body: Value| {
            let path = format!("/v1/projects/{project}/{kind}");
            text(&app.post(&path, &body).expect(201).json()["id"])
        };
        let milestone = add(
            "milestones",
            json!({"title": "制作; 初稿", "due_on": "2199-12-01"}),
        );
        let meeting = add(
            "meetings",
            json!({"title": "定例", "starts_at": "2199-11-07T10:00:00+09:00",
            "ends_at": "2199-11-07T11:30:00+09:00", "location": "新宿区役所, 3階", "link": "https://example.jp/room",
            "minutes": "佐藤さんの話"}),
        );
        Work {
            organization,
            project,
            worker,
            milestone,
            meeting,
        }
    }
}

fn a_calendar_shows_what_its_user_may_see(app: &TestApp) {
    let work = Work::new(app);
    let insiders = [
        (
            "w@example.jp",
            json!({"role": "worker", "worker_id": work.worker}),
        ),
        (
            "o@example.jp",
            json!({"role": "organization", "organization_id": work.organization}),
        ),
        (
            "c@example.jp",
            json!({"role": "coordinator", "areas": ["131041"]}),
        ),
        ("a@example.jp", json!({"role": "admin"})),
    ];
    for (email, more) in insiders {
        let (_, token) = user(app, email, more);
        let calendar = open(app, &feed(app, &token)["calendar_url"]).expect(200);
        assert!(calendar.header("content-type").starts_with("text/calendar"));
        assert!(calendar.header("cache-control").starts_with("private"));
        let meeting = event(&calendar, &format!("meeting-{}", work.meeting));
        for line in [
            "DTSTART:21991107T010000Z",
            "DTEND:21991107T023000Z",
            "SUMMARY:定例（会員募集のチラシ、春の号）",
            "LOCATION:新宿区役所\\, 3階",
            "URL:https://example.jp/room",
            "SEQUENCE:0",
            "STATUS:CONFIRMED",
        ] {
            assert!(
                meeting.iter().any(|own| own == line),
                "{email}: {line} {meeting:#?}"
            );
        }
        let milestone = event(&calendar, &format!("milestone-{}", work.milestone));
        assert!(
            milestone.iter().any(|line| line == "DTSTART;VALUE=DATE:21991201"),
            "{milestone:#?}"
        );
        assert!(
            milestone.iter().any(|line| line.contains("制作\\; 初稿")),
            "{milestone:#?}"
        );
        assert!(
            !event(&calendar, &format!("project-{}", work.project)).is_empty(),
            "{email}"
        );
        assert!(!calendar.text.contains("佐藤"), "{email}: nobody is named");
    }
    let other = app.organization("丘の会");
    let outsiders = [
        (
            "w2@example.jp",
            json!({"role": "worker", "worker_id": app.worker(json!({}))}),
        ),
        (
            "o2@example.jp",
            json!({"role": "organization", "organization_id": other}),
        ),
        (
            "c2@example.jp",
            json!({"role": "coordinator", "areas": ["131130"]}),
        ),
    ];
    for (email, more) in outsiders {
        let (_, token) = user(app, email, more);
        let calendar = open(app, &feed(app, &token)["calendar_url"]).expect(200);
        assert!(
            !calendar.text.contains("BEGIN:VEVENT"),
            "{email}: {}",
            calendar.text
        );
    }
}

fn a_change_moves_an_event_and_a_cancelled_project_cancels_it(app: &TestApp) {
    let work = Work::new(app);
    let (_, token) = user(
        app,
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let url = feed(app, &token)["calendar_url"].clone();
    let first = open(app, &url).expect(200);
    let path = text(&url).replace("https://musubi.example.jp", "");
    let known = app.send("GET", &path, &[("if-none-match", first.header("etag"))], b"");
    assert_eq!(known.status, 304);
    let meeting = format!("/v1/projects/{}/meetings/{}", work.project, work.meeting);
    let later = json!({"starts_at": "2199-11-08T10:00:00+09:00", "ends_at": null});
    app.patch(&meeting, &later).expect(200);
    let second = open(app, &url).expect(200);
    assert_ne!(first.header("etag"), second.header("etag"));
    assert_eq!(
        first.header("last-modified"),
        "",
        "an event that goes makes it no newer"
    );
    let uid = format!("meeting-{}", work.meeting);
    let (before, after) = (event(&first, &uid), event(&second, &uid));
    let of = |event: &[String], name: &str| event.iter().find(|line| line.starts_with(name)).cloned();
    assert_eq!(of(&before, "UID:"), of(&after, "UID:"));
    assert_eq!(of(&after, "DTSTART"), Some("DTSTART:21991108T010000Z".to_owned()));
    assert_eq!(of(&after, "SEQUENCE"), Some("SEQUENCE:1".to_owned()));
    // Whole seconds: the change may have come within the same one.
    assert!(of(&before, "LAST-MODIFIED") <= of(&after, "LAST-MODIFIED"));
    let count = |calendar: &Response| calendar.text.matches("BEGIN:VEVENT").count();
    assert_eq!(count(&first), count(&second));
    let project = format!("/v1/projects/{}", work.project);
    let over = json!({"status": "cancelled", "reason": "other"});
    app.patch(&project, &over).expect(200);
    let third = open(app, &url).expect(200);
    for uid in [uid, format!("milestone-{}", work.milestone)] {
        assert!(
            event(&third, &uid).contains(&"STATUS:CANCELLED".to_owned()),
            "{uid}: {}",
            third.text
        );
        // Calendars leave out what isn't newer than what they have.
        let number = |calendar: &Response| {
            let event = event(calendar, &uid);
            let line = event.iter().find_map(|line| line.strip_prefix("SEQUENCE:"));
            line.unwrap().parse::<i64>().unwrap()
        };
        assert!(number(&third) > number(&second), "{uid}");
    }
}

fn the_team_of_a_cancelled_project_learns_it_from_the_calendar(app: &TestApp) {
    let work = Work::new(app);
    let (_, member) = user(
        app,
        "w@example.jp",
        json!({"role": "worker", "worker_id": work.worker}),
    );
    let url = feed(app, &member)["calendar_url"].clone();
    let uids = [
        format!("meeting-{}", work.meeting),
        format!("milestone-{}", work.milestone),
        format!("project-{}", work.project),
    ];
    let off = "STATUS:CANCELLED".to_owned();
    let before = open(app, &url).expect(200);
    for uid in &uids {
        let event = event(&before, uid);
        assert!(
            !event.is_empty() && !event.contains(&off),
            "{uid}: {}",
            before.text
        );
    }
    let over = json!({"status": "cancelled", "reason": "other"});
    app.patch(&format!("/v1/projects/{}", work.project), &over)
        .expect(200);
    let after = open(app, &url).expect(200);
    for uid in &uids {
        assert!(event(&after, uid).contains(&off), "{uid}: {}", after.text);
    }
}

fn a_feed_ends_with_its_secret_its_user_and_its_reach(app: &TestApp) {
    let work = Work::new(app);
    let (id, token) = user(
        app,
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let made = feed(app, &token);
    let (calendar, requests) = (&made["calendar_url"], &made["requests_url"]);
    assert!(open(app, calendar).expect(200).text.contains(&work.meeting));
    for url in [
        json!(text(calendar).replace("secret=mfd_", "secret=mfd_x")),
        json!(text(calendar).replace(&text(&made["id"]), "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d")),
    ] {
        assert_eq!(open(app, &url).expect(404).code(), "not_found");
    }
    let bare = text(calendar).split('?').next().unwrap().to_owned();
    open(app, &json!(bare)).expect(400);
    let path = format!("/v1/users/{id}");
    app.patch(&path, &json!({"areas": ["131130"]})).expect(200);
    assert!(
        !open(app, calendar).expect(200).text.contains(&work.meeting),
        "the reach has moved"
    );
    app.patch(&path, &json!({"status": "suspended"})).expect(200);
    open(app, calendar).expect(404);
    open(app, requests).expect(404);
}

fn who_has_left_a_team_has_none_of_its_dates(app: &TestApp) {
    let work = Work::new(app);
    let (_, left) = user(
        app,
        "w@example.jp",
        json!({"role": "worker", "worker_id": work.worker}),
    );
    let (_, office) = user(
        app,
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let calendars = [&left, &office].map(|token| feed(app, token)["calendar_url"].clone());
    let last_day = format!("project-{}", work.project);
    for url in &calendars {
        assert!(!event(&open(app, url), &last_day).is_empty());
    }
    let bids = format!("/v1/applications?deliverable_id={}", work.project);
    let bids = app.get(&bids).expect(200).json();
    let bid = format!("/v1/applications/{}", text(&bids["items"][0]["id"]));
    app.patch(&bid, &json!({"status": "withdrawn", "reason": "health"}))
        .expect(200);
    let theirs = open(app, &calendars[0]).expect(200);
    assert!(!theirs.text.contains("BEGIN:VEVENT"), "{}", theirs.text);
    assert!(
        !event(&open(app, &calendars[1]), &last_day).is_empty(),
        "the work goes on"
    );
    let over = json!({"status": "cancelled", "reason": "other"});
    app.patch(&format!("/v1/projects/{}", work.project), &over)
        .expect(200);
    let theirs = open(app, &calendars[0]).expect(200);
    assert!(
        !theirs.text.contains("BEGIN:VEVENT"),
        "they left before: {}",
        theirs.text
    );
}

fn a_user_lists_and_revokes_only_their_own_feeds(app: &TestApp) {
    let (_, one) = user(
        app,
        "1@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let (_, two) = user(
        app,
        "2@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let made = feed(app, &one);
    let list = |token: &str| app.call("GET", "/v1/feeds", token, &Value::Null).expect(200);
    assert!(list(&one).text.contains(&text(&made["id"])) && !list(&one).text.contains("mfd_"));
    assert_eq!(list(&two).json()["items"], json!([]));
    let path = format!("/v1/feeds/{}", text(&made["id"]));
    app.call("DELETE", &path, &two, &Value::Null).expect(404);
    open(app, &made["calendar_url"]).expect(200);
    app.call("DELETE", &path, &one, &Value::Null).expect(204);
    open(app, &made["calendar_url"]).expect(404);
    for _ in 0..10 {
        feed(app, &two);
    }
    let refused = app.call("POST", "/v1/feeds", &two, &json!({})).expect(409);
    assert_eq!(refused.code(), "too_many_feeds");
    // A repeated answer has no secret, and a token without a user no feed.
    let bearer = format!("Bearer {one}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("idempotency-key", "f-1"),
    ];
    let first = app.send("POST", "/v1/feeds", &headers, b"{}").expect(201).json();
    let again = app.send("POST", "/v1/feeds", &headers, b"{}").expect(201).json();
    assert_eq!(
        (&first["id"], &again["calendar_url"]),
        (&again["id"], &Value::Null)
    );
    let (_, partner) = app.partner(json!({"code": "own"}));
    for token in [&app.admin, &partner] {
        let refused = app.call("POST", "/v1/feeds", token, &json!({})).expect(403);
        assert_eq!(refused.code(), "login_required");
    }
}

fn readers_follow_the_requests_that_were_opened(app: &TestApp) {
    let organization = app.organization("風のひろば");
    let open_one = app.deliverable(&organization, json!({"title": "チラシ <春> & 秋"}));
    let draft = app.deliverable(&organization, json!({"title": "下書き", "status": "draft"}));
    let (_, token) = user(
        app,
        "w@example.jp",
        json!({"role": "worker", "worker_id": app.worker(json!({}))}),
    );
    let made = feed(app, &token);
    let atom = open(app, &made["requests_url"]).expect(200);
    assert!(atom.header("content-type").starts_with("application/atom+xml"));
    assert!(
        atom.text.contains("<title>チラシ &lt;春&gt; &amp; 秋</title>"),
        "{}",
        atom.text
    );
    assert!(atom.text.contains(&format!("<id>urn:uuid:{open_one}</id>")) && !atom.text.contains(&draft));
    let json = open(app, &made["requests_json_url"]).expect(200).json();
    assert_eq!(json["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(json["items"].as_array().unwrap().len(), 1);
    assert_eq!(json["items"][0]["title"], "チラシ <春> & 秋");
}

fn a_calendar_has_the_deadlines_of_those_who_have_to_act(app: &TestApp) {
    let organization = app.organization("風のひろば");
    let worker = app.worker(json!({}));
    let of = |email: &str, more: Value| {
        let (_, token) = user(app, email, more);
        let url = feed(app, &token)["calendar_url"].clone();
        (token, url)
    };
    let (worker_token, worker_url) = of("w@example.jp", json!({"role": "worker", "worker_id": worker}));
    let organization_of = |id: &str| json!({"role": "organization", "organization_id": id});
    let (_, organization_url) = of("o@example.jp", organization_of(&organization));
    let (_, coordinator_url) = of(
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let (_, other_url) = of("o2@example.jp", organization_of(&app.organization("丘の会")));
    let shown = |url: &Value, uid: &str| event(&open(app, url).expect(200), uid);
    let has = |event: &[String], line: &str| event.iter().any(|own| own == line);

    // The steps of a review, and the day of its hearing.
    let request =
        json!({"organization_id": organization, "type": "flyer", "title": "チラシ", "status": "submitted"});
    let request = app.post("/v1/deliverables", &request).expect(201).json();
    let request = text(&request["id"]);
    let path = format!("/v1/deliverables/{request}");
    let step = |name: &str| format!("intake-{request}-{name}");
    for url in [&organization_url, &coordinator_url] {
        let usual = shown(url, &step("submitted"));
        assert!(has(&usual, "SUMMARY:審査期限：チラシ"), "{usual:?}");
        assert!(
            shown(url, &step("screening")).is_empty(),
            "no day is named for it"
        );
    }
    let days = |hearing: &str| {
        json!({"screening_due_on": "2199-07-01", "hearing_due_on": hearing, "decision_due_on": "2199-08-10",
            "hearing": {"held_on": "2199-07-10", "participants": ["代表 田中"], "notes": "秘密の話"}})
    };
    app.patch(&format!("{path}/intake"), &days("2199-07-14"))
        .expect(200);
    let first = shown(&coordinator_url, &step("screening"));
    assert!(has(&first, "DTSTART;VALUE=DATE:21990714"), "{first:?}");
    app.patch(&format!("{path}/intake"), &days("2199-07-20"))
        .expect(200);
    for url in [&organization_url, &coordinator_url] {
        let moved = shown(url, &step("screening"));
        assert!(has(&moved, "DTSTART;VALUE=DATE:21990720"), "{moved:?}");
        assert!(has(&moved, "SUMMARY:ヒアリング期限：チラシ"), "{moved:?}");
        let sequence = |event: &[String]| {
            let line = event.iter().find_map(|line| line.strip_prefix("SEQUENCE:"));
            line.unwrap().parse::<i64>().unwrap()
        };
        assert!(sequence(&moved) > sequence(&first));
        let decision = shown(url, &step("hearing"));
        assert!(has(&decision, "SUMMARY:決定期限：チラシ"), "{decision:?}");
        let hearing = shown(url, &format!("hearing-{request}"));
        assert!(has(&hearing, "DTSTART;VALUE=DATE:21990710"), "{hearing:?}");
        let all = open(app, url).expect(200).text;
        assert!(!all.contains("田中") && !all.contains("秘密"), "{all}");
    }
    for url in [&worker_url, &other_url] {
        assert!(!open(app, url).expect(200).text.contains(&request));
    }
    app.patch(&path, &json!({"status": "screening"})).expect(200);
    assert!(
        shown(&coordinator_url, &step("submitted")).is_empty(),
        "it is done"
    );
    app.release(&path).expect(200);
    let left = open(app, &coordinator_url).expect(200).text;
    assert!(!left.contains("intake-") && !left.contains("hearing-"), "{left}");

    // An invitation waits for the worker, then for the organization; the offer waits for the worker.
    let invitation = json!({"deliverable_id": request, "worker_id": worker, "role": "designer",
        "direction": "invitation"});
    let invited = app.post("/v1/applications", &invitation).expect(201).json();
    let id = text(&invited["id"]);
    let path = format!("/v1/applications/{id}");
    let uid = |kind: &str| format!("{kind}-{id}");
    let until = |application: &Value| {
        let at = text(&application["respond_by"]);
        let at: String = at
            .split('.')
            .next()
            .unwrap()
            .chars()
            .filter(|c| !"-:Z".contains(*c))
            .collect();
        format!("DTSTART:{at}Z")
    };
    let asked = shown(&worker_url, &uid("invitation"));
    assert!(
        has(&asked, &until(&invited)) && has(&asked, "SUMMARY:回答期限：チラシ"),
        "{asked:?}"
    );
    for url in [&organization_url, &coordinator_url, &other_url] {
        assert!(
            !open(app, url).expect(200).text.contains(&id),
            "they have nothing to answer"
        );
    }
    let accept = json!({"status": "shortlisted"});
    let accepted = app
        .call("PATCH", &path, &worker_token, &accept)
        .expect(200)
        .json();
    assert!(shown(&worker_url, &uid("invitation")).is_empty());
    for url in [&organization_url, &coordinator_url] {
        let waits = shown(url, &uid("application"));
        assert!(has(&waits, &until(&accepted)), "{waits:?} {accepted}");
    }
    let offered = app.patch(&path, &json!({"status": "offered"})).expect(200).json();
    let before = shown(&worker_url, &uid("offer"));
    assert!(has(&before, &until(&offered)), "{before:?}");
    let later = chrono::Utc::now() + chrono::Duration::days(9);
    let later = json!({"respond_by": later.format("%Y-%m-%dT03:00:00Z").to_string()});
    let moved = app.patch(&path, &later).expect(200).json();
    let after = shown(&worker_url, &uid("offer"));
    assert!(has(&after, &until(&moved)), "{after:?}");
    assert_ne!(
        before.iter().find(|line| line.starts_with("SEQUENCE")),
        after.iter().find(|line| line.starts_with("SEQUENCE"))
    );
    app.patch(&path, &json!({"status": "declined", "reason": "other"}))
        .expect(200);
    assert!(!open(app, &worker_url).expect(200).text.contains(&id));
}

fn who_comes_finds_the_online_room_in_their_calendar(app: &TestApp) {
    let body = json!({"kind": "seminar", "title": "ゼミ", "status": "published", "areas": ["131041"], "capacity": 1, "month": "2199-10-08",
        "place": {"name": "区民ホール", "address": "歌舞伎町1-5-1"}, "online": true, "online_url": "https://example.jp/secret-room"});
    let made = app.post("/v1/events", &body).expect(201).json();
    let id = text(&made["id"]);
    let path = format!("/v1/events/{id}/registrations");
    let worker = |email: &str| {
        let worker = app.worker(json!({}));
        let (_, token) = user(app, email, json!({"role": "worker", "worker_id": worker}));
        let one = app.call("POST", &path, &token, &json!({})).expect(201).json();
        (
            format!("{path}/{}", text(&one["id"])),
            feed(app, &token)["calendar_url"].clone(),
        )
    };
    let ((first, comes), (_, waiting)) = (worker("one@example.jp"), worker("two@example.jp"));
    let (comes, waits) = (open(app, &comes).expect(200), open(app, &waiting).expect(200));
    let uid = format!("event-{id}-0");
    for calendar in [&comes, &waits] {
        let shown = event(calendar, &uid);
        for line in [
            "DTSTART;VALUE=DATE:21991008",
            "LOCATION:区民ホール（歌舞伎町1-5-1）",
        ] {
            assert!(shown.contains(&line.to_owned()), "{line} {shown:?}");
        }
    }
    let has_room = |calendar: &Response| {
        event(calendar, &uid)
            .iter()
            .any(|line| line.contains("secret-room"))
    };
    assert!(has_room(&comes) && !has_room(&waits));
    // Who moves up learns of it: calendars leave out what isn't newer than what they have.
    app.patch(&first, &json!({"status": "cancelled"})).expect(200);
    let moved_up = open(app, &waiting).expect(200);
    let number = |calendar: &Response| {
        let event = event(calendar, &uid);
        let line = event.iter().find_map(|line| line.strip_prefix("SEQUENCE:"));
        line.unwrap().parse::<i64>().unwrap()
    };
    assert!(has_room(&moved_up) && number(&moved_up) > number(&waits));
}
