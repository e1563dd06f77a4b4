//! What follows a delivery: reviews, follow-ups, outcomes, and how fast applications are answered.

use crate::support::{Response, TestApp, assert_includes, on_both};
use diesel::connection::SimpleConnection;
use musubi::auth::{Claims, UserRole};
use musubi::db::{Db, Id, Instant};
use musubi::erasure::actions as erasure;
use musubi::follow_ups;
use serde_json::{Value, json};

on_both! {
    each_side_sees_the_others_review_when_both_are_in,
    reviews_are_shown_and_closed_14_days_after_the_delivery,
    strangers_cannot_review,
    a_member_reads_nothing_about_other_members,
    reviews_wait_as_tasks_until_they_are_written,
    reviews_of_an_archived_request_are_still_written,
    erasing_a_member_empties_the_words_and_keeps_the_marks,
    the_words_of_reviews_are_erased_after_the_retention_period,
    both_sides_may_write_at_once,
    an_organization_is_followed_up_after_6_and_12_months,
    the_demo_has_a_follow_up_to_answer,
    a_link_answers_a_follow_up_once,
    follow_ups_of_an_archived_request_are_still_answered,
    two_answers_by_one_link_at_once_are_one,
    follow_ups_come_by_rule_and_only_for_what_was_matched,
    outcomes_add_up_and_hide_single_reviews,
    an_organization_that_never_answers_is_named,
    answers_count_for_who_gave_them,
    only_what_could_be_answered_here_counts,
    a_review_forgets_no_answer,
}

fn claims(role: UserRole) -> Claims {
    Claims::new(role, "afterwards", chrono::Utc::now().timestamp(), 600)
}

fn id(text: &str) -> Option<Id> {
    Some(Id(text.parse().unwrap()))
}

fn member_of(app: &TestApp, organization: &str) -> String {
    let mut claims = claims(UserRole::Organization);
    claims.belonging.organization_id = id(organization);
    app.state.keys.sign(&claims).unwrap()
}

fn worker_token(app: &TestApp, worker: &str) -> String {
    let mut claims = claims(UserRole::Worker);
    claims.belonging.worker_id = id(worker);
    app.state.keys.sign(&claims).unwrap()
}

fn coordinator(app: &TestApp, area: &str) -> String {
    let mut claims = claims(UserRole::Coordinator);
    claims.belonging.areas = vec![area.into()];
    app.state.keys.sign(&claims).unwrap()
}

fn sql(app: &TestApp, text: &str) {
    let run = |db: &mut Db| Ok(db.batch_execute(text)?);
    app.state.pool.write_blocking(run).unwrap();
}

/// The SQL of an id.
fn literal(app: &TestApp, id: &str) -> String {
    match app.database().starts_with("postgres") {
        true => format!("'{id}'"),
        false => format!("X'{}'", id.replace('-', "")),
    }
}

/// Writes that a project was delivered so many days ago.
fn delivered_ago(app: &TestApp, project: &str, days: i64) {
    // The column and the document both have it.
    let at = (chrono::Utc::now() - chrono::Duration::days(days))
        .to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let document = match app.database().starts_with("postgres") {
        true => format!("jsonb_set(request, '{{status_since}}', '\"{at}\"')"),
        false => format!("json_set(request, '$.status_since', '{at}')"),
    };
    sql(
        app,
        &format!(
            "UPDATE deliverables SET status_since = '{at}', request = {document} WHERE id = {}",
            literal(app, project)
        ),
    );
}

/// A delivered project with its team.
struct Project {
    id: String,
    organization: String,
    member: String,
    /// Worker and application of each member.
    team: Vec<(String, String)>,
}

fn apply(app: &TestApp, deliverable: &str, worker: &str) -> String {
    let bid = json!({"deliverable_id": deliverable, "worker_id": worker, "role": "designer"});
    let created = app.post("/v1/applications", &bid).expect(201).json();
    created["id"].as_str().unwrap().to_owned()
}

fn agree(app: &TestApp, application: &str) {
    app.patch(
        &format!("/v1/applications/{application}"),
        &json!({"status": "agreed"}),
    )
    .expect(200);
}

impl Project {
    fn delivered(app: &TestApp, name: &str, members: usize) -> Project {
        let project = Project::begun(app, name, members);
        app.patch(
            &format!("/v1/deliverables/{}", project.id),
            &json!({"status": "delivered"}),
        )
        .expect(200);
        project
    }

    fn begun(app: &TestApp, name: &str, members: usize) -> Project {
        let organization = app.organization(name);
        let roles = json!({"roles": [{"role": "designer", "places": members, "skills": []}]});
        let id = app.deliverable(&organization, roles);
        let team = (0..members).map(|_| {
            let worker = app.worker(json!({}));
            let application = apply(app, &id, &worker);
            agree(app, &application);
            (worker, application)
        });
        let team = team.collect();
        app.patch(
            &format!("/v1/deliverables/{id}"),
            &json!({"status": "in_progress"}),
        )
        .expect(200);
        Project {
            member: member_of(app, &organization),
            id,
            organization,
            team,
        }
    }

    fn reviews(&self) -> String {
        format!("/v1/projects/{}/reviews", self.id)
    }

    fn follow_ups(&self) -> String {
        format!("/v1/projects/{}/follow-ups", self.id)
    }

    fn seen_by(&self, app: &TestApp, token: &str) -> Vec<Value> {
        let list = app.call("GET", &self.reviews(), token, &Value::Null).expect(200);
        list.json()["items"].as_array().unwrap().clone()
    }
}

fn review(application: &str, mark: i32, message: &str) -> Value {
    json!({"application_id": application, "message": message,
        "scales": {"communication": mark, "quality": mark, "reliability": mark, "again": mark}})
}

