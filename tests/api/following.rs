//! Following changes: who hears what, in which order, and from where on.

use crate::support::{TestApp, merge, on_both};
use musubi::auth::{Claims, UserRole};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

on_both! {
    a_client_that_lists_and_follows_has_what_a_fresh_list_has,
    a_partner_hears_that_a_request_is_no_longer_shared,
    a_position_is_good_for_those_who_see_the_same,
    a_wait_ends_with_the_next_change,
    a_wait_that_another_one_ends_counts_as_quick,
    a_stream_goes_on_where_the_last_one_ended,
    a_follower_misses_nothing_of_eight_writers,
    trims_the_log_but_not_what_somebody_still_needs,
    kinds_are_limited_by_scopes,
    records_of_an_earlier_release_are_followed_too,
    a_partner_whose_terms_change_begins_again,
    every_way_out_of_a_list_is_followed,
    the_order_of_areas_makes_no_other_position,
    a_client_that_comes_back_takes_the_place_that_it_left,
    a_stream_is_changed_and_held_back_by_no_proxy,
}

const HERE: &str = "131041";
const ELSEWHERE: &str = "131130";
/// The kinds of records, and their lists.
const LISTS: [(&str, &str); 9] = [
    ("organization", "organizations"),
    ("deliverable", "deliverables"),
    ("worker", "workers"),
    ("application", "applications"),
    ("project", "projects"),
    ("event", "events"),
    ("round", "rounds"),
    ("user", "users"),
    ("partner", "partners"),
];

fn token(app: &TestApp, role: UserRole, set: impl FnOnce(&mut Claims)) -> String {
    let mut claims = Claims::new(role, "follower", chrono::Utc::now().timestamp() - 60, 3600);
    set(&mut claims);
    app.state.keys.sign(&claims).unwrap()
}

fn coordinator(app: &TestApp, area: &str) -> String {
    token(app, UserRole::Coordinator, |claims| {
        claims.belonging.areas = vec![area.to_owned()]
    })
}

fn member(app: &TestApp, organization: &str) -> String {
    token(app, UserRole::Organization, |claims| {
        claims.belonging.organization_id = organization.parse().ok().map(musubi::db::Id)
    })
}

fn worker(app: &TestApp, worker: &str) -> String {
    token(app, UserRole::Worker, |claims| {
        claims.belonging.worker_id = worker.parse().ok().map(musubi::db::Id)
    })
}

fn get(app: &TestApp, token: &str, path: &str) -> crate::support::Response {
    let bearer = format!("Bearer {token}");
    app.send("GET", path, &[("authorization", &bearer)], &[])
}

/// Waits until the server knows of all changes.
fn caught_up(app: &TestApp) {
    let latest = app
        .state
        .pool
        .read_blocking(musubi::changes::store::latest)
        .unwrap();
    app.until(|| app.state.feed.head() >= latest);
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

type Records = BTreeMap<(String, String), i64>;

/// Lists everything that a caller sees of some kinds, as kind, id and version.
fn listed(app: &TestApp, token: &str, kinds: &[&str]) -> Records {
    let mut records = Records::new();
    for (kind, list) in LISTS.iter().filter(|(kind, _)| kinds.contains(kind)) {
        let page = get(app, token, &format!("/v1/{list}?limit=200"))
            .expect(200)
            .json();
        assert!(page["next"].is_null());
        for item in page["items"].as_array().unwrap() {
            records.insert(
                ((*kind).to_owned(), text(&item["id"])),
                item["version"].as_i64().unwrap(),
            );
        }
    }
    records
}

/// An app that lists once and then only follows.
struct Follower {
    name: &'static str,
    token: String,
    /// What the caller may read.
    kinds: Vec<&'static str>,
    position: String,
    records: Records,
    /// Every id that the caller could ever list.
    ever: BTreeSet<String>,
}

impl Follower {
    fn new(app: &TestApp, name: &'static str, token: String) -> Follower {
        let first = get(app, &token, "/v1/organizations?limit=200").expect(200);
        let may_list = |list: &str| get(app, &token, &format!("/v1/{list}")).status == 200;
        let kinds = LISTS.iter().filter(|(_, list)| may_list(list));
        let kinds: Vec<&str> = kinds.map(|(kind, _)| *kind).collect();
        let records = listed(app, &token, &kinds);
        Follower {
            name,
            kinds,
            position: first.header("musubi-position").to_owned(),
            ever: records.keys().map(|(_, id)| id.clone()).collect(),
            token,
            records,
        }
    }

    fn look(&mut self, app: &TestApp) {
        let listed = listed(app, &self.token, &self.kinds);
        self.ever.extend(listed.into_keys().map(|(_, id)| id));
    }

    fn page(&mut self, app: &TestApp) -> Value {
        let types = self.kinds.join(",");
        let path = format!("/v1/changes?after={}&types={types}&limit=7", self.position);
        let page = get(app, &self.token, &path).expect(200).json();
        self.position = text(&page["position"]);
        page
    }

    /// Follows to the end, and reads what has changed. Returns what it heard: kind, id and action.
    fn follow(&mut self, app: &TestApp) -> Vec<[String; 3]> {
        let mut heard = Vec::new();
        loop {
            let page = self.page(app);
            for change in page["items"].as_array().unwrap() {
                self.take(app, change);
                heard.push(["type", "id", "action"].map(|name| text(&change[name])));
            }
            if page["more"] == json!(false) {
                return heard;
            }
        }
    }

    /// Compares the copy with what a fresh listing has.
    fn check(&self, app: &TestApp, what: &str) {
        let fresh = listed(app, &self.token, &self.kinds);
        let differ = |of: &Records, from: &Records| -> Vec<String> {
            let missing = of.keys().filter(|key| !from.contains_key(*key));
            missing.map(|(kind, id)| format!("{kind} {id}")).collect()
        };
        let (missed, kept) = (differ(&fresh, &self.records), differ(&self.records, &fresh));
        assert!(
            missed.is_empty() && kept.is_empty(),
            "{what}: {} missed {missed:?}, kept {kept:?}",
            self.name
        );
        assert_eq!(self.records, fresh, "{what}: {}", self.name);
    }

    fn take(&mut self, app: &TestApp, change: &Value) {
        let key = (text(&change["type"]), text(&change["id"]));
        assert!(self.ever.contains(&key.1), "{} never saw {change}", self.name);
        let Some(href) = change["href"].as_str().filter(|_| change["action"] != "archived") else {
            self.records.remove(&key);
            return;
        };
        let read = get(app, &self.token, href);
        if read.status != 200 {
            assert_eq!(read.status, 404, "{}", read.text);
            self.records.remove(&key);
            return;
        }
        self.records.insert(key, read.json()["version"].as_i64().unwrap());
    }
}

/// A fixed sequence of numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn pick<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        &some[self.below(some.len())]
    }
}

