//! Areas over HTTP and in imports: what is served, former codes, cities and their wards, islands.

use crate::support::{TestApp, on_both};
use musubi::auth::UserRole;
use serde_json::{Value, json};
use std::collections::BTreeMap;

on_both! {
    areas_are_listed_searched_and_cached,
    every_area_has_an_english_name,
    organizations_and_their_requests_are_of_areas_that_are_served,
    workers_live_anywhere_in_japan,
    who_writes_the_name_of_an_area_is_told_its_code,
    codes_of_former_municipalities_become_those_of_today,
    a_city_covers_its_wards,
    addresses_in_a_file_find_their_municipalities,
    what_a_cell_leaves_open_is_asked,
    islanders_are_not_ranked_for_requests_across_the_sea,
}

fn codes(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|area| area["code"].as_str().unwrap()).collect()
}

fn areas_are_listed_searched_and_cached(app: &TestApp) {
    let list = |query: &str| app.get(&format!("/v1/areas{query}")).expect(200).json();
    let served = app.get("/v1/areas").expect(200);
    assert_eq!(codes(&served.json()).len(), 62);
    let again = app.get_with("/v1/areas", &[("if-none-match", served.header("etag"))]);
    assert_eq!(again.status, 304);
    assert_eq!(codes(&list("?include_unserved=true")).len(), 1912);

    let sapporo = list("?include_unserved=true&parent=01100");
    assert_eq!(codes(&sapporo).len(), 10);
    assert_eq!(
        sapporo["items"][0],
        json!({"code": "011011", "label": "中央区", "names": {"ja": "中央区", "en": "Chuo-ku"}, "full_name": "北海道札幌市中央区", "kana": "ちゅうおうく",
            "kind": "ward", "prefecture": "01", "prefecture_name": "北海道", "parent": "011002",
            "latitude": 43.06141, "longitude": 141.35389, "island": false, "island_name": null, "served": false})
    );
    assert_eq!(codes(&list("?prefecture=14")), Vec::<&str>::new());
    assert_eq!(codes(&list("?prefecture=14&include_unserved=true")).len(), 61);
    for q in ["しんじゅく", "シンジュク", "ｼﾝｼﾞﾕｸ", "新宿", "東京都新宿"] {
        let found = list(&format!("?q={}", urlencoded(q)));
        assert_eq!(codes(&found), ["131041"], "{q}");
    }
    // What stands for it elsewhere: words, a code, the name of a former municipality.
    for (q, found) in [
        ("東京 新宿", "131041"),
        ("Hiroshima fuchu-shi", "342084"),
        ("13104", "131041"),
        ("131041", "131041"),
        ("132161", "132292"),
        ("保谷", "132292"),
        ("浜松市中区", "221384"),
    ] {
        let page = list(&format!("?include_unserved=true&q={}", urlencoded(q)));
        assert_eq!(codes(&page), [found], "{q}");
    }
    let islands = list(&format!("?q={}", urlencoded("青ケ島")));
    assert_eq!(islands["items"][0]["island_name"], "青ヶ島");
    // 渋谷区's office, not the temporary one before 2019.
    let shibuya = list(&format!("?q={}", urlencoded("渋谷区")));
    assert_eq!(shibuya["items"][0]["latitude"], 35.66398);

    for (query, status, code) in [
        ("?prefecture=99", 422, "unknown_prefecture"),
        ("?parent=999999", 422, "unknown_area"),
        ("?served=yes", 400, "unknown_parameter"),
    ] {
        let refused = app.get(&format!("/v1/areas{query}")).expect(status);
        assert_eq!(refused.json()["errors"][0]["code"], code, "{query}");
    }
}

fn urlencoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Returns pointer and code of each fault, and the first message.
fn refused(app: &TestApp, path: &str, body: &Value) -> (Vec<(String, String)>, String) {
    let answer = app.post(path, body).expect(422);
    let message = answer.json()["errors"][0]["message"].as_str().unwrap().to_owned();
    (answer.faults(), message)
}

