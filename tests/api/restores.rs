//! Own exports, put into an empty database, make the same state again: the same statuses, dates, places, teams with those who
//! have left them, and work. Exported there, the files are the same. Undone, nothing is left of it.

use crate::round_trips::Dice;
use crate::support::{TestApp, on_both};
use serde_json::{Map, Value, json};

on_both! {
    any_state_of_applications_and_projects_comes_back,
    the_demonstration_comes_back,
    what_came_back_is_undone_and_nothing_else,
    a_team_comes_back_as_far_as_it_can,
    only_who_reaches_everything_brings_a_team_back,
    an_application_comes_back_into_a_request_that_is_over,
    a_matched_request_stays_so_until_its_team_comes,
}

/// In the order in which they are imported.
const KINDS: [&str; 6] = [
    "organizations",
    "deliverables",
    "workers",
    "applications",
    "projects",
    "project_work",
];

fn id_of(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

fn export(app: &TestApp, kind: &str, format: &str) -> Vec<u8> {
    let filter = match kind {
        "organizations" | "deliverables" => json!({"include_archived": true}),
        _ => json!({}),
    };
    let body = json!({"kind": kind, "format": format, "filter": filter});
    let (status, file) = app.post_for_bytes("/v1/exports", &app.admin, &body);
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&file));
    file
}

/// Returns what an export says by the ids of its lines, without what Musubi keeps itself: of a request that it has the same state
/// and team, of applications, projects and their work everything. Workbooks have no fractions of seconds.
fn lines(app: &TestApp, kind: &str) -> Map<String, Value> {
    let file = String::from_utf8(export(app, kind, "ndjson")).unwrap();
    let mut found = Map::new();
    for line in file.lines() {
        let mut item: Value = serde_json::from_str(line).unwrap();
        let members = item.as_object_mut().unwrap();
        match kind {
            "deliverables" => members.retain(|name, _| {
                [
                    "id",
                    "status",
                    "external_team",
                    "open_places",
                    "roles",
                    "fiscal_year",
                ]
                .contains(&name.as_str())
            }),
            "organizations" | "workers" => {
                members.retain(|name, _| ["id", "name", "alias", "status"].contains(&name.as_str()));
            }
            kind => {
                for own in ["version", "created_by", "closed_by", "partner_id"] {
                    members.remove(own);
                }
                // A source says whose the id is: without an id, a list has none.
                if members.get("external_id").is_some_and(Value::is_null) {
                    members.remove("source");
                }
                if kind != "applications" {
                    members.remove("created_at");
                    members.remove("updated_at");
                }
            }
        }
        whole_seconds(&mut item);
        found.insert(id_of(&item), item);
    }
    found
}

fn whole_seconds(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(whole_seconds),
        Value::Object(members) => members.values_mut().for_each(whole_seconds),
        Value::String(text) if text.parse::<chrono::DateTime<chrono::Utc>>().is_ok() => {
            *text = text.split(['.', 'Z']).next().unwrap().to_owned();
        }
        _ => {}
    }
}

/// Returns what counts of the work of each worker here.
fn counted(app: &TestApp) -> Vec<(String, Value)> {
    let items = app
        .get("/v1/workers?limit=200&sort=created_at")
        .expect(200)
        .json()["items"]
        .clone();
    let of = |one: &Value| {
        let here = &one["here"];
        (id_of(one), json!([here["open_load"], here["delivered"]]))
    };
    let mut found: Vec<(String, Value)> = items.as_array().unwrap().iter().map(of).collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

fn import(app: &TestApp, kind: &str, file: &[u8]) -> Value {
    app.import_and_wait(&format!("kind={kind}&source=elsewhere"), file)
}

/// Imports the exports of some kinds into another database, and checks that they say the same there.
fn move_all(app: &TestApp, other: &TestApp, format: &str, kinds: &[&str]) {
    for kind in kinds {
        let file = export(app, kind, format);
        let done = import(other, kind, &file);
        let findings = other.findings_of(&done);
        assert_eq!(done["status"], "succeeded", "{kind} {format}: {findings:?}");
        let again = import(other, kind, &file);
        assert_eq!(
            again["progress"]["unchanged"],
            again["progress"]["rows_read"],
            "{kind} {format}: {:?}",
            other.findings_of(&again)
        );
    }
    for kind in kinds {
        let (before, after) = (lines(app, kind), lines(other, kind));
        for (id, line) in &before {
            assert_eq!(Some(line), after.get(id), "{kind} {format}");
        }
        assert_eq!(before.len(), after.len(), "{kind} {format}");
    }
}

fn one<'t, T>(dice: &mut Dice, of: &'t [T]) -> &'t T {
    &of[dice.below(of.len())]
}