fn volunteer(number: usize, area: &str) -> Value {
    json!({"external_id": format!("v-{number}"), "area": area, "travel_limit_km": 20, "roles": ["designer"],
        "accepted_formats": ["one_day", "mid_long"], "skills": [{"skill": "graphic_design", "level": 4}], "remote": true,
        "personal": {"name": "佐藤 陽子", "email": "yoko@example.jp"},
        "consent": {"given_on": "2026-04-01", "given_at": "2026-04-01T03:00:00Z", "text_version": "2026-04"}})
}

/// A random walk of writes. Before each is followed, every record that a caller could list is noted.
fn a_client_that_lists_and_follows_has_what_a_fresh_list_has(app: &TestApp) {
    let mut numbers = Numbers(1);
    let mut groups = vec![app.organization("風のひろば"), app.organization("丘の会")];
    let mut people = vec![app.worker(json!({}))];
    let (_, partner) = app.partner(json!({"areas": [HERE]}));
    let mut followers = vec![
        Follower::new(app, "administrator", app.admin.clone()),
        Follower::new(app, "coordinator", coordinator(app, HERE)),
        Follower::new(app, "other coordinator", coordinator(app, ELSEWHERE)),
        Follower::new(app, "organization", member(app, &groups[0])),
        Follower::new(app, "other organization", member(app, &groups[1])),
        Follower::new(app, "worker", worker(app, &people[0])),
        Follower::new(app, "partner", partner.clone()),
    ];
    let (mut requests, mut bids) = (Vec::<String>::new(), Vec::<String>::new());
    let mut done = BTreeMap::<&str, usize>::new();
    for step in 0..90 {
        let area = *numbers.pick(&[HERE, ELSEWHERE]);
        let named = |response: crate::support::Response, into: &mut Vec<String>| {
            assert!(response.status < 500, "{}", response.text);
            if response.status == 201 {
                into.push(text(&response.json()["id"]));
            }
            response.status
        };
        let (what, status) = match numbers.below(16) {
            0 => (
                "group",
                named(
                    app.post(
                        "/v1/organizations",
                        &json!({"name": format!("会{step}"), "area": area}),
                    ),
                    &mut groups,
                ),
            ),
            1 => {
                let group = numbers.pick(&groups);
                let change = json!({"area": area});
                (
                    "move group",
                    app.patch(&format!("/v1/organizations/{group}"), &change).status,
                )
            }
            2..=4 => {
                let status = *numbers.pick(&["draft", "submitted", "open", "open"]);
                let mut request = json!({"organization_id": numbers.pick(&groups), "type": "flyer", "title": "チラシ",
                    "area": area, "status": status, "format": "one_day", "shared_with_partners": numbers.below(3) > 0});
                if numbers.below(3) == 0 {
                    merge(
                        &mut request,
                        json!({"joint_organization_ids": [numbers.pick(&groups)]}),
                    );
                }
                (
                    "request",
                    named(app.post("/v1/deliverables", &request), &mut requests),
                )
            }
            5 | 6 if !requests.is_empty() => {
                let change = numbers
                    .pick(&[
                        json!({"shared_with_partners": true}),
                        json!({"shared_with_partners": false}),
                        json!({"area": area}),
                        json!({"status": "open"}),
                        json!({"status": "closed"}),
                        json!({"status": "withdrawn"}),
                        json!({"status": "in_progress"}),
                        json!({"title": "新しいチラシ"}),
                    ])
                    .clone();
                let path = format!("/v1/deliverables/{}", numbers.pick(&requests));
                let read = app.get(&path);
                (
                    "change request",
                    app.patch_with(&path, &[("if-match", read.header("etag"))], &change)
                        .status,
                )
            }
            7 if !requests.is_empty() => ("archive", app.archive(numbers.pick(&requests).as_str()).status),
            8 => {
                let body = volunteer(step, area);
                (
                    "volunteer",
                    named(app.call("POST", "/v1/workers", &partner, &body), &mut people),
                )
            }
            9 => {
                people.push(app.worker(json!({"area": area})));
                ("worker", 201)
            }
            10 => {
                let blocked = numbers.pick(&groups).clone();
                let change = numbers
                    .pick(&[
                        json!({"area": area}),
                        json!({"blocked_organization_ids": [blocked]}),
                        json!({"blocked_organization_ids": []}),
                        json!({"hours_per_week": step}),
                    ])
                    .clone();
                (
                    "change worker",
                    app.patch(&format!("/v1/workers/{}", numbers.pick(&people)), &change)
                        .status,
                )
            }
            11 if numbers.below(3) == 0 && people.len() > 1 => {
                let gone = people.remove(1 + numbers.below(people.len() - 1));
                ("erase", app.delete(&format!("/v1/workers/{gone}")).status)
            }
            12 if !requests.is_empty() => {
                let invited = numbers.pick(&groups).clone();
                let answer = json!({"status": numbers.pick(&["accepted", "left", "declined"])});
                let path = format!(
                    "/v1/deliverables/{}/organizations/{invited}",
                    numbers.pick(&requests)
                );
                (
                    "joint",
                    app.call("PUT", &path, &member(app, &invited), &answer).status,
                )
            }
            13 if !bids.is_empty() => {
                let status = *numbers.pick(&["declined", "withdrawn", "shortlisted", "offered", "agreed"]);
                let mut change = json!({"status": status});
                if ["declined", "withdrawn"].contains(&status) {
                    merge(&mut change, json!({"reason": "other"}));
                }
                (
                    "answer",
                    app.patch(&format!("/v1/applications/{}", numbers.pick(&bids)), &change)
                        .status,
                )
            }
            _ if !requests.is_empty() => {
                let mut bid = json!({"deliverable_id": numbers.pick(&requests), "worker_id": numbers.pick(&people),
                    "role": "designer"});
                if numbers.below(4) == 0 {
                    merge(&mut bid, json!({"direction": "invitation"}));
                }
                ("bid", named(app.post("/v1/applications", &bid), &mut bids))
            }
            _ => continue,
        };
        assert!(status < 500, "{what}");
        if status < 300 {
            *done.entry(what).or_default() += 1;
        }
        followers.iter_mut().for_each(|follower| follower.look(app));
        if numbers.below(4) == 0 {
            let at = numbers.below(followers.len());
            followers[at].follow(app);
        }
    }
    assert!(done.len() >= 10, "{done:?}");
    caught_up(app);
    for follower in &mut followers {
        follower.follow(app);
        follower.check(app, &format!("{done:?}"));
    }
}