fn each_side_sees_the_others_review_when_both_are_in(app: &TestApp) {
    let begun = Project::begun(app, "始まったばかりの会", 1);
    let early = app.call(
        "POST",
        &begun.reviews(),
        &begun.member,
        &review(&begun.team[0].1, 4, "早い"),
    );
    assert_eq!(early.expect(409).code(), "not_delivered");
    let nothing = app
        .call("GET", &begun.reviews(), &begun.member, &Value::Null)
        .expect(200);
    assert_includes(&nothing.json(), &json!({"open_until": null, "items": []}));

    let project = Project::delivered(app, "戸山ふれあいの会", 1);
    let (worker, application) = &project.team[0];
    let worker = worker_token(app, worker);
    let post = |token: &str, body: &Value| app.call("POST", &project.reviews(), token, body);
    let first = post(&project.member, &review(application, 2, "連絡が遅い"))
        .expect(201)
        .json();
    assert_includes(
        &first,
        &json!({"author": "organization", "shown": false, "version": 1}),
    );
    assert!(
        project.seen_by(app, &worker).is_empty(),
        "the member doesn't see it yet"
    );
    assert_eq!(project.seen_by(app, &project.member).len(), 1);
    assert_eq!(
        project.seen_by(app, &app.admin).len(),
        1,
        "coordinators see it at once"
    );
    assert!(project.seen_by(app, &coordinator(app, "131041")).len() == 1);

    // It can be changed, as nobody has answered it.
    let changed = post(&project.member, &review(application, 5, "とても良かった"))
        .expect(201)
        .json();
    assert_includes(
        &changed,
        &json!({"id": first["id"], "version": 2, "scales": {"quality": 5}}),
    );

    let other = post(&worker, &review(application, 4, "説明がわかりやすかった"))
        .expect(201)
        .json();
    assert_includes(&other, &json!({"author": "member", "shown": true}));
    for token in [&worker, &project.member] {
        let seen = project.seen_by(app, token);
        assert_eq!(seen.len(), 2);
        assert!(seen.iter().all(|one| one["shown"] == true));
    }
    for (token, mark) in [(&worker, 1), (&project.member, 1)] {
        let again = post(token, &review(application, mark, "仕返し")).expect(409);
        assert_eq!(again.code(), "review_shown");
    }
    assert_eq!(project.seen_by(app, &app.admin)[0]["message"], "とても良かった");
}

fn reviews_are_shown_and_closed_14_days_after_the_delivery(app: &TestApp) {
    let project = Project::delivered(app, "丘の会", 1);
    let (worker, application) = &project.team[0];
    let token = worker_token(app, worker);
    let post = |body: &Value| app.call("POST", &project.reviews(), &project.member, body);
    post(&review(application, 3, "ふつう")).expect(201);
    delivered_ago(app, &project.id, 14);
    assert!(
        project.seen_by(app, &token).is_empty(),
        "on the last day it can still change"
    );
    post(&review(application, 4, "よい")).expect(201);
    delivered_ago(app, &project.id, 15);
    assert_eq!(project.seen_by(app, &token)[0]["message"], "よい");
    assert_eq!(
        post(&review(application, 1, "いまさら")).expect(409).code(),
        "review_period_over"
    );
    let late = app.call(
        "POST",
        &project.reviews(),
        &token,
        &review(application, 1, "いまさら"),
    );
    assert_eq!(late.expect(409).code(), "review_period_over");
}

fn strangers_cannot_review(app: &TestApp) {
    let project = Project::delivered(app, "海の会", 1);
    let application = &project.team[0].1;
    let body = review(application, 5, "よい");
    // Who applied and wasn't chosen sees the work, and isn't in the team.
    let declined = {
        let organization = app.organization("浜の会");
        let two = app.deliverable(
            &organization,
            json!({"roles": [{"role": "designer", "places": 1, "skills": []}]}),
        );
        let (stranger, member) = (app.worker(json!({})), app.worker(json!({})));
        let lost = apply(app, &two, &stranger);
        let decline = json!({"status": "declined", "reason": "another_chosen"});
        app.patch(&format!("/v1/applications/{lost}"), &decline)
            .expect(200);
        agree(app, &apply(app, &two, &member));
        for status in ["in_progress", "delivered"] {
            app.patch(&format!("/v1/deliverables/{two}"), &json!({"status": status}))
                .expect(200);
        }
        let path = format!("/v1/projects/{two}/reviews");
        app.call(
            "POST",
            &path,
            &worker_token(app, &stranger),
            &review(&lost, 1, "残念"),
        )
    };
    assert_eq!((declined.status, declined.code().as_str()), (403, "not_in_team"));
    // Nobody else knows the project at all.
    let (elsewhere, stranger) = (app.organization("山の会"), app.worker(json!({})));
    for token in [
        member_of(app, &elsewhere),
        worker_token(app, &stranger),
        coordinator(app, "131130"),
    ] {
        app.call("POST", &project.reviews(), &token, &body).expect(404);
        app.call("GET", &project.reviews(), &token, &Value::Null)
            .expect(404);
    }
    // A side writes its own review, about a member.
    let mut others = body.clone();
    others["author"] = json!("member");
    let refused = app
        .call("POST", &project.reviews(), &project.member, &others)
        .expect(403);
    assert_eq!(refused.code(), "not_your_side");
    let nobody = app.call(
        "POST",
        &project.reviews(),
        &project.member,
        &review(&Id::new().to_string(), 4, "誰"),
    );
    assert_eq!(
        nobody.expect(422).faults(),
        [("/application_id".into(), "unknown_member".into())]
    );
    let here = coordinator(app, "131041");
    let unnamed = app.call("POST", &project.reviews(), &here, &body).expect(422);
    assert_eq!(unnamed.faults(), [("/author".into(), "missing_field".into())]);
    app.call("POST", &project.reviews(), &here, &others).expect(201);
    let out_of_range = app.call(
        "POST",
        &project.reviews(),
        &project.member,
        &review(application, 6, "よい"),
    );
    assert_eq!(out_of_range.expect(422).faults().len(), 4);
}

