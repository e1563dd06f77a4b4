//! What everybody reads: cards of projects, news, playbooks and textbooks, and how often they are read.

use crate::support::{Response, TestApp, assert_includes, on_both};
use musubi::auth::{Claims, UserRole};
use musubi::db::Id;
use serde_json::{Value, json};

on_both! {
    a_card_is_shown_while_its_organization_agrees,
    an_organization_writes_its_own_card_and_a_coordinator_releases_it,
    work_of_past_years_has_a_card_without_a_project,
    the_showcase_is_filtered_paged_and_cached,
    posts_are_written_in_markdown_and_shown_without_scripts,
    a_post_appears_at_its_time_and_newsletters_are_numbered,
    a_feed_reader_follows_posts,
    everything_that_is_published_has_a_page_without_scripts,
    readers_send_feedback_with_a_form,
    readers_say_what_they_think_of_a_publication,
    nobody_fills_a_publication_with_feedback,
    a_flood_of_one_thing_stops_no_other,
    page_views_are_counted_by_month_without_anything_about_who_reads,
    an_address_reads_what_is_published_so_often,
}

fn token(app: &TestApp, role: UserRole, of: &str) -> String {
    let mut claims = Claims::new(role, "reader-1", chrono::Utc::now().timestamp(), 600);
    match role {
        UserRole::Coordinator => claims.belonging.areas = vec![of.into()],
        UserRole::Worker => claims.belonging.worker_id = Some(Id(of.parse().unwrap())),
        UserRole::Organization => claims.belonging.organization_id = Some(Id(of.parse().unwrap())),
        _ => {}
    }
    app.state.keys.sign(&claims).unwrap()
}

fn id_of(answer: &Response) -> String {
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Reads without a token.
fn read(app: &TestApp, path: &str) -> Response {
    app.send("GET", path, &[], b"")
}

fn titles(list: &Response) -> Vec<String> {
    let list = list.json();
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|one| one["title"].as_str().unwrap().to_owned())
        .collect()
}

/// Registers a project of an organization in an area.
fn project(app: &TestApp, name: &str, area: &str, starts_on: &str) -> (String, String) {
    let organization = json!({"name": name, "area": area});
    let organization = id_of(&app.post("/v1/organizations", &organization).expect(201));
    let project = json!({"organization_id": organization, "title": "居場所づくり", "starts_on": starts_on,
        "status": "in_progress", "accompaniment": {"needs": "担い手", "supports": ["workshop"]}});
    let project = id_of(&app.post("/v1/projects", &project).expect(201));
    (organization, project)
}

fn consent(given: bool) -> Value {
    json!({"given": given, "on": "2026-11-01", "note": "代表から書面で"})
}

