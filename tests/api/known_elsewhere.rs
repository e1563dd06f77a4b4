//! Nobody learns that a record is known where they don't look: not by an external id, not by a filter.

use crate::support::{TestApp, merge, on_both};
use musubi::auth::{Claims, UserRole};
use musubi::db::Id;
use musubi::server::document::Document;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const SHINJUKU: &str = "131041";
const SHIBUYA: &str = "131130";

on_both! {
    a_name_that_is_known_elsewhere_is_answered_like_an_unknown_one,
    rows_about_names_known_elsewhere_are_like_others,
    names_within_reach_are_still_unique_and_updated,
    a_merge_with_a_record_elsewhere_isnt_shown,
    lists_dont_select_by_what_the_caller_may_not_read,
}

fn token(app: &TestApp, role: UserRole, set: impl FnOnce(&mut Claims)) -> String {
    let mut claims = Claims::new(role, "elsewhere", chrono::Utc::now().timestamp(), 3600);
    set(&mut claims);
    app.state.keys.sign(&claims).unwrap()
}

fn coordinator(app: &TestApp, areas: &[&str]) -> String {
    token(app, UserRole::Coordinator, |claims| {
        claims.belonging.areas = areas.iter().map(|area| (*area).to_owned()).collect();
    })
}

/// Returns a record of a list, in an area, with a name in another system.
fn record(app: &TestApp, list: &str, area: &str, external_id: Option<&str>) -> Value {
    let mut body = match list {
        "workers" => json!({"consent": {"given_on": "2026-04-01", "text_version": "2026-04"}}),
        "organizations" => json!({"name": "風"}),
        _ => {
            let organization = json!({"name": "丘", "area": area});
            let organization = app.post("/v1/organizations", &organization).expect(201).json();
            json!({"organization_id": organization["id"], "type": "flyer", "title": "チラシ"})
        }
    };
    merge(&mut body, json!({"area": area}));
    if let Some(external_id) = external_id {
        merge(&mut body, json!({"source": "roster", "external_id": external_id}));
    }
    body
}

/// Clears what differs between any two records.
fn plain(answer: &str, external_id: &str) -> Value {
    fn clear(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for name in [
                    "id",
                    "organization_id",
                    "created_at",
                    "updated_at",
                    "status_since",
                    "opened_at",
                    "request_id",
                ] {
                    members.remove(name);
                }
                members.values_mut().for_each(clear);
            }
            Value::Array(items) => items.iter_mut().for_each(clear),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(&answer.replace(external_id, "X")).unwrap();
    clear(&mut value);
    value
}

