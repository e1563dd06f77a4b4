//! The matrix of properties: every property of every request body that writes a record, as every role.

use crate::support::{TestApp, on_both};
use musubi::auth::properties::{PROPERTIES, Property, RecordKind};
use musubi::auth::{Claims, UserRole, extent};
use musubi::db::Id;
use musubi::server::document::Document;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use strum::VariantArray;

/// Returns the names of the properties of a request body.
fn properties_of(document: &Value, schema: &Value) -> BTreeSet<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = document.pointer(name.trim_start_matches('#')).unwrap();
        return properties_of(document, schema);
    }
    let properties = schema["properties"].as_object();
    // A batch has the properties of its items.
    if let Some(items) = properties.and_then(|properties| properties.get("items")) {
        return properties_of(document, &items["items"]);
    }
    properties
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect()
}

#[test]
fn every_property_of_every_request_body_has_its_writers() {
    let document = Document::shared();
    let value: Value = serde_json::from_str(document.text()).unwrap();
    for &kind in RecordKind::VARIANTS {
        let known: BTreeSet<String> = PROPERTIES
            .iter()
            .filter(|property| property.record == kind)
            .map(|property| property.pointer.split('/').nth(1).unwrap().to_owned())
            .collect();
        let mut written = BTreeSet::new();
        for operation in document.operations() {
            // One scope writes both.
            let is_of = match kind {
                RecordKind::Posts => operation.path.starts_with("/v1/posts"),
                RecordKind::Publications => operation.path.starts_with("/v1/publications"),
                _ => true,
            };
            let scope = operation.scope();
            if !is_of || !scope.is_some_and(|scope| kind.scopes().contains(&scope)) {
                continue;
            }
            let content = operation
                .object
                .get("requestBody")
                .and_then(|body| body["content"].as_object());
            for media in content.into_iter().flatten().map(|(_, media)| media) {
                written.extend(properties_of(&value, &media["schema"]));
            }
        }
        assert_eq!(written, known, "{}", kind.code());
    }
}

/// A record of each kind within the reach of every role that writes it.
struct Fresh {
    path: String,
    organization: String,
    worker: String,
}

struct Matrix<'a> {
    app: &'a TestApp,
    partner: String,
    other_organization: String,
}