fn a_card_is_shown_while_its_organization_agrees(app: &TestApp) {
    let organization = app.organization("風のひろば");
    let flyer = app.deliverable(
        &organization,
        json!({"roles": [{"role": "designer", "places": 1}]}),
    );
    let worker = app.worker(json!({}));
    let bid = json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer"});
    let bid = id_of(&app.post("/v1/applications", &bid).expect(201));
    app.patch(&format!("/v1/applications/{bid}"), &json!({"status": "agreed"}))
        .expect(200);
    let position = app
        .get("/v1/organizations")
        .expect(200)
        .header("musubi-position")
        .to_owned();
    let here = token(app, UserRole::Coordinator, "131041");
    let elsewhere = token(app, UserRole::Coordinator, "131130");
    let mut card = json!({"project_id": flyer, "title": "手渡しから始まった会員募集", "story": "三人で。",
        "photo": {"url": "https://example.jp/photo.jpg", "alt": "会員"}, "status": "published"});

    // It is published only with the recorded consent of the organization.
    let refused = app.call("POST", "/v1/showcase", &here, &card).expect(422);
    assert_eq!(refused.faults(), [("/consent".into(), "consent_missing".into())]);
    card["consent"] = consent(false);
    let refused = app.call("POST", "/v1/showcase", &here, &card).expect(422);
    assert_eq!(refused.faults(), [("/consent".into(), "consent_missing".into())]);
    // Nobody has agreed on a day that is still to come.
    card["consent"] = json!({"given": true, "on": "2099-11-01"});
    let refused = app.call("POST", "/v1/showcase", &here, &card).expect(422);
    assert_eq!(refused.faults(), [("/consent/on".into(), "day_in_future".into())]);
    card["consent"] = consent(true);
    let outside = app.call("POST", "/v1/showcase", &elsewhere, &card).expect(422);
    assert_eq!(
        outside.faults(),
        [("/project_id".into(), "unknown_record".into())]
    );
    let mut plain = card.clone();
    plain["photo"]["url"] = json!("http://example.jp/photo.jpg");
    let plain = app.call("POST", "/v1/showcase", &here, &plain).expect(422);
    assert_eq!(plain.faults(), [("/photo/url".into(), "invalid_url".into())]);
    let made = app.call("POST", "/v1/showcase", &here, &card).expect(201);
    assert_includes(
        &made.json(),
        &json!({"area": "131041", "type": "flyer", "group": "風のひろば", "status": "published",
            "consent": consent(true), "consent_recorded": {"by": "coordinator:reader-1"}}),
    );
    let again = app.call("POST", "/v1/showcase", &here, &card).expect(409);
    assert_eq!(again.code(), "card_exists");

    // Everybody sees it, without the consent's details, with the project's progress of now.
    let path = format!("/v1/showcase/{}", id_of(&made));
    let shown = read(app, &path).expect(200);
    assert_includes(
        &shown.json(),
        &json!({"consent": null, "consent_recorded": null, "views": null, "progress_label": "準備中"}),
    );
    assert_eq!(shown.header("cache-control"), "public, max-age=60");
    assert_eq!(shown.header("access-control-allow-origin"), "*");
    assert!(shown.header("vary").contains("Authorization"));
    let known = [("if-none-match", shown.header("etag"))];
    app.send("GET", &path, &known, b"").expect(304);
    app.patch(
        &format!("/v1/deliverables/{flyer}"),
        &json!({"status": "in_progress"}),
    )
    .expect(200);
    let milestones = app
        .get(&format!("/v1/projects/{flyer}/milestones"))
        .expect(200)
        .json();
    let milestones = milestones["items"].as_array().unwrap().clone();
    assert_eq!(read(app, &path).json()["progress_label"], "進捗中");
    for one in milestones.iter().take(1) {
        let path = format!("/v1/projects/{flyer}/milestones/{}", one["id"].as_str().unwrap());
        app.patch(&path, &json!({"progress": 50})).expect(200);
    }
    let percent = read(app, &path).json()["progress"]["percent"].as_u64().unwrap();
    assert!(percent > 0, "{milestones:?}");
    let moved = app.send("GET", &path, &known, b"").expect(200);
    assert_eq!(moved.json()["progress_label"], format!("{percent}%"));

    // The version is checked, and the card stays with its project.
    let patch = |body: &Value| app.call("PATCH", &path, &here, body);
    let stale = [("if-match", "\"7\"")];
    app.patch_with(&path, &stale, &json!({"title": "別"})).expect(412);
    let other = patch(&json!({"project_id": organization})).expect(422);
    assert_eq!(other.faults(), [("/project_id".into(), "not_permitted".into())]);
    app.call("PATCH", &path, &elsewhere, &json!({"title": "別"}))
        .expect(403);

    // Withdrawn consent takes it away at once, and a new one brings it back only when a coordinator publishes it again.
    let withdrawn = patch(&json!({"consent": {"given": false, "on": "2026-11-20"}})).expect(200);
    assert_includes(&withdrawn.json(), &json!({"status": "draft", "version": 2}));
    read(app, &path).expect(404);
    assert_eq!(titles(&read(app, "/v1/showcase")), Vec::<String>::new());
    assert_eq!(
        titles(&app.call("GET", "/v1/showcase", &here, &Value::Null)).len(),
        1
    );
    let refused = patch(&json!({"status": "published"})).expect(422);
    assert_eq!(refused.faults(), [("/consent".into(), "consent_missing".into())]);
    patch(&json!({"consent": consent(true)})).expect(200);
    read(app, &path).expect(404);
    patch(&json!({"status": "published"})).expect(200);
    read(app, &path).expect(200);
    // Others with a token see what everybody sees; a wrong token is refused.
    let own = token(app, UserRole::Worker, &worker);
    let shown = app.call("GET", &path, &own, &Value::Null).expect(200);
    assert_eq!(shown.json()["consent"], Value::Null);
    assert!(!shown.header("cache-control").contains("public"));
    app.call("GET", &path, "x", &Value::Null).expect(401);
    // A server learns of a change a moment after its commit.
    let changes = format!("/v1/changes?after={position}&types=card");
    app.until(|| app.get(&changes).expect(200).text.contains("/v1/showcase/"));
}

fn an_organization_writes_its_own_card_and_a_coordinator_releases_it(app: &TestApp) {
    let (organization, project_id) = project(app, "海のひろば", "131041", "2026-10-01");
    let (_, other) = project(app, "山のひろば", "131041", "2026-10-01");
    let own = token(app, UserRole::Organization, &organization);
    let card = |project: &str| json!({"project_id": project, "title": "海のひろば", "status": "published", "consent": consent(true)});
    app.call("POST", "/v1/showcase", &own, &card(&other)).expect(422);
    let made = app
        .call("POST", "/v1/showcase", &own, &card(&project_id))
        .expect(201);
    assert_includes(
        &made.json(),
        &json!({"status": "submitted", "type": null, "fiscal_year": 2026,
            "consent_recorded": {"by": "organization:reader-1"}}),
    );
    let path = format!("/v1/showcase/{}", id_of(&made));
    read(app, &path).expect(404);
    app.call("GET", &path, &own, &Value::Null).expect(200);
    let here = token(app, UserRole::Coordinator, "131041");
    let waiting = app.call("GET", "/v1/showcase?status=submitted", &here, &Value::Null);
    assert_eq!(titles(&waiting), ["海のひろば"]);
    app.call("PATCH", &path, &here, &json!({"status": "published"}))
        .expect(428);
    app.publish(&path, &here).expect(200);
    read(app, &path).expect(200);
    // What the organization changes is released again; withdrawing needs nobody.
    let changed = app
        .call("PATCH", &path, &own, &json!({"story": "新しい話"}))
        .expect(200);
    assert_eq!(changed.json()["status"], "submitted");
    assert_eq!(changed.json()["released"]["story"], Value::Null);
    // Lists find it as what each reader sees.
    let elsewhere = token(app, UserRole::Coordinator, "131130");
    let (none, card): (&[&str], &[&str]) = (&[], &["海のひろば"]);
    for (reader, submitted) in [
        ("", none),
        (elsewhere.as_str(), none),
        (here.as_str(), card),
        (own.as_str(), card),
        (app.admin.as_str(), card),
    ] {
        for (status, seen) in [("submitted", submitted), ("published", card), ("draft", none)] {
            let path = format!("/v1/showcase?status={status}");
            let list = match reader {
                "" => read(app, &path),
                reader => app.call("GET", &path, reader, &Value::Null),
            };
            assert_eq!(titles(&list.expect(200)), seen, "{status}");
        }
    }
    // Until then everybody reads what was released.
    for text in [read(app, &path), read(app, "/v1/showcase")].map(|answer| answer.expect(200).text) {
        assert!(
            text.contains("海のひろば") && !text.contains("新しい話"),
            "{text}"
        );
    }
    let anew = app.publish(&path, &here).expect(200).json();
    assert_eq!(anew["released"], Value::Null);
    assert_eq!(read(app, &path).expect(200).json()["story"], "新しい話");
    // A change that waits is gone with the consent.
    app.call("PATCH", &path, &own, &json!({"story": "もっと新しい話"}))
        .expect(200);
    read(app, &path).expect(200);
    let withdrawn = json!({"consent": {"given": false, "on": "2026-11-20"}});
    app.call("PATCH", &path, &own, &withdrawn).expect(200);
    read(app, &path).expect(404);
}

