//! The permission matrix: every operation of the document, as every role, on the caller's own records and on
//! others.
//!
//! The test data has two of everything. The set "own" belongs to a coordinator of 新宿区, a member of an
//! organization there, a worker who applied to it, and the partner of that worker. None of them may see the
//! set "other", and nothing in it is open to everyone.

use crate::support::{PASSWORD, TestApp, merge, on_both};
use musubi::auth::{Extent, UserRole, extent};
use musubi::server::document::{Document, Operation};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use strum::VariantArray;

/// One record of each kind.
struct Belongings {
    area: &'static str,
    organization: String,
    deliverable: String,
    /// A deliverable of another organization, which the organization has joined.
    joint: String,
    worker: String,
    application: String,
    /// A project of the organization with the worker, and an entry of each kind in it.
    project: String,
    entries: BTreeMap<&'static str, String>,
    duplicate: String,
    round: String,
    programme: String,
    webhook: String,
    delivery: String,
    event: String,
    card: String,
    post: String,
    publication: String,
    partner: String,
    partner_token: String,
    source: String,
}

/// A new entry of each kind of work.
fn work(worker: &str) -> [(&'static str, Value); 6] {
    [
        ("milestones", json!({"title": "制作", "due_on": "2199-12-01"})),
        (
            "meetings",
            json!({"title": "定例", "starts_at": "2026-11-07T01:00:00Z"}),
        ),
        (
            "hours",
            json!({"worked_on": "2026-11-01", "minutes": 1, "worker_id": worker}),
        ),
        ("artifacts", json!({"title": "案"})),
        ("risks", json!({"title": "遅れ", "level": "low"})),
        ("notes", json!({"text": "写真を集める"})),
    ]
}

const CONSENT: &str =
    r#"{"given_on": "2026-04-01", "given_at": "2026-04-01T03:00:00Z", "text_version": "2026-04"}"#;

impl Belongings {
    fn new(app: &TestApp, code: &str, area: &'static str) -> Belongings {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let body = json!({"name": format!("団体{code}"), "area": area, "contact": {"person": "田中"}});
        let organization = text(&app.post("/v1/organizations", &body).expect(201).json()["id"]);
        let deliverable = app.deliverable(&organization, json!({"shared_with_partners": true}));
        let lead = json!({"name": format!("代表団体{code}"), "area": area});
        let lead = text(&app.post("/v1/organizations", &lead).expect(201).json()["id"]);
        let jointly = json!({"joint_organization_ids": [organization], "status": "draft"});
        let joint = app.deliverable(&lead, jointly);
        let (partner, partner_token) = app.partner(json!({"code": code}));
        let email = format!("{code}@example.jp");
        let volunteer = json!({"external_id": "1", "area": area, "roles": ["designer"],
            "personal": {"name": "佐藤", "email": email, "email_verified": true},
            "consent": serde_json::from_str::<Value>(CONSENT).unwrap()});
        let worker = app
            .call("POST", "/v1/workers", &partner_token, &volunteer)
            .expect(201)
            .json();
        let worker = text(&worker["id"]);
        // A second record of the same person, so that there is a pair to decide about.
        let again = json!({"area": area, "personal": {"email": email, "email_verified": true}});
        app.post("/v1/workers", &again).expect(201);
        let mut duplicate = String::new();
        app.until(|| {
            let pairs = app.get("/v1/duplicates").expect(200).json();
            let mut found = pairs["items"].as_array().unwrap().iter();
            let own = found.find(|pair| pair.to_string().contains(&worker));
            duplicate = own.map(|pair| text(&pair["id"])).unwrap_or_default();
            !duplicate.is_empty()
        });
        app.put(
            &format!("/v1/import-mappings/workers/partner%3A{code}"),
            &json!({"mapping": {}}),
        )
        .expect(200);
        let bid = json!({"deliverable_id": deliverable, "worker_id": worker, "role": "designer"});
        let application = text(&app.post("/v1/applications", &bid).expect(201).json()["id"]);
        let project = app.deliverable(
            &organization,
            json!({"roles": [{"role": "designer", "places": 1}]}),
        );
        let bid = json!({"deliverable_id": project, "worker_id": worker, "role": "designer"});
        let member = text(&app.post("/v1/applications", &bid).expect(201).json()["id"]);
        app.patch(
            &format!("/v1/applications/{member}"),
            &json!({"status": "agreed"}),
        )
        .expect(200);
        let programme =
            json!({"title": "プロボノ", "kind": "pro_bono", "fiscal_year": 2026, "areas": [area]});
        let programme = text(&app.post("/v1/programmes", &programme).expect(201).json()["id"]);
        let entries = work(&worker).map(|(kind, body)| {
            let path = format!("/v1/projects/{project}/{kind}");
            (kind, text(&app.post(&path, &body).expect(201).json()["id"]))
        });
        let artifact = format!("/v1/projects/{project}/artifacts/{}/file", entries[3].1);
        let bearer = format!("Bearer {}", app.admin);
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/pdf"),
        ];
        app.send("PUT", &artifact, &headers, b"%PDF-1.7").expect(200);
        // The caller's own is published; nobody else sees the other.
        let status = if code == "own" { "published" } else { "draft" };
        let times =
            json!([{"starts_at": "2026-04-01T10:00:00+09:00"}, {"starts_at": "2199-10-01T10:00:00+09:00"}]);
        let event = json!({"kind": "seminar", "title": "ゼミ", "times": times, "areas": [area],
            "host_ids": [organization], "status": status});
        let event = text(&app.post("/v1/events", &event).expect(201).json()["id"]);
        let path = format!("/v1/events/{event}/registrations");
        let registration = json!({"worker_id": worker, "status": "attended"});
        let registration = text(&app.post(&path, &registration).expect(201).json()["id"]);
        let entries = entries
            .into_iter()
            .chain([("records", deliverable.clone()), ("registrations", registration)]);
        let entries = entries.collect();
        let card = json!({"project_id": project, "title": "紹介"});
        let card = text(&app.post("/v1/showcase", &card).expect(201).json()["id"]);
        let post = json!({"title": "お知らせ", "body": "本文", "area": area});
        let post = text(&app.post("/v1/posts", &post).expect(201).json()["id"]);
        let publication = json!({"kind": "playbook", "title": "台本", "area": area});
        let publication = text(&app.post("/v1/publications", &publication).expect(201).json()["id"]);
        let round = json!({"deliverable_ids": [deliverable]});
        let round = text(&app.post("/v1/rounds", &round).expect(201).json()["id"]);
        // Nobody listens there.
        let webhook = json!({"url": "http://127.0.0.1:1/", "types": ["deliverable"], "enabled": false});
        let webhook = app.call("POST", "/v1/webhooks", &partner_token, &webhook);
        let webhook = text(&webhook.expect(201).json()["webhook"]["id"]);
        let test = app.post(&format!("/v1/webhooks/{webhook}/test"), &json!({}));
        let delivery = text(&test.expect(201).json()["id"]);
        Belongings {
            round,
            programme,
            webhook,
            delivery,
            event,
            card,
            post,
            publication,
            area,
            organization,
            deliverable,
            joint,
            worker,
            application,
            project,
            entries,
            duplicate,
            partner,
            partner_token,
            source: format!("partner:{code}"),
        }
    }
}

