//! Sending files, and waiting for what becomes of them.

use super::{Response, TestApp};
use serde_json::Value;
use std::time::Duration;

impl TestApp {
    /// Sends a file as the body.
    pub fn import(&self, token: &str, query: &str, file: &[u8]) -> Response {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/octet-stream"),
        ];
        self.send("POST", &format!("/v1/imports?{query}"), &headers, file)
    }

    /// Sends a file as an administrator, and waits for its end.
    pub fn imported(&self, query: &str, file: &[u8]) -> Value {
        let sent = self.import(&self.admin, query, file).expect(202).json();
        self.ended(sent["id"].as_str().unwrap())
    }

    /// Tries until it is so.
    #[allow(clippy::disallowed_methods)]
    pub fn until(&self, mut is_so: impl FnMut() -> bool) {
        for _ in 0..3000 {
            if is_so() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it never comes to that");
    }

    /// The job, when nothing more happens by itself.
    pub fn ended(&self, id: &str) -> Value {
        let mut job = Value::Null;
        self.until(|| {
            job = self.get(&format!("/v1/imports/{id}")).expect(200).json();
            !["receiving", "queued", "running", "undoing"].contains(&job["status"].as_str().unwrap())
        });
        job
    }

    /// Line, column, code of everything that an import found.
    pub fn found(&self, job: &Value) -> Vec<(u64, String, String)> {
        let path = format!("/v1/imports/{}/findings?limit=200", job["id"].as_str().unwrap());
        let page = self.get(&path).expect(200).json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let found = page["items"].as_array().unwrap().iter();
        found
            .map(|f| (f["line"].as_u64().unwrap(), text(&f["column"]), text(&f["code"])))
            .collect()
    }
}
