//! Listings: published events for everybody, without a token.

use crate::support::{Response, TestApp, assert_includes, merge, on_both};
use serde_json::{Value, json};

on_both! {
    a_stranger_finds_what_takes_place_in_a_ward,
    a_listing_is_released_changed_and_gone,
    a_listing_leads_to_a_registration_and_an_application,
    programs_read_listings_in_their_formats,
    public_caches_keep_listings_and_an_address_reads_them_so_often,
    people_and_search_engines_read_pages_without_scripts,
    people_register_with_a_form_without_scripts,
    guests_find_their_registration_on_a_page_of_its_own,
    a_page_says_how_to_answer_an_opening_and_what_its_breakouts_are,
    events_are_found_on_each_of_their_days_and_by_their_signs,
    the_page_of_a_full_session_says_which_others_have_places,
    a_day_without_hours_is_a_day_in_every_format,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn open(app: &TestApp, path: &str) -> Response {
    app.send("GET", path, &[], b"")
}

/// A published event in 新宿区 in the far future. Returns its id.
fn event(app: &TestApp, more: Value) -> String {
    let mut body = json!({"kind": "seminar", "title": "広報の基礎", "status": "published", "areas": ["131041"],
        "times": [{"starts_at": "2199-10-08T13:30:00+09:00", "ends_at": "2199-10-08T16:00:00+09:00"}]});
    merge(&mut body, more);
    text(&app.post("/v1/events", &body).expect(201).json()["id"])
}

fn user(app: &TestApp, email: &str, more: Value) -> String {
    app.user(email, more);
    text(&app.login(email)["access_token"])
}

fn titles(page: &Response) -> Vec<String> {
    let page = page.json();
    let items = page["items"].as_array().unwrap().iter();
    items.map(|one| text(&one["title"])).collect()
}

fn a_stranger_finds_what_takes_place_in_a_ward(app: &TestApp) {
    event(
        app,
        json!({"title": "チラシ講座", "description": "髙齢者の居場所を知らせる", "fee_yen": 0,
        "place": {"name": "新宿区役所", "wheelchair": true}}),
    );
    event(
        app,
        json!({"title": "夕べの集い", "kind": "community_event", "online": true, "fee_yen": 500,
        "times": [{"starts_at": "2199-10-20T18:00:00+09:00", "ends_at": "2199-10-20T20:00:00+09:00"}]}),
    );
    event(app, json!({"title": "隣の区の集い", "areas": ["131130"]}));
    event(
        app,
        json!({"title": "全体の大会", "kind": "conference", "areas": [], "times": [], "month": "2199-11"}),
    );
    event(app, json!({"title": "下書き", "status": "draft"}));
    event(
        app,
        json!({"title": "過ぎた会", "times": [{"starts_at": "2020-10-08T13:30:00+09:00"}]}),
    );
    let encoded = |c: char| match c.is_ascii() {
        true => c.to_string(),
        false => form_urlencoded::byte_serialize(c.to_string().as_bytes()).collect(),
    };
    let found = |query: &str| {
        let query: String = query.chars().map(encoded).collect();
        titles(&open(app, &format!("/v1/listings{query}")).expect(200))
    };
    // What ends first comes first. Events for all areas are those of each.
    assert_eq!(found("?area=13104"), ["チラシ講座", "夕べの集い", "全体の大会"]);
    assert_eq!(found("").len(), 4);
    assert_eq!(
        found("?area=131041&from=2199-10-05&to=2199-10-11"),
        ["チラシ講座"]
    );
    assert_eq!(found("?from=2199-10-20&to=2199-10-20"), ["夕べの集い"]);
    assert_eq!(
        found("?kind=conference,community_event"),
        ["夕べの集い", "全体の大会"]
    );
    assert_eq!(found("?wheelchair=true"), ["チラシ講座"]);
    assert_eq!(found("?free=true"), ["チラシ講座"]);
    assert_eq!(found("?online=true"), ["夕べの集い"]);
    // Words are found in any spelling, and all of them.
    assert_eq!(found("?q=ﾁﾗｼ%20高齢者"), ["チラシ講座"]);
    assert_eq!(found("?q=チラシ%20大会"), Vec::<String>::new());
    assert_eq!(found("?from=2020-01-01&q=過ぎた"), Vec::<String>::new());
    // Pages go through all of them once.
    let mut paths = vec!["/v1/listings?limit=3".to_owned()];
    let mut all = Vec::new();
    while let Some(path) = paths.pop() {
        let page = open(app, &path).expect(200);
        all.extend(titles(&page));
        let next = page.json()["next"].as_str().map(str::to_owned);
        paths.extend(next.map(|next| format!("/v1/listings?limit=3&cursor={next}")));
    }
    assert_eq!(all, found(""));
    for (query, status, code) in [
        ("area=999999", 422, "unknown_area"),
        ("area=x", 400, "invalid_area_code"),
        ("kind=party", 400, "unknown_value"),
        ("from=2199-13-01", 400, "invalid_value"),
        ("limit=201", 400, "out_of_range"),
        ("word=x", 400, "unknown_parameter"),
        ("cursor=x", 422, "invalid_cursor"),
    ] {
        let refused = open(app, &format!("/v1/listings?{query}")).expect(status);
        assert_eq!(refused.faults()[0].1, code, "{query}");
    }
}

fn a_listing_is_released_changed_and_gone(app: &TestApp) {
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
    let body = json!({"kind": "volunteer_opening", "title": "配達の手伝い", "status": "published", "host_ids": [wind],
        "times": [{"starts_at": "2199-05-01T11:00:00+09:00", "ends_at": "2199-05-01T13:00:00+09:00"}]});
    let made = app.call("POST", "/v1/events", &member, &body).expect(201).json();
    let id = text(&made["id"]);
    let (listing, event) = (format!("/v1/listings/{id}"), format!("/v1/events/{id}"));
    open(app, &listing).expect(404);
    // It is a task of the coordinators of its area, until they release it.
    let tasks = |token: &str| {
        let page = app
            .call("GET", "/v1/tasks?kind=release_event", token, &Value::Null)
            .expect(200)
            .json();
        page["items"].as_array().unwrap().clone()
    };
    assert_includes(
        &tasks(&here)[0],
        &json!({"id": id, "title": "配達の手伝い", "href": event, "deliverable_id": null, "overdue": false}),
    );
    assert_eq!((tasks(&elsewhere).len(), tasks(&member).len()), (0, 0));
    app.publish(&event, &here).expect(200);
    assert!(tasks(&here).is_empty());
    let shown = open(app, &listing).expect(200).json();
    assert_includes(
        &shown,
        &json!({"status": "published", "areas": ["131041"], "over": false, "hosts": []}),
    );
    for hidden in ["online_url", "materials", "counts", "questions", "host_ids"] {
        assert!(shown.get(hidden).is_none(), "{hidden}");
    }
    // An organization is named once it agreed to be published.
    app.patch(&format!("/v1/organizations/{wind}"), &json!({"open_data": true}))
        .expect(200);
    assert_eq!(
        open(app, &listing).expect(200).json()["hosts"],
        json!(["風のひろば"])
    );
    // What the organization rewrites is released again. A cancelled event stays, so that calendars learn of it.
    app.call(
        "PATCH",
        &event,
        &member,
        &json!({"title": "配達と買い物の手伝い"}),
    )
    .expect(200);
    // Until then the listing says what was released, also for those who search and register.
    let kept = open(app, &listing).expect(200).json();
    assert_eq!(
        (&kept["title"], &kept["status"]),
        (&json!("配達の手伝い"), &json!("published"))
    );
    let found = |q: &str| open(app, &format!("/v1/listings?q={q}")).expect(200).json()["items"].clone();
    assert_eq!(found("%E9%85%8D%E9%81%94")[0]["title"], "配達の手伝い");
    assert_eq!(found("%E8%B2%B7%E3%81%84%E7%89%A9"), json!([]));
    let page = open(app, &format!("/events/{id}")).expect(200);
    assert!(!page.text.contains("買い物") && page.text.contains("配達の手伝い"));
    app.call(
        "PATCH",
        &event,
        &here,
        &json!({"status": "cancelled", "notice": "台風のため"}),
    )
    .expect(200);
    let cancelled = open(app, "/v1/listings").expect(200).json();
    assert_includes(
        &cancelled["items"][0],
        &json!({"status": "cancelled", "title": "配達の手伝い", "notice": "台風のため", "links": {"register": null, "apply": null}}),
    );
    // What was submitted for a day that is over waits for nobody.
    let mut late = body.clone();
    merge(
        &mut late,
        json!({"times": [{"starts_at": "2020-05-01T11:00:00+09:00"}]}),
    );
    app.call("POST", "/v1/events", &member, &late).expect(201);
    assert!(tasks(&here).is_empty());
}

fn a_listing_leads_to_a_registration_and_an_application(app: &TestApp) {
    let organization = app.organization("風のひろば");
    let deliverable = app.deliverable(&organization, json!({}));
    let id = event(
        app,
        json!({"kind": "volunteer_opening", "deliverable_id": deliverable}),
    );
    let path = format!("/v1/listings/{id}");
    let links = open(app, &path).expect(200).json()["links"].clone();
    let local = |link: &Value| text(link).replace("https://musubi.example.jp", "");
    assert_eq!(local(&links["json"]), path);
    assert_eq!(local(&links["page"]), format!("/events/{id}"));
    assert_eq!(
        local(&links["deliverable"]),
        format!("/v1/deliverables/{deliverable}")
    );
    assert_eq!(local(&links["apply"]), "/v1/applications");
    let guest = json!({"name": "山田 花子", "email": "hanako@example.jp"}).to_string();
    let content = [("content-type", "application/json")];
    app.send("POST", &local(&links["register"]), &content, guest.as_bytes())
        .expect(201);
    open(app, &local(&links["calendar"])).expect(200);
    let node = open(app, &local(&links["json_ld"])).expect(200).json();
    assert_eq!(node["potentialAction"]["@type"], "ApplyAction");
    // Where nobody is looked for, the listing leads nowhere.
    app.patch(
        &format!("/v1/deliverables/{deliverable}"),
        &json!({"status": "cancelled"}),
    )
    .expect(200);
    let links = open(app, &path).expect(200).json()["links"].clone();
    assert_includes(&links, &json!({"deliverable": null, "apply": null}));
    app.patch(
        &format!("/v1/events/{id}"),
        &json!({"takes_registrations": false}),
    )
    .expect(200);
    assert_eq!(
        open(app, &path).expect(200).json()["links"]["register"],
        Value::Null
    );
}

fn programs_read_listings_in_their_formats(app: &TestApp) {
    let seminar = event(
        app,
        json!({"title": "=広報, の\"基礎\"", "kana": "コウホウノキソ", "description": "一行目\n二行目 <b>&\u{b}", "fee_yen": 0,
        "place": {"name": "新宿区役所", "address": "東京都新宿区歌舞伎町1-4-1", "wheelchair": true}, "online": true,
        "online_url": "https://example.jp/secret-room", "series": "ゼミ", "capacity": 30, "audience": "住民",
        "contact": {"office": "社会福祉協議会", "phone": "03-0000-0000"}, "registration_closes_at": "2199-10-01T17:00:00+09:00",
        "speakers": [{"name": "田中 さくら", "affiliation": "研究所"}],
        "times": [{"starts_at": "2199-10-08T13:30:00+09:00", "ends_at": "2199-10-08T16:00:00+09:00", "label": "前編"},
                  {"starts_at": "2199-10-15T13:30:00+09:00", "ends_at": "2199-10-15T16:00:00+09:00"}]}),
    );
    let of_month = event(
        app,
        json!({"title": "月だけの会", "times": [], "month": "2199-12"}),
    );
    let counted = open(app, "/v1/listings?count=true&limit=1").expect(200).json();
    assert_eq!(counted["total"], json!({"count": 2, "exact": true}));
    // iCalendar.
    for (id, has_day) in [(&seminar, true), (&of_month, false)] {
        let page = open(app, &format!("/events/{id}")).expect(200).text;
        assert_eq!(page.contains("event.ics"), has_day, "{page}");
        assert_eq!(page.contains("カレンダーに追加"), has_day);
    }
    for (query, month) in [("", "2199年12月"), ("?lang=en", "December 2199")] {
        let page = open(app, &format!("/events/{of_month}{query}")).expect(200).text;
        assert!(page.contains(&format!("<dd>{month}</dd>")), "{page}");
        let list = open(app, &format!("/events{query}")).expect(200).text;
        assert!(list.contains(month) && !list.contains("2199-12"), "{list}");
    }
    // What a newsletter or a social network appends to an address leads to the same page.
    for path in ["/events", "/openings", "/cards", "/posts", "/publications"] {
        open(app, &format!("{path}?utm_source=line&fbclid=1")).expect(200);
        open(app, &format!("{path}?utm=1")).expect(400);
    }
    let calendar = open(app, "/v1/listings.ics?area=131041").expect(200);
    assert!(calendar.header("content-type").starts_with("text/calendar"));
    let unfolded = calendar.text.replace("\r\n ", "");
    for line in [
        format!("UID:event-{seminar}-1@musubi"),
        "DTSTART:21991008T043000Z".to_owned(),
        "STATUS:CONFIRMED".to_owned(),
    ] {
        assert!(unfolded.contains(&format!("{line}\r\n")), "{line}\n{unfolded}");
    }
    assert_eq!(unfolded.matches("BEGIN:VEVENT").count(), 2);
    // Atom.
    let feed = open(app, "/v1/listings.atom?lang=en").expect(200);
    assert!(feed.header("content-type").starts_with("application/atom+xml"));
    assert!(
        feed.text
            .contains("<title>Events and openings for volunteers</title>")
    );
    assert!(feed.text.contains("rel=\"self\"") && !feed.text.contains('\u{b}'));
    assert!(
        feed.text.contains(&format!("/events/{seminar}?lang=en\"")),
        "{}",
        feed.text
    );
    assert_eq!(feed.text.matches("<entry>").count(), 2);
    // JSON-LD.
    let graph = open(app, "/v1/listings.jsonld").expect(200);
    assert_eq!(graph.header("content-type"), "application/ld+json");
    assert_eq!(graph.json()["@graph"].as_array().unwrap().len(), 2);
    assert_eq!(graph.json()["@graph"][1]["startDate"], "2199-12");
    assert_includes(
        &graph.json()["@graph"][0],
        &json!({"@type": "EducationEvent", "@id": format!("urn:uuid:{seminar}"), "startDate": "2199-10-08T13:30:00+09:00",
            "endDate": "2199-10-15T16:00:00+09:00", "isAccessibleForFree": true,
            "eventAttendanceMode": "https://schema.org/MixedEventAttendanceMode", "maximumAttendeeCapacity": 30,
            "offers": {"price": 0, "priceCurrency": "JPY"}, "superEvent": {"name": "ゼミ"}}),
    );
    // CSV: the columns of the published definition.
    let csv = open(app, "/v1/listings.csv").expect(200);
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let definition: Value =
        serde_json::from_str(include_str!("../fixtures/event_list_columns.json")).unwrap();
    let plain = csv.text.strip_prefix('\u{feff}').expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new().from_reader(plain.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(json!(header), definition["columns"]);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    let cell = |row: &csv::StringRecord, column: &str| {
        let at = header.iter().position(|name| name == column).unwrap();
        row[at].to_owned()
    };
    for required in definition["required"].as_array().unwrap() {
        let required = text(required);
        assert!(!cell(&rows[0], &required).is_empty(), "{required}");
    }
    for (column, value) in [
        ("都道府県コード又は市区町村コード", "131041"),
        ("都道府県名", "東京都"),
        ("市区町村名", "新宿区"),
        ("イベント名", "'=広報, の\"基礎\""),
        ("開始日", "2199-10-08"),
        ("終了日", "2199-10-15"),
        ("開始時間", "13:30"),
        ("終了時間", "16:00"),
        ("料金(基本)", "0"),
        ("料金(詳細)", "無料"),
        ("参加申込終了日", "2199-10-01"),
        ("参加申込終了時間", "17:00"),
        ("備考", "オンラインで参加できます；車椅子可；対象：住民"),
    ] {
        assert_eq!(cell(&rows[0], column), value, "{column}");
    }
    assert_eq!(
        (cell(&rows[1], "開始日"), cell(&rows[1], "終了日")),
        ("2199-12-01".into(), "2199-12-31".into())
    );
    for answer in [&calendar, &feed, &graph, &csv] {
        assert!(!answer.text.contains("secret-room"));
    }
    // A long list goes on.
    let part = open(app, "/v1/listings.csv?limit=1").expect(200);
    let link = part.header("link");
    let next = link
        .strip_prefix('<')
        .and_then(|link| link.split_once(">; rel=\"next\""))
        .unwrap()
        .0;
    assert!(open(app, next).expect(200).text.contains("月だけの会"));
}

fn public_caches_keep_listings_and_an_address_reads_them_so_often(app: &TestApp) {
    let id = event(app, json!({}));
    for path in [
        "/v1/listings".to_owned(),
        "/v1/listings.ics".to_owned(),
        "/v1/listings.atom".to_owned(),
        "/v1/listings.csv".to_owned(),
        "/v1/listings.jsonld".to_owned(),
        format!("/v1/listings/{id}"),
        format!("/v1/listings/{id}/event.ics"),
        format!("/v1/listings/{id}/event.jsonld"),
    ] {
        let bearer = format!("Bearer {}", app.admin);
        let answer = app
            .send("GET", &path, &[("authorization", bearer.as_str())], b"")
            .expect(200);
        assert_eq!(answer.header("cache-control"), "public, max-age=60", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert!(answer.header("last-modified").ends_with("GMT"), "{path}");
        assert!(
            ["", "Accept-Encoding"].contains(&answer.header("vary")),
            "{path} {}",
            answer.header("vary")
        );
        let known = [("if-none-match", answer.header("etag"))];
        let unchanged = app.send("GET", &path, &known, b"").expect(304);
        assert_eq!(unchanged.header("cache-control"), "public, max-age=60");
    }
    let server = app.another_with(&["--public-reads-per-minute=2", "--trusted-proxies=127.0.0.1"]);
    let read = |address: &str| server.send("GET", "/v1/listings", &[("x-forwarded-for", address)], b"");
    // The minute may end in between, but not twice.
    let answers: Vec<Response> = (0..6).map(|_| read("192.0.2.1")).collect();
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!(refused.code(), "too_many_requests");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait));
    read("192.0.2.2").expect(200);
}

fn people_and_search_engines_read_pages_without_scripts(app: &TestApp) {
    let id = event(
        app,
        json!({"title": "<b>広報</b> & \"基礎\"", "description": "</script><script>alert(1)</script>", "fee_yen": 0,
        "url": "https://example.jp/?a=1&b=2", "place": {"name": "新宿区役所", "wheelchair": true}}),
    );
    event(app, json!({"title": "配達の手伝い", "kind": "volunteer_opening"}));
    let path = format!("/events/{id}");
    let page = open(app, &path).expect(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "public, max-age=60");
    assert!(page.header("vary").contains("Accept-Language"));
    for part in [
        "<html lang=\"ja\">",
        "<title>&lt;b&gt;広報&lt;/b&gt; &amp; &quot;基礎&quot;</title>",
        "<meta name=\"description\" content=\"2199年10月8日（火） 13:30〜16:00 · 新宿区役所",
        "<meta property=\"og:title\" content=\"&lt;b&gt;",
        &format!("<link rel=\"canonical\" href=\"https://musubi.example.jp{path}\">"),
        "<link rel=\"alternate\" type=\"text/calendar\"",
        "<dd>無料</dd>",
        "href=\"https://example.jp/?a=1&amp;b=2\"",
    ] {
        assert!(page.text.contains(part), "{part}\n{}", page.text);
    }
    // The only script element has data, whose hash the policy allows.
    let (_, rest) = page
        .text
        .split_once("<script type=\"application/ld+json\">")
        .unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    assert_eq!(page.text.matches("<script").count(), 1);
    let node: Value = serde_json::from_str(data).unwrap();
    assert_eq!(node["@context"], "https://schema.org");
    assert_eq!(node["description"], "</script><script>alert(1)</script>");
    let hash = {
        use base64::Engine;
        use sha2::Digest;
        base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(data))
    };
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains(&format!("script-src 'sha256-{hash}'")),
        "{policy}"
    );
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self';"),
        "{policy}"
    );
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert!(
        open(app, "/listings.css")
            .expect(200)
            .header("content-type")
            .starts_with("text/css")
    );
    // The icon, which the page may load.
    assert!(
        page.text
            .contains("<link rel=\"icon\" type=\"image/svg+xml\" href=\"/mark.svg\">")
    );
    assert!(policy.contains("img-src 'self';"), "{policy}");
    let icon = open(app, "/mark.svg").expect(200);
    assert_eq!(icon.header("content-type"), "image/svg+xml");
    // In the reader's language, or in that of the address.
    let english = app
        .send("GET", &path, &[("accept-language", "en")], b"")
        .expect(200);
    assert!(english.text.contains("<html lang=\"en\">") && english.text.contains("free of charge"));
    let named = open(app, &format!("{path}?lang=en")).expect(200);
    assert!(named.text.contains("<html lang=\"en\">") && !named.header("vary").contains("Accept-Language"));
    // Pages of a language that the address names lead to pages in it, those of the browser's language to plain addresses.
    for named in [&named.text, &open(app, "/events?lang=en").expect(200).text] {
        assert!(named.contains("<a href=\"/cards?lang=en\">") && !named.contains("<a href=\"/cards\">"));
        assert!(!named.contains("<a href=\"/events\">"));
    }
    assert!(english.text.contains("<a href=\"/cards\">") && !english.text.contains("lang=en\""));
    let list = open(app, "/events?lang=en").expect(200).text;
    assert!(list.contains(&format!("{path}?lang=en\">")), "{list}");
    // Lists, as a form asks for them: with empty fields.
    let list = open(app, "/events?q=&from=2199-10-01&to=&area=131041&kind=").expect(200);
    assert!(list.text.contains("配達の手伝い") && list.text.contains("&lt;b&gt;広報"));
    assert!(list.text.contains("value=\"2199-10-01\""));
    let calendar = "href=\"https://musubi.example.jp/v1/listings.ics?from=2199-10-01&amp;area=131041\"";
    assert!(list.text.contains(calendar), "{}", list.text);
    let openings = open(app, "/openings").expect(200);
    assert!(openings.text.contains("配達の手伝い") && !openings.text.contains("広報"));
    assert!(openings.text.contains("/v1/listings.csv?kind=volunteer_opening"));
    let first = open(app, "/events?limit=1").expect(200);
    let (_, link) = first.text.split_once("<a href=\"/events?").unwrap();
    let (next, _) = link.split_once('"').unwrap();
    let second = open(app, &format!("/events?{}", next.replace("&amp;", "&"))).expect(200);
    assert!(!second.text.contains("cursor="));
    // What is wrong is said on a page.
    for (wrong, status) in [
        ("/events?from=x", 400),
        ("/events?area=999999", 422),
        ("/events/x", 400),
        ("/events/0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", 404),
    ] {
        let refused = open(app, wrong).expect(status);
        assert!(
            refused.text.contains("<h1>表示できません</h1>") && refused.text.contains("noindex"),
            "{wrong}"
        );
        assert_eq!(refused.header("cache-control"), "no-store");
    }
    let over = event(
        app,
        json!({"times": [{"starts_at": "2020-10-08T13:30:00+09:00"}]}),
    );
    let over = open(app, &format!("/events/{over}")).expect(200);
    assert!(over.text.contains("終了しました") && over.text.contains("noindex"));
}

