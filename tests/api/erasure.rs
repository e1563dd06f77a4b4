//! Erasing a person: every path on which personal data comes in, then a search through every table.

use crate::support::{TestApp, on_both};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A made-up person, whom nothing else in the test resembles.
struct Person {
    name: String,
    email: String,
    phone: String,
}

impl Person {
    fn new(path: &str, n: usize) -> Person {
        Person {
            name: format!("惣社 {path}"),
            email: format!("kotoha.{path}@example.jp"),
            phone: format!("090-87{n:02}-4321"),
        }
    }

    /// What must not remain, wherever it stands.
    fn traces(&self) -> [String; 4] {
        let digits = self.phone.replace('-', "");
        [self.name.clone(), self.email.clone(), self.phone.clone(), digits]
    }

    fn personal(&self) -> Value {
        json!({"name": self.name, "email": self.email, "phone": self.phone})
    }

    fn roster(&self) -> String {
        format!(
            "氏名,メールアドレス,電話番号,区市町村\n{},{},{},新宿区\n",
            self.name, self.email, self.phone
        )
    }
}

/// Returns the text of each row of each table of the schema.
fn database(app: &TestApp) -> BTreeMap<String, Vec<String>> {
    let mut bytes = Vec::new();
    musubi::backup::create(&app.state.pool, &mut bytes).unwrap();
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut table = String::new();
    for line in String::from_utf8(bytes).unwrap().lines().skip(1) {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Some(name) = line["table"].as_str() {
            table = name.to_owned();
            tables.entry(table.clone()).or_default();
        } else if let Some(cells) = line.as_array() {
            let text = |cell: &Value| match cell.as_str() {
                // Files lie in the database as bytes, which a backup writes in hexadecimal.
                Some(text) => match hex::decode(text) {
                    Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                    Err(_) => text.to_owned(),
                },
                None => cell.to_string(),
            };
            let row: Vec<String> = cells.iter().map(text).collect();
            tables.entry(table.clone()).or_default().push(row.join("\n"));
        }
    }
    assert_eq!(tables.len(), musubi::db::schema::TABLES.len());
    tables
}

/// Returns the tables with a trace of the person.
fn tables_with(app: &TestApp, person: &Person) -> BTreeSet<String> {
    let has_trace = |row: &String| person.traces().iter().any(|trace| row.contains(trace));
    let found = database(app)
        .into_iter()
        .filter(|(_, rows)| rows.iter().any(has_trace));
    found.map(|(table, _)| table).collect()
}

fn keyed(app: &TestApp, path: &str, key: &str, body: &Value) -> Value {
    app.post_with(path, &[("idempotency-key", key)], body)
        .expect(201)
        .json()
}

/// A published seminar, and its path.
fn seminar(app: &TestApp) -> String {
    let event = json!({"kind": "seminar", "title": "ゼミ", "status": "published", "areas": ["131041"],
        "times": [{"starts_at": "2199-10-08T13:30:00+09:00", "ends_at": "2199-10-08T16:00:00+09:00"}]});
    let made = app.post("/v1/events", &event).expect(201).json();
    format!("/v1/events/{}", made["id"].as_str().unwrap())
}

/// Brings a person's data in.
type Path<'p> = Box<dyn Fn(&TestApp, &Person) + 'p>;