const ROLES: [&str; 2] = ["designer", "writer"];

/// Lets people apply, be invited, agree and leave, and teams work, at random. What the rules refuse doesn't happen.
fn walk(app: &TestApp, dice: &mut Dice) {
    let group = app.organization("戸山ふれあいの会");
    let people: Vec<String> = (0..12)
        .map(|n| app.worker(json!({"alias": format!("{n}さん"), "capacity": 9})))
        .collect();
    let requests: Vec<String> = (0..6)
        .map(|n| {
            let roles = json!([{"role": "designer", "places": 1 + n % 2}, {"role": "writer", "places": 1}]);
            let request = json!({"title": format!("依頼{n}"), "roles": roles, "starts_on": "2026-10-01",
                "applications_per_place": 1 + n % 3});
            app.deliverable(&group, request)
        })
        .collect();
    let attempt = |sent: crate::support::Response| {
        assert!(sent.status < 500, "{}", sent.text);
        sent
    };
    let statuses = [
        "shortlisted",
        "offered",
        "agreed",
        "agreed",
        "agreed",
        "declined",
        "withdrawn",
    ];
    for step in 0..220 {
        let request = one(dice, &requests).clone();
        match dice.below(10) {
            0..=3 => {
                let direction = one(dice, &["application", "application", "invitation"]);
                let bid = json!({"deliverable_id": request, "worker_id": one(dice, &people), "role": one(dice, &ROLES),
                    "direction": direction, "message": format!("{step}")});
                attempt(app.post("/v1/applications", &bid));
            }
            4..=7 => {
                let path = format!("/v1/applications?deliverable_id={request}&limit=200");
                let all = app.get(&path).expect(200).json()["items"].clone();
                let Some(all) = all.as_array().filter(|all| !all.is_empty()) else {
                    continue;
                };
                let bid = one(dice, all);
                let status = *one(dice, &statuses);
                let mut change = json!({"status": status});
                match status {
                    "declined" => change["reason"] = json!("skills"),
                    "withdrawn" => change["reason"] = json!(one(dice, &["schedule", "health"])),
                    "offered" => change["agreement"] = json!({"goal": "会員を増やす", "schedule": "10月中"}),
                    _ => change["note"] = json!(format!("{step}です")),
                }
                attempt(app.patch(&format!("/v1/applications/{}", id_of(bid)), &change));
            }
            8 => {
                let members = app.get(&format!("/v1/projects/{request}")).json()["members"].clone();
                let members: Vec<Value> = members.as_array().cloned().unwrap_or_default();
                if members.is_empty() {
                    continue;
                }
                let worker = one(dice, &members)["worker_id"].clone();
                let hours = json!({"worker_id": worker, "worked_on": "2026-11-20", "minutes": 1 + step % 50});
                attempt(app.post(&format!("/v1/projects/{request}/hours"), &hours));
                let meeting = json!({"title": format!("{step}回"), "starts_at": "2026-11-20T01:00:00Z",
                    "attendee_ids": [worker]});
                attempt(app.post(&format!("/v1/projects/{request}/meetings"), &meeting));
            }
            _ => {
                let status = *one(
                    dice,
                    &["in_progress", "in_progress", "delivered", "closed", "cancelled"],
                );
                let reason = (status == "cancelled").then_some("schedule");
                let change = json!({"status": status, "reason": reason});
                attempt(app.patch(&format!("/v1/projects/{request}"), &change));
            }
        }
    }
}

/// Applications that wait in every way, and some that have ended.
fn queue(app: &TestApp) {
    let group = app.organization("百人町の会");
    let request = |title: &str| {
        let roles = json!([{"role": "designer", "places": 1}]);
        app.deliverable(
            &group,
            json!({"title": title, "roles": roles, "applications_per_place": 1}),
        )
    };
    let (first, second) = (request("会報"), request("地図"));
    let apply = |request: &str, change: Value| {
        let worker = app.worker(json!({}));
        let bid = json!({"deliverable_id": request, "worker_id": worker, "role": "designer"});
        let bid = id_of(&app.post("/v1/applications", &bid).expect(201).json());
        if !change.is_null() {
            app.patch(&format!("/v1/applications/{bid}"), &change).expect(200);
        }
    };
    apply(
        &first,
        json!({"status": "declined", "reason": "skills", "note": "またの機会に"}),
    );
    apply(&first, json!({"status": "withdrawn", "reason": "health"}));
    let agreement = json!({"goal": "会員を増やす", "schedule": "10月中"});
    apply(&first, json!({"status": "offered", "agreement": agreement}));
    apply(&first, Value::Null);
    apply(&second, json!({"status": "shortlisted"}));
    apply(&second, Value::Null);
    apply(&request("看板"), Value::Null);
}

