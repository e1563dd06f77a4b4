//! Offers, invitations, waiting lists and deadlines of applications.

use crate::partners::keyed;
use crate::support::{Response, TestApp, assert_includes, merge, on_both};
use musubi::applications::moves::{self, Party};
use musubi::applications::{ApplicationStatus, deadlines};
use musubi::auth::{Claims, UserRole};
use musubi::db::{Id, Instant};
use musubi::values::Lifecycle;
use serde_json::{Value, json};
use strum::VariantArray;

on_both! {
    an_offer_holds_a_place_until_both_sides_agree,
    a_changed_agreement_needs_a_new_yes,
    nobody_agrees_to_what_they_have_not_read,
    nothing_waits_without_end_for_a_complete_team,
    only_offers_have_terms,
    an_invited_worker_says_yes_before_anything_personal_is_shown,
    a_coordinator_invites_from_beyond_their_areas,
    nobody_invites_whom_the_ranking_removes,
    the_audit_says_who_closed_what,
    an_ended_application_says_who_closed_it_and_when,
    a_merge_looks_to_partners_like_what_a_coordinator_declined,
    invitations_have_an_end,
    a_full_role_has_a_waiting_list_in_order,
    popular_requests_keep_their_queue_short,
    somebody_who_leaves_begun_work_is_replaced,
    silence_is_warned_of_once_and_then_ends,
    nothing_expires_without_a_warning,
    one_of_fifty_offers_and_agreements_fills_the_place,
    one_person_by_two_partners_gets_one_place,
    who_may_be_in_the_team_already_gets_no_place_before_somebody_decides,
    namesakes_and_families_get_their_places,
    two_offers_at_once_to_one_person_are_one,
    who_turns_out_to_be_in_the_team_waits_for_the_last_word,
    each_role_makes_exactly_the_moves_of_the_table,
    a_robot_answers_sandbox_partners,
}

/// Everybody around one request.
struct Scene<'a> {
    app: &'a TestApp,
    organization: String,
    flyer: String,
    member: String,
}

fn signed(app: &TestApp, role: UserRole, belong: impl FnOnce(&mut Claims)) -> String {
    let mut claims = Claims::new(role, "scene", chrono::Utc::now().timestamp(), 3600);
    belong(&mut claims);
    app.state.keys.sign(&claims).unwrap()
}

fn id(text: &str) -> Option<Id> {
    Some(Id(text.parse().unwrap()))
}

fn designers(places: u16) -> Value {
    json!({"roles": [{"role": "designer", "places": places, "skills": []}]})
}

fn agreement() -> Value {
    json!({"goal": "新しい会員が10人増えるチラシを作ります。", "schedule": "平日の夜に作業します。"})
}

