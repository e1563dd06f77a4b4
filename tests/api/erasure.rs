//! Erasing a person: every path on which personal data comes in, then a search through every table.

use crate::support::{TestApp, on_both};
use rust_xlsxwriter::Workbook;
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
                // The name alone might be anybody's.
                let file = format!(
                    "講座名,開始日,開始時間,定員\n交流会,2026/10/8,13:30,{}さん（{}）に確認\n",
                    person.name, person.phone
                );
                let done = app.import_and_wait("kind=events", file.as_bytes());
                assert_ne!(done["progress"]["findings"], 0, "{done}");
                let file = format!(
                    "団体名,区市町村,法人番号\n集いの会,新宿区,{}さん（{}）に聞く\n",
                    person.name, person.email
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
    a_file_goes_with_whom_it_names_wherever_that_stands,
    a_file_goes_with_whom_it_names_behind_many_words,
    a_name_that_is_a_common_word_costs_nobody_a_file,
    registrations_without_an_account_go_with_the_person_of_that_name_and_contact,
    what_a_profile_claims_neither_shows_nor_erases_registrations_without_an_account,
    undoing_an_import_forgets_nobody_elsewhere,
    headings_and_sheets_that_name_who_is_erased_are_forgotten_with_the_file,
    what_is_told_of_two_erased_people_costs_nobody_a_file,
    a_request_that_comes_late_brings_nothing_back,
    a_request_that_comes_late_shows_nobody_who_was_removed,
    an_id_of_an_imported_record_tells_nothing_of_its_external_id,
}

fn what_is_told_of_two_erased_people_costs_nobody_a_file(app: &TestApp) {
    let person = |name: &str, employer: &str| {
        let personal = json!({"name": name, "kana": "そうしゃ ことは", "employer": employer});
        app.worker(json!({"personal": personal}))
    };
    let ids = [
        person("惣社 琴葉", "結デザイン株式会社"),
        person("高萩 澪", "緑印刷株式会社"),
    ];
    let texts = [
        ("高萩澪さん（緑印刷株式会社）", true),
        ("惣社琴葉（そうしゃことは）", true),
        ("高萩澪さん（結デザイン株式会社）", false),
        ("惣社琴葉さん（緑印刷株式会社）", false),
        ("惣社琴葉、高萩澪", false),
    ];
    let sent = texts.map(|(text, _)| {
        let file = list_of_organizations("above the headings", text);
        app.import_and_wait("kind=organizations&mode=dry_run", &file)
    });
    let erased = app.state.pool.write_blocking(|db| {
        let ids = ids.each_ref().map(|id| musubi::db::Id(id.parse().unwrap()));
        let workers = musubi::workers::store::load_some(db, &ids)?;
        musubi::erasure::actions::erase(db, "admin:test", &workers)
    });
    erased.unwrap();
    musubi::imports::jobs::forgetting::search(&app.state.pool).unwrap();
    for ((text, is_named), import) in texts.into_iter().zip(&sent) {
        assert_eq!(has_file(app, import), !is_named, "{text}");
    }
}

/// A client that heard no answer repeats its request, perhaps after somebody has deleted what it made.
fn a_request_that_comes_late_brings_nothing_back(app: &TestApp) {
    let person = Person::new("late", 1);
    let list = format!("{}/registrations", seminar(app));
    let posts = [
        (
            "/v1/workers",
            json!({"personal": person.personal(), "area": "131041"}),
        ),
        (
            "/v1/users",
            json!({"email": person.email, "name": person.name, "role": "auditor"}),
        ),
        (
            list.as_str(),
            json!({"name": person.name, "email": person.email, "phone": person.phone}),
        ),
    ];
    for (path, body) in &posts {
        let key = format!("{} {path}", person.email);
        let send = || app.post_with(path, &[("idempotency-key", key.as_str())], body);
        let made = send().expect(201).header("location").to_owned();
        app.delete(&made).expect(204);
        assert_eq!(send().expect(410).code(), "idempotency_key_used_up", "{path}");
        app.get(&made).expect(404);
    }
    assert_eq!(
        tables_with(app, &person),
        BTreeSet::new(),
        "nor does its key say who it was"
    );
}

