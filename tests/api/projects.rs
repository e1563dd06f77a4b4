//! Projects: a team's work from the kick-off to the hand-over.

use crate::query_counts::{queries, start_counting};
use crate::support::{Response, TestApp, merge, on_both};
use musubi::auth::{Claims, UserRole};
use musubi::db::Id;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

on_both! {
    a_complete_team_becomes_a_project,
    a_project_and_its_deliverable_agree_whichever_is_moved,
    milestones_carry_the_progress,
    somebody_drops_out_and_the_work_goes_on,
    a_ranking_says_who_can_join_a_team_at_work,
    the_catalogue_says_how_long_projects_really_took,
    everyone_reads_and_writes_what_belongs_to_their_seat,
    bad_input_has_its_code,
    an_artifact_is_submitted_returned_and_accepted,
    the_files_of_a_project_share_its_room,
    the_files_of_an_organization_and_of_all_share_their_room,
    a_caller_sends_few_files_at_once,
    an_accompaniment_has_no_deliverable,
    what_waits_in_projects_is_in_the_worklist,
    a_person_is_erased_from_projects_and_hours_still_count,
    erasing_a_member_leaves_a_place_to_fill,
    the_first_day_of_a_project_moves_its_milestones,
    a_project_and_its_request_have_the_same_days,
    a_single_day_has_its_milestone_on_the_day,
    each_format_takes_its_own_time,
    nobody_works_before_the_project_begins,
    nobody_works_before_they_join,
    a_last_day_before_the_beginning_is_refused,
    what_an_organization_accepts_is_what_it_has_read,
    an_accompaniment_has_neither_reviews_nor_follow_ups,
    an_illegal_move_is_told_before_what_a_status_cannot_have,
    a_project_with_its_team_costs_a_fixed_number_of_statements,
}

pub fn token(app: &TestApp, role: UserRole, of: &str) -> String {
    let mut claims = Claims::new(
        role,
        format!("{}-{of}", role.code()),
        chrono::Utc::now().timestamp(),
        600,
    );
    match role {
        UserRole::Coordinator => claims.belonging.areas = vec![of.into()],
        UserRole::Worker => claims.belonging.worker_id = Some(Id(of.parse().unwrap())),
        _ => claims.belonging.organization_id = Some(Id(of.parse().unwrap())),
    }
    app.state.keys.sign(&claims).unwrap()
}

pub fn id_of(answer: &Response) -> String {
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn apply(app: &TestApp, deliverable: &str, worker: &str, role: &str) -> String {
    let bid = json!({"deliverable_id": deliverable, "worker_id": worker, "role": role});
    let created = app.post("/v1/applications", &bid).expect(201);
    format!("/v1/applications/{}", id_of(&created))
}

/// Gives a worker a place, and returns the path of the application.
fn join(app: &TestApp, deliverable: &str, worker: &str, role: &str) -> String {
    let path = apply(app, deliverable, worker, role);
    app.patch(&path, &json!({"status": "agreed"})).expect(200);
    path
}

/// Invites somebody to a team at work, who says yes and gets the place.
fn replace(app: &TestApp, deliverable: &str, worker: &str, role: &str) {
    let bid =
        json!({"deliverable_id": deliverable, "worker_id": worker, "role": role, "direction": "invitation"});
    let created = app.post("/v1/applications", &bid).expect(201);
    let path = format!("/v1/applications/{}", id_of(&created));
    let own = token(app, UserRole::Worker, worker);
    app.call("PATCH", &path, &own, &json!({"status": "shortlisted"}))
        .expect(200);
    app.patch(&path, &json!({"status": "agreed"})).expect(200);
}

/// A project with a designer and a writer, who have until 2027-03-31.
pub struct Case {
    pub organization: String,
    pub designer: String,
    pub writer: String,
    id: String,
    pub path: String,
    pub designer_application: String,
}

impl Case {
    pub fn new(app: &TestApp) -> Case {
        Case::with(app, json!({}))
    }

    pub fn with(app: &TestApp, more: Value) -> Case {
        let organization = app.organization("戸山ふれあいの会");
        let roles = json!([{"role": "designer", "places": 1, "skills": []}, {"role": "writer", "places": 1, "skills": []}]);
        let mut request = json!({"type": "website", "roles": roles, "format": "mid_long", "starts_on": "2026-10-01",
            "ends_on": "2027-03-31", "title": "会のウェブサイト"});
        merge(&mut request, more);
        let id = app.deliverable(&organization, request);
        let (designer, writer) = (
            app.worker(json!({"personal": {"name": "佐藤"}})),
            app.worker(json!({"roles": ["writer"]})),
        );
        app.get(&format!("/v1/projects/{id}")).expect(404);
        let designer_application = join(app, &id, &designer, "designer");
        app.get(&format!("/v1/projects/{id}")).expect(404);
        join(app, &id, &writer, "writer");
        Case {
            path: format!("/v1/projects/{id}"),
            organization,
            designer,
            writer,
            id,
            designer_application,
        }
    }

    fn show(&self, app: &TestApp) -> Value {
        app.get(&self.path).expect(200).json()
    }

    pub fn begin(&self, app: &TestApp) {
        app.patch(&self.path, &json!({"status": "in_progress"}))
            .expect(200);
    }

    pub fn add(&self, app: &TestApp, segment: &str, token: &str, body: &Value) -> Response {
        app.call("POST", &format!("{}/{segment}", self.path), token, body)
    }
}

fn history(app: &TestApp, case: &Case, token: &str) -> Vec<(String, String, Value)> {
    let path = format!("{}/history?limit=200", case.path);
    let page = app.call("GET", &path, token, &Value::Null).expect(200).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|one| (text(&one["subject"]), text(&one["action"]), one["detail"].clone()))
        .collect()
}