fn a_partner_hears_that_a_request_is_no_longer_shared(app: &TestApp) {
    let organization = app.organization("風のひろば");
    let (_, partner) = app.partner(json!({}));
    let (_, elsewhere) = app.partner(json!({"code": "elsewhere", "areas": [ELSEWHERE]}));
    let mut follower = Follower::new(app, "partner", partner);
    let mut stranger = Follower::new(app, "stranger", elsewhere);
    let request = app.deliverable(&organization, json!({"shared_with_partners": true}));
    let path = format!("/v1/deliverables/{request}");
    app.patch(&path, &json!({"shared_with_partners": false}))
        .expect(200);
    app.patch(&path, &json!({"title": "別のチラシ"})).expect(200);
    caught_up(app);
    let page = follower.page(app);
    let heard: Vec<String> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| format!("{} {}", text(&change["type"]), text(&change["action"])))
        .collect();
    assert_eq!(
        heard,
        [
            "deliverable created",
            "organization created",
            "deliverable removed",
            "organization removed"
        ]
    );
    let removed = &page["items"][2];
    assert_eq!(
        (removed["id"].as_str().unwrap(), &removed["href"]),
        (request.as_str(), &Value::Null)
    );
    assert!(removed.get("actor").is_none());
    assert_eq!(stranger.page(app)["items"], json!([]));
}

fn a_position_is_good_for_those_who_see_the_same(app: &TestApp) {
    let organization = app.organization("風のひろば");
    caught_up(app);
    let own = member(app, &organization);
    let position = get(app, &own, "/v1/organizations")
        .expect(200)
        .header("musubi-position")
        .to_owned();
    let read = |token: &str, after: &str| get(app, token, &format!("/v1/changes?after={after}"));
    read(&own, &position).expect(200);
    assert_eq!(read(&app.admin, &position).expect(410).code(), "foreign_position");
    let (seq, mark) = position.split_once('-').unwrap();
    let later = format!("{}-{mark}", seq.parse::<i64>().unwrap() + 1_000_000);
    assert_eq!(read(&own, &later).expect(410).code(), "foreign_position");
    for broken in ["1284", "x-00000000", "-1-00000000"] {
        let refused = read(&own, broken).expect(400);
        assert_eq!(
            refused.faults(),
            [("after".to_owned(), "invalid_position".to_owned())]
        );
    }
    let now = get(app, &own, "/v1/changes").expect(200).json();
    assert_eq!((&now["items"], &now["more"]), (&json!([]), &json!(false)));
    assert_eq!(
        get(app, &own, "/v1/changes?wait=31").expect(400).faults(),
        [("wait".to_owned(), "out_of_range".to_owned())]
    );
    let stream = get(app, &own, &format!("/v1/changes/events?after={later}"));
    assert_eq!(stream.expect(410).code(), "foreign_position");
}