impl Matrix<'_> {
    fn id(&self, path: &str, token: &str, body: &Value) -> String {
        let created = self.app.call("POST", path, token, body).expect(201).json();
        let record = ["user", "partner"]
            .into_iter()
            .find_map(|name| created.get(name))
            .unwrap_or(&created);
        record["id"].as_str().unwrap().to_owned()
    }

    fn fresh(&self, kind: RecordKind, n: usize) -> Fresh {
        let admin = &self.app.admin;
        let organization = json!({"name": format!("団体{n}"), "area": "131041"});
        let organization = self.id("/v1/organizations", admin, &organization);
        let volunteer = json!({"external_id": format!("v{n}"), "area": "131041", "roles": ["designer"],
            "personal": {"name": "佐藤"}, "consent": {"given_on": "2026-04-01", "text_version": "2026-04",
            "given_at": "2026-04-01T03:00:00Z"}});
        let worker = self.id("/v1/workers", &self.partner, &volunteer);
        let deliverable = |status: &str| {
            let body = json!({"organization_id": organization, "type": "flyer", "title": "チラシ", "status": status,
                "shared_with_partners": true});
            self.id("/v1/deliverables", admin, &body)
        };
        let event = |status: &str| {
            // Who holds the event writes more of a registration.
            let hosts = if status == "draft" {
                json!([organization])
            } else {
                json!([])
            };
            let body = json!({"kind": "seminar", "title": "ゼミ", "areas": ["131041"], "host_ids": hosts,
                "status": status, "times": [{"starts_at": "2199-10-08T13:30:00+09:00"}]});
            self.id("/v1/events", admin, &body)
        };
        let id = match kind {
            RecordKind::Organizations => organization.clone(),
            RecordKind::Workers => worker.clone(),
            RecordKind::Deliverables => deliverable("draft"),
            RecordKind::Applications => {
                let bid =
                    json!({"deliverable_id": deliverable("open"), "worker_id": worker, "role": "designer"});
                self.id("/v1/applications", admin, &bid)
            }
            RecordKind::Projects => {
                let body = json!({"organization_id": organization, "title": "伴走支援",
                    "accompaniment": {"needs": "担い手", "supports": ["workshop"]}});
                self.id("/v1/projects", admin, &body)
            }
            RecordKind::Users => {
                let user = json!({"email": format!("{n}@example.jp"), "name": "鈴木", "role": "auditor"});
                self.id("/v1/users", admin, &user)
            }
            RecordKind::Partners => self.id(
                "/v1/partners",
                admin,
                &json!({"code": format!("p{n}"), "name": "応募"}),
            ),
            RecordKind::Events => event("draft"),
            RecordKind::Registrations => {
                let path = format!("events/{}/registrations", event("published"));
                let body = json!({"name": "佐藤", "worker_id": worker, "organization_id": organization});
                let id = self.id(&format!("/v1/{path}"), admin, &body);
                format!("{path}/{id}")
            }
            RecordKind::Cards => {
                let body = json!({"organization_id": organization, "title": "伴走支援",
                    "accompaniment": {"needs": "担い手", "supports": ["workshop"]}});
                let project = self.id("/v1/projects", admin, &body);
                let card = json!({"project_id": project, "title": "集いの場"});
                let id = self.id("/v1/showcase", admin, &card);
                format!("showcase/{id}")
            }
            RecordKind::Posts => self.id(
                "/v1/posts",
                admin,
                &json!({"title": "お知らせ", "body": "集いです。", "area": "131041"}),
            ),
            RecordKind::Publications => {
                let book = json!({"kind": "playbook", "title": "台本", "site": "館ヶ丘団地", "area": "131041",
                    "points": ["週一日に絞る"], "making": "聞き取りから"});
                self.id("/v1/publications", admin, &book)
            }
        };
        let path = match kind {
            RecordKind::Registrations | RecordKind::Cards => format!("/v1/{id}"),
            _ => format!("/v1/{}/{id}", kind.code()),
        };
        Fresh {
            path,
            organization,
            worker,
        }
    }

    fn token(&self, role: UserRole, of: &Fresh) -> String {
        let id = |text: &str| Some(Id(text.parse().unwrap()));
        let mut claims = Claims::new(role, "matrix", chrono::Utc::now().timestamp(), 600);
        match role {
            UserRole::Partner => return self.partner.clone(),
            UserRole::Coordinator => claims.belonging.areas = vec!["131041".to_owned()],
            UserRole::Organization => claims.belonging.organization_id = id(&of.organization),
            UserRole::Worker => claims.belonging.worker_id = id(&of.worker),
            UserRole::Admin | UserRole::Importer | UserRole::Auditor => {}
        }
        self.app.state.keys.sign(&claims).unwrap()
    }

    /// Returns a patch that changes the property, and whatever has to change with it.
    fn change(&self, property: &Property) -> Value {
        use RecordKind::{
            Applications, Cards, Deliverables, Events, Organizations, Partners, Posts, Projects,
            Publications, Registrations, Users, Workers,
        };
        let organization = &self.other_organization;
        let value = match (property.record, property.pointer) {
            (Organizations | Deliverables | Workers, "/source") => {
                return json!({"source": "roster", "external_id": "1"});
            }
            (Organizations | Deliverables, "/external_id") => {
                return json!({"source": "roster", "external_id": "2"});
            }
            (Workers, "/personal/email_verified") => {
                return json!({"personal": {"email": "a@example.jp", "email_verified": true}});
            }
            (Workers, "/personal/phone_verified") => {
                return json!({"personal": {"phone": "03-0000-0000", "phone_verified": true}});
            }
            (Applications, "/status" | "/reason" | "/note") => {
                return json!({"status": "withdrawn", "reason": "schedule", "note": "すみません"});
            }
            (Workers, "/personal") => json!({"kana": "さとう"}),
            (Workers, "/external_id") => json!("changed"),
            (Workers, "/consent") => json!({"text_version": "2026-05"}),
            (Workers, "/status") => json!("paused"),
            (Workers, "/skills") => json!([{"skill": "design", "level": 2}]),
            (Workers, "/roles") => json!(["writer"]),
            (Workers, "/experience") => json!([{"family": "print", "role": "designer", "delivered": 1}]),
            (Workers, "/track_record") => json!({"completed": 9, "dropped": 0}),
            (Workers, "/blocked_organization_ids" | "/conflict_organization_ids") => json!([organization]),
            (Workers, "/qualifications") | (Deliverables, "/qualifications") => json!(["driving_licence"]),
            (Workers, "/accepted_formats" | "/preferred_formats") => json!(["one_day"]),
            (Workers, "/available_from" | "/available_until" | "/last_active_on") => json!("2026-04-02"),
            (Workers, "/capacity") => json!(3),
            (Workers, "/open_load" | "/travel_limit_km" | "/hours_per_week") => json!(2),
            (Workers | Deliverables, "/day_parts") => json!(["sunday_morning"]),
            (Workers | Deliverables, "/remote") => json!(true),
            (Workers | Organizations | Deliverables, "/themes") => json!(["place_to_gather"]),
            (Workers | Organizations | Deliverables, "/area") => json!("131130"),
            (Workers, "/alias") => json!("別の呼び名"),
            (Organizations, "/name" | "/kana" | "/description") => json!("べつのなまえ"),
            (Organizations, "/kind") => json!("npo"),
            (Organizations, "/status") => json!("inactive"),
            (Organizations, "/corporate_number") => json!("7000012050002"),
            (Organizations, "/contact") => json!({"person": "田中"}),
            (Organizations | Users, "/intermediary") => json!({"kind": "municipality", "name": "新宿区"}),
            (Organizations, "/aliases") => json!(["板橋を育てる会"]),
            (Organizations, "/open_data") => json!(true),
            (Deliverables, "/organization_id") => json!(organization),
            (Deliverables, "/joint_organization_ids") => json!([organization]),
            (Deliverables, "/type") => json!("website"),
            (Deliverables, "/additional_types") => json!(["website"]),
            (Deliverables, "/title" | "/trouble") => json!("会員が減っている"),
            (Deliverables, "/format") => json!("one_month"),
            (Deliverables, "/starts_on" | "/ends_on") => json!("2027-01-16"),
            (Deliverables, "/hours_per_week") => json!(3),
            (Deliverables, "/roles") => json!([{"role": "writer", "places": 2}]),
            (Deliverables, "/shared_with_partners") => json!(false),
            (Deliverables, "/external_team") => json!(true),
            (Deliverables, "/applications_per_place") => json!(5),
            (Deliverables, "/status") => json!("submitted"),
            // The reason goes with the end.
            (Deliverables, "/cancellation_reason") => {
                return json!({"status": "cancelled", "cancellation_reason": "schedule"});
            }
            (Applications, "/direction" | "/deliverable_id" | "/worker_id" | "/role" | "/message") => {
                json!("x")
            }
            (Applications, "/respond_by") => json!("2026-12-01T00:00:00Z"),
            (Applications, "/agreement") => json!({"goal": "描きます。", "schedule": "夜に作業します。"}),
            (Applications, "/worker_agrees" | "/organization_agrees") => json!(true),
            // Reason and message go with the end; the organization stays.
            (Projects, "/status" | "/reason" | "/message" | "/organization_id") => {
                return json!({"status": "cancelled", "reason": "schedule", "message": "年度内に終わらない"});
            }
            (Projects, "/title") => json!("別の題"),
            (Projects, "/starts_on" | "/ends_on") => json!("2027-01-16"),
            (Projects, "/accompaniment") => json!({"outcome": "居場所ができた"}),
            (Users, "/email") => json!("other@example.jp"),
            (Users | Partners, "/name") => json!("別の名前"),
            (Users, "/role") => json!("importer"),
            (Users | Partners, "/status") => json!("suspended"),
            (Users | Partners, "/areas") => json!(["131041"]),
            (Users, "/organization_id" | "/worker_id") => json!(organization),
            (Partners, "/code") => json!("other"),
            (Partners, "/scopes") => json!(["deliverables:read"]),
            (Partners, "/families") => json!(["print"]),
            (Partners, "/quota_per_minute" | "/quota_per_day") => json!(7),
            (Partners, "/origins") => json!(["https://app.example.jp"]),
            (Partners, "/sandbox") => json!(true),
            (Events | Registrations | Cards | Posts | Publications, pointer) => match pointer {
                "/title" | "/kana" | "/name" | "/series" | "/description" | "/note" | "/body" | "/story"
                | "/making" | "/summary" | "/site" | "/audience" | "/notice" | "/affiliation" => {
                    json!("べつのなまえ")
                }
                // Only a newsletter has one.
                "/number" if property.record == Posts => return json!({"kind": "newsletter", "number": 7}),
                "/status" if property.record == Registrations => json!("cancelled"),
                "/status" => json!("submitted"),
                "/kind" if property.record == Events => json!("lecture"),
                "/kind" if property.record == Posts => json!("newsletter"),
                "/kind" => json!("textbook"),
                "/email" => json!("b@example.jp"),
                "/phone" => json!("03-0000-0000"),
                "/places" | "/capacity" | "/declared_attendance" | "/number" => json!(7),
                "/fee_yen" => json!(500),
                "/wants_consultation" | "/online" => json!(true),
                "/takes_registrations" | "/waiting_list" => json!(false),
                "/programme_id" | "/deliverable_id" | "/project_id" | "/worker_id" | "/organization_id" => {
                    json!(organization)
                }
                "/consent" => json!({"given": true, "on": "2026-11-01", "note": "書面で"}),
                "/photo" => json!({"url": "https://example.jp/photo.jpg", "alt": "会員"}),
                "/points" => json!(["二つ目"]),
                "/url" | "/online_url" => json!("https://example.jp/"),
                "/month" => json!("2199-11"),
                _ => json!([]),
            },
            (kind, pointer) => panic!("say how {} {pointer} changes", kind.code()),
        };
        json!({property.pointer.trim_start_matches('/'): value})
    }
}

