//! The whole story of one request, by everybody who takes part: from the draft to the last follow-up.

use crate::support::{Response, TestApp, assert_includes, merge, on_both};
use diesel::connection::SimpleConnection;
use matcher::formulas::experience_ppm;
use musubi::auth::{Claims, UserRole};
use musubi::db::{Db, Id};
use musubi::follow_ups;
use serde_json::{Value, json};

on_both! {
    a_request_becomes_a_flyer_that_is_still_in_use,
    the_calendar_of_the_programme_leads_through_its_year,
}

/// Somebody who takes part, with a token.
struct Person<'a> {
    app: &'a TestApp,
    token: String,
}

impl<'a> Person<'a> {
    fn new(app: &'a TestApp, role: UserRole, belong: impl FnOnce(&mut Claims)) -> Person<'a> {
        let mut claims = Claims::new(
            role,
            format!("{}-1", role.code()),
            chrono::Utc::now().timestamp(),
            3600,
        );
        belong(&mut claims);
        let token = app.state.keys.sign(&claims).unwrap();
        Person { app, token }
    }

    fn member(app: &'a TestApp, organization: &str) -> Person<'a> {
        Person::new(app, UserRole::Organization, |claims| {
            claims.belonging.organization_id = Some(id(organization))
        })
    }

    fn volunteer(app: &'a TestApp, worker: &str) -> Person<'a> {
        Person::new(app, UserRole::Worker, |claims| {
            claims.belonging.worker_id = Some(id(worker))
        })
    }

    fn coordinator(app: &'a TestApp) -> Person<'a> {
        Person::new(app, UserRole::Coordinator, |claims| {
            claims.belonging.areas = vec!["131041".into()]
        })
    }

    fn get(&self, path: &str) -> Value {
        self.app
            .call("GET", path, &self.token, &Value::Null)
            .expect(200)
            .json()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.posted(path, body).expect(201).json()
    }

    fn posted(&self, path: &str, body: &Value) -> Response {
        let (bearer, key) = (format!("Bearer {}", self.token), Id::new().to_string());
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", key.as_str()),
        ];
        self.app.send("POST", path, &headers, body.to_string().as_bytes())
    }

    /// Says yes to what somebody else wrote, having read it.
    fn approve(&self, path: &str, body: &Value) -> Value {
        self.app.patch_read(path, &self.token, body).expect(200).json()
    }

    fn patch(&self, path: &str, body: &Value) -> Value {
        self.app.call("PATCH", path, &self.token, body).expect(200).json()
    }

    /// Decides about the request as it is now.
    fn decide(&self, path: &str, decision: &Value) -> Value {
        let found = self.app.call("GET", path, &self.token, &Value::Null).expect(200);
        let (bearer, version) = (format!("Bearer {}", self.token), found.header("etag").to_owned());
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("if-match", version.as_str()),
        ];
        let path = format!("{path}/decisions");
        let body = decision.to_string();
        self.app
            .send("POST", &path, &headers, body.as_bytes())
            .expect(201)
            .json()
    }

    /// The kinds of what waits for this person, each with its last day.
    fn tasks(&self) -> Vec<(String, Value)> {
        let page = self.get("/v1/tasks");
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|task| (text(&task["kind"]), task["due_on"].clone()))
            .collect()
    }

    fn waits_for(&self, kind: &str) -> bool {
        self.tasks().iter().any(|(found, _)| found == kind)
    }
}

fn id(text: &str) -> Id {
    Id(text.parse().unwrap())
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

fn id_of(record: &Value) -> String {
    text(&record["id"])
}

fn designer(more: Value) -> Value {
    let mut body = json!({"consent": {"given_on": "2026-04-01", "text_version": "2026-04"}, "area": "131041",
        "travel_limit_km": 20, "remote": false, "accepted_formats": ["one_day", "mid_long"], "roles": ["designer"],
        "skills": [{"skill": "graphic_design", "level": 4}], "themes": [], "hours_per_week": 10,
        "day_parts": ["saturday_morning"], "experience": [], "track_record": {"completed": 0, "dropped": 0}});
    merge(&mut body, more);
    body
}

fn component(explained: &Value, name: &str) -> u64 {
    let components = explained["components"].as_array().unwrap();
    let found = components.iter().find(|one| one["name"] == name).unwrap();
    found["value_ppm"].as_u64().unwrap()
}

/// Drafts and submits a request for a flyer by a designer and a writer. Returns its path.
fn submit(organization: &Person, of: &str, more: Value) -> String {
    let mut draft = json!({"organization_id": of, "type": "flyer", "title": "会員募集のチラシ",
        "trouble": "会員が高齢になり、新しい仲間が集まらない。", "format": "mid_long",
        "starts_on": "2026-10-01", "ends_on": "2027-03-31", "roles": [
            {"role": "designer", "places": 1, "skills": [{"skill": "graphic_design", "level": 3, "weight": 1}]},
            {"role": "writer", "places": 1, "skills": []}]});
    merge(&mut draft, more);
    let path = format!(
        "/v1/deliverables/{}",
        id_of(&organization.post("/v1/deliverables", &draft))
    );
    organization.patch(&path, &json!({"status": "submitted"}));
    path
}

fn a_request_becomes_a_flyer_that_is_still_in_use(app: &TestApp) {
    let here = Person::coordinator(app);
    let group = app.organization("戸山ふれあいの会");
    let organization = Person::member(app, &group);
    let (_, token) = app.partner(json!({"code": "volunteers"}));
    let partner = Person { app, token };

    // Request, endorse, hear, open.
    let flyer = submit(&organization, &group, json!({}));
    let request = id_of(&here.get(&flyer));
    assert!(here.waits_for("review_request") && !organization.waits_for("review_request"));
    let endorsement = json!({"endorsement": {"intermediary": {"kind": "social_welfare_council", "name": "新宿区社会福祉協議会"},
        "person": "鈴木", "endorsed_on": "2026-06-20", "message": "地域の要です。"}});
    here.patch(&format!("{flyer}/intake"), &endorsement);
    here.patch(&flyer, &json!({"status": "screening"}));
    here.patch(&flyer, &json!({"status": "hearing"}));
    let hearing = json!({"hearing": {"held_on": "2026-07-14", "participants": ["代表 田中"], "notes": "印刷費は負担できる。"}});
    here.patch(&format!("{flyer}/intake"), &hearing);
    here.decide(&flyer, &json!({"status": "open", "message": "よい計画です。"}));
    here.patch(&flyer, &json!({"shared_with_partners": true}));
    assert!(!here.waits_for("review_request"));

    // Rank: three designers; the one of the partner app isn't the first.
    let by_partner = designer(
        json!({"external_id": "u-1", "personal": {"name": "佐藤 陽子", "email": "yoko@example.jp"}, "track_record": null,
        "consent": {"given_on": "2026-04-01", "given_at": "2026-04-01T03:00:00Z", "text_version": "2026-04"}}),
    );
    let yoko = id_of(&partner.post("/v1/workers", &by_partner));
    let stronger = app.worker(designer(
        json!({"skills": [{"skill": "graphic_design", "level": 5}],
        "experience": [{"family": "print", "role": "designer", "delivered": 1}]}),
    ));
    let writer = app.worker(designer(json!({"roles": ["writer"]})));
    let ranking = here.get(&format!(
        "/v1/deliverables/{request}/matches?role=designer&fairness=off"
    ));
    let ranked: Vec<&Value> = ranking["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["worker"]["id"])
        .collect();
    assert_eq!(ranked, [&json!(stronger), &json!(yoko)]);

    // The partner applies; offer, answer, agreement.
    let bid = json!({"deliverable_id": request, "worker_id": yoko, "role": "designer", "message": "ぜひ作らせてください。"});
    let bid = format!(
        "/v1/applications/{}",
        id_of(&partner.post("/v1/applications", &bid))
    );
    assert!(organization.waits_for("answer_application"));
    organization.patch(&bid, &json!({"status": "offered"}));
    assert!(partner.get(&bid)["respond_by"].is_string());
    partner.patch(
        &bid,
        &json!({"worker_agrees": true,
        "agreement": {"goal": "会員が10人増えるチラシ", "schedule": "土曜の午前"}}),
    );
    assert!(organization.waits_for("confirm_agreement"));
    assert_eq!(
        organization.approve(&bid, &json!({"organization_agrees": true}))["status"],
        "agreed"
    );
    let invite = |worker: &str| {
        let invitation = json!({"deliverable_id": request, "worker_id": worker, "role": "writer", "direction": "invitation"});
        let path = format!(
            "/v1/applications/{}",
            id_of(&here.post("/v1/applications", &invitation))
        );
        let invited = Person::volunteer(app, worker);
        assert!(invited.waits_for("answer_invitation"));
        invited.patch(&path, &json!({"status": "shortlisted"}));
        here.patch(&path, &json!({"status": "offered"}));
        assert!(invited.waits_for("answer_offer"));
        invited.patch(
            &path,
            &json!({"worker_agrees": true, "agreement": {"goal": "読みやすい文", "schedule": "夜"}}),
        );
        assert_eq!(
            organization.approve(&path, &json!({"organization_agrees": true}))["status"],
            "agreed"
        );
        path
    };
    let writing = invite(&writer);
    assert_eq!(here.get(&flyer)["status"], "matched");

    // Work, and a drop-out.
    let project = format!("/v1/projects/{request}");
    assert_includes(
        &here.get(&project),
        &json!({"status": "planned", "kind": "deliverable"}),
    );
    here.patch(&project, &json!({"status": "in_progress"}));
    let yoko_herself = Person::volunteer(app, &yoko);
    let milestones = yoko_herself.get(&format!("{project}/milestones"));
    let first = format!("{project}/milestones/{}", id_of(&milestones["items"][0]));
    yoko_herself.patch(&first, &json!({"progress": 100, "done_on": "2026-10-20"}));
    assert!(here.get(&project)["progress"]["percent"].as_u64().unwrap() > 0);
    yoko_herself.post(
        &format!("{project}/hours"),
        &json!({"worked_on": "2026-10-20", "minutes": 120, "note": "ラフ案"}),
    );
    Person::volunteer(app, &writer).patch(&writing, &json!({"status": "withdrawn", "reason": "relocation"}));
    assert!(here.get(&project)["vacant_since"].is_string());
    let replacement = app.worker(designer(json!({"roles": ["writer"]})));
    let ranking = here.get(&format!("/v1/deliverables/{request}/matches?fairness=off"));
    let roles: Vec<String> = ranking["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["role"]))
        .collect();
    assert!(
        !roles.is_empty() && roles.iter().all(|role| role == "writer"),
        "{roles:?}"
    );
    invite(&replacement);
    assert!(here.get(&project)["vacant_since"].is_null());

    // Deliver: the ranking follows by exactly the formula.
    let poster = app.deliverable(&app.organization("百人町の会"), json!({"format": "mid_long",
        "roles": [{"role": "designer", "places": 1, "skills": [{"skill": "graphic_design", "level": 3, "weight": 1}]}]}));
    let explain = || here.get(&format!("/v1/deliverables/{poster}/matches/{yoko}"));
    let before = explain();
    assert_eq!(component(&before, "experience"), 0);
    let artifact =
        json!({"title": "チラシ 入稿版", "link": "https://example.jp/flyer.pdf", "status": "submitted"});
    let artifact = yoko_herself.post(&format!("{project}/artifacts"), &artifact);
    organization.approve(
        &format!("{project}/artifacts/{}", id_of(&artifact)),
        &json!({"status": "accepted", "answer": "すばらしい。"}),
    );
    here.patch(&project, &json!({"status": "delivered"}));
    let after = explain();
    assert_eq!(component(&after, "experience"), experience_ppm(1));
    assert!(component(&after, "reliability") > component(&before, "reliability"));
    assert!(after["fit_ppm"].as_u64() > before["fit_ppm"].as_u64());

    // Review, follow up, statistics.
    assert!(organization.waits_for("write_review"));
    let review = |application: &str| {
        json!({"application_id": application.rsplit('/').next(), "message": "ありがとうございました。",
        "scales": {"communication": 5, "quality": 5, "reliability": 5, "again": 5}})
    };
    organization.post(&format!("{project}/reviews"), &review(&bid));
    assert_eq!(
        yoko_herself.get(&format!("{project}/reviews"))["items"],
        json!([])
    );
    yoko_herself.post(&format!("{project}/reviews"), &review(&bid));
    assert_eq!(
        yoko_herself.get(&format!("{project}/reviews"))["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    here.patch(&project, &json!({"status": "closed"}));
    app.state.pool.write_blocking(follow_ups::actions::make).unwrap();
    let half_a_year = |db: &mut Db| Ok(db.batch_execute("UPDATE follow_ups SET asked_on = asked_on - 190")?);
    app.state.pool.write_blocking(half_a_year).unwrap();
    assert!(organization.waits_for("answer_follow_up"));
    let link = here.post(&format!("{project}/follow-ups/6/link"), &json!({}));
    let answer = json!({"token": link["token"], "answer": {"still_in_use": true, "reach": 450,
        "changes": "会員が12人増えました。", "would_do_again": true}});
    let headers = [("content-type", "application/json")];
    let answered = app.send(
        "POST",
        "/v1/follow-up-links/answer",
        &headers,
        answer.to_string().as_bytes(),
    );
    assert!(answered.status < 300, "{}", answered.text);
    assert!(!organization.waits_for("answer_follow_up"));
    assert_includes(
        &here.get("/v1/statistics/outcomes")["total"],
        &json!({"delivered": 1, "reach": 450, "in_use_after_6_months": {"answered": 1, "yes": 1}}),
    );
    let applied = here.get(&bid);
    assert_eq!(applied["status"], "agreed");
}

/// Until 30 June one applies; July has screening and hearing, August the result, September the teams, October the kick-off,
/// and March the delivery.
fn the_calendar_of_the_programme_leads_through_its_year(app: &TestApp) {
    let here = Person::coordinator(app);
    let group = app.organization("戸山ふれあいの会");
    let organization = Person::member(app, &group);
    let flyer = submit(&organization, &group, json!({}));
    let intake = format!("{flyer}/intake");
    let days = json!({"screening_due_on": "2026-07-10", "hearing_due_on": "2026-07-31", "decision_due_on": "2026-08-20"});
    here.patch(&intake, &days);
    let reversed = json!({"hearing_due_on": "2026-07-01"});
    app.call("PATCH", &intake, &here.token, &reversed).expect(422);
    let due = || {
        let tasks = here.tasks();
        let of = tasks.iter().find(|(kind, _)| kind == "review_request");
        of.map(|(_, due)| due.clone())
    };
    assert_eq!(due(), Some(json!("2026-07-10")));
    here.patch(&flyer, &json!({"status": "screening"}));
    assert_eq!(due(), Some(json!("2026-07-31")));
    here.patch(&flyer, &json!({"status": "hearing"}));
    assert_eq!(due(), Some(json!("2026-08-20")));
    let hearing = json!({"hearing": {"held_on": "2026-07-14", "participants": ["代表 田中"], "notes": null}});
    here.patch(&intake, &hearing);
    here.decide(&flyer, &json!({"status": "open", "message": "採択します。"}));
    assert_eq!(due(), None);
    let request = id_of(&here.get(&flyer));
    for role in ["designer", "writer"] {
        let worker = app.worker(designer(json!({"roles": [role]})));
        let bid = json!({"deliverable_id": request, "worker_id": worker, "role": role});
        let bid = id_of(&here.post("/v1/applications", &bid));
        here.patch(&format!("/v1/applications/{bid}"), &json!({"status": "agreed"}));
    }
    let project = format!("/v1/projects/{request}");
    assert_includes(
        &here.get(&project),
        &json!({"status": "planned", "starts_on": "2026-10-01", "ends_on": "2027-03-31"}),
    );
    let milestones = here.get(&format!("{project}/milestones"));
    let days: Vec<String> = milestones["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["due_on"]))
        .collect();
    assert!(
        days.is_sorted() && days.iter().all(|day| day.as_str() > "2026-10-01"),
        "{days:?}"
    );
    assert_eq!(days.last().unwrap(), "2027-03-31");
    here.patch(&project, &json!({"status": "in_progress"}));
    here.patch(&project, &json!({"status": "delivered"}));
    assert_eq!(here.get(&flyer)["status"], "delivered");
}