/// Every path on which a person's data comes in.
fn paths(app: &TestApp) -> Vec<(&'static str, Path<'_>)> {
    let organization = app.organization("風");
    let deliverable = app.deliverable(
        &organization,
        json!({"roles": [{"role": "designer", "places": 9}]}),
    );
    let import = |query: &'static str| {
        move |app: &TestApp, person: &Person| {
            let done = app.import_and_wait(query, person.roster().as_bytes());
            assert_ne!(done["progress"]["rows_read"], 0, "{done}");
        }
    };
    let create = import("kind=workers");
    vec![
        (
            "http",
            Box::new(|app: &TestApp, person: &Person| {
                let body = json!({"personal": person.personal(), "area": "131041", "alias": person.name});
                keyed(app, "/v1/workers", &person.email, &body);
            }),
        ),
        (
            "put",
            Box::new(|app: &TestApp, person: &Person| {
                let body = json!({"personal": person.personal()});
                app.put("/v1/workers/by-external-id/forms/1", &body).expect(201);
            }),
        ),
        (
            "application",
            Box::new(move |app: &TestApp, person: &Person| {
                let worker = app.worker(json!({"personal": person.personal()}));
                let bid = json!({"deliverable_id": deliverable, "worker_id": worker, "role": "designer",
                "message": format!("{}です。", person.name)});
                let id = keyed(app, "/v1/applications", &person.email, &bid)["id"]
                    .as_str()
                    .unwrap()
                    .to_owned();
                let note =
                    json!({"status": "declined", "reason": "skills", "note": format!("{}様", person.name)});
                app.patch(&format!("/v1/applications/{id}"), &note).expect(200);
            }),
        ),
        (
            "account",
            Box::new(|app: &TestApp, person: &Person| {
                let worker = app.worker(json!({"personal": person.personal()}));
                let user = json!({"email": person.email, "name": person.name, "role": "worker", "worker_id": worker});
                keyed(app, "/v1/users", &person.email, &user);
            }),
        ),
        ("import", Box::new(create)),
        (
            "unchanged",
            Box::new(move |app: &TestApp, person: &Person| {
                create(app, person);
                create(app, person);
            }),
        ),
        (
            "dryrunbefore",
            Box::new(move |app: &TestApp, person: &Person| {
                import("kind=workers&mode=dry_run")(app, person);
                create(app, person);
            }),
        ),
        (
            "dryrunafter",
            Box::new(move |app: &TestApp, person: &Person| {
                create(app, person);
                import("kind=workers&mode=dry_run")(app, person);
            }),
        ),
        (
            "skipped",
            Box::new(move |app: &TestApp, person: &Person| {
                create(app, person);
                import("kind=workers&on_conflict=skip&mode=all_or_nothing")(app, person);
            }),
        ),
        (
            "failed",
            Box::new(move |app: &TestApp, person: &Person| {
                create(app, person);
                import("kind=workers&on_conflict=fail&mode=all_or_nothing")(app, person);
            }),
        ),
        (
            "updated",
            Box::new(move |app: &TestApp, person: &Person| {
                create(app, person);
                let renamed = person.roster().replace("新宿区", "板橋区");
                app.import_and_wait("kind=workers", renamed.as_bytes());
            }),
        ),
        (
            "othersource",
            Box::new(move |app: &TestApp, person: &Person| {
                create(app, person);
                import("kind=workers&source=elsewhere&mode=dry_run")(app, person);
            }),
        ),
        (
            "undone",
            Box::new(move |app: &TestApp, person: &Person| {
                let done = app.import_and_wait("kind=workers&source=undone", person.roster().as_bytes());
                let id = done["id"].as_str().unwrap();
                app.post(&format!("/v1/imports/{id}/undo"), &json!({}))
                    .expect(202);
                app.wait_for_import(id);
                create(app, person);
            }),
        ),
        // Rows that were rejected are about somebody, too: here the number is too long.
        (
            "rejected",
            Box::new(|app: &TestApp, person: &Person| {
                let broken = person.roster().replace("4321,", "4321-999999,");
                app.import_and_wait("kind=workers&source=lenient", broken.as_bytes());
                let done = app.import_and_wait("kind=workers&strict=true", broken.as_bytes());
                assert_eq!(done["progress"]["rejected"], 1, "{done}");
                app.worker(json!({"personal": person.personal()}));
            }),
        ),
        (
            "wrongkind",
            Box::new(move |app: &TestApp, person: &Person| {
                import("kind=organizations")(app, person);
                create(app, person);
            }),
        ),
        // Without known headings nothing was understood; the failure quotes the first row.
        (
            "unreadable",
            Box::new(move |app: &TestApp, person: &Person| {
                let bare: String = person
                    .roster()
                    .lines()
                    .skip(1)
                    .map(|line| format!("{line}\n"))
                    .collect();
                let done =
                    app.import_and_wait("kind=workers&file_name=unreadable.csv", bare.repeat(2).as_bytes());
                assert_eq!(done["status"], "failed", "{done}");
                create(app, person);
            }),
        ),
        // Nothing says whose registration it is but the address.
        (
            "registration",
            Box::new(|app: &TestApp, person: &Person| {
                let path = format!("{}/guest-registrations", seminar(app));
                let email = person.email.replace("kotoha", "Kotoha");
                let guest = json!({"name": person.name, "email": email, "phone": person.phone});
                let headers = [("content-type", "application/json"), ("idempotency-key", "guest")];
                let sent = app.send("POST", &path, &headers, guest.to_string().as_bytes());
                sent.expect(201);
                app.worker(json!({"personal": person.personal()}));
            }),
        ),
        (
            "registeredhere",
            Box::new(|app: &TestApp, person: &Person| {
                let path = format!("{}/registrations", seminar(app));
                let body = json!({"name": person.name, "email": person.email, "note": person.phone});
                keyed(app, &path, &person.email, &body);
                app.worker(json!({"personal": person.personal()}));
            }),
        ),
        (
            "registrationcancelled",
            Box::new(|app: &TestApp, person: &Person| {
                let path = format!("{}/registrations", seminar(app));
                let body = json!({"name": person.name, "email": person.email, "phone": person.phone});
                let made = app.post(&path, &body).expect(201).json();
                let path = format!("{path}/{}", made["id"].as_str().unwrap());
                app.patch(&path, &json!({"status": "cancelled"})).expect(200);
                app.worker(json!({"personal": person.personal()}));
            }),
        ),
        // A row about something else, of which a cell quotes the person.
        (
            "mentioned",
            Box::new(|app: &TestApp, person: &Person| {
                let file = format!(
                    "講座名,開始日,開始時間,定員\n交流会,2026/10/8,13:30,{}さんに確認\n",
                    person.name
                );
                let done = app.import_and_wait("kind=events", file.as_bytes());
                assert_ne!(done["progress"]["findings"], 0, "{done}");
                let file = format!(
                    "団体名,区市町村,法人番号\n集いの会,新宿区,{}に聞く\n",
                    person.email
                );
                let done = app.import_and_wait("kind=organizations", file.as_bytes());
                assert_ne!(done["progress"]["findings"], 0, "{done}");
                app.worker(json!({"personal": person.personal()}));
            }),
        ),
        (
            "archive",
            Box::new(move |app: &TestApp, person: &Person| {
                app.import_and_wait("kind=engagements", person.roster().as_bytes());
                create(app, person);
            }),
        ),
    ]
}

