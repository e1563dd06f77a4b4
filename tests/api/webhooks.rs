//! Webhooks: who hears of what, and what becomes of a message when the receiver fails.

use crate::support::{PASSWORD, TestApp, assert_includes, on_both};
use chrono::Duration;
use diesel::prelude::*;
use musubi::db::schema::{webhook_deliveries as d, webhooks as w};
use musubi::db::{Db, Id, Instant};
use musubi::webhooks::signature;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

on_both! {
    a_partner_hears_of_exactly_what_it_follows,
    receivers_that_fail_are_tried_again_and_hold_up_no_other,
    a_failing_webhook_is_switched_off_with_a_task_and_goes_on_when_enabled,
    two_servers_send_each_message_once,
    another_server_goes_on_when_a_lease_ends,
    secrets_are_renewed_while_both_are_valid,
    messages_are_tested_listed_and_sent_again,
    what_waits_is_sent_at_once_on_demand_or_to_a_new_address,
    refuses_addresses_types_and_callers,
    a_new_password_ends_what_needs_none,
    tells_a_receiver_to_list_everything_again,
    old_messages_are_deleted,
    a_full_queue_does_not_keep_the_log_from_being_trimmed,
}

/// A request that a receiver got.
#[derive(Clone)]
struct Received {
    headers: HashMap<String, String>,
    body: String,
}

impl Received {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    /// Whether it is signed with these secrets, and with no others.
    fn is_signed_with(&self, secrets: &[&str]) -> bool {
        let timestamp = self.headers["webhook-timestamp"].parse().unwrap();
        let secrets: Vec<String> = secrets.iter().map(|one| (*one).to_owned()).collect();
        let expected = signature::sign(&secrets, self.id(), timestamp, &self.body).unwrap();
        self.headers["webhook-signature"] == expected
    }
}

#[derive(Default)]
struct State {
    received: Mutex<Vec<Received>>,
    /// What it answers. Without an answer, it waits for one.
    answer: Mutex<Option<String>>,
    answered: Condvar,
}

/// A server that writes down what it gets.
struct Receiver {
    address: SocketAddr,
    state: Arc<State>,
}

impl Receiver {
    fn new(answer: &str) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<State>::default();
        let receiver = Receiver {
            address,
            state: Arc::clone(&state),
        };
        receiver.answer(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&state);
                std::thread::spawn(move || receive(stream, &state));
            }
        });
        receiver
    }

    /// Answers with a status and headers from now on. An empty text means that it doesn't answer.
    fn answer(&self, status: &str) {
        let answer = (!status.is_empty())
            .then(|| format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"));
        *self.state.answer.lock().unwrap() = answer;
        self.state.answered.notify_all();
    }

    fn url(&self) -> String {
        format!("http://{}/hooks?key=1", self.address)
    }

    fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// Returns the messages that aren't tests, by what they say about the change.
    fn changes(&self) -> BTreeMap<String, Value> {
        let all = self.received().into_iter().map(|one| one.json());
        all.map(|one| (text(&one["data"]["position"]), one["data"].clone()))
            .collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // Those who wait for it go on.
        self.answer("500 Internal Server Error");
    }
}

fn receive(stream: TcpStream, state: &State) {
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    let mut headers = HashMap::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) <= 2 {
            break;
        }
        if let Some((name, value)) = line.trim_end().split_once(": ") {
            headers.insert(name.to_lowercase(), value.to_owned());
        }
    }
    let length = headers.get("content-length").map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let body = String::from_utf8(body).unwrap();
    state.received.lock().unwrap().push(Received { headers, body });
    let mut answer = state.answer.lock().unwrap();
    while answer.is_none() {
        answer = state.answered.wait(answer).unwrap();
    }
    let _ = (&stream).write_all(answer.as_ref().unwrap().as_bytes());
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

/// A webhook of a partner, with what its owner needs to call.
struct Hook {
    token: String,
    path: String,
    secret: String,
    made: Value,
}

fn hook(app: &TestApp, token: &str, url: &str, types: Value) -> Hook {
    let body = json!({"url": url, "types": types});
    let made = app.call("POST", "/v1/webhooks", token, &body).expect(201).json();
    Hook {
        token: token.to_owned(),
        path: format!("/v1/webhooks/{}", text(&made["webhook"]["id"])),
        secret: text(&made["secret"]["secret"]),
        made,
    }
}

impl Hook {
    fn show(&self, app: &TestApp) -> Value {
        self.get(app, "")
    }

    fn get(&self, app: &TestApp, more: &str) -> Value {
        app.call("GET", &format!("{}{more}", self.path), &self.token, &Value::Null)
            .expect(200)
            .json()
    }

    fn post(&self, app: &TestApp, more: &str, body: Value) -> crate::support::Response {
        app.call("POST", &format!("{}{more}", self.path), &self.token, &body)
    }

    fn patch(&self, app: &TestApp, body: Value) -> Value {
        app.call("PATCH", &self.path, &self.token, &body)
            .expect(200)
            .json()
    }

    fn deliveries(&self, app: &TestApp, query: &str) -> Vec<Value> {
        let page = self.get(app, &format!("/deliveries?limit=200&{query}"));
        page["items"].as_array().unwrap().clone()
    }