fn a_member_reads_nothing_about_other_members(app: &TestApp) {
    let project = Project::delivered(app, "森の会", 2);
    for (worker, application) in &project.team {
        let post = |token: &str, text: &str| {
            app.call("POST", &project.reviews(), token, &review(application, 4, text))
                .expect(201);
        };
        post(&project.member, &format!("{application} について"));
        post(&worker_token(app, worker), "団体について");
    }
    for (worker, application) in &project.team {
        let seen = project.seen_by(app, &worker_token(app, worker));
        assert_eq!(seen.len(), 2);
        assert!(seen.iter().all(|one| one["application_id"] == *application));
    }
    assert_eq!(project.seen_by(app, &project.member).len(), 4);
    // A token without the scope sees the marks, and no words.
    let mut bare = claims(UserRole::Organization);
    bare.belonging.organization_id = id(&project.organization);
    bare.scope = Some("reviews:read".into());
    let bare = app.state.keys.sign(&bare).unwrap();
    assert!(
        project
            .seen_by(app, &bare)
            .iter()
            .all(|one| one["message"].is_null())
    );
}

fn tasks(app: &TestApp, token: &str, kind: &str) -> Vec<Value> {
    let page = app
        .call("GET", &format!("/v1/tasks?kind={kind}"), token, &Value::Null)
        .expect(200);
    page.json()["items"].as_array().unwrap().clone()
}

fn reviews_of_an_archived_request_are_still_written(app: &TestApp) {
    let project = Project::delivered(app, "沼の会", 1);
    let (worker, application) = &project.team[0];
    let sides = [project.member.clone(), worker_token(app, worker)];
    app.delete(&format!("/v1/deliverables/{}", project.id))
        .expect(204);
    for side in &sides {
        assert_eq!(tasks(app, side, "write_review").len(), 1);
        let listed = app
            .call("GET", &project.reviews(), side, &Value::Null)
            .expect(200);
        assert_eq!(listed.json()["items"], json!([]));
        app.call("POST", &project.reviews(), side, &review(application, 4, "よい"))
            .expect(201);
        assert!(tasks(app, side, "write_review").is_empty());
    }
    assert_eq!(project.seen_by(app, &project.member).len(), 2);
}

fn reviews_wait_as_tasks_until_they_are_written(app: &TestApp) {
    let project = Project::delivered(app, "川の会", 2);
    let (worker, application) = &project.team[0];
    let token = worker_token(app, worker);
    let waiting = |token: &str| tasks(app, token, "write_review");
    assert_eq!(waiting(&project.member).len(), 2);
    let own = waiting(&token);
    let due = chrono::Utc::now() + chrono::Duration::hours(9) + chrono::Duration::days(14);
    assert_eq!(own.len(), 1);
    assert_includes(
        &own[0],
        &json!({"id": application, "deliverable_id": project.id, "overdue": false,
            "due_on": due.date_naive().to_string(), "href": project.reviews()}),
    );
    // A task says whom the review is about.
    assert_eq!(
        own[0]["about"],
        json!({"worker_id": null, "organization_id": project.organization, "name": "川の会"})
    );
    for task in waiting(&project.member) {
        let about = &task["about"];
        let member = project
            .team
            .iter()
            .find(|(worker, _)| about["worker_id"] == **worker);
        assert_eq!(task["id"], member.unwrap().1.as_str());
        assert!(about["name"].is_string() && about["organization_id"].is_null());
    }
    assert!(waiting(&coordinator(app, "131041")).is_empty());
    let counts = app
        .call("GET", "/v1/tasks/counts", &project.member, &Value::Null)
        .expect(200)
        .json();
    let counts = counts["items"].as_array().unwrap().clone();
    assert!(counts.contains(&json!({"kind": "write_review", "count": 2, "overdue": 0})));

    let body = review(application, 5, "よい");
    app.call("POST", &project.reviews(), &project.member, &body)
        .expect(201);
    assert_eq!(waiting(&project.member).len(), 1);
    assert_eq!(waiting(&token).len(), 1, "the other side's is still missing");
    delivered_ago(app, &project.id, 15);
    assert!(waiting(&project.member).is_empty() && waiting(&token).is_empty());
}

fn erasing_a_member_empties_the_words_and_keeps_the_marks(app: &TestApp) {
    let project = Project::delivered(app, "雪の会", 1);
    let (worker, application) = &project.team[0];
    let key = [("idempotency-key", "review-1")];
    let on_paper = |author: &str| {
        let mut body = review(application, 4, "惣社さんの言葉");
        body["author"] = json!(author);
        body
    };
    app.post_with(&project.reviews(), &key, &on_paper("organization"))
        .expect(201);
    let export = format!("/v1/workers/{worker}/personal-data");
    let held = app.get(&export).expect(200).json();
    assert_eq!(
        held["reviews"],
        json!([]),
        "what isn't shown yet isn't exported either"
    );
    app.post(&project.reviews(), &on_paper("member")).expect(201);
    let held = app.get(&export).expect(200).json();
    let authors: Vec<&Value> = held["reviews"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["author"])
        .collect();
    assert_eq!(authors, ["organization", "member"]);

    app.delete(&format!("/v1/workers/{worker}")).expect(204);
    let left = project.seen_by(app, &app.admin);
    assert_eq!(left.len(), 2);
    for one in left {
        assert_includes(
            &one,
            &json!({"worker_id": null, "message": null, "scales": {"quality": 4}}),
        );
    }
    let mut backup = Vec::new();
    musubi::backup::create(&app.state.pool, &mut backup).unwrap();
    assert!(!String::from_utf8(backup).unwrap().contains("惣社さんの言葉"));
}