fn every_area_has_an_english_name(app: &TestApp) {
    let list = |query: &str, language: &str| {
        let path = format!("/v1/areas?include_unserved=true{query}");
        let answer = app
            .get_with(&path, &[("accept-language", language)])
            .expect(200)
            .json();
        answer["items"].as_array().unwrap().clone()
    };
    let all = list("", "en");
    assert_eq!(all.len(), 1912);
    for area in &all {
        let (label, kind) = (area["label"].as_str().unwrap(), area["kind"].as_str().unwrap());
        assert_eq!(area["label"], area["names"]["en"]);
        assert!(
            label.is_ascii() && area["full_name"].as_str().unwrap().is_ascii(),
            "{area}"
        );
        assert!(area["prefecture_name"].as_str().unwrap().is_ascii(), "{area}");
        let ends: &[&str] = match kind {
            "designated_city" | "city" => &["-shi"],
            "ward" | "special_ward" => &["-ku"],
            "town" => &["-cho", "-machi"],
            _ => &["-mura", "-son"],
        };
        assert!(ends.iter().any(|end| label.ends_with(end)), "{area}");
    }
    let full = |code: &str| {
        let area = all.iter().find(|area| area["code"] == code).unwrap();
        area["full_name"].as_str().unwrap().to_owned()
    };
    assert_eq!(full("011011"), "Chuo-ku, Sapporo-shi, Hokkaido");
    assert_eq!(full("133051"), "Hinode-machi, Nishitama-gun, Tokyo");
    assert_eq!(
        full("193461"),
        "Ichikawamisato-cho, Nishiyatsushiro-gun, Yamanashi"
    );
    // The Japanese list stays Japanese, and the English name is found.
    let found = list("&q=SHINJUKU-ku", "ja");
    assert_eq!((found.len(), &found[0]["label"]), (1, &json!("新宿区")));
    // Names in English are read, too.
    let csv = "氏名,区市町村\n佐藤,\"Fuchu-shi, Hiroshima\"\n鈴木,Shinjuku-ku\n高橋,Chuo-ku\n";
    let done = app.import_and_wait("kind=workers&source=english", csv.as_bytes());
    assert_eq!(done["progress"]["created"], 3, "{done}");
}

fn organizations_and_their_requests_are_of_areas_that_are_served(app: &TestApp) {
    let organization = app.organization("風のひろば");
    let (faults, message) = refused(app, "/v1/organizations", &json!({"name": "雪", "area": "011011"}));
    assert_eq!(faults, [("/area".into(), "area_not_served".into())]);
    assert!(message.contains("北海道札幌市中央区"), "{message}");
    let request =
        json!({"organization_id": organization, "type": "flyer", "title": "チラシ", "area": "14130"});
    let (faults, message) = refused(app, "/v1/deliverables", &request);
    assert_eq!(faults, [("/area".into(), "area_not_served".into())]);
    assert!(message.contains("神奈川県川崎市"), "{message}");
    let preview = json!({"need": {"type": "flyer", "area": "342084", "title": "チラシ"}});
    assert_eq!(
        refused(app, "/v1/matches/preview", &preview).0,
        [("/need/area".into(), "area_not_served".into())]
    );
    let user = json!({"name": "山田", "email": "yamada@example.jp", "role": "coordinator",
        "areas": ["131041", "271004"]});
    assert_eq!(
        refused(app, "/v1/users", &user).0,
        [("/areas/1".into(), "area_not_served".into())]
    );
    let partner = json!({"code": "app", "name": "アプリ", "areas": ["271004"]});
    assert_eq!(
        refused(app, "/v1/partners", &partner).0,
        [("/areas/0".into(), "area_not_served".into())]
    );

    // A server for Sapporo on the same database: what is there can be changed, but nothing new is registered.
    let sapporo = app.serving("011002");
    let (path, changed) = (
        format!("/v1/organizations/{organization}"),
        json!({"description": "居場所"}),
    );
    sapporo.patch(&path, &changed).expect(200);
    assert_eq!(
        sapporo
            .patch(&path, &json!({"area": "131059"}))
            .expect(422)
            .faults()[0]
            .1,
        "area_not_served"
    );
    let there = json!({"name": "雪", "area": "01101"});
    assert_eq!(
        sapporo.post("/v1/organizations", &there).expect(201).json()["area"],
        "011011"
    );
    let here = json!({"name": "風", "area": "131041"});
    assert_eq!(
        refused(&sapporo, "/v1/organizations", &here).0[0].1,
        "area_not_served"
    );
}