fn a_wait_ends_with_the_next_change(app: &TestApp) {
    let position = app.get("/v1/changes").expect(200).json()["position"]
        .as_str()
        .unwrap()
        .to_owned();
    let heard = std::thread::scope(|scope| {
        let wait = scope.spawn(|| {
            app.get(&format!(
                "/v1/changes?after={position}&types=organization&wait=30"
            ))
            .expect(200)
            .json()
        });
        app.worker(json!({}));
        app.organization("風のひろば");
        wait.join().unwrap()
    });
    assert_eq!(heard["items"][0]["type"], "organization");
    assert_eq!(heard["items"][0]["action"], "created");
    let quiet = app.get(&format!(
        "/v1/changes?after={}&types=weights&wait=1",
        text(&heard["position"])
    ));
    assert_eq!(quiet.expect(200).json()["items"], json!([]));
    let capped = app.another_with(&["--max-followers=1"]);
    let position = capped.get("/v1/changes").expect(200).json()["position"]
        .as_str()
        .unwrap()
        .to_owned();
    std::thread::scope(|scope| {
        let waits: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    capped
                        .get(&format!("/v1/changes?after={position}&types=weights&wait=3"))
                        .status
                })
            })
            .collect();
        let mut statuses: Vec<u16> = waits.into_iter().map(|wait| wait.join().unwrap()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 429]);
    });
}

/// The latency is that of the server, and a client that waits has asked for it.
#[allow(clippy::disallowed_methods)]
fn a_wait_that_another_one_ends_counts_as_quick(app: &TestApp) {
    let app = app.another_with(&["--metrics-listen=127.0.0.1:0", "--max-followers=1"]);
    let position = text(&app.get("/v1/changes").expect(200).json()["position"]);
    let wait = |seconds: u64| {
        app.get(&format!(
            "/v1/changes?after={position}&types=weights&wait={seconds}"
        ))
    };
    let waited = std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            let since = std::time::Instant::now();
            assert_eq!(wait(20).expect(429).code(), "too_many_streams");
            since.elapsed()
        });
        std::thread::sleep(std::time::Duration::from_secs(3));
        wait(1).expect(200);
        first.join().unwrap()
    });
    let metrics = app.metrics_text();
    let sum = "musubi_http_request_duration_seconds_sum{operation=\"list_changes\"} ";
    let seconds = metrics.lines().find_map(|line| line.strip_prefix(sum)).unwrap();
    assert!(
        seconds.parse::<f64>().unwrap() < waited.as_secs_f64(),
        "{seconds} {waited:?}"
    );
}

/// Reads a stream of events until one has this text, and returns the names and ids of the events until then.
fn read_until(app: &TestApp, token: &str, last: &str, needle: &str) -> Vec<(String, Value)> {
    use std::io::{BufRead, BufReader, Write};
    let mut stream = std::net::TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    write!(stream, "GET /v1/changes/events HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\nlast-event-id: {last}\r\n\r\n").unwrap();
    let mut events = Vec::new();
    let mut id = String::new();
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        if let Some(new) = line.strip_prefix("id: ") {
            new.clone_into(&mut id);
        }
        if let Some(data) = line.strip_prefix("data: ") {
            events.push((id.clone(), serde_json::from_str(data).unwrap()));
            if data.contains(needle) {
                return events;
            }
        }
    }
    panic!("the stream ended before {needle}: {events:?}");
}

fn a_stream_goes_on_where_the_last_one_ended(app: &TestApp) {
    let begin = app.get("/v1/changes").expect(200).json()["position"]
        .as_str()
        .unwrap()
        .to_owned();
    let ids: Vec<String> = (0..3).map(|n| app.organization(&format!("会{n}"))).collect();
    let events = read_until(app, &app.admin, &begin, &ids[2]);
    let heard: Vec<&str> = events
        .iter()
        .map(|(_, change)| change["id"].as_str().unwrap())
        .collect();
    assert_eq!(heard, ids);
    assert!(
        events
            .iter()
            .all(|(id, change)| change["position"] == id.as_str())
    );
    let rest = read_until(app, &app.admin, &events[1].0, &ids[2]);
    assert_eq!(rest.len(), 1);
}