on_both! {
    each_role_writes_exactly_the_properties_of_the_table,
    a_refused_property_is_refused_on_every_path,
}

fn matrix(app: &TestApp) -> Matrix<'_> {
    let (_, partner) = app.partner(json!({"code": "matrix"}));
    let other_organization = app.organization("板橋を育てる会");
    Matrix {
        app,
        partner,
        other_organization,
    }
}

fn each_role_writes_exactly_the_properties_of_the_table(app: &TestApp) {
    let matrix = matrix(app);
    let (mut faults, mut checked) = (Vec::new(), 0);
    let mut used = BTreeMap::new();
    const MOVES: [&str; 6] = [
        "/area",
        "/status",
        "/organization_id",
        "/reason",
        "/note",
        "/email",
    ];
    const FIXED: [(RecordKind, &str); 3] = [
        (RecordKind::Registrations, "/worker_id"),
        (RecordKind::Registrations, "/organization_id"),
        (RecordKind::Cards, "/project_id"),
    ];
    for (n, property) in PROPERTIES.iter().enumerate() {
        for (m, &role) in UserRole::VARIANTS.iter().enumerate() {
            let writes = property
                .record
                .scopes()
                .iter()
                .any(|scope| extent(role, scope).is_some());
            // That an operation needs its scope is another matrix, in `permissions`.
            if !writes {
                continue;
            }
            // A record is used until a change has moved it or ended it.
            let key = (property.record.code(), role.code());
            let fresh = match used.remove(&key) {
                Some(fresh) => fresh,
                None => matrix.fresh(property.record, n * 10 + m),
            };
            let token = matrix.token(role, &fresh);
            let before = app.get(&fresh.path).expect(200).json();
            let change = matrix.change(property);
            let answer = app.call("PATCH", &fresh.path, &token, &change);
            let refused = answer.status == 422
                && answer.faults().iter().any(|(pointer, code)| {
                    // What only creates a record isn't in a patch of it.
                    let is_refused = ["not_permitted", "unknown_field"].contains(&code.as_str());
                    pointer == property.pointer && is_refused
                });
            let after = app.get(&fresh.path).json();
            // Other rules may refuse what the table allows, such as a number that is taken.
            let is_right = match property.may_write(role) {
                // It is written once, with the record.
                true if FIXED.contains(&(property.record, property.pointer)) => true,
                true => !answer.text.contains("not_permitted"),
                false => refused && after == before,
            };
            // What was read may be sent back.
            let name = property.pointer.split('/').nth(1).unwrap();
            let back = before.get(name).filter(|value| !value.is_null());
            let back = back.map(|value| app.call("PATCH", &fresh.path, &token, &json!({name: value})).text);
            let is_repeatable =
                property.may_write(role) || !back.unwrap_or_default().contains("not_permitted");
            if !property.may_write(role) || !MOVES.contains(&property.pointer) {
                used.insert(key, fresh);
            }
            checked += 1;
            if !is_right || !is_repeatable {
                let may = property.may_write(role);
                faults.push(format!(
                    "{} {} as {} ({may}, {is_repeatable}): {} {}",
                    property.record.code(),
                    property.pointer,
                    role.code(),
                    answer.status,
                    answer.text
                ));
            }
        }
    }
    println!("{checked} combinations");
    assert!(checked > 200 && faults.is_empty(), "{}", faults.join("\n"));
}