fn the_showcase_is_filtered_paged_and_cached(app: &TestApp) {
    let mut projects = Vec::new();
    for (name, area, day) in [
        ("風のひろば", "131041", "2026-10-01"),
        ("海のひろば", "131130", "2026-10-01"),
        ("山のサロン", "131130", "2025-10-01"),
    ] {
        let (_, project) = project(app, name, area, day);
        let card = json!({"project_id": project, "title": format!("{name}の一年"), "status": "published",
            "consent": consent(true)});
        app.post("/v1/showcase", &card).expect(201);
        projects.push(project);
    }
    let found = |query: &str| titles(&read(app, &format!("/v1/showcase?{query}")).expect(200));
    assert_eq!(
        found(""),
        ["山のサロンの一年", "海のひろばの一年", "風のひろばの一年"]
    );
    assert_eq!(found("area=131041"), ["風のひろばの一年"]);
    assert_eq!(found("fiscal_year=2025"), ["山のサロンの一年"]);
    assert_eq!(
        found(&format!("project_id={}", projects[1])),
        ["海のひろばの一年"]
    );
    assert!(found(&format!("project_id={}", Id::new())).is_empty());
    assert_eq!(
        found("q=%E3%81%B2%E3%82%8D%E3%81%B0%20%E6%B5%B7"),
        ["海のひろばの一年"]
    );
    assert_eq!(found("q=%E3%83%92%E3%83%AD%E3%83%90").len(), 2, "katakana");
    assert_eq!(found("type=flyer"), Vec::<String>::new());
    let first = read(app, "/v1/showcase?limit=2").expect(200).json();
    let next = first["next"].as_str().unwrap();
    assert_eq!(found(&format!("limit=2&cursor={next}")), ["風のひろばの一年"]);
    for (query, status) in [
        ("area=999999", 422),
        ("area=x", 400),
        ("type=leaflet", 422),
        ("fiscal_year=1", 400),
        ("limit=0", 400),
        ("project_id=x", 400),
        ("x=1", 400),
    ] {
        read(app, &format!("/v1/showcase?{query}")).expect(status);
    }
    let list = read(app, "/v1/showcase").expect(200);
    assert_eq!(list.header("cache-control"), "public, max-age=60");
    app.send(
        "GET",
        "/v1/showcase",
        &[("if-none-match", list.header("etag"))],
        b"",
    )
    .expect(304);
}

fn work_of_past_years_has_a_card_without_a_project(app: &TestApp) {
    let archive = "年度,区分,期間,地域名,団体名,支援内容\n令和3年度,短期プロジェクト,1日,新宿区,風のひろば,チラシ制作\n";
    let done = app.import_and_wait("kind=engagements", archive.as_bytes());
    let past = app.get("/v1/deliverables?status=delivered").expect(200).json()["items"][0].clone();
    assert!(past["id"].is_string(), "{done}");
    app.get(&format!("/v1/projects/{}", past["id"].as_str().unwrap()))
        .expect(404);
    let card = json!({"project_id": past["id"], "title": "チラシができるまで", "status": "published", "consent": consent(true)});
    let elsewhere = token(app, UserRole::Coordinator, "131130");
    let outside = app.call("POST", "/v1/showcase", &elsewhere, &card).expect(422);
    assert_eq!(
        outside.faults(),
        [("/project_id".into(), "unknown_record".into())]
    );
    let here = token(app, UserRole::Coordinator, "131041");
    let made = app.call("POST", "/v1/showcase", &here, &card).expect(201);
    let again = app.call("POST", "/v1/showcase", &here, &card).expect(409);
    assert_eq!(again.code(), "card_exists");
    let path = format!("/v1/showcase/{}", id_of(&made));
    let title = json!({"title": "一日でできたチラシ"});
    app.call("PATCH", &path, &here, &title).expect(200);
    assert_includes(
        &read(app, &path).expect(200).json(),
        &json!({"title": "一日でできたチラシ", "area": "131041", "group": "風のひろば", "fiscal_year": 2021,
            "progress": {"percent": 100}, "progress_label": "納品済み"}),
    );
    // What is still asked for has a card once it has a project.
    let organization = app.organization("海のひろば");
    let open = app.deliverable(&organization, json!({}));
    let early = json!({"project_id": open, "title": "まだ", "consent": consent(true)});
    let early = app.call("POST", "/v1/showcase", &here, &early).expect(422);
    assert_eq!(early.faults(), [("/project_id".into(), "unknown_record".into())]);
}