fn trims_the_log_but_not_what_somebody_still_needs(app: &TestApp) {
    use musubi::changes::store;
    let begin = app.get("/v1/changes").expect(200).json()["position"]
        .as_str()
        .unwrap()
        .to_owned();
    app.organization("風のひろば");
    let gone = app.worker(json!({}));
    app.delete(&format!("/v1/workers/{gone}")).expect(204);
    app.organization("丘の会");
    caught_up(app);
    let pool = &app.state.pool;
    let latest = pool.read_blocking(store::latest).unwrap();
    app.until(|| {
        let positions = pool.read_blocking(|db| {
            let position = |name: &&str| store::position(db, name);
            musubi::changes::FOLLOWERS.iter().map(position).collect()
        });
        let positions: Vec<i64> = positions.unwrap();
        positions.iter().all(|position| *position >= latest)
    });
    let later = musubi::db::Instant::from(chrono::Utc::now() + chrono::Duration::days(1));
    assert!(!pool.write_blocking(|db| store::trim(db, later)).unwrap());
    assert_eq!(
        pool.read_blocking(store::latest).unwrap(),
        latest,
        "the head survives"
    );
    assert_eq!(pool.read_blocking(store::trimmed).unwrap(), latest - 1);
    let id = gone.parse().map(musubi::db::Id).unwrap();
    assert_eq!(pool.read_blocking(|db| store::deleted(db, &[id])).unwrap(), [id]);
    let fresh = app.another();
    let expired = fresh.get(&format!("/v1/changes?after={begin}")).expect(410);
    assert_eq!(expired.code(), "expired_position");
    let stream = fresh
        .get(&format!("/v1/changes/events?after={begin}"))
        .expect(410);
    assert_eq!(stream.code(), "expired_position");
    let now = fresh.get("/v1/organizations").expect(200);
    fresh
        .get(&format!("/v1/changes?after={}", now.header("musubi-position")))
        .expect(200);
    pool.write_blocking(store::renew_log).unwrap();
    let restored = app.another();
    let foreign = restored
        .get(&format!("/v1/changes?after={}", now.header("musubi-position")))
        .expect(410);
    assert_eq!(foreign.code(), "foreign_position");
}

fn kinds_are_limited_by_scopes(app: &TestApp) {
    let token = app.token_with("changes:read organizations:read");
    let position = get(app, &token, "/v1/changes").expect(200).json()["position"]
        .as_str()
        .unwrap()
        .to_owned();
    app.worker(json!({}));
    app.organization("風のひろば");
    caught_up(app);
    let page = get(app, &token, &format!("/v1/changes?after={position}"))
        .expect(200)
        .json();
    let kinds: Vec<&Value> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| &change["type"])
        .collect();
    assert_eq!(kinds, ["organization"]);
    let refused = get(app, &token, "/v1/changes?types=worker").expect(403);
    assert!(refused.text.contains("workers:read"), "{}", refused.text);
    let without = app.token_with("organizations:read");
    assert_eq!(
        get(app, &without, "/v1/organizations")
            .expect(200)
            .header("musubi-position"),
        ""
    );
    get(app, &without, "/v1/changes").expect(403);
    let unknown = app.get("/v1/changes?types=robot").expect(400);
    assert_eq!(unknown.faults()[0].0, "types");
}

fn records_of_an_earlier_release_are_followed_too(app: &TestApp) {
    let organization = app.organization("風のひろば");
    let request = app.deliverable(&organization, json!({"shared_with_partners": true}));
    let (_, partner) = app.partner(json!({}));
    let app = app.reversed("_audiences");
    let mut follower = Follower::new(&app, "partner", partner);
    assert_eq!(follower.records.len(), 2);
    app.patch(
        &format!("/v1/deliverables/{request}"),
        &json!({"shared_with_partners": false}),
    )
    .expect(200);
    caught_up(&app);
    follower.follow(&app);
    assert!(follower.records.is_empty());
}

fn a_partner_whose_terms_change_begins_again(app: &TestApp) {
    let (id, partner) = app.partner(json!({}));
    caught_up(app);
    let position = get(app, &partner, "/v1/deliverables")
        .expect(200)
        .header("musubi-position")
        .to_owned();
    let path = format!("/v1/changes?after={position}&wait=20");
    std::thread::scope(|scope| {
        let wait = scope.spawn(|| get(app, &partner, &path));
        let narrower = json!({"areas": [ELSEWHERE]});
        app.patch(&format!("/v1/partners/{id}"), &narrower).expect(200);
        let organization = app.organization("風のひろば");
        app.deliverable(&organization, json!({"shared_with_partners": true}));
        let heard = wait.join().unwrap();
        // Also if they change during the wait: the token is still good, the position isn't.
        assert_eq!(heard.expect(410).code(), "foreign_position");
    });
    assert_eq!(get(app, &partner, &path).expect(410).code(), "foreign_position");
}

