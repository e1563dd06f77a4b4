//! Personal data never leaves without an entry in the audit, through whichever operation.
//!
//! The OpenAPI document marks what is personal data. Everything personal in the test data contains [`SECRET`], so that a
//! test sees it in an answer, wherever it is.

use crate::support::{Response, TestApp, merge, on_both};
use musubi::auth::UserRole;
use musubi::server::document::{Document, Operation};
use musubi::server::personal::MARK;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SECRET: &str = "himitsu7431";

on_both! {
    every_operation_that_shows_personal_data_enters_it_in_the_audit,
    a_caller_who_sees_another_persons_data_is_named_in_the_audit,
}

/// Returns whether a part of the document has a mark, in itself or in what it refers to.
fn is_personal(document: &Value, part: &Value, seen: &mut BTreeSet<String>) -> bool {
    match part {
        Value::Object(members) if members.contains_key(MARK) => true,
        Value::Object(members) => members.iter().any(|(name, member)| match member {
            Value::String(target) if name == "$ref" => {
                let is_new = seen.insert(target.clone());
                is_new && is_personal(document, document.pointer(&target[1..]).unwrap(), seen)
            }
            _ => is_personal(document, member, seen),
        }),
        Value::Array(items) => items.iter().any(|item| is_personal(document, item, seen)),
        _ => false,
    }
}

/// Returns whether a successful answer of the operation can hold personal data.
pub fn shows_personal_data(document: &Value, operation: &Operation) -> bool {
    let responses = operation.object["responses"].as_object().unwrap();
    let mut successes = responses.iter().filter(|(status, _)| status.starts_with('2'));
    successes.any(|(_, response)| is_personal(document, &response["content"], &mut BTreeSet::new()))
}

/// Returns the newest entry of the audit.
fn newest(app: &TestApp) -> Value {
    app.get("/v1/audit?limit=1").expect(200).json()["items"][0].clone()
}

fn id_of(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}

/// The people of the test data, and what they have.
struct People {
    worker: String,
    organization: String,
    deliverable: String,
    application: String,
    project: String,
    membership: String,
    user: String,
    import: String,
    partner: String,
    partner_token: String,
    duplicate: String,
    event: String,
    registration: String,
}

impl People {
    fn new(app: &TestApp) -> People {
        let personal = json!({"name": SECRET, "email": format!("{SECRET}@example.jp"),
            "evidence": [{"text": format!("{SECRET}のチラシを制作")}]});
        let worker = app.worker(json!({"personal": personal, "source": "roster", "external_id": "1"}));
        // A second record of the same person, so that there is a pair to decide about.
        app.worker(json!({"personal": personal}));
        let contact = json!({"name": "風", "area": "131041", "contact": {"person": SECRET}});
        let organization = id_of(&app.post("/v1/organizations", &contact).expect(201).json());
        let deliverable = app.deliverable(&organization, json!({"shared_with_partners": true}));
        let bid = json!({"deliverable_id": deliverable, "worker_id": worker, "role": "designer", "message": SECRET});
        let application = id_of(&app.post("/v1/applications", &bid).expect(201).json());
        // A delivered one, about which the member and the organization write.
        let place =
            json!({"title": "完成したチラシ", "roles": [{"role": "designer", "places": 1, "skills": []}]});
        let project = app.deliverable(&organization, place);
        let bid = json!({"deliverable_id": project, "worker_id": worker, "role": "designer"});
        let membership = id_of(&app.post("/v1/applications", &bid).expect(201).json());
        let path = format!("/v1/applications/{membership}");
        app.patch(&path, &json!({"status": "agreed"})).expect(200);
        for status in ["in_progress", "delivered"] {
            let path = format!("/v1/deliverables/{project}");
            app.patch(&path, &json!({"status": status})).expect(200);
        }
        let user = app.user(
            "c@example.jp",
            json!({"name": SECRET, "role": "coordinator", "areas": ["131041"]}),
        );
        let rows = format!("氏名,メール\n{SECRET},{SECRET} at example\n{SECRET},{SECRET}2@example.jp\n");
        let import = app.import_and_wait("kind=workers", rows.as_bytes());
        let (partner, partner_token) = app.partner(json!({}));
        let mut duplicate = String::new();
        app.until(|| {
            let pairs = app.get("/v1/duplicates?kind=worker").expect(200).json();
            let found = pairs["items"].as_array().unwrap().iter().map(id_of).next();
            duplicate = found.unwrap_or_default();
            !duplicate.is_empty()
        });
        let event = json!({"kind": "seminar", "title": "ゼミ", "month": "2199-10", "status": "published"});
        let event = id_of(&app.post("/v1/events", &event).expect(201).json());
        let path = format!("/v1/events/{event}/registrations");
        let registration = json!({"worker_id": worker, "name": SECRET});
        let registration = id_of(&app.post(&path, &registration).expect(201).json());
        let people = People {
            worker,
            organization,
            deliverable,
            application,
            project,
            membership,
            user: id_of(&user),
            import: id_of(&import),
            partner,
            partner_token,
            duplicate,
            event,
            registration,
        };
        let reviews = format!("/v1/projects/{}/reviews", people.project);
        app.post(&reviews, &people.review("organization")).expect(201);
        people
    }

