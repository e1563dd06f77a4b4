//! Personal data: the audit, consents, the export, and erasing a person.

use crate::support::{TestApp, assert_includes, on_both};
use diesel::prelude::*;
use musubi::audit::store::verify;
use musubi::auth::Reach;
use musubi::db::schema::TABLES;
use musubi::db::{Db, Id, Instant};
use musubi::erasure::actions as erasure;
use serde_json::{Value, json};

fn actions(app: &TestApp, query: &str) -> Vec<String> {
    let page = app.get(&format!("/v1/audit?{query}")).expect(200).json();
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["action"].as_str().unwrap().to_owned())
        .collect()
}

/// Returns what was decided about a record, without who saw it.
fn decisions(app: &TestApp, id: &str) -> Vec<String> {
    let mut all = actions(app, &format!("subject_id={id}"));
    all.retain(|action| action != "personal_data.read");
    all
}

/// Returns the whole content of the database as text.
fn dump(app: &TestApp) -> String {
    app.state
        .pool
        .read_blocking(|db| {
            #[derive(QueryableByName)]
            struct Line {
                #[diesel(sql_type = diesel::sql_types::Text)]
                line: String,
            }
            let mut text = String::new();
            for table in TABLES {
                let name = table.name;
                let lines = match db {
                    Db::Pg(c) => {
                        diesel::sql_query(format!("SELECT t::text AS line FROM {name} t")).load::<Line>(c)?
                    }
                    Db::Sqlite(c) => {
                        let all: Vec<String> = table
                            .columns
                            .iter()
                            .map(|c| format!("coalesce(quote({}), '')", c.name))
                            .collect();
                        diesel::sql_query(format!("SELECT {} AS line FROM {name}", all.join(" || '|' || ")))
                            .load::<Line>(c)?
                    }
                };
                lines.iter().for_each(|line| text += &line.line);
            }
            Ok(text)
        })
        .unwrap()
}

on_both! {
    viewing_another_persons_data_is_audited,
    decisions_about_permissions_are_audited,
    detects_tampering_with_the_audit,
    consents_have_a_history_and_a_withdrawal_applies_immediately,
    exports_everything_held_on_a_person,
    an_export_of_much_comes_in_parts,
    erasing_a_person_removes_all_traces_and_keeps_the_audit_intact,
    applies_the_retention_periods,
}