fn the_words_of_reviews_are_erased_after_the_retention_period(app: &TestApp) {
    let project = Project::delivered(app, "霜の会", 1);
    let (_, application) = &project.team[0];
    let mut body = review(application, 4, "よい仕事でした");
    body["author"] = json!("organization");
    app.post(&project.reviews(), &body).expect(201);
    let forget = |before: &str| {
        let before = Instant::parse(before).unwrap();
        app.state
            .pool
            .write_blocking(|db| erasure::forget_messages(db, before))
            .unwrap()
    };
    let shown = || project.seen_by(app, &app.admin)[0].clone();
    assert_eq!(forget("2020-01-01T00:00:00Z"), 0);
    assert_eq!(shown()["message"], "よい仕事でした");
    assert!(forget("2199-01-01T00:00:00Z") > 0);
    assert_includes(&shown(), &json!({"message": null, "scales": {"quality": 4}}));
    assert_eq!(forget("2199-01-01T00:00:00Z"), 0);
}

fn both_sides_may_write_at_once(app: &TestApp) {
    let project = Project::delivered(app, "雨の会", 1);
    let (worker, application) = &project.team[0];
    let tokens = [project.member.clone(), worker_token(app, worker)];
    let body = review(application, 4, "よい");
    let post = |token: &str| app.call("POST", &project.reviews(), token, &body);
    let answers: Vec<Response> = std::thread::scope(|scope| {
        let running: Vec<_> = tokens.iter().map(|token| scope.spawn(|| post(token))).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|one| one.status == 201));
    // Exactly the second one sees that both are in.
    let shown = answers.iter().filter(|one| one.json()["shown"] == true);
    assert_eq!(shown.count(), 1);
}

fn answer(in_use: bool, reach: i64, again: bool) -> Value {
    json!({"still_in_use": in_use, "reach": reach, "changes": "会員が増えました。", "would_do_again": again})
}

/// Makes the follow-ups, and lets their days come earlier by so many days.
fn let_days_pass(app: &TestApp, project: &str, days: i64) {
    app.state.pool.write_blocking(follow_ups::actions::make).unwrap();
    let of = literal(app, project);
    sql(
        app,
        &format!("UPDATE follow_ups SET asked_on = asked_on - {days} WHERE deliverable_id = {of}"),
    );
}

fn an_organization_is_followed_up_after_6_and_12_months(app: &TestApp) {
    let project = Project::delivered(app, "空の会", 1);
    let list = |token: &str| {
        let list = app
            .call("GET", &project.follow_ups(), token, &Value::Null)
            .expect(200);
        list.json()["items"].as_array().unwrap().clone()
    };
    let planned = list(&project.member);
    assert_eq!(planned.len(), 2);
    for (one, months) in planned.iter().zip([6, 12]) {
        assert_includes(
            one,
            &json!({"months": months, "status": "planned", "answer": null}),
        );
    }
    let post = |months: &str, body: &Value| {
        let path = format!("{}/{months}/answer", project.follow_ups());
        app.call("POST", &path, &project.member, body)
    };
    assert_eq!(
        post("6", &answer(true, 450, true)).expect(409).code(),
        "follow_up_planned"
    );
    post("7", &answer(true, 450, true)).expect(404);
    post("half", &answer(true, 450, true)).expect(404);
    assert!(tasks(app, &project.member, "answer_follow_up").is_empty());

    let_days_pass(app, &project.id, 200);
    for token in [&project.member, &coordinator(app, "131041"), &app.admin] {
        let waiting = tasks(app, token, "answer_follow_up");
        assert_eq!(waiting.len(), 1);
        assert_includes(
            &waiting[0],
            &json!({"deliverable_id": project.id, "href": project.follow_ups()}),
        );
    }
    assert!(tasks(app, &coordinator(app, "131130"), "answer_follow_up").is_empty());
    let faults = post("6", &json!({"still_in_use": true, "reach": -1}))
        .expect(422)
        .faults();
    assert!(!faults.is_empty());
    let answered = post("6", &answer(true, 450, true)).expect(201).json();
    assert_includes(
        &answered,
        &json!({"status": "answered", "answer": {"reach": 450}}),
    );
    assert_eq!(
        post("6", &answer(false, 1, false)).expect(409).code(),
        "follow_up_answered"
    );
    assert!(tasks(app, &project.member, "answer_follow_up").is_empty());
    assert_eq!(list(&app.admin)[0]["answer"]["reach"], 450);

    // A coordinator who has read the answer may correct it; the organization may not.
    let path = format!("{}/6/answer", project.follow_ups());
    let again = |token: &str, version: &str, reach: i64| {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("if-match", version),
        ];
        let body = answer(true, reach, true).to_string();
        app.send("POST", &path, &headers, body.as_bytes())
    };
    let version = format!("\"{}\"", answered["version"]);
    let refused = again(&project.member, &version, 460).expect(409);
    assert_eq!(refused.code(), "follow_up_answered");
    let office = coordinator(app, "131041");
    assert_eq!(again(&office, "*", 460).expect(409).code(), "follow_up_answered");
    again(&office, "\"999\"", 460).expect(412);
    let corrected = again(&office, &version, 45).expect(201).json();
    assert_includes(
        &corrected,
        &json!({"status": "answered", "answer": {"reach": 45}}),
    );
    assert_eq!(list(&app.admin)[0]["answer"]["reach"], 45);
    again(&office, &version, 450).expect(412);

    // 181 days after its day nobody can answer any more.
    let_days_pass(app, &project.id, 400);
    assert_eq!(list(&app.admin)[1]["status"], "expired");
    assert_eq!(
        post("12", &answer(true, 1, true)).expect(409).code(),
        "follow_up_expired"
    );
    assert!(tasks(app, &project.member, "answer_follow_up").is_empty());

    let begun = Project::begun(app, "まだの会", 1);
    let early = app.post(
        &format!("{}/6/answer", begun.follow_ups()),
        &answer(true, 1, true),
    );
    assert_eq!(early.expect(409).code(), "not_delivered");
}