fn posts_are_written_in_markdown_and_shown_without_scripts(app: &TestApp) {
    let body = "# 募集\n\n<script>alert(1)</script>\n\n[申込み](https://example.jp/) [危険](javascript:alert(1)) ![花](data:image/png;base64,x) <b onclick=\"alert(1)\">太字</b>\n";
    let post = json!({"title": "<b>会員募集</b>", "body": body, "area": "131041", "status": "published"});
    let here = token(app, UserRole::Coordinator, "131041");
    let made = app.call("POST", "/v1/posts", &here, &post).expect(201);
    let path = format!("/v1/posts/{}", id_of(&made));
    let notices = made.json()["notices"].clone();
    let codes: Vec<&str> = notices
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["html_left_out", "link_left_out", "picture_left_out"]);
    let shown = read(app, &path).expect(200).json();
    let html = shown["html"].as_str().unwrap();
    assert!(
        html.contains("<h1>募集</h1>") && html.contains("<a href=\"https://example.jp/\">申込み</a>"),
        "{html}"
    );
    for hidden in ["<script", "javascript:", "<b", "<img", "data:"] {
        assert!(!html.contains(hidden), "{hidden}: {html}");
    }
    assert!(html.contains("太字") && html.contains("危険"));
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{html}");
    // Nothing of what was written is lost.
    assert_eq!(shown["body"].as_str().unwrap(), body.trim());
    assert_eq!(shown["notices"], json!([]), "only for those who write it");

    for (wrong, fault) in [
        (json!({"body": " "}), ("/body", "blank")),
        (json!({"body": "字".repeat(20_001)}), ("/body", "invalid_length")),
        (json!({"area": "999999"}), ("/area", "unknown_area")),
        (json!({"number": 3}), ("/number", "not_permitted")),
        (json!({"kind": "newsletter"}), ("/number", "missing_field")),
        (
            json!({"publish_at": "2020-01-01T00:00:00Z"}),
            ("/publish_at", "publication_is_past"),
        ),
    ] {
        let mut post = json!({"title": "お知らせ", "body": "本文", "area": "131041"});
        crate::support::merge(&mut post, wrong);
        let answer = app.call("POST", "/v1/posts", &here, &post).expect(422);
        assert_eq!(answer.faults(), [(fault.0.to_owned(), fault.1.to_owned())]);
    }
    // Only the secretariat writes for all areas.
    let whole = json!({"title": "全体", "body": "本文"});
    app.call("POST", "/v1/posts", &here, &whole).expect(403);
    let whole = id_of(&app.post("/v1/posts", &whole).expect(201));
    app.call(
        "PATCH",
        &format!("/v1/posts/{whole}"),
        &here,
        &json!({"title": "別"}),
    )
    .expect(404);
    app.patch(&format!("/v1/posts/{whole}"), &json!({"status": "published"}))
        .expect(200);
    // What is published is seen, and still not theirs.
    let refused = app.call(
        "PATCH",
        &format!("/v1/posts/{whole}"),
        &here,
        &json!({"title": "別"}),
    );
    assert_eq!(refused.expect(403).code(), "access_denied");
    app.call("POST", "/v1/posts", "", &post).expect(401);
}

fn a_post_appears_at_its_time_and_newsletters_are_numbered(app: &TestApp) {
    let letter = |number: i32, more: Value| {
        let mut letter = json!({"kind": "newsletter", "number": number, "title": format!("通信 第{number}号"), "body": "本文"});
        crate::support::merge(&mut letter, more);
        letter
    };
    let now = id_of(
        &app.post("/v1/posts", &letter(1, json!({"status": "published"})))
            .expect(201),
    );
    let taken = app.post("/v1/posts", &letter(1, json!({}))).expect(409);
    assert_eq!(taken.code(), "duplicate_number");
    app.post("/v1/posts", &letter(1, json!({"area": "131041"})))
        .expect(201);
    let later = json!({"status": "published", "publish_at": "2199-01-01T00:00:00Z"});
    let later = id_of(&app.post("/v1/posts", &letter(2, later)).expect(201));
    let path = format!("/v1/posts/{later}");
    read(app, &path).expect(404);
    assert_eq!(titles(&read(app, "/v1/posts")), ["通信 第1号"]);
    assert_eq!(titles(&read(app, "/v1/posts?kind=news")), Vec::<String>::new());
    let own = app.get("/v1/posts?status=published&kind=newsletter").expect(200);
    assert_eq!(titles(&own), ["通信 第2号", "通信 第1号"]);
    let number = app.patch(&path, &json!({"number": 1})).expect(409);
    assert_eq!(number.code(), "duplicate_number");
    // Without the time it appears at once, and stays so.
    read(app, &path).expect(404);
    app.patch(&path, &json!({"publish_at": null})).expect(200);
    read(app, &path).expect(200);
    app.patch(&path, &json!({"status": "draft"})).expect(200);
    read(app, &path).expect(404);
    let year = app.get(&format!("/v1/posts/{now}")).json()["published_at"].clone();
    assert!(year.as_str().unwrap() > "2026");
    app.patch(&format!("/v1/posts/{now}"), &json!({"status": "draft"}))
        .expect(200);
    read(app, &format!("/v1/posts/{now}")).expect(404);
}

