//! The number of queries of a request.

use crate::support::{TestApp, on_both};
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once};

/// The queries on each database that is being watched: the number of the connection, and the text.
static WATCHED: Mutex<BTreeMap<String, Vec<(usize, String)>>> = Mutex::new(BTreeMap::new());

/// How many connections were opened.
static CONNECTIONS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The database of the last connection that this thread opened.
    static OPENED: RefCell<String> = const { RefCell::new(String::new()) };
}

struct Counter {
    database: String,
    connection: usize,
}

impl Default for Counter {
    fn default() -> Counter {
        Counter {
            database: OPENED.with_borrow(Clone::clone),
            connection: CONNECTIONS.fetch_add(1, Ordering::Relaxed),
        }
    }
}

impl Instrumentation for Counter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => {
                // The pool adds parameters to the URL, and replaces this instance by one that it makes next.
                let url = url.split('?').next().unwrap().to_owned();
                OPENED.set(url);
            }
            InstrumentationEvent::StartQuery { query, .. } => {
                if let Some(texts) = WATCHED.lock().unwrap().get_mut(&self.database) {
                    // The values follow the text.
                    let text = query.to_string();
                    let text = text.split(" -- ").next().unwrap().to_owned();
                    texts.push((self.connection, text));
                }
            }
            _ => {}
        }
    }
}

pub fn start_counting() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| set_default_instrumentation(|| Some(Box::<Counter>::default())).unwrap());
}

/// Returns the queries while a call is answered.
fn watched(server: &TestApp, call: &impl Fn()) -> Vec<(usize, String)> {
    let database = server.database();
    WATCHED.lock().unwrap().insert(database.clone(), Vec::new());
    call();
    WATCHED.lock().unwrap().remove(&database).unwrap()
}

/// Returns the queries on these tables in the transaction in which a call writes a record: what it wrote wakes tasks, which have
/// others.
fn queries_of_writer(server: &TestApp, table: &str, about: &[&str], call: impl Fn()) -> Vec<String> {
    // The databases quote names differently.
    let inserts = ['"', '`'].map(|quote| format!("INSERT INTO {quote}{table}{quote}"));
    let is_insert = |text: &str| inserts.iter().any(|insert| text.starts_with(insert));
    let texts = watched(server, &call);
    let (writer, _) = texts.iter().find(|(_, text)| is_insert(text)).unwrap();
    let of_writer = texts.iter().filter(|(connection, _)| connection == writer);
    let of_writer: Vec<&String> = of_writer.map(|(_, text)| text).collect();
    let at = of_writer.iter().position(|text| is_insert(text)).unwrap();
    let (before, after) = of_writer.split_at(at);
    let ended = before.iter().rposition(|text| text.starts_with("COMMIT"));
    let before = &before[ended.map_or(0, |at| at + 1)..];
    let end = after.iter().position(|text| text.starts_with("COMMIT")).unwrap();
    let of_transaction = before.iter().chain(&after[..=end]);
    of_transaction
        .filter(|text| about.iter().any(|table| text.contains(table)))
        .map(|text| (*text).clone())
        .collect()
}

/// Returns the queries on these tables that a call to a server takes. Background tasks run queries too, so this is the
/// smallest of many attempts.
pub fn queries(server: &TestApp, about: &[&str], call: impl Fn()) -> Vec<String> {
    least_queries(server, about, 60, call)
}

/// The same, with fewer attempts for a call that takes longer.
pub fn least_queries(server: &TestApp, about: &[&str], attempts: usize, call: impl Fn()) -> Vec<String> {
    let count = || {
        let texts = watched(server, &call).into_iter().map(|(_, text)| text);
        texts
            .filter(|text| about.iter().any(|table| text.contains(table)))
            .collect::<Vec<_>>()
    };
    let mut least = count();
    for _ in 0..attempts {
        if least.is_empty() {
            break;
        }
        least = std::cmp::min_by_key(least, count(), Vec::len);
    }
    least
}

on_both! {
    checks_a_permission_with_one_query,
    requests_stay_within_their_budget_of_statements,
    finds_a_record_by_a_statement_that_is_prepared_once,
}

/// Paths of one record of each kind that is read without a transaction.
fn records(app: &TestApp) -> Vec<String> {
    let organization = app.organization("風のひろば");
    let deliverable = app.deliverable(&organization, json!({}));
    let worker = app.worker(json!({"personal": {"name": "佐藤"}}));
    let user = app.user("b@example.jp", json!({"role": "worker", "worker_id": worker}));
    let user = user["id"].as_str().unwrap();
    let programme = json!({"title": "プロボノ", "kind": "pro_bono", "fiscal_year": 2026});
    let programme = app.post("/v1/programmes", &programme).expect(201).json();
    let programme = programme["id"].as_str().unwrap();
    vec![
        format!("/v1/organizations/{organization}"),
        format!("/v1/deliverables/{deliverable}"),
        format!("/v1/workers/{worker}"),
        format!("/v1/users/{user}"),
        format!("/v1/programmes/{programme}"),
        "/v1/deliverable-types/flyer".to_owned(),
    ]
}