fn the_demo_has_a_follow_up_to_answer(app: &TestApp) {
    musubi::demo::load(&app.state, musubi::catalogue::calendar::today(), 300).unwrap();
    app.state.pool.write_blocking(follow_ups::actions::make).unwrap();
    let waiting = tasks(app, &app.admin, "answer_follow_up");
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    let project = waiting[0]["deliverable_id"].as_str().unwrap();
    let shown = app.get(&format!("/v1/projects/{project}")).expect(200).json();
    assert_includes(&shown, &json!({"status": "closed"}));
    assert_eq!(shown["delivered_on"], shown["ends_on"]);
    // What happened in the year is in the history on its day.
    for status in ["in_progress", "delivered", "closed"] {
        let page = app
            .get(&format!("/v1/projects?kind=deliverable&status={status}"))
            .expect(200)
            .json();
        let project = &page["items"][0];
        let path = format!(
            "/v1/projects/{}/history?limit=200",
            project["id"].as_str().unwrap()
        );
        let history = app.get(&path).expect(200).json()["items"]
            .as_array()
            .unwrap()
            .clone();
        let times: Vec<&str> = history
            .iter()
            .map(|one| one["occurred_at"].as_str().unwrap())
            .collect();
        assert!(
            times.is_sorted_by(|newer, older| newer >= older),
            "{status}: {times:?}"
        );
        let first = midnight_in_tokyo(&project["starts_on"]);
        let began = history.iter().find(|one| one["detail"] == "in_progress").unwrap();
        assert_eq!(began["occurred_at"], json!(first), "{status}");
        assert_eq!(project["members"][0]["joined_at"], json!(first), "{status}");
    }
}

fn midnight_in_tokyo(day: &Value) -> musubi::db::Instant {
    let day = day.as_str().unwrap().parse().unwrap();
    musubi::catalogue::calendar::midnight_in_tokyo(day).into()
}

/// Calls an operation without a token.
fn anonymous(app: &TestApp, path: &str, body: &Value) -> Response {
    let headers = [("content-type", "application/json")];
    app.send("POST", path, &headers, body.to_string().as_bytes())
}

fn a_link_answers_a_follow_up_once(app: &TestApp) {
    let project = Project::delivered(app, "風の会", 1);
    let path = format!("{}/6/link", project.follow_ups());
    let here = coordinator(app, "131041");
    let make = || app.call("POST", &path, &here, &json!({}));
    assert_eq!(make().expect(409).code(), "follow_up_planned");
    let_days_pass(app, &project.id, 190);
    app.call("POST", &path, &project.member, &json!({})).expect(403);
    let replaced = make().expect(201).json();
    let made = app
        .post_with(&path, &[("idempotency-key", "link-1")], &json!({}))
        .expect(201)
        .json();
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("mfu_"));
    assert!(
        made["link"]
            .as_str()
            .unwrap()
            .ends_with(&format!("/follow-up#{token}"))
    );
    let repeated = app
        .post_with(&path, &[("idempotency-key", "link-1")], &json!({}))
        .expect(201)
        .json();
    assert_includes(&repeated, &json!({"token": null, "link": null}));
    let mut backup = Vec::new();
    musubi::backup::create(&app.state.pool, &mut backup).unwrap();
    assert!(
        !String::from_utf8(backup).unwrap().contains(token),
        "only its digest is stored"
    );

    let show = |token: &Value| anonymous(app, "/v1/follow-up-links/show", &json!({"token": token}));
    for wrong in [&replaced["token"], &json!("mfu_made_up")] {
        assert_eq!(
            show(wrong).expect(422).faults(),
            [("/token".into(), "invalid_link".into())]
        );
    }
    let question = show(&made["token"]).expect(200);
    assert_eq!(question.header("cache-control"), "no-store");
    assert_includes(
        &question.json(),
        &json!({"organization_name": "風の会", "title": "会員募集のチラシ", "months": 6}),
    );
    let reply = |token: &Value, answer: Value| {
        anonymous(
            app,
            "/v1/follow-up-links/answer",
            &json!({"token": token, "answer": answer}),
        )
    };
    let faults = reply(
        &made["token"],
        json!({"still_in_use": null, "would_do_again": true}),
    )
    .expect(422)
    .faults();
    assert_eq!(faults, [("/answer/still_in_use".into(), "wrong_type".into())]);
    reply(&made["token"], answer(true, 300, true)).expect(204);
    assert_eq!(
        reply(&made["token"], answer(false, 0, false)).expect(409).code(),
        "link_used"
    );
    assert_eq!(show(&made["token"]).expect(409).code(), "link_used");
    let kept = app.get(&project.follow_ups()).expect(200).json();
    assert_includes(
        &kept["items"][0],
        &json!({"status": "answered", "answer": {"reach": 300}}),
    );
    assert_eq!(make().expect(409).code(), "follow_up_answered");

    // The second one, whose link expires first.
    let_days_pass(app, &project.id, 185);
    let path = format!("{}/12/link", project.follow_ups());
    let made = app.post(&path, &json!({})).expect(201).json();
    sql(
        app,
        "UPDATE follow_ups SET link_expires_at = '2026-01-01T00:00:00.000000Z' WHERE months = 12",
    );
    assert_eq!(show(&made["token"]).expect(409).code(), "link_expired");
    assert_eq!(
        reply(&made["token"], answer(true, 1, true)).expect(409).code(),
        "link_expired"
    );

    // The page that the link opens.
    let page = app.send("GET", "/follow-up", &[], b"").expect(200);
    assert!(
        page.header("content-security-policy")
            .contains("script-src 'self'")
    );
    for file in ["/follow-up.js", "/link.js", "/link.css"] {
        assert!(page.text.contains(file));
        app.send("GET", file, &[], b"").expect(200);
    }
}

