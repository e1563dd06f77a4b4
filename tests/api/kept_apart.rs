//! A worker who is kept apart from an organization is shown to it on no path, whatever came first and however its
//! records are merged.
//!
//! The paths come from the OpenAPI document, so that a new one is walked, too.

use crate::disclosure::shows_personal_data;
use crate::support::{TestApp, on_both};
use musubi::auth::{Claims, UserRole, extent};
use musubi::changes;
use musubi::db::{Id, Instant};
use musubi::server::document::{Document, Operation};
use musubi::{organizations, workers};
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both! {
    nobody_kept_apart_is_shown_on_any_path,
    every_way_of_writing_a_profile_keeps_apart_at_once,
    a_record_that_was_merged_keeps_apart_until_it_is_separated,
    a_record_that_was_archived_keeps_apart,
}

/// What the organization has to do with the deliverable that the worker applies for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Seat {
    Own,
    Invited,
    Declined,
    Accepted,
    /// It accepts or leaves after the worker has applied.
    AcceptedLater,
    Left,
    LeftLater,
}

/// When the worker is kept apart.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Moment {
    Never,
    BeforeApplying,
    AfterApplying,
}

/// How the worker is kept apart.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Blocked,
    Conflict,
    /// A record is named that is merged into the organization, or the other way round.
    NamesMerged,
    NamesPrimary,
    /// A record names it that is merged into the worker, or the other way round.
    SaidByMerged,
    SaidByPrimary,
}

const SEATS: [Seat; 7] = [
    Seat::Own,
    Seat::Invited,
    Seat::Declined,
    Seat::Accepted,
    Seat::AcceptedLater,
    Seat::Left,
    Seat::LeftLater,
];
const WAYS: [Way; 6] = [
    Way::Blocked,
    Way::Conflict,
    Way::NamesMerged,
    Way::NamesPrimary,
    Way::SaidByMerged,
    Way::SaidByPrimary,
];

fn id_of(text: &str) -> Id {
    Id(text.parse().unwrap())
}

/// Returns the token of an organization's member.
fn member(app: &TestApp, organization: &str) -> String {
    let mut claims = Claims::new(
        UserRole::Organization,
        "member",
        chrono::Utc::now().timestamp(),
        600,
    );
    claims.belonging.organization_id = Some(id_of(organization));
    app.state.keys.sign(&claims).unwrap()
}

fn merge_workers(app: &TestApp, one: &str, into: Option<&str>) {
    let merge = |db: &mut musubi::db::Db| {
        let change = workers::store::merge(db, id_of(one), into.map(id_of), Instant::now())?;
        changes::store::append(db, "test", &[change])
    };
    app.state.pool.write_blocking(merge).unwrap();
}

fn merge_organizations(app: &TestApp, one: &str, into: &str) {
    let merge = |db: &mut musubi::db::Db| {
        let change = organizations::store::merge(db, id_of(one), Some(id_of(into)), Instant::now())?;
        changes::store::append(db, "test", &[change])
    };
    app.state.pool.write_blocking(merge).unwrap();
}

/// An organization and a worker, whom a deliverable brings together.
struct Case {
    organization: String,
    token: String,
    deliverable: String,
    worker: String,
    /// Another record of the same person, and one of the same organization, where they are merged.
    other_worker: Option<String>,
    other_organization: Option<String>,
    application: Option<String>,
    /// What shows who the worker is.
    secret: String,
}