/// Builds a request of an operation about these records. The test sends `If-Match` with a version that never
/// existed, so that allowed requests return 412 and change nothing.
fn request(
    operation: &Operation,
    of: &Belongings,
    user: &str,
    import: &str,
    number: usize,
) -> Option<(String, Value)> {
    let kind = operation.path.split('/').nth(4).unwrap_or_default();
    let entry = of.entries.get(kind).map_or("", String::as_str);
    let path = |id: &str| {
        let path = operation
            .path
            .replace("{id}", id)
            .replace("{entry_id}", entry)
            .replace("{delivery_id}", &of.delivery)
            .replace("{worker_id}", &of.worker)
            .replace("{organization_id}", &of.organization)
            .replace("{kind}", "workers")
            .replace("{months}", "6")
            .replace("{fiscal_year}", "2026")
            .replace("{area}", of.area);
        let path = path.replace("{source}", &of.source.replace(':', "%3A"));
        path.replace("{external_id}", "1").replace("{secret_id}", id)
    };
    let nothing = json!({});
    let id = match operation.path.split('/').nth(2).unwrap() {
        "deliverables" if operation.path.contains("{organization_id}") => &of.joint,
        "organizations" => &of.organization,
        "deliverables" => &of.deliverable,
        "projects" if ["reviews", "follow-ups"].contains(&kind) => &of.deliverable,
        "workers" => &of.worker,
        "applications" => &of.application,
        "projects" => &of.project,
        "partners" => &of.partner,
        "users" => user,
        "imports" => import,
        "duplicates" => &of.duplicate,
        "rounds" => &of.round,
        "programmes" => &of.programme,
        "webhooks" => &of.webhook,
        "events" => &of.event,
        "showcase" => &of.card,
        "posts" => &of.post,
        "publications" => &of.publication,
        _ => "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d",
    };
    let body = match operation.id() {
        "create_organization" => json!({"name": format!("新しい団体{number}"), "area": of.area}),
        "create_deliverable" => {
            json!({"organization_id": of.organization, "type": "flyer", "title": "チラシ", "area": of.area})
        }
        "create_worker" => {
            json!({"area": of.area, "consent": serde_json::from_str::<Value>(CONSENT).unwrap(),
            "source": of.source, "external_id": format!("new {number}")})
        }
        "replace_worker_by_external_id" => {
            json!({"area": of.area, "consent": serde_json::from_str::<Value>(CONSENT).unwrap()})
        }
        "create_application" => {
            json!({"deliverable_id": of.deliverable, "worker_id": of.worker, "role": "designer"})
        }
        "preview_matches"
        | "explain_preview"
        | "suggest_preview_improvements"
        | "suggest_preview_relaxations" => {
            json!({"need": {"type": "flyer", "area": of.area, "organization_id": of.organization}})
        }
        "create_round" => json!({"deliverable_ids": [of.deliverable]}),
        "create_programme" => {
            json!({"title": "研修", "kind": "training", "fiscal_year": 2026, "areas": [of.area]})
        }
        "create_event" => json!({"kind": "seminar", "title": "ゼミ", "month": "2199-10", "areas": [of.area],
            "host_ids": [of.organization]}),
        "create_card" => json!({"project_id": of.project, "title": "紹介"}),
        "create_publication" => json!({"kind": "playbook", "title": "台本", "area": of.area}),
        "create_post" => json!({"title": "お知らせ", "body": "本文", "area": of.area}),
        "create_registration" => json!({"name": "田中"}),
        "create_answers" => json!({"replies": []}),
        "create_programme_record" => json!({"kind": "project", "record_id": of.project}),
        "triage_trouble" => json!({"trouble": "会員が減っている"}),
        "create_review" => {
            let scales = json!({"communication": 4, "quality": 4, "reliability": 4, "again": 4});
            json!({"application_id": of.application, "scales": scales})
        }
        "answer_follow_up" => json!({"still_in_use": true, "would_do_again": true}),
        "update_joint_organization" => json!({"status": "accepted"}),
        "create_decision" => json!({"status": "declined", "reason": "other"}),
        "create_project" => {
            json!({"organization_id": of.organization, "title": "伴走支援",
            "accompaniment": {"needs": "担い手", "supports": ["workshop"]}})
        }
        id if id.starts_with("create_project_") => {
            let new = work(&of.worker).into_iter().find(|(one, _)| *one == kind);
            new.unwrap().1
        }
        // It would take the import away from the operations after it; import_quotas.rs tests it.
        "delete_import" => return None,
        "count_deliverables" | "count_applications" | "count_outcomes" => {
            return Some((format!("{}?group_by=fiscal_year", operation.path), nothing));
        }
        // An empty body is refused only after the permission check.
        _ => nothing,
    };
    Some((path(id), body))
}