/// Each writer keeps its transaction open for a while after it has logged its change. Without a lock, changes would become
/// visible out of order, and a follower would go past those that are late.
#[allow(clippy::disallowed_methods)]
fn a_follower_misses_nothing_of_eight_writers(app: &TestApp) {
    use musubi::changes::{Action, Change, Subject, store};
    use musubi::db::Id;
    const WRITERS: usize = 8;
    const EACH: usize = 12;
    let mut position = text(&app.get("/v1/changes").expect(200).json()["position"]);
    let write = &|writer: usize, n: usize| {
        let change = Change::new(Subject::Organization, Id::new(), Action::Created, 1);
        let pause = std::time::Duration::from_millis((writer * 7 + n * 5) as u64 % 11);
        let logged = app.state.pool.write_blocking(|db| {
            store::append(db, "writer", std::slice::from_ref(&change))?;
            std::thread::sleep(pause);
            Ok(())
        });
        logged.unwrap();
        change.subject_id
    };
    let (mut heard, mut last) = (Vec::new(), 0);
    let written: BTreeSet<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| scope.spawn(move || (0..EACH).map(|n| write(writer, n)).collect::<Vec<_>>()))
            .collect();
        while heard.len() < WRITERS * EACH {
            let page = app
                .get(&format!(
                    "/v1/changes?after={position}&types=organization&wait=20"
                ))
                .expect(200)
                .json();
            let items = page["items"].as_array().unwrap();
            assert!(!items.is_empty(), "{} of {}", heard.len(), WRITERS * EACH);
            for change in items {
                let at = text(&change["position"]);
                let seq: i64 = at.split('-').next().unwrap().parse().unwrap();
                assert!(seq > last, "in order");
                last = seq;
                heard.push(text(&change["id"]));
            }
            position = text(&page["position"]);
        }
        writers
            .into_iter()
            .flat_map(|writer| writer.join().unwrap())
            .collect()
    });
    assert_eq!(heard.len(), WRITERS * EACH);
    assert_eq!(heard.into_iter().collect::<BTreeSet<_>>(), written);
}

/// Records of one story, which leave lists in one way or another.
struct Story {
    group: String,
    joint: String,
    request: String,
    worker: String,
    application: String,
    volunteer: String,
    event: String,
    round: String,
    user: String,
}

impl Story {
    fn new(app: &TestApp, number: usize, partner: &str) -> Story {
        let created = |response: crate::support::Response| text(&response.expect(201).json()["id"]);
        let group = app.organization(&format!("風のひろば{number}"));
        let joint = app.organization(&format!("丘の会{number}"));
        let request = app.deliverable(
            &group,
            json!({"shared_with_partners": true, "format": "one_day", "joint_organization_ids": [joint]}),
        );
        let worker = app.worker(json!({}));
        let bid = json!({"deliverable_id": request, "worker_id": worker, "role": "designer"});
        let application = created(app.post("/v1/applications", &bid));
        let volunteer = created(app.call("POST", "/v1/workers", partner, &volunteer(1000 + number, HERE)));
        let event = json!({"title": "相談会", "kind": "consultation", "times": [{"starts_at": "2199-10-08T16:00:00+09:00"}],
            "areas": [HERE], "host_ids": [group]});
        let user = json!({"email": format!("w{number}@example.jp"), "name": "佐藤", "role": "worker", "worker_id": worker});
        Story {
            event: created(app.post("/v1/events", &event)),
            round: created(app.post("/v1/rounds", &json!({"deliverable_ids": [request]}))),
            user: text(&app.post("/v1/users", &user).expect(201).json()["user"]["id"]),
            group,
            joint,
            request,
            worker,
            application,
            volunteer,
        }
    }
}

/// What a follower hears: who, the kind, the id, the action.
type Heard<'a> = (&'static str, &'static str, &'a str, &'static str);

/// Merges an organization or worker into another one, or separates it.
fn merge_records(app: &TestApp, kind: &str, id: &str, into: Option<&str>) {
    use musubi::db::{Id, Instant};
    use musubi::{changes, organizations, workers};
    let id_of = |text: &str| Id(text.parse().unwrap());
    let (id, into) = (id_of(id), into.map(id_of));
    let merge = |db: &mut musubi::db::Db| {
        let change = match kind {
            "organization" => organizations::store::merge(db, id, into, Instant::now())?,
            _ => workers::store::merge(db, id, into, Instant::now())?,
        };
        changes::store::append(db, "test", &[change])
    };
    app.state.pool.write_blocking(merge).unwrap();
}