    fn review(&self, author: &str) -> Value {
        json!({"application_id": self.membership, "author": author, "message": SECRET,
            "scales": {"communication": 4, "quality": 4, "reliability": 4, "again": 4}})
    }

    /// Returns the path and body of a request that succeeds, and whom its answer is about. Operations that need more
    /// than an id to show personal data have a body here.
    fn request(&self, operation: &Operation) -> (String, Value, String) {
        let nothing = (json!({}), String::new());
        let (id, (body, about)) = match operation.path.split('/').nth(2).unwrap_or_default() {
            "workers" => (&self.worker, (json!({"hours_per_week": 4}), self.worker.clone())),
            "organizations" => (
                &self.organization,
                (json!({"description": "会"}), self.organization.clone()),
            ),
            "applications" => (
                &self.application,
                (
                    json!({"status": "declined", "reason": "skills", "note": SECRET}),
                    self.worker.clone(),
                ),
            ),
            "deliverables" => (
                &self.deliverable,
                (json!({"title": "会報"}), self.organization.clone()),
            ),
            "projects" => (&self.project, (self.review("member"), self.worker.clone())),
            "users" => (
                &self.user,
                (json!({"areas": ["131041", "131130"]}), self.user.clone()),
            ),
            "imports" => (&self.import, (json!({}), self.import.clone())),
            "duplicates" => (&self.duplicate, (json!({"status": "distinct"}), String::new())),
            "partners" => (&self.partner, nothing),
            "events" => (&self.event, (json!({"places": 2}), self.worker.clone())),
            "catalogue" | "auth" => (&self.user, (json!({}), self.user.clone())),
            _ => (&self.worker, nothing),
        };
        let personal = json!({"name": SECRET, "phone": "090-0000-7431"});
        let consent = json!({"given_on": "2026-04-01", "text_version": "2026-04"});
        let other = |body: Value| (body, String::new());
        let (body, about) = match operation.id() {
            "create_worker" => other(json!({"personal": personal, "consent": consent})),
            "replace_worker_by_external_id" => (
                json!({"personal": personal, "consent": consent}),
                self.worker.clone(),
            ),
            "create_organization" => {
                other(json!({"name": "海", "area": "131041", "contact": {"person": SECRET}}))
            }
            "create_user" => other(json!({"email": "n@example.jp", "name": SECRET, "role": "auditor"})),
            "create_application" => other(
                json!({"deliverable_id": self.deliverable, "worker_id": self.worker,
                "role": "designer", "message": SECRET}),
            ),
            "create_registration" => other(json!({"name": SECRET, "email": "r@example.jp"})),
            "create_export" => (
                json!({"kind": "workers", "format": "ndjson"}),
                self.worker.clone(),
            ),
            // Words of the request that stand in the evidence are named; the rest of the evidence is not.
            "preview_matches" => {
                other(json!({"need": {"type": "flyer", "area": "131041", "title": "チラシを制作"}}))
            }
            "triage_trouble" => other(json!({"trouble": "会員が減っている"})),
            "create_deliverable" => {
                other(json!({"organization_id": self.organization, "type": "flyer", "title": "会報"}))
            }
            _ => (body, about),
        };
        let path = operation
            .path
            .replace("{worker_id}", &self.worker)
            .replace("{organization_id}", &self.organization)
            .replace(
                "{entry_id}",
                match operation.path.contains("registrations") {
                    true => &self.registration,
                    false => &self.worker,
                },
            )
            .replace("{id}", id);
        let path = path.replace("{source}", "roster").replace("{external_id}", "1");
        let path = path
            .replace("{kind}", "workers")
            .replace("{months}", "6")
            .replace("{area}", "131041")
            .replace("{code}", "designer");
        (path.replace("{dataset}", "organizations"), body, about)
    }
}

/// What the walk leaves out: it would end what the rest needs.
const DESTROYING: [&str; 3] = ["erase_worker", "remove_user", "undo_import"];

/// Marked operations whose answer can only show the caller's own data.
const ABOUT_THE_CALLER: [&str; 1] = ["show_current_user"];