on_both! {
    nothing_of_an_erased_person_remains_in_any_table,
    only_the_rows_of_the_erased_person_lose_their_findings,
    ids_of_rows_without_one_tell_nothing_and_stay_the_same,
    erasing_and_searching_for_duplicates_wait_in_one_order,
    the_index_of_names_forgets_who_is_erased,
}

fn nothing_of_an_erased_person_remains_in_any_table(app: &TestApp) {
    let mut held = BTreeSet::new();
    let mut people = Vec::new();
    for (n, (path, bring_in)) in paths(app).into_iter().enumerate() {
        let person = Person::new(path, n);
        bring_in(app, &person);
        let tables = tables_with(app, &person);
        assert!(tables.contains("workers"), "{path}: {tables:?}");
        held.extend(tables);
        people.push((path, person));
    }
    // The paths reach every table that holds personal data of workers. A table that begins to hold some joins them.
    let expected = [
        "applications",
        "event_registrations",
        "idempotency_keys",
        "import_chunks",
        "import_findings",
        "import_jobs",
        "import_writes",
        "users",
        "workers",
    ];
    assert_eq!(held, expected.map(str::to_owned).into());
    let workers = app.get("/v1/workers?limit=200").expect(200).json();
    for (path, person) in &people {
        let all = workers["items"].as_array().unwrap().iter();
        let found: Vec<&Value> = all
            .filter(|worker| worker["personal"]["email"] == person.email.as_str())
            .collect();
        assert!(!found.is_empty(), "{path}");
        for worker in found {
            app.delete(&format!("/v1/workers/{}", worker["id"].as_str().unwrap()))
                .expect(204);
        }
    }
    for (path, person) in &people {
        let tables = tables_with(app, person);
        assert!(tables.is_empty(), "{path}: still in {tables:?}");
    }
    let person = Person::new("http", 0);
    // A repeated request isn't answered from memory: who registers somebody again does so knowingly.
    let body = json!({"personal": person.personal(), "area": "131041", "alias": person.name});
    keyed(app, "/v1/workers", &person.email, &body);
    let again = Person::new("unchanged", 5);
    let done = app.import_and_wait("kind=workers", again.roster().as_bytes());
    assert_eq!(done["progress"]["created"], 1, "{done}");
}