impl Case {
    fn new(app: &TestApp, seat: Seat, way: Way, n: usize) -> Case {
        let organization = app.organization(&format!("団体{n}"));
        let lead = match seat {
            Seat::Own => organization.clone(),
            _ => app.organization(&format!("代表団体{n}")),
        };
        // An organization that names another one invites it.
        let mut request =
            json!({"organization_id": lead, "type": "flyer", "title": "チラシ", "status": "submitted"});
        if seat != Seat::Own {
            request["joint_organization_ids"] = json!([organization]);
        }
        let created = app
            .call("POST", "/v1/deliverables", &member(app, &lead), &request)
            .expect(201)
            .json();
        let deliverable = created["id"].as_str().unwrap().to_owned();
        app.release(&format!("/v1/deliverables/{deliverable}"))
            .expect(200);
        let secret = format!("himitsu{n}x");
        let profile = json!({"alias": format!("{secret}の人"), "source": "roster", "external_id": secret,
            "personal": {"name": secret, "evidence": [{"text": secret}]}});
        let worker = app.worker(profile);
        let mut case = Case {
            token: member(app, &organization),
            organization,
            deliverable,
            worker,
            other_worker: None,
            other_organization: None,
            application: None,
            secret,
        };
        match way {
            Way::Blocked | Way::Conflict => {}
            Way::NamesMerged | Way::NamesPrimary => {
                let other = app.organization(&format!("別記録{n}"));
                match way {
                    Way::NamesMerged => merge_organizations(app, &other, &case.organization),
                    _ => merge_organizations(app, &case.organization, &other),
                }
                case.other_organization = Some(other);
            }
            Way::SaidByMerged | Way::SaidByPrimary => {
                let other = app.worker(json!({"alias": format!("{}の別記録", case.secret)}));
                match way {
                    Way::SaidByMerged => merge_workers(app, &other, Some(&case.worker)),
                    _ => merge_workers(app, &case.worker, Some(&other)),
                }
                case.other_worker = Some(other);
            }
        }
        case
    }

    fn answer(&self, app: &TestApp, answers: &[&str]) {
        let path = format!(
            "/v1/deliverables/{}/organizations/{}",
            self.deliverable, self.organization
        );
        for status in answers {
            app.call("PUT", &path, &self.token, &json!({"status": status}))
                .expect(200);
        }
    }

    fn keep_apart(&self, app: &TestApp, way: Way) {
        let property = match way {
            Way::Conflict => "conflict_organization_ids",
            _ => "blocked_organization_ids",
        };
        let worker = self.other_worker.as_ref().unwrap_or(&self.worker);
        let organization = self.other_organization.as_ref().unwrap_or(&self.organization);
        app.patch(
            &format!("/v1/workers/{worker}"),
            &json!({property: [organization]}),
        )
        .expect(200);
    }

    fn apply(&mut self, app: &TestApp, status: u16) {
        let bid = json!({"deliverable_id": self.deliverable, "worker_id": self.worker, "role": "designer",
            "message": self.secret});
        let answer = app.post("/v1/applications", &bid).expect(status);
        match status {
            201 => self.application = Some(answer.json()["id"].as_str().unwrap().to_owned()),
            _ => assert_eq!(answer.code(), "worker_unavailable"),
        }
    }

    /// Returns what tells that the worker exists or applied.
    fn traces(&self) -> Vec<&str> {
        let all = [Some(&self.secret), Some(&self.worker), self.application.as_ref()];
        all.into_iter()
            .chain([self.other_worker.as_ref()])
            .flatten()
            .map(String::as_str)
            .collect()
    }

    /// Returns the requests of an operation about this case.
    fn requests(&self, operation: &Operation) -> Vec<(String, Value)> {
        let nobody = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";
        let id = match operation.path.split('/').nth(2).unwrap_or_default() {
            "workers" => &self.worker,
            "organizations" => &self.organization,
            "deliverables" | "projects" => &self.deliverable,
            "applications" => self.application.as_deref().unwrap_or(nobody),
            _ => nobody,
        };
        let path = operation
            .path
            .replace("{id}", id)
            .replace("{entry_id}", nobody)
            .replace("{worker_id}", &self.worker)
            .replace("{organization_id}", &self.organization)
            .replace("{source}", "roster")
            .replace("{external_id}", &self.secret)
            .replace("{dataset}", "organizations")
            .replace("{kind}", "workers")
            .replace("{months}", "6")
            .replace("{code}", "designer")
            .replace("{area}", "131041");
        assert!(!path.contains('{'), "say what {path} means here");
        let bodies = match operation.id() {
            "update_application" => vec![json!({"status": "declined", "reason": "other"})],
            "preview_matches" => {
                vec![json!({"need": {"type": "flyer", "area": "131041", "title": "チラシ"}})]
            }
            "create_export" => ["workers", "applications", "deliverables", "organizations"]
                .iter()
                .flat_map(|kind| ["csv", "ndjson"].map(|format| json!({"kind": kind, "format": format})))
                .collect(),
            _ => vec![Value::Null],
        };
        let mut requests: Vec<_> = bodies.into_iter().map(|body| (path.clone(), body)).collect();
        if ["list_workers", "list_applications"].contains(&operation.id()) {
            requests.push((format!("{path}?q={}", self.secret), Value::Null));
            requests.push((format!("{path}?worker_id={}", self.worker), Value::Null));
        }
        requests
    }