/// Every way in which records leave what somebody lists. Whoever follows ends with what a fresh listing has.
fn every_way_out_of_a_list_is_followed(app: &TestApp) {
    type Way = (
        &'static str,
        fn(&TestApp, &Story),
        for<'a> fn(&'a Story) -> Vec<Heard<'a>>,
    );
    let ways: [Way; 16] = [
        (
            "an organization is merged",
            |app, of| merge_records(app, "organization", &of.group, Some(&of.joint)),
            |of| {
                let archived = |who| (who, "organization", of.group.as_str(), "archived");
                [
                    "administrator",
                    "coordinator",
                    "organization",
                    "worker",
                    "partner",
                ]
                .map(archived)
                .into()
            },
        ),
        (
            "an organization is merged and changed, and separated",
            |app, of| {
                merge_records(app, "organization", &of.joint, Some(&of.group));
                let path = format!("/v1/organizations/{}", of.joint);
                app.patch(&path, &json!({"description": "おかのかい"}));
                merge_records(app, "organization", &of.joint, None);
            },
            |of| {
                let joint = of.joint.as_str();
                vec![
                    ("coordinator", "organization", joint, "archived"),
                    ("coordinator", "organization", joint, "created"),
                ]
            },
        ),
        (
            "a worker is merged, and lists keep both",
            |app, of| merge_records(app, "worker", &of.worker, Some(&of.volunteer)),
            |of| vec![("coordinator", "worker", &of.worker, "updated")],
        ),
        (
            "a request is archived",
            |app, of| assert!(app.archive(&of.request).status < 300),
            |of| {
                vec![
                    ("coordinator", "deliverable", &of.request, "archived"),
                    ("joint organization", "deliverable", &of.request, "archived"),
                    ("partner", "deliverable", &of.request, "removed"),
                    ("partner", "organization", &of.group, "removed"),
                ]
            },
        ),
        (
            "an organization is archived",
            |app, of| {
                assert!(app.archive(&of.request).status < 300);
                app.delete(&format!("/v1/organizations/{}", of.group)).expect(204);
            },
            |of| vec![("coordinator", "organization", &of.group, "archived")],
        ),
        (
            "a worker with an account is erased",
            |app, of| {
                app.delete(&format!("/v1/workers/{}", of.worker)).expect(204);
            },
            |of| {
                vec![
                    ("administrator", "user", &of.user, "deleted"),
                    ("coordinator", "worker", &of.worker, "deleted"),
                    ("organization", "worker", &of.worker, "removed"),
                    ("worker", "worker", &of.worker, "deleted"),
                ]
            },
        ),
        (
            "an application ends",
            |app, of| {
                let end = json!({"status": "declined", "reason": "other"});
                app.patch(&format!("/v1/applications/{}", of.application), &end)
                    .expect(200);
            },
            |of| vec![("organization", "worker", &of.worker, "removed")],
        ),
        (
            "a worker is kept apart",
            |app, of| {
                let apart = json!({"blocked_organization_ids": [of.group]});
                app.patch(&format!("/v1/workers/{}", of.worker), &apart)
                    .expect(200);
            },
            |of| {
                vec![
                    ("organization", "worker", &of.worker, "removed"),
                    ("organization", "application", &of.application, "removed"),
                    ("worker", "worker", &of.worker, "updated"),
                ]
            },
        ),
        (
            "a request is no longer shared",
            |app, of| {
                let path = format!("/v1/deliverables/{}", of.request);
                app.patch(&path, &json!({"shared_with_partners": false}))
                    .expect(200);
            },
            |of| {
                vec![
                    ("partner", "deliverable", &of.request, "removed"),
                    ("partner", "organization", &of.group, "removed"),
                ]
            },
        ),
        (
            "a request moves to another area",
            |app, of| {
                let path = format!("/v1/deliverables/{}", of.request);
                app.patch(&path, &json!({"area": ELSEWHERE})).expect(200);
            },
            |of| {
                vec![
                    ("coordinator", "deliverable", &of.request, "removed"),
                    ("other coordinator", "deliverable", &of.request, "created"),
                    ("coordinator", "round", &of.round, "removed"),
                ]
            },
        ),
        (
            "an organization and a worker move to another area",
            |app, of| {
                let elsewhere = json!({"area": ELSEWHERE});
                app.patch(&format!("/v1/organizations/{}", of.group), &elsewhere)
                    .expect(200);
                app.patch(&format!("/v1/workers/{}", of.volunteer), &elsewhere)
                    .expect(200);
            },
            |of| {
                vec![
                    ("coordinator", "organization", &of.group, "removed"),
                    ("coordinator", "worker", &of.volunteer, "removed"),
                ]
            },
        ),
        (
            "a joint organization leaves",
            |app, of| {
                let path = format!("/v1/deliverables/{}/organizations/{}", of.request, of.joint);
                app.call("PUT", &path, &member(app, &of.joint), &json!({"status": "left"}))
                    .expect(200);
            },
            |of| {
                vec![
                    ("joint organization", "deliverable", &of.request, "removed"),
                    ("joint organization", "worker", &of.worker, "removed"),
                    ("joint organization", "application", &of.application, "removed"),
                ]
            },
        ),
        (
            "a request is cancelled",
            |app, of| {
                let over = json!({"status": "cancelled", "cancellation_reason": "no_longer_needed"});
                app.patch(&format!("/v1/deliverables/{}", of.request), &over)
                    .expect(200);
            },
            |of| vec![("partner", "deliverable", &of.request, "removed")],
        ),
        (
            "a draft of an event moves to another area",
            |app, of| {
                let path = format!("/v1/events/{}", of.event);
                app.patch(&path, &json!({"areas": [ELSEWHERE], "host_ids": []}))
                    .expect(200);
            },
            |of| {
                let removed = |who| (who, "event", of.event.as_str(), "removed");
                ["coordinator", "organization"].map(removed).into()
            },
        ),
        (
            "an event is deleted, as an import is undone",
            |app, of| {
                use musubi::{auth::Reach, changes, events::store};
                let id = musubi::db::Id(of.event.parse().unwrap());
                let delete = |db: &mut musubi::db::Db| {
                    let event = store::find(db, &Reach::Everything, id)?;
                    let change = store::delete_unlogged(db, &event)?;
                    changes::store::append(db, "test", &[change])
                };
                app.state.pool.write_blocking(delete).unwrap();
            },
            |of| {
                let deleted = |who| (who, "event", of.event.as_str(), "deleted");
                ["coordinator", "organization"].map(deleted).into()
            },
        ),
        (
            "a user and a round are deleted",
            |app, of| {
                app.delete(&format!("/v1/users/{}", of.user)).expect(204);
                app.delete(&format!("/v1/rounds/{}", of.round)).expect(204);
            },
            |of| {
                vec![
                    ("administrator", "user", &of.user, "deleted"),
                    ("coordinator", "round", &of.round, "deleted"),
                ]
            },
        ),
    ];
    let (_, partner) = app.partner(json!({"areas": [HERE]}));
    for (number, (what, leave, heard)) in ways.into_iter().enumerate() {
        let story = Story::new(app, number, &partner);
        caught_up(app);
        let mut followers = [
            ("administrator", app.admin.clone()),
            ("coordinator", coordinator(app, HERE)),
            ("other coordinator", coordinator(app, ELSEWHERE)),
            ("organization", member(app, &story.group)),
            ("joint organization", member(app, &story.joint)),
            ("worker", worker(app, &story.worker)),
            ("partner", partner.clone()),
        ]
        .map(|(name, token)| Follower::new(app, name, token));
        leave(app, &story);
        caught_up(app);
        let mut all = BTreeSet::new();
        for follower in &mut followers {
            follower.look(app);
            let heard = follower.follow(app).into_iter();
            all.extend(heard.map(|[kind, id, action]| (follower.name, kind, id, action)));
            follower.check(app, what);
        }
        for (who, kind, id, action) in heard(&story) {
            let one = (who, kind.to_owned(), id.to_owned(), action.to_owned());
            let of_it: Vec<_> = all.iter().filter(|(_, _, other, _)| other == id).collect();
            assert!(all.contains(&one), "{what}: {one:?} is not in {of_it:#?}");
        }
    }
}

