//! Duplicates: the same person or organization from two sources is detected, proposed to a coordinator, and
//! never disclosed to the other source.

use crate::support::{TestApp, assert_includes, merge, on_both};
use musubi::auth::Reach;
use musubi::db::{Id, Instant};
use musubi::duplicates::candidates::{MAX_COMPARED, MAX_HELD, MAX_PAIRS};
use musubi::duplicates::{self, DuplicateFilter, DuplicateRecord, detector};
use musubi::organizations::{self, NewOrganization, Organization};
use musubi::server::AppState;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn volunteer(external_id: &str, more: Value) -> Value {
    let mut body = json!({"external_id": external_id, "area": "131041", "travel_limit_km": 20,
        "roles": ["designer"], "accepted_formats": ["one_day"],
        "skills": [{"skill": "graphic_design", "level": 4}],
        "personal": {"name": "佐藤 陽子", "email": "yoko@example.jp", "email_verified": true},
        "consent": {"given_on": "2026-04-01", "given_at": "2026-04-01T03:00:00Z",
            "text_version": "2026-04"}});
    merge(&mut body, more);
    body
}

fn register(app: &TestApp, token: &str, body: &Value) -> String {
    let registered = app.call("POST", "/v1/workers", token, body).expect(201).json();
    registered["id"].as_str().unwrap().to_owned()
}

/// Waits until the detector has handled all changes, by writing a pair and waiting for it to be proposed.
fn settle(app: &TestApp) {
    let name = format!("待ち合わせ {}", uuid::Uuid::now_v7());
    for area in ["131016", "131016"] {
        app.post("/v1/organizations", &json!({"name": name, "area": area}))
            .expect(201);
    }
    app.until(|| {
        let newest = app.get("/v1/duplicates?kind=organization").expect(200);
        newest.text.contains(&name)
    });
}

fn pairs(app: &TestApp, query: &str) -> Vec<Value> {
    settle(app);
    let found = app
        .get(&format!("/v1/duplicates?status=proposed&{query}"))
        .expect(200)
        .json();
    let mut found = found["items"].as_array().unwrap().clone();
    found.retain(|pair| !pair.to_string().contains("待ち合わせ"));
    found
}

fn proposed(app: &TestApp) -> Vec<Value> {
    pairs(app, "kind=worker")
}