/// The same, after somebody has corrected or removed whom it named.
fn a_request_that_comes_late_shows_nobody_who_was_removed(app: &TestApp) {
    let person = Person::new("removed", 2);
    let list = format!("{}/registrations", seminar(app));
    for (path, body, change) in [
        (
            "/v1/organizations",
            json!({"name": "風のひろば", "area": "131041", "contact": {"person": person.name, "email": person.email}}),
            json!({"contact": null}),
        ),
        (
            "/v1/workers",
            json!({"personal": person.personal(), "area": "131041"}),
            json!({"personal": null}),
        ),
        (
            list.as_str(),
            json!({"name": person.name, "email": person.email}),
            json!({"name": "別の人", "email": null}),
        ),
    ] {
        let key = format!("removed {path}");
        let send = || app.post_with(path, &[("idempotency-key", key.as_str())], &body);
        let made = send().expect(201).header("location").to_owned();
        assert_eq!(send().expect(201).header("location"), made);
        app.patch(&made, &change).expect(200);
        assert_eq!(send().expect(410).code(), "idempotency_key_used_up", "{path}");
    }
    // Of an organization that is archived, the contact can still be removed, and nothing else be changed.
    let contact = json!({"person": person.name, "email": person.email});
    let body = json!({"name": "丘のひろば", "area": "131041", "contact": contact});
    let made = app
        .post("/v1/organizations", &body)
        .expect(201)
        .header("location")
        .to_owned();
    app.delete(&made).expect(204);
    app.patch(&made, &json!({"contact": null, "name": "別の名"}))
        .expect(404);
    let emptied = app.patch(&made, &json!({"contact": null})).expect(200).json();
    assert!(
        emptied["contact"].is_null() && emptied["archived_at"].is_string(),
        "{emptied}"
    );
    app.get(&made).expect(404);
    assert_eq!(tables_with(app, &person), BTreeSet::new());
}

/// An external id may be a member's number, or an address: whoever sees an id could try them.
fn an_id_of_an_imported_record_tells_nothing_of_its_external_id(app: &TestApp) {
    use musubi::db::{Id, Instant};
    let roster = "ID,氏名,区市町村\nK-17,惣社 琴葉,新宿区\n";
    let done = app.import_and_wait("kind=workers&source=roster", roster.as_bytes());
    assert_eq!(done["progress"]["created"], 1, "{done}");
    let find = || {
        let workers = app.get("/v1/workers").expect(200).json();
        let items = workers["items"].as_array().unwrap().clone();
        assert_eq!(items.len(), 1, "{workers}");
        items.first().unwrap()["id"].as_str().unwrap().to_owned()
    };
    let id = find();
    let guess = Id::derived("roster", "K-17", Instant::now()).to_string();
    let random = |id: &str| id.get(19..).unwrap().to_owned();
    assert_ne!(random(&id), random(&guess));
    // The same row is about the same record, whatever its id is made of.
    let again = roster.replace("新宿区", "板橋区");
    let done = app.import_and_wait("kind=workers&source=roster", again.as_bytes());
    assert_eq!(done["progress"]["updated"], 1, "{done}");
    assert_eq!(find(), id);
}