    /// Returns the operations that show the organization a trace of the worker, reading before writing.
    fn shown_by(&self, app: &TestApp, document: &Document, marked: &BTreeSet<String>) -> BTreeSet<String> {
        let mut operations: Vec<Operation> = document.operations().collect();
        operations.sort_by_key(|one| one.method != "get");
        let mut shown = BTreeSet::new();
        for operation in operations {
            let id = operation.id();
            let is_theirs = operation
                .scope()
                .is_some_and(|scope| extent(UserRole::Organization, scope).is_some());
            let is_reading = operation.method == "get" || id.contains("preview");
            if !is_theirs || !(is_reading || marked.contains(id)) || WRITES_OTHERS.contains(&id) {
                continue;
            }
            for (path, body) in self.requests(&operation) {
                let answer = app.call(&operation.method.to_uppercase(), &path, &self.token, &body);
                assert!(answer.status < 500, "{id}: {}", answer.text);
                if self.traces().iter().any(|trace| answer.text.contains(trace)) {
                    shown.insert(id.to_owned());
                }
            }
        }
        shown
    }
}

/// Marked operations that show only the record that the caller sends.
const WRITES_OTHERS: [&str; 2] = ["create_organization", "update_organization"];

fn marked(document: &Document) -> BTreeSet<String> {
    let value: Value = serde_json::from_str(document.text()).unwrap();
    let operations = document.operations();
    operations
        .filter(|operation| shows_personal_data(&value, operation))
        .map(|operation| operation.id().to_owned())
        .collect()
}

/// What shows the organization a worker who isn't kept apart from it.
fn expected(seat: Seat) -> BTreeSet<String> {
    let as_candidate = ["preview_matches", "show_worker"];
    let as_applicant = [
        "create_export",
        "explain_match",
        "list_applications",
        "list_tasks",
        "list_workers",
        "rank_workers",
        "show_application",
        "suggest_improvements",
        "update_application",
    ];
    let sees_applicants = matches!(seat, Seat::Own | Seat::Accepted | Seat::AcceptedLater);
    let as_applicant = as_applicant.iter().filter(|_| sees_applicants);
    as_candidate
        .iter()
        .chain(as_applicant)
        .map(|id| (*id).to_owned())
        .collect()
}

fn nobody_kept_apart_is_shown_on_any_path(app: &TestApp) {
    let document = Document::shared();
    let marked = marked(&document);
    let mut n = 0;
    for seat in SEATS {
        for way in WAYS {
            for moment in [Moment::Never, Moment::BeforeApplying, Moment::AfterApplying] {
                let is_plain = way == Way::Blocked;
                let is_joined = matches!(seat, Seat::Own | Seat::Accepted);
                if !is_plain && (moment == Moment::Never || !is_joined) {
                    continue;
                }
                n += 1;
                walk(app, (&document, &marked), (seat, way, moment), n);
            }
        }
    }
    assert!(n > 30, "only {n} cases");
}