fn only_the_rows_of_the_erased_person_lose_their_findings(app: &TestApp) {
    let person = Person::new("one", 1);
    let file = format!(
        "{}別の人,another@example.jp,12,板橋区\n",
        person.roster().replace("4321,", "4321-999999,")
    );
    let done = app.import_and_wait("kind=workers&strict=true", file.as_bytes());
    assert_eq!(done["progress"]["rejected"], 2, "{done}");
    let import = format!("/v1/imports/{}", done["id"].as_str().unwrap());
    app.get(&format!("{import}/annotated-file")).expect(200);
    let worker = app.worker(json!({"personal": person.personal()}));
    app.delete(&format!("/v1/workers/{worker}")).expect(204);
    let findings = app.get(&format!("{import}/findings")).expect(200).json();
    let values: Vec<(u64, String)> = findings["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            (
                f["line"].as_u64().unwrap(),
                f["value"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(values, [(2, String::new()), (3, "12".to_owned())]);
    let gone = app.get(&format!("{import}/annotated-file")).expect(409);
    assert_eq!(gone.code(), "file_gone");
    let id = import.rsplit('/').next().unwrap();
    let again = app.import(&app.admin, &format!("kind=workers&file_of={id}"), b"");
    assert_eq!(again.expect(409).code(), "file_gone");
}

fn ids_of_rows_without_one_tell_nothing_and_stay_the_same(app: &TestApp) {
    use sha2::{Digest, Sha256};
    let person = Person::new("ids", 1);
    let plain = |text: &str| hex::encode(Sha256::digest(text));
    let find = || {
        let found = app.get("/v1/workers").expect(200).json();
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
        found["items"][0].clone()
    };
    // A record of an earlier version keeps its identity, and gets the new id when it is seen again.
    let former = format!("row-{}", &plain(&person.email)[..20]);
    let before =
        app.worker(json!({"personal": person.personal(), "source": "roster", "external_id": former}));
    let roster = person.roster();
    let full = "kind=workers&on_absent=archive";
    let done = app.import_and_wait(&format!("{full}&mode=dry_run"), roster.as_bytes());
    assert_eq!(
        (&done["progress"]["updated"], &done["progress"]["archived"]),
        (&json!(1), &json!(0))
    );
    let done = app.import_and_wait(full, roster.as_bytes());
    assert_eq!(
        (&done["progress"]["updated"], &done["progress"]["created"]),
        (&json!(1), &json!(0))
    );
    let worker = find();
    assert_eq!(
        (&worker["id"], &worker["status"]),
        (&json!(before), &json!("active"))
    );
    let external_id = worker["external_id"].as_str().unwrap().to_owned();
    let digest = external_id.strip_prefix("row-").unwrap();
    for text in person.traces() {
        assert!(!plain(&text).starts_with(&digest[..8]) && external_id != former);
    }
    // The same on every server of the database, and after a restart.
    let another = app.another();
    let done = another.import_and_wait("kind=workers", roster.as_bytes());
    assert_eq!(done["progress"]["unchanged"], 1, "{done}");
    assert_eq!(find()["external_id"], external_id.as_str());
    // Another installation has other ids.
    let elsewhere = TestApp::sqlite();
    elsewhere.import_and_wait("kind=workers", roster.as_bytes());
    let there = elsewhere.get("/v1/workers").expect(200).json();
    assert_ne!(there["items"][0]["external_id"], external_id.as_str());
    // Two rows of one person are one.
    let twice = format!("{roster}{}", roster.lines().nth(1).unwrap());
    let done = app.import_and_wait("kind=workers&source=twice", twice.as_bytes());
    assert_eq!(
        (&done["progress"]["created"], &done["progress"]["rejected"]),
        (&json!(1), &json!(1))
    );
}

fn erasing_and_searching_for_duplicates_wait_in_one_order(app: &TestApp) {
    use diesel::connection::SimpleConnection;
    use musubi::db::Db;
    let worker = app.worker(json!({"personal": {"name": "佐藤 花子", "email": "hanako@example.jp"}}));
    let id = worker.replace('-', "");
    let which = |db: &Db| match db {
        Db::Sqlite(_) => format!("unhex('{id}')"),
        Db::Pg(_) => format!("'{worker}'"),
    };
    // As the detector does it: it locks the pairs, then it removes a worker's keys and adds them again.
    let (locked, is_locked) = std::sync::mpsc::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let erased = std::thread::scope(|scope| {
        let detect = scope.spawn(move || {
            app.state.pool.write_blocking(|db| {
                musubi::duplicates::store::lock_all(db)?;
                let which = which(db);
                db.batch_execute(&format!("DELETE FROM worker_keys WHERE worker_id = {which}"))?;
                locked.send(()).unwrap();
                // On SQLite the other one waits for its turn.
                if matches!(db, Db::Pg(_)) {
                    may_go_on.recv().unwrap();
                }
                db.batch_execute(&format!(
                    "INSERT INTO worker_keys (key, worker_id) VALUES (1, {which})"
                ))?;
                Ok(())
            })
        });
        is_locked.recv().unwrap();
        let erase = scope.spawn(|| app.delete(&format!("/v1/workers/{worker}")));
        app.until(|| {
            let waits = app.state.pool.read_blocking(|db| {
                use diesel::prelude::*;
                use diesel::sql_types::Bool;
                let Db::Pg(c) = db else { return Ok(true) };
                let waiting = "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)";
                Ok(diesel::select(diesel::dsl::sql::<Bool>(&format!("({waiting})"))).get_result(c)?)
            });
            waits.unwrap()
        });
        go_on.send(()).ok();
        detect.join().unwrap().unwrap();
        erase.join().unwrap()
    });
    assert_eq!(erased.status, 204, "{}", erased.text);
}

fn the_index_of_names_forgets_who_is_erased(app: &TestApp) {
    use diesel::prelude::*;
    use diesel::sql_types::BigInt;
    use musubi::db::Db;
    let worker = app.worker(json!({"personal": {"name": "鵺塚 夜鶴"}}));
    let path = format!("/v1/workers/{worker}");
    // How many rows of the index's segments have a part of the name. PostgreSQL indexes the rows themselves.
    let left = || {
        let count = app.state.pool.read_blocking(|db| {
            let Db::Sqlite(c) = db else { return Ok(0) };
            let count =
                "(SELECT count(*) FROM workers_text_data WHERE instr(hex(block), 'E9B5BAE5A19A') > 0)";
            Ok(diesel::select(diesel::dsl::sql::<BigInt>(count)).get_result::<i64>(c)?)
        });
        count.unwrap()
    };
    let is_indexed = i64::from(app.config().database_url.is_none());
    assert_eq!(left(), is_indexed);
    app.patch(&path, &json!({"personal": {"name": "佐藤 夜鶴"}}))
        .expect(200);
    assert_eq!(left(), 0, "after a change of the name");
    app.patch(&path, &json!({"personal": {"name": "鵺塚 夜鶴"}}))
        .expect(200);
    app.delete(&path).expect(204);
    assert_eq!(left(), 0, "after erasing");
}