fn viewing_another_persons_data_is_audited(app: &TestApp) {
    let worker = app.worker(json!({"personal": {"name": "佐藤 陽子"}}));
    let nameless = app.worker(json!({"alias": "匿名"}));
    app.user(
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    app.user("w@example.jp", json!({"role": "worker", "worker_id": worker}));
    let token = |email: &str| app.login(email)["access_token"].as_str().unwrap().to_owned();
    let (coordinator, own) = (token("c@example.jp"), token("w@example.jp"));
    let (of_worker, of_nameless) = (
        format!("subject_id={worker}&action=personal_data.read"),
        format!("subject_id={nameless}"),
    );
    let path = format!("/v1/workers/{worker}");
    app.call("GET", &path, &own, &Value::Null).expect(200);
    app.call("PATCH", &path, &own, &json!({"hours_per_week": 3}))
        .expect(200);
    app.call(
        "GET",
        &path,
        &app.token(musubi::auth::UserRole::Importer),
        &Value::Null,
    )
    .expect(200);
    // The administrator who registered the worker saw the answer.
    assert_eq!(actions(app, &of_worker).len(), 1);
    app.call("GET", &path, &coordinator, &Value::Null).expect(200);
    app.call("GET", "/v1/workers", &coordinator, &Value::Null)
        .expect(200);
    app.call("PATCH", &path, &coordinator, &json!({"hours_per_week": 4}))
        .expect(200);
    app.call(
        "GET",
        "/v1/workers?q=%E4%BD%90%E8%97%A4",
        &coordinator,
        &Value::Null,
    )
    .expect(200);
    assert_eq!(actions(app, &of_worker).len(), 5);
    assert!(actions(app, &of_nameless).is_empty());
    let entries = app.get(&format!("/v1/audit?{of_worker}")).json();
    assert!(
        entries["items"][0]["actor"]
            .as_str()
            .unwrap()
            .starts_with("coordinator:"),
        "{entries}"
    );
    assert!(!entries.to_string().contains("佐藤"));
    // Contact details of organizations are personal data.
    let organization = app
        .post(
            "/v1/organizations",
            &json!({"name": "風", "area": "131041", "contact": {"person": "田中"}}),
        )
        .expect(201)
        .json()["id"]
        .clone();
    app.call(
        "GET",
        &format!("/v1/organizations/{}", organization.as_str().unwrap()),
        &coordinator,
        &Value::Null,
    )
    .expect(200);
    assert_eq!(
        actions(app, &format!("subject_id={}", organization.as_str().unwrap())),
        ["personal_data.read", "personal_data.read"],
        "registering it, and reading it"
    );
}

fn decisions_about_permissions_are_audited(app: &TestApp) {
    let user = app.user("a@example.jp", json!({}));
    app.patch(
        &format!("/v1/users/{}", user["id"].as_str().unwrap()),
        &json!({"name": "別名"}),
    )
    .expect(200);
    app.login("a@example.jp");
    let (partner, _) = app.partner(json!({}));
    app.patch(&format!("/v1/partners/{partner}"), &json!({"quota_per_day": 7}))
        .expect(200);
    app.post(&format!("/v1/partners/{partner}/secrets"), &json!({}))
        .expect(201);
    let of_user = decisions(app, user["id"].as_str().unwrap());
    assert_eq!(
        of_user,
        [
            "session.opened",
            "user.changed",
            "password.chosen",
            "user.invited"
        ]
    );
    let of_partner = decisions(app, &partner);
    assert_eq!(
        of_partner,
        [
            "client_secret.created",
            "partner.changed",
            "client_secret.created",
            "partner.registered"
        ]
    );
    assert_eq!(actions(app, "actor=admin:test&limit=2").len(), 2);
    app.call(
        "GET",
        "/v1/audit",
        &app.token(musubi::auth::UserRole::Coordinator),
        &Value::Null,
    )
    .expect(403);
    app.call(
        "GET",
        "/v1/audit",
        &app.token(musubi::auth::UserRole::Auditor),
        &Value::Null,
    )
    .expect(200);
}

fn detects_tampering_with_the_audit(app: &TestApp) {
    for i in 0..5 {
        app.user(&format!("{i}@example.jp"), json!({}));
    }
    let verified = || app.state.pool.read_blocking(|db| verify(db, None)).unwrap();
    let whole = verified().unwrap();
    // Invited, seen in the answer, and the password chosen.
    assert_eq!(whole.entries, 15);
    let expect = |number, hash: &str| {
        app.state
            .pool
            .read_blocking(|db| verify(db, Some((number, hash))))
            .unwrap()
    };
    assert!(expect(15, &whole.hash).is_ok() && expect(15, "x").is_err());
    let tampered = |sql: &str| {
        let result: Result<(), musubi::error::Error> = app.state.pool.write_blocking(|db| {
            match db {
                Db::Pg(c) => diesel::sql_query(sql).execute(c)?,
                Db::Sqlite(c) => diesel::sql_query(sql).execute(c)?,
            };
            let fault = verify(db, Some((15, &whole.hash)))?.unwrap_err();
            // The error rolls the tampering back.
            Err(musubi::error::Error::Internal(fault))
        });
        result.unwrap_err().to_string()
    };
    for (sql, fault) in [
        (
            "UPDATE audit SET actor = 'admin:else' WHERE seq = 4",
            "entry 4: its columns",
        ),
        (
            "UPDATE audit SET entry = replace(entry, 'admin:test', 'admin:best') WHERE seq = 2",
            "entry 2: its hash",
        ),
        ("UPDATE audit SET hash = 'x' WHERE seq = 15", "entry 15: its hash"),
        ("DELETE FROM audit_subjects WHERE seq = 7", "entry 7: its columns"),
        (
            "UPDATE audit_subjects SET seq = 8 WHERE seq = 1",
            "entry 1: its columns",
        ),
    ] {
        assert!(tampered(sql).contains(fault), "{sql}: {}", tampered(sql));
    }
    for (sql, fault) in [
        ("seq = 5", "entry 6: an entry before it is missing"),
        ("seq = 15", "entry 15 is expected, but the audit has only 14"),
    ] {
        let both = app.state.pool.write_blocking(|db| {
            for table in ["audit_subjects", "audit"] {
                let delete = format!("DELETE FROM {table} WHERE {sql}");
                match db {
                    Db::Pg(c) => diesel::sql_query(delete).execute(c)?,
                    Db::Sqlite(c) => diesel::sql_query(delete).execute(c)?,
                };
            }
            Err::<(), _>(musubi::error::Error::Internal(
                verify(db, Some((15, &whole.hash)))?.unwrap_err(),
            ))
        });
        assert!(both.unwrap_err().to_string().contains(fault), "{sql}");
    }
    assert_eq!(verified().unwrap(), whole);
}

fn consents_have_a_history_and_a_withdrawal_applies_immediately(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let worker = app.worker(json!({}));
    let path = format!("/v1/workers/{worker}");
    let is_ranked = || {
        app.get(&format!("/v1/deliverables/{flyer}/matches"))
            .expect(200)
            .text
            .contains(&worker)
    };
    assert!(is_ranked());
    app.patch(&path, &json!({"hours_per_week": 5})).expect(200);
    app.patch(&path, &json!({"consent": null})).expect(200);
    assert!(!is_ranked());
    app.patch(
        &path,
        &json!({"consent": {"given_on": "2026-05-01", "text_version": "2026-05", "purpose": "applying"}}),
    )
    .expect(200);
    assert!(!is_ranked(), "consent to apply is not consent to be ranked");
    app.post(
        "/v1/applications",
        &json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer"}),
    )
    .expect(201);
    app.patch(&path, &json!({"consent": {"purpose": "matching"}}))
        .expect(200);
    assert!(is_ranked());
    let paged = app.get(&format!("{path}/consents?limit=2")).expect(200).json();
    let next = paged["next"].as_str().unwrap();
    let rest = app
        .get(&format!("{path}/consents?cursor={next}"))
        .expect(200)
        .json();
    let consents = app.get(&format!("{path}/consents")).expect(200).json();
    let pages = [&paged, &rest].map(|page| page["items"].as_array().unwrap().as_slice());
    assert_eq!(json!(pages.concat()), consents["items"]);
    let items = consents["items"].as_array().unwrap();
    assert_includes(
        &consents["items"],
        &json!([
            {"text_version": "2026-04", "purpose": "matching"},
            {"text_version": "2026-05", "purpose": "applying"},
            {"text_version": "2026-05", "purpose": "matching", "withdrawn_at": null},
        ]),
    );
    assert!(
        items[..2]
            .iter()
            .all(|consent| consent["withdrawn_at"].is_string())
    );
    assert_eq!(
        decisions(app, &worker),
        ["consent.given", "consent.given", "consent.withdrawn"]
    );
}

fn exports_everything_held_on_a_person(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let worker = app.worker(json!({"personal": {"name": "佐藤 陽子", "email": "yoko@example.jp"}}));
    let bid =
        json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer", "message": "佐藤です"});
    app.post("/v1/applications", &bid).expect(201);
    let own = app.logged_in("w@example.jp", json!({"role": "worker", "worker_id": worker}));
    app.get(&format!("/v1/workers/{worker}")).expect(200);
    let path = format!("/v1/workers/{worker}/personal-data");
    let held = app.call("GET", &path, &own, &Value::Null).expect(200).json();
    assert_includes(
        &held,
        &json!({
            "worker": {"personal": {"email": "yoko@example.jp"}},
            "applications": [{"message": "佐藤です"}],
            "account": {"email": "w@example.jp"},
            "sessions": [{"address": "127.0.0.1"}],
            "consents": [{"text_version": "2026-04"}],
        }),
    );
    assert_includes(
        &held["audit"][0],
        &json!({"actor": "admin:test", "action": "personal_data.read"}),
    );
    assert!(held["audit"][0]["count"].as_i64() >= Some(1));
    // Another worker's data is not found.
    let other = app.worker(json!({}));
    app.call(
        "GET",
        &format!("/v1/workers/{other}/personal-data"),
        &own,
        &Value::Null,
    )
    .expect(404);
    assert_eq!(
        actions(app, &format!("subject_id={worker}&action=personal_data.exported")).len(),
        1
    );
}

fn an_export_of_much_comes_in_parts(app: &TestApp) {
    let id = app.worker(json!({"personal": {"name": "佐藤 陽子"}}));
    let worker = Id(id.parse().unwrap());
    let added = app.state.pool.write_blocking(|db| {
        let worker = musubi::workers::store::find(db, &Reach::Everything, worker)?;
        musubi::workers::store::consents::insert(db, "test", std::iter::repeat_n(&worker, 1_200))
    });
    added.unwrap();
    app.get(&format!("/v1/workers/{id}")).expect(200);
    let path = format!("/v1/workers/{id}/personal-data");
    let count = |part: &Value, list: &str| part[list].as_array().unwrap().len();
    let first = app.get(&path).expect(200).json();
    assert_eq!(count(&first, "consents"), 1_000);
    let next = first["next"].as_str().unwrap();
    let rest = app.get(&format!("{path}?cursor={next}")).expect(200).json();
    assert_eq!(count(&rest, "consents"), 201);
    assert_eq!((&rest["next"], &rest["worker"]["id"]), (&Value::Null, &json!(id)));
    // Who did what is told once, but for what was done meanwhile.
    assert!(count(&first, "audit") > 0);
    let again = rest["audit"].as_array().unwrap().iter();
    let again = again.filter(|one| first["audit"].as_array().unwrap().contains(one));
    assert_eq!(again.count(), 0);
    let refused = app.get(&format!("{path}?cursor=x")).expect(422);
    assert_eq!(refused.faults(), [("cursor".into(), "invalid_cursor".into())]);
}

fn erasing_a_person_removes_all_traces_and_keeps_the_audit_intact(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let secrets = [
        "佐藤陽子消去",
        "yoko.erased@example.jp",
        "090-1234-9876",
        "消えるべき文章",
        "login.erased@example.jp",
        "消えるべき伝言",
    ];
    let evidence = json!([{"text": secrets[3]}]);
    let body = json!({
        "personal": {"name": secrets[0], "email": secrets[1], "phone": secrets[2], "evidence": evidence},
        "consent": {"given_on": "2026-04-01", "text_version": "2026-04"}, "roles": ["designer"],
    });
    let worker = app
        .post_with("/v1/workers", &[("idempotency-key", "w")], &body)
        .expect(201)
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let user = json!({"email": secrets[4], "name": secrets[0], "role": "worker", "worker_id": worker});
    app.post_with("/v1/users", &[("idempotency-key", "u")], &user)
        .expect(201);
    let bid =
        json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer", "message": secrets[5]});
    app.post_with("/v1/applications", &[("idempotency-key", "a")], &bid)
        .expect(201);
    let before = dump(app);
    for secret in secrets {
        assert!(before.contains(secret), "{secret} was not stored");
    }
    app.delete(&format!("/v1/workers/{worker}")).expect(204);
    let after = dump(app);
    for secret in secrets {
        assert!(!after.contains(secret), "{secret} is still stored");
    }
    let grams = text::grams([secrets[0]]);
    assert!(before.contains(&grams) && !after.contains(&grams));
    assert!(
        app.state
            .pool
            .read_blocking(|db| verify(db, None))
            .unwrap()
            .is_ok()
    );
    assert_eq!(
        app.get("/v1/applications").json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1,
        "the application is still counted"
    );
}

fn applies_the_retention_periods(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    let (idle, waiting, declined) = (
        app.worker(json!({})),
        app.worker(json!({})),
        app.worker(json!({})),
    );
    let bid = |worker: &str| {
        let body =
            json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer", "message": "よろしく"});
        app.post("/v1/applications", &body)
            .expect(201)
            .header("location")
            .to_owned()
    };
    let (standing, ended) = (bid(&waiting), bid(&declined));
    app.patch(
        &ended,
        &json!({"status": "declined", "reason": "skills", "note": "また"}),
    )
    .expect(200);
    let (past, now) = (Instant::parse("2020-01-01T00:00:00Z").unwrap(), Instant::now());
    let write = |f: fn(&mut Db, Instant) -> musubi::error::Result<usize>, at| {
        app.state.pool.write_blocking(|db| f(db, at)).unwrap()
    };
    assert_eq!(
        [
            write(erasure::forget_messages, past),
            write(erasure::erase_idle, past)
        ],
        [0, 0]
    );
    assert_eq!(
        [
            write(erasure::forget_messages, now),
            write(erasure::forget_messages, now)
        ],
        [1, 0]
    );
    assert!(app.get(&ended).json()["message"].is_null() && app.get(&ended).json()["note"].is_null());
    assert_eq!(app.get(&standing).json()["message"], "よろしく");
    assert_eq!(write(erasure::erase_idle, now), 2);
    app.get(&format!("/v1/workers/{idle}")).expect(404);
    app.get(&format!("/v1/workers/{waiting}")).expect(200);
}
