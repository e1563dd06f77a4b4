//! A server for each test, on its own database, and the requests to it.

mod imports;
mod includes;
pub mod postgres;

pub use includes::assert_includes;

use actix_web::dev::{ResourceDef, ServerHandle};
use musubi::auth::{Claims, UserRole};
use musubi::config::{Config, DatabaseConfig, LogFormat, ServedAreas, ServerConfig};
use musubi::db::{migrate_to, migration_names};
use musubi::server::document::Document;
use musubi::server::{AppState, Listener};
use musubi::values::words;
use postgres::Database;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::thread::JoinHandle;
use tempfile::TempDir;

/// Runs each function as two tests, one per database.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[test]
            fn sqlite() {
                super::$name(&$crate::support::TestApp::sqlite());
            }

            #[test]
            fn postgres() {
                if let Some(app) = $crate::support::TestApp::postgres() {
                    super::$name(&app);
                }
            }
        }
    )*};
}
pub(crate) use on_both;

pub const KEY: &str = "a key for tests that is long enough to be one";

pub const PASSWORD: &str = "correct horse battery staple";

pub struct TestApp {
    pub base: String,
    /// The address of /metrics, if the server was started with `--metrics-listen`.
    pub metrics: Option<String>,
    pub state: AppState,
    pub admin: String,
    agent: ureq::Agent,
    handle: ServerHandle,
    thread: Mutex<Option<JoinHandle<()>>>,
    config: Config,
    /// Deleted when the server stops.
    _storage: Option<Storage>,
}

/// What a test may write to: a folder, and a database beside it or in it. Deleted with this value.
pub struct Storage {
    folder: TempDir,
    database: Option<Database>,
}

impl Storage {
    /// With a database of PostgreSQL, if that is installed.
    pub fn postgres() -> Option<Storage> {
        let database = Some(postgres::cluster()?.fresh_database());
        let folder = TempDir::new().unwrap();
        Some(Storage { folder, database })
    }

    pub fn sqlite() -> Storage {
        let folder = TempDir::new().unwrap();
        Storage {
            folder,
            database: None,
        }
    }

    pub fn config(&self) -> Config {
        let url = self.database.as_ref().map(|one| one.url.clone());
        config(self.folder.path(), url)
    }
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns the code of a problem document.
    pub fn code(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.text
        );
        self.json()["code"].as_str().unwrap().to_owned()
    }

    /// Returns the place and code of every bad value.
    pub fn faults(&self) -> Vec<(String, String)> {
        let problem = self.json();
        let place = |e: &Value| {
            e["pointer"]
                .as_str()
                .or(e["parameter"].as_str())
                .unwrap()
                .to_owned()
        };
        let faults = problem["errors"].as_array().unwrap().iter();
        faults
            .map(|e| (place(e), e["code"].as_str().unwrap().to_owned()))
            .collect()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Response {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

pub fn config(folder: &Path, database_url: Option<String>) -> Config {
    Config {
        database_url,
        data_dir: folder.to_owned(),
        token_key: Some(KEY.to_owned()),
        public_url: Some("https://musubi.example.jp".into()),
        workbook_reader: Some(env!("CARGO_BIN_EXE_musubi").into()),
        // Debug builds on a busy machine are slow. Tests about time-outs set their own.
        database_options: DatabaseConfig {
            database_timeout_seconds: 60,
            ..DatabaseConfig::default()
        },
        served_areas: ServedAreas::default(),
        log: "off".into(),
        log_format: LogFormat::Human,
    }
}

/// Returns the options of a test server, with more arguments of `musubi serve`.
pub fn server_config(more: &[&str]) -> ServerConfig {
    #[derive(clap::Parser)]
    struct Arguments {
        #[command(flatten)]
        server: ServerConfig,
    }
    let fixed = [
        "musubi",
        "--listen=127.0.0.1:0",
        "--workers=2",
        "--trusted-proxies=127.0.0.1",
    ];
    // Most tests know the order of a ranking.
    let fixed = fixed.into_iter().chain([
        "--retention-messages-days=0",
        "--random-swaps=false",
        "--webhook-networks=127.0.0.0/8",
    ]);
    let name = |argument: &str| argument.split('=').next().unwrap().to_owned();
    let fixed = fixed.filter(|one| !more.iter().any(|other| name(other) == name(one)));
    <Arguments as clap::Parser>::parse_from(fixed.chain(more.iter().copied())).server
}

/// Makes a migrated and seeded SQLite file once. Each test copies it.
fn template() -> PathBuf {
    static TEMPLATE: OnceLock<TempDir> = OnceLock::new();
    let folder = TEMPLATE.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let state = AppState::open(&config(folder.path(), None)).unwrap();
        state.pool.write_blocking(|_| Ok(())).unwrap();
        drop(state);
        folder
    });
    folder.path().join("musubi.sqlite3")
}