fn any_state_of_applications_and_projects_comes_back(app: &TestApp) {
    let seed = std::env::var("MUSUBI_SEED").map_or(20_261_201, |seed| seed.parse().unwrap());
    walk(app, &mut Dice(seed));
    story(app);
    queue(app);
    let all = lines(app, "applications");
    for status in [
        "submitted",
        "offered",
        "agreed",
        "waitlisted",
        "declined",
        "withdrawn",
    ] {
        assert!(all.values().any(|one| one["status"] == status), "{status}");
    }
    for format in ["csv", "xlsx", "ndjson"] {
        let empty = app.empty();
        move_all(app, &empty, format, &KINDS);
        assert_eq!(counted(app), counted(&empty), "{format}");
    }
}

fn the_demonstration_comes_back(app: &TestApp) {
    musubi::demo::load(&app.state, musubi::catalogue::calendar::today(), 120).unwrap();
    assert!(lines(app, "projects").len() > 5);
    let empty = app.empty();
    move_all(
        app,
        &empty,
        "csv",
        &[
            "organizations",
            "deliverables",
            "workers",
            "applications",
            "projects",
            "project_work",
        ],
    );
}

/// What a story leaves: the project under way, the open request, and its people.
struct Story {
    project: String,
    open: String,
    /// Who is in the team, who has left it, and who has a place in the open request.
    people: [String; 3],
}

/// A team of which somebody has left after some work, and a request with one of two places taken.
fn story(app: &TestApp) -> Story {
    let group = app.organization("大久保の会");
    let roles = |places: u16| json!([{"role": "designer", "places": places}]);
    let project = app.deliverable(
        &group,
        json!({"title": "会のチラシ", "roles": roles(2), "starts_on": "2026-10-01"}),
    );
    let open = app.deliverable(&group, json!({"title": "名刺", "roles": roles(2)}));
    let people = ["青", "赤", "白"].map(|name| app.worker(json!({"alias": name})));
    let agree = |request: &str, worker: &str| {
        let bid = json!({"deliverable_id": request, "worker_id": worker, "role": "designer"});
        let path = format!(
            "/v1/applications/{}",
            id_of(&app.post("/v1/applications", &bid).expect(201).json())
        );
        app.patch(&path, &json!({"status": "agreed"})).expect(200);
        path
    };
    agree(&project, &people[0]);
    let left = agree(&project, &people[1]);
    agree(&open, &people[2]);
    let path = format!("/v1/projects/{project}");
    app.patch(&path, &json!({"status": "in_progress"})).expect(200);
    let hours = json!({"worker_id": people[1], "worked_on": "2026-11-20", "minutes": 90});
    app.post(&format!("{path}/hours"), &hours).expect(201);
    let meeting =
        json!({"title": "顔合わせ", "starts_at": "2026-11-20T01:00:00Z", "attendee_ids": people[..2]});
    app.post(&format!("{path}/meetings"), &meeting).expect(201);
    app.patch(&left, &json!({"status": "withdrawn", "reason": "workload"}))
        .expect(200);
    Story {
        project,
        open,
        people,
    }
}

/// Returns the members of a project with those who have left.
fn team(app: &TestApp, project: &str) -> Vec<Value> {
    let shown = app.get(&format!("/v1/projects/{project}")).expect(200).json();
    shown["members"].as_array().unwrap().clone()
}

fn undo(app: &TestApp, done: &Value) -> Value {
    let path = format!("/v1/imports/{}/undo", id_of(done));
    app.post(&path, &Value::Null).expect(202);
    let undone = app.wait_for_import(&id_of(done));
    assert_eq!(undone["status"], "undone");
    undone
}