fn a_feed_reader_follows_posts(app: &TestApp) {
    let post = json!({"title": "講座 <1> & 募集", "body": "**会員**を募集します。", "area": "131041", "status": "published"});
    let id = id_of(&app.post("/v1/posts", &post).expect(201));
    app.post("/v1/posts", &json!({"title": "下書き", "body": "本文"}))
        .expect(201);
    let feed = read(app, "/v1/posts.atom").expect(200);
    assert_eq!(feed.header("content-type"), "application/atom+xml; charset=utf-8");
    assert_eq!(feed.header("cache-control"), "public, max-age=60");
    for part in [
        "<title>講座 &lt;1&gt; &amp; 募集</title>",
        "<summary>会員を募集します。</summary>",
        &format!("<link href=\"https://musubi.example.jp/posts/{id}\"/>"),
        "<content type=\"html\">&lt;p&gt;&lt;strong&gt;会員&lt;/strong&gt;を募集します。&lt;/p&gt;",
        "rel=\"self\"",
    ] {
        assert!(feed.text.contains(part), "{part}: {}", feed.text);
    }
    assert!(!feed.text.contains("下書き"));
    app.send(
        "GET",
        "/v1/posts.atom",
        &[("if-none-match", feed.header("etag"))],
        b"",
    )
    .expect(304);
    let elsewhere = read(app, "/v1/posts.atom?area=131130").expect(200);
    assert!(!elsewhere.text.contains("<entry>"));
}

fn page_views_are_counted_by_month_without_anything_about_who_reads(app: &TestApp) {
    let post = json!({"title": "お知らせ", "body": "本文", "area": "131041", "status": "published"});
    let path = format!("/v1/posts/{}", id_of(&app.post("/v1/posts", &post).expect(201)));
    for _ in 0..3 {
        let answer = read(app, &path).expect(200);
        assert_eq!(answer.header("set-cookie"), "");
    }
    // Those with a token aren't counted, nor lists, nor questions about the head.
    app.get(&path).expect(200);
    app.send("HEAD", &path, &[], b"").expect(200);
    read(app, "/v1/posts").expect(200);
    app.until(|| app.get(&path).expect(200).json()["views"][0]["views"] == 3);
    let month = app.get(&path).json()["views"][0]["month"]
        .as_str()
        .unwrap()
        .to_owned();
    let query = format!("/v1/statistics/page-views?from={month}&until={month}");
    let counts = app.get(&query).expect(200).json();
    assert_eq!(
        counts["items"],
        json!([{"month": month, "kind": "card", "views": 0, "published": 0},
            {"month": month, "kind": "post", "views": 3, "published": 1},
            {"month": month, "kind": "publication", "views": 0, "published": 0},
            {"month": month, "kind": "event", "views": 0, "published": null},
            {"month": month, "kind": "listing", "views": 0, "published": null}])
    );
    read(app, &path).expect(200);
    app.until(|| app.get(&path).expect(200).json()["views"][0]["views"] == 4);
    let here = token(app, UserRole::Coordinator, "131041");
    let year = app
        .call("GET", "/v1/statistics/page-views", &here, &Value::Null)
        .expect(200);
    assert_eq!(year.json()["items"].as_array().unwrap().len(), 60);
    for (query, status, code) in [
        ("from=2026-13", 400, "invalid_month"),
        ("from=2026-04&until=2026-03", 422, "span_reversed"),
        ("from=2016-03&until=2026-03", 422, "out_of_range"),
    ] {
        let answer = app
            .get(&format!("/v1/statistics/page-views?{query}"))
            .expect(status);
        assert_eq!(answer.json()["errors"][0]["code"], code);
    }
}

fn an_address_reads_what_is_published_so_often(app: &TestApp) {
    let server = app.another_with(&["--public-reads-per-minute=2", "--trusted-proxies=127.0.0.1"]);
    for (at, path) in [
        "/v1/showcase",
        "/v1/posts",
        "/v1/posts.atom",
        "/v1/publications",
        "/v1/open-data",
        "/v1/skills",
        "/v1/areas",
        "/v1/vocabulary",
    ]
    .into_iter()
    .enumerate()
    {
        let address = format!("192.0.2.{at}");
        let read = || server.send("GET", path, &[("x-forwarded-for", address.as_str())], b"");
        // The minute may end in between, but not twice.
        let answers: Vec<Response> = (0..6).map(|_| read()).collect();
        let refused = answers.iter().find(|answer| answer.status == 429);
        assert_eq!(refused.expect(path).code(), "too_many_requests");
        // Who has a token isn't counted by the address.
        let bearer = format!("Bearer {}", app.admin);
        let headers = [
            ("x-forwarded-for", address.as_str()),
            ("authorization", bearer.as_str()),
        ];
        server.send("GET", path, &headers, b"").expect(200);
    }
}

fn a_flood_of_one_thing_stops_no_other(app: &TestApp) {
    let book = json!({"kind": "playbook", "title": "移動支援の台本", "site": "館ヶ丘団地", "area": "131041",
        "points": ["週一日に絞る"], "making": "聞き取りから", "status": "published"});
    let book = id_of(&app.post("/v1/publications", &book).expect(201));
    let event = json!({"kind": "seminar", "title": "ゼミ", "status": "published", "areas": ["131041"], "month": "2199-10"});
    let event = id_of(&app.post("/v1/events", &event).expect(201));
    let send = |path: &str, body: &Value| {
        let headers = [("content-type", "application/json")];
        app.send("POST", path, &headers, body.to_string().as_bytes())
    };
    let feedback = || {
        send(
            &format!("/v1/publications/{book}/feedback"),
            &json!({"scale": 4, "role": "other"}),
        )
    };
    let register = |name: &str| {
        let body = json!({"name": name, "email": format!("{name}@example.jp")});
        send(&format!("/v1/events/{event}/guest-registrations"), &body)
    };
    let open = |secret: &Value| send("/v1/registration-secrets/show", &json!({"secret": secret}));
    let link = || send("/v1/follow-up-links/show", &json!({"token": "mfl_wrong"}));
    let floods = |one: &dyn Fn(usize) -> Response| (0..60).any(|n| one(n).status == 429);
    // All from one address, one flood after the other.
    assert!(floods(&|_| feedback()));
    let first = register("first").expect(201).json();
    assert!(floods(&|n| register(&format!("p{n}"))));
    assert_eq!(
        open(&json!("mrg_wrong")).expect(422).faults(),
        [("/secret".into(), "invalid_link".into())]
    );
    assert!(floods(&|n| open(&json!(format!("mrg_{n}")))));
    open(&first["secret"]).expect(200);
    assert_ne!(link().status, 429);
    app.user("suzuki@example.jp", json!({}));
    app.login("suzuki@example.jp");
}