fn a_complete_team_becomes_a_project(app: &TestApp) {
    let case = Case::new(app);
    let project = case.show(app);
    assert_eq!(
        (&project["kind"], &project["status"], &project["title"]),
        (
            &json!("deliverable"),
            &json!("planned"),
            &json!("会のウェブサイト")
        )
    );
    assert_eq!(project["progress"], json!({"percent": 0, "words": "準備中"}));
    assert_eq!(project["organization_id"], case.organization.as_str());
    assert_eq!(
        (&project["area"], &project["fiscal_year"]),
        (&json!("131041"), &json!(2026))
    );
    let members = project["members"].as_array().unwrap();
    assert_eq!(
        members.iter().map(|one| &one["role"]).collect::<Vec<_>>(),
        [&json!("designer"), &json!("writer")]
    );
    assert_eq!(members[0]["worker_id"], case.designer.as_str());
    assert!(members[0]["alias"].is_string() && members[0]["left_at"].is_null());
    // A milestone for each phase of the type, evenly laid out until the last day.
    let kind = app.get("/v1/deliverable-types/website").expect(200).json();
    let phases: Vec<&Value> = kind["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|phase| &phase["ja"])
        .collect();
    let listed = app.get(&format!("{}/milestones", case.path)).expect(200).json();
    let milestones = listed["items"].as_array().unwrap();
    assert!(phases.len() > 2);
    assert_eq!(
        milestones.iter().map(|one| &one["title"]).collect::<Vec<_>>(),
        phases
    );
    let days: Vec<&str> = milestones
        .iter()
        .map(|one| one["due_on"].as_str().unwrap())
        .collect();
    assert!(days.is_sorted() && days[0] > "2026-10-01" && *days.last().unwrap() == "2027-03-31");
    assert_eq!(
        history(app, &case, &app.admin),
        [
            ("member".to_owned(), "joined".to_owned(), json!("writer")),
            ("member".to_owned(), "joined".to_owned(), json!("designer")),
            ("project".to_owned(), "created".to_owned(), json!("planned")),
        ]
    );
    // A single day has one milestone; a team from elsewhere begins with the work.
    let short = Case::with(app, json!({"format": "one_day", "ends_on": "2026-10-01"}));
    let listed = app.get(&format!("{}/milestones", short.path)).expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let elsewhere = app.deliverable(&case.organization, json!({"external_team": true}));
    let (path, project) = (
        format!("/v1/deliverables/{elsewhere}"),
        format!("/v1/projects/{elsewhere}"),
    );
    app.patch(&path, &json!({"status": "matched"})).expect(200);
    app.get(&project).expect(404);
    app.patch(&path, &json!({"status": "in_progress"})).expect(200);
    let project = app.get(&project).expect(200).json();
    assert_eq!(
        (&project["status"], &project["members"]),
        (&json!("in_progress"), &json!([]))
    );
    // Lists find it.
    let ids = |query: &str| -> Vec<String> {
        let page = app
            .get(&format!("/v1/projects?sort=created_at&{query}"))
            .expect(200)
            .json();
        let items = page["items"].as_array().unwrap().iter();
        items.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(""), [case.id.clone(), short.id.clone(), elsewhere.clone()]);
    assert_eq!(ids("status=in_progress"), [elsewhere.as_str()]);
    assert_eq!(ids(&format!("worker_id={}", case.designer)), [case.id.as_str()]);
    assert_eq!(
        ids(&format!("organization_id={}", short.organization)),
        [short.id]
    );
    assert_eq!(ids("kind=accompaniment"), Vec::<String>::new());
    assert_eq!(ids("area=13104&fiscal_year=2026&limit=1"), [case.id]);
    app.get("/v1/projects?area=999999").expect(422);
}

fn a_project_and_its_deliverable_agree_whichever_is_moved(app: &TestApp) {
    let statuses = |case: &Case| {
        let deliverable = app
            .get(&format!("/v1/deliverables/{}", case.id))
            .expect(200)
            .json();
        let text = |value: &Value| value["status"].as_str().unwrap().to_owned();
        (text(&deliverable), text(&case.show(app)))
    };
    let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    let (by_project, by_deliverable) = (Case::new(app), Case::new(app));
    let deliverable = format!("/v1/deliverables/{}", by_deliverable.id);
    for status in ["in_progress", "delivered"] {
        app.patch(&by_project.path, &json!({"status": status}))
            .expect(200);
        app.patch(&deliverable, &json!({"status": status})).expect(200);
        for case in [&by_project, &by_deliverable] {
            assert_eq!(statuses(case), pair(status, status));
        }
    }
    let delivered = by_project.show(app);
    assert_eq!(
        delivered["progress"],
        json!({"percent": 100, "words": "納品済み"})
    );
    let worker = app
        .get(&format!("/v1/workers/{}", by_project.designer))
        .expect(200)
        .json();
    assert_eq!(
        (&worker["here"]["delivered"], &worker["here"]["open_load"]),
        (&json!(1), &json!(0))
    );
    let illegal = app
        .patch(&by_project.path, &json!({"status": "in_progress"}))
        .expect(409);
    assert_eq!(illegal.code(), "illegal_transition");
    assert!(illegal.text.contains("delivered") && illegal.text.contains("closed"));
    app.patch(&by_project.path, &json!({"status": "closed"}))
        .expect(200);
    assert_eq!(statuses(&by_project), pair("delivered", "closed"));
    let late = app
        .patch(&by_project.path, &json!({"ends_on": "2027-04-30"}))
        .expect(409);
    assert_eq!(late.code(), "project_ended");
    let late = by_project
        .add(app, "notes", &app.admin, &json!({"text": "遅い"}))
        .expect(409);
    assert_eq!(late.code(), "project_ended");
    // Cancelling needs a reason; the deliverable, its applications and the team follow.
    let case = Case::new(app);
    let refused = app.patch(&case.path, &json!({"status": "cancelled"})).expect(422);
    assert_eq!(refused.faults(), [("/reason".into(), "missing_field".into())]);
    let refused = app.patch(&case.path, &json!({"reason": "schedule"})).expect(422);
    assert_eq!(refused.faults(), [("/reason".into(), "unexpected_reason".into())]);
    let cancelled =
        json!({"status": "cancelled", "reason": "schedule", "message": "年度内に終わらないため。"});
    let before = case.show(app)["version"].as_i64().unwrap();
    let stale = app.patch_with(&case.path, &[("if-match", "\"999\"")], &cancelled);
    assert_eq!(stale.expect(412).code(), "precondition_failed");
    let fresh = format!("\"{before}\"");
    let done = app
        .patch_with(&case.path, &[("if-match", &fresh)], &cancelled)
        .expect(200)
        .json();
    assert_eq!(
        (&done["status"], &done["reason"]),
        (&json!("cancelled"), &json!("schedule"))
    );
    assert_eq!(statuses(&case), pair("cancelled", "cancelled"));
    let request = app.get(&format!("/v1/deliverables/{}", case.id)).expect(200);
    assert_eq!(request.json()["cancellation_reason"], "schedule");
    assert!(
        done["members"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["reason"] == "request_closed")
    );
    // What a project takes from its deliverable doesn't change there.
    let case = Case::new(app);
    let foreign = json!({"title": "別の題", "organization_id": by_project.organization});
    assert_eq!(
        app.patch(&case.path, &foreign).expect(422).faults(),
        [
            ("/organization_id".into(), "not_permitted".into()),
            ("/title".into(), "not_permitted".into())
        ]
    );
    app.patch(
        &format!("/v1/deliverables/{}", case.id),
        &json!({"title": "別の題"}),
    )
    .expect(200);
    assert_eq!(case.show(app)["title"], "別の題");
    // Cancelled with its request, and for its reason.
    let cancelled = Case::new(app);
    let request = format!("/v1/deliverables/{}", cancelled.id);
    for (body, code) in [
        (json!({"status": "cancelled"}), "missing_field"),
        (json!({"cancellation_reason": "schedule"}), "unexpected_reason"),
    ] {
        assert_eq!(
            app.patch(&request, &body).expect(422).faults(),
            [("/cancellation_reason".into(), code.into())]
        );
    }
    app.patch(
        &request,
        &json!({"status": "cancelled", "cancellation_reason": "organization_unavailable"}),
    )
    .expect(200);
    let over = cancelled.show(app);
    assert_eq!(
        (&over["status"], &over["reason"]),
        (&json!("cancelled"), &json!("organization_unavailable"))
    );
    // Archived with its request.
    let path = format!("/v1/deliverables/{}", case.id);
    assert_eq!(
        app.delete(&path).expect(422).faults(),
        [("reason".into(), "missing_field".into())]
    );
    app.delete(&format!("{path}?reason=because")).expect(400);
    app.delete(&format!("{path}?reason=team_dissolved")).expect(204);
    let over = case.show(app);
    assert_eq!(
        (&over["status"], &over["reason"]),
        (&json!("cancelled"), &json!("team_dissolved"))
    );
    let archived = app
        .get(&format!("{path}?include_archived=true"))
        .expect(200)
        .json();
    assert_eq!(archived["archive_reason"], "team_dissolved");
    assert_eq!(archived["cancellation_reason"], json!(null));
    let told = app.get(&case.designer_application).expect(200).json();
    assert_eq!(
        (&told["status"], &told["reason"], &told["request_reason"]),
        (
            &json!("declined"),
            &json!("request_closed"),
            &json!("team_dissolved")
        )
    );
    // What has ended is archived without a reason.
    let ended = app.deliverable(&app.organization("風"), json!({}));
    let ended = format!("/v1/deliverables/{ended}");
    app.patch(&ended, &json!({"status": "cancelled"})).expect(200);
    assert_eq!(
        app.delete(&format!("{ended}?reason=other")).expect(422).faults(),
        [("reason".into(), "unexpected_reason".into())]
    );
    app.delete(&ended).expect(204);
}

/// It says who knows the theme, and who is free when the team meets: on a Saturday from ten to noon, in Tokyo. What is over
/// doesn't count.
fn a_ranking_says_who_can_join_a_team_at_work(app: &TestApp) {
    let replacement = app.worker(
        json!({"accepted_formats": ["mid_long"], "themes": ["dementia", "childcare"],
        "day_parts": ["saturday_morning"]}),
    );
    let late = app.worker(json!({"accepted_formats": ["mid_long"], "day_parts": ["sunday_evening"]}));
    let gone = json!({"status": "withdrawn", "reason": "health"});
    let themed = Case::with(app, json!({"themes": ["dementia"]}));
    let joining = |worker: &str| {
        let path = format!(
            "/v1/deliverables/{}/matches?fairness=off&role=designer",
            themed.id
        );
        let ranking = app.get(&path).expect(200).json();
        let items = ranking["items"].as_array().unwrap();
        let of_worker = items.iter().find(|one| one["worker"]["id"] == worker);
        of_worker.unwrap()["joining"].clone()
    };
    app.patch(&themed.designer_application, &gone).expect(200);
    assert_eq!(joining(&replacement), Value::Null, "the work hasn't begun");
    let back = join(
        app,
        &themed.id,
        &app.worker(json!({"accepted_formats": ["mid_long"]})),
        "designer",
    );
    themed.begin(app);
    app.patch(&back, &gone).expect(200);
    for (starts_at, ends_at) in [
        ("2026-11-07T01:00:00Z", "2026-11-07T03:00:00Z"),
        ("2099-11-07T01:00:00Z", "2099-11-07T03:00:00Z"),
    ] {
        let meeting = json!({"title": "定例", "starts_at": starts_at, "ends_at": ends_at});
        themed.add(app, "meetings", &app.admin, &meeting).expect(201);
    }
    assert_eq!(
        joining(&replacement),
        json!({"reasons": ["knows_theme", "free_at_meetings"], "shared_themes": ["dementia"], "meetings_ahead": 1,
            "free_at": 1, "because": "テーマ（認知症）に関心があります。予定されている打ち合わせ1回すべての曜日・時間帯に参加できます。"})
    );
    assert_eq!(
        joining(&late),
        json!({"reasons": [], "shared_themes": [], "meetings_ahead": 1, "free_at": 0, "because": ""})
    );
}

fn the_catalogue_says_how_long_projects_really_took(app: &TestApp) {
    let list = "/v1/deliverable-types";
    let of_type = |code: &str| {
        let listed = app.get(list).expect(200).json();
        let types = listed["items"].as_array().unwrap();
        let entry = types.iter().find(|one| one["code"] == code).unwrap();
        let single = app.get(&format!("{list}/{code}")).expect(200).json();
        assert_eq!(single["real_duration"], entry["real_duration"]);
        entry["real_duration"].clone()
    };
    let measure = || musubi::projects::durations::measure(&app.state.pool).unwrap();
    measure();
    let nothing = json!({"median_days": null, "deliveries": 0});
    assert_eq!(of_type("website"), nothing);
    let before = app.get(list).header("etag").to_owned();
    for starts_on in ["2026-10-01", "2026-11-01"] {
        let case = Case::with(app, json!({"starts_on": starts_on}));
        case.begin(app);
        app.patch(&case.path, &json!({"status": "delivered"})).expect(200);
    }
    app.get_with(list, &[("if-none-match", &before)]).expect(304);
    measure();
    app.get_with(list, &[("if-none-match", &before)]).expect(200);
    let first: chrono::NaiveDate = "2026-11-01".parse().unwrap();
    let shorter = (musubi::catalogue::calendar::today() - first).num_days() + 1;
    assert_eq!(
        of_type("website"),
        json!({"median_days": shorter, "deliveries": 2})
    );
    assert_eq!(of_type("flyer"), nothing);
}

fn milestones_carry_the_progress(app: &TestApp) {
    let case = Case::new(app);
    case.begin(app);
    let path = format!("{}/milestones", case.path);
    let listed = app.get(&path).expect(200).json();
    for one in listed["items"].as_array().unwrap() {
        app.delete(&format!("{path}/{}", one["id"].as_str().unwrap()))
            .expect(204);
    }
    let member = token(app, UserRole::Worker, &case.designer);
    let add = |body: Value| id_of(&case.add(app, "milestones", &member, &body).expect(201));
    let large = add(json!({"title": "制作", "due_on": "2026-12-01", "weight": 11}));
    let small = add(json!({"title": "引き継ぎ", "due_on": "2027-03-01"}));
    let done = json!({"progress": 100, "done_on": "2026-11-01"});
    app.call("PATCH", &format!("{path}/{large}"), &member, &done)
        .expect(200);
    let version = case.show(app)["version"].as_i64().unwrap();
    app.call(
        "PATCH",
        &format!("{path}/{small}"),
        &member,
        &json!({"progress": 4}),
    )
    .expect(200);
    let project = case.show(app);
    assert_eq!(project["progress"], json!({"percent": 92, "words": "進捗中"}));
    assert_eq!(
        project["version"],
        version + 1,
        "its tag changes with the progress"
    );
    let english = app.get_with(&case.path, &[("accept-language", "en")]).expect(200);
    assert_eq!(english.json()["progress"]["words"], "in progress");
    // What isn't done moves with the first day, as far as the last one leaves room.
    app.patch(&case.path, &json!({"starts_on": "2026-10-08"}))
        .expect(200);
    let due = |id: &str| app.get(&format!("{path}/{id}")).expect(200).json()["due_on"].clone();
    assert_eq!(
        (due(&large), due(&small)),
        (json!("2026-12-01"), json!("2027-03-02"))
    );
    app.delete(&format!("{path}/{large}")).expect(204);
    assert_eq!(case.show(app)["progress"]["percent"], 4);
    // Progress and day follow from each other, so that one of them says that it is done.
    let today = musubi::catalogue::calendar::today().to_string();
    let seen = |one: &Value| (one["progress"].as_u64().unwrap(), one["done_on"].clone());
    for (body, progress, done_on) in [
        (json!({"progress": 100}), 100, json!(today)),
        (json!({"progress": 30}), 30, Value::Null),
        (json!({"done_on": "2026-11-02"}), 100, json!("2026-11-02")),
        (json!({"progress": 100}), 100, json!("2026-11-02")),
        (json!({"title": "引き継ぎの会"}), 100, json!("2026-11-02")),
        (json!({"done_on": null}), 0, Value::Null),
        (json!({"progress": 99, "done_on": null}), 99, Value::Null),
        (json!({"done_on": null}), 99, Value::Null),
    ] {
        let changed = app.call("PATCH", &format!("{path}/{small}"), &member, &body);
        assert_eq!(seen(&changed.expect(200).json()), (progress, done_on), "{body}");
    }
    for progress in [0, 50] {
        let both = json!({"progress": progress, "done_on": "2026-11-02"});
        let refused = app.call("PATCH", &format!("{path}/{small}"), &member, &both);
        assert_eq!(
            refused.expect(422).faults(),
            [("/progress".into(), "progress_mismatch".into())]
        );
    }
    for (more, expected) in [
        (json!({"progress": 100}), (100, json!(today))),
        (json!({"done_on": "2026-11-03"}), (100, json!("2026-11-03"))),
    ] {
        let mut body = json!({"title": "配布", "due_on": "2027-03-02"});
        merge(&mut body, more);
        let made = case.add(app, "milestones", &member, &body).expect(201).json();
        assert_eq!(seen(&made), expected);
    }
}

fn somebody_drops_out_and_the_work_goes_on(app: &TestApp) {
    let case = Case::new(app);
    case.begin(app);
    let gone = json!({"status": "withdrawn", "reason": "health"});
    app.patch(&case.designer_application, &gone).expect(200);
    let project = case.show(app);
    assert_eq!(project["status"], "in_progress");
    assert!(project["vacant_since"].is_string());
    let members = project["members"].as_array().unwrap();
    assert_eq!((&members[0]["reason"], members.len()), (&json!("health"), 2));
    assert!(members[0]["left_at"].is_string());
    // The ranking is for the open place, and the worker who is found gets it.
    let replacement = app.worker(json!({"accepted_formats": ["mid_long"]}));
    let ranking = app
        .get(&format!("/v1/deliverables/{}/matches?fairness=off", case.id))
        .expect(200)
        .json();
    let roles: Vec<&Value> = ranking["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["role"])
        .collect();
    assert!(
        !roles.is_empty() && roles.iter().all(|role| *role == "designer"),
        "{ranking}"
    );
    replace(app, &case.id, &replacement, "designer");
    let project = case.show(app);
    assert_eq!(
        (&project["status"], &project["vacant_since"]),
        (&json!("in_progress"), &Value::Null)
    );
    let present = |one: &&Value| one["left_at"].is_null();
    assert_eq!(
        project["members"]
            .as_array()
            .unwrap()
            .iter()
            .filter(present)
            .count(),
        2
    );
    let listed = app.get("/v1/projects").expect(200).json();
    let team: Vec<&Value> = listed["items"][0]["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["worker_id"])
        .collect();
    assert_eq!(team, [&json!(case.writer), &json!(replacement)]);
    let happened = history(app, &case, &app.admin);
    assert_eq!(
        happened[..2].iter().map(|one| one.1.as_str()).collect::<Vec<_>>(),
        ["joined", "left"]
    );
    // Before the work begins, the request opens again and the project waits.
    let planned = Case::new(app);
    app.patch(&planned.designer_application, &gone).expect(200);
    assert_eq!(planned.show(app)["status"], "planned");
    assert_eq!(planned.show(app)["vacant_since"], Value::Null);
    join(app, &planned.id, &app.worker(json!({})), "designer");
    planned.begin(app);
}

fn everyone_reads_and_writes_what_belongs_to_their_seat(app: &TestApp) {
    let case = Case::new(app);
    case.begin(app);
    let coordinator = token(app, UserRole::Coordinator, "131041");
    let elsewhere = token(app, UserRole::Coordinator, "131130");
    let organization = token(app, UserRole::Organization, &case.organization);
    let stranger = token(app, UserRole::Organization, &app.organization("隣の会"));
    let member = token(app, UserRole::Worker, &case.designer);
    let mate = token(app, UserRole::Worker, &case.writer);
    let outsider = token(app, UserRole::Worker, &app.worker(json!({})));
    let get = |token: &str, path: &str| app.call("GET", path, token, &Value::Null);
    for (token, status) in [
        (&coordinator, 200),
        (&organization, 200),
        (&member, 200),
        (&mate, 200),
        (&elsewhere, 404),
        (&stranger, 404),
        (&outsider, 404),
    ] {
        get(token, &case.path).expect(status);
        get(token, &format!("{}/notes", case.path)).expect(status);
        get(token, &format!("{}/history", case.path)).expect(status);
        let listed = get(token, "/v1/projects").expect(200).json();
        assert_eq!(
            listed["items"].as_array().unwrap().len(),
            usize::from(status == 200)
        );
    }
    // Who writes which kind.
    let bodies = [
        (
            "milestones",
            json!({"title": "試写", "due_on": "2026-12-01"}),
            [201, 403, 201],
        ),
        (
            "meetings",
            json!({"title": "定例", "starts_at": "2026-11-07T01:00:00Z"}),
            [201, 201, 201],
        ),
        (
            "hours",
            json!({"worked_on": "2026-11-01", "minutes": 60, "worker_id": case.designer}),
            [201, 403, 201],
        ),
        ("artifacts", json!({"title": "案"}), [201, 201, 201]),
        ("risks", json!({"title": "遅れ", "level": "low"}), [201, 201, 201]),
        ("notes", json!({"text": "写真を集める"}), [201, 201, 201]),
    ];
    for (segment, body, expected) in &bodies {
        for (token, status) in [&coordinator, &organization, &member].into_iter().zip(expected) {
            let answer = case.add(app, segment, token, body);
            assert_eq!(answer.status, *status, "{segment} {}", answer.text);
        }
        case.add(app, segment, &outsider, body).expect(404);
    }
    // Notes for coordinators stay with them, in lists, alone and in the history.
    let secret = json!({"text": "himitsu-note", "visibility": "coordinators"});
    let note = id_of(&case.add(app, "notes", &coordinator, &secret).expect(201));
    for token in [&organization, &member] {
        assert_eq!(
            case.add(app, "notes", token, &secret).expect(422).faults(),
            [("/visibility".into(), "not_permitted".into())]
        );
        get(token, &format!("{}/notes/{note}", case.path)).expect(404);
        assert!(
            !get(token, &format!("{}/notes", case.path))
                .text
                .contains("himitsu")
        );
        assert!(
            !get(token, &format!("{}/history?limit=200", case.path))
                .text
                .contains(&note)
        );
    }
    assert!(
        get(&coordinator, &format!("{}/history", case.path))
            .text
            .contains(&note)
    );
    // Hours and notes are changed by those whose they are.
    let own = id_of(
        &case
            .add(app, "notes", &member, &json!({"text": "自分のメモ"}))
            .expect(201),
    );
    let path = format!("{}/notes/{own}", case.path);
    app.call("PATCH", &path, &organization, &json!({"text": "別の文"}))
        .expect(403);
    app.call("PATCH", &path, &member, &json!({"text": "別の文"}))
        .expect(200);
    app.call("DELETE", &path, &coordinator, &Value::Null).expect(204);
    let hours = json!({"worked_on": "2026-11-02", "minutes": 90, "note": "ラフ案"});
    let hours = id_of(&case.add(app, "hours", &member, &hours).expect(201));
    let path = format!("{}/hours/{hours}", case.path);
    assert_eq!(
        get(&mate, &path).expect(200).json()["worker_id"],
        case.designer.as_str()
    );
    app.call("PATCH", &path, &mate, &json!({"minutes": 10}))
        .expect(403);
    let foreign = json!({"worked_on": "2026-11-02", "minutes": 90, "worker_id": case.designer});
    assert_eq!(
        case.add(app, "hours", &mate, &foreign).expect(422).faults(),
        [("/worker_id".into(), "not_permitted".into())]
    );
    // Nobody but an office learns who an actor is, and only it moves projects.
    let created_by = |token: &str| {
        get(token, &path).json()["created_by"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let author = format!("worker:worker-{}", case.designer);
    assert_eq!(
        [&mate, &member, &coordinator].map(|token| created_by(token)),
        ["worker", author.as_str(), author.as_str()]
    );
    for token in [&organization, &member] {
        let refused = app
            .call("PATCH", &case.path, token, &json!({"status": "delivered"}))
            .expect(403);
        assert_eq!(refused.code(), "insufficient_scope");
    }
    // Who has left sees the project, themselves, and their own hours.
    app.patch(
        &case.designer_application,
        &json!({"status": "withdrawn", "reason": "schedule"}),
    )
    .expect(200);
    let shown = get(&member, &case.path).expect(200).json();
    assert_eq!(shown["title"], "会のウェブサイト");
    assert_eq!(shown["members"].as_array().unwrap().len(), 1);
    let count = |segment: &str| {
        let listed = get(&member, &format!("{}/{segment}", case.path))
            .expect(200)
            .json();
        listed["items"].as_array().unwrap().len()
    };
    assert_eq!(
        (
            count("hours"),
            count("notes"),
            count("milestones"),
            count("history")
        ),
        (3, 0, 0, 0)
    );
    case.add(
        app,
        "hours",
        &member,
        &json!({"worked_on": "2026-11-02", "minutes": 1}),
    )
    .expect(403);
    app.call("PATCH", &path, &member, &json!({"minutes": 10}))
        .expect(403);
    // A partner sees its volunteers' memberships, and nothing of the work.
    let (_, partner) = app.partner(json!({"code": "other"}));
    get(&partner, &case.path).expect(404);
    assert_eq!(
        get(&partner, &format!("{}/notes", case.path)).expect(403).code(),
        "insufficient_scope"
    );
    let narrow = app.token_with("project_work:read");
    let plain = get(&narrow, &path).expect(200).json();
    assert_eq!((&plain["note"], &plain["minutes"]), (&Value::Null, &json!(90)));
}

fn bad_input_has_its_code(app: &TestApp) {
    let case = Case::new(app);
    case.begin(app);
    let member = token(app, UserRole::Worker, &case.designer);
    let tomorrow = (chrono::Utc::now() + chrono::Duration::days(2))
        .date_naive()
        .to_string();
    let stranger = app.worker(json!({}));
    let milestone = |more: Value| {
        let mut body = json!({"title": "制作", "due_on": "2026-12-01"});
        merge(&mut body, more);
        ("milestones", body)
    };
    let meeting = |more: Value| {
        let mut body = json!({"title": "定例", "starts_at": "2026-11-07T01:00:00Z"});
        merge(&mut body, more);
        ("meetings", body)
    };
    let hours = |more: Value| {
        let mut body = json!({"worked_on": "2026-11-01", "minutes": 60});
        merge(&mut body, more);
        ("hours", body)
    };
    for ((segment, body), pointer, code) in [
        (milestone(json!({"progress": 101})), "/progress", "out_of_range"),
        (milestone(json!({"progress": -1})), "/progress", "out_of_range"),
        (milestone(json!({"weight": 0})), "/weight", "out_of_range"),
        (
            milestone(json!({"progress": 1, "done_on": "2026-11-01"})),
            "/progress",
            "progress_mismatch",
        ),
        (
            milestone(json!({"progress": 99, "done_on": "2026-11-01"})),
            "/progress",
            "progress_mismatch",
        ),
        (
            milestone(json!({"progress": 100, "done_on": tomorrow})),
            "/done_on",
            "day_in_future",
        ),
        (
            milestone(json!({"due_on": "2026-09-30"})),
            "/due_on",
            "dates_reversed",
        ),
        (milestone(json!({"title": " "})), "/title", "blank"),
        (
            meeting(json!({"ends_at": "2026-11-07T00:59:59Z"})),
            "/ends_at",
            "dates_reversed",
        ),
        (
            meeting(json!({"link": "javascript:alert(1)"})),
            "/link",
            "invalid_url",
        ),
        (
            meeting(json!({"attendee_ids": [case.designer, case.designer]})),
            "/attendee_ids",
            "duplicate",
        ),
        (
            meeting(json!({"attendee_ids": [stranger]})),
            "/attendee_ids/0",
            "not_a_member",
        ),
        (
            hours(json!({"worked_on": tomorrow})),
            "/worked_on",
            "day_in_future",
        ),
        (hours(json!({"minutes": 0})), "/minutes", "out_of_range"),
        (hours(json!({"minutes": 1441})), "/minutes", "out_of_range"),
        (("notes", json!({})), "/text", "missing_field"),
        (
            ("risks", json!({"title": "遅れ", "level": "huge"})),
            "/level",
            "unknown_value",
        ),
        (
            ("artifacts", json!({"title": "案", "status": "submitted"})),
            "/link",
            "missing_content",
        ),
    ] {
        let answer = case.add(app, segment, &member, &body).expect(422);
        assert_eq!(
            answer.faults(),
            [(pointer.into(), code.into())],
            "{segment} {body}"
        );
    }
    // A day has 24 hours, over all entries.
    case.add(app, "hours", &member, &hours(json!({"minutes": 1000})).1)
        .expect(201);
    let more = case
        .add(app, "hours", &member, &hours(json!({"minutes": 441})).1)
        .expect(422);
    assert_eq!(more.faults(), [("/minutes".into(), "day_exceeded".into())]);
    case.add(app, "hours", &member, &hours(json!({"minutes": 440})).1)
        .expect(201);
    let unnamed = case
        .add(app, "hours", &app.admin, &hours(json!({})).1)
        .expect(422);
    assert_eq!(unnamed.faults(), [("/worker_id".into(), "missing_field".into())]);
    let stranger = case
        .add(app, "hours", &app.admin, &hours(json!({"worker_id": stranger})).1)
        .expect(422);
    assert_eq!(stranger.faults(), [("/worker_id".into(), "not_a_member".into())]);
    let reversed = app
        .patch(&case.path, &json!({"ends_on": "2026-09-01"}))
        .expect(422);
    assert_eq!(reversed.faults(), [("/ends_on".into(), "dates_reversed".into())]);
    // A number of milestones is enough.
    let listed = app.get(&format!("{}/milestones", case.path)).expect(200).json();
    for _ in listed["items"].as_array().unwrap().len()..100 {
        case.add(app, "milestones", &app.admin, &milestone(json!({})).1)
            .expect(201);
    }
    let more = case
        .add(app, "milestones", &app.admin, &milestone(json!({})).1)
        .expect(409);
    assert_eq!(more.code(), "too_many_entries");
    // Pages go through all of them once, by day.
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = app
            .get(&format!("{}/milestones?limit=30{next}", case.path))
            .expect(200)
            .json();
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["due_on"].to_string()),
        );
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert!(seen.len() == 100 && seen.is_sorted());
}

fn an_artifact_is_submitted_returned_and_accepted(app: &TestApp) {
    let case = Case::new(app);
    case.begin(app);
    let (member, organization) = (
        token(app, UserRole::Worker, &case.designer),
        token(app, UserRole::Organization, &case.organization),
    );
    let id = id_of(
        &case
            .add(app, "artifacts", &member, &json!({"title": "サイト案"}))
            .expect(201),
    );
    let path = format!("{}/artifacts/{id}", case.path);
    let file = format!("{path}/file");
    let send = |token: &str, kind: &str, bytes: &[u8]| {
        let bearer = format!("Bearer {token}");
        app.send(
            "PUT",
            &file,
            &[("authorization", &bearer), ("content-type", kind)],
            bytes,
        )
    };
    let fault = |answer: Response| answer.expect(422).faults();
    let at_file = |code: &str| vec![("/file".to_owned(), code.to_owned())];
    app.call("GET", &file, &member, &Value::Null).expect(404);
    assert_eq!(
        fault(send(&member, "image/svg+xml", b"<svg/>")),
        at_file("unsupported_file_type")
    );
    assert_eq!(
        fault(send(&member, "image/png", b"%PDF-1.7")),
        at_file("file_type_mismatch")
    );
    assert_eq!(
        fault(send(&member, "application/octet-stream", b"hello")),
        at_file("unsupported_file_type")
    );
    assert_eq!(
        fault(send(&member, "application/pdf", b"")),
        at_file("empty_file")
    );
    send(&organization, "application/pdf", b"%PDF-1.7").expect(404);
    let mut large = b"%PDF-1.7\n".to_vec();
    large.resize(20 * 1024 * 1024 + 1, b'x');
    assert_eq!(
        send(&member, "application/pdf", &large).expect(413).code(),
        "too_large"
    );
    large.truncate(2 * 1024 * 1024 + 77);
    let stored = send(&member, "application/pdf", &large).expect(200).json();
    assert_eq!(
        (
            &stored["status"],
            &stored["revision"],
            &stored["file"]["size_bytes"]
        ),
        (&json!("submitted"), &json!(1), &json!(large.len()))
    );
    // It has the artifact's name, in any script, and one in ASCII for old programs.
    let named = app.call("GET", &file, &organization, &Value::Null).expect(200);
    assert_eq!(
        named.header("content-disposition"),
        format!(
            "attachment; filename=\"artifact-{id}.pdf\"; filename*=UTF-8''%E3%82%B5%E3%82%A4%E3%83%88%E6%A1%88.pdf"
        )
    );
    let bytes = app.bytes(&file, &format!("Bearer {organization}"));
    assert!(bytes == large, "what comes out is what went in");
    // The organization answers, and only it.
    let patch = |token: &str, body: Value| app.call("PATCH", &path, token, &body);
    assert_eq!(
        patch(&member, json!({"status": "accepted"})).expect(422).faults(),
        [("/status".into(), "not_permitted".into())]
    );
    let wordless = patch(&organization, json!({"status": "returned"})).expect(422);
    assert_eq!(wordless.faults(), [("/answer".into(), "missing_field".into())]);
    let returned = json!({"status": "returned", "answer": "電話番号を直してください。"});
    patch(&organization, returned).expect(200);
    assert_eq!(
        patch(&organization, json!({"status": "accepted"}))
            .expect(409)
            .code(),
        "illegal_transition"
    );
    let again = send(&member, "application/pdf", b"%PDF-1.7 second")
        .expect(200)
        .json();
    assert_eq!(
        (&again["status"], &again["revision"], &again["answer"]),
        (&json!("submitted"), &json!(2), &Value::Null)
    );
    assert_eq!(app.bytes(&file, &format!("Bearer {member}")), b"%PDF-1.7 second");
    app.patch_read(&path, &organization, &json!({"status": "accepted"}))
        .expect(200);
    assert_eq!(
        send(&member, "application/pdf", b"%PDF-1.7").expect(409).code(),
        "illegal_transition"
    );
    let late = patch(&member, json!({"title": "別の題"})).expect(409);
    assert_eq!(late.code(), "illegal_transition");
    // A link needs no file.
    let link = json!({"title": "動画", "link": "https://example.jp/v", "status": "submitted"});
    let link = case.add(app, "artifacts", &member, &link).expect(201).json();
    assert_eq!((&link["revision"], &link["file"]), (&json!(1), &Value::Null));
    let answers = app.get(&path).expect(200).json()["answers"].clone();
    let said = |n: usize, name: &str| answers[n][name].clone();
    assert_eq!(
        [
            said(0, "revision"),
            said(0, "status"),
            said(0, "answer"),
            said(1, "revision"),
            said(1, "status"),
            said(1, "answer")
        ],
        [
            json!(1),
            json!("returned"),
            json!("電話番号を直してください。"),
            json!(2),
            json!("accepted"),
            Value::Null
        ]
    );
    // The history says how far each came, and when.
    let moves: Vec<(String, Value)> = history(app, &case, &organization)
        .into_iter()
        .filter(|(subject, ..)| subject == "artifact")
        .map(|(_, action, detail)| (action, detail))
        .collect();
    let expected = [
        ("created", "submitted"),
        ("moved", "accepted"),
        ("moved", "submitted"),
        ("moved", "returned"),
        ("moved", "submitted"),
        ("created", "draft"),
    ];
    assert_eq!(
        moves,
        expected.map(|(action, detail)| (action.to_owned(), json!(detail)))
    );
    // An accepted one stays, for everybody.
    for caller in [&member, &app.admin] {
        let refused = app.call("DELETE", &path, caller, &Value::Null).expect(409);
        assert_eq!(refused.code(), "illegal_transition");
    }
    assert_eq!(app.bytes(&file, &format!("Bearer {member}")), b"%PDF-1.7 second");
    // Deleting another one deletes the file.
    let path = format!("{}/artifacts/{}", case.path, link["id"].as_str().unwrap());
    let (file, bearer) = (format!("{path}/file"), format!("Bearer {member}"));
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/pdf"),
    ];
    app.send("PUT", &file, &headers, b"%PDF-1.7").expect(200);
    app.call("DELETE", &path, &member, &Value::Null).expect(204);
    app.call("GET", &file, &member, &Value::Null).expect(404);
}

/// Adds an artifact, and returns the path of its file.
fn artifact(app: &TestApp, case: &Case) -> String {
    let created = case.add(app, "artifacts", &app.admin, &json!({"title": "サイト案"}));
    format!("{}/artifacts/{}/file", case.path, id_of(&created.expect(201)))
}

fn put_pdf(app: &TestApp, path: &str, token: &str, size: usize) -> Response {
    let mut file = b"%PDF-1.7\n".to_vec();
    file.resize(size, b'x');
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/pdf"),
    ];
    app.send("PUT", path, &headers, &file)
}

fn the_files_of_a_project_share_its_room(app: &TestApp) {
    const KIB: usize = 1024;
    let app = &app.another_with(&["--project-files-mib=3"]);
    let (case, other) = (Case::new(app), Case::new(app));
    case.begin(app);
    other.begin(app);
    let (one, two) = (artifact(app, &case), artifact(app, &case));
    let send = |path: &str, size| put_pdf(app, path, &app.admin, size);
    send(&one, 2000 * KIB).expect(200);
    let full = send(&two, 1100 * KIB).expect(429);
    assert_eq!(full.code(), "project_storage_exceeded");
    assert!(full.header("retry-after").parse::<u32>().unwrap() > 0);
    app.get(&two).expect(404);
    send(&two, 1000 * KIB).expect(200);
    // What is replaced makes room, and nothing is lost where the next one has none.
    assert_eq!(
        send(&two, 1100 * KIB).expect(429).code(),
        "project_storage_exceeded"
    );
    assert_eq!(
        app.bytes(&two, &format!("Bearer {}", app.admin)).len(),
        1000 * KIB
    );
    send(&one, 100 * KIB).expect(200);
    send(&two, 2900 * KIB).expect(200);
    // Neither a larger file nor one of unknown length passes.
    assert_eq!(send(&two, 3 * KIB * KIB + 1).expect(413).code(), "too_large");
    let head = format!(
        "PUT {one} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/pdf\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        app.admin
    );
    let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    let chunk = format!("%PDF-1.7\n{}", "x".repeat(200 * KIB));
    let body = format!("{head}{:x}\r\n{chunk}\r\n0\r\n\r\n", chunk.len());
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 429") && answer.contains("project_storage_exceeded"),
        "{answer}"
    );
    // The room of another project is counted apart; a deleted artifact gives its room back.
    send(&artifact(app, &other), 2000 * KIB).expect(200);
    app.delete(two.trim_end_matches("/file")).expect(204);
    send(&one, 3000 * KIB).expect(200);
}

