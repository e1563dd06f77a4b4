//! What a caller may not read of somebody is not told word by word either: what a worker's evidence says, and whose names, addresses
//! and numbers a list has right.

use crate::support::{TestApp, on_both};
use musubi::auth::PERMISSIONS;
use musubi::imports::ImportKind;
use serde_json::{Value, json};
use strum::VariantArray;

on_both! {
    who_cannot_read_names_sends_no_lists_whose_rows_look_people_up,
    answers_do_not_depend_on_the_words_of_evidence_that_the_caller_cannot_read,
    a_round_of_others_tells_nothing_of_evidence_that_the_caller_cannot_read,
}

/// Removes what tells only that the record has changed.
fn without_versions(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members
                .retain(|name, _| !["at_change", "version", "updated_at", "next"].contains(&name.as_str()));
            members.values_mut().for_each(without_versions);
        }
        Value::Array(items) => items.iter_mut().for_each(without_versions),
        _ => {}
    }
}

fn who_cannot_read_names_sends_no_lists_whose_rows_look_people_up(app: &TestApp) {
    let all = PERMISSIONS.iter().map(|row| row.scope);
    let others: Vec<&str> = all.filter(|scope| *scope != "personal_data:read").collect();
    let narrow = app.token_with(&others.join(" "));
    // Rows of events name speakers, who are published with them.
    let acting = ImportKind::VARIANTS
        .iter()
        .filter(|kind| kind.acts() && **kind != ImportKind::Events);
    for kind in acting {
        let sent = app.import(
            &narrow,
            &format!("kind={}", kind.code()),
            "氏名\n佐藤 陽子\n".as_bytes(),
        );
        assert_eq!(sent.expect(403).code(), "insufficient_scope", "{kind:?}");
    }
    let events = "イベント名,開催日\n広報の基礎,2030-10-08\n".as_bytes();
    app.import(&narrow, "kind=events", events).expect(202);
}

fn answers_do_not_depend_on_the_words_of_evidence_that_the_caller_cannot_read(app: &TestApp) {
    let word = "闘病記";
    let evidence = |text: &str| json!({"personal": {"name": "佐藤", "evidence": [{"text": text}]}});
    let organization = app.organization("風");
    let asked = json!({"title": word, "trouble": word, "shared_with_partners": true});
    let flyer = app.deliverable(&organization, asked);
    // The evidence of others is as near to the request, so that ranks would change too.
    let known = app.worker(evidence(word));
    app.worker(json!({"personal": {"name": "田中", "evidence": [{"text": "会報"}]}, "area": "131130"}));
    let hidden = {
        let mut body = evidence("会報の編集");
        body["area"] = json!("131130");
        app.worker(body)
    };
    let login = |email: &str, more: Value| {
        app.user(email, more);
        app.login(email)["access_token"].as_str().unwrap().to_owned()
    };
    let (_, partner) = app.partner(json!({}));
    let volunteer = json!({"external_id": "1", "area": "131041", "roles": ["designer"],
        "consent": {"given_on": "2026-04-01", "given_at": "2026-04-01T03:00:00Z", "text_version": "2026-04"}});
    let volunteer = app
        .call("POST", "/v1/workers", &partner, &volunteer)
        .expect(201)
        .json();
    let volunteer = volunteer["id"].as_str().unwrap().to_owned();
    let callers = [
        (
            login(
                "c@example.jp",
                json!({"role": "coordinator", "areas": ["131041"]}),
            ),
            &known,
        ),
        (
            login(
                "o@example.jp",
                json!({"role": "organization", "organization_id": organization}),
            ),
            &known,
        ),
        (
            login("w@example.jp", json!({"role": "worker", "worker_id": known})),
            &known,
        ),
        (partner, &volunteer),
    ];
    let matches = format!("/v1/deliverables/{flyer}/matches");
    let need = |more: Value| {
        let mut body = json!({"need": {"type": "flyer", "area": "131041", "title": word, "trouble": word}});
        json_patch::merge(&mut body, &more);
        body
    };
    let answers = |token: &str, own: &str| {
        let gets = [
            matches.clone(),
            format!("{matches}?fairness=off&role=designer&limit=1"),
            format!("{matches}/{hidden}"),
            format!("{matches}/{known}"),
            format!("{matches}/{hidden}/improvements"),
            format!("{matches}/{hidden}/improvements?rank=1"),
            format!("/v1/deliverables/{flyer}/relaxations"),
            format!("/v1/workers/{own}/matches"),
            format!("/v1/workers/{hidden}"),
            format!("/v1/workers?q={word}"),
            "/v1/statistics/exposure".to_owned(),
        ];
        let mut all: Vec<(String, u16, Value)> = Vec::new();
        for path in gets {
            let path = path.replace(word, "%E9%97%98%E7%97%85%E8%A8%98");
            let answer = app.call("GET", &path, token, &Value::Null);
            all.push((path, answer.status, answer.json()));
        }
        for more in [
            json!({}),
            json!({"weights": {"skill": 1, "distance": 1}}),
            json!({"deliverable_id": flyer, "need": {"title": format!("{word}の会"), "trouble": null}}),
        ] {
            for below in [
                String::new(),
                "/relaxations".to_owned(),
                format!("/workers/{hidden}"),
                format!("/workers/{hidden}/improvements"),
            ] {
                let path = format!("/v1/matches/preview{below}");
                let answer = app.call("POST", &path, token, &need(more.clone()));
                all.push((format!("{path} {more}"), answer.status, answer.json()));
            }
        }
        for (_, _, answer) in &mut all {
            without_versions(answer);
            if let Some(problem) = answer.as_object_mut() {
                problem.remove("request_id");
            }
        }
        all
    };
    let all = || callers.each_ref().map(|(token, own)| answers(token, own));
    let as_admin = answers(&app.admin, &known);
    // The first round is recorded as shown, which the statistics count.
    all();
    let before = all();
    let ranked = before[1].first().unwrap();
    assert!(
        ranked.1 == 200 && ranked.2.to_string().contains(&hidden),
        "{ranked:?}"
    );
    app.patch(&format!("/v1/workers/{hidden}"), &evidence(word))
        .expect(200);
    for (before, after) in before.iter().zip(&all()) {
        for (before, after) in before.iter().zip(after) {
            assert_eq!(before, after);
        }
    }
    assert_ne!(
        as_admin,
        answers(&app.admin, &known),
        "the secretariat reads all evidence"
    );
    // Only they can weigh the words.
    for (token, _) in &callers[..2] {
        let weighed = need(json!({"weights": {"text": 1}}));
        let refused = app
            .call("POST", "/v1/matches/preview", token, &weighed)
            .expect(422);
        assert_eq!(
            refused.faults(),
            [("/weights/text".to_owned(), "not_permitted".to_owned())]
        );
    }
    app.post("/v1/matches/preview", &need(json!({"weights": {"text": 1}})))
        .expect(200);
}