fn requests_stay_within_their_budget_of_statements(app: &TestApp) {
    start_counting();
    let server = app.another();
    let transaction = ["BEGIN", "COMMIT"];
    for path in records(app) {
        let table = match path.split('/').nth(2).unwrap() {
            "deliverable-types" => "catalogue_entries",
            table => table,
        };
        let show = || drop(server.get(&path).expect(200));
        let own = queries(&server, &[table], show);
        assert_eq!(own.len(), 1, "{path}: {own:#?}");
        // What is personal is entered in the audit, in a transaction.
        if !["workers", "users"].contains(&table) {
            let around = queries(&server, &transaction, show);
            assert!(around.is_empty(), "{path}: {around:#?}");
        }
    }
    let all = ["BEGIN", "COMMIT", "deliverables", "catalogue", "entity"];
    let list = queries(&server, &all, || {
        server.get("/v1/deliverables?limit=50").expect(200);
    });
    assert!(
        list.len() <= 4,
        "begin, the catalogue's version, the page, commit: {list:#?}"
    );
    let areas = queries(&server, &["areas", "catalogue", "BEGIN"], || {
        server.get("/v1/areas").expect(200);
    });
    assert!(areas.is_empty(), "they never change: {areas:#?}");
    let name = |n: usize| json!({"name": format!("丘の会{n}"), "area": "131041", "kind": "npo"});
    server.post("/v1/organizations", &name(0)).expect(201);
    let all = ["BEGIN", "COMMIT", "organization", "entity", "changes", "advisory"];
    let post = queries_of_writer(&server, "organizations", &all, || {
        server.post("/v1/organizations", &name(1)).expect(201);
    });
    assert!(
        post.len() <= 12,
        "begin, the catalogue's version, the record, its name, the log's lock, who sees the record (its row, its requests, what \
         was known, what is), the change, the reach, commit: {post:#?}"
    );
}

/// SQLite compiles a statement again when the value of `LIMIT ?` changes its plan, which takes longer than the search, and
/// neither database keeps a statement with a list of values.
fn finds_a_record_by_a_statement_that_is_prepared_once(app: &TestApp) {
    start_counting();
    let server = app.another();
    let paths = records(app);
    let areas = json!({"role": "coordinator", "areas": ["131041"]});
    app.user("c@example.jp", areas);
    let login = app.login("c@example.jp");
    let coordinator = login["access_token"].as_str().unwrap();
    let fresh = ["LIMIT", " IN (", "ANY("];
    let check = |path: &str, show: &dyn Fn()| {
        let found = queries(&server, &fresh, show);
        let found: Vec<_> = found.iter().filter(|text| !text.contains("audit")).collect();
        assert!(found.is_empty(), "{path}: {found:#?}");
    };
    for path in &paths {
        check(path, &|| drop(server.get(path).expect(200)));
    }
    for path in &paths[..2] {
        let show = || drop(server.call("GET", path, coordinator, &Value::Null).expect(200));
        check(path, &show);
    }
}

fn checks_a_permission_with_one_query(app: &TestApp) {
    // The first server opened its connections before counting began. This one uses the same database.
    start_counting();
    let server = app.another();
    let worker = app.worker(json!({"personal": {"name": "佐藤"}}));
    app.user("w@example.jp", json!({"role": "worker", "worker_id": worker}));
    app.user(
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let token = |email: &str| app.login(email)["access_token"].as_str().unwrap().to_owned();
    let (own, coordinator) = (token("w@example.jp"), token("c@example.jp"));
    let path = format!("/v1/workers/{worker}");
    let queries = |token: &str| {
        let show = || drop(server.call("GET", &path, token, &Value::Null).expect(200));
        queries(&server, &["workers", "sessions", "audit"], show)
    };
    let is_read =
        |text: &&String| text.starts_with("SELECT") && !text.contains("audit") && !text.contains("advisory");
    for token in [own.as_str(), &coordinator] {
        let reads = queries(token);
        let reads: Vec<&String> = reads.iter().filter(is_read).collect();
        assert_eq!(
            reads.len(),
            2,
            "one for the session, one for the record: {reads:#?}"
        );
    }
    assert!(
        queries(&own).iter().all(|text| !text.contains("audit")),
        "reading your own record is not audited"
    );
    let audited = queries(&coordinator);
    assert_eq!(
        audited.iter().filter(|text| text.contains("audit")).count(),
        3,
        "the previous entry, the entry and its subject: {audited:#?}"
    );
}