fn ids(pair: &Value) -> Vec<String> {
    let records = pair["records"].as_array().unwrap().iter();
    records
        .map(|record| record["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Returns the reasons as text: `email verified`.
fn reasons(pair: &Value) -> Vec<String> {
    let all = pair["reasons"].as_array().unwrap().iter();
    all.map(|r| {
        format!(
            "{} {}",
            r["field"].as_str().unwrap(),
            r["agreement"].as_str().unwrap()
        )
    })
    .collect()
}

on_both! {
    proposes_a_person_of_two_partners_without_disclosing_them_to_either,
    ignores_sandbox_workers_and_withdraws_a_mistaken_proposal,
    recognises_names_in_an_area_despite_old_kanji_and_typing_errors,
    merges_and_separates_two_records_of_an_organization,
    a_corporate_number_belongs_to_one_organization_of_files_and_database,
    merges_pairs_by_the_rule_of_an_area,
    an_address_that_somebody_claims_merges_nobody,
    gives_one_person_one_place_and_separates_the_records_on_erasure,
    merging_leaves_a_person_one_place_and_one_application_for_each_request,
    who_is_offered_two_places_under_two_records_takes_one,
    who_cannot_read_personal_data_is_not_told_what_agrees,
    shows_a_coordinator_nothing_of_what_is_known_elsewhere,
    compares_and_proposes_a_bounded_number_of_pairs_per_record,
    finds_the_same_pairs_however_the_changes_fall_into_steps,
    says_that_a_record_resembles_more_than_are_listed,
}

fn proposes_a_person_of_two_partners_without_disclosing_them_to_either(app: &TestApp) {
    let (_, one) = app.partner(json!({"code": "one"}));
    let (_, two) = app.partner(json!({"code": "two"}));
    let flyer = app.deliverable(&app.organization("風"), json!({"shared_with_partners": true}));
    let first = register(app, &one, &volunteer("1", json!({})));
    let second = register(
        app,
        &two,
        &volunteer(
            "x",
            json!({"personal": {"email": "YOKO@Example.jp", "name": "佐藤陽子"}}),
        ),
    );
    let pair = proposed(app).remove(0);
    assert_eq!(reasons(&pair), ["email verified", "name same", "area same"]);
    assert_includes(&pair, &json!({"kind": "worker", "status": "proposed"}));
    assert!(pair["score"].as_f64().unwrap() > 0.999);
    assert_eq!(ids(&pair), [first.as_str(), &second]);
    assert!(!pair.to_string().contains("example.jp"));
    let path = format!("/v1/duplicates/{}", pair["id"].as_str().unwrap());
    let ranked = || {
        let page = app
            .get(&format!("/v1/deliverables/{flyer}/matches?role=designer"))
            .expect(200)
            .json();
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i["worker"]["id"].as_str().unwrap().to_owned())
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(ranked().len(), 2, "nothing is merged yet");
    app.user(
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    app.user(
        "d@example.jp",
        json!({"role": "coordinator", "areas": ["131130"]}),
    );
    let token = |email: &str| app.login(email)["access_token"].as_str().unwrap().to_owned();
    let (coordinator, elsewhere) = (token("c@example.jp"), token("d@example.jp"));
    let decide = |token: &str, body: Value| app.call("PATCH", &path, token, &body);
    decide(&elsewhere, json!({"status": "distinct"})).expect(404);
    decide(&one, json!({"status": "distinct"})).expect(403);
    app.call("GET", "/v1/duplicates", &one, &Value::Null).expect(403);
    decide(&coordinator, json!({"status": "merged"})).expect(422);
    let stranger = app.worker(json!({}));
    assert_eq!(
        decide(&coordinator, json!({"status": "merged", "primary_id": stranger}))
            .expect(422)
            .faults(),
        [("/primary_id".into(), "not_in_pair".into())]
    );
    decide(&coordinator, json!({"status": "merged", "primary_id": first})).expect(200);
    assert_eq!(ranked(), [first.clone(), stranger.clone()].into());
    assert_eq!(
        app.get(&format!("/v1/workers/{second}")).json()["merged_into"],
        first.as_str()
    );
    // Each partner still sees its own record, and nothing of the other one.
    for (token, own, other) in [(&one, &first, &second), (&two, &second, &first)] {
        let shown = app
            .call("GET", &format!("/v1/workers/{own}"), token, &Value::Null)
            .expect(200);
        assert!(
            shown.json()["merged_into"].is_null() && !shown.text.contains(other.as_str()),
            "{}",
            shown.text
        );
        app.call("GET", &format!("/v1/workers/{other}"), token, &Value::Null)
            .expect(404);
        app.call("GET", &format!("/v1/workers/{own}/matches"), token, &Value::Null)
            .expect(200);
    }
    // A change of the merged record does not undo the merge.
    app.call(
        "PATCH",
        &format!("/v1/workers/{second}"),
        &two,
        &json!({"hours_per_week": 4}),
    )
    .expect(200);
    assert_eq!(ranked(), [first.clone(), stranger.clone()].into());
    decide(&coordinator, json!({"status": "distinct", "primary_id": null})).expect(200);
    assert_eq!(ranked().len(), 3);
    let audit = app.get(&format!("/v1/audit?subject_id={second}")).json();
    let actions: Vec<&str> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["action"].as_str().unwrap())
        .filter(|a| a.starts_with("duplicate"))
        .collect();
    assert_eq!(actions, ["duplicate.separated", "duplicate.merged"]);
    // A decided pair is not proposed again.
    app.call(
        "PATCH",
        &format!("/v1/workers/{second}"),
        &two,
        &json!({"hours_per_week": 5}),
    )
    .expect(200);
    assert!(proposed(app).is_empty());
}

fn ignores_sandbox_workers_and_withdraws_a_mistaken_proposal(app: &TestApp) {
    let (_, one) = app.partner(json!({"code": "one"}));
    let (_, sandbox) = app.partner(json!({"code": "sandbox", "sandbox": true}));
    let phone = json!({"personal": {"phone": "090-1234-5678", "phone_verified": true}});
    register(app, &one, &volunteer("1", phone));
    register(app, &sandbox, &volunteer("1", json!({})));
    assert!(proposed(app).is_empty());
    let family = json!({"personal": {"name": "鈴木 健", "email": null, "phone": "+81 90 1234 5678"}});
    let late = register(app, &one, &volunteer("3", family));
    let pair = proposed(app).remove(0);
    assert_eq!(
        reasons(&pair),
        ["phone same", "name different", "area same"],
        "one of the numbers is not verified"
    );
    app.patch(
        &format!("/v1/workers/{late}"),
        &json!({"personal": {"phone_verified": true}}),
    )
    .expect(200);
    let verified = proposed(app).remove(0);
    assert_eq!(
        (reasons(&verified).remove(0), &verified["id"]),
        ("phone verified".to_owned(), &pair["id"])
    );
    assert!(verified["score"].as_f64() > pair["score"].as_f64());
    app.patch(
        &format!("/v1/workers/{late}"),
        &json!({"personal": {"phone": "03-0000-0000"}}),
    )
    .expect(200);
    assert!(proposed(app).is_empty(), "the proposal is withdrawn");
}

fn recognises_names_in_an_area_despite_old_kanji_and_typing_errors(app: &TestApp) {
    let person = |name: &str, kana: &str, more: Value| {
        let mut body = json!({"personal": {"name": name, "kana": kana}, "area": "131041"});
        merge(&mut body, more);
        app.worker(body)
    };
    let first = person("髙橋 眞一", "たかはし しんいち", json!({}));
    let second = person("高橋真一", "タカハシ　シンイチ", json!({}));
    let mistyped = person("高橋 慎一", "たかはし しんいち", json!({}));
    person("高橋 真一", "たかはし しんいち", json!({"area": "131130"}));
    person("高橋 花", "たかはし はな", json!({}));
    let found: Vec<(Vec<String>, Vec<String>)> = pairs(app, "kind=worker&sort=-score")
        .iter()
        .map(|p| (ids(p), reasons(p)))
        .collect();
    let same = |agreement: &str| {
        vec![
            format!("name {agreement}"),
            "kana same".to_owned(),
            "area same".to_owned(),
        ]
    };
    assert_eq!(found[0], (vec![first.clone(), second.clone()], same("same")));
    let others: std::collections::BTreeSet<_> = found[1..].iter().cloned().collect();
    assert_eq!(
        others,
        [
            (vec![first, mistyped.clone()], same("similar")),
            (vec![second, mistyped], same("similar"))
        ]
        .into()
    );
    // Pages ordered by score continue where the previous one ended.
    let page = app
        .get("/v1/duplicates?kind=worker&sort=-score&limit=2")
        .expect(200)
        .json();
    let next = app
        .get(&format!(
            "/v1/duplicates?kind=worker&sort=-score&limit=2&cursor={}",
            page["next"].as_str().unwrap()
        ))
        .expect(200)
        .json();
    assert_eq!(
        (
            page["items"].as_array().unwrap().len(),
            next["items"].as_array().unwrap().len()
        ),
        (2, 1)
    );
}

fn merges_and_separates_two_records_of_an_organization(app: &TestApp) {
    let asked = |name: &str, more: Value| {
        let mut body = json!({"name": name, "area": "132101"});
        merge(&mut body, more);
        let made = app.post("/v1/organizations", &body).expect(201).json();
        made["id"].as_str().unwrap().to_owned()
    };
    let first = asked("小金井市けやき通り商店会", json!({}));
    let second = asked(
        "小金井市けやき通り商店街",
        json!({"source": "roster", "external_id": "7"}),
    );
    asked(
        "小金井市さくら通り商店会",
        json!({"contact": {"email": "a@example.jp"}}),
    );
    asked("小金井市けやき通り商店会", json!({"area": "132080"}));
    let pair = pairs(app, "kind=organization").remove(0);
    assert_eq!(
        (ids(&pair), reasons(&pair)),
        (
            vec![first.clone(), second.clone()],
            vec!["name same".to_owned(), "area same".to_owned()]
        )
    );
    let flyer = app.deliverable(&second, json!({}));
    let shown = |query: &str| {
        app.get(&format!("/v1/organizations?area=132101&{query}"))
            .expect(200)
            .json()
    };
    let listed = |query: &str| shown(query)["items"].as_array().unwrap().len();
    let path = format!("/v1/duplicates/{}", pair["id"].as_str().unwrap());
    app.patch(&path, &json!({"status": "merged", "primary_id": first}))
        .expect(200);
    assert_eq!((listed(""), listed("include_archived=true")), (2, 3));
    let merged = app.get(&format!("/v1/organizations/{second}")).expect(200).json();
    assert_eq!(merged["merged_into"], first.as_str());
    // Deliverables of the merged record belong to the primary record too.
    let asked_by = |id: &str| {
        app.get(&format!("/v1/deliverables?organization_id={id}"))
            .expect(200)
            .text
            .contains(&flyer)
    };
    assert!(asked_by(&first) && asked_by(&second));
    // A worker who blocks one record blocks the other one too.
    let blocking = app.worker(json!({"blocked_organization_ids": [first]}));
    let ranked = || {
        app.get(&format!("/v1/deliverables/{flyer}/matches"))
            .expect(200)
            .text
            .contains(&blocking)
    };
    assert!(!ranked());
    // The roster still updates its own record. Files that name either record mean the primary one.
    let job = app.import_and_wait(
        "kind=organizations&source=roster",
        "id,団体名,区市町村,説明\n7,小金井市けやき通り商店街,小金井市,新しい\n".as_bytes(),
    );
    assert_includes(&job["progress"], &json!({"updated": 1, "created": 0}));
    let job = app.import_and_wait(
        "kind=deliverables&source=roster",
        "id,団体名,区市町村,成果物\n1,けやき通り商店街（小金井）,小金井市,チラシ\n2,小金井市けやき通り商店街,小金井市,チラシ\n"
            .as_bytes(),
    );
    assert_includes(&job["progress"], &json!({"created": 1, "rejected": 1}));
    app.patch(&path, &json!({"status": "distinct", "primary_id": null}))
        .expect(200);
    assert_eq!(listed(""), 3);
    assert!(!asked_by(&first) && ranked());
    assert!(
        pairs(app, "kind=organization").is_empty(),
        "a decided pair is not proposed again"
    );
}

fn a_corporate_number_belongs_to_one_organization_of_files_and_database(app: &TestApp) {
    let body = json!({"name": "国税庁", "area": "131016", "corporate_number": "7000012050002"});
    let known = app
        .post("/v1/organizations", &body)
        .expect(201)
        .header("location")
        .to_owned();
    let file = [
        "id,団体名,区市町村,法人番号\n",
        "1,国税庁,千代田区,T7000012050002\n",
        "2,総務省,千代田区,2000012020001\n",
        "3,総務省第二,千代田区,2000012020001\n",
        "4,なし,千代田区,\n",
    ]
    .concat();
    let job = app.import_and_wait("kind=organizations&source=roster", file.as_bytes());
    assert_eq!(
        app.findings_of(&job),
        [2, 4].map(|line| (line, "法人番号".to_owned(), "corporate_number_taken".to_owned())),
        "{job}"
    );
    assert_includes(
        &job,
        &json!({"status": "partial", "progress": {"created": 3, "rejected": 1}}),
    );
    let findings = app
        .get(&format!("/v1/imports/{}/findings", job["id"].as_str().unwrap()))
        .expect(200)
        .json();
    assert_eq!(findings["items"][0]["suggestion"], known.as_str());
    let again = app.import_and_wait("kind=organizations&source=roster", file.as_bytes());
    assert_includes(&again["progress"], &json!({"unchanged": 3, "rejected": 1}));
    assert_eq!(app.findings_of(&again), app.findings_of(&job));
    // The places of one corporation, which have no ids.
    let file = "団体名,区市町村,法人番号\n月曜の場,葛飾区,5000012010024\n水曜の場,葛飾区,5000012010024\n";
    let places = app.import_and_wait("kind=organizations&source=places", file.as_bytes());
    assert_includes(&places["progress"], &json!({"created": 2, "rejected": 0}));
    let again = app.import_and_wait("kind=organizations&source=places", file.as_bytes());
    assert_includes(&again["progress"], &json!({"unchanged": 2, "rejected": 0}));
    let renamed = file
        .replace("水曜の場,葛飾区", "水曜の場,足立区")
        .replace("月曜の場,葛飾区", "月曜の場,江戸川区");
    let renamed = app.import_and_wait("kind=organizations&source=places", renamed.as_bytes());
    assert_includes(&renamed["progress"], &json!({"updated": 1, "created": 1}));
}

fn merges_pairs_by_the_rule_of_an_area(app: &TestApp) {
    let coordinator = app.logged_in(
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let set = |area: &str, rule: Value| {
        app.call("PUT", &format!("/v1/duplicate-rules/{area}"), &coordinator, &rule)
    };
    assert_eq!(
        set("131041", json!({"min_worker_score": 0.5}))
            .expect(422)
            .faults(),
        [("/min_worker_score".into(), "out_of_range".into())]
    );
    set("131130", json!({"min_worker_score": 0.99})).expect(403);
    app.put("/v1/duplicate-rules/999999", &json!({})).expect(404);
    let made = set("13104", json!({"min_worker_score": 0.99})).expect(200).json();
    assert_includes(
        &made,
        &json!({"area": "131041", "version": 1, "min_organization_score": null}),
    );
    app.put("/v1/duplicate-rules/131130", &json!({"min_worker_score": 1.0}))
        .expect(200);
    let rules = app
        .call("GET", "/v1/duplicate-rules", &coordinator, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(rules["items"].as_array().unwrap().len(), 1);
    let body = |name: &str, area: &str| {
        let personal =
            json!({"name": name, "kana": "さとう ようこ", "email": "y@example.jp", "email_verified": true});
        json!({"area": area, "personal": personal})
    };
    let first = app.worker(body("佐藤 陽子", "131041"));
    let second = app.worker(body("佐藤陽子", "131041"));
    let third = app.worker(body("佐藤洋子", "131130"));
    // The third worker's area requires a higher score, and the second record is merged already.
    let expected = [[first.clone(), third]];
    app.until(|| proposed(app).iter().map(ids).eq(expected.iter().cloned()));
    let merged = app.get("/v1/duplicates?status=merged").expect(200).json();
    assert_eq!(
        (ids(&merged["items"][0]), &merged["items"][0]["primary_id"]),
        (vec![first.clone(), second.clone()], &json!(first))
    );
    let audit = app
        .get(&format!("/v1/audit?subject_id={second}&action=duplicate.merged"))
        .expect(200)
        .json();
    assert_eq!(audit["items"][0]["actor"], "duplicate_rule");
    let path = format!("/v1/duplicates/{}", merged["items"][0]["id"].as_str().unwrap());
    app.patch(&path, &json!({"status": "distinct", "primary_id": null}))
        .expect(200);
    assert!(app.get(&format!("/v1/workers/{second}")).json()["merged_into"].is_null());
}

fn an_address_that_somebody_claims_merges_nobody(app: &TestApp) {
    app.put("/v1/duplicate-rules/131041", &json!({"min_worker_score": 0.9}))
        .expect(200);
    let victim = json!({"name": "佐藤 陽子", "kana": "さとう ようこ", "email": "y@example.jp", "email_verified": true});
    let victim = app.worker(json!({"area": "131041", "personal": victim}));
    let attacker = json!({"name": "悪田 太郎", "email": "x@example.jp", "email_verified": true});
    let attacker = app.worker(json!({"area": "131041", "personal": attacker}));
    let own = app.logged_in("x@example.jp", json!({"role": "worker", "worker_id": attacker}));
    let claimed =
        json!({"personal": {"name": "佐藤 陽子", "kana": "さとう ようこ", "email": "y@example.jp"}});
    let path = format!("/v1/workers/{attacker}");
    let claimed = app.call("PATCH", &path, &own, &claimed).expect(200).json();
    assert_eq!(claimed["personal"]["email_verified"], false);
    // A person decides about the pair, and is told that nothing is proven.
    let pairs = proposed(app);
    let [pair] = &pairs[..] else { panic!("{pairs:?}") };
    assert_eq!(ids(pair), [victim, attacker]);
    assert!(reasons(pair).contains(&"email same".to_owned()), "{pair}");
    // Nobody learns by their own version that the address is known.
    let now = app.call("GET", &path, &own, &Value::Null).expect(200).json();
    assert_eq!(now["version"], claimed["version"]);
}

fn gives_one_person_one_place_and_separates_the_records_on_erasure(app: &TestApp) {
    let two_designers = json!({"roles": [{"role": "designer", "places": 2, "skills": []}]});
    let flyer = app.deliverable(&app.organization("風"), two_designers);
    let body =
        json!({"personal": {"name": "佐藤", "email": "y@example.jp", "email_verified": true}, "capacity": 3});
    let (first, second) = (app.worker(body.clone()), app.worker(body));
    let path = format!("/v1/duplicates/{}", proposed(app)[0]["id"].as_str().unwrap());
    app.patch(&path, &json!({"status": "merged", "primary_id": first}))
        .expect(200);
    let bid = |worker: &str| {
        let body = json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer"});
        app.post("/v1/applications", &body)
            .expect(201)
            .header("location")
            .to_owned()
    };
    let (one, other) = (bid(&first), bid(&second));
    app.patch(&other, &json!({"status": "agreed"})).expect(200);
    assert_eq!(
        app.patch(&one, &json!({"status": "agreed"})).expect(409).code(),
        "same_person"
    );
    // Each record has its own count; the ranking adds them up.
    for (worker, open) in [(&first, 0), (&second, 1)] {
        let counted = app.get(&format!("/v1/workers/{worker}")).json()["here"]["open_load"].clone();
        assert_eq!(counted, open);
    }
    let third =
        app.worker(json!({"personal": {"name": "佐藤", "email": "y@example.jp", "email_verified": true}}));
    let pairs = proposed(app);
    assert_eq!(ids(&pairs[0]), [first.clone(), third.clone()]);
    assert_eq!(pairs.len(), 1, "the merged record is not compared");
    let chained = format!("/v1/duplicates/{}", pairs[0]["id"].as_str().unwrap());
    assert_eq!(
        app.patch(&chained, &json!({"status": "merged", "primary_id": third}))
            .expect(409)
            .code(),
        "already_merged"
    );
    app.delete(&format!("/v1/workers/{first}")).expect(204);
    assert!(app.get(&format!("/v1/workers/{second}")).expect(200).json()["merged_into"].is_null());
    assert!(
        app.get(&format!("/v1/deliverables/{flyer}/matches?role=designer"))
            .expect(200)
            .text
            .contains(&second)
    );
    app.get(&path).expect(404);
}

fn merging_leaves_a_person_one_place_and_one_application_for_each_request(app: &TestApp) {
    let organization = app.organization("風");
    let two = || json!({"roles": [{"role": "designer", "places": 2, "skills": []}]});
    let requests: Vec<String> = (0..3).map(|_| app.deliverable(&organization, two())).collect();
    // Namesakes in one area: a pair to decide about, who may still both get a place.
    let body = json!({"personal": {"name": "佐藤"}, "capacity": 5});
    let (first, second) = (app.worker(body.clone()), app.worker(body));
    let third = app.worker(json!({"capacity": 5}));
    let bid = |request: &str, worker: &str| {
        let body = json!({"deliverable_id": request, "worker_id": worker, "role": "designer"});
        let made = app.post("/v1/applications", &body).expect(201);
        made.header("location").to_owned()
    };
    let agree = |bid: &str| drop(app.patch(bid, &json!({"status": "agreed"})).expect(200));
    // Both records have a place; the third worker waits for one.
    let both = [bid(&requests[0], &first), bid(&requests[0], &second)];
    let waiting = bid(&requests[0], &third);
    both.iter().for_each(|bid| agree(bid));
    assert_eq!(app.get(&waiting).expect(200).json()["status"], "waitlisted");
    // One has a place, the other one only applied.
    let further = [bid(&requests[1], &first), bid(&requests[1], &second)];
    agree(&further[0]);
    // Both only applied.
    let equal = [bid(&requests[2], &first), bid(&requests[2], &second)];
    let path = format!("/v1/duplicates/{}", proposed(app)[0]["id"].as_str().unwrap());
    app.patch(&path, &json!({"status": "merged", "primary_id": second}))
        .expect(200);
    let now = |bid: &str| app.get(bid).expect(200).json();
    let ended = json!({"status": "declined", "reason": "same_person", "place": null});
    assert_includes(&now(&both[0]), &ended);
    assert_eq!(now(&both[1])["status"], "agreed");
    assert_eq!(now(&further[0])["status"], "agreed");
    assert_includes(&now(&further[1]), &ended);
    assert_includes(&now(&equal[0]), &ended);
    assert_eq!(now(&equal[1])["status"], "submitted");
    // The place is open again, for who waited.
    assert_eq!(now(&waiting)["status"], "submitted");
    let request = app.get(&format!("/v1/deliverables/{}", requests[0])).json();
    assert_includes(&request, &json!({"status": "open"}));
    assert_eq!(request["open_places"][0]["left"], 1);
    let project = app
        .get(&format!("/v1/projects/{}", requests[0]))
        .expect(200)
        .json();
    let members = project["members"].as_array().unwrap();
    let left: Vec<&Value> = members.iter().filter(|one| !one["left_at"].is_null()).collect();
    assert_eq!((members.len(), left.len()), (2, 1), "{project}");
    assert_includes(left[0], &json!({"worker_id": first, "reason": "same_person"}));
    for worker in [&first, &second] {
        let here = app.get(&format!("/v1/workers/{worker}")).json()["here"].clone();
        assert_eq!(here["open_load"], 1, "{here}");
    }
    // To take the merge back doesn't bring back what has ended.
    app.patch(&path, &json!({"status": "distinct", "primary_id": null}))
        .expect(200);
    assert_includes(&now(&both[0]), &ended);
}

fn who_is_offered_two_places_under_two_records_takes_one(app: &TestApp) {
    let two = json!({"roles": [{"role": "designer", "places": 2, "skills": []}]});
    let flyer = app.deliverable(&app.organization("風"), two);
    let workers = [0, 1].map(|_| app.worker(json!({"capacity": 5})));
    let offers = [0, 1].map(|n: usize| {
        let body = json!({"deliverable_id": flyer, "worker_id": workers[n], "role": "designer"});
        let made = app.post("/v1/applications", &body).expect(201);
        let bid = made.header("location").to_owned();
        app.patch(&bid, &json!({"status": "offered"})).expect(200);
        bid
    });
    // Merged without what a decision does to applications: the rule holds whatever has merged them.
    let [first, second] = workers.map(|id| Id(id.parse().unwrap()));
    app.state
        .pool
        .write_blocking(|db| musubi::workers::store::merge(db, second, Some(first), Instant::now()))
        .unwrap();
    app.patch(&offers[0], &json!({"status": "agreed"})).expect(200);
    let refused = app.patch(&offers[1], &json!({"status": "agreed"})).expect(409);
    assert_eq!(refused.code(), "same_person");
}

fn details(name: &str, more: Value) -> NewOrganization {
    let mut body = json!({"name": name, "area": "131041"});
    merge(&mut body, more);
    serde_json::from_value(body).unwrap()
}

/// Registers organizations, and returns their ids.
fn register_all(state: &AppState, all: &[NewOrganization]) -> Vec<Id> {
    let registered = state.pool.write_blocking(|db| {
        let insert = |details: &NewOrganization| {
            let organization = Organization::register(Id::new(), details.clone(), Instant::now());
            organizations::store::insert(db, "test", &organization)?;
            Ok(organization.id)
        };
        all.iter().map(insert).collect()
    });
    registered.unwrap()
}

/// Lets the detector handle all changes, and returns how many pairs of records it compared.
fn detect(state: &AppState) -> usize {
    std::iter::from_fn(|| detector::step(&state.pool).unwrap())
        .map(|step| step.compared)
        .sum()
}

fn proposed_records(state: &AppState) -> Vec<[DuplicateRecord; 2]> {
    let mut filter = DuplicateFilter {
        limit: Some(200),
        ..DuplicateFilter::default()
    };
    let mut found = Vec::new();
    loop {
        let page = state
            .pool
            .read_blocking(|db| duplicates::store::list(db, &Reach::Everything, &filter, true));
        let page = page.unwrap();
        found.extend(
            page.items
                .into_iter()
                .map(|pair| pair.records.try_into().unwrap()),
        );
        match page.next {
            Some(next) => filter.cursor = Some(next),
            None => return found,
        }
    }
}

fn proposals(state: &AppState) -> Vec<(Id, Id)> {
    let pairs = proposed_records(state).into_iter();
    pairs.map(|[one, other]| (one.id, other.id)).collect()
}

fn compares_and_proposes_a_bounded_number_of_pairs_per_record(app: &TestApp) {
    let most = MAX_COMPARED + MAX_HELD;
    let alike = |n: usize| details(&format!("さくら通りの会 第{n:05}支部"), json!({}));
    let same = |_| details("さくら通りの会", json!({}));
    for (name, of) in [
        ("alike", &alike as &dyn Fn(usize) -> NewOrganization),
        ("same", &same),
    ] {
        for n in [300, 600] {
            let (state, _folder) = app.state_without_server();
            register_all(&state, &(0..n).map(of).collect::<Vec<_>>());
            let compared = detect(&state);
            assert!(compared <= most * n, "{n} {name}: {compared}");
            let pairs = proposals(&state);
            assert!(
                (n..=MAX_PAIRS * n).contains(&pairs.len()),
                "{n} {name}: {} pairs",
                pairs.len()
            );
            let mut held: BTreeMap<Id, usize> = BTreeMap::new();
            for id in pairs.iter().flat_map(|(one, other)| [one, other]) {
                *held.entry(*id).or_default() += 1;
            }
            assert!(
                held.values().all(|held| *held <= MAX_HELD),
                "{n} {name}: {held:?}"
            );
        }
    }
}

fn finds_the_same_pairs_however_the_changes_fall_into_steps(app: &TestApp) {
    // The same group in two areas, two spellings in one area, and many others between them.
    let other = |n: usize| {
        details(
            &format!("{}{n}", ["風", "海", "山", "森"][n % 4]),
            json!({"area": "131130"}),
        )
    };
    let mut all = vec![
        details(
            "ななしのひろば",
            json!({"kana": "ななしのひろば", "area": "131016"}),
        ),
        details(
            "小金井市けやき通り商店会",
            json!({"contact": {"phone": "03-0000-0001"}}),
        ),
    ];
    all.extend((0..120).map(other));
    all.push(details(
        "ななしのひろば",
        json!({"kana": "ナナシノヒロバ", "area": "131059"}),
    ));
    all.push(details("小金井市けやき通り商店街", json!({})));
    let found = |steps: usize| {
        let (state, _folder) = app.state_without_server();
        let mut ids = Vec::new();
        for part in all.chunks(all.len().div_ceil(steps)) {
            ids.extend(register_all(&state, part));
            detect(&state);
        }
        let position = |id: Id| ids.iter().position(|own| *own == id).unwrap();
        let pairs = proposals(&state);
        pairs
            .into_iter()
            .map(|(one, other)| (position(one), position(other)))
            .collect::<std::collections::BTreeSet<_>>()
    };
    let at_once = found(1);
    let last = all.len() - 1;
    assert!(
        at_once.contains(&(0, last - 1)) && at_once.contains(&(1, last)),
        "{at_once:?}"
    );
    assert_eq!(found(62), at_once);
}

fn says_that_a_record_resembles_more_than_are_listed(app: &TestApp) {
    let (state, _folder) = app.state_without_server();
    let few = [
        details("風のやすみば", json!({})),
        details("風の休み場", json!({"aliases": ["風のやすみば"]})),
    ];
    let few = register_all(&state, &few);
    let many: Vec<NewOrganization> = (0..30).map(|_| details("さくら通りの会", json!({}))).collect();
    let many = register_all(&state, &many);
    detect(&state);
    let found = proposed_records(&state);
    let marked = |id: Id| {
        let record = found.iter().flatten().find(|record| record.id == id);
        record.unwrap().partly_compared
    };
    assert!(!marked(few[0]) && !marked(few[1]));
    assert!(marked(*many.last().unwrap()));
}

/// Every kind of pair, seen by coordinators of each side.
fn shows_a_coordinator_nothing_of_what_is_known_elsewhere(app: &TestApp) {
    let coordinator = |email: &str, areas: Value| {
        app.user(email, json!({"role": "coordinator", "areas": areas}));
        app.login(email)["access_token"].as_str().unwrap().to_owned()
    };
    let here = coordinator("here@example.jp", json!(["131041"]));
    let there = coordinator("there@example.jp", json!(["131130"]));
    let both = coordinator("both@example.jp", json!(["131041", "131130"]));
    let worker = |area: &str, n: usize| {
        let email = format!("y{n}@example.jp");
        app.worker(json!({"area": area, "personal": {"name": "佐藤 陽子", "email": email}}))
    };
    let organization = |area: &str, n: usize| {
        let name = ["ななしのひろば", "けやき通り商店会", "さくら苑"][n];
        let body = json!({"name": name, "area": area, "kana": format!("ひろば{n}")});
        let created = app.post("/v1/organizations", &body).expect(201).json();
        created["id"].as_str().unwrap().to_owned()
    };
    type Make<'m> = &'m dyn Fn(&str, usize) -> String;
    let kinds: [(&str, Make); 2] = [("worker", &worker), ("organization", &organization)];
    for (kind, make) in kinds {
        let pairs = [["131041", "131041"], ["131041", "131130"], ["131130", "131130"]];
        let records: Vec<[String; 2]> = pairs
            .iter()
            .enumerate()
            .map(|(n, areas)| areas.map(|area| make(area, n)))
            .collect();
        settle(app);
        let all = app
            .get(&format!("/v1/duplicates?kind={kind}&limit=200"))
            .expect(200)
            .json();
        let pair_of = |records: &[String; 2]| {
            let mut found = all["items"].as_array().unwrap().iter();
            let mut wanted = records.to_vec();
            wanted.sort();
            let of = |pair: &Value| {
                let mut own = ids(pair);
                own.sort();
                own == wanted
            };
            let pair = found
                .find(|pair| of(pair))
                .unwrap_or_else(|| panic!("{kind}: {all}"));
            pair["id"].as_str().unwrap().to_owned()
        };
        let pairs: Vec<String> = records.iter().map(pair_of).collect();
        for (token, sees) in [
            (&here, [true, false, false]),
            (&there, [false, false, true]),
            (&both, [true, true, true]),
        ] {
            for query in ["", "&sort=-score", "&status=proposed"] {
                let path = format!("/v1/duplicates?kind={kind}&limit=200{query}");
                let listed = app.call("GET", &path, token, &Value::Null).expect(200).text;
                let is_listed: Vec<bool> = pairs.iter().map(|pair| listed.contains(pair)).collect();
                assert_eq!(is_listed, sees, "{kind} {query}");
            }
            for (pair, sees) in pairs.iter().zip(sees) {
                let path = format!("/v1/duplicates/{pair}");
                let status = if sees { 200 } else { 404 };
                app.call("GET", &path, token, &Value::Null).expect(status);
                app.call("PATCH", &path, token, &json!({"status": "proposed"}))
                    .expect(status);
            }
        }
        // Somebody merges a third record from elsewhere with one of this area's.
        let merge = json!({"status": "merged", "primary_id": records[1][0]});
        app.patch(&format!("/v1/duplicates/{}", pairs[1]), &merge)
            .expect(200);
        let twin = {
            let area = "131041";
            make(area, 1)
        };
        settle(app);
        let found = app
            .get(&format!("/v1/duplicates?kind={kind}&limit=200"))
            .expect(200)
            .json();
        let twins = found["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|pair| ids(pair).contains(&twin));
        let path = format!("/v1/duplicates/{}", twins.unwrap()["id"].as_str().unwrap());
        let merge = json!({"status": "merged", "primary_id": twin});
        assert_eq!(
            app.call("PATCH", &path, &both, &merge).expect(409).code(),
            "already_merged"
        );
        for answer in [
            app.call("PATCH", &path, &here, &merge),
            app.call("GET", &path, &here, &Value::Null),
            app.call(
                "PATCH",
                "/v1/duplicates/0192f0c1-7a11-7c02-8d1e-2b4c6d8e0f10",
                &here,
                &merge,
            ),
        ] {
            assert_eq!(answer.expect(404).code(), "not_found");
        }
        let listed = app
            .call("GET", "/v1/duplicates?limit=200", &here, &Value::Null)
            .expect(200);
        assert!(!listed.text.contains(&twin), "{kind}");
    }
}

fn who_cannot_read_personal_data_is_not_told_what_agrees(app: &TestApp) {
    for (external_id, more) in [
        ("P-1", json!({})),
        ("P-2", json!({})),
        (
            "P-3",
            json!({"personal": {"name": "山田 花子", "email": "hanako@example.jp", "phone": "03-1234-5678"}}),
        ),
        (
            "P-4",
            json!({"personal": {"name": "山田 花子", "email": "hanako@example.jp", "phone": "03-1234-5678"}}),
        ),
    ] {
        let mut body = volunteer(external_id, json!({"source": "roster"}));
        merge(&mut body, more);
        register(app, &app.admin, &body);
    }
    for contact in ["03-1111-1111", "03-1111-1111"] {
        let body = json!({"name": "戸山ふれあいの会", "area": "131041", "contact": {"phone": contact}});
        app.post("/v1/organizations", &body).expect(201);
    }
    let all = [pairs(app, "kind=worker"), pairs(app, "kind=organization")];
    assert_eq!(all.each_ref().map(Vec::len), [2, 1], "{all:?}");
    let narrow = app.token_with("duplicates:read duplicates:write exports:read");
    let get = |path: &str| app.call("GET", path, &narrow, &Value::Null).expect(200).json();
    let fields = |pair: &Value| -> Vec<String> {
        let reasons = pair["reasons"].as_array().unwrap().iter();
        reasons
            .map(|one| one["field"].as_str().unwrap().to_owned())
            .collect()
    };
    let without = |pair: &Value| {
        let score = pair["score"].as_f64().unwrap();
        // The same for all workers of one area, whatever else agrees.
        let (seen, expected): (&[&str], f64) = match pair["kind"].as_str().unwrap() {
            "worker" => (&["area"], 1.0 / 129.0),
            _ => (&["name", "area"], 16.0 / 17.0),
        };
        assert_eq!(fields(pair), seen);
        assert!((score - expected).abs() < 1e-9, "{score}");
    };
    let mut order = Vec::new();
    for sort in ["-score", "-created_at"] {
        let list = get(&format!("/v1/duplicates?status=proposed&sort={sort}&limit=200"));
        let mut items = list["items"].as_array().unwrap().clone();
        items.retain(|pair| !pair.to_string().contains("待ち合わせ"));
        assert_eq!(items.len(), 3);
        items.iter().for_each(without);
        order.push(items.iter().map(|pair| pair["id"].clone()).collect::<Vec<_>>());
    }
    assert_eq!(order[0], order[1], "the order doesn't tell the scores");
    let first = get("/v1/duplicates?sort=-score&limit=1");
    let next = first["next"].as_str().unwrap();
    get(&format!("/v1/duplicates?sort=-score&limit=1&cursor={next}"));
    for pair in all.iter().flatten() {
        assert!(
            pair["score"].as_f64().unwrap() > 0.9 && fields(pair).len() > 2,
            "{pair}"
        );
        let path = format!("/v1/duplicates/{}", pair["id"].as_str().unwrap());
        without(&get(&path));
        let decided = json!({"status": "distinct"});
        without(&app.call("PATCH", &path, &narrow, &decided).expect(200).json());
    }
}