fn workers_live_anywhere_in_japan(app: &TestApp) {
    for area in ["011011", "342084", "473821", "271004"] {
        let id = app.worker(json!({"area": area}));
        let worker = app.get(&format!("/v1/workers/{id}")).expect(200).json();
        assert_eq!(worker["area"], area);
        assert_eq!(
            app.get(&format!("/v1/workers?area={area}")).json()["items"][0]["id"],
            id
        );
    }
    let nowhere = app.post("/v1/workers", &json!({"area": "131049"})).expect(422);
    assert_eq!(nowhere.faults(), [("/area".into(), "unknown_area".into())]);
}

fn who_writes_the_name_of_an_area_is_told_its_code(app: &TestApp) {
    for (name, code) in [
        ("新宿区", "東京都新宿区（131041）"),
        ("府中市", "東京都府中市（132063）"),
        ("広島県府中市", "広島県府中市（342084）"),
        ("札幌市中央区", "北海道札幌市中央区（011011）"),
        ("東京都新宿区西新宿2-8-1", "東京都新宿区（131041）"),
        ("保谷市", "東京都西東京市（132292）"),
        ("どこか", "5桁または6桁の数字"),
        ("", "5桁または6桁の数字"),
    ] {
        for path in ["/v1/workers", "/v1/organizations"] {
            let record = match path {
                "/v1/workers" => json!({"alias": "風", "area": name}),
                _ => json!({"name": "風", "area": name}),
            };
            let (faults, message) = refused(app, path, &record);
            assert_eq!(faults, [("/area".into(), "unknown_area".into())], "{name}");
            assert!(message.contains(code), "{name}: {message}");
        }
        let listed = app
            .get(&format!("/v1/workers?area={}", urlencoded(name)))
            .expect(400);
        assert_eq!(listed.faults(), [("area".into(), "invalid_area_code".into())]);
        assert!(listed.text.contains(code), "{name}: {}", listed.text);
    }
}

#[test]
fn the_command_line_gives_tokens_for_areas_that_exist() {
    let folder = tempfile::TempDir::new().unwrap();
    let token = |areas: &str| {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_musubi"));
        program.arg("--data-dir").arg(folder.path());
        program.args(["token", "--role", "coordinator", "--areas", areas]);
        program.output().unwrap()
    };
    let printed = String::from_utf8(token("13104,132161").stdout).unwrap();
    use base64::Engine;
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(printed.split('.').nth(1).unwrap())
        .unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["areas"], json!(["131041", "132292"]));
    for (areas, said) in [
        ("131041,府中市", "132063"),
        ("13", "five or six digits"),
        ("999999", "doesn't exist"),
        ("342084", "not among the areas"),
    ] {
        let refused = token(areas);
        let said_why = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && refused.stdout.is_empty(), "{areas}");
        assert!(said_why.contains(said), "{areas}: {said_why}");
    }
}