fn walk(
    app: &TestApp,
    (document, marked): (&Document, &BTreeSet<String>),
    (seat, way, moment): (Seat, Way, Moment),
    n: usize,
) {
    let mut case = Case::new(app, seat, way, n);
    case.answer(
        app,
        match seat {
            Seat::Own | Seat::Invited | Seat::AcceptedLater => &[],
            Seat::Declined => &["declined"],
            Seat::Accepted | Seat::LeftLater => &["accepted"],
            Seat::Left => &["accepted", "left"],
        },
    );
    if moment == Moment::BeforeApplying {
        case.keep_apart(app, way);
    }
    let asks = matches!(seat, Seat::Own | Seat::Accepted | Seat::LeftLater);
    let is_refused = moment == Moment::BeforeApplying && asks;
    case.apply(app, if is_refused { 409 } else { 201 });
    if moment == Moment::AfterApplying {
        case.keep_apart(app, way);
    }
    case.answer(
        app,
        match seat {
            Seat::AcceptedLater => &["accepted"],
            Seat::LeftLater => &["left"],
            _ => &[],
        },
    );
    let shown = case.shown_by(app, document, marked);
    let at = format!("{seat:?} {way:?} {moment:?}");
    let expected = match moment {
        Moment::Never => expected(seat),
        _ => BTreeSet::new(),
    };
    assert_eq!(shown, expected, "{at}");
    // A coordinator still sees what the organization doesn't.
    if let Some(application) = &case.application {
        let coordinator = app.token(UserRole::Coordinator);
        let path = format!("/v1/applications/{application}");
        app.call("GET", &path, &coordinator, &Value::Null).expect(200);
    }
    // Nobody of these is left to the next case's rankings.
    app.patch(
        &format!("/v1/workers/{}", case.worker),
        &json!({"status": "paused"}),
    )
    .expect(200);
}

fn every_way_of_writing_a_profile_keeps_apart_at_once(app: &TestApp) {
    let (id, partner) = app.partner(json!({"code": "apart"}));
    let consent =
        json!({"given_on": "2026-04-01", "given_at": "2026-04-01T03:00:00Z", "text_version": "2026-04"});
    let organization = app.organization("戸山会");
    let flyer = app.deliverable(&organization, json!({"shared_with_partners": true}));
    let token = member(app, &organization);
    let volunteer = |blocked: &[&str]| {
        json!({"external_id": "1", "area": "131041", "roles": ["designer"], "consent": consent,
            "personal": {"name": "佐藤"}, "blocked_organization_ids": blocked})
    };
    let by_id = "/v1/workers/by-external-id/partner%3Aapart/1";
    let created = app
        .call("PUT", by_id, &partner, &volunteer(&[]))
        .expect(201)
        .json();
    let worker = created["id"].as_str().unwrap().to_owned();
    assert_eq!(created["partner_id"], id.as_str());
    let path = format!("/v1/workers/{worker}");
    let bid = json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer"});
    let application = app.post("/v1/applications", &bid).expect(201).json()["id"].clone();
    let application = format!("/v1/applications/{}", application.as_str().unwrap());
    let check = |is_seen: bool, how: &str| {
        let status = if is_seen { 200 } else { 404 };
        for path in [&path, &application] {
            let answer = app.call("GET", path, &token, &Value::Null);
            assert_eq!(answer.status, status, "{how}: {path}");
        }
    };
    let mut claims = Claims::new(UserRole::Worker, "w", chrono::Utc::now().timestamp(), 600);
    claims.belonging.worker_id = Some(id_of(&worker));
    let own = app.state.keys.sign(&claims).unwrap();
    let coordinator = app.token(UserRole::Coordinator);
    check(true, "nobody is kept apart");
    let unblock = || {
        app.patch(&path, &json!({"blocked_organization_ids": []}))
            .expect(200)
    };
    let block = json!({"blocked_organization_ids": [organization]});
    for (token, who) in [
        (&own, "worker"),
        (&partner, "partner"),
        (&coordinator, "coordinator"),
        (&app.admin, "admin"),
    ] {
        app.call("PATCH", &path, token, &block).expect(200);
        check(false, who);
        unblock();
        check(true, "it is undone");
    }
    app.call("PUT", by_id, &partner, &volunteer(&[&organization]))
        .expect(200);
    check(false, "replaced by external id");
    // Left out, it is reset to its default.
    let mut without = volunteer(&[]);
    without
        .as_object_mut()
        .unwrap()
        .remove("blocked_organization_ids");
    app.call("PUT", by_id, &partner, &without).expect(200);
    check(true, "replaced again");
    let conflict = json!({"conflict_organization_ids": [organization]});
    app.call("PATCH", &path, &coordinator, &conflict).expect(200);
    check(false, "a conflict of interest");
    // The application can neither be offered, nor is it lost.
    let agree = json!({"status": "offered"});
    app.call("PATCH", &application, &token, &agree).expect(404);
    assert_eq!(
        app.patch(&application, &agree).expect(409).code(),
        "worker_unavailable"
    );
    app.call(
        "PATCH",
        &path,
        &coordinator,
        &json!({"conflict_organization_ids": []}),
    )
    .expect(200);
    app.call("PATCH", &application, &token, &agree).expect(200);
    // Erasing the worker leaves nothing behind.
    app.patch(&path, &block).expect(200);
    app.delete(&path).expect(204);
}