fn what_came_back_is_undone_and_nothing_else(app: &TestApp) {
    walk(app, &mut Dice(7));
    let story = story(app);
    let empty = app.empty();
    for kind in &KINDS[..3] {
        import(&empty, kind, &export(app, kind, "csv"));
    }
    // What only counts the changes of a request is no part of its state.
    let state = || {
        (
            lines(&empty, "deliverables"),
            lines(&empty, "workers"),
            counted(&empty),
        )
    };
    let before = state();
    let done: Vec<Value> = KINDS[3..]
        .iter()
        .map(|kind| import(&empty, kind, &export(app, kind, "csv")))
        .collect();
    assert_ne!(before, state());
    assert_eq!(team(app, &story.project), team(&empty, &story.project));
    // A team keeps the applications that it came by.
    let [applications, projects, work] = &done[..] else {
        panic!()
    };
    let used = empty.post(&format!("/v1/imports/{}/undo", id_of(projects)), &Value::Null);
    assert_eq!(used.expect(409).code(), "changed_since");
    undo(&empty, work);
    undo(&empty, projects);
    assert!(lines(&empty, "projects").is_empty());
    undo(&empty, applications);
    assert!(empty.findings_of(applications).is_empty());
    assert!(lines(&empty, "applications").is_empty());
    assert_eq!(before, state());
    // Sent again, they come back again.
    for kind in &KINDS[3..] {
        import(&empty, kind, &export(app, kind, "csv"));
    }
    for kind in &KINDS[3..] {
        assert_eq!(lines(app, kind), lines(&empty, kind), "{kind}");
    }
    let again = import(&empty, "applications", &export(app, "applications", "xlsx"));
    assert_eq!(again["progress"]["unchanged"], again["progress"]["rows_read"]);
    // The project is here, so its team keeps the applications; those for the open request go.
    let fresh = app.empty();
    for kind in &KINDS[..3] {
        import(&fresh, kind, &export(app, kind, "csv"));
    }
    let done = import(&fresh, "applications", &export(app, "applications", "csv"));
    import(&fresh, "projects", &export(app, "projects", "csv"));
    undo(&fresh, &done);
    let found = fresh.findings_of(&done);
    assert!(
        !found.is_empty() && found.iter().all(|(.., code)| code == "not_undoable"),
        "{found:?}"
    );
    assert_eq!(team(app, &story.project), team(&fresh, &story.project));
    let of_open = fresh
        .get(&format!("/v1/applications?deliverable_id={}", story.open))
        .json();
    assert_eq!(of_open["items"], json!([]));
    assert_eq!(counted_of(&fresh, &story.people[2])["open_load"], 0);
}

fn counted_of(app: &TestApp, worker: &str) -> Value {
    app.get(&format!("/v1/workers/{worker}")).expect(200).json()["here"].clone()
}

fn a_team_comes_back_as_far_as_it_can(app: &TestApp) {
    let story = story(app);
    let project = &story.project;
    let files: Vec<(&str, String)> = KINDS
        .iter()
        .map(|kind| (*kind, String::from_utf8(export(app, kind, "ndjson")).unwrap()))
        .collect();
    let changed = |change: &dyn Fn(&str, &mut Value)| {
        let other = app.empty();
        let mut found = Vec::new();
        for (kind, file) in &files {
            let line = |line: &str| {
                let mut item = serde_json::from_str(line).unwrap();
                change(kind, &mut item);
                item
            };
            let items: Vec<Value> = file.lines().map(line).collect();
            let left: Vec<String> = items
                .iter()
                .filter(|item| !item.is_null())
                .map(|item| format!("{item}\n"))
                .collect();
            if left.is_empty() {
                continue;
            }
            let done = import(&other, kind, left.concat().as_bytes());
            found.extend(other.findings_of(&done).into_iter().map(|(_, column, code)| {
                let rejected = done["progress"]["rejected"].clone();
                (*kind, column, code, rejected)
            }));
        }
        (other, found)
    };
    let each_member = |kind: &str, item: &mut Value, change: &dyn Fn(&mut Value)| {
        if kind == "projects" {
            item["members"]
                .as_array_mut()
                .unwrap()
                .iter_mut()
                .for_each(change);
        }
    };
    // An export of an earlier release doesn't say by which application a member came.
    let (older, found) = changed(&|kind, item| {
        each_member(kind, item, &|member| {
            member.as_object_mut().unwrap().remove("application_id");
        });
    });
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(team(app, project), team(&older, project));
    // Without the list of applications, the members bring their own.
    let (alone, found) = changed(&|kind, item| {
        if kind == "applications" {
            *item = Value::Null;
        }
    });
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(team(app, project), team(&alone, project));
    for member in team(app, project) {
        let worker = member["worker_id"].as_str().unwrap();
        assert_eq!(counted_of(app, worker), counted_of(&alone, worker));
    }
    assert_eq!(lines(app, "project_work"), lines(&alone, "project_work"));
    // Nobody joins twice.
    let (twice, found) = changed(&|kind, item| {
        if kind == "projects" && !item["members"].as_array().unwrap().is_empty() {
            let first = item["members"][0].clone();
            item["members"].as_array_mut().unwrap().push(first);
        }
    });
    let code = |code: &str| ("projects", "members".to_owned(), code.to_owned(), json!(0));
    assert_eq!(found, [code("fixed_value")]);
    assert_eq!(team(app, project), team(&twice, project));
    // Who isn't here is left out, also from the meetings.
    let gone = &story.people[1];
    let (smaller, found) = changed(&|kind, item| {
        let is_theirs = item["id"] == **gone || item["worker_id"] == **gone;
        if is_theirs && kind != "projects" {
            *item = Value::Null;
        }
    });
    assert_eq!(
        found,
        [
            code("unknown_worker"),
            (
                "project_work",
                "attendee_ids".to_owned(),
                "not_a_member".to_owned(),
                json!(0)
            )
        ]
    );
    assert_eq!(team(&smaller, project).len(), 1);
    let meetings = smaller
        .get(&format!("/v1/projects/{project}/meetings"))
        .expect(200)
        .json();
    assert_eq!(meetings["items"][0]["attendee_ids"], json!([story.people[0]]));
}