fn codes_of_former_municipalities_become_those_of_today(app: &TestApp) {
    // 田無市 and 保谷市 are 西東京市 since 2001.
    for former in ["132161", "13217"] {
        let made = app.post(
            "/v1/organizations",
            &json!({"name": format!("旧{former}"), "area": former}),
        );
        assert_eq!(made.expect(201).json()["area"], "132292");
    }
    assert_eq!(
        app.get("/v1/organizations?area=132161").json()["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    // 浜松市北区 is divided today.
    let (faults, _) = refused(app, "/v1/workers", &json!({"area": "221350"}));
    assert_eq!(faults, [("/area".into(), "ambiguous_area".into())]);
    let message =
        app.post("/v1/workers", &json!({"area": "221350"})).json()["errors"][0]["message"].to_string();
    assert!(
        message.contains("221384") && message.contains("221392"),
        "{message}"
    );
}

fn a_city_covers_its_wards(app: &TestApp) {
    let app = &app.serving("01,13");
    let organization = |name: &str, area: &str| {
        let made = app.post("/v1/organizations", &json!({"name": name, "area": area}));
        made.expect(201).json()["id"].as_str().unwrap().to_owned()
    };
    let (city, ward) = (organization("市の会", "011002"), organization("区の会", "011011"));
    let elsewhere = organization("函館の会", "012025");
    let requests =
        [&city, &ward, &elsewhere].map(|id| app.deliverable(id, json!({"shared_with_partners": true})));
    let workers = ["011002", "011029", "012025"].map(|area| app.worker(json!({"area": area})));

    let listed = |token: &str, path: &str| {
        let page = app.call("GET", path, token, &Value::Null).expect(200).json();
        let items = page["items"].as_array().unwrap().iter();
        let mut ids: Vec<String> = items
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    let sorted = |ids: &[&String]| {
        let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
        ids.sort();
        ids
    };
    // By a filter, which may leave the check digit out.
    for (path, found) in [
        ("/v1/organizations?area=01100", sorted(&[&city, &ward])),
        ("/v1/organizations?area=011011", sorted(&[&ward])),
        (
            "/v1/deliverables?area=011002",
            sorted(&[&requests[0], &requests[1]]),
        ),
        ("/v1/workers?area=011002", sorted(&[&workers[0], &workers[1]])),
        ("/v1/workers?area=011029", sorted(&[&workers[1]])),
    ] {
        assert_eq!(listed(&app.admin, path), found, "{path}");
    }
    let count = app
        .get("/v1/statistics/deliverables?area=011002")
        .expect(200)
        .json();
    assert_eq!(count["total"]["total"], 2, "{count}");

    // By the reach of a coordinator and of a partner.
    let coordinator = app.user(
        "city@example.jp",
        json!({"role": "coordinator", "areas": ["011002"]}),
    );
    assert_eq!(coordinator["areas"], json!(["011002"]));
    let token = app.login("city@example.jp")["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(listed(&token, "/v1/organizations"), sorted(&[&city, &ward]));
    assert_eq!(
        listed(&token, "/v1/deliverables"),
        sorted(&[&requests[0], &requests[1]])
    );
    assert_eq!(listed(&token, "/v1/workers"), sorted(&[&workers[0], &workers[1]]));
    let body = json!({"name": "もう一つ", "area": "011029"});
    app.call("POST", "/v1/organizations", &token, &body).expect(201);
    let (_, token) = app.partner(json!({"areas": ["011002"]}));
    assert_eq!(
        listed(&token, "/v1/deliverables"),
        sorted(&[&requests[0], &requests[1]])
    );
}

fn addresses_in_a_file_find_their_municipalities(app: &TestApp) {
    let file = std::fs::read("tests/data/addresses.csv").unwrap();
    let import = app.import_and_wait("kind=organizations&source=addresses", &file);
    let organizations = app.get("/v1/organizations?limit=100").json();
    let found: BTreeMap<&str, &str> = organizations["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| (o["name"].as_str().unwrap(), o["area"].as_str().unwrap()))
        .collect();
    let expected = [
        ("a", "133051"),
        ("b", "131041"),
        ("c", "131041"),
        ("d", "131041"),
        ("e", "133086"),
        ("f", "133612"),
        ("g", "133817"),
        ("h", "133078"),
        ("i", "132292"),
        ("l", "131041"),
        ("m", "131041"),
        ("n", "131059"),
        ("o", "132233"),
        ("p", "132292"),
        ("q", "131041"),
        ("r", "131041"),
        ("s", "131041"),
        ("t", "131041"),
        ("u", "131067"),
        ("v", "131083"),
        ("w", "131229"),
        ("x", "131229"),
        ("y", "131130"),
        ("z", "131130"),
        ("aa", "132071"),
        ("ab", "132080"),
        ("al", "131237"),
    ];
    assert_eq!(found, expected.into());
    let mut findings: BTreeMap<String, usize> = BTreeMap::new();
    for (_, column, code) in app.findings_of(&import) {
        assert_eq!(column, "住所", "{code}");
        *findings.entry(code).or_default() += 1;
    }
    let expected = [
        ("area_not_served", 9),
        ("incomplete_area", 1),
        ("several_areas", 3),
        ("unknown_area", 1),
    ];
    assert_eq!(
        findings,
        expected.map(|(code, count)| (code.to_owned(), count)).into()
    );
}

fn what_a_cell_leaves_open_is_asked(app: &TestApp) {
    let file = "団体名,区市町村\n一,新宿\n二,伊達市\n三,札幌市中央区\n四,浜松市北区\n五,都内\n六,田無市\n";
    let import = app.import_and_wait("kind=organizations&source=open", file.as_bytes());
    let findings = format!("/v1/imports/{}/findings", import["id"].as_str().unwrap());
    let found = app
        .get_with(&findings, &[("accept-language", "en")])
        .expect(200)
        .json();
    let of = |line: u64| {
        let items = found["items"].as_array().unwrap();
        items
            .iter()
            .find(|finding| finding["line"] == line)
            .unwrap()
            .clone()
    };
    assert_eq!(
        (&of(2)["code"], &of(2)["suggestion"]),
        (&json!("unknown_area"), &json!("新宿区"))
    );
    for (line, code, severity, words) in [
        (3, "ambiguous_area", "error", vec!["Date-shi, Hokkaido", "072133"]),
        (
            4,
            "area_not_served",
            "error",
            vec!["Chuo-ku, Sapporo-shi, Hokkaido"],
        ),
        (
            5,
            "ambiguous_area",
            "error",
            vec!["221384", "Hamana-ku, Hamamatsu-shi, Shizuoka"],
        ),
        (6, "incomplete_area", "error", vec![]),
        (
            7,
            "former_area",
            "warning",
            vec!["田無市", "2001-01-21", "Nishitokyo-shi, Tokyo"],
        ),
    ] {
        let finding = of(line);
        assert_eq!(
            (&finding["code"], &finding["severity"]),
            (&json!(code), &json!(severity)),
            "{finding}"
        );
        for word in words {
            assert!(finding["message"].as_str().unwrap().contains(word), "{finding}");
        }
    }
    // A worker may live in any of them, but nobody guesses in which: the area stays unknown.
    let file = "氏名,住所\n佐藤,札幌市中央区北1条\n鈴木,広島県府中市\n高橋,府中市\n田中,伊達市\n";
    let import = app.import_and_wait("kind=workers&source=open", file.as_bytes());
    assert_eq!(import["progress"]["created"].as_i64(), Some(4), "{import}");
    let mut areas: Vec<String> = app.get("/v1/workers").json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|worker| worker["area"].as_str().unwrap_or("unknown").to_owned())
        .collect();
    areas.sort();
    assert_eq!(areas, ["011011", "132063", "342084", "unknown"]);
    let codes: Vec<String> = app
        .findings_of(&import)
        .into_iter()
        .map(|(_, _, code)| code)
        .collect();
    assert!(codes.contains(&"ambiguous_area".to_owned()), "{codes:?}");
}

fn islanders_are_not_ranked_for_requests_across_the_sea(app: &TestApp) {
    // Nothing is known about travelling or remote work.
    let islander = |area: &str| app.worker(json!({"area": area, "travel_limit_km": null, "remote": null}));
    let (aogashima, hachijo) = (islander("134023"), islander("134015"));
    let mainlander = app.worker(json!({}));
    let request = |area: &str, remote: bool| {
        let organization = app.organization(&format!("{area}の会{remote}"));
        let id = app.deliverable(&organization, json!({"area": area, "remote": remote}));
        format!("/v1/deliverables/{id}/matches")
    };
    let ranked = |path: &str| -> Vec<String> {
        let page = app
            .get_as(UserRole::Admin, &format!("{path}?role=designer"))
            .expect(200)
            .json();
        let ids = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["worker"]["id"].as_str().unwrap());
        ids.map(str::to_owned).collect()
    };
    let on_the_spot = request("131041", false);
    assert_eq!(ranked(&on_the_spot), std::slice::from_ref(&mainlander));
    for id in [&aogashima, &hachijo] {
        let why = app.get(&format!("{on_the_spot}/{id}")).expect(200).json();
        assert_eq!(why["failed_gates"][0]["gate"], "island_unreachable", "{why}");
    }
    assert_eq!(
        ranked(&request("134023", false)),
        std::slice::from_ref(&aogashima)
    );
    let remotely = ranked(&request("131041", true));
    assert!(
        remotely.contains(&aogashima) && remotely.contains(&hachijo),
        "{remotely:?}"
    );
}
