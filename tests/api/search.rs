//! Searching lists: spellings that are equal, signs, and filters with several values.

use crate::support::{TestApp, on_both};
use musubi::auth::UserRole;
use musubi::db::schema::{events, followers, organizations, press_items};
use serde_json::{Value, json};

on_both! {
    kana_old_kanji_and_accents_are_found_in_every_spelling,
    names_of_places_and_old_kana_are_found_in_every_spelling,
    signs_find_those_signs_and_nothing_else,
    abbreviated_legal_forms_and_full_ones_find_each_other,
    the_letters_of_a_ranking_find_whose_they_are,
    words_with_signs_are_found_by_themselves,
    deliverables_are_found_by_the_names_of_their_organizations,
    a_name_that_a_caller_may_not_see_finds_nothing,
    filters_take_several_statuses,
    an_index_of_an_earlier_release_is_made_again,
    names_of_an_earlier_release_are_compared_as_those_of_this_one,
    what_an_earlier_release_left_out_of_published_records_is_found,
}

fn found(app: &TestApp, list: &str, q: &str) -> Vec<String> {
    let q: String = form_urlencoded::byte_serialize(q.as_bytes()).collect();
    let page = app.get(&format!("/v1/{list}?limit=200&q={q}")).expect(200).json();
    let name = |item: &Value| {
        ["name", "title", "alias"]
            .iter()
            .find_map(|key| Some(item[*key].as_str()?.to_owned()))
    };
    let mut names: Vec<String> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| name(item).unwrap())
        .collect();
    names.sort();
    names
}

fn kana_old_kanji_and_accents_are_found_in_every_spelling(app: &TestApp) {
    let named = |name: &str, kana: &str| {
        let body = json!({"name": name, "kana": kana, "area": "131041"});
        app.post("/v1/organizations", &body).expect(201);
    };
    named("風のやすみば", "かぜのやすみば");
    named("髙橋文庫", "たかはしぶんこ");
    named("Café 青空", "かふぇあおぞら");
    for (name, spellings) in [
        (
            "風のやすみば",
            ["やすみば", "ヤスミバ", "ﾔｽﾐﾊﾞ", "カゼノ", "風のヤスミ"],
        ),
        ("髙橋文庫", ["髙橋", "高橋", "タカハシ", "たかはし", "橋文"]),
        ("Café 青空", ["cafe", "CAFÉ", "ｃａｆｅ", "靑空", "カフェ"]),
    ] {
        for q in spellings {
            assert_eq!(found(app, "organizations", q), [name], "{q}");
        }
    }
    assert_eq!(found(app, "organizations", "やすみは"), [] as [&str; 0]);
    let worker = json!({"alias": "渡邊さん", "personal": {"name": "渡邊 櫻", "kana": "ワタナベ サクラ"}});
    app.post("/v1/workers", &worker).expect(201);
    for q in ["渡辺", "渡邉", "わたなべ", "さくら", "桜"] {
        assert_eq!(found(app, "workers", q), ["渡邊さん"], "{q}");
    }
    let organization = app.organization("ねこの会");
    app.deliverable(
        &organization,
        json!({"title": "サロンのチラシ", "trouble": "假名"}),
    );
    for q in ["ちらし", "さろん", "仮名"] {
        assert_eq!(found(app, "deliverables", q), ["サロンのチラシ"], "{q}");
    }
}

fn names_of_places_and_old_kana_are_found_in_every_spelling(app: &TestApp) {
    for (name, spellings) in [
        (
            "霞ヶ関の会",
            &["霞ヶ関", "霞ケ関", "霞が関", "霞ｹ関", "霞ヶ", "霞ケ"][..],
        ),
        ("自由が丘ひろば", &["自由が丘", "自由ヶ丘", "自由ケ丘", "自由が"]),
        ("㈱龍ケ崎ケア", &["竜ヶ崎", "株式会社龍が崎", "(株)竜ケ崎ケア"]),
        ("在宅ケアの輪", &["在宅ケ", "在宅けあ"]),
        ("ヱビス食堂", &["えびす", "エビス", "ヱビス"]),
        ("ゐどばた會議", &["いどばた会議", "ゐどばた"]),
        ("Straße Søren", &["strasse", "STRASSE", "soren", "søren"]),
    ] {
        app.organization(name);
        for q in spellings {
            assert_eq!(found(app, "organizations", q), [name], "{q}");
        }
    }
    let post = json!({"title": "霞ヶ関だより", "body": "本文", "status": "published"});
    app.post("/v1/posts", &post).expect(201);
    for q in ["霞が関", "霞ケ関だより"] {
        assert_eq!(found(app, "posts", q), ["霞ヶ関だより"], "{q}");
    }
}