/// SQLite appends what is written to a log, and leaves there what it writes anew.
#[test]
fn the_files_of_sqlite_keep_nothing_of_who_is_erased() {
    let app = TestApp::sqlite();
    let (person, file) = (Person::new("log", 1), app.database());
    let files = [file.clone(), format!("{file}-wal")];
    let has_traces = || {
        files.iter().any(|file| {
            let bytes = std::fs::read(file).unwrap();
            let has = |trace: &String| bytes.windows(trace.len()).any(|part| part == trace.as_bytes());
            person.traces().iter().any(has)
        })
    };
    let worker = app.worker(json!({"personal": person.personal()}));
    assert!(has_traces());
    app.delete(&format!("/v1/workers/{worker}")).expect(204);
    // While others read, it takes another try.
    app.until(|| {
        app.state.pool.empty_log().unwrap();
        !has_traces()
    });
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
    // A repeated request isn't answered from memory, and brings nobody back: who registers somebody again does so knowingly.
    let body = json!({"personal": person.personal(), "area": "131041", "alias": person.name});
    let key = [("idempotency-key", person.email.as_str())];
    let repeated = app.post_with("/v1/workers", &key, &body).expect(410);
    assert_eq!(repeated.code(), "idempotency_key_used_up");
    app.post("/v1/workers", &body).expect(201);
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
        app.until_a_writer_waits();
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

/// Registers somebody without an account for a seminar of its own. Returns the registration's path.
fn register(app: &TestApp, body: &Value) -> String {
    let path = format!("{}/registrations", seminar(app));
    let made = app.post(&path, body).expect(201).json();
    format!("{path}/{}", made["id"].as_str().unwrap())
}

fn registrations_without_an_account_go_with_the_person_of_that_name_and_contact(app: &TestApp) {
    // As an earlier release left them, and as it leaves them beside this one.
    let earlier = [
        "",
        "DELETE FROM event_registrants; UPDATE event_registrations SET digested = false; \
         INSERT INTO event_registrants SELECT id, event_id, 0 \
         FROM event_registrations WHERE is_personal AND worker_id IS NULL",
        "DELETE FROM event_registrants; UPDATE event_registrations SET digested = false",
    ];
    for (n, left) in earlier.into_iter().enumerate() {
        let person = Person::new(&format!("own{n}"), n);
        let (name, email, phone) = (&person.name, &person.email, &person.phone);
        let login = format!("login{n}@example.jp");
        let worker = app.worker(json!({"personal": person.personal()}));
        app.user(
            &login,
            json!({"role": "worker", "worker_id": worker, "name": person.name}),
        );
        let spelt = (
            name.replace(' ', "　"),
            email.to_uppercase(),
            phone.replace('-', ""),
        );
        let cases = [
            (
                "their account",
                json!({"worker_id": worker, "note": "車椅子"}),
                true,
            ),
            ("name and address", json!({"name": name, "email": email}), true),
            (
                "another spelling",
                json!({"name": spelt.0, "email": spelt.1}),
                true,
            ),
            ("name and number", json!({"name": name, "phone": spelt.2}), true),
            (
                "address of the account",
                json!({"name": name, "email": login}),
                true,
            ),
            (
                "address alone",
                json!({"name": "別の 家族", "email": email, "phone": phone}),
                false,
            ),
            ("number alone", json!({"name": "事務局", "phone": phone}), false),
            (
                "name alone",
                json!({"name": name, "affiliation": "ケア24"}),
                false,
            ),
            (
                "namesake",
                json!({"name": name, "email": "namesake@example.jp"}),
                false,
            ),
        ];
        let mut entries = Vec::new();
        for (what, body, is_own) in &cases {
            let path = register(app, body);
            if *what == "name and number" {
                // What was cancelled still says who it was.
                app.patch(&path, &json!({"status": "cancelled"})).expect(200);
            }
            entries.push((*what, path, *is_own));
        }
        if !left.is_empty() {
            let run = |db: &mut musubi::db::Db| {
                use diesel::connection::SimpleConnection;
                Ok(db.batch_execute(left)?)
            };
            app.state.pool.write_blocking(run).unwrap();
        }
        let held = app
            .get(&format!("/v1/workers/{worker}/personal-data"))
            .expect(200)
            .json();
        let shown: BTreeSet<&str> = held["registrations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .collect();
        for (what, path, is_own) in &entries {
            let id = path.rsplit('/').next().unwrap();
            assert_eq!(shown.contains(id), *is_own, "{what} is shown");
        }
        app.delete(&format!("/v1/workers/{worker}")).expect(204);
        for (what, path, is_own) in &entries {
            let left = app.get(path).expect(200).json();
            let is_empty = ["name", "email", "phone", "worker_id", "note"]
                .iter()
                .all(|member| left[*member].is_null());
            assert_eq!(is_empty, *is_own, "{what}: {left}");
        }
    }
}

fn what_a_profile_claims_neither_shows_nor_erases_registrations_without_an_account(app: &TestApp) {
    let personal = json!({"name": "惣社 琴葉", "email": "kotoha@example.jp"});
    let guest = |email: &str| {
        let body = json!({"name": "惣社 琴葉", "email": email, "note": "介護疲れ"});
        register(app, &body)
    };
    let is_kept = |path: &str| app.get(path).expect(200).json()["note"] == "介護疲れ";
    let shown = |token: &str, worker: &str| -> Vec<Value> {
        let path = format!("/v1/workers/{worker}/personal-data");
        let held = app.call("GET", &path, token, &Value::Null).expect(200).json();
        held["registrations"].as_array().unwrap().clone()
    };
    let erase = |token: &str, worker: &str| {
        let path = format!("/v1/workers/{worker}");
        app.call("DELETE", &path, token, &Value::Null).expect(204);
    };
    let claimed = guest("kotoha@example.jp");

    // The seminars are in 131041.
    let coordinator = |area: &str| {
        let account = json!({"role": "coordinator", "areas": [area]});
        app.logged_in(&format!("{area}@example.jp"), account)
    };
    let (here, elsewhere) = (coordinator("131041"), coordinator("131130"));
    let worker = app.worker(json!({"personal": personal, "area": "131130"}));
    assert_eq!(shown(&elsewhere, &worker), Vec::<Value>::new());
    erase(&elsewhere, &worker);
    assert!(is_kept(&claimed), "a coordinator from elsewhere");

    let (_, partner) = app.partner(json!({}));
    let consent =
        json!({"given_on": "2026-04-01", "text_version": "2026-04", "given_at": "2026-04-01T10:00:00+09:00"});
    let volunteer = json!({"personal": personal, "area": "131041", "consent": consent});
    let path = "/v1/workers/by-external-id/partner:activo/1";
    let made = app.call("PUT", path, &partner, &volunteer).expect(201).json();
    let worker = made["id"].as_str().unwrap();
    assert_eq!(shown(&partner, worker), Vec::<Value>::new());
    erase(&partner, worker);
    assert!(is_kept(&claimed), "a partner app");

    let worker = app.worker(json!({"personal": personal}));
    let account = json!({"role": "worker", "worker_id": worker, "name": "惣社 琴葉"});
    let own = app.logged_in("login@example.jp", account);
    let proven = guest("login@example.jp");
    let held = shown(&own, &worker);
    assert_eq!(held.len(), 1, "{held:?}");
    assert!(proven.ends_with(held[0]["id"].as_str().unwrap()) && held[0]["note"] == "介護疲れ");
    erase(&own, &worker);
    assert!(is_kept(&claimed) && !is_kept(&proven), "the worker");

    // Who holds the event sees and deletes them anyway.
    let worker = app.worker(json!({"personal": personal}));
    assert_eq!(shown(&here, &worker).len(), 1);
    erase(&here, &worker);
    assert!(!is_kept(&claimed));
}

fn undoing_an_import_forgets_nobody_elsewhere(app: &TestApp) {
    let person = Person::new("undoing", 1);
    let guest = json!({"name": person.name, "email": person.email, "note": "車椅子"});
    let guest = register(app, &guest);
    let other = app.import_and_wait(
        "kind=workers&mode=dry_run&source=other",
        person.roster().as_bytes(),
    );
    let done = app.import_and_wait("kind=workers", person.roster().as_bytes());
    assert_eq!(done["progress"]["created"], 1, "{done}");
    let id = done["id"].as_str().unwrap();
    app.post(&format!("/v1/imports/{id}/undo"), &json!({}))
        .expect(202);
    assert_eq!(app.wait_for_import(id)["status"], "undone");
    let left = app.get("/v1/workers").expect(200).json();
    assert_eq!(left["items"], json!([]));
    assert_eq!(app.get(&guest).expect(200).json()["note"], "車椅子");
    // Somebody else's erasure searches for all who were erased.
    let worker = app.worker(json!({"personal": {"name": "別の人"}}));
    app.delete(&format!("/v1/workers/{worker}")).expect(204);
    assert!(has_file(app, &other) && has_file(app, &done));
    app.get(&format!("/v1/imports/{id}/annotated-file")).expect(200);
    let again = app.import(&app.admin, &format!("kind=workers&file_of={id}"), b"");
    let again = again.expect(202).json();
    let again = app.wait_for_import(again["id"].as_str().unwrap());
    assert_eq!(again["progress"]["created"], 1, "{again}");
}

fn headings_and_sheets_that_name_who_is_erased_are_forgotten_with_the_file(app: &TestApp) {
    let person = Person::new("heading", 1);
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name(&person.name).unwrap();
    let heading = format!("{}への連絡メモ", person.email);
    let rows = [
        ["氏名", "メールアドレス", "電話番号", "区市町村", heading.as_str()],
        [person.name.as_str(), person.email.as_str(), "12", "新宿区", "済"],
        ["別の人", "another@example.jp", "12", "板橋区", "済"],
    ];
    for (line, cells) in rows.into_iter().enumerate() {
        for (column, cell) in cells.into_iter().enumerate() {
            sheet.write(line as u32, column as u16, cell).unwrap();
        }
    }
    let file = book.save_to_buffer().unwrap();
    let done = app.import_and_wait("kind=workers&strict=true&mode=dry_run", &file);
    let import = format!("/v1/imports/{}", done["id"].as_str().unwrap());
    let told = || {
        let findings = app.get(&format!("{import}/findings")).expect(200).text;
        app.get(&import).expect(200).text + &findings
    };
    let before = told();
    assert!(before.contains(&person.email) && before.contains(&person.name));
    let worker = app.worker(json!({"personal": person.personal()}));
    app.delete(&format!("/v1/workers/{worker}")).expect(204);
    let after = told();
    for trace in person.traces() {
        assert!(!after.contains(&trace), "{after}");
    }
    // What everybody's list has stays, so that the others' rows can still be understood.
    let kept = app.get(&import).expect(200).json();
    assert_eq!(kept["progress"]["columns"]["氏名"], "name", "{kept}");
    assert!(after.contains("電話番号"), "{after}");
}

fn has_file(app: &TestApp, import: &Value) -> bool {
    let id = musubi::db::Id(import["id"].as_str().unwrap().parse().unwrap());
    let first = app
        .state
        .pool
        .read_blocking(|db| musubi::imports::jobs::store::find_part(db, id, 0));
    first.unwrap().is_some()
}

/// Where somebody may stand in a list of organizations.
const PLACES: [&str; 7] = [
    "above the headings",
    "in a note",
    "in an unused column",
    "in a column of text",
    "in a sheet that isn't read",
    "in a hidden sheet",
    "in a file that isn't understood",
];

fn list_of_organizations(place: &str, text: &str) -> Vec<u8> {
    let mut book = Workbook::new();
    let text = |own: &str| if own == place { text } else { "" };
    let sheet = book.add_worksheet().set_name("団体").unwrap();
    let headings = match place {
        "in a file that isn't understood" => ["甲", "乙", "丙", "丁"],
        _ => ["団体名", "区市町村", "活動内容", "管理欄"],
    };
    sheet.write(0, 0, text("above the headings")).unwrap();
    for (column, heading) in headings.iter().enumerate() {
        sheet.write(1, column as u16, *heading).unwrap();
    }
    sheet.write(2, 0, "集いの会").unwrap();
    sheet.write(2, 1, "新宿区").unwrap();
    sheet.write(2, 2, text("in a column of text")).unwrap();
    sheet.write(2, 3, text("in an unused column")).unwrap();
    let note = match text("in a note") {
        "" => String::new(),
        text => format!("※{text}"),
    };
    sheet.write(3, 0, note).unwrap();
    sheet
        .write(4, 0, text("in a file that isn't understood"))
        .unwrap();
    let other = book.add_worksheet().set_name("メモ").unwrap();
    other.write(0, 0, "覚え書き").unwrap();
    other.write(1, 1, text("in a sheet that isn't read")).unwrap();
    let hidden = book.add_worksheet().set_name("旧").unwrap();
    hidden.set_hidden(true);
    hidden.write(0, 0, "旧").unwrap();
    hidden.write(1, 1, text("in a hidden sheet")).unwrap();
    book.save_to_buffer().unwrap()
}

fn a_file_goes_with_whom_it_names_wherever_that_stands(app: &TestApp) {
    let personal = json!({"name": "惣社 琴葉", "kana": "そうしゃ ことは", "email": "kotoha@example.jp",
        "phone": "090-8700-4321", "employer": "結デザイン株式会社"});
    let worker = app.worker(json!({"personal": personal, "source": "forms", "external_id": "K-17"}));
    app.user(
        "login@example.jp",
        json!({"role": "worker", "worker_id": worker, "name": "惣社 琴葉"}),
    );
    let texts = [
        ("担当：惣社 琴葉 <KOTOHA@example.jp>", true),
        ("担当 login@example.jp", true),
        ("惣社琴葉、０９０ー８７００ー４３２１", true),
        (worker.as_str(), true),
        ("惣社　琴葉（ソウシャ　コトハ）", true),
        ("惣社琴葉さん（結デザイン株式会社）は欠席", true),
        ("惣社 琴葉", false),
        ("惣社さんの家、結デザイン株式会社の近く", false),
        ("kotoha.b@example.jp 090-8700-4322", false),
        // Anybody can write what an office has in its titles into a profile.
        ("問合せ kotoha@example.jp 090-8700-4321", false),
    ];
    let mut sent = Vec::new();
    for place in PLACES {
        // Reading a workbook takes a while: in some places, everything is tried.
        let is_every = ["above the headings", "in a hidden sheet"].contains(&place);
        for (n, (text, is_named)) in texts.into_iter().enumerate() {
            if !is_every && ![0, 4, 6].contains(&n) {
                continue;
            }
            let file = list_of_organizations(place, text);
            let done = app.import_and_wait("kind=organizations&mode=dry_run", &file);
            sent.push((format!("{text} {place}"), done, is_named));
        }
    }
    // A row of a kind and what it says in columns of names.
    for (kind, file, is_named) in [
        (
            "organizations",
            "団体名,区市町村,担当者\n集いの会,新宿区,惣社琴葉 様\n",
            true,
        ),
        (
            "organizations",
            "団体名,区市町村,担当者\n集いの会,新宿区,惣社\n",
            false,
        ),
        ("workers", "氏名,区市町村\n惣社琴葉,新宿区\n", true),
        (
            "organizations",
            "団体名,区市町村,担当者,電話番号\n集いの会,新宿区,佐藤 陽子,090-8700-4321\n",
            false,
        ),
        // A name in two columns is one only by their headings.
        (
            "workers",
            "姓,名,メールアドレス,区市町村\n惣社,琴葉,kotoha@example.jp,新宿区\n",
            true,
        ),
        // Another address says that it is somebody else.
        (
            "workers",
            "氏名,メールアドレス,区市町村\n惣社琴葉,other@example.jp,新宿区\n",
            false,
        ),
        (
            "workers&source=forms",
            "ID,氏名,区市町村\nK-17,別の名,新宿区\n",
            true,
        ),
        (
            "workers&source=others",
            "ID,氏名,区市町村\nK-17,別の名,新宿区\n",
            false,
        ),
        (
            "applications&source=forms",
            "登録番号,件名,状態\nK-17,チラシ,応募中\n",
            true,
        ),
        // Rows that nobody understood, or that are no records.
        ("workers", "甲,乙\n惣社琴葉,そうしゃことは\n森,もり\n", true),
        (
            "engagements",
            "氏名,ふりがな,勤務先\n惣社琴葉,そうしゃことは,結デザイン株式会社\n",
            true,
        ),
        (
            "engagements",
            "氏名,ふりがな,勤務先\n惣社琴葉,もり,別の会社\n",
            false,
        ),
    ] {
        let done = app.import_and_wait(&format!("kind={kind}&mode=dry_run"), file.as_bytes());
        sent.push((format!("{kind} {file}"), done, is_named));
    }
    assert!(sent.iter().all(|(_, done, _)| has_file(app, done)));
    app.delete(&format!("/v1/workers/{worker}")).expect(204);
    let wrong: Vec<&String> = sent
        .iter()
        .filter(|(_, done, is_named)| has_file(app, done) == *is_named)
        .map(|(what, ..)| what)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let (_, gone, _) = sent.first().unwrap();
    let path = format!("kind=organizations&file_of={}", gone["id"].as_str().unwrap());
    assert_eq!(app.import(&app.admin, &path, b"").expect(409).code(), "file_gone");
}

fn a_file_goes_with_whom_it_names_behind_many_words(app: &TestApp) {
    let personal = json!({"name": "惣社 琴葉", "email": "kotoha@example.jp"});
    let worker = app.worker(json!({"personal": personal}));
    let who = "担当 惣社 琴葉 kotoha@example.jp";
    let columns = |text: &str| {
        let numbers = 1..=45;
        let headings: String = numbers.clone().map(|n| format!("問{n},")).collect();
        let answers: String = numbers.map(|n| format!("回答{n},")).collect();
        format!("団体名,区市町村,{headings}備考\n集いの会,新宿区,{answers}{text}\n")
    };
    let rows = |text: &str, remark: &str| {
        format!("団体名,区市町村,活動内容,備考\n集いの会,新宿区,{text},{remark}\n")
    };
    let items: String = (1..=60).map(|n| format!("活動{n}、")).collect();
    let close: String = ('a'..='t')
        .flat_map(|a| ('a'..='t').map(move |b| format!("{a}{b} ")))
        .collect();
    let sent = [
        (columns(who), true),
        (columns("問合せ kotoha@example.jp"), false),
        (columns("惣社 琴葉"), false),
        (rows(&items, who), true),
        (rows(&format!("{items}{who}"), ""), true),
        (rows(&format!("{close}{who}"), ""), true),
        (rows(&close, who), true),
        (rows(&close, "問合せ koto@example.jp"), false),
    ]
    .map(|(file, is_named)| {
        let done = app.import_and_wait("kind=organizations&mode=dry_run", file.as_bytes());
        assert!(has_file(app, &done), "{done}");
        (file, done, is_named)
    });
    app.delete(&format!("/v1/workers/{worker}")).expect(204);
    for (file, done, is_named) in sent {
        assert_eq!(has_file(app, &done), !is_named, "{file}");
    }
}

fn a_name_that_is_a_common_word_costs_nobody_a_file(app: &TestApp) {
    let workers = [("林", "hayashi@example.jp"), ("小林", "kobayashi@example.jp")]
        .map(|(name, email)| app.worker(json!({"personal": {"name": name, "email": email}})));
    let kept = [
        (
            "workers",
            "氏名,メールアドレス,区市町村\n小林 花子,hanako@example.jp,新宿区\n",
        ),
        (
            "workers",
            "氏名,メールアドレス,区市町村\n小林,hanako@example.jp,新宿区\n",
        ),
        (
            "events",
            "講座名,開始日,開始時間,定員\n交流会,2026/10/8,13:30,小林さんに確認\n",
        ),
        ("organizations", "団体名,区市町村\n林,新宿区\n小林の会,どこか\n"),
        ("workers", "区域,分類\n林,甲\n森,乙\n"),
    ]
    .map(|(kind, file)| app.import_and_wait(&format!("kind={kind}&mode=dry_run"), file.as_bytes()));
    // Nobody can look through it, so it may have anyone in it.
    let damaged = app.import_and_wait("kind=workers", b"PK\x03\x04 damaged");
    assert_eq!(damaged["status"], "failed");
    let findings = |import: &Value| {
        let path = format!("/v1/imports/{}/findings", import["id"].as_str().unwrap());
        app.get(&path).expect(200).text
    };
    let before = kept.each_ref().map(findings);
    assert!(
        before.iter().any(|found| found.contains("小林さんに確認")),
        "{before:?}"
    );
    for worker in &workers {
        app.delete(&format!("/v1/workers/{worker}")).expect(204);
    }
    for (import, before) in kept.iter().zip(&before) {
        assert!(has_file(app, import), "{before}");
        assert_eq!(findings(import), *before);
    }
    assert!(!has_file(app, &damaged));
}