fn a_name_that_is_known_elsewhere_is_answered_like_an_unknown_one(app: &TestApp) {
    let here = coordinator(app, &[SHINJUKU]);
    for list in ["workers", "organizations", "deliverables"] {
        for known in ["known-1", "known-2", "known-3"] {
            let elsewhere = record(app, list, SHIBUYA, Some(known));
            app.post(&format!("/v1/{list}"), &elsewhere).expect(201);
        }
        let before = app.get(&format!("/v1/{list}?area={SHIBUYA}")).expect(200).json();
        let alike = |name: &str, number: usize, send: &dyn Fn(&str) -> (u16, String)| {
            let (known, unknown) = (format!("known-{number}"), format!("other-{number}"));
            let ((first, known_answer), (second, unknown_answer)) = (send(&known), send(&unknown));
            assert_eq!(
                (first, plain(&known_answer, &known)),
                (second, plain(&unknown_answer, &unknown)),
                "{name} {list}"
            );
            assert!(first < 300, "{name} {list}: {known_answer}");
        };
        alike("POST", 1, &|external_id| {
            let body = record(app, list, SHINJUKU, Some(external_id));
            let answer = app.call("POST", &format!("/v1/{list}"), &here, &body);
            assert_eq!(answer.json()["source"], "131041:roster");
            (answer.status, answer.text)
        });
        alike("PATCH", 2, &|external_id| {
            let body = record(app, list, SHINJUKU, None);
            let own = app
                .call("POST", &format!("/v1/{list}"), &here, &body)
                .expect(201)
                .json();
            let path = format!("/v1/{list}/{}", own["id"].as_str().unwrap());
            let name = json!({"source": "roster", "external_id": external_id});
            let answer = app.call("PATCH", &path, &here, &name);
            // What was read may be sent back.
            let back = json!({"source": answer.json()["source"], "external_id": external_id});
            let back = app.call("PATCH", &path, &here, &back).expect(200).json();
            assert_eq!(back["version"], answer.json()["version"]);
            (answer.status, answer.text)
        });
        if list == "workers" {
            alike("PUT", 3, &|external_id| {
                let path = format!("/v1/workers/by-external-id/roster/{external_id}");
                app.call("GET", &path, &here, &Value::Null).expect(404);
                let body = record(app, list, SHINJUKU, None);
                let answer = app.call("PUT", &path, &here, &body).expect(201);
                let again = app.call("PUT", &path, &here, &body).expect(200).json();
                assert_eq!(again, answer.json());
                assert_eq!(
                    app.call("GET", &path, &here, &Value::Null).expect(200).json(),
                    again
                );
                (answer.status, answer.text)
            });
        }
        let after = app.get(&format!("/v1/{list}?area={SHIBUYA}")).expect(200).json();
        assert_eq!(before, after, "nothing elsewhere has changed");
    }
    // Tokens that reach everything find what they found before.
    let path = "/v1/workers/by-external-id/roster/known-3";
    let found = app.get(path).expect(200).json();
    assert_eq!(found["area"], SHIBUYA);
    let replaced = app
        .put(path, &record(app, "workers", SHIBUYA, None))
        .expect(200)
        .json();
    assert_eq!(replaced["id"], found["id"]);
}

fn rows_about_names_known_elsewhere_are_like_others(app: &TestApp) {
    let here = coordinator(app, &[SHINJUKU]);
    let files = [
        ("workers", "ID,氏名,区市町村\n", "{},佐藤{},新宿区\n"),
        ("organizations", "ID,団体名,区市町村\n", "{},団体{},新宿区\n"),
        (
            "deliverables",
            "ID,団体名,支援内容,件名,区市町村\n",
            "{},風,チラシ,会員募集{},新宿区\n",
        ),
    ];
    app.organization("風");
    // A name that is borne elsewhere, too, is found as before.
    app.post("/v1/organizations", &json!({"name": "風", "area": SHIBUYA}))
        .expect(201);
    for (kind, head, row) in files {
        app.post(&format!("/v1/{kind}"), &record(app, kind, SHIBUYA, Some("known")))
            .expect(201);
        let file = |ids: &[&str]| {
            let rows = ids.iter().map(|id| row.replace("{}", id)).collect::<String>();
            format!("{head}{rows}").into_bytes()
        };
        for mode in ["dry_run", "best_effort"] {
            let mut reports = Vec::new();
            for id in ["known", "other"] {
                let query = format!("kind={kind}&mode={mode}");
                let sent = app.import(&here, &query, &file(&[id])).expect(202).json();
                let done = app.wait_for_import(sent["id"].as_str().unwrap());
                reports.push((
                    done["status"].clone(),
                    done["progress"]["created"].clone(),
                    app.findings_of(&done),
                ));
            }
            assert_eq!(reports[0], reports[1], "{kind} {mode}");
            assert_eq!(reports[0].1, 1, "{kind} {mode}: {reports:?}");
        }
        // The same file again changes nothing, and what it no longer has is archived or paused.
        let query = format!("kind={kind}&on_absent=archive");
        let sent = app.import(&here, &query, &file(&["known"])).expect(202).json();
        let done = app.wait_for_import(sent["id"].as_str().unwrap());
        assert_eq!(
            [&done["progress"]["unchanged"], &done["progress"]["archived"]],
            [&json!(1), &json!(1)],
            "{kind}: {done}"
        );
    }
}