fn follow_ups_of_an_archived_request_are_still_answered(app: &TestApp) {
    let project = Project::delivered(app, "滝の会", 1);
    let_days_pass(app, &project.id, 190);
    // Its follow-ups aren't made yet when it is archived.
    let early = Project::delivered(app, "谷の会", 1);
    let make = || app.post(&format!("{}/6/link", project.follow_ups()), &json!({}));
    let before = make().expect(201).json();
    for one in [&project, &early] {
        app.delete(&format!("/v1/deliverables/{}", one.id)).expect(204);
        app.delete(&format!("/v1/organizations/{}", one.organization))
            .expect(204);
    }
    // The link from before, and one from after.
    let show = |token: &Value| anonymous(app, "/v1/follow-up-links/show", &json!({"token": token}));
    assert_eq!(
        show(&before["token"]).expect(200).json()["organization_name"],
        "滝の会"
    );
    let after = make().expect(201).json();
    show(&after["token"]).expect(200);
    for token in [&project.member, &coordinator(app, "131041")] {
        assert_eq!(tasks(app, token, "answer_follow_up").len(), 1);
    }
    let body = json!({"token": after["token"], "answer": answer(true, 300, true)});
    anonymous(app, "/v1/follow-up-links/answer", &body).expect(204);
    assert!(tasks(app, &project.member, "answer_follow_up").is_empty());
    let listed = app.get(&project.follow_ups()).expect(200).json();
    assert_includes(&listed["items"][0], &json!({"status": "answered"}));
    let outcomes = app.get("/v1/statistics/outcomes").expect(200).json();
    assert!(outcomes.to_string().contains("300"), "{outcomes}");
    // With an account, too, but only where it reaches.
    let_days_pass(app, &early.id, 190);
    let path = format!("{}/6/answer", early.follow_ups());
    for stranger in [&project.member, &coordinator(app, "131130")] {
        app.call("POST", &path, stranger, &answer(true, 1, true))
            .expect(404);
    }
    app.call("POST", &path, &early.member, &answer(true, 20, true))
        .expect(201);
}

fn two_answers_by_one_link_at_once_are_one(app: &TestApp) {
    let project = Project::delivered(app, "朝の会", 1);
    let_days_pass(app, &project.id, 190);
    let made = app
        .post(&format!("{}/6/link", project.follow_ups()), &json!({}))
        .expect(201)
        .json();
    let body = |n: i64| json!({"token": made["token"], "answer": answer(true, n, true)});
    let reply = |n: i64| anonymous(app, "/v1/follow-up-links/answer", &body(n)).status;
    let reply = &reply;
    let mut answers: Vec<u16> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..8).map(|n| scope.spawn(move || reply(n))).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    answers.sort_unstable();
    assert_eq!(answers, [vec![204], vec![409; 7]].concat());
}

fn follow_ups_come_by_rule_and_only_for_what_was_matched(app: &TestApp) {
    let project = Project::delivered(app, "昼の会", 1);
    // What a roster lists as delivered was never matched here.
    let imported = app.deliverable(&app.organization("夜の会"), json!({}));
    sql(
        app,
        &format!(
            "UPDATE deliverables SET status = 'delivered' WHERE id = {}",
            literal(app, &imported)
        ),
    );
    let make = || app.state.pool.write_blocking(follow_ups::actions::make).unwrap();
    make();
    assert_eq!(make(), 0, "each once");
    let_days_pass(app, &project.id, 190);
    assert_eq!(tasks(app, &app.admin, "answer_follow_up").len(), 1);
}

fn outcomes_add_up_and_hide_single_reviews(app: &TestApp) {
    let mut projects = Vec::new();
    for n in 0..5 {
        let project = Project::delivered(app, &format!("会{n}"), 1);
        let application = project.team[0].1.clone();
        let mut body = review(&application, if n == 0 { 5 } else { 4 }, "よい");
        body["author"] = json!("organization");
        app.post(&project.reviews(), &body).expect(201);
        projects.push(project);
        let total = app.get("/v1/statistics/outcomes").expect(200).json()["total"].clone();
        assert_eq!(total["delivered"], n + 1);
        assert_eq!(total["reviews_of_members"].is_null(), n < 4, "{n}: {total}");
        assert!(total["reviews_of_organizations"].is_null());
    }
    let grouped = app
        .get("/v1/statistics/outcomes?group_by=fiscal_year,type,area,format")
        .expect(200)
        .json();
    assert_eq!(grouped["items"].as_array().unwrap().len(), 1);
    // Nobody said when the work began.
    assert_eq!(
        (&grouped["total"]["timed"], &grouped["total"]["median_days"]),
        (&json!(0), &Value::Null)
    );
    // 4.2, rounded to halves.
    assert_includes(
        &grouped["items"][0],
        &json!({"type": "flyer", "area": "131041", "delivered": 5,
            "reviews_of_members": {"reviews": 5, "quality": 4.0}}),
    );
    let reply = |project: &Project, months: u32, body: Value| {
        app.post(&format!("{}/{months}/answer", project.follow_ups()), &body)
            .expect(201);
    };
    for project in &projects[..3] {
        let_days_pass(app, &project.id, 190);
    }
    reply(&projects[0], 6, answer(true, 100, true));
    reply(&projects[1], 6, answer(true, 50, false));
    reply(&projects[2], 6, answer(false, 0, true));
    let_days_pass(app, &projects[0].id, 180);
    reply(&projects[0], 12, answer(false, 120, false));
    let total = app.get("/v1/statistics/outcomes").expect(200).json()["total"].clone();
    assert_includes(
        &total,
        &json!({"in_use_after_6_months": {"answered": 3, "yes": 2, "percent": 67},
            "in_use_after_12_months": {"answered": 1, "yes": 0, "percent": 0},
            // The later answer about a deliverable stands for it.
            "reach": 170, "would_do_again": {"answered": 3, "yes": 1, "percent": 33}}),
    );
    let none = app.get("/v1/statistics/outcomes?type=website").expect(200).json();
    assert_eq!(none["total"]["delivered"], 0);
    let table = app
        .get("/v1/statistics/outcomes.csv?group_by=type")
        .expect(200)
        .text;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("\u{feff}type,delivered,answered_after_6_months,in_use_after_6_months"));
    assert!(
        lines[1].starts_with("flyer,5,3,2,1,0,170,3,1,5,4,4,4,4"),
        "{table}"
    );
    app.get("/v1/statistics/outcomes?group_by=status").expect(400);
}