fn every_operation_that_shows_personal_data_enters_it_in_the_audit(app: &TestApp) {
    let people = People::new(app);
    let document = Document::shared();
    let value: Value = serde_json::from_str(document.text()).unwrap();
    let (mut faults, mut marked) = (Vec::new(), 0);
    let mut operations: Vec<Operation> = document.operations().collect();
    // Reading comes first, and deciding about an application before applying again.
    operations.sort_by_key(|one| (one.method != "get", one.method != "patch", one.id().to_owned()));
    for operation in operations.iter().filter(|one| !DESTROYING.contains(&one.id())) {
        let id = operation.id();
        let is_marked = shows_personal_data(&value, operation) && !ABOUT_THE_CALLER.contains(&id);
        let (path, body, about) = people.request(operation);
        let method = operation.method.to_uppercase();
        if method == "DELETE"
            || (method != "GET" && !is_marked && !path.contains("match") && !path.contains("triage"))
        {
            continue;
        }
        let before = newest(app)["seq"].clone();
        let body = if method == "GET" { Value::Null } else { body };
        let answer = app.call(&method, &path, &app.admin, &body);
        let entry = newest(app);
        let is_entered = entry["seq"] != before
            && entry["action"] == "personal_data.read"
            && entry["operation"] == format!("{method} {}", operation.path)
            && entry["subjects"].to_string().contains(&about);
        let is_shown = answer.status < 300 && answer.text.contains(SECRET);
        match (is_marked, is_shown, is_entered) {
            (true, true, true) => marked += 1,
            (false, false, _) => {}
            found => faults.push(format!(
                "{id}: marked, shown, entered: {found:?}: {} {}",
                answer.status, answer.text
            )),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(marked > 20, "only {marked}");
}

fn a_caller_who_sees_another_persons_data_is_named_in_the_audit(app: &TestApp) {
    let people = People::new(app);
    let login = |email: &str, more: Value| {
        app.user(email, more);
        app.login(email)["access_token"].as_str().unwrap().to_owned()
    };
    let member = login(
        "m@example.jp",
        json!({"role": "organization", "organization_id": people.organization}),
    );
    let own = login(
        "w@example.jp",
        json!({"role": "worker", "worker_id": people.worker}),
    );
    let coordinator = app.login("c@example.jp")["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let entered = |answer: &dyn Fn() -> Response| {
        let before = newest(app)["seq"].clone();
        let answer = answer();
        let entry = newest(app);
        let is_new = entry["seq"] != before && entry["action"] == "personal_data.read";
        (
            answer.text.contains(SECRET),
            is_new.then(|| entry["actor"].as_str().unwrap().to_owned()),
        )
    };
    let get = |token: &str, path: &str| entered(&|| app.call("GET", path, token, &Value::Null).expect(200));
    let role_of = |found: (bool, Option<String>)| {
        let role = found.1.map(|actor| actor.split(':').next().unwrap().to_owned());
        (found.0, role)
    };
    let by = |role: &str| (true, Some(role.to_owned()));
    let one = format!("/v1/workers/{}", people.worker);
    for (token, role) in [
        (&member, "organization"),
        (&coordinator, "coordinator"),
        (&app.admin, "admin"),
    ] {
        assert_eq!(role_of(get(token, &one)), by(role));
        assert_eq!(role_of(get(token, "/v1/workers")), by(role));
        assert_eq!(role_of(get(token, "/v1/applications")), by(role));
    }
    // People see their own, and members their organization's contact, without an entry.
    assert_eq!(get(&own, &one), (true, None));
    assert_eq!(get(&own, "/v1/applications"), (true, None));
    assert_eq!(
        get(&member, &format!("/v1/organizations/{}", people.organization)),
        (true, None)
    );
    assert_eq!(get(&coordinator, "/v1/auth/me"), (true, None));
    // Callers who see no personal data leave no entry.
    let importer = app.token(UserRole::Importer);
    assert_eq!(get(&importer, &one), (false, None));
    // A partner's own volunteers, and the replay of what it sent.
    let mut volunteer = json!({"external_id": "9", "personal": {"name": SECRET},
        "consent": {"given_on": "2026-04-01", "given_at": "2026-04-01T03:00:00Z", "text_version": "2026-04"}});
    let bearer = format!("Bearer {}", people.partner_token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
    ];
    let send = |body: &Value| {
        app.send("POST", "/v1/workers", &headers, body.to_string().as_bytes())
            .expect(201)
    };
    assert_eq!(role_of(entered(&|| send(&volunteer))), by("partner"));
    assert_eq!(
        role_of(entered(&|| send(&volunteer))),
        by("partner"),
        "a replay shows it again"
    );
    assert_eq!(role_of(get(&people.partner_token, "/v1/workers")), by("partner"));
    // The body of a conflict shows nobody.
    merge(&mut volunteer, json!({"external_id": "9"}));
    let again = entered(&|| {
        app.call("POST", "/v1/workers", &people.partner_token, &volunteer)
            .expect(409)
    });
    assert_eq!(again, (false, None));
    // Every list as a file.
    for kind in ["workers", "applications", "organizations", "users"] {
        for format in ["csv", "ndjson"] {
            let export = || {
                app.call(
                    "POST",
                    "/v1/exports",
                    &app.admin,
                    &json!({"kind": kind, "format": format}),
                )
                .expect(200)
            };
            assert_eq!(role_of(entered(&export)), by("admin"), "{kind} {format}");
        }
    }
    let jobs = entered(&|| {
        app.call(
            "POST",
            "/v1/exports",
            &app.admin,
            &json!({"kind": "imports", "format": "csv"}),
        )
        .expect(200)
    });
    assert!(jobs.1.is_some(), "jobs name their files");
}