    /// Waits until nothing waits any more.
    fn settle(&self, app: &TestApp) {
        let latest = app
            .state
            .pool
            .read_blocking(musubi::changes::store::latest)
            .unwrap();
        app.until(|| {
            let shown = self.show(app);
            let position = text(&shown["position"]);
            let seq: i64 = position.split('-').next().unwrap().parse().unwrap();
            shown["waiting"] == 0 && seq >= latest
        });
    }
}

fn write(app: &TestApp, f: impl FnOnce(&mut Db) -> QueryResult<usize>) -> usize {
    let written = app.state.pool.write_blocking(|db| Ok(f(db)?));
    written.unwrap()
}

/// Makes the next attempts due now.
fn hurry(app: &TestApp) {
    let later = d::table
        .filter(d::due_at.is_not_null())
        .filter(d::lease.is_null());
    write(app, |db| {
        diesel::update(later)
            .set(d::due_at.eq(Instant::now()))
            .execute(db)
    });
}

/// Makes everything that failed so far older.
fn let_pass(app: &TestApp, time: Duration) {
    let then = Instant::from(chrono::Utc::now() - time);
    let tried = d::table.filter(d::first_attempt_at.is_not_null());
    write(app, |db| {
        diesel::update(tried)
            .set(d::first_attempt_at.eq(then))
            .execute(db)
    });
    let failing = w::table.filter(w::failing_since.is_not_null());
    write(app, |db| {
        diesel::update(failing).set(w::failing_since.eq(then)).execute(db)
    });
}

fn a_partner_hears_of_exactly_what_it_follows(app: &TestApp) {
    let types = json!(["deliverable", "worker", "application"]);
    let (_, own) = app.partner(json!({"code": "own"}));
    let (_, other) = app.partner(json!({"code": "other"}));
    let receivers = [Receiver::new("200 OK"), Receiver::new("204 No Content")];
    let hooks = [
        hook(app, &own, &receivers[0].url(), types.clone()),
        hook(app, &other, &receivers[1].url(), types),
    ];
    let organization = app.organization("風のひろば");
    let shared = app.deliverable(
        &organization,
        json!({"shared_with_partners": true, "roles": [{"role": "designer", "places": 1}]}),
    );
    app.deliverable(&organization, json!({"shared_with_partners": false}));
    let volunteer = |token: &str, number: &str| {
        let body = json!({"external_id": number, "area": "131041", "roles": ["designer"],
            "consent": {"given_on": "2026-04-01", "given_at": "2026-04-01T03:00:00Z", "text_version": "2026-04"}});
        text(&app.call("POST", "/v1/workers", token, &body).expect(201).json()["id"])
    };
    let (mine, others) = (volunteer(&own, "1"), volunteer(&other, "2"));
    let bid = json!({"deliverable_id": shared, "worker_id": mine, "role": "designer"});
    let bid = app.post("/v1/applications", &bid).expect(201).json();
    let path = format!("/v1/deliverables/{shared}");
    app.patch(&path, &json!({"title": "春のチラシ"})).expect(200);
    app.patch(&path, &json!({"shared_with_partners": false}))
        .expect(200);
    app.call("DELETE", &format!("/v1/workers/{others}"), &other, &Value::Null)
        .expect(204);
    for (hook, receiver) in hooks.iter().zip(&receivers) {
        hook.settle(app);
        // Exactly what the same partner reads when it follows.
        let begin = text(&hook.made["webhook"]["position"]);
        let path = format!("/v1/changes?after={begin}&types=deliverable,worker,application&limit=200");
        let followed = app
            .call("GET", &path, &hook.token, &Value::Null)
            .expect(200)
            .json();
        let mut expected = BTreeMap::new();
        for change in followed["items"].as_array().unwrap() {
            let link = change["href"]
                .as_str()
                .map(|href| format!("https://musubi.example.jp{href}"));
            let data = json!({"position": change["position"], "type": change["type"], "id": change["id"],
                "action": change["action"], "version": change["version"], "link": link, "reason": null});
            expected.insert(text(&change["position"]), data);
        }
        assert!(expected.len() >= 4, "{followed}");
        assert_eq!(receiver.changes(), expected);
        for message in receiver.received() {
            assert!(message.is_signed_with(&[&hook.secret]), "{}", message.body);
            assert_eq!(message.headers["content-type"], "application/json");
            let json = message.json();
            let kind = format!(
                "{}.{}",
                text(&json["data"]["type"]),
                text(&json["data"]["action"])
            );
            assert_eq!(json["type"], kind.as_str());
        }
    }
    let [mine_received, others_received] = receivers.map(|one| one.changes());
    let ids = |received: &BTreeMap<String, Value>| -> BTreeSet<String> {
        received.values().map(|data| text(&data["id"])).collect()
    };
    let application = text(&bid["id"]);
    assert_eq!(
        ids(&mine_received),
        [shared.clone(), mine.clone(), application].into()
    );
    assert_eq!(ids(&others_received), [shared.clone(), others].into());
    let mut last = mine_received
        .values()
        .filter(|data| data["id"] == shared.as_str());
    assert!(last.any(|data| data["action"] == "updated"), "{mine_received:?}");
}