/// What a ranking calls somebody is what a coordinator looks for next.
fn the_letters_of_a_ranking_find_whose_they_are(app: &TestApp) {
    let flyer = app.deliverable(&app.organization("風"), json!({}));
    for alias in ["風の絵師", "GCFN-D9X2", "1234-5678"] {
        app.worker(json!({"alias": alias}));
    }
    let ranking = app.get(&format!("/v1/deliverables/{flyer}/matches")).expect(200);
    let ranking = ranking.json();
    let items = ranking["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    for item in items {
        let name = item["worker"]["name"].as_str().unwrap();
        let letters = name.rsplit(' ').next().unwrap();
        let alias = item["worker"]["alias"].as_str().unwrap();
        for q in [name, letters, &letters.to_lowercase()] {
            assert_eq!(found(app, "workers", q), [alias], "{q}");
        }
        // A part of them is no name.
        for part in [&letters[..4], &letters[..1]] {
            assert!(
                !found(app, "workers", part).contains(&"風の絵師".to_owned()),
                "{part}"
            );
        }
    }
    // Who is called so is found, too.
    assert_eq!(found(app, "workers", "gcfn-d9x2"), ["GCFN-D9X2"]);
}

fn signs_find_those_signs_and_nothing_else(app: &TestApp) {
    for name in [
        "きらきら☆ひろば",
        "A*B_100%",
        "ねこ・いぬ",
        "ふつうの会",
        "バック\\スラッシュ",
        "引用\"符'号",
        "なみ〜線‐会",
    ] {
        app.organization(name);
    }
    for (q, names) in [
        ("☆", vec!["きらきら☆ひろば"]),
        ("*", vec!["A*B_100%"]),
        ("＊", vec!["A*B_100%"]),
        ("_", vec!["A*B_100%"]),
        ("%", vec!["A*B_100%"]),
        ("%_*", vec!["A*B_100%"]),
        ("・", vec!["ねこ・いぬ"]),
        ("\\", vec!["バック\\スラッシュ"]),
        ("\"", vec!["引用\"符'号"]),
        ("'", vec!["引用\"符'号"]),
        ("~", vec!["なみ〜線‐会"]),
        ("〜", vec!["なみ〜線‐会"]),
        ("-", vec!["なみ〜線‐会"]),
        ("☆ *", vec![]),
        ("★", vec![]),
        ("!?", vec![]),
        // Among letters, signs don't count.
        ("ねこ☆いぬ", vec!["ねこ・いぬ"]),
        ("ひろば ☆", vec!["きらきら☆ひろば"]),
    ] {
        assert_eq!(found(app, "organizations", q), names, "{q}");
    }
    app.deliverable(&app.organization("会"), json!({"title": "チラシ☆"}));
    assert_eq!(found(app, "deliverables", "☆"), ["チラシ☆"]);
    assert_eq!(found(app, "deliverables", "%"), [] as [&str; 0]);
    app.worker(json!({"alias": "☆の人"}));
    assert_eq!(found(app, "workers", "☆"), ["☆の人"]);
    assert_eq!(found(app, "workers", "*"), [] as [&str; 0]);
}

