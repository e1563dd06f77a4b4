//! Dates and times that nobody can mean: no operation fails on them, and none stores them.

use crate::support::{TestApp, on_both};
use musubi::server::document::Document;
use serde_json::{Value, json};
use uuid::Uuid;

on_both! {
    every_operation_refuses_an_implausible_year,
    a_published_event_and_a_post_stay_readable,
}

/// Beyond what the databases hold, beyond what can be reckoned with, and a year that only UTC makes too large.
const TIMES: [&str; 3] = [
    "+262142-12-31T23:59:59Z",
    "-262143-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
];
const DATES: [&str; 3] = ["+262142-12-31", "-262143-01-01", "9999-12-31"];

/// Puts a time or a date in place of those that an example has. Returns how many it had.
fn spoil(value: &mut Value, time: &str, date: &str) -> usize {
    match value {
        Value::String(text) if text.parse::<chrono::DateTime<chrono::Utc>>().is_ok() => {
            *text = time.to_owned();
            1
        }
        Value::String(text) if text.parse::<chrono::NaiveDate>().is_ok() => {
            *text = date.to_owned();
            1
        }
        Value::Array(items) => items.iter_mut().map(|item| spoil(item, time, date)).sum(),
        Value::Object(members) => members.values_mut().map(|member| spoil(member, time, date)).sum(),
        _ => 0,
    }
}

/// Returns the example of an operation's JSON body.
fn example(document: &Value, operation: &Value) -> Value {
    let body = &operation["requestBody"]["content"]["application/json"];
    if !body["example"].is_null() {
        return body["example"].clone();
    }
    let name = body["schema"]["$ref"].as_str().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    document["components"]["schemas"][name]["example"].clone()
}

fn every_operation_refuses_an_implausible_year(app: &TestApp) {
    let document: Value = serde_json::from_str(Document::shared().text()).unwrap();
    let id = Uuid::now_v7().to_string();
    let (mut bodies, mut parameters) = (0, 0);
    for (path, item) in document["paths"].as_object().unwrap() {
        let filled: Vec<&str> = path
            .split('/')
            .map(|step| if step.starts_with('{') { id.as_str() } else { step })
            .collect();
        let filled = filled.join("/");
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase();
            for (time, date) in TIMES.iter().zip(DATES) {
                let mut body = example(&document, operation);
                if spoil(&mut body, time, date) > 0 {
                    let answer = app.call(&method, &filled, &app.admin, &body);
                    let status = answer.status;
                    assert!(
                        (400..500).contains(&status),
                        "{method} {path} {body}: {}",
                        answer.text
                    );
                    bodies += 1;
                }
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    let far = match parameter["schema"]["format"].as_str() {
                        Some("date") if parameter["in"] == "query" => date,
                        Some("date-time") if parameter["in"] == "query" => time,
                        _ => continue,
                    };
                    let name = parameter["name"].as_str().unwrap();
                    let query: String = form_urlencoded::Serializer::new(String::new())
                        .append_pair(name, far)
                        .finish();
                    let answer = app.call(&method, &format!("{filled}?{query}"), &app.admin, &Value::Null);
                    let status = answer.status;
                    assert!(
                        (400..500).contains(&status),
                        "{method} {path}?{query}: {}",
                        answer.text
                    );
                    parameters += 1;
                }
            }
        }
    }
    assert!(
        bodies >= 3 * 10 && parameters >= 3 * 10,
        "{bodies} bodies, {parameters} parameters"
    );
}

fn a_published_event_and_a_post_stay_readable(app: &TestApp) {
    let event = json!({"kind": "seminar", "title": "プロボノ入門", "areas": ["131041"],
        "times": [{"starts_at": "2199-12-05T05:00:00Z"}], "status": "published"});
    let event = app.post("/v1/events", &event).expect(201).json();
    let path = format!("/v1/events/{}", event["id"].as_str().unwrap());
    for time in TIMES {
        let refused = app
            .patch(&path, &json!({"registration_closes_at": time}))
            .expect(422);
        assert_eq!(
            refused.faults(),
            [("/registration_closes_at".into(), "out_of_range".into())]
        );
        let post = json!({"title": "お知らせ", "body": "本文", "status": "published", "publish_at": time});
        let refused = app.post("/v1/posts", &post).expect(422);
        assert_eq!(refused.faults(), [("/publish_at".into(), "out_of_range".into())]);
    }
    for public in [
        "/v1/listings.csv",
        "/v1/listings.jsonld",
        "/v1/posts",
        "/v1/posts.atom",
    ] {
        app.send("GET", public, &[], b"").expect(200);
    }
}