fn receivers_that_fail_are_tried_again_and_hold_up_no_other(app: &TestApp) {
    let (_, partner) = app.partner(json!({"code": "own"}));
    let of = |answer: &str| {
        let receiver = Receiver::new(answer);
        let hook = hook(
            app,
            &partner,
            &receiver.url(),
            json!(["catalogue", "deliverable"]),
        );
        (receiver, hook)
    };
    let (fails, fails_hook) = of("500 Internal Server Error");
    let (redirects, redirects_hook) = of("302 Found\r\nlocation: http://10.0.0.1/");
    let (gone, gone_hook) = of("410 Gone");
    let (busy, busy_hook) = of("503 Service Unavailable\r\nretry-after: 3600");
    let (hangs, hangs_hook) = of("");
    let (works, works_hook) = of("200 OK");
    let organization = app.organization("風のひろば");
    app.deliverable(&organization, json!({"shared_with_partners": true}));
    // The one that hangs holds up no other.
    works_hook.settle(app);
    app.until(|| hangs.received().len() == 1);
    assert_eq!(hangs_hook.show(app)["waiting"], 1);
    assert_eq!(works.received().len(), 1);
    let outcome = |hook: &Hook| {
        let mut found = Value::Null;
        app.until(|| {
            found = hook.deliveries(app, "")[0].clone();
            !found["outcome"].is_null()
        });
        found
    };
    let first = outcome(&fails_hook);
    assert_includes(
        &first,
        &json!({"type": "deliverable.created", "status": "waiting", "attempts": 1,
            "outcome": {"status_code": 500, "fault": "rejected", "answer": "ok"}}),
    );
    let redirect = outcome(&redirects_hook);
    assert_includes(
        &redirect,
        &json!({"status": "waiting", "outcome": {"status_code": 302, "fault": "redirected"}}),
    );
    let later = outcome(&busy_hook);
    let at = |value: &Value| Instant::parse(value.as_str().unwrap()).unwrap().utc();
    let waits = at(&later["next_attempt_at"]) - at(&later["last_attempt_at"]);
    assert!(waits >= Duration::hours(1), "{later}");
    // Who is gone is switched off at once.
    assert_includes(
        &outcome(&gone_hook),
        &json!({"status": "waiting", "next_attempt_at": null, "outcome": {"fault": "gone"}}),
    );
    assert_includes(
        &gone_hook.show(app),
        &json!({"enabled": false, "switched_off": {"reason": "gone"}, "waiting": 1}),
    );
    // The same message comes again, and clears the failures.
    assert_includes(&fails_hook.show(app), &json!({"failures": 1, "enabled": true}));
    for receiver in [&fails, &redirects, &busy, &hangs] {
        receiver.answer("200 OK");
    }
    hurry(app);
    for hook in [&fails_hook, &redirects_hook, &busy_hook, &hangs_hook] {
        hook.settle(app);
        assert_includes(&hook.show(app), &json!({"failures": 0, "failing_since": null}));
    }
    let twice = fails.received();
    assert_eq!(twice.len(), 2);
    assert_eq!((twice[0].id(), &twice[0].body), (twice[1].id(), &twice[1].body));
    assert_eq!(gone.received().len(), 1);
    let delivered = &fails_hook.deliveries(app, "status=delivered")[0];
    assert_includes(
        delivered,
        &json!({"attempts": 2, "next_attempt_at": null, "outcome": {"status_code": 200, "fault": null}}),
    );
    assert_eq!(delivered["message_id"], twice[0].id());
    // What it refused and what has changed since arrives when it is back.
    let later = app.deliverable(&organization, json!({"shared_with_partners": true}));
    gone.answer("200 OK");
    gone_hook.patch(app, json!({"enabled": true}));
    app.until(|| gone.received().len() == 3);
    gone_hook.settle(app);
    let (refused, rest) = (gone.received()[0].clone(), &gone.received()[1..]);
    assert!(
        rest.iter().any(|one| one.id() == refused.id()),
        "under the same id"
    );
    assert!(rest.iter().any(|one| one.json()["data"]["id"] == later.as_str()));
}