fn a_round_of_others_tells_nothing_of_evidence_that_the_caller_cannot_read(app: &TestApp) {
    let word = "闘病記";
    let flyer = app.deliverable(&app.organization("風"), json!({"trouble": "会報"}));
    let hidden =
        app.worker(json!({"area": "131130", "personal": {"name": "佐藤", "evidence": [{"text": word}]}}));
    app.worker(json!({"area": "131130", "personal": {"name": "田中", "evidence": [{"text": "会報"}]}}));
    let coordinator = app.logged_in(
        "c@example.jp",
        json!({"role": "coordinator", "areas": ["131041"]}),
    );
    let all = app.token(musubi::auth::UserRole::Auditor);
    let fits = |path: &str, token: &str| {
        let mut answer = app
            .call("GET", &format!("{path}/instance"), token, &Value::Null)
            .expect(200)
            .json();
        assert!(answer["workers"].to_string().contains(&hidden), "{answer}");
        without_versions(&mut answer);
        answer
    };
    for weights in [Value::Null, json!({"skill": 1, "text": 1})] {
        let asked = json!({"deliverable_ids": [flyer], "weights": weights});
        let round = app.post("/v1/rounds", &asked).expect(201).json();
        let path = format!("/v1/rounds/{}", round["id"].as_str().unwrap());
        let before = fits(&path, &all);
        app.call(
            "PATCH",
            &format!("/v1/deliverables/{flyer}"),
            &coordinator,
            &json!({"trouble": word}),
        )
        .expect(200);
        app.call("GET", &path, &coordinator, &Value::Null).expect(200);
        for (method, more) in [
            ("GET", "instance"),
            ("GET", "comparison"),
            ("GET", "easings"),
            ("POST", "verify"),
        ] {
            let refused = app.call(method, &format!("{path}/{more}"), &coordinator, &Value::Null);
            assert_eq!(refused.expect(409).code(), "round_weighs_text", "{more}");
        }
        assert_ne!(fits(&path, &all), before, "who reads all evidence weighs it");
        // Computed again, it is a round without the words.
        let without = json!({"weights": null});
        app.call("PATCH", &path, &coordinator, &without).expect(200);
        let before = fits(&path, &coordinator);
        let other = json!({"trouble": "会報"});
        app.patch(&format!("/v1/deliverables/{flyer}"), &other)
            .expect(200);
        assert_eq!(fits(&path, &coordinator), before);
        for (method, more) in [("GET", "comparison"), ("GET", "easings"), ("POST", "verify")] {
            app.call(method, &format!("{path}/{more}"), &coordinator, &Value::Null)
                .expect(200);
        }
    }
}