/// Operations for what only a user can have, whom a token from the command line doesn't have.
const OF_USERS: [&str; 5] = [
    "change_password",
    "create_feed",
    "create_webhook",
    "revoke_feed",
    "revoke_session",
];
/// Lists that the extent limits to the caller's own records.
const LISTS: [&str; 8] = [
    "list_webhooks",
    "list_events",
    "list_rounds",
    "list_projects",
    "list_organizations",
    "list_deliverables",
    "list_workers",
    "list_applications",
];
/// Operations that create a record, or try one, and refuse one outside the reach with 403 or 422.
const CREATES: [&str; 15] = [
    "create_card",
    "create_post",
    "create_publication",
    "create_event",
    "create_programme",
    "create_round",
    "create_project",
    "create_organization",
    "create_deliverable",
    "create_worker",
    "create_application",
    "preview_matches",
    "explain_preview",
    "suggest_preview_improvements",
    "suggest_preview_relaxations",
];

on_both! {
    every_operation_admits_exactly_the_roles_of_the_permission_table,
}

fn every_operation_admits_exactly_the_roles_of_the_permission_table(app: &TestApp) {
    let (own, other) = (
        Belongings::new(app, "own", "131041"),
        Belongings::new(app, "other", "131130"),
    );
    // Neither open to everyone nor a candidate.
    app.patch(
        &format!("/v1/deliverables/{}", other.deliverable),
        &json!({"status": "matched", "external_team": true}),
    )
    .expect(200);
    app.patch(
        &format!("/v1/workers/{}", other.worker),
        &json!({"status": "paused"}),
    )
    .expect(200);
    let mut ids = std::collections::BTreeMap::new();
    let people: Vec<(UserRole, String)> = UserRole::VARIANTS
        .iter()
        .map(|&role| {
            let belonging = match role {
                UserRole::Coordinator => json!({"areas": [own.area]}),
                UserRole::Organization => json!({"organization_id": own.organization}),
                UserRole::Worker => json!({"worker_id": own.worker}),
                UserRole::Partner => return (role, own.partner_token.clone()),
                _ => json!({}),
            };
            let mut more = json!({"role": role.code()});
            merge(&mut more, belonging);
            let email = format!("{}@example.jp", role.code());
            ids.insert(
                role.code(),
                app.user(&email, more)["id"].as_str().unwrap().to_owned(),
            );
            (
                role,
                app.login(&email)["access_token"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    // An import is its sender's.
    let import = |token: &str| {
        let sent = app.import(token, "kind=workers", "氏名,血液型\n佐藤,A\n".as_bytes());
        if sent.status == 202 {
            sent.json()["id"].as_str().unwrap().to_owned()
        } else {
            String::new()
        }
    };
    let others_import = import(&app.admin);
    let imports: Vec<String> = people.iter().map(|(_, token)| import(token)).collect();
    let document = Document::shared();
    let (mut faults, mut checked, mut number) = (Vec::new(), 0, 0);
    for operation in document.operations() {
        let Some(scope) = operation.scope() else { continue };
        let method = operation.method.to_uppercase();
        for ((role, token), import) in people.iter().zip(&imports) {
            for (whose, of) in [("own", &own), ("another's", &other)] {
                number += 1;
                let user = ids.get("auditor").unwrap();
                let import = if whose == "own" && !import.is_empty() {
                    import
                } else {
                    &others_import
                };
                let Some((path, body)) = request(&operation, of, user, import, number) else {
                    continue;
                };
                let bearer = format!("Bearer {token}");
                let key = format!("k{number}");
                let kind = if method == "PATCH" {
                    "application/merge-patch+json"
                } else {
                    "application/json"
                };
                let mut headers = vec![
                    ("authorization", bearer.as_str()),
                    ("content-type", kind),
                    ("idempotency-key", key.as_str()),
                ];
                if ["PATCH", "DELETE", "PUT"].contains(&method.as_str()) || operation.id() == "publish_round"
                {
                    headers.push(("if-match", "\"999999\""));
                }
                let body = if ["GET", "DELETE"].contains(&method.as_str()) {
                    Vec::new()
                } else {
                    body.to_string().into_bytes()
                };
                let answer = app.send(&method, &path, &headers, &body);
                let id = operation.id();
                let allowed = extent(*role, scope);
                let is_about_records =
                    operation.path.contains("{id}") && !operation.path.starts_with("/v1/auth");
                let is_right = match (allowed, whose) {
                    (Some(_), _) if answer.status == 403 && answer.code() == "login_required" => {
                        OF_USERS.contains(&id)
                    }
                    (None, _) => answer.status == 403 && answer.code() == "insufficient_scope",
                    (Some(Extent::All), _) => {
                        ![401, 403].contains(&answer.status)
                            && (answer.status != 404
                                || !is_about_records
                                || ["revoke_client_secret", "revoke_feed"].contains(&id))
                    }
                    (Some(Extent::Own), "own") if LISTS.contains(&id) => {
                        answer.status == 200 && answer.text.contains(own_id(id, of))
                    }
                    (Some(Extent::Own), _) if LISTS.contains(&id) => {
                        answer.status == 200 && !answer.text.contains(own_id(id, of))
                    }
                    // External ids of applicants are hidden from organizations.
                    (Some(Extent::Own), "own")
                        if id == "show_worker_by_external_id" && *role == UserRole::Organization =>
                    {
                        answer.status == 404
                    }
                    (Some(Extent::Own), "own") => {
                        answer.status != 401 && answer.status != 404
                            || [
                                "create_feed",
                                "revoke_session",
                                "revoke_feed",
                                "remove_import_mapping",
                            ]
                            .contains(&id)
                    }
                    (Some(Extent::Own), _) if CREATES.contains(&id) => [403, 422].contains(&answer.status),
                    (Some(Extent::Own), _) if id == "replace_duplicate_rule" => answer.status == 403,
                    (Some(Extent::Own), _) if id == "replace_worker_by_external_id" => {
                        [403, 409, 412, 422].contains(&answer.status)
                    }
                    // Everybody sees them.
                    (Some(Extent::Own), _) if operation.path.starts_with("/v1/programmes/") => {
                        answer.status == 403 && answer.code() == "access_denied"
                    }
                    (Some(Extent::Own), _) if is_about_records => answer.status == 404,
                    (Some(Extent::Own), _) => answer.status != 401,
                };
                checked += 1;
                if !is_right {
                    faults.push(format!(
                        "{id} as {} on {whose} ({allowed:?}): {} {}",
                        role.code(),
                        answer.status,
                        answer.text
                    ));
                }
            }
        }
    }
    println!("{checked} combinations");
    assert!(checked > 700 && faults.is_empty(), "{}", faults.join("\n"));
}

fn own_id<'a>(list: &str, of: &'a Belongings) -> &'a str {
    match list {
        "list_organizations" => &of.organization,
        "list_deliverables" => &of.deliverable,
        "list_workers" => &of.worker,
        "list_projects" => &of.project,
        "list_rounds" => &of.round,
        "list_webhooks" => &of.webhook,
        "list_events" => &of.event,
        _ => &of.application,
    }
}

on_both! {
    patches_refuse_read_only_fields,
    every_list_says_how_long_it_is,
}

fn every_list_says_how_long_it_is(app: &TestApp) {
    let own = Belongings::new(app, "own", "131041");
    let user = app.user("a@example.jp", json!({}))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let file = "氏名,血液型\n佐藤,A\n鈴木,B\n".as_bytes();
    let import = app.import_and_wait("kind=workers", file)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let count = |path: &str| {
        let page = app.get(&format!("{path}?count=true&limit=1")).expect(200).json();
        assert_eq!(page["total"]["exact"], true, "{path}: {page}");
        page["total"]["count"].as_u64().unwrap()
    };
    let document = Document::shared();
    let mut checked = 0;
    for operation in document.operations() {
        let parameters = operation.object["parameters"].as_array().unwrap();
        let takes_count = parameters.iter().any(|parameter| parameter["name"] == "count");
        let answer = operation.object["responses"].pointer("/200/content/application~1json/schema/$ref");
        let is_page = answer.is_some_and(|name| name.to_string().contains("/Page_"));
        if operation.method != "get" || !takes_count || !is_page {
            continue;
        }
        let (path, _) = request(&operation, &own, &user, &import, 0).unwrap();
        let before = count(&path);
        let (mut length, mut page) = (0, format!("{path}?limit=50"));
        loop {
            let answer = app.get(&page).expect(200).json();
            assert!(answer.get("total").is_none(), "{page}");
            length += answer["items"].as_array().unwrap().len() as u64;
            match answer["next"].as_str() {
                Some(next) => page = format!("{path}?limit=50&cursor={next}"),
                None => break,
            }
        }
        // The audit grows while it is read.
        assert!(
            (before..=count(&path)).contains(&length),
            "{path}: {before}, {length}"
        );
        checked += 1;
    }
    assert!(checked > 30, "{checked}");
}

fn patches_refuse_read_only_fields(app: &TestApp) {
    let own = Belongings::new(app, "own", "131041");
    let user = app.user("a@example.jp", json!({}))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let document = Document::shared();
    let mut patched = std::collections::BTreeSet::new();
    for operation in document
        .operations()
        .filter(|o| o.method == "patch" && o.path.contains("{id}"))
    {
        let Some((path, _)) = request(&operation, &own, &user, "", 0) else {
            continue;
        };
        let before = app.get(&path).expect(200).json();
        for field in [
            "id",
            "version",
            "created_at",
            "updated_at",
            "archived_at",
            "created_by",
            "partner_id",
            "sandbox_of",
            "merged_into",
            "place",
            "has_password",
            "password_hash",
            "demo",
            "family",
            "fiscal_year",
            "provenance",
            "worker_id ",
            "secrets",
            "__proto__",
            "constructor",
        ] {
            // A programme is of a year that its makers choose.
            // An event has a place.
            let own = [("update_programme", "fiscal_year"), ("update_event", "place")];
            if own.contains(&(operation.id(), field)) {
                continue;
            }
            let answer = app.patch(&path, &json!({field: "1"})).expect(422);
            assert_eq!(
                answer.faults(),
                [(format!("/{field}"), "unknown_field".into())],
                "{}",
                operation.id()
            );
        }
        assert_eq!(
            app.get(&path).json()["version"],
            before["version"],
            "{}",
            operation.id()
        );
        patched.insert(operation.id().to_owned());
    }
    let known = [
        "decide_duplicate",
        "update_application",
        "update_card",
        "update_deliverable",
        "update_event",
        "update_intake",
        "update_organization",
        "update_partner",
        "update_post",
        "update_programme",
        "update_project",
        "update_project_artifact",
        "update_project_hours",
        "update_project_meeting",
        "update_project_milestone",
        "update_project_note",
        "update_project_risk",
        "update_publication",
        "update_registration",
        "update_round",
        "update_user",
        "update_webhook",
        "update_worker",
    ];
    assert_eq!(patched, known.map(str::to_owned).into());
}

/// Creates a user and returns their access token.
fn token_of(app: &TestApp, email: &str, more: Value) -> String {
    app.user(email, more);
    app.login(email)["access_token"].as_str().unwrap().to_owned()
}

on_both! {
    who_registers_whom_for_the_event_of_another,
    an_organization_sees_personal_data_only_while_an_application_is_active,
    hides_workers_who_block_an_organization_or_are_no_candidates,
    a_coordinator_acts_within_their_areas,
    an_organization_submits_deliverables_and_a_coordinator_opens_them,
    a_worker_edits_their_profile_but_not_their_track_record,
}

/// Whom each role registers for a published event that it doesn't hold: somebody by name, the worker or the organization of its own
/// set, those of the other set, and somebody who attended.
const REGISTERS: [(UserRole, &str); 6] = [
    (UserRole::Coordinator, "+-----"),
    (UserRole::Organization, "+++---"),
    (UserRole::Worker, "++----"),
    (UserRole::Partner, "-+----"),
    (UserRole::Importer, "------"),
    (UserRole::Auditor, "------"),
];

fn who_registers_whom_for_the_event_of_another(app: &TestApp) {
    let own = Belongings::new(app, "own", "131041");
    let other = Belongings::new(app, "other", "131130");
    let named = |more: Value| {
        let mut body = json!({"name": "田中"});
        merge(&mut body, more);
        body
    };
    let tries = [
        named(json!({})),
        json!({"worker_id": own.worker}),
        named(json!({"organization_id": own.organization})),
        json!({"worker_id": other.worker}),
        named(json!({"organization_id": other.organization})),
        named(json!({"status": "attended"})),
    ];
    let office_elsewhere = token_of(
        app,
        "elsewhere@example.jp",
        json!({"role": "coordinator", "areas": [other.area]}),
    );
    for (role, expected) in REGISTERS {
        let email = format!("{}@example.jp", role.code());
        let token = match role {
            UserRole::Coordinator => token_of(app, &email, json!({"role": role, "areas": [own.area]})),
            UserRole::Organization => {
                let more = json!({"role": role, "organization_id": own.organization});
                token_of(app, &email, more)
            }
            UserRole::Worker => token_of(app, &email, json!({"role": role, "worker_id": own.worker})),
            UserRole::Partner => own.partner_token.clone(),
            _ => token_of(app, &email, json!({"role": role})),
        };
        let mut done = String::new();
        for body in &tries {
            let event =
                json!({"kind": "seminar", "title": "全域のゼミ", "month": "2199-10", "status": "published"});
            let event = app.post("/v1/events", &event).expect(201).json();
            let event = event["id"].as_str().unwrap();
            let list = format!("/v1/events/{event}/registrations");
            let made = app.call("POST", &list, &token, body);
            assert!(
                [201, 403, 422].contains(&made.status),
                "{email} {body}: {}",
                made.text
            );
            done.push(if made.status == 201 { '+' } else { '-' });
            // Of the list, each sees what it made.
            app.post(&list, &json!({"name": "秘密"})).expect(201);
            let seen = |token: &str| app.call("GET", &list, token, &Value::Null);
            let shown = seen(&office_elsewhere).expect(200).json();
            assert_eq!(shown["items"], json!([]), "{email}");
            let shown = seen(&token);
            match extent(role, "registrations:read") {
                Some(Extent::Own) => {
                    let shown = shown.expect(200).json();
                    let ids: Vec<&Value> = shown["items"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|one| &one["id"])
                        .collect();
                    let own = (made.status == 201).then(|| made.json()["id"].clone());
                    assert_eq!(ids, own.iter().collect::<Vec<_>>(), "{email} {body}");
                }
                Some(Extent::All) => assert!(shown.expect(200).text.contains("秘密")),
                None => drop(shown.expect(403)),
            }
        }
        assert_eq!(done, expected, "{email}");
    }
}

fn an_organization_sees_personal_data_only_while_an_application_is_active(app: &TestApp) {
    let organization = app.organization("風");
    let member = token_of(
        app,
        "member@example.jp",
        json!({"role": "organization", "organization_id": organization}),
    );
    let deliverable = app.deliverable(&organization, json!({}));
    let elsewhere = app.organization("別の団体");
    let worker = app.worker(json!({
        "personal": {"name": "佐藤 陽子", "email": "yoko@example.jp", "evidence": [{"text": "広報部の佐藤です"}]},
        "source": "roster", "external_id": "A-1",
        "blocked_organization_ids": [elsewhere], "conflict_organization_ids": [elsewhere],
    }));
    let path = format!("/v1/workers/{worker}");
    let get = |path: &str| app.call("GET", path, &member, &Value::Null);
    let ranking = get(&format!("/v1/deliverables/{deliverable}/matches")).expect(200);
    assert!(
        ranking.text.contains(&worker) && !ranking.text.contains("佐藤"),
        "{}",
        ranking.text
    );
    let candidate = get(&path).expect(200);
    for hidden in ["佐藤", "yoko@", "roster", "A-1", elsewhere.as_str()] {
        assert!(!candidate.text.contains(hidden), "{hidden} in {}", candidate.text);
    }
    assert!(!get("/v1/workers").expect(200).text.contains(&worker));
    let bid = json!({"deliverable_id": deliverable, "worker_id": worker, "role": "designer",
        "message": "佐藤です"});
    let application = app
        .post("/v1/applications", &bid)
        .expect(201)
        .header("location")
        .to_owned();
    let known = get(&path).expect(200);
    assert_eq!(known.json()["personal"]["name"], "佐藤 陽子");
    assert!(
        !known.text.contains(&elsewhere) && !known.text.contains("roster"),
        "{}",
        known.text
    );
    assert!(get("/v1/workers").expect(200).text.contains("佐藤 陽子"));
    // Seeing a worker is not enough to change them or to withdraw their application.
    app.call("PATCH", &path, &member, &json!({"capacity": 2}))
        .expect(403);
    assert_eq!(
        app.call(
            "PATCH",
            &application,
            &member,
            &json!({"status": "withdrawn", "reason": "health"})
        )
        .expect(403)
        .code(),
        "insufficient_scope"
    );
    app.call(
        "PATCH",
        &application,
        &member,
        &json!({"status": "declined", "reason": "skills"}),
    )
    .expect(200);
    assert!(
        !get(&path).expect(200).text.contains("佐藤"),
        "the application has ended"
    );
    app.patch(&path, &json!({"status": "paused"})).expect(200);
    get(&path).expect(404);
}

fn hides_workers_who_block_an_organization_or_are_no_candidates(app: &TestApp) {
    let organization = app.organization("風");
    let deliverable = app.deliverable(&organization, json!({}));
    let member = token_of(
        app,
        "member@example.jp",
        json!({"role": "organization", "organization_id": organization}),
    );
    let near = token_of(
        app,
        "near@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let blocking = app.worker(json!({"blocked_organization_ids": [organization]}));
    let silent = app.worker(json!({"consent": null}));
    let far = app.worker(json!({"status": "paused", "area": "131130"}));
    let candidate = app.worker(json!({}));
    let paths = |worker: &str| {
        let match_ = format!("/v1/deliverables/{deliverable}/matches/{worker}");
        [
            format!("/v1/workers/{worker}"),
            match_.clone(),
            format!("{match_}/improvements"),
        ]
    };
    let statuses = |token: &str, worker: &str| {
        paths(worker).map(|path| app.call("GET", &path, token, &Value::Null).status)
    };
    assert_eq!(statuses(&member, &candidate), [200; 3]);
    let counts = |token: &str| {
        let ranking = app
            .call(
                "GET",
                &format!("/v1/deliverables/{deliverable}/matches"),
                token,
                &Value::Null,
            )
            .expect(200);
        let relaxations = app
            .call(
                "GET",
                &format!("/v1/deliverables/{deliverable}/relaxations"),
                token,
                &Value::Null,
            )
            .expect(200);
        (
            ranking.json()["considered"].clone(),
            relaxations.json()["considered"].clone(),
            [ranking, relaxations].map(|a| a.text.contains("\"blocked\"")),
        )
    };
    assert_eq!(counts(&member), (json!(3), json!(3), [false; 2]));
    assert_eq!(counts(&near), (json!(4), json!(4), [true; 2]));
    for hidden in [&blocking, &silent, &far] {
        assert_eq!(statuses(&member, hidden), [404; 3]);
    }
    assert_eq!(
        [statuses(&near, &blocking), statuses(&near, &silent)],
        [[200; 3], [200; 3]],
        "in the coordinator's area"
    );
    assert_eq!(statuses(&near, &far), [404; 3]);
    assert_eq!(statuses(&app.admin, &far), [200; 3]);
}

fn a_coordinator_acts_within_their_areas(app: &TestApp) {
    let coordinator = token_of(
        app,
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let call = |method: &str, path: &str, body: Value| app.call(method, path, &coordinator, &body);
    let there = json!({"name": "あちら", "area": "131130"});
    assert_eq!(
        call("POST", "/v1/organizations", there.clone())
            .expect(403)
            .code(),
        "access_denied"
    );
    assert!(
        app.get("/v1/organizations").json()["items"]
            .as_array()
            .unwrap()
            .is_empty(),
        "nothing was written"
    );
    let here = call(
        "POST",
        "/v1/organizations",
        json!({"name": "こちら", "area": "131041"}),
    )
    .expect(201)
    .header("location")
    .to_owned();
    assert_eq!(
        call("PATCH", &here, json!({"area": "131130"})).expect(403).code(),
        "access_denied"
    );
    call("PATCH", &here, json!({"name": "こちらの会"})).expect(200);
    let elsewhere = app.post("/v1/organizations", &there).expect(201).json()["id"].clone();
    let foreign = json!({"organization_id": elsewhere, "type": "flyer", "title": "チラシ", "area": "131041"});
    assert_eq!(
        call("POST", "/v1/deliverables", foreign).expect(422).faults(),
        [("/organization_id".into(), "unknown_organization".into())]
    );
    // A worker from another area who applied here is visible, but not editable.
    let deliverable = app.deliverable(here.rsplit('/').next().unwrap(), json!({}));
    let worker = app.worker(json!({"area": "131130", "personal": {"name": "佐藤"}}));
    let path = format!("/v1/workers/{worker}");
    assert!(call("GET", &path, Value::Null).expect(200).json()["personal"].is_null());
    app.post(
        "/v1/applications",
        &json!({"deliverable_id": deliverable, "worker_id": worker, "role": "designer"}),
    )
    .expect(201);
    assert_eq!(
        call("GET", &path, Value::Null).expect(200).json()["personal"]["name"],
        "佐藤"
    );
    call("PATCH", &path, json!({"capacity": 2})).expect(403);
    call("DELETE", &path, Value::Null).expect(403);
}

fn an_organization_submits_deliverables_and_a_coordinator_opens_them(app: &TestApp) {
    let organization = app.organization("風");
    let member = token_of(
        app,
        "member@example.jp",
        json!({"role": "organization", "organization_id": organization}),
    );
    let coordinator = token_of(
        app,
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let body = json!({"organization_id": organization, "type": "flyer", "title": "チラシ"});
    let mut open = body.clone();
    open["status"] = json!("open");
    app.call("POST", "/v1/deliverables", &member, &open).expect(403);
    let path = app
        .call("POST", "/v1/deliverables", &member, &body)
        .expect(201)
        .header("location")
        .to_owned();
    app.call(
        "PATCH",
        &path,
        &member,
        &json!({"status": "submitted", "shared_with_partners": true}),
    )
    .expect(200);
    assert_eq!(
        app.call("PATCH", &path, &member, &json!({"status": "open"}))
            .expect(403)
            .code(),
        "insufficient_scope"
    );
    let (bearer, read) = (format!("Bearer {coordinator}"), app.get(&path).expect(200));
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/merge-patch+json"),
        ("if-match", read.header("etag")),
    ];
    app.send("PATCH", &path, &headers, br#"{"status": "open"}"#)
        .expect(200);
    app.call("PATCH", &path, &member, &json!({"trouble": "会員が減っている"}))
        .expect(200);
    app.call("PATCH", &path, &member, &json!({"status": "cancelled"}))
        .expect(200);
}

fn a_worker_edits_their_profile_but_not_their_track_record(app: &TestApp) {
    let organization = app.organization("風");
    let deliverable = app.deliverable(&organization, json!({}));
    let (own, other) = (
        app.worker(json!({"personal": {"name": "佐藤"}})),
        app.worker(json!({"personal": {"name": "鈴木"}})),
    );
    let token = token_of(app, "w@example.jp", json!({"role": "worker", "worker_id": own}));
    let call = |method: &str, path: &str, body: Value| app.call(method, path, &token, &body);
    let path = format!("/v1/workers/{own}");
    assert_eq!(
        call("GET", &path, Value::Null).expect(200).json()["personal"]["name"],
        "佐藤"
    );
    call(
        "PATCH",
        &path,
        json!({"hours_per_week": 4, "personal": {"name": "佐藤 陽子"}}),
    )
    .expect(200);
    for (field, value) in [
        ("open_load", json!(0)),
        ("track_record", json!({"completed": 99, "dropped": 0})),
        ("conflict_organization_ids", json!([organization])),
        ("source", json!("x")),
    ] {
        let mut body = json!({field: value});
        if field == "source" {
            body["external_id"] = json!("x");
        }
        if field == "open_load" {
            app.patch(&path, &json!({"open_load": 1, "capacity": 2}))
                .expect(200);
        }
        let mut expected = vec![(format!("/{field}"), "not_permitted".to_owned())];
        if field == "source" {
            expected.push(("/external_id".into(), "not_permitted".into()));
        }
        assert_eq!(call("PATCH", &path, body).expect(422).faults(), expected);
    }
    assert_eq!(
        call(
            "PATCH",
            &path,
            json!({"personal": {"email": "a@example.jp", "email_verified": true}})
        )
        .expect(422)
        .faults(),
        [("/personal/email_verified".into(), "not_permitted".into())]
    );
    app.patch(
        &path,
        &json!({"personal": {"email": "a@example.jp", "email_verified": true}}),
    )
    .expect(200);
    call("PATCH", &path, json!({"personal": {"kana": "さとう"}})).expect(200);
    assert_eq!(app.get(&path).json()["personal"]["email_verified"], true);
    call("PATCH", &path, json!({"personal": {"email": "b@example.jp"}})).expect(200);
    assert_eq!(
        app.get(&path).json()["personal"]["email_verified"],
        false,
        "the new address is not verified"
    );
    call("GET", &format!("/v1/workers/{other}"), Value::Null).expect(404);
    call("POST", "/v1/workers", json!({"area": "131041"})).expect(403);
    call("GET", &format!("/v1/workers/{own}/matches"), Value::Null).expect(200);
    call("GET", &format!("/v1/workers/{other}/matches"), Value::Null).expect(404);
    call(
        "GET",
        &format!("/v1/deliverables/{deliverable}/matches"),
        Value::Null,
    )
    .expect(403);
    let bid = |worker: &str| json!({"deliverable_id": deliverable, "worker_id": worker, "role": "designer"});
    assert_eq!(
        call("POST", "/v1/applications", bid(&other)).expect(422).faults(),
        [("/worker_id".into(), "unknown_worker".into())]
    );
    let application = call("POST", "/v1/applications", bid(&own))
        .expect(201)
        .header("location")
        .to_owned();
    assert_eq!(
        call("PATCH", &application, json!({"status": "agreed"}))
            .expect(403)
            .code(),
        "insufficient_scope"
    );
    assert_eq!(
        call("PATCH", &application, json!({"note": "ぜひ"}))
            .expect(403)
            .code(),
        "insufficient_scope"
    );
    call(
        "PATCH",
        &application,
        json!({"status": "withdrawn", "reason": "schedule"}),
    )
    .expect(200);
    assert!(
        call("GET", "/v1/organizations", Value::Null)
            .expect(200)
            .text
            .contains(&organization)
    );
    call("DELETE", &path, Value::Null).expect(204);
    // Erasing the worker removes the account.
    call("GET", "/v1/auth/me", Value::Null).expect(401);
    app.call(
        "POST",
        "/v1/auth/login",
        "",
        &json!({"email": "w@example.jp", "password": PASSWORD}),
    )
    .expect(401);
}