fn abbreviated_legal_forms_and_full_ones_find_each_other(app: &TestApp) {
    for (name, queries) in [
        (
            "株式会社あか",
            &["㈱あか", "(株)あか", "（株）あか", "株式会社あか", "㈱ あか"][..],
        ),
        ("㈱あお", &["株式会社あお", "(株)あお", "会社あお"]),
        ("（有）きん", &["有限会社きん", "㈲きん"]),
        (
            "NPO法人みどり",
            &[
                "特定非営利活動法人みどり",
                "ＮＰＯ法人みどり",
                "(特非)みどり",
                "NPO法",
            ],
        ),
        ("特定非営利活動法人むらさき", &["NPO法人むらさき", "特非むらさき"]),
        (
            "（福）きいろ",
            &["社会福祉法人きいろ", "社福きいろ", "（社福）きいろ"],
        ),
        (
            "一般社団法人しろ",
            &["(一社)しろ", "一般社団しろ", "一般社団法人しろ"],
        ),
        ("(公財)くろ", &["公益財団法人くろ", "公益財団くろ", "公益財団法"]),
    ] {
        let organization = app.organization(name);
        let title = format!("{name}のチラシ");
        app.deliverable(&organization, json!({"title": "唯一", "trouble": title}));
        for q in queries {
            assert_eq!(found(app, "organizations", q), [name], "{q}");
            assert_eq!(found(app, "deliverables", q), ["唯一"], "{q}");
        }
    }
    let post = json!({"title": "㈱あか便り", "body": "本文", "status": "published"});
    app.post("/v1/posts", &post).expect(201);
    for q in ["株式会社あか", "㈱あか便り", "（株）あか"] {
        assert_eq!(found(app, "posts", q), ["㈱あか便り"], "{q}");
    }
    assert_eq!(found(app, "posts", "有限会社あか"), [] as [&str; 0]);
}

fn words_with_signs_are_found_by_themselves(app: &TestApp) {
    let organization = app.organization("会");
    let titles = [
        "C++の講座",
        "Cの講座",
        "C#入門",
        ".NETの研修",
        "internetの会",
        "Node.jsの会",
        "足し算a+b",
    ];
    for title in titles {
        app.deliverable(&organization, json!({"title": title}));
        app.worker(json!({"alias": title}));
        let post = json!({"title": title, "body": "本文", "status": "published"});
        app.post("/v1/posts", &post).expect(201);
    }
    for (q, names) in [
        ("C++", vec!["C++の講座"]),
        ("ｃ＋＋", vec!["C++の講座"]),
        ("C++ 講座", vec!["C++の講座"]),
        ("C++の講座", vec!["C++の講座"]),
        ("C#", vec!["C#入門"]),
        (".NET", vec![".NETの研修"]),
        ("Node.js", vec!["Node.jsの会"]),
        ("nodejs", vec!["Node.jsの会"]),
        ("A+B", vec!["足し算a+b"]),
        ("F#", vec![]),
        ("C+", vec![]),
    ] {
        for list in ["deliverables", "workers", "posts"] {
            assert_eq!(found(app, list, q), names, "{list} {q}");
        }
    }
}