fn a_failing_webhook_is_switched_off_with_a_task_and_goes_on_when_enabled(app: &TestApp) {
    let (_, partner) = app.partner(json!({"code": "own"}));
    let receiver = Receiver::new("500 Internal Server Error");
    let hook = hook(app, &partner, &receiver.url(), json!(["deliverable"]));
    let organization = app.organization("風のひろば");
    let shared = || app.deliverable(&organization, json!({"shared_with_partners": true}));
    let first = shared();
    app.until(|| hook.show(app)["failures"] == 1);
    let tasks = || {
        let list = app.call("GET", "/v1/tasks?kind=repair_webhook", &partner, &Value::Null);
        list.expect(200).json()["items"].as_array().unwrap().clone()
    };
    assert_eq!(tasks(), Vec::<Value>::new());
    let_pass(app, Duration::days(3));
    hurry(app);
    app.until(|| hook.show(app)["enabled"] == false);
    assert_includes(
        &hook.show(app),
        &json!({"switched_off": {"reason": "failing"}, "version": 2}),
    );
    assert_eq!(hook.deliveries(app, "status=failed").len(), 0);
    let [task] = &tasks()[..] else { panic!("one task") };
    assert_includes(
        task,
        &json!({"href": hook.path, "title": receiver.url(), "deliverable_id": null}),
    );
    let counts = app
        .call("GET", "/v1/tasks/counts", &partner, &Value::Null)
        .expect(200);
    assert!(
        counts.text.contains("\"repair_webhook\",\"count\":1"),
        "{}",
        counts.text
    );
    // Nothing is sent, and nothing is lost.
    let second = shared();
    let tried = receiver.received().len();
    receiver.answer("200 OK");
    hook.post(app, "/test", json!({})).expect(201);
    app.until(|| receiver.received().len() == tried + 1);
    assert_eq!(receiver.received()[tried].json()["type"], "webhook.test");
    assert_eq!(hook.show(app)["enabled"], false, "a test changes nothing");
    let enabled = hook.patch(app, json!({"enabled": true}));
    assert_includes(
        &enabled,
        &json!({"enabled": true, "switched_off": null, "failures": 0, "failing_since": null}),
    );
    hook.settle(app);
    assert_eq!(tasks(), Vec::<Value>::new());
    let replayed = hook.post(app, "/replay", json!({})).expect(200).json();
    assert_eq!(
        replayed,
        json!({"replayed": 0, "more": false}),
        "all of them waited"
    );
    let arrived: BTreeSet<String> = hook
        .deliveries(app, "status=delivered&type=deliverable.created")
        .iter()
        .map(|one| text(&one["payload"]["data"]["id"]))
        .collect();
    assert_eq!(arrived, [first, second].into());
    // Paused by its owner: that is no task.
    hook.patch(app, json!({"enabled": false}));
    assert_includes(&hook.show(app), &json!({"enabled": false, "switched_off": null}));
    assert_eq!(tasks(), Vec::<Value>::new());
}

fn two_servers_send_each_message_once(app: &TestApp) {
    let second = app.another();
    let user = app.user("admin@example.jp", json!({}));
    let admin = text(&app.login("admin@example.jp")["access_token"]);
    let receiver = Receiver::new("200 OK");
    let hook = hook(app, &admin, &receiver.url(), json!(["organization"]));
    assert_eq!(
        hook.made["webhook"]["owner"],
        json!({"kind": "user", "id": user["id"]})
    );
    let names: BTreeSet<String> = (0..40)
        .map(|number| {
            let server = if number % 2 == 0 { app } else { &second };
            server.organization(&format!("団体{number}"))
        })
        .collect();
    hook.settle(app);
    hook.settle(&second);
    let received = receiver.received();
    let ids: BTreeSet<&str> = received.iter().map(Received::id).collect();
    assert_eq!((received.len(), ids.len()), (40, 40));
    let told: BTreeSet<String> = receiver
        .changes()
        .values()
        .map(|data| text(&data["id"]))
        .collect();
    assert_eq!(told, names);
    assert!(hook.deliveries(app, "").iter().all(|one| one["attempts"] == 1));
    // Its messages and secrets go with their owner.
    app.user("another@example.jp", json!({}));
    app.delete(&format!("/v1/users/{}", text(&user["id"])))
        .expect(204);
    assert_eq!(app.get(&hook.path).status, 404);
}

fn another_server_goes_on_when_a_lease_ends(app: &TestApp) {
    let (_, partner) = app.partner(json!({"code": "own"}));
    let receiver = Receiver::new("");
    let hook = hook(app, &partner, &receiver.url(), json!(["deliverable"]));
    let organization = app.organization("風のひろば");
    app.deliverable(&organization, json!({"shared_with_partners": true}));
    app.until(|| receiver.received().len() == 1);
    // The server that sends it is killed, so to speak, and its lease is over.
    let killed = diesel::update(d::table).set((d::lease.eq(Id::new()), d::due_at.eq(Instant::now())));
    write(app, |db| killed.execute(db));
    app.until(|| receiver.received().len() == 2);
    receiver.answer("200 OK");
    hook.settle(app);
    let received = receiver.received();
    assert_eq!(received[0].id(), received[1].id());
    // What the first server learns later changes nothing.
    assert_includes(
        &hook.deliveries(app, "")[0],
        &json!({"status": "delivered", "attempts": 2}),
    );
}

