//! Importing files, and waiting for the end.

use super::postgres::is_waiting;
use super::{Response, TestApp};
use musubi::db::Db;
use serde_json::Value;
use std::time::Duration;

impl TestApp {
    /// Sends a file to be imported.
    pub fn import(&self, token: &str, query: &str, file: &[u8]) -> Response {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/octet-stream"),
        ];
        self.send("POST", &format!("/v1/imports?{query}"), &headers, file)
    }

    /// Imports a file as an administrator, and returns the import once it has ended.
    pub fn import_and_wait(&self, query: &str, file: &[u8]) -> Value {
        let sent = self.import(&self.admin, query, file).expect(202).json();
        self.wait_for_import(sent["id"].as_str().unwrap())
    }

    /// Waits until the condition is true.
    #[allow(clippy::disallowed_methods)]
    pub fn until(&self, mut condition: impl FnMut() -> bool) {
        for _ in 0..3000 {
            if condition() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the condition never became true");
    }

    /// Waits until a writer waits for what another transaction has locked. On SQLite, all writers wait for their turn.
    pub fn until_a_writer_waits(&self) {
        let waits = |db: &mut Db| match db {
            Db::Pg(c) => Ok(is_waiting(c)),
            Db::Sqlite(_) => Ok(true),
        };
        self.until(|| self.state.pool.read_blocking(waits).unwrap());
    }

    /// Returns an import once it has ended.
    pub fn wait_for_import(&self, id: &str) -> Value {
        let mut import = Value::Null;
        self.until(|| {
            import = self.get(&format!("/v1/imports/{id}")).expect(200).json();
            !["receiving", "queued", "running", "undoing"].contains(&import["status"].as_str().unwrap())
        });
        import
    }

    /// Returns line, column and code of each finding of an import.
    pub fn findings_of(&self, import: &Value) -> Vec<(u64, String, String)> {
        let path = format!(
            "/v1/imports/{}/findings?limit=200",
            import["id"].as_str().unwrap()
        );
        let page = self.get(&path).expect(200).json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let findings = page["items"].as_array().unwrap().iter();
        findings
            .map(|f| (f["line"].as_u64().unwrap(), text(&f["column"]), text(&f["code"])))
            .collect()
    }
}