fn names_within_reach_are_still_unique_and_updated(app: &TestApp) {
    let here = coordinator(app, &[SHINJUKU]);
    for list in ["workers", "organizations", "deliverables"] {
        // One that the secretariat registered, and one of the coordinator's own.
        app.post(&format!("/v1/{list}"), &record(app, list, SHINJUKU, Some("1")))
            .expect(201);
        let own = record(app, list, SHINJUKU, Some("2"));
        app.call("POST", &format!("/v1/{list}"), &here, &own).expect(201);
        for taken in ["1", "2"] {
            let body = record(app, list, SHINJUKU, Some(taken));
            let code = match list {
                "organizations" => "duplicate_organization",
                _ => "duplicate_external_id",
            };
            assert_eq!(
                app.call("POST", &format!("/v1/{list}"), &here, &body)
                    .expect(409)
                    .code(),
                code
            );
        }
    }
    let known = app.get("/v1/workers/by-external-id/roster/1").expect(200).json();
    let file = "ID,氏名,区市町村\n1,佐藤,新宿区\n2,鈴木,新宿区\n".as_bytes();
    let sent = app.import(&here, "kind=workers", file).expect(202).json();
    let done = app.wait_for_import(sent["id"].as_str().unwrap());
    assert_eq!(done["progress"]["updated"], 2, "{done}");
    let updated = app.get("/v1/workers/by-external-id/roster/1").expect(200).json();
    assert_eq!(
        (&updated["id"], &updated["source"]),
        (&known["id"], &json!("roster"))
    );
}

fn a_merge_with_a_record_elsewhere_isnt_shown(app: &TestApp) {
    let id = |list: &str, area: &str| {
        let mut body = record(app, list, area, None);
        let person =
            json!({"personal": {"name": "佐藤 陽子", "kana": "サトウ ヨウコ", "email": "yoko@example.jp"}});
        let group = json!({"name": "NPO法人風のやすみば", "corporate_number": null});
        merge(&mut body, if list == "workers" { person } else { group });
        app.post(&format!("/v1/{list}"), &body).expect(201).json()["id"].clone()
    };
    let ids = ["workers", "organizations"].map(|list| (list, id(list, SHINJUKU), id(list, SHINJUKU)));
    for (list, hidden, primary) in ids {
        let mut pair = Value::Null;
        app.until(|| {
            let pairs = app.get("/v1/duplicates?limit=200").expect(200).json();
            let items = pairs["items"].as_array().unwrap().clone();
            let is_it = |pair: &&Value| pair.to_string().contains(hidden.as_str().unwrap());
            pair = items.iter().find(is_it).cloned().unwrap_or_default();
            !pair.is_null()
        });
        let path = format!("/v1/duplicates/{}", pair["id"].as_str().unwrap());
        app.patch(&path, &json!({"status": "merged", "primary_id": primary}))
            .expect(200);
        let path = format!("/v1/{list}/{}", primary.as_str().unwrap());
        app.patch(&path, &json!({"area": SHIBUYA})).expect(200);
        let path = format!("/v1/{list}/{}", hidden.as_str().unwrap());
        assert_eq!(app.get(&path).expect(200).json()["merged_into"], primary);
        let both = coordinator(app, &[SHINJUKU, SHIBUYA]);
        let shown = app.call("GET", &path, &both, &Value::Null).expect(200).json();
        assert_eq!(shown["merged_into"], primary);
        let here = coordinator(app, &[SHINJUKU]);
        let tag = app.get(&path).header("etag").to_owned();
        let one = app.call("GET", &path, &here, &Value::Null).expect(200);
        assert_eq!(one.header("etag"), tag);
        let changed = match list {
            "workers" => json!({"alias": "新宿の人"}),
            _ => json!({"description": "新宿の会"}),
        };
        let changed = app.call("PATCH", &path, &here, &changed).expect(200);
        let page = format!("/v1/{list}?include_archived=true");
        let page = if list == "workers" {
            format!("/v1/{list}")
        } else {
            page
        };
        let page = app.call("GET", &page, &here, &Value::Null).expect(200);
        let export = json!({"kind": list, "format": "ndjson", "filter": {}});
        let export = app.call("POST", "/v1/exports", &here, &export);
        for answer in [one, changed, page, export] {
            assert!(
                !answer.text.contains(primary.as_str().unwrap()),
                "{list}: {}",
                answer.text
            );
        }
    }
}