/// Writes that an application was asked so many days ago.
fn asked_ago(app: &TestApp, application: &str, days: i64) {
    let of = literal(app, application);
    sql(
        app,
        &format!("UPDATE application_responses SET asked_on = asked_on - {days} WHERE application_id = {of}"),
    );
}

fn responses_of(app: &TestApp, organization: &str) -> Value {
    let page = app
        .get("/v1/statistics/organization-responses?limit=200")
        .expect(200)
        .json();
    let mut found = page["items"].as_array().unwrap().iter();
    let own = found.find(|one| one["organization_id"] == organization);
    own.unwrap()["responses"].clone()
}

fn an_organization_that_never_answers_is_named(app: &TestApp) {
    let (silent, quick) = (app.organization("静かな会"), app.organization("早い会"));
    let roles = json!({"roles": [{"role": "designer", "places": 9, "skills": []}]});
    let (unanswered, answered) = (
        app.deliverable(&silent, roles.clone()),
        app.deliverable(&quick, roles),
    );
    for n in 0..4 {
        let application = apply(app, &unanswered, &app.worker(json!({})));
        asked_ago(app, &application, if n == 3 { 13 } else { 14 });
        let application = apply(app, &answered, &app.worker(json!({})));
        if n < 3 {
            asked_ago(app, &application, n);
            let decline = json!({"status": "declined", "reason": "skills"});
            let path = format!("/v1/applications/{application}");
            app.call("PATCH", &path, &member_of(app, &quick), &decline)
                .expect(200);
        }
    }
    assert_eq!(
        responses_of(app, &silent),
        json!({"received": 3, "answered": 0, "rate_percent": 0, "median_days": null})
    );
    // What arrived today isn't late.
    assert_eq!(
        responses_of(app, &quick),
        json!({"received": 3, "answered": 3, "rate_percent": 100, "median_days": 1})
    );

    let worker = app.worker(json!({}));
    let ranking = app
        .get(&format!("/v1/workers/{worker}/matches?limit=50"))
        .expect(200)
        .json();
    let of = |deliverable: &str| {
        let mut items = ranking["items"].as_array().unwrap().iter();
        let own = items.find(|one| one["deliverable"]["id"] == deliverable);
        own.unwrap()["organization_response"].clone()
    };
    assert_includes(
        &of(&unanswered),
        &json!({"warning": "never_answers", "rate_percent": 0, "because": "この1年の応募3件のどれにも回答していません。"}),
    );
    assert_includes(
        &of(&answered),
        &json!({"warning": null, "rate_percent": 100, "median_days": 1}),
    );
    let fresh = app.deliverable(&app.organization("新しい会"), json!({}));
    let again = app
        .get(&format!("/v1/workers/{worker}/matches?limit=50"))
        .expect(200)
        .json();
    let mut items = again["items"].as_array().unwrap().iter();
    let new = items.find(|one| one["deliverable"]["id"] == fresh).unwrap();
    assert_includes(
        &new["organization_response"],
        &json!({"warning": null, "received": 0, "rate_percent": null, "median_days": null}),
    );
}