fn the_files_of_an_organization_and_of_all_share_their_room(app: &TestApp) {
    const MIB: usize = 1024 * 1024;
    let limits = [
        "--project-files-mib=2",
        "--project-files-organization-mib=3",
        "--project-files-total-mib=5",
    ];
    let app = &app.another_with(&limits);
    let (case, other) = (Case::new(app), Case::new(app));
    let visits = json!({"organization_id": case.organization, "title": "伴走支援",
        "accompaniment": {"needs": "担い手", "supports": ["consultation"]}});
    let visits = Case {
        path: format!(
            "/v1/projects/{}",
            id_of(&app.post("/v1/projects", &visits).expect(201))
        ),
        ..Case::new(app)
    };
    let send = |path: &str, size| put_pdf(app, path, &app.admin, size);
    let refused = |path: &str, size| {
        let full = send(path, size).expect(429);
        assert_eq!(full.code(), "project_storage_exceeded");
    };
    let (one, two) = (artifact(app, &case), artifact(app, &visits));
    send(&one, 2 * MIB).expect(200);
    // Another project of the same organization.
    refused(&two, 2 * MIB);
    send(&two, MIB).expect(200);
    // Another organization, and all together.
    let three = artifact(app, &other);
    send(&three, 2 * MIB).expect(200);
    let fourth = artifact(app, &Case::new(app));
    refused(&fourth, MIB);
    // What is replaced or deleted makes room.
    send(&three, MIB).expect(200);
    send(&fourth, MIB).expect(200);
    app.delete(one.trim_end_matches("/file")).expect(204);
    send(&two, 2 * MIB).expect(200);
}

