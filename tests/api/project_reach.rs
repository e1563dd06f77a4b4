//! What an organization reads and writes in a project: nothing of somebody who is kept apart from it, and of artifacts what
//! its side of the hand-over is.

use crate::projects::{Case, id_of, token};
use crate::support::{Response, TestApp, on_both};
use diesel::connection::SimpleConnection;
use musubi::auth::UserRole;
use musubi::db::Db;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

on_both! {
    nothing_of_a_member_who_is_kept_apart_is_shown_on_any_read,
    an_organization_keeps_attendees_whom_it_does_not_see,
    each_side_handles_its_own_artifacts,
    an_organization_sees_an_artifact_from_its_hand_over_on,
    a_meeting_forgets_who_took_part_when_they_are_erased,
}

/// What somebody reads of a project: a name of the read, and its text.
type Reads = BTreeMap<String, String>;

const KINDS: [&str; 6] = ["milestones", "meetings", "hours", "artifacts", "risks", "notes"];

/// A project of a lead and a joint organization, in which the designer has left traces of every kind.
struct Traces {
    case: Case,
    application: String,
    /// The designer's entries, by kind.
    entries: Vec<(&'static str, String)>,
    deleted: String,
}

impl Traces {
    fn new(app: &TestApp) -> (Traces, [(&'static str, String); 2]) {
        let joint = app.organization("隣の会");
        // An administrator names and accepts at once.
        let case = Case::with(app, json!({"joint_organization_ids": [joint]}));
        case.begin(app);
        let (designer, writer) = (
            app.logged_in(
                "designer@example.jp",
                json!({"role": "worker", "worker_id": case.designer}),
            ),
            token(app, UserRole::Worker, &case.writer),
        );
        let bodies = [
            json!({"title": "himitsu-milestone", "due_on": "2026-11-01"}),
            json!({"title": "himitsu-meeting", "starts_at": "2199-11-07T01:00:00Z"}),
            json!({"worked_on": "2026-11-01", "minutes": 77, "note": "himitsu-hours"}),
            json!({"title": "himitsu-artifact"}),
            json!({"title": "himitsu-risk", "level": "low"}),
            json!({"text": "himitsu-note"}),
        ];
        let mut entries = Vec::new();
        for (kind, body) in KINDS.into_iter().zip(bodies) {
            entries.push((kind, id_of(&case.add(app, kind, &designer, &body).expect(201))));
        }
        let file = format!("{}/artifacts/{}/file", case.path, entries[3].1);
        let bearer = format!("Bearer {designer}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/pdf"),
        ];
        app.send("PUT", &file, &headers, b"%PDF-1.7 himitsu").expect(200);
        let gone = id_of(
            &case
                .add(app, "notes", &designer, &json!({"text": "x"}))
                .expect(201),
        );
        app.call(
            "DELETE",
            &format!("{}/notes/{gone}", case.path),
            &designer,
            &Value::Null,
        )
        .expect(204);
        // What others write stays, without the designer.
        let both = json!({"title": "みんなの定例", "starts_at": "2199-11-08T01:00:00Z",
            "attendee_ids": [case.designer, case.writer]});
        case.add(app, "meetings", &writer, &both).expect(201);
        case.add(app, "notes", &writer, &json!({"text": "みんなのメモ"}))
            .expect(201);
        let of = |organization: &str, email: &str| {
            app.logged_in(
                email,
                json!({"role": "organization", "organization_id": organization}),
            )
        };
        let seats = [
            ("lead", of(&case.organization, "lead@example.jp")),
            ("joint", of(&joint, "joint@example.jp")),
        ];
        let application = case.designer_application.rsplit('/').next().unwrap().to_owned();
        let traces = Traces {
            application,
            case,
            entries,
            deleted: gone,
        };
        (traces, seats)
    }

    /// Returns every way in which a project is read.
    fn reads(&self, app: &TestApp, token: &str) -> Reads {
        let path = &self.case.path;
        let get = |path: &str| {
            let answer = app.call("GET", path, token, &Value::Null);
            assert!([200, 404].contains(&answer.status), "{path}: {}", answer.text);
            if answer.status == 200 {
                answer.text
            } else {
                String::new()
            }
        };
        let mut reads = Reads::new();
        let mut add = |name: &str, text: String| assert!(reads.insert(name.to_owned(), text).is_none());
        add("project", get(path));
        add("projects", get("/v1/projects"));
        add(
            "projects by worker",
            get(&format!("/v1/projects?worker_id={}", self.case.designer)),
        );
        add("history", get(&format!("{path}/history?limit=200")));
        add("tasks", get("/v1/tasks?limit=200"));
        for (kind, id) in &self.entries {
            add(kind, get(&format!("{path}/{kind}?limit=200")));
            add(&format!("one of {kind}"), get(&format!("{path}/{kind}/{id}")));
        }
        add(
            "file",
            get(&format!("{path}/artifacts/{}/file", self.entries[3].1)),
        );
        for kind in ["projects", "project_work", "applications", "workers"] {
            let body = json!({"kind": kind, "format": "ndjson"});
            let export = app.call("POST", "/v1/exports", token, &body).expect(200);
            add(&format!("export of {kind}"), export.text);
        }
        let feed = app
            .call("POST", "/v1/feeds", token, &json!({}))
            .expect(201)
            .json();
        let calendar = feed["calendar_url"].as_str().unwrap().to_owned();
        let calendar = calendar.replace("https://musubi.example.jp", "");
        let calendar = app.send("GET", &calendar, &[], b"").expect(200).text;
        add("calendar", calendar.replace("\r\n ", ""));
        app.call(
            "DELETE",
            &format!("/v1/feeds/{}", feed["id"].as_str().unwrap()),
            token,
            &Value::Null,
        )
        .expect(204);
        reads
    }

    /// Returns the reads that show a trace of the designer.
    fn shown(&self, reads: &Reads) -> BTreeSet<String> {
        let entries = self.entries.iter().map(|(_, id)| id);
        let ids = [&self.case.designer, &self.application, &self.deleted];
        let traces: Vec<&str> = ids.into_iter().chain(entries).map(String::as_str).collect();
        let is_trace =
            |text: &String| text.contains("himitsu") || traces.iter().any(|one| text.contains(one));
        let shown = reads.iter().filter(|(_, text)| is_trace(text));
        shown.map(|(name, _)| name.clone()).collect()
    }
}

fn nothing_of_a_member_who_is_kept_apart_is_shown_on_any_read(app: &TestApp) {
    let (traces, seats) = Traces::new(app);
    let designer = format!("/v1/workers/{}", traces.case.designer);
    let apart_from = |ids: Value| {
        app.patch(&designer, &json!({"blocked_organization_ids": ids}))
            .expect(200);
    };
    let before = seats.each_ref().map(|(_, token)| traces.reads(app, token));
    let all: BTreeSet<String> = before[0].keys().cloned().collect();
    for ((seat, _), reads) in seats.iter().zip(&before) {
        assert_eq!(traces.shown(reads), all, "{seat} before");
    }
    let organizations: Vec<String> = seats
        .iter()
        .map(|(_, token)| {
            let own = app
                .call("GET", "/v1/organizations", token, &Value::Null)
                .expect(200);
            own.json()["items"][0]["id"].as_str().unwrap().to_owned()
        })
        .collect();
    for (n, (seat, token)) in seats.iter().enumerate() {
        apart_from(json!([organizations[n]]));
        let after = traces.reads(app, token);
        assert_eq!(traces.shown(&after), BTreeSet::new(), "{seat}");
        let joined = |reads: &Reads| reads["history"].matches("joined").count();
        assert_eq!((joined(&before[n]), joined(&after)), (2, 1), "{seat}");
        // Others are shown as before.
        assert!(
            after["meetings"].contains("みんなの定例") && after["meetings"].contains(&traces.case.writer)
        );
        assert!(after["notes"].contains("みんなのメモ") && after["calendar"].contains("みんなの定例"));
        assert!(after["project"].contains(&traces.case.writer));
        // What isn't shown isn't written either.
        for (kind, id) in &traces.entries {
            let path = format!("{}/{kind}/{id}", traces.case.path);
            app.call("PATCH", &path, token, &json!({})).expect(404);
            app.call("DELETE", &path, token, &Value::Null).expect(404);
        }
        // The other organization, the team and the office see everything.
        let (_, other) = &seats[1 - n];
        assert_eq!(traces.shown(&traces.reads(app, other)), all, "not {seat}");
        apart_from(json!([]));
        assert_eq!(traces.shown(&traces.reads(app, token)), all, "{seat} again");
    }
    // With nobody kept apart, a deleted note is in the history still.
    assert!(traces.reads(app, &seats[0].1)["history"].contains(&traces.deleted));
}

fn an_organization_keeps_attendees_whom_it_does_not_see(app: &TestApp) {
    let case = Case::new(app);
    case.begin(app);
    let organization = token(app, UserRole::Organization, &case.organization);
    let meeting = json!({"title": "定例", "starts_at": "2026-11-07T01:00:00Z",
        "attendee_ids": [case.designer, case.writer]});
    let meeting = id_of(&case.add(app, "meetings", &app.admin, &meeting).expect(201));
    let path = format!("{}/meetings/{meeting}", case.path);
    let blocked = json!({"blocked_organization_ids": [case.organization]});
    app.patch(&format!("/v1/workers/{}", case.designer), &blocked)
        .expect(200);
    let attendees = |answer: Response| -> BTreeSet<String> {
        let answer = answer.expect(200).json();
        let ids = answer["attendee_ids"].as_array().unwrap().iter();
        ids.map(|id| id.as_str().unwrap().to_owned()).collect()
    };
    let of = |ids: &[&String]| -> BTreeSet<String> { ids.iter().map(|id| (*id).clone()).collect() };
    let patch = |change: Value| attendees(app.call("PATCH", &path, &organization, &change));
    assert_eq!(patch(json!({"title": "月例"})), of(&[&case.writer]));
    assert_eq!(attendees(app.get(&path)), of(&[&case.designer, &case.writer]));
    assert_eq!(patch(json!({"attendee_ids": []})), of(&[]));
    assert_eq!(attendees(app.get(&path)), of(&[&case.designer]));
    let none = json!({"attendee_ids": []});
    app.patch(&path, &none).expect(200);
    assert_eq!(
        attendees(app.get(&path)),
        of(&[]),
        "the office sees and removes them"
    );
}

fn a_meeting_forgets_who_took_part_when_they_are_erased(app: &TestApp) {
    let case = Case::new(app);
    case.begin(app);
    let all = json!({"title": "定例", "starts_at": "2026-11-07T01:00:00Z",
        "attendee_ids": [case.designer, case.writer]});
    let meeting = id_of(&case.add(app, "meetings", &app.admin, &all).expect(201));
    let other =
        json!({"title": "打合せ", "starts_at": "2026-11-08T01:00:00Z", "attendee_ids": [case.writer]});
    let other = id_of(&case.add(app, "meetings", &app.admin, &other).expect(201));
    app.delete(&format!("/v1/workers/{}", case.designer)).expect(204);
    let show = |id: &str| {
        app.get(&format!("{}/meetings/{id}", case.path))
            .expect(200)
            .json()
    };
    let meeting = show(&meeting);
    assert_eq!(
        (&meeting["attendee_ids"], &meeting["version"]),
        (&json!([case.writer]), &json!(2))
    );
    assert_eq!(show(&other)["version"], 1);
    let mut dump = Vec::new();
    musubi::backup::create(&app.state.pool, &mut dump).unwrap();
    let dump = String::from_utf8(dump).unwrap();
    assert!(!dump.contains(&format!("\"attendee_ids\":[\"{}", case.designer)));
}

/// What somebody tries with an artifact.
const VERBS: [&str; 8] = [
    "rename", "describe", "send", "withdraw", "accept", "return", "reword", "delete",
];

/// Who does what with whose artifact: `+` where it works. Nobody but an office answers what they may hand in.
const HANDLES: [(&str, [(&str, &str); 5]); 4] = [
    // Whose: the designer's, the office's, the first member's of the organization, the second member's, the joint one's.
    (
        "office",
        [
            ("designer", "++++++++"),
            ("office", "++++++++"),
            ("organization", "++++++++"),
            ("colleague", "++++++++"),
            ("joint", "++++++++"),
        ],
    ),
    (
        "writer",
        [
            ("designer", "++++---+"),
            ("office", "++++---+"),
            ("organization", "--------"),
            ("colleague", "--------"),
            ("joint", "--------"),
        ],
    ),
    (
        "organization",
        [
            ("designer", "----+++-"),
            ("office", "----+++-"),
            ("organization", "++++---+"),
            ("colleague", "--------"),
            ("joint", "--------"),
        ],
    ),
    (
        "joint",
        [
            ("designer", "----+++-"),
            ("office", "----+++-"),
            ("organization", "--------"),
            ("colleague", "--------"),
            ("joint", "++++---+"),
        ],
    ),
];

fn each_side_handles_its_own_artifacts(app: &TestApp) {
    let joint = app.organization("隣の会");
    let case = Case::with(app, json!({"joint_organization_ids": [joint]}));
    case.begin(app);
    let member = |email: &str, organization: &str| {
        app.logged_in(
            email,
            json!({"role": "organization", "organization_id": organization}),
        )
    };
    let tokens: BTreeMap<&str, String> = [
        ("office", token(app, UserRole::Coordinator, "131041")),
        ("designer", token(app, UserRole::Worker, &case.designer)),
        (
            "writer",
            app.logged_in(
                "writer@example.jp",
                json!({"role": "worker", "worker_id": case.writer}),
            ),
        ),
        ("organization", member("one@example.jp", &case.organization)),
        ("colleague", member("two@example.jp", &case.organization)),
        ("joint", member("joint@example.jp", &joint)),
    ]
    .into();
    for (who, table) in HANDLES {
        for (whose, expected) in table {
            let done: String = VERBS
                .iter()
                .map(|verb| {
                    handled(
                        app,
                        &case,
                        (&tokens[who], &tokens[whose]),
                        verb,
                        &format!("{who} {whose}"),
                    )
                })
                .collect();
            assert_eq!(done, expected, "{who} with what is the {whose}'s: {VERBS:?}");
        }
    }
    // What an organization gives to the team waits for nobody.
    for kind in ["answer_artifact", "revise_artifact"] {
        for token in tokens.values() {
            let tasks = app
                .call(
                    "GET",
                    &format!("/v1/tasks?kind={kind}&limit=200"),
                    token,
                    &Value::Null,
                )
                .expect(200)
                .json();
            for task in tasks["items"].as_array().unwrap() {
                let artifact = app.get(task["href"].as_str().unwrap()).expect(200).json();
                let by = artifact["created_by"].as_str().unwrap();
                assert!(!by.starts_with("organization"), "{artifact}");
            }
        }
    }
    // A stranger adds none at all.
    let stranger = token(app, UserRole::Worker, &app.worker(json!({})));
    case.add(app, "artifacts", &stranger, &json!({"title": "案"}))
        .expect(404);
    // Nobody begins with an answer to their own.
    for who in ["writer", "organization", "joint"] {
        let accepted = json!({"title": "案", "link": "https://example.jp/1", "status": "accepted"});
        let refused = case.add(app, "artifacts", &tokens[who], &accepted).expect(422);
        assert_eq!(
            refused.faults(),
            [("/status".into(), "not_permitted".into())],
            "{who}"
        );
    }
}

fn an_organization_sees_an_artifact_from_its_hand_over_on(app: &TestApp) {
    let case = Case::new(app);
    case.begin(app);
    let office = token(app, UserRole::Coordinator, "131041");
    let (member, organization) = (
        token(app, UserRole::Worker, &case.designer),
        token(app, UserRole::Organization, &case.organization),
    );
    let list = format!("{}/artifacts", case.path);
    let listed = |token: &str| {
        let list = app.call("GET", &list, token, &Value::Null).expect(200).json();
        list["items"].as_array().unwrap().len()
    };
    for maker in [&member, &office] {
        let before = listed(&organization);
        let new = json!({"title": "himitsu", "link": "https://example.jp/1"});
        let path = format!(
            "{list}/{}",
            id_of(&case.add(app, "artifacts", maker, &new).expect(201))
        );
        let moved = |status: &str| {
            app.call("PATCH", &path, maker, &json!({"status": status}))
                .expect(200);
        };
        let hidden = || {
            app.call("GET", &path, &organization, &Value::Null).expect(404);
            app.call("GET", &format!("{path}/file"), &organization, &Value::Null)
                .expect(404);
            app.call("PATCH", &path, &organization, &json!({"answer": "確認中です。"}))
                .expect(404);
            assert_eq!(listed(&organization), before);
            let body = json!({"kind": "project_work", "format": "ndjson"});
            let export = app.call("POST", "/v1/exports", &organization, &body).expect(200);
            assert!(!export.text.contains("himitsu"), "{}", export.text);
            for token in [&member, &office] {
                app.call("GET", &path, token, &Value::Null).expect(200);
            }
        };
        hidden();
        moved("submitted");
        app.call("GET", &path, &organization, &Value::Null).expect(200);
        assert_eq!(listed(&organization), before + 1);
        // What was taken back to be changed is the team's again, with its file.
        let bearer = format!("Bearer {maker}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/pdf"),
        ];
        app.send("PUT", &format!("{path}/file"), &headers, b"%PDF-1.7")
            .expect(200);
        app.call("GET", &format!("{path}/file"), &organization, &Value::Null)
            .expect(200);
        moved("draft");
        hidden();
        app.call("DELETE", &path, maker, &Value::Null).expect(204);
    }
    // What the organization gives to the team is its own.
    let own = case.add(app, "artifacts", &organization, &json!({"title": "ロゴ"}));
    let own = format!("{list}/{}", id_of(&own.expect(201)));
    for token in [&organization, &member, &office] {
        app.call("GET", &own, token, &Value::Null).expect(200);
    }
    // So are those that an earlier release left.
    let new = json!({"title": "himitsu"});
    let path = format!(
        "{list}/{}",
        id_of(&case.add(app, "artifacts", &member, &new).expect(201))
    );
    let app = app.reversed("drafts_and_sizes_of_files");
    let are_shown = |app: &TestApp| {
        app.call("GET", &path, &organization, &Value::Null).expect(404);
        app.call("GET", &path, &member, &Value::Null).expect(200);
        app.call("GET", &own, &organization, &Value::Null).expect(200);
    };
    are_shown(&app);
    // And those that a server of an earlier release goes on to write beside this one.
    if app.database().starts_with("postgres") {
        let written = "UPDATE project_entries SET is_draft = created_by LIKE 'organization:%'";
        let write = |db: &mut Db| Ok(db.batch_execute(written)?);
        app.state.pool.write_blocking(write).unwrap();
        are_shown(&app.another());
    }
}

/// Tries something with a fresh artifact that was submitted, and returns `+` where it worked.
fn handled(app: &TestApp, case: &Case, (token, maker): (&str, &str), verb: &str, at: &str) -> char {
    let new = json!({"title": "案", "link": "https://example.jp/1", "status": "submitted"});
    let made = id_of(&case.add(app, "artifacts", maker, &new).expect(201));
    let path = format!("{}/artifacts/{made}", case.path);
    let patch = |change: Value| app.call("PATCH", &path, token, &change);
    let answer = match verb {
        "rename" => patch(json!({"title": "別の案"})),
        "describe" => patch(json!({"note": "直しました。"})),
        "withdraw" => patch(json!({"status": "draft"})),
        "accept" => app.patch_read(&path, token, &json!({"status": "accepted"})),
        "return" => patch(json!({"status": "returned", "answer": "電話番号を直してください。"})),
        "reword" => patch(json!({"answer": "確認中です。"})),
        "delete" => app.call("DELETE", &path, token, &Value::Null),
        _ => {
            let bearer = format!("Bearer {token}");
            let headers = [
                ("authorization", bearer.as_str()),
                ("content-type", "application/pdf"),
            ];
            app.send("PUT", &format!("{path}/file"), &headers, b"%PDF-1.7")
        }
    };
    let after = app.get(&path);
    match answer.status {
        200 | 204 => '+',
        status => {
            assert!(
                status == 403 && answer.code() == "access_denied"
                    || status == 422 && answer.faults().iter().all(|(_, code)| code == "not_permitted"),
                "{at} {verb}: {}",
                answer.text
            );
            assert_eq!(after.json()["version"], 1, "{at} {verb}");
            '-'
        }
    }
}