impl TestApp {
    pub fn sqlite() -> TestApp {
        let storage = Storage::sqlite();
        for extension in ["sqlite3", "sqlite3-wal"] {
            let from = template().with_extension(extension);
            if from.exists() {
                let to = storage.folder.path().join("musubi").with_extension(extension);
                std::fs::copy(from, to).unwrap();
            }
        }
        TestApp::start(storage.config(), Some(storage), &[])
    }

    /// Stops the server, reverses the migrations from the one whose name ends like this, runs them again, and starts
    /// another server: what an older release would have left behind.
    pub fn reversed(&self, from: &str) -> TestApp {
        let (url, options) = (self.database(), self.config().database_options);
        self.stop();
        let [postgres, sqlite] = migration_names().unwrap();
        let names = if url.starts_with("postgres") {
            postgres
        } else {
            sqlite
        };
        let at = names.iter().position(|name| name.ends_with(from)).unwrap();
        migrate_to(&url, &options, Some(&names[at - 1])).unwrap();
        migrate_to(&url, &options, None).unwrap();
        self.another()
    }

    /// Starts another server on the same database.
    pub fn another(&self) -> TestApp {
        TestApp::start(self.config.clone(), None, &[])
    }

    /// Starts another server on the same database, with more arguments of `musubi serve`.
    pub fn another_with(&self, more: &[&str]) -> TestApp {
        TestApp::start(self.config.clone(), None, more)
    }

    /// Starts another server on the same database, which serves these areas.
    pub fn serving(&self, areas: &str) -> TestApp {
        let config = Config {
            served_areas: areas.parse().unwrap(),
            ..self.config.clone()
        };
        TestApp::start(config, None, &[])
    }

    /// Opens an empty database of the same kind, without a server and its background tasks.
    pub fn state_without_server(&self) -> (AppState, Storage) {
        let storage = match self.config.database_url {
            Some(_) => Storage::postgres().unwrap(),
            None => Storage::sqlite(),
        };
        (AppState::open(&storage.config()).unwrap(), storage)
    }

    /// Starts a server on this database, with a pool that waits for it only so many seconds.
    pub fn impatient(database_url: Option<String>, seconds: u64) -> TestApp {
        let storage = Storage::sqlite();
        let mut config = config(storage.folder.path(), database_url);
        config.database_options.database_timeout_seconds = seconds;
        config.database_options.database_task_timeout_seconds = seconds;
        TestApp::start(config, Some(storage), &[])
    }

    /// Starts a server that writes to one database, and reads from its standby. It has metrics.
    pub fn with_standby(database_url: String, read_url: String) -> TestApp {
        let storage = Storage::sqlite();
        let mut config = config(storage.folder.path(), Some(database_url));
        config.database_options.database_read_url = Some(read_url);
        // A standby that is gone is waited for that long.
        config.database_options.database_timeout_seconds = 5;
        TestApp::start(config, Some(storage), &["--metrics-listen=127.0.0.1:0"])
    }

    /// Returns what the server tells Prometheus.
    pub fn metrics_text(&self) -> String {
        let url = self.metrics.as_ref().unwrap();
        let mut answer = self.agent.get(url).call().unwrap();
        answer.body_mut().read_to_string().unwrap()
    }