fn the_order_of_areas_makes_no_other_position(app: &TestApp) {
    let coordinator = |areas: &[&str]| {
        token(app, UserRole::Coordinator, |claims| {
            claims.belonging.areas = areas.iter().map(|area| (*area).to_owned()).collect();
        })
    };
    let read = |areas: &[&str], after: &str| get(app, &coordinator(areas), &format!("/v1/changes{after}"));
    let position = text(&read(&[HERE, ELSEWHERE], "").expect(200).json()["position"]);
    let after = format!("?after={position}");
    read(&[ELSEWHERE, HERE], &after).expect(200);
    read(&[ELSEWHERE, HERE, ELSEWHERE], &after).expect(200);
    assert_eq!(read(&[HERE], &after).expect(410).code(), "foreign_position");
    let (id, partner) = app.partner(json!({"areas": [HERE, ELSEWHERE], "families": ["print", "web"]}));
    let path = format!("/v1/partners/{id}");
    let position = text(&get(app, &partner, "/v1/changes").expect(200).json()["position"]);
    let other_order = json!({"areas": [ELSEWHERE, HERE], "families": ["web", "print"]});
    app.patch(&path, &other_order).expect(200);
    get(app, &partner, &format!("/v1/changes?after={position}")).expect(200);
}

fn a_client_that_comes_back_takes_the_place_that_it_left(app: &TestApp) {
    use std::io::Write;
    let app = app.another_with(&["--max-followers-per-caller=1"]);
    let position = text(&app.get("/v1/changes").expect(200).json()["position"]);
    let wait = |seconds: u32| format!("/v1/changes?after={position}&types=weights&wait={seconds}");
    let connect = |path: &str| {
        let mut stream = std::net::TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\r\n",
            app.admin
        )
        .unwrap();
        stream
    };
    for path in [wait(30), format!("/v1/changes/events?after={position}")] {
        let begun = std::time::Instant::now();
        for _ in 0..3 {
            drop(connect(&path));
            // What was left may be read only after the next request.
            app.until(|| app.get(&wait(1)).status == 200);
        }
        assert!(
            begun.elapsed().as_secs() < 20,
            "nobody waited for what nobody reads"
        );
    }
    // Whoever still waits is told why that ended.
    std::thread::scope(|scope| {
        let older = scope.spawn(|| app.get(&wait(30)));
        let mut newer = None;
        app.until(|| {
            newer = Some(connect(&wait(30)));
            older.is_finished()
        });
        assert_eq!(older.join().unwrap().expect(429).code(), "too_many_streams");
    });
}

fn a_stream_is_changed_and_held_back_by_no_proxy(app: &TestApp) {
    use std::io::{BufRead, BufReader, Write};
    let mut stream = std::net::TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    let gzip = "accept-encoding: gzip\r\n";
    write!(
        stream,
        "GET /v1/changes/events HTTP/1.1\r\nhost: a\r\n{gzip}authorization: Bearer {}\r\n\r\n",
        app.admin
    )
    .unwrap();
    let head = BufReader::new(stream).lines().map(Result::unwrap);
    let head: Vec<String> = head
        .take_while(|line| !line.is_empty())
        .map(|line| line.to_lowercase())
        .collect();
    for header in [
        "content-type: text/event-stream",
        "cache-control: no-store, no-transform",
        "x-accel-buffering: no",
    ] {
        assert!(head.iter().any(|line| line == header), "{header}: {head:?}");
    }
    assert!(
        !head.iter().any(|line| line.starts_with("content-encoding")),
        "{head:?}"
    );
}