const LISTINGS: &[&str] = &[
    "area",
    "free",
    "from",
    "kind",
    "lang",
    "online",
    "q",
    "to",
    "wheelchair",
];

/// What the filters and orders of each list select by. Each is in the list's items, for everybody who may call it; or the
/// test below tries it.
const SELECTORS: &[(&str, &[&str])] = &[
    ("export_personal_data", &[]),
    (
        "list_applications",
        &["deliverable_id", "role", "sort", "status", "worker_id"],
    ),
    ("list_audit", &["action", "actor", "subject_id"]),
    (
        "list_cards",
        &["area", "fiscal_year", "project_id", "q", "status", "type"],
    ),
    ("list_consents", &[]),
    ("list_coordinator_responses", &[]),
    (
        "list_deliverables",
        &[
            "area",
            "family",
            "fiscal_year",
            "format",
            "organization_id",
            "q",
            "role",
            "skill",
            "sort",
            "status",
            "type",
        ],
    ),
    ("list_duplicates", &["kind", "sort", "status"]),
    (
        "list_events",
        &[
            "area",
            "fiscal_year",
            "from",
            "host_id",
            "kind",
            "programme_id",
            "series",
            "sort",
            "status",
            "until",
        ],
    ),
    ("list_feedback", &[]),
    ("list_import_findings", &[]),
    ("list_imports", &["kind"]),
    (
        "list_indicators",
        &["area", "indicator", "kind", "source", "year"],
    ),
    ("list_joint_deliverables", &["status"]),
    // What everybody sees depends on nobody's reach.
    ("list_listings", LISTINGS),
    ("list_listings_as_calendar", LISTINGS),
    ("list_listings_as_csv", LISTINGS),
    ("list_listings_as_feed", LISTINGS),
    ("list_listings_as_json_ld", LISTINGS),
    ("list_organization_responses", &["area"]),
    ("list_organizations", &["area", "kind", "q", "sort", "status"]),
    ("list_partners", &[]),
    ("list_posts", &["area", "fiscal_year", "kind", "q", "status"]),
    ("list_programme_records", &[]),
    ("list_programmes", &["area", "fiscal_year", "kind"]),
    ("list_project_artifacts", &[]),
    ("list_project_history", &[]),
    ("list_project_hours", &[]),
    ("list_project_meetings", &[]),
    ("list_project_milestones", &[]),
    ("list_project_notes", &[]),
    ("list_project_risks", &[]),
    (
        "list_projects",
        &[
            "area",
            "fiscal_year",
            "kind",
            "organization_id",
            "sort",
            "status",
            "worker_id",
        ],
    ),
    (
        "list_publications",
        &["area", "fiscal_year", "kind", "q", "status"],
    ),
    ("list_registrations", &[]),
    ("list_rounds", &[]),
    ("list_shown_lists", &["subject_id"]),
    ("list_tasks", &["kind", "overdue"]),
    ("list_users", &["email", "organization_id", "role"]),
    ("list_webhook_deliveries", &["status", "type"]),
    ("list_webhooks", &[]),
    ("list_weights", &[]),
    ("list_workers", &["area", "q", "role", "skill", "sort", "status"]),
];