fn secrets_are_renewed_while_both_are_valid(app: &TestApp) {
    let (_, partner) = app.partner(json!({"code": "own"}));
    let receiver = Receiver::new("200 OK");
    let hook = hook(app, &partner, &receiver.url(), json!(["deliverable"]));
    let next = |hook: &Hook| {
        let before = receiver.received().len();
        hook.post(app, "/test", json!({})).expect(201);
        app.until(|| receiver.received().len() > before);
        receiver.received()[before].clone()
    };
    let old = text(&hook.show(app)["secrets"][0]["id"]);
    assert!(next(&hook).is_signed_with(&[&hook.secret]));
    let refused = app
        .call(
            "DELETE",
            &format!("{}/secrets/{old}", hook.path),
            &partner,
            &Value::Null,
        )
        .expect(409);
    assert_eq!(refused.code(), "last_secret");
    let fresh = hook
        .post(app, "/secrets", json!({"keep_old_hours": 24}))
        .expect(201)
        .json();
    let fresh_secret = text(&fresh["secret"]);
    assert!(fresh_secret.starts_with("whsec_"));
    // The new one first.
    assert!(next(&hook).is_signed_with(&[&fresh_secret, &hook.secret]));
    let shown = hook.show(app);
    assert!(!shown.to_string().contains("whsec_"), "{shown}");
    assert!(shown["secrets"][0]["expires_at"].is_string() && shown["secrets"][1]["expires_at"].is_null());
    let refused = hook.post(app, "/secrets", json!({})).expect(409);
    assert_eq!(refused.code(), "too_many_secrets");
    app.call(
        "DELETE",
        &format!("{}/secrets/{old}", hook.path),
        &partner,
        &Value::Null,
    )
    .expect(204);
    assert!(next(&hook).is_signed_with(&[&fresh_secret]));
    // At once.
    let last = hook
        .post(app, "/secrets", json!({"keep_old_hours": 0}))
        .expect(201)
        .json();
    assert!(next(&hook).is_signed_with(&[&text(&last["secret"])]));
    let far = hook
        .post(app, "/secrets", json!({"keep_old_hours": 169}))
        .expect(422);
    assert_eq!(
        far.faults(),
        [("/keep_old_hours".to_owned(), "out_of_range".to_owned())]
    );
}