    /// Returns none if PostgreSQL is not installed.
    pub fn postgres() -> Option<TestApp> {
        let storage = Storage::postgres()?;
        Some(TestApp::start(storage.config(), Some(storage), &[]))
    }

    /// Starts a server on an empty database of the same kind.
    pub fn empty(&self) -> TestApp {
        match self.config.database_url {
            Some(_) => TestApp::postgres().unwrap(),
            None => TestApp::sqlite(),
        }
    }

    fn start(config: Config, storage: Option<Storage>, more: &[&str]) -> TestApp {
        let state = AppState::open(&config).unwrap();
        let listen = server_config(more);
        let (sender, receiver) = std::sync::mpsc::channel();
        let served = state.clone();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                let listener = Listener::bind(served, &listen).unwrap();
                let metrics = listener.metrics_address;
                sender
                    .send((listener.address, metrics, listener.handle()))
                    .unwrap();
                listener.run().await.unwrap();
            });
        });
        let (address, metrics, handle) = receiver.recv().unwrap();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let admin = token(&state, UserRole::Admin, None, 3600);
        let app = TestApp {
            base: format!("http://{address}"),
            metrics: metrics.map(|address| format!("http://{address}/metrics")),
            state,
            admin,
            agent,
            handle,
            thread: Mutex::new(Some(thread)),
            config,
            _storage: storage,
        };
        // It answers 503 until its match index is built.
        loop {
            match app.get("/readyz") {
                ready if ready.status == 200 => return app,
                not_yet => assert_eq!(not_yet.expect(503).code(), "unavailable"),
            }
        }
    }

    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// Returns the database's URL or path.
    pub fn database(&self) -> String {
        self.config.database().unwrap()
    }

    pub fn token(&self, role: UserRole) -> String {
        token(&self.state, role, None, 3600)
    }

    /// Returns an administrator's token with only these scopes.
    pub fn token_with(&self, scopes: &str) -> String {
        token(&self.state, UserRole::Admin, Some(scopes), 3600)
    }

    /// Sends a request without adding anything to it.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let allows_body =
            !body.is_empty() || !matches!(method, "GET" | "DELETE" | "HEAD" | "OPTIONS" | "TRACE");
        let agent = self
            .agent
            .configure_request(request.body(body.to_vec()).unwrap())
            .allow_non_standard_methods(true);
        let request = agent.build();
        let mut response = if allows_body {
            self.agent.run(request).unwrap()
        } else {
            let (parts, _) = request.into_parts();
            self.agent
                .run(ureq::http::Request::from_parts(parts, ()))
                .unwrap()
        };
        // A stream of changes ends with its token, an hour from now.
        let is_endless = response.status() == 200 && path.starts_with("/v1/changes/events");
        let text = match is_endless {
            true => String::new(),
            false => response.body_mut().read_to_string().unwrap(),
        };
        let response = Response {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text,
        };
        check_codes(&response, path);
        check_precondition(&response, method, path);
        response
    }

    fn authorized(&self, method: &str, path: &str, more: &[(&str, &str)], body: Option<&Value>) -> Response {
        let bearer = format!("Bearer {}", self.admin);
        let mut headers = vec![
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        headers.extend(more);
        let body = body
            .map(|body| serde_json::to_vec(body).unwrap())
            .unwrap_or_default();
        self.send(method, path, &headers, &body)
    }

    /// Sends JSON with this access token, or without one if it is empty.
    pub fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> Response {
        let bearer = format!("Bearer {token}");
        let kind = match method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let mut headers = vec![("content-type", kind)];
        if !token.is_empty() {
            headers.push(("authorization", bearer.as_str()));
        }
        let body = if body.is_null() {
            Vec::new()
        } else {
            serde_json::to_vec(body).unwrap()
        };
        self.send(method, path, &headers, &body)
    }

    /// Invites a user and lets them choose a password.
    pub fn user(&self, email: &str, more: Value) -> Value {
        let mut body = json!({"email": email, "name": "鈴木 一郎", "role": "admin"});
        merge(&mut body, more);
        let invited = self.post("/v1/users", &body).expect(201).json();
        let acceptance = json!({"token": invited["invitation"]["token"], "password": PASSWORD});
        self.call("POST", "/v1/auth/invitations/accept", "", &acceptance)
            .expect(204);
        invited["user"].clone()
    }

    /// Logs in with the password of [`TestApp::user`].
    pub fn login(&self, email: &str) -> Value {
        let login = json!({"email": email, "password": PASSWORD});
        self.call("POST", "/v1/auth/login", "", &login).expect(200).json()
    }

    /// Makes a user and logs them in. Returns an access token.
    pub fn logged_in(&self, email: &str, more: Value) -> String {
        self.user(email, more);
        let login = self.login(email);
        login["access_token"].as_str().unwrap().to_owned()
    }

    /// Registers a partner and returns its id and an access token.
    pub fn partner(&self, more: Value) -> (String, String) {
        let mut body = json!({"code": "activo", "name": "応募アプリ", "quota_per_minute": 1_000_000});
        merge(&mut body, more);
        let registered = self.post("/v1/partners", &body).expect(201).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (id, secret) = (
            text(&registered["partner"]["id"]),
            text(&registered["secret"]["client_secret"]),
        );
        let token = self.partner_token(&id, &secret).expect(200).json();
        (id, text(&token["access_token"]))
    }

    /// Requests an access token as an app does.
    pub fn partner_token(&self, id: &str, secret: &str) -> Response {
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.send("POST", "/v1/oauth/token", &[kind], form.as_bytes())
    }

    /// Returns the bytes of an answer.
    pub fn bytes(&self, path: &str, bearer: &str) -> Vec<u8> {
        let request = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("authorization", bearer);
        request.call().unwrap().body_mut().read_to_vec().unwrap()
    }

    /// Sends JSON and returns the bytes of the answer.
    pub fn post_for_bytes(&self, path: &str, token: &str, body: &Value) -> (u16, Vec<u8>) {
        let request = self.agent.post(format!("{}{path}", self.base));
        let request = request
            .header("authorization", format!("Bearer {token}"))
            .content_type("application/json");
        let mut answer = request.send(body.to_string()).unwrap();
        let bytes = answer
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_vec()
            .unwrap();
        (answer.status().as_u16(), bytes)
    }

    pub fn get(&self, path: &str) -> Response {
        self.authorized("GET", path, &[], None)
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        self.authorized("GET", path, headers, None)
    }

    pub fn get_as(&self, role: UserRole, path: &str) -> Response {
        self.send(
            "GET",
            path,
            &[("authorization", &format!("Bearer {}", self.token(role)))],
            &[],
        )
    }

    pub fn post(&self, path: &str, body: &Value) -> Response {
        self.authorized("POST", path, &[], Some(body))
    }

    pub fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
        self.authorized("POST", path, headers, Some(body))
    }

    pub fn put(&self, path: &str, body: &Value) -> Response {
        self.authorized("PUT", path, &[], Some(body))
    }

    pub fn patch(&self, path: &str, body: &Value) -> Response {
        self.authorized("PATCH", path, &[], Some(body))
    }

    /// Opens a submitted request as an administrator who has read it.
    pub fn release(&self, path: &str) -> Response {
        let read = self.get(path).expect(200);
        let headers = [("if-match", read.header("etag"))];
        self.patch_with(path, &headers, &json!({"status": "open"}))
    }

    /// Publishes a submitted record as somebody who has read it.
    pub fn publish(&self, path: &str, token: &str) -> Response {
        self.patch_read(path, token, &json!({"status": "published"}))
    }

    /// Changes a record as somebody who has read it, and so names its version.
    pub fn patch_read(&self, path: &str, token: &str, body: &Value) -> Response {
        let read = self.call("GET", path, token, &Value::Null).expect(200);
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("if-match", read.header("etag")),
            ("content-type", "application/merge-patch+json"),
        ];
        self.send("PATCH", path, &headers, body.to_string().as_bytes())
    }

    pub fn patch_with(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
        self.authorized("PATCH", path, headers, Some(body))
    }

    pub fn delete(&self, path: &str) -> Response {
        self.authorized("DELETE", path, &[], None)
    }

    /// Archives a deliverable, with a reason if it needs one.
    pub fn archive(&self, deliverable: &str) -> Response {
        let path = format!("/v1/deliverables/{deliverable}");
        match self.delete(&path) {
            answer if answer.status == 422 => self.delete(&format!("{path}?reason=schedule")),
            answer => answer,
        }
    }

    /// Registers an organization in 新宿区 and returns its id.
    pub fn organization(&self, name: &str) -> String {
        let created = self
            .post("/v1/organizations", &json!({"name": name, "area": "131041"}))
            .expect(201);
        created.json()["id"].as_str().unwrap().to_owned()
    }

    /// Registers an open deliverable and returns its id.
    pub fn deliverable(&self, organization: &str, more: Value) -> String {
        let mut body = json!({
            "organization_id": organization, "type": "flyer", "title": "会員募集のチラシ", "status": "open"
        });
        merge(&mut body, more);
        self.post("/v1/deliverables", &body).expect(201).json()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Registers a designer who passes every gate of a flyer in 新宿区, and returns the id.
    pub fn worker(&self, more: Value) -> String {
        let mut body = json!({
            "consent": {"given_on": "2026-04-01", "text_version": "2026-04"}, "area": "131041",
            "travel_limit_km": 20, "remote": false, "accepted_formats": ["one_day"], "roles": ["designer"],
            "skills": [{"skill": "graphic_design", "level": 4}], "themes": [], "hours_per_week": 10,
            "day_parts": ["saturday_morning"], "experience": [], "last_active_on": "2026-04-01",
            "track_record": {"completed": 0, "dropped": 0}
        });
        merge(&mut body, more);
        self.post("/v1/workers", &body).expect(201).json()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// Checks that the codes of errors and findings have words in the vocabulary.
fn check_codes(response: &Response, path: &str) {
    let is_problem = response.header("content-type") == "application/problem+json";
    if response.text.is_empty() || !(is_problem || path.contains("/findings")) {
        return;
    }
    let body = response.json();
    let parts = ["errors", "items"]
        .into_iter()
        .filter_map(|part| body[part].as_array());
    let codes = parts
        .flatten()
        .chain([&body])
        .filter_map(|one| one["code"].as_str());
    for code in codes {
        assert!(
            words::codes("ErrorCode").any(|known| known == code),
            "{code} is not in words.json"
        );
    }
}

/// Checks that an operation that asks for `If-Match` says so in the document.
fn check_precondition(response: &Response, method: &str, path: &str) {
    if response.status != 428 {
        return;
    }
    let path = path.split('?').next().unwrap();
    let document = Document::shared();
    let mut operations = document.operations();
    let asks = operations.find(|one| {
        let is_it = one.method.eq_ignore_ascii_case(method);
        is_it && ResourceDef::new(one.path.as_str()).is_match(path)
    });
    let asks = asks.unwrap_or_else(|| panic!("{method} {path} is not in the document"));
    assert!(
        asks.object["responses"].get("428").is_some(),
        "{}: 428",
        asks.id()
    );
}

/// Sets each member of `more`; null unsets.
pub fn merge(body: &mut Value, more: Value) {
    json_patch::merge(body, &more);
}

/// Signs a token without a session. A coordinator gets the area 新宿区.
pub fn token(state: &AppState, role: UserRole, scope: Option<&str>, ttl: i64) -> String {
    let now = chrono::Utc::now().timestamp();
    let mut claims = Claims::new(role, "test", now.min(now + ttl - 60), 60.max(ttl));
    claims.scope = scope.map(str::to_owned);
    if role == UserRole::Coordinator {
        claims.belonging.areas = vec!["131041".to_owned()];
    }
    state.keys.sign(&claims).unwrap()
}

impl TestApp {
    /// Stops the server; its pool stays open.
    pub fn stop(&self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.lock().unwrap().take() {
            let _ = thread.join();
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop();
    }
}