fn nobody_fills_a_publication_with_feedback(app: &TestApp) {
    use musubi::press::feedback::{FeedbackRole, MOST_A_DAY, NewFeedback};
    let book = json!({"kind": "playbook", "title": "移動支援の台本", "site": "館ヶ丘団地", "area": "131041",
        "points": ["週一日に絞る"], "making": "聞き取りから", "status": "published"});
    let published = || id_of(&app.post("/v1/publications", &book).expect(201));
    let give = |publication: &str, address: &str| {
        let headers = [("content-type", "application/json"), ("x-forwarded-for", address)];
        let path = format!("/v1/publications/{publication}/feedback");
        app.send("POST", &path, &headers, br#"{"scale": 1, "role": "other"}"#)
    };
    // A holder of a whole /48 has 65,536 networks.
    let (mobbed, other) = (published(), published());
    let from = |n: usize| give(&mobbed, &format!("2001:db8:1:{n:x}::1"));
    let first = (0..400).position(|n| from(n).status == 429).unwrap();
    assert!((300..320).contains(&first), "{first}");
    let refused = from(0xffff).expect(429);
    assert_eq!(refused.code(), "too_many_attempts");
    give(&mobbed, "2001:db8:2::1").expect(201);
    // Nor do many who have one address each.
    let fill = |publication: &str, at: chrono::DateTime<chrono::Utc>| {
        let publication = Id(publication.parse().unwrap());
        let new = NewFeedback {
            scale: 1,
            words: None,
            role: FeedbackRole::Other,
            website: String::new(),
        };
        let fill = |db: &mut musubi::db::Db| {
            (0..MOST_A_DAY)
                .try_for_each(|_| musubi::press::store::feedback::insert(db, publication, &new, at.into()))
        };
        app.state.pool.write_blocking(fill).unwrap();
    };
    fill(&other, chrono::Utc::now() - chrono::Duration::hours(25));
    give(&other, "203.0.113.1").expect(201);
    fill(&mobbed, chrono::Utc::now() - chrono::Duration::hours(23));
    let refused = give(&mobbed, "203.0.113.2").expect(429);
    assert_eq!(refused.code(), "too_much_feedback_today");
    let wait_s: i64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=3600).contains(&wait_s), "{wait_s}");
}