/// Sends a form as a browser does.
fn submit(app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Response {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let content = [("content-type", "application/x-www-form-urlencoded")];
    app.send("POST", path, &content, body.as_bytes())
}

fn the_page_of_a_full_session_says_which_others_have_places(app: &TestApp) {
    let session = |number: &str, day: &str, more: Value| {
        let mut body = json!({"series": "広報ゼミ", "number": number, "capacity": 1,
            "times": [{"starts_at": format!("2199-10-{day}T13:30:00+09:00")}]});
        merge(&mut body, more);
        event(app, body)
    };
    let fill = |id: &str| {
        let path = format!("/v1/events/{id}/registrations");
        app.post(&path, &json!({"name": "一"})).expect(201);
    };
    let first = session("第1回", "08", json!({}));
    let second = session("第2回", "15", json!({}));
    let third = session("第3回", "22", json!({"waiting_list": false}));
    session("第0回", "01", json!({"status": "draft"}));
    session("第4回", "29", json!({"series": "会計ゼミ"}));
    let past = json!({"times": [{"starts_at": "2020-10-01T13:30:00+09:00"}]});
    session("第9回", "01", past);
    let list = |id: &str, query: &str| {
        let page = open(app, &format!("/events/{id}?{query}")).expect(200).text;
        let (_, others) = page.split_once("<ul class=\"listings\">").unwrap();
        let (others, _) = others.split_once("</ul>").unwrap();
        let items: Vec<String> = others
            .split("<li>")
            .skip(1)
            .map(|one| one.split_once("</a> ").unwrap().1.trim().replace("</li>", ""))
            .collect();
        (items, page)
    };
    fill(&first);
    let (others, page) = list(&first, "lang=ja");
    assert_eq!(
        others,
        [
            "2199年10月15日（火） 13:30〜 · 受付中",
            "2199年10月22日（火） 13:30〜 · 受付中"
        ]
    );
    assert!(page.contains("<strong>満席（キャンセル待ち受付中）</strong>") && page.contains("第2回</a>"));
    assert!(!page.contains("ほかの回にも空席はありません。"));
    // Where no session has a place, the page says so, and takes those who wait.
    fill(&second);
    fill(&third);
    let (others, page) = list(&first, "lang=en");
    assert_eq!(
        others,
        [
            "Tue 2199-10-15 13:30– · Full (waiting list)",
            "Tue 2199-10-22 13:30– · Full"
        ]
    );
    assert!(
        page.contains("No other session has a free place.") && page.contains("<form class=\"registration\"")
    );
    let (_, page) = list(&third, "lang=ja");
    assert!(page.contains("ほかの回にも空席はありません。") && !page.contains("<button>申し込む"));
    assert!(!page.contains("受付中</dd>"));
}

fn people_register_with_a_form_without_scripts(app: &TestApp) {
    let id = event(
        app,
        json!({"capacity": 1, "waiting_list": true, "online_url": "https://example.jp/secret-room", "online": true}),
    );
    let path = format!("/events/{id}");
    // What the form offers is what the rule allows: four for a guest, and no more than there are.
    let places = |most: i32| format!("name=\"places\" min=\"1\" max=\"{most}\"");
    let roomy = event(app, json!({"capacity": 9}));
    let roomy = open(app, &format!("/events/{roomy}")).expect(200);
    assert!(roomy.text.contains(&places(4)), "{}", roomy.text);
    let page = open(app, &path).expect(200);
    assert!(page.text.contains(&places(1)), "{}", page.text);
    for part in [
        &format!("<form class=\"registration\" method=\"post\" action=\"/events/{id}\">"),
        "<input type=\"email\" name=\"email\" autocomplete=\"email\" maxlength=\"254\" value=\"\" required>",
        "name=\"website\" tabindex=\"-1\"",
    ] {
        assert!(page.text.contains(part), "{part}\n{}", page.text);
    }
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self'")
    );
    // What is wrong is said beside the field, and what was typed stays.
    let typed = [
        ("name", "山田 \"花子\" <b>"),
        ("email", "hanako"),
        ("places", "三"),
        ("note", "車椅子で\r\n行きます"),
    ];
    let refused = submit(app, &path, &typed).expect(422);
    for part in [
        "手続きは完了していません。",
        "value=\"山田 &quot;花子&quot; &lt;b&gt;\" required>",
        "value=\"三\" aria-invalid=\"true\" aria-describedby=\"places-fault\">",
        "<span class=\"fault\" id=\"places-fault\">",
        ">車椅子で\n行きます</textarea>",
    ] {
        assert!(refused.text.contains(part), "{part}\n{}", refused.text);
    }
    assert_eq!(refused.header("cache-control"), "no-store");
    assert!(
        refused
            .header("content-security-policy")
            .contains("script-src 'sha256-")
    );
    let typed = [("name", "山田 花子"), ("email", "hanako"), ("places", "1")];
    let refused = submit(app, &path, &typed).expect(422);
    assert!(
        refused
            .text
            .contains("value=\"hanako\" required aria-invalid=\"true\" aria-describedby=\"email-fault\">")
    );
    let empty = submit(app, &format!("{path}?lang=en"), &[]).expect(422);
    assert_eq!(empty.text.matches("Fill in this field.").count(), 2);
    assert!(
        empty.text.contains("<html lang=\"en\">")
            && empty.text.contains(&format!("action=\"{path}?lang=en\""))
    );
    let guest =
        |name: &str, email: &str| submit(app, &path, &[("name", name), ("email", email), ("phone", "")]);
    let trap = submit(
        app,
        &path,
        &[
            ("name", "x"),
            ("email", "x@example.jp"),
            ("website", "https://spam.example"),
        ],
    );
    assert!(
        trap.expect(422)
            .text
            .contains("この項目は空のままにしてください。")
    );
    // Registered, twice, and on the waiting list.
    let state = |id: &str| {
        let listing = open(app, &format!("/v1/listings/{id}")).expect(200).json();
        let node = open(app, &format!("/v1/listings/{id}/event.jsonld"))
            .expect(200)
            .json();
        (
            text(&listing["registration"]),
            listing["links"]["register"].is_string(),
            node["offers"]["availability"].clone(),
        )
    };
    assert_eq!(state(&id).0, "open");
    assert!(!open(app, &path).text.contains("満席"));
    let done = guest("山田 花子", "hanako@example.jp").expect(200);
    let sold_out = json!("https://schema.org/SoldOut");
    assert_eq!(state(&id), ("waiting_list".to_owned(), true, sold_out.clone()));
    assert!(
        open(app, &path)
            .text
            .contains("<strong>満席（キャンセル待ち受付中）</strong>")
    );
    assert!(
        open(app, "/events?lang=en")
            .text
            .contains("<strong>Full (waiting list)</strong>")
    );
    assert!(
        open(app, "/v1/listings.csv")
            .text
            .contains("満席（キャンセル待ち受付中）")
    );
    app.patch(&format!("/v1/events/{id}"), &json!({"waiting_list": false}))
        .expect(200);
    assert_eq!(state(&id), ("full".to_owned(), false, sold_out));
    assert!(!open(app, &path).text.contains("<button>申し込む"));
    app.patch(&format!("/v1/events/{id}"), &json!({"waiting_list": true}))
        .expect(200);
    for part in [
        "<h1>申し込みました</h1>",
        "https://example.jp/secret-room",
        "mrg_",
        "noindex",
    ] {
        assert!(done.text.contains(part), "{part}\n{}", done.text);
    }
    assert_eq!(done.header("cache-control"), "no-store");
    let twice = guest("山田 花子", "HANAKO@example.jp").expect(409);
    assert!(
        twice
            .text
            .contains("id=\"email-fault\">すでに申し込まれています。"),
        "{}",
        twice.text
    );
    assert!(twice.text.contains("value=\"HANAKO@example.jp\""));
    let waiting = guest("佐藤 実", "minoru@example.jp").expect(200);
    assert!(waiting.text.contains("<h1>キャンセル待ちに登録しました</h1>"));
    assert!(!waiting.text.contains("secret-room"));
    let listed = |status: &str| {
        let list = app
            .get(&format!("/v1/events/{id}/registrations"))
            .expect(200)
            .json();
        let items = list["items"].as_array().unwrap().iter();
        items
            .filter(|one| one["status"] == status)
            .map(|one| text(&one["name"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (listed("registered"), listed("waiting")),
        (vec!["山田 花子".to_owned()], vec!["佐藤 実".to_owned()])
    );
    // With the number of the registration it is cancelled, and who waits moves up.
    let (_, rest) = done.text.split_once("mrg_").unwrap();
    let (rest, _) = rest.split_once('<').unwrap();
    let cancellation = "/registration/cancellation";
    let wrong = submit(app, cancellation, &[("secret", "mrg_x")]).expect(422);
    assert!(wrong.text.contains("action=\"/registration\"") && wrong.text.contains("id=\"secret-fault\">"));
    let cancelled = submit(app, cancellation, &[("secret", &format!("mrg_{rest}"))]).expect(200);
    assert!(cancelled.text.contains("<h1>申込みを取り消しました</h1>"));
    assert_eq!(listed("registered"), ["佐藤 実"]);
    // Full without a waiting list, closed, over, unknown, and another kind of body.
    let change = |change: Value| drop(app.patch(&format!("/v1/events/{id}"), &change).expect(200));
    change(json!({"waiting_list": false}));
    let full = guest("鈴木 一", "hajime@example.jp").expect(409);
    assert!(full.text.contains("定員に達しています。") && !full.text.contains("name=\"email\""));
    assert!(full.text.contains("<strong>満席</strong>"));
    change(json!({"takes_registrations": false}));
    let closed = guest("鈴木 一", "hajime@example.jp").expect(409);
    assert!(closed.text.contains("申込みは受け付けていません。") && !closed.text.contains("name=\"email\""));
    let over = event(
        app,
        json!({"times": [{"starts_at": "2020-10-08T13:30:00+09:00"}]}),
    );
    let over = submit(
        app,
        &format!("/events/{over}"),
        &[("name", "x"), ("email", "x@example.jp")],
    )
    .expect(409);
    assert!(over.text.contains("終了しました"));
    submit(
        app,
        &format!("/events/{}", musubi::db::Id::new()),
        &[("name", "x"), ("email", "x@example.jp")],
    )
    .expect(404);
    let content = [("content-type", "multipart/form-data; boundary=x")];
    let other = app.send("POST", &path, &content, b"--x--").expect(415);
    assert!(other.text.contains("<h1>表示できません</h1>"));
    // An address that sends too many waits, and keeps what it typed.
    let answers: Vec<Response> = (0..40).map(|_| guest("鈴木 一", "hajime@example.jp")).collect();
    let slowed = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert!(!slowed.header("retry-after").is_empty());
}

fn guests_find_their_registration_on_a_page_of_its_own(app: &TestApp) {
    let questions = json!([{"kind": "scale", "text": "役に立ちましたか。"},
        {"kind": "choice", "text": "何で知りましたか。", "choices": ["広報", "知人"]}, {"kind": "text", "text": "ご意見"}]);
    let id = event(
        app,
        json!({"questions": questions, "online": true, "online_url": "https://example.jp/secret-room",
            "place": {"name": "区民ホール", "address": "歌舞伎町1-5-1"}}),
    );
    let path = format!("/v1/events/{id}");
    let guest = |email: &str| {
        submit(
            app,
            &format!("/events/{id}"),
            &[("name", "花子"), ("email", email)],
        )
    };
    let made = guest("hanako@example.jp").expect(200).text;
    let (_, rest) = made.split_once("<a href=\"/registration?secret=").unwrap();
    let (secret, _) = rest.split_once('"').unwrap();
    let page = || open(app, &format!("/registration?secret={secret}")).expect(200);
    let shown = page();
    for part in [
        "<h1>申し込まれています</h1>",
        "2199年10月8日（火） 13:30〜16:00",
        "<dd>区民ホール（歌舞伎町1-5-1） / オンライン</dd>",
        "https://example.jp/secret-room",
        "<link rel=\"canonical\" href=\"/registration\">",
        "noindex",
        "action=\"/registration/cancellation\"",
    ] {
        assert!(shown.text.contains(part), "{part}\n{}", shown.text);
    }
    assert!(!shown.text.contains("アンケート</h2>"), "{}", shown.text);
    assert_eq!(shown.header("cache-control"), "no-store");
    assert_eq!(shown.header("referrer-policy"), "no-referrer");
    // It says that the event was moved, and why; then its questionnaire opens.
    let begun = json!({"times": [{"starts_at": "2026-01-08T13:30:00+09:00", "ends_at": "2199-10-08T16:00:00+09:00"}],
        "notice": "会場の都合で早めました。"});
    app.patch(&path, &begun).expect(200);
    let shown = page();
    for part in [
        "日程または会場が変更されました。",
        "会場の都合で早めました。",
        "2026年1月8日（木）",
        "name=\"replies/2\"",
        "<option value=\"知人\">",
    ] {
        assert!(shown.text.contains(part), "{part}\n{}", shown.text);
    }
    let answers = [
        ("secret", secret),
        ("replies/0", "4"),
        ("replies/1", "新聞"),
        ("replies/2", "<b>次も</b>"),
    ];
    let refused = submit(app, "/registration/answers", &answers).expect(422);
    for part in [
        "手続きは完了していません。",
        "id=\"replies/1-fault\">",
        "<option value=\"4\" selected>",
        ">&lt;b&gt;次も&lt;/b&gt;</textarea>",
    ] {
        assert!(refused.text.contains(part), "{part}\n{}", refused.text);
    }
    let answers = [("secret", secret), ("replies/0", "4"), ("replies/1", "知人")];
    let taken = submit(app, "/registration/answers?lang=en", &answers).expect(200);
    assert!(taken.text.contains("Your answers were taken"), "{}", taken.text);
    let twice = submit(app, "/registration/answers", &answers).expect(409);
    assert!(
        twice.text.contains("アンケートは回答済みです。"),
        "{}",
        twice.text
    );
    let summary = app.get(&format!("{path}/answers")).expect(200).json();
    assert_includes(
        &summary,
        &json!({"count": 1, "questions": [{"mean": 4.0}, {"answered": 1}, {"answered": 0}]}),
    );
    // Who took part deletes what they entered. That cancels nothing, and doesn't say so.
    let came = guest("saburo@example.jp").expect(200).text;
    let (_, rest) = came.split_once("<a href=\"/registration?secret=").unwrap();
    let (came, _) = rest.split_once('"').unwrap();
    let list = app.get(&format!("{path}/registrations")).expect(200).json();
    let mut items = list["items"].as_array().unwrap().iter();
    let one = items.find(|one| one["email"] == "saburo@example.jp").unwrap();
    let one = format!("{path}/registrations/{}", text(&one["id"]));
    app.patch(&one, &json!({"status": "attended"})).expect(200);
    let shown = submit(app, "/registration", &[("secret", came)]).expect(200);
    assert!(shown.text.contains("入力した内容を削除する"), "{}", shown.text);
    let gone = submit(app, "/registration/cancellation", &[("secret", came)]).expect(200);
    assert!(gone.text.contains("<h1>削除しました</h1>"), "{}", gone.text);
    assert!(!gone.text.contains("取り消しました"), "{}", gone.text);
    assert_includes(
        &app.get(&one).expect(200).json(),
        &json!({"status": "attended", "email": null}),
    );
    // A cancelled event is said to be cancelled, whatever the registration says.
    let other = guest("jiro@example.jp").expect(200).text;
    let (_, rest) = other.split_once("<a href=\"/registration?secret=").unwrap();
    let (other, _) = rest.split_once('"').unwrap();
    let stale = json!({"status": "cancelled"});
    assert_eq!(
        app.patch(&path, &stale).expect(422).faults(),
        [("/notice".into(), "missing_field".into())],
        "the notice explains the move"
    );
    app.patch(&path, &json!({"status": "cancelled", "notice": "台風のため"}))
        .expect(200);
    let shown = page();
    assert!(shown.text.contains("<h1>イベントは中止になりました</h1>") && shown.text.contains("台風のため"));
    assert!(!shown.text.contains("secret-room"));
    let receipt = json!({"secret": other}).to_string();
    let content = [("content-type", "application/json")];
    let receipt = app.send(
        "POST",
        "/v1/registration-secrets/show",
        &content,
        receipt.as_bytes(),
    );
    assert_includes(
        &receipt.expect(200).json(),
        &json!({"event_status": "cancelled", "notice": "台風のため", "status": "registered", "online_url": null,
            "times": [{"starts_at": "2026-01-08T04:30:00.000000Z"}]}),
    );
    // The number opens it, too, and cancels it once and for all.
    let by_number = submit(app, "/registration", &[("secret", other)]).expect(200);
    assert!(by_number.text.contains("<h1>イベントは中止になりました</h1>"));
    assert!(by_number.text.contains("<dd>中止</dd>") && !by_number.text.contains("申込済み"));
    submit(app, "/registration/cancellation", &[("secret", other)]).expect(200);
    let gone = submit(app, "/registration", &[("secret", other)]).expect(200);
    assert!(gone.text.contains("<h1>申込みは取り消されています</h1>"));
    assert!(!gone.text.contains("action=\"/registration/cancellation\""));
    // Without a secret, and with a wrong one.
    let asked = open(app, "/registration").expect(200);
    assert!(asked.text.contains("name=\"secret\""));
    let wrong = open(app, "/registration?secret=mrg_x").expect(422);
    assert!(
        wrong.text.contains("この申込みは見つかりません。"),
        "{}",
        wrong.text
    );
    for path in ["/registration/answers", "/registration"] {
        submit(app, path, &[]).expect(422);
    }
    // The addresses that the browser shows then are no dead ends, and tell no secret.
    for path in ["/registration/answers", "/registration/cancellation"] {
        let led = open(app, &format!("{path}?secret=mrg_x")).expect(200);
        assert!(led.text.contains("action=\"/registration\"") && !led.text.contains("mrg_x"));
    }
}

fn a_page_says_how_to_answer_an_opening_and_what_its_breakouts_are(app: &TestApp) {
    let opening = |more: Value| {
        let mut body = json!({"kind": "volunteer_opening", "title": "配達の手伝い"});
        merge(&mut body, more);
        let id = event(app, body);
        let node = open(app, &format!("/v1/listings/{id}/event.jsonld"))
            .expect(200)
            .json();
        (open(app, &format!("/events/{id}")).expect(200).text, node)
    };
    let (page, node) = opening(
        json!({"contact": {"office": "社会福祉協議会", "phone": "03-1234-5678"},
        "registration_closes_at": "2199-10-01T17:00:00+09:00"}),
    );
    for part in [
        "応募のしかた</h2>",
        "<a href=\"#registration\">このページの申込みフォーム</a>（2199年10月1日（火） 17:00まで）",
        "社会福祉協議会 <a href=\"tel:0312345678\">03-1234-5678</a>",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert_eq!(node["potentialAction"]["@type"], "JoinAction");
    assert_eq!(node["organizer"][0]["telephone"], "03-1234-5678");
    let (page, node) = opening(json!({"takes_registrations": false, "url": "https://example.jp/help"}));
    assert!(page.contains("募集団体のページ</a>") && !page.contains("#registration"));
    assert_eq!(node["potentialAction"]["@type"], "JoinAction");
    let (page, node) = opening(json!({"takes_registrations": false}));
    assert!(page.contains("応募は受け付けていません。"));
    assert_eq!(node["potentialAction"], Value::Null);
    let breakouts = json!([{"title": "<移動支援>", "starts_at": "2199-10-08T14:00:00+09:00",
        "ends_at": "2199-10-08T15:00:00+09:00", "room": "301", "speakers": [{"name": "田中", "affiliation": "研究所"}]}]);
    let id = event(app, json!({"kind": "conference", "breakouts": breakouts}));
    let page = open(app, &format!("/events/{id}")).expect(200).text;
    let expected =
        "<h3>&lt;移動支援&gt;</h3>\n<p>2199年10月8日（火） 14:00〜15:00 · 301 · 田中（研究所）</p>";
    assert!(
        page.contains(expected) && !page.contains("応募のしかた"),
        "{page}"
    );
    let node = open(app, &format!("/v1/listings/{id}/event.jsonld"))
        .expect(200)
        .json();
    assert_includes(&node["subEvent"][0], &json!({"location": {"name": "301"}}));
}

fn events_are_found_on_each_of_their_days_and_by_their_signs(app: &TestApp) {
    let days = |one: &str, two: &str| json!([{"starts_at": format!("2199-{one}T10:00:00+09:00")}, {"starts_at": format!("2199-{two}T10:00:00+09:00")}]);
    event(
        app,
        json!({"title": "二日間の講座？", "times": days("12-01", "12-03")}),
    );
    event(
        app,
        json!({"title": "翌日に分科会", "times": [{"starts_at": "2199-12-05T10:00:00+09:00", "ends_at": "2199-12-05T12:00:00+09:00"}],
            "breakouts": [{"title": "分科会", "starts_at": "2199-12-06T00:30:00+09:00"}]}),
    );
    let found = |query: &str| titles(&open(app, &format!("/v1/listings?{query}")).expect(200));
    for (query, expected) in [
        ("from=2199-12-01&to=2199-12-01", &["二日間の講座？"][..]),
        ("from=2199-12-02&to=2199-12-02", &[]),
        ("from=2199-12-02&to=2199-12-03", &["二日間の講座？"]),
        ("from=2199-12-03&to=2199-12-03", &["二日間の講座？"]),
        ("from=2199-12-04&to=2199-12-05", &["翌日に分科会"]),
        ("from=2199-12-06&to=2199-12-06", &["翌日に分科会"]),
        ("from=2199-12-07", &[]),
        ("to=2199-12-01", &["二日間の講座？"]),
        ("to=2199-11-30", &[]),
        // Signs alone find those signs, as they are or wide.
        ("q=%EF%BC%9F", &["二日間の講座？"]),
        ("q=%3F", &["二日間の講座？"]),
        ("q=%E2%98%85", &[]),
        ("q=%25", &[]),
        ("q=_", &[]),
        ("q=%E8%AC%9B%E5%BA%A7%EF%BC%9F", &["二日間の講座？"]),
    ] {
        assert_eq!(found(query), expected, "{query}");
        // Lists with a token find the same days.
        if !query.contains("q=") {
            let query = query.replace("to=", "until=");
            assert_eq!(
                titles(&app.get(&format!("/v1/events?{query}")).expect(200)),
                expected
            );
        }
    }
    // A page shows the time of the days that were asked for, and how many others there are.
    let second = open(app, "/events?from=2199-12-02").expect(200).text;
    let shown = "2199年12月3日（火） 10:00〜（ほか1回）";
    assert!(
        second.contains(shown) && !second.contains("2199年12月1日"),
        "{second}"
    );
    let first = open(app, "/events?lang=en&to=2199-12-01").expect(200).text;
    assert!(first.contains("Sun 2199-12-01 10:00– and 1 more"), "{first}");
    // The page offers the areas by their names.
    let page = open(app, "/events?area=13104").expect(200).text;
    assert!(
        page.contains("<option value=\"131041\" selected>新宿区</option>"),
        "{page}"
    );
    let english = open(app, "/events?lang=en").expect(200).text;
    assert!(
        english.contains("<option value=\"131041\">Shinjuku-ku</option>"),
        "{english}"
    );
}

fn a_day_without_hours_is_a_day_in_every_format(app: &TestApp) {
    let id = event(
        app,
        json!({"title": "報告会", "times": [], "month": "2199-12-24"}),
    );
    let shown = app.get(&format!("/v1/events/{id}")).expect(200).json();
    assert_includes(
        &shown,
        &json!({"times": [], "month": "2199-12-24", "fiscal_year": 2199}),
    );
    for (query, found) in [
        ("from=2199-12-24&to=2199-12-24", 1),
        ("from=2199-12-25", 0),
        ("to=2199-12-23", 0),
    ] {
        let page = open(app, &format!("/v1/listings?{query}")).expect(200);
        assert_eq!(titles(&page).len(), found, "{query}");
    }
    for (query, day) in [("", "2199年12月24日（火）"), ("?lang=en", "Tue 2199-12-24")] {
        let page = open(app, &format!("/events/{id}{query}")).expect(200).text;
        assert!(
            page.contains(&format!("<dd>{day}</dd>")) && page.contains("event.ics"),
            "{page}"
        );
        let list = open(app, &format!("/events{query}")).expect(200).text;
        assert!(list.contains(day), "{list}");
    }
    let calendar = open(app, "/v1/listings.ics").expect(200).text;
    for line in [
        format!("UID:event-{id}-0@musubi"),
        "DTSTART;VALUE=DATE:21991224".to_owned(),
    ] {
        assert!(calendar.contains(&format!("{line}\r\n")), "{line}\n{calendar}");
    }
    assert!(!calendar.contains("DTEND"), "{calendar}");
    let data = open(app, &format!("/v1/listings/{id}/event.jsonld"))
        .expect(200)
        .json();
    assert_eq!(
        (&data["startDate"], &data["endDate"]),
        (&json!("2199-12-24"), &Value::Null)
    );
    let feed = open(app, "/v1/listings.atom").expect(200).text;
    assert!(feed.contains("2199年12月24日（火）"), "{feed}");
    let csv = open(app, "/v1/listings.csv").expect(200).text;
    assert!(csv.contains(",2199-12-24,2199-12-24,,,時刻は未定,"), "{csv}");
    // To say the hours of that day moves nobody, and another day does.
    let path = format!("/v1/events/{id}");
    let other = json!({"month": "2199-12-25"});
    assert_eq!(
        app.patch(&path, &other).expect(422).faults(),
        [("/notice".into(), "missing_field".into())]
    );
    let hours = json!({"times": [{"starts_at": "2199-12-24T13:30:00+09:00"}]});
    assert_includes(
        &app.patch(&path, &hours).expect(200).json(),
        &json!({"month": "2199-12-24", "moved_at": null}),
    );
    // A day that the times leave behind goes.
    let next = json!({"times": [{"starts_at": "2199-12-25T13:30:00+09:00"}], "notice": "翌日にします。"});
    assert_eq!(app.patch(&path, &next).expect(200).json()["month"], Value::Null);
    for wrong in ["2199-12-32", "2199-2-01", "2199-02-29"] {
        let body = json!({"times": [], "month": wrong});
        assert_eq!(
            app.patch(&path, &body).expect(422).faults(),
            [("/month".into(), "invalid_month".into())]
        );
    }
    // A calendar without any event has a component all the same.
    let empty = open(app, "/v1/listings.ics?from=2200-01-01").expect(200).text;
    assert!(
        empty.contains("BEGIN:VTIMEZONE") && !empty.contains("BEGIN:VEVENT"),
        "{empty}"
    );
}