fn a_record_that_was_merged_keeps_apart_until_it_is_separated(app: &TestApp) {
    let organization = app.organization("戸山会");
    let flyer = app.deliverable(&organization, json!({}));
    let worker = app.worker(json!({}));
    let other = app.worker(json!({"blocked_organization_ids": [organization]}));
    let token = member(app, &organization);
    // On every server, whether the index was built anew or followed the log.
    let ranked = || {
        let path = format!("/v1/deliverables/{flyer}/matches");
        let all = |app: &TestApp| app.call("GET", &path, &token, &Value::Null).expect(200).text;
        let (here, anew) = (all(app), all(&app.another()));
        assert_eq!(here.contains(&worker), anew.contains(&worker));
        assert!(!here.contains(&other));
        here.contains(&worker)
    };
    let path = format!("/v1/workers/{worker}");
    let check = |is_seen: bool, when: &str| {
        assert_eq!(ranked(), is_seen, "{when}");
        let status = if is_seen { 200 } else { 404 };
        assert_eq!(
            app.call("GET", &path, &token, &Value::Null).status,
            status,
            "{when}"
        );
    };
    check(true, "two people");
    merge_workers(app, &other, Some(&worker));
    check(false, "merged");
    merge_workers(app, &other, None);
    check(true, "separated");
    merge_workers(app, &other, Some(&worker));
    app.patch(
        &format!("/v1/workers/{other}"),
        &json!({"blocked_organization_ids": []}),
    )
    .expect(200);
    check(true, "the merged record no longer says so");
    app.patch(
        &format!("/v1/workers/{other}"),
        &json!({"blocked_organization_ids": [organization]}),
    )
    .expect(200);
    check(false, "it says so again");
    app.delete(&format!("/v1/workers/{other}")).expect(204);
    check(true, "the merged record is erased");
}

fn a_record_that_was_archived_keeps_apart(app: &TestApp) {
    // The worker names the record that is merged into the organization's, or the one that it is merged into.
    for (n, names_merged) in [true, false].into_iter().enumerate() {
        let (own, named) = (
            app.organization(&format!("戸山会{n}")),
            app.organization(&format!("戸山の会{n}")),
        );
        let flyer = app.deliverable(&own, json!({}));
        let worker = app.worker(json!({"blocked_organization_ids": [named]}));
        let (token, path) = (member(app, &own), format!("/v1/deliverables/{flyer}/matches"));
        let preview = json!({"need": {"type": "flyer", "area": "131041"}, "limit": 200});
        let shown = |app: &TestApp| {
            let ranked = app.call("GET", &format!("{path}?limit=200"), &token, &Value::Null);
            let previewed = app.call("POST", "/v1/matches/preview", &token, &preview);
            let explained = app.call("GET", &format!("{path}/{worker}"), &token, &Value::Null);
            let by_id = app.call("GET", &format!("/v1/workers/{worker}"), &token, &Value::Null);
            [
                ranked.expect(200).text.contains(&worker),
                previewed.expect(200).text.contains(&worker),
                explained.status == 200,
                by_id.status == 200,
            ]
        };
        let check = |is_shown: bool, when: &str| {
            assert_eq!(shown(app), [is_shown; 4], "{when}");
            assert_eq!(shown(&app.another()), [is_shown; 4], "{when}, another server");
        };
        check(true, "two organizations");
        let (one, into) = if names_merged {
            (&named, &own)
        } else {
            (&own, &named)
        };
        merge_organizations(app, one, into);
        check(false, "merged");
        app.delete(&format!("/v1/organizations/{named}")).expect(204);
        check(false, "merged and archived");
    }
}