#[test]
fn every_filter_of_every_list_is_known() {
    let document: Value = serde_json::from_str(Document::shared().text()).unwrap();
    let mut found = BTreeMap::new();
    for operation in document["paths"]
        .as_object()
        .unwrap()
        .values()
        .map(|path| &path["get"])
    {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let names: BTreeSet<&str> = parameters
            .filter(|one| one["in"] == "query")
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        let is_ranking = names.contains("fairness");
        if names.contains("cursor") && !is_ranking {
            // `included` tries those of every list.
            let pages = ["cursor", "limit", "count", "include_archived", "ids", "include"];
            let filters = names.into_iter().filter(|name| !pages.contains(name)).collect();
            found.insert(operation["operationId"].as_str().unwrap(), filters);
        }
    }
    let known = SELECTORS
        .iter()
        .map(|(list, names)| (*list, names.iter().copied().collect()));
    assert_eq!(found, known.collect::<BTreeMap<&str, BTreeSet<&str>>>());
}

fn lists_dont_select_by_what_the_caller_may_not_read(app: &TestApp) {
    let secrets = json!({"personal": {"name": "神楽坂 静", "kana": "カグラザカ シズカ", "email": "shizuka@example.jp",
        "phone": "03-1234-5678", "evidence": [{"title": "琵琶", "text": "篆刻の講師"}]},
        "source": "roster", "external_id": "secret-7"});
    let worker = app.worker(secrets);
    let organization = json!({"name": "風", "area": SHINJUKU, "contact": {"person": "目黒 守", "email": "mamoru@example.jp"}});
    let organization = app.post("/v1/organizations", &organization).expect(201).json();
    let organization = organization["id"].as_str().unwrap().to_owned();
    let flyer = app.deliverable(&organization, json!({"shared_with_partners": true}));
    let bid = json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer", "message": "薙刀もできます"});
    let bid = app.post("/v1/applications", &bid).expect(201).json()["id"].clone();
    app.patch(
        &format!("/v1/applications/{}", bid.as_str().unwrap()),
        &json!({"status": "agreed"}),
    )
    .expect(200);
    let (_, partner) = app.partner(json!({"code": "looks"}));
    let wordless = token(app, UserRole::Coordinator, |claims| {
        claims.belonging.areas = vec![SHINJUKU.into()];
        claims.scope = Some("workers:read organizations:read deliverables:read applications:read".into());
    });
    let member = token(app, UserRole::Organization, |claims| {
        claims.belonging.organization_id = Some(Id(organization.parse().unwrap()));
    });
    let other = app.worker(json!({}));
    let volunteer = token(app, UserRole::Worker, |claims| {
        claims.belonging.worker_id = Some(Id(other.parse().unwrap()));
    });
    let words = [
        "神楽坂",
        "静",
        "カグラザカ",
        "shizuka",
        "1234",
        "琵琶",
        "篆刻",
        "secret-7",
        "roster",
        "目黒",
        "mamoru",
        "薙刀",
    ];
    let callers = [
        ("partner", &partner),
        ("coordinator", &wordless),
        ("organization", &member),
        ("worker", &volunteer),
    ];
    for (name, caller) in callers {
        for list in ["workers", "organizations", "deliverables", "applications"] {
            let page = app.call("GET", &format!("/v1/{list}?limit=200"), caller, &Value::Null);
            // What the items say may be searched for.
            let readable = page.text;
            for word in words.iter().filter(|word| !readable.contains(**word)) {
                let word: String = form_urlencoded::byte_serialize(word.as_bytes()).collect();
                let found = app.call("GET", &format!("/v1/{list}?q={word}"), caller, &Value::Null);
                let is_empty = found.status != 200 || found.json()["items"] == json!([]);
                assert!(is_empty, "{name} finds {list} by {word}: {}", found.text);
            }
        }
        let found = app.call(
            "GET",
            "/v1/workers/by-external-id/roster/secret-7",
            caller,
            &Value::Null,
        );
        assert!(
            [404, 422].contains(&found.status) || name == "coordinator",
            "{name}: {}",
            found.text
        );
    }
}