impl<'a> Scene<'a> {
    fn new(app: &'a TestApp, more: Value) -> Scene<'a> {
        let organization = app.organization("戸山会");
        let flyer = app.deliverable(&organization, more);
        let member = signed(app, UserRole::Organization, |claims| {
            claims.belonging.organization_id = id(&organization);
        });
        Scene {
            app,
            organization,
            flyer,
            member,
        }
    }

    fn token_of(&self, worker: &str) -> String {
        signed(self.app, UserRole::Worker, |claims| {
            claims.belonging.worker_id = id(worker)
        })
    }

    fn bid(&self, worker: &str, more: Value) -> Value {
        let mut body = json!({"deliverable_id": self.flyer, "worker_id": worker, "role": "designer"});
        merge(&mut body, more);
        body
    }

    fn apply(&self, worker: &str) -> Value {
        let bid = self.bid(worker, json!({}));
        self.app.post("/v1/applications", &bid).expect(201).json()
    }

    fn invite(&self, token: &str, worker: &str) -> Response {
        let bid = self.bid(
            worker,
            json!({"direction": "invitation", "message": "ぜひお願いします。"}),
        );
        self.app.call("POST", "/v1/applications", token, &bid)
    }

    fn patch(&self, token: &str, application: &Value, patch: Value) -> Response {
        self.app.call("PATCH", &path(application), token, &patch)
    }

    /// Agrees to goal and schedule as somebody who has read them.
    fn agree(&self, token: &str, application: &Value, yes: &str) -> Response {
        self.app
            .patch_read(&path(application), token, &json!({yes: true}))
    }

    fn now(&self, application: &Value) -> Value {
        self.app.get(&path(application)).expect(200).json()
    }

    fn status(&self, application: &Value) -> String {
        self.now(application)["status"].as_str().unwrap().to_owned()
    }

    fn load(&self, worker: &str) -> u64 {
        let worker = self.app.get(&format!("/v1/workers/{worker}")).expect(200).json();
        worker["here"]["open_load"].as_u64().unwrap()
    }

    fn request(&self) -> Value {
        let path = format!("/v1/deliverables/{}", self.flyer);
        self.app.get(&path).expect(200).json()
    }

    /// Returns whether somebody sees a worker's personal data.
    fn knows(&self, token: &str, worker: &str) -> bool {
        let path = format!("/v1/workers/{worker}");
        let seen = self
            .app
            .call("GET", &path, token, &Value::Null)
            .expect(200)
            .json();
        !seen["personal"].is_null()
    }

    /// What waits for somebody.
    fn tasks(&self, token: &str) -> Vec<Value> {
        let page = self
            .app
            .call("GET", "/v1/tasks", token, &Value::Null)
            .expect(200)
            .json();
        page["items"].as_array().unwrap().clone()
    }

    fn kinds(&self, token: &str) -> Vec<String> {
        let tasks = self.tasks(token).into_iter();
        tasks
            .map(|task| task["kind"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Lets the server look at what is due, some days from now.
    fn in_days(&self, days: i64) {
        let then = Instant::from(chrono::Utc::now() + chrono::Duration::days(days));
        deadlines::run(&self.app.state.pool, then).unwrap();
    }
}

fn path(application: &Value) -> String {
    format!("/v1/applications/{}", application["id"].as_str().unwrap())
}

fn an_offer_holds_a_place_until_both_sides_agree(app: &TestApp) {
    let scene = Scene::new(app, designers(1));
    let worker = app.worker(json!({}));
    let own = scene.token_of(&worker);
    let bid = scene.apply(&worker);
    assert_includes(
        &bid,
        &json!({"status": "submitted", "direction": "application", "awaits": "organization"}),
    );
    assert_eq!(scene.kinds(&scene.member), ["answer_application"]);

    let early = scene
        .patch(&scene.member, &bid, json!({"status": "agreed"}))
        .expect(409);
    assert_eq!(early.code(), "illegal_transition");
    scene
        .patch(&scene.member, &bid, json!({"status": "shortlisted"}))
        .expect(200);
    assert_eq!(scene.kinds(&scene.member), ["answer_application"]);
    let offer = scene
        .patch(&scene.member, &bid, json!({"status": "offered"}))
        .expect(200)
        .json();
    assert_includes(
        &offer,
        &json!({"status": "offered", "place": 1, "awaits": "worker"}),
    );
    let days = chrono::DateTime::parse_from_rfc3339(offer["respond_by"].as_str().unwrap())
        .unwrap()
        .to_utc()
        - chrono::Utc::now();
    assert!((6..=7).contains(&days.num_days()), "{days}");
    assert_eq!(scene.load(&worker), 1, "an offered place is busy");
    assert_eq!(scene.request()["open_places"][0]["left"], 0);
    assert_eq!(scene.request()["status"], "open", "an offer completes no team");
    assert_eq!(scene.kinds(&own), ["answer_offer"]);
    assert_eq!(scene.kinds(&scene.member), [""; 0]);

    let nothing = scene
        .patch(&own, &bid, json!({"worker_agrees": true}))
        .expect(422);
    assert_eq!(nothing.faults(), [("/agreement".into(), "missing_field".into())]);
    let yes = json!({"agreement": agreement(), "worker_agrees": true});
    let answered = scene.patch(&own, &bid, yes).expect(200).json();
    assert_includes(
        &answered,
        &json!({"status": "offered", "awaits": "organization", "agreement": agreement()}),
    );
    assert_eq!(scene.kinds(&scene.member), ["confirm_agreement"]);
    assert_eq!(scene.kinds(&own), [""; 0]);
    // Nobody agrees in the other side's place.
    let theirs = scene
        .patch(&own, &bid, json!({"organization_agrees": true}))
        .expect(422);
    assert_eq!(
        theirs.faults(),
        [("/organization_agrees".into(), "not_permitted".into())]
    );

    let agreed = scene
        .agree(&scene.member, &bid, "organization_agrees")
        .expect(200)
        .json();
    assert_includes(
        &agreed,
        &json!({"status": "agreed", "place": 1, "awaits": null, "respond_by": null}),
    );
    assert_eq!(
        (scene.request()["status"].as_str(), scene.load(&worker)),
        (Some("matched"), 1)
    );
    let late = scene
        .patch(&own, &bid, json!({"agreement": {"goal": "別の目標"}}))
        .expect(422);
    assert_eq!(late.faults(), [("/agreement".into(), "not_offered".into())]);
    scene
        .patch(&own, &bid, json!({"status": "withdrawn", "reason": "health"}))
        .expect(200);
    assert_eq!(
        (scene.request()["status"].as_str(), scene.load(&worker)),
        (Some("open"), 0)
    );
}

fn a_changed_agreement_needs_a_new_yes(app: &TestApp) {
    let scene = Scene::new(app, designers(1));
    let worker = app.worker(json!({}));
    let own = scene.token_of(&worker);
    let bid = scene.apply(&worker);
    let offer = json!({"status": "offered", "agreement": agreement(), "organization_agrees": true});
    scene.patch(&scene.member, &bid, offer).expect(200);
    let other = json!({"agreement": {"goal": "会員を20人増やします。"}, "worker_agrees": true});
    // Who writes a goal agrees to the schedule as it is.
    assert_eq!(
        scene.patch(&own, &bid, other.clone()).expect(428).code(),
        "precondition_required"
    );
    let changed = app.patch_read(&path(&bid), &own, &other).expect(200).json();
    assert_includes(
        &changed,
        &json!({"status": "offered", "worker_agrees": true, "organization_agrees": false}),
    );
    let back = json!({"agreement": {"schedule": "週末に作業します。"}, "organization_agrees": true});
    let changed = app
        .patch_read(&path(&bid), &scene.member, &back)
        .expect(200)
        .json();
    assert_includes(
        &changed,
        &json!({"status": "offered", "worker_agrees": false, "organization_agrees": true,
        "awaits": "worker"}),
    );
    assert_eq!(scene.kinds(&own), ["answer_offer"]);
    let agreed = scene.agree(&own, &bid, "worker_agrees").expect(200).json();
    assert_eq!(agreed["status"], "agreed");
    assert_eq!(agreed["agreement"]["goal"], "会員を20人増やします。");
}

fn nobody_agrees_to_what_they_have_not_read(app: &TestApp) {
    let scene = Scene::new(app, designers(1));
    let worker = app.worker(json!({}));
    let own = scene.token_of(&worker);
    let bid = scene.apply(&worker);
    scene
        .patch(&scene.member, &bid, json!({"status": "offered"}))
        .expect(200);
    let yes = json!({"agreement": agreement(), "worker_agrees": true});
    scene.patch(&own, &bid, yes).expect(200);
    let read = app
        .call("GET", &path(&bid), &scene.member, &Value::Null)
        .expect(200);
    scene
        .patch(&own, &bid, json!({"agreement": {"goal": "別の目標です。"}}))
        .expect(200);
    let blind = scene
        .patch(&scene.member, &bid, json!({"organization_agrees": true}))
        .expect(428);
    assert_eq!(blind.code(), "precondition_required");
    let headers = [("if-match", read.header("etag"))];
    let late = app
        .patch_with(&path(&bid), &headers, &json!({"organization_agrees": true}))
        .expect(412);
    assert_eq!(late.code(), "precondition_failed");
    assert_eq!(scene.status(&bid), "offered");
    let agreed = scene
        .agree(&scene.member, &bid, "organization_agrees")
        .expect(200)
        .json();
    assert_eq!(
        (&agreed["status"], &agreed["agreement"]["goal"]),
        (&json!("agreed"), &json!("別の目標です。"))
    );
    // A yes that was given isn't given again, and what was agreed elsewhere is recorded without it.
    let again = json!({"organization_agrees": true});
    scene.patch(&scene.member, &bid, again).expect(200);
    let scene = Scene::new(app, designers(1));
    let bid = scene.apply(&app.worker(json!({})));
    app.patch(
        &path(&bid),
        &json!({"status": "offered", "agreement": agreement()}),
    )
    .expect(200);
    app.patch(&path(&bid), &json!({"status": "agreed"})).expect(200);
}

fn nothing_waits_without_end_for_a_complete_team(app: &TestApp) {
    let mut more = designers(1);
    merge(&mut more, json!({"applications_per_place": 2}));
    let scene = Scene::new(app, more);
    let workers: Vec<String> = (0..4).map(|_| app.worker(json!({}))).collect();
    let (invited, late) = (&workers[0], &workers[1]);
    let [invitation, other] = [invited, late].map(|one| scene.invite(&scene.member, one).expect(201).json());
    let listed = scene.apply(&workers[2]);
    let bid = scene.apply(&workers[3]);
    app.patch(&path(&bid), &json!({"status": "agreed"})).expect(200);
    assert_eq!(scene.request()["status"], "matched");
    assert_eq!(scene.status(&listed), "waitlisted");
    // Who was invited still hears of it, may still say yes, and is warned.
    let own = scene.token_of(invited);
    for token in [&own, &scene.token_of(late)] {
        assert_eq!(scene.kinds(token), ["answer_invitation"]);
    }
    let yes = scene.patch(&scene.token_of(late), &other, json!({"status": "shortlisted"}));
    assert_eq!(yes.expect(200).json()["status"], "waitlisted");
    scene.in_days(8);
    assert!(!scene.now(&invitation)["warned_at"].is_null());
    assert_eq!(scene.status(&invitation), "submitted");
    scene.in_days(15);
    assert_eq!(scene.status(&invitation), "expired");
    assert_eq!(scene.kinds(&own), [""; 0]);
    // The waiting list ends, too, and takes nobody out of the team.
    scene.in_days(59);
    assert_eq!(scene.status(&listed), "waitlisted");
    scene.in_days(61);
    for one in [&listed, &other] {
        assert_includes(&scene.now(one), &json!({"status": "expired", "awaits": null}));
    }
    assert_eq!(scene.status(&bid), "agreed");
}

fn only_offers_have_terms(app: &TestApp) {
    let scene = Scene::new(app, designers(1));
    let bid = scene.apply(&app.worker(json!({})));
    let soon = (chrono::Utc::now() + chrono::Duration::days(3)).to_rfc3339();
    for (patch, pointer) in [
        (json!({"respond_by": soon}), "/respond_by"),
        (json!({"agreement": agreement()}), "/agreement"),
        (json!({"worker_agrees": true}), "/worker_agrees"),
        (json!({"organization_agrees": true}), "/organization_agrees"),
        (
            json!({"status": "shortlisted", "respond_by": soon}),
            "/respond_by",
        ),
    ] {
        let refused = app.patch(&path(&bid), &patch).expect(422);
        assert_eq!(refused.faults(), [(pointer.to_owned(), "not_offered".to_owned())]);
    }
    for days in [-1, 31] {
        let at = (chrono::Utc::now() + chrono::Duration::days(days)).to_rfc3339();
        let refused = app
            .patch(&path(&bid), &json!({"status": "offered", "respond_by": at}))
            .expect(422);
        assert_eq!(refused.faults(), [("/respond_by".into(), "out_of_range".into())]);
    }
    let offered = app
        .patch(&path(&bid), &json!({"status": "offered", "respond_by": soon}))
        .expect(200)
        .json();
    assert_eq!(offered["respond_by"].as_str().unwrap()[..16], soon[..16]);
    for agreement in [
        json!({"goal": " ", "schedule": "夜"}),
        json!({"goal": "作ります。", "schedule": "あ".repeat(2001)}),
    ] {
        app.patch(&path(&bid), &json!({"agreement": agreement}))
            .expect(422);
    }
}

fn an_invited_worker_says_yes_before_anything_personal_is_shown(app: &TestApp) {
    let scene = Scene::new(app, designers(2));
    let personal = json!({"personal": {"name": "佐藤 陽子", "email": "yoko@example.jp"}});
    let worker = app.worker(personal);
    let own = scene.token_of(&worker);
    let invitation = scene.invite(&scene.member, &worker).expect(201).json();
    assert_includes(
        &invitation,
        &json!({"direction": "invitation", "status": "submitted", "awaits": "worker"}),
    );
    assert!(!scene.knows(&scene.member, &worker));
    let list = app
        .call("GET", "/v1/applications", &scene.member, &Value::Null)
        .expect(200);
    // They know the alias from the ranking, and nothing more.
    let ranking = app
        .call(
            "GET",
            &format!("/v1/deliverables/{}/matches", scene.flyer),
            &scene.member,
            &Value::Null,
        )
        .expect(200)
        .json();
    let ranked = ranking["items"].as_array().unwrap().iter();
    let ranked = ranked
        .map(|item| &item["worker"])
        .find(|one| one["id"] == worker.as_str());
    let alias = &list.json()["items"][0]["worker_alias"];
    assert!(
        alias.is_string() && ranked.is_none_or(|one| one["alias"] == *alias),
        "{}",
        list.text
    );
    assert!(!list.text.contains("佐藤"), "{}", list.text);
    assert_eq!(scene.kinds(&scene.member), [""; 0]);
    // The worker sees what it is about, and who asks.
    assert_eq!(scene.kinds(&own), ["answer_invitation"]);
    let task = &scene.tasks(&own)[0];
    let seen = app
        .call("GET", task["href"].as_str().unwrap(), &own, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(seen["message"], "ぜひお願いします。");
    for about in [
        format!("/v1/deliverables/{}", scene.flyer),
        format!("/v1/organizations/{}", scene.organization),
    ] {
        app.call("GET", &about, &own, &Value::Null).expect(200);
    }
    // Nobody makes an offer to who has not said yes, nor says yes for them.
    for to in ["offered", "agreed", "shortlisted"] {
        let refused = scene.patch(&scene.member, &invitation, json!({"status": to}));
        assert!([403, 409].contains(&refused.status), "{to} {}", refused.text);
    }
    let early = scene
        .patch(&scene.member, &invitation, json!({"status": "offered"}))
        .expect(409);
    assert!(
        early.text.contains("withdrawn") && !early.text.contains("waitlisted"),
        "{}",
        early.text
    );
    let yes = scene
        .patch(&own, &invitation, json!({"status": "shortlisted"}))
        .expect(200)
        .json();
    assert_includes(
        &yes,
        &json!({"status": "shortlisted", "awaits": "organization", "place": null}),
    );
    assert!(scene.knows(&scene.member, &worker));
    assert_eq!(scene.kinds(&scene.member), ["answer_application"]);
    scene
        .patch(&scene.member, &invitation, json!({"status": "offered"}))
        .expect(200);

    // A no has a reason of the worker's, and the inviter learns nothing more.
    let shy = app.worker(json!({"personal": {"name": "鈴木 一"}}));
    let invitation = scene.invite(&scene.member, &shy).expect(201).json();
    let own = scene.token_of(&shy);
    let no = |reason: &str| scene.patch(&own, &invitation, json!({"status": "declined", "reason": reason}));
    assert_eq!(
        no("another_chosen").expect(422).faults(),
        [("/reason".into(), "unexpected_reason".into())]
    );
    no("workload").expect(200);
    assert!(!scene.knows(&scene.member, &shy));
    // Who invited may take it back before the answer, with a reason of theirs.
    let again = scene.invite(&scene.member, &shy).expect(201).json();
    let back = |reason: &str| {
        scene.patch(
            &scene.member,
            &again,
            json!({"status": "withdrawn", "reason": reason}),
        )
    };
    assert_eq!(
        back("health").expect(422).faults(),
        [("/reason".into(), "unexpected_reason".into())]
    );
    back("another_chosen").expect(200);
}

fn a_coordinator_invites_from_beyond_their_areas(app: &TestApp) {
    let scene = Scene::new(app, designers(1));
    let here = signed(app, UserRole::Coordinator, |claims| {
        claims.belonging.areas = vec!["131041".into()]
    });
    let elsewhere = app.worker(json!({"area": "131130", "personal": {"name": "佐藤 陽子"}}));
    let bid = scene.bid(&elsewhere, json!({}));
    let refused = app.call("POST", "/v1/applications", &here, &bid).expect(422);
    assert_eq!(
        refused.faults(),
        [("/worker_id".into(), "worker_elsewhere".into())]
    );
    let invitation = scene.invite(&here, &elsewhere).expect(201).json();
    assert!(!scene.knows(&here, &elsewhere));
    // They can't say yes for somebody who isn't theirs; a coordinator there can.
    let yes = json!({"status": "shortlisted"});
    scene.patch(&here, &invitation, yes.clone()).expect(403);
    scene
        .patch(
            &here,
            &invitation,
            json!({"status": "declined", "reason": "schedule"}),
        )
        .expect(403);
    let there = signed(app, UserRole::Coordinator, |claims| {
        claims.belonging.areas = vec!["131130".into()]
    });
    scene.patch(&there, &invitation, yes).expect(200);
    assert!(scene.knows(&here, &elsewhere));
    // Nobody invites who isn't in rankings, nor for a request elsewhere.
    let paused = app.worker(json!({"area": "131130", "status": "paused"}));
    let apart = app.worker(json!({"blocked_organization_ids": [scene.organization]}));
    for hidden in [&paused, &apart] {
        let refused = scene.invite(&scene.member, hidden).expect(422);
        assert_eq!(refused.faults(), [("/worker_id".into(), "unknown_worker".into())]);
    }
    let refused = scene.invite(&there, &app.worker(json!({}))).expect(422);
    assert_eq!(
        refused.faults(),
        [("/deliverable_id".into(), "unknown_deliverable".into())]
    );
    // Workers and partner apps don't invite, and members of organizations don't apply for others.
    let refused = scene.invite(&scene.token_of(&elsewhere), &elsewhere).expect(422);
    assert_eq!(refused.faults(), [("/direction".into(), "not_permitted".into())]);
    let refused = app
        .call("POST", "/v1/applications", &scene.member, &bid)
        .expect(422);
    assert_eq!(refused.faults(), [("/direction".into(), "not_permitted".into())]);
}

fn nobody_invites_whom_the_ranking_removes(app: &TestApp) {
    let mut more = designers(1);
    merge(
        &mut more,
        json!({"applications_per_place": 20, "remote": false, "starts_on": "2199-04-01", "ends_on": "2199-09-30"}),
    );
    let scene = Scene::new(app, more);
    let coordinator = |area: &str| {
        signed(app, UserRole::Coordinator, |claims| {
            claims.belonging.areas = vec![area.into()]
        })
    };
    let here = coordinator("131041");
    for (why, gate) in [
        (json!({"roles": ["engineer"]}), "role_not_offered"),
        (json!({"accepted_formats": ["session"]}), "format_not_accepted"),
        (json!({"area": "131237", "travel_limit_km": 0}), "too_far"),
        (json!({"available_until": "2198-12-31"}), "dates_do_not_overlap"),
    ] {
        let mut elsewhere = json!({"area": "131130"});
        merge(&mut elsewhere, why.clone());
        let worker = app.worker(elsewhere);
        let explained = app
            .get(&format!("/v1/deliverables/{}/matches/{worker}", scene.flyer))
            .expect(200)
            .json();
        assert_eq!(explained["failed_gates"][0]["gate"], gate, "{why}");
        for token in [&here, &scene.member] {
            let refused = scene.invite(token, &worker).expect(422);
            assert_eq!(
                refused.faults(),
                [("/worker_id".into(), "not_ranked".into())],
                "{gate}"
            );
            let because = explained["failed_gates"][0]["because"].as_str().unwrap();
            assert!(refused.text.contains(because), "{because} {}", refused.text);
        }
        // Who takes care of the worker may know better.
        if gate != "too_far" {
            let mut own = json!({});
            merge(&mut own, why);
            let own = app.worker(own);
            scene.invite(&scene.member, &own).expect(422);
            scene.invite(&here, &own).expect(201);
        }
    }
    // What the invitation says by itself stays what it says.
    let busy = app.worker(json!({"area": "131130", "capacity": 1, "open_load": 1}));
    assert_eq!(scene.invite(&here, &busy).expect(409).code(), "at_capacity");
    scene
        .invite(&here, &app.worker(json!({"area": "131130"})))
        .expect(201);
}

fn the_audit_says_who_closed_what(app: &TestApp) {
    let scene = Scene::new(app, designers(2));
    let [chosen, other] = [(); 2].map(|_| app.worker(json!({})));
    let (bid, own) = (scene.apply(&chosen), scene.apply(&other));
    let acts = |id: &str| -> Vec<(String, String)> {
        let page = app.get(&format!("/v1/audit?subject_id={id}")).expect(200).json();
        let acts = page["items"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut acts: Vec<(String, String)> = acts
            .map(|act| (text(&act["action"]), text(&act["actor"])))
            .collect();
        acts.retain(|(action, _)| action != "personal_data.read");
        acts
    };
    let entry = |action: &str, actor: &str| (action.to_owned(), actor.to_owned());
    let declined = json!({"status": "declined", "reason": "skills"});
    scene.patch(&scene.member, &bid, declined).expect(200);
    let id = bid["id"].as_str().unwrap();
    assert_eq!(acts(id), [entry("application.closed", "organization:scene")]);
    let withdrawn = json!({"status": "withdrawn", "reason": "schedule"});
    scene.patch(&scene.token_of(&other), &own, withdrawn).expect(200);
    let id = own["id"].as_str().unwrap();
    assert_eq!(acts(id), [entry("application.closed", "worker:scene")]);
    let request = format!("/v1/deliverables/{}", scene.flyer);
    app.call("PATCH", &request, &scene.member, &json!({"status": "cancelled"}))
        .expect(200);
    assert_eq!(
        acts(&scene.flyer),
        [
            entry("request.closed", "organization:scene"),
            entry("application.closed", "worker:scene"),
            entry("application.closed", "organization:scene")
        ]
    );
    app.archive(&scene.flyer).expect(204);
    assert_eq!(acts(&scene.flyer)[0].0, "request.archived");
}

fn an_ended_application_says_who_closed_it_and_when(app: &TestApp) {
    let scene = Scene::new(app, designers(4));
    let workers = [(); 4].map(|_| app.worker(json!({})));
    let bids = [0, 1, 2, 3].map(|at: usize| scene.apply(&workers[at]));
    let open = json!({"closed_at": null, "closed_by": null});
    bids.iter().for_each(|bid| assert_includes(bid, &open));
    let own = |at: usize| scene.token_of(&workers[at]);
    let declined = json!({"status": "declined", "reason": "skills"});
    scene.patch(&scene.member, &bids[0], declined).expect(200);
    let withdrawn = json!({"status": "withdrawn", "reason": "health"});
    scene.patch(&own(1), &bids[1], withdrawn).expect(200);
    scene
        .patch(&app.admin, &bids[2], json!({"status": "offered"}))
        .expect(200);
    scene.in_days(8);
    let request = format!("/v1/deliverables/{}", scene.flyer);
    app.call("PATCH", &request, &scene.member, &json!({"status": "cancelled"}))
        .expect(200);
    let closed = [
        ("declined", json!("skills"), "organization:scene"),
        ("withdrawn", json!("health"), "worker:scene"),
        ("expired", Value::Null, "service"),
        ("declined", json!("request_closed"), "organization:scene"),
    ];
    for (at, (status, reason, by)) in closed.into_iter().enumerate() {
        let of_all = json!({"status": status, "reason": reason, "closed_by": by});
        let ended = scene.now(&bids[at]);
        assert_includes(&ended, &of_all);
        let at_once = ended["updated_at"].as_str().unwrap();
        assert_eq!(ended["closed_at"].as_str(), Some(at_once));
        // The worker and the organization read whose role that was, and the worker also why.
        let role = by.split(':').next().unwrap();
        let read = |token: &str| {
            app.call("GET", &path(&bids[at]), token, &Value::Null)
                .expect(200)
                .json()
        };
        let seen = json!({"closed_by": role, "closed_at": at_once});
        assert_includes(&read(&scene.member), &seen);
        assert_includes(&read(&own(at)), &seen);
        assert_eq!(read(&own(at))["reason"], reason);
        let listed = app
            .call("GET", "/v1/applications", &own(at), &Value::Null)
            .expect(200)
            .json();
        assert_includes(&listed["items"][0], &seen);
        let held = app
            .get(&format!("/v1/workers/{}/personal-data", workers[at]))
            .expect(200)
            .json();
        assert_includes(
            &held["applications"][0],
            &json!({"closed_by": by, "closed_at": at_once}),
        );
    }
    // What changes later has been closed when it was.
    let ended = scene.now(&bids[1]);
    app.patch(&path(&bids[1]), &json!({"note": "またお願いします。"}))
        .expect(200);
    let after = scene.now(&bids[1]);
    assert_ne!(after["version"], ended["version"]);
    for field in ["closed_at", "closed_by"] {
        assert_eq!(after[field], ended[field]);
    }
}

fn a_merge_looks_to_partners_like_what_a_coordinator_declined(app: &TestApp) {
    // They share a verified address, and are in the team before anybody finds out who they are.
    let records = one_person_twice(app, json!({"personal": {"name": "佐藤 洋"}}));
    let scene = Scene::new(app, two_designers());
    let bids = [0, 1].map(|at: usize| scene.apply(&records[at].0));
    for bid in &bids {
        app.patch(&path(bid), &json!({"status": "agreed"})).expect(200);
    }
    let merged = json!({"status": "merged", "primary_id": records[0].0});
    app.patch(&pair_of(app), &merged).expect(200);
    let ended = scene.now(&bids[1]);
    assert_includes(&ended, &json!({"status": "declined", "reason": "same_person"}));
    assert!(ended["closed_by"].as_str().unwrap().starts_with("admin:"));
    let (worker, partner) = &records[1];
    let export = format!("/v1/workers/{worker}/personal-data");
    let told = json!({"status": "declined", "reason": "other", "closed_by": "coordinator"});
    let read = |path: &str| app.call("GET", path, partner, &Value::Null).expect(200).json();
    assert_includes(&read(&path(&bids[1])), &told);
    assert_includes(&read("/v1/applications")["items"][0], &told);
    assert_includes(&read(&export)["applications"][0], &told);
    assert_eq!(read(&export)["projects"][0]["reason"], "other");
}

fn invitations_have_an_end(app: &TestApp) {
    let mut more = designers(1);
    merge(&mut more, json!({"applications_per_place": 2}));
    let scene = Scene::new(app, more);
    let worker = app.worker(json!({}));
    let own = scene.token_of(&worker);
    for n in 0..3 {
        let invitation = scene.invite(&scene.member, &worker).expect(201).json();
        let again = scene.invite(&scene.member, &worker).expect(409);
        let expected = ["already_applied", "already_applied", "too_many_invitations"];
        assert_eq!(again.code(), expected[n]);
        scene
            .patch(
                &own,
                &invitation,
                json!({"status": "declined", "reason": "other"}),
            )
            .expect(200);
    }
    assert_eq!(
        scene.invite(&scene.member, &worker).expect(409).code(),
        "too_many_invitations"
    );
    // Having been asked takes nothing from the worker: they may apply.
    let bid = scene.apply(&worker);
    for _ in 0..2 {
        scene.invite(&scene.member, &app.worker(json!({}))).expect(201);
    }
    let refused = scene.invite(&scene.member, &app.worker(json!({}))).expect(409);
    assert_eq!(refused.code(), "too_many_invitations");
    app.patch(&path(&bid), &json!({"status": "offered"})).expect(200);
    let refused = scene.invite(&scene.member, &app.worker(json!({}))).expect(409);
    assert_eq!(refused.code(), "role_filled");
}

fn a_full_role_has_a_waiting_list_in_order(app: &TestApp) {
    let scene = Scene::new(app, designers(1));
    let workers: Vec<String> = (0..4).map(|_| app.worker(json!({}))).collect();
    let [first, second, third] = [0, 1, 2].map(|n| scene.apply(&workers[n]));
    let invited = app.worker(json!({}));
    let invitation = scene.invite(&scene.member, &invited).expect(201).json();
    scene
        .patch(&scene.member, &first, json!({"status": "offered"}))
        .expect(200);
    for waiting in [&second, &third] {
        assert_includes(
            &scene.now(waiting),
            &json!({"status": "waitlisted", "awaits": null, "respond_by": null}),
        );
    }
    let fourth = scene.apply(&workers[3]);
    assert_eq!(fourth["status"], "waitlisted");
    assert_eq!(scene.kinds(&scene.member), [""; 0], "nothing to decide");
    // An invited worker who says yes now waits, too.
    let yes = scene.patch(
        &scene.token_of(&invited),
        &invitation,
        json!({"status": "shortlisted"}),
    );
    assert_eq!(yes.expect(200).json()["status"], "waitlisted");
    let full = app
        .patch(&path(&second), &json!({"status": "offered"}))
        .expect(409);
    assert_eq!(full.code(), "role_filled");
    // When the offer ends, as many as may wait for an answer move up, in order.
    let own = scene.token_of(&workers[1]);
    assert_eq!(scene.kinds(&own), [""; 0]);
    let position = app.get("/v1/changes").expect(200).json()["position"].clone();
    app.patch(
        &format!("/v1/deliverables/{}", scene.flyer),
        &json!({"applications_per_place": 2}),
    )
    .expect(200);
    scene
        .patch(
            &scene.member,
            &first,
            json!({"status": "declined", "reason": "schedule"}),
        )
        .expect(200);
    let statuses = |scene: &Scene| [&second, &third, &invitation, &fourth].map(|one| scene.status(one));
    let both = statuses(&scene);
    assert_eq!(
        both.iter().filter(|status| *status == "submitted").count(),
        2,
        "{both:?}"
    );
    assert_eq!((both[0].as_str(), both[1].as_str()), ("submitted", "submitted"));
    // The workers hear of it: a task each, and a change that says so.
    assert_eq!(scene.kinds(&own), ["check_turn"]);
    let task = scene.tasks(&own)[0].clone();
    assert_eq!(task["id"], second["id"]);
    assert!(task["expires_at"].is_string() && scene.now(&second)["moved_up_at"].is_string());
    assert!(scene.now(&fourth)["moved_up_at"].is_null());
    let moved_up = || {
        let path = format!("/v1/changes?after={}&limit=200", position.as_str().unwrap());
        let page = app.get(&path).expect(200).json();
        let mut moved = page["items"].as_array().unwrap().clone();
        moved.retain(|one| one["action"] == "moved_up");
        moved.iter().map(|one| one["id"].clone()).collect::<Vec<_>>()
    };
    // A server learns of a change a moment later.
    app.until(|| moved_up() == [second["id"].clone(), third["id"].clone()]);
    scene
        .patch(
            &scene.token_of(&workers[1]),
            &second,
            json!({"status": "withdrawn", "reason": "schedule"}),
        )
        .expect(200);
    assert_eq!(
        statuses(&scene),
        ["withdrawn", "submitted", "shortlisted", "waitlisted"]
    );
    assert_eq!(scene.kinds(&own), [""; 0], "it is gone when it is done");
    // Who was invited has said yes already.
    assert_eq!(scene.now(&invitation)["awaits"], "organization");
    app.archive(&scene.flyer).expect(204);
    for one in [&third, &fourth, &invitation] {
        assert_includes(
            &scene.now(one),
            &json!({"status": "declined", "reason": "request_closed"}),
        );
    }
}

fn popular_requests_keep_their_queue_short(app: &TestApp) {
    let scene = Scene::new(app, designers(1));
    let path_of = format!("/v1/deliverables/{}", scene.flyer);
    let bids: Vec<Value> = (0..6).map(|_| scene.apply(&app.worker(json!({})))).collect();
    let statuses = || -> Vec<String> { bids.iter().map(|bid| scene.status(bid)).collect() };
    let expected = |submitted: usize| -> Vec<&str> {
        (0..6)
            .map(|n| if n < submitted { "submitted" } else { "waitlisted" })
            .collect()
    };
    assert_eq!(statuses(), expected(3));
    app.patch(&path_of, &json!({"applications_per_place": 5}))
        .expect(200);
    assert_eq!(statuses(), expected(5));
    // Fewer places for the queue send nobody back.
    app.patch(&path_of, &json!({"applications_per_place": 1}))
        .expect(200);
    assert_eq!(statuses(), expected(5));
    assert_eq!(scene.apply(&app.worker(json!({})))["status"], "waitlisted");
    // With 0, everybody would wait for ever although a place is free.
    for wrong in [0, 101] {
        let refused = app
            .patch(&path_of, &json!({"applications_per_place": wrong}))
            .expect(422);
        assert_eq!(
            refused.faults(),
            [("/applications_per_place".into(), "out_of_range".into())]
        );
    }
    // The organization may take somebody from the list.
    app.patch(&path(&bids[5]), &json!({"status": "offered"}))
        .expect(200);
}

fn somebody_who_leaves_begun_work_is_replaced(app: &TestApp) {
    let scene = Scene::new(app, designers(1));
    let (first, next, waiting) = (
        app.worker(json!({})),
        app.worker(json!({})),
        app.worker(json!({})),
    );
    let bid = scene.apply(&first);
    let listed = scene.apply(&waiting);
    app.patch(&path(&bid), &json!({"status": "agreed"})).expect(200);
    assert_eq!(scene.status(&listed), "waitlisted");
    app.patch(
        &format!("/v1/deliverables/{}", scene.flyer),
        &json!({"status": "in_progress"}),
    )
    .expect(200);
    app.patch(&path(&bid), &json!({"status": "withdrawn", "reason": "health"}))
        .expect(200);
    assert_eq!(
        scene.status(&listed),
        "submitted",
        "the place is offered in order"
    );
    assert_eq!(scene.kinds(&scene.member), ["answer_application"]);
    let late = app
        .post("/v1/applications", &scene.bid(&next, json!({})))
        .expect(409);
    assert_eq!(late.code(), "deliverable_not_open");
    let invitation = scene.invite(&scene.member, &next).expect(201).json();
    let own = scene.token_of(&next);
    scene
        .patch(&own, &invitation, json!({"status": "shortlisted"}))
        .expect(200);
    scene
        .patch(&scene.member, &invitation, json!({"status": "offered"}))
        .expect(200);
    let yes = json!({"agreement": agreement(), "worker_agrees": true});
    scene.patch(&own, &invitation, yes).expect(200);
    let agreed = scene
        .agree(&scene.member, &invitation, "organization_agrees")
        .expect(200);
    assert_eq!(agreed.json()["status"], "agreed");
    assert_eq!(scene.request()["status"], "in_progress");
    assert_eq!((scene.load(&first), scene.load(&next)), (0, 1));
}

fn silence_is_warned_of_once_and_then_ends(app: &TestApp) {
    let scene = Scene::new(app, designers(3));
    let workers: Vec<String> = (0..3).map(|_| app.worker(json!({}))).collect();
    let (bid, offer) = (scene.apply(&workers[0]), scene.apply(&workers[1]));
    let invitation = scene.invite(&scene.member, &workers[2]).expect(201).json();
    app.patch(&path(&offer), &json!({"status": "offered"}))
        .expect(200);
    let all = [&bid, &offer, &invitation];
    let standing = |scene: &Scene| {
        all.map(|one| {
            let now = scene.now(one);
            (
                now["status"].as_str().unwrap().to_owned(),
                !now["warned_at"].is_null(),
            )
        })
    };
    let expected = |of: [(&str, bool); 3]| of.map(|(status, warned)| (status.to_owned(), warned));
    let steps = [
        (
            4,
            [("submitted", false), ("offered", false), ("submitted", false)],
        ),
        (6, [("submitted", false), ("offered", true), ("submitted", false)]),
        (8, [("submitted", false), ("expired", false), ("submitted", true)]),
        (15, [("submitted", true), ("expired", false), ("expired", false)]),
        (29, [("expired", false), ("expired", false), ("expired", false)]),
    ];
    let mut versions = 0;
    for (days, of) in steps {
        scene.in_days(days);
        assert_eq!(standing(&scene), expected(of), "after {days} days");
        versions = all
            .iter()
            .map(|one| scene.now(one)["version"].as_i64().unwrap())
            .sum();
        scene.in_days(days);
        let again: i64 = all
            .iter()
            .map(|one| scene.now(one)["version"].as_i64().unwrap())
            .sum();
        assert_eq!(again, versions, "once");
        if days == 15 {
            let task = &scene.tasks(&scene.member)[0];
            assert!(
                !task["warned_at"].is_null() && !task["expires_at"].is_null(),
                "{task}"
            );
        }
    }
    assert!(versions > 0);
    assert_eq!(workers.iter().map(|worker| scene.load(worker)).sum::<u64>(), 0);
    assert_eq!(scene.request()["open_places"][0]["left"], 3);
    assert_eq!(scene.now(&offer)["reason"], Value::Null);
    // What ended stays ended, and the worker may apply again.
    let again = app.patch(&path(&bid), &json!({"status": "offered"})).expect(409);
    assert_eq!(again.code(), "illegal_transition");
    scene.apply(&workers[0]);
}

fn nothing_expires_without_a_warning(app: &TestApp) {
    let scene = Scene::new(app, designers(1));
    let bid = scene.apply(&app.worker(json!({})));
    // No server ran for two months.
    scene.in_days(60);
    assert_eq!(scene.status(&bid), "submitted");
    assert!(!scene.now(&bid)["warned_at"].is_null());
    scene.in_days(73);
    assert_eq!(scene.status(&bid), "submitted");
    // While the request is under review, nobody could answer.
    let request = format!("/v1/deliverables/{}", scene.flyer);
    app.call("PATCH", &request, &scene.member, &json!({"title": "別の題"}))
        .expect(200);
    scene.in_days(75);
    assert_eq!(scene.status(&bid), "submitted");
    // The time to answer begins again, with another warning.
    app.release(&request).expect(200);
    assert!(scene.now(&bid)["warned_at"].is_null());
    scene.in_days(75);
    assert_eq!(scene.status(&bid), "submitted");
    assert!(!scene.now(&bid)["warned_at"].is_null());
    scene.in_days(90);
    assert_eq!(scene.status(&bid), "expired");
}

fn at_once(app: &TestApp, calls: Vec<(String, Value)>) -> Vec<u16> {
    std::thread::scope(|threads| {
        let calls = calls.iter();
        let running: Vec<_> = calls
            .map(|(path, patch)| threads.spawn(move || app.patch(path, patch).status))
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn one_of_fifty_offers_and_agreements_fills_the_place(app: &TestApp) {
    let mut more = designers(1);
    merge(&mut more, json!({"applications_per_place": 100}));
    let scene = Scene::new(app, more);
    let workers: Vec<String> = (0..50).map(|_| app.worker(json!({}))).collect();
    let bids: Vec<Value> = workers.iter().map(|worker| scene.apply(worker)).collect();
    let calls = bids.iter().enumerate();
    let calls = calls.map(|(n, bid)| {
        let to = ["offered", "agreed"][n % 2];
        (path(bid), json!({"status": to}))
    });
    let answers = at_once(app, calls.collect());
    assert_eq!(
        answers.iter().filter(|status| **status == 200).count(),
        1,
        "{answers:?}"
    );
    assert!(
        answers.iter().all(|status| [200, 409].contains(status)),
        "{answers:?}"
    );
    let holding = bids.iter().filter(|bid| !scene.now(bid)["place"].is_null());
    assert_eq!(holding.count(), 1);
    assert_eq!(workers.iter().map(|worker| scene.load(worker)).sum::<u64>(), 1);
}

/// Registers a person by two partners, the second time with `more`. Returns each record with its partner's token.
fn one_person_twice(app: &TestApp, more: Value) -> [(String, String); 2] {
    [("first", json!({})), ("second", more)].map(|(code, more)| {
        let (_, token) = app.partner(json!({"code": code}));
        let mut volunteer = json!({"external_id": "v1", "area": "131041", "roles": ["designer"], "capacity": 5,
            "personal": {"name": "佐藤 陽子", "email": "yoko@example.jp", "email_verified": true},
            "consent": {"given_on": "2026-04-01", "text_version": "2026-04", "given_at": "2026-04-01T03:00:00Z"}});
        merge(&mut volunteer, more);
        let made = app.call("POST", "/v1/workers", &token, &volunteer);
        (made.expect(201).json()["id"].as_str().unwrap().to_owned(), token)
    })
}

/// Returns where to decide about the one pair of workers, once it is proposed.
fn pair_of(app: &TestApp) -> String {
    let pairs = || {
        let proposed = app.get("/v1/duplicates?kind=worker&status=proposed");
        proposed.expect(200).json()["items"].clone()
    };
    app.until(|| pairs().as_array().unwrap().len() == 1);
    format!("/v1/duplicates/{}", pairs()[0]["id"].as_str().unwrap())
}

fn two_designers() -> Value {
    json!({"roles": [{"role": "designer", "places": 2, "skills": []}], "shared_with_partners": true})
}

fn one_person_by_two_partners_gets_one_place(app: &TestApp) {
    let scene = Scene::new(app, two_designers());
    let workers = one_person_twice(app, json!({})).map(|(worker, _)| worker);
    let pair = pair_of(app);
    app.patch(&pair, &json!({"status": "merged", "primary_id": workers[0]}))
        .expect(200);
    let bids: Vec<Value> = workers.iter().map(|worker| scene.apply(worker)).collect();
    let calls = bids.iter().map(|bid| (path(bid), json!({"status": "offered"})));
    let answers = at_once(app, calls.collect());
    assert_eq!(
        answers.iter().filter(|status| **status == 200).count(),
        1,
        "{answers:?}"
    );
    let refused = bids.iter().find(|bid| scene.status(bid) != "offered").unwrap();
    for to in ["offered", "agreed"] {
        assert_eq!(
            app.patch(&path(refused), &json!({"status": to}))
                .expect(409)
                .code(),
            "same_person"
        );
    }
    assert_eq!(scene.request()["open_places"][0]["left"], 1);
}

fn who_may_be_in_the_team_already_gets_no_place_before_somebody_decides(app: &TestApp) {
    let records = one_person_twice(
        app,
        json!({"personal": {"name": "佐藤陽子", "email": "YOKO@example.jp"}}),
    );
    let coordinator = signed(app, UserRole::Coordinator, |claims| {
        claims.belonging.areas = vec!["131041".to_owned()];
    });
    let mut waiting = Vec::new();
    for order in [[0, 1], [1, 0]] {
        let scene = Scene::new(app, two_designers());
        let bids = order.map(|at| {
            let (worker, partner) = &records[at];
            let bid = scene.bid(worker, json!({}));
            let sent = keyed(app, partner, "/v1/applications", &scene.flyer, &bid);
            (sent.expect(201).json(), partner)
        });
        app.patch(&path(&bids[0].0), &json!({"status": "offered"}))
            .expect(200);
        let (second, partner) = (&bids[1].0, bids[1].1);
        let refused = |token: &str, to: &str| {
            let answer = scene.patch(token, second, json!({"status": to})).expect(409);
            assert_eq!(answer.code(), "possible_same_person");
            // Whoever can't decide reads whom to ask, in the same words: they tell nothing of the other record.
            let detail = answer.json()["detail"].to_string();
            assert!(
                detail.contains("コーディネーターに依頼") && detail.contains("管理者に依頼"),
                "{detail}"
            );
        };
        refused(&coordinator, "offered");
        refused(&scene.member, "offered");
        refused(&app.admin, "agreed");
        // The partner reads what it would read of anybody who waits for an answer.
        let read = app
            .call("GET", &path(second), partner, &Value::Null)
            .expect(200)
            .json();
        assert_includes(
            &read,
            &json!({"status": "submitted", "reason": null, "place": null, "note": null, "awaits": "organization"}),
        );
        assert_eq!(read["version"], second["version"]);
        // So it is when the first has taken the place.
        scene
            .patch(&app.admin, &bids[0].0, json!({"status": "agreed"}))
            .expect(200);
        refused(&coordinator, "offered");
        assert_eq!(scene.request()["open_places"][0]["left"], 1);
        waiting.push(path(second));
    }
    app.patch(&pair_of(app), &json!({"status": "distinct"}))
        .expect(200);
    for bid in &waiting {
        app.patch(bid, &json!({"status": "offered"})).expect(200);
    }
}

fn namesakes_and_families_get_their_places(app: &TestApp) {
    let scene = Scene::new(
        app,
        json!({"roles": [{"role": "designer", "places": 4, "skills": []}]}),
    );
    let family = json!({"email": "sato@example.jp", "phone": "090-1234-5678"});
    let people = [
        json!({"name": "佐藤 陽子", "kana": "さとう ようこ"}),
        json!({"name": "佐藤 健", "kana": "さとう けん"}),
        // Somebody else with the same name, who has given no address.
        json!({"name": "佐藤 陽子", "kana": "さとう ようこ", "email": null, "phone": null}),
    ];
    for person in people {
        let mut personal = family.clone();
        merge(&mut personal, person);
        let bid = scene.apply(&app.worker(json!({"personal": personal})));
        app.patch(&path(&bid), &json!({"status": "offered"})).expect(200);
    }
}

fn two_offers_at_once_to_one_person_are_one(app: &TestApp) {
    let records = one_person_twice(app, json!({}));
    for to in ["offered", "agreed"] {
        let scene = Scene::new(app, two_designers());
        let bids = [0, 1].map(|at: usize| scene.apply(&records[at].0));
        let calls = bids.iter().map(|bid| (path(bid), json!({"status": to})));
        let mut answers = at_once(app, calls.collect());
        answers.sort_unstable();
        assert_eq!(answers, [200, 409]);
        let holding = bids.iter().filter(|bid| !scene.now(bid)["place"].is_null());
        assert_eq!(holding.count(), 1);
    }
}

fn who_turns_out_to_be_in_the_team_waits_for_the_last_word(app: &TestApp) {
    // The second record gets its address after the offer.
    let records = one_person_twice(
        app,
        json!({"personal": {"email": "x@example.jp", "name": "未定"}}),
    );
    let scene = Scene::new(app, two_designers());
    let bids = [0, 1].map(|at: usize| scene.apply(&records[at].0));
    let offer = json!({"status": "offered", "agreement": agreement(), "organization_agrees": true});
    for bid in &bids {
        app.patch(&path(bid), &offer).expect(200);
    }
    let personal = json!({"personal": {"name": "佐藤 陽子", "email": "yoko@example.jp"}});
    let record = format!("/v1/workers/{}", records[1].0);
    app.call("PATCH", &record, &records[1].1, &personal).expect(200);
    let agree = |at: usize| {
        scene
            .agree(&records[at].1, &bids[at], "worker_agrees")
            .expect(200)
            .json()
    };
    assert_eq!(agree(0)["status"], "agreed");
    // A refusal would tell the partner who else is in the team.
    assert_includes(
        &agree(1),
        &json!({"status": "offered", "worker_agrees": true, "organization_agrees": false, "awaits": "organization"}),
    );
    assert_eq!(scene.kinds(&scene.member), ["confirm_agreement"]);
    let last_word = |code: u16| {
        scene
            .agree(&scene.member, &bids[1], "organization_agrees")
            .expect(code)
    };
    assert_eq!(last_word(409).code(), "possible_same_person");
    app.patch(&pair_of(app), &json!({"status": "distinct"}))
        .expect(200);
    assert_eq!(last_word(200).json()["status"], "agreed");
}

/// Brings a new application or invitation into a status.
fn bring(scene: &Scene, status: ApplicationStatus, is_invitation: bool) -> (Value, String) {
    use ApplicationStatus::*;
    let app = scene.app;
    if status == Waitlisted {
        // As many as may wait for an answer.
        scene.apply(&app.worker(json!({})));
    }
    let worker = app.worker(json!({}));
    let bid = match is_invitation {
        true => scene.invite(&app.admin, &worker).expect(201).json(),
        false => scene.apply(&worker),
    };
    let to = |patch: Value| app.patch(&path(&bid), &patch).expect(200);
    match status {
        Submitted | Waitlisted => {}
        Shortlisted | Offered | Agreed => drop(to(json!({"status": status.code()}))),
        Declined | Withdrawn => drop(to(json!({"status": status.code(), "reason": "other"}))),
        Expired => {
            scene.in_days(20);
            scene.in_days(60);
        }
    }
    (bid, worker)
}

fn each_role_makes_exactly_the_moves_of_the_table(app: &TestApp) {
    use ApplicationStatus::*;
    let (mut faults, mut checked) = (Vec::new(), 0);
    let mut more = designers(20);
    merge(
        &mut more,
        json!({"shared_with_partners": true, "applications_per_place": 100}),
    );
    for &from in ApplicationStatus::VARIANTS {
        for is_invitation in [false, true] {
            if is_invitation && from != Submitted {
                continue;
            }
            for role in [
                UserRole::Admin,
                UserRole::Coordinator,
                UserRole::Organization,
                UserRole::Worker,
            ] {
                for &to in ApplicationStatus::VARIANTS {
                    if to == from {
                        continue;
                    }
                    let mut request = more.clone();
                    if from == Waitlisted {
                        merge(&mut request, designers(1));
                        request["applications_per_place"] = json!(1);
                    }
                    let scene = Scene::new(app, request);
                    let (bid, worker) = bring(&scene, from, is_invitation);
                    assert_eq!(scene.status(&bid), from.code());
                    let token = match role {
                        UserRole::Admin => app.admin.clone(),
                        UserRole::Coordinator => signed(app, role, |claims| {
                            claims.belonging.areas = vec!["131041".into()];
                        }),
                        UserRole::Organization => scene.member.clone(),
                        _ => scene.token_of(&worker),
                    };
                    let is_end = [Declined, Withdrawn].contains(&to);
                    let patch = json!({"status": to.code(), "reason": is_end.then_some("other")});
                    let answer = scene.patch(&token, &bid, patch);
                    let may = moves::parties(from, to, is_invitation)
                        .iter()
                        .any(|party| match party {
                            Party::Service => false,
                            Party::Organization => role != UserRole::Worker,
                            Party::Coordinator => ![UserRole::Worker, UserRole::Organization].contains(&role),
                            Party::Worker => role != UserRole::Organization,
                        });
                    checked += 1;
                    let is_right = match may {
                        true => answer.status == 200 && scene.status(&bid) == to.code(),
                        false => [403, 409].contains(&answer.status) && scene.status(&bid) == from.code(),
                    };
                    let names_both = answer.status != 409
                        || answer.text.contains(from.code()) && answer.text.contains(to.code());
                    if !is_right || !names_both {
                        faults.push(format!(
                            "{from:?} {to:?} {is_invitation} {role:?} ({may}): {} {}",
                            answer.status, answer.text
                        ));
                    }
                    app.archive(&scene.flyer).expect(204);
                }
            }
        }
    }
    println!("{checked} combinations");
    assert!(checked > 200 && faults.is_empty(), "{}", faults.join("\n"));
    assert!(Withdrawn.is_end());
}

fn a_robot_answers_sandbox_partners(app: &TestApp) {
    let scene = Scene::new(
        app,
        json!({"roles": [{"role": "designer", "places": 1, "skills": []}],
        "shared_with_partners": true}),
    );
    let (_, token) = app.partner(json!({"sandbox": true}));
    let keyed = |n: usize, path: &str, body: &Value| keyed(app, &token, path, &format!("k{n}"), body);
    let mut loads = Vec::new();
    let answers = [
        ("offer: よろしくお願いします", "offered"),
        ("内定 をください", "offered"),
        ("accept", "agreed"),
        ("承諾してください", "agreed"),
        ("Decline", "declined"),
        ("辞退", "declined"),
        ("候補", "shortlisted"),
        ("こんにちは", "submitted"),
    ];
    for (n, (message, expected)) in answers.into_iter().enumerate() {
        let volunteer = json!({"external_id": format!("v{n}"), "area": "131041", "roles": ["designer"],
            "consent": {"given_on": "2026-04-01", "text_version": "2026-04", "given_at": "2026-04-01T03:00:00Z"}});
        let worker = app
            .call("POST", "/v1/workers", &token, &volunteer)
            .expect(201)
            .json();
        let worker = worker["id"].as_str().unwrap().to_owned();
        let bid = scene.bid(&worker, json!({"message": message}));
        let bid = keyed(n, "/v1/applications", &bid).expect(201).json();
        assert_includes(&bid, &json!({"status": expected, "place": null, "sandbox": true}));
        if expected == "offered" {
            let yes = json!({"agreement": agreement(), "worker_agrees": true});
            let agreed = scene.patch(&token, &bid, yes).expect(200).json();
            assert_includes(&agreed, &json!({"status": "agreed", "place": null}));
        }
        loads.push(scene.load(&worker));
    }
    assert!(loads.iter().all(|load| *load == 0), "{loads:?}");
    assert_includes(&scene.request(), &json!({"status": "open"}));
    assert_eq!(scene.request()["open_places"][0]["left"], 1);
    // The real place is still there for a real worker.
    let bid = scene.apply(&app.worker(json!({})));
    app.patch(&path(&bid), &json!({"status": "agreed"})).expect(200);
}
