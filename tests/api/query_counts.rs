//! The number of queries of a request.

use crate::support::{TestApp, on_both};
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::{Mutex, Once};

/// Database and text of every query of this process since [`start_counting`].
static QUERIES: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

thread_local! {
    /// The database of the last connection that this thread opened.
    static OPENED: RefCell<String> = const { RefCell::new(String::new()) };
}

struct Counter {
    database: String,
}

impl Default for Counter {
    fn default() -> Counter {
        let database = OPENED.with_borrow(Clone::clone);
        Counter { database }
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
                let text = query.to_string();
                QUERIES.lock().unwrap().push((self.database.clone(), text));
            }
            _ => {}
        }
    }
}

pub fn start_counting() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| set_default_instrumentation(|| Some(Box::<Counter>::default())).unwrap());
}

on_both! {
    checks_a_permission_with_one_query,
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
        // Background tasks run queries too, but on other tables.
        let count = || {
            QUERIES
                .lock()
                .unwrap()
                .retain(|(database, _)| *database != server.database());
            server.call("GET", &path, token, &Value::Null).expect(200);
            let all = QUERIES.lock().unwrap();
            let about = ["workers", "sessions", "audit"];
            let ours = all.iter().filter(|(database, text)| {
                *database == server.database() && about.iter().any(|table| text.contains(table))
            });
            ours.map(|(_, text)| text.split(" -- ").next().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        (0..5).map(|_| count()).min_by_key(Vec::len).unwrap()
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