fn readers_say_what_they_think_of_a_publication(app: &TestApp) {
    let here = token(app, UserRole::Coordinator, "131041");
    let elsewhere = token(app, UserRole::Coordinator, "131130");
    let organization = app.organization("風のひろば");
    let book = json!({"kind": "playbook", "title": "移動支援の台本", "site": "館ヶ丘団地", "area": "131041",
        "points": ["週一日に絞る"], "making": "聞き取りから", "status": "published",
        "versions": [{"label": "第1版", "on": "2026-09-01", "url": "https://example.jp/1.pdf"}],
        "links": [{"title": "動画", "url": "https://example.jp/movie"}],
        "recipients": [{"organization_id": organization, "on": "2026-10-01", "copies": 2},
            {"name": "高齢者福祉課", "on": "2026-10-01", "copies": 20}]});
    for (wrong, fault) in [
        (
            json!({"recipients": [{"on": "2026-10-01", "copies": 1}]}),
            ("/recipients/0/name", "one_recipient"),
        ),
        (
            json!({"recipients": [{"organization_id": Id::new(), "on": "2026-10-01", "copies": 1}]}),
            ("/recipients/0/organization_id", "unknown_organization"),
        ),
        (
            json!({"links": [{"title": "x", "url": "javascript:alert(1)"}]}),
            ("/links/0/url", "invalid_url"),
        ),
        (json!({"points": [" "]}), ("/points", "invalid_length")),
        (
            json!({"versions": [{"label": "第2版", "on": "2199-10-01"}]}),
            ("/versions/0/on", "day_in_future"),
        ),
        (
            json!({"recipients": [{"name": "高齢者福祉課", "on": "2199-10-01", "copies": 1}]}),
            ("/recipients/0/on", "day_in_future"),
        ),
    ] {
        let mut book = book.clone();
        crate::support::merge(&mut book, wrong);
        let answer = app.call("POST", "/v1/publications", &here, &book).expect(422);
        assert_eq!(answer.faults(), [(fault.0.to_owned(), fault.1.to_owned())]);
    }
    let made = app.call("POST", "/v1/publications", &here, &book).expect(201);
    let path = format!("/v1/publications/{}", id_of(&made));
    let shown = read(app, &path).expect(200);
    assert_includes(
        &shown.json(),
        &json!({"recipients": [], "views": null, "feedback": {"count": 0, "mean": null, "by_role": []}}),
    );
    assert_eq!(
        app.call("GET", &path, &here, &Value::Null).json()["recipients"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    app.call("PATCH", &path, &elsewhere, &json!({"title": "別"}))
        .expect(403);

    // Anybody answers, without an account; a program that fills in every field is refused.
    let feedback = format!("{path}/feedback");
    let give = |body: &Value| {
        let headers = [("content-type", "application/json")];
        app.send("POST", &feedback, &headers, body.to_string().as_bytes())
    };
    give(&json!({"scale": 5, "role": "municipality", "words": "そのまま使えました。"})).expect(201);
    let second = give(&json!({"scale": 2, "role": "resident"})).expect(201);
    assert_eq!(second.json()["count"], 2);
    let trap = give(&json!({"scale": 5, "role": "other", "website": "https://spam.example"})).expect(422);
    assert_eq!(trap.faults(), [("/website".into(), "not_permitted".into())]);
    for wrong in [
        json!({"scale": 6, "role": "other"}),
        json!({"scale": 3, "role": "king"}),
        json!({"role": "other"}),
    ] {
        give(&wrong).expect(422);
    }
    // The averages are public, the words are not.
    let shown = read(app, &path).expect(200);
    assert_eq!(
        shown.json()["feedback"],
        json!({"count": 2, "mean": 3.5, "by_role": [{"role": "municipality", "count": 1, "mean": 5.0},
            {"role": "resident", "count": 1, "mean": 2.0}]})
    );
    assert!(!shown.text.contains("そのまま使えました"));
    let listed = app.call("GET", &feedback, &here, &Value::Null).expect(200).json();
    assert_includes(
        &listed,
        &json!({"items": [{"scale": 2, "words": null}, {"scale": 5, "words": "そのまま使えました。"}]}),
    );
    app.call("GET", &feedback, &elsewhere, &Value::Null).expect(403);
    let list = read(app, "/v1/publications?kind=playbook&q=%E5%9B%A3%E5%9C%B0")
        .expect(200)
        .json();
    assert_eq!(list["items"][0]["feedback"]["mean"], 3.5);
    app.until(|| app.get(&path).expect(200).json()["views"][0]["views"] == 2);

    // The words are forgotten after a time, the marks stay.
    let soon = musubi::db::Instant::from(chrono::Utc::now() + chrono::Duration::days(1));
    let forgotten = app
        .state
        .pool
        .write_blocking(|db| musubi::press::store::feedback::forget_words(db, soon, 100));
    assert_eq!(forgotten.unwrap(), 1);
    let listed = app.call("GET", &feedback, &here, &Value::Null).expect(200);
    assert!(!listed.text.contains("そのまま使えました"));
    assert_eq!(read(app, &path).json()["feedback"]["count"], 2);

    // An address that answers too often waits; a draft takes nothing.
    let mut refused = 0;
    for _ in 0..40 {
        let answer = give(&json!({"scale": 3, "role": "other"}));
        refused += usize::from(answer.status == 429 && !answer.header("retry-after").is_empty());
    }
    assert!(refused > 0);
    app.call("PATCH", &path, &here, &json!({"status": "draft"}))
        .expect(200);
    read(app, &path).expect(404);
}

fn everything_that_is_published_has_a_page_without_scripts(app: &TestApp) {
    let (_, project_id) = project(app, "風の<b>ひろば", "131041", "2026-10-01");
    let card = json!({"project_id": project_id, "title": "<i>手渡し</i>", "story": "三人で。\n始めました。", "status": "published",
        "photo": {"url": "https://example.jp/photo.jpg?a=1&b=2", "alt": "会員", "credit": "風"}, "consent": consent(true)});
    let card = id_of(&app.post("/v1/showcase", &card).expect(201));
    let post = json!({"kind": "newsletter", "number": 12, "title": "第12号", "body": "**会員**を<script>x</script>募集。",
        "area": "131041", "status": "published"});
    let post = id_of(&app.post("/v1/posts", &post).expect(201));
    let draft = id_of(
        &app.post("/v1/posts", &json!({"title": "下書き", "body": "本文"}))
            .expect(201),
    );
    let publication = json!({"kind": "playbook", "title": "移動支援", "summary": "団地の坂道を。", "points": ["週1日に絞る"],
        "status": "published", "versions": [{"label": "第2版", "on": "2026-10-01", "url": "https://example.jp/2.pdf"}],
        "recipients": [{"name": "高齢者福祉課", "on": "2026-10-15", "copies": 20}]});
    let publication = id_of(&app.post("/v1/publications", &publication).expect(201));
    for (list, id, parts) in [
        (
            "/cards",
            &card,
            &[
                "<title>&lt;i&gt;手渡し&lt;/i&gt;</title>",
                "<meta property=\"og:image\" content=\"https://example.jp/photo.jpg?a=1&amp;b=2\">",
                "<img src=\"https://example.jp/photo.jpg?a=1&amp;b=2\" alt=\"会員\"",
                "<dd>風の&lt;b&gt;ひろば</dd>",
                "<dd>新宿区</dd>",
                "三人で。<br>始めました。",
            ][..],
        ),
        (
            "/posts",
            &post,
            &["<title>第12号</title>", "<strong>会員</strong>", "第12号", "年"],
        ),
        (
            "/publications",
            &publication,
            &[
                "<dd>団地の坂道を。</dd>",
                "<dd>週1日に絞る</dd>",
                "<a href=\"https://example.jp/2.pdf\">第2版</a> 2026年10月1日",
                "name=\"website\" tabindex=\"-1\"",
            ],
        ),
    ] {
        let path = format!("{list}/{id}");
        let page = read(app, &path).expect(200);
        for part in parts {
            assert!(page.text.contains(part), "{part}\n{}", page.text);
        }
        for part in [
            format!("<link rel=\"canonical\" href=\"https://musubi.example.jp{path}\">"),
            "<meta property=\"og:title\"".to_owned(),
            format!("<a href=\"{list}\">"),
        ] {
            assert!(page.text.contains(&part), "{part}\n{}", page.text);
        }
        assert_eq!(
            page.text.matches("<script").count(),
            1,
            "only data for search engines"
        );
        let (_, data) = page
            .text
            .split_once("<script type=\"application/ld+json\">")
            .unwrap();
        let data: Value = serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
        assert_eq!(data["url"], format!("https://musubi.example.jp{path}"));
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';") && policy.contains("script-src 'sha256-"));
        assert_eq!(
            policy.contains("img-src 'self' https:"),
            list != "/publications",
            "{policy}"
        );
        assert!(
            !page.text.contains("高齢者福祉課") && !page.text.contains("代表から"),
            "{}",
            page.text
        );
        // The list leads to it, is searched, and says what is wrong.
        let linked = format!("<a href=\"https://musubi.example.jp{path}\">");
        assert!(read(app, list).expect(200).text.contains(&linked));
        let english = read(app, &format!("{list}?lang=en&q=")).expect(200);
        assert!(english.text.contains("<html lang=\"en\">"));
        // Its pages lead to pages in its language: the lists, the record, and from there the lists again.
        for page in [
            english,
            read(app, &format!("{path}?lang=en")).expect(200),
            read(app, &format!("{list}/x?lang=en")).expect(400),
        ] {
            let others = links_here(&page.text)
                .into_iter()
                .filter(|link| !link.contains("lang=en"));
            assert_eq!(others.collect::<Vec<_>>(), [""; 0], "{path}");
        }
        assert!(
            !read(
                app,
                &format!("{list}?q=%E8%A6%8B%E3%81%A4%E3%81%8B%E3%82%89%E3%81%AA%E3%81%84")
            )
            .expect(200)
            .text
            .contains(&linked)
        );
        for (wrong, status) in [
            (format!("{list}?fiscal_year=x"), 400),
            (format!("{list}/x"), 400),
            (format!("{list}/{}", Id::new()), 404),
        ] {
            let refused = read(app, &wrong).expect(status);
            assert!(refused.text.contains("<h1>表示できません</h1>"), "{wrong}");
        }
    }
    assert!(!read(app, "/posts").expect(200).text.contains("下書き"));
    read(app, &format!("/posts/{draft}")).expect(404);
    // Lists say how long they are, to each reader what that reader sees.
    for (list, everybody, writers) in [("showcase", 1, 1), ("posts", 1, 2), ("publications", 1, 1)] {
        let path = format!("/v1/{list}?count=true&limit=1");
        let total = |answer: Response| answer.expect(200).json()["total"].clone();
        assert_eq!(
            total(read(app, &path)),
            json!({"count": everybody, "exact": true})
        );
        assert_eq!(total(app.get(&path)), json!({"count": writers, "exact": true}));
    }
    // A token shows nothing more on a page.
    let drafts = app
        .call("GET", "/posts?status=draft", &app.admin, &Value::Null)
        .expect(200);
    assert!(drafts.text.contains("該当するものはありません。"));
    // Reading a page counts as a view.
    let path = format!("/v1/publications/{publication}");
    app.until(|| {
        let views = app.get(&path).expect(200).json()["views"].clone();
        views[0]["views"].as_i64() >= Some(1)
    });
}

/// Returns the links of a page to other pages of this server.
fn links_here(page: &str) -> Vec<String> {
    let links = page.split("<a href=\"").skip(1);
    let links = links.map(|rest| {
        rest.split_once('"')
            .unwrap()
            .0
            .replace("https://musubi.example.jp", "")
    });
    links
        .filter(|link| link.starts_with('/') && !link.starts_with("/v1/"))
        .collect()
}

fn readers_send_feedback_with_a_form(app: &TestApp) {
    let publication = json!({"kind": "playbook", "title": "移動支援", "status": "published"});
    let id = id_of(&app.post("/v1/publications", &publication).expect(201));
    let path = format!("/publications/{id}/feedback");
    let send = |fields: &[(&str, &str)]| {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let content = [("content-type", "application/x-www-form-urlencoded")];
        app.send("POST", &path, &content, body.as_bytes())
    };
    let refused = send(&[("scale", "6"), ("words", "<よい>")]).expect(422);
    for part in [
        "id=\"scale-fault\">",
        "id=\"role-fault\">入力してください。",
        ">&lt;よい&gt;</textarea>",
    ] {
        assert!(refused.text.contains(part), "{part}\n{}", refused.text);
    }
    assert_eq!(refused.header("cache-control"), "no-store");
    let robot = [
        ("scale", "5"),
        ("role", "resident"),
        ("website", "https://spam.example"),
    ];
    send(&robot).expect(422);
    let taken = send(&[
        ("scale", "4"),
        ("role", "municipality"),
        ("words", ""),
        ("website", ""),
    ])
    .expect(200);
    assert!(
        taken.text.contains("<h1>感想を受け取りました</h1>"),
        "{}",
        taken.text
    );
    let page = read(app, &format!("/publications/{id}?lang=ja")).expect(200);
    assert!(page.text.contains("5段階で平均 4.0（1件）"), "{}", page.text);
    // The address that the browser shows then is no dead end.
    let led = read(app, &format!("{path}?lang=en")).expect(200);
    let there = format!("/publications/{id}\"");
    assert!(
        led.text.contains("<html lang=\"en\">") && led.text.contains(&there),
        "{}",
        led.text
    );
    let none = format!("/publications/{}/feedback", Id::new());
    let content = [("content-type", "application/x-www-form-urlencoded")];
    app.send("POST", &none, &content, b"scale=4&role=resident")
        .expect(404);
}