fn answers_count_for_who_gave_them(app: &TestApp) {
    let organization = app.organization("谷の会");
    let roles = json!({"roles": [{"role": "designer", "places": 9, "skills": []}]});
    let deliverable = app.deliverable(&organization, roles);
    let areas = json!({"role": "coordinator", "areas": ["131041"]});
    let user = app.user("c@example.jp", areas);
    app.user(
        "d@example.jp",
        json!({"role": "coordinator", "areas": ["131130"]}),
    );
    let own = app.login("c@example.jp")["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let decline = json!({"status": "declined", "reason": "skills"});
    let withdraw = json!({"status": "withdrawn", "reason": "health"});
    let move_by = |token: &str, days: i64, to: &Value| {
        let application = apply(app, &deliverable, &app.worker(json!({})));
        asked_ago(app, &application, days);
        app.call("PATCH", &format!("/v1/applications/{application}"), token, to)
            .expect(200);
        application
    };
    for days in [2, 4, 9] {
        move_by(&own, days, &decline);
    }
    move_by(&member_of(app, &organization), 1, &decline);
    // Who waited long and gave up was not answered; who left at once wasn't kept waiting.
    move_by(&app.admin, 20, &withdraw);
    move_by(&app.admin, 3, &withdraw);
    // Beyond a year nothing counts.
    move_by(&own, 400, &decline);
    assert_eq!(
        responses_of(app, &organization),
        json!({"received": 5, "answered": 4, "rate_percent": 80, "median_days": 2})
    );
    let path = "/v1/statistics/coordinator-responses";
    let all = app.get(path).expect(200).json();
    let all = all["items"].as_array().unwrap();
    assert_eq!(all.len(), 2);
    let expected = json!({"user_id": user["id"], "answered": 3, "median_days": 4,
        "areas": {"received": 4, "answered": 3, "rate_percent": 75, "median_days": 4}});
    let seen = app.call("GET", path, &own, &Value::Null).expect(200).json();
    assert_eq!(
        seen["items"].as_array().unwrap().len(),
        1,
        "a coordinator sees only themselves"
    );
    assert_includes(&seen["items"][0], &expected);
    assert!(all.contains(&seen["items"][0]));
    app.get_as(UserRole::Auditor, path).expect(403);

    // A request that ends answers nobody.
    let waiting = apply(app, &deliverable, &app.worker(json!({})));
    asked_ago(app, &waiting, 30);
    app.patch(
        &format!("/v1/deliverables/{deliverable}"),
        &json!({"status": "cancelled", "cancellation_reason": "no_longer_needed"}),
    )
    .expect(200);
    assert_includes(
        &responses_of(app, &organization),
        &json!({"received": 6, "answered": 4}),
    );

    // To take the role of who waits out of a request answers them.
    let designers = json!({"roles": [{"role": "designer", "places": 1, "skills": []}]});
    let deliverable = app.deliverable(&organization, designers);
    let waiting = apply(app, &deliverable, &app.worker(json!({})));
    let writers = json!({"roles": [{"role": "writer", "places": 1, "skills": []}]});
    app.patch(&format!("/v1/deliverables/{deliverable}"), &writers)
        .expect(200);
    let told = app.get(&format!("/v1/applications/{waiting}")).expect(200).json();
    assert_includes(
        &told,
        &json!({"status": "declined", "reason": "no_longer_needed"}),
    );
    asked_ago(app, &waiting, 14);
    assert_includes(
        &responses_of(app, &organization),
        &json!({"received": 7, "answered": 5}),
    );
}

fn only_what_could_be_answered_here_counts(app: &TestApp) {
    let organization = app.organization("谷の会");
    let open = app.deliverable(
        &organization,
        json!({"title": "会のチラシ", "roles": [{"role": "designer", "places": 9, "skills": []}]}),
    );
    let today = musubi::catalogue::calendar::today();
    let mut list = "団体名,件名,応募者氏名,役割,状況,応募日\n".to_owned();
    for (name, status, ago) in [
        ("佐藤", "応募中", 400),
        ("鈴木", "応募中", 14),
        ("高橋", "見送り", 3),
        ("伊藤", "応募中", 3),
    ] {
        app.worker(json!({"personal": {"name": name}}));
        let day = today - chrono::Days::new(ago);
        list += &format!("谷の会,会のチラシ,{name},デザイナー,{status},{day}\n");
    }
    let done = app.import_and_wait("kind=applications", list.as_bytes());
    assert_eq!(done["progress"]["created"], 4, "{done}");
    let ago = |days: i64| {
        sql(
            app,
            &format!("UPDATE application_responses SET asked_on = asked_on - {days}"),
        )
    };
    let received = || responses_of(app, &organization)["received"].clone();
    ago(20);
    assert_eq!(received(), 1, "what came in time, and waits here");
    // While a coordinator reads the request again, nobody can answer; then the time goes on.
    let path = format!("/v1/deliverables/{open}");
    app.patch(&path, &json!({"status": "submitted"})).expect(200);
    assert_eq!(received(), 0);
    app.release(&path).expect(200);
    assert_eq!(received(), 1, "it was late before");
    // The 15 days of a review don't count, and the 10 before it do.
    sql(
        app,
        &format!(
            "UPDATE application_responses SET asked_on = {} - 25",
            musubi::catalogue::calendar::day_number(today)
        ),
    );
    app.patch(&path, &json!({"status": "submitted"})).expect(200);
    delivered_ago(app, &open, 15);
    app.release(&path).expect(200);
    assert_eq!(received(), 0);
    ago(4);
    assert_eq!(received(), 1);
}

fn a_review_forgets_no_answer(app: &TestApp) {
    let organization = app.organization("谷の会");
    let open = app.deliverable(
        &organization,
        json!({"title": "会のチラシ", "roles": [{"role": "designer", "places": 9, "skills": []}]}),
    );
    let worker = || app.worker(json!({}));
    let (answered, late, recent) = (
        apply(app, &open, &worker()),
        apply(app, &open, &worker()),
        apply(app, &open, &worker()),
    );
    asked_ago(app, &answered, 40);
    asked_ago(app, &late, 40);
    asked_ago(app, &recent, 22);
    let shortlisted = json!({"status": "shortlisted"});
    app.patch(&format!("/v1/applications/{answered}"), &shortlisted)
        .expect(200);
    let path = format!("/v1/deliverables/{open}");
    app.patch(&path, &json!({"status": "submitted"})).expect(200);
    delivered_ago(app, &open, 20);
    let version = app.get(&path).expect(200).header("etag").to_owned();
    let declined = json!({"status": "declined", "reason": "no_capacity"});
    app.post_with(&format!("{path}/decisions"), &[("if-match", &version)], &declined)
        .expect(201);
    // Who waited for 2 days before the review got no answer, but not by the organization's fault.
    assert_includes(
        &responses_of(app, &organization),
        &json!({"received": 2, "answered": 1}),
    );
}