fn messages_are_tested_listed_and_sent_again(app: &TestApp) {
    let (_, partner) = app.partner(json!({"code": "own"}));
    let receiver = Receiver::new("200 OK");
    let hook = hook(app, &partner, &receiver.url(), json!(["deliverable"]));
    let tested = hook.post(app, "/test", json!({})).expect(201).json();
    assert_includes(
        &tested,
        &json!({"type": "webhook.test", "status": "waiting", "attempts": 0}),
    );
    app.until(|| receiver.received().len() == 1);
    let path = format!("/deliveries/{}", text(&tested["id"]));
    app.until(|| hook.get(app, &path)["status"] == "delivered");
    receiver.answer("500 Internal Server Error");
    let failing = hook.post(app, "/test", json!({})).expect(201).json();
    let failing = format!("/deliveries/{}", text(&failing["id"]));
    app.until(|| hook.get(app, &failing)["status"] == "failed");
    assert_includes(&hook.show(app), &json!({"failures": 0, "failing_since": null}));
    let organization = app.organization("風のひろば");
    for _ in 0..3 {
        app.deliverable(&organization, json!({"shared_with_partners": true}));
    }
    app.until(|| hook.deliveries(app, "type=deliverable.created").len() == 3);
    app.until(|| hook.show(app)["failures"].as_i64().unwrap() >= 3);
    let_pass(app, Duration::days(3));
    // None of them failed since, as far as the webhook knows: it stays enabled.
    write(app, |db| {
        let none: Option<Instant> = None;
        diesel::update(w::table)
            .set(w::failing_since.eq(none))
            .execute(db)
    });
    hurry(app);
    app.until(|| {
        hook.deliveries(app, "status=failed&type=deliverable.created")
            .len()
            == 3
    });
    assert_eq!(hook.show(app)["enabled"], true);
    receiver.answer("200 OK");
    let failed = hook.deliveries(app, "status=failed&type=deliverable.created");
    let middle = text(&failed[1]["payload"]["data"]["position"]);
    let again = hook
        .post(app, "/replay", json!({"after": middle}))
        .expect(200)
        .json();
    assert_eq!(again, json!({"replayed": 1, "more": false}), "the newest only");
    hook.settle(app);
    let one = format!("/deliveries/{}", text(&failed[2]["id"]));
    let replayed = hook
        .post(app, &format!("{one}/replay"), json!({}))
        .expect(200)
        .json();
    assert_includes(&replayed, &json!({"status": "waiting", "attempts": 0}));
    hook.settle(app);
    assert_includes(
        &hook.get(app, &one),
        &json!({"status": "delivered", "attempts": 1}),
    );
    let last = receiver.received().pop().unwrap();
    assert_eq!(last.id(), failed[2]["message_id"]);
    let page = hook.get(app, "/deliveries?limit=2");
    let next = format!("/deliveries?limit=200&cursor={}", text(&page["next"]));
    let rest = hook.get(app, &next)["items"].as_array().unwrap().len();
    assert_eq!((page["items"].as_array().unwrap().len(), rest), (2, 3));
    let wrong = hook.post(app, "/replay", json!({"after": "1"})).expect(422);
    assert_eq!(
        wrong.faults(),
        [("/after".to_owned(), "invalid_position".to_owned())]
    );
    // Others find neither the webhook nor its messages.
    let (_, other) = app.partner(json!({"code": "other"}));
    for (method, path) in [
        ("GET", hook.path.clone()),
        ("GET", format!("{}/deliveries", hook.path)),
        ("GET", format!("{}{one}", hook.path)),
        ("POST", format!("{}{one}/replay", hook.path)),
        ("POST", format!("{}/replay", hook.path)),
        ("POST", format!("{}/test", hook.path)),
        ("POST", format!("{}/secrets", hook.path)),
        ("PATCH", hook.path.clone()),
        ("DELETE", hook.path.clone()),
    ] {
        let body = if ["GET", "DELETE"].contains(&method) {
            Value::Null
        } else {
            json!({})
        };
        app.call(method, &path, &other, &body).expect(404);
    }
    let elsewhere = app
        .call("GET", "/v1/webhooks", &other, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(elsewhere["items"], json!([]));
    assert_eq!(
        app.get("/v1/webhooks").expect(200).json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    app.call("DELETE", &hook.path, &partner, &Value::Null).expect(204);
    app.call("GET", &hook.path, &partner, &Value::Null).expect(404);
}

fn a_new_password_ends_what_needs_none(app: &TestApp) {
    let (_, partner) = app.partner(json!({"code": "own"}));
    let others = hook(app, &partner, "http://127.0.0.1:1/", json!(["deliverable"]));
    let user = app.user("a@example.jp", json!({}));
    let access = text(&app.login("a@example.jp")["access_token"]);
    let own = hook(app, &access, "http://127.0.0.1:1/", json!(["deliverable"]));
    let feed = || {
        let made = app
            .call("POST", "/v1/feeds", &access, &json!({}))
            .expect(201)
            .json();
        text(&made["calendar_url"]).replace("https://musubi.example.jp", "")
    };
    let shown = || app.get(&own.path).expect(200).json();
    let ended_for = |feed: &str, reason: &str| {
        app.send("GET", feed, &[], b"").expect(404);
        let off = json!({"enabled": false, "switched_off": {"reason": reason}});
        assert_includes(&shown(), &off);
    };
    let ended = |feed: &str| ended_for(feed, "password_changed");
    let first = feed();
    app.send("GET", &first, &[], b"").expect(200);
    let new = "夏の川で魚を三匹つかまえた";
    let change = json!({"current_password": PASSWORD, "new_password": new});
    app.call("POST", "/v1/auth/password", &access, &change)
        .expect(204);
    ended(&first);
    // A task waits for the owner, who looks at the address and goes on.
    let tasks = app.call("GET", "/v1/tasks?kind=repair_webhook", &access, &Value::Null);
    assert_eq!(tasks.expect(200).json()["items"][0]["href"], own.path);
    assert_includes(
        &own.patch(app, json!({"enabled": true})),
        &json!({"switched_off": null}),
    );
    let second = feed();
    let link = format!("/v1/users/{}/invitations", text(&user["id"]));
    let link = app.post(&link, &json!({})).expect(201).json();
    let chosen = json!({"token": link["token"], "password": PASSWORD});
    app.call("POST", "/v1/auth/invitations/accept", "", &chosen)
        .expect(204);
    ended(&second);
    // So does another address, at once.
    let access = text(&app.login("a@example.jp")["access_token"]);
    let made = app
        .call("POST", "/v1/feeds", &access, &json!({}))
        .expect(201)
        .json();
    let third = text(&made["calendar_url"]).replace("https://musubi.example.jp", "");
    app.call("PATCH", &own.path, &access, &json!({"enabled": true}))
        .expect(200);
    let path = format!("/v1/users/{}", text(&user["id"]));
    app.patch(&path, &json!({"email": "b@example.jp"})).expect(200);
    ended_for(&third, "email_changed");
    assert_eq!(others.show(app)["enabled"], true);
}

fn what_waits_is_sent_at_once_on_demand_or_to_a_new_address(app: &TestApp) {
    let busy = "503 Service Unavailable\r\nretry-after: 36000";
    let (_, partner) = app.partner(json!({"code": "own"}));
    let receiver = Receiver::new(busy);
    let hook = hook(app, &partner, &receiver.url(), json!(["deliverable"]));
    let organization = app.organization("風のひろば");
    let waiting = || {
        app.deliverable(&organization, json!({"shared_with_partners": true}));
        let newest = || hook.deliveries(app, "status=waiting&type=deliverable.created");
        app.until(|| {
            let newest = newest();
            newest
                .first()
                .is_some_and(|one| !one["last_attempt_at"].is_null())
        });
        newest().swap_remove(0)
    };
    let first = format!("/deliveries/{}", text(&waiting()["id"]));
    receiver.answer("200 OK");
    let again = hook.post(app, &format!("{first}/replay"), json!({})).expect(200);
    assert_includes(&again.json(), &json!({"status": "waiting"}));
    hook.settle(app);
    assert_includes(
        &hook.get(app, &first),
        &json!({"status": "delivered", "attempts": 2}),
    );
    // A new address doesn't wait for the old one's time.
    receiver.answer(busy);
    let second = waiting();
    let other = Receiver::new("200 OK");
    let moved = hook.patch(app, json!({"url": other.url()}));
    assert_includes(&moved, &json!({"failures": 0, "failing_since": null}));
    hook.settle(app);
    assert_eq!(other.received().pop().unwrap().id(), second["message_id"]);
    // A message for a webhook that is off waits until it is on.
    receiver.answer(busy);
    hook.patch(app, json!({"url": receiver.url()}));
    let third = waiting();
    hook.patch(app, json!({"enabled": false}));
    let held = format!("/deliveries/{}", text(&third["id"]));
    let held = hook.post(app, &format!("{held}/replay"), json!({})).expect(200);
    assert_includes(
        &held.json(),
        &json!({"status": "waiting", "next_attempt_at": null}),
    );
}

fn refuses_addresses_types_and_callers(app: &TestApp) {
    let server = app.another_with(&["--webhook-networks=127.0.0.9"]);
    let (_, partner) = app
        .partner(json!({"code": "own", "scopes": ["webhooks:read", "webhooks:write", "deliverables:read"]}));
    let create = |token: &str, body: Value| server.call("POST", "/v1/webhooks", token, &body);
    for (url, code) in [
        ("https://127.0.0.1/", "refused_address"),
        ("https://localhost/", "refused_address"),
        ("https://[::ffff:169.254.169.254]/", "refused_address"),
        ("http://1.1.1.1/", "insecure_url"),
        ("https://host.invalid/", "unresolved_host"),
        ("ftp://1.1.1.1/", "invalid_url"),
        ("https://a:b@1.1.1.1/", "invalid_url"),
    ] {
        let refused = create(&partner, json!({"url": url, "types": ["deliverable"]})).expect(422);
        assert_eq!(refused.faults(), [("/url".to_owned(), code.to_owned())], "{url}");
    }
    let allowed = json!({"url": "http://127.0.0.9:1/", "types": ["deliverable"], "enabled": false});
    let made = create(&partner, allowed.clone()).expect(201).json();
    let path = format!("/v1/webhooks/{}", text(&made["webhook"]["id"]));
    let moved = json!({"url": "http://127.0.0.8:1/"});
    let refused = server.call("PATCH", &path, &partner, &moved).expect(422);
    assert_eq!(
        refused.faults(),
        [("/url".to_owned(), "refused_address".to_owned())]
    );
    for types in [
        json!([]),
        json!(["deliverable", "deliverable"]),
        json!(["unknown"]),
    ] {
        create(&partner, json!({"url": "http://127.0.0.9:1/", "types": types})).expect(422);
    }
    let beyond = json!({"url": "http://127.0.0.9:1/", "types": ["worker"]});
    assert_eq!(create(&partner, beyond).expect(403).code(), "insufficient_scope");
    let more = server
        .call("PATCH", &path, &partner, &json!({"types": ["worker"]}))
        .expect(403);
    assert_eq!(more.code(), "insufficient_scope");
    for _ in 0..9 {
        create(&partner, allowed.clone()).expect(201);
    }
    assert_eq!(
        create(&partner, allowed.clone()).expect(409).code(),
        "too_many_webhooks"
    );
    // A token without a user, and roles without the scope.
    assert_eq!(
        create(&app.admin, allowed.clone()).expect(403).code(),
        "login_required"
    );
    for role in [
        musubi::auth::UserRole::Coordinator,
        musubi::auth::UserRole::Auditor,
    ] {
        create(&app.token(role), allowed.clone()).expect(403);
    }
    // The secret is shown once; a version is changed once.
    let (_, other) = app.partner(json!({"code": "other"}));
    let bearer = format!("Bearer {other}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("idempotency-key", "w-1"),
    ];
    let body = allowed.to_string().into_bytes();
    let first = server
        .send("POST", "/v1/webhooks", &headers, &body)
        .expect(201)
        .json();
    let again = server
        .send("POST", "/v1/webhooks", &headers, &body)
        .expect(201)
        .json();
    assert_eq!(first["webhook"]["id"], again["webhook"]["id"]);
    assert!(first["secret"]["secret"].is_string() && again["secret"]["secret"].is_null());
    let path = format!("/v1/webhooks/{}", text(&first["webhook"]["id"]));
    let stale = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/merge-patch+json"),
        ("if-match", "\"7\""),
    ];
    server
        .send("PATCH", &path, &stale, br#"{"description": "a"}"#)
        .expect(412);
    server.send("DELETE", &path, &stale, b"").expect(412);
}

fn tells_a_receiver_to_list_everything_again(app: &TestApp) {
    let (id, partner) = app.partner(json!({"code": "own"}));
    let receiver = Receiver::new("200 OK");
    let hook = hook(app, &partner, &receiver.url(), json!(["deliverable"]));
    app.patch(&format!("/v1/partners/{id}"), &json!({"areas": ["131041"]}))
        .expect(200);
    app.until(|| receiver.received().len() == 1);
    hook.settle(app);
    let told = receiver.received()[0].json();
    assert_includes(
        &told,
        &json!({"type": "webhook.resync", "data": {"reason": "foreign_position"}}),
    );
    let position = text(&told["data"]["position"]);
    let followed = app.call(
        "GET",
        &format!("/v1/changes?after={position}"),
        &partner,
        &Value::Null,
    );
    followed.expect(200);
    // Away for longer than the log is kept.
    hook.patch(app, json!({"enabled": false}));
    let organization = app.organization("風のひろば");
    app.deliverable(&organization, json!({"shared_with_partners": true}));
    let pool = &app.state.pool;
    let latest = pool.read_blocking(musubi::changes::store::latest).unwrap();
    app.until(|| {
        let reached = |name: &&&str| {
            pool.read_blocking(|db| musubi::changes::store::position(db, name))
                .unwrap()
                >= latest
        };
        musubi::changes::FOLLOWERS.iter().all(|name| reached(&name))
    });
    let later = Instant::from(chrono::Utc::now() + Duration::days(1));
    pool.write_blocking(|db| musubi::changes::store::trim(db, later))
        .unwrap();
    let server = app.another();
    app.stop();
    hook.patch(&server, json!({"enabled": true}));
    server.until(|| receiver.received().len() == 2);
    let told = receiver.received()[1].json();
    assert_includes(
        &told,
        &json!({"type": "webhook.resync", "data": {"reason": "expired_position"}}),
    );
    // A suspended partner hears nothing, and goes on later.
    server
        .patch(&format!("/v1/partners/{id}"), &json!({"status": "suspended"}))
        .expect(200);
    let shared = server.deliverable(&organization, json!({"shared_with_partners": true}));
    server
        .patch(&format!("/v1/partners/{id}"), &json!({"status": "active"}))
        .expect(200);
    server.until(|| receiver.received().len() == 3);
    assert_eq!(receiver.received()[2].json()["data"]["id"], shared.as_str());
}

fn old_messages_are_deleted(app: &TestApp) {
    use musubi::webhooks::store::deliveries;
    let (_, partner) = app.partner(json!({"code": "own"}));
    let receiver = Receiver::new("200 OK");
    let hook = hook(app, &partner, &receiver.url(), json!(["deliverable"]));
    hook.post(app, "/test", json!({})).expect(201);
    hook.settle(app);
    let purge = |days| {
        let later = Instant::from(chrono::Utc::now() + Duration::days(days));
        let purged = app.state.pool.write_blocking(|db| deliveries::purge(db, later));
        purged.unwrap()
    };
    assert_eq!(purge(6).0, 0);
    assert_eq!(purge(8).0, 1);
    // Those who waited in vain hear of it.
    hook.patch(app, json!({"enabled": false}));
    let failing = Instant::now();
    let id: Id = text(&hook.made["webhook"]["id"]).parse().map(Id).unwrap();
    let new = deliveries::NewDelivery {
        id: Id::new(),
        webhook: id,
        event: "deliverable.created".into(),
        seq: Some(1),
        payload: "{}".into(),
    };
    let pool = &app.state.pool;
    pool.write_blocking(|db| deliveries::insert(db, vec![new], failing))
        .unwrap();
    pool.write_blocking(|db| deliveries::hold(db, id)).unwrap();
    assert_eq!(purge(29), (0, Vec::new()));
    assert_eq!(purge(31), (1, vec![id]));
    pool.write_blocking(|db| musubi::webhooks::store::mark_lost(db, &[id]))
        .unwrap();
    let organization = app.organization("風のひろば");
    app.deliverable(&organization, json!({"shared_with_partners": true}));
    hook.patch(app, json!({"enabled": true}));
    app.until(|| receiver.received().len() == 2);
    assert_eq!(receiver.received()[1].json()["data"]["reason"], "messages_lost");
}

fn a_full_queue_does_not_keep_the_log_from_being_trimmed(app: &TestApp) {
    let (_, partner) = app.partner(json!({"code": "own"}));
    let receiver = Receiver::new("200 OK");
    let hook = hook(app, &partner, &receiver.url(), json!(["deliverable"]));
    let webhook: Id = hook.made["webhook"]["id"]
        .as_str()
        .unwrap()
        .parse()
        .map(Id)
        .unwrap();
    let pool = &app.state.pool;
    let fill = |db: &mut Db| {
        for _ in 0..1000 {
            let message = (
                d::id.eq(Id::new()),
                d::webhook_id.eq(webhook),
                d::event.eq("deliverable.updated"),
                d::payload.eq("{}"),
                d::status.eq("waiting"),
                d::attempts.eq(0),
                d::created_at.eq(Instant::now()),
            );
            diesel::insert_into(d::table).values(message).execute(db)?;
        }
        Ok(())
    };
    pool.write_blocking(fill).unwrap();
    let organization = app.organization("風のひろば");
    app.deliverable(&organization, json!({"shared_with_partners": true}));
    let latest = pool.read_blocking(musubi::changes::store::latest).unwrap();
    let position = || {
        let position = |db: &mut Db| musubi::changes::store::position(db, musubi::webhooks::FOLLOWER);
        pool.read_blocking(position).unwrap()
    };
    app.until(|| position() >= latest);
    // The webhook itself is still behind: what it has no room for is in the log for 30 days.
    let own = |db: &mut Db| Ok(w::table.find(webhook).select(w::position).first::<i64>(db)?);
    assert!(pool.read_blocking(own).unwrap() < latest);
}