fn only_who_reaches_everything_brings_a_team_back(app: &TestApp) {
    let story = story(app);
    let other = app.empty();
    for kind in &KINDS[..3] {
        import(&other, kind, &export(app, kind, "csv"));
    }
    let coordinator = crate::support::token(&other.state, musubi::auth::UserRole::Coordinator, None, 600);
    let file = export(app, "projects", "csv");
    let sent = other.import(&coordinator, "kind=projects", &file).expect(202);
    other.wait_for_import(&id_of(&sent.json()));
    assert!(lines(&other, "applications").is_empty());
    let joined = other.get(&format!("/v1/projects/{}", story.project)).json();
    assert!(joined["members"].as_array().is_none_or(Vec::is_empty), "{joined}");
}

fn an_application_comes_back_into_a_request_that_is_over(app: &TestApp) {
    let story = story(app);
    let other = app.empty();
    for kind in &KINDS[..3] {
        import(&other, kind, &export(app, kind, "csv"));
    }
    let path = format!("/v1/deliverables/{}", story.open);
    let cancelled = json!({"status": "cancelled", "cancellation_reason": "schedule"});
    other.patch(&path, &cancelled).expect(200);
    let done = import(&other, "applications", &export(app, "applications", "csv"));
    assert_eq!(done["progress"]["rejected"], 0);
    let found = other.findings_of(&done);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].2, "deliverable_not_open");
    let all = other
        .get(&format!("/v1/applications?deliverable_id={}", story.open))
        .json();
    let one = &all["items"][0];
    assert_eq!(
        [
            &one["status"],
            &one["reason"],
            &one["request_reason"],
            &one["place"],
            &one["closed_by"],
            &one["closed_at"]
        ],
        [
            &json!("declined"),
            &json!("request_closed"),
            &json!("schedule"),
            &Value::Null,
            &json!("admin:test"),
            &one["updated_at"]
        ]
    );
    assert_eq!(counted_of(&other, &story.people[2])["open_load"], 0);
}

fn a_matched_request_stays_so_until_its_team_comes(app: &TestApp) {
    let group = app.organization("戸山ふれあいの会");
    let request = app.deliverable(
        &group,
        json!({"title": "名刺", "roles": [{"role": "designer", "places": 1}]}),
    );
    let worker = app.worker(json!({"alias": "青"}));
    let bid = json!({"deliverable_id": request, "worker_id": worker, "role": "designer"});
    let bid = id_of(&app.post("/v1/applications", &bid).expect(201).json());
    app.patch(&format!("/v1/applications/{bid}"), &json!({"status": "agreed"}))
        .expect(200);
    let other = app.empty();
    for kind in &KINDS[..3] {
        import(&other, kind, &export(app, kind, "csv"));
    }
    let path = format!("/v1/deliverables/{request}");
    let changed = other
        .patch(&path, &json!({"trouble": "足りない"}))
        .expect(200)
        .json();
    assert_eq!(changed["status"], "matched");
    assert_eq!(other.get("/v1/projects").json()["items"], json!([]));
    for kind in &KINDS[3..5] {
        let done = import(&other, kind, &export(app, kind, "csv"));
        assert_eq!(done["status"], "succeeded", "{:?}", other.findings_of(&done));
        assert_eq!(lines(app, kind), lines(&other, kind));
    }
    let again = other.get(&path).json();
    assert_eq!(
        (&again["status"], &again["external_team"]),
        (&json!("matched"), &json!(false))
    );
    // Who leaves now opens it, as everywhere.
    let left = json!({"status": "withdrawn", "reason": "health"});
    other.patch(&format!("/v1/applications/{bid}"), &left).expect(200);
    assert_eq!(other.get(&path).json()["status"], "open");
}