fn deliverables_are_found_by_the_names_of_their_organizations(app: &TestApp) {
    let lead =
        json!({"name": "風のやすみば", "kana": "かぜのやすみば", "aliases": ["ブリーズ"], "area": "131041"});
    let lead = app.post("/v1/organizations", &lead).expect(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let joint = app.organization("ねこの会");
    app.deliverable(
        &lead,
        json!({"title": "会員募集", "joint_organization_ids": [joint]}),
    );
    app.deliverable(&app.organization("別の会"), json!({"title": "調査"}));
    for q in [
        "やすみば",
        "カゼノ",
        "ぶりーず",
        "ねこの会",
        "会員 やすみば",
        "風の",
    ] {
        assert_eq!(found(app, "deliverables", q), ["会員募集"], "{q}");
    }
    assert_eq!(found(app, "deliverables", "調査 やすみば"), [] as [&str; 0]);
}

fn a_name_that_a_caller_may_not_see_finds_nothing(app: &TestApp) {
    // 新宿区's coordinator sees the request, but not the organization in 文京区.
    let organization = json!({"name": "風のやすみば", "area": "131059"});
    let organization = app.post("/v1/organizations", &organization).expect(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    app.deliverable(&organization, json!({"title": "会員募集", "area": "131041"}));
    let listed = |q: &str| {
        let page = app
            .get_as(UserRole::Coordinator, &format!("/v1/deliverables?q={q}"))
            .expect(200)
            .json();
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(listed("%E4%BC%9A%E5%93%A1"), 1);
    assert_eq!(listed("%E9%A2%A8%E3%81%AE"), 0);
}

fn filters_take_several_statuses(app: &TestApp) {
    let organization = app.organization("会");
    for (title, status) in [("一", "open"), ("二", "draft"), ("三", "open")] {
        app.deliverable(&organization, json!({"title": title, "status": status}));
    }
    let titles = |statuses: &str| {
        let page = app
            .get(&format!("/v1/deliverables?status={statuses}"))
            .expect(200)
            .json();
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(
        [
            titles("open"),
            titles("draft"),
            titles("open,draft"),
            titles("draft,%20open")
        ],
        [2, 1, 3, 3]
    );
    let wrong = app
        .get("/v1/deliverables?status=open,nonsense")
        .expect(400)
        .json();
    assert_eq!(wrong["errors"][0]["code"], "unknown_value");
    for path in [
        "workers?status=active,paused",
        "organizations?status=active",
        "applications?status=submitted,agreed",
    ] {
        app.get(&format!("/v1/{path}")).expect(200);
    }
    let export = json!({"kind": "deliverables", "format": "csv", "filter": {"status": "open,draft"}});
    assert_eq!(
        app.post("/v1/exports", &export).expect(200).text.lines().count(),
        4
    );
}

fn an_index_of_an_earlier_release_is_made_again(app: &TestApp) {
    use diesel::prelude::*;
    app.organization("ヤスミバ");
    app.state
        .pool
        .write_blocking(|db| {
            diesel::update(organizations::table)
                .set(organizations::grams.eq("ヤス スミ ミバ バ"))
                .execute(db)?;
            diesel::delete(followers::table.filter(followers::name.eq("grams"))).execute(db)?;
            Ok(())
        })
        .unwrap();
    assert_eq!(found(app, "organizations", "やすみば"), [] as [&str; 0]);
    app.another();
    assert_eq!(found(app, "organizations", "やすみば"), ["ヤスミバ"]);
}

fn names_of_an_earlier_release_are_compared_as_those_of_this_one(app: &TestApp) {
    use diesel::prelude::*;
    use musubi::db::schema::organization_names::dsl;
    app.organization("㈱ほし");
    let keys = |app: &TestApp| -> Vec<String> {
        app.state
            .pool
            .read_blocking(|db| Ok(dsl::organization_names.select(dsl::name_key).load(db)?))
            .unwrap()
    };
    assert_eq!(keys(app), ["ほし"]);
    app.state
        .pool
        .write_blocking(|db| {
            diesel::update(dsl::organization_names)
                .set(dsl::name_key.eq("株ほし"))
                .execute(db)?;
            diesel::delete(followers::table.filter(followers::name.eq("grams"))).execute(db)?;
            Ok(())
        })
        .unwrap();
    assert_eq!(keys(app), ["株ほし"]);
    app.another();
    assert_eq!(keys(app), ["ほし"]);
}

fn what_an_earlier_release_left_out_of_published_records_is_found(app: &TestApp) {
    use diesel::prelude::*;
    let event = json!({"kind": "seminar", "title": "催し①", "areas": ["131041"], "status": "published",
        "times": [{"starts_at": "2199-10-08T13:30:00+09:00"}],
        "breakouts": [{"title": "翌日の相談", "starts_at": "2199-10-09T10:00:00+09:00"}]});
    app.post("/v1/events", &event).expect(201);
    let post = json!({"title": "便り②", "body": "本文", "status": "published"});
    app.post("/v1/posts", &post).expect(201);
    app.state
        .pool
        .write_blocking(|db| {
            let first = events::first_day.eq(events::first_day + 5);
            diesel::update(events::table)
                .set((events::grams.eq("催し"), first))
                .execute(db)?;
            diesel::update(press_items::table)
                .set(press_items::grams.eq("便り"))
                .execute(db)?;
            diesel::delete(followers::table.filter(followers::name.eq("published"))).execute(db)?;
            Ok(())
        })
        .unwrap();
    let lists = [
        "listings?q=%E2%91%A0",
        "posts?q=%E2%91%A1",
        "listings?to=2199-10-08",
    ];
    let counts = || {
        lists.map(|list| {
            let page = app.get(&format!("/v1/{list}")).expect(200).json();
            page["items"].as_array().unwrap().len()
        })
    };
    assert_eq!(counts(), [0, 0, 0]);
    app.another();
    assert_eq!(counts(), [1, 1, 1]);
}