/// POST, PUT and PATCH ask the same table.
fn a_refused_property_is_refused_on_every_path(app: &TestApp) {
    let matrix = matrix(app);
    for property in PROPERTIES
        .iter()
        .filter(|property| property.record == RecordKind::Workers)
    {
        if property.may_write(UserRole::Partner) {
            continue;
        }
        let mut body = json!({"external_id": "new", "area": "131041", "consent": {"given_on": "2026-04-01",
            "text_version": "2026-04", "given_at": "2026-04-01T03:00:00Z"}});
        crate::support::merge(&mut body, matrix.change(property));
        let expected = [(property.pointer.to_owned(), "not_permitted".to_owned())];
        let created = app
            .call("POST", "/v1/workers", &matrix.partner, &body)
            .expect(422);
        assert_eq!(created.faults(), expected);
        let path = "/v1/workers/by-external-id/partner%3Amatrix/new";
        let replaced = app.call("PUT", path, &matrix.partner, &body).expect(422);
        assert_eq!(replaced.faults(), expected);
    }
    // A request of an organization doesn't become the target of a roster's rows.
    let fresh = matrix.fresh(RecordKind::Organizations, 1);
    let member = matrix.token(UserRole::Organization, &fresh);
    let request = json!({"organization_id": fresh.organization, "type": "flyer", "title": "チラシ",
        "source": "roster", "external_id": "d-1"});
    let refused = app
        .call("POST", "/v1/deliverables", &member, &request)
        .expect(422);
    let pointers: Vec<String> = refused.faults().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/source", "/external_id"]);
    // Neither does an organization: the roster's row makes another one, whose contact it doesn't see.
    for change in [
        json!({"source": "roster", "external_id": "o-1"}),
        json!({"aliases": ["隣町の会"]}),
        json!({"name": "隣町の会"}),
        json!({"corporate_number": "7000012050002"}),
    ] {
        app.call("PATCH", &fresh.path, &member, &change).expect(422);
    }
    let row = "ID,団体名,区市町村,法人番号,メールアドレス\no-1,隣町の会,新宿区,7000012050002,neighbour@example.jp\n";
    let done = app.import_and_wait("kind=organizations", row.as_bytes());
    assert_eq!(done["progress"]["created"], 1, "{done}");
    let own = app.call("GET", &fresh.path, &member, &Value::Null).expect(200);
    assert!(!own.text.contains("neighbour@"), "{}", own.text);
}