fn a_caller_sends_few_files_at_once(app: &TestApp) {
    let app = &app.another_with(&["--max-uploads=1"]);
    let case = Case::new(app);
    case.begin(app);
    let (one, two) = (artifact(app, &case), artifact(app, &case));
    let member = token(app, UserRole::Worker, &case.designer);
    let head = format!(
        "PUT {one} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/pdf\r\n\
         Content-Length: 1000\r\n\r\n%PDF-1.7",
        app.admin
    );
    let send_slowly = || {
        let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    // A slow one that comes second is refused itself, and has to be sent again.
    let mut slow = send_slowly();
    let mut last = None;
    app.until(|| {
        let answer = put_pdf(app, &two, &app.admin, 100);
        let is_refused = answer.status == 429;
        if !is_refused {
            slow = send_slowly();
        }
        last = Some(answer);
        is_refused
    });
    let refused = last.unwrap();
    assert_eq!(refused.code(), "too_many_uploads");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    // Others have slots of their own, and a connection that breaks gives its one back.
    put_pdf(app, &two, &member, 100).expect(200);
    drop(slow);
    app.until(|| put_pdf(app, &two, &app.admin, 100).status == 200);
}

fn an_accompaniment_has_no_deliverable(app: &TestApp) {
    let body =
        json!({"name": "新宿区社会福祉協議会", "area": "131041", "kind": "social_welfare_corporation"});
    let organization = id_of(&app.post("/v1/organizations", &body).expect(201));
    let mut new = json!({"organization_id": organization, "title": "居場所づくりの伴走支援", "starts_on": "2027-04-01",
        "accompaniment": {"needs": "担い手が見つからない。", "supports": ["consultation", "workshop"],
            "advisors": ["himitsu 田中"]}});
    let here = token(app, UserRole::Coordinator, "131041");
    let elsewhere = token(app, UserRole::Coordinator, "131130");
    let own = token(app, UserRole::Organization, &organization);
    let create = |token: &str, body: &Value| app.call("POST", "/v1/projects", token, body);
    assert_eq!(
        create(&elsewhere, &new).expect(422).faults(),
        [("/organization_id".into(), "unknown_organization".into())]
    );
    assert_eq!(create(&own, &new).expect(403).code(), "insufficient_scope");
    let mut twice = new.clone();
    twice["accompaniment"]["supports"] = json!(["workshop", "consultation", "workshop"]);
    assert_eq!(
        create(&here, &twice).expect(422).faults(),
        [("/accompaniment/supports".into(), "duplicate".into())]
    );
    let created = create(&here, &new).expect(201).json();
    assert_eq!(
        (
            &created["kind"],
            &created["status"],
            &created["fiscal_year"],
            &created["area"]
        ),
        (
            &json!("accompaniment"),
            &json!("planned"),
            &json!(2027),
            &json!("131041")
        )
    );
    let path = format!("/v1/projects/{}", created["id"].as_str().unwrap());
    let patch = |body: Value| app.call("PATCH", &path, &here, &body);
    patch(json!({"status": "delivered"})).expect(409);
    patch(json!({"status": "in_progress", "title": "居場所づくり"})).expect(200);
    let visit = json!({"title": "訪問", "starts_at": "2027-05-01T01:00:00Z", "location": "社協"});
    app.call("POST", &format!("{path}/meetings"), &own, &visit)
        .expect(201);
    patch(json!({"accompaniment": {"outcome": "居場所が2つできた。"}})).expect(200);
    assert_eq!(
        patch(json!({"accompaniment": null})).expect(422).faults(),
        [("/accompaniment".into(), "missing_field".into())]
    );
    patch(json!({"status": "delivered"})).expect(200);
    let closed = patch(json!({"status": "closed"})).expect(200).json();
    assert_eq!(closed["accompaniment"]["outcome"], "居場所が2つできた。");
    app.call("GET", &path, &elsewhere, &Value::Null).expect(404);
    app.call("GET", &path, &own, &Value::Null).expect(200);
    assert!(
        !app.call("GET", &path, &app.token_with("projects:read"), &Value::Null)
            .text
            .contains("himitsu")
    );
    merge(&mut new, json!({"accompaniment": null}));
    assert_eq!(
        create(&here, &new).expect(422).faults(),
        [("/accompaniment".into(), "missing_field".into())]
    );
}

fn what_waits_in_projects_is_in_the_worklist(app: &TestApp) {
    let case = Case::new(app);
    let tokens = [
        token(app, UserRole::Coordinator, "131041"),
        token(app, UserRole::Organization, &case.organization),
        token(app, UserRole::Worker, &case.designer),
    ];
    let waiting = |kind: &str| {
        tokens.each_ref().map(|token| {
            let page = app
                .call("GET", &format!("/v1/tasks?kind={kind}"), token, &Value::Null)
                .expect(200)
                .json();
            let items = page["items"].as_array().unwrap().clone();
            for task in &items {
                let read = app
                    .call("GET", task["href"].as_str().unwrap(), token, &Value::Null)
                    .expect(200);
                assert_eq!(read.json()["id"], task["id"]);
                assert_eq!(task["title"], "会のウェブサイト");
            }
            items.len()
        })
    };
    app.patch(&case.path, &json!({"starts_on": "2026-01-01"}))
        .expect(200);
    let late = json!({"title": "遅れた", "due_on": "2026-01-02"});
    case.add(app, "milestones", &app.admin, &late).expect(201);
    assert_eq!(
        waiting("finish_milestone"),
        [0, 0, 0],
        "not before the work begins"
    );
    case.begin(app);
    let overdue = waiting("finish_milestone")[0];
    assert!(overdue >= 1);
    assert_eq!(
        waiting("finish_milestone"),
        [overdue, 0, overdue],
        "those who may write it"
    );
    let done = json!({"progress": 100});
    let late = &case.add(app, "milestones", &app.admin, &late).expect(201);
    let late = format!("{}/milestones/{}", case.path, id_of(late));
    for (token, status) in tokens.iter().zip([200, 403, 200]) {
        app.call("PATCH", &late, token, &done).expect(status);
    }
    let link = json!({"title": "案", "link": "https://example.jp/1", "status": "submitted"});
    let artifact = id_of(&case.add(app, "artifacts", &tokens[2], &link).expect(201));
    assert_eq!(waiting("answer_artifact"), [1, 1, 0]);
    assert_eq!(waiting("revise_artifact"), [0, 0, 0]);
    let at = format!("{}/artifacts/{artifact}", case.path);
    let returned = json!({"status": "returned", "answer": "電話番号を直してください。"});
    app.call("PATCH", &at, &tokens[1], &returned).expect(200);
    assert_eq!(waiting("answer_artifact"), [0, 0, 0]);
    assert_eq!(waiting("revise_artifact"), [0, 0, 1], "who handed it in");
    let anew = json!({"status": "submitted", "link": "https://example.jp/2"});
    let anew = app.call("PATCH", &at, &tokens[2], &anew).expect(200).json();
    assert_eq!((&anew["answer"], &anew["revision"]), (&Value::Null, &json!(2)));
    assert_eq!(waiting("revise_artifact"), [0, 0, 0]);
    // What the office handed in is the team's to change.
    let theirs = json!({"title": "事務局案", "link": "https://example.jp/3", "status": "submitted"});
    let theirs = id_of(&case.add(app, "artifacts", &tokens[0], &theirs).expect(201));
    let theirs = format!("{}/artifacts/{theirs}", case.path);
    app.call("PATCH", &theirs, &tokens[1], &returned).expect(200);
    assert_eq!(waiting("revise_artifact"), [0, 0, 1]);
    app.call("DELETE", &theirs, &tokens[0], &Value::Null).expect(204);
    assert_eq!(waiting("answer_artifact"), [1, 1, 0]);
    let accepted = json!({"status": "accepted"});
    app.patch_read(
        &format!("{}/artifacts/{artifact}", case.path),
        &tokens[1],
        &accepted,
    )
    .expect(200);
    assert_eq!(waiting("answer_artifact"), [0, 0, 0]);
    assert_eq!(waiting("fill_place"), [0, 0, 0]);
    app.patch(
        &case.designer_application,
        &json!({"status": "withdrawn", "reason": "health"}),
    )
    .expect(200);
    assert_eq!(waiting("fill_place"), [1, 0, 0]);
    replace(app, &case.id, &app.worker(json!({})), "designer");
    assert_eq!(waiting("fill_place"), [0, 0, 0]);
    app.patch(&case.path, &json!({"status": "delivered"})).expect(200);
    assert_eq!(waiting("close_project"), [1, 0, 0]);
    app.patch(&case.path, &json!({"status": "closed"})).expect(200);
    assert_eq!(waiting("close_project"), [0, 0, 0]);
    assert_eq!(waiting("finish_milestone"), [0, 0, 0]);
    let counts = app
        .call("GET", "/v1/tasks/counts", &tokens[0], &Value::Null)
        .expect(200)
        .json();
    assert!(counts.to_string().contains("close_project"));
}

fn a_person_is_erased_from_projects_and_hours_still_count(app: &TestApp) {
    let case = Case::new(app);
    case.begin(app);
    let member = token(app, UserRole::Worker, &case.designer);
    let worked = json!({"worked_on": "2026-11-01", "minutes": 60, "note": "himitsu-hours"});
    let hours = id_of(&case.add(app, "hours", &member, &worked).expect(201));
    let note = id_of(
        &case
            .add(app, "notes", &member, &json!({"text": "himitsu-note"}))
            .expect(201),
    );
    let meeting = json!({"title": "himitsu-meeting", "starts_at": "2026-11-07T01:00:00Z", "minutes": "himitsu-minutes",
        "location": "himitsu-location", "link": "https://example.jp/himitsu", "attendee_ids": [case.designer]});
    let meeting = id_of(&case.add(app, "meetings", &member, &meeting).expect(201));
    let risk = json!({"title": "himitsu-risk", "level": "low", "measure": "himitsu-measure"});
    let risk = id_of(&case.add(app, "risks", &member, &risk).expect(201));
    let data = app
        .get(&format!("/v1/workers/{}/personal-data", case.designer))
        .expect(200)
        .json();
    assert_eq!(data["projects"][0]["project_id"], case.id.as_str());
    assert_eq!(data["project_work"].as_array().unwrap().len(), 4);
    assert!(data["project_work"].to_string().contains("himitsu-note"));
    app.delete(&format!("/v1/workers/{}", case.designer)).expect(204);
    let mut dump = Vec::new();
    musubi::backup::create(&app.state.pool, &mut dump).unwrap();
    assert!(!String::from_utf8(dump).unwrap().contains("himitsu"));
    let project = case.show(app);
    assert_eq!(project["members"].as_array().unwrap().len(), 2);
    assert_eq!(project["members"][0]["worker_id"], Value::Null);
    let hours = app
        .get(&format!("{}/hours/{hours}", case.path))
        .expect(200)
        .json();
    assert_eq!(
        (&hours["minutes"], &hours["worker_id"]),
        (&json!(60), &Value::Null)
    );
    assert_eq!(
        app.get(&format!("{}/notes/{note}", case.path)).expect(200).json()["text"],
        Value::Null
    );
    for entry in [format!("meetings/{meeting}"), format!("risks/{risk}")] {
        let entry = app.get(&format!("{}/{entry}", case.path)).expect(200).json();
        assert_eq!(entry["title"], "（消去されました）");
    }
}

fn erasing_a_member_leaves_a_place_to_fill(app: &TestApp) {
    let case = Case::new(app);
    case.begin(app);
    let here = token(app, UserRole::Coordinator, "131041");
    app.delete(&format!("/v1/workers/{}", case.designer)).expect(204);
    let project = case.show(app);
    assert_eq!(project["status"], "in_progress");
    assert!(project["vacant_since"].is_string(), "{project}");
    let gone = project["members"].as_array().unwrap().iter();
    let gone: Vec<&Value> = gone.filter(|one| one["worker_id"].is_null()).collect();
    assert_eq!(gone.len(), 1);
    assert!(gone[0]["left_at"].is_string(), "{project}");
    let tasks = app
        .call("GET", "/v1/tasks?kind=fill_place", &here, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(tasks["items"][0]["id"], case.id.as_str());
    replace(app, &case.id, &app.worker(json!({})), "designer");
    assert!(case.show(app)["vacant_since"].is_null());
    // A team that has delivered stays as it was.
    app.patch(&case.path, &json!({"status": "delivered"})).expect(200);
    app.delete(&format!("/v1/workers/{}", case.writer)).expect(204);
    let page = app
        .get(&format!("/v1/applications?deliverable_id={}", case.id))
        .expect(200)
        .json();
    let agreed = page["items"].as_array().unwrap().iter();
    let agreed = agreed.filter(|one| one["status"] == "agreed").count();
    assert_eq!(agreed, 2, "{page}");
}

fn the_first_day_of_a_project_moves_its_milestones(app: &TestApp) {
    let case = Case::with(app, json!({"starts_on": null, "ends_on": null}));
    assert_eq!(case.show(app)["starts_on"], Value::Null);
    let due = || -> Vec<chrono::NaiveDate> {
        let listed = app.get(&format!("{}/milestones", case.path)).expect(200).json();
        let items = listed["items"].as_array().unwrap().iter();
        items
            .map(|one| one["due_on"].as_str().unwrap().parse().unwrap())
            .collect()
    };
    let later = |days: &[chrono::NaiveDate], by: u64| -> Vec<chrono::NaiveDate> {
        days.iter().map(|day| *day + chrono::Days::new(by)).collect()
    };
    let today = (chrono::Utc::now() + chrono::Duration::hours(9)).date_naive();
    let laid_out = due();
    assert!(laid_out.len() > 1);
    let starts = |by: Option<u64>| {
        let day = by.map(|by| (today + chrono::Days::new(by)).to_string());
        app.patch(&case.path, &json!({"starts_on": day})).expect(200);
    };
    starts(Some(100));
    assert_eq!(due(), later(&laid_out, 100));
    starts(Some(90));
    assert_eq!(due(), later(&laid_out, 90));
    starts(None);
    starts(Some(30));
    assert_eq!(
        due(),
        later(&laid_out, 30),
        "a day that was taken back counts for nothing"
    );
}

/// Returns the due days of a project's milestones.
fn due(app: &TestApp, case: &Case) -> Vec<String> {
    let listed = app.get(&format!("{}/milestones", case.path)).expect(200).json();
    let items = listed["items"].as_array().unwrap().iter();
    items
        .map(|one| one["due_on"].as_str().unwrap().to_owned())
        .collect()
}

fn a_project_and_its_request_have_the_same_days(app: &TestApp) {
    let case = Case::with(app, json!({"starts_on": "2026-10-01", "ends_on": "2026-10-31"}));
    case.begin(app);
    let request = format!("/v1/deliverables/{}", case.id);
    let path = format!("{}/milestones", case.path);
    for one in app.get(&path).expect(200).json()["items"].as_array().unwrap() {
        app.delete(&format!("{path}/{}", one["id"].as_str().unwrap()))
            .expect(204);
    }
    for (title, due_on, progress) in [
        ("済", "2026-10-06", 100),
        ("半分", "2026-10-16", 50),
        ("最後", "2026-10-31", 0),
        ("報告", "2026-11-10", 0),
    ] {
        let body = json!({"title": title, "due_on": due_on, "progress": progress});
        case.add(app, "milestones", &app.admin, &body).expect(201);
    }
    let meeting = json!({"title": "定例", "starts_at": "2026-10-20T01:00:00Z"});
    case.add(app, "meetings", &app.admin, &meeting).expect(201);
    let days = |path: &str| {
        let shown = app.get(path).expect(200).json();
        (shown["starts_on"].clone(), shown["ends_on"].clone())
    };
    let both = |first: &str, last: &str| {
        let expected = (json!(first), json!(last));
        assert_eq!((days(&request), days(&case.path)), (expected.clone(), expected));
    };
    // The request is changed: what isn't done takes its share of the new time.
    app.patch(&request, &json!({"ends_on": "2026-11-30"})).expect(200);
    both("2026-10-01", "2026-11-30");
    assert_eq!(
        due(app, &case),
        ["2026-10-06", "2026-10-31", "2026-11-30", "2026-12-10"]
    );
    // The project is changed: as many days later, and what is done stays.
    let later = json!({"starts_on": "2026-10-08", "ends_on": "2026-12-07"});
    app.patch(&case.path, &later).expect(200);
    both("2026-10-08", "2026-12-07");
    assert_eq!(
        due(app, &case),
        ["2026-10-06", "2026-11-07", "2026-12-07", "2026-12-17"]
    );
    let kept = app.get(&format!("{}/meetings", case.path)).expect(200).json();
    assert_eq!(kept["items"][0]["starts_at"], "2026-10-20T01:00:00.000000Z");
    let moved = history(app, &case, &app.admin);
    let updates = moved
        .iter()
        .filter(|(subject, action, _)| (subject.as_str(), action.as_str()) == ("project", "updated"));
    assert_eq!(updates.count(), 2, "{moved:?}");
    // Of what is over, only the days are carried over.
    app.patch(&case.path, &json!({"status": "delivered"})).expect(200);
    app.patch(&request, &json!({"ends_on": "2026-12-10"})).expect(200);
    both("2026-10-08", "2026-12-10");
    assert_eq!(
        due(app, &case),
        ["2026-10-06", "2026-11-07", "2026-12-07", "2026-12-17"]
    );
    let reversed = app
        .patch(&case.path, &json!({"ends_on": "2026-10-01"}))
        .expect(422);
    assert_eq!(reversed.faults(), [("/ends_on".into(), "dates_reversed".into())]);
}

fn a_single_day_has_its_milestone_on_the_day(app: &TestApp) {
    for format in ["session", "one_day"] {
        let case = Case::with(
            app,
            json!({"format": format, "starts_on": "2026-12-05", "ends_on": null}),
        );
        assert_eq!(due(app, &case), ["2026-12-05"]);
        app.patch(&case.path, &json!({"starts_on": "2026-12-12"}))
            .expect(200);
        assert_eq!(due(app, &case), ["2026-12-12"]);
        // A day that isn't known yet has its usual time, until it is.
        let open = Case::with(app, json!({"format": format, "starts_on": null, "ends_on": null}));
        let request = format!("/v1/deliverables/{}", open.id);
        app.patch(&request, &json!({"starts_on": "2027-01-09"}))
            .expect(200);
        assert_eq!(due(app, &open), ["2027-01-09"]);
    }
}

fn each_format_takes_its_own_time(app: &TestApp) {
    let flyer = |format: &str| {
        let more = json!({"type": "flyer", "format": format, "starts_on": "2026-11-01", "ends_on": null});
        Case::with(app, more)
    };
    let last = |case: &Case| due(app, case).last().unwrap().clone();
    // A week by the catalogue; months where it isn't done in a day.
    let months = flyer("mid_long");
    assert_eq!(last(&months), "2027-02-20");
    assert_eq!(due(app, &months).len(), 4);
    // Days in which it was done fast say nothing about that.
    for _ in 0..5 {
        let case = flyer("one_day");
        case.begin(app);
        app.patch(&case.path, &json!({"status": "delivered"})).expect(200);
    }
    assert_eq!(last(&flyer("mid_long")), "2027-02-20");
    musubi::projects::durations::measure(&app.state.pool).unwrap();
    let shown = app.get("/v1/deliverable-types/flyer").expect(200).json();
    assert_eq!(
        (&shown["format"], &shown["real_duration"]["deliveries"]),
        (&json!("one_day"), &json!(5))
    );
}

fn nobody_works_before_the_project_begins(app: &TestApp) {
    let case = Case::with(app, json!({"starts_on": "2026-11-01", "ends_on": "2027-03-31"}));
    case.begin(app);
    let member = token(app, UserRole::Worker, &case.designer);
    let log = |day: &str| case.add(app, "hours", &member, &json!({"worked_on": day, "minutes": 60}));
    let early = log("2026-10-31").expect(422);
    assert_eq!(early.faults(), [("/worked_on".into(), "dates_reversed".into())]);
    assert!(early.text.contains("2026-11-01"), "{}", early.text);
    let id = id_of(&log("2026-11-01").expect(201));
    let path = format!("{}/hours/{id}", case.path);
    // What was worked stays, also if the project is planned for later then. Who has joined may begin before.
    app.patch(&case.path, &json!({"starts_on": "2027-01-01"}))
        .expect(200);
    app.call("PATCH", &path, &member, &json!({"minutes": 90}))
        .expect(200);
    log("2026-11-02").expect(422);
    let today = musubi::catalogue::calendar::today().to_string();
    log(&today).expect(201);
    // Without a first day, nobody knows.
    app.patch(&case.path, &json!({"starts_on": null})).expect(200);
    log("2026-10-31").expect(201);
}

fn nobody_works_before_they_join(app: &TestApp) {
    let case = Case::with(app, json!({"starts_on": "2026-10-01", "ends_on": "2027-03-31"}));
    case.begin(app);
    let member = token(app, UserRole::Worker, &case.designer);
    let today = musubi::catalogue::calendar::today();
    let before = (today - chrono::Days::new(6)).to_string();
    let log = |token: &str, worker: &str, day: &str| {
        let body = json!({"worked_on": day, "minutes": 60, "worker_id": worker});
        case.add(app, "hours", token, &body)
    };
    // The team of the beginning works from the first day on, also if it was recorded later.
    log(&member, &case.designer, &before).expect(201);
    let gone = json!({"status": "withdrawn", "reason": "schedule"});
    app.patch(&case.designer_application, &gone).expect(200);
    let other = app.worker(json!({}));
    replace(app, &case.id, &other, "designer");
    for token in [&token(app, UserRole::Worker, &other), &app.admin] {
        let early = log(token, &other, &before).expect(422);
        assert_eq!(early.faults(), [("/worked_on".into(), "dates_reversed".into())]);
        assert!(early.text.contains(&today.to_string()), "{}", early.text);
        log(token, &other, &today.to_string()).expect(201);
    }
    // Without a planned first day they still came when they came.
    app.patch(&case.path, &json!({"starts_on": null})).expect(200);
    log(&app.admin, &other, &before).expect(422);
    // Who comes back was there before.
    let page = app
        .get(&format!(
            "/v1/applications?deliverable_id={}&worker_id={other}",
            case.id
        ))
        .expect(200)
        .json();
    let place = format!("/v1/applications/{}", page["items"][0]["id"].as_str().unwrap());
    app.patch(&place, &gone).expect(200);
    replace(app, &case.id, &case.designer, "designer");
    log(&member, &case.designer, &before).expect(201);
}

fn a_last_day_before_the_beginning_is_refused(app: &TestApp) {
    let laid_out = |typo: bool| {
        // A request may name such a day before anybody knows when its work begins.
        let last = if typo { json!("2025-11-01") } else { Value::Null };
        let case = Case::with(app, json!({"starts_on": null, "ends_on": last}));
        let request = format!("/v1/deliverables/{}", case.id);
        for path in [&case.path, &request] {
            let refused = app.patch(path, &json!({"ends_on": "2025-11-02"})).expect(422);
            assert_eq!(refused.faults(), [("/ends_on".into(), "dates_reversed".into())]);
        }
        assert_eq!(case.show(app)["ends_on"], last);
        let days = json!({"starts_on": "2027-01-10", "ends_on": "2027-02-10"});
        app.patch(&case.path, &days).expect(200);
        due(app, &case)
    };
    let expected = laid_out(false);
    assert_eq!(expected.last().unwrap(), "2027-02-10");
    assert_eq!(laid_out(true), expected);
    // A day that is taken back leaves none that is before the beginning.
    let case = Case::with(app, json!({"starts_on": "2025-01-01", "ends_on": "2025-11-01"}));
    let refused = app.patch(&case.path, &json!({"starts_on": null})).expect(422);
    assert_eq!(refused.faults(), [("/ends_on".into(), "dates_reversed".into())]);
    // So it is with an accompaniment.
    let mut new = json!({"organization_id": case.organization, "title": "伴走支援", "ends_on": "2025-11-01",
        "accompaniment": {"needs": "担い手が見つからない。", "supports": ["consultation"]}});
    let refused = app.post("/v1/projects", &new).expect(422);
    assert_eq!(refused.faults(), [("/ends_on".into(), "dates_reversed".into())]);
    merge(&mut new, json!({"ends_on": null}));
    let path = format!(
        "/v1/projects/{}",
        id_of(&app.post("/v1/projects", &new).expect(201))
    );
    let refused = app.patch(&path, &json!({"ends_on": "2025-11-01"})).expect(422);
    assert_eq!(refused.faults(), [("/ends_on".into(), "dates_reversed".into())]);
    let whole = json!({"starts_on": "2025-10-01", "ends_on": "2025-11-01"});
    app.patch(&path, &whole).expect(200);
}

fn what_an_organization_accepts_is_what_it_has_read(app: &TestApp) {
    let case = Case::new(app);
    case.begin(app);
    let (member, organization) = (
        token(app, UserRole::Worker, &case.designer),
        token(app, UserRole::Organization, &case.organization),
    );
    let link = json!({"title": "動画", "link": "https://example.jp/1", "status": "submitted"});
    let path = format!(
        "{}/artifacts/{}",
        case.path,
        id_of(&case.add(app, "artifacts", &member, &link).expect(201))
    );
    let read = app.call("GET", &path, &organization, &Value::Null).expect(200);
    let patch = |body: Value| app.call("PATCH", &path, &member, &body).expect(200).json();
    assert_eq!(patch(json!({"note": "音を直しました。"}))["revision"], 1);
    assert_eq!(patch(json!({"link": "https://example.jp/2"}))["revision"], 2);
    let accepted = json!({"status": "accepted"});
    let accept = |headers: &[(&str, &str)]| {
        let bearer = format!("Bearer {organization}");
        let mut all = vec![
            ("authorization", bearer.as_str()),
            ("content-type", "application/merge-patch+json"),
        ];
        all.extend(headers);
        app.send("PATCH", &path, &all, accepted.to_string().as_bytes())
    };
    assert_eq!(accept(&[]).expect(428).code(), "precondition_required");
    assert_eq!(accept(&[("if-match", "*")]).status, 428);
    assert_eq!(accept(&[("if-match", read.header("etag"))]).status, 412);
    let accepted = app.patch_read(&path, &organization, &accepted).expect(200).json();
    assert_eq!(
        (&accepted["answers"][0]["revision"], &accepted["link"]),
        (&json!(2), &json!("https://example.jp/2"))
    );
}

fn an_accompaniment_has_neither_reviews_nor_follow_ups(app: &TestApp) {
    let body =
        json!({"name": "新宿区社会福祉協議会", "area": "131041", "kind": "social_welfare_corporation"});
    let organization = id_of(&app.post("/v1/organizations", &body).expect(201));
    let new = json!({"organization_id": organization, "title": "居場所づくりの伴走支援",
        "accompaniment": {"needs": "担い手が見つからない。", "supports": ["consultation"]}});
    let id = id_of(&app.post("/v1/projects", &new).expect(201));
    let here = token(app, UserRole::Coordinator, "131041");
    let elsewhere = token(app, UserRole::Coordinator, "131130");
    for segment in ["reviews", "follow-ups"] {
        let path = format!("/v1/projects/{id}/{segment}");
        for caller in [&app.admin, &here] {
            let listed = app.call("GET", &path, caller, &Value::Null).expect(200).json();
            assert_eq!(listed["items"], json!([]), "{segment}");
        }
        let hidden = app.call("GET", &path, &elsewhere, &Value::Null).expect(404);
        assert!(hidden.text.contains("プロジェクト"), "{}", hidden.text);
    }
    let review = json!({"application_id": Id::new(), "author": "organization", "message": null,
        "scales": {"communication": 4, "quality": 4, "reliability": 4, "again": 4}});
    let refused = app
        .post(&format!("/v1/projects/{id}/reviews"), &review)
        .expect(409);
    assert!(refused.text.contains("伴走支援"), "{}", refused.text);
    let link = app.post(&format!("/v1/projects/{id}/follow-ups/6/link"), &json!({}));
    assert!(link.expect(404).text.contains("フォローアップ"));
}

fn an_illegal_move_is_told_before_what_a_status_cannot_have(app: &TestApp) {
    let case = Case::new(app);
    let cancelled = json!({"status": "cancelled", "reason": "schedule"});
    app.patch(&case.path, &cancelled).expect(200);
    let request = format!("/v1/deliverables/{}", case.id);
    for (path, status) in [
        (&request, "open"),
        (&request, "matched"),
        (&case.path, "in_progress"),
        (&case.designer_application, "agreed"),
        (&case.designer_application, "submitted"),
    ] {
        let refused = app.patch(path, &json!({"status": status})).expect(409);
        assert_eq!(refused.code(), "illegal_transition", "{path} {status}");
    }
    // Where the status stays, what it can't have is the fault.
    let open = app.deliverable(&case.organization, json!({}));
    let refused = app.patch(
        &format!("/v1/deliverables/{open}"),
        &json!({"cancellation_reason": "schedule"}),
    );
    assert_eq!(
        refused.expect(422).faults(),
        [("/cancellation_reason".into(), "unexpected_reason".into())]
    );
}

fn a_project_with_its_team_costs_a_fixed_number_of_statements(app: &TestApp) {
    start_counting();
    let server = app.another();
    let all = ["BEGIN", "COMMIT", "project", "workers", "catalogue", "entity"];
    let case = Case::new(app);
    let count = |path: &str| {
        let show = || drop(server.get(path).expect(200));
        queries(&server, &all, show).len()
    };
    let before = (count(&case.path), count("/v1/projects"));
    for n in 0..3 {
        Case::with(app, json!({"title": format!("別の依頼{n}")}));
    }
    // Somebody has left, too, and somebody else has come.
    let gone = json!({"status": "withdrawn", "reason": "health"});
    app.patch(&case.designer_application, &gone).expect(200);
    join(app, &case.id, &app.worker(json!({})), "designer");
    assert_eq!((count(&case.path), count("/v1/projects")), before);
    assert!(
        before.0 <= 6 && before.1 <= 6,
        "begin, the catalogue's version, the project, its team, their names, commit: {before:?}"
    );
}
